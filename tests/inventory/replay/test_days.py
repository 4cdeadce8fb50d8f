"""Demand by day is what was ordered and not taken back; by period it is unknown where stock was out."""

import pandas as pd

from segkit.inventory.replay.days import demand_by_day, demand_by_period

PLACES = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0042"], "location_id": "NORTH"})


def test_days_by_hand():
    rows = [
        ("SKU-0042", "2025-01-02", 3.0, False),
        ("SKU-0042", "2025-01-02", 4.0, False),
        ("SKU-0042", "2025-01-03", -2.0, False),
        ("SKU-0042", "2025-01-03", 9.0, True),
        ("SKU-0001", "2025-01-04", 5.0, False),
        ("SKU-0001", "2024-12-31", 5.0, False),
        ("SKU-0001", "2025-01-05", 5.0, False),
        ("SKU-0099", "2025-01-02", 5.0, False),
    ]
    lines = pd.DataFrame(rows, columns=["item_id", "order_date", "quantity", "is_reversed"]).assign(location_id="NORTH")
    lines["order_date"] = pd.to_datetime(lines["order_date"])
    first, last = pd.Timestamp(2025, 1, 1), pd.Timestamp(2025, 1, 4)
    came = demand_by_day(lines.sample(frac=1, random_state=2), PLACES, first=first, last=last)
    assert came.quantity.tolist() == [[0, 0, 0, 5], [0, 7, 0, 0]]
    assert came.known.all()
    assert came.steps_a_year == 365.25
    assert came.place_of(PLACES.iloc[::-1]).tolist() == [1, 0]
    assert came.place_of(PLACES.assign(location_id="SOUTH")).tolist() == [-1, -1]
    assert demand_by_day(lines.iloc[:0], PLACES, first=first, last=last).quantity.sum() == 0


def test_periods_by_hand():
    rows = [
        ("SKU-0042", "2025-01-06", 3.0, False, True),
        ("SKU-0042", "2025-01-13", 1.0, True, True),
        ("SKU-0001", "2025-01-13", 6.0, False, True),
        ("SKU-0001", "2025-01-20", 7.0, False, False),
        ("SKU-0001", "2024-12-30", 8.0, False, True),
    ]
    demand = pd.DataFrame(rows, columns=["item_id", "period", "quantity", "censored", "complete"])
    demand = demand.assign(location_id="NORTH", period=pd.to_datetime(demand["period"]))
    span = {"first": pd.Timestamp(2025, 1, 4), "last": pd.Timestamp(2025, 1, 31), "period_days": 7.0}
    came = demand_by_period(demand, PLACES, **span)
    assert came.starts.strftime("%d").tolist() == ["06", "13"]
    assert came.quantity.tolist() == [[0, 6], [3, 1]]
    assert came.known.tolist() == [[True, True], [True, False]]
    assert demand_by_period(demand.iloc[:0], PLACES, **span).quantity.shape == (2, 0)


def test_demand_classes_of_a_place_are_one_demand():
    demand = pd.DataFrame({"item_id": "SKU-0001", "location_id": "NORTH", "demand_class": ["gold", "silver"]})
    demand = demand.assign(period=pd.Timestamp(2025, 1, 6), quantity=[2.0, 5.0], censored=[False, True], complete=True)
    day = pd.Timestamp(2025, 1, 6)
    came = demand_by_period(demand, PLACES, first=day, last=day, period_days=7.0)
    assert came.quantity[0].tolist() == [7]
    assert not came.known[0, 0]
