"""The sheet ``class_overrides`` of a run's workbook: where a person types a class, and how it is read again."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.core.columns import Column, empty_table, input_tables
from segkit.core.errors import DataError, in_rows
from segkit.core.source_settings import Source
from segkit.core.sources.mapping import map_table
from segkit.report.column_facts import rows_in_sheet

SHEET = "class_overrides"
HINT = (
    "Type a class that holds instead of the one from the data, save, and run: segkit overrides WORKSPACE segkit.xlsx. "
    "Each needs a reason and a last day; a removed row is an override removed."
)
READY = 500  # lines with drop-down lists below those that are filled
_WIDTHS = {"entity": 12, "entity_id": 22, "abc": 8, "reason": 60, "valid_from": 13, "valid_to": 13}
_FIRST_DAY = date(2000, 1, 1)


def present_overrides(run_dir: Path) -> pd.DataFrame:
    """Return the overrides that a run has read; none where the company has no such table."""
    path = run_dir / "inputs" / f"{SHEET}.parquet"
    found = pd.read_parquet(path) if path.is_file() else empty_table(SHEET)
    return found.reindex(columns=list(input_tables()[SHEET].columns))


def write_override_sheet(sheet: Any, formats: Any, overrides: pd.DataFrame, labels: list[str]) -> None:
    """Write the sheet: a line that tells how, the columns, what is set now, and lines ready to be filled.

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
    columns = input_tables()[SHEET].columns
    shown = overrides.head(rows_in_sheet(SHEET, overrides))
    for place, (name, about) in enumerate(columns.items()):
        dated = about.kind == "date"
        look = {"num_format": "yyyy-mm-dd", "align": "left"} if dated else {"num_format": "@"}
        sheet.set_column(place, place, _WIDTHS[name], formats.get(**look))
    sheet.write_string(0, 0, HINT, formats.note)
    required = input_tables()[SHEET].required
    for place, (name, about) in enumerate(columns.items()):
        sheet.write_string(1, place, name, formats.head)
        sheet.write_comment(
            1, place, _about(about, name in required), {"author": "segkit", "x_scale": 2, "font_size": 9}
        )
    for row, cells in enumerate(shown[list(columns)].itertuples(index=False), 2):
        for place, cell in enumerate(cells):
            if pd.isna(cell):
                continue
            if isinstance(cell, pd.Timestamp):
                sheet.write_datetime(row, place, cell.to_pydatetime())
            else:
                sheet.write_string(row, place, str(cell))
    _add_lists(sheet, list(columns), labels, 2 + len(shown) + READY)
    sheet.freeze_panes(2, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:F{2 + len(shown) + READY}"})


@dataclass(frozen=True)
class SheetRows:
    """What stands in the sheet: ``frame`` (unreadable cells are missing), and the ``problems`` to mend first."""

    frame: pd.DataFrame
    problems: tuple[str, ...]


def read_override_sheet(workbook: Path) -> SheetRows:
    """Return what stands in the sheet of an edited workbook, in the types of table ``class_overrides``.

    Parameters
    ----------
    workbook : Path
        A run's workbook, or any with a sheet ``class_overrides`` that has a row with the names of its columns; what
        stands above that row, further columns and blank rows do not matter.

    Returns
    -------
    SheetRows
        All its rows, sorted by the key of the table, and how they break its contract.

    Raises
    ------
    DataError
        The sheet or its columns are not there.
    """
    from segkit.core.sources.excel_files import find_header, read_excel

    spec = input_tables()[SHEET]
    whole = Path(workbook).resolve()
    source = Source(file=whole.name, format="excel", sheet=SHEET, unreadable="set_aside", duplicates="set_aside")
    head = find_header(whole, source, list(spec.required))
    raw = read_excel(whole, source.model_copy(update={"header_row": head}), list)
    marked = map_table(SHEET, raw, source)
    unread = [note for note in marked.notes if "unreadable" in note.reason]
    said = [f"{note.reason.split(',')[0]} {in_rows(note.rows)}, first: {note.first}" for note in unread]
    return SheetRows(with_types(marked.frame), (*_broken(raw, source), *said))


def with_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Return overrides with every column of the table, typed, sorted by its key."""
    typed = empty_table(SHEET).dtypes
    whole = frame.reindex(columns=list(typed.index)).astype(typed.to_dict())
    return whole.sort_values(list(input_tables()[SHEET].key), ignore_index=True)


def _broken(raw: pd.DataFrame, source: Source) -> list[str]:
    """Return how the rows break the contract of the table, without what only a setting of segkit.toml could mend."""
    strict = source.model_copy(update={"unreadable": "fail", "duplicates": "fail"})
    try:
        map_table(SHEET, raw, strict)
    except DataError as error:
        return [line.strip() for line in str(error).splitlines() if line.startswith("  ")] or [str(error)]
    return []


def _about(about: Column, required: bool) -> str:
    words = f" One of: {', '.join(about.one_of)}." if about.one_of else ""
    return f"{about.meaning}{words}{'' if required else ' May stay blank.'}"


def _add_lists(sheet: Any, columns: list[str], labels: list[str], last: int) -> None:
    """Add drop-down lists and date checks to the lines of the sheet."""
    from segkit.dynamics.classes.value_classes import LOSS

    entities = list(input_tables()[SHEET].columns["entity"].one_of)
    days = {
        "validate": "date",
        "criteria": ">=",
        "value": _FIRST_DAY,
        "error_message": "A day, for example 2026-03-31.",
    }
    rules: dict[str, dict[str, Any]] = {
        "entity": {"validate": "list", "source": entities},
        "abc": {"validate": "list", "source": list(dict.fromkeys([*labels, LOSS]))},
        "valid_from": days,
        "valid_to": days,
    }
    for name, rule in rules.items():
        place = columns.index(name)
        sheet.data_validation(2, place, last, place, {"ignore_blank": True, **rule})
