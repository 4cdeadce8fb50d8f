"""Which rows of a table meet a condition that segkit.toml writes as SQL, worked out by DuckDB."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from segkit.core.errors import SettingsError, list_problems, nearest_name

_ROW = "row number of the table"


def rows_that_meet(table: pd.DataFrame, conditions: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return, per condition, which rows of a table meet it; what is neither true nor false is not met.

    Parameters
    ----------
    table : DataFrame
        Its columns may be named in the conditions, whatever their case.
    conditions : mapping of str to str
        SQL condition by the name under which messages speak of it, for example ``rules.steady.where``.

    Returns
    -------
    dict of str to ndarray of bool
        One value per row of the table, in its order.

    Raises
    ------
    SettingsError
        Conditions are no single SQL expression, name no column of the table or are no condition: all of them at once.

    Notes
    -----
    A condition reads these rows and nothing else: DuckDB runs in memory without access to files or to other objects,
    and a text that is more than one expression is refused.

    Examples
    --------
    >>> frame = pd.DataFrame({"abc": ["A", "B"], "revenue": [5.0, 7.0]})
    >>> rows_that_meet(frame, {"rules.big.where": "revenue > 6 AND abc = 'B'"})["rules.big.where"].tolist()
    [False, True]
    """
    found, errors = _try(table, conditions)
    problems = [_describe(where, conditions[where], error, list(table.columns)) for where, error in errors.items()]
    if problems:
        raise SettingsError(
            list_problems("conditions cannot be used", problems, ["Text stands in single quotes: abc = 'A'."])
        )
    return found


def _try(table: pd.DataFrame, conditions: Mapping[str, str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return which rows meet those conditions that can be used, and what is wrong with the others."""
    if not conditions:
        return {}, {}
    import duckdb

    found: dict[str, np.ndarray] = {}
    errors: dict[str, str] = {}
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as connection:
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET lock_configuration = true")
        rows = connection.from_arrow(_arrow(table))
        for where, text in conditions.items():
            try:
                found[where] = _meet(rows, text, len(table))
            except (duckdb.Error, ValueError) as error:
                errors[where] = str(error)
    return found, errors


def never_decides(conditions: Mapping[str, str]) -> dict[str, str]:
    """Return the rules that can never decide, whatever the data, where the first that is met does; and why.

    Parameters
    ----------
    conditions : mapping of str to str
        SQL condition by the name of its rule, in the order in which they are tried.

    Returns
    -------
    dict of str to str
        Reason by name: after one that meets all, or the same condition again.

    Examples
    --------
    >>> never_decides({"all": "true", "big": "revenue > 6"})
    {'big': 'can never fire: all before it meets all'}
    """
    constants, _ = _try(pd.DataFrame({"no column": [0]}), conditions)  # what names a column is an error here
    told: dict[str, str] = {}
    seen: dict[str, str] = {}
    blocked = ""
    for name, where in conditions.items():
        text = " ".join(where.split())
        if blocked:
            told[name] = f"can never fire: {blocked} before it meets all"
        elif text in seen:
            told[name] = f"can never fire: {seen[text]} before it has the same condition"
        elif name in constants:
            constant = bool(constants[name][0])
            blocked = name if constant else ""
            told |= {} if constant else {name: "can never fire: its condition is never true"}
        seen.setdefault(text, name)
    return told


def _arrow(table: pd.DataFrame) -> pa.Table:
    rows = pa.Table.from_pandas(table.reset_index(drop=True), preserve_index=False)
    return rows.append_column(_ROW, pa.array(np.arange(len(table))))


def _meet(rows, text: str, count: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    import duckdb

    met = duckdb.CoalesceOperator(duckdb.SQLExpression(text).cast("BOOLEAN"), duckdb.ConstantExpression(False))
    chosen = rows.select(duckdb.ColumnExpression(_ROW).alias("place"), met.alias("met"))
    kind = str(rows.select(duckdb.SQLExpression(text)).types[0])
    if kind != "BOOLEAN":
        raise ValueError(f"gives {kind}, not true or false")
    cells = chosen.to_arrow_table().to_pandas()
    if len(cells) != count:
        raise ValueError(f"gives {len(cells):,} values for {count:,} rows")
    made = np.zeros(count, dtype=bool)
    made[cells["place"].to_numpy()] = cells["met"].to_numpy(dtype=bool)
    return made


def _describe(where: str, text: str, error: str, names: list[str]) -> str:
    reason = error.splitlines()[0] if error else "is no condition"
    unknown = re.search(r'[Cc]olumn "?([^"]+?)"? not found', reason)
    hint = f"{unknown.group(1)} is no column{nearest_name(unknown.group(1), names)}" if unknown else reason
    return f"{where} = {text!r}: {hint}"
