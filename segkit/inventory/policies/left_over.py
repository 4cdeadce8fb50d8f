"""What one price for all leaves free of a limit, because a lot is too large for the rest of it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.inventory.policies.gathered import Limit, Sizing
from segkit.inventory.policies.sizing import size_policies

_PARTS = (0.95, 0.85, 0.7, 0.5, 0.35, 0.25, 0.12, 0.06, 0.03, 0.0)  # of the price, one after the other
_SPENT = 0.005  # of a limit left free: mean stock comes out otherwise by more
_NEAR = 1e-9


def dearer(sizing: Sizing, charges: np.ndarray) -> Sizing:
    """Return the same without limits, where a unit costs charges beside its holding. [currency/unit/year]."""
    return replace(sizing, costs=sizing.costs.assign(holding_cost=sizing.costs["holding_cost"] + charges), limits=())


def taken(policies: pd.DataFrame, limit: Limit) -> np.ndarray:
    """Return by group what mean stock takes of a limit, in its unit."""
    mine = limit.group >= 0
    stock = policies["stock"].fillna(0.0).to_numpy()
    return np.bincount(limit.group[mine], (stock * limit.use)[mine], len(limit.most))


def fill_left_over(sizing: Sizing, charges: np.ndarray, policies: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return policies with what is left free of limits used, and which are raised for it.

    Parameters
    ----------
    sizing : Sizing
        With its limits.
    charges : ndarray of shape (n_places,)
        What a unit of stock must return on top of its holding cost. [currency/unit/year].
    policies : DataFrame
        What is sized so.

    Returns
    -------
    tuple
        Policies, whose ``holding_cost`` is that of charges still, and a bool by row.

    Notes
    -----
    Where a lot is too large for the rest of its limit, no lower price keeps to it. So prices fall step by step, and at
    each all that would be raised are, as long as they fit: those first that return most for what they take, at its
    price. It is a greedy fill: no stock is taken away again to make room for a large lot.
    """
    left = [np.where(np.isfinite(limit.most), limit.most - taken(policies, limit), np.inf) for limit in sizing.limits]
    raised, open_rows = np.zeros(len(policies), dtype=bool), _economic(sizing) & (charges > 0)
    held, best = {name: policies[name].to_numpy().copy() for name in ("stock", "fill_rate")}, policies
    for part in _PARTS:
        for limit, free in zip(sizing.limits, left, strict=True):
            room = free > _SPENT * limit.most
            open_rows &= (limit.group < 0) | ~(limit.use > 0) | room[limit.group]
        rows = np.flatnonzero(open_rows)
        if not rows.size:
            break
        tried = size_policies(dearer(sizing.of(rows), part * charges[rows]))
        more = tried["stock"].to_numpy() - held["stock"][rows]
        gain = (tried["fill_rate"].to_numpy() - held["fill_rate"][rows]) * sizing.demand_year[rows]
        returned = gain * sizing.costs["shortage_cost"].to_numpy()[rows]
        returned -= more * sizing.costs["holding_cost"].to_numpy()[rows]
        able = np.flatnonzero((more > _NEAR) & (returned > 0))
        able = able[np.argsort(-returned[able] / (more * charges[rows])[able], kind="stable")]
        new = np.array([one for one in able if _take(sizing.limits, left, rows[one], more[one])], dtype=int)
        if new.size:
            got = rows[new]
            raised[got] = True
            for name, values in held.items():
                values[got] = tried[name].to_numpy()[new]
            own = tried.iloc[new].set_axis(got)
            best = pd.concat([best.drop(index=got), own]).sort_index()
    return best, raised


def _economic(sizing: Sizing) -> np.ndarray:
    return (sizing.rules["service_measure"] == "economic").to_numpy()


def _take(limits: tuple[Limit, ...], left: list[np.ndarray], row: int, more: float) -> bool:
    """Return whether more stock of a row fits into what is left of every limit; what it takes is gone then."""
    own = [(free, limit.group[row], more * limit.use[row]) for limit, free in zip(limits, left, strict=True)]
    own = [(free, group, use) for free, group, use in own if group >= 0 and use > 0]
    if any(use > free[group] for free, group, use in own):
        return False
    for free, group, use in own:
        free[group] -= use
    return True
