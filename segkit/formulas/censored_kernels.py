"""Compiled loops behind the mixtures of delivery times. Loaded where first needed."""

import numpy as np
from numba import njit

_TIE = 1e-9


@njit(cache=True, nogil=True)
def count(first, last, step, is_open, weight, events, at_risk):  # type: ignore[no-untyped-def]
    """Write per step what came in one group and what was not delivered before it."""
    events[:] = 0.0
    at_risk[:] = 0.0
    for one in range(first, last):
        place = step[one]
        if place >= 0:
            at_risk[place] += weight[one]
            if not is_open[one]:
                events[place] += weight[one]
    left = 0.0
    for place in range(len(events) - 1, -1, -1):
        left += at_risk[place]
        at_risk[place] = left


@njit(cache=True, nogil=True)
def mix(events, at_risk, above, mixing, curve):  # type: ignore[no-untyped-def]
    """Write the curve of one group into ``curve``; ``above`` is the curve of the group above."""
    share, over = 1.0, 1.0
    for place in range(len(curve)):
        came = events[place] + mixing * (over - above[place])
        risk = at_risk[place] + mixing * over
        over = above[place]
        if risk > 0 and came > 0:
            share *= max(0.0, 1.0 - came / risk)
        curve[place] = share


@njit(cache=True, nogil=True)
def fill(first, last, step, is_open, weight, above, mixing, events, at_risk, curve):  # type: ignore[no-untyped-def]
    """Write the curve of one group into ``curve``; ``above`` is the curve of the group above."""
    count(first, last, step, is_open, weight, events, at_risk)
    mix(events, at_risk, above, mixing, curve)


@njit(cache=True, nogil=True)
def idle(group, depth, begin):  # type: ignore[no-untyped-def]
    """Return whether a group has none below it and no line that asks."""
    lowest = group + 1 == len(depth) or depth[group + 1] <= depth[group]
    return lowest and begin[group] == begin[group + 1]


@njit(cache=True, nogil=True)
def fill_curves(depth, first, last, step, is_open, weight, mixing, curves):  # type: ignore[no-untyped-def]
    """Fill in the curve of every group, its own mixed with that of the group above."""
    steps = curves.shape[1]
    events, at_risk = np.empty(steps), np.empty(steps)
    path = np.zeros((len(mixing), steps))
    for group in range(len(depth)):
        level = depth[group]
        above, k = (path[level - 1], mixing[level]) if level > 0 else (path[level], 0.0)
        fill(first[group], last[group], step, is_open, weight, above, k, events, at_risk, path[level])
        curves[group] = path[level]


@njit(cache=True, nogil=True)
def reached(curve, start, level):  # type: ignore[no-untyped-def]
    """Return the first step from ``start`` by which the level is delivered of what was left then, and that rest."""
    low, high = min(start, len(curve)), len(curve)
    left = 1.0 if low == 0 else curve[low - 1]
    if left <= _TIE:
        return high, left
    limit = left * (1.0 - level + _TIE)
    while low < high:
        middle = (low + high) // 2
        if curve[middle] <= limit:
            high = middle
        else:
            low = middle + 1
    return low, left


@njit(cache=True, nogil=True)
def find_quantiles(  # type: ignore[no-untyped-def]
    depth, first, last, step, is_open, weight, mixing, steps, begin, start, levels, found, before, until
):
    """Fill in the first step at which each level is reached, and the chances before and until it."""
    events, at_risk = np.empty(steps), np.empty(steps)
    path = np.zeros((len(mixing), steps))
    for group in range(len(depth)):
        if idle(group, depth, begin):
            continue
        level = depth[group]
        above, k = (path[level - 1], mixing[level]) if level > 0 else (path[level], 0.0)
        curve = path[level]
        fill(first[group], last[group], step, is_open, weight, above, k, events, at_risk, curve)
        for line in range(begin[group], begin[group + 1]):
            for which in range(levels.shape[1]):
                place, left = reached(curve, start[line], levels[line, which])
                found[line, which] = place
                if place == steps:
                    before[line, which], until[line, which] = np.nan, np.nan
                    continue
                over = left if place <= start[line] else curve[place - 1]
                before[line, which], until[line, which] = 1 - over / left, 1 - curve[place] / left


@njit(cache=True, nogil=True)
def find_probabilities(  # type: ignore[no-untyped-def]
    depth, first, last, step, is_open, weight, mixing, steps, begin, asked, before, until
):
    """Fill in the chances before and until the steps asked for."""
    events, at_risk = np.empty(steps), np.empty(steps)
    path = np.zeros((len(mixing), steps))
    for group in range(len(depth)):
        if idle(group, depth, begin):
            continue
        level = depth[group]
        above, k = (path[level - 1], mixing[level]) if level > 0 else (path[level], 0.0)
        curve = path[level]
        fill(first[group], last[group], step, is_open, weight, above, k, events, at_risk, curve)
        for line in range(begin[group], begin[group + 1]):
            place = asked[line]
            before[line] = 0.0 if place == 0 else 1 - curve[place - 1]
            until[line] = 1 - curve[place]


@njit(cache=True, nogil=True)
def find_steps(  # type: ignore[no-untyped-def]
    depth, first, last, step, is_open, weight, mixings, steps, begin, start, levels, found
):
    """Fill in the first step at which each level is reached, for several mixings: deliveries are counted once."""
    events, at_risk = np.empty(steps), np.empty(steps)
    paths = np.zeros((len(mixings), mixings.shape[1], steps))
    for group in range(len(depth)):
        if idle(group, depth, begin):
            continue
        level = depth[group]
        count(first[group], last[group], step, is_open, weight, events, at_risk)
        for case in range(len(mixings)):
            path = paths[case]
            above, k = (path[level - 1], mixings[case, level]) if level > 0 else (path[level], 0.0)
            mix(events, at_risk, above, k, path[level])
            for line in range(begin[group], begin[group + 1]):
                for which in range(len(levels)):
                    found[case, line, which] = reached(path[level], start[line], levels[which])[0]
