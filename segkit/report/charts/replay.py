"""Charts of the replay: stock against service on held-out history, and service by segment against what was expected."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MIDDLE,
    MUTED,
    SOFT,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, short_money, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN, THUMB, ONE = "differentiated", "rule of thumb", "one target"
EQUAL = "one size at equal service"
_MOST = 14
_LOWEST = 0.6
_WEIGHTY = 0.01  # share of demand from which a segment may make the title


@styled
def plot_replay(replay: pd.DataFrame, replay_gain: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw the stock value and the service that every rule gave on held-out history.

    Parameters
    ----------
    replay : DataFrame
        Table ``replay``.
    replay_gain : DataFrame
        Table ``replay_gain``, for the title.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        The curve of one target for all, the differentiated policies with their interval, and the rule of thumb.
    """
    whole = replay[(replay["entity"] == "all") & replay["weighted_fill_rate"].notna()].set_index("rule")
    if OWN not in whole.index:
        return empty_figure("replay", "Nothing was replayed: the history is too short, or no policy is sized.")
    unit = f" [{currency}]" if currency else ""
    note = (
        f"Fill rate (P2, weighted as policies.service_weight says) on held-out history, by mean stock at cost{unit}; "
        "bar = 90 % interval"
    )
    figure = start_figure("replay", _title(replay_gain), note, height=3.6)
    axes = figure.subplots()
    _draw_rules(axes, whole, currency)
    return describe(figure, _alt(whole, currency))


def _draw_rules(axes: "Axes", whole: pd.DataFrame, currency: str) -> None:
    same = whole[whole.index.str.startswith(ONE)].sort_values("stock_value")
    shown = same[same["weighted_fill_rate"] >= _LOWEST]
    axes.plot(
        shown["stock_value"], shown["weighted_fill_rate"], color=MIDDLE, marker="o", markersize=3.5, linewidth=1.6
    )
    for name, row in shown.iloc[:: max(len(shown) // 4, 1)].iterrows():
        text = str(name).removeprefix(f"{ONE} ")
        axes.annotate(
            text,
            (row["stock_value"], row["weighted_fill_rate"]),
            (4, -10),
            textcoords="offset points",
            color=MUTED,
            fontsize=7.5,
        )
    for name, colour, marker in ((OWN, ACCENT, "D"), (THUMB, LOSS, "s")):
        if name not in whole.index:
            continue
        row = whole.loc[name]
        fill = row["weighted_fill_rate"]
        span = np.array([[fill - row["fill_low"]], [row["fill_high"] - fill]]).clip(min=0)
        axes.errorbar(
            [row["stock_value"]], [fill], yerr=span, color=colour, marker=marker, markersize=7, capsize=3, linestyle=""
        )
        above = fill >= _curve_at(row["stock_value"], shown)
        place, side = ((-9, 6), "right") if above else ((9, -12), "left")
        axes.annotate(
            name, (row["stock_value"], fill), place, textcoords="offset points", color=INK, fontsize=8.5, ha=side
        )
    if len(shown):
        last = shown.iloc[-1]
        axes.annotate(
            "one target (P1) for all", (last["stock_value"], last["weighted_fill_rate"]), (-4, 7),
            textcoords="offset points", color=MUTED, fontsize=8.5, ha="right",
        )  # fmt: skip
    axes.set_xlim(left=0)
    axes.margins(x=0.12, y=0.14)
    only_baseline(axes, grid="y")
    format_axis(axes.xaxis, lambda value: short_money(value, currency))
    format_axis(axes.yaxis, percent)


def _curve_at(stock: float, shown: pd.DataFrame) -> float:
    """Return the service of one target for all at a stock value: a label stands on the side away from the curve."""
    return float(np.interp(stock, shown["stock_value"], shown["weighted_fill_rate"])) if len(shown) else np.inf


def _title(gains: pd.DataFrame) -> str:
    known = gains[(gains["rule"] == EQUAL) & gains["stock_saved_share"].notna()]
    if known.empty:
        return "No single target for all serves as much as the policies did"
    row = known.iloc[0]
    share, low, high = row["stock_saved_share"], row["share_low"], row["share_high"]
    sure = pd.notna(low) and (low > 0 or high < 0)
    way = "less" if share >= 0 else "more"
    told = f"{percent(row['fill_rate'])} served with {percent(abs(share))} {way} stock than one size for all"
    return told if sure else f"{told}: may be chance"


def _alt(whole: pd.DataFrame, currency: str) -> str:
    rows = [
        f"{name}: {percent(row['weighted_fill_rate'])} with {short_money(row['stock_value'], currency)}"
        for name, row in whole.iterrows()
    ]
    return "; ".join(rows)


@styled
def plot_service_held(replay: pd.DataFrame, entity: str = "segment") -> "Figure":
    """Draw the fill rate that the policies gave in every segment, beside the one that was expected.

    Parameters
    ----------
    replay : DataFrame
        Table ``replay``.
    entity : str
        Whose segments: abc, xyz, segment or location_id.

    Returns
    -------
    Figure
        A line per segment from expected (open) to achieved (full), most demand first.
    """
    rows = replay[(replay["rule"] == OWN) & (replay["entity"] == entity) & replay["fill_rate"].notna()]
    rows = rows[rows["expected_fill_rate"].notna()].sort_values("demand", ascending=False).head(_MOST)
    name = f"service_held_{entity}"
    if rows.empty:
        return empty_figure(name, "Nothing was replayed: the history is too short, or no policy is sized.")
    off = rows["fill_rate"] - rows["expected_fill_rate"]
    weighty = off[rows["demand"] >= _WEIGHTY * rows["demand"].sum()]
    worst = rows.loc[weighty.idxmin()]
    title = "All larger segments held the fill rate that was expected of them"
    if weighty.min() < -0.01:
        title = (
            f"{shorten(worst['entity_id'], 24)} fell furthest behind of the larger: "
            f"{percent(worst['fill_rate'])} of units met, {percent(worst['expected_fill_rate'])} expected"
        )
    note = (
        "Fill rate (P2, units) on held-out history: full = achieved, open = expected when levels were set; "
        f"larger = {percent(_WEIGHTY)} of demand or more"
    )
    figure = start_figure(name, title, note, height=0.6 + 0.27 * len(rows))
    axes = figure.subplots()
    place = np.arange(len(rows))[::-1]
    colours = np.where(off < -0.01, LOSS, ACCENT)
    axes.hlines(place, rows["expected_fill_rate"], rows["fill_rate"], color=SOFT, linewidth=2)
    axes.scatter(rows["expected_fill_rate"], place, facecolors="white", edgecolors=MIDDLE, zorder=3, s=34)
    axes.scatter(rows["fill_rate"], place, color=list(colours), zorder=4, s=34)
    labels = [
        f"{shorten(str(one), 24)} ({count:,})" for one, count in zip(rows["entity_id"], rows["places"], strict=True)
    ]
    axes.set_yticks(place, labels)
    only_baseline(axes, grid="x")
    format_axis(axes.xaxis, percent)
    told = [
        f"{row.entity_id}: {percent(row.fill_rate)}, expected {percent(row.expected_fill_rate)}"
        for row in rows.itertuples()
    ]
    return describe(figure, "; ".join(told))
