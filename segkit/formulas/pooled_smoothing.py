"""Pooled exponential smoothing: constants averaged by how they did, levels moved by those of a group.

Every series is smoothed with several constants at once, slow ones for its own level and fast ones that follow what
moves a whole group of series (an item in all its locations, say). The answer is the mean over all pairs of them,
weighted by their errors on earlier periods; errors of a single series are noisy, so they are shrunk towards those of
its class.
"""

from dataclasses import dataclass

import numpy as np

OWN = (0.05, 0.1, 0.2, 0.3, 0.45, 0.6)
FAST = (0.6, 0.8, 1.0)
_TINY = 1e-12
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

    def gains(self, periods: int) -> tuple[np.ndarray, int]:
        """Return the gains of own and fast constants by number of periods seen before, and how many are own."""
        return _gains(np.array([*self.own, *self.fast]), periods), len(self.own)


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
    from segkit.formulas.pooled_smoothing_kernels import next_means

    return next_means(panel.values, panel.observed, panel.start, ahead, first)


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
    from segkit.formulas.pooled_smoothing_kernels import squared_errors

    count = len(panel.values)
    errors = np.zeros((count, len(constants.own) * len(constants.fast)))
    origins, squares = np.zeros(count, dtype=np.int64), np.zeros(count)
    known = (panel.values, panel.observed, panel.start, *pools.members(), *constants.gains(panel.values.shape[1]))
    squared_errors(*known, pools.passed, ahead, first, errors, origins, squares)
    errors[errors <= _ROUNDING * squares[:, None]] = 0.0
    return errors, origins


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
    from segkit.formulas.pooled_smoothing_kernels import inverse_powers, relative_sums

    sums, count = relative_sums(errors, origins, classes, int(classes.max(initial=-1)) + 1)
    usual = (sums + lent + _TINY) / (count + lent + _TINY)[:, None]
    return inverse_powers(errors, origins, classes, usual, float(power), lent + _TINY)


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
    from segkit.formulas.pooled_smoothing_kernels import weighted_levels

    levels = np.zeros_like(panel.values)
    known = (panel.values, panel.observed, panel.start, *pools.members(), *constants.gains(panel.values.shape[1]))
    weighted_levels(*known, pools.passed, weights, levels)
    return levels


def _gains(constants: np.ndarray, periods: int) -> np.ndarray:
    """Return by what part levels move towards what is sold, (periods seen before, constants); at first all the way.

    A constant over the weight of all that was seen so far, which is less than 1 at first.
    """
    gains = np.zeros((periods, len(constants)))
    share = np.zeros(len(constants))
    for seen in range(periods):
        share = share + constants * (1.0 - share)
        gains[seen] = constants / share
    return gains
