"""What can be promised from: stock on hand, receipts that are due, and orders that the policies would place now."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table

PLACE = ["item_id", "location_id"]
_LINE = ["po_id", "line_id", "supplier_id", "expected_date", "received_date", "quantity"]


@dataclass(frozen=True)
class SupplyRules:
    """When what there is, and what is bought, can be with a customer.

    ``overdue_limit_days``: an open purchase that is overdue by more is not counted on. ``delay_days`` by supplier: days
    after the expected one by which it is there with the reliability that is asked for. ``transit_days`` by location:
    days from leaving it to the customer. "(all)" stands for those not named.
    """

    overdue_limit_days: int = 60
    delay_days: dict[str, float] = field(default_factory=dict)
    transit_days: dict[str, float] = field(default_factory=dict)


def gather_supply(
    inventory: pd.DataFrame, purchases: pd.DataFrame, planned: pd.DataFrame, *, as_of: date, rules: SupplyRules
) -> pd.DataFrame:
    """Return ``supply``: what each item-location has, and what comes when.

    Parameters
    ----------
    inventory : DataFrame
        Table of that name; the last snapshot of each item-location counts.
    purchases : DataFrame
        Table of that name; a blank received_date is an open order.
    planned : DataFrame
        A row per item_id and location_id with an order to be placed now: quantity [units], available_date.
    as_of : date
        Last day known; on hand is available on it.
    rules : SupplyRules
        When it can be with a customer.

    Returns
    -------
    DataFrame
        A row per stock, open purchase line or planned order, sorted by item, location and day. ``left_out`` tells why a
        row is not counted on; blank = it is. Stock below 0 is such a row, of 0 units.
    """
    day = pd.Timestamp(as_of)
    parts = [_on_hand(inventory, day), _receipts(purchases, day, rules), _planned(planned)]
    kinds = empty_table("supply").dtypes
    table = pd.concat([part.reindex(columns=list(kinds.index)) for part in parts], ignore_index=True)
    table["left_out"] = table["left_out"].fillna("")
    table["available_date"] += days_by_name(table["location_id"], rules.transit_days)
    table = table[((table["quantity"] > 0) | (table["left_out"] != "")).to_numpy()].astype(kinds.to_dict())
    return table.sort_values([*PLACE, "available_date", "kind", "supply_id"], ignore_index=True)


def counted_on(supply: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``supply`` that can be promised from."""
    return supply[supply["left_out"] == ""].reset_index(drop=True)


def plan_orders(
    policies: pd.DataFrame, stock_position: pd.DataFrame, items: pd.DataFrame, *, as_of: date
) -> pd.DataFrame:
    """Return the orders that the policies would place on a day.

    Parameters
    ----------
    policies, stock_position, items : DataFrame
        Tables of these names; minimum and multiple of an order stand in items.
    as_of : date
        Day of the orders; they are available a lead time later.

    Returns
    -------
    DataFrame
        item_id, location_id, quantity [units], available_date: of item-locations at or below their reorder point.
        As policies are sized: whole packs, as many as stay at or below order_up_to, at least the least order.
    """
    levels = ["reorder_point", "order_up_to", "lead_time_days"]
    both = stock_position[[*PLACE, "inventory_position"]].merge(policies[[*PLACE, *levels]], on=PLACE)
    both = both.dropna(subset=levels)
    wanted = both[both["inventory_position"] <= both["reorder_point"]].reset_index(drop=True)
    lots = items.drop_duplicates("item_id").set_index("item_id").reindex(wanted["item_id"])
    least = _column(lots, "moq", 0.0)
    pack = _column(lots, "order_multiple", 0.0)
    lacking = (wanted["order_up_to"] - wanted["inventory_position"]).to_numpy(dtype=float)
    unit = np.where(pack > 0, pack, 1.0)
    whole = np.maximum(np.floor(lacking / unit + 1e-9), np.maximum(np.ceil(least / unit - 1e-9), 1.0)) * unit
    quantity = np.where(pack > 0, whole, np.maximum(lacking, least))
    days = pd.to_timedelta(np.ceil(wanted["lead_time_days"]), unit="D")
    made = wanted[PLACE].assign(quantity=quantity, available_date=pd.Timestamp(as_of) + days)
    return made[made["quantity"] > 0].reset_index(drop=True)


def measure_transit(dated: pd.DataFrame) -> dict[str, float]:
    """Return the usual days from shipping to delivery of every location: the median, of all in "(all)".

    Examples
    --------
    >>> days = pd.to_datetime(["2025-06-01", "2025-06-03"])
    >>> measure_transit(pd.DataFrame({"location_id": ["DC"], "shipped_date": days[:1], "delivered_date": days[1:]}))
    {'(all)': 2.0, 'DC': 2.0}
    """
    taken = (dated["delivered_date"] - dated["shipped_date"]).dt.days
    taken = taken.where(taken >= 0).dropna()
    if taken.empty:
        return {}
    usual = taken.groupby(dated.loc[taken.index, "location_id"]).median()
    return {"(all)": float(taken.median()), **{str(name): float(days) for name, days in usual.items()}}


def days_by_name(names: pd.Series, known: dict[str, float]) -> pd.Series:
    """Return whole days by name; "(all)" stands for names that are not known."""
    days = names.map(known).astype(float).fillna(known.get("(all)", 0.0)).clip(lower=0.0)
    return pd.to_timedelta(np.ceil(days), unit="D")


def _column(table: pd.DataFrame, name: str, blank: float) -> np.ndarray:
    if name not in table:
        return np.full(len(table), blank)
    return table[name].to_numpy(dtype=float, na_value=blank)


def _on_hand(inventory: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    if not {*PLACE, "date", "on_hand"} <= set(inventory):
        return empty_table("supply")
    known = inventory[(inventory["date"] <= day).to_numpy()].dropna(subset=["on_hand"])
    last = known.sort_values("date", kind="stable").drop_duplicates(PLACE, keep="last")
    units = last["on_hand"].to_numpy(dtype=float)
    below = np.where(units < 0, "stock is below 0: count it, or book what is missing", "")
    texts = {"kind": "on_hand", "supply_id": "stock", "left_out": below}
    return last[PLACE].assign(available_date=day, quantity=np.maximum(units, 0.0), **texts)


def _receipts(purchases: pd.DataFrame, day: pd.Timestamp, rules: SupplyRules) -> pd.DataFrame:
    if not {*PLACE, "quantity"} <= set(purchases):
        return empty_table("supply")
    lines = purchases.reindex(
        columns=[*PLACE, "po_id", "line_id", "supplier_id", "expected_date", "received_date", "quantity"]
    )
    lines = lines[lines["received_date"].isna().to_numpy() & (lines["quantity"] > 0).to_numpy()].reset_index(drop=True)
    expected = pd.to_datetime(lines["expected_date"])
    due = expected + days_by_name(lines["supplier_id"], rules.delay_days)
    overdue = (day - expected).dt.days
    late = f"overdue by more than {rules.overdue_limit_days} days: confirm it with the supplier, or close it"
    reasons = [expected.isna(), overdue > rules.overdue_limit_days, lines[PLACE].isna().any(axis=1)]
    words = ["no expected day", late, "no item or location"]
    ids = lines["po_id"].astype("str").fillna("") + " / " + lines["line_id"].astype("str").fillna("")
    return lines[PLACE].assign(
        available_date=due.clip(
            lower=day + pd.Timedelta(days=1)
        ),  # what is not there today cannot be there before tomorrow
        quantity=lines["quantity"].astype(float),
        kind="receipt",
        supply_id=ids,
        left_out=np.select([reason.to_numpy() for reason in reasons], words, ""),
    )


def _planned(planned: pd.DataFrame) -> pd.DataFrame:
    if planned.empty:
        return empty_table("supply")
    return planned[[*PLACE, "available_date", "quantity"]].assign(kind="planned", supply_id="planned", left_out="")
