"""The chart of segments over time: revenue and net margin, and where their level changed to stay."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.dynamics.moves.level_changes import ENTITIES
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MUTED,
    PALE,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import BLANK, percent, plain_number, plural, short_number, shorten, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 9
_FIRST = ("channel", "category", "region", "country", "all")
COLUMNS = 3
MEASURES = {"net_margin": "net margin", "revenue": "revenue", "volume": "demand", "quantity": "demand"}


@styled
def plot_dynamics(
    segment_dynamics: pd.DataFrame, change_points: pd.DataFrame, entity: str = "", *, currency: str = ""
) -> "Figure":
    """Draw revenue and net margin of every segment over the complete periods, with lasting changes of level.

    Parameters
    ----------
    segment_dynamics, change_points : DataFrame
        Tables of those names.
    entity : str
        Which segments: ``all``, ``channel``, ``category``, ``region``, ``item_class``, ...; blank = the first of
        channel, category, region and country that is there, else all.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        A panel per segment with a scale of its own, the nine with the most revenue; a dashed line where a level began,
        with the levels of net margin before and after it.
    """
    there = set(segment_dynamics["entity"])
    entity = entity or next((one for one in _FIRST if one in there), "channel")
    word, name = entity.replace("_", " "), f"dynamics_{entity}"
    own = segment_dynamics[(segment_dynamics["entity"] == entity) & segment_dynamics["complete"].fillna(False)]
    own = own.sort_values(["entity_id", "period"])
    shown = next((one for one in ("net_margin", "revenue", "quantity") if own[one].notna().any()), "")
    if own.empty or not shown:
        return empty_figure(name, f"No {word} has a complete period.")
    totals = own.groupby("entity_id")["revenue" if shown == "net_margin" else shown].sum()
    order = totals.sort_index().sort_values(ascending=False, kind="stable").index[:MOST_PANELS]
    changes = change_points[change_points["entity"] == entity].sort_values(["entity_id", "measure", "period"])
    rows = -(-len(order) // COLUMNS)
    figure = start_figure(
        name, _title(changes, word, totals), _note(shown, totals.size, word, currency), height=0.2 + 1.25 * rows
    )
    panels = figure.subplots(rows, min(COLUMNS, len(order)), sharex=True, squeeze=False).ravel()
    for axes, entity_id in zip(panels, order, strict=False):
        here = changes[(changes["entity_id"] == entity_id) & (changes["measure"] == shown)]
        _draw(axes, own[own["entity_id"] == entity_id], here, shown)
    for axes in panels[len(order) :]:
        axes.set_axis_off()
    none = "No level changed to stay" if entity in ENTITIES else ""
    told = "; ".join(_told(row) for _, row in changes.iterrows()) or none
    return describe(figure, told) if told else figure


def _title(changes: pd.DataFrame, word: str, totals: pd.Series) -> str:
    count = totals.size
    if word.replace(" ", "_") not in ENTITIES:  # today's members bias their past: no test
        held = percent(totals.max() / totals.sum()) if totals.sum() > 0 else BLANK
        largest = f"{shorten(totals.idxmax(), 28)} is the largest, with {held} of {totals.name}"
        return f"Of {plain_number(count)} {plural(word)} {largest}"
    if changes.empty:
        who = (
            f"None of {plain_number(count)} {plural(word)}" if count > 1 else f"The one {word}" if word != "all" else ""
        )
        if not who:
            return "Neither demand nor net margin of the company changed its level to stay"
        return f"{who} changed its level of demand or net margin to stay" if count > 1 else f"{who} kept its level"
    clearest = changes.sort_values(["confidence", "entity_id", "period"], ascending=[False, True, True]).iloc[0]
    told = _told(clearest)
    season = "; that may be season" if clearest["reason"] else ""
    moved = changes["entity_id"].nunique()
    if word == "all":
        return f"The company's level changed: {told.split(': ', 1)[-1]}{season}"
    return (
        f"{plain_number(moved)} of {plain_number(count)} {plural(word)} changed level to stay, clearest {told}{season}"
    )


def _told(row: pd.Series) -> str:
    size = row["change"] / abs(row["before"]) if row["before"] else np.nan
    much = f"{'+' if row['change'] > 0 else ''}{percent(size, 0)}" if abs(size) < 10 else short_number(row["change"])
    return f"{shorten(row['entity_id'], 22)}: {MEASURES[row['measure']]} {much} from {row['period']:%Y-%m-%d} on"


def _note(shown: str, count: int, word: str, currency: str) -> str:
    money = f" [{currency}]" if currency and shown != "quantity" else ""
    lines = "net margin (dark) and revenue (light)" if shown == "net_margin" else MEASURES[shown]
    rest = f"; the {MOST_PANELS} largest of {plain_number(count)} {plural(word)}" if count > MOST_PANELS else ""
    return f"Per period, {lines}{money}, each panel on its own scale{rest}"


def _draw(axes: "Axes", rows: pd.DataFrame, changes: pd.DataFrame, shown: str) -> None:
    periods = rows["period"].to_numpy()
    if shown == "net_margin":
        axes.fill_between(periods, rows["revenue"].fillna(0.0), color=PALE, linewidth=0)
    axes.plot(periods, rows[shown], color=ACCENT, linewidth=1.4, marker="o" if len(rows) == 1 else None, markersize=3)
    edges = [periods[0], *changes["period"], periods[-1]]
    for place, change in enumerate(changes.itertuples(index=False)):
        axes.axvline(change.period, color=LOSS, linewidth=1.1, linestyle=(0, (3, 2)))
        for left, right, level in (
            (edges[place], change.period, change.before),
            (change.period, edges[place + 2], change.after),
        ):
            axes.plot([left, right], [level, level], color=LOSS, linewidth=1.6, alpha=0.8)
        begun = f"{change.period:%Y-%m}"
        axes.annotate(
            begun, (change.period, 1.0), xycoords=("data", "axes fraction"), xytext=(2, -2), textcoords="offset points",
            va="top", size=7.5, color=LOSS,
        )  # fmt: skip
    only_baseline(axes, grid="y")
    head = "whole company" if rows["entity"].iloc[0] == "all" else shorten(rows["entity_id"].iloc[0], 26)
    axes.set_title(head, loc="left", size=8.5, color=INK, pad=3)
    axes.locator_params(axis="y", nbins=3)
    format_axis(axes.yaxis, tick_number)
    _date_axis(axes)
    axes.axhline(0, color=MUTED, linewidth=0.6)


def _date_axis(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=2, maxticks=5)
    formats, zero = ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%S"], ["", "%Y", "%b", "", "", ""]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, formats=formats, zero_formats=zero, show_offset=False))
    axes.margins(x=0.01)
