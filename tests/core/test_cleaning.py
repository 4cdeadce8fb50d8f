"""Order lines that are no plain sales: the first reason counts, no row leaves, failures come all at once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.cleaning import clean_orders, is_one_of, line_price, line_value
from segkit.core.errors import DataError
from segkit.core.line_notes import note_lines
from segkit.core.settings import Orders
from segkit.core.tables import MarkedTable

LENIENT = Orders(missing_price="set_aside", negative_price="set_aside", non_product_items=["POST*", "fee"])


def marked(rows, **columns):
    names = ["customer_id", "item_id", "quantity", "unit_price", "status"]
    frame = pd.DataFrame(rows, columns=names).assign(**{"order_date": pd.Timestamp("2025-03-03"), **columns})
    kinds = {"customer_id": "str", "item_id": "str", "status": "str", "quantity": "float64", "unit_price": "float64"}
    frame = frame.astype(kinds)
    frame.insert(0, "order_id", pd.Series([f"{n:06d}" for n in frame.index], dtype="str"))
    return MarkedTable("orders", frame, pd.Series("", index=frame.index, dtype="str"))


SALE = ("CUST-0001", "SKU-0001", 3, 2.0, "shipped")
CASES = [
    (SALE, ""),
    (("CUST-0001", "SKU-0001", -3, 2.0, "returned"), ""),
    (("CUST-0001", "SKU-0001", 3, 2.0, "cancelled"), "cancelled"),
    (("CUST-0001", None, 3, 2.0, None), "no item"),
    (("CUST-0001", "postage", 1, 2.0, None), "no goods (postage, fees and the like)"),
    (("CUST-0001", "FEE", 1, 2.0, None), "no goods (postage, fees and the like)"),
    (("CUST-0001", "FEED", 1, 2.0, None), ""),
    (("CUST-0001", "SKU-0001", 0, 2.0, None), "quantity is zero or missing"),
    (("CUST-0001", "SKU-0001", None, 2.0, None), "quantity is zero or missing"),
    (("CUST-0001", "SKU-0001", 3, -2.0, None), "price below zero"),
    (("CUST-0001", "SKU-0001", 3, None, None), "no price"),
    (("CUST-0001", "SKU-0001", 3, None, "free"), ""),
    (("CUST-0001", "SKU-0001", -3, 0.0, None), "stock correction (quantity below zero at no price)"),
    (("CUST-0001", "SKU-0001", 3, 0.0, None), ""),
    ((None, "SKU-0001", 3, 2.0, None), ""),
    ((None, "POSTAGE", 0, None, "cancelled"), "cancelled"),
]


@pytest.mark.parametrize(("row", "reason"), CASES)
def test_each_kind_of_line_has_its_place(row, reason):
    assert clean_orders(marked([row]), LENIENT).reason.tolist() == [reason]


def test_no_row_leaves_and_lines_of_nobody_are_kept_under_a_name():
    table = clean_orders(marked([row for row, _ in CASES]), LENIENT)
    assert len(table.frame) == len(CASES)
    assert table.reason.tolist() == [reason for _, reason in CASES]
    assert table.frame["customer_id"].iloc[-1] == "(unknown)"


def test_rows_already_marked_keep_their_reason():
    table = marked([SALE, ("CUST-0001", "SKU-0001", 3, 2.0, "cancelled")])
    table.reason.iloc[1] = "seen before"
    assert clean_orders(table, LENIENT).reason.tolist() == ["", "seen before"]


@pytest.mark.parametrize(
    ("item", "quantity", "status"), [("SKU-0001", 3, "cancelled"), ("SKU-0001", 0, None), ("FEE", 1, None)]
)
def test_a_line_that_is_set_aside_anyway_stops_nothing(item, quantity, status):
    rules = Orders(missing_price="fail", non_product_items=["FEE"])
    assert clean_orders(marked([("CUST-0001", item, quantity, None, status)]), rules).reason.iloc[0] != ""


def test_every_kind_that_fails_is_named_at_once_with_its_fix():
    rules = Orders(missing_price="fail", missing_customer="fail", missing_item="fail", negative_price="fail")
    rows = [
        (None, "SKU-0001", 3, 2.0, None),
        ("CUST-0001", None, 1, 2.0, None),
        *[("CUST-0001", "SKU-0002", 3, None, None)] * 2,
        ("CUST-0001", "SKU-0003", 3, -1.0, None),
    ]
    with pytest.raises(DataError) as error:
        clean_orders(marked(rows), rules)
    for words in (
        "in 4 ways", "no price in 2 rows, first: order_id='000002'", "no customer in 1 rows", "no item in 1 rows",
        "price below zero in 1 rows", "orders.missing_price = 'set_aside'", "orders.missing_customer = 'keep'",
    ):  # fmt: skip
        assert words in str(error.value)


def test_rules_say_what_is_kept():
    rules = Orders(cancelled="keep", free_lines="set_aside", missing_customer="set_aside")
    rows = [
        ("CUST-0001", "SKU-0001", 3, 2.0, "cancelled"),
        ("CUST-0001", "SKU-0001", 3, 0.0, None),
        (None, "SKU-0001", 1, 1.0, None),
    ]
    assert clean_orders(marked(rows), rules).reason.tolist() == ["", "free of charge", "no customer"]


def test_without_a_date_a_line_cannot_be_used():
    table = marked([SALE, SALE], order_date=pd.to_datetime([None, "2025-01-01"]))
    assert clean_orders(table, LENIENT).reason.tolist() == ["order date is missing", ""]


def test_price_and_value_from_amount_where_there_is_no_price():
    frame = pd.DataFrame(
        {"quantity": [4.0, -4.0, 0.0, 2.0], "amount": [10.0, -10.0, 3.0, None], "unit_price": [None] * 3 + [5.0]}
    )
    frame = frame.assign(discount=[1.0, 1.0, 1.0, 1.5], unit_price=frame["unit_price"].astype(float))
    assert line_price(frame).tolist() == pytest.approx([2.5, 2.5, np.nan, 5.0], nan_ok=True)
    assert line_value(frame).tolist() == [10.0, -10.0, 3.0, 8.5]
    back = frame.assign(amount=np.nan, quantity=-frame["quantity"])
    assert line_value(back).tolist()[3] == -8.5


def test_notes_count_rows_and_money_of_lines_that_are_used():
    rows = [
        SALE,
        ("CUST-0001", "SKU-0001", -3, 2.0, "returned"),
        ("CUST-0001", "SKU-0001", 3, None, "free"),
        (None, "SKU-0001", 1, 2.0, None),
    ]
    table = clean_orders(marked([*rows, ("CUST-0001", "SKU-0001", -9, 2.0, "cancelled")]), LENIENT)
    noted = note_lines(table, pd.Series(1.0, index=table.frame.index)).notes
    notes = {note.reason.split(",")[0].split(" (")[0]: note for note in noted}
    assert {reason: note.rows for reason, note in notes.items()} == {
        "goods taken back": 1, "free of charge": 1, "no customer": 1,
    }  # fmt: skip
    assert notes["goods taken back"].value == -6.0


@given(st.lists(st.sampled_from([row for row, _ in CASES]), max_size=20), st.randoms(use_true_random=False))
def test_reasons_do_not_depend_on_the_order_of_rows(rows, random):
    places = list(range(len(rows)))
    random.shuffle(places)
    straight = clean_orders(marked(rows), LENIENT).reason.tolist()
    mixed = clean_orders(marked([rows[place] for place in places]), LENIENT).reason.tolist()
    assert mixed == [straight[place] for place in places]


def test_patterns_of_item_ids_take_either_case_and_no_part():
    items = pd.Series(["Post", "post", "POSTER", "M", None, "BANK CHARGES", "a[1]"])
    assert is_one_of(items, ["POST", "m ", "BANK*"]).tolist() == [True, True, False, True, False, True, False]
    assert is_one_of(items.astype("category"), ["POST*"]).tolist() == [True, True, True, False, False, False, False]
    assert not is_one_of(items, []).any()
