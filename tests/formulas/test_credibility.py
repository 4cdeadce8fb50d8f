"""Credible levels: stages against a slow twin, weights against planted ones and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from segkit.formulas.credibility import (
    ASLEEP,
    AWAKE,
    MISSED,
    NEVER,
    NEW,
    STAGES,
    PastLevels,
    credible_levels,
    credible_weights,
    sales_so_far,
    stage_losses,
)


def past_of(actual, level, mean, stage=AWAKE, origin=20):
    count = len(actual)
    return PastLevels(actual, level, mean, np.full(count, stage), np.broadcast_to(origin, count))


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.0, 1.0, 7.5]), st.booleans()), min_size=1, max_size=30),
    st.integers(0, 3),
)
def test_stages_and_means_are_those_of_a_slow_twin(periods, start):
    values, observed = (np.array([column]) for column in zip(*periods, strict=True))
    mean, stage = sales_so_far(values, observed, np.array([start]))
    for last in range(values.shape[1]):
        seen = [v for p, (v, there) in enumerate(periods[: last + 1]) if p >= start and there]
        sales = [v for v in seen if v > 0]
        if not sales:
            assert (mean[0, last], stage[0, last]) == (0.0, NEVER)
            continue
        assert mean[0, last] == pytest.approx(sum(seen) / len(seen))
        silent = next(n for n, v in enumerate(reversed(seen)) if v > 0)
        missed = sum(silent * len(sales) / len(seen) >= edge for edge in MISSED)
        assert stage[0, last] == (NEW if len(seen) < 4 else AWAKE + missed)


def test_planted_weights_are_found():
    rng = np.random.default_rng(1)
    level, mean = rng.gamma(2, 2, (2, 60_000))
    past = past_of(rng.poisson(0.5 * level + 0.3 * mean + 0.2).astype(float), level, mean, ASLEEP)
    weights = credible_weights(past)
    assert weights[ASLEEP] == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    others = np.arange(STAGES) != ASLEEP
    assert (weights[others] == [1.0, 0.0, 0.0]).all()
    losses = stage_losses(past, weights), stage_losses(past, np.tile([1.0, 0.0, 0.0], (STAGES, 1)))
    assert losses[0][ASLEEP] < 0.8 * losses[1][ASLEEP]
    assert (losses[0][others] == 0).all()


@given(st.integers(0, 10_000))
def test_weights_are_the_least_squares_without_a_part_below_zero(seed):
    rng = np.random.default_rng(seed)
    level, mean = rng.gamma(1, 2, (2, 300))
    past = past_of(rng.gamma(1, 2, 300) * rng.choice([level, mean, level**2]), level, mean)
    columns, size = np.stack([level, mean, np.ones(300)]), past.size()
    prior = np.sqrt(200.0 * (columns**2 / size).mean(axis=1))
    rows = np.concatenate([(columns / np.sqrt(size)).T, np.diag(prior)])
    told = np.concatenate([past.actual / np.sqrt(size), prior * [1.0, 0.0, 0.0]])
    assert credible_weights(past)[AWAKE] == pytest.approx(nnls(rows, told)[0], abs=1e-6)


def test_few_cases_hardly_move_a_level():
    level = np.full(3, 2.0)
    weights = credible_weights(past_of(np.zeros(3), level, level))
    assert 0.97 < weights[AWAKE].sum() < 1.0


def test_what_moved_all_series_is_no_fault_of_a_level():
    rng = np.random.default_rng(2)
    level = rng.gamma(2, 2, 4_000)
    origin = np.repeat([10, 12], 2_000)
    past = past_of(level * np.where(origin == 10, 0.8, 1.25), level, level, origin=origin).comparable()
    assert past.actual == pytest.approx(level)


def test_a_slip_of_the_pen_hardly_counts():
    rng = np.random.default_rng(3)
    level = rng.gamma(2, 2, 4_000)
    actual = rng.poisson(level).astype(float)
    actual[7] = 1e9
    past = past_of(actual, level, level, origin=np.arange(4_000) % 9)
    assert past.comparable().actual.max() < 1_000


def test_levels_are_put_right_by_stage():
    weights = np.tile([1.0, 0.0, 0.0], (STAGES, 1))
    weights[ASLEEP] = [0.5, 0.25, 0.1]
    stage = np.array([[NEVER, NEW, AWAKE, ASLEEP]], dtype=np.int8)
    made = credible_levels(np.array([[0.0, 3.0, 4.0, 2.0]]), np.array([[0.0, 1.0, 1.0, 8.0]]), stage, weights, 0.7)
    assert made[0] == pytest.approx([0.7, 3.0, 4.0, 3.1])
