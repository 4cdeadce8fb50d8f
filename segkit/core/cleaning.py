"""Recognise the order lines that are not plain sales. No row leaves: each that is not used carries its reason."""

import fnmatch
import re
from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.core.offenders import first_offenders
from segkit.core.settings import Orders
from segkit.core.tables import MarkedTable, Remark

UNKNOWN_CUSTOMER = "(unknown)"
_RETURNED = "status returned, quantity above zero"
_CLASH = "amount and quantity of opposite sign"

_FIXES = {
    "no price": "Map free goods to status 'free', or set orders.missing_price = 'set_aside' in segkit.toml.",
    "no customer": "Map customer_id, or set orders.missing_customer = 'keep' in segkit.toml.",
    "no item": "Map item_id, or set orders.missing_item = 'set_aside' in segkit.toml.",
    "price below zero": "Correct the price, or set orders.negative_price = 'set_aside' in segkit.toml.",
    _CLASH: "Correct the signs, or set orders.negative_price = 'set_aside' in segkit.toml.",
    _RETURNED: "Give returns a quantity below zero, or set orders.returned_positive = 'flip' in segkit.toml.",
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
        All rows; ``customer_id`` filled with ``(unknown)`` where it is missing and kept. Lines with status returned
        and a quantity above zero have become returns: quantity, amount and cost below zero.

    Raises
    ------
    DataError
        Lines meet a rule that says ``fail``: all of them at once, with the first offenders and the fix.
    """
    frame, returned = orders.frame, _returned_above_zero(orders)
    if rules.returned_positive == "flip" and returned.any():
        frame = _take_back(frame, returned)
    price = line_price(frame)
    reason = orders.reason.to_numpy(dtype=object, copy=True)
    plain = reason == ""
    failing: dict[str, np.ndarray] = {}
    for name, (found, rule) in _marks(frame, price, returned, rules).items():
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
    fix = "Taken as returns: quantity, amount and cost are counted below zero, here as in all tables."
    remarks = (Remark(_RETURNED, returned.to_numpy(dtype=bool), fix),)
    return replace(orders, frame=cleaned, reason=pd.Series(reason, index=frame.index, dtype="str"), remarks=remarks)


def line_price(orders: pd.DataFrame) -> pd.Series:
    """Return each line's price per unit [currency/unit]: amount / quantity, else unit_price; missing where neither."""
    price = orders["unit_price"] if "unit_price" in orders else pd.Series(np.nan, index=orders.index)
    if "amount" not in orders:
        return price
    quantity = orders["quantity"].where(orders["quantity"] != 0)
    return (orders["amount"] / quantity).fillna(price)


def line_value(orders: pd.DataFrame) -> pd.Series:
    """Return each line's money [source currency]: amount, else quantity x unit_price less discount."""
    given = orders["amount"] if "amount" in orders else pd.Series(np.nan, index=orders.index)
    return given.fillna(worked_value(orders)) if "unit_price" in orders else given


def worked_value(orders: pd.DataFrame) -> pd.Series:
    """Return quantity x unit_price less discount of each line [source currency]."""
    worked = orders["quantity"] * orders["unit_price"]
    if "discount" in orders:
        worked = worked - np.sign(orders["quantity"]) * orders["discount"].fillna(0.0)
    return worked


def is_one_of(items: pd.Series, patterns: list[str]) -> pd.Series:
    """Return which ids match one of the shell patterns (``*`` and ``?``; upper and lower case count as equal)."""
    if not patterns:
        return pd.Series(False, index=items.index)
    test = re.compile("|".join(fnmatch.translate(pattern.strip().lower()) for pattern in patterns)).match
    known = items.dropna().unique()
    return items.isin([item for item in known if test(str(item).lower())])


def _marks(
    frame: pd.DataFrame, price: pd.Series, returned: pd.Series, rules: Orders
) -> dict[str, tuple[pd.Series, str]]:
    """Return per reason, in the order in which they count, the rows it speaks of and the rule."""
    status, clash = line_status(frame), _clash(frame)
    free = (price == 0) | (status == "free")
    return {
        "order date is missing": (frame["order_date"].isna(), "set_aside"),
        "cancelled": (status == "cancelled", rules.cancelled),
        "no item": (frame["item_id"].isna(), rules.missing_item),
        "no goods (postage, fees and the like)": (is_one_of(frame["item_id"], rules.non_product_items), "set_aside"),
        "quantity is zero or missing": (frame["quantity"].fillna(0) == 0, "set_aside"),
        _RETURNED: (returned, "fail" if rules.returned_positive == "fail" else "keep"),
        "price below zero": ((price < 0) & ~clash, rules.negative_price),
        _CLASH: (clash, rules.negative_price),
        "no price": (price.isna() & (status != "free"), rules.missing_price),
        "stock correction (quantity below zero at no price)": (free & (frame["quantity"] < 0), "set_aside"),
        "free of charge": (free, rules.free_lines),
        "no customer": (frame["customer_id"].isna(), rules.missing_customer),
    }


def line_status(orders: pd.DataFrame) -> pd.Series:
    """Return each line's status; missing where the table brings none."""
    return orders["status"] if "status" in orders else pd.Series(None, index=orders.index, dtype="str")


def _clash(frame: pd.DataFrame) -> pd.Series:
    """Return the lines that say sold by one sign and taken back by the other, though no price below zero says why."""
    if "amount" not in frame:
        return pd.Series(False, index=frame.index)
    clash = frame["amount"] * frame["quantity"] < 0
    return clash & ~(frame["unit_price"] < 0) if "unit_price" in frame else clash


def _returned_above_zero(orders: MarkedTable) -> pd.Series:
    return (line_status(orders.frame) == "returned").fillna(False).astype(bool) & (orders.frame["quantity"] > 0)


def _take_back(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    """Return the frame with the money and quantity of these rows below zero."""
    names = [name for name in ("quantity", "amount", "cost") if name in frame]
    return frame.assign(**{name: frame[name].mask(rows, -frame[name].abs()) for name in names})


def _offenders(name: str, frame: pd.DataFrame) -> str:
    return f"{name} in {len(frame):,} rows, first: {first_offenders(frame)}"
