"""What the rows of a trace of promises come to by line, compiled."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def sum_up_trace(line, bucket, column, day, stock, made, first, used):  # type: ignore[no-untyped-def]
    """Fill in, by line, the first day of its rows and a bit for every column used; ``made`` = what is no known supply.

    ``stock`` (buckets,) tells which buckets are known supply; a bucket of -1 is none. ``first`` begins later than any
    day, ``used`` at 0.
    """
    for row in range(len(line)):
        at = line[row]
        if day[row] < first[at]:
            first[at] = day[row]
        known = bucket[row] >= 0 and stock[bucket[row]]
        used[at] |= np.int64(1) << (column[row] if known else made)
