"""Lot and reorder point together: the larger the lot, the less often stock runs short, so the less stock is needed.

Here a shortage costs once per unit, or a service measure is asked for; where waiting costs by time see `waiting_lots`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, loss
from segkit.formulas.economic_order import lot_cost
from segkit.formulas.inventory_criteria import economic_order_quantity
from segkit.formulas.reorder_point_cost import (
    cycle_service_worth_its_cost,
    cycle_service_worth_its_cost_with_lost_sales,
)
from segkit.formulas.stock_search import falling_root, require_share

_ROUNDS, _CLOSE = 500, 1e-12


@dataclass(frozen=True)
class LotRule:
    """(s, Q): reorder point and order quantity [units]."""

    reorder_point: np.ndarray
    order_quantity: np.ndarray


@dataclass(frozen=True)
class LotCosts:
    """What decides a lot, one value or one per item.

    ``demand_rate`` [units/year], ``order_cost`` [currency], ``holding_cost`` [currency/unit/year], all above zero;
    ``shortage_cost`` of a unit [currency/unit], or of a unit that waits for a year [currency/unit/year].
    """

    demand_rate: ArrayLike
    order_cost: ArrayLike
    holding_cost: ArrayLike
    shortage_cost: ArrayLike

    def economic_lot(self) -> np.ndarray:
        """Return the EOQ [units]."""
        return economic_order_quantity(self.demand_rate, self.order_cost, self.holding_cost)

    def lot_with(self, charge: np.ndarray) -> np.ndarray:
        """Return √(2·(K·D + charge) / h): the lot where each cycle costs more than an order [units]."""
        return np.sqrt(self.economic_lot() ** 2 + 2 * charge / np.asarray(self.holding_cost, dtype=float))


def lot_rule_by_unit_cost(demand: Demand, costs: LotCosts) -> LotRule:
    """Return Q and s of least cost where each unit that waits costs once (B2).

    Service measure: cycle_service (P1) = 1 - h·Q / (p·D). Stock is taken as s - mean + Q/2, as if backorders were few
    (the expected-inventory-level approximation).

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    costs : LotCosts
        With the shortage cost of a unit.

    Returns
    -------
    LotRule
        The lot is not rounded; missing where shortages are so cheap that a lot would never end.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 4; Nahmias & Olsen 7e, chapter 5;
    Snyder & Shen 2e, eq. 5.16 to 5.18.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule = lot_rule_by_unit_cost(Normal(100, 25), LotCosts(200, 50, 2, 25))
    >>> float(rule.order_quantity.round(3)), float(rule.reorder_point.round(3))
    (110.774, 142.568)
    """
    return _alternate(demand, costs, cycle_service_worth_its_cost)


def lot_rule_by_lost_sales_cost(demand: Demand, costs: LotCosts) -> LotRule:
    """Return Q and s of least cost where each unit short is lost.

    Service measure: cycle_service (P1) = p·D / (p·D + h·Q).

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    costs : LotCosts
        With the cost of a lost unit, its margin included.

    Returns
    -------
    LotRule
        The lot is not rounded; holds where s is below Q.

    References
    ----------
    Hadley & Whitin, Analysis of Inventory Systems, chapter 4.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule = lot_rule_by_lost_sales_cost(Normal(100, 25), LotCosts(200, 50, 2, 25))
    >>> float(rule.order_quantity.round(2)), float(rule.reorder_point.round(2))
    (110.22, 143.14)
    """
    return _alternate(demand, costs, cycle_service_worth_its_cost_with_lost_sales)


def _alternate(demand, costs, target):  # type: ignore[no-untyped-def]
    """Return lot and reorder point, each best for the other, from the economic lot upwards."""
    lot = costs.economic_lot() + 0.0 * demand.mean
    rate, holding, shortage = costs.demand_rate, costs.holding_cost, np.asarray(costs.shortage_cost, dtype=float)
    for _ in range(_ROUNDS):
        share = target(lot, rate, holding, shortage)
        s = demand.quantile(np.where(share > 0, share, np.nan))
        found = costs.lot_with(shortage * np.asarray(rate, dtype=float) * loss(demand, s))
        still = np.abs(found - lot) > _CLOSE * lot
        lot = found
        if not np.any(still):
            break
    return LotRule(s, lot)


def lot_rule_for_fill_rate(demand: Demand, costs: LotCosts, target: ArrayLike) -> LotRule:
    """Return Q and s that serve the share P2 of units from stock at least cost; the shortage cost is not used.

    Service measure: fill_rate (P2), with loss(s) = (1 - P2)·Q (what an order finds short on top is left out).

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    costs : LotCosts
        What decides the lot.
    target : array_like
        P2, above one half, below 1.

    Returns
    -------
    LotRule
        The lot is not rounded.

    Raises
    ------
    ValueError
        Where the target is not between one half and 1.

    References
    ----------
    Nahmias & Olsen, Production and Operations Analysis, 7e, chapter 5, (Q, R) subject to Type 2 service.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule = lot_rule_for_fill_rate(Normal(100, 25), LotCosts(200, 50, 2, 25), 0.98)
    >>> float(rule.order_quantity.round(3)), float(rule.reorder_point.round(3))
    (114.267, 123.771)
    """
    share, economic = require_share("fill_rate", target), costs.economic_lot()
    if np.any(share <= 0.5):
        raise ValueError("fill_rate must be above one half: for less, loss(s) / Q has no such lot")

    def lot_at(s: np.ndarray) -> np.ndarray:
        tail, short, _ = demand.losses(s)
        ahead = np.divide(short, tail, out=np.zeros(np.shape(short)), where=tail > 0)
        return ahead + np.sqrt(economic**2 + ahead**2)

    start = demand.mean + 0.0 * (economic + share)
    s = falling_root(lambda s: loss(demand, s) / lot_at(s) - (1 - share), start, _step(demand))
    return LotRule(s, lot_at(s))


def reorder_point_with_units_short(demand: Demand, units_short: ArrayLike) -> np.ndarray:
    """Return the stock at which so many units are short in a cycle on average: loss(s) = units.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    units_short : array_like
        Units short per cycle, above zero [units].

    Returns
    -------
    ndarray
        Real, for counts too (the loss is a straight line between whole numbers) [units].

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(reorder_point_with_units_short(Normal(100, 25), 2.0).round(2))
    125.53
    """
    units = np.asarray(units_short, dtype=float)
    return falling_root(lambda s: loss(demand, s) - units, demand.mean + 0.0 * units, _step(demand))


def _step(demand: Demand) -> np.ndarray:
    return np.maximum(np.sqrt(demand.variance), 1e-6 * (1.0 + np.abs(demand.mean)))


def unit_cost_of_rule(demand: Demand, costs: LotCosts, rule: LotRule) -> np.ndarray:
    """Return what (s, Q) costs a year where each unit that waits costs once.

    K·D/Q + h·(s - mean + Q/2) + p·D·loss(s)/Q.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    costs : LotCosts
        With the shortage cost of a unit.
    rule : LotRule
        Reorder point and lot.

    Returns
    -------
    ndarray
        [currency/year].

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 5.16.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule, demand = LotRule(142.568, 110.774), Normal(100, 25)
    >>> float(unit_cost_of_rule(demand, LotCosts(200, 50, 2, 25), rule).round(2))
    306.68
    """
    s, lot = np.asarray(rule.reorder_point, dtype=float), np.asarray(rule.order_quantity, dtype=float)
    per_cycle = np.asarray(costs.order_cost, dtype=float) + np.asarray(costs.shortage_cost, dtype=float) * loss(
        demand, s
    )
    holding = np.asarray(costs.holding_cost, dtype=float) * (s - demand.mean + lot / 2)
    return lot_cost(lot, costs.demand_rate, per_cycle, 0.0) + holding
