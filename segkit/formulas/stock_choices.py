"""What each item would stock if a unit of service short cost so much: the items that optima and class rules choose for.

`NormalItems` are textbook items (safety factors, linear cost), `CurveItems` hold quantile curves of demand (whole
stocks, cost of what is left over), `MenuItems` any list of stocks with their cost and shortage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import numpy as np
from scipy.special import ndtr, ndtri

from segkit.formulas.demand_curves import (
    chance_below,
    expected_shortage,
    few_stocks_and_shortages,
    level_sums,
    stocks_and_shortages,
    tail_sums,
)

_ROOT = np.sqrt(2 * np.pi)
_FEW = 20_000  # items that one thread chooses for
_HALVED = 60  # times a range of safety factors is halved
LEAST = float(ndtri(0.4))  # a lower cycle_service (P1) hardly saves anything and is nowhere a target


@dataclass(frozen=True)
class Choice:
    """Stocks of all items and what they mean.

    ``stock``: safety factor k, whole stock S or place in the menu, as the items have it; ``cost`` [currency/year];
    ``short``: share of the item's weight not served from stock [0 to 1].
    """

    stock: np.ndarray
    cost: np.ndarray
    short: np.ndarray


class Items(Protocol):
    """Items an optimum can be found for."""

    @property
    def weight(self) -> np.ndarray:
        """Return the weight of serving all of an item's demand, (items,)."""

    def best(self, multiplier: float) -> Choice:
        """Return the stocks with the least cost + multiplier x weight short."""

    def of(self, rows: np.ndarray) -> Self:
        """Return some of the items."""


@dataclass(frozen=True)
class NormalItems:
    """Items whose demand over the lead time is normal and that are ordered in lots.

    Parameters
    ----------
    weight : array
        Weight of serving all demand of a year: demand x 1, price or margin. [weight/year]
    holding : array
        h [currency/unit/year], above 0.
    deviation : array
        Standard deviation of demand over the lead time. [units]
    lot : array
        Q, above 0. [units]
    least, most : float
        Range of the safety factor k.

    Notes
    -----
    Cost is h·sd·k, the share short per cycle min(sd·G(k) / Q, 1) with the standard normal loss G.

    References
    ----------
    Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4e (fill rate of lots).

    Examples
    --------
    >>> one = NormalItems(np.array([100.0]), np.array([2.0]), np.array([10.0]), np.array([20.0]))
    >>> one.best(4.0).stock.round(4).tolist()
    [1.2816]
    """

    weight: np.ndarray
    holding: np.ndarray
    deviation: np.ndarray
    lot: np.ndarray
    least: float = LEAST
    most: float = 6.0

    def of(self, rows: np.ndarray) -> Self:
        """Return some of the items."""
        own = (self.weight[rows], self.holding[rows], self.deviation[rows], self.lot[rows])
        return type(self)(*own, self.least, self.most)

    def best(self, multiplier: float) -> Choice:
        """Return the safety factors with the least cost + multiplier x weight short."""
        worth = multiplier * self.weight
        with np.errstate(divide="ignore"):
            ratio = np.where(worth > 0, self.holding * self.lot / worth, np.inf)
        choice = self.at(-ndtri(np.clip(ratio, ndtr(-self.most), ndtr(-self.least))))
        none = self.at(np.full(len(ratio), self.least))
        gives_up = none.cost + worth * none.short <= choice.cost + worth * choice.short
        return Choice(*(np.where(gives_up, a, b) for a, b in zip(_parts(none), _parts(choice), strict=True)))

    def at(self, factors: np.ndarray) -> Choice:
        """Return what safety factors cost and leave short."""
        loss = np.exp(-(factors**2) / 2) / _ROOT - factors * ndtr(-factors)
        return Choice(
            factors, self.holding * self.deviation * factors, np.minimum(self.deviation * loss / self.lot, 1.0)
        )

    def most_for(self, cost: np.ndarray) -> Choice:
        """Return the highest safety factors that cost no more than this, item by item; the least, where none does."""
        unit = self.holding * self.deviation
        factors = np.divide(cost, unit, out=np.full(len(unit), self.most), where=unit > 0)
        return self.at(np.clip(factors, self.least, self.most))

    def least_for(self, short: np.ndarray) -> Choice:
        """Return the lowest safety factors that leave no more short than this; the most, where none does."""
        low, high = np.full(len(short), self.least), np.full(len(short), self.most)
        high = np.where(self.at(low).short <= short, low, high)
        for _ in range(_HALVED):
            middle = (low + high) / 2
            enough = self.at(middle).short <= short
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return self.at(high)

    def sums_at(self, groups: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return cost and weight short by group, of factors by group and level (both as `factors`)."""
        cost, short = np.empty(factors.shape), np.empty(factors.shape)
        for place in range(factors.shape[1]):
            choice = self.at(factors[groups, place])
            cost[:, place] = np.bincount(groups, choice.cost, len(factors))
            short[:, place] = np.bincount(groups, self.weight * choice.short, len(factors))
        return cost, short


@dataclass(frozen=True)
class CurveItems:
    """Items with quantile curves of the demand their stock must cover, stocked in whole units.

    Parameters
    ----------
    weight : array
        Weight of serving all demand of a year. [weight/year]
    holding : array
        h [currency/unit/year], above 0.
    lot : array
        Demand served per cycle, Q, above 0. [units]
    curves : array
        Quantiles, (items, probabilities). [units]
    probabilities : array
        See `segkit.formulas.demand_curves`.

    Notes
    -----
    Cost is h·E[(S - D)⁺], the share short per cycle min(E[(D - S)⁺] / Q, 1).

    Examples
    --------
    >>> one = np.ones(1)
    >>> CurveItems(one, one, one, np.array([[0.0, 1.0, 2.0, 3.0]]), np.arange(1, 8, 2) / 8).best(2.0).stock.tolist()
    [2.0]
    """

    weight: np.ndarray
    holding: np.ndarray
    lot: np.ndarray
    curves: np.ndarray
    probabilities: np.ndarray
    least: float = -3.0
    most: float = 4.5

    @cached_property
    def mean(self) -> np.ndarray:
        """Return the mean demand of the curves [units], (items,)."""
        return expected_shortage(self.curves, self.probabilities, 0.0)

    @cached_property
    def _sums(self) -> np.ndarray:
        return tail_sums(self.curves, self.probabilities)

    @cached_property
    def _worth(self) -> np.ndarray:
        return np.column_stack([self.mean, self.holding, self.lot, self.weight])

    def of(self, rows: np.ndarray) -> Self:
        """Return some of the items, with what is already worked out for them."""
        own = (self.weight[rows], self.holding[rows], self.lot[rows], self.curves[rows])
        some = type(self)(*own, self.probabilities, self.least, self.most)
        some.__dict__.update({name: self.__dict__[name][rows] for name in ("mean", "_sums") if name in self.__dict__})
        return some

    def best(self, multiplier: float) -> Choice:
        """Return the stocks with the least cost + multiplier x weight short."""
        worth = multiplier * self.weight
        chosen = self._exceeded(self.holding / (self.holding + worth / self.lot))
        idle = np.minimum(self.mean / self.lot, 1.0)
        none = worth * idle <= chosen.cost + worth * chosen.short
        return Choice(
            np.where(none, 0.0, chosen.stock), np.where(none, 0.0, chosen.cost), np.where(none, idle, chosen.short)
        )

    def at(self, factors: np.ndarray) -> Choice:
        """Return what the least stocks with a cycle_service (P1) of Φ(factor) cost and leave short."""
        return self._exceeded(ndtr(-factors))

    def sums_at(self, groups: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return cost and weight short by group, of factors by group and level (both as `factors`)."""
        return level_sums(self.curves, self.probabilities, self._sums, groups, ndtr(-factors), self._worth)

    def hold(self, stock: np.ndarray) -> Choice:
        """Return what stocks cost and leave short."""
        return self._left(stock, expected_shortage(self.curves, self.probabilities, stock))

    def most_for(self, cost: np.ndarray) -> Choice:
        """Return the most stock that costs no more than this, item by item."""
        return self.hold(self._last(lambda stock: self.hold(stock).cost <= cost))

    def least_for(self, short: np.ndarray) -> Choice:
        """Return the least stock that leaves no more short than this; the largest demand, where none does."""
        enough = self.hold(np.zeros(len(short))).short <= short
        return self.hold(np.where(enough, 0.0, self._last(lambda stock: self.hold(stock).short > short) + 1.0))

    def _last(self, holds: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Return the last whole stock, from 0 to the largest demand, up to which something holds."""
        low, high = np.zeros(len(self.curves)), np.ceil(self.curves[:, -1]) + 1.0
        while (high - low > 1.0).any():
            middle = np.floor((low + high) / 2)
            still = holds(middle)
            low, high = np.where(still, middle, low), np.where(still, high, np.maximum(middle, low + 1.0))
        return low

    def _exceeded(self, chance: np.ndarray) -> Choice:
        """Return the least stocks that demand exceeds with no more than a chance."""
        found = stocks_and_shortages if len(chance) > _FEW else few_stocks_and_shortages
        return self._left(*found(self.curves, self.probabilities, self._sums, chance))

    def _left(self, stock: np.ndarray, short: np.ndarray) -> Choice:
        left = np.maximum(stock - self.mean + short, 0.0)
        return Choice(stock, self.holding * left, np.minimum(short / self.lot, 1.0))


@dataclass(frozen=True)
class MenuItems:
    """Items with a list of stocks to choose from.

    Parameters
    ----------
    weight : array
        (items,). [weight/year]
    cost, short : array
        Cost [currency/year] and share short [0 to 1] of every choice, (items, choices).
    """

    weight: np.ndarray
    cost: np.ndarray
    short: np.ndarray

    def of(self, rows: np.ndarray) -> Self:
        """Return some of the items."""
        return type(self)(self.weight[rows], self.cost[rows], self.short[rows])

    def best(self, multiplier: float) -> Choice:
        """Return the places in the lists with the least cost + multiplier x weight short."""
        return self.at(np.argmin(self.cost + (multiplier * self.weight)[:, None] * self.short, axis=1))

    def most_for(self, cost: np.ndarray) -> Choice:
        """Return what leaves least short for no more than this cost, item by item; the cheapest, where none does."""
        return self.at(_first(self.cost <= cost[:, None], self.short, self.cost))

    def least_for(self, short: np.ndarray) -> Choice:
        """Return what costs least with no more short than this, item by item; what leaves least, where none does."""
        return self.at(_first(self.short <= short[:, None], self.cost, self.short))

    def at(self, place: np.ndarray) -> Choice:
        """Return what places in the lists cost and leave short."""
        rows = np.arange(len(place))
        return Choice(place.astype(float), self.cost[rows, place], self.short[rows, place])


def cycle_service_menu(items: NormalItems | CurveItems, factors: np.ndarray) -> MenuItems:
    """Return items for an aggregate cycle_service (P1): the share short is the chance of a stock-out in a cycle.

    Parameters
    ----------
    items : NormalItems or CurveItems
        Their weight is that of an item's cycles.
    factors : array
        Safety factors to choose from; the places of an optimum are places in it.

    Returns
    -------
    MenuItems
        Held in memory for every item and factor.

    Examples
    --------
    >>> one = NormalItems(np.ones(1), np.ones(1), np.ones(1), np.ones(1))
    >>> cycle_service_menu(one, np.array([0.0, 1.2816])).short.round(3).tolist()
    [[0.5, 0.1]]
    """
    chosen = [items.at(np.full(len(items.weight), factor)) for factor in factors]
    if isinstance(items, NormalItems):
        out = [ndtr(-choice.stock) for choice in chosen]
    else:
        out = [1.0 - chance_below(items.curves, items.probabilities, choice.stock) for choice in chosen]
    return MenuItems(items.weight, np.column_stack([choice.cost for choice in chosen]), np.column_stack(out))


def _parts(choice: Choice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return choice.stock, choice.cost, choice.short


def _first(allowed: np.ndarray, least: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return by row where the one figure is least among what is allowed, of equals where the other is; or the other."""
    found = np.where(allowed, least, np.inf)
    ties = np.where(found == found.min(axis=1, keepdims=True), other, np.inf)
    return np.argmin(np.where(allowed.any(axis=1, keepdims=True), ties, other), axis=1)
