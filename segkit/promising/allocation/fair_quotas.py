"""Quotas by forecast: the better class first, all with the same fill, or all alike as far as their demand goes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.ids import id_text, id_texts
from segkit.formulas.fair_share import max_min_share, proportional_share
from segkit.formulas.quotas import quotas_by_number
from segkit.promising.allocation.class_demand import BucketDemand, demand_of_buckets, read_demand, whole_pieces
from segkit.promising.allocation.faults import Faults
from segkit.promising.allocation.quota_rows import Figures, allocation_rows
from segkit.promising.allocation.supply_buckets import SupplyBuckets, read_supply


def allocate_by_rank(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    classes: Sequence[str],
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas of what is forecast for each class, the best class served first.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    demand : DataFrame
        item_id, location_id, demand_class, mean [units]; with period (first day) a bucket is for the periods that begin
        before the next one, without it every bucket is for all of it. With committed (of `demand_left`), quotas are for
        what contracts do not cover [units].
    classes : sequence of str
        Best first.
    unit : float
        Smallest piece; forecasts are rounded up to it; 0 = any amount. [units]
    release_days : float, optional
        A quota is released so many days before the next bucket of the place arrives; default never. [days]

    Returns
    -------
    DataFrame
        Table ``allocations``; what no class is forecast to need is for all.

    Raises
    ------
    DataError
        Negative supply or demand, an unknown class: all of them at once.

    References
    ----------
    Kilger & Meyr, Demand Fulfilment and ATP, in Stadtler, Kilger & Meyr (eds), Supply Chain Management and Advanced
    Planning, 5e, sec. 9.4.4 (rank based).

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("gold", "silver")])
    >>> allocate_by_rank(supply, demand, classes=["gold", "silver"])["quantity"].tolist()
    [50.0, 10.0]
    """
    buckets, wanted, asked = read_asked(supply, demand, classes, unit)
    stock = np.floor(buckets.supply / unit + 1e-9) * unit if unit > 0 else buckets.supply
    return _rows(buckets, classes, quotas_by_number(stock, asked), wanted, "rank", release_days)


def allocate_per_committed(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    classes: Sequence[str],
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas in proportion to what was forecast for each class, the same fill for all.

    Parameters
    ----------
    supply, demand, classes, unit, release_days
        As `allocate_by_rank` takes them.

    Returns
    -------
    DataFrame
        Table ``allocations``; never above the forecast.

    Raises
    ------
    DataError
        As `allocate_by_rank`.

    References
    ----------
    Kilger & Meyr (as `allocate_by_rank`), sec. 9.4.4 (per committed).

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("gold", "silver")])
    >>> allocate_per_committed(supply, demand, classes=["gold", "silver"])["quantity"].tolist()
    [30.0, 30.0]
    """
    buckets, wanted, asked = read_asked(supply, demand, classes, unit)
    given = proportional_share(buckets.supply, asked, unit=np.full(len(asked), float(unit)))
    return _rows(buckets, classes, given, wanted, "per committed", release_days)


def allocate_fair_share(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    *,
    classes: Sequence[str],
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return max-min fair quotas: all classes get alike until their forecast is met, by weight where weights are given.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    demand : DataFrame
        As `allocate_by_rank` takes it; with a column ``entitlement`` (above 0; the same for a class in all periods of a
        place) classes get by it.
    classes, unit, release_days
        As `allocate_by_rank` takes them.

    Returns
    -------
    DataFrame
        Table ``allocations``; never above the forecast.

    Raises
    ------
    DataError
        As `allocate_by_rank`.

    References
    ----------
    Bertsekas & Gallager, Data Networks, 2e, sec. 6.5.2.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> asked = {"gold": 70.0, "silver": 40.0, "bronze": 10.0}
    >>> demand = pd.DataFrame([{**place, "demand_class": name, "mean": mean} for name, mean in asked.items()])
    >>> made = allocate_fair_share(supply, demand, classes=list(asked))
    >>> dict(zip(made["demand_class"], made["quantity"]))
    {'bronze': 10.0, 'gold': 25.0, 'silver': 25.0}
    """
    buckets, wanted, asked = read_asked(supply, demand, classes, unit)
    weights = _entitlements(demand, buckets, classes, asked.shape)
    given = max_min_share(buckets.supply, asked, weights=weights, unit=np.full(len(asked), float(unit)))
    return _rows(buckets, classes, given, wanted, "fair share", release_days)


def read_asked(
    supply: pd.DataFrame, demand: pd.DataFrame, classes: Sequence[str], unit: float
) -> tuple[SupplyBuckets, BucketDemand, np.ndarray]:
    """Return buckets, demand that meets them, and its mean in whole pieces."""
    buckets = read_supply(supply, unit)
    wanted = demand_of_buckets(read_demand(demand, buckets, classes, worth=False), buckets, len(classes))
    return buckets, wanted, whole_pieces(wanted.mean, unit)


def _rows(
    buckets: SupplyBuckets, classes: Sequence[str], given: np.ndarray, wanted: BucketDemand, rule: str,
    release_days: float | None,
) -> pd.DataFrame:  # fmt: skip
    figures: Figures = {"quantity": given, "kind": "reservation", "rule": rule, "mean": wanted.mean, "sd": wanted.sd}
    return allocation_rows(buckets, classes, figures, release_days=release_days, named=wanted.mean > 0)


def _entitlements(
    demand: pd.DataFrame, buckets: SupplyBuckets, classes: Sequence[str], shape: tuple[int, int]
) -> np.ndarray:
    weights = np.ones(shape)
    if "entitlement" not in demand:
        return weights
    faults = Faults(demand, "demand")
    amount = faults.amounts("entitlement")
    faults.add("entitlement is not above 0", amount == 0)
    faults.stop("Give every class an entitlement above 0.")
    place, cls = (
        buckets.places_of(demand),
        pd.Index([id_text(one) for one in classes]).get_indexer(id_texts(demand["demand_class"])),
    )
    by_place = np.ones((len(buckets.places), shape[1]))
    here = place >= 0
    by_place[place[here], cls[here]] = amount[here]
    return by_place[buckets.place] if len(buckets.places) else weights
