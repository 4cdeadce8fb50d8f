"""One period of a replay at a time, all series at once: for rules that decide anew in every period.

The arithmetic is that of `replay`: a loop that places the orders of its policy gives the same stock.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.replay_inputs import Stock

_LIKE = 1e-9  # as the replay: less than this share of an order is rounding


def rounded_order(wanted: ArrayLike, minimum_order: ArrayLike = 0.0, order_multiple: ArrayLike = 0.0) -> np.ndarray:
    """Return orders as a supplier takes them: up to the minimum, then up to whole packs.

    Parameters
    ----------
    wanted : array_like
        Quantity wanted; nothing is ordered where it is 0 or less. [units]
    minimum_order, order_multiple : array_like
        Least order and pack; 0 = none. [units]

    Returns
    -------
    ndarray
        Quantities [units].

    Examples
    --------
    >>> rounded_order([0, 3, 11], minimum_order=5, order_multiple=4).tolist()
    [0.0, 8.0, 12.0]
    """
    need, pack = np.asarray(wanted, dtype=float), np.asarray(order_multiple, dtype=float)
    taken = np.where(need > 0, np.maximum(need, minimum_order), 0.0)
    packs = np.ceil(np.divide(taken, pack, out=np.zeros(np.broadcast(taken, pack).shape), where=pack > 0) - _LIKE)
    return np.where(pack > 0, np.maximum(packs, 0.0) * pack, taken)


def inventory_position(stock: Stock) -> np.ndarray:
    """Return what is on hand and on order, less what is backordered.

    Parameters
    ----------
    stock : Stock
        Stock of the series.

    Returns
    -------
    ndarray
        Shape (series,) [units].

    Examples
    --------
    >>> inventory_position(Stock([4, 0], [[2, 0], [0, 5]], [0, 1])).tolist()
    [6, 4]
    """
    return np.asarray(stock.on_hand) + np.atleast_2d(stock.pipeline).sum(axis=1) - np.asarray(stock.backordered)


def advance(
    stock: Stock,
    demand: ArrayLike,
    orders: ArrayLike,
    *,
    lead_time_periods: ArrayLike,
    waiting: ArrayLike = 0.0,
) -> tuple[Stock, np.ndarray, np.ndarray]:
    """Return the stock after one more period, and what was served and short in it.

    Parameters
    ----------
    stock : Stock
        At the end of the period before. [units]
    demand : array_like
        Shape (series,), 0 or more; NaN is unknown and counts as none. [units]
    orders : array_like
        Shape (series,): ordered at the end of the period before, knowing ``stock``. [units]
    lead_time_periods : array_like of int
        Whole periods between the end of the ordering period and the start of the one the order arrives in; a number or
        one per series. With 2, an order waits in the pipeline's third column. [periods]
    waiting : array_like
        Share of short demand that waits for stock: 0 = lost sales, 1 = backorders. [0-1]

    Returns
    -------
    stock : Stock
        At the end of the period.
    served, short : ndarray
        Served from the shelf, and not served at once [units].

    Raises
    ------
    ValueError
        Where demand, orders or lead times are below 0.

    Examples
    --------
    >>> stock, served, short = advance(Stock([3.0], [[2.0, 0.0]]), [9], [6], lead_time_periods=2)
    >>> served.tolist(), short.tolist(), stock.on_hand.tolist(), stock.pipeline.tolist()
    ([5.0], [4.0], [0.0], [[0.0, 6.0, 0.0]])
    """
    on_hand = np.atleast_1d(np.asarray(stock.on_hand, dtype=float))
    lead = np.broadcast_to(np.asarray(lead_time_periods, dtype=np.int64), on_hand.shape)
    ordered = np.broadcast_to(np.asarray(orders, dtype=float), on_hand.shape)
    wanted = np.nan_to_num(np.broadcast_to(np.asarray(demand, dtype=float), on_hand.shape), nan=0.0)
    if lead.min(initial=0) < 0 or not (ordered >= 0).all() or wanted.min(initial=0) < 0:
        raise ValueError("demand, orders or lead times are below 0, or orders are missing")
    known = np.atleast_2d(np.asarray(stock.pipeline, dtype=float))
    coming = np.zeros((len(on_hand), max(known.shape[1], int(lead.max(initial=0)) + 1) + 1))
    coming[:, : known.shape[1]] = known
    coming[np.arange(len(on_hand)), lead] += ordered
    filled = np.minimum(stock.backordered, coming[:, 0])
    shelf = on_hand + (coming[:, 0] - filled)
    served = np.minimum(shelf, wanted)
    short = wanted - served
    owed = stock.backordered - filled + np.asarray(waiting) * short
    return Stock(shelf - served, coming[:, 1:], owed), served, short
