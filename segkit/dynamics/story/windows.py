"""Which windows of the segments are full, so that two of them can be compared."""

import pandas as pd

_GRACE = pd.Timedelta(days=7)  # who first sold on the third of a month was there from the first on


def full_from(lines: pd.DataFrame, months: int) -> pd.Timestamp:
    """Return the first day on which the data fill a window.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    months : int
        Length of the window [months].

    Returns
    -------
    Timestamp
        May lie after the last day known. Data that begin up to a week after the window do fill it; without lines
        every window counts as full.

    Examples
    --------
    >>> str(full_from(pd.DataFrame({"order_date": pd.to_datetime(["2024-01-02"])}), 12).date())
    '2024-12-25'
    """
    first = lines["order_date"].min()
    return pd.Timestamp.min if pd.isna(first) else first - _GRACE + pd.DateOffset(months=months) - pd.Timedelta(days=1)


def months_before(day: pd.Timestamp, months: int) -> pd.Timestamp:
    """Return the first day of the last so many months up to a day.

    Examples
    --------
    >>> str(months_before(pd.Timestamp("2025-12-31"), 12).date())
    '2025-01-01'
    """
    return day + pd.Timedelta(days=1) - pd.DateOffset(months=months)
