"""The grid of on time, in full beside a loop that goes through it line by line."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segkit as sk
from segkit.promising.otif import WINDOWS

AS_OF = pd.Timestamp("2025-04-10")


def order_book(rng):
    """Return lines of a few orders, some open, some undated, some short."""
    count = int(rng.integers(1, 13))
    pick = lambda values: [values[n] for n in rng.integers(0, len(values), count)]  # noqa: E731
    day = pd.Timestamp("2025-04-01")
    dates = {
        name: pd.to_datetime([None if one is None else day + pd.Timedelta(one, "D") for one in pick(values)])
        for name, values in {
            "requested_date": [0, 3, 9, 15, None],
            "promised_date": [1, 4, 20, None],
            "delivered_date": [-4, 0, 1, 3, 5, 30, None],
        }.items()
    }
    quantity = np.array(pick([1, 4, 10, -2, 0]), dtype=float)
    return pd.DataFrame({"order_id": pick(["A", "B", "C"]), "quantity": quantity, **dates}).assign(
        delivered_quantity=np.maximum(quantity - np.array(pick([0, 0, 3])), 0), status=pick(["delivered", "cancelled"])
    )


def shelf_of(seed, books=25):
    """Return several order books in one table, told apart by ``book``: one call measures them all."""
    rng = np.random.default_rng(seed)
    made = [order_book(rng) for _ in range(books)]
    named = [table.assign(book=f"{n}", order_id=f"{n}-" + table["order_id"]) for n, table in enumerate(made)]
    return pd.concat(named, ignore_index=True)


def slow(orders, column, window):
    """Return due and on time, in full by case, line and order, one line after the other."""
    early, late = window
    seen = {}
    cases = [0.0, 0.0]
    lines = [0, 0]
    for row in orders.itertuples():
        wanted, came = getattr(row, column), row.delivered_date
        if row.quantity <= 0 or row.status == "cancelled":
            continue
        due = not pd.isna(wanted) and wanted + pd.Timedelta(late, "D") <= AS_OF
        there = not pd.isna(came) and came <= AS_OF
        good = due and there and came <= wanted + pd.Timedelta(late, "D")
        good = good and (early is None or came >= wanted - pd.Timedelta(early, "D"))
        full = there and row.delivered_quantity >= row.quantity
        seen.setdefault(row.order_id, []).append((due, good and full))
        if due:
            cases = [cases[0] + row.quantity, cases[1] + good * row.delivered_quantity]
            lines = [lines[0] + 1, lines[1] + (good and full)]
    whole = [all(due for due, _ in parts) for parts in seen.values()]
    kept = [all(due and fine for due, fine in parts) for parts in seen.values()]
    return {"case": cases, "line": lines, "order": [sum(whole), sum(kept)]}


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_the_grid_is_that_of_the_loop(seed):
    shelf = shelf_of(seed)
    made = sk.measure_otif(shelf, as_of=AS_OF, by=["book"])
    words = list(dict.fromkeys(made["window"]))
    figures = made.set_index(["book", "measured_against", "window", "counted_by"])[["due", "otif"]].T.to_dict()
    for name, orders in shelf.groupby("book"):
        if not ((orders["quantity"] > 0) & (orders["status"] != "cancelled")).any():
            assert name not in set(made["book"])
            continue
        for basis in ("requested", "promised"):
            for word, window in zip(words, WINDOWS, strict=True):
                for unit, (due, kept) in slow(orders, f"{basis}_date", window).items():
                    row = figures[name, basis, word, unit]
                    assert row["due"] == pytest.approx(due)
                    assert (np.isnan(row["otif"]) and due == 0) or row["otif"] == pytest.approx(kept / due)


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_orders_do_not_beat_lines_that_fail_and_wider_windows_do_not_lose(seed):
    shelf = shelf_of(seed)
    made = sk.measure_otif(shelf.assign(requested_date=pd.Timestamp("2025-04-01")), as_of=AS_OF, by=["book"])
    lines = made[(made["measured_against"] == "requested") & (made["counted_by"] == "line")]
    for _, rows in lines.groupby("book"):
        table = rows.set_index("window")["otif"]
        if table.notna().all():
            assert table["exact day"] <= table["-2/+0 days"] <= table["early/+0 days"] <= table["early/+2 days"]
            assert table["-2/+0 days"] <= table["-2/+2 days"]


def test_every_figure_tells_its_definition_and_no_two_are_the_same():
    orders = pd.DataFrame(
        {"order_id": ["A"], "quantity": [1], "requested_date": [AS_OF], "promised_date": [AS_OF]}
    ).assign(delivered_date=AS_OF)
    made = sk.measure_otif(orders, as_of="2025-05-01")
    assert made["definition"].is_unique
    assert made["otif"].eq(1).all()
    only = sk.measure_otif(orders.drop(columns="promised_date"), as_of="2025-05-01")
    assert set(only["measured_against"]) == {"requested"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="order_id"), "no column 'order_id'"),
        (lambda t: t.drop(columns="requested_date"), "neither requested_date nor promised_date"),
        (lambda t: t.assign(requested_date="monday"), "requested_date is no date in 1 row"),
        (lambda t: t.assign(quantity=np.nan), "quantity is missing in 1 row"),
    ],
)
def test_bad_input_is_told(change, message):
    table = pd.DataFrame({"order_id": ["A"], "quantity": [1], "requested_date": [AS_OF], "delivered_date": [AS_OF]})
    with pytest.raises(sk.DataError) as raised:
        sk.measure_otif(change(table))
    assert message in str(raised.value)
    with pytest.raises(sk.DataError, match="no pair of days"):
        sk.measure_otif(table, windows=[(-1, 0)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantity": np.inf}, "quantity is endless in 1 row"),
        ({"quantity": "five"}, "quantity is no number in 1 row"),
        ({"delivered_quantity": -1.0}, "delivered_quantity is below 0 in 1 row"),
        ({"delivered_quantity": "all"}, "delivered_quantity is no number in 1 row"),
    ],
)
def test_units_that_are_none_are_told(change, message):
    """A delivery of -1 unit gave a share on time of -7 %, an endless one none at all."""
    table = pd.DataFrame({"order_id": ["A"], "quantity": [1], "requested_date": [AS_OF], "delivered_date": [AS_OF]})
    with pytest.raises(sk.DataError, match=message):
        sk.measure_otif(table.assign(**change))


@pytest.mark.parametrize("window", [3, (0.5, 1), (float("nan"), 0), (0, None), "12"])
def test_windows_are_pairs_of_whole_days(window):
    table = pd.DataFrame({"order_id": ["A"], "quantity": [1], "requested_date": [AS_OF], "delivered_date": [AS_OF]})
    with pytest.raises(sk.DataError, match="is no pair of days"):
        sk.measure_otif(table, windows=[window])


def test_what_parts_the_groups_is_a_list_without_the_order():
    table = pd.DataFrame({"order_id": ["A"], "quantity": [1], "requested_date": [AS_OF], "delivered_date": [AS_OF]})
    with pytest.raises(sk.DataError, match="by names order_id"):
        sk.measure_otif(table, by=["order_id"])
    with pytest.raises(sk.DataError, match="by is the text 'order_id'"):
        sk.measure_otif(table, by="order_id")
    with pytest.raises(sk.DataError, match="orders is no table but list"):
        sk.measure_otif([table])
