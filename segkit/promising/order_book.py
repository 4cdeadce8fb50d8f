"""The order book of a plan: which lines are still open, of which class, and what they are worth."""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError, list_problems, nearest_name
from segkit.core.promising_settings import Promising
from segkit.core.tables import sort_rows
from segkit.promising.allocation.stated_terms import classes_stated

_KEY = ["order_id", "line_id"]
_DATES = ["requested_date", "promised_date", "shipped_date", "delivered_date"]
_TERMS = ("delivery", "split_minimum", "max_lateness_days")
_UNKNOWN = "(unknown)"


def date_lines(lines: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Return order lines with the dates of their delivery, and ids for lines that have none.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, with the class of each line in demand_class.
    orders : DataFrame
        Table ``orders`` that the lines were made from, in the same order.

    Returns
    -------
    DataFrame
        The lines with requested_date (the promised or order day where it is blank), promised_date, shipped_date,
        delivered_date, status, the terms of delivery (delivery, split_minimum, max_lateness_days) where the orders have
        them, and line_id counted within the order where it is blank.
    """
    if len(lines) != len(orders) or (lines["item_id"].to_numpy() != orders["item_id"].to_numpy()).any():
        raise ValueError("lines were not made from these orders")
    dated = lines.reset_index(drop=True).assign(
        **{name: _dates(orders, name) for name in _DATES},
        status=_texts(orders, "status"),
        **{name: orders[name].array for name in _TERMS if name in orders},
    )
    asked = dated["requested_date"].fillna(dated["promised_date"]).fillna(dated["order_date"])
    order = dated["order_id"].fillna(dated["customer_id"] + " " + dated["order_date"].dt.strftime("%Y-%m-%d"))
    counted = (dated.groupby(order, sort=False).cumcount() + 1).astype("str")
    return dated.assign(requested_date=asked, order_id=order, line_id=dated["line_id"].fillna(counted))


def list_open_orders(dated: pd.DataFrame, *, as_of: date, rules: Promising) -> pd.DataFrame:
    """Return ``open_orders``: what is ordered and not shipped.

    Parameters
    ----------
    dated : DataFrame
        From `date_lines`, with the terms of delivery from `settle_terms`.
    as_of : date
        Last day known.
    rules : Promising
        ``stale_order_days``: a line that was asked for longer ago is not promised to.

    Returns
    -------
    DataFrame
        Open lines in the order they arrived; unit_margin is revenue less cost and freight. [currency/unit]

    Notes
    -----
    A line is open by its status; where lines have none, while neither shipped_date nor delivered_date is filled, if the
    table has one of them at all. Returns and lines that a return undid are not open.
    """
    stated = dated["status"].notna().any()
    closed = dated[["shipped_date", "delivered_date"]].notna()
    is_open = dated["status"] == "open" if stated else ~closed.any(axis=1) & bool(closed.to_numpy().any())
    is_open &= (dated["quantity"] > 0) & ~dated["is_reversed"].astype(bool)
    lines = dated[is_open.to_numpy(dtype=bool)]
    waited = (pd.Timestamp(as_of) - lines["requested_date"]).dt.days
    stale = f"asked for more than {rules.stale_order_days} days ago: close it, or confirm it"
    margin = (lines["gross_margin"] - lines["freight_out"]) / lines["quantity"]
    made = lines.assign(
        unit_margin=margin,
        unit_price=lines["revenue"] / lines["quantity"],
        left_out=np.where(waited > rules.stale_order_days, stale, ""),
    )
    kinds = empty_table("open_orders").dtypes
    return sort_rows(made.reindex(columns=list(kinds.index)).astype(kinds.to_dict()), ["order_date", *_KEY])


def order_classes(dated: pd.DataFrame, *, rules: Promising, known: list[str]) -> list[str]:
    """Return the classes of customers, best first.

    Parameters
    ----------
    dated : DataFrame
        demand_class, revenue, gross_margin and freight_out of order lines.
    rules : Promising
        ``classes`` in their order.
    known : list of str
        Classes in their order where ``classes`` names none.

    Returns
    -------
    list of str
        Every class of the lines: those named first, then the others by the share of revenue that they leave as margin;
        "(unknown)" last.
    """
    sums = dated.groupby("demand_class")[["revenue", "gross_margin", "freight_out"]].sum()
    share = ((sums["gross_margin"] - sums["freight_out"]) / sums["revenue"].where(sums["revenue"] > 0)).fillna(-np.inf)
    by_share = sorted(share.index, key=lambda name: (name == _UNKNOWN, -round(share[name], 9), name))
    named = [name for name in rules.classes or known if name != _UNKNOWN]
    return [*named, *(name for name in by_share if name not in named)]


def require_class_attribute(customers: pd.DataFrame, orders: pd.DataFrame, *, by: str, setting: str) -> None:
    """Raise a SettingsError where no customer and no order line has what parts customers into classes.

    Parameters
    ----------
    customers, orders : DataFrame
        Tables of these names.
    by : str
        The attribute; abc is worked out and needs none.
    setting : str
        Where segkit.toml says so.

    Examples
    --------
    >>> tiers = pd.DataFrame({"customer_id": ["CUST-1"], "tier": ["gold"]})
    >>> require_class_attribute(tiers, pd.DataFrame(), by="tier", setting="promising.class_by")
    """
    if by == "abc" or any(by in table and table[by].notna().any() for table in (customers, orders)):
        return
    there = "table customers is not there" if customers.empty else f"table customers has no {by}, or it is blank"
    problem = f'{setting} = "{by}": {there}; all order lines would be of one class, {_UNKNOWN}'
    fix = f"Give customers with {by} under [sources.customers], or part customers by another attribute, or by abc."
    raise SettingsError(list_problems("customers cannot be parted into classes", [problem], [fix]))


def require_known_classes(names: Iterable[str], *, rules: Promising) -> None:
    """Raise a SettingsError where classes or goodwill name classes that no customer has: they would count for nothing.

    Parameters
    ----------
    names : iterable of str
        Classes that customers have.
    rules : Promising
        classes, goodwill, and what is stated of quotas, commitments, hierarchy and entitlements.

    Examples
    --------
    >>> require_known_classes(["gold"], rules=Promising(classes=["gold"]))
    """
    known = sorted({str(name) for name in names})
    stated = {"classes": rules.classes, "goodwill": list(rules.goodwill), **classes_stated(rules)}
    problems = [
        f"promising.{key}: {name!r}{nearest_name(name, known)}"
        for key, given in stated.items()
        for name in dict.fromkeys(given)
        if name not in known
    ]
    if problems:
        fix = f"Classes are: {', '.join(known)}. What parts customers is promising.class_by."
        raise SettingsError(list_problems("no customer has these classes", problems, [fix]))


def _dates(orders: pd.DataFrame, name: str) -> pd.Series:
    days = orders[name] if name in orders else pd.Series(pd.NaT, index=orders.index)
    return pd.Series(days.to_numpy(dtype="datetime64[us]"))


def _texts(orders: pd.DataFrame, name: str) -> pd.Series:
    texts = orders[name] if name in orders else pd.Series(pd.NA, index=orders.index)
    return pd.Series(texts.astype("str").to_numpy(), dtype="str")
