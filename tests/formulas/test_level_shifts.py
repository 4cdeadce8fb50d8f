"""Changes of level: the odds against integrals, false alarms, and what is no change."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import betaln
from scipy.stats import gamma, poisson

from segkit.formulas.level_shifts import level_shifts
from segkit.formulas.shift_kernels import log_odds, log_silence

PERIODS = 56


def shifted(values, level=None, observed=None, unit=1.0):
    values = np.asarray(values, dtype=float)
    seen = np.ones(values.shape, dtype=bool) if observed is None else observed
    listed = np.cumsum(values > 0, axis=1) > 0
    start = np.where(listed.any(axis=1), listed.argmax(axis=1), values.shape[1])
    if level is None:
        known = listed & seen
        level = np.cumsum(values * known, axis=1) / np.maximum(np.cumsum(known, axis=1), 1)
    return level, level_shifts(values, seen, start, level, np.full(len(values), unit))


def poissons(rate, series=400, seed=0):
    return np.random.default_rng(seed).poisson(np.broadcast_to(rate, (series, PERIODS)))


def told(count, periods, usual):
    """Chance of a count whose level is gamma around a usual one, by integration."""
    prior = gamma(0.5, scale=usual / 0.5)
    return quad(lambda level: poisson.pmf(count, level * periods) * prior.pdf(level), 0, np.inf, limit=300)[0]


@pytest.mark.parametrize(("before", "after", "length"), [(40, 2, 6), (40, 30, 6), (12, 9, 4)])
def test_odds_are_those_of_integrated_counts(before, after, length):
    periods = 30
    usual = (before + after) / periods
    both = told(before + after, periods, usual) * poisson.pmf(after, length) * poisson.pmf(before, periods - length)
    both /= poisson.pmf(before + after, periods)  # how counts split, which a level says nothing of
    plain = np.log(told(before, periods - length, usual) * told(after, length, usual) / both)
    free = periods - length
    expected = plain if plain <= 0 else free / 2 * np.log(1 + 2 * plain / free)
    assert log_odds(float(before), float(after), periods, length) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("zeros", "again"), [(0, 0), (10, 2), (10, 9)])
def test_silence_is_the_chance_of_so_many_zeros_in_a_row(zeros, again):
    periods, length = 50, 6
    rare = (zeros + 0.5) / (periods + 1)
    one, other = again + 2 * rare, zeros - again + 2 * (1 - rare)
    expected = np.log(rare) + betaln(one + length - 1, other) - betaln(one, other)
    assert log_silence(float(zeros), float(again), periods, length) == pytest.approx(-expected)


@pytest.mark.parametrize("rate", [0.2, 1.5, 10.0])
def test_what_stays_the_same_is_left_alone(rate):
    level, found = shifted(poissons(rate, series=2_000))
    assert (found.chance[:, 20:] > 0.5).mean() < 0.004
    off = np.abs(found.level - level)[:, -1].mean()
    assert off < 0.01 * rate


def test_demand_of_bulky_orders_and_long_pauses_is_left_alone():
    rng = np.random.default_rng(1)
    on = np.ones((1_000, 200), dtype=bool)
    for period in range(1, 200):
        on[:, period] = np.where(on[:, period - 1], rng.random(1_000) > 0.1, rng.random(1_000) < 0.15)
    _, found = shifted(on * rng.negative_binomial(1, 0.1, on.shape))
    assert (found.chance[:, 150:] > 0.5).mean() < 0.02


@pytest.mark.parametrize("times", [0.0, 0.2, 3.0])
def test_a_change_of_six_periods_is_found(times):
    values = poissons(np.where(np.arange(PERIODS) >= PERIODS - 6, times, 1.0) * 10.0)
    level, found = shifted(values)
    true = 10.0 * times
    assert np.abs(found.level[:, -1] - true).mean() < 0.3 * np.abs(level[:, -1] - true).mean()
    assert (found.doubt[:, -1] > 0).mean() > 0.8


def test_levels_that_followed_already_stay():
    after = np.where(np.arange(PERIODS) >= PERIODS - 6, 30.0, 10.0)
    level, found = shifted(poissons(after), level=np.tile(after, (400, 1)))
    assert np.abs(found.level[:, -1] / level[:, -1] - 1).mean() < 0.03


def test_one_peak_is_no_rise():
    values = poissons(5.0)
    values[:, -3] = 60
    level, found = shifted(values)
    assert np.abs(found.level[:, -1] / level[:, -1] - 1).mean() < 0.03


def test_what_came_back_is_no_silence():
    values = poissons(10.0)
    values[:, -10:-4] = 0
    level, found = shifted(values)
    assert (found.level[:, -1] / level[:, -1]).mean() > 0.98


def test_periods_not_observed_say_nothing():
    values, observed = poissons(10.0), np.ones((400, PERIODS), dtype=bool)
    values[:, -8:], observed[:, -8:] = 0, False
    _, found = shifted(values, observed=observed)
    assert found.level[:, -1] == pytest.approx(found.level[:, -9])
    assert (found.chance[:, -1] > 0.5).mean() < 0.01


def test_nothing_looks_ahead_and_the_unit_plays_no_part():
    values = poissons(np.where(np.arange(PERIODS) >= 40, 2.0, 10.0), series=50)
    level, found = shifted(values)
    later = values.copy()
    later[:, 45:] = 99
    other = level_shifts(
        later.astype(float), np.ones(later.shape, dtype=bool), np.zeros(50, dtype=int), level, np.ones(50)
    )
    np.testing.assert_array_equal(found.level[:, :45], other.level[:, :45])
    assert (found.level[:, 45:] != other.level[:, 45:]).any()
    _, dozens = shifted(12 * values, unit=12.0)
    np.testing.assert_allclose(12 * found.level, dozens.level, rtol=1e-9)
