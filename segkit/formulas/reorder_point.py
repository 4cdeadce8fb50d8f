"""The least reorder point or order-up-to level that gives a service target, and what one target means in the other.

Every function names its measure: cycle_service (P1) or fill_rate (P2). Counts get the least whole number that is
enough.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, loss
from segkit.formulas.service_measures import fill_rate, order_up_to_fill_rate, review_fill_rate
from segkit.formulas.stock_search import falling_root, least_whole, require_share

_ROUNDING = 1e-12


def stock_for_cycle_service(demand: Demand, cycle_service: ArrayLike) -> np.ndarray:
    """Return the least stock that covers demand until the next arrival with probability P1.

    Parameters
    ----------
    demand : Demand
        Over the lead time for a reorder point, over lead time and review for an order-up-to level [units].
    cycle_service : array_like
        P1, between 0 and 1.

    Returns
    -------
    ndarray
        Reorder point s, or order-up-to level S [units].

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    References
    ----------
    Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import NegativeBinomial, Normal, Poisson
    >>> [float(stock_for_cycle_service(one, 0.95).round(3)) for one in (Normal(2, 8**0.5), NegativeBinomial(2, 8))]
    [6.652, 8.0]
    """
    return demand.quantile(require_share("cycle_service", cycle_service))


def reorder_point_for_fill_rate(demand: Demand, order_quantity: ArrayLike, target: ArrayLike) -> np.ndarray:
    """Return the least reorder point s of (s, Q) that serves the share P2 of units from stock, others waiting.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    order_quantity : array_like
        Q [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Returns
    -------
    ndarray
        s; below zero where the lot alone gives more than the target [units].

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    References
    ----------
    Nahmias & Olsen, Production and Operations Analysis, 7e, chapter 5; Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(reorder_point_for_fill_rate(Normal(5000, 500 * 2**0.5), 10_000, 0.975).round(3))
    5066.698
    """
    lot, share = np.asarray(order_quantity, dtype=float), require_share("fill_rate", target)
    return _least_stock(demand, lambda stock: share - fill_rate(demand, stock, lot), lot)


def reorder_point_for_fill_rate_with_lost_sales(
    demand: Demand, order_quantity: ArrayLike, target: ArrayLike
) -> np.ndarray:
    """Return the least reorder point s of (s, Q) that serves the share P2 of units, others being lost.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    order_quantity : array_like
        Q, above zero [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Returns
    -------
    ndarray
        s, at least 0, where loss(s) = Q·(1 - P2) / P2; missing where it is not below Q, as then orders overlap [units].

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    References
    ----------
    Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(reorder_point_for_fill_rate_with_lost_sales(Poisson(4), 12, 0.95))
    5.0
    """
    lot, share = np.asarray(order_quantity, dtype=float), require_share("fill_rate", target)
    allowed = lot * (1 - share) / share
    s = np.maximum(_least_stock(demand, lambda stock: loss(demand, stock) - allowed, lot), 0.0)
    return np.where(s < lot, s, np.nan)


def order_up_to_for_fill_rate(exposure: Demand, lead_time_demand: Demand, target: ArrayLike) -> np.ndarray:
    """Return the least level S of (R, S) that serves the share P2 of units from stock, others waiting.

    Parameters
    ----------
    exposure : Demand
        Over lead time and review [units].
    lead_time_demand : Demand
        Over the lead time alone, of the same kind [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Returns
    -------
    ndarray
        S, at least 0 [units].

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    References
    ----------
    Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(order_up_to_for_fill_rate(Poisson(6), Poisson(4), 0.95))
    10.0
    """
    share = require_share("fill_rate", target)
    lack = _least_stock(
        exposure, lambda stock: share - order_up_to_fill_rate(exposure, lead_time_demand, stock), exposure.mean
    )
    return np.maximum(lack, 0.0)


def review_reorder_point_for_fill_rate(
    exposure: Demand, lead_time_demand: Demand, order_quantity: ArrayLike, target: ArrayLike
) -> np.ndarray:
    """Return the least reorder point s of (R, s, nQ) that serves the share P2 of units from stock, others waiting.

    Parameters
    ----------
    exposure : Demand
        Over lead time and review [units].
    lead_time_demand : Demand
        Over the lead time alone, of the same kind [units].
    order_quantity : array_like
        Q, above zero [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Returns
    -------
    ndarray
        s; below zero where the lot alone gives more than the target [units].

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 5.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> [float(review_reorder_point_for_fill_rate(Poisson(6), Poisson(4), lot, 0.95)) for lot in (1, 12)]
    [9.0, 6.0]
    """
    lot, share = np.asarray(order_quantity, dtype=float), require_share("fill_rate", target)
    return _least_stock(exposure, lambda s: share - review_fill_rate(exposure, lead_time_demand, s, lot), lot)


def fill_rate_of_cycle_service(demand: Demand, order_quantity: ArrayLike, cycle_service: ArrayLike) -> np.ndarray:
    """Return the fill_rate (P2) of the (s, Q) rule whose reorder point gives a cycle_service (P1).

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    order_quantity : array_like
        Q [units].
    cycle_service : array_like
        P1, between 0 and 1.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(fill_rate_of_cycle_service(Normal(5000, 500 * 2**0.5), 10_000, 0.92135).round(6))
    0.997487
    """
    return fill_rate(demand, stock_for_cycle_service(demand, cycle_service), order_quantity)


def cycle_service_of_fill_rate(demand: Demand, order_quantity: ArrayLike, target: ArrayLike) -> np.ndarray:
    """Return the cycle_service (P1) of the (s, Q) rule whose reorder point gives a fill_rate (P2).

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    order_quantity : array_like
        Q [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(cycle_service_of_fill_rate(Normal(5000, 500 * 2**0.5), 10_000, 0.997487).round(4))
    0.9213
    """
    return demand.at_most(reorder_point_for_fill_rate(demand, order_quantity, target))


def _least_stock(demand: Demand, lack: Callable[[np.ndarray], np.ndarray], lot: ArrayLike) -> np.ndarray:
    """Return the least stock at which nothing lacks any more; no rule starts to serve at less than -Q."""
    start = demand.mean + 0.0 * lack(demand.mean)
    if demand.whole:
        return least_whole(lambda stock: lack(stock) <= _ROUNDING, start, -np.maximum(np.ceil(lot), 0.0))
    return falling_root(lack, start, np.maximum(np.sqrt(demand.variance), 1e-6 * (1.0 + np.abs(demand.mean))))
