"""The order book: what is open, and whose it is."""

from datetime import date

import pandas as pd
import pytest

from segkit.core.errors import SettingsError
from segkit.core.promising_settings import Promising
from segkit.promising.order_book import date_lines, list_open_orders, order_classes, require_known_classes

DAY = date(2025, 6, 30)


def book(*rows, **columns):
    """Return orders and the order lines made from them; a row is day, item, quantity, shipped day."""
    frame = pd.DataFrame(rows, columns=["order_date", "item_id", "quantity", "shipped_date"])
    frame = frame.assign(order_date=pd.to_datetime(frame["order_date"]), customer_id="CUST-1", **columns)
    orders = frame.assign(shipped_date=pd.to_datetime(frame["shipped_date"]))
    blank = pd.Series([None] * len(frame), dtype="str")
    lines = orders.assign(
        order_id=columns.get("order_id", blank), line_id=blank, location_id="DC", channel="shop", demand_class="gold",
        revenue=orders["quantity"] * 10.0, gross_margin=orders["quantity"] * 4.0, freight_out=1.0, is_reversed=False,
    )  # fmt: skip
    return orders, lines


def opened(orders, lines, **rules):
    return list_open_orders(date_lines(lines, orders), as_of=DAY, rules=Promising(**rules))


def test_what_is_not_shipped_is_open_and_returns_are_not():
    orders, lines = book(
        ("2025-06-20", "A", 4, None), ("2025-06-21", "B", 2, "2025-06-25"), ("2025-06-22", "A", -1, None)
    )
    made = opened(orders, lines)
    assert made["item_id"].tolist() == ["A"]
    assert made["unit_margin"].tolist() == [(16.0 - 1.0) / 4]
    assert made["requested_date"].tolist() == [pd.Timestamp("2025-06-20")]  # nothing else is known


def test_where_nothing_tells_shipments_nothing_is_open():
    orders, lines = book(("2025-06-20", "A", 4, None))
    assert opened(orders.drop(columns="shipped_date"), lines).empty


def test_the_status_decides_where_lines_have_one():
    orders, lines = book(
        ("2025-06-20", "A", 4, "2025-06-21"), ("2025-06-20", "B", 4, None), status=["open", "cancelled"]
    )
    assert opened(orders, lines)["item_id"].tolist() == ["A"]


def test_lines_without_ids_are_told_apart_within_the_order():
    orders, lines = book(
        ("2025-06-20", "A", 4, None), ("2025-06-20", "A", 4, None), ("2025-06-21", "A", 4, "2025-06-22")
    )
    made = opened(orders, lines)
    assert made[["order_id", "line_id"]].to_numpy().tolist() == [["CUST-1 2025-06-20", "1"], ["CUST-1 2025-06-20", "2"]]


def test_what_was_asked_for_long_ago_is_listed_and_not_promised_to():
    orders, lines = book(
        ("2024-06-20", "A", 4, None), ("2025-06-01", "A", 4, None), ("2025-06-01", "A", 4, "2025-06-02")
    )
    assert [bool(text) for text in opened(orders, lines, stale_order_days=100)["left_out"]] == [True, False]


def test_lines_of_other_orders_are_refused():
    orders, lines = book(("2025-06-20", "A", 4, None), ("2025-06-21", "B", 2, None))
    with pytest.raises(ValueError, match="not made from these"):
        date_lines(lines, orders.iloc[::-1])


def test_classes_come_as_named_then_by_margin_share_and_unknown_last():
    lines = pd.DataFrame(
        {
            "demand_class": ["gold", "tin", "lead", "(unknown)", "zinc"],
            "revenue": [10.0, 10.0, 10.0, 10.0, 0.0],
            "gross_margin": [1.0, 2.0, 3.0, 9.0, 0.0],
            "freight_out": 0.0,
        }
    )
    assert order_classes(lines, rules=Promising(), known=["gold"]) == ["gold", "lead", "tin", "zinc", "(unknown)"]
    assert order_classes(lines, rules=Promising(classes=["tin"]), known=["gold"])[:2] == ["tin", "lead"]


def test_settings_that_name_a_class_nobody_has_are_refused_with_the_nearest():
    rules = Promising(classes=["gold", "tim"], goodwill={"gould": 2.0})
    with pytest.raises(SettingsError, match=r"(?s)promising.classes: 'tim'.*tin.*promising.goodwill: 'gould'.*gold"):
        require_known_classes(["gold", "tin"], rules=rules)
