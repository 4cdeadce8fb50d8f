"""Demand that stock must cover at every item-location: over lead time and review."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.formulas.curve_tails import within_mean
from segkit.formulas.policy_levels import CoveredDemand
from segkit.inventory.outlook import group_attributes
from segkit.inventory.policies.places import PLACE
from segkit.inventory.protection import interval_lengths

if TYPE_CHECKING:
    from segkit.formulas.demand_spread import Spread
    from segkit.inventory.pooled.fitting import FittedDemand
    from segkit.inventory.pooled.panel import DemandPanel

CHANCES = np.concatenate(
    [np.arange(0.01, 0.9, 0.03), np.arange(0.9, 0.99, 0.01), [0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999]]
)
_JUDGED = 0.99  # quantiles up to here are judged on hold-out; rarer ones are cut to the mean
_RECENT_DAYS = 91
_UNSEEN = 0.5  # periods with demand
_ALWAYS = 1.0 - 1e-9


@dataclass(frozen=True)
class CoveredPlaces:
    """What stock must cover: ``places`` (a row each), their demand in lots, and the lot of each in units.

    ``places`` has item_id, location_id, review_periods, mean_periods, sd_periods, lead_time_source,
    demand_mean (of a period ahead) and recent_mean (of the last quarter) [units].
    """

    places: pd.DataFrame
    demand: CoveredDemand
    lots: np.ndarray


@dataclass(frozen=True)
class FittedPlaces:
    """What is known of demand at every item-location, all demand classes together.

    ``panel`` is demand as it was sold; ``intervals`` has a row per series of it, blank where no lead time is known;
    ``fit`` is None where none is. ``spreads`` keeps the scatter of the lengths that were asked for.
    """

    panel: "DemandPanel"
    fit: "FittedDemand | None"
    intervals: pd.DataFrame
    seed: int
    spreads: dict[int, "Spread"]

    @property
    def moves(self) -> bool:
        """Whether season or calendar let the forecast differ from period to period."""
        return self.fit is not None and bool(self.fit.told)

    def starts(self, count: int) -> pd.DatetimeIndex:
        """Return the first days of the next periods, and the one after them."""
        if self.fit is None:
            return pd.DatetimeIndex([], dtype="datetime64[us]")
        return self.panel.next_periods(count + 1)

    def cover(self, intervals: pd.DataFrame | None = None, *, after: int = 0) -> CoveredPlaces:
        """Return the demand that stock must cover.

        Parameters
        ----------
        intervals : DataFrame, optional
            Others than those it was fitted for, as `cover_intervals` gives them: review_periods, mean_periods and
            sd_periods by item and location, no longer ones than those.
        after : int
            Periods after the history at which the intervals begin. How far demand scatters around its forecast is that
            of an interval that begins now: forecasts will be made anew before.
        """
        from segkit.inventory.pooled.mixing import mix_lengths

        if self.fit is None:
            return _nothing(self.intervals)
        panel = self.panel
        every = self.intervals if intervals is None else self.intervals[PLACE].merge(intervals, "left", PLACE)
        lengths = _filled(every)
        series, length = interval_lengths(panel.keys, lengths)
        mean, _, curves = mix_lengths(
            self.fit, series, length, CHANCES, seed=self.seed, after=after, known=self.spreads
        )
        lots = panel.counted
        span = np.maximum(np.bincount(series, length, len(every)) / np.bincount(series, minlength=len(every)), 1e-9)
        watched = 1.0 / _period_days(panel.periods)  # a day, where stock is watched all the time
        reviewed = np.maximum(lengths["review_periods"].to_numpy(), watched)
        review = mean * reviewed / span
        whole = within_mean(curves / lots[:, None], CHANCES, mean / lots, surely=_JUDGED)
        asked = _asked(panel, mean / span, reviewed)
        lotwise = CoveredDemand(whole, CHANCES, mean / lots, np.minimum(review, mean) / lots, asked)
        rows = np.flatnonzero(every["mean_periods"].notna())
        recent = _recent_mean(panel.values, panel.observed, int(np.ceil(_RECENT_DAYS / _period_days(panel.periods))))
        told = every.assign(demand_mean=mean / span, recent_mean=recent)
        return CoveredPlaces(told.iloc[rows].reset_index(drop=True), lotwise.of(rows), lots[rows])


def fit_places(
    history: pd.DataFrame,
    items: pd.DataFrame,
    events: pd.DataFrame,
    intervals: pd.DataFrame,
    *,
    seed: int,
    further: int = 0,
) -> FittedPlaces:
    """Return what is known of the demand of every item-location, all its demand classes together.

    Parameters
    ----------
    history : DataFrame
        From `take_history`.
    items : DataFrame
        Table ``items``.
    events : DataFrame
        From `events_by_period`, reaching over the intervals and the periods beyond.
    intervals : DataFrame
        From `cover_intervals`; what has none is not covered, but has its say on what others share.
    seed : int
        As `forecast_demand` takes it.
    further : int
        Periods after the history up to which intervals may begin; by default they begin now.
    """
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.panel import read_panel

    panel = read_panel(_summed(history))
    every = panel.keys[PLACE].merge(intervals, "left", PLACE)
    if not every["mean_periods"].notna().any():
        return FittedPlaces(panel, None, every, seed, {})
    _, length = interval_lengths(panel.keys, _filled(every))
    ahead = max(int(np.ceil(length.max(initial=1.0))), 1)
    calendar = events if len(events.columns) > 1 else None
    attributes = group_attributes(history, items)
    fit = fit_demand(panel, attributes, calendar, ahead=ahead, seed=seed, further=further)
    return FittedPlaces(panel, fit, every, seed, {})


def _summed(history: pd.DataFrame) -> pd.DataFrame:
    """Return demand of all classes together; of one class alone there is nothing to add up."""
    if "demand_class" in history and history["demand_class"].nunique() == 1:
        return history[[*PLACE, "period", "quantity", "in_stock"]]
    return history.groupby([*PLACE, "period"], as_index=False).agg({"quantity": "sum", "in_stock": "all"})


def _filled(every: pd.DataFrame) -> pd.DataFrame:
    """Return intervals in which series without a lead time have some, so that they can be fitted as well."""
    lengths = every.drop(columns="lead_time_source")
    return lengths.fillna({"review_periods": 1.0, "mean_periods": 0.0, "sd_periods": 0.0})


def _recent_mean(values: np.ndarray, observed: np.ndarray, periods: int) -> np.ndarray:
    """Return the mean of the last periods in which stock was there."""
    sold, seen = values[:, -periods:], observed[:, -periods:]
    return (sold * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)


def _asked(panel: "DemandPanel", mean: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return the chance that anything is asked for in some periods; blank where history tells nothing of it.

    Counted are periods with demand, of those in which stock was there since the first sale. Half a one more stands for
    what a short history cannot know. Orders come independently, as large as before and as often as the ``mean`` of a
    period ahead asks for.
    """
    from segkit.inventory.pooled.lots import SOLD

    seen = panel.observed & (np.arange(len(panel.periods)) >= panel.start[:, None])
    count, sold = seen.sum(axis=1), np.where(seen, panel.values, 0.0)
    some = ((sold > SOLD).sum(axis=1) + _UNSEEN) / (count + _UNSEEN)
    before = sold.sum(axis=1) / np.maximum(count, 1)
    often = -np.log1p(-np.minimum(some, _ALWAYS)) * mean / np.where(before > 0, before, 1.0)
    return np.where((before > 0) & (some < _ALWAYS), -np.expm1(-often * periods), np.nan)


def _period_days(periods: pd.DatetimeIndex) -> float:
    return float((periods[-1] - periods[0]).days / (len(periods) - 1)) if len(periods) > 1 else 30.0


def _nothing(every: pd.DataFrame) -> CoveredPlaces:
    none, curves = np.zeros(0), np.zeros((0, len(CHANCES)))
    places = every.assign(demand_mean=0.0, recent_mean=0.0).iloc[:0]
    return CoveredPlaces(places, CoveredDemand(curves, CHANCES, none, none), none)
