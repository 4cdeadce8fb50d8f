"""Caps that moq or pack exceed, and what is not stocked because of one, are rows of policy_checks."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.caps import check_caps, has_caps
from segkit.inventory.policies.sizing import size_policies

AT_95 = {"service_measure": "fill_rate", "target": 0.95}


AT_ONE = "exceeded by moq or pack at 1 item-location, first: "


def checked(sizing):
    made = check_caps(empty_table("policy_checks"), sizing, size_policies(sizing))
    return [tuple(row) for row in made[["rule", "matched", "problem"]].itertuples(index=False)]


def test_caps_that_the_least_order_exceeds_are_told_with_figures(make_sizing):
    rows = [
        {"max_cover_days": 3.5, "moq": 50.0},  # 16 are sold in the lead time of 28 days, and 2 in 3.5
        {"max_stock": 30.0, "order_multiple": 40.0, "source": "override"},
        {"max_stock": 30.0, "moq": 6.0},
        {"shelf_life_days": 7.0, "moq": 24.0},
        {"max_stock": 30.0, "order_quantity": 44.0, "source": "override"},
    ]
    assert checked(make_sizing(*({**AT_95, **row} for row in rows))) == [
        ("(max_cover_days)", 1, f"{AT_ONE}SKU-0000 at NORTH 50 of 18 (moq 50)"),
        ("(shelf_life_days)", 1, f"{AT_ONE}SKU-0003 at NORTH 24 of 20 (moq 24)"),
        (
            "(max_stock)",
            3,
            "exceeded by moq or pack at 2 item-locations, first: SKU-0001 at NORTH 40 of 30 (pack 40); "
            "SKU-0004 at NORTH 44 of 30 (order_quantity 44, set by a person)",
        ),
    ]


@pytest.mark.parametrize("goal", [{}, AT_95])
def test_what_a_cap_leaves_no_room_for_is_told(make_sizing, goal):
    sizing = make_sizing(*[{**goal, "max_stock": 0.5, "moq": 5.0}] * 4, {**goal, "max_stock": 30.0}, goal)
    [(rule, matched, problem)] = checked(sizing)
    assert (rule, matched) == ("(max_stock)", 5)
    assert problem.startswith("no room for one unit at 4 item-locations, not stocked, first: SKU-0000 at NORTH 0.5; ")
    assert problem.count(" at NORTH 0.5") == 3


def test_caps_that_are_kept_and_levels_that_win_over_them_are_not_told(make_sizing):
    kept, least = {**AT_95, "max_stock": 30.0, "moq": 30.0}, {**AT_95, "max_cover_days": 1.0, "min_stock": 90.0}
    by_person = {"max_cover_days": 1.0, "order_up_to": 90.0, "source": "override"}
    assert checked(make_sizing(kept, least, by_person, {"policy": "to_order", "service_measure": ""})) == []


def test_whether_anything_is_capped(make_sizing):
    items = pd.DataFrame({"item_id": ["SKU-0000"], "shelf_life_days": [30.0]})
    assert has_caps(make_sizing({"max_stock": 3.0}).rules, items[["item_id"]])
    assert has_caps(make_sizing({}).rules, items)
    assert not has_caps(make_sizing({}).rules, items[["item_id"]])
