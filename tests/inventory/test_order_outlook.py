"""What is known of coming demand: quantiles, what periods have in common, how far forecasts follow demand."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.projected_stock import CHANCES
from segkit.inventory.order_outlook import following, look_ahead
from segkit.inventory.pooled.fitting import fit_demand
from segkit.inventory.pooled.panel import read_panel


def fitted(values, ahead=12):
    series, periods = values.shape
    table = pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n:04d}" for n in range(series)], periods),
            "location_id": "LOC-0",
            "period": np.tile(pd.date_range("2022-01-03", periods=periods, freq="7D"), series),
            "quantity": values.ravel().astype(float),
        }
    )
    return fit_demand(read_panel(table), None, None, ahead=ahead, seed=0)


def steady(series=300, periods=110, seed=0, level=5.0):
    return np.random.default_rng(seed).poisson(level, (series, periods))


def wandering(series=300, periods=110, seed=0, move=0.12):
    rng = np.random.default_rng(seed)
    level = 20 * np.exp(np.cumsum(rng.normal(0, move, (series, periods)), axis=1))
    return rng.poisson(level)


def test_quantiles_cover_what_comes_as_often_as_they_say():
    values = steady()
    outlook = look_ahead(fitted(values[:, :104]), 6, covered=3, seed=0)
    rng = np.random.default_rng(1)
    for step in (0, 2, 5):
        came, curve = values[:, 104 + step], outlook.curves[:, step]
        below = (curve < came[:, None]).sum(axis=1)
        upto = (curve <= came[:, None]).sum(axis=1)
        grid = np.concatenate([[0.0], CHANCES, [1.0]])
        place = grid[below] + rng.random(len(came)) * (grid[np.minimum(upto + 1, len(CHANCES))] - grid[below])
        for chance in (0.5, 0.8, 0.9):
            error = 3 * np.sqrt(chance * (1 - chance) / len(came)) + 0.02
            assert (place <= chance).mean() == pytest.approx(chance, abs=error)


def test_means_curves_and_deviations_agree():
    outlook = look_ahead(fitted(steady()), 12, covered=3, seed=0)
    assert outlook.means.shape == outlook.deviations.shape == (300, 12)
    assert outlook.curves.shape == (300, 6, len(CHANCES))
    assert (np.diff(outlook.curves, axis=2) >= 0).all()
    weights = np.diff([0.0, *CHANCES[:-1], 1.0])
    mean = outlook.curves @ weights
    np.testing.assert_allclose(mean.mean(axis=0), outlook.means[:, :6].mean(axis=0), rtol=0.05)
    deviation = np.sqrt((outlook.curves**2) @ weights - mean**2)
    np.testing.assert_allclose(deviation.mean(axis=0), outlook.deviations[:, :6].mean(axis=0), rtol=0.1)


def test_periods_have_in_common_what_sums_tell():
    fit = fitted(steady())
    own, doubt = look_ahead(fit, 6, covered=3, seed=0).share, fit.levels.doubts()
    assert own[doubt == 0].max() < 0.15
    assert (doubt > 0).mean() < 0.02  # levels that seem to have changed: what is not known of them, periods share
    moving = look_ahead(fitted(wandering()), 6, covered=3, seed=0).share
    assert moving.mean() > own.mean() + 0.1
    assert moving.max() <= 0.9
    np.testing.assert_array_equal(look_ahead(fitted(wandering()), 6, covered=1, seed=0).share, np.zeros(300))


def test_forecasts_follow_levels_that_move():
    still, moving = following(fitted(steady()).levels), following(fitted(wandering()).levels)
    assert 0 <= still < 0.15
    assert moving > still + 0.15
    assert moving <= 1


def test_one_period_tells_nothing_of_following():
    assert following(fitted(np.array([[3.0]])).levels) == 0.0
    short = look_ahead(fitted(np.array([[3.0], [0.0]])), 12, covered=3, seed=0)
    assert np.isfinite(short.deviations).all()
    assert np.isfinite(short.curves).all()
    np.testing.assert_array_equal(short.curves[1], 0.0)


def test_following_is_the_share_of_errors_by_which_levels_moved():
    fit = fitted(wandering(series=40))
    levels = fit.levels
    table, values = levels.table, levels.panel.values
    factor = levels.factors.of(0, values.shape[1])
    top = bottom = 0.0
    for one in range(len(values)):
        for period in range(int(levels.panel.start[one]) + 1, values.shape[1]):
            before, after = table[one, period - 1], table[one, period]
            if before > 0 and factor[one, period] > 0 and levels.panel.observed[one, period]:
                error = values[one, period] / factor[one, period] / before - 1
                top += error * (after / before - 1)
                bottom += error**2
    assert following(levels) == pytest.approx(top / bottom, rel=1e-9)
