"""How a count of units over lead time and review parts between them: of few units each falls on one side or the other.

Demand of independent periods that comes in whole units, as often as a negative binomial tells (Poisson at its limit),
parts as Polya's urn does: given n units in all, those of the review are beta-binomial with shapes r·share and
r·(1 - share), r being the shape of the negative binomial. A beta distribution, as in a gamma process, tells the same of
many units; of few it takes parts of units for more and less than one.
"""

import numpy as np
from numba import njit

MOST = 32  # units that are parted one by one
_POISSON = 1e7  # shape from which on it makes no difference
_LUMP = 1e-9  # shape up to which all units fall together, as a beta distribution tells it too


@njit(cache=True, nogil=True)
def expected_parts(share, shape, most):  # type: ignore[no-untyped-def]
    """Return E[min(m, K)] by units in all n and m, both from 0 to ``most``; of none where ``shape`` is about 0.

    Examples
    --------
    >>> expected_parts(0.5, 1e9, 2).round(6).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.75, 1.0]]
    """
    if not shape > _LUMP:
        return np.zeros((0, 0))
    table = np.zeros((most + 1, most + 1))
    own = min(shape, _POISSON)
    inside, outside, none = own * share, own * (1.0 - share), 1.0
    for count in range(1, most + 1):
        none *= (outside + count - 1.0) / (own + count - 1.0)
        chance, upto = none, 0.0
        for part in range(count):
            upto += chance
            table[count, part + 1] = table[count, part] + max(1.0 - upto, 0.0)
            chance *= (count - part) * (inside + part) / ((part + 1.0) * (outside + count - part - 1.0))
        table[count, count + 1 :] = table[count, count]
    return table


@njit(cache=True, nogil=True)
def _at(row, wanted):  # type: ignore[no-untyped-def]
    """Return E[min(m, K)] for a number of units m that need not be whole."""
    if wanted <= 0.0:
        return 0.0
    whole = min(int(wanted), row.size - 1)
    return row[whole] + (min(wanted, row.size - 1.0) - whole) * (row[min(whole + 1, row.size - 1)] - row[whole])


@njit(cache=True, nogil=True)
def short_of(table, amount, stock):  # type: ignore[no-untyped-def]
    """Return the mean of what a demand has short within the review; amounts between whole units are a mix of both."""
    count = int(amount)
    part = amount - count
    short = (1.0 - part) * _at(table[count], count - stock)
    if part > 0.0:
        short += part * _at(table[count + 1], count + 1.0 - stock)
    return short


@njit(cache=True, nogil=True)
def chance_of(table, amount, least):  # type: ignore[no-untyped-def]
    """Return the chance that ``least`` whole units of a demand or more fall into the review."""
    count, last = int(amount), table.shape[0] - 1
    place = max(int(np.ceil(least - 1e-9)) - 1, 0)
    if place >= last:
        return 0.0
    part = amount - count
    chance = (1.0 - part) * (table[count, place + 1] - table[count, place])
    if part > 0.0:
        chance += part * (table[count + 1, place + 1] - table[count + 1, place])
    return chance


@njit(cache=True, nogil=True)
def is_parted(table, amount):  # type: ignore[no-untyped-def]
    """Return whether so many units are parted one by one."""
    return amount < table.shape[0] - 1
