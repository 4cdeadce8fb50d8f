"""What a calendar must be before season and events are found by it."""

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.inventory.pooled.frames import require_frame
from segkit.inventory.pooled.panel import DemandPanel
from segkit.inventory.pooled.periods import read_dates

PRICE = "price"
_SUBJECT = "calendar cannot be used"
_FIX = "Give one row per period of the history and of the horizon, by its first day; leave blank what has no event."


def read_calendar(calendar: pd.DataFrame | None, panel: DemandPanel, *, ahead: int) -> pd.DataFrame | None:
    """Return a calendar by the days of its periods; None where it tells nothing.

    Parameters
    ----------
    calendar : DataFrame or None
        period, and columns of numbers, flags or names of events. Blank, or a period of the history without a row = no
        event; a column ``price`` has no blanks.
    panel : DemandPanel
        Demand.
    ahead : int
        Periods after the history that it must tell.

    Returns
    -------
    DataFrame or None
        The same rows and columns; period as datetime.

    Raises
    ------
    DataError
        No period, periods that are no dates, not those of the history, repeat or are missing ahead; numbers that are
        infinite or not real; a price that is not known throughout. All problems at once.
    """
    if calendar is None:
        return None
    require_frame(calendar, _SUBJECT)
    if calendar.empty:
        return None
    if "period" not in calendar:
        raise DataError(list_problems(_SUBJECT, ["period is not there"], [_FIX]))
    table = calendar.assign(period=read_dates(calendar["period"], _SUBJECT))
    if not len(panel.periods):
        return table
    problems = _missing_periods(table, panel, ahead) + _unusable_numbers(table, panel, ahead)
    if problems:
        raise DataError(list_problems(_SUBJECT, problems, [_FIX]))
    return table


def _missing_periods(table: pd.DataFrame, panel: DemandPanel, ahead: int) -> list[str]:
    """Return what is wrong with the periods."""
    days, wanted = pd.DatetimeIndex(table["period"]), panel.next_periods(ahead)
    every = panel.periods.append(wanted)
    absent = wanted.difference(days)
    problems = []
    if len(absent):
        are = "is" if len(absent) == 1 else "are"
        problems.append(f"{_count(len(absent), 'period')} of the horizon {are} missing, first: {absent[0]:%Y-%m-%d}")
    between = (days >= every[0]) & (days <= every[-1]) & ~days.isin(every)
    for problem, wrong in (("period is none of the history's", between), ("period repeats", days.duplicated())):
        if wrong.any():
            problems.append(f"{problem} {in_rows(int(wrong.sum()))}, first: {days[wrong].min():%Y-%m-%d}")
    return problems


def _unusable_numbers(table: pd.DataFrame, panel: DemandPanel, ahead: int) -> list[str]:
    """Return what is wrong with the numbers of the history and the horizon."""
    every = panel.periods.append(panel.next_periods(ahead))
    told = table.drop_duplicates("period").set_index("period").reindex(every)
    problems = []
    for name in told.columns:
        cells = told[name]
        if pd.api.types.is_complex_dtype(cells):
            problems.append(f"{name} is no real number")
        elif pd.api.types.is_numeric_dtype(cells):
            numbers = cells.to_numpy(dtype="float64", na_value=np.nan)
            problems += _told(f"{name} is infinite in", np.isinf(numbers), every)
            problems += _told(f"{name} is not known in", np.isnan(numbers) & (name == PRICE), every)
    return problems


def _told(problem: str, wrong: np.ndarray, every: pd.DatetimeIndex) -> list[str]:
    return [f"{problem} {_count(int(wrong.sum()), 'period')}, first: {every[wrong][0]:%Y-%m-%d}"] if wrong.any() else []


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
