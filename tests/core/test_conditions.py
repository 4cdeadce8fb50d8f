"""Conditions of segkit.toml choose the rows that a pandas mask chooses, and reach nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.conditions import rows_that_meet
from segkit.core.errors import SettingsError

TABLE = pd.DataFrame(
    {
        "item_id": ["SKU-0042", "SKU-0007", "SKU-0001", "SKU-0009"],
        "abc": ["A", "L", None, "B"],
        "revenue": [500.0, -3.0, np.nan, 70.0],
        "lines": pd.array([5, None, 3, 9], dtype="Int64"),
        "last_order_date": pd.to_datetime(["2025-01-01", "2024-03-01", None, "2025-06-30"]),
        "is_seasonal": [True, False, False, True],
    }
)


def met(text, table=TABLE):
    return rows_that_meet(table, {"rules.one.where": text})["rules.one.where"]


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("revenue > 60", TABLE["revenue"] > 60),
        ("ABC = 'A' OR abc = 'L'", TABLE["abc"].isin(["A", "L"])),
        ("NOT revenue > 60", ~(TABLE["revenue"] > 60) & TABLE["revenue"].notna()),
        ("lines >= 5 AND is_seasonal", (TABLE["lines"] >= 5).fillna(False) & TABLE["is_seasonal"]),
        ("last_order_date < DATE '2025-01-01'", TABLE["last_order_date"] < "2025-01-01"),
        ("item_id LIKE 'SKU-000%'", TABLE["item_id"].str.startswith("SKU-000")),
        ("revenue IS NULL", TABLE["revenue"].isna()),
        ("abc IN ('A', 'B') -- the best two", TABLE["abc"].isin(["A", "B"])),
    ],
)
def test_a_condition_chooses_what_a_mask_chooses(text, mask):
    assert met(text).tolist() == mask.tolist()


@given(st.permutations(range(4)), st.floats(-10, 600))
def test_rows_may_come_in_any_order_and_with_any_index(order, limit):
    shuffled = TABLE.iloc[list(order)].set_axis([9, 9, 4, 1])
    assert met(f"revenue > {limit!r}", shuffled).tolist() == (shuffled["revenue"] > limit).tolist()


def test_an_empty_table_and_no_conditions_are_fine():
    assert met("revenue > 1", TABLE.iloc[:0]).tolist() == []
    assert rows_that_meet(TABLE, {}) == {}


@pytest.mark.parametrize(
    "text",
    [
        "1; DROP TABLE x",
        "revenue > 3) FROM read_csv('/etc/passwd') --",
        "(SELECT count(*) FROM read_text('/etc/passwd')) > 0",
        "(SELECT count(*) FROM somewhere) > 0",
        "revenue > 1, abc = 'A'",
        "unnest([true, false])",
        "revenue",
        "max(revenue) > 3",
        "CAST(abc AS INTEGER) = 1",
        "",
    ],
)
def test_what_is_no_condition_over_these_rows_is_refused(text):
    with pytest.raises(SettingsError, match=r"rules\.one\.where"):
        met(text)


def test_every_wrong_condition_is_told_at_once_with_the_nearest_column():
    texts = {"rules.a.where": "revenu > 3", "rules.b.where": 'abc = "A"', "rules.c.where": "revenue > 1"}
    with pytest.raises(SettingsError) as caught:
        rows_that_meet(TABLE, texts)
    said = str(caught.value)
    assert "revenu is no column; did you mean revenue?" in said
    assert "rules.b.where" in said
    assert "rules.c.where" not in said
