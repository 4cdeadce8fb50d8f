"""Lines of the sample company that are no plain sales: what cleaning has to recognise and count."""

import numpy as np
import pandas as pd

from segkit.sample.chance import pick, stream
from segkit.sample.facts import DAYS, effects, workday

FEES = {"POSTAGE": ("online", 6.90), "SERVICE-VISIT": ("project", 180.0), "PALLET-DEPOSIT": ("retail", 12.0)}
BULK_FACTOR = 15


def odd_lines(lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return further lines, yet to be priced: cancelled, free, bulk, and entered by mistake.

    Parameters
    ----------
    lines : DataFrame
        The plain order lines.
    items, customers : DataFrame
        As ``make_items`` and ``make_customers`` give them.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        Columns of ``lines``; kind says what each is.
    """
    random = stream(seed, "odd lines")
    plan = effects()["dirt"]
    cause = customers["cause"].to_numpy()[lines["customer"]]
    plain = lines[(cause == "") & (lines["channel"] != "online") & (lines["filled_day"] == lines["day"])]
    cancelled = _like(random, plain, plan["cancelled"], "cancelled")
    free = _like(random, plain, plan["free"], "free").assign(quantity=1)
    mistaken = _like(random, plain[plain["day"] < DAYS - 30], plan["reversed"], "mistake")
    return pd.concat([cancelled, free, mistaken, _bulk(random, plain, items, plan["bulk"])], ignore_index=True)


def _like(random: np.random.Generator, plain: pd.DataFrame, count: int, kind: str) -> pd.DataFrame:
    """Return lines in the orders of existing ones, with items that those orders do not hold."""
    rows = plain.loc[pick(random, plain.index.to_numpy(), 3 * count)].copy()
    donors = plain.loc[pick(random, plain.index.to_numpy(), 3 * count)]
    rows[["item", "quantity", "promoted"]] = donors[["item", "quantity", "promoted"]].assign(promoted=False).to_numpy()
    taken = pd.MultiIndex.from_frame(plain[["customer", "day", "item"]])
    fresh = ~pd.MultiIndex.from_frame(rows[["customer", "day", "item"]]).isin(taken)
    same_item = rows["item"].to_numpy() == donors["item"].to_numpy()
    usable = rows[fresh & same_item]
    usable = usable.loc[pick(random, usable.index.to_numpy(), count)]
    return usable.assign(kind=kind).astype({"item": int, "quantity": int, "promoted": bool})


def _bulk(random: np.random.Generator, plain: pd.DataFrame, items: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return one-off lines far above what an item usually sells in one line, supplied straight from the maker."""
    steady = items.index[(items["role"] == "") & items["code"].isin(["FH", "AC", "PC"])]
    often = plain[plain["item"].isin(steady)]["item"].value_counts().sort_index()
    chosen = pick(random, often.index[often > 60].to_numpy(), count)
    project = plain[(plain["channel"] == "project") & (plain["day"] < DAYS - 60)]
    rows = project.loc[pick(random, project.index.to_numpy(), count)].copy()
    usual = plain.groupby("item")["quantity"].quantile(0.95)
    rows["item"], rows["promoted"] = chosen, False
    rows["quantity"] = np.ceil(usual.loc[chosen].to_numpy() * BULK_FACTOR).astype(int)
    return rows.assign(kind="bulk")


def finish_odd_lines(lines: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return priced lines with their states set, mistakes undone, fees added and some customers unnamed.

    Parameters
    ----------
    lines : DataFrame
        Order lines, one row each.
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        The lines with fee (code of what is no goods) and named (whether the customer is known).
    """
    random = stream(seed, "finish odd lines")
    lines = lines.assign(fee="", named=True)
    free, mistake, cancelled = (lines["kind"] == kind for kind in ("free", "mistake", "cancelled"))
    lines.loc[free, ["unit_price", "discount"]] = 0.0
    lines.loc[mistake | cancelled, ["discount", "freight_out"]] = 0.0
    lines.loc[mistake | cancelled, ["shipped_day", "delivered_day"]] = -1
    undone = lines[mistake].copy()
    undone["quantity"] *= -1
    undone["day"] = workday(undone["day"] + 1 + (random.random(len(undone)) * 3).astype(int))
    undone[["requested_day", "promised_day"]] = -1
    lines = pd.concat([lines, undone.assign(kind="reversal"), *_fees(random, lines)], ignore_index=True)
    single = lines[(lines["channel"] == "online") & (lines["kind"] == "order") & (lines["currency"] == "EUR")]
    lines.loc[pick(random, single.index.to_numpy(), effects()["dirt"]["without_customer"]), "named"] = False
    return lines


def _fees(random: np.random.Generator, lines: pd.DataFrame) -> list[pd.DataFrame]:
    """Return lines that are no goods, in existing orders."""
    added = []
    for code, count in effects()["dirt"]["non_product"].items():
        channel, price = FEES[code]
        able = lines[(lines["channel"] == channel) & (lines["kind"] == "order") & (lines["delivered_day"] < DAYS)]
        able = able.drop_duplicates(["customer", "day"])
        rows = able.loc[pick(random, able.index.to_numpy(), count)].copy()
        rows[["unit_cost", "freight_out", "discount"]] = np.nan
        added.append(rows.assign(kind="fee", fee=code, quantity=1, unit_price=price))
    return added
