"""Whether rows of a long table differ, told by hashes of their keys."""

import numpy as np
import pandas as pd
import pyarrow as pa

_LONG = 100_000  # rows from which hashes are worth it


def surely_differ(frame: pd.DataFrame, key: list[str]) -> bool:
    """Return whether the rows of a long table differ for certain, by hashes of a key that is text.

    Parameters
    ----------
    frame : DataFrame
        Any table; short ones, and keys that are not text, are not judged.
    key : list of str
        Columns.

    Returns
    -------
    bool
        True: no two rows have the same key. False: it is not known.

    Examples
    --------
    >>> surely_differ(pd.DataFrame({"order_id": ["A", "B"]}), ["order_id"])
    False
    """
    if len(frame) < _LONG or not all(frame[name].dtype == "str" for name in key):
        return False
    from segkit.formulas.text_hashes import hash_texts

    hashes = np.zeros(len(frame), dtype=np.uint64)
    for name in key:
        cells = pa.array(frame[name], pa.large_string())
        cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        _, places, letters = cells.buffers()
        begin = np.frombuffer(places, dtype=np.int64)[cells.offset : cells.offset + len(cells) + 1]
        text = np.frombuffer(letters, dtype=np.uint8) if letters is not None else np.zeros(0, dtype=np.uint8)
        hash_texts(begin, text, frame[name].notna().to_numpy(dtype=bool), hashes)
    hashes.sort()
    return not bool((hashes[1:] == hashes[:-1]).any())
