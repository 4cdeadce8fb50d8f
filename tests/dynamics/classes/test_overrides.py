"""Classes that a person set: when they hold, what follows from them, and what cannot be."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segkit.core.columns import empty_table
from segkit.core.errors import DataError
from segkit.dynamics.classes.overrides import apply_overrides, note_overrides, require_overrides

DAY = date(2025, 12, 31)
LABELS = ("A", "B", "C")
HELD = {"labels": LABELS, "as_of": DAY}


def set_by_a_person(*rows):
    """Return class_overrides from (entity, id, class, valid_from, valid_to)."""
    columns = ["entity", "entity_id", "abc", "valid_from", "valid_to"]
    made = pd.DataFrame(rows, columns=columns).assign(reason="contract until spring")
    kinds = empty_table("class_overrides").dtypes
    return made[list(kinds.index)].astype(kinds.to_dict()).sample(frac=1, random_state=1)


@pytest.fixture
def segments():
    table = empty_table("item_segments").reindex(range(3))
    table["item_id"] = pd.Series(["SKU-0042", "SKU-0007", "SKU-0001"], dtype="str")
    table["abc"] = table["abc_by_data"] = pd.Series(["C", "A", ""], dtype="str")
    table["xyz"] = pd.Series(["Z", "X", "Y"], dtype="str")
    table["class_source"], table["segment"] = "data", table["abc"] + table["xyz"]
    table["reason"] = pd.Series(["", "", "net_margin unknown"], dtype="str")
    return table.astype({"class_source": "str"})


def test_an_override_wins_and_says_who_and_until_when(segments):
    rows = set_by_a_person(
        ("item", "SKU-0042", "A", "2025-10-01", "2026-03-31"), ("item", "SKU-0001", "B", None, "2025-12-31")
    )
    table = apply_overrides(segments, rows, **HELD).set_index("item_id")
    assert table["segment"].to_dict() == {"SKU-0042": "AZ", "SKU-0007": "AX", "SKU-0001": "BY"}
    assert table["class_source"].tolist() == ["override", "data", "override"]
    assert table["abc_by_data"].tolist() == ["C", "A", ""]
    assert table.loc["SKU-0042", "reason"] == "set by a person until 2026-03-31: contract until spring"
    assert table.loc["SKU-0001", "reason"].endswith("contract until spring; net_margin unknown")


@pytest.mark.parametrize(
    ("first", "last", "held"),
    [
        (None, "2025-12-31", True),
        (None, "2025-12-30", False),
        ("2025-12-31", "2026-01-31", True),
        ("2026-01-01", "2026-01-31", False),
    ],
)
def test_an_override_holds_from_its_first_to_its_last_day(segments, first, last, held):
    table = apply_overrides(segments, set_by_a_person(("item", "SKU-0042", "A", first, last)), **HELD)
    assert (table["class_source"] == "override").any() == held


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=6), st.integers(0, 90))
def test_spans_either_overlap_or_one_at_most_holds_on_any_day(spans, day):
    begin = pd.Timestamp("2025-01-01")
    rows = [
        ("item", "SKU-0042", "A", begin + pd.Timedelta(days=first), begin + pd.Timedelta(days=first + length))
        for first, length in spans
    ]
    table = set_by_a_person(*rows)
    taken = np.zeros(100, dtype=int)
    for first, length in spans:
        taken[first : first + length + 1] += 1
    if (taken > 1).any():
        with pytest.raises(DataError, match="overlap"):
            require_overrides(table, labels=LABELS)
    else:
        require_overrides(table, labels=LABELS)
        noted = note_overrides(
            table, [pd.DataFrame({"item_id": ["SKU-0042"]})], as_of=(begin + pd.Timedelta(days=day)).date()
        )
        held = noted.loc[noted["reason"] == "set by a person", "rows"].sum()
        assert held == (taken[day] if day < 100 else 0)


def test_other_things_and_neighbouring_spans_do_not_overlap():
    require_overrides(
        set_by_a_person(
            ("item", "X1", "A", None, "2025-03-31"),
            ("item", "X1", "B", "2025-04-01", "2025-06-30"),
            ("customer", "X1", "L", None, "2025-12-31"),
        ),
        labels=LABELS,
    )


def test_everything_wrong_is_told_at_once():
    rows = set_by_a_person(
        ("item", "SKU-0042", "a", None, "2026-03-31"),
        ("item", "SKU-0007", "B", "2026-01-01", "2025-03-31"),
        ("customer", "CUST-1", "A", None, "2026-03-31"),
        ("customer", "CUST-1", "B", "2026-03-31", "2026-06-30"),
    )
    rows.loc[rows["entity_id"] == "SKU-0007", "reason"] = " "
    with pytest.raises(DataError) as caught:
        require_overrides(rows, labels=LABELS)
    said = str(caught.value)
    assert "in 4 ways" in said
    assert "class a is none of A, B, C, L in 1 row, first: item SKU-0042 as a until 2026-03-31" in said
    assert "valid_to is before valid_from in 1 row" in said
    assert "no reason is given in 1 row" in said
    assert "overlap another override of the same thing in 1 row, first: customer CUST-1 as B" in said


def test_expired_future_and_unknown_ones_are_noted():
    rows = set_by_a_person(
        ("item", "SKU-0042", "A", None, "2026-03-31"),
        ("item", "SKU-0001", "A", None, "2025-03-31"),
        ("customer", "CUST-1", "A", "2026-02-01", "2026-03-31"),
        ("customer", "SKU-0042", "A", None, "2026-03-31"),
    )
    lines = pd.DataFrame({"item_id": ["SKU-0042"], "customer_id": ["CUST-1"]})
    known = [lines, pd.DataFrame({"item_id": ["SKU-0001"]})]
    noted = note_overrides(rows, known, as_of=DAY).set_index("reason")
    assert noted["rows"].to_dict() == {
        "set by a person": 1, "expired": 1, "not yet begun": 1, "of ids that the data do not know": 1,
    }  # fmt: skip
    assert noted.loc["of ids that the data do not know", "first"] == "customer SKU-0042 as A until 2026-03-31"
    assert note_overrides(rows.head(0), known, as_of=DAY).empty


def test_the_plan_follows_overrides_and_checks_them_first(small_company, write_workspace):
    import segkit as sk
    from segkit.prepare import check_workspace

    plan = sk.open_plan(write_workspace(small_company))
    by_data = plan.item_segments.set_index("item_id")["abc"]
    item = by_data.index[0]
    label = "C" if by_data[item] != "C" else "A"
    rows = pd.DataFrame(
        [
            {
                "entity": "item",
                "entity_id": item,
                "abc": label,
                "reason": "spare part of all",
                "valid_to": "2099-12-31",
            },
            {"entity": "customer", "entity_id": "CUST-9", "abc": "A", "reason": "typo", "valid_to": "2099-12-31"},
        ]
    )
    folder = write_workspace({**small_company, "class_overrides": rows})
    changed = sk.open_plan(folder)
    row = changed.item_segments.set_index("item_id").loc[item]
    assert [row["abc"], row["abc_by_data"], row["class_source"]] == [label, by_data[item], "override"]
    assert row["segment"].startswith(label)
    noted = changed.data_quality.query("source_table == 'class_overrides' and action == 'noted'")
    assert set(noted["reason"]) == {"set by a person", "of ids that the data do not know"}
    assert "class_overrides: 2 rows" in check_workspace(folder)
    write_workspace({**small_company, "class_overrides": rows.assign(abc="Q")})
    with pytest.raises(DataError, match="class Q is none of A, B, C, L in 2 rows"):
        check_workspace(folder)
