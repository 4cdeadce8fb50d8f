"""Natural breaks: the split of sorted figures into classes that are each as alike as can be."""

import numpy as np
from numpy.typing import ArrayLike

_EXACT = 12  # decimals of relative cost that count: what differs by less is a tie


def natural_breaks(values: ArrayLike, counts: ArrayLike, classes: int) -> np.ndarray:
    """Return where each class but the first begins, so that the squares around the class means are least.

    Parameters
    ----------
    values : array_like
        Distinct figures in rising or falling order.
    counts : array_like
        How often each figure occurs.
    classes : int
        Number of classes; with fewer figures than classes each is a class of its own.

    Returns
    -------
    ndarray of int
        ``classes - 1`` (or fewer) places in ``values``. Of splits that are equally good the one with the earliest
        last break.

    Notes
    -----
    The optimum, not a local one: dynamic programming over the sorted figures, where the best break only moves
    forward as more figures join, so that halving finds all of them in n log n. It needs no seed.

    References
    ----------
    Fisher (1958), "On grouping for maximum homogeneity", JASA 53(284); Wang & Song (2011), "Ckmeans.1d.dp", The R
    Journal 3(2).

    Examples
    --------
    >>> natural_breaks([100, 98, 40, 38, 2, 1], [1] * 6, 3).tolist()
    [2, 4]
    """
    figures, weights = np.asarray(values, dtype=float), np.asarray(counts, dtype=float)
    classes = min(classes, figures.size)
    if classes < 2:
        return np.array([], dtype=int)
    sums = _Sums.of(figures, weights)
    ends = np.arange(figures.size)
    cost, begins = sums.squares(np.zeros(figures.size, dtype=int), ends), []
    for number in range(1, classes):
        cost, begin = _add_class(cost, sums, number)
        begins.append(begin)
    breaks, last = [], figures.size - 1
    for begin in reversed(begins):
        breaks.append(int(begin[last]))
        last = breaks[-1] - 1
    return np.array(breaks[::-1], dtype=int)


class _Sums:
    """Running sums, from which the squares around the mean of any stretch follow."""

    def __init__(self, weight: np.ndarray, first: np.ndarray, second: np.ndarray) -> None:
        self.weight, self.first, self.second = weight, first, second

    @classmethod
    def of(cls, figures: np.ndarray, weights: np.ndarray) -> "_Sums":
        spread = figures.max() - figures.min()
        scaled = (figures - np.average(figures, weights=weights)) / (spread or 1.0)
        return cls(*(np.cumsum(np.append(0.0, weights * scaled**power)) for power in (0, 1, 2)))

    def squares(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        weight, first, second = (total[end + 1] - total[begin] for total in (self.weight, self.first, self.second))
        return np.round(np.maximum(second - first**2 / weight, 0.0), _EXACT)


def _add_class(cost: np.ndarray, sums: _Sums, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least cost up to each place with one class more, and where that class begins."""
    size = cost.size
    total, begin = np.full(size, np.inf), np.full(size, least)
    step = 1 << (size - 1).bit_length()
    known = np.array([], dtype=int)
    while step >= 1:
        places = np.arange(least + step - 1, size, 2 * step) if step > 1 else _unknown(known, least, size)
        if places.size:
            total[places], begin[places] = _best_begin(places, known, begin, cost, sums, least)
            known = np.sort(np.append(known, places))
        step //= 2
    return total, begin


def _unknown(known: np.ndarray, least: int, size: int) -> np.ndarray:
    return np.setdiff1d(np.arange(least, size), known, assume_unique=True)


def _best_begin(
    places: np.ndarray, known: np.ndarray, begin: np.ndarray, cost: np.ndarray, sums: _Sums, least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the least cost at places and its begin, searched between the begins of the known neighbours."""
    at = np.searchsorted(known, places)
    low = np.where(at > 0, begin[known[np.maximum(at - 1, 0)]], least) if known.size else np.full(places.size, least)
    next_known = known[np.minimum(at, known.size - 1)] if known.size else places
    high = np.where(at < known.size, np.minimum(begin[next_known], places), places)
    length = high - low + 1
    starts = np.cumsum(length) - length
    tried = np.arange(length.sum()) - np.repeat(starts - low, length)
    found = np.round(cost[tried - 1] + sums.squares(tried, np.repeat(places, length)), _EXACT)
    best = np.minimum.reduceat(found, starts)
    first = np.minimum.reduceat(np.where(found == np.repeat(best, length), tried, cost.size), starts)
    return best, first
