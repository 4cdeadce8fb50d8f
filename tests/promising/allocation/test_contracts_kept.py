"""What a contract keeps: no better class takes it by nesting, and it stands beside a limit of the same class."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.errors import DataError
from segkit.core.promising_settings import Promising
from segkit.promising.allocation.rule_of_plan import allocate_by_rule

DAY = pd.Timestamp("2026-03-02")
PLACE = {"item_id": "SKU-0042", "location_id": "DC"}
SUPPLY = pd.DataFrame([{**PLACE, "available_date": DAY, "quantity": 60.0}])
CLASSES = ["gold", "silver"]
NESTED = sk.PromiseTerms(classes=tuple(CLASSES))
OWED = pd.DataFrame([{**PLACE, "demand_class": "silver", "mean": 20.0}])


def book(*lines):
    when = [DAY + pd.Timedelta(minutes=minute) for minute in range(len(lines))]
    table = pd.DataFrame(lines, columns=["demand_class", "quantity"]).assign(line_id="1", order_date=when, **PLACE)
    return table.assign(order_id=[str(number) for number in range(len(lines))], requested_date=DAY)


def promised(allocations, *lines, terms=NESTED):
    made = sk.promise_orders(book(*lines), SUPPLY, allocations=allocations, terms=terms)
    assert made.trace["quantity"].sum() <= 60
    return made


def contract():
    return sk.allocate_commitments(SUPPLY, OWED, classes=CLASSES)


def limited(number, kind="limit"):
    quotas = pd.DataFrame({"demand_class": ["silver"], "number": [number], "kind": kind})
    rest = sk.allocate_by_number(sk.supply_left(SUPPLY, contract()), quotas, classes=CLASSES)
    return sk.join_allocations(contract(), rest)


@pytest.mark.parametrize("nested", [True, False])
def test_a_better_class_does_not_take_what_a_contract_keeps(nested):
    made = promised(contract(), ("gold", 100.0), ("silver", 30.0), terms=replace(NESTED, nested=nested)).lines
    assert made["promised_quantity"].tolist() == [40, 20]
    assert made["reserved_quantity"].tolist() == [20, 0]


def test_what_the_class_gets_counts_for_its_contract_and_what_is_left_of_it_stays_kept():
    made = promised(contract(), ("silver", 15.0), ("gold", 100.0), ("silver", 9.0))
    assert made.lines["promised_quantity"].tolist() == [15, 40, 5]
    assert made.trace["quota"].tolist() == ["silver (contract)", "(pool)", "silver (contract)"]
    assert made.lines["reserved_for"].tolist() == ["", "silver (contract)", ""]
    assert "quota of silver used up, pool empty" in made.lines["reason"][2]


def test_what_a_rule_keeps_beyond_the_contract_is_nested_as_before():
    quotas = pd.DataFrame({"demand_class": ["silver"], "number": [25.0]})
    rest = sk.allocate_by_number(sk.supply_left(SUPPLY, contract()), quotas, classes=CLASSES)
    both = sk.join_allocations(contract(), rest)
    assert both[["quantity", "committed"]].values.tolist() == [[45.0, 20.0]]
    made = promised(both, ("gold", 100.0), ("silver", 30.0))
    assert made.lines["promised_quantity"].tolist() == [40, 20]
    assert made.trace["quota"].tolist() == ["(pool)", "silver", "silver (contract)"]


def test_a_plan_with_rule_nested_keeps_its_contracts():
    demand = pd.DataFrame(
        {**PLACE, "demand_class": CLASSES, "mean": [60.0, 20.0], "sd": 5.0, "unit_margin": [9.0, 2.0]}
    )
    rules = Promising(rule="nested", commitments={"frame": {"demand_class": "silver", "quantity": 20}}, horizon_days=28)
    demand = demand.assign(period=DAY + pd.Timedelta(1, "D"))
    held = allocate_by_rule(SUPPLY, demand, classes=CLASSES, rules=rules)
    assert held.set_index("demand_class")["committed"].to_dict() == {"gold": 0, "silver": 20}
    made = promised(held, ("gold", 100.0), ("silver", 30.0)).lines
    assert made["promised_quantity"].tolist() == [40, 20]


def test_a_contract_stands_beside_a_limit_of_its_class():
    held = limited(10.0)
    assert held[["kind", "quantity", "committed"]].values.tolist() == [["limit", 30.0, 20.0]]
    assert sk.supply_left(SUPPLY, held)["quantity"].tolist() == [40]
    assert promised(held, ("gold", 100.0), ("silver", 99.0)).lines["promised_quantity"].tolist() == [40, 20]
    assert promised(held, ("silver", 99.0), ("gold", 100.0)).lines["promised_quantity"].tolist() == [30, 30]


def test_a_reservation_of_a_rule_beside_its_limit_is_still_refused():
    quotas = pd.DataFrame({"demand_class": ["silver"], "number": [5.0]})
    kept = sk.allocate_by_number(SUPPLY, quotas, classes=CLASSES)
    limit = sk.allocate_by_number(SUPPLY, quotas.assign(kind="limit"), classes=CLASSES)
    with pytest.raises(DataError, match="1 quotas are of two kinds"):
        sk.join_allocations(kept, limit)


def test_a_contract_above_its_quota_is_refused():
    with pytest.raises(DataError, match="committed is above the quantity, or below 0 in 1 row"):
        promised(contract().assign(committed=21.0), ("gold", 1.0))


def test_a_contract_owed_before_the_first_supply_is_kept_of_it_and_says_so():
    later = pd.concat([SUPPLY, SUPPLY.assign(available_date=DAY + pd.Timedelta(7, "D"))])
    owed = pd.concat([OWED.assign(period=DAY - pd.Timedelta(1, "D")), OWED.assign(period=DAY + pd.Timedelta(9, "D"))])
    made = sk.allocate_commitments(later, owed, classes=CLASSES)
    assert made["quantity"].tolist() == [20, 20]
    assert made["note"].tolist() == ["owed on 2026-03-01, before the first supply", ""]


def test_contracts_of_places_without_supply_are_warned_of():
    with pytest.warns(UserWarning, match="count for nothing in 1 row: there is no supply of SKU-0007 at DC"):
        made = sk.allocate_commitments(SUPPLY, pd.concat([OWED, OWED.assign(item_id="SKU-0007")]), classes=CLASSES)
    assert made["quantity"].tolist() == [20]


def supplies(*given):
    rows = [{**PLACE, "available_date": DAY + pd.Timedelta(day, "D"), "quantity": float(units)} for day, units in given]
    return pd.DataFrame(rows)


def dated(*given):
    rows = [
        {**PLACE, "demand_class": name, "mean": float(units), "period": DAY + pd.Timedelta(day, "D")}
        for name, day, units in given
    ]
    return pd.DataFrame(rows)


def test_what_the_last_supply_by_the_day_of_a_contract_lacks_is_kept_of_earlier_supply():
    """5 of 20 units were kept, though 100 were there a week before."""
    supply = supplies((0, 100), (7, 5))
    made = sk.allocate_commitments(supply, dated(("silver", 9, 20)), classes=CLASSES)
    assert made["committed"].tolist() == [15, 5]
    assert made["note"].tolist() == ["15 of it for what is owed of 2026-03-09", ""]
    book_of = book(("gold", 200.0), ("silver", 20.0)).assign(requested_date=DAY + pd.Timedelta(9, "D"))
    lines = sk.promise_orders(book_of, supply, allocations=made, terms=NESTED).lines
    assert lines["promised_quantity"].tolist() == [85, 20]
    short = sk.allocate_commitments(supplies((0, 8), (7, 5)), dated(("silver", 9, 20)), classes=CLASSES)
    assert short["committed"].tolist() == [8, 5]
    assert short["note"].tolist()[1] == "cut: 12 committed, 5 there"


def test_supply_that_is_no_longer_fit_for_use_is_not_kept_for_a_later_day():
    supply = supplies((0, 100), (7, 5)).assign(expiry_date=[DAY + pd.Timedelta(5, "D"), pd.NaT])
    made = sk.allocate_commitments(supply, dated(("silver", 9, 20)), classes=CLASSES)
    assert made["committed"].tolist() == [5]


def test_what_is_owed_of_each_supply_is_not_kept_of_earlier_ones():
    made = sk.allocate_commitments(supplies((0, 100), (7, 5)), OWED, classes=CLASSES)
    assert made["committed"].tolist() == [20, 5]
    rules = Promising(rule="first_come", commitments={"frame": {"demand_class": "silver", "quantity": 20}})
    none = pd.DataFrame(columns=["item_id", "location_id", "demand_class", "mean", "period"])
    held = allocate_by_rule(supplies((0, 100), (7, 5)), none, classes=CLASSES, rules=rules)
    assert held["committed"].tolist() == [20, 5]


@pytest.mark.parametrize("seed", range(30))
def test_contracts_are_cut_only_where_no_supply_by_their_days_is_left(seed):
    """The earliest due unit by unit, each from any supply by its day, keeps as much as can be kept."""
    random = np.random.default_rng(seed)
    stock = {int(day): int(units) for day, units in zip(range(0, 35, 7), random.integers(0, 12, 5), strict=True)}
    owed = [(name, int(day), int(random.integers(1, 12))) for name in CLASSES for day in random.choice(35, 2, False)]
    made = sk.allocate_commitments(supplies(*stock.items()), dated(*owed), classes=CLASSES)
    left, most = dict(stock), 0
    for due in sorted(day for _, day, units in owed for _ in range(units)):
        there = [day for day in left if day <= due and left[day] > 0]
        most += bool(there)
        if there:
            left[there[-1]] -= 1
    assert made["committed"].sum() == most
    by_day = made.groupby((made["available_date"] - DAY).dt.days)["committed"].sum()
    assert all(units <= stock[day] for day, units in by_day.items())
    for day in stock:
        assert by_day[by_day.index >= day].sum() <= sum(units for _, due, units in owed if due >= day)
