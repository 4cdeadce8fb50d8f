"""Compiled loops of `segkit.formulas.lost_sales`: scenarios of demand, step by step.

Every stratum of the demand over lead time and review comes once, in a given order, and is split over the steps of its
block in one of three ways: as lumps that fall anywhere in it, as single units, or as a gamma process splits it.
"""

import numpy as np
from numba import njit

from segkit.formulas.lump_kernels import lumps_in, number_of_lumps

_SPREAD = 159  # near the golden part of the blocks: any run of multiples of it lies evenly among them
_APART = 97  # another one, for another choice by block


@njit(cache=True, nogil=True)
def fill_amounts(curve, grid, amounts):  # type: ignore[no-untyped-def]
    """Fill in quantiles of the curve at the middles of equal strata, rising."""
    cell = 0
    for place in range(amounts.size):
        chance = (place + 0.5) / amounts.size
        while cell < grid.size and grid[cell] < chance:
            cell += 1
        if cell == 0 or cell == grid.size:
            amounts[place] = curve[min(cell, grid.size - 1)]
        else:
            share = (chance - grid[cell - 1]) / (grid[cell] - grid[cell - 1])
            amounts[place] = curve[cell - 1] + share * (curve[cell] - curve[cell - 1])


@njit(cache=True, nogil=True)
def count_units(split, shapes, begins, blocks):  # type: ignore[no-untyped-def]
    """Return by shape, number of units and step how many of them fall there, for the shapes that are used."""
    parts, draws, _, _, _ = split
    used, warm = np.zeros(parts.shape[0], dtype=np.int64), begins.size - 1 - blocks
    for row in range(shapes.shape[0]):
        if shapes[row, 2] >= 0.0:
            used[int(shapes[row, 2])] = 1
            used[int(shapes[row, 2]) + 1] = 1
    found = np.zeros((parts.shape[0], draws.shape[1] + 1, begins[begins.size - 1]), dtype=np.int8)
    for kind in np.flatnonzero(used):
        for block in range(begins.size - 1):
            place, first, last = (block - warm) % blocks, begins[block], begins[block + 1]
            for unit in range(1, draws.shape[1] + 1):
                for step in range(first, last):
                    found[kind, unit, step] = found[kind, unit - 1, step]
                at, upto = first, parts[kind, first]
                while upto < draws[place, unit - 1] and at < last - 1:
                    at += 1
                    upto += parts[kind, at]
                found[kind, unit, at] += 1
    return found


@njit(cache=True, nogil=True)
def fill_path(amounts, order, split, units, shapes, lumps, begins, path):  # type: ignore[no-untyped-def]
    """Fill in demand step by step, in whole lots: every stratum once, split as ``split`` says, the last ones first too.

    ``shapes`` tells which of the parts demand is split by, and which where it comes by single orders, each with the
    share of blocks that the next one splits; below zero = it does not. ``units`` has where these fall, `count_units`.
    ``lumps`` has how many lumps a block has, their mean size, and which of the shapes of their sizes they have with the
    share of blocks that have the next one; demand that comes in none has no number of them.
    """
    parts, draws, width, sizes, even = split
    path[:] = 0.0
    blocks, warm = order.size, begins.size - 1 - order.size
    lumpy = lumps[0] > 0.0
    fixed = np.zeros((2, draws.shape[1] + 1))
    for kind in range(2 if lumpy else 0):
        number_of_lumps(lumps[0], even[int(lumps[2]) + kind], lumps[1], fixed[kind])
    told = np.zeros(draws.shape[1] + 1)
    for block in range(begins.size - 1):
        place = (block - warm) % blocks
        amount = amounts[order[place]]
        first, last = begins[block], begins[block + 1]
        mixed = (order[place] * _SPREAD % blocks + 0.5) / blocks
        if lumpy:
            if amount >= 0.5:
                kind = 1 if mixed < lumps[3] else 0
                chance = (order[place] * _APART % blocks + 0.5) / blocks
                count = lumps_in(amount, even[int(lumps[2]) + kind], fixed[kind], chance, told)
                own = sizes[int(lumps[2]) + kind, place]
                _throw(path[first:last], amount, count, draws[place], own, width[first:last])
        elif shapes[2] >= 0.0 and amount < draws.shape[1]:
            fallen = units[int(shapes[2]) + (1 if mixed < shapes[3] else 0), int(np.floor(max(amount, 0.0) + 0.5))]
            for step in range(first, last):
                path[step] = fallen[step]
        else:
            shares = parts[int(shapes[0]) + (1 if mixed < shapes[1] else 0)]
            before, total = 0.0, 0.0
            for step in range(first, last):
                total += amount * shares[step]
                upto = np.floor(total + 0.5)
                path[step] = upto - before
                before = upto


@njit(cache=True, nogil=True)
def _throw(path, amount, count, draws, sizes, width):  # type: ignore[no-untyped-def]
    """Let lumps of an amount fall anywhere in a block, each into the step in which its time lies."""
    whole, total = 0.0, 0.0
    for step in range(path.size):
        whole += width[step]
    for lump in range(count):
        at, step = draws[lump] * whole, 0
        upto = width[0]
        while upto < at and step < path.size - 1:
            step += 1
            upto += width[step]
        path[step] += sizes[lump]
        total += sizes[lump]
    before, upto = 0.0, 0.0
    for step in range(path.size):
        upto += path[step] * amount / total
        path[step] = np.floor(upto + 0.5) - before
        before += path[step]
