"""Promised dates: quantiles of the company's own delivery times, mixed with those of the group above where few."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import DataError
from segkit.formulas.censored_quantiles import shrunk_quantiles
from segkit.promising.reliability.explanation import explain_groups
from segkit.promising.reliability.history import DeliveryHistory, day_numbers, read_history
from segkit.promising.reliability.levels import calibrate_levels
from segkit.promising.reliability.memory import Memory, choose_memory, horizon_of, past_promises, recency
from segkit.promising.reliability.requirements import require_columns_of, require_day, require_shares, require_tables


def promise_dates(
    deliveries: pd.DataFrame,
    lines: pd.DataFrame,
    *,
    by: Sequence[str],
    as_of: pd.Timestamp | str | None = None,
    reliability: Sequence[float] = (0.8, 0.9, 0.95),
) -> pd.DataFrame:
    """Promise for every line the day by which it is there with a stated reliability, from the company's own deliveries.

    Parameters
    ----------
    deliveries : DataFrame
        start_date (day of the order, or the scheduled day), delivered_date (blank = still open on ``as_of``) and the
        columns of ``by``. Lines that were cancelled do not belong in it.
    lines : DataFrame
        start_date and the columns of ``by``. A line is taken to be open still on ``as_of``, also one that could have
        come before its start_date.
    by : sequence of str
        Columns that part the groups, most general first; none = one group. Where a cell is blank, or its value is new,
        the group above decides.
    as_of : Timestamp or str, optional
        Last known day: what was delivered later is open, what began later is not known. Default: the last
        delivered_date.
    reliability : sequence of float
        Shares of the lines that are to be there by the promised day [0-1].

    Returns
    -------
    DataFrame
        ``lines`` in their order with, for a reliability of 0.9, promised_p90 = the day; chance_p90 = chance that the
        line is there by the end of that day, earlier_p90 = before that day (days are whole, so that the chance is often
        above 0.9). Then what stood behind it: decided_by = group that weighs most, decided_weight [0-1],
        group_deliveries and group_open = its deliveries, all_deliveries = those of all groups, memory_days = age at
        which a delivery counts half (blank = all count the same). A day is blank where so many lines are not
        delivered by any day seen so far.

    Raises
    ------
    DataError
        Columns or start dates are missing, dates are no dates (text is not read as dates), a column of ``by`` is
        numbers in one table and text in the other, a reliability is not between 0 and 1.

    Notes
    -----
    Days from start to delivery, below 0 where it came before its scheduled day, are a distribution per group. Open
    deliveries count as long as they were seen to be open (Kaplan-Meier). A group of n deliveries keeps n / (n + k) of
    its own and takes the rest from the group above. How old deliveries fade, and k, are chosen by the first column
    of ``by`` and by how far ahead the promise is, on promises from 16 past days (pinball loss at 80, 90 and 95 %,
    whatever is asked for); levels are then moved to those that past promises would have needed, as far as that stands
    out of their noise and had paid on past days.

    References
    ----------
    Kaplan & Meier (1958), JASA 53, 457-481; Susarla & Van Ryzin (1976), JASA 71, 897-902 (the mixture with open
    deliveries); Powell (1986), Journal of Econometrics 32, 143-155 (loss of quantiles where times are cut off).

    Examples
    --------
    >>> start = pd.to_datetime(["2025-03-03"] * 5)
    >>> came = pd.DataFrame({"start_date": start, "delivered_date": start + pd.to_timedelta([2, 2, 3, 3, 9], "D")})
    >>> line = pd.DataFrame({"start_date": pd.to_datetime(["2025-04-07"])})
    >>> promise_dates(came, line, by=[], reliability=[0.8])[["promised_p80", "chance_p80"]].values.tolist()
    [[Timestamp('2025-04-10 00:00:00'), 0.8]]
    """
    shares = require_shares(reliability)
    dates = {"deliveries": ["start_date", "delivered_date"], "lines": ["start_date"]}
    names = require_columns_of(by)
    require_tables({"deliveries": deliveries, "lines": lines}, dates, names)
    history = read_history(deliveries, lines, names, require_day(as_of))
    made = pd.DataFrame(_columns(history, day_numbers(lines["start_date"]), shares), index=lines.index)
    made["decided_by"] = made["decided_by"].astype("str")
    if both := [str(name) for name in made if name in lines]:
        raise DataError(f"lines has columns that promises are written to: {', '.join(both)}\nRename or drop them.")
    return pd.concat([lines, made], axis=1)


@dataclass(frozen=True)
class _Asked:
    """What is asked for every line: its group, its branch and horizon as one number, the first day it can come."""

    group: np.ndarray
    cell: np.ndarray
    first: np.ndarray


def _columns(history: DeliveryHistory, start: np.ndarray, shares: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns that a promise adds."""
    judged = past_promises(history)
    memory = calibrate_levels(history, judged, choose_memory(history, judged))
    group = history.line_group
    cell = memory.branch_of[group] * memory.half_life.shape[1] + horizon_of(start - history.as_of)
    asked = _Asked(group, cell, np.searchsorted(history.support, history.as_of - start))
    step, before, until = _quantiles(history, memory, asked, shares)
    days, never = np.append(history.support, 0)[step], step == len(history.support)
    columns: dict[str, np.ndarray] = {}
    for place, share in enumerate(shares):
        name = f"p{100 * share:g}"
        date = (start + days[:, place]).astype("datetime64[D]").astype("datetime64[us]")
        columns[f"promised_{name}"] = np.where(never[:, place], np.datetime64("NaT"), date)
        columns[f"chance_{name}"] = memory.stated(cell, until[:, place])
        columns[f"earlier_{name}"] = memory.stated(cell, before[:, place])
    return {**columns, **explain_groups(history, memory, group, cell)}


def _quantiles(
    history: DeliveryHistory, memory: Memory, asked: _Asked, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return step, share before and share until its end, for every line and reliability."""
    tree, age = history.known_on(history.as_of)
    shape = (len(asked.group), len(shares))
    step, before, until = np.full(shape, tree.steps), np.full(shape, np.nan), np.full(shape, np.nan)
    wanted = memory.asked_levels(shares)
    for half_life, worth, own in memory.parts(asked.cell):
        own = own[np.argsort(asked.group[own], kind="stable")]
        mixing = np.full(history.depth.max() + 1, worth)
        lines = asked.group[own], asked.first[own]
        found = shrunk_quantiles(tree, recency(age, half_life), mixing, lines, wanted[asked.cell[own]])
        step[own], before[own], until[own] = found
    return step, before, until
