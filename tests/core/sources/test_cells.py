"""Cells of every kind: what is read, what is blank, and what is marked as unreadable."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.sources.cells import Reading, clean_text, read_cells

POINT, COMMA = Reading(), Reading(decimal=",", thousands=".")


def _read(cells, kind, reading=POINT):
    read = read_cells(cells if isinstance(cells, pd.Series) else pd.Series(cells), kind, reading)
    return [None if pd.isna(value) else value for value in read.values], read.unreadable.tolist()


@pytest.mark.parametrize(
    ("cell", "reading", "number"),
    [
        (" 2.5 ", POINT, 2.5),
        ("+3", POINT, 3.0),
        ("-1e3", POINT, -1000.0),
        (".5", POINT, 0.5),
        ("1.234,5", COMMA, 1234.5),
        ("-1.000", COMMA, -1000.0),
        ("1 234,5", Reading(",", " "), 1234.5),
        ("1\u00a0234", Reading(",", " "), 1234.0),
        ("1'234.5", Reading(".", "'"), 1234.5),
        ("1,234", Reading(".", ","), 1234.0),
    ],
)
def test_numbers(cell, reading, number):
    assert _read([cell, None], "number", reading) == ([number, None], [False, False])


@pytest.mark.parametrize(
    "cell", ["1e308", "inf", "-Infinity", "1,2", "1_0", "0x1A", "12 EUR", "€5", "5%", "1 2", "--1", "1e16"]
)
def test_numbers_that_are_none(cell):
    assert _read([cell, "1"], "number") == ([None, 1.0], [True, False])


@pytest.mark.parametrize("cell", ["12.34", "1,234.5", "1.23.456", "1.2345"])
def test_marks_are_not_guessed(cell):
    assert _read([cell], "number", COMMA) == ([None], [True])


@pytest.mark.parametrize("word", ["", "  ", "NaN", "NULL"])
@pytest.mark.parametrize("kind", ["id", "number", "date", "flag", "text"])
def test_words_for_missing(word, kind):
    assert _read(pd.Series([word], dtype="str"), kind, Reading(missing=("NaN", "NULL"))) == ([None], [False])


def test_mixed_cells_as_in_spreadsheets():
    cells = [1, 2.5, "3,5", None, True, datetime(2025, 1, 2), Decimal("1.5")]
    assert _read(cells, "number", COMMA) == ([1.0, 2.5, 3.5, None, None, None, 1.5], [False] * 4 + [True, True, False])


@pytest.mark.parametrize(
    ("cells", "ids"),
    [
        ([17850.0, np.nan], ["17850", None]),
        ([1e15, 0.5], ["1000000000000000", "0.5"]),
        ([123456789012345678, 1], ["123456789012345678", "1"]),
        (pd.Series(["00123 ", " a"], dtype="str"), ["00123", "a"]),
        ([Decimal("17850"), "x"], ["17850", "x"]),
        ([datetime(2025, 1, 2), date(2025, 1, 3)], ["2025-01-02", "2025-01-03"]),
    ],
)
def test_ids_are_written_as_people_write_them(cells, ids):
    assert _read(cells, "id")[0] == ids


@pytest.mark.parametrize(
    "cell", ["2025-01-05", "2025-01-05 23:59", "2025-01-05T23:30:00+02:00", "20250105", "2025-01-05T10:00:00Z"]
)
def test_iso_dates_lose_the_time_and_keep_the_day_of_their_zone(cell):
    assert _read(pd.Series([cell], dtype="str"), "date") == ([pd.Timestamp("2025-01-05")], [False])


@pytest.mark.parametrize("cell", ["05.01.2025", "2025-02-30", "1820-01-01", "2101-01-01", "45000", "soon", "2025"])
def test_dates_that_are_none(cell):
    assert _read(pd.Series([cell], dtype="str"), "date") == ([None], [True])


def test_dates_by_format_and_by_type():
    form = Reading(date_format="%d.%m.%Y")
    assert _read(["05.01.2025", "2025-01-05"], "date", form) == ([pd.Timestamp("2025-01-05"), None], [False, True])
    assert _read([20250105], "date") == ([pd.Timestamp("2025-01-05")], [False])
    aware = pd.Series(pd.to_datetime(["2025-01-05 23:00+02:00"]))
    assert _read(aware, "date") == ([pd.Timestamp("2025-01-05")], [False])
    mixed = [date(2025, 1, 5), datetime(2025, 1, 5, 3, tzinfo=UTC), "2025-01-05", 45000.0]
    assert _read(mixed, "date")[1] == [False, False, False, True]
    zoned = Reading(date_format="%d.%m.%Y %H:%M %z")
    assert _read(["05.01.2025 23:00 +0200"], "date", zoned) == ([pd.Timestamp("2025-01-05")], [False])


def test_flags_and_whole_numbers():
    assert _read(["true", "No", "1", "maybe", None], "flag") == (
        [True, False, True, None, None],
        [False] * 3 + [True, False],
    )
    assert _read([1.0, 0.0, 2.0], "flag") == ([True, False, None], [False, False, True])
    assert _read(["3", "2.5"], "whole") == ([3, None], [False, True])


@pytest.mark.parametrize("kind", ["id", "number", "date", "flag", "whole", "text"])
def test_categories_read_as_their_cells_do(kind):
    cells = pd.Series(["1", "2025-01-05", "1 ", None, "x", "NaN"], dtype="str")
    reading = Reading(missing=("NaN",))
    plain, category = read_cells(cells, kind, reading), read_cells(cells.astype("category"), kind, reading)
    assert category.unreadable.tolist() == plain.unreadable.tolist()
    pd.testing.assert_series_equal(category.values.astype(plain.values.dtype), plain.values)


@pytest.mark.parametrize("kind", ["id", "number", "date", "flag", "whole", "text", "money", "share"])
@pytest.mark.parametrize("dtype", ["str", "object", "float64", "category"])
def test_no_cells(kind, dtype):
    read = read_cells(pd.Series([], dtype=dtype), kind, POINT)
    assert len(read.values) == len(read.unreadable) == 0


@given(st.lists(st.floats(-1e15, 1e15) | st.none(), min_size=1))
def test_written_numbers_read_back_exactly(numbers):
    cells = pd.Series([None if number is None else repr(number) for number in numbers], dtype="str")
    read = read_cells(cells, "number", POINT)
    assert not read.unreadable.any()
    assert read.values.equals(pd.Series(numbers, dtype="float64"))


@given(
    st.lists(st.text(max_size=6) | st.integers() | st.floats() | st.booleans() | st.none() | st.dates()),
    st.sampled_from(["id", "number", "date", "flag", "whole"]),
)
def test_any_cell_is_a_value_or_blank_or_marked(cells, kind):
    raw = pd.Series(cells, dtype=object)
    read = read_cells(raw, kind, POINT)
    blank = clean_text(raw).isna().to_numpy()
    assert (read.values.notna().to_numpy() | read.unreadable | blank).all()
    assert not (read.unreadable & blank).any()
    assert not (read.unreadable & read.values.notna().to_numpy()).any()
