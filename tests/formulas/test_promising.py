"""Order promising against its plain twin, and what must hold of every promise whatever the book."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import promising_twin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.formulas.promising import (
    Elsewhere,
    OrderBook,
    PromiseRules,
    SupplyBuckets,
    nested_sources,
    promise_book,
    quota_sources,
    shared_sources,
)
from segkit.formulas.promising_arrays import stable_order

CLASSES = 3
COLUMNS = CLASSES + 1
SMALL = settings(max_examples=150, deadline=None)


@st.composite
def books(draw, lines=12, choices=(0.0, 3.0, np.inf), late=(-1, 0, 9)):
    """Draw an order book at up to three places with its supply by quota."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places, count = draw(st.integers(1, 3)), draw(st.integers(1, lines))
    sizes = random.integers(0, draw(st.sampled_from([3, 6, 80])), places)
    begin = np.concatenate([[0], np.cumsum(sizes)])
    day = np.concatenate([np.sort(random.choice(200, size, replace=False)) for size in sizes] + [np.zeros(0, int)])
    many = 40 if sizes.max() > 10 else 1
    quantity = random.integers(0, 6, (begin[-1], COLUMNS)) * (random.random((begin[-1], COLUMNS)) < 3 / (3 + many))
    book = OrderBook(
        place=random.integers(0, places, count),
        arrival=random.integers(0, 60, count) / 2,
        requested=random.integers(0, 210 if many > 1 else 40, count),
        rank=random.integers(0, CLASSES, count),
        quantity=random.integers(1, 14, count).astype(float),
        minimum=random.choice(choices, count),
        lateness=random.choice(late, count),
        margin=random.integers(0, 10, count).astype(float),
    )
    return book, SupplyBuckets(begin, day.astype(int), quantity.astype(float)), random


@st.composite
def tasks(draw):
    """Draw a book with any rules."""
    book, supply, random = draw(books())
    begin, shape = np.asarray(supply.begin), np.shape(supply.quantity)
    places, some = len(begin) - 1, lambda: draw(st.booleans())
    own = [0, 1, 2] if some() else [0, 1, 1]
    sources = nested_sources(own, COLUMNS) if some() else quota_sources(own, COLUMNS)
    rules = PromiseRules(sources, latest_first=some(), late_cost=float(draw(st.sampled_from([0, 1]))))
    if some():
        caps = np.where(random.random(shape) < 0.5, np.inf, random.integers(0, 6, shape))
        caps[:, -1] = np.inf
        rules = replace(rules, caps=caps)
    if some():
        rules = replace(rules, release_day=np.where(random.random(shape) < 0.5, np.inf, random.integers(0, 30, shape)))
    if some():
        rules = replace(rules, levels=np.sort(random.integers(0, 5, (1, CLASSES)).astype(float), axis=1))
    if some():
        rules = replace(rules, bid_price=random.integers(0, 9, (shape[0], random.choice([1, CLASSES]))).astype(float))
    if some():
        rules = replace(rules, lead_time=random.integers(-1, 20, places), fence=random.integers(0, 30, places))
        if some():
            rules = replace(
                rules,
                capacity_from=np.array([random.integers(a, b + 1) for a, b in pairwise(begin)]),
            )
    elsewhere = None
    if some() and places > 1:
        count = int(random.integers(1, 5))
        place = random.integers(0, places, count)
        cost = random.permutation(count).astype(float)
        elsewhere = Elsewhere(place, (place + 1) % places, cost, random.integers(0, 4, count))
    return book, supply, rules, elsewhere


def rows_of(made):
    columns = (made.line, made.bucket, made.column, made.quantity, made.day)
    return [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@SMALL
@given(tasks())
def test_kernel_and_plain_python_promise_the_same(task):
    assert rows_of(promise_book(*task)) == promising_twin.Twin(*task).run()


@SMALL
@given(tasks())
def test_nothing_is_promised_twice_and_every_unit_is_traced(task):
    book, supply, rules, _ = task
    made = promise_book(*task)
    quantity = np.asarray(supply.quantity)
    taken = np.zeros_like(quantity)
    stock = made.bucket >= 0
    np.add.at(taken, (made.bucket[stock], made.column[stock]), made.quantity[stock])
    np.testing.assert_array_equal(quantity.sum(axis=1), taken.sum(axis=1) + made.left.sum(axis=1))
    assert (made.left >= 0).all()
    if rules.release_day is None:
        np.testing.assert_array_equal(quantity, taken + made.left)
    assert (taken[:, :-1] <= quantity[:, :-1]).all()
    np.testing.assert_array_equal(np.bincount(made.line, made.quantity, len(book.place)), made.promised)
    assert (made.promised <= book.quantity).all()
    assert (made.quantity > 0).all()


@SMALL
@given(tasks())
def test_delivery_terms_are_kept(task):
    book, supply, _, elsewhere = task
    made = promise_book(*task)
    due = np.maximum(book.requested, np.floor(book.arrival))[made.line]
    assert (made.day >= due).all()
    late, minimum = np.asarray(book.lateness), np.asarray(book.minimum)
    limited = late[made.line] >= 0
    assert (made.day <= np.asarray(book.requested)[made.line] + late[made.line])[limited].all()
    stock = made.bucket >= 0
    assert (made.day[stock] >= np.asarray(supply.day)[made.bucket[stock]]).all()
    if elsewhere is None:
        complete = np.isinf(minimum)
        assert np.isin(made.promised[complete], [0, *np.asarray(book.quantity)[complete]]).all()
        for line in range(len(minimum)):
            sizes = [
                made.quantity[(made.line == line) & (made.day == day)].sum()
                for day in np.unique(made.day[made.line == line])
            ]
            whole = made.promised[line] == book.quantity[line]
            assert all(size >= minimum[line] for size in (sizes[:-1] if whole else sizes))


@SMALL
@given(tasks())
def test_limits_levels_and_bid_prices_are_kept(task):
    book, _, rules, _ = task
    made = promise_book(*task)
    stock = made.bucket >= 0
    line, bucket, quantity = made.line[stock], made.bucket[stock], made.quantity[stock]
    rank = np.asarray(book.rank)[line]
    if rules.caps is not None:
        used = np.zeros(np.shape(rules.caps))
        np.add.at(used, (bucket, np.asarray(rules.sources)[0, rank, 0]), quantity)
        assert (used <= rules.caps).all()
    if rules.bid_price is not None:
        prices = np.broadcast_to(rules.bid_price, (len(rules.bid_price), CLASSES))[bucket, rank]
        assert (np.asarray(book.margin)[line] >= prices).all()


@SMALL
@given(tasks(), st.integers(0, 99))
def test_only_the_order_of_equal_moments_counts(task, seed):
    """Lines of different moments change places in the table; those of the same moment stay in their order."""
    book, supply, rules, elsewhere = task
    arrival = np.asarray(book.arrival)
    shuffled = np.array(sorted(range(len(arrival)), key=lambda line: (hash_of(arrival[line], seed), line)))
    same = OrderBook(*(np.asarray(getattr(book, name))[shuffled] for name in vars(book)))
    first, second = promise_book(book, supply, rules, elsewhere), promise_book(same, supply, rules, elsewhere)
    np.testing.assert_array_equal(second.promised, first.promised[shuffled])
    np.testing.assert_array_equal(second.last_day, first.last_day[shuffled])


def hash_of(moment, seed):
    return np.random.default_rng([int(moment * 2), seed]).integers(1 << 30)


@SMALL
@given(books(choices=(0.0,), late=(-1,)), st.integers(1, CLASSES - 1))
def test_a_higher_rank_never_lowers_the_fill_of_divisible_demand(drawn, rank):
    """Quotas stay with their class; class ``rank`` changes place with the one above."""
    book, supply, _ = drawn
    before = promise_book(book, supply, PromiseRules(nested_sources([0, 1, 2], COLUMNS)))
    own = [0, 1, 2]
    own[rank - 1], own[rank] = own[rank], own[rank - 1]
    raised = replace(book, rank=np.argsort(own)[np.asarray(book.rank)])
    after = promise_book(raised, supply, PromiseRules(nested_sources(own, COLUMNS)))
    lines = np.asarray(book.rank) == rank
    assert after.promised[lines].sum() >= before.promised[lines].sum()


def test_the_example_of_a_released_quota():
    supply = SupplyBuckets([0, 1], [5], [[10.0, 0.0]])
    rules = PromiseRules(quota_sources([0, 1], 2), release_day=[[3.0, np.inf]])
    early = OrderBook([0, 0], [2.9, 3.0], [5, 5], [1, 1], [4.0, 4.0])
    made = promise_book(early, supply, rules)
    assert made.promised.tolist() == [0.0, 4.0]
    assert made.reserved.tolist() == [10.0, 0.0]
    assert made.reserved_until.tolist() == [3, -1]


def test_supply_is_taken_latest_first_or_earliest_first():
    supply = SupplyBuckets([0, 2], [0, 7], [[5.0], [5.0]])
    book = OrderBook([0], [0.0], [8], [0], [4.0])
    for latest, bucket in ((True, 1), (False, 0)):
        made = promise_book(book, supply, PromiseRules(shared_sources(1), latest_first=latest))
        assert made.bucket.tolist() == [bucket]


def test_made_to_order_comes_a_lead_time_after_the_fence():
    supply = SupplyBuckets([0, 1], [0], [[5.0]])
    rules = PromiseRules(shared_sources(1), lead_time=[14], fence=[30])
    made = promise_book(OrderBook([0, 0], [1.0, 40.0], [2, 41], [0, 0], [8.0, 2.0]), supply, rules)
    assert made.day.tolist() == [2, 44, 54]
    assert made.bucket.tolist() == [0, -1, -1]


@pytest.mark.parametrize(
    ("book", "supply", "said"),
    [
        (OrderBook([1], [0.0], [1], [0], [1.0]), SupplyBuckets([0, 1], [0], [[1.0]]), "place"),
        (OrderBook([0], [0.0], [1], [1], [1.0]), SupplyBuckets([0, 1], [0], [[1.0]]), "class"),
        (OrderBook([0], [0.0], [1], [0], [-1.0]), SupplyBuckets([0, 1], [0], [[1.0]]), "below 0"),
        (OrderBook([0], [0.0], [1], [0], [1.0]), SupplyBuckets([0, 1], [0], [[-1.0]]), "below 0"),
        (OrderBook([0], [0.0], [1], [0], [1.0]), SupplyBuckets([0, 2], [3, 3], [[1.0], [1.0]]), "rise"),
        (OrderBook([0], [np.nan], [1], [0], [1.0]), SupplyBuckets([0, 1], [0], [[1.0]]), "arrival"),
    ],
)
def test_what_cannot_be_used_is_said(book, supply, said):
    with pytest.raises(ValueError, match=said):
        promise_book(book, supply, PromiseRules(shared_sources(1)))


def test_the_trace_grows_where_lines_take_of_many_buckets():
    lines, days = 40, 200  # each line takes 5 buckets of one unit: no room is made for that beforehand
    supply = SupplyBuckets([0, 20 * days], np.arange(20 * days), np.ones((20 * days, 1)))
    book = OrderBook(
        place=np.zeros(lines, int), arrival=np.arange(lines) / lines, requested=np.full(lines, 20 * days),
        rank=np.zeros(lines, int), quantity=np.full(lines, 100.0),
    )  # fmt: skip
    made = promise_book(book, supply, PromiseRules(shared_sources(1)))
    assert len(made.line) == 100 * lines > lines + 1024
    assert (made.promised == 100.0).all()
    assert len(np.unique(made.bucket)) == len(made.bucket)
    assert made.line.tolist() == sorted(made.line.tolist())
    twin = promising_twin.Twin(book, supply, PromiseRules(shared_sources(1))).run()
    assert [row[:4] for row in twin] == list(zip(made.line, made.bucket, made.column, made.quantity, strict=True))


@pytest.mark.parametrize("kinds", [1, 3, 50, 10**9])
def test_moments_are_sorted_as_they_come_where_they_are_equal(kinds):
    """Few equal ones are put right after a quick sort, many are sorted by the stable one."""
    for seed in range(20):
        moments = np.random.default_rng(seed).integers(0, kinds, 300).astype(float)
        assert stable_order(moments).tolist() == np.argsort(moments, kind="stable").tolist()
    assert stable_order(np.zeros(0)).tolist() == []
