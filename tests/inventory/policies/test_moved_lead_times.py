"""Lead times that moved in the last quarter: found, told, and not by chance."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from segkit.core.columns import empty_table
from segkit.core.lead_times import measure_lead_times
from segkit.core.settings import LeadTimes
from segkit.inventory.policies.moved_lead_times import (
    QUARTER,
    _chances,
    find_moved_lead_times,
    tell_moved_lead_times,
)

RULES, LAST = LeadTimes(min_receipts=3), pd.Timestamp("2025-12-28")


def bought(took, *, every=14, items=("SKU-0001", "SKU-0042"), supplier="S1", place="DC"):
    """Return purchases of two years; `took` tells days by day ordered and item."""
    rows = [
        (name, supplier, place, day, day + pd.Timedelta(days=int(took(day, name))))
        for day in pd.date_range("2024-01-01", LAST, freq=f"{every}D") for name in items
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["item_id", "supplier_id", "location_id", "ordered_date", "received_date"])
    table["received_date"] = table["received_date"].where(table["received_date"] <= LAST)
    return table.assign(quantity=1.0)


def moved(*parts):
    table = pd.concat(parts, ignore_index=True)
    known = measure_lead_times(table, empty_table("items"), rules=RULES, as_of=LAST.date())
    return find_moved_lead_times(table, known, rules=RULES, as_of=LAST.date())


def test_a_supplier_that_takes_longer_is_told_and_a_steady_one_is_not():
    later = bought(lambda day, name: (10 if day < pd.Timestamp("2025-09-01") else 24) + 5 * (name == "SKU-0042"))
    steady = bought(lambda day, _: 10 + day.day % 5, supplier="S2")
    made = moved(later, steady)
    assert made[["supplier_id", "location_id"]].to_numpy().tolist() == [["S1", "DC"]]
    since = LAST - pd.Timedelta(days=QUARTER - 1)
    lately = later[later["received_date"] >= since]
    assert made["receipts"].tolist() == [len(lately)]
    assert made["lately"].iloc[0] == pytest.approx((lately["received_date"] - lately["ordered_date"]).dt.days.mean())
    assert 10 + 2.5 < made["reckoned"].iloc[0] < made["lately"].iloc[0] - 3
    name, sentence, value, unit = tell_moved_lead_times(made, window_days=365)
    assert (name, unit) == ("lead_times_moved", "days")
    assert value == pytest.approx(made["lately"].iloc[0] - made["reckoned"].iloc[0])
    assert "from 1 supplier at a location; farthest S1 at DC" in sentence
    assert "(now 365)" in sentence


def test_what_came_sooner_is_told_too():
    assert len(moved(bought(lambda day, _: 40 if day < pd.Timestamp("2025-08-01") else 20))) == 1


def test_shifts_of_less_than_a_day_need_no_word():
    assert moved(bought(lambda day, _: 10 + (day >= pd.Timestamp("2025-09-15")))).empty


def test_chance_alone_is_seldom_told():
    rng, told = np.random.default_rng(5), 0
    for _ in range(60):
        together = {}  # lines of a day come together
        made = moved(bought(lambda day, _, known=together: known.setdefault(day, rng.gamma(4, 5))))
        told += len(made)
    assert told <= 8  # 3 are to be expected


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=6, max_size=30))
def test_chances_are_those_of_mann_and_whitney(rows):
    orders = pd.DataFrame(rows, columns=["off", "lately"]).assign(supplier_id="S1", location_id="DC")
    made = _chances(orders)
    lately, before = (orders.loc[orders["lately"] == which, "off"] for which in (True, False))
    if min(len(lately), len(before)) < 3 or orders["off"].nunique() == 1:
        assert made.empty
        return
    told = mannwhitneyu(lately, before, method="asymptotic", use_continuity=False).pvalue
    assert made["chance"].iloc[0] == pytest.approx(told, abs=1e-9)


def test_nothing_bought_tells_nothing():
    none = find_moved_lead_times(
        empty_table("purchases"), empty_table("lead_times"), rules=RULES, as_of=date(2025, 12, 28)
    )
    assert none.empty
    assert tell_moved_lead_times(none, window_days=365) is None
