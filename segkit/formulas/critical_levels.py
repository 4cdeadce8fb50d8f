"""Stock shared by classes of demand, each with a critical level: exact fill rates by birth and death of stock."""

import numpy as np
from numpy.typing import ArrayLike


def critical_level_fill(stock: int, levels: ArrayLike, rates: ArrayLike, lead_time: float) -> np.ndarray:
    """Return the fill rate of every class where stock is shared and units short are lost.

    Parameters
    ----------
    stock : int
        Base stock S: every unit sold is ordered anew at once. [units]
    levels : array_like
        Critical level K of each class, (classes,): it is served only while stock is above it. [units]
    rates : array_like
        Poisson demand lambda of each class, (classes,) [units per time]
    lead_time : float
        Mean 1 / mu of exponential lead times, one for each unit. [time]

    Returns
    -------
    ndarray
        P2 of each class [0-1]: the probability that stock is above its level.

    Raises
    ------
    ValueError
        Where the stock, a level, a rate or the lead time is below 0, or levels and rates do not match.

    Notes
    -----
    With n on hand, S - n units are under way and each arrives at the rate mu; demand takes one at the rate of the
    classes whose level is below n: p(n-1) (S - n + 1) mu = p(n) sum_{k: K_k < n} lambda_k. With one level for all this
    is Erlang's loss formula, for any distribution of lead times; with several levels exponential ones are assumed.

    References
    ----------
    Dekker, Hill, Kleijn & Teunter (2002), On the (S - 1, S) lost sales inventory model with priority demand classes,
    Naval Research Logistics 49, 593-610; Ha (1997), Management Science 43, 1093-1103.

    Examples
    --------
    >>> critical_level_fill(5, [0, 1], [1, 1.5], 1).round(6).tolist()
    [0.97089, 0.825338]
    """
    own, rate = np.atleast_1d(np.asarray(levels, dtype=float)), np.atleast_1d(np.asarray(rates, dtype=float))
    if own.shape != rate.shape or min(own.min(), rate.min(), lead_time, stock) < 0:
        raise ValueError("stock, levels, rates and lead time are 0 or more, with one level for each rate")
    on_hand = np.arange(stock, 0, -1)
    taken = (rate * (on_hand[:, None] > own)).sum(axis=1)
    with np.errstate(divide="ignore"):
        log = np.cumsum(np.log(taken * lead_time) - np.log(stock - on_hand + 1))
    chance = np.exp(np.concatenate([[0.0], log]) - log.max(initial=0.0))
    above = np.append(on_hand, 0)[:, None] > own
    return (chance[:, None] * above).sum(axis=0) / chance.sum()
