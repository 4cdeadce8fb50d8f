"""Levels of the coming periods: those of today where the forecast does not move, with the season where it does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.covered import fit_places
from segkit.inventory.policies.gathered import gather_sizing
from segkit.inventory.policies.limits import size_within_limits, stock_budget
from segkit.inventory.policies.policy_phases import Phase, phase_policies
from segkit.inventory.policies.sizing import size_policies

PLACE = ["item_id", "location_id"]
ITEMS = empty_table("items")
NO_EVENTS = pd.DataFrame({"period": pd.to_datetime([])})
MONTHS = pd.date_range("2022-01-01", periods=48, freq="MS")
LEVELS = ["policy", "reorder_point", "order_up_to", "order_quantity", "safety_stock"]


def demand_of(swing, seed=4, items=12):
    """Return four years of demand that peaks in July."""
    rng = np.random.default_rng(seed)
    mean = 40.0 * (1.0 + swing * np.sin((MONTHS.month - 4) / 12 * 2 * np.pi))
    rows = [
        pd.DataFrame({"item_id": f"SKU-{n:04d}", "period": MONTHS, "quantity": rng.poisson(mean).astype(float)})
        for n in range(items)
    ]
    return pd.concat(rows).assign(location_id="NORTH", demand_class="(all)", in_stock=True)


def plan_of(history, make_sizing, *, further=12, **rules):
    """Return the sizings of today and of the periods after it."""
    places = history[PLACE].drop_duplicates(ignore_index=True)
    told = places.assign(review_periods=0.25, mean_periods=1.0, sd_periods=0.0, lead_time_source="master")
    fitted = fit_places(history, ITEMS, NO_EVENTS, told, seed=0, further=further)
    base = make_sizing(*[{"review_days": 7.6, **rules} for _ in range(len(places))], period_days=30.4)
    days = fitted.starts(further)
    made = [
        gather_sizing(base.rules, base.costs, fitted.cover(after=k), period_days=30.4, order_cost=None)
        for k in range(further)
    ]
    return fitted, [Phase(*pair, one) for *pair, one in zip(days[:-1], days[1:], made, strict=True)]


@pytest.fixture(scope="module")
def seasonal(make_sizing):
    return plan_of(demand_of(0.7), make_sizing)


def test_where_demand_is_constant_every_period_has_the_levels_of_today(make_sizing):
    fitted, phases = plan_of(demand_of(0.0), make_sizing)
    today = size_policies(phases[0].sizing)
    table = phase_policies(phases, today)
    assert not fitted.moves
    assert not table["is_phased"].any()
    assert (table["level_move"] == 0).all()
    for day, rows in table.groupby("valid_from"):
        pd.testing.assert_frame_equal(rows[LEVELS].reset_index(drop=True), today[LEVELS], obj=str(day))


def test_levels_follow_the_season_one_lead_time_ahead(seasonal):
    fitted, phases = seasonal
    table = phase_policies(phases, size_policies(phases[0].sizing))
    assert table.dtypes.to_dict() == empty_table("policy_phases").dtypes.to_dict()
    assert fitted.moves
    assert table["is_phased"].all()
    mean = table.groupby("valid_from")["order_up_to"].mean()
    assert mean.idxmax().month in (6, 7)  # stock of June and July covers the peak
    assert mean.idxmin().month in (12, 1)
    assert mean.max() > 2.5 * mean.min()
    first = table[table["valid_from"] == table["valid_from"].min()].reset_index(drop=True)
    pd.testing.assert_frame_equal(first[LEVELS], size_policies(phases[0].sizing)[LEVELS])


def test_spans_follow_each_other_without_a_gap(seasonal):
    table = phase_policies(seasonal[1], size_policies(seasonal[1][0].sizing))
    one = table[table["item_id"] == "SKU-0003"]
    assert one["valid_from"].iloc[0] == MONTHS[-1] + pd.DateOffset(months=1)
    assert (
        one["valid_from"].iloc[1:].to_numpy() == (one["valid_to"].iloc[:-1] + pd.Timedelta(days=1)).to_numpy()
    ).all()
    assert len(one) == 12


def test_what_lies_farther_ahead_changes_no_level_before_it(make_sizing, seasonal):
    near = plan_of(demand_of(0.7), make_sizing, further=3)[1]
    for one, other in zip(near, seasonal[1], strict=False):
        pd.testing.assert_frame_equal(size_policies(one.sizing), size_policies(other.sizing))


def test_a_move_within_a_lot_is_not_phased(make_sizing):
    rules = {"service_measure": "cycle_service", "target": 0.9, "order_multiple": 500.0}
    phases = plan_of(demand_of(0.7), make_sizing, **rules)[1]
    assert not phase_policies(phases, size_policies(phases[0].sizing))["is_phased"].any()


def test_rows_that_do_not_move_keep_their_levels_and_limits_hold_for_all(seasonal):
    one, later = seasonal[1][0], seasonal[1][5]
    half = np.arange(12) < 6
    demand = one.sizing.covered.demand
    mixed = replace(
        demand,
        whole=np.where(half[:, None], demand.whole, later.sizing.covered.demand.whole),
        mean=np.where(half, demand.mean, later.sizing.covered.demand.mean),
        review_mean=np.where(half, demand.review_mean, later.sizing.covered.demand.review_mean),
    )
    sizing = replace(one.sizing, covered=replace(later.sizing.covered, demand=mixed))
    part = phase_policies([one, replace(later, sizing=sizing)], size_policies(one.sizing))
    assert part.groupby("item_id")["is_phased"].any().tolist() == [False] * 6 + [True] * 6
    value = size_policies(one.sizing)["stock_value"].sum()
    tight = [
        replace(phase, sizing=replace(phase.sizing, limits=(stock_budget(phase.sizing, 0.8 * value),)))
        for phase in (one, later)
    ]
    made = phase_policies(tight, size_within_limits(tight[0].sizing))
    last = made[made["valid_from"] == later.begin].reset_index(drop=True)
    pd.testing.assert_frame_equal(last[LEVELS], size_within_limits(tight[1].sizing)[LEVELS])


def test_nothing_gives_an_empty_table(seasonal):
    none = empty_table("policy_phases")
    pd.testing.assert_frame_equal(phase_policies([], size_policies(seasonal[1][0].sizing)), none)
    pd.testing.assert_frame_equal(phase_policies(seasonal[1], empty_table("policies")), none)
