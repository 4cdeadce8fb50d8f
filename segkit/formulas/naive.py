"""The plainest forecasts of many series at once, against which all others must show their worth.

Only known periods count (see `histories.known_periods`); where there are none the forecast is 0.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike

from segkit.formulas.histories import make_histories


def window_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    window: int,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the mean of the last known periods.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    window : int
        Most known periods of the mean, 1 = naive forecast; fewer where there are fewer. [periods]
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series,), or (series, origins) where origins are given. [units/period]

    Examples
    --------
    >>> window_levels([[1, 5, 9, 2]], [[True, True, True, False]], window=2, origins=[0, 1, 4]).tolist()
    [[0.0, 1.0, 7.0]]
    """
    if window < 1:
        raise ValueError(f"a window has one period or more, not {window}")
    history = make_histories(values, observed, start, origins=origins)
    levels = _window_means(history.values, history.known, history.origins, window)
    return levels if origins is not None else levels[:, 0]


def naive_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the last known value.

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

    Examples
    --------
    >>> naive_levels([[1, 5, np.nan]]).tolist()
    [5.0]
    """
    return window_levels(values, observed, start, window=1, origins=origins)


def mean_levels(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the mean of all known periods.

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

    Examples
    --------
    >>> mean_levels([[0, 3, 6]], start=[1]).tolist()
    [4.5]
    """
    periods = max(1, np.shape(values)[-1])
    return window_levels(values, observed, start, window=periods, origins=origins)


def seasonal_naive_forecasts(
    values: ArrayLike,
    observed: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    cycle: int,
    horizon: int,
    origins: ArrayLike | None = None,
) -> np.ndarray:
    """Return the value of one cycle before, or of the last cycle in which that period is known.

    Parameters
    ----------
    values, observed, start : array_like
        Histories, see `segkit.formulas.histories.known_periods`. [units]
    cycle : int
        Periods of a seasonal cycle, 1 or more.
    horizon : int
        Periods to forecast.
    origins : array_like of int, optional
        Numbers of periods past when a forecast is made.

    Returns
    -------
    ndarray
        Shape (series, horizon), or (series, origins, horizon) where origins are given. Where the period is known in no
        cycle, the last known value stands in. [units/period]

    Examples
    --------
    >>> seasonal_naive_forecasts([[9, 1, 10, 2]], cycle=2, horizon=3).tolist()
    [[10.0, 2.0, 10.0]]
    """
    if cycle < 1:
        raise ValueError(f"a cycle has one period or more, not {cycle}")
    history = make_histories(values, observed, start, origins=origins)
    last = naive_levels(history.values, history.known, origins=history.origins)
    forecasts = np.repeat(last[:, :, None], horizon, axis=2)
    for column, origin in enumerate(history.origins):
        for step in range(horizon):
            for place in range((origin + step) % cycle, origin, cycle):
                known = history.known[:, place]
                forecasts[known, column, step] = history.values[known, place]
    return forecasts if origins is not None else forecasts[:, 0]


@njit(cache=True, nogil=True, parallel=True)
def _window_means(values, known, origins, window):  # type: ignore[no-untyped-def]
    """Return the mean of the last known periods of every series before each origin."""
    levels = np.zeros((values.shape[0], origins.size))
    for one in prange(values.shape[0]):
        for column in range(origins.size):
            total, count, period = 0.0, 0, origins[column] - 1
            while period >= 0 and count < window:
                if known[one, period]:
                    total += values[one, period]
                    count += 1
                period -= 1
            levels[one, column] = total / max(count, 1)
    return levels
