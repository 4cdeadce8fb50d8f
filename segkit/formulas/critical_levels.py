"""One stock for several classes of customers: each class is served only while more than its critical level is on hand.

One for one: what is sold is ordered at once. Demand is Poisson, unmet demand is lost. Exact where lead times are
exponential; for other lead times a first guess, to be put right by simulation. With one class, or all levels zero, it
holds for any lead time (Erlang's loss formula).
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.stock_search import least_whole, require_share, require_whole


def critical_level_fill_rates(
    order_up_to: int, lead_time: float, rates: ArrayLike, critical_levels: ArrayLike
) -> np.ndarray:
    """Return the fill_rate (P2) of each class, demand of an unserved class being lost.

    Parameters
    ----------
    order_up_to : int
        S, at least 0 [units].
    lead_time : float
        Mean of the exponential lead time, above zero [periods].
    rates : array_like
        Demand of each class, above zero [units/period].
    critical_levels : array_like
        A class is served while stock is above its level; whole, the least must be 0 [units].

    Returns
    -------
    ndarray
        Share of each class's demand that is served.

    Raises
    ------
    ValueError
        Where no class is served down to the last unit, a level or the stock is not a whole number from 0, or the lead
        time or a rate is not known and above zero.

    References
    ----------
    Dekker, Hill, Kleijn & Teunter (2002), On the (S - 1, S) lost sales inventory model with priority demand classes,
    Naval Research Logistics 49(6).

    Examples
    --------
    >>> critical_level_fill_rates(5, 1.0, [1.0, 1.5], [0, 1]).round(6).tolist()
    [0.97089, 0.825338]
    """
    rates, levels = np.broadcast_arrays(np.asarray(rates, dtype=float), np.asarray(critical_levels, dtype=float))
    if levels.min() != 0 or np.any(levels != np.floor(levels)):
        raise ValueError("critical levels must be whole numbers, the least of them 0")
    require_whole("order_up_to", order_up_to)
    if not (lead_time > 0 and np.all(rates > 0)):
        raise ValueError("lead_time and rates must be known and above zero")
    on_hand = np.arange(1, int(order_up_to) + 1)
    taken = (rates * (levels < on_hand[:, None])).sum(axis=-1)
    logs = np.concatenate([[0.0], np.cumsum(np.log((order_up_to - on_hand + 1) / (lead_time * taken)))])
    chance = np.exp(logs - logs.max())
    chance /= chance.sum()
    return (chance * (np.arange(int(order_up_to) + 1) > levels[:, None])).sum(axis=-1)


def one_for_one_fill_rate_with_lost_sales(order_up_to: ArrayLike, lead_time_demand: ArrayLike) -> np.ndarray:
    """Return the fill_rate (P2) of (S - 1, S) with lost sales, for any lead time: 1 - Erlang's loss.

    Parameters
    ----------
    order_up_to : array_like
        S, whole, at least 0 [units].
    lead_time_demand : array_like
        Mean demand over the lead time, Poisson [units].

    Returns
    -------
    ndarray
        1 where nothing is demanded.

    References
    ----------
    Karush (1957), Operations Research 5(5); Zipkin, Foundations of Inventory Management, chapter 7.

    Examples
    --------
    >>> float(one_for_one_fill_rate_with_lost_sales(5, 2.5).round(6))
    0.930269
    """
    top, mean = np.broadcast_arrays(np.asarray(order_up_to, dtype=float), np.asarray(lead_time_demand, dtype=float))
    lost = np.where(np.isnan(mean), np.nan, 1.0)
    for units in range(1, int(np.max(top, initial=0.0)) + 1):
        lost = np.where(units <= top, mean * lost / (units + mean * lost), lost)
    return np.where(mean <= 0, 1.0, 1.0 - lost)


def one_for_one_stock_with_lost_sales(lead_time_demand: ArrayLike, target: ArrayLike) -> np.ndarray:
    """Return the least S of (S - 1, S) that serves the share P2 of units, others being lost, for any lead time.

    Parameters
    ----------
    lead_time_demand : array_like
        Mean demand over the lead time, Poisson [units].
    target : array_like
        P2, the fill_rate, between 0 and 1.

    Returns
    -------
    ndarray
        S [units].

    Raises
    ------
    ValueError
        Where the target is not between 0 and 1.

    Examples
    --------
    >>> one_for_one_stock_with_lost_sales([0.0, 0.5, 2.5], 0.95).tolist()
    [0.0, 3.0, 6.0]
    """
    mean, share = np.asarray(lead_time_demand, dtype=float), require_share("fill_rate", target)
    start = np.ceil(mean) + 0.0 * share
    return least_whole(lambda stock: one_for_one_fill_rate_with_lost_sales(stock, mean) >= share - 1e-12, start)
