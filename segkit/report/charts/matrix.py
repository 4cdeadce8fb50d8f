"""The chart of the segments: value class against variability class."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from segkit.report.charts.classes import class_sizes, rank_classes
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    LOSS,
    MUTED,
    SOFT,
    WASH,
    describe,
    empty_figure,
    start_figure,
    styled,
)
from segkit.report.numbers import BLANK, percent, plain_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NO_CLASS = BLANK
DARK = 0.45


@styled
def plot_abc_xyz(item_segments: pd.DataFrame) -> "Figure":
    """Draw how many items, and what share of value, each pair of value class and variability class holds.

    Parameters
    ----------
    item_segments : DataFrame
        Table ``item_segments``: measure_value, abc, xyz.

    Returns
    -------
    Figure
        A heat map: colour is the share of value, the text gives items and share.
    """
    ranked = rank_classes(item_segments)
    if ranked.empty:
        return empty_figure("abc_xyz", "No item has a class.")
    ranked = ranked.assign(xyz=ranked["xyz"].astype("object").fillna("").replace("", NO_CLASS))
    rows = list(class_sizes(ranked).index)
    columns = sorted(set(ranked["xyz"]), key=lambda name: (name == NO_CLASS, name))
    gains = ranked["measure_value"].clip(lower=0).sum()
    count = _cells(ranked, "count", rows, columns)
    share = _cells(ranked, "sum", rows, columns) / (gains or 1.0)
    figure = start_figure("abc_xyz", *_titles(ranked, count, share), height=0.4 + 0.6 * len(rows))
    _draw_cells(figure.subplots(), count, share)
    return describe(figure, _alt(count, share))


def _cells(ranked: pd.DataFrame, how: Literal["count", "sum"], rows: list[str], columns: list[str]) -> pd.DataFrame:
    cells = ranked.pivot_table(index="abc", columns="xyz", values="measure_value", aggfunc=how, fill_value=0)
    return cells.reindex(index=rows, columns=columns, fill_value=0).astype(float)


def _titles(ranked: pd.DataFrame, count: pd.DataFrame, share: pd.DataFrame) -> tuple[str, str]:
    row, column = divmod(int(share.to_numpy().argmax()), share.shape[1])
    name, held = f"{share.index[row]}{share.columns[column]}", share.to_numpy()[row, column]
    items = float(count.to_numpy()[row, column])
    measure = str(ranked["measure"].iloc[0]).replace("_", " ")
    title = f"Segment {name} holds {percent(held)} of {measure} in {percent(items / len(ranked))} of the items"
    blank = f"; {NO_CLASS} = too little history" if NO_CLASS in share.columns else ""
    return title, f"Items and share of {measure}; down: value, across: variability of demand (X = steady){blank}"


def _draw_cells(axes: "Axes", count: pd.DataFrame, share: pd.DataFrame) -> None:
    import seaborn

    top = max(float(share.max().max()), 0.01)
    shades = seaborn.blend_palette([WASH, SOFT, ACCENT], as_cmap=True)
    seaborn.heatmap(
        share.clip(lower=0), cbar=False, linewidths=4, linecolor="white", ax=axes, cmap=shades, vmin=0, vmax=top
    )
    for row, column in np.ndindex(count.shape):
        number, held = count.to_numpy()[row, column], share.to_numpy()[row, column]
        _write_cell(axes, (row, column), number, held, held > DARK * top)
    axes.set(xlabel="", ylabel="")
    axes.xaxis.tick_top()
    axes.tick_params(axis="both", labelsize=11, colors=INK, rotation=0)


def _write_cell(axes: "Axes", place: tuple[int, int], number: float, held: float, dark: bool) -> None:
    from matplotlib.patches import Rectangle

    row, column = place
    if not number:
        axes.text(column + 0.5, row + 0.5, NO_CLASS, ha="center", va="center", color=LINE)
        return
    first, second = ("white", "white") if dark else (INK, MUTED)
    axes.text(column + 0.5, row + 0.4, percent(held), ha="center", va="center", size=11, weight="bold", color=first)
    noun = "item" if number == 1 else "items"
    axes.text(
        column + 0.5, row + 0.7, f"{plain_number(number)} {noun}", ha="center", va="center", size=8.5, color=second
    )
    if held < 0:
        box = Rectangle((column + 0.02, row + 0.04), 0.96, 0.92, fill=False, edgecolor=LOSS, linewidth=1.2)
        axes.add_patch(box)


def _alt(count: pd.DataFrame, share: pd.DataFrame) -> str:
    cells = [
        f"{row}{column}: {plain_number(count.loc[row, column])} items, {percent(share.loc[row, column])}"
        for row in count.index
        for column in count.columns
    ]
    return "; ".join(cells)
