"""When levels are set anew, on what they rest, and what units are worth in the contest."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.policy_settings import Policies
from segkit.inventory.replay import beside, contest
from segkit.inventory.replay.contest import TOO_SLOW, Resets, hold_replay, plan_resets, value_replay
from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.gap import Held, explain_gap
from segkit.inventory.replay.rules import OWN
from segkit.inventory.replay.runs import replay_rules
from segkit.inventory.replay.steps import Worth

RULES = Policies(replay_days=60, reset_days=30)


@given(
    st.integers(28, 400), st.integers(1, 200), st.integers(1, 60), st.sampled_from(["D", "W-SUN", "ME"]),
    st.floats(0, 500), st.integers(0, 5),
)  # fmt: skip
def test_levels_are_set_at_ends_of_periods_until_what_they_order_has_come(replayed, reset, known, unit, longest, later):
    ends = pd.date_range("2021-01-31", periods=8 * known, freq=unit)
    as_of = (ends[-1] + pd.Timedelta(days=later)).date()
    span = {"D": 1.0, "W-SUN": 7.0, "ME": 365.25 / 12}[unit]
    rules = Policies(replay_days=replayed, reset_days=reset)
    resets = plan_resets(ends, as_of, policies=rules, period_days=span, arrival_days=longest)
    begin, apart = pd.Timestamp(as_of) - pd.Timedelta(days=replayed), max(round(reset / span), 1)
    assert (as_of - resets.judged).days == replayed - 1
    places = ends.get_indexer(pd.DatetimeIndex(resets.days))
    if (ends <= begin).sum() < 8 + apart:
        assert resets.days == []
        return
    assert set(np.diff(places)) <= {apart}  # at ends of periods, whole resets apart
    assert (ends[places] <= begin).sum() >= 2  # one to warm up, one that holds when judging begins
    assert places[ends[places] <= begin][-1] == (ends <= begin).sum() - 1  # set from all that was known then
    assert places[0] >= 7
    assert (begin - ends[places[0]]).days >= longest or places[0] - apart < 7
    assert (begin - ends[places[1]]).days < longest or len(places[ends[places] <= begin]) == 2
    assert ends[places[-1]] < pd.Timestamp(as_of)
    assert places[-1] + apart >= (ends < pd.Timestamp(as_of)).sum()


def test_as_often_as_reset_days_say_in_whole_periods():
    days, weeks = (pd.date_range("2024-01-07", "2025-12-28", freq=unit) for unit in ("D", "W-SUN"))
    for ends, span in ((days, 1.0), (weeks, 7.0)):
        made = plan_resets(ends, date(2025, 12, 28), policies=RULES, period_days=span).days
        assert {(later - day).days for day, later in pairwise(made)} == {30 if span == 1.0 else 28}


@pytest.fixture
def held(came, make_sizing):
    resets = plan_resets(pd.date_range("2023-01-02", "2025-03-31"), date(2025, 3, 31), policies=RULES, period_days=1.0)
    start = pd.Timestamp(resets.days[0]) + pd.Timedelta(days=1)
    rng = np.random.default_rng(8)
    one = came(rng.poisson(0.6, (1, 90)))
    places = pd.DataFrame({"item_id": ["SKU-0000"], "location_id": ["NORTH"]})
    demand = type(one)(places, pd.date_range(start, periods=90), 1.0, one.quantity, one.known)
    asked = []

    def sized_on(day):
        asked.append(day)
        return make_sizing({"mean": 20.0 + 10.0 * resets.days.index(day)})

    return demand, resets, sized_on, asked


def test_levels_of_a_day_come_from_what_is_known_on_that_day(held, terms):
    demand, resets, sized_on, asked = held
    days = resets.days
    run, replayed, _ = hold_replay(demand, resets, sized_on, terms(1, lead_time_days=5.0), policies=RULES, seed=0)
    levels = replayed.levels
    assert sorted(asked) == days
    assert [one.day for one in levels] == [pd.Timestamp(day) for day in days]
    assert run.demand.starts[0] == pd.Timestamp(days[1]) + pd.Timedelta(days=1)
    assert len(run.demand.starts) == RULES.replay_days
    levels_held = [one.by_rule[OWN]["order_up_to"].iloc[0] for one in levels]
    assert levels_held == sorted(levels_held)
    assert len(set(levels_held)) == 3


def test_resets_beside_each_other_set_what_they_set_one_after_the_other(held, monkeypatch):
    _, resets, sized_on, _ = held
    made = []
    for allowed in (True, False):
        monkeypatch.setattr(beside, "may_run_beside", lambda allowed=allowed: allowed)
        made.append(contest._set_on(resets.days, sized_on, 14.0))
    for one, other in zip(*made, strict=True):
        assert one.day == other.day
        for name, levels in one.by_rule.items():
            pd.testing.assert_frame_equal(levels, other.by_rule[name], check_exact=True)


@pytest.mark.parametrize(("weight", "unit"), [("margin", 4.0), ("revenue", 9.0), ("lines", 0.5), ("units", 1.0)])
def test_what_a_unit_is_worth(held, terms, weight, unit):
    demand, resets, sized_on, _ = held
    run, replayed, _ = hold_replay(demand, resets, sized_on, terms(1), policies=RULES, seed=0)
    levels = replayed.levels
    costs = pd.DataFrame(
        {"unit_cost": [5.0], "unit_margin": [4.0], "shortage_cost": [6.0], "unit_price": [9.0], "holding_cost": [1.0]}
    )
    segments = pd.DataFrame({"item_id": ["SKU-0000"], "abc": ["A"], "xyz": [""], "segment": ["AX"]})
    value = pd.DataFrame({"item_id": ["SKU-0000"], "quantity": [20.0], "lines": [10]})
    rules = Policies(replay_days=60, reset_days=30, service_weight=weight)
    worth = value_replay(run, levels, costs, segments, value, policies=rules, order_cost=None)
    assert worth.weight.tolist() == [unit]
    assert worth.order_cost == 0.0
    assert worth.shortage.tolist() == [6.0]
    assert worth.segments.iloc[0].to_dict() == {
        "all": "(all)", "abc": "A", "xyz": "(none)", "segment": "AX", "location_id": "NORTH",
    }  # fmt: skip
    later = [one.by_rule[OWN]["fill_rate"].iloc[0] for one in levels[1:]]
    assert worth.expected.tolist() == pytest.approx([np.mean(later)])


def test_what_is_not_known_is_worth_nothing(held, terms):
    demand, resets, sized_on, _ = held
    run, replayed, _ = hold_replay(
        demand, replace(resets, days=resets.days[:1]), sized_on, terms(1), policies=RULES, seed=0
    )
    levels = replayed.levels
    costs = pd.DataFrame(
        np.nan, index=[0], columns=["unit_cost", "unit_margin", "shortage_cost", "unit_price", "holding_cost"]
    )
    none = pd.DataFrame({name: pd.Series(dtype="str") for name in ("item_id", "abc", "xyz", "segment")})
    value = pd.DataFrame(
        {"item_id": pd.Series(dtype="str"), "quantity": pd.Series(dtype=float), "lines": pd.Series(dtype=float)}
    )
    worth = value_replay(run, levels, costs, none, value, policies=RULES, order_cost=5.0)
    assert [part[0] for part in (worth.unit_cost, worth.margin, worth.holding, worth.weight)] == [0.0] * 4
    assert worth.segments.iloc[0].tolist() == ["(all)", "(none)", "(none)", "(none)", "NORTH"]
    assert worth.expected.tolist() == levels[0].by_rule[OWN]["fill_rate"].tolist()


def explained(held, terms, **terms_changed):
    demand, resets, sized_on, _ = held
    run, replayed, _ = hold_replay(demand, resets, sized_on, terms(1, lead_time_days=5.0), policies=RULES, seed=0)
    costs = pd.DataFrame(
        {"unit_cost": [5.0], "unit_margin": [4.0], "shortage_cost": [6.0], "unit_price": [9.0], "holding_cost": [1.0]}
    )
    segments = pd.DataFrame({"item_id": ["SKU-0000"], "abc": ["A"], "xyz": ["X"], "segment": ["AX"]})
    value = pd.DataFrame({"item_id": ["SKU-0000"], "quantity": [20.0], "lines": [10]})
    if terms_changed:
        changed = replace(replayed.terms, **{name: np.array([told]) for name, told in terms_changed.items()})
        replayed = replace(replayed, terms=changed)
        run = replay_rules(demand, replayed.levels, changed, judged=replayed.judged, seed=0)
    worth = value_replay(run, replayed.levels, costs, segments, value, policies=RULES, order_cost=0.0)
    table = explain_gap(replayed, run, worth)
    return table[table["entity"] == "all"].set_index("measure")


EFFECTS = ["forecast_bias_effect", "lead_time_effect", "lot_effect", "reset_effect", "distribution_effect"]


def test_causes_of_the_gap_leave_no_rest(held, terms):
    table = explained(held, terms)
    assert list(table.index) == ["fill_rate", "stock_value"]
    assert (table["expected"] + table[EFFECTS].sum(axis=1)).tolist() == pytest.approx(table["achieved"].tolist())


def test_lead_times_that_drift_are_told_as_such(held, terms):
    known = float(held[2](held[1].days[0]).covered.places["mean_periods"].iloc[0]) * 7.0
    same = explained(held, terms, lead_time_days=known, lead_time_sd=0.0)
    later = explained(held, terms, lead_time_days=known + 40.0, lead_time_sd=0.0)
    assert same.loc["stock_value", "lead_time_effect"] == pytest.approx(0.0, abs=1e-9)
    assert later.loc["stock_value", "lead_time_effect"] < -1.0


def test_stock_above_levels_that_fell_is_told_as_levels_set_anew(came, levels, terms):
    """Demand as forecast, no lots, no lead time: all that differs is what the higher levels left behind."""
    demand = came(np.ones((2, 60)))
    sets = []
    for day, top in ((0, 10), (10, 40), (20, 10), (50, 10), (60, 90)):  # the last holds on no day
        one = levels(day, **{OWN: [(top - 1, top, 0), (9, 10, 0)]})
        stock = one.by_rule[OWN]["order_up_to"] - 0.5
        table = one.by_rule[OWN].assign(fill_rate=1.0, fill_rate_free=1.0, unit=1.0, stock=stock, stock_free=stock)
        places = one.places.assign(lead_time_days=0.0, lead_time_sd=0.0)
        sets.append(replace(one, by_rule={OWN: table}, places=places))
    held = Held(demand, sets, terms(2, lead_time_days=0.0), pd.Timestamp(2025, 1, 23), 0)
    run = replay_rules(demand, sets, held.terms, judged=held.judged, seed=0)
    names = pd.DataFrame({"all": "(all)", "segment": ["AX", "AY"]}, index=[0, 1])
    one = np.ones(2)
    worth = Worth(one, one, one, one, one, 0.0, names, one, one)
    table = explain_gap(held, run, worth).set_index(["entity_id", "measure"])
    moved, kept = table.loc[("AX", "stock_value")], table.loc[("AY", "stock_value")]
    left = np.maximum(29.0 - np.arange(39), 0.0)  # 38 are left on the first judged day, 9 of the lower level kept
    assert moved["reset_effect"] == pytest.approx(left.sum() / 39, abs=0.05)
    assert abs(kept["reset_effect"]) < 1e-9
    assert moved[EFFECTS].drop("reset_effect").abs().max() < 0.05
    assert table["expected"].tolist() == pytest.approx((table["achieved"] - table[EFFECTS].sum(axis=1)).tolist())


def test_what_no_rule_could_size_is_left_out_of_all_sums_and_listed_with_its_demand(held, terms, make_sizing):
    """A place that could not be sized at one reset changes no total of the others, and is told with what was asked."""
    one, resets, _, _ = held
    places = pd.DataFrame({"item_id": ["SKU-0000", "SKU-0001", "SKU-0002"], "location_id": "NORTH"})
    rows = np.vstack([one.quantity[0], np.full(90, 2.0), np.full(90, 5.0)])
    demand = type(one)(places, one.starts, 1.0, rows, np.ones(rows.shape, dtype=bool))

    def sized_on(day):
        sizing = make_sizing({"mean": 20.0}, {"mean": 40.0})
        if day == resets.days[1]:
            sizing = replace(sizing, costs=sizing.costs.assign(shortage_cost=[5.0, np.nan]))
        return replace(sizing, untimed=places.iloc[2:])

    run, replayed, out = hold_replay(demand, resets, sized_on, terms(3, lead_time_days=5.0), policies=RULES, seed=0)
    assert run.demand.places["item_id"].tolist() == ["SKU-0000"]
    assert replayed.demand.places.equals(run.demand.places)
    assert out["item_id"].tolist() == ["SKU-0001", "SKU-0002"]
    assert out["demand"].tolist() == [120.0, 300.0]
    assert out["reason"].str.contains("margin").tolist() == [True, False]
    assert out["reason"].str.contains("lead time").tolist() == [False, True]
    alone, _, none = hold_replay(
        one, resets, lambda _: make_sizing({"mean": 20.0}), terms(1, lead_time_days=5.0), policies=RULES, seed=0
    )
    assert none.empty
    for rule, path in run.paths.items():
        assert path.served.tolist() == alone.paths[rule].served.tolist()
        assert path.end_stock.tolist() == alone.paths[rule].end_stock.tolist()


def test_nothing_that_can_be_sized_is_no_replay(held, terms, make_sizing):
    one, resets, _, _ = held
    bare = make_sizing({})
    bare = replace(bare, costs=bare.costs.assign(holding_cost=np.nan))
    run, _, out = hold_replay(one, resets, lambda _: bare, terms(1), policies=RULES, seed=0)
    assert run.demand.places.empty
    assert out["demand"].tolist() == [one.quantity[:, -60:].sum()]


def warmed_up(terms, make_sizing, lead, first_known):
    """Return the outcome of two resets of 30 days and 60 judged ones at a place with a long lead time, and a twin."""
    span, rules = terms(1, lead_time_days=lead), Policies(replay_days=60, reset_days=30)
    longest = float(span.arrival_days.max())
    ends, last = pd.date_range(first_known, date(2025, 3, 31)), date(2025, 3, 31)
    resets = plan_resets(ends, last, policies=rules, period_days=1.0, arrival_days=longest)
    starts = pd.date_range(pd.Timestamp(resets.days[0]) + pd.Timedelta(days=1), date(2025, 3, 31))
    quantity = np.full((1, len(starts)), 3.0)
    places = pd.DataFrame({"item_id": ["SKU-0000"], "location_id": ["NORTH"]})
    demand = CameDemand(places, starts, 1.0, quantity, np.ones(quantity.shape, dtype=bool))
    return (*hold_replay(demand, resets, lambda _: make_sizing({"mean": 90.0}), span, policies=rules, seed=0), resets)


def test_stock_with_which_rules_start_is_gone_before_the_judged_days(terms, make_sizing):
    """Half a year under way: a level of so much demand lies there whole at the start, and a part of it for good."""
    run, held, out, resets = warmed_up(terms, make_sizing, 170.0, date(2023, 1, 1))
    assert out.empty
    assert resets.warm_days == 180
    level = held.levels[-1].by_rule[OWN]["order_up_to"].iloc[0]
    path = run.paths[OWN]
    assert level > 3.0 * 30
    # What is on hand at a day's end is the level less 171 days' demand (served if it was there): nothing, here.
    assert path.end_stock.max() <= max(level - 3.0 * 171, 0.0) + 1e-9


def test_where_history_is_too_short_to_warm_up_a_place_is_left_out_and_told(terms, make_sizing):
    _, _, out, resets = warmed_up(terms, make_sizing, 170.0, date(2024, 9, 1))
    assert 0 < resets.warm_days < 170
    assert out["reason"].tolist() == [f"{TOO_SLOW} ({resets.warm_days} days)"]
    assert out["demand"].tolist() == [180.0]


def test_what_could_not_be_sized_long_before_its_orders_count_is_replayed(held, terms, make_sizing):
    """A reset that only warms up slower places than this one does not count for it."""
    one, _, _, _ = held
    days = [date(2025, 1, 1), date(2025, 1, 31), date(2025, 3, 2)]
    starts = pd.date_range("2025-01-02", periods=90)
    demand = CameDemand(one.places, starts, 1.0, one.quantity, one.known)

    def sized_on(day):
        sizing = make_sizing({"mean": 20.0})
        return replace(sizing, costs=sizing.costs.assign(shortage_cost=[np.nan])) if day == days[0] else sizing

    for lead, left in ((20.0, 0), (40.0, 1)):
        resets = Resets(days, date(2025, 3, 3))
        _, _, out = hold_replay(demand, resets, sized_on, terms(1, lead_time_days=lead), policies=RULES, seed=0)
        assert len(out) == left
