"""Traps that an audit of the numbers found, each as a small case."""

import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.lead_times import measure_lead_times
from segkit.core.settings import LeadTimes, Settings, check_settings
from segkit.dynamics.demand.panel import days_without_stock, stocked_places
from segkit.dynamics.lines.line_kinds import find_reversals, mark_lines
from segkit.dynamics.lines.profitability import sales_as_orders, value_lines
from segkit.dynamics.lines.values import value_customers
from segkit.dynamics.story.assumptions import list_assumptions, vary_assumptions


def orders_of(rows, **columns):
    names = ["order_date", "customer_id", "item_id", "quantity", "amount"]
    frame = pd.DataFrame(rows, columns=names).assign(**columns)
    return frame.assign(order_date=pd.to_datetime(frame["order_date"]).astype("datetime64[us]"))


def lines_of(orders):
    valued = value_lines(orders, empty_table("items"), empty_table("fx"), settings=Settings())
    return mark_lines(valued, empty_table("customers"), settings=Settings())


def test_goods_that_come_back_bring_their_cost_back_whatever_its_sign():
    rows = [("2025-01-02", "CUST-0001", "SKU-0001", -4.0, -40.0)]
    margins = [lines_of(orders_of(rows, cost=[cost]))["net_margin"].item() for cost in (24.0, -24.0)]
    assert margins == [-16.0, -16.0]


def test_rounding_of_sums_makes_no_loss_maker():
    rows = [("2025-01-02", "CUST-0001", "SKU-0001", 1.0, amount) for amount in (0.1, 0.2, -0.3)]
    table = value_customers(lines_of(orders_of(rows, cost=[0.0, 0.0, 0.0])), empty_table("customers"))
    assert 0.1 + 0.2 - 0.3 != 0
    assert table["net_margin"].item() == 0.0
    assert pd.isna(table["margin_share"].item())


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2], [2, 1, 0]])
def test_a_return_undoes_the_sale_of_its_place_and_price(order):
    orders = orders_of(
        [("2025-01-02", "CUST-0001", "SKU-0001", 10.0, 50.0)] * 2
        + [("2025-01-03", "CUST-0001", "SKU-0001", -10.0, -50.0)],
        location_id=["D1", "D2", "D2"],
        order_id=["1", "2", "3"],
    )
    lines = orders.assign(revenue=orders["amount"]).iloc[order]
    undone = find_reversals(lines, days=7)
    assert sorted(lines.loc[undone, "order_id"]) == ["2", "3"]


def test_a_return_at_another_price_undoes_nothing():
    rows = [("2025-01-02", "CUST-0001", "SKU-0001", 10.0, 50.0), ("2025-01-03", "CUST-0001", "SKU-0001", -10.0, -30.0)]
    orders = orders_of(rows)
    assert not find_reversals(orders.assign(revenue=orders["amount"]), days=7).any()


def test_impossible_receipts_tell_no_lead_time():
    purchases = pd.DataFrame(
        {
            "item_id": "SKU-0001",
            "supplier_id": "SUP-1",
            "location_id": "D1",
            "ordered_date": pd.to_datetime(["2025-01-10", "2025-01-10", "2025-02-10", "2025-03-10"]),
            "received_date": pd.to_datetime(["2025-01-10", "2024-12-13", "2025-02-20", "2025-03-24"]),
            "quantity": [-5.0, 5.0, 5.0, 5.0],
        }
    )
    table = measure_lead_times(purchases, empty_table("items"), rules=LeadTimes(min_receipts=2))
    assert table["receipts"].item() == 2
    assert table["lead_time_mean"].item() == 12.0


def test_wide_sales_with_a_blank_location_are_read():
    sales = pd.DataFrame(
        {
            "item_id": pd.Categorical(["SKU-0001", "SKU-0002"]),
            "location_id": pd.Categorical(["D1", None]),
            "period": pd.to_datetime(["2025-01-06", "2025-01-06"]).astype("datetime64[us]"),
            "quantity": [3.0, 4.0],
            "price": [1.0, 1.0],
        }
    )
    assert lines_of(sales_as_orders(sales))["location_id"].tolist() == ["D1", "(all)"]


def test_no_week_has_more_than_seven_days_without_stock():
    day = pd.to_datetime(["2025-01-06"]).astype("datetime64[us]")
    sales = pd.DataFrame(
        {"item_id": ["A"], "location_id": ["D1"], "period": day, "quantity": [0.0], "in_stock": [False]}
    )
    more = sales.assign(period=day + pd.Timedelta(days=7), in_stock=True)
    inventory = pd.DataFrame({"item_id": ["A"], "location_id": ["D1"], "date": day, "in_stock": [False]})
    week = Settings(periods={"unit": "week"}).periods
    days = days_without_stock(inventory, pd.concat([sales, more], ignore_index=True), periods=week)
    assert days["out_of_stock_days"].tolist() == [7]


def test_what_is_blank_on_some_lines_is_assumed_on_those():
    orders = orders_of(
        [("2025-01-02", "CUST-0001", "SKU-0001", 1.0, 30.0), ("2025-01-03", "CUST-0001", "SKU-0002", 1.0, 10.0)],
        currency=["EUR", None],
        location_id=["D1", "D2"],
        cost=[1.0, 1.0],
    )
    inventory = pd.DataFrame({"item_id": ["SKU-0001"], "location_id": ["D1"]})
    stocked = stocked_places(inventory, empty_table("sales"))
    made = list_assumptions(lines_of(orders), orders, stocked, stocked[:0], settings=Settings()).set_index("assumption")
    unset = {"order_cost": 2, "holding_cost": 2}
    assert made["rows"].to_dict() == {"cost_to_serve": 2, "currency": 1, "demand": 1} | unset
    assert made["share"].tolist() == [1.0, 0.25, 0.25, 1.0, 1.0]


@pytest.mark.parametrize(("name", "unset"), [("order_cost", "order_cost"), ("holding_rate", "holding_cost")])
def test_what_ordering_and_holding_cost_is_listed_whether_set_or_not(name, unset):
    orders = orders_of([("2025-01-02", "CUST-0001", "SKU-0001", 1.0, 30.0)], cost=[1.0])
    none = stocked_places(empty_table("inventory"), empty_table("sales"))

    def listed(settings):
        return list_assumptions(lines_of(orders), orders, none, none, settings=settings).set_index("assumption")

    bare, given = listed(Settings()), listed(Settings(assume={name: 0.2}))
    assert f"assume.{name} is not set" in bare.loc[unset, "why"]
    assert unset not in given.index
    assert given.loc[f"assume.{name}", "value"] == "0.2"
    assert f"assume.{name}" not in bare.index


def test_an_assumption_that_cannot_be_a_fifth_higher_is_left_blank():
    assumed = pd.DataFrame({"assumption": ["assume.gross_margin"], "value": ["0.9"]})
    told = pd.DataFrame({"headline": ["net_margin"], "unit": ["EUR"], "value": [9.0]})

    def told_if(assume):
        check_settings({"assume": assume}, "what_if")
        return told.assign(value=10 * assume["gross_margin"])

    effects = vary_assumptions(assumed, told, told_if)
    assert effects["low"].item() == pytest.approx(7.2)
    assert pd.isna(effects["high"].item())


def test_a_foreign_item_cost_that_no_line_needs_needs_no_rate():
    orders = orders_of([("2025-01-02", "CUST-0001", "SKU-0001", 1.0, 30.0)], cost=[5.0])
    items = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "unit_cost": [4.0, 4.0], "currency": ["USD", "USD"]})
    assert value_lines(orders, items, empty_table("fx"), settings=Settings())["cost"].tolist() == [5.0]
    with pytest.raises(sk.DataError, match=r"items\.unit_cost cannot be converted"):
        value_lines(orders.drop(columns="cost"), items, empty_table("fx"), settings=Settings())


def test_what_items_cost_today_is_an_assumption_with_effects(sample_plan):
    made = sample_plan.assumptions.set_index("assumption").loc["assume.item_cost_factor"]
    lines = sample_plan.order_lines
    assert made["rows"] == (lines["cost_source"] == "item").sum() > 0
    early = sk.open_plan(sample_plan.workspace, as_of="2023-12-31").assumption_effects
    margin = early.set_index(["assumption", "headline"]).loc[("assume.item_cost_factor", "net_margin")]
    assert margin["low"] > margin["base"] > margin["high"]
