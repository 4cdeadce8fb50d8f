"""Hashes of texts, compiled: numbers that are equal where texts are, and seldom where they are not."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def hash_texts(begin, letters, filled, found):  # type: ignore[no-untyped-def]
    """Mix the hash of each text into ``found``; text i is ``letters[begin[i]:begin[i + 1]]``, a missing one is no text.

    ``found`` (texts,) of unsigned whole numbers, so that several columns can be mixed one after the other.
    """
    prime, odd = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
    shift = np.uint64(29)
    for i in range(len(found)):
        value = found[i] * prime + (np.uint64(1) if filled[i] else np.uint64(2))
        for at in range(begin[i], begin[i + 1] if filled[i] else begin[i]):  # under a missing text letters may stand
            value = (value ^ np.uint64(letters[at])) * prime
        value ^= value >> shift
        found[i] = value * odd
