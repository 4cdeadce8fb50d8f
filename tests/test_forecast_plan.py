"""Forecasts within a plan: a calendar that reaches ahead, an assumed lead time, scenarios, and what they load."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import nomenclature

TABLES = [name for name, spec in nomenclature().items() if spec.role == "inventory"]
SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture
def calendar():
    """Return a promotion of the past and one of the month after the last, in no order."""
    days = pd.DataFrame({"date": ["2026-01-10", "2024-11-29", "2025-11-28"], "event": "promotion"})
    return days.assign(value=[None, 2.0, None])


def test_a_calendar_reaches_beyond_the_last_day_known(write_workspace, small_company, calendar):
    plan = sk.open_plan(write_workspace({**small_company, "calendar": calendar}))
    assert f"{plan.as_of}" == "2025-12-31"
    assert plan.calendar["date"].max() == pd.Timestamp(2026, 1, 10)
    assert len(plan.forecast)
    assert plan.data_quality.query("source_table == 'calendar' and action == 'set_aside'").empty


def test_a_calendar_that_names_an_event_twice_a_day_is_refused(write_workspace, small_company, calendar):
    folder = write_workspace({**small_company, "calendar": pd.concat([calendar, calendar.head(1)])})
    with pytest.raises(sk.DataError, match="calendar"):
        _ = sk.open_plan(folder).forecast


def test_an_assumed_lead_time_is_told_and_covers_what_has_no_other(write_workspace, small_company):
    items = small_company["items"].assign(lead_time_days=[10.0, 20.0, None, None, None, None])
    plan = sk.open_plan(write_workspace({**small_company, "items": items}))
    known = set(items["item_id"].iloc[:2])
    assert set(plan.protection_demand["item_id"]) == known
    assert not plan.assumptions["assumption"].str.startswith("forecasts").any()
    assumed = plan.what_if(forecasts={"lead_time_days": 30})
    assert set(assumed.protection_demand["item_id"]) == set(items["item_id"])
    row = assumed.assumptions.set_index("assumption").loc["forecasts.lead_time_days"]
    lines = plan.order_lines
    assert row["value"] == "30.0"
    assert row["rows"] == (~lines["item_id"].isin(known)).sum()
    assert "forecasts.lead_time_days" not in set(assumed.assumption_effects["assumption"])


def test_a_longer_review_needs_more_and_shares_every_forecast(write_workspace, small_company):
    items = small_company["items"].assign(lead_time_days=20.0)
    plan = sk.open_plan(write_workspace({**small_company, "items": items}))
    before = plan.protection_demand
    after = plan.what_if(forecasts={"review_days": 30}).protection_demand
    assert (after["interval_periods"] > before["interval_periods"]).all()
    assert (after["mean"] >= before["mean"]).all()


def test_a_plan_by_weeks_forecasts_weeks(write_workspace, small_company):
    plan = sk.open_plan(write_workspace(small_company, '[periods]\nunit = "week"\n[forecasts]\nhorizon_periods = 2'))
    ahead = plan.forecast["period"].drop_duplicates().sort_values()
    assert len(ahead) == 2
    assert (ahead.diff().dropna() == pd.Timedelta(days=7)).all()
    assert "2 weeks ahead" in plan.forecast_headlines["sentence"].iloc[0]


def test_a_plan_with_hardly_any_history_has_every_table(write_workspace, small_company):
    orders = small_company["orders"].query("order_date >= '2025-12-01'")
    plan = sk.open_plan(write_workspace({**small_company, "orders": orders}))
    assert {name: list(getattr(plan, name).columns) for name in TABLES} == {
        name: list(nomenclature()[name].columns) for name in TABLES
    }
    assert plan.backtest.empty
    assert "not known" in plan.forecast_headlines["sentence"].iloc[0]


def test_later_orders_do_not_change_what_was_forecast(write_workspace, small_company):
    orders = small_company["orders"]
    whole = sk.open_plan(write_workspace(small_company), as_of="2025-06-30")
    cut = orders[orders["order_date"] <= "2025-06-30"]
    then = sk.open_plan(write_workspace({**small_company, "orders": cut}, folder="then"), as_of="2025-06-30")
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(then, name), obj=name)


def test_an_item_s_way_ends_with_its_forecast(sample_plan):
    item = sample_plan.worst_forecasts["item_id"].iloc[0]
    told = {step.table: step.sentence for step in sample_plan.explain(item).steps}
    assert "months ahead" in told["forecast"]
    assert "with 95 % certainty" in told["protection_demand"]


def test_a_plan_that_does_not_forecast_does_not_load_its_compiler():
    code = (
        f"import sys, segkit; plan = segkit.open_plan({str(SAMPLE)!r})\n"
        "plan.headlines, plan.assumptions, plan.watch_list\n"
        "print([name for name in ('numba', 'statsmodels') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_policies_are_sized_from_is_made_once_and_anew_where_its_settings_change(write_workspace, small_company):
    items = small_company["items"].assign(lead_time_days=[10.0, 20.0, None, None, None, None])
    plan = sk.open_plan(write_workspace({**small_company, "items": items}))
    sized = plan.sizing()
    _ = plan.policies, plan.policy_decisions
    assert plan.sizing() is sized
    assert plan.what_if(segments={"measure": plan.settings.segments.measure}).sizing() is sized
    changed = plan.what_if(assume={"holding_rate": 0.5}).sizing()
    assert changed is not sized
    assert (changed.costs["holding_cost"] == changed.costs["unit_cost"] * 0.5).all()
    earlier = plan.known_on(pd.Timestamp(2025, 6, 30).date())
    assert earlier.sizing() is not sized
    assert plan.sizing() is sized
