"""Replay by order line in the order of arrival, for stock shared by classes of customers with critical levels.

A class is served only while stock is above its critical level, and only down to it; a line may be delivered in part.
What waits is filled when stock arrives, the best class first, by the same levels. At equal times deliveries come first,
then reviews, then lines.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.line_inputs import LinePolicy, OrderLines, checked_window, rows_array, rule_arrays, sorted_lines
from segkit.formulas.replay_inputs import require


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
    given = rule_arrays(policy, (items, items, classes), lead_time_days, waiting)
    levels = rows_array(policy.critical_levels, items, classes, "critical_levels")
    require((np.diff(levels, axis=1) >= 0).all() and levels.min(initial=0) >= 0, "critical_levels fall, or are below 0")
    stock = rows_array(on_hand, items, 1, "on_hand")[:, 0]
    require(stock.min(initial=0) >= 0, "on_hand is below 0")
    by_class = np.zeros((items, classes, len(kernels.CLASS_SUMS)))
    by_item = np.zeros((items, len(kernels.ITEM_SUMS)))
    span = checked_window(window)
    kernels.replay_line_sums(begin, time, rank, quantity, stock, levels, given, span, by_class, by_item)
    by_item[:, 0] /= span[1] - span[0]
    return LineReplay(*np.moveaxis(by_class, 2, 0), *by_item.T)
