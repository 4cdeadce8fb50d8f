"""Service of stock rules against simulation, and the rules found for a target: enough, and not more than that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation, one_by_one, review_by_period

from segkit.formulas import reorder_point as rules
from segkit.formulas import service_measures as measures
from segkit.formulas.demand_distributions import Discrete, Gamma, NegativeBinomial, Normal, Poisson
from segkit.formulas.lead_time_demand import lead_time_deviation, lead_time_mean, pooled_deviation, safety_stock

PERIODS = 100_000
KINDS = {
    "normal": (lambda n: Normal(20.0 * n, 4.0 * n**0.5), lambda rng: rng.normal(20, 4, PERIODS)),
    "gamma": (lambda n: Gamma(20.0 * n, 15.0 * n**0.5), lambda rng: rng.gamma(16 / 9, 45 / 4, PERIODS)),
    "poisson": (lambda n: Poisson(2.0 * n), lambda rng: rng.poisson(2, PERIODS).astype(float)),
    "binomial": (
        lambda n: NegativeBinomial(2.0 * n, 8.0 * n),
        lambda rng: rng.negative_binomial(2 / 3, 0.25, PERIODS).astype(float),
    ),
}
STOCKS = {"normal": 84.0, "gamma": 105.0, "poisson": 10.0, "binomial": 13.0}
TARGETS = st.floats(0.02, 0.998)


def stationary(short, demanded, review):
    return [part[20 * review :].reshape(-1, review).sum(axis=1) for part in (short, demanded)]


@pytest.mark.parametrize("review", [1, 4])
@pytest.mark.parametrize("lead", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_order_up_to_levels_serve_as_simulated(kind, lead, review):
    over, draw = KINDS[kind]
    level = over(lead + review).quantile(0.85)
    demand = draw(np.random.default_rng(11))
    short, _, backlog, _ = review_by_period(demand, lead, review, float(level), 0.0, float(level))
    missed = stationary(short, demand, review)
    fill = measures.order_up_to_fill_rate(over(lead + review), over(lead), level)
    assert 0.5 < fill < 0.995
    assert_like_simulation(1 - fill, *missed)
    ends = backlog[20 * review + lead + review - 1 :: review]  # just before the next arrival
    assert_like_simulation(measures.cycle_service(over(lead + review), level), ends == 0)


@pytest.mark.parametrize("lot", [1.0, 5.0, 60.0])
@pytest.mark.parametrize("kind", KINDS)
def test_lots_under_review_serve_as_simulated(kind, lot):
    over, draw = KINDS[kind]
    s = STOCKS[kind] - min(lot, 8.0)
    demand = draw(np.random.default_rng(12))
    short, stock, backlog, _ = review_by_period(demand, 3, 1, s, lot, 0.0)
    fill = measures.review_fill_rate(over(4), over(3), s, lot)
    assert_like_simulation(1 - fill, short[20:], demand[20:])
    assert_like_simulation(measures.average_backorders(over(4), s, lot), backlog[20:])
    assert_like_simulation(measures.average_stock(over(4), s, lot), stock[20:])


@pytest.mark.parametrize(("s", "lot"), [(5, 1), (3, 8), (9, 4)])
def test_reorder_points_watched_all_the_time_serve_as_simulated(s, lot):
    demand = Poisson(6.0)
    short, gaps, stock, backlog = one_by_one(np.random.default_rng(13), 2.0, 3.0, s, lot, PERIODS)
    assert_like_simulation(1 - measures.fill_rate(demand, s, lot), short[100:])
    assert_like_simulation(measures.average_stock(demand, s, lot), stock[100:], gaps[100:])
    assert_like_simulation(measures.average_backorders(demand, s, lot), backlog[100:], gaps[100:])


@pytest.mark.parametrize(("s", "lot"), [(4, 9), (7, 12)])
def test_lost_sales_are_as_simulated(s, lot):
    short, *_ = one_by_one(np.random.default_rng(14), 2.0, 3.0, s, lot, PERIODS, lost=True)
    assert_like_simulation(1 - measures.fill_rate_with_lost_sales(Poisson(6.0), s, lot), short[100:])


def test_cycles_of_normal_demand_are_as_simulated():
    demand, s, lot = Normal(5000.0, 500 * 2**0.5), 5600.0, 10_000.0
    drawn = np.random.default_rng(17).normal(5000, 500 * 2**0.5, PERIODS)  # over the lead time of one order at a time
    assert_like_simulation(1 - measures.fill_rate(demand, s, lot), np.maximum(drawn - s, 0) / lot)
    assert_like_simulation(measures.cycle_service(demand, s), drawn <= s)


def test_flow_watched_all_the_time_is_the_limit_of_review():
    lead, soon = Normal(100.0, 25.0), Normal(100.0 + 1e-4, 25.0)
    for s, lot in ((80.0, 40.0), (130.0, 10.0)):
        limit = measures.review_fill_rate(soon, lead, s, lot)
        assert limit == pytest.approx(measures.fill_rate(lead, s, lot), abs=5e-4)


def test_a_lot_of_nothing_serves_as_flow_does():
    for demand in (Normal(100.0, 25.0), Gamma(100.0, 40.0)):
        assert measures.fill_rate(demand, 110.0, 0.0) == pytest.approx(demand.at_most(110.0))
        assert measures.fill_rate(demand, 110.0, 1e-3) == pytest.approx(demand.at_most(110.0), abs=1e-5)


def test_one_unit_at_a_time_is_served_where_stock_is_left():
    assert measures.fill_rate(Poisson(6.0), 8, 1) == pytest.approx(Poisson(6.0).at_most(8))


def test_no_demand_is_always_served():
    none = Poisson([0.0, 4.0])
    assert measures.fill_rate(none, 0, 1).tolist()[0] == 1.0
    assert measures.order_up_to_fill_rate(none, none, 0).tolist() == [1.0, 1.0]
    assert measures.cycle_service(none, 0)[0] == 1.0
    assert rules.reorder_point_for_fill_rate(none, 5, 0.9)[0] <= 0


def test_lost_sales_with_overlapping_orders_are_not_told():
    assert np.isnan(measures.fill_rate_with_lost_sales(Poisson(6.0), 8, 8))
    assert np.isnan(rules.reorder_point_for_fill_rate_with_lost_sales(Poisson(6.0), 4, 0.99))


DISTRIBUTIONS = st.one_of(
    st.builds(lambda mean, cv: Normal(mean, cv * mean), st.floats(0.5, 500), st.floats(0.05, 1)),
    st.builds(lambda mean, cv: Gamma(mean, cv * mean), st.floats(0.5, 500), st.floats(0.05, 2)),
    st.builds(Poisson, st.floats(0.05, 200)),
    st.builds(lambda mean, ratio: NegativeBinomial(mean, mean * ratio), st.floats(0.05, 200), st.floats(1, 12)),
)


def part_of(demand, share):
    """Return the demand of a shorter interval, of the same kind."""
    if isinstance(demand, (Normal, Gamma)):
        return type(demand)(demand.mean * share, demand.sd * share**0.5)
    return (
        Poisson(demand.mean * share)
        if isinstance(demand, Poisson)
        else NegativeBinomial(demand.mean * share, demand.variance * share)
    )


def assert_least(serves, stock, target, whole):
    """Assert that a stock serves the target, and a little less does not."""
    assert serves(stock) >= target - 1e-9
    if whole:
        assert serves(stock - 1) < target
    else:
        assert serves(stock) == pytest.approx(target, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(DISTRIBUTIONS, TARGETS, st.integers(1, 300))
def test_rules_are_the_least_that_serve_their_target(demand, target, lot):
    whole, lead = demand.whole, part_of(demand, 0.6)
    if whole:
        s = rules.stock_for_cycle_service(demand, target)
        assert measures.cycle_service(demand, s) >= target - 1e-12
        assert s == 0 or measures.cycle_service(demand, s - 1) < target
    s = rules.reorder_point_for_fill_rate(demand, lot, target)
    assert_least(lambda stock: measures.fill_rate(demand, stock, lot), s, target, whole)
    s = rules.review_reorder_point_for_fill_rate(demand, lead, lot, target)
    assert_least(lambda stock: measures.review_fill_rate(demand, lead, stock, lot), s, target, whole)
    top = rules.order_up_to_for_fill_rate(demand, lead, target)
    assert measures.order_up_to_fill_rate(demand, lead, top) >= target - 1e-8
    s = rules.reorder_point_for_fill_rate_with_lost_sales(demand, lot, target)
    assert np.isnan(s) or measures.fill_rate_with_lost_sales(demand, s, lot) >= target - 1e-9


@settings(max_examples=60, deadline=None)
@given(DISTRIBUTIONS, TARGETS, TARGETS, st.integers(1, 300))
def test_more_service_never_takes_less_stock(demand, one, other, lot):
    targets, lead = np.sort([one, other]), part_of(demand, 0.6)
    for rule in (
        lambda target: rules.stock_for_cycle_service(demand, target),
        lambda target: rules.reorder_point_for_fill_rate(demand, lot, target),
        lambda target: rules.reorder_point_for_fill_rate_with_lost_sales(demand, 10_000, target),
        lambda target: rules.order_up_to_for_fill_rate(demand, lead, target),
        lambda target: rules.review_reorder_point_for_fill_rate(demand, lead, lot, target),
    ):
        low, high = rule(targets)
        assert low <= high + 1e-9 * (1 + abs(high))


@settings(max_examples=40, deadline=None)
@given(DISTRIBUTIONS, st.floats(0.05, 0.99), st.integers(1, 300))
def test_p1_and_p2_lead_back_to_each_other(demand, target, lot):
    if demand.whole:
        return
    served = rules.fill_rate_of_cycle_service(demand, lot, target)
    if served < 1 - 1e-9:
        assert rules.cycle_service_of_fill_rate(demand, lot, served) == pytest.approx(target, rel=1e-5)


def test_units_change_nothing():
    each, dozen = Gamma(120.0, 60.0), Gamma(10.0, 5.0)
    assert rules.reorder_point_for_fill_rate(each, 48, 0.97) == pytest.approx(
        12 * rules.reorder_point_for_fill_rate(dozen, 4, 0.97), rel=1e-9
    )


def test_many_items_are_found_at_once():
    mean, lot = np.array([[0.5, 3.0, 40.0]]), np.array([[1.0], [12.0]])
    found = rules.reorder_point_for_fill_rate(Poisson(mean), lot, [0.9, 0.95, 0.99])
    alone = [
        [
            float(rules.reorder_point_for_fill_rate(Poisson(m), q, t))
            for m, t in zip(mean[0], (0.9, 0.95, 0.99), strict=True)
        ]
        for q in lot[:, 0]
    ]
    assert found.tolist() == alone


def test_items_that_are_not_known_stay_unknown():
    found = rules.reorder_point_for_fill_rate(Poisson([np.nan, 3.0]), 2, 0.9)
    assert np.isnan(found).tolist() == [True, False]
    found = rules.reorder_point_for_fill_rate(Normal([np.nan, 3.0], 1.0), 2, 0.9)
    assert np.isnan(found).tolist() == [True, False]


def test_a_table_of_demand_has_rules_too():
    demand = Discrete([0.0, 4.0, 10.0], [0.5, 0.3, 0.2])
    s = rules.reorder_point_for_fill_rate(demand, 6.0, 0.9)
    assert measures.fill_rate(demand, s, 6.0) == pytest.approx(0.9)


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5])
def test_impossible_targets_are_refused(target):
    with pytest.raises(ValueError, match="fill_rate must lie between"):
        rules.reorder_point_for_fill_rate(Poisson(3.0), 2, target)
    with pytest.raises(ValueError, match="cycle_service must lie between"):
        rules.stock_for_cycle_service(Poisson(3.0), target)


def test_demand_over_a_lead_time_that_varies_is_as_simulated():
    rng = np.random.default_rng(15)
    lead = rng.choice([3, 7, 12], size=PERIODS, p=[0.3, 0.4, 0.3])
    demand = rng.normal(25, 5, (PERIODS, 14)).cumsum(axis=1)[np.arange(PERIODS), lead + 1]  # lead + review of 2
    mean, sd = lead_time_mean(25, 7.3, 2), lead_time_deviation(25, 5, 7.3, lead.std(), 2)
    assert_like_simulation(lead_time_mean(25, lead.mean(), 2), demand)
    assert_like_simulation(lead_time_deviation(25, 5, lead.mean(), lead.std(), 2) ** 2, (demand - demand.mean()) ** 2)
    assert mean == pytest.approx(232.5)
    assert sd > lead_time_deviation(25, 5, 7.3, 0, 2)


def test_pooling():
    rng = np.random.default_rng(16)
    covariance = 0.4 * np.outer([3, 5, 2], [3, 5, 2]) + 0.6 * np.diag([9, 25, 4])
    total = rng.multivariate_normal([0, 0, 0], covariance, PERIODS).sum(axis=1)
    assert_like_simulation(pooled_deviation([3, 5, 2], 0.4) ** 2, total**2)
    assert pooled_deviation([5, 5], -1.0) == 0.0
    with pytest.raises(ValueError, match="correlation"):
        pooled_deviation([5, 5, 5], -0.9)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 100))
def test_safety_stock_rises_with_its_target(one, other, sd):
    low, high = sorted((one, other))
    assert safety_stock(sd, low) <= safety_stock(sd, high)
