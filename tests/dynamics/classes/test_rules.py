"""Rule segments are what a pandas mask gives; overlaps and rules that nothing meets are told."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError
from segkit.core.settings import RuleSegment
from segkit.dynamics.classes.rules import Choices, count_rules, join_facts, match_rules
from segkit.dynamics.classes.segment_checks import Segmented, check_segments
from segkit.prepare import check_workspace


def rule(of, where):
    return RuleSegment(of=of, where=where)


@pytest.fixture
def choices():
    items = pd.DataFrame(
        {
            "item_id": pd.Series(["SKU-0042", "SKU-0007", "SKU-0001"], dtype="str"),
            "abc": pd.Series(["A", "B", "A"], dtype="str"),
            "revenue": [100.0, 50.0, np.nan],
            "net_margin": [10.0, -5.0, np.nan],
        }
    )
    customers = pd.DataFrame({"customer_id": pd.Series(["CUST-1"], dtype="str"), "revenue": [9.0], "net_margin": [1.0]})
    return Choices(items, customers, empty_table("supplier_segments"))


def test_members_and_counts(choices):
    rules = {
        "best": rule("items", "abc = 'A'"),
        "all_of_them": rule("customers", "true"),
        "none": rule("items", "false"),
    }
    members = match_rules(choices, rules=rules)
    assert members.to_numpy().tolist() == [
        ["all_of_them", "customer", "CUST-1"], ["best", "item", "SKU-0001"], ["best", "item", "SKU-0042"],
    ]  # fmt: skip
    counts = count_rules(members, choices, rules=rules).set_index("rule")
    assert counts["members"].to_dict() == {"all_of_them": 1, "best": 2, "none": 0}
    assert counts["share"].round(4).to_dict() == {"all_of_them": 1.0, "best": 0.6667, "none": 0.0}
    assert counts["revenue"].to_dict() == {"all_of_them": 9.0, "best": 100.0, "none": 0.0}
    assert counts.loc["best", "where"] == "abc = 'A'"


def test_no_rules_give_empty_typed_tables(choices):
    members = match_rules(choices, rules={})
    pd.testing.assert_frame_equal(members, empty_table("rule_segments"))
    assert count_rules(members, choices, rules={}).empty


def test_every_wrong_rule_is_told_at_once(choices):
    rules = {"a": rule("items", "abcd = 'A'"), "b": rule("customers", "revenue >"), "c": rule("items", "abc = 'A'")}
    with pytest.raises(SettingsError) as caught:
        match_rules(choices, rules=rules)
    assert "rules.a.where = \"abcd = 'A'\": abcd is no column; did you mean abc?" in str(caught.value)
    assert "rules.b.where" in str(caught.value)
    assert "rules.c" not in str(caught.value)


def test_facts_of_a_master_stay_where_the_plan_has_none():
    master = pd.DataFrame({"item_id": ["b", "a", "c"], "category": ["x", "y", "z"], "moq": [1.0, 2.0, 3.0]})
    made = pd.DataFrame({"item_id": ["b", "d"], "category": ["X", None], "abc": ["A", "B"]})
    joined = join_facts("item_id", master, made)
    assert joined["item_id"].tolist() == ["a", "b", "c", "d"]
    assert joined["category"].fillna("").tolist() == ["y", "X", "z", ""]


MASKS = {
    "abc = 'A' AND xyz = 'X' AND lead_time_days > 45": lambda table: (
        (table["abc"] == "A") & (table["xyz"] == "X") & (table["lead_time_days"] > 45)
    ),
    "net_margin < 0 OR returned_value > 0.05 * revenue": lambda table: (
        (table["net_margin"] < 0) | (table["returned_value"] > 0.05 * table["revenue"])
    ),
    "supplier_id IS NULL AND category LIKE '%pumps'": lambda table: (
        table["supplier_id"].isna() & table["category"].str.endswith("pumps")
    ),
}


@pytest.mark.parametrize("where", MASKS)
def test_a_rule_over_the_sample_is_a_mask_over_its_tables(sample_plan, where):
    plan = sample_plan.what_if(rules={"one": {"of": "items", "where": where}})
    table = plan.items.merge(plan.item_segments, on="item_id", how="outer")
    table = table.merge(
        plan.item_value.drop(columns=["category", "supplier_id", "description"]), on="item_id", how="left"
    )
    wanted = table.loc[MASKS[where](table).fillna(False).astype(bool), "item_id"]
    found = plan.rule_segments.query("rule == 'one'")["entity_id"]
    assert len(wanted) > 0
    assert sorted(found) == sorted(wanted)
    counted = plan.rule_counts.set_index("rule").loc["one"]
    assert counted["revenue"] == pytest.approx(plan.item_value.set_index("item_id")["revenue"].reindex(wanted).sum())


def test_a_wrong_rule_is_found_by_the_check(small_company, write_workspace):
    toml = "[rules.one]\nof = 'customers'\nwhere = \"servce_band = 'high'\"\n"
    with pytest.raises(SettingsError, match="servce_band is no column; did you mean service_band"):
        check_workspace(write_workspace(small_company, toml))


def test_a_company_without_masters_has_rules_too(small_company, write_workspace):
    toml = "[segments]\nmeasure = 'revenue'\n[rules.one]\nof = 'customers'\nwhere = 'revenue > 0'\n"
    plan = sk.open_plan(write_workspace({"orders": small_company["orders"]}, toml))
    assert plan.rule_counts["members"].tolist() == [plan.customer_value["revenue"].gt(0).sum()]


# ------------------------------------------------------------------ coverage and overlap
def checks(lines, items, members=None, counts=None, customers=None):
    none = empty_table("customer_segments") if customers is None else customers
    made = Segmented(items, none, empty_table("supplier_segments"))
    members = empty_table("rule_segments") if members is None else members
    counts = empty_table("rule_counts") if counts is None else counts
    return check_segments(lines, made, members, counts).set_index(["check", "entity"])


def lines_of(**revenue):
    made = empty_table("order_lines").reindex(range(len(revenue)))
    ids = pd.Series([name.replace("_", "-") for name in revenue], dtype="str")
    return made.assign(item_id=ids, customer_id="CUST-1", revenue=list(map(float, revenue.values())))


def item_segments_of(*rows):
    made = empty_table("item_segments").reindex(range(len(rows)))
    for place, name in enumerate(("item_id", "abc", "reason")):
        made[name] = pd.Series([row[place] for row in rows], dtype="str")
    return made


def test_what_is_in_no_segment_or_in_two_is_found():
    lines = lines_of(SKU_1=60, SKU_2=30, SKU_3=10)
    segments = item_segments_of(("SKU-1", "A", ""), ("SKU-2", "B", ""), ("SKU-2", "C", ""))
    table = checks(lines, segments)
    row = table.loc[("in exactly one segment", "item")]
    assert [row["rows"], row["share"], row["first"]] == [2, 0.4, "SKU-2, SKU-3"]
    assert table.loc[("revenue adds up", "item"), "rows"] == 1
    assert table.loc[("revenue adds up", "item"), "share"] == pytest.approx(0.2)


def test_what_has_no_class_is_told_with_the_reason():
    segments = item_segments_of(("SKU-1", "A", ""), ("SKU-2", "", "net_margin unknown"), ("SKU-9", "", "no lines"))
    row = checks(lines_of(SKU_1=75, SKU_2=25), segments).loc[("has a value class", "item")]
    assert [row["rows"], row["share"], row["first"]] == [1, 0.25, "SKU-2"]
    assert row["reason"] == "net_margin unknown (1)"


def test_what_passed_is_shown_with_no_rows():
    table = checks(lines_of(SKU_1=75), item_segments_of(("SKU-1", "A", "")))
    assert table.xs("item", level="entity")["rows"].tolist() == [0, 0, 0]
    assert table.xs("item", level="entity")["reason"].tolist() == ["", "", ""]


def test_rules_that_share_members_and_rules_without_any_are_told():
    members = pd.DataFrame(
        [["near", "item", "SKU-1"], ["near", "item", "SKU-2"], ["steady", "item", "SKU-2"]],
        columns=["rule", "entity", "entity_id"],
    )
    counts = pd.DataFrame(
        {"rule": ["idle", "near", "steady"], "entity": "item", "members": [0, 2, 1], "revenue": [0.0, 100.0, 25.0]}
    )
    segments = item_segments_of(("SKU-1", "A", ""), ("SKU-2", "B", ""))
    table = checks(lines_of(SKU_1=75, SKU_2=25), segments, members, counts)
    row = table.loc[("in one rule at most", "item")]
    assert [row["rows"], row["share"], row["first"], row["reason"]] == [1, 0.25, "SKU-2", "near and steady: 1"]
    assert table.loc[("rule has members", "rule"), ["rows", "first"]].tolist() == [1, "idle"]


def test_the_sample_is_covered(sample_plan):
    table = sample_plan.segment_checks.set_index(["check", "entity"])
    assert (table.drop(("has a value class", "customer"))["rows"] == 0).all()
    assert table.loc[("has a value class", "customer"), "first"] == "(unknown)"
