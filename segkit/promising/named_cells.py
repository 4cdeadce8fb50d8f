"""Columns of words that repeat, written from their numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray


def named_cells(words: Sequence[str], which: np.ndarray) -> ExtensionArray:
    """Return a column of text: the word of each number, -1 being the last word.

    Examples
    --------
    >>> named_cells(("gold", "web", ""), np.array([1, 0, -1])).tolist()
    ['web', 'gold', '']
    """
    return pd.array(list(words), dtype="str").take(np.where(which < 0, len(words) - 1, which))
