"""Compiled loops of `segkit.formulas.lost_sales`: demand scenarios, and a stock rolled forward along them twice.

Stocks run side by side in lanes, at every level tried one that loses and one that lets wait, all in one array by lanes
at fixed distances: so the compiler works at several of them at once. What is on order is copied to and from that array,
as the compiler cannot know that two places of one ring are never the same.
"""

import numpy as np
from numba import njit, prange

_LANES = 16
_SPREAD = 159  # near the golden part of the blocks: any run of multiples of it lies evenly among them
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
def _path(amounts, order, parts, draws, shapes, begins, path):  # type: ignore[no-untyped-def]
    """Fill in demand step by step, in whole lots: every stratum once, split as ``parts`` says, the last ones first too.

    Where demand comes by single orders, few units fall each for itself into a step, with the chances of its own shape.
    Blocks are split by one shape or the next, as many of small demand as of large.
    """
    path[:] = 0.0
    warm = begins.size - 1 - order.size
    for block in range(begins.size - 1):
        place = (block - warm) % order.size
        amount, before, total = amounts[order[place]], 0.0, 0.0
        mixed = (order[place] * _SPREAD % order.size + 0.5) / order.size
        first, last = begins[block], begins[block + 1]
        if shapes[2] >= 0.0 and amount < draws.shape[1]:
            chances = parts[int(shapes[2]) + (1 if mixed < shapes[3] else 0)]
            for unit in range(int(np.floor(amount + 0.5))):
                step, upto = first, chances[first]
                while upto < draws[place, unit] and step < last - 1:
                    step += 1
                    upto += chances[step]
                path[step] += 1.0
            continue
        shares = parts[int(shapes[0]) + (1 if mixed < shapes[1] else 0)]
        for step in range(first, last):
            total += amount * shares[step]
            upto = np.floor(total + 0.5)
            path[step] = upto - before
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
def _serve(state, want, part, width):  # type: ignore[no-untyped-def]
    """Take demand out of the stocks; tell what is short, and the stock held on the mean of the step, by its length."""
    for lane in range(_LANES):
        there = max(state[lane], 0.0)
        served = min(want, there)
        short = want - served
        state[_LACKING + lane] = 1.0 if short > 0.0 else state[_LACKING + lane]
        state[_SHORT + lane] += short
        state[_HELD + lane] += width * (there - served + 0.5 * served * (1.0 - part * short))
        state[lane] -= served + state[_WAITING + lane] * short


@njit(cache=True, nogil=True)
def _copy(values, begin, into, at):  # type: ignore[no-untyped-def]
    for lane in range(_LANES):
        into[at + lane] = values[begin + lane]


@njit(cache=True, nogil=True)
def _follow(path, judged, timing, lot, pack, shape, ring, state):  # type: ignore[no-untyped-def]
    """Roll the stocks forward and return how often something could arrive; the sums of ``state`` tell the rest."""
    _, width, events, lead, slot = timing
    for lane in range(_LANES):
        state[lane] = state[_POINT + lane] + lot
    state[_COMING:_POINT] = 0.0
    ring[:] = 0.0
    # Where in the ring orders go and come from: counters, because a remainder at every step costs more than the step.
    into, arrivals = 0, 0
    for now in range(path.size):
        if now == judged:  # from here on it is judged
            state[_SHORT:_POINT] = 0.0
            arrivals = 0
        event = events[now]
        if event & 1:
            if pack == 1.0:
                _review_singly(state, lot)
            else:
                _review(state, lot, pack)
            _copy(state, _ORDERED, ring, into * _LANES)
            into = into + 1 if into < lead else 0
        if event & 2:
            arrivals += 1
            _copy(ring, slot * _LANES, state, _CAME)
            _arrive(state)
            slot = slot + 1 if slot < lead else 0
        want, even = path[now], shape * width[now]
        _serve(state, want, even / (1.0 + even) / want if want > 0.0 else 0.0, width[now])
    return arrivals


@njit(cache=True, nogil=True)
def _tell(told, state, lane, reviews, arrivals):  # type: ignore[no-untyped-def]
    """Fill in units short a review, units left, share of cycles with a shortage, mean stock."""
    told[0], told[1] = state[_SHORT + lane] / reviews, state[_LEFT + lane] / arrivals
    told[2] = 1.0 - state[_WHOLE + lane] / state[_CYCLES + lane] if state[_CYCLES + lane] > 0.0 else 1.0
    told[3] = state[_HELD + lane] / reviews


@njit(cache=True, nogil=True, parallel=True)
def roll_forward(curves, grid, shapes, parts, draws, order, timing, points, lot, pack, even):  # type: ignore[no-untyped-def]
    """Return what lost sales, and what waiting demand gives, on the same scenarios: (places, candidates, 2, 4).

    ``shapes`` tells which of the ``parts`` demand is split by, and which where it comes by single orders, each with the
    share of blocks that the next one splits; below zero = it does not. ``even`` is the shape of a review's demand.

    Units short a review, units left before the next arrival, share of cycles with a shortage, mean stock.
    """
    begins, width, _, lead, _ = timing
    count, judged = points.shape[1], begins[begins.size - 1 - order.size]
    reviews = width[judged:].sum()
    found = np.zeros((lot.size, count, 2, 4))
    for row in prange(lot.size):
        amounts, path = np.empty(order.size), np.empty(width.size)
        _amounts(curves[row], grid, amounts)
        _path(amounts, order, parts, draws, shapes[row], begins, path)
        ring, state = np.zeros((lead + 1) * _LANES), np.zeros(_SIZE)
        short = np.flatnonzero(~(points[row] >= curves[row, -1]))  # elsewhere nothing is short, so nothing changes
        for first in range(0, short.size, _LANES // 2):
            for lane in range(_LANES):
                point = points[row, short[min(first + lane // 2, short.size - 1)]]
                state[_POINT + lane] = point if point >= 0.0 else -lot[row]
                state[_WAITING + lane] = lane % 2
            arrivals = _follow(path, judged, timing, lot[row], pack[row], even[row], ring, state)
            for lane in range(min(_LANES, 2 * (short.size - first))):
                told = found[row, short[first + lane // 2], lane % 2]
                _tell(told, state, lane, reviews, arrivals)
        for place in range(count):
            if points[row, place] < 0.0:  # stock cannot fall below zero, so nothing is ever ordered
                lost = found[row, place, 0]
                lost[0], lost[1], lost[2], lost[3] = path[judged:].sum() / reviews, 0.0, 1.0, 0.0
    return found
