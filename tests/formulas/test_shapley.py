"""Shapley effects against every order of change, one by one."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segkit.formulas.shapley import owen_effects, shapley_effects

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, allow_infinity=False)
STATES = st.integers(1, 5).flatmap(
    lambda k: st.tuples(hnp.arrays(float, (k, 3), elements=NUMBERS), hnp.arrays(float, (k, 3), elements=NUMBERS))
)


def in_every_order(before, after, parts=1):
    """Change one factor after the other in every order that keeps parts together; the mean of what each adds."""
    effects = np.zeros_like(before)
    orders = [
        order
        for order in permutations(range(len(before)))
        if np.ptp([order.index(part) for part in range(parts)]) == parts - 1
    ]
    for order in orders:
        state = before.copy()
        for place in order:
            old = state.prod(axis=0)
            state[place] = after[place]
            effects[place] += (state.prod(axis=0) - old) / len(orders)
    return effects


def size(before, after):
    return np.maximum(abs(before), abs(after)).prod(axis=0) + 1e-300


@given(STATES)
def test_effects_are_the_mean_over_every_order(states):
    before, after = states
    gap = abs(shapley_effects(before, after) - in_every_order(before, after))
    assert (gap <= 1e-9 * size(before, after)).all()


@given(STATES.filter(lambda states: len(states[0]) > 1))
def test_parts_of_one_factor_change_together(states):
    before, after = states
    gap = abs(owen_effects(before, after, parts=2) - in_every_order(before, after, parts=2))
    assert (gap <= 1e-9 * size(before, after)).all()


@given(STATES)
def test_effects_add_up_to_the_change(states):
    before, after = states
    gap = abs(shapley_effects(before, after).sum(axis=0) - (after.prod(axis=0) - before.prod(axis=0)))
    assert (gap <= 1e-9 * size(before, after)).all()


@given(STATES)
def test_swapped_states_change_the_sign(states):
    before, after = states
    gap = abs(shapley_effects(before, after) + shapley_effects(after, before))
    assert (gap <= 1e-9 * size(before, after)).all()


def test_a_factor_that_did_not_change_has_no_effect():
    effects = shapley_effects(
        [np.array(3.0), np.array(7.0), np.array(2.0)], [np.array(4.0), np.array(7.0), np.array(1.0)]
    )
    assert effects[1] == 0
    assert effects.sum() == 28 - 42


def test_both_states_have_the_same_factors():
    with pytest.raises(ValueError, match="2 factors before, 1 after"):
        shapley_effects([np.ones(1), np.ones(1)], [np.ones(1)])
