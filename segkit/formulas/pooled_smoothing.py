"""Pooled exponential smoothing: constants averaged by how they did, levels moved by those of a group.

Every series is smoothed with several constants at once, slow ones for its own level and fast ones that follow what
moves a whole group of series (an item in all its locations, say). The answer is the mean over all pairs of them,
weighted by their errors on earlier periods; errors of a single series are noisy, so they are shrunk towards those of
its class.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numba import njit, prange

OWN = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6)
FAST = (0.6, 0.8, 1.0)
_TINY = 1e-12
_HALF = 0.5
_HELD = 200_000  # levels of a group that are kept and not found twice
_LEAST_MOVE, _MOST_MOVE = 0.02, 4.0  # a group that sells nothing now will sell again
_ROUNDING = 1e-24  # of squares: less than this share of them is none


@dataclass(frozen=True)
class Panel:
    """Demand by series (a row) and period (a column), oldest first.

    ``values`` is a float array [units], ``observed`` tells which periods say something, ``start`` is the first listed
    period of every series.
    """

    values: np.ndarray
    observed: np.ndarray
    start: np.ndarray


@dataclass(frozen=True)
class Pools:
    """Which series move together: ``group`` of each series from 0, and how much of a group's movement is passed down.

    ``passed`` is an exponent from 0 (none) to 1 (all of it).
    """

    group: np.ndarray
    passed: float

    def members(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the series by group, and where each group begins."""
        order = np.argsort(self.group, kind="stable")
        return order, np.searchsorted(self.group[order], np.arange(self.group.max(initial=-1) + 2))


@dataclass(frozen=True)
class Constants:
    """Smoothing constants: ``own`` for a series' level, ``fast`` for what its group does."""

    own: tuple[float, ...] = OWN
    fast: tuple[float, ...] = FAST

    def grid(self, periods: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return own and fast constants, each with the weight of what was seen by number of periods."""
        own, fast = np.array(self.own), np.array(self.fast)
        return own, _shares(own, periods), fast, _shares(fast, periods)


def mean_ahead(panel: Panel, *, ahead: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean demand of the periods after each one, and where a forecast may be judged by it.

    Parameters
    ----------
    panel : Panel
        Demand.
    ahead : int
        Periods; those not observed are left out, more than half of them must be.
    first : int
        Least number of periods known at an origin; four of them must be observed.

    Returns
    -------
    target : array
        Shape (series, periods); zero where nothing can be judged. [units per period]
    judged : array of bool
        Same shape.
    """
    return _targets(panel.values, panel.observed, panel.start, ahead, first)


def constant_errors(
    panel: Panel, pools: Pools, *, constants: Constants, ahead: int, first: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared errors of every pair of constants, summed over origins.

    Parameters
    ----------
    panel : Panel
        Demand without season and calendar.
    pools : Pools
        Groups of series.
    constants : Constants
        The grid.
    ahead : int
        Periods over whose mean a forecast is judged.
    first : int
        First origin: number of periods known then.

    Returns
    -------
    errors : array
        Shape (series, pairs); own constants outside, fast ones inside. [units² x origins]
    origins : array of int
        Number of origins that were judged, by series.
    """
    order, begin = pools.members()
    target, judged = mean_ahead(panel, ahead=ahead, first=first)
    errors = np.zeros((len(panel.values), len(constants.own) * len(constants.fast)))
    grid = constants.grid(panel.values.shape[1])
    _errors(panel.values, panel.observed, panel.start, order, begin, grid, pools.passed, target, judged, errors)
    noise = _ROUNDING * (target**2).sum(axis=1, keepdims=True)
    return np.where(errors > noise, errors, 0.0), judged.sum(axis=1)


def constant_weights(
    errors: np.ndarray, origins: np.ndarray, classes: np.ndarray, *, power: float = 3.0, lent: float = 20.0
) -> np.ndarray:
    """Return the weight of every pair of constants, by its errors on the series and on its class.

    Parameters
    ----------
    errors, origins : array
        From `constant_errors`.
    classes : array of int
        Class of each series, from 0: those that behave alike.
    power : float
        Weights go with the inverse error to this power; 0 weights all alike.
    lent : float
        Errors of a series are shrunk towards those of its class as if these were so many more origins.

    Returns
    -------
    array
        Shape (series, pairs), rows sum to 1.

    Notes
    -----
    Errors of a series are taken relative to their mean over the grid.
    """
    mean = errors.mean(axis=1, keepdims=True)
    relative = np.divide(errors, mean, out=np.ones_like(errors), where=mean > 0)
    told = (origins > 0) & (mean[:, 0] > 0)
    count = np.bincount(classes[told], minlength=classes.max(initial=-1) + 1).astype(float)
    sums = [np.bincount(classes[told], relative[told, pair], len(count)) for pair in range(errors.shape[1])]
    usual = (np.stack(sums, axis=1) + lent + _TINY) / (count + lent + _TINY)[:, None]
    known = np.where(told, origins, 0)[:, None].astype(float)
    shrunk = (known * relative + (lent + _TINY) * usual[classes]) / (known + lent + _TINY)
    weights = (shrunk.min(axis=1, keepdims=True) / np.maximum(shrunk, _TINY)) ** power
    return weights / weights.sum(axis=1, keepdims=True)


def pooled_levels(panel: Panel, pools: Pools, *, constants: Constants, weights: np.ndarray) -> np.ndarray:
    """Return the level of every series as known after each period.

    Parameters
    ----------
    panel, pools, constants
        As `constant_errors` takes them.
    weights : array
        Shape (series, pairs), from `constant_weights`.

    Returns
    -------
    array
        Shape (series, periods): the forecast of any later period, made at the end of the column's. Zero before the
        first observed period. [units per period]
    """
    order, begin = pools.members()
    levels = np.zeros_like(panel.values)
    grid = constants.grid(panel.values.shape[1])
    _levels(panel.values, panel.observed, panel.start, order, begin, grid, pools.passed, weights, levels)
    return levels


def _shares(constants: np.ndarray, periods: int) -> np.ndarray:
    """Return the weight of what was seen by number of periods seen, (periods, constants): first levels are no guess.

    It is added up as levels are, so that demand that stays the same has that level, to the last digit.
    """
    shares = np.zeros((periods, len(constants)))
    share = np.zeros(len(constants))
    for seen in range(periods):
        share = share + constants * (1.0 - share)
        shares[seen] = share
    return shares


@njit(cache=True, nogil=True, parallel=True)
def _targets(values, observed, start, ahead, first):  # type: ignore[no-untyped-def]
    """Return the mean of the next periods after each one, and where it may be judged."""
    series, periods = values.shape
    target = np.zeros((series, periods))
    judged = np.zeros((series, periods), dtype=np.bool_)
    for one in prange(series):
        seen = 0
        for period in range(periods):
            if period >= start[one] and observed[one, period]:
                seen += 1
            if period + 1 < first or seen < 4 or period + ahead >= periods:
                continue
            total, count = 0.0, 0
            for step in range(1, ahead + 1):
                if observed[one, period + step]:
                    total += values[one, period + step]
                    count += 1
            if 2 * count > ahead:
                target[one, period] = total / count
                judged[one, period] = True
    return target, judged


@njit(cache=True, nogil=True, error_model="numpy")
def _smooth(values, observed, start, constants, shares, levels):  # type: ignore[no-untyped-def]
    """Fill the levels (period, constant) after each period; the first ones are means of what was seen.

    The constants run inside, because their steps do not wait for each other.
    """
    count = constants.size
    top = np.zeros(count)
    seen = 0
    for period in range(values.size):
        if period >= start and observed[period]:
            value = values[period]
            for one in range(count):
                now = top[one] + constants[one] * (value - top[one])
                top[one] = now
                levels[period, one] = now / shares[seen, one]
            seen += 1
        else:
            for one in range(count):
                levels[period, one] = levels[period - 1, one] if period > 0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _moves(values, observed, start, members, grid, passed, held):  # type: ignore[no-untyped-def]
    """Return by period and pair of constants how a group's fast level stands to its slow one; keep what is held."""
    own, own_shares, fast, fast_shares = grid
    periods = values.shape[1]
    moves = np.ones((periods, own.size, fast.size))
    if passed == 0.0:
        return moves
    slow, quick = np.zeros((periods, own.size)), np.zeros((periods, fast.size))
    followed = np.zeros((periods, fast.size))
    for place in range(members.size):
        one, level = members[place], held[place % len(held)]
        _smooth(values[one], observed[one], start[one], own, own_shares, level)
        _smooth(values[one], observed[one], start[one], fast, fast_shares, followed)
        slow += level
        quick += followed
    for period in range(periods):
        for i in range(own.size):
            if slow[period, i] > 0.0:
                for j in range(fast.size):
                    moved = min(max(quick[period, j] / slow[period, i], _LEAST_MOVE), _MOST_MOVE)
                    moves[period, i, j] = sqrt(moved) if passed == _HALF else moved**passed  # a root is much faster
    return moves


@njit(cache=True, nogil=True)
def _room(members, periods, count, passed):  # type: ignore[no-untyped-def]
    """Return room for the levels of all members of a group, or of one of them where they are many or stand alone."""
    alone = passed == 0.0 or members.size * periods * count > _HELD
    return np.zeros((1 if alone else members.size, periods, count))


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def _errors(  # type: ignore[no-untyped-def]
    values, observed, start, order, begin, grid, passed, target, judged, errors
):
    own, own_shares, fast, _ = grid
    periods = values.shape[1]
    for group in prange(begin.size - 1):
        members = order[begin[group] : begin[group + 1]]
        held = _room(members, periods, own.size, passed)
        moves = _moves(values, observed, start, members, grid, passed, held)
        for place in range(members.size):
            one, level = members[place], held[place % len(held)]
            if len(held) == 1:
                _smooth(values[one], observed[one], start[one], own, own_shares, level)
            for period in range(periods):
                if judged[one, period]:
                    for i in range(own.size):
                        for j in range(fast.size):
                            off = level[period, i] * moves[period, i, j] - target[one, period]
                            errors[one, i * fast.size + j] += off * off


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def _levels(  # type: ignore[no-untyped-def]
    values, observed, start, order, begin, grid, passed, weights, levels
):
    own, own_shares, fast, _ = grid
    periods = values.shape[1]
    for group in prange(begin.size - 1):
        members = order[begin[group] : begin[group + 1]]
        held = _room(members, periods, own.size, passed)
        moves = _moves(values, observed, start, members, grid, passed, held)
        for place in range(members.size):
            one, level = members[place], held[place % len(held)]
            if len(held) == 1:
                _smooth(values[one], observed[one], start[one], own, own_shares, level)
            for period in range(periods):
                total = 0.0
                for i in range(own.size):
                    part = 0.0
                    for j in range(fast.size):
                        part += weights[one, i * fast.size + j] * moves[period, i, j]
                    total += part * level[period, i]
                levels[one, period] = total
