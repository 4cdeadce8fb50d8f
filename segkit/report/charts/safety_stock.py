"""What safety stock is for, by segment; and levels that move with the season."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.inventory.policies.safety_stock import sum_safety_stock
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MIDDLE,
    MUTED,
    PALE,
    SOFT,
    bar_labels,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, short_money, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAUSES = {
    "demand": ("scatter of demand", ACCENT),
    "review": ("days between reviews", MIDDLE),
    "lead_time": ("lead times that differ", SOFT),
    "bias": ("forecasts put right", PALE),
    "lots": ("lots", LOSS),
    "limits": ("limits", MUTED),
    "person": ("set by a person", INK),
}
_MOST_BARS = 12
_SEEN = 0.005  # of the whole, from which a cause is drawn and named
_LINES, _TICKS = 5, 6


@styled
def plot_safety_stock_causes(
    safety_stock_causes: pd.DataFrame, item_segments: pd.DataFrame, *, currency: str = ""
) -> "Figure":
    """Draw what each cause asks for of the safety stock, by item segment.

    Parameters
    ----------
    safety_stock_causes : DataFrame
        Table of that name.
    item_segments : DataFrame
        Table of that name: segment.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        A bar per segment, most safety stock first; what asks for less lies left of zero, the dot is the sum.
    """
    every = sum_safety_stock(safety_stock_causes, item_segments)
    if every.empty:
        return empty_figure("safety_stock_causes", "No safety stock with a unit cost: nothing is stocked, or sized.")
    sums = every.set_index("segment")[[f"{name}_value" for name in CAUSES]].set_axis(list(CAUSES), axis=1)
    whole, first = sums.sum(), sums.head(_MOST_BARS)
    shown = first.loc[:, (whole.abs() >= _SEEN * whole.abs().sum()).to_numpy()]
    unit = f" [{currency}]" if currency else ""
    note = f"Safety stock at unit cost{unit} by item segment, cause by cause; dot = sum; left of zero = asks for less"
    title = _causes_title(whole, currency)
    figure = start_figure("safety_stock_causes", title, note, height=1.0 + 0.31 * len(shown))
    _draw_causes(figure.subplots(), shown, first.sum(axis=1).to_numpy(), currency)
    return describe(figure, "; ".join(f"{CAUSES[name][0]}: {short_money(whole[name], currency)}" for name in CAUSES))


def _causes_title(whole: pd.Series, currency: str) -> str:
    total = whole.sum()
    if total <= 0:
        return f"Levels lie {short_money(-total, currency)} below mean demand: most stock is not worth more"
    parts = (whole / total).sort_values(key=np.abs, ascending=False, kind="stable")
    first, second = parts.index[:2]
    title = f"{CAUSES[first][0].capitalize()}: {percent(parts[first])} of {short_money(total, currency)} safety stock"
    if abs(parts[second]) < _SEEN:
        return title
    less = " less" if parts[second] < 0 else ""
    return f"{title}; {CAUSES[second][0]}: {percent(abs(parts[second]))}{less}"


def _draw_causes(axes: "Axes", sums: pd.DataFrame, totals: np.ndarray, currency: str) -> None:
    bar_labels(axes, list(sums.index))
    only_baseline(axes, grid="x")
    right, left, places = np.zeros(len(sums)), np.zeros(len(sums)), np.arange(len(sums))
    for name in sums.columns:
        value = sums[name].to_numpy()
        begin = np.where(value >= 0, right, left)
        word, colour = CAUSES[name]
        axes.barh(places, value, left=begin, color=colour, height=0.6, label=word)
        right, left = right + np.maximum(value, 0.0), left + np.minimum(value, 0.0)
    axes.plot(totals, places, linestyle="", marker="o", markersize=4, color="white", markeredgecolor=INK)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    format_axis(axes.xaxis, lambda value: short_money(value, currency))
    axes.legend(loc="lower right", frameon=False, fontsize=8.5, labelcolor=INK)


@styled
def plot_policy_phases(policy_phases: pd.DataFrame, policies: pd.DataFrame) -> "Figure":
    """Draw the levels that move most money over the coming periods.

    Parameters
    ----------
    policy_phases : DataFrame
        Table of that name.
    policies : DataFrame
        Table of that name: unit_cost, by which moves are ranked; units count where it is not known.

    Returns
    -------
    Figure
        A line per item-location: its order-up-to level by period, over its mean.
    """
    phased = policy_phases[policy_phases["is_phased"]]
    if phased.empty:
        told = "No level moves by more than a lot: the forecast has no season or calendar, or no periods are told."
        return empty_figure("policy_phases", told)
    place = ["item_id", "location_id"]
    wide = phased.pivot(index=place, columns="valid_from", values="order_up_to")
    cost = policies.set_index(place)["unit_cost"].reindex(wide.index).fillna(1.0)
    move = (wide.max(axis=1) - wide.min(axis=1)) * cost
    most = wide.loc[move.sort_values(ascending=False, kind="stable").index[:_LINES]]
    count = policy_phases.groupby(place).ngroups
    share = len(wide) / count
    first = most.iloc[0]
    low, high = plain_number(first.min()), plain_number(first.max())
    title = (
        f"Levels of {percent(share)} of the item-locations move by more than a lot; "
        f"{shorten(' at '.join(most.index[0]))} between {low} and {high}"
    )
    note = f"Order-up-to level by period, over its mean; the {len(most)} that move most money"
    figure = start_figure("policy_phases", title, note, height=2.6)
    _draw_phases(figure.subplots(), most)
    spans = [f"{' at '.join(key)}: {row.min():,.0f} to {row.max():,.0f}" for key, row in most.iterrows()]
    return describe(figure, "; ".join(spans))


def _draw_phases(axes: "Axes", levels: pd.DataFrame) -> None:
    colours = (ACCENT, LOSS, MIDDLE, MUTED, INK)
    marks = ("o", "s", "D", "^", "v")
    for (key, row), colour, mark in zip(levels.iterrows(), colours, marks, strict=False):
        over = row.to_numpy(dtype=float) / max(float(row.mean()), 1e-12)
        axes.plot(levels.columns, over, color=colour, marker=mark, markersize=4, label=shorten(" at ".join(key)))
    only_baseline(axes, grid="y")
    axes.set_ylim(bottom=0)
    format_axis(axes.yaxis, percent)
    days = levels.columns[:: -(-len(levels.columns) // _TICKS)]
    axes.set_xticks(days, [f"{day:%Y-%m-%d}" for day in days])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8.5, labelcolor=INK)
