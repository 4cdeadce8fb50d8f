"""Policies of whole plans: the sample, small companies, and those that bring little."""

import re

import numpy as np
import pandas as pd
import pytest

from segkit import open_plan
from segkit.core.columns import empty_table
from segkit.inventory.replay.results import EQUAL
from segkit.inventory.replay.rules import OWN

COSTED = {"assume": {"holding_rate": 0.25, "order_cost": 15}}
TABLES = (
    "policies", "policy_matrix", "safety_stock_causes", "policy_phases", "policy_decisions",
    "stock_position", "exchange_curve", "segmentation_price", "replay_steps", "replay",
    "replay_gain", "policy_headlines",
)  # fmt: skip
TIMED = (
    "[forecasts]\nlead_time_days = 21\n[assume]\nholding_rate = 0.25\n[policies]\nreplay_days = 91\nreset_days = 91\n"
)
SETS = "phase_periods = 4\n"


@pytest.fixture(scope="module")
def costed(sample_plan):
    return sample_plan.what_if(**COSTED)


def all_tables(plan):
    made = {name: getattr(plan, name) for name in TABLES}
    for name, frame in made.items():
        assert frame.dtypes.to_dict() == empty_table(name).dtypes.to_dict(), name
    return made


def test_every_item_location_with_a_lead_time_gets_a_policy(costed):
    table, rules = costed.policies, costed.policy_rules
    timed = costed._reviewed()[["item_id", "location_id"]]
    pd.testing.assert_frame_equal(table[["item_id", "location_id"]], rules[["item_id", "location_id"]].merge(timed))
    known = table["order_up_to"].notna()
    assert (table.loc[~known, "reason"].str.startswith("not sized")).all()
    assert (table.loc[known, ["reorder_point", "order_up_to", "stock", "order_quantity"]] >= 0).all(axis=None)
    assert (table["reorder_point"] <= table["order_up_to"])[known].all()
    assert table.loc[known, ["cycle_service", "fill_rate"]].apply(lambda cells: cells.between(0, 1)).all(axis=None)


def test_safety_stock_is_split_without_rest(costed):
    causes, policies = costed.safety_stock_causes, costed.policies
    sums = causes.groupby(["item_id", "location_id"])["cause_units"].sum().rename("sum").reset_index()
    both = policies.merge(sums, how="left")
    kept = (both["policy"] != "to_order") & both["safety_stock"].notna()
    assert (both["sum"].notna() == kept).all()
    assert both.loc[kept, "sum"].to_numpy() == pytest.approx(both.loc[kept, "safety_stock"].to_numpy(), abs=1e-9)
    fixed = costed._reviewed().merge(causes[causes["cause"] == "lead_time"])
    assert (fixed.loc[fixed["sd_periods"] == 0, "cause_units"] == 0).all()
    assert (fixed.loc[fixed["sd_periods"] > 0, "cause_units"] != 0).any()


def test_levels_of_the_first_period_are_those_of_the_policies(costed):
    phases, policies = costed.policy_phases, costed.policies
    assert phases["valid_from"].nunique() == costed.settings.forecasts.horizon_periods
    first = phases[phases["valid_from"] == phases["valid_from"].min()].reset_index(drop=True)
    shared = [name for name in policies if name in phases]
    pd.testing.assert_frame_equal(first[shared], policies[shared])
    assert phases["is_phased"].any()
    flat = costed._fitted().fit.levels
    moves = np.ptp(flat.factors.table[:, -6:], axis=1)[flat.factors.group] > 1e-9
    moves |= False if flat.growth is None else flat.growth[:, -1] != 0
    still = flat.panel.keys.loc[~moves, ["item_id", "location_id"]].merge(phases)
    assert len(still)
    assert (still["level_move"].fillna(0) == 0).all()
    assert costed.what_if(policies={"phase_periods": 0}).policy_phases.empty


def test_what_a_person_set_holds_in_the_periods_that_begin_before_its_end(write_workspace, small_company):
    row = {"item_id": "SKU-0001", "location_id": None, "order_up_to": 500.0, "reason": "fair"}
    item = small_company["orders"]["item_id"].min()
    plain = open_plan(write_workspace(small_company, TIMED + SETS, "plain"))
    end = plain.policy_phases["valid_to"].min() + pd.Timedelta(days=3)
    given = pd.DataFrame([{**row, "item_id": item, "valid_from": None, "valid_to": end.date()}])
    tables = {**small_company, "policy_overrides": given}
    plan = open_plan(write_workspace(tables, TIMED + SETS, "set"))
    own = plan.policy_phases[plan.policy_phases["item_id"] == item]
    levels = own.groupby("valid_from")["order_up_to"].agg(["min", "max"])
    assert (levels.iloc[:2] == 500.0).all(axis=None)
    without = plain.policy_phases[plain.policy_phases["item_id"] == item].groupby("valid_from")["order_up_to"].max()
    assert levels["max"].iloc[2:].tolist() == without.iloc[2:].tolist()
    others = plan.policy_phases[plan.policy_phases["item_id"] != item].reset_index(drop=True)
    same = plain.policy_phases[plain.policy_phases["item_id"] != item].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, same)
    causes = plan.safety_stock_causes
    assert (causes.loc[(causes["item_id"] == item) & (causes["cause"] == "person"), "cause_units"] != 0).all()


def test_replayed_service_lies_near_what_was_expected(costed):
    row = costed.replay.set_index(["rule", "entity"]).loc[(OWN, "all")]
    assert row["fill_low"] <= row["weighted_fill_rate"] <= row["fill_high"]
    assert abs(row["fill_rate"] - row["expected_fill_rate"]) < 0.05
    gain = costed.replay_gain.set_index("rule").loc[EQUAL]
    assert gain["share_low"] <= gain["stock_saved_share"] <= gain["share_high"]
    assert gain["fill_rate"] == pytest.approx(row["weighted_fill_rate"])


def test_all_rules_are_asked_for_the_same_demand(costed):
    steps = costed.replay_steps
    asked = steps.groupby(["entity", "rule"])["demand"].sum().unstack()
    assert (asked.std(axis=1) == 0).all()
    assert asked[OWN].nunique() == 1
    begin = costed.as_of - pd.Timedelta(days=costed.settings.policies.replay_days - 1)
    lines = costed.order_lines
    meant = (lines["quantity"] > 0) & ~lines["is_reversed"] & (lines["order_date"] >= pd.Timestamp(begin))
    places = costed.policies[["item_id", "location_id"]]
    assert asked[OWN].iloc[0] == pytest.approx(lines[meant].merge(places)["quantity"].sum(), rel=0.02)


@pytest.mark.parametrize("day", ["2025-06-30", "2025-10-15"])
def test_levels_of_an_earlier_day_are_those_of_a_plan_opened_then(costed, day):
    then = pd.Timestamp(day).date()
    known = costed.known_on(then)
    opened = open_plan(costed.workspace, as_of=then, overrides=COSTED)
    assert known.as_of == then
    pd.testing.assert_frame_equal(known.policies, opened.policies)


@pytest.fixture
def small(write_workspace, small_company):
    def make(toml=TIMED, tables=None, folder="small"):
        return open_plan(write_workspace(small_company if tables is None else tables, toml, folder))

    return make


def test_what_is_ordered_later_changes_no_level(small, small_company):
    day = pd.Timestamp(2025, 9, 30)
    orders = small_company["orders"]
    late = pd.to_datetime(orders["order_date"]) > day
    quantity = orders["quantity"].where(~late, orders["quantity"] * 40)
    changed = {
        **small_company,
        "orders": orders.assign(quantity=quantity, unit_price=orders["unit_price"].where(~late, 1.0)),
    }
    plain, other = small(), small(tables=changed, folder="changed")
    assert not plain.policies.equals(other.policies)
    pd.testing.assert_frame_equal(plain.known_on(day.date()).policies, other.known_on(day.date()).policies)


def test_rows_and_names_in_another_order_change_nothing_else(small, small_company):
    def mixed(table):
        return table.assign(item_id=table["item_id"].str.replace("SKU-", "Z")).sample(frac=1, random_state=9)

    plain = small()
    other = small(tables={name: mixed(table) for name, table in small_company.items()}, folder="mixed")
    for name in ("policies", "replay_steps"):
        one, two = getattr(plain, name), getattr(other, name)
        if "item_id" in two:
            two = two.assign(item_id=two["item_id"].str.replace("Z", "SKU-"))
        pd.testing.assert_frame_equal(one, two)


def test_a_small_company_is_told_everything(small):
    made = all_tables(small())
    assert len(made["policies"]) == 12
    assert made["stock_position"].empty
    assert made["replay_steps"]["period"].nunique() == 91
    assert made["policy_headlines"]["headline"].iloc[0] == "policies_worth"
    assert made["policy_headlines"]["sentence"].str.len().gt(20).all()


def test_without_a_holding_rate_nothing_is_sized_and_it_says_what_to_give(small):
    made = all_tables(small("[forecasts]\nlead_time_days = 21\n"))
    assert made["policies"]["order_up_to"].isna().all()
    assert made["policies"]["reason"].str.contains("assume.holding_rate").all()
    assert made["replay_steps"].empty
    assert made["policy_headlines"]["sentence"].str.contains("holding_rate").any()


def test_targets_need_no_holding_rate(small):
    rules = '[policies.rules.all]\nwhere = "true"\nfill_rate = 0.9\n'
    table = small(f"[forecasts]\nlead_time_days = 21\n{rules}").policies
    assert (table["fill_rate"] >= 0.9).all()
    assert table["stock"].notna().all()
    assert table["holding_cost"].isna().all()


def test_without_lead_times_there_are_no_policies(small):
    made = all_tables(small("[assume]\nholding_rate = 0.25\n"))
    told = made.pop("policy_headlines")
    assert all(frame.empty for frame in made.values())
    assert told["sentence"].str.contains("lead time").all()


def test_too_short_a_history_is_not_replayed(small, small_company):
    orders = small_company["orders"]
    some = orders[orders["order_date"] < "2024-12-01"]
    made = all_tables(small(tables={**small_company, "orders": some}))
    assert not made["policies"].empty
    assert made["replay_steps"].empty
    assert "too short" in made["policy_headlines"]["sentence"].iloc[0]


def test_days_that_a_short_history_can_replay_are_told(small, small_company):
    orders = small_company["orders"]
    tables = {**small_company, "orders": orders[orders["order_date"] < "2025-07-01"]}

    def replayed(days: int):
        set_on = f"[forecasts]\nlead_time_days = 21\n[assume]\nholding_rate = 0.25\n[policies]\nreplay_days = {days}\n"
        return small(set_on, tables)

    sentence = replayed(182).policy_headlines["sentence"].iloc[0]
    room = int(re.search(r"set policies.replay_days to (\d+) or less", sentence)[1])
    made = replayed(room)
    assert made.replay_steps["demand"].sum() > 0
    assert made.replay_left_out.empty
    assert len(replayed(room + 28).replay_left_out) or replayed(room + 28).replay_steps.empty


def test_one_item_alone(small, small_company):
    orders = small_company["orders"]
    one = orders[(orders["item_id"] == "SKU-0000") & (orders["location_id"] == "NORTH")]
    plan = small(tables={**small_company, "orders": one})
    assert len(plan.policies) == 1
    assert len(plan.policy_decisions) == 1
    assert plan.replay_steps["demand"].sum() > 0
    assert plan.replay_gain["stock_value"].nunique() == 1


def test_demand_classes_share_the_stock_of_an_item_location(small, small_company):
    tiers = pd.DataFrame({"customer_id": [f"CUST-{n:04d}" for n in range(5)], "tier": list("aabbb")})
    tables = {**small_company, "customers": tiers}
    plan = small(f'{TIMED}[demand]\ndemand_class = "tier"\n', tables)
    assert not plan.policies.duplicated(["item_id", "location_id"]).any()
    assert len(plan.policies) == 12
    steps, lines = plan.replay_steps, plan.order_lines
    every = steps[(steps["rule"] == OWN) & (steps["entity"] == "all")]
    meant = (lines["quantity"] > 0) & ~lines["is_reversed"] & (lines["order_date"] >= every["period"].min())
    assert every["demand"].sum() == lines.loc[meant, "quantity"].sum()


def test_sales_by_week_are_replayed_by_period(small, small_company):
    weeks = pd.date_range("2024-01-01", periods=104, freq="7D")
    rng = np.random.default_rng(6)
    rows = [
        {
            "period": week,
            "item_id": item,
            "location_id": "NORTH",
            "quantity": rng.poisson(5),
            "price": 20.0,
            "in_stock": rng.random() > 0.1,
        }
        for week in weeks
        for item in ("SKU-0000", "SKU-0001", "SKU-0002")
    ]
    tables = {"sales": pd.DataFrame(rows).sample(frac=1, random_state=1), "items": small_company["items"]}
    plan = small(f'{TIMED}[periods]\nunit = "week"\n', tables)
    steps = plan.replay_steps
    every = steps[(steps["rule"] == OWN) & (steps["entity"] == "all")]
    assert every["period"].diff().dropna().eq(pd.Timedelta(days=7)).all()
    assert len(every) == 13
    sold = tables["sales"]
    seen = sold[(sold["period"] >= every["period"].min()) & sold["in_stock"]]
    assert every["demand"].sum() == seen["quantity"].sum()


def test_places_without_a_lead_time_are_left_out_of_the_replay_and_told(small, small_company):
    items = small_company["items"].copy()
    items["lead_time_days"] = np.where(items["item_id"] == "SKU-0000", np.nan, 21.0)
    plan = small(TIMED.replace("lead_time_days = 21", ""), {**small_company, "items": items})
    left, steps = plan.replay_left_out, plan.replay_steps
    assert set(left["item_id"]) == {"SKU-0000"}
    assert left["reason"].eq("no lead time is known").all()
    every = steps[(steps["rule"] == OWN) & (steps["entity"] == "all")]
    lines = plan.order_lines
    meant = (lines["quantity"] > 0) & ~lines["is_reversed"] & (lines["order_date"] >= every["period"].min())
    asked = lines[meant].groupby(lines["item_id"] == "SKU-0000")["quantity"].sum()
    assert left["demand"].sum() == asked[True]
    assert every["demand"].sum() == asked[False]
    told = plan.policy_headlines.set_index("headline").loc["replay_left_out"]
    assert f"{len(left)} item-location" in told["sentence"]
    assert told["sentence"].endswith("not replayed because no lead time is known.")
    assert told["value"] == asked[True]


def test_lead_times_between_whole_weeks_are_sized_as_they_are_replayed_and_said_to_be(small):
    """Ten days and a week are replayed as two weeks: levels for seventeen days would serve more than they promise."""
    weeks = pd.date_range("2023-01-02", periods=156, freq="7D")
    rng = np.random.default_rng(6)
    rows = [
        {"period": week, "item_id": f"SKU-{n:04d}", "location_id": "NORTH", "quantity": rng.negative_binomial(4, 0.1)}
        for week in weeks
        for n in range(12)
    ]
    rule = 'replay_days = 364\n[policies.rules.all]\nwhere = "true"\nfill_rate = 0.95\n[periods]\nunit = "week"\n'
    toml = TIMED.replace("lead_time_days = 21", "lead_time_days = 10\nreview_days = 7").replace(
        "replay_days = 91\n", ""
    )
    plan = small(toml + rule, {"sales": pd.DataFrame(rows).assign(price=20.0, in_stock=True)})
    row = plan.replay.set_index(["rule", "entity"]).loc[(OWN, "all")]
    assert row["fill_rate"] == pytest.approx(row["expected_fill_rate"], abs=0.02)
    assert row["expected_fill_rate"] == pytest.approx(0.95, abs=0.02)
    told = plan.policy_headlines.set_index("headline").loc["replay_times", "sentence"]
    assert "14 days where 17 are known" in told
    assert plan.policies["lead_time_days"].round(6).eq(10).all()


def test_the_days_told_are_those_of_the_months_that_are_judged(small):
    """A history that ends within a month is judged by the months before it."""
    months = pd.date_range("2023-01-01", "2025-12-01", freq="MS")
    rng = np.random.default_rng(6)
    rows = [
        {"period": month, "item_id": f"SKU-{n:04d}", "location_id": "NORTH", "quantity": rng.poisson(40)}
        for month in months
        for n in range(3)
    ]
    toml = TIMED.replace("lead_time_days = 21", "lead_time_days = 30\nreview_days = 30")
    rule = '[policies.rules.all]\nwhere = "true"\nfill_rate = 0.95\n[periods]\nunit = "month"\n'
    items = pd.DataFrame({"item_id": [f"SKU-{n:04d}" for n in range(3)], "unit_cost": 9.0})
    plan = small(toml + rule, {"sales": pd.DataFrame(rows).assign(price=20.0, in_stock=True), "items": items})
    within = plan.known_on(pd.Timestamp(2025, 12, 15).date())
    days = sum(month.days_in_month for month in within.replay_steps["period"].unique())
    assert days < 91
    assert f"Replayed on {days} held-out days" in within.policy_headlines["sentence"].iloc[0]
