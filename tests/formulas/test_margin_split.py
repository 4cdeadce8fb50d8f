"""Split by expected margin: greedy against enumeration, the program against greedy, bid prices against differences."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.formulas.demand_distributions import Gamma, NegativeBinomial, Normal, Poisson
from segkit.formulas.margin_program import Buckets, Claims, allocate_over_time
from segkit.formulas.margin_split import best_split, demand_steps
from segkit.formulas.nested_optimum import partitioned_expected_margin


def whole(*values):
    return np.array(values, dtype=np.int64)


@settings(max_examples=40)
@given(st.lists(st.floats(1, 20), min_size=3, max_size=3), st.lists(st.floats(0.3, 6), min_size=3, max_size=3),
       st.integers(0, 12))  # fmt: skip
def test_no_other_split_earns_more(values, means, supply):
    demand = Poisson(means)
    quotas, bid = best_split(values, demand, supply)
    assert quotas.sum() <= supply
    assert quotas.tolist() == np.round(quotas).tolist()
    every = np.array([q for q in product(range(supply + 1), repeat=3) if sum(q) <= supply])
    earned = partitioned_expected_margin(values, demand, quotas)
    assert earned >= partitioned_expected_margin(values, demand, every).max() - 1e-4
    more, _ = best_split(values, demand, supply + 1)
    assert partitioned_expected_margin(values, demand, more) - earned == pytest.approx(bid, abs=1e-4)


@pytest.mark.parametrize("family", [Normal, Gamma])
def test_any_amount_is_split_at_one_price(family):
    demand = family([40.0, 90.0, 20.0], [10.0, 20.0, 9.0])
    quotas, bid = best_split([10.0, 5.0, 7.0], demand, 100.0, unit=0)
    assert quotas.sum() == pytest.approx(100)
    assert np.array([10.0, 5.0, 7.0]) * (1 - demand.at_most(quotas)) == pytest.approx([float(bid)] * 3, rel=1e-6)
    dozens, price = best_split([10.0, 5.0, 7.0], family(demand.mean / 12, demand.sd / 12), 100.0 / 12, unit=0)
    assert dozens * 12 == pytest.approx(quotas)
    assert price == pytest.approx(bid)


@given(st.floats(0.1, 50), st.floats(1, 5), st.integers(1, 12))
def test_steps_of_demand_add_up_to_its_mean(mean, spread, most):
    demand = NegativeBinomial([mean], [mean * spread])
    width, chance = demand_steps(demand, most)
    assert (width * chance).sum() == pytest.approx(mean, rel=1e-3)
    assert (np.diff(chance[width > 0]) <= 1e-9).all()
    assert width.tolist() == np.round(width).tolist()


def one_period(values, demand, supply, most):
    claims = Claims(whole(0, 0, 0), whole(0, 0, 0), np.array(values), *demand_steps(demand, most), np.zeros(3), 0)
    return allocate_over_time(Buckets(whole(0), whole(0), whole(0), np.array([float(supply)])), claims), claims


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1, 20), min_size=3, max_size=3), st.lists(st.floats(0.5, 9), min_size=3, max_size=3),
       st.integers(0, 25))  # fmt: skip
def test_one_period_is_greedy_over_the_steps(values, means, supply):
    made, claims = one_period(values, Poisson(means), supply, 10)
    worth, width = (claims.value[:, None] * claims.chance).ravel(), claims.width.ravel()
    order = np.argsort(-worth)
    taken = np.clip(supply - (np.cumsum(width[order]) - width[order]), 0, width[order])
    assert made.margin == pytest.approx((taken * worth[order]).sum())


def test_fine_steps_come_to_the_exact_split():
    demand, values = Poisson([4.0, 9.0, 3.0]), [10.0, 5.0, 8.0]
    made, _ = one_period(values, demand, 12, 400)
    quotas, bid = best_split(values, demand, 12)
    assert np.bincount(made.claim, made.quantity, 3).tolist() == quotas.tolist()
    assert made.bid_price[0] >= bid - 1e-6


def several(supply, late=1, last=(2, 2, 2)):
    demand = Poisson([5.3, 8.1, 3.7, 9.2, 6.4, 4.9])
    claims = Claims(
        whole(*[0] * 6), whole(0, 0, 1, 1, 2, 2), np.array([10.0, 4.0, 9.0, 5.0, 11.0, 3.0]), *demand_steps(demand, 6),
        np.full(6, 1.5), late,
    )  # fmt: skip
    buckets = Buckets(whole(0, 0, 0), whole(0, 1, 2), np.array(last), np.array(supply, dtype=float))
    return allocate_over_time(buckets, claims), claims


@pytest.mark.parametrize("supply", [(6, 7, 8), (20, 0, 3), (1, 2, 30)])
def test_bid_prices_are_what_a_unit_more_earns(supply):
    """Between what a bit less costs and what a bit more brings."""
    made, _ = several(supply)
    for bucket in range(3):
        step = np.eye(3)[bucket] * 1e-3
        more = (several(supply + step)[0].margin - made.margin) / 1e-3
        assert made.bid_price[bucket] >= more - 1e-5
        if supply[bucket] > 0:
            less = (made.margin - several(supply - step)[0].margin) / 1e-3
            assert made.bid_price[bucket] <= less + 1e-5


def test_supply_waits_until_it_expires_and_demand_as_long_as_it_may():
    made, claims = several((30, 0, 0), late=0)
    periods = claims.period[made.claim]
    assert set(periods) == {0, 1, 2}
    assert set(claims.period[several((30, 0, 0), late=0, last=(0, 2, 2))[0].claim]) == {0}
    assert set(claims.period[several((0, 0, 40), late=0)[0].claim]) == {2}
    assert set(claims.period[several((0, 0, 40), late=1)[0].claim]) == {1, 2}
    assert several((0, 0, 40), late=2)[0].margin > several((0, 0, 40), late=1)[0].margin


def test_places_have_nothing_in_common():
    rng = np.random.default_rng(3)
    places, steps = 40, demand_steps(Poisson(rng.uniform(1, 9, 120)), 5)
    values, stock = rng.uniform(1, 9, 120), rng.integers(1, 20, 80).astype(float)

    def solved(chosen):
        pick = np.isin(np.repeat(np.arange(places), 3), chosen)
        own = np.isin(np.repeat(np.arange(places), 2), chosen)
        place = np.repeat(np.arange(places), 3)[pick]
        period = np.tile([0, 0, 1], places)[pick]
        claims = Claims(place, period, values[pick], *(one[pick] for one in steps), np.zeros(pick.sum()), 0)
        buckets = np.repeat(np.arange(places), 2)[own], np.tile([0, 1], places)[own], np.full(own.sum(), 1)
        return allocate_over_time(Buckets(*buckets, stock[own]), claims).margin

    assert solved(np.arange(places)) == pytest.approx(sum(solved([place]) for place in range(places)))


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="values"):
        best_split([-1.0], Poisson([1.0]), 3)
