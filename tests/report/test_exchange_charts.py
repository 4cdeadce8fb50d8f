"""What the charts of stock against service say, and that they keep the promises of all charts."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.report import charts
from segkit.report.numbers import MINUS

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of a very long segment that never ends'


def stocked(count=120, seed=2):
    rng = np.random.default_rng(seed)
    demand, cost = rng.lognormal(5, 1.2, count), rng.lognormal(1, 1, count)
    return pd.DataFrame(
        {
            "item_id": [f"SKU-{number:04d}" for number in range(count)],
            "location_id": "DC",
            "unit_cost": cost,
            "holding_cost": cost / 4,
            "demand": demand,
            "order_quantity": np.maximum(demand / 12, 1.0),
            "margin": demand * cost * rng.uniform(0, 0.6, count),
            "mean": demand / 10,
            "sd": 0.06 * demand,
            "segment": np.select([demand * cost > 1500, demand * cost > 300], ["A", NASTY], "C"),
            "stock_target": np.round(0.22 * demand),
        }
    )


@pytest.fixture(scope="module")
def tables():
    table = stocked()
    return {"curve": sk.trade_stock_for_service(table), "price_ratio": sk.price_segmentation(table)}


CHARTS = {
    "exchange_curve": lambda t: charts.plot_exchange_curve(t["curve"], currency="EUR"),
    "segmentation_price": lambda t: charts.plot_segmentation_price(t["price_ratio"], currency="EUR"),
}
every_chart = pytest.mark.parametrize(("name", "plot"), CHARTS.items(), ids=CHARTS)


def plain(text):
    return text.replace("\xa0", " ").replace(MINUS, "-")


def title_of(figure):
    return plain(" ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold"))


@every_chart
def test_svg_is_well_formed_the_same_twice_and_in_any_order_of_rows(name, plot, tables):
    before = {key: frame.copy(deep=True) for key, frame in tables.items()}
    figure = plot(tables)
    assert figure.get_gid() == name
    assert title_of(figure)
    assert plain(figure.get_label()).startswith(title_of(figure))
    svg = charts.figure_svg(figure)
    shuffled = {key: frame.sample(frac=1, random_state=5) for key, frame in tables.items()}
    assert svg == charts.figure_svg(plot(shuffled))
    assert ElementTree.fromstring(svg).get("role") == "img"
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert "<script" not in svg
    for key, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[key])


@every_chart
def test_nothing_and_little_can_be_drawn(name, plot, tables):  # noqa: ARG001
    assert title_of(plot({key: frame.iloc[:0] for key, frame in tables.items()})) == "No data"
    assert "<svg" in charts.figure_svg(plot({key: frame.head(1) for key, frame in tables.items()}))


def curve(*now, best=((0.9, 100.0), (0.95, 150.0), (0.99, 250.0))):
    """Return an exchange curve of points (fill rate, stock)."""
    rows = [("item by item", *point, 0.1 * place) for place, point in enumerate(best)]
    rows += [("now", *point, np.nan) for point in now]
    table = pd.DataFrame(rows, columns=["rule", "fill_rate", "stock_value", "shadow_price"])
    return table.assign(segment="(all)", holding_cost=1.0, weight="margin")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            curve((0.95, 200.0)),
            "EUR 200 of stock gives 95% of margin; chosen item by item 25% less would do, "
            "or the same stock would give 97%",
        ),
        (curve((0.95, 150.0)), "EUR 150 of stock gives 95% of margin: no other choice of items needs less"),
        (curve((0.95, 300.0)), "EUR 300 of stock gives 95% of margin; chosen item by item 50% less would do"),
        (curve((0.6, 90.0)), "EUR 90 of stock gives 60% of margin"),
        (curve(), "99% of margin takes EUR 250 of stock"),
    ],
    ids=["between", "best", "beyond", "below", "no stock known"],
)  # fmt: skip
def test_the_title_says_where_the_company_stands(table, said):
    assert title_of(charts.plot_exchange_curve(table, currency="EUR")) == said


def price(*rows):
    table = pd.DataFrame(rows, columns=["rule", "classes", "price_ratio"])
    return table.assign(cost=100.0, fill_rate=0.97, advice="", weight="revenue")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            price(("one target", 1, 1.5), ("segment", 3, 1.2), ("abc", 3, 1.25), ("best 3 classes", 3, 1.05)),
            "One target for all costs 50% more than needed, segments 20%, the best 3 classes 5%",
        ),
        (
            price(("one target", 1, 1.5), ("value_class", 3, 1.4)),
            "One target for all costs 50% more than needed, classes by value class 40%",
        ),
        (price(("now", 0, 1.3)), "Now costs 30% more than needed"),
    ],
)
def test_the_title_says_what_rules_cost(table, said):
    assert title_of(charts.plot_segmentation_price(table)) == said


def test_advice_is_read_aloud(tables):
    advice = tables["price_ratio"].set_index("rule").loc["segment", "advice"]
    label = charts.plot_segmentation_price(tables["price_ratio"]).get_label()
    assert advice in label
    assert advice.startswith("Move the ")


def test_segments_are_shown_beside_the_curve_with_the_same_stock_in_all(tables):
    figure = charts.plot_exchange_curve(tables["curve"])
    assert len(figure.axes) == 2
    alone = tables["curve"][tables["curve"]["segment"] == "(all)"]
    assert len(charts.plot_exchange_curve(alone).axes) == 1
