"""Over what interval stock must cover demand: lead time as it was, and review."""

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.forecast_settings import Forecasts
from segkit.core.masters import look_up
from segkit.inventory.outlook import SERIES, group_attributes
from segkit.inventory.protection import protection_demand

_PAIR = ["item_id", "location_id"]
_LATELY = ["recent_receipts", "open_receipts"]
_NAMES = ["lead_time_mean", "lead_time_sd", "lead_time_source", "supplier_id"]
_SDS = 5  # no lead time that stands for a mean and a standard deviation lies farther above the mean


def cover_intervals(
    places: pd.DataFrame,
    lead_times: pd.DataFrame,
    items: pd.DataFrame,
    locations: pd.DataFrame | None = None,
    *,
    rules: Forecasts,
    period_days: float,
    stocking: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the protection interval of every item and location of which a lead time is known.

    Parameters
    ----------
    places : DataFrame
        item_id and location_id, also several times.
    lead_times : DataFrame
        Table ``lead_times``; of several suppliers the one with most receipts lately counts, of a location without any
        the item's.
    items : DataFrame
        Table ``items``: lead_time_days where nothing was received.
    locations : DataFrame, optional
        Table ``locations``: where one is supplied by another and nothing was bought for it lately, its lead_time_days
        count, as long as they are told: those from a stock that has the item.
    rules : Forecasts
        review_days, and lead_time_days where nothing else tells one.
    period_days : float
        Days of a period.
    stocking : DataFrame, optional
        item_id, location_id that hold stock, as far as data tell: demand or stock of their own is known. What comes
        from a location that is none of them, for which nothing is bought and which none supplies (a plant without
        stock) takes as long as receipts elsewhere or the master tell; where these tell nothing, the way from there.
        None = all locations that supply others hold what they supply.

    Returns
    -------
    DataFrame
        item_id, location_id, review_periods, mean_periods, sd_periods and lead_time_source (receipts, location,
        supplier receipts, master, assumed).
    """
    pairs = places[_PAIR].drop_duplicates().sort_values(_PAIR, ignore_index=True)
    made_to_order = _comes_from_no_stock(pairs, lead_times, locations, stocking)
    found = told_lead_times(pairs, lead_times, locations, made_to_order)
    found["lead_time_source"] = found["lead_time_source"].where(found["lead_time_mean"].notna(), "master")
    planned = look_up(pairs["item_id"], items, "lead_time_days").to_numpy()
    found["lead_time_mean"] = found["lead_time_mean"].fillna(pd.Series(planned))
    way = pd.Series(_days_from_supplying(pairs, locations))
    only = (found["lead_time_mean"].isna() & way.notna()).to_numpy()
    found["lead_time_source"] = found["lead_time_source"].mask(only, "location")
    found["lead_time_mean"] = found["lead_time_mean"].fillna(way)
    if rules.lead_time_days is not None:
        found["lead_time_source"] = found["lead_time_source"].where(found["lead_time_mean"].notna(), "assumed")
        found["lead_time_mean"] = found["lead_time_mean"].fillna(rules.lead_time_days)
    table = pairs.assign(
        review_periods=rules.review_days / period_days,
        mean_periods=found["lead_time_mean"] / period_days,
        sd_periods=found["lead_time_sd"].fillna(0.0) / period_days,
        lead_time_source=found["lead_time_source"].astype("str"),
    )
    return table[table["mean_periods"].notna().to_numpy()].reset_index(drop=True)


def reviewed(intervals: pd.DataFrame, policy_rules: pd.DataFrame, *, period_days: float) -> pd.DataFrame:
    """Return intervals with the review that the policy of each item-location has.

    Parameters
    ----------
    intervals : DataFrame
        From `cover_intervals`.
    policy_rules : DataFrame
        Table of that name: review_days.
    period_days : float
        Days of a period.
    """
    own = intervals[_PAIR].merge(policy_rules[[*_PAIR, "review_days"]], "left", _PAIR)["review_days"]
    days = own.fillna(intervals["review_periods"] * period_days)
    return intervals.assign(review_periods=days.to_numpy() / period_days)


def told_lead_times(
    pairs: pd.DataFrame,
    lead_times: pd.DataFrame,
    locations: pd.DataFrame | None = None,
    made_to_order: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return what receipts at the location tell, else the location that supplies it, else receipts elsewhere.

    Parameters
    ----------
    pairs : DataFrame
        item_id, location_id, one row each, numbered from 0.
    lead_times : DataFrame
        Table ``lead_times``.
    locations : DataFrame, optional
        Table ``locations``.
    made_to_order : ndarray of bool, optional
        Row by row whether the location that supplies has no stock of the item: it does not count then.

    Returns
    -------
    DataFrame
        lead_time_mean, lead_time_sd [days], lead_time_source, supplier_id, row by row; missing where nothing is told.
    """
    known = lead_times.dropna(subset=["lead_time_mean"])
    most = ["recent_receipts", "receipts"]
    told = known.sort_values([*most, *_PAIR, "supplier_id"], ascending=[False, False, True, True, True])
    here = pairs.merge(told.drop_duplicates(_PAIR)[[*_PAIR, *_NAMES]], "left", _PAIR)[_NAMES]
    anywhere = pairs.merge(told.drop_duplicates("item_id")[["item_id", *_NAMES]], "left", "item_id")[_NAMES]
    made = here.where(here["lead_time_mean"].notna(), anywhere)
    near = _days_from_supplying(pairs, locations)
    if not np.isfinite(near).any():
        return made
    bought = told[(told["lead_time_source"].eq("receipts") | (told[_LATELY].sum(axis=1) > 0)).to_numpy()]
    own = pairs.merge(bought[_PAIR].drop_duplicates().assign(bought=True), "left", _PAIR)["bought"].notna()
    there = np.isfinite(near) & ~own.to_numpy()
    there &= True if made_to_order is None else ~made_to_order
    return made.assign(
        lead_time_mean=made["lead_time_mean"].mask(there, near),
        lead_time_sd=made["lead_time_sd"].mask(there, 0.0),
        lead_time_source=made["lead_time_source"].mask(there, "location"),
    )


def _days_from_supplying(pairs: pd.DataFrame, locations: pd.DataFrame | None) -> np.ndarray:
    """Return row by row the lead time from the location that supplies that of the pair [days]; NaN where none does."""
    if locations is None or not {"supplied_by", "lead_time_days"} <= set(locations):
        return np.full(len(pairs), np.nan)
    known = locations[(locations["supplied_by"].fillna("").astype("str") != "").to_numpy()]
    return look_up(pairs["location_id"], known, "lead_time_days").to_numpy(dtype=float, na_value=np.nan).copy()


def _comes_from_no_stock(
    pairs: pd.DataFrame, lead_times: pd.DataFrame, locations: pd.DataFrame | None, stocking: pd.DataFrame | None
) -> np.ndarray:
    """Return row by row whether the location that supplies has no stock as far as is known, and none supplies it."""
    if stocking is None or locations is None or "supplied_by" not in locations:
        return np.zeros(len(pairs), dtype=bool)
    links = locations[["location_id", "supplied_by"]].astype("str").fillna("")
    links = links[(links["supplied_by"] != "").to_numpy()]
    above = look_up(pairs["location_id"], links, "supplied_by").fillna("").astype("str")
    root = (above != "").to_numpy() & ~above.isin(links["location_id"]).to_numpy()
    held = pd.concat([stocking[_PAIR], lead_times[_PAIR]]).astype("str").drop_duplicates()
    keys = pd.MultiIndex.from_arrays([pairs["item_id"].astype("str"), above])
    return root & ~keys.isin(pd.MultiIndex.from_frame(held))


def add_up_lead_times(
    places: pd.DataFrame,
    lead_times: pd.DataFrame,
    items: pd.DataFrame,
    locations: pd.DataFrame,
    *,
    rules: Forecasts,
    stocking: pd.DataFrame | None = None,
) -> np.ndarray:
    """Return how long it takes until an item-location has what no location has yet: all lead times on the way. [days].

    Parameters
    ----------
    places : DataFrame
        item_id, location_id.
    lead_times, items, locations
        Tables of these names.
    rules : Forecasts
        lead_time_days where nothing else tells one.
    stocking : DataFrame, optional
        As `cover_intervals` takes it.

    Returns
    -------
    array
        Row by row; NaN where some lead time on the way is not known, or locations supply each other in a circle.
    """
    days, pairs, rows = np.zeros(len(places)), places[_PAIR].reset_index(drop=True), np.arange(len(places))
    for _ in range(len(locations) + 1):
        made = cover_intervals(pairs, lead_times, items, locations, rules=rules, period_days=1.0, stocking=stocking)
        told = pairs.merge(made, "left", _PAIR)
        days[rows] += told["mean_periods"].to_numpy(dtype=float)
        on = (told["lead_time_source"] == "location").to_numpy()
        if not on.any():
            break
        pairs, rows = pairs[on].reset_index(drop=True), rows[on]
        pairs = pairs.assign(location_id=look_up(pairs["location_id"], locations, "supplied_by").astype("str"))
    else:
        days[rows] = np.nan
    return days


def longest_interval(intervals: pd.DataFrame) -> int:
    """Return how many periods ahead the longest interval can reach.

    Parameters
    ----------
    intervals : DataFrame
        From `cover_intervals`.
    """
    longest = intervals["review_periods"] + intervals["mean_periods"] + _SDS * intervals["sd_periods"]
    return int(np.ceil(longest.max())) if len(longest) else 0


def cover_demand(
    history: pd.DataFrame, items: pd.DataFrame, events: pd.DataFrame, intervals: pd.DataFrame, *, rules: Forecasts
) -> pd.DataFrame:
    """Return ``protection_demand``: demand over lead time and review of every item and location.

    Parameters
    ----------
    history, items, events
        As `make_forecast` takes them.
    intervals : DataFrame
        From `cover_intervals`; items and locations without one are left out, but have their say on what others share.
    rules : Forecasts
        Seed.

    Returns
    -------
    DataFrame
        A row per series.
    """
    if history.empty or intervals.empty:
        return empty_table("protection_demand")
    every = history[_PAIR].drop_duplicates().merge(intervals, "left", _PAIR).drop(columns="lead_time_source")
    table = protection_demand(
        history,
        periods=every.fillna({"review_periods": 1.0, "mean_periods": 0.0, "sd_periods": 0.0}),
        attributes=group_attributes(history, items),
        calendar=events if len(events.columns) > 1 else None,
        seed=rules.seed,
    )
    table = table.merge(intervals, on=_PAIR).sort_values(SERIES, ignore_index=True)
    table = table.rename(columns={"periods": "interval_periods"})
    return table[list(nomenclature()["protection_demand"].columns)]
