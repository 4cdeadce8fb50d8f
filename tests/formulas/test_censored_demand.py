"""Demand given that it was no less than sales: against scipy, sums over the probabilities, and limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segkit.formulas.censored_demand import MANY, demand_above, demand_drawn, expected_sales, share_at
from segkit.formulas.censored_levels import excess_likelihoods, recover_levels


def counts(mean, excess):
    return stats.poisson(mean) if excess == 0 else stats.nbinom(1 / excess, 1 / (1 + excess * mean))


def summed(mean, excess, sold):
    """Return E[D | D >= sold] from the probabilities themselves, as ratios to the first."""
    count = np.arange(sold, sold + 60_000)
    log = counts(mean, excess).logpmf(count)
    chance = np.exp(log - log.max())
    return (count * chance).sum() / chance.sum()


@pytest.mark.parametrize("mean", [0.01, 0.3, 2, 9, 25, 59.9])
@pytest.mark.parametrize("excess", [0, 0.002, 0.05, 0.5, 3])
def test_counts_are_summed_exactly_however_far_out(mean, excess):
    for sold in (0, 1, 2, 5, 20, 60, 150, 900):
        assert demand_above(mean, excess, sold) == pytest.approx(summed(mean, excess, sold), rel=1e-9)


@pytest.mark.parametrize("mean", [60.1, 200, 5000])
@pytest.mark.parametrize("excess", [0, 0.002, 0.3, 4])
def test_many_are_a_gamma(mean, excess):
    shape = 1 / (excess + 1 / mean)
    own, next_one = stats.gamma(shape, scale=mean / shape), stats.gamma(shape + 1, scale=mean / shape)
    sold = np.round(own.ppf([1e-6, 0.05, 0.3, 0.5, 0.9, 0.999999]))
    least = np.maximum(sold - 0.5, 0)
    expected = np.where(sold > 0, mean * next_one.sf(least) / own.sf(least), mean)
    assert demand_above(mean, excess, sold) == pytest.approx(np.maximum(expected, sold), rel=1e-9)


@pytest.mark.parametrize("excess", [0.05, 0.3, 1])
def test_counts_and_gamma_meet(excess):
    for sold in (20, 60, 100, 200):
        few, many = demand_above(MANY, excess, sold), demand_above(MANY + 1e-9, excess, sold)
        assert many == pytest.approx(few, rel=0.005)


@given(st.floats(0.05, 500), st.floats(0, 10), st.integers(0, 800))
def test_more_sold_or_a_higher_mean_tells_of_more(mean, excess, sold):
    told = demand_above(mean, excess, sold)
    assert told >= max(mean, sold) * (1 - 1e-12)
    assert demand_above(mean, excess, sold + 1) >= told * (1 - 1e-9)
    if mean > MANY or mean * 1.1 <= MANY:
        assert demand_above(mean * 1.1, excess, sold) >= told * (1 - 1e-9)


@given(st.floats(0.05, 50), st.sampled_from([0, 0.1, 2.0]), st.integers(1, 120))
def test_the_first_share_of_a_tail(mean, excess, count):
    tail = counts(mean, excess).logsf(count - 1)
    if tail > -600:
        expected = np.exp(counts(mean, excess).logpmf(count) - tail)
        assert share_at(float(mean), float(excess), float(count)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("mean", "excess"), [(0.4, 0.0), (10, 0.0), (10, 0.3), (3, 2.0), (200, 0.1)])
def test_expected_sales_are_sums(mean, excess):
    stock = np.array([0, 1, 2, 7, 10, 40])
    count = np.arange(60_000)
    chance = counts(mean, excess).pmf(count)
    expected = [(np.minimum(count, one) * chance).sum() for one in stock]
    assert expected_sales(mean, stock, excess=excess) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("mean", "excess", "stock"), [(10, 0.0, 10), (10, 0.3, 14), (0.5, 1.0, 2), (150, 0.1, 160)])
def test_what_is_sold_and_what_is_above_make_the_mean(mean, excess, stock):
    """E[D; D < S] + E[D; D >= S] = m: sales, less the stock where it ran out, plus the demand there."""
    tail = counts(mean, excess).sf(stock - 1)
    above = demand_above(mean, excess, stock)
    whole = expected_sales(mean, stock, excess=excess) - stock * tail + above * tail
    assert whole == pytest.approx(mean, rel=1e-9 if mean < MANY else 1e-3)


@pytest.mark.parametrize(
    ("mean", "excess", "sold"), [(10, 0.0, 10), (10, 0.3, 14), (0.5, 1.0, 2), (7, 0.5, 0), (150, 0.1, 160)]
)
def test_draws_have_the_conditional_distribution(mean, excess, sold):
    chance = (np.arange(20_000) + 0.5) / 20_000
    drawn = demand_drawn(mean, excess, sold, chance)
    assert drawn.min() >= sold
    assert (np.diff(drawn) >= 0).all()
    assert drawn.mean() == pytest.approx(float(demand_above(mean, excess, sold)), rel=0.003)
    if mean < MANY:
        own = counts(mean, excess)
        for place in (sold, sold + 2, sold + 8):
            expected = 1 - own.sf(place) / own.sf(sold - 1)
            assert (drawn <= place).mean() == pytest.approx(expected, abs=1e-4)


def test_draws_far_out_are_what_was_sold():
    assert demand_drawn([1.0, 100.0], [0.0, 0.0], [500.0, 90_000.0], 0.5).tolist() == [500.0, 90_000.0]


def one_series(values, partly, constant=0.1, excess=0.0):
    values, partly = np.array([values], dtype=float), np.array([partly])
    known = ~partly & np.isfinite(values)
    flat = np.ones_like(values)
    return recover_levels(np.nan_to_num(values), known, partly, np.array([0]), flat, np.array([excess]), constant)


def test_levels_by_hand():
    recovered, known = one_series([8, 10, 6], [False, True, False], constant=0.5)
    above = summed(8, 0, 10)
    assert recovered[0] == pytest.approx([8, above, 6])
    assert known[0] == pytest.approx([0, 8, (0.25 * 8 + 0.5 * above) / 0.75])


def test_recovery_knows_nothing_of_later_periods():
    rng = np.random.default_rng(3)
    values, partly = rng.poisson(9, 60), rng.random(60) < 0.4
    one, other = one_series(values, partly), one_series(np.append(values[:40], values[40:] * 7), partly)
    assert (one[0][:, :40] == other[0][:, :40]).all()
    assert (one[1][:, :41] == other[1][:, :41]).all()


@pytest.mark.parametrize("excess", [0.0, 1.0, 20.0])
def test_what_was_recovered_does_not_feed_on_itself(excess):
    recovered, known = one_series([10.0] * 400, [True] * 400, excess=excess)
    assert known.max() == pytest.approx(10)
    assert recovered.max() == pytest.approx(max(float(demand_above(10, excess, 10)), 10))


def test_the_excess_is_found_through_stockouts():
    rng = np.random.default_rng(8)
    grid = np.exp(np.linspace(np.log(0.01), np.log(5), 25))
    demand = rng.poisson(rng.gamma(1 / 0.4, 0.4 * 12, (1, 6_000)))
    partly = demand >= 14
    sold, known = np.minimum(demand, 14).astype(float), np.full(demand.shape, 12.0)
    fits, count = excess_likelihoods(sold, known, ~partly, partly, grid)
    assert count == [5_997]
    assert grid[fits[0].argmax()] == pytest.approx(0.4, rel=0.3)
    blind, _ = excess_likelihoods(sold, known, ~partly, np.zeros_like(partly), grid)
    raw, _ = excess_likelihoods(sold, known, np.ones_like(partly), np.zeros_like(partly), grid)
    assert grid[blind[0].argmax()] < 0.25 or grid[raw[0].argmax()] < 0.25
