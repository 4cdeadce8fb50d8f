"""Levels of demand through periods that were sold in part: compiled loops over series and periods."""

from math import log

import numpy as np
from numba import njit, prange

from segkit.formulas.censored_demand import above, log_chance, share_at

_SEEN = 4


def recover_levels(
    values: np.ndarray,
    observed: np.ndarray,
    partly: np.ndarray,
    start: np.ndarray,
    factor: np.ndarray,
    excess: np.ndarray,
    constant: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return demand, where partly sold as the level known before tells it, and that level.

    Parameters
    ----------
    values : array
        Sales by series and period. [smallest lots]
    observed, partly : array of bool
        Same shape: where sales are demand, and where demand was at least as much.
    start : array of int
        First listed period of each series.
    factor : array
        Shape of ``values``: how much more than the level is usual in a period.
    excess : array
        Variance of each series' demand beyond that of Poisson, as a share of its squared mean.
    constant : float
        Smoothing constant of the level.

    Returns
    -------
    recovered : array
        Sales; where partly sold E[D | D >= sales]. [smallest lots]
    known : array
        Same shape: demand as it was expected before each period; zero where nothing was known. [smallest lots]

    Notes
    -----
    Recovered demand moves the level on, which must not feed on itself: the level that it is taken from exceeds that of
    sales by twice the share of periods that were sold in full, at most. So where there is no such period, it is sales
    that tell.
    """
    recovered, known = values.copy(), np.zeros_like(values)
    _recover(values, observed, partly, start, factor, excess, constant, recovered, known)
    return recovered, known


def excess_likelihoods(
    values: np.ndarray, known: np.ndarray, observed: np.ndarray, partly: np.ndarray, grid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how likely every series is with each excess, partly sold periods by the probability of as much or more.

    Parameters
    ----------
    values, known : array
        Sales, and what was expected before (zero: left out). [smallest lots]
    observed, partly : array of bool
        As `recover_levels` takes them.
    grid : array
        Values of the excess, above zero.

    Returns
    -------
    fits : array
        Shape (series, grid): log likelihood.
    count : array of int
        Periods that it rests on, by series.
    """
    fits, count = np.zeros((len(values), len(grid))), np.zeros(len(values), dtype=np.int64)
    _fits(values, known, observed, partly, grid, fits, count)
    return fits, count


@njit(cache=True, nogil=True, parallel=True)
def _recover(  # type: ignore[no-untyped-def]
    values, observed, partly, start, factor, excess, constant, recovered, known
):
    series, periods = values.shape
    keep = 1.0 - constant
    for one in prange(series):
        top, sales, full, bottom = 0.0, 0.0, 0.0, 0.0
        for period in range(start[one], periods):
            usual = factor[one, period]
            if bottom > 0.0:
                known[one, period] = min(top, sales * (1.0 + 2.0 * full / bottom)) / bottom * usual
            if not (observed[one, period] or partly[one, period]):
                continue
            if partly[one, period]:
                recovered[one, period] = above(known[one, period], excess[one], values[one, period])
            top = keep * top + constant * recovered[one, period] / usual
            sales = keep * sales + constant * values[one, period] / usual
            full = keep * full + (0.0 if partly[one, period] else constant)
            bottom = keep * bottom + constant


@njit(cache=True, nogil=True, parallel=True)
def _fits(values, known, observed, partly, grid, fits, count):  # type: ignore[no-untyped-def]
    series, periods = values.shape
    for one in prange(series):
        seen = 0
        for period in range(periods):
            mean, sold = known[one, period], np.round(values[one, period])
            if mean <= 0.0 or not (observed[one, period] or partly[one, period]):
                continue
            seen += 1
            if seen < _SEEN:
                continue
            count[one] += 1
            for place in range(grid.size):
                size = 1.0 / grid[place]
                fit = log_chance(mean, size, sold)
                if partly[one, period]:
                    fit = min(fit - log(max(share_at(mean, grid[place], sold), 1e-300)), 0.0)
                fits[one, place] += fit
