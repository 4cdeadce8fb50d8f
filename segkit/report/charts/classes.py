"""The chart of the value classes: the curve of cumulative value with its cut points."""

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
    WASH,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSS_CLASS = "L"
MOST_POINTS = 400


@styled
def plot_abc(item_segments: pd.DataFrame, *, entity: str = "item") -> "Figure":
    """Draw the cumulative share of value over the share of items, with the cut points and sizes of the classes.

    Parameters
    ----------
    item_segments : DataFrame
        Table ``item_segments`` (or ``customer_segments``): measure, measure_value, abc.
    entity : str
        What a row is: item or customer.

    Returns
    -------
    Figure
        The curve falls at the end where loss makers take value back.
    """
    ranked = rank_classes(item_segments)
    if ranked.empty:
        return empty_figure("abc", f"No {entity} has a class.")
    measure = str(ranked["measure"].iloc[0]).replace("_", " ")
    sizes = class_sizes(ranked)
    count, share = sizes.iloc[0]
    held = f"{plain_number(count)} of {plain_number(len(ranked))} {entity}s ({percent(count / len(ranked))})"
    title = f"{held} bring {percent(share)} of {measure}"
    note = f"Cumulative share of {measure}, best {entity} first; the shares of gains add up to 100%"
    figure = start_figure("abc", title, note, height=3.3)
    axes = figure.subplots()
    _draw_curve(axes, ranked, sizes, entity)
    axes.set_xlabel(f"share of {entity}s")
    listed = [
        f"class {name}: {plain_number(row['count'])} {entity}s, {percent(row['share'])}"
        for name, row in sizes.iterrows()
    ]
    return describe(figure, "; ".join(listed))


def rank_classes(segments: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have a class: class by class, best first, loss makers last."""
    known = segments[segments["abc"].astype("object").fillna("") != ""]
    known = known.assign(measure_value=known["measure_value"].astype(float).fillna(0.0), abc=known["abc"].astype(str))
    means = known.groupby("abc")["measure_value"].mean()
    order = known["abc"].map(means).where(known["abc"] != LOSS_CLASS, -np.inf)
    by_value = known.assign(_order=order).sort_values(
        ["_order", "abc", "measure_value"], ascending=[False, True, False], kind="stable"
    )
    return by_value.drop(columns="_order").reset_index(drop=True)


def class_sizes(ranked: pd.DataFrame) -> pd.DataFrame:
    """Return per class, in the order of ``ranked``, its count and its share of the positive values."""
    gains = ranked["measure_value"].clip(lower=0).sum()
    sizes = ranked.groupby("abc", sort=False)["measure_value"].agg(count="size", share="sum")
    return sizes.assign(share=sizes["share"] / (gains or 1.0))


def _draw_curve(axes: "Axes", ranked: pd.DataFrame, sizes: pd.DataFrame, entity: str) -> None:
    gains = ranked["measure_value"].clip(lower=0).sum() or 1.0
    share = np.concatenate([[0.0], ranked["measure_value"].cumsum().to_numpy() / gains])
    place = np.linspace(0, 1, len(share))
    ends = np.concatenate([[0], sizes["count"].cumsum().to_numpy()])
    kept = np.unique(np.concatenate([np.linspace(0, len(share) - 1, min(len(share), MOST_POINTS)).astype(int), ends]))
    shades = [ACCENT, MIDDLE, SOFT, "#cfdde7", WASH]
    for number, name in enumerate(sizes.index):
        part = kept[(kept >= ends[number]) & (kept <= ends[number + 1])]
        color = LOSS if name == LOSS_CLASS else shades[min(number, len(shades) - 1)]
        axes.fill_between(place[part], share[part], color=color, alpha=0.9, linewidth=0)
        if ends[number + 1] < ends[-1]:
            axes.axvline(place[ends[number + 1]], color="white", linewidth=1.5)
    axes.plot(place[kept], share[kept], color=INK, linewidth=1.4)
    top = max(1.0, float(share.max()))
    least = min(0.0, float(share.min()))
    axes.set(xlim=(0, 1), ylim=(least * 1.05, top * 1.02))
    only_baseline(axes, grid="y")
    format_axis(axes.xaxis, percent)
    format_axis(axes.yaxis, percent)
    _class_heads(axes, sizes, ends / ends[-1], entity)


def _class_heads(axes: "Axes", sizes: pd.DataFrame, ends: np.ndarray, entity: str) -> None:
    """Write each class above its stretch of the curve, pushed apart where stretches are narrow."""
    room = 0.2
    spread: list[float] = []
    for number in range(len(sizes)):
        spread.append(max((ends[number] + ends[number + 1]) / 2 - room / 2, spread[-1] + room if spread else 0.0))
    over = max(0.0, spread[-1] + room - 1.02)
    for number in reversed(range(len(spread))):
        limit = (spread[number + 1] if number + 1 < len(spread) else 1.02) - room
        spread[number] = max(min(spread[number], limit), 0.0) if over else spread[number]
    for left, (name, row) in zip(spread, sizes.iterrows(), strict=True):
        noun = entity if row["count"] == 1 else f"{entity}s"
        color = LOSS if name == LOSS_CLASS else ACCENT
        across = axes.get_xaxis_transform()
        axes.text(left, 1.16, str(name), transform=across, size=12, weight="bold", color=color, va="bottom")
        line = f"{plain_number(row['count'])} {noun}\n{percent(row['share'])} of value"
        axes.text(left, 1.145, line, transform=across, size=8, color=MUTED, va="top", linespacing=1.3)
