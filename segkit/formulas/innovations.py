"""Exponential smoothing with a single source of error, fitted by likelihood with gradients of compiled loops."""

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

NONE, ADDED, TIMES = 0, 1, 2
_STEP = 1e-6
_TINY = 1e-32


def fit_states(
    demand: ArrayLike,
    start: ArrayLike,
    free: ArrayLike,
    bounds: list[tuple[float, float]],
    *,
    season: int,
    cycle: int,
    times_error: bool,
    tolerances: tuple[float, float],
) -> tuple[np.ndarray, bool]:
    """Return the constants and first states of the greatest likelihood, and whether they were found.

    Parameters
    ----------
    demand : array_like
        Oldest period first, none missing. [units]
    start : array_like
        alpha, beta / alpha, gamma / (1 - alpha), phi, first level, first trend, then the seasons of the cycle before,
        the latest first: where to begin. Without a trend, beta and the first trend are 0.
    free : array_like of bool
        Which of them are looked for; the others stay as they are.
    bounds : list of pairs
        Of each that is looked for.
    season : int
        `NONE`, `ADDED` or `TIMES`.
    cycle : int
        Periods of a cycle.
    times_error : bool
        Whether errors are shares of the forecast.
    tolerances : tuple of float
        Relative change of the likelihood, and size of the gradient, at which the search ends.

    Returns
    -------
    parameters : ndarray
        As ``start``.
    found : bool

    Notes
    -----
    A season by which the level is multiplied is told from demand / level after the period, as statsmodels has it, not
    before it.

    References
    ----------
    Hyndman, Koehler, Ord & Snyder (2008). Forecasting with Exponential Smoothing. Springer, equations 2.1 and 5.3.
    """
    from scipy.optimize import minimize

    values, begin = np.asarray(demand, dtype=float), np.asarray(start, dtype=float)
    places = np.flatnonzero(free)

    def cost(some: np.ndarray) -> tuple[float, np.ndarray]:
        every = begin.copy()
        every[places] = some
        return _cost_and_slope(every, places, values, season, cycle, times_error)

    options = {"ftol": tolerances[0], "gtol": tolerances[1], "maxiter": 1000}
    low, high = np.array(bounds).T
    first = np.clip(begin[places], low, high)
    found = minimize(cost, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    best = begin.copy()
    best[places] = found.x
    return best, bool(found.success)


@njit(cache=True)
def told_demand(parameters, demand, season, cycle):  # type: ignore[no-untyped-def]
    """Return the forecast of every period one step ahead. [units]."""
    alpha, beta, gamma, phi = parameters[:4]
    level, trend = parameters[4], parameters[5]
    told, seasons = np.empty(demand.size), np.empty(max(cycle, 1))
    for place in range(seasons.size if season != NONE else 0):
        seasons[place] = parameters[5 + cycle - place]
    for period in range(demand.size):
        base, before, now = level + phi * trend, level, period % seasons.size
        if season == NONE:
            told[period] = base
            level = alpha * demand[period] + (1.0 - alpha) * base
        elif season == ADDED:
            told[period] = base + seasons[now]
            level = alpha * (demand[period] - seasons[now]) + (1.0 - alpha) * base
            seasons[now] = gamma * (demand[period] - level) + (1.0 - gamma) * seasons[now]
        else:
            told[period] = base * seasons[now]
            level = alpha * (demand[period] / seasons[now]) + (1.0 - alpha) * base
            seasons[now] = gamma * (demand[period] / level) + (1.0 - gamma) * seasons[now]
        trend = beta * (level - before) + (1.0 - beta) * phi * trend
    return told


@njit(cache=True)
def _cost(parameters, demand, season, cycle, times_error):  # type: ignore[no-untyped-def]
    """Return minus the log-likelihood of a period at the best variance."""
    told = told_demand(parameters, demand, season, cycle)
    squares, scale = 0.0, 0.0
    for period in range(demand.size):
        error = demand[period] - told[period]
        if times_error:
            error /= told[period] if told[period] != 0.0 else _TINY
            scale += np.log(max(abs(told[period]), _TINY))
        squares += error * error
    return 0.5 * (np.log(2.0 * np.pi * max(squares / demand.size, 1e-300)) + 1.0) + scale / demand.size


@njit(cache=True)
def _cost_and_slope(parameters, places, demand, season, cycle, times_error):  # type: ignore[no-untyped-def]
    cost = _cost(parameters, demand, season, cycle, times_error)
    slope, moved = np.empty(places.size), parameters.copy()
    for number in range(places.size):
        place = places[number]
        step = _STEP * max(1.0, abs(parameters[place]))
        moved[place] = parameters[place] + step
        above = _cost(moved, demand, season, cycle, times_error)
        moved[place] = parameters[place] - step
        below = _cost(moved, demand, season, cycle, times_error)
        moved[place] = parameters[place]
        slope[number] = (above - below) / (2.0 * step)
    return cost, slope
