"""Rules replayed by hand: when levels hold, what arrives when, what is hidden, and that nothing is lost on the way."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.inventory.replay.runs import misses_times, replay_rules, terms_of

START = pd.Timestamp(2025, 1, 2)


def run(came, levels, terms, judged=START, seed=0):
    return replay_rules(came, levels, terms, judged=judged, seed=seed)


def test_one_place_by_hand(came, levels, terms):
    demand = came([[4, 7, 2, 5, 0, 3]])
    made = run(demand, [levels(own=[(9, 10, 0)], places=demand.places)], terms(1, lead_time_days=1.0)).paths["own"]
    assert made.served.tolist() == [[4, 6, 2, 5, 0, 3]]
    assert made.end_stock.tolist() == [[6, 0, 2, 3, 5, 7]]
    assert made.ordered.tolist() == [[4, 6, 2, 5, 0, 3]]
    waits = run(demand, [levels(own=[(9, 10, 0)], places=demand.places)], terms(1, lead_time_days=1.0, waiting=1.0))
    assert waits.paths["own"].ordered.tolist() == [[4, 7, 2, 5, 0, 3]]


def test_levels_hold_from_the_day_after_they_are_set(came, levels, terms):
    demand = came([[1] * 8])
    sets = [levels(own=[(4, 5, 0)], places=demand.places), levels(4, own=[(8, 9, 0)], places=demand.places)]
    made = run(demand, sets, terms(1, lead_time_days=0.0)).paths["own"]
    assert made.end_stock.tolist() == [[4, 4, 4, 4, 4, 8, 8, 8]]
    other = [sets[0], levels(4, own=[(80, 90, 30)], places=demand.places)]
    late = run(demand, other, terms(1, lead_time_days=0.0)).paths["own"]
    assert late.ordered[:, :4].tolist() == made.ordered[:, :4].tolist()


@pytest.mark.parametrize("lots", [(3.0, 0.0), (0.0, 3.0), (3.0, 5.0)])
def test_lots_hold_as_long_as_the_levels_they_were_set_with(came, levels, terms, lots):
    demand = came([[1] * 10])
    sets = [levels(day, own=[(2, 5, lot)], places=demand.places) for day, lot in zip((0, 5), lots, strict=True)]
    both = run(demand, sets, terms(1, lead_time_days=0.0)).paths["own"]
    alone = run(demand, sets[:1], terms(1, lead_time_days=0.0)).paths["own"]
    assert both.ordered[:, :5].tolist() == alone.ordered[:, :5].tolist()
    assert set(both.ordered[0, 5:]) <= {0.0, lots[1] or 3.0}


def test_what_was_not_known_yet_is_not_stocked(came, levels, terms):
    demand = came([[1] * 6, [1] * 6])
    sets = [levels(own=[(1, 2, 0)], places=demand.places.iloc[1:]), levels(3, own=[(1, 2, 0)] * 2)]
    made = run(demand, sets, terms(2, lead_time_days=0.0))
    assert made.paths["own"].served[0].tolist() == [0, 0, 0, 0, 1, 1]
    assert made.paths["own"].served[1].tolist() == [1] * 6
    assert made.expected[0].round(6).tolist() == [0, 0, 0, 1, 1, 1]
    assert made.expected[1].round(6).tolist() == [1] * 6


def test_what_is_judged_begins_on_its_day(came, levels, terms):
    demand = came([[1, 2, 3, 4]], [[True, True, False, True]])
    made = run(demand, [levels(own=[(8, 9, 0)], places=demand.places)], terms(1), judged=START + pd.Timedelta(days=2))
    assert made.demand.quantity.tolist() == [[3, 4]]
    assert made.counted.tolist() == [[False, True]]
    assert made.paths["own"].demand.tolist() == [[3, 4]]
    assert made.demand.starts[0] == START + pd.Timedelta(days=2)


def test_demand_that_a_stockout_hid_takes_stock_as_that_of_other_steps_does(came, levels, terms):
    """As if nothing were sold then, stock was told half as high again, and holding was charged for it."""
    every, hidden = [[10] * 40], [[True, False] * 20]
    for quantity, known in ((every, None), ([[10, 0] * 20], hidden), ([[10, 4] * 20], hidden)):
        demand = came(quantity, known) if known else came(quantity)
        own = run(demand, [levels(own=[(20, 30, 0)], places=demand.places)], terms(1)).paths["own"]
        assert own.mean_stock[0, 10:].tolist() == pytest.approx([5.0] * 30)  # ten at the beginning, none at the end
        assert own.served[0, 10:].tolist() == [10.0] * 30


def test_minimum_and_pack_hold_for_every_order(came, levels, terms):
    demand = came([[3] * 20])
    made = run(
        demand, [levels(own=[(9, 10, 0)], places=demand.places)], terms(1, minimum_order=5.0, order_multiple=4.0)
    )
    assert set(made.paths["own"].ordered[0]) == {0.0, 8.0}


def test_reviews_come_as_often_as_they_are(came, levels, terms):
    demand = came([[1] * 21])
    made = run(demand, [levels(own=[(98, 99, 0)], places=demand.places)], terms(1, review_days=7.0)).paths["own"]
    assert np.flatnonzero(made.ordered[0]).tolist() == [0, 7, 14]


DEMAND = st.lists(st.integers(0, 9), min_size=30, max_size=30)


@given(DEMAND, DEMAND, st.integers(0, 12), st.integers(1, 9), st.floats(0, 5), st.sampled_from([0.0, 0.4, 1.0]))
def test_nothing_is_lost_on_the_way(came, levels, terms, one, other, point, more, sd, waiting):
    demand = came([one, other])
    rules = [levels(own=[(point, point + more, 0)] * 2, lots=[(point, point + more, more)] * 2)]
    made = run(demand, rules, terms(2, lead_time_days=3.0, lead_time_sd=sd, waiting=waiting), seed=5)
    for path in made.paths.values():
        assert (path.demand == demand.quantity).all()
        assert (path.served <= path.demand + 1e-9).all()
        assert (path.end_stock >= 0).all()
        arrived = path.end_stock + path.served.cumsum(axis=1) - (point + more)
        assert (arrived <= path.ordered.cumsum(axis=1) + 1e-9).all()


def test_names_and_order_of_places_change_nothing_else(came, levels, terms):
    rng = np.random.default_rng(4)
    quantity = rng.poisson(2.0, (2, 60))
    plain, turned = came(quantity), came(quantity[::-1])
    rows = [(5, 9, 0), (2, 6, 0)]
    two = terms(2, lead_time_sd=1.5)
    first = run(plain, [levels(own=rows)], two).paths["own"]
    second = run(turned, [levels(own=rows[::-1])], two).paths["own"]
    assert first.end_stock.tolist() == second.end_stock[::-1].tolist()


def test_lead_times_have_the_mean_that_was_told(came, levels, terms):
    demand = came(np.ones((1, 3000)))
    made = run(
        demand, [levels(own=[(499, 500, 0)], places=demand.places)], terms(1, lead_time_days=20.0, lead_time_sd=6.0)
    )
    on_order = 500 - made.paths["own"].end_stock[0, 200:]
    assert on_order.mean() == pytest.approx(21.0, abs=0.2)


def test_terms_come_from_lead_times_rules_and_masters():
    places = pd.DataFrame({"item_id": ["SKU-0042", "SKU-0007", "SKU-0001"], "location_id": "NORTH"})
    intervals = pd.DataFrame(
        {"item_id": ["SKU-0001", "SKU-0042"], "location_id": "NORTH", "mean_periods": [2.0, 1.0]}
    ).assign(sd_periods=[0.5, 0.0], review_periods=1.0)
    rules = pd.DataFrame({"item_id": ["SKU-0042"], "location_id": "NORTH", "review_days": [14.0]})
    items = pd.DataFrame({"item_id": ["SKU-0042"], "moq": [6.0]})
    terms = terms_of(places, intervals, rules, items, period_days=7.0, waiting=0.0)
    assert terms.lead_time_days.tolist() == [7.0, 0.0, 14.0]
    assert terms.lead_time_sd.tolist() == [0.0, 0.0, 3.5]
    assert terms.review_days.tolist() == [14.0, 1.0, 7.0]
    assert terms.minimum_order.tolist() == [6.0, 0.0, 0.0]
    assert terms.order_multiple.tolist() == [0.0, 0.0, 0.0]
    bare = terms_of(places, intervals, rules, empty_table("items"), period_days=7.0, waiting=1.0)
    assert bare.minimum_order.tolist() == [0.0] * 3


def test_steps_that_miss_lead_time_and_review_by_far_are_told(terms):
    assert misses_times(terms(3, lead_time_days=10.0, review_days=7.0), 30.4)
    assert not misses_times(terms(3, lead_time_days=10.0, review_days=7.0), 7.0)
    assert not misses_times(terms(3, lead_time_days=61.0, review_days=30.0), 30.4)
    assert not misses_times(terms(0), 30.4)


@pytest.mark.parametrize(("point", "level", "pack"), [(8, 20, 6.0), (14, 20, 6.0), (19, 20, 0.0), (18, 20, 6.0)])
def test_orders_fill_up_to_the_level_in_as_many_whole_packs_as_stay_below_it(came, levels, terms, point, level, pack):
    """At or below the reorder point, a pack at least: a gap between both levels that is smaller than a pack."""
    demand = came(np.random.default_rng(3).poisson(2.0, (1, 200)))
    made = run(
        demand, [levels(own=[(point, level, 0)], places=demand.places)], terms(1, order_multiple=pack, waiting=1.0)
    ).paths["own"]
    position, placed = float(level), []
    for want, ordered in zip(demand.quantity[0], made.ordered[0], strict=True):
        position -= want
        if position <= point:
            size = pack or 1.0
            placed.append(max(np.floor((level - position) / size), 1.0) * size)
            assert ordered == placed[-1]
        else:
            assert ordered == 0
        position += ordered
        assert position <= max(level, point + (pack or 1.0))
    assert len(placed) > 5
