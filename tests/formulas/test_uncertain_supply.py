"""Unreliable suppliers against simulation and a search of all levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation

from segkit.formulas.economic_order import lot_cost
from segkit.formulas.inventory_criteria import economic_order_quantity
from segkit.formulas.uncertain_supply import disrupted_order_up_to, uneven_yield_lot


def periods_down(rng, fails, mends, periods):
    """Return by period for how many periods, this one included, the supplier has not worked."""
    chance, down, run = rng.random(periods), np.zeros(periods), 0
    for period in range(periods):
        run = 0 if chance[period] < (mends if run else 1 - fails) else run + 1
        down[period] = run
    return down


@pytest.mark.parametrize(("holding", "shortage"), [(0.25, 3.0), (1.0, 40.0), (1.0, 2.0)])
def test_no_level_costs_less_under_disruptions(holding, shortage):
    fails, mends = 0.04, 0.25
    down = periods_down(np.random.default_rng(71), fails, mends, 300_000)
    cost = [
        (holding * np.maximum(level - 1 - down, 0) + shortage * np.maximum(down + 1 - level, 0)).mean()
        for level in range(1, 30)
    ]
    assert disrupted_order_up_to(1.0, holding, shortage, fails, mends) == 1 + int(np.argmin(cost))


def test_the_level_covers_enough_periods():
    down = periods_down(np.random.default_rng(72), 0.1, 0.3, 100_000)
    level = float(disrupted_order_up_to(5.0, 1.0, 9.0, 0.1, 0.3))
    assert (5 * (down + 1) <= level).mean() >= 0.9 > (5 * (down + 1) <= level - 5).mean()


def test_uneven_yields_cost_as_simulated_and_no_other_lot_costs_less():
    demand, order, holding = 1300.0, 8.0, 0.225
    arrived = np.random.default_rng(73).beta(8, 2, 100_000)
    mean, sd = 0.8, (0.8 * 0.2 / 11) ** 0.5
    found = uneven_yield_lot(demand, order, holding, mean, sd)

    def by_cycle(lot):
        return order + holding * (lot * arrived) ** 2 / (2 * demand), lot * arrived / demand

    assert_like_simulation(found.cost, *by_cycle(found.quantity))
    for other in (0.9, 1.1):
        cost, time = by_cycle(found.quantity * other)
        assert cost.sum() / time.sum() > found.cost


@given(st.floats(1, 1e4), st.floats(1, 500), st.floats(0.1, 5))
def test_a_sure_yield_is_the_economic_lot(demand, order, holding):
    found = uneven_yield_lot(demand, order, holding, 1.0, 0.0)
    assert found.quantity == pytest.approx(economic_order_quantity(demand, order, holding))
    assert found.cost == pytest.approx(lot_cost(found.quantity, demand, order, holding))
    scarce = uneven_yield_lot(demand, order, holding, 0.5, 0.0)
    assert scarce.quantity == pytest.approx(2 * found.quantity)


@given(st.floats(1, 20), st.floats(1, 5))
def test_a_dearer_shortage_never_takes_less_stock(shortage, factor):
    low, high = disrupted_order_up_to(1.0, 1.0, [shortage, shortage * factor], 0.1, 0.3)
    assert low <= high
