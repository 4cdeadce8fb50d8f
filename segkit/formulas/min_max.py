"""(R, s, S): at each review, where the inventory position is at most s, order up to S. Service, and the best levels.

`exposure` is demand over lead time and review, `lead_time_demand` that over the lead time, `review_demand` that between
two reviews; all are counts of the same items. Unmet demand waits. All is exact: the undershoot below s included.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, loss
from segkit.formulas.newsvendor import newsvendor_cost, newsvendor_stock
from segkit.formulas.renewals import FAILED, best_levels, visits
from segkit.formulas.reorder_point import order_up_to_for_fill_rate
from segkit.formulas.stock_search import least_whole, require_not_negative, require_share

_REST = 1e-12  # chance of larger demand that is left out
_WIDEST = 200_000


@dataclass(frozen=True)
class MinMaxRule:
    """(s, S) [units], and its cost per review [currency]; missing where it was not asked for."""

    reorder_point: np.ndarray
    order_up_to: np.ndarray
    cost: np.ndarray


@dataclass(frozen=True)
class MinMaxService:
    """What (R, s, S) gives.

    ``fill_rate`` (P2, share of units served at once), ``cycle_service`` (P1, share of reviews after which demand is
    covered until the next order can arrive), average ``stock`` and ``backorders`` just before that arrival [units],
    ``orders`` per review.
    """

    fill_rate: np.ndarray
    cycle_service: np.ndarray
    stock: np.ndarray
    backorders: np.ndarray
    orders: np.ndarray


def count_probabilities(demand: Demand) -> np.ndarray:
    """Return the probability of each count, 0, 1, … until no more than 1e-12 is left.

    Parameters
    ----------
    demand : Demand
        Counts, one or shape (items,) [units].

    Returns
    -------
    ndarray
        Shape (counts, items); the last count takes the rest.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> count_probabilities(Poisson(0.5))[:3].round(4).ravel().tolist()
    [0.6065, 0.3033, 0.0758]
    """
    if not demand.whole:
        raise ValueError("only counts have a probability each")
    if not np.all(np.isfinite(demand.mean)):
        raise ValueError("demand must be known")
    last = int(np.max(demand.quantile(1.0 - _REST), initial=0.0))
    tail = demand.losses(np.arange(-1.0, last + 1)[:, None])[0]
    tail[-1] = 0.0
    return -np.diff(tail, axis=0)


def min_max_service(
    exposure: Demand,
    lead_time_demand: Demand,
    review_demand: Demand,
    reorder_point: ArrayLike,
    order_up_to: ArrayLike,
) -> MinMaxService:
    """Return the fill_rate (P2), cycle_service (P1), stock and orders of (R, s, S).

    Parameters
    ----------
    exposure, lead_time_demand, review_demand : Demand
        As the module says; review demand above zero [units].
    reorder_point, order_up_to : array_like
        s and S, whole, S above s; shape (items,) or one [units].

    Returns
    -------
    MinMaxService
        Shape (items,).

    References
    ----------
    Zheng & Federgruen (1991), Operations Research 39(4); Zipkin, Foundations of Inventory Management, chapter 9.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> service = min_max_service(Poisson(9), Poisson(3), Poisson(6), 10, 20)
    >>> service.fill_rate.round(4).tolist(), service.orders.round(4).tolist()
    ([0.9859], [0.4599])
    """
    s, top = (np.atleast_1d(np.asarray(one, dtype=float)) for one in (reorder_point, order_up_to))
    shares, orders = _position_shares(review_demand, top - s)
    return _service(exposure, lead_time_demand, review_demand, top, shares, orders)


def min_max_for_fill_rate(
    exposure: Demand, lead_time_demand: Demand, review_demand: Demand, spread: ArrayLike, target: ArrayLike
) -> MinMaxRule:
    """Return the lowest (s, S) with a given S - s that serves the share P2 of units from stock, others waiting.

    Parameters
    ----------
    exposure, lead_time_demand, review_demand : Demand
        As the module says [units].
    spread : array_like
        S - s, about the economic lot, at least 1, whole [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Returns
    -------
    MinMaxRule
        Shape (items,).

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> rule = min_max_for_fill_rate(Poisson(9), Poisson(3), Poisson(6), 10, 0.97)
    >>> rule.reorder_point.tolist(), rule.order_up_to.tolist()
    ([9.0], [19.0])
    """
    gap, share = np.atleast_1d(np.asarray(spread, dtype=float)), require_share("fill_rate", target)
    shares, orders = _position_shares(review_demand, gap)
    # positions from the order-up-to level on are all enough; where all lie below it none is: s lies between
    alone = order_up_to_for_fill_rate(exposure, lead_time_demand, share) + 0.0 * (gap + orders)
    width = shares.shape[0]
    levels = alone - width + np.arange(2.0 * width)[:, None]
    short = (loss(exposure, levels) - loss(lead_time_demand, levels)) / review_demand.mean

    def enough(s: np.ndarray) -> np.ndarray:
        rows = (s + gap - alone + width - np.arange(width)[:, None]).clip(0, 2 * width - 1).astype(int)
        return 1.0 - (shares * np.take_along_axis(short, rows, axis=0)).sum(axis=0) >= share

    s = least_whole(enough, alone - 1.0, alone - gap)
    return MinMaxRule(s, s + gap, np.full(s.shape, np.nan))


def min_max_by_waiting_cost(
    exposure: Demand, review_demand: Demand, holding_cost: ArrayLike, shortage_cost: ArrayLike, order_cost: ArrayLike
) -> MinMaxRule:
    """Return the (s, S) of least cost where each unit short at the end of a review period costs, exact for counts.

    Service measure: P1 and P2 follow from cost; `min_max_service` tells them.

    Parameters
    ----------
    exposure, review_demand : Demand
        Counts, as the module says [units].
    holding_cost : array_like
        h, of a unit on hand at the end of a review period, above zero [currency/unit].
    shortage_cost : array_like
        p, of a unit waiting at the end of a review period, above zero [currency/unit].
    order_cost : array_like
        K, not negative [currency].

    Returns
    -------
    MinMaxRule
        Shape (items,).

    Raises
    ------
    ValueError
        Where nothing is demanded, a cost is not known or not above zero, or the levels would be hundreds of thousands
        of units apart.

    References
    ----------
    Zheng & Federgruen (1991), Operations Research 39(4), 654-665; Snyder & Shen 2e, Example 4.7.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> rule = min_max_by_waiting_cost(Poisson(6), Poisson(6), 1, 4, 5)
    >>> rule.reorder_point.tolist(), rule.order_up_to.tolist(), rule.cost.round(4).tolist()
    ([4.0], [10.0], [8.0341])
    """
    h, p, order = (np.asarray(one, dtype=float) for one in (holding_cost, shortage_cost, order_cost))
    require_not_negative(order_cost=order)
    if not (np.all(h > 0) and np.all(p > 0) and np.all(np.isfinite(order))):
        raise ValueError("holding_cost and shortage_cost must be known and above zero, order_cost known")
    chances = _moving(review_demand)
    best = np.atleast_1d(newsvendor_stock(exposure, h, p) + 0.0 * (order + review_demand.mean))
    chances = np.array(np.broadcast_to(chances, (chances.shape[0], best.size)).T, order="C")
    order = np.array(np.broadcast_to(order, best.shape))
    reach = 16
    while reach < _WIDEST:
        levels = best + np.arange(-reach, reach + 1.0)[:, None]
        cost = np.broadcast_to(newsvendor_cost(exposure, levels, h, p), levels.shape)
        low, top, least = best_levels(chances, np.array(cost.T, order="C"), order)
        if (low != FAILED).all():
            return MinMaxRule(best - reach + low, best - reach + top, least)
        reach *= 2
    raise ValueError("the levels lie hundreds of thousands of units apart: count in a larger unit")


def power_approximation(
    exposure: Demand, review_mean: ArrayLike, holding_cost: ArrayLike, shortage_cost: ArrayLike, order_cost: ArrayLike
) -> MinMaxRule:
    """Return (s, S) near least cost by a formula fitted to many exact ones.

    Service measure: none by itself; costs as in `min_max_by_waiting_cost`.

    Parameters
    ----------
    exposure : Demand
        Over lead time and review; only its mean and variance count [units].
    review_mean : array_like
        Demand between two reviews, above zero [units].
    holding_cost : array_like
        h, of a unit on hand at the end of a review period, above zero [currency/unit].
    shortage_cost : array_like
        p, of a unit waiting at the end of a review period, above zero [currency/unit].
    order_cost : array_like
        K, above zero [currency].

    Returns
    -------
    MinMaxRule
        Not rounded, without cost. Fitted where S - s is at least 1.5 review periods of demand; else use the exact one.

    References
    ----------
    Ehrhardt & Mosier (1984), Management Science 30(5); Snyder & Shen 2e, eq. 4.77 to 4.80.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule = power_approximation(Normal(50, 8), 50, 0.18, 0.70, 2.5)
    >>> float(rule.reorder_point.round(6)), float(rule.order_up_to.round(6))
    (40.194617, 74.29017)
    """
    mean, h, p, order = (np.asarray(one, dtype=float) for one in (review_mean, holding_cost, shortage_cost, order_cost))
    sd = np.sqrt(exposure.variance)
    lot = 1.30 * mean**0.494 * (order / h) ** 0.506 * (1 + (sd / mean) ** 2) ** 0.116
    z = np.sqrt(lot * h / (p * sd))
    s = 0.973 * exposure.mean + sd * (0.183 / z + 1.063 - 2.192 * z)
    return MinMaxRule(s, s + lot, np.full(np.shape(s), np.nan))


def _moving(review_demand: Demand) -> np.ndarray:
    """Return the chances of each count of demand; an item that never moves has no rule."""
    chances = count_probabilities(review_demand)
    if np.any(chances[0] >= 1.0):
        raise ValueError("nothing is demanded between reviews: no (s, S) rule is better than another")
    return chances.reshape(chances.shape[0], -1)


def _position_shares(review_demand: Demand, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by step below S and item the share of reviews that leave the position there, and the orders per review."""
    if np.any(spread < 1) or np.any(spread != np.floor(spread)):
        raise ValueError("S - s must be whole and at least 1")
    chances = _moving(review_demand)
    items = max(chances.shape[1], spread.size)
    steps = np.array(np.broadcast_to(spread.astype(np.int64), (items,)))
    found = visits(np.array(np.broadcast_to(chances, (chances.shape[0], items)).T, order="C"), steps).T
    total = found.sum(axis=0)
    return found / total, 1.0 / total


def _service(exposure, lead_time_demand, review_demand, top, shares, orders):  # type: ignore[no-untyped-def]
    """Return the service, averaged over the positions that reviews leave."""
    levels = top - np.arange(float(shares.shape[0]))[:, None]
    tail, late, _ = exposure.losses(levels)
    missed = (shares * (late - lead_time_demand.losses(levels)[1])).sum(axis=0) / review_demand.mean
    backorders = (shares * late).sum(axis=0)
    stock = (shares * levels).sum(axis=0) - exposure.mean + backorders
    return MinMaxService(1.0 - missed, 1.0 - (shares * tail).sum(axis=0), stock, backorders, orders)
