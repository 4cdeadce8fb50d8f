"""Compiled loops of `segkit.formulas.projected_stock`: demand paths, stock rolled forward along them, best target."""

from math import erf, floor, sqrt

import numpy as np
from numba import njit, prange

_CELLS = 48  # stock levels at which expected stock after a period is tabulated
_FINE = 0.25  # lots, the closest that such levels lie


@njit(cache=True, nogil=True)
def _draw(curves, chance, means, share, normals, paths, factor):  # type: ignore[no-untyped-def]
    """Fill demand (paths, periods): quantiles at correlated normals; later periods scaled from the last curve."""
    common, own = sqrt(share), sqrt(1.0 - share)
    steps = curves.shape[0]
    for period in range(means.size):
        near = min(period, steps - 1)
        factor[period] = 1.0
        if period > near:
            factor[period] = means[period] / means[near] if means[near] > 0.0 else 0.0
        for path in range(normals.shape[0]):
            z = common * normals[path, 0] + own * normals[path, 1 + period]
            place = min(np.searchsorted(chance, 0.5 * (1.0 + erf(z / sqrt(2.0)))), chance.size - 1)
            amount = curves[near, place]
            paths[path, period] = amount if factor[period] == 1.0 else floor(amount * factor[period] + 0.5)


@njit(cache=True, nogil=True)
def _tabulate(curves, chance, width, table):  # type: ignore[no-untyped-def]
    """Fill the expected stock left after a period, by stock before it: by step and cell."""
    for step in range(curves.shape[0]):
        for cell in range(_CELLS):
            left, before = 0.0, 0.0
            for place in range(chance.size):
                upto = chance[place] if place < chance.size - 1 else 1.0
                left += (upto - before) * max(cell * width - curves[step, place], 0.0)
                before = upto
            table[step, cell] = left


@njit(cache=True, nogil=True)
def _left(table, step, stock, width):  # type: ignore[no-untyped-def]
    place = stock / width
    cell = int(place)
    if cell >= _CELLS - 1:
        return table[step, _CELLS - 1] + (stock - (_CELLS - 1) * width)
    return table[step, cell] + (table[step, cell + 1] - table[step, cell]) * (place - cell)


@njit(cache=True, nogil=True)
def _project(stock, arriving, first, lead, table, width, factor, moved):  # type: ignore[no-untyped-def]
    """Return the stock expected when a new order arrives: what is there and under way, less what is sold till then."""
    steps = table.shape[0]
    for period in range(first, first + lead):
        stock += arriving[period]
        scale = factor[period] * moved
        if scale > 0.0:
            stock = scale * _left(table, min(period, steps - 1), stock / scale, width)
    return stock + arriving[first + lead]


@njit(cache=True, nogil=True)
def _in_lots(amount, lot):  # type: ignore[no-untyped-def]
    return max(floor(amount / lot + 0.5), 0.0) * lot


@njit(cache=True, nogil=True)
def _mean_cost(
    order, on_hand, arrivals, lead, paths, means, target, table, width, factor, follow, holding, shortage, lot
):  # type: ignore[no-untyped-def]
    """Return the mean cost a period, from the arrival of the order on, if later orders raise stock to its target."""
    periods, total = means.size, 0.0
    coming, under_way = np.zeros(periods), np.empty(periods)
    for period in range(min(arrivals.size, periods)):
        coming[period] = arrivals[period]
    coming[lead] += order
    for path in range(paths.shape[0]):
        stock, moved = on_hand, 1.0
        under_way[:] = coming
        for period in range(periods):
            stock += under_way[period]
            demand = paths[path, period]
            sold = min(stock, demand)
            stock -= sold
            if period >= lead:
                total += shortage * (demand - sold) + holding * stock
            if means[period] > 0.0:
                moved += follow * (demand / means[period] - moved)
            if period + lead + 1 < periods:
                there = _project(stock, under_way, period + 1, lead, table, width, factor, moved)
                under_way[period + lead + 1] += _in_lots(target[period + lead + 1] * moved - there, lot)
    return total / (paths.shape[0] * (periods - lead))


@njit(cache=True, nogil=True, parallel=True)
def decide(
    on_hand,
    arrivals,
    lead,
    means,
    deviations,
    curves,
    chance,
    share,
    follow,
    holding,
    shortage,
    lots,
    normals,
    scores,
    begin,
):  # type: ignore[no-untyped-def]
    """Return order, projected stock, target at arrival, its score and the mean cost a period, of every series.

    The score is searched from place ``begin`` on, in ever smaller steps to either side, as long as that costs less.
    """
    found = np.zeros((on_hand.size, 5))
    for one in prange(on_hand.size):
        periods = means.shape[1]
        paths, factor = np.zeros((normals.shape[0], periods)), np.ones(periods)
        _draw(curves[one], chance, means[one], share[one], normals, paths, factor)
        width = max(curves[one, :, -1].max() / (_CELLS - 1), _FINE * lots[one])
        table = np.zeros((curves.shape[1], _CELLS))
        _tabulate(curves[one], chance, width, table)
        wait = lead[one]
        there = _project(on_hand[one], arrivals[one], 0, wait, table, width, factor, 1.0)
        place, least = begin[one], np.inf
        seen = np.full(scores.size, np.inf)
        step = scores.size // 4
        while step > 0:
            for turn in (0, -1, 1):
                tried = place + turn * step
                while 0 <= tried < scores.size and seen[tried] == np.inf:
                    target = np.maximum(means[one] + scores[tried] * deviations[one], 0.0)
                    order = _in_lots(target[wait] - there, lots[one])
                    seen[tried] = _mean_cost(
                        order,
                        on_hand[one],
                        arrivals[one],
                        wait,
                        paths,
                        means[one],
                        target,
                        table,
                        width,
                        factor,
                        follow[one],
                        holding[one],
                        shortage[one],
                        lots[one],
                    )
                    if seen[tried] >= least - 1e-12:
                        break
                    place, least = tried, seen[tried]
                    found[one] = order, there, target[wait], scores[tried], least
                    tried += turn * step
            step //= 2
    return found
