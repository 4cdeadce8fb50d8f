"""Marginal analysis: textbook figures, Poisson sums, and every combination of small stocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segkit.formulas.greedy_stock import greedy_poisson_stock, poisson_shortage

MEANS = [1.0, 0.5, 2.0]


@pytest.mark.parametrize(("budget", "backorders"), [(40, 0.67878), (70, 0.28531), (120, 0.04559), (165, 0.00768)])
def test_backorders_left_by_budget(budget, backorders):
    stock = greedy_poisson_stock(MEANS, [10, 30, 5], budget)
    assert poisson_shortage(MEANS, stock).sum() == pytest.approx(backorders, abs=5e-6)
    assert stock @ [10, 30, 5] == budget


@pytest.mark.parametrize("mean", [0.0, 1e-6, 0.5, 7.0, 300.0])
def test_backorders_are_sums_over_counts(mean):
    counts = np.arange(2000)
    chance = stats.poisson(mean).pmf(counts)
    for stock in (0, 1, 3, int(mean) + 5):
        short = (chance * np.maximum(counts - stock, 0)).sum()
        assert poisson_shortage(mean, stock) == pytest.approx(short, rel=1e-6, abs=1e-12)


@given(st.lists(st.tuples(st.floats(0.05, 2.5), st.integers(1, 9)), min_size=1, max_size=3), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_no_stocks_that_cost_as_much_leave_less(items, budget):
    means, costs = np.array(items).T
    stock = greedy_poisson_stock(means, costs, budget)
    assert stock @ costs <= budget
    reach = [range(int((stock @ costs) // cost) + 1) for cost in costs]
    ways = np.array(list(itertools.product(*reach)))
    ways = ways[ways @ costs <= stock @ costs + 1e-9]
    assert poisson_shortage(means, stock).sum() <= poisson_shortage(means, ways).sum(axis=1).min() + 1e-10


def test_nothing_to_buy():
    assert greedy_poisson_stock([0.0, 1.0], [1.0, 5.0], 4.0).tolist() == [0.0, 0.0]
    assert greedy_poisson_stock([], [], 4.0).tolist() == []
