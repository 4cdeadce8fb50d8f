"""Damped trends of many series: equal to statsmodels' Holt; time goes on where nothing is known."""

import numpy as np
import pytest

from segkit.formulas.damped_trend import TrendRanges, best_damped_trend, damped_trend, trend_forecasts
from segkit.formulas.smoothing import smoothed_levels

WIDE = TrendRanges(alpha=(0.01, 0.99), beta=(0.0, 1.0), phi=(0.8, 0.98))


def panel(seed=8, series=40, periods=24):
    rng = np.random.default_rng(seed)
    slope = rng.normal(0, 1, (series, 1)) * np.arange(periods)
    values = 60 + slope + rng.normal(0, 3, (series, periods))
    return values, rng.random((series, periods)) < 0.85, rng.integers(0, periods + 1, series)


def squared_error(values, observed, alpha, beta, phi):
    """Walk through the periods."""
    level, trend, errors = values[0], 0.0, []
    for value, seen in zip(values[1:], observed[1:], strict=True):
        ahead = level + phi * trend
        after = alpha * value + (1 - alpha) * ahead if seen else ahead
        trend = beta * (after - level) + (1 - beta) * phi * trend if seen else phi * trend
        level = after
        errors += [value - ahead] if seen else []
    return np.mean(np.square(errors))


@pytest.mark.parametrize(("alpha", "beta", "phi"), [(0.3, 0.2, 0.9), (0.8, 0.6, 0.98), (0.1, 0.0, 0.8)])
def test_given_constants_are_statsmodels_damped_holt(alpha, beta, phi):
    from statsmodels.tsa.holtwinters import Holt

    values, _, _ = panel()
    ours = trend_forecasts(damped_trend(values, alpha=alpha, beta=beta, phi=phi), horizon=6)
    for row in range(0, len(values), 7):
        start = {"initialization_method": "known", "initial_level": values[row, 0], "initial_trend": 0.0}
        model = Holt(values[row], damped_trend=True, **start)
        theirs = model.fit(smoothing_level=alpha, smoothing_trend=beta, damping_trend=phi, optimized=False)
        np.testing.assert_allclose(ours[row], theirs.forecast(6), rtol=1e-9)


@pytest.mark.parametrize(("ranges", "short_of"), [(TrendRanges(), 1e-3), (WIDE, 0.03)])
def test_no_random_constants_are_clearly_better(ranges, short_of):
    values, observed, _ = panel()
    observed[:, 0] = True
    found = best_damped_trend(values, observed, ranges=ranges)
    rng = np.random.default_rng(3)
    for row in range(len(values)):
        constants = found.alpha[row], found.beta[row], found.phi[row]
        assert found.squared_error[row] == pytest.approx(squared_error(values[row], observed[row], *constants))
        tried = [rng.uniform(*bounds, 100) for bounds in (ranges.alpha, ranges.beta, ranges.phi)]
        least = min(squared_error(values[row], observed[row], *tries) for tries in zip(*tried, strict=True))
        assert found.squared_error[row] <= least * (1 + short_of)
        for name, bounds in vars(ranges).items():
            assert bounds[0] - 1e-12 <= getattr(found, name)[row] <= bounds[1] + 1e-12


def test_without_trend_it_is_simple_smoothing():
    values, _, start = panel()
    flat = damped_trend(values, None, start, alpha=0.3, beta=0.0, phi=0.9)
    np.testing.assert_allclose(flat.level, smoothed_levels(values, None, start, alpha=0.3))
    assert (flat.trend == 0).all()


def test_a_line_goes_on_through_what_is_masked():
    values = np.arange(10.0, 50.0)[None, :]
    observed = np.ones((1, 40), dtype=bool)
    observed[0, 33:38] = False
    fit = damped_trend(np.where(observed, values, -99), observed, alpha=0.9, beta=0.9, phi=1.0)
    np.testing.assert_allclose(trend_forecasts(fit, horizon=3)[0], [50, 51, 52], rtol=1e-3)
    through = damped_trend(values, observed, alpha=0.9, beta=0.9, phi=1.0, origins=[33, 38])
    np.testing.assert_allclose(trend_forecasts(through, horizon=5)[0, 0, 4], through.level[0, 1])


@pytest.mark.parametrize("given", [None, {"alpha": 0.3, "beta": 0.2, "phi": 0.9}])
def test_origins_units_order_and_nothing(given):
    def fit(*history, **options):
        return damped_trend(*history, **given, **options) if given else best_damped_trend(*history, **options)

    values, observed, start = panel()
    found = fit(values, observed, start, origins=[24, 0, 11])
    for column, origin in enumerate([24, 0, 11]):
        alone = fit(values[:, :origin], observed[:, :origin], start)
        for name, part in vars(found).items():
            np.testing.assert_array_equal(part[:, column], getattr(alone, name), err_msg=name)
    known = (observed & (np.arange(24) >= start[:, None])).any(axis=1)
    assert 0 < known.sum() < len(known)
    np.testing.assert_array_equal(np.isnan(found.alpha[:, 0]), ~known)
    ahead = trend_forecasts(found, horizon=4)
    assert ahead.shape == (40, 3, 4)
    assert (ahead[~known] == 0).all()
    assert not np.isnan(ahead).any()
    mixed = np.random.default_rng(5).permutation(40)
    np.testing.assert_array_equal(fit(values[mixed], observed[mixed], start[mixed]).level, found.level[mixed, 0])
    np.testing.assert_allclose(fit(values * 12, observed, start).level, found.level[:, 0] * 12, rtol=1e-6)
    assert fit(np.empty((0, 3))).level.shape == (0,)
    assert fit(np.empty((2, 0))).level.tolist() == [0, 0]
    assert fit([[np.nan, 3.0]]).level.tolist() == [3.0]


def test_wrong_ranges_are_told():
    with pytest.raises(ValueError, match="phi"):
        TrendRanges(phi=(0.9, 0.8))
    with pytest.raises(ValueError, match="beta lies outside"):
        damped_trend([[1.0]], alpha=0.1, beta=-1, phi=0.9)
