"""Compiled sums over many series by period: what all of them sold, beside what was expected of them."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def sums_of_some(values, observed, level, rows):  # type: ignore[no-untyped-def]
    """Return by period the demand and the levels of some series, and where any was observed.

    What was not observed counts as the level before.
    """
    periods = values.shape[1]
    sold, usual, seen = np.zeros(periods), np.zeros(periods), np.zeros(periods, dtype=np.bool_)
    for one in rows:
        for period in range(periods):
            usual[period] += level[one, period]
            if observed[one, period]:
                sold[period] += values[one, period]
                seen[period] = True
            elif period > 0:
                sold[period] += level[one, period - 1]
    return sold, usual, seen


@njit(cache=True, nogil=True)
def expected_of_some(level, factor, group, rows):  # type: ignore[no-untyped-def]
    """Return by period the sum of levels times what season and calendar do, of some series."""
    expected = np.zeros(level.shape[1])
    for one in rows:
        for period in range(expected.size):
            expected[period] += level[one, period] * factor[group[one], period]
    return expected


@njit(cache=True, nogil=True)
def sales_beside_usual(values, observed, level, factor, group, unit):  # type: ignore[no-untyped-def]
    """Return by period what was sold and what was expected, that in lots, and of how many series anything was.

    ``values`` and ``level`` are without season and calendar; all but the number is of observed periods.
    """
    periods = values.shape[1]
    sold, usual, lots, number = np.zeros(periods), np.zeros(periods), np.zeros(periods), np.zeros(periods)
    for one in range(len(values)):
        for period in range(periods):
            times = factor[group[one], period]
            before = level[one, period - 1] * times if period > 0 else 0.0
            number[period] += before > 0.0
            if observed[one, period]:
                sold[period] += values[one, period] * times
                usual[period] += before
                lots[period] += before / unit[one]
    return sold, usual, lots, number
