"""Lead times as they were, against a slow twin, and what stands in where there are too few receipts."""

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.lead_times import measure_lead_times
from segkit.core.settings import LeadTimes

RULES = LeadTimes(min_receipts=3)
KEY = ["item_id", "supplier_id", "location_id"]
ITEMS = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "lead_time_days": [30.0, np.nan]})
BOUGHT = st.tuples(
    st.sampled_from(["SKU-0001", "SKU-0002"]),
    st.sampled_from(["S1", "S2"]),
    st.integers(1, 40).filter(lambda d: d < 38),
)


def purchases(rows):
    """Return purchases of (item, supplier, days until receipt or None, days promised or None)."""
    frame = pd.DataFrame(rows, columns=["item_id", "supplier_id", "took", "promised"])
    ordered = pd.Series(pd.Timestamp("2025-01-01"), index=frame.index) + pd.to_timedelta(frame.index, unit="D")
    return pd.DataFrame(
        {"item_id": frame["item_id"], "supplier_id": frame["supplier_id"].astype("str"),
         "location_id": "DC", "ordered_date": ordered,
         "expected_date": ordered + pd.to_timedelta(frame["promised"].astype(float), unit="D"),
         "received_date": ordered + pd.to_timedelta(frame["took"].astype(float), unit="D")}
    ).sample(frac=1, random_state=6)  # fmt: skip


def measured(rows):
    return measure_lead_times(purchases(rows), ITEMS, rules=RULES).set_index(["item_id", "supplier_id"])


def test_enough_receipts_speak_for_themselves():
    row = measured([("SKU-0001", "S1", took, 12) for took in (10, 12, 14, None)]).loc[("SKU-0001", "S1")]
    assert (row["receipts"], row["open_receipts"], row["lead_time_source"]) == (3, 1, "receipts")
    assert (row["lead_time_mean"], row["lead_time_sd"], row["lead_time_p50"]) == (12, 2, 12)
    assert row["lead_time_p90"] == pytest.approx(13.6)
    assert row["late_share"] == pytest.approx(1 / 3)
    assert row["planned_days"] == 30


def test_few_receipts_take_the_supplier_s():
    table = measured([("SKU-0001", "S1", 10, None), ("SKU-0002", "S1", 20, None), ("SKU-0002", "S1", 30, None)])
    assert (table["lead_time_source"] == "supplier receipts").all()
    assert (table["lead_time_mean"] == 20).all()
    assert table["receipts"].tolist() == [1, 2]


def test_where_the_supplier_has_few_the_master_stands_in():
    row = measured([("SKU-0001", "S1", 99, 1), ("SKU-0001", "S1", 95, 1)]).loc[("SKU-0001", "S1")]
    assert (row["lead_time_source"], row["lead_time_mean"]) == ("master", 30)
    assert row[["lead_time_sd", "lead_time_p50", "lead_time_p90", "late_share"]].isna().all()


def test_without_master_few_receipts_are_better_than_none():
    row = measured([("SKU-0002", "S1", 9, None), ("SKU-0002", "S1", 11, None)]).loc[("SKU-0002", "S1")]
    assert (row["lead_time_source"], row["lead_time_mean"]) == ("supplier receipts", 10)


def test_an_item_that_never_came_has_no_lead_time():
    row = measured([("SKU-0002", "S1", None, None)]).loc[("SKU-0002", "S1")]
    assert (row["lead_time_source"], row["open_receipts"]) == ("missing", 1)
    assert np.isnan(row["lead_time_mean"])


@given(st.lists(BOUGHT, min_size=1, max_size=25))
def test_means_are_their_slow_twin(rows):
    table = measured([(*row, None) for row in rows])
    assert len(table) == len({row[:2] for row in rows})
    for (item, supplier), row in table.iterrows():
        own = [took for name, other, took in rows if (name, other) == (item, supplier)]
        pool = [took for _, other, took in rows if other == supplier]
        few, few_pool = len(own) < 3, len(pool) < 3
        if few and few_pool and item == "SKU-0001":
            assert (row["lead_time_mean"], row["lead_time_source"]) == (30, "master")
        else:
            assert row["lead_time_mean"] == pytest.approx(statistics.fmean(pool if few else own))
            assert row["lead_time_source"] == ("supplier receipts" if few else "receipts")


def test_purchases_that_name_no_supplier_or_place_stay_in_the_table():
    table = purchases([("SKU-0001", None, took, None) for took in (4, 5, 6)]).drop(columns="location_id")
    made = measure_lead_times(table, ITEMS, rules=RULES)
    assert made[KEY].to_numpy().tolist() == [["SKU-0001", "(all)", "(all)"]]
    assert made["lead_time_mean"].tolist() == [5]


def test_no_purchases_give_an_empty_typed_table():
    made = measure_lead_times(empty_table("purchases"), empty_table("items"), rules=RULES)
    pd.testing.assert_frame_equal(made, empty_table("lead_times"))
