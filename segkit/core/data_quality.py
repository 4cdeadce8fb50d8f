"""What came in, was used, was set aside and is worth knowing: counted, so that rows and money always add up."""

import numpy as np
import pandas as pd

from segkit.core.columns import nomenclature
from segkit.core.offenders import first_offenders, row_order
from segkit.core.tables import MarkedTable

LATER = "later than as_of"
_SHOWN = ["order_id", "line_id", "order_date", "customer_id", "item_id", "quantity"]


def known_then(data_quality: pd.DataFrame) -> pd.DataFrame:
    """Return ``data_quality`` without the rows that came after as_of: nobody knew of them.

    Parameters
    ----------
    data_quality : DataFrame
        Table of that name.

    Returns
    -------
    DataFrame
        Rows and value ``in`` are those up to as_of; in = used + set aside still holds.
    """
    later = data_quality[(data_quality["action"] == "set_aside") & (data_quality["reason"] == LATER)]
    kept = data_quality.drop(later.index)
    figures = ["rows", "value", "rows_without_value"]
    taken = later.set_index("source_table")[figures].reindex(kept["source_table"]).set_axis(kept.index)
    taken = taken.where(kept["action"] == "in").fillna(0)
    less = {name: (kept[name] - taken[name]).astype(kept[name].dtype) for name in figures if len(later)}
    return kept.assign(**less).reset_index(drop=True)


def count_rows(tables: dict[str, MarkedTable], values: dict[str, pd.Series]) -> pd.DataFrame:
    """Return ``data_quality``: per table what came in, was used, was set aside by reason, and is worth knowing.

    Parameters
    ----------
    tables : dict of str to MarkedTable
        Every input table with all its rows.
    values : dict of str to Series
        Money of each row in the plan's currency; missing where it cannot be known.

    Returns
    -------
    DataFrame
        Rows and value ``in`` equal ``used`` plus the sum of ``set_aside``.
    """
    rows = [row for name, table in tables.items() for row in _count(table, values[name])]
    frame = pd.DataFrame(rows, columns=list(nomenclature()["data_quality"].columns))
    return frame.astype({"rows": "int64", "rows_without_value": "int64", "value": "float64"})


def list_set_aside(tables: dict[str, MarkedTable], values: dict[str, pd.Series]) -> pd.DataFrame:
    """Return ``set_aside``: every row that is not used, by table, day and ids, whatever its place in the file.

    Parameters
    ----------
    tables, values
        As for `count_rows`.

    Returns
    -------
    DataFrame
        With the reason and the money of each row.
    """
    parts = []
    for table in tables.values():
        rows = ~table.used
        part = table.frame[rows]
        marks = {"source_table": table.name, "reason": table.reason[rows], "value": values[table.name][rows]}
        shown = part[[name for name in _SHOWN if name in part]].assign(**marks)
        parts.append(shown.iloc[row_order(part)])
    columns = list(nomenclature()["set_aside"].columns)
    return pd.concat(parts, ignore_index=True).reindex(columns=columns) if parts else pd.DataFrame(columns=columns)


def _count(table: MarkedTable, values: pd.Series) -> list[dict]:
    def row(action: str, reason: str, mask: pd.Series | np.ndarray | slice, first: str = "", fix: str = "") -> dict:
        part = values[mask]
        figures = {"rows": len(part), "value": float(part.sum()), "rows_without_value": int(part.isna().sum())}
        return {"source_table": table.name, "action": action, "reason": reason, **figures, "first": first, "fix": fix}

    aside = [name for name in table.reason.unique() if name]
    counted = [row("in", "read from the source", slice(None)), row("used", "used", table.used)]
    for name in sorted(aside):
        mask = table.reason == name
        counted.append(row("set_aside", name, mask, first_offenders(table.frame[mask])))
    for note in table.notes:
        figures = {"rows": note.rows, "value": note.value, "rows_without_value": 0}
        names = {"source_table": table.name, "action": "noted", "reason": note.reason}
        counted.append({**names, **figures, "first": note.first, "fix": note.fix})
    return counted


def weighed_by(data_quality: pd.DataFrame) -> str:
    """Return by what order lines (or sales) are weighed: revenue, or units where no price is known.

    Parameters
    ----------
    data_quality : DataFrame
        Table of that name.

    Returns
    -------
    str
        revenue or units.
    """
    name = "orders" if (data_quality["source_table"] == "orders").any() else "sales"
    used = data_quality[(data_quality["source_table"] == name) & (data_quality["action"] == "used")]
    rows, without = used["rows"].sum(), used["rows_without_value"].sum()
    return "units" if rows and without >= rows else "revenue"
