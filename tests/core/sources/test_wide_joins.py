"""Period columns to rows, and columns from a second file."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.errors import DataError, SettingsError
from segkit.core.source_settings import Join, Source, Wide
from segkit.core.sources.cells import Reading
from segkit.core.sources.joins import join_columns
from segkit.core.sources.mapping import map_table
from segkit.core.sources.wide import turn_wide

WEEKS = Wide(match=r"w(?P<number>\d+)", start=date(2024, 1, 1), step_days=7)


def test_numbered_columns_count_from_one_whatever_stands_first():
    raw = pd.DataFrame({"sku": ["SKU-0042"], "w3": [5], "w10": [7]})
    long = turn_wide(raw, WEEKS, Reading(), "w")
    assert long["period"].tolist() == [pd.Timestamp("2024-01-15"), pd.Timestamp("2024-03-04")]
    assert long["quantity"].tolist() == [5, 7]


def test_dates_in_names_and_text_cells():
    raw = pd.DataFrame({"sku": ["b", "a"], "JAN96": ["1,5", None], "FEB96": ["2", "3"]}, dtype="str")
    wide = Wide(match=r"[A-Z]{3}\d\d", period_from="%b%y")
    long = turn_wide(raw, wide, Reading(decimal=","), "w")
    assert long["sku"].tolist() == ["b", "b", "a", "a"]
    assert long["period"].tolist() == [pd.Timestamp("1996-01-01"), pd.Timestamp("1996-02-01")] * 2
    np.testing.assert_array_equal(long["quantity"], [1.5, 2.0, np.nan, 3.0])


@given(st.integers(1, 5), st.integers(1, 6), st.randoms(use_true_random=False))
def test_wide_is_a_slow_melt(rows, weeks, random):
    raw = pd.DataFrame({f"w{week}": [random.randint(0, 9) for _ in range(rows)] for week in range(1, weeks + 1)})
    raw.insert(0, "sku", [f"SKU-{row:04d}" for row in range(rows)])
    long = turn_wide(raw, WEEKS, Reading(), "w")
    slow = [
        (raw["sku"][row], pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=week - 1), raw[f"w{week}"][row])
        for row in range(rows)
        for week in range(1, weeks + 1)
    ]
    assert list(long.astype({"sku": "str"}).itertuples(index=False, name=None)) == slow


def test_blank_cells_are_set_aside_or_zero():
    raw = pd.DataFrame({"item_id": ["SKU-0042"], "w1": [None], "w2": [4.0]})
    aside = map_table("sales", raw, Source(file="x.csv", wide=WEEKS))
    assert aside.reason.tolist() == ["blank cell of a wide source", ""]
    zero = map_table("sales", raw, Source(file="x.csv", wide=WEEKS.model_copy(update={"blank": "zero"})))
    assert zero.frame["quantity"].tolist() == [0.0, 4.0]
    assert (zero.reason == "").all()


def test_unreadable_cell_is_named_by_its_item_and_day():
    raw = pd.DataFrame({"item_id": ["SKU-0042", "SKU-0007"], "w1": ["1", "2"], "w2": ["few", "3"]}, dtype="str")
    with pytest.raises(
        DataError, match=r"quantity is unreadable in 1 row, first: item_id='SKU-0042', period=2024-01-08 'few'"
    ):
        map_table("sales", raw, Source(file="x.csv", wide=WEEKS))
    marked = map_table("sales", raw, Source(file="x.csv", wide=WEEKS, unreadable="set_aside"))
    assert marked.reason.tolist() == ["", "quantity unreadable", "", ""]


def test_wide_settings_that_do_not_fit():
    raw = pd.DataFrame({"sku": ["a"], "week_1": [1], "JAN96": [2], "jan96": [3]})
    with pytest.raises(SettingsError, match=r"w.match = .*: no column is named so"):
        turn_wide(raw, WEEKS, Reading(), "w")
    with pytest.raises(SettingsError, match="column 'week_1' is no date in that format"):
        turn_wide(raw, Wide(match="week_1|JAN96", period_from="%b%y"), Reading(), "w")
    with pytest.raises(DataError, match="columns mean the same day as an earlier one: jan96"):
        turn_wide(raw, Wide(match="(?i)jan96", period_from="%b%y"), Reading(), "w")
    for odd in ({"match": "("}, {"match": "w"}, {"match": "w", "start": date(2024, 1, 1)}):
        with pytest.raises(ValueError, match=r"match is no regular expression|give either"):
            Wide(**odd)


def test_joined_keys_may_be_of_different_types():
    rows = pd.DataFrame({"store": ["1", "2", None, "3"], "day": pd.to_datetime(["2024-01-01"] * 4)})
    other = pd.DataFrame({"shop": [2, 1], "date": ["2024-01-01"] * 2, "price": [2, 1], "open": [True, False]})
    join = Join(on={"store": "shop", "day": "date"}, bring=["price", "open"])
    joined = join_columns(rows, other, join, "j")
    assert joined["price"].astype("float64").fillna(-1).tolist() == [1.0, 2.0, -1.0, -1.0]
    assert joined["open"].isna().tolist() == [False, False, True, True]
    assert joined["store"].equals(rows["store"])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12),
    st.sets(st.tuples(st.sampled_from("bcd"), st.sampled_from("xyw"))),
)
def test_join_is_a_slow_look_up(keys, known):
    rows = pd.DataFrame(keys, columns=["one", "two"], dtype="str")
    prices = {key: float(place) for place, key in enumerate(sorted(known))}
    other = pd.DataFrame([(*key, price) for key, price in prices.items()], columns=["one", "two", "price"])
    joined = join_columns(rows, other, Join(on={"one": "one", "two": "two"}, bring=["price"]), "j")
    np.testing.assert_array_equal(joined["price"].astype("float64"), [prices.get(key, np.nan) for key in keys])


def test_joined_file_that_does_not_fit():
    rows, join = pd.DataFrame({"item": ["a"]}), Join(on={"item": "item"}, bring=["price"])
    with pytest.raises(DataError, match=r"key \(item\) repeats in 1 row, first: a"):
        join_columns(rows, pd.DataFrame({"item": ["a", "a"], "price": [1, 2]}), join, "j")
    with pytest.raises(SettingsError, match="the file has no column price; did you mean prices"):
        join_columns(rows, pd.DataFrame({"item": ["a"], "prices": [1]}), join, "j")
