"""Least orders in which no stock pays are named; caps and limits that bind are counted with the service they take."""

from dataclasses import replace

import pytest

from segkit.inventory.policies.held_back import list_binding, name_least_orders
from segkit.inventory.policies.limits import size_within_limits, stock_budget
from segkit.inventory.policies.sizing import NO_PAY, size_policies


def test_a_least_order_in_which_no_stock_pays_is_named(make_sizing):
    dear = {"unit_margin": 0.01, "shortage_cost": 0.01, "holding_cost": 900.0}
    sizing = make_sizing(
        {}, {"moq": 50_000.0}, {"order_multiple": 50_000.0}, {"moq": 50_000.0, "order_multiple": 4.0},
        {**dear, "moq": 50_000.0}, dear, {"moq": 50_000.0, "policy": "to_order", "service_measure": ""},
    )  # fmt: skip
    sized = size_policies(sizing)
    assert sized["policy"].tolist() == ["order_up_to", *["to_order"] * 6]
    made = name_least_orders(sizing, sized)
    assert made["reason"].tolist() == [
        "rule all_others: true",
        "no stock pays in orders of 50000 (moq); it would in orders of 1",
        "no stock pays in orders of 50000 (order_multiple); it would in orders of 1",
        "no stock pays in orders of 50000 (moq); it would in orders of 4",
        NO_PAY,
        NO_PAY,
        "rule all_others: true",
    ]
    assert made.drop(columns="reason").equals(sized.drop(columns="reason"))


def test_what_a_cap_takes_is_what_the_levels_without_it_would_give(make_sizing):
    rows = [{}, {"max_stock": 6.0}, {"shelf_life_days": 7.0}, {"max_stock": 0.5}, {"max_stock": 9e9}]
    sizing = make_sizing(*rows)
    held = size_policies(sizing)
    free = size_policies(make_sizing({}, {}, {}, {}, {}))
    made = list_binding(sizing, held).set_index("capped_by")
    assert made[["places", "idle"]].to_numpy().tolist() == [[2, 1], [1, 0]]
    assert made.loc["max_stock", "fill_rate"] == pytest.approx(held["fill_rate"][[1, 3]].mean())
    assert made["free_fill_rate"].tolist() == pytest.approx([free["fill_rate"][0]] * 2)
    lost = held["lost_margin"] - free["lost_margin"]
    assert made["lost_margin"].tolist() == pytest.approx([lost[1] + lost[3], lost[2]])
    assert lost[1] > 0
    assert list_binding(sizing, free).empty


def test_a_budget_that_binds_is_listed_and_a_loose_one_is_not(make_sizing):
    sizing = make_sizing(*[{"unit_cost": float(cost)} for cost in (5, 10, 20)])
    for budget, count in ((1e9, 0), (200.0, 3)):
        limited = replace(sizing, limits=(stock_budget(sizing, budget),))
        made = list_binding(limited, size_within_limits(limited))
        assert made["places"].tolist() == [count][:count]
        assert (made["fill_rate"] < made["free_fill_rate"]).all()
