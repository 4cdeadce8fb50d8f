"""Compiled loops of cycle service (P1): which reviews order, and how often what they must cover exceeds a stock.

Where above s a review finds the position, and whether its demand takes it down to s, hangs on nothing else than that
distance: it is worked out once for all levels.
"""

import numpy as np
from numba import njit

from segkit.formulas.count_split_kernels import chance_of, is_parted
from segkit.formulas.demand_curves import chance_at
from segkit.formulas.demand_split_kernels import chance_of_more
from segkit.formulas.order_positions import COARSE

POINTS = 12  # positions above the reorder point of which the mean is taken, beside those where nothing changes
SINGLE = 1.5  # lots below it fill up one by one
_LEAST = 1e-9


@njit(cache=True, nogil=True)
def _fill_in_orders(curve, grid, parts, above, often, beyond):  # type: ignore[no-untyped-def]
    """Fill in, by cell of the curve, how often a review orders that covers a demand there or in a higher cell."""
    counts, last = parts[2], grid.size - 1
    beyond[grid.size + 1] = 0.0
    for place in range(last, -2, -1):
        begin, end = (grid[place] if place >= 0 else 0.0), (grid[place + 1] if place < last else 1.0)
        amount, falls = 0.5 * (curve[max(place, 0)] + curve[min(place + 1, last)]), 0.0
        if amount > 0.0:
            if is_parted(counts, amount):
                falls = chance_of(counts, amount, above)
            else:
                falls = chance_of_more(parts, place + 1, max(above - 0.5, 0.0) / amount)
        beyond[place + 1] = beyond[place + 2] + often * (end - begin) * falls


@njit(cache=True, nogil=True)
def cycles_of(curve, grid, parts, lot, reach, finely):  # type: ignore[no-untyped-def]
    """Return how far above s positions lie, and by cell of the curve how often each orders, `_fill_in_orders`.

    Reviews find the position as often in each part of the lot as ``finely`` tells; where it tells nothing, anywhere
    within ``reach``, a review's demand, above s. Lots of one order at every review: of them nothing is told.
    """
    if lot < SINGLE:
        return np.zeros(0), np.zeros((0, 0))
    count = int(min(np.floor(lot), finely.size))
    told = finely[0] > 0.0 and (lot <= finely.size or reach > COARSE * lot / count)
    span = min(lot, np.ceil(reach))
    if not told:
        count = int(min(max(np.floor(span + 0.5), 1.0), POINTS))
    above, beyond = np.zeros(count), np.zeros((count, grid.size + 2))
    for place in range(count):
        often = finely[place] if told else 1.0
        if told:
            above[place] = lot - place * lot / count
        else:
            above[place] = 0.5 + span * (place + 0.5) / count if count < span else 1.0 + place
        if often > 0.0:
            _fill_in_orders(curve, grid, parts, above[place], often, beyond[place])
    return above, beyond


@njit(cache=True, nogil=True)
def cycle_service(curve, grid, cycles, reorder_point, lot):  # type: ignore[no-untyped-def]
    """Return P1: of the reviews at which is ordered, the share after which nothing is short before the order comes.

    What fills up one by one orders at every review, if only nothing.
    """
    if lot < SINGLE:
        return chance_at(curve, grid, np.floor(reorder_point + lot + _LEAST))
    above, beyond = cycles
    ordered, short = 0.0, 0.0
    for place in range(above.size):
        if beyond[place, 0] <= 0.0:
            continue
        ordered += beyond[place, 0]
        below = chance_at(curve, grid, np.floor(reorder_point + above[place] + _LEAST))
        cell = np.searchsorted(grid, below, side="right")
        begin, end = (grid[cell - 1] if cell > 0 else 0.0), (grid[cell] if cell < grid.size else 1.0)
        part = max(end - below, 0.0) / (end - begin) if end > begin else 0.0
        short += beyond[place, cell + 1] + part * (beyond[place, cell] - beyond[place, cell + 1])
    return 1.0 - short / ordered if ordered > 0.0 else 1.0
