"""What a table must look like: contracts made from the nomenclature, and tables whose rows carry marks.

A contract is checked in two ways: `check_table` gives one row per problem, `require_table` raises with all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import Column, TableSpec
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.row_hashes import surely_differ

PROBLEM_COLUMNS = ["column", "problem", "rows", "first"]
_SHOWN = 3


@dataclass(frozen=True)
class Note:
    """Something worth knowing about rows that are used all the same.

    ``rows`` and ``value`` count what it concerns ([currency of the source]; NaN where no money is in play).
    """

    reason: str
    rows: int
    value: float = float("nan")
    first: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Remark:
    """Something recognised in some rows, to become a note on those among them that are used in the end."""

    reason: str
    rows: np.ndarray
    fix: str = ""


@dataclass(frozen=True)
class MarkedTable:
    """A table in which no row has left: rows that cannot be used carry the reason.

    Attributes
    ----------
    name : str
        Name of the table in the nomenclature.
    frame : DataFrame
        Every row of the source (of a wide source: every cell), RangeIndex. Columns that the source gives, in the
        order, names and types of the nomenclature: id and text ``str`` (``category`` where a wide source was turned),
        date ``datetime64[us]`` at midnight, number, money and share ``float64``, whole ``Int64``, flag ``boolean``.
    reason : Series
        ``str``; empty = the row is used, else why it is set aside.
    notes : tuple of Note
        What is worth knowing about rows that are used.
    remarks, unread : tuple
        What was recognised in rows before it is known which are used; columns of the source that nothing reads.
    fingerprint : str
        Of the source the rows came from; empty where they came from memory.
    """

    name: str
    frame: pd.DataFrame
    reason: pd.Series
    notes: tuple[Note, ...] = ()
    fingerprint: str = ""
    remarks: tuple[Remark, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def used(self) -> np.ndarray:
        """Which rows are used."""
        return (self.reason == "").to_numpy(dtype=bool)


@dataclass(frozen=True)
class Rule:
    """A limit on the cells of one column: what to say of a cell that breaks it, and how to find those cells."""

    problem: str
    broken: Callable[[pd.Series], Any]


def column_rules(column: Column) -> tuple[Rule, ...]:
    """Return the limits that the nomenclature sets on a column; missing cells break none of them.

    Examples
    --------
    >>> from segkit.core.columns import nomenclature
    >>> [rule.problem for rule in column_rules(nomenclature()["customers"].columns["requested_service"])]
    ['is below 0', 'is above 1']
    """
    rules = []
    if column.min is not None:
        rules.append(Rule(f"is below {column.min:g}", lambda cells: cells < column.min))
    if column.max is not None:
        rules.append(Rule(f"is above {column.max:g}", lambda cells: cells > column.max))
    if column.above is not None:
        rules.append(Rule(f"is not above {column.above:g}", lambda cells: cells <= column.above))
    if column.one_of:
        words = list(column.one_of)
        rules.append(Rule(f"is none of {', '.join(words)}", lambda cells: cells.notna() & ~cells.isin(words)))
    return tuple(rules)


def contract(spec: TableSpec) -> Any:
    """Return the pandera schema of a table: types, limits, filled columns and the key.

    Parameters
    ----------
    spec : TableSpec
        A table of the nomenclature.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        It converts nothing; columns that the nomenclature does not know break it.
    """
    import pandera.pandas as pa

    columns = {
        name: pa.Column(
            checks=[pa.Check(_typed(column), error=f"is not {_TYPES[column.kind]}"), *_limits(column)],
            nullable=name not in spec.required,
            required=name in spec.required,
        )
        for name, column in spec.columns.items()
    }
    groups = [pa.Check(_any_filled(group), error=_filled_words(group)) for group in spec.one_of]
    key = pa.Check(lambda frame: _unique(frame, spec), error=_KEY)
    return pa.DataFrameSchema(columns, checks=[*groups, key], strict=True, coerce=False, name=spec.name)


def check_table(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Return one row for every way in which a table breaks its contract.

    Parameters
    ----------
    frame : DataFrame
        The table.
    spec : TableSpec
        What it should be.

    Returns
    -------
    DataFrame
        column, problem (text), rows (how many), first (the first offenders with their keys); empty if all is well.
    """
    import pandera.errors

    schema = contract(spec)
    try:
        schema.validate(frame.reset_index(drop=True), lazy=True)
    except pandera.errors.SchemaErrors as errors:
        problems = [_problem(error, frame, spec) for error in errors.schema_errors]
        order = {name: place for place, name in enumerate(spec.columns)}
        problems.sort(key=lambda problem: order.get(problem["column"], len(order)))
        return pd.DataFrame(problems, columns=PROBLEM_COLUMNS)
    return pd.DataFrame({"column": [], "problem": [], "rows": [], "first": []}).astype({"rows": "int64"})


def require_table(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Return the table as it is if it keeps its contract.

    Raises
    ------
    DataError
        Names the table and every problem with its rows and first offenders.
    """
    problems = check_table(frame, spec)
    if problems.empty:
        return frame
    lines = [_sentence(problem) for problem in problems.to_dict("records")]
    raise DataError(list_problems(f"table '{spec.name}' breaks its contract", lines, [_fix(spec)]))


def present_key(frame: pd.DataFrame, spec: TableSpec) -> list[str]:
    """Return the key columns by which rows of this frame can be told apart; none where a line number is missing."""
    present = [name for name in spec.key if name in frame]
    return [] if "line_id" in spec.key and len(present) < len(spec.key) else present


def repeated_rows(frame: pd.DataFrame, key: list[str]) -> np.ndarray:
    """Return which rows repeat the key of an earlier row; a line whose key is not filled repeats none.

    Examples
    --------
    >>> repeated_rows(pd.DataFrame({"item_id": ["a", "b", "a"]}), ["item_id"])
    array([False, False,  True])
    """
    if not key or frame.empty or surely_differ(frame, key):
        return np.zeros(len(frame), dtype=bool)
    codes, size = row_codes(frame, key)
    repeats = _repeats(codes, size)
    return repeats & frame[key].notna().all(axis=1).to_numpy() if "line_id" in key else repeats


def row_codes(frame: pd.DataFrame, columns: list[str]) -> tuple[np.ndarray, int]:
    """Return one integer per row, equal where all the columns are equal (missing = missing), and their upper limit."""
    codes, size = np.zeros(len(frame), dtype="int64"), 1
    for name in columns:
        column, count = _column_codes(frame[name])
        if size * count > 2**62:
            codes, uniques = pd.factorize(codes)
            size = len(uniques)
        codes *= count
        codes += column
        size *= count
    return codes, size


def sort_rows(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the rows in the order of a key, equal ones as they come, missing last; as ``sort_values``, but quicker.

    Examples
    --------
    >>> sort_rows(pd.DataFrame({"item_id": ["b", None, "a"]}), ["item_id"])["item_id"].tolist()
    ['a', 'b', nan]
    """
    from pyarrow import Table
    from pyarrow.compute import sort_indices

    if any(isinstance(frame[name].dtype, pd.CategoricalDtype) for name in key):
        return frame.sort_values(key, kind="stable", ignore_index=True)
    cells = Table.from_pandas(frame[key], preserve_index=False)
    order = sort_indices(cells, sort_keys=[(name, "ascending") for name in key])
    return frame.take(order.to_numpy()).reset_index(drop=True)


def name_row(frame: pd.DataFrame, place: int, spec: TableSpec) -> str:
    """Return how a person finds a row again: its key, item and date."""
    names = dict.fromkeys([*spec.key, *(name for name in ("customer_id", "item_id") if name in spec.columns)])
    words = [f"{name}={_shown(frame[name].iloc[place])}" for name in names if _is_filled(frame, name, place)]
    dates = [name for name in spec.required if spec.columns[name].kind == "date" and name not in spec.key]
    words += [_shown(frame[name].iloc[place]) for name in dates if _is_filled(frame, name, place)]
    return ", ".join(words) or f"row {place + 1:,}"


_KEY = "repeats"
_TYPES = {
    **dict.fromkeys(("id", "text"), "text"),
    **dict.fromkeys(("number", "money", "share"), "a number"),
    "date": "a date",
    "whole": "a whole number",
    "flag": "a flag",
}


def _typed(column: Column) -> Callable[[pd.Series], bool]:
    return lambda cells: _has_type(cells, column.kind)


def _has_type(cells: pd.Series, kind: str) -> bool:
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return kind in ("id", "text") and _has_type(cells.cat.categories.to_series(), kind)
    if kind in ("id", "text"):
        return isinstance(cells.dtype, pd.StringDtype)
    if kind == "date":
        return cells.dtype == "datetime64[us]"
    if kind == "whole":
        return pd.api.types.is_integer_dtype(cells.dtype)
    if kind == "flag":
        return pd.api.types.is_bool_dtype(cells.dtype)
    return cells.dtype == "float64"


def _limits(column: Column) -> Iterator[Any]:
    import pandera.pandas as pa

    for rule in column_rules(column):
        yield pa.Check(_unbroken(rule), error=rule.problem)


def _unbroken(rule: Rule) -> Callable[[pd.Series], pd.Series]:
    return lambda cells: ~_broken(rule, cells)


def _unique(frame: pd.DataFrame, spec: TableSpec) -> pd.Series:
    return pd.Series(~repeated_rows(frame, present_key(frame, spec)), index=frame.index)


def _broken(rule: Rule, cells: pd.Series) -> pd.Series:
    """Return which cells break a rule; of a column of the wrong type none, since that is said already."""
    try:
        return rule.broken(cells).fillna(False).astype(bool)
    except TypeError:
        return pd.Series(False, index=cells.index)


def _any_filled(group: tuple[str, ...]) -> Callable[[pd.DataFrame], Any]:
    def filled(frame: pd.DataFrame) -> Any:
        present = [name for name in group if name in frame]
        return frame[present].notna().any(axis=1) if present else False

    return filled


def _filled_words(group: tuple[str, ...]) -> str:
    return f"is missing, and so is {' and '.join(group[1:])}," if len(group) > 1 else "is missing"


def _column_codes(cells: pd.Series) -> tuple[np.ndarray, int]:
    if isinstance(cells.dtype, pd.CategoricalDtype):
        codes, count = cells.cat.codes.to_numpy().astype("int64"), len(cells.cat.categories)
    else:
        codes, uniques = pd.factorize(cells)
        count = len(uniques)
    codes += 1
    return codes, count + 1


def _repeats(codes: np.ndarray, size: int) -> np.ndarray:
    if size <= 8 * len(codes) and np.bincount(codes, minlength=size).max() <= 1:
        return np.zeros(len(codes), dtype=bool)
    return pd.Series(codes).duplicated().to_numpy()


def _is_filled(frame: pd.DataFrame, name: str, place: int) -> bool:
    return name in frame and not pd.isna(frame[name].iloc[place])


def _problem(error: Any, frame: pd.DataFrame, spec: TableSpec) -> dict[str, Any]:
    """Turn one pandera error into a row: which column, what is wrong, how many, the first."""
    kind = error.reason_code.name
    if kind == "COLUMN_NOT_IN_DATAFRAME":
        return _row(str(error.failure_cases), "is required and not there", len(frame))
    if kind == "COLUMN_NOT_IN_SCHEMA":
        return _row(str(error.failure_cases), "is no column of this table", len(frame))
    places = _places(error, frame)
    if kind == "SERIES_CONTAINS_NULLS":
        return _row(error.schema.name, "is missing", len(places), _first(frame, places, spec))
    if error.check.error == _KEY:
        key = present_key(frame, spec)
        named = "line key" if "line_id" in key else "key"
        first = "; ".join(_shown_key(frame[key].iloc[place]) for place in places[:_SHOWN])
        return _row(f"{named} ({', '.join(key)})", "repeats", len(places), first)
    column = error.schema.name if error.schema.name in spec.columns else _group_column(error, spec)
    return _row(column, error.check.error, len(places), _first(frame, places, spec))


def _places(error: Any, frame: pd.DataFrame) -> list[int]:
    """Return the places of the rows that fail; all of them where the whole column does."""
    cases = error.failure_cases
    if not isinstance(cases, pd.DataFrame) or "index" not in cases or cases["index"].isna().all():
        return list(range(len(frame)))
    return sorted(set(cases["index"].astype(int)))


def _group_column(error: Any, spec: TableSpec) -> str:
    return next((group[0] for group in spec.one_of if _filled_words(group) == error.check.error), "")


def _shown(cell: Any) -> str:
    return f"{cell:%Y-%m-%d}" if isinstance(cell, pd.Timestamp) else repr(cell)


def _shown_key(cells: pd.Series) -> str:
    return f"({', '.join(_shown(cell) for cell in cells)})"


def _first(frame: pd.DataFrame, places: list[int], spec: TableSpec) -> str:
    return "; ".join(name_row(frame, place, spec) for place in places[:_SHOWN])


def _row(column: str, problem: str, rows: int, first: str = "") -> dict[str, Any]:
    return {"column": column, "problem": problem, "rows": rows, "first": first}


def _sentence(problem: dict[Any, Any]) -> str:
    text = f"{problem['column']} {problem['problem']} {in_rows(problem['rows'])}"
    return f"{text}, first: {problem['first']}" if problem["first"] else text


def _fix(spec: TableSpec) -> str:
    return f'Mend the source, or set sources.{spec.name}.unreadable (or duplicates) = "set_aside" in segkit.toml.'
