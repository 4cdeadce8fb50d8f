"""An invented company with weekly orders, and new lines that ask it for promises."""

from itertools import product

import pandas as pd

RULES = '[promising]\nrule = "first_come"\nclass_by = "tier"\n'
WEEKS = pd.date_range("2024-07-01", "2025-06-23", freq="7D")
NEW = pd.DataFrame(
    {
        "order_id": ["N1", "N1", "N2"],
        "line_id": ["1", "2", "1"],
        "order_date": "2025-07-01",
        "requested_date": "2025-07-04",
        "customer_id": ["CUST-1", "CUST-1", "CUST-2"],
        "item_id": ["SKU-1", "SKU-2", "SKU-1"],
        "location_id": "DC",
        "quantity": [4.0, 3.0, 9.0],
    }
)


def company():
    """Return tables of a company with weekly orders, one open line of 5 units of SKU-1, and 12 in stock."""
    sold = pd.DataFrame(list(product(WEEKS, ["SKU-1", "SKU-2"])), columns=["order_date", "item_id"])
    sold = sold.assign(
        order_id=[f"O{n:03d}" for n in range(len(sold))], requested_date=sold["order_date"] + pd.Timedelta(days=3),
        delivered_date=sold["order_date"] + pd.Timedelta(days=4), status="delivered", quantity=2.0,
    )  # fmt: skip
    opened = {
        "order_date": pd.Timestamp("2025-06-27"), "item_id": "SKU-1", "order_id": "O-OPEN", "status": "open",
        "requested_date": pd.Timestamp("2025-07-02"), "quantity": 5.0,
    }  # fmt: skip
    orders = pd.concat([sold, pd.DataFrame([opened])], ignore_index=True)
    orders = orders.assign(line_id="1", location_id="DC", unit_price=10.0)
    orders["customer_id"] = [f"CUST-{1 + n % 2}" for n in range(len(orders))]
    items = {"item_id": ["SKU-1", "SKU-2"], "unit_cost": 6.0, "unit": "each", "conversions": "case:2"}
    stock = {"date": "2025-06-30", "item_id": ["SKU-1", "SKU-2"], "location_id": "DC", "on_hand": [12.0, 30.0]}
    customers = {"customer_id": ["CUST-1", "CUST-2"], "tier": ["gold", "tin"]}
    tables = {"items": items, "inventory": stock, "customers": customers}
    return {"orders": orders, **{name: pd.DataFrame(table) for name, table in tables.items()}}
