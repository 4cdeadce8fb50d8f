"""What it costs that items of a class share one target: class rules against the item-level optimum at equal service.

A class rule gives every class one safety factor k: for `NormalItems` literally, for `CurveItems` the least stock with a
cycle_service (P1) of Φ(k). Its targets are the cheapest with which all items together reach a service.
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from segkit.formulas.aggregate_optimum import least_cost, optimum_for_service
from segkit.formulas.stock_choices import Choice, CurveItems, MenuItems, NormalItems

_LEVELS = 129
_FINE = 33
_CLOSER = 2  # times that levels are told twenty times finer
_HALVINGS = 24


@dataclass(frozen=True)
class ClassRule:
    """One safety factor per class: what it costs and gives.

    ``factors`` (classes,), ``choice`` of every item, ``cost`` [currency/year], ``service`` [0 to 1], ``multiplier``
    [currency/weight] is the shadow price of service under the rule.
    """

    factors: np.ndarray
    choice: Choice
    cost: float
    service: float
    multiplier: float


@dataclass(frozen=True)
class BoundaryGain:
    """What moving one boundary between neighbouring classes is worth at equal service.

    ``start`` and ``better``: places in the order of items at which the lower class begins now and then; ``cost`` after
    the move [currency/year].
    """

    start: int
    better: int
    cost: float


def class_rule(items: NormalItems | CurveItems, classes: np.ndarray, target: float) -> ClassRule:
    """Return the cheapest target per class with which all items together reach a service.

    Parameters
    ----------
    items : NormalItems or CurveItems
        The items.
    classes : array of int
        Class of each item, from 0, none empty.
    target : float
        Weighted fill_rate (P2) of all items together. [0 to 1]

    Returns
    -------
    ClassRule
        The most that can be given where the target is out of reach.

    Notes
    -----
    Lagrangian over levels of k, first coarse, then twice around the best; in the end all are lowered together as far as
    the target allows. Where a class's cost is not convex in its shortage (many items below a lot of one cycle) the
    result can lie above the best rule, by no more than the distance between two points of its frontier.

    Examples
    --------
    >>> two = NormalItems(np.array([100.0, 400.0]), np.full(2, 2.0), np.full(2, 10.0), np.full(2, 20.0))
    >>> class_rule(two, np.zeros(2, dtype=int), 0.99).factors.round(3).tolist()
    [1.434]
    """
    count = int(classes.max()) + 1
    total = float(items.weight.sum())
    width = items.most - items.least
    levels = np.tile(np.linspace(items.least, items.most, _LEVELS), (count, 1))
    step = width / (_LEVELS - 1)
    for turn in range(_CLOSER + 1):
        cost, short = level_sums(items, classes, levels)
        menu = MenuItems(np.ones(count), cost, short)
        found = optimum_for_service(menu, 1.0 - (1.0 - target) * total / count)
        factors = levels[np.arange(count), found.choice.stock.astype(int)]
        if turn < _CLOSER:
            spread = np.linspace(-1.5 * step, 1.5 * step, _FINE)
            levels = np.clip(factors[:, None] + spread, items.least, items.most)
            step = spread[1] - spread[0]
    factors, choice = _lowered(items, classes, factors, step, (1.0 - target) * total)
    service = 1.0 - float((items.weight * choice.short).sum()) / total if total > 0 else float("nan")
    return ClassRule(factors, choice, float(choice.cost.sum()), service, found.multiplier)


def price_of(items: NormalItems | CurveItems, choice: Choice) -> float:
    """Return what stocks cost over the least for which items chosen one by one give the same service.

    Parameters
    ----------
    items : NormalItems or CurveItems
        The items.
    choice : Choice
        Stocks by any rule.

    Returns
    -------
    float
        1 or more; missing where the least cost is not above 0.

    Notes
    -----
    The least is a bound (weak duality), so whole units cannot make a class rule look better than the optimum.

    Examples
    --------
    >>> two = NormalItems(np.array([100.0, 400.0]), np.full(2, 2.0), np.full(2, 10.0), np.full(2, 20.0))
    >>> round(price_of(two, class_rule(two, np.zeros(2, dtype=int), 0.99).choice), 4)
    1.1715
    """
    short = float((items.weight * choice.short).sum())
    optimum = optimum_for_service(items, 1.0 - short / float(items.weight.sum()))
    least = least_cost(items, short, optimum.multiplier) if np.isfinite(optimum.multiplier) else optimum.cost
    return float(choice.cost.sum()) / least if least > 0 else float("nan")


def level_sums(
    items: NormalItems | CurveItems, groups: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return cost and weight short of groups of items at levels of the safety factor.

    Parameters
    ----------
    items : NormalItems or CurveItems
        The items.
    groups : array of int
        Group of each item, from 0.
    levels : array
        Safety factors, (groups, levels).

    Returns
    -------
    tuple of ndarray
        [currency/year] and [weight/year], both (groups, levels).
    """
    cost, short = np.empty(levels.shape), np.empty(levels.shape)
    for place in range(levels.shape[1]):
        choice = items.at(levels[groups, place])
        cost[:, place] = np.bincount(groups, choice.cost, len(levels))
        short[:, place] = np.bincount(groups, items.weight * choice.short, len(levels))
    return cost, short


def _lowered(
    items: NormalItems | CurveItems, classes: np.ndarray, factors: np.ndarray, step: float, allowed: float
) -> tuple[np.ndarray, Choice]:
    """Return factors lowered together as far as no more is short than allowed."""
    low, high = 0.0, 2.0 * step
    kept = factors
    choice = items.at(factors[classes])
    if float((items.weight * choice.short).sum()) > allowed:
        return kept, choice
    for _ in range(_HALVINGS):
        by = (low + high) / 2
        tried = np.maximum(factors - by, items.least)
        other = items.at(tried[classes])
        if float((items.weight * other.short).sum()) <= allowed:
            low, kept, choice = by, tried, other
        else:
            high = by
    return kept, choice


@dataclass(frozen=True)
class _Bins:
    """Items in the order of a score, gathered between the places where a class may begin: running sums of levels."""

    starts: np.ndarray
    cost: np.ndarray
    short: np.ndarray


def _gather(items: NormalItems | CurveItems, order: np.ndarray, starts: np.ndarray) -> _Bins:
    groups = np.empty(len(order), dtype=int)
    groups[order] = np.searchsorted(starts, np.arange(len(order)), side="right") - 1
    levels = np.tile(np.linspace(items.least, items.most, _LEVELS), (len(starts), 1))
    sums = level_sums(items, groups, levels)
    first = np.zeros((1, _LEVELS))
    return _Bins(starts, *(np.vstack([first, np.cumsum(one, axis=0)]) for one in sums))


@dataclass(frozen=True)
class _Cuts:
    """The ways to cut ordered bins into classes, as one item: its best choice at a multiplier is the best cut."""

    weight: np.ndarray
    bins: _Bins
    classes: int

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
    items: NormalItems | CurveItems, order: np.ndarray, starts: np.ndarray, target: float, *, candidates: int = 128
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
    candidates : int
        Places tried, evenly by rank and by weight.

    Returns
    -------
    list of BoundaryGain
        One per boundary; the place stays where no other is cheaper. Targets of all classes are set anew.
    """
    edges = np.concatenate([[0], starts, [len(order)]]).astype(int)
    now = class_rule(items, _classes(order, starts), target)
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
        after_move = class_rule(items, _classes(order, moved), target).cost
        better = after_move < now.cost * (1 - 1e-9)
        found.append(
            BoundaryGain(
                int(starts[number - 1]),
                int(moved[number - 1] if better else starts[number - 1]),
                after_move if better else now.cost,
            )
        )
    return found


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
