"""A class goes from the workbook of a run into the workspace, into the next plan, and into its workbook."""

import shutil
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

import segkit as sk
from segkit.cli import app
from segkit.core.errors import DataError, SettingsError
from segkit.prepare import prepare_run
from segkit.report.override_sheet import SHEET, read_override_sheet
from segkit.report.runner.freshness import require_not_shrunk
from segkit.report.take_overrides import take_overrides
from segkit.report.workbook import write_workbook

FOREVER = datetime(2099, 12, 31)
HEAD = ["entity", "entity_id", "abc", "reason", "valid_from", "valid_to"]


@pytest.fixture
def workspace(small_company, write_workspace):
    return write_workspace(small_company, "# mine\n[company]\nname = 'Acme' # ours\n")


def run(workspace, run_dir):
    """Do what a run does with data and workbook, without its notebooks."""
    run_dir.mkdir()
    prepare_run(workspace, run_dir=run_dir)
    plan = sk.open_plan(workspace, run_dir=run_dir)
    plan.write_tables("item_segments", "customer_segments", "data_quality")
    write_workbook(run_dir, None, plan.settings, plan.as_of)
    return plan, run_dir / "segkit.xlsx"


def edit(path, *rows, start=3, sheet=SHEET):
    """Type rows below the column names of the sheet, and save."""
    book = openpyxl.load_workbook(path)
    for place, row in enumerate(rows):
        for column, value in enumerate(row, 1):
            book[sheet].cell(start + place, column, value)
    book.save(path)
    return path


def sheet_rows(path):
    cells = openpyxl.load_workbook(path)[SHEET].iter_rows(min_row=3, max_col=6, values_only=True)
    return [row for row in cells if any(cell is not None for cell in row)]


def test_the_whole_way_round(workspace, tmp_path):
    toml = (workspace / "segkit.toml").read_bytes()
    plan, book = run(workspace, tmp_path / "first")
    assert sheet_rows(book) == []
    segments = plan.item_segments.set_index("item_id")
    item = segments.index[0]
    label = "C" if segments.loc[item, "abc"] != "C" else "A"
    edit(book, ("item", item, label, "Lifts must not stop", None, FOREVER))
    said = take_overrides(workspace, book)
    assert said.splitlines() == [
        "class_overrides.csv: 1 override",
        "  1 added",
        f"    item {item}: {label} until 2099-12-31, Lifts must not stop",
    ]
    assert (workspace / "segkit.toml").read_bytes() == toml + (
        b'\n[sources.class_overrides]\nfile = "class_overrides.csv"\n'
    )

    plan, book = run(workspace, tmp_path / "second")
    row = plan.item_segments.set_index("item_id").loc[item]
    assert row["abc"] == label
    assert row["abc_by_data"] == segments.loc[item, "abc"]
    assert row["reason"].startswith("set by a person until 2099-12-31: Lifts must not stop")
    assert sheet_rows(book) == [("item", item, label, "Lifts must not stop", None, FOREVER)]
    before = (workspace / "class_overrides.csv").read_bytes()
    assert take_overrides(workspace, book) == "class_overrides.csv: 1 override, none changed"
    assert (workspace / "class_overrides.csv").read_bytes() == before


def test_what_changed_is_told(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(
        book,
        ("item", "SKU-0001", "A", "Key item", None, FOREVER),
        ("item", "SKU-0002", "B", "Key item", datetime(2025, 1, 1), FOREVER),
        ("customer", "CUST-0001", "A", "Contract", None, datetime(2025, 3, 31)),
    )
    said = take_overrides(workspace, book)
    assert "3 added" in said
    assert "1 expired on 2025-12-31, not applied\n    customer CUST-0001: A until 2025-03-31, Contract" in said
    toml = (workspace / "segkit.toml").read_bytes()
    blank = (None,) * 6
    edit(book, ("item", "SKU-0001", "A", "No longer sold", None, FOREVER), blank, blank)
    openpyxl_clear(book, 4, 5)
    said = take_overrides(workspace, book)
    assert "1 changed\n    item SKU-0001: A until 2099-12-31, No longer sold" in said
    assert "2 removed" in said
    assert (workspace / "segkit.toml").read_bytes() == toml
    assert pd.read_csv(workspace / "class_overrides.csv")["entity_id"].tolist() == ["SKU-0001"]
    openpyxl_clear(book, 3)
    assert "1 removed" in take_overrides(workspace, book)
    assert sk.open_plan(workspace).item_segments["class_source"].unique().tolist() == ["data"]


def openpyxl_clear(path, *rows):
    book = openpyxl.load_workbook(path)
    for row in rows:
        for column in range(1, 7):
            book[SHEET].cell(row, column).value = None
    book.save(path)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("item", "SKU-0001", "Q", "x", None, FOREVER)], "class Q is none of A, B, C, L"),
        ([("item", "SKU-0001", "A", "x", None, "soon")], "valid_to"),
        ([("item", "SKU-0001", "A", None, None, FOREVER)], "reason is missing"),
        ([("shop", "SKU-0001", "A", "x", None, FOREVER)], "entity is none of item, customer"),
        ([("item", "SKU-001", "A", "x", None, FOREVER)], "item SKU-001 is not known; did you mean SKU-0001?"),
        ([("item", "SKU-0001", "A", "x", None, FOREVER), ("item", "SKU-0001", "B", "y", datetime(2025, 6, 1), FOREVER)],
         "overlap another override of the same thing"),
    ],
)  # fmt: skip
def test_on_an_error_nothing_is_written(workspace, tmp_path, rows, said):
    _, book = run(workspace, tmp_path / "first")
    edit(book, *rows)
    before = {path.name: path.read_bytes() for path in workspace.iterdir()}
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, book)
    assert said in str(caught.value)
    assert {path.name: path.read_bytes() for path in workspace.iterdir()} == before


def test_all_problems_come_at_once(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(
        book,
        ("item", "SKU-0001", "A", None, None, "soon"),
        ("shop", "SKU-0002", "A", "x", "then", FOREVER),
        ("item", "SKU-0003", "Q", " ", datetime(2099, 12, 31), datetime(2025, 12, 31)),
        ("customer", "CUST-01", "A", "x", None, None),
        ("item", "SKU-0004", "A", "x", None, FOREVER),
        ("item", "SKU-0004", "A", "x", None, FOREVER),
    )
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, book)
    said = str(caught.value)
    for word in (
        "reason is missing in 2 rows",
        "valid_to is unreadable in 1 row",
        "valid_to is missing in 1 row",
        "valid_from unreadable in 1 row",
        "entity is none of item, customer in 1 row",
        "key (entity, entity_id, valid_from) repeats in 1 row",
        "class Q is none of A, B, C, L in 1 row, first: item SKU-0003",
        "valid_to is before valid_from in 1 row",
        "overlap another override of the same thing in 1 row",
        "customer CUST-01 is not known; did you mean CUST-0001?",
    ):
        assert word in said, word
    assert "segkit.toml" not in said


def test_the_sheet_may_be_moved_about_in(workspace, tmp_path):
    """Lines above the names, remarks in brackets, another order and blank lines do not matter; text dates are read."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    for row in (
        ["Planning round of March"],
        [],
        ["(remark)", "abc", "entity", "entity_id", "valid_to", "reason"],
        [],
        ["ask sales", "A", "Item", "SKU-0001", "2099-12-31", "  Key item "],
        [],
        [None, "L", "customer", "CUST-0002", datetime(2099, 6, 30), "Never pays"],
    ):
        sheet.append(row)
    book.save(tmp_path / "mine.xlsx")
    found = read_override_sheet(tmp_path / "mine.xlsx").frame
    assert found[["entity", "entity_id", "abc", "reason"]].to_numpy().tolist() == [
        ["customer", "CUST-0002", "L", "Never pays"], ["item", "SKU-0001", "A", "Key item"],
    ]  # fmt: skip
    assert found["valid_to"].dt.strftime("%Y-%m-%d").tolist() == ["2099-06-30", "2099-12-31"]
    assert "2 added" in take_overrides(workspace, tmp_path / "mine.xlsx")


def test_an_id_of_digits_stays_text(small_company, write_workspace, tmp_path):
    orders = small_company["orders"].replace({"item_id": {"SKU-0001": "00123"}})
    items = small_company["items"].replace({"item_id": {"SKU-0001": "00123"}})
    workspace = write_workspace({"orders": orders, "items": items})
    _, book = run(workspace, tmp_path / "first")
    edit(book, ("item", "00123", "A", "Key item", None, FOREVER))
    take_overrides(workspace, book)
    plan, book = run(workspace, tmp_path / "second")
    assert plan.item_segments.set_index("item_id").loc["00123", "class_source"] == "override"
    assert sheet_rows(book)[0][1] == "00123"


def test_a_workbook_without_the_sheet_or_its_columns_says_so(workspace, tmp_path):
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(DataError, match="no sheet is named 'class_overrides'"):
        take_overrides(workspace, path)
    book = openpyxl.Workbook()
    book.active.title = SHEET
    book.active.append(["entity", "entity_id", "abc", "because", "valid_to"])
    book.save(path)
    with pytest.raises(DataError, match="no row of column names with reason"):
        take_overrides(workspace, path)
    with pytest.raises(DataError, match="no such workbook"):
        take_overrides(workspace, tmp_path / "nowhere.xlsx")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_settings_stay_as_they_are_to_the_byte(small_company, write_workspace, tmp_path, end):
    workspace = write_workspace(small_company)
    path = workspace / "segkit.toml"
    text = path.read_text("utf-8").strip().replace("\n", end or "\n") + end
    path.write_bytes(text.encode())
    _, book = run(workspace, tmp_path / "first")
    take_overrides(workspace, edit(book, ("item", "SKU-0001", "A", "Key item", None, FOREVER)))
    new = path.read_bytes()
    assert new.startswith(text.encode())
    line = b"\r\n" if end == "\r\n" else b"\n"
    gap = line if end else 2 * line
    assert (
        new[len(text.encode()) :] == gap + b"[sources.class_overrides]" + line + b'file = "class_overrides.csv"' + line
    )
    assert "class_overrides" in sk.open_plan(workspace).settings.sources


def test_settings_that_cannot_be_added_to_say_what_to_write(small_company, write_workspace, tmp_path):
    workspace = write_workspace(small_company)
    _, book = run(workspace, tmp_path / "first")
    inline = 'sources = {orders = {file = "orders.csv"}, items = {file = "items.csv"}}\n'
    (workspace / "segkit.toml").write_text(inline, "utf-8")
    with pytest.raises(SettingsError, match=r"Add by hand: \[sources.class_overrides\]"):
        take_overrides(workspace, edit(book, ("item", "SKU-0001", "A", "Key item", None, FOREVER)))
    assert (workspace / "segkit.toml").read_text("utf-8") == inline
    assert not (workspace / "class_overrides.csv").exists()


def test_overrides_from_elsewhere_are_left_alone(small_company, write_workspace, tmp_path):
    workspace = write_workspace(small_company)
    _, book = run(workspace, tmp_path / "first")
    edit(book, ("item", "SKU-0001", "A", "Key item", None, FOREVER))
    shutil.copy(book, workspace / "classes.xlsx")
    with (workspace / "segkit.toml").open("a") as file:
        file.write('[sources.class_overrides]\nfile = "classes.xlsx"\nsheet = "class_overrides"\nheader_row = 2\n')
    assert take_overrides(workspace, book) == "classes.xlsx: 1 override, none changed"
    edit(book, ("item", "SKU-0001", "B", "Key item", None, FOREVER))
    with pytest.raises(SettingsError, match="Change the overrides there"):
        take_overrides(workspace, book)
    assert sk.open_plan(workspace).item_segments["class_source"].eq("override").sum() == 1


def test_the_command_says_what_came_of_it(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(book, ("customer", "CUST-0001", "C", "Leaves in spring", None, FOREVER))
    done = CliRunner().invoke(app, ["overrides", str(workspace), str(book)])
    assert done.exit_code == 0
    assert "customer CUST-0001: C until 2099-12-31, Leaves in spring" in done.stdout
    edit(book, ("customer", "CUST-0001", "c", "Leaves in spring", None, FOREVER))
    failed = CliRunner().invoke(app, ["overrides", str(workspace), str(book)])
    assert failed.exit_code == DataError.exit_code
    assert "class c is none of A, B, C, L" in failed.stderr


def test_the_sheet_is_made_to_be_typed_in(workspace, tmp_path):
    _, path = run(workspace, tmp_path / "first")
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    assert [cell.value for cell in sheet[2]] == HEAD
    assert all(cell.comment for cell in sheet[2])
    lists = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    assert lists["A3"].formula1 == '"item,customer"'
    assert lists["C3"].formula1 == '"A,B,C,L"'
    assert {"E3", "F3"} < set(lists)
    listed = [row[0].value for row in book["contents"].iter_rows(min_row=5)]
    assert listed[-2:] == [SHEET, "policy_overrides"]


def test_fewer_overrides_are_no_broken_export():
    require_not_shrunk({"class_overrides": {"rows": 0}}, {"class_overrides": {"rows": 5}}, 0.1)
    with pytest.raises(DataError, match="orders has 1 rows"):
        require_not_shrunk({"orders": {"rows": 1}}, {"orders": {"rows": 5}}, 0.1)


def test_the_day_counts_not_the_hour(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = SHEET
    for row in (HEAD, ["item", "SKU-0001", "A", "x", None, date(2099, 12, 31)]):
        book.active.append(row)
    book.save(tmp_path / "mine.xlsx")
    found = read_override_sheet(Path(tmp_path / "mine.xlsx")).frame
    assert found["valid_to"].tolist() == [pd.Timestamp("2099-12-31")]
