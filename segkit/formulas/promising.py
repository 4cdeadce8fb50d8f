"""Order promising: an order book in order of arrival against supply that is partly kept for classes of customers.

Supply lies in buckets: a place (item at a location) and a day. What is left of a bucket is told by column: one column
per quota, and the pool as the last one. A class of customers takes from columns in a fixed order,
`PromiseRules.sources`: its own quota, then what it may take from lower classes, then the pool.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas import promising_arrays as arrays
from segkit.formulas.replay_inputs import require


@dataclass(frozen=True)
class SupplyBuckets:
    """Supply: the buckets of place p are those from ``begin[p]`` to before ``begin[p + 1]``, their days rising.

    ``day`` (buckets,) whole; ``quantity`` (buckets, columns), the last column being the pool [units].
    """

    begin: ArrayLike
    day: ArrayLike
    quantity: ArrayLike


@dataclass(frozen=True)
class OrderBook:
    """Lines in any order, each an array (lines,); lines that arrive at the same moment come in the order given.

    ``place`` and ``rank`` (class, 0 = best) count from 0; ``arrival`` [days, with the time of day as a fraction] and
    ``requested`` [days, whole] count from the same day; ``quantity`` [units]. One number or an array: ``minimum`` of a
    delivery (0 = any part, inf = complete only; what completes a line may be less) [units], ``lateness`` allowed after
    the requested day (below 0 = any) [days], ``margin`` [currency/unit].
    """

    place: ArrayLike
    arrival: ArrayLike
    requested: ArrayLike
    rank: ArrayLike
    quantity: ArrayLike
    minimum: ArrayLike = 0.0
    lateness: ArrayLike = -1
    margin: ArrayLike = np.inf


@dataclass(frozen=True)
class PromiseRules:
    """Who may take what, and what is done beyond the supply that is known.

    ``sources`` (1 or places, classes, columns) tells which columns a class takes from, in this order, filled up with
    -1; the first is the class's own. ``caps`` (buckets, columns) is the most that classes whose own column it is may
    take from a bucket, whatever column it comes from [units]. ``release_day`` (buckets, columns) is the day from which
    arriving lines find what is left of a quota in the pool (inf = never). ``levels`` (1 or places, classes): a class is
    served from a bucket only while more than so many units are left of its place up to that bucket. ``bid_price``
    (buckets, 1 or classes): a line takes from a bucket only if its margin is at least this [currency/unit].

    ``lead_time`` (places,) [days]: after the supply that is known, any quantity can be had so many days after the line
    arrives or ``fence``, whichever is later (-1 = nothing can). With ``capacity_from`` (places,), the buckets from
    there on are capacity: of limited quantity, and for a line only from that day on. ``made_bid_price`` (places,): only
    for lines of at least this margin is anything made to order there [currency/unit]. ``latest_first`` takes the latest
    bucket that is in time first, so that early supply stays for those who ask early. ``late_cost`` weighs lateness
    against the cost of other places [currency/unit/day].
    """

    sources: ArrayLike
    caps: ArrayLike | None = None
    release_day: ArrayLike | None = None
    levels: ArrayLike | None = None
    bid_price: ArrayLike | None = None
    fence: ArrayLike | None = None
    lead_time: ArrayLike | None = None
    capacity_from: ArrayLike | None = None
    made_bid_price: ArrayLike | None = None
    latest_first: bool = True
    late_cost: float = 0.0


@dataclass(frozen=True)
class Elsewhere:
    """Other places that can serve the lines of a place, in any order, each an array (alternatives,).

    ``other`` can stand in for ``place`` at ``unit_cost`` [currency/unit], its supply being there ``days`` later.
    """

    place: ArrayLike
    other: ArrayLike
    unit_cost: ArrayLike
    days: ArrayLike


class Promised(NamedTuple):
    """What was promised, and of what.

    A row of the trace is a part of one line from one bucket and column: ``line``, ``bucket`` and ``column`` (-1 = made
    to order), ``quantity`` [units] and the ``day`` it is promised for. By line: ``promised`` [units], ``on_time`` units
    that were there in time (though perhaps too few for a delivery), ``last_day`` (-1 = nothing is promised), ``why``
    not earlier (bits: `promising_arrays`), ``reserved`` units that were there in time for others only, and
    ``reserved_column``, the quota that held most of these (-1 = none), ``reserved_until`` the day on which the first of
    it is released (-1 = never). ``left`` (buckets, columns) is what remains.
    """

    line: np.ndarray
    bucket: np.ndarray
    column: np.ndarray
    quantity: np.ndarray
    day: np.ndarray
    promised: np.ndarray
    on_time: np.ndarray
    last_day: np.ndarray
    why: np.ndarray
    reserved: np.ndarray
    reserved_column: np.ndarray
    reserved_until: np.ndarray
    left: np.ndarray


def shared_sources(classes: int) -> np.ndarray:
    """Return sources without quotas: first come, first served from the pool.

    Examples
    --------
    >>> shared_sources(2).tolist()
    [[[0], [0]]]
    """
    return np.zeros((1, classes, 1), dtype=np.int8)


def quota_sources(own: ArrayLike, columns: int, also: ArrayLike | None = None) -> np.ndarray:
    """Return sources by which a class takes from its own quota, then from the pool.

    Parameters
    ----------
    own : array_like
        Column of each class's quota, shape (classes,) or (places, classes); several classes may share one.
    columns : int
        Number of columns, the pool being the last.
    also : array_like, optional
        A second quota of each class, in the shape of ``own``; -1 = none.

    Returns
    -------
    ndarray
        As `PromiseRules.sources`.

    Examples
    --------
    >>> quota_sources([0, 1], 3).tolist()
    [[[0, 2, -1], [1, 2, -1]]]
    """
    column = np.atleast_2d(np.asarray(own, dtype=np.int8))
    second = np.full_like(column, -1) if also is None else np.atleast_2d(np.asarray(also, dtype=np.int8))
    found = np.full((*column.shape, columns), -1, dtype=np.int8)
    found[..., 0] = column
    if columns > 1:
        found[..., 1] = np.where(column == columns - 1, -1, columns - 1)
    if columns > 2:
        found[..., 1:3] = np.where((second >= 0)[..., None], np.stack([second, found[..., 1]], -1), found[..., 1:3])
    return found


def nested_sources(
    own: ArrayLike, columns: int, also: ArrayLike | None = None, kept: Collection[int] = ()
) -> np.ndarray:
    """Return sources by which a class takes from its own quota, then those of lower classes, then the pool.

    Parameters
    ----------
    own : array_like
        Column of each class's quota, best class first, shape (classes,) or (places, classes). A column that several
        classes share ranks as the best of them.
    columns : int
        Number of columns, the pool being the last.
    also : array_like, optional
        A second quota of each class, in the shape of ``own``; -1 = none.
    kept : collection of int
        Columns that better classes do not take from, as what contracts keep.

    Returns
    -------
    ndarray
        As `PromiseRules.sources`; the quota of the lowest class goes first, so that a class loses least if it ranks
        higher.

    Examples
    --------
    >>> nested_sources([0, 1], 3).tolist()
    [[[0, 1, 2], [1, 2, -1]]]
    """
    column = np.atleast_2d(np.asarray(own, dtype=np.int8))
    second = np.full_like(column, -1) if also is None else np.atleast_2d(np.asarray(also, dtype=np.int8))
    found = np.full((*column.shape, columns), -1, dtype=np.int8)
    for place, pairs in enumerate(np.stack([column, second], -1).tolist()):
        best = {
            c: k for k, pair in reversed(list(enumerate(pairs))) for c in pair if 0 <= c < columns - 1 and c not in kept
        }
        for k, pair in enumerate(pairs):
            lower = sorted((c for c, rank in best.items() if rank > k), key=lambda c: -best[c])
            taken = list(dict.fromkeys([*(c for c in pair if c >= 0), *lower, columns - 1]))
            found[place, k, : len(taken)] = taken
    return found


def promise_book(
    book: OrderBook, supply: SupplyBuckets, rules: PromiseRules, elsewhere: Elsewhere | None = None
) -> Promised:
    """Promise an order book line by line in order of arrival.

    Parameters
    ----------
    book : OrderBook
        The lines.
    supply : SupplyBuckets
        What there is, by bucket and column; not changed.
    rules : PromiseRules
        Who may take what.
    elsewhere : Elsewhere, optional
        Other places that can serve a line.

    Returns
    -------
    Promised
        What was promised, and the trace of every unit. Never more than there is, nor than a quota allows.

    Raises
    ------
    ValueError
        Where lengths differ, a quantity is below 0, a place or class is not there, or days of a place do not rise.

    Notes
    -----
    In time (on the requested day or before, or the day of arrival where that is later) the own quota goes before those
    of lower classes, and these before the pool. Late, what comes first goes first. Units are held for a line until
    they make up a delivery of ``minimum``, or complete it; what never does is given back. Where there are other places,
    the one at which all of the line can be had at least cost is taken (its own in a tie); where there is none, every
    place gives what it can, cheapest first.

    Examples
    --------
    >>> supply = SupplyBuckets([0, 2], [0, 7], [[4.0, 0.0], [0.0, 5.0]])
    >>> book = OrderBook(place=[0, 0], arrival=[0.4, 0.3], requested=[3, 2], rank=[0, 1], quantity=[6.0, 4.0])
    >>> made = promise_book(book, supply, PromiseRules(quota_sources([0, 1], 2)))
    >>> made.promised.tolist(), made.last_day.tolist()
    ([5.0, 4.0], [7, 7])
    """
    from segkit.formulas import promising_kernels as kernels

    buckets, columns = _buckets(supply, rules)
    lines, order = _lines(book, len(buckets.begin) - 1)
    made_rules, releases = _rules(rules, buckets, columns)
    count = len(lines.place)
    require(
        int(lines.rank.max(initial=-1)) < made_rules.sources.shape[1] and int(lines.rank.min(initial=0)) >= 0,
        "a line has a class that rules.sources does not know",
    )
    told = arrays.nothing_told(count)
    other = _elsewhere(elsewhere, len(buckets.begin) - 1)
    trace, at = arrays.empty_trace(2 * count + 1024), (0, 0, 0)  # rows that are never written take no memory
    while True:
        at = kernels.promise_lines(at, lines, buckets, made_rules, releases, other, rules.late_cost, trace, told)
        if at[0] == count:
            break
        trace = arrays.longer_trace(trace, kernels.most_rows(lines.place[at[0]], buckets, other))
    traced, said = [column[: at[1]] for column in trace], list(told)
    if order is not None:
        traced[0] = order.astype(np.int32)[traced[0]]
        said = [_back(values, order) for values in said]
    return Promised._make([*traced, *said, buckets.left])


def _back(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    found = np.empty_like(values)
    found[order] = values
    return found


def _elsewhere(options: "Elsewhere | None", places: int):  # type: ignore[no-untyped-def]
    if options is None or not len(np.asarray(options.place)):
        none = np.zeros(0, dtype=np.int64)
        return arrays.Elsewhere(none, none, np.zeros(0), none)
    place, other = np.asarray(options.place, dtype=np.int64), np.asarray(options.other, dtype=np.int64)
    cost, days = np.asarray(options.unit_cost, dtype=float), np.asarray(options.days, dtype=np.int64)
    require(place.shape == other.shape == cost.shape == days.shape, "alternatives differ in length")
    require(bool((cost >= 0).all() and (days >= 0).all()), "an alternative costs less than nothing, or comes earlier")
    known = min(place.min(), other.min()) >= 0 and max(place.max(), other.max()) < places
    require(bool(known), "an alternative names a place that supply does not know")
    order = np.lexsort((np.arange(len(place)), cost, place))
    begin = np.searchsorted(place[order], np.arange(places + 1))
    return arrays.Elsewhere(begin.astype(np.int64), other[order], cost[order], days[order])


def _buckets(supply: SupplyBuckets, rules: PromiseRules):  # type: ignore[no-untyped-def]
    begin, day = np.asarray(supply.begin, dtype=np.int64), np.asarray(supply.day, dtype=np.int64)
    left = np.array(supply.quantity, dtype=float, order="C")
    require(left.ndim == 2 and left.shape[1] > 0, "quantity of supply has the shape (buckets, columns)")
    require(len(day) == len(left) == begin[-1], "supply has arrays of different lengths")
    require(bool((left >= 0).all() and np.isfinite(left).all()), "a bucket of supply is below 0, or no number")
    inside = np.ones(max(len(day) - 1, 0), dtype=bool)
    inside[begin[1:-1][(begin[1:-1] > 0) & (begin[1:-1] < len(day))] - 1] = False
    require(bool((np.diff(day)[inside] > 0).all()), "days of a place do not rise")
    reach = arrays.reach_tree(begin, left) if rules.levels is not None else np.zeros(0)
    return arrays.Buckets(begin, day, left, *arrays.filled_buckets(begin, left), reach), left.shape[1]


def _lines(book: OrderBook, places: int):  # type: ignore[no-untyped-def]
    arrival = np.asarray(book.arrival, dtype=float)
    place, requested = np.asarray(book.place, dtype=np.int32), np.asarray(book.requested, dtype=np.int32)
    rank, quantity = np.asarray(book.rank, dtype=np.int16), np.asarray(book.quantity, dtype=float)
    require(place.shape == arrival.shape == requested.shape == rank.shape == quantity.shape, "lines differ in length")
    require(bool((quantity >= 0).all() and np.isfinite(quantity).all()), "a line has a quantity below 0, or none")
    require(bool(np.isfinite(arrival).all()), "a line has no arrival")
    inside = int(place.min(initial=0)) >= 0 and int(place.max(initial=-1)) < places
    require(inside, "a line asks at a place that supply does not know")
    options = [
        np.atleast_1d(np.asarray(given, dtype=kind))
        for given, kind in ((book.minimum, float), (book.lateness, np.int64), (book.margin, float))
    ]
    require(all(len(given) in (1, len(place)) for given in options), "lines differ in length")
    rising = bool((arrival[1:] >= arrival[:-1]).all())
    order = None if rising else arrays.stable_order(arrival)
    arrived = np.floor(arrival).astype(np.int32)
    told = (place, arrived, requested, rank, quantity, *options)
    return arrays.Lines(*(_in_order(values, order) for values in told)), order


def _in_order(values: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    return values if order is None or len(values) != len(order) else values[order]


def _rules(rules: PromiseRules, buckets, columns: int):  # type: ignore[no-untyped-def]
    sources = np.ascontiguousarray(rules.sources, dtype=np.int8)
    places, size = len(buckets.begin) - 1, len(buckets.day)
    require(sources.ndim == 3 and len(sources) in (1, places), "sources have the shape (1 or places, classes, columns)")
    require(int(sources.max(initial=0)) < columns and bool((sources[..., 0] >= 0).all()), "sources name no such column")
    caps = _table(rules.caps, (size, columns), "caps").copy()
    levels = _table(rules.levels, (None, sources.shape[1]), "levels")
    bids = _table(rules.bid_price, (size, None), "bid_price")
    lead = _whole(rules.lead_time, places, -1)
    fence = _whole(rules.fence, places, -arrays.FAR) if len(lead) else lead
    if len(lead) and not len(fence):
        fence = np.full(places, -arrays.FAR)
    made = _whole(rules.capacity_from, places, size)
    release = np.ceil(_table(rules.release_day, (size, columns), "release_day"))
    floor = np.zeros(0) if rules.made_bid_price is None else np.asarray(rules.made_bid_price, dtype=float)
    require(len(floor) in (0, places), "made_bid_price has the shape (places,)")
    made_rules = arrays.Rules(sources, caps, levels, bids, release, fence, lead, made, floor, rules.latest_first)
    return made_rules, _releases(release, buckets)


def _releases(release_day: np.ndarray, buckets):  # type: ignore[no-untyped-def]
    bucket, column = np.nonzero(np.isfinite(release_day))
    day = release_day[bucket, column].astype(np.int64)
    order = np.lexsort((column, bucket, day))
    place = np.searchsorted(buckets.begin, bucket, side="right") - 1
    return arrays.Releases(day[order], place[order], bucket[order], column[order])


def _table(values: ArrayLike | None, shape: tuple[int | None, int | None], name: str) -> np.ndarray:
    if values is None:
        return np.zeros((0, 0))
    found = np.ascontiguousarray(values, dtype=float)
    fits = found.ndim == 2 and all(want is None or have == want for have, want in zip(found.shape, shape, strict=True))
    require(fits, f"{name} has the wrong shape: {found.shape}")
    require(not np.isnan(found).any(), f"{name} is missing somewhere")
    return found


def _whole(values: ArrayLike | None, places: int, blank: int) -> np.ndarray:
    if values is None:
        return np.zeros(0, dtype=np.int64)
    found = np.broadcast_to(np.asarray(values, dtype=float), (places,))
    return np.where(np.isfinite(found), found, blank).astype(np.int64)
