"""Inputs: every row is counted, and nothing that happened after as_of is known."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import nomenclature
from segkit.core.inputs import LATER, Inputs, cut_at, cut_inputs, sales_step
from segkit.core.tables import MarkedTable

DAY = "2025-09-30"
PLAN_TABLES = [name for name, spec in nomenclature().items() if spec.role not in ("input", "call")]


def marked(name, frame):
    return MarkedTable(name, frame, pd.Series("", index=frame.index, dtype="str"))


def company(small_company):
    """Return the small company with stock, purchases and rates, all with days of their own."""
    rng = np.random.default_rng(4)
    days = pd.date_range("2024-07-01", "2025-12-31").strftime("%Y-%m-%d")
    orders = small_company["orders"]
    shipped = (pd.to_datetime(orders["order_date"]) + pd.Timedelta(days=9)).dt.strftime("%Y-%m-%d")
    stock = pd.DataFrame(
        {"date": rng.choice(days, 300), "item_id": rng.choice(orders["item_id"].unique(), 300),
         "location_id": rng.choice(["NORTH", "SOUTH"], 300), "on_hand": rng.choice([0, 5], 300)}
    ).drop_duplicates(["date", "item_id", "location_id"])  # fmt: skip
    bought = pd.DataFrame({"po_id": [f"{n:04d}" for n in range(80)], "line_id": "1", "quantity": 50.0}).assign(
        supplier_id=rng.choice(["S1", "S2"], 80),
        item_id=rng.choice(orders["item_id"].unique(), 80),
        ordered_date=rng.choice(days, 80),
    )
    received = pd.to_datetime(bought["ordered_date"]) + pd.to_timedelta(rng.integers(5, 60, 80), unit="D")
    return {
        **small_company,
        "orders": orders.assign(shipped_date=shipped),
        "inventory": stock,
        "purchases": bought.assign(received_date=received.dt.strftime("%Y-%m-%d")),
    }


def disturb(tables):
    """Alter, add and take away what lies after DAY, and nothing else."""
    rng = np.random.default_rng(8)
    orders = tables["orders"]
    late = orders["order_date"] > DAY
    dropped = orders.index[late][::3]
    changed = orders.drop(index=dropped)
    late = changed["order_date"] > DAY
    changed.loc[late, "quantity"] = rng.integers(1, 9000, late.sum())
    changed.loc[late, "customer_id"] = "CUST-9999"
    changed.loc[late, "status"] = rng.choice(["cancelled", "delivered"], late.sum())
    added = changed[late].assign(order_id=[f"9{n:05d}" for n in range(late.sum())], item_id="SKU-9999")
    changed = pd.concat([added, changed])
    changed["shipped_date"] = changed["shipped_date"].where(changed["shipped_date"] <= DAY, "2027-01-01")
    stock, bought = tables["inventory"], tables["purchases"]
    bought = bought.assign(received_date=bought["received_date"].where(bought["received_date"] <= DAY, ""))
    return {
        **tables,
        "orders": changed,
        "inventory": stock[stock["date"] <= DAY],
        "purchases": bought[(bought["ordered_date"] <= DAY) | (bought["supplier_id"] == "S2")],
    }


def known(plan, name):
    """Return a table without the rows that count what came later."""
    table = getattr(plan, name)
    if name == "data_quality":
        later = table["reason"].eq(LATER) | (table["action"] == "in") | table["reason"].str.contains("blanked")
        return table[~later].reset_index(drop=True)
    if name == "set_aside":
        return table[~table["reason"].eq(LATER)].reset_index(drop=True)
    return table


def test_nothing_before_as_of_changes_when_the_future_does(write_workspace, small_company):
    tables = company(small_company)
    plans = [
        sk.open_plan(write_workspace(each, folder=name), as_of=DAY)
        for name, each in (("true", tables), ("disturbed", disturb(tables)))
    ]
    for name in PLAN_TABLES:
        first, second = (known(plan, name) for plan in plans)
        key = list(nomenclature()[name].key) or list(first.columns)
        pd.testing.assert_frame_equal(
            first.sort_values(key, ignore_index=True), second.sort_values(key, ignore_index=True), obj=name, rtol=1e-12
        )
    assert len(plans[0].demand) > 100


def test_the_past_does_change_results(write_workspace, small_company):
    """The test above can fail: the same disturbance before as_of is seen."""
    tables = company(small_company)
    plans = [
        sk.open_plan(write_workspace(each, folder=name), as_of="2025-12-31")
        for name, each in (("true", tables), ("disturbed", disturb(tables)))
    ]
    for name in ("demand", "item_value", "customer_segments", "lead_times"):
        assert not getattr(plans[0], name).equals(getattr(plans[1], name)), name


def test_what_came_later_is_blanked(write_workspace, small_company):
    plan = sk.open_plan(write_workspace(company(small_company)), as_of=DAY)
    assert plan.orders["order_date"].max() <= pd.Timestamp(DAY)
    assert plan.orders["shipped_date"].max() <= pd.Timestamp(DAY)
    waiting = plan.orders["shipped_date"].isna()
    assert waiting.any()
    assert set(plan.orders.loc[waiting, "status"]) == {"open"}
    assert plan.purchases["received_date"].max() <= pd.Timestamp(DAY)
    noted = plan.data_quality.query("action == 'noted' and source_table == 'orders'")["reason"]
    assert f"shipped_date later than {DAY}, blanked" in set(noted)


def counts_agree(quality):
    for name, part in quality.groupby("source_table"):
        total = part.groupby("action")[["rows", "value", "rows_without_value"]].sum()
        aside = total.loc["set_aside"] if "set_aside" in total.index else 0.0
        pd.testing.assert_series_equal(total.loc["in"], total.loc["used"] + aside, check_names=False, obj=name)


@pytest.mark.parametrize("as_of", ["", DAY, "2024-08-31"])
def test_rows_and_value_in_are_those_used_and_set_aside(write_workspace, small_company, as_of):
    tables = company(small_company)
    plan = sk.open_plan(write_workspace(tables), as_of=as_of)
    counts_agree(plan.data_quality)
    rows = plan.data_quality.query("action == 'in'").set_index("source_table")["rows"]
    assert rows.to_dict() == {name: len(frame) for name, frame in tables.items()}
    assert plan.data_quality.query("action == 'set_aside'")["rows"].sum() == len(plan.set_aside)
    for name in ("orders", "inventory", "purchases"):
        used = plan.data_quality.query("action == 'used' and source_table == @name")["rows"].item()
        assert used == len(getattr(plan, name))


def test_value_used_is_the_revenue_of_the_order_lines(sample_plan):
    counts_agree(sample_plan.data_quality)
    used = sample_plan.data_quality.query("source_table == 'orders' and action == 'used'").iloc[0]
    assert used["rows"] == len(sample_plan.order_lines)
    assert used["value"] == pytest.approx(sample_plan.order_lines["revenue"].sum())


def test_the_order_of_rows_in_the_files_does_not_matter(write_workspace, small_company):
    tables = company(small_company)
    plans = [
        sk.open_plan(
            write_workspace(
                {name: frame.sample(frac=1, random_state=seed) for name, frame in tables.items()}, folder=str(seed)
            )
        )
        for seed in (1, 2)
    ]
    for name in PLAN_TABLES:
        first, second = (getattr(plan, name) for plan in plans)
        if name == "data_quality":
            first, second = (table.drop(columns="first") for table in (first, second))
        if name == "set_aside":
            first, second = (table.sort_values("order_id", ignore_index=True) for table in (first, second))
        pd.testing.assert_frame_equal(first, second, obj=name, rtol=1e-12)


def test_new_names_of_items_and_customers_change_names_only(write_workspace, small_company):
    tables = company(small_company)
    items = {f"SKU-{n:04d}": f"ART/{n * 7 % 6}" for n in range(6)}
    people = {f"CUST-{n:04d}": f"{(n * 3) % 5} Ltd" for n in range(5)}
    renamed = {
        name: frame.replace({"item_id": items, "customer_id": people} if "customer_id" in frame else {"item_id": items})
        for name, frame in tables.items()
    }
    plain, other = (sk.open_plan(write_workspace(each, folder=name)) for name, each in (("a", tables), ("b", renamed)))
    for name in ("demand", "item_profile", "item_value", "item_segments", "customer_value", "customer_segments"):
        key = list(nomenclature()[name].key)
        relabelled = (
            getattr(plain, name).replace({"item_id": items, "customer_id": people}).sort_values(key, ignore_index=True)
        )
        pd.testing.assert_frame_equal(getattr(other, name), relabelled, obj=name, rtol=1e-12)


def test_currency_changes_money_and_nothing_else(write_workspace, small_company):
    rate = 163.5
    yen = {
        "orders": small_company["orders"].assign(unit_price=small_company["orders"]["unit_price"] * rate),
        "items": small_company["items"].assign(unit_cost=small_company["items"]["unit_cost"] * rate),
    }
    euro = sk.open_plan(write_workspace(small_company, folder="euro"))
    plan = sk.open_plan(write_workspace(yen, '[company]\ncurrency = "JPY"', folder="yen"))
    for name in ("demand", "item_value", "customer_value", "item_segments", "customer_segments", "whale_curve"):
        money = {column for column, about in nomenclature()[name].columns.items() if about.kind == "money"} | {
            "measure_value"
        }
        scaled = getattr(euro, name)
        scaled = scaled.assign(**{column: scaled[column] * rate for column in money & set(scaled.columns)})
        pd.testing.assert_frame_equal(getattr(plan, name), scaled, obj=name, rtol=1e-9)


def test_the_counting_unit_changes_quantities_and_nothing_else(write_workspace, small_company):
    orders, items = small_company["orders"], small_company["items"]
    dozens = orders.assign(quantity=orders["quantity"] / 12, unit_price=orders["unit_price"] * 12)
    pieces = sk.open_plan(write_workspace(small_company, folder="pieces"))
    plan = sk.open_plan(
        write_workspace({"orders": dozens, "items": items.assign(unit_cost=items["unit_cost"] * 12)}, folder="dozens")
    )
    for name in ("item_segments", "customer_segments", "whale_curve", "customer_value"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(pieces, name), obj=name, rtol=1e-9)


def test_lines_in_dozens_of_items_in_pieces_are_the_same_plan(write_workspace, small_company):
    orders, items = small_company["orders"].reset_index(drop=True), small_company["items"]
    some = orders.index % 3 == 0
    mixed = orders.assign(
        unit=np.where(some, "Dozen", "each"),
        quantity=orders["quantity"] / np.where(some, 12, 1),
        unit_price=orders["unit_price"] * np.where(some, 12, 1),
    )
    units = items.assign(unit="each", conversions="dozen:12")
    plain = sk.open_plan(write_workspace(small_company, folder="plain"))
    plan = sk.open_plan(write_workspace({"orders": mixed, "items": units}, folder="mixed"))
    for name in ("order_lines", "demand", "item_segments"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(plain, name), obj=name, rtol=1e-9)


@pytest.mark.parametrize(
    ("last", "expected"), [("2025-02-01", "2025-02-28"), ("2025-04-01", "2025-04-30"), ("2025-05-01", "2025-05-31")]
)
def test_monthly_totals_are_known_when_the_month_is_over(write_workspace, last, expected):
    months = pd.date_range("2024-12-01", last, freq="MS").strftime("%Y-%m-%d")
    sales = pd.DataFrame({"item_id": "SKU-0001", "period": months, "quantity": 5, "price": 2.0})
    plan = sk.open_plan(write_workspace({"sales": sales}, '[segments]\nmeasure = "revenue"'))
    assert str(plan.as_of) == expected
    assert plan.periods["complete"].all()
    assert plan.demand["quantity"].sum() == 5 * len(months)
    assert plan.data_quality.query("action == 'set_aside'").empty


def test_a_week_that_is_not_over_is_not_known():
    weeks = pd.DataFrame({"period": pd.to_datetime(["2025-01-06", "2025-01-13"]), "quantity": 1.0})
    cut = cut_at(marked("sales", weeks), dt.date(2025, 1, 18), step_days=7)
    assert cut.reason.tolist() == ["", LATER]
    assert cut_at(marked("sales", weeks), dt.date(2025, 1, 19), step_days=7).reason.tolist() == ["", ""]


def test_cut_inputs_are_what_cutting_leaves():
    days = pd.to_datetime(["2025-01-02", "2025-01-06", "2025-02-03", None])
    rates = pd.DataFrame({"valid_from": days, "valid_to": pd.to_datetime(["2025-01-05", "2025-02-02", None, None])})
    weeks = pd.DataFrame({"period": pd.date_range("2025-01-06", periods=4, freq="7D"), "quantity": 1.0})
    kept = Inputs({"lanes": rates, "sales": weeks}, weeks, weeks, dt.date(2025, 3, 1), {})
    known = cut_inputs(kept, dt.date(2025, 1, 26)).tables
    assert known["lanes"]["valid_from"].tolist() == [days[0], days[1], pd.NaT]  # of no day: known all the time
    assert known["lanes"]["valid_to"].tolist() == [pd.Timestamp(2025, 1, 5), pd.NaT, pd.NaT]
    assert known["sales"]["period"].tolist() == weeks["period"].tolist()[:3]
    assert cut_inputs(kept, dt.date(2024, 12, 31)).tables["sales"].empty
    assert rates["valid_to"].notna().sum() == 2


@pytest.mark.parametrize("unit", ["day", "week"])
def test_lines_of_totals_as_known_earlier_are_those_of_a_plan_of_that_day(write_workspace, unit):
    rng = np.random.default_rng(4)
    starts = pd.date_range("2025-01-06", periods=60, freq={"day": "D", "week": "7D"}[unit])
    sales = pd.DataFrame({"period": np.tile(starts, 3), "item_id": np.repeat(["SKU-1", "SKU-2", "SKU-3"], 60)})
    sales = sales.assign(quantity=rng.integers(0, 4, 180), price=2.0).sample(frac=1, random_state=1)
    sales.loc[sales["period"] == starts[40], "quantity"] = 500  # bulk only as long as nothing larger follows
    sales.loc[sales["period"] > starts[50], "quantity"] = 600
    toml = '[segments]\nmeasure = "revenue"\n[periods]\nunit = "week"\n[assume]\ngross_margin = 0.3'
    workspace = write_workspace({"sales": sales.assign(period=sales["period"].dt.strftime("%Y-%m-%d"))}, toml)
    plan, day = sk.open_plan(workspace), starts[45].date() + dt.timedelta(days={"day": 0, "week": 6}[unit])
    own = sk.open_plan(workspace, as_of=day)
    assert plan.order_lines["is_bulk"].sum() < own.order_lines["is_bulk"].sum() == 3
    for name in ("order_lines", "demand", "item_value", "item_segments", "periods"):
        pd.testing.assert_frame_equal(getattr(plan.known_on(day), name), getattr(own, name), obj=name)
    charged = plan.known_on(day).what_if(assume={"gross_margin": 0.5})
    assert charged.order_lines["cost"].sum() == pytest.approx(own.order_lines["revenue"].sum() / 2)


def test_the_step_of_sales_is_the_usual_distance():
    days = pd.date_range("2025-01-06", periods=5, freq="7D")
    assert sales_step(pd.Series([*days, *days]).sample(frac=1, random_state=1)) == 7
    assert sales_step(pd.Series(days[:1])) == 1
    assert sales_step(pd.Series(pd.date_range("2025-04-01", periods=2, freq="MS"))) == 31


def test_a_state_goes_back_to_what_was_known():
    frame = pd.DataFrame(
        {"order_date": pd.to_datetime(["2025-01-02"] * 4), "status": [*["delivered"] * 3, "cancelled"],
         "shipped_date": pd.to_datetime(["2025-01-05", "2025-01-05", "2025-02-05", "2025-02-05"]),
         "delivered_date": pd.to_datetime(["2025-01-09", "2025-02-09", "2025-02-09", None])}
    )  # fmt: skip
    cut = cut_at(marked("orders", frame), dt.date(2025, 1, 31))
    assert cut.frame["status"].tolist() == ["delivered", "shipped", "open", "cancelled"]
    assert cut.frame["delivered_date"].notna().tolist() == [True, False, False, False]
    assert frame["status"].tolist()[1] == "delivered"


def test_a_successor_of_later_is_not_known():
    items = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "end_date": pd.to_datetime(["2025-03-01", "2025-01-01"]),
                          "replaced_by": ["SKU-0009", "SKU-0009"]})  # fmt: skip
    cut = cut_at(marked("items", items), dt.date(2025, 1, 31))
    assert cut.frame["replaced_by"].notna().tolist() == [False, True]


def test_strangers_are_noted_and_used(write_workspace, small_company):
    items = small_company["items"]
    plan = sk.open_plan(
        write_workspace(
            {**small_company, "items": items[items["item_id"] != "SKU-0000"]}, "[assume]\ngross_margin = 0.3"
        )
    )
    note = (
        plan.data_quality.query("action == 'noted'")
        .set_index("reason")
        .loc["1 item_id that table 'items' does not know"]
    )
    assert note["rows"] == (plan.orders["item_id"] == "SKU-0000").sum()


def test_a_workspace_without_orders_and_sales_is_an_error(write_workspace, small_company):
    with pytest.raises(sk.SettingsError, match="neither"):
        _ = sk.open_plan(write_workspace({"items": small_company["items"]})).items


def test_orders_of_which_none_can_be_used_are_an_error(write_workspace, small_company):
    folder = write_workspace({**small_company, "orders": small_company["orders"].assign(status="cancelled")})
    with pytest.raises(sk.DataError, match="no usable row: 900 rows in, all set aside"):
        _ = sk.open_plan(folder).demand


def test_a_day_long_after_the_data_is_refused(write_workspace, small_company):
    folder = write_workspace(small_company)
    last = sk.open_plan(folder).orders["order_date"].max()
    soon = (last + pd.Timedelta(days=5)).date()
    assert sk.open_plan(folder, as_of=soon).as_of == soon
    with pytest.raises(sk.SettingsError, match=rf"the data end on {last:%Y-%m-%d}, a whole month without orders"):
        _ = sk.open_plan(folder, as_of=(last + pd.Timedelta(days=70)).date()).orders


def test_later_rows_have_a_value_though_their_rates_came_later(sample_plan):
    early = sk.open_plan(sample_plan.workspace, as_of="2023-07-31")
    whole = early.data_quality.query("source_table == 'orders' and action == 'in'")
    full = sample_plan.data_quality.query("source_table == 'orders' and action == 'in'")
    assert whole["rows_without_value"].item() == 0
    assert whole["value"].item() == pytest.approx(full["value"].item())


def test_a_file_with_column_names_only_is_told_so(write_workspace, small_company):
    folder = write_workspace({**small_company, "orders": small_company["orders"].head(0)})
    with pytest.raises(sk.DataError, match="holds column names only"):
        _ = sk.open_plan(folder).orders


def test_a_day_in_the_off_season_is_as_good_as_any(write_workspace, small_company):
    days = [f"{year}-{month:02d}-10" for year in (2023, 2024) for month in (4, 5, 6, 7)]
    rows = [(str(n), "1", day, "CUST-0001", "SKU-0001", 2.0, 5.0) for n, day in enumerate(days)]
    names = ["order_id", "line_id", "order_date", "customer_id", "item_id", "quantity", "unit_price"]
    folder = write_workspace({"orders": pd.DataFrame(rows, columns=names), "items": small_company["items"]})
    assert len(sk.open_plan(folder, as_of="2025-02-28").orders) == len(days)
    with pytest.raises(sk.SettingsError, match="a whole month without orders"):
        _ = sk.open_plan(folder, as_of="2025-08-31").orders
