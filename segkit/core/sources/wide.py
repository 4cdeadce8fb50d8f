"""Wide to long: period columns become rows, with names kept once per category so that millions of cells stay small."""

import re
from datetime import date, timedelta

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, SettingsError, list_problems, nearest_name
from segkit.core.source_settings import Wide
from segkit.core.sources.cells import Reading, clean_text, read_cells

PERIOD = "period"


def turn_wide(raw: pd.DataFrame, wide: Wide, reading: Reading, where: str) -> pd.DataFrame:
    """Return one row per row of the source and period column.

    Parameters
    ----------
    raw : DataFrame
        Rows with a column per period.
    wide : Wide
        Which columns are periods, and which days their names mean.
    reading : Reading
        Marks of numbers that are text.
    where : str
        Place in segkit.toml, for messages.

    Returns
    -------
    DataFrame
        The other columns (``category``), ``period`` (``category`` of days) and ``wide.value``; row by row, and within
        a row in the order of the columns.

    Raises
    ------
    SettingsError
        No column matches, or names are no dates in the format given.
    DataError
        Two columns mean the same day.

    Examples
    --------
    >>> raw = pd.DataFrame({"sku": ["a", "b"], "w1": [1, 2], "w2": [3, 4]})
    >>> wide = Wide(match="w[0-9]+", start=date(2024, 1, 1), step_days=7)
    >>> turn_wide(raw, wide, Reading(), "sources.sales.wide")["quantity"].tolist()
    [1, 3, 2, 4]
    """
    names = period_columns(wide, list(raw.columns))
    if not names:
        hint = nearest_name(wide.match, list(raw.columns))
        raise SettingsError(f"{where}.match = {wide.match!r}: no column is named so{hint}")
    days = period_days(names, wide, where)
    others = [name for name in raw.columns if name not in set(names)]
    long = {name: _repeated(raw[name], len(names)) for name in others if name not in (PERIOD, wide.value)}
    codes = np.tile(np.arange(len(names), dtype=np.min_scalar_type(-len(names) - 1)), len(raw))
    long[PERIOD] = pd.Series(pd.Categorical.from_codes(codes, categories=days))  # type: ignore[type-var]
    long[wide.value] = _cells(raw[names], reading)
    return pd.DataFrame(long, copy=False)


def period_columns(wide: Wide, names: list[str]) -> list[str]:
    """Return the names of the period columns."""
    return [name for name in names if re.fullmatch(wide.match, name)]


def period_days(names: list[str], wide: Wide, where: str) -> pd.DatetimeIndex:
    """Return the first day of each period column; the names must mean different days."""
    days = _counted_days(names, wide, wide.start) if wide.start else _named_days(names, wide, where)
    if days.has_duplicates:
        odd = [name for name, twice in zip(names, days.duplicated(), strict=True) if twice]
        raise DataError(f"{where}: columns mean the same day as an earlier one: {', '.join(odd[:5])}\nNarrow match.")
    return days


def _counted_days(names: list[str], wide: Wide, start: date) -> pd.DatetimeIndex:
    found = [re.fullmatch(wide.match, name) for name in names]
    numbered = "number" in re.compile(wide.match).groupindex
    numbers = [int(match["number"]) - 1 if match and numbered else place for place, match in enumerate(found)]
    return pd.DatetimeIndex([start + timedelta(days=number * wide.step_days) for number in numbers]).as_unit("us")


def _named_days(names: list[str], wide: Wide, where: str) -> pd.DatetimeIndex:
    days = pd.to_datetime(pd.Series(names, dtype="str"), format=wide.period_from, errors="coerce")
    odd = [f"column {name!r} is no date in that format" for name, day in zip(names, days, strict=True) if pd.isna(day)]
    if odd:
        raise SettingsError(list_problems(f"{where}.period_from = {wide.period_from!r}", odd[:5]))
    return pd.DatetimeIndex(days).as_unit("us")


def _repeated(cells: pd.Series, times: int) -> pd.Series:
    codes, words = pd.factorize(clean_text(cells))
    codes = codes.astype(np.min_scalar_type(-len(words) - 1))
    return pd.Series(pd.Categorical.from_codes(np.repeat(codes, times), categories=pd.Index(words, dtype="str")))


def _cells(block: pd.DataFrame, reading: Reading) -> pd.Series:
    """Return the cells row by row; text that is numbers throughout becomes numbers, else it stays as it is."""
    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in block.dtypes]
    if all(numeric):
        plain = all(isinstance(kind, np.dtype) for kind in block.dtypes)
        return pd.Series((block.to_numpy() if plain else block.to_numpy("float64", na_value=np.nan)).ravel())
    if not any(numeric):
        read = [read_cells(block[name], "number", reading) for name in block]
        if not any(cells.unreadable.any() for cells in read):
            return pd.Series(np.column_stack([cells.values.to_numpy() for cells in read]).ravel())
    return pd.Series(block.astype(object).to_numpy().ravel(), dtype=object).infer_objects()
