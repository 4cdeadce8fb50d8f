"""One item's, or one customer's, way from its order lines to every result."""

import pandas as pd
import pytest

import segkit as sk

TABLES = [
    "orders",
    "set_aside",
    "order_lines",
    "demand",
    "demand_profile",
    "item_profile",
    "item_value",
    "item_segments",
    "margin_causes",
    "losing_pairs",
    "seasonality",
    "segment_history",
    "segment_confidence",
    "migration",
    "micro_segments",
    "watch_list",
    "lead_times",
    "forecast",
    "protection_demand",
    "policies",
    "safety_stock_causes",
    "policy_phases",
]
OF_CUSTOMER = [
    "orders",
    "set_aside",
    "order_lines",
    "customer_value",
    "customer_segments",
    "margin_causes",
    "losing_pairs",
    "segment_history",
    "segment_confidence",
    "migration",
    "micro_segments",
    "watch_list",
]
LOSS_MAKER = "C012"


@pytest.fixture(scope="module")
def returned_item(sample_plan):
    """Return an item of which goods were taken back."""
    return sample_plan.order_lines.query("is_return and not is_reversed")["item_id"].iloc[0]


def sentence(explanation, table):
    return next(step.sentence for step in explanation.steps if step.table == table)


def test_the_rows_behind_each_figure_are_the_item_s_own(sample_plan, returned_item):
    told = sample_plan.explain(returned_item)
    assert [step.table for step in told.steps] == TABLES
    check_rows(sample_plan, told, {"item_id": returned_item, "entity_id": returned_item})


def check_rows(plan, told, ids):
    for step in told.steps:
        whole = getattr(plan, step.table)
        key = next((name for name in ids if name in whole), None)
        if key:
            own = whole[whole[key] == ids[key]]
            pd.testing.assert_frame_equal(in_order(told[step.table]), in_order(own), obj=step.table)


def in_order(rows):
    return rows.sort_values(list(rows.columns)).reset_index(drop=True)


def test_the_rows_behind_a_customer_are_its_own(sample_plan):
    told = sample_plan.explain(customer_id=LOSS_MAKER)
    assert [step.table for step in told.steps] == OF_CUSTOMER
    check_rows(sample_plan, told, {"customer_id": LOSS_MAKER, "entity_id": LOSS_MAKER})
    assert str(told).startswith(f"Customer {LOSS_MAKER} (")


def test_causes_are_told_with_their_sums_and_the_remedy(sample_plan):
    told = sentence(sample_plan.explain(customer_id=LOSS_MAKER), "margin_causes")
    causes = sample_plan.margin_causes.set_index(["entity", "entity_id"]).loc[("customer", LOSS_MAKER)]
    before, after = told.split(": net margin ")
    normal, effects = before.split("; ")
    amounts = [float(part.split(" ")[-1].replace(",", "")) for part in effects.split(", ")]
    start = float(normal.split(" ")[-1].replace(",", ""))
    assert effects.startswith("price -")
    assert start + sum(amounts) == pytest.approx(causes["net_margin"], abs=0.011)
    assert after.startswith(f"{causes['net_margin']:,.2f}.")
    assert causes["remedy"] in after


def test_the_history_of_classes_is_told(sample_plan):
    told = sample_plan.explain(customer_id=LOSS_MAKER)
    months = sample_plan.segment_history.query("entity_id == @LOSS_MAKER")
    assert f"{len(months)} months known: L in {(months['abc'] == 'L').sum()}" in sentence(told, "segment_history")


def test_micro_segments_in_which_a_thing_sells_hold_all_it_earns(sample_plan, returned_item):
    lines = sample_plan.order_lines
    told = sample_plan.explain(returned_item)
    begin = pd.Timestamp(sample_plan.as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=12)
    own = lines[(lines["item_id"] == returned_item) & (lines["order_date"] >= begin)]
    marked = sk.mark_segments(
        own, sample_plan.customer_segments, sample_plan.item_segments, rules=sample_plan.settings.micro_segments
    )
    found = set(sk.assign_micro_segments(marked, sample_plan.micro_map)["micro_segment"])
    assert set(told["micro_segments"]["micro_segment"]) == found
    assert f"in {len(found)} micro-segments" in sentence(told, "micro_segments")


def test_a_customer_lost_before_the_window_is_explained(sample_plan):
    told = sample_plan.explain(customer_id="C047")
    assert "lost" in sentence(told, "customer_segments")
    assert "Nothing was bought" in sentence(told, "customer_value")


def test_neither_item_nor_customer_is_an_error_that_says_what_to_give(sample_plan):
    with pytest.raises(sk.SettingsError, match="neither an item nor a customer"):
        sample_plan.explain()


def test_an_unknown_customer_is_an_error_that_names_near_ones(sample_plan):
    with pytest.raises(sk.DataError, match=f"customer_id='{LOSS_MAKER}X'.*\n.*{LOSS_MAKER}"):
        sample_plan.explain(customer_id=f"{LOSS_MAKER}X")


def test_every_customer_can_be_explained(sample_plan):
    for customer in [*sample_plan.order_lines["customer_id"].unique()[::12], "(unknown)"]:
        told = sample_plan.explain(customer_id=customer)
        assert "nan" not in " ".join(step.sentence for step in told.steps)


def test_without_costs_and_customers_the_rest_is_told(write_workspace, small_company):
    bare = {"orders": small_company["orders"].drop(columns="location_id"), "items": small_company["items"][["item_id"]]}
    plan = sk.open_plan(write_workspace(bare))
    told = plan.explain(customer_id="CUST-0001")
    assert "a cost is missing" in sentence(told, "margin_causes")
    assert "nan" not in " ".join(step.sentence for step in told.steps)


def test_the_sentences_say_what_the_rows_say(sample_plan, returned_item):
    told, lines = sample_plan.explain(returned_item), sample_plan.order_lines
    own = lines[lines["item_id"] == returned_item]
    assert f"{len(own):,} lines from {own['order_date'].min():%Y-%m-%d}" in sentence(told, "order_lines")
    assert f"revenue EUR {own['revenue'].sum():,.2f}" in sentence(told, "order_lines")
    assert f"{own['is_return'].sum()} return" in sentence(told, "order_lines")
    assert f"{len(told['orders']) + len(told['set_aside']):,} rows were read" in sentence(told, "orders")
    taken_back = -own.loc[~own["is_reversed"], "quantity"].clip(upper=0).sum()
    assert f"{taken_back:,.0f} taken back" in sentence(told, "demand")
    segment = sample_plan.item_segments.set_index("item_id").loc[returned_item]
    assert f"hence class {segment['abc']}" in sentence(told, "item_segments")


def test_a_superseded_item_is_planned_under_its_successor(sample_plan):
    pair = sample_plan.items.dropna(subset="replaced_by").iloc[0]
    told = sample_plan.explain(pair["item_id"])
    assert f"Planned under its successor {pair['replaced_by']}" in sentence(told, "demand")
    assert set(told["demand"]["item_id"]) == {pair["replaced_by"]}
    assert set(told["order_lines"]["item_id"]) == {pair["item_id"]}
    assert f"history of {pair['item_id']}" in sentence(sample_plan.explain(pair["replaced_by"]), "demand")
    apart = sample_plan.what_if(items={"superseded": "separate"}).explain(pair["item_id"])
    assert set(apart["demand"]["item_id"]) == {pair["item_id"]}
    assert "superseded" in sentence(apart, "item_profile")


def test_one_location_and_one_customer(sample_plan, returned_item):
    line = sample_plan.order_lines.query("item_id == @returned_item").iloc[0]
    told = sample_plan.explain(returned_item, line["location_id"], line["customer_id"])
    assert set(told["order_lines"]["customer_id"]) == {line["customer_id"]}
    assert set(told["demand"]["location_id"]) == {line["location_id"]}
    assert line["location_id"] in str(told)
    assert len(told["item_value"]) == 1


@pytest.mark.parametrize("given", [{"location_id": "NOWHERE"}, {"customer_id": "C-0000"}])
def test_a_pair_without_lines_is_an_error(sample_plan, returned_item, given):
    with pytest.raises(sk.DataError, match=f"{next(iter(given))}='{next(iter(given.values()))}'"):
        sample_plan.explain(returned_item, **given)


def test_an_unknown_item_is_an_error_that_names_near_ones(sample_plan, returned_item):
    with pytest.raises(sk.DataError, match=f"item_id='{returned_item}X'.*\n.*{returned_item}"):
        sample_plan.explain(f"{returned_item}X")


def test_an_item_of_which_no_row_was_used(sample_plan):
    told = sample_plan.explain("POSTAGE")
    assert sentence(told, "order_lines") == "None of its source rows is used."
    assert set(told["set_aside"]["reason"]) == {"no goods (postage, fees and the like)"}
    assert sentence(told, "demand") == "Nothing is known of it here."


def test_every_item_can_be_explained(sample_plan):
    for item in [*sample_plan.order_lines["item_id"].unique()[::20], *sample_plan.items["replaced_by"].dropna()]:
        told = sample_plan.explain(item)
        assert "nan" not in sentence(told, "item_segments")
        assert str(told).startswith(f"Item {item}, as of {sample_plan.as_of}")


def test_names_from_the_data_are_escaped(write_workspace, small_company):
    nasty = "<script>alert(1)</script>"
    small_company = {name: frame.replace({"item_id": {"SKU-0001": nasty}}) for name, frame in small_company.items()}
    page = sk.open_plan(write_workspace(small_company)).explain(nasty)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_table_that_tells_nothing_is_a_key_error(sample_plan, returned_item):
    with pytest.raises(KeyError, match="headlines"):
        sample_plan.explain(returned_item)["headlines"]
