"""Levels from quantile curves give the service that a replay of the same demand gives, and no unit too many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.curve_tails import within_mean
from segkit.formulas.policy_levels import (
    CoveredDemand,
    economic_reorder_point,
    expected_service,
    reorder_point_for_cycle_service_by_curve,
    reorder_point_for_fill_rate_by_curve,
)
from segkit.formulas.replay import Stock, StockPolicy, replay

DENSE = (np.arange(4000) + 0.5) / 4000
SERIES, PERIODS, WARM = 300, 1200, 200
ONE_LUMP = 0.006  # L + R times the chance of a lump: how often a second one falls into the same interval
BETWEEN = 0.035  # farthest that fill_rate may lie off where demand is neither smooth nor one lump


def gamma(rng, size):
    return rng.gamma(2.0, 200.0, size)


def poisson(rng, size):
    return rng.poisson(2.0, size).astype(float)


def negative_binomial(rng, size):
    return rng.negative_binomial(0.5, 0.2, size).astype(float)


def geometric_lumps(rng, size):
    return (rng.random(size) < 0.1) * rng.geometric(0.1, size).astype(float)


def wide_lumps(rng, size):
    return (rng.random(size) < 0.02) * rng.integers(50, 150, size).astype(float)


def rare_lump(rng, size):
    return (rng.random(size) < 0.001) * rng.integers(50, 150, size).astype(float)


def covered(draw, lead, review, seed=1, chances=DENSE):
    """Return demand over L + R as its own quantiles, from 400,000 draws."""
    rng = np.random.default_rng(seed)
    total = sum(draw(rng, 400_000) for _ in range(lead + review))
    curve = np.quantile(total, chances, method="inverted_cdf")[None, :]
    return CoveredDemand(curve, chances, np.array([total.mean()]), np.array([total.mean() * review / (lead + review)]))


def replayed(draw, lead, review, point, lot, series=SERIES):
    rng = np.random.default_rng(2)
    demand = draw(rng, (series, PERIODS))
    policy = StockPolicy(point, point + lot, lot, review_periods=review)
    stock = Stock(np.full(series, point + np.ceil(rng.uniform(0, lot, series))).clip(0))
    return replay(demand, stock, policy, lead_time_periods=lead, waiting=1.0, first=WARM)


def ratio_and_error(part, whole):
    """Return the ratio of sums over series, and its standard error."""
    ratio = part.sum() / whole.sum()
    return ratio, (part - ratio * whole).std(ddof=1) / np.sqrt(len(part)) / whole.mean()


def level(search, demand, lot, goal):
    return float(search(demand, np.array([float(lot)]), np.array([goal]))[0])


def told(demand, point, lot):
    given = expected_service(demand, np.array([float(point)]), np.array([float(lot)]))
    return float(given.cycle_service[0]), float(given.fill_rate[0]), float(given.on_hand[0])


@pytest.mark.parametrize("goal", [0.7, 0.95])
@pytest.mark.parametrize(("lead", "review", "lot"), [(0, 1, 1), (4, 1, 1), (7, 7, 1), (4, 1, 2000), (5, 3, 900)])
def test_fill_rate_of_smooth_demand_is_exact(lead, review, lot, goal):
    demand = covered(gamma, lead, review)
    point = level(reorder_point_for_fill_rate_by_curve, demand, lot, goal)
    run = replayed(gamma, lead, review, point, lot)
    fill, error = ratio_and_error(run.served, run.demand)
    assert error < 0.003
    assert abs(told(demand, point, lot)[1] - fill) < 3 * error


@pytest.mark.parametrize("goal", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("lead", "review", "lot"), [(0, 1, 1), (5, 1, 1), (3, 3, 1), (5, 1, 40)])
def test_fill_rate_of_one_rare_lump_is_exact_but_for_a_second_one(lead, review, lot, goal):
    demand = covered(rare_lump, lead, review, chances=1 - 0.05 * (1 - DENSE))
    point = level(reorder_point_for_fill_rate_by_curve, demand, lot, goal)
    run = replayed(rare_lump, lead, review, point, lot)
    fill, error = ratio_and_error(run.served, run.demand)
    assert abs(told(demand, point, lot)[1] - fill) < 3 * error + ONE_LUMP


@pytest.mark.parametrize("goal", [0.8, 0.95])
@pytest.mark.parametrize(("lead", "review", "lot"), [(4, 1, 1), (7, 7, 1), (4, 1, 30), (14, 7, 40), (2, 7, 5)])
@pytest.mark.parametrize("draw", [poisson, negative_binomial, geometric_lumps, wide_lumps])
def test_fill_rate_is_near_in_between(draw, lead, review, lot, goal):
    demand = covered(draw, lead, review)
    point = level(reorder_point_for_fill_rate_by_curve, demand, lot, goal)
    run = replayed(draw, lead, review, point, lot)
    fill, error = ratio_and_error(run.served, run.demand)
    near = 0.005 if draw is poisson else BETWEEN
    assert abs(told(demand, point, lot)[1] - fill) < near + 3 * error


@pytest.mark.parametrize("draw", [poisson, negative_binomial, geometric_lumps, gamma])
@pytest.mark.parametrize(("lead", "goal"), [(0, 0.8), (4, 0.95), (6, 0.99)])
def test_cycle_service_is_that_of_the_replay_with_a_review_every_period(draw, lead, goal):
    demand = covered(draw, lead, 1)
    point = level(reorder_point_for_cycle_service_by_curve, demand, 1, goal)
    run = replayed(draw, lead, 1, point, 1)
    service, error = ratio_and_error(run.periods_without_shortage, run.periods)
    assert abs(told(demand, point, 1)[0] - service) < 3 * error + 3 / np.sqrt(400_000) * np.sqrt(goal * (1 - goal))


@pytest.mark.parametrize("goal", [0.6, 0.9])
def test_cycle_service_is_that_of_whole_cycles_where_every_review_orders(goal):
    demand = covered(gamma, 7, 7)
    point = level(reorder_point_for_cycle_service_by_curve, demand, 1, goal)
    run = replayed(gamma, 7, 7, point, 1)
    service, error = ratio_and_error(run.cycles_without_shortage, run.cycles)
    assert abs(told(demand, point, 1)[0] - service) < 3 * error + 3 / np.sqrt(400_000) * np.sqrt(goal * (1 - goal))


@pytest.mark.parametrize(("lead", "lot"), [(4, 1), (4, 30), (9, 12)])
@pytest.mark.parametrize("draw", [poisson, negative_binomial, geometric_lumps])
def test_stock_on_hand_is_that_of_the_replay(draw, lead, lot):
    demand = covered(draw, lead, 1)
    point = level(reorder_point_for_fill_rate_by_curve, demand, lot, 0.95)
    run = replayed(draw, lead, 1, point, lot)
    held, error = ratio_and_error(run.on_hand_periods, run.periods)
    assert abs(told(demand, point, lot)[2] - held) < 3 * error + 0.005 * held


@pytest.mark.parametrize("ratio", [0.02, 0.15])
@pytest.mark.parametrize("lead", [0, 5])
@pytest.mark.parametrize("draw", [poisson, negative_binomial, geometric_lumps, wide_lumps])
def test_the_economic_level_costs_hardly_more_than_the_best_of_all(draw, lead, ratio):
    demand = covered(draw, lead, 1)
    chosen = level(economic_reorder_point, demand, 1, ratio)

    def cost(point):
        run = replayed(draw, lead, 1, point, 1, series=80)
        return (ratio * run.on_hand_periods + run.short).sum()

    step = max(int(demand.whole[0, -1] / 40), 1)
    best = min(cost(float(point)) for point in range(-1, int(demand.whole[0, -1]) + step, step))
    assert cost(chosen) <= 1.02 * best


CURVES = st.lists(st.integers(0, 60), min_size=12, max_size=12).map(lambda values: np.sort(np.array(values, float)))
SHARES = st.floats(0.02, 0.98)


def of_curve(curve, share):
    chances = np.append((np.arange(11) + 0.5) / 11, 0.999)
    shell = CoveredDemand(curve[None, :], chances, np.array([1.0]), np.array([share]))
    mean = shell.moments[0]
    return CoveredDemand(curve[None, :], chances, mean, mean * share)


@given(CURVES, SHARES, st.integers(1, 25), st.floats(0.05, 0.99))
def test_levels_are_the_least_that_reach_their_target(curve, share, lot, target):
    demand = of_curve(curve, share)
    for place, search in enumerate((reorder_point_for_cycle_service_by_curve, reorder_point_for_fill_rate_by_curve)):
        point = level(search, demand, lot, target)
        assert point == np.floor(point) >= -lot
        if curve[-1] > 0:
            assert told(demand, point, lot)[place] >= target - 1e-6
        if point > -lot:
            assert told(demand, point - 1, lot)[place] < target


@given(CURVES, SHARES, st.integers(1, 25), st.lists(st.floats(0.02, 0.995), min_size=2, max_size=2).map(sorted))
def test_more_service_never_takes_less_stock(curve, share, lot, targets):
    demand, (less, more) = of_curve(curve, share), targets
    for search in (reorder_point_for_cycle_service_by_curve, reorder_point_for_fill_rate_by_curve):
        assert level(search, demand, lot, less) <= level(search, demand, lot, more)
    assert level(economic_reorder_point, demand, 1, more) <= level(economic_reorder_point, demand, 1, less)


@given(CURVES, SHARES, st.integers(1, 25))
def test_more_stock_never_serves_less(curve, share, lot):
    demand = of_curve(curve, share)
    given = np.array([told(demand, point, lot) for point in range(-lot, 64)])
    assert (np.diff(given, axis=0) >= -1e-9).all()
    assert ((given[:, :2] >= -1e-9) & (given[:, :2] <= 1 + 1e-9)).all()


def test_edges_give_no_nonsense():
    nothing = of_curve(np.zeros(12), 0.5)
    for search in (reorder_point_for_cycle_service_by_curve, reorder_point_for_fill_rate_by_curve):
        assert level(search, nothing, 1, 0.99) == -1
    assert level(economic_reorder_point, nothing, 1, 0.01) == -1
    assert told(nothing, -1, 1) == (1.0, 1.0, 0.0)
    some = of_curve(np.arange(12.0), 0.5)
    assert level(economic_reorder_point, some, 1, 50.0) == -1
    assert told(some, -1, 1)[1] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(level(reorder_point_for_fill_rate_by_curve, some, 1, np.nan))
    assert np.isnan(level(reorder_point_for_fill_rate_by_curve, of_curve(np.full(12, np.nan), 0.5), 1, 0.9))


def test_each_item_is_searched_for_itself():
    demands = [covered(draw, 4, 1) for draw in (poisson, negative_binomial, wide_lumps)]
    arrays = [np.concatenate([getattr(one, name) for one in demands]) for name in ("whole", "mean", "review_mean")]
    together = CoveredDemand(arrays[0], DENSE, *arrays[1:])
    points = reorder_point_for_fill_rate_by_curve(together, np.array([1.0, 7.0, 30.0]), np.array([0.9, 0.95, 0.8]))
    alone = [
        level(reorder_point_for_fill_rate_by_curve, one, lot, goal)
        for one, lot, goal in zip(demands, (1, 7, 30), (0.9, 0.95, 0.8), strict=True)
    ]
    assert points.tolist() == alone
    picked = together.of(np.array([2, 0]))
    assert expected_service(picked, points[[2, 0]], np.array([30.0, 1.0])).fill_rate.tolist() == pytest.approx(
        [told(demands[2], alone[2], 30)[1], told(demands[0], alone[0], 1)[1]]
    )


@given(
    st.lists(CURVES, min_size=1, max_size=5),
    st.lists(st.floats(0.1, 60), min_size=5, max_size=5),
    st.sampled_from([0.5, 0.9]),
)
def test_far_quantiles_are_cut_back_to_the_known_mean_and_no_near_ones(curves, means, surely):
    table, mean = np.array(curves), np.array(means[: len(curves)])
    chances = np.append((np.arange(11) + 0.5) / 11, 0.999)
    cut = within_mean(table, chances, mean, surely=surely)
    sure = chances < surely
    assert (cut[:, sure] == table[:, sure]).all()
    assert (cut <= table).all()
    assert (np.diff(cut, axis=1) >= 0).all()
    one = np.ones(len(cut))
    before, after = (CoveredDemand(part, chances, one, one).moments[0] for part in (table, cut))
    assert (after >= np.minimum(before, mean) - 1e-9).all()
    assert (within_mean(cut, chances, mean, surely=surely) == cut).all()


@pytest.mark.parametrize(("often", "lump", "lead", "review"), [(0.05, 8, 30, 1), (0.034, 19, 7, 1), (0.013, 2, 21, 7)])
@pytest.mark.parametrize("target", [0.8, 0.9])
def test_lumps_that_are_known_part_by_how_many_an_amount_is(often, lump, lead, review, target):
    """Of two lumps one may fall into the review: taken as one, P2 was told up to .07 too high."""

    def lumps(rng, size):
        return lump * rng.poisson(often, size).astype(float)

    unknown = covered(lumps, lead, review)
    asked = np.array([1.0 - np.exp(-often * review)])
    demand = CoveredDemand(unknown.whole, unknown.chances, unknown.mean, unknown.review_mean, asked)
    assert demand.lumps[0, :2].tolist() == pytest.approx([often * (lead + review), lump], rel=0.05)
    assert demand.lumps[0, 2] > 30.0  # all of a size
    point = level(reorder_point_for_fill_rate_by_curve, demand, 1, target)
    run = replayed(lumps, lead, review, point, 1, series=200)
    fill = run.served.sum() / run.demand.sum()
    assert told(demand, point, 1)[1] == pytest.approx(fill, abs=0.035)


# ------------------------------------------------------------------ what is assumed
def net_stock(level, demand, lead):
    """Return what lies there every evening, less what waits: filled up daily, each order has its lead time."""
    days = len(demand)
    came = np.bincount(np.minimum(np.arange(days) + 1 + lead, days), demand, days + 1)[:days]
    return level - demand.cumsum() + came.cumsum()


def test_levels_hold_while_orders_come_in_turn_and_give_more_where_they_overtake():
    rng, days, block = np.random.default_rng(7), 400_000, 400
    lead = np.round(rng.gamma((20 / 15) ** 2, 15**2 / 20, days)).astype(int)
    chances = (np.arange(2000) + 0.5) / 2000
    curve = np.quantile(rng.poisson(lead + 1.0), chances)[None, :]
    demand = CoveredDemand(curve, chances, curve.mean(axis=1), np.ones(1))
    level = reorder_point_for_cycle_service_by_curve(demand, np.ones(1), np.array([0.9]))[0] + 1.0
    asked, settled = rng.poisson(1.0, days), np.arange(days) % block > block // 2
    in_turn = np.repeat(lead[::block], block)  # one lead time for all orders of a block
    assert (net_stock(level, asked, in_turn)[settled] >= 0).mean() == pytest.approx(0.9, abs=0.03)
    assert (net_stock(level, asked, lead)[settled] >= 0).mean() > 0.999


@pytest.mark.parametrize("search", [reorder_point_for_cycle_service_by_curve, reorder_point_for_fill_rate_by_curve])
@pytest.mark.parametrize("lot", [1.5, 2.5, 3.25, 4.2, 10.5])
def test_lots_that_are_no_whole_numbers_take_the_least_whole_level(search, lot):
    """Orders come in packs of their own, which need be no multiple of the lots of demand: the search never ended."""
    rng, chances = np.random.default_rng(4), (np.arange(200) + 0.5) / 200
    mean = np.exp(rng.uniform(-2.0, 3.0, 12))
    curves = np.array([np.quantile(rng.negative_binomial(1.5, 1.5 / (1.5 + one), 20_000), chances) for one in mean])
    demand = CoveredDemand(curves, chances, mean, 0.4 * mean)
    lots, goals = np.full(12, lot), np.array([0.5, 0.9, 0.97])
    for goal in goals:
        found = search(demand, lots, np.full(12, goal))
        assert ((found == np.floor(found)) | (found == -lot)).all()
        service, below = (expected_service(demand, point, lots) for point in (found, np.maximum(found - 1.0, -lot)))
        given, less = (
            one.cycle_service if search is reorder_point_for_cycle_service_by_curve else one.fill_rate
            for one in (service, below)
        )
        assert (given >= goal - 1e-6).all()
        assert ((less < goal) | (found == -lot)).all()
    if search is reorder_point_for_cycle_service_by_curve:
        many = search(demand, lots, np.broadcast_to(goals, (12, 3)))
        assert (many == np.stack([search(demand, lots, np.full(12, goal)) for goal in goals], axis=1)).all()
