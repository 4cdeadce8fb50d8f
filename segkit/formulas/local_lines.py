"""Lines through the last periods of many series at once, by discounted least squares."""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

DISCOUNT = 0.95
_TINY = 1e-12


@dataclass(frozen=True)
class LocalLines:
    """Lines as known after every period, all of shape (series, periods).

    Attributes
    ----------
    level, slope : ndarray
        Of the line at that period; zero before two periods are known. [units/period], [units/period²]
    clear : ndarray
        |slope| over its standard error, if what is around the line is white noise; zero before four periods are known.
    seen : ndarray of int
        Periods known.
    """

    level: np.ndarray
    slope: np.ndarray
    clear: np.ndarray
    seen: np.ndarray


def local_lines(
    values: np.ndarray, observed: np.ndarray, start: np.ndarray, *, discount: float = DISCOUNT
) -> LocalLines:
    """Return the line through the periods so far that leaves the least discounted squares, after every period.

    Parameters
    ----------
    values : array of float
        Demand, (series, periods). [units]
    observed : array of bool
        Which periods say something.
    start : array of int
        First listed period of every series.
    discount : float
        Weight of a period over that of the next, 0 to 1.

    References
    ----------
    Brown, R. G. (1963). Smoothing, Forecasting and Prediction of Discrete Time Series, chapter 11 (discounted least
    squares).

    Examples
    --------
    >>> line = local_lines(np.array([[1.0, 3.0, 5.0, 7.0]]), np.ones((1, 4), dtype=bool), np.zeros(1, dtype=int))
    >>> line.level[0, -1].round(6), line.slope[0, -1].round(6)
    (np.float64(7.0), np.float64(2.0))
    """
    level, slope, clear = (np.zeros(values.shape) for _ in range(3))
    seen = np.zeros(values.shape, dtype=np.int64)
    _lines(np.asarray(values, dtype=float), observed, np.asarray(start), discount, level, slope, clear, seen)
    return LocalLines(level, slope, clear, seen)


def damped_steps(damping: float, steps: int) -> np.ndarray:
    """Return by how many slopes a damped trend has gone on after each step: φ + φ² + ... + φ^h.

    Examples
    --------
    >>> damped_steps(0.5, 3).tolist()
    [0.5, 0.75, 0.875]
    """
    return np.cumsum(damping ** np.arange(1, steps + 1))


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def _lines(values, observed, start, discount, level, slope, clear, seen):  # type: ignore[no-untyped-def]
    """Fill the lines; sums run over ages, which rise by one a period."""
    for one in prange(values.shape[0]):
        s0 = s1 = s2 = q0 = q1 = q2 = y0 = y1 = yy = 0.0
        count = 0
        square = discount * discount
        for period in range(values.shape[1]):
            s2, s1, s0 = discount * (s2 + 2.0 * s1 + s0), discount * (s1 + s0), discount * s0
            q2, q1, q0 = square * (q2 + 2.0 * q1 + q0), square * (q1 + q0), square * q0
            y1, y0, yy = discount * (y1 + y0), discount * y0, discount * yy
            if period >= start[one] and observed[one, period]:
                value = values[one, period]
                s0, q0, y0, yy = s0 + 1.0, q0 + 1.0, y0 + value, yy + value * value
                count += 1
            elif period > 0:
                level[one, period], slope[one, period] = level[one, period - 1], slope[one, period - 1]
                clear[one, period], seen[one, period] = clear[one, period - 1], count
                continue
            seen[one, period] = count
            if count < 2:
                continue
            mean, centre = s1 / s0, y0 / s0
            apart = s2 - s1 * mean
            if apart <= 0.0:
                continue
            fall = (y1 - mean * y0) / apart
            slope[one, period], level[one, period] = -fall, centre - fall * mean
            if count < 4:
                continue
            left = max(yy - y0 * centre - fall * fall * apart, _TINY * (yy + _TINY))
            noise = left / s0 * count / (count - 2.0)
            error = np.sqrt(noise * (q2 - 2.0 * mean * q1 + mean * mean * q0)) / apart
            clear[one, period] = abs(fall) / max(error, _TINY)
