"""Contracts are served first, and what they leave is shared by another rule."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.ids import id_text, id_texts
from segkit.formulas.fair_share import serve_commitments
from segkit.promising.allocation.earlier_supply import Owed, keep_of_earlier, read_owed
from segkit.promising.allocation.faults import Faults
from segkit.promising.allocation.quota_rows import Figures, allocation_rows
from segkit.promising.allocation.supply_buckets import BUCKET, PLACE, SupplyBuckets, day_numbers, read_supply
from segkit.promising.promise_terms import committed_units, kept_units

_ONE_KIND = (
    "A quota is one number: what is kept for a class and its limit are two. Give the class kind both (it has what "
    "both together say, and no more), or leave its limit out; beside a contract a limit can stand."
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
        the last bucket up to that day and, what that lacks, from earlier ones, the latest first (from the first of all
        where none is there by then: ``note`` tells both); else from every bucket. With from_each, rows where it is true
        are owed from the bucket of their day alone. Contracts of places without supply are warned of.
    classes : sequence of str
        Best first.
    unit : float
        Smallest piece; 0 = any amount. [units]

    Returns
    -------
    DataFrame
        Table ``allocations``, never released. Where supply up to a bucket, less what other contracts keep of it, does
        not cover all contracts of the bucket they are cut in proportion, and ``note`` says so: one shortage does not
        stop a run over thousands of items.

    Raises
    ------
    DataError
        As `allocate_by_rank`.

    Notes
    -----
    Share out `supply_left` by any other rule, of demand with what contracts cover of it (`demand_left`, else it is
    counted twice), and put both together with `join_allocations`. Rules that read demand then keep for a class what its
    contract does not cover. Stated numbers, shares (of what is left), ratios and limits stand beside the contract.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> owed = pd.DataFrame([{**place, "demand_class": "gold", "mean": 20.0}])
    >>> made = allocate_commitments(supply, owed, classes=["gold"])
    >>> float(made["quantity"].sum()), supply_left(supply, made)["quantity"].tolist()
    (20.0, [40.0])
    """
    buckets, asked = read_owed(supply, commitments, classes, unit)
    owed, note = keep_of_earlier(buckets, asked, unit)
    given, _ = serve_commitments(buckets.supply, owed, unit=np.full(len(owed), float(unit)))
    for bucket, cls in zip(*np.nonzero(given < owed - 1e-9), strict=True):
        _add(note, bucket, cls, f"cut: {owed[bucket].sum():g} committed, {buckets.supply[bucket]:g} there")
    _tell_late(buckets, commitments, classes, note)
    _tell_unmet(buckets, commitments)
    figures: Figures = {
        "quantity": given,
        "kind": "reservation",
        "rule": "contract",
        "mean": _told(asked, owed),
        "note": note,
    }
    figures = {**figures, "committed": given}
    return allocation_rows(buckets, classes, figures, release_days=None, named=owed > 0)


def _tell_late(buckets: SupplyBuckets, commitments: pd.DataFrame, classes: Sequence[str], note: np.ndarray) -> None:
    """Note where the first supply comes after the day on which a contract is owed."""
    if "period" not in commitments:
        return
    place, day = buckets.places_of(commitments), day_numbers(pd.to_datetime(commitments["period"]))
    cls = pd.Index([id_text(one) for one in classes]).get_indexer(id_texts(commitments["demand_class"]))
    here = place >= 0
    place, day, cls = place[here], day[here], cls[here]
    bucket, late = buckets.bucket_of(place, day), buckets.comes_late(place, day)
    for at, of, due in zip(bucket[late], cls[late], day[late], strict=True):
        told = f"owed on {np.datetime64(int(due), 'D')}, before the first supply"
        _add(note, at, of, told)


def _add(note: np.ndarray, bucket: int, cls: int, told: str) -> None:
    note[bucket, cls] = "; ".join(part for part in (note[bucket, cls], told) if part)


def _told(asked: Owed, owed: np.ndarray) -> np.ndarray:
    """Return what is owed as it was stated, in whole pieces where some of it was moved."""
    return np.where(np.isclose(owed, asked.each + asked.dated), asked.mean, owed)


def _tell_unmet(buckets: SupplyBuckets, commitments: pd.DataFrame) -> None:
    unmet = commitments[buckets.places_of(commitments) < 0]
    if len(unmet):
        first = "; ".join(f"{item} at {at}" for item, at in unmet[PLACE].drop_duplicates().head(3).to_numpy())
        told = f"contracts count for nothing {in_rows(len(unmet))}: there is no supply of {first}"
        warnings.warn(told, stacklevel=3)


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
    held = allocations.assign(quantity=kept_units(allocations))
    held = held[(held["quantity"] > 0).to_numpy()]
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
        Table ``allocations``; released_date is that of what is kept beyond contracts, the later of two, never where one
        is never released; what is committed is not released. Other numbers are those of the second, where it has
        them. Beside a neutral row, which neither keeps nor limits, kind, quantity and released_date are those of the
        other; a reservation beside both is both. A contract beside a limit is a limit of both together, of which what
        is committed is kept.

    Raises
    ------
    DataError
        Where a class has quotas of two kinds in a bucket, neutral ones, a reservation beside both and a contract
        beside a limit aside.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("gold", "silver")])
    >>> from segkit.promising.allocation.demand_left import demand_left
    >>> from segkit.promising.allocation.fair_quotas import allocate_by_rank
    >>> owed = allocate_commitments(supply, demand.iloc[1:].assign(mean=20.0), classes=["gold", "silver"])
    >>> asked = demand_left(demand, supply, owed)
    >>> rest = allocate_by_rank(supply_left(supply, owed), asked, classes=["gold", "silver"])
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
    kinds = deciding["kind"].agg(set)
    mixed[kinds.isin([{"reservation", "both"}])] = 1
    mixed[kinds.isin([{"reservation", "limit"}]) & ~_kept_by_rule(both).groupby([both[name] for name in key]).any()] = 1
    if (mixed > 1).any():
        shown = ["/".join(map(str, place)) for place in mixed[mixed > 1].index[:3]]
        problem = f"{int((mixed > 1).sum()):,} quotas are of two kinds, first: {'; '.join(shown)}"
        raise DataError(list_problems("allocations cannot be joined", [problem], [_ONE_KIND]))
    made = groups.first()
    made["kind"], made["quantity"] = deciding["kind"].min(), deciding["quantity"].sum()
    if "committed" in made:
        made["committed"] = deciding["committed"].sum()
    if "released_date" in made:
        own = _without_contracts(_without_idle(both, key), key).groupby(key, sort=True)
        day = own["released_date"]
        made["released_date"] = day.max().where(day.count() == own.size())
    made["supply"] = both.groupby(BUCKET)["supply"].max().reindex(made.index.droplevel("demand_class")).to_numpy()
    made["rule"] = groups["rule"].agg(lambda words: " + ".join(dict.fromkeys(words[::-1]))).astype("str")
    made["share"] = np.divide(made["quantity"], made["supply"], out=np.zeros(len(made)), where=made["supply"] > 0)
    return made.reset_index()[list(first.columns)].astype(first.dtypes.to_dict())


def _kept_by_rule(both: pd.DataFrame) -> pd.Series:
    """Return which rows keep more than contracts owe."""
    more = kept_units(both) > committed_units(both) + 1e-9
    return pd.Series(more, index=both.index)


def _without_contracts(both: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the rows without those that keep what a contract owes and no more, beside one that is of a rule."""
    rule = _kept_by_rule(both) | pd.Series(committed_units(both) == 0, index=both.index)
    return both[rule | ~rule.groupby([both[name] for name in key]).transform("any")]


def _without_idle(both: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the rows without those that are neutral beside one that keeps or limits."""
    acts = both["kind"] != "neutral"
    return both[acts | ~acts.groupby([both[name] for name in key]).transform("any")]
