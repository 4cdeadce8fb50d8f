"""Charts of moves between value classes: where the members went, and how many moves a month stand."""

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
    SOFT,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import BLANK, iso_date, percent, plain_number, plural, short_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NONE, LOSS_CLASS = "none", "L"
_UP, _DOWN, _STAYS = ("#ffffff", SOFT, ACCENT), ("#ffffff", "#e9bda3", LOSS), ("#ffffff", "#e6eaee", "#c3ccd4")


@styled
def plot_migration(migration_matrix: pd.DataFrame, *, entity: str = "item", currency: str = "") -> "Figure":
    """Draw from which value class to which items or customers went.

    Parameters
    ----------
    migration_matrix : DataFrame
        Table ``migration_matrix``.
    entity : str
        item or customer.
    currency : str
        ISO 4217 code of the change; blank where the measure is no money.

    Returns
    -------
    Figure
        A heat map: down the class before, across the class after; blue moved up, orange moved down, grey stayed.
    """
    cells = migration_matrix[(migration_matrix["entity"] == entity).to_numpy(dtype=bool)]
    cells = cells.sort_values(["from_class", "to_class"], kind="stable")
    name = f"migration_{entity}"
    if cells.empty:
        return empty_figure(name, f"The history of {plural(entity)} has a single month.")
    rows, columns = _in_order(cells["from_class"]), _in_order(cells["to_class"])
    figure = start_figure(name, _title(cells, entity, currency), _note(cells, entity), height=0.5 + 0.52 * len(rows))
    axes = figure.subplots()
    places = {label: place for place, label in enumerate(columns)}
    for cell in cells.itertuples():
        _draw_cell(axes, cell, rows.index(cell.from_class), places[cell.to_class])
    _label_cells(axes, rows, columns)
    told = sorted(f"{cell.from_class} to {cell.to_class}: {plain_number(cell.members)}" for cell in cells.itertuples())
    return describe(figure, "; ".join(told))


@styled
def plot_class_history(segment_history: pd.DataFrame, *, entity: str = "item") -> "Figure":
    """Draw how many items or customers changed their value class each month, and how many of these moves stand.

    Parameters
    ----------
    segment_history : DataFrame
        Table ``segment_history``: abc is the class by the data of the month, stable_abc the one after hysteresis.
    entity : str
        item or customer.

    Returns
    -------
    Figure
        Two bars a month; comers and goers are not counted.
    """
    rows = segment_history[(segment_history["entity"] == entity).to_numpy(dtype=bool)]
    name = f"class_history_{entity}"
    if rows["known_on"].nunique() < 2:
        return empty_figure(name, f"The history of {plural(entity)} has a single month.")
    moves = pd.DataFrame({column: _moves(rows, column) for column in ("abc", "stable_abc")})
    total, stand = (plain_number(count) for count in moves.sum())
    title = f"{entity.capitalize()} classes changed {total} times by the data, {stand} times once confirmed"
    who = plural(entity)
    note = f"{who.capitalize()} whose value class changed in the month; {who} that came or went are not counted"
    figure = start_figure(name, title, note, height=2.7)
    _draw_moves(figure.subplots(), moves)
    return describe(figure, f"{len(moves)} months from {iso_date(moves.index[0])} to {iso_date(moves.index[-1])}")


def _in_order(classes: pd.Series) -> list[str]:
    return sorted(set(classes), key=lambda name: (name == NONE, name == LOSS_CLASS, name))


def _title(cells: pd.DataFrame, entity: str, currency: str) -> str:
    there = cells[((cells["from_class"] != NONE) & (cells["to_class"] != NONE)).to_numpy(dtype=bool)]
    moved = there[(there["from_class"] != there["to_class"]).to_numpy(dtype=bool)]
    count, all_members = int(moved["members"].sum()), int(there["members"].sum())
    if not count:
        return f"No {entity} moved from one class to another"
    first = moved.sort_values(["members", "from_class", "to_class"], ascending=[False, True, True]).iloc[0]
    money = short_money(first["change"], currency)
    most = f"most from {first['from_class']} to {first['to_class']} ({plain_number(first['members'])}, {money})"
    return f"{plain_number(count)} of {plain_number(all_members)} {plural(entity)} changed class, {most}"


def _note(cells: pd.DataFrame, entity: str) -> str:
    first, last = iso_date(cells["from_end"].iloc[0]), iso_date(cells["to_end"].iloc[0])
    return (
        f"{plural(entity).capitalize()} and their share of the class before; down: class on {first}, across: class on "
        f"{last}; none = not there, or without class"
    )


def _draw_cell(axes: "Axes", cell: object, row: int, column: int) -> None:
    import seaborn
    from matplotlib.patches import Rectangle

    before, after = cell.from_class, cell.to_class  # type: ignore[attr-defined]
    members, share = cell.members, cell.share  # type: ignore[attr-defined]
    up = _in_order(pd.Series([before, after]))[0] == after
    shades = _STAYS if before == after or NONE in (before, after) else _UP if up else _DOWN
    color = seaborn.blend_palette(shades, as_cmap=True)(0.12 + 0.88 * float(share))
    axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=color, edgecolor="none"))
    dark = shades is not _STAYS and share > 0.55
    first, second = ("white", "white") if dark else (INK, MUTED)
    axes.text(column, row - 0.1, plain_number(members), ha="center", va="center", size=11, weight="bold", color=first)
    axes.text(column, row + 0.23, percent(share), ha="center", va="center", size=8.5, color=second)


def _label_cells(axes: "Axes", rows: list[str], columns: list[str]) -> None:
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.xaxis.tick_top()
    axes.tick_params(axis="both", labelsize=11, colors=INK)
    for row, column in np.ndindex(len(rows), len(columns)):
        axes.text(column, row, BLANK, ha="center", va="center", color=LINE, zorder=0)


def _moves(rows: pd.DataFrame, name: str) -> pd.Series:
    """Return how many members changed the class each month, from the second month on."""
    wide = rows.pivot_table(index="entity_id", columns="known_on", values=name, aggfunc="first").astype(object)
    before, after = wide.iloc[:, :-1].to_numpy(), wide.iloc[:, 1:].to_numpy()
    known = pd.notna(before) & pd.notna(after) & (before != "") & (after != "")
    return pd.Series((known & (before != after)).sum(axis=0), index=wide.columns[1:])


def _draw_moves(axes: "Axes", moves: pd.DataFrame) -> None:
    place = np.arange(len(moves))
    axes.bar(place, moves["abc"], width=0.78, color=PALE, label="by the data of the month")
    axes.bar(place, moves["stable_abc"], width=0.46, color=ACCENT, label="confirmed")
    step = max(1, len(moves) // 12)
    shown = place[::-1][::step][::-1]
    years = [moves.index[number].year for number in shown]
    heads = [f"\n{year}" if year not in years[:number] else "" for number, year in enumerate(years)]
    axes.set_xticks(shown, [f"{moves.index[number]:%b}{head}" for number, head in zip(shown, heads, strict=True)])
    axes.set_xlim(-0.6, len(moves) - 0.4)
    only_baseline(axes, grid="y")
    axes.set_ylabel("moves")
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), fontsize=8.5, labelcolor=INK, ncols=2)
