"""Limits on the stock of many item-locations together: a budget, or the room of a location."""

import numpy as np
import pandas as pd

from segkit.core.masters import look_up
from segkit.inventory.policies.gathered import Limit, Sizing
from segkit.inventory.policies.left_over import dearer, fill_left_over, taken
from segkit.inventory.policies.policy_checks import add_check
from segkit.inventory.policies.sizing import size_policies

BUDGET, ROOM = "stock_budget", "capacity_m3"
_FARTHEST = 2**15  # steps of the search
_STEP = 2.0 ** (20.0 / _FARTHEST)  # up to a million times its holding cost stock may have to return
_MOST_TURNS = 64
_MOST_ROUNDS = 12  # of several limits, each in view of the others
_SAME = 1e-3  # of a price, which is found to half as much
_FIRST = 1.7  # times the logarithm of what stock is too large: where its multiple is looked for first
_ASIDE = 0.015  # of what is open
_NEAR = 1e-9
_SHOWN = 3


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
        As `size_policies` gives it. Where a limit binds, its stock must return a price for what it takes of the limit
        on top of its holding cost, the same price for all under the limit (its shadow price, told in ``reason``), and
        ``capped_by`` names the limit that costs it most. Levels that a service target or a person sets do not give way:
        what they take beyond the limit is told as well.

    Notes
    -----
    Stock that returns least for what it takes of the limit goes first: for a budget that is what returns least for its
    value, and for a room what returns least for its volume, dear or cheap. One price for all leaves free what a lot too
    large for the rest would take: that is given to others, as `fill_left_over` says.

    References
    ----------
    Everett (1963), Generalized Lagrange multiplier method, Operations Research 11(3).
    """
    free = size_policies(sizing)
    if free.empty or not sizing.limits:
        return free
    units = [_usual_price(sizing, limit, free) for limit in sizing.limits]
    prices, over = _find_prices(sizing, units, free)
    found = list(zip(sizing.limits, prices, units, over, strict=True))
    charges = np.array([_charges(limit, own) for limit, own in zip(sizing.limits, prices, strict=True)])
    held = size_policies(dearer(sizing, charges.sum(axis=0)))
    table, raised = fill_left_over(sizing, charges.sum(axis=0), held)
    table = table.assign(holding_cost=table["stock"] * sizing.costs["holding_cost"])
    words = [[_words(limit, *some) for some in zip(*figures, strict=True)] for limit, *figures in found]
    return _tell_limits(sizing, table, free, raised, charges, words)


def _tell_limits(
    sizing: Sizing,
    table: pd.DataFrame,
    free: pd.DataFrame,
    raised: np.ndarray,
    charges: np.ndarray,
    words: list[list[str]],
) -> pd.DataFrame:
    """Return policies with the limits that move them in ``capped_by`` and ``reason``."""
    names = np.array([limit.name for limit in sizing.limits], dtype=object)[charges.argmax(axis=0)]
    economic = (table["service_measure"] == "economic").to_numpy() & (charges > 0).any(axis=0)
    less = table["order_up_to"].to_numpy() < free["order_up_to"].to_numpy() - _NEAR
    given = (free["order_up_to"] > 0).to_numpy() & (less | ~raised)  # raised to what pays best, no limit is felt
    reason = np.where(economic, free["reason"].to_numpy(dtype=object), table["reason"].to_numpy(dtype=object))
    for row in np.flatnonzero(economic & given):
        own = zip(sizing.limits, words, charges, strict=True)
        prices = [told[limit.group[row]] for limit, told, cost in own if cost[row] > 0]
        if not table["order_up_to"].iloc[row] > 0:
            prices.insert(0, f"not stocked: it would pay, but not within {names[row]}")
        if raised[row]:
            prices.append("raised above that into what larger lots leave free")
        reason[row] = "; ".join([reason[row], *prices])
    capped = np.where(economic & less, names, table["capped_by"])
    return table.assign(capped_by=capped, reason=reason).astype({"capped_by": "str", "reason": "str"})


def check_limits(policy_checks: pd.DataFrame, sizing: Sizing, policies: pd.DataFrame) -> pd.DataFrame:
    """Return ``policy_checks`` with last rows for limits that the policies exceed, or that are not known, if any.

    Parameters
    ----------
    policy_checks : DataFrame
        Of the rules.
    sizing : Sizing
        What policies are sized from, with its limits.
    policies : DataFrame
        Table of that name.
    """
    for limit in sizing.limits:
        for problem in _list_limit_problems(limit, policies):
            policy_checks = add_check(policy_checks, f"({limit.name})", problem, matched=int((limit.group >= 0).sum()))
    return policy_checks


def _list_limit_problems(limit: Limit, policies: pd.DataFrame) -> list[str]:
    used = taken(policies, limit)
    where = policies["location_id"].to_numpy() + " " if limit.name != BUDGET else np.full(len(policies), "")
    over = np.flatnonzero(np.isfinite(limit.most) & (used > limit.most * (1 + _NEAR)))
    over = over[np.argsort(limit.most[over] - used[over], kind="stable")]
    words = [f"{where[limit.group == one][0]}{used[one]:,.0f} of {limit.most[one]:,.0f}" for one in over[:_SHOWN]]
    found = [f"exceeded by what targets and persons ask for: {'; '.join(words)}"] if len(over) else []
    stocked = (policies["stock"] > 0).to_numpy() & (limit.group >= 0)
    if not (limit.group >= 0).any():
        found.append("without effect: locations.capacity_m3 is not known of any location")
    elif bare := int((stocked & ~(limit.use > 0)).sum()):
        what = "unit_cost" if limit.name == BUDGET else "items.volume_m3"
        found.append(f"{bare:,} stocked item-locations take none of it: {what} is not known")
    return found


def _usual_price(sizing: Sizing, limit: Limit, free: pd.DataFrame) -> np.ndarray:
    """Return by group what holding costs for a unit of the limit that stock takes, on average: where prices are tried.

    Of a budget that is the holding rate.
    """
    held = (free["stock"] * sizing.costs["holding_cost"]).fillna(0.0).to_numpy()
    rows = (limit.group >= 0) & (limit.use > 0) & (held > 0)
    cost = np.bincount(limit.group[rows], held[rows], len(limit.most))
    taken = np.bincount(limit.group[rows], (free["stock"].to_numpy() * limit.use)[rows], len(limit.most))
    return np.divide(cost, taken, out=np.zeros(len(cost)), where=taken > 0)


def _charges(limit: Limit, prices: np.ndarray) -> np.ndarray:
    """Return what a unit of stock must return for its part of a limit, row by row. [currency/unit/year]."""
    return np.where(limit.group >= 0, prices[limit.group], 0.0) * limit.use


def _find_prices(
    sizing: Sizing, units: list[np.ndarray], free: pd.DataFrame
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return by limit and group the least price that keeps stock within it, and what is taken beyond it all the same.

    Each limit is priced in view of the others: as a price that comes later lowers those before, and these raise it
    again, they are gone through until none changes. The last is always kept, and those before with it.
    """
    limits = sizing.limits
    prices, over = ([np.zeros(len(limit.most)) for limit in limits] for _ in range(2))
    for _ in range(_MOST_ROUNDS if len(limits) > 1 else 1):
        before = list(prices)
        for place, limit in enumerate(limits):
            others = np.zeros(len(sizing.rules))
            for other, price in zip(limits, prices, strict=True):
                others = others + (_charges(other, price) if other is not limit else 0.0)
            used = _used(sizing, limit, others) if others.any() else taken(free, limit)
            found, takes = _find_factors(sizing, limit, units[place], others, used)
            prices[place] = units[place] * (found - 1.0)
            over[place] = np.maximum(np.where(np.isfinite(limit.most), takes - limit.most, 0.0), 0.0)
        if all(np.allclose(*pair, rtol=_SAME, atol=0.0) for pair in zip(prices, before, strict=True)):
            break
    return prices, over


def _find_factors(
    sizing: Sizing, limit: Limit, unit: np.ndarray, others: np.ndarray, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return by group the least multiple of usual costs that keeps stock within its limit, and what it takes then.

    What is beyond once the usual cost is the price of the limit. Multiples are powers of a small step. Stock falls with
    them nearly as a power does, so the next is tried where a line through the two that enclose the one that is sought
    crosses the limit: a bit beyond or short of it by turns, so that both draw near.
    """

    def used_at(step: np.ndarray) -> np.ndarray:
        return _used(sizing, limit, others + _charges(limit, unit * (_STEP**step - 1.0)))

    most = limit.most * (1 + _NEAR)
    economic = (limit.group >= 0) & (sizing.rules["service_measure"] == "economic").to_numpy()
    gives_way = (np.bincount(limit.group[economic], minlength=len(most)) > 0) & (unit > 0)
    binding = (used > most) & gives_way
    low, high = np.zeros((2, len(most)))
    high[binding] = _FARTHEST
    above, below = used.copy(), np.where(binding, np.nan, used)
    for turn in range(_MOST_TURNS):
        if not (high - low > 1).any():
            break
        tried = np.where(high - low > 1, _next_step(low, high, above, below, most, turn), high)
        now = used_at(tried)
        fits = now <= most
        low, above = (np.where(fits, old, new) for old, new in ((low, tried), (above, now)))
        high, below = (np.where(fits, new, old) for old, new in ((high, tried), (below, now)))
    if np.isnan(below).any():  # not even the farthest keeps to it
        below = used_at(high)
    return _STEP**high, below


def _next_step(
    low: np.ndarray, high: np.ndarray, above: np.ndarray, below: np.ndarray, most: np.ndarray, turn: int
) -> np.ndarray:
    """Return a whole step between two by group: where stock likely reaches its limit, every third time the middle."""
    width = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.log(above / most) / np.log(above / below)
        first = _FIRST * np.log(above / most) / np.log(_STEP) * 2.0**turn  # farther each time that it is too near
        start = np.minimum(first, width / 2)  # nothing is known beyond yet
    part = np.where(np.isfinite(part), part, 0.5)
    aside = np.maximum(_ASIDE * width, 1.0) * (1 if turn % 2 else -1)
    guess = np.where(np.isnan(below), start, width / 2 if turn % 3 == 2 else part * width + aside)
    return low + np.clip(np.round(np.nan_to_num(guess, nan=1.0)), 1.0, np.maximum(width - 1.0, 1.0))


def _used(sizing: Sizing, limit: Limit, charges: np.ndarray) -> np.ndarray:
    """Return by group what mean stock takes where units must return charges on top of their holding cost."""
    return taken(size_policies(dearer(sizing, charges)), limit)


def _words(limit: Limit, price: float, unit: float, over: float) -> str:
    asked = f"{price:,.2f} a year for each m3 it takes on top of its holding cost"
    if limit.name == BUDGET:
        asked = f"{1.0 + price / max(unit, 1e-300):.2f} times its holding cost"
    text = f"{limit.name}: a unit is stocked only if it returns {asked}"
    return f"{text}; targets and persons take {over:,.0f} beyond the limit" if over > _NEAR else text
