"""The order lines of the sample company: prices, dates, freight, returns."""

import numpy as np
import pandas as pd

from segkit.sample.chance import exponential, gamma_two, stream
from segkit.sample.dirt import finish_odd_lines, odd_lines
from segkit.sample.facts import DAYS, FIRST_DAY, dates_of, effects, facts, halves_of, months_of, workday, workday_before
from segkit.sample.lanes import freight_out, fuel_surcharge, transit_days
from segkit.sample.rates import exchange_rates, fuel_index, unit_costs
from segkit.sample.stock import Stock

LIST_RISE = {2023: 1.0, 2024: 1.03, 2025: 1.0712}
BACK_WORTH = 0.25
COST_RECORDED_FROM = 6  # months since FIRST; before, lines carry no cost


def draw_orders(items: pd.DataFrame, customers: pd.DataFrame, stock: Stock, seed: int) -> pd.DataFrame:
    """Return the order lines that came about, and the returns on them.

    Parameters
    ----------
    items, customers : DataFrame
        As ``make_items`` and ``make_customers`` give them.
    stock : Stock
        What was sold from stock, and when.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        One row per line: days (numbers), positions of customer and item, location_id, channel, quantity, unit_price,
        discount, unit_cost and freight_out in the line's currency, status, kind (order or return).
    """
    lines = stock.lines[(stock.lines["sold"] > 0) & (stock.lines["day"] >= FIRST_DAY)].reset_index(drop=True)
    names = np.array([entry["id"] for entry in facts()["location"]])
    lines["location_id"] = names[stock.network.location[lines["place"]]]
    lines["quantity"] = lines["sold"]
    lines["kind"] = "order"
    lines = pd.concat([lines, odd_lines(lines, items, customers, seed)], ignore_index=True)
    lines = _deliver(lines, customers, seed)
    lines = price_lines(lines, items, customers, seed)
    lines = pd.concat([lines, _returns(lines, customers, seed)], ignore_index=True)
    lines = add_freight(lines, items, customers, seed)
    return finish_odd_lines(lines, seed)


def _deliver(lines: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add the days asked for, promised, shipped and delivered."""
    random = stream(seed, "deliveries")
    day, filled = lines["day"].to_numpy(), lines["filled_day"].to_numpy()
    country = customers["country"].to_numpy()[lines["customer"]]
    pairs = zip(lines["location_id"], country, strict=True)
    transit = np.array([transit_days(place, to) for place, to in pairs])
    ahead = customers["ahead"].to_numpy()[lines["customer"]]
    rush = random.random(len(lines)) < 0.06
    requested = workday(day + np.where(rush, 1, ahead))
    waits = filled != day
    soonest = workday(day + 1) + transit
    promised = workday(np.maximum(requested, soonest) + np.where(waits, 14, 0))
    ready = workday(np.where(filled < 0, DAYS + 60, filled) + 1)
    shipped = np.maximum(ready, np.where(waits, 0, workday_before(promised - transit)))
    late_share = {entry["id"]: entry["late"] for entry in facts()["location"]}
    late = random.random(len(lines)) < lines["location_id"].map(late_share).to_numpy()
    slip = 1 + np.floor(exponential(random, len(lines)) * 2.2).astype(int)
    delivered = workday(shipped + transit + np.where(late, 1 + slip, 0))
    return lines.assign(requested_day=requested, promised_day=promised, shipped_day=shipped, delivered_day=delivered)


def price_lines(lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add currency, unit_price, discount and unit_cost, in the line's currency.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.
    items : DataFrame
        As ``make_items`` gives them.
    customers : DataFrame
        As ``make_customers`` gives them.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        The lines with currency, unit_price, discount and unit_cost [line's currency].
    """
    day, item, customer = (lines[name].to_numpy() for name in ("day", "item", "customer"))
    currency = customers["currency"].to_numpy()[customer]
    rates = exchange_rates(seed)
    month = months_of(day)
    of_day = np.array([rates[code][m] for code, m in zip(currency, month, strict=True)])
    of_year = np.array([rates[code][m // 12 * 12] for code, m in zip(currency, month, strict=True)])
    rise = np.array([LIST_RISE[2023 + m // 12] for m in month])
    lines = lines.assign(currency=currency)
    price = items["list_price"].to_numpy()[item] * rise * customers["price_factor"].to_numpy()[customer]
    lines["unit_price"] = np.round(price * of_year, 2)
    off = customers["discount"].to_numpy()[customer] + lines["promoted"] * effects()["promotion_rule"]["price_off"]
    large = (lines["unit_price"] * lines["quantity"] > 2500 * of_year) * 0.02
    lines["discount"] = np.round(lines["unit_price"] * lines["quantity"] * np.minimum(off + large, 0.6), 2)
    costs = unit_costs(items, seed)
    lines["unit_cost"] = np.round(costs[item, halves_of(day)] * of_day, 2)
    lines.loc[month < 6 + COST_RECORDED_FROM, "unit_cost"] = np.nan
    return lines


def _returns(lines: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return lines sent back after delivery, in whole or part; the goods are then worth a quarter of their cost."""
    random = stream(seed, "returns")
    share = customers["returns"].to_numpy()[lines["customer"]]
    back = lines[(random.random(len(lines)) < share) & (lines["kind"] == "order")].copy()
    wait = 8 + np.floor(gamma_two(random, len(back)) * 14).astype(int)
    whole = random.random(len(back)) < 0.75
    part = np.maximum(np.rint(back["quantity"] * random.random(len(back)) * 0.7), 1)
    quantity = np.where(whole, back["quantity"], part)
    back["discount"] = np.nan
    net = back["unit_price"] - lines.loc[back.index, "discount"] / back["quantity"]
    back["unit_price"] = np.round(net, 2)
    back["unit_cost"] = np.round(back["unit_cost"] * BACK_WORTH, 2)
    back["quantity"] = -quantity.astype(int)
    back["day"] = workday(back["delivered_day"].to_numpy() + wait)
    back[["requested_day", "promised_day", "shipped_day"]] = -1
    back["delivered_day"] = back["day"]
    back["kind"] = "return"
    return back[back["day"] < DAYS]


def add_freight(lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add freight_out: a shipment's freight by lane, weight and fuel, shared among its lines by weight.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.
    items : DataFrame
        As ``make_items`` gives them.
    customers : DataFrame
        As ``make_customers`` gives them.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        The lines with freight_out [line's currency].
    """
    random = stream(seed, "freight")
    customer = lines["customer"].to_numpy()
    weight = items["weight_kg"].to_numpy()[lines["item"]] * lines["quantity"].abs()
    country = pd.Series(customers["country"].to_numpy()[customer])
    keys = [lines["kind"], customer, lines["day"], lines["location_id"]]
    shipment = lines.groupby(keys, sort=True).ngroup().to_numpy()
    first = pd.Series(shipment).drop_duplicates().index.to_numpy()
    order = first[np.argsort(shipment[first], kind="stable")]
    total = np.bincount(shipment, weight)
    month = months_of(lines["day"].to_numpy()[order])
    year = dates_of(lines["day"].to_numpy()[order]).astype("datetime64[Y]").astype(int) + 1970
    cost = freight_out(total, lines["location_id"].to_numpy()[order], country.to_numpy()[order], year)
    cost *= fuel_surcharge(fuel_index(seed)[month]) * (0.97 + 0.06 * random.random(len(cost)))
    cost *= customers["freight_factor"].to_numpy()[customer[order]]
    rates = exchange_rates(seed)
    codes = lines["currency"].to_numpy()[order]
    cost *= np.array([rates[code][m] for code, m in zip(codes, month, strict=True)])
    return lines.assign(freight_out=np.round(cost[shipment] * weight / total[shipment], 2))
