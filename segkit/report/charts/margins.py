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
from segkit.report.numbers import BLANK, percent, plain_number, plural, short_money, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 12
SAME = 0.0005  # shares of revenue closer than this count as equal


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
        The twelve with the largest revenue, the others in one line below; the net margin share stands beside each bar.
    """
    name, word = f"margin_by_{by}", by.removesuffix("_id").replace("_", " ")
    every = _sums_by(value, by)
    if every.empty:
        return empty_figure(name, f"No revenue by {word}.")
    if list(every.index) == [BLANK]:
        return empty_figure(name, f"No {word} is given, so that margins cannot be told apart by it.")
    sums, rest = every.iloc[:MOST_BARS], every.iloc[MOST_BARS:]
    unit = f" [{currency}]" if currency else ""
    note = f"Revenue (light) and net margin (dark){unit}; beside the bar: revenue, and net margin as a share of it"
    figure = start_figure(
        name, _margin_title(every, word, currency), note, height=0.4 + 0.31 * (len(sums) + bool(len(rest)))
    )
    axes = figure.subplots()
    _draw_margins(axes, sums)
    if len(rest):
        _write_rest(axes, rest, len(sums), word)
    shares = [f"{group}: {share}" for group, share in zip(sums.index[:6], _share_texts(sums), strict=False)]
    return describe(figure, "net margin share of " + "; ".join(shares))


def _sums_by(value: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return revenue and net margin by group, largest revenue first."""
    groups = value[by].astype("object").where(value[by].notna(), BLANK).replace("", BLANK).rename("group")
    sums = value[["revenue", "net_margin"]].astype(float).fillna(0.0).groupby(groups, observed=True).sum()
    return sums.sort_index(key=lambda names: names.astype(str)).sort_values("revenue", ascending=False, kind="stable")


def _margin_title(every: pd.DataFrame, word: str, currency: str) -> str:
    overall = percent(every["net_margin"].sum() / (every["revenue"].sum() or np.nan))
    losing = every["net_margin"][every["net_margin"] < 0].sort_values(kind="stable")
    if len(losing):
        lost, worst = short_money(-losing.sum(), currency), shorten(losing.index[0], 22)
        if len(losing) == 1:
            return f"{word.capitalize()} {worst} loses {lost}; net margin is {overall} of revenue overall"
        which = f"{plain_number(len(losing))} of {plain_number(len(every))} {plural(word)}"
        return f"{which} lose {lost} together, {worst} the most; net margin is {overall} of revenue overall"
    solid = every[every["revenue"] >= 0.01 * every["revenue"].sum()]
    shares = (solid["net_margin"] / solid["revenue"]).sort_values(kind="stable")
    if len(shares) < 2 or shares.iloc[-1] - shares.iloc[0] < SAME:
        return f"Net margin is {overall} of revenue" + (f" in every {word}" if len(shares) > 1 else "")
    low, high = (shorten(name, 18) for name in (shares.index[0], shares.index[-1]))
    lowest, highest = percent(shares.iloc[0]), percent(shares.iloc[-1])
    return f"By {word}, net margin runs from {lowest} ({low}) to {highest} of revenue ({high})"


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


def _write_rest(axes: "Axes", rest: pd.DataFrame, place: int, word: str) -> None:
    """Write what the groups without a bar hold together; a bar of them would dwarf the others."""
    axes.set_ylim(place + 0.55, axes.get_ylim()[1])
    total = rest.sum().to_frame().T
    left, right = axes.get_xlim()
    text = f"{plain_number(len(rest))} more {plural(word)}: {short_number(total['revenue'].iloc[0])}"
    axes.text(0.012 * (right - left), place, text, va="center", size=8.5, color=MUTED)
    edge = axes.get_yaxis_transform()
    axes.text(1.0, place, _share_texts(total)[0], va="center", ha="right", size=9, color=INK, transform=edge)


def _share_texts(sums: pd.DataFrame) -> list[str]:
    pairs = sums[["revenue", "net_margin"]].to_numpy()
    return [percent(margin / revenue) if revenue > 0 else BLANK for revenue, margin in pairs]
