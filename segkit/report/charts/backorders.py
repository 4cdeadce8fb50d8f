"""The chart of a backorder run: what each segment or class has confirmed before it, and after."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    MUTED,
    SOFT,
    bar_labels,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PARTS = {"on the requested day": ACCENT, "later": SOFT, "not confirmed": "#ecd2c3"}
_MOST = 12
_STRATEGIES = ("win", "gain", "improve", "skip", "redistribute", "fill", "lose")
_SAME = 5e-3  # share of a group's units below which it stands as before


@styled
def plot_backorders(backorder_run: pd.DataFrame, *, by: str = "segment") -> "Figure":
    """Draw how much of what each group asks for is confirmed on the requested day, later and not, before and after.

    Parameters
    ----------
    backorder_run : DataFrame
        Table ``backorder_run``.
    by : str
        Its column that parts lines into groups: segment, demand_class, item_id, ...

    Returns
    -------
    Figure
        Two bars per group, as shares of the units ordered; of many groups those with most units.
    """
    groups = _sums(backorder_run, by)
    if groups.empty:
        return empty_figure("backorders", "No order lines were in the backorder run.")
    shown = groups.loc[groups["quantity"].nlargest(_MOST).index].sort_values(["rank", "group"], ignore_index=True)
    left_out = f"; the {_MOST} of {plain_number(len(groups))} with most units" if len(groups) > _MOST else ""
    note = (
        f"Share of units ordered by {by.replace('_', ' ')}, before and after the run{left_out}. "
        f"A dry run of {plain_number(len(backorder_run))} lines: nothing is written back"
    )
    figure = start_figure("backorders", _title(groups, backorder_run), note, height=0.85 + 0.62 * len(shown))
    _draw(figure.subplots(), shown)
    told = (
        f"{row.group}: {_told(row.on_time_before, row.on_time_after)} on the requested day, "
        f"{_told(row.late_before, row.late_after)} later"
        for row in shown.itertuples()
    )
    return describe(figure, "; ".join(told))


def _sums(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the shares of each group's units, those of the best strategy first."""
    ranks = {name: place for place, name in enumerate(_STRATEGIES)}
    rows = pd.DataFrame({"group": table[by].astype("str").fillna("(unknown)"), "rank": table["strategy"].map(ranks)})
    rows = rows.astype({"rank": float}).assign(quantity=table["quantity"])
    for side in ("before", "after"):
        rows[f"on_time_{side}"] = table[f"on_time_{side}"]
        rows[f"late_{side}"] = table[f"confirmed_{side}"] - table[f"on_time_{side}"]
    sums = rows.groupby("group").agg(dict.fromkeys(rows.columns[2:], "sum") | {"rank": "min"}).reset_index()
    shares = [name for name in sums if name.startswith(("on_time", "late"))]
    sums[shares] = sums[shares].div(sums["quantity"], axis=0)
    return sums.sort_values(["rank", "group"], ignore_index=True)


def _title(groups: pd.DataFrame, table: pd.DataFrame) -> str:
    """Return who gains and who loses most on the requested day, in units, and how many exceptions there are."""
    moved = (groups["on_time_after"] - groups["on_time_before"]) * groups["quantity"]
    apart = (groups["on_time_after"] - groups["on_time_before"]).abs() > _SAME
    count = int(table["exception"].sum())
    tail = f"; {plain_number(count)} {'exception' if count == 1 else 'exceptions'}" if count else "; no exceptions"
    if not apart.any():
        return f"The run leaves what is confirmed on the requested day as it was{tail}"
    most = [moved[apart & side].abs().idxmax() for side in (moved > 0, moved < 0) if (apart & side).any()]
    parts = [f"{row.group} {_told(row.on_time_before, row.on_time_after)}" for row in groups.loc[most].itertuples()]
    if len(groups) > 1:
        units = [(groups[f"on_time_{side}"] * groups["quantity"]).sum() for side in ("before", "after")]
        parts.append("all " + _told(*(one / groups["quantity"].sum() for one in units)))
    return "On the requested day: " + ", ".join(parts) + tail


def _told(before: float, after: float) -> str:
    return f"{percent(before, 0)} → {percent(after, 0)}"


def _draw(axes: "Axes", shown: pd.DataFrame) -> None:
    names = [f"{row.group} ({short_number(row.quantity)})" for row in shown.itertuples()]
    bar_labels(axes, names)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    for side, offset in (("before", -0.2), ("after", 0.2)):
        on_time, late = (shown[f"{name}_{side}"].to_numpy() for name in ("on_time", "late"))
        parts = (on_time, late, np.maximum(1 - on_time - late, 0.0))
        begin = np.zeros(len(shown))
        for (name, color), part in zip(_PARTS.items(), parts, strict=True):
            axes.barh(
                np.arange(len(shown)) + offset, part, left=begin, height=0.36, color=color,
                label=name if side == "after" else None, alpha=1 if side == "after" else 0.62,
            )  # fmt: skip
            begin += part
        for place, share in enumerate(on_time):
            if share >= 0.06:
                axes.text(share / 2, place + offset, percent(share, 0), ha="center", va="center", size=8, color="white")
            axes.text(1.01, place + offset, side, va="center", size=8, color=INK if side == "after" else MUTED)
    axes.set_xlim(0, 1.08)
    format_axis(axes.xaxis, percent)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.legend(
        frameon=False, fontsize=8, labelcolor=INK, ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1
    )
