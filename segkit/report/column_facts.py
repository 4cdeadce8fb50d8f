"""What presenting needs to know of a column: its meaning and unit by the nomenclature, and how much fits in a sheet."""

import pandas as pd

from segkit.core.columns import Column, nomenclature

MOST_CELLS = 550_000
FIRST_ROWS = 10_000


def column_about(name: str, table_name: str | None, values: pd.Series) -> Column:
    """Return what the nomenclature says of a column, in its own table first; else its kind by its type.

    Parameters
    ----------
    name : str
        Name of the column.
    table_name : str or None
        Table of the plan to which it belongs.
    values : Series
        The column, whose type tells the kind of one that the nomenclature does not know.

    Returns
    -------
    Column
        Its meaning is blank where it is not known, and where whole numbers stand under the name of money or a share:
        those are counts, as of causes (``price``, ``volume``) spread over columns. A table whose ``cause_value`` is
        money and spread over columns (``demand_value``) keeps it.

    Examples
    --------
    >>> column_about("net_margin", "item_value", pd.Series([1.0])).unit
    'currency'
    """
    tables = nomenclature()
    own = [tables[table_name]] if table_name in tables else []
    kind = kind_of(values)
    for spec in (*own, *reversed(tables.values())):
        about = spec.columns.get(name)
        if about and (spec in own or kind != "whole" or about.kind not in ("money", "share")):
            return about
    spread = kind == "number" and name.endswith("_value") and own and "cause_value" in own[0].columns
    return Column(name, "money", "The cause at unit cost.", "currency") if spread else Column(name, kind, "")


def kind_of(values: pd.Series) -> str:
    """Return the kind of a column by its type: flag, whole, number, date or text."""
    if pd.api.types.is_bool_dtype(values):
        return "flag"
    if pd.api.types.is_integer_dtype(values):
        return "whole"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(values) else "text"


def is_share(column: Column) -> bool:
    """Tell whether a column holds fractions that people read as percent."""
    return (
        column.kind == "share"
        or column.name.endswith("share")
        or column.unit.startswith("fraction")
        or column.unit == "share"
    )


def unit_of(column: Column, currency: str) -> str:
    """Return a column's unit with the currency code in the place of the word; blank where the name says it."""
    unit = column.unit.replace("currency", currency) if currency else column.unit
    return "" if unit in column.name.split("_") else unit


def rows_in_sheet(table_name: str | None, frame: pd.DataFrame) -> int:
    """Return how many rows of a table its Excel sheet shows.

    Parameters
    ----------
    table_name : str or None
        Its name in the plan.
    frame : DataFrame
        The whole table.

    Returns
    -------
    int
        All rows; 10,000 where there are more and a row is a line, a period or a month (a pivot reads those from the
        parquet file), or where the table has more than 550,000 cells.

    Examples
    --------
    >>> rows_in_sheet("order_lines", pd.DataFrame({"item_id": range(12_000)}))
    10000
    """
    spec = nomenclature().get(table_name or "")
    in_detail = spec is not None and (not spec.key or bool({"period", "known_on"} & set(spec.key)))
    return min(len(frame), FIRST_ROWS) if in_detail or frame.size > MOST_CELLS else len(frame)
