"""Compiled loop behind the release for delivery: stock goes to lines in their order. Loaded where first needed."""

import numpy as np
from numba import njit

FULL, PART, NO_STOCK, NOT_DUE, BLOCKED, LINE_INCOMPLETE, LINE_SHORT, ORDER_INCOMPLETE = range(8)
_LIKE = 1e-9


@njit(cache=True, nogil=True)
def release_in_order(place, due, quantity, blocked, complete, order_begin, order_line, whole, on_hand):
    """Return what each line gets, why, and what was in stock for it in its turn.

    Lines stand in the order of release. ``complete`` lines go in full or not at all; ``whole`` tells the order of a
    line whose lines go all together or not at all, -1 where they need not: its lines are those of ``order_line`` from
    ``order_begin``. A blocked line gets nothing; so does a whole order with one.
    """
    left = on_hand.copy()
    released, seen = np.zeros(due.size), np.zeros(due.size)
    why = np.full(due.size, -1, dtype=np.int8)
    for line in range(due.size):
        if why[line] >= 0:
            continue
        group = whole[line]
        if group >= 0:
            _release_whole(order_line[order_begin[group] : order_begin[group + 1]], place, due, quantity, blocked,
                           left, released, seen, why)  # fmt: skip
            continue
        seen[line] = left[place[line]]
        full = due[line] >= quantity[line] * (1 - _LIKE)
        given = min(due[line], seen[line])
        if blocked[line]:
            why[line], given = BLOCKED, 0.0
        elif due[line] <= 0.0:
            why[line], given = NOT_DUE, 0.0
        elif complete[line] and not full:
            why[line], given = LINE_INCOMPLETE, 0.0
        elif complete[line] and given < due[line] * (1 - _LIKE):
            why[line], given = LINE_SHORT, 0.0
        elif given >= due[line] * (1 - _LIKE):
            why[line] = FULL
        else:
            why[line] = PART if given > 0.0 else NO_STOCK
        released[line] = given
        left[place[line]] -= given
    return released, why, seen


@njit(cache=True, nogil=True)
def _release_whole(lines, place, due, quantity, blocked, left, released, seen, why):
    """Release all lines of an order in full, or none: then each that could not be says so."""
    goes = True
    for line in lines:
        seen[line] = left[place[line]]
        if blocked[line]:
            why[line] = BLOCKED
        elif due[line] <= 0.0:
            why[line] = NOT_DUE
        elif due[line] < quantity[line] * (1 - _LIKE):
            why[line] = LINE_INCOMPLETE
        elif seen[line] < due[line] * (1 - _LIKE):
            why[line] = LINE_SHORT
        else:
            left[place[line]] -= min(due[line], seen[line])
            continue
        goes = False
    for line in lines:
        if why[line] < 0:
            if goes:
                why[line], released[line] = FULL, min(due[line], seen[line])
            else:
                why[line] = ORDER_INCOMPLETE
                left[place[line]] += min(due[line], seen[line])
