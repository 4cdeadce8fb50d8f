"""The plainest forecasts, against loops over periods."""

import numpy as np
import pytest

from segkit.formulas.naive import mean_levels, naive_levels, seasonal_naive_forecasts, window_levels


def panel(seed=9, series=60, periods=23):
    rng = np.random.default_rng(seed)
    shape = (series, periods)
    return rng.poisson(4, shape).astype(float), rng.random(shape) < 0.7, rng.integers(0, periods + 1, series)


def known_until(history, row, origin):
    values, observed, start = history
    return [(t, values[row, t]) for t in range(origin) if observed[row, t] and t >= start[row]]


@pytest.mark.parametrize("window", [1, 4, 100])
def test_means_of_the_last_known_periods(window):
    history, origins = panel(), [23, 5, 0, 12]
    found = window_levels(*history, window=window, origins=origins)
    for row in range(60):
        for column, origin in enumerate(origins):
            last = [value for _, value in known_until(history, row, origin)][-window:]
            assert found[row, column] == pytest.approx(np.mean(last) if last else 0.0)
    alike = {1: naive_levels, 100: mean_levels}.get(window)
    if alike:
        np.testing.assert_array_equal(alike(*history, origins=origins), found)
    np.testing.assert_array_equal(window_levels(*history, window=window), found[:, 0])


@pytest.mark.parametrize("cycle", [1, 7, 12, 30])
def test_seasonal_naive_takes_the_last_cycle_that_is_known(cycle):
    history, origins = panel(), [23, 9, 0]
    found = seasonal_naive_forecasts(*history, cycle=cycle, horizon=15, origins=origins)
    assert found.shape == (60, 3, 15)
    for row in range(60):
        for column, origin in enumerate(origins):
            known = known_until(history, row, origin)
            for step in range(15):
                same = [value for t, value in known if t % cycle == (origin + step) % cycle]
                expected = same[-1] if same else known[-1][1] if known else 0.0
                assert found[row, column, step] == expected
    np.testing.assert_array_equal(seasonal_naive_forecasts(*history, cycle=cycle, horizon=15), found[:, 0])


def test_nothing_and_nonsense():
    assert naive_levels([[np.nan], [3.0]]).tolist() == [0.0, 3.0]
    assert mean_levels(np.empty((2, 0))).tolist() == [0.0, 0.0]
    assert naive_levels(np.empty((0, 4))).shape == (0,)
    assert seasonal_naive_forecasts(np.empty((2, 0)), cycle=3, horizon=2).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(ValueError, match="one period or more"):
        window_levels([[1.0]], window=0)
    with pytest.raises(ValueError, match="one period or more"):
        seasonal_naive_forecasts([[1.0]], cycle=0, horizon=1)
