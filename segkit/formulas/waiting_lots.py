"""Lot and reorder point together, where waiting costs by units and time: real lots, whole lots, cost of any rule."""

import numpy as np

from segkit.formulas.demand_distributions import Demand
from segkit.formulas.economic_order import lot_cost
from segkit.formulas.lot_and_reorder_point import LotCosts, LotRule, reorder_point_with_units_short
from segkit.formulas.newsvendor import newsvendor_cost, newsvendor_stock
from segkit.formulas.service_measures import average_backorders, average_stock
from segkit.formulas.stock_search import falling_root, least_whole

_ROUNDS, _CLOSE = 500, 1e-12


def lot_rule_by_waiting_cost(demand: Demand, costs: LotCosts) -> LotRule:
    """Return Q and s of least cost where waiting costs by units and time (B3), exact for demand that is not counted.

    Service measure: fill_rate (P2) = p / (h + p).

    Parameters
    ----------
    demand : Demand
        Over the lead time, not counts: those by `whole_lot_rule_by_waiting_cost` [units].
    costs : LotCosts
        With the cost of a unit waiting for a year.

    Returns
    -------
    LotRule
        Where the cost rates at s and at s + Q are both the total cost.

    References
    ----------
    Zheng (1992), Management Science 38(1); Snyder & Shen 2e, section 5.2.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule = lot_rule_by_waiting_cost(Normal(1300 / 12, 150 / 12**0.5), LotCosts(1300, 8, 0.225, 7.5))
    >>> float(rule.order_quantity.round(1)), float(rule.reorder_point.round(1))
    (328.4, 126.9)
    """
    if demand.whole:
        raise ValueError("counts have whole lots: use whole_lot_rule_by_waiting_cost")
    return _cheapest_positions(demand, costs)


def lot_rule_by_loss_functions(demand: Demand, costs: LotCosts) -> LotRule:
    """Return Q and s near least cost where waiting costs by units and time (B3): as if no shortage outlasts an order.

    Service measure: fill_rate (P2), about p / (h + p).

    Parameters
    ----------
    demand : Demand
        Over the lead time, not counts [units].
    costs : LotCosts
        With the cost of a unit waiting for a year.

    Returns
    -------
    LotRule
        loss(s) = h·Q / (h + p) and Q = √(2·(K·D + (h + p)·second loss(s)) / h).

    References
    ----------
    Hadley & Whitin (1963); Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 5.28 and 5.29.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule = lot_rule_by_loss_functions(Normal(1300 / 12, 150 / 12**0.5), LotCosts(1300, 8, 0.225, 7.5))
    >>> float(rule.order_quantity.round(4)), float(rule.reorder_point.round(4))
    (328.4491, 126.8671)
    """
    h, p = np.asarray(costs.holding_cost, dtype=float), np.asarray(costs.shortage_cost, dtype=float)
    lot = costs.economic_lot() + 0.0 * demand.mean
    for _ in range(_ROUNDS):
        s = reorder_point_with_units_short(demand, h * lot / (h + p))
        found = costs.lot_with((h + p) * demand.losses(s)[2])
        still = np.abs(found - lot) > _CLOSE * lot
        lot = found
        if not np.any(still):
            break
    return LotRule(s, lot)


def waiting_cost_of_rule(demand: Demand, costs: LotCosts, rule: LotRule) -> np.ndarray:
    """Return what (s, Q) costs a year where waiting costs by units and time: K·D/Q + h·stock + p·backorders.

    Parameters
    ----------
    demand : Demand
        Over the lead time [units].
    costs : LotCosts
        With the cost of a unit waiting for a year.
    rule : LotRule
        Whole for counts.

    Returns
    -------
    ndarray
        [currency/year].

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 5.7.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> rule, demand = LotRule(126.8, 328.5), Normal(1300 / 12, 150 / 12**0.5)
    >>> float(waiting_cost_of_rule(demand, LotCosts(1300, 8, 0.225, 7.5), rule).round(6))
    78.071163
    """
    s, lot = np.asarray(rule.reorder_point, dtype=float), np.asarray(rule.order_quantity, dtype=float)
    ordering = lot_cost(lot, costs.demand_rate, costs.order_cost, 0.0)
    holding = np.asarray(costs.holding_cost, dtype=float) * average_stock(demand, s, lot)
    return ordering + holding + np.asarray(costs.shortage_cost, dtype=float) * average_backorders(demand, s, lot)


def whole_lot_rule_by_waiting_cost(demand: Demand, costs: LotCosts) -> LotRule:
    """Return whole Q and s of least cost where waiting costs by units and time (B3), exact for counts.

    Service measure: fill_rate (P2), next above or below p / (h + p).

    Parameters
    ----------
    demand : Demand
        Counts over the lead time [units].
    costs : LotCosts
        With the cost of a unit waiting for a year, all above zero.

    Returns
    -------
    LotRule
        The positions s + 1 … s + Q are those that cost least; the smaller lot among equals; missing without demand.

    Raises
    ------
    ValueError
        Where demand is not counts.

    References
    ----------
    Federgruen & Zheng (1992), Operations Research 40(4); Snyder & Shen 2e, eq. 5.48.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> rule = whole_lot_rule_by_waiting_cost(Poisson(3), LotCosts(1.5, 100, 20, 150))
    >>> float(rule.reorder_point), float(rule.order_quantity)
    (3.0, 5.0)
    """
    if not demand.whole:
        raise ValueError("only counts have whole lots: use lot_rule_by_waiting_cost")
    return _cheapest_positions(demand, costs)


def _cheapest_positions(demand: Demand, costs: LotCosts) -> LotRule:
    """Return the rule whose positions are all those that cost less than the rule itself, ordering included."""
    h, p = costs.holding_cost, costs.shortage_cost
    lot = np.ceil(costs.economic_lot()) + 0.0 * (demand.mean + np.asarray(p, dtype=float))
    best = newsvendor_stock(demand, h, p) + 0.0 * lot
    step = np.maximum(np.sqrt(demand.variance), lot)
    rule = LotRule(np.floor(best - lot / 2), lot)
    cost = waiting_cost_of_rule(demand, costs, rule)
    for _ in range(_ROUNDS):
        below, above = _reach(demand, costs, best, -1.0, cost, step), _reach(demand, costs, best, 1.0, cost, step)
        rule = LotRule(best - below, below + above - float(demand.whole))
        less = waiting_cost_of_rule(demand, costs, rule)
        if not np.any(less < cost * (1 - _CLOSE)):
            break
        cost = np.fmin(cost, less)
    return rule


def _reach(
    demand: Demand, costs: LotCosts, best: np.ndarray, side: float, cost: np.ndarray, step: np.ndarray
) -> np.ndarray:
    """Return how far to a side of the best position others are worth the cost; for counts the first that is not."""

    def worth(far: np.ndarray) -> np.ndarray:
        return cost - newsvendor_cost(demand, best + side * far, costs.holding_cost, costs.shortage_cost)

    if demand.whole:
        return least_whole(lambda far: worth(far) <= 0, 0.0 * cost + 1.0)
    return falling_root(worth, 0.0 * cost, step)
