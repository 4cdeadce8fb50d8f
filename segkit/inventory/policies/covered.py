"""Demand that stock must cover at every item-location: over lead time and review, and over the lead time alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.formulas.policy_levels import CoveredDemand
from segkit.inventory.outlook import group_attributes
from segkit.inventory.policies.places import PLACE
from segkit.inventory.protection import interval_lengths

CHANCES = np.concatenate(
    [np.arange(0.01, 0.9, 0.03), np.arange(0.9, 0.99, 0.01), [0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999]]
)


@dataclass(frozen=True)
class CoveredPlaces:
    """What stock must cover: ``places`` (a row each), their demand in lots, and the lot of each in units.

    ``places`` has item_id, location_id, review_periods, mean_periods, sd_periods, lead_time_source and demand_mean, the
    mean of a period ahead [units].
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
    series, whole = interval_lengths(panel.keys, lengths)
    wait = np.maximum(whole - lengths["review_periods"].to_numpy()[series], 0.0)
    ahead = max(int(np.ceil(whole.max(initial=1.0))), 1)
    calendar = events if len(events.columns) > 1 else None
    fit = fit_demand(panel, group_attributes(history, items), calendar, ahead=ahead, seed=seed)
    covered = [mix_lengths(fit, series, length, CHANCES, seed=seed) for length in (whole, wait)]
    lots = panel.counted
    (whole_mean, _, over_all), (wait_mean, _, over_wait) = covered
    curves = ((table / lots[:, None])[known] for table in (over_all, over_wait))
    means = ((mean / lots)[known] for mean in (whole_mean, wait_mean))
    span = np.bincount(series, whole, len(every)) / np.bincount(series, minlength=len(every))
    places = every.assign(demand_mean=whole_mean / np.maximum(span, 1e-9))[known].reset_index(drop=True)
    return CoveredPlaces(places, CoveredDemand(*curves, CHANCES, *means), lots[known])


def _nothing(every: pd.DataFrame) -> CoveredPlaces:
    none, curves = np.zeros(0), np.zeros((0, len(CHANCES)))
    places = every.assign(demand_mean=0.0).iloc[:0]
    return CoveredPlaces(places, CoveredDemand(curves, curves, CHANCES, none, none), none)
