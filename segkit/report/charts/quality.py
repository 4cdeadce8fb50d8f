"""The chart of the data check: what was read, what was used, and why the rest was set aside."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.core.data_quality import known_then
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MUTED,
    bar_labels,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import BLANK, MINUS, percent, plain_number, short_money, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_REASONS = 10


@styled
def plot_data_quality(data_quality: pd.DataFrame, *, source_table: str = "orders", currency: str = "") -> "Figure":
    """Draw how many rows of a source table, and how much of its value, are used, and why others are not.

    Parameters
    ----------
    data_quality : DataFrame
        Table ``data_quality``: rows in = used + set aside by reason.
    source_table : str
        The table to draw; the largest one where it is not in the data.
    currency : str
        ISO 4217 code of its value.

    Returns
    -------
    Figure
        A strip of used and set aside on top, the reasons below: rows on the left, value on the right.
    """
    table = source_table
    if table not in set(data_quality["source_table"]) and len(data_quality):
        table = str(data_quality.sort_values("rows", ascending=False)["source_table"].iloc[0])
    known = known_then(data_quality)
    counted = known[known["source_table"] == table]
    if counted.empty:
        return empty_figure("data_quality", "No source table was read.")
    whole, used = _sum(counted, "in"), _sum(counted, "used")
    aside = _reasons(counted[counted["action"] == "set_aside"])
    title = _title(table, whole, used)
    parts = f"{_count(used['rows'])} used + {_count(aside['rows'].sum())} set aside"
    subtitle = f"{_count(whole['rows'])} up to the day of the report = {parts}"
    if whole["value"]:
        subtitle += f" · value {short_money(whole['value'], currency)}"
    figure = start_figure(
        "data_quality", title, subtitle, height=0.75 + (0.55 + 0.27 * len(aside) if len(aside) else 0)
    )
    heights = [0.6, 0.5 + 0.27 * len(aside)] if len(aside) else [1]
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    for place, (column, head) in enumerate(
        (("rows", "rows"), ("value", f"value [{currency}]" if currency else "value"))
    ):
        _strip(figure.add_subplot(grid[0, place]), used[column], whole[column], head)
        if len(aside):
            axes = figure.add_subplot(grid[1, place])
            _bars(axes, aside[column], [aside["reason"], [""] * len(aside)][place], whole[column], money=place == 1)
    return describe(figure, _alt(aside))


def _sum(counted: pd.DataFrame, action: str) -> pd.Series:
    return counted.loc[counted["action"] == action, ["rows", "value"]].fillna(0).astype(float).sum()


def _reasons(aside: pd.DataFrame) -> pd.DataFrame:
    """Return the reasons, most rows first; those beyond the tenth together."""
    totals = aside.assign(value=aside["value"].astype(float).fillna(0), rows=aside["rows"].astype(float))
    totals = totals[["reason", "rows", "value"]].sort_values(["rows", "reason"], ascending=[False, True])
    totals = totals[totals["rows"] > 0].reset_index(drop=True)
    if len(totals) <= MOST_REASONS:
        return totals
    rest = totals.iloc[MOST_REASONS - 1 :]
    name = f"{len(rest)} further reasons"
    other = pd.DataFrame({"reason": [name], "rows": [rest["rows"].sum()], "value": [rest["value"].sum()]})
    return pd.concat([totals.iloc[: MOST_REASONS - 1], other], ignore_index=True)


def _title(table: str, whole: pd.Series, used: pd.Series) -> str:
    what = "order lines" if table == "orders" else f"rows of {table}"
    if not whole["rows"]:
        return f"No {what} were read"
    if used["rows"] == whole["rows"]:
        return f"All {_count(whole['rows'])} {what} are used"
    value = f", with {percent(used['value'] / whole['value'])} of their value" if whole["value"] > 0 else ""
    return f"{percent(used['rows'] / whole['rows'])} of {what} are used{value}"


def _strip(axes: "Axes", used: float, whole: float, head: str) -> None:
    share = min(max(used / whole, 0.0), 1.0) if whole > 0 else 0.0
    axes.barh([0], [share], color=ACCENT, height=0.5)
    axes.barh([0], [1 - share], left=[share], color=LOSS, height=0.5, hatch="////", edgecolor="white", linewidth=0)
    axes.set(xlim=(0, 1), ylim=(-0.3, 1.0))
    axes.set_axis_off()
    exact = percent(used / whole) if whole > 0 else BLANK
    axes.text(0, 0.42, head, color=MUTED, va="bottom", size=8.5)
    axes.text(1, 0.42, f"{exact} used", color=INK, va="bottom", ha="right", size=8.5)


def _bars(axes: "Axes", values: pd.Series, names: Any, whole: float, *, money: bool) -> None:
    bar_labels(axes, list(names), width=46)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.barh(range(len(values)), values, color=LOSS, height=0.55)
    least, most = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    span = (most - least) or 1.0
    axes.set_xlim(least - (0.45 * span if least < 0 else 0), most + 0.45 * span)
    axes.set_xticks([])
    axes.axvline(0, color=MUTED, linewidth=0.6)
    for place, value in enumerate(values):
        text = short_number(value) if money else plain_number(value)
        share = f" · {percent(value / whole)}" if whole > 0 else ""
        side = -1 if value < 0 else 1
        axes.text(
            value + side * 0.02 * span, place, text + share, va="center", ha="left" if side > 0 else "right", size=8.5
        )


def _alt(aside: pd.DataFrame) -> str:
    if aside.empty:
        return ""
    listed = [f"{name}: {_count(rows)} rows" for name, rows in zip(aside["reason"][:5], aside["rows"][:5], strict=True)]
    return "Set aside: " + "; ".join(listed)


def _count(value: float) -> str:
    return plain_number(value).replace(MINUS, "-")
