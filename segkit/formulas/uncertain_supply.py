"""Stock against a supplier who fails at times or delivers other quantities than ordered; demand is known and steady.

The lot of a supplier who fails is `economic_order.disrupted_lot`.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.economic_order import Lot
from segkit.formulas.newsvendor import critical_ratio


def disrupted_order_up_to(
    demand: ArrayLike,
    holding_cost: ArrayLike,
    shortage_cost: ArrayLike,
    disruption_chance: ArrayLike,
    recovery_chance: ArrayLike,
) -> np.ndarray:
    """Return the order-up-to level of least cost where the supplier may fail for some periods; unmet demand waits.

    Service measure: cycle_service (P1), the share of periods that end without backorders, at least p / (h + p).

    Parameters
    ----------
    demand : array_like
        d, of every period [units/period].
    holding_cost : array_like
        h, of a unit on hand at the end of a period, above zero [currency/unit].
    shortage_cost : array_like
        p, of a unit waiting at the end of a period, above zero [currency/unit].
    disruption_chance : array_like
        Probability that a working supplier fails in the next period, between 0 and 1.
    recovery_chance : array_like
        Probability that a failed supplier works in the next period, between 0 and 1.

    Returns
    -------
    ndarray
        A whole number of periods of demand [units].

    References
    ----------
    Tomlin (2006); Snyder & Shen, Fundamentals of Supply Chain Theory, 2e, eq. 9.14 and 9.18, Example 9.3.

    Examples
    --------
    >>> float(disrupted_order_up_to(2000, 0.25, 3, 0.04, 0.25))
    8000.0
    """
    fails, mends = np.asarray(disruption_chance, dtype=float), np.asarray(recovery_chance, dtype=float)
    missed = 1.0 - critical_ratio(holding_cost, shortage_cost)
    down = fails / (fails + mends)
    periods = np.ceil(np.log(np.minimum(missed / down, 1.0)) / np.log1p(-mends) - 1e-12)
    return np.asarray(demand, dtype=float) * (1.0 + np.maximum(periods, 0.0))


def uneven_yield_lot(
    demand: ArrayLike, order_cost: ArrayLike, holding_cost: ArrayLike, yield_mean: ArrayLike, yield_sd: ArrayLike
) -> Lot:
    """Return the lot to order where a random share of it arrives: √(2·K·D / (h·E[share²])).

    No service measure: the next order is placed when stock is out and arrives at once.

    Parameters
    ----------
    demand : array_like
        D [units/year].
    order_cost : array_like
        K [currency].
    holding_cost : array_like
        h, above zero [currency/unit/year].
    yield_mean, yield_sd : array_like
        Mean, above zero, and standard deviation of the share that arrives.

    Returns
    -------
    Lot
        The quantity ordered.

    References
    ----------
    Yano & Lee (1995), Operations Research 43(2); Snyder & Shen 2e, eq. 9.24 and 9.25, Example 9.5.

    Examples
    --------
    >>> lot = uneven_yield_lot(75_000, 18_500, 0.06, 0.8333333333, 0.1408590425)
    >>> float(lot.quantity.round(2)), float(lot.cost.round(2))
    (254460.21, 13086.53)
    """
    d, order, h, mean, sd = (
        np.asarray(one, dtype=float) for one in (demand, order_cost, holding_cost, yield_mean, yield_sd)
    )
    square = mean**2 + sd**2
    quantity = np.sqrt(2 * order * d / (h * square))
    return Lot(quantity, np.sqrt(2 * order * d * h * square) / mean, np.zeros(np.shape(quantity)))
