"""Notes on used lines: amounts against prices, discounts that are shares, ids that differ by case."""

import pandas as pd
import pytest

import segkit as sk
from segkit.core.cleaning import clean_orders
from segkit.core.errors import DataError
from segkit.core.line_notes import note_lines, note_spellings
from segkit.core.settings import Orders
from segkit.core.tables import MarkedTable


def cleaned(rows, names, rules=None, **columns):
    frame = pd.DataFrame(rows, columns=names).assign(
        **{"order_date": pd.Timestamp("2025-03-03"), "customer_id": "CUST-0001", "item_id": "SKU-0001", **columns}
    )
    frame.insert(0, "order_id", pd.Series([f"{n:06d}" for n in frame.index], dtype="str"))
    frame = frame.astype(dict.fromkeys(("customer_id", "item_id"), "str"))
    return clean_orders(MarkedTable("orders", frame, pd.Series("", index=frame.index, dtype="str")), rules or Orders())


def notes(table, rate=1.0):
    noted = note_lines(table, pd.Series(rate, index=table.frame.index)).notes
    return {note.reason: note for note in noted}


AMOUNTS = [
    ((10.0, 5.0, 50.0), "", False),
    ((10.0, 5.0, 50.2), "", False),
    ((10.0, 5.0, 55.0), "", True),
    ((1.0, 0.12, 0.09), "", False),
    ((10.0, 0.0, 100.0), "", True),
    ((-5.0, 0.0, -50.0), "", True),
    ((7.0, 10.0, 0.0), "", True),
    ((-7.0, 10.0, 0.0), "stock correction (quantity below zero at no price)", False),
    ((5.0, 10.0, -50.0), "amount and quantity of opposite sign", False),
    ((-5.0, 10.0, 50.0), "amount and quantity of opposite sign", False),
    ((1.0, -11.0, -11.0), "price below zero", False),
    ((2.0, 5.0, None), "", False),
    ((2.0, None, 10.0), "", False),
]


@pytest.mark.parametrize(("row", "reason", "noted"), AMOUNTS)
def test_the_amount_comes_first_and_is_held_against_the_price(row, reason, noted):
    table = cleaned([row], ["quantity", "unit_price", "amount"])
    assert table.reason.tolist() == [reason]
    assert ("amount differs from quantity x unit_price less discount" in notes(table)) == noted


def test_what_the_amounts_differ_by_is_counted_in_the_currency_of_the_plan():
    rows = [(10.0, 5.0, 55.0, 0.0), (10.0, 5.0, 46.0, 5.0), (10.0, 5.0, 45.0, 5.0), (-10.0, 5.0, -45.0, 5.0)]
    table = cleaned(rows, ["quantity", "unit_price", "amount", "discount"])
    note = notes(table, rate=2.0)["amount differs from quantity x unit_price less discount"]
    assert (note.rows, note.value) == (2, pytest.approx(2 * (5 + 1)))
    assert "order_id='000000'" in note.first


def test_an_amount_of_zero_is_free_whatever_the_price():
    table = cleaned([(7.0, 10.0, 0.0)], ["quantity", "unit_price", "amount"])
    assert "free of charge, kept" in notes(table)
    aside = cleaned([(7.0, 10.0, 0.0)], ["quantity", "unit_price", "amount"], Orders(free_lines="set_aside"))
    assert aside.reason.tolist() == ["free of charge"]


def test_signs_that_clash_may_stop_the_plan():
    with pytest.raises(DataError, match=r"opposite sign in 1 rows[\s\S]*negative_price = 'set_aside'"):
        cleaned([(5.0, -50.0)], ["quantity", "amount"], Orders(negative_price="fail"))


@pytest.mark.parametrize(
    ("discounts", "price", "noted"),
    [([0.2, 0.0, None, 1.0], 10.0, True), ([0.2, 1.5, 0.1, 0.1], 10.0, False), ([0.2, 0.1, 0.1, 0.1], 1.0, False),
     ([0.0, 0.0, None, 0.0], 10.0, False)],
)  # fmt: skip
def test_discounts_that_look_like_shares_are_noted(discounts, price, noted):
    table = cleaned([(10.0, price, discount) for discount in discounts], ["quantity", "unit_price", "discount"])
    assert ("discount looks like a share of the price, and is taken as money" in notes(table)) == noted


RETURNED = [
    (4.0, 10.0, 40.0, 24.0, 1.0, "returned"),
    (4.0, 10.0, -40.0, -24.0, None, "returned"),
    (-4.0, 10.0, -40.0, -24.0, None, "returned"),
    (4.0, 10.0, 40.0, 24.0, None, "shipped"),
]
COLUMNS = ["quantity", "unit_price", "amount", "cost", "discount", "status"]


def test_a_returned_line_above_zero_is_a_return():
    table = cleaned(RETURNED, COLUMNS)
    assert table.frame["quantity"].tolist() == [-4, -4, -4, 4]
    assert table.frame["amount"].tolist() == [-40, -40, -40, 40]
    assert table.frame["cost"].tolist() == [-24, -24, -24, 24]
    assert (table.reason == "").all()
    note = notes(table, rate=2.0)["status returned, quantity above zero"]
    assert (note.rows, note.value) == (2, -160.0)
    assert notes(table)["goods taken back (quantity below zero)"].rows == 3


def test_a_returned_line_above_zero_may_stop_the_plan():
    with pytest.raises(DataError, match=r"status returned, quantity above zero in 2 rows[\s\S]*returned_positive"):
        cleaned(RETURNED, COLUMNS, Orders(returned_positive="fail"))


def test_returned_lines_add_up_in_the_plan(write_workspace, small_company):
    orders = small_company["orders"]
    back = orders["quantity"] < 0
    positive = orders.assign(
        quantity=orders["quantity"].abs(),
        status=orders["status"].mask(back & (orders["status"] != "cancelled"), "returned"),
    )
    plain = sk.open_plan(write_workspace(small_company, folder="plain"))
    plan = sk.open_plan(write_workspace({**small_company, "orders": positive}, folder="positive"))
    for name in ("demand", "item_value", "customer_segments"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(plain, name), obj=name)
    total = plan.data_quality.query("source_table == 'orders'").groupby("action")["value"].sum()
    assert total["in"] == pytest.approx(total["used"] + total["set_aside"])


def spelled(ids, kind="str"):
    frame = pd.DataFrame({"item_id": pd.Series(ids, dtype="str").astype(kind), "quantity": 1.0})
    return MarkedTable("orders", frame, pd.Series("", index=frame.index, dtype="str"))


@pytest.mark.parametrize("kind", ["str", "category"])
def test_ids_that_differ_by_case_are_noted_with_the_fix(kind):
    table = spelled(["85123a", "85123A", "85123A", "b", "C", "c", "c", None, "d"], kind)
    (note,) = note_spellings(table, {"item_id": "StockCode"}).notes
    assert note.reason == "item_id that differ by case only: 2 pairs"
    assert note.rows == 2
    assert note.first == "85123A / 85123a; c / C"
    assert 'sources.orders.expressions = {item_id = "upper(StockCode)"}' in note.fix
    table.reason.iloc[[0, 4]] = "set aside"
    assert note_spellings(table, {}).notes == ()


def test_blanks_around_an_id_make_no_other_id(write_workspace, small_company):
    orders = small_company["orders"]
    padded = orders.assign(item_id=orders["item_id"].where(orders.index % 2 == 0, " " + orders["item_id"] + " "))
    plan = sk.open_plan(write_workspace({**small_company, "orders": padded}))
    assert plan.item_value["item_id"].nunique() == 6
