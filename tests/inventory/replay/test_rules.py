"""The rules replayed beside each other: own levels, one target for all, and a rule of thumb."""

import numpy as np
import pandas as pd
import pytest

from segkit.inventory.policies.sizing import size_policies
from segkit.inventory.replay.rules import ONE_TARGETS, OWN, THUMB, one_target_name, set_levels

DAY = pd.Timestamp(2025, 1, 1)
ROWS = [
    {},
    {"policy": "to_order", "service_measure": ""},
    {"unit_margin": 0.01, "shortage_cost": 0.01},
    {"policy": "reorder_quantity", "service_measure": "fill_rate", "target": 0.9, "moq": 12.0},
    {"service_measure": "cycle_service", "target": 0.3, "mean": 0.05},
]


@pytest.fixture(scope="module")
def sizing(make_sizing):
    return make_sizing(*ROWS)


@pytest.fixture(scope="module")
def made(sizing):
    return set_levels(sizing, DAY, cover_days=14.0)


def test_own_levels_are_those_of_the_policies(sizing, made):
    own, told = size_policies(sizing), made.by_rule[OWN]
    stocked = (own["order_up_to"] > 0).to_numpy()
    assert stocked.tolist() == [True, False, False, True, False]
    both = ["reorder_point", "order_up_to"]
    assert told.loc[stocked, both].equals(own.loc[stocked, both])
    assert (told.loc[~stocked, both] == -1).all(axis=None)
    assert told["lot"].tolist() == [0.0, 0.0, 0.0, 12.0, 0.0]
    assert made.places["item_id"].tolist() == own["item_id"].tolist()


def test_one_size_stocks_what_no_rule_forbids(made):
    assert list(made.by_rule) == [OWN, *map(one_target_name, ONE_TARGETS), THUMB]
    for target in ONE_TARGETS:
        table = made.by_rule[one_target_name(target)]
        assert (table.loc[[0, 2, 3], "order_up_to"] > 0).all()
        assert table.loc[1, "order_up_to"] == -1
        assert (table["lot"] == 0).all()
    levels = np.array([made.by_rule[one_target_name(target)]["order_up_to"] for target in ONE_TARGETS])
    assert (np.diff(levels, axis=0) >= 0).all()


def test_the_rule_of_thumb_by_hand(sizing, made):
    table = made.by_rule[THUMB]
    daily = 20.0 / 5.0 / 7.0
    assert table["order_up_to"].tolist() == [np.ceil(daily * (28 + 7 + 14))] * 1 + [-1.0] + [28.0, 28.0, 1.0]
    assert table["reorder_point"].tolist() == [27.0, -1.0, 27.0, 16.0, 0.0]
    nothing = set_levels(sizing.under(policy="to_order"), DAY, cover_days=14.0)
    assert (nothing.by_rule[THUMB]["order_up_to"] == -1).all()


def test_what_cannot_be_sized_is_not_stocked(make_sizing):
    sizing = make_sizing({})
    blank = sizing.costs.assign(holding_cost=np.nan)
    unsized = type(sizing)(sizing.rules, blank, sizing.covered, sizing.period_days, None)
    assert set_levels(unsized, DAY, cover_days=14.0).by_rule[OWN]["order_up_to"].tolist() == [-1.0]


@pytest.mark.parametrize(("target", "name"), [(0.5, "one target P1 50 %"), (0.925, "one target P1 92.5 %")])
def test_names_say_the_target(target, name):
    assert one_target_name(target) == name
