"""Order lines banded by what a unit is worth beside the usual worth of its item: any number of classes."""

import numpy as np
import pandas as pd

from segkit.core.errors import DataError
from segkit.promising.contest.book import PLACE

_DAY = np.timedelta64(1, "D")


def band_orders(orders: pd.DataFrame, count: int, *, start: pd.Timestamp, cycle_days: float) -> pd.DataFrame:
    """Return orders with a band of worth as their class, "1" the best.

    Parameters
    ----------
    orders : DataFrame
        As `contest_rules` takes them, with lines before the start.
    count : int
        Number of bands; each holds an equal share of the units ordered before the start.
    start : Timestamp
        First day replayed: the limits of the bands are from lines before it.
    cycle_days : float
        Days of a cycle: the usual worth of an item is that of its lines before the cycle, that of its first line where
        there was none.

    Returns
    -------
    DataFrame
        The orders, in another order of rows.

    Raises
    ------
    DataError
        Where no line is before the start.
    """
    table = orders.sort_values(["order_date", "order_id", *PLACE, "unit_margin", "quantity"], kind="stable")
    worth = table["unit_margin"].to_numpy(dtype=float)
    if "lost_goodwill" in table:
        worth = worth + table["lost_goodwill"].to_numpy(dtype=float)
    units = table["quantity"].to_numpy(dtype=float)
    early = (table["order_date"] < start).to_numpy()
    if not early.any():
        raise DataError(
            "bands of worth need order lines before the first receipt: their limits are set by them\n"
            "Give orders that begin before the supply does."
        )
    relative = worth - _usual(table, worth, units, start, cycle_days)
    relative = relative / np.maximum(np.abs(worth - relative), 1e-12)
    order = np.argsort(-relative[early], kind="stable")
    reached = np.cumsum(units[early][order]) / units[early].sum()
    limits = relative[early][order][np.searchsorted(reached, np.arange(1, count) / count).clip(max=len(order) - 1)]
    band = (relative[:, None] < limits[None, :]).sum(axis=1) + 1
    return table.assign(demand_class=pd.Series(band, index=table.index).astype("str"))


def _usual(
    table: pd.DataFrame, worth: np.ndarray, units: np.ndarray, start: pd.Timestamp, cycle_days: float
) -> np.ndarray:
    """Return for every line the mean worth of a unit of its item-location before the line's cycle."""
    place = table.groupby(PLACE, sort=False).ngroup().to_numpy()
    cycle = np.floor(((table["order_date"] - start) / _DAY).to_numpy(dtype=float) / cycle_days)
    order = np.lexsort((cycle, place))
    place, cycle = place[order], cycle[order]
    value, amount = np.cumsum((worth * units)[order]), np.cumsum(units[order])
    new = np.r_[True, place[1:] != place[:-1]]
    fresh = np.r_[True, new[1:] | (cycle[1:] != cycle[:-1])]
    begin = np.maximum.accumulate(np.where(new, np.arange(place.size), 0))
    since = np.maximum.accumulate(np.where(fresh, np.arange(place.size), 0))
    sums = [np.r_[0.0, values][since] - np.r_[0.0, values][begin] for values in (value, amount)]
    first = worth[order][begin]
    found = np.empty(place.size)
    found[order] = np.divide(sums[0], sums[1], out=first.copy(), where=sums[1] > 0)
    return found
