"""Quotas by forecast: the better class first, all with the same fill, or alike as far as demand goes; contracts first."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.formulas.fair_share import max_min_share, proportional_share, serve_commitments
from segkit.formulas.quotas import quotas_by_number
from segkit.promising.allocation.class_demand import BucketDemand, demand_of_buckets, read_demand, whole_pieces
from segkit.promising.allocation.faults import Faults
from segkit.promising.allocation.quota_rows import HELD, allocation_rows
from segkit.promising.allocation.supply_buckets import BUCKET, PLACE, SupplyBuckets, read_supply


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
        before the next one, without it every bucket is for all of it.
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
    buckets, wanted, asked = _read(supply, demand, classes, unit)
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
    buckets, wanted, asked = _read(supply, demand, classes, unit)
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
    supply, classes, unit, release_days
        As `allocate_by_rank` takes them.
    demand : DataFrame
        As `allocate_by_rank` takes it; with a column ``entitlement`` (above 0; the same for a class in all periods of a
        place) classes get by it.

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
    buckets, wanted, asked = _read(supply, demand, classes, unit)
    weights = _entitlements(demand, buckets, classes, asked.shape)
    given = max_min_share(buckets.supply, asked, weights=weights, unit=np.full(len(asked), float(unit)))
    return _rows(buckets, classes, given, wanted, "fair share", release_days)


def allocate_commitments(
    supply: pd.DataFrame, commitments: pd.DataFrame, *, classes: Sequence[str], unit: float = 1.0
) -> pd.DataFrame:
    """Return what contracts are owed, before anybody else gets anything.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    commitments : DataFrame
        item_id, location_id, demand_class, mean = least quantity by contract [units]; with period (first day) owed from
        the bucket of that period, else from every bucket.
    classes : sequence of str
        Best first.
    unit : float
        Smallest piece; 0 = any amount. [units]

    Returns
    -------
    DataFrame
        Table ``allocations``, never released. Where supply does not cover all contracts of a bucket they are cut in
        proportion, and ``note`` says so: one shortage does not stop a run over thousands of items.

    Raises
    ------
    DataError
        As `allocate_by_rank`.

    Notes
    -----
    Share out `supply_left` by any other rule, and put both together with `join_allocations`.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> owed = pd.DataFrame([{**place, "demand_class": "gold", "mean": 20.0}])
    >>> made = allocate_commitments(supply, owed, classes=["gold"])
    >>> float(made["quantity"].sum()), supply_left(supply, made)["quantity"].tolist()
    (20.0, [40.0])
    """
    buckets, wanted, owed = _read(supply, commitments, classes, unit)
    given, _ = serve_commitments(buckets.supply, owed, unit=np.full(len(owed), float(unit)))
    note = np.full(owed.shape, "", dtype=object)
    for bucket, cls in zip(*np.nonzero(given < owed - 1e-9), strict=True):
        note[bucket, cls] = f"cut: {owed[bucket].sum():g} committed, {buckets.supply[bucket]:g} there"
    figures = {"quantity": given, "kind": "reservation", "rule": "contract", "mean": wanted.mean, "note": note}
    return allocation_rows(buckets, classes, figures, release_days=None, named=owed > 0)


def supply_left(supply: pd.DataFrame, allocations: pd.DataFrame) -> pd.DataFrame:
    """Return supply without what allocations reserve, a row per item, location and day.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    allocations : DataFrame
        Table of that name, made from this supply.

    Returns
    -------
    DataFrame
        item_id, location_id, available_date, quantity [units].

    Raises
    ------
    DataError
        Where more is reserved than there is.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A", "available_date": pd.Timestamp("2025-06-02")}
    >>> supply = pd.DataFrame([{**place, "quantity": 60.0}])
    >>> kept = pd.DataFrame([{**place, "demand_class": "gold", "quantity": 25.0, "kind": "reservation"}])
    >>> supply_left(supply, kept)["quantity"].tolist()
    [35.0]
    """
    buckets = read_supply(supply)
    Faults(allocations, "allocations").needs([*BUCKET, "quantity", "kind"])
    held = allocations[allocations["kind"].isin(HELD).to_numpy()]
    taken = held.astype({name: "str" for name in PLACE}).groupby(BUCKET, as_index=False)["quantity"].sum()
    both = buckets.table.assign(there=buckets.supply).merge(taken, "outer", BUCKET)
    left = both["there"].fillna(0.0) - both["quantity"].fillna(0.0)
    over = both[(left < -1e-6).to_numpy()]
    if len(over):
        shown = over[BUCKET].astype("str").agg(" ".join, axis=1).head(3)
        problem = f"more is reserved than there is in {len(over):,} buckets, first: {'; '.join(shown)}"
        raise DataError(list_problems("allocations do not fit supply", [problem], ["Allocate this supply anew."]))
    made = both[BUCKET].assign(quantity=left.clip(lower=0.0).astype("float64"))
    return made.sort_values(BUCKET, ignore_index=True)


def join_allocations(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return two ``allocations`` as one: quantities of a class in a bucket are added up, supply is that of the first.

    Parameters
    ----------
    first, second : DataFrame
        Tables ``allocations``; the second made from what the first left.

    Returns
    -------
    DataFrame
        Table ``allocations``; other numbers are those of the second, where it has them.

    Raises
    ------
    DataError
        Where a class has quotas of two kinds in a bucket.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("gold", "silver")])
    >>> owed = allocate_commitments(supply, demand.iloc[1:].assign(mean=20.0), classes=["gold", "silver"])
    >>> rest = allocate_by_rank(supply_left(supply, owed), demand, classes=["gold", "silver"])
    >>> join_allocations(owed, rest)["quantity"].tolist()
    [40.0, 20.0]
    """
    key = [*BUCKET, "demand_class"]
    for name, table in (("first", first), ("second", second)):
        Faults(table, name).needs([*key, "quantity", "kind", "rule", "supply"])
    both = (
        pd.concat([second, first], ignore_index=True)
        if len(first) and len(second)
        else (first if len(first) else second)
    )
    groups = both.groupby(key, sort=True)
    mixed = groups["kind"].nunique()
    if (mixed > 1).any():
        shown = ["/".join(map(str, place)) for place in mixed[mixed > 1].index[:3]]
        problem = f"{int((mixed > 1).sum()):,} quotas are of two kinds, first: {'; '.join(shown)}"
        raise DataError(list_problems("allocations cannot be joined", [problem], ["Give a class one kind of quota."]))
    made = groups.first()
    made["quantity"] = groups["quantity"].sum()
    made["supply"] = groups["supply"].max()
    made["rule"] = groups["rule"].agg(lambda words: " + ".join(dict.fromkeys(words[::-1]))).astype("str")
    made["share"] = np.divide(made["quantity"], made["supply"], out=np.zeros(len(made)), where=made["supply"] > 0)
    return made.reset_index()[list(first.columns)].astype(first.dtypes.to_dict())


def _read(
    supply: pd.DataFrame, demand: pd.DataFrame, classes: Sequence[str], unit: float
) -> tuple[SupplyBuckets, BucketDemand, np.ndarray]:
    buckets = read_supply(supply)
    wanted = demand_of_buckets(read_demand(demand, buckets, classes, worth=False), buckets, len(classes))
    return buckets, wanted, whole_pieces(wanted.mean, unit)


def _rows(
    buckets: SupplyBuckets, classes: Sequence[str], given: np.ndarray, wanted: BucketDemand, rule: str,
    release_days: float | None,
) -> pd.DataFrame:  # fmt: skip
    figures = {"quantity": given, "kind": "reservation", "rule": rule, "mean": wanted.mean, "sd": wanted.sd}
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
        pd.Index([str(one) for one in classes]).get_indexer(demand["demand_class"].astype("str")),
    )
    by_place = np.ones((len(buckets.places), shape[1]))
    here = place >= 0
    by_place[place[here], cls[here]] = amount[here]
    return by_place[buckets.place] if len(buckets.places) else weights
