"""What users give as tables: ids of any kind meet, days of any zone, and what cannot be used is told in words."""

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.core.errors import DataError
from segkit.core.ids import id_texts

DAY = pd.Timestamp("2026-03-02")
PLACE = {"item_id": "SKU-0042", "location_id": "DC"}
TIERS = sk.PromiseTerms(classes=("gold", "web"))


def orders(**more):
    """Return three lines of 5, 4 and 3 units for gold, web and web, in the order of arrival."""
    table = {**PLACE, "quantity": [5.0, 4.0, 3.0], "demand_class": ["gold", "web", "web"], **more}
    days = {"order_date": DAY + pd.to_timedelta([0, 1, 2], "h"), "requested_date": DAY + pd.Timedelta(3, "D")}
    return pd.DataFrame({"order_id": ["O-1", "O-2", "O-3"], "line_id": "1", **days, **table})


def supply(**more):
    days = [DAY, DAY + pd.Timedelta(7, "D")]
    return pd.DataFrame({**PLACE, "available_date": days, "quantity": [6.0, 9.0], **more})


def quota(**more):
    return supply().head(1).assign(demand_class="gold", quantity=4.0, kind="reservation", **more)


def promised(*tables, terms=TIERS, **more):
    return sk.promise_orders(*tables, terms=terms, **more).lines["promised_quantity"].tolist()


def test_quotas_without_a_location_do_not_swallow_supply():
    """They met no bucket, and took their units from the last one of all."""
    with pytest.raises(DataError, match="allocations: no location_id, though orders, supply tell locations"):
        promised(orders(), supply(), allocations=quota().drop(columns="location_id"))
    bare = [table.drop(columns="location_id") for table in (orders(), supply(), quota())]
    assert promised(*bare[:2], allocations=bare[2]) == promised(orders(), supply(), allocations=quota())


@pytest.mark.parametrize("tables", [("supply",), ("orders",), ("orders", "supply")])
def test_a_location_in_some_tables_only_is_refused(tables):
    given = {"orders": orders(), "supply": supply(), "allocations": quota()}
    given |= {name: given[name].drop(columns="location_id") for name in tables}
    with pytest.raises(DataError, match="no location_id"):
        sk.promise_orders(terms=TIERS, **given)


@pytest.mark.parametrize(("asked", "there"), [(7.0, 7), (7, "7"), (7.0, "7"), ("7", 7)])
def test_ids_meet_whatever_their_kind(asked, there):
    found = promised(orders(item_id=asked), supply(item_id=there), allocations=quota().assign(item_id=there))
    assert found == [5, 4, 3]


def test_days_of_a_time_zone_and_written_days_are_read_as_their_calendar_has_them():
    plain = promised(orders(), supply(), allocations=quota())
    names = ("order_date", "requested_date", "available_date")
    for change in (lambda days: days.dt.tz_localize("Asia/Tokyo"), lambda days: days.astype("str")):
        told = [
            table.assign(**{name: change(table[name]) for name in names if name in table})
            for table in (orders(), supply(), quota())
        ]
        assert promised(*told[:2], allocations=told[2]) == plain


def test_the_257th_class_is_not_the_first():
    """Classes were counted in eight bits: the 257th took what was kept for the best."""
    names = tuple(f"class {number:03}" for number in range(300))
    book = orders(demand_class=names[256]).head(1)
    made = sk.promise_orders(
        book, supply(), allocations=quota().assign(demand_class=names[0]), terms=sk.PromiseTerms(classes=names)
    )
    assert made.trace["quota"].unique().tolist() == ["(pool)"]


def test_as_many_classes_as_customers_where_nothing_is_kept():
    names = [f"CUST-{number:04}" for number in range(400)]
    book = pd.concat([orders().head(1)] * 400).assign(order_id=names, demand_class=names, quantity=0.02)
    assert sum(promised(book, supply(), terms=None)) == pytest.approx(8)


def test_more_quotas_than_can_be_told_apart_are_refused():
    names = tuple(f"class {number:02}" for number in range(71))
    many = pd.concat([quota().assign(demand_class=name, quantity=0.05) for name in names])
    with pytest.raises(DataError, match="71 classes have quotas of their own, of which 62 can be kept apart"):
        promised(orders(demand_class=names[0]), supply(), allocations=many, terms=sk.PromiseTerms(classes=names))


LEVELS = pd.DataFrame({**PLACE, "demand_class": ["web"], "critical_level": [2.0]})
MADE = pd.DataFrame({**PLACE, "lead_time_days": [5], "capacity": [10.0], "period_days": [7]})
OTHER = pd.DataFrame({**PLACE, "alternative_item_id": ["SKU-0043"], "unit_cost": [1.0], "transit_days": [1]})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"orders": orders(requested_date="3 March")}, "orders: requested_date is no date in 3 rows, first: '3 March'"),
        ({"supply": supply(available_date=7)}, "supply: available_date is no date in 2 rows, first: 7"),
        ({"orders": [1]}, "orders is no table but list"),
        ({"orders": pd.concat([orders(), orders()[["quantity"]]], axis=1)}, "orders has column 'quantity' twice"),
        ({"orders": orders(unit_margin="dear")}, "orders: unit_margin is no number in 3 rows, first: 'dear'"),
        ({"orders": orders(max_lateness_days="long")}, "orders: max_lateness_days is no number"),
        ({"supply": supply(bid_price="dear")}, "supply: bid_price is no number"),
        ({"orders": orders(demand_class=None), "allocations": None, "terms": None}, "demand_class is missing"),
        ({"alternatives": OTHER.assign(transit_days=np.inf)}, "transit_days is missing or below 0, or endless"),
        ({"alternatives": OTHER.assign(alternative_item_id=None)}, "alternative_item_id is missing in 1 row"),
        ({"terms": {"critical_levels": LEVELS.assign(demand_class="wbe")}}, "did you mean web"),
        ({"terms": {"critical_levels": pd.concat([LEVELS, LEVELS])}}, "a class has a place twice in 1 row"),
        ({"terms": {"capable": MADE.assign(capacity=np.inf)}}, "capacity is no number above 0"),
        ({"terms": {"capable": MADE.assign(capacity=1e-9)}}, "periods of capacity; 10,000,000 can be told"),
        ({"terms": {"classes": "gold"}}, r"terms.classes is a text: give a tuple, for example \('gold',\)"),
        ({"terms": {"max_lateness_days": -3}}, "terms.max_lateness_days is -3, no number of 0 or more"),
        ({"terms": {"split_minimum": np.nan}}, "terms.split_minimum is nan"),
        ({"terms": {"late_cost": np.inf}}, "terms.late_cost is inf"),
    ],
)
def test_what_cannot_be_used_is_told(changed, told):
    given = {"orders": orders(), "supply": supply(), "allocations": quota(), "terms": {}, **changed}
    if given["terms"] is not None:
        given["terms"] = sk.PromiseTerms(**{"classes": ("gold", "web"), **given["terms"]})
    with pytest.raises(DataError, match=told):
        sk.promise_orders(**given)


def test_an_explanation_reads_the_same_tables():
    book = orders(item_id=7.0, order_date=orders()["order_date"].dt.tz_localize("Asia/Tokyo"), quantity=9.0)
    found = sk.explain_promise(book, supply(item_id="7"), ("O-3", "1"), terms=TIERS)
    assert found.changes["improvement"].tolist() == ["21 more units in the supply of 2026-03-02"]


HELD = pd.DataFrame({"order_id": ["O-1"], "line_id": ["1"], "available_date": [DAY], "quantity": [5.0]})
STOCK = pd.DataFrame({**PLACE, "on_hand": [4.0]}, index=[0])
ALL = {"all": sk.BackorderSegment("redistribute")}


def numbered(table):
    """Return a table with ids as floats and days of a time zone."""
    days = [name for name in ("order_date", "requested_date", "available_date") if name in table]
    changed = {name: table[name].dt.tz_localize("Asia/Tokyo") for name in days}
    changed |= {"order_id": table["order_id"].str[2:].astype("float64")} if "order_id" in table else {}
    return table.assign(**changed, **({"item_id": 42.0} if "item_id" in table else {}))


def test_a_backorder_run_and_a_release_read_ids_and_days_of_any_kind():
    plain = sk.run_backorders(orders(), HELD, supply(), segments=ALL).lines
    other = sk.run_backorders(numbered(orders()), numbered(HELD), numbered(supply()), segments=ALL).lines
    assert plain["confirmed_after"].tolist() == other["confirmed_after"].tolist() == [5, 4, 3]
    due = {"requested_date": DAY}
    plain = sk.release_deliveries(orders(**due), HELD, STOCK, day="2026-03-02")
    other = sk.release_deliveries(numbered(orders(**due)), numbered(HELD), numbered(STOCK), day=DAY)
    assert plain["released"].tolist() == other["released"].tolist() == [4, 0, 0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"orders": orders(requested_date="soon")}, "requested_date is no date in 3 rows"),
        ({"orders": orders(max_lateness_days="long")}, "max_lateness_days is no number"),
        ({"supply": supply(quantity="ten")}, "supply: quantity is no number in 2 rows, first: 'ten'"),
        ({"confirmations": None}, "confirmations is no table but NoneType"),
    ],
)
def test_what_a_backorder_run_cannot_use_is_told(changed, told):
    given = {"orders": orders(), "confirmations": HELD, "supply": supply(), **changed}
    with pytest.raises(DataError, match=told):
        sk.run_backorders(**given, segments=ALL)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"day": "soon"}, "day: a day as YYYY-MM-DD is needed"),
        ({"day": ""}, "day is blank"),
        ({"sort": "requested_date"}, "sort is a text; give a list"),
        ({"orders": orders(credit_block="yes")}, "credit_block is neither true nor false in 3 rows"),
    ],
)
def test_what_a_release_cannot_use_is_told(changed, told):
    given = {"orders": orders(), "confirmations": HELD, "stock": STOCK, "day": DAY, **changed}
    with pytest.raises(sk.SegkitError, match=told):
        sk.release_deliveries(**given)


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (pd.Series([7.0, "A", None, 7], dtype=object), ["7", "A", None, "7"]),
        (pd.Series([7.0, 8.0, None], dtype="category"), ["7", "8", None]),
        (pd.Series([7.0, 7.5, np.nan]), ["7", "7.5", None]),
        (pd.Series([7.0, 7.5], dtype="float32"), ["7", "7.5"]),
        (pd.Series([2.0**53 - 1, 12345678901234567890.0]), ["9007199254740991", "1.2345678901234567e+19"]),
        (pd.Series([7, None], dtype="Float64", index=[5, 3]), ["7", None]),
    ],
)
def test_each_whole_number_is_written_without_a_point(cells, texts):
    """They met no '7' beside a text or a fraction, and large ones became the lowest whole number."""
    made = id_texts(cells)
    assert made.index.equals(cells.index)
    assert [None if pd.isna(one) else one for one in made] == texts


@pytest.mark.parametrize("names", [(1, 2), ("1", "2"), (1.0, 2.0)])
@pytest.mark.parametrize("cells", [[1, 2, 2], ["1", "2", "2"], [1.0, 2.0, 2.0]])
def test_classes_meet_whatever_their_kind(names, cells):
    held = quota().assign(demand_class=cells[:1])
    made = sk.promise_orders(
        orders(demand_class=cells), supply(), allocations=held, terms=sk.PromiseTerms(classes=names)
    )
    assert made.lines["promised_quantity"].tolist() == promised(orders(), supply(), allocations=quota())
    assert made.lines["demand_class"].tolist() == ["1", "2", "2"]
    demand = pd.DataFrame({**PLACE, "demand_class": cells[:2], "mean": [5.0, 7.0]})
    shared = sk.allocate_by_rank(supply(), demand, classes=list(names))
    assert set(shared["demand_class"]) == {"1", "2"}


def test_no_orders_are_promised_nothing():
    for book in (orders().head(0), orders().head(0).drop(columns="demand_class")):
        made = sk.promise_orders(book, supply())
        assert made.lines.empty
        assert made.trace.empty
