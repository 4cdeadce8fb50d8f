"""Quotas that people state: a number, a share or a ratio for each class, for all items or for some."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.ids import id_texts
from segkit.formulas.quotas import quotas_by_number, quotas_by_share
from segkit.formulas.split_units import split_by_weight
from segkit.promising.allocation.faults import Faults, require_classes
from segkit.promising.allocation.quota_rows import HELD, KINDS, Figures, allocation_rows
from segkit.promising.allocation.supply_buckets import PLACE, SupplyBuckets, read_supply
from segkit.promising.promise_terms import OTHERS

_ROUNDING = 1e-9


def allocate_by_number(
    supply: pd.DataFrame, quotas: pd.DataFrame, *, classes: Sequence[str], release_days: float | None = None
) -> pd.DataFrame:
    """Return quotas of a number of units for each class in every supply bucket.

    Parameters
    ----------
    supply : DataFrame
        item_id, location_id, available_date, quantity [units]; buckets are the days of a place.
    quotas : DataFrame
        demand_class ("(all others)" = classes not named), number [units]; item_id, location_id (blank = all, the most
        exact row counts) and kind: reservation (default), limit, both or neutral.
    classes : sequence of str
        Best first: where supply is short, the better class has its number first.
    release_days : float, optional
        A quota is released so many days before the next bucket of the place arrives; default never. [days]

    Returns
    -------
    DataFrame
        Table ``allocations``. What is reserved is never more than the supply; others reserve nothing. Quotas for items
        or places without supply are warned of.

    Raises
    ------
    DataError
        Negative supply or number, an unknown class or kind: all of them at once.

    References
    ----------
    Oracle Global Order Promising, User's Guide, allocation rules.

    Examples
    --------
    >>> day = pd.Timestamp("2025-06-02")
    >>> supply = pd.DataFrame([{"item_id": "SKU-1", "location_id": "A", "available_date": day, "quantity": 600.0}])
    >>> quotas = pd.DataFrame({"demand_class": ["gold", "silver"], "number": [500, 200]})
    >>> allocate_by_number(supply, quotas, classes=["gold", "silver"])["quantity"].tolist()
    [500.0, 100.0]
    """
    buckets, classes = read_supply(supply), _with_others(classes, quotas)
    number, kind = _stated(quotas, "number", buckets, classes)
    held = np.isin(kind, HELD)
    asked = np.nan_to_num(number)
    given = np.where(held, quotas_by_number(buckets.supply, np.where(held, asked, 0.0)), asked)
    short = held & (given < asked - _ROUNDING)
    note = np.where(short, "cut: supply does not cover the numbers", "").astype(object)
    figures: Figures = {"quantity": given, "kind": kind, "rule": "number", "note": note}
    return allocation_rows(buckets, classes, figures, release_days=release_days, named=~np.isnan(number))


def allocate_by_share(
    supply: pd.DataFrame,
    quotas: pd.DataFrame,
    *,
    classes: Sequence[str],
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas of a share of every supply bucket for each class; the rest is for all.

    Parameters
    ----------
    supply, quotas, classes
        As `allocate_by_number` takes them; quotas has share (0 to 1) in place of number.
    unit : float
        Smallest piece; 0 = any amount. [units]
    release_days : float, optional
        As `allocate_by_number` takes it. [days]

    Returns
    -------
    DataFrame
        Table ``allocations``; whole pieces by the largest remainder, the pool taking part.

    Raises
    ------
    DataError
        As `allocate_by_number`; where the shares kept at a place are above 100 %.

    Examples
    --------
    >>> day = pd.Timestamp("2025-06-02")
    >>> supply = pd.DataFrame([{"item_id": "SKU-1", "location_id": "A", "available_date": day, "quantity": 1000.0}])
    >>> quotas = pd.DataFrame({"demand_class": ["gold"], "share": [0.2]})
    >>> allocate_by_share(supply, quotas, classes=["gold"])["quantity"].tolist()
    [200.0]
    """
    buckets, classes = read_supply(supply, unit), _with_others(classes, quotas)
    share, kind = _stated(quotas, "share", buckets, classes)
    held, asked = np.isin(kind, HELD), np.nan_to_num(share)
    _require_whole(buckets, np.where(held, asked, 0.0))
    piece = np.full(len(buckets.supply), float(unit))
    given = quotas_by_share(buckets.supply, np.where(held, np.minimum(asked, 1.0), 0.0), unit=piece)
    alone = split_by_weight(
        np.repeat(buckets.supply, len(classes)).reshape(asked.shape),
        np.stack([np.minimum(asked, 1.0), 1.0 - np.minimum(asked, 1.0)], axis=-1),
        unit=piece[:, None],
    )[..., 0]
    figures: Figures = {"quantity": np.where(held, given, alone), "kind": kind, "rule": "share"}
    return allocation_rows(buckets, classes, figures, release_days=release_days, named=~np.isnan(share))


def allocate_by_ratio(
    supply: pd.DataFrame,
    quotas: pd.DataFrame,
    *,
    classes: Sequence[str],
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas that split every supply bucket among the classes in a ratio.

    Parameters
    ----------
    supply, quotas, classes, unit, release_days
        As `allocate_by_share` takes them; quotas has ratio, for example 3 and 1.

    Returns
    -------
    DataFrame
        Table ``allocations``; adds up to the supply of each bucket that has a ratio above 0.

    Raises
    ------
    DataError
        As `allocate_by_number`.

    Examples
    --------
    >>> day = pd.Timestamp("2025-06-02")
    >>> supply = pd.DataFrame([{"item_id": "SKU-1", "location_id": "A", "available_date": day, "quantity": 2000.0}])
    >>> quotas = pd.DataFrame({"demand_class": ["gold", "silver"], "ratio": [3, 1]})
    >>> allocate_by_ratio(supply, quotas, classes=["gold", "silver"])["quantity"].tolist()
    [1500.0, 500.0]
    """
    buckets, classes = read_supply(supply, unit), _with_others(classes, quotas)
    ratio, kind = _stated(quotas, "ratio", buckets, classes)
    weight = np.nan_to_num(ratio)
    some = weight.sum(axis=1) > 0
    given = split_by_weight(np.where(some, buckets.supply, 0.0), weight, unit=np.full(len(some), float(unit)))
    figures: Figures = {"quantity": given, "kind": kind, "rule": "ratio"}
    return allocation_rows(buckets, classes, figures, release_days=release_days, named=~np.isnan(ratio))


def _with_others(classes: Sequence[str], quotas: pd.DataFrame) -> Sequence[str]:
    """Return the classes, and behind them all others where a quota is theirs."""
    if isinstance(classes, str) or OTHERS in classes or "demand_class" not in quotas:
        return classes
    return [*classes, OTHERS] if (quotas["demand_class"].astype("str") == OTHERS).any() else classes


def _stated(
    quotas: pd.DataFrame, column: str, buckets: SupplyBuckets, classes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the figure (NaN = none) and kind for each bucket and class: the most exact row counts."""
    faults = Faults(quotas, "quotas")
    faults.needs(["demand_class", column])
    cls = require_classes(classes, quotas["demand_class"], "quotas")
    amount = faults.amounts(column)
    kind = quotas["kind"].fillna("reservation").astype("str") if "kind" in quotas else None
    if kind is not None:
        faults.add(f"kind is none of {', '.join(KINDS)}", ~kind.isin(KINDS).to_numpy())
    keys = pd.DataFrame({name: _texts(quotas, name) for name in PLACE})
    key = keys.assign(demand_class=id_texts(quotas["demand_class"]).to_numpy())
    faults.add("the same items and class are told again", key.duplicated().to_numpy())
    faults.stop(f"Give each class once for the same items, with a {column} of 0 or more.")
    found = np.full((len(buckets.supply), len(classes)), np.nan)
    kinds = np.full(found.shape, "reservation", dtype=object)
    words = np.full(len(quotas), "reservation", dtype=object) if kind is None else kind.to_numpy(dtype=object)
    told = keys.assign(cls=cls, amount=amount, kind=words)
    own = buckets.table[PLACE].assign(bucket=np.arange(len(found)))
    _tell_unmet(keys, buckets)
    for names in ([], ["location_id"], ["item_id"], PLACE):
        exact = np.all([(keys[name] != "") == (name in names) for name in PLACE], axis=0)
        rows = told.loc[exact, [*names, "cls", "amount", "kind"]]
        met = own.merge(rows, on=names) if names else own.merge(rows, how="cross")
        at = (met["bucket"].to_numpy(dtype=np.int64), met["cls"].to_numpy(dtype=np.int64))
        found[at], kinds[at] = met["amount"].to_numpy(), met["kind"].to_numpy()
    return found, kinds


def _texts(table: pd.DataFrame, name: str) -> np.ndarray:
    if name not in table:
        return np.full(len(table), "", dtype=object)
    return id_texts(table[name]).fillna("").to_numpy(dtype=object)


def _tell_unmet(keys: pd.DataFrame, buckets: SupplyBuckets) -> None:
    """Warn of quotas for items or places that have no supply: they count for nothing."""
    unmet = np.zeros(len(keys), dtype=bool)
    for names in (["location_id"], ["item_id"], PLACE):
        exact = np.all([(keys[name] != "") == (name in names) for name in PLACE], axis=0)
        known = pd.MultiIndex.from_frame(buckets.table[names])
        unmet |= exact & ~pd.MultiIndex.from_frame(keys[names]).isin(known)
    if unmet.any():
        where = keys[unmet].drop_duplicates().head(3)
        first = "; ".join(f"{item or 'all items'} at {at or 'all locations'}" for item, at in where.to_numpy())
        problem = f"quotas count for nothing {in_rows(int(unmet.sum()))}: there is no supply of {first}"
        warnings.warn(problem, stacklevel=4)


def _require_whole(buckets: SupplyBuckets, share: np.ndarray) -> None:
    total = share.sum(axis=1)
    over = np.flatnonzero(total > 1 + _ROUNDING)
    if len(over):
        worst = buckets.table.assign(total=total).iloc[over].drop_duplicates(PLACE)
        shown = [f"{row.item_id} at {row.location_id}: {row.total:.1%}" for row in worst.head(5).itertuples()]
        problem = f"quotas are above 100 % at {len(worst):,} places: {'; '.join(shown)}"
        raise DataError(list_problems("quotas cannot be kept", [problem], ["Lower the shares, or make some a limit."]))
