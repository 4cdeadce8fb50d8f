"""The chart of stock shared by classes of customers: what three ways take, and what each class gets from them."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
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
from segkit.report.numbers import percent, plain_number, short_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WAYS = {
    "shared, critical levels": ("stock_value", "fill_rate_held_out", ACCENT),
    "shared, one level for all": ("stock_value_one_level", "fill_rate_one_level", SOFT),
    "a stock for each class": ("stock_value_separate", "fill_rate_separate", PALE),
}
_PLACE = ["item_id", "location_id"]
_FEW = 0.01  # share of the units below which a class is not drawn: a line or two say nothing of its fill rate
_SAME = 5e-3  # share of the stock value below which two ways take the same


@styled
def plot_class_stock(class_stock: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw what stock three ways of serving classes of customers take, and what each class gets from it.

    Parameters
    ----------
    class_stock : DataFrame
        Table ``class_stock``.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Mean stock value of the held-out months; beside it the fill rate (P2) of every class against its target.
    """
    sized = class_stock[(class_stock["left_out"].fillna("") == "").to_numpy(dtype=bool)]
    asked = sized[(sized["demand_held_out"] > 0).to_numpy(dtype=bool)]
    if asked.empty:
        return empty_figure("class_stock", "No stock is shared by classes of customers.")
    values = pd.Series({name: sized[column].sum() for name, (column, _, _) in _WAYS.items()})
    fills = _fills(asked)
    unit = f" [{currency}]" if currency else ""
    note = (
        f"Left: mean stock at cost{unit}. Right: fill rate (P2, units served from stock) by class, weighted by units. "
        f"Held-out months, {_scope(class_stock, sized)}"
    )
    figure = start_figure("class_stock", _title(values, fills, currency), note, height=0.75 + 0.5 * max(len(fills), 3))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.35])
    _draw_values(left, values, currency)
    _draw_fills(right, fills)
    told = [
        f"{row.demand_class}: target {percent(row.target, 1)}, " + ", ".join(
            f"{percent(getattr(row, column), 1)} {name}" for name, (_, column, _) in _WAYS.items()
        )
        for row in fills.itertuples()
    ]  # fmt: skip
    return describe(describe(figure, "; ".join(told)), "; ".join(f"{k}: {short_money(v)}" for k, v in values.items()))


def _fills(asked: pd.DataFrame) -> pd.DataFrame:
    """Return the fill rates of every class over all item-locations, best class first; not of classes of few units."""
    columns = [column for _, column, _ in _WAYS.values()]
    units = asked["demand_held_out"]
    served = asked[columns].mul(units, axis=0).assign(units=units)
    named = [asked["rank"], asked["demand_class"], asked["fill_rate_target"].rename("target")]
    sums = served.groupby(named).sum().sort_index()
    sums = sums[sums["units"] >= _FEW * sums["units"].sum()]
    return sums[columns].div(sums["units"], axis=0).reset_index()


def _scope(class_stock: pd.DataFrame, sized: pd.DataFrame) -> str:
    many, every = len(sized[_PLACE].drop_duplicates()), len(class_stock[_PLACE].drop_duplicates())
    if many == every:
        return f"{plain_number(many)} item-locations"
    return f"{plain_number(many)} of {plain_number(every)} item-locations; left out: {_reason_words(class_stock)}"


def _reason_words(class_stock: pd.DataFrame) -> str:
    """Return why item-locations are left out, most frequent first."""
    out = class_stock[class_stock["left_out"].fillna("") != ""].drop_duplicates(_PLACE)
    counts = out["left_out"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return ", ".join(f"{plain_number(count)} {reason}" for reason, count in counts.items())


def _title(values: pd.Series, fills: pd.DataFrame, currency: str) -> str:
    """Return what levels take against the other ways, and which class misses its target by most."""
    own, one, apart = values
    if not own > 0:
        return "Critical levels by class of customers, judged on held-out order lines"
    parts = [_compared(own, other, name) for other, name in ((one, "one level for all"), (apart, "separate stocks"))]
    head = f"Levels by class take {short_money(own, currency)} of stock: {parts[0]}, {parts[1]}"
    short = (fills["target"] - fills["fill_rate_held_out"]).round(4)
    worst = fills.iloc[int(np.argmax(short))]
    if short.max() <= 0:
        return f"{head}; every class gets its target"
    got = f"{percent(worst['fill_rate_held_out'], 1)} of {percent(worst['target'], 1)}"
    return f"{head}; {worst['demand_class']} falls short most, {got}"


def _compared(own: float, other: float, name: str) -> str:
    if abs(own - other) <= _SAME * other:
        return f"as much as {name}"
    return f"{percent(abs(1 - own / other))} {'less' if own < other else 'more'} than {name}"


def _draw_values(axes: "Axes", values: pd.Series, currency: str) -> None:
    bar_labels(axes, list(values.index))
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.barh(range(len(values)), values, color=[color for _, _, color in _WAYS.values()], height=0.6)
    most = float(values.max()) or 1.0
    axes.set_xlim(0, 1.5 * most)
    for place, value in enumerate(values):
        axes.text(value + 0.02 * most, place, short_money(value, currency), va="center", size=9, color=INK)


def _draw_fills(axes: "Axes", fills: pd.DataFrame) -> None:
    bar_labels(axes, fills["demand_class"].tolist(), width=14)
    only_baseline(axes, grid="x")
    for place, row in enumerate(fills.itertuples()):
        axes.plot([row.target, row.target], [place - 0.36, place + 0.36], color=LOSS, linewidth=2.2, zorder=4)
    marks = dict(zip(_WAYS, ("o", "s", "D"), strict=True))
    for name, (_, column, color) in reversed(_WAYS.items()):
        edge = color if color == ACCENT else MUTED
        axes.plot(
            fills[column], range(len(fills)), marks[name], color=color, markeredgecolor=edge, markersize=7,
            linestyle="none", label=name, zorder=3 + (color == ACCENT),
        )  # fmt: skip
    axes.plot([], [], color=LOSS, linewidth=2.2, label="target")
    ends = fills[["target", *(column for _, column, _ in _WAYS.values())]].to_numpy(dtype=float)
    low, high = np.nanmin(ends), np.nanmax(ends)
    room = max(0.08 * (high - low), 0.01)
    axes.set_xlim(max(low - room, -0.02), min(high + room, 1.02))
    format_axis(axes.xaxis, percent)
    axes.set_xlabel("fill rate (P2)")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], frameon=False, fontsize=8, labelcolor=INK, ncols=2, loc="lower center",
        bbox_to_anchor=(0.4, 1.0),
    )  # fmt: skip
