"""Look at an unknown text file: its encoding, what separates its columns, which line holds their names."""

import codecs
import csv
import gzip
import io
import os
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from segkit.core.errors import DataError
from segkit.core.settings import Source

WHOLE_BYTES = 160_000_000
BLOCK_BYTES = 4_000_000
BLOCKS = 12
HEAD_LINES = 400
DELIMITERS = (",", ";", "\t", "|", "^", "~")
MISSING = ("", *Source.model_fields["missing"].default)


@dataclass(frozen=True)
class TextLayout:
    """How a text file is laid out, in the words of a source in segkit.toml."""

    encoding: str
    delimiter: str
    header_row: int
    titles: tuple[str, ...]
    ragged: int = 0


def read_bytes(path: Path) -> tuple[bytes, bool]:
    """Return the bytes of a file (unpacked), or its head and blocks spread over it where it is large; and whether all.

    Blocks are cut at line ends, so that every line is whole. Of a large packed file only the head is read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_bytes(b"a;b")
    ...     read_bytes(file)
    (b'a;b', True)
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if packed:
        try:
            with gzip.open(path) as unpacked:
                head = unpacked.read(WHOLE_BYTES)
                return (head, True) if not unpacked.read(1) else (_to_line_end(head), False)
        except (OSError, EOFError) as error:
            raise DataError(f"{path} cannot be unpacked: {error}\nUnpack it by hand, or export it again.") from None
    size = path.stat().st_size
    if size <= WHOLE_BYTES:
        return path.read_bytes(), True
    with path.open("rb") as file:
        blocks = [_to_line_end(file.read(BLOCK_BYTES))]
        for number in range(1, BLOCKS):
            file.seek(size * number // BLOCKS, os.SEEK_SET)
            block = file.read(BLOCK_BYTES)
            blocks.append(_to_line_end(block[block.find(b"\n") + 1 :]))
    return b"".join(blocks), False


def _to_line_end(block: bytes) -> bytes:
    return block[: block.rfind(b"\n") + 1] or block


def find_encoding(data: bytes) -> str:
    """Return the encoding that reads ``data`` and gives the likeliest letters.

    Examples
    --------
    >>> find_encoding("Menge;Stück".encode("cp1252")), find_encoding("Menge;Stück".encode())
    ('cp1252', 'utf-8')
    """
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, encoding in marks.items():
        if data.startswith(mark):
            return encoding
    head = data[:200_000]
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return max(("cp1252", "latin-1", "cp850", "cp1250", "mac-roman"), key=lambda name: _likely_letters(data, name))
    return "utf-8"


def _likely_letters(data: bytes, encoding: str) -> float:
    odd = bytes(byte for byte in data[:5_000_000] if byte > 127)[:20_000]
    try:
        text = odd.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    likely = set("äöüßÄÖÜéèêëàâçñáíóúãõîïôûœæøåÉÈÀÇÑÁÍÓÚØÅÆ€£°²³ıłśżąęćńźőű")
    return sum(char in likely for char in text) / max(len(text), 1)


def read_layout(path: Path, data: bytes) -> TextLayout:
    """Return encoding, delimiter and header line of a text file.

    Raises
    ------
    DataError
        The file is no text, has one column only, or no line that could hold column names.
    """
    encoding = find_encoding(data)
    text = data[: 4 * HEAD_LINES * 65_536].decode(encoding, errors="replace")
    strange = len(re.findall(r"[\x00-\x08\x0e-\x1f\ufffd]", text[:200_000]))
    if strange > len(text[:200_000]) / 200:
        raise DataError(
            f"{path} is no text, and no Excel, Parquet, DuckDB or SQLite file either\nExport it as CSV (UTF-8)."
        )
    lines = text.splitlines()[:HEAD_LINES]
    delimiter = find_delimiter(lines)
    if not delimiter:
        raise DataError(
            f"{path} has only one column: none of , ; tab | cuts its lines into equal parts\n"
            "An order line needs at least a date, an item, a quantity and a price or amount. Export it as CSV."
        )
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    header = find_header(rows)
    if header < 0:
        raise DataError(
            f"{path} has no line with column names: line 1 already looks like data ({', '.join(rows[0][:4])})\n"
            "Put a line with the names of the columns on top of it."
        )
    titles = tuple(line.strip(delimiter + " ") for line in lines[:header] if line.strip(delimiter + " "))
    return TextLayout(encoding, delimiter, header + 1, titles)


def find_delimiter(lines: list[str]) -> str:
    """Return the mark that cuts most lines into the same number of parts, blank where none does.

    Examples
    --------
    >>> find_delimiter(["Artikel;Menge;Preis", "A;1;2,50", "B;3;1,20"])
    ';'
    """
    best, best_score = "", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader([line for line in lines if line.strip()], delimiter=delimiter) if row]
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        first = next((position for position, found in enumerate(widths) if found == width), 0)
        agree = count / max(len(widths) - first, 1)
        if width > 1 and agree >= 0.5 and agree * min(width, 6) > best_score:
            best, best_score = delimiter, agree * min(width, 6)
    return best


def find_header(rows: list[list[str]]) -> int:
    """Return the position of the row that names the columns; -1 where data begin without one.

    A header fills as many cells as the rows below it, repeats no name (much) and holds words where they hold numbers.

    Examples
    --------
    >>> find_header([["Sales 2024", "", ""], ["Item", "Qty", "Price"], ["A", "1", "2"], ["B", "2", "3"]])
    1
    >>> find_header([["A", "1", "2"], ["B", "2", "3"]])
    -1
    """
    widths = Counter(sum(bool(str(cell).strip()) for cell in row) for row in rows if len(row) > 1)
    if not widths:
        return -1
    usual = widths.most_common(1)[0][0]
    for position, row in enumerate(rows[:60]):
        filled = [str(cell).strip() for cell in row if str(cell).strip()]
        if len(filled) < max(2, 0.7 * usual):
            continue
        return position if _names_columns(row, rows[position + 1 : position + 60]) else -1
    return -1


def _names_columns(row: list[str], below: list[list[str]]) -> bool:
    """Words rather than numbers; many period names may be numbers, then the names before them decide."""
    cells = [str(cell).strip() for cell in row]
    plain = [bool(re.fullmatch(r"[-+]?[\d.,' ]*\d", cell)) for cell in cells]
    if not any(plain):
        return not below or _differs(cells, below)
    first_words = next((position for position, number in enumerate(plain) if number), len(plain))
    numbers = [int(re.sub(r"\D", "", cell)) for cell, number in zip(cells, plain, strict=True) if number]
    counters = first_words >= 1 and len(numbers) >= 4 and all(a < b for a, b in pairwise(numbers))
    return counters or sum(plain) / len(plain) < 0.2


def _differs(cells: list[str], below: list[list[str]]) -> bool:
    """Whether some column holds digits below and none in the name, or its name never comes back below."""
    for position, cell in enumerate(cells):
        column = [str(row[position]).strip() for row in below if position < len(row) and str(row[position]).strip()]
        digits = sum(any(char.isdigit() for char in value) for value in column)
        if column and digits > 0.8 * len(column) and not any(char.isdigit() for char in cell):
            return True
    joined = {value.strip() for row in below for value in map(str, row)}
    return not any(cell in joined for cell in cells if cell)


def unique_names(names: list[str]) -> list[str]:
    """Return column names with blanks and repetitions told apart.

    Examples
    --------
    >>> unique_names(["Item", "", "Item"])
    ['Item', 'column_2', 'Item.1']
    """
    seen: Counter[str] = Counter()
    unique = []
    for position, name in enumerate(names):
        name = str(name).strip() or f"column_{position + 1}"
        unique.append(f"{name}.{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return unique


def read_text(data: bytes, layout: TextLayout) -> tuple[pd.DataFrame, int]:
    """Return the rows below the header as text, and how many lines had another number of columns (left out)."""
    from pyarrow import csv as arrow_csv
    from pyarrow import string

    text = data if layout.encoding == "utf-8" else data.decode(layout.encoding, errors="replace").encode()
    lines = text.split(b"\n", layout.header_row)
    header = lines[layout.header_row - 1].decode("utf-8", errors="replace").rstrip("\r")
    names = unique_names(next(csv.reader([header], delimiter=layout.delimiter)))
    ragged: list[int] = []

    def skip(row: object) -> str:
        ragged.append(getattr(row, "actual_columns", 0))
        return "skip"

    body = lines[layout.header_row] if len(lines) > layout.header_row else b""
    if not body.strip():
        return pd.DataFrame({name: pd.Series([], dtype="str") for name in names}), 0
    quoted = body.count(b'"')
    table = arrow_csv.read_csv(
        io.BytesIO(body),
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=1 << 24),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter, invalid_row_handler=skip, newlines_in_values=bool(quoted)
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={name: string() for name in names},
            strings_can_be_null=True,
            null_values=list(MISSING),
            quoted_strings_can_be_null=True,
        ),
    )
    return table.to_pandas(types_mapper=_as_text), len(ragged)


def _as_text(_: object) -> pd.StringDtype:
    return pd.StringDtype(na_value=float("nan"))
