"""Available to promise by week: what can still be promised, against orders that ask for it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.promising.atp_table import tell_available

DAY = date(2025, 6, 29)
MONDAY = pd.Timestamp("2025-06-30")
PLACE = {"item_id": "SKU-1", "location_id": "A"}


def supplied(*rows):
    """Return supply of a week (0 = the first) each."""
    days = [MONDAY + pd.Timedelta(weeks=week) for week, _ in rows]
    return pd.DataFrame(
        {**PLACE, "available_date": days, "quantity": [float(units) for _, units in rows], "left_out": ""}
    )


def book(rng, lines):
    """Return orders for a day in the next weeks."""
    days = MONDAY + pd.to_timedelta(rng.integers(0, 35, lines), unit="D")
    ids = {"order_id": [f"O{n}" for n in range(lines)], "line_id": "1", "order_date": MONDAY}
    return pd.DataFrame({**PLACE, **ids, "requested_date": days, "quantity": rng.integers(1, 6, lines).astype(float)})


def told(supply, trace, allocations=None):
    kept = empty_table("allocations") if allocations is None else allocations
    return tell_available(supply, trace, kept, as_of=DAY)


@pytest.mark.parametrize("seed", range(8))
def test_an_order_of_all_that_is_available_is_in_time_and_one_unit_more_is_not(seed):
    rng = np.random.default_rng(seed)
    supply = supplied(*((week, rng.integers(0, 15)) for week in (0, 1, 3, 4)))
    held = book(rng, 6)
    known = sk.promise_orders(held, supply)
    made = told(supply, known.trace).set_index("period")
    for week in made.index:
        least = made.loc[week, "cumulative_atp"]
        for more in (0.0, 1.0):
            new = held.tail(1).assign(
                order_id="NEW", requested_date=week + pd.Timedelta(days=6), quantity=least + more,
                order_date=MONDAY + pd.Timedelta(hours=1), max_lateness_days=0.0,
            )  # fmt: skip
            if least + more == 0:
                continue
            both = sk.promise_orders(pd.concat([held, new]), supply)
            mine = both.lines.set_index("order_id").loc["NEW"]
            in_full = mine["promised_quantity"] >= least + more
            assert in_full if more == 0.0 else not in_full


def test_discrete_adds_up_to_cumulative_and_to_what_no_one_was_promised():
    rng = np.random.default_rng(3)
    supply = supplied((0, 8), (1, 5), (2, 9), (4, 4))
    known = sk.promise_orders(book(rng, 5), supply)
    made = told(supply, known.trace)
    assert made["discrete_atp"].sum() == made["cumulative_atp"].iloc[-1]
    assert made["cumulative_atp"].iloc[-1] == supply["quantity"].sum() - known.trace["quantity"].sum()
    assert (made["discrete_atp"] >= 0).all()
    assert (made["cumulative_atp"].diff().dropna() >= 0).all()


def test_what_is_kept_is_told_beside_and_what_is_not_counted_on_left_out():
    supply = supplied((0, 8), (2, 5))
    quotas = pd.DataFrame({"demand_class": ["gold"], "number": [3]})
    kept = sk.allocate_by_number(supply, quotas, classes=["gold"])
    made = told(supply, empty_table("promises"), kept)
    assert made["allocated"].tolist() == [3.0, 3.0]
    assert made["cumulative_atp"].tolist() == [8.0, 13.0]
    fewer = told(supply.assign(left_out=["", "no expected day"]), empty_table("promises"))
    assert fewer["supply"].tolist() == [8.0]
    assert told(supply.assign(left_out="x"), empty_table("promises")).empty


def test_what_another_place_delivers_is_taken_of_its_supply_and_made_to_order_of_none():
    supply = pd.concat([supplied((0, 8)), supplied((0, 6)).assign(location_id="HUB")])
    taken = {"supply_item_id": "SKU-1", "supply_location_id": ["HUB", "A"], "available_date": [MONDAY, pd.NaT]}
    trace = pd.DataFrame({**taken, "promised_date": MONDAY, "quantity": [4.0, 7.0]})
    made = told(supply, trace).set_index("location_id")
    assert made["promised_quantity"].to_dict() == {"A": 0.0, "HUB": 4.0}
    assert made["cumulative_atp"].to_dict() == {"A": 8.0, "HUB": 2.0}
