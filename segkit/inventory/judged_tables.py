"""Forecasts and what came in one make before they are judged: ids as words, days as dates, figures as numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.columns import column_dtype
from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.offenders import first_offenders
from segkit.core.tables import repeated_rows
from segkit.inventory.pooled.frames import require_frame
from segkit.inventory.pooled.periods import read_dates

_SUBJECT = "forecasts cannot be judged"
_IDS = ("item_id", "location_id", "demand_class")
_DATES = ("period", "origin")


def require_tables(tables: dict[str, pd.DataFrame | None]) -> None:
    """Raise a DataError where one of the tables is none, or has a column twice."""
    for name, table in tables.items():
        if table is not None or name != "history":
            require_frame(table, f"{_SUBJECT} ({name})")


def read_judged(
    tables: dict[str, pd.DataFrame | None], series: list[str], asked: Sequence[str], figures: Sequence[str]
) -> list[pd.DataFrame]:
    """Return the tables with the columns that are judged in one make.

    Parameters
    ----------
    tables : dict of str to DataFrame
        forecasts, actuals and, where there is one, history, by name.
    series : list of str
        Columns that name a series.
    asked : sequence of str
        Further columns that forecasts must have.
    figures : sequence of str
        Those of forecasts that must be numbers, where they are there.

    Raises
    ------
    DataError
        Tables that are none, columns that lack, ids that are missing, days that are no dates, figures that are no
        numbers. All problems of one kind at once.
    """
    known = {name: table for name, table in tables.items() if table is not None}
    _require_columns(known, series, asked)
    problems = [
        problem
        for name, table in known.items()
        for problem in _wrong_cells(name, table, series, figures if name == "forecasts" else ["quantity"])
    ]
    if problems:
        fix = "Name every item and location; give figures as numbers and in_stock as true or false."
        raise DataError(list_problems(_SUBJECT, problems, [fix]))
    return [in_one_make(name, table) for name, table in known.items()]


def require_rows(forecasts: pd.DataFrame, others: dict[str, pd.DataFrame], key: list[str]) -> None:
    """Raise a DataError where a row is there twice, or a forecast is for a period that its origin knew."""
    own = [name for name in key if name not in ("method", "origin")]
    problems = _told(forecasts, repeated_rows(forecasts, key), f"forecasts repeats its key ({', '.join(key)})")
    for name, table in others.items():
        problems += _told(table, repeated_rows(table, own), f"{name} repeats its key ({', '.join(own)})")
    early = (forecasts["origin"].isna() | ~(forecasts["period"] > forecasts["origin"])).to_numpy()
    problems += _told(forecasts, early, "forecasts has no origin before its period")
    if problems:
        give = "Give each forecast once per origin and method, for periods after the origin"
        raise DataError(list_problems(_SUBJECT, problems, [f"{give}; sum {' and '.join(others)} to one row each."]))


def _require_columns(tables: dict[str, pd.DataFrame], series: list[str], asked: Sequence[str]) -> None:
    problems = [
        f"{table} has no column {name!r}{nearest_name(str(name), [str(one) for one in frame.columns])}"
        for table, frame in tables.items()
        for name in dict.fromkeys([*series, "period", *(asked if table == "forecasts" else ["quantity"])])
        if name not in frame
    ]
    if problems:
        raise DataError(list_problems(_SUBJECT, problems, ["Rename or add the columns."]))


def _wrong_cells(name: str, table: pd.DataFrame, series: list[str], figures: Sequence[str]) -> list[str]:
    """Return what is wrong in the cells of a table."""
    problems = []
    for column in series:
        problems += _told(table, table[column].isna().to_numpy(), f"{name}.{column} is missing")
    for column in (one for one in figures if one in table):
        cells = table[column].infer_objects()
        real = pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_complex_dtype(cells)
        if cells.notna().any() and (not real or pd.api.types.is_bool_dtype(cells)):
            problems.append(f"{name}.{column} is no number")
        elif real:
            endless = np.isinf(cells.to_numpy(dtype="float64", na_value=np.nan))
            problems += _told(table, endless, f"{name}.{column} is infinite")
    if name != "forecasts" and "in_stock" in table:
        flags = table["in_stock"]
        if not pd.api.types.is_bool_dtype(flags):
            wrong = (flags.notna() & ~flags.isin([0, 1])).to_numpy(dtype=bool)
            problems += _told(table, wrong, f"{name}.in_stock is neither true nor false")
    return problems


def in_one_make(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with ids as words and days as dates; ``name`` is how errors call it."""
    made = {column: table[column].astype(column_dtype(column)) for column in _IDS if column in table}
    for column in (one for one in _DATES if one in table):
        cells = table[column]
        if not (isinstance(cells.dtype, np.dtype) and cells.dtype.kind == "M"):
            known = cells.notna()
            dates = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
            dates[known.to_numpy()] = read_dates(cells[known.to_numpy()], f"{_SUBJECT} ({name}.{column})")
            made[column] = dates
    return table.assign(**made)


def _told(frame: pd.DataFrame, broken: np.ndarray, problem: str) -> list[str]:
    count = int(broken.sum())
    return [f"{problem} {in_rows(count)}, first: {first_offenders(frame[broken])}"] if count else []
