"""What naive missed by within the history before an origin: the scales of RMSSE, MASE and scaled pinball loss."""

import numpy as np
import pandas as pd

from segkit.core.tables import sort_rows
from segkit.inventory.judged import number_series, observed_quantity


def origin_scales(asked: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return the mean absolute and mean squared step of demand from the first sale to an origin.

    Parameters
    ----------
    asked : DataFrame
        The columns that name a series, and origin.
    history : DataFrame
        The same columns of a series, period, quantity, optionally in_stock: regular periods, in any order.

    Returns
    -------
    DataFrame
        In the rows of ``asked``: absolute_scale [units], squared_scale [units²]. Steps into and out of periods that
        are out of stock or not known do not count; NaN where no step is left.
    """
    series = [name for name in asked.columns if name != "origin"]
    before = sort_rows(history[[*series, "period"]].assign(quantity=observed_quantity(history)), [*series, "period"])
    both = number_series(pd.concat([before[series], asked[series]], ignore_index=True), series)
    codes, wanted = both[: len(before)], both[len(before) :]
    size, steps = _known_steps(codes, before["quantity"].to_numpy())
    begin, end = _spans(codes, before["period"].to_numpy(), wanted, asked["origin"].to_numpy())
    counts = _span_sums(steps.astype(float), begin, end)
    scales = {}
    for name, power in (("absolute_scale", 1), ("squared_scale", 2)):
        sums = _span_sums(size**power, begin, end)
        scales[name] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return pd.DataFrame(scales, index=asked.index)


def _known_steps(codes: np.ndarray, quantity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the size of the step into each row from the one before, and whether it counts; sizes are 0 elsewhere."""
    sold = np.cumsum(quantity > 0)
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(np.append(first, len(codes)))
    listed = sold - np.repeat(sold[first] - (quantity[first] > 0), lengths) > 0
    size = np.abs(np.diff(quantity, prepend=np.nan))
    counts = (np.diff(codes, prepend=-1) == 0) & np.roll(listed, 1) & ~np.isnan(size)
    return np.where(counts, size, 0.0), counts


def _spans(
    codes: np.ndarray, periods: np.ndarray, wanted: np.ndarray, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places where the rows of each wanted series begin, and where those after its origin do."""
    calendar, place = np.unique(periods, return_inverse=True)
    width = len(calendar) + 1
    known = np.searchsorted(calendar, origins, side="right")
    keys = codes * width + place
    return np.searchsorted(keys, wanted * width), np.searchsorted(keys, wanted * width + known)


def _span_sums(values: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the sum of the values from each begin to before its end; spans may lie within each other."""
    if not len(begin):
        return np.zeros(0)
    order = np.lexsort((end, begin))
    pairs = np.column_stack([begin, end])[order].ravel()
    sums = np.empty(len(begin))
    sums[order] = np.add.reduceat(np.append(values, 0.0), pairs)[::2]
    return np.where(end > begin, sums, 0.0)
