"""Demand that stock must cover at every item-location: over lead time and review."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.formulas.policy_levels import CoveredDemand, within_mean
from segkit.inventory.outlook import group_attributes
from segkit.inventory.policies.places import PLACE
from segkit.inventory.protection import interval_lengths

CHANCES = np.concatenate(
    [np.arange(0.01, 0.9, 0.03), np.arange(0.9, 0.99, 0.01), [0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999]]
)
_JUDGED = 0.99  # quantiles up to here are judged on hold-out; rarer ones are cut to the mean
_RECENT_DAYS = 91


@dataclass(frozen=True)
class CoveredPlaces:
    """What stock must cover: ``places`` (a row each), their demand in lots, and the lot of each in units.

    ``places`` has item_id, location_id, review_periods, mean_periods, sd_periods, lead_time_source,
    demand_mean (of a period ahead) and recent_mean (of the last quarter) [units].
    """

    places: pd.DataFrame
    demand: CoveredDemand
    lots: np.ndarray


def cover_places(
    history: pd.DataFrame, items: pd.DataFrame, events: pd.DataFrame, intervals: pd.DataFrame, *, seed: int
) -> CoveredPlaces:
    """Return the demand that stock must cover, all demand classes of an item-location together.

    Parameters
    ----------
    history : DataFrame
        From `take_history`.
    items : DataFrame
        Table ``items``.
    events : DataFrame
        From `events_by_period`, reaching over the intervals.
    intervals : DataFrame
        From `cover_intervals`; what has none is left out, but has its say on what others share.
    seed : int
        As `forecast_demand` takes it.

    Returns
    -------
    CoveredPlaces
        Sorted by item and location.
    """
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.mixing import mix_lengths
    from segkit.inventory.pooled.panel import read_panel

    summed = history.groupby([*PLACE, "period"], as_index=False).agg({"quantity": "sum", "in_stock": "all"})
    panel = read_panel(summed)
    every = panel.keys[PLACE].merge(intervals, "left", PLACE)
    known = every["mean_periods"].notna().to_numpy()
    if not known.any():
        return _nothing(every)
    lengths = every.drop(columns="lead_time_source")
    lengths = lengths.fillna({"review_periods": 1.0, "mean_periods": 0.0, "sd_periods": 0.0})
    series, length = interval_lengths(panel.keys, lengths)
    ahead = max(int(np.ceil(length.max(initial=1.0))), 1)
    calendar = events if len(events.columns) > 1 else None
    fit = fit_demand(panel, group_attributes(history, items), calendar, ahead=ahead, seed=seed)
    mean, _, curves = mix_lengths(fit, series, length, CHANCES, seed=seed)
    lots = panel.counted
    span = np.maximum(np.bincount(series, length, len(every)) / np.bincount(series, minlength=len(every)), 1e-9)
    watched = 1.0 / _period_days(panel.periods)  # a day, where stock is watched all the time
    review = mean * np.maximum(lengths["review_periods"].to_numpy(), watched) / span
    whole = within_mean(curves / lots[:, None], CHANCES, mean / lots, surely=_JUDGED)
    lotwise = CoveredDemand(whole, CHANCES, mean / lots, np.minimum(review, mean) / lots)
    rows = np.flatnonzero(known)
    recent = _recent_mean(panel.values, panel.observed, int(np.ceil(_RECENT_DAYS / _period_days(panel.periods))))
    places = every.assign(demand_mean=mean / span, recent_mean=recent).iloc[rows].reset_index(drop=True)
    return CoveredPlaces(places, lotwise.of(rows), lots[rows])


def _recent_mean(values: np.ndarray, observed: np.ndarray, periods: int) -> np.ndarray:
    """Return the mean of the last periods in which stock was there."""
    sold, seen = values[:, -periods:], observed[:, -periods:]
    return (sold * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)


def _period_days(periods: pd.DatetimeIndex) -> float:
    return float((periods[-1] - periods[0]).days / (len(periods) - 1)) if len(periods) > 1 else 30.0


def _nothing(every: pd.DataFrame) -> CoveredPlaces:
    none, curves = np.zeros(0), np.zeros((0, len(CHANCES)))
    places = every.assign(demand_mean=0.0, recent_mean=0.0).iloc[:0]
    return CoveredPlaces(places, CoveredDemand(curves, CHANCES, none, none), none)
