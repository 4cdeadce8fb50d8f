"""Discounted lines: the same as weighted least squares period by period."""

import numpy as np
import pytest

from segkit.formulas.local_lines import damped_steps, local_lines

DISCOUNT = 0.9


def slow_line(values, known):
    """Return level and slope at the last known period, and the slope over its standard error, by least squares."""
    place = np.flatnonzero(known)
    age = place[-1] - place
    weight = DISCOUNT**age
    x = np.column_stack([np.ones(len(place)), -age])
    inverse = np.linalg.inv((x.T * weight) @ x)
    fit = inverse @ (x.T * weight) @ values[place]
    left = values[place] - x @ fit
    noise = (weight * left**2).sum() / weight.sum() * len(place) / (len(place) - 2)
    error = np.sqrt((noise * inverse @ (x.T * weight**2) @ x @ inverse)[1, 1])
    return fit[0], fit[1], abs(fit[1]) / error


def test_lines_are_those_of_weighted_least_squares():
    rng = np.random.default_rng(0)
    values = rng.gamma(2, 3, (5, 30)) + np.arange(30) * rng.normal(0, 0.3, (5, 1))
    observed, start = rng.random((5, 30)) < 0.8, np.array([0, 3, 7, 0, 25])
    found = local_lines(values, observed, start, discount=DISCOUNT)
    for one in range(5):
        for period in range(30):
            known = observed[one, : period + 1] & (np.arange(period + 1) >= start[one])
            assert found.seen[one, period] == known.sum()
            if known.sum() < 4:
                assert found.clear[one, period] == 0
                continue
            told = [of[one, period] for of in (found.level, found.slope, found.clear)]
            assert told == pytest.approx(slow_line(values[one, : period + 1], known), rel=1e-7)


def test_a_straight_line_is_found_and_nothing_gives_nothing():
    values = np.array([[2.0, 4, 6, 8, 10], [3, 3, 3, 3, 3], [0, 0, 0, 0, 0]])
    found = local_lines(values, np.ones(values.shape, dtype=bool), np.array([0, 0, 5]))
    assert found.level[:, -1] == pytest.approx([10, 3, 0])
    assert found.slope[:, -1] == pytest.approx([2, 0, 0], abs=1e-9)
    assert found.clear[0, -1] > 1e3 > 1 > found.clear[2, -1]


def test_a_damped_trend_goes_on_ever_less():
    steps = damped_steps(0.95, 400)
    assert steps[:2].tolist() == pytest.approx([0.95, 0.95 + 0.95**2])
    assert steps[-1] == pytest.approx(0.95 / 0.05, rel=1e-6)
