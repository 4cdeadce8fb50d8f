"""What the charts of forecasts say, and that they keep the promises of all charts."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.inventory.judged import measure_entities
from segkit.report import charts
from segkit.report.numbers import MINUS

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of a very long pattern that never ends'
LEVELS = {"q50": 0.5, "q80": 0.8, "q90": 0.9, "q95": 0.95, "q99": 0.99}


def forecasts_and_demand(series=24, periods=30, origins=(20, 24), seed=5):
    random = np.random.default_rng(seed)
    weeks = pd.date_range("2025-01-06", periods=periods, freq="7D", unit="us")
    names = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(series)], "location_id": "NORTH"})
    names = names.assign(
        pattern=np.array(["smooth", "lumpy", NASTY])[np.arange(series) % 3], place=random.gamma(2, 4, series)
    )
    demand = names.merge(pd.DataFrame({"period": weeks}), how="cross")
    demand["quantity"] = random.poisson(demand["place"]).astype(float)
    demand["in_stock"] = random.random(len(demand)) > 0.05
    rows = names.merge(pd.DataFrame({"origin": weeks[list(origins)]}), how="cross").merge(
        pd.DataFrame({"step": range(1, 5)}), how="cross"
    )
    rows["period"] = (rows["origin"] + pd.to_timedelta(7 * rows.pop("step"), "D")).astype("datetime64[us]")
    rows["mean"] = rows["place"]
    rows[list(LEVELS)] = np.quantile(
        random.poisson(rows["place"].to_numpy(), (400, len(rows))), list(LEVELS.values()), axis=0, method="inverted_cdf"
    ).T
    naive = rows.assign(method="naive", mean=rows["mean"] * random.lognormal(0, 0.6, len(rows)))
    both = pd.concat([rows.assign(method="pooled"), naive], ignore_index=True).drop(columns="place")
    return both, demand[["item_id", "location_id", "period", "quantity", "in_stock"]]


@pytest.fixture(scope="module")
def tables():
    said, came = forecasts_and_demand()
    return {
        "accuracy": measure_entities(lambda by: sk.measure_accuracy(said, came, came, by=by), ["all", "pattern"]),
        "calibration": measure_entities(lambda by: sk.check_calibration(said, came, by=by), ["all", "pattern"]),
        "worst": sk.list_worst_forecasts(said, came),
        "history": came[came["period"] <= said["origin"].min()],
        "forecasts": said[(said["origin"] == said["origin"].min()) & (said["method"] == "pooled")],
    }


def fan(t):
    return charts.plot_forecast_fan(t["history"], t["forecasts"], item_id="SKU-0003", location_id="NORTH")


CHARTS = {
    "forecast_accuracy_all": lambda t: charts.plot_forecast_accuracy(t["accuracy"]),
    "forecast_accuracy_pattern": lambda t: charts.plot_forecast_accuracy(t["accuracy"], "pattern"),
    "calibration_all": lambda t: charts.plot_calibration(t["calibration"]),
    "calibration_pattern": lambda t: charts.plot_calibration(t["calibration"], "pattern"),
    "worst_forecasts": lambda t: charts.plot_worst_forecasts(t["worst"]),
    "forecast_fan": fan,
}
every_chart = pytest.mark.parametrize(("name", "plot"), CHARTS.items(), ids=CHARTS)


def title_of(figure):
    text = " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold")
    return text.replace("\xa0", " ").replace(MINUS, "-")


@every_chart
def test_svg_is_well_formed_the_same_twice_and_in_any_order_of_rows(name, plot, tables):
    before = {key: frame.copy(deep=True) for key, frame in tables.items()}
    figure = plot(tables)
    assert figure.get_gid() == name
    assert title_of(figure)
    assert figure.get_label().replace("\xa0", " ").replace(MINUS, "-").startswith(title_of(figure))
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


def accuracy(**rows):
    """Return the table of several segments from (wape, naive, bias, actual)."""
    made = []
    for name, (wape, naive, bias, actual) in rows.items():
        row = {"entity": "pattern", "entity_id": name, "actual": float(actual), "forecast": actual * (1 + bias)}
        made.append({**row, "method": "pooled", "wape": wape, "bias": bias, "value_added": 1 - wape / naive})
        made.append({**row, "method": "naive", "wape": naive, "bias": 0.0, "value_added": 0.0})
    return pd.DataFrame(made)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            accuracy(smooth=(0.2, 0.25, 0.0, 300), lumpy=(0.6, 0.5, 0.1, 100)),
            "Forecasts take 4% off the error of naive, to 30% of demand; better in 1 of 2 patterns",
        ),
        (
            accuracy(smooth=(0.3, 0.25, 0.0, 300), lumpy=(0.6, 0.5, 0.1, 100)),
            "Forecasts are no better than naive: off by 37.5% of demand; better in none of 2 patterns",
        ),
        (accuracy(smooth=(0.2, 0.25, 0.0, 300)), "Forecasts take 20% off the error of naive, to 20% of demand"),
        (
            accuracy(smooth=(0.2, 0.25, 0.0, 300), lumpy=(0.6, 0.5, 0.1, 100)).query("method == 'pooled'"),
            "Forecasts were off by 30% of demand; from 20% (smooth) to 60% (lumpy)",
        ),
    ],
    ids=["better", "worse", "one", "no naive"],
)
def test_the_title_adds_up_errors_not_percentages(table, said):
    assert title_of(charts.plot_forecast_accuracy(table, "pattern")) == said


def test_the_best_method_is_shown_unless_another_is_asked_for():
    table = accuracy(smooth=(0.2, 0.25, 0.0, 300))
    worse = table[table["method"] == "pooled"].assign(method="croston", wape=0.4, value_added=-0.6)
    both = pd.concat([worse, table])
    assert "pooled against naive" in charts.plot_forecast_accuracy(both, "pattern").get_label()
    assert "no better" in title_of(charts.plot_forecast_accuracy(both, "pattern", method="croston"))


def calibration(**rows):
    made = []
    for name, frequencies in rows.items():
        for level, frequency in zip((0.5, 0.95), frequencies, strict=True):
            row = {"entity": "pattern", "entity_id": name, "method": "pooled", "quantile": level, "pinball": 0.3}
            row |= {"frequency": frequency, "deviation": frequency - level, "judged_periods": 900}
            made.append({**row, "series_error": 0.004, "origin_error": np.nan})
    return pd.DataFrame(made)


def test_the_title_names_the_quantile_that_is_farthest_off():
    table = calibration(smooth=(0.51, 0.945), lumpy=(0.49, 0.9))
    assert title_of(charts.plot_calibration(table, "pattern")) == (
        "Quantiles keep their word in 1 of 2 patterns; farthest off is lumpy, "
        "where the 95% quantile was exceeded in 10.0% of periods instead of 5%"
    )
    good = title_of(charts.plot_calibration(calibration(smooth=(0.51, 0.945)), "pattern"))
    assert good == "Quantiles keep their word; the 50% quantile was exceeded in 49.0% of periods instead of 50%"


def test_a_wide_error_excuses_a_deviation():
    table = calibration(lumpy=(0.49, 0.9)).assign(origin_error=0.02)
    assert "Quantiles keep their word;" in title_of(charts.plot_calibration(table, "pattern"))


def test_the_fan_tells_what_to_expect_and_when_nothing_was_there(tables):
    figure = fan(tables)
    out = tables["history"].query("item_id == 'SKU-0003'")["in_stock"]
    assert re.match(
        r"SKU-0003 at NORTH: [\d.]+ units a week expected; with 95% certainty no more than", title_of(figure)
    )
    assert ("out of stock" in figure.get_label()) == (~out).any()
    bare = {**tables, "forecasts": tables["forecasts"].drop(columns=list(LEVELS))}
    assert title_of(fan(bare)).endswith("expected")
    unknown = charts.plot_forecast_fan(tables["history"], tables["forecasts"], item_id="SKU-9999", location_id="NORTH")
    assert title_of(unknown) == "No data"


def test_many_segments_stay_small(tables):
    many = pd.concat([tables["accuracy"].assign(entity_id=f"G{n}") for n in range(300)])
    assert (
        len(
            charts.figure_svg(
                charts.plot_forecast_accuracy(many.drop_duplicates(["entity", "entity_id", "method"]), "pattern")
            )
        )
        < 160_000
    )
    levels = pd.concat([tables["calibration"].assign(entity_id=f"G{n}") for n in range(300)])
    levels = levels.drop_duplicates(["entity", "entity_id", "method", "quantile"])
    figure = charts.plot_calibration(levels, "pattern")
    assert "the 9 largest of 300 patterns" in figure.get_label().replace("\xa0", " ")
    assert len(charts.figure_svg(figure)) < 160_000
