import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from segkit.core.columns import nomenclature
from segkit.report import charts
from segkit.report.charts.frame import chart_style, start_figure

CHARTS = {
    "data_quality": lambda t: charts.plot_data_quality(t["data_quality"], currency="EUR"),
    "demand": lambda t: charts.plot_demand(t["demand"], t["periods"], currency="EUR"),
    "whale_curve_customer": lambda t: charts.plot_whale_curve(t["whale_curve"], "customer", currency="EUR"),
    "whale_curve_item": lambda t: charts.plot_whale_curve(t["whale_curve"], "item"),
    "abc": lambda t: charts.plot_abc(t["item_segments"]),
    "abc_xyz": lambda t: charts.plot_abc_xyz(t["item_segments"]),
    "patterns": lambda t: charts.plot_patterns(t["demand_profile"]),
    "customers": lambda t: charts.plot_customers(t["customer_value"], t["customer_segments"], currency="EUR"),
    "margin_by_category": lambda t: charts.plot_margin_by(t["item_value"], "category", currency="EUR"),
    "margin_by_channel": lambda t: charts.plot_margin_by(t["customer_value"], "channel"),
    "customer_grid": lambda t: charts.plot_customer_grid(t["customer_segments"], t["customer_value"], currency="EUR"),
    "micro_segments": lambda t: charts.plot_micro_segments(t["micro_map"], currency="EUR"),
    "margin_steps": lambda t: charts.plot_margin_steps(t["customer_value"], currency="EUR"),
    "capacity": lambda t: charts.plot_capacity(t["activity_costs"], currency="EUR"),
    "loss_causes_customer": lambda t: charts.plot_loss_causes(t["margin_causes"], currency="EUR"),
    "cause_totals_customer": lambda t: charts.plot_cause_totals(t["margin_causes"], currency="EUR"),
    "suppliers": lambda t: charts.plot_suppliers(t["supplier_segments"]),
    "seasonality": lambda t: charts.plot_seasonality(t["seasonality"]),
    "migration_item": lambda t: charts.plot_migration(t["migration_matrix"], currency="EUR"),
    "migration_customer": lambda t: charts.plot_migration(t["migration_matrix"], entity="customer"),
    "class_history_item": lambda t: charts.plot_class_history(t["segment_history"]),
    "bridge_year": lambda t: charts.plot_bridge(t["profit_bridge"], "year", currency="EUR"),
    "dynamics_channel": lambda t: charts.plot_dynamics(t["segment_dynamics"], t["change_points"], currency="EUR"),
    "life_cycle": lambda t: charts.plot_life_cycle(t["demand_profile"]),
}
every_plot = pytest.mark.parametrize("plot", CHARTS.values(), ids=CHARTS)
every_chart = pytest.mark.parametrize(("name", "plot"), CHARTS.items(), ids=CHARTS)


def title_of(figure):
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold")


@every_chart
def test_chart_has_name_title_and_alt_text(name, plot, tables):
    figure = plot(tables)
    assert figure.get_gid() == name
    assert title_of(figure)
    assert figure.get_label().startswith(title_of(figure))


@every_chart
def test_svg_is_well_formed_self_contained_and_the_same_twice(name, plot, tables):
    svg = charts.figure_svg(plot(tables))
    assert svg == charts.figure_svg(plot(tables))
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert all(found.startswith(name) for found in ids)
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', svg)) <= set(ids)
    assert not re.search(r"<script|<style|<!--|metadata|\d{4}-\d\d-\d\dT", svg)
    assert set(re.findall(r"https?://[^\"' ]+", svg)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@every_plot
def test_shuffled_rows_give_the_same_svg(plot, tables):
    shuffled = {key: frame.sample(frac=1, random_state=5) for key, frame in tables.items()}
    assert charts.figure_svg(plot(shuffled)) == charts.figure_svg(plot(tables))


@every_plot
def test_table_is_not_changed(plot, tables):
    before = {key: frame.copy(deep=True) for key, frame in tables.items()}
    plot(tables)
    for key, frame in tables.items():
        pd.testing.assert_frame_equal(frame, before[key])


@every_plot
def test_empty_table_gives_a_figure_that_says_so(plot, empty_tables):
    assert title_of(plot(empty_tables)) == "No data"


@every_plot
def test_one_row_is_enough(plot, tables):
    few = {key: frame.head(1) for key, frame in tables.items()}
    assert "<svg" in charts.figure_svg(plot(few))


@every_plot
def test_many_rows_stay_small(plot, many_tables):
    assert len(charts.figure_svg(plot(many_tables))) < 160_000


def test_options_of_matplotlib_are_left_as_they_were(tables):
    before = dict(matplotlib.rcParams)
    for plot in CHARTS.values():
        charts.figure_svg(plot(tables))
    assert dict(matplotlib.rcParams) == before


def test_name_with_dollar_signs_is_text_even_without_the_style():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().set_title("SKU $^$ x")
    assert "SKU $^$ x" in charts.figure_svg(figure)


def test_markup_in_a_name_stays_text(tables):
    svg = charts.figure_svg(charts.plot_margin_by(tables["customer_value"], "channel"))
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_alt_text_escapes_quotes():
    svg = charts.figure_svg(start_figure("stock", 'The "best" <b> & more', "units"))
    assert ElementTree.fromstring(svg).get("aria-label") == 'The "best" <b> & more. units.'


def quality(*rows):
    columns = ["source_table", "action", "reason", "rows", "value"]
    return pd.DataFrame(rows, columns=columns).assign(rows_without_value=0)


def test_data_quality_title_gives_shares_of_rows_and_value():
    table = quality(
        ("orders", "used", "", 90, 950.0),
        ("orders", "set_aside", "no price", 10, 50.0),
        ("orders", "in", "", 100, 1000.0),
    )
    assert title_of(charts.plot_data_quality(table)).replace("\xa0", " ") == (
        "90% of order lines are used, with 95% of their value"
    )


def test_data_quality_of_clean_data_says_all():
    table = quality(("items", "in", "", 7, np.nan), ("items", "used", "", 7, np.nan))
    assert title_of(charts.plot_data_quality(table)) == "All 7 rows of items are used"


def whale(*margins):
    ordered = np.sort(np.array(margins, dtype=float))[::-1]
    ids = [f"CUST-{n:04d}" for n in range(len(margins))]
    ranks = range(1, len(margins) + 1)
    return pd.DataFrame({"entity": "customer", "entity_id": ids, "rank": ranks, "net_margin": ordered})


def test_whale_title_counts_what_loss_makers_take_back():
    title = title_of(charts.plot_whale_curve(whale(80, 20, 10, 0, -10))).replace("\xa0", " ")
    assert title == "The best 20% of customers earn 80% of net margin; 1 loss maker takes 10% back"


def test_whale_curve_of_a_losing_company_shows_money_not_shares():
    figure = charts.plot_whale_curve(whale(10, -30), currency="EUR")
    assert "EUR\xa0\N{MINUS SIGN}20" in title_of(figure)
    assert "1 of 2 lose money" in title_of(figure)


def test_abc_title_gives_the_first_class():
    segments = pd.DataFrame(
        {"item_id": ["SKU-0003", "SKU-0001", "SKU-0002"], "measure": "revenue", "measure_value": [5.0, 80.0, 15.0],
         "abc": ["C", "A", "B"], "xyz": "X"}
    )  # fmt: skip
    title = title_of(charts.plot_abc(segments)).replace("\xa0", " ")
    assert title == "1 of 3 items (33.3%) bring 80% of revenue"


def test_abc_survives_when_everything_loses():
    segments = pd.DataFrame(
        {"item_id": ["SKU-0001"], "measure": "net_margin", "measure_value": [-5.0], "abc": ["L"], "xyz": [""]}
    )
    assert "<svg" in charts.figure_svg(charts.plot_abc(segments))
    assert "<svg" in charts.figure_svg(charts.plot_abc_xyz(segments))


def test_patterns_count_each_quadrant():
    profile = pd.DataFrame(
        {"pattern": ["smooth", "smooth", "lumpy", ""], "adi": [1.0, 1.1, 4.0, 1.0], "cv2": [0.0, 0.1, 2.0, 0.2]}
    )
    figure = charts.plot_patterns(profile)
    assert title_of(figure).startswith("66.7% of demand series are smooth")
    assert "smooth: 2; erratic: 0; intermittent: 0; lumpy: 1" in figure.get_label()


def months(count, complete=True):
    first = pd.date_range("2024-01-01", periods=count, freq="MS")
    return pd.DataFrame({"period": first, "complete": complete})


def test_demand_compares_the_last_year_with_the_year_before():
    periods = months(24)
    demand = periods.assign(item_id="SKU-0001", quantity=1.0, revenue=[100.0] * 12 + [110.0] * 12, censored=False)
    title = title_of(charts.plot_demand(demand, periods, currency="EUR")).replace("\xa0", " ")
    assert title == "Customers ordered EUR 1.32 k in the last 12 months, 10% more than in the 12 before"


def test_demand_without_prices_counts_units():
    periods = months(3)
    demand = periods.assign(item_id="SKU-0001", quantity=4.0, revenue=np.nan, censored=None)
    assert "12 units" in title_of(charts.plot_demand(demand, periods)).replace("\xa0", " ")


def test_incomplete_periods_are_left_out_of_the_title():
    periods = months(3).assign(complete=[False, True, True])
    demand = periods.assign(item_id="SKU-0001", quantity=1.0, revenue=[1e9, 10.0, 10.0], censored=False)
    title = title_of(charts.plot_demand(demand, periods, currency="EUR"))
    assert "EUR 20 in the last 2" in title.replace("\xa0", " ")


def test_margin_by_names_the_groups_that_lose():
    value = pd.DataFrame(
        {"category": ["tools", "spares", None], "revenue": [100.0, 50.0, 10.0], "net_margin": [30.0, -5, 1]}
    )
    assert title_of(charts.plot_margin_by(value, "category")).startswith("Category spares loses 5; net margin")


def test_customers_without_revenue_are_counted_not_drawn(tables):
    value = tables["customer_value"].copy()
    value.loc[:3, "revenue"] = 0.0
    figure = charts.plot_customers(value, tables["customer_segments"])
    assert "4 without revenue not shown" in figure.get_label()


@every_plot
def test_no_label_is_left_as_mathtext(plot, many_tables):
    svg = charts.figure_svg(plot(many_tables))
    assert "mathdefault" not in svg
    assert "10^" not in svg


def customers(revenue, margin):
    ids = [f"CUST-{n:04d}" for n in range(len(revenue))]
    value = pd.DataFrame({"customer_id": ids, "name": None, "revenue": revenue, "net_margin": margin})
    value["margin_share"] = value["net_margin"] / value["revenue"].where(value["revenue"] > 0)
    classes = pd.DataFrame({"customer_id": ids, "abc": "A", "measure_value": value["net_margin"]})
    return value, classes


def test_customers_with_one_assumed_margin_are_shown_by_revenue():
    figure = charts.plot_customers(*customers([100.0, 1000.0, 20.0], [35.0, 350.0, 7.0]), currency="EUR")
    assert title_of(figure) == "Every customer earns 35% of revenue, as assumed: they differ by revenue alone"


def test_what_rounding_leaves_is_no_revenue():
    figure = charts.plot_customers(*customers([100.0, 200.0, 1e-12], [30.0, -10.0, -1e-12]), currency="EUR")
    assert title_of(figure).startswith("1 of 2 customers")
    assert "1 without revenue not shown" in figure.get_label()


def test_margin_steps_lead_from_list_price_to_net_margin():
    sums = {"revenue": 80.0, "discount": 15.0, "returned_value": 5.0, "cost": 50.0, "freight_out": 6.0}
    values = pd.DataFrame([{**sums, "activity_cost": 4.0, "payment_cost": 0.0, "net_margin": 20.0}])
    figure = charts.plot_margin_steps(values)
    assert title_of(figure) == "Of sales at list price 20% are left; after the goods, most goes into discounts"
    assert "revenue: 80%; cost of the goods: 50%; gross margin: 30%" in figure.get_label()
    assert "net margin: 20%" in figure.get_label()
    assert "waiting" not in figure.get_label()


def test_capacity_beyond_what_there_is_is_no_idle_capacity():
    costs = pd.DataFrame({"activity": ["a", "b"], "used_cost": [120.0, 60.0], "unused_cost": [-20.0, 40.0]})
    figure = charts.plot_capacity(costs, currency="EUR")
    assert title_of(figure).replace("\u00a0", " ") == "EUR 20 more work is charged than was paid for: check a"


def test_margin_by_many_groups_counts_all_losses_and_writes_the_rest():
    groups = [f"group {n:02d}" for n in range(30)]
    value = pd.DataFrame(
        {"category": groups, "revenue": np.arange(30, 0, -1.0), "net_margin": [1.0] * 28 + [-2.0, -1.0]}
    )
    figure = charts.plot_margin_by(value, "category")
    assert title_of(figure).startswith("2 of 30 categories lose 3 together, group 28 the most")
    assert "18 more categories: 171" in charts.figure_svg(figure)


def test_margin_by_equal_shares_says_so():
    value = pd.DataFrame({"category": ["tools", "spares"], "revenue": [100.0, 50.0], "net_margin": [35.0, 17.5]})
    assert title_of(charts.plot_margin_by(value, "category")) == "Net margin is 35% of revenue in every category"


def test_margin_by_a_column_that_is_blank_says_so():
    value = pd.DataFrame({"category": [None, ""], "revenue": [100.0, 50.0], "net_margin": [35.0, 17.5]})
    figure = charts.plot_margin_by(value, "category")
    assert title_of(figure) == "No data"
    assert "No category is given" in figure.get_label()


def micro(*rows):
    columns = ["customer_segment", "item_segment", "channel", "micro_segment", "level", "net_margin", "revenue"]
    return pd.DataFrame(rows, columns=columns).assign(lines=200)


def test_micro_segments_title_names_the_best_cell_and_what_the_losing_ones_cost():
    cells = micro(
        ("A", "A", "online", "A/A/online", "cell", 80.0, 200.0),
        ("L", "A", "online", "L/A/online", "cell", -30.0, 90.0),
        ("C", "A", "shop", "(rest)", "all", 50.0, 80.0),
    )
    title = title_of(charts.plot_micro_segments(cells, currency="EUR")).replace("\xa0", " ")
    assert title == "Customers A with items A in online earn 80% of net margin; 1 of 3 micro-segments loses EUR 30"


def test_micro_segments_of_unknown_margin_show_revenue():
    figure = charts.plot_micro_segments(micro(("A", "A", "(all)", "A/A/(all)", "cell", np.nan, 200.0)))
    assert "of revenue" in title_of(figure)
    assert "costs unknown" in figure.get_label()


def test_customer_grid_title_says_what_the_costly_ones_leave():
    value = pd.DataFrame({"customer_id": list("abc"), "revenue": [60.0, 30.0, 10.0], "net_margin": [20.0, 5.0, -3.0]})
    bands = pd.DataFrame({"customer_id": list("abc"), "abc": list("ABL"), "service_band": ["low", "high", "high"]})
    title = title_of(charts.plot_customer_grid(bands, value, currency="EUR")).replace("\xa0", " ")
    assert title == "2 customers that are costly to serve buy 40% of revenue and leave EUR 2 of EUR 22 net margin"
    unknown = charts.plot_customer_grid(bands.assign(service_band=""), value)
    assert title_of(unknown).startswith("What customers cost to serve is unknown")


def causes_of(*rows):
    names = ["entity_id", "net_margin", "normal_margin", "price_effect", "returns_effect", "main_cause"]
    made = pd.DataFrame(rows, columns=names).assign(entity="customer")
    return made.reindex(columns=list(nomenclature()["margin_causes"].columns), fill_value=0.0)


def test_loss_causes_title_counts_the_main_causes():
    one, two = ("A", -50.0, 100.0, -150.0, 0.0, "price"), ("B", -20.0, 10.0, 0.0, -30.0, "returns")
    three = ("C", -30.0, 20.0, -40.0, -10.0, "price")
    earns = ("D", 30.0, 20.0, 10.0, 0.0, "")
    told = [title_of(charts.plot_loss_causes(causes_of(*rows, earns), currency="EUR")).replace("\xa0", " ")
            for rows in ((one,), (one, two), (one, three), (one, two, three))]  # fmt: skip
    assert told == [
        "1 customer loses EUR 50, mainly by price",
        "2 customers lose EUR 70, 1 each mainly by price and returns",
        "2 customers lose EUR 80, all mainly by price",
        "3 customers lose EUR 100, 2 of them mainly by price",
    ]
    totals = title_of(charts.plot_cause_totals(causes_of(one, two, three, earns), currency="EUR"))
    assert totals.replace("\xa0", " ") == (
        "Customers that lose money miss EUR 230 of a normal margin: 83% by price, 17% by returns"
    )
    assert title_of(charts.plot_loss_causes(causes_of(earns))) == "No data"


def test_of_many_small_loss_makers_the_chart_says_what_part_it_shows():
    rows = [(f"C{at:03d}", -100.0 if at < 15 else -1.0, 100.0, -150.0, 0.0, "price") for at in range(1515)]
    figure = charts.plot_loss_causes(causes_of(*rows), currency="EUR")
    assert title_of(figure).replace("\xa0", " ") == "1,515 customers lose EUR 3.00 k, all mainly by price"
    assert any(text.get_text().startswith("The 15 worst of 1,515 (50% of the loss): ") for text in figure.texts)


def test_loss_makers_are_called_by_name_where_one_is_known():
    rows = [(name, -50.0 - at, 100.0, -150.0 - at, 0.0, "price") for at, name in enumerate("EDCBA")]
    names = pd.DataFrame(
        {
            "customer_id": list("ABCE"),
            "name": ["Hafen $5 Pumps", "Twin", "Twin", "A name that is far too long to print"],
        }
    )
    for given in (names, names.set_index("customer_id")["name"]):
        figure = charts.plot_loss_causes(causes_of(*rows), names=given)
        told = [text.get_text() for text in figure.axes[0].get_yticklabels()]
        assert told == ["Hafen $5 Pumps", "Twin B", "Twin C", "D", "A name that is far too lo…"]
    blank = charts.plot_loss_causes(causes_of(*rows), names=names.assign(name=None))
    plain = charts.plot_loss_causes(causes_of(*rows))
    for figure in (blank, plain):
        assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == list("ABCDE")


def suppliers(*rows):
    columns = ["supplier_id", "profit_impact", "supply_risk", "kraljic", "reliability"]
    return pd.DataFrame(rows, columns=columns).assign(name=None, spend=1.0)


def test_suppliers_title_says_what_rests_on_whom_and_who_is_late():
    table = suppliers(
        ("S1", 0.4, 0.8, "strategic", "late"),
        ("S2", 0.3, 0.2, "leverage", "reliable"),
        ("S3", 0.1, 0.9, "bottleneck", ""),
    )
    figure = charts.plot_suppliers(table)
    assert title_of(figure) == "40% of net margin rests on 1 supplier that would be hard to replace; S1 is late"
    assert "strategic: 1; leverage: 1; bottleneck: 1; routine: 0" in figure.get_label()


def test_suppliers_without_margins_are_drawn_by_spend():
    figure = charts.plot_suppliers(suppliers(("S1", np.nan, 0.8, "strategic", ""), ("S2", np.nan, 0.2, "leverage", "")))
    assert title_of(figure).startswith("50% of spend rests on 1 supplier")


def test_seasons_are_told_of_categories_or_of_items_or_not_at_all(tables):
    seasons = tables["seasonality"]
    assert title_of(charts.plot_seasonality(seasons)).startswith("2 of 3 categories have a season; ")
    assert "peaks in May, 110% above its mean" in title_of(charts.plot_seasonality(seasons))
    items = seasons[seasons["entity"] == "item"]
    assert title_of(charts.plot_seasonality(items)) == "No item has a season beyond chance"
    short = seasons.assign(reason="fewer than two full cycles of 12 periods", is_seasonal=False)
    assert "fewer than two full cycles of 12 periods" in charts.plot_seasonality(short).get_label()


def test_titles_and_subtitles_stay_within_the_figure():
    title = "Against one size for all, differentiated policies tie up EUR 332,983 less stock at the same service " * 2
    note = (
        "Mean stock [EUR] against share of net margin served from stock, held-out months; each dot a target for all "
        * 2
    )
    with chart_style():
        figure = start_figure("stock", title, note)
        drawn = FigureCanvasAgg(figure).get_renderer()
        ends = [text.get_window_extent(drawn).x1 for text in figure.texts]
    assert len(ends) > 4
    assert max(ends) <= figure.bbox.x1
