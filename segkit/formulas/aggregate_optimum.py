"""The cheapest stocks that together give a fill rate, or the best fill rate for a budget: item by item.

Every item weighs its cost against what a unit of service short is worth, the same for all items; that worth (the
Lagrange multiplier, shadow price of service) is raised until the target is met.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from segkit.formulas.left_over import Stepped, drop_surplus, fill_budget
from segkit.formulas.stock_choices import Choice, CurveItems, Items, NormalItems

_FAR = 200.0  # logarithm of a multiplier beyond which nothing changes
_NEAR = 1e-13  # logarithms of multipliers closer than this are the same
_TOLD = 1e-6  # to which a multiplier is told
_MET = 1e-11  # share of the whole that does not matter, per item
_INSIDE = 1e-3  # of the width: how near to an end a step may come
_PAST = 2.0  # times the last way that a step past the root is longer
_STEPS = 200
_MANY = 1_000  # items of which those that do not move any more are left out
_MOST = 1e9  # times the usual holding cost: a limit that costs more cannot be kept
_FINE = 1e-9
_WORTH = 1e-3  # share of service or cost below which what a limit leaves over is let be


@dataclass(frozen=True)
class Optimum:
    """Stocks chosen item by item.

    ``choice`` holds stock, cost and short of every item. ``cost`` [currency/year] and ``service`` [0 to 1] are their
    sums; ``multiplier`` is the shadow price: what one more unit of weight served costs [currency/weight]. ``bound`` is
    the least that any stocks with this service could cost, ``most`` the most that any could serve for this cost, or for
    the budget [0 to 1].
    """

    choice: Choice
    cost: float
    service: float
    multiplier: float
    bound: float
    most: float


def optimum_for_service(items: Items, target: float, *, drop: bool = True) -> Optimum:
    """Return the cheapest stocks that together give a service.

    Parameters
    ----------
    items : NormalItems, CurveItems or MenuItems
        Their shares short say which service it is: of units for fill_rate (P2), of cycles for cycle_service (P1).
    target : float
        Weighted service of all items together, 1 - Σ weight·short / Σ weight. [0 to 1]
    drop : bool
        Whether what is not needed for the target is dropped; otherwise all stocks but one are best at the multiplier.

    Returns
    -------
    Optimum
        Where the target is out of reach the most the items can give, with an endless multiplier.

    Notes
    -----
    Bisection ends at one multiplier; items that are indifferent at it are raised, best first, until the target is met.
    Stocks in whole units then give more than that: what is not needed is dropped again where it is worth a thousandth
    of the cost.

    References
    ----------
    Everett (1963), Generalized Lagrange multiplier method, Operations Research 11(3); Sherbrooke, Optimal Inventory
    Modeling of Systems, 2e, ch. 2 (marginal analysis).

    Examples
    --------
    >>> from segkit.formulas.stock_choices import NormalItems
    >>> two = NormalItems(np.array([100.0, 400.0]), np.full(2, 2.0), np.full(2, 10.0), np.full(2, 20.0))
    >>> found = optimum_for_service(two, 0.99)
    >>> round(found.service, 9), found.choice.stock.round(3).tolist()
    (0.99, [1.202, 1.901])
    """
    total = float(items.weight.sum())
    allowed = (1.0 - target) * total
    low, high, multiplier = _bracket(items, lambda choice: allowed - _short(items, choice), scale=total)
    chosen = _raised(items, low, high, short=allowed)
    surplus = multiplier * (allowed - _short(items, chosen))
    if drop and isinstance(items, Stepped) and _WORTH * chosen.cost.sum() < surplus < np.inf:
        chosen = drop_surplus(items, chosen, allowed)
    return _optimum(items, chosen, multiplier)


def optimum_for_budget(items: Items, budget: float) -> Optimum:
    """Return the stocks with the best service among those that cost no more than a budget.

    Parameters
    ----------
    items : NormalItems, CurveItems or MenuItems
        As `optimum_for_service` takes them.
    budget : float
        [currency/year]

    Returns
    -------
    Optimum
        ``multiplier`` is what one more unit of weight served costs; one more unit of budget serves 1 / multiplier.
        Where even the cheapest stocks cost more, those, with a multiplier of 0.

    Notes
    -----
    Items that are indifferent at the multiplier are raised, best first, up to the first that does not fit. What is left
    then goes to others that do, item by item, where it could serve more than a thousandth of all (rest / multiplier).

    Examples
    --------
    >>> from segkit.formulas.stock_choices import MenuItems
    >>> two = MenuItems(np.ones(2), np.array([[0, 2.0], [0, 3.0]]), np.array([[1, 0.2], [1, 0.4]]))
    >>> optimum_for_budget(two, 2.5).choice.stock.tolist()
    [1.0, 0.0]
    """
    low, high, multiplier = _bracket(items, lambda choice: choice.cost.sum() - budget, scale=abs(budget))
    if high.cost.sum() <= budget:
        return _optimum(items, high, multiplier)
    chosen = _raised(items, low, high, cost=budget)
    rest = budget - chosen.cost.sum()
    if isinstance(items, Stepped) and rest > _WORTH * multiplier * items.weight.sum():
        chosen = fill_budget(items, chosen, budget)
    return _optimum(items, chosen, multiplier, budget)


def least_cost(items: Items, short: float, multiplier: float) -> float:
    """Return a lower bound of the cost of all stocks that leave no more than a weight short.

    Parameters
    ----------
    items : NormalItems, CurveItems or MenuItems
        As `optimum_for_service` takes them.
    short : float
        Σ weight·short.
    multiplier : float
        Any; the bound is closest at that of the optimum.

    Notes
    -----
    Weak duality: min (cost + multiplier x short) - multiplier x allowed.
    """
    if not np.isfinite(multiplier):
        return float("nan")
    choice = items.best(multiplier)
    return float(choice.cost.sum()) + multiplier * (_short(items, choice) - short)


def _short(items: Items, choice: Choice) -> float:
    return float((items.weight * choice.short).sum())


def _optimum(items: Items, choice: Choice, multiplier: float, budget: float | None = None) -> Optimum:
    """Return what stocks come to, and what by weak duality no others can: cost + multiplier x short is least at it."""
    short, total, cost = _short(items, choice), float(items.weight.sum()), float(choice.cost.sum())
    service = 1.0 - short / total if total > 0 else float("nan")
    if not np.isfinite(multiplier):
        return Optimum(choice, cost, service, multiplier, cost, service)
    at = items.best(multiplier)
    least, gone = float(at.cost.sum()), _short(items, at)
    most = 1.0
    if multiplier > 0 and total > 0:
        spent = cost if budget is None else budget
        most = min(1.0 - (gone + (least - spent) / multiplier) / total, 1.0)
    return Optimum(choice, cost, service, multiplier, least + multiplier * (gone - short), most)


@dataclass(frozen=True)
class _Side:
    """Choice at a multiplier, by its logarithm, and how far that is above what is wanted."""

    at: float
    choice: Choice
    gap: float


def _bracket(items: Items, gap: Callable[[Choice], float], scale: float) -> tuple[Choice, Choice, float]:
    """Return the choices on both sides of the multiplier at which a gap that rises with it is closed."""

    def tried(at: float) -> _Side:
        choice = items.best(np.exp(at))
        return _Side(at, choice, float(gap(choice)))

    first = last = tried(0.0)
    step = 1.0 if first.gap < 0 else -1.0
    while (last.gap < 0) == (step > 0) and abs(last.at) < _FAR:
        first, last = last, tried(last.at + step)
        step *= 2
    low, high = (first, last) if step > 0 else (last, first)
    if low.gap >= 0:
        return low.choice, low.choice, 0.0
    if high.gap < 0:
        return high.choice, high.choice, np.inf
    low, high = _closer(low, high, _Undecided(items, gap), scale)
    return low.choice, high.choice, float(np.exp(high.at))


class _Undecided:
    """Items whose choice differs between two multipliers: between them only these are to be looked at.

    What an item stocks rises with the multiplier, so that what is the same on both sides is the same between them.
    """

    def __init__(self, items: Items, gap: Callable[[Choice], float]) -> None:
        self._gap, self._rows, self._items = gap, np.arange(len(items.weight)), items

    def tried(self, at: float, low: _Side, high: _Side) -> _Side:
        """Return the choice at a multiplier between two."""
        if len(low.choice.cost) > _MANY:
            self._narrow(low.choice, high.choice)
        chosen = self._items.best(np.exp(at))
        if len(self._rows) < len(low.choice.cost):
            kept = [figure.copy() for figure in vars(low.choice).values()]
            for figure, own in zip(kept, vars(chosen).values(), strict=True):
                figure[self._rows] = own
            chosen = Choice(*kept)
        return _Side(at, chosen, float(self._gap(chosen)))

    def _narrow(self, low: Choice, high: Choice) -> None:
        pairs = zip(vars(low).values(), vars(high).values(), strict=True)
        differs = np.any([one[self._rows] != other[self._rows] for one, other in pairs], axis=0)
        if 2 * np.count_nonzero(differs) < len(differs):  # not at every step: they are copied
            self._rows, self._items = self._rows[differs], self._items.of(np.flatnonzero(differs))


def _closer(low: _Side, high: _Side, undecided: _Undecided, scale: float) -> tuple[_Side, _Side]:
    """Return two sides so close that items between them hardly matter.

    Regula falsi (Illinois); where that leaves the far side where it was, a step past the root, then halving.
    """
    weights, before, stuck = [low.gap, high.gap], 0, 0
    met = _MET * scale * len(low.choice.cost)
    for _ in range(_STEPS):
        width = high.at - low.at
        if width < _NEAR or (width < _TOLD and high.gap - low.gap <= met):
            break
        spread = weights[1] - weights[0]
        at = (low.at * weights[1] - high.at * weights[0]) / spread if spread > 0 and stuck < 2 else low.at + width / 2
        if stuck == 1:
            at += _PAST * (at - (low.at if before < 0 else high.at))
        at = min(max(at, low.at + width * _INSIDE), high.at - width * _INSIDE)
        side = undecided.tried(at, low, high)
        if side.gap >= 0:
            weights, high = [weights[0] / (2 if before > 0 else 1), side.gap], side
        else:
            weights, low = [side.gap, weights[1] / (2 if before < 0 else 1)], side
        before = 1 if side.gap >= 0 else -1
        stuck = stuck + 1 if high.at - low.at > width / 2 else 0
    return low, high


def _raised(items: Items, low: Choice, high: Choice, *, short: float = -np.inf, cost: float = np.inf) -> Choice:
    """Return a choice between two: items are raised best first until no more is short, or before more is spent."""
    gain = items.weight * (low.short - high.short)
    price = high.cost - low.cost
    order = np.argsort(-np.divide(gain, price, out=np.full(len(gain), np.inf), where=price > 0), kind="stable")
    order = order[(gain[order] != 0) | (price[order] != 0)]
    left = _short(items, low) - np.cumsum(gain[order])
    used = low.cost.sum() + np.cumsum(price[order])
    enough = int(np.searchsorted(-left, -short - 1e-12 * abs(short))) + 1 if np.isfinite(short) else len(order)
    count = min(enough, int(np.searchsorted(used, cost, side="right")))
    raised = np.zeros(len(gain), dtype=bool)
    raised[order[:count]] = True
    mixed = zip(vars(high).values(), vars(low).values(), strict=True)
    return Choice(*(np.where(raised, one, other) for one, other in mixed))


@dataclass(frozen=True)
class LimitedOptimum:
    """Stocks that meet a service and keep within a limit.

    ``optimum`` as ever, at cost without the price of the limit; ``used`` of the limit, and ``limit_multiplier``, its
    shadow price: what one more unit of it would save [currency/year/unit], 0 where it does not bind.
    """

    optimum: Optimum
    used: float
    limit_multiplier: float


def optimum_within_limit(
    items: NormalItems | CurveItems, target: float, use: np.ndarray, limit: float
) -> LimitedOptimum:
    """Return the cheapest stocks that give a service and use no more than there is of one thing: money or space.

    Parameters
    ----------
    items : NormalItems or CurveItems
        As `optimum_for_service` takes them.
    target : float
        Weighted service of all items together. [0 to 1]
    use : array
        What a unit in stock uses, 0 or more: its value, its volume, (items,).
    limit : float
        What all stock may use, on average: safety stock of `NormalItems`, what is left over of `CurveItems`.

    Returns
    -------
    LimitedOptimum
        Where nothing keeps within the limit: the least use at that service, with an endless multiplier.

    References
    ----------
    Everett (1963), Generalized Lagrange multiplier method, Operations Research 11(3).

    Examples
    --------
    >>> two = NormalItems(np.array([100.0, 400.0]), np.full(2, 2.0), np.full(2, 10.0), np.full(2, 20.0))
    >>> found = optimum_within_limit(two, 0.99, np.array([1.0, 3.0]), 67.0)
    >>> round(found.used, 3), round(found.limit_multiplier, 3)
    (67.0, 1.162)
    """

    def tried(price: float) -> LimitedOptimum:
        holding = items.holding + price * use
        found = optimum_for_service(replace(items, holding=holding), target, drop=False)
        choice = replace(found.choice, cost=found.choice.cost * items.holding / holding)
        used = float((choice.cost / items.holding * use).sum())
        bound = found.bound - price * used
        return LimitedOptimum(replace(found, choice=choice, cost=float(choice.cost.sum()), bound=bound), used, price)

    free = tried(0.0)
    if free.used <= limit:
        return free
    scale = float(items.holding.mean() / use.mean())
    low, high = free, tried(scale)
    while high.used > limit:
        if high.limit_multiplier > _MOST * scale:
            return replace(high, limit_multiplier=np.inf)
        low, high = high, tried(8.0 * high.limit_multiplier)
    for _ in range(_STEPS):
        if high.limit_multiplier - low.limit_multiplier < _FINE * high.limit_multiplier:
            break
        side = tried((low.limit_multiplier + high.limit_multiplier) / 2)
        low, high = (side, high) if side.used > limit else (low, side)
    return high
