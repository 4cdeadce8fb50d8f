"""How good a forecast distribution was."""

import numpy as np


def crps_normal(actual: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return the continuous ranked probability score of normal forecasts; smaller is better.

    Parameters
    ----------
    actual : array
        What came, y. [units]
    mean, sd : array
        Mean m and standard deviation s of the forecast; s not below zero. [units]

    Returns
    -------
    array
        s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)) with z = (y - m) / s; the absolute error where s is
        zero. [units]

    References
    ----------
    Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. Journal of the
    American Statistical Association 102, 359-378, eq. 21 (with the sign turned).

    Examples
    --------
    >>> round(float(crps_normal(0.0, 0.0, 1.0)), 10)
    0.2336949773
    """
    from scipy.special import ndtr

    error, spread = np.asarray(actual, dtype=float) - mean, np.asarray(sd, dtype=float)
    z = np.divide(error, spread, out=np.zeros(np.broadcast(error, spread).shape), where=spread > 0)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    score = spread * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return np.where(spread > 0, score, np.abs(error))
