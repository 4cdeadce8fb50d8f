"""Customers by value, cost-to-serve and recency: against slow twins, at the limits, and where little is known."""

from datetime import date
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.settings import CustomerBands, Settings
from segkit.dynamics.classes.customer_bands import band_service, join_band, segment_customers

AS_OF = date(2025, 12, 31)
SETTINGS = Settings()


def lines_of(days, **marks):
    """Return order lines: customer and day of each, shuffled."""
    rows = [(customer, day) for customer, all_days in days.items() for day in all_days]
    made = empty_table("order_lines").reindex(range(len(rows)))
    made["customer_id"] = pd.Series([customer for customer, _ in rows], dtype="str")
    made["order_date"] = pd.to_datetime(pd.Series([day for _, day in rows])).astype("datetime64[us]")
    made["is_return"], made["is_reversed"] = False, False
    return made.assign(**marks).sample(frac=1, random_state=4)


def values_of(**figures):
    """Return customer_value: (revenue, cost-to-serve, net margin) by customer."""
    made = empty_table("customer_value").reindex(range(len(figures)))
    made["customer_id"] = pd.Series([name.replace("_", "-") for name in figures], dtype="str")
    money = np.array(list(figures.values()), dtype=float).reshape(-1, 3)
    made["revenue"], made["cost_to_serve"], made["net_margin"] = money.T
    return made.assign(service_share=(made["cost_to_serve"] / made["revenue"]).where(made["revenue"] > 0))


def segmented(values, lines, as_of=AS_OF):
    return segment_customers(values, lines, settings=SETTINGS, as_of=as_of).set_index("customer_id")


def test_class_and_band_make_the_segment():
    values = values_of(CUST_1=(500, 10, 80), CUST_2=(500, 50, 15), CUST_3=(500, 90, -5))
    table = segmented(values, lines_of({"CUST-1": ["2025-12-01"], "CUST-2": ["2025-12-01"], "CUST-3": ["2025-12-01"]}))
    assert table["segment"].to_dict() == {"CUST-1": "A-low", "CUST-2": "B-normal", "CUST-3": "L-high"}
    assert table.loc["CUST-3", "reason"] == "costs more than it pays"
    assert (table["abc_by_data"] == table["abc"]).all()
    assert set(table["class_source"]) == {"data"}


def test_lines_without_a_customer_form_none_and_have_no_say_in_the_bands():
    values = values_of(CUST_1=(100, 10, 80), CUST_2=(100, 10, -5)).assign()
    nameless = values_of(unknown=(9000, 0, 900)).assign(customer_id=pd.Series(["(unknown)"], dtype="str"))
    both = pd.concat([values, nameless], ignore_index=True)
    table = segmented(both, lines_of({"CUST-1": ["2025-12-01"], "CUST-2": [], "(unknown)": ["2025-12-01"]}))
    assert table["abc"].to_dict() == {"(unknown)": "", "CUST-1": "A", "CUST-2": "L"}
    assert table["service_band"].to_dict() == {"(unknown)": "", "CUST-1": "normal", "CUST-2": "normal"}
    assert table.loc["(unknown)", ["recency", "segment", "reason"]].tolist() == ["", "", "no customer named"]
    assert table["share"].sum() == pytest.approx(1 - 5 / 80)


def test_no_cost_to_serve_gives_no_band_and_says_so():
    table = segmented(values_of(CUST_1=(100, 0, 80)), lines_of({"CUST-1": ["2025-12-01"]}))
    assert table.loc["CUST-1", ["service_band", "segment"]].tolist() == ["", "A"]
    assert table.loc["CUST-1", "reason"] == "no band: no cost-to-serve is known"


def test_who_costs_and_leaves_no_revenue_is_high():
    table = segmented(values_of(CUST_1=(100, 2, 80), CUST_2=(-20, 5, -25)), lines_of({"CUST-1": [], "CUST-2": []}))
    assert table.loc["CUST-2", "service_band"] == "high"
    assert table.loc["CUST-2", "reason"] == "costs more than it pays; served without revenue"


def test_at_a_limit_the_band_is_normal():
    values = values_of(a=(100, 8, 1), b=(100, 12.5, 1), c=(100, 7.9, 1), d=(100, 12.6, 1), e=(100, 9, 1))
    assert band_service(values, CustomerBands()).tolist() == ["normal", "normal", "low", "high", "normal"]


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(0, 90)), min_size=1, max_size=12), st.integers(-6, 6))
def test_bands_are_those_of_a_slow_twin_in_any_currency(pairs, power):
    scale = 10.0**power * 7
    values = values_of(**{f"c{n}": (revenue * scale, cost * scale, 1) for n, (revenue, cost) in enumerate(pairs)})
    sold, spent = sum(revenue for revenue, _ in pairs), sum(cost for _, cost in pairs)

    def band(revenue, cost):
        if spent == 0:
            return ""
        exact = cost * sold * 100, revenue * spent
        return "low" if exact[0] < 80 * exact[1] else "high" if exact[0] > 125 * exact[1] else "normal"

    assert band_service(values, CustomerBands()).tolist() == [band(*pair) for pair in pairs]


def test_a_customer_of_the_past_is_listed_without_class():
    days = {"CUST-1": ["2025-12-30", "2024-01-01"], "CUST-2": ["2024-02-01", "2024-02-08", "2024-02-20"]}
    table = segmented(values_of(CUST_1=(100, 5, 80)), lines_of(days))
    assert table.loc["CUST-2", ["abc", "recency", "segment"]].tolist() == ["", "lost", ""]
    assert table.loc["CUST-2", "reason"] == "nothing bought in the window"
    assert table.loc["CUST-2", "recency_days"] == (AS_OF - date(2024, 2, 20)).days
    assert table.loc["CUST-2", "usual_gap_days"] == 9.5


@pytest.mark.parametrize(
    ("days", "recency"),
    [
        (["2025-01-01"], "active"),
        (["2024-12-31"], "lost"),
        (["2025-07-01"], "new"),
        (["2025-06-30"], "active"),
        (["2025-11-01", "2025-11-08", "2025-11-15"], "overdue"),
        (["2025-06-01", "2025-11-10", "2025-11-18", "2025-11-26"], "active"),
        (["2025-12-01", "2025-12-02"], "new"),
    ],
)
def test_recency_at_its_limits(days, recency):
    lines = lines_of({"CUST-1": days, "CUST-9": ["2023-01-01"]})
    assert segmented(values_of(CUST_1=(100, 5, 80)), lines).loc["CUST-1", "recency"] == recency


def test_in_a_short_history_nobody_is_new():
    """Who is first seen soon after the data begin may have bought for years."""
    lines = lines_of({"CUST-1": ["2025-12-30"], "CUST-2": ["2025-09-01", "2025-12-20"]})
    assert set(segmented(values_of(CUST_1=(1, 0, 1), CUST_2=(1, 0, 1)), lines)["recency"]) == {"active"}


@pytest.mark.parametrize(("begin", "recency"), [("2025-03-31", "new"), ("2025-04-01", "active")])
def test_new_is_who_was_silent_as_long_before(begin, recency):
    lines = lines_of({"CUST-1": ["2025-09-30"], "CUST-2": [begin]})
    table = segmented(values_of(CUST_1=(1, 0, 1), CUST_2=(1, 0, 1)), lines)
    assert table.loc["CUST-1", "recency"] == recency


def test_returns_and_corrections_are_no_orders():
    lines = lines_of({"CUST-1": ["2025-12-20"], "CUST-2": ["2025-12-20"], "CUST-9": ["2023-01-01"]})
    lines["is_return"], lines["is_reversed"] = lines["customer_id"] == "CUST-1", lines["customer_id"] == "CUST-2"
    table = segmented(values_of(CUST_1=(-10, 5, -15)), lines)
    assert table.loc[["CUST-1", "CUST-2"], "recency"].tolist() == ["", ""]
    assert table.loc[["CUST-1", "CUST-2"], "recency_days"].isna().all()


@given(st.lists(st.integers(0, 700), min_size=1, max_size=9))
def test_the_usual_gap_is_that_of_a_slow_twin(offsets):
    days = [pd.Timestamp(AS_OF) - pd.Timedelta(days=offset) for offset in offsets]
    lines = lines_of({"CUST-1": days, "CUST-0": [pd.Timestamp("2020-01-01")]})
    row = segmented(values_of(CUST_1=(100, 5, 80)), lines).loc["CUST-1"]
    own = sorted(set(offsets))
    gaps = [later - earlier for earlier, later in pairwise(own)]
    assert row["recency_days"] == own[0]
    if len(gaps) < 2:
        assert np.isnan(row["usual_gap_days"])
    else:
        assert row["usual_gap_days"] == median(gaps)


def test_later_orders_change_nothing(sample_plan):
    cut = sample_plan.order_lines.query("order_date <= '2025-06-30'")
    value = sample_plan.customer_value.head(0)
    day = date(2025, 6, 30)
    late = cut.tail(50).assign(order_date=pd.Timestamp("2025-06-30"), customer_id="C999")
    columns = ["recency_days", "usual_gap_days", "recency"]
    before = segmented(value, cut, as_of=day)[columns]
    after = segmented(value, pd.concat([cut, late]), as_of=day)[columns].drop("C999")
    pd.testing.assert_frame_equal(before, after)


def test_a_segment_needs_a_class():
    assert join_band(pd.Series(["A", "", "C"]), pd.Series(["low", "high", ""])).tolist() == ["A-low", "", "C"]
