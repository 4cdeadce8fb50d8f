"""Levels reach their target, keep what a person set and keep within caps; what cannot be sized says why."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.formulas.policy_levels import expected_service
from segkit.inventory.policies.gathered import gather_sizing
from segkit.inventory.policies.sizing import size_policies, size_targets

AT_95 = {"service_measure": "fill_rate", "target": 0.95}
LEVELS = ["reorder_point", "order_up_to", "order_quantity"]


def first(table):
    return table.iloc[0]


def test_every_item_location_gets_a_row_of_the_table(make_sizing):
    sizing = make_sizing(
        {}, AT_95, {"policy": "to_order", "service_measure": ""}, {"policy": "min_max"}, order_cost=9.0
    )
    table = size_policies(sizing)
    assert table.dtypes.to_dict() == empty_table("policies").dtypes.to_dict()
    assert table["item_id"].tolist() == sizing.rules["item_id"].tolist()
    none = table.iloc[2]
    assert none[[*LEVELS, "stock", "stock_value", "holding_cost", "fill_rate"]].tolist() == [0.0] * 7
    assert none["lost_margin"] == pytest.approx(none["demand_year"] * none["unit_margin"])
    assert (table["order_up_to"].drop(2) > 0).all()
    assert (table["reorder_point"] + table["order_quantity"] == table["order_up_to"]).all()


def test_money_and_service_follow_from_the_levels(make_sizing):
    sizing = make_sizing(AT_95, {"policy": "min_max", "service_measure": "cycle_service", "target": 0.9, "moq": 12.0})
    table, demand = size_policies(sizing), sizing.covered.demand
    levels = table["reorder_point"].to_numpy(), table["order_quantity"].to_numpy()
    given = expected_service(demand, *levels, pack=np.ones(2))
    assert table["fill_rate"].tolist() == given.fill_rate.tolist()
    assert table["cycle_service"].tolist() == given.cycle_service.tolist()
    assert table["stock_value"].tolist() == (given.on_hand * 10.0).tolist()
    assert table["holding_cost"].tolist() == (given.on_hand * 2.5).tolist()
    assert table["lost_margin"].tolist() == pytest.approx(((1 - given.fill_rate) * sizing.demand_year * 5).tolist())
    assert table["fill_rate"][0] >= 0.95
    assert table["cycle_service"][1] >= 0.9
    assert table["safety_stock"].tolist() == pytest.approx(
        [table["order_up_to"][0] - demand.mean[0], table["reorder_point"][1] - demand.mean[1]]
    )


@pytest.mark.parametrize(
    ("cap", "limit", "name"),
    [
        ({"max_stock": 11.0}, 11.0, "max_stock"),
        ({"max_cover_days": 3.5}, 18.0, "max_cover_days"),  # on hand: 16 more are sold in the lead time of 28 days
        ({"shelf_life_days": 7.0}, 20.0, "shelf_life_days"),
    ],
)
@pytest.mark.parametrize("policy", ["order_up_to", "min_max", "reorder_quantity"])
@pytest.mark.parametrize("goal", [{}, AT_95, {"service_measure": "cycle_service", "target": 0.99}])
def test_caps_hold_whatever_the_lot_and_are_named(make_sizing, cap, limit, name, policy, goal):
    free, capped = (
        first(size_policies(make_sizing({"policy": policy, **goal, **more}, order_cost=40.0))) for more in ({}, cap)
    )
    assert free["order_up_to"] > limit
    assert free["capped_by"] == ""
    assert capped["order_up_to"] == limit
    assert capped["capped_by"] == name
    assert capped["reorder_point"] >= 0
    assert capped["fill_rate"] < free["fill_rate"]


@pytest.mark.parametrize("goal", [{}, {"service_measure": "fill_rate", "target": 0.3}])
def test_the_least_stock_holds_even_where_less_would_pay(make_sizing, goal):
    row = first(size_policies(make_sizing({**goal, "min_stock": 400.0})))
    assert row[["policy", "order_up_to", "capped_by"]].tolist() == ["order_up_to", 400.0, "min_stock"]


@pytest.mark.parametrize("lots", [{"moq": 60.0}, {"order_multiple": 60.0}])
def test_what_must_be_ordered_together_beats_a_cap_and_says_so(make_sizing, lots):
    row = first(size_policies(make_sizing({**AT_95, "max_stock": 25.0, **lots})))
    assert row[["reorder_point", "order_up_to", "order_quantity", "capped_by"]].tolist() == [0.0, 60.0, 60.0, "moq"]


@pytest.mark.parametrize("lots", [{}, {"moq": 5.0}, {"order_multiple": 5.0}, {"lots": 4.0, "max_stock": 3.0}])
@pytest.mark.parametrize("goal", [{}, AT_95, {"service_measure": "cycle_service", "target": 0.9}])
def test_nothing_is_stocked_where_a_cap_leaves_no_room_for_one_unit(make_sizing, lots, goal):
    sizing = make_sizing({**goal, "max_stock": 0.5, **lots, "policy": "min_max"})
    row = first(size_policies(sizing))
    assert row[["policy", "capped_by"]].tolist() == ["to_order", "max_stock"]
    none = ["safety_stock", "cycle_service", "fill_rate", "stock", "stock_value", "holding_cost"]
    assert row[[*LEVELS, *none]].tolist() == [0.0] * 9
    least = "the 4 units that demand comes in" if "lots" in lots else "one unit"
    assert row["reason"] == f"rule all_others: true; not stocked: max_stock leaves no room for {least}"
    if goal.get("service_measure") == "cycle_service":
        assert first(next(size_targets(sizing, [0.9]))).tolist() == ["to_order", 0.0, 0.0, 0.0]


def test_the_least_stock_is_kept_where_a_cap_of_cover_leaves_no_room(make_sizing):
    row = first(size_policies(make_sizing({**AT_95, "mean": 0.05, "max_cover_days": 1.0, "min_stock": 3.0})))
    assert row[["policy", "order_up_to", "capped_by"]].tolist() == ["order_up_to", 3.0, "min_stock"]


def test_a_lot_that_a_cap_makes_smaller_stays_in_whole_packs(make_sizing):
    row = first(
        size_policies(
            make_sizing({**AT_95, "policy": "min_max", "order_multiple": 8.0, "max_stock": 30.0}, order_cost=900.0)
        )
    )
    assert row[["reorder_point", "order_up_to", "order_quantity", "capped_by"]].tolist() == [
        0.0,
        24.0,
        24.0,
        "max_stock",
    ]


@pytest.mark.parametrize(
    "figures",
    [
        {"policy": "min_max", "reorder_point": 13.0},
        {"policy": "min_max", "reorder_point": 13.0, "order_up_to": 47.0},
        {"policy": "min_max", "reorder_point": 13.0, "order_up_to": 13.0},
        {"policy": "min_max", "order_up_to": 5.0},
        {"order_up_to": 33.0},
        {"order_up_to": 0.0},
        {"policy": "reorder_quantity", "order_quantity": 7.0},
        {"policy": "reorder_quantity", "reorder_point": 4.0, "order_quantity": 90.0},
        {"policy": "reorder_quantity", "safety_stock": 6.5},
        {"safety_stock": 10.0},
    ],
)
@pytest.mark.parametrize("lots", [1.0, 4.0])
def test_what_a_person_set_is_kept_to_the_unit(make_sizing, figures, lots):
    caps = {"max_cover_days": 1.0} if "order_quantity" not in figures else {}
    row = {"source": "override", "lots": lots, "moq": 3.0, **figures, **caps}
    table = first(size_policies(make_sizing(row, order_cost=400.0)))
    kept = {name: value for name, value in figures.items() if name != "policy"}
    assert table[list(kept)].to_dict() == kept
    assert table["policy"] == figures.get("policy", "order_up_to")
    assert 0 <= table["reorder_point"] <= table["order_up_to"]
    assert 0 <= table["fill_rate"] <= 1


@pytest.mark.parametrize(
    ("row", "levels", "cap"),
    [
        ({"max_stock": 60.0}, [20.0, 60.0, 40.0], "max_stock"),
        ({"min_stock": 300.0}, [20.0, 300.0, 280.0], "min_stock"),
        ({"max_stock": 60.0, "order_multiple": 12.0}, [20.0, 56.0, 36.0], "max_stock"),
        ({"max_stock": 60.0, "moq": 50.0}, [20.0, 70.0, 50.0], "moq"),
        ({"max_stock": 20.0}, [20.0, 21.0, 1.0], "moq"),
    ],
)
def test_a_reorder_point_by_a_person_stays_and_the_lot_above_it_keeps_to_caps(make_sizing, row, levels, cap):
    by_hand = {"policy": "min_max", "reorder_point": 20.0, "source": "override"}
    free, capped = (first(size_policies(make_sizing(by_hand | more, order_cost=400.0))) for more in ({}, row))
    assert free["order_up_to"] > 70.0
    assert capped[[*LEVELS, "capped_by"]].tolist() == [*levels, cap]


def test_a_safety_stock_by_a_person_keeps_to_caps_and_tells_what_is_left_of_it(make_sizing):
    free, capped = (
        first(size_policies(make_sizing({"safety_stock": 50.0, **more}))) for more in ({}, {"max_stock": 9.0})
    )
    assert capped[["order_up_to", "capped_by"]].tolist() == [9.0, "max_stock"]
    assert capped["safety_stock"] == pytest.approx(9.0 - (free["order_up_to"] - 50.0), abs=0.51)


def test_service_of_a_persons_levels_is_that_of_those_levels(make_sizing):
    sizing = make_sizing({"policy": "min_max", "reorder_point": 13.0, "order_up_to": 47.0, "source": "override"})
    given = expected_service(sizing.covered.demand, np.array([13.0]), np.array([34.0]), pack=np.ones(1))
    assert first(size_policies(sizing))[["fill_rate", "cycle_service", "stock"]].tolist() == [
        given.fill_rate[0], given.cycle_service[0], given.on_hand[0],
    ]  # fmt: skip


def test_a_safety_stock_by_a_person_lies_within_half_a_unit_in_the_levels(make_sizing):
    sizing = make_sizing({"safety_stock": 10.0}, {"policy": "min_max", "safety_stock": 10.0})
    table = size_policies(sizing)
    held = np.array([table["order_up_to"][0], table["reorder_point"][1]]) - sizing.covered.demand.mean
    assert np.abs(held - 10.0).max() <= 0.5


def test_a_lot_is_no_safety_stock(make_sizing):
    """As textbooks have it: what the least position at which nothing is ordered lies above mean demand."""
    single, lots, by_person = ({**AT_95, "order_multiple": many} for many in (1.0, 500.0, 500.0))
    sizing = make_sizing(single, lots, {**by_person, "safety_stock": 10.0})
    table, mean = size_policies(sizing), sizing.covered.demand.mean
    assert table["safety_stock"][0] == table["order_up_to"][0] - mean[0]
    assert table["safety_stock"][1] <= table["safety_stock"][0]
    assert abs(table["reorder_point"][2] + 1.0 - mean[2] - 10.0) <= 0.5
    assert (table["order_up_to"] - table["reorder_point"]).tolist()[1:] == [500.0, 500.0]


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        ({"holding_cost": np.nan}, "the holding cost is not known (give assume.holding_rate)"),
        ({"holding_cost": 0.0}, "holding costs nothing"),
        (
            {"holding_cost": np.nan, "unit_cost": np.nan},
            "a unit costs is not known (give unit_cost, or",
        ),
        ({"holding_cost": np.nan, "unit_cost": np.nan, "units_sold": np.nan}, "as nothing was sold in the window"),
    ],
)
def test_what_has_no_holding_cost_says_what_to_give(make_sizing, unknown, why):
    sizing = make_sizing({})
    assert why in size_policies(replace(sizing, costs=sizing.costs.assign(**unknown)))["reason"][0]


def test_what_cannot_be_sized_stays_blank_and_says_why(make_sizing):
    sizing = make_sizing({}, {}, {}, AT_95)
    costs = sizing.costs.copy()
    costs.loc[[0, 3], "holding_cost"] = np.nan
    costs.loc[[1, 3], ["unit_margin", "shortage_cost"]] = np.nan
    keys = sizing.rules[["item_id", "location_id"]]
    table = size_policies(
        gather_sizing(
            sizing.rules, keys.join(costs.drop(columns=list(keys))), sizing.covered, period_days=7.0, order_cost=None
        )
    )
    assert table["order_up_to"].isna().tolist() == [True, True, False, False]
    blank = [*LEVELS, "safety_stock", "cycle_service", "fill_rate", "stock", "stock_value", "lost_margin"]
    assert table.loc[[0, 1], blank].isna().all(axis=None)
    assert table["reason"][0].startswith("not sized: the holding cost is not known")
    assert table["reason"][1].startswith("not sized: the margin is not known, as what was sold has no cost")
    assert table.loc[3, ["holding_cost", "lost_margin"]].isna().all()
    assert table["policy"].tolist() == ["order_up_to"] * 4


def test_what_sold_earlier_only_is_not_said_never_to_have_sold(make_sizing):
    sizing = make_sizing({})
    costs = sizing.costs.assign(units_sold=np.nan, unit_margin=np.nan, shortage_cost=np.nan)
    reason = size_policies(replace(sizing, costs=costs))["reason"][0]
    assert reason == ("not sized: the margin is not known, as nothing was sold in the window (segments.window_months)")


def test_what_sold_without_a_price_is_not_said_not_to_have_sold(make_sizing):
    sizing = make_sizing({})
    costs = sizing.costs.assign(unit_price=np.nan, unit_margin=np.nan, shortage_cost=np.nan)
    reason = size_policies(replace(sizing, costs=costs))["reason"][0]
    assert reason == (
        "not sized: the margin is not known, as what was sold has no price (give prices or a fill_rate rule)"
    )


def test_where_no_price_is_known_at_all_the_window_is_not_blamed(make_sizing):
    sizing = make_sizing({}, {})
    costs = sizing.costs.assign(unit_price=np.nan, unit_margin=np.nan, shortage_cost=np.nan, units_sold=[5.0, np.nan])
    assert size_policies(replace(sizing, costs=costs))["reason"].str.contains("has no price").all()
    costs.loc[0, ["unit_price", "unit_margin", "shortage_cost"]] = 16.0, 5.0, 5.0
    assert "nothing was sold" in size_policies(replace(sizing, costs=costs))["reason"][1]


def test_no_stock_pays_where_it_costs_more_than_it_returns(make_sizing):
    table = size_policies(
        make_sizing(
            {"unit_margin": 0.01, "shortage_cost": 0.01},
            {"mean": 0.01, "moq": 500.0},
            {"unit_margin": -2.0, "shortage_cost": 0.0},
            {},
        )
    )
    assert table["policy"].tolist() == ["to_order"] * 3 + ["order_up_to"]
    assert (table["reason"][:3] == "no stock pays: it would cost more than it returns").all()
    assert (table.loc[:2, [*LEVELS, "stock"]] == 0).all(axis=None)


def test_demand_that_comes_in_lots_is_stocked_in_lots(make_sizing):
    table = size_policies(
        make_sizing({**AT_95, "lots": 6.0}, {**AT_95, "lots": 0.25}, {**AT_95, "lots": 6.0, "moq": 8.0})
    )
    for row, lot in ((0, 6.0), (1, 0.25)):
        assert table.loc[row, "order_quantity"] == lot
        assert (table.loc[row, LEVELS] % lot == 0).all()
    assert table["order_quantity"][2] >= 8.0
    assert table["order_quantity"][2] % 6.0 == 0


UNITS = ["reorder_point", "order_up_to", "order_quantity", "safety_stock", "stock", "demand_year"]
MONEY = ["stock_value", "holding_cost", "lost_margin", "unit_cost", "unit_margin"]
PER_UNIT = ["unit_cost", "unit_price", "unit_margin", "holding_cost", "shortage_cost"]
SEVERAL = [{}, AT_95, {"policy": "min_max"}, {"policy": "reorder_quantity", "moq": 24.0}, {"mean": 0.3, "spread": 9.0},
           {"max_cover_days": 20.0, "order_multiple": 12.0, "mean": 100.0}]  # fmt: skip


@pytest.mark.parametrize("factor", [163.0, 0.01])
def test_another_currency_leaves_levels_as_they_are(make_sizing, factor):
    plain = size_policies(make_sizing(*SEVERAL, order_cost=30.0))
    scaled = [{name: COST[name] * factor for name in PER_UNIT} | row for row in SEVERAL]
    other = size_policies(make_sizing(*scaled, order_cost=30.0 * factor))
    pd.testing.assert_frame_equal(plain.drop(columns=MONEY), other.drop(columns=MONEY))
    pd.testing.assert_frame_equal(plain[MONEY] * factor, other[MONEY])


COST = {"unit_cost": 10.0, "unit_price": 16.0, "unit_margin": 5.0, "holding_cost": 2.5, "shortage_cost": 5.0}


def test_dozens_are_twelve_units(make_sizing):
    plain = size_policies(make_sizing(*SEVERAL, order_cost=30.0))
    dozens = []
    for row in SEVERAL:
        units = {name: row[name] / 12 for name in ("moq", "order_multiple") if name in row}
        dozens.append({**{name: COST[name] * 12 for name in PER_UNIT}, "lots": 1 / 12, **row, **units})
    other = size_policies(make_sizing(*dozens, order_cost=30.0))
    pd.testing.assert_frame_equal(plain[UNITS], other[UNITS] * 12)
    money = ["stock_value", "holding_cost", "lost_margin"]
    same = ["policy", "cycle_service", "fill_rate", "capped_by", *money]
    pd.testing.assert_frame_equal(plain[same], other[same])


def test_row_order_and_names_change_nothing_else(make_sizing):
    plain = size_policies(make_sizing(*SEVERAL, order_cost=30.0)).drop(columns="item_id")
    turned = size_policies(make_sizing(*SEVERAL[::-1], order_cost=30.0)).drop(columns="item_id")
    pd.testing.assert_frame_equal(plain, turned.iloc[::-1].reset_index(drop=True))
    sizing = make_sizing(*SEVERAL, order_cost=30.0)
    mixed = sizing.rules.sample(frac=1, random_state=3)
    costs = sizing.costs.loc[mixed.index]
    again = gather_sizing(
        mixed.reset_index(drop=True), costs.reset_index(drop=True), sizing.covered, period_days=7.0, order_cost=30.0
    )
    pd.testing.assert_frame_equal(size_policies(again).drop(columns="item_id"), plain)


@given(
    st.floats(0.3, 0.99),
    st.floats(0.3, 0.99),
    st.floats(0.2, 60.0),
    st.floats(1.05, 20.0),
    st.sampled_from([np.nan, 4.0, 30.0]),
)
def test_more_service_never_takes_less_stock(make_sizing, one, other, mean, spread, moq):
    less, more = sorted([one, other])
    row = {"mean": mean, "spread": spread, "moq": moq}
    for measure in ("cycle_service", "fill_rate"):
        rows = [{**row, "service_measure": measure, "target": target} for target in (less, more)]
        table = size_policies(make_sizing(*rows))
        assert table["order_up_to"].is_monotonic_increasing
        assert table["stock"].is_monotonic_increasing
    cheap, dear = ({**row, "holding_cost": 2.5 * factor} for factor in (1.0, 3.0))
    levels = size_policies(make_sizing(cheap, dear))["order_up_to"]
    assert levels.is_monotonic_decreasing


def test_levels_alone_are_those_of_the_policies(make_sizing):
    targets = (0.5, 0.95, 0.8)
    sizings = []
    for target in targets:
        goal = {"service_measure": "cycle_service", "target": target}
        rows = goal, {**goal, "order_quantity": 33.0}, {**goal, "max_stock": 9.0}, {"policy": "to_order"}
        sizings.append(make_sizing(*rows))
    for sizing, alone in zip(sizings, size_targets(sizings[0], targets), strict=True):
        whole = size_policies(sizing)[list(alone.columns)]
        pd.testing.assert_frame_equal(alone, whole, check_dtype=False)
    for measure in ("economic", "fill_rate"):
        with pytest.raises(ValueError, match="cycle_service"):
            next(size_targets(make_sizing({"service_measure": measure, "target": 0.9}), targets))


def test_where_nothing_is_stocked_targets_size_nothing(make_sizing):
    levels = next(size_targets(make_sizing({"policy": "to_order"}), [0.9]))
    assert first(levels).tolist() == ["to_order", 0.0, 0.0, 0.0]


def test_the_same_under_other_rules_forgets_caps_and_persons(make_sizing):
    sizing = make_sizing(
        {"order_up_to": 3.0, "source": "override"}, {"max_stock": 2.0}, {"policy": "to_order", "service_measure": ""}
    )
    same = sizing.under(service_measure="cycle_service", target=0.9, policy="order_up_to", source="rule")
    table = size_policies(same)
    assert table["policy"].tolist() == ["order_up_to", "order_up_to", "to_order"]
    assert table["order_up_to"][0] == table["order_up_to"][1] > 3.0
    assert (table["source"] == "rule")[:2].all()
    assert sizing.rules["order_up_to"][0] == 3.0


def test_nothing_gives_an_empty_table(make_sizing):
    sizing = make_sizing({})
    none = gather_sizing(sizing.rules.iloc[:0], sizing.costs.iloc[:0], sizing.covered, period_days=7.0, order_cost=None)
    pd.testing.assert_frame_equal(size_policies(none), empty_table("policies"))
