"""The input tables of the sample company, as text: every number is written with fixed digits."""

import numpy as np
import pandas as pd

from segkit.sample.facts import DAYS, FIRST_DAY, LAST_DAY, date_of, dates_of, effects, facts, months_of
from segkit.sample.rates import unit_costs
from segkit.sample.stock import Stock

WEEKLY_FROM = LAST_DAY - 8 * 7 + 1


def numbers(values: pd.Series | np.ndarray, digits: int) -> list[str]:
    """Return numbers as text with at most so many digits after the point; blank for missing ones.

    Parameters
    ----------
    values : array
        Numbers.
    digits : int
        Most digits after the point.

    Returns
    -------
    list of str
        Text of each number.

    Examples
    --------
    >>> numbers(np.array([1.5, 2.0, np.nan]), 2)
    ['1.5', '2', '']
    """
    texts = [f"{value:.{digits}f}" for value in np.asarray(values, dtype=float)]
    short = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return ["" if text == "nan" else text for text in short]


def days_text(days: pd.Series | np.ndarray, last: int = LAST_DAY) -> np.ndarray:
    """Return numbered days as ISO dates; blank below zero and after ``last``.

    Parameters
    ----------
    days : array of int
        Days since the start of the simulation.
    last : int
        Last day that is known.

    Returns
    -------
    array of str
        ISO dates.
    """
    days = np.asarray(days)
    return np.where((days >= 0) & (days <= last), dates_of(days).astype(str), "")


def number_orders(lines: pd.DataFrame, customers: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return lines sorted and numbered: what a customer orders on a day through one channel is one order.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.
    customers : DataFrame
        As ``make_customers`` gives them.
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    DataFrame
        The lines with customer_id, item_id, month, order_id and line_id.
    """
    lines = lines.assign(
        customer_id=np.where(lines["named"], customers["customer_id"].to_numpy()[lines["customer"]], ""),
        item_id=np.where(lines["fee"] == "", items["item_id"].to_numpy()[lines["item"]], lines["fee"]),
        back=lines["kind"].map({"return": 1, "reversal": 2}).fillna(0).astype(int),
        month=months_of(lines["day"].to_numpy()),
    )
    key = ["day", "back", "customer", "channel", "named"]
    lines = lines.sort_values([*key, "item_id", "kind"], kind="stable", ignore_index=True)
    orders = lines.groupby(key, sort=True)
    lines["order_id"] = [f"{number + 1:06d}" for number in orders.ngroup()]
    lines["line_id"] = orders.cumcount() + 1
    return lines


def orders_table(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``orders`` from numbered lines; some rows are there twice.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.

    Returns
    -------
    DataFrame
        The table as text.
    """
    delivered = np.where(lines["delivered_day"] <= LAST_DAY, "delivered", "shipped")
    status = np.where(lines["shipped_day"] <= LAST_DAY, delivered, "open")
    fixed = {"return": "returned", "reversal": "returned", "cancelled": "cancelled", "free": "free"}
    table = pd.DataFrame(
        {
            "order_id": lines["order_id"],
            "line_id": lines["line_id"],
            "order_date": days_text(lines["day"]),
            "requested_date": days_text(lines["requested_day"], LAST_DAY + 400),
            "promised_date": days_text(lines["promised_day"], LAST_DAY + 400),
            "shipped_date": days_text(lines["shipped_day"]),
            "delivered_date": days_text(lines["delivered_day"]),
            "customer_id": lines["customer_id"],
            "item_id": lines["item_id"],
            "location_id": lines["location_id"],
            "channel": lines["channel"],
            "quantity": lines["quantity"],
            "unit_price": numbers(lines["unit_price"], 2),
            "unit_cost": numbers(lines["unit_cost"], 2),
            "currency": lines["currency"],
            "discount": numbers(lines["discount"], 2),
            "freight_out": numbers(lines["freight_out"], 2),
            "status": lines["kind"].map(fixed).fillna(pd.Series(status, index=lines.index)),
        }
    )
    step = len(table) // (effects()["dirt"]["duplicated"] + 1)
    twice = table.iloc[step : step * effects()["dirt"]["duplicated"] + 1 : step]
    return pd.concat([table, twice]).sort_index(kind="stable").reset_index(drop=True)


def items_table(items: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the input table ``items``; unit_cost is the latest standard cost.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        The table as text.
    """
    leads = {entry["id"]: entry["lead_days"] for entry in facts()["supplier"]}
    modes = {entry["id"]: entry["mode"] for entry in facts()["supplier"]}
    lot = np.where(items["supplier_id"].map(modes) == "sea", 400, 150)
    moq = np.ceil(lot / items["base_cost"] / items["pack"]) * items["pack"]
    old = FIRST_DAY - 400 - (np.arange(len(items)) * 37) % 2900
    launch = np.where(items["launch_day"] >= 0, items["launch_day"], old)
    keeps = items["description"].str.startswith(("Shaft seal", "Capacitor"))
    return pd.DataFrame(
        {
            "item_id": items["item_id"],
            "description": items["description"],
            "category": items["category"],
            "supplier_id": items["supplier_id"],
            "unit_cost": numbers(unit_costs(items, seed)[:, -1], 2),
            "currency": "EUR",
            "unit": "piece",
            "conversions": np.where(items["pack"] > 1, "case:" + items["pack"].astype(str), ""),
            "weight_kg": numbers(items["weight_kg"], 2),
            "volume_m3": numbers(items["volume_m3"], 4),
            "hs_code": items["hs_code"],
            "lead_time_days": items["supplier_id"].map(leads).fillna(15).astype(int),
            "moq": numbers(np.where(items["made"], 1, moq), 0),
            "order_multiple": np.where(items["made"], 1, items["pack"]),
            "shelf_life_days": np.where(keeps, "1825", ""),
            "launch_date": dates_of(launch).astype(str),
            "end_date": days_text(items["end_day"]),
            "replaced_by": items["replaced_by"],
        }
    )


def customers_table(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``customers``.

    Parameters
    ----------
    customers : DataFrame
        As ``make_customers`` gives them.

    Returns
    -------
    DataFrame
        The table as text.
    """
    table = customers[["customer_id", "name", "region", "country", "channel", "tier"]].copy()
    table["requested_service"] = numbers(customers["requested_service"], 2)
    table["requested_lead_time_days"] = customers["ahead"]
    table["payment_days"] = customers["payment_days"]
    return table


def locations_table() -> pd.DataFrame:
    """Return the input table ``locations``."""
    frame = pd.DataFrame(facts()["location"]).rename(columns={"id": "location_id", "lead_days": "lead_time_days"})
    return frame[["location_id", "name", "echelon", "supplied_by", "lead_time_days", "country", "capacity_m3"]]


def suppliers_table() -> pd.DataFrame:
    """Return the input table ``suppliers``."""
    frame = pd.DataFrame(facts()["supplier"]).rename(columns={"id": "supplier_id"})
    frame["container_m3"] = np.where(frame["mode"] == "sea", "33", "")
    columns = ["supplier_id", "name", "country", "currency", "incoterm", "payment_days", "order_minimum"]
    return frame[[*columns, "order_days", "container_m3"]]


def inventory_table(items: pd.DataFrame, stock: Stock) -> pd.DataFrame:
    """Return the input table ``inventory``.

    Rows are every place on the last day of each month, every place on the Sundays of the last eight weeks, and every
    day without stock at the places that serve customers, while the item was offered.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    stock : Stock
        As ``simulate_stock`` gives it.

    Returns
    -------
    DataFrame
        The table as text.
    """
    network = stock.network
    day = np.arange(DAYS)
    launch, end = (items[name].to_numpy()[network.item][:, None] for name in ("launch_day", "end_day"))
    offered = (day >= launch) & ((end < 0) | (day <= end)) & (day >= FIRST_DAY)
    month_end = months_of(day + 1) != months_of(day)
    shown = month_end | ((day % 7 == 6) & (day >= WEEKLY_FROM)) | (day == LAST_DAY)
    there = (stock.on_hand > 0) | (stock.on_order > 0) | (stock.backorders > 0)
    out = (stock.on_hand == 0) & (network.echelon < 3)[:, None]
    keep = (day >= FIRST_DAY) & ((shown & (there | offered)) | (out & (offered | (stock.backorders > 0))))
    when, place = np.nonzero(keep.T)
    names = np.array([entry["id"] for entry in facts()["location"]])
    on_hand = stock.on_hand[place, when]
    return pd.DataFrame(
        {
            "date": dates_of(when).astype(str),
            "item_id": items["item_id"].to_numpy()[network.item[place]],
            "location_id": names[network.location[place]],
            "on_hand": on_hand,
            "on_order": stock.on_order[place, when],
            "backorders": stock.backorders[place, when],
            "in_stock": np.where(on_hand > 0, "true", "false"),
        }
    )


def purchases_table(purchases: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``purchases``.

    Parameters
    ----------
    purchases : DataFrame
        As ``purchase_lines`` gives them.
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    DataFrame
        The table as text.
    """
    suppliers = pd.DataFrame(facts()["supplier"]).iloc[purchases["supplier"]].reset_index(drop=True)
    names = np.array([entry["id"] for entry in facts()["location"]])
    return pd.DataFrame(
        {
            "po_id": purchases["po_id"],
            "line_id": purchases["line_id"],
            "supplier_id": suppliers["id"],
            "item_id": items["item_id"].to_numpy()[purchases["item"]],
            "location_id": names[purchases["location"]],
            "ordered_date": days_text(purchases["ordered_day"]),
            "expected_date": days_text(purchases["expected_day"], LAST_DAY + 400),
            "received_date": days_text(purchases["received_day"]),
            "quantity": purchases["quantity"],
            "unit_price": numbers(purchases["unit_price"], 2),
            "currency": suppliers["currency"],
            "incoterm": suppliers["incoterm"],
            "origin_country": suppliers["country"],
            "mode": suppliers["mode"],
            "shipment_id": purchases["shipment_id"],
        }
    )


def charges_table(charges: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``charges``.

    Parameters
    ----------
    charges : DataFrame
        As ``charge_lines`` gives them.

    Returns
    -------
    DataFrame
        The table as text.
    """
    table = charges.assign(amount=numbers(charges["amount"], 2), date=days_text(charges["day"]))
    return table[["shipment_id", "kind", "amount", "currency", "basis", "date"]]


def activities_table(pools: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``activities``.

    Parameters
    ----------
    pools : DataFrame
        As ``activity_pools`` gives them.

    Returns
    -------
    DataFrame
        The table as text.
    """
    period = [date_of(0).replace(year=2023 + month // 12, month=month % 12 + 1, day=1) for month in pools["month"]]
    table = pools.assign(period=period, minutes_per_unit=numbers(pools["minutes_per_unit"], 1))
    return table[["activity", "period", "cost", "practical_capacity", "unit", "driver", "minutes_per_unit"]]
