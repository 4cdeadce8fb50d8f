"""The policy matrix: every item-location once, whatever segment it has, and all of it in the workbook."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.policy_matrix import sum_by_segment
from segkit.report.column_facts import rows_in_sheet
from segkit.report.html_tables import table_html

SEGMENTS = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002", "SKU-0003"], "segment": ["AX", "AX", ""]})


def policies(*rows):
    figures = ["stock_value", "holding_cost", "lost_margin", "review_days", "lead_time_days"]
    names = ["item_id", "location_id", "policy", *figures]
    return pd.DataFrame(rows, columns=names).sample(frac=1, random_state=3)


def test_every_item_location_is_in_one_cell():
    made = sum_by_segment(
        policies(
            ("SKU-0001", "N", "order_up_to", 10.0, 2.0, 1.0, 7.0, 10.0),
            ("SKU-0001", "S", "order_up_to", 30.0, np.nan, 2.0, 7.0, 20.0),
            ("SKU-0002", "N", "to_order", np.nan, np.nan, np.nan, 7.0, 5.0),
            ("SKU-0003", "N", "order_up_to", 5.0, 1.0, 1.0, 1.0, 3.0),
            ("SKU-0004", "N", "order_up_to", 5.0, 1.0, 1.0, 3.0, 5.0),
        ),
        SEGMENTS,
    )
    assert made.dtypes.to_dict() == empty_table("policy_matrix").dtypes.to_dict()
    assert made[["segment", "policy", "places"]].to_numpy().tolist() == [
        ["(none)", "order_up_to", 2], ["AX", "order_up_to", 2], ["AX", "to_order", 1],
    ]  # fmt: skip
    figures = made.drop(columns=["segment", "policy", "places"]).to_numpy().tolist()
    assert figures[:2] == [[10.0, 2.0, 2.0, 2.0, 4.0], [40.0, 2.0, 3.0, 7.0, 15.0]]
    assert figures[2] == pytest.approx([np.nan, np.nan, np.nan, 7.0, 5.0], nan_ok=True)


def test_no_policies_give_an_empty_table():
    made = sum_by_segment(empty_table("policies"), empty_table("item_segments"))
    pd.testing.assert_frame_equal(made, empty_table("policy_matrix"))


def test_the_page_says_in_which_sheet_the_whole_matrix_is():
    many = [(f"SKU-{n:05d}", "N", "order_up_to", 1.0, 1.0, 1.0, 7.0, 7.0) for n in range(12_000)]
    segments = pd.DataFrame({"item_id": [row[0] for row in many], "segment": [row[0] for row in many]})
    made = sum_by_segment(policies(*many), segments)
    assert rows_in_sheet("policy_matrix", made) == len(made) == 12_000
    assert "… 11,970 more rows in segkit.xlsx, sheet policy_matrix" in table_html(made, "policy_matrix", rows=30)
