"""A shared season that is taken out and put back."""

import numpy as np
import pytest

from segkit.formulas.shared_season import deseasonalised, seasonal_forecasts
from segkit.formulas.smoothing import best_smoothing, smoothed_levels

RNG = np.random.default_rng(12)
FACTORS = np.tile(RNG.uniform(0.3, 2, (3, 12)), 4)
GROUPS = RNG.integers(0, 3, 50)


def test_a_pure_season_is_forecast_without_error():
    levels = RNG.uniform(1, 90, 50)
    demand = levels[:, None] * FACTORS[GROUPS]
    flat, observed = deseasonalised(demand[:, :36], FACTORS, GROUPS)
    origins = [20, 36]
    smooth = best_smoothing(flat, observed, origins=origins)
    ahead = seasonal_forecasts(smooth.level, FACTORS, GROUPS, origins=origins, horizon=12)
    np.testing.assert_allclose(ahead[:, 0], demand[:, 20:32])
    np.testing.assert_allclose(ahead[:, 1], demand[:, 36:48])
    stepwise = np.repeat(smooth.level[:, :, None], 12, axis=2)
    np.testing.assert_array_equal(
        seasonal_forecasts(stepwise, FACTORS, GROUPS, origins=origins, horizon=12), ahead
    )  # fmt: skip


def test_a_season_of_one_changes_nothing():
    demand, observed = RNG.poisson(3, (50, 20)).astype(float), RNG.random((50, 20)) < 0.8
    flat, seen = deseasonalised(demand, np.ones((3, 24)), GROUPS, observed)
    np.testing.assert_array_equal(flat, demand)
    np.testing.assert_array_equal(seen, observed)


def test_closed_periods_say_nothing_and_nothing_is_forecast_for_them():
    factors = np.array([[1.0, 0.0, 1.0, 0.0, np.nan, -0.5, 2.0]])
    flat, observed = deseasonalised([[6.0, 0.0, 8.0]], factors, [0])
    level = smoothed_levels(flat, observed, alpha=0.5, origins=[3])
    assert level.tolist() == [[7.0]]
    ahead = seasonal_forecasts(level, factors, [0], origins=[3], horizon=4)
    assert ahead.tolist() == [[[0.0, 7.0, 0.0, 14.0]]]


def test_factors_that_do_not_reach_are_told():
    with pytest.raises(ValueError, match="forecasts need 5"):
        seasonal_forecasts([[1.0]], np.ones((1, 4)), [0], origins=[3], horizon=2)
    with pytest.raises(ValueError, match="values for 3"):
        deseasonalised([[1.0, 2.0, 3.0]], np.ones((1, 2)), [0])
    assert deseasonalised(np.empty((0, 2)), np.ones((1, 2)), [])[0].shape == (0, 2)
