"""Orders under lost sales: paths as a slow twin goes along them, near the optimum where that is known, no odd moves."""

import numpy as np
import pytest
from scipy.special import ndtri, pdtr, pdtrik

from segkit.formulas import projected_stock
from segkit.formulas import projection_kernels as kernels
from segkit.formulas.projected_stock import CHANCES, Costs, Outlook, projected_stock_order

COSTS = 0.2, 1.0


def outlook_of(mean, periods=12, *, series=1, share=0.0, follow=0.0, steps=1):
    """Return Poisson demand of steady mean."""
    curve = np.maximum(np.ceil(pdtrik(CHANCES, mean)), 0)
    means = np.full((series, periods), float(mean))
    curves = np.tile(curve, (series, steps, 1))
    return Outlook(means, np.sqrt(means), curves, np.full(series, share), np.full(series, follow))


def orders(on_hand, arrivals, lead, outlook, *, costs=COSTS, lots=1.0, seed=0):
    series = len(on_hand)
    holding, shortage = (np.broadcast_to(np.asarray(cost, dtype=float), series) for cost in costs)
    return projected_stock_order(
        np.asarray(on_hand, dtype=float),
        np.asarray(arrivals, dtype=float),
        np.broadcast_to(lead, series),
        np.full(series, lots),
        outlook=outlook,
        costs=Costs(holding, shortage),
        seed=seed,
    )


class Twin:
    """The paths of one series, period by period and path by path."""

    def __init__(self, on_hand, arrivals, lead, outlook, costs, lots, normals):
        self.start, self.lead, self.lot = (float(on_hand), [float(part) for part in arrivals]), lead, lots
        self.means, self.deviations = outlook.means[0], outlook.deviations[0]
        self.curves, self.follow = outlook.curves[0], float(outlook.follow[0])
        self.holding, self.shortage = costs
        self.weights = np.diff([0.0, *CHANCES[:-1], 1.0])
        share = float(outlook.share[0])
        normal = np.sqrt(share) * normals[:, :1] + np.sqrt(1 - share) * normals[:, 1:]
        self.paths = [[self.quantile(period, z) for period, z in enumerate(path)] for path in normal]

    def scaled(self, period):
        last = len(self.curves) - 1
        return (
            (self.curves[period], 1.0) if period <= last else (self.curves[last], self.means[period] / self.means[last])
        )

    def quantile(self, period, z):
        curve, factor = self.scaled(period)
        amount = next((q for q, chance in zip(curve, CHANCES, strict=True) if z <= ndtri(chance)), curve[-1])
        return amount if factor == 1 else np.floor(amount * factor + 0.5)

    def project(self, stock, under_way, first, moved):
        for ahead in range(self.lead):
            curve, factor = self.scaled(first + ahead)
            left = np.maximum(stock + under_way[ahead] - curve * factor * moved, 0.0)
            stock = float(self.weights @ left)
        return stock + under_way[self.lead]

    def in_lots(self, amount):
        return max(np.floor(amount / self.lot + 0.5), 0.0) * self.lot

    def target(self, score, period):
        return max(self.means[period] + score * self.deviations[period], 0.0)

    def order(self, score):
        stock, under_way = self.start
        return self.in_lots(self.target(score, self.lead) - self.project(stock, under_way, 0, 1.0))

    def cost(self, score):
        total, periods = 0.0, len(self.means)
        for path in self.paths:
            stock, under_way, moved = self.start[0], list(self.start[1]), 1.0
            under_way[self.lead] += self.order(score)
            for period, demand in enumerate(path):
                stock += under_way.pop(0)
                under_way.append(0.0)
                total += self.shortage * max(demand - stock, 0.0) * (period >= self.lead)
                stock = max(stock - demand, 0.0)
                total += self.holding * stock * (period >= self.lead)
                moved = (1 - self.follow) * moved + self.follow * demand / self.means[period]
                later = period + 1 + self.lead
                if later < periods:
                    there = self.project(stock, under_way, period + 1, moved)
                    under_way[self.lead] += self.in_lots(self.target(score, later) * moved - there)
        return total / len(path) * periods / (periods - self.lead) / len(self.paths)


CASES = {
    "steady": (outlook_of(3.0), 2.0, [1.0, 3.0, 0.0], 2, 1.0),
    "at once": (outlook_of(3.0), 2.0, [0.0], 0, 1.0),
    "in common": (outlook_of(0.7, share=0.4), 0.0, [0.0, 1.0], 1, 1.0),
    "under way for long": (outlook_of(2.0), 0.0, [1.0, 2.0, 0.0, 4.0, 1.0], 1, 1.0),
}


@pytest.mark.parametrize("case", CASES)
def test_paths_cost_what_a_slow_twin_finds(case, monkeypatch):
    outlook, on_hand, arrivals, lead, lots = CASES[case]
    monkeypatch.setattr(projected_stock, "_PATHS", (4, 4))
    found = orders([on_hand], [arrivals], lead, outlook)
    twin = Twin(on_hand, arrivals, lead, outlook, COSTS, lots, projected_stock._paths(1 / 1.2, 12, 0))
    score = found.score[0]
    assert found.order[0] == twin.order(score)
    assert found.target[0] == pytest.approx(twin.target(score, lead))
    assert found.projected[0] == pytest.approx(twin.project(on_hand, arrivals, 0, 1.0), abs=1e-9)
    assert found.cost[0] == pytest.approx(twin.cost(score), rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_no_other_score_costs_much_less(case, monkeypatch):
    outlook, on_hand, arrivals, lead, lots = CASES[case]
    monkeypatch.setattr(projected_stock, "_PATHS", (4, 4))
    found = orders([on_hand], [arrivals], lead, outlook)
    twin = Twin(on_hand, arrivals, lead, outlook, COSTS, lots, projected_stock._paths(1 / 1.2, 12, 0))
    costs = [twin.cost(score) for score in projected_stock._SCORES[::4]]
    assert found.cost[0] <= 1.02 * min(costs)
    assert found.cost[0] < 0.7 * costs[0]


def test_forecasts_that_follow_demand_are_followed_by_the_twin(monkeypatch):
    periods, steps = 10, 3
    means = np.array([[2.0, 4.0, 3.0, 3.0, 5.0, 2.0, 1.0, 4.0, 3.0, 2.0]])
    curves = np.stack([np.maximum(np.ceil(pdtrik(CHANCES, mean)), 0) for mean in means[0, :steps]])[None]
    outlook = Outlook(means, 1.2 * np.sqrt(means), curves, np.array([0.2]), np.array([0.15]))
    monkeypatch.setattr(projected_stock, "_PATHS", (5, 5))
    found = orders([3.0], [[0.0, 2.0, 0.0]], 2, outlook)
    twin = Twin(3.0, [0.0, 2.0, 0.0], 2, outlook, COSTS, 1.0, projected_stock._paths(1 / 1.2, periods, 0))
    assert found.order[0] == twin.order(found.score[0])
    assert found.cost[0] == pytest.approx(twin.cost(found.score[0]), rel=0.01)  # stock between two lots is interpolated


@pytest.mark.parametrize(("mean", "shortage"), [(0.4, 1.0), (3.0, 0.4), (3.0, 1.0), (12.0, 4.0), (60.0, 1.0)])
def test_an_order_sold_at_once_reaches_the_newsvendor_quantile(mean, shortage):
    holding, most = 0.2, int(mean * 4 + 12)
    demand = np.arange(3 * most)
    chance = np.diff([0.0, *pdtr(demand, mean)])
    levels = np.arange(most)[:, None]
    cost = np.maximum(levels - demand, 0) @ chance * holding + np.maximum(demand - levels, 0) @ chance * shortage
    stocks = np.arange(0, most // 3)
    found = orders(
        stocks, np.zeros((len(stocks), 1)), 0, outlook_of(mean, series=len(stocks)), costs=(holding, shortage)
    )
    reached = (stocks + found.order).astype(int)
    assert (reached[found.order == 0] >= np.argmin(cost) - 1).all()
    ordered = found.order > 0
    assert ordered[0] == (np.argmin(cost) > 0)
    assert (cost[reached[ordered]] <= 1.015 * cost.min()).all()


TOP, MOST, MEAN = 22, 12, 5.0
DEMAND = np.arange(TOP + 3)
CHANCE = np.diff([0.0, *pdtr(DEMAND[:-1], MEAN), 1.0])


def period_cost(shortage):
    """Return the expected cost of a period by stock at its start; a unit held costs 1."""
    stock = np.arange(TOP + 1)[:, None]
    return np.maximum(stock - DEMAND, 0) @ CHANCE + shortage * np.maximum(DEMAND - stock, 0) @ CHANCE


def values_after(value):
    """Return what the next period is worth by stock, orders under way and the new order (last axis)."""
    left = np.zeros((TOP + 1, TOP + 1))
    for stock in range(TOP + 1):
        np.add.at(left[stock], np.maximum(stock - DEMAND, 0), CHANCE)
    arriving = np.minimum(np.arange(TOP + 1)[:, None] + np.arange(MOST + 1), TOP)
    return np.einsum("xy,yz...->xz...", left, value[arriving])


def long_run_cost(lead, shortage, policy=None):
    """Return the mean cost a period of a policy by state; of the best one, by value iteration, where none is given."""
    shape = (TOP + 1,) + (MOST + 1,) * (lead - 1)
    value, now = np.zeros(shape), period_cost(shortage).reshape(-1, *[1] * (lead - 1))
    for _ in range(5000):
        after = values_after(value)
        best = after.min(axis=-1) if policy is None else np.take_along_axis(after, policy[..., None], -1)[..., 0]
        change = now + best - value
        value = value + change - change.flat[0]
        if np.ptp(change) < 1e-8:
            return change.mean()
    raise AssertionError("not converged")


def policy_of(lead, shortage, seed=0):
    """Return the orders of the rule in every state."""
    states = np.indices((TOP + 1,) + (MOST + 1,) * (lead - 1)).reshape(lead, -1).T
    arrivals = np.column_stack([states, np.zeros(len(states))])
    outlook = outlook_of(MEAN, lead + 10, series=len(states))
    made = orders(np.zeros(len(states)), arrivals, lead, outlook, costs=(1.0, shortage), seed=seed).order
    return np.clip(made, 0, MOST).astype(int).reshape((TOP + 1,) + (MOST + 1,) * (lead - 1))


def base_stock(lead, level):
    return np.clip(level - np.indices((TOP + 1,) + (MOST + 1,) * (lead - 1)).sum(axis=0), 0, MOST)


# Zipkin (2008), Old and new methods for lost-sales inventory systems, Operations Research 56, table 1: Poisson 5
@pytest.mark.parametrize(
    ("lead", "shortage", "optimum", "best_base_stock"), [(1, 4, 4.04, 4.16), (1, 9, 5.44, 5.55), (2, 4, 4.40, 4.64)]
)
def test_the_long_run_is_near_the_optimum_and_below_the_best_base_stock(lead, shortage, optimum, best_base_stock):
    least = long_run_cost(lead, shortage)
    base = min(long_run_cost(lead, shortage, base_stock(lead, level)) for level in range(5 * lead + 4, 5 * lead + 12))
    own = long_run_cost(lead, shortage, policy_of(lead, shortage))
    assert least == pytest.approx(optimum, abs=0.006)
    assert base == pytest.approx(best_base_stock, abs=0.006)
    assert least - 1e-6 <= own <= 1.015 * least
    assert own < base


def test_dearer_shortage_never_orders_less_and_more_stock_never_orders_more():
    stocks, dear = np.arange(0.0, 14.0), np.array([0.4, 0.8, 1.0, 1.5, 3.0, 6.0])
    for mean, lead in ((0.5, 1), (4.0, 2)):
        given = np.repeat(stocks, len(dear)), np.tile([1.0, 2.0, 0.0], (len(stocks) * len(dear), 1))[:, : lead + 1]
        outlook = outlook_of(mean, series=len(given[0]))
        made = orders(*given, lead, outlook, costs=(0.2, np.tile(dear, len(stocks)))).order.reshape(len(stocks), -1)
        assert (np.diff(made, axis=1) >= 0).all()
        assert (np.diff(made, axis=0) <= 0).all()


def test_currency_and_unit_of_count_change_nothing():
    stocks = np.arange(0.0, 8.0)
    given = stocks, np.tile([1.0, 2.0, 0.0], (8, 1)), 2
    outlook = outlook_of(3.0, series=8, share=0.2, follow=0.1)
    base = orders(*given, outlook)
    dear = orders(*given, outlook, costs=(2.0, 10.0))
    np.testing.assert_array_equal(dear.order, base.order)
    np.testing.assert_allclose(dear.cost, 10 * base.cost)
    many = Outlook(12 * outlook.means, 12 * outlook.deviations, 12 * outlook.curves, outlook.share, outlook.follow)
    dozens = orders(12 * given[0], 12 * given[1], 2, many, lots=12.0)
    np.testing.assert_allclose(dozens.order, 12 * base.order)
    np.testing.assert_allclose(dozens.cost, 12 * base.cost)


def test_series_do_not_meet_and_threads_do_not_matter():
    import numba

    rng = np.random.default_rng(3)
    series, mean = 24, rng.gamma(1, 4, 24)
    parts = [outlook_of(one, share=0.2, follow=0.1) for one in mean]
    names = ("means", "deviations", "curves", "share", "follow")
    whole = Outlook(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    stocks, arrivals, lead = (
        rng.poisson(mean).astype(float),
        rng.poisson(mean[:, None], (series, 4)),
        np.arange(series) % 4,
    )
    made = {}
    before = numba.get_num_threads()
    try:
        for threads in range(1, numba.config.NUMBA_NUM_THREADS + 1):
            numba.set_num_threads(threads)
            made[threads] = orders(stocks, arrivals, lead, whole)
    finally:
        numba.set_num_threads(before)
    for found in made.values():
        np.testing.assert_array_equal(found.order, made[1].order)
        np.testing.assert_array_equal(found.cost, made[1].cost)
    for one in range(0, series, 5):
        alone = orders(stocks[one : one + 1], arrivals[one : one + 1], int(lead[one]), parts[one])
        assert (alone.order[0], alone.cost[0]) == (made[1].order[one], made[1].cost[one])


def test_stock_rolls_forward_with_lost_sales():
    found = orders([0.0], [[0.0, 0.0, 8.0, 0.0]], 3, outlook_of(5.0, 13), costs=(1.0, 9.0))
    demand = np.arange(40)
    left = np.maximum(8 - demand, 0) @ np.diff([0.0, *pdtr(demand, 5.0)])
    assert found.projected[0] == pytest.approx(left, rel=0.03)
    assert found.order[0] == pytest.approx(found.target[0] - found.projected[0], abs=0.5)


def test_nothing_is_ordered_where_nothing_sells():
    nothing = Outlook(np.zeros((1, 12)), np.zeros((1, 12)), np.zeros((1, 3, len(CHANCES))), np.zeros(1), np.zeros(1))
    found = orders([0.0], [[0.0, 0.0, 0.0]], 2, nothing)
    assert (found.order[0], found.cost[0], found.target[0]) == (0.0, 0.0, 0.0)
    held = orders([3.0], [[0.0, 0.0, 0.0]], 2, nothing)
    assert held.order[0] == 0.0
    assert held.cost[0] == pytest.approx(3 * 0.2)
    assert kernels._in_lots(-0.4, 1.0) == 0.0
