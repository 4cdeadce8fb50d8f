"""The first rule that is met decides; what else fits, what nothing covers and what never fires is told."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.errors import CoverageError, SettingsError
from segkit.core.policy_settings import DEFAULT_RULES, Policies
from segkit.inventory.policies.places import PLACE, PlaceFacts, empty_places, join_places
from segkit.inventory.policies.policy_rules import check_policy_rules, match_policies, require_policy_rules
from segkit.prepare import check_workspace

DAY = date(2025, 12, 31)
NOBODY = empty_table("policy_overrides")
RULES = {
    "ended": {"where": "life_cycle = 'dormant'", "policy": "to_order"},
    "vital": {"where": "abc = 'A'", "fill_rate": 0.98, "review_days": 1, "max_stock": 40},
    "steady": {"where": "xyz = 'X'", "policy": "min_max", "cycle_service": 0.9, "max_cover_days": 60},
    "all_others": {"where": "true"},
}


@pytest.fixture
def places():
    made = {
        "item_id": ["SKU-0042", "SKU-0007", "SKU-0001", "SKU-0001"],
        "location_id": ["NORTH", "NORTH", "SOUTH", "NORTH"],
        "abc": ["A", "C", "A", "A"],
        "xyz": ["X", "X", "Y", "Y"],
        "life_cycle": ["active", "active", "dormant", "active"],
        "segment": ["AX", "CX", "AY", "AY"],
    }
    return pd.DataFrame(made).astype("str")


def matched(places, rules=RULES, overrides=NOBODY):
    policies = Policies(rules=rules)
    return match_policies(places, overrides, policies=policies, review_days=7, as_of=DAY).set_index(PLACE)


def test_the_first_rule_that_is_met_decides(places):
    table = matched(places)
    assert table.index.tolist() == sorted(table.index)
    assert table["rule"].to_dict() == {
        ("SKU-0001", "NORTH"): "vital",
        ("SKU-0001", "SOUTH"): "ended",
        ("SKU-0007", "NORTH"): "steady",
        ("SKU-0042", "NORTH"): "vital",
    }
    assert table["also_matched"].tolist() == ["all_others", "vital, all_others", "all_others", "steady, all_others"]
    steady = table.loc[("SKU-0007", "NORTH")]
    assert steady[["policy", "service_measure", "target", "review_days", "max_cover_days"]].tolist() == [
        "min_max", "cycle_service", 0.9, 7.0, 60.0,
    ]  # fmt: skip
    assert steady[["source", "rule_would_be", "reason"]].tolist() == ["rule", "", "rule steady: xyz = 'X'"]
    assert table.loc[("SKU-0042", "NORTH"), ["review_days", "max_stock"]].tolist() == [1.0, 40.0]
    ended = table.loc[("SKU-0001", "SOUTH")]
    assert ended[["policy", "service_measure"]].tolist() == ["to_order", ""]
    assert np.isnan(ended["target"])


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("XYZ"), st.integers(0, 9)), min_size=1, max_size=30),
    st.permutations(["abc = 'A'", "xyz = 'X'", "abc <> 'C' AND rank_ > 4", "rank_ <= 2", "xyz IN ('Y', 'Z')"]),
)
def test_rules_decide_as_a_plain_loop_does(cells, conditions):
    places = pd.DataFrame(cells, columns=["abc", "xyz", "rank_"])
    places["item_id"] = [f"SKU-{n:04d}" for n in range(len(places))]
    places["location_id"] = "NORTH"
    rules = {f"r{n}": {"where": where} for n, where in enumerate([*conditions, "true"])}
    plain = {
        "abc = 'A'": lambda row: row.abc == "A",
        "xyz = 'X'": lambda row: row.xyz == "X",
        "abc <> 'C' AND rank_ > 4": lambda row: row.abc != "C" and row.rank_ > 4,
        "rank_ <= 2": lambda row: row.rank_ <= 2,
        "xyz IN ('Y', 'Z')": lambda row: row.xyz in "YZ",
        "true": lambda row: True,  # noqa: ARG005
    }
    met = [[name for name, rule in rules.items() if plain[rule["where"]](row)] for row in places.itertuples()]
    table = matched(places, rules)
    assert table["rule"].tolist() == [names[0] for names in met]
    assert table["also_matched"].tolist() == [", ".join(names[1:]) for names in met]
    checks = check_policy_rules(places, policies=Policies(rules=rules)).set_index("rule")
    assert checks["matched"].to_dict() == {name: sum(name in names for names in met) for name in rules}
    assert checks["won"].to_dict() == {name: sum(name == names[0] for names in met) for name in rules}
    for name in rules:
        shadows = [names[0] for names in met if name in names[1:]]
        told = ", ".join(f"{other} {shadows.count(other)}" for other in rules if other in shadows)
        assert checks.loc[name, "shadowed_by"] == told


def test_the_order_of_rows_does_not_matter_and_inputs_stay(places):
    before = places.copy()
    pd.testing.assert_frame_equal(matched(places.sample(frac=1, random_state=3)), matched(places))
    pd.testing.assert_frame_equal(places, before)


def test_no_places_give_an_empty_typed_table(places):
    pd.testing.assert_frame_equal(matched(places.iloc[:0]).reset_index(), empty_table("policy_rules"))
    checks = check_policy_rules(places.iloc[:0], policies=Policies(rules=RULES))
    assert checks["matched"].tolist() == [0, 0, 0, 0]
    assert checks.loc[0, "problem"] == "meets nothing now"


def test_a_place_that_no_rule_covers_is_an_error_that_names_its_segment(places):
    rules = {name: RULES[name] for name in ("ended", "steady")}
    with pytest.raises(CoverageError) as caught:
        matched(places, rules)
    assert str(caught.value).splitlines() == [
        "policies.rules leave item-locations without a policy:",
        "  1 of 4 item-locations meet no rule, first: SKU-0001 at NORTH",
        "  segment: AY 1",
        "  life_cycle: active 1",
        'Add a last rule that meets all: [policies.rules.all_others] where = "true".',
    ]


def test_missing_cells_meet_no_rule_and_so_are_not_covered(places):
    places["abc"] = places["abc"].where(places["item_id"] != "SKU-0042")
    with pytest.raises(CoverageError, match="1 of 4 item-locations meet no rule, first: SKU-0042 at NORTH"):
        matched(places, {"a": {"where": "abc = 'A'"}, "b": {"where": "abc <> 'A'"}})


def test_what_never_decides_is_told(places):
    rules = {
        "vital": {"where": "abc = 'A'"},
        "best": {"where": "abc = 'A' AND xyz = 'X'"},
        "none": {"where": "abc = 'B'"},
        "same": {"where": "abc  =  'A'"},
        "never": {"where": "1 = 2"},
        "all": {"where": "1 = 1"},
        "late": {"where": "abc = 'D'"},
    }
    active = places.assign(life_cycle="active")
    checks = check_policy_rules(active, policies=Policies(rules=rules)).set_index("rule")
    assert checks["rank"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert checks["problem"].to_dict() == {
        "vital": "",
        "best": "decides nothing now: always met by earlier rules",
        "none": "meets nothing now",
        "same": "can never fire: vital before it has the same condition",
        "never": "can never fire: its condition is never true",
        "all": "",
        "late": "can never fire: all before it meets all",
    }
    assert checks.loc["best", ["matched", "won", "shadowed_by"]].tolist() == [1, 0, "vital 1"]
    assert checks["won"].sum() == len(places)


def test_what_has_ended_and_is_stocked_all_the_same_is_told():
    """Two rules of a company that knows nothing of life cycles: what the default rules would not stock is named."""
    cells = [
        ("SKU-0042", "NORTH", "phased_out", 9), ("SKU-0007", "NORTH", "dormant", 9),
        ("SKU-0001", "SOUTH", "dormant", 1), ("SKU-0001", "NORTH", "new", 1),
        ("SKU-0002", "NORTH", "active", 1), ("SKU-0003", "NORTH", "superseded", 3),
        ("SKU-0004", "NORTH", "active", 7),
    ]  # fmt: skip
    table = pd.DataFrame(cells, columns=[*PLACE, "life_cycle", "demand_periods"]).astype({"demand_periods": float})
    table["abc"] = ["A", "A", "C", "C", "C", "C", "A"]
    rules = {
        "best": {"where": "abc = 'A'", "fill_rate": 0.98},
        "others": {"where": "true", "fill_rate": 0.9},
    }
    checks = check_policy_rules(table, policies=Policies(rules=rules)).set_index("rule")
    assert checks.index.tolist() == ["best", "others", "(ended)", "(one_off)"]
    assert checks.loc["(ended)", "problem"] == (
        "stocked, as no rule names it: 4 item-locations (dormant 2, phased_out 1, superseded 1), by best 2, others 2; "
        "first SKU-0001 at SOUTH; SKU-0003 at NORTH; SKU-0007 at NORTH. To keep no stock of it, put first: "
        f'[policies.rules.ended] where = "{DEFAULT_RULES["ended"].where}", policy = "to_order".'
    )
    assert checks.loc["(one_off)", "problem"].startswith(
        "stocked, as no rule names it: 1 item-location (sold once only 1), by others 1; first SKU-0002 at NORTH."
    )
    reasons = matched(table, rules)["reason"]
    told = reasons[reasons.str.contains("which no rule names")]
    assert len(told) == checks.loc[["(ended)", "(one_off)"], "matched"].sum() == 5
    assert told[("SKU-0042", "NORTH")].endswith("; phased_out, which no rule names")


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ({"where": "life_cycle = 'dormant'", "policy": "to_order"}, 0),
        ({"where": "life_cycle = 'dormant'", "policy": "min_max", "fill_rate": 0.9}, 0),  # named, and meant to be kept
        ({"where": "life_cycle <> 'new'", "policy": "min_max", "fill_rate": 0.9}, 1),
        ({"where": "abc = 'Q'"}, 1),
    ],
)
def test_rules_that_name_what_has_ended_decide_and_nothing_is_told(places, first, told):
    checks = check_policy_rules(places, policies=Policies(rules={"first": first, "others": {"where": "true"}}))
    assert checks["rule"].eq("(ended)").sum() == told
    known = places.assign(demand_periods=9.0)
    assert not check_policy_rules(known, policies=Policies())["rule"].str.startswith("(").any()


def test_every_wrong_condition_is_told_at_once_before_any_table_is_made():
    rules = {"a": {"where": "abcd = 'A'"}, "b": {"where": "adi >"}, "c": {"where": "location_lead_time_days > 3"}}
    with pytest.raises(SettingsError) as caught:
        require_policy_rules(Policies(rules=rules))
    assert "policies.rules.a.where = \"abcd = 'A'\": abcd is no column; did you mean abc?" in str(caught.value)
    assert "policies.rules.b.where" in str(caught.value)
    assert "policies.rules.c" not in str(caught.value)
    require_policy_rules(Policies())


def facts(**tables):
    names = {"items": "items", "item_value": "item_value", "item_segments": "item_segments"}
    names |= {"profile": "demand_profile", "locations": "locations"}
    return PlaceFacts(**{field: tables.get(field, empty_table(name)) for field, name in names.items()})


def test_a_place_has_its_own_demand_its_item_and_its_location():
    two = pd.DataFrame({"item_id": ["b", "a"], "location_id": ["N", "S"]})
    known = facts(
        items=pd.DataFrame({"item_id": ["a"], "category": ["valves"], "lead_time_days": [14.0]}),
        item_value=pd.DataFrame({"item_id": ["a", "b"], "net_margin": [1.0, 2.0]}),
        item_segments=pd.DataFrame({"item_id": ["a", "b"], "abc": ["A", "B"], "life_cycle": ["active", "new"]}),
        profile=two.assign(demand_class="(all)", life_cycle=["dormant", "active"], adi=[3.0, 1.0]),
        locations=pd.DataFrame({"location_id": ["S", "N"], "echelon": [1, 2], "lead_time_days": [3.0, 4.0]}),
    )
    table = join_places(two, known).set_index("item_id")
    assert table.index.tolist() == ["a", "b"]
    assert table["life_cycle"].to_dict() == {"a": "active", "b": "dormant"}
    assert table["item_life_cycle"].to_dict() == {"a": "active", "b": "new"}
    assert table["lead_time_days"].fillna(0).to_dict() == {"a": 14.0, "b": 0.0}
    assert table["location_lead_time_days"].to_dict() == {"a": 3.0, "b": 4.0}
    assert table["echelon"].to_dict() == {"a": 1, "b": 2}
    assert table["category"].fillna("").to_dict() == {"a": "valves", "b": ""}
    assert "demand_class" not in table


def test_rules_may_name_what_the_company_does_not_bring():
    assert {"category", "net_margin", "segment", "echelon", "pattern", "item_pattern"} <= set(empty_places().columns)
    assert empty_places().columns.is_unique


def test_every_place_of_the_sample_has_one_policy(sample_plan):
    rules, checks = sample_plan.policy_rules, sample_plan.rule_checks().set_index("rule")
    places = sample_plan.demand_profile[PLACE].drop_duplicates()
    assert len(rules) == len(places) == len(rules[PLACE].drop_duplicates())
    assert checks.index[: len(DEFAULT_RULES)].tolist() == list(DEFAULT_RULES)
    assert rules["rule"].value_counts().to_dict() == checks.loc[checks["won"] > 0, "won"].to_dict()
    life = rules.merge(sample_plan.demand_profile, on=PLACE)
    ended = life["life_cycle"].isin(["superseded", "phased_out", "dormant"])
    assert (life.loc[ended, "policy"] == "to_order").all()
    assert ended.any()
    assert (life.loc[life["demand_periods"] > 1, "policy"].eq("to_order") == ended[life["demand_periods"] > 1]).all()
    assert set(rules.loc[rules["policy"] != "to_order", "service_measure"]) == {"economic"}


def test_classes_of_demand_share_the_policy_of_their_place(sample_plan):
    apart = sample_plan.what_if(demand={"demand_class": "tier"})
    assert apart.demand_profile["demand_class"].nunique() > 1
    pd.testing.assert_frame_equal(apart.policy_rules, sample_plan.policy_rules)


def test_a_scenario_with_other_rules_shares_the_rest(sample_plan):
    what_if = sample_plan.what_if(policies={"rules": {"all": {"where": "true", "fill_rate": 0.95}}})
    assert set(what_if.policy_rules["target"]) == {0.95}
    assert what_if.item_segments.equals(sample_plan.item_segments)
    with pytest.raises(CoverageError, match=r"segment: CZ"):
        _ = sample_plan.what_if(policies={"rules": {"best": {"where": "abc = 'A'"}}}).policy_rules


def test_the_check_of_a_workspace_finds_what_is_wrong_with_its_rules(small_company, write_workspace):
    assert "ready" in check_workspace(write_workspace(small_company))
    with pytest.raises(SettingsError, match="abcd is no column"):
        check_workspace(write_workspace(small_company, "[policies.rules.a]\nwhere = \"abcd = 'A'\"\n"))
    with pytest.raises(CoverageError, match="meet no rule"):
        check_workspace(write_workspace(small_company, "[policies.rules.a]\nwhere = \"abc = 'Q'\"\n"))


def test_the_check_of_a_workspace_tells_what_rules_stock_without_naming_it(small_company, write_workspace):
    once = small_company["orders"].iloc[:1].assign(order_id="O-9999", item_id="SKU-0099")
    items = small_company["items"]
    master = pd.concat([items, items.iloc[:1].assign(item_id="SKU-0099")])
    tables = {**small_company, "orders": pd.concat([small_company["orders"], once]), "items": master}
    rules = '[policies.rules.best]\nwhere = "abc = \'A\'"\n[policies.rules.others]\nwhere = "true"\n'
    told = check_workspace(write_workspace(tables, rules))
    assert "  policies (one_off): stocked, as no rule names it: 1 item-location (sold once only 1), by " in told
    assert f"first SKU-0099 at {once['location_id'].item()}." in told
    assert "as no rule names it" not in check_workspace(write_workspace(tables, folder="plain"))


def test_the_check_of_a_workspace_tells_that_nothing_is_priced(write_workspace):
    weeks = pd.date_range("2025-01-06", periods=30, freq="7D").strftime("%Y-%m-%d")
    sales = pd.DataFrame({"item_id": "SKU-0001", "period": weeks, "quantity": 5})
    items = pd.DataFrame({"item_id": ["SKU-0001"], "unit_cost": [2.0], "lead_time_days": [14]})
    head = '[segments]\nmeasure = "quantity"\n[periods]\nunit = "week"\n[assume]\nholding_rate = 0.2\n'
    unpriced, priced = (
        check_workspace(write_workspace({"sales": table, "items": items}, head, folder=name))
        for name, table in (("bare", sales), ("priced", sales.assign(price=3.0)))
    )
    note = "policies: 1 of 1 item-locations get no levels, as their rule is economic and nothing is priced"
    assert note in unpriced
    assert note not in priced
