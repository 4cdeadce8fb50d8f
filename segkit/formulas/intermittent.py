"""Intermittent demand: how it is described, and the classical one-figure forecasts of it.

A series is a one-dimensional array of demand per period, zeros included. All functions take one series and return
one figure; a series without demand gives NaN for descriptions and 0 for forecasts.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

_ALPHA_BOUNDS = (0.1, 0.3)


def average_demand_interval(demand: ArrayLike) -> float:
    """Return ADI = periods / periods with demand [periods].

    Notes
    -----
    The whole array counts, leading zeros included; leave out what lies before the launch first.

    References
    ----------
    Syntetos, Boylan & Croston (2005), "On the categorization of demand patterns", JORS 56(5).

    Examples
    --------
    >>> average_demand_interval([0, 2, 0, 4])
    2.0
    """
    series = np.asarray(demand, dtype=float)
    hits = int(np.count_nonzero(series))
    return series.size / hits if hits else float("nan")


def squared_variation(demand: ArrayLike, *, ddof: int = 0) -> float:
    """Return CV² of the sizes of demand: variance / mean² over the periods with demand.

    Parameters
    ----------
    demand : array_like
        One series.
    ddof : int
        0 = population variance (the convention of segkit), 1 = sample variance.

    References
    ----------
    Syntetos, Boylan & Croston (2005), JORS 56(5).

    Examples
    --------
    >>> squared_variation([0, 2, 0, 4])
    0.1111111111111111
    """
    sizes = np.asarray(demand, dtype=float)
    sizes = sizes[sizes != 0]
    return float(sizes.var(ddof=ddof) / sizes.mean() ** 2) if sizes.size > ddof else np.nan


def prefers_syntetos_boylan(interval: ArrayLike, variation: ArrayLike) -> np.ndarray:
    """Return where Syntetos-Boylan is the better of the two for the squared error, by the Kostenko-Hyndman line.

    Parameters
    ----------
    interval : array_like
        Average demand interval, p, 1 or more. [periods]
    variation : array_like
        Squared coefficient of variation of the sizes of demand, v.

    Returns
    -------
    ndarray of bool
        v > 2 - 3p/2: always beyond p = 4/3. False = Croston. False too where nothing is known (NaN).

    Notes
    -----
    An alternative to the four quadrants (p 1.32, v 0.49), for choosing between these two methods. Exact for small
    smoothing constants at the ends of the line, (1, 1/2) and (4/3, 0); between them the true border, v = 2/p - 3/2,
    bends below it by .04 at most.

    References
    ----------
    Kostenko, A. V. & Hyndman, R. J. (2006). A note on the categorization of demand patterns. JORS 57, 1256-1257.

    Examples
    --------
    >>> prefers_syntetos_boylan([1.1, 1.1, 1.5], [0.2, 0.5, 0.0]).tolist()
    [False, True, True]
    """
    return np.asarray(np.asarray(variation, dtype=float) > 2.0 - 1.5 * np.asarray(interval, dtype=float))


def croston(demand: ArrayLike, *, alpha: float = 0.1) -> float:
    """Return Croston's forecast: smoothed size / smoothed interval [units/period].

    Parameters
    ----------
    demand : array_like
        One series.
    alpha : float
        Smoothing constant [0-1] of both parts. Both start at their first value; the first interval counts from the
        begin of the series.

    References
    ----------
    Croston (1972), "Forecasting and stock control for intermittent demands", Operational Research Quarterly 23(3).

    Examples
    --------
    >>> round(croston([0, 2, 0, 1, 0, 11]), 4)
    1.405
    """
    sizes, intervals = _sizes_and_intervals(demand)
    return smoothed(sizes, alpha) / smoothed(intervals, alpha) if sizes.size else 0.0


def croston_optimized(demand: ArrayLike) -> float:
    """Return Croston's forecast with each part's constant chosen in 0.1 to 0.3 by least squares."""
    sizes, intervals = _sizes_and_intervals(demand)
    return smoothed(sizes, best_alpha(sizes)) / smoothed(intervals, best_alpha(intervals)) if sizes.size else 0.0


def syntetos_boylan(demand: ArrayLike, *, alpha: float = 0.1) -> float:
    """Return the Syntetos-Boylan approximation: Croston x (1 - alpha / 2), which takes out Croston's bias.

    References
    ----------
    Syntetos & Boylan (2005), "The accuracy of intermittent demand estimates", IJF 21(2).
    """
    return croston(demand, alpha=alpha) * (1 - alpha / 2)


def teunter_syntetos_babai(demand: ArrayLike, *, alpha: float = 0.1, beta: float = 0.1) -> float:
    """Return the TSB forecast: smoothed probability x smoothed size; it falls while there is no demand.

    Parameters
    ----------
    demand : array_like
        One series.
    alpha, beta : float
        Smoothing constants [0-1] of the size and of the probability of demand.

    References
    ----------
    Teunter, Syntetos & Babai (2011), "Intermittent demand: linking forecasting to inventory obsolescence", EJOR 214(3).
    """
    series = np.asarray(demand, dtype=float)
    sizes = series[series != 0]
    return smoothed((series != 0).astype(float), beta) * smoothed(sizes, alpha) if sizes.size else 0.0


def aggregate_disaggregate(demand: ArrayLike) -> float:
    """Return the ADIDA forecast: smooth sums over the mean demand interval, then spread them evenly.

    References
    ----------
    Nikolopoulos et al. (2011), "An aggregate-disaggregate intermittent demand approach", JORS 62(3).
    """
    series = np.asarray(demand, dtype=float)
    _, intervals = _sizes_and_intervals(series)
    return _smoothed_sums(series, round(float(intervals.mean()))) if intervals.size else 0.0


def multiple_aggregation(demand: ArrayLike) -> float:
    """Return the IMAPA forecast: the mean of ADIDA over every level up to the mean demand interval.

    References
    ----------
    Petropoulos & Kourentzes (2015), "Forecast combinations for intermittent demand", JORS 66(6).
    """
    series = np.asarray(demand, dtype=float)
    _, intervals = _sizes_and_intervals(series)
    if not intervals.size:
        return 0.0
    levels = range(1, round(float(intervals.mean())) + 1)
    return float(np.mean([_smoothed_sums(series, level) for level in levels]))


def smoothed(values: np.ndarray, alpha: float) -> float:
    """Return simple exponential smoothing after the last value, started at the first."""
    level = values[0]
    for value in values[1:]:
        level += alpha * (value - level)
    return float(level)


def best_alpha(values: np.ndarray) -> float:
    """Return the constant in 0.1 to 0.3 with the least squared one-step error."""
    found = minimize_scalar(
        _squared_error, bounds=_ALPHA_BOUNDS, args=(values,), method="bounded", options={"xatol": 1e-9}
    )
    return min((*_ALPHA_BOUNDS, float(found.x)), key=lambda alpha: _squared_error(alpha, values))


def _squared_error(alpha: float, values: np.ndarray) -> float:
    level, total = values[0], 0.0
    for value in values[1:]:
        total += (value - level) ** 2
        level += alpha * (value - level)
    return total


def _sizes_and_intervals(demand: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    series = np.asarray(demand, dtype=float)
    at = np.flatnonzero(series)
    return series[at], np.diff(at, prepend=-1).astype(float)


def _smoothed_sums(series: np.ndarray, level: int) -> float:
    sums = series[series.size % level :].reshape(-1, level).sum(axis=1)
    return smoothed(sums, best_alpha(sums)) / level
