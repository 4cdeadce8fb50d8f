"""Achieved P1 is counted as it is promised: a twin with a plain loop, and levels of a known P1 on steady demand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.inventory.replay.cycles import count_cycles

FLAGS = st.lists(st.booleans(), min_size=14, max_size=14)


@given(FLAGS, FLAGS, FLAGS, st.lists(st.integers(0, 5), min_size=14, max_size=14), st.integers(0, 13))
def test_cycles_are_those_of_a_plain_loop(placed, lacking, known, lead, first):
    arrivals = sorted({step + 1 + lead[step] for step in range(14) if placed[step] and step + 1 + lead[step] < 14})
    wanted = {}
    for begin, end in pairwise(arrivals):
        seen = [lacking[step] for step in range(begin, end) if known[step]]
        if begin >= first and seen:
            wanted[end] = not any(seen)
    rows = [np.array([cells, cells[::-1]], dtype=bool) for cells in (placed, lacking, known)]
    cycles, served = count_cycles(*rows, lead=np.array([lead, lead[::-1]]), first=first)
    assert (np.flatnonzero(cycles[0]) + first).tolist() == list(wanted)
    assert (np.flatnonzero(served[0]) + first).tolist() == [step for step, whole in wanted.items() if whole]


@pytest.mark.parametrize("waiting", [0.0, 1.0])
@pytest.mark.parametrize("review", [1.0, 7.0])
def test_cycles_of_every_review_come_as_often_without_a_shortage_as_demand_stays_below_the_level(
    came, levels, terms, review, waiting
):
    """A slow mover is asked for in few reviews: those without any demand count as cycles, as they do in its P1."""
    from segkit.inventory.replay.runs import replay_rules

    demand = came(np.random.default_rng(5).poisson(0.1, (2, 30_000)))
    rules = [levels(own=[(2, 3, 0), (3, 4, 0)])]
    start = demand.starts[0]
    made = replay_rules(
        demand, rules, terms(2, lead_time_days=10.0, review_days=review, waiting=waiting), judged=start, seed=0
    )
    path = made.paths["own"]
    span = int(10 + review)
    sums = np.array([np.convolve(row, np.ones(span), "valid") for row in demand.quantity])
    below = (sums <= np.array([[3], [4]])).mean(axis=1)
    assert path.cycles.sum(axis=1) == pytest.approx([30_000 / review] * 2, rel=0.01)
    achieved = path.cycles_served.sum(axis=1) / path.cycles.sum(axis=1)
    if waiting:
        assert achieved == pytest.approx(below, abs=0.01)
    assert (achieved >= below - 0.01).all()  # what is lost is not asked again
