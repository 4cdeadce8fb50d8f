"""Sums by group in which what is only rounding is zero."""

import numpy as np

_NOISE = 1e-12


def clean_sums(groups: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return the sum of the values of each group; what is only rounding counts as zero.

    Parameters
    ----------
    groups : ndarray of int
        Group of each value, from 0.
    values : ndarray of float
        Values of any sign; a missing one makes the sum missing.
    count : int
        Number of groups.

    Returns
    -------
    ndarray of float
        One sum per group; 0 where it is less than 1e-12 of what was added up.

    Examples
    --------
    >>> clean_sums(np.array([0, 0, 0, 1]), np.array([0.1, 0.2, -0.3, 5.0]), 2).tolist()
    [0.0, 5.0]
    """
    sums = np.bincount(groups, weights=values, minlength=count).astype("float64")
    sizes = np.bincount(groups, weights=np.abs(values), minlength=count)
    return np.where(np.abs(sums) <= _NOISE * sizes, 0.0, sums)
