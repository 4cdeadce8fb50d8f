"""Positions below the order-up-to level, and the stock and service they give, are those of orders one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.formulas.lost_sales import expected_service_of_lost_sales
from segkit.formulas.order_positions import POINTS, position_depths
from segkit.formulas.policy_levels import CoveredDemand, expected_service, orders_per_review
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


LOTS = [(24, 24), (24, 6), (24, 1), (50, 10), (150, 1)]
SMALL = [(6, 2), (2, 1)]  # below a lump of demand a lot is of no account: a gamma distribution has smaller lumps


@pytest.mark.parametrize(
    ("draw", "lot", "pack"),
    [(draw, *lots) for draw in (poisson, wide, lumps) for lots in (LOTS if draw is lumps else LOTS + SMALL)],
)
def test_mean_depth_is_that_of_orders_placed_one_by_one(draw, lot, pack):
    demand = draw(np.random.default_rng(3), 100_000)
    figures = (np.array([float(value)]) for value in (lot, pack, demand.mean(), demand.var()))
    depths, weights, straight = position_depths(*figures)
    assert weights.sum() == pytest.approx(1.0)
    assert (depths * weights).sum() == pytest.approx(follow(demand, lot, pack), abs=0.02 * lot + 0.05)
    if pack < lot:
        assert straight[0] == pytest.approx((demand >= lot).mean(), abs=0.03)


@given(
    st.floats(1, 400), st.floats(0.01, 1), st.floats(0.001, 500), st.floats(0.3, 200),
)  # fmt: skip
def test_depths_lie_between_the_level_and_the_reorder_point(lot, part, mean, ratio):
    lot = np.floor(lot)
    depths, weights, straight = position_depths(*(np.array([v]) for v in (lot, part * lot, mean, ratio * mean)))
    assert depths.shape == weights.shape == (1, POINTS)
    assert (depths >= 0).all()
    assert (depths <= lot - 0.5).all()
    assert weights.sum() == pytest.approx(1.0)
    assert 0 <= straight[0] <= 1


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


def test_cycle_service_of_slow_lots_counts_the_cycles_that_begin_with_an_order():
    """One unit in ten days, three ordered when none is left, ten days until they come: no demand in these, 37 %.

    Counted by all days, as if each began a cycle, it would be twice as much.
    """
    chances = (np.arange(4000) + 0.5) / 4000
    curve = np.quantile(np.random.default_rng(1).poisson(1.1, 400_000), chances, method="inverted_cdf")[None, :]
    covered = CoveredDemand(curve.astype(float), chances, np.array([1.1]), np.array([0.1]))
    told = expected_service(covered, np.zeros(1), np.array([3.0]))
    assert told.cycle_service[0] == pytest.approx(np.exp(-1.0), abs=0.03)
