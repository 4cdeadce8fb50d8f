"""Quotas from tables with ids of any kind, days of any zone, blank cells; contracts joined with other quotas."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.errors import DataError, SettingsError
from segkit.core.promising_settings import Promising
from segkit.promising.allocation.rule_of_plan import allocate_by_rule
from segkit.promising.allocation.stated_terms import idle_terms

DAY = pd.Timestamp("2026-03-02")
_FIRST = "available_date == @DAY"
CLASSES = ["gold", "web"]
SUPPLY = pd.DataFrame(
    {"item_id": "7", "location_id": "DC", "available_date": [DAY, DAY + pd.Timedelta(7, "D")], "quantity": [60.0, 90.0]}
)
DEMAND = pd.DataFrame(
    {"item_id": "7", "location_id": "DC", "demand_class": CLASSES, "mean": [50.0, 70.0], "unit_margin": [9.0, 4.0]}
)
TREE = pd.DataFrame(
    {"node": ["all", *CLASSES], "parent": ["", "all", "all"], "rank": [1, 1, 2], "share": [1, 0.6, 0.4]}
)
BY_DEMAND = [
    sk.allocate_by_rank, sk.allocate_per_committed, sk.allocate_fair_share, sk.allocate_nested, sk.allocate_by_margin,
]  # fmt: skip
BY_STATED = [(sk.allocate_by_share, "share"), (sk.allocate_by_ratio, "ratio")]
DOWN = [sk.allocate_down_by_rank, sk.allocate_down_per_committed]


def quantities(made):
    return made["quantity"].tolist()


@pytest.mark.parametrize("allocate", BY_DEMAND)
def test_ids_meet_whatever_their_kind(allocate):
    plain = quantities(allocate(SUPPLY, DEMAND, classes=CLASSES))
    assert quantities(allocate(SUPPLY.assign(item_id=7), DEMAND.assign(item_id=7.0), classes=CLASSES)) == plain
    assert any(plain)


@pytest.mark.parametrize("allocate", BY_DEMAND)
def test_days_of_a_time_zone_are_those_of_its_calendar(allocate):
    plain = quantities(allocate(SUPPLY, DEMAND, classes=CLASSES))
    zoned = SUPPLY.assign(available_date=SUPPLY["available_date"].dt.tz_localize("Asia/Tokyo"))
    assert quantities(allocate(zoned, DEMAND, classes=CLASSES)) == plain


@pytest.mark.parametrize("unit", [-1, np.nan, np.inf])
@pytest.mark.parametrize("allocate", BY_DEMAND)
def test_a_piece_below_zero_is_refused(allocate, unit):
    """Nested protection gave quotas of -51 units for pieces of -1."""
    with pytest.raises(SettingsError, match=f"unit is {unit}: give the smallest piece"):
        allocate(SUPPLY, DEMAND, classes=CLASSES, unit=unit)


@pytest.mark.parametrize(("allocate", "column"), BY_STATED)
def test_a_piece_below_zero_is_refused_of_stated_quotas(allocate, column):
    stated = pd.DataFrame({"demand_class": CLASSES, column: [0.5, 0.2]})
    with pytest.raises(SettingsError, match="unit is -1"):
        allocate(SUPPLY, stated, classes=CLASSES, unit=-1)
    some = stated.assign(item_id=[7.0, np.nan])
    assert quantities(allocate(SUPPLY, some, classes=CLASSES)) == quantities(allocate(SUPPLY, stated, classes=CLASSES))


@pytest.mark.parametrize("allocate", BY_DEMAND)
def test_a_blank_class_and_classes_as_a_text_are_told(allocate):
    with pytest.raises(DataError, match=r"class '\(blank\)' is not in classes, in 1 row"):
        allocate(SUPPLY, DEMAND.assign(demand_class=[None, "web"]), classes=CLASSES)
    with pytest.raises(DataError, match="classes is the text 'gold'"):
        allocate(SUPPLY, DEMAND, classes="gold")


@pytest.mark.parametrize("cell", [5, "soon", "03/04/2026", None])
def test_days_that_are_none_are_told(cell):
    with pytest.raises(DataError, match="available_date is no date in 2 rows"):
        sk.allocate_by_rank(SUPPLY.assign(available_date=cell), DEMAND, classes=CLASSES)
    with pytest.raises(DataError, match="period is no date in 2 rows"):
        sk.allocate_by_rank(SUPPLY, DEMAND.assign(period=cell), classes=CLASSES)


@pytest.mark.parametrize("allocate", DOWN)
def test_nodes_by_number_with_a_blank_parent(allocate):
    """A column of numbers with a blank cell is read from a file as 0.0, which was no node 0."""
    tree = TREE.assign(node=[0, 1, 2], parent=[np.nan, 0, 0])
    made = allocate(SUPPLY, DEMAND.assign(demand_class=[1, 2]), tree)
    assert quantities(made) == quantities(allocate(SUPPLY, DEMAND, TREE))


@pytest.mark.parametrize("allocate", DOWN)
def test_blank_nodes_are_told_and_no_nodes_give_no_quotas(allocate):
    with pytest.raises(DataError, match="node is blank in 1 row"):
        allocate(SUPPLY, DEMAND, TREE.assign(node=["all", None, "web"]))
    assert allocate(SUPPLY, DEMAND.head(0), TREE.head(0)).empty


def test_a_contract_that_is_joined_with_quotas_that_are_released_keeps_what_it_is_owed():
    owed = sk.allocate_commitments(SUPPLY, DEMAND.head(1).assign(mean=20.0), classes=CLASSES)
    rest = sk.allocate_nested(sk.supply_left(SUPPLY, owed), DEMAND, classes=CLASSES, release_days=1)
    both = sk.join_allocations(owed, rest).set_index("demand_class")
    assert rest["released_date"].notna().any()
    assert both.loc["gold", "released_date"].notna().tolist() == [True, False]
    assert both.loc["gold", "committed"].tolist() == [20.0, 20.0]
    assert both.loc["web", "released_date"].notna().tolist() == [True, False]


@pytest.mark.parametrize("nested", [True, False])
def test_beside_a_contract_the_quota_is_released_and_the_contract_is_not(nested):
    """One unit of a contract stopped the release of the whole quota beside it."""
    owed = sk.allocate_commitments(SUPPLY.head(1), DEMAND.head(1).assign(mean=1.0), classes=CLASSES)
    quotas = pd.DataFrame({"demand_class": ["gold"], "number": [50.0]})
    rest = sk.allocate_by_number(sk.supply_left(SUPPLY.head(1), owed), quotas, classes=CLASSES)
    both = sk.join_allocations(owed, rest.assign(released_date=DAY + pd.Timedelta(5, "D")))
    book = pd.DataFrame({"demand_class": ["web", "web", "gold"], "item_id": "7", "location_id": "DC", "quantity": 60.0})
    days = [DAY, DAY + pd.Timedelta(5, "D"), DAY + pd.Timedelta(6, "D")]
    book = book.assign(order_id=["1", "2", "3"], line_id="1", order_date=days)
    terms = sk.PromiseTerms(classes=tuple(CLASSES), nested=nested)
    made = sk.promise_orders(book, SUPPLY.head(1), allocations=both, terms=terms).lines
    assert made["promised_quantity"].tolist() == [9.0, 50.0, 1.0]
    assert "51 units are reserved for gold until 2026-03-07" in made["reason"][0]


def test_the_later_release_counts_where_both_are_released():
    kept = sk.allocate_by_number(
        SUPPLY, pd.DataFrame({"demand_class": ["gold"], "number": [5.0]}), classes=CLASSES, release_days=4
    )
    rest = sk.allocate_by_rank(sk.supply_left(SUPPLY, kept), DEMAND, classes=CLASSES, release_days=2)
    both = sk.join_allocations(kept, rest)
    assert both["released_date"].dropna().unique().tolist() == [DAY + pd.Timedelta(5, "D")]


def test_quotas_without_a_day_of_release_are_joined():
    bare = [
        sk.allocate_by_number(SUPPLY, pd.DataFrame({"demand_class": [name], "number": [5.0]}), classes=CLASSES)
        for name in CLASSES
    ]
    both = sk.join_allocations(*(table.drop(columns="released_date") for table in bare))
    assert both["quantity"].tolist() == [5.0] * 4


def stated(kind="reservation", rule="by_share", **contracts):
    """Return the quotas of half for gold and half for all others, behind contracts."""
    halves = {"demand_class": "gold", "share": 0.5}, {"demand_class": "(all others)", "share": 0.5, "kind": kind}
    quotas = {} if rule == "first_come" else {"quotas": dict(zip("ab", halves, strict=True))}
    rules = Promising(rule=rule, commitments=contracts, horizon_days=28, **quotas)
    periods = DEMAND.assign(period=DAY + pd.Timedelta(1, "D"), sd=2.0)
    return allocate_by_rule(SUPPLY, periods, classes=CLASSES, rules=rules)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("first", [[], ["gold"], ["tin"]])
def test_a_contract_leaves_nobody_it_is_for_worse_off(nested, first):
    """Web left "(all others)" as soon as it had a contract: 6 units of the first 60 instead of 30."""
    book = pd.DataFrame({"demand_class": [*first, "web"], "item_id": "7", "location_id": "DC", "quantity": 40.0})
    book = book.assign(order_id=[str(number) for number in range(len(book))], line_id="1", order_date=DAY)
    terms = sk.PromiseTerms(classes=(*CLASSES, "tin"), nested=nested)

    def web(**contracts):
        made = sk.promise_orders(book, SUPPLY.head(1), allocations=stated(**contracts).query(_FIRST), terms=terms)
        return made.lines["promised_quantity"].iloc[-1]

    with_contract = web(frame={"demand_class": "web", "quantity": 6})
    assert with_contract >= web()
    assert with_contract == {"": 33, "gold": 20 if nested else 33, "tin": 6}["".join(first)]


def test_a_contract_beside_a_limit_of_all_others_is_refused():
    book = pd.DataFrame({"demand_class": ["web"], "item_id": "7", "location_id": "DC", "quantity": 40.0})
    book = book.assign(order_id="1", line_id="1", order_date=DAY)
    held = stated("limit", frame={"demand_class": "web", "quantity": 6})
    with pytest.raises(
        DataError, match=r"\(all others\) is a limit, and a class among them has a contract, first: .*7"
    ):
        sk.promise_orders(book, SUPPLY, allocations=held, terms=sk.PromiseTerms(classes=tuple(CLASSES)))


@pytest.mark.parametrize(
    ("period", "kept"),
    [
        ("2026-05-30", [0, 0, 30]),
        ("2026-03-10", [0, 30, 0]),
        ("2026-03-02", [30, 0, 0]),
        ("2026-03-01", []),
        (None, [30, 30, 0]),
    ],
)
def test_a_contract_is_kept_of_the_last_supply_by_its_day(period, kept):
    """One dated after the horizon took what is on hand now, for good, and one that is over did too."""
    far = SUPPLY.tail(1).assign(available_date=DAY + pd.Timedelta(50, "D"), quantity=100.0)
    supply, periods = pd.concat([SUPPLY, far]), DEMAND.assign(period=DAY + pd.Timedelta(1, "D"), sd=2.0)
    frame = {"demand_class": "web", "quantity": 30, "period": period}
    rules = Promising(rule="first_come", commitments={"frame": frame}, horizon_days=28)
    made = allocate_by_rule(supply, periods, classes=CLASSES, rules=rules)
    by_day = made.groupby("available_date")["quantity"].sum()
    assert by_day.reindex(supply["available_date"], fill_value=0.0).tolist() == (kept or [0, 0, 0])
    assert made["released_date"].isna().all()
    told = idle_terms(rules, supply, as_of=DAY)
    assert told == ([] if kept else ["commitments.frame"])
    book = pd.DataFrame({"demand_class": ["gold"], "item_id": "7", "location_id": "DC", "quantity": 60.0})
    book = book.assign(order_id="1", line_id="1", order_date=DAY)
    got = sk.promise_orders(book, supply, allocations=made, terms=sk.PromiseTerms(classes=("web", "gold"))).trace
    assert got.loc[got["available_date"] == DAY, "quantity"].sum() == 60 - (kept or [0])[0]
