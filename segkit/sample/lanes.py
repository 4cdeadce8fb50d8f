"""What it costs the sample company to move goods: freight rates by lane and weight, in and out."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.sample.facts import facts
from segkit.sample.rates import SOURCE

FUEL_SHARE = 0.35
YEARS = (2023, 2024, 2025)
YEARLY_RISE = 1.03
# weight from, weight to [kg], rate [EUR/kg] on the home lane, least charge [EUR] on the home lane
OUTBOUND: list[tuple[str, int, int | None, float, float]] = [("parcel", 0, 5, 0.95, 6.4), ("parcel", 5, 30, 0.62, 7.9)]
OUTBOUND += [("road", 30, 200, 0.42, 24.0), ("road", 200, 1000, 0.26, 84.0), ("road", 1000, None, 0.17, 260.0)]
DISTANCE = {"DE": 1.0, "FR": 1.25, "IT": 1.35, "GB": 1.55, "US": 3.2}
# rates [EUR/kg], least charge and days into the EU
INBOUND = {
    ("DE", "road"): ([0.30, 0.19, 0.12], 45, 2),
    ("IT", "road"): ([0.42, 0.27, 0.18], 70, 4),
    ("GB", "road"): ([0.55, 0.36, 0.25], 95, 6),
    ("US", "air"): ([3.60, 3.10, 2.80], 120, 7),
    ("US", "sea"): ([0.62, 0.41, 0.28], 260, 32),
    ("CN", "sea"): ([0.70, 0.46, 0.31], 320, 42),
}
INBOUND_BREAKS: list[tuple[int, int | None]] = [(0, 500), (500, 3000), (3000, None)]


def lanes_table() -> pd.DataFrame:
    """Return the input table ``lanes``: one row per lane, weight break and year; fuel surcharge comes on top."""
    rows = [row for number, year in enumerate(YEARS) for row in _lanes_of_year(year, YEARLY_RISE**number)]
    columns = [
        "lane_id",
        "origin_country",
        "destination_country",
        "location_id",
        "mode",
        "weight_from_kg",
        "weight_to_kg",
    ]
    columns += ["rate", "minimum", "transit_days", "valid_from", "valid_to"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(8, "basis", "weight")
    frame.insert(10, "currency", "EUR")
    frame["source"] = SOURCE
    return frame.sort_values(["lane_id", "weight_from_kg", "valid_from"], kind="stable", ignore_index=True)


def _lanes_of_year(year: int, level: float) -> list[tuple]:
    rows = []
    valid = (date(year, 1, 1), "" if year == YEARS[-1] else date(year, 12, 31))
    for place, country in outbound_pairs():
        origin = next(entry["country"] for entry in facts()["location"] if entry["id"] == place)
        for mode, low, high, rate, least in OUTBOUND:
            far = level * _distance(origin, country)
            ends = (low, "" if high is None else high)
            days = 2 + transit_days(place, country)
            lane = (f"{place}-{country}-{mode}".upper(), origin, country, place, mode)
            rows.append((*lane, *ends, f"{rate * far:.3f}", f"{least * far:.2f}", days, *valid))
    for (origin, mode), (rates, least, days) in INBOUND.items():
        for (start, end), rate in zip(INBOUND_BREAKS, rates, strict=True):
            lane = (f"{origin}-DE-{mode}".upper(), origin, "DE", "", mode)
            ends = (start, "" if end is None else end)
            rows.append((*lane, *ends, f"{rate * level:.3f}", f"{least * level:.2f}", days, *valid))
    return rows


def outbound_pairs() -> list[tuple[str, str]]:
    """Return each place that serves customers with the countries it serves."""
    regional = [(entry["location"], entry["country"]) for entry in facts()["region"] if entry["location"] != "DCN"]
    return [*regional, *[("DCN", country) for country in DISTANCE], ("DCS", "FR"), ("DCS", "IT")]


def transit_days(place: str, country: str) -> int:
    """Return workdays from a place to customers in a country.

    Parameters
    ----------
    place : str
        Location it leaves from.
    country : str
        Country of the customer.

    Returns
    -------
    int
        Workdays under way.
    """
    origin = next(entry["country"] for entry in facts()["location"] if entry["id"] == place)
    if origin == country:
        return 1
    return {"DE": 1, "FR": 2, "IT": 2, "GB": 3, "US": 8}[country]


def _distance(origin: str, country: str) -> float:
    return 1.08 if origin == country != "DE" else DISTANCE[country]


def freight_out(weight: np.ndarray, place: np.ndarray, country: np.ndarray, year: np.ndarray) -> np.ndarray:
    """Return the freight of shipments by the lane tables, without fuel surcharge [EUR].

    Parameters
    ----------
    weight : array
        Weight of each shipment [kg].
    place, country : array of str
        Where it leaves from and where it goes.
    year : array of int
        Year of the shipment.

    Returns
    -------
    array
        Rate x weight, at least the least charge of the weight break.
    """
    names = [entry["id"] for entry in facts()["location"]]
    home = np.array([entry["country"] for entry in facts()["location"]])
    origin = home[[names.index(name) for name in place]]
    far = np.array([_distance(a, b) for a, b in zip(origin, country, strict=True)]) * YEARLY_RISE ** (year - YEARS[0])
    breaks = np.array([low for _, low, *_ in OUTBOUND])
    band = np.searchsorted(breaks, weight, side="right") - 1
    rate = np.round(np.array([entry[3] for entry in OUTBOUND])[band] * far, 3)
    least = np.round(np.array([entry[4] for entry in OUTBOUND])[band] * far, 2)
    return np.maximum(rate * weight, least)


def inbound_freight(weight: float, origin: str, mode: str, year: int) -> float:
    """Return the freight of one shipment into the EU by the lane tables, without fuel surcharge [EUR].

    Parameters
    ----------
    weight : float
        Weight of the shipment [kg].
    origin : str
        Country of origin.
    mode : str
        road, air or sea.
    year : int
        Year of the shipment.

    Returns
    -------
    float
        Freight [EUR], at least the minimum.
    """
    rates, least, _ = INBOUND[origin, mode]
    level = YEARLY_RISE ** (year - YEARS[0])
    band = sum(weight >= low for low, _ in INBOUND_BREAKS) - 1
    return max(round(rates[band] * level, 3) * weight, round(least * level, 2))


def fuel_surcharge(index: np.ndarray) -> np.ndarray:
    """Return the factor on freight that a fuel index gives: 1 at 100.

    Parameters
    ----------
    index : array
        Fuel index, 100 = base.

    Returns
    -------
    array
        Factor on freight.
    """
    return 1 + FUEL_SHARE * (np.asarray(index) / 100 - 1)
