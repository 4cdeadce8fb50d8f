"""Rows in an order that does not depend on the file they came from, and how the first of them are named."""

import numpy as np
import pandas as pd

_DATES = ("order_date", "period", "date", "ordered_date", "valid_from")
_IDS = ("order_id", "po_id", "line_id", "customer_id", "item_id", "location_id")
_FIGURES = ("quantity", "unit_price", "amount", "price", "on_hand", "rate")
_SHOWN = ("order_id", "po_id", "line_id", "customer_id", "item_id", "order_date", "period", "date", "ordered_date")


def first_offenders(frame: pd.DataFrame, most: int = 2) -> str:
    """Return the first rows by day and ids as text: what lets a person find them in the source.

    Examples
    --------
    >>> first_offenders(pd.DataFrame({"item_id": ["SKU-2", "SKU-1"], "quantity": [1.0, 1.0]}), most=1)
    "item_id='SKU-1'"
    """
    names = [name for name in _SHOWN if name in frame]
    rows = _first_rows(frame, most)[names]
    told = [
        ", ".join(f"{name}={_plain(value)}" for name, value in zip(names, row, strict=True) if not pd.isna(value))
        for row in rows.itertuples(index=False)
    ]
    return "; ".join(row for row in told if row)


def row_order(frame: pd.DataFrame) -> np.ndarray:
    """Return the places of the rows by day, then ids, then figures; what is missing comes last.

    Examples
    --------
    >>> row_order(pd.DataFrame({"item_id": ["b", "a"], "date": pd.to_datetime(["2025-01-02", "2025-01-02"])})).tolist()
    [1, 0]
    """
    keys = [_ranks(frame[name]) for name in (*_DATES, *_IDS, *_FIGURES) if name in frame]
    return np.lexsort(keys[::-1]) if keys else np.arange(len(frame))


def _first_rows(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    day = next((name for name in _DATES if name in frame), None)
    if day and len(frame) > most:
        earliest = frame[day].nsmallest(most)
        frame = frame[(frame[day] <= earliest.max()).to_numpy()] if len(earliest) == most else frame
    return frame.iloc[row_order(frame)[:most]]


def _ranks(cells: pd.Series) -> np.ndarray:
    """Return what sorts as the cells do, missing last."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        words = cells.cat.categories
        ranks = np.append(np.argsort(words.argsort()), len(words))
        return ranks[cells.cat.codes.to_numpy()]
    if isinstance(cells.dtype, pd.StringDtype) or cells.dtype == object:
        codes, words = pd.factorize(cells, sort=True)
        return np.where(codes < 0, len(words), codes)
    return cells.to_numpy()


def _plain(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else repr(value)
