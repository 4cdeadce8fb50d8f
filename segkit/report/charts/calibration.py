"""The calibration plot: how often demand stayed below each quantile, against what the quantile says."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.forecasts import NAIVE, segment_word
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MUTED,
    WASH,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import MINUS, percent, plain_number, plural, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 9
COLUMNS = 3
TOLERANCE = 0.015
ERRORS = 3


@styled
def plot_calibration(forecast_calibration: pd.DataFrame, entity: str = "all", *, method: str = "") -> "Figure":
    """Draw how far from its level the share of periods lies in which demand stayed below each quantile.

    Parameters
    ----------
    forecast_calibration : DataFrame
        Table ``forecast_calibration``: `check_calibration` by entity and entity_id.
    entity : str
        What the segments are, for example pattern; all = everything together.
    method : str
        Forecast to be shown; blank = the one with the least pinball loss of those that are not naive.

    Returns
    -------
    Figure
        One panel per segment, most periods first; within the band deviations are below 1.5 points.
    """
    name, word = f"calibration_{entity}", segment_word(entity)
    own = forecast_calibration[(forecast_calibration["entity"] == entity) & forecast_calibration["frequency"].notna()]
    rows = own[own["method"] == (method or _best_method(own))]
    if rows.empty:
        return empty_figure(name, f"No quantile by {word} was judged.")
    error = rows[["series_error", "origin_error"]].max(axis=1).fillna(0.0)
    rows = rows.assign(error=error, off=rows["deviation"].abs() > np.maximum(TOLERANCE, ERRORS * error))
    sizes = rows.groupby("entity_id")["judged_periods"].max()
    order = sizes.sort_index().sort_values(ascending=False, kind="stable").index
    shown, high = order[:MOST_PANELS], -(-min(len(order), MOST_PANELS) // COLUMNS)
    figure = start_figure(name, _title(rows, word), _note(len(order), word), height=0.35 + 1.55 * high)
    panels = figure.subplots(high, min(COLUMNS, len(shown)), sharey=True, squeeze=False).ravel()
    reach = max(1.15 * float((rows["deviation"].abs() + ERRORS * rows["error"]).max()), 2 * TOLERANCE)
    for axes, entity_id in zip(panels, shown, strict=False):
        one = rows[rows["entity_id"] == entity_id].sort_values("quantile")
        head = "everything" if entity == "all" else shorten(entity_id, 22)
        _draw(axes, one, f"{head} · {short_number(int(sizes[entity_id]))} periods", min(reach, 0.5))
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    told = rows.sort_values(["entity_id", "quantile"])
    return describe(figure, "; ".join(_words(row) for row in told.itertuples() if row.entity_id in set(shown)))


def _best_method(rows: pd.DataFrame) -> str:
    others = rows[rows["method"] != NAIVE]
    loss = (others if len(others) else rows).groupby("method")["pinball"].mean()
    return str(loss.sort_index().idxmin()) if loss.notna().any() else str(loss.index.min() if len(loss) else "")


def _title(rows: pd.DataFrame, word: str) -> str:
    segments = rows.groupby("entity_id")["off"].any()
    far = rows.sort_values(["deviation", "entity_id", "quantile"], key=_by_size, ascending=[False, True, True]).iloc[0]
    more = percent(1 - far["frequency"], 1), percent(1 - far["quantile"])
    where = f"the {percent(far['quantile'])} quantile was exceeded in {more[0]} of periods instead of {more[1]}"
    if len(segments) == 1:
        return (
            f"Quantiles keep their word; {where}"
            if not segments.any()
            else f"Quantiles do not keep their word: {where}"
        )
    kept = int((~segments).sum())
    of = "all" if kept == len(segments) else plain_number(kept)
    head = f"Quantiles keep their word in {of} of {plain_number(len(segments))} {plural(word)}"
    return f"{head}; farthest off is {shorten(far['entity_id'], 24)}, where {where}"


def _by_size(column: pd.Series) -> pd.Series:
    return column.abs() if column.name == "deviation" else column


def _note(count: int, word: str) -> str:
    rest = f"; the {MOST_PANELS} largest of {plain_number(count)} {plural(word)}" if count > MOST_PANELS else ""
    return (
        f"Share of periods below each quantile (randomised PIT) {MINUS} its level, in points; "
        f"below 0: quantiles too low; lines: ± {ERRORS} standard errors, band: ± {TOLERANCE * 100:g} points{rest}"
    )


def _draw(axes: "Axes", rows: pd.DataFrame, head: str, reach: float) -> None:
    places = np.arange(len(rows))
    deviation, error = rows["deviation"].to_numpy(), ERRORS * rows["error"].to_numpy()
    axes.axhspan(-TOLERANCE, TOLERANCE, color=WASH, linewidth=0)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    color = np.where(rows["off"], LOSS, ACCENT)
    axes.vlines(places, deviation - error, deviation + error, color=color, linewidth=1.6, alpha=0.6)
    axes.scatter(places, deviation, s=26, color=color, linewidth=0, zorder=3)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks(places, [percent(level) for level in rows["quantile"]])
    axes.set(xlim=(-0.6, len(rows) - 0.4), ylim=(-reach, reach))
    axes.locator_params(axis="y", nbins=5)
    format_axis(axes.yaxis, lambda value: f"{value * 100:+.3g}".replace("-", MINUS) if abs(value) > 1e-9 else "0")
    axes.set_title(head, loc="left", size=8.5, color=INK, pad=4)


def _words(row: object) -> str:
    level, frequency = percent(row.quantile), percent(row.frequency, 1)  # type: ignore[attr-defined]
    return f"{row.entity_id} {level}: {frequency}"  # type: ignore[attr-defined]
