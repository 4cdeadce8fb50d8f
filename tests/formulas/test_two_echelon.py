"""A depot and its bases against simulation; items ordered together against every choice of cycles."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation

from segkit.formulas.joint_replenishment import joint_replenishment
from segkit.formulas.two_echelon import exact_bases, metric, two_moment_bases


def replayed(rng, depot_stock, depot_lead, rates, lead, stock, customers):
    """Replay one for one: the n-th order at the depot is met by the unit that the order S₀ before it brought.

    Returns by customer his base, the time since the one before, whether he waits and the time he waits.
    """
    gaps = rng.exponential(1 / sum(rates), customers)
    times, base = gaps.cumsum(), rng.choice(len(rates), size=customers, p=np.array(rates) / sum(rates))
    sent = times.copy()
    sent[depot_stock:] = np.maximum(times[depot_stock:], times[: customers - depot_stock] + depot_lead)
    if depot_stock == 0:
        sent = times + depot_lead
    delay = np.zeros(customers)
    for one in range(len(rates)):
        at = np.flatnonzero(base == one)
        arrival = sent[at] + lead[one]
        own = stock[one]
        delay[at[own:]] = np.maximum(arrival[: len(at) - own] - times[at[own:]], 0.0) if own else arrival - times[at]
    return base, gaps, delay


@pytest.mark.parametrize("depot_stock", [0, 2, 5])
def test_bases_are_as_simulated(depot_stock):
    rates, lead, stock = [0.2, 0.5], [2.0, 1.0], [2, 3]
    exact = exact_bases(depot_stock, 8.0, rates, lead, stock)
    base, gaps, delay = replayed(np.random.default_rng(61), depot_stock, 8.0, rates, lead, stock, 300_000)
    for one in range(2):
        assert_like_simulation(1 - exact.fill_rate[one], (delay[base == one] > 1e-9)[200:])
        assert_like_simulation(exact.backorders[one], np.where(base == one, delay, 0.0)[200:], gaps[200:])  # by Little


def test_approximations_come_near_from_below():
    for depot_stock in (0, 2, 4, 6):
        given_as = (depot_stock, 10, [0.2, 0.2], 2, 2)
        exact, near, far = (rule(*given_as).backorders for rule in (exact_bases, two_moment_bases, metric))
        assert (far <= near * (1 + 1e-9)).all()
        assert near == pytest.approx(exact, rel=0.03)
    plenty = (40, 10, [0.2, 0.2], 2, 2)
    assert metric(*plenty).backorders == pytest.approx(exact_bases(*plenty).backorders, rel=1e-6)
    alone = (0, 10, [0.4], 2, 3)
    assert metric(*alone).backorders == pytest.approx(exact_bases(*alone).backorders, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), st.integers(0, 6), st.floats(0.01, 2), st.floats(0.01, 2))
def test_more_stock_never_serves_less(depot_stock, stock, first, second):
    for rule in (exact_bases, two_moment_bases, metric):
        here, deeper, nearer = (
            rule(depot, 5.0, [first, second], 1.0, base)
            for depot, base in ((depot_stock, stock), (depot_stock + 1, stock), (depot_stock, stock + 1))
        )
        for more in (deeper, nearer):
            assert (more.fill_rate >= here.fill_rate - 1e-9).all()
            assert (more.backorders <= here.backorders + 1e-9).all()


def test_many_items_are_told_at_once():
    depot, rate = np.array([1, 4]), np.array([[0.2, 0.3, 0.1], [0.4, 0.1, 0.6]])
    for rule in (metric, two_moment_bases):
        together = rule(depot, [5.0, 9.0], rate, 2.0, 1)
        for item in range(2):
            alone = rule(depot[item], [5.0, 9.0][item], rate[item], 2.0, 1)
            assert together.backorders[item] == pytest.approx(alone.backorders)
            assert together.fill_rate[item] == pytest.approx(alone.fill_rate)


SIZES = st.lists(st.floats(1, 200), min_size=3, max_size=3)


def joint_cost(shared, item, used, every):
    return np.sqrt(2 * (shared + (item / every).sum()) * (used * every).sum())


@settings(max_examples=50, deadline=None)
@given(st.floats(1, 500), SIZES, SIZES, st.floats(0.05, 3))
def test_items_ordered_together_cost_little_more_than_the_best(shared, item, demand, holding):
    item, used = np.array(item), np.array(demand) * holding
    plan = joint_replenishment(demand, shared, item, holding)
    assert plan.cost == pytest.approx(joint_cost(shared, item, used, plan.every))
    lots = np.array(demand) * plan.every * plan.cycle
    spent = shared / plan.cycle + (item / (plan.every * plan.cycle)).sum() + (holding * lots / 2).sum()
    assert plan.cost == pytest.approx(spent)
    best = min(joint_cost(shared, item, used, np.array(every)) for every in product(range(1, 16), repeat=3))
    assert best * (1 - 1e-12) <= plan.cost <= 1.08 * best
    assert plan.every.min() == 1


def test_two_groups_are_planned_at_once():
    demand = np.array([[86_000, 12_500, 1_400, 3_000], [3_000, 86_000, 12_500, 1_400]])
    plan = joint_replenishment(demand, [40, 40], 15, 0.24)
    assert plan.every.tolist() == [[1, 1, 4, 3], [3, 1, 1, 4]]
    assert plan.cost[0] == pytest.approx(plan.cost[1])
