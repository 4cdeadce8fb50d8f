"""One stock, classes ordering in any order: against simulation, enumeration and the other bounds."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.formulas.demand_distributions import Poisson
from segkit.formulas.interleaved_arrivals import (
    Arrivals,
    best_expected_margin,
    best_fixed_levels,
    fixed_level_margin,
    levels_of_protection,
)
from segkit.formulas.nested_optimum import nested_expected_margin, optimal_protection

VALUES = [10.0, 6.0, 4.0]


def simulated(levels, rates, sizes, supply, draws):
    """Return the margin of each draw: orders at random times, served down to the level of their class."""
    rng, found = np.random.default_rng(11), np.zeros(draws)
    for draw in range(draws):
        counts = rng.poisson(rates)
        classes = np.repeat(np.arange(len(counts)), counts)
        left = supply
        for cls in rng.permutation(classes):
            asked = rng.choice(len(sizes), p=sizes) + 1
            got = min(asked, max(left - levels[cls], 0))
            left, found[draw] = left - got, found[draw] + got * VALUES[cls]
    return found


@pytest.mark.parametrize("levels", [[0, 0, 0], [0, 2, 5]])
def test_fixed_levels_earn_what_they_earn_in_simulation(levels):
    found = simulated(levels, [2.0, 3.0, 5.0], [0.5, 0.3, 0.2], 12, 8000)
    arrivals = Arrivals([[2.0, 3.0, 5.0]], [0.5, 0.3, 0.2])
    analytic = fixed_level_margin(VALUES, arrivals, 12, levels)[0, 12]
    assert abs(analytic - found.mean()) < 4 * found.std() / np.sqrt(len(found))


def test_the_best_fixed_levels_are_the_best_of_all():
    arrivals = Arrivals([[2.0, 3.0, 5.0]], [0.6, 0.4])
    levels = best_fixed_levels(VALUES, arrivals, 8)
    best = fixed_level_margin(VALUES, arrivals, 8, levels)[0, 8]
    every = [
        fixed_level_margin(VALUES, arrivals, 8, [0, *pair])[0, 8] for pair in combinations_with_replacement(range(9), 2)
    ]
    assert best == pytest.approx(max(every))


@settings(max_examples=30)
@given(st.lists(st.floats(0.2, 6), min_size=3, max_size=3), st.integers(1, 15), st.integers(0, 5), st.integers(0, 5))
def test_nothing_earns_more_than_the_bound(rates, supply, first, second):
    arrivals = Arrivals([rates], [1.0])
    bound = best_expected_margin(VALUES, arrivals, supply)
    fixed = fixed_level_margin(VALUES, arrivals, supply, [0, first, first + second])
    assert (fixed <= bound + 1e-4).all()
    bids = np.diff(bound[0])
    assert (np.diff(bids) <= 1e-6).all()
    protected = optimal_protection(VALUES, Poisson(rates))
    low_first = nested_expected_margin(VALUES, Poisson(rates), supply, protected)
    assert low_first <= bound[0, -1] + 1e-4 * bound[0, -1] + 1e-6


def test_rates_may_change_from_period_to_period():
    low_first = Arrivals([[0.0, 0.0, 5.0], [0.0, 3.0, 0.0], [2.0, 0.0, 0.0]], [1.0])
    demand = Poisson([2.0, 3.0, 5.0])
    exact = nested_expected_margin(VALUES, demand, 6, optimal_protection(VALUES, demand))
    assert best_expected_margin(VALUES, low_first, 6)[0, 6] == pytest.approx(exact, rel=1e-4)
    halves = Arrivals([[1.0, 1.5, 2.5]] * 2, [1.0])
    whole = Arrivals([[2.0, 3.0, 5.0]], [1.0])
    assert best_expected_margin(VALUES, halves, 6)[0] == pytest.approx(best_expected_margin(VALUES, whole, 6)[0])


def test_bad_arrivals_are_refused():
    with pytest.raises(ValueError, match="rates"):
        Arrivals([[-1.0]], [1.0])
    with pytest.raises(ValueError, match="add up"):
        Arrivals([[1.0]], [0.5])
    with pytest.raises(ValueError, match="whole numbers"):
        fixed_level_margin([1.0], Arrivals([[1.0]], [1.0]), 2, [-1])
    with pytest.raises(ValueError, match="one figure"):
        best_expected_margin([1.0, 2.0], Arrivals([[1.0]], [1.0]), 2)
    assert levels_of_protection([60.0, 5.0], [16.0, 50.0]).tolist() == [[0, 16, 50], [0, 5, 5]]
