"""Demand of an earlier day taken from that of a later one: it is what a plan opened then makes of what it knows."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import segkit as sk

STARTS = pd.date_range("2025-01-06", periods=140, freq="D")
TOML = '[segments]\nmeasure = "revenue"\n[periods]\nunit = "week"\n[assume]\ngross_margin = 0.3'
TABLES = ("periods", "order_lines", "demand", "demand_profile", "item_value", "item_profile", "item_segments")
LATE = 90  # days after which the last item is sold


def sold(**columns):
    rows = pd.MultiIndex.from_product([STARTS, ["SKU-1", "SKU-2", "SKU-3", "SKU-4"], ["NORTH", "SOUTH"]])
    table = rows.set_names(["period", "item_id", "location_id"]).to_frame(index=False)
    rng = np.random.default_rng(3)
    table = table.assign(quantity=rng.integers(0, 3, len(table)), price=2.0)
    if "in_stock" in columns:
        table["in_stock"] = rng.random(len(table)) > 0.1
    early = (table["item_id"] == "SKU-4") & (table["period"] < STARTS[LATE])
    return (
        table[~early].sample(frac=1, random_state=1).assign(period=lambda rows: rows["period"].dt.strftime("%Y-%m-%d"))
    )


@pytest.mark.parametrize("days", [62, 65])  # a Sunday, and a Wednesday: half a week is not what came in the whole
@pytest.mark.parametrize("case", ["plain", "in_stock", "launch", "successor"])
def test_demand_as_known_earlier_is_that_of_a_plan_of_that_day(write_workspace, case, days):
    items = pd.DataFrame({"item_id": ["SKU-1", "SKU-2", "SKU-3", "SKU-4"]})
    if case == "launch":
        items["launch_date"] = ["2025-01-20", None, None, "2025-02-03"]
    if case == "successor":
        items = items.assign(replaced_by=["SKU-2", None, None, None], end_date=["2025-04-20", None, None, None])
    tables = {"sales": sold(**{case: True}), "items": items}
    day = STARTS[days].date()
    workspace = write_workspace(tables, TOML)
    plan, own = sk.open_plan(workspace), sk.open_plan(workspace, as_of=day)
    known = plan.known_on(day)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(known, name), getattr(own, name), obj=name, check_exact=True)
    assert "SKU-4" not in set(known.demand["item_id"])


def test_what_is_sold_later_does_not_reach_an_earlier_day(write_workspace):
    day = STARTS[62].date()
    table = sold()
    late = pd.to_datetime(table["period"]) > pd.Timestamp(day)
    more = table.assign(quantity=table["quantity"].where(~late, 900), price=table["price"].where(~late, 50.0))
    found = []
    for name, rows in {"as it was": table, "more later": more, "nothing later": table[~late]}.items():
        plan = sk.open_plan(write_workspace({"sales": rows}, TOML, name))
        found.append([getattr(plan.known_on(day), table) for table in TABLES])
    for other in found[1:]:
        for one, two, name in zip(found[0], other, TABLES, strict=True):
            pd.testing.assert_frame_equal(one, two, obj=name, check_exact=True)


def test_a_day_within_a_week_is_known_by_its_own_lines_alone(write_workspace):
    plan = sk.open_plan(write_workspace({"sales": sold()}, TOML))
    whole, half = (plan.known_on(STARTS[62].date() + dt.timedelta(days=days)) for days in (0, -4))
    assert whole.demand["period"].max() == half.demand["period"].max()
    assert whole.demand["quantity"].sum() > half.demand["quantity"].sum()
