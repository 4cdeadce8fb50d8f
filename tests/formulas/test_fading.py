"""Chances of a fall and of a silence: against what is known of them, and against drawn histories."""

import numpy as np
import pytest
from scipy.stats import betabinom, binom

from segkit.formulas.fading import falling_chance, silence_chance

CYCLE, LENGTH = 12, 30


def chances(table, **options):
    """Return the chances of series in rows."""
    size, length = table.shape
    series, place = np.repeat(np.arange(size), length), np.tile(np.arange(length), size)
    given = {"cycle": CYCLE, "recent": length - 6} | options
    return falling_chance(table.ravel().astype(float), series, place, **given)[0]


def test_a_silence_is_as_likely_as_the_beta_binomial_says():
    for hits, misses, silent in ((2, 0, 3), (5, 11, 8), (12, 2, 6), (2, 20, 24)):
        twin = betabinom(silent, hits - 0.5, misses + 0.5).pmf(0)
        found = silence_chance(np.array([hits]), np.array([misses]), np.array([silent]))
        assert found.item() == pytest.approx(twin)


@pytest.mark.parametrize("mean", [1.0, 5.0, 30.0])
@pytest.mark.parametrize("uneven", [False, True], ids=["poisson", "overdispersed"])
def test_unchanged_series_seem_to_fall_no_more_often_than_said(mean, uneven):
    rng = np.random.default_rng(4)
    level = mean * (rng.gamma(2, 0.5, (3000, LENGTH)) if uneven else np.ones((3000, LENGTH)))
    found = chances(rng.poisson(level))
    assert (found < 0.05).mean() < 0.06
    assert (found < 0.01).mean() < 0.02


def test_two_years_of_few_lines_are_near_the_exact_test():
    """Given their sum the lines of the later half year are binomial."""
    table = np.zeros((2, 18))
    table[0, [0, 1, 2, 3, 4, 5]], table[0, 12] = 3, 2
    table[1, [0, 1, 2, 3, 4, 5]], table[1, 12:18] = 2, 2
    found = chances(table, recent=12)
    assert found[0] == pytest.approx(2 * binom.cdf(2, 20, 0.5), rel=1)
    assert found[1] > 0.9


def test_a_season_is_no_fall_and_a_fall_in_a_season_is_found():
    garden = np.array([35, 50, 110, 172, 198, 182, 138, 96, 66, 46, 36, 30] * 3)[:LENGTH]
    falling = np.where(np.arange(LENGTH) >= 24, 0.6, 1.0) * garden
    same, less = chances(np.array([garden, falling]))
    assert same > 0.5
    assert less < 0.001


def test_a_slide_and_a_drop_are_both_found():
    rng = np.random.default_rng(7)
    slide = rng.poisson(15 * 0.35 ** (np.arange(LENGTH) / LENGTH), (200, LENGTH))
    drop = rng.poisson(np.where(np.arange(LENGTH) >= 24, 1.0, 6.0), (200, LENGTH))
    rise = slide[:, ::-1]
    found = chances(np.concatenate([slide, drop, rise]))
    assert (found[:200] < 0.01).mean() > 0.9
    assert (found[200:400] < 0.01).mean() > 0.9
    assert found[400:].min() > 0.5


def test_nothing_is_said_where_no_two_years_can_be_compared():
    counts = np.array([5.0, 4.0, 0.0])
    chance, told = falling_chance(counts, np.zeros(3, int), np.arange(3), cycle=12, recent=2)
    assert (chance.tolist(), told.tolist()) == ([1.0], [0.0])
    chance, told = falling_chance(np.array([]), np.array([], int), np.array([], int), cycle=12, recent=2)
    assert (len(chance), len(told)) == (0, 0)
