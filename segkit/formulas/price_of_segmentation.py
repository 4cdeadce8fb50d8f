"""What it costs that items of a class share one target: class rules against the item-level optimum at equal service.

A class rule gives every class one safety factor k: for `NormalItems` literally, for `CurveItems` the least stock with a
cycle_service (P1) of Φ(k). Its targets are the cheapest with which all items together reach a service.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segkit.formulas.aggregate_optimum import least_cost, optimum_for_service
from segkit.formulas.stock_choices import Choice, CurveItems, MenuItems, NormalItems

LEVELS = 65
_MANY_LEVELS = 129
_FINE = 17
_CLOSER = 2  # times that levels are told more finely
_HALVINGS = 16
_SWEEPS = 20


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
    Lagrangian over levels of k, first coarse, then twice around the best, each time with changes of two classes at
    once; in the end all are lowered together as far as the target allows. Few items stocked in whole units make cost
    jump with the target: the result can then lie a little above the best rule.

    Examples
    --------
    >>> two = NormalItems(np.array([100.0, 400.0]), np.full(2, 2.0), np.full(2, 10.0), np.full(2, 20.0))
    >>> class_rule(two, np.zeros(2, dtype=int), 0.99).factors.round(3).tolist()
    [1.663]
    """
    levels = coarse_levels(items, int(classes.max()) + 1)
    return finer_rule(items, classes, target, levels, *level_sums(items, classes, levels))


def coarse_levels(items: NormalItems | CurveItems, groups: int, *, levels: int = LEVELS) -> np.ndarray:
    """Return safety factors over the whole range of the items, (groups, levels)."""
    return np.tile(np.linspace(items.least, items.most, levels), (groups, 1))


def finer_rule(
    items: NormalItems | CurveItems,
    classes: np.ndarray,
    target: float,
    levels: np.ndarray,
    cost: np.ndarray,
    short: np.ndarray,
) -> ClassRule:
    """Return the class rule that is found around the best of some levels, see `class_rule` and `level_sums`."""
    allowed = (1.0 - target) * float(items.weight.sum())
    step = float(levels[0, 1] - levels[0, 0])
    rows = np.arange(len(levels))
    places, multiplier = _best_places(cost, short, allowed)
    starts = [(levels[rows, _exchanged(cost, short, places, allowed)], step)]
    if len(rows) > 1:  # many classes never cost more than one target for all
        starts.append((levels[rows, _common_place(short, allowed)], step))
    for _ in range(_CLOSER):
        spread = np.linspace(-1.5 * step, 1.5 * step, _FINE)
        step = float(spread[1] - spread[0])
        levels = np.clip(levels[rows, places][:, None] + spread, items.least, items.most)
        cost, short = level_sums(items, classes, levels)
        places, multiplier = _best_places(cost, short, allowed)
    starts += [(levels[rows, one], step) for one in (places, _exchanged(cost, short, places, allowed))]
    found = [_lowered(items, classes, factors, step, allowed) for factors, step in starts]
    short_by = [max(float((items.weight * choice.short).sum()) - allowed * (1 + 1e-9), 0.0) for _, choice in found]
    best = min(range(len(found)), key=lambda one: (short_by[one], found[one][1].cost.sum()))
    return _rule(items, *found[best], multiplier)


def class_frontier(items: NormalItems | CurveItems, classes: np.ndarray, targets: Sequence[float]) -> list[ClassRule]:
    """Return class rules for many services, each a little above its target: points of a curve.

    Parameters
    ----------
    items, classes
        As `class_rule` takes them.
    targets : sequence of float
        Weighted fill_rates (P2). [0 to 1]

    Examples
    --------
    >>> two = NormalItems(np.array([100.0, 400.0]), np.full(2, 2.0), np.full(2, 10.0), np.full(2, 20.0))
    >>> [rule.service >= 0.9 for rule in class_frontier(two, np.array([0, 1]), [0.9, 0.95])]
    [True, True]
    """
    levels = coarse_levels(items, int(classes.max()) + 1, levels=_MANY_LEVELS)
    cost, short = level_sums(items, classes, levels)
    total = float(items.weight.sum())
    rows, found = np.arange(len(levels)), []
    for target in targets:
        places, multiplier = _best_places(cost, short, (1.0 - target) * total)
        factors = levels[rows, places]
        found.append(_rule(items, factors, items.at(factors[classes]), multiplier))
    return found


def _best_places(cost: np.ndarray, short: np.ndarray, allowed: float) -> tuple[np.ndarray, float]:
    """Return the level of every class with which no more is short than allowed, and the shadow price."""
    scale = max(float(short.max()), 1e-300)
    menu = MenuItems(np.ones(len(cost)), cost, short / scale)
    found = optimum_for_service(menu, 1.0 - allowed / scale / len(cost), drop=False)  # levels are exchanged later
    return found.choice.stock.astype(int), found.multiplier / scale


def _common_place(short: np.ndarray, allowed: float) -> int:
    """Return the lowest level at which no more is short than allowed if all classes have it; the highest, if none."""
    enough = short.sum(axis=0) <= allowed
    return int(np.argmax(enough)) if enough.any() else short.shape[1] - 1


def _exchanged(cost: np.ndarray, short: np.ndarray, places: np.ndarray, allowed: float) -> np.ndarray:
    """Return levels from which no two classes can change theirs and cost less, with no more short than allowed."""
    rows, kept = np.arange(len(places)), places.copy()
    for _ in range(_SWEEPS):
        before = cost[rows, kept].sum()
        for one in rows:
            for other in rows[one + 1 :] if len(rows) > 1 else rows[:1]:
                rest = (rows != one) & (rows != other)
                left = allowed - short[rows[rest], kept[rest]].sum()
                if one == other:
                    spent, gone = cost[one][:, None], short[one][:, None]
                else:
                    spent, gone = cost[one][:, None] + cost[other], short[one][:, None] + short[other]
                if (gone <= left).any():
                    best = np.unravel_index(np.argmin(np.where(gone <= left, spent, np.inf)), spent.shape)
                    kept[[one, other]] = best if one != other else best[0]
        if cost[rows, kept].sum() >= before:
            break
    return kept


def _rule(items: NormalItems | CurveItems, factors: np.ndarray, choice: Choice, multiplier: float) -> ClassRule:
    total = float(items.weight.sum())
    service = 1.0 - float((items.weight * choice.short).sum()) / total if total > 0 else float("nan")
    return ClassRule(factors, choice, float(choice.cost.sum()), service, multiplier)


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
    1.072
    """
    short = float((items.weight * choice.short).sum())
    optimum = optimum_for_service(items, 1.0 - short / float(items.weight.sum()), drop=False)
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
    return items.sums_at(groups, levels)


def _lowered(
    items: NormalItems | CurveItems, classes: np.ndarray, factors: np.ndarray, step: float, allowed: float
) -> tuple[np.ndarray, Choice]:
    """Return factors lowered together as far as no more is short than allowed."""
    low, high = 0.0, 2.0 * step
    kept, choice = factors, items.at(factors[classes])
    short = items.weight * choice.short
    if float(short.sum()) > allowed:
        return kept, choice
    lowest = items.at(np.maximum(factors - high, items.least)[classes])
    some, own, ends, left = items, classes, (choice.short, lowest.short), allowed
    for _ in range(_HALVINGS):
        moved = ends[0] != ends[1]
        if 2 * np.count_nonzero(moved) < len(moved):  # all others stay as they are on the way
            left -= float((some.weight * ends[0])[~moved].sum())
            some, own, ends = some.of(np.flatnonzero(moved)), own[moved], (ends[0][moved], ends[1][moved])
        by = (low + high) / 2
        tried = np.maximum(factors - by, items.least)
        found = some.at(tried[own]).short
        if float((some.weight * found).sum()) <= left:
            low, kept, ends = by, tried, (found, ends[1])
        else:
            high, ends = by, (ends[0], found)
    return kept, items.at(kept[classes])
