"""Classes that wait until a move is sure, against a slow twin that goes member by member."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.hysteresis import class_edges, limit_distances, steady_classes

NEVER = 99


def steady_twin(classes, distances, dwell, clear, longest):
    now, held, side, out = -1, 0, 0, []
    for new, apart in zip(classes, distances, strict=True):
        if now < 0 or new < 0 or new == now:
            now, held, side = (new if now < 0 or new < 0 else now), 0, 0
        else:
            toward = 1 if new > now else -1
            held, side = (held + 1 if toward == side else 1), toward
            far = -apart[now] if toward > 0 else apart[now - 1]
            if (held >= dwell and (np.isnan(far) or far > clear)) or held >= longest:
                now, held, side = new, 0, 0
        out.append(now)
    return out


@given(st.integers(1, 5), st.integers(0, 2), st.integers(0, 10_000))
def test_steady_classes_are_those_of_the_slow_twin(dwell, clear, seed):
    rng = np.random.default_rng(seed)
    classes = rng.integers(-1, 4, (6, 20))
    distances = np.where(rng.random((6, 20, 3)) < 0.1, np.nan, rng.normal(0, 2, (6, 20, 3)))
    found = steady_classes(classes, distances, dwell=dwell, clear=clear, longest=7)
    for row in range(6):
        assert found[row].tolist() == steady_twin(classes[row], distances[row], dwell, clear, 7)


@given(st.integers(0, 10_000), st.integers(1, 19))
def test_later_columns_have_no_say(seed, time):
    rng = np.random.default_rng(seed)
    classes, distances = rng.integers(-1, 4, (4, 20)), rng.normal(0, 2, (4, 20, 3))
    whole = steady_classes(classes, distances, dwell=3, clear=0.5, longest=12)
    classes[:, time:], distances[:, time:] = rng.integers(0, 3, (4, 20 - time)), 9.0
    other = steady_classes(classes, distances, dwell=3, clear=0.5, longest=12)
    assert (whole[:, :time] == other[:, :time]).all()


def test_one_month_without_noise_is_no_hysteresis():
    classes = np.random.default_rng(3).integers(-1, 4, (50, 12))
    found = steady_classes(classes, np.full((50, 12, 3), np.nan), dwell=1, clear=0.5, longest=1)
    assert (found == classes).all()


def distances(classes, values, noise, groups):
    edges = class_edges(np.array(classes), np.array(values), np.array(groups), limits=2)
    return limit_distances(np.array(values), np.array(noise), edges[:, groups])


@pytest.mark.parametrize(("values", "distance"), [([10.0, 4.0], 3.0), ([4.2, 4.0], 0.1)])
def test_the_limit_lies_midway(values, distance):
    found = distances([0, 1], values, [1.0, 1.0], [0, 0])
    assert found[0, 0] == pytest.approx(distance)
    assert found[1, 0] == pytest.approx(-distance)
    assert found[:, 1].tolist() == values


def test_limits_of_groups_are_their_own_and_loss_makers_have_none():
    found = distances([0, 1, 0, 1, 2], [10.0, 0.0, 200.0, 100.0, -7.0], [1.0] * 5, [0, 0, 1, 1, 1])
    assert found[:, 0].tolist() == [5.0, -5.0, 50.0, -50.0, -157.0]


def test_without_noise_a_value_is_clear_or_at_the_limit():
    found = distances([0, 1], [4.0, 4.0], [0.0, 0.0], [0, 0])
    assert found[:, 0].tolist() == [0.0, 0.0]
    assert np.isinf(found[:, 1]).all()


def test_where_a_class_is_empty_the_limit_is_the_end_of_the_next():
    assert class_edges(np.array([0, 0]), np.array([8.0, 6.0]), np.zeros(2, int), limits=3)[:, 0].tolist() == [6, 6, 0]
    assert class_edges(np.array([2, 2]), np.array([8.0, 6.0]), np.zeros(2, int), limits=3)[:, 0].tolist() == [8, 8, 0]
