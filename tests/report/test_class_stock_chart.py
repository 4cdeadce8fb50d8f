"""What the chart of stock shared by classes says, and that it keeps the promises of all charts."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.report import charts

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of a very long class that never ends'


@pytest.fixture
def table():
    """Return two items shared by three classes, and one that is not sized."""
    rows = []
    for item, value in (("SKU-0001", 10.0), ("SKU-0042", 30.0)):
        for rank, (name, target, units) in enumerate((("gold", 0.98, 100), (NASTY, 0.9, 60), ("odd", 0.8, 1)), start=1):
            told = {"item_id": item, "location_id": "DC", "demand_class": name, "rank": rank, "left_out": ""}
            fills = {"fill_rate_held_out": target - 0.02 * (rank == 1), "fill_rate_one_level": 0.95}
            values = {"stock_value": value, "stock_value_one_level": 1.25 * value, "stock_value_separate": 2 * value}
            shares = {"fill_rate_target": target, "demand_held_out": units, "fill_rate_separate": 0.7}
            rows.append(told | fills | values | shares)
    rows.append(rows[0] | {"item_id": "SKU-0007", "left_out": "not among the 2 of most revenue", "stock_value": None})
    return pd.DataFrame(rows).reindex(columns=empty_table("class_stock").columns).sample(frac=1, random_state=3)


def title_of(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold").replace("\xa0", " ")


def test_title_and_words(table):
    figure = charts.plot_class_stock(table, currency="EUR")
    assert title_of(figure) == (
        "Levels by class take EUR 120 of stock: 20% less than one level for all, 50% less than separate stocks; "
        "gold falls short most, 96.0% of 98.0%"
    )
    label = figure.get_label().replace("\xa0", " ")
    assert "2 of 3 item-locations; left out: 1 not among the 2 of most revenue" in label
    assert "gold: target 98.0%, 96.0% shared, critical levels, 95.0% shared, one level for all" in label
    assert "odd: target" not in label, "two units say nothing of a fill rate"


def test_all_targets_met_and_no_less_stock_are_said(table):
    met = table.assign(fill_rate_held_out=0.99, stock_value_one_level=table["stock_value"])
    assert title_of(charts.plot_class_stock(met[met["left_out"] == ""])) == (
        "Levels by class take 120 of stock: as much as one level for all, 50% less than separate stocks; "
        "every class gets its target"
    )
    unpriced = met.assign(stock_value=float("nan"))
    assert "judged on held-out order lines" in title_of(charts.plot_class_stock(unpriced))


def test_svg_is_well_formed_the_same_twice_and_in_any_order_of_rows(table):
    before = table.copy(deep=True)
    svg = charts.figure_svg(charts.plot_class_stock(table, currency="EUR"))
    assert svg == charts.figure_svg(charts.plot_class_stock(table.sample(frac=1, random_state=9), currency="EUR"))
    assert ElementTree.fromstring(svg).get("role") == "img"
    assert not re.search(r"<script|<style", svg)
    pd.testing.assert_frame_equal(table, before)


def test_nothing_to_show_is_said(table):
    for empty in (table.iloc[:0], table[table["left_out"] != ""], empty_table("class_stock")):
        assert title_of(charts.plot_class_stock(empty)) == "No data"
