"""Compiled loops behind damped trends: series side by side. Loaded where first needed.

``values`` and ``known`` have shape (series, periods), ``origins`` are numbers of periods that are past. Here periods
that are not known cannot be cut out: time goes on in them, and the level goes on along its trend.
"""

import numpy as np
from numba import njit, prange

_FIRST_GRID, _FINER_GRID = 7, 3
_ROUNDS = 12
_CLEARLY = 1e-4  # a gain below this share of the error is not worth another step


@njit(cache=True, parallel=True, nogil=True)
def best_trends(values, known, origins, low, high, out):
    """Fill in level, trend, the three constants and the mean squared error, shape (series, origins, 6).

    ``low`` and ``high`` have shape (series, 3); where they are the same the constants are given.
    """
    for i in prange(values.shape[0]):
        _smooth(values[i], known[i], origins, low[i], high[i], out[i])


@njit(cache=True, nogil=True)
def _smooth(values, known, origins, low, high, out):
    for j in range(origins.size):
        first = _first(known, origins[j])
        if first == origins[j]:
            continue
        past, seen = values[first : origins[j]], known[first : origins[j]]
        constants = _best_constants(past, seen, low, high) if (low < high).any() else low
        out[j, 0], out[j, 1], error = _state(past, seen, constants[0], constants[1], constants[2])
        out[j, 2:5] = constants
        forecasts = seen.sum() - 1
        if forecasts:
            out[j, 5] = error / forecasts


@njit(cache=True, nogil=True)
def _first(known, origin):
    for t in range(origin):
        if known[t]:
            return t
    return origin


@njit(cache=True, nogil=True)
def _state(past, seen, alpha, beta, phi):
    """Return the last level and trend and the sum of squared one-step errors of one set of constants."""
    level, trend, total = past[0], 0.0, 0.0
    for t in range(1, past.size):
        trend *= phi
        level += trend
        if seen[t]:
            error = past[t] - level
            total += error * error
            level += alpha * error
            trend += alpha * beta * error
    return level, trend, total


@njit(cache=True, nogil=True)
def _best_constants(past, seen, low, high):
    """Return the constants of least squared error: a grid over their ranges, then finer ones around the best."""
    best, half, least = (low + high) / 2, (high - low) / 2, np.inf
    for round_ in range(_ROUNDS):
        tried = _grid(best, half, low, high, _FINER_GRID if round_ else _FIRST_GRID)
        errors = _squared_errors(past, seen, tried[0], tried[1], tried[2])
        k = np.argmin(errors)
        if errors[k] < least * (1 - _CLEARLY):
            best, least = tried[:, k].copy(), errors[k]
            half = half / (_FIRST_GRID - 1) if round_ == 0 else half
        else:
            half = half / 2
    return best


@njit(cache=True, nogil=True)
def _grid(centre, half, low, high, points):
    """Return all combinations of so many values of each constant around a centre, shape (3, combinations)."""
    grid = np.empty((3, points**3))
    for k in range(points**3):
        places = (k // points**2, k // points % points, k % points)
        for c in range(3):
            value = centre[c] + half[c] * (2 * places[c] / (points - 1) - 1)
            grid[c, k] = min(max(value, low[c]), high[c])
    return grid


@njit(cache=True, nogil=True)
def _squared_errors(past, seen, alpha, beta, phi):
    """Return the sum of squared one-step errors of each set of constants, in one walk through the series."""
    levels, trends, total = np.full(alpha.size, past[0]), np.zeros(alpha.size), np.zeros(alpha.size)
    pull = alpha * beta
    for t in range(1, past.size):
        weight, value = (1.0, past[t]) if seen[t] else (0.0, 0.0)
        for k in range(alpha.size):
            trend = trends[k] * phi[k]
            level = levels[k] + trend
            error = weight * (value - level)
            total[k] += error * error
            levels[k] = level + alpha[k] * error
            trends[k] = trend + pull[k] * error
    return total
