"""Allocations as tables: what every rule keeps, what each decides, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

import segkit as sk
from segkit.core.errors import DataError, SettingsError
from segkit.formulas.nested_protection import emsr_b_protection

CLASSES = ["gold", "silver", "bronze"]
DAYS = pd.to_datetime(["2025-06-02", "2025-06-09", "2025-06-16"])
HELD = ("reservation", "both")


def supply_of(*quantities, item="SKU-1"):
    keys = {"item_id": item, "location_id": "A", "available_date": DAYS[: len(quantities)]}
    return pd.DataFrame({**keys, "quantity": [float(one) for one in quantities]})


def demand_of(means, margins=(9.0, 6.0, 4.0), item="SKU-1", **more):
    keys = {"item_id": item, "location_id": "A", "demand_class": CLASSES[: len(means)]}
    return pd.DataFrame({**keys, "mean": [float(one) for one in means], "unit_margin": margins[: len(means)], **more})


def by_class(made, column="quantity"):
    return dict(zip(made["demand_class"], made[column], strict=True))


RULES = {
    "rank": sk.allocate_by_rank,
    "committed": sk.allocate_per_committed,
    "fair": sk.allocate_fair_share,
    "nested": sk.allocate_nested,
    "margin": sk.allocate_by_margin,
    "contract": lambda supply, demand, **given: sk.allocate_commitments(supply, demand, **given),
}


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=3), st.data(), st.sampled_from([1.0, 0.0, 6.0]))
def test_no_bucket_is_given_away_twice(rule, quantities, data, unit):
    means = data.draw(st.lists(st.floats(0, 20), min_size=3, max_size=3))
    made = RULES[rule](supply_of(*quantities), demand_of(means), classes=CLASSES, unit=unit)
    held = made[made["kind"].isin(HELD)].groupby("available_date")["quantity"].sum()
    there = dict(zip(DAYS, quantities, strict=False))
    assert all(total <= there[day] + 1e-6 for day, total in held.items())
    if unit == 1:
        assert made["quantity"].tolist() == made["quantity"].round().tolist()
    assert (made["quantity"] >= 0).all()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.5, 20), min_size=2, max_size=2), st.integers(1, 40), st.floats(0.2, 0.8))
def test_a_class_split_in_two_gets_as_much_together(means, stock, part):
    whole = demand_of(means, (9.0, 4.0))
    split = demand_of([means[0] * part, means[0] * (1 - part), means[1]], (9.0, 9.0, 4.0))
    one = by_class(sk.allocate_nested(supply_of(stock), whole, classes=CLASSES[:2]), "protection_level")
    two = by_class(sk.allocate_nested(supply_of(stock), split, classes=CLASSES), "protection_level")
    assert two["silver"] == one["gold"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.5, 20), min_size=3, max_size=3), st.integers(1, 40), st.floats(0, 30))
def test_goodwill_never_lowers_what_is_protected(means, stock, goodwill):
    plain = demand_of(means)
    dear = plain.assign(goodwill_cost=[goodwill, 0.0, 0.0])
    for protection in (None, emsr_b_protection):
        given_ = {"classes": CLASSES, **({} if protection is None else {"protection": protection})}
        low = by_class(sk.allocate_nested(supply_of(stock), plain, **given_), "protection_level")
        high = by_class(sk.allocate_nested(supply_of(stock), dear, **given_), "protection_level")
        assert high["gold"] >= low["gold"]


def test_money_and_pieces_are_units_only():
    supply, demand = supply_of(48, 24), demand_of([20.0, 30.0, 25.0], sd=[9.0, 12.0, 8.0])
    for rule in (sk.allocate_nested, sk.allocate_by_margin, sk.allocate_per_committed):
        made = rule(supply, demand, classes=CLASSES)
        yen = rule(supply, demand.assign(unit_margin=demand["unit_margin"] * 150), classes=CLASSES)
        dozen = rule(
            supply.assign(quantity=supply["quantity"] / 12),
            demand.assign(mean=demand["mean"] / 12, sd=demand["sd"] / 12),
            classes=CLASSES,
            unit=1 / 12,
        )
        assert yen["quantity"].tolist() == made["quantity"].tolist()
        assert (dozen["quantity"] * 12).tolist() == pytest.approx(made["quantity"].tolist())


def test_a_better_class_worth_less_counts_as_one_with_the_next():
    made = sk.allocate_nested(supply_of(30), demand_of([5, 6, 9], (5.0, 8.0, 2.0)), classes=CLASSES)
    same = sk.allocate_nested(supply_of(30), demand_of([5, 6, 9], (7.3, 7.3, 2.0)), classes=CLASSES)
    assert by_class(made)["gold"] == 0
    assert by_class(made, "protection_level")["silver"] == pytest.approx(
        by_class(same, "protection_level")["silver"], abs=1
    )


def kept_for(margins, stock=30, means=(5, 6, 9)):
    return by_class(sk.allocate_nested(supply_of(stock), demand_of(means, margins), classes=CLASSES))


def test_nothing_is_kept_for_a_class_that_loses_against_one_that_earns():
    assert kept_for((-5.0, 8.0, 2.0))["gold"] == 0
    others = demand_of([0, 6, 9], (1.0, 8.0, 2.0))
    assert kept_for((-5.0, 8.0, 2.0)) == by_class(sk.allocate_nested(supply_of(30), others, classes=CLASSES))
    assert kept_for((9.0, -5.0, 4.0))["silver"] == 0
    assert kept_for((9.0, -5.0, 4.0))["gold"] == kept_for((9.0, 4.0, 4.0))["gold"]
    assert kept_for((-9.0, -5.0, 4.0)) == {"gold": 0.0, "silver": 0.0, "bronze": 30.0}


def test_supply_is_kept_from_classes_that_lose_and_for_none_of_them():
    kept = kept_for((9.0, -1.0, -2.0))
    assert kept["gold"] > 5
    assert kept["silver"] == 0
    assert kept_for((-1.0, -2.0, -3.0)) == {"gold": 0.0, "silver": 0.0, "bronze": 30.0}


def test_kept_from_a_class_that_loses_is_what_the_better_ask_for_in_99_of_100_cases():
    """A millionth of the best class's value kept 19 units for a demand of 5, and 82 for one of 1 that scatters."""
    assert kept_for((9.0, 9.0, -1.0), stock=60, means=(5, 0, 9))["gold"] == poisson.ppf(0.99, 5)
    assert kept_for((9.0, 0.05, -1.0), stock=60, means=(5, 6, 9))["silver"] > 0
    assert kept_for((9.0, 0.05, -1.0), stock=60) == kept_for((900.0, 5.0, -1.0), stock=60)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3), st.integers(1, 60))
def test_a_class_that_loses_never_has_a_reservation(margins, stock):
    made = sk.allocate_nested(supply_of(stock), demand_of([5, 6, 9], margins), classes=CLASSES)
    loses = made["unit_value"] <= 0
    assert (made.loc[loses & made["kind"].isin(HELD), "quantity"] == 0).all()


def test_demand_of_periods_goes_to_the_bucket_that_serves_it():
    early, late = pd.Timestamp("2025-05-26"), pd.Timestamp("2025-06-11")
    demand = pd.concat([demand_of([4, 0, 0]).assign(period=early), demand_of([7, 3, 0]).assign(period=late)])
    made = sk.allocate_per_committed(supply_of(30, 30), demand, classes=CLASSES)
    assert made[["demand_class", "mean"]].to_numpy().tolist() == [["gold", 4.0], ["gold", 7.0], ["silver", 3.0]]
    assert made["available_date"].tolist() == [DAYS[0], DAYS[1], DAYS[1]]


def test_quotas_are_released_before_the_next_supply():
    made = sk.allocate_by_rank(supply_of(30, 30), demand_of([5, 5, 5]), classes=CLASSES, release_days=2)
    first = made[made["available_date"] == DAYS[0]]
    assert (first["released_date"] == pd.Timestamp("2025-06-07")).all()
    assert made[made["available_date"] == DAYS[1]]["released_date"].isna().all()
    long = sk.allocate_by_rank(supply_of(30, 30), demand_of([5, 5, 5]), classes=CLASSES, release_days=90)
    assert (long["released_date"].dropna() == DAYS[0]).all()
    with pytest.raises(SettingsError, match="release_days"):
        sk.allocate_by_rank(supply_of(30), demand_of([5]), classes=CLASSES, release_days=-1)


def test_supply_waits_for_the_class_that_brings_more():
    demand = pd.concat(
        [demand_of([0, 0, 10]).assign(period=DAYS[0], sd=0.1), demand_of([10, 0, 0]).assign(period=DAYS[1], sd=0.1)]
    ).assign(sd=0.1)
    made = sk.allocate_by_margin(supply_of(12), demand, classes=CLASSES)
    quotas = by_class(made)
    assert quotas["gold"] >= 10
    assert quotas["gold"] + quotas["bronze"] == 12
    spoiled = sk.allocate_by_margin(supply_of(12).assign(expiry_date=DAYS[0]), demand, classes=CLASSES)
    assert by_class(spoiled)["gold"] == 0
    assert by_class(spoiled)["bronze"] >= 10


def test_what_one_supply_keeps_for_several_periods_is_kept_once_for_all_of_them():
    """Each period by itself kept units for the unlikely, of the cheapest class that asks most: all four were bronze."""
    means = {"gold": 0.31, "silver": 0.47, "bronze": 0.56}
    weeks = pd.date_range(DAYS[0], periods=4, freq="7D")
    whole = demand_of([4 * mean for mean in means.values()], (29.8, 18.3, 24.4))
    parts = [whole.assign(period=week, mean=whole["mean"] / 4) for week in weeks]
    by_week = sk.allocate_by_margin(supply_of(4), pd.concat(parts), classes=CLASSES)
    at_once = sk.allocate_by_margin(supply_of(4), whole, classes=CLASSES)
    assert by_class(by_week) == by_class(at_once)
    assert by_week["bid_price"].tolist() == at_once["bid_price"].tolist()


def test_periods_before_supply_arrives_and_after_it_expires_take_nothing_of_it():
    early, late = DAYS[0], DAYS[1]
    demand = pd.concat(
        [demand_of([9, 0, 0]).assign(period=early), demand_of([0, 5, 0]).assign(period=late),
         demand_of([0, 0, 9]).assign(period=late + pd.Timedelta(days=14))]
    )  # fmt: skip
    supply = supply_of(0, 20).iloc[1:].assign(expiry_date=late + pd.Timedelta(days=7))
    quotas = by_class(sk.allocate_by_margin(supply, demand, classes=CLASSES))
    assert quotas["silver"] >= 5
    assert quotas.get("gold", 0.0) == quotas.get("bronze", 0.0) == 0.0


def test_demand_waits_for_supply_where_it_may():
    demand = pd.concat([demand_of([10]).assign(period=DAYS[0]), demand_of([0.1]).assign(period=DAYS[1])])
    supply = supply_of(0, 12)
    lost = sk.allocate_by_margin(supply, demand, classes=["gold"])
    waits = sk.allocate_by_margin(supply, demand, classes=["gold"], late=sk.LateDelivery(1.0, 1))
    assert waits["quantity"].sum() >= 10
    assert lost["quantity"].sum() < 5
    with pytest.raises(SettingsError, match="late"):
        sk.LateDelivery(-1.0, 1)


def test_the_most_exact_quota_counts():
    quotas = pd.DataFrame(
        {"item_id": [None, "SKU-1", "SKU-1"], "location_id": [None, None, "A"], "demand_class": "gold",
         "share": [0.1, 0.2, 0.5]}
    )  # fmt: skip
    supply = pd.concat([supply_of(100), supply_of(100, item="SKU-2"), supply_of(100).assign(location_id="B")])
    made = sk.allocate_by_share(supply, quotas, classes=CLASSES)
    assert made["quantity"].tolist() == [50.0, 20.0, 10.0]


def test_limits_keep_nothing():
    quotas = pd.DataFrame({"demand_class": CLASSES, "share": [0.8, 0.9, 0.2], "number": [80, 90, 20]})
    quotas["kind"] = ["limit", "neutral", "both"]
    made = sk.allocate_by_share(supply_of(100), quotas, classes=CLASSES)
    assert by_class(made) == {"gold": 80.0, "silver": 90.0, "bronze": 20.0}
    assert by_class(sk.allocate_by_number(supply_of(100), quotas, classes=CLASSES)) == by_class(made)
    assert sk.supply_left(supply_of(100), made)["quantity"].tolist() == [80.0]


@pytest.mark.parametrize("kind", ["reservation", "limit"])
def test_all_others_have_a_quota_beside_named_classes(kind):
    quotas = pd.DataFrame({"demand_class": ["gold", "(all others)"], "number": [5, 3], "kind": kind})
    made = sk.allocate_by_number(supply_of(20), quotas, classes=CLASSES)
    assert by_class(made) == {"(all others)": 3.0, "gold": 5.0}
    shares = quotas.assign(share=[0.5, 0.25], ratio=[3, 1])
    assert by_class(sk.allocate_by_share(supply_of(20), shares, classes=CLASSES)) == {"(all others)": 5.0, "gold": 10.0}
    assert by_class(sk.allocate_by_ratio(supply_of(20), shares, classes=CLASSES)) == {"(all others)": 5.0, "gold": 15.0}
    asked = {"order_date": DAYS[0], "item_id": "SKU-1", "location_id": "A", "quantity": 9.0}
    orders = pd.DataFrame([{**asked, "order_id": one, "line_id": "1", "demand_class": one} for one in CLASSES])
    terms = sk.PromiseTerms(tuple(CLASSES), nested=False)
    lines = sk.promise_orders(orders, supply_of(20), allocations=made, terms=terms).lines.set_index("order_id")
    got = lines["promised_quantity"].to_dict()
    assert got["silver"] + got["bronze"] == (20.0 - got["gold"] if kind == "reservation" else 3.0)
    assert got["gold"] == (9.0 if kind == "reservation" else 5.0)


def test_stated_quotas_without_supply_are_told():
    quotas = pd.DataFrame({"demand_class": "gold", "number": 5, "item_id": ["SKU-1", "SKU-9", None]})
    with pytest.warns(UserWarning, match="count for nothing in 1 row: there is no supply of SKU-9 at all locations"):
        made = sk.allocate_by_number(supply_of(20), quotas, classes=CLASSES)
    assert by_class(made) == {"gold": 5.0}


def test_rows_of_nodes_above_are_named_where_orders_are_promised():
    tree = pd.DataFrame({"node": ["all", "gold"], "parent": ["", "all"], "share": [1.0, 0.4]})
    made = sk.allocate_down_by_share(supply_of(60), tree)
    order = {"order_id": "O", "line_id": "1", "order_date": DAYS[0], "item_id": "SKU-1", "location_id": "A"}
    orders = pd.DataFrame([{**order, "quantity": 1.0, "demand_class": "gold"}])
    terms = sk.PromiseTerms(("gold",))
    with pytest.raises(DataError, match="give the reservations alone, not rows of kind neutral"):
        sk.promise_orders(orders, supply_of(60), allocations=made, terms=terms)
    kept = made[made["kind"] != "neutral"]
    assert (
        sk.promise_orders(orders, supply_of(60), allocations=kept, terms=terms).lines["promised_quantity"].item() == 1
    )


def test_contracts_first_then_the_rest():
    owed = demand_of([0, 20, 0])
    kept = sk.allocate_commitments(supply_of(60), owed, classes=CLASSES)
    rest = sk.allocate_by_rank(sk.supply_left(supply_of(60), kept), demand_of([30, 30, 30]), classes=CLASSES)
    both = sk.join_allocations(kept, rest)
    assert by_class(both) == {"gold": 30.0, "silver": 30.0, "bronze": 0.0}
    assert both["supply"].tolist() == [60.0] * 3
    assert by_class(both, "rule")["silver"] == "contract + rank"
    short = sk.allocate_commitments(supply_of(30), demand_of([20, 40]), classes=CLASSES)
    assert by_class(short) == {"gold": 10.0, "silver": 20.0}
    assert short["note"].str.startswith("cut: 60 committed, 30 there").all()
    bounded = sk.join_allocations(kept, rest.assign(kind="limit"))
    assert by_class(bounded) == by_class(both)
    assert set(bounded["kind"]) == {"limit"}
    assert by_class(bounded, "committed") == {"gold": 0.0, "silver": 20.0, "bronze": 0.0}
    with pytest.raises(DataError, match=r"two kinds(.|\n)*Give the class kind both"):
        sk.join_allocations(rest, rest.assign(kind="limit"))
    capped = sk.join_allocations(kept, rest.assign(kind="both"))
    assert by_class(capped) == by_class(both)
    assert set(capped["kind"]) == {"both"}
    with pytest.raises(DataError, match="more is reserved"):
        sk.supply_left(supply_of(10), kept)


def test_a_contract_of_the_lowest_class_is_kept_beside_its_neutral_row():
    supply = supply_of(10, 10)
    kept = sk.allocate_commitments(supply, demand_of([0, 0, 4]), classes=CLASSES)
    left, wanted = sk.supply_left(supply, kept), demand_of([3, 3, 5])
    rest = sk.allocate_nested(left, wanted, classes=CLASSES, release_days=2.0)
    lowest = rest["demand_class"] == "bronze"
    assert rest["kind"][lowest].eq("neutral").all()
    both = sk.join_allocations(kept, rest)
    assert both.loc[lowest, ["kind", "quantity"]].values.tolist() == [["reservation", 4.0]] * 2
    assert both["released_date"][lowest].isna().all()
    assert both["quantity"][~lowest].tolist() == rest["quantity"][~lowest].tolist()
    pd.testing.assert_series_equal(both["bid_price"], rest["bid_price"])
    turned = sk.join_allocations(rest, kept)
    assert turned[["kind", "quantity"]].values.tolist() == both[["kind", "quantity"]].values.tolist()


def test_bad_input_names_all_offenders():
    supply = supply_of(10, -5, -7)
    with pytest.raises(DataError, match=r"quantity is no amount of 0 or more in 2 rows"):
        sk.allocate_by_rank(supply, demand_of([1]), classes=CLASSES)
    with pytest.raises(DataError, match=r"(?s)'iron'.*'tin'"):
        sk.allocate_by_rank(supply_of(5), demand_of([1, 2]).assign(demand_class=["iron", "tin"]), classes=CLASSES)
    with pytest.raises(DataError, match=r"unit_margin is missing in 2 rows"):
        sk.allocate_nested(supply_of(5), demand_of([1, 2, 3]).assign(unit_margin=[1.0, None, None]), classes=CLASSES)
    with pytest.raises(DataError, match=r"(?s)mean is no amount.*sd is no amount"):
        sk.allocate_nested(supply_of(5), demand_of([-1]).assign(sd=-2.0), classes=CLASSES)
    both = pd.concat([supply_of(5), supply_of(5, item="SKU-2")])
    quotas = pd.DataFrame({"demand_class": CLASSES[:2], "share": [0.7, 0.6]})
    with pytest.raises(DataError, match=r"above 100 % at 2 places: SKU-1 at A: 130.0%; SKU-2 at A: 130.0%"):
        sk.allocate_by_share(both, quotas, classes=CLASSES)
    with pytest.raises(DataError, match="repeats"):
        sk.allocate_by_rank(supply_of(5), pd.concat([demand_of([1]), demand_of([2])]), classes=CLASSES)
    with pytest.raises(DataError, match="location_id is not there"):
        sk.allocate_by_rank(supply_of(5).drop(columns="location_id"), demand_of([1]), classes=CLASSES)
    with pytest.raises(DataError, match="named twice: gold"):
        sk.allocate_by_rank(supply_of(5), demand_of([1]), classes=["gold", "gold"])
    quotas = pd.DataFrame({"demand_class": ["gold"], "number": [1], "kind": "wish"})
    with pytest.raises(DataError, match="kind is none of"):
        sk.allocate_by_number(supply_of(5), quotas, classes=CLASSES)


def test_a_top_that_is_alone_has_its_share_of_the_supply_and_no_more():
    tree = pd.DataFrame({"node": ["all", "gold"], "parent": ["", "all"], "share": [0.5, 0.4]})
    assert by_class(sk.allocate_down_by_share(supply_of(60), tree)) == {"all": 30.0, "gold": 12.0}


def test_a_bad_hierarchy_names_all_offenders():
    tree = pd.DataFrame({"node": list("abcd"), "parent": ["b", "a", "x", ""], "share": 0.5})
    with pytest.raises(DataError, match=r"(?s)the parent is no node.*above itself in 2 rows.*node=a.*node=b"):
        sk.allocate_down_by_share(supply_of(5), tree)
    over = pd.DataFrame({"node": list("abc"), "parent": ["", "a", "a"], "share": [1.0, 0.7, 0.6]})
    with pytest.raises(DataError, match=r"above 100 % in 2 rows"):
        sk.allocate_down_by_share(supply_of(5), over)
    inner = pd.DataFrame({"node": ["all", *CLASSES], "parent": ["", "all", "all", "all"]})
    with pytest.raises(DataError, match="has nodes below it"):
        sk.allocate_down_per_committed(supply_of(5), demand_of([1]).assign(demand_class="all"), inner)


def test_a_hierarchy_loses_nothing():
    tree = pd.DataFrame(
        {"node": ["all", "north", "south", *CLASSES], "parent": ["", "all", "all", "north", "north", "south"]}
    )
    demand = demand_of([12, 9, 7])
    made = by_class(sk.allocate_down_per_committed(supply_of(20), demand, tree))
    assert made["all"] == made["north"] + made["south"] == 20
    assert made["gold"] + made["silver"] == made["north"]
    assert made["bronze"] == made["south"]
    assert made["north"] == pytest.approx(20 * 21 / 28, abs=1)
    ranked = by_class(sk.allocate_down_by_rank(supply_of(20), demand, tree.assign(rank=[1, 2, 1, 2, 1, 1])))
    assert ranked == {"all": 20, "south": 7, "bronze": 7, "north": 13, "silver": 9, "gold": 4}


def test_places_without_demand_and_demand_without_supply_are_left_alone():
    made = sk.allocate_nested(supply_of(5), demand_of([3, 2], item="SKU-9"), classes=CLASSES)
    assert by_class(made) == {"gold": 0.0, "silver": 0.0, "bronze": 5.0}
    assert np.isnan(made["unit_value"]).all()
    assert sk.allocate_by_margin(supply_of(5), demand_of([3, 2], item="SKU-9"), classes=CLASSES).empty
