"""Compiled loops of `segkit.formulas.policy_levels`."""

import numpy as np
from numba import njit, prange

from segkit.formulas.demand_curves import chance_at, shortage_at

CYCLE_SERVICE, FILL_RATE, ECONOMIC = 0, 1, 2
_POINTS = 12  # positions among the Q above the reorder point of which the mean is taken
_LEAST = 1e-9
_FAR = 4e15


@njit(cache=True, nogil=True)
def _positions(lot):  # type: ignore[no-untyped-def]
    return int(min(max(np.floor(lot + 0.5), 1.0), _POINTS))


@njit(cache=True, nogil=True)
def _position(reorder_point, lot, place, count):  # type: ignore[no-untyped-def]
    """Return one of the positions spread evenly over s + 1 to s + Q."""
    return reorder_point + 0.5 + lot * (place + 0.5) / count if count < lot else reorder_point + 1.0 + place


@njit(cache=True, nogil=True)
def _cycle_service(whole, grid, reorder_point, lot, review):  # type: ignore[no-untyped-def]
    """Return P1 of the reviews at which is ordered: their positions lie within a review's demand above s."""
    span = min(lot, max(np.floor(review + 0.5), 1.0))
    count = _positions(span)
    total = 0.0
    for place in range(count):
        total += chance_at(whole, grid, np.floor(_position(reorder_point, span, place, count) + 1e-9))
    return total / count


@njit(cache=True, nogil=True)
def _short(whole, wait, grid, reorder_point, lot):  # type: ignore[no-untyped-def]
    """Return the mean of what becomes short in a review period."""
    count = _positions(lot)
    total = 0.0
    for place in range(count):
        stock = _position(reorder_point, lot, place, count)
        total += shortage_at(whole, grid, stock) - shortage_at(wait, grid, stock)
    return max(total / count, 0.0)


@njit(cache=True, nogil=True)
def _pays(whole, wait, grid, reorder_point, lot, ratio):  # type: ignore[no-untyped-def]
    """Return whether the last unit saves more than it costs to hold."""
    sold = _short(whole, wait, grid, reorder_point - 1.0, lot) - _short(whole, wait, grid, reorder_point, lot)
    count = _positions(lot)
    left = 0.0
    for place in range(count):
        left += chance_at(whole, grid, np.floor(_position(reorder_point - 1.0, lot, place, count) + 1e-9))
    return sold > ratio * left / count


@njit(cache=True, nogil=True)
def _enough(whole, wait, grid, reorder_point, lot, review, goal, measure):  # type: ignore[no-untyped-def]
    if measure == CYCLE_SERVICE:
        return _cycle_service(whole, grid, reorder_point, lot, review) >= goal - _LEAST
    if measure == FILL_RATE:
        return _short(whole, wait, grid, reorder_point, lot) <= (1.0 - goal) * review + _LEAST
    return not _pays(whole, wait, grid, reorder_point + 1.0, lot, goal)


@njit(cache=True, nogil=True, parallel=True)
def search(whole, wait, grid, whole_mean, wait_mean, lot, goal, measure):  # type: ignore[no-untyped-def]
    """Return the least whole reorder points that are enough."""
    found = np.zeros(lot.size)
    for row in prange(lot.size):
        size = max(lot[row], 1.0)
        review = max(whole_mean[row] - wait_mean[row], 0.0)
        low, high = -size, np.ceil(whole[row, -1])
        if not high < _FAR or not goal[row] == goal[row]:
            found[row] = np.nan
            continue
        start = low
        if measure == ECONOMIC:  # below demand of the lead time no unit prevents a shortage: all are short already
            start = max(np.floor(wait_mean[row]) - size, low)
        if whole_mean[row] <= 0.0 or _enough(whole[row], wait[row], grid, start, size, review, goal[row], measure):
            found[row] = low
            continue
        low = start
        while high - low > 1.0:
            middle = np.floor((low + high) / 2.0)
            if _enough(whole[row], wait[row], grid, middle, size, review, goal[row], measure):
                high = middle
            else:
                low = middle
        found[row] = high
    return found


@njit(cache=True, nogil=True, parallel=True)
def outcome(whole, wait, grid, whole_mean, wait_mean, reorder_point, lot):  # type: ignore[no-untyped-def]
    """Return cycle service, fill rate and mean stock on hand."""
    found = np.zeros((lot.size, 3))
    for row in prange(lot.size):
        size, point = max(lot[row], 1.0), reorder_point[row]
        review = max(whole_mean[row] - wait_mean[row], 0.0)
        found[row, 0] = _cycle_service(whole[row], grid, point, size, review)
        short = _short(whole[row], wait[row], grid, point, size)
        found[row, 1] = 1.0 - min(short / review, 1.0) if review > 0.0 else 1.0
        count = _positions(size)
        for place in range(count):
            stock = _position(point, size, place, count)
            late = stock - whole_mean[row] + shortage_at(whole[row], grid, stock)
            early = stock - wait_mean[row] + shortage_at(wait[row], grid, stock)
            found[row, 2] += (max(late, 0.0) + max(early, 0.0)) / (2.0 * count)
    return found
