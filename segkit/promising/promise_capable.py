"""Supply beyond the horizon: what can be made or bought to order, after a lead time, limited by capacity or not."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.formulas.promising import Elsewhere, OrderBook

_MOST_PERIODS = 10_000_000


class Buckets(NamedTuple):
    """Place, day and quantity of every bucket, by place and day."""

    place: np.ndarray
    day: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Capable:
    """Buckets with those of capacity; by place ``fence``, ``lead`` time (-1 = none), ``capacity_from``, ``bid``."""

    buckets: Buckets
    fence: np.ndarray | None = None
    lead: np.ndarray | None = None
    capacity_from: np.ndarray | None = None
    bid: np.ndarray | None = None


def read_capable(
    table: pd.DataFrame | None,
    at: np.ndarray | None,
    known: Buckets,
    book: OrderBook,
    elsewhere: Elsewhere | None,
    places: int,
) -> Capable:
    """Return known supply with buckets of capacity behind it, as many as the orders can need.

    Periods begin at the fence; what is made in one is there a lead time after it begins.
    """
    if table is None or table.empty or at is None:
        return Capable(known)
    last = np.full(places, np.iinfo(np.int64).min // 4)
    np.maximum.at(last, known.place, known.day)
    lead = np.full(places, -1.0)
    lead[at] = np.ceil(table["lead_time_days"].to_numpy(dtype=float))
    fence = last.astype(float)
    if "from_date" in table:
        told = table["from_date"].notna().to_numpy()
        fence[at[told]] = table["from_date"][told].to_numpy().astype("datetime64[D]").astype(np.int64)
    bid = None
    if "bid_price" in table:
        bid = np.full(places, -np.inf)
        bid[at] = table["bid_price"].fillna(-np.inf).to_numpy(dtype=float)
    if "capacity" not in table or table["capacity"].isna().all():
        return Capable(known, fence, lead, bid=bid)
    return _with_capacity(table, at, known, book, elsewhere, Capable(known, fence, lead, bid=bid), last)


def _with_capacity(table, at, known, book, elsewhere, capable, last) -> Capable:  # type: ignore[no-untyped-def]
    limited = table["capacity"].notna().to_numpy()
    place = at[limited]
    capacity, period = (table[name].to_numpy(dtype=float)[limited] for name in ("capacity", "period_days"))
    period = np.ceil(period)
    asked = np.bincount(book.place, book.quantity, len(last))
    if elsewhere is not None:
        asked += np.bincount(elsewhere.other, asked[elsewhere.place], len(last))
    first_asked = int(np.floor(np.min(book.arrival, initial=0)))
    fence = np.maximum(capable.fence[place], np.where(last[place] < 0, first_asked, last[place]))
    fence = np.where(fence < -(10**9), first_asked, fence)
    start = fence + np.maximum(capable.lead[place], 1)
    final = max(int(np.max(book.requested, initial=0)), int(np.ceil(np.max(book.arrival, initial=0))))
    periods = np.ceil(asked[place] / capacity) + np.maximum(0, np.ceil((final + capable.lead[place] - start) / period))
    late = np.max(book.lateness, initial=-1)
    if np.min(book.lateness, initial=0) >= 0:
        periods = np.minimum(periods, np.maximum(0, np.ceil((final + late - start) / period)))
    if periods.sum() > _MOST_PERIODS:
        problem = f"what is ordered would take {periods.sum():,.0f} periods of capacity; {_MOST_PERIODS:,} can be told"
        fix = "Mend capacity and period_days of terms.capable, or set max_lateness_days."
        raise DataError(list_problems("orders cannot be promised", [problem], [fix]))
    count = periods.astype(int) + 1
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    more = Buckets(
        np.repeat(place, count), (np.repeat(start, count) + nth * np.repeat(period, count)).astype(np.int64),
        np.repeat(capacity, count),
    )  # fmt: skip
    joined = [np.concatenate(pair) for pair in zip(known, more, strict=True)]
    order = np.lexsort((joined[1], joined[0]))
    buckets = Buckets(*(values[order] for values in joined))
    begin = np.searchsorted(buckets.place, np.arange(len(last) + 1))
    capacity_from = begin[1:].copy()
    capacity_from[place] -= count
    return Capable(buckets, capable.fence, capable.lead, capacity_from, capable.bid)
