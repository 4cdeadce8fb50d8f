"""Lots that balance the cost of ordering with the cost of holding, where demand is known and steady.

No service measure: demand is always met, except where shortages are planned (`planned_backorder_lot`) or supply fails
(`disrupted_lot`), which say what they leave short. The plain lot is `inventory_criteria.economic_order_quantity`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.inventory_criteria import economic_order_quantity
from segkit.formulas.stock_search import falling_root


@dataclass(frozen=True)
class Lot:
    """A lot with what it costs: quantity [units], cost [currency/year], share of demand that waits or is lost."""

    quantity: np.ndarray
    cost: np.ndarray
    short: np.ndarray


def lot_cost(
    order_quantity: ArrayLike, demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike
) -> np.ndarray:
    """Return what ordering and holding cost a year: K·D/Q + h·Q/2.

    Parameters
    ----------
    order_quantity : array_like
        Q; where it is zero the cost is infinite, or zero without demand [units].
    demand : array_like
        D [units/year].
    order_cost : array_like
        K, cost of one order [currency].
    holding_cost : array_like
        h, cost of holding one unit for a year [currency/unit/year].

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, section 3.2.

    Examples
    --------
    >>> float(lot_cost(304.04678, 1300, 8, 0.225).round(6))
    68.410526
    """
    lot, demand, order, holding = (
        np.asarray(one, dtype=float) for one in (order_quantity, demand, order_cost, holding_cost)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ordering = np.where(order * demand == 0, 0.0, order * demand / lot)
    return ordering + holding * lot / 2


def production_lot(
    demand: ArrayLike, production_rate: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike
) -> Lot:
    """Return the economic lot of an item that arrives as it is made: the EOQ at a holding cost of h·(1 - D/P).

    Parameters
    ----------
    demand : array_like
        D [units/year].
    production_rate : array_like
        P, above demand [units/year].
    order_cost : array_like
        K, cost of one set-up [currency].
    holding_cost : array_like
        h [currency/unit/year].

    Returns
    -------
    Lot
        All demand is met; missing where demand is not below production.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 3.31 and 3.32.

    Examples
    --------
    >>> lot = production_lot(80, 110, 4, 0.08)
    >>> float(lot.quantity.round(6)), float(lot.cost.round(6))
    (171.269768, 3.736795)
    """
    demand, rate = np.asarray(demand, dtype=float), np.asarray(production_rate, dtype=float)
    holding = np.asarray(holding_cost, dtype=float) * np.where(demand < rate, 1.0 - demand / rate, np.nan)
    quantity = economic_order_quantity(demand, order_cost, holding)
    return Lot(quantity, lot_cost(quantity, demand, order_cost, holding), np.zeros(np.shape(quantity)))


def planned_backorder_lot(
    demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike, backorder_cost: ArrayLike
) -> Lot:
    """Return the lot and the planned share of demand that waits, where a waiting unit costs by time.

    Service measure: `short` = 1 - fill_rate (P2) = h / (h + p).

    Parameters
    ----------
    demand : array_like
        D [units/year].
    order_cost : array_like
        K [currency].
    holding_cost : array_like
        h [currency/unit/year].
    backorder_cost : array_like
        p, what a unit that waits for a year costs [currency/unit/year].

    Returns
    -------
    Lot
        Units waiting reach short·quantity before each order arrives.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 3.27 to 3.29.

    Examples
    --------
    >>> lot = planned_backorder_lot(1300, 8, 0.225, 5)
    >>> [float(part.round(6)) for part in (lot.quantity, lot.short, lot.cost)]
    [310.812555, 0.043062, 66.921364]
    """
    holding, waiting = np.asarray(holding_cost, dtype=float), np.asarray(backorder_cost, dtype=float)
    both = holding * waiting / (holding + waiting)
    quantity = economic_order_quantity(demand, order_cost, both)
    return Lot(quantity, lot_cost(quantity, demand, order_cost, both), holding / (holding + waiting))


def disrupted_lot(
    demand: ArrayLike,
    order_cost: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    disruption_rate: ArrayLike,
    recovery_rate: ArrayLike,
) -> Lot:
    """Return the lot where the supplier fails at times and demand meanwhile is lost once stock is out.

    Service measure: `short` = 1 - fill_rate (P2), demand lost over all demand.

    Parameters
    ----------
    demand : array_like
        d [units/year].
    order_cost : array_like
        K [currency].
    holding_cost : array_like
        h [currency/unit/year].
    shortage_cost : array_like
        p, cost of a unit lost [currency/unit].
    disruption_rate : array_like
        Disruptions per year of working supply, exponential times between [1/year].
    recovery_rate : array_like
        1 / mean duration of a disruption in years, exponential [1/year].

    Returns
    -------
    Lot
        Ordered when stock is out; arrives at once, or when the disruption is over.

    References
    ----------
    Parlar & Berkin (1991); Berk & Arreola-Risa (1994); Snyder & Shen 2e, eq. 9.5.

    Examples
    --------
    >>> lot = disrupted_lot(1300, 8, 0.225, 5, 1.5, 14)
    >>> float(lot.quantity.round(4)), float(lot.cost.round(4))
    (772.8111, 173.95)
    """
    d, order, h, p, fails, mends = (
        np.asarray(one, dtype=float)
        for one in (demand, order_cost, holding_cost, shortage_cost, disruption_rate, recovery_rate)
    )

    def waiting(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean time without stock per cycle [years] and its slope over Q."""
        fading = np.exp(-(fails + mends) * q / d)
        return fails / (fails + mends) * (1 - fading) / mends, fails * fading / (mends * d)

    def downhill(q: np.ndarray) -> np.ndarray:
        gap, slope = waiting(q)
        cost, time = order + h * q**2 / (2 * d) + p * d * gap, q / d + gap
        return cost * (1 / d + slope) - (h * q / d + p * d * slope) * time

    share = fails / (fails + mends)
    root = np.sqrt((share * d * h) ** 2 + 2 * h * mends * (order * d * mends + d**2 * p * share))
    start = (root - share * d * h) / (h * mends)
    quantity = falling_root(downhill, start, start / 100)
    gap, _ = waiting(quantity)
    cycle = quantity / d + gap
    return Lot(quantity, (order + h * quantity**2 / (2 * d) + p * d * gap) / cycle, gap / cycle)
