"""What a limit on the sum of all items leaves over, as whole stocks do not fill it: used for what still fits.

The optimum for a multiplier leaves a rest of the budget, or serves more than was asked for; on few items that is much.
Items are changed one by one, each as far as the rest allows, until nothing fits any more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from segkit.formulas.stock_choices import Choice, CurveItems, MenuItems, NormalItems

_PARTS = (1.0, 0.5, 0.25, 0.125, 0.0625)  # of the rest, that one item may take
_ROUNDS = 100
_TRIED = 1_000  # items that win most with all the rest
_NONE = 1e-12

Stepped = NormalItems | CurveItems | MenuItems


def fill_budget(items: Stepped, choice: Choice, budget: float) -> Choice:
    """Return stocks with which what is left of a budget serves more.

    Parameters
    ----------
    items : NormalItems, CurveItems or MenuItems
        The items.
    choice : Choice
        Their stocks, that cost no more than the budget.
    budget : float
        [currency/year]

    Examples
    --------
    >>> two = MenuItems(np.array([2.0, 1.0]), np.array([[0, 2.0], [0, 1.0]]), np.array([[1, 0.2], [1, 0.4]]))
    >>> fill_budget(two, two.best(0.0), 1.5).stock.tolist()
    [0.0, 1.0]
    """

    def more(some: Stepped, now: Choice, rest: float) -> _Try:
        tried = some.most_for(now.cost + rest)
        return _Try(tried, some.weight * (now.short - tried.short), tried.cost - now.cost)

    return _best(items, choice, budget - float(choice.cost.sum()), more)


def drop_surplus(items: Stepped, choice: Choice, allowed: float) -> Choice:
    """Return stocks that cost less and still leave no more short than is allowed.

    Parameters
    ----------
    items : NormalItems, CurveItems or MenuItems
        The items.
    choice : Choice
        Their stocks, that leave no more short than that.
    allowed : float
        Σ weight·short.

    Examples
    --------
    >>> two = MenuItems(np.array([2.0, 1.0]), np.array([[0, 2.0], [0, 1.0]]), np.array([[1, 0.2], [1, 0.4]]))
    >>> drop_surplus(two, two.best(9.0), 1.5).stock.tolist()
    [1.0, 0.0]
    """

    def less(some: Stepped, now: Choice, rest: float) -> _Try:
        spare = np.divide(rest, some.weight, out=np.full(len(now.short), np.inf), where=some.weight > 0)
        tried = some.least_for(now.short + spare)
        return _Try(tried, now.cost - tried.cost, some.weight * (tried.short - now.short))

    return _best(items, choice, allowed - float((items.weight * choice.short).sum()), less)


@dataclass(frozen=True)
class _Try:
    """Stocks if each item alone is changed, what that wins and what it takes of the rest, item by item."""

    choice: Choice
    wins: np.ndarray
    takes: np.ndarray


_Change = Callable[[Stepped, Choice, float], _Try]


def _best(items: Stepped, choice: Choice, rest: float, change: _Change) -> Choice:
    """Return what wins most: items that win most with the rest first, or those that win most for what they take."""
    if rest <= 0.0:
        return choice
    rows = np.arange(len(choice.cost))
    if len(rows) > _TRIED:
        rows = np.sort(np.argsort(-change(items, choice, rest).wins, kind="stable")[:_TRIED])
    some, now = items.of(rows), _rows(choice, rows)
    made = [_greedy(some, now, rest, change, parts) for parts in (_PARTS[:1], _PARTS)]
    best, _ = max(made, key=lambda one: one[1])
    whole = [figure.copy() for figure in vars(choice).values()]
    for figure, own in zip(whole, vars(best).values(), strict=True):
        figure[rows] = own
    return Choice(*whole)


def _greedy(items: Stepped, now: Choice, rest: float, change: _Change, parts: Sequence[float]) -> tuple[Choice, float]:
    """Return the stocks after all changes and what they win together; by what they win where all the rest is offered.

    Where parts of it are, by what they win for each unit of the rest they take.
    """
    now, won = Choice(*(figure.copy() for figure in vars(now).values())), 0.0
    for _ in range(_ROUNDS):
        tries = [change(items, now, part * rest) for part in parts]
        wins, takes = (np.array([getattr(one, name) for one in tries]) for name in ("wins", "takes"))
        worth = wins if len(parts) == 1 else wins / np.maximum(takes, _NONE * rest)
        fits = (takes <= rest) & (wins > 0)
        if not fits.any():
            break
        part, item = np.unravel_index(np.argmax(np.where(fits, worth, -np.inf)), worth.shape)
        for figure, own in zip(vars(now).values(), vars(tries[part].choice).values(), strict=True):
            figure[item] = own[item]
        won, rest = won + float(wins[part, item]), rest - float(max(takes[part, item], 0.0))
    return now, won


def _rows(choice: Choice, rows: np.ndarray) -> Choice:
    return Choice(*(figure[rows] for figure in vars(choice).values()))
