"""Cost-to-serve: work by time-driven activity-based costing, unused capacity, payment terms."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.core.settings import Settings
from segkit.dynamics.lines.cost_to_serve import charge_lines, charge_work, count_activity_costs, count_drivers
from segkit.dynamics.lines.line_kinds import mark_lines
from segkit.dynamics.lines.profitability import value_lines

PLAIN = Settings.model_validate({"assume": {"gross_margin": 0.4}})


def lines_of(rows, **columns):
    """Return order lines of (order_id, day, customer, item, location, quantity, shipped day)."""
    names = ["order_id", "order_date", "customer_id", "item_id", "location_id", "quantity", "shipped_date"]
    frame = pd.DataFrame(rows, columns=names).assign(unit_price=10.0, **columns)
    for name in ("order_date", "shipped_date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    valued = value_lines(frame, empty_table("items"), empty_table("fx"), settings=PLAIN)
    return mark_lines(valued, empty_table("customers"), settings=PLAIN)


def pool(activity, driver, minutes, period="2025-01-01", cost=600.0, capacity=1000.0, **columns):
    row = {"activity": activity, "period": pd.Timestamp(period), "cost": cost, "practical_capacity": capacity}
    return {**row, "driver": driver, "minutes_per_unit": minutes, **columns}


LINES = [
    ("O-1", "2025-01-03", "CUST-1", "SKU-1", "N", 5, "2025-01-04"),
    ("O-1", "2025-01-03", "CUST-1", "SKU-2", "N", 1, "2025-01-09"),
    ("O-1", "2025-01-03", "CUST-1", "SKU-3", "S", 2, "2025-01-04"),
    ("O-2", "2025-01-20", "CUST-2", "SKU-1", "N", 4, None),
    ("O-2", "2025-01-20", "CUST-2", "SKU-2", "N", 4, None),
    ("O-3", "2025-01-25", "CUST-2", "SKU-1", "N", -1, None),
]


def test_every_driver_adds_up_to_its_count():
    lines = lines_of(LINES).sample(frac=1, random_state=2)
    units = count_drivers(lines, {"order", "line", "delivery", "return", "unit", "customer"})
    assert {name: round(float(each.sum()), 12) for name, each in units.items()} == {
        "customer": 2.0,
        "delivery": 4.0,  # two days and two places of O-1, and what is still to come of O-2
        "line": 5.0,
        "order": 2.0,
        "return": 1.0,
        "unit": 16.0,
    }
    assert all((each >= 0).all() for each in units.values())


def test_orders_without_a_number_are_those_of_a_customer_and_a_day():
    lines = lines_of([(None, *row[1:]) for row in LINES])
    assert count_drivers(lines, {"order"})["order"].sum() == pytest.approx(2)


def test_the_case_of_kaplan_and_anderson():
    """51,000 orders, 1,150 inquiries and 2,700 credit checks share one pool: 85,120 of 560,000 is unused."""
    shared = {"cost": 560_000.0, "capacity": 700_000.0, "pool": "service"}
    activities = pd.DataFrame(
        [
            pool("orders", "unit", 8, **shared),
            pool("inquiries", "order", 44, **shared),
            pool("credit", "line", 50, **shared),
        ]
    )
    lines = lines_of([("O-1", "2025-01-01", "CUST-1", "SKU-1", "N", 1, None)])
    lines = lines.loc[np.zeros(2700, dtype=int)].reset_index(drop=True)
    lines["order_id"] = [f"O-{min(n, 1149)}" for n in range(2700)]
    lines["quantity"] = np.where(np.arange(2700) == 0, 51_000.0 - 2699, 1.0)
    costs = count_activity_costs(lines, activities, as_of=pd.Timestamp("2025-01-31").date()).set_index("activity")
    assert costs["capacity_rate"].tolist() == pytest.approx([0.8] * 3)
    rates = costs["minutes_per_unit"] * costs["capacity_rate"]
    assert rates.to_dict() == pytest.approx({"orders": 6.4, "inquiries": 35.2, "credit": 40.0})
    assert costs["minutes_used"].sum() == pytest.approx(593_600)
    assert costs["used_cost"].sum() == pytest.approx(474_880)
    assert costs["unused_cost"].sum() == pytest.approx(85_120)
    assert charge_work(lines, activities).sum() == pytest.approx(474_880)


def test_unused_capacity_is_charged_to_nobody():
    few, many = (pd.DataFrame([pool("picking", "line", 4, cost=600.0 * n, capacity=1000.0 * n)]) for n in (1, 9))
    lines = lines_of(LINES)
    pd.testing.assert_series_equal(charge_work(lines, few), charge_work(lines, many))
    assert charge_work(lines, few).sum() == pytest.approx(5 * 4 * 0.6)


def test_a_rate_holds_from_its_period_to_the_next():
    activities = pd.DataFrame(
        [pool("picking", "line", 1, "2025-01-01"), pool("picking", "line", 1, "2025-03-01", cost=1200.0)]
    ).sample(frac=1, random_state=1)
    days = ["2024-12-30", "2025-01-01", "2025-02-28", "2025-03-01", "2025-07-01"]
    lines = lines_of([(f"O-{n}", day, "CUST-1", "SKU-1", "N", 1, None) for n, day in enumerate(days)])
    assert charge_work(lines, activities).tolist() == pytest.approx([0.6, 0.6, 0.6, 1.2, 1.2])
    costs = count_activity_costs(lines, activities, as_of=pd.Timestamp("2025-07-31").date())
    assert costs["driver_units"].tolist() == [2, 1]  # neither the line before the first span nor that after the last


def test_a_span_that_is_not_over_counts_by_days():
    activities = pd.DataFrame([pool("picking", "line", 1, f"2025-0{month}-01") for month in (1, 2, 3, 4)])
    lines = lines_of([("O-1", f"2025-0{month}-20", "CUST-1", "SKU-1", "N", 1, None) for month in (2, 3, 4)])
    costs = count_activity_costs(lines, activities, as_of=pd.Timestamp("2025-04-15").date())
    assert costs["period"].dt.month.tolist() == [2, 3, 4]
    assert costs["practical_capacity"].tolist() == pytest.approx([1000 * 9 / 28, 1000, 500])
    assert costs["unused_cost"].tolist() == pytest.approx([(1000 * 9 / 28 - 1) * 0.6, 999 * 0.6, 499 * 0.6])


def test_an_activity_without_a_period_charges_and_leaves_unused_blank():
    activities = pd.DataFrame([{**pool("picking", "line", 2), "period": pd.NaT}])
    lines = lines_of(LINES)
    assert charge_work(lines, activities).sum() == pytest.approx(5 * 2 * 0.6)
    costs = count_activity_costs(lines, activities, as_of=pd.Timestamp("2025-01-31").date())
    assert costs["unused_cost"].isna().all()
    assert costs["minutes_used"].tolist() == [10]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [pool("picking", "line", 1, capacity=0.0)],
            "practical_capacity is not above zero in 1 rows, first: picking from 2025-01-01",
        ),
        (
            [pool("a", "line", 1, pool="p"), pool("b", "order", 1, pool="p", cost=1.0)],
            "share a pool.*first: p from 2025-01-01",
        ),
        ([pool("a", "line", 1, unit="pallets")], "unit of practical_capacity is not known in 1 rows, first: 'pallets'"),
        ([pool("a", "line", 1), pool("a", "order", 1, "2025-02-01")], "driver changes within a"),
    ],
)
def test_pools_that_make_no_sense_are_refused(rows, words):
    with pytest.raises(DataError, match=words):
        charge_work(lines_of(LINES), pd.DataFrame(rows))


def test_capacity_in_hours_is_the_same_capacity():
    lines = lines_of(LINES)
    minutes = pd.DataFrame([pool("picking", "line", 4, capacity=1200.0, unit="minutes")])
    hours = pd.DataFrame([pool("picking", "line", 4, capacity=20.0, unit="Hours")])
    pd.testing.assert_series_equal(charge_work(lines, minutes), charge_work(lines, hours))
    day = pd.Timestamp("2025-01-31").date()
    costs = count_activity_costs(lines, hours, as_of=day)
    assert costs["practical_capacity"].tolist() == pytest.approx([1200.0 * 29 / 31])  # from the first order on
    pd.testing.assert_frame_equal(costs, count_activity_costs(lines, minutes, as_of=day))


def test_the_wait_for_the_money_costs_capital():
    customers = pd.DataFrame({"customer_id": ["CUST-2", "CUST-1"], "payment_days": [73.0, None]})
    settings = Settings.model_validate({"assume": {"capital_rate": 0.1}})
    charged = charge_lines(lines_of(LINES), empty_table("activities"), customers, settings=settings)
    assert charged["payment_cost"].tolist() == pytest.approx([0, 0, 0, 0.8, 0.8, -0.2])  # 10 % of 73/365 of revenue
    assert charged["net_margin"].tolist() == pytest.approx((charged["gross_margin"] - charged["payment_cost"]).tolist())
    without = charge_lines(lines_of(LINES), empty_table("activities"), customers, settings=PLAIN)
    assert not without["payment_cost"].any()


def test_net_margin_is_gross_margin_less_cost_to_serve(sample_plan):
    lines = sample_plan.order_lines
    served = lines["freight_out"] + lines["activity_cost"] + lines["payment_cost"]
    np.testing.assert_allclose(lines["cost_to_serve"], served)
    np.testing.assert_allclose(lines["net_margin"], lines["revenue"] - lines["cost"] - served, atol=1e-9)


def test_the_pools_of_the_sample_are_used_as_planted(sample_plan):
    """Between 70 and 85 percent of capacity is used over a year, as the generator sets it."""
    costs = sample_plan.activity_costs
    used = costs.groupby("activity")[["minutes_used", "practical_capacity"]].sum()
    assert (used["minutes_used"] / used["practical_capacity"]).between(0.65, 0.9).all()
    assert costs["used_cost"].sum() == pytest.approx(sample_plan.order_lines["activity_cost"].sum())


def test_a_change_of_currency_or_of_the_order_of_rows_changes_nothing_else(sample_plan):
    lines = sample_plan.order_lines.sample(4000, random_state=1)
    activities = sample_plan.activities
    once = charge_work(lines, activities)
    yen = charge_work(lines, activities.assign(cost=activities["cost"] * 160).sample(frac=1, random_state=1))
    np.testing.assert_allclose(yen, once * 160)
