"""The chart of one item under the analyst's eye."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.report import charts

ITEM, PLACE = "SKU-0042", "NORTH <&>"


def history(quantity, **more):
    periods = pd.date_range("2022-01-01", periods=len(quantity), freq="MS")
    table = pd.DataFrame({"item_id": ITEM, "location_id": PLACE, "period": periods})
    return table.assign(quantity=np.asarray(quantity, dtype=float), **more)


@pytest.fixture(scope="module")
def inspection():
    months = np.arange(30)
    wave = 50 + 30 * np.sin(2 * np.pi * months / 12) + np.random.default_rng(3).normal(0, 4, 30)
    table = history(wave.round(), in_stock=~np.isin(months, [7, 8]))
    return sk.inspect_forecast(table, ITEM, PLACE, horizon=4)


@pytest.fixture(scope="module")
def pooled(inspection):
    ahead = inspection.forecast[inspection.forecast["model"] == "ets"]
    rows = ahead[["period", "mean", "q50", "q80", "q90", "q95", "q99"]].assign(method="shared level")
    own = rows.assign(item_id=ITEM, location_id=PLACE)
    return pd.concat([own, own.assign(item_id="SKU-0007", mean=1e6)]).sample(frac=1, random_state=4)


def title_of(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold")


def heads(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_history_every_model_parts_and_links_are_drawn(inspection, pooled):
    figure = charts.plot_inspection(inspection, pooled)
    told = heads(figure)
    assert {"demand", "ETS", "STL + ETS", "SARIMAX", "pooled", "shared level", "rest", "links between errors"} <= set(
        told
    )
    assert figure.get_gid() == "inspection"
    assert title_of(figure).startswith(f"{ITEM} at {PLACE}: ")
    assert "the pooled forecast" in title_of(figure)
    assert "over the next 4 months" in title_of(figure)
    assert "Ljung-Box" in figure.get_label()


def test_only_the_pooled_forecast_of_the_item_counts(inspection, pooled):
    own = pooled[pooled["item_id"] == ITEM]
    svg = charts.figure_svg(charts.plot_inspection(inspection, own))
    assert charts.figure_svg(charts.plot_inspection(inspection, pooled)) == svg
    other = charts.plot_inspection(inspection, pooled[pooled["item_id"] != ITEM])
    assert "pooled" not in heads(other)


def test_means_of_demand_classes_add_up(inspection, pooled):
    own = pooled[pooled["item_id"] == ITEM]
    split = pd.concat([own.assign(demand_class=name, mean=own["mean"] / 2) for name in "AB"])
    both = charts.plot_inspection(inspection, split)
    assert "sum of demand classes" in heads(both)
    assert title_of(both) == title_of(charts.plot_inspection(inspection, own))


@pytest.mark.filterwarnings("error::UserWarning")
def test_svg_is_well_formed_and_the_same_twice(inspection, pooled):
    svg = charts.figure_svg(charts.plot_inspection(inspection, pooled))
    assert svg == charts.figure_svg(charts.plot_inspection(inspection, pooled.iloc[::-1]))
    assert ElementTree.fromstring(svg).get("role") == "img"
    assert "NORTH &lt;&amp;&gt;" in svg


def test_marks_stand_where_the_item_was_out_of_stock(inspection):
    figure = charts.plot_inspection(inspection)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [len(line.get_xdata()) for line in marks] == [2]
    assert "out of stock" in figure.get_label()


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        ([], "No data"),
        ([np.nan] * 5, "No data"),
        ([0] * 12, "nothing to forecast from"),
        ([4], "naive expects 16"),
        ([0, 4, 6], "naive expects 24 units over the next 4 months"),
        ([0] * 20 + [3, 0, 1, 5, 0, 2, 4, 1], "over the next 4 months"),
    ],
    ids=["empty", "missing", "zero", "one", "two", "short"],
)
def test_little_history_is_drawn_as_far_as_it_goes(quantity, said):
    figure = charts.plot_inspection(sk.inspect_forecast(history(quantity), ITEM, PLACE, horizon=4))
    assert said in title_of(figure)
    assert charts.figure_svg(figure).startswith("<svg")


def test_tables_are_not_changed_and_may_come_in_any_order(inspection, pooled):
    before = pooled.copy()
    straight = charts.figure_svg(charts.plot_inspection(inspection, pooled))
    names = ("forecast", "components", "fit", "diagnostics")
    mixed = {name: getattr(inspection, name).sample(frac=1, random_state=2) for name in names}
    assert charts.figure_svg(charts.plot_inspection(replace(inspection, **mixed), pooled)) == straight
    pd.testing.assert_frame_equal(pooled, before)
