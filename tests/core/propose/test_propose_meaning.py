"""What the columns of unknown order lines mean: by names in several languages, by values, by how they move together."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.core.propose.proposal import propose_mapping
from segkit.core.propose.sniff import sniff_file
from segkit.core.propose.workspace import new_workspace
from segkit.core.settings import read_settings

ReadBack = Callable[[Path], tuple[str, pd.DataFrame]]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["N° facture", "Date facture", "Code client", "Réf. article", "Quantité", "Prix unitaire HT"], "fr"),
        (["factura", "fecha", "cliente", "articulo", "cantidad", "precio_unitario"], "es"),
        (["numero_fattura", "data_fattura", "codice_cliente", "codice_articolo", "quantita", "prezzo"], "it"),
        (["factuurnummer", "factuurdatum", "klantnummer", "artikelnummer", "aantal", "prijs"], "nl"),
        (["inv_no", "inv_dt", "cust_id", "prod_cd", "qty", "unit_prc_price"], "en"),
        (["fatura", "data", "cliente", "codigo_produto", "quantidade", "preco_unitario"], "pt"),
    ],
)
def test_names_in_other_languages(tmp_path: Path, lines: pd.DataFrame, names: list[str], expected: str) -> None:
    table = lines[["order", "day", "customer", "item", "quantity", "price"]].set_axis(names, axis=1)
    table.to_csv(tmp_path / f"{expected}.csv", index=False, date_format="%Y-%m-%d")
    proposal = propose_mapping(sniff_file(tmp_path / f"{expected}.csv"))
    columns = ("order_id", "order_date", "customer_id", "item_id", "quantity", "unit_price")
    assert [proposal.source(column) for column in columns] == names


def test_names_that_say_nothing(tmp_path: Path, lines: pd.DataFrame) -> None:
    table = lines[["day", "item", "quantity", "price", "amount"]].set_axis([f"F{n}" for n in range(1, 6)], axis=1)
    table.to_csv(tmp_path / "export.tsv", index=False, sep="\t", date_format="%Y%m%d")
    proposal = propose_mapping(sniff_file(tmp_path / "export.tsv"))
    found = {column: proposal.source(column) for column in ("order_date", "item_id", "amount")}
    assert found == {"order_date": "F1", "item_id": "F2", "amount": "F5"}
    assert {proposal.source("quantity"), proposal.source("unit_price")} == {"F3", "F4"}


def test_amount_column_that_is_a_quantity(tmp_path: Path, lines: pd.DataFrame) -> None:
    """As in real files: AMOUNT counts pieces, SALES_PRICE and an unnamed cost are of the line."""
    sold = lines[lines["quantity"] > 0].assign(quantity=lambda rows: rows["quantity"] % 4 + 1)
    money = sold["quantity"] * sold["price"] * 10
    table = pd.DataFrame(
        {
            "DT": sold["day"],
            "CUSTOMER": sold["customer"],
            "PRODUCT": sold["item"],
            "AMOUNT": sold["quantity"],
            "ASSET": (money * 0.8).round(),
            "SALES_PRICE": money.round(),
        }
    )
    table.to_parquet(tmp_path / "shop.parquet")
    proposal = propose_mapping(sniff_file(tmp_path / "shop.parquet"))
    assert (proposal.source("quantity"), proposal.source("amount"), proposal.source("cost")) == (
        "AMOUNT",
        "SALES_PRICE",
        "ASSET",
    )


def test_names_of_an_erp_export(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    names = ["VBELN", "ERDAT", "KUNNR", "MATNR", "ARKTX", "KWMENG", "NETPR", "NETWR"]
    table = lines.set_axis(names, axis=1).assign(WAERK="CHF")
    table.to_csv(tmp_path / "vbap.csv", index=False, date_format="%Y%m%d")
    new_workspace("client", orders=tmp_path / "vbap.csv", folder=tmp_path)
    assert read_settings(tmp_path / "client").company.currency == "CHF"
    _, frame = read_back(tmp_path)
    assert {"order_id", "order_date", "customer_id", "item_id", "quantity", "unit_price", "amount"} <= set(frame)
    assert frame["amount"].sum() == pytest.approx(lines["amount"].sum())


def test_amount_is_the_one_after_discount(tmp_path: Path, lines: pd.DataFrame) -> None:
    discount = (lines["amount"].abs() * 0.1 * (np.arange(600) % 3)).round(2)
    table = pd.DataFrame(
        {
            "Order Id": lines["order"],
            "Order Date": lines["day"],
            "Customer Id": lines["customer"],
            "Product Id": lines["item"],
            "Quantity": lines["quantity"].abs(),
            "Price": lines["price"],
            "Sales": lines["amount"].abs(),
            "Discount": discount,
            "Total": (lines["amount"].abs() - discount).round(2),
        }
    )
    table.to_csv(tmp_path / "shop.csv", index=False)
    proposal = propose_mapping(sniff_file(tmp_path / "shop.csv"))
    assert proposal.source("amount") == "Total"
    assert "Sales - Discount = Total" in proposal.guesses["orders.amount"].evidence


def test_rows_without_a_quantity_are_pieces(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = lines[["order", "day", "customer", "item", "price"]]
    table = table.set_axis(["order_id", "purchase_date", "customer_id", "product_id", "price"], axis=1)
    table.to_csv(tmp_path / "shop.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "shop.csv", folder=tmp_path)
    _, frame = read_back(tmp_path)
    assert (frame["quantity"] == 1).all()
    assert "quantity = 1: the file names no quantity, so each row is one piece" in report


def test_days_that_are_counted(tmp_path: Path, lines: pd.DataFrame, read_back: ReadBack) -> None:
    table = lines[["order", "day", "customer", "item", "quantity", "amount"]].copy()
    table["day"] = (table["day"] - pd.Timestamp("2024-01-01")).dt.days
    table.columns = ["BASKET_ID", "DAY", "household_key", "PRODUCT_ID", "QUANTITY", "SALES_VALUE"]
    table.to_csv(tmp_path / "shop.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "shop.csv", folder=tmp_path)
    _, frame = read_back(tmp_path)
    assert frame["order_date"].tolist() == lines["day"].tolist()
    assert "order_date: DAY counts days; day 0 is taken as 2024-01-01" in report


def test_pack_size_is_no_order_multiple_where_packs_are_counted(tmp_path: Path, lines: pd.DataFrame) -> None:
    table = lines[["order", "day", "customer", "item", "quantity", "price", "amount"]].set_axis(
        ["PO no", "Order date", "Customer no", "Item no", "Quantity", "Pack Price", "Value"], axis=1
    )
    table["Unit of Measure (Per Pack)"] = lines["item"].str[-2:].astype(int) % 5 * 30 + 30
    table.to_csv(tmp_path / "packs.csv", index=False)
    report = new_workspace("client", orders=tmp_path / "packs.csv", folder=tmp_path)
    assert "order_multiple" not in (tmp_path / "client" / "segkit.toml").read_text()
    assert "Unit of Measure (Per Pack) is not taken as items.order_multiple: Quantity x Pack Price = Value in" in report
    table.rename(columns={"Pack Price": "Unit Price"}).to_csv(tmp_path / "pieces.csv", index=False)
    assert propose_mapping(sniff_file(tmp_path / "pieces.csv")).source("items.order_multiple")
