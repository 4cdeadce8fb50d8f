"""Replay by period against a plain loop, against what books say of stationary demand, and against itself in pieces."""

from itertools import pairwise

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segkit.formulas import replay_kernels
from segkit.formulas.replay import Prices, Stock, StockPolicy, replay, replay_paths, replay_period_sums
from segkit.formulas.replay_steps import advance, inventory_position, rounded_order

SUMS = """demand served short periods periods_without_shortage cycles cycles_without_shortage end_stock_periods
    on_hand_periods backorder_periods orders units_ordered received opening""".split()


def draw(seed, series=4, periods=17):
    """Return a random case in whole units: no rounding, every kind of policy, lead times that cross."""
    rng = np.random.default_rng(seed)
    demand = rng.poisson(rng.gamma(1, 3, (series, 1)), (series, periods)).astype(float)
    demand[rng.random(demand.shape) < 0.05] = np.nan
    by_period = (series, periods if rng.random() < 0.5 else 1)
    reorder = rng.integers(-2, 15, by_period)
    policy = StockPolicy(
        reorder, reorder + rng.integers(0, 9, by_period), rng.choice([0, 0, 3, 7], series),
        rng.choice([0, 0, 5], series), rng.choice([0, 1, 4], series),
        rng.integers(1, 4, series), rng.integers(0, 3, series),
    )  # fmt: skip
    stock = Stock(rng.integers(0, 12, series), rng.integers(0, 5, (series, 3)), rng.integers(0, 3, series))
    lead = rng.integers(0, 5, (series, periods) if rng.random() < 0.5 else series)
    options = {"lead_time_periods": lead, "waiting": rng.choice([0, 0.5, 1], series)}
    return demand, stock, policy, options | {"counted": rng.random(demand.shape) < 0.9}


def slow_orders(position, reorder, upto, lot, least, pack):
    """Return the order of a review, in whole units, by counting."""
    ordered = 0
    if position <= reorder and lot:
        while position + ordered <= reorder:
            ordered += lot
    elif position <= reorder and upto > position:
        ordered = upto - position
    if ordered == 0:
        return 0
    ordered = max(ordered, least)
    while pack and ordered % pack:
        ordered = np.floor(ordered) + 1
    return ordered


def slow_replay(case, one, first):
    """Replay one series as one would by hand, with a calendar of arrivals and a diary of periods."""
    demand, stock, policy, options = case
    periods = demand.shape[1]
    at = lambda values, t: np.broadcast_to(np.reshape(values, (len(demand), -1)), demand.shape)[one, t]  # noqa: E731
    shelf, owed = float(stock.on_hand[one]), float(stock.backordered[one])
    calendar = dict(enumerate(stock.pipeline[one].astype(float)))
    diary = []
    for t in range(periods):
        net = shelf - owed
        received = calendar.pop(t, 0.0)
        filled = min(owed, received)
        owed, shelf = owed - filled, shelf + received - filled
        known = options["counted"][one, t] and not np.isnan(demand[one, t])
        wanted = demand[one, t] if known else 0.0
        begun, served = shelf, min(shelf, wanted)
        shelf -= served
        owed += options["waiting"][one] * (wanted - served)
        ordered = 0.0
        if t >= policy.first_review[one] and (t - policy.first_review[one]) % policy.review_periods[one] == 0:
            position = shelf + sum(calendar.values()) - owed
            lots = (policy.order_quantity[one], policy.minimum_order[one], policy.order_multiple[one])
            ordered = slow_orders(position, at(policy.reorder_point, t), at(policy.order_up_to, t), *lots)
        if ordered:
            due = t + 1 + at(options["lead_time_periods"], t)
            calendar[due] = calendar.get(due, 0.0) + ordered
        diary.append(
            {"t": t, "net": net, "received": received, "known": known, "demand": wanted, "served": served,
             "short": wanted - served, "end_stock": shelf, "mean": (begun + shelf) / 2, "backordered": owed,
             "ordered": ordered}
        )  # fmt: skip
    return diary, slow_sums(diary, first), calendar


def slow_sums(diary, first):
    judged = [day for day in diary if day["t"] >= first]
    counted = [day for day in judged if day["known"]]
    good = [day["short"] == 0 and day["backordered"] == 0 for day in counted]
    arrivals = [day["t"] for day in judged if day["received"]]
    cycles = [[day for day in counted if begin <= day["t"] < end] for begin, end in pairwise(arrivals)]
    cycles = [cycle for cycle in cycles if cycle]
    fine = [all(day["short"] == 0 and day["backordered"] == 0 for day in cycle) for cycle in cycles]
    total = lambda name, days: sum(day[name] for day in days)  # noqa: E731
    return {
        **{name: total(name, counted) for name in ("demand", "served", "short")},
        "periods": len(counted), "periods_without_shortage": sum(good),
        "cycles": len(cycles), "cycles_without_shortage": sum(fine),
        "end_stock_periods": total("end_stock", counted), "on_hand_periods": total("mean", counted),
        "backorder_periods": total("backordered", counted), "orders": sum(day["ordered"] > 0 for day in judged),
        "units_ordered": total("ordered", judged), "received": total("received", judged), "opening": judged[0]["net"],
    }  # fmt: skip


@given(st.integers(0, 2**32), st.integers(0, 8))
def test_like_a_plain_loop(seed, first):
    case = draw(seed)
    demand, stock, policy, options = case
    done = replay(demand, stock, policy, **options, first=first)
    paths = replay_paths(demand, stock, policy, **options)
    for one in range(len(demand)):
        diary, sums, calendar = slow_replay(case, one, first)
        assert {name: getattr(done, name)[one] for name in SUMS} == sums
        for name in ("received", "demand", "served", "short", "end_stock", "backordered", "ordered"):
            assert getattr(paths, name)[one].tolist() == [day[name] for day in diary]
        assert done.end.on_hand[one] == diary[-1]["end_stock"]
        assert done.end.backordered[one] == diary[-1]["backordered"]
        ahead = done.end.pipeline[one]
        assert ahead.tolist() == [calendar.get(demand.shape[1] + k, 0.0) for k in range(len(ahead))]


@given(st.integers(0, 2**32), st.integers(0, 16))
def test_nothing_is_lost_but_what_is_lost(seed, first):
    demand, stock, policy, options = draw(seed)
    done = replay(demand, stock, policy, **options, first=first)
    lost = (1 - options["waiting"]) * done.short
    net = done.end.on_hand - done.end.backordered
    assert done.opening + done.received - (done.demand - lost) == pytest.approx(net)
    whole = replay(demand, stock, policy, **options)
    under_way = whole.end.pipeline.sum(axis=1)
    assert stock.pipeline.sum(axis=1) + whole.units_ordered == pytest.approx(whole.received + under_way)
    assert done.demand == pytest.approx(done.served + done.short)


@given(st.integers(0, 2**32), st.integers(1, 16))
def test_two_halves_are_the_whole(seed, cut):
    demand, stock, policy, options = draw(seed)
    every, phase = policy.review_periods, policy.first_review

    def part(periods, begin, stock):
        cut_out = lambda values: values if np.ndim(values) < 2 or values.shape[1] == 1 else values[:, periods]  # noqa: E731
        until = np.where(phase >= begin, phase - begin, (phase - begin) % every)
        own = StockPolicy(
            cut_out(policy.reorder_point), cut_out(policy.order_up_to), policy.order_quantity, policy.minimum_order,
            policy.order_multiple, every, until,
        )  # fmt: skip
        rest = {name: cut_out(value) for name, value in options.items()}
        return replay(demand[:, periods], stock, own, **rest)

    whole = replay(demand, stock, policy, **options)
    first = part(slice(0, cut), 0, stock)
    second = part(slice(cut, None), cut, first.end)
    assert (first.served + second.served == whole.served).all()
    assert (first.end_stock_periods + second.end_stock_periods == whole.end_stock_periods).all()
    assert (second.end.on_hand == whole.end.on_hand).all()
    assert (second.end.backordered == whole.end.backordered).all()
    width = min(second.end.pipeline.shape[1], whole.end.pipeline.shape[1])
    assert (second.end.pipeline[:, :width] == whole.end.pipeline[:, :width]).all()


@given(st.integers(0, 2**32))
def test_period_by_period_it_is_the_same(seed):
    demand, stock, policy, options = draw(seed)
    demand[:] = np.where(options["counted"], demand, np.nan)
    paths = replay_paths(demand, stock, policy, **options)
    orders = np.zeros(len(demand))
    for t in range(demand.shape[1]):
        lead = options["lead_time_periods"]
        lead = lead[:, max(t - 1, 0)] if lead.ndim == 2 else lead
        stock, served, short = advance(stock, demand[:, t], orders, lead_time_periods=lead, waiting=options["waiting"])
        assert (served == paths.served[:, t]).all()
        assert (short == paths.short[:, t]).all()
        assert (stock.on_hand == paths.end_stock[:, t]).all()
        assert (stock.backordered == paths.backordered[:, t]).all()
        orders = paths.ordered[:, t]


@given(st.integers(0, 2**32), st.floats(0.01, 100))
def test_a_rule_of_ones_own_by_steps_is_the_policy(seed, unit):
    rng = np.random.default_rng(seed)
    demand, target = rng.gamma(1, 4, (5, 30)) * unit, rng.uniform(5, 30, 5) * unit
    least, pack = 2.5 * unit, 0.75 * unit
    paths = replay_paths(
        demand, Stock(target), StockPolicy(target, target, 0, least, pack), lead_time_periods=2, waiting=0.25
    )
    stock, orders = Stock(target, np.zeros((5, 3)), np.zeros(5)), np.zeros(5)
    for t in range(30):
        stock, served, _ = advance(stock, demand[:, t], orders, lead_time_periods=2, waiting=0.25)
        orders = rounded_order(target - inventory_position(stock), least, pack)
        assert served == pytest.approx(paths.served[:, t])
        assert orders == pytest.approx(paths.ordered[:, t])


@given(st.integers(0, 2**32))
def test_orders_are_whole_packs_of_at_least_the_minimum_and_reach_the_goal(seed):
    rng = np.random.default_rng(seed)
    demand = rng.gamma(0.5, 6, (6, 40))
    least, pack = rng.choice([0, 3.3, 20], 6), rng.choice([0.7, 2.4, 6], 6)
    paths = replay_paths(demand, Stock(0), StockPolicy(8, 15, 0, least, pack, 2), lead_time_periods=3, waiting=1)
    placed = paths.ordered > 0
    packs = paths.ordered / pack[:, None]
    assert packs == pytest.approx(np.round(packs), abs=1e-9)
    assert (paths.ordered >= least[:, None] * placed - 1e-9).all()
    on_order = np.cumsum(paths.ordered - paths.received, axis=1)
    position = paths.end_stock + on_order - paths.backordered
    before = position - paths.ordered
    assert (position[placed] >= 15 - 1e-9).all()
    assert (before[placed] <= 8 + 1e-6).all()
    assert (before[:, ::2][~placed[:, ::2]] > 8 - 1e-6).all()
    assert not placed[:, 1::2].any()


@given(st.integers(0, 2**32), st.sampled_from([1, 3, 70]))
def test_sums_over_series_are_those_of_the_paths(seed, series):
    demand, stock, policy, options = draw(seed, series=series)
    rng = np.random.default_rng(seed)
    prices = Prices(rng.random(series), rng.random(series) * 9, rng.random(series), rng.integers(0, 3, series))
    sums = replay_period_sums(demand, stock, policy, prices, **options)
    paths = replay_paths(demand, stock, policy, **options)
    known = options["counted"] & ~np.isnan(demand)
    for group in range(prices.group.max() + 1):
        own = (prices.group == group)[:, None] & known
        assert sums.series[group].tolist() == own.sum(axis=0).tolist()
        for name in ("demand", "served", "short", "backordered", "end_stock"):
            expected = (own * prices.weight[:, None] * getattr(paths, name)).sum(axis=0)
            assert getattr(sums, name)[group] == pytest.approx(expected)
        assert sums.holding_cost[group] == pytest.approx((own * paths.end_stock * prices.holding_cost[:, None]).sum(0))
        assert sums.shortage_cost[group] == pytest.approx((own * paths.short * prices.shortage_cost[:, None]).sum(0))


def test_threads_and_kinds_of_numbers_change_nothing():
    demand, stock, policy, options = draw(8, series=300)
    prices = Prices(np.linspace(0.1, 0.9, 300), 1.7, np.pi)
    whole = np.nan_to_num(demand)
    before = numba.get_num_threads()
    told = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        told.append(replay_period_sums(whole, stock, policy, prices, **options).holding_cost)
    numba.set_num_threads(before)
    assert (told[0] == told[1]).all()
    other = replay(whole.astype("int64"), stock, policy, **options)
    same = replay(np.asfortranarray(whole), stock, policy, **options)
    assert all((getattr(other, name) == getattr(same, name)).all() for name in SUMS)


def test_locked_arrays_are_not_compiled_anew():
    demand, stock, policy, options = draw(9)
    replay(demand, stock, policy, **options)
    known = len(replay_kernels.replay_sums.signatures)
    for part in (demand, stock.on_hand, stock.pipeline, policy.reorder_point, *options.values()):
        part.flags.writeable = False
    replay(demand, stock, policy, **options)
    assert len(replay_kernels.replay_sums.signatures) == known


def test_inputs_stay_as_they_are():
    demand, stock, policy, options = draw(3)
    kept = [part.copy() for part in (demand, stock.on_hand, stock.pipeline, stock.backordered)]
    for run in (replay, replay_paths):
        run(demand, Stock(stock.on_hand.astype(float), stock.pipeline.astype(float), 0.0), policy, **options)
        run(demand, stock, policy, **options)
    advance(stock, 1, 2, lead_time_periods=1)
    for part, before in zip((demand, stock.on_hand, stock.pipeline, stock.backordered), kept, strict=True):
        assert np.array_equal(part, before, equal_nan=True)


# ------------------------------------------------------------------ what is known of stationary demand
def near(values, weights, expected):
    """Tell whether a ratio over independent series is within three standard errors."""
    ratio = values.sum() / weights.sum()
    error = (values - ratio * weights).std(ddof=1) * np.sqrt(len(values)) / weights.sum()
    return abs(ratio - expected) < 3 * error


@pytest.mark.parametrize(("lead", "review", "upto"), [(0, 1, 112), (2, 1, 320), (2, 4, 640), (5, 3, 810)])
def test_order_up_to_on_normal_demand(lead, review, upto):
    demand = np.random.default_rng(upto).normal(100, 20, (250, 800))
    done = replay(
        demand, Stock(upto), StockPolicy(upto, upto, review_periods=review), lead_time_periods=lead, waiting=1, first=20
    )

    def short(periods):
        sd = 20 * np.sqrt(periods) + 1e-12
        return sd * (stats.norm.pdf((upto - 100 * periods) / sd) - (upto - 100 * periods) / sd
                     * stats.norm.sf((upto - 100 * periods) / sd))  # fmt: skip

    fill = 1 - (short(lead + review) - short(lead)) / (100 * review)
    cycle = stats.norm.cdf((upto - 100 * (lead + review)) / (20 * np.sqrt(lead + review)))
    assert 0.5 < cycle < 0.99
    assert near(done.served, done.demand, fill)
    assert near(done.cycles_without_shortage, done.cycles, cycle)
    ends = np.arange(lead + 1, lead + review + 1)
    ready = stats.norm.cdf((upto - 100 * ends) / (20 * np.sqrt(ends))).mean()
    assert near(done.periods_without_shortage, done.periods, ready)
    stock = np.mean([upto - 100 * periods + short(periods) for periods in ends])
    assert near(done.end_stock_periods, done.periods, stock)


@pytest.mark.parametrize(("lead", "upto"), [(0, 6), (2, 15), (4, 22)])
def test_base_stock_on_poisson_demand(lead, upto):
    demand = np.random.default_rng(lead).poisson(4, (250, 800))
    done = replay(demand, Stock(upto), StockPolicy(upto, upto), lead_time_periods=lead, waiting=1, first=20)
    count = np.arange(200)

    def short(periods):
        return (np.maximum(count - upto, 0) * stats.poisson.pmf(count, 4 * periods)).sum()

    assert near(done.served, done.demand, 1 - (short(lead + 1) - short(lead)) / 4)
    assert near(done.periods_without_shortage, done.periods, stats.poisson.cdf(upto, 4 * (lead + 1)))
    assert near(done.backorder_periods, done.periods, short(lead + 1))
    assert done.fill_rate.mean() > done.period_service.mean() - 0.01


def test_lots_leave_the_position_evenly_spread():
    demand = np.random.default_rng(5).poisson(3, (250, 800))
    done = replay(demand, Stock(12), StockPolicy(9, order_quantity=7), lead_time_periods=2, waiting=1, first=60)
    ready = stats.poisson.cdf(np.arange(10, 17), 9).mean()
    assert near(done.periods_without_shortage, done.periods, ready)
    assert (done.units_ordered % 7 == 0).all()


def test_lost_sales_without_lead_time_are_a_newsvendor():
    demand = np.random.default_rng(6).poisson(5, (250, 800))
    done = replay(demand, Stock(6), StockPolicy(6, 6), lead_time_periods=0)
    count = np.arange(100)
    sold = (np.minimum(count, 6) * stats.poisson.pmf(count, 5)).sum()
    assert near(done.served, done.demand, sold / 5)
    assert near(done.end_stock_periods, done.periods, 6 - sold)


def test_what_waits_takes_stock_from_what_comes():
    demand = np.random.default_rng(7).poisson(5, (50, 400))
    lost, waits = (
        replay(demand, Stock(15), StockPolicy(15, 15), lead_time_periods=2, waiting=share) for share in (0, 1)
    )
    assert (lost.served >= waits.served).all()
    assert (waits.backorder_periods > 0).all()
    assert (lost.backorder_periods == 0).all()


def test_orders_that_cross_arrive_when_they_are_due():
    paths = replay_paths([[3, 1, 0, 0, 0, 0]], Stock(3), StockPolicy(3, 3), lead_time_periods=[[4, 1, 0, 0, 0, 0]])
    assert paths.ordered.tolist() == [[3, 0, 0, 0, 0, 0]]
    paths = replay_paths(
        [[3, 1, 0, 0, 0, 0]], Stock(3), StockPolicy(3, 3), lead_time_periods=[[4, 1, 0, 0, 0, 0]], waiting=1
    )
    assert paths.ordered.tolist() == [[3, 1, 0, 0, 0, 0]]
    assert paths.received.tolist() == [[0, 0, 0, 1, 0, 3]]


def test_an_order_can_be_sold_lead_time_whole_periods_later():
    """VN2: ordered at the end of week 0, sold from week 3, lead time 2."""
    paths = replay_paths([[5, 0, 0, 0, 0]], Stock(5), StockPolicy(5, 5), lead_time_periods=2)
    assert paths.received.tolist() == [[0, 0, 0, 5, 0]]


# ------------------------------------------------------------------ odd input
def test_without_demand_there_is_no_service_to_tell():
    done = replay([[0, 0], [np.nan, 3]], Stock([2, 0]), StockPolicy(1, 1), lead_time_periods=0, counted=[[True, False]])
    assert np.isnan(done.fill_rate).all()
    assert np.isnan(done.cycle_service).all()
    assert done.period_service.tolist() == pytest.approx([1, np.nan], nan_ok=True)
    assert done.end_stock_periods.tolist() == [2, 0]


def test_all_warm_up_and_no_periods_and_no_series():
    done = replay([[2.0, 2.0]], Stock(3), StockPolicy(0, 0), lead_time_periods=1, first=9)
    assert (done.periods.item(), done.opening.item(), done.end.on_hand.item()) == (0, 0, 0)
    empty = replay(np.empty((2, 0)), Stock(3), StockPolicy(0, 0), lead_time_periods=1)
    assert empty.opening.tolist() == [3, 3]
    assert replay(np.empty((0, 5)), Stock([]), StockPolicy(0, 0), lead_time_periods=1).demand.shape == (0,)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"demand": [[-1.0, 2.0]]}, "returns"),
        ({"demand": [1.0, 2.0]}, "shape"),
        ({"demand": [[1.0, np.inf]]}, "infinite"),
        ({"stock": Stock(-1)}, "below 0"),
        ({"stock": Stock(np.nan)}, "missing"),
        ({"stock": Stock(1, [[1.0], [2.0]])}, "one row"),
        ({"policy": StockPolicy(1, np.nan)}, "missing"),
        ({"policy": StockPolicy(1, np.inf)}, "infinite"),
        ({"policy": StockPolicy([1, 2], 3)}, "does not fit"),
        ({"policy": StockPolicy(1, 1, review_periods=0)}, "reviews"),
        ({"policy": StockPolicy(1, 1, order_multiple=-1)}, "lot size"),
        ({"lead_time_periods": -1}, "whole periods"),
        ({"lead_time_periods": 1.5}, "whole periods"),
        ({"waiting": 1.5}, "share"),
        ({"counted": [[True] * 3]}, "does not fit"),
    ],
)
def test_what_makes_no_sense_is_refused(change, problem):
    case = {"demand": [[1.0, 2.0]], "stock": Stock(1), "policy": StockPolicy(1, 1), "lead_time_periods": 1} | change
    with pytest.raises(ValueError, match=problem):
        replay(**case)


@pytest.mark.parametrize(
    "change", [{"demand": [-1]}, {"orders": [-1]}, {"orders": [np.nan]}, {"lead_time_periods": -1}]
)
def test_steps_refuse_it_too(change):
    with pytest.raises(ValueError, match="below 0"):
        advance(Stock([1.0]), **({"demand": [1], "orders": [1], "lead_time_periods": 1} | change))


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 0.1, 12.0, 1e5]))
def test_another_unit_of_count_gives_the_same_shares(seed, unit):
    demand, stock, policy, options = draw(seed)
    scaled = StockPolicy(
        *(np.asarray(part) * unit for part in (policy.reorder_point, policy.order_up_to, policy.order_quantity)),
        policy.minimum_order * unit, policy.order_multiple * unit, policy.review_periods, policy.first_review,
    )  # fmt: skip
    moved = Stock(stock.on_hand * unit, stock.pipeline * unit, stock.backordered * unit)
    one, other = replay(demand, stock, policy, **options), replay(demand * unit, moved, scaled, **options)
    assert other.fill_rate == pytest.approx(one.fill_rate, nan_ok=True)
    for name in ("orders", "periods_without_shortage", "cycles", "cycles_without_shortage"):
        assert (getattr(other, name) == getattr(one, name)).all()
