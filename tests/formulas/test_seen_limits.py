"""Limits by what was seen: sums of periods, what rare demand can be, how wide it can scatter."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.seen_limits import SeenSums, seen_sums

CHANCES = np.array([0.5, 0.9, 0.95, 0.99])


def lumps(rng, shape, often=0.15):
    """Demand that comes now and then, in sizes with a heavy tail."""
    return (rng.random(shape) < often) * np.ceil(5.0 * rng.lognormal(0.0, 1.0, shape))


@pytest.mark.parametrize("length", [1, 3, 7])
def test_sums_are_those_of_successive_known_periods(length):
    rng = np.random.default_rng(1)
    values, observed, start = lumps(rng, (40, 30)), rng.random((40, 30)) < 0.8, rng.integers(0, 12, 40)
    found = seen_sums(values, observed, start, np.full(40, length))
    for one in range(40):
        known = pd.Series(values[one, start[one] :][observed[one, start[one] :]])
        sums = known.rolling(length).sum().dropna()
        assert found.largest[one] == pytest.approx(sums.max())
        assert found.mean[one] == pytest.approx(known.mean() * length)
        assert found.number[one] == pytest.approx(len(known) / length)


def test_a_history_shorter_than_the_sum_stands_for_it_by_its_mean():
    values = np.array([[0.0, 4.0, 2.0], [0.0, 0.0, 0.0]])
    found = seen_sums(values, np.ones((2, 3), dtype=bool), np.array([1, 0]), np.array([4, 4]))
    assert found.largest.tolist() == [12.0, 0.0]
    assert found.number.tolist() == [0.5, 0.75]
    assert np.isinf(found.limits(np.ones(2), CHANCES)[1]).all()  # nothing seen is no limit


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_demand_of_the_sizes_seen_keeps_to_its_limits_also_when_it_comes_less_often(share):
    rng = np.random.default_rng(2)
    known, coming = lumps(rng, (20_000, 30)), lumps(rng, 20_000, 0.15 * share)
    seen = seen_sums(known, known >= 0, np.zeros(20_000, dtype=int), np.ones(20_000, dtype=int))
    limits = seen.limits(share * seen.mean, CHANCES)
    there = seen.largest > 0
    above = (coming[there, None] > limits[there]).mean(axis=0)
    assert (above <= 1.0 - CHANCES).all()
    if share < 0.3:  # then the largest ever is rarely exceeded once in a hundred, and is the limit
        assert (limits[there] == seen.largest[there, None]).all()


def test_limits_do_not_depend_on_the_unit_and_rise_with_mean_and_chance():
    rng = np.random.default_rng(3)
    known, mean = lumps(rng, (200, 24)), rng.lognormal(0.0, 1.0, 200)
    whole, start = np.ones(known.shape, dtype=bool), np.zeros(200, dtype=int)
    one, two = np.ones(200, dtype=int), 1000.0
    limits = seen_sums(known, whole, start, one).limits(mean, CHANCES)
    again = seen_sums(known * two, whole, start, one).limits(mean * two, CHANCES)
    assert again == pytest.approx(limits * two)
    seen = seen_sums(known, whole, start, one)
    there = seen.largest > 0
    assert (np.diff(limits[there], axis=1) >= 0).all()
    assert (seen.limits(2.0 * mean, CHANCES)[there] >= limits[there]).all()
    assert (limits[there] >= mean[there, None]).all()  # a quantile cut to it leaves room for the mean


def test_no_demand_up_to_the_limit_scatters_more_widely():
    seen = SeenSums(np.array([20.0]), np.array([4.0]), np.array([30.0]))
    most = seen.limits(np.array([0.4]), np.array([0.99]))[0, 0]
    widest = seen.deviation_limits(np.array([0.4]), np.array([0.4]))[0]
    assert most == 20.0
    assert widest == pytest.approx(np.sqrt(0.4 / 20 * (1 - 0.4 / 20)) * 20)
    rng = np.random.default_rng(4)
    for _ in range(50):
        sizes, chances = rng.uniform(0, most, 6), rng.dirichlet(np.ones(6))
        sizes *= min(0.4 / (sizes @ chances), 1.0)
        mean = sizes @ chances
        told = seen.deviation_limits(np.array([mean]), np.array([0.4]))[0]
        assert np.sqrt(chances @ sizes**2 - mean**2) <= told * (1 + 1e-9)
    assert seen.deviation_limits(np.zeros(1), np.zeros(1))[0] == 0.0
