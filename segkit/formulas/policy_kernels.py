"""Compiled loops of `segkit.formulas.policy_levels`."""

import numpy as np
from numba import njit, prange

from segkit.formulas.cycle_kernels import POINTS, SINGLE, cycle_service, cycles_of
from segkit.formulas.demand_curves import quantile_at
from segkit.formulas.demand_split_kernels import parts_of, short_within

CYCLE_SERVICE, FILL_RATE = 0, 1
_TRIED = np.array([0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.96, 0.985, 0.995, 0.9985, 1.0])  # levels tried: quantiles
_LEAST = 1e-9
_FAR = 4e15


@njit(cache=True, nogil=True)
def _spread(level, lot, finely, top, at, often):  # type: ignore[no-untyped-def]
    """Fill in positions after reviews, and how often each is met.

    Between nothing and ``top``, from which on nothing is short, there are up to POINTS of them, evenly. Those below
    are one, where all is short, and so are those above: what is left rises there unit by unit. Within parts of a lot
    positions lie evenly, but at the order-up-to level; where ``finely`` tells nothing they do so within the whole lot.
    """
    low, high = level - lot + 0.5, level + 0.5
    first = min(max(0.5, low), high)
    last = max(min(np.ceil(top) + 0.5, high), first)
    count = int(min(max(np.floor(last - first + 0.5), 1.0), POINTS)) if last > first else 0
    width = (last - first) / count if count > 0 else 1.0
    at[:] = 0.0
    often[:] = 0.0
    if finely[0] <= 0.0:
        at[0], often[0] = 0.5 * (low + first), (first - low) / lot
        for place in range(count):
            at[1 + place], often[1 + place] = first + width * (place + 0.5), width / lot
        at[POINTS + 1], often[POINTS + 1] = 0.5 * (last + high), (high - last) / lot
        return
    cells = int(min(np.floor(lot), finely.size))
    size = lot / cells
    for cell in range(cells):
        weight = finely[cell]
        if weight <= 0.0:
            continue
        begin, end = level - (cell + 0.5) * size, level - (cell - 0.5) * size
        if cell == 0 or size <= 1.0:
            begin, end = level - cell * size, level - cell * size
        elif cell == cells - 1:
            begin, weight = level - lot, 1.5 * weight  # as often as before, down to s
        _share_out(begin, end, weight, first, last, count, width, at, often)
    total = often.sum()
    for place in range(POINTS + 2):
        if often[place] > 0.0:
            at[place] /= often[place]
            often[place] /= total


@njit(cache=True, nogil=True)
def _share_out(begin, end, weight, first, last, count, width, at, often):  # type: ignore[no-untyped-def]
    """Add positions from begin to end, evenly, to the points to which they are nearest."""
    if end <= begin:
        place = 0
        if begin >= last:
            place = POINTS + 1
        elif begin > first:
            place = 1 + min(int((begin - first) / width), count - 1)
        at[place] += weight * begin
        often[place] += weight
        return
    dense = weight / (end - begin)
    if begin < first:
        upto = min(end, first)
        often[0] += dense * (upto - begin)
        at[0] += dense * (upto - begin) * 0.5 * (upto + begin)
    if end > last:
        since = max(begin, last)
        often[POINTS + 1] += dense * (end - since)
        at[POINTS + 1] += dense * (end - since) * 0.5 * (end + since)
    since, upto = max(begin, first), min(end, last)
    if upto > since:
        for place in range(int((since - first) / width), count):
            left, right = max(first + place * width, since), min(first + (place + 1) * width, upto)
            if left >= upto:
                break
            if right > left:
                often[1 + place] += dense * (right - left)
                at[1 + place] += dense * (right - left) * 0.5 * (right + left)


@njit(cache=True, nogil=True)
def _short_at(curve, grid, parts, stock):  # type: ignore[no-untyped-def]
    """Return the mean of what becomes short in a review period from one inventory position."""
    last = grid.size - 1
    total, there = 0.0, max(stock, 0.0)
    for place in range(last, -2, -1):
        if place == last:
            amount, width = curve[last], 1.0 - grid[last]
        elif place < 0:
            amount, width = curve[0], grid[0]
        else:
            amount, width = 0.5 * (curve[place] + curve[place + 1]), grid[place + 1] - grid[place]
        if np.ceil(amount) <= there:
            break
        total += width * short_within(parts, place + 1, amount, there)
    return total


@njit(cache=True, nogil=True)
def _short(curve, grid, parts, at, often):  # type: ignore[no-untyped-def]
    total = 0.0
    for place in range(at.size):
        if often[place] > 0.0:
            total += often[place] * _short_at(curve, grid, parts, at[place])
    return total


@njit(cache=True, nogil=True)
def _enough(curve, grid, parts, whole, terms, goal, measure):  # type: ignore[no-untyped-def]
    lot, review, (finely, cycles, at, often) = terms
    point = max(whole, -lot)
    if measure == CYCLE_SERVICE:
        return cycle_service(curve, grid, cycles, point, lot) >= goal - _LEAST
    _spread(point + lot, lot, finely, curve[-1], at, often)
    return _short(curve, grid, parts, at, often) <= (1.0 - goal) * review + _LEAST


@njit(cache=True, nogil=True, parallel=True)
def search(curves, grid, split, review, lot, below, goals, measure):  # type: ignore[no-untyped-def]
    """Return the least whole reorder points that are enough for goals (rows, goals), best rising.

    ``below`` tells positions, as `position_depths` does.
    """
    finely, reach = below
    found, by_cycle = np.full(goals.shape, np.nan), measure == CYCLE_SERVICE
    for row in prange(lot.size):
        size, curve = max(lot[row], 1.0), curves[row]
        if not curve[-1] < _FAR:
            continue
        parts = parts_of(curve, split, row, not by_cycle or size >= SINGLE)
        cycles = cycles_of(curve, grid, parts, size if by_cycle else 1.0, reach[row], finely[row])
        own = (finely[row], cycles, np.zeros(POINTS + 2), np.zeros(POINTS + 2))
        terms, least = (size, review[row], own), np.floor(-size)  # whole, also where the lot is not
        for place in range(goals.shape[1]):
            goal = goals[row, place]
            if not goal == goal:
                continue
            low, high = least - 1.0, np.ceil(curve[-1])  # not enough, and as much as may be needed
            if place > 0 and goal >= goals[row, place - 1]:
                low = max(np.floor(found[row, place - 1]), least) - 1.0
            if review[row] <= 0.0:
                high = least
            elif by_cycle:  # the quantile tells about where it is
                point, step = max(np.ceil(quantile_at(curve, grid, goal) - size), low + 1.0), 1.0
                while low < point < high:
                    if _enough(curve, grid, parts, point, terms, goal, measure):
                        high, point = point, point - step
                    else:
                        low, point = point, point + step
                    step *= 2.0
            while high - low > 1.0:
                middle = np.floor((low + high) / 2.0)
                if _enough(curve, grid, parts, middle, terms, goal, measure):
                    high = middle
                else:
                    low = middle
            found[row, place] = max(high, -size)
    return found


@njit(cache=True, nogil=True)
def _short_and_sold(curve, grid, parts, stock, share, smooth):  # type: ignore[no-untyped-def]
    """Return the mean of what becomes short in a review period, and mean stock that is sold within it, while it lasts.

    It lasts half the period on average, less where it runs out; a lump takes it at any time.
    """
    short, sold, there = 0.0, 0.0, max(stock, 0.0)
    for place in range(-1, grid.size):
        if place == grid.size - 1:
            amount, width = curve[place], 1.0 - grid[place]
        elif place < 0:
            amount, width = curve[0], grid[0]
        else:
            amount, width = 0.5 * (curve[place] + curve[place + 1]), grid[place + 1] - grid[place]
        if amount > 0.0:
            met = 1.0
            if np.ceil(amount) > there:
                lacks = short_within(parts, place + 1, amount, there)
                short += width * lacks
                met = max(1.0 - lacks / amount / share, 0.0)
            sold += 0.5 * width * amount * share * met * (1.0 - smooth * (1.0 - met))
    return short, sold


@njit(cache=True, nogil=True)
def _short_and_held(curve, grid, parts, at, often, share, smooth):  # type: ignore[no-untyped-def]
    """Return what becomes short in a review period, mean stock on hand, and what of it the next order finds."""
    short, held, behind = 0.0, 0.0, 0.0
    for place in range(at.size):
        if often[place] <= 0.0:
            continue
        stock, left = at[place], 0.0
        lacks, sold = _short_and_sold(curve, grid, parts, stock, share, smooth)
        short += often[place] * lacks
        if stock <= 0.0:
            continue
        for cell in range(grid.size):
            upto = 0.5 * (grid[cell] + grid[cell + 1]) if cell < grid.size - 1 else 1.0
            before = 0.5 * (grid[cell] + grid[cell - 1]) if cell > 0 else 0.0
            left += (upto - before) * max(stock - curve[cell], 0.0)
        behind += often[place] * left
        held += often[place] * sold
    return short, held + behind, behind


@njit(cache=True, nogil=True)
def _give(told, curve, grid, parts, point, lot, review, below, terms):  # type: ignore[no-untyped-def]
    """Fill in cycle service, fill rate, mean stock on hand, and what of it is left when the next order comes."""
    finely, cycles, at, often = below
    share, smooth = terms
    told[0] = cycle_service(curve, grid, cycles, point, lot)
    _spread(point + lot, lot, finely, curve[-1], at, often)
    short, told[2], told[3] = _short_and_held(curve, grid, parts, at, often, share, smooth)
    told[1] = 1.0 - min(short, review) / review if review > 0.0 else 1.0


@njit(cache=True, nogil=True, parallel=True)
def outcomes(curves, grid, split, review, points, lot, below, smooth):  # type: ignore[no-untyped-def]
    """Return what reorder points (rows, candidates) give, blank for blank ones: (rows, candidates, 4).

    Cycle service, fill rate, mean stock on hand, and what of it is left when the next order comes.
    """
    finely, reach = below
    found = np.zeros((points.shape[0], points.shape[1], 4))
    for row in prange(lot.size):
        size, curve = max(lot[row], 1.0), curves[row]
        parts = parts_of(curve, split, row, True)
        cycles = cycles_of(curve, grid, parts, size, reach[row], finely[row])
        own = (finely[row], cycles, np.zeros(POINTS + 2), np.zeros(POINTS + 2))
        terms = (split[2][row], smooth[row])
        most = max(np.ceil(curve[-1]), 0.0)
        all_met = np.full(4, np.nan)
        for place in range(points.shape[1]):
            point, told = points[row, place], found[row, place]
            if not point == point:
                told[:] = np.nan
            elif point > most:  # nothing is short there: each unit more is left
                if not all_met[0] == all_met[0]:
                    _give(all_met, curve, grid, parts, most, size, review[row], own, terms)
                told[:2], told[2:] = all_met[:2], all_met[2:] + (point - most)
            else:
                _give(told, curve, grid, parts, point, size, review[row], own, terms)
    return found


@njit(cache=True, nogil=True)
def _cost(curve, grid, parts, point, lot, review, below, terms):  # type: ignore[no-untyped-def]
    """Return units short a review, and mean stock times what a unit of it costs over what a unit short does."""
    finely, at, often = below
    ratio, share, smooth = terms
    _spread(point + lot, lot, finely, curve[-1], at, often)
    short, held, _ = _short_and_held(curve, grid, parts, at, often, share, smooth)
    return min(short, review) + ratio * held


@njit(cache=True, nogil=True, parallel=True)
def search_cheapest(curves, grid, split, review, lot, finely, smooth, ratio):  # type: ignore[no-untyped-def]
    """Return the reorder points of least cost: the best of some far apart, then between its neighbours."""
    found = np.zeros(lot.size)
    for row in prange(lot.size):
        size, curve = max(lot[row], 1.0), curves[row]
        own = (finely[row], np.zeros(POINTS + 2), np.zeros(POINTS + 2))
        parts, terms = parts_of(curve, split, row, True), (ratio[row], split[2][row], smooth[row])
        if not curve[-1] < _FAR or not ratio[row] == ratio[row]:
            found[row] = np.nan
            continue
        best, cost = -size, review[row]  # of nothing
        found[row] = best
        if review[row] <= 0.0:
            continue
        tried = np.empty(2 * _TRIED.size)
        for place in range(_TRIED.size):
            level = np.ceil(curve[min(np.searchsorted(grid, _TRIED[place]), grid.size - 1)])
            tried[place], tried[place + _TRIED.size] = level, max(np.floor(level - size), -size)
        tried = np.unique(tried)
        costs = np.empty(tried.size)
        for place in range(tried.size):
            costs[place] = _cost(curve, grid, parts, tried[place], size, review[row], own, terms)
        near = int(np.argmin(costs))
        low, high = tried[max(near - 1, 0)], tried[min(near + 1, tried.size - 1)]
        middle = tried[near]
        if costs[near] < cost - _LEAST:
            best, cost = middle, costs[near]
        # Between its neighbours cost has one valley.
        while high - low > 2.0:
            left = middle - low >= high - middle
            point = np.floor((low + middle) / 2.0) if left else np.ceil((middle + high) / 2.0)
            if not low < point < high:
                break
            told = _cost(curve, grid, parts, point, size, review[row], own, terms)
            if told < costs[near] or (told == costs[near] and point < middle):
                low, high = (low, middle) if left else (middle, high)
                middle, costs[near] = point, told
            elif left:
                low = point
            else:
                high = point
        if costs[near] < cost - _LEAST:
            best = middle
        found[row] = best
    return found
