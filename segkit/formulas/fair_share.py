"""Scarce supply shared fairly: alike as far as demand goes (max-min), in proportion to demand, contracts first."""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.split_units import split_up_to


def max_min_share(
    supply: ArrayLike, demands: ArrayLike, *, weights: ArrayLike = 1.0, unit: ArrayLike = 1.0
) -> np.ndarray:
    """Return the max-min fair shares: nobody can get more without one who has no more, by weight, getting less.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    demands : array_like
        What each asks for, shape (..., classes). [units]
    weights : array_like
        Entitlement of each, shape (..., classes).
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (..., classes), none above its demand. [units]

    References
    ----------
    Bertsekas & Gallager, Data Networks, 2e, sec. 6.5.2 (water filling).

    Examples
    --------
    >>> max_min_share(10, [2, 2.6, 4, 5], unit=0).round(6).tolist()
    [2.0, 2.6, 2.7, 2.7]
    """
    demand = np.asarray(demands, dtype=float)
    return split_up_to(supply, np.broadcast_to(np.asarray(weights, dtype=float), demand.shape), demand, unit=unit)


def proportional_share(supply: ArrayLike, demands: ArrayLike, *, unit: ArrayLike = 1.0) -> np.ndarray:
    """Return shares in proportion to demand, the same fill for all; never more than demand.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    demands : array_like
        Forecast or order of each, shape (..., classes). [units]
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (..., classes). Where units are whole, demand counts by its whole units. [units]

    References
    ----------
    Kilger & Meyr, Demand Fulfilment and ATP, in Stadtler, Kilger & Meyr (eds), Supply Chain Management and Advanced
    Planning, 5e, sec. 9.4.4 (per committed).

    Examples
    --------
    >>> proportional_share(60, [50, 40, 10]).tolist()
    [30.0, 24.0, 6.0]
    """
    demand = np.asarray(demands, dtype=float)
    return split_up_to(supply, demand, demand, unit=unit)


def serve_commitments(
    supply: ArrayLike, commitments: ArrayLike, *, unit: ArrayLike = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each contract gets before anybody else, and what is left of the supply.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    commitments : array_like
        Least quantity due to each by contract, shape (..., classes). [units]
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. [units]

    Returns
    -------
    served, left : ndarray
        Shapes (..., classes) and (...). Where supply does not cover all contracts they are cut in proportion, and
        nothing is left. [units]

    Examples
    --------
    >>> served, left = serve_commitments([100, 30], [20, 40])
    >>> served.tolist(), left.tolist()
    ([[20.0, 40.0], [10.0, 20.0]], [40.0, 0.0])
    """
    stock = np.asarray(supply, dtype=float)
    due = np.asarray(commitments, dtype=float)
    total = due.sum(-1)
    cut = split_up_to(np.minimum(stock, total), due, due, unit=unit)
    served = np.where((total <= stock)[..., None], due, cut)
    return served, np.maximum(stock - served.sum(-1), 0.0)
