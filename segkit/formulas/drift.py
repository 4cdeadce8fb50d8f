"""How far a mix has moved."""

import numpy as np


def population_stability_index(before: np.ndarray, after: np.ndarray) -> float:
    """Return the population stability index of two mixes: 0 where they are the same.

    Parameters
    ----------
    before, after : array
        Amounts by group in both states, not below zero; they need not add up to 1.

    Returns
    -------
    float
        Σ (after - before) · ln(after / before) over the shares. Groups that are empty in both count nothing; infinite
        where one is empty in one of them, NaN where a state holds nothing.

    Notes
    -----
    Usual limits: below 0.1 little has moved, above 0.25 much. Of counted members chance alone gives about
    `psi_by_chance`, so that small groups seem to drift where nothing has moved.

    References
    ----------
    Siddiqi, N. (2006). Credit Risk Scorecards. Wiley, ch. 7.

    Examples
    --------
    >>> round(population_stability_index(np.array([0.5, 0.5]), np.array([0.6, 0.4])), 7)
    0.0405465
    """
    old, new = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    there = (old > 0) | (new > 0)
    if not old.sum() > 0 or not new.sum() > 0:
        return float("nan")
    old, new = old[there] / old.sum(), new[there] / new.sum()
    with np.errstate(divide="ignore"):
        return float(((new - old) * (np.log(new) - np.log(old))).sum())


def psi_by_chance(groups: int, before: float, after: float, *, certainty: float = 0.95) -> float:
    """Return the population stability index that chance alone exceeds only seldom: below it, a drift is noise.

    Parameters
    ----------
    groups : int
        Number of groups, at least 2.
    before, after : float
        Members counted in both states. [members]
    certainty : float
        1 - how often chance may exceed it.

    Returns
    -------
    float
        Chi-square quantile with groups - 1 degrees of freedom x (1/before + 1/after).

    References
    ----------
    Yurdakul, B. & Naranjo, J. (2020). Statistical properties of the population stability index. Journal of Risk Model
    Validation 14(4), 89-100.

    Examples
    --------
    >>> round(psi_by_chance(4, 200, 200), 3), round(psi_by_chance(4, 20000, 20000), 5)
    (0.078, 0.00078)
    """
    from scipy.special import chdtri

    return float(chdtri(groups - 1, 1 - certainty) * (1 / before + 1 / after))
