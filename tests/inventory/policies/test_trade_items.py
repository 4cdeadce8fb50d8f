"""Items between which stock and service are traded: those that rules stock, with all that is known of them."""

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.demand_curves import expected_shortage
from segkit.inventory.exchange import trade_stock_for_service
from segkit.inventory.forecasting import quantile_name
from segkit.inventory.policies.gathered import gather_sizing
from segkit.inventory.policies.sizing import size_policies
from segkit.inventory.policies.trade_items import list_trade_items, served_weight

ROWS = [
    {},
    {"policy": "reorder_quantity", "moq": 40.0, "lots": 2.0},
    {"policy": "to_order", "service_measure": ""},
    {
        "mean": 4.0,
        "spread": 8.0,
        "unit_margin": -3.0,
        "shortage_cost": 0.0,
        "service_measure": "fill_rate",
        "target": 0.5,
    },
    {"mean": 0.0},
]
IDS = [f"SKU-{n:04d}" for n in range(5)]
SEGMENTS = pd.DataFrame({"item_id": IDS, "abc": list("ABCAB"), "xyz": list("XXYYZ")}).assign(
    segment=lambda table: table["abc"] + table["xyz"]
)
VALUE = pd.DataFrame({"item_id": IDS, "quantity": 30.0, "lines": 10})


@pytest.fixture(scope="module")
def sizing(make_sizing):
    return make_sizing(*ROWS)


def test_items_by_hand(sizing):
    own = size_policies(sizing)
    table = list_trade_items(sizing, own, SEGMENTS, VALUE).set_index("item_id")
    assert table.index.tolist() == [IDS[0], IDS[1], IDS[3]]
    year = own.set_index("item_id")["demand_year"]
    assert table["demand"].to_dict() == year[table.index].to_dict()
    assert table["margin"].tolist() == pytest.approx([year.iloc[0] * 5, year.iloc[1] * 5, 0.0])
    assert table["lines"].tolist() == pytest.approx((year[table.index] / 3).tolist())
    assert table["stock_target"].tolist() == [own["order_up_to"][0], own["reorder_point"][1], own["order_up_to"][3]]
    served, rows = table["order_quantity"].to_numpy(), [0, 1, 3]
    assert (served >= np.array([4.0, 40.0, 1.0]) - 1e-9).all()
    demand, lots = sizing.covered.demand, sizing.covered.lots[rows]
    level = table["stock_target"].to_numpy() / lots
    short = expected_shortage(demand.whole[rows], demand.chances, level) * lots / served
    assert short.tolist() == pytest.approx((1 - own["fill_rate"][rows]).tolist(), abs=1e-9)
    assert table["segment"].tolist() == ["AX", "BX", "AY"]
    median = quantile_name(sizing.covered.demand.chances[16])
    assert table[median].tolist() == (sizing.covered.demand.whole[:, 16] * sizing.covered.lots)[[0, 1, 3]].tolist()


def test_weights_are_served_as_policies_serve_them(sizing):
    own = size_policies(sizing)
    items = list_trade_items(sizing, own, SEGMENTS, VALUE)
    fills = own["fill_rate"][[0, 1]]
    assert served_weight(items, own, "margin") == pytest.approx(np.average(fills, weights=items["margin"][:2]))
    assert np.isnan(served_weight(items.iloc[:0], own, "demand"))


def test_what_is_not_known_is_not_traded(sizing):
    costs = sizing.costs.assign(unit_price=[np.nan, 16.0, 16.0, 16.0, 16.0], holding_cost=[2.5, 2.5, 2.5, np.nan, 2.5])
    some = gather_sizing(sizing.rules, costs, sizing.covered, period_days=7.0, order_cost=None)
    table = list_trade_items(some, size_policies(some), SEGMENTS, VALUE)
    assert table["item_id"].tolist() == [IDS[1]]
    unnamed = list_trade_items(some, size_policies(some), SEGMENTS.iloc[:0], VALUE)
    assert (unnamed["segment"] == "(none)").all()


def test_nothing_is_traded_without_policies(sizing):
    none = gather_sizing(sizing.rules.iloc[:0], sizing.costs.iloc[:0], sizing.covered, period_days=7.0, order_cost=None)
    table = list_trade_items(none, size_policies(none), SEGMENTS, VALUE)
    assert table.empty
    assert trade_stock_for_service(table).empty


def test_now_stands_where_the_policies_stand(make_sizing):
    lots = {"policy": "order_up_to", "moq": 20.0, "lots": 20.0}  # whatever is missing, but twenty at a time
    sizing = make_sizing({}, {"policy": "reorder_quantity", "moq": 40.0, "lots": 2.0}, lots)
    own = size_policies(sizing)
    items = list_trade_items(sizing, own, SEGMENTS, VALUE)
    assert own["order_quantity"][2] >= 20
    curve = trade_stock_for_service(items, weight="margin")
    now = curve[(curve["rule"] == "now") & (curve["segment"] == "(all)")].iloc[0]
    assert now["stock_value"] == pytest.approx(own["stock_value"].sum(), rel=1e-9)
    assert now["fill_rate"] == pytest.approx(served_weight(items, own, "margin"), abs=1e-9)
