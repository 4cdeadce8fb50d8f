"""Forecasts of intermittent demand for many series at once; `segkit.formulas.intermittent` has them one by one.

Periods that are not known (see `histories.known_periods`) are cut out: an interval between demands counts known periods
only, a chance of demand does not fall in them, and sums over several periods run across them. Zeros from the first
listed period on count. All return flat forecasts, 0 where there was no demand.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.histories import make_histories, shares_of_series


def croston_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    alpha: ArrayLike = 0.1,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return Croston's forecasts: smoothed size / smoothed interval.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    alpha : array_like
        Smoothing constant of size and interval, one for all or one per series. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    References
    ----------
    Croston (1972), Operational Research Quarterly 23(3).

    Examples
    --------
    >>> croston_levels([[0, 2, 0, 1, 0, 11], [0, 0, 0, 0, 0, 0]]).round(4).tolist()
    [1.405, 0.0]
    """
    from segkit.formulas.smoothing_kernels import CROSTON

    return _levels(CROSTON, values, observed, start, origins, alpha=alpha)


def syntetos_boylan_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    alpha: ArrayLike = 0.1,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return Croston's forecasts x (1 - alpha / 2).

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    alpha : array_like
        Smoothing constant of size and interval, one for all or one per series. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    References
    ----------
    Syntetos & Boylan (2005), IJF 21(2).

    Examples
    --------
    >>> syntetos_boylan_levels([[4, 4, 4]]).tolist()
    [3.8]
    """
    from segkit.formulas.smoothing_kernels import CROSTON

    scale = 1 - np.asarray(alpha, dtype=float) / 2
    return _levels(CROSTON, values, observed, start, origins, alpha=alpha, scale=scale)


def teunter_syntetos_babai_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    alpha: ArrayLike = 0.1,
    beta: ArrayLike = 0.1,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the TSB forecasts: smoothed chance of demand x smoothed size.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    alpha, beta : array_like
        Smoothing constants of size and of chance, one for all or one per series. [0-1]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    References
    ----------
    Teunter, Syntetos & Babai (2011), EJOR 214(3).

    Examples
    --------
    >>> teunter_syntetos_babai_levels([[4, 4, 0]], beta=0.5).tolist()
    [2.0]
    """
    from segkit.formulas.smoothing_kernels import TSB

    return _levels(TSB, values, observed, start, origins, alpha=alpha, beta=beta)


def croston_optimized_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return Croston's forecasts with each part's constant sought in 0.1 to 0.3.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made; constants are sought anew at each.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    Examples
    --------
    >>> croston_optimized_levels([[0, 2, 0, 2]]).tolist()
    [1.0]
    """
    from segkit.formulas.smoothing_kernels import CROSTON_OPTIMIZED

    return _levels(CROSTON_OPTIMIZED, values, observed, start, origins)


def aggregate_disaggregate_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the ADIDA forecasts: smoothed sums over the mean interval between demands, spread evenly.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    References
    ----------
    Nikolopoulos et al. (2011), JORS 62(3).

    Examples
    --------
    >>> aggregate_disaggregate_levels([[0, 2, 0, 2]]).tolist()
    [1.0]
    """
    from segkit.formulas.smoothing_kernels import ADIDA

    return _levels(ADIDA, values, observed, start, origins)


def multiple_aggregation_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the IMAPA forecasts: the mean of smoothed sums over 1 period up to the mean interval between demands.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    References
    ----------
    Petropoulos & Kourentzes (2015), JORS 66(6).

    Examples
    --------
    >>> multiple_aggregation_levels([[3, 3, 3, 3]]).tolist()
    [3.0]
    """
    from segkit.formulas.smoothing_kernels import IMAPA

    return _levels(IMAPA, values, observed, start, origins)


def _levels(
    method: int,
    values: ArrayLike,
    observed: ArrayLike | None,
    start: ArrayLike | None,
    origins: ArrayLike | None,
    *,
    alpha: ArrayLike = 0.1,
    beta: ArrayLike = 0.1,
    scale: ArrayLike = 1.0,
) -> np.ndarray:
    from segkit.formulas.smoothing_kernels import level_forecasts

    history = make_histories(values, observed, start, origins=origins)
    series = len(history.values)
    alphas, betas = shares_of_series("alpha", alpha, series), shares_of_series("beta", beta, series)
    levels = np.zeros((len(history.values), history.origins.size))
    level_forecasts(method, *history, alphas, betas, shares_of_series("scale", scale, series), levels)
    return levels if origins is not None else levels[:, 0]
