"""(s, S) against simulation and against every pair of levels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation, review_by_period

from segkit.formulas.demand_distributions import NegativeBinomial, Normal, Poisson
from segkit.formulas.min_max import (
    count_probabilities,
    min_max_by_waiting_cost,
    min_max_for_fill_rate,
    min_max_service,
    power_approximation,
)
from segkit.formulas.reorder_point import order_up_to_for_fill_rate
from segkit.formulas.service_measures import order_up_to_fill_rate

KINDS = {
    "poisson": (lambda n: Poisson(2.0 * n), lambda rng, n: rng.poisson(2, n).astype(float)),
    "binomial": (
        lambda n: NegativeBinomial(2.0 * n, 8.0 * n),
        lambda rng, n: rng.negative_binomial(2 / 3, 0.25, n).astype(float),
    ),
}


@pytest.mark.parametrize(("low", "top"), [(7, 9), (9, 25)])
@pytest.mark.parametrize("review", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_service_is_as_simulated(kind, review, low, top):
    over, draw = KINDS[kind]
    demand = draw(np.random.default_rng(51), 120_000)
    short, stock, backlog, ordered = review_by_period(demand, 2, review, float(low), 0.0, float(top))
    found = min_max_service(over(2 + review), over(2), over(review), low, top)
    short, demand = (part[30:].reshape(-1, review).sum(axis=1) for part in (short, demand))
    assert_like_simulation(1 - found.fill_rate, short, demand)
    ends = slice(30 + 2 + review - 1, None, review)  # just before the next arrival
    assert_like_simulation(found.stock, stock[ends])
    assert_like_simulation(found.backorders, backlog[ends])
    assert_like_simulation(found.cycle_service, backlog[ends] == 0)
    assert_like_simulation(found.orders, ordered[30::review])


@pytest.mark.parametrize("order_cost", [0.0, 5.0, 60.0])
@pytest.mark.parametrize("kind", KINDS)
def test_no_pair_of_levels_costs_less(kind, order_cost):
    over, _ = KINDS[kind]
    low, top = (one.ravel() for one in np.meshgrid(np.arange(-5.0, 20), np.arange(1.0, 50), indexing="ij"))
    low, top = low[top > low], top[top > low]
    served = min_max_service(over(3), over(2), over(1), low, top)
    cost = order_cost * served.orders + 1.0 * served.stock + 9.0 * served.backorders
    best = min_max_by_waiting_cost(over(3), over(1), 1, 9, order_cost)
    assert best.cost[0] == pytest.approx(cost.min(), rel=1e-9)
    at_best = min_max_service(over(3), over(2), over(1), best.reorder_point, best.order_up_to)
    assert order_cost * at_best.orders + at_best.stock + 9 * at_best.backorders == pytest.approx(best.cost)


def test_the_best_pairs_of_many_items_are_those_of_each():
    mean, order = np.array([0.2, 3.0, 45.0]), np.array([4.0, 50.0, 900.0])
    together = min_max_by_waiting_cost(Poisson(3 * mean), Poisson(mean), 1, 12, order)
    for place in range(3):
        alone = min_max_by_waiting_cost(Poisson(3 * mean[place]), Poisson(mean[place]), 1, 12, order[place])
        for name in ("reorder_point", "order_up_to", "cost"):
            assert getattr(together, name)[place] == pytest.approx(getattr(alone, name)[0], rel=1e-9)


def test_orders_that_cost_nothing_are_placed_at_every_review():
    best = min_max_by_waiting_cost(Poisson(6.0), Poisson(2.0), 1, 9, 0.0)
    assert best.order_up_to - best.reorder_point == 1
    assert best.order_up_to == Poisson(6.0).quantile(0.9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 15), st.floats(1, 6), st.integers(1, 30), st.floats(0.2, 0.99), st.floats(0.2, 0.99))
def test_levels_for_a_fill_rate_are_the_least_and_rise_with_it(mean, ratio, spread, one, other):
    def over(n):
        return NegativeBinomial(n * mean, n * mean * ratio)

    targets = np.sort([one, other])
    exposure, lead, review = over(3), over(2), over(1)
    rule = min_max_for_fill_rate(exposure, lead, review, spread, targets)
    assert rule.reorder_point[0] <= rule.reorder_point[1]
    assert (rule.order_up_to - rule.reorder_point == spread).all()
    found = min_max_service(exposure, lead, review, rule.reorder_point, rule.order_up_to).fill_rate
    less = min_max_service(exposure, lead, review, rule.reorder_point - 1, rule.order_up_to - 1).fill_rate
    assert (found >= targets - 1e-9).all()
    assert (less < targets).all()


def test_levels_of_many_items_are_those_of_each():
    mean, gap, target = np.array([0.2, 3.0, 45.0]), np.array([3, 40, 9]), np.array([0.9, 0.6, 0.99])
    together = min_max_for_fill_rate(Poisson(3 * mean), Poisson(2 * mean), Poisson(mean), gap, target)
    for place in range(3):
        over = (Poisson(n * mean[place]) for n in (3, 2, 1))
        alone = min_max_for_fill_rate(*over, gap[place], target[place])
        assert together.reorder_point[place] == alone.reorder_point
        assert together.order_up_to[place] == alone.order_up_to


def test_a_spread_of_one_is_an_order_up_to_level():
    exposure, lead, review = Poisson(6.0), Poisson(4.0), Poisson(2.0)
    found = min_max_service(exposure, lead, review, [7, 9], [8, 10])
    assert found.fill_rate == pytest.approx(order_up_to_fill_rate(exposure, lead, [8, 10]))
    rule = min_max_for_fill_rate(exposure, lead, review, 1, 0.95)
    assert rule.order_up_to == order_up_to_for_fill_rate(exposure, lead, 0.95)


def test_the_power_approximation_costs_little_more():
    review, exposure = Poisson(20.0), Poisson(60.0)
    near = power_approximation(exposure, 20, 1, 9, 100)
    low, top = np.round(near.reorder_point), np.round(near.order_up_to)
    served = min_max_service(exposure, Poisson(40.0), review, low, top)
    cost = 100 * served.orders + served.stock + 9 * served.backorders
    best = min_max_by_waiting_cost(exposure, review, 1, 9, 100)
    assert best.cost[0] <= cost[0] < 1.02 * best.cost[0]


def test_chances_of_counts_add_up():
    chances = count_probabilities(NegativeBinomial([2.0, 5.0], [8.0, 6.0]))
    assert chances.sum(axis=0) == pytest.approx([1.0, 1.0])
    assert (np.arange(len(chances)) @ chances) == pytest.approx([2.0, 5.0], rel=1e-9)
    assert (chances >= 0).all()


def test_what_has_no_rule_is_refused():
    with pytest.raises(ValueError, match="nothing is demanded"):
        min_max_by_waiting_cost(Poisson(0.0), Poisson(0.0), 1, 9, 5)
    with pytest.raises(ValueError, match="whole and at least 1"):
        min_max_service(Poisson(6), Poisson(4), Poisson(2), 8, 8)
    with pytest.raises(ValueError, match="only counts"):
        min_max_by_waiting_cost(Normal(6, 1), Normal(2, 1), 1, 9, 5)
