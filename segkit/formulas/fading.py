"""How likely it is by chance that an item sells less and less, or has been silent for so long."""

import numpy as np

_WEIGHT = 12.0  # degrees of freedom that the spread of all series has beside a series' own


def silence_chance(hits: np.ndarray, misses: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Return the chance that demand pauses for so long, by how often it came before.

    Parameters
    ----------
    hits : array of int
        Periods with demand, two or more.
    misses : array of int
        Periods without demand between the first and the last with demand.
    silent : array of int
        Periods without demand since.

    Returns
    -------
    array of float
        1 where nothing is silent.

    Notes
    -----
    Demand comes in a period with a chance that stays the same; what is known of it is the Beta posterior (Jeffreys'
    prior) of what followed the first demand, so that few hits say little. The result is the posterior predictive
    chance of ``silent`` misses in a row.

    Examples
    --------
    >>> silence_chance(np.array([12, 3, 3]), np.array([0, 10, 10]), np.array([6, 6, 0])).round(4).tolist()
    [0.0, 0.3426, 1.0]
    """
    from scipy.special import gammaln

    came, not_came = hits - 0.5, misses + 0.5
    both = came + not_came
    return np.exp(gammaln(not_came + silent) - gammaln(not_came) + gammaln(both) - gammaln(both + silent))


def falling_chance(
    counts: np.ndarray, series: np.ndarray, place: np.ndarray, *, cycle: int, recent: int, least_spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance that counts fall as much as they do, against the same months of the years before.

    Parameters
    ----------
    counts : array of float
        Counts, such as order lines a period.
    series : array of int
        To which series each belongs, from 0 on.
    place : array of int
        Period of each, from 0 on; rising within each series, whose rows stand together.
    cycle : int
        Periods in a year.
    recent : int
        First place of the time in which a sudden fall is looked for.
    least_spread : float
        Least variance over mean: 1 for counts, which scatter at least as Poisson's.

    Returns
    -------
    chance : array of float
        By series, that there is no true fall, one-sided; 1 where no two years can be compared.
    told : array of float
        Sum of the counts that are compared.

    Notes
    -----
    Two score tests, of a log-linear trend over the years and of a fall from ``recent`` on; the smaller chance counts,
    doubled as there are two. Both are given the sum of each calendar month over the years, so that no season is a
    fall (Cox & Lewis 1966, within strata). The variance is Poisson's times the spread of the series itself around equal
    years, drawn towards the spread of all series by the weight of twelve degrees of freedom, as single series have few.
    The spread is measured from one period to the next (von Neumann), so that a fall does not hide itself.

    References
    ----------
    Cox, D. R. & Lewis, P. A. W. (1966). The Statistical Analysis of Series of Events, chapter 3.
    McCullagh, P. & Nelder, J. A. (1989). Generalized Linear Models, section 6.2 (over-dispersion).
    """
    from scipy.special import ndtr

    size = int(series.max(initial=-1)) + 1
    month = series * cycle + place % cycle
    there = np.bincount(month, minlength=size * cycle)
    total = np.bincount(month, weights=counts, minlength=len(there))
    expected = (total / np.maximum(there, 1))[month]
    scatter, free = _scatter(counts, expected, series, there[month], size)
    usual = scatter.sum() / max(free.sum(), 1)
    spread = np.maximum((scatter + _WEIGHT * usual) / (free + _WEIGHT), least_spread)
    chances = []
    for late in (place / cycle, (place >= recent).astype("float64")):
        off = late - (np.bincount(month, weights=late, minlength=len(there)) / np.maximum(there, 1))[month]
        fall = np.bincount(series, weights=counts * off, minlength=size)
        deviation = np.sqrt(spread * np.bincount(series, weights=expected * off**2, minlength=size))
        apart = fall + 0.5 * spread  # halfway to the next sum that counts can have
        chances.append(ndtr(np.divide(apart, deviation, out=np.full(size, np.inf), where=deviation > 0)))
    compared = np.where(there > 1, total, 0.0).reshape(size, cycle).sum(axis=1)
    return np.minimum(2 * np.minimum(*chances), 1.0), compared


def _scatter(
    counts: np.ndarray, expected: np.ndarray, series: np.ndarray, years: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return by series the sum, and the number, of what estimates the variance over the mean."""
    known = (expected > 0) & (years > 1)
    usual = np.sqrt(np.where(known, expected * (1 - 1 / years), 1.0))
    off = np.where(known, counts - expected, 0.0) / usual
    pair = np.flatnonzero((series[1:] == series[:-1]) & known[1:] & known[:-1])
    half = (off[pair + 1] - off[pair]) ** 2 / 2
    owner = series[pair]
    return np.bincount(owner, weights=half, minlength=size), np.bincount(owner, minlength=size)
