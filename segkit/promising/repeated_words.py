"""Columns of words that repeat, as categoricals: a word is kept once, however many lines have it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from segkit.core.blocks import blocks
from segkit.core.columns import column_dtype


def repeated_words(words: Sequence[str] | ExtensionArray, which: np.ndarray) -> pd.Categorical:
    """Return a column of words: the word of each number, -1 being the last word.

    Parameters
    ----------
    words : sequence of str
        May hold a word twice.
    which : ndarray of whole numbers
        The place of a word, shape (rows,).

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
