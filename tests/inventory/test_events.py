"""Events of a calendar by period: every day is in one, also ahead, and what lies outside is left out."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.events import events_by_period


def calendar_of(*rows):
    table = pd.DataFrame(rows, columns=["date", "event", "value"])
    return table.assign(date=pd.to_datetime(table["date"]).astype("datetime64[us]"), value=table["value"].astype(float))


def history_of(first, count, freq):
    periods = pd.date_range(first, periods=count, freq=freq).as_unit("us")
    return pd.DataFrame({"period": periods}).sample(frac=1, random_state=2)


def test_days_are_counted_in_the_month_they_are_in():
    days = calendar_of(
        ("2025-01-31", "sale", None),
        ("2025-02-01", "sale", 2.0),
        ("2025-02-28", "sale", 3.0),
        ("2025-04-30", "fair", None),
        ("2025-05-01", "fair", None),
        ("2024-12-31", "sale", None),
    )
    made = events_by_period(days.sample(frac=1, random_state=1), history_of("2025-01-01", 3, "MS"), ahead=1)
    assert made["period"].dt.month.tolist() == [1, 2, 3, 4]
    assert made["sale"].tolist() == [1.0, 5.0, 0.0, 0.0]
    assert made["fair"].tolist() == [0.0, 0.0, 0.0, 1.0]


def test_weeks_begin_on_their_own_day():
    days = calendar_of(("2025-01-08", "sale", None), ("2025-01-09", "sale", None), ("2025-01-22", "sale", None))
    made = events_by_period(days, history_of("2025-01-02", 2, "7D"), ahead=1)
    assert made["sale"].tolist() == [1.0, 1.0, 1.0]


def test_a_period_that_is_missing_in_the_history_keeps_its_events():
    weeks = history_of("2025-01-06", 4, "7D")
    made = events_by_period(
        calendar_of(("2025-01-15", "sale", None)), weeks[weeks["period"] != pd.Timestamp(2025, 1, 13)], ahead=0
    )
    assert made["sale"].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_a_month_that_is_missing_in_the_history_keeps_its_events():
    months = history_of("2025-01-01", 5, "MS")
    gap = months[months["period"] != pd.Timestamp(2025, 3, 1)]
    made = events_by_period(calendar_of(("2025-03-31", "sale", None), ("2025-06-01", "sale", 2.0)), gap, ahead=1)
    assert made["period"].dt.strftime("%m-%d").tolist() == [f"{month:02d}-01" for month in range(1, 7)]
    assert made["sale"].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0, 2.0]


def test_no_events_give_periods_alone():
    for calendar in (empty_table("calendar"), empty_table("calendar").drop(columns="value")):
        assert events_by_period(calendar, history_of("2025-01-01", 3, "MS"), ahead=2).columns.tolist() == ["period"]
    assert events_by_period(empty_table("calendar"), empty_table("demand"), ahead=2).empty


@pytest.mark.parametrize("name", ["period", "price"])
def test_an_event_may_be_called_anything(name):
    made = events_by_period(calendar_of(("2025-01-15", name, None)), history_of("2025-01-01", 3, "MS"), ahead=0)
    assert made.columns.tolist() == ["period", f"event {name}"]
