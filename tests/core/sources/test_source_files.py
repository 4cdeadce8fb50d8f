"""CSV, Parquet and Excel files as companies have them."""

import gzip
from datetime import date, datetime

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import CompressedOutputStream

from segkit.core.errors import DataError, SettingsError
from segkit.core.settings import Source
from segkit.core.sources.mapping import read_table
from segkit.core.sources.reading import fingerprint_source, read_source

TEXT = "item_id,description,unit_cost\nSKU-0042,Pump,2.50\n00123,Valve,\n"


def test_csv_cells_stay_text(tmp_path):
    (tmp_path / "items.csv").write_text(TEXT)
    frame = read_source(Source(file="items.csv"), tmp_path)
    assert frame["item_id"].tolist() == ["SKU-0042", "00123"]
    assert frame["unit_cost"].isna().tolist() == [False, True]
    assert {str(kind) for kind in frame.dtypes} == {"str"}


def test_packed_and_tabbed_csv(tmp_path):
    with gzip.open(tmp_path / "items.csv.gz", "wt") as file:
        file.write(TEXT)
    with CompressedOutputStream(str(tmp_path / "items.csv.zst"), "zstd") as stream:
        stream.write(TEXT.encode())
    (tmp_path / "items.tsv").write_text(TEXT.replace(",", "\t"))
    first = read_source(Source(file="items.csv.gz"), tmp_path)
    pd.testing.assert_frame_equal(first, read_source(Source(file="items.csv.zst"), tmp_path))
    pd.testing.assert_frame_equal(first, read_source(Source(file="items.tsv", delimiter="\t"), tmp_path))


def test_header_further_down_and_trailing_delimiter(tmp_path):
    (tmp_path / "items.csv").write_text("Report of 2025-01-31\n\nitem_id ,unit_cost,\nSKU-0042,2.50,\n")
    frame = read_source(Source(file="items.csv", header_row=3), tmp_path)
    assert frame.to_dict("list") == {"item_id": ["SKU-0042"], "unit_cost": ["2.50"]}


def test_several_files_in_sorted_order(tmp_path):
    (tmp_path / "items-2.csv").write_text("unit_cost,item_id\n1,SKU-0002\n")
    (tmp_path / "items-1.csv").write_text("item_id,unit_cost\nSKU-0001,2\n")
    frame = read_source(Source(file="items-*.csv"), tmp_path)
    assert frame.to_dict("list") == {"item_id": ["SKU-0001", "SKU-0002"], "unit_cost": ["2", "1"]}
    before = fingerprint_source(Source(file="items-*.csv"), tmp_path)
    (tmp_path / "items-3.csv").write_text("item_id,price\nSKU-0003,2\n")
    assert fingerprint_source(Source(file="items-*.csv"), tmp_path) != before
    with pytest.raises(DataError, match=r"items-3.csv: has other columns than items-1.csv: price, unit_cost"):
        read_source(Source(file="items-*.csv"), tmp_path)


def test_file_that_is_not_there(tmp_path):
    (tmp_path / "orders_2025.csv").write_text(TEXT)
    with pytest.raises(DataError, match=r"orders.csv: no such file\n.*holds orders_2025.csv"):
        read_source(Source(file="orders.csv"), tmp_path)
    with pytest.raises(DataError, match="no folder"):
        read_source(Source(file="raw/orders.csv"), tmp_path)


@pytest.mark.parametrize(
    ("file", "message"), [("items.dat", "the ending '.dat' says no format"), ("erp.sqlite", "sqlite:///erp")]
)
def test_ending_that_says_nothing(tmp_path, file, message):
    (tmp_path / file).write_text(TEXT)
    with pytest.raises(SettingsError, match=message):
        read_source(Source(file=file), tmp_path)
    assert len(read_source(Source(file=file, format="csv"), tmp_path)) == 2


def test_parquet_keeps_types_and_reads_only_what_is_used(tmp_path):
    table = pa.table(
        {
            "item_id": pa.array([17850, None, 3], pa.int64()),
            "unit_cost": pa.array(["1.25", None, "2.50"]).cast(pa.decimal128(10, 2)),
            "launch_date": pa.array([date(2025, 1, 2), None, None], pa.date32()),
            "end_date": pa.array([datetime(2025, 1, 2, 23, 30)] * 3, pa.timestamp("ns", "Europe/Vienna")),
            "odd": pa.array([[1], [2], [3]]),
            "category": pa.array(["a", "b", "a"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "items.parquet")
    raw = read_source(
        Source(file="items.parquet"), tmp_path, wanted=lambda names: [name for name in names if name != "odd"]
    )
    assert raw["item_id"].dtype == "Int64"
    source = Source(file="items.parquet", unreadable="set_aside")
    table = read_table("items", source, tmp_path)
    assert table.frame["item_id"].tolist()[::2] == ["17850", "3"]
    assert table.frame["unit_cost"].tolist()[::2] == [1.25, 2.5]
    assert table.frame["launch_date"].iloc[0] == pd.Timestamp("2025-01-02")
    assert table.frame["end_date"].iloc[0] == pd.Timestamp("2025-01-03")
    assert table.reason.tolist() == ["", "item_id missing", ""]


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Items"
    sheet.append(["item_id", "description", "unit_cost", "launch_date", "moq"])
    sheet.append(["00123", "=1+1", 2.5, datetime(2025, 1, 2), 10])
    sheet.append([17850, "Pump", "1,25", "2025-01-03", "#N/A"])
    sheet.append([None] * 5)
    sheet.append(["SKU-0042", None, None, None, 3])
    sheet.cell(9, 1).value = " "
    sheet.cell(9, 1).value = None
    sheet.merge_cells("A6:C8")
    book.create_sheet("Notes")
    book.save(tmp_path / "items.xlsx")
    return tmp_path


def lost_cells(folder, *, key="SKU-0042", name="items.xlsx"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["item_id", "category", "unit_cost", "moq", "lead_time_days", "launch_date", "unused"])
    sheet.append(["SKU-0001", "#N/A", "#DIV/0!", "=10/2", 7, "#VALUE!", "#REF!"])
    sheet.append([key, "pumps", 2.5, 4, 9, datetime(2025, 1, 2), 1])
    book.save(folder / name)
    return Source(file=name)


def test_errors_and_formulas_without_a_value_are_noted_as_the_same_text_in_a_csv_is(tmp_path):
    table = read_table("items", lost_cells(tmp_path), tmp_path)
    mend = "Mend the formulas, and save the workbook in Excel so that they have values."
    assert {note.reason: (note.rows, note.first, note.fix) for note in table.notes} == {
        "category unreadable, taken as missing": (1, "row 1 '#N/A'", mend),
        "unit_cost unreadable, taken as missing": (1, "row 1 '#DIV/0!'", mend),
        "moq unreadable, taken as missing": (1, "row 1 '=10/2'", mend),
        "launch_date unreadable, taken as missing": (1, "row 1 '#VALUE!'", mend),
    }
    assert table.frame["category"].isna().tolist() == [True, False]
    assert table.frame["moq"].tolist()[1] == 4
    assert table.used.all()
    text = "item_id,unit_cost,moq\nSKU-0001,#DIV/0!,=10/2\nSKU-0042,2.5,4\n"
    (tmp_path / "items.csv").write_text(text)
    plain = read_table("items", Source(file="items.csv"), tmp_path)
    told = {(note.reason, note.rows, note.first) for note in table.notes}
    assert {(note.reason, note.rows, note.first) for note in plain.notes} <= told


def test_an_error_in_a_required_cell_of_a_workbook_is_refused_or_set_aside(tmp_path):
    source = lost_cells(tmp_path, key="#REF!")
    with pytest.raises(DataError, match=r"item_id is unreadable in 1 row, first: row 2 '#REF!'"):
        read_table("items", source, tmp_path)
    kept = read_table("items", source.model_copy(update={"unreadable": "set_aside"}), tmp_path)
    assert kept.reason.tolist() == ["", "item_id unreadable"]


def test_workbook_with_mixed_cells_and_blank_rows(workbook):
    table = read_table("items", Source(file="items.xlsx", decimal=","), workbook)
    frame = table.frame
    assert frame["item_id"].tolist() == ["00123", "17850", "SKU-0042"]
    assert frame["unit_cost"].tolist()[:2] == [2.5, 1.25]
    assert frame["launch_date"].tolist()[:2] == [pd.Timestamp("2025-01-02"), pd.Timestamp("2025-01-03")]
    assert frame["moq"].iloc[[0, 2]].tolist() == [10.0, 3.0]
    notes = {note.reason: note.rows for note in table.notes}
    assert notes["blank rows of the sheet, left out"] >= 1


def test_workbook_sheets(workbook):
    with pytest.raises(DataError, match="no sheet is named 'Itens'; did you mean Items"):
        read_source(Source(file="items.xlsx", sheet="Itens"), workbook)
    with pytest.raises(DataError, match="sheet is empty"):
        read_source(Source(file="items.xlsx", sheet="Notes"), workbook)


def test_fingerprint_follows_bytes_and_settings(tmp_path):
    (tmp_path / "items.csv").write_text(TEXT)
    plain = fingerprint_source(Source(file="items.csv"), tmp_path)
    assert plain == fingerprint_source(Source(file="items.csv"), tmp_path)
    assert plain != fingerprint_source(Source(file="items.csv", decimal=","), tmp_path)
    (tmp_path / "items.csv").write_text(TEXT.replace("Pump", "pump"))
    assert plain != fingerprint_source(Source(file="items.csv"), tmp_path)
