"""A column that nothing reads is named: of overrides it is refused, of other sources told before a run."""

import openpyxl
import pandas as pd
import pytest

import segkit as sk
from segkit.core.errors import SettingsError
from segkit.core.settings import Source
from segkit.core.sources.mapping import read_table
from segkit.plan.readiness import tell_readiness
from segkit.report.override_sheet import read_override_sheet

ROW = {"item_id": "SKU-0001", "location_id": "NORTH", "reason": "contract", "valid_to": "2099-12-31"}


def test_an_override_column_that_nothing_reads_is_refused_and_the_nearest_named(tmp_path):
    wrong = pd.DataFrame([{**ROW, "reorder point": 20, "order_up_to": 60, "order_up_to now": 12}])
    wrong.to_csv(tmp_path / "policy_overrides.csv", index=False)
    source = Source(file="policy_overrides.csv")
    with pytest.raises(
        SettingsError, match=r"'reorder point' is read by nothing.*did you mean reorder_point\?"
    ) as told:
        read_table("policy_overrides", source, tmp_path)
    assert " now" not in str(told.value).partition("\nThe source has")[0]
    mapped = source.model_copy(update={"columns": {"reorder_point": "reorder point"}})
    assert read_table("policy_overrides", mapped, tmp_path).frame["reorder_point"].tolist() == [20]


def test_a_column_of_an_override_sheet_that_nothing_reads_is_a_problem_of_the_sheet(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "policy_overrides"
    sheet.append([*ROW, "reorder point", "order_up_to", "policy now", "(remark)"])
    sheet.append([*ROW.values(), 20, 60, "min_max", "ask sales"])
    book.save(tmp_path / "mine.xlsx")
    read = read_override_sheet(tmp_path / "mine.xlsx", "policy_overrides")
    told = (
        "column 'reorder point' is read by nothing: rename it, take it out, or write (reorder point) if it is a remark"
    )
    assert read.problems == (f"{told}; did you mean reorder_point?",)
    assert read.frame["order_up_to"].tolist() == [60]


@pytest.fixture
def notes(write_workspace, small_company):
    def made(toml="", **tables):
        return tell_readiness(sk.open_plan(write_workspace({**small_company, **tables}, toml)))

    return made


HELD = "[assume]\nholding_rate = 0.2\n"


def test_a_source_of_which_all_is_read_has_no_note(notes):
    assert notes(HELD) == []


def test_columns_that_nothing_reads_are_told_with_what_may_be_meant(notes, small_company):
    items = small_company["items"].assign(pack_size=6, lead_time_day=9, colour="red")
    suppliers = pd.DataFrame({"supplier_id": ["S1"], "lead_time_days": [20]})
    assert notes(HELD, items=items, suppliers=suppliers) == [
        "items: nothing reads pack_size (did you mean order_multiple?), lead_time_day (did you mean lead_time_days?), "
        "colour",
        "suppliers: nothing reads lead_time_days (it is read in items and locations)",
    ]


def test_a_column_that_another_table_reads_from_the_same_file_is_read(write_workspace, small_company):
    orders = small_company["orders"].merge(small_company["items"][["item_id", "category"]]).assign(colour="red")
    folder = write_workspace({"orders": orders}, HELD)
    with (folder / "segkit.toml").open("a") as file:
        file.write('[sources.items]\nfile = "orders.csv"\none_row_per_key = true\n')
    told = tell_readiness(sk.open_plan(folder, overrides={"segments": {"measure": "revenue"}}))
    assert [line for line in told if "nothing reads" in line] == ["orders and items: nothing reads colour"]


def test_cells_taken_as_missing_are_told(notes, small_company):
    items = small_company["items"].assign(moq=["n/a", *[5] * 5])
    assert notes(HELD, items=items) == [
        "items: 1 moq unreadable, taken as missing, first: row 1 'n/a'. Mend the cells."
    ]


def test_rules_that_decide_nothing_and_a_holding_rate_that_lacks_are_told(notes):
    rules = "\n".join(
        f'[policies.rules.{name}]\nwhere = "{where}"' for name, where in (("odd", "abc = 'Q'"), ("all_others", "true"))
    )
    told = notes(rules)
    assert told[0] == "policies.rules.odd: meets nothing now"
    assert "item-locations get no levels, as their rule is economic: give assume.holding_rate" in told[1]
    assert len(told) == 2
    assert notes(f"{HELD}{rules}") == told[:1]
