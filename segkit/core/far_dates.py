"""Days that lie far from all others are mistyped, as a rule; pauses that are unusual are told."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows
from segkit.core.offenders import first_offenders
from segkit.core.periods import count_days, last_days, usual_pause
from segkit.core.tables import MarkedTable, Note

FAR = {"orders": "order date far from all others", "sales": "period far from all others"}
_DAY = {"orders": "order_date", "sales": "period"}
_LEAST_PAUSE = 366  # a season, or a year in which nothing was sold, parts no history
_USUAL_PAUSES = 20
_FEW = 0.01
_LONE = 20  # of so many rows one alone is few


def main_span(days: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and last day of the history to which nearly all rows belong.

    Parameters
    ----------
    days : Series of datetime64
        One per row, none missing.

    Returns
    -------
    tuple of Timestamp
        The days are parted where a pause is longer than a year and than twenty usual pauses (95th percentile). The
        part with most rows counts if the others hold less than 1 % of the rows (or one row of twenty or more); else
        the whole history does.

    Examples
    --------
    >>> days = pd.Series([*pd.date_range("2025-01-01", periods=40), pd.Timestamp("2052-01-03")])
    >>> [f"{day:%Y-%m-%d}" for day in main_span(days)]
    ['2025-01-01', '2025-02-09']
    """
    return counted_span(*count_days(days))


def counted_span(known: np.ndarray, rows: np.ndarray) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return what `main_span` does from the distinct days, in order, and the rows of each."""
    parts = _parts(known)
    held = np.bincount(parts, weights=rows)
    others = rows.sum() - held.max()
    few = others < _FEW * rows.sum() or (others == 1 and rows.sum() >= _LONE)
    kept = known[parts == held.argmax()] if few else known
    return pd.Timestamp(kept[0]), pd.Timestamp(kept[-1])


def set_far_dates_aside(table: MarkedTable, as_of: date, *, rule: str) -> MarkedTable:
    """Mark the rows of orders or sales whose day lies far from all others.

    Parameters
    ----------
    table : MarkedTable
        ``orders`` or ``sales``, cleaned and not yet cut.
    as_of : date
        Last day known. Rows up to it are judged by these alone, so that no later row changes what is known of them.
    rule : str
        ``set_aside`` or ``fail``: setting ``orders.far_dates``.

    Returns
    -------
    MarkedTable
        All rows.

    Raises
    ------
    DataError
        There are such rows, and the rule is to fail.
    """
    days = table.frame[_DAY[table.name]]
    usable = table.used & days.notna().to_numpy()
    known, rows = count_days(days[usable])
    until = known <= np.datetime64(as_of)
    outside = np.where(until, _outside(known, rows, until), _outside(known, rows, np.ones(len(known), dtype=bool)))
    if not outside.any():
        return table
    far = usable & days.dt.floor("D").isin(known[outside].astype("datetime64[us]")).to_numpy()
    reason = FAR[table.name]
    if rule == "fail":
        raise DataError(
            f"table '{table.name}' cannot be used:\n  {reason} {in_rows(int(far.sum()))}, first: "
            f"{first_offenders(table.frame[far])}\n"
            "Correct the dates, or set orders.far_dates = 'set_aside' in segkit.toml."
        )
    return replace(table, reason=table.reason.mask(far, reason))


def note_pauses(table: MarkedTable, as_of: date, *, step_days: int = 1) -> MarkedTable:
    """Note a pause after which a second history begins, and days before ``as_of`` on which nothing came.

    Parameters
    ----------
    table : MarkedTable
        ``orders`` or ``sales``, cut at ``as_of``.
    as_of : date
        Last day known.
    step_days : int
        Days that a row stands for.

    Returns
    -------
    MarkedTable
        The same rows.
    """
    days = table.frame[_DAY[table.name]]
    known, rows = count_days(days[table.used & days.notna().to_numpy()])
    if not known.size:
        return table
    parts = _parts(known)
    notes = []
    for place in np.flatnonzero(np.diff(parts)):
        gap = int((known[place + 1] - known[place]).astype(int))
        side = int(min(rows[: place + 1].sum(), rows[place + 1 :].sum()))
        fix = "If dates are mistyped, mend them; a pause in business needs nothing."
        notes.append(
            Note(f"no {table.name} between {known[place]} and {known[place + 1]} ({gap:,} days)", side, fix=fix)
        )
    end = last_days(pd.Series(known[-1:]), step_days).iloc[0]
    quiet = (pd.Timestamp(as_of) - end).days
    if quiet > (usual_pause(known) if step_days == 1 else 0):
        fix = "If the file ends too early, bring a newer one, or choose an earlier as_of."
        notes.append(Note(f"no {table.name} in the last {quiet:,} days before as_of", 0, 0.0, fix=fix))
    return replace(table, notes=table.notes + tuple(notes))


def _parts(known: np.ndarray) -> np.ndarray:
    """Return which part of the history each of its distinct days belongs to."""
    gaps = np.diff(known).astype(int)
    usual = np.quantile(gaps, 0.95, method="lower") if gaps.size else 0
    return np.append(0, np.cumsum(gaps > max(_LEAST_PAUSE, _USUAL_PAUSES * usual)))


def _outside(known: np.ndarray, rows: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Return which days lie outside the main span of those that are judged."""
    if not judged.any():
        return np.zeros(len(known), dtype=bool)
    first, last = counted_span(known[judged], rows[judged])
    return (known < np.datetime64(first)) | (known > np.datetime64(last))
