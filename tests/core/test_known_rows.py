"""What is known on a day: sales cut by their own step, masters out of the orders' file; no order of rows matters."""

import pandas as pd
import pytest

import segkit as sk
from segkit.core.inputs import LATER
from segkit.core.offenders import first_offenders, row_order

MASTERS = """
[sources.items]
{origin}
one_row_per_key = true
columns = {{category = "Group"}}
"""


def shared(write_workspace, orders, *, origin='same_file_as = "orders"', mapping="", folder="shared"):
    """Write a workspace whose item master comes out of the orders' file."""
    workspace = write_workspace({"orders": orders}, "[assume]\ngross_margin = 0.3\n", folder=folder)
    text = (workspace / "segkit.toml").read_text("utf-8")
    (workspace / "segkit.toml").write_text(text + mapping + MASTERS.format(origin=origin), "utf-8")
    return workspace


def grouped(small_company):
    """Return orders whose items move from group old to new on the first of October; later rows are the many."""
    orders = small_company["orders"]
    late = orders["order_date"] > "2025-09-30"
    many = pd.concat([orders[late].assign(order_id=orders["order_id"] + f"-{n}") for n in range(8)])
    new = many.assign(Group="new").replace({"item_id": {"SKU-0005": "SKU-0009"}})
    return pd.concat([new, orders[~late].assign(Group="old")]).sample(frac=1, random_state=2)


@pytest.mark.parametrize(
    ("origin", "mapping", "rename"),
    [
        ('same_file_as = "orders"', "", {}),
        ('file = "orders.csv"', "", {}),
        ('same_file_as = "orders"', 'columns = {order_date = "Day"}\n', {"order_date": "Day"}),
        ('same_file_as = "orders"', 'expressions = {order_date = "CAST(Day AS DATE)"}\n', {"order_date": "Day"}),
    ],
    ids=["same_file_as", "same file", "mapped date", "date by an expression"],
)
def test_a_master_of_the_orders_knows_nothing_of_later_lines(write_workspace, small_company, origin, mapping, rename):
    orders = grouped(small_company).rename(columns=rename)
    workspace = shared(write_workspace, orders, origin=origin, mapping=mapping)
    then = sk.open_plan(workspace, as_of="2025-09-30").items
    assert set(then["category"]) == {"old"}
    assert "SKU-0009" not in set(then["item_id"])
    now = sk.open_plan(workspace).items
    assert set(now.loc[now["item_id"] != "SKU-0005", "category"]) == {"new"}
    assert "SKU-0009" in set(now["item_id"])


def test_the_day_found_in_the_orders_counts_for_the_master_too(write_workspace, small_company):
    """The last month is not over: as_of is the end of the month before, for orders and items alike."""
    orders = grouped(small_company)
    orders = orders[orders["order_date"] <= "2025-10-20"]
    plan = sk.open_plan(shared(write_workspace, orders))
    assert str(plan.as_of) == "2025-09-30"
    assert set(plan.items["category"]) == {"old"}


def test_weekly_sales_beside_orders_are_known_when_the_week_is_over(write_workspace, small_company):
    weeks = pd.date_range("2024-07-01", "2025-12-29", freq="7D")
    sales = pd.DataFrame({"item_id": "SKU-0001", "period": weeks.strftime("%Y-%m-%d"), "quantity": 5, "price": 2.0})
    sales["in_stock"] = sales["period"] != "2025-03-10"
    workspace = write_workspace({**small_company, "sales": sales})
    plan = sk.open_plan(workspace, as_of="2025-03-15")
    assert plan.sales["period"].max() == pd.Timestamp("2025-03-03")
    assert plan.sales["in_stock"].all()
    aside = plan.data_quality.query("source_table == 'sales' and action == 'set_aside'")
    assert aside["reason"].tolist() == [LATER]
    assert sk.open_plan(workspace, as_of="2025-03-16").sales["period"].max() == pd.Timestamp("2025-03-10")


def sales_every(step, count=40, **columns):
    days = pd.date_range("2023-01-02", periods=count, freq=step).strftime("%Y-%m-%d")
    return pd.DataFrame({"item_id": "SKU-0001", "period": days, "quantity": 5, **columns})


@pytest.mark.parametrize(
    ("step", "unit", "fix"),
    [
        ("7D", "month", 'Set periods.unit = "week"'),
        ("7D", "day", 'Set periods.unit = "week"'),
        ("MS", "week", 'Set periods.unit = "month"'),
        ("MS", "day", 'Set periods.unit = "month"'),
        ("QS", "month", "Bring sales by day, week or month"),
        ("QS", "week", "Bring sales by day, week or month"),
        ("28D", "month", "Bring sales by day, week or month"),
    ],
)
@pytest.mark.parametrize("as_of", ["", "2024-06-30"])
def test_periods_that_cannot_be_made_of_the_sales_are_refused(write_workspace, step, unit, fix, as_of):
    toml = f'[segments]\nmeasure = "quantity"\n[periods]\nunit = "{unit}"'
    with pytest.raises(sk.SettingsError, match=fix):
        _ = sk.open_plan(write_workspace({"sales": sales_every(step)}, toml), as_of=as_of).demand


def test_another_unit_is_tried_against_the_sales(write_workspace):
    toml = '[segments]\nmeasure = "quantity"\n[periods]\nunit = "week"'
    plan = sk.open_plan(write_workspace({"sales": sales_every("7D")}, toml))
    assert len(plan.demand) == 40
    with pytest.raises(sk.SettingsError, match="stand for weeks, of which no months"):
        _ = plan.what_if(periods={"unit": "month"}).demand


def test_days_on_which_something_was_sold_are_no_periods(write_workspace):
    days = pd.Series(pd.date_range("2023-01-02", periods=400)).sample(120, random_state=7).dt.strftime("%Y-%m-%d")
    sales = pd.DataFrame({"item_id": "SKU-0001", "period": days, "quantity": 5})
    plan = sk.open_plan(write_workspace({"sales": sales}, '[segments]\nmeasure = "quantity"'))
    assert plan.demand["quantity"].sum() == 5 * len(plan.sales)


def test_sales_without_price_have_no_value_and_the_headline_says_so(write_workspace):
    toml = '[segments]\nmeasure = "quantity"\n[periods]\nunit = "week"'
    plan = sk.open_plan(write_workspace({"sales": sales_every("7D")}, toml))
    used = plan.data_quality.query("action == 'used' and source_table == 'sales'").iloc[0]
    assert used["rows_without_value"] == used["rows"] == 40
    sentence = plan.headlines.set_index("headline").loc["rows_used", "sentence"]
    assert "prices unknown" in sentence
    assert "EUR" not in sentence
    priced = sk.open_plan(write_workspace({"sales": sales_every("7D", price=2.0)}, toml, folder="priced"))
    assert "worth EUR 400" in priced.headlines.set_index("headline").loc["rows_used", "sentence"]


def test_the_headline_names_the_last_day_with_data(write_workspace, small_company):
    orders = small_company["orders"]
    plan = sk.open_plan(write_workspace(small_company), as_of="2026-01-20")
    used = orders.loc[orders["status"] != "cancelled", "order_date"].max()
    assert f"the last of {used}" in plan.headlines.set_index("headline").loc["rows_used", "sentence"]
    quiet = (pd.Timestamp("2026-01-20") - pd.Timestamp(used)).days
    assert f"no orders in the last {quiet} days before as_of" in set(plan.data_quality["reason"])
    usual = sk.open_plan(write_workspace(small_company, folder="usual"))
    assert not usual.data_quality["reason"].str.startswith("no orders in the last").any()


def test_the_first_rows_and_those_set_aside_do_not_depend_on_the_file(write_workspace, small_company):
    orders = small_company["orders"].assign(unit_price=lambda rows: rows["unit_price"].where(rows.index % 9 > 0, -1))
    orders = orders.drop(columns=["order_id", "line_id"])
    tables = {"orders": orders, "items": small_company["items"]}
    plans = [
        sk.open_plan(
            write_workspace({name: table.sample(frac=1, random_state=seed) for name, table in tables.items()},
                            folder=str(seed)), as_of="2025-06-30"
        )
        for seed in (1, 2)
    ]  # fmt: skip
    for name in ("data_quality", "set_aside"):
        pd.testing.assert_frame_equal(getattr(plans[0], name), getattr(plans[1], name), obj=name, rtol=1e-12)
    assert len(plans[0].set_aside) > 200


def test_missing_days_and_ids_come_last():
    frame = pd.DataFrame(
        {
            "order_id": ["b", None, "a", "c"],
            "order_date": pd.to_datetime(["2025-01-02", "2025-01-02", None, "2025-01-01"]),
        }
    )
    assert row_order(frame).tolist() == [3, 0, 1, 2]
    assert row_order(frame.astype({"order_id": "category"})).tolist() == [3, 0, 1, 2]
    assert first_offenders(frame) == "order_id='c', order_date=2025-01-01; order_id='b', order_date=2025-01-02"
    assert first_offenders(frame, most=4).endswith("order_date=2025-01-02; order_id='a'")
    assert first_offenders(frame.iloc[:0]) == ""
