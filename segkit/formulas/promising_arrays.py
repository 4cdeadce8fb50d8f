"""The arrays that the kernels of order promising read and fill, and how they are laid out."""

from typing import NamedTuple

import numpy as np

LIKE = 1e-9  # less than this share of a quantity is rounding
FAR = 2**60  # a day that never comes
CAPABLE = -1  # bucket and column of what is made or bought to order
# why a line was not promised earlier, as bits
LIMITED, PROTECTED, UNPROFITABLE, TOO_SMALL, SEVERAL = 1, 2, 4, 8, 16  # several quotas held units for others


class Buckets(NamedTuple):
    """Supply by place and day, and what is left of it by column (quotas, then the pool)."""

    begin: np.ndarray  # (places + 1,)
    day: np.ndarray  # (buckets,)
    left: np.ndarray  # (buckets, columns)
    first_word: np.ndarray  # (places + 1,)
    words: np.ndarray  # (words, columns) bits of the buckets that are not empty
    reach: np.ndarray  # (buckets,) Fenwick tree of what is left, by place; empty without critical levels


class Rules(NamedTuple):
    """Who may take what: see `promising.PromiseRules`."""

    sources: np.ndarray  # (1 or places, classes, columns), -1 = no more
    caps: np.ndarray  # (buckets, columns) or empty
    levels: np.ndarray  # (1 or places, classes) or empty
    bids: np.ndarray  # (buckets, 1 or classes) or empty
    release: np.ndarray  # (buckets, columns) or empty; day from which a quota is everybody's
    fence: np.ndarray  # (places,) or empty
    lead: np.ndarray  # (places,) or empty; -1 = nothing is made to order
    made: np.ndarray  # (places,) first bucket that is capacity, not supply; or empty
    made_bids: np.ndarray  # (places,) least margin for which anything is made to order; or empty
    latest_first: bool


class Releases(NamedTuple):
    """Quotas that flow into the pool, by day."""

    day: np.ndarray
    place: np.ndarray
    bucket: np.ndarray
    column: np.ndarray


class Lines(NamedTuple):
    """The order book; options of one number hold for all lines."""

    place: np.ndarray
    arrival: np.ndarray
    requested: np.ndarray
    rank: np.ndarray
    quantity: np.ndarray
    minimum: np.ndarray
    lateness: np.ndarray
    margin: np.ndarray


class Elsewhere(NamedTuple):
    """Other places that can serve a line, cheapest first, by place."""

    begin: np.ndarray
    place: np.ndarray
    cost: np.ndarray
    days: np.ndarray


class Told(NamedTuple):
    """What is told of each line."""

    promised: np.ndarray  # units
    on_time: np.ndarray  # units that were there in time
    last_day: np.ndarray  # day on which the last of it is promised; -1 where nothing is
    why: np.ndarray  # bits
    reserved: np.ndarray  # units that were there in time for others only
    reserved_column: np.ndarray  # the quota that held most of them; -1 = none
    reserved_until: np.ndarray  # day on which the first of these are everybody's; -1 = never


def nothing_told(count: int) -> Told:
    """Return what is told of lines before any is promised."""
    return Told(
        np.zeros(count), np.zeros(count), np.full(count, -1, np.int32), np.zeros(count, np.uint8),
        np.zeros(count), np.full(count, -1, np.int8), np.full(count, -1, np.int32),
    )  # fmt: skip


def stable_order(values: np.ndarray) -> np.ndarray:
    """Return the order of numbers, equal ones as they come: sorted quickly, and equal ones put right where few.

    Examples
    --------
    >>> stable_order(np.array([2.0, 1.0, 2.0])).tolist()
    [1, 0, 2]
    """
    order, found = _packed_order(values) if values.dtype.kind in "iu" and len(values) else _float_order(values)
    same = np.flatnonzero(found[1:] == found[:-1])
    if not len(same):
        return order
    if len(same) > len(values) // 8:
        return np.argsort(values, kind="stable")
    tied = np.union1d(same, same + 1)
    order[tied] = order[tied][np.lexsort((order[tied], values[order[tied]]))]
    return order


def _float_order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(values)
    return order, values[order]


def _packed_order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of whole numbers but for those still equal, and what was found equal of them.

    Number and row are sorted as one whole number of 63 bits, which is quicker than sorting rows by number; where they
    do not fit, the last bits of the number are left out, and those that differ in them alone are equal for now.
    """
    low, high, row_bits = int(values.min()), int(values.max()), (len(values) - 1).bit_length()
    if (high - low).bit_length() > 62:
        return _float_order(values)
    left_out = max(0, (high - low).bit_length() + row_bits - 63)
    keys = values - low
    keys >>= left_out
    keys <<= row_bits
    keys |= np.arange(len(values))
    keys.sort()
    order = keys & ((1 << row_bits) - 1)
    if not left_out:
        return order, np.zeros(0)
    keys >>= row_bits
    return order, keys


class Trace(NamedTuple):
    """Every unit: which line took it from which bucket and column, and the day it is promised for."""

    line: np.ndarray
    bucket: np.ndarray
    column: np.ndarray
    quantity: np.ndarray
    day: np.ndarray


def empty_trace(rows: int) -> Trace:
    """Return a trace with room for so many rows."""
    whole, number = np.int32, np.float64
    return Trace(*(np.empty(rows, dtype=kind) for kind in (whole, whole, np.int8, number, whole)))


def longer_trace(trace: Trace, more: int) -> Trace:
    """Return the trace with room for as many rows again, and at least ``more``."""
    longer = empty_trace(len(trace.line) + max(more, len(trace.line)))
    for new, old in zip(longer, trace, strict=True):
        new[: len(old)] = old
    return longer


def filled_buckets(begin: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the words of each place begin, and words of 64 bits: which buckets of it hold something."""
    first_word = np.concatenate([[0], np.cumsum((np.diff(begin) + 63) // 64)]).astype(np.int64)
    words = np.zeros((first_word[-1], left.shape[1]), dtype=np.uint64)
    bucket, column = np.nonzero(left > 0)
    place = np.searchsorted(begin, bucket, side="right") - 1
    at = bucket - begin[place]
    np.bitwise_or.at(words, (first_word[place] + at // 64, column), np.uint64(1) << (at % 64).astype(np.uint64))
    return first_word, words


def reach_tree(begin: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return a Fenwick tree of what is left, place by place: node n holds the n & -n buckets up to it."""
    sums = np.concatenate([[0.0], np.cumsum(left.sum(axis=1))])
    place = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    node = np.arange(len(left)) - begin[place] + 1
    upto = begin[place] + node
    return sums[upto] - sums[upto - (node & -node)]
