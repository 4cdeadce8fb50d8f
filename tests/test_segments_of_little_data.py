"""Segments where little is known: sales totals without customers, no costs, one month, weeks; never a crash."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk

TABLES = ["customer_segments", "supplier_segments", "rule_segments", "rule_counts", "segment_checks", "item_segments"]
RULES = "[rules.one]\nof = 'customers'\nwhere = 'revenue > 0'\n[rules.two]\nof = 'suppliers'\nwhere = 'spend > 0'\n"


def sales(with_price=True):
    periods = pd.date_range("2025-01-06", periods=40, freq="7D")
    frame = pd.DataFrame({"period": np.repeat(periods, 2), "item_id": ["SKU-0042", "SKU-0007"] * 40})
    frame = frame.assign(quantity=np.arange(80) % 7 + 1)
    return frame.assign(price=2.5) if with_price else frame


def tables_of(plan):
    return {name: getattr(plan, name) for name in TABLES}


@pytest.mark.parametrize("with_price", [True, False])
def test_sales_totals_name_no_customer(write_workspace, with_price):
    measure = "revenue" if with_price else "quantity"
    plan = sk.open_plan(
        write_workspace(
            {"sales": sales(with_price)}, f"[periods]\nunit = 'week'\n[segments]\nmeasure = '{measure}'\n{RULES}"
        )
    )
    made = tables_of(plan)
    assert made["customer_segments"]["customer_id"].tolist() == ["(unknown)"]
    assert made["customer_segments"]["segment"].tolist() == [""]
    assert made["supplier_segments"].empty
    assert made["rule_counts"]["members"].tolist() == [0, 0]
    checks = made["segment_checks"].set_index(["check", "entity"])
    assert checks.loc[("in exactly one segment", "item"), "rows"] == 0
    assert checks.loc[("rule has members", "rule"), "first"] == "one, two"


@pytest.mark.parametrize("unit", ["week", "day"])
def test_weeks_and_days_change_no_segment_of_customers(small_company, write_workspace, unit):
    months = sk.open_plan(write_workspace(small_company, folder="months"))
    others = sk.open_plan(write_workspace(small_company, f"[periods]\nunit = '{unit}'\n"), as_of=months.as_of)
    pd.testing.assert_frame_equal(others.customer_segments, months.customer_segments)


def test_one_month_without_costs_gives_no_class_and_says_why(small_company, write_workspace):
    orders = small_company["orders"].query("order_date >= '2025-12-01'")
    made = tables_of(sk.open_plan(write_workspace({"orders": orders}, RULES)))
    customers = made["customer_segments"]
    assert set(customers["segment"]) == {""}
    assert set(customers["reason"]) == {"net_margin unknown; no band: no cost-to-serve is known"}
    assert set(customers["recency"]) <= {"active", "overdue"}
    row = made["segment_checks"].set_index(["check", "entity"]).loc[("has a value class", "item")]
    assert row["share"] == pytest.approx(1.0)
    assert row["reason"].startswith("net_margin unknown")


def test_freight_alone_gives_bands(small_company, write_workspace):
    orders = small_company["orders"]
    freight = np.where(orders["customer_id"] == "CUST-0001", 40.0, 4.0)
    plan = sk.open_plan(write_workspace({**small_company, "orders": orders.assign(freight_out=freight)}))
    table = plan.customer_segments.set_index("customer_id")
    assert table["service_band"].to_dict()["CUST-0001"] == "high"
    assert (table["service_band"].drop("CUST-0001") == "low").all()
    assert table.loc["CUST-0001", "segment"].endswith("-high")
