"""One stock until the next arrives, classes ordering in any order: the most that any rule can earn, and fixed levels.

Orders of each class come as a Poisson stream whose rate may change from period to period; an order may ask for several
units and may be served in part. Unserved demand is lost. Knowing the time left and the stock, it is best to serve a
unit while it brings more than the next unit of stock is worth: its bid price.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.nested_protection import quotas_of_protection
from segkit.formulas.stock_search import require_whole


@dataclass(frozen=True)
class Arrivals:
    """Orders of each class: ``rates`` (periods, classes) [orders/period]; ``sizes`` P(1 unit, 2, …), (classes, n)."""

    rates: np.ndarray
    sizes: np.ndarray

    def __post_init__(self) -> None:
        rates = np.atleast_2d(np.asarray(self.rates, dtype=float))
        sizes = np.atleast_2d(np.asarray(self.sizes, dtype=float))
        sizes = np.broadcast_to(sizes, (rates.shape[1], sizes.shape[-1]))
        if not (np.isfinite(rates) & (rates >= 0)).all():
            raise ValueError("rates must be finite and at least 0")
        if not ((sizes >= 0).all() and np.allclose(sizes.sum(-1), 1.0, rtol=0, atol=1e-9)):
            raise ValueError("chances of order sizes must be at least 0 and add up to 1")
        object.__setattr__(self, "rates", np.ascontiguousarray(rates))
        object.__setattr__(self, "sizes", np.ascontiguousarray(sizes))


def best_expected_margin(values: ArrayLike, arrivals: Arrivals, supply: int) -> np.ndarray:
    """Return the most that can be expected from every stock at the start of every period.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, shape (classes,). [currency/unit]
    arrivals : Arrivals
        Orders until the next supply.
    supply : int
        Largest stock. [units]

    Returns
    -------
    ndarray
        Shape (periods + 1, supply + 1); the last row is 0: what is left then counts nothing. Differences along a row
        are bid prices. [currency]

    References
    ----------
    Lee & Hersh (1993), A model for dynamic airline seat inventory control with multiple seat bookings, Transportation
    Science 27(3); Talluri & van Ryzin, The Theory and Practice of Revenue Management, sec. 2.5.

    Examples
    --------
    >>> best_expected_margin([10.0, 4.0], Arrivals([[2.0, 6.0]], [1.0]), 3)[0].round(2).tolist()
    [0.0, 8.88, 15.73, 20.86]
    """
    return _run(values, arrivals, supply, None)


def fixed_level_margin(values: ArrayLike, arrivals: Arrivals, supply: int, levels: ArrayLike) -> np.ndarray:
    """Return what fixed critical levels are expected to earn: a class is served only from stock above its level.

    Parameters
    ----------
    values, arrivals, supply
        As `best_expected_margin` takes them.
    levels : array_like
        Of each class, at least 0; all 0 = first come, first served. [units]

    Returns
    -------
    ndarray
        Shape (periods + 1, supply + 1). [currency]

    Examples
    --------
    >>> two = Arrivals([[2.0, 6.0]], [1.0])
    >>> [float(fixed_level_margin([10.0, 4.0], two, 3, [0, k])[0, 3].round(2)) for k in (0, 1, 2, 3)]
    [16.41, 18.59, 18.88, 17.82]
    """
    level = np.asarray(levels)
    if not ((level >= 0) & (level == np.floor(level))).all():
        raise ValueError("critical levels must be whole numbers from 0")
    if level.shape != (arrivals.rates.shape[1],):
        raise ValueError("critical levels need one figure for each class")
    return _run(values, arrivals, supply, level.astype(np.int64))


def best_fixed_levels(values: ArrayLike, arrivals: Arrivals, supply: int) -> np.ndarray:
    """Return the fixed critical levels that earn most from a stock until the next supply.

    Parameters
    ----------
    values, arrivals, supply
        As `best_expected_margin` takes them; values best class first, not rising.

    Returns
    -------
    ndarray
        Shape (classes,), rising from 0. [units]

    Notes
    -----
    Levels of one class after the other are moved while that earns more; best among neighbours, and in all cases tried
    against enumeration best of all. Levels that may fall as time passes earn more: see `best_expected_margin`.

    Raises
    ------
    ValueError
        Where a class brings more than the one before it.

    Examples
    --------
    >>> best_fixed_levels([10.0, 4.0], Arrivals([[2.0, 6.0]], [1.0]), 3).tolist()
    [0, 2]
    """
    if np.any(np.diff(np.atleast_1d(np.asarray(values, dtype=float))) > 0):
        raise ValueError("values must not rise: name the best class first")
    classes = len(np.atleast_1d(values))
    level = np.zeros(classes, dtype=np.int64)
    best = fixed_level_margin(values, arrivals, supply, level)[0, supply]
    moved = True
    while moved:
        moved = False
        for first in range(1, classes):
            for move in (8, 4, 2, 1, -1, -2, -4, -8):
                tried = level.copy()
                tried[first:] = np.maximum(tried[first:], 0) + move
                for one in (_in_order(tried, supply), _in_order(_only(level, first, move), supply)):
                    found = fixed_level_margin(values, arrivals, supply, one)[0, supply]
                    if found > best * (1 + 1e-12):
                        level, best, moved = one, found, True
    return level


def levels_of_protection(supply: ArrayLike, levels: ArrayLike) -> np.ndarray:
    """Return the critical levels that protection levels make: class j is served above what better classes keep.

    Parameters
    ----------
    supply : array_like
        Shape (...). [units]
    levels : array_like
        Protection levels, shape (..., classes - 1). [units]

    Returns
    -------
    ndarray
        Shape (..., classes), from 0. [units]

    Examples
    --------
    >>> levels_of_protection(60.0, [16.0, 50.0, 83.0]).tolist()
    [0.0, 16.0, 50.0, 60.0]
    """
    quotas = quotas_of_protection(supply, levels)
    return np.cumsum(quotas, axis=-1) - quotas


def _only(level: np.ndarray, place: int, move: int) -> np.ndarray:
    tried = level.copy()
    tried[place] += move
    return tried


def _in_order(level: np.ndarray, supply: int) -> np.ndarray:
    held = np.clip(level, 0, supply)
    held[0] = 0
    return np.maximum.accumulate(held)


def _run(values: ArrayLike, arrivals: Arrivals, supply: int, levels: np.ndarray | None) -> np.ndarray:
    from segkit.formulas.arrival_kernels import margins_to_go

    value = np.atleast_1d(np.asarray(values, dtype=float))
    if value.shape != (arrivals.rates.shape[1],) or not np.isfinite(value).all():
        raise ValueError("values of a unit need one figure for each class")
    fixed = levels is not None
    require_whole("supply", supply)
    held = np.zeros(len(value), dtype=np.int64) if levels is None else np.ascontiguousarray(levels)
    return margins_to_go(value, arrivals.rates, arrivals.sizes, int(supply), held, fixed)
