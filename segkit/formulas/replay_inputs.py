"""What the replay by period is told: stock and policy, checked, as arrays of series by periods."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Stock:
    """Where stock is: ``on_hand`` (series,), ``pipeline`` (series, ahead) and ``backordered`` (series,) [units].

    The first column of ``pipeline`` arrives at the start of the next period, the second a period later.
    """

    on_hand: ArrayLike
    pipeline: ArrayLike = ((0.0,),)
    backordered: ArrayLike = 0.0


@dataclass(frozen=True)
class StockPolicy:
    """When and how much is ordered; each a number, an array (series,) or, the first three, (series, periods) [units].

    At a review, where the inventory position (on hand, on order, less backordered) is at or below ``reorder_point``, as
    much is ordered as lifts it to ``order_up_to``, or, where ``order_quantity`` is above 0, the least number of such
    lots that lifts it above ``reorder_point``; at least ``minimum_order``, rounded up to whole ``order_multiple``; 0
    means that there is none. So (s, S) and (R, s, S) are as they are; (R, S) has ``reorder_point`` = ``order_up_to``;
    (s, Q) and (s, nQ) have ``order_quantity`` and may leave ``order_up_to`` out. Column t of parameters by period holds
    for the review at the end of period t and may know demand up to and with t. Reviews come every ``review_periods``,
    the first at the end of period ``first_review`` (0 = the first period).
    """

    reorder_point: ArrayLike
    order_up_to: ArrayLike = -np.inf
    order_quantity: ArrayLike = 0.0
    minimum_order: ArrayLike = 0.0
    order_multiple: ArrayLike = 0.0
    review_periods: ArrayLike = 1
    first_review: ArrayLike = 0


def prepared_inputs(
    demand: ArrayLike,
    stock: Stock,
    policy: StockPolicy,
    lead_time_periods: ArrayLike,
    waiting: ArrayLike,
    counted: ArrayLike,
) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return what the kernels read, and the stock that they move, checked."""
    came = np.ascontiguousarray(demand)
    if came.ndim != 2:
        raise ValueError("demand has the shape (series, periods)")
    if came.dtype.kind not in "fiu" or came.dtype.itemsize < 4:
        came = came.astype(float)
    if came.size:
        require(not np.fmin.reduce(came, axis=None) < 0, "demand is below 0 somewhere: returns are no demand")
        require(not np.fmax.reduce(came, axis=None) == np.inf, "demand is infinite somewhere")
    told = table_array(lead_time_periods, came.shape, "lead_time_periods")
    lead = told.astype(np.int64)
    require((lead == told).all() and lead.min(initial=0) >= 0, "lead_time_periods are not whole periods, 0 or more")
    seen = table_array(counted, came.shape, "counted").astype(bool, copy=False)
    review = table_array(policy.review_periods, (len(came), 1), "review_periods").astype(np.int64, copy=False)
    phase = table_array(policy.first_review, (len(came), 1), "first_review").astype(np.int64, copy=False)
    waits = table_array(waiting, (len(came), 1), "waiting").astype(float, copy=False)
    two = [table_array(part, came.shape, "policy").astype(float) for part in (policy.reorder_point, policy.order_up_to)]
    several = table_array(policy.order_quantity, came.shape, "policy").astype(float)
    least = [
        table_array(part, (len(came), 1), "policy").astype(float, copy=False)
        for part in (policy.minimum_order, policy.order_multiple)
    ]
    lots = [several, *least]
    require(review.min(initial=1) >= 1 and phase.min(initial=0) >= 0, "reviews come every period or less often, from 0")
    require(not ((waits < 0) | (waits > 1) | np.isnan(waits)).any(), "waiting is a share from 0 to 1")
    require(not any(((lot < 0) | ~np.isfinite(lot)).any() for lot in lots), "a lot size is below 0 or not finite")
    require(
        not any((np.isnan(part) | (part == np.inf)).any() for part in two), "policy is missing or infinite somewhere"
    )
    given = (came, seen, *two, *lots, review, phase, lead, waits)
    return tuple(map(locked, given)), _opening(stock, len(came), int(lead.max(initial=0)))


def _opening(stock: Stock, series: int, longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return on hand, backordered and a pipeline wide enough for the longest lead time, all to be written on."""
    on_hand, owed = (
        series_array(stock.on_hand, series, "on_hand"),
        series_array(stock.backordered, series, "backordered"),
    )
    coming = np.atleast_2d(np.asarray(stock.pipeline, dtype=float))
    require(len(coming) in (1, series), "pipeline has one row for each series")
    pipeline = np.zeros((series, max(longest + 1, coming.shape[1])))
    pipeline[:, : coming.shape[1]] = coming
    require(all(np.isfinite(part).all() for part in (on_hand, owed, pipeline)), "stock is missing somewhere")
    require(min(part.min(initial=0) for part in (on_hand, owed, pipeline)) >= 0, "stock is below 0 somewhere")
    return on_hand, owed, pipeline


def series_array(values: ArrayLike, series: int, name: str) -> np.ndarray:
    """Return a fresh float array (series,)."""
    return np.array(np.broadcast_to(table_array(values, (series, 1), name)[:, 0], series), dtype=float)


def table_array(values: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return rows by columns; what holds for all series has one row, what holds for all periods one column."""
    given = np.asarray(values)
    given = given[:, None] if given.ndim == 1 else np.atleast_2d(given)
    if given.ndim != 2 or any(have not in (1, want) for have, want in zip(given.shape, shape, strict=True)):
        raise ValueError(
            f"{name} has the shape {np.shape(values)}, which does not fit {shape[0]} series, {shape[1]} periods"
        )
    return np.ascontiguousarray(given)


def locked(values: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written on: kernels are compiled once, for locked arrays and open ones alike."""
    view = values.view()
    view.flags.writeable = False
    return view


def require(right: bool | np.bool_, problem: str) -> None:
    """Raise a ValueError with the problem where something is not right."""
    if not right:
        raise ValueError(problem)
