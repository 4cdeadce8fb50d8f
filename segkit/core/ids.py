"""Ids of any kind as text: 3, 3.0 and "3" are one id."""

from decimal import Decimal

import numpy as np
import pandas as pd

_PLAIN_KINDS = ("string", "integer", "boolean", "empty")  # text and whole numbers, which need no other writing
_POINTED, _MOST_WHOLE = (float, np.floating, Decimal), 2**53


def id_texts(cells: pd.Series) -> pd.Series:
    """Return ids as text, blank ones missing; whole numbers are written without a point, each for itself.

    Examples
    --------
    >>> id_texts(pd.Series([7.0, None, 7.5])).tolist()
    ['7', nan, '7.5']
    """
    if isinstance(cells.dtype, pd.CategoricalDtype):
        code, words = cells.cat.codes.to_numpy(), id_texts(cells.cat.categories.to_series()).tolist()
    elif cells.dtype.kind == "f":
        code, values = pd.factorize(cells)
        words = [id_text(value) for value in np.asarray(values)]
    elif cells.dtype == object and pd.api.types.infer_dtype(cells, skipna=True) not in _PLAIN_KINDS:
        code, words = np.arange(len(cells)), [None if pd.isna(cell) else id_text(cell) for cell in cells]
    else:
        return cells.astype("str")
    texts = pd.array(words, dtype="str").take(code, allow_fill=True)
    return pd.Series(texts, index=cells.index, name=cells.name)


def id_text(value: object) -> str:
    """Return one id as text, as `id_texts` writes it; from 2**53 numbers with a point no longer tell every whole one.

    Examples
    --------
    >>> id_text(7.0), id_text(7), id_text("7"), id_text(1e20)
    ('7', '7', '7', '1e+20')
    """
    if isinstance(value, _POINTED) and abs(float(value)) < _MOST_WHOLE and value % 1 == 0:
        return str(int(value))
    return str(value)
