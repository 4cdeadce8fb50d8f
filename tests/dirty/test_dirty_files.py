"""Every dirty file has its message, or its place in the data-quality table."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from segkit.core.errors import SegkitError
from segkit.core.inputs import read_inputs
from segkit.core.settings import Source, check_settings
from segkit.core.sources.mapping import read_table

FOLDER = Path(__file__).parent
CASES = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))["case"]


def _name(case):
    return f"{case['file']}-{'-'.join(case.get('source', {}))}"


def _read(case):
    source = {"file": case["file"], **case.get("source", {})}
    if case.get("table", "orders") == "items":
        return read_table("items", Source.model_validate(source), FOLDER)
    return read_inputs(check_settings({"sources": {"orders": source}}, "dirty"), FOLDER, date(2025, 1, 31))


@pytest.mark.parametrize("case", [case for case in CASES if "error" in case], ids=_name)
def test_message_says_what_where_and_how_to_mend(case):
    with pytest.raises(SegkitError) as caught:
        _read(case)
    message = str(caught.value)
    assert [part for part in case["error"] if part not in message] == [], message
    assert caught.value.exit_code == 2
    assert "Traceback" not in message
    assert not re.search(r"0x[0-9a-f]{6,}|<class", message)


@pytest.mark.parametrize("case", [case for case in CASES if "rows" in case and "table" not in case], ids=_name)
def test_every_row_has_its_place_in_the_data_quality_table(case):
    quality = _read(case).data_quality
    count = quality.set_index(["action", "reason"])["rows"]
    assert count["in"].item() == case["rows"]
    aside = count.get("set_aside")
    assert (aside.to_dict() if aside is not None else {}) == case.get("set_aside", {})
    assert count["used"].item() + sum(case.get("set_aside", {}).values()) == case["rows"]
    for reason in case.get("noted", []):
        assert ("noted", reason) in count.index
    if "value" in case:
        assert quality.loc[quality["action"] == "in", "value"].item() == pytest.approx(case["value"])


@pytest.mark.parametrize("case", [case for case in CASES if "cells" in case], ids=_name)
def test_odd_text_arrives_unchanged(case):
    table = _read(case)
    assert len(table.frame) == case["rows"]
    assert (table.reason == "").all()
    for column, cells in case["cells"].items():
        assert table.frame[column].tolist() == cells


def test_every_file_of_the_folder_is_expected():
    files = {path.name for path in FOLDER.iterdir() if path.suffix in (".csv", ".gz", ".parquet", ".xlsx")}
    assert files == {case["file"] for case in CASES}
