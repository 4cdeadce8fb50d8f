"""Compiled loops behind the replay by period: one series after the other, each from its first period to its last.

All compiled code that calls other compiled code is in this one module: numba's cache looks at the module of the caller
only. Loaded where first needed. An array that holds for all series, or for all periods, has one row, or one column.
"""

import numpy as np
from numba import njit, prange

_LIKE = 1e-9  # less than this share of the largest quantity so far is rounding
# columns of the sums of a series
SUMS = (
    *("demand", "served", "short", "periods", "periods_without_shortage", "cycles", "cycles_without_shortage"),
    *("end_stock_periods", "on_hand_periods", "backorder_periods", "orders", "units_ordered", "received", "opening"),
)
OPENING = SUMS.index("opening")
# columns of a path
PATH = ("received", "demand", "served", "short", "end_stock", "backordered", "ordered")
RECEIVED, DEMAND, SERVED, SHORT, END_STOCK, BACKORDERED, ORDERED = range(len(PATH))
# columns of the sums of a period
PERIOD_SUMS = ("series", "demand", "served", "short", "backordered", "end_stock", "holding_cost", "shortage_cost")


@njit(cache=True, nogil=True)
def _ordered(position, slack, reorder, upto, lot, least, pack):
    """Return what is ordered at a review: nothing above the reorder point; less than ``slack`` is rounding."""
    if position > reorder + slack:
        return 0.0
    if lot > 0.0:
        wanted = (np.floor(max(0.0, reorder - position + slack) / lot) + 1.0) * lot
    else:
        wanted = upto - position
        if wanted <= slack:
            return 0.0
    wanted = max(wanted, least)
    return np.ceil(wanted / pack - _LIKE) * pack if pack > 0.0 else wanted


@njit(cache=True, nogil=True, parallel=True)
def replay_sums(given, first, on_hand, backordered, pipeline, sums):
    """Fill in the sums of every series; stock, backorders and pipeline become those after the last period."""
    nothing = np.empty((0, len(PATH)))
    for i in prange(sums.shape[0]):
        _walk(np.int64(i), given, first, on_hand, backordered, pipeline, sums[i], nothing)


@njit(cache=True, nogil=True, parallel=True)
def replay_paths(given, on_hand, backordered, pipeline, paths):
    """Fill in what happens in every period, shape (series, periods, len(PATH))."""
    for i in prange(paths.shape[0]):
        _walk(np.int64(i), given, 0, on_hand, backordered, pipeline, np.empty(len(SUMS)), paths[i])


@njit(cache=True, nogil=True, parallel=True)
def replay_period_sums(given, on_hand, backordered, pipeline, group, prices, parts):
    """Add up periods over the series of a group, shape (parts, groups, periods, len(PERIOD_SUMS)).

    Series are dealt out to parts, the same whatever the threads, so that sums are the same to the last bit.
    """
    count, periods = parts.shape[0], parts.shape[2]
    series = on_hand.size
    demand, counted = given[0], given[1]
    for place in prange(count):
        part = np.int64(place)
        path, sums = np.empty((periods, len(PATH))), np.empty(len(SUMS))
        for i in range(part * series // count, (part + 1) * series // count):
            _walk(i, given, 0, on_hand, backordered, pipeline, sums, path)
            into = parts[part, group[i]]
            weight, holding, shortage = prices[i, 0], prices[i, 1], prices[i, 2]
            for t in range(periods):
                if _known(demand, counted, i, t):
                    into[t, 0] += 1.0
                    into[t, 1] += weight * path[t, DEMAND]
                    into[t, 2] += weight * path[t, SERVED]
                    into[t, 3] += weight * path[t, SHORT]
                    into[t, 4] += weight * path[t, BACKORDERED]
                    into[t, 5] += weight * path[t, END_STOCK]
                    into[t, 6] += holding * path[t, END_STOCK]
                    into[t, 7] += shortage * path[t, SHORT]


@njit(cache=True, nogil=True, inline="always")
def _known(demand, counted, i, t):
    value = demand[i, t]
    return counted[min(i, counted.shape[0] - 1), min(t, counted.shape[1] - 1)] and value == value


@njit(cache=True, nogil=True, inline="always")
def _row(values, i):
    return values[min(i, values.shape[0] - 1)]


@njit(cache=True, nogil=True)
def _walk(i, given, first, on_hand, backordered, pipeline, sums, path):
    """Replay one series: arrivals, demand, stock measured, review and order."""
    demand, counted, reorders, uptos, lots, leasts, packs, reviews, phases, leads, waits = given
    reorder, upto, lead = _row(reorders, i), _row(uptos, i), _row(leads, i)
    lot, least, pack, waiting = _row(lots, i), _row(leasts, i)[0], _row(packs, i)[0], _row(waits, i)[0]
    review, until_review, slot = _row(reviews, i)[0], _row(phases, i)[0], 0
    ring, width = pipeline[i], pipeline.shape[1]
    stock, owed, on_order = on_hand[i], backordered[i], ring.sum()
    cycle, size = np.zeros(3), stock + owed + on_order
    sums[:] = 0.0
    sums[OPENING] = stock - owed
    for t in range(demand.shape[1]):
        judged = t >= first
        if t == first:
            sums[OPENING] = stock - owed
        received = ring[slot]
        if received > 0.0:
            _turn_cycle(cycle, judged, sums)
            ring[slot] = 0.0
            on_order -= received
            filled = min(owed, received)
            owed -= filled
            stock += received - filled
        begun = stock
        known = _known(demand, counted, i, t)
        want = float(demand[i, t]) if known else 0.0
        served = min(stock, want)
        size = max(size, want)
        stock -= served
        owed += waiting * (want - served)
        if judged and known:
            _judge(want, served, 0.5 * (begun + stock), stock, owed, _LIKE * size, cycle, sums)
        ordered = 0.0
        if until_review == 0:
            limit, goal = reorder[min(t, reorder.size - 1)], upto[min(t, upto.size - 1)]
            whole = lot[min(t, lot.size - 1)]
            ordered = _ordered(stock + on_order - owed, _LIKE * size, limit, goal, whole, least, pack)
            until_review = review
        until_review -= 1
        if ordered > 0.0:
            place = slot + 1 + lead[min(t, lead.size - 1)]
            ring[place - width if place >= width else place] += ordered
            on_order += ordered
            size = max(size, ordered)
        if judged:
            sums[10] += ordered > 0.0
            sums[11] += ordered
            sums[12] += received
        slot = slot + 1 if slot + 1 < width else 0
        if path.shape[0]:
            path[t, RECEIVED], path[t, DEMAND], path[t, SERVED], path[t, SHORT] = received, want, served, want - served
            path[t, END_STOCK], path[t, BACKORDERED], path[t, ORDERED] = stock, owed, ordered
    if first >= demand.shape[1]:
        sums[OPENING] = stock - owed
    on_hand[i], backordered[i] = stock, owed
    ring[:] = np.concatenate((ring[slot:], ring[:slot]))


@njit(cache=True, nogil=True)
def _turn_cycle(cycle, judged, sums):
    """End a cycle and begin another; a cycle is whether it is whole, has known periods, and shortage."""
    if cycle[0] and cycle[1]:
        sums[5] += 1.0
        sums[6] += 1.0 - cycle[2]
    cycle[0], cycle[1], cycle[2] = judged, 0.0, 0.0


@njit(cache=True, nogil=True)
def _judge(want, served, mean, stock, owed, slack, cycle, sums):
    """Add a period to the sums of a series and to its cycle; a shortage below ``slack`` is rounding."""
    short = want - served
    lacking = short > slack or owed > slack
    sums[0] += want
    sums[1] += served
    sums[2] += short
    sums[3] += 1.0
    sums[4] += not lacking
    sums[7] += stock
    sums[8] += mean
    sums[9] += owed
    cycle[1] = 1.0
    if lacking:
        cycle[2] = 1.0
