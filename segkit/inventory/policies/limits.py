"""Limits on the stock of many item-locations together: a budget, or the room of a location."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.masters import look_up
from segkit.inventory.policies.sizing import Limit, Sizing, size_policies

BUDGET, ROOM = "stock_budget", "capacity_m3"
_MOST, _STEPS = 1024.0, 14  # times its holding cost that stock may have to return; halvings of the search
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
        found, over = _find_factors(sizing, limit, factor)
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


def _find_factors(sizing: Sizing, limit: Limit, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by group the least multiple of holding costs that keeps stock within its limit, and what stays beyond."""
    low, high = np.ones(len(limit.most)), np.full(len(limit.most), _MOST)
    used = _used(sizing, limit, factor)
    binding = used > limit.most * (1 + _NEAR)
    if not binding.any():
        return low, np.zeros(len(low))
    for _ in range(_STEPS):
        middle = np.where(binding, np.sqrt(low * high), 1.0)
        fits = _used(sizing, limit, factor * _rows(limit, middle)) <= limit.most * (1 + _NEAR)
        high, low = np.where(fits, middle, high), np.where(fits, low, middle)
    found = np.where(binding, high, 1.0)
    over = _used(sizing, limit, factor * _rows(limit, found)) - limit.most
    return found, np.maximum(np.where(np.isfinite(over), over, 0.0), 0.0)


def _rows(limit: Limit, by_group: np.ndarray) -> np.ndarray:
    return np.where(limit.group >= 0, by_group[limit.group], 1.0)


def _used(sizing: Sizing, limit: Limit, factor: np.ndarray) -> np.ndarray:
    """Return by group what mean stock takes."""
    stock = size_policies(_dearer(sizing, factor))["stock"].fillna(0.0).to_numpy()
    mine = limit.group >= 0
    return np.bincount(limit.group[mine], (stock * limit.use)[mine], len(limit.most))


def _words(limit: Limit, times: float, over: float) -> str:
    text = f"{limit.name}: a unit is stocked only if it returns {times:.2f} times its holding cost"
    return f"{text}; targets and persons take {over:,.0f} beyond the limit" if over > _NEAR else text
