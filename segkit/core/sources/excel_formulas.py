"""Cells of a workbook that look blank to a reader though a person filled them: formulas without a value, and errors."""

import posixpath
import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

_BOOK = "xl/workbook.xml"
_LINKS = "xl/_rels/workbook.xml.rels"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TELLTALE = re.compile(rb"""t=["']e["']|<f[ >/]""")


def cells_without_value(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Return the cells of a sheet that hold an error, or a formula that was never calculated.

    Parameters
    ----------
    path : Path
        A workbook. Only those of Excel since 2007 (.xlsx, .xlsm) can be looked into: of others nothing is found.
    sheet : str
        Its name; blank = the first one.

    Returns
    -------
    dict
        Error or formula by row and column, from 1: ``{(7, 3): "#N/A", (7, 4): "=B7*2"}``.
    """
    try:
        with ZipFile(path) as book:
            text = book.read(_part_of(book, sheet))
    except (BadZipFile, KeyError, OSError, ElementTree.ParseError):
        return {}
    return _look_through(text) if _TELLTALE.search(text) else {}


def _part_of(book: ZipFile, sheet: str) -> str:
    """Return the name of the file in which a sheet is kept."""
    entries = ElementTree.fromstring(book.read(_BOOK)).iter()
    sheets = [entry for entry in entries if _is(entry, "sheet")]
    link = next((entry.get(_ID) for entry in sheets if sheet in ("", entry.get("name"))), None)
    targets = {one.get("Id"): one.get("Target", "") for one in ElementTree.fromstring(book.read(_LINKS))}
    return posixpath.normpath(posixpath.join("xl", targets[link])).lstrip("/")


def _look_through(text: bytes) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    for _, cell in ElementTree.iterparse(BytesIO(text)):
        if _is(cell, "row"):
            cell.clear()  # millions of cells would not fit into memory
        if not _is(cell, "c"):
            continue
        parts = {part.tag.rpartition("}")[2]: part.text or "" for part in cell}
        if cell.get("t") == "e":
            found[_place_of(cell.get("r", ""))] = parts.get("v", "")
        elif "f" in parts and not parts.get("v") and cell.get("t") != "str":
            found[_place_of(cell.get("r", ""))] = f"={parts['f']}"
    return found


def _place_of(name: str) -> tuple[int, int]:
    """Return row and column of a cell.

    Examples
    --------
    >>> _place_of("AB12")
    (12, 28)
    """
    letters = name.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(name[len(letters) :]), column


def _is(entry: ElementTree.Element, name: str) -> bool:
    return entry.tag.rpartition("}")[2] == name
