"""From a source's rows to a table of segkit: names, types and marks. No row leaves; what cannot be used says why."""

from pathlib import Path

import numpy as np
import pandas as pd

from segkit.core.cells import Cells, Reading, clean_text, read_cells
from segkit.core.columns import Column, TableSpec, input_tables
from segkit.core.errors import DataError, SettingsError, list_problems
from segkit.core.expressions import evaluate, mentioned_columns
from segkit.core.marking import SHOWN, Marks
from segkit.core.settings import Source, nearest_name
from segkit.core.sources import fingerprint_source, read_source
from segkit.core.tables import MarkedTable, column_rules, name_row, present_key, repeated_rows, row_codes

_JUDGED_LATER = {"orders": {"customer_id", "item_id", "unit_price", "amount"}}
_FEW_COLUMNS = 100


def read_table(name: str, source: Source, workspace: Path) -> MarkedTable:
    """Read one table from its source.

    Parameters
    ----------
    name : str
        Name of an input table.
    source : Source
        Where it comes from and how its columns become segkit's.
    workspace : Path
        Folder to which file names are relative.

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
    raw = read_source(source, workspace, wanted=lambda names: wanted_columns(names, spec, source))
    table = map_table(name, raw, source)
    fingerprint = fingerprint_source(source, workspace, raw)
    return MarkedTable(name, table.frame, table.reason, table.notes, fingerprint)


def wanted_columns(names: list[str], spec: TableSpec, source: Source) -> list[str]:
    """Return the columns worth reading: all of a narrow source (whole rows may repeat), else those that are used."""
    if len(names) <= _FEW_COLUMNS:
        return names
    used = {*_origins(names, spec, source).values(), *mentioned_columns(source, names)}
    return [name for name in names if name in used]


def map_table(name: str, raw: pd.DataFrame, source: Source) -> MarkedTable:
    """Name, type and mark the rows of a source.

    Parameters
    ----------
    name : str
        Name of an input table.
    raw : DataFrame
        Rows as `read_source` gives them.
    source : Source
        How the source's columns become segkit's.

    Returns
    -------
    MarkedTable
        Every row, with reasons and notes. Of orders, a missing item, customer or price is left to cleaning.

    Raises
    ------
    SettingsError
        The mapping names columns that are not there.
    DataError
        A required column is missing, or cells or keys break the contract and the rule is to fail.
    """
    spec = input_tables()[name]
    origins = _require_columns(list(raw.columns), spec, source)
    computed = evaluate(raw, source, name)
    cells = {column: _read_column(spec.columns[column], raw, origins, computed, source) for column in origins}
    frame = pd.DataFrame({column: read.values for column, read in cells.items()}, index=pd.RangeIndex(len(raw)))
    marks = Marks(len(raw), lambda place: f"row {place + 1:,}")
    if source.where:
        marks.set_aside(~computed["where"].to_numpy(dtype=bool), f"left out by sources.{name}.where")
    _mark_unreadable(marks, cells, raw, origins, computed, spec, source)
    _mark_missing(marks, frame, spec, source)
    frame = _mark_limits(marks, frame, spec, source)
    _mark_repeated(marks, frame, spec, source)
    _note_identical(marks, frame, raw, spec)
    marks.require(f"table '{name}' cannot be used as it is")
    return MarkedTable(name, frame, marks.reason(), tuple(marks.notes))


def _origins(names: list[str], spec: TableSpec, source: Source) -> dict[str, str]:
    """Return for each column of the table the source column it comes from; blank for an expression."""
    known = set(names)
    mapped = {**{name: name for name in spec.columns if name in known}, **source.columns}
    mapped = {name: origin for name, origin in mapped.items() if origin}
    mapped.update(dict.fromkeys(source.expressions, ""))
    return {name: mapped[name] for name in spec.columns if name in mapped}


def _require_columns(names: list[str], spec: TableSpec, source: Source) -> dict[str, str]:
    where, known = f"sources.{spec.name}", list(spec.columns)
    sections = {"columns": source.columns, "expressions": source.expressions, "values": source.values}
    wrong = [
        f"{where}.{section}.{name}: no column of {spec.name} is named so{nearest_name(name, known)}"
        for section, entries in sections.items()
        for name in entries
        if name not in known
    ]
    wrong += [
        f"{where}.columns.{name} = {origin!r}: the source has no such column{nearest_name(origin, names)}"
        for name, origin in source.columns.items()
        if origin and origin not in names
    ]
    if wrong:
        raise SettingsError(list_problems(f"the mapping of {spec.name} does not fit its source", wrong))
    origins = _origins(names, spec, source)
    absent = [name for name in spec.required if name not in origins]
    absent += [" or ".join(group) for group in spec.one_of if not any(name in origins for name in group)]
    if absent:
        lines = [f"{name} is required and comes from no column" for name in absent]
        has = f"The source has: {', '.join(names[:40])}{' …' if len(names) > 40 else ''}"
        raise DataError(list_problems(f"table '{spec.name}'", lines, [has, f"Name them under [{where}.columns]."]))
    return origins


def _read_column(column: Column, raw: pd.DataFrame, origins: dict, computed: pd.DataFrame, source: Source) -> Cells:
    reading = _reading(source)
    return read_cells(
        _translated(column, _cells_of(column.name, raw, origins, computed), source, reading), column.kind, reading
    )


def _reading(source: Source) -> Reading:
    return Reading(source.decimal, source.thousands, source.date_format, tuple(source.missing))


def _cells_of(name: str, raw: pd.DataFrame, origins: dict[str, str], computed: pd.DataFrame) -> pd.Series:
    return computed[name] if name in computed else raw[origins[name]]


def _translated(column: Column, cells: pd.Series, source: Source, reading: Reading) -> pd.Series:
    """Replace source words by segkit's; allowed words may be written in any case."""
    words = source.values.get(column.name, {})
    if not words and not column.one_of:
        return cells
    text = clean_text(cells, reading)
    text = text.map(lambda word: words.get(word, word), na_action="ignore").astype("str") if words else text
    return text.str.lower() if column.one_of else text


def _is_required(name: str, spec: TableSpec) -> bool:
    return name in spec.required or any(name in group for group in spec.one_of)


def _mark_unreadable(
    marks: Marks, cells: dict[str, Cells], raw, origins, computed, spec: TableSpec, source: Source
) -> None:
    for name, read in cells.items():
        rows = read.unreadable & marks.used()
        if not rows.any():
            continue
        shown = _cells_of(name, raw, origins, computed)
        first = "; ".join(f"row {place + 1:,} {_shown(shown.iloc[place])}" for place in np.flatnonzero(rows)[:SHOWN])
        if not _is_required(name, spec):
            marks.note(f"{name} unreadable, taken as missing", rows, first=first)
        elif source.unreadable == "set_aside":
            marks.set_aside(rows, f"{name} unreadable")
        else:
            fix = f'Mend the cells, or set sources.{spec.name}.unreadable = "set_aside".'
            marks.refuse(f"{name} is unreadable", rows, first=first, fixes=(fix,))


def _shown(cell: object) -> str:
    return repr(cell if isinstance(cell, str) else str(cell))[:60]


def _mark_missing(marks: Marks, frame: pd.DataFrame, spec: TableSpec, source: Source) -> None:
    later = _JUDGED_LATER.get(spec.name, set())
    groups: list[tuple[str, ...]] = [*((name,) for name in spec.required), *spec.one_of]
    for group in groups:
        if later & set(group):
            continue
        present = [name for name in group if name in frame]
        _judge(marks, frame[present].isna().all(axis=1).to_numpy(), f"{' and '.join(group)} missing", spec, source)


def _judge(marks: Marks, rows: np.ndarray, problem: str, spec: TableSpec, source: Source) -> None:
    rows = rows & marks.used()
    if not rows.any():
        return
    if source.unreadable == "set_aside":
        marks.set_aside(rows, problem)
    else:
        fix = f'Mend the source, or set sources.{spec.name}.unreadable = "set_aside".'
        marks.refuse(problem, rows, fixes=(fix,))


def _mark_limits(marks: Marks, frame: pd.DataFrame, spec: TableSpec, source: Source) -> pd.DataFrame:
    for name in frame:
        for rule in column_rules(spec.columns[str(name)]):
            rows = rule.broken(frame[name]).fillna(False).to_numpy(dtype=bool) & marks.used()
            if not rows.any():
                continue
            if source.unreadable == "set_aside" and not _is_required(str(name), spec):
                marks.note(f"{name} {rule.problem}, taken as missing", rows)
                frame = frame.assign(**{str(name): frame[name].mask(rows)})
            else:
                _judge(marks, rows, f"{name} {rule.problem}", spec, source)
    return frame


def _mark_repeated(marks: Marks, frame: pd.DataFrame, spec: TableSpec, source: Source) -> None:
    key = present_key(frame, spec)
    used = np.flatnonzero(marks.used())
    rows = np.zeros(len(frame), dtype=bool)
    rows[used] = repeated_rows(frame.iloc[used] if len(used) < len(frame) else frame, key)
    if not rows.any():
        return
    if source.duplicates == "set_aside":
        marks.set_aside(rows, f"key ({', '.join(key)}) repeats")
    else:
        first = "; ".join(name_row(frame, place, spec) for place in np.flatnonzero(rows)[:SHOWN])
        fix = f'Mend the source, or set sources.{spec.name}.duplicates = "set_aside" to use the first row of each key.'
        marks.refuse(f"key ({', '.join(key)}) repeats", rows, first=first, fixes=(fix,))


def _note_identical(marks: Marks, frame: pd.DataFrame, raw: pd.DataFrame, spec: TableSpec) -> None:
    """Note whole rows that equal an earlier one, where no key tells rows apart."""
    if present_key(frame, spec) or frame.empty:
        return
    codes = pd.Series(row_codes(frame, list(frame.columns))[0])
    alike = np.flatnonzero(codes.duplicated(keep=False))
    rows = np.zeros(len(frame), dtype=bool)
    rows[alike] = raw.iloc[alike].duplicated().to_numpy()
    rows &= marks.used()
    if rows.any():
        marks.note("identical whole rows", rows, value=_money(frame[rows]), fix="Give a line_id if they are no errors.")


def _money(frame: pd.DataFrame) -> float:
    if "amount" in frame:
        return float(frame["amount"].sum())
    return float((frame["quantity"] * frame["unit_price"]).sum()) if "unit_price" in frame else float("nan")
