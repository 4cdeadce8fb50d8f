"""At what demand rate figures a year are told: that of the lead times and reviews to come, not of a whole year."""

from datetime import date

import pandas as pd

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

_WITHIN = 0.9  # of the item-locations


def tell_rate(policies: pd.DataFrame, as_of: date) -> str:
    """Return at what demand rate policies tell amounts a year, in words; blank where there are no policies.

    Parameters
    ----------
    policies : DataFrame
        Table of that name: lead_time_days, review_days.
    as_of : date
        Last day known: lead times and reviews begin after it.

    Notes
    -----
    Each item-location counts at the rate of its own lead time and review; nine of ten lie within the months told.

    Examples
    --------
    >>> policies = pd.DataFrame({"lead_time_days": [40.0], "review_days": [7.0]})
    >>> tell_rate(policies, date(2025, 12, 31))
    'at the demand rate of January to February 2026'
    """
    days = (policies["lead_time_days"] + policies["review_days"]).quantile(_WITHIN)
    if pd.isna(days):
        return ""
    first = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    last = first + pd.Timedelta(days=max(float(days), 1.0) - 1.0)
    ends = [f"{_MONTHS[day.month - 1]} {day.year}" for day in (first, last)]
    if ends[0] == ends[1]:
        return f"at the demand rate of {ends[0]}"
    begin = _MONTHS[first.month - 1] if first.year == last.year else ends[0]
    return f"at the demand rate of {begin} to {ends[1]}"
