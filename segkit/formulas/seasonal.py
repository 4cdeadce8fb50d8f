"""What is regular in a series, and what stays uncertain after it: arrays in, arrays out."""

import numpy as np
from numpy.typing import ArrayLike

_FLAT = 1e-20  # of the squared mean: spread below this is rounding, not demand


def component_strength(component: ArrayLike, remainder: ArrayLike) -> np.ndarray:
    """Return the strength of a trend or season: 1 - var(remainder) / var(component + remainder), from 0 to 1.

    Parameters
    ----------
    component, remainder : array_like
        Parts of one series, or of one series per row, in multiples of its mean.

    Returns
    -------
    ndarray
        One figure per series; 0 where neither part moves.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, section 4.3; Wang, Smith & Hyndman (2006).

    Examples
    --------
    >>> float(component_strength([1, -1, 1, -1], [0, 0, 0, 0]))
    1.0
    """
    rest = np.asarray(remainder, dtype=float)
    whole = np.var(np.asarray(component, dtype=float) + rest, axis=-1)
    unexplained = np.divide(np.var(rest, axis=-1), whole, out=np.ones(whole.shape), where=whole > _FLAT)
    return np.clip(1 - unexplained, 0.0, 1.0)


def seasonal_naive_error(demand: ArrayLike, cycle: int) -> np.ndarray:
    """Return the root mean square error of the seasonal naive forecast, against mean demand.

    Parameters
    ----------
    demand : array_like
        One series, or one per row, zeros included.
    cycle : int
        Periods of a seasonal cycle: the forecast is the demand of one cycle before. 1 = the naive forecast.

    Returns
    -------
    ndarray
        √mean((yₜ - yₜ₋ₘ)²) / mean(y) per series; missing without demand.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, section 5.2.

    Examples
    --------
    >>> float(seasonal_naive_error([9, 1, 10, 2, 11, 3], 2).round(4))
    0.1667
    """
    series = np.asarray(demand, dtype=float)
    mean = series.mean(axis=-1)
    error = np.sqrt(np.mean((series[..., cycle:] - series[..., :-cycle]) ** 2, axis=-1))
    return np.divide(error, mean, out=np.full(mean.shape, np.nan), where=mean > 0)
