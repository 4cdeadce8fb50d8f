"""Compiled loops for (s, S) rules of counts: how long the stock stays at each level, and the levels of least cost."""

import numpy as np
from numba import njit, prange

FAILED = -(2**62)


@njit(cache=True, nogil=True)
def _visit(chances, before, step):  # type: ignore[no-untyped-def]
    """Return the expected reviews at a level `step` below the top; `before` holds those of the levels above."""
    total = 1.0 if step == 0 else 0.0
    for size in range(1, min(step, chances.size - 1) + 1):
        total += chances[size] * before[step - size]
    return total / (1.0 - chances[0])


@njit(cache=True, nogil=True, parallel=True)
def visits(chances, steps):  # type: ignore[no-untyped-def]
    """Return by item and step below the top the expected number of reviews there before the next order."""
    found = np.zeros((chances.shape[0], steps.max()))
    for item in prange(chances.shape[0]):
        for step in range(steps[item]):
            found[item, step] = _visit(chances[item], found[item], step)
    return found


@njit(cache=True, nogil=True)
def _cost(visited, level_cost, order_cost, low, top):  # type: ignore[no-untyped-def]
    """Return the cost per review of ordering up to `top` when the level is at most `low` (places in `level_cost`)."""
    spent, time = order_cost, 0.0
    for step in range(top - low):
        spent += visited[step] * level_cost[top - step]
        time += visited[step]
    return spent / time


@njit(cache=True, nogil=True)
def _best_levels(chances, level_cost, order_cost):  # type: ignore[no-untyped-def]
    """Return places of s and S and the cost per review; `FAILED` where the levels given do not reach far enough."""
    size = level_cost.size
    visited = np.zeros(size)
    for step in range(size):
        visited[step] = _visit(chances, visited, step)
    best = np.argmin(level_cost)
    low, top = best - 1, best
    while low >= 0 and _cost(visited, level_cost, order_cost, low, top) > level_cost[low]:
        low -= 1
    if low < 0:
        return FAILED, FAILED, 0.0
    least = _cost(visited, level_cost, order_cost, low, top)
    other = top + 1
    while other < size and level_cost[other] <= least:
        if _cost(visited, level_cost, order_cost, low, other) < least:
            top = other
            while low + 1 < top and _cost(visited, level_cost, order_cost, low, top) <= level_cost[low + 1]:
                low += 1
            least = _cost(visited, level_cost, order_cost, low, top)
        other += 1
    if other == size:
        return FAILED, FAILED, 0.0
    return low, top, least


@njit(cache=True, nogil=True, parallel=True)
def best_levels(chances, level_cost, order_cost):  # type: ignore[no-untyped-def]
    """Return by item places of s and S and the cost per review, by the algorithm of Zheng & Federgruen (1991)."""
    items = chances.shape[0]
    low, top = np.empty(items, dtype=np.int64), np.empty(items, dtype=np.int64)
    cost = np.empty(items)
    for item in prange(items):
        low[item], top[item], cost[item] = _best_levels(chances[item], level_cost[item], order_cost[item])
    return low, top, cost
