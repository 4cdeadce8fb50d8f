"""The effects planted in the sample company (data/sample/planted.toml) are found by the tables of the plan."""

import calendar
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segkit.dynamics.moves.bridge import bridge_cells, sum_cells

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
PLANTED = tomllib.loads((SAMPLE / "planted.toml").read_text("utf-8"))


def each(kind, name="item_id"):
    return pytest.mark.parametrize("effect", PLANTED[kind], ids=lambda effect: str(effect[name]))


def month_of(day):
    return pd.Timestamp(day).replace(day=1)


@pytest.fixture(scope="module")
def weeks(sample_plan):
    """Return demand by week and channel."""
    return sample_plan.what_if(periods={"unit": "week"}, demand={"demand_class": "channel"}).demand


@pytest.fixture(scope="module")
def yearly(sample_plan):
    """Return the demand of every item in 2024 and 2025."""
    demand = sample_plan.demand
    return demand.pivot_table("quantity", "item_id", demand["period"].dt.year, aggfunc="sum", fill_value=0.0)


@each("stock_out")
def test_a_stock_out_is_flagged_as_censored(sample_plan, effect):
    demand = sample_plan.demand.query("item_id == @effect['item_id']")
    demand = demand[demand["period"].between(month_of(effect["from"]), month_of(effect["to"]))]
    assert len(demand) > 0
    for _, month in demand.groupby("period"):
        assert month["censored"].any()
    worst = demand.groupby("location_id")["out_of_stock_days"].sum().max()
    assert worst >= (effect["to"] - effect["from"]).days


def test_most_demand_is_not_censored(sample_plan):
    assert sample_plan.demand["censored"].mean() < 0.2


@each("superseded")
def test_a_superseded_item_is_planned_under_its_successor(sample_plan, effect):
    old, new = effect["item_id"], effect["replaced_by"]
    panel = sample_plan.demand.query("item_id == @new")
    lines = sample_plan.order_lines.query("item_id in [@old, @new] and quantity > 0 and not is_reversed")
    assert old not in set(sample_plan.demand["item_id"])
    assert panel["quantity"].sum() == lines["quantity"].sum()
    assert lines["item_id"].nunique() == 2
    assert panel["period"].min() < pd.Timestamp(effect["date"]) < panel["period"].max()
    assert sample_plan.item_profile.set_index("item_id").loc[new, "life_cycle"] == "active"


@each("launch")
def test_a_launched_item_is_new_for_half_a_year_and_has_no_demand_before(sample_plan, effect):
    row = sample_plan.item_profile.set_index("item_id").loc[effect["item_id"]]
    assert row["first_period"] == month_of(effect["date"])
    age = (pd.Timestamp(sample_plan.as_of) - pd.Timestamp(effect["date"])).days
    assert (row["life_cycle"] == "new") == (age < 183)


def test_new_items_are_never_z_by_short_history(sample_plan):
    segments = sample_plan.item_segments
    new = segments[segments["life_cycle"] == "new"]
    assert len(new) > 0
    assert set(new["xyz"]) == {""}


@each("launch")
def test_on_the_day_of_its_launch_an_item_is_not_yet_known(sample_plan, effect):
    assert sample_plan.demand.query("item_id == @effect['item_id']")["period"].min() >= month_of(effect["date"])


@each("phase_out")
def test_a_phased_out_item_is_recognised(sample_plan, effect):
    assert sample_plan.item_profile.set_index("item_id").loc[effect["item_id"], "life_cycle"] == "phased_out"


def test_spares_are_intermittent_or_lumpy(sample_plan):
    profile = sample_plan.item_profile.set_index("item_id")
    spares = profile.reindex(PLANTED["intermittent"]["item_ids"])
    assert spares["pattern"].isin(["intermittent", "lumpy"]).mean() > 0.85
    assert spares["adi"].median() > 1.5 * profile["adi"].drop(spares.index).median()


def test_the_demand_interval_of_spares_is_the_planted_one(sample_plan):
    planted = pd.Series(PLANTED["intermittent"]["adi_months"], index=PLANTED["intermittent"]["item_ids"])
    found = sample_plan.item_profile.set_index("item_id")["adi"].reindex(planted.index)
    ratio = (found / planted).dropna()
    assert 0.75 < ratio.median() < 1.25
    assert np.log(found).corr(np.log(planted)) > 0.7


def test_exactly_the_planted_loss_makers_are_in_class_l(sample_plan):
    """The whole cause is in price, discount, returns, order size and freight: none needs cost-to-serve."""
    segments = sample_plan.customer_segments
    found = set(segments.loc[segments["abc"] == "L", "customer_id"])
    planted = {effect["customer_id"] for effect in PLANTED["loss_maker"]}
    assert planted <= found
    assert len(found - planted) <= 3


@each("loss_maker", "customer_id")
def test_a_loss_maker_shows_its_cause(sample_plan, effect):
    values = sample_plan.customer_value.set_index("customer_id")
    row = values.loc[effect["customer_id"]]
    assert row["net_margin"] < 0
    others = values.drop([other["customer_id"] for other in PLANTED["loss_maker"]]).query("revenue > 0")
    if effect["cause"] in ("price", "discount"):
        assert row["gross_margin"] / row["revenue"] < (others["gross_margin"] / others["revenue"]).quantile(0.02)
    elif effect["cause"] == "returns":
        sold = row["revenue"] + row["returned_value"]
        assert (
            row["returned_value"] / sold
            > (others["returned_value"] / (others["revenue"] + others["returned_value"])).max()
        )
    elif effect["cause"] == "freight":
        assert row["freight_out"] / row["revenue"] > (others["freight_out"] / others["revenue"]).quantile(0.98)
    else:
        same = others[others["channel"] == effect["channel"]]
        assert row["revenue"] / row["orders"] < (same["revenue"] / same["orders"]).min()


@each("loss_maker", "customer_id")
def test_the_main_cause_of_a_loss_maker_is_the_planted_one(sample_plan, effect):
    row = sample_plan.margin_causes.query("entity == 'customer' and entity_id == @effect['customer_id']").iloc[0]
    assert row["net_margin"] < 0
    assert row["main_cause"] == effect["cause"].replace("_", " ")
    beyond_cure = effect["customer_id"] == "C088"  # even at four orders a year they would cost more than they bring
    assert row["is_realistic"] != beyond_cure
    assert row["lever"] == row["main_cause"] or beyond_cure


@each("reversed_line", "order_id")
def test_a_reversed_order_is_no_demand(sample_plan, effect):
    lines = sample_plan.order_lines.query("item_id == @effect['item_id'] and customer_id == @effect['customer_id']")
    undone = lines[(lines["order_id"] == effect["order_id"]) & (lines["quantity"] == effect["quantity"])]
    assert undone["is_reversed"].tolist() == [True]
    assert (lines.loc[lines["is_reversed"], "quantity"] == -effect["quantity"]).any()


@each("bulk_order", "order_id")
def test_the_bulk_order_is_recognised(sample_plan, effect):
    lines = sample_plan.order_lines
    found = lines[(lines["order_id"] == effect["order_id"]) & (lines["item_id"] == effect["item_id"])]
    assert found[["quantity", "is_bulk"]].to_numpy().tolist() == [[effect["quantity"], True]]


def test_hardly_any_other_line_is_bulk(sample_plan):
    assert sample_plan.order_lines["is_bulk"].sum() <= len(PLANTED["bulk_order"]) + 2


def test_the_dirt_is_counted_to_the_line(sample_plan):
    dirt, quality = (
        PLANTED["dirt"],
        sample_plan.data_quality.query("source_table == 'orders'").set_index("reason")["rows"],
    )
    pairs = dirt["reversed_pairs"]
    assert quality["cancelled"] == dirt["cancelled_lines"]
    assert quality["goods taken back (quantity below zero)"] == dirt["returned_lines"] + pairs
    assert quality["free of charge, kept"] == dirt["free_lines"]
    assert quality["no customer, kept as (unknown)"] == dirt["lines_without_customer"]
    assert quality["no goods (postage, fees and the like)"] == sum(dirt["non_product_lines"].values())
    assert quality["line key (order_id, line_id) repeats"] == dirt["duplicated_lines"]
    assert sample_plan.order_lines["is_return"].sum() == dirt["returned_lines"] + pairs


def test_returns_are_not_netted_with_demand(sample_plan):
    lines, demand = sample_plan.order_lines, sample_plan.demand
    counted = lines[~lines["is_reversed"]]
    assert demand["quantity"].sum() == counted["quantity"].clip(lower=0).sum()
    assert demand["returned"].sum() == -counted["quantity"].clip(upper=0).sum()


def lines_around(weeks, effect):
    """Return order lines a week during a promotion and in the six weeks before."""
    sold = weeks[weeks["item_id"].isin(effect["item_ids"]) & weeks["demand_class"].isin(effect["channels"])]
    by_week = sold.groupby("period")["lines"].sum()
    first, last = pd.Timestamp(effect["from"]), pd.Timestamp(effect["to"])
    during = by_week[(by_week.index >= first) & (by_week.index <= last)]
    return during.mean(), by_week[by_week.index < first].tail(6).mean()


def test_promotions_are_visible_in_demand(weeks):
    """Where the items sell five lines a week or more; below that a fortnight says little."""
    found = pd.DataFrame([lines_around(weeks, effect) for effect in PLANTED["promotion"]], columns=["during", "before"])
    told = found[found["before"] >= 5]
    assert len(told) >= 3
    assert (told["during"] > 1.6 * told["before"]).all()
    assert found["during"].sum() > 2 * found["before"].sum()


@each("season", "category")
def test_a_season_is_visible_in_demand(sample_plan, effect):
    items = sample_plan.items.query("category == @effect['category']")["item_id"]
    demand = sample_plan.demand[sample_plan.demand["item_id"].isin(items)]
    whole = demand[demand["period"] >= "2024-01-01"]
    months = whole.groupby(whole["period"].dt.month)["quantity"].sum()
    assert np.corrcoef(months, effect["month_factors"])[0, 1] > 0.6


def test_the_planted_seasons_are_found(sample_plan):
    """Of every category; of single items where it is strong, and elsewhere hardly more often than by chance (5 %)."""
    table = sample_plan.seasonality
    planted = {effect["category"] for effect in PLANTED["season"]}
    groups = table[table["entity"] == "category"].set_index("entity_id")
    assert planted <= set(groups.index[groups["is_seasonal"]])
    assert (groups["is_seasonal"] & ~groups.index.isin(planted)).sum() <= 1
    for effect in PLANTED["season"]:
        at = list(calendar.month_name)[1:].index(groups.loc[effect["category"], "peak"])
        assert effect["month_factors"][at] > 0.9 * max(effect["month_factors"])
    items = table[(table["entity"] == "item") & (table["reason"] == "")]
    category = items["entity_id"].map(sample_plan.items.set_index("item_id")["category"])
    found = items["is_seasonal"].groupby(category).mean()
    assert 0.01 < items.loc[~category.isin(planted), "is_seasonal"].mean() < 0.1
    assert found["Garden pumps"] > 0.5
    assert found[sorted(planted)].mean() > 3 * found.drop(sorted(planted)).mean()


def test_the_month_of_the_season_is_the_planted_one(sample_plan):
    from segkit.dynamics.demand.seasonality import split_series

    demand = sample_plan.demand
    for effect in PLANTED["season"]:
        items = sample_plan.items.query("category == @effect['category']")["item_id"]
        months = demand[demand["item_id"].isin(items)].groupby("period")["quantity"].sum()
        season = pd.Series(split_series(months.to_numpy()[None, :], 12)[0][0][:12], index=months.index[:12].month)
        assert np.corrcoef(season.sort_index(), effect["month_factors"])[0, 1] > 0.75


@pytest.mark.parametrize("by", ["cv", "seasonal_error"])
@pytest.mark.parametrize("unit", ["month", "week"])
def test_new_items_have_no_variability_class_whatever_it_is_made_by(sample_plan, by, unit):
    plan = sample_plan.what_if(periods={"unit": unit}, segments={"xyz_by": by})
    new = plan.item_segments.query("life_cycle == 'new'")
    assert len(new) > 0
    assert set(new["xyz"]) == {""}
    assert new["reason"].str.contains("no XYZ").all()


def test_taking_the_season_out_makes_garden_pumps_steadier(sample_plan):
    plan = sample_plan.what_if(segments={"xyz_by": "seasonal_error"})
    garden = sample_plan.items.query("category == 'Garden pumps'")["item_id"]
    before, after = (one.item_segments.set_index("item_id")["variability"] for one in (sample_plan, plan))
    seasonal = plan.seasonality.query("entity == 'item' and is_seasonal")["entity_id"]
    both = [item for item in garden if item in set(seasonal)]
    assert (after < before)[both].mean() > 0.7
    assert (after / before)[both].median() < 0.95


@each("trend", "direction")
def test_a_trend_is_visible_in_demand(yearly, effect):
    ratio = (yearly[2025] / yearly[2024]).reindex(effect["item_ids"]).median()
    assert ratio > 1.15 if effect["direction"] == "up" else ratio < 0.87


@each("class_move", "direction")
def test_items_whose_level_changed_are_told_from_those_whose_did_not(yearly, effect):
    ratio = (yearly[2025] / yearly[2024].where(yearly[2024] > 0)).reindex(effect["item_ids"]).median()
    usual = (yearly[2025] / yearly[2024].where(yearly[2024] > 0)).reindex(PLANTED["unchanged"]["item_ids"]).median()
    assert 0.8 < usual < 1.25
    assert ratio > 2.5 if effect["direction"] == "up" else ratio < 0.4


def test_falling_items_are_called_declining_and_hardly_any_other(sample_plan):
    """Of trends half sell by luck more than half of what they sold the year before."""
    state = sample_plan.item_profile.set_index("item_id")["life_cycle"]
    falling, rising = (
        [item for kind in ("trend", "class_move") for effect in PLANTED[kind] if effect["direction"] == way
         for item in effect["item_ids"]] for way in ("down", "up")
    )  # fmt: skip
    low = state.isin(["declining", "dormant"])
    moved = next(effect["item_ids"] for effect in PLANTED["class_move"] if effect["direction"] == "down")
    assert low.reindex(moved).all()
    assert low.reindex(falling).mean() > 0.6
    assert not low.reindex(rising).any()
    assert low.reindex(PLANTED["unchanged"]["item_ids"]).sum() <= 2


@pytest.mark.parametrize("day", ["2025-03-31", "2025-06-30", "2025-09-30"])
def test_few_unchanged_items_are_called_declining_or_dormant_on_any_day(day):
    from segkit import open_plan

    state = open_plan(SAMPLE, as_of=day).item_profile.set_index("item_id")["life_cycle"]
    assert state.reindex(PLANTED["unchanged"]["item_ids"]).isin(["declining", "dormant"]).sum() <= 2


@each("won_customer", "customer_id")
def test_a_won_customer_buys_from_its_day_on(sample_plan, effect):
    days = sample_plan.order_lines.query("customer_id == @effect['customer_id']")["order_date"]
    assert days.min() >= pd.Timestamp(effect["date"])


@each("lost_customer", "customer_id")
def test_a_lost_customer_buys_no_more(sample_plan, effect):
    lines = sample_plan.order_lines.query("customer_id == @effect['customer_id'] and quantity > 0")
    assert lines["order_date"].max() <= pd.Timestamp(effect["date"])
    values = sample_plan.customer_value.set_index("customer_id")
    if effect["customer_id"] in values.index:
        assert not values.loc[effect["customer_id"], "last_order_date"] > pd.Timestamp(effect["date"])


def test_late_suppliers_are_the_latest(sample_plan):
    lead_times = sample_plan.lead_times.query("lead_time_source == 'receipts'")
    late = lead_times.groupby("supplier_id")["late_share"].mean()
    planted = {effect["supplier_id"] for effect in PLANTED["late_supplier"]}
    assert planted <= set(late.nlargest(len(planted) + 1).index)
    for effect in PLANTED["late_supplier"]:
        assert late[effect["supplier_id"]] == pytest.approx(effect["late_share"], abs=0.15)


def test_the_late_suppliers_and_no_others_are_called_late(sample_plan):
    """Those planted as late, and the one that became unreliable; before its drift nobody could know of it."""
    from segkit import open_plan

    planted = {effect["supplier_id"] for effect in PLANTED["late_supplier"]}
    drift = PLANTED["supplier_drift"]
    for plan, expected in (
        (sample_plan, planted | {drift["supplier_id"]}),
        (open_plan(SAMPLE, as_of=drift["from"] - pd.Timedelta(days=1)), planted),
    ):
        segments = plan.supplier_segments.set_index("supplier_id")
        assert set(segments.index[segments["reliability"] == "late"]) == expected


@pytest.fixture(scope="module")
def recency(sample_plan):
    return sample_plan.customer_segments.set_index("customer_id")["recency"]


@each("lost_customer", "customer_id")
def test_a_lost_customer_is_seen_to_be_gone(sample_plan, recency, effect):
    """Lost after a year of silence, overdue long before: within two months of the last day that it bought."""
    from segkit import open_plan

    silent = (pd.Timestamp(sample_plan.as_of) - pd.Timestamp(effect["date"])).days
    assert recency[effect["customer_id"]] == ("lost" if silent > 366 else "overdue")
    soon = open_plan(SAMPLE, as_of=effect["date"] + pd.Timedelta(days=60)).customer_segments
    assert soon.set_index("customer_id").loc[effect["customer_id"], "recency"] == "overdue"


def test_few_others_are_called_overdue_and_none_lost(recency):
    """Who buys at random is silent for six usual gaps once in 64 times."""
    gone = {effect["customer_id"] for effect in PLANTED["lost_customer"]}
    others = recency[~recency.index.isin([*gone, "(unknown)"])]
    assert (others != "lost").all()
    assert (others == "overdue").mean() < 0.05


@each("won_customer", "customer_id")
def test_a_won_customer_is_new_for_half_a_year(recency, effect):
    from segkit import open_plan

    month_later = open_plan(SAMPLE, as_of=effect["date"] + pd.Timedelta(days=40)).customer_segments
    assert month_later.set_index("customer_id").loc[effect["customer_id"], "recency"] == "new"
    assert recency[effect["customer_id"]] == "active"


def test_nobody_else_is_new(recency):
    won = [effect["customer_id"] for effect in PLANTED["won_customer"]]
    assert not (recency.drop(won) == "new").any()


def test_the_partial_month_is_left_out_and_the_rest_stays(sample_plan):
    """As of the middle of a month, the figures are those of the last whole one."""
    from segkit import open_plan

    assert sample_plan.periods["complete"].all()
    partial, whole = (open_plan(SAMPLE, as_of=day) for day in ("2025-10-09", "2025-09-30"))
    assert partial.periods["complete"].tolist()[-2:] == [True, False]
    figures = ["item_id", "periods", "mean_demand", "sd_demand", "cv", "adi", "cv2", "pattern"]
    assert partial.demand["period"].max() > whole.demand["period"].max()
    known = whole.item_profile["item_id"]
    seen = partial.item_profile[partial.item_profile["item_id"].isin(known)].reset_index(drop=True)
    gone = seen.merge(whole.item_profile, on="item_id", suffixes=("", "_whole"))
    same = gone["mean_demand"] == gone["mean_demand_whole"]
    assert same.mean() > 0.98, gone.loc[~same, figures]


@each("loss_maker", "customer_id")
def test_a_loss_maker_is_on_the_watch_list_with_its_cause(sample_plan, effect):
    listed = sample_plan.watch_list.query("kind == 'loss maker' and entity_id == @effect['customer_id']")
    assert len(listed) == 1
    assert f"mostly through {effect['cause'].replace('_', ' ')}. Remedy: " in listed["sentence"].item()


@each("lost_customer", "customer_id")
def test_a_lost_customer_is_on_the_watch_list_with_what_it_earned(sample_plan, effect):
    listed = sample_plan.watch_list.query("entity_id == @effect['customer_id'] and kind.str.endswith('customer')")
    assert len(listed) == 1
    assert listed["since"].item() <= pd.Timestamp(effect["date"]) < listed["since"].item() + pd.Timedelta(days=60)
    assert (listed["kind"].item() == "lost customer") == (effect["date"].year == 2024)
    assert listed["stake"].item() > 5000


@pytest.mark.parametrize("effect", PLANTED["class_move"], ids=lambda effect: effect["direction"])
def test_planted_class_moves_are_on_the_watch_list_of_their_year(sample_plan, effect):
    listed = sample_plan.what_if(watch={"move_months": 12}).watch_list.query("kind == 'class move'")
    own = listed.set_index("entity_id").loc[effect["item_ids"]]
    assert own["sentence"].str.contains("mostly through volume").all()
    words = own["sentence"].str.extract(r"from class (\w) to (\w)")
    assert ((words[0] > words[1]) == (effect["direction"] == "up")).all()
    assert (own["since"] >= pd.Timestamp(effect["date"])).mean() >= 0.8


@pytest.fixture(scope="module")
def year_cells(sample_plan):
    """Return why the net margin of 2025 differs from that of 2024, by item and customer."""
    lines = sample_plan._labelled()
    years = [sum_cells(lines[(lines["order_date"].dt.year == year).to_numpy()]) for year in (2024, 2025)]
    return bridge_cells(*years)


@each("won_customer", "customer_id")
def test_the_margin_of_a_customer_won_in_the_last_year_is_that_of_a_new_one(year_cells, effect):
    cells = year_cells[(year_cells["customer_id"] == effect["customer_id"]).to_numpy()]
    assert ("new_customer" in set(cells["status"])) == (effect["date"].year == 2025)


@each("lost_customer", "customer_id")
def test_the_margin_of_a_customer_lost_in_the_year_before_is_lost(year_cells, effect):
    cells = year_cells[(year_cells["customer_id"] == effect["customer_id"]).to_numpy()]
    assert ("lost_customer" in set(cells["status"])) == (effect["date"].year == 2024 and len(cells) > 0)


@each("superseded")
def test_a_successor_is_no_new_item_of_the_bridge(year_cells, effect):
    assert effect["item_id"] not in set(year_cells["item_id"])
    assert "new_item" not in set(year_cells.loc[(year_cells["item_id"] == effect["replaced_by"]).to_numpy(), "status"])


def test_the_fall_of_the_dollar_takes_margin_and_is_told_from_prices(sample_plan):
    bridge = sample_plan.profit_bridge.query("comparison == 'year' and entity == 'country'")
    fx = bridge[bridge["effect"] == "fx"].set_index("entity_id")["amount"]
    assert fx.idxmin() == "US"
    assert fx["US"] < -5000
    assert abs(fx.drop("US")).sum() < abs(fx["US"])
