"""What safety stock is for: parts that add up, and what each textbook case gives."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from segkit.core.columns import empty_table
from segkit.formulas.policy_levels import CoveredDemand
from segkit.inventory.policies.covered import CHANCES, CoveredPlaces
from segkit.inventory.policies.gathered import gather_sizing
from segkit.inventory.policies.limits import size_within_limits, stock_budget
from segkit.inventory.policies.safety_stock import CAUSES, _levels, split_safety_stock
from segkit.inventory.policies.sizing import size_policies

PLACE = ["item_id", "location_id"]
RATE, SIGMA = 10_000.0, 1_500.0


@dataclass(frozen=True)
class NormalPlaces:
    """Stands for what is known of demand: normal, with a rate and a deviation a period, over any interval."""

    intervals: pd.DataFrame
    rate: np.ndarray
    sigma: np.ndarray
    too_low: float = 1.0

    def cover(self, intervals=None):
        """Return demand over lead time and review: variance (L + R) sigma² + d² sigma_L²."""
        told = self.intervals if intervals is None else intervals
        span = (told["mean_periods"] + told["review_periods"]).to_numpy(float)
        sd = np.sqrt(span * self.sigma**2 + (self.rate * told["sd_periods"].to_numpy(float)) ** 2)
        mean = self.rate * span
        curves = np.maximum(mean[:, None] * self.too_low + sd[:, None] * norm.ppf(CHANCES)[None, :], 0.0)
        review = self.rate * np.maximum(told["review_periods"].to_numpy(float), 1 / 7)
        places = told.assign(demand_mean=self.rate, recent_mean=self.rate)
        return CoveredPlaces(
            places, CoveredDemand(curves, CHANCES, mean, np.minimum(review, mean)), np.ones(len(places))
        )


def case(make_sizing, *rows, too_low=1.0):
    """Return a sizing and what is known of its demand; rows give rules, costs, rate, sigma, lead and lead_sd."""
    plain = [{"service_measure": "cycle_service", "target": 0.95, "unit_cost": 2.0, **row} for row in rows]
    base = make_sizing(*plain)
    told = base.rules[PLACE].assign(
        review_periods=base.rules["review_days"] / 7.0,
        mean_periods=[row.get("lead", 4.0) for row in rows],
        sd_periods=[row.get("lead_sd", 0.0) for row in rows],
        lead_time_source="master",
    )
    rate, sigma = (
        np.array([row.get(name, value) for row in rows]) for name, value in (("rate", RATE), ("sigma", SIGMA))
    )
    fitted = NormalPlaces(told, rate, sigma, too_low)
    return gather_sizing(base.rules, base.costs, fitted.cover(), period_days=7.0, order_cost=None), fitted


def causes(sizing, fitted):
    table = split_safety_stock(sizing, fitted, size_within_limits(sizing))
    return table.pivot(index="item_id", columns="cause", values="cause_units")[list(CAUSES)]


def test_demand_over_a_fixed_lead_time_asks_for_k_sigma_root_l(make_sizing):
    parts = causes(*case(make_sizing, {"review_days": 0.0})).iloc[0]
    assert parts["demand"] == pytest.approx(norm.ppf(0.95) * SIGMA * 2.0, rel=0.01)
    assert parts.drop("demand").abs().max() < 0.01 * parts["demand"]


def test_a_lead_time_that_differs_asks_for_what_it_adds_to_the_deviation(make_sizing):
    parts = causes(*case(make_sizing, {"review_days": 0.0, "lead_sd": 0.8})).iloc[0]
    whole = norm.ppf(0.95) * np.sqrt(4.0 * SIGMA**2 + (0.8 * RATE) ** 2)
    assert parts["lead_time"] == pytest.approx(whole - norm.ppf(0.95) * SIGMA * 2.0, rel=0.01)
    assert parts["demand"] == pytest.approx(norm.ppf(0.95) * SIGMA * 2.0, rel=0.01)


def test_the_review_asks_for_what_it_adds_to_the_exposure(make_sizing):
    parts = causes(*case(make_sizing, {"review_days": 35.0})).iloc[0]
    assert parts["review"] == pytest.approx(norm.ppf(0.95) * SIGMA * (3.0 - 2.0), rel=0.02)


def test_curves_that_put_forecasts_right_are_bias(make_sizing):
    parts = causes(*case(make_sizing, {"review_days": 7.0}, too_low=1.1)).iloc[0]
    assert parts["bias"] == pytest.approx(0.1 * 5.0 * RATE, rel=0.15)
    plain = causes(*case(make_sizing, {"review_days": 7.0})).iloc[0]
    assert parts["demand"] == pytest.approx(plain["demand"], rel=0.15)
    assert abs(plain["bias"]) < 0.01 * plain["demand"]


def test_large_lots_ask_for_less_safety_stock_of_which_they_are_no_part(make_sizing):
    parts = causes(*case(make_sizing, {}, {"order_multiple": 12_000.0}))
    assert parts.loc["SKU-0000", "lots"] == 0.0
    assert parts.loc["SKU-0001", "lots"] < 0.0
    assert parts.loc["SKU-0001"].sum() < parts.loc["SKU-0000"].sum()
    large = causes(*case(make_sizing, {"policy": "reorder_quantity", "service_measure": "fill_rate", "moq": 200_000.0}))
    assert large["lots"].iloc[0] < 0.0  # a lot that lasts for long gives the fill rate nearly alone


def test_caps_and_what_a_person_set_are_the_rest(make_sizing):
    sizing, fitted = case(
        make_sizing, {}, {"max_stock": 51_000.0}, {"min_stock": 70_000.0}, {"order_up_to": 80_000.0},
        {"safety_stock": 123.0}, {"policy": "to_order", "service_measure": ""},
    )  # fmt: skip
    parts, own = causes(sizing, fitted), size_policies(sizing).set_index("item_id")
    assert (parts["limits"] != 0).tolist() == [False, True, True, False, False]
    assert (parts["person"] != 0).tolist() == [False, False, False, True, True]
    assert parts.loc["SKU-0001", "limits"] < 0 < parts.loc["SKU-0002", "limits"]
    assert parts.sum(axis=1).to_numpy() == pytest.approx(own.loc[parts.index, "safety_stock"].to_numpy(), abs=1e-9)


def test_a_budget_is_a_limit(make_sizing):
    rows = [{"service_measure": "economic", "target": np.nan, "unit_cost": 10.0} for _ in range(3)]
    sizing, fitted = case(make_sizing, *rows)
    assert (causes(sizing, fitted)["limits"] == 0).all()
    stock = size_policies(sizing)["stock_value"].sum()
    tight = replace(sizing, limits=(stock_budget(sizing, 0.7 * stock),))
    assert (causes(tight, fitted)["limits"] < 0).all()


ROWS = st.fixed_dictionaries(
    {
        "policy": st.sampled_from(["order_up_to", "min_max", "reorder_quantity", "to_order"]),
        "review_days": st.sampled_from([0.0, 1.0, 7.0, 28.0]),
        "lead": st.floats(0.0, 9.0),
        "lead_sd": st.sampled_from([0.0, 0.5, 2.0]),
        "rate": st.floats(0.0, 60.0),
        "sigma": st.floats(0.0, 40.0),
        "goal": st.sampled_from([("cycle_service", 0.9), ("fill_rate", 0.95), ("economic", np.nan)]),
        "order_multiple": st.sampled_from([np.nan, 1.0, 12.0]),
        "moq": st.sampled_from([np.nan, 30.0]),
        "max_stock": st.sampled_from([np.nan, 0.0, 40.0]),
        "order_quantity": st.sampled_from([np.nan, np.nan, 50.0]),
    }
)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(ROWS, min_size=1, max_size=6), unmet=st.sampled_from(["lost", "backorder"]))
def test_parts_add_up_and_the_rest_is_told_by_a_cap_or_a_person(make_sizing, rows, unmet):
    told = [dict(row, service_measure=row["goal"][0], target=row["goal"][1]) for row in rows]
    sizing, fitted = case(make_sizing, *told)
    sizing = replace(sizing, unmet=unmet)
    own = size_policies(sizing)
    table = split_safety_stock(sizing, fitted, own)
    assert table.dtypes.to_dict() == empty_table("safety_stock_causes").dtypes.to_dict()
    kept = own[own["safety_stock"].notna() & (own["policy"] != "to_order")].set_index("item_id")
    sums = table.groupby("item_id")["cause_units"].sum()
    assert sums.index.tolist() == kept.index.tolist()
    assert sums.to_numpy() == pytest.approx(kept["safety_stock"].to_numpy(), abs=1e-9, rel=1e-9)
    parts = table.pivot(index="item_id", columns="cause", values="cause_units")
    person = sizing.rules.set_index("item_id")["order_quantity"].notna()
    for item, row in parts.iterrows():
        assert person[item] or row["person"] == 0.0
        assert kept.loc[item, "capped_by"] or row["limits"] == 0.0, (row, kept.loc[item])


def test_nothing_that_is_stocked_has_no_causes(make_sizing):
    sizing, fitted = case(make_sizing, {"policy": "to_order", "service_measure": ""})
    made = split_safety_stock(sizing, fitted, size_policies(sizing))
    pd.testing.assert_frame_equal(made, empty_table("safety_stock_causes"))


def test_levels_that_nothing_limits_are_those_of_the_policies(make_sizing):
    rows = [{"rate": 30.0, "sigma": 20.0, "lead_sd": sd, "order_multiple": lot} for sd in (0, 2) for lot in (1, 12)]
    sizing, fitted = case(make_sizing, *rows)
    whole = size_policies(sizing)["safety_stock"].to_numpy()
    taken, anew = (np.stack(_levels(sizing, fitted, told)) for told in (whole, np.full(len(whole), np.nan)))
    assert (taken == anew).all()
    assert anew[-1] == pytest.approx(whole, abs=1e-9)
