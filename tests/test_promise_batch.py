"""A batch of new orders: promised behind the open ones, in full by the rules, with bad lines named."""

import pandas as pd
import pytest
from promise_company import NEW, RULES, company

from segkit import open_plan
from segkit.core.errors import DataError
from segkit.promise_batch import promise_batch, promise_new_orders, read_new_orders


@pytest.fixture
def workspace(write_workspace):
    return write_workspace(company(), RULES)


@pytest.fixture
def promise(workspace, tmp_path):
    """Return a function that promises lines given as a table: the answer by order and line."""
    plan = open_plan(workspace, as_of="2025-06-30")

    def ask(new):
        file = tmp_path / "new.csv"
        new.to_csv(file, index=False)
        made = promise_new_orders(plan, read_new_orders(file, plan.settings, plan.workspace))
        return made.set_index(["order_id", "line_id"])

    return ask


def test_new_lines_get_what_the_open_ones_leave_in_the_order_they_come(promise):
    made = promise(NEW)
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 12.0 - 5.0 - 4.0]
    assert made["promised_date"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2025-07-04"]
    assert made.loc[("N1", "1"), "reason"] == ""
    assert made.loc[("N2", "1"), "reason"].startswith("3 of 9 there in time")


def test_the_days_come_from_the_companys_own_deliveries(promise):
    made = promise(NEW)  # every line came a day after it was asked for
    assert (made["there_by_p80"] == made["promised_date"] + pd.Timedelta(days=1)).all()


def test_quantities_count_in_the_base_unit_of_the_item(promise):
    made = promise(NEW.assign(unit=["case", "each", "each"]))
    assert made.loc[("N1", "1"), ["quantity", "promised_quantity"]].tolist() == [8.0, 7.0]


def test_lines_without_ids_are_counted_by_customer(promise):
    made = promise(NEW.drop(columns=["order_id", "line_id"]))
    assert made.index.tolist() == [("new CUST-1", "1"), ("new CUST-1", "2"), ("new CUST-2", "1")]


def test_what_the_workspace_does_not_know_is_said_and_the_rest_is_promised(promise):
    made = promise(NEW.assign(item_id=["SKU-1", "SKU-9", "SKU-1"], location_id=["DC", "DC", "DC-9"]))
    assert made["promised_quantity"].tolist() == [4.0, 0.0, 0.0]
    assert made["reason"].tolist()[1:] == [
        "item_id is in no table of the workspace",
        "location_id is in no table of the workspace",
    ]


def test_a_customer_without_a_class_is_served_as_unknown(promise):
    made = promise(NEW.assign(customer_id=["CUST-1", "CUST-99", None]))
    assert made["demand_class"].tolist() == ["gold", "(unknown)", "(unknown)"]
    assert made["promised_quantity"].tolist() == [4.0, 3.0, 3.0]


BAD = {
    "item_id is blank in 1 row": {"item_id": ["SKU-1", None, "SKU-2"]},
    "quantity is not above 0 in 2 rows": {"quantity": [1.0, -2.0, 0.0]},
    "quantity is missing in 1 row": {"quantity": [1.0, None, 2.0]},
    "requested_date unreadable, taken as missing in 2 rows, first: row 1 'soon'": {
        "requested_date": ["soon", "2025-07-04", "2025-13-45"]
    },
    r"requested_date lies before as_of \(2025-06-30\) in 1 row": {
        "requested_date": ["2025-07-04", "2024-07-04", "2025-07-04"]
    },
    "lines are open already in 1 row": {"order_id": ["O-OPEN", "N1", "N2"]},
    r"line key \(order_id, line_id\) repeats in 1 row": {"line_id": "1"},
}


@pytest.mark.parametrize("problem", BAD)
def test_bad_lines_are_named_and_nothing_is_promised(promise, problem):
    with pytest.raises(DataError, match=problem):
        promise(NEW.assign(**BAD[problem]))


@pytest.mark.parametrize("name", ["item_id", "quantity", "customer_id", "order_date"])
def test_a_missing_column_is_named(promise, name):
    with pytest.raises(DataError, match=f"{name} is required"):
        promise(NEW.drop(columns=name))


def test_a_company_with_one_location_need_not_name_it(promise):
    assert promise(NEW.drop(columns="location_id"))["location_id"].unique().tolist() == ["DC"]


def test_a_file_in_the_workspaces_own_names_is_read_by_its_mapping(write_workspace, tmp_path):
    names = {"item_id": "StockCode", "quantity": "Pieces", "order_date": "Day"}
    tables = company()
    tables["orders"] = tables["orders"].rename(columns=names)
    folder = write_workspace(tables, RULES)
    settings = folder / "segkit.toml"
    columns = "".join(f'{name} = "{own}"\n' for name, own in names.items())
    settings.write_text(f"{settings.read_text('utf-8')}[sources.orders.columns]\n{columns}", "utf-8")
    file = tmp_path / "new.csv"
    NEW.rename(columns=names).to_csv(file, index=False)
    told = promise_batch(file, folder, as_of="2025-06-30")
    assert told.startswith("3 order lines: 2 in full on the day asked for, 1 in part or later, 0 not at all\n")
    assert pd.read_csv(tmp_path / "new.promised.csv")["promised_quantity"].tolist() == [4.0, 3.0, 3.0]


def test_the_summary_counts_what_nobody_knows(workspace, tmp_path):
    file = tmp_path / "new.xlsx"
    NEW.assign(item_id=["SKU-1", "SKU-9", "SKU-1"], customer_id=["CUST-1", "CUST-1", "X"]).to_excel(file, index=False)
    told = promise_batch(file, workspace, as_of="2025-06-30", out=tmp_path / "answer.csv")
    assert "1 not at all; 1 name an item or location that is in no table of the workspace; 1 of customers" in told
    assert len(pd.read_csv(tmp_path / "answer.csv")) == 3


def test_an_empty_file_gets_an_empty_answer(promise):
    assert promise(NEW.iloc[:0]).empty


def test_purchases_are_counted_on_when_their_supplier_was_there_by_then(write_workspace):
    expected = pd.date_range("2025-01-06", periods=20, freq="7D")
    late = pd.to_timedelta([5] * 16 + [9] * 4, unit="D")
    came = pd.DataFrame({"expected_date": expected, "received_date": expected + late})
    opened = pd.DataFrame({"expected_date": [pd.Timestamp("2025-07-10")], "received_date": [pd.NaT]})
    lines = pd.concat([came, opened], ignore_index=True)
    names = {"line_id": "1", "supplier_id": "S1", "item_id": "SKU-1", "location_id": "DC", "quantity": 6.0}
    ordered = lines["expected_date"] - pd.Timedelta(days=14)
    bought = lines.assign(**names, po_id=[f"P{n:02d}" for n in range(len(lines))], ordered_date=ordered)
    folder = write_workspace({**company(), "purchases": bought}, RULES)
    for share, days in ((0.6, 5), (0.9, 9)):
        plan = open_plan(folder, as_of="2025-06-30", overrides={"promising": {"receipt_reliability": share}})
        receipts = plan.supply[plan.supply["kind"] == "receipt"]
        assert receipts["available_date"].tolist() == [pd.Timestamp("2025-07-10") + pd.Timedelta(days=days)]


def test_a_backorder_run_confirms_nothing_later_than_anybody_waits(write_workspace):
    tables = company()
    far = {
        "po_id": "P1",
        "line_id": "1",
        "supplier_id": "S1",
        "item_id": "SKU-1",
        "location_id": "DC",
        "quantity": 99.0,
    }
    days = {"ordered_date": "2025-06-01", "expected_date": "2025-08-15", "received_date": None}
    tables["purchases"] = pd.DataFrame([{**far, **days}])
    tables["inventory"] = tables["inventory"].assign(on_hand=2.0)
    folder = write_workspace(tables, RULES)
    for limit, confirmed in ((10, 2.0), (60, 5.0)):
        plan = open_plan(folder, as_of="2025-06-30", overrides={"promising": {"max_lateness_days": limit}})
        assert plan.backorder_run["confirmed_after"].tolist() == [confirmed]


def test_a_company_without_order_lines_has_nothing_to_promise_and_says_so_without_failing(write_workspace):
    days = pd.date_range("2024-07-01", "2025-06-23", freq="7D").strftime("%Y-%m-%d")
    sales = pd.DataFrame({"item_id": "SKU-1", "location_id": "DC", "period": days, "quantity": 4.0})
    stock = company()["inventory"].assign(date="2025-06-22")
    tables = {"sales": sales, "items": company()["items"], "inventory": stock}
    plan = open_plan(write_workspace(tables, '[periods]\nunit = "week"\n'))
    for name in (
        "promise_lines", "promises", "dated_promises", "backorder_run", "backorder_segments", "promise_reliability",
        "otif", "rule_contest", "promise_headlines",
    ):  # fmt: skip
        assert getattr(plan, name).empty
    assert plan.explain_promise().line.empty
    assert plan.promise_more(read_as_dates(NEW)).lines["promised_quantity"].tolist() == [4.0, 3.0, 8.0]


def read_as_dates(lines):
    return lines.assign(**{name: pd.to_datetime(lines[name]) for name in ("order_date", "requested_date")})


def test_a_company_without_locations_and_open_orders_promises_new_ones(write_workspace, tmp_path):
    """Online Retail is one: its lines were refused, as no open order told where they are delivered from."""
    tables = company()
    orders = tables["orders"][tables["orders"]["status"] == "delivered"].drop(columns="location_id")
    place = write_workspace({"orders": orders, "items": tables["items"], "customers": tables["customers"]}, RULES)
    plan = open_plan(place, as_of="2025-06-30")
    NEW.drop(columns="location_id").to_csv(tmp_path / "new.csv", index=False)
    made = promise_new_orders(plan, read_new_orders(tmp_path / "new.csv", plan.settings, plan.workspace))
    assert len(made) == len(NEW)
    assert not made["reason"].str.contains("in no table").any()
    assert made["location_id"].unique().tolist() == ["(all)"]
    assert (
        promise_batch(tmp_path / "new.csv", place, as_of="2025-06-30")
        .splitlines()[0]
        .endswith("the workspace tells of no stock and no purchases to promise from")
    )


def test_the_answer_has_the_same_columns_for_no_lines(promise):
    assert promise(NEW.head(0)).columns.tolist() == promise(NEW).columns.tolist()


def test_customers_without_a_value_class_rank_last(write_workspace):
    """One who bought before the window only has a blank class, which came before A."""
    tables = company()
    rows = tables["orders"].head(40).assign(customer_id="CUST-3")
    days = {name: rows[name] - pd.Timedelta(days=500) for name in ("order_date", "requested_date", "delivered_date")}
    old = rows.assign(**days, order_id="O-OLD", line_id=[str(number) for number in range(40)])
    tables["orders"] = pd.concat([old, tables["orders"]], ignore_index=True)
    tables["customers"].loc[2] = ["CUST-3", "tin"]
    plan = open_plan(
        write_workspace(tables, RULES.replace('class_by = "tier"', 'class_by = "abc"')), as_of="2025-06-30"
    )
    assert plan.customer_segments.set_index("customer_id").loc["CUST-3", "abc"] == ""
    assert plan._classes()[-1] == "(unknown)"
    assert "" not in plan._classes()


def test_cells_that_cannot_be_read_are_told_whatever_the_workspaces_own_rule(write_workspace, tmp_path):
    """The advice was to set what was set already."""
    tables = company()
    folder = write_workspace(tables, RULES)
    text = (folder / "segkit.toml").read_text("utf-8")
    (folder / "segkit.toml").write_text(
        text.replace('"orders.csv"\n', '"orders.csv"\nunreadable = "set_aside"\n'), "utf-8"
    )
    plan = open_plan(folder, as_of="2025-06-30")
    NEW.astype({"quantity": "object"}).assign(quantity=["4", "three", "9"]).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="quantity is unreadable in 1 row, first: row 2 'three'") as told:
        read_new_orders(tmp_path / "new.csv", plan.settings, plan.workspace)
    assert "set_aside" not in str(told.value)


def test_the_columns_of_a_file_are_told_as_they_are(write_workspace, tmp_path):
    plan = open_plan(write_workspace(company(), RULES), as_of="2025-06-30")
    NEW.drop(columns="quantity").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="quantity is required") as told:
        read_new_orders(tmp_path / "new.csv", plan.settings, plan.workspace)
    assert "unit_price" not in str(told.value).split("The source has:")[1]


def test_a_line_asked_for_on_the_last_day_known_keeps_its_day_and_is_late(promise):
    made = promise(NEW.assign(requested_date=["2025-06-30", "2025-07-04", None]))
    assert made["requested_date"].astype("str").tolist() == ["2025-06-30", "2025-07-04", "2025-07-01"]
    assert made["late_days"].tolist()[:2] == [1.0, 0.0]
    assert "asked for a day before it was ordered" in made["reason"].tolist()[0]


def test_whatever_is_wrong_with_the_lines_is_told_at_once(workspace, tmp_path):
    """Cells that are no dates were told first, then lines that repeat, then those of a day that is over."""
    wrong = pd.concat([NEW, NEW.head(1)], ignore_index=True).astype({"requested_date": object, "quantity": object})
    wrong.loc[1, "quantity"] = "many"
    wrong.loc[2, "requested_date"] = "2025-06-01"
    wrong.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError) as told:
        promise_batch(tmp_path / "new.csv", workspace, as_of="2025-06-30")
    for words in (
        "quantity is unreadable in 1 row",
        "line key (order_id, line_id) repeats in",
        "requested_date lies before as_of (2025-06-30) in 1 row",
        "Correct these cells.",
        "with a day to come",
    ):
        assert words in str(told.value)
