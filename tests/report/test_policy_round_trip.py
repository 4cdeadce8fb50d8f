"""What a person sets of a policy goes from the workbook into the workspace, the next plan, and its workbook."""

from datetime import datetime

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

import segkit as sk
from segkit.cli import app
from segkit.core.columns import empty_table, input_tables
from segkit.core.errors import DataError, SettingsError
from segkit.prepare import prepare_run
from segkit.report.override_sheet import SHEET, read_override_sheet
from segkit.report.policy_sheet import NOW, POLICY_SHEET, sheet_lines
from segkit.report.runner.freshness import require_not_shrunk
from segkit.report.take_overrides import take_overrides
from segkit.report.workbook import write_workbook

FOREVER = datetime(2099, 12, 31)
COLUMNS = list(input_tables()[POLICY_SHEET].columns)


@pytest.fixture
def workspace(small_company, write_workspace):
    return write_workspace(small_company, "# mine\n[company]\nname = 'Acme' # ours\n")


def policies_of(plan):
    """Return a table ``policies`` as the plan will have it, from the rules and plain figures."""
    rules = plan.policy_rules
    figures = {"reorder_point": 10.0, "order_up_to": 30.0, "order_quantity": float("nan"), "safety_stock": 4.0}
    made = rules.assign(**{name: rules[name].fillna(value) for name, value in figures.items()})
    return made[["item_id", "location_id", "policy", *figures, "rule", "reason", "review_days"]]


def run(workspace, run_dir):
    """Do what a run does with data and workbook, without its notebooks."""
    run_dir.mkdir()
    prepare_run(workspace, run_dir=run_dir)
    plan = sk.open_plan(workspace, run_dir=run_dir)
    write_workbook(run_dir, {"policies": policies_of(plan)}, plan.settings, plan.as_of)
    return plan, run_dir / "segkit.xlsx"


def line_of(sheet, item, place):
    """Return the row of the sheet in which an item-location stands."""
    found = [cells[0].row for cells in sheet.iter_rows(min_row=3) if (cells[0].value, cells[1].value) == (item, place)]
    assert len(found) == 1
    return found[0]


def edit(path, item, place, new=False, **values):
    """Type values into the line of an item-location, or into the first free line; save."""
    book = openpyxl.load_workbook(path)
    sheet = book[POLICY_SHEET]
    row = sheet.max_row + 1 if new else line_of(sheet, item, place)
    for name, value in {"item_id": item, "location_id": place, **values}.items():
        sheet.cell(row, COLUMNS.index(name) + 1).value = value
    book.save(path)
    return path


def sheet_rows(path):
    """Return the filled lines of the sheet: those that set something."""
    cells = openpyxl.load_workbook(path)[POLICY_SHEET].iter_rows(min_row=3, max_col=len(COLUMNS), values_only=True)
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells if any(cell is not None for cell in row[2:])]


SET = {"reorder_point": 20, "order_up_to": 55.5, "reason": "Lifts must not stop", "valid_to": FOREVER}


def test_the_whole_way_round(workspace, tmp_path):
    toml = (workspace / "segkit.toml").read_bytes()
    plan, book = run(workspace, tmp_path / "first")
    assert sheet_rows(book) == []
    said = take_overrides(workspace, edit(book, "SKU-0001", "NORTH", **SET))
    assert said.splitlines() == [
        "policy_overrides.csv: 1 override",
        "  1 added",
        "    item SKU-0001 at NORTH: reorder_point 20, order_up_to 55.5 until 2099-12-31, Lifts must not stop",
    ]
    assert (workspace / "segkit.toml").read_bytes() == toml + (
        b'\n[sources.policy_overrides]\nfile = "policy_overrides.csv"\n'
    )
    assert not (workspace / "class_overrides.csv").exists()

    plan, book = run(workspace, tmp_path / "second")
    row = plan.policy_rules.set_index(["item_id", "location_id"]).loc[("SKU-0001", "NORTH")]
    assert row[["policy", "reorder_point", "order_up_to", "source"]].tolist() == ["min_max", 20.0, 55.5, "override"]
    assert row["rule_would_be"] == "order_up_to, economic, review_days 7"
    assert row["reason"].startswith("set by a person until 2099-12-31: reorder_point 20, order_up_to 55.5 (Lifts must")
    blank = dict.fromkeys(COLUMNS)
    assert sheet_rows(book) == [{**blank, "item_id": "SKU-0001", "location_id": "NORTH", **SET}]
    before = (workspace / "policy_overrides.csv").read_bytes()
    assert take_overrides(workspace, book) == "policy_overrides.csv: 1 override, none changed"
    assert (workspace / "policy_overrides.csv").read_bytes() == before


def test_what_expires_is_ignored_told_and_stays_in_the_sheet(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    ended = {"safety_stock": 8, "reason": "Fair", "valid_to": datetime(2025, 3, 31)}
    said = take_overrides(workspace, edit(book, "SKU-0001", "NORTH", **ended))
    assert "  1 expired on 2025-12-31, not applied\n    item SKU-0001 at NORTH: safety_stock 8 until 2025-03-31" in said
    plan, book = run(workspace, tmp_path / "second")
    assert (plan.policy_rules["source"] == "rule").all()
    noted = plan.data_quality.query("source_table == 'policy_overrides' and action == 'noted'")
    assert noted["reason"].tolist() == ["expired"]
    assert len(sheet_rows(book)) == 1
    earlier = sk.open_plan(workspace, as_of="2025-03-31").policy_rules
    assert (earlier["source"] == "override").sum() == 1
    assert "1 changed" in take_overrides(workspace, edit(book, "SKU-0001", "NORTH", valid_to=FOREVER))
    assert (sk.open_plan(workspace).policy_rules["source"] == "override").sum() == 1


def test_a_line_for_all_locations_and_one_that_is_emptied(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0002", None, new=True, policy="to_order", reason="Too dear", valid_to=FOREVER)
    said = take_overrides(workspace, edit(book, "SKU-0001", "NORTH", fill_rate=0.97, reason="x", valid_to=FOREVER))
    assert "item SKU-0002 at all locations: to_order until 2099-12-31, Too dear" in said
    plan, book = run(workspace, tmp_path / "second")
    table = plan.policy_rules.set_index(["item_id", "location_id"])
    assert (table.loc["SKU-0002", "policy"] == "to_order").all()
    assert table.loc[("SKU-0001", "NORTH"), ["service_measure", "target"]].tolist() == ["fill_rate", 0.97]
    blank = dict.fromkeys(COLUMNS[2:])
    said = take_overrides(workspace, edit(book, "SKU-0001", "NORTH", **blank))
    assert said.splitlines()[:2] == ["policy_overrides.csv: 1 override", "  1 removed"]


def test_both_sheets_are_taken_at_once_or_neither(workspace, tmp_path):
    _, path = run(workspace, tmp_path / "first")
    edit(path, "SKU-0001", "NORTH", **SET)
    book = openpyxl.load_workbook(path)
    for column, value in enumerate(("item", "SKU-0001", "Q", "Key item", None, FOREVER), 1):
        book[SHEET].cell(3, column).value = value
    book.save(path)
    before = {file.name: file.read_bytes() for file in workspace.iterdir()}
    with pytest.raises(DataError, match="sheet 'class_overrides' cannot be used:\n  class Q is none of"):
        take_overrides(workspace, path)
    assert {file.name: file.read_bytes() for file in workspace.iterdir()} == before
    book[SHEET].cell(3, 3).value = "A"
    book.save(path)
    said = take_overrides(workspace, path)
    assert said.splitlines()[::3] == ["class_overrides.csv: 1 override", "policy_overrides.csv: 1 override"]
    sources = sk.open_plan(workspace).settings.sources
    assert {"class_overrides", "policy_overrides"} < set(sources)


@pytest.mark.parametrize(
    ("place", "values", "said"),
    [
        ("NORTH", {"min_stock": 5, "max_stock": 4}, "have a min_stock above max_stock in 1 row, first: SKU-0001"),
        ("NORTH", {"min_stock": -5}, "min_stock is below 0 in 1 row"),
        ("NORTH", {"fill_rate": 97}, "fill_rate is above 1 in 1 row"),
        ("NORTH", {"min_stock": "many"}, "min_stock unreadable in 1 row"),
        ("NORTH", {"policy": "stock it"}, "policy is none of order_up_to, min_max, reorder_quantity, to_order"),
        ("NORTH", {"min_stock": 5, "valid_to": None}, "valid_to is missing in 1 row"),
        ("NORTH", {"min_stock": 5, "reason": None}, "reason is missing in 1 row"),
        ("NORTH", {}, "overrides set nothing in 1 row"),
    ],
)  # fmt: skip
def test_on_an_error_nothing_is_written(workspace, tmp_path, place, values, said):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0001", place, **{"reason": "x", "valid_to": FOREVER, **values})
    before = {path.name: path.read_bytes() for path in workspace.iterdir()}
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, book)
    assert "sheet 'policy_overrides' cannot be used" in str(caught.value)
    assert said in str(caught.value)
    assert {path.name: path.read_bytes() for path in workspace.iterdir()} == before


def test_ids_that_nobody_knows_are_told_with_the_nearest(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-001", "NORD", new=True, **SET)
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, book)
    assert "item SKU-001 is not known; did you mean SKU-0001?" in str(caught.value)
    assert "location NORD is not known; did you mean NORTH?" in str(caught.value)


@pytest.mark.parametrize(
    ("item", "place", "said"),
    [
        ("SKU-0001", "north", "location north is not known; did you mean NORTH?"),
        ("SKU-0001", "XQ", "location XQ is not known; known: NORTH, SOUTH"),
        ("sku-0002", "NORTH", "item sku-0002 is not known; did you mean SKU-0002?"),
        ("42", "NORTH", f"item 42 is not known; known: {', '.join(f'SKU-000{n}' for n in range(6))}"),
    ],
)
def test_ids_of_other_case_or_unlike_all_of_few_are_told_with_what_there_is(workspace, tmp_path, item, place, said):
    _, book = run(workspace, tmp_path / "first")
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, edit(book, item, place, new=True, **SET))
    assert str(caught.value).splitlines()[1:-1] == [f"  {said}"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"order_up_to": "abc"}, "order_up_to unreadable in 1 row, first: row {row} 'abc'"),
        ({"fill_rate": "97 %%"}, "fill_rate unreadable in 1 row, first: row {row} '97 %%'"),
        ({"order_up_to": 5, "valid_to": "soon"}, "valid_to is unreadable in 1 row, first: row {row} 'soon'"),
        ({"order_up_to": 5, "valid_to": "=TODAY()"},
         "cells hold an error, or a formula that was never calculated: valid_to in row {row} '=TODAY()'"),
        ({"order_up_to": "#N/A"},
         "cells hold an error, or a formula that was never calculated: order_up_to in row {row} '#N/A'"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_told_once(workspace, tmp_path, values, said):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0001", "NORTH", **{"reason": "x", "valid_to": FOREVER, **values})
    row = line_of(openpyxl.load_workbook(book)[POLICY_SHEET], "SKU-0001", "NORTH")
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, book)
    assert str(caught.value).splitlines()[1:-1] == [f"  {said.format(row=row)}"]


def test_other_rows_and_cells_are_judged_beside_one_that_cannot_be_read(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0001", "NORTH", reason=None, order_up_to=5, valid_to="=TODAY()")
    edit(book, "SKU-0001", "SOUTH", reason="x", min_stock=5, max_stock=4, valid_to=FOREVER)
    with pytest.raises(DataError) as caught:
        take_overrides(workspace, book)
    assert "in 3 ways" in str(caught.value)
    assert "reason is missing in 1 row" in str(caught.value)
    assert "overrides have a min_stock above max_stock in 1 row, first: SKU-0001 at SOUTH" in str(caught.value)


def test_ids_of_digits_and_text_that_looks_like_a_formula_stay_text(small_company, write_workspace, tmp_path):
    names = {"SKU-0001": "00123", "SKU-0002": "=1+1"}
    tables = {name: small_company[name].replace({"item_id": names}) for name in ("orders", "items")}
    workspace = write_workspace(tables)
    _, book = run(workspace, tmp_path / "first")
    edit(book, "00123", "NORTH", **SET)
    assert "1 added\n    item 00123 at NORTH" in take_overrides(workspace, book)
    plan, book = run(workspace, tmp_path / "second")
    assert plan.policy_rules.query("source == 'override'")["item_id"].tolist() == ["00123"]
    cells = [cell for row in openpyxl.load_workbook(book)[POLICY_SHEET].iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert {"00123", "=1+1"} < {cell.value for cell in cells}


def test_a_company_without_locations_sets_it_for_all(small_company, write_workspace, tmp_path):
    orders = small_company["orders"].drop(columns="location_id")
    workspace = write_workspace({"orders": orders, "items": small_company["items"]})
    _, book = run(workspace, tmp_path / "first")
    assert "item SKU-0001 at all locations" in take_overrides(workspace, edit(book, "SKU-0001", "(all)", **SET))
    plan, book = run(workspace, tmp_path / "second")
    assert plan.policy_rules.query("source == 'override'")["item_id"].tolist() == ["SKU-0001"]
    assert len(sheet_rows(book)) == 1


def test_the_sheet_has_a_line_per_place_beside_what_holds_now(workspace, tmp_path):
    plan, path = run(workspace, tmp_path / "first")
    sheet = openpyxl.load_workbook(path)[POLICY_SHEET]
    assert [cell.value for cell in sheet[2]] == [*COLUMNS, *(f"{name} now" for name in NOW)]
    assert all(cell.comment for cell in sheet[2][: len(COLUMNS)])
    assert sheet.max_row == 2 + len(plan.policy_rules)
    row = [cell.value for cell in sheet[line_of(sheet, "SKU-0001", "NORTH")]]
    assert row[: len(COLUMNS)] == ["SKU-0001", "NORTH", *[None] * (len(COLUMNS) - 2)]
    assert row[len(COLUMNS) :] == ["order_up_to", 10, 30, None, 4, "all_others", "rule all_others: true"]
    lists = {str(rule.sqref).split(":")[0]: rule for rule in sheet.data_validations.dataValidation}
    assert lists["C3"].formula1 == '"order_up_to,min_max,reorder_quantity,to_order"'
    letters = {name: openpyxl.utils.get_column_letter(place) for place, name in enumerate(COLUMNS, 1)}
    checked = {name for name, letter in letters.items() if f"{letter}3" in lists}
    assert checked == set(COLUMNS) - {"item_id", "location_id", "reason"}


def test_every_override_is_in_the_sheet_however_long_it_is():
    many = 10_050
    ids = pd.Series([f"SKU-{n:05d}" for n in range(many)], dtype="str")
    policies = pd.DataFrame({"item_id": ids, "location_id": "N", "policy": "min_max", "rule": "r", "reason": "x"})
    last = {"item_id": ids.iloc[-1:], "location_id": "N", "min_stock": 1.0, "reason": "x"}
    kinds = empty_table(POLICY_SHEET).dtypes.to_dict()
    held = pd.DataFrame(last).assign(valid_to=pd.Timestamp(FOREVER)).reindex(columns=COLUMNS).astype(kinds)
    lines = sheet_lines(held, policies)
    assert lines.loc[0, ["item_id", "min_stock", "policy now"]].tolist() == [ids.iloc[-1], 1.0, "min_max"]
    assert len(lines) == 10_001
    assert not lines["item_id"].duplicated().any()


def test_without_policies_the_sheet_holds_what_is_set(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    take_overrides(workspace, edit(book, "SKU-0001", "NORTH", **SET))
    (tmp_path / "second").mkdir()
    prepare_run(workspace, run_dir=tmp_path / "second")
    plan = sk.open_plan(workspace, run_dir=tmp_path / "second")
    write_workbook(tmp_path / "second", {}, plan.settings, plan.as_of)
    path = tmp_path / "second" / "segkit.xlsx"
    assert len(sheet_rows(path)) == 1
    assert take_overrides(workspace, path).endswith("none changed")


def test_same_input_gives_the_same_workbook(workspace, tmp_path):
    _, first = run(workspace, tmp_path / "first")
    _, second = run(workspace, tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()


def test_overrides_from_elsewhere_are_left_alone_unless_they_differ(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0001", "NORTH", **SET)
    frame = read_override_sheet(book, POLICY_SHEET).frame
    frame.to_csv(workspace / "theirs.csv", index=False, sep=";")
    with (workspace / "segkit.toml").open("a") as file:
        file.write('[sources.policy_overrides]\nfile = "theirs.csv"\ndelimiter = ";"\n')
    assert take_overrides(workspace, book) == "theirs.csv: 1 override, none changed"
    with pytest.raises(SettingsError, match="Change the overrides there"):
        take_overrides(workspace, edit(book, "SKU-0001", "NORTH", reorder_point=21))


def test_the_command_takes_policies_and_fewer_of_them_are_no_broken_export(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    done = CliRunner().invoke(app, ["overrides", str(workspace), str(edit(book, "SKU-0001", "NORTH", **SET))])
    assert done.exit_code == 0
    assert "item SKU-0001 at NORTH: reorder_point 20, order_up_to 55.5 until 2099-12-31" in done.stdout
    require_not_shrunk({"policy_overrides": {"rows": 0}}, {"policy_overrides": {"rows": 5}}, 0.1)


@pytest.mark.parametrize("cell", ["#N/A", "=H3*2"])
def test_a_formula_without_a_value_is_no_blank_cell(workspace, tmp_path, cell):
    """An order_up_to that could not be worked out would leave the reorder point alone: another policy."""
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0001", "NORTH", **{**SET, "order_up_to": cell})
    row = line_of(openpyxl.load_workbook(book)[POLICY_SHEET], "SKU-0001", "NORTH")
    with pytest.raises(DataError) as raised:
        take_overrides(workspace, book)
    assert f"never calculated: order_up_to in row {row} '{cell}'" in str(raised.value)
    assert not (workspace / "policy_overrides.csv").exists()


def test_problems_name_the_row_of_the_sheet(workspace, tmp_path):
    _, book = run(workspace, tmp_path / "first")
    edit(book, "SKU-0001", "SOUTH", **{**SET, "reorder_point": "1,200", "valid_to": "31.12.2026"})
    row = line_of(openpyxl.load_workbook(book)[POLICY_SHEET], "SKU-0001", "SOUTH")
    with pytest.raises(DataError) as raised:
        take_overrides(workspace, book)
    assert f"reorder_point unreadable in 1 row, first: row {row} '1,200'" in str(raised.value)
    assert f"valid_to is unreadable in 1 row, first: row {row} '31.12.2026'" in str(raised.value)
