"""Simple exponential smoothing of many series at once, with constants given or fitted series by series.

Periods that are not known (see `histories.known_periods`) leave the level as it is. The level starts at the first
known value, which needs no forecast, unless it is fitted too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.histories import make_histories, shares_of_series


@dataclass(frozen=True)
class Smoothing:
    """Simple exponential smoothing fitted to each series; all of shape (series,), or (series, origins) where asked for.

    Attributes
    ----------
    level : ndarray
        Level after the last period = the forecast of all periods to come; 0 where nothing is known. [units]
    alpha : ndarray
        Smoothing constant; NaN where nothing is known: the sign that the level of 0 is a declaration, not a forecast.
    first_level : ndarray
        Level before the first known period; NaN where nothing is known. [units]
    squared_error : ndarray
        Mean squared one-step error of the fit; NaN where no period was forecast. [units²]
    """

    level: np.ndarray
    alpha: np.ndarray
    first_level: np.ndarray
    squared_error: np.ndarray


def smoothed_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    alpha: ArrayLike,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the levels of simple exponential smoothing with given constants: l = l + alpha (y - l).

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    alpha : array_like
        Smoothing constant, one for all or one per series. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made; ``range(1, periods + 1)`` gives the level after each period.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given; 0 where nothing is known. [units/period]

    Examples
    --------
    >>> smoothed_levels([[10, 20, 20]], alpha=0.5, origins=[1, 2, 3]).tolist()
    [[10.0, 15.0, 17.5]]
    """
    from segkit.formulas.smoothing_kernels import SMOOTHING, level_forecasts

    history = make_histories(values, observed, start, origins=origins)
    alphas = shares_of_series("alpha", alpha, len(history.values))
    levels = np.zeros((len(history.values), history.origins.size))
    level_forecasts(SMOOTHING, *history, alphas, alphas, np.ones_like(alphas), levels)
    return levels if origins is not None else levels[:, 0]


def best_smoothing(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    bounds: tuple[float, float] = (0.01, 0.99),
    origins: ArrayLike | None = None,
) -> Smoothing:
    """Return simple exponential smoothing with the constant of least squared one-step error, series by series.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    bounds : tuple of float
        Range of the constant. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made; the constant is fitted anew at each.

    Returns
    -------
    Smoothing

    Notes
    -----
    The level starts at the first known value. Of constants that are equally good the smallest is taken.

    Examples
    --------
    >>> best_smoothing([[1, 2, 3, 4, 5, 6]]).alpha.round(6).tolist()
    [0.99]
    """
    return _fitted(values, observed, start, bounds, origins, free=False)


def best_smoothing_and_start(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    bounds: tuple[float, float] = (0.0001, 0.9999),
    origins: ArrayLike | None = None,
) -> Smoothing:
    """Return simple exponential smoothing with constant and first level of least squared one-step error.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    bounds : tuple of float
        Range of the constant. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made; constant and first level are fitted anew at each.

    Returns
    -------
    Smoothing

    Notes
    -----
    The best first level is exact for each constant tried, since the errors are linear in it. This is the optimum of
    ETS(A,N,N); on short noisy series `best_smoothing` forecasts better.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 2e, section 7.1.

    Examples
    --------
    >>> fit = best_smoothing_and_start([[10, 10, 10]])
    >>> fit.first_level.tolist(), fit.level.tolist()
    ([10.0], [10.0])
    """
    return _fitted(values, observed, start, bounds, origins, free=True)


def _fitted(
    values: ArrayLike,
    observed: ArrayLike | None,
    start: ArrayLike | None,
    bounds: tuple[float, float],
    origins: ArrayLike | None,
    *,
    free: bool,
) -> Smoothing:
    from segkit.formulas.smoothing_kernels import best_smoothings

    if not 0 <= bounds[0] <= bounds[1] <= 1:
        raise ValueError(f"bounds {bounds} do not rise within 0 to 1")
    history = make_histories(values, observed, start, origins=origins)
    fitted = np.full((len(history.values), history.origins.size, 4), np.nan)
    fitted[:, :, 0] = 0.0
    best_smoothings(*history, float(bounds[0]), float(bounds[1]), free, fitted)
    parts = np.moveaxis(fitted, 2, 0).copy()
    return Smoothing(*(parts if origins is not None else parts[:, :, 0]))
