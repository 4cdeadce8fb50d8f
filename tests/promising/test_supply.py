"""Supply: stock, what is due and what the policies would order; nothing is counted on that cannot be."""

from datetime import date

import pandas as pd
import pytest

from segkit.promising.supply import SupplyRules, counted_on, gather_supply, plan_orders

DAY = date(2025, 6, 30)
NONE = pd.DataFrame(columns=["item_id", "location_id", "quantity", "available_date"])


def stock(*rows):
    return pd.DataFrame(rows, columns=["date", "item_id", "location_id", "on_hand"]).assign(
        date=lambda table: pd.to_datetime(table["date"])
    )


def bought(*rows):
    columns = [
        "po_id",
        "line_id",
        "supplier_id",
        "item_id",
        "location_id",
        "expected_date",
        "received_date",
        "quantity",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(**{name: pd.to_datetime(table[name]) for name in ("expected_date", "received_date")})


def test_the_last_snapshot_counts_and_later_ones_are_not_known():
    inventory = stock(
        ("2025-06-29", "SKU-0002", "DC", 5.0),
        ("2025-06-22", "SKU-0002", "DC", 9.0),
        ("2025-07-01", "SKU-0002", "DC", 70.0),
    )
    made = gather_supply(inventory, bought(), NONE, as_of=DAY, rules=SupplyRules())
    assert made[["kind", "quantity"]].to_numpy().tolist() == [["on_hand", 5.0]]


def test_an_open_receipt_comes_as_late_as_its_supplier_is_and_not_before_tomorrow():
    purchases = bought(
        ("P1", "1", "S1", "SKU-0001", "DC", "2025-07-10", None, 4),
        ("P2", "1", "S2", "SKU-0001", "DC", "2025-06-20", None, 5),
        ("P3", "1", "S1", "SKU-0001", "DC", "2025-06-20", "2025-06-21", 6),
    )
    made = gather_supply(stock(), purchases, NONE, as_of=DAY, rules=SupplyRules(60, {"S1": 2.2, "(all)": 1.0}))
    days = dict(zip(made["supply_id"], made["available_date"].dt.strftime("%m-%d"), strict=True))
    assert days == {"P1 / 1": "07-13", "P2 / 1": "07-01"}


def test_what_is_long_overdue_or_has_no_day_is_listed_and_not_counted_on():
    purchases = bought(
        ("P1", "1", "S1", "SKU-0001", "DC", "2025-01-10", None, 4),
        ("P2", "1", "S1", "SKU-0001", "DC", None, None, 5),
        ("P3", "1", "S1", "SKU-0001", "DC", "2025-06-28", None, 6),
    )
    made = gather_supply(stock(), purchases, NONE, as_of=DAY, rules=SupplyRules(60))
    assert made["quantity"].sum() == 15
    assert counted_on(made)["quantity"].tolist() == [6.0]
    told = made.set_index("supply_id")["left_out"]
    assert "overdue by more than 60 days" in told["P1 / 1"]
    assert told["P2 / 1"] == "no expected day"


@pytest.mark.parametrize(("position", "expected"), [(10.0, 36.0), (50.0, 24.0), (51.0, None)])
def test_the_policies_order_up_to_their_level_in_whole_packs_and_at_least_the_minimum(position, expected):
    place = {"item_id": ["SKU-0001"], "location_id": ["DC"]}
    policies = pd.DataFrame({**place, "reorder_point": [50.0], "order_up_to": [55.0], "lead_time_days": [9.5]})
    items = pd.DataFrame({"item_id": ["SKU-0001"], "moq": [20.0], "order_multiple": [12.0]})
    position = pd.DataFrame({**place, "inventory_position": [position]})
    made = plan_orders(policies, position, items, as_of=DAY)
    assert made["quantity"].tolist() == ([] if expected is None else [expected])
    assert (made["available_date"] == pd.Timestamp("2025-07-10")).all()


def test_what_can_be_delivered_is_later_by_the_way_to_the_customer():
    inventory = stock(("2025-06-30", "SKU-0001", "DC", 5.0), ("2025-06-30", "SKU-0001", "FAR", 5.0))
    made = gather_supply(
        inventory, bought(), NONE, as_of=DAY, rules=SupplyRules(transit_days={"(all)": 1.0, "FAR": 3.5})
    )
    assert made["available_date"].dt.strftime("%m-%d").tolist() == ["07-01", "07-04"]


def test_stock_below_zero_is_listed_and_not_counted_on():
    """It was dropped without a word."""
    made = gather_supply(
        stock(("2025-06-30", "SKU-1", "DC", -5.0), ("2025-06-30", "SKU-2", "DC", 0.0)), bought(), NONE, as_of=DAY,
        rules=SupplyRules(),
    )  # fmt: skip
    assert made[["item_id", "quantity"]].values.tolist() == [["SKU-1", 0.0]]
    assert made["left_out"].tolist() == ["stock is below 0: count it, or book what is missing"]
    assert counted_on(made).empty
