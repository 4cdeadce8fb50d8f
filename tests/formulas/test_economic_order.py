"""Lots against a fine search of the cost, and disruptions against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation

from segkit.formulas.demand_distributions import Discrete, Gamma, NegativeBinomial, Normal, Poisson, empirical
from segkit.formulas.economic_order import disrupted_lot, lot_cost, planned_backorder_lot, production_lot
from segkit.formulas.inventory_criteria import economic_order_quantity
from segkit.formulas.newsvendor import critical_ratio, implied_shortage_cost, newsvendor_cost, newsvendor_stock
from segkit.formulas.quantity_discounts import all_units_discount_lot, incremental_discount_lot

COSTS = st.tuples(st.floats(1, 1e5), st.floats(0.1, 500), st.floats(0.01, 50))


@given(COSTS, st.floats(0.2, 5))
def test_no_lot_costs_less_than_the_economic_one(costs, factor):
    best = economic_order_quantity(*costs)
    assert lot_cost(best, *costs) <= lot_cost(best * factor, *costs) * (1 + 1e-12)
    assert lot_cost(best, *costs) == pytest.approx(np.sqrt(2 * np.prod(costs)))


def test_lots_of_nothing():
    assert lot_cost([0.0, 0.0, 10.0], [0.0, 5.0, 0.0], 8, 2).tolist() == [0.0, np.inf, 10.0]
    assert lot_cost(0.0, 5.0, 0.0, 2.0) == 0.0


def test_a_production_lot_is_the_best_of_its_saw_teeth():
    demand, rate, order, holding = 80.0, 110.0, 4.0, 0.08
    lots = np.linspace(50, 600, 55_001)
    top = lots - demand * lots / rate  # made while it is used
    cost = order * demand / lots + holding * top / 2
    found = production_lot(demand, rate, order, holding)
    assert found.quantity == pytest.approx(lots[cost.argmin()], abs=0.01)
    assert found.cost == pytest.approx(cost.min())
    assert np.isnan(production_lot([110.0, 200.0], rate, order, holding).quantity).all()
    fast = production_lot(demand, 1e12, order, holding)
    assert fast.quantity == pytest.approx(economic_order_quantity(demand, order, holding))


def test_planned_backorders_are_the_best_pair():
    demand, order, holding, waiting = 1300.0, 8.0, 0.225, 5.0
    lots, shares = np.meshgrid(np.linspace(250, 400, 1501), np.linspace(0, 0.2, 1001), indexing="ij")
    cost = order * demand / lots + holding * lots * (1 - shares) ** 2 / 2 + waiting * lots * shares**2 / 2
    lot, share = np.unravel_index(cost.argmin(), cost.shape)
    found = planned_backorder_lot(demand, order, holding, waiting)
    assert found.quantity == pytest.approx(lots[lot, share], abs=0.1)
    assert found.short == pytest.approx(shares[lot, share], abs=2e-4)
    assert found.cost == pytest.approx(cost.min(), rel=1e-6)


def test_disruptions_cost_as_simulated_and_no_other_lot_costs_less():
    demand, order, holding, lost, fails, mends = 1300.0, 8.0, 0.225, 5.0, 1.5, 14.0
    found = disrupted_lot(demand, order, holding, lost, fails, mends)
    rng, cycles = np.random.default_rng(21), 100_000

    def simulated(lot):
        """Return cost, time and time without stock by cycle: supply works and fails while stock is used up."""
        works, clock = np.ones(cycles, dtype=bool), np.zeros(cycles)
        wait = np.zeros(cycles)
        active = np.ones(cycles, dtype=bool)
        while active.any():
            lasts = rng.exponential(np.where(works, 1 / fails, 1 / mends))
            out = active & (clock + lasts > lot / demand)
            wait = np.where(out & ~works, clock + lasts - lot / demand, wait)
            active &= ~out
            clock, works = np.where(active, clock + lasts, clock), np.where(active, ~works, works)
        cost = order + holding * lot**2 / (2 * demand) + lost * demand * wait
        return cost, lot / demand + wait, wait

    cost, time, wait = simulated(float(found.quantity))
    assert_like_simulation(found.cost, cost, time)
    assert_like_simulation(found.short, wait, time)
    both = fails + mends
    lots = np.linspace(300, 1500, 120_001)
    gap = fails / both * (1 - np.exp(-both * lots / demand)) / mends
    costs = (order + holding * lots**2 / (2 * demand) + lost * demand * gap) / (lots / demand + gap)
    assert found.quantity == pytest.approx(lots[costs.argmin()], abs=0.02)
    assert found.cost == pytest.approx(costs.min())


def test_rare_disruptions_leave_the_economic_lot():
    found = disrupted_lot(1300, 8, 0.225, 5, 1e-9, 14)
    assert found.quantity == pytest.approx(economic_order_quantity(1300, 8, 0.225), rel=1e-4)


@settings(max_examples=40)
@given(
    st.floats(10, 5000), st.floats(1, 300), st.floats(0.05, 0.6),
    st.lists(st.floats(0.7, 0.99), min_size=1, max_size=3), st.lists(st.floats(5, 800), min_size=3, max_size=3),
)  # fmt: skip
def test_discounts_are_the_best_of_all_lots(demand, order, rate, factors, steps):
    prices = 4.0 * np.cumprod([1.0, *factors])
    breaks = np.concatenate([[0.0], np.cumsum(steps[: len(factors)])])
    lots = np.unique(np.concatenate([np.geomspace(0.5, 20_000, 40_000), breaks[1:]]))
    tier = np.searchsorted(breaks, lots, side="right") - 1
    whole = prices[tier] * demand + order * demand / lots + rate * prices[tier] * lots / 2
    found = all_units_discount_lot(demand, order, rate, breaks, prices)
    assert found.cost == pytest.approx(whole.min(), rel=1e-6)
    paid = np.interp(lots, np.append(breaks, 1e6), np.concatenate([[0], np.cumsum(prices * np.diff([*breaks, 1e6]))]))
    parts = paid / lots * demand + order * demand / lots + rate * paid / 2
    found = incremental_discount_lot(demand, order, rate, breaks, prices)
    assert found.cost == pytest.approx(parts.min(), rel=1e-6)


def test_discounts_of_many_items():
    found = all_units_discount_lot([120_000, 0.0, 12_000], 100, 0.2, [0, 5000, 10_000], [3.0, 2.96, 2.92])
    assert found.quantity[0] == 10_000
    assert found.quantity[1] == 0
    assert found.cost[1] == 0
    with pytest.raises(ValueError, match="begin with 0"):
        all_units_discount_lot(100, 10, 0.2, [5, 10], [3, 2])


DEMANDS = [Normal(50, 8), Gamma(9, 7), Poisson(18), NegativeBinomial(4, 13), Discrete([1, 4, 9], [0.2, 0.5, 0.3])]


@pytest.mark.parametrize("demand", DEMANDS, ids=lambda demand: type(demand).__name__)
def test_the_newsvendor_stock_costs_least(demand):
    best = newsvendor_stock(demand, 2.0, 7.0)
    others = np.arange(0.0, 120) if demand.whole else np.linspace(0, 120, 24_001)
    costs = newsvendor_cost(demand, others, 2.0, 7.0)
    assert newsvendor_cost(demand, best, 2.0, 7.0) <= costs.min() + 1e-12
    assert best == pytest.approx(others[costs.argmin()], abs=0.01)


def test_the_newsvendor_cost_is_as_simulated():
    rng = np.random.default_rng(22)
    for demand, drawn in (
        (Normal(50, 8), rng.normal(50, 8, 100_000)),
        (Gamma(9, 6), rng.gamma(2.25, 4, 100_000)),
        (Poisson(18), rng.poisson(18, 100_000)),
        (NegativeBinomial(2, 8), rng.negative_binomial(2 / 3, 0.25, 100_000)),
    ):
        stock = float(newsvendor_stock(demand, 1.0, 4.0))
        spent = np.maximum(stock - drawn, 0) + 4.0 * np.maximum(drawn - stock, 0)
        assert_like_simulation(newsvendor_cost(demand, stock, 1.0, 4.0), spent)


def test_the_newsvendor_of_a_history_is_one_of_its_values():
    assert newsvendor_stock(empirical([4, 0, 7, 2, 2]), 1.0, 1.0) == 2.0
    assert newsvendor_stock(empirical([[4, 0, 7], [1, 1, 1]]), [1.0, 1.0], [9.0, 9.0]).tolist() == [7.0, 1.0]


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(1, 10))
def test_a_dearer_shortage_never_takes_less_stock(holding, shortage, dearer):
    for demand in DEMANDS:
        assert newsvendor_stock(demand, holding, shortage) <= newsvendor_stock(demand, holding, shortage * dearer)


def test_costs_and_targets_lead_back_to_each_other():
    assert implied_shortage_cost(0.18, critical_ratio(0.18, [0.1, 0.7, 30.0])) == pytest.approx([0.1, 0.7, 30.0])
    assert np.isnan(critical_ratio(0.0, 0.0))
    assert implied_shortage_cost(2.0, 1.0) == np.inf
    assert newsvendor_stock(Normal(5, 1), 0.0, 1.0) == np.inf
    assert newsvendor_stock(Poisson(5), 0.0, 1.0) == np.inf
    assert newsvendor_stock(Poisson(5), 1.0, 0.0) == 0.0
