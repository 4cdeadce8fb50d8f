"""`segkit new --mapping`: a file that does not fit is refused, and what is missing is told."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.core.errors import DataError
from segkit.core.propose.workspace import new_workspace
from segkit.core.settings import check_settings, read_settings
from segkit.core.sources.mapping import read_table


@pytest.fixture
def shop(tmp_path: Path, lines: pd.DataFrame) -> Path:
    """Order lines under the names of the mapping `online_retail`."""
    names = {
        "order": "InvoiceNo",
        "day": "InvoiceDate",
        "customer": "CustomerID",
        "item": "StockCode",
        "words": "Description",
        "quantity": "Quantity",
        "price": "UnitPrice",
    }
    path = tmp_path / "lines.tsv"
    table = lines.rename(columns=names)[[*names.values()]].assign(Country="Norway")
    table.to_csv(path, index=False, sep="\t", date_format="%Y-%m-%d")
    return path


@pytest.fixture
def walmart(tmp_path: Path) -> Path:
    """Sales under the names of the mapping `m5`, with its calendar and prices beside them."""
    days = {f"d_{day}": np.arange(6) % 3 + day % 2 for day in range(1, 29)}
    ids = {"item_id": [f"SKU-{n:04d}" for n in range(6)], "dept_id": "TOYS_1", "store_id": "S-1"}
    pd.DataFrame({**ids, **days}).to_csv(tmp_path / "sales_train.csv", index=False)
    dates = pd.date_range("2011-01-29", periods=28)
    weeks = 11_101 + np.arange(28) // 7
    pd.DataFrame({"date": dates, "wm_yr_wk": weeks}).to_csv(tmp_path / "calendar.csv", index=False)
    prices = pd.MultiIndex.from_product(
        [["S-1"], ids["item_id"], np.unique(weeks)], names=["store_id", "item_id", "wm_yr_wk"]
    )
    prices.to_frame(index=False).assign(sell_price=2.5).to_csv(tmp_path / "sell_prices.csv", index=False)
    return tmp_path / "sales_train.csv"


def test_file_that_the_mapping_does_not_fit_is_refused(tmp_path: Path, shop: Path) -> None:
    text = shop.read_text().replace("InvoiceNo", "Invoice", 1).replace("Country", "Land", 1)
    shop.write_text(text)
    with pytest.raises(DataError) as refused:
        new_workspace("client", orders=shop, mapping="online_retail", folder=tmp_path)
    assert str(refused.value).splitlines() == [
        f"{shop} does not fit the mapping online_retail in 2 ways",
        "  InvoiceNo is no column; orders.order_id would come from it",
        "  Country is no column; customers.country would come from it",
        "The file has: Invoice, InvoiceDate, CustomerID, StockCode, Description, Quantity, UnitPrice, Land",
        "Take another mapping, or none: then segkit new looks at the file itself.",
        "--force writes the workspace all the same.",
    ]
    assert not (tmp_path / "client").exists()


def test_force_writes_the_workspace_and_says_what_is_to_mend(tmp_path: Path, shop: Path) -> None:
    shop.write_text(shop.read_text().replace("InvoiceNo", "Invoice", 1))
    report = new_workspace("client", orders=shop, mapping="online_retail", folder=tmp_path, force=True)
    assert "Still to mend before a run" in report
    assert "InvoiceNo is no column" in report
    assert "--force" not in report
    assert read_settings(tmp_path / "client").sources["orders"].delimiter == "\t"


def test_column_that_only_an_expression_names_is_missed(tmp_path: Path) -> None:
    weeks = {f"w{week:03d}": [1, 2] for week in range(1, 30)}
    table = {"sku": ["SKU-0001", "SKU-0002"], "cost_price_eur": 1.5, "moq_units": 1, "units_per_pack": 1, **weeks}
    pd.DataFrame(table).to_csv(tmp_path / "man.csv", index=False)
    with pytest.raises(DataError, match=r"lead_time_days = .*: lead_time_weeks is no column"):
        new_workspace("client", orders=tmp_path / "man.csv", mapping="man", folder=tmp_path)


def test_lead_times_that_a_mapping_reads_are_not_assumed(tmp_path: Path) -> None:
    weeks = {f"w{week:03d}": [1, 2] for week in range(1, 31)}
    told = {"cost_price_eur": 1.5, "moq_units": 1, "units_per_pack": 1, "lead_time_weeks": 3}
    pd.DataFrame({"sku": ["SKU-0001", "SKU-0002"], **told, **weeks}).to_csv(tmp_path / "man.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "man.csv", mapping="man", folder=tmp_path, force=True)
    settings = read_settings(tmp_path / "client")
    assert (settings.forecasts.lead_time_days, settings.assume.holding_rate) == (None, 0.2)
    assert "assume.holding_rate = 0.2 and assume.order_cost = 5: the file gives" in report
    assert "holding_rate" not in (tmp_path / "client" / "segkit.toml").read_text()


def test_unpriced_sales_of_known_cost_get_a_holding_rate_and_those_of_no_known_cost_none(tmp_path: Path) -> None:
    """Policies by fill rate weigh stock at unit cost: what holding it costs is needed though nothing is priced."""
    weeks = {f"{day:%Y-%m-%d}": [1, 2] for day in pd.date_range("2024-01-01", periods=30, freq="7D")}
    bare = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], **weeks})
    for name, table, rate in (("cost", bare.assign(unit_cost=[1.5, 2.5]), 0.25), ("bare", bare, None)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        report = new_workspace(name, orders=tmp_path / f"{name}.csv", folder=tmp_path)
        settings = read_settings(tmp_path / name)
        assert (settings.assume.holding_rate, settings.forecasts.lead_time_days) == (rate, 28)
        assert ("assume.holding_rate = 0.25: no file tells what holding stock costs" in report) == (rate is not None)


def test_file_without_the_periods_of_the_mapping_is_refused(tmp_path: Path, walmart: Path) -> None:
    walmart.write_text(walmart.read_text().replace("d_", "day"))
    with pytest.raises(DataError, match="no column is named as periods are"):
        new_workspace("client", orders=walmart, mapping="m5", folder=tmp_path)


def test_missing_columns_and_forced_assumptions_are_told(tmp_path: Path, shop: Path) -> None:
    report = new_workspace("client", orders=shop, mapping="online_retail", folder=tmp_path)
    assert "\nMissing:\n  unit_cost: without it every margin rests on one assumption\n" in report
    assert "items.category: no classes within product groups" in report
    assert "promised_date: no on-time measures" in report
    assert "assume.gross_margin = 0.35: the file holds no cost; every margin rests on it" in report
    assert "forecasts.lead_time_days = 28: no file tells how long suppliers take" in report
    assert "assume.holding_rate = 0.25: no file tells what holding stock costs" in report
    assert "further files" not in report
    assert "Still to mend" not in report
    settings = read_settings(tmp_path / "client")
    assert (settings.forecasts.lead_time_days, settings.assume.holding_rate) == (28, 0.25)
    assert len(read_table("orders", settings.sources["orders"], tmp_path / "client").frame) == 600


def test_lines_for_further_files_are_told_and_stand_in_the_settings_as_comments(tmp_path: Path, walmart: Path) -> None:
    report = new_workspace("client", orders=walmart, mapping="m5", folder=tmp_path)
    assert "price: no money can be counted, so classes are made by quantity" in report
    assert '  [sources.sales.joins.prices]\n  file = "../sell_prices.csv"  # brings sell_price\n' in report
    target = tmp_path / "client" / "segkit.toml"
    told = [line.strip() for line in report.splitlines() if line.strip().startswith(("[sources", "file ="))]
    text = target.read_text()
    assert [f"# {line}" in text for line in told] == [True] * 4
    settings = check_settings(tomllib.loads("\n".join([text, *told])), "with the lines told")
    sales = read_table("sales", settings.sources["sales"], tmp_path / "client")
    assert sales.frame["price"].eq(2.5).all()
    assert len(sales.frame) == 6 * 28


def test_further_tables_are_told_with_what_they_bring(tmp_path: Path) -> None:
    weeks = {f"{day:%Y-%m-%d}": [1, 2] for day in pd.date_range("2024-01-01", periods=30, freq="7D")}
    pd.DataFrame({"Store": ["1", "2"], "Product": ["126", "127"], **weeks}).to_csv(tmp_path / "s.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "s.csv", mapping="vn2", folder=tmp_path)
    assert '[sources.items]\n  file = "../Week 0 - Master.csv"  # tables items, locations; put the name of' in report
    assert "[sources.inventory]" in report
    assert "[sources.sales.joins.in_stock]" in report
