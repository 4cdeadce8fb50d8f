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


def require_not_negative(**figures: ArrayLike) -> None:
    """Raise a ValueError that names the first figure of which any is below zero; missing ones are not.

    Examples
    --------
    >>> require_not_negative(holding_cost=[0.0, float("nan")])
    """
    for name, value in figures.items():
        if np.any(np.asarray(value, dtype=float) < 0):
            raise ValueError(f"{name} must not be negative")


def require_whole(name: str, value: ArrayLike) -> np.ndarray:
    """Return a figure as an array; ValueError where it is not a whole number from 0."""
    whole = np.asarray(value, dtype=float)
    if not np.all((whole >= 0) & (whole == np.floor(whole))):
        raise ValueError(f"{name} must be whole and at least 0")
    return whole


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
    at_start = function(start)
    missing = ~np.isfinite(start) | np.isnan(at_start)
    upward = at_start > 0
    near, far = start, start + np.where(upward, step, -step)
    at_near, at_far, width = at_start, function(far), step
    for _ in range(_DOUBLINGS):
        same = ~missing & (at_near != 0) & ((at_far > 0) == upward) & (at_far != 0)
        if not np.any(same):
            break
        width = np.where(same, width * 2, width)
        near, at_near = np.where(same, far, near), np.where(same, at_far, at_near)
        far = np.where(same, far + np.where(upward, width, -width), far)
        at_far = function(far)
    else:
        raise ValueError("no stock is enough for the target")
    return np.where(missing, np.nan, _between(function, near, far, at_near, at_far, step))


def _between(function, near, far, at_near, at_far, step):  # type: ignore[no-untyped-def]
    """Return the root between two numbers: inverse quadratic steps where they are safe, else halving.

    Chandrupatla (1997), Advances in Engineering Software 28(3).
    """
    a, b, at_a, at_b, part = far, near, at_far, at_near, np.full(np.shape(near), 0.5)
    root, done = np.full(np.shape(near), np.nan), np.zeros(np.shape(near), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_HALVINGS):
            middle = a + part * (b - a)
            found = function(middle)
            stays = (found > 0) == (at_a > 0)
            c, at_c = np.where(stays, a, b), np.where(stays, at_a, at_b)
            b, at_b = np.where(stays, b, a), np.where(stays, at_b, at_a)
            a, at_a = middle, found
            nearer = np.abs(at_a) < np.abs(at_b)
            best, at_best = np.where(nearer, a, b), np.where(nearer, at_a, at_b)
            least = (1e-13 * np.abs(best) + 1e-15 * step) / np.abs(b - a)
            root = np.where(done, root, best)
            done = done | (least > 0.5) | (at_best == 0) | np.isnan(at_best)
            if done.all():
                break
            along, up = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
            smooth = (up**2 < along) & ((1 - up) ** 2 < 1 - along)
            curved = at_a / (at_b - at_a) * at_c / (at_b - at_c)
            curved = curved + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
            part = np.clip(np.where(smooth, curved, 0.5), np.minimum(least, 0.5), np.maximum(1 - least, 0.5))
    return root
