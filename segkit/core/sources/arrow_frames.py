"""Arrow tables as frames, without losing what pandas would lose."""

import pandas as pd
import pyarrow as pa


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame that loses nothing: whole numbers with gaps stay whole."""
    return pd.DataFrame({name: to_series(table.column(name)) for name in table.column_names}, copy=False)


def to_series(cells: pa.ChunkedArray) -> pd.Series:
    """Return an Arrow column as a Series: whole numbers and flags with gaps keep their kind, days are microseconds."""
    kind = cells.type
    if pa.types.is_integer(kind) and cells.null_count:
        return cells.to_pandas(types_mapper={kind: pd.Int64Dtype()}.get)
    if pa.types.is_boolean(kind) and cells.null_count:
        return cells.to_pandas(types_mapper={kind: pd.BooleanDtype()}.get)
    if pa.types.is_decimal(kind):
        return cells.cast(pa.float64()).to_pandas() if kind.scale else _whole_decimals(cells)
    if pa.types.is_date(kind):
        return cells.cast(pa.timestamp("us")).to_pandas()
    if pa.types.is_timestamp(kind):
        return cells.cast(pa.timestamp("us", kind.tz), safe=False).to_pandas()
    if pa.types.is_null(kind):
        return cells.cast(pa.large_string()).to_pandas()
    return cells.to_pandas()


def _whole_decimals(cells: pa.ChunkedArray) -> pd.Series:
    try:
        return to_series(cells.cast(pa.int64()))
    except pa.ArrowInvalid:
        return cells.cast(pa.large_string()).to_pandas()
