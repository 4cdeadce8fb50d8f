"""Amounts a year are told with the months whose demand rate they rest on."""

from datetime import date

import pandas as pd
import pytest

from segkit.core.columns import empty_table
from segkit.inventory.policies.rate_words import tell_rate


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([3.0] * 19 + [80.0], "at the demand rate of January 2026"),
        ([3.0] * 8 + [80.0] * 2, "at the demand rate of January to March 2026"),
        ([30.0, 60.0], "at the demand rate of January to February 2026"),
        ([400.0], "at the demand rate of January 2026 to February 2027"),
        ([0.0], "at the demand rate of January 2026"),
    ],
)
def test_nine_of_ten_lead_times_and_reviews_lie_within_the_months(days, words):
    policies = pd.DataFrame({"lead_time_days": days, "review_days": 1.0})
    assert tell_rate(policies, date(2025, 12, 31)) == words


def test_without_policies_no_rate_is_told():
    assert tell_rate(empty_table("policies"), date(2025, 12, 31)) == ""
