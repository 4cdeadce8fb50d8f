"""Read Excel and OpenDocument sheets; blank rows are left out and counted."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from segkit.core.errors import DataError, nearest_name
from segkit.core.source_settings import Source
from segkit.core.sources.cells import LostCell, write_cell
from segkit.core.sources.csv_files import Wanted, require_header


def read_excel(
    path: Path, source: Source, wanted: Wanted, *, lost: Mapping[tuple[int, int], str] = MappingProxyType({})
) -> pd.DataFrame:
    """Read the wanted columns of one sheet.

    Parameters
    ----------
    path : Path
        The workbook.
    source : Source
        Sheet and header row.
    wanted : callable
        Takes the names of all columns, returns those to read.
    lost : mapping of (int, int) to str, optional
        Cells from `cells_without_value`: they come as `LostCell`, which no column can be read from; blank without it.

    Returns
    -------
    DataFrame
        Columns of one kind have its type, others hold text, numbers and dates side by side. ``attrs["notes"]`` tells
        how many blank rows were left out.

    Raises
    ------
    DataError
        The file is no workbook, or the sheet is absent, blank or repeats a column name.
    """
    rows = _sheet_rows(path, source)
    if len(rows) < source.header_row:
        raise DataError(f"{path}: the sheet is empty\nName another sheet, or set header_row.")
    names = [(write_cell(cell) or "").strip() for cell in rows[source.header_row - 1]]
    require_header(path, names, source.header_row)
    for (row, column), text in lost.items():
        if source.header_row < row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = LostCell(text)
    body = rows[source.header_row :]
    filled = [row for row in body if any(cell != "" for cell in row)]
    chosen = set(wanted([name for name in names if name]))
    frame = pd.DataFrame(
        {name: _column([row[place] for row in filled]) for place, name in enumerate(names) if name in chosen},
        index=pd.RangeIndex(len(filled)),
    )
    if blank := len(body) - len(filled):
        frame.attrs["notes"] = (("blank rows of the sheet, left out", blank),)
    return frame


def find_header(path: Path, source: Source, names: list[str], *, within: int = 30) -> int:
    """Return the row of a sheet, from 1, that holds the names of columns; what stands above it does not matter.

    Parameters
    ----------
    path : Path
        The workbook.
    source : Source
        Names the sheet.
    names : list of str
        Columns that the row must hold.
    within : int
        Rows from the top in which it is looked for.

    Returns
    -------
    int
        The first such row.

    Raises
    ------
    DataError
        The file is no workbook, the sheet is not there, or no row holds the names: the nearest says what is missing.
    """
    rows = [{(write_cell(cell) or "").strip() for cell in row} for row in _sheet_rows(path, source)[:within]]
    for place, cells in enumerate(rows, 1):
        if cells >= set(names):
            return place
    best = max(rows, key=lambda cells: len(cells & set(names)), default=set())
    absent = ", ".join(name for name in names if name not in best)
    raise DataError(f"{path}: sheet {source.sheet!r} has no row of column names with {absent}\nPut the names back.")


def sheet_places(path: Path, source: Source) -> tuple[list[int], dict[str, int]]:
    """Return where in a sheet stands what `read_excel` gives.

    Parameters
    ----------
    path : Path
        The workbook.
    source : Source
        Sheet and header row.

    Returns
    -------
    tuple
        The row of each of its rows, in their order, and the column of each name: both from 1, as the sheet counts them.
    """
    rows = _sheet_rows(path, source)
    names = [(write_cell(cell) or "").strip() for cell in rows[source.header_row - 1]]
    body = enumerate(rows[source.header_row :], source.header_row + 1)
    filled = [place for place, row in body if any(cell != "" for cell in row)]
    return filled, {name: place for place, name in enumerate(names, 1) if name}


def sheet_names(path: Path) -> list[str]:
    """Return the names of the sheets of a workbook.

    Raises
    ------
    DataError
        The file is no workbook.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            return list(book.sheet_names)
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _sheet_rows(path: Path, source: Source) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            names = book.sheet_names
            sheet = source.sheet or names[0]
            if sheet not in names:
                raise DataError(f"{path}: no sheet is named {sheet!r}{nearest_name(sheet, names)}")
            return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    size = path.stat().st_size
    return DataError(
        f"{path}: cannot be read as a workbook ({size:,} bytes)\n  {error}\nSave it again as .xlsx, or as CSV."
    )


def _column(cells: list[Any]) -> pd.Series:
    """Return cells in the type they share."""
    values = [None if cell == "" else cell for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return pd.Series(values, dtype="str")
    if kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    if all(issubclass(kind, date) for kind in kinds):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object))).astype("datetime64[us]")
    return pd.Series(values, dtype="boolean" if kinds == {bool} else object)
