"""Losses against plain sums and integrals, quantiles against scipy, and what happens at the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from segkit.formulas.demand_distributions import (
    Discrete,
    Gamma,
    NegativeBinomial,
    Normal,
    Poisson,
    empirical,
    from_quantiles,
    left_over,
    loss,
)
from segkit.formulas.loss_functions import standard_loss, standard_second_loss
from segkit.formulas.stock_search import falling_root, least_whole, require_share

COUNTS = {
    "poisson, few": (Poisson(0.3), stats.poisson(0.3)),
    "poisson": (Poisson(7.5), stats.poisson(7.5)),
    "poisson, many": (Poisson(4000.0), stats.poisson(4000)),
    "binomial, wide": (NegativeBinomial(2.0, 8.0), stats.nbinom(2 / 3, 0.25)),
    "binomial, narrow": (NegativeBinomial(30.0, 33.0), stats.nbinom(300, 10 / 11)),
    "binomial, rare": (NegativeBinomial(0.05, 1.0), stats.nbinom(0.0025 / 0.95, 0.05)),
}
REAL = {
    "normal": (Normal(50.0, 8.0), stats.norm(50, 8)),
    "gamma, wide": (Gamma(3.0, 6.0), stats.gamma(0.25, scale=12)),
    "gamma, narrow": (Gamma(200.0, 10.0), stats.gamma(400, scale=0.5)),
}
SHARES = np.array([0.001, 0.05, 0.3, 0.5, 0.8, 0.95, 0.99, 0.9999, 1 - 1e-9])


@pytest.mark.parametrize("name", COUNTS)
def test_losses_of_counts_are_sums(name):
    demand, truth = COUNTS[name]
    counts = np.arange(truth.ppf(1e-14), truth.isf(1e-14) + 200)
    chance = truth.pmf(counts)
    stock = np.unique(np.append(np.linspace(max(counts[0] - 3, -3), counts[-1] - 200, 40).round(), [0, 1, 2]))
    above = np.maximum(counts[None, :] - stock[:, None], 0)
    tail, short, second = demand.losses(stock)
    assert tail == pytest.approx(truth.sf(stock), rel=1e-9, abs=1e-300)
    assert short == pytest.approx(above @ chance, rel=1e-7, abs=1e-12 * truth.mean())
    pairs = 0.5 * np.maximum(above * (above - 1), 0) @ chance
    assert second == pytest.approx(pairs, rel=1e-6, abs=1e-11 * truth.mean() ** 2)
    assert demand.mean == pytest.approx(truth.mean())
    assert demand.variance == pytest.approx(truth.var())


@pytest.mark.parametrize("name", REAL)
def test_losses_of_real_demand_are_integrals(name):
    demand, truth = REAL[name]
    grid = np.linspace(truth.ppf(1e-13), truth.isf(1e-15), 2_000_001)
    tails = truth.sf(grid)
    width = grid[1] - grid[0]

    def area(of):
        return np.append(np.cumsum(((of[1:] + of[:-1]) / 2 * width)[::-1])[::-1], 0.0)

    once = area(tails)
    at = np.arange(1000, 1_900_000, 100_000)
    tail, short, second = demand.losses(grid[at])
    assert tail == pytest.approx(tails[at], rel=1e-9)
    assert short == pytest.approx(once[at], rel=2e-4, abs=1e-7)
    assert second == pytest.approx(area(once)[at], rel=2e-4, abs=1e-5)


@pytest.mark.parametrize("name", {**COUNTS, **REAL})
def test_quantiles_are_those_of_scipy(name):
    demand, truth = {**COUNTS, **REAL}[name]
    assert demand.quantile(SHARES) == pytest.approx(truth.ppf(SHARES), rel=1e-9)
    stock = truth.ppf(SHARES)
    assert demand.at_most(stock) == pytest.approx(truth.cdf(stock), rel=1e-9)


def test_far_tails_keep_their_digits():
    far = np.array([5.0, 10.0, 20.0, 35.0])
    density = stats.norm.pdf(far)
    series = density / far**2 * (1 - 3 / far**2 + 15 / far**4 - 105 / far**6 + 945 / far**8)
    assert standard_loss(far)[1:] == pytest.approx(series[1:], rel=1e-5)
    area, _ = quad(stats.norm.sf, 5, 12, epsabs=0, epsrel=1e-11)
    assert standard_loss(far)[0] == pytest.approx(area, rel=1e-9)
    assert (standard_second_loss(far) > 0).all()
    counts = np.arange(61.0, 200.0)
    chance = stats.poisson(2).pmf(counts)
    assert loss(Poisson(2.0), 60) == pytest.approx((counts - 60) @ chance, rel=1e-8)
    counts = np.arange(401.0, 3000.0)
    chance = np.exp(stats.nbinom(2 / 3, 0.25).logpmf(counts))
    assert loss(NegativeBinomial(2, 8), 400) == pytest.approx((counts - 400) @ chance, rel=1e-8)
    assert loss(Gamma(1.0, 1.0), 300.0) == pytest.approx(np.exp(-300), rel=1e-8)


SIZES = st.one_of(st.just(0.0), st.floats(1e-4, 1e3))


@given(st.integers(-200, 40_000).map(lambda quarters: quarters / 4), SIZES, SIZES)
def test_losses_are_never_less_than_what_is_sure_and_fall(stock, mean, spread):
    for demand in (Normal(mean, spread), Gamma(mean, spread), Poisson(mean), NegativeBinomial(mean, mean + spread)):
        tail, short, second = demand.losses(np.array([stock, stock + 1.0]))
        assert (short >= np.maximum(mean - np.array([stock, stock + 1.0]), 0) * (1 - 1e-12)).all()
        assert short[1] <= short[0] * (1 + 1e-9) + 1e-300
        assert second[1] <= second[0] * (1 + 1e-9) + 1e-300
        assert ((tail >= 0) & (tail <= 1)).all()
        assert left_over(demand, stock) >= 0


def test_between_whole_numbers_the_loss_of_counts_is_a_straight_line():
    for demand in (Poisson(3.0), NegativeBinomial(3.0, 9.0)):
        ends = loss(demand, [4, 5])
        assert loss(demand, 4.25) == pytest.approx(0.75 * ends[0] + 0.25 * ends[1])
        assert demand.at_most(4.25) == demand.at_most(4)


def test_known_demand_and_no_demand():
    for demand in (Normal(5.0, 0.0), Gamma(5.0, 0.0)):
        assert loss(demand, [3.0, 5.0, 8.0]).tolist() == [2.0, 0.0, 0.0]
        assert demand.at_most([3.0, 5.0]).tolist() == [0.0, 1.0]
        assert demand.quantile([0.01, 0.99]).tolist() == [5.0, 5.0]
    for demand in (Normal(0.0, 0.0), Gamma(0.0, 0.0), Poisson(0.0), NegativeBinomial(0.0, 0.0)):
        assert loss(demand, [0.0, 2.0]).tolist() == [0.0, 0.0]
        assert float(demand.at_most(0.0)) == 1.0
        assert float(demand.quantile(0.95)) == 0.0
    for demand in (Gamma(3.0, 2.0), Poisson(3.0), NegativeBinomial(3.0, 5.0)):
        assert loss(demand, -2.0) == pytest.approx(5.0)
        assert float(demand.at_most(-0.5)) == 0.0


def test_a_negative_binomial_without_extra_variance_is_poisson():
    stock = np.arange(12.0)
    for variance in (4.0, 3.0, 4.0 * (1 + 1e-8)):
        for one, other in zip(NegativeBinomial(4.0, variance).losses(stock), Poisson(4.0).losses(stock), strict=True):
            assert one == pytest.approx(other, rel=1e-6)


def test_many_items_at_once_are_the_same_as_one_by_one():
    mean, variance = np.array([0.2, 3.0, 40.0]), np.array([0.2, 9.0, 44.0])
    found = NegativeBinomial(mean, variance).quantile([[0.5], [0.99]])
    alone = [
        [float(NegativeBinomial(m, v).quantile(q)) for m, v in zip(mean, variance, strict=True)] for q in (0.5, 0.99)
    ]
    assert found.tolist() == alone


def test_a_table_of_values():
    demand = Discrete([0, 2, 5], [0.5, 0.25, 0.25])
    assert float(demand.mean) == 1.75
    assert float(demand.variance) == pytest.approx(0.5 * 1.75**2 + 0.25 * 0.25**2 + 0.25 * 3.25**2)
    assert demand.quantile([0.3, 0.5, 0.51, 0.75, 0.76, 1.0]).tolist() == [0, 0, 2, 2, 5, 5]
    assert loss(demand, [0, 1, 4, 9]).tolist() == [1.75, 1.25, 0.25, 0.0]
    assert Discrete([1, 2, 3], [0.1, 0.7, 0.2]).quantile(0.8) == 2  # .1 + .7 is not quite .8 in floats
    with pytest.raises(ValueError, match="add up to 1"):
        Discrete([1, 2], [0.5, 0.4])
    with pytest.raises(ValueError, match="must rise"):
        Discrete([2, 1], [0.5, 0.5])


def test_histories_and_quantile_curves_are_tables():
    history = np.array([[3, 0, 1, 8], [2, 2, 2, 2]])
    assert empirical(history).quantile(0.75).tolist() == [3, 2]
    assert loss(empirical(history), [2.0, 1.0]).tolist() == [7 / 4, 1.0]
    shares = np.linspace(0.0005, 0.9995, 1000)
    curve = from_quantiles(shares, stats.norm(100, 20).ppf(shares))
    stock = np.array([80.0, 100.0, 130.0])
    assert loss(curve, stock) == pytest.approx(loss(Normal(100, 20), stock), rel=0.005)


def test_the_least_whole_number():
    found = least_whole(lambda stock: stock >= np.array([-3.0, 7.2, 1e6]), np.array([50.0, 0.0, 3.0]), floor=-5)
    assert found.tolist() == [-3.0, 8.0, 1e6]
    assert np.isnan(least_whole(lambda stock: stock >= 1, np.array([np.nan, 3.0]))).tolist() == [True, False]
    with pytest.raises(ValueError, match="no stock is enough"):
        least_whole(lambda stock: stock < -1, np.array([3.0]))


def test_the_root_of_a_falling_function():
    target = np.array([1e-9, 0.5, 1 - 1e-9])
    found = falling_root(lambda x: stats.norm.sf(x) - target, np.zeros(3), 1.0)
    assert found == pytest.approx(stats.norm.isf(target), abs=1e-7)
    assert np.isnan(falling_root(lambda x: np.nan * x, np.array([0.0]), 1.0)).all()
    found = falling_root(lambda x: np.array([0.25, 3.0, 0.0, -70.0]) - x**3, np.zeros(4), 0.5)
    assert found == pytest.approx(np.cbrt([0.25, 3.0, 0.0, -70.0]), abs=1e-12)
    assert falling_root(lambda x: np.where(x < 5, 1.0, -1.0), np.array([0.0, 9.0]), 1.0) == pytest.approx([5.0, 5.0])
    with pytest.raises(ValueError, match="no stock is enough"):
        falling_root(lambda x: np.exp(-x) + 1, np.array([0.0]), 1.0)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, 95])
def test_targets_that_no_stock_gives_are_refused(target):
    with pytest.raises(ValueError, match="fill_rate must lie between 0 and 1"):
        require_share("fill_rate", target)
