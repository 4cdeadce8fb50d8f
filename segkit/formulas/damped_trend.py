"""Damped trends of many series at once (Holt's method with damping), with constants given or fitted series by series.

The level starts at the first known value and the trend at 0: a trend must be shown by the series, not by its first two
values. In periods that are not known (see `histories.known_periods`) the level goes on along its trend; nothing is
learned there. Demand may be forecast below zero; whoever knows that it cannot be cuts there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.histories import make_histories, shares_of_series


@dataclass(frozen=True)
class TrendRanges:
    """Ranges in which the constants of a damped trend are sought; narrow, since short series are noisy.

    Attributes
    ----------
    alpha, beta, phi : tuple of float
        Lowest and highest smoothing constant of the level, of the trend, and damping factor. [0-1]
    """

    alpha: tuple[float, float] = (0.05, 0.4)
    beta: tuple[float, float] = (0.0, 0.2)
    phi: tuple[float, float] = (0.8, 0.9)

    def __post_init__(self) -> None:
        for name, bounds in vars(self).items():
            if not 0 <= bounds[0] <= bounds[1] <= 1:
                raise ValueError(f"{name} {bounds} does not rise within 0 to 1")


@dataclass(frozen=True)
class DampedTrend:
    """Level and trend of each series; all of shape (series,), or (series, origins) where asked for.

    Attributes
    ----------
    level, trend : ndarray
        After the last period; 0 where nothing is known. [units/period], [units/period²]
    alpha, beta, phi : ndarray
        Constants; NaN where nothing is known: the sign that the forecast of 0 is a declaration.
    squared_error : ndarray
        Mean squared one-step error; NaN where no period was forecast. [units²]
    """

    level: np.ndarray
    trend: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    phi: np.ndarray
    squared_error: np.ndarray


def damped_trend(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    alpha: ArrayLike,
    beta: ArrayLike,
    phi: ArrayLike,
    origins: ArrayLike | None = None,
) -> DampedTrend:
    """Return level and trend with given constants.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    alpha, beta, phi : array_like
        Smoothing constants of the level and (as in Holt's own form, β*) of the trend, and damping factor; one for all
        or one per series. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    DampedTrend

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, section 8.2.

    Examples
    --------
    >>> fit = damped_trend([[10, 20]], alpha=0.5, beta=0.2, phi=0.5)
    >>> fit.level.tolist(), fit.trend.tolist()
    ([15.0], [1.0])
    """
    given = {"alpha": alpha, "beta": beta, "phi": phi}
    series = len(np.asarray(values))
    constants = np.column_stack([shares_of_series(name, share, series) for name, share in given.items()])
    return _fitted(values, observed, start, origins, constants, constants)


def best_damped_trend(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    ranges: TrendRanges | None = None,
    origins: ArrayLike | None = None,
) -> DampedTrend:
    """Return level and trend with the constants of least squared one-step error, series by series.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    ranges : TrendRanges, optional
        Ranges of the constants.
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made; the constants are fitted anew at each.

    Returns
    -------
    DampedTrend

    Notes
    -----
    A search over a grid of 343, then eleven small ones around the best, that does not always find the last bit: within
    0.1 % of the least squared error in the ranges of `TrendRanges`, within 3 % where all constants are free.

    References
    ----------
    Gardner & McKenzie (1985), "Forecasting trends in time series", Management Science 31(10).

    Examples
    --------
    >>> trend_forecasts(best_damped_trend([[5, 5, 5, 5]]), horizon=2).tolist()
    [[5.0, 5.0]]
    """
    limits = np.array(list(vars(ranges or TrendRanges()).values()), dtype=float)
    low, high = (np.tile(limits[:, side], (len(np.asarray(values)), 1)) for side in (0, 1))
    return _fitted(values, observed, start, origins, low, high)


def _fitted(
    values: ArrayLike,
    observed: ArrayLike | None,
    start: ArrayLike | None,
    origins: ArrayLike | None,
    low: np.ndarray,
    high: np.ndarray,
) -> DampedTrend:
    from segkit.formulas.trend_kernels import best_trends

    history = make_histories(values, observed, start, origins=origins)
    fitted = np.full((len(history.values), history.origins.size, 6), np.nan)
    fitted[:, :, :2] = 0.0
    best_trends(*history, low, high, fitted)
    parts = np.moveaxis(fitted, 2, 0).copy()
    return DampedTrend(*(parts if origins is not None else parts[:, :, 0]))


def trend_forecasts(fit: DampedTrend, *, horizon: int) -> np.ndarray:
    """Return level + (phi + ... + phi^h) x trend for the periods h to come.

    Parameters
    ----------
    fit : DampedTrend
        Level, trend and damping factor of each series.
    horizon : int
        Periods to forecast.

    Returns
    -------
    ndarray
        Shape (series, horizon), or (series, origins, horizon) where the fit has origins; 0 where nothing is known.
        [units/period]

    Examples
    --------
    >>> trend_forecasts(damped_trend([[10, 20]], alpha=0.5, beta=0.2, phi=0.5), horizon=3).tolist()
    [[15.5, 15.75, 15.875]]
    """
    phi = np.nan_to_num(fit.phi)[..., None]
    return fit.level[..., None] + fit.trend[..., None] * np.cumsum(phi ** np.arange(1, horizon + 1), axis=-1)
