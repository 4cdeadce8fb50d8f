"""Charts of the replay: what their titles and alternative texts say, and what they do without a replay."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.report.charts import figure_svg, plot_replay, plot_service_held
from segkit.report.numbers import percent


def row(rule, fill, value, entity="all", entity_id="(all)", **more):
    given = {"rule": rule, "entity": entity, "entity_id": entity_id, "fill_rate": fill, "weighted_fill_rate": fill}
    given |= {"fill_low": fill - 0.02, "fill_high": fill + 0.01, "stock_value": value, "places": 3, "demand": 100.0}
    return given | more


REPLAY = pd.DataFrame(
    [
        row("differentiated", 0.95, 900.0, expected_fill_rate=0.96),
        row("one target P1 90 %", 0.91, 850.0),
        row("one target P1 95 %", 0.96, 1200.0),
        row("rule of thumb", 0.8, 700.0),
        row("differentiated", 0.97, 500.0, "segment", "AX", demand=900.0, expected_fill_rate=0.95),
        row("differentiated", 0.85, 300.0, "segment", "BZ", demand=90.0, expected_fill_rate=0.93),
        row("differentiated", 0.0, 10.0, "segment", "L", demand=1.0, expected_fill_rate=0.9),
    ]
)
GAIN = {
    "rule": "one size at equal service",
    "fill_rate": 0.95,
    "stock_saved_share": 0.2,
    "share_low": 0.1,
    "share_high": 0.3,
}


def told(figure):
    return figure_svg(figure)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, f"{percent(0.95)} served with {percent(0.2)} less stock than one size for all"),
        ({"share_low": -0.1}, "may be chance"),
        ({"stock_saved_share": -0.2, "share_low": -0.3, "share_high": -0.1}, f"{percent(0.2)} more stock"),
        ({"stock_saved_share": float("nan")}, "No single target"),
    ],
)
def test_the_title_says_what_differentiation_is_worth(change, words):
    page = told(plot_replay(REPLAY, pd.DataFrame([GAIN | change]), currency="EUR"))
    assert words in page


def test_every_rule_is_in_the_alternative_text():
    page = told(plot_replay(REPLAY, pd.DataFrame([GAIN]), currency="EUR"))
    assert all(rule in page for rule in ("rule of thumb", "one target P1 95 %", "differentiated"))


def test_the_segment_that_fell_furthest_behind_has_some_demand():
    page = told(plot_service_held(REPLAY))
    assert "BZ fell furthest behind of the larger" in page
    assert f"larger = {percent(0.01)} of demand or more" in page
    held = REPLAY[REPLAY["entity_id"] != "BZ"]
    assert "All larger segments held" in told(plot_service_held(held))


def test_without_a_replay_the_charts_say_why():
    none, gains = empty_table("replay"), empty_table("replay_gain")
    assert "Nothing was replayed" in told(plot_replay(none, gains))
    assert "Nothing was replayed" in told(plot_service_held(none))
