"""Units of measure: every quantity in the item's base unit, the money of a line unchanged."""

import numpy as np
import pandas as pd
import pytest

from segkit.core.errors import DataError
from segkit.core.masters import look_up
from segkit.core.units import to_base_units

ITEMS = pd.DataFrame(
    {"item_id": ["SKU-0002", "SKU-0001", "SKU-0003"], "unit": ["kg", "each", None],
     "conversions": [None, "Case:12; pallet:480", "box:6"]}
)  # fmt: skip


def lines(*rows):
    frame = pd.DataFrame(rows, columns=["item_id", "quantity", "unit", "unit_price"])
    return frame.assign(unit_cost=frame["unit_price"] / 2).astype(
        {"item_id": "str", "unit": "str", "quantity": "float64"}
    )


@pytest.mark.parametrize(
    ("row", "quantity"),
    [
        (("SKU-0001", 2, "case", 24.0), 24),
        (("SKU-0001", -2, "CASE", 24.0), -24),
        (("SKU-0001", 1, "pallet", 480.0), 480),
        (("SKU-0001", 5, "each", 1.0), 5),
        (("SKU-0001", 5, "Each", 1.0), 5),
        (("SKU-0001", 5, None, 1.0), 5),
        (("SKU-0002", 3, "kg", 2.0), 3),
        (("SKU-0003", 2, "box", 6.0), 12),
        (("SKU-0003", 2, "each", 1.0), 2),
        (("SKU-0009", 2, "each", 1.0), 2),
    ],
)
def test_quantities_come_in_the_base_unit_and_money_stays(row, quantity):
    made = to_base_units(lines(row), ITEMS).iloc[0]
    assert made["quantity"] == quantity
    assert made["quantity"] * made["unit_price"] == pytest.approx(row[1] * row[3])
    assert made["quantity"] * made["unit_cost"] == pytest.approx(row[1] * row[3] / 2)


def test_every_unknown_unit_is_named_with_its_rows():
    bad = lines(
        ("SKU-0002", 1, "case", 1.0),
        ("SKU-0002", 1, "case", 1.0),
        ("SKU-0001", 1, "drum", 1.0),
        ("SKU-0001", 1, "case", 1.0),
    )
    with pytest.raises(DataError) as error:
        to_base_units(bad, ITEMS)
    for words in (
        "2 units of measure have no conversion, 3 rows",
        "SKU-0002 in 'case': 2 rows",
        "SKU-0001 in 'drum': 1 rows",
    ):
        assert words in str(error.value)


def test_an_item_without_base_unit_cannot_be_counted_in_several():
    with pytest.raises(DataError, match="SKU-0009"):
        to_base_units(lines(("SKU-0009", 2, "each", 1.0), ("SKU-0009", 2, "case", 12.0)), ITEMS)


@pytest.mark.parametrize("text", ["case=12", "case:twelve", "case:0", "case:-3"])
def test_conversions_that_cannot_be_read_are_an_error(text):
    items = pd.DataFrame({"item_id": ["SKU-0001"], "unit": ["each"], "conversions": [text]})
    with pytest.raises(DataError, match="Write it as case:12"):
        to_base_units(lines(("SKU-0001", 1, "case", 1.0)), items)


def test_lines_without_units_stay_as_they_are():
    plain = lines(("SKU-0001", 1, None, 1.0))
    for table in (plain, plain.drop(columns="unit")):
        pd.testing.assert_frame_equal(to_base_units(table, ITEMS), table)


def test_what_the_master_does_not_know_is_missing():
    ids = pd.Series(["SKU-0003", "SKU-0001", "SKU-0009"], index=[4, 2, 9], name="item_id")
    master = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0003"], "unit_cost": [1.5, np.nan]})
    found = look_up(ids, master, "unit_cost")
    assert found.index.tolist() == [4, 2, 9]
    assert found.tolist() == pytest.approx([np.nan, 1.5, np.nan], nan_ok=True)
    for column, kind in (("category", "str"), ("launch_date", "datetime64[us]")):
        assert look_up(ids, master, column).dtype == kind
        assert look_up(ids, master, column).isna().all()
    assert look_up(ids.astype("category"), master, "unit_cost").notna().tolist() == [False, True, False]
