"""Reservations over time: against every other, sold unit by unit in plain Python; bid prices against differences."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from segkit.formulas.demand_distributions import Gamma, NegativeBinomial, Poisson
from segkit.formulas.margin_program import Buckets
from segkit.formulas.reservations import TimedDemand, combined_ranks, drawn_quantiles, reserve_over_time

NEVER = 99


def sold_plainly(quota, buckets, claims, draws, late=(0.0, 0)):
    """Return the mean margin of one class: each unit asked for takes what expires first, else what comes later."""
    cost, most = late
    total = 0.0
    for asked in draws:
        left = list(quota)
        for (period, value), units in zip(claims, asked, strict=True):
            for _ in range(int(units)):
                there = [b for b, (first, last) in enumerate(buckets) if left[b] and first <= period <= last]
                later = [b for b, (first, _) in enumerate(buckets) if left[b] and 0 < first - period <= most]
                later = [b for b in later if value > cost * (buckets[b][0] - period)]
                if there:
                    taken = min(there, key=lambda b: (buckets[b][1], buckets[b][0]))
                    total += value
                elif later:
                    taken = later[0]
                    total += value - cost * (buckets[taken][0] - period)
                else:
                    break
                left[taken] -= 1
    return total / len(draws)


def every_worth(buckets, stock, periods, values, means, late=(0.0, 0), draws=400, seed=5):
    """Return by class what each quota is worth, and the best that stock can earn by reservations."""
    rng = np.random.default_rng(seed)
    grid = list(product(*[range(amount + 1) for amount in stock]))
    worth = []
    for value, mean in zip(values, means, strict=True):
        drawn = np.stack([np.sort(rng.poisson(one, draws))[rng.permutation(draws)] for one in mean], axis=1)
        claims = [(period, value) for period in periods]
        worth.append({quota: sold_plainly(quota, buckets, claims, drawn, late) for quota in grid})
    best = {}
    for mine, theirs in product(grid, repeat=2):
        used = tuple(a + b for a, b in zip(mine, theirs, strict=True))
        if all(a <= b for a, b in zip(used, stock, strict=True)):
            best[used] = max(best.get(used, 0.0), worth[0][mine] + worth[1][theirs])
    return worth, max(best.values())


def reserved(buckets, stock, periods, values, means, late=(0.0, 0)):
    count = len(periods)
    first, last = np.array(buckets).T
    offered = Buckets(np.zeros(len(stock), dtype=np.int64), first, last, np.array(stock, dtype=float))
    asked = TimedDemand(
        np.zeros(2 * count, dtype=np.int64), np.repeat([0, 1], count), np.tile(periods, 2),
        np.repeat(values, count).astype(float), Poisson(np.ravel(means)),
    )  # fmt: skip
    return reserve_over_time(offered, asked, late_cost=late[0], most_late=late[1])


CASES = {
    "one bucket": ([(0, NEVER)], (7,), [0, 1, 2], (9.0, 4.0), [(0.6, 0.5, 0.9), (1.5, 2.0, 1.0)], (0.0, 0)),
    "two buckets": ([(0, NEVER), (2, NEVER)], (4, 4), [0, 1, 2], (9.0, 5.0), [(0.7,) * 3, (1.8,) * 3], (0.0, 0)),
    "expiry": ([(0, 0), (1, NEVER)], (4, 4), [0, 1], (8.0, 5.0), [(1.0, 2.0), (2.0, 2.0)], (0.0, 0)),
    "waiting": ([(0, NEVER), (1, NEVER)], (2, 6), [0, 1], (8.0, 6.0), [(2.0, 1.0), (2.5, 2.0)], (1.0, 1)),
    "waiting costs more": ([(0, NEVER), (1, NEVER)], (2, 6), [0, 1], (8.0, 3.0), [(2.0, 1.0), (2.5, 2.0)], (4.0, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_hardly_any_reservation_earns_more(name):
    buckets, stock, periods, values, means, late = CASES[name]
    quotas, _ = reserved(*CASES[name])
    worth, best = every_worth(buckets, stock, periods, values, means, late)
    earned = sum(worth[k][tuple(int(one) for one in quotas[:, k])] for k in range(2))
    assert (quotas.sum(axis=1) <= stock).all()
    assert earned >= 0.99 * best


@pytest.mark.parametrize("name", ["one bucket", "two buckets", "waiting"])
def test_the_bid_price_is_what_a_unit_more_earns(name):
    buckets, stock, periods, values, means, late = CASES[name]
    _, price = reserved(*CASES[name])
    _, best = every_worth(buckets, stock, periods, values, means, late, draws=800)
    for bucket in range(len(stock)):
        more = tuple(amount + (b == bucket) for b, amount in enumerate(stock))
        earned = every_worth(buckets, more, periods, values, means, late, draws=800)[1] - best
        assert price[bucket] == pytest.approx(earned, abs=0.04 * max(values))


def test_the_way_of_one_stock_is_the_way_of_several_that_never_expire():
    """A last period after all demand takes the short way, one that lets demand wait for nothing takes the long."""
    buckets, stock, periods, values, means, _ = CASES["two buckets"]
    short = reserved(buckets, stock, periods, values, means, (0.0, 0))
    long = reserved(buckets, stock, periods, values, means, (1e6, 9))
    assert short[0].tolist() == long[0].tolist()
    assert short[1] == pytest.approx(long[1])


def test_what_nobody_is_likely_to_ask_for_is_for_all():
    quotas, price = reserved([(0, NEVER)], (60,), [0, 1], (9.0, 4.0), [(1.0, 1.0), (2.0, 2.0)])
    assert quotas.sum() < 30
    assert price[0] == 0


def test_places_have_nothing_in_common_and_any_amount_can_be_split():
    place, cls = np.repeat([0, 1], 4), np.tile([0, 0, 1, 1], 2)
    period, value = np.tile([0, 1], 4), np.repeat([9.0, 4.0, 5.0, 6.0], 2)
    stock = np.array([12.5, 9.25])
    means = np.array([3.0, 2.0, 6.0, 5.0, 2.0, 2.0, 4.0, 3.0])

    def solved(own):
        rows, bucket = np.isin(place, own), np.isin([0, 1], own)
        offered = Buckets(np.array([0, 1])[bucket], np.zeros(len(own), int), np.full(len(own), 9), stock[bucket])
        demand = Gamma(means[rows], means[rows] / 2)
        return reserve_over_time(offered, TimedDemand(place[rows], cls[rows], period[rows], value[rows], demand))

    both = solved([0, 1])
    assert [both[0][k].tolist() for k in (0, 1)] == [solved([k])[0][0].tolist() for k in (0, 1)]
    assert both[0].sum(axis=1) == pytest.approx(stock, rel=0.01)
    assert 0 < both[1][0] < 9


@pytest.mark.parametrize("mean", [0.3, 7.0, 400.0, 3000.0])
@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_drawn_quantiles_are_those_of_the_distribution(mean, spread):
    points = (np.arange(64) + 0.5) / 64
    size = mean / (spread - 1) if spread > 1 else np.nan
    exact = poisson.ppf(points, mean) if spread == 1 else nbinom.ppf(points, size, 1 / spread)
    found = drawn_quantiles(NegativeBinomial(np.array([mean]), np.array([mean * spread])), 64)[0]
    assert found == pytest.approx(exact, abs=0 if mean < 300 else 0.05 * np.sqrt(mean * spread))


def test_every_period_has_every_quantile_once():
    ranks = combined_ranks(5, 256)
    assert (np.sort(ranks, axis=1) == np.arange(256)).all()
    assert np.abs(np.corrcoef(ranks) - np.eye(5)).max() < 0.1
