"""The recursion over classes and stock behind `nested_optimum`, compiled."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def marginal_values(chance, tail, values, levels, given):  # type: ignore[no-untyped-def]
    """Fill the protection levels [steps], unless given, and return what one more step of stock is worth, by row.

    ``chance[row, class, d]`` = P(D = d steps), ``tail[row, class, d]`` = P(D ≥ d steps).
    """
    rows, classes, size = chance.shape
    worth = np.zeros((rows, size))
    for row in range(rows):
        before = np.zeros(size)
        for j in range(classes):
            kept = 0
            if j > 0:
                if given:
                    kept = min(levels[row, j - 1], size - 1)
                else:
                    value = values[row, j] * (1 + 1e-12)
                    while kept < size - 1 and before[kept + 1] > value:
                        kept += 1
                    levels[row, j - 1] = kept
            after = before.copy()
            for x in range(kept + 1, size):
                total = values[row, j] * tail[row, j, x - kept]
                for d in range(x - kept):
                    total += chance[row, j, d] * before[x - d]
                after[x] = total
            before = after
        worth[row] = before
    return worth
