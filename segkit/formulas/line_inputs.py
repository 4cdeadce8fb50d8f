"""What the replay by order line is told: lines and policy, checked and in order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.replay_inputs import locked, require


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
    require(item.shape == rank.shape == time.shape == quantity.shape, "lines have arrays of different lengths")
    require((quantity > 0).all() and np.isfinite(quantity).all(), "a line has no quantity: returns are no demand")
    require((time >= 0).all(), "a line comes before the begin of the replay, or at no time")
    require(min(item.min(initial=0), rank.min(initial=0)) >= 0, "an item or a class is below 0")
    order = np.lexsort((time, item))
    begin = np.searchsorted(item[order], np.arange(item.max(initial=-1) + 2))
    classes = max(int(rank.max(initial=0)) + 1, np.atleast_1d(levels).shape[-1])
    return begin, (time[order], rank[order], quantity[order]), classes


def rule_arrays(
    policy: LinePolicy, counts: tuple[int, int, int], lead_time_days: ArrayLike, waiting: ArrayLike
) -> tuple[np.ndarray, ...]:
    """Return what the kernels read of a policy: arrays (items, 1), lead times (runs, n), waiting (classes,)."""
    items, runs, classes = counts
    parts = (policy.reorder_point, policy.order_up_to, policy.order_quantity, policy.minimum_order)
    rest = (policy.order_multiple, policy.review_days, policy.first_review_days)
    rules = [rows_array(part, items, 1, "policy") for part in (*parts, *rest)]
    require(all((rule >= 0).all() for rule in rules[2:]), "a lot size or review is below 0")
    require(all((rule < np.inf).all() for rule in rules), "policy is infinite somewhere")
    leads = np.asarray(lead_time_days, dtype=float)
    leads = np.ascontiguousarray(leads[:, None] if leads.ndim == 1 else np.atleast_2d(leads))
    require(len(leads) in (1, runs), "lead_time_days has one row for each item or run")
    require((leads >= 0).all(), "lead_time_days are below 0, or missing")
    waits = np.array(np.broadcast_to(np.asarray(waiting, dtype=float), classes))
    require(((waits >= 0) & (waits <= 1)).all(), "waiting is a share from 0 to 1")
    return (*rules, locked(leads), waits)


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
    require(0 <= first < last < np.inf, "the window ends before it begins, or begins before 0")
    return first, last


def rows_array(values: ArrayLike, items: int, columns: int, name: str) -> np.ndarray:
    """Return an array (items, columns): of one column from (items,), of several from (columns,) too."""
    given = np.asarray(values, dtype=float)
    given = given[:, None] if given.ndim == 1 and columns == 1 else given
    try:
        table = np.array(np.broadcast_to(given, (items, columns)), order="C")
    except ValueError:
        raise ValueError(f"{name} has the shape {np.shape(values)}, which does not fit {items} items") from None
    require(not np.isnan(table).any(), f"{name} is missing somewhere")
    return table
