"""Nested protection: how much of a stock is kept for the best classes when the others order first.

Classes stand best first. Level j is kept from class j + 1 on for the classes 1 to j together; what they do not keep is
open to all. The value of a unit is its margin and, with it, the goodwill that a customer sent away would have cost.
Two rules of thumb (EMSR-a, EMSR-b), the optimum by simulation, and in `nested_optimum` the exact one.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, Discrete, Gamma, NegativeBinomial, Normal, Poisson

_FAINT = 1e-9  # of the largest weight: what a class without any counts


def littlewood_protection(values: ArrayLike, demand: Demand) -> np.ndarray:
    """Return the units kept for the better of two classes: P(D > y) = value of the other / own value.

    Parameters
    ----------
    values : array_like
        Of a unit of the better and of the other class, shape (..., 2), not rising, above 0. [currency/unit]
    demand : Demand
        Of the better class, shape (...).

    Returns
    -------
    ndarray
        At least 0, whole for counts. [units]

    References
    ----------
    Littlewood (1972), Forecasting and control of passenger bookings, AGIFORS; Talluri & van Ryzin, The Theory and
    Practice of Revenue Management, eq. 2.1.

    Examples
    --------
    >>> float(littlewood_protection([1050, 567], Normal(17.3, 5.8)).round(1))
    16.7
    """
    value = checked_values(values)
    return np.maximum(demand.quantile(1.0 - value[..., 1] / value[..., 0]), 0.0)


def emsr_a_protection(values: ArrayLike, demand: Demand) -> np.ndarray:
    """Return protection levels as the sum of what each better class alone would keep.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, best first, shape (..., classes), not rising, above 0. [currency/unit]
    demand : Demand
        Of each class, parameters of shape (..., classes).

    Returns
    -------
    ndarray
        Shape (..., classes - 1), rising. [units]

    Notes
    -----
    Adding up ignores that classes share their luck: two classes alike keep more together than one as large as both.

    References
    ----------
    Belobaba (1987), Air travel demand and airline seat inventory management, MIT; Talluri & van Ryzin, The Theory and
    Practice of Revenue Management, sec. 2.2.4.1.

    Examples
    --------
    >>> four = Normal([17.3, 45.1, 39.6, 34.0], [5.8, 15.0, 13.2, 11.3])
    >>> emsr_a_protection([1050, 567, 534, 520], four).round(1).tolist()
    [16.7, 38.7, 55.7]
    """
    value = checked_values(values)
    levels = [
        _kept(demand, np.where(np.arange(value.shape[-1]) < j, 1.0 - value[..., [j]] / value, 0.0)).sum(-1)
        for j in range(1, value.shape[-1])
    ]
    return _rising(levels, value)


def emsr_b_protection(values: ArrayLike, demand: Demand) -> np.ndarray:
    """Return protection levels as if all better classes were one, worth what they are worth on average.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, best first, shape (..., classes), not rising, above 0. [currency/unit]
    demand : Demand
        Of each class, parameters of shape (..., classes).

    Returns
    -------
    ndarray
        Shape (..., classes - 1), rising. [units]

    References
    ----------
    Belobaba (1992), Optimal vs. heuristic methods for nested seat allocation, ORSA/TIMS; Talluri & van Ryzin, The
    Theory and Practice of Revenue Management, sec. 2.2.4.2.

    Examples
    --------
    >>> four = Normal([17.3, 45.1, 39.6, 34.0], [5.8, 15.0, 13.2, 11.3])
    >>> emsr_b_protection([1050, 567, 534, 520], four).round(1).tolist()
    [16.7, 50.9, 83.2]
    """
    value = checked_values(values)
    mean = np.broadcast_to(demand.mean, value.shape)
    total = np.cumsum(mean, axis=-1)
    earned = np.cumsum(value * mean, axis=-1)
    average = np.divide(earned, total, out=value.copy(), where=total > 0)
    share = 1.0 - np.minimum(value[..., 1:] / average[..., :-1], 1.0)
    levels = _kept(demand_up_to(demand, value.shape), np.concatenate([share, 0 * share[..., :1]], -1))
    return _rising(list(np.moveaxis(levels[..., :-1], -1, 0)), value)


def simulated_protection(values: ArrayLike, demands: ArrayLike) -> np.ndarray:
    """Return the protection levels that are best for demands drawn at random (or seen), low classes before high.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, best first, shape (classes,), not rising, above 0. [currency/unit]
    demands : array_like
        Draws of all classes together, shape (draws, classes); classes may go together. [units]

    Returns
    -------
    ndarray
        Shape (classes - 1,), rising. [units]

    Notes
    -----
    The levels meet P(D₁ > y₁, D₁ + D₂ > y₂, …, D₁ + … + Dⱼ > yⱼ) = value of class j + 1 / value of class 1 in the
    draws: level by level, only draws above the levels before count.

    References
    ----------
    Brumelle & McGill (1993), Airline seat allocation with multiple nested fare classes, Operations Research 41(1);
    Robinson (1995), Operations Research 43(2); Talluri & van Ryzin, sec. 2.2.3.3 (Monte Carlo integration).

    Examples
    --------
    >>> draws = np.random.default_rng(1).normal([17.3, 45.1], [5.8, 15.0], (100_000, 2))
    >>> simulated_protection([1050, 567], draws).round().tolist()
    [17.0]
    """
    value = checked_values(values)
    sums = np.cumsum(np.asarray(demands, dtype=float), axis=-1)
    if sums.ndim != 2 or sums.shape[1] != len(value) or not len(sums):
        raise ValueError("demands needs draws as rows and a column for each class")
    levels: list[float] = []
    for j in range(1, len(value)):
        ordered = np.sort(sums[:, j - 1])
        above = value[j] / value[j - 1] * len(ordered)
        at = min(max(int(np.ceil(len(ordered) - above - 1e-9)) - 1, 0), len(ordered) - 1)
        after = ordered[min(at + 1, len(ordered) - 1)]
        level = 0.0 if above >= len(ordered) else 0.5 * (ordered[at] + after)
        levels.append(max(level, levels[-1] if levels else 0.0))
        kept = sums[sums[:, j - 1] > level] if level > 0 else sums
        sums = kept if len(kept) else sums[-1:]
    return np.array(levels)


def draw_demands(demand: Demand, draws: int, seed: int) -> np.ndarray:
    """Return demands drawn at random, independent of each other.

    Parameters
    ----------
    demand : Demand
        Parameters of shape (...).
    draws : int
        How many.
    seed : int
        Of the random numbers.

    Returns
    -------
    ndarray
        Shape (draws, ...), at least 0. [units]

    Examples
    --------
    >>> draw_demands(Poisson([1.0, 30.0]), 3, seed=1).shape
    (3, 2)
    """
    chance = np.random.default_rng(seed).random((draws, *np.shape(demand.mean)))
    return np.maximum(demand.quantile(np.clip(chance, 1e-12, 1 - 1e-12)), 0.0)


def quotas_of_protection(supply: ArrayLike, levels: ArrayLike) -> np.ndarray:
    """Return the part of a stock each class adds to what is protected; the last class gets what nobody keeps.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    levels : array_like
        Protection levels, rising, shape (..., classes - 1). [units]

    Returns
    -------
    ndarray
        Shape (..., classes); adds up to the supply. Nested from the best class down, these parts give the protection
        levels back. [units]

    Examples
    --------
    >>> quotas_of_protection(60.0, [16.0, 50.0, 83.0]).tolist()
    [16.0, 34.0, 10.0, 0.0]
    """
    stock = np.asarray(supply, dtype=float)[..., None]
    kept = np.minimum(np.maximum.accumulate(np.asarray(levels, dtype=float), axis=-1), stock)
    shape = np.broadcast_shapes(stock.shape[:-1], kept.shape[:-1])
    kept, stock = np.broadcast_to(kept, (*shape, kept.shape[-1])), np.broadcast_to(stock, (*shape, 1))
    return np.diff(np.concatenate([np.zeros_like(stock), kept, stock], axis=-1), axis=-1)


def demand_up_to(demand: Demand, shape: tuple[int, ...]) -> Demand:
    """Return demand of the classes 1 to j together, for each j, of independent classes.

    Parameters
    ----------
    demand : Demand
        Of each class, parameters of shape (..., classes).
    shape : tuple of int
        Of the result: (..., classes).

    Returns
    -------
    Demand
        Of the same family with means and variances added up (exact for normal and Poisson); tables are convolved and
        told again by as many values as they had, at least 200.

    Examples
    --------
    >>> demand_up_to(Poisson([1.0, 2.0]), (2,)).mean.tolist()
    [1.0, 3.0]
    """
    if isinstance(demand, Discrete):
        return _convolved(demand, shape)
    mean = np.cumsum(np.broadcast_to(demand.mean, shape), axis=-1)
    variance = np.cumsum(np.broadcast_to(demand.variance, shape), axis=-1)
    if isinstance(demand, Poisson):
        return Poisson(mean)
    if isinstance(demand, NegativeBinomial):
        return NegativeBinomial(mean, variance)
    if isinstance(demand, Normal | Gamma):
        return replace(demand, mean=mean, sd=np.sqrt(variance))
    raise ValueError(f"demand of {type(demand).__name__} cannot be added up")


def _convolved(demand: Discrete, shape: tuple[int, ...]) -> Discrete:
    size = max(demand.values.shape[-1], 200)
    values = np.broadcast_to(demand.values, (*shape, demand.values.shape[-1]))
    chance = np.broadcast_to(demand.probabilities, values.shape)
    sums = [_as_table(values[..., 0, :], chance[..., 0, :], size)]
    for j in range(1, shape[-1]):
        before, p = sums[-1]
        both = (before[..., :, None] + values[..., j, None, :]).reshape(*before.shape[:-1], -1)
        weight = (p[..., :, None] * chance[..., j, None, :]).reshape(both.shape)
        sums.append(_as_table(both, weight, size))
    return Discrete(*(np.stack([one[i] for one in sums], axis=-2) for i in range(2)))


def _as_table(values: np.ndarray, chance: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of ``size`` rising values; longer ones are told by the means of equally likely parts."""
    order = np.argsort(values, axis=-1, kind="stable")
    values, chance = (np.take_along_axis(one, order, axis=-1) for one in (values, chance))
    if values.shape[-1] <= size:
        lacking = [(0, 0)] * (values.ndim - 1) + [(0, size - values.shape[-1])]
        return np.pad(values, lacking, mode="edge"), np.pad(chance, lacking)
    zero = np.zeros_like(chance[..., :1])
    grown = np.concatenate([zero, np.cumsum(chance, axis=-1)], axis=-1)
    earned = np.concatenate([zero, np.cumsum(chance * values, axis=-1)], axis=-1)
    cuts = np.linspace(0.0, 1.0, size + 1)
    flat = [np.interp(cuts, g / g[-1], e) for g, e in zip(_rows(grown), _rows(earned), strict=True)]
    means = np.diff(np.array(flat), axis=-1) * size
    return np.maximum.accumulate(means, axis=-1).reshape(*values.shape[:-1], size), np.full(
        (*values.shape[:-1], size), 1.0 / size
    )


def _rows(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1])


def _kept(demand: Demand, shares: np.ndarray) -> np.ndarray:
    """Return the units each demand keeps at its share, none where there is nothing to gain."""
    useful = shares > 1e-12
    kept = demand.quantile(np.where(useful, shares, 0.5))
    return np.where(useful, np.maximum(kept, 0.0), 0.0)


def _rising(levels: list[np.ndarray], value: np.ndarray) -> np.ndarray:
    if not levels:
        return np.zeros((*value.shape[:-1], 0))
    return np.maximum.accumulate(np.stack(levels, axis=-1), axis=-1)


def falling_values(values: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Return values that do not rise from the best class down: where they do, neighbours count as one, on average.

    Parameters
    ----------
    values : array_like
        Of a unit of each class, in the order in which classes are to be nested, shape (..., classes). [currency/unit]
    weights : array_like
        By which values are averaged, for example mean demand, at least 0, shape (..., classes).

    Returns
    -------
    ndarray
        Shape (..., classes).

    References
    ----------
    Barlow, Bartholomew, Bremner & Brunk, Statistical Inference under Order Restrictions (pool adjacent violators).

    Examples
    --------
    >>> falling_values([9.0, 4.0, 6.0], [1.0, 1.0, 3.0]).tolist()
    [9.0, 5.5, 5.5]
    """
    value, weight = np.broadcast_arrays(np.asarray(values, dtype=float), np.asarray(weights, dtype=float))
    weight = np.where(weight.sum(-1, keepdims=True) > 0, weight, 1.0)
    weight = np.maximum(weight, _FAINT * weight.max(-1, keepdims=True, initial=0.0))
    worth = value * weight
    classes = value.shape[-1]
    fallen = np.empty_like(value)
    for j in range(classes):
        best = np.full(value.shape[:-1], np.inf)
        for first in range(j + 1):
            means = [
                worth[..., first:last].sum(-1) / weight[..., first:last].sum(-1) for last in range(j + 1, classes + 1)
            ]
            best = np.minimum(best, np.maximum.reduce(means))
        fallen[..., j] = best
    return np.minimum.accumulate(fallen, axis=-1)


def checked_values(values: ArrayLike) -> np.ndarray:
    """Return values of a unit as an array; raises ValueError where they rise or are not above 0."""
    value = np.asarray(values, dtype=float)
    if not value.ndim or not (np.isfinite(value) & (value > 0)).all():
        raise ValueError("values of a unit must be above 0, one for each class")
    if np.any(np.diff(value, axis=-1) > 0):
        raise ValueError("values of a unit must not rise from the best class down")
    return value
