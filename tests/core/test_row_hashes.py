"""Rows told apart by hashes: never where two are the same, whatever they are made of."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from segkit.core.row_hashes import surely_differ
from segkit.core.tables import repeated_rows

COUNT = 100_000


def long_table():
    return pd.DataFrame(
        {"order_id": [f"O{n // 4}" for n in range(COUNT)], "line_id": [f"{n % 4}" for n in range(COUNT)]}
    )


def test_a_long_table_without_repeats_is_known_to_have_none():
    assert surely_differ(long_table(), ["order_id", "line_id"])
    assert not surely_differ(long_table(), ["order_id"])


@pytest.mark.parametrize(("first", "second"), [(0, COUNT - 1), (17, 4_711)])
def test_one_repeat_is_found_among_many(first, second):
    table = long_table()
    table.loc[second] = table.loc[first]
    assert not surely_differ(table, ["order_id", "line_id"])
    assert np.flatnonzero(repeated_rows(table, ["order_id", "line_id"])).tolist() == [second]


def test_texts_that_read_alike_together_differ():
    """A key is its columns, not their letters in a row; a missing cell is not an empty one."""
    table = long_table()
    table.loc[0], table.loc[1] = ["O-1", "12"], ["O-11", "2"]
    table.loc[2], table.loc[3] = ["X", ""], ["X", None]
    assert surely_differ(table, ["order_id", "line_id"])


def test_slices_and_columns_of_other_kinds_are_told_rightly():
    table = pd.concat([long_table().head(5), long_table()], ignore_index=True)
    assert surely_differ(table.iloc[5:], ["order_id", "line_id"])
    assert not surely_differ(table, ["order_id", "line_id"])
    assert not surely_differ(table.iloc[5:].assign(order_id=range(COUNT)), ["order_id"])


def test_letters_under_a_missing_cell_are_no_text():
    """Arrow allows any letters where a cell is missing: two missing cells are the same all the same."""
    rows = COUNT + 1
    begin = np.arange(rows + 1, dtype=np.int64) * 6
    letters = "".join(f"{n:06}" for n in range(rows)).encode()
    filled = np.packbits(np.arange(rows) >= 2, bitorder="little")
    cells = pa.LargeStringArray.from_buffers(rows, *(pa.py_buffer(part) for part in (begin, letters, filled)))
    table = pd.DataFrame({"order_id": pd.array(cells, dtype="str")})
    assert table["order_id"].isna().sum() == 2
    assert not surely_differ(table, ["order_id"])
    assert surely_differ(table.iloc[1:], ["order_id"])
