"""Economic levels: of all levels those of least cost, also where a unit must return many times what it saves now."""

import numpy as np
import pytest

from segkit.formulas.lost_sales import economic_reorder_point_of_lost_sales, expected_service_of_lost_sales
from segkit.formulas.policy_levels import CoveredDemand, economic_reorder_point, expected_service

NEAR = 1.01  # times the least cost: between levels far apart, cost of lots has several valleys
CHANCES = (np.arange(400) + 0.5) / 400
WAITS = economic_reorder_point, expected_service
LOST = economic_reorder_point_of_lost_sales, expected_service_of_lost_sales


def covered(draw, share):
    curve = np.quantile(draw(np.random.default_rng(3)), CHANCES, method="inverted_cdf")[None, :]
    return CoveredDemand(curve, CHANCES, curve.mean(axis=1), share * curve.mean(axis=1))


def steady(rng):
    return rng.poisson(34.0, 100_000)


def lumpy(rng):
    return rng.negative_binomial(0.4, 0.02, 100_000)


def cost_of_all(demand, lot, pack, ratio, serve):
    """Return every level and what it costs, what nothing costs first."""
    points = np.arange(-lot, np.ceil(demand.whole[0, -1]) + 1.0)
    many = demand.of(np.zeros(len(points), dtype=int))
    told = serve(many, points, np.full(len(points), lot), pack=np.full(len(points), pack))
    review = float(demand.moments[0][0] * demand.review_share[0])
    cost = (1.0 - told.fill_rate) * review + ratio * told.on_hand
    return points, np.where(points == -lot, review, cost)


@pytest.mark.parametrize("ratio", [0.02, 0.3, 0.9, 2.0])
@pytest.mark.parametrize(("lot", "pack"), [(1.0, 1.0), (24.0, 24.0), (40.0, 8.0)])
@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("draw", [steady, lumpy])
@pytest.mark.parametrize(("search", "serve"), [WAITS, LOST], ids=["waits", "lost"])
def test_no_level_costs_less(search, serve, draw, share, lot, pack, ratio):
    """By what is left at reviews alone, levels of high ratios held nearly what nobody pays for, and then nothing."""
    demand = covered(draw, share)
    points, cost = cost_of_all(demand, lot, pack, ratio, serve)
    chosen = search(demand, np.array([lot]), np.array([ratio]), pack=np.array([pack]))[0]
    if serve is expected_service_of_lost_sales:  # stock cannot fall below zero
        points, cost = points[(points >= 0) | (points == -lot)], cost[(points >= 0) | (points == -lot)]
    assert cost[points == chosen][0] <= NEAR * cost.min() + 1e-9


def test_what_a_unit_costs_more_never_raises_the_level():
    ratios = np.geomspace(0.005, 5.0, 40)
    demand = covered(steady, 0.4).of(np.zeros(40, dtype=int))
    for search, _ in (WAITS, LOST):
        levels = search(demand, np.ones(40), ratios)
        assert (np.diff(levels) <= 0).all()
        assert levels[0] > levels[-1]


def simulated_cost(want, lead, point, lot, ratio):
    """Return what a level costs a review that loses what it is short of, lead times in whole reviews."""
    costs = []
    for offset in (0.0, 0.5):  # of a lot, at which it starts
        stock = point + np.ceil(lot * (1.0 - offset))
        position, coming, short, held = stock, [0.0] * lead, 0.0, 0.0
        for asked in want.tolist():
            ordered = (max((point - position + lot) // lot, 1.0) * lot) if position <= point else 0.0
            position += ordered
            coming.append(ordered)
            stock += coming.pop(0)
            served = min(asked, stock)
            stock -= served
            position -= served
            short += asked - served
            held += stock + 0.5 * served
        costs.append((short + ratio * held) / len(want))
    return float(np.mean(costs))


@pytest.mark.parametrize(
    ("mean", "spread", "lead", "lot", "ratio"),
    [(2.0, 0.0, 0, 6.0, 0.05), (30.0, 0.3, 0, 100.0, 0.02), (30.0, 0.3, 0, 100.0, 0.005), (7.2, 0.25, 2, 12.0, 0.02)],
)
def test_no_level_costs_less_where_lots_and_reviews_fall_into_step(mean, spread, lead, lot, ratio):
    """Of one order of scenarios that level was taken which its chances favoured: up to 14 % dearer."""
    rng = np.random.default_rng(11)
    if spread:
        flow = np.cumsum(rng.gamma(1.0 / spread**2, mean * spread**2, 60_000)).round()
        want = np.diff(np.concatenate([[0.0], flow]))
    else:
        want = rng.poisson(mean, 60_000).astype(float)
    chances = (np.arange(2000) + 0.5) / 2000
    whole = np.convolve(want, np.ones(lead + 1), "valid")
    curve = np.quantile(whole, chances, method="inverted_cdf")[None, :]
    demand = CoveredDemand(curve, chances, curve.mean(axis=1), curve.mean(axis=1) / (lead + 1))
    chosen = economic_reorder_point_of_lost_sales(demand, np.array([lot]), np.array([ratio]), pack=np.array([lot]))[0]
    points = np.unique(np.maximum(chosen + np.arange(-10, 11) * max(round(mean / 15), 1), 0))
    costs = {point: simulated_cost(want, lead, point, lot, ratio) for point in points}
    assert costs[chosen] <= 1.03 * min(costs.values())


def test_without_a_lead_time_no_level_below_zero_is_told():
    """What waits may be ordered once it is short; what is lost is not: -18 was told, where nothing would ever come."""
    curve = np.quantile(np.random.default_rng(5).poisson(2.0, 100_000), CHANCES)[None, :]
    demand = CoveredDemand(curve, CHANCES, curve.mean(axis=1), curve.mean(axis=1))
    lots, packs = np.full(4, 200.0), np.ones(4)
    chosen = economic_reorder_point_of_lost_sales(
        demand.of(np.zeros(4, dtype=int)), lots, np.array([0.011, 0.013, 0.015, 0.018]), pack=packs
    )
    assert (chosen == 0).all()
