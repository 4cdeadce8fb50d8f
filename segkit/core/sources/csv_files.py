"""Read CSV files: every cell stays text, so that 00123 keeps its zeros; what is wrong with a file is said in full."""

import codecs
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from segkit.core.errors import DataError, list_problems
from segkit.core.source_settings import Source

Wanted = Callable[[list[str]], list[str]]
_SHOWN = 3
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_GUESSES = ["utf-8", "cp1252", "cp1250", "cp932", "cp949", "gb18030"]
_BLOCK = 1 << 24


def read_csv(path: Path, source: Source, wanted: Wanted) -> pa.Table:
    """Read the wanted columns of one CSV file as text.

    Parameters
    ----------
    path : Path
        The file; .gz, .bz2 and .zst are unpacked on the way.
    source : Source
        Encoding, delimiter and header row.
    wanted : callable
        Takes the names of all columns, returns those to read.

    Returns
    -------
    Table
        Large string columns in the order of the file; empty cells are null.

    Raises
    ------
    DataError
        The file is empty, repeats a column name, has rows of unequal length, or cannot be decoded.
    """
    names = read_header(path, source)
    chosen = set(wanted([name for name in names if name]))
    include = [name or f"column {place}" for place, name in enumerate(names, 1)]
    include = [name for name in include if name in chosen]
    if not include:
        return pa.table({})
    ragged: list[Any] = []
    options = _options(names, include, source, ragged)
    try:
        with _open(path) as stream:
            table = arrow_csv.read_csv(stream, **options)
    except (pa.ArrowInvalid, UnicodeError) as error:
        _require_encoding(path, source.encoding)
        raise DataError(f"{path}: cannot be read as CSV\n  {error}\nCheck delimiter, header_row and quotes.") from None
    if ragged:
        raise DataError(_describe_ragged(path, names, options))
    return table


def read_header(path: Path, source: Source) -> list[str]:
    """Return the column names of a CSV file, without surrounding white space; they must differ."""
    try:
        with _open(path) as stream:
            text = io.TextIOWrapper(stream, encoding=_with_mark(source.encoding), newline="")
            rows = csv.reader(text, delimiter=source.delimiter)
            skipped = [next(text, "") for _ in range(source.header_row - 1)]
            names = [name.strip() for name in next(rows, [])]
    except UnicodeError:
        _require_encoding(path, source.encoding)
        raise
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be unpacked: {error}\nThe file is damaged: fetch it again.") from None
    require_header(path, names, source.header_row if any(skipped) else 0)
    return names


def require_header(path: Path, names: list[str], line: int) -> None:
    """Raise a DataError if a header holds no names, or one twice; ``line`` 0 says that nothing stands before it."""
    if not any(names):
        where = f"line {line} holds no column names" if line else "the file is empty"
        raise DataError(f"{path}: {where}\nGive a file with a header, or set header_row.")
    repeated = [name for name in dict.fromkeys(names) if name and names.count(name) > 1] if _repeat(names) else []
    if repeated:
        raise DataError(_describe_repeated(path, names, repeated))


def delimiter_hint(names: list[str]) -> str:
    """Return what to set where a whole header was read as one name; blank where it was not.

    Examples
    --------
    >>> delimiter_hint(["order;item;quantity"])
    'The header was read as one name: set delimiter = ";" for this source.'
    """
    found: list[str] = re.findall(r"[;\t|,]", names[0]) if len(names) == 1 else []
    mark = found[0].replace("\t", "\\t") if found else ""
    return f'The header was read as one name: set delimiter = "{mark}" for this source.' if found else ""


def _repeat(names: list[str]) -> bool:
    filled = [name for name in names if name]
    return len(set(filled)) < len(filled)


def _describe_repeated(path: Path, names: list[str], repeated: list[str]) -> str:
    places = {name: [place for place, other in enumerate(names, 1) if other == name] for name in repeated}
    problems = [f"{name!r} heads columns {', '.join(map(str, where))}" for name, where in places.items()]
    return list_problems(f"{path}: column names repeat", problems, ["Rename all but one of each in the file."])


def _open(path: Path) -> Any:
    return pa.input_stream(str(path), compression="detect")


def _with_mark(encoding: str) -> str:
    """Read a byte order mark as such, not as the first letter of the first name."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def _options(names: list[str], include: list[str], source: Source, ragged: list[Any]) -> dict[str, Any]:
    def note(row: Any) -> str:
        ragged.append(row)
        return "skip"

    places = [name or f"column {place}" for place, name in enumerate(names, 1)]
    return {
        "read_options": arrow_csv.ReadOptions(
            column_names=places,
            skip_rows=source.header_row,
            encoding=source.encoding,
            block_size=_BLOCK,
        ),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=source.delimiter, newlines_in_values=True, invalid_row_handler=note
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(include, pa.large_string()),
            include_columns=include,
            null_values=[""],
            strings_can_be_null=True,
        ),
    }


def _describe_ragged(path: Path, names: list[str], options: dict[str, Any]) -> str:
    """Say which lines have too many or too few cells; a second, slower reading counts the lines."""
    rows: list[Any] = []

    def note(row: Any) -> str:
        rows.append((row.number, row.actual_columns, row.text))
        return "skip"

    options["parse_options"].invalid_row_handler = note
    options["read_options"].use_threads = False
    with _open(path) as stream:
        arrow_csv.read_csv(stream, **options)
    shown = [f"line {number}: {cells} cells: {text[:80]}" for number, cells, text in rows[:_SHOWN]]
    head = f"{path}: {len(rows):,} rows do not have {len(names)} cells as the header has, first:"
    fix = delimiter_hint(names) or "Put text that holds the delimiter in quotes, or set delimiter or header_row."
    return "\n".join([head, *(f"  {line}" for line in shown), fix])


def _require_encoding(path: Path, encoding: str) -> None:
    """Raise with the place of the first byte that does not fit, and the encoding that does."""
    with _open(path) as stream:
        content = stream.read()
    try:
        content.decode(_with_mark(encoding))
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = content.count(b"\n", 0, start) + 1
        shown = content[max(0, start - 20) : start + 20].decode("latin-1")
        marked = [guess for mark, guess in _BYTE_ORDER_MARKS.items() if content.startswith(mark)]
        better = next((guess for guess in [*marked, *_GUESSES] if _decodes(content, guess)), "latin-1")
        raise DataError(
            f"{path}: is not {encoding}\n  byte {start:,} (line {line:,}) does not fit, near {shown!r}\n"
            f'Set encoding = "{better}" for this source: the whole file can be read so.'
        ) from None


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeError:
        return False
    return True
