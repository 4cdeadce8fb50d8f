"""What a director reads: figures that follow from the tables, and words that say what is not known."""

import pandas as pd
import pytest

import segkit as sk
from segkit.core.data_quality import weighed_by
from segkit.dynamics.story.headlines import tell_data
from segkit.prepare import check_workspace
from segkit.report.index_facts import assumption_sentence


@pytest.fixture
def plan(write_workspace, small_company):
    return sk.open_plan(write_workspace(small_company))


def said(plan):
    return plan.headlines.set_index("headline")


def test_figures_are_those_of_the_tables(plan):
    values = said(plan)["value"]
    customers, segments = plan.customer_value, plan.item_segments
    assert values["net_margin"] == pytest.approx(plan.item_value["net_margin"].sum())
    assert values["lost_on_customers"] == pytest.approx(-customers["net_margin"].clip(upper=0).sum())
    assert values["items_of_the_top_class"] == pytest.approx((segments["abc"] == "A").mean())
    best = customers["net_margin"].nlargest(1).sum() / customers["net_margin"].sum()
    assert values["best_fifth_of_customers"] == pytest.approx(best)


def test_the_share_used_counts_what_was_known_on_the_day(write_workspace, small_company):
    orders = small_company["orders"]
    early = sk.open_plan(write_workspace(small_company), as_of="2025-03-31")
    before = orders[orders["order_date"] <= "2025-03-31"]
    used = (before["status"] != "cancelled").mean()
    assert said(early).loc["rows_used", "value"] == pytest.approx(used)
    assert f"f {len(before):,} order lines" in said(early).loc["rows_used", "sentence"]


def test_items_of_unknown_cost_are_not_counted_as_profit(write_workspace, small_company):
    items = small_company["items"]
    items.loc[items["item_id"] == "SKU-0003", "unit_cost"] = None
    plan = sk.open_plan(write_workspace(small_company, '[segments]\nmeasure = "revenue"'))
    known = plan.item_value.dropna(subset="net_margin")
    row = said(plan).loc["net_margin"]
    assert "5 of 6 items whose cost is known" in row["sentence"]
    assert f"{known['revenue'].sum():,.0f}" in row["sentence"]
    assert f"({known['net_margin'].sum() / known['revenue'].sum():.1%})" in row["sentence"]


def test_without_cost_or_price_the_words_say_so(write_workspace, small_company):
    plan = sk.open_plan(write_workspace({"orders": small_company["orders"]}, '[segments]\nmeasure = "revenue"'))
    assert "cost unknown" in said(plan).loc["revenue", "sentence"]
    weeks = pd.date_range("2025-01-06", periods=20, freq="7D").strftime("%Y-%m-%d")
    sales = pd.DataFrame({"item_id": "SKU-0001", "period": weeks, "quantity": 5})
    toml = '[segments]\nmeasure = "quantity"\n[periods]\nunit = "week"'
    plan = sk.open_plan(write_workspace({"sales": sales}, toml, folder="units"))
    assert said(plan).loc["units_sold", "value"] == 100
    assert "prices unknown" in said(plan).loc["units_sold", "sentence"]


def test_no_loss_is_no_minus_nothing(write_workspace, small_company):
    plan = sk.open_plan(write_workspace({"orders": small_company["orders"]}, "[assume]\ngross_margin = 0.4"))
    sentence = said(plan).loc["lost_on_customers", "sentence"]
    assert "EUR 0;" in sentence
    assert "-0" not in sentence


def test_every_assumption_is_listed_with_what_rests_on_it(write_workspace, small_company):
    orders = small_company["orders"].drop(columns="location_id")
    orders.loc[orders.index[:90], "customer_id"] = None
    items = small_company["items"][small_company["items"]["item_id"] != "SKU-0000"]
    plan = sk.open_plan(write_workspace({"orders": orders, "items": items}, "[assume]\ngross_margin = 0.4"))
    made, lines = plan.assumptions.set_index("assumption"), plan.order_lines
    assert set(made.index) == {
        *(
            "assume.gross_margin",
            "assume.item_cost_factor",
            "cost_to_serve",
            "currency",
            "location",
            "customer",
            "demand",
            "order_cost",
            "holding_cost",
        )
    }
    guessed = lines["item_id"] == "SKU-0000"
    assert made.loc["assume.gross_margin", "rows"] == guessed.sum()
    share = lines.loc[guessed, "revenue"].abs().sum() / lines["revenue"].abs().sum()
    assert made.loc["assume.gross_margin", "share"] == pytest.approx(share)
    assert made.loc["customer", "rows"] == (lines["customer_id"] == "(unknown)").sum() > 0


def test_classes_within_groups_bring_their_share_of_the_whole(write_workspace, small_company):
    """Shares within each group add up to more than all there is."""
    plan = sk.open_plan(write_workspace(small_company, '[segments]\nwithin = "category"'))
    segments = plan.item_segments
    top, worth = segments["abc"] == "A", segments["measure_value"].clip(lower=0)
    assert segments.loc[top, "share"].sum() > 1
    brought = worth[top].sum() / worth.sum()
    assert f"{brought:.1%} of the net margin" in said(plan).loc["items_of_the_top_class", "sentence"]


def test_the_widest_assumption_is_named_with_what_it_is_a_share_of():
    quality = pd.DataFrame({
        "source_table": "sales", "action": ["in", "used"], "reason": "", "rows": 10, "value": 0.0,
        "rows_without_value": [0, 10],
    })  # fmt: skip
    assumed = pd.DataFrame({"share": [0.0, 0.4, 1.0, 1.0], "why": ["no", "few", "most", "alike"]})
    for rows, words in (
        (assumed, "4 assumptions were made. The widest touches 100.0% of units: most."),
        (assumed.head(2).tail(1), "1 assumption was made. It touches 40.0% of units: few."),
    ):
        told = tell_data(quality, rows, currency="EUR", newest=pd.Timestamp("2025-12-31")).set_index("headline")
        assert told.loc["assumptions", "sentence"] == words
    priced = quality.assign(rows_without_value=0)
    told = tell_data(priced, assumed, currency="EUR", newest=pd.Timestamp("2025-12-31")).set_index("headline")
    assert "of revenue: most." in told.loc["assumptions", "sentence"]


def test_where_no_price_is_known_assumptions_touch_units(write_workspace):
    weeks = pd.date_range("2025-01-06", periods=20, freq="7D").strftime("%Y-%m-%d")
    sales = pd.DataFrame({"item_id": "SKU-0001", "period": weeks, "quantity": 5})
    workspace = write_workspace({"sales": sales}, '[segments]\nmeasure = "quantity"\n[periods]\nunit = "week"')
    plan = sk.open_plan(workspace)
    assert "of units: " in said(plan).loc["assumptions", "sentence"]
    assert weighed_by(plan.data_quality) == "units"
    assert weighed_by(plan.data_quality.assign(rows_without_value=0)) == "revenue"
    sentence = assumption_sentence(plan.assumptions, weighed_by(plan.data_quality))
    assert sentence.endswith(" 100% of units.")
    ready = check_workspace(workspace)
    assert "of units)" in ready
    assert "of revenue)" not in ready
