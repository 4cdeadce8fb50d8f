"""The least stock that is enough, found for many items at once by halving."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

_HALVINGS = 200
_DOUBLINGS = 1_000


def require_share(name: str, value: ArrayLike) -> np.ndarray:
    """Return a target as an array; ValueError where it is not between 0 and 1, which no finite stock gives."""
    share = np.asarray(value, dtype=float)
    if np.any((share <= 0) | (share >= 1)):
        raise ValueError(f"{name} must lie between 0 and 1, both excluded: no finite stock gives 1, no stock gives 0")
    return share


def least_whole(enough: Callable[[np.ndarray], np.ndarray], start: ArrayLike, floor: ArrayLike = 0.0) -> np.ndarray:
    """Return the least whole number from which on `enough` is true.

    Parameters
    ----------
    enough : callable
        Takes whole numbers, one per item, returns bool; once true it stays true.
    start : array_like
        A guess, one per item; it gives the shape.
    floor : array_like
        The least number allowed.

    Returns
    -------
    ndarray
        Whole numbers; missing where the guess is missing.

    Raises
    ------
    ValueError
        Where no number is enough.

    Examples
    --------
    >>> least_whole(lambda stock: stock**2 >= 10.0, start=np.array([1.0, 9.0])).tolist()
    [4.0, 4.0]
    """
    start, floor = np.broadcast_arrays(np.asarray(start, dtype=float), np.asarray(floor, dtype=float))
    missing = ~np.isfinite(start)
    low = np.floor(floor) - 1.0
    high = np.maximum(np.ceil(np.where(missing, floor, start)), low + 1.0)
    step = np.ones(high.shape)
    for _ in range(_DOUBLINGS):
        short = ~(enough(high) | missing)
        if not short.any():
            break
        low, high, step = np.where(short, high, low), np.where(short, high + step, high), step * 2
    else:
        raise ValueError("no stock is enough for the target")
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        found = enough(middle) | missing
        inside = high - low > 1
        low, high = np.where(inside & ~found, middle, low), np.where(inside & found, middle, high)
    return np.where(missing, np.nan, high)


def falling_root(function: Callable[[np.ndarray], np.ndarray], start: ArrayLike, step: ArrayLike) -> np.ndarray:
    """Return where a falling function crosses zero.

    Parameters
    ----------
    function : callable
        Takes real numbers, one per item, returns as many.
    start : array_like
        A guess, one per item.
    step : array_like
        How far to look first, above zero; doubled until zero lies between.

    Returns
    -------
    ndarray
        Missing where the guess or the function is missing.

    Raises
    ------
    ValueError
        Where the function never crosses zero.

    Examples
    --------
    >>> falling_root(lambda x: 2.0 - x, start=np.array([0.0]), step=1.0).round(9).tolist()
    [2.0]
    """
    start, step = np.broadcast_arrays(np.asarray(start, dtype=float), np.asarray(step, dtype=float))
    low, high, width = start.copy(), start.copy(), step.copy()
    missing = ~np.isfinite(start) | ~np.isfinite(function(start))
    for _ in range(_DOUBLINGS):
        under, over = ~missing & (function(low) < 0), ~missing & (function(high) > 0)
        if not (under | over).any():
            break
        low, high, width = np.where(under, low - width, low), np.where(over, high + width, high), width * 2
    else:
        raise ValueError("no stock is enough for the target")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = function(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
        if np.all(missing | (high - low <= 1e-13 * (np.abs(low) + np.abs(high)) + 1e-15 * step)):
            break
    return np.where(missing, np.nan, high)
