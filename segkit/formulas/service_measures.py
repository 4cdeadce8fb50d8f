"""What service a stock rule gives: cycle_service (P1) and fill_rate (P2), with the stock and the backorders it takes.

P1 is the probability that no unit waits in a cycle, P2 the share of units served from stock at once: the same reorder
point gives .92 of the one and .997 of the other. (s, Q) orders a lot Q as soon as the inventory position is down to s.
Demand is over the lead time L where stock is watched all the time. Under review every R periods `exposure` is demand
over L + R and `lead_time_demand` that over L: what is short in one review period is the difference of their losses.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, loss
from segkit.formulas.stock_search import require_not_negative


def cycle_service(demand: Demand, stock: ArrayLike) -> np.ndarray:
    """Return P1: the probability that demand until the next arrival is covered, for any order quantity.

    Parameters
    ----------
    demand : Demand
        Over the lead time for a reorder point, over lead time and review for an order-up-to level [units].
    stock : array_like
        Reorder point s or order-up-to level S [units].

    References
    ----------
    Chopra & Meindl, Supply Chain Management, 6e, chapter 12; Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(cycle_service(Normal(5000, 500 * 2**0.5), 6000).round(6))
    0.92135
    """
    return demand.at_most(stock)


def fill_rate(demand: Demand, reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """Return P2 of (s, Q) with backorders: 1 - (loss(s) - loss(s + Q)) / Q.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    reorder_point : array_like
        s, of the inventory position; whole for counts [units].
    order_quantity : array_like
        Q; 0 = one unit of flow at a time [units].

    Returns
    -------
    ndarray
        Share of units served from stock, which is also the ready rate (P3), the share of time with stock on hand;
        missing where the lot is.

    Raises
    ------
    ValueError
        Where a lot is negative.

    Notes
    -----
    Exact where customers want one unit, or flow, at a time. Where they want many at once stock falls below s before
    it is ordered (undershoot), and P2 is lower.

    References
    ----------
    Zipkin, Foundations of Inventory Management, chapter 6; Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(fill_rate(Normal(5000, 500 * 2**0.5), 6000, 10_000).round(6))
    0.997487
    """
    s, lot = np.asarray(reorder_point, dtype=float), np.asarray(order_quantity, dtype=float)
    require_not_negative(order_quantity=lot)
    tail, short, _ = demand.losses(s)
    short = short - loss(demand, s + lot)
    missed = np.divide(short, lot, out=np.broadcast_to(tail, np.shape(short)).copy(), where=lot > 0)
    return np.where(np.isnan(lot), np.nan, np.clip(1.0 - missed, 0.0, 1.0))


def fill_rate_with_lost_sales(demand: Demand, reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """Return P2 of (s, Q) where demand without stock is lost: Q / (Q + loss(s)).

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    reorder_point : array_like
        s, below Q: one order is under way at most [units].
    order_quantity : array_like
        Q, above zero [units].

    Returns
    -------
    ndarray
        Missing where s is not below Q: the formula does not hold where orders overlap.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 4; Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(fill_rate_with_lost_sales(Poisson(4), 5, 12).round(4))
    0.9669
    """
    s, lot = np.asarray(reorder_point, dtype=float), np.asarray(order_quantity, dtype=float)
    cycle = lot + loss(demand, s)
    return np.divide(lot, cycle, out=np.full(np.shape(cycle), np.nan), where=(s < lot) & (cycle > 0))


def order_up_to_fill_rate(exposure: Demand, lead_time_demand: Demand, order_up_to: ArrayLike) -> np.ndarray:
    """Return P2 of (R, S) with backorders: 1 - (loss over L + R less loss over L) / demand over R.

    Parameters
    ----------
    exposure : Demand
        Over lead time and review [units].
    lead_time_demand : Demand
        Over the lead time alone [units].
    order_up_to : array_like
        S, of the inventory position at each review [units].

    Returns
    -------
    ndarray
        1 where nothing is demanded.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 5; Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(order_up_to_fill_rate(Poisson(6), Poisson(4), 8).round(4))
    0.8598
    """
    short = loss(exposure, order_up_to) - loss(lead_time_demand, order_up_to)
    return _served(short, exposure.mean - lead_time_demand.mean)


def review_fill_rate(
    exposure: Demand, lead_time_demand: Demand, reorder_point: ArrayLike, order_quantity: ArrayLike
) -> np.ndarray:
    """Return P2 of (R, s, nQ) with backorders: at each review, as many lots Q as lift the position above s.

    Parameters
    ----------
    exposure : Demand
        Over lead time and review [units].
    lead_time_demand : Demand
        Over the lead time alone [units].
    reorder_point : array_like
        s; whole for counts [units].
    order_quantity : array_like
        Q, a pack or the least order, above zero [units].

    Returns
    -------
    ndarray
        1 where nothing is demanded. Exact, the undershoot at the review included.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 5; Zheng & Chen (1992), Naval Research Logistics 39.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(review_fill_rate(Poisson(6), Poisson(4), 7, 1).round(4))  # as (R, S) with S = 8
    0.8598
    """
    late, early = (average_backorders(demand, reorder_point, order_quantity) for demand in (exposure, lead_time_demand))
    return _served(late - early, exposure.mean - lead_time_demand.mean)


def average_backorders(demand: Demand, reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """Return the units waiting on average under (s, Q): (second loss(s) - second loss(s + Q)) / Q.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    reorder_point : array_like
        s; whole for counts [units].
    order_quantity : array_like
        Q, above zero [units].

    References
    ----------
    Zipkin, Foundations of Inventory Management, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(average_backorders(Poisson(4), 5, 1).round(4)), float(average_backorders(Poisson(4), 3, 5).round(4))
    (0.1954, 0.3011)
    """
    s, lot = np.asarray(reorder_point, dtype=float), np.asarray(order_quantity, dtype=float)
    area = demand.losses(s)[2] - demand.losses(s + lot)[2]
    return np.maximum(np.divide(area, lot, out=np.full(np.shape(area), np.nan), where=lot > 0), 0.0)


def average_stock(demand: Demand, reorder_point: ArrayLike, order_quantity: ArrayLike) -> np.ndarray:
    """Return the units on hand on average under (s, Q) with backorders: position less demand plus backorders.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    reorder_point : array_like
        s; whole for counts [units].
    order_quantity : array_like
        Q, above zero [units].

    References
    ----------
    Zipkin, Foundations of Inventory Management, chapter 6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(average_stock(Normal(5000, 500 * 2**0.5), 6000, 10_000).round(1))
    6000.7
    """
    s, lot = np.asarray(reorder_point, dtype=float), np.asarray(order_quantity, dtype=float)
    position = s + (lot + float(demand.whole)) / 2
    return position - demand.mean + average_backorders(demand, s, lot)


def _served(short: np.ndarray, demanded: np.ndarray) -> np.ndarray:
    short, demanded = np.broadcast_arrays(np.asarray(short, dtype=float), np.asarray(demanded, dtype=float))
    missed = np.divide(short, demanded, out=np.where(np.isnan(demanded), np.nan, 0.0), where=demanded > 0)
    return np.clip(1.0 - missed, 0.0, 1.0)
