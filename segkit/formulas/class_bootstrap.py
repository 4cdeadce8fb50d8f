"""How sure a class is: the share of resampled histories that give it (circular block bootstrap over periods)."""

import numpy as np

_EXACT = 1e-12
_CELLS = 2**24  # members x draws held at a time


def block_counts(periods: int, *, draws: int, block: int, seed: int) -> np.ndarray:
    """Return how often each period occurs in each draw of a circular block bootstrap.

    Parameters
    ----------
    periods : int
        Periods of the history; a draw has as many.
    draws : int
        Number of draws.
    block : int
        Periods drawn together, so that what follows each other stays together; the last period is followed by the
        first. At most a third of the periods is used: few long blocks would only give the history itself again.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of float
        Shape (periods, draws); every column adds up to ``periods``.

    References
    ----------
    Politis & Romano (1992), "A circular block-resampling procedure for stationary data", in LePage & Billard (eds),
    Exploring the Limits of Bootstrap.

    Examples
    --------
    >>> block_counts(4, draws=3, block=2, seed=1).sum(axis=0).tolist()
    [4.0, 4.0, 4.0]
    """
    length = max(1, min(block, periods // 3))
    starts = np.random.default_rng(seed).integers(0, periods, (draws, -(-periods // length)))
    drawn = (starts[:, :, None] + np.arange(length)) % periods
    drawn = drawn.reshape(draws, -1)[:, :periods] + np.arange(draws)[:, None] * periods
    return np.bincount(drawn.ravel(), minlength=draws * periods).reshape(draws, periods).T.astype("float64")


def value_class_votes(by_period: np.ndarray, counts: np.ndarray, groups: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return how many draws put each member into each value class by cumulative share of value.

    Parameters
    ----------
    by_period : ndarray of float
        Shape (members, periods): the value of each member in each period, all known.
    counts : ndarray of float
        Shape (periods, draws), from `block_counts`.
    groups : ndarray of int
        Members are classed within these, from 0.
    shares : ndarray of float
        Cumulative shares at which the classes end, rising. What crosses a limit belongs to the upper class, exact
        ties share one, zeros are in the last, values below zero in a class of their own after it.

    Returns
    -------
    ndarray of int
        Shape (members, len(shares) + 2).

    Examples
    --------
    >>> months = np.array([[8.0, 9.0], [1.0, 1.0], [-1.0, 0.5]])
    >>> value_class_votes(months, np.array([[2.0, 1.0], [0.0, 1.0]]), np.zeros(3, int), np.array([0.8, 0.95])).tolist()
    [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 2]]
    """
    members, last = len(by_period), len(shares)
    votes = np.zeros((members, last + 2), dtype="int64")
    rounding = _EXACT * np.abs(by_period).sum(axis=1)
    starts = np.searchsorted(np.sort(groups), np.arange(groups.max(initial=-1) + 2))
    step = max(1, _CELLS // max(members, 1))
    for begin in range(0, counts.shape[1], step):
        sums = np.einsum("mp,pd->dm", by_period, counts[:, begin : begin + step])
        for value in np.where(np.abs(sums) <= rounding, 0.0, sums):
            least = _least_values(value, groups, starts, shares)[:, groups] * (1 - _EXACT)
            place = np.where(value < 0, last + 1, np.where(value > 0, (value < least).sum(axis=0), last))
            votes[np.arange(members), place] += 1
    return votes


def _least_values(value: np.ndarray, groups: np.ndarray, starts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the least value above each limit, shape (limits, groups)."""
    single = len(starts) <= 2
    falling = -np.sort(-value) if single else value[np.lexsort((-value, groups))]
    running = np.concatenate([[0.0], np.cumsum(np.maximum(falling, 0.0))])
    before, total = running[starts[:-1]], running[starts[1:]] - running[starts[:-1]]
    group = np.zeros(len(value), dtype=int) if single else np.repeat(np.arange(len(total)), np.diff(starts))
    above = running[:-1] - before[group]
    least = np.empty((len(shares), len(total)))
    for limit, share in enumerate(shares):
        inside = np.bincount(group[above < (share - _EXACT) * total[group]], minlength=len(total))
        last = np.maximum(starts[:-1] + inside - 1, 0)
        least[limit] = np.where(inside > 0, falling[last] if len(falling) else 0.0, np.inf)
    return least


def variability_agreement(
    demand: np.ndarray, first: np.ndarray, counts: np.ndarray, limits: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Return the share of draws in which the coefficient of variation gives the same class.

    Parameters
    ----------
    demand : ndarray of float
        Shape (members, periods), zero before the first period.
    first : ndarray of int
        First period of each member that counts.
    counts : ndarray of float
        Shape (periods, draws), from `block_counts`.
    limits : ndarray of float
        Coefficients of variation at which the classes end; a value at a limit is in the lower class.
    classes : ndarray of int
        The class of each member, 0 = the steadiest; -1 = none.

    Returns
    -------
    ndarray of float
        One share per member; missing where there is no class.

    Examples
    --------
    >>> counts = np.array([[1.0, 2.0], [1.0, 0.0]])
    >>> variability_agreement(np.array([[4.0, 0.0]]), np.array([0]), counts, np.array([0.5]), np.array([1])).tolist()
    [0.5]
    """
    members, draws = len(demand), counts.shape[1]
    later = np.concatenate([np.cumsum(counts[::-1], axis=0)[::-1], np.zeros((1, draws))])
    same = np.zeros(members)
    step = max(1, _CELLS // max(members, 1))
    for begin in range(0, draws, step):
        part = slice(begin, begin + step)
        total, squares = (np.einsum("mp,pd->md", power, counts[:, part]) for power in (demand, demand**2))
        number = later[first, part]
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(np.maximum(squares - total**2 / number, 0.0) / (number - 1))
            variation = spread * number / total
        known = (number > 1) & (total > 0)
        found = np.searchsorted(limits, np.where(known, variation, 0.0), side="left")
        same += (known & (found == classes[:, None])).sum(axis=1)
    return np.where(classes >= 0, same / draws, np.nan)
