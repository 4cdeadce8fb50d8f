"""Exchange rates, indices and duties of the sample company, and what its items cost over time."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from segkit.sample.chance import normal, stream
from segkit.sample.facts import effects, facts

MONTHS = 36
SOURCE = "sample (invented)"
PRICE_RISE = 1.02
LABOUR_RISE = 1.04
FREIGHT_SHARE = {"DAP": 0.0, "CIF": 0.02, "FCA": 0.035, "FOB": 0.075}
BASE_DUTY = {"84": 0.027, "90": 0.021, "73": 0.037}
START_RATES = {"USD": 1.08, "GBP": 0.875, "CNY": 7.45}
LOW_USD = 1.04


def exchange_rates(seed: int) -> dict[str, np.ndarray]:
    """Return the units of each currency for one EUR on the first of each month from January 2023.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Returns
    -------
    dict of str to array
        One array of months for each currency, EUR included.
    """
    random = stream(seed, "fx")
    rates = {currency: start * np.exp(0.007 * normal(random, MONTHS)) for currency, start in START_RATES.items()}
    swing = effects()["currency"]
    first, last = month_number(swing["from"]), month_number(swing["to"])
    along = np.clip((np.arange(MONTHS) - first) / (last - first), 0, 1)
    wobble = 1 + 0.006 * np.sin(np.arange(MONTHS) * 2.1) * (along > 0) * (along < 1)
    slide = 1 - (1 - LOW_USD / START_RATES["USD"]) * np.clip((np.arange(MONTHS) - 12) / (first - 12), 0, 1)
    swung = LOW_USD * (1 / (1 + swing["change"])) ** along * wobble
    rates["USD"] = np.where(np.arange(MONTHS) < first, rates["USD"] * slide, swung)
    rates["CNY"] = rates["CNY"] * (1 / (1 + swing["change"] / 2)) ** along
    return {"EUR": np.ones(MONTHS)} | {currency: np.round(values, 4) for currency, values in rates.items()}


def month_number(when: date) -> int:
    """Return months since January 2023.

    Parameters
    ----------
    when : date
        Any day from the start of the simulation on.

    Returns
    -------
    int
        Months since January 2023.
    """
    return (when.year - 2023) * 12 + when.month - 1


def fuel_index(seed: int) -> np.ndarray:
    """Return the fuel index of each month, about 100 before the planted rise.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Returns
    -------
    array
        One value a month.
    """
    rise = effects()["fuel"]
    first, last = month_number(rise["from"]), month_number(rise["to"])
    along = np.clip((np.arange(MONTHS) - first + 1) / (last - first + 1), 0, 1)
    return np.round(100 * (1 + rise["change"] * along) * np.exp(0.012 * normal(stream(seed, "fuel"), MONTHS)), 1)


def labour_index() -> np.ndarray:
    """Return the labour index of each month: one rise every April."""
    return np.round(100 * LABOUR_RISE ** ((np.arange(MONTHS) + 9) // 12 - (np.arange(MONTHS) < 3)), 1)


def duty_rate(hs_code: str, origin: str, when: date) -> float:
    """Return the duty on goods into the EU as a fraction of their customs value.

    Parameters
    ----------
    hs_code : str
        Customs code.
    origin : str
        Country of origin.
    when : date
        Any day from the start of the simulation on.

    Returns
    -------
    float
        Rate [fraction of customs value].
    """
    if origin in ("DE", "IT"):
        return 0.0
    tariff = effects()["tariff"]
    hit = origin == tariff["origin_country"] and hs_code.startswith(tariff["hs_chapter"]) and when >= tariff["from"]
    base = 0.0 if origin == "GB" else BASE_DUTY[hs_code[:2]]
    return round(base + (tariff["added"] if hit else 0.0), 4)


def supplier_prices(items: pd.DataFrame, seed: int) -> np.ndarray:
    """Return the price of every item in its supplier's currency, of shape (items, years); 0 where we make it.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    seed : int
        Seed of the company.

    Returns
    -------
    array of shape (items, years)
        Price [supplier's currency/unit].
    """
    rates = exchange_rates(seed)
    start = np.zeros(len(items))
    for row, supplier in _bought(items):
        duty = duty_rate(items.at[row, "hs_code"], supplier["country"], date(2023, 1, 1))
        landed = 1 + FREIGHT_SHARE[supplier["incoterm"]] + duty
        start[row] = items.at[row, "base_cost"] / landed * rates[supplier["currency"]][0]
    return np.round(start[:, None] * PRICE_RISE ** np.arange(3), 2)


def unit_costs(items: pd.DataFrame, seed: int) -> np.ndarray:
    """Return the standard cost of every item in EUR, of shape (items, half years); set anew every January and July.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    seed : int
        Seed of the company.

    Returns
    -------
    array of shape (items, half years)
        Cost [EUR/unit].
    """
    costs = np.round(items["base_cost"].to_numpy()[:, None] * 1.012 ** np.arange(6), 2)
    rates, prices, fuel = exchange_rates(seed), supplier_prices(items, seed), fuel_index(seed)
    for row, supplier in _bought(items):
        for half in range(6):
            month = half * 6
            duty = duty_rate(items.at[row, "hs_code"], supplier["country"], _month_start(month))
            carriage = FREIGHT_SHARE[supplier["incoterm"]] * fuel[month] / 100
            goods = prices[row, half // 2] / rates[supplier["currency"]][month]
            costs[row, half] = round(goods * (1 + carriage + duty), 2)
    return costs


def _bought(items: pd.DataFrame) -> list[tuple[int, dict]]:
    suppliers = {entry["id"]: entry for entry in facts()["supplier"]}
    return [(row, suppliers[name]) for row, name in enumerate(items["supplier_id"]) if name]


def _month_start(month: int) -> date:
    return date(2023 + month // 12, month % 12 + 1, 1)


def fx_table(seed: int) -> pd.DataFrame:
    """Return the input table ``fx``.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        The table as text.
    """
    rows = [
        (_month_start(month), "EUR", currency, f"{values[month]:.4f}", SOURCE)
        for currency, values in exchange_rates(seed).items()
        if currency != "EUR"
        for month in range(MONTHS)
    ]
    return pd.DataFrame(rows, columns=["date", "base_currency", "quote_currency", "rate", "source"])


def indices_table(seed: int) -> pd.DataFrame:
    """Return the input table ``indices``.

    Parameters
    ----------
    seed : int
        Seed of the company.

    Returns
    -------
    DataFrame
        The table as text.
    """
    series = {"fuel": fuel_index(seed), "labour": labour_index()}
    rows = [
        (_month_start(m), name, f"{values[m]:.1f}", SOURCE) for name, values in series.items() for m in range(MONTHS)
    ]
    return pd.DataFrame(rows, columns=["date", "index_name", "value", "source"])


def duties_table(items: pd.DataFrame) -> pd.DataFrame:
    """Return the input table ``duties``: one row per code, origin and span of time, for all goods bought abroad.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.

    Returns
    -------
    DataFrame
        The table as text.
    """
    changed = effects()["tariff"]["from"]
    countries = {entry["id"]: entry["country"] for entry in facts()["supplier"]}
    bought = items[items["supplier_id"] != ""]
    pairs = sorted({(row.hs_code, countries[row.supplier_id]) for row in bought.itertuples()})
    rows = []
    for hs_code, origin in pairs:
        if origin in ("DE", "IT"):
            continue
        before, after = (duty_rate(hs_code, origin, day) for day in (date(2023, 1, 1), changed))
        stays = before == after
        rows.append((hs_code, origin, "DE", before, date(2023, 1, 1), "" if stays else changed - timedelta(days=1)))
        if not stays:
            rows.append((hs_code, origin, "DE", after, changed, ""))
    frame = pd.DataFrame(
        rows, columns=["hs_code", "origin_country", "destination_country", "rate", "valid_from", "valid_to"]
    )
    frame.insert(4, "basis", "value")
    frame.insert(5, "source", SOURCE)
    return frame
