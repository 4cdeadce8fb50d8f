"""What rules gave is added up by segment and step; gains are told at equal service, with intervals, or not at all."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.replay.results import CHEAPEST, EQUAL, tell_gains, tell_replay
from segkit.inventory.replay.rules import ONE_TARGETS, OWN, THUMB, one_target_name
from segkit.inventory.replay.runs import RulePath, RuleReplay
from segkit.inventory.replay.steps import Worth, sum_steps

NAMES = [one_target_name(target) for target in ONE_TARGETS]
STEPS = 40
DRAWN = {"step_days": 1.0, "block": 4, "seed": 3}


def rule_steps(rule, short, value, lost=None, noise=0.0, steps=STEPS):
    """Return steps in which 100 are asked, so much of it is short, and stock is worth so much."""
    rng = np.random.default_rng(7)
    wobble = 1 + noise * rng.standard_normal(steps)
    asked = 100.0 * wobble
    met = asked * (1 - short)
    frame = pd.DataFrame({"period": pd.date_range("2025-01-01", periods=steps), "demand": asked, "served": met})
    frame = frame.assign(weighted_demand=asked, weighted_served=met, stock_value=value * wobble**2)
    lost = asked - met if lost is None else lost
    frame = frame.assign(lost_margin=lost, shortage_cost=lost, holding_cost=0.1 * value / 365.25, order_cost=0.0)
    frame = frame.assign(rule=rule, entity="all", entity_id="(all)", places=2)
    return frame.reindex(columns=empty_table("replay_steps").columns, fill_value=0.0)


def all_steps(own, noise=0.0, curve=lambda place: (0.5 * 0.7**place, 100.0 * (place + 1))):
    rows = [rule_steps(OWN, *own, noise=noise), rule_steps(THUMB, 0.3, 500.0, noise=noise)]
    rows += [rule_steps(name, *curve(place), noise=noise) for place, name in enumerate(NAMES)]
    return pd.concat(rows, ignore_index=True)


def gains(steps):
    table = tell_gains(steps, **DRAWN)
    assert table.dtypes.to_dict() == empty_table("replay_gain").dtypes.to_dict()
    assert table["rule"].tolist() == sorted([EQUAL, CHEAPEST, THUMB, *NAMES])
    return table.set_index("rule")


def test_between_two_targets_stock_is_linear_in_the_log_of_what_is_short():
    between = gains(all_steps((0.5 * 0.7**3.5, 400.0))).loc[EQUAL]
    assert between["other_fill_rate"] == between["fill_rate"] == pytest.approx(1 - 0.5 * 0.7**3.5)
    assert between["other_stock_value"] == pytest.approx(450.0)
    assert between["stock_saved"] == pytest.approx(50.0)
    assert between["stock_saved_share"] == pytest.approx(50 / 450)


def test_of_targets_that_serve_all_the_one_with_least_stock_is_the_equal():
    """The one with most was taken: 80 % less stock told where it was 17 % more."""
    told = gains(all_steps((0.0, 700.0), curve=lambda place: (0.5 * 0.7**place * (place < 5), 100.0 * (place + 1))))
    assert told.loc[EQUAL, "other_stock_value"] == 600.0
    assert told.loc[EQUAL, "stock_saved_share"] == pytest.approx(-100 / 600)
    assert told.loc[EQUAL, "share_high"] == pytest.approx(-100 / 600)
    assert told.loc[EQUAL, "cost_saved"] == told.loc[NAMES[5], "cost_saved"]


def test_a_rule_saves_nothing_on_itself():
    for place in (0, 5, len(NAMES) - 1):
        steps = all_steps((0.5 * 0.7**place, 100.0 * (place + 1)), noise=0.2)
        for rule in (EQUAL, NAMES[place]):
            told = gains(steps).loc[rule]
            zero = told[
                ["stock_saved", "stock_saved_share", "share_low", "share_high", "cost_saved", "cost_low", "cost_high"]
            ]
            assert zero.tolist() == pytest.approx([0.0] * 7, abs=1e-6)


@pytest.mark.parametrize("short", [0.9, 1e-5])
def test_where_no_target_serves_as_much_or_as_little_nothing_is_told(short):
    told = gains(all_steps((short, 300.0))).loc[EQUAL]
    assert told[["stock_saved", "stock_saved_share", "share_low", "share_high", "cost_saved", "cost_low"]].isna().all()
    assert told["fill_rate"] == pytest.approx(1 - short)


def test_the_cheapest_target_in_hindsight_is_the_cheapest():
    table = gains(all_steps((0.1, 300.0)))
    costs = table.loc[NAMES, "other_total_cost"]
    assert table.loc[CHEAPEST, "other_total_cost"] == costs.min()
    assert table.loc[CHEAPEST, "cost_saved"] == pytest.approx(costs.min() - table.loc[CHEAPEST, "total_cost"])
    assert table.loc[THUMB, "other_fill_rate"] == pytest.approx(0.7)
    assert table.loc[THUMB, "stock_saved"] == pytest.approx(200.0)
    assert table.loc[THUMB, "total_cost"] == pytest.approx(10.0 * 365.25 + 30.0)


def test_intervals_contain_the_point():
    table = gains(all_steps((0.5 * 0.7**3.5, 380.0), noise=0.3))
    own = np.random.default_rng(1)
    steps = all_steps((0.5 * 0.7**3.5, 380.0), noise=0.3)
    mine = (steps["rule"] == OWN).to_numpy()
    steps.loc[mine, "stock_value"] *= own.uniform(0.7, 1.3, STEPS)
    for told in (table, gains(steps)):
        known = told.dropna(subset=["share_low"])
        assert len(known) == len(told)
        for low, point, high in (
            ("share_low", "stock_saved_share", "share_high"),
            ("cost_low", "cost_saved", "cost_high"),
        ):
            assert (known[low] <= known[point] + 1e-9).all()
            assert (known[point] <= known[high] + 1e-9).all()


def test_replay_is_told_by_hand():
    steps = pd.concat([rule_steps(OWN, 0.2, 50.0, noise=0.3), rule_steps(THUMB, 0.5, 10.0)], ignore_index=True)
    mine = (steps["rule"] == OWN).to_numpy()
    asked = steps["demand"]
    steps = steps.assign(
        shortage_cost=2.0 * steps["lost_margin"],
        cycles=4.0,
        cycles_served=3.0,
        expected_cycles_served=3.5,
        expected_demand=asked * 1.5,
        expected_served=asked * 0.9,
        served_cost=steps["served"] * 2,
        orders=3.0,
        order_cost=6.0,
    )
    table = tell_replay(steps, **DRAWN).set_index("rule")
    assert (
        table.reset_index()[list(empty_table("replay").columns)].dtypes.to_dict()
        == empty_table("replay").dtypes.to_dict()
    )
    row = table.loc[OWN]
    assert row["fill_rate"] == row["weighted_fill_rate"] == pytest.approx(0.8)
    assert row["fill_low"] <= 0.8 + 1e-9
    assert row["fill_high"] >= 0.8 - 1e-9
    assert row[["expected_fill_rate", "forecast_bias", "orders_year"]].tolist() == pytest.approx([0.9, 0.5, 3 * 365.25])
    assert row[["cycle_service", "expected_cycle_service"]].tolist() == [0.75, 0.875]
    assert table.loc[THUMB, ["expected_fill_rate", "expected_cycle_service"]].isna().all()
    assert row["stock_value"] == pytest.approx(steps.loc[mine, "stock_value"].mean())
    yearly = steps.loc[mine, ["shortage_cost", "holding_cost", "order_cost"]].sum() * 365.25 / STEPS
    assert row["total_cost"] == pytest.approx(yearly.sum())
    assert row["shortage_cost"] == pytest.approx(2.0 * row["lost_margin"])
    assert row["turns"] == pytest.approx(asked[mine].sum() * 0.8 * 2 * 365.25 / STEPS / row["stock_value"])


def test_rules_are_judged_at_the_shortage_cost_by_which_levels_are_sized():
    """At the margin alone least stock is cheapest; where a unit short costs much more, most stock is."""
    steps = all_steps((0.1, 300.0), curve=lambda place: (0.5 * 0.7**place, 40_000.0 * (place + 1)))
    dear = steps.assign(shortage_cost=100.0 * steps["lost_margin"])
    cheapest = [gains(table.assign(places=1)).loc[CHEAPEST, "other_stock_value"] for table in (steps, dear)]
    assert cheapest == pytest.approx([80_000.0, 40_000.0 * len(NAMES)])


def test_no_demand_is_no_rate():
    steps = rule_steps(OWN, 0.2, 50.0)
    none = steps.assign(demand=0.0, served=0.0, weighted_demand=0.0, weighted_served=0.0)
    row = tell_replay(none, **DRAWN).iloc[0]
    assert row[["fill_rate", "weighted_fill_rate", "forecast_bias", "expected_fill_rate"]].isna().all()


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_few_steps_are_told_too(steps):
    rows = [rule_steps(OWN, 0.1, 300.0, steps=steps), rule_steps(THUMB, 0.3, 500.0, steps=steps)]
    rows += [rule_steps(name, 0.5 * 0.7**place, 100.0 * (place + 1), steps=steps) for place, name in enumerate(NAMES)]
    table = pd.concat(rows, ignore_index=True)
    assert tell_gains(table, **DRAWN)["stock_value"].eq(300.0).all()
    assert len(tell_replay(table, **DRAWN)) == len(rows)


def test_nothing_replayed_gives_empty_tables():
    none = empty_table("replay_steps")
    pd.testing.assert_frame_equal(tell_gains(none, **DRAWN), empty_table("replay_gain"))
    pd.testing.assert_frame_equal(tell_replay(none, **DRAWN), empty_table("replay"))


@pytest.fixture
def summed(came):
    demand = came([[4, 0, 6], [1, 5, 0]], [[True, True, True], [True, False, True]])
    path = RulePath(
        np.array([[4.0, 0, 6], [1, 0, 0]]),
        np.array([[3.0, 0, 6], [1, 0, 0]]),
        np.full((2, 3), 2.0),
        np.array([[0, 5.0, 0], [1, 1, 0]]),
        np.array([[False, True, True], [True, False, True]]),
        np.array([[False, False, True], [True, False, False]]),
    )
    run = RuleReplay(demand, {"own": path}, demand.known, np.ones((2, 3)))
    segments = pd.DataFrame({"all": ["(all)"] * 2, "abc": ["A", "B"]})
    worth = Worth(
        np.array([10.0, 20.0]),
        np.array([5.0, 1.0]),
        np.array([7.5, 1.5]),
        np.array([3.6525, 0.0]),
        np.array([5.0, 1.0]),
        7.0,
        segments,
        np.array([0.5, 1.0]),
        np.array([0.25, 1.0]),
    )
    return sum_steps(run, worth).set_index(["entity_id", "period"])


def test_steps_are_added_up_by_hand_and_hidden_days_do_not_count(summed):
    assert summed.reset_index().groupby("entity_id").size().to_dict() == {"(all)": 3, "A": 3, "B": 3}
    every = summed.loc["(all)"]
    assert every["demand"].tolist() == [5, 0, 6]
    assert every["served"].tolist() == [4, 0, 6]
    assert every["weighted_demand"].tolist() == [21, 0, 30]
    assert every["lost_margin"].tolist() == [5, 0, 0]
    assert every["shortage_cost"].tolist() == [7.5, 0, 0]
    assert every["expected_demand"].tolist() == [2, 1, 2]
    assert every["expected_served"].tolist() == [3, 0, 3]
    assert every[["asked_steps", "served_steps"]].to_numpy().tolist() == [[2, 1], [0, 0], [1, 1]]
    # Stock at the end of the step and half of what left it on the way.
    assert every["stock_value"].tolist() == [60 + 15 + 10, 60, 60 + 30]
    assert every["holding_cost"].tolist() == pytest.approx([0.02 + 0.015, 0.02, 0.02 + 0.03])
    assert every["orders"].tolist() == [1, 2, 0]
    assert every["cycles"].tolist() == [1, 1, 2]
    assert every["cycles_served"].tolist() == [1, 0, 1]
    assert every["expected_cycles_served"].tolist() == [1, 0.25, 1.25]
    assert every["order_cost"].tolist() == [7, 14, 0]
    assert every["places"].tolist() == [2, 2, 2]


def test_segments_add_up_to_all(summed):
    sums = [name for name in summed.columns if name not in ("rule", "entity")]
    parts = summed.loc["A", sums] + summed.loc["B", sums]
    pd.testing.assert_frame_equal(parts, summed.loc["(all)", sums], check_dtype=False)


@pytest.mark.parametrize("unknown", [("weighted_demand", "weighted_served"), ("stock_value",)])
def test_where_margin_or_cost_is_not_known_no_share_is_made_up(unknown):
    told = gains(all_steps((0.5 * 0.7**3.5, 400.0)).assign(**dict.fromkeys(unknown, 0.0))).loc[EQUAL]
    assert told[["stock_saved_share", "share_low", "share_high"]].isna().all()
    assert np.isnan(told["fill_rate"]) == (len(unknown) == 2)
