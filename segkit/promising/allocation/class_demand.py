"""What each class of customers is expected to ask of each supply bucket, and what a unit for it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.formulas.demand_distributions import Demand, Gamma, NegativeBinomial
from segkit.promising.allocation.faults import Faults, require_classes
from segkit.promising.allocation.supply_buckets import PLACE, SupplyBuckets, day_numbers

_WORTHLESS = 0.01  # of the least value that earns: what a class that brings nothing counts as


@dataclass(frozen=True)
class ClassDemand:
    """Demand rows that meet supply: ``place``, ``cls`` (place in classes), ``day`` of the period (blank table: none).

    ``mean``, ``variance`` of demand [units], ``value`` = margin and goodwill of a unit [currency/unit], ``covered`` =
    what of it contracts cover [units].
    """

    place: np.ndarray
    cls: np.ndarray
    day: np.ndarray | None
    mean: np.ndarray
    variance: np.ndarray
    value: np.ndarray
    covered: np.ndarray


@dataclass(frozen=True)
class BucketDemand:
    """By bucket and class, (buckets, classes): ``mean``, ``sd`` [units], ``value`` [currency/unit, NaN = not asked].

    Both are of what contracts do not cover.
    """

    mean: np.ndarray
    sd: np.ndarray
    value: np.ndarray

    def worth(self) -> np.ndarray:
        """Return values above 0 for all: of classes that ask for nothing, the least in the bucket."""
        lowest = np.min(np.where(self.value > 0, self.value, np.inf), axis=1, initial=np.inf, keepdims=True)
        floor = np.where(np.isfinite(lowest), lowest * _WORTHLESS, 1.0)
        least = np.nanmin(np.where(np.isnan(self.value), np.inf, self.value), axis=1, initial=np.inf, keepdims=True)
        filled = np.where(np.isnan(self.value), np.where(np.isfinite(least), least, 1.0), self.value)
        return np.where(filled > 0, filled, floor)


def read_demand(demand: pd.DataFrame, buckets: SupplyBuckets, classes: Sequence[str], *, worth: bool) -> ClassDemand:
    """Return demand of the places that have supply; raises where the table cannot be used."""
    faults = Faults(demand, "demand")
    needed = [*PLACE, "demand_class", "mean", *(["unit_margin"] if worth else [])]
    faults.needs(needed)
    cls = require_classes(classes, demand["demand_class"], "demand")
    mean = faults.amounts("mean")
    sd = faults.amounts("sd", blank=-1.0) if "sd" not in demand else _deviations(faults, demand, mean)
    value = _values(faults, demand, mean) if worth else np.zeros(len(demand))
    covered = faults.amounts("committed", blank=0.0)
    day = None
    if "period" in demand:
        dates = faults.days("period")
        faults.add("period is no date", dates.isna().to_numpy())
        day = day_numbers(dates.fillna(pd.Timestamp(0)))
    key = [*PLACE, "demand_class", *(["period"] if "period" in demand else [])]
    faults.add(f"{', '.join(key)} repeats", demand.duplicated(key).to_numpy())
    faults.stop("Give each item, location, class (and period) once: mean and sd of 0 or more, and unit_margin.")
    place = buckets.places_of(demand)
    here = np.flatnonzero(place >= 0)
    variance = np.where(sd < 0, mean, sd**2)
    return ClassDemand(place[here], cls[here], None if day is None else day[here], *(
        column[here] for column in (mean, variance, value, covered)
    ))  # fmt: skip


def demand_of_buckets(
    demand: ClassDemand, buckets: SupplyBuckets, classes: int, unit: float | None = None
) -> BucketDemand:
    """Return demand while each bucket lasts: of periods that begin before the next; without periods, as given.

    ``unit`` is the piece in which demand is a distribution; None = the mean is what will be asked.
    """
    if demand.day is None:
        first = np.searchsorted(buckets.place, demand.place, side="left")
        count = np.searchsorted(buckets.place, demand.place, side="right") - first
        row = np.repeat(np.arange(len(first)), count)
        bucket = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    else:
        row = np.arange(len(demand.place))
        bucket = buckets.bucket_of(demand.place, demand.day)
    cell, shape = bucket * classes + demand.cls[row], (len(buckets.supply), classes)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(cell, values, shape[0] * classes).reshape(shape)

    mean, earned = summed(demand.mean[row]), summed((demand.mean * demand.value)[row])
    value = np.divide(earned, mean, out=np.full(shape, np.nan), where=mean > 0)
    left, variance = beyond_contracts(mean, summed(demand.variance[row]), summed(demand.covered[row]), unit)
    return BucketDemand(left, np.sqrt(variance), value)


def beyond_contracts(
    mean: np.ndarray, variance: np.ndarray, covered: np.ndarray, unit: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of what is asked beyond what contracts cover: max(demand - covered, 0).

    Where the mean stands for demand (``unit`` None) the rest of it is the mean, and the variance stays.
    """
    some = (covered > 0) & (mean > 0)
    if not some.any():
        return mean, variance
    left, spread = mean.copy(), variance.copy()
    if unit is None:
        left[some] = np.maximum(mean - covered, 0.0)[some]
        return left, spread
    size = unit or 1.0
    pieces = np.floor(covered[some] / size + 1e-9) if unit else covered[some]
    _, once, twice = counted_in_pieces(mean[some], np.sqrt(variance[some]), unit).losses(pieces)
    left[some] = once * size
    spread[some] = np.maximum(_square(once, twice, whole=unit > 0) - once**2, 0.0) * size**2
    return left, spread


def _square(once: np.ndarray, twice: np.ndarray, *, whole: bool) -> np.ndarray:
    """Return E[((D - x)⁺)²] of the loss and the second-order loss."""
    return 2 * twice + once if whole else 2 * twice


def counted_in_pieces(mean: np.ndarray, sd: np.ndarray, unit: float) -> Demand:
    """Return demand in whole pieces of a unit (negative binomial), or as any amount (gamma) where the unit is 0."""
    if unit > 0:
        return NegativeBinomial(mean / unit, (sd / unit) ** 2)
    return Gamma(mean, sd)


def whole_pieces(amount: np.ndarray, unit: float) -> np.ndarray:
    """Return amounts rounded up to whole pieces."""
    return np.ceil(amount / unit - 1e-9) * unit if unit > 0 else amount


def _deviations(faults: Faults, demand: pd.DataFrame, mean: np.ndarray) -> np.ndarray:
    found = faults.amounts("sd", blank=0.0)
    return np.where(demand["sd"].isna().to_numpy(), np.sqrt(np.maximum(mean, 0.0)), found)


def _values(faults: Faults, demand: pd.DataFrame, mean: np.ndarray) -> np.ndarray:
    margin = pd.to_numeric(demand["unit_margin"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    faults.add("unit_margin is missing", ~np.isfinite(margin) & (mean > 0))
    return np.nan_to_num(margin) + faults.amounts("goodwill_cost", blank=0.0)
