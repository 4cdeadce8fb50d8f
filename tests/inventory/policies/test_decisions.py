"""One size at equal service, the decisions that move most money, and the stock that lies beside what is asked for."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.decisions import (
    DUE,
    IDLE,
    OWN_ONLY,
    SUPPLIES,
    UNJUDGED,
    compare_stock,
    list_decisions,
    one_size_policies,
)
from segkit.inventory.policies.gathered import gather_sizing
from segkit.inventory.policies.sizing import size_policies
from segkit.inventory.policies.supplying import list_supplying

MIX = [
    {"unit_margin": 40.0, "shortage_cost": 40.0},
    {"unit_margin": 0.4, "shortage_cost": 0.4},
    {"mean": 4.0, "spread": 8.0},
    {"mean": 90.0, "spread": 2.0},
    {"policy": "to_order", "service_measure": ""},
]


@pytest.fixture(scope="module")
def sizing(make_sizing):
    return make_sizing(*MIX)


def test_one_size_serves_as_much_margin_and_hardly_more(sizing):
    own = size_policies(sizing)
    target, same = one_size_policies(sizing, own)
    wanted = own["lost_margin"].sum()
    assert same["lost_margin"].sum() <= wanted
    less = sizing.under(service_measure="cycle_service", target=target - 0.001, policy="order_up_to", source="rule")
    assert size_policies(less)["lost_margin"].sum() > wanted
    assert same["policy"].tolist() == ["order_up_to"] * 4 + ["to_order"]


def test_where_one_size_cannot_serve_as_much_the_nearest_is_told(make_sizing):
    sizing = make_sizing({"service_measure": "cycle_service", "target": 0.9999})
    target, same = one_size_policies(sizing, size_policies(sizing))
    assert target == 0.999
    assert same["cycle_service"][0] >= 0.999


def test_decisions_are_sorted_by_money_and_add_up(sizing):
    own = size_policies(sizing)
    target, same = one_size_policies(sizing, own)
    table = list_decisions(sizing, own)
    assert table.dtypes.to_dict() == empty_table("policy_decisions").dtypes.to_dict()
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert table["yearly_saving"].abs().is_monotonic_decreasing
    cost, other = (part["holding_cost"].sum() + part["lost_margin"].sum() for part in (own, same))
    assert table["yearly_saving"].sum() == pytest.approx(other - cost)
    assert (table["one_target"] == target).all()
    told = table.set_index("item_id")["decision"]
    assert told["SKU-0000"] == "stock more"
    assert told["SKU-0001"] == "stock less"
    assert told["SKU-0004"] == "do not stock"
    few = list_decisions(sizing, own, rows=2)
    assert few["rank"].tolist() == [1, 2]
    assert few["all_saving"].tolist() == pytest.approx([table["yearly_saving"].sum()] * 2)


def test_savings_count_orders_and_the_shortage_cost_by_which_levels_are_sized(make_sizing):
    row = {"policy": "reorder_quantity", "order_quantity": 40.0, "service_measure": "fill_rate", "target": 0.95}
    sizing = make_sizing(row)
    own = size_policies(sizing)
    plain, ordered = (
        list_decisions(replace(sizing, order_cost=cost), own)["yearly_saving"][0] for cost in (None, 15.0)
    )
    year = own["demand_year"][0]  # four units a week, by 2 / (2 + 4) squared none: an order in eight of nine weeks
    assert ordered - plain == pytest.approx(15.0 * (8 / 9 * 365.25 / 7 - year / 40), rel=0.01)
    dear = replace(sizing, costs=sizing.costs.assign(shortage_cost=3 * sizing.costs["shortage_cost"]))
    _, same = one_size_policies(sizing, own)
    more = list_decisions(dear, own)["yearly_saving"][0] - plain
    assert more == pytest.approx(2 * (same["lost_margin"][0] - own["lost_margin"][0]))


def test_between_two_reviews_as_much_lacks_as_is_asked_for_and_is_not_late(policies):
    policies = policies.assign(demand_year=365.25, review_days=7.0)
    table = compare_stock(
        policies, stock([("SKU-0000", "2025-01-06", 4.0, 0.0, 0.0), ("SKU-0001", "2025-01-06", 1.0, 0.0, 0.0)])
    )
    assert table["state"].tolist() == ["to be ordered"] * 2
    assert table["shortage"].tolist() == [0.0, 2.0]


def test_what_could_not_be_sized_is_no_decision_and_does_not_move_the_one_size(make_sizing):
    plain = make_sizing(*MIX[:4])
    target, _ = one_size_policies(plain, size_policies(plain))
    more = make_sizing(*MIX[:4], {"mean": 500.0})
    costs = more.costs.assign(holding_cost=more.costs["holding_cost"].where(more.costs.index < 4))
    unsized = gather_sizing(more.rules, costs, more.covered, period_days=7.0, order_cost=None)
    own = size_policies(unsized)
    assert own["lost_margin"].isna().tolist() == [False] * 4 + [True]
    assert one_size_policies(unsized, own)[0] == target
    assert "SKU-0004" not in set(list_decisions(unsized, own)["item_id"])


def test_nothing_gives_empty_tables(sizing):
    none = gather_sizing(sizing.rules.iloc[:0], sizing.costs.iloc[:0], sizing.covered, period_days=7.0, order_cost=None)
    pd.testing.assert_frame_equal(list_decisions(none, size_policies(none)), empty_table("policy_decisions"))
    for inventory, policies in (
        (empty_table("inventory"), size_policies(sizing)),
        (stock([]), empty_table("policies")),
    ):
        pd.testing.assert_frame_equal(compare_stock(policies, inventory), empty_table("stock_position"))


def stock(rows, columns=("item_id", "date", "on_hand", "on_order", "backorders")):
    table = pd.DataFrame(rows, columns=list(columns)).assign(location_id="NORTH")
    return table.assign(date=pd.to_datetime(table["date"]))


@pytest.fixture
def policies():
    rows = {
        "item_id": [f"SKU-{n:04d}" for n in range(6)], "location_id": "NORTH",
        "policy": ["min_max"] * 4 + ["to_order", "min_max"], "reorder_point": [10.0] * 3 + [np.nan, 0.0, 10.0],
        "order_up_to": [30.0] * 3 + [np.nan, 0.0, 30.0], "unit_cost": [2.0] * 5 + [np.nan],
        "reason": ["rule"] * 3 + ["not sized: no margin"] + ["rule"] * 2,
    }  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=empty_table("policies").columns)


def test_stock_is_compared_by_hand(policies):
    rows = [
        ("SKU-0000", "2025-01-06", 35.0, 10.0, 5.0),
        ("SKU-0001", "2025-01-06", 10.0, 2.0, 5.0),
        ("SKU-0002", "2025-01-06", 90.0, 0.0, 0.0),
        ("SKU-0002", "2025-01-13", 11.0, np.nan, np.nan),
        ("SKU-0003", "2025-01-06", 5.0, 0.0, 0.0),
        ("SKU-0004", "2025-01-06", 5.0, 0.0, 0.0),
        ("SKU-0005", "2025-01-06", 5.0, 0.0, 0.0),
        ("SKU-0099", "2025-01-06", 5.0, 0.0, 0.0),
    ]
    table = compare_stock(policies, stock(rows).sample(frac=1, random_state=1))
    assert table.dtypes.to_dict() == empty_table("stock_position").dtypes.to_dict()
    assert table["item_id"].tolist() == [f"SKU-{n:04d}" for n in range(6)]
    unsized, uncosted = table.iloc[3], table.iloc[5]
    assert unsized[["state", "reason"]].tolist() == ["not judged: no levels", "not sized: no margin"]
    assert unsized[["excess", "excess_value", "shortage", "shortage_value"]].isna().all()
    assert uncosted[["state", "shortage"]].tolist() == ["to be ordered", 5.0]
    assert uncosted[["excess_value", "shortage_value"]].isna().all()
    table = table.iloc[[0, 1, 2, 4]]
    assert (table["reason"] == "").all()
    assert table["inventory_position"].tolist() == [40.0, 7.0, 11.0, 5.0]
    assert table["excess"].tolist() == [10.0, 0.0, 0.0, 5.0]
    assert table["excess_value"].tolist() == [20.0, 0.0, 0.0, 10.0]
    assert table["shortage"].tolist() == [0.0, 3.0, 0.0, 0.0]
    assert table["state"].tolist() == [
        "above the order-up-to level", "to be ordered", "in range", "stock without a policy to hold it",
    ]  # fmt: skip


def test_snapshots_without_quantities_or_locations_are_no_stock(policies):
    rows = [("SKU-0000", "2025-01-06", 35.0)]
    slim = stock(rows, ("item_id", "date", "on_hand"))
    assert compare_stock(policies, slim)["inventory_position"].tolist() == [35.0]
    for lacking in ("on_hand", "location_id"):
        pd.testing.assert_frame_equal(
            compare_stock(policies, slim.drop(columns=lacking)), empty_table("stock_position")
        )


def test_at_the_reorder_point_it_is_time_to_order_and_nothing_lacks(policies):
    table = compare_stock(policies, stock([("SKU-0000", "2025-01-06", 10.0, 0.0, 0.0)]))
    assert table[["shortage", "state"]].to_numpy().tolist() == [[0.0, "to be ordered"]]


def test_stock_where_nothing_was_ever_asked_for_is_all_excess(policies):
    rows = [("SKU-0000", "2025-01-06", 12.0, 0.0, 0.0), ("SKU-0098", "2025-01-06", 0.0, 0.0, 0.0)]
    rows += [("SKU-0099", "2025-01-06", 5.0, 0.0, 0.0)]
    costs = pd.DataFrame({"item_id": ["SKU-0098", "SKU-0099"], "location_id": "NORTH", "unit_cost": [3.0, 4.0]})
    table = compare_stock(policies, stock(rows), costs).set_index("item_id")
    assert list(table.index) == ["SKU-0000", "SKU-0099"]
    assert table.loc["SKU-0099", ["excess", "excess_value", "state"]].tolist() == [
        5.0, 20.0, "stock without a policy to hold it",
    ]  # fmt: skip


def test_stock_of_places_without_a_lead_time_is_listed_and_says_so(policies):
    costs = pd.DataFrame({"item_id": ["SKU-0090"], "location_id": "NORTH", "unit_cost": 3.0, "asked_for": True})
    table = compare_stock(policies, stock([("SKU-0090", "2025-01-06", 0.0, 0.0, 0.0)]), costs)
    assert table[["item_id", "state", "reason"]].to_numpy().tolist() == [
        ["SKU-0090", "not judged: no levels", "no lead time is known"]
    ]
    assert table[["excess", "shortage", "order_up_to"]].isna().all(axis=None)


def test_what_lies_above_levels_of_own_customers_is_not_judged_where_others_are_supplied(policies):
    at = {"SKU-0000": 35.0, "SKU-0001": 7.0, "SKU-0002": 20.0, "SKU-0003": 5.0, "SKU-0004": 5.0}
    lying = stock([(item, "2025-01-06", units, 0.0, 0.0) for item, units in at.items()])
    supplying = policies[["item_id", "location_id"]].drop(index=4)
    table = compare_stock(policies, lying, supplying=supplying).set_index("item_id")
    assert table["state"].tolist() == [SUPPLIES, DUE, SUPPLIES, UNJUDGED, IDLE]
    assert table["supplying_value"].fillna(-1.0).tolist() == [10.0, -1.0, 0.0, -1.0, -1.0]
    assert table["excess"].fillna(-1.0).tolist() == [-1.0, 0.0, -1.0, -1.0, 5.0]
    assert table["excess_value"].sum() == 10.0
    assert table["shortage"].fillna(-1.0).tolist() == [-1.0, 3.0, -1.0, -1.0, 0.0]
    assert table["reason"].tolist() == [OWN_ONLY, "", OWN_ONLY, "not sized: no margin", ""]
    whole = compare_stock(policies, lying).set_index("item_id")
    assert whole["excess_value"].sum() == 20.0
    assert whole["supplying_value"].isna().all()


def test_items_are_supplied_to_whoever_asks_for_them_further_down():
    places = pd.DataFrame({"item_id": ["b", "a", "a"], "location_id": ["DC", "SHOP", "DC"]})
    network = pd.DataFrame({"location_id": ["SHOP", "DC", "PLANT"], "supplied_by": ["DC", "PLANT", None]})
    made = list_supplying(places, network)
    assert made.to_numpy().tolist() == [["a", "DC"], ["a", "PLANT"], ["b", "PLANT"]]
    assert len(list_supplying(places, network.assign(supplied_by=["DC", "SHOP", None]))) == 4  # a circle
    assert list_supplying(places, network.drop(columns="supplied_by")).empty
    assert list_supplying(places.head(0), network).empty
