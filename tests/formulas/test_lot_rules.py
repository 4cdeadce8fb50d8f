"""Lot and reorder point together against a search of the cost, and the cost of a rule against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from stock_simulation import assert_like_simulation, one_by_one

from segkit.formulas import lot_and_reorder_point as lots
from segkit.formulas import reorder_point_cost as by_cost
from segkit.formulas import waiting_lots as waiting
from segkit.formulas.demand_distributions import Gamma, NegativeBinomial, Normal, Poisson, loss
from segkit.formulas.lot_and_reorder_point import LotCosts, LotRule
from segkit.formulas.reorder_point import reorder_point_for_fill_rate
from segkit.formulas.service_measures import fill_rate

REAL = [Normal(108.0, 43.0), Gamma(108.0, 43.0), Gamma(30.0, 40.0)]
COUNTS = [Poisson(3.0), Poisson(14.0), NegativeBinomial(4.0, 14.0), Poisson(0.05)]
COSTS = LotCosts(1300, 8, 0.225, 7.5)


def searched(cost, start):
    """Return the reorder point and lot of least cost as a general search finds them."""
    found = minimize(
        lambda at: float(cost(LotRule(at[0], at[1]))),
        start,
        method="Nelder-Mead",
        options=dict(xatol=1e-5, fatol=1e-12, maxiter=4000),
    )
    return found.x, found.fun


@pytest.mark.parametrize("demand", REAL, ids=repr)
def test_no_rule_costs_less_where_each_unit_short_costs_once(demand):
    rule = lots.lot_rule_by_unit_cost(demand, COSTS)
    found, least = searched(lambda one: lots.unit_cost_of_rule(demand, COSTS, one), [200.0, 310.0])
    assert [float(rule.reorder_point), float(rule.order_quantity)] == pytest.approx(found, rel=1e-3)
    assert lots.unit_cost_of_rule(demand, COSTS, rule) == pytest.approx(least, rel=1e-8)


@pytest.mark.parametrize("demand", REAL, ids=repr)
def test_no_rule_costs_less_where_each_unit_short_is_lost(demand):
    rule = lots.lot_rule_by_lost_sales_cost(demand, COSTS)

    def cost(one):  # stock is higher by what is lost
        extra = 0.225 * loss(demand, one.reorder_point)
        return lots.unit_cost_of_rule(demand, COSTS, one) + extra

    found, least = searched(cost, [200.0, 310.0])
    assert [float(rule.reorder_point), float(rule.order_quantity)] == pytest.approx(found, rel=1e-3)
    assert cost(rule) == pytest.approx(least, rel=1e-8)


@pytest.mark.parametrize("demand", REAL, ids=repr)
def test_no_rule_costs_less_where_waiting_costs(demand):
    rule = waiting.lot_rule_by_waiting_cost(demand, COSTS)
    found, least = searched(lambda one: waiting.waiting_cost_of_rule(demand, COSTS, one), [120.0, 330.0])
    assert [float(rule.reorder_point), float(rule.order_quantity)] == pytest.approx(found, rel=1e-3)
    cost = waiting.waiting_cost_of_rule(demand, COSTS, rule)
    assert cost == pytest.approx(least, rel=1e-8)
    assert fill_rate(demand, rule.reorder_point, rule.order_quantity) == pytest.approx(7.5 / 7.725)
    near = waiting.lot_rule_by_loss_functions(demand, COSTS)
    assert waiting.waiting_cost_of_rule(demand, COSTS, near) == pytest.approx(cost, rel=0.01)


@pytest.mark.parametrize("order_cost", [0.5, 100.0])
@pytest.mark.parametrize("demand", COUNTS, ids=repr)
def test_no_whole_rule_costs_less_where_waiting_costs(demand, order_cost):
    costs = LotCosts(1.5, order_cost, 20, 150)
    s, lot = np.meshgrid(np.arange(-15.0, 35), np.arange(1.0, 45), indexing="ij")
    grid = waiting.waiting_cost_of_rule(demand, costs, LotRule(s, lot))
    rule = waiting.whole_lot_rule_by_waiting_cost(demand, costs)
    assert waiting.waiting_cost_of_rule(demand, costs, rule) == pytest.approx(grid.min(), rel=1e-12)
    best = by_cost.reorder_point_by_waiting_cost(demand, rule.order_quantity, 20, 150)
    at_best = waiting.waiting_cost_of_rule(demand, costs, LotRule(best, rule.order_quantity))
    assert at_best == pytest.approx(grid.min(), rel=1e-12)


def test_whole_rules_of_many_items_are_those_of_each():
    mean, order = np.array([0.5, 3.0, 20.0]), np.array([5.0, 100.0, 40.0])
    together = waiting.whole_lot_rule_by_waiting_cost(Poisson(mean), LotCosts(mean / 2, order, 20, 150))
    for place in range(3):
        alone = waiting.whole_lot_rule_by_waiting_cost(
            Poisson(mean[place]), LotCosts(mean[place] / 2, order[place], 20, 150)
        )
        assert together.reorder_point[place] == alone.reorder_point
        assert together.order_quantity[place] == alone.order_quantity


@pytest.mark.filterwarnings("error")
def test_items_without_demand_have_no_lot_and_leave_the_others_theirs():
    costs = LotCosts([0.0, 1.5], 100, 20, 150)
    rule = waiting.whole_lot_rule_by_waiting_cost(Poisson([0.0, 3.0]), costs)
    assert np.isnan(rule.order_quantity).tolist() == [True, False]
    assert rule.reorder_point[1] == 3
    rule = waiting.lot_rule_by_waiting_cost(Gamma([0.0, 3.0], [0.0, 2.0]), costs)
    assert np.isnan(rule.order_quantity).tolist() == [True, False]
    for function in (lots.lot_rule_by_unit_cost, lots.lot_rule_by_lost_sales_cost):
        rule = function(Gamma([0.0, 3.0], [0.0, 2.0]), costs)
        assert not rule.order_quantity[0] > 0
        assert rule.order_quantity[1] > 0


def test_the_waiting_cost_is_as_simulated():
    costs, rule = LotCosts(2.0, 30, 1.5, 12), LotRule(7.0, 9.0)
    _, gaps, stock, backlog = one_by_one(np.random.default_rng(41), 2.0, 3.0, 7, 9, 100_000)
    spent = (1.5 * stock + 12 * backlog)[100:]
    running = waiting.waiting_cost_of_rule(Poisson(6.0), costs, rule) - 2.0 * 30 / 9
    assert_like_simulation(running, spent, gaps[100:])


def test_counts_and_real_demand_have_their_own_lots():
    with pytest.raises(ValueError, match="whole_lot_rule"):
        waiting.lot_rule_by_waiting_cost(Poisson(3.0), COSTS)
    with pytest.raises(ValueError, match="only counts"):
        waiting.whole_lot_rule_by_waiting_cost(Normal(3.0, 1.0), COSTS)


def test_lots_for_a_fill_rate_cost_less_than_the_economic_lot_does():
    demand, costs = Normal(100.0, 25.0), LotCosts(200, 50, 2, 25)
    rule = lots.lot_rule_for_fill_rate(demand, costs, 0.98)
    assert loss(demand, rule.reorder_point) / rule.order_quantity == pytest.approx(0.02)

    def cost(lot):
        s = lots.reorder_point_with_units_short(demand, 0.02 * lot)
        return 200 * 50 / lot + 2 * (s - 100 + lot / 2)

    others = np.linspace(80, 200, 12_001)
    assert rule.order_quantity == pytest.approx(others[cost(others).argmin()], abs=0.05)
    assert cost(rule.order_quantity) < cost(costs.economic_lot())


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 30), st.floats(5, 300))
def test_reorder_points_by_cost_cost_least(shortage, lot):
    demand, rate, holding = Gamma(100.0, 35.0), 900.0, 2.0
    grid = np.linspace(0, 600, 6_001)
    share = by_cost.cycle_service_worth_its_cost(lot, rate, holding, shortage)
    if share > 0:
        once = holding * grid + shortage * rate / lot * loss(demand, grid)
        assert demand.quantile(share) == pytest.approx(grid[once.argmin()], abs=0.11)
    lost = holding * (grid + loss(demand, grid)) + shortage * rate / lot * loss(demand, grid)
    share = by_cost.cycle_service_worth_its_cost_with_lost_sales(lot, rate, holding, shortage)
    assert demand.quantile(share) == pytest.approx(grid[lost.argmin()], abs=0.11)
    s = by_cost.reorder_point_by_waiting_cost(demand, lot, holding, shortage)
    costs = waiting.waiting_cost_of_rule(
        demand, LotCosts(rate, 1.0, holding, shortage), LotRule(np.append(s, grid), lot)
    )
    assert costs[0] <= costs[1:].min() * (1 + 1e-10)


def test_a_safety_factor_by_occasions_costs_least():
    lot, rate, sd, holding, cost = 85.0, 200.0, 10.0, 0.6, 300.0
    factors = np.linspace(0, 5, 50_001)
    spent = holding * factors * sd + cost * rate / lot * Normal(0, 1).losses(factors)[0]
    found = by_cost.safety_factor_by_occasion_cost(lot, rate, sd, holding, cost)
    assert found == pytest.approx(factors[spent.argmin()], abs=2e-4)
    assert by_cost.safety_factor_by_occasion_cost(lot, rate, sd, holding, 0.01) == 0.0


@settings(max_examples=15, deadline=None)
@given(st.floats(0.51, 0.995), st.floats(0.51, 0.995), st.floats(1, 500))
def test_more_fill_rate_never_takes_less_stock(one, other, order_cost):
    costs = LotCosts(200, order_cost, 2, 25)
    for demand in (Normal(100, 25), Gamma(20, 15)):
        rules = lots.lot_rule_for_fill_rate(demand, costs, np.sort([one, other]))
        stock = rules.reorder_point + rules.order_quantity / 2
        assert stock[0] <= stock[1] * (1 + 1e-9)


def test_shortages_that_cost_nothing_are_not_kept_off():
    assert by_cost.cycle_service_worth_its_cost(100, 200, 2, 0.5) == 0.0
    assert np.isnan(by_cost.cycle_service_worth_its_cost(100, 0.0, 2, 5.0))
    assert np.isnan(lots.lot_rule_by_unit_cost(Normal(100, 25), LotCosts(200, 50, 2, 0.1)).reorder_point)


def test_a_fill_rate_of_one_half_or_less_has_no_lot():
    with pytest.raises(ValueError, match="above one half"):
        lots.lot_rule_for_fill_rate(Normal(100, 25), COSTS, 0.5)


def test_a_waiting_cost_is_a_fill_rate():
    demand = Normal(100.0, 25.0)
    assert by_cost.reorder_point_by_waiting_cost(demand, 60, 1, 19) == reorder_point_for_fill_rate(demand, 60, 0.95)
