"""The file of levels that change with the season: spans without gaps, equal periods once, text as text."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.report.phases_upload import phase_rows, write_phases_upload, write_run_phases

STARTS = pd.date_range("2026-01-01", periods=4, freq="MS")


def phases_of(item, levels, *, policy="order_up_to", phased=True):
    ends = STARTS[1:].append(pd.DatetimeIndex(["2026-05-01"])) - pd.Timedelta(days=1)
    table = pd.DataFrame({"item_id": item, "location_id": "007", "valid_from": STARTS, "valid_to": ends})
    table["order_up_to"] = np.array(levels, dtype=float)
    return table.assign(
        policy=policy, reorder_point=table["order_up_to"] - 1.0, order_quantity=1.0, safety_stock=2.0,
        review_days=7.0, demand_year=100.0, level_move=0.0, is_phased=phased, reason="",
    )  # fmt: skip


PHASES = pd.concat(
    [phases_of("00123", [5, 5, 9, 5]), phases_of("B", [7, 7, 7, 7], phased=False), phases_of("C", [1, 2, 3, 4])],
    ignore_index=True,
)


def test_periods_with_the_same_levels_are_one_span_and_what_is_not_phased_is_left_out():
    rows = phase_rows(PHASES)
    own = rows[rows["item"] == "00123"]
    assert own[["valid_from", "valid_to", "max"]].to_numpy().tolist() == [
        ["2026-01-01", "2026-02-28", 5.0], ["2026-03-01", "2026-03-31", 9.0], ["2026-04-01", "2026-04-30", 5.0],
    ]  # fmt: skip
    assert rows["item"].unique().tolist() == ["00123", "C"]
    assert len(rows[rows["item"] == "C"]) == 4


def test_one_item_does_not_run_into_the_next():
    both = pd.concat([phases_of("A", [5, 9, 9, 6]), phases_of("B", [6, 6, 6, 9])], ignore_index=True)
    rows = phase_rows(both)
    assert rows[["item", "max"]].to_numpy().tolist() == [["A", 5.0], ["A", 9.0], ["A", 6.0], ["B", 6.0], ["B", 9.0]]


def test_the_file_is_the_same_for_rows_in_any_order(tmp_path):
    one = write_phases_upload(PHASES, tmp_path / "new").read_bytes()
    other = write_phases_upload(PHASES.sample(frac=1, random_state=5), tmp_path).read_bytes()
    assert one == other
    read = list(csv.DictReader(io.StringIO(one.decode())))
    assert list(read[0]) == [
        "item", "location", "policy", "min", "max", "reorder_point", "safety_stock", "lot", "review_days",
        "valid_from", "valid_to",
    ]  # fmt: skip
    assert read[0]["item"] == "00123"
    assert read[-1]["max"] == "4"


def test_a_run_has_the_file_where_something_is_phased(tmp_path):
    (tmp_path / "tables").mkdir()
    write_run_phases(tmp_path)
    for phases, there in ((PHASES.assign(is_phased=False), False), (PHASES, True)):
        phases.to_parquet(tmp_path / "tables" / "policy_phases.parquet")
        write_run_phases(tmp_path)
        assert (tmp_path / "policy_phases_upload.csv").is_file() == there


def test_what_comes_twice_or_is_infinite_is_refused(tmp_path):
    with pytest.raises(DataError, match="repeat"):
        write_phases_upload(pd.concat([PHASES, PHASES]), tmp_path)
    with pytest.raises(DataError, match="infinite"):
        write_phases_upload(PHASES.assign(order_up_to=np.inf), tmp_path)


def test_places_that_supply_others_or_lack_levels_in_a_period_are_not_uploaded(tmp_path):
    gap = phases_of("C", [1, np.nan, 3, 4])
    rows = phase_rows(pd.concat([phases_of("A", [5, 9, 9, 6]), gap], ignore_index=True))
    assert rows["item"].unique().tolist() == ["A"]
    (tmp_path / "tables").mkdir()
    PHASES.assign(supplies_others=True).to_parquet(tmp_path / "tables" / "policy_phases.parquet")
    write_run_phases(tmp_path)
    assert not (tmp_path / "policy_phases_upload.csv").exists()
    assert phase_rows(PHASES.assign(supplies_others=PHASES["item_id"].eq("C")))["item"].unique().tolist() == ["00123"]


def test_nothing_phased_gives_the_columns_alone():
    rows = phase_rows(empty_table("policy_phases"))
    assert rows.empty
    assert list(rows)[-2:] == ["valid_from", "valid_to"]
