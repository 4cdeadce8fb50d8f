"""The upload file: what each policy becomes as min and max, text that stays text, the same bytes twice."""

import csv
import io

import numpy as np
import openpyxl
import pandas as pd
import pytest

from segkit.core.errors import DataError
from segkit.inventory.policies.supplying import OWN_ONLY
from segkit.report.policy_upload import left_out_rows, tell_left_out, upload_rows, write_policy_upload

NAN = float("nan")
HEAD = ["item", "location", "policy", "min", "max", "reorder_point", "safety_stock", "lot", "review_days"]


@pytest.fixture
def policies():
    rows = [
        ("SKU-0042", "NORTH", "order_up_to", NAN, 30.0, NAN, 4.5, 7.0),
        ("SKU-0007", "NORTH", "min_max", 10.0, 25.0, NAN, 3.0, 7.0),
        ("SKU-0007", "SOUTH", "reorder_quantity", 12.0, NAN, 20.0, 2.0, 1.0),
        ("00123", "NORTH", "to_order", NAN, NAN, NAN, NAN, 7.0),
    ]
    names = ["item_id", "location_id", "policy", "reorder_point", "order_up_to", "order_quantity", "safety_stock"]
    return pd.DataFrame(rows, columns=[*names, "review_days"]).assign(rule="r", reason="=why")


def csv_rows(path):
    return list(csv.reader(io.StringIO(path.read_text("utf-8"))))


def book_rows(path):
    return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]


def test_an_order_is_placed_where_the_policy_places_it(policies):
    lots = policies.head(1).assign(reorder_point=10.0, order_quantity=20.0)  # up to 30, but only twenty at a time
    single = policies.head(1).assign(reorder_point=29.0, order_quantity=1.0)
    assert upload_rows(lots)[["min", "max"]].to_numpy().tolist() == [[10.0, 30.0]]
    assert upload_rows(single)[["min", "max"]].to_numpy().tolist() == [[29.0, 30.0]]


def test_every_policy_has_its_min_and_max(policies, tmp_path):
    paths = write_policy_upload(policies, tmp_path / "new" / "folder")
    assert csv_rows(paths[0]) == [
        HEAD,
        ["00123", "NORTH", "to_order", "0", "0", "0", "0", "0", "7"],
        ["SKU-0007", "NORTH", "min_max", "10", "25", "10", "3", "", "7"],
        ["SKU-0007", "SOUTH", "reorder_quantity", "12", "32", "12", "2", "20", "1"],
        ["SKU-0042", "NORTH", "order_up_to", "30", "30", "", "4.5", "", "7"],
    ]
    assert book_rows(paths[1]) == [
        HEAD,
        ["00123", "NORTH", "to_order", 0, 0, 0, 0, 0, 7],
        ["SKU-0007", "NORTH", "min_max", 10, 25, 10, 3, None, 7],
        ["SKU-0007", "SOUTH", "reorder_quantity", 12, 32, 12, 2, 20, 1],
        ["SKU-0042", "NORTH", "order_up_to", 30, 30, None, 4.5, None, 7],
    ]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "policy_upload.csv", "policy_upload.xlsx",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", '="a"', '=HYPERLINK("http://x","y")'])
def test_no_text_becomes_a_formula(policies, tmp_path, text):
    paths = write_policy_upload(policies.replace({"item_id": {"00123": text}}), tmp_path)
    shown = {row[0] for row in csv_rows(paths[0])}
    assert f"'{text}" in shown
    assert not [word for word in shown if word.startswith(("=", "+", "-", "@", "\t"))]
    cells = [cell for row in openpyxl.load_workbook(paths[1]).active.iter_rows() for cell in row]
    assert [cell for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    assert text in {cell.value for cell in cells}


@pytest.mark.parametrize("text", ["a,b", 'say "x"', "two\nlines", "ümlaut", "1E5", "007"])
def test_text_comes_back_as_it_was(policies, tmp_path, text):
    paths = write_policy_upload(policies.replace({"item_id": {"00123": text}}), tmp_path)
    assert text in {row[0] for row in csv_rows(paths[0])}
    found = [cell for row in openpyxl.load_workbook(paths[1]).active.iter_rows() for cell in row if cell.value == text]
    assert [cell.data_type for cell in found] == ["s"]


def test_the_same_policies_give_the_same_bytes_in_any_order_of_rows(policies, tmp_path):
    first = [path.read_bytes() for path in write_policy_upload(policies, tmp_path / "a")]
    mixed = policies.sample(frac=1, random_state=3)
    before = mixed.copy()
    assert [path.read_bytes() for path in write_policy_upload(mixed, tmp_path / "b")] == first
    assert [path.read_bytes() for path in write_policy_upload(policies, tmp_path / "a")] == first
    pd.testing.assert_frame_equal(mixed, before)


def test_no_policies_give_files_with_heads_only(policies, tmp_path):
    paths = write_policy_upload(policies.iloc[:0], tmp_path)
    assert csv_rows(paths[0]) == [HEAD]
    assert book_rows(paths[1]) == [HEAD]


def test_small_and_large_figures_are_plain_numbers(policies, tmp_path):
    figures = policies.assign(safety_stock=[1e-9, 1234567.25, 100.0, NAN])
    rows = csv_rows(write_policy_upload(figures, tmp_path)[0])
    assert [row[6] for row in rows[1:]] == ["0", "1234567.25", "100", "0"]


def test_the_review_may_be_missing(policies):
    assert upload_rows(policies.drop(columns="review_days"))["review_days"].isna().all()


def test_safety_stock_below_mean_demand_is_uploaded_as_none(policies):
    lower = policies.assign(safety_stock=-2.5)
    assert upload_rows(lower)["safety_stock"].tolist() == [0.0] * len(policies)


def test_what_has_no_levels_or_supplies_others_is_listed_apart_and_not_uploaded(policies, tmp_path):
    assert tell_left_out(policies) == tell_left_out(policies.head(0)) == ""
    unsized = policies.tail(1).assign(item_id="SKU-0001", policy="order_up_to", reason="not sized: no margin")
    told = pd.concat([policies, unsized, unsized.assign(location_id="SOUTH", reason="")], ignore_index=True)
    told["supplies_others"] = told["location_id"].eq("SOUTH")
    paths = write_policy_upload(told, tmp_path)
    assert [row[0] for row in csv_rows(paths[0])[1:]] == ["00123", "SKU-0007", "SKU-0042"]
    book = openpyxl.load_workbook(paths[1])
    assert book.sheetnames == ["policies", "not to upload"]
    apart = [["SKU-0001", "NORTH", "order_up_to", "not sized: no margin"],
             ["SKU-0001", "SOUTH", "order_up_to", "no levels"],
             ["SKU-0007", "SOUTH", "reorder_quantity", OWN_ONLY]]  # fmt: skip
    assert [list(row) for row in book["not to upload"].iter_rows(values_only=True)][1:] == apart
    assert left_out_rows(told).to_numpy().tolist() == apart
    assert tell_left_out(told) == (
        "3 item-locations are not in these files: 1 from which others are supplied (levels count only customers of "
        'their own), 2 that could not be sized. Excel lists them with the reason in the sheet "not to upload".'
    )


def test_what_cannot_be_uploaded_is_told_at_once(policies, tmp_path):
    twice = pd.concat([policies, policies.iloc[:1]], ignore_index=True)
    twice.loc[1, "order_up_to"] = np.inf
    twice.loc[2, "reorder_point"] = -1
    twice.loc[3, "location_id"] = None
    with pytest.raises(DataError) as caught:
        write_policy_upload(twice, tmp_path)
    assert str(caught.value).splitlines() == [
        "policies cannot be uploaded in 4 ways",
        "  item and location repeat in 1 row, first: SKU-0042 at NORTH",
        "  item or location is missing in 1 row, first: 00123 at nan",
        "  a figure is infinite in 1 row, first: SKU-0007 at NORTH",
        "  a figure is below 0 in 1 row, first: SKU-0007 at SOUTH",
    ]
    with pytest.raises(DataError, match="columns policy, order_quantity are missing"):
        write_policy_upload(policies.drop(columns=["policy", "order_quantity"]), tmp_path)
    assert list(tmp_path.iterdir()) == []
