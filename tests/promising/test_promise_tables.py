"""The tables of promises: reasons are kept once, the trace is written on demand, what was given stays."""

import pickle

import numpy as np
import pandas as pd
import pytest

import segkit as sk
from segkit.formulas.promising_arrays import stable_order
from segkit.promising.repeated_words import as_texts, repeated_words, texts_of_words

DAY = pd.Timestamp("2026-03-02")
TEXTS = ["item_id", "location_id", "demand_class", "quota", "reserved_for"]


def book(minutes=(0, 1, 2)):
    when = [DAY + pd.Timedelta(minutes=minute) for minute in minutes]
    lines = pd.DataFrame({"order_id": ["O-3", "O-1", "O-2"], "line_id": "1", "order_date": when, "item_id": "SKU-0042"})
    classes = ["web", "gold", "web"]
    return lines.assign(location_id="DC", quantity=[4.0, 3.0, 9.0], requested_date=DAY, demand_class=classes)


def supply():
    return pd.DataFrame(
        {"item_id": ["SKU-0042", "SKU-0007"], "location_id": "DC", "available_date": DAY, "quantity": [8.0, 1.0]}
    )


def promised(orders):
    return sk.promise_orders(orders, supply(), terms=sk.PromiseTerms(classes=("gold", "web")))


def test_ids_classes_and_quotas_are_texts_and_reasons_are_kept_once():
    made = promised(book())
    lines, trace = made.lines, made.trace
    assert (lines.dtypes[[*TEXTS, "order_id"]] == "str").all()
    assert (trace.dtypes[[*TEXTS[:2], "supply_item_id", "supply_location_id", "quota"]] == "str").all()
    assert isinstance(lines["reason"].dtype, pd.CategoricalDtype)
    assert lines["demand_class"].tolist() == ["web", "gold", "web"]
    assert lines["reason"].tolist()[:2] == ["", ""]
    assert (as_texts(lines).dtypes[[*TEXTS, "reason"]] == "str").all()


def test_the_words_of_promises_can_be_mapped_compared_joined_and_replaced():
    """As categoricals a mapped class stayed a categorical in the order of its words, and others raised."""
    made = promised(book())
    lines, trace = made.lines, made.trace
    assert lines["demand_class"].map({"web": 9.0, "gold": 10.0}).sort_values().tolist() == [9.0, 9.0, 10.0]
    assert (lines["demand_class"].map({"web": 1.0, "gold": 5.0}) * lines["quantity"]).tolist() == [4.0, 15.0, 9.0]
    assert not (trace["item_id"] != trace["supply_item_id"]).any()
    assert not (lines["quota"] == lines["demand_class"]).any()
    assert set(lines["item_id"] + "/" + lines["location_id"]) == {"SKU-0042/DC"}
    assert lines["demand_class"].min() == "gold"
    assert lines["reserved_for"].replace({"": "nobody"}).tolist() == ["nobody"] * 3
    assert lines["quota"].where(lines["quantity"] > 3, "none").tolist() == ["(pool)", "none", "(pool)"]


@pytest.mark.parametrize("words", [("web", "é", "", "web"), ("", ""), ("one",)])
def test_texts_are_written_from_the_numbers_of_words_across_blocks(words):
    which = np.random.default_rng(7).integers(-1, len(words), 150_000).astype(np.int8)
    made = texts_of_words(pd.array(words, dtype="str"), which)
    assert made.tolist() == np.array(words, dtype=object)[which].tolist()
    assert texts_of_words(words, which[:0]).tolist() == []


def test_a_word_told_twice_is_one_category_and_none_is_no_category():
    made = repeated_words(("web", "gold", "web", ""), np.array([2, 0, 1, 2], dtype=np.int8))
    assert made.tolist() == ["web", "web", "gold", "web"]
    assert made.categories.tolist() == ["gold", "web"]
    assert repeated_words(("web",), np.zeros(0, dtype=np.int8)).tolist() == []


@pytest.mark.parametrize("minutes", [(0, 1, 2), (2, 1, 0), (0, 0, 0)])
def test_what_is_done_to_the_answer_changes_neither_the_orders_nor_the_trace(minutes):
    orders = book(minutes)
    before, made = orders.copy(deep=True), promised(orders)
    expected = promised(before).trace
    made.lines[["order_id", "line_id"]] = "X"
    made.lines.loc[0, "order_id"] = "Y"
    made.lines.loc[:, ["quantity", "promised_quantity"]] = 0.0
    made.lines.loc[:, ["order_date", "requested_date"]] = DAY
    pd.testing.assert_frame_equal(orders, before)
    pd.testing.assert_frame_equal(made.trace, expected)
    assert made.trace is made.trace


def test_a_promise_whose_trace_was_not_asked_for_can_be_kept():
    made = promised(book())
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(made)).trace, made.trace)


@pytest.mark.parametrize("orders", [book(), book((5, 5, 0))])
def test_tables_read_back_from_csv_are_the_same_words(orders, tmp_path):
    made = promised(orders)
    for table in (made.lines, made.trace):
        table.to_csv(tmp_path / "told.csv", index=False)
        back = pd.read_csv(tmp_path / "told.csv", dtype=str, keep_default_na=False)
        assert back["quota"].tolist() == table["quota"].tolist()
        assert back["item_id"].tolist() == table["item_id"].tolist()


@pytest.mark.parametrize("top", [3, 1_000, 2**40, 2**61, 2**62 + 2**61])
def test_whole_numbers_are_put_in_order_equal_ones_as_they_come(top):
    values = np.random.default_rng(7).integers(-top // 2, top // 2, 3_000)
    values = np.concatenate([values, values[:500] + 1, values[:500]])
    assert (stable_order(values) == np.argsort(values, kind="stable")).all()
    assert stable_order(values[:0]).tolist() == []
    assert stable_order(np.array([5, 5])).tolist() == [0, 1]
