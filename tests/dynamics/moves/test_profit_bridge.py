"""The bridge between two spans, for the company and its groups."""

import datetime

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.periods import list_periods
from segkit.core.settings import Items, Periods
from segkit.dynamics.moves.labels import label_lines
from segkit.dynamics.moves.profit_bridge import make_profit_bridge

YEARS = ("2024-01-01", "2024-12-31"), ("2025-01-01", "2025-12-31")


def make_lines(rows):
    """Return order lines of (day, item, customer, quantity, price, unit cost)."""
    table = pd.DataFrame(rows, columns=["order_date", "item_id", "customer_id", "quantity", "price", "unit_cost"])
    table = table.astype({"item_id": "str", "customer_id": "str"})
    table["order_date"] = pd.to_datetime(table["order_date"]).astype("datetime64[us]")
    table["period"] = table["order_date"].dt.to_period("M").dt.start_time.astype("datetime64[us]")
    revenue, cost = table["quantity"] * table["price"], table["quantity"] * table["unit_cost"]
    return table.assign(
        revenue=revenue, gross_margin=revenue - cost, net_margin=revenue - cost, channel="shop",
        is_return=table["quantity"] < 0, is_reversed=False,
    ).astype({"channel": "str"}).sample(frac=1, random_state=4)  # fmt: skip


def monthly(item="SKU-0042", customer="C-001", months=30, quantity=10.0, first="2023-07-01"):
    days = pd.date_range(first, periods=months, freq="MS") + pd.Timedelta(days=9)
    return [(day, item, customer, quantity, 5.0, 3.0) for day in days]


def spans_of(bridge):
    columns = ["from_begin", "from_end", "to_begin", "to_end"]
    table = bridge.drop_duplicates("comparison").set_index("comparison")[columns]
    return {
        name: [day.strftime("%Y-%m-%d") for day in row]
        for name, row in zip(table.index, table.to_numpy().astype("datetime64[s]").astype(object), strict=True)
    }


def effects_of(bridge, comparison, entity_id="(all)", entity="all"):
    return bridge.set_index(["comparison", "entity", "entity_id", "effect"])["amount"].loc[
        comparison, entity, entity_id
    ]


def table_of(lines, unit="month", as_of=None, window_months=12):
    periods = list_periods(lines["order_date"], Periods(unit=unit), as_of=as_of)
    nothing = pd.DataFrame({"item_id": [], "customer_id": []}, dtype="str")
    labelled = label_lines(lines, nothing[["item_id"]], nothing[["customer_id"]], rules=Items())
    return make_profit_bridge(labelled, periods, window_months=window_months)


def test_start_and_effects_make_the_end_in_every_entity(sample_plan):
    bridge = sample_plan.profit_bridge
    wide = bridge.pivot(index=["comparison", "entity", "entity_id"], columns="effect", values="amount")
    gap = wide.drop(columns=["start", "end"]).sum(axis=1) + wide["start"] - wide["end"]
    assert (gap.abs() <= 1e-9 * wide.abs().sum(axis=1)).all()


def test_groups_add_up_to_the_company_and_volume_and_mix_do_together(sample_plan):
    """Every effect, not nearly: what is split into volume and mix has no say in the others."""
    bridge = sample_plan.profit_bridge
    wide = bridge.pivot_table(index=["comparison", "entity"], columns="effect", values="amount", aggfunc="sum")
    wide["quantity"] = wide.pop("volume") + wide.pop("mix")
    for comparison, rows in wide.groupby("comparison"):
        rows = rows.droplevel("comparison").dropna(axis=1)
        for entity in rows.index.drop("all"):
            gap = (rows.loc[entity] - rows.loc["all"]).abs()
            assert gap.max() <= 1e-9 * rows.abs().to_numpy().max(), (comparison, entity)


def test_the_spans_are_whole_months_that_the_data_cover(sample_plan):
    assert spans_of(sample_plan.profit_bridge) == {
        "year": ["2024-01-01", "2024-12-31", "2025-01-01", "2025-12-31"],
        "month": ["2025-11-01", "2025-11-30", "2025-12-01", "2025-12-31"],
        "month_year": ["2024-12-01", "2024-12-31", "2025-12-01", "2025-12-31"],
    }


def test_less_than_two_years_are_compared_by_halves():
    days = pd.date_range("2025-01-06", "2025-08-14", freq="D")
    lines = make_lines([(day, "SKU-0042", "C-001", 1.0, 5.0, 3.0) for day in days])
    found = spans_of(table_of(lines))
    assert found == {
        "half": ["2025-02-01", "2025-04-30", "2025-05-01", "2025-07-31"],
        "month": ["2025-06-01", "2025-06-30", "2025-07-01", "2025-07-31"],
    }


def test_a_single_month_of_history_is_compared_by_its_own_periods_or_not_at_all():
    days = pd.date_range("2025-01-06", "2025-02-16", freq="D")
    lines = make_lines([(day, "SKU-0042", "C-001", 1.0, 5.0, 3.0) for day in days])
    assert table_of(lines).empty
    weekly = lines.assign(period=lines["order_date"] - pd.to_timedelta(lines["order_date"].dt.day_of_week, unit="D"))
    assert spans_of(table_of(weekly, unit="week")) == {"half": ["2025-01-06", "2025-01-26", "2025-01-27", "2025-02-16"]}


def test_of_weekly_rows_a_month_is_four_weeks():
    days = pd.date_range("2023-01-02", periods=110, freq="7D")
    lines = make_lines([(day, "SKU-0042", UNKNOWN_CUSTOMER, 1.0, 5.0, 3.0) for day in days])
    periods = list_periods(lines["order_date"], Periods(unit="week"), step_days=7)
    nothing = pd.DataFrame({"item_id": [], "customer_id": []}, dtype="str")
    labelled = label_lines(
        lines.assign(period=lines["order_date"]), nothing[["item_id"]], nothing[["customer_id"]], rules=Items()
    )
    bridge = make_profit_bridge(labelled, periods, window_months=12)
    assert spans_of(bridge)["month"] == ["2024-12-16", "2025-01-12", "2025-01-13", "2025-02-09"]
    assert set(bridge["comparison"]) == {"year", "month", "month_year"}
    assert effects_of(bridge, "year")[["start", "end", "volume"]].tolist() == [104.0, 104.0, 0.0]


def test_who_is_new_or_lost_is_judged_by_years_that_do_not_overlap_or_not_at_all():
    """Of two months that follow each other nobody can be told to be lost, so nobody is new: it is volume and mix."""
    rare = [("2025-11-20", "SKU-0042", "C-002", 4.0, 5.0, 3.0), ("2025-03-20", "SKU-0042", "C-003", 4.0, 5.0, 3.0)]
    again = [("2025-12-20", "SKU-0042", "C-003", 4.0, 5.0, 3.0), ("2025-12-21", "SKU-0042", "C-004", 1.0, 5.0, 3.0)]
    bridge = table_of(make_lines([*monthly(), *rare, *again]), as_of=datetime.date(2025, 12, 31))
    month = effects_of(bridge, "month")
    assert not {"new_customers", "lost_customers", "new_items", "lost_items"} & set(month.index)
    assert month["volume"] + month["mix"] == pytest.approx(2.0)
    year = effects_of(bridge, "year")
    assert year["new_customers"] == pytest.approx(8.0 + 8.0 + 8.0 + 2.0)
    assert effects_of(bridge, "month_year")["new_customers"] == pytest.approx(8.0 + 2.0)


@pytest.mark.parametrize("first", ["2025-01-01", "2025-01-02", "2025-01-31", "2024-12-15", "2024-02-02", "2024-01-31"])
@pytest.mark.parametrize("unit", ["month", "week"])
def test_halves_of_any_history_tell_new_and_lost_alike(first, unit):
    """Time told backwards makes of every new customer a lost one."""
    days = pd.date_range(first, "2025-08-31", freq="D")
    rows = [(day, "SKU-0042", f"C-{place // 20:03d}", 1.0, 5.0, 3.0) for place, day in enumerate(days)]
    if unit == "week":
        rows = [(day - pd.Timedelta(days=day.day_of_week), *row) for day, *row in rows]
    bridge = table_of(make_lines(rows), unit=unit, as_of=datetime.date(2025, 8, 31))
    half = effects_of(bridge, "half")
    assert half["new_customers"] > 0 > half["lost_customers"]
    assert half["start"] + half["lost_customers"] < 0.25 * half["start"]
    assert half["end"] - half["new_customers"] < 0.25 * half["end"]


def test_history_shorter_than_the_window_judges_new_and_lost_alike():
    early = [("2025-02-10", "SKU-0042", "C-002", 4.0, 5.0, 3.0)]
    late = [("2025-07-10", "SKU-0042", "C-003", 3.0, 5.0, 3.0)]
    lines = make_lines(
        [
            *monthly(months=8, first="2025-01-01"),
            *early,
            *late,
            ("2025-01-01", "SKU-0042", "C-001", 1.0, 5.0, 3.0),
            ("2025-08-31", "SKU-0042", "C-001", 1.0, 5.0, 3.0),
        ]
    )
    effects = effects_of(table_of(lines), "half")
    assert effects[["new_customers", "lost_customers"]].tolist() == pytest.approx([6.0, -8.0])


def test_a_superseded_item_and_its_successor_are_one_item():
    sold = [*monthly("SKU-0042", months=18), *monthly("SKU-0043", months=12, first="2025-01-01")]
    items = pd.DataFrame({"item_id": ["SKU-0042", "SKU-0043"], "replaced_by": ["SKU-0043", None]}, dtype="str")
    lines = make_lines(sold)
    periods = list_periods(lines["order_date"], Periods(), as_of=datetime.date(2025, 12, 31))
    customers = pd.DataFrame({"customer_id": []}, dtype="str")
    for rules, expected in ((Items(), 0.0), (Items(superseded="separate"), 240.0)):
        bridge = make_profit_bridge(label_lines(lines, items, customers, rules=rules), periods, window_months=12)
        assert effects_of(bridge, "year")["new_items"] == pytest.approx(expected)
        assert effects_of(bridge, "year")["lost_items"] == pytest.approx(-expected)


def test_a_successor_in_another_unit_is_a_lost_and_a_new_item():
    """The predecessor sold single bottles, the successor is a case of twelve: no cost rose, no price did."""
    bottles = [(day, item, customer, 120.0, 5.0, 3.0) for day, item, customer, *_ in monthly(months=18)]
    cases = [(day, "SKU-0043", c, 10.0, 60.0, 36.0) for day, _, c, *_ in monthly(months=12, first="2025-01-01")]
    items = pd.DataFrame({"item_id": ["SKU-0042", "SKU-0043"], "replaced_by": ["SKU-0043", None]}, dtype="str")
    lines = make_lines([*bottles, *cases])
    for table in (lines, lines.assign(quantity=lines["quantity"] / 12)):
        labelled = label_lines(table, items, pd.DataFrame({"customer_id": []}, dtype="str"), rules=Items())
        assert set(labelled["item_id"]) == {"SKU-0042", "SKU-0043"}
        effects = effects_of(sk.bridge_profit(labelled, *YEARS), "chosen")
        assert effects[["lost_items", "new_items", "cost", "price"]].tolist() == pytest.approx([-2880.0, 2880.0, 0, 0])


def test_any_two_spans_may_be_compared_and_swapped(sample_plan):
    lines = sample_plan.order_lines
    there = sk.bridge_profit(lines, *YEARS, groups=["channel"])
    back = sk.bridge_profit(lines, *YEARS[::-1], groups=["channel"])
    swap = {"new_customers": "lost_customers", "new_items": "lost_items", "start": "end"}
    swap |= {new: old for old, new in swap.items()}
    turned = back.assign(effect=back["effect"].replace(swap)).merge(there, on=["entity", "entity_id", "effect"])
    ends = turned["effect"].isin(["start", "end"])
    expected = turned["amount_y"].where(ends, -turned["amount_y"])
    assert len(turned) == len(there)
    np.testing.assert_allclose(turned["amount_x"], expected, atol=1e-9 * there["amount"].abs().max())


def test_the_table_of_the_plan_is_what_an_analyst_gets_by_name(sample_plan):
    lines = sample_plan._labelled()
    chosen = sk.bridge_profit(lines, *YEARS, groups=["channel", "category", "region", "country"])
    year = sample_plan.profit_bridge.query("comparison == 'year'").reset_index(drop=True)
    pd.testing.assert_frame_equal(chosen.drop(columns="comparison"), year.drop(columns="comparison"))


def test_without_costs_revenue_is_bridged_and_without_prices_nothing():
    lines = make_lines(monthly())
    blank = lines.assign(gross_margin=np.nan, net_margin=np.nan)
    bridge = table_of(blank, as_of=datetime.date(2025, 12, 31))
    assert set(bridge["measure"]) == {"revenue"}
    assert not {"cost", "service"} & set(bridge["effect"])
    assert effects_of(bridge, "year")["start"] == 600.0
    pd.testing.assert_frame_equal(table_of(blank.assign(revenue=np.nan)), empty_table("profit_bridge"))


def test_spans_that_overlap_or_turn_back_are_refused(sample_plan):
    lines = sample_plan.order_lines
    with pytest.raises(sk.SettingsError, match="the spans overlap: 2024-01-01 to 2024-12-31 and 2024-12-31 to"):
        sk.bridge_profit(lines, YEARS[0], ("2024-12-31", "2025-03-31"))
    with pytest.raises(sk.SettingsError, match="before: a first and a last day are needed, in this order"):
        sk.bridge_profit(lines, ("2024-12-31", "2024-01-01"), YEARS[1])
    with pytest.raises(sk.SettingsError, match="after: a day as YYYY-MM-DD is needed"):
        sk.bridge_profit(lines, YEARS[0], ("2025", "2026"))


def test_groups_without_a_name_are_all(sample_plan):
    lines = sample_plan.order_lines.assign(team=None)
    bridge = sk.bridge_profit(lines, *YEARS, groups=["team"])
    assert set(bridge.query("entity == 'team'")["entity_id"]) == {"(all)"}


def test_a_contract_that_moves_from_yen_to_euros_moves_neither_price_nor_rate(write_workspace):
    days = pd.date_range("2024-01-10", periods=24, freq="MS") + pd.Timedelta(days=9)
    yen = np.arange(24) < 12
    orders = pd.DataFrame({"order_date": days, "customer_id": "CUST-0001", "item_id": "SKU-0042", "quantity": 10})
    orders = orders.assign(
        unit_price=np.where(yen, 8000, 50), currency=np.where(yen, "JPY", None), unit_cost=np.where(yen, 4800, 30)
    )
    fx = pd.DataFrame({"date": days, "base_currency": "EUR", "quote_currency": "JPY", "rate": 160.0})
    plan = sk.open_plan(write_workspace({"orders": orders.sample(frac=1, random_state=1), "fx": fx}))
    effects = effects_of(sk.bridge_profit(plan.order_lines, *[(days[n], days[n + 11]) for n in (0, 12)]), "chosen")
    assert effects[["start", "end"]].tolist() == pytest.approx([2400.0, 2400.0])
    assert effects.drop(["start", "end"]).abs().max() < 1e-6


@pytest.mark.real
def test_real_data_are_explained_without_residual(real_data, tmp_path):
    file = real_data / "ta_feng" / "ta_feng.parquet"
    (tmp_path / "segkit.toml").write_text(f'extends = "ta_feng"\n[sources.orders]\nfile = "{file}"\n', "utf-8")
    bridge = sk.open_plan(tmp_path).profit_bridge
    wide = bridge.pivot(index=["comparison", "entity", "entity_id"], columns="effect", values="amount")
    gap = wide.drop(columns=["start", "end"]).sum(axis=1) + wide["start"] - wide["end"]
    assert (gap.abs() <= 1e-9 * wide.abs().sum(axis=1)).all()
    assert effects_of(bridge, "half")["new_customers"] > effects_of(bridge, "half")["volume"]
