"""Which column of a source each column of a table comes from, and which columns are worth reading."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from segkit.core.columns import TableSpec
from segkit.core.errors import DataError, SettingsError, list_problems, nearest_name
from segkit.core.source_settings import Source
from segkit.core.sources.csv_files import delimiter_hint
from segkit.core.sources.expressions import mentioned_columns
from segkit.core.sources.wide import period_columns

EXPRESSION = ""
AS_NOW = " now"
_PASSED_OVER = rf"{AS_NOW}$|^\(.*\)$"
_FEW_COLUMNS = 100
_LISTED = 40


def find_origins(names: list[str], spec: TableSpec, source: Source) -> dict[str, str]:
    """Return for each column of the table the source column it comes from.

    Parameters
    ----------
    names : list of str
        Columns that the source has.
    spec : TableSpec
        The table.
    source : Source
        Its mapping. A column mapped to blank text is left out, and so is what an absent join would bring.

    Returns
    -------
    dict
        In the order of the nomenclature; ``""`` for a column that an expression gives.

    Examples
    --------
    >>> from segkit.core.columns import nomenclature
    >>> source = Source(file="x.csv", columns={"item_id": "sku"}, expressions={"moq": "2"})
    >>> find_origins(["sku", "category"], nomenclature()["items"], source)
    {'item_id': 'sku', 'category': 'category', 'moq': ''}
    """
    absent = {name for join in source.joins.values() if not join.file for name in join.bring}
    mapped = {**{name: name for name in spec.columns if name in names}, **source.columns}
    mapped = {name: origin for name, origin in mapped.items() if origin and origin not in absent}
    mapped.update(dict.fromkeys(source.expressions, EXPRESSION))
    return {name: mapped[name] for name in spec.columns if name in mapped}


def wanted_columns(names: list[str], spec: TableSpec, source: Source) -> list[str]:
    """Return the columns worth reading: those used, or all of a narrow source whose rows no key tells apart."""
    origins = find_origins(names, spec, source)
    if not _has_key(spec, origins) and len(names) <= _FEW_COLUMNS:
        return names
    used = _used_columns(names, origins, source)
    return [name for name in names if name in used]


def unread_columns(names: list[str], spec: TableSpec, source: Source) -> tuple[str, ...]:
    """Return the columns of a source from which nothing comes; those that are left out on purpose are none of them.

    Examples
    --------
    >>> from segkit.core.columns import nomenclature
    >>> source = Source(file="x.csv", columns={"item_id": "sku", "category": ""}, where="active = 1")
    >>> unread_columns(["sku", "category", "active", "moq", "pack_size"], nomenclature()["items"], source)
    ('pack_size',)
    """
    left_out = {name for name, origin in source.columns.items() if not origin}
    used = _used_columns(names, find_origins(names, spec, source), source) | left_out
    return tuple(name for name in names if name not in used)


def require_origins(names: list[str], spec: TableSpec, source: Source, unread: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the origins of a table's columns as `find_origins` does, if every required one has an origin.

    Parameters
    ----------
    names : list of str
        Columns that were read.
    spec : TableSpec
        The table.
    source : Source
        Its mapping.
    unread : tuple of str, optional
        Further columns that the source has; messages name them too, in the source's order.

    Returns
    -------
    dict
        As `find_origins` gives it.

    Raises
    ------
    SettingsError
        The mapping names columns that the table or the source does not have, or a table of overrides has columns that
        nothing reads: all of them, with the nearest names.
    DataError
        Required columns come from nowhere.
    """
    where = f"sources.{spec.name}"
    offered = list(dict.fromkeys([*unread, *names]))
    unknown = [*_unknown_columns(spec, source, where), *_unknown_origins(names, offered, spec, source, where)]
    if wrong := [*unknown, *unread_overrides(offered, spec, source)]:
        fix = delimiter_hint(offered) or f"The source has: {_list(offered)}"
        raise SettingsError(list_problems(f"the mapping of '{spec.name}' does not fit its source", wrong, [fix]))
    origins = find_origins(names, spec, source)
    absent = [name for name in spec.required if name not in origins]
    absent += [" or ".join(group) for group in spec.one_of if not any(name in origins for name in group)]
    if absent:
        problems = [f"{name} is required and comes from no column" for name in absent]
        fixes = [
            f"The source has: {_list(offered)}",
            delimiter_hint(offered) or f"Name the source's columns under [{where}.columns].",
        ]
        raise DataError(list_problems(f"table '{spec.name}' lacks columns", problems, fixes))
    return origins


def unread_overrides(names: list[str], spec: TableSpec, source: Source) -> list[str]:
    """Return what is wrong with the columns of a table of overrides that nothing reads: half of what is set is lost.

    Columns that end in " now" are those by which a run's workbook shows what holds; remarks stand under a name in
    brackets.
    """
    if not spec.name.endswith("_overrides"):
        return []
    unread = [name for name in unread_columns(names, spec, source) if not re.search(_PASSED_OVER, name)]
    return [
        f"column {name!r} is read by nothing: rename it, take it out, or write ({name}) if it is a remark"
        f"{_meant(name, list(spec.columns))}"
        for name in unread
    ]


def _meant(name: str, known: list[str]) -> str:
    close = get_close_matches(name.lower(), known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _used_columns(names: list[str], origins: dict[str, str], source: Source) -> set[str]:
    used = {*origins.values(), *mentioned_columns(source, names)}
    used.update(name for join in source.joins.values() for name in join.on)
    if source.wide:
        used.update(period_columns(source.wide, names))
    return used


def _has_key(spec: TableSpec, origins: dict[str, str]) -> bool:
    return bool(spec.key) and ("line_id" not in spec.key or all(name in origins for name in spec.key))


def _unknown_columns(spec: TableSpec, source: Source, where: str) -> list[str]:
    sections: dict[str, Iterable[str]] = {
        "columns": source.columns,
        "expressions": source.expressions,
        "values": source.values,
    }
    return [
        f"{where}.{section}.{name}: '{spec.name}' has no such column{nearest_name(name, list(spec.columns))}"
        for section, entries in sections.items()
        for name in entries
        if name not in spec.columns
    ]


def _unknown_origins(names: list[str], offered: list[str], spec: TableSpec, source: Source, where: str) -> list[str]:
    origins = find_origins(names, spec, source)
    return [
        f"{where}.columns.{name} = {origin!r}: the source has no such column{nearest_name(origin, offered)}"
        for name, origin in source.columns.items()
        if name in origins and origins[name] and origin not in names
    ]


def _list(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" … ({len(names):,} columns)" if len(names) > _LISTED else "")
