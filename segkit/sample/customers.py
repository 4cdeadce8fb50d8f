"""The customers of the sample company and how they order."""

import numpy as np
import pandas as pd

from segkit.sample.chance import normal, pick, stream, weighted
from segkit.sample.facts import day_of, effects, facts

EXPORTERS = 8


def make_customers(seed: int) -> pd.DataFrame:
    """Return the customers: one row each, with what decides their orders.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        customer_id, name, region, country, currency, location_id (their stock), channel, tier, weight (share of the
        channel's lines before scaling), size (factor on quantities), discount [share], every and offset [days], ahead
        [days], returns [share of lines], price_factor and freight_factor, won_day and lost_day, cause (of a loss).
    """
    customers = pd.concat([_channel(seed, entry) for entry in facts()["channel"]], ignore_index=True)
    customers.insert(0, "customer_id", [f"C{number + 1:03d}" for number in range(len(customers))])
    customers["name"] = _unique(customers["name"])
    _make_losses(customers, seed)
    _win_and_lose(customers, seed)
    return customers


def _channel(seed: int, entry: dict) -> pd.DataFrame:
    random = stream(seed, f"customers {entry['name']}")
    count = entry["customers"]
    regions = facts()["region"]
    place = weighted(random, np.array([region["share"] for region in regions[:-1]]), count)
    if entry["name"] == "distributor":
        place[-EXPORTERS:] = len(regions) - 1
    towns = [
        regions[r]["places"][int(u * len(regions[r]["places"]))]
        for r, u in zip(place, random.random(count), strict=True)
    ]
    words = [entry["words"][int(u * len(entry["words"]))] for u in random.random(count)]
    tier = (random.random(count) ** 1.2 * len(entry["tiers"])).astype(int)
    return pd.DataFrame(
        {
            "name": [f"{town} {word}" for town, word in zip(towns, words, strict=True)],
            "region": [regions[r]["name"] for r in place],
            "country": [regions[r]["country"] for r in place],
            "currency": [regions[r]["currency"] for r in place],
            "location_id": [regions[r]["location"] for r in place],
            "channel": entry["name"],
            "tier": np.array(entry["tiers"])[tier],
            "weight": np.exp(0.7 * normal(random, count)),
            "size": np.exp(0.3 * normal(random, count)),
            "discount": np.round(_agreed(entry, tier) * np.exp(0.3 * normal(random, count)), 3),
            "every": entry["every"],
            "offset": (random.random(count) * 5).astype(int) + 7 * (random.random(count) < 0.5) * (entry["every"] > 7),
            "ahead": entry["ahead"] + (random.random(count) * 3).astype(int),
            "returns": entry["returns"],
            "requested_service": entry["requested_service"],
            "payment_days": entry["payment_days"],
            "price_factor": 1.0,
            "freight_factor": 1.0,
            "won_day": -1,
            "lost_day": -1,
            "cause": "",
        }
    )


def _agreed(entry: dict, tier: np.ndarray) -> np.ndarray:
    low, high = entry["discount"]
    return high - (high - low) * tier / max(len(entry["tiers"]) - 1, 1)


def _unique(names: pd.Series) -> pd.Series:
    again = names.groupby(names).cumcount()
    return names.where(again == 0, names + " " + (again + 1).astype(str))


def _middling(customers: pd.DataFrame, channel: str) -> np.ndarray:
    """Return the customers of a channel, without exporters and those with a part to play, nearest the middle first."""
    free = customers[(customers["channel"] == channel) & (customers["cause"] == "") & (customers["region"] != "Export")]
    weights = free["weight"]
    return (weights - weights.quantile(0.6)).abs().sort_values(kind="stable").index.to_numpy()


def _make_losses(customers: pd.DataFrame, seed: int) -> None:
    random = stream(seed, "losses")
    column = {"price": "price_factor", "discount": "discount", "freight": "freight_factor", "returns": "returns"}
    for entry in effects()["loss_maker"]:
        row = pick(random, _middling(customers, entry["channel"])[:5], 1)[0]
        customers.loc[row, "cause"] = entry["cause"]
        if entry["cause"] == "order_size":
            customers.loc[row, "weight"] *= 1.5
        else:
            customers.loc[row, column[entry["cause"]]] = entry["size"]


def _win_and_lose(customers: pd.DataFrame, seed: int) -> None:
    random = stream(seed, "won and lost")
    plan = effects()["customers"]
    free = np.concatenate([_middling(customers, "distributor")[:12], _middling(customers, "retail")[:4]])
    chosen = pick(random, free, len(plan["won"]) + len(plan["lost"]))
    chosen = chosen[np.argsort(random.random(len(chosen)), kind="stable")]
    won = len(plan["won"])
    customers.loc[chosen[:won], "won_day"] = [day_of(day) for day in plan["won"]]
    customers.loc[chosen[won:], "lost_day"] = [day_of(day) for day in plan["lost"]]
