"""Lead times of replayed orders as receipts had them: nearest in time, of open lines, and what their drift does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.lead_times import measure_lead_times
from segkit.core.settings import LeadTimes
from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.gap import Held, explain_gap
from segkit.inventory.replay.received import receive_steps
from segkit.inventory.replay.rules import OWN
from segkit.inventory.replay.runs import replay_rules
from segkit.inventory.replay.steps import Worth

START, MOST = pd.Timestamp(2025, 1, 2), 2  # receipts that an item-location needs
PLACE = ["item_id", "location_id"]
MASTER = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0042"], "lead_time_days": 9.0})


def bought(rows):
    """Return purchases of (item, day ordered or -, days taken or None), the first day = that of the replay."""
    frame = pd.DataFrame(rows, columns=["item_id", "day", "took"])
    ordered = START + pd.to_timedelta(frame["day"], unit="D")
    took = pd.to_timedelta(frame["took"].astype(float), unit="D")
    return pd.DataFrame(
        {"item_id": frame["item_id"], "location_id": "NORTH", "supplier_id": "S1", "quantity": 5.0,
         "ordered_date": ordered, "received_date": ordered + took}
    )  # fmt: skip


def steps_of(demand, purchases, *, last, source="receipts", sd=1.0, span=1.0, seed=0):
    rules = LeadTimes(min_receipts=MOST)
    lead_times = measure_lead_times(purchases, MASTER, rules=rules)
    intervals = demand.places.assign(lead_time_source=source, mean_periods=1.0, sd_periods=sd)
    demand = replace(demand, step_days=span)
    return receive_steps(
        demand, purchases, intervals, lead_times, as_of=START + pd.Timedelta(days=last), min_receipts=MOST, seed=seed
    )


def test_orders_take_as_long_as_the_line_ordered_nearest_in_time(came):
    lines = bought([("SKU-0001", 2, 5), ("SKU-0001", 5, 7), ("SKU-0001", 9, 3), ("SKU-0042", 0, 50)])
    made = steps_of(came(np.ones((1, 12))), lines, last=200)
    assert made.tolist() == [[5, 5, 5, 5, 7, 7, 7, 7, 3, 3, 3, 3]]  # day 7 lies between two: the one known before


@given(
    st.lists(st.tuples(st.integers(-20, 40), st.integers(0, 30)), min_size=MOST, max_size=12), st.integers(0, 3)
)  # fmt: skip
def test_nearest_lines_are_their_slow_twin(came, rows, seed):
    made = steps_of(came(np.ones((1, 30))), bought([("SKU-0001", *row) for row in rows]), last=99, seed=seed)[0]
    for day, took in enumerate(made):
        nearest = min(abs(ordered - day) for ordered, _ in rows)
        first = min(ordered for ordered, _ in rows if abs(ordered - day) == nearest)
        assert took in [taken for ordered, taken in rows if ordered == first]


def test_several_lines_of_a_day_are_all_followed_as_often(came):
    lines = bought([("SKU-0001", 0, took) for took in (4, 8, 8, 20)])
    made = steps_of(came(np.ones((1, 400))), lines, last=500)[0]
    assert [(made == took).mean() for took in (4, 8, 20)] == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_too_few_receipts_follow_those_of_the_supplier_and_the_master_is_drawn(came):
    lines = bought([("SKU-0001", 2, 5), ("SKU-0042", 2, 7), ("SKU-0042", 12, 9)])
    demand = came(np.ones((2, 14)))
    made = steps_of(demand, lines, last=99, source=["supplier receipts", "receipts"])
    assert set(made[0, :8]) == {5, 7}
    assert set(made[0, 8:]) == {9}
    assert made[1].tolist() == [7] * 8 + [9] * 6
    drawn = steps_of(demand, lines, last=99, source=["master", "receipts"])
    assert np.isnan(drawn[0]).all()
    assert drawn[1].tolist() == made[1].tolist()
    assert steps_of(demand, lines, last=99, source="assumed") is None
    assert steps_of(demand, lines.head(0), last=99) is None


def test_an_item_never_received_here_follows_its_receipts_elsewhere(came):
    lines = bought([("SKU-0001", 2, 5), ("SKU-0001", 5, 8), ("SKU-0042", 2, 30)]).assign(location_id="SOUTH")
    assert steps_of(came(np.ones((1, 6))), lines, last=99).tolist() == [[5, 5, 5, 5, 8, 8]]


def test_open_lines_are_at_least_as_late_as_today(came):
    rows = [("SKU-0001", 0, 4), ("SKU-0001", 2, 4), ("SKU-0001", 5, None), ("SKU-0001", 14, None)]
    made = steps_of(came(np.ones((1, 16))), bought(rows), last=15)[0]
    assert made[[0, 3]].tolist() == [4, 4]
    assert (made[4:10] == 11).all()  # open for 10 days
    assert (made[10:] == 4).all()  # open for a day: as the last that came


@pytest.mark.parametrize(("open_for", "last"), [(29, 30), (31, 10)])
def test_a_line_that_never_came_does_not_tell_the_rest_of_the_replay(came, open_for, last):
    """One cancelled order of a slow mover was each later order's lead time: 129 days where all receipts took 10."""
    rows = [("SKU-0001", 0, 10), ("SKU-0001", 20, 10), ("SKU-0001", 40, None)]
    made = steps_of(came(np.ones((1, 60))), bought(rows), last=40 + open_for)[0]
    assert made[:30].tolist() == [10] * 30
    assert (made[31:] == last).all()


def test_an_open_line_that_a_later_one_overtook_tells_nothing(came):
    rows = [("SKU-0001", 0, 4), ("SKU-0001", 5, None), ("SKU-0001", 8, 6)]
    assert steps_of(came(np.ones((1, 10))), bought(rows), last=300)[0].tolist() == [4] * 5 + [6] * 5


def test_steps_of_weeks_keep_the_mean_and_fixed_lead_times_are_rounded_as_they_are_sized(came):
    lines = bought([("SKU-0001", day, 10) for day in range(0, 3000, 30)])
    weeks = CameDemand(
        came(np.ones((1, 1))).places, pd.date_range(START, periods=400, freq="7D"), 7.0, np.ones((1, 400)),
        np.ones((1, 400), dtype=bool),
    )  # fmt: skip
    assert steps_of(weeks, lines, last=3000, span=7.0).mean() == pytest.approx(10 / 7, abs=0.01)
    assert (steps_of(weeks, lines, last=3000, span=7.0, sd=0.0) == 1).all()


def drifting(came, levels, terms, *, known):
    """Return a replay of 200 days: 3 days until day 100, 15 after it; levels reckon with the days known at each."""
    demand = came(np.random.default_rng(2).poisson(4.0, (1, 200)))
    lines = bought([("SKU-0001", day, 3 if day < 100 else 15) for day in range(-30, 180, 6)])
    steps = steps_of(demand, lines, last=400)
    sets = []
    for day, lead in zip((0, 60, 130), known, strict=True):
        stock = np.array([4.0 * (lead + 1) + 14])
        table = pd.DataFrame({"reorder_point": stock - 1, "order_up_to": stock, "order_quantity": 1.0, "lot": 0.0})
        table = table.assign(
            fill_rate=0.98, cycle_service=0.9, unit=1.0, stock=14.0, fill_rate_free=0.98, stock_free=14.0
        )
        one = levels(day, **{OWN: [(0, 0, 0)]}, places=demand.places)
        places = one.places.assign(lead_time_days=lead, lead_time_sd=0.0, demand_year=4.0 * 365.25)
        sets.append(replace(one, by_rule={OWN: table}, places=places))
    return Held(demand, sets, replace(terms(1, lead_time_days=9.0, waiting=1.0), steps_received=steps),
                START + pd.Timedelta(days=100), 0)  # fmt: skip


def test_the_replay_gives_what_a_day_by_day_twin_gives_with_real_lead_times(came, levels, terms):
    held = drifting(came, levels, terms, known=(3.0, 3.0, 15.0))
    made = replay_rules(held.demand, held.levels, held.terms, judged=held.judged, seed=0).paths[OWN]
    on, owed, coming, served = 4.0 * 4 + 14, 0.0, {}, []
    for day, asked in enumerate(held.demand.quantity[0]):
        level = 4.0 * ((3 if day < 130 else 15) + 1) + 14
        came_in = coming.pop(day, 0.0)
        paid = min(came_in, owed)
        on, owed = on + came_in - paid, owed - paid
        served.append(min(on, asked))
        on, owed = on - served[-1], owed + asked - served[-1]
        lacking = level - (on - owed + sum(coming.values()))
        nearest = min(range(-30, 180, 6), key=lambda ordered, day=day: (abs(ordered - day), ordered))
        due = day + 1 + (3 if nearest < 100 else 15)
        coming[due] = coming.get(due, 0.0) + max(lacking, 0.0)
    assert made.served[0].tolist() == served[100:]


@pytest.mark.parametrize(("known", "told"), [((3.0, 3.0, 3.0), "all"), ((3.0, 3.0, 15.0), "some"), ((15.0,) * 3, "no")])
def test_lead_times_that_drift_are_told_as_far_as_levels_did_not_know_them(came, levels, terms, known, told):
    held = drifting(came, levels, terms, known=known)
    run = replay_rules(held.demand, held.levels, held.terms, judged=held.judged, seed=0)
    one = np.ones(1)
    worth = Worth(one, one, one, one, one, 0.0, pd.DataFrame({"all": ["(all)"], "segment": ["AX"]}), one, one)
    table = explain_gap(held, run, worth)
    row = table[(table["entity"] == "all") & (table["measure"] == "fill_rate")].iloc[0]
    effects = [name for name in row.index if name.endswith("_effect")]
    assert row["expected"] + row[effects].sum() == pytest.approx(row["achieved"])
    if told == "all":
        assert row["lead_time_effect"] < -0.6
        assert row["lead_time_effect"] == pytest.approx(row["achieved"] - row["expected"], abs=0.1)
    elif told == "some":
        assert -0.5 < row["lead_time_effect"] < -0.1
    else:
        assert abs(row["lead_time_effect"]) < 0.02


def test_terms_of_some_places_keep_their_own_receipts(terms):
    both = replace(terms(2), steps_received=np.array([[1.0, 2.0], [3.0, np.nan]]))
    assert both.of(np.array([1])).steps_received.tolist()[0][0] == 3.0
    assert terms(2).of(np.array([1])).steps_received is None
