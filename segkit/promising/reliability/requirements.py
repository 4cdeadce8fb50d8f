"""What tables of deliveries must be like before dates are promised from them; every problem is told at once."""

import re
from collections.abc import Iterable, Sequence, Set

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.given_days import DATES, no_dates, read_dates, time_zones
from segkit.core.offenders import first_offenders

_Problems = list[tuple[str, str]]

_SUBJECT = "dates cannot be promised"
_NAMES_FIX = "Name columns as the tables do, each once."
_KIND_FIX = "Give such a column the same kind of values in every table."
_DAY_TEXT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{8}$")
_NUMBERS, _TEXTS = ("integer", "floating", "mixed-integer-float", "boolean", "decimal"), ("string", "empty")
_KINDS = dict.fromkeys(_NUMBERS, "numbers") | dict.fromkeys(_TEXTS, "text")
_KINDS |= dict.fromkeys(("datetime64", "datetime", "date"), "dates")
_MOST_DAYS = 36_500


def require_columns_of(by: Iterable[str], subject: str = _SUBJECT) -> list[str]:
    """Return the columns that part the groups, in order; raise a DataError unless they are a list without repeats."""
    if isinstance(by, (str, bytes, Set)) or not isinstance(by, Iterable):
        kind = "the text " if isinstance(by, str) else ""
        fix = f"Give a list: by=[{by!r}]." if kind else "Give a list, most general column first; by=[] for one group."
        raise DataError(list_problems(subject, [f"by is {kind}{by!r}"], [fix]))
    names = list(by)
    if problems := [f"by names {name!r} twice" for number, name in enumerate(names) if name in names[:number]]:
        raise DataError(list_problems(subject, list(dict.fromkeys(problems)), ["Name each column once."]))
    return names


def require_tables(
    tables: dict[str, pd.DataFrame], dates: dict[str, list[str]], by: Sequence[str], subject: str = _SUBJECT
) -> None:
    """Raise a DataError where columns are missing, double, of the wrong kind or blank.

    Parameters
    ----------
    tables : dict of DataFrame
        Tables by the name that messages give them.
    dates : dict of list of str
        Date columns of each table, the first of them never blank.
    by : sequence of str
        Columns that every table has.
    subject : str
        What cannot be done then.
    """
    found: _Problems = []
    for table, frame in tables.items():
        if isinstance(frame, pd.DataFrame):
            found += [(problem, _NAMES_FIX) for problem in _column_problems(table, frame, [*dates[table], *by])]
        else:
            found.append((f"{table} is no table but {type(frame).__name__}", "Give tables as pandas DataFrames."))
    if not found:
        found += [one for table, frame in tables.items() for one in _date_problems(table, frame, dates[table])]
        found += [(problem, _KIND_FIX) for problem in _kind_problems(tables, by)]
    if found:
        problems, fixes = zip(*found, strict=True)
        raise DataError(list_problems(subject, problems, fixes))


def require_shares(reliability: Sequence[float]) -> np.ndarray:
    """Return the reliabilities as they come; raise a DataError unless each lies between 0 and 1, once."""
    try:
        shares = np.atleast_1d(np.asarray(reliability, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(f"reliability: numbers between 0 and 1 are needed, got {reliability!r}") from error
    if shares.ndim > 1:
        raise DataError(f"reliability: one list of numbers is needed, got {reliability!r}")
    names = [f"{100 * one:g}" for one in shares]
    problems = [f"reliability {one:g} is not between 0 and 1" for one in shares if not 0 < one < 1]
    problems += [f"reliability {float(name) / 100:g} is there twice" for name in names if names.count(name) > 1]
    if not len(shares):
        problems.append("no reliability is named")
    if problems:
        raise DataError(list_problems(_SUBJECT, list(dict.fromkeys(problems)), ["Write 90 % as 0.9."]))
    return shares


def require_day(as_of: object) -> pd.Timestamp | None:
    """Return a day as a Timestamp, None for None; raise a DataError where it is no date, or not surely one."""
    if as_of is None:
        return None
    if pd.api.types.is_scalar(as_of) and (pd.isna(as_of) or not str(as_of).strip()):
        raise DataError("as_of is blank: name a day (YYYY-MM-DD), or leave it out")
    readable = _DAY_TEXT.match(as_of.strip()) if isinstance(as_of, str) else isinstance(as_of, DATES)
    try:
        day = pd.Timestamp(as_of) if readable else None  # type: ignore[arg-type]
    except (TypeError, ValueError):
        day = None
    if day is None:
        raise DataError(f"as_of: a date is needed (YYYY-MM-DD), got {as_of!r}")
    return day.tz_localize(None)


def _column_problems(table: str, frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    known = [str(name) for name in frame.columns]
    found = [
        f"{table} has no column {name!r}{nearest_name(str(name), known)}" if name not in frame.columns
        else f"{table} has {list(frame.columns).count(name)} columns {name!r}"
        for name in names
        if list(frame.columns).count(name) != 1
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def _date_problems(table: str, frame: pd.DataFrame, names: Sequence[str]) -> _Problems:
    problems: _Problems = []
    zones: set[str] = set()
    for name in names:
        cells = frame[name]
        if (wrong := no_dates(cells)).any():
            fix = f'Turn them into dates first: {table}["{name}"] = pd.to_datetime({table}["{name}"], format=...).'
            first = f"first: {_plain(cells[wrong].iloc[0])} (row {frame.index[wrong][0]})"
            problems.append((f"{table}.{name} is no date {in_rows(int(wrong.sum()))}, {first}", fix))
            continue
        zones |= time_zones(cells)
        if name == names[0]:
            blank = _told(frame, cells.isna().to_numpy(), f"{table}.{name} is blank")
            problems += [(one, f"Fill {name}, or leave out the rows without it.") for one in blank]
    if len(zones) > 1:
        told = f"{table} has dates of several time zones: {', '.join(sorted(zones))}"
        problems.append((told, "Give the dates of one calendar, such as .dt.tz_convert(zone).dt.tz_localize(None)."))
    if not problems and len(names) > 1:
        start, end = (read_dates(frame[name]) for name in names[:2])
        far = ((end - start).abs() > pd.Timedelta(_MOST_DAYS, "D")).to_numpy()
        told = f"{table}: more than {_MOST_DAYS:,} days lie between {names[0]} and {names[1]}"
        problems += [(one, f"Leave {names[1]} blank where it is open; correct the others.")
                     for one in _told(frame, far, told)]  # fmt: skip
    return problems


def _kind_problems(tables: dict[str, pd.DataFrame], by: Sequence[str]) -> list[str]:
    """Return the columns that are numbers in one table and text in another: their values would never meet."""
    problems = []
    for name in by:
        kinds = {table: _kind(frame[name]) for table, frame in tables.items() if frame[name].notna().any()}
        if len(set(kinds.values()) - {"mixed"}) > 1:
            problems.append(f"{name} is " + ", ".join(f"{kind} in {table}" for table, kind in kinds.items()))
    return problems


def _kind(cells: pd.Series) -> str:
    """Return what the values of a column are: numbers, dates, text, or mixed."""
    held = cells.cat.categories if isinstance(cells.dtype, pd.CategoricalDtype) else cells
    if held.dtype.kind in "iufbM":
        return "dates" if held.dtype.kind == "M" else "numbers"
    return _KINDS.get(pd.api.types.infer_dtype(held, skipna=True), "mixed")


def _plain(value: object) -> str:
    return repr(value.item() if isinstance(value, np.generic) else value)


def _told(frame: pd.DataFrame, broken: np.ndarray, problem: str) -> list[str]:
    count = int(broken.sum())
    if not count:
        return []
    named = first_offenders(frame[broken])
    rows = ", ".join(str(one) for one in frame.index[broken][:3])
    return [f"{problem} {in_rows(count)}, first: {named or f'row {rows}'}"]
