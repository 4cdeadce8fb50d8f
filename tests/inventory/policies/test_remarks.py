"""What the levels leave out or are held back by is told in words, or not at all."""

import pandas as pd

from segkit.inventory.policies.remarks import tell_binding, tell_stopped

STOPPED = pd.DataFrame(
    {"supplier_id": ["S1", "S2", "S3", "S4"], "items": [25, 1, 2, 2], "open_lines": [89, 1, 1, 1],
     "waited_mean": 200.0, "waited_most": [364.0, 99.0, 99.0, 99.0], "longest": 93.0}
)  # fmt: skip


def test_suppliers_that_stopped_are_named_with_what_is_assumed():
    name, sentence, value, unit = tell_stopped(STOPPED, window_days=365)
    assert (name, value, unit) == ("deliveries_stopped", 92, "order lines")
    first = "25 items from S1 (89 lines open, for up to 364 days; the longest delivery took 93)"
    second = "1 item from S2 (1 line open, for up to 99 days; the longest delivery took 93)"
    assert f"ordered in the last 365 days has come of {first}, of {second}, of 2 items" in sentence
    assert "and of 1 supplier more. Levels assume that it still comes" in sentence
    assert tell_stopped(STOPPED.head(0), window_days=365) is None


def test_caps_and_limits_that_bind_are_told_with_the_service_they_take():
    binding = pd.DataFrame(
        {"capped_by": ["stock_budget", "shelf_life_days"], "places": [40, 1], "idle": [3, 0],
         "fill_rate": [0.8, float("nan")], "free_fill_rate": [0.95, float("nan")], "lost_margin": [1234.0, 0.0]}
    )  # fmt: skip
    assert tell_binding(binding, currency="EUR") == (
        "limits_bind",
        "Levels are lower than targets and returns ask for because of stock_budget at 40 item-locations, 3 of them not "
        "stocked at all: 80.0% of the units there are expected to be met, 95.0% without it (margin EUR 1,234 a year); "
        "shelf_life_days at 1 item-location.",
        41,
        "item-locations",
    )
    assert tell_binding(binding.head(0), currency="EUR") is None
