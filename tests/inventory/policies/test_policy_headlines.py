"""Sentences follow the figures: what pays is said to pay, what chance may give is said to, and what lacks is named."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.decisions import DUE, IDLE, SUPPLIES
from segkit.inventory.policies.policy_headlines import NAMES, PolicyTables, tell_policies
from segkit.inventory.replay.results import CHEAPEST, EQUAL
from segkit.inventory.replay.rules import OWN, THUMB


def table(name, *rows):
    return pd.DataFrame(rows).reindex(columns=empty_table(name).columns)


POLICIES = table(
    "policies",
    {"policy": "order_up_to", "order_up_to": 9.0, "stock_value": 1200.0, "reason": "rule"},
    {"policy": "to_order", "order_up_to": 0.0, "stock_value": 0.0, "reason": "rule"},
    {
        "policy": "order_up_to",
        "order_up_to": np.nan,
        "stock_value": np.nan,
        "reason": "not sized: give assume.holding_rate",
    },
)


def told(rate="", **tables):
    made = {name: empty_table(name) for name in NAMES} | {"policies": POLICIES} | tables
    frame = tell_policies(PolicyTables(**made), currency="EUR", days=182, weight="margin", rate=rate)
    assert frame.dtypes.to_dict() == empty_table("policy_headlines").dtypes.to_dict()
    assert frame["headline"].is_unique
    return frame.set_index("headline")


def gain(share=0.1, low=0.05, high=0.15, **more):
    row = {
        "rule": EQUAL,
        "fill_rate": 0.966,
        "stock_saved": 5000.0,
        "stock_saved_share": share,
        "share_low": low,
        "share_high": high,
    }
    return table("replay_gain", row, *({"rule": rule, **cells} for rule, cells in more.items()))


def test_service_below_every_single_target_is_not_said_to_be_above_them():
    rows = {"one target P1 50 %": {"other_fill_rate": 0.97}, "one target P1 99 %": {"other_fill_rate": 0.99}}
    low = told(replay_gain=gain(np.nan, np.nan, np.nan, **rows)).loc["policies_worth", "sentence"]
    assert "every single target for all that was replayed serves more" in low
    rows = {"one target P1 50 %": {"other_fill_rate": 0.5}, "one target P1 99 %": {"other_fill_rate": 0.9}}
    high = told(replay_gain=gain(np.nan, np.nan, np.nan, **rows)).loc["policies_worth", "sentence"]
    assert "no single target for all that was replayed serves as much" in high


@pytest.mark.parametrize(
    ("figures", "words", "others"),
    [
        ((0.1, 0.05, 0.15), ["96.6% of margin", "10% less stock value", "EUR 5,000 less tied up"], ["chance"]),
        (
            (0.1, -0.05, 0.15),
            ["10% less stock value", "(90 % interval 5% more to 15% less)", "chance alone"],
            ["tied up"],
        ),
        ((-0.33, -0.75, -0.04), ["33% more stock value", "(90 % interval 4% to 75% more)"], ["-4%", "-75%", "less"]),
        ((-0.1, -0.2, 0.05), ["10% more stock value", "(90 % interval 5% less to 20% more)"], ["-5", "-20"]),
        ((-0.1, -0.15, -0.05), ["10% more stock value", "does not pay"], ["tied up", "chance"]),
        ((0.1, np.nan, np.nan), ["10% less stock value", "chance alone"], ["interval"]),
        ((np.nan, np.nan, np.nan), ["cannot be compared", "96.6%"], ["nan"]),
    ],
)
def test_the_first_sentence_says_whether_it_pays(figures, words, others):
    sentence = told(replay_gain=gain(*figures)).loc["policies_worth", "sentence"]
    assert all(word in sentence for word in words)
    assert not any(word in sentence for word in others)


def test_without_margins_or_costs_nothing_is_said_to_be_saved():
    cost = {"cost_saved": 0.0, "other_fill_rate": np.nan}
    gains = gain(np.nan, np.nan, np.nan, **{CHEAPEST: cost, THUMB: cost})
    blank = told(replay_gain=gains.assign(fill_rate=np.nan))["sentence"]
    assert blank["policies_worth"].endswith(
        "nothing is known of margin, by which service is weighted (policies.service_weight)."
    )
    assert not blank.str.contains("nan").any()
    worth = told(replay_gain=gains.assign(other_stock_value=0.0)).loc["policies_worth", "sentence"]
    assert worth.endswith("served 96.6% of margin; what stock is worth is not known.")


def test_without_a_replay_its_sentence_says_so():
    row = told().loc["policies_worth"]
    assert "too short to replay" in row["sentence"]
    assert np.isnan(row["value"])
    unsized = told(policies=POLICIES.tail(1)).loc["policies_worth", "sentence"]
    assert unsized == "What the policies are worth is not known: not sized: give assume.holding_rate."


@pytest.mark.parametrize(
    ("saved", "low", "high", "way"), [(-300.0, -500.0, -90.0, "more"), (300.0, -20.0, 500.0, "less")]
)
def test_the_cheapest_target_is_told_with_its_chance(saved, low, high, way):
    row = {"cost_saved": saved, "cost_low": low, "cost_high": high, "other_fill_rate": 0.93}
    made = told(replay_gain=gain(**{CHEAPEST: row})).loc["policies_against_one_size"]
    assert f"EUR 300 a year {way}" in made["sentence"]
    assert ("chance alone" in made["sentence"]) == (low < 0 < high)
    ends = "EUR 90 to EUR 500 more" if saved < 0 else "EUR 20 more to EUR 500 less"
    assert f"(90 % interval {ends})" in made["sentence"]
    assert made["value"] == saved


@pytest.mark.parametrize(("achieved", "effect"), [(0.95, 0.05), (0.85, -0.05)])
def test_levels_set_anew_are_told_by_the_sign_of_what_they_did(achieved, effect):
    sentence = held(0.0, achieved=achieved, reset_effect=effect)
    assert ("a level that fell stays" in sentence) == (effect > 0)
    assert ("a level that rose asks for comes a lead time later" in sentence) == (effect < 0)


def test_the_rule_of_thumb_is_told():
    row = {
        "cost_saved": 900.0,
        "cost_low": 100.0,
        "cost_high": 1500.0,
        "other_fill_rate": 0.771,
        "other_stock_value": 10.0,
    }
    sentence = told(replay_gain=gain(**{THUMB: {**row, "stock_value": 20.0}})).loc["policies_against_thumb", "sentence"]
    assert "EUR 900 a year less" in sentence
    assert "(90 % interval EUR 100 to EUR 1,500 less)" in sentence
    assert "77.1% with EUR 10 of stock against EUR 20" in sentence


EFFECTS = ("forecast_bias_effect", "lead_time_effect", "lot_effect", "reset_effect", "distribution_effect")


def held(bias, expected=0.9, achieved=0.95, **effects):
    gap = dict.fromkeys(
        ("forecast_bias_effect", "lead_time_effect", "lot_effect", "reset_effect", "distribution_effect"), 0.0
    )
    gap |= {"entity": "all", "measure": "fill_rate", "expected": expected, "achieved": achieved, **effects}
    row = {"rule": OWN, "entity": "all", "fill_rate": achieved, "expected_fill_rate": expected, "forecast_bias": bias}
    tables = {"replay": table("replay", row), "replay_gap": table("replay_gap", gap)}
    return told(**tables).loc["service_held", "sentence"]


@pytest.mark.parametrize(
    ("bias", "achieved", "effects", "words"),
    [
        (0.25, 0.95, {"forecast_bias_effect": 0.06, "lot_effect": -0.01}, "+6.0 because 20% less was asked for"),
        (-0.2, 0.85, {"forecast_bias_effect": -0.06, "lot_effect": 0.01}, "-6.0 because 25% more was asked for"),
        (-0.2, 0.95, {"forecast_bias_effect": -0.02, "lead_time_effect": 0.07}, "+7.0 because lead times were others"),
        (0.25, 0.85, {"forecast_bias_effect": 0.02, "distribution_effect": -0.07}, "-7.0 because demand had another"),
        (-0.2, 0.95, {"forecast_bias_effect": 0.05}, "+5.0 because other items were asked for than forecast"),
    ],
)
def test_service_that_was_missed_has_the_cause_that_moved_it_that_way(bias, achieved, effects, words):
    """More asked for than forecast does not explain that more was met: what moved it that way does."""
    sentence = held(bias, achieved=achieved, **effects)
    assert f"{achieved:.1%} were met" in sentence
    assert "90.0%" in sentence
    assert words in sentence


def test_stock_that_was_more_than_expected_has_its_cause():
    gap = dict.fromkeys(EFFECTS, 0.0) | {"entity": "all", "measure": "stock_value", "reset_effect": 150.0}
    gap |= {"expected": 1000.0, "achieved": 1180.0, "lot_effect": 50.0, "distribution_effect": -20.0}
    row = told(replay_gap=table("replay_gap", gap)).loc["stock_held"]
    assert row["sentence"] == (
        "On average EUR 1,180 of stock was on hand; the levels were to leave EUR 1,000: +18 %, of which +15 % because "
        "levels were set anew: stock above a level that fell stays until it is sold."
    )
    assert row["value"] == 1180.0
    assert "stock_held" not in told(replay_gap=table("replay_gap", gap | {"expected": 0.0})).index


def test_service_near_what_was_expected_needs_no_cause():
    assert "because" not in held(0.25, expected=0.945, forecast_bias_effect=0.005)
    row = {"rule": OWN, "entity": "all", "fill_rate": 0.95, "expected_fill_rate": 0.9, "forecast_bias": 0.2}
    assert "because" not in told(replay=table("replay", row)).loc["service_held", "sentence"]


def test_policies_are_counted_and_what_is_unsized_says_what_to_give():
    row = told().loc["policies_set"]
    assert row["sentence"] == (
        "3 item-locations have a policy: 1 are stocked, with EUR 1,200 expected on hand, 1 are not; "
        "1 is not sized: give assume.holding_rate."
    )
    assert row["value"] == 1200.0


def test_where_nothing_has_levels_no_amount_is_told():
    row = told(policies=POLICIES.tail(1)).loc["policies_set"]
    assert row["sentence"] == "None of 1 item-locations has levels; most are not sized: give assume.holding_rate."
    assert np.isnan(row["value"])
    assert row["unit"] == ""
    row = told(policies=POLICIES.tail(2)).loc["policies_set"]
    assert row["sentence"].startswith("2 item-locations have a policy: 0 are stocked and 1 are not; 1 is not sized: ")
    assert np.isnan(row["value"])


def test_stock_whose_worth_is_not_known_is_not_told_as_none():
    stocked = {"policy": "order_up_to", "order_up_to": 9.0, "reason": "rule"}
    bare = told(policies=table("policies", stocked)).loc["policies_set"]
    assert "1 are stocked, with an expected stock on hand whose worth is not known, 0 are not." in bare["sentence"]
    assert np.isnan(bare["value"])
    ordered = {"policy": "to_order", "order_up_to": 0.0, "stock_value": 0.0, "reason": "rule"}
    assert np.isnan(told(policies=table("policies", stocked, ordered)).loc["policies_set", "value"])
    assert told(policies=table("policies", ordered)).loc["policies_set", "value"] == 0
    some = told(policies=table("policies", stocked, stocked | {"stock_value": 40.0})).loc["policies_set"]
    assert "2 are stocked, with EUR 40 expected on hand (of 1 it is not known), 0 are not." in some["sentence"]
    assert some["value"] == 40


def test_stock_above_levels_without_unit_costs_is_not_told_as_worth_nothing():
    row = {"state": "above the order-up-to level", "excess": 4.0, "on_order": 0.0}
    made = told(stock_position=table("stock_position", row, {"state": DUE})).loc["stock_out_of_range"]
    assert "is worth an amount that is not known (1 item-locations)" in made["sentence"]
    assert "lack an amount that is not known." in made["sentence"]
    assert np.isnan(made["value"])


def test_price_stock_and_decisions_are_told():
    price = [
        {"rule": "segment", "price_ratio": 1.4, "cost": 700.0, "advice": "Move it."},
        {"rule": "one target", "price_ratio": 1.5},
    ]
    best = {"rule": "best 3 classes", "price_ratio": 1.2}
    stock = [
        {"excess": 3.0, "excess_value": 30.0, "on_order": 0.7, "shortage_value": 0.0, "state": "above"},
        {"excess": 4.0, "excess_value": 12.0, "on_order": 0.0, "shortage_value": 0.0, "state": IDLE},
        {"excess": 0.0, "excess_value": 0.0, "on_order": 3.0, "shortage_value": 8.0, "state": DUE},
    ]
    decision = {"item_id": "SKU-0042", "location_id": "NORTH", "decision": "stock less", "yearly_saving": 80.0}
    decision |= {"all_saving": 60.0}
    price.append({"rule": "now", "price_ratio": 1.1, "fill_rate": 0.929})
    made = told(
        rate="at the demand rate of June 2026",
        segmentation_price=table("segmentation_price", *price, best),
        stock_position=table("stock_position", *stock),
        policy_decisions=table("policy_decisions", decision, {**decision, "yearly_saving": -20.0}),
    )
    assert "1.40 times" in made.loc["price_of_segmentation", "sentence"]
    assert "best 3 classes 1.20 times" in made.loc["price_of_segmentation", "sentence"]
    assert made.loc["price_of_segmentation", "sentence"].endswith(
        " At levels now 92.9% are expected of the coming demand. Move it."
    )
    replayed = told(
        segmentation_price=table("segmentation_price", *price), replay=table("replay", {"rule": THUMB, "entity": "all"})
    ).loc["price_of_segmentation", "sentence"]
    assert "92.9% are expected of the coming demand (what the replay tells was measured on held-out days)" in replayed
    assert made.loc["stock_out_of_range", "sentence"] == (
        "Stock on hand and on order above the order-up-to level is worth EUR 30 (1 item-locations), and where nothing "
        "is to be stocked EUR 12 (1); EUR 7 of it is still on order. 1 item-locations are to be ordered; those below "
        "the reorder point by more than a review's demand lack EUR 8."
    )
    assert (
        "all decisions together are expected to save EUR 60 a year at the demand rate of June 2026; first SKU-0042 at "
        "NORTH: stock less, to save EUR 80." in made.loc["largest_decision", "sentence"]
    )


def test_stock_of_locations_that_supply_others_is_told_apart():
    rows = [
        {"excess": 3.0, "excess_value": 30.0, "on_order": 0.0, "shortage_value": 0.0, "state": "above"},
        {"supplying_value": 70.0, "on_order": 9.0, "state": SUPPLIES},
        {"supplying_value": 50.0, "on_order": 0.0, "state": SUPPLIES},
    ]
    row = told(stock_position=table("stock_position", *rows)).loc["stock_out_of_range"]
    assert row["value"] == 30.0
    assert row["sentence"].startswith(
        "Stock on hand and on order above the order-up-to level is worth EUR 30 (1 item-locations). At locations that "
        "supply others EUR 120 more lies above levels that count only customers of their own: not judged (2 "
        "item-locations). 0 item-locations are to be ordered"
    )


def test_lead_times_that_moved_are_told():
    moved = ("lead_times_moved", "Lead times moved.", 3.0, "days")
    names = {name: empty_table(name) for name in NAMES} | {"policies": POLICIES}
    made = tell_policies(PolicyTables(**names), currency="EUR", days=182, weight="margin", moved=(None, moved))
    assert made.set_index("headline").loc["lead_times_moved", "value"] == 3.0
    assert "lead_times_moved" not in set(told().index)


def test_nothing_is_told_of_nothing():
    assert told(policies=empty_table("policies")).empty
    assert list(told().index) == ["policies_worth", "policies_set"]


def test_without_a_lead_time_it_is_said_what_lacks():
    rules = table("policy_rules", {"item_id": "SKU-0042", "location_id": "NORTH"})
    made = told(policies=empty_table("policies"), policy_rules=rules)
    assert list(made.index) == ["policies_worth"]
    assert "no lead time is known" in made.loc["policies_worth", "sentence"]


def test_policies_of_which_only_what_is_made_to_order_is_known_are_not_worth_nothing():
    sentence = told(policies=POLICIES.tail(2)).loc["policies_worth", "sentence"]
    assert sentence == "What the policies are worth is not known: not sized: give assume.holding_rate."


def test_an_interval_of_what_is_lost_rises():
    row = {"cost_saved": -300.0, "cost_low": -500.0, "cost_high": -90.0, "other_fill_rate": 0.93}
    row |= {"stock_value": 20.0, "other_stock_value": 10.0}
    sentence = told(replay_gain=gain(**{THUMB: row})).loc["policies_against_thumb", "sentence"]
    assert "EUR 300 a year more" in sentence
    assert "EUR 90 to EUR 500" in sentence


def test_decisions_that_move_nothing_are_not_told():
    decision = {"item_id": "SKU-0042", "location_id": "NORTH", "decision": "the same level", "yearly_saving": 0.0}
    assert "largest_decision" not in told(policy_decisions=table("policy_decisions", decision)).index


def test_all_decisions_are_told_beside_the_ten_that_move_most():
    rows = [
        {"item_id": f"SKU-{n:04d}", "location_id": "NORTH", "decision": "stock more", "yearly_saving": saved}
        for n, saved in enumerate((-150.0, *[40.0] * 9, *[5.0] * 8))
    ]
    decisions = table("policy_decisions", *({**row, "all_saving": 900.0} for row in rows))
    sentence = told(policy_decisions=decisions).loc["largest_decision", "sentence"]
    assert (
        "all decisions together are expected to save EUR 900 a year, the 10 that move most money to save EUR 210"
        in sentence
    )


def test_what_a_person_set_for_no_item_location_is_told():
    rules = table("policy_rules", {"item_id": "a", "location_id": "N"})
    made = [{"item_id": "a"}, {"item_id": "a", "location_id": "Q"}, {"item_id": "b"}]
    by_hand = table("policy_overrides", *made).astype(empty_table("policy_overrides").dtypes.to_dict())
    row = told(policy_rules=rules, policy_overrides=by_hand).loc["overrides_without_effect"]
    assert row["value"] == 2
    assert "2 of 3 policies set by a person have no effect" in row["sentence"]
    assert "first a at Q" in row["sentence"]
    assert "overrides_without_effect" not in told(policy_rules=rules, policy_overrides=by_hand.head(1)).index


def test_decisions_that_cost_money_are_not_said_to_save_it():
    rows = [
        {
            "item_id": f"SKU-{n:04d}",
            "location_id": "NORTH",
            "decision": "stock more",
            "yearly_saving": saved,
            "all_saving": -107.0,
        }
        for n, saved in enumerate((-150.0, 43.0))
    ]
    sentence = told(policy_decisions=table("policy_decisions", *rows)).loc["largest_decision", "sentence"]
    assert "expected to cost EUR 107 more a year" in sentence
    assert "stock more, to cost EUR 150 more." in sentence
    assert "-" not in sentence.replace("SKU-0000", "")


NOT_SOLD = "not sized: the margin is not known, as nothing was sold in the window (segments.window_months)"
LEFT = [
    (
        [("SKU-0001", 12.0, NOT_SOLD)],
        "1 item-location, of which 12 units were asked for (1.2% of all), is not replayed because the margin is not "
        "known, as nothing was sold in the window (segments.window_months).",
    ),
    (
        [("SKU-0001", 12.0, NOT_SOLD), ("SKU-0002", 0.0, NOT_SOLD), ("SKU-0003", 0.0, "no lead time is known")],
        "3 item-locations, of which 12 units were asked for (1.2% of all), are not replayed: 2 because the margin is "
        "not known, as nothing was sold in the window (segments.window_months), 1 because no lead time is known.",
    ),
]


@pytest.mark.parametrize(("rows", "sentence"), LEFT)
def test_what_is_not_replayed_is_told_in_one_sentence(rows, sentence):
    left = table("replay_left_out", *({"item_id": item, "demand": asked, "reason": why} for item, asked, why in rows))
    replay = table("replay", {"rule": OWN, "entity": "all", "demand": 988.0, "served": 900.0, "fill_rate": 0.9})
    row = told(replay_left_out=left, replay=replay).loc["replay_left_out"]
    assert row["sentence"] == sentence
    assert row["value"] == 12.0
