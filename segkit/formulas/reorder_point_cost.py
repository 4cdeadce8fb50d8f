"""The reorder point of least cost for a given lot, by what a shortage costs, and the service that it is worth.

A shortage may cost per unit short (B2), per unit and time it waits (B3), or per cycle with a shortage (B1). Each gives
a service target: P1 for B2, P2 for B3; B1 gives a safety factor.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand
from segkit.formulas.newsvendor import critical_ratio
from segkit.formulas.reorder_point import reorder_point_for_fill_rate


def cycle_service_worth_its_cost(
    order_quantity: ArrayLike, demand_rate: ArrayLike, holding_cost: ArrayLike, shortage_cost: ArrayLike
) -> np.ndarray:
    """Return the cycle_service (P1) of least cost where each unit that waits costs once (B2): 1 - h·Q / (p·D).

    Parameters
    ----------
    order_quantity : array_like
        Q [units].
    demand_rate : array_like
        D [units/year].
    holding_cost : array_like
        h [currency/unit/year].
    shortage_cost : array_like
        p, cost of a unit short, however long it waits [currency/unit].

    Returns
    -------
    ndarray
        At least 0: there a safety stock is not worth its cost at all. Missing without demand or cost.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 4; Nahmias & Olsen 7e, chapter 5.

    Examples
    --------
    >>> float(cycle_service_worth_its_cost(100, 200, 2, 25).round(4))
    0.96
    """
    waste = np.asarray(holding_cost, dtype=float) * np.asarray(order_quantity, dtype=float)
    at_stake = np.asarray(shortage_cost, dtype=float) * np.asarray(demand_rate, dtype=float)
    missed = np.divide(waste, at_stake, out=np.full(np.broadcast(waste, at_stake).shape, np.nan), where=at_stake > 0)
    return np.maximum(1.0 - missed, 0.0)


def cycle_service_worth_its_cost_with_lost_sales(
    order_quantity: ArrayLike, demand_rate: ArrayLike, holding_cost: ArrayLike, shortage_cost: ArrayLike
) -> np.ndarray:
    """Return the cycle_service (P1) of least cost where each unit short is lost: p·D / (p·D + h·Q).

    Parameters
    ----------
    order_quantity : array_like
        Q [units].
    demand_rate : array_like
        D [units/year].
    holding_cost : array_like
        h [currency/unit/year].
    shortage_cost : array_like
        p, cost of a unit lost, its margin included [currency/unit].

    Returns
    -------
    ndarray
        Missing without demand or cost.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 4.

    Examples
    --------
    >>> float(cycle_service_worth_its_cost_with_lost_sales(100, 200, 2, 25).round(4))
    0.9615
    """
    waste = np.asarray(holding_cost, dtype=float) * np.asarray(order_quantity, dtype=float)
    return critical_ratio(waste, np.asarray(shortage_cost, dtype=float) * np.asarray(demand_rate, dtype=float))


def reorder_point_by_waiting_cost(
    demand: Demand, order_quantity: ArrayLike, holding_cost: ArrayLike, waiting_cost: ArrayLike
) -> np.ndarray:
    """Return the reorder point of least cost where waiting costs by units and time (B3).

    Service measure: the fill_rate (P2) at the optimum is p / (h + p); counts come next to it.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    order_quantity : array_like
        Q [units].
    holding_cost : array_like
        h, above zero [currency/unit/year].
    waiting_cost : array_like
        p, above zero [currency/unit/year].

    Returns
    -------
    ndarray
        s, where the cost rate at s is that at s + Q [units].

    Raises
    ------
    ValueError
        Where a cost is zero: no finite stock is best.

    References
    ----------
    Zipkin, Foundations of Inventory Management, chapter 6; Snyder & Shen 2e, eq. 5.9.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(reorder_point_by_waiting_cost(Normal(1300 / 12, 150 / 12**0.5), 308.573780, 0.225, 7.5).round(4))
    128.6378
    """
    served = critical_ratio(holding_cost, waiting_cost)
    return reorder_point_for_fill_rate(demand, order_quantity, served) - float(demand.whole)


def safety_factor_by_occasion_cost(
    order_quantity: ArrayLike, demand_rate: ArrayLike, deviation: ArrayLike, holding_cost: ArrayLike, cost: ArrayLike
) -> np.ndarray:
    """Return the safety factor of least cost where a cycle with a shortage costs once (B1), demand normal.

    Service measure: cycle_service (P1) = Φ(k), with k = √(2·ln(B1·D / (√(2π)·Q·h·sd))).

    Parameters
    ----------
    order_quantity : array_like
        Q [units].
    demand_rate : array_like
        D [units/year].
    deviation : array_like
        Of demand over the lead time [units].
    holding_cost : array_like
        h [currency/unit/year].
    cost : array_like
        B1, cost of a cycle with a shortage [currency].

    Returns
    -------
    ndarray
        k; 0 where no safety stock is worth its cost; infinite where holding is free.

    References
    ----------
    Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> float(safety_factor_by_occasion_cost(85, 200, 10, 0.6, 300).round(2))
    2.77
    """
    at_stake = np.asarray(cost, dtype=float) * np.asarray(demand_rate, dtype=float)
    lot, deviation, holding = (np.asarray(one, dtype=float) for one in (order_quantity, deviation, holding_cost))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(2 * np.log(np.maximum(at_stake / (np.sqrt(2 * np.pi) * lot * holding * deviation), 1.0)))
