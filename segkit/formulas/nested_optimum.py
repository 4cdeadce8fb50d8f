"""The best protection levels, and what any levels earn, exactly: every stock from 0 up, class after class.

The lowest class orders first. A unit more is worth ΔV(x); the next class is turned away where that is more than its
own value. Demand that is no count, or large, is told on a grid of steps.
"""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, Discrete
from segkit.formulas.nested_protection import checked_values, demand_up_to

_STEPS = 1000  # of the grid, at most
_CELLS = 2_000_000  # probabilities held at a time


def optimal_protection(values: ArrayLike, demand: Demand) -> np.ndarray:
    """Return the protection levels with the highest expected margin where low classes order before high.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, best first, shape (..., classes), not rising, above 0. [currency/unit]
    demand : Demand
        Of each class, independent, parameters of shape (..., classes).

    Returns
    -------
    ndarray
        Shape (..., classes - 1), rising; whole for counts. [units]

    Notes
    -----
    Exact for counts up to levels of 1,000 units; else to a thousandth of the highest level.

    References
    ----------
    Brumelle & McGill (1993), Airline seat allocation with multiple nested fare classes, Operations Research 41(1);
    Talluri & van Ryzin, The Theory and Practice of Revenue Management, sec. 2.2.2.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> optimal_protection([10.0, 5.0, 4.0], Poisson([4.0, 6.0, 9.0])).tolist()
    [4.0, 9.0]
    """
    value = checked_values(values)
    if value.shape[-1] == 1:
        return np.zeros((*value.shape[:-1], 0))
    share = np.broadcast_to(1.0 - value[..., 1:] / value[..., :1], (*value.shape[:-1], value.shape[-1] - 1))
    together = demand_up_to(demand, value.shape)
    share = np.clip(np.concatenate([share, share[..., -1:]], axis=-1), 0.5, 1 - 1e-9)
    most = np.maximum(together.quantile(share)[..., :-1].max(-1), 0.0)
    levels = np.zeros((*value.shape[:-1], value.shape[-1] - 1), dtype=np.int64).reshape(-1, value.shape[-1] - 1)
    step = _steps(most, demand.whole)
    for rows, below, here in _chunks(demand, value.shape, most, step):
        found = levels[rows]
        _marginal_values(here, below, value.reshape(-1, value.shape[-1])[rows], found, False)
        levels[rows] = found
    return levels.reshape(*value.shape[:-1], -1) * step[..., None]


def nested_expected_margin(values: ArrayLike, demand: Demand, supply: ArrayLike, levels: ArrayLike) -> np.ndarray:
    """Return the expected margin of a stock under nested protection levels, low classes ordering before high.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, best first, shape (..., classes), above 0. [currency/unit]
    demand : Demand
        Of each class, independent, parameters of shape (..., classes).
    supply : array_like
        Stock, shape (...). [units]
    levels : array_like
        Protection levels, rising, shape (..., classes - 1); all 0 = first come, first served. [units]

    Returns
    -------
    ndarray
        Shape (...). [currency]

    Notes
    -----
    Exact for counts up to 1,000 units of stock; else on a grid of a thousandth of the stock.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> two = Poisson([4.0, 9.0])
    >>> [float(nested_expected_margin([10.0, 5.0], two, 8, [level]).round(2)) for level in (0, 4, 8)]
    [42.69, 52.13, 39.66]
    """
    value = np.asarray(values, dtype=float)
    shape = np.broadcast_shapes(value.shape[:-1], np.shape(supply), np.shape(levels)[:-1])
    value = np.broadcast_to(value, (*shape, value.shape[-1]))
    stock = np.broadcast_to(np.asarray(supply, dtype=float), shape)
    step = _steps(stock, demand.whole)
    kept = np.minimum(np.asarray(levels, dtype=float), stock[..., None]) / step[..., None]
    whole = np.floor(kept + 1e-9 if demand.whole else kept + 0.5).astype(np.int64).reshape(-1, value.shape[-1] - 1)
    earned = np.zeros(stock.size)
    size = np.floor(stock / step + 1e-9).astype(np.int64).reshape(-1)
    for rows, below, here in _chunks(demand, value.shape, stock, step):
        worth = _marginal_values(here, below, value.reshape(-1, value.shape[-1])[rows], whole[rows], True)
        inside = np.arange(worth.shape[1]) <= size[rows][:, None]
        earned[rows] = (worth * inside).sum(-1)
    return earned.reshape(shape) * step


def partitioned_expected_margin(values: ArrayLike, demand: Demand, quotas: ArrayLike) -> np.ndarray:
    """Return the expected margin where each class has a part of its own and no other.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, shape (..., classes). [currency/unit]
    demand : Demand
        Of each class, parameters of shape (..., classes).
    quotas : array_like
        Shape (..., classes). [units]

    Returns
    -------
    ndarray
        Shape (...). [currency]

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> float(partitioned_expected_margin([10.0, 5.0], Poisson([4.0, 9.0]), [4, 4]).round(2))
    52.04
    """
    served = demand.mean - demand.losses(quotas)[1]
    return (np.asarray(values, dtype=float) * served).sum(-1)


def _steps(most: np.ndarray, whole: bool) -> np.ndarray:
    if whole:
        return np.maximum(np.ceil(most / _STEPS), 1.0)
    return np.where(most > 0, most / _STEPS, 1.0)


def _marginal_values(*given) -> np.ndarray:  # type: ignore[no-untyped-def]
    from segkit.formulas.nested_kernels import marginal_values

    return marginal_values(*given)


def _chunks(
    demand: Demand, shape: tuple[int, ...], most: np.ndarray, step: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows of much the same size with their P(D ≥ d steps) and P(D = d steps), d from 0."""
    width = np.ceil((most / step).reshape(-1)).astype(np.int64) + 2
    order = np.argsort(width, kind="stable")
    values = demand.values.shape[-1] if isinstance(demand, Discrete) else 1
    cells = np.maximum(width[order] * shape[-1] * values, 1)
    at = 0
    while at < len(order):
        fits = np.searchsorted(cells[at:] * np.arange(1, len(order) - at + 1), _CELLS, side="right")
        rows = order[at : at + max(int(fits), 1)]
        yield rows, *_probabilities(_rows_of(demand, shape, rows), step.reshape(-1)[rows], width[rows[-1]])
        at += len(rows)


def _probabilities(demand: Demand, step: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return P(D ≥ d steps) and P(D = d steps), (rows, classes, width)."""
    middle = np.where(step > 1, 0.5, 0.0) if demand.whole else np.full(step.shape, 0.5)
    cuts = (np.arange(width) + middle[:, None]) * step[:, None]
    most = np.clip(demand.at_most(cuts[:, None, :]), 0.0, 1.0)
    below = np.concatenate([np.ones_like(most[..., :1]), 1.0 - most[..., :-1]], axis=-1)
    return np.ascontiguousarray(below), np.ascontiguousarray(np.diff(most, axis=-1, prepend=0.0))


def _rows_of(demand: Demand, shape: tuple[int, ...], rows: np.ndarray) -> Demand:
    """Return demand of some rows, with room for an axis of stocks."""
    table = isinstance(demand, Discrete)
    told = {}
    for one in fields(demand):  # type: ignore[arg-type]
        array = getattr(demand, one.name)
        full = np.broadcast_to(array, (*shape, array.shape[-1]) if table else shape)
        picked = full.reshape(-1, *full.shape[len(shape) - 1 :])[rows]
        told[one.name] = picked[..., None, :] if table else picked[..., None]
    return replace(demand, **told)  # type: ignore[type-var]
