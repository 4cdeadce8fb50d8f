"""Class rules against the item optimum: the published experiment, and what must hold for any items."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segkit.formulas.aggregate_optimum import optimum_for_service
from segkit.formulas.class_boundaries import best_cuts, boundary_gains
from segkit.formulas.price_of_segmentation import class_frontier, class_rule, price_of
from segkit.formulas.stock_choices import CurveItems, NormalItems

GRID = np.concatenate([np.linspace(0.01, 0.9, 40), 1 - np.geomspace(0.09, 1e-4, 24)])
SEEDS = st.integers(0, 2000)


def normal_items(count, seed):
    rng = np.random.default_rng(seed)
    demand, price = rng.lognormal(4, 1.2, count), rng.lognormal(1, 1, count)
    lot = np.sqrt(2 * 30 * demand / (0.25 * price))
    return NormalItems(demand * price ** rng.uniform(0, 1), 0.25 * price, 0.3 * demand**0.75, lot)


def curve_items(count, seed):
    rng = np.random.default_rng(seed)
    mean, cost = rng.lognormal(1.5, 1.2, count), rng.lognormal(1, 1, count)
    curves = stats.nbinom(1.5, 1.5 / (1.5 + mean[:, None])).ppf(GRID)
    return CurveItems(mean * cost ** rng.uniform(0, 1) * 12, cost / 4, np.maximum(mean, 1.0), curves, GRID)


def score_of(items):
    return items.weight / (items.holding * items.lot)


def by_rank(score, shares=(0.2, 0.5)):
    rank = np.argsort(np.argsort(-score, kind="stable"))
    return np.searchsorted(np.array(shares) * len(score), rank, side="right")


every_kind = pytest.mark.parametrize("make", [normal_items, curve_items])


@every_kind
@given(SEEDS, st.sampled_from([0.9, 0.95, 0.98]))
@settings(max_examples=25, deadline=None)
def test_price_is_1_or_more_and_the_target_is_met(make, seed, target):
    items = make(60, seed)
    classes = np.random.default_rng(seed).integers(0, 3, 60)
    classes[:3] = range(3)
    found = class_rule(items, classes, target)
    assert found.service >= target - 1e-9
    assert not price_of(items, found.choice) < 1 - 1e-9
    assert not price_of(items, optimum_for_service(items, target).choice) < 1 - 1e-9


@every_kind
def test_identical_classes_merged_change_nothing(make):
    """Each item twice, once in either class: both classes are the same."""
    half = make(150, 3)
    twice = replace(half, **{
        name: np.concatenate([value, value])
        for name, value in vars(half).items()
        if isinstance(value, np.ndarray) and name not in ("probabilities", "mean")
    })  # fmt: skip
    apart = class_rule(twice, np.repeat([0, 1], 150), 0.96)
    together = class_rule(twice, np.zeros(300, dtype=int), 0.96)
    assert apart.cost <= together.cost * (1 + 1e-6)
    if make is normal_items:  # stocks in whole units may gain from being told apart
        assert apart.cost == pytest.approx(together.cost, rel=1e-4)
        assert apart.factors == pytest.approx(np.repeat(together.factors, 2), abs=0.02)
    held = twice.at(np.repeat(together.factors, 300))
    assert price_of(twice, held) == price_of(twice, together.choice)


@every_kind
@pytest.mark.parametrize("seed", range(4))
def test_splitting_a_class_does_not_raise_the_cost(make, seed):
    items = make(600, seed)
    coarse = by_rank(score_of(items), (0.4,))
    fine = by_rank(score_of(items), (0.15, 0.4, 0.8))
    rules = [class_rule(items, classes, 0.95) for classes in (np.zeros(600, dtype=int), coarse, fine)]
    prices = [price_of(items, rule.choice) for rule in rules]
    assert prices[0] >= prices[1] >= prices[2] >= 1
    assert optimum_for_service(items, 0.95).cost <= rules[2].cost


def test_targets_of_three_classes_are_the_best_of_all_targets():
    items = normal_items(90, 1)
    classes = by_rank(score_of(items))
    found = class_rule(items, classes, 0.95)
    share = items.weight / items.weight.sum()
    axis = np.linspace(items.least, 3.5, 60)
    cheapest = np.inf
    for first in axis:
        for second in axis:
            for third in axis:
                if first < second or second < third:
                    continue
                choice = items.at(np.array([first, second, third])[classes])
                if share @ choice.short <= 0.05:
                    cheapest = min(cheapest, choice.cost.sum())
                    break
    # the grid only holds rules whose factors are whole steps, so it is never the cheaper one
    assert found.cost <= cheapest


@every_kind
def test_points_of_the_frontier_cost_no_more_than_the_rule_at_their_service(make):
    items = make(400, 8)
    classes = by_rank(score_of(items))
    for target, point in zip((0.96, 0.98), class_frontier(items, classes, (0.96, 0.98)), strict=True):
        assert point.service >= target - 1e-9
        assert 0 < point.cost <= class_rule(items, classes, point.service).cost * (1 + 1e-3)
        assert point.cost >= optimum_for_service(items, point.service).bound * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_best_cuts_are_the_best_of_all_cuts(seed):
    items = normal_items(24, seed)
    score = score_of(items)
    order = np.argsort(-score)
    cheapest = np.inf
    for first in range(1, 23):
        for second in range(first + 1, 24):
            classes = np.empty(24, dtype=int)
            classes[order] = np.searchsorted([first, second], np.arange(24), side="right")
            cheapest = min(cheapest, class_rule(items, classes, 0.95).cost)
    found = class_rule(items, best_cuts(items, score, 3, 0.95), 0.95)
    assert found.cost == pytest.approx(cheapest, rel=0.01)


@every_kind
def test_more_classes_cost_less_and_ties_stay_together(make):
    items = make(500, 2)
    score = np.round(np.log(score_of(items)), 1)
    costs = []
    for count in (1, 2, 3, 5):
        classes = best_cuts(items, score, count, 0.96)
        assert classes.max() + 1 == count
        for value in np.unique(score):
            assert len(np.unique(classes[score == value])) == 1
        costs.append(class_rule(items, classes, 0.96).cost)
    assert costs == sorted(costs, reverse=True)


@every_kind
@given(SEEDS, st.sampled_from([0.9, 0.95, 0.98]))
@settings(max_examples=25, deadline=None)
def test_classes_that_are_no_use_cost_no_more_than_one_target(make, seed, target):
    items = make(60, seed)
    classes = np.random.default_rng(seed).permutation(60) % 4
    together = class_rule(items, np.zeros(60, dtype=int), target)
    assert class_rule(items, classes, target).cost <= together.cost + 1e-5 * abs(together.cost)


def test_no_more_classes_than_scores():
    items = normal_items(30, 0)
    assert best_cuts(items, np.ones(30), 3, 0.95).tolist() == [0] * 30


@every_kind
def test_moving_a_boundary_gives_what_is_told(make):
    items = make(300, 6)
    order = np.argsort(-score_of(items), kind="stable")
    starts = np.array([20, 290])
    now = class_rule(items, np.searchsorted(starts, np.argsort(order), side="right"), 0.96)
    gains = boundary_gains(items, order, starts, 0.96, now=now)
    assert [gain.start for gain in gains] == [20, 290]
    for number, gain in enumerate(gains):
        moved = starts.copy()
        moved[number] = gain.better
        after = class_rule(items, np.searchsorted(moved, np.argsort(order), side="right"), 0.96)
        assert gain.cost == pytest.approx(after.cost, rel=1e-3)
        assert gain.cost <= now.cost
    assert min(gain.cost for gain in gains) < 0.99 * now.cost


@pytest.mark.parametrize("levels", [1, 4, 17, 65])
def test_sums_of_many_levels_are_those_of_one_after_the_other(levels):
    rng = np.random.default_rng(levels)
    groups = rng.integers(0, 3, 200)
    for items in (normal_items(200, 3), curve_items(200, 3)):
        factors = np.sort(rng.uniform(items.least, items.most, (3, levels)), axis=1)
        cost, short = items.sums_at(groups, factors)
        for level in range(levels):
            choice = items.at(factors[groups, level])
            assert cost[:, level] == pytest.approx(np.bincount(groups, choice.cost, 3))
            assert short[:, level] == pytest.approx(np.bincount(groups, items.weight * choice.short, 3))
