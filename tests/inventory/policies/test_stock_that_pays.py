"""What is stocked because each unit of it pays, by a search over all levels of one item."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.policy_levels import CoveredDemand, expected_service
from segkit.inventory.policies.covered import CHANCES, CoveredPlaces
from segkit.inventory.policies.sizing import Sizing, size_policies

HOLDING, MARGIN = 2.0, 5.0


def sizing_of(curve, *, forecast, review_days=7.0, lead_periods=1.0):
    """Return one item of which stock must cover a curve [units], with the forecast of a period [units]."""
    blank = ("order_quantity", "reorder_point", "order_up_to", "safety_stock", "max_cover_days", "min_stock")
    rules = {"item_id": "SKU-0042", "location_id": "DC-1", "rule": "all", "source": "rule", "policy": "order_up_to"}
    rules |= {"service_measure": "economic", "target": np.nan, "review_days": review_days, "reason": "rule all"}
    costs = {
        "unit_cost": 8.0,
        "unit_price": 8.0 + MARGIN,
        "units_sold": 100.0,
        "unit_margin": MARGIN,
        "holding_cost": HOLDING,
        "shortage_cost": MARGIN,
    }
    places = {"item_id": "SKU-0042", "location_id": "DC-1", "mean_periods": lead_periods, "demand_mean": forecast}
    whole = np.asarray(curve, dtype=float)[None, :]
    span = lead_periods + review_days / 7.0
    demand = CoveredDemand(whole, CHANCES, np.array([forecast * span]), np.array([forecast * review_days / 7.0]))
    return Sizing(
        pd.DataFrame([{**rules, **dict.fromkeys((*blank, "max_stock"), np.nan)}]),
        pd.DataFrame([{**costs, "moq": np.nan, "order_multiple": np.nan, "shelf_life_days": np.nan}]),
        CoveredPlaces(pd.DataFrame([places]), demand, np.ones(1)),
        7.0,
        None,
    )


@pytest.mark.parametrize(("chance", "size", "forecast"), [(0.9, 40.0, 0.9), (0.9, 40.0, 0.5), (0.97, 90.0, 0.4)])
def test_a_curve_far_above_its_forecast_is_stocked_as_the_forecast_pays(chance, size, forecast):
    rarely = np.where(chance < CHANCES, size * np.linspace(0.2, 1.0, len(CHANCES)), 0.0)
    made = size_policies(sizing_of(rarely, forecast=forecast)).iloc[0]
    yearly = forecast * 365.25 / 7 * MARGIN
    returned = made["fill_rate"] * yearly - made["holding_cost"]
    best = 0.0
    for level in range(1, int(size) + 2):
        other = sizing_of(rarely, forecast=forecast)
        other.rules["order_up_to"] = float(level)
        one = size_policies(other).iloc[0]
        best = max(best, one["fill_rate"] * yearly - one["holding_cost"])
    stocked = made["policy"] == "order_up_to"
    assert stocked == (best > 0)
    assert not stocked or returned >= 0.95 * best


@pytest.mark.parametrize("chance", [0.9, 0.99, 0.9996])
def test_what_hardly_ever_sells_is_stocked_only_where_a_unit_pays(chance):
    forecast = (1 - chance) / 2
    made = size_policies(sizing_of(np.where(chance < CHANCES, 1.0, 0.0), forecast=forecast)).iloc[0]
    pays = forecast * 365.25 / 7 * MARGIN > HOLDING
    assert (made["policy"] == "order_up_to") == pays
    assert made["reason"] == ("rule all" if pays else "no stock pays: it would cost more than it returns")


@pytest.mark.parametrize("measure", ["cycle_service", "fill_rate"])
def test_nobody_asks_how_few_units_part_as_many_do(measure):
    curves = np.repeat(np.quantile(np.random.default_rng(1).poisson(4.0, 5000), CHANCES)[None, :], 3, axis=0)
    lots, points = np.array([1.0, 3.0, 8.0]), np.array([5.0, 4.0, 1.0])
    demand, other = (CoveredDemand(curves, CHANCES, np.full(3, 4.0), np.full(3, 1.0)) for _ in range(2))
    assert (demand.part_in_review == 0).all()
    other.__dict__["part_in_review"] = np.full_like(demand.part_in_review, np.nan)
    known, asked = (expected_service(one, points, lots) for one in (demand, other))
    assert getattr(known, measure).tolist() == getattr(asked, measure).tolist()
    assert known.on_hand.tolist() == asked.on_hand.tolist()


def test_parts_of_demand_know_what_the_whole_knew():
    curves = np.sort(np.random.default_rng(1).gamma(2, 3, (6, len(CHANCES))), axis=1)
    demand = CoveredDemand(curves, CHANCES, curves.mean(axis=1), curves.mean(axis=1) / 3)
    rows = np.array([4, 1])
    afresh = demand.of(rows).part_in_review
    _ = demand.part_in_review
    assert demand.of(rows).part_in_review == pytest.approx(afresh, rel=1e-9, abs=1e-12)
    assert (demand.of(rows).moments[1] == demand.moments[1][rows]).all()
