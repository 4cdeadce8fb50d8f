"""What tables of deliveries must be like before dates are promised from them; every problem is told at once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.offenders import first_offenders

_SUBJECT = "dates cannot be promised"
_MOST_DAYS = 36_500


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
    if isinstance(by, str):
        raise DataError(list_problems(subject, [f"by is the text {by!r}"], [f"Give a list: by=[{by!r}]."]))
    problems = [f"by names {name!r} twice" for name in dict.fromkeys(by) if list(by).count(name) > 1]
    for table, frame in tables.items():
        problems += _column_problems(table, frame, [*dates[table], *by])
    if not problems:
        problems += [one for table, frame in tables.items() for one in _date_problems(table, frame, dates[table])]
        problems += _kind_problems(tables, by)
    if problems:
        fix = "Name each column once; give dates as dates of one calendar, start_date in every row."
        raise DataError(list_problems(subject, problems, [fix]))


def require_shares(reliability: Sequence[float]) -> np.ndarray:
    """Return the reliabilities as they come; raise a DataError unless each lies between 0 and 1, once."""
    try:
        shares = np.atleast_1d(np.asarray(reliability, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(f"reliability: numbers between 0 and 1 are needed, got {reliability!r}") from error
    wrong = [float(one) for one in shares if not 0 < one < 1]
    problems = [f"reliability {one:g} is not between 0 and 1" for one in wrong]
    problems += [f"reliability {one:g} is there twice" for one in shares if (shares == one).sum() > 1]
    if not len(shares):
        problems.append("no reliability is named")
    if problems:
        raise DataError(list_problems(_SUBJECT, list(dict.fromkeys(problems)), ["Write 90 % as 0.9."]))
    return shares


def require_day(as_of: object) -> pd.Timestamp | None:
    """Return a day as a Timestamp, None for None; raise a DataError where it is no date."""
    if as_of is None:
        return None
    try:
        day = pd.Timestamp(as_of)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DataError(f"as_of: a date is needed (YYYY-MM-DD), got {as_of!r}") from error
    if pd.isna(day):
        raise DataError("as_of is blank: name a day (YYYY-MM-DD), or leave it out")
    return day.tz_localize(None)


def no_dates(cells: pd.Series) -> np.ndarray:
    """Return which cells are text or numbers where dates are wanted; blank cells are neither."""
    if cells.dtype.kind == "M":
        return np.zeros(len(cells), dtype=bool)
    known = cells.notna().to_numpy()
    return known & np.array([isinstance(cell, (str, int, float)) for cell in cells], dtype=bool)


def read_dates(cells: pd.Series) -> pd.Series:
    """Return dates on their own calendar, without time zone; blank columns of any kind are blank dates."""
    dates = pd.to_datetime(cells, errors="coerce") if cells.dtype.kind != "M" else cells
    return dates.dt.tz_localize(None) if getattr(dates.dt, "tz", None) is not None else dates


def _column_problems(table: str, frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    known = [str(name) for name in frame.columns]
    found = [
        f"{table} has no column {name!r}{nearest_name(str(name), known)}" if name not in frame.columns
        else f"{table} has {list(frame.columns).count(name)} columns {name!r}"
        for name in names
        if list(frame.columns).count(name) != 1
    ]  # fmt: skip
    return list(dict.fromkeys(found))


def _date_problems(table: str, frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    problems, zones = [], set()
    for name in names:
        cells = frame[name]
        text = no_dates(cells)
        if text.any():
            problems.append(f"{table}.{name} is no date {in_rows(int(text.sum()))}, first: {cells[text].iloc[0]!r}")
            continue
        zones.add(str(getattr(cells.dt, "tz", None)) if cells.dtype.kind == "M" else "None")
        if name == names[0]:
            problems += _told(frame, cells.isna().to_numpy(), f"{table}.{name} is blank")
    if len(zones) > 1:
        problems.append(f"{table} has dates of several time zones: {', '.join(sorted(zones))}")
    if not problems and len(names) > 1:
        start, end = (read_dates(frame[name]) for name in names[:2])
        far = ((end - start).abs() > pd.Timedelta(_MOST_DAYS, "D")).to_numpy()
        problems += _told(frame, far, f"{table}: more than {_MOST_DAYS:,} days lie between {names[0]} and {names[1]}")
    return problems


def _kind_problems(tables: dict[str, pd.DataFrame], by: Sequence[str]) -> list[str]:
    """Return the columns that are numbers in one table and text in another: their values would never meet."""
    problems = []
    for name in by:
        kinds = {
            table: "numbers" if frame[name].dtype.kind in "iufb" else "text"
            for table, frame in tables.items()
            if frame[name].notna().any()
        }
        if len(set(kinds.values())) > 1:
            problems.append(f"{name} is " + ", ".join(f"{kind} in {table}" for table, kind in kinds.items()))
    return problems


def _told(frame: pd.DataFrame, broken: np.ndarray, problem: str) -> list[str]:
    count = int(broken.sum())
    if not count:
        return []
    named = first_offenders(frame[broken])
    rows = ", ".join(str(one) for one in frame.index[broken][:3])
    return [f"{problem} {in_rows(count)}, first: {named or f'row {rows}'}"]
