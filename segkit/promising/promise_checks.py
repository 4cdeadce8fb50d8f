"""What is wrong with the tables that orders are promised from: everything at once, with the first offenders."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.tables import repeated_rows
from segkit.promising.promise_terms import (
    DELIVERIES,
    KINDS,
    OTHERS,
    PLACE,
    PromiseTerms,
    committed_units,
    kept_units,
)

_SHOWN = ("order_id", "line_id", "item_id", "location_id", "available_date", "demand_class", "kind", "delivery")
_COLUMNS = {
    "orders": ("order_id", "line_id", "order_date", "item_id", "quantity"),
    "supply": ("item_id", "available_date", "quantity"),
    "allocations": ("item_id", "available_date", "demand_class", "quantity", "kind"),
    "alternatives": ("item_id", "alternative_item_id"),
    "terms.capable": ("item_id", "lead_time_days"),
    "terms.critical_levels": ("item_id", "demand_class", "critical_level"),
}
_MOST_QUOTAS, _MOST_CLASSES = 62, 32_767  # a bit of a whole number each; whole numbers of 16 bits
_FIX = {
    "orders": "Give every line once, with an order_date, quantity above 0 and what is allowed of delivery.",
    "supply": "Give supply with a day and a quantity of 0 or more; leave out what is not there.",
    "allocations": "Split buckets of supply among known classes, and not more of a bucket than there is.",
}


def require_tables(tables: dict[str, pd.DataFrame | None], terms: PromiseTerms, as_of: pd.Timestamp | None) -> None:
    """Raise where tables cannot be used: every problem of every table in one message."""
    lacking = [
        f"{name} has no {', '.join(gone)}; it has {', '.join(map(str, table.columns)) or 'no columns'}"
        for name, table in tables.items()
        if table is not None and (gone := [column for column in _COLUMNS[name] if column not in table])
    ]
    _raise(lacking, ["Map the columns, or rename them."])
    problems = list(_placed(tables))
    fixes = ["Give location_id in every table, or in none."] if problems else []
    for name, found in (
        ("orders", _of_orders(tables["orders"], as_of)),
        ("supply", _of_supply(tables["supply"])),
        ("allocations", _of_allocations(tables["allocations"], tables["supply"], terms)),
        ("alternatives", _of_alternatives(tables["alternatives"])),
        ("terms.capable", _of_capable(tables["terms.capable"])),
        ("terms.critical_levels", _of_levels(tables["terms.critical_levels"], terms)),
    ):
        told = [f"{name}: {problem}" for problem in found]
        problems += told
        fixes += [_FIX[name]] if told and name in _FIX else []
    problems += list(_of_terms(tables["orders"], tables["allocations"], terms))
    _raise(problems, fixes)


def _placed(tables: dict[str, pd.DataFrame | None]) -> Iterator[str]:
    """Yield where some tables tell locations and others do not: their rows would never meet."""
    given = {name: "location_id" in table for name, table in tables.items() if table is not None}
    if len(set(given.values())) > 1:
        without, have = ([name for name, told in given.items() if told == has] for has in (False, True))
        yield f"{', '.join(without)}: no location_id, though {', '.join(have)} tell locations"


def _raise(problems: Sequence[str], fixes: Sequence[str]) -> None:
    if problems:
        raise DataError(list_problems("orders cannot be promised", problems, fixes))


def _wrong(table: pd.DataFrame, rows: np.ndarray | pd.Series, problem: str) -> Iterator[str]:
    where = np.asarray(rows, dtype=bool)
    if where.any():
        yield f"{problem} {in_rows(int(where.sum()))}, first: {_first(table[where])}"


def _first(rows: pd.DataFrame) -> str:
    names = [name for name in _SHOWN if name in rows]
    shown = rows.sort_values(names, kind="stable").iloc[:2]
    words = [
        ", ".join(f"{name}={_plain(value)}" for name, value in zip(names, row, strict=True) if not pd.isna(value))
        for row in shown[names].itertuples(index=False)
    ]
    return "; ".join(words)


def _plain(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else repr(value)


def _numbers(table: pd.DataFrame, name: str) -> np.ndarray:
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _nowhere(table: pd.DataFrame) -> Iterator[str]:
    for name in PLACE:
        if name in table:
            yield from _wrong(table, table[name].isna(), f"{name} is missing")


def _of_orders(orders: pd.DataFrame | None, as_of: pd.Timestamp | None) -> Iterator[str]:
    assert orders is not None
    quantity = _numbers(orders, "quantity")
    yield from _wrong(orders, ~np.isfinite(quantity), "quantity is missing or no number")
    yield from _wrong(orders, quantity <= 0, "quantity is not above 0 (returns are not promised)")
    yield from _wrong(orders, orders[["order_id", "line_id"]].isna().any(axis=1), "order_id or line_id is missing")
    yield from _wrong(orders, repeated_rows(orders, ["order_id", "line_id"]), "order_id and line_id repeat")
    yield from _nowhere(orders)
    yield from _wrong(orders, orders["order_date"].isna(), "order_date is missing")
    if "requested_date" in orders:
        yield from _wrong(orders, orders["requested_date"].isna(), "requested_date is missing")
        if as_of is not None:
            problem = f"requested_date lies before as_of ({as_of:%Y-%m-%d})"
            yield from _wrong(orders, orders["requested_date"] < as_of, problem)
    if "demand_class" in orders:
        yield from _wrong(orders, orders["demand_class"].isna(), "demand_class is missing")
    for name in ("max_lateness_days", "split_minimum"):
        if name in orders:
            yield from _wrong(orders, _numbers(orders, name) < 0, f"{name} is below 0")
    if "delivery" in orders:
        strange = orders["delivery"].notna() & ~orders["delivery"].isin(DELIVERIES)
        yield from _wrong(orders, strange, f"delivery is none of {', '.join(DELIVERIES)}")


def _of_supply(supply: pd.DataFrame | None) -> Iterator[str]:
    assert supply is not None
    quantity = _numbers(supply, "quantity")
    yield from _wrong(supply, ~np.isfinite(quantity), "quantity is missing or no number")
    yield from _wrong(supply, quantity < 0, "quantity is below 0")
    yield from _nowhere(supply)
    yield from _wrong(supply, supply["available_date"].isna(), "available_date is missing")


def _of_allocations(
    allocations: pd.DataFrame | None, supply: pd.DataFrame | None, terms: PromiseTerms
) -> Iterator[str]:
    if allocations is None:
        return
    assert supply is not None
    quantity = _numbers(allocations, "quantity")
    yield from _nowhere(allocations)
    yield from _wrong(allocations, ~(quantity >= 0), "quantity is missing or below 0")
    yield from _wrong(allocations, ~allocations["kind"].isin(KINDS), f"kind is none of {', '.join(KINDS)}")
    known = {*terms.classes, OTHERS}
    strange = ~allocations["demand_class"].isin(known)
    if terms.classes:
        above = strange & allocations["kind"].eq("neutral") & _of_hierarchy(allocations)
        told = (
            "a node of the hierarchy that is no class has a row: give the reservations alone, not rows of kind neutral"
        )
        yield from _wrong(allocations, above, told)
        strange &= ~above
        yield from _wrong(allocations, strange, _unknown_class(allocations.loc[strange], terms))
    place = [name for name in PLACE if name in allocations and name in supply]
    bucket = [*place, "available_date"]
    days = allocations.assign(available_date=allocations["available_date"].dt.floor("D"))
    again = days.duplicated([*bucket, "demand_class"])
    yield from _wrong(days, again, "a class has a bucket twice")
    there = supply.assign(available_date=supply["available_date"].dt.floor("D")).groupby(bucket)["quantity"].sum()
    owed = committed_units(allocations)
    beyond = (owed > quantity * (1 + 1e-9)) & allocations["kind"].isin(["limit", "both", "reservation"]).to_numpy()
    yield from _wrong(allocations, beyond | (owed < 0), "committed is above the quantity, or below 0")
    kept = days.assign(kept=kept_units(allocations)).groupby(bucket)["kept"].sum()
    index = pd.MultiIndex.from_frame(days[bucket]) if len(bucket) > 1 else pd.Index(days[bucket[0]])
    yield from _wrong(days, ~index.isin(there.index), "no supply is known of the item, location and day")
    both = pd.DataFrame({"kept": kept, "quantity": there}).dropna().reset_index()
    over = both[both["kept"] > both["quantity"] * (1 + 1e-9)]
    if len(over):
        one = over.iloc[0]
        told = f"{one['kept']:g} of {one['quantity']:g} units, {_first(over.drop(columns='quantity'))}"
        yield f"more than 100 % of a bucket is reserved in {len(over):,} buckets, first: {told}"


def _of_hierarchy(allocations: pd.DataFrame) -> pd.Series:
    if "rule" not in allocations:
        return pd.Series(False, index=allocations.index)
    return allocations["rule"].astype("str").str.contains("hierarchy", regex=False)


def _unknown_class(rows: pd.DataFrame, terms: PromiseTerms) -> str:
    word = str(rows["demand_class"].iloc[0]) if len(rows) else ""
    return f"demand_class {word!r} is not among terms.classes{nearest_name(word, list(terms.classes))}"


def _of_alternatives(table: pd.DataFrame | None) -> Iterator[str]:
    if table is None:
        return
    yield from _nowhere(table)
    yield from _wrong(table, table["alternative_item_id"].isna(), "alternative_item_id is missing")
    for name in ("unit_cost", "transit_days"):
        if name in table:
            amount = _numbers(table, name)
            yield from _wrong(
                table, ~(np.isfinite(amount) & (amount >= 0)), f"{name} is missing or below 0, or endless"
            )


def _of_levels(table: pd.DataFrame | None, terms: PromiseTerms) -> Iterator[str]:
    if table is None:
        return
    yield from _nowhere(table)
    yield from _wrong(table, ~(_numbers(table, "critical_level") >= 0), "critical_level is missing or below 0")
    place = [name for name in PLACE if name in table]
    yield from _wrong(table, table.duplicated([*place, "demand_class"]), "a class has a place twice")
    strange = ~table["demand_class"].isin(terms.classes)
    if terms.classes:
        yield from _wrong(table, strange, _unknown_class(table.loc[strange], terms))


def _of_capable(table: pd.DataFrame | None) -> Iterator[str]:
    if table is None:
        return
    yield from _wrong(table, ~(_numbers(table, "lead_time_days") >= 0), "lead_time_days is missing or below 0")
    place = [name for name in PLACE if name in table]
    yield from _nowhere(table)
    yield from _wrong(table, table.duplicated(place), "an item and location repeat")
    if "capacity" in table:
        limited = table["capacity"].notna().to_numpy()
        capacity = _numbers(table, "capacity")
        yield from _wrong(table, limited & ~((capacity > 0) & np.isfinite(capacity)), "capacity is no number above 0")
        days = _numbers(table, "period_days") if "period_days" in table else np.full(len(table), np.nan)
        yield from _wrong(table, limited & ~(days >= 1), "capacity needs period_days of 1 or more")


def _of_terms(orders: pd.DataFrame | None, allocations: pd.DataFrame | None, terms: PromiseTerms) -> Iterator[str]:
    assert orders is not None
    if isinstance(terms.classes, str):
        yield f"terms.classes is a text: give a tuple, for example ({terms.classes!r},)"
        return
    for name in ("split_minimum", "max_lateness_days", "late_cost"):
        value = getattr(terms, name)
        if (value is not None and not value >= 0) or (name == "late_cost" and value == np.inf):
            yield f"terms.{name} is {value}, no number of 0 or more"
    if terms.delivery not in DELIVERIES:
        yield f"terms.delivery {terms.delivery!r} is none of {', '.join(DELIVERIES)}"
    if len(set(terms.classes)) < len(terms.classes):
        yield "terms.classes names a class twice"
    found = orders["demand_class"].unique() if "demand_class" in orders else pd.Index([])
    named = len(terms.classes) or len(found)
    if named > _MOST_CLASSES:
        yield f"{named:,} classes of customers, of which {_MOST_CLASSES:,} can be told apart"
    quotas = 0 if allocations is None else allocations["demand_class"].nunique()
    if allocations is not None and terms.nested:
        quotas += allocations.loc[committed_units(allocations) > 0, "demand_class"].nunique()
    if quotas > _MOST_QUOTAS:
        yield f"allocations: {quotas:,} classes have quotas of their own, of which {_MOST_QUOTAS} can be kept apart"
    if not terms.classes and (allocations is not None or terms.critical_levels is not None):
        yield "terms.classes is blank: give the classes of customers, best first"
    if terms.classes and not pd.isna(found).any() and not set(found) <= set(terms.classes):
        strange = ~orders["demand_class"].isin(terms.classes)
        yield from (
            f"orders: {problem}" for problem in _wrong(orders, strange, _unknown_class(orders.loc[strange], terms))
        )
