"""Replay by order line against a plain diary of events, sizes against trying all, both against birth and death."""

import heapq
from dataclasses import replace
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.formulas.critical_level_sizes import size_critical_levels, size_one_level, size_separate_stocks
from segkit.formulas.critical_levels import critical_level_fill_rates
from segkit.formulas.line_replay import LinePolicy, OrderLines, replay_lines

BY_CLASS = "demand served lines lines_complete served_later lost waiting_unit_days backordered".split()
DELIVERY, REVIEW, LINE = range(3)


def draw(seed, items=3, count=50, days=20):
    """Return lines on whole days, so that much falls on the same moment, and everything else in whole units."""
    rng = np.random.default_rng(seed)
    lines = OrderLines(
        rng.integers(0, items, count),
        rng.integers(0, days, count),
        rng.integers(0, 3, count),
        rng.integers(1, 6, count),
    )
    lines.item[0] = items - 1
    reorder = rng.integers(0, 15, items)
    policy = LinePolicy(
        reorder, reorder + rng.integers(0, 9, items), np.sort(rng.integers(0, 8, (items, 3)), axis=1),
        rng.choice([0, 0, 4], items), rng.choice([0, 0, 5], items), rng.choice([0, 0, 3], items),
        rng.choice([0, 1, 3], items), rng.integers(0, 4, items),
    )  # fmt: skip
    lead = rng.integers(0, 8, (items, 5) if rng.random() < 0.5 else items)
    options = {"lead_time_days": lead, "waiting": rng.choice([0, 0.5, 1], 3), "window": (rng.integers(0, 6), 22)}
    return lines, rng.integers(0, 15, items), policy, options


def slow_order(position, policy, one):
    reorder, upto, lot = policy.reorder_point[one], policy.order_up_to[one], policy.order_quantity[one]
    if position > reorder:
        return 0
    wanted = lot * (1 + (reorder - position) // lot) if lot else upto - position
    if wanted <= 0:
        return 0
    wanted, pack = max(wanted, policy.minimum_order[one]), policy.order_multiple[one]
    return -(-wanted // pack) * pack if pack else wanted


def slow_follow(case, one):
    """Replay one item by a heap of events; deliveries come before reviews, those before lines."""
    lines, on_hand, policy, options = case
    first, last = options["window"]
    waiting, levels, every = options["waiting"], policy.critical_levels[one], policy.review_days[one]
    leads = np.atleast_1d(options["lead_time_days"][one])
    mine = np.flatnonzero(lines.item == one)
    events = [(lines.time_days[n], LINE, order, n) for order, n in enumerate(mine)]
    reviews = np.arange(policy.first_review_days[one], last + 1, every) if every else [0]
    events += [(at, REVIEW, 0, 0) for at in reviews]
    heapq.heapify(events)
    stock, under_way, waits, now, placed = float(on_hand[one]), 0.0, [0.0] * 3, 0, 0
    got = {name: [0.0] * 3 for name in BY_CLASS}
    whole = dict.fromkeys(("unit_days", "orders", "units_ordered", "received"), 0.0)
    while events and events[0][0] <= last:
        at, kind, _, what = heapq.heappop(events)
        span = max(0, at - max(now, first))
        whole["unit_days"] += span * stock
        got["waiting_unit_days"] = [
            sum_ + span * wait for sum_, wait in zip(got["waiting_unit_days"], waits, strict=True)
        ]
        now, counts = at, at >= first
        if kind == DELIVERY:
            stock, under_way = stock + what, under_way - what
            whole["received"] += counts * what
            for k in range(3):
                give = min(waits[k], max(stock - levels[k], 0))
                waits[k], stock = waits[k] - give, stock - give
                got["served_later"][k] += counts * give
        elif kind == LINE:
            k, wanted = lines.demand_class[what], float(lines.quantity[what])
            served = min(wanted, max(stock - levels[k], 0))
            held = waiting[k] * (wanted - served)
            stock, waits[k] = stock - served, waits[k] + held
            if counts:
                told = zip(BY_CLASS[:4], (wanted, served, 1, served == wanted), strict=True)
                for name, value in (*told, ("lost", wanted - served - held)):
                    got[name][k] += value
        if kind == REVIEW or (kind == LINE and not every):
            ordered = slow_order(stock + under_way - sum(waits), policy, one)
            if ordered:
                heapq.heappush(events, (now + leads[placed % len(leads)], DELIVERY, placed, ordered))
                placed, under_way = placed + 1, under_way + ordered
                whole["orders"] += counts
                whole["units_ordered"] += counts * ordered
    span = last - max(now, first)
    got["waiting_unit_days"] = [sum_ + span * wait for sum_, wait in zip(got["waiting_unit_days"], waits, strict=True)]
    whole["average_stock"] = (whole.pop("unit_days") + span * stock) / (last - first)
    return got | {"backordered": waits}, whole | {"end_stock": stock, "end_pipeline": under_way}


@given(st.integers(0, 2**32))
def test_like_a_diary_of_events(seed):
    case = draw(seed)
    lines, on_hand, policy, options = case
    done = replay_lines(lines, on_hand, policy, **options)
    for one in range(3):
        got, whole = slow_follow(case, one)
        assert {name: getattr(done, name)[one].tolist() for name in BY_CLASS} == got
        assert {name: getattr(done, name)[one] for name in whole} == pytest.approx(whole)


@given(st.integers(0, 2**32))
def test_nothing_is_lost_but_what_is_lost(seed):
    lines, on_hand, policy, options = draw(seed)
    done = replay_lines(lines, on_hand, policy, **(options | {"window": (0, 22)}))
    given_out = (done.served + done.served_later).sum(axis=1)
    assert on_hand + done.received == pytest.approx(given_out + done.end_stock)
    assert done.units_ordered == pytest.approx(done.received + done.end_pipeline)
    assert done.demand == pytest.approx(done.served + done.served_later + done.lost + done.backordered)
    assert (done.backordered.sum(axis=1) * (done.end_stock > policy.critical_levels[:, -1]) == 0).all()
    assert (done.lines_complete <= done.lines).all()


@given(st.integers(0, 2**32))
def test_order_of_rows_and_names_of_items_change_nothing(seed):
    lines, on_hand, policy, options = draw(seed)
    times = np.random.default_rng(seed).permutation(len(lines.item)) / 3
    lines = OrderLines(lines.item, times, lines.demand_class, lines.quantity)
    mixed = np.random.default_rng(seed + 1).permutation(len(times))
    shuffled = OrderLines(*(getattr(lines, name)[mixed] for name in ("item", "time_days", "demand_class", "quantity")))
    one, other = (replay_lines(rows, on_hand, policy, **options) for rows in (lines, shuffled))
    assert all((getattr(one, name) == getattr(other, name)).all() for name in BY_CLASS)


@given(st.integers(0, 2**32), st.sampled_from([1e-3, 0.1, 12.0]))
def test_another_unit_of_count_gives_the_same_service(seed, unit):
    lines, on_hand, policy, options = draw(seed)
    scaled = OrderLines(lines.item, lines.time_days, lines.demand_class, lines.quantity * unit)
    parts = ("reorder_point", "order_up_to", "critical_levels", "order_quantity", "minimum_order", "order_multiple")
    other = replace(policy, **{name: getattr(policy, name) * unit for name in parts})
    one = replay_lines(lines, on_hand, policy, **options)
    two = replay_lines(scaled, on_hand * unit, other, **options)
    assert two.fill_rate == pytest.approx(one.fill_rate, nan_ok=True)
    assert (two.lines_complete == one.lines_complete).all()
    assert (two.orders == one.orders).all()


def test_what_waits_is_filled_best_class_first_down_to_its_level():
    lines = OrderLines([0, 0, 0], [1, 2, 2], [0, 1, 0], [4, 3, 2])
    policy = LinePolicy(4, 4, [0, 1])
    done = replay_lines(lines, 4, policy, lead_time_days=[[2, 9, 9]], waiting=1, window=(0, 5))
    assert done.served.tolist() == [[4, 0]]
    assert done.served_later.tolist() == [[2, 1]], "of 4 the best class gets 2; the other 1, as 1 is kept"
    assert done.backordered.tolist() == [[0, 2]]


# ------------------------------------------------------------------ birth and death
def poisson_lines(seed, rates, items, days):
    """Return Poisson lines of one unit and exponential lead times with the mean 1."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(sum(rates) * days, items)
    item = np.repeat(np.arange(items), count)
    rank = (rng.random(len(item)) * sum(rates) > rates[0]).astype(int)
    lines = OrderLines(item, rng.uniform(0, days, len(item)), rank, np.ones(len(item)))
    return lines, rng.exponential(1, (items, count.max() + 5))


@pytest.mark.parametrize(
    ("level", "printed"), [(0, (0.930269, 0.930269)), (1, (0.970890, 0.825338)), (2, (0.986993, 0.661811))]
)
def test_o_55_by_line(level, printed):
    lines, leads = poisson_lines(55, (1, 1.5), items=200, days=520)
    policy = LinePolicy(5, 5, [0, level])
    done = replay_lines(lines, 5, policy, lead_time_days=leads, window=(20, 520))
    ratio = done.served.sum(axis=0) / done.demand.sum(axis=0)
    error = (done.served - ratio * done.demand).std(axis=0, ddof=1) * np.sqrt(200) / done.demand.sum(axis=0)
    assert (np.abs(ratio - printed) < 3 * error).all()
    assert (error < 0.002).all()
    pipeline = 2.5 * (ratio * [1, 1.5]).sum() / 2.5
    assert done.average_stock.mean() == pytest.approx(5 - pipeline, abs=0.02)


def test_backorders_of_one_class_are_those_of_poisson():
    lines, _ = poisson_lines(5, (2, 0), items=150, days=500)
    done = replay_lines(lines, 4, LinePolicy(4, 4), lead_time_days=1, waiting=1, window=(10, 500))
    chance = np.exp(-2) * np.array([1, 2, 2, 4 / 3])
    ratio = done.served.sum() / done.demand.sum()
    error = (done.served - ratio * done.demand).std(ddof=1) * np.sqrt(150) / done.demand.sum()
    assert abs(ratio - chance.sum()) < 3 * error


def test_a_level_takes_from_its_class_and_gives_to_the_other():
    lines, leads = poisson_lines(1, (1, 1.5), items=60, days=200)
    fills = [
        replay_lines(lines, 6, LinePolicy(6, 6, [0, level]), lead_time_days=leads, window=(5, 200)).fill_rate.mean(
            axis=0
        )
        for level in range(5)
    ]
    assert (np.diff([fill[1] for fill in fills]) < 0).all()
    assert (np.diff([fill[0] for fill in fills]) > 0).all()
    shut = LinePolicy(6, 6, [0, 6])
    assert (replay_lines(lines, 6, shut, lead_time_days=leads, window=(5, 200)).served[:, 1] == 0).all()


# ------------------------------------------------------------------ sizes
def fills_of(lines, upto, levels, gap, options):
    done = replay_lines(lines, upto, LinePolicy(upto - gap, upto, levels), **options)
    return np.where(done.demand > 0, done.fill_rate, 1.0)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([(0, 0), (0, 1), (3, 1)]))
def test_sizes_of_two_classes_like_trying_all(seed, how):
    gap, waiting = how
    rng = np.random.default_rng(seed)
    count = 60
    lines = OrderLines(
        np.zeros(count, int), np.sort(rng.uniform(0, 40, count)), rng.integers(0, 2, count), np.ones(count)
    )
    options = {"lead_time_days": 2.5, "waiting": waiting, "window": (0, 40)}
    targets = rng.choice([0.5, 0.8, 0.9, 0.97, 1.0], 2)
    sizes = size_critical_levels(lines, targets, LinePolicy(0, gap), **options)
    upto, level = sizes.order_up_to[0], sizes.critical_levels[0, 1]
    fills = fills_of(lines, upto, [0, level], gap, options)
    assert (fills[0] >= targets).all()
    assert sizes.fill_rate == pytest.approx(fills)
    assert sizes.reorder_point[0] == upto - gap
    smaller = [(stock, level) for stock in range(int(upto)) for level in range(stock + 1)]
    possible = [pair for pair in smaller if (fills_of(lines, pair[0], [0, pair[1]], gap, options)[0] >= targets).all()]
    assert not possible
    lower = [fills_of(lines, upto, [0, less], gap, options)[0] for less in range(int(level))]
    assert not any((fill >= targets).all() for fill in lower)


def test_sizes_of_three_classes_and_many_runs_like_trying_all():
    rng = np.random.default_rng(3)
    runs, count = 6, 900
    lines = OrderLines(
        rng.integers(0, runs, count), rng.uniform(0, 50, count), rng.integers(0, 3, count), np.ones(count)
    )
    options = {"lead_time_days": rng.exponential(1, (runs, 400)), "window": (0, 50)}
    targets = np.array([0.99, 0.9, 0.7])
    sizes = size_critical_levels(lines, targets, LinePolicy(0, 0), **options, runs=np.zeros(runs, int))

    def meets(upto, levels):
        done = replay_lines(lines, upto, LinePolicy(upto, upto, levels), **options)
        return (done.served.sum(axis=0) >= targets * done.demand.sum(axis=0)).all()

    upto, levels = sizes.order_up_to[0], sizes.critical_levels[0]
    assert meets(upto, levels)
    assert 0 < levels[2] < upto
    less = [(0, *pair) for pair in combinations_with_replacement(range(int(upto)), 2)]
    assert not any(meets(upto - 1, choice) for choice in less)
    lower = product(range(int(levels[1]) + 1), range(int(levels[2]) + 1))
    assert not any(meets(upto, (0, *pair)) for pair in lower if pair[0] <= pair[1] and pair != tuple(levels[1:]))


def test_sizes_are_those_of_birth_and_death():
    lines, leads = poisson_lines(4, (1, 1.5), items=150, days=300)
    targets = np.array([0.98, 0.78])
    sizes = size_critical_levels(
        lines, targets, LinePolicy(0, 0), lead_time_days=leads, window=(10, 300), runs=np.zeros(150, int)
    )
    exact = next(
        (stock, level)
        for stock in range(20)
        for level in range(stock + 1)
        if (critical_level_fill_rates(stock, 1, [1, 1.5], [0, level]) >= targets).all()
    )
    assert (sizes.order_up_to[0], sizes.critical_levels[0, 1]) == exact


def test_shared_with_levels_beside_one_level_and_separate():
    lines, leads = poisson_lines(9, (1, 1.5), items=40, days=300)
    given_by = {"lead_time_days": leads, "window": (10, 300), "runs": np.zeros(40, int)}
    made = [
        size(lines, [0.99, 0.7], LinePolicy(0, 0), **given_by)
        for size in (size_critical_levels, size_one_level, size_separate_stocks)
    ]
    levels, one, separate = made
    assert levels.order_up_to[0] < one.order_up_to[0] < separate.order_up_to.sum()
    assert levels.average_stock[0] < one.average_stock[0]
    assert separate.order_up_to.shape == separate.fill_rate.shape == (1, 2)
    assert all((size.fill_rate >= [0.99, 0.7]).all() for size in made)
    assert (one.critical_levels == 0).all()


def test_a_unit_may_be_a_pack_and_items_do_not_mix():
    rng = np.random.default_rng(2)
    lines = OrderLines(
        np.repeat([0, 1], 200), rng.uniform(0, 90, 400), rng.integers(0, 2, 400), rng.integers(1, 5, 400)
    )
    given_by = {"lead_time_days": [3.0, 8.0], "window": (0, 90)}
    packs = size_critical_levels(lines, [0.98, 0.9], LinePolicy(0, 0), **given_by, unit=[6, 1])
    assert packs.order_up_to[0] % 6 == 0
    second = lines.item == 1
    alone = OrderLines(
        lines.item[second] - 1, lines.time_days[second], lines.demand_class[second], lines.quantity[second]
    )
    own = size_critical_levels(alone, [0.98, 0.9], LinePolicy(0, 0), lead_time_days=8.0, window=(0, 90))
    assert own.order_up_to[0] == packs.order_up_to[1]
    assert (own.critical_levels[0] == packs.critical_levels[1]).all()


def test_targets_of_nothing_and_of_all_and_classes_without_lines():
    lines = OrderLines([0] * 5, [1, 2, 3, 4, 5], [0] * 5, [3] * 5)
    given_by = {"lead_time_days": 100, "window": (0, 9)}
    assert size_critical_levels(lines, [0, 0], LinePolicy(0, 0), **given_by).order_up_to.tolist() == [0]
    full = size_critical_levels(lines, [1, 1], LinePolicy(0, 0), **given_by)
    assert full.order_up_to.tolist() == [15]
    assert full.fill_rate.tolist() == [[1, 1]]


# ------------------------------------------------------------------ odd input
def test_no_lines_of_an_item_and_none_in_the_window():
    lines = OrderLines([1], [30.0], [0], [2])
    done = replay_lines(lines, 3, LinePolicy(5, 5), lead_time_days=1, window=(0, 10))
    assert np.isnan(done.fill_rate).all()
    assert done.end_stock.tolist() == [5, 5]
    assert done.average_stock.tolist() == pytest.approx([4.8, 4.8])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"lines": OrderLines([0], [1.0], [0], [0.0])}, "no quantity"),
        ({"lines": OrderLines([0], [-1.0], [0], [1.0])}, "before the begin"),
        ({"lines": OrderLines([0], [1.0], [-1], [1.0])}, "below 0"),
        ({"lines": OrderLines([0, 0], [1.0], [0], [1.0])}, "different lengths"),
        ({"on_hand": -1}, "below 0"),
        ({"policy": LinePolicy(1, 1, [2, 1])}, "fall"),
        ({"policy": LinePolicy([1, 2], 3)}, "does not fit"),
        ({"policy": LinePolicy(1, np.inf)}, "infinite"),
        ({"policy": LinePolicy(1, np.nan)}, "missing"),
        ({"policy": LinePolicy(1, 1, review_days=-1)}, "below 0"),
        ({"lead_time_days": -1}, "below 0"),
        ({"lead_time_days": [1, 2]}, "one row"),
        ({"waiting": 2}, "share"),
        ({"window": (3, 3)}, "window"),
    ],
)
def test_what_makes_no_sense_is_refused(change, problem):
    case = {"lines": OrderLines([0], [1.0], [0], [1.0]), "on_hand": 1, "policy": LinePolicy(1, 1), "lead_time_days": 1}
    with pytest.raises(ValueError, match=problem):
        replay_lines(**(case | {"window": (0, 9)} | change))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"targets": [1.1]}, "target"),
        ({"unit": 0}, "unit"),
        ({"runs": [1, 1]}, "rises"),
        ({"runs": [0]}, "of each run"),
    ],
)
def test_sizes_refuse_it_too(change, problem):
    case = {"lines": OrderLines([0, 1], [1.0, 2.0], [0, 0], [1.0, 1.0]), "targets": [0.9], "policy": LinePolicy(0, 0)}
    with pytest.raises(ValueError, match=problem):
        size_critical_levels(**(case | {"lead_time_days": 1, "window": (0, 9)} | change))
