"""Tables that users give, made plain: ids as text, days of one calendar, figures as numbers; what cannot be is told."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.given_days import no_dates, read_dates, read_written_days
from segkit.core.ids import id_texts
from segkit.core.offenders import first_offenders

IDS = (
    "order_id", "line_id", "item_id", "location_id", "alternative_item_id", "alternative_location_id",
    "supply_item_id", "supply_location_id", "demand_class",
)  # fmt: skip
DAYS = ("order_date", "requested_date", "promised_date", "available_date", "released_date", "from_date")
_TABLE_FIX = "Give tables as pandas DataFrames, each column once."
_DAY_FIX = "Turn them into dates first, with pd.to_datetime(…, format=…), all of one calendar."
_NUMBER_FIX = "Give numbers, or leave cells blank where that is allowed."


def plain_tables(
    subject: str, tables: Mapping[str, pd.DataFrame], *, numbers: Sequence[str] = ()
) -> dict[str, pd.DataFrame]:
    """Return tables with ids as text (3 and 3.0 are one id) and days without time zone, as their own calendar has them.

    Parameters
    ----------
    subject : str
        What cannot be done where a table cannot be read.
    tables : mapping of str to DataFrame
        By the name that messages give them; not changed.
    numbers : sequence of str
        Columns that hold numbers; blank cells are left.

    Returns
    -------
    dict
        The tables; text is read as a day where it is written as YYYY-MM-DD, with or without a time.

    Raises
    ------
    DataError
        A table is no DataFrame or has a column twice; cells are no days or numbers: all problems at once.

    Examples
    --------
    >>> told = plain_tables("x", {"stock": pd.DataFrame({"item_id": [7.0], "available_date": ["2026-03-02"]})})
    >>> told["stock"].iloc[0].tolist()
    ['7', Timestamp('2026-03-02 00:00:00')]
    """
    found = [(problem, _TABLE_FIX) for name, table in tables.items() for problem in _no_table(name, table)]
    made: dict[str, pd.DataFrame] = {}
    if not found:
        made = {name: _plain(table, numbers) for name, table in tables.items()}
        found += [(one, _DAY_FIX) for name, table in made.items() for one in _no_days(name, table)]
        found += [(one, _NUMBER_FIX) for name, table in made.items() for one in _no_numbers(name, table, numbers)]
    if found:
        problems, fixes = zip(*found, strict=True)
        raise DataError(list_problems(subject, problems, dict.fromkeys(fixes)))
    return made


def _plain(table: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    changed = {name: id_texts(table[name]) for name in IDS if name in table}
    changed |= {name: _days(table[name]) for name in DAYS if name in table and not no_dates(table[name]).any()}
    changed |= {name: days for name in DAYS if name in table and (days := read_written_days(table[name])) is not None}
    for name in numbers:
        if name in table and table[name].dtype.kind not in "iufb" and not _are_none(table[name]).any():
            changed[name] = pd.to_numeric(table[name]).astype("float64")
    return table.assign(**changed)


def _are_none(cells: pd.Series) -> np.ndarray:
    """Return which cells are filled, but with no number."""
    return (pd.to_numeric(cells, errors="coerce").isna() & cells.notna()).to_numpy(dtype=bool)


def _days(cells: pd.Series) -> pd.Series:
    if cells.dtype.kind != "M" and len({getattr(cell, "tzinfo", None) for cell in cells.dropna()}) > 1:
        return cells
    return read_dates(cells)


def _no_table(name: str, table: object) -> Iterator[str]:
    if not isinstance(table, pd.DataFrame):
        yield f"{name} is no table but {type(table).__name__}"
        return
    names = [str(column) for column in table.columns]
    yield from (f"{name} has column {one!r} twice" for one in dict.fromkeys(names) if names.count(one) > 1)


def _no_days(name: str, table: pd.DataFrame) -> Iterator[str]:
    for column in DAYS:
        if column in table and table[column].dtype.kind != "M":
            wrong = no_dates(table[column])
            where = table if not wrong.any() else table[wrong]
            first = f"first: {_said(where[column].dropna().iloc[0])}, {first_offenders(where.drop(columns=column), 1)}"
            word = "is no date" if wrong.any() else "has dates of several time zones"
            yield f"{name}: {column} {word} {in_rows(len(where))}, {first}".removesuffix(", ")


def _no_numbers(name: str, table: pd.DataFrame, numbers: Sequence[str]) -> Iterator[str]:
    for column in numbers:
        if column in table and table[column].dtype.kind not in "iufb":
            cells = table[column]
            wrong = _are_none(cells)
            if wrong.any():
                first = f"first: {_said(cells[wrong].iloc[0])}, {first_offenders(table[wrong], 1)}"
                yield f"{name}: {column} is no number {in_rows(int(wrong.sum()))}, {first}".removesuffix(", ")


def _said(value: object) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)
