"""Fisher indices against sums item by item; the index over time against what prices did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segkit.formulas.price_index import fisher_indices, price_index

SHAPE = (4, 5)
PRICES = hnp.arrays(float, SHAPE, elements=st.floats(0.5, 50))
UNITS = hnp.arrays(float, SHAPE, elements=st.one_of(st.just(0.0), st.floats(0.1, 100)))


def indices(prices, units):
    period, item = np.nonzero(units)
    quantity = units[period, item]
    return fisher_indices(period, item, quantity, quantity * prices[period, item], periods=len(units))


def one_by_one(prices, units):
    """Fisher's index of every pair of periods from its definition."""
    found = np.full((len(units), len(units)), np.nan)
    for first in range(len(units)):
        for second in range(len(units)):
            both = (units[first] > 0) & (units[second] > 0)
            if both.any():
                old, new = prices[first, both], prices[second, both]
                laspeyres = (new * units[first, both]).sum() / (old * units[first, both]).sum()
                paasche = (new * units[second, both]).sum() / (old * units[second, both]).sum()
                found[first, second] = np.sqrt(laspeyres * paasche)
    return found


@given(PRICES, UNITS)
@settings(max_examples=60)
def test_fisher_is_its_definition(prices, units):
    np.testing.assert_allclose(indices(prices, units), one_by_one(prices, units), rtol=1e-9)


@given(PRICES, UNITS)
@settings(max_examples=40)
def test_counting_in_dozens_changes_nothing(prices, units):
    dozen = np.array([1, 12, 1, 0.5, 1])
    np.testing.assert_allclose(indices(prices * dozen, units / dozen), indices(prices, units), rtol=1e-9)


@given(UNITS, hnp.arrays(float, 4, elements=st.floats(0.5, 2)))
@settings(max_examples=40)
def test_prices_that_move_together_are_the_index_whatever_is_sold(units, level):
    units = units + np.eye(*SHAPE) * 0.01 + np.array([[0.01, 0, 0, 0, 0]])
    base = np.array([2.0, 3.0, 5.0, 7.0, 11.0])
    index = price_index(indices(base * level[:, None], units))
    np.testing.assert_allclose(index, level / level[0], rtol=1e-9)


@given(PRICES, UNITS)
@settings(max_examples=40)
def test_later_periods_do_not_change_the_index(prices, units):
    whole, begun = price_index(indices(prices, units)), price_index(indices(prices[:3], units[:3]))
    np.testing.assert_allclose(whole[:3], begun, rtol=1e-9)


def test_prices_that_bounce_leave_no_drift():
    """Each offer sells ten times as much and the week after it little; chained Fisher indices sink without end."""
    prices = np.array([[2.0, 3.0], [1.0, 3.0], [2.0, 3.0]] * 8)
    units = np.array([[10.0, 10], [100.0, 10], [1.0, 10]] * 8)
    fisher = indices(prices, units)
    chained = np.prod([fisher[place, place + 1] for place in range(len(units) - 1)])
    last = price_index(fisher)[-1]
    assert chained < 0.5
    assert last == pytest.approx(1.0, abs=0.12)


def test_a_new_item_enters_without_moving_the_index():
    prices = np.array([[2.0, 0.0], [2.2, 9.0], [2.2, 9.0]])
    units = np.array([[5.0, 0.0], [5.0, 3.0], [0.0, 3.0]])
    np.testing.assert_allclose(price_index(indices(prices, units)), [1.0, 1.1, 1.1])


def test_where_no_item_joins_two_periods_there_is_no_index():
    units = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert np.isnan(price_index(indices(np.ones((2, 2)), units))[1])
    assert price_index(indices(np.ones((2, 2)), units), base=1)[1] == 1.0
