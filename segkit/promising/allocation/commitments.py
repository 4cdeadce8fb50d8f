"""Contracts are served first, and what they leave is shared by another rule."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.formulas.fair_share import serve_commitments
from segkit.promising.allocation.fair_quotas import read_asked
from segkit.promising.allocation.faults import Faults
from segkit.promising.allocation.quota_rows import HELD, Figures, allocation_rows
from segkit.promising.allocation.supply_buckets import BUCKET, PLACE, read_supply
from segkit.promising.given_tables import id_texts

_ONE_KIND = (
    "A quota is one number: what a contract keeps and a limit of the same class are two. Give the class kind both "
    "beside the contract (it has what both together say, and no more), or leave its limit out."
)


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
    buckets, wanted, owed = read_asked(supply, commitments, classes, unit)
    given, _ = serve_commitments(buckets.supply, owed, unit=np.full(len(owed), float(unit)))
    note = np.full(owed.shape, "", dtype=object)
    for bucket, cls in zip(*np.nonzero(given < owed - 1e-9), strict=True):
        note[bucket, cls] = f"cut: {owed[bucket].sum():g} committed, {buckets.supply[bucket]:g} there"
    figures: Figures = {"quantity": given, "kind": "reservation", "rule": "contract", "mean": wanted.mean, "note": note}
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
    if not len(held) or not len(buckets.table):
        return buckets.table.assign(quantity=buckets.supply)
    days = pd.Series(Faults(held, "allocations").days("available_date").dt.normalize(), name="available_date")
    keys = held.assign(**{name: id_texts(held[name]) for name in PLACE}, available_date=days.astype("datetime64[us]"))
    taken = keys.groupby(BUCKET, as_index=False)["quantity"].sum()
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
        Table ``allocations``; released_date is the later of the two, never where one is never released, so that a
        contract keeps what it is owed; other numbers are those of the second, where it has them. Beside a neutral row,
        which neither keeps nor limits, kind, quantity and released_date are those of the other; a reservation
        beside both is both.

    Raises
    ------
    DataError
        Where a class has quotas of two kinds in a bucket, neutral ones aside and a reservation beside both.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("gold", "silver")])
    >>> from segkit.promising.allocation.fair_quotas import allocate_by_rank
    >>> owed = allocate_commitments(supply, demand.iloc[1:].assign(mean=20.0), classes=["gold", "silver"])
    >>> rest = allocate_by_rank(supply_left(supply, owed), demand, classes=["gold", "silver"])
    >>> join_allocations(owed, rest)["quantity"].tolist()
    [40.0, 20.0]
    """
    key = [*BUCKET, "demand_class"]
    for name, table in (("first", first), ("second", second)):
        Faults(table, name).needs([*key, "quantity", "kind", "rule", "supply"])
    if not len(first) or not len(second):
        return (second if len(second) else first).copy()
    both = pd.concat([second, first], ignore_index=True)
    groups, deciding = both.groupby(key, sort=True), _without_idle(both, key).groupby(key, sort=True)
    mixed = deciding["kind"].nunique()
    mixed[deciding["kind"].agg(set).isin([{"reservation", "both"}])] = 1
    if (mixed > 1).any():
        shown = ["/".join(map(str, place)) for place in mixed[mixed > 1].index[:3]]
        problem = f"{int((mixed > 1).sum()):,} quotas are of two kinds, first: {'; '.join(shown)}"
        raise DataError(list_problems("allocations cannot be joined", [problem], [_ONE_KIND]))
    made = groups.first()
    made["kind"], made["quantity"] = deciding["kind"].min(), deciding["quantity"].sum()
    if "released_date" in made:
        day = deciding["released_date"]
        made["released_date"] = day.max().where(day.count() == deciding.size())
    made["supply"] = both.groupby(BUCKET)["supply"].max().reindex(made.index.droplevel("demand_class")).to_numpy()
    made["rule"] = groups["rule"].agg(lambda words: " + ".join(dict.fromkeys(words[::-1]))).astype("str")
    made["share"] = np.divide(made["quantity"], made["supply"], out=np.zeros(len(made)), where=made["supply"] > 0)
    return made.reset_index()[list(first.columns)].astype(first.dtypes.to_dict())


def _without_idle(both: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the rows without those that are neutral beside one that keeps or limits."""
    acts = both["kind"] != "neutral"
    return both[acts | ~acts.groupby([both[name] for name in key]).transform("any")]
