"""What the chart of a backorder run says, and that it keeps the promises of all charts."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.report import charts

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of a very long segment that never ends'


@pytest.fixture
def table():
    """Return a run in which key lines take from the rest, and a segment that nothing happens to."""
    rows = []
    for segment, strategy, units, before, after, missed in (
        ("key", "win", 40.0, 20.0, 36.0, True),
        ("rest", "redistribute", 50.0, 25.0, 5.0, False),
        (NASTY, "skip", 10.0, 9.0, 9.0, False),
    ):  # fmt: skip
        for line in range(2):
            row = {
                "order_id": segment,
                "line_id": str(line),
                "segment": segment,
                "strategy": strategy,
                "quantity": units / 2,
            }
            row |= {"demand_class": "gold" if line else None, "exception": missed and line == 0}
            row |= {"on_time_before": before / 2, "on_time_after": after / 2}
            rows.append(row | {"confirmed_before": before / 2, "confirmed_after": after / 2 + 1})
    return pd.DataFrame(rows).reindex(columns=empty_table("backorder_run").columns).sample(frac=1, random_state=5)


def title_of(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold").replace("\xa0", " ")


def test_title_and_words(table):
    figure = charts.plot_backorders(table)
    assert title_of(figure) == "On the requested day: key 50% → 90%, rest 50% → 10%, all 54% → 50%; 1 exception"
    label = figure.get_label().replace("\xa0", " ")
    assert "A dry run of 6 lines" in label
    assert "rest: 50% → 10% on the requested day, 0% → 4% later" in label
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert [name[:4] for name in names] == ["key ", "<scr", "rest"], "best strategy first"


def test_a_run_without_effect_is_said(table):
    same = table.assign(on_time_after=table["on_time_before"], exception=False)
    assert title_of(charts.plot_backorders(same)) == (
        "The run leaves what is confirmed on the requested day as it was; no exceptions"
    )


def test_by_class_with_lines_of_none(table):
    figure = charts.plot_backorders(table, by="demand_class")
    assert "by demand class" in figure.get_label()
    assert {name.get_text().split(" (")[0] for name in figure.axes[0].get_yticklabels()} == {"gold", "(unknown)"}


def test_of_many_groups_those_with_most_units(table):
    many = pd.concat([table.assign(segment=f"s{n:02d}", quantity=100.0 + n) for n in range(15)])
    figure = charts.plot_backorders(many)
    assert "the 12 of 15 with most units" in figure.get_label()
    assert len(figure.axes[0].get_yticklabels()) == 12


def test_svg_is_well_formed_the_same_twice_and_in_any_order_of_rows(table):
    before = table.copy(deep=True)
    svg = charts.figure_svg(charts.plot_backorders(table))
    assert svg == charts.figure_svg(charts.plot_backorders(table.sample(frac=1, random_state=9)))
    assert ElementTree.fromstring(svg).get("role") == "img"
    assert not re.search(r"<script|<style", svg)
    pd.testing.assert_frame_equal(table, before)


def test_nothing_to_show_is_said():
    assert title_of(charts.plot_backorders(empty_table("backorder_run"))) == "No data"
