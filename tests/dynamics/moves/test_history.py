"""Classes month by month: what a plan of that month says, and nothing that came later."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit import open_plan
from segkit.core.columns import empty_table

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
FIGURES = ["entity_id", "measure_value", "cumulative_share", "abc", "segment"]


def of(history, entity, day):
    rows = history[(history["entity"] == entity) & (history["known_on"] == pd.Timestamp(day))]
    return rows.reset_index(drop=True)


def planned(plan, entity):
    """Return a plan's own classes, by data, of those that have one."""
    table = getattr(plan, f"{entity}_segments").rename(columns={f"{entity}_id": "entity_id"})
    classed = table[(table["abc_by_data"] if "abc_by_data" in table else table["abc"]) != ""]
    return classed.reset_index(drop=True)


def same_as_plan(history, plan, day):
    for entity, also in (("item", ["xyz"]), ("customer", [])):
        found, wanted = of(history, entity, day), planned(plan, entity)
        pd.testing.assert_frame_equal(found[FIGURES + also], wanted[FIGURES + also])
        assert len(found)


@pytest.mark.parametrize("day", ["2023-07-31", "2024-02-29", "2024-11-30", "2025-10-31"])
def test_a_month_says_what_a_plan_of_that_month_says(sample_plan, day):
    """Before and after a superseded item is known, with orders and corrections that are still open."""
    same_as_plan(sample_plan.segment_history, open_plan(SAMPLE, as_of=day), day)


def test_the_last_month_is_that_of_the_plan(sample_plan):
    same_as_plan(sample_plan.segment_history, sample_plan, sample_plan.as_of)


@pytest.mark.parametrize("day", ["2024-11-30", "2025-10-31"])
def test_what_comes_later_changes_no_earlier_row(sample_plan, day):
    """A plan of that day never saw the later rows; stable classes are the same too."""
    history = sample_plan.segment_history
    earlier = open_plan(SAMPLE, as_of=day).segment_history
    pd.testing.assert_frame_equal(earlier, history[history["known_on"] <= pd.Timestamp(day)].reset_index(drop=True))


@pytest.fixture
def by_week(write_workspace, small_company):
    return write_workspace(small_company, '[periods]\nunit = "week"')


def test_weeks_are_classed_at_the_last_week_that_ended_in_the_month(by_week):
    plan = open_plan(by_week)
    days = plan.segment_history["known_on"].drop_duplicates()
    assert (days.dt.day_of_week == 6).all()
    assert (days + pd.Timedelta(days=7)).dt.month.ne(days.dt.month).all()
    for day in days.sort_values().iloc[[2, -1]]:
        same_as_plan(plan.segment_history, open_plan(by_week, as_of=f"{day:%Y-%m-%d}"), day)


@pytest.mark.parametrize(
    "changes",
    [
        {"segments": {"measure": "quantity"}},
        {"segments": {"measure": "revenue", "window_months": 3, "within": "category"}},
        {"segments": {"abc_by": "breaks"}},
        {"segments": {"abc_by": "item_share"}},
        {"segments": {"measure": "cost_criterion"}, "assume": {"order_cost": 9.0, "holding_rate": 0.2}},
    ],
    ids=str,
)
def test_classes_are_made_as_the_settings_say(write_workspace, small_company, changes):
    workspace = write_workspace(small_company)
    plan = open_plan(workspace, overrides=changes)
    for day in ("2024-09-30", "2025-08-31"):
        same_as_plan(plan.segment_history, open_plan(workspace, as_of=day, overrides=changes), day)


def test_sales_without_customers_have_a_history_of_items(write_workspace):
    rng = np.random.default_rng(4)
    months = pd.date_range("2024-01-01", periods=14, freq="MS")
    sales = pd.DataFrame(
        {
            "item_id": np.repeat([f"SKU-{n:04d}" for n in range(5)], 14),
            "period": np.tile(months.strftime("%Y-%m-%d"), 5),
            "quantity": rng.integers(0, 40, 70),
            "price": 5.0,
        }
    ).sample(frac=1, random_state=1)
    workspace = write_workspace({"sales": sales}, '[segments]\nmeasure = "revenue"')
    history = open_plan(workspace).segment_history
    assert set(history["entity"]) == {"item"}
    assert history["known_on"].nunique() == 14
    assert of(open_plan(workspace, as_of="2024-06-30").segment_history, "item", "2024-06-30").equals(
        of(history, "item", "2024-06-30")
    )


def test_unknown_costs_give_no_class_and_no_crash(write_workspace, small_company):
    tables = {**small_company, "items": small_company["items"].drop(columns="unit_cost")}
    history = open_plan(write_workspace(tables)).segment_history
    assert len(history)
    assert set(history["abc"]) == set(history["stable_abc"]) == {""}


def test_one_month_is_a_history_of_one_month(write_workspace, small_company):
    plan = open_plan(write_workspace(small_company), as_of="2024-07-31")
    assert plan.segment_history["known_on"].nunique() == 1
    assert (plan.segment_history["stable_abc"] == plan.segment_history["abc"]).all()


def test_without_a_complete_period_there_is_no_history(write_workspace, small_company):
    orders = small_company["orders"]
    some = orders[pd.to_datetime(orders["order_date"]).between("2024-07-05", "2024-07-20")]
    history = open_plan(write_workspace({**small_company, "orders": some})).segment_history
    pd.testing.assert_frame_equal(history, empty_table("segment_history"))
