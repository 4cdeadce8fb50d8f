"""Planning periods: which one a day belongs to, and which of them the data cover in full."""

from datetime import date, datetime

import numpy as np
import pandas as pd

from segkit.core.errors import SettingsError
from segkit.core.settings import Periods

MONTH = 31  # the days of a row that stands for a month of any length
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_LONG_RUNS = 8  # rows per run of equal days from which runs are worth it
_DAY = 86_400_000_000  # [us]
_NO_DAY = np.iinfo("int64").min  # what numpy casts a missing day to


def period_start(dates: pd.Series, periods: Periods) -> pd.Series:
    """Return the first day of the planning period of each date.

    Parameters
    ----------
    dates : Series of datetime64
        Days; missing stays missing.
    periods : Periods
        Length of a period and, for weeks, the weekday on which it begins.

    Returns
    -------
    Series of datetime64[us]
        Same index.

    Examples
    --------
    >>> period_start(pd.Series(pd.to_datetime(["2025-02-14"])), Periods(unit="week")).dt.date.tolist()
    [datetime.date(2025, 2, 10)]
    """
    moments = dates.to_numpy()
    changed = moments[1:] != moments[:-1]
    if len(moments) and np.count_nonzero(changed) < len(moments) // _LONG_RUNS:  # once per run of equal days
        begin = np.append(0, np.flatnonzero(changed) + 1)
        starts = np.repeat(_starts(moments[begin], periods), np.diff(begin, append=len(moments)))
    else:
        starts = _starts(moments, periods)
    return pd.Series(starts, index=dates.index, name="period")


def _starts(moments: np.ndarray, periods: Periods) -> np.ndarray:
    days = moments.astype("datetime64[D]")
    if periods.unit == "month":
        days = days.astype("datetime64[M]")
    elif periods.unit == "week":
        shift = (_EPOCH_WEEKDAY - _WEEKDAYS.index(periods.week_start)) % 7
        missing = np.isnat(days)
        number = np.where(missing, 0, days.astype("int64"))
        days = (number - (number + shift) % 7).astype("datetime64[D]")
        days[missing] = np.datetime64("NaT")
    return days.astype("datetime64[us]")


def next_period(starts: np.ndarray, periods: Periods) -> np.ndarray:
    """Return the first day of the period after each of ``starts`` (datetime64)."""
    if periods.unit == "month":
        return (starts.astype("datetime64[M]") + 1).astype("datetime64[D]")
    return starts.astype("datetime64[D]") + (7 if periods.unit == "week" else 1)


def periods_per_year(periods: Periods) -> float:
    """Return how many planning periods a year has.

    Examples
    --------
    >>> periods_per_year(Periods(unit="month"))
    12.0
    """
    return {"month": 12.0, "week": 365.25 / 7, "day": 365.25}[periods.unit]


def list_periods(days: pd.Series, periods: Periods, *, as_of: date | None = None, step_days: int = 1) -> pd.DataFrame:
    """Return every planning period between the first and the last day, and whether the data cover it in full.

    The data are taken to reach beyond their first and last day by the pause that is usual between two days with
    rows (95th percentile), so that a firm closed at weekends does not lose a month that ends on a Sunday.

    Parameters
    ----------
    days : Series of datetime64
        Days on which rows lie (order dates, or first days of sales periods).
    periods : Periods
        Length of a planning period.
    as_of : date, optional
        Last day known. Later days are left out; a period that ends later is incomplete.
    step_days : int
        Days that one row stands for: 1 for orders, 7 for weekly totals.

    Returns
    -------
    DataFrame
        ``periods`` of the nomenclature: period, period_end, days [days covered], complete, reason.

    Raises
    ------
    SettingsError
        Rows of so many days make no such periods.
    """
    require_step(step_days, periods)
    known, _ = count_days(days.dropna())
    if as_of is not None:
        known = known[known <= np.datetime64(as_of, "D")]
    if not known.size:
        return _as_table([], [], [], [], [])
    slack = usual_pause(known) if step_days == 1 else 0
    begin, end = known[0] - slack, known[-1] + max(slack, step_days - 1)
    if as_of is not None:
        end = min(end, np.datetime64(as_of, "D"))
    starts = [period_start(pd.Series(known[:1]), periods).to_numpy().astype("datetime64[D]")[0]]
    while (following := next_period(np.array(starts[-1:]), periods)[0]) <= known[-1]:
        starts.append(following)
    first = np.array(starts, dtype="datetime64[D]")
    last = next_period(first, periods) - 1
    late, early = begin > first, end < last
    covered = (np.minimum(end, last) - np.maximum(begin, first)).astype(int) + 1
    why = np.where(late, "the data begin within it", np.where(early, "it is not over, or the data end within it", ""))
    return _as_table(first, last, covered, ~(late | early), why)


def require_step(step_days: int, periods: Periods) -> None:
    """Raise a SettingsError if planning periods cannot be made of rows that stand for so many days.

    Parameters
    ----------
    step_days : int
        Days of a row, as `last_days` takes them.
    periods : Periods
        Length of a planning period.

    Raises
    ------
    SettingsError
        A row would lie in two periods, or stand for several; names the unit that fits.
    """
    fitting = {1: ("month", "week", "day"), 7: ("week",), MONTH: ("month",)}.get(step_days, ())
    if periods.unit in fitting:
        return
    what = {7: "weeks", MONTH: "months"}.get(step_days, f"{step_days} days each")
    fix = f'Set periods.unit = "{fitting[0]}" in segkit.toml.' if fitting else "Bring sales by day, week or month."
    raise SettingsError(
        f"periods.unit = \"{periods.unit}\": the rows of table 'sales' stand for {what}, of which no "
        f"{periods.unit}s can be made\n{fix}"
    )


def default_as_of(days: pd.Series, periods: Periods, *, step_days: int = 1) -> date:
    """Return the last day of the last complete period in the data (the last day itself where none is complete)."""
    table = list_periods(days, periods, step_days=step_days)
    whole = table.loc[table["complete"], "period_end"]
    return (whole.iloc[-1] if len(whole) else days.max()).date()


def count_days(days: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct days, in order, and the rows of each.

    Parameters
    ----------
    days : Series of datetime64
        One per row, none missing.

    Returns
    -------
    tuple of arrays
        datetime64[D] and int64, of equal length.

    Examples
    --------
    >>> count_days(pd.Series(pd.to_datetime(["2025-01-03", "2025-01-01", "2025-01-03"])))[1].tolist()
    [1, 2]
    """
    moments = days.to_numpy()
    changed = moments[1:] != moments[:-1]
    if np.count_nonzero(changed) < len(moments) // _LONG_RUNS:  # once per run of equal days: rows are many
        begin = np.append(0, np.flatnonzero(changed) + 1)[: len(moments)]
        numbers, times = day_numbers(moments[begin]), np.diff(begin, append=len(moments))
    else:
        numbers, times = day_numbers(moments), None
    if not numbers.size:
        return numbers.astype("datetime64[D]"), numbers
    first = numbers.min()
    numbers -= first
    rows = np.bincount(numbers, times).astype("int64")
    known = np.flatnonzero(rows)
    return (known + first).astype("datetime64[D]"), rows[known]


def day_numbers(moments: np.ndarray) -> np.ndarray:
    """Return days since 1970 of datetime64; as a cast to datetime64[D], but quicker for microseconds.

    Examples
    --------
    >>> day_numbers(np.array(["1970-01-03T12", "1969-12-31T23"], dtype="datetime64[us]")).tolist()
    [2, -1]
    """
    if moments.dtype != "datetime64[us]":
        return moments.astype("datetime64[D]").astype("int64")
    numbers = moments.view("int64") // _DAY
    numbers[np.isnat(moments)] = _NO_DAY
    return numbers


def usual_pause(days: np.ndarray) -> int:
    """Return how many days without rows are usual between two days with rows (95th percentile).

    Parameters
    ----------
    days : array of datetime64[D]
        Distinct days with rows, in order; of fewer than ten nothing is usual.

    Returns
    -------
    int
        [days].
    """
    if days.size < 10:
        return 0
    gaps = np.diff(days).astype(int)
    return int(np.quantile(gaps, 0.95, method="higher")) - 1


def last_days(starts: pd.Series, step_days: int) -> pd.Series:
    """Return the last day for which each row stands.

    Parameters
    ----------
    starts : Series of datetime64
        First day of each row.
    step_days : int
        Days that a row stands for; 31 = a month of any length.

    Returns
    -------
    Series of datetime64
        Same index.

    Examples
    --------
    >>> last_days(pd.Series(pd.to_datetime(["2025-02-01"])), MONTH).dt.date.tolist()
    [datetime.date(2025, 2, 28)]
    """
    if step_days == 1:
        return starts
    step = pd.DateOffset(months=1) if step_days == MONTH else pd.Timedelta(days=step_days)
    return starts + step - pd.Timedelta(days=1)


def parse_day(value: str | date | None, name: str) -> date | None:
    """Return a day written as YYYY-MM-DD; blank gives None, anything else a SettingsError.

    Examples
    --------
    >>> parse_day("2025-12-31", "as_of"), parse_day("", "as_of")
    (datetime.date(2025, 12, 31), None)
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise SettingsError(f"{name}: a day as YYYY-MM-DD is needed, got {value!r}") from None


def _as_table(first, last, covered, complete, why) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": pd.Series(first, dtype="datetime64[us]"),
            "period_end": pd.Series(last, dtype="datetime64[us]"),
            "days": pd.Series(covered, dtype="int64"),
            "complete": pd.Series(complete, dtype="bool"),
            "reason": pd.Series(why, dtype="str"),
        }
    )
