"""Deliveries as arrays: days from start to delivery, what was known on a day, and the tree of groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.given_days import read_dates
from segkit.formulas.censored_quantiles import DeliveryTree

_BLANK = np.iinfo(np.int64).min


@dataclass(frozen=True)
class DeliveryHistory:
    """Deliveries that began by ``as_of``, in the order of the tree of groups.

    Attributes
    ----------
    as_of : int
        Last known day [days since 1970].
    start, end : ndarray of int
        First day, and day of delivery; beyond ``as_of`` where it is open [days since 1970].
    support : ndarray of int
        Delivery times that occurred, rising [days].
    depth, first, last : ndarray of int
        Groups in preorder, as in `DeliveryTree`.
    group : ndarray of int
        Lowest group of each delivery.
    names : ndarray of str
        What each group is called.
    line_group : ndarray of int
        Lowest group with a delivery, for every line that asks.
    """

    as_of: int
    start: np.ndarray
    end: np.ndarray
    support: np.ndarray
    depth: np.ndarray
    first: np.ndarray
    last: np.ndarray
    group: np.ndarray
    names: np.ndarray
    line_group: np.ndarray

    @property
    def above(self) -> np.ndarray:
        """Return the group above each group; of the first itself."""
        found = np.zeros(len(self.depth), dtype=np.int64)
        for level in range(1, int(self.depth.max(initial=0)) + 1):
            held = np.maximum.accumulate(np.where(self.depth == level - 1, np.arange(len(found)), 0))
            found = np.where(self.depth == level, held, found)
        return found

    def known_on(self, day: int) -> tuple[DeliveryTree, np.ndarray]:
        """Return the tree as it was known on a day, and the age of its deliveries [days]."""
        begun = self.start <= day
        held = np.concatenate([[0], np.cumsum(begun)])
        start, end = self.start[begun], self.end[begun]
        is_open = end > day
        seen = np.where(is_open, day - start, end - start)
        step = self._last_step(seen)
        tree = DeliveryTree(self.depth, held[self.first], held[self.last], step, is_open, len(self.support))
        return tree, day - start

    def _last_step(self, seen: np.ndarray) -> np.ndarray:
        """Return the last step within each count of days, -1 = none; looked up, as days are few and deliveries many."""
        if not len(self.support):
            return np.full(len(seen), -1)
        low, high = self.support[0] - 1, self.support[-1]
        table = np.searchsorted(self.support, np.arange(low, high + 1), side="right") - 1
        return table[np.clip(seen, low, high) - low]


def read_history(
    deliveries: pd.DataFrame, lines: pd.DataFrame, by: Sequence[str], as_of: pd.Timestamp | None
) -> DeliveryHistory:
    """Return the deliveries known on a day, in the order of the tree of groups, and the group of every line.

    Parameters
    ----------
    deliveries : DataFrame
        start_date, delivered_date and the columns of ``by``.
    lines : DataFrame
        The columns of ``by``.
    by : sequence of str
        Columns of the tree, most general first; where a cell is blank the row belongs to the group above.
    as_of : Timestamp, optional
        Last known day; without it the last day of delivery.

    Returns
    -------
    DeliveryHistory
        Without deliveries that began later.
    """
    start, end = day_numbers(deliveries["start_date"]), day_numbers(deliveries["delivered_date"])
    day = last_known_day(start, end) if as_of is None else int(day_numbers(pd.Series([as_of]))[0])
    codes, line_codes, words = _paths(deliveries, lines, by)
    end = np.where((end == _BLANK) | (end > day), day + 1, end)
    begun = np.flatnonzero(start <= day)
    order = begun[np.lexsort([end[begun], start[begun], *codes[begun].T[::-1]])]
    start, end, codes = start[order], end[order], codes[order]
    depth, first, last = _groups(codes)
    group = np.zeros(len(start), dtype=np.int64)
    for level in range(1, codes.shape[1] + 1):
        for one in np.flatnonzero(depth == level):
            group[first[one] : last[one]] = one
    support = np.unique((end - start)[end <= day])
    return DeliveryHistory(
        day, start, end, support, depth, first, last, group,
        _names(codes, depth, first, words), _place_lines(codes, line_codes, depth, first),
    )  # fmt: skip


def last_known_day(start: np.ndarray, end: np.ndarray) -> int:
    """Return the last day of delivery; without one the last day on which a delivery began."""
    known = end[end != _BLANK]
    return int(known.max() if len(known) else start.max(initial=0))


def day_numbers(cells: pd.Series) -> np.ndarray:
    """Return days since 1970 on the calendar of the cells; the smallest number where a date is blank.

    Examples
    --------
    >>> day_numbers(pd.Series(pd.to_datetime(["1970-01-03 23:59"]))).tolist()
    [2]
    """
    return read_dates(cells).to_numpy().astype("datetime64[D]").astype("int64")


def _paths(
    deliveries: pd.DataFrame, lines: pd.DataFrame, by: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return one code per row and column, -1 from the first blank cell on, and the words of the codes."""
    codes, words = [], []
    for name in by:
        found, known = _factorize(pd.concat([deliveries[name], lines[name]], ignore_index=True))
        codes.append(found)
        words.append(known)
    table = np.column_stack(codes) if codes else np.empty((len(deliveries) + len(lines), 0), dtype=np.int64)
    table = np.where(np.minimum.accumulate(table, axis=1) < 0, -1, table)
    return table[: len(deliveries)], table[len(deliveries) :], words


def _factorize(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a code per cell, -1 where it is blank, and the words of the codes; 3 and 3.0 are one word."""
    if cells.dtype.kind in "iufb":
        found, known = pd.factorize(cells, sort=True)
        return found, np.array([_word(value) for value in known], dtype=object)
    try:
        found, known = pd.factorize(cells)
    except TypeError:
        found, known = pd.factorize(cells.astype("str").where(cells.notna()))
    words, number = np.unique(np.array(["", *(_word(value) for value in known)]), return_inverse=True)
    return np.append(number[1:] - 1, -1)[found], words[1:]


def _word(value: object) -> str:
    """Return how a value of a group is written: whole numbers without point, days without time, blanks as nothing."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, date):
        return str(pd.Timestamp(value)).removesuffix(" 00:00:00")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _groups(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return depth, first and last row of every group of sorted paths, in preorder."""
    rows = len(codes)
    parts = [(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.array([rows]))]
    changed = np.zeros(rows, dtype=bool)
    changed[:1] = True
    for depth in range(1, codes.shape[1] + 1):
        changed[1:] |= codes[1:, depth - 1] != codes[:-1, depth - 1]
        first = np.flatnonzero(changed)
        last = np.append(first[1:], rows)
        real = codes[first, depth - 1] >= 0
        parts.append((np.full(real.sum(), depth), first[real], last[real]))
    groups = np.array([np.concatenate(part) for part in zip(*parts, strict=True)])
    depth, first, last = groups[:, np.lexsort([groups[0], groups[1]])]
    return depth, first, last


def _names(codes: np.ndarray, depth: np.ndarray, first: np.ndarray, words: list[np.ndarray]) -> np.ndarray:
    names = ["(all)"]
    for one in range(1, len(depth)):
        path = codes[first[one]]
        names.append(" / ".join(str(words[place][path[place]]) for place in range(depth[one])))
    return np.array(names, dtype=object)


def _place_lines(codes: np.ndarray, line_codes: np.ndarray, depth: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the lowest group that holds a line's path."""
    group = np.zeros(len(line_codes), dtype=np.int64)
    there = np.ones(len(line_codes), dtype=bool)
    for level in range(1, codes.shape[1] + 1):
        own = np.flatnonzero(depth == level)
        above = np.maximum.accumulate(np.where(depth == level - 1, np.arange(len(depth)), 0))[own]
        size = max(codes[:, level - 1].max(initial=0), line_codes[:, level - 1].max(initial=0)) + 2
        keys = above * size + codes[first[own], level - 1]
        asked = group * size + line_codes[:, level - 1]
        place = np.searchsorted(keys, asked)
        found = place < len(keys)
        found[found] = keys[place[found]] == asked[found]
        there &= found & (line_codes[:, level - 1] >= 0)
        group[there] = own[place[there]]
    return group
