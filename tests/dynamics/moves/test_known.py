"""Order lines as they were known on a day, against a plan opened as of that day."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit import open_plan
from segkit.dynamics.lines.line_kinds import days_of_reversal
from segkit.dynamics.moves.known import items_known_at, known_at

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
KEY = ["order_id", "line_id", "item_id", "order_date", "quantity"]


def in_order(lines):
    return lines.drop(columns="is_bulk").sort_values(KEY, ignore_index=True, kind="stable")


@pytest.mark.parametrize("day", ["2023-07-31", "2024-06-30", "2025-10-09"])
def test_lines_are_those_of_a_plan_of_that_day(sample_plan, day):
    """In the middle of a month too, where an order or a customer's month is cut in two."""
    then = open_plan(SAMPLE, as_of=day)
    known = known_at(sample_plan.order_lines, sample_plan.activities, pd.Timestamp(day))
    pd.testing.assert_frame_equal(in_order(known), in_order(then.order_lines))
    pd.testing.assert_frame_equal(items_known_at(sample_plan.items, pd.Timestamp(day)), then.items)


def test_the_day_changes_more_than_the_number_of_lines(sample_plan):
    """The planted data exercise every part: reversals, shipments and work that were still open."""
    now, days = sample_plan.order_lines, pd.date_range("2023-07-10", "2025-12-20", freq="11D")
    changed = {"is_reversed": 0, "shipped_date": 0, "activity_cost": 0}
    for day in days:
        known = known_at(now, sample_plan.activities, day)
        for name in changed:
            same = (
                known[name].eq(now[name].iloc[: len(known)]) | known[name].isna() & now[name].iloc[: len(known)].isna()
            )
            changed[name] += int((~same).sum())
    assert min(changed.values()) > 0, changed


def test_rows_in_any_order_give_the_same_lines(sample_plan):
    lines = sample_plan.order_lines
    mixed = known_at(lines.sample(frac=1, random_state=2), sample_plan.activities, pd.Timestamp("2025-10-09"))
    straight = known_at(lines, sample_plan.activities, pd.Timestamp("2025-10-09"))
    pd.testing.assert_frame_equal(in_order(mixed), in_order(straight))


def test_work_is_charged_again_only_with_activities(sample_plan):
    lines = sample_plan.order_lines
    known = known_at(lines, sample_plan.activities.iloc[:0], pd.Timestamp("2025-10-09"))
    assert known["activity_cost"].equals(lines["activity_cost"].iloc[: len(known)])


SALE_OR_RETURN = st.tuples(st.integers(1, 6), st.sampled_from([-3.0, 3.0]), st.sampled_from(["N", "S"]))


@given(st.lists(SALE_OR_RETURN, min_size=2, max_size=14), st.integers(1, 5))
def test_what_is_cancelled_out_on_a_day_does_not_hang_on_later_returns(rows, day):
    lines = pd.DataFrame(rows, columns=["day", "quantity", "location_id"])
    lines = lines.assign(
        order_date=pd.Timestamp("2025-01-01") + pd.to_timedelta(lines["day"], "D"),
        customer_id="CUST-0001",
        item_id="SKU-0042",
        revenue=lines["quantity"] * 5.0,
        order_id=[f"{n:04d}" for n in range(len(lines))],
    )
    whole, then = days_of_reversal(lines, days=3), lines["day"] <= day
    last = pd.Timestamp("2025-01-01") + pd.Timedelta(days=day)
    pd.testing.assert_series_equal(whole[then].mask(whole[then] > last), days_of_reversal(lines[then], days=3))
