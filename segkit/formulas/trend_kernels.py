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
def trend_states(values, known, origins, alpha, beta, phi):
    """Return level and trend after each origin, shape (2, series, origins), with given constants."""
    out = np.zeros((2, values.shape[0], origins.size))
    for i in prange(values.shape[0]):
        for j in range(origins.size):
            first = _first(known[i], origins[j])
            if first < origins[j]:
                state = _state(values[i, first : origins[j]], known[i, first : origins[j]], alpha[i], beta[i], phi[i])
                out[0, i, j], out[1, i, j] = state[0], state[1]
    return out


@njit(cache=True, parallel=True, nogil=True)
def best_trends(values, known, origins, low, high):
    """Return level, trend, the three constants and the mean squared error, shape (6, series, origins), fitted."""
    out = np.full((6, values.shape[0], origins.size), np.nan)
    for i in prange(values.shape[0]):
        for j in range(origins.size):
            first = _first(known[i], origins[j])
            if first == origins[j]:
                out[0, i, j] = out[1, i, j] = 0.0
                continue
            past, seen = values[i, first : origins[j]], known[i, first : origins[j]]
            alpha, beta, phi = _best_constants(past, seen, low, high)
            level, trend, error = _state(past, seen, alpha, beta, phi)
            out[0, i, j], out[1, i, j] = level, trend
            out[2, i, j], out[3, i, j], out[4, i, j] = alpha, beta, phi
            forecasts = seen.sum() - 1
            if forecasts:
                out[5, i, j] = error / forecasts
    return out


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
    return best[0], best[1], best[2]


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
