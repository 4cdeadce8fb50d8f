"""Regular periods, by their first days or, of months, by their last: what comes between, and what follows."""

import warnings

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems

_MONTH = 28  # days at least
_SPARSE = 4
_LAST_YEAR = 9_999
_DAY = 86_400_000_000  # microseconds
_FIX = "Give the first day of every period, or of months the last."


def regular_step(periods: pd.DatetimeIndex) -> pd.DateOffset:
    """Return the step between regular periods: days, weeks, months, quarters or years; a month where there is one."""
    if len(periods) < 2:
        return pd.DateOffset(months=1)
    months = np.diff(_month_number(periods))
    if _by_month(periods) and months[0] > 0 and (months == months[0]).all():
        return pd.DateOffset(months=int(months[0]))
    return pd.DateOffset(days=int(_gaps(periods).min()))


def following_periods(periods: pd.DatetimeIndex, count: int) -> pd.DatetimeIndex:
    """Return the periods that follow regular ones.

    Examples
    --------
    >>> following_periods(pd.DatetimeIndex(["2025-01-31", "2025-02-28"]), 2).strftime("%d.%m.").tolist()
    ['31.03.', '30.04.']
    """
    if not len(periods):
        return periods[:0]
    step = regular_step(periods)
    years = count * (step.kwds.get("months", 0) / 12 + step.kwds.get("days", 0) / 365)
    if periods[-1].year + years >= _LAST_YEAR:
        problem = f"{count:,} of them after {periods[-1]:%Y-%m-%d} are more than a calendar holds"
        raise DataError(list_problems("periods ahead cannot be counted", [problem], ["Ask for fewer."]))
    return _count_on(periods, len(periods) - 1, np.arange(1, count + 1), step)


def fill_periods(found: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return all periods from the first to the last, of those that are named somewhere, rising.

    Raises
    ------
    DataError
        Periods that are not regular.
    """
    if len(found) < 2:
        return found
    if _by_month(found):
        months = _month_number(found) - _month_number(found[:1])
        size = int(np.gcd.reduce(months))
        every = _count_on(found, 0, np.arange(months[-1] // size + 1), pd.DateOffset(months=size))
    else:
        size = int(np.gcd.reduce(_gaps(found)))
        every = _count_on(found, 0, np.arange(_gaps(found).sum() // size + 1), pd.DateOffset(days=size))
    if len(every) > _SPARSE * len(found):
        gaps = _gaps(found)
        where = int(np.flatnonzero(gaps != np.median(gaps))[0])
        told = f"after {found[where]:%Y-%m-%d} comes {found[where + 1]:%Y-%m-%d}"
        problem = f"periods are not regular: {told}, elsewhere they lie {int(np.median(gaps))} days apart"
        raise DataError(list_problems("history cannot be forecast", [problem], [_FIX]))
    return every


def read_days(period: pd.Series, subject: str) -> np.ndarray:
    """Return the day of every row as a number, of a moment with a time zone the day there; ``subject`` names errors."""
    if isinstance(period.dtype, pd.PeriodDtype):
        period = period.dt.to_timestamp()
    numbers = pd.api.types.is_numeric_dtype(period)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # words that are no dates are told below
        days = pd.to_datetime(period.where(period.isna()) if numbers else period, errors="coerce")
    wrong = days.isna()
    if wrong.any():
        problem = f"period is no date {in_rows(int(wrong.sum()))}, first: {period[wrong].iloc[0]}"
        raise DataError(list_problems(subject, [problem], [_FIX]))
    return days.dt.tz_localize(None).to_numpy().astype("datetime64[us]", copy=False).view("int64") // _DAY


def read_dates(period: pd.Series, subject: str) -> pd.DatetimeIndex:
    """Return the day of every row, as `read_days` reads it."""
    return pd.DatetimeIndex(read_days(period, subject).astype("datetime64[D]").astype("datetime64[us]"))


def _count_on(periods: pd.DatetimeIndex, place: int, steps: np.ndarray, step: pd.DateOffset) -> pd.DatetimeIndex:
    """Return what lies so many steps after a period: always counted from it, as short months do not shift later ones.

    Months that end where months do go on so; else they keep their day, or take the last of a month without it.
    """
    if "days" in step.kwds:
        day = periods[place].to_datetime64().astype("datetime64[D]")
        return pd.DatetimeIndex((day + steps * step.kwds["days"]).astype("datetime64[us]"))
    first = periods[place].to_datetime64().astype("datetime64[M]")
    months = pd.DatetimeIndex((first + steps * step.kwds["months"]).astype("datetime64[us]"))
    return months + pd.to_timedelta(_wanted_days(months, periods) - 1, unit="D")


def _by_month(periods: pd.DatetimeIndex) -> bool:
    return bool(_gaps(periods).min() >= _MONTH) and bool((periods.day == _wanted_days(periods, periods)).all())


def _wanted_days(months: pd.DatetimeIndex, periods: pd.DatetimeIndex) -> np.ndarray:
    """Return the day of some months on which a period begins or ends, if others do so by month."""
    if len(periods) > 1 and periods.is_month_end.all():
        return np.asarray(months.days_in_month)
    return np.minimum(months.days_in_month, periods.day.max())


def _month_number(periods: pd.DatetimeIndex) -> np.ndarray:
    return np.asarray(periods.year * 12 + periods.month)


def _gaps(periods: pd.DatetimeIndex) -> np.ndarray:
    return np.diff(periods.to_numpy().astype("datetime64[D]").astype("int64"))
