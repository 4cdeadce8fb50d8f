import json

import pytest
from fake_parts import notebook

from segkit.core.errors import RunError, SettingsError
from segkit.report.runner.pack import prerequisites, read_pack, select_notebooks


def pack_of(company, **facts):
    for name, (needs, writes) in facts.items():
        company.add(name.strip("_"), needs=needs, writes=writes)
    return read_pack(company.notebooks)


def test_order_comes_from_needs_and_writes(company):
    pack = pack_of(company, _2_c=(["a", "b"], ["c"]), _0_a=([], ["a"]), _1_b=(["a"], ["b"]), _3_d=([], []))
    assert prerequisites(pack) == {"0_a": set(), "1_b": {"0_a"}, "2_c": {"0_a", "1_b"}, "3_d": set()}


def test_tables_written_twice_or_by_none_are_listed_at_once(company):
    pack = pack_of(company, _0_a=([], ["a", "z"]), _1_b=(["q"], ["a"]))
    with pytest.raises(RunError, match="in 2 ways\n  a is written by 0_a and 1_b\n  1_b needs q, which no notebook"):
        prerequisites(pack)


def test_circle_is_refused_and_named(company):
    pack = pack_of(company, _0_a=(["b"], ["a"]), _1_b=(["a"], ["b"]))
    with pytest.raises(RunError, match=r"wait for each other: 0_a needs 1_b needs 0_a|1_b needs 0_a needs 1_b"):
        prerequisites(pack)


def test_notebook_that_needs_its_own_table_is_refused(company):
    with pytest.raises(RunError, match="wait for each other: 0_a needs 0_a"):
        prerequisites(pack_of(company, _0_a=(["a"], ["a"])))


def test_only_numbered_notebooks_belong_to_a_run(company):
    pack = pack_of(company, _0_a=([], ["a"]), explore=([], []))
    assert [one.name for one in pack] == ["0_a"]


def test_unknown_number_is_a_settings_error(company):
    pack = pack_of(company, _0_a=([], ["a"]), _1_b=([], ["b"]))
    assert [one.name for one in select_notebooks(pack, ["1"])] == ["1_b"]
    with pytest.raises(SettingsError, match="--only 7: no such notebook; there are 0, 1"):
        select_notebooks(pack, ["1", "7"])


def test_broken_notebooks_are_listed_at_once(company):
    (company.notebooks / "0_a.ipynb").write_text("{")
    (company.notebooks / "1_b.ipynb").write_text(json.dumps({"metadata": {}, "cells": []}))
    nameless = notebook("pass")
    del nameless["cells"][0]["id"]
    (company.notebooks / "2_c.ipynb").write_text(json.dumps(nameless))
    with pytest.raises(
        RunError, match=r"(?s)in 3 ways.*0_a.*1_b.ipynb: its metadata lacks.*2_c.ipynb: cells without id"
    ):
        read_pack(company.notebooks)


def test_empty_folder_is_refused(company):
    with pytest.raises(RunError, match="no notebooks in"):
        read_pack(company.notebooks)
