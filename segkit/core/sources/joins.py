"""Bring columns of a second file to the rows of the first, by keys; rows are never added or lost."""

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, SettingsError, in_rows, list_problems, nearest_name
from segkit.core.source_settings import Join
from segkit.core.sources.cells import clean_text

_DENSE = 1 << 26


def join_columns(rows: pd.DataFrame, other: pd.DataFrame, join: Join, where: str) -> pd.DataFrame:
    """Return the rows with the columns that the other frame brings; missing where it has no such key.

    Parameters
    ----------
    rows : DataFrame
        Rows to keep, all of them, in their order.
    other : DataFrame
        One row per key.
    join : Join
        Which columns are the key, and which come along.
    where : str
        Place in segkit.toml, for messages.

    Returns
    -------
    DataFrame
        As many rows as ``rows``; brought text is ``category``.

    Raises
    ------
    SettingsError
        A column that the join names is not there.
    DataError
        The other frame repeats a key.

    Examples
    --------
    >>> rows, other = pd.DataFrame({"item": ["a", "b", "a"]}), pd.DataFrame({"id": ["a"], "price": [2.5]})
    >>> join_columns(rows, other, Join(on={"item": "id"}, bring=["price"]), "joins.prices")["price"].tolist()
    [2.5, nan, 2.5]
    """
    _require(rows, other, join, where)
    left, right, size = _key_codes(rows, other, join.on)
    known = right >= 0
    twice = known & pd.Series(right).duplicated().to_numpy()
    if twice.any():
        keys = other[list(join.on.values())].iloc[np.flatnonzero(twice)[:3]]
        first = "; ".join(", ".join(map(str, values)) for values in keys.itertuples(index=False))
        key, count = ", ".join(join.on.values()), in_rows(int(twice.sum()))
        raise DataError(f"{where}: key ({key}) repeats {count}, first: {first}\nEach key may stand once.")
    places = _look_up(left, right, size)
    return rows.assign(**{name: _taken(other[name], places) for name in join.bring})


def _require(rows: pd.DataFrame, other: pd.DataFrame, join: Join, where: str) -> None:
    here = [(name, list(rows.columns), "the rows have") for name in join.on]
    there = [(name, list(other.columns), "the file has") for name in [*join.on.values(), *join.bring]]
    problems = [
        f"{who} no column {name}{nearest_name(name, names)}" for name, names, who in here + there if name not in names
    ]
    if problems:
        raise SettingsError(list_problems(where, problems))


def _key_codes(rows: pd.DataFrame, other: pd.DataFrame, on: dict[str, str]) -> tuple[np.ndarray, np.ndarray, int]:
    """Return one integer per key on either side, -1 where a part is missing or unknown to the other side."""
    digits, size = [], 1
    for here, there in on.items():
        right_codes, right_texts = _coded(other[there])
        left_codes, left_texts = _coded(rows[here])
        words = pd.Index(right_texts.dropna().unique())
        sides = ((left_codes, words.get_indexer(left_texts)), (right_codes, words.get_indexer(right_texts)))
        digits.append((*sides, len(words)))
        size *= max(len(words), 1)
    kind = np.min_scalar_type(-size - 1) if size < 2**31 else np.dtype("int64")
    left, right = np.zeros(len(rows), dtype=kind), np.zeros(len(other), dtype=kind)
    for own, others, count in digits:
        _add_digit(left, *own, count)
        _add_digit(right, *others, count)
    return left, right, size


def _coded(cells: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Return codes (-1 = missing) and the text of each code; each distinct cell is read once."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), clean_text(cells.cat.categories.to_series())
    codes, distinct = pd.factorize(cells)
    return codes, clean_text(pd.Series(distinct))


def _add_digit(codes: np.ndarray, cells: np.ndarray, digit: np.ndarray, count: int) -> None:
    """Add one place to codes, in place: the digit of each cell's code; a code that is -1 stays so."""
    known = bool(len(codes)) and codes.min() >= 0 and digit.min(initial=0) >= 0 and cells.min() >= 0
    each = np.append(digit, -1).astype(codes.dtype)[cells]
    codes *= count
    codes += each
    if not known:
        codes[each < 0] = -1
        np.maximum(codes, -1, out=codes)


def _look_up(left: np.ndarray, right: np.ndarray, size: int) -> np.ndarray:
    """Return for each row the place of its key in the other frame, or -1."""
    if size > max(_DENSE, 4 * len(left)):
        return pd.Index(np.where(right < 0, -2 - np.arange(len(right)), right)).get_indexer(pd.Index(left))
    table = np.full(size + 1, -1, dtype="int32")
    table[right[right >= 0]] = np.flatnonzero(right >= 0)
    return table[left]


def _taken(cells: pd.Series, places: np.ndarray) -> pd.Series:
    """Return the cells at these places, missing at -1."""
    if pd.api.types.is_bool_dtype(cells):
        cells = cells.astype("boolean")
    elif pd.api.types.is_integer_dtype(cells):
        cells = cells.astype("Int64")
    elif not pd.api.types.is_float_dtype(cells):
        cells = cells.astype("category")
    return pd.Series(cells.array.take(places, allow_fill=True))
