"""Whether the order lines agree with the client's books, in one sentence."""

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.dynamics.story.headlines import tell_books


def books(**columns):
    scope = ["profit and loss of the month"] * 3 + ["items and lines of the window"]
    period = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-02-01", "2025-01-01"])
    frame = pd.DataFrame({"scope": scope, "period": period, "measure": ["revenue", "revenue", "cost", "revenue"]})
    return frame.assign(**{"theirs": 200.0, "difference": 0.0, "reason": "", **columns})


def test_without_books_nothing_is_said():
    assert tell_books(empty_table("reconciliation"), currency="EUR").empty
    assert tell_books(books().tail(1), currency="EUR").empty


def test_books_that_agree():
    assert (
        tell_books(books(), currency="EUR")["sentence"].item() == "All 3 lines of the books agree with the order lines."
    )


def test_the_largest_difference_is_named():
    table = books(difference=[0.0, -50.0, 10.0, 99.0], reason=["", "x", "x", "x"])
    row = tell_books(table, currency="EUR").iloc[0]
    assert row["sentence"] == (
        "2 of 3 lines of the books differ from the order lines, most revenue of 2025-02: the lines are EUR 50 (25.0%) "
        "below the books."
    )
    assert row["value"] == pytest.approx(0.25)


def test_a_month_without_order_lines_lacks_all_of_it():
    table = books(difference=[None, 0.0, 0.0, 0.0], reason=["no order lines in the month", "", "", ""])
    assert "EUR 200 (100.0%) below the books" in tell_books(table, currency="EUR")["sentence"].item()
