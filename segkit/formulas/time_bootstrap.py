"""Intervals by resampling blocks of time: of means, of ratios of sums, and of what one rule gains on another.

What is compared is drawn together: the same periods for both, all series of a period at once, so that what they share
does not widen the interval of their difference.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from segkit.formulas.class_bootstrap import block_counts


def block_bootstrap_interval(
    per_period_differences: ArrayLike, *, block: int, draws: int = 2000, seed: int = 0, confidence: float = 0.9
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the mean per period.

    Parameters
    ----------
    per_period_differences : array_like
        Shape (..., periods), none missing: what one rule costs more than another in each period, say.
    block : int
        Periods drawn together: as long as what happens in one is felt (lead time and review, at least). At most a third
        of the periods is used.
    draws : int
        Number of draws.
    seed : int
        Seed of the draws; the same seed draws the same periods.
    confidence : float
        Probability that the interval covers the mean [0-1].

    Returns
    -------
    low, high : ndarray
        Shape (...); times the number of periods they are the interval of the sum. NaN for fewer than three periods.

    Raises
    ------
    ValueError
        Where something is missing, or the confidence is not between 0 and 1.

    Notes
    -----
    Percentiles of a circular block bootstrap, taken further out, as Student's t is wider than the normal where blocks
    are few: at ndtr(sqrt(b / (b - 1)) t) for b blocks.

    References
    ----------
    Politis & Romano (1992), "A circular block-resampling procedure for stationary data", in LePage & Billard (eds),
    Exploring the Limits of Bootstrap; Hesterberg (2015), What teachers should know about the bootstrap, The American
    Statistician 69, 371-386, section 4.3 (expanded percentiles).

    Examples
    --------
    >>> low, high = block_bootstrap_interval([1.0, 3.0, 2.0, 2.0, 4.0, 0.0, 2.0, 2.0, 1.0, 3.0], block=2)
    >>> bool(low < 2 < high)
    True
    """
    values = _complete(per_period_differences)
    return block_bootstrap_ratio_interval(
        values, np.ones_like(values), block=block, draws=draws, seed=seed, confidence=confidence
    )


def block_bootstrap_ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    block: int,
    draws: int = 2000,
    seed: int = 0,
    confidence: float = 0.9,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a ratio of sums over periods: a fill rate is served over demand.

    Parameters
    ----------
    numerator, denominator : array_like
        Shape (..., periods), none missing.
    block, draws, seed, confidence
        As `block_bootstrap_interval` takes them.

    Returns
    -------
    low, high : ndarray
        Shape (...); NaN where the denominator adds up to 0, or for fewer than three periods.

    Examples
    --------
    >>> demand = [4.0, 6.0, 5.0, 5.0, 7.0, 3.0]
    >>> low, high = block_bootstrap_ratio_interval(demand, demand, block=2)
    >>> low.item(), high.item()
    (1.0, 1.0)
    """
    top, bottom = np.broadcast_arrays(_complete(numerator), _complete(denominator))
    return _interval(lambda counts: _ratio(top @ counts, bottom @ counts), top.shape, block, draws, seed, confidence)


def block_bootstrap_ratio_difference(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    block: int,
    draws: int = 2000,
    seed: int = 0,
    confidence: float = 0.9,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the difference of two ratios of sums over the same periods.

    Parameters
    ----------
    first, second : (array_like, array_like)
        Numerator and denominator, each (..., periods), none missing: served and demand under two rules.
    block, draws, seed, confidence
        As `block_bootstrap_interval` takes them.

    Returns
    -------
    low, high : ndarray
        Shape (...): of the first ratio less the second.

    Examples
    --------
    >>> demand, served = np.full(9, 10.0), np.array([9.0, 8, 10, 9, 9, 8, 10, 9, 9])
    >>> ends = block_bootstrap_ratio_difference((served, demand), (served - 1, demand), block=3)
    >>> [end.round(6).item() for end in ends]
    [0.1, 0.1]
    """
    parts = np.broadcast_arrays(*(_complete(part) for part in (*first, *second)))

    def difference(counts: np.ndarray) -> np.ndarray:
        own, whole, other, other_whole = (part @ counts for part in parts)
        return _ratio(own, whole) - _ratio(other, other_whole)

    return _interval(difference, parts[0].shape, block, draws, seed, confidence)


def _interval(statistic, shape, block, draws, seed, confidence):  # type: ignore[no-untyped-def]
    """Return the widened percentiles of a statistic of how often each period is drawn."""
    if not 0 < confidence < 1:
        raise ValueError("confidence lies between 0 and 1")
    periods = shape[-1]
    if periods < 3:
        return np.full(shape[:-1], np.nan), np.full(shape[:-1], np.nan)
    blocks = periods / max(1, min(block, periods // 3))
    tail = ndtr(np.sqrt(blocks / (blocks - 1)) * stdtrit(blocks - 1, (1 - confidence) / 2))
    drawn = statistic(block_counts(periods, draws=draws, block=block, seed=seed))
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=-1)
    return low, high


def _complete(values: ArrayLike) -> np.ndarray:
    given = np.asarray(values, dtype=float)
    if given.ndim == 0 or np.isnan(given).any():
        raise ValueError("a value of a period is missing: leave the period out, or count it as 0 where it has none")
    return given


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom != 0)
