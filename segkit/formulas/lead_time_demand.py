"""Demand until an order arrives: mean and deviation over lead time and review, with a lead time that varies."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from segkit.formulas.stock_search import require_share


def lead_time_mean(mean: ArrayLike, lead_time: ArrayLike, review: ArrayLike = 0.0) -> np.ndarray:
    """Return mean demand over lead time and review: D·(L + R).

    Parameters
    ----------
    mean : array_like
        D, demand per period [units/period].
    lead_time : array_like
        L, on average [periods].
    review : array_like
        R, time between reviews; 0 where stock is watched all the time [periods].

    Examples
    --------
    >>> float(lead_time_mean(2500, 2, 4))
    15000.0
    """
    return np.asarray(mean, dtype=float) * (np.asarray(lead_time, dtype=float) + np.asarray(review, dtype=float))


def lead_time_deviation(
    mean: ArrayLike, sd: ArrayLike, lead_time: ArrayLike, lead_time_sd: ArrayLike = 0.0, review: ArrayLike = 0.0
) -> np.ndarray:
    """Return the standard deviation of demand over lead time and review: √((L + R)·sd² + D²·s²).

    Parameters
    ----------
    mean : array_like
        D, demand per period [units/period].
    sd : array_like
        Of the error of the forecast of a period, or of demand where that is steady [units/period].
    lead_time : array_like
        L, on average: not a high quantile, which would count its scatter twice [periods].
    lead_time_sd : array_like
        s, standard deviation of the lead time [periods].
    review : array_like
        R [periods].

    Returns
    -------
    ndarray
        [units].

    Notes
    -----
    Periods and the lead time are independent of each other and orders do not overtake. Errors of a forecast whose level
    is estimated are not independent: `protection.smoothed_sum_deviation`.

    References
    ----------
    Chopra & Meindl, Supply Chain Management, 6e, chapter 12; Silver, Pyke & Thomas, 4e, chapter 6.

    Examples
    --------
    >>> float(lead_time_deviation(2500, 500, 7, 7).round(2))
    17549.93
    """
    mean, sd, lead, scatter, review = (
        np.asarray(one, dtype=float) for one in (mean, sd, lead_time, lead_time_sd, review)
    )
    return np.sqrt((lead + review) * sd**2 + (mean * scatter) ** 2)


def pooled_deviation(sd: ArrayLike, correlation: ArrayLike = 0.0) -> np.ndarray:
    """Return the standard deviation of the sum of demands whose pairs have all the same correlation.

    Parameters
    ----------
    sd : array_like
        Shape (..., demands), standard deviation of each [units].
    correlation : array_like
        r, shape (...); from -1/(demands - 1) for equal ones up to 1.

    Returns
    -------
    ndarray
        √(Σsd² + r·((Σsd)² - Σsd²)) [units].

    Raises
    ------
    ValueError
        Where no demands correlate like that.

    References
    ----------
    Chopra & Meindl, Supply Chain Management, 6e, chapter 12.

    Examples
    --------
    >>> float(pooled_deviation([5.0, 5.0, 5.0, 5.0]))
    10.0
    """
    sd, correlation = np.asarray(sd, dtype=float), np.asarray(correlation, dtype=float)
    squares = (sd**2).sum(-1)
    variance = squares + correlation * (sd.sum(-1) ** 2 - squares)
    if np.any(variance < -1e-9 * squares) or np.any(np.abs(correlation) > 1):
        raise ValueError("no demands have all this correlation with each other")
    return np.sqrt(np.maximum(variance, 0.0))


def safety_stock(sd: ArrayLike, cycle_service: ArrayLike) -> np.ndarray:
    """Return the stock above mean demand that gives a cycle_service (P1), demand normal: Φ⁻¹(P1)·sd.

    Parameters
    ----------
    sd : array_like
        Over lead time and review, from `lead_time_deviation` [units].
    cycle_service : array_like
        P1, probability that demand until the next arrival is covered; below 0.5 the stock is negative.

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    References
    ----------
    Silver, Pyke & Thomas, 4e, chapter 6; Chopra & Meindl 6e, chapter 12.

    Examples
    --------
    >>> float(safety_stock(17549.9287747, 0.90).round(0))
    22491.0
    """
    return np.asarray(sd, dtype=float) * ndtri(require_share("cycle_service", cycle_service))
