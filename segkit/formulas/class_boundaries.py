"""Where classes had better be cut: the best cuts by a score, and what moving one boundary is worth."""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from segkit.formulas.aggregate_optimum import optimum_for_service
from segkit.formulas.price_of_segmentation import ClassRule, coarse_levels, finer_rule, level_sums
from segkit.formulas.stock_choices import Choice, CurveItems, NormalItems


@dataclass(frozen=True)
class BoundaryGain:
    """What moving one boundary between neighbouring classes is worth at equal service.

    ``start`` and ``better``: places in the order of items at which the lower class begins now and then; ``cost`` after
    the move [currency/year].
    """

    start: int
    better: int
    cost: float


@dataclass(frozen=True)
class _Bins:
    """Items in the order of a score, gathered between the places where a class may begin: running sums of levels."""

    starts: np.ndarray
    cost: np.ndarray
    short: np.ndarray


def _gather(items: NormalItems | CurveItems, order: np.ndarray, starts: np.ndarray) -> _Bins:
    groups = np.empty(len(order), dtype=int)
    groups[order] = np.searchsorted(starts, np.arange(len(order)), side="right") - 1
    sums = level_sums(items, groups, coarse_levels(items, len(starts)))
    first = np.zeros((1, sums[0].shape[1]))
    return _Bins(starts, *(np.vstack([first, np.cumsum(one, axis=0)]) for one in sums))


@dataclass(frozen=True)
class _Cuts:
    """The ways to cut ordered bins into classes, as one item: its best choice at a multiplier is the best cut."""

    weight: np.ndarray
    bins: _Bins
    classes: int

    def of(self, rows: np.ndarray) -> "_Cuts":
        """Return the one item that there is."""
        return replace(self, weight=self.weight[rows])

    def best(self, multiplier: float) -> Choice:
        cuts, cost, short = _cut(self.bins.cost, self.bins.short, multiplier, self.classes)
        return Choice(cuts[None, :].astype(float), np.array([cost]), np.array([short]))


def best_cuts(
    items: NormalItems | CurveItems, score: np.ndarray, classes: int, target: float, *, candidates: int = 128
) -> np.ndarray:
    """Return the classes by a score that cost least at a service.

    Parameters
    ----------
    items : NormalItems or CurveItems
        The items.
    score : array
        What ranks the items, best first; items that tie exactly share a class.
    classes : int
        Most classes.
    target : float
        Weighted fill_rate (P2) of all items together. [0 to 1]
    candidates : int
        Places where a class may begin: evenly by rank and by weight.

    Returns
    -------
    array of int
        Class of each item, 0 the best.

    Notes
    -----
    Dynamic programming over the candidate places, exact for one multiplier and the levels of k that are tried; the
    multiplier is found by bisection. Between candidates a better cut may lie.

    Examples
    --------
    >>> four = NormalItems(*np.array([[9.0, 8, 1, 1], [1.0, 1, 1, 1], [2.0, 2, 2, 2], [4.0, 4, 4, 4]]))
    >>> best_cuts(four, np.array([9.0, 8, 1, 1]), 2, 0.95).tolist()
    [0, 0, 1, 1]
    """
    order = np.argsort(-score, kind="stable")
    bins = _gather(items, order, _places(score[order], items.weight[order], candidates))
    ways = _Cuts(np.array([float(items.weight.sum())]), bins, min(classes, len(bins.starts)))
    scaled = replace(ways, bins=replace(bins, short=bins.short / max(float(items.weight.sum()), 1e-300)))
    cuts = optimum_for_service(scaled, target).choice.stock[0].astype(int)
    found = np.empty(len(order), dtype=int)
    found[order] = np.searchsorted(bins.starts[cuts], np.arange(len(order)), side="right")
    return found


def boundary_gains(
    items: NormalItems | CurveItems,
    order: np.ndarray,
    starts: np.ndarray,
    target: float,
    *,
    now: ClassRule,
    candidates: int = 128,
) -> list[BoundaryGain]:
    """Return, boundary by boundary, where it would best lie while the others stay, and what the rule then costs.

    Parameters
    ----------
    items : NormalItems or CurveItems
        The items.
    order : array of int
        Items class by class, within a class best first.
    starts : array of int
        Places in ``order`` at which the second and every further class begins.
    target : float
        Weighted fill_rate (P2) of all items together. [0 to 1]
    now : ClassRule
        `class_rule` of these classes at the target.
    candidates : int
        Places tried, evenly by rank and by weight.

    Returns
    -------
    list of BoundaryGain
        One per boundary; the place stays where no other is cheaper. Targets of all classes are set anew.
    """
    edges = np.concatenate([[0], starts, [len(order)]]).astype(int)
    ranks = -np.arange(len(order), dtype=float)
    places = np.union1d(_places(ranks, items.weight[order], candidates), edges[:-1])
    bins = _gather(items, order, places)
    cost = bins.cost + (now.multiplier if np.isfinite(now.multiplier) else 0.0) * bins.short
    found = []
    for number in range(1, len(edges) - 1):
        before, after = np.searchsorted(places, edges[number - 1]), np.searchsorted(places, edges[number + 1])
        inner = np.arange(before + 1, after)
        worth = (cost[inner] - cost[before]).min(axis=1) + (cost[after] - cost[inner]).min(axis=1)
        moved = starts.copy()
        moved[number - 1] = places[inner[np.argmin(worth)]]
        after_move = _finer(items, _classes(order, moved), target, bins, moved).cost
        better = after_move < now.cost * (1 - 1e-9)
        found.append(
            BoundaryGain(
                int(starts[number - 1]),
                int(moved[number - 1] if better else starts[number - 1]),
                after_move if better else now.cost,
            )
        )
    return found


def _finer(
    items: NormalItems | CurveItems, classes: np.ndarray, target: float, bins: _Bins, starts: np.ndarray
) -> ClassRule:
    """Return the class rule of classes that begin between bins, whose sums are known."""
    edges = np.append(np.searchsorted(bins.starts, np.append(0, starts)), len(bins.starts))
    levels = coarse_levels(items, len(edges) - 1)
    return finer_rule(
        items, classes, target, levels, np.diff(bins.cost[edges], axis=0), np.diff(bins.short[edges], axis=0)
    )


def _classes(order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    found = np.empty(len(order), dtype=int)
    found[order] = np.searchsorted(starts, np.arange(len(order)), side="right")
    return found


def _places(ordered: np.ndarray, weight: np.ndarray, candidates: int) -> np.ndarray:
    """Return places at which a class may begin: none between items that tie."""
    begins = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    if len(begins) <= candidates:
        return begins
    size = len(ordered)
    by_rank = np.linspace(0, size, candidates // 2, endpoint=False)
    held = np.cumsum(weight)
    by_weight = np.searchsorted(held, np.linspace(0, held[-1], candidates // 2, endpoint=False))
    wanted = np.union1d(by_rank.astype(int), by_weight)
    return np.unique(begins[np.minimum(np.searchsorted(begins, wanted), len(begins) - 1)])


@njit(cache=True, nogil=True)
def _cut(cost, short, multiplier, classes):  # type: ignore[no-untyped-def]
    """Return where further classes begin for the least cost + multiplier x short, with that cost and short."""
    size, levels = cost.shape[0] - 1, cost.shape[1]
    stretch = np.full((size + 1, size + 1), np.inf)
    level = np.zeros((size + 1, size + 1), dtype=np.int64)
    for begin in range(size):
        for end in range(begin + 1, size + 1):
            for place in range(levels):
                value = cost[end, place] - cost[begin, place] + multiplier * (short[end, place] - short[begin, place])
                if value < stretch[begin, end]:
                    stretch[begin, end], level[begin, end] = value, place
    best = np.full((classes, size + 1), np.inf)
    start = np.zeros((classes, size + 1), dtype=np.int64)
    best[0] = stretch[0]
    for number in range(1, classes):
        for end in range(number + 1, size + 1):
            for begin in range(number, end):
                value = best[number - 1, begin] + stretch[begin, end]
                if value < best[number, end]:
                    best[number, end], start[number, end] = value, begin
    cuts = np.zeros(classes - 1, dtype=np.int64)
    total, gone, end = 0.0, 0.0, size
    for number in range(classes - 1, -1, -1):
        begin = start[number, end] if number > 0 else 0
        place = level[begin, end]
        total += cost[end, place] - cost[begin, place]
        gone += short[end, place] - short[begin, place]
        if number > 0:
            cuts[number - 1] = begin
        end = begin
    return cuts, total, gone
