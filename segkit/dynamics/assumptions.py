"""What a plan had to assume because data were missing, and what the headlines would be if it were otherwise."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.settings import Settings

CHANGE = 0.2
_WHY = {
    "assume.gross_margin": "neither the line nor the item gives a cost",
    "cost": "no cost is given and assume.gross_margin is not set",
    "currency": "'{table}' names no currency",
    "location": "'{table}' names no location_id",
    "customer": "the line names no customer",
    "demand": "no stock data: lost sales cannot be seen",
}


def list_assumptions(lines: pd.DataFrame, columns: dict[str, list[str]], *, settings: Settings) -> pd.DataFrame:
    """Return ``assumptions``: what was assumed, why, and how much rests on it.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    columns : dict of str to list of str
        Columns that each input table brings.
    settings : Settings
        ``assume`` and the company's currency.

    Returns
    -------
    DataFrame
        One row per assumption, those with a figure in segkit.toml first.
    """
    name = "orders" if "orders" in columns else "sales"
    given = columns[name]
    every = pd.Series(True, index=lines.index)
    stock = "inventory" in columns or "in_stock" in columns.get("sales", [])
    source, margin = lines["cost_source"], settings.assume.gross_margin
    found = {
        ("assume.gross_margin", f"{margin}", "share of revenue"): source == "assumed",
        ("cost", "unknown", ""): source == "missing",
        ("currency", settings.company.currency, ""): every & ("currency" not in given),
        ("location", "one location", ""): every & ("location_id" not in given),
        ("customer", UNKNOWN_CUSTOMER, ""): (lines["customer_id"] == UNKNOWN_CUSTOMER) & (name == "orders"),
        ("demand", "sales", ""): every & (not stock),
    }
    weight = lines["revenue"].abs() if lines["revenue"].abs().sum() > 0 else every.astype("float64")
    rows = [
        (*what, _WHY[what[0]].format(table=name), int(where.sum()), float(weight[where].sum() / weight.sum()))
        for what, where in found.items()
        if where.any()
    ]
    table = pd.DataFrame(rows, columns=list(empty_table("assumptions").columns))
    return table if rows else empty_table("assumptions")


def vary_assumptions(
    assumptions: pd.DataFrame, headlines: pd.DataFrame, headlines_if: Callable[..., pd.DataFrame]
) -> pd.DataFrame:
    """Return every headline figure with each assumed figure 20 % lower and 20 % higher.

    Parameters
    ----------
    assumptions : DataFrame
        Table ``assumptions``; only those named ``assume.…`` carry a figure.
    headlines : DataFrame
        Table ``headlines`` as assumed.
    headlines_if : callable
        Returns ``headlines`` under changed settings, for example ``headlines_if(assume={"gross_margin": 0.28})``.

    Returns
    -------
    DataFrame
        ``assumption_effects``. A share that would pass 1 is taken as 0.99.
    """
    parts = []
    for row in assumptions[assumptions["assumption"].str.startswith("assume.")].itertuples():
        name, base = row.assumption.removeprefix("assume."), float(row.value)
        low, high = (_figures(headlines_if, name, min(base * (1 + sign * CHANGE), 0.99)) for sign in (-1, 1))
        table = headlines[["headline", "unit", "value"]].rename(columns={"value": "base"})
        table = table.assign(
            assumption=row.assumption, low=table["headline"].map(low), high=table["headline"].map(high)
        )
        parts.append(table.dropna(subset=["low", "high"]))
    columns = list(empty_table("assumption_effects").columns)
    return pd.concat(parts, ignore_index=True)[columns] if parts else empty_table("assumption_effects")


def _figures(headlines_if: Callable[..., pd.DataFrame], name: str, value: float) -> Any:
    return headlines_if(assume={name: value}).set_index("headline")["value"]
