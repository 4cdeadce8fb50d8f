"""How unevenly a sum is spread: arrays in, one figure out."""

import numpy as np
from numpy.typing import ArrayLike


def gini_coefficient(values: ArrayLike) -> float:
    """Return the Gini coefficient: 0 = all have the same, towards 1 = one has all.

    Parameters
    ----------
    values : array_like
        Figures of zero or more.

    Returns
    -------
    float
        Without correction for small numbers; missing where the sum is not above zero.

    References
    ----------
    Gini (1914); as Σ(2i - n - 1)xᵢ / (nΣx) over rising x.

    Examples
    --------
    >>> gini_coefficient([1, 1, 1]), gini_coefficient([0, 0, 0, 1])
    (0.0, 0.75)
    """
    rising = np.sort(np.asarray(values, dtype=float))
    count, total = rising.size, rising.sum()
    place = 2 * np.arange(1, count + 1) - count - 1
    return float(place @ rising / (count * total)) if total > 0 else float("nan")
