"""Recognise the order lines that are not plain sales. No row leaves: each that is not used carries its reason."""

import fnmatch
import re
from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.core.settings import Orders
from segkit.core.tables import MarkedTable, Note

UNKNOWN_CUSTOMER = "(unknown)"

_FIXES = {
    "no price": "Map free goods to status 'free', or set orders.missing_price = 'set_aside' in segkit.toml.",
    "no customer": "Map customer_id, or set orders.missing_customer = 'keep' in segkit.toml.",
    "no item": "Map item_id, or set orders.missing_item = 'set_aside' in segkit.toml.",
    "price below zero": "Correct the price, or set orders.negative_price = 'set_aside' in segkit.toml.",
}


def clean_orders(orders: MarkedTable, rules: Orders) -> MarkedTable:
    """Mark the lines that are not goods sold, and note what is worth knowing about the others.

    Parameters
    ----------
    orders : MarkedTable
        Table ``orders`` as mapped; rows already marked keep their reason.
    rules : Orders
        What to do with each kind of line.

    Returns
    -------
    MarkedTable
        All rows; ``customer_id`` filled with ``(unknown)`` where it is missing and kept.

    Raises
    ------
    DataError
        Lines meet a rule that says ``fail``: all of them at once, with the first offenders and the fix.
    """
    frame = orders.frame
    price = line_price(frame)
    reason = orders.reason.to_numpy(dtype=object, copy=True)
    plain = reason == ""
    failing: dict[str, np.ndarray] = {}
    for name, (found, rule) in _marks(frame, price, rules).items():
        fresh = found.to_numpy(dtype=bool) & plain
        if rule == "keep" or not fresh.any():
            continue
        reason[fresh], plain = name, plain & ~fresh
        if rule == "fail":
            failing[name] = fresh
    if failing:
        problems = [_offenders(name, frame[found]) for name, found in failing.items()]
        raise DataError(list_problems("table 'orders' cannot be used", problems, [_FIXES[name] for name in failing]))
    cleaned = frame.assign(customer_id=frame["customer_id"].fillna(UNKNOWN_CUSTOMER))
    return replace(orders, frame=cleaned, reason=pd.Series(reason, index=frame.index, dtype="str"))


def line_price(orders: pd.DataFrame) -> pd.Series:
    """Return each line's price per unit [currency/unit]: unit_price, else amount / quantity; missing where neither."""
    price = orders["unit_price"] if "unit_price" in orders else pd.Series(np.nan, index=orders.index)
    if "amount" not in orders:
        return price
    quantity = orders["quantity"].where(orders["quantity"] != 0)
    return price.fillna(orders["amount"] / quantity)


def line_value(orders: pd.DataFrame) -> pd.Series:
    """Return each line's money [source currency]: amount, else quantity x unit_price less discount."""
    given = orders["amount"] if "amount" in orders else pd.Series(np.nan, index=orders.index)
    if "unit_price" not in orders:
        return given
    worked = orders["quantity"] * orders["unit_price"]
    if "discount" in orders:
        worked = worked - np.sign(orders["quantity"]) * orders["discount"].fillna(0.0)
    return given.fillna(worked)


def is_one_of(items: pd.Series, patterns: list[str]) -> pd.Series:
    """Return which ids match one of the shell patterns (``*`` and ``?``; upper and lower case count as equal)."""
    if not patterns:
        return pd.Series(False, index=items.index)
    test = re.compile("|".join(fnmatch.translate(pattern.strip().lower()) for pattern in patterns)).match
    known = items.dropna().unique()
    return items.isin([item for item in known if test(str(item).lower())])


def _marks(frame: pd.DataFrame, price: pd.Series, rules: Orders) -> dict[str, tuple[pd.Series, str]]:
    """Return per reason, in the order in which they count, the rows it speaks of and the rule."""
    status = _status(frame)
    free = (price == 0) | (status == "free")
    return {
        "order date is missing": (frame["order_date"].isna(), "set_aside"),
        "cancelled": (status == "cancelled", rules.cancelled),
        "no item": (frame["item_id"].isna(), rules.missing_item),
        "no goods (orders.non_product_items)": (is_one_of(frame["item_id"], rules.non_product_items), "set_aside"),
        "quantity is zero or missing": (frame["quantity"].fillna(0) == 0, "set_aside"),
        "price below zero": (price < 0, rules.negative_price),
        "no price": (price.isna() & (status != "free"), rules.missing_price),
        "stock correction (quantity below zero at no price)": (free & (frame["quantity"] < 0), "set_aside"),
        "free of charge": (free, rules.free_lines),
        "no customer": (frame["customer_id"].isna(), rules.missing_customer),
    }


def _status(frame: pd.DataFrame) -> pd.Series:
    return frame["status"] if "status" in frame else pd.Series(None, index=frame.index, dtype="str")


def note_lines(orders: MarkedTable, values: pd.Series) -> MarkedTable:
    """Return cleaned (and cut) orders with notes on the lines that are used and yet are no plain sales.

    Parameters
    ----------
    orders : MarkedTable
        From `clean_orders`.
    values : Series
        Money of each line [currency of the plan].

    Returns
    -------
    MarkedTable
        The same rows, with notes on returns, free lines and lines without a customer.
    """
    frame, used = orders.frame, orders.reason == ""
    kinds = {
        "goods taken back (quantity below zero)": (frame["quantity"] < 0, "Kept as returns; never netted with demand."),
        "free of charge, kept": (
            (line_price(frame) == 0) | (_status(frame) == "free"),
            "They count as demand without revenue; orders.free_lines changes it.",
        ),
        "no customer, kept as (unknown)": (
            frame["customer_id"] == UNKNOWN_CUSTOMER,
            "They count for items, not in customer classes.",
        ),
    }
    notes = tuple(
        Note(
            name,
            int((found & used).sum()),
            float(values[found & used].sum()),
            first_offenders(frame[found & used]),
            fix,
        )
        for name, (found, fix) in kinds.items()
        if (found & used).any()
    )
    return replace(orders, notes=orders.notes + notes)


def first_offenders(frame: pd.DataFrame, most: int = 2) -> str:
    """Return the first rows as text: the ids and the day that let a person find them in the source."""
    names = [name for name in ("order_id", "line_id", "customer_id", "item_id", "order_date") if name in frame]
    rows = frame[names].head(most)
    return "; ".join(
        ", ".join(f"{name}={_plain(value)}" for name, value in zip(names, row, strict=True) if not pd.isna(value))
        for row in rows.itertuples(index=False)
    )


def _plain(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else repr(value)


def _offenders(name: str, frame: pd.DataFrame) -> str:
    return f"{name} in {len(frame):,} rows, first: {first_offenders(frame)}"
