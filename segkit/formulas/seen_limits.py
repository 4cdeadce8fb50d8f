"""How large demand can be: what was seen, the farther beyond it the rarer it is, as the mean leaves room for it.

A lower mean means that demand comes less often, not that it scatters as widely around less: sizes stay those seen.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

_FALL = 0.75  # power by which tails rise beyond the largest seen: heavier than any with a variance, as some are
_SURE = 0.99  # probability up to which demand can be held against what was seen


@dataclass(frozen=True)
class SeenSums:
    """Sums of successive periods of every series: the ``largest`` and the ``mean`` [units], and how many fit in.

    Series that never sold have seen nothing: zero.
    """

    largest: np.ndarray
    mean: np.ndarray
    number: np.ndarray

    def limits(self, mean: np.ndarray, chances: np.ndarray) -> np.ndarray:
        """Return what demand does not exceed with some chances.

        Parameters
        ----------
        mean : array
            Forecasts of demand over as many periods, at most. [units]
        chances : array
            Probabilities p, below 1.

        Returns
        -------
        array
            Shape (series, chances); endless where nothing was seen. [units]

        Notes
        -----
        Of n sums the next one exceeds all with 1 / (n + 1); one that is expected to be r times as large in the mean
        does so r times as often where r < 1, and in sizes r times as large where r > 1. Beyond it tails rise as the
        power 0.75 of how much rarer what is asked for is. Where it is not rarer, the largest is the limit.

        Examples
        --------
        >>> one = SeenSums(np.array([20.0]), np.array([5.0]), np.array([30.0]))
        >>> one.limits(np.array([5.0]), np.array([0.9, 0.99])).round(1).tolist()
        [[20.0, 48.1]]
        >>> one.limits(np.array([0.5]), np.array([0.9, 0.99])).round(1).tolist()
        [[20.0, 20.0]]
        """
        known = self.largest > 0
        ratio = mean / np.where(known, self.mean, 1.0)
        rarer = (ratio / (self.number + 1.0))[:, None] / (1.0 - chances)
        found = (self.largest * np.maximum(ratio, 1.0))[:, None] * np.maximum(rarer, 1.0) ** _FALL
        return np.where(known[:, None], found, np.inf)

    def deviation_limits(self, mean: np.ndarray, longest: np.ndarray) -> np.ndarray:
        """Return what the standard deviation does not exceed: that of all or nothing of the limit, with its mean.

        Parameters
        ----------
        mean : array
            Demand expected. [units]
        longest : array
            As `limits` takes it, where lengths differ: that over the longest. [units]

        Returns
        -------
        array
            [units]

        Notes
        -----
        The limit is that of 99 %. Bhatia-Davis inequality: between zero and M, variance is at most mean (M - mean).

        References
        ----------
        Bhatia, R. & Davis, C. (2000). A better bound on the variance. American Mathematical Monthly 107, 353-357.
        """
        most = self.limits(longest, np.array([_SURE]))[:, 0]
        room = np.maximum(most - mean, 0.0)
        return np.where(mean > 0, np.sqrt(np.where(mean > 0, mean, 1.0) * room), 0.0)


def seen_sums(values: np.ndarray, observed: np.ndarray, start: np.ndarray, length: np.ndarray) -> SeenSums:
    """Return what sums of some successive periods were so far; periods not known are passed over.

    Parameters
    ----------
    values : array of float
        Demand, (series, periods). [units]
    observed : array of bool
        Which periods say something.
    start : array of int
        First listed period of every series.
    length : array of int
        Periods of a sum, by series; more than were seen: their mean stands for those that lack.

    Returns
    -------
    SeenSums

    Examples
    --------
    >>> demand = np.array([[0.0, 3.0, 1.0, 0.0, 5.0, 1.0]])
    >>> found = seen_sums(demand, demand >= 0, np.array([1]), np.array([2]))
    >>> found.largest.tolist(), found.mean.tolist(), found.number.tolist()
    ([6.0], [4.0], [2.5])
    """
    return SeenSums(*_sums(values, observed, np.asarray(start, dtype=np.int64), np.asarray(length, dtype=np.int64)))


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def _sums(values, observed, start, length):  # type: ignore[no-untyped-def]
    series, periods = values.shape
    largest, mean, number = np.zeros(series), np.zeros(series), np.zeros(series)
    for one in prange(series):
        wanted, first, count, within = length[one], start[one], 0, 0
        total, current = 0.0, 0.0
        for period in range(start[one], periods):
            if not observed[one, period]:
                continue
            count += 1
            total += values[one, period]
            current += values[one, period]
            within += 1
            if within > wanted:
                while not observed[one, first]:
                    first += 1
                current -= values[one, first]
                first += 1
                within -= 1
            if within == wanted:
                largest[one] = max(largest[one], current)
        if count:
            mean[one], number[one] = total / count * wanted, count / wanted
            if count < wanted:
                largest[one] = mean[one]
    return largest, mean, number
