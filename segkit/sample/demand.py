"""What the customers of the sample company would buy if everything were always there: demand, line by line."""

import numpy as np
import pandas as pd

from segkit.sample.chance import gamma_two, poisson, stream, weighted
from segkit.sample.facts import DAYS, WEEKS, effects, facts, week_of, workday
from segkit.sample.items import demand_level

SMALL_PARTS = 18  # EUR list price
WEEKDAYS = np.array([0.21, 0.21, 0.20, 0.20, 0.15, 0.03])


def draw_demand(items: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return every line that customers want to order, sorted by day.

    Parameters
    ----------
    items, customers : DataFrame
        As ``make_items`` and ``make_customers`` give them.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        day, customer and item (positions), channel (name), quantity [units], promoted (bought in a promotion).
    """
    random = stream(seed, "demand")
    factor = promotion_factor(items)
    mean = (
        (items["rate"].to_numpy()[:, None] * demand_level(items))[:, :, None]
        * channel_shares(items)[:, None, :]
        * factor
    )
    counts = poisson(random, mean)
    item, week, channel = np.repeat(np.indices(counts.shape).reshape(3, -1), counts.ravel(), axis=1)
    lines = pd.DataFrame({"item": item, "channel": channel, "promoted": factor[item, week, channel] > 1})
    lines["customer"] = _draw_customers(random, lines, items, customers)
    lines["day"] = _order_days(random, week, lines, customers)
    lines["quantity"] = _quantities(random, lines, items, customers)
    lines = lines[_still_customer(lines, customers) & (lines["day"] < DAYS)]
    lines["channel"] = np.array([entry["name"] for entry in facts()["channel"]])[lines["channel"]]
    same = ["day", "customer", "item", "channel"]
    return lines.groupby(same, as_index=False, sort=True).agg(
        quantity=("quantity", "sum"), promoted=("promoted", "max")
    )


def channel_shares(items: pd.DataFrame) -> np.ndarray:
    """Return the share of an item's lines that each channel orders, of shape (items, channels).

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    array of shape (items, channels)
        Shares; each row sums to 1.
    """
    channels = facts()["channel"]
    shares = np.array([[entry["lines"] * entry["categories"][code] for entry in channels] for code in items["code"]])
    return shares / shares.sum(axis=1, keepdims=True)


def promotion_factor(items: pd.DataFrame) -> np.ndarray:
    """Return the factor of promotions on order lines, of shape (items, weeks, channels).

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    array of shape (items, weeks, channels)
        1 = no promotion.
    """
    rule = effects()["promotion_rule"]
    inside = np.array([entry["name"] in rule["channels"] for entry in facts()["channel"]])
    factor = np.ones((len(items), WEEKS, len(inside)))
    for entry, rows in promoted_items(items):
        first, weeks = week_of(entry["from"]), entry["days"] // 7
        for week in range(first, first + weeks):
            factor[np.ix_(rows, np.array([week]), inside)] = rule["uplift"]
            factor[np.ix_(rows, np.array([week + weeks]), inside)] = rule["dip"]
    return factor


def promoted_items(items: pd.DataFrame) -> list[tuple[dict, np.ndarray]]:
    """Return each promotion with the positions of its items: the best of its category that play this part.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    list of (dict, array)
        The promotion as planned, and positions of its items.
    """
    pairs = []
    for entry in effects()["promotion"]:
        able = items[(items["code"] == entry["category"]) & (items["role"] == "promotion")]
        best = able["rate"].sort_values(ascending=False, kind="stable").index[: entry["items"]]
        pairs.append((entry, np.sort(best.to_numpy())))
    return pairs


def _draw_customers(
    random: np.random.Generator, lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame
) -> np.ndarray:
    small = (items["list_price"] < SMALL_PARTS).to_numpy()[lines["item"]]
    chosen = np.zeros(len(lines), dtype=np.int64)
    only_small = (customers["cause"] == "order_size").to_numpy()
    for number, entry in enumerate(facts()["channel"]):
        members = np.flatnonzero(customers["channel"] == entry["name"])
        weights = customers["weight"].to_numpy()[members]
        for of_small in (True, False):
            rows = np.flatnonzero((lines["channel"] == number).to_numpy() & (small == of_small))
            usable = weights * np.where(only_small[members], 6.0 if of_small else 0.0, 1.0)
            chosen[rows] = members[weighted(random, usable, len(rows))]
    return chosen


def _order_days(
    random: np.random.Generator, week: np.ndarray, lines: pd.DataFrame, customers: pd.DataFrame
) -> np.ndarray:
    """Put lines on their customer's order days, as far as these are kept; Saturdays are for online orders."""
    weekday = weighted(random, WEEKDAYS, len(lines))
    channels = facts()["channel"]
    online = np.array([entry["name"] == "online" for entry in channels])[lines["channel"]]
    day = week * 7 + weekday
    day = np.where(online, day, workday(day))
    keeps = random.random(len(lines)) < np.array([entry["discipline"] for entry in channels])[lines["channel"]]
    every = customers["every"].to_numpy()[lines["customer"]]
    wait = (customers["offset"].to_numpy()[lines["customer"]] - day) % every
    return np.where(keeps, workday(day + wait), day)


def _quantities(
    random: np.random.Generator, lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame
) -> np.ndarray:
    price = items["list_price"].to_numpy()[lines["item"]]
    typical = np.array([entry["quantity"] for entry in facts()["channel"]])[lines["channel"]]
    spare = np.where((items["code"] == "SP").to_numpy()[lines["item"]], 0.35, 1.0)
    size = customers["size"].to_numpy()[lines["customer"]]
    mean = typical * np.clip(np.sqrt(60 / price), 0.15, 2.2) * spare * size
    quantity = np.maximum(np.rint(mean * gamma_two(random, len(lines))), 1)
    pack = items["pack"].to_numpy()[lines["item"]]
    by_pack = (quantity >= pack / 2) & (typical > 5)
    quantity = np.where(by_pack, np.maximum(np.rint(quantity / pack), 1) * pack, quantity)
    single = (customers["cause"] == "order_size").to_numpy()[lines["customer"]]
    return np.where(single, 1, quantity).astype(np.int64)


def _still_customer(lines: pd.DataFrame, customers: pd.DataFrame) -> np.ndarray:
    won = customers["won_day"].to_numpy()[lines["customer"]]
    lost = customers["lost_day"].to_numpy()[lines["customer"]]
    day = lines["day"].to_numpy()
    return (day >= won) & ((lost < 0) | (day <= lost))
