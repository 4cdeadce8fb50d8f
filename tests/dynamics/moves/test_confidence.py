"""How sure classes are: blank where nothing can be said, and no surer for a change of rows, ids or currency."""

import numpy as np
import pandas as pd
import pytest

from segkit import open_plan
from segkit.dynamics.moves.confidence import Classed, rate_classes


def rated(plan, **other):
    """Return the confidence table of a plan with some of its tables replaced."""
    tables = {name: other.get(name, getattr(plan, name)) for name in ("item_segments", "customer_segments", "items")}
    lines, demand = other.get("lines", plan._window()), other.get("demand", plan.demand)
    return rate_classes(lines, demand, Classed(**tables), as_of=plan.as_of, settings=plan.settings)


def test_every_item_and_named_customer_has_a_row(sample_plan):
    table = sample_plan.segment_confidence
    ids = table.groupby("entity")["entity_id"].apply(list)
    assert ids["item"] == sample_plan.item_segments["item_id"].tolist()
    named = sample_plan.customer_segments["customer_id"]
    assert ids["customer"] == named[named != "(unknown)"].tolist()
    classed = table[table["abc"] != ""]
    assert classed["confidence"].notna().all()
    assert ((classed["confidence"] + classed["runner_up_share"].fillna(0)) <= 1 + 1e-12).all()
    assert ((classed["runner_up"] == "") == (classed["confidence"] == 1)).all()
    assert (classed["runner_up"] != classed["abc"]).all()
    assert (table["xyz_confidence"].notna() == (table["xyz"] != "")).all()


def test_those_far_from_a_limit_are_surer(sample_plan):
    table = sample_plan.segment_confidence.query("entity == 'item' and abc == 'A'").set_index("entity_id")
    rank = sample_plan.item_segments.set_index("item_id")["rank"].reindex(table.index).astype(int)
    best, last = table["confidence"][rank <= 20], table["confidence"][rank > rank.max() - 20]
    assert best.mean() > 0.95 > last.mean() + 0.2


def test_rows_in_any_order_give_the_same(sample_plan):
    tables = {
        "lines": sample_plan._window(),
        "demand": sample_plan.demand,
        "item_segments": sample_plan.item_segments,
        "items": sample_plan.items,
    }
    mixed = rated(sample_plan, **{name: table.sample(frac=1, random_state=4) for name, table in tables.items()})
    pd.testing.assert_frame_equal(mixed, sample_plan.segment_confidence)


def test_another_currency_changes_nothing(sample_plan):
    lines = sample_plan._window()
    dearer = lines.assign(net_margin=lines["net_margin"] * 128)
    pd.testing.assert_frame_equal(rated(sample_plan, lines=dearer), sample_plan.segment_confidence)


@pytest.mark.parametrize(
    "segments",
    [{"abc_by": "item_share"}, {"abc_by": "breaks"}, {"abc_by": "limits", "abc_limits": [9e4, 1e4]}],
    ids=str,
)
def test_other_ways_to_class_have_their_own_confidence(write_workspace, small_company, segments):
    plan = open_plan(write_workspace(small_company), overrides={"segments": segments, "stability": {"draws": 20}})
    table = plan.segment_confidence
    assert table["confidence"].between(0, 1).all()
    assert table.groupby("entity")["confidence"].mean().min() > 0.4


def test_one_month_says_nothing_about_chance(write_workspace, small_company):
    table = open_plan(write_workspace(small_company), as_of="2024-07-31").segment_confidence
    assert len(table)
    assert table[["confidence", "runner_up_share", "xyz_confidence"]].isna().all(axis=None)
    assert (table["runner_up"] == "").all()


def test_what_is_not_known_has_no_confidence(write_workspace, small_company):
    tables = {**small_company, "items": small_company["items"].assign(unit_cost=[np.nan, 30, 8, 70, 21, 40])}
    table = open_plan(write_workspace(tables)).segment_confidence.query("entity == 'item'")
    assert table["confidence"].isna().sum() == (table["abc"] == "").sum() == 1
