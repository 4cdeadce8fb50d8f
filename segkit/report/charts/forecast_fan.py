"""The fan of one forecast: what was sold, when it was out of stock, and what may come."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    MUTED,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, short_number, shorten, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PERIODS = 104
BANDS = ("#8fb4cd", "#b1cbdc", "#cbdde8", "#e4edf3")


@styled
def plot_forecast_fan(history: pd.DataFrame, forecasts: pd.DataFrame, *, item_id: str, location_id: str) -> "Figure":
    """Draw the history of one item at one location and its forecast with bands between its quantiles.

    Parameters
    ----------
    history : DataFrame
        item_id, location_id, period, quantity [units]; in_stock false is shaded.
    forecasts : DataFrame
        item_id, location_id, period, mean, quantile columns such as q50, q95 [units].
    item_id, location_id : str
        The series.

    Returns
    -------
    Figure
        The mean as a line, bands darker towards the median; at most the last 104 periods of history.
    """
    past, ahead = (of_series(table, item_id, location_id) for table in (history, forecasts))
    what = f"{shorten(item_id, 30)} at {shorten(location_id, 20)}"
    if ahead.empty:
        return empty_figure("forecast_fan", f"There is no forecast of {what}.")
    past = past.tail(MOST_PERIODS)
    levels = _levels(ahead)
    unit = period_unit(pd.concat([past["period"], ahead["period"]]))
    figure = start_figure("forecast_fan", _title(what, ahead, levels, unit), _note(past, levels, unit), height=3.0)
    axes = figure.subplots()
    _draw_past(axes, past)
    _draw_bands(axes, past, ahead, levels)
    only_baseline(axes, grid="y")
    axes.set_ylim(bottom=min(0.0, float(past["quantity"].min()) if past["quantity"].notna().any() else 0.0))
    format_axis(axes.yaxis, tick_number)
    date_axis(axes)
    _name_bands(axes, ahead, levels)
    shown = "; ".join(f"{row.period:%Y-%m-%d}: {short_number(row.mean)}" for row in ahead.itertuples(index=False))
    return describe(figure, f"Expected per {unit}: {shown}")


def of_series(table: pd.DataFrame, item_id: str, location_id: str) -> pd.DataFrame:
    """Return the rows of one series by period."""
    rows = table[(table["item_id"] == item_id) & (table["location_id"] == location_id)]
    return rows.sort_values("period").drop_duplicates("period", ignore_index=True)


def _levels(ahead: pd.DataFrame) -> dict[str, float]:
    names = [name for name in map(str, ahead.columns) if name[:1] == "q" and name[1:].replace(".", "", 1).isdigit()]
    levels = {name: float(name[1:]) / 100 for name in names if ahead[name].notna().any()}
    return dict(sorted(levels.items(), key=lambda pair: pair[1]))


def period_unit(periods: pd.Series) -> str:
    """Return day, week or month, by how far periods lie apart."""
    days = periods.drop_duplicates().sort_values().diff().dt.days.median()
    return "period" if np.isnan(days) else "day" if days < 2 else "week" if days < 15 else "month"


def _title(what: str, ahead: pd.DataFrame, levels: dict[str, float], unit: str) -> str:
    mean = f"{short_number(round(float(ahead['mean'].mean()), 2))} units a {unit} expected"
    if not levels:
        return f"{what}: {mean}"
    name = min(levels, key=lambda one: abs(levels[one] - 0.95))
    most = short_number(round(float(ahead[name].iloc[0]), 2))
    return f"{what}: {mean}; with {percent(levels[name])} certainty no more than {most} in the first {unit}"


def _note(past: pd.DataFrame, levels: dict[str, float], unit: str) -> str:
    out = int((~in_stock(past)).sum())
    shaded = f"; shaded: out of stock ({plain_number(out)} {unit}{'s' * (out != 1)})" if out else ""
    bands = f"; bands end at the {', '.join(percent(level) for level in levels.values())} quantiles" if levels else ""
    return f"Units per {unit}: demand, forecast (mean){bands}{shaded}"


def in_stock(past: pd.DataFrame) -> np.ndarray:
    """Return where there was stock; where nothing is told, there was."""
    if "in_stock" not in past:
        return np.ones(len(past), dtype=bool)
    return past["in_stock"].astype("boolean").fillna(True).to_numpy(dtype=bool)


def _draw_past(axes: "Axes", past: pd.DataFrame) -> None:
    if past.empty:
        return
    periods, there = past["period"], in_stock(past)
    width = periods.diff().median() if len(past) > 1 else pd.Timedelta(7, "D")
    for begin in periods[~there]:
        axes.axvspan(begin - width / 2, begin + width / 2, color=LINE, alpha=0.55, linewidth=0)
    axes.plot(periods, past["quantity"], color=INK, linewidth=1.1, marker="o", markersize=2.2, markeredgewidth=0)


def _draw_bands(axes: "Axes", past: pd.DataFrame, ahead: pd.DataFrame, levels: dict[str, float]) -> None:
    periods, names = ahead["period"], list(levels)
    for low, high in pairwise(names):
        away = (abs(levels[low] - 0.5) + abs(levels[high] - 0.5)) / 2
        shade = BANDS[int(np.searchsorted([0.2, 0.38, 0.46], away))]
        axes.fill_between(periods, ahead[low], ahead[high], color=shade, linewidth=0, step="mid")
    axes.plot(periods, ahead["mean"], color="white", linewidth=3.6)
    axes.plot(periods, ahead["mean"], color=ACCENT, linewidth=2, marker="o", markersize=3, markeredgewidth=0)
    if len(past):
        axes.axvline(past["period"].iloc[-1] + (periods.iloc[0] - past["period"].iloc[-1]) / 2, color=LINE, linewidth=1)


def _name_bands(axes: "Axes", ahead: pd.DataFrame, levels: dict[str, float]) -> None:
    """Write the level at the end of each quantile, the highest first, where there is room for it."""
    low, high = axes.get_ylim()
    taken = np.inf
    for name in reversed(levels):
        end = float(ahead[name].iloc[-1])
        if np.isnan(end) or taken - end < 0.045 * (high - low):
            continue
        taken = end
        axes.annotate(
            percent(levels[name]), (ahead["period"].iloc[-1], end), xytext=(9, 0),
            textcoords="offset points", va="center", size=7.5, color=MUTED,
        )  # fmt: skip


def date_axis(axes: "Axes") -> None:
    """Write few dates, short ones."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=9)
    formats, zero = ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%S"], ["", "%Y", "%b", "", "", ""]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, formats=formats, zero_formats=zero, show_offset=False))
    axes.margins(x=0.02)
