"""What a stock leaves short, read from quantile curves of the demand it must cover: many items at once.

A curve holds the quantiles of one item's demand at probabilities common to all items, and is a straight line between
them; below the first and above the last it stays level. At whole stocks that is the same as counts whose unknown jumps
lie evenly between two quantiles, so whole units are exact wherever the curve is.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike

_EXACT = 1e-12  # probabilities closer than this are the same
_TOGETHER = 9  # levels that one thread works out for an item at once: its curve is near then


def expected_shortage(curves: ArrayLike, probabilities: ArrayLike, stock: ArrayLike) -> np.ndarray:
    """Return the expected demand above a stock, E[(D - S)⁺] = ∫ (q(p) - S)⁺ dp.

    Parameters
    ----------
    curves : array_like
        Quantiles of demand, not falling along a row, (items, probabilities). [units]
    probabilities : array_like
        p, rising, within 0 to 1; close together near 1, since what lies above the last one counts as the last quantile.
    stock : array_like
        S, (items,) or one for all. [units]

    Returns
    -------
    ndarray
        (items,), missing where the curve or the stock is. [units]

    Raises
    ------
    ValueError
        If the shapes do not go together or the probabilities do not rise within 0 to 1.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, appendix C.3 (loss functions), here by quantiles.

    Examples
    --------
    >>> expected_shortage([[0.0, 1.0, 2.0, 5.0]], [0.125, 0.375, 0.625, 0.875], [2.0]).round(9).tolist()
    [0.75]
    """
    table, grid, levels = _checked(curves, probabilities, stock)
    return _shortages(table, grid, levels)


def chance_below(curves: ArrayLike, probabilities: ArrayLike, stock: ArrayLike) -> np.ndarray:
    """Return the probability that demand is covered by a stock: no more than that many whole units.

    Parameters
    ----------
    curves, probabilities, stock
        As `expected_shortage` takes them.

    Returns
    -------
    ndarray
        P(D ≤ S) = 1 - (E[(D - S)⁺] - E[(D - S - 1)⁺]), (items,): cycle_service (P1) of the stock. [0 to 1]

    Raises
    ------
    ValueError
        As `expected_shortage`.

    Examples
    --------
    >>> chance_below([[0.0, 1.0, 2.0, 3.0]], [0.125, 0.375, 0.625, 0.875], [2.0]).round(9).tolist()
    [0.75]
    """
    table, grid, levels = _checked(curves, probabilities, stock)
    return _chances(table, grid, levels)


def stock_for_return(curves: ArrayLike, probabilities: ArrayLike, ratio: ArrayLike) -> np.ndarray:
    """Return the whole stock whose next unit no longer earns what it costs.

    Parameters
    ----------
    curves, probabilities
        As `expected_shortage` takes them.
    ratio : array_like
        Cost of holding a unit over what a unit short costs, (items,) or one for all.

    Returns
    -------
    ndarray
        The least whole S with P(D > S) ≤ ratio, (items,). 0 for a ratio of 1 or more; the whole curve for one of 0.
        [units]

    Raises
    ------
    ValueError
        As `expected_shortage`.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, sec. 4.3 (newsvendor with discrete demand).

    Examples
    --------
    >>> stock_for_return([[0.0, 1.0, 2.0, 3.0]], [0.125, 0.375, 0.625, 0.875], [0.3]).tolist()
    [2.0]
    """
    table, grid, ratios = _checked(curves, probabilities, ratio)
    return _stocks(table, grid, ratios)


def _checked(
    curves: ArrayLike, probabilities: ArrayLike, other: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return arrays that loops can trust."""
    table, grid = np.asarray(curves), np.asarray(probabilities, dtype=float)
    if table.dtype.kind != "f":
        table = table.astype(float)
    if table.ndim != 2 or grid.ndim != 1 or table.shape[1] != grid.size or not grid.size:
        raise ValueError(f"curves {table.shape} and probabilities {grid.shape} do not go together")
    if not (np.diff(grid) > 0).all() or not 0 <= grid[0] <= grid[-1] <= 1:
        raise ValueError("probabilities must rise within 0 to 1")
    return table, grid, np.broadcast_to(np.asarray(other, dtype=float), (len(table),))


@njit(cache=True, nogil=True)
def shortage_at(curve, grid, stock):  # type: ignore[no-untyped-def]
    """Return the expected shortage of one curve at a stock."""
    last = grid.size - 1
    if not (stock == stock and curve[last] == curve[last]):
        return np.nan
    above = curve[last] - stock
    if above <= 0.0:
        return 0.0
    total = (1.0 - grid[last]) * above
    for place in range(last, 0, -1):
        below = curve[place - 1] - stock
        width = grid[place] - grid[place - 1]
        if below <= 0.0:
            return total + 0.5 * width * above * above / (above - below)
        total += 0.5 * width * (above + below)
        above = below
    return total + grid[0] * above


@njit(cache=True, nogil=True)
def chance_at(curve, grid, stock):  # type: ignore[no-untyped-def]
    """Return the probability that one demand is at most a stock."""
    chance = 1.0 - (shortage_at(curve, grid, stock) - shortage_at(curve, grid, stock + 1.0))
    return 0.0 if chance < _EXACT else chance


@njit(cache=True, nogil=True)
def stock_at(curve, grid, ratio):  # type: ignore[no-untyped-def]
    """Return the least whole stock of one curve that is exceeded with no more than a probability."""
    last = grid.size - 1
    if not (ratio == ratio and curve[last] == curve[last]):
        return np.nan
    wanted = 1.0 - ratio
    if wanted <= _EXACT:
        return 0.0
    level = np.ceil(max(quantile_at(curve, grid, wanted - _EXACT), 0.0))
    if level > 0.0 and chance_at(curve, grid, level - 1.0) >= wanted - _EXACT:
        return level - 1.0
    return level


@njit(cache=True, nogil=True)
def quantile_at(curve, grid, chance):  # type: ignore[no-untyped-def]
    """Return the stock that one demand does not exceed with a probability."""
    low, high = 0, grid.size - 1
    if chance <= grid[low]:
        return curve[low]
    if chance > grid[high]:
        return curve[high]
    while high - low > 1:
        middle = (low + high) // 2
        if grid[middle] < chance:
            low = middle
        else:
            high = middle
    part = (chance - grid[low]) / (grid[high] - grid[low])
    return curve[low] + part * (curve[high] - curve[low])


@njit(cache=True, nogil=True, parallel=True)
def _shortages(curves, grid, stock):  # type: ignore[no-untyped-def]
    found = np.empty(stock.size)
    for row in prange(stock.size):
        found[row] = shortage_at(curves[row], grid, stock[row])
    return found


@njit(cache=True, nogil=True, parallel=True)
def _chances(curves, grid, stock):  # type: ignore[no-untyped-def]
    found = np.empty(stock.size)
    for row in prange(stock.size):
        found[row] = chance_at(curves[row], grid, stock[row])
    return found


@njit(cache=True, nogil=True, parallel=True)
def _stocks(curves, grid, ratio):  # type: ignore[no-untyped-def]
    found = np.empty(ratio.size)
    for row in prange(ratio.size):
        found[row] = stock_at(curves[row], grid, ratio[row])
    return found


@njit(cache=True, nogil=True, parallel=True)
def tail_sums(curves, grid):  # type: ignore[no-untyped-def]
    """Return the sums of demand above each probability, with which shortages need no walk along the curve."""
    sums = np.empty(curves.shape)
    last = grid.size - 1
    for row in prange(curves.shape[0]):
        sums[row, last] = (1.0 - grid[last]) * curves[row, last]
        for place in range(last - 1, -1, -1):
            middle = 0.5 * (curves[row, place] + curves[row, place + 1])
            sums[row, place] = sums[row, place + 1] + (grid[place + 1] - grid[place]) * middle
    return sums


@njit(cache=True, nogil=True)
def _short_near(curve, grid, sums, stock, place):  # type: ignore[no-untyped-def]
    """Return the expected shortage of one curve at a stock that lies near a place of the curve."""
    last = grid.size - 1
    while place < last and curve[place] <= stock:
        place += 1
    if curve[place] <= stock:
        return 0.0
    while place > 0 and curve[place - 1] > stock:
        place -= 1
    if place == 0:
        return sums[0] + grid[0] * curve[0] - stock
    above = curve[place] - stock
    rest = 0.5 * (grid[place] - grid[place - 1]) * above * above / (curve[place] - curve[place - 1])
    return max(sums[place] - stock * (1.0 - grid[place]), 0.0) + rest


@njit(cache=True, nogil=True)
def _enough_and_short(curve, grid, sums, wanted, place):  # type: ignore[no-untyped-def]
    """Return the least whole stock that covers demand with a chance, and what it leaves short: see `_place_of`."""
    if wanted < 0.0:
        return 0.0, _short_near(curve, grid, sums, 0.0, 0)
    last = grid.size - 1
    if place == 0 or place > last:
        quantile = curve[min(place, last)]
    else:
        part = (wanted - grid[place - 1]) / (grid[place] - grid[place - 1])
        quantile = curve[place - 1] + part * (curve[place] - curve[place - 1])
    level = np.ceil(max(quantile, 0.0))
    left = _short_near(curve, grid, sums, level, min(place, last))
    if level > 0.0:
        more = _short_near(curve, grid, sums, level - 1.0, min(place, last))
        if 1.0 - (more - left) >= wanted:
            return level - 1.0, more
    return level, left


@njit(cache=True, nogil=True)
def _place_of(grid, ratio):  # type: ignore[no-untyped-def]
    """Return the chance not to exceed a stock, below 0 where none is needed, and the place at which curves reach it."""
    wanted = 1.0 - ratio
    if wanted <= _EXACT:
        return -1.0, 0
    return wanted - _EXACT, np.searchsorted(grid, wanted - _EXACT)


@njit(cache=True, nogil=True, parallel=True)
def stocks_and_shortages(curves, grid, sums, ratio):  # type: ignore[no-untyped-def]
    """Return what `stock_for_return` and `expected_shortage` give, of many items many times: sums are `tail_sums`."""
    stock, short = np.empty(ratio.size), np.empty(ratio.size)
    for row in prange(ratio.size):
        wanted, place = _place_of(grid, ratio[row])
        stock[row], short[row] = _enough_and_short(curves[row], grid, sums[row], wanted, place)
    return stock, short


@njit(cache=True, nogil=True)
def few_stocks_and_shortages(curves, grid, sums, ratio):  # type: ignore[no-untyped-def]
    """Return the same of items so few that sharing them between threads takes longer than the work."""
    stock, short = np.empty(ratio.size), np.empty(ratio.size)
    for row in range(ratio.size):
        wanted, place = _place_of(grid, ratio[row])
        stock[row], short[row] = _enough_and_short(curves[row], grid, sums[row], wanted, place)
    return stock, short


@njit(cache=True, nogil=True, parallel=True)
def level_sums(curves, grid, sums, groups, ratio, worth):  # type: ignore[no-untyped-def]
    """Return cost and weight short of groups of items at the same chances: ratio is (groups, levels).

    The columns of ``worth`` are mean, holding, lot and weight of each item.
    """
    shape = ratio.shape
    wanted, place = np.empty(shape), np.empty(shape, dtype=np.int64)
    for group in range(shape[0]):
        for level in range(shape[1]):
            wanted[group, level], place[group, level] = _place_of(grid, ratio[group, level])
    cost, short = np.zeros((shape[1], shape[0])), np.zeros((shape[1], shape[0]))
    parts = (shape[1] + _TOGETHER - 1) // _TOGETHER
    for part in prange(parts):
        for row in range(groups.size):
            group = groups[row]
            mean, holding, lot, weight = worth[row, 0], worth[row, 1], worth[row, 2], worth[row, 3]
            for level in range(part * _TOGETHER, min((part + 1) * _TOGETHER, shape[1])):
                stock, left = _enough_and_short(curves[row], grid, sums[row], wanted[group, level], place[group, level])
                cost[level, group] += holding * max(stock - mean + left, 0.0)
                short[level, group] += weight * min(left / lot, 1.0)
    return np.ascontiguousarray(cost.T), np.ascontiguousarray(short.T)
