"""What a table was made from: kept while it holds, forgotten when a leaf changes."""

import pandas as pd
import pytest

from segkit.core.lineage import Lineage, fingerprint, write_table

FRAME = pd.DataFrame(
    {"item_id": ["SKU-0001"], "rank": pd.array([1], "Int64"), "period": pd.to_datetime(["2025-01-01"])}
)


def make(lineage, name, *leaves, inner=()):
    with lineage.making() as read:
        for leaf in leaves:
            lineage.read(leaf, f"{leaf}!")
        for other in inner:
            make(lineage, *other)
    return lineage.keep(name, FRAME, read)


def same(leaf):
    return f"{leaf}!"


def test_leaves_of_inner_tables_are_leaves_of_the_outer():
    lineage = Lineage()
    made = make(lineage, "value", "settings.segments", inner=[("lines", "input.orders")])
    assert set(made.leaves) == {"settings.segments", "input.orders"}


def test_a_kept_table_passes_its_leaves_on_when_it_is_found():
    lineage = Lineage()
    make(lineage, "lines", "input.orders")
    with lineage.making() as read:
        assert lineage.find("lines", same, None) is not None
    assert set(read) == {"input.orders"}


def test_any_changed_leaf_makes_a_table_unfit():
    lineage = Lineage()
    make(lineage, "lines", "input.orders", "as_of")
    assert lineage.find("lines", same, None).frame is FRAME
    assert lineage.find("lines", lambda leaf: "other" if leaf == "as_of" else same(leaf), None) is None
    assert lineage.find("demand", same, None) is None


def test_a_table_that_could_not_be_made_leaves_no_trace():
    lineage = Lineage()
    with pytest.raises(ZeroDivisionError), lineage.making():
        raise ZeroDivisionError
    lineage.read("input.orders", "!")
    assert lineage.reading == []


def test_a_written_table_comes_back_with_its_leaves(tmp_path):
    path = tmp_path / "tables" / "lines.parquet"
    write_table(FRAME, path, {"input.orders": "input.orders!"})
    found = Lineage().find("lines", same, tmp_path)
    pd.testing.assert_frame_equal(found.frame, FRAME)
    assert Lineage().find("lines", lambda leaf: "other", tmp_path) is None  # noqa: ARG005
    assert [file.name for file in path.parent.iterdir()] == ["lines.parquet"]


def test_writing_twice_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_table(FRAME, tmp_path / f"{name}.parquet", {"y": "2", "x": "1"} if name == "a" else {"x": "1", "y": "2"})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_fingerprint_tells_values_apart_and_not_their_order():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert len({fingerprint(value) for value in (1, "1", 1.5, None, [1], {"a": 1})}) == 6
