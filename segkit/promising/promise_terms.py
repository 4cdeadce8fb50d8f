"""On what terms orders are promised, and the words for what a promise is made from."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

PLACE = ["item_id", "location_id"]
OTHERS, POOL, MADE, ONE_CLASS = "(all others)", "(pool)", "(made to order)", "(all)"
UNPRICED = "bid price not applied: margin not known"
CONTRACT = " (contract)"  # behind the name of a class: what a contract keeps for it
KINDS = ("reservation", "limit", "both", "neutral")
DELIVERIES = ("partial", "complete", "split")
_HELD = ("reservation", "both")


def committed_units(allocations: pd.DataFrame) -> np.ndarray:
    """Return the units that contracts owe in each row of allocations; 0 where none does."""
    if "committed" not in allocations:
        return np.zeros(len(allocations))
    return allocations["committed"].astype("float64").fillna(0.0).to_numpy()


def kept_units(allocations: pd.DataFrame) -> np.ndarray:
    """Return the units that each row of allocations keeps from others: a reservation, else what a contract owes.

    Examples
    --------
    >>> held = pd.DataFrame({"kind": ["both", "limit", "neutral"], "quantity": 9.0, "committed": [2.0, 5.0, None]})
    >>> kept_units(held).tolist()
    [9.0, 5.0, 0.0]
    """
    held = allocations["kind"].isin(_HELD).to_numpy(dtype=bool)
    return np.where(held, allocations["quantity"].to_numpy(dtype=float), committed_units(allocations))


@dataclass(frozen=True)
class PromiseTerms:
    """On what terms orders are promised.

    ``classes``: classes of customers, best first; blank = those of the orders by name, where no rank is needed.
    ``nested``: a class may also take what is kept for lower classes. Where a line does not say otherwise:
    ``delivery`` (partial, complete, or split into deliveries of at least ``split_minimum`` units; what completes a line
    may be less) and ``max_lateness_days`` (None = any). ``latest_first``: of the supply that is there in time, the
    latest goes first. ``late_cost``: what a unit late by a day costs, beside alternatives [currency/unit/day].

    ``capable``: what can be made or bought after the supply that is known, a row per item_id and location_id:
    lead_time_days, from_date (blank = the last day of known supply there) and, where it is limited, capacity [units]
    per period_days; with bid_price, only for lines of at least that unit_margin [currency/unit]. ``critical_levels``:
    item_id, location_id, demand_class, critical_level: a class is served from a place only while more than so many
    units are left there by then [units].
    """

    classes: tuple[str, ...] = ()
    nested: bool = True
    delivery: str = "partial"
    split_minimum: float = 0.0
    max_lateness_days: float | None = None
    latest_first: bool = True
    late_cost: float = 0.0
    capable: pd.DataFrame | None = field(default=None, compare=False)
    critical_levels: pd.DataFrame | None = field(default=None, compare=False)
