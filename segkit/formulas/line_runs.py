"""Runs of order lines to size stock on: a history cut into blocks of days and put together anew, lead times drawn."""

from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

from segkit.formulas.line_inputs import OrderLines
from segkit.formulas.replay_inputs import require

WEEK = 7


def redraw_lines(
    lines: OrderLines, span_days: ArrayLike, *, runs: int, blocks: int, block_days: int = 4 * WEEK, seed: int = 0
) -> OrderLines:
    """Return runs of every item's lines, each made of blocks of days of its history drawn with replacement.

    Parameters
    ----------
    lines : OrderLines
        History of each item, its time from the item's own begin.
    span_days : array_like
        Length of each item's history (items,), at least a block. [days]
    runs : int
        Runs of each item.
    blocks : int
        Blocks of each run.
    block_days : int
        Length of a block; whole weeks, so that weekdays stay what they are. [days]
    seed : int
        Of the draw.

    Returns
    -------
    OrderLines
        ``item`` counts runs: those of the first item, then those of the second, ...; times from 0 to
        ``blocks * block_days``. Lines of a block keep their order and distances.

    Raises
    ------
    ValueError
        Where a history is shorter than a block, or a block is no whole weeks.

    Notes
    -----
    A block begins at a whole week of the history. What is drawn depends on the days of the item's lines alone, not on
    its number, its unit of count or other items.

    References
    ----------
    Künsch (1989), The jackknife and the bootstrap for general stationary observations, Annals of Statistics 17(3)
    (moving blocks).

    Examples
    --------
    >>> history = OrderLines([0, 0], [1.0, 5.5], [0, 1], [3, 4])
    >>> drawn = redraw_lines(history, [7], runs=2, blocks=1, block_days=7)
    >>> drawn.item.tolist(), drawn.time_days.tolist()
    ([0, 0, 1, 1], [1.0, 5.5, 1.0, 5.5])
    """
    span = np.asarray(span_days, dtype=float)
    require(block_days > 0 and block_days % WEEK == 0, "a block is one or more whole weeks")
    require(bool((span >= block_days).all()), "a history is shorter than a block")
    item, time = np.asarray(lines.item, dtype=np.int64), np.asarray(lines.time_days, dtype=float)
    order = np.lexsort((time, item))
    begin = np.searchsorted(item[order], np.arange(len(span) + 1))
    rows, run, moved = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for number, length in enumerate(span):
        mine = time[order[begin[number] : begin[number + 1]]]
        rng = np.random.default_rng([seed, crc32(mine.astype(np.int64).tobytes())])
        start = WEEK * rng.integers(0, int((length - block_days) // WEEK) + 1, (runs, blocks)).ravel()
        first, last = np.searchsorted(mine, start), np.searchsorted(mine, start + block_days)
        block = np.repeat(np.arange(runs * blocks), last - first)
        within = np.arange(len(block)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
        picked = first[block] + within
        rows.append(order[begin[number] + picked])
        run.append(number * runs + block // blocks)
        moved.append(mine[picked] - start[block] + block % blocks * block_days)
    taken = np.concatenate(rows)
    parts = (np.asarray(lines.demand_class)[taken], np.asarray(lines.quantity)[taken])
    return OrderLines(np.concatenate(run), np.concatenate(moved), *parts)


def draw_lead_times(mean: ArrayLike, sd: ArrayLike, *, runs: int, orders: int, seed: int = 0) -> np.ndarray:
    """Return lead times with a mean and a standard deviation: gamma, as they are not below 0 and late at most.

    Parameters
    ----------
    mean, sd : array_like
        Of each item (items,); where either is 0 every lead time is the mean. [days]
    runs, orders : int
        Runs of each item, and orders of each run.
    seed : int
        Of the draw; the draws of all items are alike, so that items differ by mean and deviation only.

    Returns
    -------
    ndarray
        Shape (items * runs, orders). [days]

    Examples
    --------
    >>> draw_lead_times([3.0], [0.0], runs=1, orders=2).tolist()
    [[3.0, 3.0]]
    """
    mean, sd = np.asarray(mean, dtype=float), np.asarray(sd, dtype=float)
    require(bool((mean >= 0).all() and (sd >= 0).all()), "a lead time or its deviation is below 0, or missing")
    chance = np.random.default_rng(seed).random((runs, orders))
    varies = (sd > 0) & (mean > 0)
    drawn = np.repeat(mean[:, None, None], runs, axis=1).repeat(orders, axis=2)
    shape = np.square(mean[varies] / sd[varies])[:, None, None]
    drawn[varies] = gammaincinv(shape, chance) * (np.square(sd[varies]) / mean[varies])[:, None, None]
    return drawn.reshape(-1, orders)
