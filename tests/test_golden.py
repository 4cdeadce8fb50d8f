"""The sample's tables as they were: a number that changes must be meant, and told in the changelog.

``python tests/test_golden.py`` writes them anew.
"""

from pathlib import Path

import pandas as pd
import pytest

import segkit as sk

PROJECT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "golden"
TABLES = [
    "data_quality",
    "periods",
    "item_profile",
    "item_segments",
    "customer_value",
    "customer_segments",
    "group_value",
    "activity_costs",
    "margin_causes",
    "supplier_segments",
    "seasonality",
    "micro_segments",
    "migration_matrix",
    "profit_bridge",
    "segment_confidence",
    "watch_list",
    "reconciliation",
    "lead_times",
    "assumptions",
    "headlines",
    "forecast_contest",
    "forecast_accuracy",
    "forecast_calibration",
    "worst_forecasts",
    "forecast_headlines",
    "policy_checks",
    "policy_decisions",
    "policy_headlines",
    "replay_gain",
    "segmentation_price",
]


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table as a CSV file gives it back."""
    from io import StringIO

    return pd.read_csv(StringIO(frame.to_csv(index=False, float_format="%.10g")), dtype_backend="numpy_nullable")


@pytest.mark.parametrize("name", TABLES)
def test_table_is_as_it_was(name, sample_plan):
    golden = pd.read_csv(FOLDER / f"{name}.csv", dtype_backend="numpy_nullable")
    pd.testing.assert_frame_equal(as_text(getattr(sample_plan, name)), golden, rtol=1e-6, check_dtype=False)


if __name__ == "__main__":
    plan = sk.open_plan(PROJECT / "data" / "sample")
    for table in TABLES:
        getattr(plan, table).to_csv(FOLDER / f"{table}.csv", index=False, float_format="%.10g", lineterminator="\n")
