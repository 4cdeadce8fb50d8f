"""Over what interval stock must cover demand: lead time as it was, and review."""

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.forecast_settings import Forecasts
from segkit.core.masters import look_up
from segkit.inventory.outlook import SERIES, group_attributes
from segkit.inventory.protection import protection_demand

_PAIR = ["item_id", "location_id"]
_NAMES = ["lead_time_mean", "lead_time_sd", "lead_time_source", "supplier_id"]
_SDS = 5  # no lead time that stands for a mean and a standard deviation lies farther above the mean


def cover_intervals(
    places: pd.DataFrame, lead_times: pd.DataFrame, items: pd.DataFrame, *, rules: Forecasts, period_days: float
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
    rules : Forecasts
        review_days, and lead_time_days where nothing else tells one.
    period_days : float
        Days of a period.

    Returns
    -------
    DataFrame
        item_id, location_id, review_periods, mean_periods, sd_periods and lead_time_source (receipts, supplier
        receipts, master, assumed).
    """
    pairs = places[_PAIR].drop_duplicates().sort_values(_PAIR, ignore_index=True)
    found = told_lead_times(pairs, lead_times)
    found["lead_time_source"] = found["lead_time_source"].where(found["lead_time_mean"].notna(), "master")
    planned = look_up(pairs["item_id"], items, "lead_time_days").to_numpy()
    found["lead_time_mean"] = found["lead_time_mean"].fillna(pd.Series(planned))
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


def told_lead_times(pairs: pd.DataFrame, lead_times: pd.DataFrame) -> pd.DataFrame:
    """Return what receipts tell, and of which supplier, row by row: those of the location, else of the item anywhere.

    Parameters
    ----------
    pairs : DataFrame
        item_id, location_id, one row each, numbered from 0.
    lead_times : DataFrame
        Table ``lead_times``.

    Returns
    -------
    DataFrame
        lead_time_mean, lead_time_sd [days], lead_time_source, supplier_id; missing where nothing was received.
    """
    known = lead_times.dropna(subset=["lead_time_mean"])
    most = ["recent_receipts", "receipts"]
    told = known.sort_values([*most, *_PAIR, "supplier_id"], ascending=[False, False, True, True, True])
    here = pairs.merge(told.drop_duplicates(_PAIR)[[*_PAIR, *_NAMES]], "left", _PAIR)[_NAMES]
    anywhere = pairs.merge(told.drop_duplicates("item_id")[["item_id", *_NAMES]], "left", "item_id")[_NAMES]
    return here.where(here["lead_time_mean"].notna(), anywhere)


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
