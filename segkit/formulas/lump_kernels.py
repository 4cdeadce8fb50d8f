"""Compiled loops of demand in lumps: how many of them an amount is, and how much of it falls together."""

from math import exp, lgamma, log

import numpy as np
from numba import njit

MOST = 32  # lumps
_NEVER = 40.0  # chances that are e to this power less than the greatest


@njit(cache=True, nogil=True)
def number_of_lumps(often, shape, mean, fixed):  # type: ignore[no-untyped-def]
    """Fill in by number of lumps what does not hang on their sum: Poisson in number, gamma in size."""
    for count in range(1, fixed.size):
        fixed[count] = count * (log(often) + shape * log(shape / mean)) - lgamma(count + 1.0) - lgamma(count * shape)


@njit(cache=True, nogil=True)
def chances_of_lumps(amount, shape, fixed, told):  # type: ignore[no-untyped-def]
    """Fill in how likely an amount is so many lumps, none smaller than a lot; return how many at most, and the sum.

    That there are n of them, given their sum, has the chance of n lumps times the density of the sum of n sizes.
    """
    most, each = min(fixed.size - 1, int(max(np.floor(amount + 0.5), 1.0))), shape * log(amount)
    best = -np.inf
    for count in range(1, most + 1):
        told[count] = fixed[count] + count * each
        best = max(best, told[count])
    total = 0.0
    for count in range(1, most + 1):
        told[count] = exp(told[count] - best) if told[count] > best - _NEVER else 0.0
        total += told[count]
    return most, total


@njit(cache=True, nogil=True)
def lumps_in(amount, shape, fixed, chance, told):  # type: ignore[no-untyped-def]
    """Return in how many lumps an amount comes, with a chance of at most that many."""
    most, total = chances_of_lumps(amount, shape, fixed, told)
    upto, count = told[1], 1
    while upto < chance * total and count < most:
        count += 1
        upto += told[count]
    return count


@njit(cache=True, nogil=True)
def fill_together(curve, lumps, places, kinds):  # type: ignore[no-untyped-def]
    """Fill in where the amounts between the quantiles of a curve lie among ``places``: how much of them falls together.

    It is the mean of the sum of squared shares of lumps in their sum, from 1 of a single one downwards.
    """
    often, mean, shape = lumps
    fixed, told = np.zeros(MOST + 1), np.zeros(MOST + 1)
    number_of_lumps(often, shape, mean, fixed)
    last = curve.size - 1
    for cell in range(curve.size + 1):
        amount = 0.5 * (curve[max(cell - 1, 0)] + curve[min(cell, last)])
        kinds[cell] = 0.0
        if amount <= 0.0:
            continue
        most, total = chances_of_lumps(amount, shape, fixed, told)
        together = 0.0
        for count in range(1, most + 1):
            together += told[count] * (shape + 1.0) / (count * shape + 1.0)
        together /= total
        place = 0
        while place < places.size - 2 and places[place + 1] > together:
            place += 1
        part = (places[place] - together) / (places[place] - places[place + 1])
        kinds[cell] = place + min(max(part, 0.0), 1.0)


@njit(cache=True, nogil=True)
def parts_at(table, shares, share):  # type: ignore[no-untyped-def]
    """Return what `parts_in_review` tells of a share between those of the table."""
    place = 0
    while place < shares.size - 2 and shares[place + 1] < share:
        place += 1
    part = min(max((share - shares[place]) / (shares[place + 1] - shares[place]), 0.0), 1.0)
    return (1.0 - part) * table[place] + part * table[place + 1]
