"""Whether a series changed its level some periods ago, and what its level is since: by its own scatter.

What the last k periods sold is held against what was sold before, in units of how far forecasts of k periods were off
until then. How many lengths are tried, and that changes are rare, is in the odds to begin with.
"""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.shift_kernels import find_shifts

LENGTHS = (4, 6, 8, 11, 15, 22, 33)  # periods since a change


@dataclass(frozen=True)
class LevelShifts:
    """As known after every period, all of shape (series, periods).

    Attributes
    ----------
    level : ndarray
        The level, with what changed. [units/period]
    chance : ndarray
        That the level changed and is off, 0 to 1.
    doubt : ndarray
        Relative variance of the level after the change, by how little is known of it; 0 = no change.
    """

    level: np.ndarray
    chance: np.ndarray
    doubt: np.ndarray


def level_shifts(
    values: np.ndarray, observed: np.ndarray, start: np.ndarray, level: np.ndarray, unit: np.ndarray
) -> LevelShifts:
    """Return levels moved to what was sold since they changed, as far as it is likely that they did.

    Parameters
    ----------
    values : array of float
        Demand, (series, periods). [units]
    observed : array of bool
        Which periods say something.
    start : array of int
        First listed period of every series.
    level : array of float
        The level as known after every period, (series, periods). [units/period]
    unit : array of float
        Smallest lot of every series: demand scatters at least as Poisson's in these. [units]

    Returns
    -------
    LevelShifts

    Notes
    -----
    With the sum S of k periods, its dispersion φ and y = S/φ, a level that is not known has the likelihood
    Γ(a + y)/Γ(a) a^a / (a + μ)^(a + y): gamma of shape a around μ, Poisson in units of φ. The odds that it changed k
    periods ago are those before, times the likelihoods of what came before and after over that of both together. φ is
    the squared error of earlier forecasts of k periods over their mean; as it is only estimated, the odds are taken by
    Student's tail. Of nothing sold at all the odds are those of so many zeros, alone or in runs as they came before.

    Lengths are weighed by their odds. The level moves where what was sold since is beyond it, seen from before, by more
    than chance, and where the latest periods do not turn back. Of a rise the largest period counts as the next one.

    References
    ----------
    Adams, R. P. & MacKay, D. J. C. (2007). Bayesian online changepoint detection. arXiv 0710.3742.
    McCullagh, P. & Nelder, J. A. (1989). Generalized Linear Models, section 6.2 (over-dispersion).

    Examples
    --------
    >>> demand = np.array([[9.0, 11.0] * 12 + [0.0] * 6])
    >>> found = level_shifts(demand, demand >= 0, np.array([0]), np.full(demand.shape, 10.0), np.ones(1))
    >>> bool(found.level[0, 23] == 10.0), bool(found.level[0, -1] < 1.0)
    (True, True)
    """
    found = no_shifts(level)
    known = np.asarray(values, dtype=float), observed, np.asarray(start)
    look_for_shifts(found, *known, np.asarray(unit, dtype=float), np.arange(len(level)))
    return found


def no_shifts(level: np.ndarray) -> LevelShifts:
    """Return levels as they are, to be filled by `look_for_shifts`."""
    return LevelShifts(np.array(level, dtype=float), np.zeros(level.shape), np.zeros(level.shape))


def look_for_shifts(
    found: LevelShifts,
    values: np.ndarray,
    observed: np.ndarray,
    start: np.ndarray,
    unit: np.ndarray,
    rows: np.ndarray,
) -> None:
    """Fill in what `level_shifts` finds of some series, the ``rows``; each series is told by itself alone."""
    lengths = np.array([1, *(length for length in LENGTHS if length < values.shape[1])], dtype=np.int64)
    find_shifts(values, observed, start, rows, lengths, unit, found.level, found.chance, found.doubt)
