"""The chart of margins by group: revenue, and what is left of it, for a category, channel, region or supplier."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    LOSS,
    MUTED,
    PALE,
    bar_labels,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import BLANK, percent, plain_number, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 12


@styled
def plot_margin_by(value: pd.DataFrame, by: str, *, currency: str = "") -> "Figure":
    """Draw revenue and net margin by category, channel, region, tier or supplier.

    Parameters
    ----------
    value : DataFrame
        Any table with the column ``by``, revenue and net_margin: item_value, customer_value, order_lines.
    by : str
        Column to group by; blanks are shown as an en dash.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Largest revenue first, the rest together below it; the net margin share stands beside each bar.
    """
    name, word = f"margin_by_{by}", by.removesuffix("_id").replace("_", " ")
    sums = _sums_by(value, by)
    if sums.empty:
        return empty_figure(name, f"No revenue by {word}.")
    title = _margin_title(sums, word, value["net_margin"].sum() / (value["revenue"].sum() or np.nan))
    unit = f" [{currency}]" if currency else ""
    note = f"Revenue (light) and net margin (dark){unit}; beside the bar: revenue, and net margin as a share of it"
    figure = start_figure(name, title, note, height=0.4 + 0.31 * len(sums))
    axes = figure.subplots()
    _draw_margins(axes, sums)
    shares = [f"{group}: {share}" for group, share in zip(sums.index[:6], _share_texts(sums), strict=False)]
    return describe(figure, "net margin share of " + "; ".join(shares))


def _sums_by(value: pd.DataFrame, by: str) -> pd.DataFrame:
    groups = value[by].astype("object").where(value[by].notna(), BLANK).replace("", BLANK).rename("group")
    sums = value[["revenue", "net_margin"]].astype(float).fillna(0.0).groupby(groups, observed=True).sum()
    sums = sums.sort_index(key=lambda names: names.astype(str)).sort_values("revenue", ascending=False, kind="stable")
    if len(sums) <= MOST_BARS:
        return sums
    rest = sums.iloc[MOST_BARS - 1 :]
    other = pd.DataFrame([rest.sum()], index=[f"{plain_number(len(rest))} others"])
    return pd.concat([sums.iloc[: MOST_BARS - 1], other])


def _margin_title(sums: pd.DataFrame, word: str, overall: float) -> str:
    losing = sums[sums["net_margin"] < 0]
    if len(losing):
        names = ", ".join(shorten(name, 22) for name in losing.index[:2])
        more = f" and {len(losing) - 2} more" if len(losing) > 2 else ""
        return (
            f"{names}{more} lose{'s' * (len(losing) == 1)} money; net margin is {percent(overall)} of revenue overall"
        )
    solid = sums[sums["revenue"] >= 0.01 * sums["revenue"].sum()]
    shares = (solid["net_margin"] / solid["revenue"]).sort_values()
    if len(shares) < 2:
        return f"Net margin is {percent(overall)} of revenue"
    low, high = shares.index[0], shares.index[-1]
    return (
        f"By {word}, net margin runs from {percent(shares.iloc[0])} ({shorten(low, 18)}) "
        f"to {percent(shares.iloc[-1])} of revenue ({shorten(high, 18)})"
    )


def _draw_margins(axes: "Axes", sums: pd.DataFrame) -> None:
    places = np.arange(len(sums))
    bar_labels(axes, list(sums.index))
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.barh(places, sums["revenue"], color=PALE, height=0.62)
    losing = (sums["net_margin"] < 0).to_numpy()
    axes.barh(places[~losing], sums["net_margin"][~losing], color=ACCENT, height=0.26)
    hatched = {"color": LOSS, "hatch": "////", "edgecolor": "white", "linewidth": 0}
    axes.barh(places[losing], sums["net_margin"][losing], height=0.26, **hatched)  # type: ignore[arg-type]
    axes.axvline(0, color=MUTED, linewidth=0.8)
    low, high = min(float(sums.min().min()), 0.0), max(float(sums.max().max()), 0.0)
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.02 * span, high + 0.24 * span)
    axes.set_xticks([])
    edge = axes.get_yaxis_transform()
    for place, (revenue, margin) in enumerate(sums[["revenue", "net_margin"]].to_numpy()):
        start = max(revenue, margin, 0.0) + 0.012 * span
        axes.text(start, place, short_number(revenue), va="center", size=8.5, color=MUTED)
    for place, (share, lost) in enumerate(zip(_share_texts(sums), losing, strict=True)):
        axes.text(1.0, place, share, va="center", ha="right", size=9, color=LOSS if lost else INK, transform=edge)
    axes.text(1.0, -0.62, "net margin share", ha="right", va="bottom", size=8, color=MUTED, transform=edge)
    axes.axhline(-0.5, color=LINE, linewidth=0.6)


def _share_texts(sums: pd.DataFrame) -> list[str]:
    pairs = sums[["revenue", "net_margin"]].to_numpy()
    return [percent(margin / revenue) if revenue > 0 else BLANK for revenue, margin in pairs]
