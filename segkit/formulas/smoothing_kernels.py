"""Compiled loops behind the classical forecasts: series side by side, one after the other within a core.

All compiled code that calls other compiled code is in this one module: numba's cache looks at the module of the caller
only, and would go on with the old text of a function that is called from elsewhere. Loaded where first needed.

``values`` and ``known`` have shape (series, periods); ``origins`` are numbers of periods that are past when a forecast
is made; periods that are not known are cut out first, so that nothing is learned and nothing forgotten in them.
"""

import numpy as np
from numba import njit, prange

SMOOTHING, CROSTON, TSB, CROSTON_OPTIMIZED, ADIDA, IMAPA = range(6)
_GRID = 16  # fills the vector units of today's processors
_FINE = 5e-5  # from here on the squared error is a parabola; on finer grids its rounding would show
_INTERMITTENT = (0.1, 0.3)


@njit(cache=True, parallel=True, nogil=True)
def level_forecasts(method, values, known, origins, alpha, beta, scale, out):
    """Fill in flat forecasts (series, origins) of one of the methods above; what is not known stays as it was."""
    for i in prange(values.shape[0]):
        _forecast(method, values[i], known[i], origins, alpha[i], beta[i], scale[i], out[i])


@njit(cache=True, parallel=True, nogil=True)
def best_smoothings(values, known, origins, low, high, free, out):
    """Fill in level, constant, first level and mean squared error, shape (series, origins, 4), fitted by series."""
    for i in prange(values.shape[0]):
        _smooth(values[i], known[i], origins, low, high, free, out[i])


@njit(cache=True, nogil=True)
def _forecast(method, values, known, origins, alpha, beta, scale, out):
    series, counts = _compressed(values, known, origins)
    path = _path(method, series, alpha, beta) if method <= TSB else series
    for j in range(counts.size):
        if counts[j] and method <= TSB:
            out[j] = scale * path[counts[j] - 1]
        elif counts[j]:
            out[j] = _optimized(method, series[: counts[j]])


@njit(cache=True, nogil=True)
def _smooth(values, known, origins, low, high, free, out):
    series, counts = _compressed(values, known, origins)
    for j in range(counts.size):
        past = series[: counts[j]]
        if past.size:
            alpha = _best_alpha(past, low, high, free)
            level, first, error = _fit(past, alpha, free)
            forecasts = past.size if free else past.size - 1
            out[j, 0], out[j, 1], out[j, 2] = level, alpha, first
            out[j, 3] = error / forecasts if forecasts else np.nan


@njit(cache=True, nogil=True)
def _compressed(values, known, origins):
    """Return the known values alone, and how many of them there are at each origin."""
    series = np.empty(values.size)
    until = np.zeros(values.size + 1, np.int64)
    count = 0
    for t in range(values.size):
        if known[t]:
            series[count] = values[t]
            count += 1
        until[t + 1] = count
    return series[:count], until[origins]


@njit(cache=True, nogil=True)
def _path(method, series, alpha, beta):
    """Return the forecast after each period."""
    path = np.empty(series.size)
    level = interval = chance = 0.0
    since, started = 0, False
    for t in range(series.size):
        value = series[t]
        since += 1
        if method == TSB:
            came = 1.0 if value != 0 else 0.0
            chance = came if t == 0 else chance + beta * (came - chance)
        if method == SMOOTHING or value != 0:
            level = level + alpha * (value - level) if started else value
            interval = interval + alpha * (since - interval) if started else float(since)
            since, started = 0, True
        if method == CROSTON:
            path[t] = level / interval if started else 0.0
        else:
            path[t] = level * chance if method == TSB else level
    return path


@njit(cache=True, nogil=True)
def _optimized(method, series):
    """Return the forecast after a series of a method that seeks its constants in 0.1 to 0.3."""
    last, hits = 0, 0
    sizes, intervals = np.empty(series.size), np.empty(series.size)
    for t in range(series.size):
        if series[t] != 0:
            sizes[hits], intervals[hits] = series[t], t + 1 - last
            last = t + 1
            hits += 1
    if hits == 0:
        return 0.0
    if method == CROSTON_OPTIMIZED:
        return _best_level(sizes[:hits]) / _best_level(intervals[:hits])
    longest = int(np.rint(last / hits))
    shortest = longest if method == ADIDA else 1
    total = 0.0
    for width in range(shortest, longest + 1):
        total += _best_level(_sums(series, width)) / width
    return total / (longest + 1 - shortest)


@njit(cache=True, nogil=True)
def _sums(series, width):
    """Return sums of so many periods each; what is left over is left out at the begin."""
    sums = np.zeros(series.size // width)
    skipped = series.size - sums.size * width
    for k in range(sums.size):
        for t in range(width):
            sums[k] += series[skipped + k * width + t]
    return sums


@njit(cache=True, nogil=True)
def _best_level(series):
    alpha = _best_alpha(series, _INTERMITTENT[0], _INTERMITTENT[1], False)
    return _fit(series, alpha, False)[0]


@njit(cache=True, nogil=True)
def _best_alpha(series, low, high, free):
    """Return the constant with the least squared one-step error: ever finer grids, then the vertex of a parabola."""
    left, right = low, high
    while True:
        step = (right - left) / (_GRID - 1)
        alphas = left + step * np.arange(_GRID)
        errors = _squared_errors_from_best_start(series, alphas) if free else _squared_errors(series, alphas)
        k = np.argmin(errors)
        if step < _FINE:
            break
        left, right = max(low, alphas[k] - step), min(high, alphas[k] + step)
    best = alphas[k]
    if 0 < k < _GRID - 1:
        bend = errors[k - 1] - 2 * errors[k] + errors[k + 1]
        if bend > 0:
            best += step / 2 * (errors[k - 1] - errors[k + 1]) / bend
    return min(max(best, low), high)


@njit(cache=True, nogil=True)
def _squared_errors(series, alphas):
    """Return the sum of squared one-step errors for each of a grid of constants, in one walk through the series."""
    levels, total = np.full(_GRID, series[0]), np.zeros(_GRID)
    for t in range(1, series.size):
        value = series[t]
        for k in range(_GRID):
            level = levels[k]
            error = value - level
            levels[k] = level + alphas[k] * error
            total[k] += error * error
    return total


@njit(cache=True, nogil=True)
def _squared_errors_from_best_start(series, alphas):
    """Return the same with the first level that is best for each constant."""
    levels, total = np.full(_GRID, series[0]), np.zeros(_GRID)
    weight, crossed, squares = np.ones(_GRID), np.zeros(_GRID), np.zeros(_GRID)
    for t in range(series.size):
        value = series[t]
        for k in range(_GRID):
            level = levels[k]
            error = value - level
            levels[k] = level + alphas[k] * error
            total[k] += error * error
            crossed[k] += weight[k] * error
            squares[k] += weight[k] * weight[k]
            weight[k] *= 1 - alphas[k]
    return total - crossed * crossed / squares


@njit(cache=True, nogil=True)
def _fit(series, alpha, free):
    """Return the last level, the first level and the squared error of one constant.

    Errors are linear in the first level, with the weights 1, 1 - alpha, (1 - alpha)^2, ...: the best one is a division.
    """
    level, total, weight, crossed, squares = series[0], 0.0, 1.0, 0.0, 0.0
    for value in series:
        error = value - level
        total += error * error
        level += alpha * error
        crossed += weight * error
        squares += weight * weight
        weight *= 1 - alpha
    if not free:
        return level, series[0], total
    shift = crossed / squares
    return level + weight * shift, series[0] + shift, max(total - crossed * shift, 0.0)
