"""Rows that hold from a first to a last day: which hold on a day, and which overlap."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

_EVER = pd.Timestamp("1900-01-01")


def first_days(table: pd.DataFrame) -> pd.Series:
    """Return the first day of every row: valid_from, and the beginning of time where it is blank or not there.

    Examples
    --------
    >>> first_days(pd.DataFrame({"valid_to": pd.to_datetime(["2025-12-31"])})).tolist()
    [Timestamp('1900-01-01 00:00:00')]
    """
    if "valid_from" not in table:
        return pd.Series(_EVER, index=table.index)
    return table["valid_from"].fillna(_EVER)


def holds_on(table: pd.DataFrame, day: date) -> np.ndarray:
    """Return which rows hold on a day: from valid_from (blank = always) to valid_to, both included.

    Examples
    --------
    >>> holds_on(pd.DataFrame({"valid_to": pd.to_datetime(["2025-12-31", "2025-12-30"])}), date(2025, 12, 31))
    array([ True, False])
    """
    at = pd.Timestamp(day)
    return ((first_days(table) <= at) & (table["valid_to"] >= at)).to_numpy(dtype=bool)


def overlapping(table: pd.DataFrame, things: Sequence[str]) -> pd.Series:
    """Return which rows begin before an earlier one of the same thing has ended.

    Parameters
    ----------
    table : DataFrame
        ``things``, valid_to and perhaps valid_from.
    things : sequence of str
        Columns that name the thing; missing cells are equal to each other.

    Returns
    -------
    Series of bool
        With the index of ``table``.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-06-30", "2025-12-31"])
    >>> overlapping(pd.DataFrame({"item_id": ["a", "a"], "valid_to": days}), ["item_id"]).tolist()
    [False, True]
    """
    order = [*things, "begin", "valid_to"]
    dated = table.assign(begin=first_days(table)).sort_values(order, kind="stable")
    groups = dated["valid_to"].groupby([dated[name] for name in things], dropna=False)
    latest = groups.cummax()
    before = latest.groupby([dated[name] for name in things], dropna=False).shift()
    return (dated["begin"] <= before).reindex(table.index)
