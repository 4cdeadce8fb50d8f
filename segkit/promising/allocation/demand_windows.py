"""Supply and demand of classes by window: periods between which nothing arrives or expires are as one."""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.demand_distributions import Demand
from segkit.formulas.margin_program import Buckets
from segkit.promising.allocation.class_demand import ClassDemand, beyond_contracts, counted_in_pieces
from segkit.promising.allocation.supply_buckets import SupplyBuckets, day_numbers


@dataclass(frozen=True)
class AskedInWindows:
    """Demand that a bucket can serve, by place, class and window: mean, variance [units] and value of a unit."""

    place: np.ndarray
    cls: np.ndarray
    window: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    value: np.ndarray

    def some(self, rows: np.ndarray) -> "AskedInWindows":
        """Return some of the rows."""
        return AskedInWindows(*(column[rows] for column in vars(self).values()))

    def demand(self, unit: float) -> Demand:
        """Return demand in pieces of a unit."""
        return counted_in_pieces(self.mean, np.sqrt(self.variance), unit)


def meet_in_windows(
    buckets: SupplyBuckets, rows: ClassDemand, stock: np.ndarray, most_late: int, unit: float
) -> tuple[Buckets, AskedInWindows]:
    """Return supply and demand by window: periods between which nothing arrives or expires, unless demand waits."""
    day = np.zeros(len(rows.place), dtype=np.int64) if rows.day is None else rows.day
    days = np.unique(day)
    one = rows.day is None
    first, last = _period(days, buckets.day, one), _period(days, day_numbers(buckets.expires), one)
    period = np.searchsorted(days, day)
    if most_late == 0:
        edges = np.unique(np.stack([np.tile(buckets.place, 2), np.append(first, last + 1)]), axis=1)
        key, width = edges[0] * (len(days) + 2) + edges[1], len(days) + 2
        first, last, period = (
            np.searchsorted(key, place * width + when, side="right")
            for place, when in ((buckets.place, first), (buckets.place, last), (rows.place, period))
        )
    usable = np.flatnonzero(rows.mean > 0)
    cell = np.stack([rows.place[usable], rows.cls[usable], period[usable]])
    cells, where = np.unique(cell, axis=1, return_inverse=True)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(where.ravel(), values[usable], cells.shape[1])

    mean = summed(rows.mean)
    value = np.maximum(summed(rows.mean * rows.value) / np.maximum(mean, 1e-300), 0.0)
    place, cls, window = cells
    left, variance = beyond_contracts(mean, summed(rows.variance), summed(rows.covered), unit)
    asked = AskedInWindows(place, cls, window, left, variance, value).some(left > 1e-9)
    offered = Buckets(buckets.place, first, last, stock)
    return offered, asked.some(_reached(offered, asked, most_late))


def _reached(offered: Buckets, asked: AskedInWindows, most_late: int) -> np.ndarray:
    """Return which demand some bucket of its place can serve."""
    begin, end = (np.searchsorted(offered.place, asked.place, side=side) for side in ("left", "right"))
    found = np.zeros(len(asked.place), dtype=bool)
    for nth in range(int((end - begin).max(initial=0))):
        bucket = np.minimum(begin + nth, len(offered.place) - 1)
        in_time = offered.period[bucket] - most_late <= asked.window
        found |= (begin + nth < end) & in_time & (asked.window <= offered.last[bucket])
    return found


def served_at_once(offered: Buckets, asked: AskedInWindows) -> np.ndarray:
    """Return by place whether one bucket serves demand of one window."""
    places = int(offered.place.max(initial=-1)) + 1
    pairs = np.unique(np.stack([asked.place, asked.window]), axis=1)
    windows = np.bincount(pairs[0], minlength=places)
    return (np.bincount(offered.place, minlength=places) == 1) & (windows <= 1)


def _period(days: np.ndarray, when: np.ndarray, one: bool) -> np.ndarray:
    """Return the number of the period a day is in, the first where it is before all."""
    if one:
        return np.zeros(len(when), dtype=np.int64)
    return np.maximum(np.searchsorted(days, when, side="right") - 1, 0)
