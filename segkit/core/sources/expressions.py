"""Columns and conditions that segkit.toml writes as SQL, worked out by DuckDB over the source's columns.

The text of a CSV file stays text: write ``number(PRICE) / number(PIECES)``. ``number`` knows the source's decimal and
thousands marks and gives NULL for what is no number; columns that have a type need no such word. A spreadsheet column
in which text and numbers stand side by side is text.
"""

import re

import pandas as pd
import pyarrow as pa

from segkit.core.errors import SettingsError, nearest_name
from segkit.core.source_settings import Source
from segkit.core.sources.arrow_frames import to_series
from segkit.core.sources.cells import clean_text

WHERE = "where"


def evaluate(raw: pd.DataFrame, source: Source, table: str) -> pd.DataFrame:
    """Return one column per expression, and ``where`` (boolean) if the source has a condition.

    Parameters
    ----------
    raw : DataFrame
        Rows of the source.
    source : Source
        Its ``expressions``, ``where`` and number marks.
    table : str
        Name of the table, for messages.

    Returns
    -------
    DataFrame
        As many rows as ``raw``, in the same order.

    Raises
    ------
    SettingsError
        An expression is no SQL, names no column of the source, or is no value per row.
    """
    texts = dict(source.expressions)
    if source.where:
        texts[WHERE] = f"coalesce(({source.where}), false)::BOOLEAN"
    if not texts:
        return pd.DataFrame(index=raw.index)
    names = mentioned_columns(source, list(raw.columns))
    with _connect(source) as connection:
        connection.register("source_rows", _arrow_table(raw, names))
        return pd.DataFrame(
            {name: _evaluate_one(connection, name, text, raw, table) for name, text in texts.items()}, index=raw.index
        )


def mentioned_columns(source: Source, names: list[str]) -> list[str]:
    """Return the columns that may be meant by an expression or the condition, whatever their case.

    Examples
    --------
    >>> mentioned_columns(Source(file="x.csv", where="price > 0"), ["Price", "prices", "item"])
    ['Price']
    """
    text = " ".join([*source.expressions.values(), source.where]).lower()
    return [name for name in names if re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", text)]


def _connect(source: Source):  # type: ignore[no-untyped-def]
    import duckdb

    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    connection.execute("SET python_enable_replacements = false")
    thousands, decimal = source.thousands.replace("'", "''"), source.decimal
    plain = f"replace(trim(x), '{thousands}', '')" if thousands else "trim(x)"
    connection.execute(
        f"CREATE MACRO number(x) AS CASE WHEN typeof(x) = 'VARCHAR' "
        f"THEN TRY_CAST(replace({plain.replace('(x)', '(CAST(x AS VARCHAR))')}, '{decimal}', '.') AS DOUBLE) "
        f"ELSE TRY_CAST(x AS DOUBLE) END"
    )
    return connection


def _arrow_table(raw: pd.DataFrame, names: list[str]) -> pa.Table:
    if not names:
        return pa.table({"row_number": pa.array(range(len(raw)))})
    plain = {name: clean_text(raw[name]) if raw[name].dtype == object else raw[name] for name in names}
    return pa.Table.from_pandas(pd.DataFrame(plain, copy=False), preserve_index=False)


def _evaluate_one(connection, name: str, text: str, raw: pd.DataFrame, table: str) -> pd.Series:  # type: ignore[no-untyped-def]
    import duckdb

    where = f"sources.{table}.{name}" if name == WHERE else f"sources.{table}.expressions.{name}"
    try:
        cells = connection.sql(f'SELECT ({text}) AS "{name}" FROM source_rows').to_arrow_table().column(0)
    except duckdb.Error as error:
        raise SettingsError(_describe(where, text, str(error), list(raw.columns))) from None
    if len(cells) != len(raw):
        raise SettingsError(
            f"{where} = {text!r}: gives {len(cells):,} values for {len(raw):,} rows\nIt must give one each."
        )
    return to_series(cells).set_axis(raw.index)


def _describe(where: str, text: str, error: str, names: list[str]) -> str:
    reason = error.splitlines()[0]
    unknown = re.search(r'column "?([^"]+?)"? not found', reason)
    hint = f"{unknown.group(1)} is no column{nearest_name(unknown.group(1), names)}" if unknown else reason
    cast = "\nCells of a CSV file are text: write number(COLUMN)." if "VARCHAR" in reason else ""
    return f"{where} = {text!r}: {hint}{cast}"
