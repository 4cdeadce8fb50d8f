"""Scatter of demand over a protection interval, in closed form."""

import numpy as np


def smoothed_sum_deviation(sigma: float, alpha: float, periods: float) -> float:
    """Return the standard deviation of the error of a sum of demand, forecast by simple smoothing.

    Parameters
    ----------
    sigma : float
        Standard deviation of demand per period, independent of each other. [units]
    alpha : float
        Smoothing constant. [0-1]
    periods : float
        Length of the interval, L. [periods]

    Returns
    -------
    float
        sqrt(sigma² (L + L² alpha / (2 - alpha))): the level is wrong by the same amount in every period, so errors do
        not grow by the root of L. [units]

    References
    ----------
    Prak, D., Teunter, R. & Syntetos, A. (2017). On the calculation of safety stocks when demand is forecasted. EJOR
    256, 454-461.

    Examples
    --------
    >>> round(smoothed_sum_deviation(20, 0.2, 4), 4)
    48.074
    """
    return float(np.sqrt(sigma**2 * (periods + periods**2 * alpha / (2 - alpha))))
