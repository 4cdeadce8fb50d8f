"""Tables as HTML that a client reads: every cell escaped, numbers aligned, units in the header, meaning on hover."""

from collections.abc import Callable
from html import escape
from typing import Any

import pandas as pd

from segkit.core.columns import Column, nomenclature
from segkit.report.column_facts import column_about, is_share, rows_in_sheet, unit_of
from segkit.report.numbers import BLANK, decimals_for, in_unit, iso_date, percent, plain_number, shorten

NUMERIC = ("number", "whole", "money", "share")
BY_UNIT = ("value", "low", "base", "high")
OF_MEASURE = "as the measure"  # unit of figures that stand below others in another unit
WORDS = {"low": "20% lower", "base": "as assumed", "high": "20% higher"}
SPOKEN = ("headline", "measure", "action", "life_cycle")  # words of ours, read better without underscores
LONGEST_TEXT = 90
LONGEST_SENTENCE = 400
SENTENCES = ("sentence", "remedy", "note", "definition", "reason", "problem")
_LEFT = "text-align:left"  # said in place: JupyterLab aligns every cell to the right
WIDE = 9


def table_html(
    frame: pd.DataFrame, table_name: str | None = None, *, rows: int = 20, currency: str = "", caption: str = ""
) -> str:
    """Return the first rows of a table as HTML.

    Parameters
    ----------
    frame : DataFrame
        Any table; column names of the nomenclature bring their unit and meaning along. Text columns that are blank
        in every row shown are left out.
    table_name : str, optional
        Its name in the plan: decides what columns mean, and the sheet where further rows are.
    rows : int
        Rows shown; a note counts the rest.
    currency : str
        ISO 4217 code of money columns.
    caption : str
        Line above the table.

    Returns
    -------
    str
        ``<div class="table">…</div>``; whatever comes from the data is escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in table_html(pd.DataFrame({"item_id": ["<b>"]}))
    True
    """
    shown = frame.head(rows)
    columns = {name: column_about(str(name), table_name, frame[name]) for name in frame.columns}
    if _is_by_unit(columns):
        del columns["unit"]
    columns = {name: column for name, column in columns.items() if not _says_nothing(shown[name], column)}
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    heads = "".join(_head(column, currency) for column in columns.values())
    cells = [_cells(shown, name, column, currency) for name, column in columns.items()]
    body = "".join(f"<tr>{''.join(row)}</tr>\n" for row in zip(*cells, strict=True))
    if not len(shown):
        body = f'<tr><td class="blank" colspan="{max(len(columns), 1)}">no rows</td></tr>'
    table = f"<table>{title}<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table>"
    wide = " wide" if len(columns) > WIDE else ""
    return f'<div class="table{wide}" tabindex="0">{table}</div>{_more(frame, len(frame) - len(shown), table_name)}'


def cell_writer(column: Column, values: pd.Series) -> Callable[[Any], str]:
    """Return the function that writes one value of a column as people read it (not yet escaped)."""
    if is_share(column):
        return lambda value: percent(value, 1)
    if column.kind == "money":
        large = values.dropna().abs().max() >= 1000 if values.notna().any() else False
        decimals = 0 if large else 2
        return lambda value: plain_number(value, decimals)
    if column.kind in ("number", "whole"):
        decimals = 0 if column.kind == "whole" else decimals_for(values)
        return lambda value: plain_number(value, decimals)
    if column.kind == "date":
        return iso_date
    if column.kind == "flag":
        return lambda value: BLANK if pd.isna(value) else "yes" if value else "no"
    return lambda value: BLANK if value is None or value is pd.NA or value != value or value == "" else str(value)


def _says_nothing(values: pd.Series, column: Column) -> bool:
    """Tell whether a text column is blank in every row shown; it is left out then."""
    return column.kind == "text" and len(values) > 0 and bool((values.isna() | (values == "")).all())


def _is_by_unit(columns: dict) -> bool:
    """Tell whether figures of several units stand below each other, each with its unit in the row."""
    return "unit" in columns and any(_has_unit_in_row(name, about) for name, about in columns.items())


def _has_unit_in_row(name: str, column: Column) -> bool:
    return column.kind == "number" and (name in BY_UNIT or column.unit == OF_MEASURE)


def _head(column: Column, currency: str) -> str:
    unit = "" if column.kind == "date" or is_share(column) or column.unit == OF_MEASURE else unit_of(column, currency)
    mark = f' <span class="unit">{escape(unit)}</span>' if unit else ""
    side = ' class="number"' if column.kind in NUMERIC else f' style="{_LEFT}"'
    words = escape(WORDS.get(column.name, column.name.replace("_", " ")))
    return f'<th scope="col"{side} title="{escape(column.meaning)}">{words}{mark}</th>'


def _cells(frame: pd.DataFrame, name: str, column: Column, currency: str) -> list[str]:
    values = frame[name]
    if "unit" in frame.columns and _has_unit_in_row(name, column):
        texts = [in_unit(value, str(unit), currency) for value, unit in zip(values, frame["unit"], strict=True)]
        return [f'<td class="number">{escape(text)}</td>' for text in texts]
    write = cell_writer(column, values)
    if column.name in SPOKEN:
        return [_text_cell(write(value).replace("_", " "), column.kind) for value in values]
    if column.kind in NUMERIC:
        return [f'<td class="number">{escape(write(value))}</td>' for value in values]
    longest = LONGEST_SENTENCE if column.name in SENTENCES else LONGEST_TEXT
    return [_text_cell(write(value), column.kind, longest) for value in values]


def _text_cell(text: str, kind: str, longest: int = LONGEST_TEXT) -> str:
    short = shorten(text, longest)
    hover = f' title="{escape(text)}"' if short.endswith("…") else ""
    whole = kind in ("id", "date") and len(text) <= 16
    mark = ' class="nowrap"' if whole else ' class="long"' if len(text) > 14 else ""
    style = f"{_LEFT};white-space:nowrap" if whole else _LEFT
    return f'<td{mark} style="{style}"{hover}>{escape(short)}</td>'


def _more(frame: pd.DataFrame, count: int, table_name: str | None) -> str:
    if count <= 0:
        return ""
    where = ""
    if table_name and table_name in nomenclature():
        whole = rows_in_sheet(table_name, frame) == len(frame)
        where = f" in segkit.xlsx, sheet {table_name}" if whole else f" in tables/{table_name}.parquet"
    return f'<p class="more">… {plain_number(count)} more row{"s" * (count != 1)}{escape(where)}</p>'
