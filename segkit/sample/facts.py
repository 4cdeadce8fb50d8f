"""What the sample company is (``facts.toml``), what is planted in it (``effects.toml``), and its calendar.

Days and weeks are counted from the Monday on which the simulation starts. The first half year only fills the pipelines:
nothing of it is published.
"""

import tomllib
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

START = date(2023, 1, 2)
FIRST = date(2023, 7, 1)
LAST = date(2025, 12, 31)
DAYS = (LAST - START).days + 1
WEEKS = -(-DAYS // 7)
FIRST_DAY = (FIRST - START).days
LAST_DAY = DAYS - 1


@cache
def facts() -> dict[str, Any]:
    """Return the company's fixed facts by section."""
    return tomllib.loads(files("segkit.sample").joinpath("facts.toml").read_text("utf-8"))


@cache
def effects() -> dict[str, Any]:
    """Return what is to be planted, by section."""
    return tomllib.loads(files("segkit.sample").joinpath("effects.toml").read_text("utf-8"))


def day_of(when: date) -> int:
    """Return the number of a day, 0 = the start of the simulation.

    Parameters
    ----------
    when : date
        Any day from the start of the simulation on.

    Returns
    -------
    int
        Days since the start of the simulation.

    Examples
    --------
    >>> day_of(date(2023, 1, 9))
    7
    """
    return (when - START).days


def date_of(day: int) -> date:
    """Return the date of a numbered day.

    Parameters
    ----------
    day : int
        Days since the start of the simulation.

    Returns
    -------
    date
        The calendar day.
    """
    return START + timedelta(days=int(day))


def dates_of(days: np.ndarray) -> np.ndarray:
    """Return numbered days as ``datetime64[D]``.

    Parameters
    ----------
    days : array of int
        Days since the start of the simulation.

    Returns
    -------
    array of datetime64[D]
        The calendar days.
    """
    return np.datetime64(START) + np.asarray(days).astype("timedelta64[D]")


def week_of(when: date) -> int:
    """Return the number of the week that holds a date.

    Parameters
    ----------
    when : date
        Any day from the start of the simulation on.

    Returns
    -------
    int
        Weeks since the start of the simulation.
    """
    return day_of(when) // 7


def months_of(days: np.ndarray) -> np.ndarray:
    """Return months since January 2023 of numbered days.

    Parameters
    ----------
    days : array of int
        Days since the start of the simulation.

    Returns
    -------
    array of int
        Months since January 2023.
    """
    return dates_of(days).astype("datetime64[M]").astype(np.int64) - (2023 - 1970) * 12


def halves_of(days: np.ndarray) -> np.ndarray:
    """Return half years since January 2023 of numbered days.

    Parameters
    ----------
    days : array of int
        Days since the start of the simulation.

    Returns
    -------
    array of int
        Half years since January 2023.
    """
    return months_of(days) // 6


@cache
def _closed() -> np.ndarray:
    """Return which days are no workdays: weekends, Christmas and New Year; a year beyond the end."""
    day = np.arange(DAYS + 400)
    dates = dates_of(day)
    of_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    christmas = (month == 12) & ((of_month == 25) | (of_month == 26))
    return (day % 7 >= 5) | christmas | ((month == 1) & (of_month == 1))


def workday(days: np.ndarray) -> np.ndarray:
    """Return the days themselves, weekends and holidays moved to the next workday.

    Parameters
    ----------
    days : array of int
        Days since the start of the simulation.

    Returns
    -------
    array of int
        Workdays.
    """
    return _moved(days, 1)


def workday_before(days: np.ndarray) -> np.ndarray:
    """Return the days themselves, weekends and holidays moved to the workday before.

    Parameters
    ----------
    days : array of int
        Days since the start of the simulation.

    Returns
    -------
    array of int
        Workdays.
    """
    return _moved(days, -1)


def _moved(days: np.ndarray, step: int) -> np.ndarray:
    days = np.asarray(days).copy()
    while (closed := _closed()[days]).any():
        days = np.where(closed, days + step, days)
    return days


def number_of(kind: str, identifier: str) -> int:
    """Return the position of a supplier, location, channel or category in the facts.

    Parameters
    ----------
    kind : str
        supplier, location, channel or category.
    identifier : str
        Its id, code or name.

    Returns
    -------
    int
        Position in the facts.
    """
    key = {"supplier": "id", "location": "id", "category": "code"}.get(kind, "name")
    return [entry[key] for entry in facts()[kind]].index(identifier)
