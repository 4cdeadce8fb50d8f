"""The contest of rules as tables: what is learnt when, what is told, what is refused."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.promising.contest.book import read_book
from segkit.promising.contest.contest import expect
from segkit.promising.contest.measures import jain_index
from segkit.promising.contest.rules import HINDSIGHT
from segkit.promising.contest.worth_bands import band_orders

CLASSES = ["A", "B", "C"]
GOODWILL = pd.DataFrame({"demand_class": CLASSES, "lost_share": [0.5, 0.2, 0.0], "late_share_day": [0.02, 0.01, 0.0]})


def drawn_orders(seed=1, lines=600, items=4):
    """Return order lines of half a year with three classes, the better ones at lower prices, rows shuffled."""
    rng = np.random.default_rng(seed)
    when = pd.Timestamp("2025-01-06") + pd.to_timedelta(np.sort(rng.uniform(0, 182, lines)), unit="D")
    rank = rng.choice(3, lines, p=[0.5, 0.3, 0.2])
    item = rng.integers(1, items + 1, lines)
    price = item * np.array([9.0, 10.0, 12.0])[rank]
    table = pd.DataFrame(
        {
            "order_id": [f"SO-{number:05}" for number in range(lines)],
            "line_id": "1",
            "order_date": when.floor("s"),
            "item_id": [f"SKU-{number:04}" for number in item],
            "location_id": "DC",
            "demand_class": np.array(CLASSES)[rank],
            "quantity": rng.integers(1, 12, lines).astype(float),
            "unit_price": price,
            "unit_margin": 0.35 * price,
        }
    )
    return table.sample(frac=1, random_state=seed)


@pytest.fixture(scope="module")
def orders():
    return sk.price_goodwill(drawn_orders(), GOODWILL)


@pytest.fixture(scope="module")
def supply(orders):
    return sk.cut_supply(orders, start="2025-03-03")


@pytest.fixture(scope="module")
def contest(orders, supply):
    return sk.contest_rules(orders, supply, classes=CLASSES)


# ------------------------------------------------------------------ a stated shortage
def test_supply_is_the_share_of_what_each_week_orders_in_whole_units(orders):
    supply = sk.cut_supply(orders, start="2025-03-03", share=0.85)
    later = orders[orders["order_date"] >= "2025-03-03"]
    asked = later.groupby("item_id")["quantity"].sum()
    given = supply.groupby("item_id")["quantity"].sum()
    assert ((asked * 0.85 - given >= -1e-9) & (asked * 0.85 - given < 1)).all()
    assert (supply["quantity"] % 1 == 0).all()
    week = later[(later["order_date"] < "2025-03-10") & (later["item_id"] == "SKU-0001")]["quantity"].sum()
    assert supply["quantity"].iloc[0] == np.floor(0.85 * week)


def test_trailing_supply_knows_only_the_weeks_before(orders):
    supply = sk.cut_supply(orders, start="2025-03-03", share=1.0, trailing=4)
    known = orders[(orders["order_date"] >= "2025-02-03") & (orders["order_date"] < "2025-03-03")]
    first = supply[supply["available_date"] == "2025-03-03"].set_index("item_id")["quantity"]
    pd.testing.assert_series_equal(first, np.floor(known.groupby("item_id")["quantity"].sum() / 4), check_names=False)
    changed = orders.assign(quantity=orders["quantity"].where(orders["order_date"] < "2025-04-07", 99.0))
    other = sk.cut_supply(changed, start="2025-03-03", share=1.0, trailing=4)
    early = supply["available_date"] <= "2025-04-07"
    pd.testing.assert_frame_equal(other[early], supply[early])


def test_supply_refuses_what_it_cannot_cut(orders):
    with pytest.raises(sk.DataError, match=r"share of demand supplied is 1\.2"):
        sk.cut_supply(orders, start="2025-03-03", share=1.2)
    with pytest.raises(sk.DataError, match="orders lack quantity"):
        sk.cut_supply(orders.drop(columns="quantity"), start="2025-03-03")
    assert sk.cut_supply(orders, start="2026-01-01").empty


# ------------------------------------------------------------------ goodwill
def test_goodwill_refuses_classes_without_shares_all_at_once():
    bare = drawn_orders()
    bad = GOODWILL.iloc[[1, 1]].assign(lost_share=[0.1, -0.1])
    with pytest.raises(sk.DataError) as caught:
        sk.price_goodwill(bare, bad)
    for part in ("repeats a class", "lost_share is missing or below 0", "class 'A'", "class 'C'"):
        assert part in str(caught.value)


# ------------------------------------------------------------------ what is known when
def test_nothing_later_changes_what_is_expected(orders, supply):
    day = pd.Timestamp("2025-05-05")
    terms = sk.ContestTerms()
    late = orders["order_date"] >= day
    other = orders.assign(
        quantity=orders["quantity"].where(~late, 70.0), unit_margin=orders["unit_margin"].where(~late, 99.0)
    )
    books = [read_book(table, supply, classes=CLASSES, terms=terms) for table in (orders, other)]
    expected = [expect(book, None, terms) for book in books]
    known = int((books[0].cycles <= day).sum())
    for name in ("mean", "sd", "worth"):
        first, second = (getattr(one, name) for one in expected)
        np.testing.assert_array_equal(first[:, :known], second[:, :known])
        assert (first[:, known:] != second[:, known:]).any()


def test_trailing_means_are_split_by_class_and_add_up(orders, supply):
    terms = sk.ContestTerms(trailing=4)
    book = read_book(orders, supply, classes=CLASSES, terms=terms)
    mean = expect(book, None, terms).mean
    past = orders[(orders["order_date"] < "2025-03-03") & (orders["order_date"] >= "2025-02-03")]
    by_item = past.groupby("item_id")["quantity"].sum() / 4
    np.testing.assert_allclose(mean[:, 0].sum(axis=1), by_item.to_numpy())
    assert (mean[:, 0, 0] > mean[:, 0, 2]).all()


def test_forecasts_given_are_taken_and_checked(orders, supply):
    key = supply[["item_id", "location_id", "available_date"]].assign(demand_class="A", mean=3.0, sd=1.0)
    terms = sk.ContestTerms()
    book = read_book(orders, supply, classes=CLASSES, terms=terms)
    mean = expect(book, key.iloc[:1], terms).mean
    assert mean.sum() == mean[0, 0, 0] == 3.0
    with pytest.raises(sk.DataError, match="repeats in 1 row"):
        sk.contest_rules(orders, supply, pd.concat([key, key.iloc[:1]]), classes=CLASSES)
    with pytest.raises(sk.DataError, match="sd is missing or below 0"):
        sk.contest_rules(orders, supply, key.assign(sd=-1.0), classes=CLASSES)


# ------------------------------------------------------------------ the contest
def test_first_come_is_what_promises_in_order_of_arrival_give(orders, supply):
    """The compiled promise of the order book, written apart from the contest, serves the same units."""
    replayed = orders[orders["order_date"] >= "2025-03-03"]
    asked = replayed.assign(requested_date=replayed["order_date"].dt.normalize())
    for days in (0.0, 14.0):
        terms = sk.ContestTerms(max_lateness_days=days)
        made = sk.contest_rules(orders, supply, classes=CLASSES, terms=terms).set_index(["rule", "demand_class"])
        promised = sk.promise_orders(asked, supply, terms=sk.PromiseTerms(tuple(CLASSES), max_lateness_days=days))
        trace = promised.trace.merge(asked[["order_id", "requested_date", "demand_class"]], on="order_id")
        in_time = trace["promised_date"].dt.normalize() <= trace["requested_date"]
        for name in CLASSES:
            mine = trace["demand_class_x" if "demand_class_x" in trace else "demand_class"] == name
            assert made.loc[("first come", name), "served"] == trace[mine & in_time]["quantity"].sum()
            assert made.loc[("first come", name), "served_late"] == trace[mine & ~in_time]["quantity"].sum()


def test_units_and_money_add_up(contest):
    whole = contest[contest["demand_class"] == "(all)"].set_index("rule")
    parts = contest[contest["demand_class"] != "(all)"].groupby("rule")
    for name in ("lines", "demand", "served", "served_late", "lost", "margin", "goodwill_cost", "contribution", "gain"):
        np.testing.assert_allclose(whole[name], parts[name].sum().reindex(whole.index), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(contest["served"] + contest["served_late"] + contest["lost"], contest["demand"])
    first = whole.loc["first come"]
    np.testing.assert_allclose(whole["gain"], whole["contribution"] - first["contribution"], atol=1e-6)
    np.testing.assert_allclose(whole["margin_gain"], whole["margin"] - first["margin"], atol=1e-6)
    np.testing.assert_allclose(whole["regret"], whole.loc[HINDSIGHT, "gain"] - whole["gain"], atol=1e-6)
    assert (whole["regret"] >= -1e-6).all()
    assert whole["gain_low"].le(whole["gain"] + 1e-6).all()
    assert whole["gain_high"].ge(whole["gain"] - 1e-6).all()
    assert whole.loc["first come", ["gain", "gain_low", "gain_high"]].tolist() == [0.0, 0.0, 0.0]


def test_the_best_class_gains_under_rules_by_class(contest):
    fill = contest.set_index(["rule", "demand_class"])["fill_rate"]
    for rule in ("fixed quotas", "nested protection", "critical levels"):
        assert fill[rule, "A"] > fill["first come", "A"]
        assert fill[rule, "A"] > fill[rule, "C"]


def test_with_ample_supply_every_rule_serves_everything(orders, supply):
    ample = supply.assign(quantity=1000.0)
    made = sk.contest_rules(orders, ample, classes=CLASSES)
    assert (made["fill_rate"] == 1).all()
    assert (made["gain"] == 0).all()
    assert made["gain_share"].isna().all()


def test_bid_prices_refuse_what_costs_more_than_it_brings(orders, supply):
    """They served losing lines wherever there was enough, though a bid price is never below 0."""
    losing = orders.assign(unit_margin=orders["unit_margin"].where(orders["demand_class"] != "C", -1.0))
    made = sk.contest_rules(losing, supply.assign(quantity=1000.0), classes=CLASSES).set_index(["rule", "demand_class"])
    assert made.loc[("bid prices", "C"), ["served", "served_late", "contribution"]].tolist() == [0.0, 0.0, 0.0]
    assert made.loc[("bid prices", "(all)"), "regret"] == pytest.approx(0.0)
    assert made.loc[("first come", "C"), "contribution"] < 0


@pytest.mark.parametrize("name", ["item_id", "location_id"])
def test_blank_places_are_told(orders, supply, name):
    """Their lines met no receipt, and were lost under every rule."""
    with pytest.raises(sk.DataError, match=f"{name} of orders is blank|location_id of orders is blank"):
        sk.contest_rules(orders.assign(**{name: None}), supply, classes=CLASSES)
    with pytest.raises(sk.DataError, match="is blank in"):
        sk.cut_supply(orders.assign(**{name: None}), start="2025-03-03")


def test_ids_and_days_of_any_kind_meet(orders, supply, contest):
    zoned = {"order_date": orders["order_date"].dt.tz_localize("Asia/Tokyo")}
    number = dict(zip(sorted(set(orders["item_id"])), range(100), strict=False))
    made = sk.contest_rules(
        orders.assign(**zoned, item_id=orders["item_id"].map(number).astype("float64")),
        supply.assign(item_id=supply["item_id"].map(number).astype("str")),
        classes=CLASSES,
    )
    pd.testing.assert_frame_equal(made, contest)


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"max_lateness_days": -1.0}, "max_lateness_days is -1.0, no number of days"),
        ({"max_lateness_days": np.inf}, "max_lateness_days is inf"),
        ({"trailing": -1}, "trailing is -1, no number of cycles"),
        ({"carried_share": 2.0}, "carried_share is 2.0, not between 0 and 1"),
    ],
)
def test_terms_that_cannot_be_used_are_told(orders, supply, terms, told):
    with pytest.raises(sk.SettingsError, match=told):
        sk.contest_rules(orders, supply, classes=CLASSES, terms=sk.ContestTerms(**terms))


def test_forecasts_of_nothing_that_is_replayed_are_told(orders, supply):
    """They were read as a forecast of 0 for everything."""
    key = supply[["item_id", "location_id", "available_date"]].assign(demand_class="A", mean=3.0, sd=1.0)
    later = key.assign(available_date=key["available_date"] + pd.Timedelta(1, "D"))
    with pytest.raises(sk.DataError, match="no row is of an item and location of the orders and the day of a receipt"):
        sk.contest_rules(orders, supply, later, classes=CLASSES)
    with pytest.raises(sk.DataError, match="class 'a' in"):
        sk.contest_rules(orders, supply, key.assign(demand_class="a"), classes=CLASSES)


def test_supply_is_cut_from_amounts_only(orders):
    with pytest.raises(sk.DataError, match="quantity is missing or below 0, or endless in 1 row"):
        sk.cut_supply(orders.assign(quantity=orders["quantity"].where(orders.index > 0, -5.0)), start="2025-03-03")


def test_fairness_is_jains_index_of_the_fill_rates(contest):
    for rule, told in contest.groupby("rule"):
        by_class = told[told["demand_class"] != "(all)"]["fill_rate"].to_numpy()
        whole = told[told["demand_class"] == "(all)"].iloc[0]
        assert whole["fairness"] == pytest.approx(jain_index(by_class)), rule
        assert whole["least_fill_rate"] == pytest.approx(by_class.min())
    assert np.isnan(jain_index(np.zeros(2)))


def test_every_problem_is_told_at_once(orders, supply):
    bad = orders.assign(quantity=orders["quantity"].where(orders["order_id"] != "SO-00007", -1.0))
    with pytest.raises(sk.DataError) as caught:
        sk.contest_rules(bad, supply.assign(quantity=-1.0), classes=["A", "B", "B"])
    for part in (
        "not above 0 in 1 row, first: order_id='SO-00007'",
        "supply is missing or below 0",
        "class 'C'",
        "twice",
    ):
        assert part in str(caught.value)
    with pytest.raises(sk.DataError, match="orders lack unit_margin"):
        sk.contest_rules(orders.drop(columns="unit_margin"), supply, classes=CLASSES)


# ------------------------------------------------------------------ the curves
def test_one_class_is_first_come_and_more_classes_leave_hindsight_where_it_is(orders, supply, contest):
    curve = sk.vary_class_count(orders, supply, counts=[1, 3, 2])
    one = curve[(curve["classes"] == 1)].set_index("rule")
    for rule in ("fixed quotas", "nested protection", "critical levels"):
        assert one.loc[rule, "contribution"] == pytest.approx(one.loc["first come", "contribution"])
    whole = contest[contest["demand_class"] == "(all)"].set_index("rule")
    for part in curve[curve["rule"] == "first come"].itertuples():
        assert part.regret == pytest.approx(whole.loc["first come", "regret"])
        assert part.contribution == pytest.approx(whole.loc["first come", "contribution"])
    with pytest.raises(sk.SettingsError, match="below 1"):
        sk.vary_class_count(orders, supply, counts=[0])
    with pytest.raises(sk.DataError, match="before the first receipt"):
        sk.vary_class_count(orders[orders["order_date"] >= "2025-03-03"], supply, counts=[2])


def test_bands_hold_equal_units_and_rank_by_worth_known_before(orders):
    start = pd.Timestamp("2025-03-03")
    banded = band_orders(orders, 3, start=start, cycle_days=7)
    early = banded[banded["order_date"] < start]
    worth = (early["unit_margin"] + early["lost_goodwill"]) / early.groupby("item_id")["unit_margin"].transform("mean")
    mean = worth.groupby(early["demand_class"]).mean()
    assert mean.is_monotonic_decreasing
    late = orders["order_date"] >= "2025-05-05"
    other = band_orders(
        orders.assign(unit_margin=orders["unit_margin"].where(~late, 0.1)), 3, start=start, cycle_days=7
    )
    known = banded["order_date"] < "2025-05-05"
    pd.testing.assert_series_equal(other.loc[banded.index, "demand_class"][known], banded["demand_class"][known])


def test_forecasts_without_error_have_none_and_noise_has_what_is_stated(orders, supply):
    curve = sk.vary_forecast_error(orders, supply, classes=CLASSES, noises=[0.0, 0.5])
    wape = curve.groupby("forecast_source")["forecast_wape"].first()
    assert wape["noise 0 %"] == 0.0
    assert 0.25 < wape["noise 50 %"] < 0.55
    by_rule = curve.set_index(["rule", "forecast_source"])["contribution"]
    contest = sk.contest_rules(orders, supply, classes=CLASSES).set_index(["rule", "demand_class"])["contribution"]
    for rule in ("fixed quotas", "bid prices"):
        assert by_rule[rule, "trailing means"] == pytest.approx(contest[rule, "(all)"])
    with pytest.raises(sk.SettingsError, match="below 0"):
        sk.vary_forecast_error(orders, supply, classes=CLASSES, noises=[-0.1])


# ------------------------------------------------------------------ in a plan
def test_the_contest_of_a_plan_is_short_by_what_is_stated(sample_plan):
    plan = sample_plan.what_if(promising={"holdout_months": 2})
    made = plan.rule_contest
    whole = made[made["demand_class"] == "(all)"].set_index("rule")
    named = made[(made["rule"] == "first come") & ~made["demand_class"].isin(["(all)", "(unknown)"])]
    assert whole.loc["first come", "least_fill_rate"] == pytest.approx(named["fill_rate"].min())
    share = whole.loc["first come", "delivered_share"]
    assert plan.settings.promising.contest_supply - 0.05 < share <= plan.settings.promising.contest_supply
    assert (whole["regret"] >= -1e-6).all()
    curve = plan.contest_curve
    assert set(curve["study"]) == {"classes", "forecast"}


def test_classes_of_a_plan_are_those_known_before_the_contest(sample_plan):
    plan = sample_plan.what_if(promising={"class_by": "abc"})
    held, met = plan._contest()
    assert met == [*sorted(set(held.orders["demand_class"]) - {"(unknown)"}), "(unknown)"]
    start = held.supply["available_date"].min()
    told = plan.segment_history
    known = told[(told["entity"] == "customer") & (told["known_on"] < start)].sort_values("known_on")
    last = known.drop_duplicates("entity_id", keep="last").set_index("entity_id")["abc"]
    lines = plan.order_lines.merge(held.orders[["order_id", "demand_class"]].drop_duplicates(), on="order_id")
    customers = lines.drop_duplicates("customer_id")
    expected = customers["customer_id"].map(last).fillna("(unknown)")
    assert (customers["demand_class_y"] == expected.to_numpy()).all()
