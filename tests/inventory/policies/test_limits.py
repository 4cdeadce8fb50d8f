"""Limits on the stock of many item-locations together: a budget, the room of locations, and what they cost."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies import limits
from segkit.inventory.policies.covered import CoveredPlaces
from segkit.inventory.policies.left_over import dearer, taken
from segkit.inventory.policies.limits import check_limits, location_room, size_within_limits, stock_budget
from segkit.inventory.policies.sizing import size_policies


@pytest.fixture(scope="module")
def sizing(sample_plan):
    """Return every fourth item-location of the sample: a limit takes many sizings."""
    every = sample_plan.what_if(assume={"holding_rate": 0.25, "order_cost": 15.0}).sizing()
    rows = np.arange(0, len(every.rules), 4)
    rules, costs, places = (
        table.iloc[rows].reset_index(drop=True) for table in (every.rules, every.costs, every.covered.places)
    )
    covered = CoveredPlaces(places, every.covered.demand.of(rows), every.covered.lots[rows])
    return replace(every, rules=rules, costs=costs, covered=covered)


def within(sizing, *limits):
    return size_within_limits(replace(sizing, limits=limits))


def served(policies):
    return (policies["fill_rate"] * policies["demand_year"]).sum()


def test_without_a_limit_and_with_a_loose_one_nothing_changes(sizing):
    free = size_policies(sizing)
    pd.testing.assert_frame_equal(within(sizing), free)
    pd.testing.assert_frame_equal(within(sizing, stock_budget(sizing, 1e12)), free)


@pytest.mark.parametrize("share", [0.9, 0.6, 0.2])
def test_stock_keeps_to_its_budget_and_uses_it(sizing, share):
    free = size_policies(sizing)
    budget = share * free["stock_value"].sum()
    held = within(sizing, stock_budget(sizing, budget))
    assert 0.97 * budget <= held["stock_value"].sum() <= budget * (1 + 1e-6)
    assert served(held) < served(free)
    moved = held["capped_by"] == "stock_budget"
    assert moved.any()
    assert (held.loc[moved, "order_up_to"] < free.loc[moved, "order_up_to"]).all()
    assert held.loc[moved, "reason"].str.contains("times its holding cost").all()


@pytest.mark.parametrize("share", [0.95, 0.5, 0.02])
def test_the_price_of_a_limit_is_the_least_that_keeps_to_it(sizing, share):
    """A multiple of holding costs one step lower takes more than the budget, however it was found."""
    budget = share * size_policies(sizing)["stock_value"].sum()
    limit, unit, none = stock_budget(sizing, budget), np.array([0.25]), np.zeros(len(sizing.rules))
    found, takes = limits._find_factors(sizing, limit, unit, none, limits._used(sizing, limit, none))
    assert found[0] > 1.0

    def used(factor):
        return limits._used(sizing, limit, limits._charges(limit, unit * (factor - 1.0)))[0]

    assert takes[0] == used(found[0]) <= budget * (1 + 1e-9)
    assert used(found[0] / limits._STEP) > budget


def test_a_limit_takes_few_sizings(sizing, monkeypatch):
    counted = []
    monkeypatch.setattr(limits, "size_policies", lambda one: counted.append(one) or size_policies(one))
    within(sizing, stock_budget(sizing, 0.7 * size_policies(sizing)["stock_value"].sum()))
    assert len(counted) <= 13  # halving takes 18


def test_more_budget_serves_no_less(sizing):
    whole = size_policies(sizing)["stock_value"].sum()
    fills = [served(within(sizing, stock_budget(sizing, share * whole))) for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert fills == sorted(fills)


def test_holding_is_charged_as_it_is_and_not_by_the_shadow_price(sizing):
    held = within(sizing, stock_budget(sizing, 0.5 * size_policies(sizing)["stock_value"].sum()))
    told = held["stock"] * sizing.costs["holding_cost"]
    np.testing.assert_allclose(held["holding_cost"].dropna(), told[held["holding_cost"].notna()])


def test_a_budget_takes_stock_where_it_returns_least(sizing):
    """One cycle_service for all, with no less stock, loses more margin."""
    budget = 0.6 * size_policies(sizing)["stock_value"].sum()
    held = within(sizing, stock_budget(sizing, budget))
    sized = [
        size_policies(sizing.under(service_measure="cycle_service", target=target, policy="order_up_to"))
        for target in np.arange(0.7, 0.97, 0.02)
    ]
    one = next(table for table in sized if table["stock_value"].sum() >= held["stock_value"].sum())
    assert one["stock_value"].sum() < 1.15 * held["stock_value"].sum()
    assert held["lost_margin"].sum() < one["lost_margin"].sum()


def test_each_location_keeps_to_its_own_room(sizing, sample_plan):
    free = size_policies(sizing)
    volume = free["item_id"].map(sample_plan.items.set_index("item_id")["volume_m3"])
    taken = (free["stock"] * volume).groupby(free["location_id"]).sum()
    room = taken * np.where(np.arange(len(taken)) % 2 == 0, 0.7, 2.0)
    locations = pd.DataFrame({"location_id": taken.index, "capacity_m3": room.to_numpy()})
    held = within(sizing, location_room(sizing, sample_plan.items, locations))
    used = (held["stock"] * volume).groupby(held["location_id"]).sum()
    assert (used <= room * (1 + 1e-6)).all()
    loose = held["location_id"].isin(taken.index[1::2])
    pd.testing.assert_frame_equal(held[loose], free[loose])
    assert set(held.loc[held["capped_by"] == "capacity_m3", "location_id"]) == set(taken.index[::2])


def test_a_location_of_unknown_room_has_no_limit(sizing, sample_plan):
    locations = pd.DataFrame({"location_id": ["elsewhere"], "capacity_m3": [1.0]})
    pd.testing.assert_frame_equal(
        within(sizing, location_room(sizing, sample_plan.items, locations)), size_policies(sizing)
    )


def test_targets_do_not_give_way_and_what_they_take_beyond_is_told(sizing):
    fixed = sizing.rules.assign(
        service_measure=sizing.rules["service_measure"].where(sizing.rules.index % 2 == 0, "cycle_service"),
        target=sizing.rules["target"].where(sizing.rules.index % 2 == 0, 0.95),
    )
    mixed = replace(sizing, rules=fixed)
    free = size_policies(mixed)
    target = (free["service_measure"] == "cycle_service").to_numpy()
    budget = 0.5 * free.loc[target, "stock_value"].sum()
    held = within(mixed, stock_budget(mixed, budget))
    np.testing.assert_allclose(held.loc[target, "order_up_to"], free.loc[target, "order_up_to"])
    assert held["reason"].str.contains("targets and persons take").any()


@pytest.fixture(scope="module")
def one_place(sizing):
    """Return the item-locations of one place."""
    return sizing.of(np.flatnonzero(sizing.rules["location_id"] == "DCN"))


def room_of(sizing, items, share, free):
    """Return the limit that rooms hold a share of what free stock takes."""
    volume = free["item_id"].map(items.set_index("item_id")["volume_m3"])
    taken = share * (free["stock"] * volume).groupby(free["location_id"]).sum()
    return location_room(sizing, items, pd.DataFrame({"location_id": taken.index, "capacity_m3": taken.to_numpy()}))


def spent(policies):
    return (policies["lost_margin"] + policies["holding_cost"]).sum()


def told_price(policies):
    """Return the price of a m3 that reasons tell."""
    told = policies["reason"].str.extract(r"returns ([\d,.]+) a year for each m3")[0].dropna().unique()
    return float(told[0].replace(",", ""))


def test_the_price_of_room_is_what_a_little_more_of_it_saves(one_place, sample_plan):
    """Holding and lost margin fall by the price of a m3: between rooms of 62 and 58 %, by one between their prices."""
    free = size_policies(one_place)
    rooms = [room_of(one_place, sample_plan.items, share, free) for share in (0.62, 0.58)]
    wide, narrow = (within(one_place, room) for room in rooms)
    used = [taken(held, room)[0] for held, room in zip((wide, narrow), rooms, strict=True)]
    saved = (spent(narrow) - spent(wide)) / (used[0] - used[1])
    assert 0.97 * told_price(wide) < saved < 1.03 * told_price(narrow)


def test_a_room_is_kept_by_what_is_bulky_and_not_by_what_is_dear(one_place, sample_plan):
    """Had stock to return the same multiple of its holding cost, small dear items would go where bulky ones should."""
    free = size_policies(one_place)
    room = room_of(one_place, sample_plan.items, 0.6, free)
    held, multiple = within(one_place, room), 1.0
    while taken(dear := size_policies(dearer(one_place, multiple * costs_of(one_place))), room) > room.most:
        multiple += 0.25
    dear = dear.assign(holding_cost=dear["stock"] * costs_of(one_place))
    assert spent(held) - spent(free) < 0.9 * (spent(dear) - spent(free))


def costs_of(sizing):
    return sizing.costs["holding_cost"].to_numpy()


@pytest.mark.parametrize("shares", [(0.6, 0.9), (0.6, 0.5), (0.9, 0.5)])
def test_room_and_budget_together_are_both_kept_and_neither_is_paid_for_what_the_other_does(
    one_place, sample_plan, shares
):
    free = size_policies(one_place)
    room = room_of(one_place, sample_plan.items, shares[0], free)
    budget = stock_budget(one_place, shares[1] * free["stock_value"].sum())
    held = within(one_place, room, budget)
    for limit in (room, budget):
        used = taken(held, limit)[0] / limit.most[0]
        assert used <= 1 + 1e-6
        assert used > 0.98 or not held["reason"].str.contains(limit.name).any()
    assert spent(held) >= max(spent(within(one_place, limit)) for limit in (room, budget)) - 1e-6


def problems_of(sizing, *limits):
    limited = replace(sizing, limits=limits)
    made = check_limits(empty_table("policy_checks"), limited, size_within_limits(limited))
    return dict(zip(made["rule"], made["problem"], strict=True))


def test_a_limit_that_targets_exceed_is_told_even_where_nothing_can_give_way(one_place, sample_plan):
    fixed = one_place.under(service_measure="cycle_service", target=0.95)
    free = size_policies(fixed)
    worth = free["stock_value"].sum()
    budget, room = stock_budget(fixed, 0.5 * worth), room_of(fixed, sample_plan.items, 0.5, free)
    held = within(fixed, budget)
    pd.testing.assert_frame_equal(held[["order_up_to", "stock"]], free[["order_up_to", "stock"]])
    told = problems_of(fixed, budget, room)
    assert told["(stock_budget)"].endswith(f"targets and persons ask for: {worth:,.0f} of {0.5 * worth:,.0f}")
    assert told["(capacity_m3)"].startswith("exceeded by what targets and persons ask for: DCN ")
    assert problems_of(one_place, budget) == {}


def test_a_limit_of_which_nothing_is_known_is_told(one_place, sample_plan):
    bare = location_room(one_place, sample_plan.items, sample_plan.locations.assign(capacity_m3=np.nan))
    assert problems_of(one_place, bare) == {
        "(capacity_m3)": "without effect: locations.capacity_m3 is not known of any location"
    }
    wide = sample_plan.locations.assign(capacity_m3=1e9)
    half = sample_plan.items.assign(volume_m3=sample_plan.items["volume_m3"].where(sample_plan.items.index % 2 == 0))
    told = problems_of(one_place, location_room(one_place, half, wide))["(capacity_m3)"]
    assert told.endswith("stocked item-locations take none of it: items.volume_m3 is not known")


def test_nothing_is_searched_for_where_nothing_can_give_way(one_place, monkeypatch):
    counted = []
    monkeypatch.setattr(limits, "size_policies", lambda one: counted.append(one) or size_policies(one))
    fixed = one_place.under(service_measure="cycle_service", target=0.95)
    within(fixed, stock_budget(fixed, 1.0))
    assert len(counted) <= 2


LUMPY = [
    {"mean": 40.0, "spread": 4.0},
    {"mean": 1.0, "spread": 1.5, "moq": 5.0, "unit_cost": 150.0, "holding_cost": 37.5, "shortage_cost": 30.0},
    {"mean": 6.0, "spread": 3.0, "unit_cost": 30.0, "holding_cost": 7.5, "shortage_cost": 40.0},
]


def test_what_a_lump_leaves_free_is_used_by_those_that_fit(make_sizing):
    """Where one lot is too large for the rest of the budget, others need not be cut for it."""
    lumpy = make_sizing(*LUMPY)
    free = size_policies(lumpy)
    others = free["stock_value"].drop(1).sum()
    assert free["policy"].tolist() == ["order_up_to"] * 3
    limit = stock_budget(lumpy, others + 0.2 * free["stock_value"][1])
    held = size_within_limits(replace(lumpy, limits=(limit,)))
    pd.testing.assert_frame_equal(held.drop(index=1), free.drop(index=1))
    assert held["policy"][1] == "to_order"
    assert held["capped_by"].tolist() == ["", "stock_budget", ""]
    why = "not stocked: it would pay, but not within stock_budget; stock_budget: a unit is stocked only if it returns "
    assert held["reason"][1].startswith(f"{free['reason'][1]}; {why}")


@pytest.mark.parametrize("share", [0.97, 0.9, 0.8, 0.65, 0.5, 0.4, 0.25, 0.1])
def test_no_one_that_is_cut_could_have_the_next_lot_within_the_budget(make_sizing, share):
    lumpy = make_sizing(*LUMPY)
    free = size_policies(lumpy)
    budget = share * free["stock_value"].sum()
    held = size_within_limits(replace(lumpy, limits=(stock_budget(lumpy, budget),)))
    left = budget - held["stock_value"].sum()
    assert 0 <= left
    for row in np.flatnonzero(held["order_up_to"] < free["order_up_to"]):
        values = values_at(lumpy, row, np.geomspace(1e-3, 1e3, 200))
        more = values[values > held["stock_value"][row] + 1e-6]
        assert more.min() - held["stock_value"][row] > left - 0.02 * budget


def values_at(sizing, row, parts):
    """Return what an item-location holds where units must return parts of holding costs on top of them."""
    many = sizing.of(np.full(len(parts), row))
    return size_policies(dearer(many, parts * many.costs["holding_cost"].to_numpy()))["stock_value"].to_numpy()


def test_what_pays_with_no_limit_either_is_not_said_to_be_limited(make_sizing):
    lumpy = make_sizing(*LUMPY, {"unit_margin": 0.01, "shortage_cost": 0.01})
    held = size_within_limits(replace(lumpy, limits=(stock_budget(lumpy, 100.0),)))
    assert held["reason"][3] == "no stock pays: it would cost more than it returns"
    assert held["capped_by"][3] == ""


@pytest.mark.parametrize("over", [1.0005, 1.01, 1.04])
def test_a_lump_just_too_large_is_priced_and_not_all_the_rest(make_sizing, over):
    """The search goes farther each time that stock stays the same, and does not end at the farthest price."""
    lump = make_sizing(LUMPY[1])
    free = size_policies(lump)
    values = values_at(lump, 0, np.geomspace(1e-3, 1e3, 200))
    limit, none = stock_budget(lump, values[values > 0].min() / over), np.zeros(1)
    found, takes = limits._find_factors(lump, limit, np.array([0.25]), none, taken(free, limit))
    assert takes[0] == 0.0
    assert found[0] < 1e4
    assert limits._used(lump, limit, limits._charges(limit, 0.25 * (found / limits._STEP - 1.0)))[0] > limit.most[0]


@pytest.mark.parametrize("unmet", ["lost", "backorder"])
@pytest.mark.parametrize("share", [0.5, 0.3, 0.1])
def test_a_tight_budget_returns_nearly_what_the_best_levels_of_all_would(make_sizing, unmet, share):
    """Levels that were judged by what is left at reviews ended in nothing: .54 of what the best return came at .1."""
    margins = np.linspace(2.0, 20.0, 12)
    rows = [{"mean": 4.0 + 5.0 * n, "spread": 2.0, "shortage_cost": margin} for n, margin in enumerate(margins[::-1])]
    some = replace(make_sizing(*rows), unmet=unmet)
    budget = share * size_policies(some)["stock_value"].sum()
    held = size_within_limits(replace(some, limits=(stock_budget(some, budget),)))
    got = returned(some, held["fill_rate"].fillna(0.0).to_numpy(), held["stock"].fillna(0.0).to_numpy()).sum()
    assert got >= 0.97 * least_bound(some, budget)


def returned(sizing, fill, stock):
    """Return what item-locations return a year: margin of what is served, less holding. [currency]."""
    costs = sizing.costs
    return fill * sizing.demand_year * costs["shortage_cost"].to_numpy() - stock * costs["holding_cost"].to_numpy()


def least_bound(sizing, budget):
    """Return what no levels of lots of one within a budget exceed: the least of its Lagrangian over all its prices."""
    prices = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 400)])
    bound = budget * prices
    for row in range(len(sizing.rules)):
        points = np.arange(0.0, np.ceil(sizing.covered.demand.whole[row, -1]) + 1.0)
        many = sizing.of(np.full(len(points), row))
        told = many.formulas.service(many.covered.demand, points, np.ones(len(points)), pack=np.ones(len(points)))
        stock, value = told.on_hand, told.on_hand * many.costs["unit_cost"].to_numpy()
        gain = returned(many, told.fill_rate, stock)
        bound = bound + np.maximum((gain[:, None] - value[:, None] * prices).max(axis=0), 0.0)
    return bound.min()
