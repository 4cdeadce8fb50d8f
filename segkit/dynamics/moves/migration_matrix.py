"""From which value class to which the members went between two days."""

import pandas as pd

from segkit.core.columns import empty_table, nomenclature

NONE = "none"
_KEY = ["entity", "entity_id"]


def count_migration(segment_history: pd.DataFrame, *, months: int = 12) -> pd.DataFrame:
    """Return ``migration_matrix``: how many members of each class went to which class, and their change in money.

    Parameters
    ----------
    segment_history : DataFrame
        Table of that name.
    months : int
        The last month of the history is compared with the one so many months before, by default a year, so that
        windows of 12 months do not overlap; with the first month where the history is shorter. [months]

    Returns
    -------
    DataFrame
        One row per pair of classes that occurs; the class is ``none`` for those who were not there yet, are no longer
        there, or have no class. share is that of the members of from_class. Empty with a single month.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-31", "2025-02-28"])
    >>> history = pd.DataFrame({"entity": "item", "entity_id": "SKU-1", "known_on": days, "abc": ["A", "B"],
    ...                         "measure_value": [9.0, 4.0]})
    >>> count_migration(history)[["from_class", "to_class", "members", "change"]].to_numpy().tolist()
    [['A', 'B', 1, -5.0]]
    """
    if segment_history["known_on"].nunique() < 2:
        return empty_table("migration_matrix")
    last = segment_history["known_on"].max()
    earlier = segment_history["known_on"].drop_duplicates()
    first = earlier[earlier <= _months_before(last, months)].max()
    first = earlier.min() if pd.isna(first) else first
    begin, end = (_at(segment_history, day, name) for day, name in ((first, "from"), (last, "to")))
    both = begin.merge(end, on=_KEY, how="outer")
    both = both.fillna({"from_class": NONE, "to_class": NONE, "from_value": 0.0, "to_value": 0.0})
    both = both[((both["from_class"] != NONE) | (both["to_class"] != NONE)).to_numpy(dtype=bool)]
    both["change"] = both["to_value"] - both["from_value"]
    cells = both.groupby(["entity", "from_class", "to_class"], as_index=False).agg(
        members=("entity_id", "size"), change=("change", "sum")
    )
    cells["share"] = cells["members"] / cells.groupby(["entity", "from_class"])["members"].transform("sum")
    cells = cells.assign(from_end=first, to_end=last)
    empty = empty_table("migration_matrix").dtypes.to_dict()
    return cells[list(nomenclature()["migration_matrix"].columns)].astype(empty)


def _months_before(day: pd.Timestamp, months: int) -> pd.Timestamp:
    """Return the last day of a window that ends before the window of so many months up to a day begins."""
    return day + pd.Timedelta(days=1) - pd.DateOffset(months=months) - pd.Timedelta(days=1)


def _at(history: pd.DataFrame, day: pd.Timestamp, name: str) -> pd.DataFrame:
    """Return class and value of the members that have a class on a day."""
    there = ((history["known_on"] == day) & (history["abc"] != "")).to_numpy(dtype=bool)
    names = {"abc": f"{name}_class", "measure_value": f"{name}_value"}
    return history.loc[there, [*_KEY, *names]].rename(columns=names)
