"""Promised dates of a plan: judged month by month from what was known, and told for open orders."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from segkit.core.errors import DataError, SettingsError
from segkit.core.promising_settings import Promising
from segkit.promising.held_out_otif import grid_otif
from segkit.promising.new_orders import join_book
from segkit.promising.orders import promise_orders
from segkit.promising.plan_segments import plan_segments
from segkit.promising.reliability.outlook import (
    as_dated,
    date_promises,
    judge_promises,
    list_deliveries,
    supplier_delays,
)

END = date(2025, 12, 31)
RULES = Promising(reliability=[0.5, 0.9], reliability_by=["channel"], holdout_months=3)


def sold(seed=3):
    """Return two years of order lines: those of the shop come within three days of the promised one, others later."""
    rng = np.random.default_rng(seed)
    order = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 730, 3000)), unit="D")
    shop = rng.random(3000) < 0.5
    promised = order + pd.Timedelta(days=5)
    came = promised + pd.to_timedelta(np.where(shop, rng.integers(0, 4, 3000), rng.integers(3, 12, 3000)), unit="D")
    late = came > pd.Timestamp(END)
    lines = pd.DataFrame(
        {
            "order_id": [f"O-{number:05}" for number in range(3000)],
            "line_id": "1",
            "order_date": order,
            "requested_date": promised,
            "promised_date": promised,
            "delivered_date": pd.Series(came).mask(late),
            "customer_id": np.where(shop, "CUST-1", "CUST-2"),
            "item_id": "SKU-0001",
            "location_id": "DC",
            "channel": np.where(shop, "shop", "site"),
            "demand_class": np.where(shop, "gold", "tin"),
            "quantity": 1.0,
            "is_reversed": False,
        }
    )
    customers = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2"], "region": ["N", "S"]})
    return lines, list_deliveries(lines, customers, pd.DataFrame({"item_id": ["SKU-0001"], "category": ["A"]}))


def test_honest_promises_are_found_honest_and_later_days_play_no_part():
    lines, deliveries = sold()
    made = judge_promises(deliveries, as_of=END, rules=RULES)
    assert set(made["entity"]) == {"all", "demand_class", "channel"}
    whole = made[made["entity"] == "all"]
    assert (whole["frequency"] - whole["promised_reliability"]).abs().max() < 0.05
    first = judge_promises(deliveries[deliveries["order_date"] < "2025-10-15"], as_of=date(2025, 10, 31), rules=RULES)
    changed = lines["delivered_date"].mask(lines["delivered_date"] > "2025-10-31")
    again = deliveries.assign(delivered_date=changed.to_numpy())
    second = judge_promises(again[again["order_date"] < "2025-10-15"], as_of=date(2025, 10, 31), rules=RULES)
    pd.testing.assert_frame_equal(first, second)


def test_an_unknown_column_is_told_with_its_likely_name():
    _, deliveries = sold()
    with pytest.raises(SettingsError, match=r"'chanel'.*channel"):
        judge_promises(deliveries, as_of=END, rules=RULES.model_copy(update={"reliability_by": ["chanel"]}))


def test_open_lines_are_dated_by_those_alike():
    _, deliveries = sold()
    new = pd.DataFrame(
        {"order_id": ["N1", "N2"], "line_id": "1", "customer_id": ["CUST-1", "CUST-2"], "item_id": "SKU-0001",
         "location_id": "DC", "channel": ["shop", "site"], "quantity": 1.0, "order_date": pd.Timestamp("2026-01-01")}
    )  # fmt: skip
    asked = new.assign(
        requested_date=pd.Timestamp("2026-01-08"), promised_date=pd.Timestamp("2026-01-08"), promised_quantity=1.0
    )
    made = date_promises(deliveries, asked, as_dated(new), as_of=END, rules=RULES)
    late = made.set_index(["order_id", "promised_reliability"])["late_days"]
    assert late["N1", 0.9] == 3
    assert late["N2", 0.9] > 6
    assert (made.groupby("order_id")["promised_date"].diff().dropna() >= pd.Timedelta(0)).all()


def test_suppliers_are_as_late_as_they_were():
    expected = pd.Timestamp("2025-06-01") + pd.to_timedelta(np.arange(100), unit="D")
    late = pd.DataFrame(
        {"supplier_id": "SLOW", "expected_date": expected, "received_date": expected + pd.Timedelta(9, "D")}
    )
    good = late.assign(supplier_id="GOOD", received_date=expected)
    days = supplier_delays(pd.concat([late, good], ignore_index=True), as_of=END, reliability=0.8)
    assert days["SLOW"] == 9
    assert days["GOOD"] == 0
    assert supplier_delays(late.assign(received_date=pd.NaT), as_of=END, reliability=0.8) == {}


def test_on_time_in_full_counts_the_held_out_months_by_class():
    lines, _ = sold()
    made = grid_otif(lines, as_of=END, rules=RULES)
    held_out = lines[(lines["order_date"] >= "2025-10-01")]
    exact = made[(made["entity"] == "all") & (made["counted_by"] == "line") & (made["measured_against"] == "promised")]
    assert (exact["due"] + exact["not_due_lines"] == len(held_out)).all()
    assert set(made["entity_id"]) == {"(all)", "gold", "tin"}
    assert grid_otif(lines.assign(delivered_date=pd.NaT), as_of=END, rules=RULES).empty


def open_book():
    columns = {"order_id": ["O-1"], "line_id": ["1"], "item_id": ["SKU-0001"], "location_id": ["DC"], "quantity": [1.0]}
    day = pd.Timestamp("2025-12-30")
    texts = {"customer_id": "CUST-1", "channel": "shop", "demand_class": "gold", "left_out": ""}
    blank = {"promised_date": pd.NaT, "unit_price": 1.0, "unit_margin": 1.0}
    return pd.DataFrame({**columns, **texts, **blank, "order_date": day, "requested_date": day})


def test_new_lines_come_behind_the_open_ones():
    new = (
        open_book()
        .drop(columns=["left_out", "requested_date"])
        .assign(order_id="N-1", order_date=pd.Timestamp("2025-12-01"))
    )
    book = join_book(open_book(), new.drop(columns="location_id"), as_of=END)
    assert book["order_id"].tolist() == ["O-1", "N-1"]
    assert book["order_date"].iloc[1] == pd.Timestamp("2026-01-01")
    assert book["location_id"].iloc[1] == "DC"  # there is no other


def test_of_new_lines_who_ordered_first_is_promised_first():
    """All of them arrive on the day after the last one known; their ids alone told who came first."""
    ordered = {"N8": "2025-12-30", "N3": "2025-12-31", "N6": "2025-12-31", "N1": "2026-01-01", "N4": "2026-01-01 09:00"}
    days = pd.to_datetime(list(ordered.values()), format="ISO8601")
    one = open_book().drop(columns=["left_out", "requested_date"])
    new = pd.concat([one] * 5).assign(order_id=list(ordered), order_date=days).sort_values("order_id")
    book = join_book(open_book(), new, as_of=END)
    assert (book["requested_date"].iloc[1:].dt.normalize() == pd.Timestamp("2026-01-01")).all()
    supply = book.head(1).assign(available_date=pd.Timestamp("2025-12-30"), quantity=3.0)
    made = promise_orders(book, supply[["item_id", "location_id", "available_date", "quantity"]]).lines
    assert made["order_id"].tolist() == ["O-1", *ordered]
    assert made["promised_quantity"].tolist() == [1, 1, 1, 0, 0, 0]


def test_lines_that_are_open_already_and_lines_without_a_place_are_refused_at_once():
    two = pd.concat([open_book(), open_book().assign(order_id="O-2", location_id="FAR")], ignore_index=True)
    new = pd.concat([open_book(), open_book().assign(order_id="N-1", location_id=None)], ignore_index=True)
    with pytest.raises(DataError, match=r"(?s)open already in 1 row.*O-1.*location_id is blank in 1 row.*N-1"):
        join_book(two, new, as_of=END)


def test_segments_of_the_settings_come_in_the_order_of_the_file():
    stated = {"zz": {"strategy": "gain", "where": "quantity > 5"}, "aa": {"strategy": "lose", "sort": ["quantity"]}}
    made = plan_segments(["gold"], rules=Promising(backorders=stated))
    assert [(name, segment.strategy) for name, segment in made.items()] == [("zz", "gain"), ("aa", "lose")]
    classes = ["gold", "silver", "tin", "(unknown)"]
    assert [one.strategy for one in plan_segments(classes, rules=Promising()).values()] == [
        "win",
        "improve",
        "redistribute",
    ]
