"""What `segkit new` makes of the public files, none of which it knows by name."""

import os
from pathlib import Path

import pytest

from segkit.core.errors import DataError
from segkit.core.propose.proposal import Proposal, propose_mapping
from segkit.core.propose.sniff import sniff_file
from segkit.core.propose.workspace import new_workspace
from segkit.core.settings import read_settings
from segkit.core.sources.mapping import read_table

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("SEGKIT_REAL_DATA") or ROOT.parent / "shared" / "data")
pytestmark = pytest.mark.real


def real_file(name: str) -> Path:
    if not (REAL / name).is_file():
        pytest.skip(f"real data set {name} is not in {REAL}")
    return REAL / name


def propose(name: str) -> Proposal:
    return propose_mapping(sniff_file(real_file(name)))


def sources(proposal: Proposal, *columns: str) -> dict[str, str]:
    return {column: proposal.source(column) for column in columns}


def test_online_retail(tmp_path: Path) -> None:
    report = new_workspace("shop", orders=real_file("online_retail/online_retail.parquet"), folder=tmp_path)
    settings = read_settings(tmp_path / "shop")
    assert settings.sources["orders"].columns == {
        "order_id": "InvoiceNo",
        "order_date": "InvoiceDate",
        "customer_id": "CustomerID",
        "item_id": "StockCode",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
    }
    assert settings.sources["items"].columns["description"] == "Description"
    assert settings.sources["customers"].columns["country"] == "Country"
    assert "LIKE 'C%' THEN 'returned'" in settings.sources["orders"].expressions["status"]
    assert {"POST", "DOT", "M", "D", "AMAZONFEE", "BANK CHARGES", "CRUK", "C2"} <= set(
        settings.orders.non_product_items
    )
    assert settings.orders.free_lines == "set_aside"
    assert settings.assume.gross_margin == 0.35
    assert "541,909 dates 2010-12-01 to 2011-12-09" in report
    assert "10,624 below zero" in report
    assert "assume.gross_margin = 0.35: the file holds no cost" in report
    assert "Still to mend" not in report


def test_ta_feng_amount_is_a_quantity(tmp_path: Path) -> None:
    report = new_workspace("shop", orders=real_file("ta_feng/ta_feng.parquet"), folder=tmp_path)
    settings = read_settings(tmp_path / "shop")
    assert settings.sources["orders"].columns == {
        "order_date": "TRANSACTION_DT",
        "customer_id": "CUSTOMER_ID",
        "item_id": "PRODUCT_ID",
        "quantity": "AMOUNT",
        "amount": "SALES_PRICE",
        "cost": "ASSET",
    }
    assert settings.sources["items"].columns["category"] == "PRODUCT_SUBCLASS"
    assert settings.assume.gross_margin is None
    assert settings.periods.unit == "week"
    assert "SALES_PRICE grows with AMOUNT within an item" in report
    assert "order_id: the lines of one customer and one day count as one order" in report


def test_m5_days_are_counters() -> None:
    proposal = propose("m5/sales_daily_d_1495_d_1913_wide.parquet")
    assert proposal.table == "sales"
    assert sources(proposal, "item_id", "location_id") == {"item_id": "item_id", "location_id": "store_id"}
    assert proposal.source("items.category") in ("dept_id", "cat_id")
    assert proposal.wide is not None
    assert (len(proposal.wide.names), proposal.wide.step_days, proposal.wide.dated) == (419, 1, False)


def test_vn2_weeks_are_dates() -> None:
    proposal = propose("vn2/sales_weekly_2021-04-12_2024-04-08.parquet")
    assert sources(proposal, "item_id", "location_id") == {"item_id": "Product", "location_id": "Store"}
    assert proposal.wide is not None
    assert (len(proposal.wide.names), proposal.wide.period_from) == (157, "%Y-%m-%d")


def test_spare_parts_man(tmp_path: Path) -> None:
    file = real_file("spare_parts/man_3451x150_weekly_cost_leadtime_moq.csv.gz")
    report = new_workspace("parts", orders=file, folder=tmp_path)
    settings = read_settings(tmp_path / "parts")
    assert settings.company.currency == "EUR"
    assert settings.sources["sales"].columns == {"item_id": "sku"}
    items = settings.sources["items"]
    assert items.columns == {
        "item_id": "sku",
        "unit_cost": "cost_price_eur",
        "moq": "moq_units",
        "order_multiple": "units_per_pack",
    }
    assert items.expressions == {"lead_time_days": 'number("lead_time_weeks") * 7'}
    assert "the day on which w001 begins" in report
    assert "assume.holding_rate = 0.25: no file tells what holding stock costs" in report
    assert (settings.assume.holding_rate, settings.forecasts.lead_time_days) == (0.25, None)
    assert "Still to mend" not in report


def test_spare_parts_raf(tmp_path: Path) -> None:
    file = real_file("spare_parts/raf_5000x84_monthly.csv.gz")
    report = new_workspace("parts", orders=file, folder=tmp_path)
    assert "PRICE (£) is taken as what customers pay; if you pay it, it is items.unit_cost" in report
    proposal = propose("spare_parts/raf_5000x84_monthly.csv.gz")
    assert proposal.source("item_id") == "Item Ref no"
    assert proposal.source("items.lead_time_days") == "Lead Time (months)"
    assert proposal.wide is not None
    assert (len(proposal.wide.names), proposal.wide.period_from) == (84, "%b%y")


def test_scms_pack_price_not_unit_price() -> None:
    proposal = propose("scms/scms_delivery_history.parquet")
    assert sources(
        proposal, "order_id", "item_id", "quantity", "unit_price", "amount", "promised_date", "delivered_date"
    ) == {
        "order_id": "PO / SO #",
        "item_id": "Item Description",
        "quantity": "Line Item Quantity",
        "unit_price": "Pack Price",
        "amount": "Line Item Value",
        "promised_date": "Scheduled Delivery Date",
        "delivered_date": "Delivered to Client Date",
    }
    assert proposal.source("customers.country") == "Country"


def test_brunel_has_no_price(tmp_path: Path) -> None:
    report = new_workspace("net", orders=real_file("brunel/OrderList.csv.gz"), folder=tmp_path)
    assert read_settings(tmp_path / "net").sources["orders"].columns == {
        "order_id": "Order ID",
        "order_date": "Order Date",
        "customer_id": "Customer",
        "item_id": "Product ID",
        "location_id": "Plant Code",
        "quantity": "Unit quantity",
    }
    assert "unit_price or amount: without one there is no run" in report
    assert "Still to mend before a run" in report


@pytest.mark.parametrize("name", ["brunel/FreightRates.csv.gz", "m5/calendar.csv.gz"])
def test_files_without_order_lines_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="holds no column that looks like"):
        propose(name)


def test_sample_company() -> None:
    file = ROOT / "data" / "sample" / "orders.csv"
    if not file.is_file():
        pytest.skip("the sample company is not there")
    proposal = propose_mapping(sniff_file(file))
    wrong = {guess.short: guess.source for guess in proposal.guesses.values() if guess.table == "orders"}
    assert all(short == source for short, source in wrong.items())
    assert {"order_id", "order_date", "customer_id", "item_id", "quantity"} <= set(wrong)


@pytest.mark.parametrize(
    ("mapping", "name", "table"),
    [
        ("online_retail", "online_retail/online_retail.parquet", "orders"),
        ("ta_feng", "ta_feng/ta_feng.parquet", "orders"),
        ("vn2", "vn2/sales_weekly_2021-04-12_2024-04-08.parquet", "sales"),
        ("man", "spare_parts/man_3451x150_weekly_cost_leadtime_moq.csv.gz", "sales"),
    ],
)
def test_shipped_mapping_needs_only_the_file(tmp_path: Path, mapping: str, name: str, table: str) -> None:
    new_workspace("shop", orders=real_file(name), mapping=mapping, folder=tmp_path)
    settings = read_settings(tmp_path / "shop")
    assert settings.extends == mapping
    assert len(read_table(table, settings.sources[table], tmp_path / "shop").frame) > 90_000
