"""Stock shared by classes of customers: a case by hand, a diary as twin, sizes that know nothing of held-out lines."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.columns import empty_table
from segkit.core.errors import DataError, SettingsError
from segkit.core.policy_settings import Policies
from segkit.core.settings import Settings
from segkit.inventory.policies.class_demand import (
    ClassDemand,
    first_held_out_day,
    label_demand_classes,
    list_class_places,
)
from segkit.inventory.policies.class_stock import share_stock_by_class

AS_OF = date(2025, 12, 31)
CUT = pd.Timestamp("2025-07-01")
KEY = ["item_id", "location_id", "demand_class"]
SIZES = ["order_up_to", "critical_level", "order_up_to_one_level", "order_up_to_separate", "fill_rate_sized", "demand"]
RULES = Policies(class_by="tier", class_targets={"gold": 0.95, "silver": 0.8, "bronze": 0.6})


def supply(places, **changed):
    lots = dict.fromkeys(("lead_time_sd", "minimum_order", "order_multiple"), 0.0)
    given = {"review_days": 7.0, "lead_time_days": 3.0, **lots, **changed}
    return pd.DataFrame(places, columns=["item_id", "location_id"]).assign(**given)


def order_lines(rows):
    """Return order lines of (item, class, day, quantity), numbered in this order, at cost 14 a unit."""
    table = pd.DataFrame(rows, columns=["item_id", "demand_class", "order_date", "quantity"])
    table["order_id"] = [str(number) for number in range(1, len(table) + 1)]
    taken_back = {"is_reversed": False, "reversed_on": pd.Series(pd.NaT, table.index, dtype="datetime64[us]")}
    return table.assign(
        line_id="1", customer_id="CUST-0042", location_id="NORTH", revenue=20.0 * table["quantity"],
        cost=14.0 * table["quantity"], quantity=table["quantity"].astype(float), **taken_back,
    )  # fmt: skip


def weekly(weeks=range(-60, 26)):
    """Return a bronze line of 3 and then a gold one of 2 on the fifth day of every week."""
    days = [CUT + pd.Timedelta(days=7 * week + 4) for week in weeks]
    rows = [("SKU-0042", *line) for day in days for line in (("bronze", day, 3), ("gold", day, 2))]
    return order_lines(rows)


def random_lines(seed=5, items=6, count=1500):
    rng = np.random.default_rng(seed)
    days = CUT + pd.to_timedelta(np.sort(rng.integers(-700, 184, count)), "D")
    item = [f"SKU-{number:04d}" for number in rng.choice(items, count, p=rng.dirichlet(np.full(items, 3)))]
    rows = zip(item, rng.choice(["gold", "silver", "bronze"], count), days, rng.integers(1, 9, count), strict=True)
    places = sorted({(name, "NORTH") for name in item})
    lead = {"lead_time_days": np.linspace(10, 30, len(places)), "lead_time_sd": np.linspace(0, 8, len(places))}
    return order_lines(rows), supply(places, **lead)


def shared(lines, places, rules=RULES, **options):
    return share_stock_by_class(lines, places, rules=rules, as_of=AS_OF, **options)


# ------------------------------------------------------------------ by hand
@pytest.mark.parametrize("unmet", ["lost", "backorder"])
def test_by_hand(unmet):
    rules = Policies(class_by="tier", class_targets={"bronze": 0.3, "gold": 0.99}, unmet=unmet)
    table = shared(weekly(), supply([("SKU-0042", "NORTH")]), rules)
    gold, bronze = table.iloc[0], table.iloc[1]
    assert table["demand_class"].tolist() == ["gold", "bronze"]
    assert table["rank"].tolist() == [1, 2]
    assert (table["order_up_to"] == 3).all(), "2 for gold, who comes second, and 1 of 3 for bronze"
    assert table["critical_level"].tolist() == [0, 2]
    assert (table["order_up_to_one_level"] == 5).all(), "all, as bronze comes first"
    assert table["order_up_to_separate"].tolist() == [2, 1]
    assert gold[["fill_rate_held_out", "fill_rate_one_level", "fill_rate_separate"]].tolist() == [1, 1, 1]
    assert bronze[["fill_rate_held_out", "fill_rate_separate"]].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert bronze["fill_rate_one_level"] == 1
    assert table["demand_held_out"].tolist() == [2 * 26, 3 * 26]
    assert table["demand"].tolist() == pytest.approx([2 * 365.25 / 7, 3 * 365.25 / 7])
    held = pd.Timestamp(AS_OF) + pd.Timedelta(days=1) - CUT
    filled = 27 / (held / pd.Timedelta(days=1)), 26 / (held / pd.Timedelta(days=1))
    told = "on hand for one day of seven, and half of the one on which it is sold"
    assert filled[1] * 4.5 <= table["mean_stock"].sum() <= filled[0] * 4.5, told
    assert table["mean_stock"].tolist() == pytest.approx([table["mean_stock"].sum() * part for part in (0.4, 0.6)])
    sums = table[["stock_value", "stock_value_one_level", "stock_value_separate"]].sum() / table["stock_value"].sum()
    assert sums.tolist() == pytest.approx([1, 5 / 3, 1])
    assert table["stock_value"].sum() == pytest.approx(14 * table["mean_stock"].sum())
    assert table["saving_on_one_level"].sum() == pytest.approx(table["stock_value"].sum() * 2 / 3)
    assert table["saving_on_separate"].sum() == pytest.approx(0)
    assert (table["left_out"] == "").all()


def diary(lines, upto, levels, lead, first, last):
    """Replay lost sales day by day from a full stock; return served by class and mean stock from ``first`` on."""
    stock, due, got, unit_days = upto, [], dict.fromkeys(levels, 0.0), 0.0
    for day in range(last):
        stock += sum(quantity for when, quantity in due if when == day)
        due = [(when, quantity) for when, quantity in due if when > day]
        if day % 7 == 0 and (wanted := upto - stock - sum(quantity for _, quantity in due)) > 0:
            due.append((day + lead, wanted))
        begin = stock
        for row in lines[lines["day"] == day].itertuples():
            served = min(row.quantity, max(0.0, stock - levels[row.demand_class]))
            stock -= served
            got[row.demand_class] += served * (day >= first)
        unit_days += (begin + stock) / 2 * (day >= first)
    return got, unit_days / (last - first)


def test_held_out_figures_are_those_of_a_diary():
    lines, places = random_lines()
    places = places.assign(lead_time_days=10.0, lead_time_sd=0.0)
    table = shared(lines, places)
    for item, rows in table.groupby("item_id"):
        mine = lines[lines["item_id"] == item].assign(day=lambda own: (own["order_date"] - CUT).dt.days + 28)
        levels = dict(zip(rows["demand_class"], rows["critical_level"], strict=True))
        got, stock = diary(mine, rows["order_up_to"].iloc[0], levels, 10, 28, 28 + 184)
        asked = mine[mine["day"] >= 28].groupby("demand_class")["quantity"].sum()
        wanted = [got[name] / asked[name] for name in rows["demand_class"]]
        assert rows["fill_rate_held_out"].tolist() == pytest.approx(wanted)
        assert rows["mean_stock"].sum() == pytest.approx(stock)


# ------------------------------------------------------------------ what holds for every company
def test_targets_are_met_where_sizes_come_from_and_levels_never_need_more_than_one_level():
    table = shared(*random_lines())
    assert (table["fill_rate_sized"] >= table["fill_rate_target"]).all()
    assert (table["order_up_to"] <= table["order_up_to_one_level"]).all()
    assert (table["order_up_to"] < table["order_up_to_one_level"]).any()
    assert table.groupby("item_id")["critical_level"].apply(lambda levels: levels.is_monotonic_increasing).all()
    assert (table.loc[table["rank"] == 1, "critical_level"] == 0).all()


def test_demand_is_counted_once():
    lines, places = random_lines()
    table = shared(lines, places)
    late = lines["order_date"] >= CUT
    assert table["demand_held_out"].sum() == lines.loc[late, "quantity"].sum()
    span = ClassDemand.of(lines, places, rules=RULES, as_of=AS_OF).places.set_index("item_id")["span_days"]
    before = table["demand"] * table["item_id"].map(span) / 365.25
    assert before.sum() == pytest.approx(lines.loc[~late, "quantity"].sum())


def test_sizes_know_nothing_of_held_out_lines():
    lines, places = random_lines()
    late = (lines["order_date"] >= CUT).to_numpy()
    rng = np.random.default_rng(9)
    changed = lines.assign(
        quantity=np.where(late, rng.integers(1, 90, len(lines)), lines["quantity"]),
        cost=np.where(late, 3.0, lines["cost"]),
        demand_class=np.where(late, "gold", lines["demand_class"]),
    )
    table, other, none = (shared(rows, places).set_index(KEY) for rows in (lines, changed, lines[~late]))
    pd.testing.assert_frame_equal(other[SIZES], table[SIZES])
    pd.testing.assert_frame_equal(none[SIZES], table[SIZES])
    assert other["fill_rate_held_out"].min() < table["fill_rate_held_out"].min()
    assert none["fill_rate_held_out"].isna().all()


def test_a_line_taken_back_counts_until_that_is_known():
    lines, places = random_lines()
    early = lines["order_date"] < CUT - pd.Timedelta(days=50)
    pick = early & (lines.index % 20 == 0)
    late = lines.assign(is_reversed=pick, reversed_on=lines["reversed_on"].mask(pick, CUT + pd.Timedelta(days=9)))
    soon = lines.assign(is_reversed=pick, reversed_on=lines["reversed_on"].mask(pick, CUT - pd.Timedelta(days=9)))
    pd.testing.assert_frame_equal(shared(late, places), shared(lines, places))
    pd.testing.assert_frame_equal(shared(soon, places), shared(lines[~pick], places))


def test_order_of_rows_and_names_of_items_change_nothing_and_inputs_stay():
    lines, places = random_lines()
    before = lines.copy(), places.copy()
    table = shared(lines, places)
    mixed = shared(lines.sample(frac=1, random_state=1), places.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(mixed, table)
    names = {f"SKU-{number:04d}": f"SKU-{9 - number:04d}" for number in range(6)}
    renamed = shared(*(frame.assign(item_id=frame["item_id"].map(names)) for frame in (lines, places)))
    back = renamed.assign(item_id=renamed["item_id"].map({new: old for old, new in names.items()}))
    pd.testing.assert_frame_equal(back.sort_values(["item_id", "rank"], ignore_index=True), table)
    pd.testing.assert_frame_equal(lines, before[0])
    pd.testing.assert_frame_equal(places, before[1])


def test_lines_of_a_day_come_in_the_order_of_their_numbers_as_numbers():
    first = weekly()
    assert first["order_id"].iloc[[8, 9]].tolist() == ["9", "10"], "as text 10 is before 9"
    swapped = first.assign(order_id=first["order_id"].astype(int).map(lambda n: str(n + 1 if n % 2 else n - 1)))
    rules = Policies(class_by="tier", class_targets={"bronze": 0.3, "gold": 0.99})
    places = supply([("SKU-0042", "NORTH")])
    one, other = (shared(lines, places, rules) for lines in (first, swapped))
    assert one["order_up_to_one_level"].tolist() == [5, 5]
    assert other["order_up_to_one_level"].tolist() == [3, 3], "gold comes first, so that no level is needed"
    assert other["critical_level"].tolist() == [0, 0]


# ------------------------------------------------------------------ what is left out, and bad input
def test_what_is_not_sized_says_why():
    lines, places = random_lines()
    places = places.assign(lead_time_days=20.0, lead_time_sd=0.0)
    few = order_lines([("SKU-7777", "gold", CUT - pd.Timedelta(days=90 + n), 1) for n in range(3)])
    new = order_lines([("SKU-8888", "gold", CUT - pd.Timedelta(days=n % 9), 1) for n in range(30)])
    bare = order_lines([("SKU-9999", "gold", CUT - pd.Timedelta(days=5 * n), 1) for n in range(1, 30)])
    every = pd.concat([lines, few, new, bare], ignore_index=True)
    stocked = pd.concat([places, supply([("SKU-7777", "NORTH"), ("SKU-8888", "NORTH")])], ignore_index=True)
    table = shared(every, stocked, RULES.model_copy(update={"class_items": 2}))
    why = table.drop_duplicates("item_id").set_index("item_id")["left_out"]
    assert why["SKU-7777"] == "fewer than 10 order lines to size on"
    assert why["SKU-8888"] == "history of less than 28 days to size on"
    assert why["SKU-9999"] == "not stocked, or of no known lead time"
    value = lines[lines["order_date"] < CUT].groupby("item_id")["revenue"].sum().sort_values(ascending=False)
    assert sorted(why.index[why == ""]) == sorted(value.index[:2])
    assert (why[value.index[2:]] == "not among the 2 of most revenue").all()
    out = table[table["left_out"] != ""]
    assert out[["order_up_to", "fill_rate_held_out", "stock_value", "saving_on_one_level"]].isna().all().all()
    whole = shared(lines, places).set_index(KEY)  # replays begin as long before they count, lead times being equal
    sized = table[table["left_out"] == ""].set_index(KEY)
    pd.testing.assert_frame_equal(sized[SIZES], whole.loc[sized.index, SIZES], obj="sizes do not depend on the others")


def test_lines_after_the_last_day_have_no_say():
    lines, places = random_lines()
    later = lines.head(200).assign(order_date=pd.Timestamp("2026-01-01"))
    pd.testing.assert_frame_equal(shared(pd.concat([lines, later], ignore_index=True), places), shared(lines, places))


def test_quantities_that_are_no_whole_numbers_have_a_finer_step():
    lines, places = random_lines()
    whole, tenth = shared(lines, places), shared(lines.assign(quantity=lines["quantity"] / 8), places)
    ratio = whole["order_up_to"] / (8 * tenth["order_up_to"])
    assert ratio.between(0.97, 1.03).all(), "1/8 of a unit in steps of 0.01"


def test_no_lines_give_an_empty_typed_table():
    lines, places = random_lines()
    pd.testing.assert_frame_equal(shared(lines.iloc[:0], places), empty_table("class_stock"))
    nothing = shared(lines, places.iloc[:0])
    assert (nothing["left_out"] == "not stocked, or of no known lead time").all()


def test_classes_without_a_target_are_named():
    lines, places = random_lines()
    rules = Policies(class_by="tier", class_targets={"gold": 0.95})
    with pytest.raises(SettingsError) as caught:
        shared(lines, places, rules)
    counts = lines["demand_class"].value_counts()
    assert f"no fill rate is given for bronze ({counts['bronze']} lines), silver ({counts['silver']} lines)" in str(
        caught.value
    )
    assert str(caught.value).splitlines()[-1].startswith("Give every class of tier one")


def test_bad_tables_are_told_all_at_once():
    lines, places = random_lines()
    with pytest.raises(DataError, match="order lines lack cost"):
        shared(lines.drop(columns="cost"), places)
    wrong = pd.concat([places, places.head(1)], ignore_index=True)
    wrong.loc[1, "lead_time_days"] = np.nan
    wrong.loc[2, "review_days"] = -1
    with pytest.raises(DataError) as caught:
        shared(lines, wrong)
    assert str(caught.value).splitlines() == [
        "stock cannot be shared by class in 3 ways",
        "  places repeat an item-location in 1 row",
        "  review_days is missing or below 0 in 1 row",
        "  lead_time_days is missing or below 0 in 1 row",
    ]


def test_settings():
    with pytest.raises(ValueError, match="class_by tier needs class_targets"):
        Policies(class_by="tier")
    with pytest.raises(ValueError, match="class_targets"):
        Policies(class_by="tier", class_targets={"gold": 1.2})
    order = Policies(class_targets={"(unknown)": 0.9, "b": 0.9, "c": 0.95, "a": 0.9, "d": 0.8}).classes_in_order
    assert list(order) == ["c", "a", "b", "(unknown)", "d"]


# ------------------------------------------------------------------ what the plan gives
def test_classes_come_from_the_line_or_from_its_customer():
    lines = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2", "CUST-3"], "channel": ["shop", "(all)", "web"]})
    customers = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2"], "tier": ["gold", None], "channel": ["web", "web"]})
    by_tier, by_channel = (label_demand_classes(lines, customers, by=by) for by in ("tier", "channel"))
    assert by_tier["demand_class"].tolist() == ["gold", "(unknown)", "(unknown)"]
    assert by_channel["demand_class"].tolist() == ["shop", "(unknown)", "web"]


def test_held_out_months_begin_on_a_day():
    assert first_held_out_day(AS_OF, RULES) == CUT


def test_places_are_stocked_and_carry_their_lots():
    pairs = pd.DataFrame({"item_id": ["SKU-1", "SKU-2", "SKU-3"], "location_id": "NORTH"})
    policy_rules = pairs.assign(policy=["order_up_to", "to_order", "min_max"], review_days=[7.0, 7.0, 1.0])
    intervals = pairs.assign(mean_periods=[20.0, 9.0, 5.0], sd_periods=[2.0, 0.0, 1.0])
    items = pd.DataFrame({"item_id": ["SKU-1"], "moq": [12.0], "order_multiple": [6.0]})
    places = list_class_places(intervals, policy_rules, items)
    assert places["item_id"].tolist() == ["SKU-1", "SKU-3"]
    assert places.drop(columns=["item_id", "location_id"]).to_numpy().tolist() == [[7, 20, 2, 12, 6], [1, 5, 1, 0, 0]]


def class_workspace(write_workspace, small_company, orders, by, targets, folder):
    named = sorted(small_company["orders"]["customer_id"].unique())
    customers = pd.DataFrame({"customer_id": named, "tier": ["gold", "gold", "silver", "silver", None]})
    words = ", ".join(f'"{name}" = {target}' for name, target in targets.items())
    toml = (
        f'[forecasts]\nlead_time_days = 9\n[policies]\nclass_by = "{by}"\nclass_holdout_months = 4\n'
        f"class_targets = {{ {words} }}\n"
    )
    return write_workspace({**small_company, "orders": orders, "customers": customers}, toml, folder)


@pytest.mark.parametrize(
    ("by", "targets"),
    [
        ("tier", {"gold": 0.95, "silver": 0.85, "(unknown)": 0.8}),
        ("abc", {"A": 0.95, "B": 0.9, "C": 0.85, "L": 0.8, "(unknown)": 0.8}),
    ],
)
def test_the_plan_sizes_without_what_came_later(by, targets, write_workspace, small_company):
    orders = small_company["orders"]
    late = (orders["order_date"] >= "2025-09-01").to_numpy()
    swapped = orders.assign(quantity=orders["quantity"].where(~late, 40 - orders["quantity"]))
    tables = []
    for name, rows in (("as_it_was", orders), ("changed", swapped)):
        plan = sk.open_plan(class_workspace(write_workspace, small_company, rows, by, targets, name), as_of=AS_OF)
        tables.append(plan.class_stock.set_index(KEY))
    one, other = tables
    sized = one.index[(one["left_out"] == "") & (one["demand"] > 0)]
    assert len(sized) > 10
    assert one.loc[sized, "rank"].nunique() > 1
    pd.testing.assert_frame_equal(other.loc[sized, SIZES], one.loc[sized, SIZES])
    assert (one["demand_held_out"].reindex(sized) != other["demand_held_out"].reindex(sized)).any()


def test_without_classes_the_table_is_empty(write_workspace, small_company):
    plan = sk.open_plan(write_workspace(small_company))
    pd.testing.assert_frame_equal(plan.class_stock, empty_table("class_stock"))
    assert Settings().policies.class_by == ""


def test_the_sample_shows_what_levels_are_worth(sample_plan):
    table = sample_plan.class_stock
    sized = table[table["left_out"] == ""]
    assert sized["item_id"].add(sized["location_id"]).nunique() == sample_plan.settings.policies.class_items
    assert set(sized["demand_class"]) >= {"platinum", "gold", "silver", "standard"}
    with_demand = sized[sized["fill_rate_sized"].notna()]
    assert (with_demand["fill_rate_sized"] >= with_demand["fill_rate_target"]).all()
    assert sized["stock_value"].sum() < sized["stock_value_one_level"].sum() < sized["stock_value_separate"].sum()


def test_a_blank_class_is_unknown():
    """Customers without sales in the window have a blank value class: it sorted first, and ranked as the best."""
    lines = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2", "CUST-3"]})
    customers = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2"], "abc": ["A", " "]})
    labelled = label_demand_classes(lines, customers, by="abc")
    assert labelled["demand_class"].tolist() == ["A", "(unknown)", "(unknown)"]
