"""What the charts of the contest of rules say, and that they keep the promises of all charts."""

import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.report import charts

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of a very long class that never ends'
GAINS = {"first come": 0.0, "new orders first": 40.0, "fixed quotas": -20.0, "nested protection": 90.0}
GAINS |= {"critical levels": 60.0, "bid prices": 50.0, "perfect hindsight": 180.0}


@pytest.fixture
def contest():
    """Return a contest of two classes, and one of hardly any demand."""
    rows = []
    for rule, gain in GAINS.items():
        for name, demand, fill in (
            ("(all)", 1010.0, 0.7),
            ("gold", 600.0, 0.8),
            (NASTY, 400.0, 0.5),
            ("odd", 2.0, 0.0),
        ):
            ends = {"gain_low": 1000 * gain - 30_000, "gain_high": 1000 * gain + 30_000}
            told = {
                "rule": rule,
                "demand_class": name,
                "demand": demand,
                "fill_rate": fill,
                "gain": 1000 * gain,
                **ends,
            }
            rows.append(told | {"delivered_share": 0.85, "gain_share": gain / 180, "least_fill_rate": 0.5})
    return pd.DataFrame(rows).reindex(columns=empty_table("rule_contest").columns).sample(frac=1, random_state=3)


@pytest.fixture
def curve():
    rows = []
    for rule, gain in GAINS.items():
        if rule == "perfect hindsight":
            continue
        by_count = {1: 0.0, 2: 0.7, 4: 0.95, 8: 1.0}
        rows += [
            ("classes", rule, count, "trailing means", 0.9, 1000 * gain * part) for count, part in by_count.items()
        ]
        by_noise = {"noise 0 %": (0.0, 1.5), "noise 50 %": (0.4, 1.2), "trailing means": (0.9, 1.0)}
        rows += [("forecast", rule, 2, name, wape, 1000 * gain * part) for name, (wape, part) in by_noise.items()]
    names = ["study", "rule", "classes", "forecast_source", "forecast_wape", "gain"]
    made = pd.DataFrame(rows, columns=names).reindex(columns=empty_table("contest_curve").columns)
    return made.sample(frac=1, random_state=3)


def title_of(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold").replace("\xa0", " ")


def test_title_and_words_of_the_contest(contest):
    figure = charts.plot_rule_contest(contest, currency="EUR")
    assert title_of(figure) == (
        "Most is earned by nested protection: EUR 90.0 k more than first come, 50% of what hindsight would; "
        "new orders first, without any classes, earn EUR 40.0 k more"
    )
    label = figure.get_label().replace("\xa0", " ")
    assert "85% of it supplied" in label
    assert "nested protection: gain EUR 90.0 k (60.0 k to 120 k)" in label
    assert "odd" not in label, "two units say nothing of a fill rate"


def test_what_is_not_sure_or_not_there_is_said(contest):
    assert "the interval holds zero" in title_of(charts.plot_rule_contest(contest.assign(gain_low=-1.0)))
    losing = contest.assign(gain=contest["gain"].where(contest["rule"] == "perfect hindsight", -5.0))
    assert title_of(charts.plot_rule_contest(losing)) == (
        "No rule by class earns more than first come, first served on this order book"
    )
    assert title_of(charts.plot_rule_contest(contest.assign(gain=0.0))).startswith("No rule could earn more")


def test_title_of_the_curves(curve):
    assert title_of(charts.plot_contest_curves(curve, currency="EUR")) == (
        "4 classes bring nine tenths of what nested protection can gain; the gain is EUR 90.0 k with real forecasts "
        "(nested protection), EUR 135 k if demand by class were known"
    )
    rising = curve[~((curve["study"] == "classes") & (curve["classes"] == 4))]
    assert (
        "the gain still rises at 8 classes (nested protection)" in title_of(charts.plot_contest_curves(rising)).lower()
    )
    none = curve.assign(gain=-1.0)
    assert title_of(charts.plot_contest_curves(none)) == "Classes earn nothing on this order book"


def test_svg_is_well_formed_the_same_twice_and_in_any_order_of_rows(contest, curve):
    for plot, table in ((charts.plot_rule_contest, contest), (charts.plot_contest_curves, curve)):
        before = table.copy(deep=True)
        svg = charts.figure_svg(plot(table, currency="EUR"))
        assert svg == charts.figure_svg(plot(table.sample(frac=1, random_state=9), currency="EUR"))
        assert ElementTree.fromstring(svg).get("role") == "img"
        assert not re.search(r"<script|<style", svg)
        pd.testing.assert_frame_equal(table, before)


def test_nothing_to_show_is_said():
    assert title_of(charts.plot_rule_contest(empty_table("rule_contest"))) == "No data"
    assert title_of(charts.plot_contest_curves(empty_table("contest_curve"))) == "No data"
