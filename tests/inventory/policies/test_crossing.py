"""Where orders follow each other faster than their lead times scatter: found, and told as an assumption."""

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.inventory.policies.crossing import NAME, check_crossing, find_crossing

PLACES = ["item_id", "location_id"]


def of(*rows):
    """Return policies and intervals of (item, policy, review, lot, demand a year, deviation of lead times in days)."""
    names = ["item_id", "policy", "review_days", "order_quantity", "demand_year", "sd"]
    table = pd.DataFrame(rows, columns=names).assign(location_id="N", order_up_to=9.0)
    return table.drop(columns="sd"), table[PLACES].assign(sd_periods=table["sd"] / 7.0).sample(frac=1, random_state=1)


def test_what_is_ordered_faster_than_lead_times_scatter_is_found():
    policies, intervals = of(
        ("SKU-0001", "order_up_to", 1.0, 1.0, 800.0, 5.0),
        ("SKU-0002", "order_up_to", 7.0, 1.0, 800.0, 5.0),  # reviews are farther apart
        ("SKU-0003", "reorder_quantity", 1.0, 100.0, 730.5, 14.0),  # a lot lasts 50 days
        ("SKU-0004", "reorder_quantity", 1.0, 20.0, 730.5, 14.0),  # one of 10
        ("SKU-0005", "to_order", 1.0, np.nan, 800.0, 5.0),
        ("SKU-0006", "order_up_to", 1.0, 1.0, 0.0, 5.0),  # nothing is expected
        ("SKU-0007", "order_up_to", 1.0, 1.0, 800.0, 0.0),
        ("SKU-0008", "order_up_to", 1.0, 1.0, 800.0, 15.0),
    )
    made = find_crossing(policies, intervals, period_days=7.0)
    assert made["item_id"].tolist() == ["SKU-0008", "SKU-0001", "SKU-0004"]
    assert made[["apart", "scatter"]].round(9).to_numpy().tolist() == [[1, 15], [1, 5], [10, 14]]
    checks = check_crossing(empty_table("policy_checks"), made, places=len(policies))
    assert checks["rule"].tolist() == [NAME]
    assert (
        "as at 3 item-locations, first SKU-0008 at N 1 and 15 days; SKU-0001 at N 1 and 5 days" in checks["problem"][0]
    )
    unsized = policies.assign(order_up_to=np.nan)
    assert find_crossing(unsized, intervals, period_days=7.0).empty


def test_where_no_orders_can_cross_nothing_is_told():
    checks = empty_table("policy_checks")
    none = find_crossing(empty_table("policies"), of()[1], period_days=7.0)
    pd.testing.assert_frame_equal(check_crossing(checks, none, places=0), checks)
