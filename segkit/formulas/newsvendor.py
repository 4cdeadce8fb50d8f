"""One order for one season: the stock whose last unit is as likely needed as it pays.

Service measure: cycle_service (P1), the probability that demand of the season is covered. The stock for any
distribution is its quantile at the critical ratio.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand, loss
from segkit.formulas.stock_search import require_not_negative


def critical_ratio(holding_cost: ArrayLike, shortage_cost: ArrayLike) -> np.ndarray:
    """Return the cycle_service (P1) that is worth its cost: p / (h + p).

    Parameters
    ----------
    holding_cost : array_like
        h, cost of a unit left over: its cost less salvage, or a period of holding it [currency/unit].
    shortage_cost : array_like
        p, cost of a unit short: its margin, with lost goodwill [currency/unit].

    Returns
    -------
    ndarray
        Missing where both are zero.

    Raises
    ------
    ValueError
        Where a cost is negative.

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, section 4.3.

    Examples
    --------
    >>> float(critical_ratio(0.18, 0.70).round(4))
    0.7955
    """
    h, p = np.asarray(holding_cost, dtype=float), np.asarray(shortage_cost, dtype=float)
    require_not_negative(holding_cost=h, shortage_cost=p)
    both = h + p
    return np.divide(p, both, out=np.full(np.shape(both), np.nan), where=both > 0)


def newsvendor_stock(demand: Demand, holding_cost: ArrayLike, shortage_cost: ArrayLike) -> np.ndarray:
    """Return the stock of least expected cost: the least that covers demand with the critical ratio.

    Parameters
    ----------
    demand : Demand
        Over the season, or over lead time and review where stock is filled up again and again [units].
    holding_cost : array_like
        h, cost of a unit left over [currency/unit].
    shortage_cost : array_like
        p, cost of a unit short [currency/unit].

    Returns
    -------
    ndarray
        Whole for counts; infinite where holding is free and demand has no end [units].

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, section 4.3, eq. 4.24 (normal).

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal, Poisson
    >>> float(newsvendor_stock(Normal(50, 8), 0.18, 0.70).round(6)), float(newsvendor_stock(Poisson(18), 200, 270))
    (56.603956, 19.0)
    """
    return demand.quantile(critical_ratio(holding_cost, shortage_cost))


def newsvendor_cost(demand: Demand, stock: ArrayLike, holding_cost: ArrayLike, shortage_cost: ArrayLike) -> np.ndarray:
    """Return what a stock is expected to cost: h·E[(S - D)⁺] + p·E[(D - S)⁺].

    Parameters
    ----------
    demand : Demand
        Over the season [units].
    stock : array_like
        S [units].
    holding_cost : array_like
        h, cost of a unit left over [currency/unit].
    shortage_cost : array_like
        p, cost of a unit short [currency/unit].

    References
    ----------
    Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 4.6.

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Normal
    >>> float(newsvendor_cost(Normal(50, 8), 56.603956, 0.18, 0.70).round(6))
    1.997605
    """
    h, p = np.asarray(holding_cost, dtype=float), np.asarray(shortage_cost, dtype=float)
    short = loss(demand, stock)
    return h * (np.asarray(stock, dtype=float) - demand.mean + short) + p * short


def implied_shortage_cost(holding_cost: ArrayLike, cycle_service: ArrayLike) -> np.ndarray:
    """Return the cost of a unit short that a cycle_service (P1) target takes for granted: h·P1 / (1 - P1).

    Parameters
    ----------
    holding_cost : array_like
        h, cost of a unit left over [currency/unit].
    cycle_service : array_like
        P1; at 1 no cost is high enough.

    Raises
    ------
    ValueError
        Where the target is not from 0 to 1.

    Examples
    --------
    >>> float(implied_shortage_cost(0.18, 0.7954545454545454).round(6))
    0.7
    """
    share = np.asarray(cycle_service, dtype=float)
    if np.any((share < 0) | (share > 1)):
        raise ValueError("cycle_service must lie from 0 to 1")
    with np.errstate(divide="ignore"):
        return np.asarray(holding_cost, dtype=float) * share / (1.0 - share)
