"""Limits on the stock of many item-locations together: a budget, or the room of a location."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.masters import look_up
from segkit.inventory.policies.sizing import Limit, Sizing, size_policies

BUDGET, ROOM = "stock_budget", "capacity_m3"
_FARTHEST = 2**14  # steps of the search
_STEP = 1024.0 ** (1.0 / _FARTHEST)  # up to so many times its holding cost stock may have to return
_MOST_TURNS = 64
_FIRST = 1.7  # times the logarithm of what stock is too large: where its multiple is looked for first
_ASIDE = 0.015  # of what is open
_NEAR = 1e-9


def stock_budget(sizing: Sizing, budget: float) -> Limit:
    """Return the limit that mean stock of all item-locations together is worth no more than a budget. [currency]."""
    cost = sizing.costs["unit_cost"].fillna(0.0).to_numpy()
    return Limit(BUDGET, cost, np.zeros(len(cost), dtype=int), np.array([budget]))


def location_room(sizing: Sizing, items: pd.DataFrame, locations: pd.DataFrame) -> Limit:
    """Return the limit that mean stock of a location takes no more than its room; items without a volume take none.

    Parameters
    ----------
    sizing : Sizing
        What policies are sized from.
    items : DataFrame
        Table ``items``: volume_m3.
    locations : DataFrame
        Table ``locations``: capacity_m3; blank = no limit.
    """
    volume = look_up(sizing.rules["item_id"], items, "volume_m3").fillna(0.0).to_numpy(dtype=float)
    room = look_up(sizing.rules["location_id"], locations, "capacity_m3").to_numpy(dtype=float)
    codes, names = pd.factorize(sizing.rules["location_id"], sort=True)
    most = np.full(len(names), np.inf)
    most[codes] = np.where(np.isfinite(room), room, np.inf)
    return Limit(ROOM, volume, np.where(np.isfinite(room), codes, -1), most)


def size_within_limits(sizing: Sizing) -> pd.DataFrame:
    """Return ``policies`` whose stock keeps to the limits of the sizing, as far as economic levels can.

    Parameters
    ----------
    sizing : Sizing
        With its limits.

    Returns
    -------
    DataFrame
        As `size_policies` gives it. Where a limit binds, its stock must return a multiple of its holding cost, the same
        for all under the limit (its shadow price, told in ``reason``), and ``capped_by`` names it. Levels that a
        service target or a person sets do not give way: what they take beyond the limit is told as well.
    """
    free = size_policies(sizing)
    if free.empty or not sizing.limits:
        return free
    factor = np.ones(len(free))
    told = np.full(len(free), "", dtype=object)
    for limit in sizing.limits:
        used = _taken(free, limit) if (factor == 1.0).all() else _used(sizing, limit, factor)
        found, takes = _find_factors(sizing, limit, factor, used)
        over = np.maximum(np.where(np.isfinite(limit.most), takes - limit.most, 0.0), 0.0)
        own = np.where(limit.group >= 0, found[limit.group], 1.0)
        factor = factor * own
        for row in np.flatnonzero(own > 1.0 + _NEAR):
            told[row] = _words(limit, own[row], over[limit.group[row]])
    table = size_policies(_dearer(sizing, factor))
    economic = (table["service_measure"] == "economic").to_numpy()
    bound = economic & (told != "")
    moved = bound & (table["order_up_to"].to_numpy() < free["order_up_to"].to_numpy() - _NEAR)
    names = np.array([text.split(":")[0] for text in told], dtype=object)
    return table.assign(
        holding_cost=table["stock"] * sizing.costs["holding_cost"],
        capped_by=np.where(moved, names, table["capped_by"]),
        reason=np.where(bound, table["reason"] + "; " + told, table["reason"]),
    ).astype({"capped_by": "str", "reason": "str"})


def _dearer(sizing: Sizing, factor: np.ndarray) -> Sizing:
    return replace(sizing, costs=sizing.costs.assign(holding_cost=sizing.costs["holding_cost"] * factor), limits=())


def _find_factors(sizing: Sizing, limit: Limit, factor: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by group the least multiple of holding costs that keeps stock within its limit, and what it takes then.

    Multiples are powers of a small step. Stock falls with them nearly as a power does, so the next is tried where a
    line through the two that enclose the one that is sought crosses the limit: a bit beyond or short of it by turns, so
    that both draw near.
    """
    most = limit.most * (1 + _NEAR)
    binding = used > most
    low, high = np.zeros((2, len(most)))
    high[binding] = _FARTHEST
    above, below = used.copy(), np.where(binding, np.nan, used)
    for turn in range(_MOST_TURNS):
        if not (high - low > 1).any():
            break
        tried = np.where(high - low > 1, _next_step(low, high, above, below, most, turn), high)
        now = _used(sizing, limit, factor * _rows(limit, _STEP**tried))
        fits = now <= most
        low, above = (np.where(fits, old, new) for old, new in ((low, tried), (above, now)))
        high, below = (np.where(fits, new, old) for old, new in ((high, tried), (below, now)))
    if np.isnan(below).any():  # not even the farthest keeps to it
        below = _used(sizing, limit, factor * _rows(limit, _STEP**high))
    return _STEP**high, below


def _next_step(
    low: np.ndarray, high: np.ndarray, above: np.ndarray, below: np.ndarray, most: np.ndarray, turn: int
) -> np.ndarray:
    """Return a whole step between two by group: where stock likely reaches its limit, every third time the middle."""
    width = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.log(above / most) / np.log(above / below)
        start = np.minimum(_FIRST * np.log(above / most) / np.log(_STEP), width / 2)  # nothing is known beyond yet
    part = np.where(np.isfinite(part), part, 0.5)
    aside = np.maximum(_ASIDE * width, 1.0) * (1 if turn % 2 else -1)
    guess = np.where(np.isnan(below), start, width / 2 if turn % 3 == 2 else part * width + aside)
    return low + np.clip(np.round(np.nan_to_num(guess, nan=1.0)), 1.0, np.maximum(width - 1.0, 1.0))


def _rows(limit: Limit, by_group: np.ndarray) -> np.ndarray:
    return np.where(limit.group >= 0, by_group[limit.group], 1.0)


def _used(sizing: Sizing, limit: Limit, factor: np.ndarray) -> np.ndarray:
    """Return by group what mean stock takes where holding costs are multiplied."""
    return _taken(size_policies(_dearer(sizing, factor)), limit)


def _taken(policies: pd.DataFrame, limit: Limit) -> np.ndarray:
    mine = limit.group >= 0
    stock = policies["stock"].fillna(0.0).to_numpy()
    return np.bincount(limit.group[mine], (stock * limit.use)[mine], len(limit.most))


def _words(limit: Limit, times: float, over: float) -> str:
    text = f"{limit.name}: a unit is stocked only if it returns {times:.2f} times its holding cost"
    return f"{text}; targets and persons take {over:,.0f} beyond the limit" if over > _NEAR else text
