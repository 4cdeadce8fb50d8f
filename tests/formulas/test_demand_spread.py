"""Distributions of counts against scipy and simulation: probabilities, quantiles, mixtures, and what is fitted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segkit.formulas import many_counts
from segkit.formulas import spread_kernels as kernels
from segkit.formulas.demand_spread import (
    Spread,
    fit_spread,
    mixed_quantiles,
    size_edges,
    spread_quantiles,
    spread_range,
    widened,
)
from segkit.formulas.spread_kernels import AT

STRAIGHT = np.array([AT])
WANTED = np.array([0.01, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999])


def negative_binomial(mean, excess):
    return stats.nbinom(1 / excess, 1 / (1 + mean * excess))


def told_by(spread, mean):
    return spread_quantiles(spread, mean, np.zeros(len(mean), dtype=int), np.ones(len(mean)), WANTED)


def randomised(spread, actual, mean, classes, seed=0):
    below, upto = spread_range(spread, actual, mean, classes, np.ones(len(mean)))
    return below + np.random.default_rng(seed).random(len(mean)) * (upto - below)


@pytest.mark.parametrize("excess", [1e-5, 0.02, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("mean", [0.01, 0.3, 2.5, 8.0])
def test_few_are_negative_binomial(mean, excess):
    truth = negative_binomial(mean, excess)
    counts = np.arange(60.0)
    below, upto = kernels.count_range(counts, np.full(60, mean), np.full(60, excess))
    assert upto == pytest.approx(truth.cdf(counts), abs=1e-9)
    assert below == pytest.approx(np.append(0, truth.cdf(counts[:-1])), abs=1e-9)
    row = np.zeros(1, dtype=int)
    found = kernels.bent_quantiles(np.array([mean]), np.array([excess]), row, STRAIGHT, WANTED)
    assert found[0].tolist() == truth.ppf(WANTED).tolist()
    variance = kernels.bent_variances(np.array([mean]), np.array([excess]), row, STRAIGHT)
    assert variance[0] == pytest.approx(truth.var(), rel=2e-3)


@pytest.mark.parametrize("mean", [8.01, 50.0, 1e4, 1e6])
@pytest.mark.parametrize("excess", [1e-5, 0.01, 0.05, 0.3, 1.0])
def test_many_are_about_negative_binomial(mean, excess):
    truth = stats.nbinom(1 / excess, 1 / (1 + excess * mean))
    row, wanted = np.zeros(1, dtype=int), np.array([0.05, 0.25, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
    found = kernels.bent_quantiles(np.array([mean]), np.array([excess]), row, STRAIGHT, wanted)
    assert found[0, :-1] == pytest.approx(truth.ppf(wanted[:-1]), abs=1.0 + 0.03 * truth.std())
    assert found[0, -1] == pytest.approx(truth.ppf(wanted[-1]), abs=1.0 + 0.2 * truth.std())
    variance = kernels.bent_variances(np.array([mean]), np.array([excess]), row, STRAIGHT)[0]
    assert np.sqrt(variance) == pytest.approx(truth.std(), rel=0.01)
    for count in np.round(mean + truth.std() * np.array([-0.5, 0.0, 1.0, 2.0])):
        below, upto = kernels.count_range(np.array([count]), np.array([mean]), np.array([excess]))
        assert upto[0] == pytest.approx(truth.cdf(count), abs=0.01)
        assert below[0] == pytest.approx(truth.cdf(count - 1), abs=0.01)


@pytest.mark.parametrize("excess", [1e-3, 0.02, 0.1, 0.3, 1.0, 3.0])
def test_nothing_jumps_where_counts_become_many(excess):
    mean, row = np.array([8 - 1e-9, 8 + 1e-9]), np.zeros(2, dtype=int)
    few, many = kernels.bent_quantiles(mean, np.full(2, excess), row, STRAIGHT, WANTED)
    assert many == pytest.approx(few, abs=0.5, rel=0.09)
    spread = np.sqrt(kernels.bent_variances(mean, np.full(2, excess), row, STRAIGHT))
    assert spread[1] == pytest.approx(spread[0], rel=0.02)


@given(st.floats(8.01, 1e9), st.floats(1e-6, 30), st.floats(-7, 7))
def test_values_and_scores_of_many_are_each_others_inverse(mean, excess, score):
    value = many_counts.many_value(score, mean, excess)
    assert many_counts.many_score(value, mean, excess) == pytest.approx(score, abs=1e-6)


@given(st.floats(0, 1e5), st.floats(1e-5, 200), st.integers(0, 1000))
def test_quantiles_rise_are_whole_and_never_below_zero(mean, excess, seed):
    rng = np.random.default_rng(seed)
    curve = np.concatenate([[0], np.sort(rng.random(len(AT) - 2)), [1]])[None, :]
    wanted = np.sort(rng.uniform(0.001, 0.999, 12))
    found = kernels.bent_quantiles(np.array([mean]), np.array([excess]), np.zeros(1, dtype=int), curve, wanted)[0]
    assert (np.diff(found) >= 0).all()
    assert (found >= 0).all()
    assert (found == np.round(found)).all()


@given(st.lists(st.floats(0, 30), min_size=1, max_size=4), st.floats(0.01, 5), st.integers(0, 100))
def test_a_quantile_is_the_least_count_that_is_enough(means, excess, seed):
    power = np.random.default_rng(seed).uniform(0.5, 2, 2)
    curve = AT[None, :] ** power[:1] * 0.5 + AT[None, :] ** power[1:] * 0.5
    mean, row = np.array(means), np.zeros(len(means), dtype=int)
    found, _, _ = mixed_quantiles(mean, np.full(len(mean), excess), row, curve, np.array([0, len(mean)]), WANTED)
    floored = np.where(mean > 0, np.maximum(mean, 0.01), 0.0)

    def share(count):
        if count < 0:
            return 0.0
        _, upto = kernels.count_range(np.full(len(mean), count), np.maximum(floored, 0.01), np.full(len(mean), excess))
        return np.where(floored > 0, kernels.along(curve, row, upto), 1.0).mean()

    for wanted, count in zip(WANTED, found[0], strict=True):
        assert share(count) >= wanted - 1e-9
        assert share(count - 1) < wanted + 1e-9


def test_one_part_is_the_distribution_itself():
    rng = np.random.default_rng(3)
    mean, excess = rng.gamma(1, 8, 200), rng.gamma(1, 1, 200) + 1e-3
    curves, row = np.vstack([AT, AT**1.3, AT**0.8]), rng.integers(0, 3, 200)
    single = kernels.bent_quantiles(np.maximum(mean, 0.01), excess, row, curves, WANTED)
    mixed, centre, spread = mixed_quantiles(mean, excess, row, curves, np.arange(201), WANTED)
    assert (mixed == single).mean() > 0.999
    assert centre == pytest.approx(mean)
    assert spread == pytest.approx(np.sqrt(kernels.bent_variances(np.maximum(mean, 0.01), excess, row, curves)))


@pytest.mark.parametrize("mean", [0.0182403, 0.06112459, 0.08034026, 6.5])
@pytest.mark.parametrize("excess", [1e-5, 1e-3, 200.0])
def test_what_often_exceeded_every_count_still_has_an_end(mean, excess):
    curve = AT[None, :] * 0.97  # of earlier actuals three in a hundred lay beyond all that was thought possible
    curve[0, -1] = 1.0
    parts = 25
    every = np.full(parts, mean), np.full(parts, excess), np.zeros(parts, dtype=int)
    found, _, _ = mixed_quantiles(*every, curve, np.array([0, parts]), np.array([0.5, 0.98, 0.9999]))
    truth = negative_binomial(mean, excess)
    assert found[0, 2] == found[0, 1] > found[0, 0]
    assert truth.sf(found[0, 1]) < 1e-10 < truth.sf(0)
    assert truth.sf(found[0, 1] / 2) > 1e-15


def test_mixtures_are_those_of_simulation():
    rng = np.random.default_rng(4)
    mean, excess = np.array([0.4, 3.0, 7.0]), np.array([2.0, 0.3, 0.8])
    drawn = np.concatenate(
        [negative_binomial(m, e).rvs(400_000, random_state=rng) for m, e in zip(mean, excess, strict=True)]
    )
    row = np.zeros(3, dtype=int)
    found, centre, spread = mixed_quantiles(mean, excess, row, STRAIGHT, np.array([0, 3]), WANTED)
    shares = np.array([(drawn <= count).mean() for count in found[0]])
    under = np.array([(drawn < count).mean() for count in found[0]])
    assert (shares >= WANTED - 0.001).all()
    assert (under <= WANTED + 0.001).all()
    assert centre[0] == pytest.approx(drawn.mean(), rel=0.005)
    assert spread[0] == pytest.approx(drawn.std(), rel=0.005)


def test_no_forecast_is_no_demand():
    found, centre, spread = mixed_quantiles(
        np.zeros(2), np.ones(2), np.zeros(2, dtype=int), STRAIGHT, np.array([0, 2]), WANTED
    )
    assert (found == 0).all()
    assert centre[0] == spread[0] == 0


@given(st.floats(0.01, 1e4), st.floats(1e-5, 50), st.floats(0.2, 5))
def test_widened_deviation_is_so_many_times_as_wide_or_poisson(mean, excess, width):
    more = widened(np.array([excess]), np.array([mean]), np.array([width]))[0]
    asked = width**2 * (mean + excess * mean**2)
    assert mean + more * mean**2 == pytest.approx(max(asked, mean + 1e-5 * mean**2), rel=1e-6)


@pytest.mark.parametrize("excess", [0.1, 0.6])
def test_a_known_excess_is_found(excess):
    rng = np.random.default_rng(5)
    mean = np.exp(rng.uniform(np.log(5), np.log(300), 40_000))
    spread = fit_spread(
        rng.negative_binomial(1 / excess, 1 / (1 + mean * excess)), mean, np.zeros(len(mean), dtype=int),
        np.ones(len(mean)), count=1,
    )  # fmt: skip
    found, _ = spread.places(np.array([20.0, 100.0]), np.zeros(2, dtype=int), np.ones(2))
    assert found == pytest.approx([excess, excess], rel=0.25)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("Poisson", lambda rng, mean: rng.poisson(mean)),
        ("negative binomial", lambda rng, mean: rng.negative_binomial(0.8, 0.8 / (0.8 + mean))),
        ("lumpy", lambda rng, mean: np.round((rng.random(len(mean)) < 0.15) * rng.gamma(0.7, mean / 0.105))),
        ("biased", lambda rng, mean: rng.poisson(0.7 * mean)),
        ("steady", lambda rng, mean: rng.binomial(np.round(1.25 * mean).astype(int), 0.8)),
    ],
)
def test_later_actuals_fall_evenly(name, draw):
    rng = np.random.default_rng(6)
    mean = np.exp(rng.normal(0.5, 1.5, 60_000))
    classes = rng.integers(0, 2, len(mean))
    actual, past = draw(rng, mean), slice(0, 40_000)
    spread = fit_spread(actual[past], mean[past], classes[past], np.ones(40_000), count=2)
    later = slice(40_000, None)
    places = randomised(spread, actual[later], mean[later], classes[later])
    near = 0.03 if name in ("lumpy", "steady") else 0.015  # most is zero, or scatters less than Poisson
    assert np.quantile(places, WANTED[:7]) == pytest.approx(WANTED[:7], abs=near), name
    told = spread_quantiles(spread, mean[later], classes[later], np.ones(20_000), np.array([0.8, 0.95, 0.99]))
    assert ((actual[later, None] <= told).mean(axis=0) >= np.array([0.8, 0.95, 0.99]) - 0.01).all()
    assert ((actual[later, None] < told).mean(axis=0) <= np.array([0.8, 0.95, 0.99]) + 0.01).all()


def test_classes_that_scatter_otherwise_are_told_apart_and_small_ones_lean_on_all():
    rng = np.random.default_rng(7)
    mean = np.full(20_010, 20.0)
    classes = np.repeat([0, 1, 2], [10_000, 10_000, 10])
    actual = np.where(classes == 0, rng.poisson(20, 20_010), rng.negative_binomial(1, 1 / 21, 20_010)).astype(float)
    actual[classes == 2] = 1_000
    spread = fit_spread(actual, mean, classes, np.ones(20_010), count=3)
    found, _ = spread.places(np.full(3, 20.0), np.arange(3), np.ones(3))
    assert found[0] < 0.02 < 0.6 < found[1] < 1.5
    told = spread_quantiles(spread, np.full(3, 20.0), np.arange(3), np.ones(3), np.array([0.5, 0.95]))
    assert told[0].tolist() == pytest.approx(stats.poisson(20).ppf([0.5, 0.95]), abs=1)
    assert told[1].tolist() == pytest.approx(negative_binomial(20, 1.0).ppf([0.5, 0.95]), abs=2)
    assert told[2, 0] < 30


def test_nothing_known_is_poisson():
    none = np.zeros(0)
    spread = fit_spread(none, none, none.astype(int), none, count=2)
    assert told_by(spread, np.array([3.0]))[0].tolist() == pytest.approx(stats.poisson(3).ppf(WANTED), abs=1)
    assert told_by(spread, np.array([0.0])).tolist() == [[0.0] * len(WANTED)]


@pytest.mark.parametrize("cases", [1, 2, 52, 300])
def test_few_cases_are_not_read_as_many(cases):
    """Of one item's year the scatter is that of its class of size, not of a handful of cases each."""
    rng = np.random.default_rng(8)
    mean = rng.uniform(2, 4, cases)
    spread = fit_spread(rng.poisson(mean), mean, np.zeros(cases, dtype=int), np.ones(cases), count=1)
    assert told_by(spread, np.array([3.0]))[0][1:7] == pytest.approx(stats.poisson(3).ppf(WANTED[1:7]), abs=2)


def test_sizes_are_parted_only_where_enough_are_known():
    rng = np.random.default_rng(9)
    for count, least in ((50, 0), (150, 0), (1_000, 5), (50_000, 16)):
        size = rng.normal(size=count)
        edges = size_edges(size)
        assert len(edges) >= least
        if len(edges):
            assert np.bincount(np.searchsorted(edges, size)).min() >= 90


@pytest.mark.parametrize("outlier", [1e6, 1e12])
def test_a_huge_outlier_ends_and_moves_little(outlier):
    rng = np.random.default_rng(10)
    mean = rng.uniform(0.05, 6, 5_000)
    actual = rng.poisson(mean).astype(float)
    classes, width = np.zeros(5_000, dtype=int), np.ones(5_000)
    plain = fit_spread(actual, mean, classes, width, count=1)
    other = actual.copy()
    other[17] = outlier
    spread = fit_spread(other, mean, classes, width, count=1)
    assert isinstance(spread, Spread)
    below, upto = spread_range(spread, other, mean, classes, width)
    assert below[17] > 0.9
    assert (below <= upto).all()
    told = spread_quantiles(spread, np.array([3.0]), classes[:1], width[:1], np.array([0.5, 0.9]))
    usual = spread_quantiles(plain, np.array([3.0]), classes[:1], width[:1], np.array([0.5, 0.9]))
    assert told[0] == pytest.approx(usual[0], abs=2)
    excess, row = spread.places(mean, classes, width)
    _, _, deviation = mixed_quantiles(mean, excess, row, spread.curves[0], np.arange(5_001), WANTED)
    assert (deviation < 30).all()


@pytest.mark.parametrize("excess", [100.0, 5_000.0])
def test_extreme_scatter_ends(excess):
    found = kernels.bent_quantiles(
        np.array([8.0]), np.array([excess]), np.zeros(1, dtype=int), STRAIGHT, np.array([0.5, 0.999, 1 - 1e-15])
    )
    assert np.isfinite(found).all()
    assert found[0, 0] == 0
    assert np.isfinite(kernels.bent_variances(np.array([8.0]), np.array([excess]), np.zeros(1, dtype=int), STRAIGHT))


@pytest.mark.parametrize("size", [1.0, 1e3, 1e6])
@pytest.mark.parametrize("seed", range(4))
def test_quantiles_of_many_parts_are_the_least_counts_that_are_enough(size, seed):
    rng = np.random.default_rng(seed)
    mean, excess = size * rng.gamma(0.7, 20, 30), rng.gamma(1, 1, 30) + 1e-3
    curves, row = np.vstack([AT, AT**1.4, 0.5 * AT + 0.5 * AT**3]), rng.integers(0, 3, 30)
    found = kernels.mixed_quantiles(np.maximum(mean, 0.01), excess, row, curves, np.array([0, 30]), WANTED)[0]

    def share(count):
        _, upto = kernels.count_range(np.full(30, count), np.maximum(mean, 0.01), excess)
        return kernels.along(curves, row, upto).mean()

    for wanted, count in zip(WANTED, found, strict=True):
        assert share(count) >= wanted - 1e-9
        assert count == 0 or share(count - 1) < wanted + 1e-9


@pytest.mark.parametrize(("mean", "excess"), [(9.0, 1e-3), (9.0, 4.0), (5_000.0, 0.2), (5_000.0, 30.0), (1e9, 1e-9)])
def test_variance_of_many_is_that_of_the_bent_law_cut_at_zero(mean, excess):
    curve, scores = 0.6 * AT**1.5 + 0.4 * AT**0.7, np.linspace(-7.5, 7.5, len(AT))
    values = [many_counts.many_value(score, mean, excess) - mean for score in (scores[1:] + scores[:-1]) / 2]
    off, part = np.maximum(values, -mean), np.diff(curve)
    found = kernels.bent_variances(np.array([mean]), np.array([excess]), np.zeros(1, dtype=int), curve[None, :])
    made_whole = part[np.array(values) > -mean].sum() / 12
    assert found[0] == pytest.approx(part @ off**2 - (part @ off) ** 2 + made_whole)
