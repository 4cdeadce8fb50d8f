"""Positions below the order-up-to level, and the stock and service they give, are those of orders one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom, nbinom
from scipy.stats import poisson as poisson_law

from segkit.formulas.count_split_kernels import expected_parts
from segkit.formulas.lost_sales import expected_service_of_lost_sales
from segkit.formulas.order_positions import (
    CELLS,
    chance_of_any,
    chance_up_to,
    expected_up_to,
    order_chance,
    position_depths,
)
from segkit.formulas.policy_levels import (
    CoveredDemand,
    economic_reorder_point,
    expected_service,
    orders_per_review,
    reorder_point_for_cycle_service_by_curve,
    reorder_point_for_fill_rate_by_curve,
)
from segkit.formulas.replay import Stock, StockPolicy, replay

CHANCES = (np.arange(4000) + 0.5) / 4000
SERIES, PERIODS, WARM = 100, 1400, 200
NEAR = 0.035  # farthest that fill_rate may lie off where demand comes in lumps, as for whole lots


def poisson(rng, size):
    return rng.poisson(5.0, size).astype(float)


def wide(rng, size):
    return rng.negative_binomial(1.25, 0.2, size).astype(float)


def lumps(rng, size):
    return (rng.random(size) < 0.1) * rng.geometric(0.1, size).astype(float)


def follow(demand, lot, pack):
    """Return mean depth below S after reviews: a position that falls to S - Q or below fills up again."""
    depth, total = 0.0, 0.0
    for want in demand:
        depth += want
        if depth >= lot:
            depth -= max(np.floor(depth / pack), 1.0) * pack
        total += depth
    return total / len(demand)


LOTS = [(24, 24), (24, 6), (24, 1), (50, 10), (50, 20), (150, 1)]  # 20 does not part 50 evenly
SMALL = [(6, 2), (2, 1)]  # below a lump of demand a lot is of no account: a gamma distribution has smaller lumps


@pytest.mark.parametrize(
    ("draw", "lot", "pack"),
    [(draw, *lots) for draw in (poisson, wide, lumps) for lots in (LOTS if draw is lumps else LOTS + SMALL)],
)
def test_mean_depth_is_that_of_orders_placed_one_by_one(draw, lot, pack):
    demand = draw(np.random.default_rng(3), 100_000)
    often = position_depths(*(np.array([float(value)]) for value in (lot, pack, demand.mean(), demand.var())))
    parts = min(lot, CELLS)
    depths = np.arange(parts) * lot / parts if often.any() else np.arange(lot)
    weights = often[0, :parts] if often.any() else np.full(lot, 1.0 / lot)
    assert weights.sum() == pytest.approx(1.0)
    assert (depths * weights).sum() == pytest.approx(follow(demand, lot, pack), abs=0.02 * lot + 0.05)


@given(
    st.floats(1, 400), st.floats(0.01, 1), st.floats(0.001, 500), st.floats(0.3, 200),
)  # fmt: skip
def test_depths_are_met_as_often_as_adds_up_to_one(lot, part, mean, ratio):
    lot = np.floor(lot)
    often = position_depths(*(np.array([v]) for v in (lot, part * lot, mean, ratio * mean)))
    assert often.shape == (1, CELLS)
    assert often.sum() == pytest.approx(1.0) or not often.any()
    assert (often >= 0).all()
    assert often[0, 0] > 0 or not often.any()
    assert not often[0, int(lot) :].any()


@pytest.mark.parametrize("serve", [expected_service, expected_service_of_lost_sales])
@pytest.mark.parametrize(("lead", "review"), [(10, 7), (28, 7), (10, 1)])
@pytest.mark.parametrize(("lot", "pack"), [(24, 24), (24, 6), (50, 1), (50, 10)])
@pytest.mark.parametrize("draw", [poisson, wide, lumps])
def test_stock_and_fill_rate_are_those_of_the_replay(draw, lot, pack, lead, review, serve):
    """Undershoot moves mean stock by up to a quarter: as if positions lay evenly, all but the first are off."""
    rng = np.random.default_rng(5)
    total = sum(draw(rng, 100_000) for _ in range(lead + review))
    covered = CoveredDemand(
        np.quantile(total, CHANCES, method="inverted_cdf")[None, :], CHANCES,
        np.array([total.mean()]), np.array([total.mean() * review / (lead + review)]),
    )  # fmt: skip
    point = np.floor(np.quantile(total, 0.9))
    told = serve(covered, np.array([point]), np.array([float(lot)]), pack=np.array([float(pack)]))
    level = max(point + lot - pack + 1, point + 1)  # rounding up from here fills up to the level and no farther
    policy = StockPolicy(point, level, 0.0, 0.0, float(pack), review_periods=review)
    stock, waiting = Stock(np.full(SERIES, point + lot)), float(serve is expected_service)
    demand = draw(rng, (SERIES, PERIODS))
    came = replay(demand, stock, policy, lead_time_periods=lead, waiting=waiting, first=WARM)
    held = came.on_hand_periods.sum() / came.periods.sum()
    assert told.on_hand[0] == pytest.approx(held, rel=0.03)
    assert told.fill_rate[0] == pytest.approx(came.served.sum() / came.demand.sum(), abs=NEAR)
    reviews = came.periods.sum() / review
    ordered = float(orders_per_review(covered, np.array([float(lot)]), pack=np.array([float(pack)]))[0])
    assert ordered == pytest.approx(came.orders.sum() / reviews, abs=0.03 if waiting else 0.05)
    cycles = came.cycles_without_shortage.sum() / came.cycles.sum()
    assert told.cycle_service[0] == pytest.approx(cycles, abs=0.03 if waiting else 0.05)


@pytest.mark.parametrize(
    ("mean", "lead", "review", "lot", "pack"), [(5, 7, 28, 84, 42), (20, 14, 7, 700, 280), (20, 14, 7, 80, 40)]
)
def test_cycle_service_is_that_of_cycles_where_packs_are_smaller_than_the_lot(mean, lead, review, lot, pack):
    chances = (np.arange(2_000) + 0.5) / 2_000
    over = mean * (lead + review)
    curve = poisson_law.ppf(chances, over)[None, :]
    covered = CoveredDemand(curve, chances, np.array([float(over)]), np.array([float(mean * review)]))
    figures = np.array([float(lot)]), np.array([0.9])
    point = reorder_point_for_cycle_service_by_curve(covered, *figures, pack=np.array([float(pack)]))
    told = expected_service(covered, point, figures[0], pack=np.array([float(pack)]))
    served, stock, orders = simulate(mean, lead, review, point[0], point[0] + lot, pack)
    assert told.cycle_service[0] == pytest.approx(served, abs=0.03)
    assert told.on_hand[0] == pytest.approx(stock, rel=0.03)
    ordered = float(orders_per_review(covered, figures[0], pack=np.array([float(pack)]))[0])
    assert ordered == pytest.approx(orders, abs=0.02)


@pytest.mark.parametrize("pack", [1, 50, None])
@pytest.mark.parametrize("lot", [100, 500, 2000])
@pytest.mark.parametrize(("mean", "variance"), [(5.0, 10.0), (1.0, 4.0)])
def test_large_lots_are_ordered_as_seldom_as_one_by_one(mean, variance, lot, pack):
    """Parts of a lot larger than a review's demand: .0117 orders a review were told where .0191 came."""
    pack = lot if pack is None else pack
    chance = mean / variance
    demand = np.random.default_rng(1).negative_binomial(mean * chance / (1 - chance), chance, 400_000)
    depth, orders = 0, 0
    for want in demand.tolist():
        depth += want
        if depth >= lot:
            depth, orders = depth - max(depth // pack, 1) * pack, orders + 1
    told = order_chance(*(np.array([float(value)]) for value in (lot, pack, mean, variance)))
    assert told[0] == pytest.approx(orders / len(demand), rel=0.02)


@pytest.mark.parametrize(("lot", "pack"), [(259, 259), (259, 1), (500, 500), (500, 100), (2000, 2000), (2000, 1)])
@pytest.mark.parametrize("target", [0.9, 0.99, 0.999])
def test_lots_of_many_lead_times_serve_what_they_are_to(lot, pack, target):
    """Twelve positions spread over the whole lot leave its end, where all is short, to one: .9941 came of .9991."""
    mean, variance, share = 20.0, 60.0, 0.25  # of lead time and review
    chance = mean / variance
    shape = mean * chance / (1 - chance)
    curve = nbinom.ppf(CHANCES, shape, chance)[None, :]
    covered = CoveredDemand(curve, CHANCES, np.array([mean]), np.array([mean * share]))
    lots, packs = np.array([float(lot)]), np.array([float(pack)])
    point = reorder_point_for_fill_rate_by_curve(covered, lots, np.array([target]), pack=packs)
    told = expected_service(covered, point, lots, pack=packs)
    rng = np.random.default_rng(2)
    before = rng.negative_binomial(shape * (1 - share), chance, 400_000)
    within = rng.negative_binomial(shape * share, chance, 400_000)
    position = point[0] + 1 + rng.integers(0, lot, 400_000)  # undershoot and what is left of a pack are a part of it
    short = np.maximum(before + within - position, 0) - np.maximum(before - position, 0)
    came = 1.0 - short.mean() / (mean * share)
    near = 0.0008 + 0.03 * (1.0 - target) + (0.1 * (1.0 - came) if pack < lot else 0.0)
    assert told.fill_rate[0] == pytest.approx(came, abs=near)
    assert told.fill_rate[0] >= target
    left = np.maximum(position - before - within, 0).mean()
    assert told.left[0] == pytest.approx(left, rel=0.005 if pack == lot else 0.05)


@pytest.mark.parametrize("ratio", [0.005, 0.02, 0.1])
@pytest.mark.parametrize(
    ("mean", "variance", "share", "lot"), [(20, 60, 0.25, 500), (20, 60, 0.25, 2000), (5, 30, 0.1, 200)]
)
def test_the_economic_level_of_large_lots_costs_least(mean, variance, share, lot, ratio):
    """Twelve positions miss the few at which a unit more counts: nothing was stocked, at four times the cost."""
    chance = mean / variance
    shape = mean * chance / (1 - chance)
    curve = nbinom.ppf(CHANCES, shape, chance)[None, :]
    covered = CoveredDemand(curve, CHANCES, np.array([float(mean)]), np.array([mean * share]))
    rng = np.random.default_rng(1)
    before = rng.negative_binomial(shape * (1 - share), chance, 50_000)
    within, place = rng.negative_binomial(shape * share, chance, 50_000), 1 + rng.integers(0, lot, 50_000)

    def cost(point):
        short = np.maximum(before + within - point - place, 0) - np.maximum(before - point - place, 0)
        return short.mean() + ratio * np.maximum(point + place - before - within, 0).mean()

    chosen = economic_reorder_point(covered, np.array([float(lot)]), np.array([ratio]))[0]
    assert cost(chosen) <= 1.005 * min(cost(point) for point in range(-lot, 61, max(lot // 100, 1)))


def simulate(mean, lead, review, point, level, pack, days=400_000):
    """Return the share of cycles without a shortage, mean stock and orders per review, day by day, demand waiting."""
    demand = np.random.default_rng(7).poisson(mean, days)
    due, net, position = np.zeros(days + lead + 1), float(level), float(level)
    held, clean, cycles, short, reviews, orders = 0.0, 0, 0, False, 0, 0
    for day in range(days):
        if due[day]:
            cycles, clean, short = cycles + 1, clean + (not short), net + due[day] < 0
            net += due[day]
        if day % review == 0:
            reviews += 1
            if position <= point:
                order = np.floor((level - position) / pack) * pack
                orders, position = orders + 1, position + order
                due[day + lead] += order
        half = max(net, 0.0)
        net, position = net - demand[day], position - demand[day]
        held += (half + max(net, 0.0)) / 2
        short |= net < 0
    return clean / cycles, held / days, orders / reviews


def test_cycle_service_of_slow_lots_counts_the_cycles_that_begin_with_an_order():
    """One unit in ten days, three ordered when none is left, ten days until they come: no demand in these, 37 %.

    Counted by all days, as if each began a cycle, it would be twice as much.
    """
    chances = (np.arange(4000) + 0.5) / 4000
    curve = np.quantile(np.random.default_rng(1).poisson(1.1, 400_000), chances, method="inverted_cdf")[None, :]
    covered = CoveredDemand(curve.astype(float), chances, np.array([1.1]), np.array([0.1]))
    told = expected_service(covered, np.zeros(1), np.array([3.0]))
    assert told.cycle_service[0] == pytest.approx(np.exp(-1.0), abs=0.03)


def single(rng, size):
    return rng.poisson(0.1, size).astype(float)


def brisk(rng, size):
    return rng.poisson(0.3, size).astype(float)


def clustered(rng, size):
    return rng.negative_binomial(1.0, 1.0 / 1.3, size).astype(float)


@pytest.mark.parametrize(("lot", "pack"), [(1, 1), (3, 3), (6, 1)])
@pytest.mark.parametrize(("lead", "review"), [(20, 1), (14, 2), (7, 7)])
@pytest.mark.parametrize("draw", [single, brisk, clustered])
def test_few_units_part_one_by_one_between_lead_time_and_review(draw, lead, review, lot, pack):
    """As parts of units in a gamma process, 0.958 were told where 0.942 came, and 0.059 orders a review for 0.094."""
    rng = np.random.default_rng(1)
    total = sum(draw(rng, 200_000) for _ in range(lead + review))
    curve = np.quantile(total, CHANCES, method="inverted_cdf")[None, :]
    mean = np.array([total.mean()])
    covered = CoveredDemand(curve, CHANCES, mean, mean * review / (lead + review))
    figures = np.array([float(lot)]), np.array([float(pack)])
    point = np.floor(np.array([mean[0] + 1.5 * np.sqrt(mean[0])])) - lot // 2
    told = expected_service(covered, point, figures[0], pack=figures[1])
    level = point + lot - pack + 1  # rounding up from here fills up to the level and no farther
    policy = StockPolicy(point, level, 0.0, 0.0, float(pack), review_periods=review)
    opening = Stock(point + lot - np.arange(SERIES) % lot)
    came = replay(draw(rng, (SERIES, 2 * PERIODS)), opening, policy, lead_time_periods=lead, waiting=1.0, first=WARM)
    reviews = came.periods.sum() / review
    assert told.fill_rate[0] == pytest.approx(came.served.sum() / came.demand.sum(), abs=0.008)
    assert told.on_hand[0] == pytest.approx(came.on_hand_periods.sum() / came.periods.sum(), rel=0.015)
    assert orders_per_review(covered, figures[0], pack=figures[1])[0] == pytest.approx(
        came.orders.sum() / reviews, rel=0.03
    )


def every_other_day(rng, size):
    return (rng.random(size) < 0.5) * rng.poisson(20.0, size).astype(float)


@pytest.mark.parametrize(("draw", "lead", "review"), [(every_other_day, 5, 1), (lumps, 5, 1), (lumps, 14, 7)])
def test_unit_by_unit_is_ordered_at_no_more_reviews_than_anything_was_asked_for_in(draw, lead, review):
    asked = draw(np.random.default_rng(5), (40_000, lead + review))
    curve = np.quantile(asked.sum(axis=1), CHANCES, method="inverted_cdf")[None, :]
    mean = asked.sum(axis=1).mean(keepdims=True)
    covered = CoveredDemand(curve, CHANCES, mean, mean * review / (lead + review))
    often = (asked[:, :review].sum(axis=1) > 0).mean()
    assert orders_per_review(covered, np.ones(1))[0] == pytest.approx(often, rel=0.03)
    assert orders_per_review(covered, np.array([500.0]))[0] < 0.5 * often


@pytest.mark.parametrize(("lot", "pack"), [(1.0, 1.0), (10.0, 2.0), (30.0, 30.0)])
@pytest.mark.parametrize(("draw", "lead"), [(every_other_day, 28), (lumps, 60)])
def test_reviews_without_demand_are_known_whatever_the_lead_time(draw, lead, lot, pack):
    """No quantile over a long lead time is zero: .91 orders a review were told where .50 came."""
    days = draw(np.random.default_rng(5), 300_000)
    sums = np.cumsum(days)
    curve = np.quantile(sums[lead + 1 :] - sums[: -lead - 1], CHANCES, method="inverted_cdf")[None, :]
    mean, asked = np.array([days.mean() * (lead + 1)]), np.array([(days > 0).mean()])
    covered = CoveredDemand(curve, CHANCES, mean, mean / (lead + 1), asked)
    depth, orders = 0.0, 0
    for want in days.tolist():
        depth += want
        if depth >= lot:
            depth, orders = depth - max(np.floor(depth / pack), 1.0) * pack, orders + 1
    told = orders_per_review(covered, np.array([lot]), pack=np.array([pack]))
    assert told[0] == pytest.approx(orders / len(days), rel=0.04)
    picked = covered.of(np.array([0, 0]))
    assert orders_per_review(picked, np.array([lot, lot]), pack=np.array([pack, pack])).tolist() == [*told, *told]


@given(st.floats(0.01, 1.0), st.floats(0.01, 50.0), st.floats(0.1, 30.0))
def test_demand_that_may_come_comes_as_often_as_is_known(asked, mean, ratio):
    often, each, variance = np.array([asked]), np.array([mean]), np.array([ratio * mean])
    found = chance_of_any(often, each, variance)
    assert asked - 1e-6 <= found[0] <= 1.0 or found[0] == 1.0
    spread = np.maximum((variance + each**2) / found - (each / found) ** 2, 1e-12)
    came = found * (1.0 - chance_up_to(np.zeros(1), each / found, spread))
    assert came[0] <= max(asked, 1e-12) + 1e-6 or found[0] == 1.0


@given(st.floats(0.01, 0.99), st.floats(0.05, 1e9), st.integers(1, 12))
def test_parts_of_a_count_are_those_of_an_urn(share, shape, most):
    """Against the beta-binomial of scipy, or the binomial that it becomes."""
    table = expected_parts(share, shape, most)
    law = binom(most, share) if shape >= 1e7 else betabinom(most, shape * share, shape * (1.0 - share))
    chances = law.pmf(np.arange(most + 1))
    for least in range(most + 1):
        assert table[most, least] == pytest.approx((np.minimum(np.arange(most + 1), least) * chances).sum(), abs=1e-6)


@pytest.mark.parametrize(("mean", "variance"), [(0.1, 0.1), (2.0, 2.0), (2.0, 9.0), (0.3, 0.5)])
def test_demand_of_a_review_comes_in_whole_units(mean, variance):
    law = poisson_law(mean) if variance == mean else nbinom(mean**2 / (variance - mean), mean / variance)
    for amount in (0.0, 1.0, 3.5, 7.0):
        one = (np.array([value]) for value in (amount, mean, variance))
        assert chance_up_to(*one)[0] == pytest.approx(law.cdf(np.floor(amount)))
    counts = np.arange(400)
    one = (np.array([value]) for value in (5.0, mean, variance))
    assert expected_up_to(*one)[0] == pytest.approx((np.minimum(counts, 5) * law.pmf(counts)).sum())


@pytest.mark.parametrize("mean", [0.0, 5e-324, 1e-200, 1e-9])
def test_demand_of_next_to_nothing_is_told_without_a_failure(mean):
    curve = np.linspace(0.0, 4.0 * mean, len(CHANCES))[None, :]
    covered = CoveredDemand(curve, CHANCES, np.array([mean]), np.array([mean / 2]))
    told = expected_service(covered, np.zeros(1), np.ones(1))
    assert told.fill_rate[0] == pytest.approx(1.0)
    assert told.on_hand[0] == pytest.approx(1.0)
    assert reorder_point_for_cycle_service_by_curve(covered, np.ones(1), np.array([0.9]))[0] <= 0.0


def test_nothing_is_ordered_for_demand_that_is_lost():
    """A lot is ordered for as many units as are served."""
    curve = np.quantile(np.random.default_rng(0).poisson(40.0, 100_000), CHANCES)[None, :]
    covered = CoveredDemand(curve, CHANCES, np.array([40.0]), np.array([20.0]))
    lot, mean = np.array([50.0]), covered.moments[0][0] / 2
    assert orders_per_review(covered, lot, pack=lot)[0] == pytest.approx(mean / 50.0, rel=0.02)
    for served in (0.0, 0.5, 0.8):
        made = orders_per_review(covered, lot, pack=lot, served=np.array([served]))[0]
        assert made == pytest.approx(served * mean / 50.0, rel=0.02)
