"""Shrunk curves of delivery times beside slow twins: Kaplan-Meier, the mixture, and quantiles read off a curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.censored_quantiles import (
    DeliveryTree,
    shrunk_curves,
    shrunk_probabilities,
    shrunk_quantiles,
    shrunk_steps,
    survival_curve,
)


@st.composite
def trees(draw):
    """Return deliveries of up to four groups below one, some of them open."""
    steps = draw(st.integers(1, 6))
    sizes = draw(st.lists(st.integers(1, 8), min_size=1, max_size=4))
    count = sum(sizes)
    step = np.array(draw(st.lists(st.integers(0, steps - 1), min_size=count, max_size=count)))
    is_open = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    weight = np.array(draw(st.lists(st.sampled_from([0.25, 0.5, 1.0]), min_size=count, max_size=count)))
    last = np.cumsum(sizes)
    first = last - sizes
    depth = np.array([0, *[1] * len(sizes)])
    tree = DeliveryTree(depth, np.array([0, *first]), np.array([count, *last]), step, is_open, steps)
    return tree, weight


def slow_curve(steps, step, is_open, weight, above=None, k=0.0):
    """Return the share not delivered, one step and one delivery after the other."""
    share, made = 1.0, []
    for now in range(steps):
        risk = sum(w for s, w in zip(step, weight, strict=True) if s >= now)
        came = sum(w for s, o, w in zip(step, is_open, weight, strict=True) if s == now and not o)
        if above is not None:
            over = 1.0 if now == 0 else above[now - 1]
            risk, came = risk + k * over, came + k * (over - above[now])
        share *= 1.0 - came / risk if risk > 0 else 1.0
        made.append(share)
    return np.array(made)


@given(trees(), st.sampled_from([0.5, 3.0, 40.0]))
def test_curves_are_those_of_the_slow_twin(case, k):
    tree, weight = case
    curves = shrunk_curves(tree, weight, np.array([0.0, k]))
    whole = slow_curve(tree.steps, tree.step, tree.is_open, weight)
    np.testing.assert_allclose(curves[0], whole, atol=1e-9)
    for group in range(1, len(tree.depth)):
        own = slice(tree.first[group], tree.last[group])
        twin = slow_curve(tree.steps, tree.step[own], tree.is_open[own], weight[own], whole, k)
        np.testing.assert_allclose(curves[group], twin, atol=1e-9)


@given(trees(), st.sampled_from([0.5, 3.0, 40.0]))
def test_without_open_deliveries_it_is_the_mixture(case, k):
    tree, weight = case
    tree = DeliveryTree(tree.depth, tree.first, tree.last, tree.step, np.zeros(len(weight), bool), tree.steps)
    curves = shrunk_curves(tree, weight, np.array([0.0, k]))
    for group in range(1, len(tree.depth)):
        own = slice(tree.first[group], tree.last[group])
        n = weight[own].sum()
        empirical = np.array([weight[own][tree.step[own] > step].sum() / n for step in range(tree.steps)])
        np.testing.assert_allclose(curves[group], (n * empirical + k * curves[0]) / (n + k), atol=1e-9)


@given(trees(), st.integers(0, 5), st.sampled_from([0.1, 0.5, 0.8, 0.95]))
def test_quantiles_are_the_first_step_that_reaches_the_level(case, start, level):
    tree, weight = case
    mixing = np.array([0.0, 2.0])
    start = min(start, tree.steps - 1)
    groups = np.arange(len(tree.depth))
    asked = groups, np.full(len(groups), start)
    step, before, until = shrunk_quantiles(tree, weight, mixing, asked, np.array([level]))
    for group, curve in enumerate(shrunk_curves(tree, weight, mixing)):
        left = 1.0 if start == 0 else curve[start - 1]
        shares = 1 - curve[start:] / left if left > 1e-9 else np.zeros(0)
        reached = np.flatnonzero(shares >= level - 1e-8)
        if not len(reached):
            assert step[group, 0] == tree.steps
            assert np.isnan(until[group, 0])
        else:
            assert step[group, 0] == start + reached[0]
            assert until[group, 0] == pytest.approx(shares[reached[0]])
            assert before[group, 0] == pytest.approx(shares[reached[0] - 1] if reached[0] else 0.0)


@given(trees(), st.lists(st.booleans(), min_size=10, max_size=10))
def test_other_lines_do_not_change_what_is_found(case, asked):
    tree, weight = case
    mixing, levels = np.array([0.0, 2.0]), np.array([0.5, 0.9])
    every = np.repeat(np.arange(len(tree.depth)), 2)
    some = np.array(asked[: len(every)])
    whole = shrunk_quantiles(tree, weight, mixing, (every, np.zeros(len(every), int)), levels)
    part = shrunk_quantiles(tree, weight, mixing, (every[some], np.zeros(some.sum(), int)), levels)
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[some], other)


@given(trees(), st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_steps_of_several_mixings_are_those_of_each(case, wanted):
    tree, weight = case
    asked = np.sort(np.array(wanted) % len(tree.depth)), np.array(wanted) % tree.steps
    mixings, levels = np.array([[0.0, 0.5], [0.0, 3.0], [7.0, 40.0]]), np.array([0.1, 0.8, 0.95])
    found = shrunk_steps(tree, weight, mixings, asked, levels)
    for one, mixing in zip(found, mixings, strict=True):
        np.testing.assert_array_equal(one, shrunk_quantiles(tree, weight, mixing, asked, levels)[0])


@given(trees())
def test_probabilities_are_read_from_the_same_curve(case):
    tree, weight = case
    mixing = np.array([0.0, 2.0])
    groups = np.repeat(np.arange(len(tree.depth)), tree.steps)
    steps = np.tile(np.arange(tree.steps), len(tree.depth))
    before, until = shrunk_probabilities(tree, weight, mixing, (groups, steps))
    curves = shrunk_curves(tree, weight, mixing)
    np.testing.assert_allclose(until, 1 - curves.ravel(), atol=1e-12)
    np.testing.assert_allclose(before, 1 - np.c_[np.ones(len(curves)), curves[:, :-1]].ravel(), atol=1e-12)


def test_open_deliveries_are_neither_dropped_nor_taken_as_delivered():
    """Simulated: half of the deliveries are seen for a short time only, and the median is still right."""
    random = np.random.default_rng(4)
    days = random.geometric(0.1, 4000) - 1
    seen = np.where(random.random(4000) < 0.5, 8, 200)
    is_open = days > seen
    tree = DeliveryTree(*(np.array([one]) for one in (0, 0, 4000)), np.minimum(days, seen), is_open, 201)
    found = shrunk_quantiles(tree, np.ones(4000), np.zeros(1), (np.zeros(1, int), np.zeros(1, int)), np.array([0.8]))
    truth = int(np.ceil(np.log(0.2) / np.log(0.9))) - 1
    assert abs(found[0][0, 0] - truth) <= 1
    dropped = np.quantile(days[~is_open], 0.8)
    assert dropped < truth - 1


def test_survival_curve_of_no_one_at_risk_stays():
    assert survival_curve([0, 0], [0, 0]).tolist() == [1.0, 1.0]
