"""Fill rates under critical levels: against the balance of flows, Erlang's formula and what must rise and fall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats

from segkit.formulas.critical_levels import critical_level_fill


def by_balance(stock, levels, rates, lead_time):
    """Solve the flows between states of stock as a system of equations."""
    flow = np.zeros((stock + 1, stock + 1))
    for n in range(stock + 1):
        if n < stock:
            flow[n, n + 1] = (stock - n) / lead_time
        if n > 0:
            flow[n, n - 1] = sum(rate for level, rate in zip(levels, rates, strict=True) if n > level)
    balance = flow.T - np.diag(flow.sum(axis=1))
    balance[-1] = 1
    chance = linalg.solve(balance, np.eye(stock + 1)[-1])
    return [chance[np.arange(stock + 1) > level].sum() for level in levels]


@given(
    st.integers(0, 12), st.lists(st.tuples(st.integers(0, 8), st.floats(0.05, 4)), min_size=1, max_size=4),
    st.floats(0.1, 5),
)  # fmt: skip
def test_like_the_balance_of_flows(stock, classes, lead_time):
    levels, rates = zip(*[(0, 0.5), *classes], strict=True)
    told = critical_level_fill(stock, levels, rates, lead_time)
    assert told == pytest.approx(by_balance(stock, levels, rates, lead_time), abs=1e-9)


@pytest.mark.parametrize(("stock", "offered"), [(1, 0.3), (5, 2.5), (40, 30.0), (3000, 2900.0)])
def test_without_levels_it_is_erlangs_loss(stock, offered):
    blocked = stats.poisson.pmf(stock, offered) / stats.poisson.cdf(stock, offered)
    assert critical_level_fill(stock, [0, 0], [offered / 4, offered / 12], 3).tolist() == pytest.approx(
        [1 - blocked] * 2
    )


@given(st.integers(1, 15), st.integers(0, 12), st.floats(0.1, 6), st.floats(0.1, 6))
def test_a_level_takes_from_its_class_and_gives_to_the_other(stock, level, first, second):
    before = critical_level_fill(stock, [0, level], [first, second], 1)
    after = critical_level_fill(stock, [0, level + 1], [first, second], 1)
    assert after[1] <= before[1] + 1e-12
    assert after[0] >= before[0] - 1e-12
    assert (critical_level_fill(stock + 1, [0, level], [first, second], 1) >= before - 1e-12).all()
    assert before[0] >= before[1]


def test_ends():
    assert critical_level_fill(0, [0], [1], 1).tolist() == [0]
    assert critical_level_fill(3, [0, 3], [1, 1], 1)[1] == 0
    assert critical_level_fill(3, [0, 1], [0, 2], 0).tolist() == [1, 1]
    assert critical_level_fill(3, [1, 2], [1, 1], 1)[0] > critical_level_fill(3, [1, 2], [1, 1], 1)[1] > 0
    assert critical_level_fill(3, [0], [0], 1).tolist() == [1]


@pytest.mark.parametrize("wrong", [(-1, [0], [1], 1), (1, [-1], [1], 1), (1, [0], [-1], 1), (1, [0, 1], [1], 1)])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="0 or more"):
        critical_level_fill(*wrong)
