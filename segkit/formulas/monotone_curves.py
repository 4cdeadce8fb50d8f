"""Figures known at some points, made to fall only where they must, and read between them: many curves at once."""

import numpy as np
from numba import njit, prange


@njit(cache=True, nogil=True)
def pool_falls(values):  # type: ignore[no-untyped-def]
    """Replace runs that fall by their means, so that values rise: what is nearest to them by squares.

    References
    ----------
    Barlow, R. E. et al. (1972). Statistical Inference under Order Restrictions (pool adjacent violators).

    Examples
    --------
    >>> values = np.array([1.0, 4.0, 2.0, 5.0])
    >>> pool_falls(values)
    >>> values.tolist()
    [1.0, 3.0, 3.0, 5.0]
    """
    begins, count = np.empty(values.size + 1, dtype=np.int64), 0
    for place in range(values.size):
        begins[count], mean, size = place, values[place], 1
        while count > 0 and values[begins[count] - 1] > mean:
            before = begins[count] - begins[count - 1]
            mean = (mean * size + values[begins[count] - 1] * before) / (size + before)
            size += before
            count -= 1
        values[begins[count] : place + 1] = mean
        count += 1


@njit(cache=True, nogil=True)
def _slope(at, values, place):  # type: ignore[no-untyped-def]
    """Return the slope at a point: harmonic means of those on its sides keep a cubic from turning between points."""
    last = at.size - 1
    right = (values[place + 1] - values[place]) / (at[place + 1] - at[place]) if place < last else 0.0
    left = (values[place] - values[place - 1]) / (at[place] - at[place - 1]) if place > 0 else 0.0
    if place == 0 or place == last:
        return right + left
    if left * right <= 0.0:
        return 0.0
    before, after = at[place] - at[place - 1], at[place + 1] - at[place]
    first, second = 2.0 * after + before, after + 2.0 * before
    return (first + second) / (first / left + second / right)


@njit(cache=True, nogil=True)
def value_between(at, values, wanted):  # type: ignore[no-untyped-def]
    """Return the cubic through points that turns at points only; level before the first and after the last of them.

    References
    ----------
    Fritsch, F. N. & Butland, J. (1984). A method for constructing local monotone piecewise cubic interpolants. SIAM
    Journal on Scientific and Statistical Computing 5, 300-304.

    Examples
    --------
    >>> at, values = np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0, 2.0])
    >>> value_between(at, values, 0.5), value_between(at, values, 3.0), value_between(at, values, 9.0)
    (1.25, 2.0, 2.0)
    """
    last = at.size - 1
    if not wanted > at[0]:
        return values[0]
    if wanted >= at[last]:
        return values[last]
    place = np.searchsorted(at, wanted, side="right") - 1
    width = at[place + 1] - at[place]
    part = (wanted - at[place]) / width
    rest = 1.0 - part
    low, high = _slope(at, values, place) * width, _slope(at, values, place + 1) * width
    return (
        values[place] * (1.0 + 2.0 * part) * rest * rest
        + low * part * rest * rest
        + values[place + 1] * part * part * (3.0 - 2.0 * part)
        - high * part * part * rest
    )


@njit(cache=True, nogil=True, parallel=True)
def falling_means(values):  # type: ignore[no-untyped-def]
    """Return (rows, figures, points) that fall along the points to the last of them, which stays."""
    found = np.empty(values.shape)
    for row in prange(values.shape[0]):
        for figure in range(values.shape[1]):
            curve = -np.maximum(values[row, figure], values[row, figure, -1])
            pool_falls(curve)
            found[row, figure] = -curve
    return found


@njit(cache=True, nogil=True, parallel=True)
def values_between(at, values, wanted):  # type: ignore[no-untyped-def]
    """Return (rows, figures, candidates) at wanted points (rows, candidates)."""
    found = np.empty((values.shape[0], values.shape[1], wanted.shape[1]))
    for row in prange(values.shape[0]):
        for figure in range(values.shape[1]):
            for place in range(wanted.shape[1]):
                found[row, figure, place] = value_between(at[row], values[row, figure], wanted[row, place])
    return found
