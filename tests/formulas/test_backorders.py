"""The backorder run: the invariant of every strategy on random books, and a slow twin by cumulated look-ahead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from segkit.formulas.backorders import (
    CHANGES,
    FILL,
    GAIN,
    IMPROVE,
    LOSE,
    REDISTRIBUTE,
    SKIP,
    STRATEGIES,
    WIN,
    BackorderConfirmations,
    DatedSupply,
    HeldSupply,
    OpenLines,
    backorder_confirmations,
)


def days_of(book, line):
    """Return from which day on each bucket of a line's place counts for it; other places never do."""
    lines, supply, _ = book
    day = np.maximum(np.asarray(supply.available, float), lines.requested[line])
    return np.where(np.asarray(supply.place) == lines.place[line], day, np.inf)


def dense(book, held):
    table = np.zeros((len(book[0].place), len(book[1].place)))
    np.add.at(table, (np.asarray(held.line, int), np.asarray(held.bucket, int)), held.quantity)
    return table


def by_day(book, table, days):
    """Return how much of every line is confirmed by each day."""
    return np.array([[table[line, days_of(book, line) <= day].sum() for day in days] for line in range(len(table))])


def curves(book, held):
    """Return what is confirmed by day before, no more than ordered, and anything given."""
    days = np.unique(np.concatenate([book[1].available, book[0].requested]))
    had = np.minimum(by_day(book, dense(book, book[2]), days), np.asarray(book[0].quantity)[:, None])
    return had, by_day(book, dense(book, held), days), days


@st.composite
def books(draw, kinds=tuple(range(7)), shrunk=True, whole_lines=False):
    """Draw a book of up to two places; what lines hold fits the supply unless it shrank."""
    places = draw(st.integers(1, 2))
    supply_place, day, units = [], [], []
    for place in range(places):
        for when in sorted(draw(st.sets(st.integers(0, 6), max_size=4))):
            supply_place.append(place), day.append(when), units.append(draw(st.integers(0, 9)))
    count = draw(st.integers(1, 6))
    numbers = st.integers(1, 9)
    place = np.array(draw(st.lists(st.integers(0, places - 1), min_size=count, max_size=count)))
    quantity = np.array(draw(st.lists(numbers, min_size=count, max_size=count)), float)
    requested = np.array(draw(st.lists(st.integers(0, 6), min_size=count, max_size=count)), float)
    strategy = np.array(draw(st.lists(st.sampled_from(kinds), min_size=count, max_size=count)))
    fallback = np.array(
        draw(st.lists(st.sampled_from([IMPROVE, REDISTRIBUTE, FILL, LOSE]), min_size=count, max_size=count))
    )
    latest = requested + np.array(draw(st.lists(st.sampled_from([0, 2, 9]), min_size=count, max_size=count)))
    complete = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count))) & whole_lines
    minimum = np.array(draw(st.lists(st.sampled_from([0.0, 2.0, 4.0]), min_size=count, max_size=count))) * whole_lines
    free, need, rows = np.array(units, float), quantity.copy(), []
    for line in range(count):
        for bucket in range(len(units)):
            if supply_place[bucket] == place[line]:
                most = int(min(need[line], 9 if shrunk else free[bucket]))
                taken = draw(st.integers(0, most)) if draw(st.booleans()) else 0
                if taken:
                    rows.append((line, bucket, taken))
                    free[bucket] -= taken
                    need[line] -= taken
    held = HeldSupply(*(np.array(rows).reshape(-1, 3).T))
    lines = OpenLines(place, requested, quantity, strategy, fallback, latest, complete, minimum)
    return lines, DatedSupply(np.array(supply_place, int), np.array(day, float), np.array(units, float)), held


def run(book) -> BackorderConfirmations:
    return backorder_confirmations(*book)


# ------------------------------------------------------------------ a slow twin: cumulated look-ahead instead of seats
class Shelf:
    """What is due by each day of one place against what is there by it; a line may take what no later day misses."""

    def __init__(self, supply):
        self.supply, self.due, self.exact = np.array(supply, float), np.zeros(len(supply)), np.zeros(len(supply))

    def free_until(self, bucket):
        """Return what can still be promised by the day of a bucket."""
        return max(0.0, (np.cumsum(self.supply) - np.cumsum(self.due))[bucket:].min()) if bucket >= 0 else 0.0

    def take(self, bucket, wanted):
        taken = min(wanted, self.free_until(bucket))
        if taken > 0:
            self.due[bucket] += taken
        return taken


def twin(book):
    """Return what each line gets by bucket (on time all at its last bucket in time), and which have an exception."""
    lines, supply, held = book
    got, problem = np.zeros((len(lines.place), len(supply.place))), np.zeros(len(lines.place), bool)
    has = dense(book, held)
    for place in np.unique(lines.place):
        buckets = np.flatnonzero(np.asarray(supply.place) == place)
        day = np.asarray(supply.available)[buckets]
        mine = np.flatnonzero(lines.place == place)
        shelf = Shelf(np.asarray(supply.quantity)[buckets])
        row = {line: has[line, buckets] for line in mine}
        on = {line: int((day <= lines.requested[line]).sum()) for line in mine}
        made = {line: np.zeros(len(buckets)) for line in mine}
        kind = {line: int(lines.strategy[line]) for line in mine}
        for line in mine:
            if kind[line] == SKIP:
                for bucket, wanted in enumerate(row[line]):
                    made[line][bucket] = min(wanted, shelf.supply[bucket])
                    shelf.supply[bucket] -= made[line][bucket]
                problem[line] = made[line].sum() < row[line].sum()
        aside = {}
        for line in mine:
            if kind[line] in (GAIN, IMPROVE) or (kind[line] == WIN and lines.fallback[line] == IMPROVE):
                wants = np.zeros(len(buckets))
                if on[line]:
                    wants[on[line] - 1] = row[line][: on[line]].sum()
                wants[on[line] :] = row[line][on[line] :]
                kept = np.array([shelf.take(bucket, wanted) for bucket, wanted in enumerate(wants)])
                if kept.sum() < wants.sum() and kind[line] == GAIN:
                    problem[line], kind[line] = True, int(lines.fallback[line])
                    if kind[line] != IMPROVE:
                        shelf.due -= kept
                        kept = 0 * kept
                aside[line] = kept
        for line in mine:
            if kind[line] == SKIP:
                continue
            kept = aside.get(line, np.zeros(len(buckets)))
            shelf.due -= kept
            most, late = lines.quantity[line], int((day <= lines.latest[line]).sum())
            if kind[line] == WIN and shelf.free_until(on[line] - 1) < most:
                problem[line], kind[line] = True, int(lines.fallback[line])
            if kind[line] == LOSE:
                continue
            if kind[line] == FILL:
                late = max([late, *(np.flatnonzero(row[line]) + 1)])
                allowed = 0.0
                for bucket in range(max(on[line] - 1, 0), max(late, on[line])):
                    first = bucket == on[line] - 1
                    allowed += row[line][: on[line]].sum() if first else row[line][bucket]
                    own = np.inf if first else shelf.supply[bucket] - shelf.exact[bucket]
                    made[line][bucket] = shelf.take(bucket, min(allowed, own))
                    shelf.exact[bucket] += 0 if first else made[line][bucket]
                    allowed -= made[line][bucket]
                continue
            late = max([late, on[line], *(np.flatnonzero(kept) + 1)])
            for bucket in range(max(on[line] - 1, 0), late):
                made[line][bucket] = shelf.take(bucket, most)
                shelf.exact[bucket] += made[line][bucket] if bucket >= on[line] else 0
                most -= made[line][bucket]
        for line in mine:
            got[line, buckets] = made[line]
    return got, problem


@given(books())
@settings(max_examples=300, deadline=None)
def test_a_slow_twin_confirms_the_same(book):
    made = run(book)
    got, problem = twin(book)
    days = np.unique(np.concatenate([book[1].available, book[0].requested]))
    np.testing.assert_allclose(by_day(book, dense(book, made.held), days), by_day(book, got, days), atol=1e-9)
    assert made.exception.tolist() == problem.tolist()


# ------------------------------------------------------------------ what must hold of every strategy
@given(books(whole_lines=True))
@settings(max_examples=250, deadline=None)
def test_supply_and_orders_are_never_exceeded(book):
    made = run(book)
    table = dense(book, made.held)
    assert (table.sum(axis=0) <= np.asarray(book[1].quantity) + 1e-9).all()
    assert (table.sum(axis=1) <= book[0].quantity + 1e-9).all()
    assert (np.asarray(made.held.quantity) > 0).all()
    own = np.asarray(book[0].place)[made.held.line] == np.asarray(book[1].place)[made.held.bucket]
    assert own.all()
    late = np.asarray(book[1].available)[made.held.bucket] > np.asarray(book[0].latest)[made.held.line]
    fresh = late & (dense(book, book[2]).sum(axis=1) == 0)[made.held.line]
    assert not fresh.any(), "nothing new comes after the latest day"


@given(books(whole_lines=True))
@settings(max_examples=300, deadline=None)
def test_the_invariant_of_every_strategy(book):
    made, lines = run(book), book[0]
    had, got, days = curves(book, made.held)
    before, after = dense(book, book[2]), dense(book, made.held)
    for line, what in enumerate(made.treated):
        told, first = lines.strategy[line], made.exception[line]
        on_time = got[line, days <= lines.requested[line]].max(initial=0.0)
        assert what == told or (first and told in (WIN, GAIN) and what == lines.fallback[line])
        if told == WIN:
            assert first == (on_time < lines.quantity[line])
        if told == GAIN and not first:
            assert (got[line] >= had[line]).all()
        if what == FILL:
            assert (got[line] <= had[line]).all()
        if what == LOSE:
            assert after[line].sum() == 0
        if told == SKIP:
            assert (after[line] <= before[line]).all()
            assert first == (after[line].sum() < before[line].sum())
        if lines.complete[line] and told != SKIP and after[line].sum() not in (0, lines.quantity[line]):
            assert what != REDISTRIBUTE, "only what a line held may be a part of it"
            assert before[line].sum() < lines.quantity[line]


def left_over(amounts, wanted, least):
    """Return what of amounts by day never makes up a delivery of the least size, nor completes the line."""
    in_hand = total = 0.0
    for amount in amounts:
        in_hand, total = in_hand + amount, total + amount
        in_hand = 0.0 if in_hand >= least or total >= wanted else in_hand
    return in_hand


@given(books(kinds=(WIN, GAIN, IMPROVE, REDISTRIBUTE, FILL), whole_lines=True))
@settings(max_examples=400, deadline=None)
def test_nothing_is_delivered_that_is_less_than_the_least_delivery(book):
    """But what a protected line holds, and what one that only fills keeps whole, as it was confirmed."""
    made, lines = run(book), book[0]
    had, got, _ = curves(book, made.held)
    for line in range(len(lines.place)):
        rest = left_over(np.diff(got[line], prepend=0.0), lines.quantity[line], lines.minimum[line])
        if rest and not lines.complete[line]:
            assert made.treated[line] != REDISTRIBUTE
            assert got[line, -1] == had[line, -1]


@given(books(kinds=(REDISTRIBUTE,), whole_lines=True))
@settings(max_examples=200, deadline=None)
def test_a_least_delivery_of_the_whole_line_is_complete_delivery(book):
    whole = replace(book[0], complete=np.ones(len(book[0].place), bool), minimum=0.0)
    least = replace(book[0], complete=False, minimum=book[0].quantity)
    straight, made = run((whole, *book[1:])), run((least, *book[1:]))
    np.testing.assert_array_equal(dense(book, made.held), dense(book, straight.held))


@given(books(shrunk=False, whole_lines=True))
@settings(max_examples=300, deadline=None)
def test_where_the_supply_is_there_nobody_who_is_protected_loses(book):
    made, lines = run(book), book[0]
    had, got, _ = curves(book, made.held)
    safe = np.isin(lines.strategy, [GAIN, IMPROVE, SKIP]) | ((lines.strategy == WIN) & (lines.fallback == IMPROVE))
    assert (got[safe] >= had[safe]).all()
    assert not made.exception[lines.strategy != WIN].any()
    skipped = lines.strategy == SKIP
    assert (dense(book, made.held)[skipped] == dense(book, book[2])[skipped]).all()


@given(books(whole_lines=True))
@settings(max_examples=250, deadline=None)
def test_the_change_tells_how_a_line_fares(book):
    made = run(book)
    had, got, _ = curves(book, made.held)
    for line in range(len(had)):
        better, worse = (got[line] > had[line]).any(), (got[line] < had[line]).any()
        word = {(0, 0): "equal", (1, 0): "better", (0, 1): "worse", (1, 1): "mixed"}[(int(better), int(worse))]
        if worse and not got[line].any():
            word = "lost"
        assert CHANGES[made.change[line]] == word
    for figures, held in ((made.before, book[2]), (made.after, made.held)):
        table = dense(book, held)
        for line, (on_time, total, last) in enumerate(figures):
            assert on_time == pytest.approx(table[line, days_of(book, line) <= book[0].requested[line]].sum())
            assert total == pytest.approx(table[line].sum())
            assert last == (np.flatnonzero(table[line]).max() if total else -1)


@given(books(whole_lines=True))
@settings(max_examples=250, deadline=None)
def test_transfers_are_the_whole_difference(book):
    made = run(book)
    table = dense(book, book[2])
    for bucket, giver, taker, moved in zip(made.moved_bucket, made.giver, made.taker, made.moved, strict=True):
        assert moved > 0
        assert giver >= 0 or taker >= 0
        for line, sign in ((giver, -1), (taker, 1)):
            if line >= 0:
                table[line, bucket] += sign * moved
    np.testing.assert_allclose(table, dense(book, made.held), atol=1e-9)
    gone = np.bincount(made.moved_bucket[made.taker == -2], made.moved[made.taker == -2], len(book[1].place))
    over = dense(book, book[2]).sum(axis=0) - np.asarray(book[1].quantity)
    assert (gone <= np.maximum(over, 0) + 1e-9).all()


@given(books())
@settings(max_examples=250, deadline=None)
def test_a_second_run_changes_nothing(book):
    first = run(book)
    sent_back = first.exception & (book[0].strategy == GAIN) & np.isin(first.treated, [FILL, LOSE])
    again = run((book[0], book[1], first.held))
    if not sent_back.any():
        np.testing.assert_allclose(dense(book, again.held), dense(book, first.held), atol=1e-9)
        assert not again.moved.size
    assert not again.exception[book[0].strategy != WIN].any(), "what was given is there"


@given(books(whole_lines=True), st.floats(0.01, 3e5))
@settings(max_examples=150, deadline=None)
def test_another_unit_of_counting_changes_nothing_else(book, unit):
    lines = replace(book[0], quantity=book[0].quantity * unit)
    supply, held = (replace(part, quantity=np.asarray(part.quantity) * unit) for part in book[1:])
    straight, scaled = run(book), run((lines, supply, held))
    np.testing.assert_allclose(dense(book, scaled.held), dense(book, straight.held) * unit, atol=1e-7 * unit)
    assert scaled.exception.tolist() == straight.exception.tolist()
    assert scaled.change.tolist() == straight.change.tolist()
    assert (dense(book, scaled.held).sum(axis=0) <= np.asarray(supply.quantity) * (1 + 1e-12)).all()


@given(books(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_lines_of_other_places_do_not_matter(book, random):
    lines = book[0]
    turn = np.array(sorted(range(len(lines.place)), key=lambda _: random.random()))
    turn = turn[np.argsort(lines.place[turn], kind="stable")] if random.random() < 0.5 else turn
    back = {place: iter(np.flatnonzero(lines.place == place)) for place in set(lines.place)}
    mixed = np.array([next(back[place]) for place in lines.place[turn]])
    names = ("place", "requested", "quantity", "strategy", "fallback", "latest", "complete", "minimum")
    other = replace(lines, **{name: np.asarray(getattr(lines, name))[mixed] for name in names})
    where = np.argsort(mixed)
    held = HeldSupply(where[np.asarray(book[2].line, int)], book[2].bucket, book[2].quantity)
    straight, made = run(book), run((other, book[1], held))
    np.testing.assert_array_equal(dense((other, *book[1:]), made.held), dense(book, straight.held)[mixed])


@given(books(kinds=(REDISTRIBUTE, FILL, LOSE)))
@settings(max_examples=200, deadline=None)
def test_a_win_line_first_gets_what_no_protected_line_holds(book):
    """Lose, fill and redistribute lines keep nothing that a first line needs on time."""
    lines = replace(book[0], strategy=np.r_[WIN, book[0].strategy[1:]])
    made = run((lines, *book[1:]))
    there = (np.asarray(book[1].place) == lines.place[0]) & (np.asarray(book[1].available) <= lines.requested[0])
    enough = np.asarray(book[1].quantity)[there].sum() >= lines.quantity[0]
    assert made.exception[0] == (not enough)


def lines_and_limits(book, had, got, days, turn):
    """Return rows that the confirmations of all lines must meet (fixed, at most) while line ``turn`` takes."""
    lines, shape = book[0], (len(book[0].place), len(book[1].place))
    fixed, least = [], []
    holds = dense(book, book[2])
    for line in range(shape[0]):
        if lines.strategy[line] == SKIP:
            own = np.eye(shape[0] * shape[1])[line * shape[1] : (line + 1) * shape[1]]
            fixed += list(zip(own, holds[line], strict=True))
            continue
        for day, before, after in zip(days, had[line], got[line], strict=True):
            row = np.zeros(shape)
            row[line, days_of(book, line) <= day] = 1
            if line < turn:
                fixed.append((row.ravel(), after))
            elif lines.strategy[line] != REDISTRIBUTE:
                least.append((-row.ravel(), -before))
    return fixed, least


@given(books(kinds=(GAIN, IMPROVE, REDISTRIBUTE, SKIP), shrunk=False), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_no_linear_programme_gets_more_for_a_line_by_any_day(book, turn):
    """Lines before it get what they got, those after it what is set aside for them; then it gets the most there is."""
    book = (replace(book[0], latest=np.inf), *book[1:])
    made, lines = run(book), book[0]
    had, got, days = curves(book, made.held)
    count, buckets = len(lines.place), len(book[1].place)
    if turn >= count or lines.strategy[turn] == SKIP or not buckets:
        return
    fixed, least = lines_and_limits(book, had, got, days, turn)
    for bucket, units in enumerate(book[1].quantity):
        least.append((np.tile(np.arange(buckets) == bucket, (count, 1)).ravel(), units))
    for line, units in enumerate(lines.quantity):
        least.append((np.repeat(np.arange(count) == line, buckets), units))
    there = np.asarray(lines.place)[:, None] == np.asarray(book[1].place)
    programme = {"bounds": [(0, None if one else 0) for one in there.ravel()]}
    programme |= dict(zip(("A_ub", "b_ub"), map(np.array, zip(*least, strict=True)), strict=True))
    if fixed:
        programme |= dict(zip(("A_eq", "b_eq"), map(np.array, zip(*fixed, strict=True)), strict=True))
    for day, reached in zip(days, got[turn], strict=True):
        gain = np.zeros((count, buckets))
        gain[turn, days_of(book, turn) <= day] = -1
        best = linprog(gain.ravel(), **programme)
        assert best.status == 0
        assert reached == pytest.approx(-best.fun, abs=1e-7)


# ------------------------------------------------------------------ small cases by hand
def one_place(
    strategy, held, *, supply=(10.0,), days=(0.0,), requested=(0.0, 0.0), quantity=(10.0, 10.0), fallback=IMPROVE
):
    lines = OpenLines([0] * len(strategy), requested, quantity, strategy, fallback)
    buckets = DatedSupply([0] * len(supply), days, supply)
    rows = [(line, bucket, units) for line, row in enumerate(held) for bucket, units in enumerate(row) if units]
    made = backorder_confirmations(lines, buckets, HeldSupply(*np.array(rows).reshape(-1, 3).T))
    table = np.zeros((len(strategy), len(supply)))
    np.add.at(table, (made.held.line, made.held.bucket), made.held.quantity)
    return table.tolist(), made


@pytest.mark.parametrize(
    ("other", "given_up"),
    [(GAIN, 0.0), (IMPROVE, 0.0), (SKIP, 0.0), (REDISTRIBUTE, 8.0), (FILL, 8.0), (LOSE, 8.0)],
)
def test_from_whom_a_win_line_takes(other, given_up):
    table, made = one_place([WIN, other], [[0.0], [8.0]])
    assert table == [[2.0 + given_up], [8.0 - given_up]]
    assert made.exception.tolist() == [given_up == 0.0, False]


def test_a_late_line_swaps_a_bucket_that_another_needs():
    """The first could ship from day 0 or 4; the second only from day 0: both are confirmed in full."""
    table, made = one_place(
        [GAIN, WIN],
        [[5.0, 0.0], [0.0, 0.0]],
        supply=(5.0, 5.0),
        days=(0.0, 4.0),
        requested=(4.0, 0.0),
        quantity=(5.0, 5.0),
    )
    assert table == [[0.0, 5.0], [5.0, 0.0]]
    assert [CHANGES[code] for code in made.change] == ["equal", "better"]


def test_a_line_stays_in_its_bucket_where_nobody_needs_it():
    table, made = one_place(
        [GAIN, WIN],
        [[5.0, 0.0], [0.0, 0.0]],
        supply=(9.0, 5.0),
        days=(0.0, 4.0),
        requested=(4.0, 4.0),
        quantity=(5.0, 5.0),
    )
    assert table == [[5.0, 0.0], [0.0, 5.0]]
    assert made.giver.tolist() == [-1]


def test_shrunk_supply_hits_the_last_gain_line_first():
    table, made = one_place([GAIN, GAIN], [[6.0], [6.0]], quantity=(6.0, 6.0), supply=(8.0,))
    assert table == [[6.0], [2.0]]
    assert made.exception.tolist() == [False, True]
    assert (made.giver.tolist(), made.taker.tolist(), made.moved.tolist()) == ([1], [-2], [4.0])


def test_fallback_fill_never_makes_better():
    table, made = one_place([WIN, WIN], [[2.0], [0.0]], quantity=(12.0, 4.0), fallback=FILL)
    assert table == [[2.0], [4.0]]
    assert made.exception.tolist() == [True, False]
    assert [STRATEGIES[code] for code in made.treated] == ["fill", "win"]


def test_nothing_gives_nothing():
    none = np.zeros(0)
    made = backorder_confirmations(
        OpenLines(none, none, none, none), DatedSupply(none, none, none), HeldSupply(none, none, none)
    )
    assert made.held.line.size == made.moved.size == made.change.size == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": [0.0, 1.0]}, "quantity"),
        ({"strategy": [7, 0]}, "STRATEGIES"),
        ({"fallback": [0, 2]}, "FALLBACKS"),
        ({"requested": [np.nan, 0.0]}, "no day"),
        ({"place": [1, 0]}, "another place"),
    ],
)
def test_bad_lines_are_refused(change, message):
    lines = replace(OpenLines([0, 0], [0.0, 0.0], [1.0, 1.0], [0, 0]), **change)
    with pytest.raises(ValueError, match=message):
        backorder_confirmations(lines, DatedSupply([0], [0], [1]), HeldSupply([0], [0], [1]))


@pytest.mark.parametrize(
    ("supply", "held", "message"),
    [
        (DatedSupply([0, 0], [1, 1], [1, 1]), HeldSupply([0], [0], [1]), "each day once"),
        (DatedSupply([0], [1], [-1]), HeldSupply([0], [0], [1]), "at least 0"),
        (DatedSupply([0], [1], [1]), HeldSupply([0, 0], [0, 0], [1, 1]), "twice"),
        (DatedSupply([0], [1], [1]), HeldSupply([0], [0], [-1]), "at least 0"),
    ],
)
def test_bad_supply_is_refused(supply, held, message):
    with pytest.raises(ValueError, match=message):
        backorder_confirmations(OpenLines([0], [0], [1], [0]), supply, held)
