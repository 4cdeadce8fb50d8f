"""What the charts of bridges and of segments over time say."""

import pandas as pd
import pytest

from segkit.report import charts
from segkit.report.numbers import MINUS


def title_of(figure):
    return (
        " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold")
        .replace("\xa0", " ")
        .replace(MINUS, "-")
    )


def bridge(comparison="year", entity="all", entity_id="(all)", measure="net_margin", **amounts):
    amounts = {"start": 1000.0, **amounts}
    amounts["end"] = sum(amounts.values())
    days = ["2024-01-01", "2024-12-31", "2025-01-01", "2025-12-31"]
    columns = dict(zip(["from_begin", "from_end", "to_begin", "to_end"], pd.to_datetime(days), strict=True))
    table = pd.DataFrame({"effect": list(amounts), "amount": list(amounts.values())})
    return table.assign(comparison=comparison, entity=entity, entity_id=entity_id, measure=measure, **columns)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            bridge(price=80.0, cost=-30.0, mix=5.0),
            "Net margin rose by EUR 55 (5.5%), most through prices after discount (+80); "
            "cost of the goods (-30) took most back",
        ),
        (
            bridge(volume=-120.0, new_customers=40.0),
            "Net margin fell by EUR 80 (8%), most through volume (-120); new customers (+40) helped most",
        ),
        (bridge(volume=-100.0, mix=2.0), "Net margin fell by EUR 98 (9.8%), most through volume (-100)"),
        (
            bridge(volume=50.0, mix=-50.0),
            "Net margin stayed as it was, most through volume (+50); mix (-50) took most back",
        ),
        (bridge(), "Net margin stayed as it was"),
        (
            bridge(measure="revenue", price=10.0),
            "Revenue rose by EUR 10 (1%), most through prices after discount (+10)",
        ),
    ],
    ids=["rose", "fell", "small help is not told", "balanced", "nothing", "revenue"],
)
def test_the_title_tells_what_moved_most(table, said):
    assert title_of(charts.plot_bridge(table, currency="EUR")) == said


def test_the_longest_comparison_is_shown_and_a_part_is_named():
    table = pd.concat(
        [bridge("month", price=1.0), bridge("half", price=3.0), bridge("half", "channel", "web", price=2.0)]
    )
    assert title_of(charts.plot_bridge(table)).startswith("Net margin rose by 3 ")
    part = charts.plot_bridge(table, entity="channel", entity_id="web")
    assert title_of(part).startswith("Net margin of web rose by 2 ")
    assert part.get_gid() == "bridge_half_channel"
    assert title_of(charts.plot_bridge(table, "year")) == "No data"


def test_the_alt_text_of_a_bridge_holds_every_effect():
    label = charts.plot_bridge(bridge(price=80.0, fx=-2.5, mix=0.0)).get_label()
    told = "before: 1.00 k; prices after discount: +80; exchange rates (on selling prices): -2.50; after: 1.08 k"
    assert told.replace("-", MINUS) in label.replace("\xa0", " ")
    assert "mix" not in label


def test_the_subtitle_says_that_rates_are_those_of_selling_prices():
    for amounts, said in (({"fx": -2.5}, True), ({"price": 1.0}, False)):
        words = " ".join(text.get_text() for text in charts.plot_bridge(bridge(**amounts), currency="EUR").texts)
        assert ("exchange rates: on selling prices" in words) == said


def dynamics(names, entity="channel"):
    months = pd.date_range("2023-01-01", periods=30, freq="MS")
    rows = pd.DataFrame([(name, month) for name in names for month in months], columns=["entity_id", "period"])
    return rows.assign(entity=entity, complete=True, revenue=400.0, net_margin=100.0, quantity=9.0, volume=400.0)


def change(entity_id="web", measure="net_margin", reason=""):
    row = {"entity": "channel", "entity_id": entity_id, "measure": measure, "period": pd.Timestamp("2024-03-01")}
    return pd.DataFrame(
        [{**row, "before": 100.0, "after": 60.0, "change": -40.0, "confidence": 0.999, "reason": reason}]
    )


NONE = change().iloc[:0]


def test_the_title_dates_the_clearest_change():
    table = dynamics(["web", "shop"])
    said = "1 of 2 channels changed level to stay, clearest web: net margin -40% from 2024-03-01 on"
    assert title_of(charts.plot_dynamics(table, change())) == said
    season = charts.plot_dynamics(table, change(reason="may be season: less than two years of history"))
    assert title_of(season) == said + "; that may be season"


def test_without_changes_the_title_says_so():
    assert title_of(charts.plot_dynamics(dynamics(["web", "shop"]), NONE)) == (
        "None of 2 channels changed its level of demand or net margin to stay"
    )
    company = charts.plot_dynamics(dynamics(["(all)"], "all"), NONE, "all")
    assert title_of(company) == "Neither demand nor net margin of the company changed its level to stay"
    assert "whole company" in charts.figure_svg(company)


def test_only_the_largest_segments_have_a_panel():
    figure = charts.plot_dynamics(dynamics([f"channel {n:02d}" for n in range(14)]), NONE)
    assert "the 9 largest of 14 channels" in figure.get_label()
    assert len([axes for axes in figure.axes if axes.axison]) == 9


def test_without_costs_revenue_is_drawn_and_without_prices_units():
    table = dynamics(["web"]).assign(net_margin=float("nan"))
    assert "revenue" in charts.plot_dynamics(table, NONE).get_label()
    units = charts.plot_dynamics(table.assign(revenue=float("nan")), NONE, currency="EUR")
    assert "[EUR]" not in units.get_label()


def test_segments_that_are_not_tested_are_not_called_steady(sample_plan):
    figure = charts.plot_dynamics(sample_plan.segment_dynamics, sample_plan.change_points, "micro_segment")
    assert "stay" not in figure.get_label()
    assert "is the largest, with" in figure.get_label()
