"""Available to promise: the same unit is never promised twice, and a slow twin finds the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.available_to_promise import (
    consume_backward,
    consume_forward,
    cumulative_available_to_promise,
    discrete_available_to_promise,
    master_schedule,
)

amounts = st.integers(0, 9)
plans = st.tuples(amounts, st.lists(st.tuples(amounts, amounts), min_size=1, max_size=7))


def stock_after(on_hand, receipts, orders):
    return on_hand + np.cumsum(np.subtract(receipts, orders))


def most_that_fits(on_hand, receipts, orders, period):
    """Return the largest new order of a period with which no later stock falls below 0, by trying."""
    most = 0
    while True:
        more = np.array(orders)
        more[period] += most + 1
        if (stock_after(on_hand, receipts, more)[period:] < 0).any():
            return most
        most += 1


@given(plans)
def test_cumulative_is_what_still_fits(plan):
    on_hand, pairs = plan
    receipts, orders = zip(*pairs, strict=True)
    found = cumulative_available_to_promise(on_hand, receipts, orders)
    assert found.tolist() == [most_that_fits(on_hand, receipts, orders, period) for period in range(len(pairs))]


@given(plans)
def test_sums_after_consumption_are_the_cumulative(plan):
    """Where all committed orders can be met in the end, the two ways agree; no unit is counted twice."""
    on_hand, pairs = plan
    receipts, orders = (np.array(row) for row in zip(*pairs, strict=True))
    receipts[-1] += max(0, orders.sum() - receipts.sum() - on_hand)
    left = consume_forward(consume_backward(discrete_available_to_promise(on_hand, receipts, orders)))
    assert (left >= 0).all()
    assert left.sum() == on_hand + receipts.sum() - orders.sum()
    starts = np.flatnonzero((receipts > 0) | (np.arange(len(pairs)) == 0))
    ends = np.append(starts[1:], len(pairs)) - 1
    cumulative = cumulative_available_to_promise(on_hand, receipts, orders)
    np.testing.assert_array_equal(np.cumsum(left)[ends], cumulative[ends])


@given(plans)
def test_promises_taken_from_it_never_break_an_order(plan):
    on_hand, pairs = plan
    receipts, orders = (np.array(row) for row in zip(*pairs, strict=True))
    short_before = np.minimum(stock_after(on_hand, receipts, orders), 0)
    for period in reversed(range(len(pairs))):
        orders[period] += cumulative_available_to_promise(on_hand, receipts, orders)[period]
        assert (stock_after(on_hand, receipts, orders) >= short_before).all()
    assert not cumulative_available_to_promise(on_hand, receipts, orders).any()


@given(st.lists(plans, min_size=2, max_size=4).filter(lambda many: len({len(pairs) for _, pairs in many}) == 1))
def test_many_series_at_once_are_each_by_itself(many):
    on_hand = np.array([stock for stock, _ in many])
    receipts, orders = (np.array([[pair[k] for pair in pairs] for _, pairs in many]) for k in (0, 1))
    both = discrete_available_to_promise(on_hand, receipts, orders)
    for one, row in enumerate(both):
        np.testing.assert_array_equal(row, discrete_available_to_promise(on_hand[one], receipts[one], orders[one]))
        np.testing.assert_array_equal(consume_backward(both)[one], consume_backward(row))
        np.testing.assert_array_equal(consume_forward(both)[one], consume_forward(row))


@given(plans, st.integers(1, 12), st.integers(0, 7))
def test_planned_lots_keep_stock_and_are_no_more_than_needed(plan, lot, fence):
    on_hand, pairs = plan
    forecast, orders = (np.array(row) for row in zip(*pairs, strict=True))
    made = master_schedule(on_hand, forecast, orders, lot, fence=fence)
    assert (made.projected >= 0).all()
    assert (made.receipts % lot == 0).all()
    assert (made.projected[made.receipts > 0] < lot).all()
    demand = np.where(np.arange(len(pairs)) < fence, orders, np.maximum(forecast, orders))
    np.testing.assert_array_equal(made.projected, on_hand + np.cumsum(made.receipts - demand))
