"""Levels where unmet demand is lost give what a replay of the same demand gives, and cost hardly more than the best."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from segkit.formulas import lost_sales_scenarios
from segkit.formulas.lost_sales import (
    economic_reorder_point_of_lost_sales,
    expected_service_of_lost_sales,
    reorder_point_for_fill_rate_of_lost_sales,
)
from segkit.formulas.lost_sales_scenarios import lumpy_lots, rolled, steady_lots
from segkit.formulas.policy_levels import (
    CoveredDemand,
    economic_reorder_point,
    expected_service,
    reorder_point_for_fill_rate_by_curve,
)
from segkit.formulas.replay import Stock, StockPolicy, replay

DENSE = (np.arange(2000) + 0.5) / 2000
SERIES, PERIODS, WARM = 40, 2040, 240
NEAR = 0.035  # farthest that fill_rate may lie off, as in test_policy_levels
TOO_DEAR = 1.03  # times the cost of the best level


def poisson(rng, size):
    return rng.poisson(2.0, size).astype(float)


def negative_binomial(rng, size):
    return rng.negative_binomial(0.5, 0.2, size).astype(float)


def slow(rng, size):
    return rng.poisson(0.1, size).astype(float)


def covered(draw, lead, review):
    total = sum(draw(np.random.default_rng(place), 200_000) for place in range(lead + review))
    curve = np.quantile(total, DENSE, method="inverted_cdf")[None, :]
    return CoveredDemand(curve, DENSE, np.array([total.mean()]), np.array([total.mean() * review / (lead + review)]))


def replayed(draw, lead, review, point, lot):
    demand = draw(np.random.default_rng(77), (SERIES, PERIODS))
    policy = StockPolicy(point, point + lot, lot, review_periods=review)
    stock = Stock(np.full(SERIES, float(point + lot)))
    return replay(demand, stock, policy, lead_time_periods=lead, waiting=0.0, first=WARM)


def told(demand, point, lot, service=expected_service_of_lost_sales):
    made = service(demand, np.array([float(point)]), np.array([float(lot)]))
    return float(made.cycle_service[0]), float(made.fill_rate[0]), float(made.on_hand[0])


def cost_of(draw, lead, review, point, lot, ratio):
    """Return units short, and mean stock times the ratio, per review."""
    run = replayed(draw, lead, review, point, lot)
    reviews = SERIES * (PERIODS - WARM) / review
    return run.short.sum() / reviews + ratio * run.on_hand_periods.sum() / reviews / review


CASES = [(4, 1, 1), (7, 7, 1), (14, 7, 1), (14, 7, 20), (20, 5, 1)]


@pytest.mark.parametrize("share", [0.35, 0.7, 1.0])
@pytest.mark.parametrize(("lead", "review", "lot"), CASES)
@pytest.mark.parametrize("draw", [poisson, negative_binomial, slow])
def test_levels_give_what_the_replay_of_lost_sales_gives(draw, lead, review, lot, share):
    demand = covered(draw, lead, review)
    point = int(np.ceil(share * demand.mean[0]))
    run = replayed(draw, lead, review, point, lot)
    fill, stock = run.served.sum() / run.demand.sum(), run.on_hand_periods.sum() / run.periods.sum()
    _, lost, on_hand = told(demand, point, lot)
    assert abs(lost - fill) < NEAR
    if review > 1:  # a replay takes stock to fall evenly within its periods
        assert abs(on_hand - stock) < 0.08 * stock + 0.1
    waiting = told(demand, point, lot, expected_service)[1]
    assert abs(waiting - fill) > abs(lost - fill) or fill > 0.9


@pytest.mark.parametrize("ratio", [0.02, 0.1, 0.4])
@pytest.mark.parametrize(("lead", "review", "lot"), CASES)
@pytest.mark.parametrize("draw", [poisson, negative_binomial])
def test_the_level_chosen_costs_hardly_more_than_the_best_of_the_replay(draw, lead, review, lot, ratio):
    demand, lots, ratios = covered(draw, lead, review), np.array([float(lot)]), np.array([ratio])
    chosen = int(economic_reorder_point_of_lost_sales(demand, lots, ratios)[0])
    waits = int(economic_reorder_point(demand, lots, ratios)[0])
    around = {int(point) for point in np.linspace(0, max(chosen, waits) * 1.2 + 2, 9)} | {chosen}
    cost = {point: cost_of(draw, lead, review, point, lot, ratio) for point in around}
    assert cost[chosen] < TOO_DEAR * min(cost.values())


def test_where_demand_would_be_assumed_to_wait_levels_are_too_dear():
    demand, lots, ratio = covered(poisson, 28, 7), np.ones(1), np.array([0.4])
    lost, waits = (
        int(search(demand, lots, ratio)[0]) for search in (economic_reorder_point_of_lost_sales, economic_reorder_point)
    )
    assert lost < waits
    assert cost_of(poisson, 28, 7, waits, 1, 0.4) > 1.1 * cost_of(poisson, 28, 7, lost, 1, 0.4)


@given(st.floats(0.3, 0.99), st.integers(1, 30), st.floats(0.5, 40.0), st.floats(0.05, 1.0))
def test_a_fill_rate_is_reached_and_takes_no_more_where_demand_is_lost_unit_by_unit(target, lot, mean, share):
    """Of lots it can take more: a stock that a lump empties begins anew at few levels, see the lumps below."""
    curve = np.floor(np.random.default_rng(5).gamma(1.5, mean / 1.5, 400))
    demand = CoveredDemand(np.sort(curve)[None, :], (np.arange(400) + 0.5) / 400, curve.mean(keepdims=True), [0.0])
    demand = CoveredDemand(demand.whole, demand.chances, demand.mean, demand.mean * share)
    lots, goal = np.array([float(lot)]), np.array([target])
    lost = reorder_point_for_fill_rate_of_lost_sales(demand, lots, goal)
    waits = reorder_point_for_fill_rate_by_curve(demand, lots, goal)
    assert -lot <= lost[0]
    if lumpy_lots(demand, lots)[0] == 0.0:
        least = max(waits[0], 0.0)
        assert lost[0] <= least or told(demand, lost[0], lot)[2] <= told(demand, least, lot)[2]
    if lost[0] > 0:
        assert told(demand, lost[0], lot)[1] >= target - 1e-6


def test_nothing_short_changes_nothing_and_no_stock_serves_nobody():
    demand = covered(poisson, 7, 7)
    much = float(demand.whole[0, -1])
    assert told(demand, much, 1) == pytest.approx(told(demand, much, 1, expected_service))
    assert told(demand, -1, 1)[1:] == pytest.approx((0.0, 0.0))


def test_without_a_lead_time_it_is_all_the_same():
    demand = covered(poisson, 0, 7)
    for point in (3, 10, 16):
        assert told(demand, point, 1) == pytest.approx(told(demand, point, 1, expected_service), abs=1e-9)


def test_of_nothing_there_is_nothing():
    none = CoveredDemand(np.zeros((0, 3)), np.array([0.2, 0.5, 0.8]), np.zeros(0), np.zeros(0))
    empty = np.zeros(0)
    assert economic_reorder_point_of_lost_sales(none, empty, empty).shape == (0,)
    assert reorder_point_for_fill_rate_of_lost_sales(none, empty, empty).shape == (0,)
    assert expected_service_of_lost_sales(none, empty, empty).fill_rate.shape == (0,)


def test_missing_stays_missing_and_without_demand_nothing_is_kept():
    curve, chances = np.zeros((2, 3)), np.array([0.2, 0.5, 0.8])
    demand = CoveredDemand(curve, chances, np.zeros(2), np.zeros(2))
    found = economic_reorder_point_of_lost_sales(demand, np.ones(2), np.array([0.1, np.nan]))
    assert found[0] == -1.0
    assert np.isnan(found[1])


@pytest.mark.parametrize("lot", [1, 74])
def test_where_demand_is_lost_no_more_is_short_than_where_it_waits(lot):
    demand, points = covered(poisson, 2, 4), np.arange(4.0, 40.0)
    many = demand.of(np.zeros(len(points), dtype=int))
    lots = np.full(len(points), float(lot))
    lost, waits = (serve(many, points, lots) for serve in (expected_service_of_lost_sales, expected_service))
    assert (lost.fill_rate >= waits.fill_rate - 1e-9).all()
    assert (lost.cycle_service >= waits.cycle_service - 1e-9).all()


@pytest.mark.parametrize(
    ("lead", "review", "lot"), [(7, 7, 7), (14, 7, 10), (14, 7, 21), (28, 2, 15), (28, 2, 120), (4, 1, 20)]
)
@pytest.mark.parametrize("draw", [poisson, negative_binomial, slow])
def test_more_service_never_takes_less_stock(draw, lead, review, lot):
    """Levels of one lot that serve more can hold less: another lot under way is ordered in better time."""
    targets = np.linspace(0.02, 0.995, 90)
    demand = covered(draw, lead, review).of(np.zeros(len(targets), dtype=int))
    lots = np.full(len(targets), float(lot))
    points = reorder_point_for_fill_rate_of_lost_sales(demand, lots, targets)
    made = expected_service_of_lost_sales(demand, points, lots)
    assert (np.diff(made.on_hand) >= -1e-9).all()
    assert (np.diff(made.fill_rate) >= -1e-9).all()
    reached = points < reorder_point_for_fill_rate_by_curve(demand, lots, targets)
    assert (made.fill_rate[reached] >= targets[reached] - 1e-6).all()


def test_a_level_that_serves_more_and_holds_less_is_taken():
    """Two lots of ten at work or three: from 20 to 29 more is served of less stock, and a level there is never 20.

    From 27 on nothing changes, so that chance alone tells which of them is the best.
    """
    demand, lot = covered(poisson, 14, 7), np.array([10.0])
    runs = {point: replayed(poisson, 14, 7, point, 10) for point in (20, 27, 29)}
    held = {point: run.on_hand_periods.sum() / run.periods.sum() for point, run in runs.items()}
    fill = {point: run.served.sum() / run.demand.sum() for point, run in runs.items()}
    assert held[29] < held[20]
    assert fill[29] > fill[20]
    chosen = reorder_point_for_fill_rate_of_lost_sales(demand, lot, np.array([0.6]))
    assert held[27] == pytest.approx(held[29], rel=0.005)
    assert 27.0 <= chosen[0] <= 29.0


@pytest.mark.parametrize(("lead", "review", "lot"), [(14, 7, 10), (28, 2, 30)])
def test_leaps_where_another_lot_can_be_under_way_are_told(lead, review, lot):
    demand = covered(poisson, lead, review)
    for point in (lot - 2, lot, 2 * lot - 1, 2 * lot):
        run = replayed(poisson, lead, review, point, lot)
        _, fill, stock = told(demand, point, lot)
        assert fill == pytest.approx(run.served.sum() / run.demand.sum(), abs=0.015)
        assert stock == pytest.approx(run.on_hand_periods.sum() / run.periods.sum(), rel=0.06)


def test_what_is_kept_with_a_demand_changes_nothing():
    demand = covered(negative_binomial, 7, 7).of(np.zeros(3, dtype=int))
    lots, points, packs = np.array([1.0, 7.0, 20.0]), np.array([9.0, 20.0, 30.0]), np.array([1.0, 7.0, 5.0])
    first = expected_service_of_lost_sales(demand, points, lots, pack=packs)
    others = np.array([1.0, 9.0, 20.0])
    expected_service_of_lost_sales(demand, points, others, pack=np.minimum(packs, others))
    again = expected_service_of_lost_sales(demand, points, lots, pack=packs)
    part = expected_service_of_lost_sales(demand.of(np.array([2])), points[2:], lots[2:], pack=packs[2:])
    assert again.on_hand.tolist() == first.on_hand.tolist()
    assert part.on_hand.tolist() == first.on_hand[2:].tolist()


@pytest.mark.parametrize(("lot", "pack"), [(1.0, 1.0), (7.0, 1.0), (20.0, 5.0)])
@pytest.mark.parametrize(("lead", "review"), [(7, 7), (10, 4)])
def test_levels_rolled_forward_beside_others_give_what_they_give_alone(lead, review, lot, pack):
    demand = covered(negative_binomial, lead, review)
    most = demand.whole[0, -1]
    points = np.array([-1.0, *np.linspace(0, most + 3.0, 19).round()])[None, :]
    terms = np.array([lot]), np.array([pack])
    beside = rolled(demand, points, *terms)
    for place in range(points.shape[1]):
        assert (rolled(demand, points[:, [place]], *terms)[:, 0] == beside[:, place]).all()
    assert (beside[0, points[0] >= most] == 0).all()
    assert beside[0, points[0] < most].any(axis=(1, 2)).all()


@pytest.mark.parametrize(("lead", "review", "target"), [(1, 7, 0.9), (60, 1, 0.95)])
def test_short_and_long_lead_times_take_the_least_level_that_serves_enough(lead, review, target):
    def forty(rng, size):
        return rng.poisson(40.0, size).astype(float)

    def served(point):
        run = replayed(forty, lead, review, point, 1)
        return run.served.sum() / run.demand.sum()

    chosen = reorder_point_for_fill_rate_of_lost_sales(covered(forty, lead, review), np.ones(1), np.array([target]))[0]
    assert served(np.floor(1.02 * chosen)) > target
    assert served(np.ceil(0.98 * chosen)) < target


def gamma(rng, size):
    return np.round(rng.gamma(11.0, 2.7, size))


def twenty(rng, size):
    return rng.poisson(20.0, size).astype(float)


def simulated(draw, lead, review, point, lot, pack):
    """Return fill rate, share of cycles without a shortage, and mean stock, over 100,000 days."""
    days, places, warm = 6_000, 20, 1_000
    demand = draw(np.random.default_rng(77), (days, places))
    stock, coming = np.full(places, point + lot), np.zeros((lead + 1, places))
    lacked = np.zeros(places, dtype=bool)
    sums = np.zeros(5)  # wanted, served, cycles, those that lacked, stock held
    for day, want in enumerate(demand):
        if day % review == 0:
            gap = point - stock - coming.sum(axis=0)
            coming[(day + lead) % (lead + 1)] += np.where(gap >= 0, np.maximum((gap + lot) // pack, 1) * pack, 0.0)
        came = coming[day % (lead + 1)].copy()
        coming[day % (lead + 1)] = 0.0
        served = np.minimum(want, stock + came)
        within = 0.5 * served * np.where(want > 0, served / np.maximum(want, 1.0), 0.0)
        if day >= warm:
            ends = came > 0
            told = want, served, ends, ends & lacked, stock + came - served + within
            sums += [part.sum() for part in told]
        stock = stock + came - served
        lacked = (lacked & ~(came > 0)) | (served < want)
    return sums[1] / sums[0], 1 - sums[3] / sums[2], sums[4] / (days - warm) / places


@pytest.mark.parametrize(
    ("draw", "lead", "review", "lot", "pack", "target"),
    [
        (twenty, 3, 7, 280, 1, 0.9),
        (gamma, 14, 14, 840, 840, 0.8),
        (gamma, 3, 7, 420, 420, 0.8),
        (gamma, 60, 7, 420, 420, 0.95),
    ],
)
def test_lots_of_two_reviews_of_steady_demand_give_what_a_simulation_gives(draw, lead, review, lot, pack, target):
    """Lots and reviews fall into step, so that which reviews order hangs on the days of the lead time."""
    demand, packs, lots = covered(draw, lead, review), np.array([float(pack)]), np.array([float(lot)])
    point = reorder_point_for_fill_rate_of_lost_sales(demand, lots, np.array([target]), pack=packs)
    made = expected_service_of_lost_sales(demand, point, lots, pack=packs)
    fill, whole, held = simulated(draw, lead, review, point[0], lot, pack)
    assert fill == pytest.approx(target, abs=0.015)
    assert made.fill_rate[0] == pytest.approx(fill, abs=0.015)
    assert made.cycle_service[0] == pytest.approx(whole, abs=0.06)
    assert made.on_hand[0] == pytest.approx(held, rel=0.03)


@pytest.mark.parametrize("target", [0.8, 0.95])
def test_stock_of_long_lead_times_is_told(target):
    """Stock begins near mean demand only, and bends there."""
    demand = covered(gamma, 60, 1)
    point = reorder_point_for_fill_rate_of_lost_sales(demand, np.ones(1), np.array([target]))
    fill, _, held = simulated(gamma, 60, 1, point[0], 1, 1)
    assert fill == pytest.approx(target, abs=0.01)
    assert told(demand, point[0], 1)[2] == pytest.approx(held, rel=0.06)


def simulated_days(demand, lead, review, point, lot):
    """Return fill rate and mean stock of lost sales, a plain loop over days."""
    stock, coming, sums = float(point + lot), [0.0] * (lead + 1), [0.0, 0.0, 0.0]
    for day, want in enumerate(demand.tolist()):
        if day % review == 0:
            gap = point - stock - sum(coming)
            coming[(day + lead) % (lead + 1)] += max(np.floor((gap + lot) / lot), 1.0) * lot if gap >= 0 else 0.0
        stock, coming[day % (lead + 1)] = stock + coming[day % (lead + 1)], 0.0
        served = min(want, stock)
        if day >= 1_000:
            within = 0.5 * served * (served / want if want else 0.0)
            sums = [sums[0] + want, sums[1] + served, sums[2] + stock - served + within]
        stock -= served
    return sums[1] / sums[0], sums[2] / (len(demand) - 1_000)


TOO_LOW = pytest.mark.xfail(reason="mean stock is told 5.3 % too low: 17.4 where 18.3 comes", strict=True)


@pytest.mark.parametrize(("lead", "share"), [(28, 0.82), (60, 0.81), pytest.param(60, 0.9, marks=TOO_LOW)])
def test_scatter_of_demand_by_the_day_is_that_of_its_sum(lead, share):
    """Split as if by the nearest of few shapes, mean stock was told up to 11 % too low."""

    def ten(rng, size):
        return rng.negative_binomial(5.0, 1.0 / 3.0, size).astype(float)

    demand = covered(ten, lead, 1)
    at = lost_sales_scenarios._between(demand.moments[0] ** 2 / demand.moments[1])
    shapes, (low, part) = lost_sales_scenarios._SHAPES, (int(at[0][0]), float(at[1][0]))
    scatter = (1.0 - part) / (shapes[low] + 1.0) + part / (shapes[low + 1] + 1.0)
    assert 1.0 / scatter - 1.0 == pytest.approx((demand.moments[0] ** 2 / demand.moments[1])[0])
    point = float(np.round(share * demand.mean[0]))
    made = rolled(demand, np.array([[point]]), np.ones(1), np.ones(1))[0, 0, 0]
    fill, held = simulated_days(ten(np.random.default_rng(8), 120_000), lead, 1, point, 1.0)
    assert 1.0 - made[0] / (demand.moments[0] * demand.review_share)[0] == pytest.approx(fill, abs=0.006)
    assert made[3] == pytest.approx(held, rel=0.05)


@pytest.mark.parametrize(("lead", "review"), [(0, 7), (3, 14), (60, 7), (10, 7), (1, 14), (28, 1)])
def test_steps_reach_from_reviews_to_arrivals(lead, review):
    parts = int(lost_sales_scenarios._lead_times(np.array([(lead + review) / review]), np.array([True]))[0])
    assert parts / 56 == pytest.approx(lead / review, abs=1e-9)
    begins, width, events, _, shares = lost_sales_scenarios._steps_of(parts, 256)
    judged = begins[lost_sales_scenarios.WARM]
    assert width[judged:].sum() == pytest.approx(256 * (lead + review) / review)
    assert np.add.reduceat(shares, begins[:-1], axis=1) == pytest.approx(1.0)
    ends = np.cumsum(width[judged:])
    starts = np.concatenate([[0.0], ends[:-1]])
    reviews, arrivals = (starts[(events[judged:] & bit) > 0] for bit in (1, 2))
    assert reviews == pytest.approx(np.arange(len(reviews)))
    assert (arrivals - lead / review) % 1.0 % (1.0 - 1e-9) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("lead", "review", "lot", "point"), [(3, 14, 700, 160), (3, 14, 350, 496), (60, 7, 700, 2986), (3, 14, 1400, 131)]
)
def test_lots_in_step_with_reviews_hang_on_the_day_on_which_they_come(lead, review, lot, point):
    """With a lead time that was a fifth of a review for three days of fourteen, .80 was told where .71 came."""

    def fifty(rng, size):
        return rng.poisson(50.0, size).astype(float)

    fill, held = simulated_days(fifty(np.random.default_rng(8), 60_000), lead, review, point, float(lot))
    _, served, stock = told(covered(fifty, lead, review), point, lot)
    assert served == pytest.approx(fill, abs=0.03)
    assert stock == pytest.approx(held, rel=0.06)


@pytest.mark.parametrize(("lead", "review"), [(14, 7), (3, 14)])
def test_what_is_told_does_not_leap_where_lots_begin_to_be_steady(lead, review):
    demand = covered(negative_binomial, lead, review)
    mean, variance = (float(moment[0]) for moment in demand.moments)
    border = np.array([variance / mean / 0.4, mean * review / (lead + review) * 8.0])
    beside = [steady_lots(demand.of(np.zeros(2, dtype=int)), border * near) for near in (0.99, 1.01)]
    assert np.abs(beside[1] - beside[0]).max() < 0.1


def lump(rng, size):
    return np.where(rng.random(size) < 0.03, np.maximum(np.round(rng.normal(100.0, 20.0, size)), 1.0), 0.0)


@pytest.mark.parametrize(("point", "fill_near", "stock_near"), [(35, 0.04, 0.06), (60, 0.1, 0.22), (80, 0.04, 0.08)])
def test_lumps_larger_than_the_lot_lose_more_than_would_wait(point, fill_near, stock_near):
    """A stock that a lump empties holds one lot of 70 again, whatever s is below 70: .74 was told where .59 came."""
    fill, held = simulated_days(lump(np.random.default_rng(8), 200_000), 3, 7, point, 70.0)
    _, served, stock = told(covered(lump, 3, 7), point, 70)
    assert served == pytest.approx(fill, abs=fill_near)
    assert stock == pytest.approx(held, rel=stock_near)


def test_slow_lumpy_demand_is_not_told_to_be_served_better_than_it_is():
    """Of a few cycles each, told figures scatter: fill rates were up to .037 too high, mean stock by 4.5 % in all."""
    off = []
    for mean, over, point, lot in [
        (1, 4, 4, 6),
        (3, 8, 6, 11),
        (2, 5, 7, 5),
        (2, 5, 3, 8),
        (1, 3, 3, 4),
        (4, 9, 9, 12),
    ]:
        shape, chance = mean / 14.0 / (over - 1.0), 1.0 / over
        demand = np.random.default_rng(8).negative_binomial(shape, chance, 200_000).astype(float)
        fill, held = simulated_days(demand, 7, 7, point, float(lot))
        whole = nbinom.ppf(DENSE, 14.0 * shape, chance)[None, :]
        _, served, stock = told(CoveredDemand(whole, DENSE, np.array([mean]), np.array([mean / 2.0])), point, lot)
        off.append((served - fill, stock / held - 1.0))
    assert (np.abs(np.mean(off, axis=0)) < (0.0125, 0.02)).all()
    assert (np.abs(off) < (0.025, 0.05)).all()


@pytest.mark.parametrize(("lead", "points"), [(14, (648, 676, 697, 720)), (28, (1330, 1390, 1420))])
def test_lots_of_a_day_reviewed_daily_are_told_between_leaps(lead, points):
    """At each multiple of the lot another one can be under way: stock was told up to 22 % off between far levels."""

    def fifty(rng, size):
        return rng.poisson(50.0, size).astype(float)

    demand, days = covered(fifty, lead, 1), fifty(np.random.default_rng(8), 60_000)
    for point in points:
        fill, held = simulated_days(days, lead, 1, point, 50.0)
        _, served, stock = told(demand, point, 50)
        assert served == pytest.approx(fill, abs=0.01)
        assert stock == pytest.approx(held, rel=0.06)


@pytest.mark.parametrize("share", [0.75, 0.9])
def test_daily_reviews_of_sea_freight_are_rolled_to_the_end(share):
    """Lead times beyond 64 reviews were cut, and mean stock was told up to 46 % too low."""

    def seven(rng, size):
        return rng.negative_binomial(3.5, 1.0 / 3.0, size).astype(float)

    demand = covered(seven, 112, 1)
    point = float(np.round(share * demand.mean[0]))
    fill, held = simulated_days(seven(np.random.default_rng(8), 200_000), 112, 1, point, 1.0)
    _, served, stock = told(demand, point, 1)
    assert served == pytest.approx(fill, abs=0.01)
    assert stock == pytest.approx(held, rel=0.06)
