"""Contracts: every table of the nomenclature has one, and a message names every way in which it is broken."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import nomenclature
from segkit.core.errors import DataError
from segkit.core.tables import check_table, contract, repeated_rows, require_table, row_codes

ORDERS = nomenclature()["orders"]
_EMPTY = {"id": "str", "text": "str", "date": "datetime64[us]", "whole": "Int64", "flag": "boolean"}


@pytest.fixture
def orders():
    days = pd.to_datetime(["2025-01-07", "2025-01-02", "2025-01-04"]).astype("datetime64[us]")
    return pd.DataFrame(
        {
            "order_id": ["1003", "1001", "1002"],
            "line_id": ["1", "1", "1"],
            "order_date": days,
            "customer_id": ["C-07", "C-01", "C-02"],
            "item_id": ["SKU-0003", "SKU-0042", "SKU-0007"],
            "quantity": [4.0, 10.0, -1.0],
            "unit_price": [2.5, 1.25, 99.0],
        }
    )


def test_sound_table_passes_unchanged(orders):
    before = orders.copy()
    assert require_table(orders, ORDERS) is orders
    pd.testing.assert_frame_equal(orders, before)
    assert check_table(orders, ORDERS).empty


@pytest.mark.parametrize("name", nomenclature())
def test_every_table_has_a_contract_that_an_empty_one_keeps(name):
    spec = nomenclature()[name]
    columns = {column.name: pd.Series(dtype=_EMPTY.get(column.kind, "float64")) for column in spec.columns.values()}
    assert check_table(pd.DataFrame(columns), spec).empty
    assert contract(spec).coerce is False


def test_message_names_every_problem(orders):
    broken = pd.concat([orders, orders.iloc[[1]]], ignore_index=True)
    broken.loc[0, ["unit_price", "customer_id"]] = [np.nan, np.nan]
    broken = broken.assign(freight_out=[0.0, 0.0, -1.0, 0.0], status=["open", "lost", None, None], colour="red")
    with pytest.raises(DataError) as caught:
        require_table(broken.astype({"quantity": "str"}), ORDERS)
    assert str(caught.value).splitlines()[:-1] == [
        "table 'orders' breaks its contract in 7 ways",
        "  customer_id is missing in 1 row, first: order_id='1003', line_id='1', item_id='SKU-0003', 2025-01-07",
        "  quantity is not a number in 4 rows, first: order_id='1003', line_id='1', item_id='SKU-0003', 2025-01-07; "
        "order_id='1001', line_id='1', customer_id='C-01', item_id='SKU-0042', 2025-01-02; "
        "order_id='1002', line_id='1', customer_id='C-02', item_id='SKU-0007', 2025-01-04",
        "  unit_price is missing, and so is amount, in 1 row, "
        "first: order_id='1003', line_id='1', item_id='SKU-0003', 2025-01-07",
        "  freight_out is below 0 in 1 row, "
        "first: order_id='1002', line_id='1', customer_id='C-02', item_id='SKU-0007', 2025-01-04",
        "  status is none of open, shipped, delivered, returned, cancelled, free in 1 row, "
        "first: order_id='1001', line_id='1', customer_id='C-01', item_id='SKU-0042', 2025-01-02",
        "  colour is no column of this table in 4 rows",
        "  line key (order_id, line_id) repeats in 1 row, first: ('1001', '1')",
    ]


def test_absent_columns(orders):
    problems = check_table(orders.drop(columns=["item_id", "unit_price"]), ORDERS)
    assert problems[["column", "problem"]].to_numpy().tolist() == [
        ["item_id", "is required and not there"],
        ["unit_price", "is missing, and so is amount,"],
    ]


@pytest.mark.parametrize(
    ("column", "cells"),
    [("item_id", [1, 2, 3]), ("order_date", ["a", "b", "c"]), ("quantity", [1, 2, 3]), ("unit_price", ["1", "2", "3"])],
)
def test_wrong_types_are_named_once(orders, column, cells):
    problems = check_table(orders.assign(**{column: cells}), ORDERS)
    assert problems["column"].tolist() == [column]
    assert problems["problem"].str.startswith("is not ").all()


def test_ids_may_be_categories(orders):
    assert check_table(orders.astype({"item_id": "category"}), ORDERS).empty


def test_rate_of_exchange_is_above_zero():
    day = pd.to_datetime(["2025-01-02"] * 2).astype("datetime64[us]")
    fx = pd.DataFrame(
        {"date": day, "base_currency": ["EUR", "USD"], "quote_currency": ["USD", "EUR"], "rate": [1.1, 0.0]}
    )
    assert check_table(fx, nomenclature()["fx"])["problem"].tolist() == ["is not above 0"]


def test_lines_without_a_number_repeat_no_key():
    assert not repeated_rows(
        pd.DataFrame({"order_id": ["1", "1"], "line_id": [None, None]}), ["order_id", "line_id"]
    ).any()
    assert repeated_rows(
        pd.DataFrame({"item_id": ["a", "a"], "location_id": [None, None]}), ["item_id", "location_id"]
    ).any()


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1.0, 2.0, np.nan])), max_size=20))
def test_codes_agree_exactly_where_rows_do(cells):
    frame = pd.DataFrame(cells, columns=["item_id", "quantity"]).astype({"item_id": "str"})
    codes, size = row_codes(frame, ["item_id", "quantity"])
    assert len(codes) == 0 or (codes.min() >= 0 and codes.max() < size)
    assert pd.Series(codes).duplicated().tolist() == frame.duplicated().tolist()
    assert repeated_rows(frame, ["item_id", "quantity"]).tolist() == frame.duplicated().tolist()
