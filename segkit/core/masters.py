"""Attributes of ids from a master table; what the master does not know is missing."""

import numpy as np
import pandas as pd

from segkit.core.columns import column_dtype


def look_up(ids: pd.Series, master: pd.DataFrame, column: str) -> pd.Series:
    """Return the master's value of ``column`` for each id.

    Parameters
    ----------
    ids : Series
        Ids, named like the master's key (``item_id``, ``customer_id``, …).
    master : DataFrame
        Table with unique keys; it may lack the column.
    column : str
        A column of the nomenclature.

    Returns
    -------
    Series
        Same index as ``ids``, in the column's type; missing where the master has no row or no value.

    Examples
    --------
    >>> items = pd.DataFrame({"item_id": ["SKU-1"], "unit_cost": [2.5]})
    >>> look_up(pd.Series(["SKU-1", "SKU-2"], name="item_id"), items, "unit_cost").tolist()
    [2.5, nan]
    """
    if column not in master or master.empty:
        return pd.Series(None, index=ids.index, dtype=column_dtype(column), name=column)
    known = pd.Series(master[column].array, index=pd.Index(master[ids.name].array))
    return pd.Series(known.reindex(ids.array).array, index=ids.index, name=column)


def are_among(ids: pd.Series | pd.Index, others: pd.Series | pd.Index) -> np.ndarray:
    """Return which ids occur among others; as ``isin``, but quick where the others are many or the ids categories.

    Examples
    --------
    >>> are_among(pd.Series(["a", "b"]), pd.Series(["b", "c", "b"])).tolist()
    [False, True]
    """
    if isinstance(ids.dtype, pd.CategoricalDtype):
        names = pd.Series(ids).cat
        return np.append(are_among(names.categories, others), False)[names.codes.to_numpy()]  # no id has code -1
    return pd.Index(pd.unique(others)).get_indexer(pd.Index(ids)) >= 0


def as_text(cells: pd.Series) -> pd.Series:
    """Return cells as ``str``; as ``astype``, but quick where they are categories: each is written once.

    Examples
    --------
    >>> as_text(pd.Series(["a", "b", None, "a"], dtype="category")).tolist()
    ['a', 'b', nan, 'a']
    """
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.astype("str")
    words = pd.Series(cells.cat.categories, dtype="str").array
    text = words.take(cells.cat.codes.to_numpy(), allow_fill=True) if len(words) else [None] * len(cells)
    return pd.Series(text, index=cells.index, name=cells.name, dtype="str")


def text_or(table: pd.DataFrame, name: str, word: str) -> pd.Series:
    """Return a text column of a table, with a word where it is missing; of the word alone where there is none."""
    if name in table:
        return table[name].astype("str").fillna(word)
    return pd.Series(pd.array([word], dtype="str").take(np.zeros(len(table), dtype=int)), index=table.index)


def column_or_missing(table: pd.DataFrame, name: str, dtype: str = "float64") -> pd.Series:
    """Return a column of a table in a type; all missing where the table has no such column."""
    return table[name].astype(dtype) if name in table else pd.Series(None, index=table.index, dtype=dtype)
