"""Which series and period every row of a long table is of."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_TOGETHER = 4  # rows of a value in turn, on average, from which they do
_ROOM = 8  # days, or pairs of keys, per row: more are sorted and not looked up
_SMALL = 1_000  # rows


def number_series(history: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    """Return the series of every row, and their keys, sorted."""
    columns = [_numbered(history[name]) for name in names]
    parts = np.zeros(len(history) + 1, dtype=bool)
    for column in columns:
        parts[column.ends] = True
    ends = np.flatnonzero(parts)  # of runs that are alike in all of them
    code, levels = np.zeros(len(ends), dtype="int64"), []
    for column in columns:
        place, ids = pd.factorize(pd.Index(column.values).astype("str"), sort=True)
        code = code * max(len(ids), 1) + place[column.number[np.searchsorted(column.ends, ends)]]
        levels.append(ids)
    sizes = [max(len(ids), 1) for ids in levels]
    if np.prod(sizes) <= _ROOM * max(len(history), _SMALL):
        there = np.zeros(int(np.prod(sizes)), dtype=bool)
        there[code] = True
        found = np.flatnonzero(there)
        series = (np.cumsum(there) - 1)[code]
    else:
        found, series = np.unique(code, return_inverse=True)
    places = np.unravel_index(found, sizes)
    pairs = zip(names, levels, places, strict=True)
    keys = {name: pd.Series(pd.Index(ids).take(place), dtype="str") for name, ids, place in pairs}
    return np.repeat(series, np.diff(ends, prepend=0)), pd.DataFrame(keys)


def number_days(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the days that are named somewhere, rising, and the place of each row's day among all from the first on."""
    first = days.min()
    place = days - first
    if place.max() > _ROOM * max(len(days), _SMALL):
        return np.unique(days), place
    there = np.zeros(int(place.max()) + 1, dtype=bool)
    there[place] = True
    return np.flatnonzero(there) + first, place


@dataclass(frozen=True)
class _Numbered:
    """A column as runs of equal values: where each ends, the number of its value, and the values."""

    ends: np.ndarray
    number: np.ndarray
    values: pd.Index


def _numbered(column: pd.Series) -> _Numbered:
    """Return a number for each value of a column; of texts that stand together each run is looked up once."""
    if isinstance(column.dtype, pd.StringDtype) and column.dtype.storage == "pyarrow":
        texts = pa.array(column)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        others = pc.indices_nonzero(pc.not_equal(texts[1:], texts[:-1]))
        ends = np.append(others.to_numpy().astype(np.int64), len(texts) - 1) + 1
        if _TOGETHER * len(ends) <= len(texts):
            found = texts.take(pa.array(ends - 1)).dictionary_encode()
            return _Numbered(ends, found.indices.to_numpy(), pd.Index(found.dictionary.to_pandas()))
    number, values = pd.factorize(column)
    return _Numbered(np.arange(1, len(column) + 1), number, pd.Index(values))
