"""The Excel workbook of a run: every table, with formats, frozen headers and the meaning of each column as a note."""

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.core.columns import Column, nomenclature
from segkit.core.settings import Settings
from segkit.report.column_facts import column_about, is_share, kind_of, rows_in_sheet, unit_of
from segkit.report.numbers import decimals_for, plain_number
from segkit.report.override_sheet import HINT, SHEET, present_overrides, write_override_sheet
from segkit.report.policy_sheet import POLICY_HINT, POLICY_SHEET, write_policy_sheet

FILE_NAME = "segkit.xlsx"
TO_TYPE_IN = {SHEET: HINT, POLICY_SHEET: POLICY_HINT}
LONGEST_NAME = 31
LONGEST_TEXT = 32_767
LARGE = 1_000_000  # cells; beyond it rows go to disk while they are written
EXCEL_ZERO = pd.Timestamp("1899-12-30")
EXCEL_FIRST = pd.Timestamp("1900-03-01")
ACCENT, WASH, MUTED, LOSS = "#1f5f8b", "#eef2f5", "#5c6670", "#c4622d"


def write_workbook(run_dir: Path, tables: Mapping[str, pd.DataFrame] | None, settings: Settings, as_of: date) -> None:
    """Write ``segkit.xlsx``: a list of the tables, what their columns mean, a sheet per table, and those to type in.

    Parameters
    ----------
    run_dir : Path
        Folder of the run; takes the file.
    tables : mapping of DataFrame or None
        Table by name; None reads all of ``run_dir/tables``.
    settings : Settings
        For the company's name and currency.
    as_of : date
        Stands as the day on which the file was made, so that the same run gives the same bytes.

    Notes
    -----
    Text is written as text, whatever it begins with. A very long table shows its first 10,000 rows and says where all
    of them are (see ``rows_in_sheet``).
    """
    import xlsxwriter

    ordered = _in_order(tables if tables is not None else _read_tables(run_dir))
    for name in TO_TYPE_IN:
        ordered.pop(name, None)
    cells = sum(rows_in_sheet(name, frame) * frame.shape[1] for name, frame in ordered.items())
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": cells > LARGE}
    with xlsxwriter.Workbook(run_dir / FILE_NAME, options) as book:
        book.set_properties(
            {
                "title": f"{settings.company.name or 'segkit'}: tables",
                "company": settings.company.name,
                "author": settings.company.prepared_by or "segkit",
                "created": datetime(as_of.year, as_of.month, as_of.day),
            }
        )
        formats = _Formats(book)
        names = _sheet_names(["contents", "columns", *ordered, *TO_TYPE_IN])
        sheets = [book.add_worksheet(name) for name in names]
        targets = dict(zip(ordered, names[2:], strict=False))
        _write_contents(sheets[0], ordered, targets, formats, settings, as_of)
        _write_columns(sheets[1], ordered, formats, settings.company.currency)
        for sheet, (name, frame) in zip(sheets[2:], ordered.items(), strict=False):
            _write_table(sheet, name, frame, formats, settings.company.currency)
        write_override_sheet(sheets[-2], formats, present_overrides(run_dir), settings.segments.abc_labels)
        present = present_overrides(run_dir, POLICY_SHEET)
        write_policy_sheet(sheets[-1], formats, present, ordered.get("policies", pd.DataFrame()))


class _Formats:
    """The cell formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book, self._made = book, {}  # type: ignore[var-annotated]

    def get(self, **options: Any) -> Any:
        key = tuple(sorted(options.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({"font_name": "Arial", "font_size": 10, "valign": "top", **options})
        return self._made[key]

    @property
    def head(self) -> Any:
        return self.get(bold=True, bg_color=WASH, bottom=1, bottom_color=ACCENT, text_wrap=True)

    @property
    def title(self) -> Any:
        return self.get(bold=True, font_size=16)

    @property
    def note(self) -> Any:
        return self.get(font_color=MUTED)


def _read_tables(run_dir: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in sorted((run_dir / "tables").glob("*.parquet"))}


def _in_order(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables in the order of the nomenclature, others after them by name."""
    known = [name for name in nomenclature() if name in tables]
    return {name: tables[name] for name in (*known, *sorted(set(tables) - set(known)))}


def _sheet_names(names: list[str]) -> list[str]:
    """Return names that Excel takes: at most 31 characters, without signs that it refuses, no two alike."""
    made: list[str] = []
    for name in names:
        plain = "".join("_" if sign in "[]:*?/\\'" else sign for sign in name) or "table"
        short, count = plain[:LONGEST_NAME], 1
        while short.lower() in (other.lower() for other in made):
            count += 1
            short = f"{plain[: LONGEST_NAME - 1 - len(str(count))]}_{count}"
        made.append(short)
    return made


def _write_contents(
    sheet: Any,
    tables: Mapping[str, pd.DataFrame],
    targets: Mapping[str, str],
    formats: _Formats,
    settings: Settings,
    as_of: date,
) -> None:
    company = settings.company
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 66)
    sheet.set_column(2, 2, 12)
    sheet.set_column(3, 3, 60)
    sheet.write_string(0, 0, company.name or "segkit", formats.title)
    sheet.write_string(1, 0, f"Data up to {as_of:%Y-%m-%d}; money in {company.currency}", formats.note)
    for place, word in enumerate(("table", "one row is", "rows", "note")):
        sheet.write_string(3, place, word, formats.head)
    link = formats.get(font_color=ACCENT, underline=1)
    for row, (name, frame) in enumerate(tables.items(), 4):
        spec = nomenclature().get(name)
        sheet.write_url(row, 0, f"internal:'{targets[name]}'!A1", link, name)
        sheet.write_string(row, 1, spec.grain if spec else "", formats.get(text_wrap=True))
        sheet.write_number(row, 2, len(frame), formats.get(num_format="#,##0"))
        sheet.write_string(row, 3, _cut_note(name, frame), formats.get(font_color=LOSS, text_wrap=True))
    for row, (name, hint) in enumerate(TO_TYPE_IN.items(), 4 + len(tables)):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", link, name)
        sheet.write_string(row, 1, f"{nomenclature()[name].grain}: type yours here", formats.get(text_wrap=True))
        sheet.write_string(row, 3, hint, formats.get(font_color=MUTED, text_wrap=True))
    sheet.freeze_panes(4, 0)
    _set_print(sheet, 3)


def _write_columns(sheet: Any, tables: Mapping[str, pd.DataFrame], formats: _Formats, currency: str) -> None:
    for place, (word, width) in enumerate((("table", 22), ("column", 26), ("unit", 20), ("meaning", 100))):
        sheet.set_column(place, place, width, formats.get())
        sheet.write_string(0, place, word, formats.head)
    row = 0
    for name, frame in tables.items():
        for column in frame.columns:
            row += 1
            about = column_about(str(column), name, frame[column])
            for place, text in enumerate((name, about.name, unit_of(about, currency), about.meaning)):
                sheet.write_string(row, place, text)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(row, 1), 3)
    _set_print(sheet, 0)


def _write_table(sheet: Any, name: str, frame: pd.DataFrame, formats: _Formats, currency: str) -> None:
    shown = frame.head(rows_in_sheet(name, frame))
    note = _cut_note(name, frame)
    head = 1 if note else 0
    abouts = [column_about(str(column), name, frame[column]) for column in frame.columns]
    for place, (column, about) in enumerate(zip(frame.columns, abouts, strict=True)):
        values = shown[column]
        sheet.set_column(place, place, _width(str(column), values), formats.get(**_cell_format(about, values)))
    if note:
        sheet.write_string(0, 0, note, formats.get(bold=True, font_color=LOSS))
        sheet.set_tab_color(LOSS)
    for place, (column, about) in enumerate(zip(frame.columns, abouts, strict=True)):
        sheet.write_string(head, place, str(column), formats.head)
        if text := _meaning(about, currency):
            sheet.write_comment(head, place, text, {"author": "segkit", "x_scale": 2.2, "font_size": 9})
    _write_rows(sheet, shown, head + 1)
    sheet.freeze_panes(head + 1, _frozen_columns(name))
    if len(frame.columns):
        sheet.autofilter(head, 0, head + max(len(shown), 1), len(frame.columns) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{head + len(shown) + 1}"})
    _set_print(sheet, head)


def _write_rows(sheet: Any, frame: pd.DataFrame, start: int) -> None:
    kinds = [kind_of(frame[column]) for column in frame.columns]
    by_kind = {"flag": sheet.write_boolean, "text": sheet.write_string}
    writers = [by_kind.get(kind, sheet.write_number) for kind in kinds]
    columns = [list(_cells(frame[column], kind)) for column, kind in zip(frame.columns, kinds, strict=True)]
    for row, cells in enumerate(zip(*columns, strict=True), start):
        for place, cell in enumerate(cells):
            if cell is None:
                continue
            write = writers[place] if not isinstance(cell, str) else sheet.write_string
            write(row, place, cell)


def _cells(values: pd.Series, kind: str) -> Iterator[Any]:
    """Yield what is written of a column; None for a blank, text for what Excel has no number for."""
    blank = values.isna().tolist()
    if kind == "date":
        days = ((values - EXCEL_ZERO) / pd.Timedelta(days=1)).tolist()
        early = (values < EXCEL_FIRST).tolist()
        texts = values.astype("str").tolist() if any(early) else days
        yield from (
            None if gone else str(text) if old else day
            for gone, old, day, text in zip(blank, early, days, texts, strict=True)
        )
    elif kind == "flag":
        yield from (None if gone else bool(value) for gone, value in zip(blank, values.tolist(), strict=True))
    elif kind == "text":
        yield from (
            None if gone else str(value)[:LONGEST_TEXT] for gone, value in zip(blank, values.tolist(), strict=True)
        )
    else:
        for gone, value in zip(blank, values.tolist(), strict=True):
            yield None if gone else float(value) if math.isfinite(value) else str(value)


def _cell_format(about: Column, values: pd.Series) -> dict[str, Any]:
    kind = kind_of(values)
    if kind == "text":
        return {"num_format": "@"}
    if kind == "date":
        return {"num_format": "yyyy-mm-dd", "align": "left"}
    if kind == "flag":
        return {"align": "left"}
    if is_share(about):
        return {"num_format": "0.0%"}
    decimals = 2 if about.kind == "money" else 0 if kind == "whole" else decimals_for(values)
    return {"num_format": "#,##0" + (f".{'0' * decimals}" if decimals else "")}


def _width(name: str, values: pd.Series) -> float:
    texts = values.head(200).dropna()
    if kind_of(values) == "date":
        longest = 10
    elif kind_of(values) in ("number", "whole"):
        longest = max((len(f"{value:,.2f}") for value in texts), default=0)
    else:
        longest = max((len(str(value)) for value in texts), default=0)
    return float(min(max(longest + 2, len(name) + 4, 9), 52))


def _meaning(about: Column, currency: str) -> str:
    unit = unit_of(about, currency)
    return " ".join(part for part in (about.meaning, f"[{unit}]" if unit else "") if part)


def _frozen_columns(name: str) -> int:
    spec = nomenclature().get(name)
    return 1 if spec and spec.key and next(iter(spec.columns)) == spec.key[0] else 0


def _cut_note(name: str, frame: pd.DataFrame) -> str:
    shown = rows_in_sheet(name, frame)
    if shown == len(frame):
        return ""
    return f"The first {plain_number(shown)} of {plain_number(len(frame))} rows; all are in tables/{name}.parquet"


def _set_print(sheet: Any, head: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(head)
    sheet.set_footer("&L&8&A&R&8&P / &N")
