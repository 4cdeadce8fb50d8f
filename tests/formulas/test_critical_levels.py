"""Stock shared by classes against simulation, and one class for any lead time."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation, one_by_one

from segkit.formulas.critical_levels import (
    critical_level_fill_rates,
    one_for_one_fill_rate_with_lost_sales,
    one_for_one_stock_with_lost_sales,
)


def replayed(rng, stock, rates, levels, draw, customers):
    """Replay customer by customer; returns the class of each, and whether he went without."""
    classes = rng.choice(len(rates), size=customers, p=np.array(rates) / sum(rates))
    times, leads = rng.exponential(1 / sum(rates), customers).cumsum(), draw(customers)
    arriving, lost = [], np.ones(customers)
    for customer, now in enumerate(times):
        while arriving and arriving[0] <= now:
            heapq.heappop(arriving)
            stock += 1
        if stock > levels[classes[customer]]:
            stock, lost[customer] = stock - 1, 0.0
            heapq.heappush(arriving, now + leads[customer])
    return classes, lost


@pytest.mark.parametrize("levels", [[0, 0, 0], [0, 1, 3], [0, 2, 2]])
def test_classes_are_served_as_simulated(levels):
    rng, rates = np.random.default_rng(81), [0.5, 1.0, 1.5]
    classes, lost = replayed(rng, 6, rates, levels, lambda n: rng.exponential(1.3, n), 100_000)
    found = critical_level_fill_rates(6, 1.3, rates, levels)
    for one in range(3):
        assert_like_simulation(1 - found[one], lost[classes == one][200:])


def test_one_class_is_served_alike_whatever_the_lead_time():
    short, *_ = one_by_one(np.random.default_rng(82), 2.0, 1.5, 3, 1, 100_000, lost=True)  # S = 4, fixed lead time
    closed = one_for_one_fill_rate_with_lost_sales(4, 3.0)
    assert_like_simulation(1 - closed, short[100:])
    assert closed == pytest.approx(critical_level_fill_rates(4, 1.5, [2.0], [0])[0])


@given(st.integers(1, 30), st.floats(0.1, 10), st.floats(0.05, 5), st.floats(0.05, 5), st.integers(0, 8))
def test_a_higher_level_helps_the_first_and_hurts_the_second(stock, lead, first, second, level):
    lower = critical_level_fill_rates(stock, lead, [first, second], [0, level])
    higher = critical_level_fill_rates(stock, lead, [first, second], [0, level + 1])
    more = critical_level_fill_rates(stock + 1, lead, [first, second], [0, level])
    assert higher[0] >= lower[0] - 1e-12
    assert higher[1] <= lower[1] + 1e-12
    assert (more >= lower - 1e-12).all()


@given(st.floats(0.01, 40), st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_stock_is_the_least_that_serves_and_rises_with_its_target(mean, one, other):
    targets = np.sort([one, other])
    stock = one_for_one_stock_with_lost_sales(mean, targets)
    assert stock[0] <= stock[1]
    assert (one_for_one_fill_rate_with_lost_sales(stock, mean) >= targets - 1e-9).all()
    assert (one_for_one_fill_rate_with_lost_sales(stock - 1, mean) < targets).all()


def test_edges():
    assert critical_level_fill_rates(0, 1.0, [1.0, 2.0], [0, 3]).tolist() == [0.0, 0.0]
    assert one_for_one_fill_rate_with_lost_sales([0, 0], [0.0, 2.0]).tolist() == [1.0, 0.0]
    assert critical_level_fill_rates(3000, 100.0, [20.0, 5.0], [0, 40]) == pytest.approx([1.0, 1.0])
    for levels in ([1, 2], [0, 0.5]):
        with pytest.raises(ValueError, match="whole numbers"):
            critical_level_fill_rates(5, 1.0, [1.0, 1.0], levels)
