"""Pooled smoothing against plain loops; masked and unlisted periods say nothing; threads and units change nothing."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.pooled_smoothing import (
    Constants,
    Panel,
    Pools,
    constant_errors,
    constant_weights,
    mean_ahead,
    pooled_levels,
)

CONSTANTS = Constants((0.1, 0.4), (0.6, 1.0))
LEAST_MOVE, MOST_MOVE = 0.02, 4.0


def draw(seed, series=9, periods=24):
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.gamma(2, 2, (series, 1)), (series, periods)).astype(float)
    observed = rng.random(values.shape) > 0.2
    start = rng.integers(0, 8, series)
    start[0] = periods
    values[np.arange(periods)[None, :] < start[:, None]] = 0
    return Panel(values, observed, start), rng.integers(0, 3, series)


def slow_level(panel, one, constant):
    """Weigh all that was seen by how many seen periods ago that was."""
    levels, level = [], 0.0
    for period in range(panel.values.shape[1]):
        seen = [p for p in range(panel.start[one], period + 1) if panel.observed[one, p]]
        weights = [constant * (1 - constant) ** age for age in range(len(seen))][::-1]
        if seen:
            level = float(np.dot(weights, panel.values[one, seen]) / sum(weights))
        levels.append(level)
    return np.array(levels)


def slow_moved(panel, group, passed, own, fast):
    """Return levels times how the fast level of the group stands to its slow one."""
    count = len(group)
    slow = [slow_level(panel, one, own) for one in range(count)]
    quick = [slow_level(panel, one, fast) for one in range(count)]
    out = np.zeros(panel.values.shape)
    for one in range(count):
        mates = [other for other in range(count) if group[other] == group[one]]
        for period in range(out.shape[1]):
            below = sum(slow[mate][period] for mate in mates)
            above = sum(quick[mate][period] for mate in mates)
            move = min(max(above / below, LEAST_MOVE), MOST_MOVE) ** passed if below > 0 else 1.0
            out[one, period] = slow[one][period] * move
    return out


def slow_targets(panel, ahead, first):
    target, judged = np.zeros(panel.values.shape), np.zeros(panel.values.shape, dtype=bool)
    for one in range(len(target)):
        for period in range(target.shape[1] - ahead):
            seen = sum(panel.observed[one, panel.start[one] : period + 1])
            after = [p for p in range(period + 1, period + ahead + 1) if panel.observed[one, p]]
            if period + 1 >= first and seen >= 4 and len(after) > ahead / 2:
                target[one, period], judged[one, period] = np.mean(panel.values[one, after]), True
    return target, judged


@pytest.mark.parametrize("ahead", [1, 2, 3, 4])
def test_targets_are_means_of_the_observed_periods_that_follow(ahead):
    panel, _ = draw(1)
    target, judged = mean_ahead(panel, ahead=ahead, first=6)
    slow = slow_targets(panel, ahead, 6)
    assert (judged == slow[1]).all()
    assert target == pytest.approx(slow[0])
    assert judged.any()
    assert not judged[:, :5].any()


@pytest.mark.parametrize("passed", [0.0, 0.5, 1.0])
def test_errors_of_constants_are_those_of_plain_loops(passed):
    panel, group = draw(2)
    errors, origins = constant_errors(panel, Pools(group, passed), constants=CONSTANTS, ahead=3, first=6)
    target, judged = slow_targets(panel, 3, 6)
    pairs = [(own, fast) for own in CONSTANTS.own for fast in CONSTANTS.fast]
    slow = [np.where(judged, slow_moved(panel, group, passed, *pair) - target, 0) ** 2 for pair in pairs]
    assert errors == pytest.approx(np.stack([each.sum(axis=1) for each in slow], axis=1))
    assert (origins == judged.sum(axis=1)).all()


@pytest.mark.parametrize("passed", [0.0, 0.5])
def test_levels_are_weighted_means_of_those_of_plain_loops(passed):
    panel, group = draw(3)
    weights = np.random.default_rng(4).dirichlet(np.ones(4), len(group))
    levels = pooled_levels(panel, Pools(group, passed), constants=CONSTANTS, weights=weights)
    pairs = [(own, fast) for own in CONSTANTS.own for fast in CONSTANTS.fast]
    slow = sum(weights[:, [place]] * slow_moved(panel, group, passed, *pair) for place, pair in enumerate(pairs))
    assert levels == pytest.approx(slow)
    assert (levels[0] == 0).all()


def test_weights_lean_on_the_class_the_less_the_more_is_known():
    errors = np.array([[1.0, 3.0], [1.0, 3.0], [3.0, 1.0], [0.0, 0.0]])
    weights = constant_weights(errors, np.array([4, 40, 0, 10]), np.array([0, 0, 0, 1]), power=3, lent=20)
    usual = (np.array([0.5, 1.5]) * 2 + 20) / 22
    for row, known in enumerate((4, 40, 0)):
        shrunk = (known * errors[0] / 2 + 20 * usual) / (known + 20)
        assert weights[row] == pytest.approx(shrunk**-3.0 / (shrunk**-3.0).sum())
    assert weights[3] == pytest.approx([0.5, 0.5])
    assert weights[1, 0] > weights[0, 0] > weights[2, 0] > 0.5


def test_weights_of_power_0_are_all_alike():
    weights = constant_weights(np.random.default_rng(1).random((5, 6)), np.full(5, 9), np.zeros(5, dtype=int), power=0)
    assert weights == pytest.approx(np.full((5, 6), 1 / 6))


@given(st.integers(0, 10_000), st.sampled_from([1e-9, 1e-3, 1 / 12, 7.0, 1e9]))
def test_counting_unit_scales_levels_and_leaves_weights(seed, unit):
    panel, group = draw(seed, series=5, periods=16)
    told = Panel(panel.values * unit, panel.observed, panel.start)
    found = []
    for one in (panel, told):
        errors, origins = constant_errors(one, Pools(group[:5], 0.5), constants=CONSTANTS, ahead=2, first=4)
        weights = constant_weights(errors, origins, np.zeros(5, dtype=int))
        found.append((weights, pooled_levels(one, Pools(group[:5], 0.5), constants=CONSTANTS, weights=weights)))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-6)
    assert found[1][1] == pytest.approx(found[0][1] * unit, rel=1e-6)


@given(st.integers(0, 10_000))
def test_masked_and_unlisted_values_do_not_matter_and_nothing_looks_ahead(seed):
    panel, group = draw(seed, series=5, periods=16)
    pools, weights = Pools(group[:5], 0.5), np.full((5, 4), 0.25)
    levels = pooled_levels(panel, pools, constants=CONSTANTS, weights=weights)
    silent = ~panel.observed | (np.arange(16)[None, :] < panel.start[:, None])
    other = Panel(np.where(silent, 1e6, panel.values), panel.observed, panel.start)
    assert (pooled_levels(other, pools, constants=CONSTANTS, weights=weights) == levels).all()
    late = Panel(np.where(np.arange(16)[None, :] >= 10, 1e6, panel.values), panel.observed, panel.start)
    assert (pooled_levels(late, pools, constants=CONSTANTS, weights=weights)[:, :10] == levels[:, :10]).all()


def test_constant_demand_is_its_own_level_whatever_the_constants():
    panel = Panel(np.full((2, 12), 4.2), np.ones((2, 12), dtype=bool), np.zeros(2, dtype=int))
    errors, origins = constant_errors(panel, Pools(np.arange(2), 0.0), constants=CONSTANTS, ahead=2, first=4)
    assert (errors == 0).all()
    weights = constant_weights(errors, origins, np.zeros(2, dtype=int))
    assert weights == pytest.approx(np.full((2, 4), 0.25))
    levels = pooled_levels(panel, Pools(np.arange(2), 0.0), constants=CONSTANTS, weights=weights)
    assert levels == pytest.approx(np.full((2, 12), 4.2))


@pytest.mark.parametrize("periods", [0, 1, 2, 3])
def test_little_or_no_history_is_no_problem(periods):
    panel = Panel(np.ones((2, periods)), np.ones((2, periods), dtype=bool), np.zeros(2, dtype=int))
    errors, origins = constant_errors(panel, Pools(np.zeros(2, dtype=int), 0.5), constants=CONSTANTS, ahead=1, first=2)
    weights = constant_weights(errors, origins, np.zeros(2, dtype=int))
    levels = pooled_levels(panel, Pools(np.zeros(2, dtype=int), 0.5), constants=CONSTANTS, weights=weights)
    assert levels.shape == (2, periods)
    assert (levels == 1).all()


def test_no_series_at_all():
    none = Panel(np.zeros((0, 5)), np.zeros((0, 5), dtype=bool), np.zeros(0, dtype=int))
    pools = Pools(np.zeros(0, dtype=int), 0.5)
    errors, origins = constant_errors(none, pools, constants=CONSTANTS, ahead=1, first=2)
    weights = constant_weights(errors, origins, np.zeros(0, dtype=int))
    assert pooled_levels(none, pools, constants=CONSTANTS, weights=weights).shape == (0, 5)


THREADS = """
import hashlib
import numpy as np
from segkit.formulas.demand_spread import fit_spread, spread_quantiles
from segkit.formulas.pooled_smoothing import Constants, Panel, Pools, constant_errors, constant_weights, pooled_levels
rng = np.random.default_rng(1)
values = rng.poisson(rng.gamma(1, 20, (400, 1)), (400, 60)) * 1.1
panel = Panel(values, rng.random(values.shape) > 0.1, rng.integers(0, 20, 400))
pools, classes = Pools(rng.integers(0, 90, 400), 0.5), rng.integers(0, 4, 400)
errors, origins = constant_errors(panel, pools, constants=Constants(), ahead=4, first=8)
weights = constant_weights(errors, origins, classes)
levels = pooled_levels(panel, pools, constants=Constants(), weights=weights)
mean, width = np.maximum(levels[:, 40], 0.01), np.ones(400)
spread = fit_spread(values[:, 41], mean, classes, width, count=4)
found = spread_quantiles(spread, mean, classes, width, np.array([0.1, 0.5, 0.9, 0.99]))
told = b"".join(one.tobytes() for one in (errors, weights, levels, spread.excess, spread.curves, found))
print(hashlib.sha256(told).hexdigest())
"""


def test_results_do_not_depend_on_the_number_of_threads():
    told = {
        subprocess.run(
            [sys.executable, "-c", THREADS],
            env=os.environ | {"NUMBA_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(told) == 1
    assert len(told.pop().strip()) == 64
