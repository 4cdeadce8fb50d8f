"""Judge the rows of a mapped table: what is unreadable, missing, out of limits or repeated, by the source's rules."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import TableSpec
from segkit.core.source_settings import Source
from segkit.core.sources.cells import Cells, LostCell, Reading
from segkit.core.sources.marking import SHOWN, Marks
from segkit.core.sources.reading_fixes import propose_reading
from segkit.core.tables import column_rules, name_row, present_key, repeated_rows, row_codes

_LEFT_TO_CLEANING = {"orders": {"customer_id", "item_id", "unit_price", "amount"}}


@dataclass(frozen=True)
class Case:
    """What the judgement rests on: the table, the source's rules, the cells as they were and as they were read."""

    spec: TableSpec
    source: Source
    raw: dict[str, pd.Series]
    cells: dict[str, Cells]
    reading: Reading

    @property
    def where(self) -> str:
        """Return the place of the source in segkit.toml."""
        return f"sources.{self.spec.name}"

    def is_required(self, name: str) -> bool:
        """Return whether a column must be filled, alone or with others."""
        return name in self.spec.required or any(name in group for group in self.spec.one_of)


def judge_rows(marks: Marks, frame: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Mark what breaks the contract, and return the frame with unusable optional cells blanked.

    Parameters
    ----------
    marks : Marks
        Rows that are set aside already are judged no more.
    frame : DataFrame
        The mapped table.
    case : Case
        The rules and the source's own cells.

    Returns
    -------
    DataFrame
        The table. Problems that stop the run are kept in ``marks``.
    """
    judge_unreadable(marks, case)
    _judge_blank_cells(marks, frame, case)
    _judge_missing(marks, frame, case)
    for name in list(frame.columns):
        frame = _judge_limits(marks, frame, name, case)
    _judge_repeated(marks, frame, case)
    return frame


def judge_unreadable(marks: Marks, case: Case) -> None:
    """Mark the cells that cannot be read: refused or set aside where the column must be filled, else noted."""
    for name in case.cells:
        _judge_unreadable(marks, name, case)


def note_identical(marks: Marks, frame: pd.DataFrame, raw: pd.DataFrame, spec: TableSpec) -> None:
    """Note whole rows of the source that equal an earlier one, where no key tells rows apart."""
    if present_key(frame, spec) or frame.empty:
        return
    text = [name for name in frame if isinstance(frame[name].dtype, pd.StringDtype)]
    alike = np.arange(len(frame))
    for names in ([name for name in frame if name not in text], text):  # texts cost most: few rows come so far
        codes = pd.Series(row_codes(frame.iloc[alike], names)[0])
        alike = alike[codes.duplicated(keep=False).to_numpy()]
    rows = np.zeros(len(frame), dtype=bool)
    rows[alike] = raw.iloc[alike].duplicated().to_numpy()
    rows &= marks.used()
    if rows.any():
        fix = "Kept; map line_id if the source has one, so that errors can be told from repeats."
        marks.note("identical whole rows", rows, value=_money(frame[rows]), fix=fix)


def note_unreadable(marks: Marks, case: Case) -> None:
    """Note unreadable cells of rows that are to be merged: the others of their key speak for them."""
    for name, cells in case.cells.items():
        rows = cells.unreadable & marks.used()
        if rows.any():
            first = _first_cells(marks, case.raw[name], rows)
            marks.note(f"{name} unreadable, taken as missing", rows, first=first, fix=_mend(case.raw[name]))


def _judge_unreadable(marks: Marks, name: str, case: Case) -> None:
    rows = case.cells[name].unreadable & marks.used()
    if not rows.any():
        return
    first = _first_cells(marks, case.raw[name], rows)
    proposal = propose_reading(case.raw[name], case.spec.columns[name].kind, case.reading, case.where)
    if not case.is_required(name):
        marks.note(f"{name} unreadable, taken as missing", rows, first=first, fix=proposal or _mend(case.raw[name]))
    elif case.source.unreadable == "set_aside":
        marks.set_aside(rows, f"{name} unreadable")
    else:
        fixes = (
            proposal or f"No one setting reads all of {name}: mend the cells, or read them by an expression.",
            _set_aside_rule(case),
        )
        marks.refuse(f"{name} is unreadable", rows, first=first, fixes=fixes)


def _mend(raw: pd.Series) -> str:
    lost = raw.dtype == object and any(isinstance(cell, LostCell) for cell in raw)
    return "Mend the formulas, and save the workbook in Excel so that they have values." if lost else "Mend the cells."


def _judge_blank_cells(marks: Marks, frame: pd.DataFrame, case: Case) -> None:
    """Set the blank cells of a wide source aside: nothing is known of that item and period."""
    wide = case.source.wide
    if wide is None or wide.blank == "zero":
        return
    name = next((name for name, cells in case.raw.items() if cells.name == wide.value), None)
    if name in frame:
        marks.set_aside(frame[name].isna().to_numpy(), "blank cell of a wide source")


def _judge_missing(marks: Marks, frame: pd.DataFrame, case: Case) -> None:
    later = _LEFT_TO_CLEANING.get(case.spec.name, set())
    groups: list[tuple[str, ...]] = [*((name,) for name in case.spec.required), *case.spec.one_of]
    for group in groups:
        if later & set(group):
            continue
        rows = np.logical_and.reduce([_is_blank(frame, name, case) for name in group if name in frame])
        _judge(marks, rows, f"{' and '.join(group)} missing", f"{' and '.join(group)} is missing", case)


def _is_blank(frame: pd.DataFrame, name: str, case: Case) -> np.ndarray:
    """Return which cells hold nothing; those that could not be read have been spoken of."""
    blank = frame[name].isna().to_numpy()
    return blank & ~case.cells[name].unreadable if name in case.cells else blank


def _judge_limits(marks: Marks, frame: pd.DataFrame, name: str, case: Case) -> pd.DataFrame:
    for rule in column_rules(case.spec.columns[name]):
        rows = rule.broken(frame[name]).fillna(False).to_numpy(dtype=bool) & marks.used()
        if not rows.any():
            continue
        problem = f"{name} {rule.problem}"
        if case.source.unreadable == "set_aside" and not case.is_required(name):
            marks.note(f"{problem}, taken as missing", rows, first=_first_cells(marks, frame[name], rows))
            frame = frame.assign(**{name: frame[name].mask(rows)})
        else:
            words = f"Map its words under [{case.where}.values.{name}]." if case.spec.columns[name].one_of else ""
            _judge(marks, rows, problem, problem, case, first=_first_cells(marks, frame[name], rows), fix=words)
    return frame


def _judge_repeated(marks: Marks, frame: pd.DataFrame, case: Case) -> None:
    key = present_key(frame, case.spec)
    used = marks.used()
    rows = np.zeros(len(frame), dtype=bool)
    rows[used] = repeated_rows(frame if used.all() else frame[used], key)
    if not rows.any():
        return
    words = f"{'line key' if 'line_id' in key else 'key'} ({', '.join(key)}) repeats"
    if case.source.duplicates == "set_aside":
        marks.set_aside(rows, words)
        return
    first = "; ".join(name_row(frame, place, case.spec) for place in np.flatnonzero(rows)[:SHOWN])
    fix = f'Mend the source, or set {case.where}.duplicates = "set_aside" to use the first row of each key.'
    marks.refuse(words, rows, first=first, fixes=(fix,))


def _judge(
    marks: Marks, rows: np.ndarray, reason: str, problem: str, case: Case, *, first: str = "", fix: str = ""
) -> None:
    rows = rows & marks.used()
    if not rows.any():
        return
    if case.source.unreadable == "set_aside":
        marks.set_aside(rows, reason)
    else:
        marks.refuse(
            problem, rows, first=first, fixes=(fix, _set_aside_rule(case)) if fix else (_set_aside_rule(case),)
        )


def _set_aside_rule(case: Case) -> str:
    return f'Or set {case.where}.unreadable = "set_aside" to leave such rows out, counted.'


def _first_cells(marks: Marks, cells: pd.Series, rows: np.ndarray) -> str:
    return "; ".join(f"{marks.name_row(place)} {_shown(cells.iloc[place])}" for place in np.flatnonzero(rows)[:SHOWN])


def _shown(cell: object) -> str:
    return repr(cell if isinstance(cell, str) else str(cell))[:60]


def _money(frame: pd.DataFrame) -> float:
    if "amount" in frame:
        return float(frame["amount"].sum())
    return float((frame["quantity"] * frame["unit_price"]).sum()) if "unit_price" in frame else float("nan")
