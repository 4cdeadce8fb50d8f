"""How far a level may be believed: what came on earlier levels, given how a series had sold until then.

A level that fell because nothing was sold lately is too low on average (some of those that sleep wake up), and a very
high one is too high (a few large orders do not come again). So what came is regressed on the level, on the mean of all
periods and on a constant, apart for series that sell as usual and for those that miss the more sales the longer they
are silent. It is the linear credibility of insurers, its weights read from earlier periods of all series.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numba import njit, prange

MISSED = np.array([0.5, 1.0, 2.0, 3.0, 5.0, 8.0])  # sales expected in the periods without any: what parts stages
NEVER, NEW, AWAKE, ASLEEP, STAGES = 0, 1, 2, 3, len(MISSED) + 3
_FEW = 4  # periods listed until a series is new no longer
_PRIOR = 200.0  # cases as which it counts that a level is right
_LEAST = 0.02  # usual sizes
_FAR = 3.0
_TINY = 1e-9
_MOST = 1.3  # times the sum of levels, beyond which a few giants made the difference and not all series


@dataclass(frozen=True)
class PastLevels:
    """Earlier levels and what came on them, a row each.

    ``actual`` mean demand of the periods that followed, ``level`` as known then, ``mean`` of all periods until then
    [all in usual sizes of demand per period]; ``stage`` from `sales_so_far`, ``origin`` periods known then.
    """

    actual: np.ndarray
    level: np.ndarray
    mean: np.ndarray
    stage: np.ndarray
    origin: np.ndarray

    def where(self, rows: np.ndarray) -> "PastLevels":
        """Return some of the rows."""
        return PastLevels(*(part[rows] for part in (self.actual, self.level, self.mean, self.stage, self.origin)))

    def size(self) -> np.ndarray:
        """Return about how much was to come [usual sizes per period], by which counts scatter."""
        return np.maximum((self.level + self.mean) / 2, _LEAST)

    def comparable(self) -> "PastLevels":
        """Return the same, what came at each origin scaled to the sum of its levels, a few slips of the pen cut.

        That all demand went up or down later says nothing of single series.
        """
        said, came = np.bincount(self.origin, self.level), np.bincount(self.origin, self.actual)
        ratio = np.divide(said, came, out=np.ones_like(said), where=came > 0)
        actual = self.actual * np.clip(ratio, 1 / _MOST, _MOST)[self.origin]
        around = (self.level + self.mean) / 2
        over = np.divide(actual, around, out=np.zeros_like(actual), where=around > 0)
        last = len(over) - 1 - len(over) // 1_000
        if last >= 1:
            actual = np.minimum(actual, _FAR * np.partition(over, last)[last] * around)
        return replace(self, actual=actual)


@njit(cache=True, nogil=True, parallel=True)
def sales_so_far(values, observed, start):  # type: ignore[no-untyped-def]
    """Return the mean of every series and its stage after each period.

    Parameters
    ----------
    values : array
        Demand by series and period. [units]
    observed : array of bool
        Which periods say something.
    start : array of int
        First listed period of every series.

    Returns
    -------
    mean : array
        Of the listed periods until then. [units per period]
    stage : array of int
        `NEVER` sold, `NEW` (listed for a few periods), then by sales that were missed: those expected, by the share of
        periods with sales, in the periods since the last one; `AWAKE` is the first of them.
    """
    series, periods = values.shape
    mean, stage = np.zeros((series, periods)), np.zeros((series, periods), dtype=np.int8)
    for one in prange(series):
        total, listed, sold, silent = 0.0, 0, 0, 0
        for period in range(periods):
            if period >= start[one] and observed[one, period]:
                listed += 1
                silent += 1
                if values[one, period] > 0.0:
                    total += values[one, period]
                    sold += 1
                    silent = 0
            if sold == 0:
                continue
            mean[one, period] = total / listed
            place, missed = AWAKE, silent * sold / listed
            for edge in MISSED:
                if missed >= edge:
                    place += 1
            stage[one, period] = NEW if listed < _FEW else place
    return mean, stage


def credible_weights(past: PastLevels) -> np.ndarray:
    """Return the weights of level, mean and one usual size by stage.

    Parameters
    ----------
    past : PastLevels
        Earlier levels of series that had sold, made comparable.

    Returns
    -------
    array
        Shape (stages, 3), none below zero; 1, 0, 0 = the level as it is, on which a stage with few cases leans.

    Notes
    -----
    Least squares with the variance of counts, so that what came adds up.

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer.

    Examples
    --------
    >>> level = np.array([1.0, 2.0, 3.0, 4.0])
    >>> origin, stage = np.full(4, 20), np.full(4, AWAKE)
    >>> credible_weights(PastLevels(level, level, level, stage, origin))[AWAKE].round(6).tolist()
    [1.0, 0.0, 0.0]
    """
    weights = np.tile([1.0, 0.0, 0.0], (STAGES, 1))
    if not len(past.level):
        return weights
    square, right = _moments(past.actual, past.level, past.mean, past.size(), past.stage, STAGES)
    usual = np.maximum(np.diagonal(square, axis1=1, axis2=2).sum(axis=0) / len(past.level), _TINY)
    for stage in range(NEW, STAGES):
        if square[stage, 2, 2] > 0:
            held = _PRIOR * usual
            weights[stage] = _none_below_zero(square[stage] + np.diag(held), right[stage] + held * weights[stage])
    return weights


@njit(cache=True, nogil=True)
def _moments(actual, level, mean, size, stage, stages):  # type: ignore[no-untyped-def]
    """Return by stage the normal equations of what came on level, mean and 1, each case over the variance of counts."""
    square, right = np.zeros((stages, 3, 3)), np.zeros((stages, 3))
    for case in range(actual.size):
        columns = (level[case], mean[case], 1.0)
        weight, one = 1.0 / size[case], stage[case]
        for row in range(3):
            part = weight * columns[row]
            right[one, row] += part * actual[case]
            for column in range(3):
                square[one, row, column] += part * columns[column]
    return square, right


def stage_losses(past: PastLevels, weights: np.ndarray) -> np.ndarray:
    """Return by stage the sum of squared errors of levels with these weights, each over the variance of counts."""
    return _losses(past.actual, past.level, past.mean, past.size(), past.stage, weights)


@njit(cache=True, nogil=True)
def _losses(actual, level, mean, size, stage, weights):  # type: ignore[no-untyped-def]
    losses = np.zeros(len(weights))
    for case in range(actual.size):
        one = stage[case]
        told = weights[one, 0] * level[case] + weights[one, 1] * mean[case] + weights[one, 2]
        losses[one] += (actual[case] - told) ** 2 / size[case]
    return losses


@njit(cache=True, nogil=True, parallel=True)
def credible_levels(level, mean, stage, weights, launched):  # type: ignore[no-untyped-def]
    """Return levels put right.

    Parameters
    ----------
    level, mean, stage : array
        By series and period, as `PastLevels` has them. [units per period]
    weights : array
        From `credible_weights`, the last of them times the usual size.
    launched : float
        What series that never sold are expected to sell. [units per period]

    Returns
    -------
    array
        Same shape. [units per period]
    """
    made = np.zeros(level.shape)
    for one in prange(level.shape[0]):
        for period in range(level.shape[1]):
            place = stage[one, period]
            if place == NEVER:
                made[one, period] = launched
            else:
                told = weights[place, 0] * level[one, period] + weights[place, 1] * mean[one, period]
                made[one, period] = told + weights[place, 2]
    return made


def _none_below_zero(square: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the least squares among the solutions that have no part below zero, from normal equations."""
    best: np.ndarray = np.zeros(len(right))
    least = 0.0
    for count in range(1, len(right) + 1):
        for kept in map(list, combinations(range(len(right)), count)):
            found = np.linalg.solve(square[np.ix_(kept, kept)], right[kept])
            loss = -float(right[kept] @ found)
            if (found >= 0).all() and loss < least:
                best, least = np.zeros(len(right)), loss
                best[kept] = found
    return best
