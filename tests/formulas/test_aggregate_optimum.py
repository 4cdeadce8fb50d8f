"""Optima for an aggregate target: against brute force, a general solver, numeric gradients and closed forms."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from segkit.formulas import aggregate_optimum
from segkit.formulas.aggregate_optimum import (
    least_cost,
    optimum_for_budget,
    optimum_for_service,
    optimum_within_limit,
)
from segkit.formulas.stock_choices import CurveItems, MenuItems, NormalItems, cycle_service_menu

GRID = (np.arange(400) + 0.5) / 400
MENUS = st.lists(
    st.tuples(st.floats(0.1, 9), st.lists(st.tuples(st.floats(0.1, 9), st.floats(0.05, 1)), min_size=1, max_size=3)),
    min_size=1,
    max_size=4,
)


def normal_items(count, seed=0):
    rng = np.random.default_rng(seed)
    demand, price = rng.lognormal(4, 1, count), rng.lognormal(1, 0.8, count)
    lot = np.sqrt(2 * 30 * demand / (0.25 * price))
    return NormalItems(demand * price, 0.25 * price, 0.4 * demand**0.75, lot)


def curve_items(count, seed=0):
    rng = np.random.default_rng(seed)
    mean, cost = rng.uniform(0.2, 6, count), rng.uniform(1, 9, count)
    curves = stats.nbinom(1.5, 1.5 / (1.5 + mean[:, None])).ppf(GRID)
    return CurveItems(rng.uniform(1, 30, count), cost, np.maximum(mean, 1.0), curves, GRID)


def menu_items(drawn):
    """Return items whose first choice is nothing, and further ones that cost more and leave less short."""
    weight = np.array([one for one, _ in drawn])
    cost, short = np.full((len(drawn), 4), np.inf), np.ones((len(drawn), 4))
    for row, (_, steps) in enumerate(drawn):
        cost[row, : len(steps) + 1] = np.cumsum([0, *(price for price, _ in steps)])
        short[row, : len(steps) + 1] = np.cumprod([1, *(1 - share for _, share in steps)])
    return MenuItems(weight, cost, short)


def every_way(items):
    """Return cost and weight short of every combination of choices."""
    places = [np.flatnonzero(np.isfinite(row)) for row in items.cost]
    rows = np.arange(len(items.weight))
    ways = np.array(list(itertools.product(*places)))
    return items.cost[rows, ways].sum(axis=1), (items.weight * items.short[rows, ways]).sum(axis=1)


@given(MENUS, st.floats(0.02, 0.98))
@settings(max_examples=150, deadline=None)
def test_no_way_is_cheaper_than_the_bound_nor_as_cheap_on_the_frontier(drawn, target):
    items = menu_items(drawn)
    cost, short = every_way(items)
    allowed = (1 - target) * items.weight.sum()
    found = optimum_for_service(items, target)
    enough = short <= allowed + 1e-9
    if not enough.any():
        assert found.multiplier == np.inf
        assert (items.weight * found.choice.short).sum() == pytest.approx(short.min())
        return
    assert found.service >= target - 1e-9
    reached = (items.weight * found.choice.short).sum()
    assert found.bound <= cost[short <= reached + 1e-9].min() + 1e-7
    assert least_cost(items, allowed, found.multiplier) <= cost[enough].min() + 1e-7
    whole = found.choice.short[:, None] == items.short
    assert whole.any(axis=1).all()


@given(MENUS, st.floats(0.0, 40.0))
@settings(max_examples=150, deadline=None)
def test_points_of_the_frontier_are_optimal_for_their_own_cost(drawn, budget):
    items = menu_items(drawn)
    cost, short = every_way(items)
    found = optimum_for_budget(items, budget)
    assert found.cost <= budget + 1e-9
    served = (items.weight * found.choice.short).sum()
    for multiplier in (found.multiplier,) if 0 < found.multiplier < np.inf else ():
        value = items.best(multiplier)
        at_frontier = value.cost.sum(), (items.weight * value.short).sum()
        assert at_frontier[1] <= short[cost <= at_frontier[0] + 1e-9].min() + 1e-7
    assert served >= short.min() - 1e-9


@pytest.mark.parametrize("target", [0.95, 0.97, 0.995])
def test_normal_items_as_a_general_solver(target):
    items = normal_items(12)
    share = items.weight / items.weight.sum()

    def short(k):
        return float(share @ items.at(k).short)

    solved = minimize(
        lambda k: items.at(k).cost.sum() / 100,
        np.full(12, 1.5),
        jac=lambda _: items.holding * items.deviation / 100,
        bounds=[(items.least, 5)] * 12,
        constraints={"type": "ineq", "fun": lambda k: (1 - target) - short(k)},
        options={"maxiter": 500, "ftol": 1e-12},
    )
    found = optimum_for_service(items, target)
    assert found.service == pytest.approx(target, abs=1e-9)
    assert found.cost == pytest.approx(solved.fun * 100, rel=1e-5)


@pytest.mark.parametrize("make", [normal_items, curve_items])
def test_shadow_price_is_the_numeric_gradient(make):
    items = make(3000, seed=2)
    whole = items.weight.sum()
    less, more, at = (optimum_for_service(items, share) for share in (0.9695, 0.9705, 0.97))
    gradient = (more.cost - less.cost) / ((more.service - less.service) * whole)
    assert at.multiplier == pytest.approx(gradient, rel=0.01)


@pytest.mark.parametrize("make", [normal_items, curve_items])
def test_budget_and_service_are_two_sides_of_one_curve(make):
    items = make(500, seed=4)
    found = optimum_for_service(items, 0.95)
    back = optimum_for_budget(items, found.cost * (1 + 1e-9))
    assert back.service == pytest.approx(found.service, abs=1e-6)
    assert back.multiplier == pytest.approx(found.multiplier, rel=1e-3)
    assert back.cost <= found.cost * (1 + 2e-9)


@pytest.mark.parametrize("make", [normal_items, curve_items])
def test_curve_rises_and_is_convex(make):
    items = make(2000, seed=1)
    found = [optimum_for_service(items, target) for target in (0.94, 0.95, 0.96, 0.97, 0.98)]
    cost, service = (np.array([getattr(one, name) for one in found]) for name in ("cost", "service"))
    slopes = np.diff(cost) / np.diff(service)
    assert (slopes > 0).all()
    assert (np.diff(slopes) > 0).all()
    for one in found:
        assert one.bound <= one.cost * (1 + 1e-9)


def test_whole_stocks_of_curves_are_the_best_of_all():
    items = curve_items(3, seed=9)
    levels = np.arange(25.0)
    held = [items.hold(np.full(3, level)) for level in levels]
    menu = MenuItems(items.weight, np.array([one.cost for one in held]).T, np.array([one.short for one in held]).T)
    for multiplier in (0.01, 0.3, 1.0, 5.0, 40.0):
        worth = multiplier * items.weight
        value = [(one.cost + worth * one.short) for one in (items.best(multiplier), menu.best(multiplier))]
        np.testing.assert_allclose(value[0], value[1], rtol=1e-9)


def test_cycle_service_of_normal_items_has_equal_returns():
    """An aggregate P1: where the last step of each item is worth the same, density over cost is equal."""
    factors = np.linspace(-0.25, 4, 300)
    items = replace(normal_items(40), weight=np.ones(40))
    found = optimum_for_service(cycle_service_menu(items, factors), 0.95)
    assert found.service == pytest.approx(0.95, abs=2e-3)
    k = factors[found.choice.stock.astype(int)]
    ratio = np.exp(-(k**2) / 2) / (items.holding * items.deviation)
    inside = (k > 0.3) & (k < 3.9)
    assert ratio[inside] == pytest.approx(np.full(inside.sum(), np.median(ratio[inside])), rel=0.05)


def test_cycle_service_of_whole_stocks_is_the_share_of_cycles_covered():
    factors = np.linspace(-1, 3, 60)
    items = curve_items(30, seed=3)
    found = optimum_for_service(cycle_service_menu(items, factors), 0.9)
    stock = items.at(factors[found.choice.stock.astype(int)]).stock
    rng = np.random.default_rng(6)
    demand = np.take_along_axis(items.curves, rng.integers(0, 400, (30, 100_000)), axis=1)
    covered = items.weight @ (demand <= stock[:, None]) / items.weight.sum()
    assert found.service == pytest.approx(covered.mean(), abs=3 * covered.std() / np.sqrt(100_000))
    assert found.service >= 0.9 - 1e-9


@pytest.mark.parametrize("make", [normal_items, curve_items])
def test_price_of_a_limit_lies_between_the_numeric_gradients_beside_it(make):
    items = make(2000, seed=5)
    use = np.random.default_rng(1).uniform(0.1, 3, 2000)
    free = optimum_within_limit(items, 0.95, use, np.inf)
    assert free.limit_multiplier == 0
    assert free.optimum.cost == pytest.approx(optimum_for_service(items, 0.95).cost)
    tight, less, more = (optimum_within_limit(items, 0.95, use, share * free.used) for share in (0.93, 0.92, 0.94))
    assert tight.used <= 0.93 * free.used * (1 + 1e-9)
    assert tight.optimum.service >= 0.95 - 1e-9
    steep = (less.optimum.cost - tight.optimum.cost) / (tight.used - less.used)
    flat = (tight.optimum.cost - more.optimum.cost) / (more.used - tight.used)
    assert flat < tight.limit_multiplier < steep
    assert steep < 1.5 * flat


def test_limit_that_nothing_keeps():
    found = optimum_within_limit(normal_items(20), 0.99, np.ones(20), 1e-3)
    assert found.limit_multiplier == np.inf
    assert found.used > 1e-3


def test_lots_of_zero_weight_and_targets_out_of_reach():
    items = replace(normal_items(4), weight=np.array([0.0, 1.0, 2.0, 3.0]))
    found = optimum_for_service(items, 0.97)
    assert found.choice.stock[0] == items.least
    assert optimum_for_service(items, 1.0).multiplier == np.inf
    assert optimum_for_service(items, 0.0).multiplier == 0.0
    assert optimum_for_budget(items, 1e12).multiplier == np.inf
    assert optimum_for_budget(items, -1e12).multiplier == 0.0
    nothing = replace(items, weight=np.zeros(4))
    assert (optimum_for_service(nothing, 0.9).choice.stock == items.least).all()


def test_money_and_order_of_items_do_not_matter():
    items = curve_items(300)
    mixed = np.random.default_rng(0).permutation(300)
    other = CurveItems(
        items.weight[mixed] * 130, items.holding[mixed] * 130, items.lot[mixed], items.curves[mixed], GRID
    )
    found, again = optimum_for_service(items, 0.96), optimum_for_service(other, 0.96)
    np.testing.assert_array_equal(again.choice.stock, found.choice.stock[mixed])
    assert again.multiplier == pytest.approx(found.multiplier, rel=1e-6)


def test_share_short_equals_simulation():
    """Units short per cycle of lots Q under normal demand over the lead time, 100,000 cycles."""
    items = NormalItems(np.ones(1), np.ones(1), np.array([12.0]), np.array([40.0]))
    draws = np.random.default_rng(8).normal(50, 12, 100_000)
    for k in (0.0, 0.8, 1.6):
        short = np.maximum(draws - (50 + 12 * k), 0) / 40
        error = 3 * short.std() / np.sqrt(len(draws))
        assert items.at(np.array([k])).short[0] == pytest.approx(short.mean(), abs=error)


@pytest.mark.parametrize(
    "make", [normal_items, curve_items, lambda count: cycle_service_menu(normal_items(count), GRID)]
)
@pytest.mark.parametrize("target", [0.6, 0.93, 0.99])
def test_leaving_out_items_that_no_longer_move_changes_nothing(make, target, monkeypatch):
    items, found = make(1500), []
    for many in (1000, 10_000):
        monkeypatch.setattr(aggregate_optimum, "_MANY", many)
        found.append(optimum_for_service(items, target))
    assert found[0].multiplier == found[1].multiplier
    for one, other in zip(vars(found[0].choice).values(), vars(found[1].choice).values(), strict=True):
        assert np.array_equal(one, other)
