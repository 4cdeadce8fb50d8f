"""The table ``allocations``: one row per bucket and class, with the numbers that decided."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError
from segkit.core.ids import id_text
from segkit.promising.allocation.supply_buckets import BUCKET, SupplyBuckets

KINDS = ("reservation", "limit", "both", "neutral")
Figures = Mapping[str, np.ndarray | str]  # columns by bucket and class, by bucket, or the same in all rows
HELD = ("reservation", "both")  # kinds that keep supply from others


def allocation_rows(
    buckets: SupplyBuckets,
    classes: Sequence[str],
    figures: Figures,
    *,
    release_days: float | None,
    named: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return ``allocations`` of figures by bucket and class (or bucket); ``named`` tells which pairs have a row."""
    shape = (len(buckets.supply), len(classes))
    row, cls = np.nonzero(np.ones(shape, dtype=bool) if named is None else named)
    table = buckets.table.iloc[row].reset_index(drop=True)
    table["demand_class"] = pd.Series(np.array([id_text(one) for one in classes], dtype=object)[cls], dtype="str")
    table["supply"] = buckets.supply[row]
    table["released_date"] = _release(buckets, release_days).iloc[row].reset_index(drop=True)
    for name, values in figures.items():
        table[name] = values if isinstance(values, str) else _cells(values, shape)[row, cls]
    share = np.divide(table["quantity"], table["supply"], out=np.zeros(len(table)), where=table["supply"] > 0)
    table["share"] = share
    empty = empty_table("allocations")
    if "committed" not in table:
        table["committed"] = 0.0
    if "note" not in table:
        table["note"] = ""
    table = table.reindex(columns=list(empty.columns)).astype(empty.dtypes.to_dict())
    return table.sort_values([*BUCKET, "demand_class"], ignore_index=True)


def _cells(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    array = np.asarray(values)
    array = array if array.dtype == object else array + 0.0  # no negative zero
    return np.broadcast_to(array[:, None] if array.ndim == 1 else array, shape)


def _release(buckets: SupplyBuckets, release_days: float | None) -> pd.Series:
    """Return the day on which quotas fall to the pool: so long before the next bucket of the place, or never."""
    never = pd.Series(pd.NaT, index=buckets.table.index, dtype="datetime64[us]")
    if release_days is None or not len(never):
        return never
    if not (np.isfinite(release_days) and release_days >= 0):
        raise SettingsError(f"release_days is {release_days}: give a number of days of 0 or more, or None for never")
    own = buckets.table["available_date"]
    following = own.shift(-1).where(np.append(buckets.place[1:] == buckets.place[:-1], False))
    day = (following - pd.Timedelta(days=release_days)).dt.normalize()
    return day.where(~(day < own), own)
