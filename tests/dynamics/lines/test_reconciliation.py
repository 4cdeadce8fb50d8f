"""Sums that must agree do, and those that do not are shown."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.dynamics.lines.reconciliation import Sums, reconcile

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


@pytest.fixture(scope="module")
def sums(sample_plan):
    roll_ups = {name: getattr(sample_plan, name) for name in ("item_value", "customer_value", "group_value")}
    window = sample_plan._window()
    return Sums(sample_plan.order_lines, window, roll_ups, sample_plan.activity_costs, sample_plan.data_quality)


def test_every_roll_up_of_the_sample_agrees_to_the_cent(sample_plan):
    table = sample_plan.reconciliation
    inside = table[~table["scope"].str.startswith("profit and loss")]
    assert set(inside["reason"]) == {""}
    assert (inside["ours"] - inside["theirs"]).abs().max() < 0.005
    assert {"items and lines of the window", "channel values and lines of the window"} <= set(inside["scope"])


def test_the_books_differ_by_the_planted_entries_alone(sample_plan):
    planted = tomllib.loads((SAMPLE / "planted.toml").read_text("utf-8"))["book_entry"]
    table = sample_plan.reconciliation
    books = table[table["scope"].str.startswith("profit and loss")]
    found = books[books["difference"] != 0]
    assert [(day.date(), name) for day, name in zip(found["period"], found["measure"], strict=True)] == [
        (entry["period"], entry["pl_line"]) for entry in planted
    ]
    assert found["difference"].tolist() == pytest.approx([-entry["amount"] for entry in planted], abs=0.01)
    assert found["reason"].str.contains("no order line").all()
    assert len(books) == 60


def test_a_roll_up_that_lost_a_row_is_named(sums, sample_plan):
    short = {**sums.roll_ups, "item_value": sums.roll_ups["item_value"].iloc[1:]}
    broken = Sums(sums.lines, sums.window, short, sums.activity_costs, sums.data_quality)
    table = reconcile(broken, empty_table("profit_and_loss"), sample_plan.fx, settings=sample_plan.settings)
    wrong = table[table["reason"] != ""]
    assert set(wrong["scope"]) == {"items and lines of the window"}
    lost = sums.roll_ups["item_value"]["revenue"].iloc[0]
    assert wrong.set_index("measure").loc["revenue", "difference"] == pytest.approx(-lost)


def test_books_in_another_currency_and_of_a_month_that_is_not_over(write_workspace, small_company):
    books = pd.DataFrame(
        {
            "period": ["2024-08-01", "2025-12-01", "2030-01-01"],
            "pl_line": "revenue",
            "amount": [100.0, 100.0, 1.0],
            "currency": "USD",
        }
    )
    fx = pd.DataFrame(
        {"date": ["2024-07-20", "2025-11-20"], "base_currency": "EUR", "quote_currency": "USD", "rate": 2}
    )
    tables = {**small_company, "profit_and_loss": books, "fx": fx}
    plan = sk.open_plan(write_workspace(tables, '[company]\ncurrency = "EUR"'), as_of="2025-12-15")
    table = plan.reconciliation
    found = table[table["scope"].str.startswith("profit and loss")]
    assert found["theirs"].tolist() == [50.0, 50.0]  # what came after as_of is not known
    assert "not over" in found["reason"].iloc[1]
    lines = plan.order_lines
    in_august = lines["order_date"].between("2024-08-01", "2024-08-31")
    assert found["ours"].iloc[0] == pytest.approx(lines.loc[in_august, "revenue"].sum())


def test_without_order_lines_there_is_nothing_to_reconcile(sample_plan):
    lines, costs, quality = (empty_table(name) for name in ("order_lines", "activity_costs", "data_quality"))
    empty = Sums(lines, lines, {}, costs, quality)
    table = reconcile(empty, empty_table("profit_and_loss"), empty_table("fx"), settings=sample_plan.settings)
    pd.testing.assert_frame_equal(table, empty_table("reconciliation"))


@pytest.mark.parametrize("step", [0.01, 1.0, 1000.0])
def test_books_agree_within_the_step_to_which_they_are_rounded(sample_plan, step):
    lines = sample_plan.order_lines
    month = lines["order_date"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
    booked = (lines["revenue"].groupby(month).sum() / step).round() * step
    booked.iloc[7] += 2 * step
    books = pd.DataFrame({"period": booked.index, "pl_line": "revenue", "amount": booked.to_numpy()})
    empty = Sums(lines, lines.head(0), {}, empty_table("activity_costs"), empty_table("data_quality"))
    table = reconcile(empty, books, empty_table("fx"), settings=sample_plan.settings)
    books = table[table["scope"].str.startswith("profit and loss")]
    assert books.loc[books["reason"] != "", "period"].tolist() == [booked.index[7]]


def test_every_line_of_the_books_is_compared_once(sample_plan):
    lines = sample_plan.order_lines
    books = pd.DataFrame(
        {"period": pd.to_datetime(["2025-03-01"] * 2), "pl_line": ["cost_to_serve", "cost"], "amount": [1.0, 2.0]}
    )
    empty = Sums(lines, lines.head(0), {}, empty_table("activity_costs"), empty_table("data_quality"))
    table = reconcile(empty, books, empty_table("fx"), settings=sample_plan.settings)
    assert sorted(table["measure"]) == ["cost", "cost_to_serve"]
    assert table["ours"].notna().all()
    assert "no order lines in the month" not in set(table["reason"])
