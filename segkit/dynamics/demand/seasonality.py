"""Which items have a season or a trend, how strong, and what stays uncertain after the season."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.masters import look_up
from segkit.core.settings import Periods
from segkit.formulas.seasonal import component_strength, seasonal_naive_error

# periods of a seasonal cycle, and the step in which histories are shortened so that few lengths are to be worked out
_CYCLES = {"month": (12, 1), "week": (52, 13), "day": (7, 7)}
_MOST_PERIODS = 260
_CHANCE = 0.05
_DRAWS = 2000
_SEED = 20
_STEADIEST = 0.01  # squared CV below which an item has no more say in its category
_DECIMALS = 9  # of the mean, in which seasons are compared
_MEASURED = ["seasonal_strength", "trend_strength", "seasonal_error", "peak_index"]


def measure_seasonality(demand: pd.DataFrame, items: pd.DataFrame, *, periods: Periods) -> pd.DataFrame:
    """Return ``seasonality``: strength of season and trend of items and categories, and whether it is more than chance.

    Parameters
    ----------
    demand : DataFrame
        Table ``demand``. Only complete periods count; those with stock-outs count as they are.
    items : DataFrame
        Table ``items``, for the categories.
    periods : Periods
        Length of a period, hence of a cycle: 12 months, 52 weeks, 7 days.

    Returns
    -------
    DataFrame
        One row per category and per item; blank, with the reason, where there are fewer than two full cycles or no
        demand. A category is the mean of its items, each in multiples of its own mean demand and weighted by its
        steadiness (1 / variance): what single items hide in noise shows there, and no large item speaks for all. The
        peak is told only where the season is more than chance.

    Notes
    -----
    STL with a season that stays the same from cycle to cycle (a seasonal window longer than the series, degree 0):
    with two or three cycles a season that may change fits anything. Even so STL finds strength in noise, so
    is_seasonal asks for more strength than 95 % of white noise of the same length has (2,000 series drawn once per
    length). That limit holds for lumpy demand too; but one item in twenty passes it by chance, and more where demand
    lingers from period to period or jumps to another level. At most the last 260 periods count.

    STL that is not robust is linear in the series. So it is run once per length and place, on a series that is 1 there
    and 0 elsewhere, and the components of all items follow by one multiplication.

    References
    ----------
    Cleveland, Cleveland, McRae & Terpenning (1990), "STL", Journal of Official Statistics 6(1); Hyndman &
    Athanasopoulos, Forecasting: Principles and Practice, 3e, section 4.3.
    """
    if demand.empty:
        return empty_table("seasonality")
    each = _Panel.of_items(demand)
    parts = [_measure_panel(panel, periods) for panel in (each.by_category(items), each)]
    return pd.concat(parts, ignore_index=True)[list(empty_table("seasonality").columns)]


@cache
def chance_limit(length: int, cycle: int) -> float:
    """Return the strength of season that one white-noise series in twenty reaches.

    Parameters
    ----------
    length : int
        Periods of the series, two cycles or more.
    cycle : int
        Periods of a seasonal cycle.

    Returns
    -------
    float
        The 95th percentile over 2,000 normal series from a fixed seed.
    """
    noise = np.random.default_rng(_SEED).normal(size=(_DRAWS, length))
    season, trend = split_series(noise, cycle)
    return float(np.quantile(component_strength(season, noise - season - trend), 1 - _CHANCE))


def split_series(series: np.ndarray, cycle: int) -> tuple[np.ndarray, np.ndarray]:
    """Return season and trend of series of one length by STL with a season that stays the same.

    Parameters
    ----------
    series : ndarray
        One series per row.
    cycle : int
        Periods of a seasonal cycle.

    Returns
    -------
    season, trend : ndarray
        In the shape of ``series``; what is left of it is the remainder.
    """
    season, trend = _smoothers(series.shape[1], cycle)
    return series @ season, series @ trend


@cache
def _smoothers(length: int, cycle: int) -> tuple[np.ndarray, np.ndarray]:
    """Return season and trend of every unit series: one row per place of the 1."""
    from statsmodels.tsa.seasonal import STL

    jump = max(cycle // 10, 1)  # a tenth of the window, between which smooth curves are drawn straight, as R does
    options = {"seasonal": 10 * length + 1, "seasonal_deg": 0, "trend_jump": jump, "low_pass_jump": jump}
    fits = [STL(unit, period=cycle, **options).fit() for unit in np.eye(length)]
    return np.array([fit.seasonal for fit in fits]), np.array([fit.trend for fit in fits])


@dataclass(frozen=True)
class _Panel:
    """Demand of items or categories in the last complete periods, a row each, and the column where each begins."""

    entity: str
    ids: pd.Series
    demand: np.ndarray
    first: np.ndarray
    calendar: pd.DatetimeIndex

    @classmethod
    def of_items(cls, demand: pd.DataFrame) -> "_Panel":
        codes, ids = pd.factorize(demand["item_id"], sort=True)
        whole = demand["complete"].to_numpy(dtype=bool)
        place, calendar = pd.factorize(demand["period"].where(whole), sort=True)
        skipped = max(len(calendar) - _MOST_PERIODS, 0)
        width = len(calendar) - skipped
        first = np.full(len(ids), width)
        np.minimum.at(first, codes[whole], np.maximum(place[whole] - skipped, 0))
        kept = whole & (place >= skipped)
        cell = codes[kept] * width + place[kept] - skipped
        summed = np.bincount(cell, weights=demand["quantity"].to_numpy()[kept], minlength=len(ids) * width)
        names, calendar = pd.Series(ids, dtype="str", name="item_id"), pd.DatetimeIndex(calendar)[skipped:]
        return cls("item", names, summed.reshape(len(ids), width), first, calendar)

    def by_category(self, items: pd.DataFrame) -> "_Panel":
        codes, ids = pd.factorize(look_up(self.ids, items, "category"), sort=True)
        known = np.arange(self.demand.shape[1]) >= self.first[:, None]
        mean = self.demand.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        scaled = np.divide(self.demand, mean[:, None], out=np.zeros(self.demand.shape), where=mean[:, None] > 0)
        spread = ((scaled - 1) ** 2 * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1) + _STEADIEST
        counted = np.flatnonzero((codes >= 0) & (mean > 0))
        order = counted[np.argsort(codes[counted], kind="stable")]
        if not len(order):
            return _Panel("category", self.ids[:0], self.demand[:0], self.first[:0], self.calendar)
        found, starts = np.unique(codes[order], return_index=True)
        weight = np.add.reduceat(known[order] / spread[order, None], starts)
        summed = np.add.reduceat(scaled[order] / spread[order, None], starts)
        series = np.divide(summed, weight, out=np.zeros(summed.shape), where=weight > 0)
        names, first = pd.Series(ids[found], dtype="str"), np.argmax(weight > 0, axis=1)
        return _Panel("category", names, series, first, self.calendar)


def _measure_panel(panel: _Panel, periods: Periods) -> pd.DataFrame:
    """Return the rows of ``seasonality`` of one panel: all series of one length together."""
    cycle, step = _CYCLES[periods.unit]
    length = panel.demand.shape[1] - panel.first
    used = np.where(length >= 2 * cycle, np.maximum(length - length % step, 2 * cycle), length)
    recent = np.arange(panel.demand.shape[1]) >= panel.demand.shape[1] - used[:, None]
    sold = (panel.demand * recent).sum(axis=1) > 0
    figures, limit = np.full((len(used), len(_MEASURED) + 1), np.nan), np.full(len(used), np.inf)
    for count in np.unique(used[sold & (used >= 2 * cycle)]):
        rows = np.flatnonzero(sold & (used == count))
        figures[rows], limit[rows] = _measure(panel.demand[rows, -count:], cycle), chance_limit(int(count), cycle)
    table = pd.DataFrame({"entity_id": panel.ids.to_numpy(), "periods": used, "cycle_periods": cycle})
    table[[*_MEASURED, "peak_place"]] = figures
    why = np.select([used < 2 * cycle, ~sold], [f"fewer than two full cycles of {cycle} periods", "no demand"], "")
    table = table.assign(is_seasonal=figures[:, 0] > limit, entity=panel.entity, reason=why)
    table["peak"] = _name_peaks(table, panel.calendar[-cycle:], periods)
    table["peak_index"] = table["peak_index"].where(table["is_seasonal"])
    return table.astype({"entity": "str", "entity_id": "str", "reason": "str", "cycle_periods": "int64"})


def _name_peaks(table: pd.DataFrame, last_cycle: pd.DatetimeIndex, periods: Periods) -> pd.Series:
    """Return the month, week or weekday in which demand is highest; blank where there is no season."""
    peaks = np.full(len(table), "", dtype=object)
    has_season = table["is_seasonal"].to_numpy()
    begins = last_cycle[table.loc[has_season, "peak_place"].astype(int)]
    named = {"month": begins.month_name, "day": begins.day_name}.get(periods.unit)
    peaks[has_season] = named() if named else [f"week {week}" for week in begins.isocalendar()["week"]]
    return pd.Series(peaks, index=table.index, dtype="str")


def _measure(series: np.ndarray, cycle: int) -> np.ndarray:
    """Return the figures of `_MEASURED` and the place of the peak in the last cycle."""
    scaled = series / series.mean(axis=1, keepdims=True)
    season, trend = split_series(scaled, cycle)
    rest, last = scaled - season - trend, season[:, -cycle:]
    strengths = [component_strength(season, rest), component_strength(trend, rest)]
    peak = np.round(last, _DECIMALS).argmax(axis=1)
    return np.column_stack([*strengths, seasonal_naive_error(scaled, cycle), 1 + last.max(axis=1), peak])
