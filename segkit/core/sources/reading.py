"""Read what a company has, as it is: CSV, Parquet, Excel, DuckDB files and SQL databases."""

import glob
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from segkit.core.errors import DataError, SettingsError
from segkit.core.source_settings import Join, Source
from segkit.core.sources.arrow_frames import to_frame
from segkit.core.sources.csv_files import Wanted, read_csv

_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
    **dict.fromkeys((".duckdb", ".ddb"), "duckdb"),
}
_PACKED = {".gz", ".bz2", ".zst"}


def read_source(source: Source, workspace: Path, *, wanted: Wanted = list) -> pd.DataFrame:
    """Read the rows of a source as they are.

    Parameters
    ----------
    source : Source
        Where the rows are.
    workspace : Path
        Folder to which file names are relative.
    wanted : callable, optional
        Takes the names of all columns, returns those to read; all by default.

    Returns
    -------
    DataFrame
        RangeIndex, the source's column names. Cells of a CSV file are text, those of the others have their types;
        errors and formulas without a value of a workbook are `LostCell`.

    Raises
    ------
    DataError
        The file, table or column is not there or cannot be read.
    """
    if source.url:
        from segkit.core.sources.databases import read_database

        return read_database(source, workspace)
    files = find_files(source, workspace)
    kind = _format(source, files[0])
    if kind == "excel":
        from segkit.core.sources.excel_files import read_excel
        from segkit.core.sources.excel_formulas import cells_without_value

        lost = [cells_without_value(path, source.sheet) for path in files]
        frames = [read_excel(path, source, wanted, lost=cells) for path, cells in zip(files, lost, strict=True)]
        return _stack_frames(frames)
    if kind == "duckdb":
        from segkit.core.sources.databases import read_duckdb

        return _stack_frames([read_duckdb(path, source) for path in files])
    read = read_csv if kind == "csv" else _read_parquet
    return to_frame(_stack_tables([read(path, source, wanted) for path in files], files))


def find_files(source: Source, workspace: Path) -> list[Path]:
    """Return the files that a source names, sorted; `*` stands for any text.

    Raises
    ------
    DataError
        There is none; the message lists what the folder holds.
    """
    pattern = workspace / source.file
    if pattern.is_file():
        return [pattern]
    found = sorted(Path(name) for name in glob.glob(str(pattern)) if Path(name).is_file())
    if not found:
        folder = pattern.parent
        there = sorted(path.name for path in folder.iterdir())[:10] if folder.is_dir() else []
        holds = f"{folder} holds {', '.join(there) or 'nothing'}" if folder.is_dir() else f"no folder {folder}"
        raise DataError(f"{pattern}: no such file\n  {holds}\nSet file = … in segkit.toml, relative to the workspace.")
    return found


def fingerprint_source(source: Source, workspace: Path, rows: pd.DataFrame | None = None) -> str:
    """Return the SHA-256 of what a source holds and how it is read.

    Parameters
    ----------
    source : Source
        Where the rows are.
    workspace : Path
        Folder to which file names are relative.
    rows : DataFrame, optional
        The rows of a database, if they have been read already.

    Returns
    -------
    str
        64 hexadecimal digits: over the bytes of the file(s), or over the rows of a database in any order; and over
        the source's settings, passwords left out.
    """
    digest = hashlib.sha256(_settings_text(source).encode())
    if source.url:
        _add_rows(digest, read_source(source, workspace) if rows is None else rows)
        return digest.hexdigest()
    joined = [joined_source(source, join) for join in source.joins.values() if join.file]
    for path in [path for part in (source, *joined) for path in find_files(part, workspace)]:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def joined_source(source: Source, join: Join) -> Source:
    """Return the source of a joined file: read as the rows' own file is, the format by its ending."""
    return source.model_copy(update={"file": join.file, "url": "", "query": "", "format": ""})


def _settings_text(source: Source) -> str:
    settings = source.model_dump(mode="json")
    if source.url:
        from segkit.core.sources.databases import hide_password

        settings["url"] = hide_password(source.url)
    return json.dumps(settings, sort_keys=True)


def _add_rows(digest: "hashlib._Hash", rows: pd.DataFrame) -> None:
    from segkit.core.sources.cells import clean_text

    digest.update("\0".join(rows.columns).encode())
    text = pd.DataFrame({name: clean_text(rows[name]) for name in rows})
    hashes = np.sort(pd.util.hash_pandas_object(text, index=False).to_numpy())
    digest.update(hashes.tobytes())


def _format(source: Source, path: Path) -> str:
    if source.format:
        return source.format
    endings = [ending.lower() for ending in path.suffixes]
    ending = endings[-2] if len(endings) > 1 and endings[-1] in _PACKED else (endings or [""])[-1]
    if ending in (".db", ".sqlite", ".sqlite3"):
        raise SettingsError(f'{path}: read an SQLite file with url = "sqlite:///{source.file}" and a query')
    if ending not in _ENDINGS:
        known = ", ".join(_ENDINGS)
        raise SettingsError(f'{path}: the ending {ending!r} says no format\nKnown: {known}. Else set format = "csv".')
    return _ENDINGS[ending]


def _read_parquet(path: Path, source: Source, wanted: Wanted) -> pa.Table:  # noqa: ARG001
    try:
        names = pq.read_schema(path).names
        return pq.read_table(path, columns=wanted(names), use_pandas_metadata=False)
    except (pa.ArrowException, OSError) as error:
        size = path.stat().st_size
        raise DataError(
            f"{path}: cannot be read as Parquet ({size:,} bytes)\n  {error}\n"
            "The file is damaged or was cut off: write or fetch it again."
        ) from None


def _stack_tables(tables: list[pa.Table], files: list[Path]) -> pa.Table:
    if len(tables) == 1:
        return tables[0]
    names = tables[0].column_names
    for table, path in zip(tables, files, strict=True):
        if odd := sorted(set(names) ^ set(table.column_names)):
            raise DataError(
                f"{path}: has other columns than {files[0].name}: {', '.join(odd)}\n"
                "Files that `*` joins must have the same columns."
            )
    return pa.concat_tables([table.select(names) for table in tables], promote_options="permissive")


def _stack_frames(frames: list[pd.DataFrame]) -> pd.DataFrame:
    if len(frames) == 1:
        return frames[0]
    stacked = pd.concat(frames, ignore_index=True)
    stacked.attrs["notes"] = tuple(note for frame in frames for note in frame.attrs.get("notes", ()))
    return stacked
