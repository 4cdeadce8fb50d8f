"""Compiled loops behind the transfers of a backorder run: who gave what to whom. Loaded where first needed."""

import numpy as np
from numba import njit

NOBODY, GONE = -1, -2  # in a transfer, instead of a line: supply that was free or stays free; supply that is not there
_LIKE = 1e-9  # less than this share of the quantity moved is rounding


@njit(cache=True, nogil=True)
def match_places(bucket_begin, diff_begin, line, bucket, diff, gone):
    """Return bucket, giver and taker of every transfer, and its units, place by place.

    ``line``, ``bucket`` (within the place), ``diff``: what lines hold more, or less, than before; ``gone``: by how much
    what was held of a bucket exceeds its supply.
    """
    gave, given, moves = np.empty((diff.size + 64, 3), dtype=np.int64), np.empty(diff.size + 64), 0
    for p in range(bucket_begin.size - 1):
        mine = slice(diff_begin[p], diff_begin[p + 1])
        while moves + 3 * (diff_begin[p + 1] - diff_begin[p]) > given.size:
            gave, given = np.concatenate((gave, gave)), np.concatenate((given, given))
        left = gone[bucket_begin[p] : bucket_begin[p + 1]]
        moves = _match(line[mine], bucket[mine], diff[mine], left, bucket_begin[p], gave, given, moves)
    return gave[:moves], given[:moves]


@njit(cache=True, nogil=True)
def _match(line, bucket, diff, gone, offset, gave, given, moves):
    """Write who gave to whom: in every bucket the last in the run gives first, the first takes first.

    ``gone`` is by how much what was held exceeds the supply; what nobody took is told as gone up to that.
    """
    starts = np.zeros(gone.size + 1, dtype=np.int64)
    for d in range(line.size):
        starts[bucket[d] + 1] += 1
    starts = np.cumsum(starts)
    at, order = starts.copy(), np.empty(line.size, dtype=np.int64)
    for d in range(line.size):
        order[at[bucket[d]]] = d
        at[bucket[d]] += 1
    for b in range(gone.size):
        part = order[starts[b] : starts[b + 1]]
        giver, taker = part.size - 1, 0
        rest, need = 0.0, 0.0
        while True:
            while rest <= 0.0 and giver >= 0:
                rest = max(0.0, -diff[part[giver]])
                giver -= 1
            while need <= 0.0 and taker < part.size:
                need = max(0.0, diff[part[taker]])
                taker += 1
            if rest <= 0.0 and need <= 0.0:
                break
            one = line[part[giver + 1]] if rest > 0.0 else NOBODY
            other = line[part[taker - 1]] if need > 0.0 else NOBODY
            moved = min(rest, need) if rest > 0.0 and need > 0.0 else max(rest, need)
            if need <= 0.0 and gone[b] > _LIKE * moved:
                other, moved = GONE, min(moved, gone[b])
                gone[b] -= moved
            gave[moves, 0], gave[moves, 1], gave[moves, 2], given[moves] = offset + b, one, other, moved
            moves += 1
            rest, need = max(0.0, rest - moved), max(0.0, need - moved)
    return moves
