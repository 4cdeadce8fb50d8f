"""Available to promise: what of stock and scheduled receipts is not yet committed, period by period.

Arrays end in the periods; series may come before: (periods,) or (series, periods). Discrete ATP belongs to a receipt
and lasts to the next one; summed up as it is, it promises twice what later orders have already eaten of earlier
receipts. So shortages are first taken from what came before (backward), then from what comes later (forward); the sums
then are the cumulative ATP with look-ahead.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class MasterSchedule(NamedTuple):
    """``receipts`` planned at the start, and ``projected`` stock at the end of each period [units]."""

    receipts: np.ndarray
    projected: np.ndarray


def master_schedule(
    on_hand: ArrayLike, forecast: ArrayLike, orders: ArrayLike, lot: ArrayLike, *, fence: int = 0, safety: float = 0.0
) -> MasterSchedule:
    """Return when lots are planned so that stock never falls below a limit, and the stock that is projected.

    Parameters
    ----------
    on_hand : array_like
        Stock before the first period, shape () or (series,) [units].
    forecast, orders : array_like
        Expected demand and committed customer orders of each period [units].
    lot : array_like
        Size of a lot, above 0, shape () or (series,); as few lots as are needed [units].
    fence : int
        Demand time fence: in so many first periods only orders count, later the larger of forecast and orders.
    safety : float
        Stock below which a lot is planned [units].

    Returns
    -------
    MasterSchedule
        Receipts and projected stock, of the shape of the forecast.

    References
    ----------
    Stevenson, W. J., Operations Management, chapter on aggregate planning and master scheduling.

    Examples
    --------
    >>> plan = master_schedule(64, [30] * 4 + [40] * 4, [33, 20, 10, 4, 2, 0, 0, 0], 70)
    >>> plan.projected.tolist()
    [31.0, 1.0, 41.0, 11.0, 41.0, 1.0, 31.0, 61.0]
    """
    expected, committed = np.broadcast_arrays(np.asarray(forecast, dtype=float), np.asarray(orders, dtype=float))
    size = np.asarray(lot, dtype=float)
    if not (size > 0).all():
        raise ValueError("a lot must be above 0")
    receipts, projected = np.zeros(expected.shape), np.zeros(expected.shape)
    stock = np.asarray(on_hand, dtype=float)
    for period in range(expected.shape[-1]):
        asked = committed[..., period]
        stock = stock - (asked if period < fence else np.maximum(asked, expected[..., period]))
        receipts[..., period] = size * np.ceil(np.maximum(safety - stock, 0.0) / size - 1e-9)
        projected[..., period] = stock = stock + receipts[..., period]
    return MasterSchedule(receipts, projected)


def discrete_available_to_promise(on_hand: ArrayLike, receipts: ArrayLike, orders: ArrayLike) -> np.ndarray:
    """Return what is left of each receipt after the orders up to the next one.

    Parameters
    ----------
    on_hand : array_like
        Stock before the first period, shape () or (series,) [units].
    receipts, orders : array_like
        Scheduled receipts, and committed orders of each period [units].

    Returns
    -------
    ndarray
        In the first period (with the stock) and those with a receipt; 0 in others. Below 0 where orders exceed what
        came since. [units]

    References
    ----------
    Stevenson, W. J., Operations Management, chapter on aggregate planning and master scheduling.

    Examples
    --------
    >>> discrete_available_to_promise(64, [0, 0, 70, 0, 70, 0, 70, 70], [33, 20, 10, 4, 2, 0, 0, 0]).tolist()
    [11.0, 0.0, 56.0, 0.0, 68.0, 0.0, 70.0, 70.0]
    """
    come, committed = _come(on_hand, receipts, orders)
    starts = np.asarray(np.broadcast_to(np.asarray(receipts, dtype=float), come.shape) > 0)
    found, open_orders = np.zeros(come.shape), np.zeros(come.shape[:-1])
    for period in range(come.shape[-1] - 1, -1, -1):
        open_orders = open_orders + committed[..., period]
        here = starts[..., period] if period else np.ones(come.shape[:-1], dtype=bool)
        found[..., period] = np.where(here, come[..., period] - open_orders, 0.0)
        open_orders = np.where(here, 0.0, open_orders)
    return found


def consume_backward(available: ArrayLike) -> np.ndarray:
    """Return ATP after each shortage has been taken from earlier periods, the nearest first.

    Parameters
    ----------
    available : array_like
        Discrete ATP [units].

    Returns
    -------
    ndarray
        ATP; still below 0 where earlier periods have too little.

    References
    ----------
    Oracle Inventory User's Guide, "ATP with Backward Consumption".

    Examples
    --------
    >>> consume_backward([0.0, 2.0, -1.0, -2.0, 2.0, 3.0, 2.0, 2.0]).tolist()
    [0.0, 0.0, 0.0, -1.0, 2.0, 3.0, 2.0, 2.0]
    """
    left = np.array(available, dtype=float)
    for period in range(1, left.shape[-1]):
        for earlier in range(period - 1, -1, -1):
            _move(left, earlier, period)
    return left


def consume_forward(available: ArrayLike) -> np.ndarray:
    """Return ATP after each shortage has been taken from later periods, the nearest first.

    Parameters
    ----------
    available : array_like
        ATP, commonly after `consume_backward` [units].

    Returns
    -------
    ndarray
        ATP; still below 0 where later periods have too little.

    Examples
    --------
    >>> consume_forward([0.0, 0.0, 0.0, -1.0, 2.0, 3.0]).tolist()
    [0.0, 0.0, 0.0, 0.0, 1.0, 3.0]
    """
    left = np.array(available, dtype=float)
    for period in range(left.shape[-1]):
        for later in range(period + 1, left.shape[-1]):
            _move(left, later, period)
    return left


def cumulative_available_to_promise(on_hand: ArrayLike, receipts: ArrayLike, orders: ArrayLike) -> np.ndarray:
    """Return what can be promised up to each period without breaking an order that is already committed.

    Parameters
    ----------
    on_hand : array_like
        Stock before the first period, shape () or (series,) [units].
    receipts, orders : array_like
        Scheduled receipts, and committed orders of each period [units].

    Returns
    -------
    ndarray
        Least of what has come less what was committed, over this and all later periods; 0 where that is below. [units]

    Examples
    --------
    >>> cumulative_available_to_promise(10, [0, 0, 20], [2, 9, 1]).tolist()
    [0.0, 0.0, 18.0]
    """
    come, committed = _come(on_hand, receipts, orders)
    spare = np.cumsum(come - committed, axis=-1)
    ahead = np.minimum.accumulate(spare[..., ::-1], axis=-1)[..., ::-1]
    return np.maximum(ahead, 0.0)


def _come(on_hand: ArrayLike, receipts: ArrayLike, orders: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return what comes each period, the stock in the first, and what is committed."""
    received, committed = np.broadcast_arrays(np.asarray(receipts, dtype=float), np.asarray(orders, dtype=float))
    come = np.array(received)
    if come.shape[-1]:
        come[..., 0] += np.asarray(on_hand, dtype=float)
    return come, committed


def _move(left: np.ndarray, source: int, period: int) -> None:
    """Cover a shortage of a period from another one."""
    moved = np.minimum(np.maximum(left[..., source], 0.0), np.maximum(-left[..., period], 0.0))
    left[..., source] -= moved
    left[..., period] += moved
