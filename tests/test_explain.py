"""One item's way from its order lines to every result."""

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
    "lead_times",
]


@pytest.fixture(scope="module")
def returned_item(sample_plan):
    """Return an item of which goods were taken back."""
    return sample_plan.order_lines.query("is_return and not is_reversed")["item_id"].iloc[0]


def sentence(explanation, table):
    return next(step.sentence for step in explanation.steps if step.table == table)


def test_the_rows_behind_each_figure_are_the_item_s_own(sample_plan, returned_item):
    told = sample_plan.explain(returned_item)
    assert [step.table for step in told.steps] == TABLES
    for name in TABLES:
        whole = getattr(sample_plan, name)
        own = whole[whole["item_id"] == returned_item].reset_index(drop=True)
        assert len(own) > 0 or name == "set_aside"
        pd.testing.assert_frame_equal(told[name], own, obj=name)


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
