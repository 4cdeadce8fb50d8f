"""Variability classes, velocity and the table of items: the figures that decided and the reasons."""

import math

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.core.settings import Segments
from segkit.dynamics.classes.item_segments import classify_velocity, segment_items
from segkit.dynamics.classes.variability_classes import classify_xyz


def test_xyz_by_the_limits_and_by_the_length_of_history():
    profile = pd.DataFrame({"cv": [0.5, 0.500001, 1.0, 1.2, np.nan, 0.1], "periods": [12, 12, 12, 12, 12, 5]})
    classed = classify_xyz(profile.assign(life_cycle="active"), rules=Segments())
    assert classed["xyz"].tolist() == ["X", "Y", "Y", "Z", "", ""]
    assert classed["variability"].tolist() == pytest.approx([0.5, 0.500001, 1.0, 1.2, np.nan, np.nan], nan_ok=True)


def profiles(rows):
    made = empty_table("item_profile").reindex(range(len(rows)))
    return made.assign(**pd.DataFrame(rows).to_dict("list")).astype({"item_id": "str"})


def values_of(rows):
    made = empty_table("item_value").reindex(range(len(rows)))
    return made.assign(**pd.DataFrame(rows).to_dict("list")).astype({"item_id": "str"})


def test_new_items_are_never_z_by_short_history():
    profile = profiles([{"item_id": "SKU-0001", "periods": 3, "cv": 1.7, "pattern": "lumpy", "life_cycle": "new"}])
    value = values_of([{"item_id": "SKU-0001", "net_margin": 10.0}])
    row = segment_items(value, profile, rules=Segments()).iloc[0]
    assert (row["abc"], row["xyz"], row["segment"]) == ("A", "", "A")
    assert "fewer than 6 complete periods" in row["reason"]


def test_items_of_either_table_are_classed():
    value = values_of([{"item_id": "SKU-0002", "net_margin": 90.0}, {"item_id": "SKU-0003", "net_margin": math.nan}])
    profile = profiles([{"item_id": "SKU-0001", "periods": 12, "cv": 0.2, "life_cycle": "dormant"}])
    table = segment_items(value, profile, rules=Segments()).set_index("item_id")
    assert table["segment"].to_dict() == {"SKU-0001": "CX", "SKU-0002": "A", "SKU-0003": ""}
    assert table.loc["SKU-0003", "reason"] == "net_margin unknown"


def steadiness(**columns):
    """Return items with 24 periods each, as classify_xyz takes them."""
    table = pd.DataFrame(columns)
    return table.assign(periods=24, life_cycle="active")


def test_the_season_is_taken_out_where_there_is_one():
    profile = steadiness(
        cv=[1.2, 0.4, 0.7, 0.7], is_seasonal=[True, False, None, False], seasonal_error=[0.3, 0.56, np.nan, np.nan]
    )
    classed = classify_xyz(profile, rules=Segments(xyz_by="seasonal_error"))
    assert classed["variability"].tolist() == [0.3, 0.4, 0.7, 0.7]
    assert classed["xyz"].tolist() == ["X", "X", "Y", "Y"]
    assert classed["xyz_reason"].tolist() == ["", ""] + ["XYZ by CV: the season cannot be measured"] * 2


def test_forecast_errors_decide_where_they_are_given():
    profile = steadiness(cv=[1.2, 0.4], forecast_error=[0.3, np.nan])
    classed = classify_xyz(profile, rules=Segments(xyz_by="forecast_error"))
    assert classed["variability"].tolist() == [0.3, 0.4]
    assert classed["xyz_reason"].tolist() == ["", "XYZ by CV: no forecast error is given"]


@pytest.mark.parametrize("by", ["cv", "seasonal_error", "forecast_error"])
@pytest.mark.parametrize(("periods", "life_cycle"), [(3, "active"), (30, "new"), (3, "new"), (30, "planned")])
def test_no_figure_makes_a_new_or_short_history_z(by, periods, life_cycle):
    profile = pd.DataFrame(
        {"periods": [periods], "life_cycle": [life_cycle], "cv": [3.0], "is_seasonal": [True],
         "seasonal_error": [3.0], "forecast_error": [3.0]}
    )  # fmt: skip
    classed = classify_xyz(profile, rules=Segments(xyz_by=by)).iloc[0]
    assert classed["xyz"] == ""
    assert math.isnan(classed["variability"])
    assert classed["xyz_reason"].startswith("no XYZ")


def test_errors_reach_the_items_they_belong_to():
    value = values_of([{"item_id": f"SKU-{n:04d}", "net_margin": 10.0} for n in (1, 2, 3)])
    profile = profiles(
        [{"item_id": f"SKU-{n:04d}", "periods": 24, "cv": 1.5, "life_cycle": "active"} for n in (1, 2, 3)]
    )
    errors = pd.DataFrame({"item_id": ["SKU-0003", "SKU-0001", "SKU-0009"], "forecast_error": [0.2, 0.7, 0.1]})
    table = segment_items(value, profile, errors, rules=Segments(xyz_by="forecast_error")).set_index("item_id")
    assert table["xyz"].to_dict() == {"SKU-0001": "Y", "SKU-0002": "Z", "SKU-0003": "X"}
    assert table.loc["SKU-0002", "reason"] == "XYZ by CV: no forecast error is given"
    season = pd.DataFrame(
        {"entity": ["category", "item"], "entity_id": ["SKU-0001", "SKU-0002"], "is_seasonal": [True, True],
         "seasonal_error": [0.1, 0.3]}
    )  # fmt: skip
    table = segment_items(value, profile, season, rules=Segments(xyz_by="seasonal_error")).set_index("item_id")
    assert table["variability"].to_dict() == {"SKU-0001": 1.5, "SKU-0002": 0.3, "SKU-0003": 1.5}


def test_velocity_counts_lines_or_customers():
    items = pd.DataFrame({"lines": [70, 20, 10, 0], "customers": [1, 1, 8, 0]})
    assert classify_velocity(items, rules=Segments()).tolist() == ["fast", "fast", "medium", ""]
    assert classify_velocity(items, rules=Segments(velocity_by="customers")).tolist() == [
        "medium",
        "medium",
        "fast",
        "",
    ]
    halves = Segments(velocity_shares=[0.5, 0.8])
    assert classify_velocity(items, rules=halves).tolist() == ["fast", "medium", "slow", ""]


def test_a_loss_and_a_short_history_are_both_said():
    value = values_of([{"item_id": "SKU-0001", "net_margin": -5.0}])
    profile = profiles([{"item_id": "SKU-0001", "periods": 2, "cv": 0.2, "life_cycle": "active"}])
    row = segment_items(value, profile, rules=Segments()).iloc[0]
    assert row["reason"] == "loss maker; no XYZ: fewer than 6 complete periods or no demand"
    assert (row["abc"], row["segment"]) == ("L", "L")


def test_forecast_errors_come_from_a_table_of_the_company(write_workspace, small_company):
    import segkit as sk

    by = '[segments]\nxyz_by = "forecast_error"'
    with pytest.raises(sk.SettingsError, match=r"sources\.forecast_errors"):
        sk.open_plan(write_workspace(small_company, by, folder="without"))
    errors = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0000"], "forecast_error": [0.9, 0.1]})
    plan = sk.open_plan(write_workspace(small_company | {"forecast_errors": errors}, by))
    table = plan.item_segments.set_index("item_id")
    assert table.loc[["SKU-0000", "SKU-0001"], "xyz"].tolist() == ["X", "Y"]
    assert (table["reason"].str.contains("no forecast error is given")).sum() == 4
