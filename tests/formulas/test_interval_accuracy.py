"""Quantile scores against hand cases, slow twins, exact distributions and brute-force bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from segkit.formulas.interval_accuracy import (
    block_error,
    coverage,
    pinball_loss,
    pit_below,
    probability_range,
    probability_range_of_samples,
    randomised_pit,
    scaled_pinball,
)

LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
DENSE = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99])
NAN = float("nan")


@pytest.mark.parametrize(("actual", "loss"), [(12, 0.9 * 2), (10, 0.0), (7, 0.1 * 3)])
def test_pinball_charges_what_is_short_by_the_level(actual, loss):
    assert pinball_loss(actual, 10, 0.9) == pytest.approx(loss)


def test_the_quantile_itself_has_the_least_pinball_loss():
    draws = np.random.default_rng(2).gamma(2.0, 5.0, 40_000)
    tried = np.quantile(draws, np.linspace(0.5, 0.99, 50))
    best = tried[np.argmin([pinball_loss(draws, one, 0.9).mean() for one in tried])]
    assert best == pytest.approx(np.quantile(draws, 0.9))


def test_pinball_summed_over_levels_is_the_crps():
    """Its integral over all levels, twice, is the CRPS: 2 phi(0) - 1 / sqrt(pi) for N(0, 1) at 0."""
    levels = (np.arange(20_000) + 0.5) / 20_000
    assert 2 * pinball_loss(0.0, stats.norm.ppf(levels), levels).mean() == pytest.approx(0.2336949773, abs=1e-5)


def test_scaled_pinball_is_the_mean_over_what_is_judged():
    found = scaled_pinball([[12, 7, NAN], [1, 1, 1], [NAN] * 3], np.full((3, 3), 10.0), 0.75, [4.5, 0.0, 1.0])
    assert found == pytest.approx([(1.5 + 0.75) / 2 / 4.5, NAN, NAN], nan_ok=True)


def test_coverage_counts_what_equals_the_quantile():
    assert coverage([1, 2, 3, 4], [2, 2, 2, NAN]) == pytest.approx(2 / 3)
    assert np.isnan(coverage([], []))


# ------------------------------------------------------------------ probabilities read from quantiles
@given(arrays(float, 5, elements=st.integers(0, 6).map(float)), st.integers(0, 8).map(float))
def test_what_is_surely_below_a_level_counts_whole(values, actual):
    quantiles = np.sort(values)
    below, upto = probability_range([actual], [quantiles], LEVELS)
    assert 0 <= below[0] <= upto[0] <= 1
    shares = pit_below(below, upto, LEVELS)
    for level, quantile, share in zip(LEVELS, quantiles, shares, strict=True):
        if actual < quantile:
            assert below[0] <= upto[0] <= level
            assert share == 1
        elif actual > quantile:
            assert level <= below[0]
            assert share == 0
        else:
            assert below[0] < level <= upto[0]
            assert 0 < share <= 1


@pytest.mark.parametrize(("levels", "within"), [(LEVELS, 0.008), (DENSE, 0.005)], ids=["five levels", "fifteen"])
@pytest.mark.parametrize("mean", [0.1, 0.5, 2.0, 8.0, 40.0])
def test_exact_quantiles_of_counts_come_out_calibrated(mean, levels, within):
    """The frequency over all counts, each with its probability, of a population of negative binomials."""
    random = np.random.default_rng(4)
    counts, frequency, population = np.arange(600), np.zeros(len(levels)), 400
    for place in np.exp(random.normal(np.log(mean), 0.7, population)).clip(0.01, 150):
        ratio = 1.05 + random.gamma(1.0, 1.0)
        chance = stats.nbinom.pmf(counts, place / (ratio - 1), 1 / ratio)
        quantiles = np.searchsorted(np.cumsum(chance), levels - 1e-12).astype(float)
        below, upto = probability_range(counts, np.tile(quantiles, (len(counts), 1)), levels)
        frequency += chance @ pit_below(below[:, None], upto[:, None], levels)
    assert frequency / population == pytest.approx(levels, abs=within)


def test_measures_are_read_on_a_straight_line():
    below, upto = probability_range([1.5, 3.0, 0.5, 100.0], np.tile([1.0, 2.0, 4.0], (4, 1)), [0.5, 0.8, 0.9])
    assert below == pytest.approx(upto)
    assert below[:3] == pytest.approx([0.65, 0.85, 0.25])
    assert 0.9 < below[3] < 1


def test_the_unit_of_counting_does_not_change_a_probability():
    came, quantiles = np.array([0, 3, 5, 7, 40]), np.tile([0, 3, 5, 7, 9], (5, 1))
    for once, dozen in zip(
        probability_range(came, quantiles, LEVELS), probability_range(came / 12, quantiles / 12, LEVELS), strict=True
    ):
        assert dozen == pytest.approx(once)


def test_quantiles_that_cross_are_put_in_order():
    straight, crossed = probability_range([4], [[1, 3, 5]], [0.5, 0.8, 0.9]), [[3, 1, 5]]
    assert probability_range([4], crossed, [0.5, 0.8, 0.9]) == straight


def test_probabilities_of_nothing_are_nothing():
    assert [len(ends) for ends in probability_range([], np.empty((0, 5)), LEVELS)] == [0, 0]
    assert np.isnan(probability_range([NAN], [[1, 2, 3, 4, 5]], LEVELS)).all()


def test_a_draw_like_the_others_is_exactly_uniform():
    """Each of ten draws with ties judged by the nine others: together they cover 0 to 1 evenly."""
    draws = np.array([0, 0, 0, 1, 1, 2, 3, 3, 7, 9.0])
    others = np.array([np.delete(draws, place) for place in range(10)])
    below, upto = probability_range_of_samples(draws, others)
    for level in (0.1, 0.35, 0.5, 0.8, 0.95):
        assert pit_below(below, upto, level).mean() == pytest.approx(level)


# ------------------------------------------------------------------ randomised PIT
def test_the_frequency_is_the_mean_over_all_draws():
    random = np.random.default_rng(8)
    below = random.random(300) * 0.8
    upto = below + random.random(300) * (1 - below)
    drawn = [randomised_pit(below, upto, random.random(300)) for _ in range(4000)]
    for level in LEVELS:
        assert pit_below(below, upto, level).mean() == pytest.approx(np.mean(np.array(drawn) <= level), abs=2e-3)


def test_the_pit_of_an_honest_count_is_uniform():
    random = np.random.default_rng(9)
    came = random.poisson(1.3, 50_000)
    pit = randomised_pit(stats.poisson.cdf(came - 1, 1.3), stats.poisson.cdf(came, 1.3), random.random(50_000))
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    assert np.mean(came <= stats.poisson.ppf(0.8, 1.3)) > 0.84  # plain coverage of a count is not its level


# ------------------------------------------------------------------ standard errors
def test_block_errors_are_those_of_drawing_blocks_whole():
    random = np.random.default_rng(3)
    counts = random.integers(1, 12, 60)
    sums = random.beta(2, 3, 60) * counts
    picks = random.integers(0, 60, (20_000, 60))
    drawn = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    assert block_error(sums, counts) == pytest.approx(drawn.std() * np.sqrt(60 / 59), rel=0.03)


def test_blocks_of_one_give_the_error_of_a_mean():
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    assert block_error(values, np.ones(5)) == pytest.approx(values.std(ddof=1) / np.sqrt(5))
    assert np.isnan(block_error([1.0], [3.0]))
    assert np.isnan(block_error([], []))
