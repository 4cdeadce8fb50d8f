"""The sum of all series as one: what one alone is too noisy to tell."""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.pooled_smoothing import Panel
from segkit.formulas.whole_kernels import sums_of_some

_EARLY = 8  # periods, within which those began that are added up
_SEVERAL = 5  # series


@dataclass(frozen=True)
class Whole:
    """The sum of some series as a panel of one, its level after every period (1, periods), and which series."""

    panel: Panel
    level: np.ndarray
    rows: np.ndarray


def sum_of_all(bare: Panel, table: np.ndarray) -> Whole | None:
    """Return the sum of the series that began early, so that launches do not raise it.

    What was not observed counts as its level. None where those are few, or not most of demand.

    Parameters
    ----------
    bare : Panel
        Demand without season and calendar.
    table : array
        Levels after every period, (series, periods). [units per period]
    """
    rows = np.flatnonzero(bare.start < _EARLY)
    sold, level, seen = sums_of_some(bare.values, bare.observed, table, rows)
    if len(rows) < _SEVERAL or 2 * level[-1] < table[:, -1].sum() or level[-1] <= 0:
        return None
    whole = Panel(sold[None, :], seen[None, :], np.array([int(bare.start[rows].max())]))
    return Whole(whole, level[None, :], rows)
