"""The whale curve: it ends at the total, and passes one only before losses."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.dynamics.classes.whale import make_whale_curve

CENTS = st.integers(-3_000, 20_000).map(lambda cents: cents / 100)


def values_of(rows):
    made = empty_table("item_value").reindex(range(len(rows)))
    return made.assign(**pd.DataFrame(rows).to_dict("list")).astype({"item_id": "str"})


def test_unknown_customers_are_no_customer_of_the_whale_curve():
    made = empty_table("customer_value").reindex(range(3))
    values = made.assign(
        customer_id=pd.Series(["(unknown)", "CUST-0001", "CUST-0002"], dtype="str"), net_margin=[900.0, 80.0, -5.0]
    )
    curve = make_whale_curve(empty_table("item_value"), values)
    assert curve["entity_id"].tolist() == ["CUST-0001", "CUST-0002"]


@given(st.lists(CENTS, min_size=1, max_size=20))
@settings(max_examples=50)
def test_the_whale_curve_ends_at_the_total_and_passes_one_only_before_losses(margins):
    values = values_of([{"item_id": f"SKU-{n:04d}", "net_margin": m} for n, m in enumerate(margins)])
    curve = make_whale_curve(values, empty_table("customer_value"))
    assert curve["cumulative_margin"].iloc[-1] == pytest.approx(math.fsum(margins), abs=1e-6)
    assert curve["rank"].tolist() == list(range(1, len(margins) + 1))
    if math.fsum(margins) > 1:
        above = (curve["cumulative_margin_share"] > 1 + 1e-9).any()
        assert above == (min(margins) < 0)
