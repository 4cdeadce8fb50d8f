"""Planning periods: which day belongs to which, and which of them the data cover in full."""

import datetime as dt
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.errors import SettingsError
from segkit.core.periods import count_days, default_as_of, list_periods, next_period, parse_day, period_start
from segkit.core.settings import Periods

DAYS = st.dates(dt.date(1969, 1, 1), dt.date(2060, 12, 31))
UNITS = st.sampled_from(
    [
        Periods(unit="month"),
        Periods(unit="day"),
        *(Periods(unit="week", week_start=day) for day in ("mon", "wed", "sun")),
    ]
)


def start_twin(day, periods):
    """Walk back to the first day of the period."""
    weekday = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(periods.week_start)
    while not (periods.unit == "day" or (periods.unit == "month" and day.day == 1)
               or (periods.unit == "week" and day.weekday() == weekday)):  # fmt: skip
        day -= dt.timedelta(days=1)
    return day


@given(st.lists(DAYS, max_size=20), UNITS)
def test_starts_are_their_slow_twin(days, periods):
    series = pd.Series(pd.to_datetime(pd.Series(days, dtype="object")), dtype="datetime64[us]")
    assert period_start(series, periods).dt.date.tolist() == [start_twin(day, periods) for day in days]


@given(DAYS, UNITS)
def test_the_next_period_begins_where_this_one_ends(day, periods):
    start = start_twin(day, periods)
    following = start + dt.timedelta(days=1)
    while start_twin(following, periods) != following:
        following += dt.timedelta(days=1)
    assert next_period(pd.Series(pd.to_datetime([start])).to_numpy(), periods).astype(object).tolist() == [following]


@given(st.lists(DAYS, max_size=30), st.sampled_from([1, 20]), UNITS)
def test_runs_of_equal_days_are_told_as_day_by_day(days, times, periods):
    """Long runs of equal days are looked at once each; what is told of them must be what each day by itself is."""
    cells = pd.Series(np.repeat(np.array(days, dtype="datetime64[us]"), times))
    known, rows = count_days(cells)
    counted = Counter(day for day in days for _ in range(times))
    assert dict(zip(known.tolist(), rows.tolist(), strict=True)) == counted
    assert known.tolist() == sorted(counted)
    assert period_start(cells, periods).dt.date.tolist() == [
        start_twin(day, periods) for day in days for _ in range(times)
    ]


def test_a_missing_day_stays_missing():
    days = pd.Series(pd.to_datetime([None, "2025-02-14"]))
    for unit in ("month", "week", "day"):
        assert period_start(days, Periods(unit=unit)).isna().tolist() == [True, False]


def every_day(first, last):
    return pd.Series(pd.date_range(first, last))


def test_partial_first_and_last_months_are_told_apart():
    table = list_periods(every_day("2025-01-10", "2025-04-09"), Periods())
    assert table["complete"].tolist() == [False, True, True, False]
    assert table["days"].tolist() == [22, 28, 31, 9]
    assert table["reason"].iloc[[0, -1]].tolist() == [
        "the data begin within it",
        "it is not over, or the data end within it",
    ]
    assert default_as_of(every_day("2025-01-10", "2025-04-09"), Periods()) == dt.date(2025, 3, 31)


def test_a_firm_closed_at_weekends_loses_no_month():
    days = every_day("2024-06-03", "2025-08-29")
    workdays = days[days.dt.day_of_week < 5]
    table = list_periods(workdays, Periods())
    assert table["complete"].all()
    assert default_as_of(workdays, Periods()) == dt.date(2025, 8, 31)
    assert list_periods(workdays[workdays <= "2025-08-25"], Periods())["complete"].iloc[-1] == False  # noqa: E712


def test_later_days_change_nothing_before_as_of():
    days = every_day("2025-01-01", "2025-09-30")
    as_of = dt.date(2025, 6, 30)
    short = list_periods(days[days <= "2025-06-30"], Periods(), as_of=as_of)
    pd.testing.assert_frame_equal(list_periods(days, Periods(), as_of=as_of), short)
    assert short["complete"].all()
    mid = list_periods(days, Periods(), as_of=dt.date(2025, 6, 20))
    assert (mid["complete"].iloc[-1], mid["days"].iloc[-1]) == (False, 20)


@given(st.lists(st.dates(dt.date(2024, 1, 1), dt.date(2025, 12, 31)), min_size=1, max_size=60), UNITS)
def test_periods_follow_each_other_without_a_gap_and_hold_every_day(days, periods):
    series = pd.Series(pd.to_datetime(pd.Series(days)))
    table = list_periods(series.sample(frac=1, random_state=1), periods)
    assert (
        table["period"].iloc[1:].to_numpy() - table["period_end"].iloc[:-1].to_numpy() == pd.Timedelta(days=1)
    ).all()
    assert set(period_start(series, periods)) <= set(table["period"])
    length = (table["period_end"] - table["period"]).dt.days + 1
    assert ((table["days"] == length) == table["complete"]).all()
    assert table["days"].between(1, length).all()


def test_weekly_totals_cover_their_seven_days():
    weeks = pd.Series(pd.date_range("2025-01-06", periods=8, freq="7D"))
    table = list_periods(weeks, Periods(unit="week"), step_days=7)
    assert table["complete"].all()
    assert default_as_of(weeks, Periods(unit="week"), step_days=7) == dt.date(2025, 3, 2)


def test_no_day_gives_no_period():
    table = list_periods(pd.Series(dtype="datetime64[us]"), Periods())
    assert table.empty
    assert table.dtypes.astype(str).tolist() == ["datetime64[us]", "datetime64[us]", "int64", "bool", "str"]


@pytest.mark.parametrize("value", [20251231, 1.5, "31.12.2025", "tomorrow", True, ["2025-12-31"]])
def test_what_is_no_day_is_an_error(value):
    with pytest.raises(SettingsError, match="as_of: a day as YYYY-MM-DD is needed"):
        parse_day(value, "as_of")


def test_days_come_as_text_date_or_timestamp():
    day = dt.date(2025, 12, 31)
    assert {
        parse_day(value, "as_of") for value in ("2025-12-31", day, pd.Timestamp(day), dt.datetime(2025, 12, 31, 5))
    } == {day}
    assert parse_day("", "as_of") is None
