"""`segkit new` on generated files: what a German, an American, a French export looks like, and files that are none."""

import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from segkit.core.errors import SettingsError
from segkit.core.propose.proposal import propose_mapping
from segkit.core.propose.sniff import sniff_file
from segkit.core.propose.workspace import new_workspace
from segkit.core.settings import read_settings
from segkit.core.sources.mapping import read_table

ReadBack = Callable[[Path], tuple[str, pd.DataFrame]]


def german(value: float) -> str:
    return f"{value:,.2f}".replace(",", "#").replace(".", ",").replace("#", ".")


def test_german_export_with_decimal_comma_and_titles(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = pd.DataFrame(
        {
            "Belegnummer": lines["order"],
            "Rechnungsdatum": lines["day"].dt.strftime("%d.%m.%Y"),
            "Kundennr.": lines["customer"],
            "Artikelnr": lines["item"],
            "Bezeichnung": lines["words"],
            "Menge": lines["quantity"],
            "Einzelpreis": lines["price"].map(german),
            "Gesamtbetrag": (lines["amount"] * 100).map(german),
            "Währung": "EUR",
        }
    )
    table["Einzelpreis"] = (lines["price"] * 100).map(german)
    text = "Umsatzliste 2024;;;;;;;;\n" + table.to_csv(sep=";", index=False)
    (tmp_path / "umsatz.csv").write_bytes(text.encode("cp1252"))
    report = new_workspace("client", orders=tmp_path / "umsatz.csv", folder=tmp_path)
    source = read_settings(tmp_path / "client").sources["orders"]
    assert (source.encoding, source.delimiter, source.decimal, source.thousands) == ("cp1252", ";", ",", ".")
    assert (source.header_row, source.date_format) == (2, "%d.%m.%Y")
    _, frame = read_back(tmp_path)
    assert frame["amount"].sum() == pytest.approx(lines["amount"].sum() * 100)
    assert frame["order_date"].tolist() == lines["day"].tolist()
    assert "Menge x Einzelpreis = Gesamtbetrag in 100.0% of rows" in report
    assert "customer_id" in report
    assert "Still to mend" not in report


def test_american_dates_with_dollar_signs(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = pd.DataFrame(
        {
            "Order ID": lines["order"],
            "Order Date": lines["day"].dt.strftime("%m/%d/%Y"),
            "Cust No": lines["customer"],
            "SKU": lines["item"],
            "Qty": lines["quantity"],
            "Unit Price": "$" + lines["price"].map("{:,.2f}".format),
            "Unit Cost": "$" + (lines["price"] * 0.6).map("{:,.2f}".format),
        }
    )
    table.to_csv(tmp_path / "us.csv", index=False)
    new_workspace("client", orders=tmp_path / "us.csv", folder=tmp_path)
    settings = read_settings(tmp_path / "client")
    assert settings.company.currency == "USD"
    assert settings.assume.gross_margin is None
    _, frame = read_back(tmp_path)
    assert frame["order_date"].tolist() == lines["day"].tolist()
    assert (frame["quantity"] * frame["unit_price"]).sum() == pytest.approx(lines["amount"].sum())


def test_excel_with_two_title_rows(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = lines[["order", "day", "customer", "item", "quantity", "price"]]
    table = table.set_axis(["Order no", "Order date", "Customer", "Article", "Quantity", "Price"], axis=1)
    with pd.ExcelWriter(tmp_path / "book.xlsx", engine="xlsxwriter") as book:
        pd.DataFrame({"Notes": ["printed by night"]}).to_excel(book, sheet_name="About", index=False)
        table.to_excel(book, sheet_name="Lines", index=False, startrow=2)
        book.sheets["Lines"].write(0, 0, "Sales of the year")
        book.sheets["Lines"].write(1, 0, "all regions")
    report = new_workspace("client", orders=tmp_path / "book.xlsx", folder=tmp_path)
    source = read_settings(tmp_path / "client").sources["orders"]
    assert (source.header_row, source.sheet) == (3, "Lines")
    _, frame = read_back(tmp_path)
    assert frame["quantity"].sum() == lines["quantity"].sum()
    assert frame["order_date"].tolist() == lines["day"].tolist()
    assert "2 rows above the column names" in report


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_database_files(tmp_path: Path, lines: pd.DataFrame, kind: str, read_back: ReadBack) -> None:
    table = lines[["order", "day", "customer", "item", "quantity", "price"]]
    table = table.set_axis(["order_no", "order_date", "customer_no", "item_no", "qty", "unit_price"], axis=1)
    path = tmp_path / f"shop.{kind}"
    if kind == "duckdb":
        with duckdb.connect(str(path)) as connection:
            connection.register("frame", table)
            connection.execute("create table order_lines as select * from frame")
            connection.execute("create table staff as select 1 as number")
    else:
        with sqlite3.connect(path) as connection:
            table.assign(order_date=table["order_date"].dt.strftime("%Y-%m-%d")).to_sql(
                "order_lines", connection, index=False
            )
        connection.close()
    new_workspace("client", orders=path, folder=tmp_path)
    assert read_settings(tmp_path / "client").sources["orders"].query == "order_lines"
    _, frame = read_back(tmp_path)
    assert frame["quantity"].sum() == lines["quantity"].sum()


def test_returns_fees_and_item_attributes(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = lines[["order", "day", "customer", "item", "words", "quantity", "price"]].copy()
    table["order"] = np.where(table["quantity"] < 0, "C", "") + table["order"].str[1:]
    fees = table[table["quantity"] > 0].head(8).assign(item="POST", words="Postage and packing", quantity=1)
    table = pd.concat([table, fees], ignore_index=True)
    table["Country"] = np.where(table["customer"].astype(int) % 10 == 0, "France", "United Kingdom")
    table.columns = ["Invoice", "Date", "Customer ID", "StockCode", "Description", "Quantity", "Price", "Country"]
    table.to_csv(tmp_path / "shop.csv.gz", index=False)
    new_workspace("client", orders=tmp_path / "shop.csv.gz", folder=tmp_path)
    settings = read_settings(tmp_path / "client")
    assert settings.orders.non_product_items == ["POST"]
    assert settings.company.currency == "GBP"
    assert settings.assume.gross_margin == 0.35
    assert set(settings.sources) == {"orders", "items", "customers"}
    _, frame = read_back(tmp_path)
    assert (frame["status"] == "returned").sum() == (lines["quantity"] < 0).sum()
    items = read_table("items", settings.sources["items"], tmp_path / "client").frame
    assert items["item_id"].is_unique
    assert items["description"].notna().all()


def test_totals_by_item_and_week_are_sales(tmp_path: Path, read_back: ReadBack) -> None:
    weeks = pd.date_range("2024-01-01", periods=30, freq="7D")
    rows = pd.MultiIndex.from_product([[f"SKU-{n:04d}" for n in range(40)], ["North", "South"], weeks]).to_frame(
        index=False
    )
    rows.columns = ["sku", "warehouse", "week"]
    rows["units"] = np.arange(len(rows)) % 7
    rows.sample(frac=1, random_state=1).to_csv(tmp_path / "totals.csv", index=False)
    new_workspace("client", orders=tmp_path / "totals.csv", folder=tmp_path)
    table, frame = read_back(tmp_path)
    assert table == "sales"
    assert frame["quantity"].sum() == rows["units"].sum()


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (list(pd.date_range("2024-01-01", periods=12, freq="7D").strftime("%Y-%m-%d")), "2024-01-01"),
        (["Jan-24", "Feb-24", "Mar-24", "Apr-24", "May-24", "Jun-24"], "2024-01-01"),
        (["2024_01", "2024_02", "2024_03", "2024_04", "2024_05"], "2024-01-01"),
        (["2024-W01", "2024-W02", "2024-W03", "2024-W04", "2024-W05"], "2024-01-01"),
        (["202401", "202402", "202403", "202404", "202405"], "2024-01-01"),
    ],
)
def test_period_columns(tmp_path: Path, names: list[str], first: str, read_back: ReadBack) -> None:
    table = pd.DataFrame({"item": [f"SKU-{n:04d}" for n in range(30)], **{name: range(30) for name in names}})
    table.to_csv(tmp_path / "wide.csv", index=False)
    new_workspace("client", orders=tmp_path / "wide.csv", folder=tmp_path)
    table_name, frame = read_back(tmp_path)
    assert table_name == "sales"
    assert frame["period"].min() == pd.Timestamp(first)
    assert frame["quantity"].sum() == len(names) * sum(range(30))


def test_counted_periods_say_that_their_start_is_assumed(tmp_path: Path) -> None:
    table = pd.DataFrame({"sku": [f"SKU-{n:04d}" for n in range(30)], **{f"w{n:03d}": range(30) for n in range(1, 53)}})
    table.to_csv(tmp_path / "wide.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "wide.csv", folder=tmp_path)
    assert "the day on which w001 begins" in report
    lines = (tmp_path / "client" / "segkit.toml").read_text("utf-8").splitlines()
    assert any(line.startswith("start = ") and "ASSUMED" in line for line in lines)
    assert read_settings(tmp_path / "client").sources["sales"].wide.step_days == 7


def test_statuses_discount_shares_and_profit(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = lines[["order", "day", "customer", "item", "quantity", "amount"]].copy()
    table["quantity"], table["amount"] = table["quantity"].abs(), table["amount"].abs()
    table["Profit"] = (table["amount"] * 0.2).round(2)
    table["Status"] = np.where(np.arange(600) % 9 == 0, "Storniert", "Geliefert")
    table.columns = ["Order ID", "Order Date", "Customer ID", "Product ID", "Quantity", "Sales", "Profit", "Status"]
    table.to_csv(tmp_path / "shop.csv", index=False)
    new_workspace("client", orders=tmp_path / "shop.csv", folder=tmp_path)
    _, frame = read_back(tmp_path)
    assert set(frame["status"]) == {"cancelled", "delivered"}
    assert frame["cost"].sum() == pytest.approx((table["Sales"] - table["Profit"]).sum())


def test_mixed_dates_and_brackets(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    days = lines["day"].dt.strftime("%Y-%m-%d").where(np.arange(600) % 3 > 0, lines["day"].dt.strftime("%d.%m.%Y"))
    quantity = lines["quantity"].map(lambda value: f"({-value})" if value < 0 else str(value))
    table = pd.DataFrame({"date": days, "item": lines["item"], "customer": lines["customer"], "qty": quantity})
    table.assign(price=lines["price"]).to_csv(tmp_path / "mixed.csv", index=False)
    new_workspace("client", orders=tmp_path / "mixed.csv", folder=tmp_path)
    _, frame = read_back(tmp_path)
    assert frame["order_date"].tolist() == lines["day"].tolist()
    assert frame["quantity"].sum() == lines["quantity"].sum()


def test_ambiguous_days_are_a_doubt(tmp_path: Path, lines: pd.DataFrame) -> None:
    days = [f"{1 + n % 12:02d}/{1 + (n * 7) % 12:02d}/2024" for n in range(600)]
    table = pd.DataFrame({"date": days, "item": lines["item"], "qty": 1, "price": lines["price"]})
    table.to_csv(tmp_path / "dates.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "dates.csv", folder=tmp_path)
    assert "%m/%d/%Y would read them as well" in report


def test_ten_thousand_columns(tmp_path: Path, lines: pd.DataFrame) -> None:
    wide = pd.DataFrame({f"attr_{n}_x": ["a"] * 60 for n in range(10_000)})
    table = pd.concat([lines.head(60), wide], axis=1)
    table.to_csv(tmp_path / "wide.csv", index=False)
    proposal = propose_mapping(sniff_file(tmp_path / "wide.csv"))
    assert (proposal.source("item_id"), proposal.source("quantity")) == ("item", "quantity")


def test_tiny_file(tmp_path: Path, read_back: ReadBack) -> None:
    (tmp_path / "tiny.csv").write_text("date,customer,item,qty,price\n2024-01-02,C1,A1,2,3.5\n2024-01-03,C2,A2,1,4\n")
    report = new_workspace("client", orders=tmp_path / "tiny.csv", folder=tmp_path)
    assert "2 rows, 5 columns" in report
    _, frame = read_back(tmp_path)
    assert frame["unit_price"].tolist() == [3.5, 4.0]


def test_hostile_names_stay_text(tmp_path: Path, lines: pd.DataFrame) -> None:
    odd = 'item "a"\'b # [x] = {1}'
    table = lines[["day", "customer", "item", "quantity", "price"]].set_axis(
        ["date", "customer", odd, "qty", "price <script>"], axis=1
    )
    table.to_csv(tmp_path / "odd.csv", index=False)
    new_workspace("client", orders=tmp_path / "odd.csv", folder=tmp_path)
    text = (tmp_path / "client" / "segkit.toml").read_text("utf-8")
    assert tomllib.loads(text)["sources"]["orders"]["columns"]["item_id"] == odd


def test_a_workspace_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_text("date,customer,item,qty,price\n2024-01-02,C1,A1,2,3.5\n2024-01-03,C2,A2,1,4\n")
    new_workspace("client", orders=tmp_path / "tiny.csv", folder=tmp_path)
    target = tmp_path / "client" / "segkit.toml"
    target.write_text("# mine\n", "utf-8")
    with pytest.raises(SettingsError, match="is there already"):
        new_workspace("client", orders=tmp_path / "tiny.csv", folder=tmp_path)
    assert target.read_text("utf-8") == "# mine\n"
    new_workspace("client", orders=tmp_path / "tiny.csv", folder=tmp_path, force=True)
    assert target.read_text("utf-8") != "# mine\n"


def test_unknown_mapping_names_the_known(tmp_path: Path) -> None:
    (tmp_path / "tiny.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SettingsError, match="no mapping is named online_retial"):
        new_workspace("client", orders=tmp_path / "tiny.csv", mapping="online_retial", folder=tmp_path)


def test_same_proposal_whatever_the_order_of_columns(tmp_path: Path, lines: pd.DataFrame) -> None:
    names = ["Order no", "Order date", "Customer", "Article", "Description", "Quantity", "Price", "Total"]
    table = lines.set_axis(names, axis=1)
    found = []
    for seed in range(3):
        path = tmp_path / f"order{seed}.csv"
        table[np.random.default_rng(seed).permutation(names)].to_csv(path, index=False)
        found.append({guess.column: guess.source for guess in propose_mapping(sniff_file(path)).guesses.values()})
    assert found[0] == found[1] == found[2]


def test_many_columns_are_judged_by_their_names(tmp_path: Path, lines: pd.DataFrame) -> None:
    plain = pd.DataFrame({f"attr_{n}_x": ["a"] * 20 for n in range(400)})
    pd.concat([plain, lines.head(20)], axis=1).to_csv(tmp_path / "many.csv", index=False)
    look = sniff_file(tmp_path / "many.csv")
    assert {"item", "day", "quantity", "price"} <= set(look.columns)
    assert "300 of 408 columns were looked at, those whose names say most" in look.notes


def wide_file(path: Path) -> Path:
    """Write a year of weeks of 90 items at each of 3 shops, one shop after the other."""
    weeks = {f"2024-W{week:02d}": np.arange(270) % 7 for week in range(1, 53)}
    items = [f"SKU-{place % 90:04d}" for place in range(270)]
    shops = [f"S-{place // 90}" for place in range(270)]
    pd.DataFrame({"item": items, "shop": shops, **weeks}).to_parquet(path, row_group_size=10)
    return path


def test_values_are_counted_over_all_rows_of_a_wide_file_that_is_tried_out_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segkit.core.propose.trial.CHECKED_PERIODS", 3_000)
    report = new_workspace("client", orders=wide_file(tmp_path / "weeks.parquet"), folder=tmp_path)
    assert "90 values" in report
    assert "3 values" in report


def test_values_of_a_large_parquet_file_are_counted_over_all_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segkit.core.propose.sniff.WHOLE_CELLS", 3_000)
    report = new_workspace("client", orders=wide_file(tmp_path / "weeks.parquet"), folder=tmp_path)
    assert "large file: judged on" in report
    assert "90 values" in report


def test_values_of_a_large_text_file_are_at_least_those_seen(
    tmp_path: Path, lines: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WHOLE_BYTES", 20_000), ("BLOCK_BYTES", 1_500), ("BLOCKS", 4)):
        monkeypatch.setattr(f"segkit.core.propose.sniff_text.{name}", value)
    lines.to_csv(tmp_path / "lines.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "lines.csv", folder=tmp_path)
    assert "large file: judged on" in report
    assert "at least " in report
