"""The watch list: what moved and wants a decision, most money first, one sentence each."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.segment_settings import Watch
from segkit.dynamics.story.watch import WatchRules, WatchTables, make_watch_list

RULES = WatchRules(Watch(), date(2025, 12, 31), currency="EUR")
BLANK = {"datetime64[us]": pd.NaT, "str": "", "bool": False}


def rows(name, *records):
    """Return a table of the nomenclature with these rows; columns not given are blank."""
    empty = empty_table(name)
    filled = [{c: record.get(c, BLANK.get(str(empty[c].dtype), 0)) for c in empty.columns} for record in records]
    kept = {column: dtype for column, dtype in empty.dtypes.items()}
    return pd.DataFrame(filled, columns=list(empty.columns)).astype(kept)


def tables(**given):
    """Return tables of a company in which nothing happened, but for those given."""
    return WatchTables(**{field.name: given.get(field.name, rows(field.name)) for field in fields(WatchTables)})


def listed(rules=RULES, **given):
    return make_watch_list(tables(**given), rules=rules)


def day(text):
    return pd.Timestamp(text)


def earning(**margins):
    """Return margin_causes of items that earn (or lose) so much."""
    return rows(
        "margin_causes",
        *({"entity": "item", "entity_id": name, "net_margin": margin} for name, margin in margins.items()),
    )


def months(entity_id, classes, values=(), stable=None):
    """Return the history of one item at the ends of the months up to 2025-12."""
    ends = pd.date_range(end="2025-12-31", periods=len(classes), freq="ME")
    values = list(values) or [0.0] * len(classes)
    told = zip(ends, classes, stable or classes, values, strict=True)
    return [
        {
            "entity": "item",
            "entity_id": entity_id,
            "known_on": end,
            "abc": abc,
            "stable_abc": kept,
            "measure_value": value,
        }
        for end, abc, kept, value in told
    ]


def test_nothing_to_watch_gives_an_empty_typed_table():
    pd.testing.assert_frame_equal(listed(), empty_table("watch_list"))


def test_a_loss_maker_is_told_with_cause_remedy_and_since_when():
    causes = rows(
        "margin_causes",
        {
            "entity": "customer",
            "entity_id": "C7",
            "net_margin": -1200.4,
            "main_cause": "freight",
            "remedy": "freight charged: EUR 9 an order",
        },
        {"entity": "customer", "entity_id": "C8", "net_margin": 5.0},
    )
    history = rows("segment_history", *months("C7", ["L", "B", "L", "L"])).assign(entity="customer")
    names = rows("customers", {"customer_id": "C7", "name": "Fjord Pumps"})
    row = listed(margin_causes=causes, segment_history=history, customers=names).iloc[0]
    assert row["sentence"] == (
        "Customer C7 (Fjord Pumps) lost EUR 1,200 in the last 12 months, a loss maker since 2025-11-30; mostly through "
        "freight. Remedy: freight charged: EUR 9 an order."
    )
    assert (row["kind"], row["stake"], row["since"], row["name"]) == (
        "loss maker",
        1200.4,
        day("2025-11-30"),
        "Fjord Pumps",
    )


def test_who_loses_money_all_the_time_is_told_so():
    history = rows("segment_history", *months("X", ["L", "L"]))
    row = listed(margin_causes=earning(X=-3.0), segment_history=history).iloc[0]
    assert "as ever since the data begin" in row["sentence"]
    assert row["since"] == day("2025-11-30")


def test_a_confirmed_move_is_told_from_the_month_it_was_first_seen_with_its_cause():
    classes, stable = ["C", "C", "B", "B", "B"], ["C", "C", "C", "C", "B"]
    history = rows("segment_history", *months("X", classes, [10.0, 20.0, 80.0, 90.0, 120.0], stable))
    moves = rows(
        "migration",
        {"entity": "item", "entity_id": "X", "known_on": day("2025-10-31"), "confirmed": True, "cause": "volume"},
    )
    classed = rows("item_segments", {"item_id": "X", "measure": "net_margin"})
    made = listed(segment_history=history, migration=moves, item_segments=classed)
    assert made["kind"].tolist() == ["class move"]
    assert (made["stake"].item(), made["since"].item()) == (100.0, day("2025-10-31"))
    assert made["sentence"].item() == (
        "Item X moved from class C to B, seen 2025-10-31 and confirmed 2025-12-31, mostly through volume; net margin "
        "EUR 120 in the 12 months to 2025-12, EUR 20 in the 12 months to 2025-09."
    )
    gone = history.assign(abc=["C", "C", "B", "B", "C"])
    made = listed(segment_history=gone, migration=moves, item_segments=classed)
    assert made["sentence"].item().endswith("2025-09; by its figures of today it is in class C.")
    short = WatchRules(Watch(move_months=1), date(2026, 2, 28))
    assert listed(short, segment_history=history, migration=moves, item_segments=classed).empty


def test_moves_by_quantity_are_at_stake_with_their_net_margin():
    history = rows("segment_history", *months("X", ["C", "B"], [10.0, 80.0]))
    classed = rows("item_segments", {"item_id": "X", "measure": "quantity"})
    made = listed(segment_history=history, item_segments=classed, margin_causes=earning(X=33.0))
    assert made["stake"].item() == 33.0
    assert "quantity 80 in the 12 months to 2025-12, 10 in the 12 months to 2025-11" in made["sentence"].item()


def test_moves_are_told_where_both_windows_are_full():
    """A window that still fills up is no year: who sells evenly seems to grow."""
    classes, stable = ["C", "B", "B"], ["C", "C", "B"]
    history = rows("segment_history", *months("X", classes, [10.0, 80.0, 90.0], stable))
    moves = rows("migration", {"entity": "item", "entity_id": "X", "known_on": day("2025-11-30"), "confirmed": True})
    told = {"segment_history": history, "migration": moves, "margin_causes": earning(X=33.0)}
    for first, kinds in (("2024-11-05", ["class move"]), ("2024-11-20", []), ("2025-09-01", [])):
        lines = rows("order_lines", {"customer_id": "C1", "order_date": day(first)})
        assert listed(**told, order_lines=lines)["kind"].tolist() == kinds, first


def test_quiet_customers_are_worth_what_they_earned_in_the_year_before_they_went():
    bought = [("2023-01-05", 999.0), ("2024-06-01", 50.0), ("2025-01-10", 70.0)]
    lines = rows(
        "order_lines",
        *({"customer_id": "C1", "order_date": day(when), "net_margin": margin} for when, margin in bought),
        {"customer_id": "C2", "order_date": day("2025-12-30"), "net_margin": 5.0},
        {"customer_id": "C3", "order_date": day("2025-01-05"), "net_margin": -5.0},
    )
    segments = rows(
        "customer_segments",
        {"customer_id": "C1", "recency": "overdue", "recency_days": 355, "usual_gap_days": 30.0},
        {"customer_id": "C2", "recency": "active"},
        {"customer_id": "C3", "recency": "lost"},
    )
    made = listed(order_lines=lines, customer_segments=segments)
    assert made["entity_id"].tolist() == ["C1"]
    assert (made["kind"].item(), made["stake"].item()) == ("overdue customer", 120.0)
    assert made["sentence"].item() == (
        "Customer C1 has not ordered for 355 days (usually every 30) and earned us EUR 120 in the year before."
    )


FADING = {
    "item_segments": rows(
        "item_segments",
        *(
            {"item_id": name, "life_cycle": life}
            for name, life in zip("XYZW", ["dormant", "declining", "dormant", "declining"], strict=True)
        ),
    ),
    "item_value": rows(
        "item_value",
        *(
            {"item_id": name, "net_margin": m, "last_order_date": day("2025-03-02")}
            for name, m in zip("XYZW", [7, 9, -1, 30], strict=True)
        ),
    ),
}


def test_fading_items_are_listed_where_they_still_earn():
    """A declining one with what it earns less than the year before."""
    sold = [("Y", "2024-01-05", 50.0), ("Y", "2024-12-30", 9.0), ("Y", "2025-01-02", 9.0), ("W", "2025-02-02", 30.0)]
    lines = rows("order_lines", *({"item_id": i, "order_date": day(d), "net_margin": m} for i, d, m in sold))
    made = listed(**FADING, order_lines=lines)
    assert made[["kind", "entity_id", "stake"]].to_numpy().tolist() == [
        ["declining item", "Y", 50.0],
        ["dormant item", "X", 7.0],
    ]
    assert made["sentence"].iloc[0] == (
        "Item Y sells less and less; it earned EUR 9 in the last 12 months, EUR 50 less than in the same months a year "
        "before."
    )
    assert "not been ordered since 2025-03-02; it earned EUR 7 in the last 12 months" in made["sentence"].iloc[1]


def test_a_declining_item_of_less_than_two_years_is_told_by_half_years():
    sold = [("2024-07-05", 50.0), ("2025-02-01", 99.0), ("2025-08-02", 9.0)]
    lines = rows("order_lines", *({"item_id": "Y", "order_date": day(d), "net_margin": m} for d, m in sold))
    row = listed(**FADING, order_lines=lines).set_index("entity_id").loc["Y"]
    assert row["stake"] == 41.0
    assert "earned EUR 9 in the last 6 months, EUR 41 less than in the same months a year before" in row["sentence"]
    unknown = listed(**FADING, order_lines=lines.assign(net_margin=np.nan)).set_index("entity_id").loc["Y"]
    assert unknown["sentence"] == "Item Y sells less and less; it earned an unknown sum in the last 6 months."


def test_an_uncertain_class_counts_where_more_than_usual_is_at_stake():
    unsure = [
        {"entity": "item", "entity_id": name, "abc": "A", "confidence": share, "runner_up": "B", "runner_up_share": 0.4}
        for name, share in {"X": 0.55, "Y": 0.55, "Z": 0.9}.items()
    ]
    made = listed(segment_confidence=rows("segment_confidence", *unsure), margin_causes=earning(X=100, Y=5, Z=90))
    assert made["entity_id"].tolist() == ["X"]
    assert "55% of the draws say so, 40% say B" in made["sentence"].item()
    other = {"entity": "item", "entity_id": "X", "abc": "A", "confidence": 0.42}
    other = rows("segment_confidence", other | {"runner_up": "B", "runner_up_share": 0.57})
    made = listed(segment_confidence=other, margin_causes=earning(X=100, Y=5))
    assert made["sentence"].item() == (
        "Item X: class A, but 57% of the draws say B and 42% say so; it earned EUR 100 in the last 12 months."
    )


def test_changes_of_level_of_the_last_half_year():
    segment = {"entity": "channel", "entity_id": "online", "measure": "net_margin"}
    old, new = day("2025-03-01"), day("2025-09-01")
    points = rows(
        "change_points",
        {**segment, "period": new, "before": 100.0, "after": 70.0, "change": -30.0},
        {**segment, "period": old, "before": 10.0, "after": 100.0, "change": 90.0},
        {**segment, "period": new, "measure": "volume", "before": 400.0, "after": 300.0, "change": -100.0},
    )
    made = listed(change_points=points)
    assert (made["stake"].item(), made["since"].item()) == (360.0, new)
    assert made["sentence"].item() == (
        "Channel online: net margin a period fell from EUR 100 to EUR 70 by 2025-09-01 and stayed there; EUR 360 less "
        "a year."
    )


def test_a_change_of_demand_counts_with_the_margin_that_is_left_on_it():
    segment = {"entity": "country", "entity_id": "UK"}
    change = {**segment, "measure": "volume", "period": day("2025-09-01"), "before": 400.0, "after": 800.0}
    points = rows("change_points", change | {"change": 400.0})
    year = [
        {**segment, "period": start, "complete": True, "net_margin": 100.0, "volume": 500.0}
        for start in pd.date_range("2024-01-01", "2025-12-01", freq="MS")
    ]
    dynamics = rows("segment_dynamics", *year)
    made = listed(change_points=points, segment_dynamics=dynamics)
    assert made["stake"].item() == pytest.approx(400 * 0.2 * 12)
    assert "volume (at constant prices) a period rose" in made["sentence"].item()
    assert made["sentence"].item().endswith("; EUR 960 more of net margin a year.")
    profit = {**change, "measure": "net_margin", "before": 50.0, "after": 90.0, "change": 40.0}
    made = listed(change_points=pd.concat([points, rows("change_points", profit)]), segment_dynamics=dynamics)
    assert made["stake"].tolist() == pytest.approx([480.0])
    assert listed(change_points=points)["stake"].isna().all()


def test_what_may_be_season_counts_for_the_months_since_only():
    point = {"entity": "country", "entity_id": "UK", "measure": "net_margin", "period": day("2025-10-01")}
    points = rows("change_points", {**point, "after": 136.0, "change": 136.0, "reason": "may be season: short history"})
    made = listed(change_points=points)
    assert made["stake"].tolist() == [3 * 136.0]
    assert made["sentence"].item().endswith("(may be season: short history) and stayed there; EUR 408 more since then.")
    by_day = WatchRules(Watch(), date(2025, 12, 31), periods_a_year=365.25, currency="EUR")
    assert listed(by_day, change_points=points.assign(reason=""))["stake"].tolist() == [12 * 136.0]


def test_overrides_that_end_soon():
    override = {"entity": "item", "abc": "A", "reason": "launch", "valid_from": day("2025-01-01")}
    overrides = rows(
        "class_overrides",
        {**override, "entity_id": "X", "valid_to": day("2026-02-15")},
        {**override, "entity_id": "Y", "valid_to": day("2026-09-01")},
        {**override, "entity_id": "Z", "valid_to": day("2025-12-01")},
    )
    segments = rows("item_segments", {"item_id": "X", "abc_by_data": "C"})
    made = listed(class_overrides=overrides, item_segments=segments, margin_causes=earning(X=9, Y=9, Z=9))
    assert made["sentence"].tolist() == [
        "Item X: class A, set by a person (launch), ends on 2026-02-15; by the data it is C."
    ]


def test_policies_set_by_a_person_that_end_soon():
    override = {"reason": "trade fair", "valid_from": day("2025-01-01")}
    overrides = rows(
        "policy_overrides",
        {**override, "item_id": "X", "location_id": "NORTH", "valid_to": day("2026-02-15")},
        {**override, "item_id": "X", "location_id": "SOUTH", "valid_to": day("2026-01-20")},
        {**override, "item_id": "X", "location_id": "WEST", "valid_to": day("2026-09-01")},
        {**override, "item_id": "Y", "valid_to": day("2026-01-31")},
        {**override, "item_id": "Z", "valid_to": day("2025-12-01")},
        {**override, "item_id": "Z", "valid_from": day("2026-01-01"), "valid_to": day("2026-01-31")},
    ).assign(sets="reorder_point 20")
    by_class = {"entity": "item", "entity_id": "X", "abc": "A", "reason": "launch", "valid_to": day("2026-02-15")}
    made = listed(
        policy_overrides=overrides.sample(frac=1, random_state=3),
        class_overrides=rows("class_overrides", by_class),
        margin_causes=earning(X=9, Z=9),
    )
    told = made[made["kind"] == "policy override ends"]
    assert len(made) == len(told) + 1
    assert told["sentence"].tolist() == [
        "Item X at SOUTH: reorder_point 20, set by a person (trade fair), ends on 2026-01-20; "
        "1 more of this item soon follow.",
        "Item Y at all locations: reorder_point 20, set by a person (trade fair), ends on 2026-01-31.",
    ]
    assert told["stake"].fillna(-1).tolist() == [9, -1]


def test_capacity_that_nobody_used_counts_a_shared_pool_once():
    span = {"period": day("2025-01-01"), "period_end": day("2025-12-31"), "cost": 1000.0}
    costs = rows(
        "activity_costs",
        {**span, "activity": "pack", "pool": "hall", "unused_cost": 300.0},
        {**span, "activity": "pick", "pool": "hall", "unused_cost": 0.0},
        {**span, "activity": "call", "pool": "call", "unused_cost": 50.0},
    )
    made = listed(activity_costs=costs)
    assert made["sentence"].tolist() == [
        "Activity pool hall: 30% of what it cost in the last 12 months was not used (EUR 300)."
    ]


def test_most_money_comes_first_and_what_has_no_known_margin_last():
    segments = rows("customer_segments", *({"customer_id": f"C{n}", "recency": "lost"} for n in range(3)))
    lines = [
        {"customer_id": f"C{n}", "order_date": day("2024-06-01"), "net_margin": m}
        for n, m in enumerate([5.0, np.nan, 9.0])
    ]
    made = listed(customer_segments=segments, order_lines=rows("order_lines", *lines))
    assert made["entity_id"].tolist() == ["C2", "C0", "C1"]
    assert made["rank"].tolist() == [1, 2, 3]
    assert "an unknown sum" in made["sentence"].iloc[2]


def test_a_history_shorter_than_the_window_is_told_in_days():
    lines = rows("order_lines", {"customer_id": "C1", "order_date": day("2025-09-02"), "net_margin": 1.0})
    made = listed(order_lines=lines, margin_causes=earning(X=-3.0))
    assert "lost EUR 3 in the 121 days known" in made["sentence"].item()
    made = listed(order_lines=lines.assign(order_date=day("2025-12-31")), margin_causes=earning(X=-3.0))
    assert "lost EUR 3 on the one day known" in made["sentence"].item()


# ------------------------------------------------------------------ the sample company
def test_the_list_of_the_sample_is_ranked_and_says_each_thing_once_per_kind(sample_plan):
    made = sample_plan.watch_list
    assert made["rank"].tolist() == list(range(1, len(made) + 1))
    assert made["stake"].is_monotonic_decreasing
    assert not made.duplicated(["kind", "entity", "entity_id"]).any()
    assert made["sentence"].str.endswith(".").all()
    assert not made["sentence"].str.contains("nan|NaT|None|EUR -0 ").any()


def test_the_order_of_rows_does_not_matter(sample_plan):
    whole = WatchTables(**{field.name: getattr(sample_plan, field.name) for field in fields(WatchTables)})
    shuffled = replace(
        whole,
        **{field.name: getattr(whole, field.name).sample(frac=1, random_state=4) for field in fields(WatchTables)},
    )
    rules = WatchRules(Watch(), sample_plan.as_of, currency="EUR")
    pd.testing.assert_frame_equal(make_watch_list(shuffled, rules=rules), make_watch_list(whole, rules=rules))


def test_without_costs_and_customers_there_is_a_list_all_the_same(write_workspace, small_company):
    orders = small_company["orders"].drop(columns="location_id")
    bare = {"orders": orders, "items": small_company["items"][["item_id"]]}
    made = sk.open_plan(write_workspace(bare)).watch_list
    assert set(made["kind"]) <= {"overdue customer", "lost customer", "declining item", "dormant item", "class move"}
