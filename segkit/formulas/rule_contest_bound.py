"""Perfect hindsight: the most that any rule could have made of a supply, knowing every order before it came."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from segkit.formulas.rule_contest import ContestBook, Served

_CHUNK = 40_000  # ways to serve that are solved together
_LIKE = 1e-7
_TIE = 1e-6  # share of the mean worth that a day late costs, so that of equals the earlier is taken


def serve_in_hindsight(book: ContestBook) -> Served:
    """Return the assignment of supply to lines that makes the most contribution.

    Parameters
    ----------
    book : ContestBook
        Lines and receipts.

    Returns
    -------
    Served
        Of lines alike (same place, bucket, requested day, class, margin and goodwill) the first to arrive are served.

    Notes
    -----
    A linear program, exact for divisible units: a line takes from the stock of its bucket, or late from that of a later
    one; what is not taken is carried on. Its matrix is that of a network, so that whole quantities give whole units.
    Holding stock costs nothing. Of ways that earn the same, the one with fewer days of lateness is taken. Solved by
    HiGHS, places apart from one another and many at a time.

    References
    ----------
    Huangfu & Hall (2018), Parallelizing the dual revised simplex method, Mathematical Programming Computation 10.

    Examples
    --------
    >>> one = [0.0, 0.0]
    >>> book = ContestBook(np.array([0, 2]), np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([3.0, 3.0]),
    ...                    np.array([1, 0]), np.array([1.0, 2.0]), np.array(one), np.array(one),
    ...                    np.array([[4.0]]), np.array([0.0, 7.0]), 0.0)
    >>> serve_in_hindsight(book).on_time.tolist()
    [1.0, 3.0]
    """
    alike, first = _lines_alike(book)
    asked = np.bincount(alike, weights=book.quantity, minlength=first.size)
    ways = _ways_to_serve(book, first)
    units = _solve(book, first, asked, ways)
    return _told_by_line(book, alike, first, ways, units)


def _lines_alike(book: ContestBook) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the group each line is in, by place, and the first line of every group."""
    keys = np.stack([book.place, book.bucket, book.requested, book.rank, book.margin, book.lost_cost, book.late_cost])
    order = np.lexsort(keys[::-1])
    new = np.ones(order.size, dtype=bool)
    new[1:] = (keys[:, order[1:]] != keys[:, order[:-1]]).any(axis=0)
    alike = np.empty(order.size, dtype=np.int64)
    alike[order] = np.cumsum(new) - 1
    return alike, order[new]


def _ways_to_serve(book: ContestBook, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return group, bucket and days late of every way to serve a group of lines, by group."""
    own, last = book.bucket[first], book.requested[first] + book.max_lateness_days
    until = np.maximum(np.searchsorted(book.bucket_day[:-1], last, side="right") - 1, own)
    count = until - own + 1
    group = np.repeat(np.arange(first.size), count)
    step = np.arange(group.size) - np.repeat(np.cumsum(count) - count, count)
    bucket = own[group] + step
    late = np.where(step > 0, np.maximum(book.bucket_day[bucket] - book.requested[first][group], 0.0), 0.0)
    return group, bucket, late


def _solve(
    book: ContestBook, first: np.ndarray, asked: np.ndarray, ways: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return the units of every way to serve, places taken together up to a number of ways."""
    group, bucket, late = ways
    place = book.place[first][group]
    tie = _TIE * float(np.abs(book.worth).mean())
    gain = book.worth[first][group] - late * (book.late_cost[first][group] + tie)
    units = np.zeros(group.size)
    ends = np.searchsorted(place, np.arange(book.begin.size - 1), side="right")
    begin = 0
    while begin < group.size:
        wanted = np.searchsorted(ends, min(begin + _CHUNK, group.size), side="right") - 1
        end = int(ends[max(wanted, place[begin])])
        part = slice(begin, end)
        units[part] = _solve_part(book, asked, (group[part], bucket[part], place[part]), gain[part])
        begin = end
    return units


def _solve_part(
    book: ContestBook, asked: np.ndarray, ways: tuple[np.ndarray, np.ndarray, np.ndarray], gain: np.ndarray
) -> np.ndarray:
    group, bucket, place = (values - values.min() if turn != 1 else values for turn, values in enumerate(ways))
    lowest, buckets = ways[2].min(), book.supply.shape[1]
    spots, count, groups = (int(place.max()) + 1) * buckets, gain.size, int(group.max()) + 1
    node, column = place * buckets + bucket, np.arange(count)
    carried = np.flatnonzero(np.arange(spots) % buckets < buckets - 1)
    over = count + np.arange(carried.size)
    rows = np.concatenate([group, groups + node, groups + carried, groups + carried + 1])
    columns = np.concatenate([column, column, over, over])
    entries = np.concatenate([np.ones(2 * count + carried.size), -np.ones(carried.size)])
    matrix = coo_array((entries, (rows, columns)), shape=(groups + spots, count + carried.size)).tocsr()
    there = book.supply[lowest : lowest + spots // buckets].ravel()
    limits = np.concatenate([asked[ways[0].min() : ways[0].min() + groups], there])
    costs = np.concatenate([-gain, np.zeros(carried.size)])
    found = linprog(costs, A_ub=matrix, b_ub=limits, bounds=(0, None), method="highs")
    if found.x is None:
        raise ValueError(f"the bound of perfect hindsight was not found: {found.message}")
    units = found.x[:count]
    near = np.rint(units)
    return np.where(np.abs(units - near) < _LIKE * np.maximum(1.0, near), near, units)


def _told_by_line(
    book: ContestBook,
    alike: np.ndarray,
    first: np.ndarray,
    ways: tuple[np.ndarray, np.ndarray, np.ndarray],
    units: np.ndarray,
) -> Served:
    """Return units by line: of a group the first lines are served first, those on time before those late."""
    group, _, late = ways
    is_late = late > 0
    on_time = np.bincount(group, weights=units * ~is_late, minlength=first.size)
    behind = np.bincount(group, weights=units * is_late, minlength=first.size)
    days = np.bincount(group, weights=units * late, minlength=first.size)
    order = np.argsort(alike, kind="stable")
    sizes = book.quantity[order]
    reached = np.cumsum(sizes)
    before = reached - sizes
    start = np.r_[True, np.diff(alike[order]) > 0]
    offset = (before - before[start][np.cumsum(start) - 1]) if order.size else before
    served = np.empty((3, order.size))
    whose = alike[order]
    served[0, order] = np.clip(on_time[whose] - offset, 0.0, sizes)
    taken = np.clip(on_time[whose] + behind[whose] - offset, 0.0, sizes)
    served[1, order] = taken - served[0, order]
    mean = np.divide(days, behind, out=np.zeros_like(days), where=behind > 0)
    served[2] = served[1] * mean[alike]
    return Served(served[0], served[1], served[2], *_by_bucket(book, first, ways, units))


def _by_bucket(
    book: ContestBook, first: np.ndarray, ways: tuple[np.ndarray, np.ndarray, np.ndarray], units: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return margin, and worth less lateness, by the bucket of delivery and the class."""
    group, bucket, late = ways
    whose = first[group]
    shape = book.supply.shape[1], int(book.rank.max(initial=0)) + 1
    margin, worth = np.zeros(shape), np.zeros(shape)
    np.add.at(margin, (bucket, book.rank[whose]), units * book.margin[whose])
    np.add.at(worth, (bucket, book.rank[whose]), units * (book.worth[whose] - late * book.late_cost[whose]))
    return margin, worth
