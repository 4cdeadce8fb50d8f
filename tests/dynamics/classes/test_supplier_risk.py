"""Suppliers by impact, risk and reliability: against hand-made cases, and the deliveries of a real health programme."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.core.settings import Settings
from segkit.dynamics.classes.supplier_risk import SupplyBase, segment_suppliers, value_purchases

AS_OF = date(2025, 12, 31)
SETTINGS = Settings()


def purchases_of(*rows):
    """Return purchases from (supplier, item, ordered, expected, received, quantity, price), shuffled, with spend."""
    names = ["supplier_id", "item_id", "ordered_date", "expected_date", "received_date", "quantity", "unit_price"]
    made = pd.DataFrame(rows, columns=names).assign(po_id=[f"P{n}" for n in range(len(rows))])
    kinds = {name: kind for name, kind in empty_table("purchases").dtypes.items() if name in made}
    typed = made.astype(kinds).sample(frac=1, random_state=2)
    return value_purchases(typed, empty_table("fx"), settings=SETTINGS)


def orders_to(supplier, item, late=0, count=10, days=20, price=5.0, swing=0):
    """Return order rows of a supplier: ``late`` of them five days after the expected day."""
    ordered = pd.date_range("2025-02-01", periods=count, freq="14D")
    for place, day in enumerate(ordered):
        delay = 5 if place < late else 0
        taken = days + (swing if place % 2 else -swing) + delay
        expected = day + pd.Timedelta(days=taken - delay)
        yield supplier, item, day, expected, day + pd.Timedelta(days=taken), 10.0, price


def items_of(**figures):
    """Return item_value: (net margin, supplier of the master) by item."""
    made = empty_table("item_value").reindex(range(len(figures)))
    made["item_id"] = pd.Series([name.replace("_", "-") for name in figures], dtype="str")
    made["net_margin"] = [float(margin) for margin, _ in figures.values()]
    made["supplier_id"] = pd.Series([supplier for _, supplier in figures.values()], dtype="str")
    return made.assign(revenue=made["net_margin"] * 4)


def base_of(item_value, purchases, suppliers=None, locations=None):
    masters = {"suppliers": suppliers, "locations": locations}
    filled = {name: empty_table(name) if frame is None else frame for name, frame in masters.items()}
    return SupplyBase(item_value, purchases, **filled)


def segmented(base, settings=SETTINGS):
    return segment_suppliers(base, settings=settings, as_of=AS_OF).set_index("supplier_id")


def test_an_item_that_two_sell_rests_on_each_by_what_was_bought():
    bought = [*orders_to("S1", "SKU-1", count=6, price=30.0), *orders_to("S2", "SKU-1", count=6, price=10.0)]
    bought += orders_to("S2", "SKU-2", count=6)
    table = segmented(base_of(items_of(SKU_1=(800, "S1"), SKU_2=(100, "S2"), SKU_3=(60, "S3"), SKU_4=(40, None)),
                              purchases_of(*bought)))  # fmt: skip
    assert table["net_margin"].to_dict() == {"S1": 600, "S2": 300, "S3": 60}
    assert table["profit_impact"].round(9).to_dict() == {"S1": 0.6, "S2": 0.3, "S3": 0.06}
    assert table["items"].to_dict() == {"S1": 1, "S2": 2, "S3": 1}
    assert table["spend"].to_dict() == {"S1": 1800, "S2": 900, "S3": 0}


def test_risk_is_the_mean_of_what_can_be_measured():
    bought = [*orders_to("S1", "SKU-1", days=60, late=5), *orders_to("S2", "SKU-2", days=10)]
    bought += orders_to("S2", "SKU-3", days=10)
    bought += orders_to("S3", "SKU-3", days=30)
    table = segmented(base_of(items_of(SKU_1=(10, None)), purchases_of(*bought)))
    assert table.loc["S1", "supply_risk"] == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert table.loc["S2", "supply_risk"] == pytest.approx((0.5 + 0 + 0.25 + 0) / 4)
    assert table.loc["S3", "supply_risk"] == pytest.approx((0 + 0.5 + 0.25 + 0) / 4)
    assert table.loc["S1", "reason"] == "risk: single-sourced 100%, long lead times 100%, unsteady 100%, late 50%"


def test_a_far_origin_adds_to_risk_where_the_company_has_a_country():
    suppliers = empty_table("suppliers").reindex(range(2))
    suppliers["supplier_id"] = pd.Series(["S1", "S2"], dtype="str")
    suppliers["country"] = pd.Series(["DE", "CN"], dtype="str")
    locations = empty_table("locations").reindex(range(1)).assign(country=pd.Series(["DE"], dtype="str"))
    bought = purchases_of(*orders_to("S1", "SKU-1"), *orders_to("S2", "SKU-2"))
    table = segmented(base_of(items_of(SKU_1=(10, None)), bought, suppliers, locations))
    assert table.loc["S1", "reason"].endswith("far origin 0%")
    assert table.loc["S2", "reason"].endswith("far origin 100%")
    origin = bought.assign(origin_country=pd.Series("CN", index=bought.index, dtype="str"))
    table = segmented(base_of(items_of(SKU_1=(10, None)), origin, suppliers, locations))
    assert table.loc["S1", "reason"].endswith("far origin 100%")


def test_the_four_quadrants():
    bought = [*orders_to("S1", "SKU-1", days=90, late=10), *orders_to("S2", "SKU-2", days=5)]
    bought += [*orders_to("S3", "SKU-3", days=80, late=10), *orders_to("S4", "SKU-4", days=6)]
    for one, other in (("SKU-2", "S4"), ("SKU-4", "S2")):
        bought += orders_to(other, one, days=5)
    items = items_of(SKU_1=(500, "S1"), SKU_2=(400, "S2"), SKU_3=(10, "S3"), SKU_4=(5, "S4"))
    shares = {"S1": 500, "S2": 202.5, "S3": 10, "S4": 202.5}
    table = segmented(base_of(items, purchases_of(*bought)), Settings(supplier_bands={"impact_share": 0.7}))
    assert table["net_margin"].to_dict() == shares
    assert table["segment"].to_dict() == {
        "S1": "strategic-late", "S2": "leverage-reliable", "S3": "bottleneck-late", "S4": "leverage-reliable",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("late", "count", "swing", "reliability"),
    [(2, 10, 0, "reliable"), (3, 10, 0, "late"), (0, 10, 15, "unsteady"), (4, 4, 0, ""), (0, 4, 15, "")],
)
def test_reliability_at_its_limits(late, count, swing, reliability):
    bought = purchases_of(*orders_to("S1", "SKU-1", late=late, count=count, swing=swing))
    assert segmented(base_of(items_of(SKU_1=(10, None)), bought)).loc["S1", "reliability"] == reliability


def test_an_open_order_past_its_day_is_late_and_one_before_it_tells_nothing():
    rows = [*orders_to("S1", "SKU-1", count=8)]
    overdue = ("S1", "SKU-1", "2025-10-01", "2025-11-01", None, 10.0, 5.0)
    waiting = ("S1", "SKU-1", "2025-12-20", "2026-02-01", None, 10.0, 5.0)
    row = segmented(base_of(items_of(SKU_1=(10, None)), purchases_of(*rows, overdue, overdue, waiting))).loc["S1"]
    assert row["late_share"] == 0.2
    assert row["receipts"] == 8


def test_the_last_year_counts_where_it_holds_enough():
    past = [(s, i, o - pd.DateOffset(years=2), e - pd.DateOffset(years=2), r - pd.DateOffset(years=2), q, p)
            for s, i, o, e, r, q, p in orders_to("S1", "SKU-1", late=10)]  # fmt: skip
    now = list(orders_to("S1", "SKU-1", late=0, count=10))
    items = items_of(SKU_1=(10, None))
    assert segmented(base_of(items, purchases_of(*past, *now))).loc["S1", "reliability"] == "reliable"
    assert segmented(base_of(items, purchases_of(*past, *now[:4]))).loc["S1", "receipts"] == 14
    assert segmented(base_of(items, purchases_of(*past, *now[:4]))).loc["S1", "reliability"] == "late"


def test_without_margins_spend_decides_and_without_both_nothing():
    items = items_of(SKU_1=(np.nan, None), SKU_2=(np.nan, None))
    bought = purchases_of(*orders_to("S1", "SKU-1", price=9.0), *orders_to("S2", "SKU-2", price=1.0))
    table = segmented(base_of(items, bought))
    assert table["profit_impact"].isna().all()
    assert table["kraljic"].tolist() == ["leverage", "routine"]
    named = segmented(base_of(items_of(SKU_1=(10, "S1")), empty_table("purchases").assign(spend=0.0)))
    assert named.loc["S1", ["kraljic", "reliability", "segment"]].tolist() == ["", "", ""]
    assert segment_suppliers(
        base_of(items_of(SKU_1=(10, None)), empty_table("purchases").assign(spend=0.0)), settings=SETTINGS, as_of=AS_OF
    ).empty


def test_neither_order_of_rows_nor_currency_nor_later_receipts_matter(sample_plan):
    plan = sample_plan
    bought = value_purchases(plan.purchases, plan.fx, settings=plan.settings)
    made = segment_suppliers(
        SupplyBase(plan.item_value, bought, plan.suppliers, plan.locations), settings=plan.settings, as_of=plan.as_of
    )
    scaled = plan.item_value.assign(net_margin=plan.item_value["net_margin"] * 151.3).sample(frac=1, random_state=3)
    other = SupplyBase(
        scaled,
        bought.assign(spend=bought["spend"] * 151.3).sample(frac=1, random_state=3),
        plan.suppliers,
        plan.locations,
    )
    again = segment_suppliers(other, settings=plan.settings, as_of=plan.as_of)
    same = ["supplier_id", "profit_impact", "supply_risk", "segment", "reason"]
    pd.testing.assert_frame_equal(made[same], again[same], rtol=1e-9)


def test_deliveries_of_a_health_programme(real_data):
    """SCMS: 10,324 deliveries of 73 vendors to 43 countries; 11.49 % came after the scheduled day."""
    raw = pd.read_parquet(real_data / "scms" / "scms_delivery_history.parquet")

    def days(column):
        return pd.to_datetime(raw[column], format="%d-%b-%y", errors="coerce").astype("datetime64[us]")

    received = days("Delivered to Client Date")
    ordered = pd.to_datetime(raw["PO Sent to Vendor Date"], format="%m/%d/%y", errors="coerce").astype("datetime64[us]")
    purchases = pd.DataFrame(
        {
            "po_id": raw["ID"].astype("str"),
            "supplier_id": raw["Vendor"].astype("str"),
            "item_id": raw["Item Description"].astype("str"),
            "ordered_date": ordered.fillna(days("Scheduled Delivery Date")).mask(lambda day: day > received, received),
            "expected_date": days("Scheduled Delivery Date"),
            "received_date": received,
            "quantity": raw["Line Item Quantity"].astype("float64"),
            "unit_price": raw["Line Item Value"] / raw["Line Item Quantity"],
        }
    )
    settings = Settings(segments={"window_months": 240})
    bought = value_purchases(purchases, empty_table("fx"), settings=settings)
    table = segment_suppliers(
        base_of(empty_table("item_value"), bought), settings=settings, as_of=date(2015, 12, 31)
    ).set_index("supplier_id")
    assert len(table) == 73
    assert table["receipts"].sum() == 10_324
    late = (table["late_share"] * table["receipts"]).sum() / table["receipts"].sum()
    assert late == pytest.approx(0.1149, abs=5e-5)
    told = table[table["reliability"] != ""]
    assert (told["receipts"] >= 5).all()
    assert ((told["late_share"] > 0.2) == (told["reliability"] == "late")).all()
    assert table["spend"].sum() == pytest.approx(raw["Line Item Value"].sum())
    weighty = table[table["kraljic"].isin(["strategic", "leverage"])]
    assert weighty["spend"].sum() / table["spend"].sum() >= 0.8
    assert weighty.drop(weighty["spend"].idxmin())["spend"].sum() / table["spend"].sum() < 0.8
