"""The chart of suppliers: what rests on them against how hard they would be to replace (Kraljic's matrix)."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MIDDLE,
    MOST_DOTS,
    MUTED,
    SOFT,
    describe,
    draw_hexagons,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = {
    "reliable": (ACCENT, "o", "reliable"),
    "unsteady": (MIDDLE, "D", "unsteady"),
    "late": (LOSS, "v", "late"),
    "": (SOFT, "o", "too few receipts"),
}
MOST_NAMES = 12
WEIGHTY = ("strategic", "leverage")


@styled
def plot_suppliers(supplier_segments: pd.DataFrame, *, risk_limit: float = 0.5) -> "Figure":
    """Draw every supplier by supply risk and profit impact, coloured by reliability.

    Parameters
    ----------
    supplier_segments : DataFrame
        Table ``supplier_segments``.
    risk_limit : float
        Supply risk above which it counts as high [0-1] (``supplier_bands.risk_limit``).

    Returns
    -------
    Figure
        Dots with the names of the suppliers on whom most rests, a line at each limit; shares of spend where no margin
        is known.
    """
    shown, word = _by_impact(supplier_segments)
    if shown.empty:
        return empty_figure("suppliers", "No supplier whose impact and risk could be measured.")
    unit = "net margin" if word == "profit_impact" else "spend"
    note = (
        f"Share of {unit} that rests on the supplier, and supply risk (0 to 1: mean of single sourcing, long and "
        "unsteady lead times, lateness, far origin)"
    )
    figure = start_figure("suppliers", _title(shown, unit), note, height=3.7)
    axes = figure.subplots()
    _draw(axes, shown, risk_limit)
    axes.set_xlabel("supply risk")
    axes.set_ylabel(f"share of {unit}")
    counts = shown["kraljic"].value_counts()
    quadrants = [f"{name}: {plain_number(counts.get(name, 0))}" for name in (*WEIGHTY, "bottleneck", "routine")]
    return describe(figure, f"{plain_number(len(shown))} suppliers; " + "; ".join(quadrants))


def _by_impact(segments: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the suppliers that can be drawn with their impact, largest first, and what it was measured by."""
    word = "profit_impact" if segments["profit_impact"].notna().any() else "spend"
    impact = segments[word].astype(float)
    share = impact if word == "profit_impact" else impact / (impact.sum() or np.nan)
    shown = segments.assign(impact=share)
    shown = shown[shown["impact"].notna() & shown["supply_risk"].notna()]
    return shown.sort_values(["impact", "supplier_id"], ascending=[False, True], ignore_index=True), word


def _title(shown: pd.DataFrame, unit: str) -> str:
    late = shown[shown["reliability"] == "late"]
    told = int((shown["reliability"] != "").sum())
    critical = shown[shown["kraljic"] == "strategic"]
    rests = (
        f"{percent(critical['impact'].sum())} of {unit} rests on {_count(len(critical))} that would be hard to replace"
    )
    if not told:
        return rests
    if late.empty:
        return f"{rests}; none of {plain_number(told)} is late more often than allowed"
    named = shorten(_names(late).iloc[0], 24)
    verb = "is" if len(late) == 1 else "are"
    who = f"{named} is late" if len(late) == 1 else f"{plain_number(len(late))} {verb} late, {named} the most weighty"
    return f"{rests}; {who}"


def _count(count: int) -> str:
    return f"{plain_number(count)} supplier{'' if count == 1 else 's'}"


def _names(rows: pd.DataFrame) -> pd.Series:
    return rows["name"].where(rows["name"].fillna("") != "", rows["supplier_id"]).astype("str")


def _draw(axes: "Axes", shown: pd.DataFrame, risk_limit: float) -> None:
    least, most = float(shown["impact"].min()), float(shown["impact"].max())
    room = 0.12 * ((most - min(least, 0.0)) or 0.01)
    axes.set(xlim=(-0.02, 1.06), ylim=(min(least, 0.0) - room * 0.6, most + room))
    only_baseline(axes, grid="y")
    axes.axvline(risk_limit, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    if (limit := _impact_limit(shown)) is not None:
        axes.axhline(limit, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    if len(shown) > MOST_DOTS:
        draw_hexagons(axes, shown["supply_risk"], shown["impact"])
    else:
        _draw_dots(axes, shown)
        _write_names(axes, shown)
    for text, x, y in (("leverage", 0, 1), ("strategic", 1, 1), ("routine", 0, 0.01), ("bottleneck", 1, 0.01)):
        side: Any = "right" if x else "left"
        axes.text(x, y, text, transform=axes.transAxes, size=8, color=MUTED, style="italic", ha=side, va="bottom")
    format_axis(axes.xaxis, lambda value: f"{value:.1f}" if -1e-9 <= value <= 1 + 1e-9 else "")
    format_axis(axes.yaxis, percent)


def _draw_dots(axes: "Axes", shown: pd.DataFrame) -> None:
    for kind, (color, marker, label) in KINDS.items():
        rows = shown[(shown["reliability"] == kind).to_numpy()]
        if len(rows):
            axes.scatter(
                rows["supply_risk"], rows["impact"], s=34, color=color, marker=marker, linewidth=0, label=label
            )
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 0.99),
        ncols=4,
        frameon=False,
        fontsize=8.5,
        handletextpad=0.1,
        borderpad=0,
    )


def _impact_limit(shown: pd.DataFrame) -> float | None:
    """Return where suppliers of weight begin: half way between the last of them and the first of the others."""
    weighty = shown["kraljic"].isin(WEIGHTY).to_numpy()
    if weighty.all() or not weighty.any():
        return None
    return float(shown["impact"][weighty].min() + shown["impact"][~weighty].max()) / 2


def _write_names(axes: "Axes", shown: pd.DataFrame) -> None:
    """Write the names of those that matter: late ones first, then by impact; one that finds no room is left out."""
    order = np.lexsort((np.arange(len(shown)), (shown["reliability"] != "late").to_numpy()))
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across = ((shown["supply_risk"] - left) / (right - left)).to_numpy()
    up = ((shown["impact"] - bottom) / (top - bottom)).to_numpy()
    taken = [(x - 0.012, x + 0.012, y) for x, y in zip(across, up, strict=True)]
    names = _names(shown)
    for place in order[:MOST_NAMES]:
        text = shorten(names.iloc[place], 22)
        x, y, room = across[place], up[place], 0.0092 * len(text)
        for start, edge, side in ((x + 0.016, x + 0.016, "left"), (x - 0.016 - room, x - 0.016, "right")):
            if 0 <= start <= 1.01 - room and not _is_taken(taken, start, start + room, y):
                taken.append((start, start + room, y))
                color = LOSS if shown["reliability"].iloc[place] == "late" else INK
                axes.text(edge, y, text, transform=axes.transAxes, size=8.5, color=color, ha=side, va="center")
                break


def _is_taken(taken: list[tuple[float, float, float]], start: float, end: float, height: float) -> bool:
    return any(begin < end and start < stop and abs(at - height) < 0.045 for begin, stop, at in taken)
