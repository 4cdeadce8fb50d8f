"""Compiled loops of `segkit.formulas.lost_sales`: demand scenarios, and a stock rolled forward along them twice."""

import numpy as np
from numba import njit, prange

_WARM = 16  # blocks of demand, from the end of the path, before it is judged


@njit(cache=True, nogil=True)
def _amounts(curve, grid, amounts):  # type: ignore[no-untyped-def]
    """Fill in quantiles of the curve at the middles of equal strata, rising."""
    cell = 0
    for place in range(amounts.size):
        chance = (place + 0.5) / amounts.size
        while cell < grid.size and grid[cell] < chance:
            cell += 1
        if cell == 0 or cell == grid.size:
            amounts[place] = curve[min(cell, grid.size - 1)]
        else:
            share = (chance - grid[cell - 1]) / (grid[cell] - grid[cell - 1])
            amounts[place] = curve[cell - 1] + share * (curve[cell] - curve[cell - 1])


@njit(cache=True, nogil=True)
def _path(amounts, order, parts, apart, path):  # type: ignore[no-untyped-def]
    """Fill in demand step by step, in whole lots: every stratum once, split as ``parts`` says.

    Where demand comes by single orders, few units fall each for itself into a step, with the chances of ``apart``.
    """
    steps = parts.shape[1]
    chances, draws, single = apart
    path[:] = 0.0
    for block in range(order.size):
        amount, before, total = amounts[order[block]], 0.0, 0.0
        if single and amount < draws.shape[1]:
            for unit in range(int(np.floor(amount + 0.5))):
                step, upto = 0, chances[block, 0]
                while upto < draws[block, unit] and step < steps - 1:
                    step += 1
                    upto += chances[block, step]
                path[block * steps + step] += 1.0
            continue
        for step in range(steps):
            total += amount * parts[block, step]
            upto = np.floor(total + 0.5)
            path[block * steps + step] = upto - before
            before = upto


@njit(cache=True, nogil=True)
def _follow(path, warm, every, lead, point, lot, pack, waiting, smooth, ring, told):  # type: ignore[no-untyped-def]
    """Roll a stock forward and fill in what was short, left and served in whole cycles."""
    stock, coming, slot = point + lot, 0.0, 0
    short, left, held, arrivals, cycles, whole, lacking = 0.0, 0.0, 0.0, 0, 0, 0, False
    ring[:] = 0.0
    review, arrival = -warm % every, -(warm + lead) % every  # steps since the last of each
    for now in range(-warm, path.size):
        judged = now >= 0
        if review == 0 and stock + coming <= point:
            ordered = max(np.floor((point + lot - stock - coming) / pack), 1.0) * pack
            ring[(slot + lead) % ring.size] += ordered
            coming += ordered
        if judged and arrival == 0:
            left += max(stock, 0.0)
            arrivals += 1
        review = review + 1 if review + 1 < every else 0
        arrival = arrival + 1 if arrival + 1 < every else 0
        if ring[slot] > 0.0:
            cycles += judged
            whole += judged and not lacking
            lacking = False
            stock += ring[slot]
            coming -= ring[slot]
            ring[slot] = 0.0
        want = path[now if judged else path.size + now]
        served = min(want, max(stock, 0.0))
        lacking = lacking or served < want
        if judged:
            short += want - served
            lasts = 1.0 if served == want else 1.0 - smooth * (1.0 - served / want)
            held += max(stock, 0.0) - served + 0.5 * served * lasts
        stock -= want if waiting else served
        slot = slot + 1 if slot + 1 < ring.size else 0
    told[0], told[1] = short * every / path.size, left / arrivals
    told[2], told[3] = 1.0 - whole / cycles if cycles else 1.0, held / path.size


@njit(cache=True, nogil=True, parallel=True)
def roll_forward(curves, grid, shape, counted, parts, draws, order, timing, points, lot, pack, smooth):  # type: ignore[no-untyped-def]
    """Return what lost sales, and what waiting demand gives, on the same scenarios: (places, candidates, 2, 4).

    ``shape`` tells which of the ``parts`` demand is split by, ``counted`` by which where it comes by single orders.

    Units short a review, units left before the next arrival, share of cycles with a shortage, mean stock.
    """
    every, lead = timing
    count = points.shape[1]
    found = np.zeros((lot.size, count, 2, 4))
    for row in prange(lot.size):
        steps = parts.shape[2]
        amounts, path = np.empty(order.size), np.empty(order.size * steps)
        _amounts(curves[row], grid, amounts)
        apart = (parts[max(counted[row], 0)], draws, counted[row] >= 0)
        _path(amounts, order, parts[shape[row]], apart, path)
        ring = np.zeros(lead + 1)
        for place in range(count):
            point, lost, waits = points[row, place], found[row, place, 0], found[row, place, 1]
            if point >= curves[row, -1]:  # nothing is short, so nothing changes
                continue
            if point < 0.0:  # stock cannot fall below zero, so nothing is ever ordered
                lost[0], lost[2] = path.sum() * every / path.size, 1.0
                point = -lot[row]
            else:
                _follow(path, _WARM * steps, every, lead, point, lot[row], pack[row], False, smooth[row], ring, lost)
            _follow(path, _WARM * steps, every, lead, point, lot[row], pack[row], True, smooth[row], ring, waits)
    return found
