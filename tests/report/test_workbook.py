from datetime import date, datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from segkit.core.settings import check_settings
from segkit.report.workbook import write_workbook

AS_OF = date(2025, 12, 31)


@pytest.fixture
def settings():
    return check_settings({"company": {"name": "Acme", "currency": "EUR"}}, "test")


@pytest.fixture
def book(tables, settings, tmp_path):
    write_workbook(tmp_path, tables, settings, AS_OF)
    return openpyxl.load_workbook(tmp_path / "segkit.xlsx")


def write(tmp_path, settings, **tables):
    write_workbook(tmp_path, tables, settings, AS_OF)
    return openpyxl.load_workbook(tmp_path / "segkit.xlsx")


def test_every_table_has_a_sheet_after_contents_and_columns(book, tables):
    assert book.sheetnames[:2] == ["contents", "columns"]
    assert set(book.sheetnames[2:]) == {*tables, "class_overrides", "policy_overrides"}
    listed = {row[0].value for row in book["contents"].iter_rows(min_row=5)}
    assert listed == {*tables, "class_overrides", "policy_overrides"}


def test_every_row_is_there(book, tables):
    for name, frame in tables.items():
        assert book[name].max_row == len(frame) + 1, name


def test_header_is_frozen_filtered_and_explained(book):
    sheet = book["item_value"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert "Item, product, article or SKU." in sheet["A1"].comment.text
    revenue = next(cell for cell in sheet[1] if cell.value == "revenue")
    assert "[EUR]" in revenue.comment.text


def test_formats_follow_the_kind(book):
    heads = {cell.value: cell.column for cell in book["item_value"][1]}
    formats = {name: book["item_value"].cell(2, column).number_format for name, column in heads.items()}
    assert formats["revenue"] == "#,##0.00"
    assert formats["item_id"] == "@"
    assert formats["last_order_date"] == "yyyy-mm-dd"
    share = next(cell.column for cell in book["customer_value"][1] if cell.value == "margin_share")
    assert book["customer_value"].cell(2, share).number_format == "0.0%"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@SUM(A1)", "{=A1}", "http://example.org", "00123", "internal:x"])
def test_text_is_written_as_text(text, settings, tmp_path):
    cell = write(tmp_path, settings, items=pd.DataFrame({"item_id": [text]}))["items"]["A2"]
    assert cell.value == text
    assert cell.data_type == "s"
    assert cell.hyperlink is None


def test_values_come_back(settings, tmp_path):
    frame = pd.DataFrame(
        {
            "item_id": ["SKU-0042", None],
            "revenue": [1234.5, np.nan],
            "lines": pd.array([3, None], dtype="Int64"),
            "last_order_date": pd.to_datetime(["2025-12-30", None]),
            "complete": pd.array([True, None], dtype="boolean"),
            "share": [np.inf, 0.25],
            "note": ["x" * 40_000, "ok\x01"],
            "launch_date": pd.to_datetime(["1850-01-01", "1999-12-31"]),
        }
    )
    sheet = write(tmp_path, settings, other=frame)["other"]
    first, second = ([cell.value for cell in row] for row in sheet.iter_rows(min_row=2))
    assert first[:6] == ["SKU-0042", 1234.5, 3, datetime(2025, 12, 30), True, "inf"]
    assert second[:6] == [None, None, None, None, None, 0.25]
    assert len(first[6]) == 32_767
    assert first[7].startswith("1850-01-01")
    assert second[7] == datetime(1999, 12, 31)


def test_same_tables_give_the_same_bytes(tables, settings, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_workbook(tmp_path / folder, tables, settings, AS_OF)
    assert (tmp_path / "one" / "segkit.xlsx").read_bytes() == (tmp_path / "two" / "segkit.xlsx").read_bytes()


def test_very_long_table_says_where_all_rows_are(settings, tmp_path):
    frame = pd.DataFrame({"item_id": "SKU-0042", "quantity": np.zeros(12_000)})
    book = write(tmp_path, settings, demand=frame, item_value=frame)
    note = "The first 10,000 of 12,000 rows; all are in tables/demand.parquet"
    assert book["item_value"].max_row == 12_001
    assert book["demand"]["A1"].value == note
    assert book["demand"].max_row == 10_002
    assert book["demand"].freeze_panes == "B3"
    assert book["contents"]["D5"].value == note


def test_long_and_odd_names_become_sheets(settings, tmp_path):
    frame = pd.DataFrame({"item_id": ["SKU-0001"]})
    names = ["a" * 40, "a" * 41, "x[y]:*?/z", "Contents"]
    write_workbook(tmp_path, dict.fromkeys(names, frame), settings, AS_OF)
    book = openpyxl.load_workbook(tmp_path / "segkit.xlsx")
    assert len(book.sheetnames) == 8
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_tables_are_read_from_the_run(tables, settings, tmp_path):
    (tmp_path / "tables").mkdir()
    tables["periods"].to_parquet(tmp_path / "tables" / "periods.parquet")
    write_workbook(tmp_path, None, settings, AS_OF)
    assert openpyxl.load_workbook(tmp_path / "segkit.xlsx").sheetnames[:-2] == ["contents", "columns", "periods"]


def test_table_without_rows_and_without_columns(settings, tmp_path):
    book = write(tmp_path, settings, items=pd.DataFrame({"item_id": []}), nothing=pd.DataFrame())
    assert book["items"]["A1"].value == "item_id"
    assert book["nothing"].max_row == 1
