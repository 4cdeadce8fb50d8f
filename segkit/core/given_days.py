"""Days in tables that users give: each on its own calendar, without time zone; what is no day is told."""

from datetime import date

import numpy as np
import pandas as pd

DATES = (date, np.datetime64)


def no_dates(cells: pd.Series) -> np.ndarray:
    """Return which cells are something else where dates are wanted; blank cells are not."""
    if cells.dtype.kind == "M":
        return np.zeros(len(cells), dtype=bool)
    known = cells.notna().to_numpy()
    return known & ~np.array([isinstance(cell, DATES) for cell in cells], dtype=bool)


def read_dates(cells: pd.Series) -> pd.Series:
    """Return dates on their own calendar, without time zone; blank columns of any kind are blank dates."""
    if cells.dtype.kind != "M":
        cells = pd.to_datetime(cells, errors="coerce")
    if time_zones(cells) != {"None"}:
        cells = cells.dt.tz_localize(None)
    return cells.astype("datetime64[us]") if isinstance(cells.dtype, pd.ArrowDtype) else cells


def read_written_days(cells: pd.Series) -> pd.Series | None:
    """Return days that are written as text, None where one cannot be read surely."""
    text = no_dates(cells)
    if not text.any() or not all(isinstance(cell, str) for cell in cells[text]):
        return None
    days = pd.to_datetime(cells.astype("str"), format="ISO8601", errors="coerce")
    return None if (days.isna() & cells.notna()).any() else read_dates(days)


def time_zones(cells: pd.Series) -> set[str]:
    """Return the time zones of dates, "None" where they have none."""
    if cells.dtype.kind == "M":
        return {str(getattr(getattr(cells.dtype, "pyarrow_dtype", cells.dtype), "tz", None))}
    known = cells.dropna()
    return {str(getattr(cell, "tzinfo", None)) for cell in known} or {"None"}
