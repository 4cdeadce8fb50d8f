"""Formulas of stock: what is missing stays missing, what cannot be is refused by name, ends are told as they are."""

import numpy as np
import pytest

from segkit.formulas.critical_levels import critical_level_fill_rates
from segkit.formulas.demand_distributions import Gamma, NegativeBinomial, Normal, Poisson, empirical
from segkit.formulas.interleaved_arrivals import (
    Arrivals,
    best_expected_margin,
    best_fixed_levels,
    fixed_level_margin,
)
from segkit.formulas.limited_lots import lots_for_orders, lots_for_space
from segkit.formulas.min_max import min_max_by_waiting_cost, min_max_service
from segkit.formulas.newsvendor import critical_ratio, implied_shortage_cost, newsvendor_stock
from segkit.formulas.reorder_point import reorder_point_for_fill_rate
from segkit.formulas.service_measures import fill_rate
from segkit.formulas.two_echelon import exact_bases, metric, two_moment_bases

TWO = Arrivals([[1.0, 1.0]], [1.0])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Poisson(-1.0), "mean must not be negative"),
        (lambda: Poisson([2.0, -1.0]), "mean must not be negative"),
        (lambda: NegativeBinomial(3.0, -1.0), "variance must not be negative"),
        (lambda: Gamma(-1.0, 2.0), "mean must not be negative"),
        (lambda: Normal(5.0, -1.0), "sd must not be negative"),
        (lambda: empirical([]), "no values"),
        (lambda: critical_ratio(-1.0, 2.0), "holding_cost must not be negative"),
        (lambda: newsvendor_stock(Poisson(5.0), 1.0, -2.0), "shortage_cost must not be negative"),
        (lambda: implied_shortage_cost(1.0, 1.2), "cycle_service must lie from 0 to 1"),
        (lambda: fill_rate(Poisson(5.0), 3.0, -4.0), "order_quantity must not be negative"),
        (lambda: min_max_by_waiting_cost(Poisson(6.0), Poisson(6.0), 0.0, 4.0, 5.0), "known and above zero"),
        (lambda: min_max_by_waiting_cost(Poisson(6.0), Poisson(6.0), 1.0, 4.0, -5.0), "order_cost must not be"),
        (lambda: min_max_by_waiting_cost(Poisson(6.0), Poisson(6.0), 1.0, np.nan, 5.0), "known and above zero"),
        (lambda: min_max_service(Poisson(9.0), Poisson(3.0), Poisson(np.nan), 3.0, 15.0), "demand must be known"),
        (lambda: lots_for_orders([100.0, 400.0], 8.0, 1.0, 0.0), "the limit must be above 0"),
        (lambda: lots_for_space([100.0, 400.0], 8.0, 1.0, 1.0, -5.0), "the limit must be above 0"),
        (lambda: lots_for_space([100.0, np.nan], 8.0, 1.0, 1.0, 5.0), "must be known and not negative"),
        (lambda: critical_level_fill_rates(-1, 1.0, [1.0, 1.0], [0, 1]), "order_up_to must be whole"),
        (lambda: critical_level_fill_rates(2.5, 1.0, [1.0, 1.0], [0, 1]), "order_up_to must be whole"),
        (lambda: critical_level_fill_rates(3, np.nan, [1.0, 1.0], [0, 1]), "lead_time and rates must be known"),
        (lambda: critical_level_fill_rates(3, 1.0, [0.0, 1.0], [0, 1]), "lead_time and rates must be known"),
        (lambda: exact_bases(-1, 1.0, [1.0], 1.0, 1), "depot_stock must be whole"),
        (lambda: exact_bases(1, np.nan, [1.0], 1.0, 1), "lead times must be known"),
        (lambda: exact_bases(1, 1.0, [1.0], 1.0, -2), "stock must be whole"),
        (lambda: metric(1, -1.0, [1.0], 1.0, 1), "lead times must be known"),
        (lambda: two_moment_bases(1, 1.0, [0.0, 1.0], 1.0, 1), "rates above zero"),
        (lambda: best_expected_margin([1.0, 1.0], TWO, -1), "supply must be whole"),
        (lambda: best_fixed_levels([1.0, 5.0], TWO, 3), "name the best class first"),
        (lambda: fixed_level_margin([5.0, 1.0], TWO, 3, [0]), "one figure for each class"),
        (lambda: fixed_level_margin([5.0, 1.0], TWO, 3, [0, np.nan]), "critical levels must be whole numbers"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_missing_lot_or_share_gives_a_missing_figure_and_leaves_the_others():
    assert np.isnan(fill_rate(Poisson(5.0), 3.0, np.nan))
    points = reorder_point_for_fill_rate(Poisson(5.0), [4.0, np.nan], 0.9)
    assert points[0] == reorder_point_for_fill_rate(Poisson(5.0), 4.0, 0.9)
    assert np.isnan(points[1])
    for demand in (Normal(10.0, 0.0), Normal(10.0, 2.0), Normal(10.0, np.nan), Gamma(10.0, 0.0), Poisson(0.0)):
        assert np.isnan(demand.quantile(np.nan))
    assert np.isnan(Normal(10.0, np.nan).quantile(0.9))


@pytest.mark.parametrize("demand", [Poisson(0.0), NegativeBinomial(0.0, 0.0), Normal(0.0, 0.0), Gamma(0.0, 0.0)])
def test_no_demand_takes_no_stock_whatever_it_costs(demand):
    assert demand.quantile([0.0, 0.5, 0.9999, 1.0]).tolist() == [0.0] * 4
    assert newsvendor_stock(demand, [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]).tolist() == [0.0] * 3


def test_a_share_of_none_takes_no_stock_and_one_of_all_has_no_end():
    assert Poisson(5.0).quantile([0.0, 1.0]).tolist() == [0.0, np.inf]
    assert NegativeBinomial([5.0, 0.0], 9.0).quantile(1.0).tolist() == [np.inf, 0.0]
