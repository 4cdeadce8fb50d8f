"""From a source's rows to a table of segkit: names, types and marks. No row leaves; what cannot be used says why."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from segkit.core.columns import Column, TableSpec, input_tables
from segkit.core.errors import DataError, SettingsError
from segkit.core.source_settings import Join, Source
from segkit.core.sources.cells import Cells, Reading, clean_text, read_cells
from segkit.core.sources.expressions import WHERE, evaluate
from segkit.core.sources.joins import join_columns
from segkit.core.sources.judging import Case, judge_rows, judge_unreadable, note_identical, note_unreadable
from segkit.core.sources.known_rows import KnownRows
from segkit.core.sources.marking import Marks
from segkit.core.sources.one_row_per_key import keep_one_row_per_key
from segkit.core.sources.origins import find_origins, require_origins, unread_columns, wanted_columns
from segkit.core.sources.reading import fingerprint_source, joined_source, read_source
from segkit.core.sources.wide import period_columns, turn_wide
from segkit.core.tables import MarkedTable, Note, name_row

NOTES, UNREAD, ROWS = "notes", "unread", "sheet_rows"


def read_table(name: str, source: Source, workspace: Path, *, known: KnownRows | None = None) -> MarkedTable:
    """Read one table from its source.

    Parameters
    ----------
    name : str
        Name of an input table.
    source : Source
        Where it comes from and how its columns become segkit's.
    workspace : Path
        Folder to which file names are relative.
    known : KnownRows, optional
        Until when rows are known of which a master table is made; the later ones give nothing.

    Returns
    -------
    MarkedTable
        Every row of the source, named and typed, with reasons, notes and the source's fingerprint.

    Raises
    ------
    DataError, SettingsError
        The source cannot be read, or rows break the contract and the rule is to fail.
    """
    spec = input_tables()[name]
    there: dict[str, None] = {}

    def wanted(names: list[str]) -> list[str]:
        there.update(dict.fromkeys(names))
        used = {*wanted_columns(names, spec, source), *(known.columns(names) if known else [])}
        return [name for name in names if name in used]

    raw = read_source(source, workspace, wanted=wanted)
    raw.attrs[UNREAD] = tuple(there)
    names = list(there or raw.columns)
    dated = known.columns(names) if known else []
    unread = tuple(one for one in unread_columns(names, spec, source) if one not in dated)
    fingerprint = fingerprint_source(source, workspace, raw)
    return replace(map_table(name, raw, source, workspace, known=known), fingerprint=fingerprint, unread=unread)


def map_table(
    name: str, raw: pd.DataFrame, source: Source, workspace: Path = Path(), *, known: KnownRows | None = None
) -> MarkedTable:
    """Name, type and mark the rows of a source.

    Parameters
    ----------
    name : str
        Name of an input table.
    raw : DataFrame
        Rows as `read_source` gives them.
    source : Source
        How the source's columns become segkit's.
    workspace : Path, optional
        Folder of the files that ``source.joins`` name.
    known : KnownRows, optional
        As for `read_table`.

    Returns
    -------
    MarkedTable
        Every row, with reasons and notes. Of orders, a missing item, customer or price is left to cleaning.

    Raises
    ------
    SettingsError
        The mapping names columns that are not there, or an expression cannot be worked out.
    DataError
        A required column is missing, or cells or keys break the contract and the rule is to fail.
    """
    spec, reading = input_tables()[name], _reading(source)
    found, unread = _notes_of(raw), _unread_of(raw, source)
    raw = _lengthen(raw, source, reading, name, workspace)
    try:
        origins = require_origins(list(raw.columns), spec, source, unread)
    except (DataError, SettingsError) as error:
        raise type(error)("\n".join([str(error), *_unreadable_too(raw, spec, source, reading)])) from None
    computed = evaluate(raw, source, name)
    own = {column: raw[origin] if origin else computed[column] for column, origin in origins.items()}
    cells = {column: _read(spec.columns[column], own[column], source, reading) for column in origins}
    frame = pd.DataFrame({column: read.values for column, read in cells.items()}, pd.RangeIndex(len(raw)), copy=False)
    if source.wide and source.wide.blank == "zero":
        frame = _fill_blank(frame, own, source.wide.value)
    marks = Marks(len(raw), lambda place: name_row(frame, place, spec) if source.wide else _row_name(raw, place))
    if source.where:
        marks.set_aside(~computed[WHERE].to_numpy(dtype=bool), f"left out by sources.{name}.where")
    if source.one_row_per_key:
        if known:
            marks.set_aside(known.later(raw), "not known yet")
        return _map_one_row_per_key(name, frame, marks, Case(spec, source, own, cells, reading), found)
    frame = judge_rows(marks, frame, Case(spec, source, own, cells, reading))
    note_identical(marks, frame, raw, spec)
    marks.require(_subject(name))
    return MarkedTable(name, frame, marks.reason(), (*found, *marks.notes))


def _lengthen(raw: pd.DataFrame, source: Source, reading: Reading, name: str, workspace: Path) -> pd.DataFrame:
    """Return the rows after wide-to-long and with what the joined files bring."""
    if source.wide:
        raw = turn_wide(raw, source.wide, reading, f"sources.{name}.wide")
    for label, join in source.joins.items():
        if join.file:
            where = f"sources.{name}.joins.{label}"
            raw = join_columns(raw, _read_joined(source, join, reading, workspace, where), join, where)
    return raw


def _read_joined(source: Source, join: Join, reading: Reading, workspace: Path, where: str) -> pd.DataFrame:
    def wanted(names: list[str]) -> list[str]:
        periods = period_columns(join.wide, names) if join.wide else []
        used = {*join.on.values(), *join.bring, *periods}
        return [name for name in names if name in used]

    other = read_source(joined_source(source, join), workspace, wanted=wanted)
    return turn_wide(other, join.wide, reading, f"{where}.wide") if join.wide else other


def _reading(source: Source) -> Reading:
    return Reading(source.decimal, source.thousands, source.date_format, tuple(source.missing))


def _read(column: Column, raw: pd.Series, source: Source, reading: Reading) -> Cells:
    """Return the cells of one column: source words replaced, then read in the column's type."""
    words = source.values.get(column.name, {})
    if words or column.one_of:
        raw = clean_text(raw, reading)
        raw = raw.map(lambda word: words.get(word, word), na_action="ignore").astype("str") if words else raw
        raw = raw.str.lower() if column.one_of else raw
    return read_cells(raw, column.kind, reading)


def _fill_blank(frame: pd.DataFrame, own: dict[str, pd.Series], value: str) -> pd.DataFrame:
    filled = {name: frame[name].fillna(0) for name, raw in own.items() if raw.name == value}
    return frame.assign(**filled)


def _map_one_row_per_key(
    name: str, frame: pd.DataFrame, marks: Marks, case: Case, found: tuple[Note, ...]
) -> MarkedTable:
    """Merge the rows that are not left out, and judge what comes of them."""
    note_unreadable(marks, case)
    merged, notes = keep_one_row_per_key(frame[marks.used()], case.spec)
    new = Marks(len(merged), lambda place: name_row(merged, place, case.spec))
    merged = judge_rows(new, merged, replace(case, raw={}, cells={}))
    new.require(_subject(name))
    return MarkedTable(name, merged, new.reason(), (*found, *marks.notes, *notes, *new.notes))


def _subject(name: str) -> str:
    return f"table '{name}' cannot be used as it is"


def _unreadable_too(raw: pd.DataFrame, spec: TableSpec, source: Source, reading: Reading) -> list[str]:
    """Return what else is wrong with a table whose mapping does not fit: unreadable cells of what could be found."""
    found = {name: origin for name, origin in find_origins(list(raw.columns), spec, source).items() if origin in raw}
    own = {name: raw[origin] for name, origin in found.items()}
    cells = {name: _read(spec.columns[name], own[name], source, reading) for name in found}
    marks = Marks(len(raw), lambda place: _row_name(raw, place))
    judge_unreadable(marks, Case(spec, source, own, cells, reading))
    try:
        marks.require(_subject(spec.name))
    except DataError as error:
        return [str(error)]
    return []


def _row_name(raw: pd.DataFrame, place: int) -> str:
    """Return how a row is named: by its place in the sheet where that is known, else among the rows."""
    return f"row {raw.attrs[ROWS][place] if ROWS in raw.attrs else place + 1:,}"


def _unread_of(raw: pd.DataFrame, source: Source) -> tuple[str, ...]:
    """Return the names of all columns that the source has, but for its periods."""
    names = list(raw.attrs.get(UNREAD, ()))
    periods = set(period_columns(source.wide, names)) if source.wide else set()
    return tuple(name for name in names if name not in periods)


def _notes_of(raw: pd.DataFrame) -> tuple[Note, ...]:
    """Return what reading the file has noted."""
    return tuple(Note(reason, rows) for reason, rows in raw.attrs.get(NOTES, ()))
