"""The items of the sample company and how their demand moves."""

import numpy as np
import pandas as pd

from segkit.sample.chance import normal, pick, stream
from segkit.sample.facts import FIRST_DAY, LAST_DAY, WEEKS, dates_of, day_of, effects, facts, week_of

LINES_WANTED = 43_000
WEEKS_SHOWN = (LAST_DAY - FIRST_DAY + 1) / 7
VOLUME_PER_KG = 0.0042


def make_items(seed: int) -> pd.DataFrame:
    """Return the items: one row each, with the weekly rate of order lines that they would have all year round.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        item_id, description, category, made, supplier_id, list_price and base_cost [EUR], weight_kg, volume_m3,
        hs_code, pack [units], rate [order lines/week], role (what is planted), launch_day, end_day, replaced_by.
    """
    items = pd.concat([_category(seed, entry) for entry in facts()["category"]], ignore_index=True)
    return _give_roles(items, seed)


def _category(seed: int, entry: dict) -> pd.DataFrame:
    random = stream(seed, f"items {entry['code']}")
    count = entry["items"]
    names = [f"{family} {size}" for family in entry["families"] for size in entry["sizes"]]
    low, high = np.log(entry["price"])
    price = np.exp(low + (high - low) * np.sort(random.random(count)))
    price = np.where(price < 100, np.round(price, 1), np.round(price))
    popularity = np.exp(entry["spread"] * normal(random, count))
    made = random.random(count) < entry["made"]
    suppliers = entry["suppliers"] or [""]
    bought_from = np.array(suppliers)[
        np.minimum((random.random(count) * len(suppliers)).astype(int), len(suppliers) - 1)
    ]
    kilos = np.round(price * entry["kg_per_eur"] * np.exp(0.25 * normal(random, count)) + 0.05, 2)
    return pd.DataFrame(
        {
            "item_id": [f"{entry['code']}-{101 + n}" for n in range(count)],
            "description": pick(random, np.array(names), count),
            "category": entry["name"],
            "code": entry["code"],
            "made": made,
            "supplier_id": np.where(made, "", bought_from),
            "list_price": price,
            "base_cost": np.round(price * entry["cost_share"] * np.exp(0.11 * normal(random, count)), 2),
            "weight_kg": kilos,
            "volume_m3": np.round(kilos * VOLUME_PER_KG, 4),
            "hs_code": entry["hs_code"],
            "pack": np.where(price < 15, 20, np.where(price < 40, 10, np.where(price < 90, 4, 1))),
            "rate": LINES_WANTED / WEEKS_SHOWN * entry["lines"] * popularity / popularity.sum(),
        }
    )


def _give_roles(items: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Say for every item what is planted in it: at most one thing."""
    random = stream(seed, "roles")
    items = items.assign(role="", launch_day=-1, end_day=-1, replaced_by="")
    for pair in effects()["superseded"]:
        _supersede(items, pair)
    for entry in effects()["stock_out"]:
        items.loc[_ranked(items, entry["category"])[entry["rank"] - 1], "role"] = "stock_out"
    for entry in effects()["promotion"]:
        offered = _ranked(items, entry["category"], also="promotion")[: 2 * entry["items"]]
        items.loc[pick(random, offered, entry["items"]), "role"] = "promotion"
    plan = effects()
    wanted = [
        ("step_down", plan["step"]["down"], 0, 45),
        ("growing", plan["trend"]["growing"], 10, 90),
        ("shrinking", plan["trend"]["shrinking"], 10, 90),
        ("launch", len(plan["launch"]["dates"]), 20, 140),
        ("phase_out", len(plan["phase_out"]["dates"]), 20, 140),
        ("step_up", plan["step"]["up"], 130, 190),
    ]
    for role, count, best, worst in wanted:
        free = _by_value(items[(items["role"] == "") & (items["code"] != "SP")])[best:worst]
        items.loc[pick(random, free, count), "role"] = role
    for role, column in (("launch", "launch_day"), ("phase_out", "end_day")):
        days = np.array([day_of(day) for day in plan[role]["dates"]])
        items.loc[items["role"] == role, column] = days[np.argsort(random.random(len(days)), kind="stable")]
    return items


def _by_value(items: pd.DataFrame) -> np.ndarray:
    value = items["rate"] * np.sqrt(items["list_price"]) * (1 - items["base_cost"] / items["list_price"])
    return value.sort_values(ascending=False, kind="stable").index.to_numpy()


def _ranked(items: pd.DataFrame, code: str, also: str = "") -> np.ndarray:
    free = items[(items["code"] == code) & items["role"].isin(["", also])]
    return free["rate"].sort_values(ascending=False, kind="stable").index.to_numpy()


def _supersede(items: pd.DataFrame, pair: dict) -> None:
    """Let the third best item of a category be replaced by a little-asked one, which takes over its name and price."""
    ranked = _ranked(items, pair["category"])
    old, new = ranked[2], ranked[-3]
    same = ["list_price", "base_cost", "weight_kg", "volume_m3", "rate", "pack", "made", "supplier_id"]
    items.loc[new, same] = items.loc[old, same].to_numpy()
    items.loc[new, "description"] = items.loc[old, "description"] + " II"
    items.loc[[old, new], "role"] = ["superseded", "successor"]
    items.loc[old, ["end_day", "replaced_by"]] = [day_of(pair["date"]), items.loc[new, "item_id"]]
    items.loc[new, "launch_day"] = day_of(pair["launch"])


def demand_level(items: pd.DataFrame) -> np.ndarray:
    """Return the factor on each item's rate in each week: season, trend, steps, launches and phase-outs.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    array of shape (items, weeks)
        1 = the item's plain rate.
    """
    middle = np.arange(WEEKS) * 7 + 3
    level = _season(items, middle) * _holidays(middle)
    years = np.clip((middle - FIRST_DAY) / (LAST_DAY - FIRST_DAY), 0, 1)
    plan = effects()
    ends = {"growing": plan["trend"]["growing_factor"], "shrinking": plan["trend"]["shrinking_factor"]}
    for role, end in ends.items():
        level[items["role"] == role] *= np.exp(np.log(end) * years) / np.sqrt(end)
    after = np.arange(WEEKS) >= week_of(plan["step"]["date"])
    for role, factor in (("step_up", plan["step"]["up_factor"]), ("step_down", plan["step"]["down_factor"])):
        level[items["role"] == role] *= np.where(after, factor, 1.0)
    for row in items.loc[items["launch_day"] >= 0].itertuples():
        level[row.Index] *= np.clip((middle - row.launch_day + 28) / 84, 0, 1) * (middle > row.launch_day)
    for row in items.loc[items["end_day"] >= 0].itertuples():
        fade = 20 if row.role == "superseded" else plan["phase_out"]["fade_days"]
        left = np.clip((row.end_day - middle) / fade, 0, 1)
        level[row.Index] *= (0.1 + 0.9 * left) * (middle <= row.end_day)
    return level


def _season(items: pd.DataFrame, middle: np.ndarray) -> np.ndarray:
    month = dates_of(middle).astype("datetime64[M]").astype(np.int64) % 12
    seasons = facts()["season"]
    flat = np.ones(12)
    return np.stack([np.array(seasons.get(code, flat))[month] for code in items["code"]])


def _holidays(middle: np.ndarray) -> np.ndarray:
    """Nearly nothing is ordered between the years, and less in mid August."""
    days = dates_of(middle).astype("datetime64[D]")
    of_year = (days - days.astype("datetime64[Y]")).astype(np.int64)
    return np.where((of_year >= 357) | (of_year < 3), 0.35, np.where((of_year > 222) & (of_year < 234), 0.85, 1.0))
