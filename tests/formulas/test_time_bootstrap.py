"""Intervals by blocks of time: against the formula for whole blocks, truth that is known, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter

from segkit.formulas.class_bootstrap import block_counts
from segkit.formulas.interval_accuracy import block_error
from segkit.formulas.time_bootstrap import (
    block_bootstrap_interval,
    block_bootstrap_ratio_difference,
    block_bootstrap_ratio_interval,
)

SERIES = np.random.default_rng(1).gamma(2, 3, 60)


def test_single_periods_give_students_interval():
    low, high = block_bootstrap_interval(SERIES, block=1, draws=40_000, confidence=0.9)
    half = stats.t.ppf(0.95, 59) * block_error(SERIES, np.ones(60))
    assert (high - low) / 2 == pytest.approx(half, rel=0.03)
    assert (high + low) / 2 == pytest.approx(SERIES.mean(), abs=0.1 * half)


def test_draws_by_hand():
    counts = block_counts(60, draws=500, block=4, seed=3)
    drawn = [np.repeat(SERIES, counts[:, k].astype(int)).mean() for k in range(500)]
    tail = stats.norm.cdf(np.sqrt(15 / 14) * stats.t.ppf(0.1, 14))
    expected = np.quantile(drawn, [tail, 1 - tail])
    low, high = block_bootstrap_interval(SERIES, block=4, draws=500, seed=3, confidence=0.8)
    assert [low, high] == pytest.approx(expected.tolist())


@pytest.mark.parametrize(("follows", "block", "least"), [(0.0, 1, 0.87), (0.0, 4, 0.85), (0.5, 6, 0.80)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(follows, block, least):
    noise = np.random.default_rng(7).normal(0, 1, (600, 100))
    series = lfilter([1], [1, -follows], noise, axis=1)[:, 40:]
    low, high = block_bootstrap_interval(series, block=block, draws=400, confidence=0.9)
    covered = ((low <= 0) & (high >= 0)).mean()
    assert least < covered < 0.95
    if follows:
        low, high = block_bootstrap_interval(series, block=1, draws=400, confidence=0.9)
        assert covered > ((low <= 0) & (high >= 0)).mean() + 0.1


def test_a_ratio_is_of_sums_and_its_interval_covers():
    rng = np.random.default_rng(2)
    demand = rng.gamma(2, 50, (500, 52))
    served = demand * rng.beta(18, 2, demand.shape)
    low, high = block_bootstrap_ratio_interval(served, demand, block=1, draws=400, confidence=0.9)
    assert 0.86 < ((low <= 0.9) & (high >= 0.9)).mean() < 0.94
    assert ((low < served.sum(1) / demand.sum(1)) & (served.sum(1) / demand.sum(1) < high)).all()


def test_what_both_share_does_not_widen_their_difference():
    rng = np.random.default_rng(4)
    demand = rng.gamma(2, 50, 52)
    luck = rng.uniform(0.7, 1, 52)
    one, other = demand * luck, demand * np.minimum(luck + 0.02 + rng.uniform(0, 0.01, 52), 1)
    low, high = block_bootstrap_ratio_difference((other, demand), (one, demand), block=2)
    assert 0 < low < ((other - one).sum() / demand.sum()) < high
    alone = block_bootstrap_ratio_interval(one, demand, block=2)
    assert high - low < 0.2 * (alone[1] - alone[0])


@given(st.floats(0.001, 1e5), st.integers(1, 30), st.integers(0, 99))
def test_scale_and_company_change_nothing(scale, block, seed):
    low, high = block_bootstrap_interval(SERIES, block=block, draws=50, seed=seed)
    both = block_bootstrap_interval(np.stack([SERIES * scale, -SERIES]), block=block, draws=50, seed=seed)
    assert [both[0][0], both[1][0]] == pytest.approx([low * scale, high * scale])
    assert [both[0][1], both[1][1]] == pytest.approx([-high, -low])
    assert low < high


def test_nothing_to_resample():
    assert np.isnan(block_bootstrap_interval([1.0, 2.0], block=1)).all()
    assert np.isnan(block_bootstrap_ratio_interval(np.zeros((2, 9)), np.zeros((2, 9)), block=2)).all()
    assert block_bootstrap_interval(np.full(9, 3.0), block=2)[0] == 3


@pytest.mark.parametrize(
    ("values", "options", "problem"),
    [([1, np.nan, 2], {}, "missing"), (3.0, {}, "missing"), ([1, 2, 3], {"confidence": 1.0}, "between")],
)
def test_what_makes_no_sense_is_refused(values, options, problem):
    with pytest.raises(ValueError, match=problem):
        block_bootstrap_interval(values, block=1, **options)
