"""How much of a supply that can be stored is kept from each class for better ones: EMSR-b with what a kept unit keeps.

Littlewood's seat is worth nothing once the plane has left. A unit that nobody wanted serves somebody after the next
receipt: the more of its worth it keeps, the cheaper it is to protect.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv

_SUREST = 0.999


def stored_protection(mean: ArrayLike, sd: ArrayLike, worth: ArrayLike, carried_share: float = 0.0) -> np.ndarray:
    """Return the units to keep from each class for all better ones until the next receipt.

    Parameters
    ----------
    mean, sd : array_like
        Shape (..., classes), best class first: demand until the next receipt, of each class [units].
    worth : array_like
        Same shape: of a unit served [currency].
    carried_share : float
        Share of the lower class's worth that a unit keeps when it is left at the next receipt [0-1]; 0 = perishable, as
        in Littlewood's rule.

    Returns
    -------
    ndarray
        Shape (..., classes) [units]; 0 for the best class, and where better classes are worth no more. Nothing is kept
        for a class that is worth nothing, or loses.

    Notes
    -----
    The demand of the better classes together is taken as gamma with their mean and variance (independent classes). The
    last unit kept is wanted with the chance (w - k w) / (W - k w): w the worth of the class, W the mean worth of the
    better ones, k the share carried.

    References
    ----------
    Belobaba (1992), Optimal vs. heuristic methods for nested seat allocation, AGIFORS; Talluri & van Ryzin (2004), The
    Theory and Practice of Revenue Management, section 2.2.4.2 (EMSR-b; k = 0 and normal demand there).

    Examples
    --------
    >>> stored_protection([10.0, 20.0], [4.0, 9.0], [2.0, 1.0]).round(2).tolist()
    [0.0, 9.47]
    >>> stored_protection([10.0, 20.0], [4.0, 9.0], [2.0, 1.0], carried_share=0.9).round(2).tolist()
    [0.0, 15.63]
    """
    means, sds, worths = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(given, dtype=float)) for given in (mean, sd, worth))
    )
    if not 0.0 <= carried_share <= 1.0:
        raise ValueError("the share of its worth that a unit carries on lies between 0 and 1")
    if (means < 0).any() or (sds < 0).any():
        raise ValueError("mean or deviation of demand is below 0")
    earns = worths > 0
    better, spread, value = (_of_better(np.where(earns, one, 0.0)) for one in (means, sds**2, means * worths))
    average = np.divide(value, better, out=np.zeros_like(value), where=better > 0)
    kept = carried_share * worths
    gap = average - kept
    lost = np.divide(worths - kept, gap, out=np.ones_like(gap), where=(gap > 0) & (average > worths))
    sure = np.clip(1.0 - lost, 0.0, _SUREST)
    return np.where(better > 0, _gamma_quantile(better, spread, sure), 0.0)


def _of_better(values: np.ndarray) -> np.ndarray:
    sums = np.zeros_like(values)
    sums[..., 1:] = np.cumsum(values, axis=-1)[..., :-1]
    return sums


def _gamma_quantile(mean: np.ndarray, variance: np.ndarray, chance: np.ndarray) -> np.ndarray:
    sure = np.where(chance > 0, mean, 0.0)
    spread = (variance > 1e-12 * np.maximum(mean, 1.0) ** 2) & (mean > 0)
    shape = np.divide(mean**2, variance, out=np.ones_like(mean), where=spread)
    scale = np.divide(variance, mean, out=np.ones_like(mean), where=spread)
    return np.where(spread, gammaincinv(shape, chance) * scale, sure)
