"""Economic lots of many items under one limit, its shadow price, and the exchange of cycle stock for orders."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from segkit.formulas.inventory_criteria import economic_order_quantity

_FAR = 200.0


@dataclass(frozen=True)
class LimitedLots:
    """Lots of all items [units], what they use of the limit, and its shadow price (0 where it does not bind)."""

    quantity: np.ndarray
    used: float
    multiplier: float


def lots_for_orders(demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike, orders: float) -> LimitedLots:
    """Return the cheapest lots with which no more orders are placed than can be handled.

    Parameters
    ----------
    demand : array_like
        D, (items,). [units/year]
    order_cost : array_like
        K. [currency/order]
    holding_cost : array_like
        h. [currency/unit/year]
    orders : float
        Most orders of all items together, above 0. [1/year]

    Returns
    -------
    LimitedLots
        Q = √(2·D·(K + p) / h); p is what one more order a year would save. [currency/order]

    Raises
    ------
    ValueError
        Where the limit is not above 0, or a figure is missing or negative.

    References
    ----------
    Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4e (exchange curves of lots).

    Examples
    --------
    >>> lots = lots_for_orders([100.0, 400.0], 8.0, 1.0, 5.0)
    >>> lots.quantity.round(3).tolist(), round(lots.multiplier, 3)
    ([60.0, 120.0], 10.0)
    """
    units, cost = np.asarray(demand, dtype=float), np.asarray(order_cost, dtype=float)
    return _limited(
        lambda price: economic_order_quantity(units, cost + price, holding_cost),
        lambda quantity: float(np.divide(units, quantity, out=np.zeros(quantity.shape), where=quantity > 0).sum()),
        orders,
    )


def lots_for_space(
    demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike, use: ArrayLike, limit: float
) -> LimitedLots:
    """Return the cheapest lots whose cycle stock, half a lot on average, keeps within a budget or a space.

    Parameters
    ----------
    demand, order_cost, holding_cost : array_like
        As `lots_for_orders` takes them.
    use : array_like
        What a unit uses: its value or its volume.
    limit : float
        Σ use·Q/2 at most, above 0.

    Returns
    -------
    LimitedLots
        Q = √(2·D·K / (h + p·use)); p is what one more unit of the limit would save. [currency/year/unit]

    Raises
    ------
    ValueError
        Where the limit is not above 0, or a figure is missing or negative.

    References
    ----------
    Hadley & Whitin (1963), Analysis of Inventory Systems, ch. 2 (constraints).

    Examples
    --------
    >>> lots = lots_for_space([100.0, 400.0], 8.0, 1.0, [1.0, 1.0], 30.0)
    >>> lots.quantity.round(3).tolist(), round(lots.multiplier, 3)
    ([20.0, 40.0], 3.0)
    """
    taken = np.asarray(use, dtype=float)
    return _limited(
        lambda price: economic_order_quantity(
            demand, order_cost, np.asarray(holding_cost, dtype=float) + price * taken
        ),
        lambda quantity: float((taken * quantity).sum()) / 2,
        limit,
    )


def cycle_stock_exchange(usage: ArrayLike, ratio: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return cycle stock and orders of economic lots for ratios of order cost to holding rate.

    Parameters
    ----------
    usage : array_like
        D·v of every item. [currency/year]
    ratio : array_like
        A/r, order cost over holding rate: small = many orders and little stock. [currency·year]

    Returns
    -------
    tuple of ndarray
        Cycle stock [currency] and orders [1/year] of all items together, one per ratio; their product is always
        ½·(Σ√(D·v))².

    References
    ----------
    Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4e (exchange curves of lots).

    Examples
    --------
    >>> stock, orders = cycle_stock_exchange([100.0, 400.0], [2.0, 8.0])
    >>> stock.round(9).tolist(), orders.round(9).tolist()
    ([30.0, 60.0], [15.0, 7.5])
    """
    root = np.sqrt(np.maximum(np.asarray(usage, dtype=float), 0.0)).sum() / np.sqrt(2.0)
    scale = np.sqrt(np.asarray(ratio, dtype=float))
    return root * scale, root / scale


def _limited(lots: Callable[[float], np.ndarray], used: Callable[[np.ndarray], float], limit: float) -> LimitedLots:
    if not limit > 0:
        raise ValueError("the limit must be above 0")
    free = lots(0.0)
    if np.isnan(used(free)):
        raise ValueError("demand, costs and use must be known and not negative")
    if used(free) <= limit * (1 + 1e-12):
        return LimitedLots(free, used(free), 0.0)
    price = float(np.exp(brentq(lambda at: np.log(used(lots(np.exp(at))) / limit), -_FAR, _FAR, xtol=1e-13)))
    return LimitedLots(lots(price), used(lots(price)), price)
