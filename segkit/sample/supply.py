"""What the sample company buys, what that costs to bring in, and what serving customers costs."""

import numpy as np
import pandas as pd

from segkit.sample.facts import FIRST_DAY, LAST_DAY, date_of, facts, months_of
from segkit.sample.lanes import fuel_surcharge, inbound_freight
from segkit.sample.rates import duty_rate, exchange_rates, fuel_index, labour_index, supplier_prices
from segkit.sample.stock import Stock

INSURANCE = 0.004
CLEARANCE = {"air": 95.0, "sea": 260.0, "road": 70.0}
# activity: driver, minutes for one, EUR per minute at labour index 100, share of capacity used
POOLS = {
    "order_entry": ("order", 8.0, 0.66, 0.82),
    "picking": ("line", 4.0, 0.52, 0.86),
    "packing": ("delivery", 9.0, 0.50, 0.84),
    "dispatch": ("delivery", 6.0, 0.58, 0.80),
    "customer_service": ("order", 5.0, 0.72, 0.76),
    "returns_handling": ("return", 48.0, 0.60, 0.70),
}


def purchase_lines(items: pd.DataFrame, stock: Stock, seed: int) -> pd.DataFrame:
    """Return what was ordered or received in the time shown: one row per purchase line.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    stock : Stock
        The simulated stock.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        po_id, line_id, positions of supplier, item and location, days (received_day = -1 while open), quantity,
        unit_price [supplier's currency], shipment_id.
    """
    bought, network = stock.purchases, stock.network
    bought = bought[(bought["received_day"] >= FIRST_DAY) & (bought["ordered_day"] <= LAST_DAY)].copy()
    place = bought["place"].to_numpy()
    bought["supplier"], bought["item"] = network.supplier[place], network.item[place]
    bought["location"] = network.location[place]
    bought = bought.sort_values(["ordered_day", "supplier", "location", "item"], kind="stable", ignore_index=True)
    order = bought.groupby(["ordered_day", "supplier", "location"], sort=True)
    bought["po_id"] = ["P" + f"{number + 1:05d}" for number in order.ngroup()]
    bought["line_id"] = order.cumcount() + 1
    prices = supplier_prices(items, seed)
    year = months_of(bought["ordered_day"].to_numpy()) // 12
    bought["unit_price"] = prices[bought["item"], year]
    bought["received_day"] = bought["received_day"].where(bought["received_day"] <= LAST_DAY, -1)
    arrived = bought[bought["received_day"] >= 0].groupby(["received_day", "supplier"], sort=True).ngroup()
    bought["shipment_id"] = [
        "SH" + f"{n + 1:05d}" if n >= 0 else "" for n in arrived.reindex(bought.index, fill_value=-1)
    ]
    return bought


def charge_lines(items: pd.DataFrame, purchases: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the charges on shipments received, as far as the Incoterm leaves them to us.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    purchases : DataFrame
        As ``purchase_lines`` gives them.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        shipment_id, kind, amount [EUR], currency, basis, day.
    """
    rates, fuel, suppliers = exchange_rates(seed), fuel_index(seed), facts()["supplier"]
    received = purchases[purchases["received_day"] >= 0]
    weight = received["quantity"] * items["weight_kg"].to_numpy()[received["item"]]
    rows: list[tuple] = []
    for (shipment, supplier_number), lines in received.groupby(["shipment_id", "supplier"], sort=True):
        supplier, day = suppliers[supplier_number], int(lines["received_day"].iloc[0])
        month = int(months_of(np.array([day]))[0])
        value = lines["quantity"] * lines["unit_price"] / rates[supplier["currency"]][month]
        paid = _freight(supplier, float(weight[lines.index].sum()), day, float(fuel[month]))
        insured = round(INSURANCE * float(value.sum()), 2) if supplier["incoterm"] == "FOB" else 0.0
        base = value * (1 + (paid + insured) / value.sum())
        tariff = [duty_rate(items.at[i, "hs_code"], supplier["country"], date_of(day)) for i in lines["item"]]
        outside = supplier["country"] not in ("DE", "IT")
        clearing = CLEARANCE[supplier["mode"]] if outside else 0.0
        kinds = [("freight", paid, "weight"), ("insurance", insured, "value")]
        kinds += [("duty", round(float((base * tariff).sum()), 2), "value"), ("handling", clearing, "shipment")]
        rows += [(shipment, kind, amount, "EUR", basis, day) for kind, amount, basis in kinds if amount > 0]
    return pd.DataFrame(rows, columns=["shipment_id", "kind", "amount", "currency", "basis", "day"])


def _freight(supplier: dict, weight: float, day: int, fuel: float) -> float:
    if supplier["incoterm"] in ("DAP", "CIF"):
        return 0.0
    rate = inbound_freight(weight, supplier["country"], supplier["mode"], date_of(day).year)
    return round(rate * float(fuel_surcharge(np.array(fuel))), 2)


def activity_pools(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``activities``: each pool's cost and practical capacity in each month.

    Parameters
    ----------
    orders : DataFrame
        Order lines with order_id, month (since January 2023) and kind.

    Returns
    -------
    DataFrame
        activity, month, cost [EUR], practical_capacity [minutes], driver, minutes_per_unit; capacity is set yearly.
    """
    back = orders["kind"] == "return"
    counts = pd.DataFrame(
        {
            "order": orders[~back].groupby("month")["order_id"].nunique(),
            "line": orders[~back].groupby("month").size(),
            "delivery": orders[~back].drop_duplicates(["order_id", "location_id"]).groupby("month").size(),
            "return": orders[back].groupby("month").size(),
        }
    ).fillna(0)
    labour = labour_index()
    rows = []
    for activity, (driver, minutes, rate, used) in POOLS.items():
        yearly = counts[driver].groupby(counts.index // 12).transform("mean")
        for month in counts.index:
            capacity = round(float(yearly[month]) * minutes / used / 60) * 60
            cost = round(capacity * rate * labour[month] / 100)
            rows.append((activity, month, cost, capacity, "minutes", driver, minutes))
    columns = ["activity", "month", "cost", "practical_capacity", "unit", "driver", "minutes_per_unit"]
    return pd.DataFrame(rows, columns=columns)
