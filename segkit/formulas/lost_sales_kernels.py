"""Compiled loops of `segkit.formulas.lost_sales`: demand scenarios, and a stock rolled forward along them twice.

Stocks run side by side in lanes, at every level tried one that loses and one that lets wait, all in one array by lanes
at fixed distances: so the compiler works at several of them at once. What is on order is copied to and from that array,
as the compiler cannot know that two places of one ring are never the same.
"""

import numpy as np
from numba import njit, prange

_WARM = 16  # blocks of demand, from the end of the path, before it is judged
_LANES = 16
_COMING, _LACKING, _SHORT, _LEFT, _HELD, _CYCLES, _WHOLE, _POINT, _WAITING, _CAME, _ORDERED, _SIZE = (
    _LANES * (place + 1) for place in range(12)
)


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
def _review(state, lot, pack):  # type: ignore[no-untyped-def]
    """Order in whole packs what fills up to the level, where stock and orders are at the reorder point or below."""
    for lane in range(_LANES):
        gap = state[_POINT + lane] - state[lane] - state[_COMING + lane]
        ordered = max(np.floor((gap + lot) / pack), 1.0) * pack if gap >= 0.0 else 0.0
        state[_ORDERED + lane] = ordered
        state[_COMING + lane] += ordered


@njit(cache=True, nogil=True)
def _review_singly(state, lot):  # type: ignore[no-untyped-def]
    """Do the same as `_review` in packs of one, without a division, which would take as long as all else."""
    for lane in range(_LANES):
        gap = state[_POINT + lane] - state[lane] - state[_COMING + lane]
        ordered = max(np.floor(gap + lot), 1.0) if gap >= 0.0 else 0.0
        state[_ORDERED + lane] = ordered
        state[_COMING + lane] += ordered


@njit(cache=True, nogil=True)
def _arrive(state):  # type: ignore[no-untyped-def]
    """Take in what comes; tell what was left, and whether the cycle that ends was without a shortage."""
    for lane in range(_LANES):
        came = state[_CAME + lane]
        ends = 1.0 if came > 0.0 else 0.0
        state[_LEFT + lane] += max(state[lane], 0.0)
        state[_CYCLES + lane] += ends
        state[_WHOLE + lane] += ends * (1.0 - state[_LACKING + lane])
        state[_LACKING + lane] *= 1.0 - ends
        state[lane] += came
        state[_COMING + lane] -= came


@njit(cache=True, nogil=True)
def _serve(state, want, part):  # type: ignore[no-untyped-def]
    """Take demand out of the stocks; tell what is short, and the stock held on the mean of the step."""
    for lane in range(_LANES):
        there = max(state[lane], 0.0)
        served = min(want, there)
        short = want - served
        state[_LACKING + lane] = 1.0 if short > 0.0 else state[_LACKING + lane]
        state[_SHORT + lane] += short
        state[_HELD + lane] += there - served + 0.5 * served * (1.0 - part * short)
        state[lane] -= served + state[_WAITING + lane] * short


@njit(cache=True, nogil=True)
def _copy(values, begin, into, at):  # type: ignore[no-untyped-def]
    for lane in range(_LANES):
        into[at + lane] = values[begin + lane]


@njit(cache=True, nogil=True)
def _follow(path, warm, timing, lot, pack, smooth, ring, state):  # type: ignore[no-untyped-def]
    """Roll the stocks forward and return how often something could arrive; the sums of ``state`` tell the rest."""
    every, lead = timing
    for lane in range(_LANES):
        state[lane] = state[_POINT + lane] + lot
    state[_COMING:_POINT] = 0.0
    ring[:] = 0.0
    slot, into, arrivals = 0, lead, 0  # into: where in the ring what is ordered now will come
    # Counters, because a remainder at every step costs more than the step.
    to_review, to_arrival = warm % every, (warm + lead) % every
    for now in range(-warm, path.size):
        if now == 0:  # from here on it is judged
            state[_SHORT:_POINT] = 0.0
            arrivals = 0
        if to_review == 0:
            to_review = every
            if pack == 1.0:
                _review_singly(state, lot)
            else:
                _review(state, lot, pack)
            _copy(state, _ORDERED, ring, into * _LANES)
        if to_arrival == 0:
            to_arrival = every
            arrivals += 1
            _copy(ring, slot * _LANES, state, _CAME)
            _arrive(state)
        to_review -= 1
        to_arrival -= 1
        want = path[now if now >= 0 else path.size + now]
        _serve(state, want, smooth / want if want > 0.0 else 0.0)
        slot = slot + 1 if slot < lead else 0
        into = into + 1 if into < lead else 0
    return arrivals


@njit(cache=True, nogil=True)
def _tell(told, state, lane, every, steps, arrivals):  # type: ignore[no-untyped-def]
    """Fill in units short a review, units left, share of cycles with a shortage, mean stock."""
    told[0], told[1] = state[_SHORT + lane] * every / steps, state[_LEFT + lane] / arrivals
    told[2] = 1.0 - state[_WHOLE + lane] / state[_CYCLES + lane] if state[_CYCLES + lane] > 0.0 else 1.0
    told[3] = state[_HELD + lane] / steps


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
        ring, state = np.zeros((lead + 1) * _LANES), np.zeros(_SIZE)
        short = np.flatnonzero(~(points[row] >= curves[row, -1]))  # elsewhere nothing is short, so nothing changes
        for first in range(0, short.size, _LANES // 2):
            for lane in range(_LANES):
                point = points[row, short[min(first + lane // 2, short.size - 1)]]
                state[_POINT + lane] = point if point >= 0.0 else -lot[row]
                state[_WAITING + lane] = lane % 2
            arrivals = _follow(path, _WARM * steps, timing, lot[row], pack[row], smooth[row], ring, state)
            for lane in range(min(_LANES, 2 * (short.size - first))):
                told = found[row, short[first + lane // 2], lane % 2]
                _tell(told, state, lane, every, path.size, arrivals)
        for place in range(count):
            if points[row, place] < 0.0:  # stock cannot fall below zero, so nothing is ever ordered
                lost = found[row, place, 0]
                lost[0], lost[1], lost[2], lost[3] = path.sum() * every / path.size, 0.0, 1.0, 0.0
    return found
