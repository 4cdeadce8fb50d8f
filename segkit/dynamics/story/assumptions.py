"""What a plan had to assume because data were missing, and what the headlines would be if it were otherwise."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError
from segkit.core.settings import Settings

CHANGE = 0.2
_NOT_IN_PROFIT = ("assume.order_cost", "assume.holding_rate")
_WHY = {
    "assume.gross_margin": "neither the line nor the item gives a cost",
    "cost": "no cost is given and assume.gross_margin is not set",
    "assume.item_cost_factor": "the line records no cost; what the item costs today stands in, also for earlier days",
    "assume.capital_rate": "no table says what it costs to wait until customers pay",
    "assume.order_cost": "no table says what a replenishment order costs; lots and the cost criterion rest on it",
    "assume.holding_rate": "no table says what holding stock costs; policies and the cost criterion rest on it",
    "cost_to_serve": "no table activities: the work of serving customers is not counted",
    "currency": "no currency is named",
    "location": "no location_id is named",
    "customer": "the line names no customer",
    "forecasts.lead_time_days": "neither receipts nor the master tell the lead time of the item and location",
    "order_cost": "assume.order_cost is not set: lots are demand of a review, and ordering often costs nothing",
    "holding_cost": "assume.holding_rate is not set: economic levels are not sized, and no cost of stock is counted",
    "demand": "no stock data of the item and location: lost sales cannot be seen",
}


def list_assumptions(
    lines: pd.DataFrame, sold: pd.DataFrame, stocked: pd.DataFrame, untimed: pd.DataFrame, *, settings: Settings
) -> pd.DataFrame:
    """Return ``assumptions``: what was assumed, why, and how much rests on it.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    sold : DataFrame
        The rows of ``orders`` (or `sales_as_orders`) that the lines were made from, by date as they are.
    stocked : DataFrame
        item_id and location_id of which stock data tell when there was none (see `stocked_places`).
    untimed : DataFrame
        item_id and location_id of which the lead time is assumed.
    settings : Settings
        ``assume``, the assumed lead time and the company's currency.

    Returns
    -------
    DataFrame
        One row per assumption, those with a figure in segkit.toml first.
    """
    source, margin = lines["cost_source"], settings.assume.gross_margin
    nameless = (lines["customer_id"] == UNKNOWN_CUSTOMER) & (lines["customer_id"] != UNKNOWN_CUSTOMER).any()
    ordering, holding = settings.assume.order_cost is not None, settings.assume.holding_rate is not None
    found = {
        ("assume.gross_margin", f"{margin}", "share of revenue"): source == "assumed",
        ("cost", "unknown", ""): source == "missing",
        ("assume.item_cost_factor", f"{settings.assume.item_cost_factor:g}", "x the item's unit_cost"): source
        == "item",
        ("assume.capital_rate", f"{settings.assume.capital_rate}", "a year"): lines["payment_cost"] != 0,
        ("assume.order_cost", f"{settings.assume.order_cost}", "an order line"): lines["cost"].notna() & ordering,
        ("assume.holding_rate", f"{settings.assume.holding_rate}", "a year"): lines["cost"].notna() & holding,
        ("cost_to_serve", _counted(lines), ""): lines["net_margin"].notna() & (not lines["activity_cost"].any()),
        ("currency", settings.company.currency, ""): _blank(sold, "currency"),
        ("location", "one location", ""): _blank(sold, "location_id"),
        ("customer", UNKNOWN_CUSTOMER, ""): nameless,
        ("forecasts.lead_time_days", f"{settings.forecasts.lead_time_days}", "days"): _is_among(lines, untimed),
        ("demand", "sales", ""): ~_is_among(lines, stocked),
        ("order_cost", "nothing", ""): np.full(len(lines), not ordering),
        ("holding_cost", "unknown", ""): np.full(len(lines), not holding),
    }
    weight = (lines["revenue"].abs() if lines["revenue"].abs().sum() > 0 else lines["quantity"].abs()).to_numpy()
    rows = []
    for what, where in found.items():
        mask = np.asarray(where, dtype=bool)
        if mask.any():
            share = float(np.nansum(weight[mask]) / np.nansum(weight))
            rows.append((*what, _WHY[what[0]], int(mask.sum()), share))
    table = pd.DataFrame(rows, columns=list(empty_table("assumptions").columns))
    return table if rows else empty_table("assumptions")


def _counted(lines: pd.DataFrame) -> str:
    """Return what of serving customers is counted where no work is."""
    known = {"freight": lines["freight_out"].any(), "payment terms": lines["payment_cost"].any()}
    return " and ".join(name for name, there in known.items() if there) + " only" if any(known.values()) else "nothing"


def _blank(sold: pd.DataFrame, column: str) -> pd.Series:
    return sold[column].isna() if column in sold else pd.Series(True, index=sold.index)


def _is_among(lines: pd.DataFrame, places: pd.DataFrame) -> pd.Series:
    key = ["item_id", "location_id"]
    known = lines[key].merge(places[key].drop_duplicates().assign(known=True), on=key, how="left")["known"]
    return pd.Series(known.notna().to_numpy(), index=lines.index)


def vary_assumptions(
    assumptions: pd.DataFrame, headlines: pd.DataFrame, headlines_if: Callable[..., pd.DataFrame]
) -> pd.DataFrame:
    """Return every headline figure with each assumed figure 20 % lower and 20 % higher.

    Parameters
    ----------
    assumptions : DataFrame
        Table ``assumptions``; only those named ``assume.…`` carry a figure. What stock costs moves no profit headline.
    headlines : DataFrame
        Table ``headlines`` as assumed.
    headlines_if : callable
        Returns ``headlines`` under changed settings, for example ``headlines_if(assume={"gross_margin": 0.28})``.

    Returns
    -------
    DataFrame
        ``assumption_effects``; blank where the changed figure would be no share (1 or more).
    """
    parts = []
    named = assumptions["assumption"]
    for row in assumptions[named.str.startswith("assume.") & ~named.isin(_NOT_IN_PROFIT)].itertuples():
        name, base = row.assumption.removeprefix("assume."), float(row.value)
        low, high = (_figures(headlines_if, name, base * (1 + sign * CHANGE)) for sign in (-1, 1))
        table = headlines[["headline", "unit", "value"]].rename(columns={"value": "base"})
        table = table.assign(
            assumption=row.assumption, low=table["headline"].map(low), high=table["headline"].map(high)
        )
        parts.append(table.dropna(subset=["low", "high"], how="all"))
    columns = list(empty_table("assumption_effects").columns)
    return pd.concat(parts, ignore_index=True)[columns] if parts else empty_table("assumption_effects")


def _figures(headlines_if: Callable[..., pd.DataFrame], name: str, value: float) -> Any:
    try:
        return headlines_if(assume={name: value}).set_index("headline")["value"]
    except SettingsError:  # no such value can be: a share of 1 or more
        return {}
