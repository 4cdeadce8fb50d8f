"""Votes of resampled histories: the same as classing each draw by itself, and honest about simulated truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.dynamics.classes.value_classes import AbcRule, classify_abc
from segkit.formulas.class_bootstrap import block_counts, value_class_votes, variability_agreement

LABELS = ["A", "B", "C", "L"]
SHARES = np.array([0.8, 0.95])


def votes_twin(by_period, counts, groups):
    """Class every draw by itself, by the table function."""
    votes = np.zeros((len(by_period), 4), dtype=int)
    for draw in counts.T:
        frame = pd.DataFrame({"value": by_period @ draw, "group": groups})
        classes = classify_abc(frame, measure="value", rule=AbcRule(), within="group")["abc"]
        votes[np.arange(len(frame)), [LABELS.index(name) for name in classes]] += 1
    return votes


@given(st.integers(0, 100_000), st.integers(1, 30), st.integers(1, 4), st.integers(2, 9))
def test_votes_are_those_of_every_draw_classed_by_itself(seed, members, groups, periods):
    """Whole numbers, so that ties, zeros, losses and values at a limit are common."""
    rng = np.random.default_rng(seed)
    by_period = rng.integers(-2, 6, (members, periods)).astype(float)
    group = rng.permutation(np.append(np.arange(groups), rng.integers(0, groups, members)))[:members]
    group = pd.factorize(group)[0]
    counts = block_counts(periods, draws=12, block=2, seed=seed)
    assert (value_class_votes(by_period, counts, group, SHARES) == votes_twin(by_period, counts, group)).all()


def test_one_draw_of_the_history_itself_gives_its_classes():
    by_period = np.random.default_rng(3).gamma(1, 10, (300, 12))
    found = value_class_votes(by_period, np.ones((12, 1)), np.zeros(300, int), SHARES)
    assert (found == votes_twin(by_period, np.ones((12, 1)), np.zeros(300, int))).all()


def test_the_order_of_members_does_not_matter():
    rng = np.random.default_rng(5)
    by_period, order = rng.gamma(0.4, 10, (500, 12)), rng.permutation(500)
    counts = block_counts(12, draws=50, block=3, seed=1)
    straight = value_class_votes(by_period, counts, np.zeros(500, int), SHARES)
    assert (value_class_votes(by_period[order], counts, np.zeros(500, int), SHARES) == straight[order]).all()


@pytest.mark.parametrize(("periods", "block", "length"), [(12, 3, 3), (12, 9, 4), (4, 3, 1), (2, 3, 1), (30, 3, 3)])
def test_blocks_are_whole_and_leave_chance(periods, block, length):
    counts = block_counts(periods, draws=4000, block=block, seed=7)
    assert (counts.sum(axis=0) == periods).all()
    assert counts.mean() == pytest.approx(1.0)
    assert counts.mean(axis=1) == pytest.approx(np.ones(periods), abs=0.1)
    neighbours = np.corrcoef(counts[0], counts[1 % periods])[0, 1]
    assert (neighbours > 0.2) == (length > 1)


def truth_and_votes(seed, members=400):
    """Return the true class of simulated members with gamma months, and the votes over one year of them."""
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(0, 1.3, members)
    shape = rng.uniform(0.3, 6, members)
    year = rng.gamma(shape[:, None], (mean / shape)[:, None], (members, 12))
    truth = classify_abc(pd.DataFrame({"value": mean}), measure="value")["abc"].map(LABELS.index).to_numpy()
    counts = block_counts(12, draws=200, block=3, seed=seed)
    return truth, value_class_votes(year, counts, np.zeros(members, int), SHARES), year


def test_who_is_sure_is_mostly_right_and_who_is_not_is_less_often():
    """Coverage on simulated truth: of those with nine in ten draws at least 85 % have the class they truly have."""
    right, share = [], []
    for seed in range(12):
        truth, votes, year = truth_and_votes(seed)
        point = classify_abc(pd.DataFrame({"value": year.sum(axis=1)}), measure="value")["abc"].map(LABELS.index)
        share.append(votes[np.arange(len(truth)), point] / 200)
        right.append(point.to_numpy() == truth)
    right, share = np.concatenate(right), np.concatenate(share)
    sure, unsure = right[share >= 0.9].mean(), right[share < 0.6].mean()
    assert (share >= 0.9).mean() > 0.4
    assert sure > 0.85
    assert unsure < 0.7 < sure
    for low in (0.6, 0.7, 0.8):
        middle = (share >= low) & (share < low + 0.1)
        assert right[middle].mean() == pytest.approx(low + 0.05, abs=0.12)


def agreement_twin(demand, first, counts, limits, classes):
    same = np.zeros(len(demand))
    for draw in counts.T.astype(int):
        for member, series in enumerate(demand):
            drawn = np.repeat(series[first[member] :], draw[first[member] :])
            if len(drawn) > 1 and drawn.sum() > 0:
                variation = drawn.std(ddof=1) / drawn.mean()
                same[member] += sum(variation > limit for limit in limits) == classes[member]
    return np.where(classes >= 0, same / counts.shape[1], np.nan)


@given(st.integers(0, 100_000))
def test_variability_is_that_of_every_draw_by_itself(seed):
    rng = np.random.default_rng(seed)
    demand = rng.gamma(0.7, 3.0, (8, 10)) * (rng.random((8, 10)) < 0.7)
    first = rng.integers(0, 10, 8)
    demand[np.arange(10) < first[:, None]] = 0.0
    counts, classes = block_counts(10, draws=15, block=3, seed=seed), rng.integers(-1, 3, 8)
    limits = np.array([0.5, 1.0])
    found = variability_agreement(demand, first, counts, limits, classes)
    assert found == pytest.approx(agreement_twin(demand, first, counts, limits, classes), nan_ok=True)
