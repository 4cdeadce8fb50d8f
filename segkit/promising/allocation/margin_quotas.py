"""Quotas that are expected to earn most: over classes, periods and supplies, late deliveries at a cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import SettingsError
from segkit.formulas.margin_program import Buckets, Claims, allocate_over_time
from segkit.formulas.margin_split import best_split, demand_steps
from segkit.promising.allocation.class_demand import (
    BucketDemand,
    ClassDemand,
    counted_in_pieces,
    demand_of_buckets,
    read_demand,
)
from segkit.promising.allocation.quota_rows import allocation_rows
from segkit.promising.allocation.supply_buckets import SupplyBuckets, day_numbers, read_supply

_STEPS = 10  # by which the demand of a class in a period is told


@dataclass(frozen=True)
class LateDelivery:
    """Whether demand waits: ``most_periods`` at most, at ``cost`` for a unit and period [currency/unit/period]."""

    cost: float = 0.0
    most_periods: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cost) and self.cost >= 0 and self.most_periods >= 0):
            raise SettingsError("a late delivery has a cost of 0 or more, and waits for 0 or more periods")


def allocate_by_margin(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    classes: Sequence[str],
    unit: float = 1.0,
    late: LateDelivery | None = None,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return the quotas with the highest expected margin, and the bid price of every bucket.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it; with expiry_date (last day of use) supply does not wait longer.
    demand : DataFrame
        As `allocate_nested` takes it.
    classes : sequence of str
        All classes of the demand.
    unit : float
        Smallest piece; demand is negative binomial in pieces; 0 = any amount (gamma). [units]
    late : LateDelivery, optional
        Whether demand waits for later supply; default: it is lost at the end of its period.
    release_days : float, optional
        A quota is released so many days before the next bucket of the place arrives; default never. [days]

    Returns
    -------
    DataFrame
        Table ``allocations``; ``bid_price`` = what one unit more in the bucket would earn: an order below it is not
        worth a unit of it. What nobody is likely to ask for is for all.

    Raises
    ------
    DataError
        As `allocate_nested`.

    Notes
    -----
    Quotas are a partition: what a class does not use is lost to the others until it is released. With one bucket and
    one period each unit goes where it likely earns most; else a linear program (HiGHS) tells demand by ten steps.
    Supply that arrives within a period serves it in time.

    References
    ----------
    Meyr (2009), Customer segmentation, allocation planning and order promising in make-to-stock production, OR Spectrum
    31.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 8.0}])
    >>> asked = [("gold", 4.0, 10.0), ("silver", 9.0, 5.0)]
    >>> demand = pd.DataFrame(asked, columns=["demand_class", "mean", "unit_margin"]).assign(**place)
    >>> made = allocate_by_margin(supply, demand, classes=["gold", "silver"])
    >>> made["quantity"].tolist(), made["bid_price"].round(2).tolist()
    ([4.0, 4.0], [4.73, 4.73])
    """
    buckets = read_supply(supply, unit)
    rows = read_demand(demand, buckets, classes, worth=True)
    asked = demand_of_buckets(rows, buckets, len(classes))
    given, price = _over_time(buckets, rows, len(classes), unit, late or LateDelivery())
    simple = _single(buckets, rows)
    given[simple], price[simple] = _at_once(buckets.supply[simple], asked, simple, unit)
    figures = {"quantity": given, "mean": asked.mean, "sd": asked.sd, "unit_value": asked.value, "bid_price": price}
    named = (asked.mean > 0) | (given > 0)
    texts = {"kind": "reservation", "rule": "expected margin"}
    return allocation_rows(buckets, classes, {**figures, **texts}, release_days=release_days, named=named)


def _single(buckets: SupplyBuckets, rows: ClassDemand) -> np.ndarray:
    """Return the buckets that are alone at their place, with demand of one period."""
    alone = np.bincount(buckets.place, minlength=len(buckets.places))[buckets.place] == 1
    if rows.day is None:
        return np.flatnonzero(alone)
    pairs = np.unique(np.stack([rows.place, rows.day]), axis=1)
    periods = np.bincount(pairs[0], minlength=len(buckets.places))
    return np.flatnonzero(alone & (periods[buckets.place] <= 1))


def _at_once(supply: np.ndarray, asked: BucketDemand, rows: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    value = np.maximum(np.nan_to_num(asked.value[rows]), 0.0)
    size = unit if unit > 0 else 1.0
    demand = counted_in_pieces(asked.mean[rows], asked.sd[rows], unit)
    quotas, price = best_split(value, demand, supply / size, unit=1.0 if unit > 0 else 0.0)
    return quotas * size, price


def _over_time(
    buckets: SupplyBuckets, rows: ClassDemand, classes: int, unit: float, late: LateDelivery
) -> tuple[np.ndarray, np.ndarray]:
    """Return quotas and bid prices of places with several buckets or periods; 0 for the others."""
    given, price = np.zeros((len(buckets.supply), classes)), np.zeros(len(buckets.supply))
    simple = np.zeros(len(price), dtype=bool)
    simple[_single(buckets, rows)] = True
    wide = np.zeros(len(buckets.places), dtype=bool)
    wide[buckets.place[~simple]] = True
    mine = np.flatnonzero(wide[rows.place] & (rows.mean > 0))
    when = rows.place if rows.day is None else rows.day
    mine = mine[np.lexsort((rows.cls[mine], when[mine], rows.place[mine]))]
    own = np.flatnonzero(~simple)
    if not len(mine):
        return given, price
    days = np.zeros(1, dtype=np.int64) if rows.day is None else np.unique(rows.day)
    size = unit if unit > 0 else 1.0
    steps = demand_steps(
        counted_in_pieces(rows.mean[mine], np.sqrt(rows.variance[mine]), unit), _STEPS, unit=1.0 if unit > 0 else 0.0
    )
    stock = buckets.supply[own] / size
    offered = Buckets(
        buckets.place[own],
        _period(days, buckets.day[own], rows.day is None),
        _period(days, day_numbers(buckets.expires)[own], rows.day is None),
        np.floor(stock + 1e-9) if unit > 0 else stock,
    )
    period = np.zeros(len(mine), dtype=np.int64) if rows.day is None else np.searchsorted(days, rows.day[mine])
    claims = Claims(
        rows.place[mine], period, np.maximum(rows.value[mine], 0.0), *steps, np.full(len(mine), late.cost),
        late.most_periods,
    )  # fmt: skip
    made = allocate_over_time(offered, claims)
    np.add.at(given, (own[made.bucket], rows.cls[mine][made.claim]), made.quantity * size)
    price[own] = made.bid_price
    return given, price


def _period(days: np.ndarray, when: np.ndarray, one: bool) -> np.ndarray:
    """Return the number of the period a day is in, the first where it is before all."""
    if one:
        return np.zeros(len(when), dtype=np.int64)
    return np.maximum(np.searchsorted(days, when, side="right") - 1, 0)
