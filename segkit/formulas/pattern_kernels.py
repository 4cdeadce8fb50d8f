"""Compiled demand patterns: how often a series sells, and how much its sales differ (Syntetos, Boylan & Croston)."""

import numpy as np
from numba import njit, prange

_LEAST = 1e-12


@njit(cache=True, nogil=True, parallel=True)
def patterns_of_all(values, observed, start, rare, rough):  # type: ignore[no-untyped-def]
    """Return the pattern of every series: 0 without sales, else 1, + 1 where it sells rarely, + 2 where it is rough.

    ``rare`` is the least number of periods a sale, ``rough`` the least squared coefficient of variation of sales.
    """
    patterns = np.zeros(len(values), dtype=np.int64)
    for one in prange(len(values)):
        listed, count, total, squares = 0, 0, 0.0, 0.0
        for period in range(start[one], values.shape[1]):
            if observed[one, period]:
                listed += 1
                if values[one, period] > 0.0:
                    count += 1
                    total += values[one, period]
        if count == 0:
            continue
        mean = total / count
        for period in range(start[one], values.shape[1]):
            if observed[one, period] and values[one, period] > 0.0:
                squares += (values[one, period] - mean) ** 2
        spread = squares / count / max(mean, _LEAST) ** 2
        patterns[one] = 1 + (listed > rare * count) + 2 * (spread > rough)
    return patterns


@njit(cache=True, nogil=True, parallel=True)
def patterns_so_far(values, observed, start, rare, rough):  # type: ignore[no-untyped-def]
    """Return the same by the periods up to each one, (series, periods)."""
    patterns = np.zeros(values.shape, dtype=np.int64)
    for one in prange(len(values)):
        listed, count, total, squares, most = 0, 0, 0.0, 0.0, _LEAST
        for period in range(start[one], values.shape[1]):
            if observed[one, period]:
                most = max(most, values[one, period])
        for period in range(start[one], values.shape[1]):
            if observed[one, period]:
                listed += 1
                if values[one, period] > 0.0:
                    sold = values[one, period] / most
                    count, total, squares = count + 1, total + sold, squares + sold * sold
            if count > 0:
                spread = squares * count / max(total, _LEAST) ** 2 - 1.0
                patterns[one, period] = 1 + (listed > rare * count) + 2 * (spread > rough)
    return patterns


@njit(cache=True, nogil=True, parallel=True)
def sales_shares(values, observed, start):  # type: ignore[no-untyped-def]
    """Return in what share of periods each series sells, as far as those after its first sale tell; 1 without sales.

    That it sold in the first one is why it is there. One period as of all series together comes in its place.
    """
    shares, sold, listed = np.ones(len(values)), np.zeros(len(values)), np.zeros(len(values))
    for one in prange(len(values)):
        for period in range(start[one], values.shape[1]):
            listed[one] += observed[one, period]
            sold[one] += observed[one, period] and values[one, period] > 0.0
    later, seen = 0.0, 0.0
    for one in range(len(values)):
        if sold[one] > 0.0:
            later, seen = later + sold[one] - 1.0, seen + listed[one] - 1.0
    usual = later / seen if seen > 0.0 else 1.0
    for one in range(len(values)):
        if sold[one] > 0.0:
            shares[one] = (sold[one] - 1.0 + usual) / listed[one]
    return shares


@njit(cache=True, nogil=True, parallel=True)
def scale_first_sales(values, observed, start, shares, levels):  # type: ignore[no-untyped-def]
    """Multiply the levels after every period of each series, up to its second sale, by its share; all others stay."""
    for one in prange(len(values)):
        sold = 0
        for period in range(start[one], values.shape[1]):
            sold += observed[one, period] and values[one, period] > 0.0
            if sold > 1:
                break
            levels[one, period] *= shares[one]
