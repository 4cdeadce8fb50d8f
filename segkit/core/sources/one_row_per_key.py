"""Master tables out of files that repeat them: one row per key, with the most frequent value of every column."""

import numpy as np
import pandas as pd

from segkit.core.columns import TableSpec
from segkit.core.tables import Note, row_codes


def keep_one_row_per_key(frame: pd.DataFrame, spec: TableSpec) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return one row per key, sorted by it, and what was merged.

    Parameters
    ----------
    frame : DataFrame
        Rows of a table with repeated keys.
    spec : TableSpec
        The table.

    Returns
    -------
    frame : DataFrame
        In every column the most frequent filled value of the key's rows; of equally frequent ones the smallest.
    notes : tuple of Note
        How many rows went into it, which columns differed, and rows without a key.

    Examples
    --------
    >>> from segkit.core.columns import nomenclature
    >>> rows = pd.DataFrame({"item_id": ["b", "a", "b", "b"], "category": ["x", "y", "z", "z"]})
    >>> keep_one_row_per_key(rows, nomenclature()["items"])[0].values.tolist()
    [['a', 'y'], ['b', 'z']]
    """
    key = [name for name in spec.key if name in frame]
    keyed = frame[frame[key].notna().all(axis=1)]
    codes, first, places = np.unique(row_codes(keyed, key)[0], return_index=True, return_inverse=True)
    merged = keyed[key].iloc[first].reset_index(drop=True)
    notes = [Note(f"rows merged into one per {', '.join(key)}", len(keyed) - len(codes), float("nan"))]
    if len(keyed) < len(frame):
        notes.append(Note(f"{', '.join(key)} missing, rows give nothing", len(frame) - len(keyed), float("nan")))
    for name in frame.columns.difference(key, sort=False):
        merged[name], differ = _most_frequent(places, keyed[name], len(codes))
        if differ:
            notes.append(
                Note(f"{name} differs within {differ:,} keys, the most frequent is used", differ, float("nan"))
            )
    return merged[list(frame.columns)].sort_values(key, ignore_index=True), tuple(notes)


def _most_frequent(places: np.ndarray, cells: pd.Series, keys: int) -> tuple[pd.Series, int]:
    """Return the most frequent filled cell of each key, and how many keys have more than one."""
    filled = cells.notna().to_numpy()
    values, words = pd.factorize(cells[filled], sort=True)
    count = max(len(words), 1)
    pairs, times = np.unique(places[filled] * count + values, return_counts=True)
    best = np.lexsort((pairs, -times, pairs // count))
    leaders, first, held = np.unique(pairs[best] // count, return_index=True, return_counts=True)
    taken = np.full(keys, -1)
    taken[leaders] = pairs[best][first] % count
    spread = pd.Series(words).astype(cells.dtype).array.take(taken, allow_fill=True)
    return pd.Series(spread), int((held > 1).sum())
