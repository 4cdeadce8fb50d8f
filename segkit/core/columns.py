"""The nomenclature as data: what every column and table of segkit means (read from ``nomenclature/*.toml``)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_PARTS = ("inputs", "dynamics", "inventory", "promising")
_DTYPES = {
    "date": "datetime64[us]",
    "number": "float64",
    "money": "float64",
    "share": "float64",
    "whole": "int64",
    "flag": "bool",
}


@dataclass(frozen=True)
class Column:
    """One column: its kind, unit, range and meaning.

    ``kind`` is one of id, text, date, number, whole, money, share, flag. ``min`` and ``max`` are allowed values,
    ``above`` is a limit that is itself not allowed, ``one_of`` lists the allowed words.
    """

    name: str
    kind: str
    meaning: str
    unit: str = ""
    min: float | None = None
    max: float | None = None
    above: float | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableSpec:
    """One table: its grain, role and columns.

    ``role`` is ``input`` for what a company brings, ``call`` for what a function returns outside a plan, else the part
    of the plan that makes the table. Of each group in ``one_of`` at least one column must be there. ``key`` names the
    columns that identify a row; those in ``blank_key`` may be blank in it.
    """

    name: str
    grain: str
    role: str
    columns: dict[str, Column]
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    key: tuple[str, ...] = ()
    blank_key: tuple[str, ...] = ()


@cache
def nomenclature() -> dict[str, TableSpec]:
    """Return every table of segkit by name, inputs first.

    Examples
    --------
    >>> nomenclature()["orders"].required
    ('order_date', 'customer_id', 'item_id', 'quantity')
    >>> nomenclature()["lead_times"].columns["lead_time_mean"].unit
    'days'
    """
    said = spoken()
    return {name: _table(name, entry, said["columns"]) for name, entry in said["tables"].items()}


@cache
def spoken() -> dict[str, dict[str, dict]]:
    """Return columns and tables as the files of the nomenclature tell them, one file after the other."""
    folder = files("segkit.core").joinpath("nomenclature")
    said: dict[str, dict[str, dict]] = {"columns": {}, "tables": {}}
    for part in _PARTS:
        for kind, entries in tomllib.loads(folder.joinpath(f"{part}.toml").read_text("utf-8")).items():
            if twice := said[kind].keys() & entries.keys():
                raise ValueError(f"{part}.toml tells {kind} again: {', '.join(sorted(twice))}")
            said[kind].update(entries)
    return said


def input_tables() -> dict[str, TableSpec]:
    """Return the tables that a company can bring, by name."""
    return {name: spec for name, spec in nomenclature().items() if spec.role == "input"}


def empty_table(name: str) -> "pd.DataFrame":
    """Return a table of the nomenclature with all its columns, typed, and no rows.

    Examples
    --------
    >>> empty_table("fx").shape
    (0, 5)
    """
    import pandas as pd

    return pd.DataFrame({column: pd.Series(dtype=column_dtype(column)) for column in nomenclature()[name].columns})


@cache
def column_dtype(name: str) -> str:
    """Return the pandas dtype of a column of the nomenclature.

    Examples
    --------
    >>> column_dtype("unit_cost"), column_dtype("item_id"), column_dtype("order_date")
    ('float64', 'str', 'datetime64[us]')
    """
    kind = next(spec.columns[name].kind for spec in nomenclature().values() if name in spec.columns)
    return _DTYPES.get(kind, "str")


def _table(name: str, entry: dict, columns: dict[str, dict]) -> TableSpec:
    changed = entry.get("override", {})
    return TableSpec(
        name=name,
        grain=entry["grain"],
        role=entry["role"],
        columns={c: _column(c, {**columns[c], **changed.get(c, {})}) for c in entry["columns"]},
        required=tuple(entry.get("required", ())),
        one_of=tuple(tuple(group) for group in entry.get("one_of", ())),
        key=tuple(entry["key"]),
        blank_key=tuple(entry.get("blank_key", ())),
    )


def _column(name: str, entry: dict) -> Column:
    limits = {"min": 0.0, "max": 1.0} if entry["kind"] == "share" else {}
    return Column(name, **{**limits, **entry, "one_of": tuple(entry.get("one_of", ()))})
