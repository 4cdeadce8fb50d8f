"""Nested protection: how much of each bucket is kept for the better classes from those below them."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand
from segkit.formulas.nested_optimum import optimal_protection
from segkit.formulas.nested_protection import falling_values, quotas_of_protection
from segkit.promising.allocation.class_demand import (
    BucketDemand,
    counted_in_pieces,
    demand_of_buckets,
    read_demand,
)
from segkit.promising.allocation.quota_rows import allocation_rows
from segkit.promising.allocation.supply_buckets import read_supply

Protection = Callable[[ArrayLike, Demand], np.ndarray]


def allocate_nested(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    classes: Sequence[str],
    protection: Protection = optimal_protection,
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas whose nesting protects the better classes of every bucket: a better class may take lower quotas.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    demand : DataFrame
        As `allocate_by_rank` takes it, with sd [units] (default: Poisson), unit_margin and goodwill_cost (default 0):
        the goodwill that a unit sent away costs. [currency/unit]
    classes : sequence of str
        Best first: the order in which they are nested.
    protection : callable
        Takes values of a unit (..., classes), best first, and their demand; gives protection levels (..., classes - 1):
        `optimal_protection` (default), `emsr_b_protection` or `emsr_a_protection` of ``segkit.formulas``.
    unit : float
        Smallest piece; demand is negative binomial in pieces; 0 = any amount (gamma). [units]
    release_days : float, optional
        A quota is released so many days before the next bucket of the place arrives; default never. [days]

    Returns
    -------
    DataFrame
        Table ``allocations``. ``nest_rank`` 1 = the best class; ``protection_level`` = what classes up to
        this one keep together from those below; ``quantity`` = what this class adds to it. The lowest has what nobody
        keeps, as a neutral row: it is in the pool.

    Raises
    ------
    DataError
        Negative supply or demand, unknown classes, missing margins: all of them at once.

    Notes
    -----
    A class is worth unit_margin + goodwill_cost. Where a lower class is worth more than one above it in a bucket, the
    two count as one there, at their average: neither is protected from the other. So goodwill is what puts a rank into
    force. For a class that loses money in a bucket nothing is kept there, alone or together with others: among better
    and lower classes that earn it counts as if it asked for nothing. Below the last that earns it counts as a
    hundredth of that one: kept from it is what better classes ask for in 99 of 100 cases, and to refuse what loses is
    the work of a bid price.

    Levels are best where low classes order before high. Where classes order in any order they protect too much, and may
    earn less than first come, first served: release quotas in time (``release_days``), or size critical levels with
    ``best_fixed_levels`` of ``segkit.formulas.interleaved_arrivals``.

    References
    ----------
    Talluri & van Ryzin, The Theory and Practice of Revenue Management, ch. 2.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 20.0}])
    >>> asked = [("gold", 4.0, 10.0), ("silver", 6.0, 5.0), ("bronze", 9.0, 4.0)]
    >>> demand = pd.DataFrame(asked, columns=["demand_class", "mean", "unit_margin"]).assign(**place)
    >>> made = allocate_nested(supply, demand, classes=["gold", "silver", "bronze"])
    >>> made[["demand_class", "quantity", "protection_level"]].to_numpy().tolist()
    [['bronze', 11.0, 20.0], ['gold', 4.0, 4.0], ['silver', 5.0, 9.0]]
    """
    buckets = read_supply(supply, unit)
    asked = demand_of_buckets(read_demand(demand, buckets, classes, worth=True), buckets, len(classes), unit)
    counted = _without_losses(asked)
    worth = counted.worth()
    levels = np.zeros((len(worth), max(len(classes) - 1, 0)))
    if levels.size:
        pieces = counted_in_pieces(counted.mean, counted.sd, unit)
        levels = protection(falling_values(worth, counted.mean), pieces) * (unit or 1.0)
    if unit > 0:
        levels = np.ceil(levels / unit - 1e-9) * unit
    given = quotas_of_protection(buckets.supply, levels) if len(classes) else np.zeros((len(worth), 0))
    kept = np.cumsum(given, axis=1)
    kind = np.full(given.shape, "reservation", dtype=object)
    kind[:, -1:] = "neutral"
    rank = np.broadcast_to(np.arange(1.0, len(classes) + 1), given.shape)
    figures = {"quantity": given, "protection_level": kept, "kind": kind, "nest_rank": rank}
    figures |= {"mean": asked.mean, "sd": asked.sd, "unit_value": asked.value}
    return allocation_rows(buckets, classes, {**figures, "rule": "nested protection"}, release_days=release_days)


def _without_losses(asked: BucketDemand) -> BucketDemand:
    """Return demand for which supply may be kept: none of classes that lose; of those above one that earns no value."""
    loses = asked.value <= 0
    earns_from_here = np.logical_or.accumulate((asked.value > 0)[:, ::-1], axis=1)[:, ::-1]
    value = np.where(loses & earns_from_here, np.nan, asked.value)
    return BucketDemand(np.where(loses, 0.0, asked.mean), np.where(loses, 0.0, asked.sd), value)
