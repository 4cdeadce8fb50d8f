"""Moves between classes: every one of the history, whether it stands, and causes that add up."""

import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit import open_plan
from segkit.core.columns import empty_table
from segkit.dynamics.moves.migration import OTHERS, WORDS
from segkit.dynamics.moves.migration_matrix import NONE, count_migration
from segkit.formulas.hysteresis import followed_moves

EFFECTS = [f"{name}_effect" for name in WORDS]
KEY = ["entity", "entity_id"]


def adds_up(moves):
    assert len(moves)
    size = moves[EFFECTS].abs().sum(axis=1) + moves["change"].abs()
    assert ((moves[EFFECTS].sum(axis=1) - moves["change"]).abs() <= 1e-9 * size + 1e-9).all()


def test_every_move_of_the_history_is_there_with_its_change(sample_plan):
    rows = sample_plan.segment_history.sort_values([*KEY, "known_on"])
    months = {day: place for place, day in enumerate(sorted(rows["known_on"].unique()))}
    found, last = [], None
    for row in rows.itertuples():
        if last is not None and (row.entity, row.entity_id) == (last.entity, last.entity_id):
            if (
                months[row.known_on] - months[last.known_on] == 1
                and "" not in (row.abc, last.abc)
                and row.abc != last.abc
            ):
                change = row.measure_value - last.measure_value
                found.append((row.entity, row.entity_id, row.known_on, last.abc, row.abc, change))
        last = row
    moves = sample_plan.migration
    wanted = pd.DataFrame(found, columns=[*KEY, "known_on", "from_class", "to_class", "change"])
    pd.testing.assert_frame_equal(moves[list(wanted.columns)], wanted, check_dtype=False)
    adds_up(moves)


def test_a_month_knows_its_moves_whatever_comes_later(sample_plan):
    """Only whether a move stands may still turn out."""
    then = open_plan(sample_plan.workspace, as_of="2025-03-31").migration
    now = sample_plan.migration
    now = now[now["known_on"] <= pd.Timestamp("2025-03-31")].reset_index(drop=True)
    pd.testing.assert_frame_equal(then.drop(columns="confirmed"), now.drop(columns="confirmed"))
    assert (now["confirmed"] | ~then["confirmed"]).all()
    assert now["confirmed"].sum() > then["confirmed"].sum()


def followed_twin(classes, steady):
    followed = np.zeros(classes.shape, dtype=bool)
    for member, time in np.ndindex(classes.shape):
        start, new = classes[member, time - 1], classes[member, time]
        if time == 0 or -1 in (start, new) or start == new:
            continue
        side = np.sign(new - start)
        if steady[member, time - 1] >= 0 and np.sign(steady[member, time - 1] - start) == side:
            continue
        for later in range(time, classes.shape[1]):
            if classes[member, later] < 0 or np.sign(classes[member, later] - start) != side:
                break
            if steady[member, later] >= 0 and np.sign(steady[member, later] - start) == side:
                followed[member, time] = True
                break
    return followed


@given(st.integers(0, 100_000))
def test_a_move_stands_when_the_stable_class_followed_it(seed):
    rng = np.random.default_rng(seed)
    classes, steady = rng.integers(-1, 4, (5, 14)), rng.integers(-1, 4, (5, 14))
    assert (followed_moves(classes, steady) == followed_twin(classes, steady)).all()


def company(*sales):
    """Return a company of items that sell by month: item, customer, first month, months, quantity, price."""
    rows = []
    for item, customer, first, months, quantity, price in sales:
        for day in pd.date_range(f"{first}-10", periods=months, freq="MS") + pd.Timedelta(days=9):
            rows.append((f"{len(rows):06d}", "1", f"{day:%Y-%m-%d}", customer, item, quantity, price))
    names = ["order_id", "line_id", "order_date", "customer_id", "item_id", "quantity", "unit_price"]
    orders = pd.DataFrame(rows, columns=names).sample(frac=1, random_state=2)
    ids = sorted(orders["item_id"].unique())
    return {"orders": orders, "items": pd.DataFrame({"item_id": ids, "unit_cost": 10.0})}


def moves_of(workspace, item, **overrides):
    moves = open_plan(workspace, overrides=overrides).migration
    adds_up(moves)
    return moves[(moves["entity"] == "item") & (moves["entity_id"] == item)]


STEADY = [("SKU-0001", "CUST-0001", "2024-01", 24, 80, 20.0), ("SKU-0003", "CUST-0002", "2024-01", 24, 2, 20.0)]
SHORT = {"segments": {"window_months": 3}}


def test_more_units_are_volume(write_workspace):
    grown = [("SKU-0042", "CUST-0001", "2024-01", 12, 2, 20.0), ("SKU-0042", "CUST-0001", "2025-01", 12, 90, 20.0)]
    moves = moves_of(write_workspace(company(*STEADY, *grown)), "SKU-0042", **SHORT)
    assert set(moves["cause"]) == {"volume"}
    assert moves["confirmed"].iloc[-1]


def test_a_lower_price_is_price(write_workspace):
    cut = [("SKU-0042", "CUST-0001", "2024-01", 12, 80, 20.0), ("SKU-0042", "CUST-0001", "2025-01", 12, 80, 9.0)]
    moves = moves_of(write_workspace(company(*STEADY, *cut)), "SKU-0042", **SHORT)
    assert moves["to_class"].iloc[-1] == "L"
    assert set(moves["cause"]) == {"price"}


def test_a_customer_who_came_is_volume_of_the_item(write_workspace):
    came = [("SKU-0042", "CUST-0001", "2024-01", 24, 2, 20.0), ("SKU-0042", "CUST-0009", "2025-01", 12, 90, 20.0)]
    moves = moves_of(write_workspace(company(*STEADY, *came)), "SKU-0042", **SHORT)
    assert moves["cause"].iloc[0] == "volume"


def test_who_stands_still_while_others_grow_is_moved_by_them(write_workspace):
    still = [("SKU-0042", "CUST-0001", "2024-01", 24, 20, 20.0)]
    grown = [("SKU-0007", "CUST-0001", "2024-01", 12, 1, 20.0), ("SKU-0007", "CUST-0001", "2025-01", 12, 900, 20.0)]
    moves = moves_of(write_workspace(company(*STEADY, *still, *grown)), "SKU-0042", **SHORT)
    assert len(moves)
    assert set(moves["cause"]) == {OTHERS}
    assert moves[EFFECTS].abs().sum(axis=None) < 1e-9


@pytest.mark.parametrize(
    "segments",
    [
        {"measure": "quantity"},
        {"measure": "revenue", "within": "category"},
        {"measure": "gross_margin", "window_months": 2},
        {"abc_by": "limits", "abc_limits": [30_000, 9_000]},
    ],
    ids=str,
)
def test_effects_add_up_for_every_measure(write_workspace, small_company, segments):
    moves = open_plan(
        write_workspace(small_company), overrides={"segments": {"window_months": 4, **segments}}
    ).migration
    adds_up(moves)
    if segments.get("measure") == "quantity":
        items = moves[moves["entity"] == "item"]
        assert (items[["price_effect", "cost_effect", "fx_effect", "service_effect"]].abs().max(axis=None)) < 1e-9
    if "abc_limits" in segments:
        assert OTHERS not in set(moves.loc[moves["entity"] == "item", "cause"])


def test_classes_by_cost_criterion_have_moves_without_causes(write_workspace, small_company):
    settings = {"segments": {"measure": "cost_criterion", "window_months": 3}}
    assume = {"order_cost": 9.0, "holding_rate": 0.2}
    moves = open_plan(write_workspace(small_company), overrides={**settings, "assume": assume}).migration
    items = moves[moves["entity"] == "item"]
    assert len(items)
    assert items[EFFECTS].isna().all(axis=None)
    assert set(items["cause"]) == {""}


def test_planted_moves_of_level_are_volume(sample_plan):
    """The level of these items changed, nothing else: own sales moved them, and mostly their volume."""
    planted = tomllib.loads((sample_plan.workspace / "planted.toml").read_text("utf-8"))
    moves = sample_plan.migration.query("entity == 'item' and confirmed and known_on >= '2024-11-30'")
    order = {"A": 0, "B": 1, "C": 2, "L": 3}
    for effect in planted["class_move"]:
        own = moves[moves["entity_id"].isin(effect["item_ids"])]
        better = own["to_class"].map(order) < own["from_class"].map(order)
        own = own[better if effect["direction"] == "up" else ~better]
        assert own["entity_id"].nunique() == len(effect["item_ids"])
        assert (own["cause"] == "volume").mean() > 0.7
        assert (own["cause"] != OTHERS).mean() > 0.9


def test_the_matrix_counts_every_member_once(sample_plan):
    matrix, history = sample_plan.migration_matrix, sample_plan.segment_history
    assert matrix["from_end"].eq(pd.Timestamp("2024-12-31")).all()
    assert matrix["to_end"].eq(pd.Timestamp(sample_plan.as_of)).all()
    assert matrix.groupby(["entity", "from_class"])["share"].sum().to_numpy() == pytest.approx(1.0)
    for side, day in (("from", "2024-12-31"), ("to", "2025-12-31")):
        counted = matrix.groupby(["entity", f"{side}_class"])["members"].sum().drop(NONE, level=1)
        there = history[history["known_on"] == day].groupby(["entity", "abc"]).size()
        assert counted.to_dict() == there.to_dict()
    value = history[history["known_on"] == "2025-12-31"].groupby("entity")["measure_value"].sum()
    before = history[history["known_on"] == "2024-12-31"].groupby("entity")["measure_value"].sum()
    assert matrix.groupby("entity")["change"].sum().to_numpy() == pytest.approx((value - before).to_numpy())


def test_a_short_history_is_compared_from_its_begin_and_one_month_not_at_all(sample_plan):
    history = sample_plan.segment_history
    short = history[history["known_on"] <= "2023-10-31"]
    assert count_migration(short)["from_end"].eq(pd.Timestamp("2023-07-31")).all()
    one = history[history["known_on"] == "2023-10-31"]
    pd.testing.assert_frame_equal(count_migration(one), empty_table("migration_matrix"))


def test_a_company_without_moves_has_an_empty_table(write_workspace):
    moves = open_plan(write_workspace(company(*STEADY[:1]))).migration
    pd.testing.assert_frame_equal(moves, empty_table("migration"))


def test_an_items_price_is_seen_where_every_customer_buys_it_once(write_workspace):
    """Shoppers do not come back: a cut of the price is no mix of customers, and no new ones."""
    days = pd.date_range("2024-01-02", "2025-06-27", freq="3D")
    rows = []
    for number, day in enumerate(days):
        cut = 8.0 if day >= pd.Timestamp("2024-10-01") else 20.0
        rows.append((f"S-{number:04d}", day, "SKU-0001", 5, cut * 5, 60.0))
        rows += [(f"T-{number:04d}-{n}", day, f"SKU-{n:04d}", 2, 20.0 + n, 14.0) for n in (2, 3, 4)]
    orders = pd.DataFrame(rows, columns=["customer_id", "order_date", "item_id", "quantity", "amount", "cost"])
    plan = open_plan(write_workspace({"orders": orders.sample(frac=1, random_state=3)}))
    moves = plan.migration[(plan.migration["entity"] == "item") & (plan.migration["known_on"] >= "2024-10-01")]
    own = moves[moves["entity_id"] == "SKU-0001"]
    assert len(own) > 0
    assert set(own["cause"]) == {"price"}
    assert (own["price_effect"].abs() > 10 * own[["mix_effect", "new_effect"]].abs().sum(axis=1)).all()
