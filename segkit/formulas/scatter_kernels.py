"""Compiled loops behind the scatter of forecasts: which excess and curve each one has, and how wide each series is."""

from math import exp, floor, lgamma, log, sqrt

import numpy as np
from numba import njit, prange


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def excess_places(mean, classes, width, doubt, sizes, table, cuts, least, lowest):  # type: ignore[no-untyped-def]
    """Return the excess of each forecast, and the row of its curve; as `Spread.places` has it.

    ``table`` is the log excess by class and size; ``doubt`` has one value for all, or one each.
    """
    excess, row = np.zeros(mean.size), np.zeros(mean.size, dtype=np.int64)
    cells, last = cuts.size + 1, sizes.size - 1
    for one in prange(mean.size):
        floored = max(mean[one], least)
        size = np.rint(log(floored) * 100.0) / 100.0
        low = min(max(np.searchsorted(sizes, size, side="right") - 1, 0), last)
        high = min(low + 1, last)
        part = 0.0
        if high > low and size > sizes[low]:
            part = (size - sizes[low]) / (sizes[high] - sizes[low])
        usual = exp(table[classes[one], low] * (1.0 - part) + table[classes[one], high] * part)
        wide = (width[one] ** 2 * (1.0 + usual * floored) - 1.0) / floored
        excess[one] = max(wide, lowest) + doubt[one % doubt.size]
        row[one] = classes[one] * cells + np.searchsorted(cuts, size)
    return excess, row


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def error_sums(values, observed, start, parts, table, growth, damped, factor, group):  # type: ignore[no-untyped-def]
    """Return how far forecasts of the next period were off until each one [parts], and of how many that is known.

    ``growth`` has no rows where levels do not grow; ``damped`` of it is left a period later. ``parts`` have one column,
    or one a period.
    """
    series, periods = values.shape
    sums, number = np.zeros((series, periods)), np.zeros((series, periods), dtype=np.float32)
    for one in prange(series):
        total, count = 0.0, 0
        for period in range(1, periods):
            if observed[one, period] and period > start[one]:
                part = parts[one, period - 1 if parts.shape[1] > 1 else 0]
                level = table[one, period - 1]
                if len(growth):
                    level += damped * growth[one, period - 1]
                total += abs(values[one, period] - level * factor[group[one], period]) / part
                count += 1
            sums[one, period], number[one, period] = total, count
    return sums, number


@njit(cache=True, nogil=True, error_model="numpy")
def _usual_at(mean, sizes, usual, rough):  # type: ignore[no-untyped-def]
    """Return the usual error at a mean [parts], by what is known of it at some sizes."""
    size, last = log(mean), sizes.size - 1
    low = min(max(np.searchsorted(sizes, size, side="right") - 1, 0), last)
    high = min(low + 1, last)
    told = usual[low]
    if high > low and size > sizes[low]:
        told += (usual[high] - told) / (sizes[high] - sizes[low]) * (size - sizes[low])
    return exp(told) * sqrt(mean + rough * mean * mean)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def count_by_size(number, changed, observed, start, parts, table, classes, sizes, usual, rough, least):  # type: ignore[no-untyped-def]
    """Let errors from before a level fell count as many as usual ones at the level since: they were of more demand.

    ``changed`` tells where a level is known to have changed; elsewhere ``number`` stays as it is.
    """
    series, periods = table.shape
    for one in prange(series):
        if not changed[one].any():
            continue
        total, own = 0.0, usual[classes[one]]
        for period in range(1, periods):
            if observed[one, period] and period > start[one]:
                part = parts[one, period - 1 if parts.shape[1] > 1 else 0]
                total += _usual_at(max(table[one, period - 1] / part, least), sizes, own, rough)
            if changed[one, period]:
                part = parts[one, period if parts.shape[1] > 1 else 0]
                now = _usual_at(max(table[one, period] / part, least), sizes, own, rough)
                number[one, period] = max(number[one, period], total / now)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def habit_widths(level, error, number, classes, sizes, usual, shrunk, rough, least):  # type: ignore[no-untyped-def]
    """Return the errors of series over the usual ones of their class at a level [parts], shrunk to those.

    ``usual`` is the log of the mean |error| by class and size; no narrower than Poisson's, as quantiles are.
    """
    width, last = np.zeros(level.size), sizes.size - 1
    for one in prange(level.size):
        mean = max(level[one], least)
        size = log(mean)
        low = min(max(np.searchsorted(sizes, size, side="right") - 1, 0), last)
        high = min(low + 1, last)
        told = usual[classes[one], low]
        if high > low and size > sizes[low]:
            told += (usual[classes[one], high] - told) / (sizes[high] - sizes[low]) * (size - sizes[low])
        whole = floor(mean)
        poisson = 2.0 * exp((whole + 1.0) * size - mean - lgamma(whole + 1.0))
        expected = max(exp(told) * sqrt(mean + rough * mean * mean), poisson)
        width[one] = (error[one] + shrunk * expected) / ((number[one] + shrunk) * expected)
    return width
