"""Lots for known demand that differs by period: the least cost, and rules that need not see the whole horizon.

No service measure: every period's demand is met; what is bought ahead is held at the end of each period until needed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class LotPlan:
    """Lots, shape (series, periods) [units], and their cost, shape (series,) [currency]."""

    lots: np.ndarray
    cost: np.ndarray


def wagner_whitin(demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike) -> LotPlan:
    """Return the lots of least cost.

    Parameters
    ----------
    demand : array_like
        Shape (series, periods) or (periods,), not negative [units].
    order_cost : array_like
        K of an order in each period: one, or of a shape that broadcasts to that of demand [currency].
    holding_cost : array_like
        h of a unit held at the end of each period, likewise [currency/unit].

    Returns
    -------
    LotPlan
        The later order among equals. Starts without stock.

    Raises
    ------
    ValueError
        Where demand or a cost is negative or missing.

    References
    ----------
    Wagner & Whitin (1958), Management Science 5(1); Snyder & Shen 2e, eq. 3.39.

    Examples
    --------
    >>> plan = wagner_whitin([90, 120, 80, 70], 500, 2)
    >>> plan.lots.tolist(), plan.cost.tolist()
    ([[210.0, 0.0, 150.0, 0.0]], [1380.0])
    """
    return _planned(_wagner_whitin, demand, order_cost, holding_cost)


def silver_meal(demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike) -> LotPlan:
    """Return lots that each cover periods as long as the cost per period falls.

    Parameters
    ----------
    demand : array_like
        Shape (series, periods) or (periods,), not negative [units].
    order_cost : array_like
        K of an order in each period, as `wagner_whitin` takes it [currency].
    holding_cost : array_like
        h of a unit held at the end of each period, likewise [currency/unit].

    Returns
    -------
    LotPlan
        Starts without stock, in the first period with demand.

    Raises
    ------
    ValueError
        Where demand or a cost is negative or missing.

    References
    ----------
    Silver & Meal (1973); Silver, Pyke & Thomas, 4e, chapter 5.

    Examples
    --------
    >>> silver_meal([18, 30, 42, 5, 20], 80, 2).lots.tolist()
    [[48.0, 0.0, 47.0, 0.0, 20.0]]
    """
    return _planned(_silver_meal, demand, order_cost, holding_cost)


def least_unit_cost(demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike) -> LotPlan:
    """Return lots that each cover periods as long as the cost per unit falls.

    Parameters
    ----------
    demand : array_like
        Shape (series, periods) or (periods,), not negative [units].
    order_cost : array_like
        K of an order in each period, as `wagner_whitin` takes it [currency].
    holding_cost : array_like
        h of a unit held at the end of each period, likewise [currency/unit].

    Returns
    -------
    LotPlan
        Starts without stock, in the first period with demand.

    Raises
    ------
    ValueError
        Where demand or a cost is negative or missing.

    References
    ----------
    Nahmias & Olsen, Production and Operations Analysis, 7e, chapter 8.

    Examples
    --------
    >>> least_unit_cost([18, 30, 42, 5, 20], 80, 2).lots.tolist()
    [[48.0, 0.0, 42.0, 25.0, 0.0]]
    """
    return _planned(_least_unit_cost, demand, order_cost, holding_cost)


def lot_plan_cost(lots: ArrayLike, demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike) -> np.ndarray:
    """Return what lots cost: orders, and stock at the end of each period.

    Parameters
    ----------
    lots, demand : array_like
        Shape (series, periods) [units].
    order_cost : array_like
        K of an order in each period, as `wagner_whitin` takes it [currency].
    holding_cost : array_like
        h of a unit held at the end of each period, likewise [currency/unit].

    Returns
    -------
    ndarray
        Shape (series,); missing where the lots leave a period short [currency].

    Examples
    --------
    >>> lot_plan_cost([[90, 120, 150, 0]], [[90, 120, 80, 70]], 500, 2).tolist()
    [1640.0]
    """
    lots, demand, order, holding = np.broadcast_arrays(
        *(np.asarray(one, dtype=float) for one in (lots, demand, order_cost, holding_cost))
    )
    stock = np.cumsum(lots - demand, axis=-1)
    noise = 1e-9 * (1.0 + np.cumsum(demand, axis=-1))
    cost = (order * (lots > 0) + holding * np.maximum(stock, 0.0)).sum(-1)
    return np.where((stock < -noise).any(-1), np.nan, cost)


def _planned(
    kernel: Callable[..., np.ndarray], demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike
) -> LotPlan:
    arrays = np.broadcast_arrays(
        np.atleast_2d(np.asarray(demand, dtype=float)),
        *(np.asarray(c, dtype=float) for c in (order_cost, holding_cost)),
    )
    if not all((one >= 0).all() for one in arrays):
        raise ValueError("demand and costs must be known and not negative")
    demand, order, holding = (np.array(one) for one in arrays)
    lots = kernel(demand, order, holding)
    return LotPlan(lots, lot_plan_cost(lots, demand, order, holding))


@njit(cache=True, nogil=True, parallel=True)
def _wagner_whitin(demand, order, holding):  # type: ignore[no-untyped-def]
    series, periods = demand.shape
    lots = np.zeros((series, periods))
    for row in prange(series):
        least, begun = np.full(periods + 1, np.inf), np.zeros(periods + 1, dtype=np.int64)
        least[0] = 0.0
        for first in range(periods):
            if demand[row, first] == 0.0 and least[first] <= least[first + 1]:
                least[first + 1], begun[first + 1] = least[first], -1
            cost, carried = least[first] + order[row, first], 0.0
            for last in range(first, periods):
                if last > first:
                    carried += holding[row, last - 1]
                    cost += carried * demand[row, last]
                if cost <= least[last + 1]:
                    least[last + 1], begun[last + 1] = cost, first
        end = periods
        while end > 0:
            first = begun[end]
            if first >= 0:
                lots[row, first] = demand[row, first:end].sum()
                end = first
            else:
                end -= 1
    return lots


@njit(cache=True, nogil=True)
def _covered(demand, order, holding, first, by_unit):  # type: ignore[no-untyped-def]
    """Return the period after the last that a lot covers: the cost per period, or unit, no longer falls."""
    cost, carried, units = order[first], 0.0, demand[first]
    ratio = cost / (units if by_unit else 1.0)
    for last in range(first + 1, demand.size):
        carried += holding[last - 1]
        cost += carried * demand[last]
        units += demand[last]
        found = cost / (units if by_unit else last - first + 1.0)
        if found > ratio:
            return last
        ratio = found
    return demand.size


@njit(cache=True, nogil=True)
def _forward(demand, order, holding, by_unit):  # type: ignore[no-untyped-def]
    lots = np.zeros(demand.shape)
    for row in range(demand.shape[0]):
        first = 0
        while first < demand.shape[1]:
            if demand[row, first] == 0.0:
                first += 1
                continue
            end = _covered(demand[row], order[row], holding[row], first, by_unit)
            lots[row, first] = demand[row, first:end].sum()
            first = end
    return lots


def _silver_meal(demand: np.ndarray, order: np.ndarray, holding: np.ndarray) -> np.ndarray:
    return _forward(demand, order, holding, False)


def _least_unit_cost(demand: np.ndarray, order: np.ndarray, holding: np.ndarray) -> np.ndarray:
    return _forward(demand, order, holding, True)
