"""Replay by order line in the order of arrival, for stock shared by classes of customers with critical levels.

A class is served only while stock is above its critical level, and only down to it; a line may be delivered in part.
What waits is filled when stock arrives, the best class first, by the same levels. At equal times deliveries come first,
then reviews, then lines.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class OrderLines:
    """Lines in any order, each an array (lines,); lines of an item at the same time come in the order they are given.

    ``item`` counts from 0, ``time_days`` from the begin of the replay, ``demand_class`` from 0 = the best; ``quantity``
    is above 0 [units]. Several runs of the same item (scenarios) are items of their own here.
    """

    item: ArrayLike
    time_days: ArrayLike
    demand_class: ArrayLike
    quantity: ArrayLike


@dataclass(frozen=True)
class LinePolicy:
    """When and how much is ordered, as `replay.StockPolicy`; each a number or an array (items,) [units, days].

    Where ``review_days`` is 0 stock is reviewed at the begin and after every line, else every so many days from
    ``first_review_days``. ``critical_levels`` (classes,) or (items, classes) do not fall from the best class on; in a
    policy to be sized levels, and how high the reorder point is, say nothing: only how far ``order_up_to`` is above it.
    """

    reorder_point: ArrayLike
    order_up_to: ArrayLike = -np.inf
    critical_levels: ArrayLike = 0.0
    order_quantity: ArrayLike = 0.0
    minimum_order: ArrayLike = 0.0
    order_multiple: ArrayLike = 0.0
    review_days: ArrayLike = 0.0
    first_review_days: ArrayLike = 0.0


@dataclass(frozen=True)
class LineReplay:
    """What each class got, (items, classes), and what it took, (items,); lines and orders within the window.

    ``served`` is delivered at once, ``lines_complete`` counts lines delivered at once in full, ``served_later`` what
    waited and was delivered, ``lost`` what does not wait, ``backordered`` what waits at the end.
    """

    demand: np.ndarray
    served: np.ndarray
    lines: np.ndarray
    lines_complete: np.ndarray
    served_later: np.ndarray
    lost: np.ndarray
    waiting_unit_days: np.ndarray
    backordered: np.ndarray
    average_stock: np.ndarray
    orders: np.ndarray
    units_ordered: np.ndarray
    received: np.ndarray
    end_stock: np.ndarray
    end_pipeline: np.ndarray

    @property
    def fill_rate(self) -> np.ndarray:
        """P2 of each class: share of demand served at once [0-1]; NaN without demand."""
        return np.divide(self.served, self.demand, out=np.full(self.demand.shape, np.nan), where=self.demand > 0)


def replay_lines(
    lines: OrderLines,
    on_hand: ArrayLike,
    policy: LinePolicy,
    *,
    lead_time_days: ArrayLike,
    waiting: ArrayLike = 0.0,
    window: tuple[float, float],
) -> LineReplay:
    """Return what every class of customers gets from a stock that they share.

    Parameters
    ----------
    lines : OrderLines
        Demand line by line.
    on_hand : array_like
        Stock at the begin: a number or (items,). [units]
    policy : LinePolicy
        When and how much is ordered, and critical levels.
    lead_time_days : array_like
        A number, (items,), or (items, n): of the first to n-th order of an item, then from the first again; orders may
        cross. [days]
    waiting : array_like
        Share of short demand that waits for stock, the rest is lost: 0 = lost sales, 1 = backorders; a number or an
        array (classes,). [0-1]
    window : (float, float)
        First and last moment that count; the replay begins at 0. [days]

    Returns
    -------
    LineReplay
        Sums by item and class.

    Raises
    ------
    ValueError
        Where an input is out of range or shapes do not fit.

    References
    ----------
    Kleijn & Dekker (1999), An overview of inventory systems with several demand classes, in Speranza & Staehly (eds),
    New Trends in Distribution Logistics (critical levels, priority clearing).

    Examples
    --------
    >>> lines = OrderLines([0, 0, 0], [1.0, 2.0, 3.0], [1, 1, 0], [2, 2, 2])
    >>> got = replay_lines(lines, 4, LinePolicy(4, 4, [0, 2]), lead_time_days=7, window=(0, 5))
    >>> got.served.tolist(), got.lost.tolist()
    ([[2.0, 2.0]], [[0.0, 2.0]])
    """
    from segkit.formulas import line_kernels as kernels

    begin, (time, rank, quantity), classes = sorted_lines(lines, policy.critical_levels)
    items = len(begin) - 1
    given = _given(policy, (items, items, classes), lead_time_days, waiting)
    levels = _rows(policy.critical_levels, items, classes, "critical_levels")
    _require(
        (np.diff(levels, axis=1) >= 0).all() and levels.min(initial=0) >= 0, "critical_levels fall, or are below 0"
    )
    stock = _rows(on_hand, items, 1, "on_hand")[:, 0]
    _require(stock.min(initial=0) >= 0, "on_hand is below 0")
    by_class = np.zeros((items, classes, len(kernels.CLASS_SUMS)))
    by_item = np.zeros((items, len(kernels.ITEM_SUMS)))
    span = checked_window(window)
    kernels.replay_line_sums(begin, time, rank, quantity, stock, levels, given, span, by_class, by_item)
    by_item[:, 0] /= span[1] - span[0]
    return LineReplay(*np.moveaxis(by_class, 2, 0), *by_item.T)


def sorted_lines(lines: OrderLines, levels: ArrayLike = 0.0) -> tuple[np.ndarray, tuple[np.ndarray, ...], int]:
    """Return where the lines of each item begin, the lines by item and time, and how many classes there are.

    Parameters
    ----------
    lines : OrderLines
        Lines in any order.
    levels : array_like
        Critical levels, which may be of more classes than have lines.

    Returns
    -------
    begin : ndarray of int
        Shape (items + 1,).
    ordered : tuple of ndarray
        Time, class and quantity of the lines.
    classes : int
        Number of classes.

    Raises
    ------
    ValueError
        Where a line has no quantity, a time before the begin, or an item or class below 0.
    """
    item, rank = np.asarray(lines.item, dtype=np.int64), np.asarray(lines.demand_class, dtype=np.int64)
    time, quantity = np.asarray(lines.time_days, dtype=float), np.asarray(lines.quantity, dtype=float)
    _require(item.shape == rank.shape == time.shape == quantity.shape, "lines have arrays of different lengths")
    _require((quantity > 0).all() and np.isfinite(quantity).all(), "a line has no quantity: returns are no demand")
    _require((time >= 0).all(), "a line comes before the begin of the replay, or at no time")
    _require(min(item.min(initial=0), rank.min(initial=0)) >= 0, "an item or a class is below 0")
    order = np.lexsort((time, item))
    begin = np.searchsorted(item[order], np.arange(item.max(initial=-1) + 2))
    classes = max(int(rank.max(initial=0)) + 1, np.atleast_1d(levels).shape[-1])
    return begin, (time[order], rank[order], quantity[order]), classes


def _given(
    policy: LinePolicy, counts: tuple[int, int, int], lead_time_days: ArrayLike, waiting: ArrayLike
) -> tuple[np.ndarray, ...]:
    """Return what the kernels read of a policy: arrays (items, 1), lead times (runs, n), waiting (classes,)."""
    items, runs, classes = counts
    parts = (policy.reorder_point, policy.order_up_to, policy.order_quantity, policy.minimum_order)
    rest = (policy.order_multiple, policy.review_days, policy.first_review_days)
    rules = [_rows(part, items, 1, "policy") for part in (*parts, *rest)]
    _require(all((rule >= 0).all() for rule in rules[2:]), "a lot size or review is below 0")
    _require(all((rule < np.inf).all() for rule in rules), "policy is infinite somewhere")
    leads = np.asarray(lead_time_days, dtype=float)
    leads = np.ascontiguousarray(leads[:, None] if leads.ndim == 1 else np.atleast_2d(leads))
    _require(len(leads) in (1, runs), "lead_time_days has one row for each item or run")
    _require((leads >= 0).all(), "lead_time_days are below 0, or missing")
    waits = np.array(np.broadcast_to(np.asarray(waiting, dtype=float), classes))
    _require(((waits >= 0) & (waits <= 1)).all(), "waiting is a share from 0 to 1")
    return (*rules, leads, waits)


def checked_window(window: tuple[float, float]) -> tuple[float, float]:
    """Return a window of time as floats.

    Parameters
    ----------
    window : (float, float)
        First and last moment that count. [days]

    Returns
    -------
    (float, float)
        The same.

    Raises
    ------
    ValueError
        Where it ends before it begins, or begins before 0.
    """
    first, last = float(window[0]), float(window[1])
    _require(0 <= first < last < np.inf, "the window ends before it begins, or begins before 0")
    return first, last


def _rows(values: ArrayLike, items: int, columns: int, name: str) -> np.ndarray:
    """Return an array (items, columns): of one column from (items,), of several from (columns,) too."""
    given = np.asarray(values, dtype=float)
    given = given[:, None] if given.ndim == 1 and columns == 1 else given
    try:
        table = np.array(np.broadcast_to(given, (items, columns)), order="C")
    except ValueError:
        raise ValueError(f"{name} has the shape {np.shape(values)}, which does not fit {items} items") from None
    _require(not np.isnan(table).any(), f"{name} is missing somewhere")
    return table


def _require(right: bool | np.bool_, problem: str) -> None:
    if not right:
        raise ValueError(problem)
