"""Orders promised from tables: quotas, delivery terms, alternatives, what is made to order, reasons and bad input."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segkit as sk
from segkit.core.errors import DataError
from segkit.promising.repeated_words import as_texts

DAY = pd.Timestamp("2026-03-02")
TIERS = sk.PromiseTerms(classes=("gold", "silver", "web"))


def lines(*rows, **more):
    """Return an order book of (class, quantity, day asked for) in the order of arrival, an hour apart."""
    table = pd.DataFrame(rows, columns=["demand_class", "quantity", "asked"])
    return pd.DataFrame(
        {
            "order_id": [f"O-{number:03}" for number in range(len(table))],
            "line_id": "1",
            "item_id": "SKU-0042",
            "location_id": "DC",
            "demand_class": table["demand_class"],
            "quantity": table["quantity"].astype(float),
            "order_date": DAY + pd.to_timedelta(np.arange(len(table)), unit="h"),
            "requested_date": DAY + pd.to_timedelta(table["asked"].astype(int), unit="D"),
            **more,
        }
    )


def buckets(*rows, location="DC", item="SKU-0042"):
    """Return supply of (day, quantity)."""
    table = pd.DataFrame(rows, columns=["day", "quantity"])
    days = DAY + pd.to_timedelta(table["day"], unit="D")
    return pd.DataFrame(
        {"item_id": item, "location_id": location, "available_date": days, "quantity": table["quantity"].astype(float)}
    )


def quotas(*rows):
    """Return allocations of (day, class, quantity, kind, day of release or None)."""
    table = pd.DataFrame(rows, columns=["day", "demand_class", "quantity", "kind", "released"])
    days = DAY + pd.to_timedelta(table["day"], unit="D")
    released = DAY + pd.to_timedelta(table["released"].astype(float), unit="D")
    found = table.assign(item_id="SKU-0042", location_id="DC", available_date=days, released_date=released)
    return found.drop(columns=["day", "released"]).astype({"quantity": "float64"})


def promised(made):
    return made.lines["promised_quantity"].tolist()


def test_a_quota_is_a_cap_and_a_reservation_at_once():
    """O-52: capacity 1000, quotas 400, 300 and 300: A gets at most 400, the others 600 together."""
    held = quotas(*[(0, name, size, "both", None) for name, size in (("A", 400), ("B", 300), ("C", 300))])
    terms = sk.PromiseTerms(classes=("A", "B", "C"), nested=False)
    made = sk.promise_orders(
        lines(("A", 600, 0), ("B", 500, 0), ("C", 500, 0)), buckets((0, 1000)), allocations=held, terms=terms
    )
    assert promised(made) == [400, 300, 300]
    assert made.lines["reason"][0] == (
        "400 of 600 there in time; quota of A used up, pool empty; 600 units are reserved for B and others; "
        "nothing more comes"
    )


def test_a_quota_of_supply_that_comes_later_is_not_called_used_up():
    made = sk.promise_orders(
        lines(("gold", 4, 1)), buckets((3, 9)), allocations=quotas((3, "gold", 6, "reservation", None)), terms=TIERS
    )
    assert made.lines["reason"][0] == "none of 4 there in time; no supply comes by then"


@pytest.mark.parametrize(
    ("kind", "gold", "web"), [("reservation", 10, 4), ("limit", 6, 8), ("both", 6, 8), ("neutral", 10, 4)]
)
def test_each_kind_of_quota(kind, gold, web):
    """Supply of 14: six of them are gold's quota; gold asks for ten first, then web for eight."""
    made = sk.promise_orders(
        lines(("gold", 10, 0), ("web", 8, 0)),
        buckets((0, 14)),
        allocations=quotas((0, "gold", 6, kind, None)),
        terms=replace(TIERS, nested=False),
    )
    assert promised(made) == [gold, web]


def test_what_a_quota_keeps_is_not_lent_to_those_who_come_first():
    held = quotas((0, "gold", 6, "reservation", None))
    made = sk.promise_orders(lines(("web", 10, 0), ("gold", 10, 0)), buckets((0, 14)), allocations=held, terms=TIERS)
    assert promised(made) == [8, 6]
    assert made.lines["reserved_for"].tolist() == ["gold", ""]
    assert made.lines["reserved_quantity"].tolist() == [6, 0]
    assert made.lines["quota"].tolist() == ["(pool)", "gold"]


def test_nested_quotas_serve_better_classes_and_partitioned_ones_do_not():
    held = quotas((0, "gold", 2, "reservation", None), (0, "web", 8, "reservation", None))
    book = lines(("gold", 6, 0), ("web", 8, 0))
    nested = sk.promise_orders(book, buckets((0, 10)), allocations=held, terms=TIERS)
    apart = sk.promise_orders(book, buckets((0, 10)), allocations=held, terms=replace(TIERS, nested=False))
    assert promised(nested) == [6, 4]
    assert promised(apart) == [2, 8]
    assert nested.trace["quota"].tolist() == ["gold", "web", "web"]


def test_all_others_share_a_quota():
    held = quotas((0, "gold", 4, "reservation", None), (0, "(all others)", 5, "both", None))
    made = sk.promise_orders(
        lines(("silver", 4, 0), ("web", 4, 0), ("gold", 9, 0)),
        buckets((0, 12)),
        allocations=held,
        terms=replace(TIERS, nested=False),
    )
    assert promised(made) == [4, 1, 7]
    assert made.lines["quota"].tolist() == ["(all others)", "(all others)", "gold; (pool)"]


def test_a_released_quota_is_found_in_the_pool():
    held = quotas((0, "gold", 6, "reservation", 1))
    book = lines(("web", 4, 3), ("web", 4, 3))
    book["order_date"] = [DAY + pd.Timedelta("23h"), DAY + pd.Timedelta("24h")]
    made = sk.promise_orders(book, buckets((0, 6)), allocations=held, terms=TIERS)
    assert promised(made) == [0, 4]
    assert made.lines["reason"][0].endswith("6 units are reserved for gold until 2026-03-03; nothing more comes")


@pytest.mark.parametrize(
    ("delivery", "minimum", "days"),
    [("partial", 0, [0, 5, 9]), ("split", 5, [5, 9]), ("split", 8, [9, 9]), ("complete", 0, [9, 9, 9])],
)
def test_delivery_terms(delivery, minimum, days):
    """Ten units asked for; 3 are there, 4 come on day 5 and 6 on day 9."""
    book = lines(("web", 10, 0), delivery=delivery, split_minimum=float(minimum))
    made = sk.promise_orders(book, buckets((0, 3), (5, 4), (9, 6)), terms=TIERS)
    assert promised(made) == [10]
    found = (made.trace["promised_date"] - DAY).dt.days
    assert sorted(set(found)) == sorted(set(days))
    assert made.lines["late_days"].tolist() == [9]


def test_lateness_is_limited_by_line_and_by_terms():
    book = lines(("web", 5, 0), ("web", 5, 0), max_lateness_days=[6.0, np.nan])
    made = sk.promise_orders(book, buckets((7, 20)), terms=replace(TIERS, max_lateness_days=7))
    assert promised(made) == [0, 5]
    assert (
        made.lines["reason"][0] == "none of 5 there in time; no supply left by then; nothing more comes within 6 days"
    )


def test_alternatives_the_cheapest_that_serves_all_wins():
    supply = pd.concat([buckets((9, 20)), buckets((0, 20), location="HUB"), buckets((0, 20), item="SKU-0043")])
    row = {"item_id": "SKU-0042", "location_id": "DC"}
    other = pd.DataFrame([
        {**row, "alternative_item_id": "SKU-0042", "alternative_location_id": "HUB", "unit_cost": 3.0},
        {**row, "alternative_item_id": "SKU-0043", "alternative_location_id": "DC", "unit_cost": 2.0},
    ]).assign(transit_days=[2, 0])  # fmt: skip
    book = lines(("web", 5, 0))
    for late_cost, where, item, late in ((0.0, "DC", "SKU-0042", 9), (1.0, "DC", "SKU-0043", 0)):
        terms = replace(TIERS, late_cost=late_cost)
        made = sk.promise_orders(book, supply, alternatives=other, terms=terms)
        assert made.trace[["supply_location_id", "supply_item_id", "late_days"]].values.tolist() == [
            [where, item, late]
        ]
    made = sk.promise_orders(book, supply, alternatives=other.head(1), terms=replace(TIERS, max_lateness_days=3))
    assert made.trace[["supply_location_id", "late_days"]].values.tolist() == [["HUB", 2]]


def test_no_place_serves_all_so_each_gives_what_it_can():
    supply = pd.concat([buckets((0, 3)), buckets((0, 4), location="HUB")])
    other = pd.DataFrame(
        [
            {
                "item_id": "SKU-0042",
                "location_id": "DC",
                "alternative_item_id": "SKU-0042",
                "alternative_location_id": "HUB",
                "unit_cost": 1.0,
            }
        ]
    )
    made = sk.promise_orders(lines(("web", 9, 0)), supply, alternatives=other, terms=TIERS)
    assert made.trace[["supply_location_id", "quantity"]].values.tolist() == [["DC", 3], ["HUB", 4]]


def capable(**more):
    return replace(
        TIERS, capable=pd.DataFrame([{"item_id": "SKU-0042", "location_id": "DC", "lead_time_days": 10, **more}])
    )


def test_made_to_order_after_the_horizon():
    """The last known supply is of day 5, so that with a lead time of 10 days day 15 is the first."""
    made = sk.promise_orders(lines(("web", 9, 0)), buckets((0, 3), (5, 2)), terms=capable())
    assert ((made.trace["promised_date"] - DAY).dt.days).tolist() == [0, 5, 15]
    assert made.trace["quota"].tolist() == ["(pool)", "(pool)", "(made to order)"]
    assert made.trace["available_date"].isna().tolist() == [False, False, True]


def test_capacity_limits_what_is_made_to_order():
    terms = capable(capacity=4.0, period_days=7)
    made = sk.promise_orders(lines(("web", 9, 0), ("web", 2, 0)), buckets((0, 0)), terms=terms)
    assert ((made.trace["promised_date"] - DAY).dt.days).tolist() == [10, 17, 24, 24]
    assert made.trace["quantity"].tolist() == [4, 4, 1, 2]


def test_what_comes_from_capacity_is_made_to_order_and_kept_by_a_backorder_run():
    book, supply = lines(("web", 10, 0), ("web", 3, 0)), buckets((0, 3), (7, 2))
    made = sk.promise_orders(book, supply, terms=capable(capacity=4.0, period_days=7))
    ordered = made.trace["available_date"].isna()
    assert made.trace["quota"][ordered].unique().tolist() == ["(made to order)"]
    assert made.trace["quantity"][ordered].sum() == 8
    assert made.lines["quota"].tolist() == ["(pool); (made to order)", "(made to order)"]
    run = sk.run_backorders(book, made.trace, supply, segments={"all": sk.BackorderSegment("gain")})
    assert run.lines["confirmed_after"].tolist() == [10, 3]
    assert not run.lines["exception"].any()


def test_critical_levels_keep_the_last_units_for_better_classes():
    level = pd.DataFrame([{"item_id": "SKU-0042", "location_id": "DC", "demand_class": "web", "critical_level": 3.0}])
    book = lines(("web", 8, 0), ("gold", 8, 0))
    made = sk.promise_orders(book, buckets((0, 10)), terms=replace(TIERS, critical_levels=level))
    assert promised(made) == [7, 3]
    assert "kept for classes above web" in made.lines["reason"][0]


def test_a_line_is_accepted_if_its_margin_reaches_the_bid_price():
    book = lines(("web", 2, 0), ("web", 2, 0), unit_margin=[3.9, 4.0])
    made = sk.promise_orders(book, buckets((0, 10)).assign(bid_price=4.0), terms=TIERS)
    assert promised(made) == [0, 2]
    assert "margin below the bid price" in made.lines["reason"][0]


def test_a_bid_price_that_no_margin_could_be_held_against_is_told():
    book = lines(("web", 2, 0), ("web", 2, 0), ("web", 9, 0), unit_margin=[np.nan, 4.0, np.nan])
    made = sk.promise_orders(book, buckets((0, 10)).assign(bid_price=4.0), terms=TIERS)
    told = "bid price not applied: margin not known"
    assert made.lines["reason"].tolist()[:2] == [told, ""]
    assert made.lines["reason"][2].startswith("6 of 9 there in time")
    assert made.lines["reason"][2].endswith(f"; {told}")
    for limit in ({}, {"capacity": 9.0, "period_days": 7}):
        made = sk.promise_orders(
            book.drop(columns="unit_margin"), buckets((0, 4)), terms=capable(bid_price=1.0, **limit)
        )
        assert made.lines["reason"].str.endswith(told).tolist() == [False, False, True]
    assert not sk.promise_orders(book, buckets((0, 10)), terms=TIERS).lines["reason"].str.contains("bid").any()


def test_equal_moments_go_by_order_and_line():
    book = lines(*[("web", 1, 0)] * 6).assign(order_date=DAY, line_id=["2", "1"] * 3, order_id=["B"] * 2 + ["A"] * 4)
    book["line_id"] = ["2", "1", "4", "3", "2", "1"]
    made = sk.promise_orders(book, buckets((0, 3)))
    assert made.lines[["order_id", "line_id"]].agg("/".join, axis=1).tolist() == [
        "A/1",
        "A/2",
        "A/3",
        "A/4",
        "B/1",
        "B/2",
    ]
    assert promised(made) == [1, 1, 1, 0, 0, 0]


def test_supply_that_is_left_out_is_not_promised_from():
    supply = buckets((0, 3), (1, 4)).assign(left_out=["overdue", ""])
    assert promised(sk.promise_orders(lines(("web", 9, 2)), supply)) == [4]


BAD = {
    "negative supply": ({"supply": buckets((0, -1))}, "supply: quantity is below 0 in 1 row"),
    "no item": ({"orders": lines(("web", 1, 0)).assign(item_id=None)}, "orders: item_id is missing in 1 row"),
    "nowhere": ({"supply": buckets((0, 1)).assign(location_id=None)}, "supply: location_id is missing in 1 row"),
    "no date": ({"orders": lines(("web", 1, 0)).assign(order_date=pd.NaT)}, "orders: order_date is missing in 1 row"),
    "no request": ({"orders": lines(("web", 1, 0)).assign(requested_date=pd.NaT)}, "requested_date is missing"),
    "past": ({"as_of": "2026-03-09"}, "requested_date lies before as_of"),
    "class": ({"orders": lines(("wbe", 1, 0))}, "'wbe' is not among terms.classes; did you mean web"),
    "return": ({"orders": lines(("web", -1, 0))}, "quantity is not above 0"),
    "repeated": ({"orders": lines(("web", 1, 0), ("web", 1, 0)).assign(order_id="1")}, "order_id and line_id repeat"),
    "too much": ({"allocations": quotas((0, "gold", 8, "both", None), (0, "web", 3, "both", None))}, "more than 100 %"),
    "bucket": ({"allocations": quotas((3, "gold", 1, "both", None))}, "no supply is known of the item, location"),
    "quota class": ({"allocations": quotas((0, "glod", 1, "both", None))}, "did you mean gold"),
    "kind": ({"allocations": quotas((0, "gold", 1, "soft", None))}, "kind is none of"),
    "delivery": ({"orders": lines(("web", 1, 0), delivery="whole")}, "delivery is none of partial, complete, split"),
    "no column": ({"supply": buckets((0, 1)).drop(columns="quantity")}, "supply has no quantity"),
    "ranks": ({"terms": sk.PromiseTerms(), "allocations": quotas((0, "gold", 1, "both", None))}, "classes is blank"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_input_is_named(case):
    given_, said = BAD[case]
    usual = {"orders": lines(("web", 1, 0)), "supply": buckets((0, 10)), "terms": TIERS}
    with pytest.raises(DataError) as error:
        sk.promise_orders(**{**usual, **given_})
    assert said in str(error.value)


def test_all_problems_are_told_at_once():
    book = lines(("wbe", -1, 0), ("web", 1, 0)).assign(order_date=pd.NaT)
    with pytest.raises(DataError) as error:
        sk.promise_orders(book, buckets((0, -1)), allocations=quotas((4, "gold", 1, "soft", None)), terms=TIERS)
    assert "in 6 ways" in str(error.value)


# ------------------------------------------------------------------ why, and what would have helped
@st.composite
def stories(draw):
    """Draw a small book with quotas and terms, and the line that is asked about."""
    amount, day = st.integers(1, 9), st.integers(0, 8)
    names = st.sampled_from(TIERS.classes)
    book = lines(*draw(st.lists(st.tuples(names, amount, day), min_size=1, max_size=7)))
    book["delivery"] = draw(st.sampled_from(["partial", "complete"]))
    days = draw(st.lists(day, min_size=1, max_size=3, unique=True))
    supply = buckets(*[(at, draw(amount)) for at in days])
    supply = pd.concat([supply, buckets((draw(day), draw(amount)), location="HUB")], ignore_index=True)
    first = supply.iloc[[0]].assign(
        demand_class=draw(names), kind=draw(st.sampled_from(["reservation", "both", "limit"]))
    )
    first["quantity"] = [float(draw(st.integers(0, int(first["quantity"].iloc[0]))))]
    terms = replace(TIERS, max_lateness_days=draw(st.sampled_from([None, 0.0, 3.0])))
    number = draw(st.integers(0, len(book) - 1))
    return book, supply, first, terms, (book["order_id"][number], "1")


@settings(max_examples=25, deadline=None)
@given(stories())
def test_an_explanation_agrees_with_the_whole_book_promised_again(story):
    book, supply, held, terms, line = story
    made = sk.promise_orders(book, supply, allocations=held, terms=terms)
    told = sk.explain_promise(book, supply, line, allocations=held, terms=terms)
    row = made.lines[made.lines["order_id"] == line[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(told.line, as_texts(row))
    due = max(row["requested_date"][0], row["order_date"][0].floor("D"))
    used = made.trace[(made.trace["order_id"] == line[0]).to_numpy()]
    timely = used.loc[used["promised_date"] <= due, "quantity"].sum()
    for change in told.changes.to_dict("records"):
        assert (change["timely_quantity"], change["promised_quantity"]) >= (timely, row["promised_quantity"][0])
        again = {"orders": book, "supply": supply, "allocations": held, "terms": terms}
        at = (book["order_id"] == line[0]).to_numpy()
        if change["improvement_kind"] == "supply":
            here = supply[(supply["location_id"] == "DC") & (supply["available_date"] <= due)]
            day = here["available_date"].max() if len(here) else due
            more = supply.iloc[[0]].assign(location_id="DC", available_date=day, quantity=change["improvement_amount"])
            again["supply"] = pd.concat([supply, more], ignore_index=True)
        elif change["improvement_kind"] == "class":
            again["orders"] = book.assign(demand_class=book["demand_class"].mask(at, change["improvement"].split()[-1]))
        elif change["improvement_kind"] == "delivery":
            again["orders"] = book.assign(delivery=book["delivery"].mask(at, "partial"))
        elif change["improvement_kind"] == "location":
            again["orders"] = book.assign(location_id=book["location_id"].mask(at, "HUB"))
        elif change["improvement_kind"] == "lateness":
            late = np.where(at, change["improvement_amount"], terms.max_lateness_days)
            again["orders"] = book.assign(max_lateness_days=late.astype(float))
        elif change["improvement_kind"] == "release":
            again["allocations"] = held.assign(released_date=row["order_date"][0].floor("D"))
        else:
            assert change["improvement_kind"] == "limit"
            kinds = {"both": "reservation", "limit": "neutral"}
            again["allocations"] = held.assign(kind=held["kind"].replace(kinds))
        found = sk.promise_orders(**again).lines
        found = found[found["order_id"] == line[0]].iloc[0]
        assert found["promised_quantity"] == change["promised_quantity"]
        assert found["promised_date"] == change["promised_date"] or pd.isna(change["promised_date"])
        if change["improvement_kind"] == "supply":
            assert change["timely_quantity"] == row["quantity"][0]


def test_the_least_supply_is_not_one_unit_too_much():
    book = lines(("web", 4, 0), ("web", 5, 0))
    told = sk.explain_promise(book, buckets((0, 3)), ("O-001", "1"))
    assert told.changes["improvement"].tolist() == ["6 more units in the supply of 2026-03-02"]
    assert promised(sk.promise_orders(book, buckets((0, 8)))) == [4, 4]


@pytest.mark.parametrize("how", [{"delivery": "complete"}, {"delivery": "split", "split_minimum": 4.0}])
def test_the_least_supply_counts_units_that_were_too_few_to_deliver(how):
    book = lines(("web", 5, 0), **how)
    told = sk.explain_promise(book, buckets((0, 2)), ("O-000", "1"))
    assert told.line["promised_quantity"].tolist() == [0.0]
    assert told.changes["improvement"].tolist()[0] == "3 more units in the supply of 2026-03-02"
    assert promised(sk.promise_orders(book, buckets((0, 5)))) == [5]


def test_a_line_served_in_time_needs_no_change():
    told = sk.explain_promise(lines(("web", 4, 0)), buckets((0, 9)), ("O-000", "1"))
    assert told.changes.empty
    assert told.line["reason"].tolist() == [""]


def test_a_line_that_is_not_there():
    with pytest.raises(DataError, match="orders have no line"):
        sk.explain_promise(lines(("web", 4, 0)), buckets((0, 9)), ("O-9", "1"))


@pytest.mark.parametrize("other", [None, [None], ["DC"]])
def test_alternatives_without_a_place_are_at_the_same_one_and_nothing_is_warned_of(other):
    swap = pd.DataFrame({"item_id": ["SKU-0042"], "location_id": "DC", "alternative_item_id": "SKU-0007"})
    swap = swap if other is None else swap.assign(alternative_location_id=other)
    book = lines(("web", 5, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = sk.promise_orders(book, buckets((0, 9), item="SKU-0007"), alternatives=swap)
    assert made.trace[["supply_item_id", "supply_location_id"]].values.tolist() == [["SKU-0007", "DC"]]


def test_others_are_named_only_where_others_have_quotas():
    """A contract and the quota beside it, of one class alone, were "gold and others"."""
    kept = buckets((0, 100)).assign(demand_class="gold", quantity=61.0, committed=20.0, kind="reservation")
    reason = sk.promise_orders(lines(("web", 100, 0)), buckets((0, 100)), allocations=kept, terms=TIERS).lines["reason"]
    assert "61 units are reserved for gold;" in reason[0]
    more = pd.concat([kept, kept.assign(demand_class="silver", quantity=9.0, committed=0.0)])
    reason = sk.promise_orders(lines(("web", 100, 0)), buckets((0, 100)), allocations=more, terms=TIERS).lines["reason"]
    assert "70 units are reserved for gold and others;" in reason[0]
