"""Columns of words that repeat, written from their numbers: as texts, or as categoricals that keep each word once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray

from segkit.core.blocks import blocks
from segkit.core.columns import column_dtype


def texts_of_words(words: Sequence[str] | ExtensionArray, which: np.ndarray) -> ExtensionArray:
    """Return a column of texts: the word of each number, -1 being the last word.

    Parameters
    ----------
    words : sequence of str
        May hold a word twice.
    which : ndarray of whole numbers
        The place of a word, shape (rows,).

    Returns
    -------
    ExtensionArray
        Of dtype str, in one piece: it is filled block by block, so that writing it takes no memory beside its own.

    Examples
    --------
    >>> texts_of_words(("gold", "web", ""), np.array([1, 0, -1])).tolist()
    ['web', 'gold', '']
    """
    told = pa.array(pd.array(words, dtype="str"), pa.large_string())
    length = np.diff(_offsets(told)) if len(told) else np.zeros(1, dtype=np.int64)
    end = np.zeros(len(which) + 1, dtype=np.int64)
    for part in blocks(len(which)):
        own = end[1:][part]
        np.cumsum(length[which[part]], out=own)
        own += end[part.start]
    text = np.empty(int(end[-1]), dtype=np.uint8)
    for part in blocks(len(which)):
        some = told.take(pa.array(np.where(which[part] < 0, len(told) + which[part], which[part])))
        start, stop = end[part.start], end[part.stop]
        text[start:stop] = np.frombuffer(some.buffers()[2] or b"", np.uint8)[: stop - start]
    made = pa.LargeStringArray.from_buffers(len(which), pa.py_buffer(end), pa.py_buffer(text))
    return pd.array(made, dtype="str")


def _offsets(texts: pa.Array) -> np.ndarray:
    """Return where each text begins, and where the last ends."""
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]


def repeated_words(words: Sequence[str] | ExtensionArray, which: np.ndarray) -> pd.Categorical:
    """Return a column of words: the word of each number, -1 being the last word.

    Parameters
    ----------
    words, which
        As of `texts_of_words`.

    Returns
    -------
    Categorical
        Its categories are the words that are used, in their order as text.

    Examples
    --------
    >>> repeated_words(("gold", "web", "never", ""), np.array([1, 0, -1])).tolist()
    ['web', 'gold', '']
    """
    used = np.zeros(len(words), dtype=bool)
    for part in blocks(len(which)):
        used[which[part]] = True
    code, names = pd.factorize(pd.array(words, dtype="str")[used], sort=True)
    number = np.zeros(len(words), dtype=np.min_scalar_type(-max(len(names), 1)))
    number[used] = code
    codes = np.empty(len(which), dtype=number.dtype)
    for part in blocks(len(which)):
        codes[part] = number[which[part]]
    return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype="str"), validate=False)


def as_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose categoricals are texts, as tables of a plan have them.

    Examples
    --------
    >>> as_texts(pd.DataFrame({"quota": pd.Categorical(["gold"])}))["quota"].dtype
    <StringDtype(na_value=nan)>
    """
    coded = [name for name, kind in table.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    return table.astype({name: column_dtype(str(name)) for name in coded})
