"""Lots by period against every plan there is, and against plain loops."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.formulas.lot_sizing import least_unit_cost, lot_plan_cost, silver_meal, wagner_whitin

PERIODS = 7
SERIES = st.lists(st.integers(0, 60), min_size=PERIODS, max_size=PERIODS)
ORDERS = st.lists(st.integers(0, 150), min_size=PERIODS, max_size=PERIODS)
HOLDING = st.lists(st.floats(0, 3), min_size=PERIODS, max_size=PERIODS)


def cheapest(demand, order, holding):
    """Return the least cost over every choice of periods to order in."""
    best = np.inf
    for chosen in product([False, True], repeat=len(demand)):
        cost, stocked_from = 0.0, None
        for period, units in enumerate(demand):
            if chosen[period]:
                cost, stocked_from = cost + order[period], period
            if units and stocked_from is None:
                cost = np.inf
            elif units:
                cost += units * sum(holding[stocked_from:period])
        best = min(best, cost)
    return best


def by_hand(demand, order, holding, per_unit):
    """Return lots that grow while the cost per period, or unit, does not rise."""
    lots, now = [0.0] * len(demand), 0
    while now < len(demand):
        if demand[now] == 0:
            now += 1
            continue
        ends = range(now + 1, len(demand) + 1)
        costs = [
            (order[now] + sum(demand[t] * sum(holding[now:t]) for t in range(now, end)))
            / (sum(demand[now:end]) if per_unit else end - now)
            for end in ends
        ]
        stop = next((i for i in range(1, len(costs)) if costs[i] > costs[i - 1]), len(costs)) - 1
        lots[now] = float(sum(demand[now : ends[stop]]))
        now = ends[stop]
    return lots


@settings(max_examples=60, deadline=None)
@given(SERIES, ORDERS, HOLDING)
def test_no_plan_costs_less(demand, order, holding):
    plan = wagner_whitin(demand, order, holding)
    assert plan.cost[0] == pytest.approx(cheapest(demand, order, holding))
    assert plan.lots.sum() == sum(demand)
    for other in (silver_meal(demand, order, holding), least_unit_cost(demand, order, holding)):
        assert plan.cost[0] <= other.cost[0] * (1 + 1e-12) + 1e-9
        assert other.lots.sum() == sum(demand)


@settings(max_examples=60, deadline=None)
@given(SERIES, ORDERS, st.lists(st.integers(0, 3), min_size=PERIODS, max_size=PERIODS))
def test_rules_are_those_of_plain_loops(demand, order, holding):
    assert silver_meal(demand, order, holding).lots[0].tolist() == by_hand(demand, order, holding, per_unit=False)
    assert least_unit_cost(demand, order, holding).lots[0].tolist() == by_hand(demand, order, holding, per_unit=True)


def test_many_series_are_planned_at_once():
    rng = np.random.default_rng(31)
    demand, order = rng.integers(0, 40, (20, 12)).astype(float), rng.uniform(10, 200, (20, 1))
    for rule in (wagner_whitin, silver_meal, least_unit_cost):
        together = rule(demand, order, 0.7)
        for row in range(20):
            alone = rule(demand[row], order[row], 0.7)
            assert together.lots[row].tolist() == alone.lots[0].tolist()
            assert together.cost[row] == pytest.approx(alone.cost[0])


def test_nothing_is_ordered_for_nothing():
    for rule in (wagner_whitin, silver_meal, least_unit_cost):
        plan = rule([0, 0, 0], 50, 1)
        assert plan.lots.tolist() == [[0.0, 0.0, 0.0]]
        assert plan.cost.tolist() == [0.0]
        assert rule([0, 4, 0], 50, 1).lots.tolist() == [[0.0, 4.0, 0.0]]


def test_a_plan_that_leaves_a_period_short_has_no_cost():
    assert np.isnan(lot_plan_cost([[0.0, 5.0]], [[3.0, 2.0]], 1, 1)).all()


def test_unknown_or_negative_demand_is_refused():
    for demand in ([1.0, np.nan], [1.0, -2.0]):
        with pytest.raises(ValueError, match="known and not negative"):
            wagner_whitin(demand, 1, 1)
