"""Demand of which only part was sold: what is expected of it, given that it was no less than sales.

A count is negative binomial (variance = mean + excess x mean², Poisson without excess), above some tens gamma with the
same variance, as in `segkit.formulas.demand_spread`. Tails are told by continued fractions of the incomplete beta and
gamma functions, as ratios to the first term, so that nothing vanishes however far out sales lie.
"""

from math import exp, lgamma, log

import numpy as np
from numba import njit, prange
from scipy.special import betainc, gammaincc, gammainccinv, pdtr, pdtrc

MANY = 60.0  # lots above which counts are taken as gamma
_TINY, _EXACT, _STEPS, _MOST = 1e-300, 1e-15, 20_000, 1e6
_POISSON = 1e-7  # excess below which it cannot be told from none


def expected_sales(mean: np.ndarray, stock: np.ndarray, *, excess: float = 0.0) -> np.ndarray:
    """Return what is sold of demand that meets a limited stock: E[min(D, S)].

    Parameters
    ----------
    mean : array
        Mean demand, above zero. [units]
    stock : array
        Stock S, whole numbers. [units]
    excess : float
        Variance beyond that of Poisson, as a share of mean²; 0 = Poisson.

    Returns
    -------
    array
        Units sold on average.

    References
    ----------
    Snyder, L. V. & Shen, Z.-J. M. (2019). Fundamentals of Supply Chain Theory, 2nd ed., Wiley, app. C (loss functions).

    Examples
    --------
    >>> round(float(expected_sales(10.0, 10.0)), 10)
    8.7488996428
    """
    mean, stock = np.asarray(mean, dtype=float), np.asarray(stock, dtype=float)
    low = np.maximum(stock, 2.0)
    if excess < _POISSON:
        sold = mean * pdtr(low - 2, mean) + low * pdtrc(low - 1, mean)
        none = np.exp(-mean)
    else:
        size = 1.0 / excess
        odds = mean / (size + mean)
        sold = mean * (1.0 - betainc(low - 1, size + 1, odds)) + low * betainc(low, size, odds)
        none = (1.0 - odds) ** size
    return np.where(stock < 1, 0.0, np.where(stock < 2, 1.0 - none, sold))


def demand_above(mean: np.ndarray, excess: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """Return the demand to be expected where it was at least what was sold: E[D | D >= y].

    Parameters
    ----------
    mean : array
        Mean demand m as known before. [smallest lots]
    excess : array
        Variance beyond that of Poisson, as a share of mean².
    sold : array
        Sales y, taken as whole numbers. [smallest lots]

    Returns
    -------
    array
        Never less than ``sold`` nor ``mean``. [smallest lots]

    Notes
    -----
    For counts E[D | D >= y] = m + (1 + excess x m) y f(y) / P(D >= y), from the recursion of the probabilities f.

    References
    ----------
    Johnson, N. L., Kemp, A. W. & Kotz, S. (2005). Univariate Discrete Distributions, 3rd ed., Wiley, ch. 4 and 5.

    Examples
    --------
    >>> demand_above(10.0, 0.0, [0.0, 10.0, 40.0]).round(4).tolist()
    [10.0, 12.308, 40.3164]
    """
    parts = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (mean, excess, sold)))
    flat = [np.ascontiguousarray(part).ravel() for part in parts]
    return _all_above(*flat).reshape(parts[0].shape)


def demand_drawn(mean: np.ndarray, excess: np.ndarray, sold: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return what demand may have been where it was at least what was sold: a quantile of D, given D >= y.

    Parameters
    ----------
    mean, excess, sold : array
        As `demand_above` takes them.
    chance : array
        Probabilities, between 0 and 1: even ones draw from the distribution.

    Returns
    -------
    array
        Whole numbers from ``sold`` on. [smallest lots]

    Examples
    --------
    >>> demand_drawn(10.0, 0.0, 10.0, [0.01, 0.5, 0.99]).tolist()
    [10.0, 12.0, 19.0]
    """
    parts = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (mean, excess, sold, chance)))
    usual, more, least, wanted = (np.ascontiguousarray(part).ravel() for part in parts)
    least = np.maximum(np.round(least), 0.0)
    found = least.copy()
    many = usual > MANY
    found[~many] = _all_drawn(usual[~many], more[~many], least[~many], wanted[~many])
    shape = 1.0 / (more[many] + 1.0 / usual[many])
    place = np.maximum(least[many] - 0.5, 0.0) * shape / usual[many]
    drawn = gammainccinv(shape, (1.0 - wanted[many]) * gammaincc(shape, place)) * usual[many] / shape
    found[many] = np.maximum(np.where(np.isfinite(drawn), np.round(drawn), 0.0), least[many])
    return found.reshape(parts[0].shape)


@njit(cache=True, nogil=True, parallel=True)
def _all_above(mean, excess, sold):  # type: ignore[no-untyped-def]
    found = np.zeros(mean.size)
    for one in prange(mean.size):
        found[one] = above(mean[one], excess[one], sold[one])
    return found


@njit(cache=True, nogil=True, parallel=True)
def _all_drawn(mean, excess, sold, chance):  # type: ignore[no-untyped-def]
    found = sold.copy()
    for one in prange(mean.size):
        if mean[one] <= 0.0:
            continue
        odds = mean[one] * excess[one] / (1.0 + mean[one] * excess[one])
        fixed = mean[one] / (1.0 + mean[one] * excess[one])
        count = sold[one]
        rest = 1.0 - chance[one]
        part = share_at(mean[one], excess[one], count)
        left = 1.0 - part
        while left > rest and count < sold[one] + _MOST:
            part *= (fixed + odds * count) / (count + 1.0)
            count += 1.0
            left -= part
            if part < _EXACT * rest:
                break
        found[one] = count
    return found


@njit(cache=True, nogil=True)
def above(mean, excess, sold):  # type: ignore[no-untyped-def]
    """Return E[D | D >= sold], sold taken as a whole number."""
    sold = np.round(sold)
    if sold <= 0.0 or mean <= 0.0:
        return max(mean, sold)
    if mean > MANY:
        told = _gamma_above(mean, excess, sold - 0.5)
    else:
        told = mean + (1.0 + excess * mean) * sold * share_at(mean, excess, sold)
    return max(told, sold, mean)


@njit(cache=True, nogil=True)
def share_at(mean, excess, count):  # type: ignore[no-untyped-def]
    """Return P(D = count) / P(D >= count)."""
    if count <= 0.0:
        return exp(-mean) if excess < _POISSON else exp(-log(1.0 + excess * mean) / excess)
    if excess < _POISSON:
        if mean < count + 1.0:
            return 1.0 / _gamma_series(count, mean)
        chance = exp(count * log(mean) - mean - lgamma(count + 1.0))
        return chance / (1.0 - chance * count * _gamma_fraction(count, mean))
    size = 1.0 / excess
    odds = mean / (size + mean)
    if odds < (count + 1.0) / (count + size + 2.0):
        return 1.0 / _beta_fraction(count, size, odds)
    chance = exp(log_chance(mean, size, count))
    return chance / (1.0 - chance * count / size * _beta_fraction(size, count, 1.0 - odds))


@njit(cache=True, nogil=True)
def log_chance(mean, size, count):  # type: ignore[no-untyped-def]
    """Return the log probability of a negative binomial count."""
    fixed = lgamma(count + size) - lgamma(size) - lgamma(count + 1.0)
    return fixed + size * log(size / (size + mean)) + count * log(mean / (size + mean))


@njit(cache=True, nogil=True)
def _gamma_above(mean, excess, least):  # type: ignore[no-untyped-def]
    shape = 1.0 / (excess + 1.0 / mean)
    place = max(least, 0.0) * shape / mean
    if place <= 0.0:
        return mean
    if place >= shape + 1.0:
        return mean * (1.0 + 1.0 / (shape * _gamma_fraction(shape, place)))
    density = exp(shape * log(place) - place - lgamma(shape + 1.0))
    return mean * (1.0 + density / (1.0 - density * _gamma_series(shape, place)))


@njit(cache=True, nogil=True)
def _gamma_series(shape, place):  # type: ignore[no-untyped-def]
    """Return the lower incomplete gamma function over place^shape exp(-place) / shape."""
    total, term = 1.0, 1.0
    for step in range(1, _STEPS):
        term *= place / (shape + step)
        total += term
        if term < total * _EXACT:
            break
    return total


@njit(cache=True, nogil=True)
def _gamma_fraction(shape, place):  # type: ignore[no-untyped-def]
    """Return the upper incomplete gamma function over place^shape exp(-place), by its continued fraction."""
    base = place + 1.0 - shape
    ahead, behind = 1.0 / _TINY, 1.0 / base
    value = behind
    for step in range(1, _STEPS):
        part = step * (shape - step)
        base += 2.0
        behind = 1.0 / _safe(part * behind + base)
        ahead = _safe(base + part / ahead)
        value *= ahead * behind
        if abs(ahead * behind - 1.0) < _EXACT:
            break
    return value


@njit(cache=True, nogil=True)
def _beta_fraction(a, b, x):  # type: ignore[no-untyped-def]
    """Return the incomplete beta function over x^a (1-x)^b / a, by its continued fraction."""
    ahead, behind = 1.0, 1.0 / _safe(1.0 - (a + b) * x / (a + 1.0))
    value = behind
    for step in range(1, _STEPS):
        part = step * (b - step) * x / ((a + 2 * step - 1.0) * (a + 2 * step))
        behind = 1.0 / _safe(1.0 + part * behind)
        ahead = _safe(1.0 + part / ahead)
        value *= ahead * behind
        part = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1.0))
        behind = 1.0 / _safe(1.0 + part * behind)
        ahead = _safe(1.0 + part / ahead)
        value *= ahead * behind
        if abs(ahead * behind - 1.0) < _EXACT:
            break
    return value


@njit(cache=True, nogil=True)
def _safe(value):  # type: ignore[no-untyped-def]
    return value if abs(value) > _TINY else _TINY
