"""What a limit leaves over is used: few items against every combination of stocks, each item alone against a search."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from scipy import stats

from segkit.formulas.aggregate_optimum import optimum_for_budget, optimum_for_service
from segkit.formulas.left_over import drop_surplus, fill_budget
from segkit.formulas.stock_choices import CurveItems, MenuItems, NormalItems

GRID = np.concatenate([(np.arange(97) + 0.5) / 100, [0.98, 0.99, 0.995, 0.999, 0.9999]])
SETS = range(60)


def whole_stocks(seed, count=3):
    """Items of very different worth, each a list of all its whole stocks and a curve."""
    rng = np.random.default_rng(seed)
    mean, size = rng.uniform(0.3, 12.0, count), rng.uniform(0.3, 5.0, count)
    curves = stats.nbinom(size[:, None], (size / (size + mean))[:, None]).ppf(GRID)
    weight, holding = rng.uniform(0.5, 50.0, count), rng.uniform(0.1, 20.0, count)
    lot = np.maximum(mean * rng.uniform(0.2, 1.5, count), 0.2)
    items = CurveItems(weight, holding, lot, curves, GRID)
    held = [items.hold(np.full(count, stock)) for stock in np.arange(curves.max() + 1)]
    return items, MenuItems(weight, np.array([one.cost for one in held]).T, np.array([one.short for one in held]).T)


def every_way(menu):
    """Return cost and weight short of every combination of three."""
    figures = menu.cost, menu.weight[:, None] * menu.short
    return [one[:, None, None] + two[:, None] + three for one, two, three in figures]


@lru_cache(maxsize=1)
def budgets():
    """Return few items with a budget, and the best service that any stocks give for it."""
    made = []
    for seed in SETS:
        items, menu = whole_stocks(seed)
        cost, short = every_way(menu)
        budget = np.random.default_rng(seed).uniform(0.03, 0.25) * cost.max()
        best = 1 - short[cost <= budget * (1 + 1e-12)].min() / items.weight.sum()
        made.append((items, menu, budget, best))
    return made


@lru_cache(maxsize=1)
def targets():
    """Return few items with a target, and the least that any stocks cost which meet it."""
    made = []
    for seed in SETS:
        items, menu = whole_stocks(seed)
        cost, short = every_way(menu)
        target = np.random.default_rng(seed).choice([0.7, 0.9, 0.95, 0.98])
        enough = short <= (1 - target) * items.weight.sum() * (1 + 1e-12)
        if enough.any():
            made.append((items, menu, target, cost[enough].min()))
    return made


@pytest.mark.parametrize("kind", ["curves", "lists"])
def test_a_budget_for_few_items_serves_about_what_the_best_stocks_do(kind):
    lost = []
    for items, menu, budget, best in budgets():
        found = optimum_for_budget(items if kind == "curves" else menu, budget)
        assert found.cost <= budget * (1 + 1e-12)
        assert found.service - 1e-9 <= best <= found.most + 1e-9  # the bound of what is lost is one
        lost.append(best - found.service)
    assert np.median(lost) < 1e-3
    assert np.mean(lost) < 0.002  # 0.0075 where what is left goes to no other
    assert max(lost) < 0.05  # 0.22


@pytest.mark.parametrize("kind", ["curves", "lists"])
def test_a_target_for_few_items_costs_about_what_the_best_stocks_do(kind):
    more = []
    for items, menu, target, least in targets():
        found = optimum_for_service(items if kind == "curves" else menu, target)
        assert found.service >= target - 1e-9
        kept = optimum_for_service(items if kind == "curves" else menu, target, drop=False)
        assert found.cost <= kept.cost * (1 + 1e-12)
        assert found.bound <= found.cost * (1 + 1e-12)
        assert found.cost >= least * (1 - 1e-9)
        more.append(found.cost / least - 1)
    assert np.median(more) < 1e-3
    assert np.mean(more) < 0.01  # 0.034 where what is not needed is kept


def test_nothing_that_still_fits_would_serve_more():
    for items, _, budget, _ in budgets():
        filled = fill_budget(items, items.best(0.0), budget)
        rest = budget - filled.cost.sum()
        assert rest >= -1e-9
        alone = items.most_for(filled.cost + rest * (1 - 1e-9))
        assert alone.short == pytest.approx(filled.short, abs=1e-9)


def test_nothing_that_is_left_is_more_than_needed():
    for items, _, target, _ in targets():
        most, allowed = items.best(1e9), (1 - target) * items.weight.sum()
        left = drop_surplus(items, most, allowed)
        short = items.weight * left.short
        assert short.sum() <= allowed * (1 + 1e-9)
        fewer = items.hold(np.maximum(left.stock - 1, 0))
        cheaper = fewer.cost < left.cost * (1 - 1e-9)
        assert (short.sum() + (items.weight * fewer.short - short)[cheaper] > allowed).all()


def test_many_items_are_left_as_they_are_where_a_rest_could_not_matter():
    items, _ = whole_stocks(1, count=1_500)
    found, kept = (optimum_for_service(items, 0.95, drop=drop) for drop in (True, False))
    assert (found.choice.stock == kept.choice.stock).all()
    assert found.most - found.service < 1e-3
    bought = optimum_for_budget(items, found.cost)
    assert 0 <= bought.most - bought.service < 1e-3


def test_of_many_items_those_are_changed_that_win_most():
    items, _ = whole_stocks(2, count=1_500)
    start = items.best(1.0)
    budget = start.cost.sum() * 1.001
    filled = fill_budget(items, start, budget)
    assert filled.cost.sum() <= budget
    assert (items.weight * filled.short).sum() < (items.weight * start.short).sum()
    assert items.hold(filled.stock).cost == pytest.approx(filled.cost)
    assert items.hold(filled.stock).short == pytest.approx(filled.short)


def test_each_item_alone_gets_the_most_for_a_cost_and_the_least_for_a_service():
    items, menu = whole_stocks(3, count=40)
    rng = np.random.default_rng(3)
    cost, short = rng.uniform(0, 1, 40) * menu.cost[:, -1], rng.uniform(0.001, 1.2, 40)
    most, least = items.most_for(cost), items.least_for(short)
    level = np.arange(menu.cost.shape[1])
    tops = np.ceil(items.curves[:, -1])
    within = (menu.cost <= cost[:, None]) & (level <= tops[:, None])
    assert (most.stock == np.where(within, level, -1).max(axis=1)).all()
    enough = menu.short <= short[:, None]
    assert (least.stock == np.where(enough.any(axis=1), enough.argmax(axis=1), least.stock)).all()
    assert (menu.most_for(cost).short <= most.short * (1 + 1e-12)).all()
    assert (menu.least_for(short).cost <= least.cost * (1 + 1e-12)).all()


def test_safety_factors_for_a_cost_and_a_service():
    rng = np.random.default_rng(5)
    items = NormalItems(*rng.uniform(1, 50, (4, 30)))
    items = replace(items, deviation=np.where(np.arange(30) == 7, 0.0, items.deviation))
    factors = rng.uniform(items.least, items.most, 30)
    chosen = items.at(factors)
    alone = np.arange(30) != 7
    assert items.most_for(chosen.cost).stock[alone] == pytest.approx(factors[alone])
    again = items.least_for(chosen.short)
    assert again.short == pytest.approx(chosen.short)
    assert (again.cost <= chosen.cost + 1e-6 * np.abs(chosen.cost)).all()
