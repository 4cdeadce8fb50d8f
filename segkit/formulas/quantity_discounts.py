"""Lots where more costs less a unit: all units cheaper from a break on, or only those beyond it.

No service measure: demand is known and always met. The cost counts what is bought, ordered and held.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.economic_order import Lot


def all_units_discount_lot(
    demand: ArrayLike, order_cost: ArrayLike, holding_rate: ArrayLike, breaks: ArrayLike, prices: ArrayLike
) -> Lot:
    """Return the cheapest lot where from each break on the lower price holds for every unit.

    Parameters
    ----------
    demand : array_like
        D, shape (...) [units/year].
    order_cost : array_like
        K, shape (...) [currency].
    holding_rate : array_like
        Cost of holding a unit for a year as a share of its price, shape (...) [1/year].
    breaks, prices : array_like
        Shape (..., tiers): least lot of each tier, the first 0 [units], and its price, falling [currency/unit].

    Returns
    -------
    Lot
        Cost with the goods bought.

    References
    ----------
    Chopra & Meindl, Supply Chain Management, 6e, chapter 11; Snyder & Shen 2e, eq. 3.18 and 3.19.

    Examples
    --------
    >>> lot = all_units_discount_lot(120_000, 100, 0.2, [0, 5000, 10_000], [3.0, 2.96, 2.92])
    >>> float(lot.quantity), float(lot.cost)
    (10000.0, 354520.0)
    """
    d, order, rate, least, price = _tiers(demand, order_cost, holding_rate, breaks, prices)
    quantity = np.maximum(np.sqrt(2 * d * order / (rate * price)), least)
    upper = np.concatenate([least[..., 1:], np.full((*least.shape[:-1], 1), np.inf)], axis=-1)
    cost = price * d + _ordering(order * d, quantity) + rate * price * quantity / 2
    return _cheapest(quantity, np.where(quantity < upper, cost, np.inf))


def incremental_discount_lot(
    demand: ArrayLike, order_cost: ArrayLike, holding_rate: ArrayLike, breaks: ArrayLike, prices: ArrayLike
) -> Lot:
    """Return the cheapest lot where each price holds only for the units beyond its break.

    Parameters
    ----------
    demand : array_like
        D, shape (...) [units/year].
    order_cost : array_like
        K, shape (...) [currency].
    holding_rate : array_like
        Cost of holding a unit for a year as a share of what it cost, shape (...) [1/year].
    breaks, prices : array_like
        Shape (..., tiers): least lot of each tier, the first 0 [units], and its price, falling [currency/unit].

    Returns
    -------
    Lot
        Cost with the goods bought.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 3.20 to 3.22.

    Examples
    --------
    >>> lot = incremental_discount_lot(1300, 8, 0.3, [0, 400, 800], [0.75, 0.72, 0.68])
    >>> float(lot.quantity.round(4)), float(lot.cost.round(4))
    (304.0468, 1043.4105)
    """
    d, order, rate, least, price = _tiers(demand, order_cost, holding_rate, breaks, prices)
    steps = np.diff(least, axis=-1) * price[..., :-1]
    paid = np.concatenate([np.zeros((*least.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)
    fixed = paid - price * least
    quantity = np.sqrt(2 * d * (order + fixed) / (rate * price))
    upper = np.concatenate([least[..., 1:], np.full((*least.shape[:-1], 1), np.inf)], axis=-1)
    per_order = _ordering((order + fixed) * d, quantity)
    cost = price * d + rate * fixed / 2 + per_order + rate * price * quantity / 2
    return _cheapest(quantity, np.where((quantity >= least) & (quantity < upper), cost, np.inf))


def _tiers(demand, order_cost, holding_rate, breaks, prices):  # type: ignore[no-untyped-def]
    """Return all as arrays with the tiers on the last axis."""
    single = (np.asarray(one, dtype=float)[..., None] for one in (demand, order_cost, holding_rate))
    tiers = (np.asarray(one, dtype=float) for one in (breaks, prices))
    demand, order, rate, breaks, prices = np.broadcast_arrays(*single, *tiers)
    if np.any(breaks[..., 0] != 0) or np.any(np.diff(breaks, axis=-1) <= 0):
        raise ValueError("breaks must begin with 0 and rise")
    return demand, order, rate, breaks, prices


def _ordering(spent: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    return np.divide(spent, quantity, out=np.zeros(spent.shape), where=quantity > 0)


def _cheapest(quantity: np.ndarray, cost: np.ndarray) -> Lot:
    """Return the cheapest tier; the smaller lot among equals."""
    at = np.argmin(cost, axis=-1)[..., None]
    best, least = (np.take_along_axis(one, at, axis=-1)[..., 0] for one in (quantity, cost))
    return Lot(best, least, np.zeros(best.shape))
