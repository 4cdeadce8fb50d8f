"""What a person set wins for as long as it holds, beside what the rule would give; what cannot hold is told."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.core.policy_settings import Policies
from segkit.inventory.policies.places import PLACE, empty_places
from segkit.inventory.policies.policy_overrides import (
    SETTABLE,
    held_overrides,
    list_policy_override_problems,
    note_policy_overrides,
    require_policy_overrides,
)
from segkit.inventory.policies.policy_rules import check_policy_rules, match_policies
from segkit.inventory.policies.set_by_person import check_set_lots
from segkit.prepare import check_workspace

DAY = date(2025, 12, 31)
RULES = {
    "ended": {"where": "abc = 'E'", "policy": "to_order"},
    "vital": {"where": "abc = 'A'", "policy": "min_max", "fill_rate": 0.98, "min_stock": 5, "max_stock": 40},
    "lots": {"where": "abc = 'Q'", "policy": "reorder_quantity"},
    "others": {"where": "true"},
}


def overrides(*rows):
    """Return policy_overrides from dicts; reason and last day are filled where they are not given."""
    kinds = empty_table("policy_overrides").dtypes
    made = pd.DataFrame([{"reason": "contract", "valid_to": "2026-03-31", **row} for row in rows])
    made = made.reindex(columns=list(kinds.index))
    dated = made.assign(**{name: pd.to_datetime(made[name]) for name in ("valid_from", "valid_to")})
    return dated.astype(kinds.to_dict()).sample(frac=1, random_state=1)


def places(**classes):
    """Return two places, NORTH and SOUTH, for every item named with its class."""
    rows = [(item, place, abc) for item, abc in classes.items() for place in ("NORTH", "SOUTH")]
    return pd.DataFrame(rows, columns=[*PLACE, "abc"]).astype("str")


def matched(table, *rows):
    policies = Policies(rules=RULES)
    return match_policies(table, overrides(*rows), policies=policies, review_days=7, as_of=DAY).set_index(PLACE)


def test_both_values_are_kept_and_the_reason_says_who_until_when_and_why():
    table = matched(places(a="A"), {"item_id": "a", "location_id": "NORTH", "cycle_service": 0.9, "max_stock": 60})
    row, other = table.loc[("a", "NORTH")], table.loc[("a", "SOUTH")]
    assert row[["rule", "policy", "service_measure", "target", "min_stock", "max_stock", "source"]].tolist() == [
        "vital", "min_max", "cycle_service", 0.9, 5.0, 60.0, "override",
    ]  # fmt: skip
    assert row["rule_would_be"] == "min_max, fill_rate 0.98, review_days 7, min_stock 5, max_stock 40"
    assert row["valid_to"] == pd.Timestamp("2026-03-31")
    assert row["reason"] == (
        "set by a person until 2026-03-31: cycle_service 0.9, max_stock 60 (contract); instead of rule vital: abc = 'A'"
    )
    assert other[["source", "service_measure", "target", "rule_would_be"]].tolist() == ["rule", "fill_rate", 0.98, ""]
    assert pd.isna(other["valid_to"])
    assert row["also_matched"] == other["also_matched"] == "others"


@pytest.mark.parametrize(
    ("first", "last", "held"),
    [
        (None, "2025-12-31", True),
        (None, "2025-12-30", False),
        ("2025-12-31", "2026-01-31", True),
        ("2026-01-01", "2026-01-31", False),
    ],
)
def test_an_override_holds_from_its_first_to_its_last_day(first, last, held):
    row = {"item_id": "a", "reorder_point": 9, "valid_from": first, "valid_to": last}
    table = matched(places(a="A"), row)
    assert (table["source"] == ("override" if held else "rule")).all()
    assert table["reorder_point"].notna().all() == held


def test_a_row_for_a_place_wins_over_that_for_all_and_says_so():
    wide = {"item_id": "a", "fill_rate": 0.9, "min_stock": 7, "reason": "all shops"}
    table = matched(places(a="A", b="A"), wide, {"item_id": "a", "location_id": "NORTH", "fill_rate": 0.8})
    north, south = table.loc[("a", "NORTH")], table.loc[("a", "SOUTH")]
    assert north[["target", "min_stock"]].tolist() == [0.8, 5.0]  # the whole row, not cell by cell
    assert "; wins over the override for all locations of the item; instead of rule vital" in north["reason"]
    assert south[["target", "min_stock"]].tolist() == [0.9, 7.0]
    assert "wins over" not in south["reason"]
    assert (table.loc["b", "source"] == "rule").all()


@pytest.mark.parametrize("named", ["", "(all)", None])
def test_all_locations_may_be_written_in_three_ways(named):
    assert (
        matched(places(a="A"), {"item_id": "a", "location_id": named, "safety_stock": 3})["safety_stock"] == 3
    ).all()


@pytest.mark.parametrize(
    ("abc", "row", "policy"),
    [
        ("C", {"reorder_point": 5}, "min_max"),
        ("C", {"order_up_to": 5}, "order_up_to"),
        ("C", {"reorder_point": 5, "order_up_to": 9}, "min_max"),
        ("C", {"order_quantity": 5}, "reorder_quantity"),
        ("C", {"safety_stock": 5}, "order_up_to"),
        ("A", {"reorder_point": 5}, "min_max"),
        ("A", {"order_up_to": 5}, "min_max"),
        ("A", {"reorder_point": 5, "order_quantity": 9}, "reorder_quantity"),
        ("Q", {"reorder_point": 5}, "reorder_quantity"),
        ("Q", {"order_up_to": 5}, "min_max"),
        ("E", {"reorder_point": 5}, "min_max"),
        ("E", {"order_up_to": 5}, "order_up_to"),
        ("E", {"fill_rate": 0.9}, "order_up_to"),
        ("E", {"min_stock": 1}, "order_up_to"),
        ("E", {"min_stock": 0}, "to_order"),
        ("E", {"max_stock": 9}, "to_order"),
        ("E", {"policy": "min_max"}, "min_max"),
        ("A", {"policy": "order_up_to", "order_up_to": 9}, "order_up_to"),
        ("A", {"policy": "to_order"}, "to_order"),
    ],
)  # fmt: skip
def test_a_policy_that_is_not_named_follows_from_the_figures(abc, row, policy):
    made = matched(places(a=abc), {"item_id": "a", **row}).iloc[0]
    assert made["policy"] == policy
    rule = next(name for name, rule in RULES.items() if rule["where"] in (f"abc = '{abc}'", "true"))
    base = RULES[rule].get("policy", "order_up_to")
    assert ("is what these figures call for" in made["reason"]) == (policy != base and "policy" not in row)
    assert (made["service_measure"] == "") == (policy == "to_order")
    if policy == "to_order":
        assert made[["target", "min_stock", "max_stock", "max_cover_days"]].isna().all()
    else:
        for name in set(row) & {"reorder_point", "order_up_to", "order_quantity", "safety_stock"}:
            assert made[name] == row[name]


def test_a_cap_set_by_a_person_makes_the_opposite_cap_of_the_rule_give_way():
    made = matched(places(a="A"), {"item_id": "a", "min_stock": 50}).iloc[0]
    assert made["min_stock"] == 50
    assert np.isnan(made["max_stock"])
    assert "; the rule's max_stock 40 gives way" in made["reason"]
    made = matched(places(a="A"), {"item_id": "a", "max_stock": 2}).iloc[0]
    assert made["max_stock"] == 2
    assert np.isnan(made["min_stock"])
    assert "; the rule's min_stock 5 gives way" in made["reason"]


PROBLEMS = [
    ({}, "overrides set nothing"),
    ({"fill_rate": 0.9, "cycle_service": 0.9}, "set both cycle_service and fill_rate"),
    ({"fill_rate": 1.0}, "set a target of 0, or above 0.9999"),
    ({"cycle_service": 0.999999}, "set a target of 0, or above 0.9999"),
    ({"fill_rate": 0.9, "safety_stock": 3}, "set both safety_stock and a target"),
    ({"order_up_to": 9, "order_quantity": 3}, "set both order_up_to and order_quantity"),
    ({"policy": "order_up_to", "reorder_point": 3}, "set what policy order_up_to does not use"),
    ({"policy": "reorder_quantity", "order_up_to": 3}, "set what policy reorder_quantity does not use"),
    ({"policy": "min_max", "order_quantity": 3}, "set what policy min_max does not use"),
    ({"policy": "to_order", "min_stock": 3}, "set what policy to_order does not use"),
    ({"min_stock": 3, "max_stock": 2}, "have a min_stock above max_stock"),
    ({"reorder_point": 3, "order_up_to": 2}, "have a reorder_point above order_up_to"),
    ({"order_up_to": 3, "max_stock": 2}, "have an order_up_to above max_stock"),
    ({"min_stock": 3, "valid_from": "2026-04-01"}, "end before they begin"),
    ({"min_stock": 3, "reason": " "}, "give no reason"),
]


@pytest.mark.parametrize(("row", "said"), PROBLEMS)
def test_what_cannot_be_is_told(row, said):
    problems = list_policy_override_problems(overrides({"item_id": "a", "location_id": "N", **row}))
    assert len(problems) == 1
    assert said in problems[0]
    assert problems[0].endswith(" in 1 row, first: a at N until 2026-03-31")


def test_all_problems_come_at_once():
    rows = [{"item_id": f"SKU-{n:04d}", **row} for n, (row, _) in enumerate(PROBLEMS)]
    with pytest.raises(DataError) as caught:
        matched(places(a="A"), *rows)
    assert "table 'policy_overrides' cannot be used in 14 ways" in str(caught.value)
    for _, said in PROBLEMS:
        assert said in str(caught.value)
    assert "first: SKU-0000 at all locations until 2026-03-31" in str(caught.value)
    assert "Mend table policy_overrides" in str(caught.value)


def test_nothing_is_wrong_with_an_empty_table():
    require_policy_overrides(empty_table("policy_overrides"))


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["N", None]), st.integers(1, 20), st.integers(0, 6)),
        min_size=1,
        max_size=6,
    )
)
def test_two_for_the_same_place_and_day_are_a_conflict_and_only_they(spans):
    start = pd.Timestamp("2025-01-01")
    rows = [
        {"item_id": item, "location_id": place, "min_stock": 1, "valid_from": start + pd.Timedelta(days=first),
         "valid_to": start + pd.Timedelta(days=first + length)}
        for item, place, first, length in spans
    ]  # fmt: skip
    days = [(item, place, day) for item, place, first, length in spans for day in range(first, first + length + 1)]
    problems = list_policy_override_problems(overrides(*rows))
    assert bool(problems) == (len(set(days)) < len(days))
    assert all("overlap another override of the same item and location" in problem for problem in problems)


def test_at_most_one_holds_at_a_place_and_the_order_of_places_stays():
    table = places(b="A", a="A", c="C")
    rows = overrides(
        {"item_id": "a", "min_stock": 1, "valid_to": "2025-12-30"},
        {"item_id": "a", "min_stock": 2, "valid_from": "2025-12-31"},
        {"item_id": "c", "location_id": "SOUTH", "min_stock": 3},
        {"item_id": "z", "min_stock": 4},
    )
    held = held_overrides(table, rows, as_of=DAY)
    pd.testing.assert_frame_equal(held[PLACE], table[PLACE])
    assert held["min_stock"].fillna(0).tolist() == [0, 0, 2, 2, 0, 3]
    assert not held["beats"].any()


def test_what_is_worth_knowing_is_noted():
    rows = overrides(
        {"item_id": "a", "min_stock": 2},
        {"item_id": "a", "location_id": "N", "min_stock": 2},
        {"item_id": "b", "location_id": "N", "min_stock": 2, "valid_to": "2025-12-30"},
        {"item_id": "b", "location_id": "N", "min_stock": 2, "valid_from": "2026-01-01"},
        {"item_id": "q", "min_stock": 2},
        {"item_id": "b", "location_id": "Q", "min_stock": 2},
    )
    known = [pd.DataFrame({"item_id": ["a", "b"]}), pd.DataFrame({"location_id": ["N"]})]
    noted = note_policy_overrides(rows, known, as_of=DAY)
    assert noted.set_index("reason")["rows"].to_dict() == {
        "set by a person": 2,
        "for all locations, where one for a place wins": 1,
        "expired": 1,
        "not yet begun": 1,
        "of ids that the data do not know": 2,
    }
    lines = pd.DataFrame({"item_id": ["a"], "location_id": ["N"]})
    idle = note_policy_overrides(rows, [*known, lines], as_of=DAY).set_index("reason")["rows"]
    assert idle["of an item at a place where nobody asked for it"] == 1  # b at N, not yet begun
    assert noted["first"].tolist()[1] == "a at all locations until 2026-03-31"
    assert noted.dtypes.to_dict() == empty_table("data_quality").dtypes.to_dict()
    assert note_policy_overrides(rows.iloc[:0], known, as_of=DAY).empty


def test_inputs_are_not_changed():
    table, rows = places(a="A"), overrides({"item_id": "a", "location_id": "", "min_stock": 2})
    before = table.copy(), rows.copy()
    match_policies(table, rows, policies=Policies(rules=RULES), review_days=7, as_of=DAY)
    note_policy_overrides(rows, [table], as_of=DAY)
    pd.testing.assert_frame_equal(table, before[0])
    pd.testing.assert_frame_equal(rows, before[1])


def test_a_table_of_a_company_that_fills_few_columns(small_company, write_workspace):
    rows = pd.DataFrame(
        {
            "item_id": ["SKU-0001", "SKU-0002"],
            "location_id": ["NORTH", None],
            "min_stock": [12, 3],
            "reason": ["Show room", "Old contract"],
            "valid_to": ["2099-12-31", "2024-12-31"],
        }
    )
    folder = write_workspace({**small_company, "policy_overrides": rows})
    plan = sk.open_plan(folder)
    table = plan.policy_rules.set_index(PLACE)
    assert table["source"].value_counts().to_dict() == {"rule": len(table) - 1, "override": 1}
    assert table.loc[("SKU-0001", "NORTH"), "min_stock"] == 12
    noted = plan.data_quality.query("source_table == 'policy_overrides' and action == 'noted'")
    assert noted.set_index("reason")["rows"].to_dict() == {"set by a person": 1, "expired": 1}
    assert "policy_overrides: 2 rows" in check_workspace(folder)
    write_workspace({**small_company, "policy_overrides": rows.assign(max_stock=1)})
    with pytest.raises(DataError, match="min_stock above max_stock in 2 rows"):
        check_workspace(folder)
    write_workspace({**small_company, "policy_overrides": rows.assign(min_stock=-1)})
    with pytest.raises(DataError, match="min_stock is below 0"):
        check_workspace(folder)


def test_what_may_be_set_is_in_the_table():
    columns = set(empty_table("policy_overrides").columns)
    assert set(SETTABLE) == columns - {*PLACE, "reason", "valid_from", "valid_to"}


def test_orders_set_by_a_person_that_moq_or_pack_rule_out_are_told_and_stand():
    """20 are set where at least 80 can be ordered, 90 where they come by 40: both stand, and the checks say so."""
    places = {"item_id": ["a", "b", "c", "d"], "location_id": "NORTH", "order_quantity": [20.0, 90.0, 80.0, np.nan]}
    rules = pd.DataFrame(places).reindex(columns=empty_table("policy_rules").columns)
    items = pd.DataFrame({"item_id": ["a", "b", "c", "d"], "moq": 80.0, "order_multiple": [np.nan, 40.0, 40.0, 40.0]})
    checks = check_policy_rules(empty_places(), policies=Policies())
    made = check_set_lots(checks, rules, items)
    pd.testing.assert_frame_equal(made.iloc[:-1], checks)
    last = made.iloc[-1]
    assert (last["rank"], last["rule"], last["won"]) == (len(checks) + 1, "(set by a person)", 3)
    assert last["problem"] == (
        "2 orders set that moq or pack rule out, first: a at NORTH 20 (moq 80); b at NORTH 90 (packs of 40)"
    )
    pd.testing.assert_frame_equal(check_set_lots(checks, rules.iloc[2:], items), checks)
    pd.testing.assert_frame_equal(check_set_lots(checks, rules, items[["item_id"]]), checks)


def test_levels_set_by_a_person_between_which_no_order_fits_are_told():
    """20 to 40 where 50 are ordered at least; up to 30 of packs of 40; 20 to 80 fits; up to 0 nothing is ordered."""
    rows = {"a": (20.0, 40.0), "b": (np.nan, 30.0), "c": (20.0, 80.0), "d": (0.0, 0.0), "e": (20.0, np.nan)}
    made = [{"item_id": one, "reorder_point": low, "order_up_to": high} for one, (low, high) in rows.items()]
    rules = pd.DataFrame(made).assign(location_id="N").reindex(columns=empty_table("policy_rules").columns)
    items = pd.DataFrame({"item_id": list(rows), "moq": [50.0, 0.0, 50.0, 50.0, 50.0], "order_multiple": 40.0})
    checks = check_policy_rules(empty_places(), policies=Policies())
    last = check_set_lots(checks, rules, items).iloc[-1]
    assert last["problem"] == (
        "2 orders set that moq or pack rule out, first: a at N up to its level 20 (moq 50); "
        "b at N up to its level 30 (packs of 40)"
    )
    assert last["won"] == 3


def test_a_cap_of_the_rule_that_levels_of_a_person_cross_gives_way_and_others_stay():
    """The rule of class A keeps 5 to 40 units."""
    rows = [
        {"item_id": "a", "reorder_point": 60},
        {"item_id": "b", "reorder_point": 20},
        {"item_id": "c", "reorder_point": 2, "order_up_to": 4},
        {"item_id": "d", "safety_stock": 9, "max_stock": 70},
    ]
    table = matched(places(a="A", b="A", c="A", d="A"), *rows).xs("NORTH", level="location_id")
    assert table["min_stock"].fillna(-1).tolist() == [5, 5, -1, -1]
    assert table["max_stock"].fillna(-1).tolist() == [-1, 40, 40, 70]
    assert "the rule's max_stock 40 gives way" in table.loc["a", "reason"]
    assert "the rule's min_stock 5 gives way" in table.loc["c", "reason"]


@pytest.mark.parametrize(
    ("figures", "problem"),
    [
        ({"reorder_point": 60, "max_stock": 50}, "a reorder_point above max_stock, alone or with order_quantity"),
        ({"reorder_point": 30, "order_quantity": 30, "max_stock": 50}, "a reorder_point above max_stock"),
        ({"reorder_point": 3, "order_quantity": 3, "min_stock": 50}, "a reorder_point with order_quantity below"),
        ({"order_up_to": 30, "min_stock": 50}, "an order_up_to below min_stock"),
    ],
)
def test_levels_that_a_persons_own_cap_rules_out_are_refused(figures, problem):
    found = list_policy_override_problems(overrides({"item_id": "a", **figures}))
    assert len(found) == 1
    assert problem in found[0]
    assert not list_policy_override_problems(overrides({"item_id": "a", "reorder_point": 40, "max_stock": 50}))
