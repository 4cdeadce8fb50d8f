"""What the levels leave out or are held back by is told in words, or not at all."""

import pandas as pd

from segkit.inventory.policies.remarks import tell_stopped

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
