"""Quotas that are expected to earn most: over classes, periods and supplies, late deliveries at a cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import SettingsError
from segkit.formulas.margin_program import Buckets
from segkit.formulas.margin_split import best_split
from segkit.formulas.reservations import TimedDemand, reserve_over_time
from segkit.promising.allocation.class_demand import (
    ClassDemand,
    counted_in_pieces,
    demand_of_buckets,
    read_demand,
)
from segkit.promising.allocation.demand_windows import AskedInWindows, meet_in_windows, served_at_once
from segkit.promising.allocation.quota_rows import allocation_rows
from segkit.promising.allocation.supply_buckets import SupplyBuckets, read_supply


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
    Quotas are a partition: what a class does not use is lost to the others until it is released, but it has it still in
    the next period. Periods between which nothing arrives or expires count as one, unless demand waits. Where one
    bucket serves one such window each unit goes where it likely earns most, exactly; else quotas are searched on drawn
    demands (`reserve_over_time` of ``segkit.formulas.reservations``). Supply that arrives within a period serves it in
    time.

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
    asked = demand_of_buckets(rows, buckets, len(classes), unit)
    given, price = _reserve(buckets, rows, len(classes), unit, late or LateDelivery())
    figures = {"quantity": given, "mean": asked.mean, "sd": asked.sd, "unit_value": asked.value, "bid_price": price}
    named = (asked.mean > 0) | (given > 0)
    texts = {"kind": "reservation", "rule": "expected margin"}
    return allocation_rows(buckets, classes, {**figures, **texts}, release_days=release_days, named=named)


def _reserve(
    buckets: SupplyBuckets, rows: ClassDemand, classes: int, unit: float, late: LateDelivery
) -> tuple[np.ndarray, np.ndarray]:
    """Return quotas [units] and bid prices of all buckets."""
    size = unit if unit > 0 else 1.0
    stock = buckets.supply / size
    stock = np.floor(stock + 1e-9) if unit > 0 else stock
    offered, asked = meet_in_windows(buckets, rows, stock, late.most_periods, unit)
    given, price = np.zeros((len(stock), classes)), np.zeros(len(stock))
    at_once = served_at_once(offered, asked)
    given, price = _split(offered, asked.some(at_once[asked.place]), given, price, unit)
    given, price = _over_time(offered, asked.some(~at_once[asked.place]), given, price, unit, late)
    return given * size, price


def _split(
    offered: Buckets, asked: AskedInWindows, given: np.ndarray, price: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Set quotas and prices where one supply is split: each unit goes where it is expected to earn most."""
    own = np.flatnonzero(np.isin(offered.place, asked.place))
    at = (np.searchsorted(offered.place[own], asked.place), asked.cls)
    mean, variance, value = np.zeros((3, len(own), given.shape[1]))
    mean[at], variance[at], value[at] = asked.mean, asked.variance, asked.value
    demand = counted_in_pieces(mean, np.sqrt(variance), unit)
    given[own], price[own] = best_split(value, demand, offered.quantity[own], unit=1.0 if unit > 0 else 0.0)
    return given, price


def _over_time(
    offered: Buckets, asked: AskedInWindows, given: np.ndarray, price: np.ndarray, unit: float, late: LateDelivery
) -> tuple[np.ndarray, np.ndarray]:
    """Set quotas and prices where one supply serves several windows, or several serve one."""
    if not len(asked.place):
        return given, price
    own = np.flatnonzero(np.isin(offered.place, asked.place))
    here = Buckets(*(column[own] for column in vars(offered).values()))
    timed = TimedDemand(asked.place, asked.cls, asked.window, asked.value, asked.demand(unit))
    made, price[own] = reserve_over_time(here, timed, late_cost=late.cost, most_late=late.most_periods)
    given[own, : made.shape[1]] = made
    return given, price
