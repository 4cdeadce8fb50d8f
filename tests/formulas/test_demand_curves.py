"""Shortage, chance and stock from quantile curves: against counts added up one by one, and against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segkit.formulas.demand_curves import (
    chance_below,
    expected_shortage,
    stock_for_return,
    stocks_and_shortages,
    tail_sums,
)

DENSE = np.concatenate([np.linspace(0, 0.98, 500), 1 - np.geomspace(0.0199, 1e-7, 500)])
CELLS = st.lists(st.integers(0, 12), min_size=2, max_size=12)


def equal_cells(counts):
    """Return the curve of demands that are equally likely, each at the middle of its probability."""
    counts = np.sort(counts).astype(float)
    return counts[None, :], (np.arange(len(counts)) + 0.5) / len(counts)


@given(CELLS, st.integers(0, 14))
@settings(max_examples=200, deadline=None)
def test_steps_of_neighbouring_counts_are_exact(counts, stock):
    """Where counts rise by one at most, the curve holds them exactly."""
    counts = np.sort(counts)
    counts = counts[0] + np.concatenate([[0], np.minimum(np.diff(counts), 1).cumsum()])
    curve, grid = equal_cells(counts)
    assert expected_shortage(curve, grid, stock) == pytest.approx(np.maximum(counts - stock, 0).mean(), abs=1e-12)
    assert chance_below(curve, grid, stock) == pytest.approx((counts <= stock).mean(), abs=1e-12)
    for ratio in (0.0, 0.1, 0.25, 0.5, 1.0, (counts > stock).mean()):
        least = next(level for level in range(30) if (counts > level).mean() <= ratio + 1e-12)
        assert stock_for_return(curve, grid, ratio) == [least]


@given(CELLS)
@settings(max_examples=100, deadline=None)
def test_wide_steps_keep_shortage_chance_and_stock_in_step(counts):
    curve, grid = equal_cells(counts)
    levels = np.arange(max(counts) + 3.0)
    rows = np.repeat(curve, len(levels), axis=0)
    short, chance = expected_shortage(rows, grid, levels), chance_below(rows, grid, levels)
    assert short[0] == pytest.approx(np.mean(counts))
    assert (np.diff(short) <= 1e-12).all()
    assert (np.diff(short, 2) >= -1e-12).all()
    np.testing.assert_allclose(chance[:-1], 1 + np.diff(short), atol=1e-12)
    for ratio in (0.05, 0.3, 0.7):
        assert stock_for_return(curve, grid, ratio) == [levels[np.argmax(1 - chance <= ratio + 1e-12)]]


@pytest.mark.parametrize("law", [stats.poisson(0.5), stats.poisson(7), stats.nbinom(0.4, 0.1), stats.poisson(300)])
def test_counts_of_known_laws(law):
    levels = np.unique(law.ppf([0.2, 0.5, 0.8, 0.95, 0.99, 0.999])).clip(0)
    rows = np.repeat(np.maximum(law.ppf(DENSE), 0)[None, :], len(levels), axis=0)
    counts = np.arange(law.ppf(1 - 1e-12) + 1)
    short = [(law.pmf(counts) * np.maximum(counts - level, 0)).sum() for level in levels]
    np.testing.assert_allclose(expected_shortage(rows, DENSE, levels), short, rtol=0.02, atol=1e-5)
    np.testing.assert_allclose(chance_below(rows, DENSE, levels), law.cdf(levels), atol=2e-3)
    ratios = 1 - law.cdf(levels) + 2e-3
    assert (np.abs(stock_for_return(rows, DENSE, ratios) - law.isf(ratios)) <= 1).all()


def test_shortage_equals_simulation():
    draws = np.random.default_rng(3).gamma(2.0, 40.0, 400_000)
    curve = stats.gamma(2.0, scale=40.0).ppf(np.minimum(DENSE, 1 - 1e-7))[None, :]
    for level in (50.0, 150.0, 300.0):
        short = np.maximum(draws - level, 0)
        error = 3 * short.std() / np.sqrt(draws.size)
        assert expected_shortage(curve, DENSE, level) == pytest.approx(short.mean(), abs=error)


def test_ends_and_what_is_not_known():
    curve, grid = np.array([[0.0, 0.0, 0.0], [2.0, 3.0, 4.0], [np.nan] * 3]), np.array([0.2, 0.6, 0.9])
    assert expected_shortage(curve, grid, 0.0)[:2] == pytest.approx([0.0, 0.2 * 2 + 0.4 * 2.5 + 0.3 * 3.5 + 0.1 * 4])
    assert stock_for_return(curve, grid, 0.0)[:2].tolist() == [0.0, 4.0]
    assert stock_for_return(curve, grid, 1.0)[:2].tolist() == [0.0, 0.0]
    assert stock_for_return(curve, grid, np.inf)[:2].tolist() == [0.0, 0.0]
    for function in (expected_shortage, chance_below, stock_for_return):
        assert np.isnan(function(curve, grid, 0.5)[2])
        assert np.isnan(function(curve, grid, np.nan)).all()
    assert chance_below(curve, grid, 4.0)[:2].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("grid", "stock"),
    [([0.1, 0.5], 1.0), ([0.5, 0.5, 0.6], 1.0), ([0.1, 0.5, 1.1], 1.0), ([0.1, 0.5, 0.9], [1.0, 2.0])],
)
def test_shapes_that_do_not_go_together(grid, stock):
    with pytest.raises(ValueError, match=r"go together|must rise|broadcast"):
        expected_shortage([[1.0, 2.0, 3.0]], grid, stock)


@given(CELLS, st.floats(0, 1.2), st.booleans())
@settings(max_examples=200, deadline=None)
def test_sums_kept_for_many_calls_change_nothing(counts, ratio, smooth):
    curve, grid = equal_cells(counts)
    curve = curve * (1.37 if smooth else 1.0)
    stock, short = stocks_and_shortages(curve, grid, tail_sums(curve, grid), np.array([ratio]))
    assert stock == stock_for_return(curve, grid, ratio)
    assert short == pytest.approx(expected_shortage(curve, grid, stock), abs=1e-12)
