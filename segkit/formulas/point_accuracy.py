"""How far point forecasts were from what came; error = forecast - actual, so that too high is positive.

Arrays run over periods along their last axis. A period that is NaN in the forecast or in the actual (out of stock, not
known) is not judged: it is left out of both.
"""

import numpy as np
from numpy.typing import ArrayLike


def wape(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Return the weighted absolute percentage error: absolute errors of all periods / what came in all of them.

    Parameters
    ----------
    actual, forecast : array_like
        Any shape, the same for both. [units]

    Returns
    -------
    float
        sum |f - y| / sum |y| as a fraction, 0 or more, smaller is better; NaN where nothing came. Never a mean of
        percentages: large periods count as much as they sell.

    References
    ----------
    Kolassa, S. & Schuetz, W. (2007). Advantages of the MAD/mean ratio over the MAPE. Foresight 6, 40-43.

    Examples
    --------
    >>> wape([10, 0, 20], [12, 3, 15])
    0.3333333333333333
    """
    came, error = _judged(actual, forecast)
    return _share(np.nansum(np.abs(error)), np.nansum(np.abs(came)))


def wape_of_sums(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Return the WAPE of the sums over the horizon: what stock that covers the whole horizon feels.

    Parameters
    ----------
    actual, forecast : array_like
        Series (or series at an origin) by periods of the horizon. [units]

    Returns
    -------
    float
        sum over series |sum over periods (f - y)| / sum over series |sum over periods y|, as a fraction; errors that
        balance within a horizon do not count. Periods that are not judged are in neither sum.

    Examples
    --------
    >>> wape_of_sums([[10, 20], [5, 5]], [[20, 10], [6, 6]])
    0.05
    """
    came, error = _judged(actual, forecast)
    return _share(np.abs(np.nansum(error, axis=-1)).sum(), np.abs(np.nansum(came, axis=-1)).sum())


def relative_bias(actual: ArrayLike, forecast: ArrayLike) -> float:
    """Return how much too high (+) or too low (-) forecasts were altogether, as a fraction of what came.

    Parameters
    ----------
    actual, forecast : array_like
        Any shape, the same for both. [units]

    Returns
    -------
    float
        sum (f - y) / sum |y|; NaN where nothing came.

    Examples
    --------
    >>> relative_bias([10, 10], [12, 9])
    0.05
    """
    came, error = _judged(actual, forecast)
    return _share(np.nansum(error), np.nansum(np.abs(came)))


def absolute_scale(history: ArrayLike, *, lag: int = 1) -> np.ndarray:
    """Return the mean absolute error of the naive forecast within the history: the scale of MASE and scaled pinball.

    Parameters
    ----------
    history : array_like
        Demand, oldest period first; NaN before the first sale (or what counts as listed) and where not observed.
        [units]
    lag : int
        1 = naive; the periods of a cycle = seasonal naive.

    Returns
    -------
    ndarray
        mean |y_t - y_(t - lag)| over pairs that are both known, per series [units]; NaN without a pair.

    References
    ----------
    Hyndman, R. J. & Koehler, A. B. (2006). Another look at measures of forecast accuracy. International Journal of
    Forecasting 22, 679-688.

    Examples
    --------
    >>> absolute_scale([np.nan, 1, 4, 2]).item()
    2.5
    """
    return _mean(np.abs(_steps(history, lag)))


def squared_scale(history: ArrayLike, *, lag: int = 1) -> np.ndarray:
    """Return the mean squared error of the naive forecast within the history: the scale of RMSSE.

    Parameters
    ----------
    history : array_like
        Demand, oldest period first; NaN before the first sale and where not observed. [units]
    lag : int
        1 = naive; the periods of a cycle = seasonal naive.

    Returns
    -------
    ndarray
        mean (y_t - y_(t - lag))² over pairs that are both known, per series [units²]; NaN without a pair.

    References
    ----------
    Makridakis, Spiliotis & Assimakopoulos (2022). M5 accuracy competition. International Journal of Forecasting 38,
    1346-1364: the history counts from the first sale on.

    Examples
    --------
    >>> squared_scale([np.nan, 1, 4, 2]).item()
    6.5
    """
    return _mean(_steps(history, lag) ** 2)


def mase(actual: ArrayLike, forecast: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """Return the mean absolute scaled error of each series; below 1 is better than naive was within the history.

    Parameters
    ----------
    actual, forecast : array_like
        Series by periods. [units]
    scale : array_like
        `absolute_scale` of the history of each series. [units]

    Returns
    -------
    ndarray
        mean |f - y| / scale per series, 0 or more; NaN where the scale is 0 or nothing is judged.

    References
    ----------
    Hyndman & Koehler (2006), International Journal of Forecasting 22, 679-688.

    Examples
    --------
    >>> mase([10, 10], [12, 9], 3.0).item()
    0.5
    """
    return scaled(_mean(np.abs(_judged(actual, forecast)[1])), scale)


def rmsse(actual: ArrayLike, forecast: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """Return the root mean squared scaled error of each series; weighted by revenue and summed it is WRMSSE.

    Parameters
    ----------
    actual, forecast : array_like
        Series by periods. [units]
    scale : array_like
        `squared_scale` of the history of each series. [units²]

    Returns
    -------
    ndarray
        sqrt(mean (f - y)² / scale) per series, 0 or more; NaN where the scale is 0 or nothing is judged.

    References
    ----------
    Makridakis, Spiliotis & Assimakopoulos (2022), International Journal of Forecasting 38, 1346-1364.

    Examples
    --------
    >>> rmsse([10, 10], [13, 9], 5.0).item()
    1.0
    """
    return np.sqrt(scaled(_mean(_judged(actual, forecast)[1] ** 2), scale))


def scaled(value: ArrayLike, scale: ArrayLike) -> np.ndarray:
    """Return value / scale, NaN where the scale is 0 or not known.

    Examples
    --------
    >>> scaled([1.0, 2.0], [4.0, 0.0]).tolist()
    [0.25, nan]
    """
    above, below = np.broadcast_arrays(np.asarray(value, dtype=float), np.asarray(scale, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def _judged(actual: ArrayLike, forecast: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return what came and the error, both NaN where a period is not judged."""
    came, said = np.asarray(actual, dtype=float), np.asarray(forecast, dtype=float)
    error = said - came
    return np.where(np.isnan(error), np.nan, came), error


def _steps(history: ArrayLike, lag: int) -> np.ndarray:
    known = np.asarray(history, dtype=float)
    return known[..., lag:] - known[..., :-lag]


def _mean(values: np.ndarray) -> np.ndarray:
    """Return means along the last axis without what is NaN; NaN, and no warning, where nothing is left."""
    known = ~np.isnan(values)
    return scaled(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
