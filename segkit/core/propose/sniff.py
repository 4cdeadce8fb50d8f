"""Look at an unknown file of any kind segkit reads, fast: what it is, and what each of its columns holds."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.errors import DataError
from segkit.core.propose.column_names import name_ideas
from segkit.core.propose.sniff_text import find_header, read_bytes, read_layout, read_text, unique_names
from segkit.core.propose.sniff_values import ColumnLook, find_marks, look_at_column
from segkit.core.propose.wide_files import find_periods

SAMPLE_ROWS = 30_000
SAMPLE_BLOCKS = 20
WHOLE_CELLS = 40_000_000
PERIOD_ROWS = 200
MANY_COLUMNS = 300


@dataclass(frozen=True)
class FileLook:
    """What was seen in a file.

    ``options`` are the settings of a source that reads it, ``rows`` what was read of it (everything where
    ``complete``), ``sample`` blocks of neighbouring rows spread over it, from which ``columns`` were judged.
    """

    path: Path
    format: str
    options: dict[str, Any]
    rows: pd.DataFrame
    total_rows: int
    complete: bool
    sample: pd.DataFrame
    columns: dict[str, ColumnLook]
    notes: list[str] = field(default_factory=list)


def sniff_file(path: Path) -> FileLook:
    """Look at a file: kind by content, encoding, delimiter, header line, number and date formats, and each column.

    Parameters
    ----------
    path : Path
        CSV or other delimited text (also gzipped), Excel, Parquet, DuckDB or SQLite file.

    Returns
    -------
    FileLook
        Large files are judged on a sample of about 30,000 rows spread over them.

    Raises
    ------
    DataError
        The file is missing, empty, unreadable, or holds no table.
    """
    if not path.is_file():
        raise DataError(
            f"no file {path}\nGive the path of the file with the order lines: segkit new NAME --orders FILE"
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes)\nExport it again.")
    with path.open("rb") as file:
        head = file.read(32)
    readers = {
        "parquet": head.startswith(b"PAR1"),
        "excel": head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")),
        "sqlite": head.startswith(b"SQLite format 3"),
        "duckdb": head[8:12] == b"DUCK",
    }
    kind = next((name for name, found in readers.items() if found), "csv")
    options, rows, total, notes = _READERS[kind](path)
    if rows.empty:
        raise DataError(f"{path} has column names and no rows\nExport it again, with data.")
    periods = find_periods([str(name) for name in rows.columns])
    period_names = set(periods.names) if periods else set()
    chosen = _telling_names([str(name) for name in rows.columns if str(name) not in period_names])
    if len(chosen) + len(period_names) < rows.shape[1]:
        notes.append(f"{len(chosen)} of {rows.shape[1]:,} columns were looked at, those whose names say most")
    sample = spread_sample(rows[[name for name in rows.columns if str(name) in period_names or str(name) in chosen]])
    marks = find_marks(sample, options.get("delimiter", ","))
    if kind in ("csv", "excel"):
        options |= {"decimal": marks.decimal, "thousands": marks.thousands}
    few = sample.iloc[:PERIOD_ROWS]
    columns = {
        str(name): look_at_column(str(name), (few if str(name) in period_names else sample)[name], marks)
        for name in sample.columns
    }
    return FileLook(path, kind, options, rows, total, len(rows) == total, sample, columns, notes)


def _telling_names(names: list[str]) -> set[str]:
    """All names, or of very many those that hold a known word."""
    if len(names) <= MANY_COLUMNS:
        return set(names)
    return set(sorted(names, key=lambda name: not name_ideas(name)[0])[:MANY_COLUMNS])


def spread_sample(rows: pd.DataFrame, size: int = SAMPLE_ROWS) -> pd.DataFrame:
    """Return blocks of neighbouring rows spread over the table, so that orders stay together.

    Examples
    --------
    >>> len(spread_sample(pd.DataFrame({"a": range(100_000)})))
    30000
    """
    if rows.shape[1] > 1_000:
        size = max(1_000, size * 1_000 // rows.shape[1])
    if len(rows) <= size:
        return rows.reset_index(drop=True)
    length = size // SAMPLE_BLOCKS
    starts = np.linspace(0, len(rows) - length, SAMPLE_BLOCKS).astype(int)
    places = np.concatenate([np.arange(start, start + length) for start in starts])
    return rows.iloc[np.unique(places)].reset_index(drop=True)


def count_values(look: FileLook, column: str) -> int:
    """Return how many different values a column of a file holds; 0 where only a part of the rows was looked at.

    Parameters
    ----------
    look : FileLook
        The file. One column of a large Parquet file is read whole.
    column : str
        Name of the column.
    """
    if look.complete:
        return int(look.rows[column].nunique())
    if look.format != "parquet":
        return 0
    from pyarrow.compute import count_distinct
    from pyarrow.parquet import read_table

    return int(count_distinct(read_table(look.path, columns=[column]).column(0)).as_py())


def _read_csv(path: Path) -> tuple[dict[str, Any], pd.DataFrame, int, list[str]]:
    data, complete = read_bytes(path)
    layout = read_layout(path, data)
    rows, ragged = read_text(data, layout)
    if rows.empty and ragged:
        raise DataError(
            f"{path}: {ragged:,} rows do not have the {rows.shape[1]} cells that the header has, no row has\n"
            "Give every row as many cells as there are names, or another delimiter."
        )
    options: dict[str, Any] = {
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "header_row": layout.header_row,
    }
    if path.suffix.lower() not in (".csv", ".tsv", ".txt", ".gz"):
        options["format"] = "csv"
    notes = [f"{len(layout.titles)} lines above the column names: {layout.titles[0]!r}"] if layout.titles else []
    if ragged:
        notes.append(f"{ragged} lines have another number of columns than the header; they will need mending")
    share = 1.0 if complete else len(data) / max(path.stat().st_size, len(data) + 1)
    total = len(rows) if complete else int(len(rows) / share)
    if not complete:
        notes.append(f"large file: judged on {len(rows):,} rows of about {total:,}")
    return options, rows, total, notes


def _read_parquet(path: Path) -> tuple[dict[str, Any], pd.DataFrame, int, list[str]]:
    from pyarrow import ArrowException, concat_tables
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path)
        meta = file.metadata
        if meta.num_rows * meta.num_columns <= WHOLE_CELLS:
            return {}, file.read().to_pandas(), meta.num_rows, []
        count = meta.num_row_groups
        groups = sorted({int(place) for place in np.linspace(0, count - 1, min(count, SAMPLE_BLOCKS))})
        per_group = WHOLE_CELLS // meta.num_columns // len(groups)
        parts = [file.read_row_group(group).slice(0, per_group) for group in groups]
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} is a broken Parquet file: {error}\nExport it again.") from None
    rows = concat_tables(parts).to_pandas()
    return {}, rows, meta.num_rows, [f"large file: judged on {len(rows):,} rows of {meta.num_rows:,}"]


def _read_excel(path: Path) -> tuple[dict[str, Any], pd.DataFrame, int, list[str]]:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except Exception as error:
        raise DataError(f"{path} is no readable Excel file: {error}\nSave it again as .xlsx.") from None
    name = max(sheets, key=lambda sheet: sum(len([c for c in row if c != ""]) for row in sheets[sheet]))
    cells = sheets[name]
    header = find_header([[_plain(cell) for cell in row] for row in cells[:400]])
    if header < 0:
        raise DataError(f"{path}, sheet {name!r}, has no row with column names\nPut one above the data.")
    cells_of_header = [_plain(cell).strip() for cell in cells[header]]
    names = unique_names(cells_of_header)
    body = [row for row in cells[header + 1 :] if any(cell != "" for cell in row)]
    typed = {column: _typed([row[place] for row in body]) for place, column in enumerate(names)}
    rows = pd.DataFrame(
        {name: cells for name, cells in typed.items() if cells.notna().any() or name in cells_of_header}
    )
    options: dict[str, Any] = {"header_row": header + 1}
    notes = [f"{header} rows above the column names"] if header else []
    if len(sheets) > 1:
        options["sheet"] = name
        notes.append(f"sheet {name!r} of {len(sheets)}: {', '.join(sheets)}")
    return options, rows, len(rows), notes


def _plain(cell: object) -> str:
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if whole else str(cell)  # type: ignore[call-overload]


def _typed(cells: list[Any]) -> pd.Series:
    """Dates and numbers where every filled cell is one, else text."""
    filled = [cell for cell in cells if cell != ""]
    if filled and all(isinstance(cell, datetime | date) for cell in filled):
        return pd.to_datetime(pd.Series([cell if cell != "" else pd.NaT for cell in cells]), errors="coerce")
    if filled and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in filled):
        return pd.Series([cell if cell != "" else np.nan for cell in cells], dtype="float64")
    return pd.Series([_plain(cell) if cell != "" else None for cell in cells], dtype="str")


def _read_duckdb(path: Path) -> tuple[dict[str, Any], pd.DataFrame, int, list[str]]:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = [
                row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()
            ]
            counts = {t: connection.execute(f'select count(*) from "{t}"').fetchone()[0] for t in tables}  # type: ignore[index]
            name = _likeliest_table(path, counts)
            rows = connection.execute(f'select * from "{name}" limit 1000000').df()
    except duckdb.Error as error:
        raise DataError(f"{path} cannot be read as a DuckDB file: {error}") from None
    return {"format": "duckdb", "query": name}, rows, counts[name], _other_tables(name, counts)


def _read_sqlite(path: Path) -> tuple[dict[str, Any], pd.DataFrame, int, list[str]]:
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("select name from sqlite_master where type in ('table', 'view')").fetchall()
            tables = [row[0] for row in found if not row[0].startswith("sqlite_")]
            counts = {t: connection.execute(f'select count(*) from "{t}"').fetchone()[0] for t in tables}
            name = _likeliest_table(path, counts)
            rows = pd.read_sql_query(f'select * from "{name}" limit 1000000', connection)
    except sqlite3.Error as error:
        raise DataError(f"{path} cannot be read as a SQLite file: {error}") from None
    return {"url": f"sqlite:///{path.resolve()}", "query": name}, rows, counts[name], _other_tables(name, counts)


def _likeliest_table(path: Path, counts: dict[str, int]) -> str:
    """Return the table whose name speaks of order lines, else the longest."""
    if not counts:
        raise DataError(f"{path} holds no table")
    words = ("line", "order", "sale", "invoice", "transaction", "position", "auftrag", "rechnung", "vente", "venta")
    return max(
        counts, key=lambda name: (sum(word in name.lower() for word in words) * (counts[name] > 0), counts[name])
    )


def _other_tables(name: str, counts: dict[str, int]) -> list[str]:
    others = [f"{table} ({rows:,} rows)" for table, rows in counts.items() if table != name]
    return [f"table {name!r} was taken; others: {', '.join(others)}"] if others else []


_READERS = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "excel": _read_excel,
    "duckdb": _read_duckdb,
    "sqlite": _read_sqlite,
}
