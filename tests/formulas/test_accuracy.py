"""Scores and drift against their definitions, by integration and by simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from segkit.formulas.accuracy import crps_normal
from segkit.formulas.drift import population_stability_index, psi_by_chance


@pytest.mark.parametrize(
    ("actual", "mean", "sd"), [(0.0, 0.0, 1.0), (12.0, 9.0, 2.5), (-3.0, 4.0, 0.7), (5.0, 5.0, 9.0)]
)
def test_crps_is_the_integral_of_the_squared_difference(actual, mean, sd):
    low, high = min(actual, mean) - 12 * sd, max(actual, mean) + 12 * sd
    below = quad(lambda x: norm.cdf(x, mean, sd) ** 2, low, actual)[0]
    above = quad(lambda x: norm.sf(x, mean, sd) ** 2, actual, high)[0]
    assert crps_normal(actual, mean, sd) == pytest.approx(below + above, rel=1e-6)


def test_crps_of_a_forecast_without_spread_is_the_absolute_error():
    assert crps_normal(np.array([3.0, 7.0]), 5.0, np.array([0.0, 0.0])).tolist() == [2.0, 2.0]


def test_crps_goes_with_the_unit():
    assert crps_normal(120.0, 90.0, 25.0) == pytest.approx(10 * crps_normal(12.0, 9.0, 2.5))


def test_drift_is_symmetric_and_counts_shares():
    old, new = np.array([3.0, 5.0, 2.0, 0.0]), np.array([30.0, 20.0, 50.0, 0.0])
    assert population_stability_index(old, new) == pytest.approx(population_stability_index(new, old))
    assert population_stability_index(old, 7 * old) == pytest.approx(0.0)
    assert population_stability_index(old, np.array([3.0, 5.0, 0.0, 0.0])) == np.inf
    assert np.isnan(population_stability_index(old, 0 * old))


def test_chance_exceeds_its_limit_as_often_as_promised():
    random = np.random.default_rng(1)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    drifts = [
        population_stability_index(random.multinomial(300, shares), random.multinomial(500, shares))
        for _ in range(2000)
    ]
    assert np.mean(np.array(drifts) > psi_by_chance(4, 300, 500)) == pytest.approx(0.05, abs=0.015)
