"""Parts that add up: to the total, in whole units, below their caps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.quotas import quotas_by_number, quotas_by_ratio, quotas_by_share
from segkit.formulas.split_units import split_by_weight, split_up_to

WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e3)), min_size=1, max_size=7)
UNITS = st.sampled_from([1.0, 0.25, 0.01, 12.0])


@given(st.integers(0, 10_000), WEIGHTS, UNITS)
def test_parts_are_whole_units_near_their_share_and_add_up(pieces, weights, unit):
    total = pieces * unit
    parts = split_by_weight(total, weights, unit=unit)
    assert parts.sum() == pytest.approx(total, abs=1e-9 * max(total, 1))
    assert parts / unit == pytest.approx(np.round(parts / unit), abs=1e-6)
    exact = split_by_weight(total, weights, unit=0)
    assert (np.abs(parts - exact) < unit * (1 + 1e-6)).all()
    assert exact.sum() == pytest.approx(total)


@given(st.floats(0, 1e4), WEIGHTS, st.floats(0.1, 5))
def test_any_total_is_given_away_to_the_last_crumb(total, weights, unit):
    assert split_by_weight(total, weights, unit=unit).sum() == pytest.approx(total, abs=1e-8)


@given(st.integers(0, 500), WEIGHTS, UNITS, st.data())
def test_capped_parts_fill_what_they_can(pieces, weights, unit, data):
    caps = np.array(data.draw(st.lists(st.integers(0, 90), min_size=len(weights), max_size=len(weights)))) * unit
    parts = split_up_to(pieces * unit, weights, caps, unit=unit)
    open_caps = np.where(np.array(weights) > 0, caps, 0.0)
    assert (parts <= open_caps + 1e-9 * unit).all()
    assert parts.sum() == pytest.approx(min(pieces * unit, open_caps.sum()), abs=1e-6)
    assert parts / unit == pytest.approx(np.round(parts / unit), abs=1e-6)


@given(st.floats(0, 500), WEIGHTS, st.data())
def test_below_their_caps_all_parts_stand_at_one_height(total, weights, data):
    caps = np.array(data.draw(st.lists(st.floats(0, 90), min_size=len(weights), max_size=len(weights))))
    parts = split_up_to(total, weights, caps, unit=0)
    weight = np.array(weights)
    free = (weight > 0) & (parts < caps * (1 - 1e-6) - 1e-9)
    heights = parts[free] / weight[free]
    assert heights == pytest.approx(heights[:1].repeat(free.sum()), rel=1e-6, abs=1e-9)
    full = (weight > 0) & ~free
    if free.any() and full.any():
        assert (parts[full] / weight[full] <= heights.max() * (1 + 1e-6) + 1e-9).all()


def test_rows_are_split_each_by_its_own():
    rows = split_by_weight([10, 7], [[1, 1, 1], [0, 2, 1]], unit=[1, 0.5])
    assert rows.tolist() == [[4, 3, 3], [0, 4.5, 2.5]]
    assert split_by_weight([5.0], [[0.0, 0.0]]).tolist() == [[3.0, 2.0]]
    assert split_by_weight(np.zeros(0), np.zeros((0, 3))).shape == (0, 3)


@given(st.integers(0, 1000), st.lists(st.floats(0, 0.25), min_size=1, max_size=4))
def test_quotas_by_share_leave_the_pool_its_part(supply, shares):
    quotas = quotas_by_share(supply, shares)
    assert quotas.sum() <= supply + 1e-9
    assert (np.abs(quotas - supply * np.array(shares)) < 1 + 1e-6).all()


def test_bad_quotas_are_refused():
    for call in (
        lambda: quotas_by_share(10, [0.7, 0.4]),
        lambda: quotas_by_ratio(10, [0, 0]),
        lambda: quotas_by_number(-1, [1]),
        lambda: split_by_weight(10, [-1, 2]),
        lambda: split_up_to(10, [1, 2], [-1, 2]),
        lambda: split_by_weight(np.inf, [1]),
    ):
        with pytest.raises(ValueError, match=r"at least 0|at most 1|above 0"):
            call()
