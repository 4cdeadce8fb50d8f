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
