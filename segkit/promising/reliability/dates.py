"""Promised dates: quantiles of the company's own delivery times, shrunk where data are few, kept honest by past promises."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.formulas.censored_quantiles import shrunk_quantiles
from segkit.promising.reliability.history import DeliveryHistory, day_numbers, read_history
from segkit.promising.reliability.memory import GRID, Memory, choose_memory, horizon_of, recency


def promise_dates(
    deliveries: pd.DataFrame,
    lines: pd.DataFrame,
    *,
    by: Sequence[str],
    as_of: pd.Timestamp | str | None = None,
    reliability: Sequence[float] = (0.8, 0.9, 0.95),
) -> pd.DataFrame:
    """Promise for each line the day by which it is delivered with a given reliability, from the company's own deliveries.

    Parameters
    ----------
    deliveries : DataFrame
        start_date (day of the order, or the scheduled day), delivered_date (blank = still open) and the columns of
        ``by``.
    lines : DataFrame
        start_date and the columns of ``by``.
    by : sequence of str
        Columns that part the groups, most general first; none = one group.
    as_of : Timestamp or str, optional
        Last known day; default: the last delivered_date.
    reliability : sequence of float
        Shares of lines that are to be delivered by the promised day [0-1, both excluded].

    Returns
    -------
    DataFrame
        ``lines``.
    """
    when = None if as_of is None else pd.Timestamp(as_of)
    history = read_history(deliveries, lines, by, when)
    memory = choose_memory(history)
    start = day_numbers(lines["start_date"])
    found = _ask(history, memory, start, np.sort(np.asarray(reliability, dtype=float)))
    return lines.assign(**found)


def _ask(history: DeliveryHistory, memory: Memory, start: np.ndarray, reliability: np.ndarray) -> dict:
    group, horizon = history.line_group, horizon_of(start - history.as_of)
    branch = memory.branch_of[group]
    half_life, worth = memory.half_life[branch, horizon], memory.worth[branch, horizon]
    wanted = _calibrated(memory, branch, horizon, reliability)
    open_until = np.searchsorted(history.support, history.as_of - start)
    tree, age = history.known_on(history.as_of)
    shape = (len(start), len(reliability))
    step, before, until = np.full(shape, tree.steps), np.full(shape, np.nan), np.full(shape, np.nan)
    for half, k in np.unique(np.column_stack([half_life, worth]), axis=0):
        own = np.flatnonzero((half_life == half) & (worth == k))
        own = own[np.argsort(group[own], kind="stable")]
        asked = group[own], open_until[own]
        mixing = np.full(history.depth.max() + 1, k)
        step[own], before[own], until[own] = shrunk_quantiles(tree, recency(age, half), mixing, asked, wanted[own])
    days = np.append(history.support, 0)[step]
    columns = {}
    for place, level in enumerate(reliability):
        date = pd.Series((start + days[:, place]).astype("datetime64[D]").astype("datetime64[us]"))
        columns[f"promised_p{100 * level:g}"] = date.mask(step[:, place] == tree.steps).to_numpy()
        columns[f"chance_p{100 * level:g}"] = _stated(memory, branch, horizon, until[:, place])
        columns[f"earlier_p{100 * level:g}"] = _stated(memory, branch, horizon, before[:, place])
    return columns


def _calibrated(memory: Memory, branch: np.ndarray, horizon: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    grid = np.concatenate([[0.0], GRID, [1.0]])
    wanted = np.empty((*memory.half_life.shape, len(reliability)))
    for cell in np.ndindex(memory.half_life.shape):
        wanted[cell] = np.interp(reliability, grid, np.concatenate([[0.0], memory.levels[cell], [1.0]]))
    return wanted[branch, horizon]


def _stated(memory: Memory, branch: np.ndarray, horizon: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the chance that a share of the raw distribution stands for."""
    grid = np.concatenate([[0.0], GRID, [1.0]])
    made = np.full(len(share), np.nan)
    place = branch * memory.half_life.shape[1] + horizon
    for cell in np.unique(place):
        own = place == cell
        levels = memory.levels.reshape(-1, len(GRID))[cell]
        made[own] = np.interp(share[own], np.concatenate([[0.0], levels, [1.0]]), grid)
    return made
