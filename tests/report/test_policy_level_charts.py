"""Charts of safety stock by cause, and of levels by period: titles, words, and what they do without data."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.safety_stock import CAUSES, sum_safety_stock
from segkit.report.charts import figure_svg, plot_policy_phases, plot_safety_stock_causes
from segkit.report.numbers import percent

SEGMENTS = pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "segment": ["AX", "CZ"]})


def causes_of(**values):
    rows = [
        {"item_id": item, "location_id": "NORTH", "cause": cause, "cause_units": value, "cause_value": value * 2.0}
        for item, parts in values.items()
        for cause, value in zip(CAUSES, parts, strict=True)
    ]
    return pd.DataFrame(rows).assign(item_id=lambda table: table["item_id"].str.replace("_", "-"))


PARTS = {"SKU_1": [60.0, 10.0, 5.0, 0.0, -15.0, 0.0, 0.0], "SKU_2": [20.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]}


def test_segments_are_summed_cause_by_cause_and_most_comes_first():
    table = sum_safety_stock(causes_of(**PARTS), SEGMENTS)
    assert table["segment"].tolist() == ["AX", "CZ"]
    assert table["demand_value"].tolist() == [120.0, 40.0]
    assert table["lots_value"].tolist() == [-30.0, 0.0]
    assert table["safety_stock_value"].tolist() == [120.0, 40.0]
    other = sum_safety_stock(causes_of(**PARTS).sample(frac=1, random_state=3), SEGMENTS[::-1])
    pd.testing.assert_frame_equal(table, other)


def test_items_without_a_segment_or_a_cost_are_told_apart_or_left_out():
    told = causes_of(**PARTS)
    told.loc[told["item_id"] == "SKU-1", "cause_value"] = float("nan")
    table = sum_safety_stock(told, SEGMENTS.iloc[:0])
    assert table["segment"].tolist() == ["(none)"]
    assert table["safety_stock_value"].tolist() == [40.0]


def test_the_title_names_the_two_largest_causes():
    page = figure_svg(plot_safety_stock_causes(causes_of(**PARTS), SEGMENTS, currency="EUR"))
    assert f"Scatter of demand: {percent(1.0)}" in page
    assert f"lots: {percent(30 / 160)} less" in page
    assert "set by a person" in page  # in the alternative text, though it is not drawn


def test_levels_below_mean_demand_are_told():
    page = figure_svg(plot_safety_stock_causes(causes_of(SKU_1=[-9.0, *[0.0] * 6]), SEGMENTS))
    assert "below mean demand" in page


@pytest.mark.parametrize("name", ["causes", "phases"])
def test_nothing_is_said_plainly(name):
    empty = empty_table("safety_stock_causes"), empty_table("policy_phases")
    made = (
        plot_safety_stock_causes(empty[0], SEGMENTS)
        if name == "causes"
        else plot_policy_phases(empty[1], empty_table("policies"))
    )
    assert "No data" in figure_svg(made)


def test_levels_that_move_most_money_are_drawn():
    days = pd.date_range("2026-01-01", periods=3, freq="MS")
    rows = [
        {"item_id": item, "location_id": "NORTH", "valid_from": day, "order_up_to": level, "is_phased": item != "SKU-3"}
        for item, levels in {"SKU-1": [10, 20, 30], "SKU-2": [100, 90, 110], "SKU-3": [5, 5, 5]}.items()
        for day, level in zip(days, levels, strict=True)
    ]
    costs = pd.DataFrame({"item_id": ["SKU-1", "SKU-2", "SKU-3"], "location_id": "NORTH", "unit_cost": [9.0, 1.0, 1.0]})
    page = figure_svg(plot_policy_phases(pd.DataFrame(rows), costs))
    assert f"Levels of {percent(2 / 3)} of the item-locations move" in page
    assert "SKU-1 at NORTH between 10 and 30" in page
    assert "SKU-3" not in page
