"""Marginal analysis: the next unit goes where it saves most backorders for its money."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc

_RARE = 1e-13  # backorders that no longer count


def poisson_shortage(mean: ArrayLike, stock: ArrayLike) -> np.ndarray:
    """Return expected backorders E[(D - S)⁺] of Poisson demand.

    Parameters
    ----------
    mean : array_like
        Mean demand over the lead time. [units]
    stock : array_like
        Whole units, 0 or more.

    Returns
    -------
    ndarray
        [units]

    References
    ----------
    Sherbrooke, Optimal Inventory Modeling of Systems, 2e, sec. 2.5 (expected backorders).

    Examples
    --------
    >>> poisson_shortage([1.0, 0.5, 2.0], [2, 0, 4]).sum().round(5)
    np.float64(0.67878)
    """
    rate, level = np.asarray(mean, dtype=float), np.asarray(stock, dtype=float)
    above = gammainc(level + 1.0, rate)
    from_it = np.where(level > 0, gammainc(np.maximum(level, 1.0), rate), 1.0)
    return np.maximum(rate * from_it - level * above, 0.0)


def greedy_poisson_stock(mean: ArrayLike, unit_cost: ArrayLike, budget: float) -> np.ndarray:
    """Return the whole stocks of marginal analysis for a budget: least total backorders of those on the frontier.

    Parameters
    ----------
    mean : array_like
        Mean Poisson demand over the lead time, (items,). [units]
    unit_cost : array_like
        Above 0. [currency/unit]
    budget : float
        [currency]

    Returns
    -------
    ndarray
        S, (items,). The best any stocks can do for the money they cost; the budget is used up to the first unit that
        it does not cover. [units]

    References
    ----------
    Sherbrooke, Optimal Inventory Modeling of Systems, 2e, ch. 2 (marginal analysis); Fox (1966), Discrete optimization
    via marginal analysis, Management Science 13(3).

    Examples
    --------
    >>> greedy_poisson_stock([1.0, 0.5, 2.0], [10.0, 30.0, 5.0], 70.0).tolist()
    [2.0, 1.0, 4.0]
    """
    rate, cost = np.asarray(mean, dtype=float), np.asarray(unit_cost, dtype=float)
    item, gain = _next_units(rate, cost, budget)
    order = np.lexsort((item, -gain))
    bought = order[: np.searchsorted(np.cumsum(cost[item[order]]), budget * (1 + 1e-12), side="right")]
    return np.bincount(item[bought], minlength=len(rate)).astype(float)


def _next_units(rate: np.ndarray, cost: np.ndarray, budget: float) -> tuple[np.ndarray, np.ndarray]:
    """Return every unit that could be bought: whose it is, and backorders it saves per money."""
    items, gains = [], []
    level, left = 0, np.arange(len(rate))
    while left.size:
        saved = poisson_shortage(rate[left], level) - poisson_shortage(rate[left], level + 1)
        worth = (saved > _RARE) & (cost[left] * (level + 1) <= budget * (1 + 1e-12))
        left = left[worth]
        items.append(left)
        gains.append(saved[worth] / cost[left])
        level += 1
    return np.concatenate(items) if items else np.empty(0, dtype=int), np.concatenate(gains) if gains else np.empty(0)
