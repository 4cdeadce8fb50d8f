"""Lead times as they were, against a slow twin, and what stands in where there are too few receipts."""

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.core.lead_times import find_stopped_suppliers, measure_lead_times
from segkit.core.settings import LeadTimes

RULES = LeadTimes(min_receipts=3)
KEY = ["item_id", "supplier_id", "location_id"]
ITEMS = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "lead_time_days": [30.0, np.nan]})
BOUGHT = st.tuples(
    st.sampled_from(["SKU-0001", "SKU-0002"]),
    st.sampled_from(["S1", "S2"]),
    st.integers(1, 40).filter(lambda d: d < 38),
)


def purchases(rows):
    """Return purchases of (item, supplier, days until receipt or None, days promised or None)."""
    frame = pd.DataFrame(rows, columns=["item_id", "supplier_id", "took", "promised"])
    ordered = pd.Series(pd.Timestamp("2025-01-01"), index=frame.index) + pd.to_timedelta(frame.index, unit="D")
    return pd.DataFrame(
        {"item_id": frame["item_id"], "supplier_id": frame["supplier_id"].astype("str"),
         "location_id": "DC", "ordered_date": ordered,
         "expected_date": ordered + pd.to_timedelta(frame["promised"].astype(float), unit="D"),
         "received_date": ordered + pd.to_timedelta(frame["took"].astype(float), unit="D")}
    ).sample(frac=1, random_state=6)  # fmt: skip


def measured(rows):
    return measure_lead_times(purchases(rows), ITEMS, rules=RULES).set_index(["item_id", "supplier_id"])


def receipts(*lines, name="SKU-0001"):
    """Return purchases of (day ordered, days taken or None)."""
    ordered = pd.Timestamp("2025-01-01") + pd.to_timedelta([day for day, _ in lines], unit="D")
    took = pd.to_timedelta(pd.Series([days for _, days in lines], dtype=float), unit="D")
    return pd.DataFrame(
        {"item_id": name, "supplier_id": "S1", "location_id": "DC", "ordered_date": ordered,
         "received_date": ordered + took}
    )  # fmt: skip


def lately(table, day, **rules):
    as_of = (pd.Timestamp("2025-01-01") + pd.Timedelta(days=day)).date()
    return measure_lead_times(table, ITEMS, rules=LeadTimes(**({"min_receipts": 3} | rules)), as_of=as_of).iloc[0]


def test_enough_receipts_speak_for_themselves():
    row = measured([("SKU-0001", "S1", took, 12) for took in (None, 10, 12, 14)]).loc[("SKU-0001", "S1")]
    assert (row["receipts"], row["open_receipts"], row["lead_time_source"]) == (3, 1, "receipts")
    assert (row["lead_time_mean"], row["lead_time_sd"], row["lead_time_p50"]) == (12, 2, 12)
    assert row["lead_time_p90"] == pytest.approx(13.6)
    assert row["late_share"] == pytest.approx(1 / 3)
    assert row["planned_days"] == 30


def test_few_receipts_take_the_supplier_s():
    table = measured([("SKU-0001", "S1", 10, None), ("SKU-0002", "S1", 20, None), ("SKU-0002", "S1", 30, None)])
    assert (table["lead_time_source"] == "supplier receipts").all()
    assert (table["lead_time_mean"] == 20).all()
    assert table["receipts"].tolist() == [1, 2]


def test_where_the_supplier_has_few_the_master_stands_in():
    row = measured([("SKU-0001", "S1", 99, 1), ("SKU-0001", "S1", 95, 1)]).loc[("SKU-0001", "S1")]
    assert (row["lead_time_source"], row["lead_time_mean"]) == ("master", 30)
    assert row[["lead_time_sd", "lead_time_p50", "lead_time_p90", "late_share"]].isna().all()


def test_without_master_few_receipts_are_better_than_none():
    row = measured([("SKU-0002", "S1", 9, None), ("SKU-0002", "S1", 11, None)]).loc[("SKU-0002", "S1")]
    assert (row["lead_time_source"], row["lead_time_mean"]) == ("supplier receipts", 10)


def test_an_item_that_never_came_has_no_lead_time():
    row = measured([("SKU-0002", "S1", None, None)]).loc[("SKU-0002", "S1")]
    assert (row["lead_time_source"], row["open_receipts"]) == ("missing", 1)
    assert np.isnan(row["lead_time_mean"])


@given(st.lists(BOUGHT, min_size=1, max_size=25))
def test_means_are_their_slow_twin(rows):
    table = measured([(*row, None) for row in rows])
    assert len(table) == len({row[:2] for row in rows})
    for (item, supplier), row in table.iterrows():
        own = [took for name, other, took in rows if (name, other) == (item, supplier)]
        pool = [took for _, other, took in rows if other == supplier]
        few, few_pool = len(own) < 3, len(pool) < 3
        if few and few_pool and item == "SKU-0001":
            assert (row["lead_time_mean"], row["lead_time_source"]) == (30, "master")
        else:
            assert row["lead_time_mean"] == pytest.approx(statistics.fmean(pool if few else own))
            assert row["lead_time_source"] == ("supplier receipts" if few else "receipts")


def test_purchases_that_name_no_supplier_or_place_stay_in_the_table():
    table = purchases([("SKU-0001", None, took, None) for took in (4, 5, 6)]).drop(columns="location_id")
    made = measure_lead_times(table, ITEMS, rules=RULES)
    assert made[KEY].to_numpy().tolist() == [["SKU-0001", "(all)", "(all)"]]
    assert made["lead_time_mean"].tolist() == [5]


def test_no_purchases_give_an_empty_typed_table():
    made = measure_lead_times(empty_table("purchases"), empty_table("items"), rules=RULES)
    pd.testing.assert_frame_equal(made, empty_table("lead_times"))


def test_what_was_ordered_in_the_window_counts():
    table = receipts(*[(day, 10) for day in range(0, 200, 10)], *[(day, 24) for day in range(200, 300, 10)])
    assert lately(table, 323, window_days=124)["lead_time_mean"] == pytest.approx(24)
    assert lately(table, 323, window_days=124)["receipts"] == 10
    assert lately(table, 323, window_days=134)["lead_time_mean"] == pytest.approx((10 * 24 + 10) / 11, abs=1e-6)
    row = lately(table, 323, window_days=4000)
    assert (row["receipts"], row["recent_receipts"]) == (30, 30)
    assert row["lead_time_mean"] == pytest.approx((20 * 10 + 10 * 24) / 30, abs=1e-6)


def test_of_few_receipts_the_latest_count():
    table = receipts((0, 50), (100, 10), (200, 20), (700, 30))
    row = lately(table, 800)
    assert row["lead_time_mean"] == pytest.approx(20)
    assert (row["receipts"], row["recent_receipts"], row["lead_time_source"]) == (3, 1, "receipts")
    assert lately(table.iloc[2:], 800)["lead_time_source"] == "master"


def test_lines_still_open_are_no_shorter_than_they_have_been_open():
    """Of lead times of 10 and 40 days, as often, what is ordered lately and has come took 10."""
    lines = [(day, 10 if day % 4 else 40) for day in range(0, 200, 2)]
    known = [(day, took if day + took <= 199 else None) for day, took in lines]
    row = lately(receipts(*known), 199, window_days=60)
    came = [took for day, took in known if took and day >= 140]
    assert np.mean(came) < 21
    assert row["lead_time_mean"] == pytest.approx(25, abs=1)
    assert row["receipts"] == len(came)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), min_size=1, max_size=15))
def test_open_lines_are_their_slow_twin(rows):
    """Kaplan and Meier by the book: at each length the chance to go on is 1 - came / still under way."""
    last = 60
    known = [(day, took if day + took <= last else None) for day, took in rows]
    table = receipts(*known)
    came = sorted({took for _, took in known if took is not None})
    latest = max((day for day, took in known if took is not None), default=0)
    longest = max(came, default=0)
    kept = [
        (day, took) for day, took in known
        if took is not None or not (day < latest and last - day > longest)
    ]  # fmt: skip
    row = lately(table, last, min_receipts=2, window_days=365)
    if sum(took is not None for _, took in known) < 2:
        assert row["lead_time_source"] == "master"
        return
    left, mean = 1.0, 0.0
    for length in came:
        risk = sum(took >= length if took is not None else last - day >= length for day, took in kept)
        now = left * sum(took == length for _, took in kept) / risk
        mean, left = mean + now * length, left - now
    assert row["lead_time_mean"] == pytest.approx(mean + left * longest, abs=1e-6)


def test_a_line_that_nobody_closed_counts_for_nothing():
    lines = [(day, 10) for day in range(0, 100, 10)]
    plain, forgotten = (lately(receipts(*lines, *more), 120) for more in ([], [(3, None)]))
    assert (plain["lead_time_mean"], forgotten["lead_time_mean"]) == (10, 10)
    assert (forgotten["lead_time_sd"], forgotten["open_receipts"]) == (0, 1)
    late = lately(receipts(*[(day, 8 + day % 20) for day, _ in lines], (95, None)), 120)
    assert late["lead_time_mean"] > 13  # open for 25 days, and none ordered later has come


def test_without_open_lines_quantiles_are_the_usual_ones():
    took = [3, 30, 7, 7, 12, 1, 19]
    row = lately(receipts(*[(day, days) for day, days in enumerate(took)]), 90)
    assert row["lead_time_p50"] == pytest.approx(np.quantile(took, 0.5))
    assert row["lead_time_p90"] == pytest.approx(np.quantile(took, 0.9))
    assert row["lead_time_sd"] == pytest.approx(np.std(took, ddof=1))


def test_what_came_later_is_not_looked_at():
    """A line received after as_of is open, one ordered after as_of is not there: as if the rows had been cut."""
    table = receipts(*[(day, 5 + day % 11) for day in range(0, 120, 4)])
    last = pd.Timestamp("2025-01-01") + pd.Timedelta(days=61)
    cut = table[table["ordered_date"] <= last]
    cut = cut.assign(received_date=cut["received_date"].where(cut["received_date"] <= last))
    for day_of_time in (pd.Timedelta(0), pd.Timedelta(hours=14)):  # what came in the course of the last day is known
        later = table.assign(received_date=table["received_date"] + day_of_time)
        pd.testing.assert_series_equal(lately(later, 61), lately(cut, 61))
    assert lately(table, 61)["open_receipts"] == cut["received_date"].isna().sum() > 0
    assert measure_lead_times(table, ITEMS, rules=RULES, as_of=pd.Timestamp("2024-12-31").date()).empty


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=15), st.integers(0, 50))
def test_no_change_after_a_day_changes_what_was_known_then(rows, day):
    changed = [(begin, took + 7 if begin + took > day else took) for begin, took in rows]
    kept = [(begin, took) for begin, took in changed if begin <= day]
    rules, as_of = LeadTimes(min_receipts=2), (pd.Timestamp("2025-01-01") + pd.Timedelta(days=day)).date()
    first, second, third = (
        measure_lead_times(receipts(*some), ITEMS, rules=rules, as_of=as_of)
        for some in (rows, changed, kept or [(60, 1)])
    )
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(first, third)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_dates_with_a_time_zone_are_the_days_there(zone):
    table = receipts(*[(day, 5 + day % 11) for day in range(0, 60, 4)], (60, None))
    ordered, received = table["ordered_date"] + pd.Timedelta(hours=23), table["received_date"] + pd.Timedelta(hours=1)
    there = table.assign(ordered_date=ordered.dt.tz_localize(zone), received_date=received.dt.tz_localize(zone))
    pd.testing.assert_series_equal(lately(there, 60), lately(table, 60))
    written = table.assign(ordered_date=table["ordered_date"].dt.strftime("%Y-%m-%d"))
    pd.testing.assert_series_equal(lately(written, 60), lately(table, 60))


def test_dates_that_cannot_be_compared_or_read_and_lines_twice_are_told_at_once():
    table = receipts((0, 5), (1, 6), (2, 7)).assign(po_id="PO-1", line_id=["1", "2", "1"])
    broken = table.assign(
        ordered_date=table["ordered_date"].dt.tz_localize("UTC"),
        received_date=table["received_date"].dt.tz_localize("Asia/Tokyo"),
        expected_date="soon",
    )
    with pytest.raises(DataError) as told:
        measure_lead_times(broken, ITEMS, rules=RULES)
    assert "in 3 ways" in str(told.value)
    assert "expected_date is no date in 3 rows, first: 'soon'" in str(told.value)
    assert "dates are of several time zones: Asia/Tokyo, UTC" in str(told.value)
    assert "line key (po_id, line_id) repeats in 1 row, first: po_id='PO-1', line_id='1'" in str(told.value)
    mixed = table["ordered_date"].dt.tz_localize("UTC").astype(object)
    mixed.iloc[0] = mixed.iloc[0].tz_convert("Asia/Tokyo")
    with pytest.raises(DataError, match="ordered_date has dates of several time zones: Asia/Tokyo, UTC"):
        measure_lead_times(table.iloc[:2].assign(ordered_date=mixed), ITEMS, rules=RULES)


def test_lines_alike_without_line_numbers_are_lines_of_their_own():
    table = receipts((0, 5), (0, 5), (2, 9)).assign(po_id="PO-1")
    row = lately(table, 30)
    assert (row["receipts"], row["lead_time_mean"]) == (3, pytest.approx(19 / 3))


STEADY = [(day, took) for day, took in zip(range(0, 300, 30), [20, 30, 40, 30, 20, 30, 40, 30, 20, 30], strict=True)]


@pytest.mark.parametrize("name", ["SKU-0001", "SKU-0002"])
def test_a_supplier_that_stopped_has_lead_times_as_long_as_lines_have_waited(name):
    before = lately(receipts(*STEADY, name=name), 300)
    waiting = [(day, None) for day in range(650, 1000, 50)]  # up to 365 days old on day 1000: 350 down to 50
    made = lately(receipts(*STEADY, *waiting, name=name), 1000)
    assert (made["recent_receipts"], made["open_receipts"], made["receipts"]) == (0, 7, before["receipts"])
    assert made["lead_time_sd"] == before["lead_time_sd"] > 5
    assert before["lead_time_mean"] == pytest.approx(29.0)
    assert made["lead_time_mean"] == pytest.approx(350.0)  # those ordered later will wait as well
    assert made["lead_time_p90"] - made["lead_time_mean"] == before["lead_time_p90"] - before["lead_time_mean"]
    some = lately(receipts(*STEADY, (640, 30), *waiting, name=name), 1000)
    assert (some["recent_receipts"], some["lead_time_mean"] < 41) == (1, True)  # one has come: it still delivers
    young = lately(receipts(*STEADY, (970, None), name=name), 1000)
    assert young["lead_time_mean"] < 41  # a line as old as others were is not overdue
    late = lately(receipts(*STEADY, (945, None), name=name), 1000)
    assert late["lead_time_mean"] < 41  # nor is one that is some days late


def test_what_comes_rarely_has_not_stopped_for_being_two_days_late():
    rare = receipts((0, 30), (450, 30), (968, None))
    often = receipts(*((day, 30) for day in range(0, 960, 30)), name="SKU-0003").assign(supplier_id="S1")
    last = (pd.Timestamp("2025-01-01") + pd.Timedelta(days=1000)).date()
    assert find_stopped_suppliers(pd.concat([rare, often]), rules=RULES, as_of=last).empty


def test_suppliers_that_stopped_are_listed_with_what_waits():
    waiting = [(day, None) for day in range(650, 1000, 50)]
    gone = receipts(*STEADY, *waiting, (500, None))
    alive = receipts(*STEADY, (900, 20), (950, None), name="SKU-0002").assign(supplier_id="S2")
    table = pd.concat([gone, alive, receipts(*STEADY, name="SKU-0003")], ignore_index=True)
    last = (pd.Timestamp("2025-01-01") + pd.Timedelta(days=1000)).date()
    made = find_stopped_suppliers(table, rules=RULES, as_of=last)
    assert made.to_dict("records") == [
        {"supplier_id": "S1", "items": 1, "open_lines": 7, "waited_mean": 200.0, "waited_most": 350.0, "longest": 40.0}
    ]
    assert find_stopped_suppliers(alive, rules=RULES, as_of=last).empty
    assert find_stopped_suppliers(empty_table("purchases"), rules=RULES, as_of=last).empty
