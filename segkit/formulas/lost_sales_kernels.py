"""Compiled loops of `segkit.formulas.lost_sales`: a stock rolled forward along scenarios of demand, twice.

Where demand waits, a stock lies as far from its reorder point whatever that is: one of them is followed, and all levels
are read from it. Where demand is lost each level is followed, side by side in lanes, in one array at fixed distances,
so that the compiler works at several of them at once.
"""

import numpy as np
from numba import njit, prange

from segkit.formulas.lost_sales_paths import count_units, fill_amounts, fill_path

_LANES = 20
_COMING, _LACKING, _SHORT, _LEFT, _HELD, _CYCLES, _WHOLE, _POINT, _CAME, _ORDERED, _SIZE = (
    _LANES * (place + 1) for place in range(11)
)
_FIGURES = 4


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
def _arrive(state, all_end):  # type: ignore[no-untyped-def]
    """Take in what comes; tell what was left, and whether the cycle that ends was without a shortage."""
    for lane in range(_LANES):
        came = state[_CAME + lane]
        ends = 1.0 if came > 0.0 else all_end
        state[_LEFT + lane] += state[lane]
        state[_CYCLES + lane] += ends
        state[_WHOLE + lane] += ends * (1.0 - state[_LACKING + lane])
        state[_LACKING + lane] *= 1.0 - ends
        state[lane] += came
        state[_COMING + lane] -= came


@njit(cache=True, nogil=True)
def _serve(state, want, part, width):  # type: ignore[no-untyped-def]
    """Take demand out of the stocks; tell what is short, and the stock held on the mean of the step, by its length."""
    for lane in range(_LANES):
        there = state[lane]
        served = min(want, there)
        short = want - served
        state[_LACKING + lane] = 1.0 if short > 0.0 else state[_LACKING + lane]
        state[_SHORT + lane] += short
        state[_HELD + lane] += width * (there - served + 0.5 * served * (1.0 - part * short))
        state[lane] = there - served


@njit(cache=True, nogil=True)
def _follow_lost(path, evenly, judged, timing, lot, pack, ring, state):  # type: ignore[no-untyped-def]
    """Roll stocks that lose forward; the sums of ``state`` tell what they gave.

    What orders unit by unit orders at every review, if only nothing: all cycles end where something may arrive.
    """
    _, width, events, lead, slot = timing
    all_end = 1.0 if lot == 1.0 else 0.0
    for lane in range(_LANES):
        state[lane] = state[_POINT + lane] + lot
    state[_COMING:_POINT] = 0.0
    ring[:] = 0.0
    into = 0  # where in the ring orders go, a counter: a remainder at every step costs more than the step
    for now in range(path.size):
        if now == judged:  # from here on it is judged
            state[_SHORT:_POINT] = 0.0
        event = events[now]
        if event & 1:
            if pack == 1.0:
                _review_singly(state, lot)
            else:
                _review(state, lot, pack)
            order = ring[into]
            for lane in range(_LANES):
                order[lane] = state[_ORDERED + lane]
            into = into + 1 if into < lead else 0
        if event & 2:
            order = ring[slot]
            for lane in range(_LANES):
                state[_CAME + lane] = order[lane]
            _arrive(state, all_end)
            slot = slot + 1 if slot < lead else 0
        _serve(state, path[now], evenly[now], width[now])


@njit(cache=True, nogil=True)
def _follow_waiting(path, judged, timing, lot, pack, orders, waits):  # type: ignore[no-untyped-def]
    """Fill in how far a stock whose demand waits lies above s; return how many cycles and arrivals there are.

    By step before its demand; by arrival before it; and by cycle at its lowest with demand. From ``judged`` on.
    """
    above, left, lowest = waits
    _, _, events, lead, slot = timing
    net, position, into, cycles, arrivals, least = lot, lot, 0, 0, 0, np.inf
    orders[:] = 0.0
    for now in range(path.size):
        if now == judged:
            cycles, arrivals = 0, 0
        event = events[now]
        if event & 1:
            ordered = max(np.floor((lot - position) / pack), 1.0) * pack if position <= 0.0 else 0.0
            orders[into] = ordered
            position += ordered
            into = into + 1 if into < lead else 0
        if event & 2:
            left[arrivals] = net
            arrivals += 1
            if orders[slot] > 0.0 or lot == 1.0:
                lowest[cycles], least = least, np.inf
                cycles += 1
            net += orders[slot]
            slot = slot + 1 if slot < lead else 0
        above[now] = net
        want = path[now]
        net -= want
        position -= want
        if want > 0.0:
            least = min(least, net)
    return cycles, arrivals


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def _read_waiting(path, evenly, width, waits, point, told):  # type: ignore[no-untyped-def]
    """Tell what a level gives whose demand waits, as `_tell` does, but for the reviews."""
    above, left, lowest = waits
    short, held, there, whole = 0.0, 0.0, 0.0, 0
    for now in range(path.size):
        stock, want = max(point + above[now], 0.0), path[now]
        served = min(want, stock)
        lacking = want - served
        short += lacking
        held += width[now] * (stock - served + 0.5 * served * (1.0 - evenly[now] * lacking))
    for now in range(left.size):
        there += max(point + left[now], 0.0)
    for now in range(lowest.size):
        whole += 1 if point + lowest[now] >= 0.0 else 0
    told[0], told[1], told[3] = short, there / left.size, held
    told[2] = 1.0 - whole / lowest.size if lowest.size > 0 else 1.0


@njit(cache=True, nogil=True)
def _tell(told, state, lane, reviews, arrivals):  # type: ignore[no-untyped-def]
    """Fill in units short a review, units left, share of cycles with a shortage, mean stock."""
    told[0], told[1] = state[_SHORT + lane] / reviews, state[_LEFT + lane] / arrivals
    told[2] = 1.0 - state[_WHOLE + lane] / state[_CYCLES + lane] if state[_CYCLES + lane] > 0.0 else 1.0
    told[3] = state[_HELD + lane] / reviews


@njit(cache=True, nogil=True, parallel=True)
def roll_forward(curves, grid, shapes, lumps, split, order, timing, points, lot, pack, even):  # type: ignore[no-untyped-def]
    """Return what lost sales, and what waiting demand gives, on the same scenarios: (places, candidates, 2, 4).

    ``shapes``, ``lumps`` and ``split`` tell how demand is split, as `fill_path` takes them; ``even`` is the shape of a
    review's demand.

    Units short a review, units left before the next arrival, share of cycles with a shortage, mean stock.
    """
    begins, width, events, lead, _ = timing
    count, judged = points.shape[1], begins[begins.size - 1 - order.size]
    reviews = width[judged:].sum()
    arrivals = (events[judged:] >= 2).sum()
    found, units = np.zeros((lot.size, count, 2, _FIGURES)), count_units(split, shapes, begins, order.size)
    for row in prange(lot.size):
        amounts, path = np.empty(order.size), np.empty(width.size)
        fill_amounts(curves[row], grid, amounts)
        fill_path(amounts, order, split, units, shapes[row], lumps[row], begins, path)
        shape = even[row] * width
        evenly = shape / ((1.0 + shape) * np.maximum(path, 1.0))  # how evenly a unit of demand takes stock
        ring, state = np.zeros((lead + 1, _LANES)), np.zeros(_SIZE)
        waits = (np.empty(path.size), np.empty(path.size), np.empty(path.size))
        cycles, came = _follow_waiting(path, judged, timing, lot[row], pack[row], ring[:, 0], waits)
        waits = waits[0][judged:], waits[1][:came], waits[2][:cycles]
        # Where demand never exceeds a level nothing is short, so nothing changes; below zero nothing is ever ordered.
        short = np.flatnonzero((points[row] >= 0.0) & ~(points[row] >= curves[row, -1]))
        for one in short:
            told = found[row, one, 1]
            _read_waiting(path[judged:], evenly[judged:], width[judged:], waits, points[row, one], told)
            told[0] /= reviews
            told[3] /= reviews
        for first in range(0, short.size, _LANES):
            for lane in range(_LANES):
                state[_POINT + lane] = points[row, short[min(first + lane, short.size - 1)]]
            _follow_lost(path, evenly, judged, timing, lot[row], pack[row], ring, state)
            for lane in range(min(_LANES, short.size - first)):
                _tell(found[row, short[first + lane], 0], state, lane, reviews, arrivals)
        for place in range(count):
            if points[row, place] < 0.0:
                found[row, place, 0, 0] = path[judged:].sum() / reviews
                found[row, place, 0, 2] = 1.0
    return found
