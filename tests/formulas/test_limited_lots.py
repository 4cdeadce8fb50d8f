"""Lots under a limit: shadow price against the numeric gradient and a general solver; the exchange curve of lots."""

import numpy as np
import pytest
from scipy.optimize import minimize

from segkit.formulas.limited_lots import cycle_stock_exchange, lots_for_orders, lots_for_space

RNG = np.random.default_rng(5)
DEMAND, ORDER_COST, HOLDING, SIZE = (RNG.uniform(low, high, 8) for low, high in ((50, 900), (5, 60), (0.2, 4), (1, 7)))


def cost(quantity):
    return (ORDER_COST * DEMAND / quantity + HOLDING * quantity / 2).sum()


def limited_by_orders(limit):
    return lots_for_orders(DEMAND, ORDER_COST, HOLDING, limit)


def limited_by_space(limit):
    return lots_for_space(DEMAND, ORDER_COST, HOLDING, SIZE, limit)


WAYS = [
    (limited_by_orders, lambda quantity: (DEMAND / quantity).sum()),
    (limited_by_space, lambda quantity: (SIZE * quantity).sum() / 2),
]


@pytest.mark.parametrize(("lots", "use"), WAYS)
def test_shadow_price_is_the_numeric_gradient_and_no_lots_are_cheaper(lots, use):
    free = lots(1e12)
    assert free.multiplier == 0
    limit = 0.6 * use(free.quantity)
    found, step = lots(limit), 1e-4 * limit
    assert use(found.quantity) == pytest.approx(limit, rel=1e-9)
    gradient = (cost(lots(limit - step).quantity) - cost(lots(limit + step).quantity)) / (2 * step)
    assert found.multiplier == pytest.approx(gradient, rel=1e-5)
    solved = minimize(
        lambda logs: cost(np.exp(logs)) / 1e3,
        np.log(free.quantity),
        constraints={"type": "ineq", "fun": lambda logs: 1 - use(np.exp(logs)) / limit},
        options={"maxiter": 500, "ftol": 1e-13},
    )
    assert cost(found.quantity) == pytest.approx(solved.fun * 1e3, rel=1e-6)


def test_an_item_without_demand_needs_no_lot():
    assert lots_for_orders([0.0, 100.0], 8.0, 1.0, 1.0).quantity.tolist() == pytest.approx([0.0, 100.0])


def test_exchange_of_lots_is_what_economic_lots_give():
    usage = DEMAND * SIZE
    for order_cost, rate in ((4.0, 0.2), (50.0, 0.3)):
        quantity = np.sqrt(2 * order_cost * DEMAND / (rate * SIZE))
        stock, orders = cycle_stock_exchange(usage, order_cost / rate)
        assert stock == pytest.approx((SIZE * quantity / 2).sum())
        assert orders == pytest.approx((DEMAND / quantity).sum())
