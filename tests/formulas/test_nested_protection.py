"""Nested protection against enumeration, simulation and each other."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_simulation import assert_like_simulation

from segkit.formulas.demand_distributions import Gamma, NegativeBinomial, Normal, Poisson, empirical
from segkit.formulas.nested_optimum import nested_expected_margin, optimal_protection, partitioned_expected_margin
from segkit.formulas.nested_protection import (
    demand_up_to,
    draw_demands,
    emsr_a_protection,
    emsr_b_protection,
    littlewood_protection,
    quotas_of_protection,
    simulated_protection,
)

VALUES = st.lists(st.floats(1, 100), min_size=2, max_size=4).map(lambda found: sorted(found, reverse=True))
MEANS = st.floats(0.1, 12)


def earned(values, demands, supply, levels):
    """Return the margin of each draw, serving from the lowest class up."""
    left, margin = np.full(len(demands), float(supply)), np.zeros(len(demands))
    for j in range(len(values) - 1, -1, -1):
        kept = levels[j - 1] if j else 0.0
        sold = np.clip(left - kept, 0, demands[:, j])
        left, margin = left - sold, margin + values[j] * sold
    return margin


@settings(max_examples=25)
@given(st.lists(st.floats(1, 50), min_size=3, max_size=3), st.lists(MEANS, min_size=3, max_size=3), st.integers(1, 9))
def test_no_other_levels_earn_more(values, means, supply):
    values, demand = sorted(values, reverse=True), Poisson(means)
    best = nested_expected_margin(values, demand, supply, optimal_protection(values, demand))
    every = np.array(list(combinations_with_replacement(range(supply + 1), 2)))
    assert (nested_expected_margin(values, demand, supply, every) <= best * (1 + 1e-9)).all()
    assert nested_expected_margin(values, demand, supply, emsr_b_protection(values, demand)) <= best * (1 + 1e-9)


@settings(max_examples=50)
@given(VALUES, st.data(), st.integers(0, 40))
def test_nested_earns_no_less_than_its_own_partition(values, data, supply):
    means = data.draw(st.lists(MEANS, min_size=len(values), max_size=len(values)))
    demand = NegativeBinomial(means, 2 * np.array(means))
    for levels in (optimal_protection(values, demand), emsr_b_protection(values, demand)):
        apart = partitioned_expected_margin(values, demand, quotas_of_protection(supply, levels))
        assert nested_expected_margin(values, demand, supply, levels) >= apart - 1e-7


@pytest.mark.parametrize(
    "demand", [Poisson([4.0, 9.0, 7.0]), Normal([20.0, 30.0, 9.0], [4.0, 9.0, 2.0]), Gamma([20.0, 3.0, 9.0], [9.0] * 3)]
)
def test_expected_margin_is_that_of_simulation(demand):
    values, draws = [9.0, 5.0, 4.0], draw_demands(demand, 200_000, seed=4)
    supply = np.ceil(np.sum(demand.mean) * 0.8)
    for levels in ([0.0, 0.0], [3.0, 8.0], optimal_protection(values, demand)):
        analytic = float(nested_expected_margin(values, demand, supply, levels))
        found = earned(values, draws, supply, levels)
        assert abs(analytic - found.mean()) < 4 * found.std() / np.sqrt(len(found)) + 2e-3 * analytic


def test_levels_by_simulation_come_to_the_exact_ones():
    four = Normal([17.3, 45.1, 39.6, 34.0], [5.8, 15.0, 13.2, 11.3])
    values = [1050, 567, 534, 520]
    found = simulated_protection(values, np.random.default_rng(5).normal(four.mean, four.sd, (1_000_000, 4)))
    assert found == pytest.approx(optimal_protection(values, four), abs=0.25)
    counts = Poisson([4.0, 60.0, 9.0])
    found = simulated_protection([9.0, 6.0, 2.0], draw_demands(counts, 400_000, seed=6))
    assert found == pytest.approx(optimal_protection([9.0, 6.0, 2.0], counts), abs=1)


def test_two_classes_are_littlewoods():
    demand = Poisson([14.0, 9.0])
    level = littlewood_protection([9.0, 5.0], Poisson(14.0))
    for rule in (emsr_a_protection, emsr_b_protection, optimal_protection):
        assert rule([9.0, 5.0], demand).tolist() == [level]


@given(VALUES, st.data())
def test_two_classes_alike_count_as_one(values, data):
    means = data.draw(st.lists(MEANS, min_size=len(values), max_size=len(values)))
    at = data.draw(st.integers(0, len(values) - 1))
    share = data.draw(st.floats(0.2, 0.8))
    twice = values[: at + 1] + values[at:]
    split = [*means[:at], share * means[at], (1 - share) * means[at], *means[at + 1 :]]
    for rule in (emsr_b_protection, optimal_protection):
        merged = rule(values, Poisson(means)).tolist()
        apart = rule(twice, Poisson(split)).tolist()
        assert apart[:at] + apart[at + 1 :] == pytest.approx(merged)


@given(VALUES, st.data(), st.floats(1, 3))
def test_a_higher_value_is_protected_no_less(values, data, factor):
    means = data.draw(st.lists(MEANS, min_size=len(values), max_size=len(values)))
    demand = NegativeBinomial(means, 1.7 * np.array(means))
    higher = [values[0] * factor, *values[1:]]
    for rule in (emsr_a_protection, emsr_b_protection, optimal_protection):
        assert (rule(higher, demand) >= rule(values, demand) - 1e-9).all()


@given(VALUES, st.data(), st.floats(0.01, 100), st.floats(0.01, 100))
def test_units_of_money_and_of_goods_do_not_matter(values, data, money, goods):
    means = np.array(data.draw(st.lists(MEANS, min_size=len(values), max_size=len(values))))
    demand, other = Normal(means, means / 3), Normal(means * goods, means / 3 * goods)
    for rule in (emsr_a_protection, emsr_b_protection, optimal_protection):
        level = rule(values, demand)
        assert rule(np.array(values) * money, other) == pytest.approx(level * goods, rel=2e-3, abs=2e-3 * goods)


def test_rows_of_different_size_are_each_as_alone():
    rng = np.random.default_rng(7)
    means = rng.uniform(0.5, 200, (30, 3)) * rng.choice([0.05, 1.0, 20.0], (30, 1))
    values = -np.sort(-rng.uniform(1, 20, (30, 3)))
    together = optimal_protection(values, Poisson(means))
    alone = [optimal_protection(v, Poisson(m)) for v, m in zip(values, means, strict=True)]
    assert together == pytest.approx(np.array(alone))
    supply = means.sum(-1).round()
    margins = nested_expected_margin(values, Poisson(means), supply, together)
    alone = [nested_expected_margin(*row) for row in zip(values, map(Poisson, means), supply, together, strict=True)]
    assert margins == pytest.approx(np.array(alone))


def test_tables_of_demand_are_convolved():
    rng = np.random.default_rng(8)
    history = rng.poisson(20.0, (3, 400))
    seen = demand_up_to(empirical(history), (3,))
    assert seen.mean == pytest.approx(np.cumsum(history.mean(-1)))
    assert seen.variance == pytest.approx(np.cumsum(history.var(-1)), rel=0.01)
    levels = emsr_b_protection([9.0, 5.0, 4.0], empirical(history))
    assert levels == pytest.approx(emsr_b_protection([9.0, 5.0, 4.0], Poisson([20.0] * 3)), abs=1.6)
    assert optimal_protection([9.0, 5.0, 4.0], empirical(history)) == pytest.approx(levels, abs=2)


def test_quotas_nest_to_their_levels():
    quotas = quotas_of_protection([60.0, 200.0], [[16.0, 50.0, 83.0]] * 2)
    assert quotas.sum(-1).tolist() == [60.0, 200.0]
    assert np.cumsum(quotas, -1)[:, :-1].tolist() == [[16.0, 50.0, 60.0], [16.0, 50.0, 83.0]]


def test_draws_follow_their_distribution():
    draws = draw_demands(NegativeBinomial([3.0, 30.0], [9.0, 60.0]), 50_000, seed=9)
    assert_like_simulation(3.0, draws[:, 0])
    assert_like_simulation(30.0, draws[:, 1])


def test_values_that_rise_or_are_none_are_refused():
    for values in ([1.0, 2.0], [2.0, 0.0], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="values of a unit"):
            emsr_b_protection(values, Poisson([1.0, 1.0]))
