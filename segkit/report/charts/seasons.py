"""The chart of seasons: which categories have one, when it peaks and how high."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    MUTED,
    bar_labels,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, plural, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 14
WEEK = 7


@styled
def plot_seasonality(seasonality: pd.DataFrame) -> "Figure":
    """Draw how far demand of each category rises above its mean at the peak of its season.

    Parameters
    ----------
    seasonality : DataFrame
        Table ``seasonality``; its items are drawn where no category is known.

    Returns
    -------
    Figure
        The highest peaks (of items: the clearest seasons); what has no season beyond chance stands below without a bar.
    """
    every = seasonality[seasonality["reason"].astype("object").fillna("") == ""]
    known = every[every["entity"] == "category"]
    entity = "category" if len(known) else "item"
    known = known if len(known) else every[every["entity"] == "item"]
    if known.empty:
        why = seasonality["reason"].mode()
        return empty_figure("seasonality", f"No season can be measured: {why.iloc[0] if len(why) else 'no demand'}.")
    ranked = known.assign(rise=(known["peak_index"] - 1).where(known["is_seasonal"]))
    first = ["rise", "seasonal_strength"] if entity == "category" else ["is_seasonal", "seasonal_strength"]
    ranked = ranked.sort_values([*first, "entity_id"], ascending=[False, False, True])
    bars = ranked.head(MOST_BARS)
    figure = start_figure("seasonality", _title(ranked, entity), _note(ranked, entity), height=0.35 + 0.28 * len(bars))
    _draw_peaks(figure.subplots(), bars)
    told = bars[bars["is_seasonal"]]
    return describe(figure, "; ".join(f"{row.entity_id}: {_words(row)}" for row in told.itertuples()))


def _title(ranked: pd.DataFrame, entity: str) -> str:
    found = ranked[ranked["is_seasonal"]]
    if found.empty:
        return f"No {entity} has a season beyond chance"
    first = found.iloc[0]
    name, rise = shorten(first["entity_id"], 26), percent(first["rise"], 0)
    if len(ranked) == 1:
        return f"Demand for {name} peaks in {first['peak']}, {rise} above its mean"
    have = f"{plain_number(len(found))} of {plain_number(len(ranked))} {plural(entity)}"
    verb = "has a season" if len(found) == 1 else "have a season"
    return f"{have} {verb}; {name} peaks in {first['peak']}, {rise} above its mean"


def _note(ranked: pd.DataFrame, entity: str) -> str:
    span = "week" if (ranked["cycle_periods"] == WEEK).all() else "year"
    return (
        f"Demand at the peak of the {span} above its mean, by {entity}; no bar: no more season than chance gives "
        f"(in brackets: strength, 0 to 1)"
    )


def _draw_peaks(axes: "Axes", bars: pd.DataFrame) -> None:
    places, rise = np.arange(len(bars)), bars["rise"].fillna(0.0).to_numpy()
    bar_labels(axes, list(bars["entity_id"]))
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.barh(places, rise, color=ACCENT, height=0.55)
    axes.axvline(0, color=LINE, linewidth=0.8)
    span = float(rise.max()) or 1.0
    axes.set_xlim(0, 1.35 * span)
    for place, row in enumerate(bars.itertuples()):
        text = _words(row) if row.is_seasonal else f"no season beyond chance ({row.seasonal_strength:.2f})"
        color = INK if row.is_seasonal else MUTED
        axes.text(rise[place] + 0.012 * span, place, text, va="center", size=8.5, color=color)


def _words(row: object) -> str:
    return f"{row.peak}, +{percent(row.rise, 0)} ({row.seasonal_strength:.2f})"  # type: ignore[attr-defined]
