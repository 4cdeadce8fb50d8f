"""A depot and its bases, one for one: what each unit sold or broken orders at once, from the base and from the depot.

Slow movers with Poisson demand at each base; unmet demand waits, the depot serves first come, first served. What is on
its way to a base is what the depot owes it and what it sent: the first is told exactly, by two moments, or (METRIC) as
if it were Poisson, which says too little waits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlogy

from segkit.formulas.demand_distributions import Demand, NegativeBinomial, Poisson
from segkit.formulas.stock_search import require_whole

_REST = 1e-13


@dataclass(frozen=True)
class BaseService:
    """By base: units waiting on average, and fill_rate (P2), the share of demand served at once."""

    backorders: np.ndarray
    fill_rate: np.ndarray


def metric(
    depot_stock: ArrayLike, depot_lead_time: ArrayLike, rate: ArrayLike, lead_time: ArrayLike, stock: ArrayLike
) -> BaseService:
    """Return backorders and fill_rate (P2) of the bases as METRIC says: Poisson with the right mean.

    Parameters
    ----------
    depot_stock : array_like
        S₀, whole, shape (...) [units].
    depot_lead_time : array_like
        L₀ from the supplier, shape (...) [periods].
    rate : array_like
        Demand of each base, shape (..., bases), above zero [units/period].
    lead_time : array_like
        From depot to base, shape (..., bases) [periods].
    stock : array_like
        Stock of each base, whole, shape (..., bases) [units].

    Returns
    -------
    BaseService
        Shape (..., bases). Says up to some tens of percent too few backorders where the depot is often empty.

    Raises
    ------
    ValueError
        Where stocks are not whole numbers from 0, lead times negative or rates not above zero.

    References
    ----------
    Sherbrooke (1968), Operations Research 16(1).

    Examples
    --------
    >>> metric(2, 10, [0.2, 0.2], 2, 2).backorders.round(5).tolist()
    [0.26138, 0.26138]
    """
    mean, _ = _pipeline(depot_stock, depot_lead_time, rate, lead_time)
    return _one_for_one(Poisson(mean), stock)


def two_moment_bases(
    depot_stock: ArrayLike, depot_lead_time: ArrayLike, rate: ArrayLike, lead_time: ArrayLike, stock: ArrayLike
) -> BaseService:
    """Return backorders and fill_rate (P2) of the bases: negative binomial with the right mean and variance.

    Parameters
    ----------
    depot_stock : array_like
        S₀, whole, shape (...) [units].
    depot_lead_time : array_like
        L₀ from the supplier, shape (...) [periods].
    rate : array_like
        Demand of each base, shape (..., bases), above zero [units/period].
    lead_time : array_like
        From depot to base, shape (..., bases) [periods].
    stock : array_like
        Stock of each base, whole, shape (..., bases) [units].

    Returns
    -------
    BaseService
        Shape (..., bases). Within a few percent of the exact backorders.

    Raises
    ------
    ValueError
        Where stocks are not whole numbers from 0, lead times negative or rates not above zero.

    References
    ----------
    Graves (1985), Management Science 31(10).

    Examples
    --------
    >>> two_moment_bases(2, 10, [0.2, 0.2], 2, 2).backorders.round(6).tolist()
    [0.312432, 0.312432]
    """
    return _one_for_one(NegativeBinomial(*_pipeline(depot_stock, depot_lead_time, rate, lead_time)), stock)


def exact_bases(
    depot_stock: int, depot_lead_time: float, rate: ArrayLike, lead_time: ArrayLike, stock: ArrayLike
) -> BaseService:
    """Return backorders and fill_rate (P2) of the bases, exactly, for one item.

    Parameters
    ----------
    depot_stock : int
        S₀ [units].
    depot_lead_time : float
        L₀ from the supplier [periods].
    rate : array_like
        Demand of each base, shape (bases,), above zero [units/period].
    lead_time : array_like
        From depot to base, shape (bases,) or one [periods].
    stock : array_like
        Stock of each base, whole, shape (bases,) or one [units].

    Returns
    -------
    BaseService
        Shape (bases,).

    Raises
    ------
    ValueError
        Where stocks are not whole numbers from 0, lead times negative or rates not above zero.

    References
    ----------
    Simon (1971), Operations Research 19(6); Graves (1985), Management Science 31(10).

    Examples
    --------
    >>> exact = exact_bases(2, 10, [0.2, 0.2], 2, 2)
    >>> exact.backorders.round(6).tolist(), exact.fill_rate.round(5).tolist()
    ([0.316017, 0.316017], [0.58414, 0.58414])
    """
    rate, lead_time, stock = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in (rate, lead_time, stock)))
    _require_known(depot_stock, stock, depot_lead_time, rate, lead_time)
    depot_stock = int(depot_stock)
    owed = _chances(float(rate.sum() * depot_lead_time))
    owed = np.append(owed[: depot_stock + 1].sum(), owed[depot_stock + 1 :])
    waiting, filled = np.empty(rate.shape), np.empty(rate.shape)
    for base, share in enumerate(rate / rate.sum()):
        chances = np.convolve(_thinned(owed, float(share)), _chances(float(rate[base] * lead_time[base])))
        units = np.arange(len(chances))
        waiting[base] = chances @ np.maximum(units - stock[base], 0.0)
        filled[base] = chances[units < stock[base]].sum()
    return BaseService(waiting, filled)


def _pipeline(depot_stock, depot_lead_time, rate, lead_time):  # type: ignore[no-untyped-def]
    """Return mean and variance of what is on its way to each base."""
    rate, lead_time = np.broadcast_arrays(np.asarray(rate, dtype=float), np.asarray(lead_time, dtype=float))
    _require_known(depot_stock, 0, depot_lead_time, rate, lead_time)
    total = rate.sum(-1)
    depot = Poisson(total * np.asarray(depot_lead_time, dtype=float))
    _, owed, pairs = depot.losses(depot_stock)
    variance = 2 * pairs + owed - owed**2
    share, owed, variance = rate / total[..., None], owed[..., None], variance[..., None]
    own = rate * lead_time
    return share * owed + own, share**2 * variance + share * (1 - share) * owed + own


def _require_known(depot_stock, stock, depot_lead_time, rate, lead_time):  # type: ignore[no-untyped-def]
    require_whole("depot_stock", depot_stock)
    require_whole("stock", stock)
    if not (np.all(np.asarray(depot_lead_time) >= 0) and np.all(lead_time >= 0) and np.all(rate > 0)):
        raise ValueError("lead times must be known and not negative, rates above zero")


def _one_for_one(on_its_way: Demand, stock: ArrayLike) -> BaseService:
    stock = require_whole("stock", stock)
    return BaseService(on_its_way.losses(stock)[1], 1.0 - on_its_way.losses(stock - 1.0)[0])


def _chances(mean: float) -> np.ndarray:
    """Return Poisson chances of 0, 1, … as far as there are any."""
    units = np.arange(float(Poisson(np.asarray(mean)).quantile(1 - _REST)) + 2)
    return np.exp(xlogy(units, mean) - mean - gammaln(units + 1))


def _thinned(chances: np.ndarray, share: float) -> np.ndarray:
    """Return the chances of the part of a count that belongs to one base."""
    all_units = np.arange(len(chances))
    own = all_units[:, None]
    others = np.maximum(all_units - own, 0)
    ways = gammaln(all_units + 1.0) - gammaln(own + 1.0) - gammaln(others + 1.0)
    chance = np.exp(ways + xlogy(own, share) + xlogy(others, 1 - share)) * (all_units >= own)
    return chance @ chances
