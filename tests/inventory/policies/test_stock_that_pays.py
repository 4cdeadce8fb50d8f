"""What is stocked because each unit of it pays, by a search over all levels of one item."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.policy_levels import CoveredDemand
from segkit.inventory.policies.covered import CHANCES, CoveredPlaces
from segkit.inventory.policies.sizing import Sizing, size_policies

HOLDING, MARGIN = 2.0, 5.0


def sizing_of(curve, *, forecast, review_days=7.0, lead_periods=1.0):
    """Return one item of which stock must cover a curve [units], with the forecast of a period [units]."""
    blank = ("order_quantity", "reorder_point", "order_up_to", "safety_stock", "max_cover_days", "min_stock")
    rules = {"item_id": "SKU-0042", "location_id": "DC-1", "rule": "all", "source": "rule", "policy": "order_up_to"}
    rules |= {"service_measure": "economic", "target": np.nan, "review_days": review_days, "reason": "rule all"}
    costs = {"unit_cost": 8.0, "unit_margin": MARGIN, "holding_cost": HOLDING, "shortage_cost": MARGIN}
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


def test_what_sleeps_is_stocked_for_the_demand_that_its_level_rests_on():
    rarely = np.where(CHANCES > 0.9, 40.0, 0.0)  # nothing nine times in ten, else a lot: far more than is forecast
    sizing = sizing_of(rarely, forecast=0.2)
    made = size_policies(sizing).iloc[0]
    asked = sizing.covered.demand.moments[0][0] / 2 * 365.25 / 7
    returned = made["fill_rate"] * asked * MARGIN - made["holding_cost"]
    assert made["policy"] == "order_up_to"
    assert returned > 0
    for level in range(1, 60):
        other = sizing_of(rarely, forecast=0.2)
        other.rules["order_up_to"] = float(level)
        one = size_policies(other).iloc[0]
        assert one["fill_rate"] * asked * MARGIN - one["holding_cost"] <= returned + 0.02 * abs(returned)


@pytest.mark.parametrize("chance", [0.9996, 0.99])
def test_what_hardly_ever_sells_is_stocked_only_where_a_unit_pays(chance):
    curve = np.where(chance < CHANCES, 1.0, 0.0)
    sizing = sizing_of(curve, forecast=5e-5)
    made = size_policies(sizing).iloc[0]
    asked = sizing.covered.demand.moments[0][0] / 2 * 365.25 / 7
    pays = asked * MARGIN > HOLDING
    assert (made["policy"] == "order_up_to") == pays
    assert made["reason"] == ("rule all" if pays else "no stock pays: it would cost more than it returns")


def test_parts_of_demand_know_what_the_whole_knew():
    curves = np.sort(np.random.default_rng(1).gamma(2, 3, (6, len(CHANCES))), axis=1)
    demand = CoveredDemand(curves, CHANCES, curves.mean(axis=1), curves.mean(axis=1) / 3)
    rows = np.array([4, 1])
    afresh = demand.of(rows).part_in_review
    _ = demand.part_in_review
    assert demand.of(rows).part_in_review == pytest.approx(afresh, rel=1e-9, abs=1e-12)
    assert (demand.of(rows).moments[1] == demand.moments[1][rows]).all()
