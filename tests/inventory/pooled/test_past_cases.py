"""Earlier forecasts and what came of them: each with its own series, origin, lots and class."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.demand_spread import spread_range
from segkit.formulas.interval_accuracy import pit_below
from segkit.formulas.pooled_smoothing import Panel
from segkit.inventory.pooled.contest import PATTERNS, demand_patterns, patterns_after
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.fitting import fit_demand
from segkit.inventory.pooled.panel import read_panel
from segkit.inventory.pooled.scatter import Levels, best_classes, past_cases, scatter_of


def panel_of(values, in_stock=None):
    series, periods = values.shape
    table = pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n:04d}" for n in range(series)], periods),
            "location_id": "NORTH",
            "period": np.tile(pd.date_range("2022-01-03", periods=periods, freq="7D"), series),
            "quantity": values.ravel(),
        }
    )
    return read_panel(table if in_stock is None else table.assign(in_stock=in_stock.ravel()))


def levels_of(values, seed=0, in_stock=None):
    panel = panel_of(values, in_stock)
    rng = np.random.default_rng(seed)
    periods = values.shape[1]
    every = rng.uniform(0.5, 2, (2, periods + 6))
    factors = Factors(every, np.arange(len(values)) % 2, ("season",), every)
    return Levels(panel, rng.gamma(3, 2, values.shape), factors)


@pytest.mark.parametrize(("series", "first", "last"), [(30, 1, 1), (30, 3, 3), (30, 1, 4), (4_000, 1, 2)])
@pytest.mark.parametrize("kilos", [False, True])
def test_every_case_is_what_its_series_forecast_then(series, first, last, kilos):
    rng = np.random.default_rng(1)
    values = rng.poisson(rng.gamma(2, 3, (series, 1)), (series, 60)) * (
        rng.gamma(4, 0.25, (series, 60)) if kilos else 1
    )
    values[::5, :20] = 0
    levels = levels_of(values.astype(float), in_stock=rng.random(values.shape) > 0.05)
    cases = past_cases(levels, first, last, seed=3)
    assert len(cases.mean) > 300
    panel = levels.panel
    for one in rng.integers(0, len(cases.mean), 200):
        series_, origin = cases.series[one], cases.origin[one]
        span = slice(origin + first - 1, origin + last)
        lot = panel.parts[series_, origin - 1]
        assert panel.observed[series_, span].all()
        assert cases.actual[one] == pytest.approx(panel.values[series_, span].sum() / lot)
        usual = levels.table[series_, origin - 1] * levels.factors.of(0, 66)[series_, span].sum() / lot
        assert cases.mean[one] == pytest.approx(usual)


def test_many_cases_are_drawn_evenly():
    values = np.random.default_rng(2).poisson(5, (6_000, 60)).astype(float)
    cases = past_cases(levels_of(values), 1, 1, seed=0)
    assert 20_000 < len(cases.mean) <= 45_000
    assert np.bincount(cases.origin)[8:].min() > 0.8 * len(cases.mean) / 52
    assert len(np.unique(cases.series)) > 400
    other = past_cases(levels_of(values), 1, 1, seed=1)
    both = set(zip(cases.series, cases.origin, strict=True)) & set(zip(other.series, other.origin, strict=True))
    assert len(both) < 0.5 * len(cases.mean)


def test_classes_of_cases_are_those_of_their_series():
    """Big series scatter more: a class that went to other series would show at once."""
    rng = np.random.default_rng(3)
    classes = np.arange(120) % 2
    values = np.where(classes[:, None], rng.negative_binomial(1, 1 / 21, (120, 80)), rng.poisson(20, (120, 80)))
    panel = panel_of(values.astype(float))
    flat = Factors(np.ones((1, 86)), np.zeros(120, dtype=int), (), np.ones((1, 86)))
    levels = Levels(panel, np.full(values.shape, 20.0), flat)
    spread = scatter_of(past_cases(levels, 1, 1, seed=0), classes)
    found, _ = spread.places(np.full(2, 20.0), np.arange(2), np.ones(2))
    assert found[0] < 0.02
    assert found[1] == pytest.approx(1.0, rel=0.3)


@pytest.mark.parametrize("true", ["half", "all"])
def test_classes_are_chosen_by_what_came_later(true):
    rng = np.random.default_rng(4)
    half = np.arange(200) % 2
    scattered = half if true == "half" else rng.permutation(half)
    values = np.where(scattered[:, None], rng.negative_binomial(1, 1 / 21, (200, 80)), rng.poisson(20, (200, 80)))
    flat = Factors(np.ones((1, 86)), np.zeros(200, dtype=int), (), np.ones((1, 86)))
    levels = Levels(panel_of(values.astype(float)), np.full(values.shape, 20.0), flat)
    cases = past_cases(levels, 1, 1, seed=0)
    ways = {"all": np.zeros(200, dtype=int), "half": half}
    assert best_classes(cases, ways) == "half" or true == "all"
    if true == "half":
        assert best_classes(cases, dict(reversed(ways.items()))) == "half"


@pytest.mark.parametrize("periods", [1, 2, 3])
def test_histories_too_short_for_any_case(periods):
    levels = levels_of(np.ones((3, periods)))
    assert len(past_cases(levels, 1, 5, seed=0).mean) == 0
    spread = scatter_of(past_cases(levels, 1, 5, seed=0), np.zeros(3, dtype=int))
    assert np.isfinite(spread.excess).all()


def test_the_width_of_a_series_is_how_far_it_was_off_so_far():
    rng = np.random.default_rng(5)
    calm, wild = rng.poisson(20, (60, 90)), rng.negative_binomial(2, 2 / 22, (60, 90))
    values = np.vstack([calm, wild]).astype(float)
    fit = fit_demand(panel_of(values), None, None, ahead=1, seed=0)
    width = fit.levels.width_now()
    assert width[:60].mean() < 0.8 < 1.2 < width[60:].mean()
    late = values.copy()
    late[:, 70:] = 5_000
    bent = Levels(panel_of(late), fit.levels.table, fit.levels.factors, fit.levels.habit)
    before = fit.levels.width(np.arange(120), np.full(120, 60))
    assert (bent.width(np.arange(120), np.full(120, 60)) == before).all()


def test_patterns_after_the_last_period_are_those_of_the_whole_history_and_know_nothing_of_later_ones():
    rng = np.random.default_rng(6)
    values = rng.negative_binomial(1, 0.2, (200, 50)) * (rng.random((200, 50)) < rng.random((200, 1)))
    panel = panel_of(values.astype(float))
    some = Panel(panel.values, rng.random(values.shape) < 0.9, panel.start)
    told = patterns_after(some)
    assert (told[:, -1] == demand_patterns(some)).all()
    assert len(np.unique(told)) == len(PATTERNS)
    for period in (3, 20, 41):
        part = Panel(some.values[:, : period + 1], some.observed[:, : period + 1], some.start)
        assert (told[:, period] == demand_patterns(part)).all()


def test_series_that_fall_asleep_and_wake_are_forecast_honestly():
    """Who is intermittent at the end slept lately: by that class all earlier forecasts would look too high."""
    rng = np.random.default_rng(8)
    awake = np.zeros((3_000, 64), dtype=bool)
    awake[:, 0] = rng.random(3_000) < 0.7
    for period in range(1, 64):
        change = rng.random(3_000)
        awake[:, period] = np.where(awake[:, period - 1], change > 0.04, change < 0.1)
    values = (rng.poisson(4, awake.shape) * awake).astype(float)
    fit = fit_demand(panel_of(values[:, :60]), None, None, ahead=4, seed=0)
    came, classes, share = values[:, 60:], fit.classes, []
    for step in range(1, 5):
        mean = fit.levels.ahead(step, step)
        spread = scatter_of(past_cases(fit.levels, step, step, seed=0), classes)
        ranges = spread_range(spread, came[:, step - 1], np.maximum(mean, 0.01), classes, fit.levels.width_now())
        share.append(pit_below(*ranges, 0.9))
    rare = np.isin(fit.pattern, (2, 4))
    assert rare.sum() > 500
    assert np.mean(share, axis=0)[rare].mean() == pytest.approx(0.9, abs=0.015)
    assert np.mean(share) == pytest.approx(0.9, abs=0.01)
