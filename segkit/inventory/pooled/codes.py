"""Codes of groups without gaps."""

import numpy as np

_ROOM = 8  # possible codes per series, up to which those that are there are looked up and not sorted
_SMALL = 1_000


def dense_codes(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes that are there, rising, and the place of each among them.

    Examples
    --------
    >>> found, place = dense_codes(np.array([7, 2, 7]))
    >>> found.tolist(), place.tolist()
    ([2, 7], [1, 0, 1])
    """
    size = int(code.max(initial=-1)) + 1
    if size > _ROOM * max(len(code), _SMALL):
        return np.unique(code, return_inverse=True)
    there = np.zeros(size, dtype=bool)
    there[code] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[code]
