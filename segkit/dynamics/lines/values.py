"""What items, customers and groups of them sold and earned: order lines added up."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table, nomenclature
from segkit.core.masters import look_up
from segkit.dynamics.lines.line_kinds import ALL, order_codes

_NOISE = 1e-12  # a sum below this part of what was added is rounding, not money
MONEY = [
    "revenue",
    "discount",
    "cost",
    "gross_margin",
    "freight_out",
    "activity_cost",
    "payment_cost",
    "cost_to_serve",
    "net_margin",
]
_ITEM_GROUPS = {"category": "category", "supplier": "supplier_id"}


def last_months(lines: pd.DataFrame, as_of: date, months: int) -> pd.DataFrame:
    """Return the order lines of the last ``months`` months up to and with ``as_of``."""
    begin = pd.Timestamp(as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=months)
    if lines["order_date"].is_monotonic_increasing:  # a slice costs nothing
        return lines.iloc[lines["order_date"].searchsorted(begin) :]
    return lines[(lines["order_date"] >= begin).to_numpy()]


def value_items(lines: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return ``item_value``: what every item sold and earned over the lines given.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    items : DataFrame
        Table ``items``, for the attributes.

    Returns
    -------
    DataFrame
        One row per item that has lines; sums over items equal the sums over lines.
    """
    table = total_by(lines, "item_id", {"customers": "customer_id"})
    return _order(_join(table, items, "item_id", ["description", "category", "supplier_id"]), "item_value")


def value_customers(lines: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return ``customer_value``: what every customer bought and earned us over the lines given.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    customers : DataFrame
        Table ``customers``, for the attributes.

    Returns
    -------
    DataFrame
        One row per customer that has lines, (unknown) included; sums over customers equal the sums over lines.
    """
    table = total_by(lines, "customer_id", {"items": "item_id", "orders": ""})
    table = _join(table, customers, "customer_id", ["name", "region", "tier", "channel"])
    table["channel"] = table["channel"].fillna(table["customer_id"].map(_usual_channels(lines))).astype("str")
    return _order(table, "customer_value")


def value_groups(lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return ``group_value``: what channels, suppliers, regions and other groups bought and earned.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    items : DataFrame
        Table ``items``: groups by category and supplier_id.
    customers : DataFrame
        Table ``customers``: groups by region, country and tier.

    Returns
    -------
    DataFrame
        Of every kind of group that the data know one row per group; lines without one stand under ``(all)``, so that
        each kind adds up to the sums over lines.
    """
    own = {"channel": lines["channel"], "location": lines["location_id"]}
    own |= {name: look_up(lines["item_id"], items, column) for name, column in _ITEM_GROUPS.items()}
    own |= {name: look_up(lines["customer_id"], customers, name) for name in ("region", "country", "tier")}
    parts = []
    for entity, group in own.items():
        named = group.astype("str").fillna(ALL)
        if (named != ALL).any():
            counts = {"customers": "customer_id", "items": "item_id", "orders": ""}
            table = total_by(lines.assign(entity_id=named), "entity_id", counts)
            parts.append(table.assign(entity=pd.Series(entity, index=table.index, dtype="str")))
    if not parts:
        return empty_table("group_value")
    found = pd.concat(parts, ignore_index=True).sort_values(["entity", "entity_id"], ignore_index=True)
    return _order(found, "group_value")


def _usual_channels(lines: pd.DataFrame) -> pd.Series:
    """Return the channel of most lines by customer_id; of equal ones the first by name."""
    counts = lines.groupby(["customer_id", "channel"], observed=True).size().reset_index(name="lines")
    best = counts.sort_values(["customer_id", "lines", "channel"], ascending=[True, False, True])
    return best.drop_duplicates("customer_id").set_index("customer_id")["channel"]


def _bought(lines: pd.DataFrame) -> np.ndarray:
    """Return which lines are demand: neither goods taken back nor lines that cancel each other."""
    return ~(lines["is_return"] | lines["is_reversed"]).to_numpy(dtype=bool)


def total_by(lines: pd.DataFrame, key: str, distinct: dict[str, str]) -> pd.DataFrame:
    """Return quantity, money, shares and counts of order lines by ``key``; ``distinct`` names what else is counted.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines`` with column ``key``.
    key : str
        Column to add up by.
    distinct : dict of str to str
        Column to make: column whose distinct values are counted (blank = orders).

    Returns
    -------
    DataFrame
        One row per value of ``key``, sorted.
    """
    codes, ids = pd.factorize(lines[key], sort=True)
    back = (lines["is_return"] & ~lines["is_reversed"]).to_numpy(dtype=bool)
    sold = _bought(lines)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(codes, weights=values, minlength=len(ids)).astype("float64")

    table = pd.DataFrame({key: pd.Series(ids, dtype="str")})
    table["quantity"] = total(lines["quantity"].to_numpy())
    for name in MONEY:
        table[name] = _money_by(total, lines[name].to_numpy(), len(ids))
    table["margin_share"] = (table["net_margin"] / table["revenue"]).where(table["revenue"] > 0)
    table["service_share"] = (table["cost_to_serve"] / table["revenue"]).where(table["revenue"] > 0)
    taken_back = np.where(back, lines["revenue"].to_numpy(), 0.0) if back.any() else None
    table["returned_value"] = 0.0 if taken_back is None else -total(taken_back) + 0.0
    table["lines"] = np.bincount(codes[sold], minlength=len(ids))
    for name, column in distinct.items():
        others = pd.factorize(lines[column])[0] if column else order_codes(lines)
        counted = sold & (lines[column] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool) if column else sold
        size = others.max(initial=0) + 1
        pairs = pd.unique(codes[counted] * size + others[counted]) // size
        table[name] = np.bincount(pairs, minlength=len(ids))
    table["last_order_date"] = _last_days(lines["order_date"].to_numpy(), sold, codes, len(ids))
    return table


def _money_by(total: Callable[[np.ndarray], np.ndarray], values: np.ndarray, count: int) -> np.ndarray:
    """Return sums in which what is but rounding is zero; only what has both signs can leave such."""
    if not values.any():  # most companies charge nothing for something
        return np.zeros(count)
    summed = total(values)
    if values.min() >= 0:
        return summed
    return np.where(np.abs(summed) <= _NOISE * total(np.abs(values)), 0.0, summed)


def _last_days(days: np.ndarray, sold: np.ndarray, codes: np.ndarray, count: int) -> np.ndarray:
    """Return the last day by code of what was sold; missing where nothing was."""
    last = np.full(count, np.datetime64("NaT"), dtype=days.dtype)
    numbers = last.view("int64")  # a missing day is the least of all numbers
    np.maximum.at(numbers, codes[sold], days.view("int64")[sold])
    return last


def _join(table: pd.DataFrame, master: pd.DataFrame, key: str, names: list[str]) -> pd.DataFrame:
    joined = table.merge(master.reindex(columns=[key, *names]).drop_duplicates(key), on=key, how="left")
    return joined.astype(dict.fromkeys(names, "str"))


def _order(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[list(nomenclature()[name].columns)]
