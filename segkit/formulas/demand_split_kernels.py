"""Compiled loops: what part of demand over lead time and review falls into the review, cell by cell of its curve."""

import numpy as np
from numba import njit

from segkit.formulas.count_split_kernels import MOST, expected_parts, is_parted, short_of
from segkit.formulas.lump_kernels import fill_together, parts_at


@njit(cache=True, nogil=True)
def parts_of(curve, split, row, asked):  # type: ignore[no-untyped-def]
    """Return how demand parts: lumps as by their number, of many units as a gamma process does, of few one by one.

    Tables by how much falls together, where between them the amounts of the curve lie, and chances of single units.
    Nothing is worked out for what is not asked.
    """
    least, shape, share, lumps, table, shares, together = split
    kinds = np.zeros(curve.size + 1)
    if not asked:
        return least[row : row + 1], kinds, np.zeros((0, 0))
    if lumps[row, 0] > 0.0:
        fill_together(curve, lumps[row], together, kinds)
        return parts_at(table, shares, share[row]), kinds, np.zeros((0, 0))
    most = int(min(np.ceil(max(curve[-1], 0.0)) + 1.0, MOST)) if curve[0] < MOST else 0
    return least[row : row + 1], kinds, expected_parts(share[row], shape[row], most)


@njit(cache=True, nogil=True)
def chance_of_more(parts, cell, share):  # type: ignore[no-untyped-def]
    """Return the chance that more than a share of demand falls into the review: how E[min(share, part)] rises."""
    if share >= 1.0:
        return 0.0
    steps = parts[0].shape[1] - 1
    place = min(int(np.sqrt(share) * steps), steps - 1)
    low, high = (place / steps) ** 2, ((place + 1) / steps) ** 2
    rise = _part_at(parts, cell, place + 1) - _part_at(parts, cell, place)
    return min(max(rise / (high - low), 0.0), 1.0)


@njit(cache=True, nogil=True)
def _part_at(parts, cell, place):  # type: ignore[no-untyped-def]
    """Return E[min(share, part of the demand in a cell of the curve that falls into the review)] at a share told."""
    least, kinds, _ = parts
    kind = int(kinds[cell])
    beyond = kinds[cell] - kind
    if beyond > 0.0:
        return (1.0 - beyond) * least[kind, place] + beyond * least[kind + 1, place]
    return least[kind, place]


@njit(cache=True, nogil=True)
def _part(parts, cell, share):  # type: ignore[no-untyped-def]
    """Return E[min(share, part of demand that falls into the review)]: from its values at squares of even steps."""
    steps = parts[0].shape[1] - 1
    place = min(int(np.sqrt(share) * steps), steps - 1)
    low, high = (place / steps) ** 2, ((place + 1) / steps) ** 2
    before, after = _part_at(parts, cell, place), _part_at(parts, cell, place + 1)
    return before + (after - before) * (share - low) / (high - low)


@njit(cache=True, nogil=True)
def short_within(parts, cell, amount, stock):  # type: ignore[no-untyped-def]
    """Return the mean of what a demand, in a cell of the curve, that exceeds stock has short in the review."""
    if is_parted(parts[2], amount):
        return short_of(parts[2], amount, stock)
    return amount * _part(parts, cell, (amount - stock) / amount) if amount > stock else 0.0
