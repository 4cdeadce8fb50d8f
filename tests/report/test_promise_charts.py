"""What the charts of promised dates say, and that they keep the promises of all charts."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.inventory.judged import measure_entities
from segkit.report import charts
from segkit.report.numbers import percent

NASTY = '<script>alert(1)</script> $^$ & "quoted" name of a very long lane that never ends'


@pytest.fixture(scope="module")
def tables():
    random = np.random.default_rng(3)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 360, 3000), "D")
    mode = np.array(["Air", "Ocean", NASTY])[random.integers(0, 3, 3000)]
    days = random.poisson(np.where(mode == "Air", 3, 8))
    table = pd.DataFrame({"start_date": start, "mode": mode, "delivered_date": start + pd.to_timedelta(days, "D")})
    said = table.assign(
        promised_p80=start + pd.Timedelta(4, "D"),
        promised_p95=start + pd.to_timedelta(np.where(mode == "Air", 6, 13), "D"),
    )
    orders = table.rename(columns={"start_date": "requested_date"}).assign(order_id="A", quantity=1.0)
    orders["order_id"] = (np.arange(3000) // 3).astype(str)
    return {
        "checked": measure_entities(lambda by: sk.check_promises(said, by=by), ["all", "mode"]),
        "otif": sk.measure_otif(orders),
    }


CHARTS = {
    "promise_reliability_all": lambda t: charts.plot_promise_reliability(t["checked"]),
    "promise_reliability_mode": lambda t: charts.plot_promise_reliability(t["checked"], "mode"),
    "otif": lambda t: charts.plot_otif(t["otif"]),
}
every_chart = pytest.mark.parametrize(("name", "plot"), CHARTS.items(), ids=CHARTS)


def title_of(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold").replace("\xa0", " ")


@every_chart
def test_svg_is_well_formed_the_same_twice_and_in_any_order_of_rows(name, plot, tables):
    before = {key: frame.copy(deep=True) for key, frame in tables.items()}
    figure = plot(tables)
    assert figure.get_gid() == name
    assert figure.get_label().replace("\xa0", " ").startswith(title_of(figure))
    svg = charts.figure_svg(figure)
    ElementTree.fromstring(svg)
    assert "<script" not in svg
    mixed = {key: frame.sample(frac=1, random_state=4) for key, frame in tables.items()}
    assert charts.figure_svg(plot(mixed)) == svg
    for key, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[key])


@every_chart
def test_nothing_to_draw_is_said(name, plot, tables):
    empty = {key: frame.iloc[:0] for key, frame in tables.items()}
    figure = plot(empty)
    assert title_of(figure) == "No data"
    assert figure.get_gid() == name


def test_the_title_names_what_is_farthest_off(tables):
    checked = tables["checked"]
    rows = checked[checked["entity"] == "mode"]
    far = rows.loc[rows["deviation"].abs().idxmax()]
    text = title_of(charts.plot_promise_reliability(checked, "mode"))
    assert f"{far['promised_reliability']:.0%}" in text.replace(" %", "%")
    assert far["entity_id"][:12] in text


def test_the_title_of_the_grid_names_both_ends(tables):
    text = title_of(charts.plot_otif(tables["otif"]))
    for share in (tables["otif"]["otif"].min(), tables["otif"]["otif"].max()):
        assert percent(share).replace("\xa0", " ") in text


def test_the_title_names_no_group_of_a_few_lines(tables):
    few = tables["checked"][tables["checked"]["entity_id"] == "Air"].assign(
        entity_id="Mule", lines=3, frequency=0.1, frequency_low=0.1, frequency_high=0.1, deviation=-0.7
    )
    title = title_of(charts.plot_promise_reliability(pd.concat([tables["checked"], few]), "mode"))
    assert "Mule" not in title
    assert "3 modes of 30 lines or more" in title
    assert title_of(charts.plot_promise_reliability(few, "mode")).startswith("Too few lines were promised")
