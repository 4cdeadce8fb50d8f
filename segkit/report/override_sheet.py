"""The sheets of a run's workbook in which a person types what is to hold instead, and how they are read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import Column, TableSpec, empty_table, input_tables
from segkit.core.errors import DataError, in_rows
from segkit.core.source_settings import Source
from segkit.core.sources.mapping import ROWS, map_table
from segkit.core.sources.origins import unread_overrides
from segkit.report.column_facts import rows_in_sheet

SHEET = "class_overrides"
HINT = (
    "Type a class that holds instead of the one from the data, save, and run: segkit overrides WORKSPACE segkit.xlsx. "
    "Each needs a reason and a last day; a removed row is an override removed."
)
READY = 500  # lines with drop-down lists below those that are filled
_SHOWN = 3
HEAD = 1  # row of the sheet, from 0, that holds the names of columns
_WIDTHS = {"entity": 12, "entity_id": 22, "abc": 8, "reason": 60, "valid_from": 13, "valid_to": 13}
_FIRST_DAY = date(2000, 1, 1)
DAYS = {
    "validate": "date",
    "criteria": ">=",
    "value": _FIRST_DAY,
    "error_message": "A day, for example 2026-03-31.",
}


def present_overrides(run_dir: Path, name: str = SHEET) -> pd.DataFrame:
    """Return the overrides that a run has read; none where the company has no such table."""
    path = run_dir / "inputs" / f"{name}.parquet"
    found = pd.read_parquet(path) if path.is_file() else empty_table(name)
    return found.reindex(columns=list(input_tables()[name].columns))


def write_override_sheet(sheet: Any, formats: Any, overrides: pd.DataFrame, labels: list[str]) -> None:
    """Write the sheet of classes: how it is used, the columns, what is set now, and lines ready to be filled.

    Parameters
    ----------
    sheet : Worksheet
        Of an xlsxwriter workbook.
    formats : object
        Gives cell formats by ``get`` and the one of column heads as ``head``.
    overrides : DataFrame
        Table ``class_overrides``.
    labels : list of str
        Classes that there are.
    """
    from segkit.dynamics.classes.value_classes import LOSS

    columns = input_tables()[SHEET].columns
    shown = overrides.head(rows_in_sheet(SHEET, overrides))
    write_heads(sheet, formats, SHEET, HINT, _WIDTHS)
    write_cells(sheet, shown[list(columns)])
    last = HEAD + 1 + len(shown) + READY
    lists: dict[str, Mapping[str, Any]] = {
        "entity": {"validate": "list", "source": list(columns["entity"].one_of)},
        "abc": {"validate": "list", "source": list(dict.fromkeys([*labels, LOSS]))},
        "valid_from": DAYS,
        "valid_to": DAYS,
    }
    add_lists(sheet, list(columns), lists, last)
    sheet.freeze_panes(HEAD + 1, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:F{last}"})


def write_heads(sheet: Any, formats: Any, name: str, hint: str, widths: Mapping[str, float]) -> None:
    """Write how a sheet is used and the names of its table's columns, each with its meaning as a note."""
    spec = input_tables()[name]
    for place, (column, about) in enumerate(spec.columns.items()):
        sheet.set_column(place, place, widths[column], formats.get(**_look(about)))
    sheet.write_string(0, 0, hint, formats.note)
    for place, (column, about) in enumerate(spec.columns.items()):
        sheet.write_string(HEAD, place, column, formats.head)
        note = _about(about, column in spec.required)
        sheet.write_comment(HEAD, place, note, {"author": "segkit", "x_scale": 2, "font_size": 9})


def write_cells(sheet: Any, frame: pd.DataFrame) -> None:
    """Write rows below the names of the columns; text as text, and nothing where a cell is missing."""
    for row, cells in enumerate(frame.itertuples(index=False), HEAD + 1):
        for place, cell in enumerate(cells):
            if pd.isna(cell):
                continue
            if isinstance(cell, pd.Timestamp):
                sheet.write_datetime(row, place, cell.to_pydatetime())
            elif isinstance(cell, float):
                sheet.write_number(row, place, cell)
            else:
                sheet.write_string(row, place, str(cell))


def add_lists(sheet: Any, columns: list[str], rules: Mapping[str, Mapping[str, Any]], last: int) -> None:
    """Add drop-down lists and checks to the lines of a sheet, down to a last row."""
    for name, rule in rules.items():
        place = columns.index(name)
        sheet.data_validation(HEAD + 1, place, last, place, {"ignore_blank": True, **rule})


@dataclass(frozen=True)
class SheetRows:
    """What stands in the sheet: ``frame`` (unreadable cells are missing), and the ``problems`` to mend first.

    ``readable`` has the rows of which every filled cell could be read: only they can be judged as a whole.
    """

    frame: pd.DataFrame
    problems: tuple[str, ...]
    readable: pd.DataFrame


def has_sheet(workbook: Path, name: str) -> bool:
    """Tell whether a workbook has a sheet of a name.

    Raises
    ------
    DataError
        The file is no workbook.
    """
    from segkit.core.sources.excel_files import sheet_names

    return name in sheet_names(Path(workbook).resolve())


def read_override_sheet(workbook: Path, name: str = SHEET) -> SheetRows:
    """Return what stands in a sheet of an edited workbook, in the types of the input table of that name.

    Parameters
    ----------
    workbook : Path
        A run's workbook, or any with a sheet ``name`` that has a row with the names of its columns; what stands above
        that row, columns that end in " now" or stand in brackets, and blank rows do not matter.
    name : str
        ``class_overrides`` or ``policy_overrides``. A row that holds its thing (a class's item or customer, a policy's
        item and location) and nothing else is a line ready to be filled, not an override.

    Returns
    -------
    SheetRows
        All its rows, sorted by the key of the table, and how they break its contract.

    Raises
    ------
    DataError
        The sheet or its columns are not there.
    """
    from segkit.core.sources.excel_files import find_header, read_excel, sheet_places

    spec = input_tables()[name]
    whole = Path(workbook).resolve()
    source = Source(file=whole.name, format="excel", sheet=name, unreadable="set_aside", duplicates="set_aside")
    headed = source.model_copy(update={"header_row": find_header(whole, source, list(spec.required))})
    raw, (places, columns) = read_excel(whole, headed, list), sheet_places(whole, headed)
    filled = np.flatnonzero(_is_filled(raw, name))
    raw = raw.iloc[filled].reset_index(drop=True)
    lost = unread_overrides(list(raw.columns), spec, source)
    raw = raw[[column for column in raw if column in spec.columns]]
    raw.attrs[ROWS] = tuple(places[row] for row in filled)
    marked = map_table(name, raw, source)
    unread = [note for note in marked.notes if "unreadable" in note.reason]
    said = [f"{note.reason.split(',')[0]} {in_rows(note.rows)}, first: {note.first}" for note in unread]
    valueless = _without_value(whole, name, {place: column for column, place in columns.items() if column in raw})
    broken = _broken(_filled_in(raw, valueless, spec) if valueless else raw, source, name)
    readable = marked.frame[~_has_lost(raw, marked.frame, source, valueless)]
    problems = (*lost, *broken, *said, *_told_valueless(valueless))
    return SheetRows(with_types(marked.frame, name), problems, with_types(readable, name))


def with_types(frame: pd.DataFrame, name: str = SHEET) -> pd.DataFrame:
    """Return overrides with every column of the table, typed, sorted by its key."""
    typed = empty_table(name).dtypes
    whole = frame.reindex(columns=list(typed.index)).astype(typed.to_dict())
    return whole.sort_values(list(input_tables()[name].key), ignore_index=True)


def _is_filled(raw: pd.DataFrame, name: str) -> np.ndarray:
    """Return which rows say more than what they would be about; of classes all, as their sheet has no such lines."""
    spec = input_tables()[name]
    said = [one for one in raw if one in spec.columns and one not in ("item_id", "location_id")]
    return raw[said].notna().any(axis=1).to_numpy() if name != SHEET else np.ones(len(raw), dtype=bool)


def _without_value(workbook: Path, name: str, columns: dict[int, str]) -> dict[tuple[int, str], str]:
    """Return what stands in cells that look blank though a person filled them, by row of the sheet and column."""
    from segkit.core.sources.excel_formulas import cells_without_value

    found = cells_without_value(workbook, name).items()
    return {(row, columns[column]): text for (row, column), text in found if column in columns}


def _told_valueless(cells: Mapping[tuple[int, str], str]) -> list[str]:
    if not cells:
        return []
    told = [f"{column} in row {row:,} {text!r}" for (row, column), text in cells.items()]
    more = f" and {len(cells) - _SHOWN:,} more" if len(cells) > _SHOWN else ""
    return [f"cells hold an error, or a formula that was never calculated: {'; '.join(told[:_SHOWN])}{more}"]


def _filled_in(raw: pd.DataFrame, valueless: Mapping[tuple[int, str], str], spec: TableSpec) -> pd.DataFrame:
    """Return rows with something in cells that have no value: these are told by themselves, not as missing too."""
    made, places = raw.astype(object), list(raw.attrs[ROWS])
    made.attrs = dict(raw.attrs)
    stands = {"date": pd.Timestamp(_FIRST_DAY), "id": "?", "text": "?"}
    for row, column in valueless:
        about = spec.columns[column]
        if row in places:
            made.loc[places.index(row), column] = about.one_of[0] if about.one_of else stands.get(about.kind)
    return made


def _has_lost(
    raw: pd.DataFrame, frame: pd.DataFrame, source: Source, valueless: Mapping[tuple[int, str], str]
) -> np.ndarray:
    """Return which rows have a filled cell that could not be read."""
    rows = np.isin(np.array(raw.attrs[ROWS], dtype=int), [row for row, _ in valueless])
    for name in raw:
        words = raw[name].astype("str").str.strip()
        filled = raw[name].notna() & ~words.isin(["", *source.missing])
        rows |= (filled & frame[name].isna()).to_numpy(dtype=bool)
    return rows


def _broken(raw: pd.DataFrame, source: Source, name: str) -> list[str]:
    """Return how the rows break the contract of the table, without what only a setting of segkit.toml could mend."""
    strict = source.model_copy(update={"unreadable": "fail", "duplicates": "fail"})
    try:
        map_table(name, raw, strict)
    except DataError as error:
        return [line.strip() for line in str(error).splitlines() if line.startswith("  ")] or [str(error)]
    return []


def _look(about: Column) -> dict[str, str]:
    if about.kind == "date":
        return {"num_format": "yyyy-mm-dd", "align": "left"}
    return {"num_format": {"share": "0.0%", "number": "General"}.get(about.kind, "@")}


def _about(about: Column, required: bool) -> str:
    words = f" One of: {', '.join(about.one_of)}." if about.one_of else ""
    return f"{about.meaning}{words}{'' if required else ' May stay blank.'}"
