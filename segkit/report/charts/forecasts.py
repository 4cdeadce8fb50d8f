"""Charts of how good forecasts were: error by segment beside naive, and the worst of them."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
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
from segkit.report.numbers import MINUS, in_unit, percent, plain_number, plural, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 14
NAIVE = "naive"
_SPOKEN = {"abc": "value class", "xyz": "variability class", "location_id": "location"}


@styled
def plot_forecast_accuracy(forecast_accuracy: pd.DataFrame, entity: str = "all", *, method: str = "") -> "Figure":
    """Draw the error of the forecast by segment beside that of naive, and its bias.

    Parameters
    ----------
    forecast_accuracy : DataFrame
        Table ``forecast_accuracy``: `measure_accuracy` by entity and entity_id.
    entity : str
        What the segments are, for example pattern; all = everything together.
    method : str
        Forecast to be shown; blank = the one with the least error of those that are not naive.

    Returns
    -------
    Figure
        One row per segment, most demand first: a filled dot for the forecast, a hollow one for naive.
    """
    name, word = f"forecast_accuracy_{entity}", segment_word(entity)
    own = forecast_accuracy[(forecast_accuracy["entity"] == entity) & forecast_accuracy["wape"].notna()]
    chosen = method or best_method(own)
    rows = own[own["method"] == chosen].sort_values(["actual", "entity_id"], ascending=[False, True])
    if rows.empty:
        return empty_figure(name, f"No forecast by {word} was judged.")
    naive = own[own["method"] == NAIVE].set_index("entity_id")["wape"]
    rows = rows.assign(naive=rows["entity_id"].map(naive) if chosen != NAIVE else np.nan)
    shown = rows.head(MOST_BARS)
    against = " against naive (hollow)" if rows["naive"].notna().any() else ""
    cut = f"; the {MOST_BARS} largest of {plain_number(len(rows))}" if len(rows) > MOST_BARS else ""
    note = f"Sum of |forecast {MINUS} actual| in % of demand (WAPE), {chosen}{against}"
    note += f"; bias: sum of forecast {MINUS} actual in % of demand, positive is too high{cut}"
    figure = start_figure(name, _accuracy_title(rows, word), note, height=0.55 + 0.29 * len(shown))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [2.6, 1]})
    _draw_errors(left, shown, entity)
    _draw_bias(right, shown)
    return describe(figure, "; ".join(_accuracy_words(row) for row in shown.itertuples()))


def segment_word(entity: str) -> str:
    """Return what a segment of an entity is called."""
    return _SPOKEN.get(entity, entity.replace("_", " "))


def best_method(rows: pd.DataFrame) -> str:
    """Return the method with the least error of all segments together; naive only where there is no other."""
    others = rows[rows["method"] != NAIVE]
    others = others if len(others) else rows
    sums = (others["wape"] * others["actual"]).groupby(others["method"]).sum() / others.groupby("method")[
        "actual"
    ].sum()
    return str(sums.sort_index().idxmin()) if sums.notna().any() else ""


def _accuracy_title(rows: pd.DataFrame, word: str) -> str:
    compared = rows[rows["naive"].notna()]
    whole = (rows["wape"] * rows["actual"]).sum() / rows["actual"].sum()
    if compared.empty:
        title = f"Forecasts were off by {percent(whole)} of demand"
        lowest, highest = rows.loc[rows["wape"].idxmin()], rows.loc[rows["wape"].idxmax()]
        spread = f"; from {percent(lowest['wape'])} ({shorten(lowest['entity_id'], 24)}) to "
        return title + (f"{spread}{percent(highest['wape'])} ({shorten(highest['entity_id'], 24)})" * (len(rows) > 1))
    sizes = compared["wape"] * compared["actual"]
    saved = 1 - sizes.sum() / (sizes / (1 - compared["value_added"])).sum()
    better = int((compared["value_added"] > 0).sum())
    took = (
        f"Forecasts take {percent(saved)} off the error of naive" if saved > 0 else "Forecasts are no better than naive"
    )
    title = f"{took}, to {percent(whole)} of demand" if saved > 0 else f"{took}: off by {percent(whole)} of demand"
    if len(compared) == 1:
        return title
    where = "all" if better == len(compared) else "none" if not better else plain_number(better)
    of = f" of {plain_number(len(compared))} {plural(word)}"
    return f"{title}; {'better in' if saved > 0 else 'better in only' if better else 'better in'} {where}{of}"


def _accuracy_words(row: object) -> str:
    words = f"{row.entity_id}: {percent(row.wape)}"  # type: ignore[attr-defined]
    return words + (f", naive {percent(row.naive)}" if pd.notna(row.naive) else "")  # type: ignore[attr-defined]


def _draw_errors(axes: "Axes", rows: pd.DataFrame, entity: str) -> None:
    error, naive = rows["wape"].to_numpy(), rows["naive"].to_numpy()
    names = ["everything" if entity == "all" else one for one in rows["entity_id"]]
    bar_labels(axes, names, width=24)
    only_baseline(axes, grid="x")
    color = np.where(error > naive, LOSS, ACCENT)
    for place, one, other, shade in zip(range(len(rows)), error, naive, color, strict=True):
        axes.plot([one, other], [place, place], color=shade, linewidth=1.6, alpha=0.55, solid_capstyle="butt", zorder=1)
    axes.scatter(naive, range(len(rows)), s=30, facecolor="white", edgecolor=MUTED, linewidth=1.1, zorder=2)
    axes.scatter(error, range(len(rows)), s=36, color=color, linewidth=0, zorder=3)
    most = float(np.nanmax(np.concatenate([error, naive])))
    for place, one, other, added in zip(range(len(rows)), error, naive, rows["value_added"], strict=True):
        text = f"{percent(one)}  ({_signed(-added)})" if pd.notna(other) else percent(one)
        axes.text(np.nanmax([one, other]) + 0.03 * most, place, text, va="center", size=8.5, color=INK)
    axes.set_xlim(0, most * 1.32)
    format_axis(axes.xaxis, lambda value: percent(value, 0))
    axes.set_title("error, and change against naive" if np.isfinite(naive).any() else "error", **_HEAD)


def _draw_bias(axes: "Axes", rows: pd.DataFrame) -> None:
    bias = rows["bias"].to_numpy()
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.barh(range(len(rows)), bias, height=0.5, color=SOFT)
    most = max(float(np.abs(bias).max()), 1e-9)
    for place, one in enumerate(bias):
        side = 1 if one >= 0 else -1
        axes.text(
            one + 0.06 * most * side, place, _signed(one), va="center", ha="left" if side > 0 else "right", size=8.5
        )
    axes.set_xlim(-1.75 * most, 1.75 * most)
    axes.set_title("bias", **_HEAD)


_HEAD: dict = {"loc": "left", "size": 8.5, "color": MUTED, "pad": 5}


def _signed(share: float) -> str:
    return f"{'+' if share > 0 else ''}{percent(share, 1 if abs(share) < 0.0995 else 0)}"


@styled
def plot_worst_forecasts(worst_forecasts: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw the series whose forecasts were farthest off, with what they did.

    Parameters
    ----------
    worst_forecasts : DataFrame
        Table ``worst_forecasts``, from `list_worst_forecasts`.
    currency : str
        ISO 4217 code where errors are weighed by money; blank = units.

    Returns
    -------
    Figure
        One bar per series of the method that comes first, the worst at the top.
    """
    ranked = worst_forecasts.sort_values(["method", "rank"])
    if ranked.empty:
        return empty_figure("worst_forecasts", "No forecast was off.")
    ranked = ranked[ranked["method"] == ranked["method"].iloc[0]]
    rows = ranked.head(MOST_BARS)
    unit = f"[{currency}]" if currency else "[units]"
    note = (
        f"Sum of |forecast {MINUS} actual| over the judged periods {unit} (orange: too high in sum); bias in brackets"
    )
    figure = start_figure("worst_forecasts", _worst_title(rows, currency), note, height=0.3 + 0.29 * len(rows))
    axes = figure.subplots()
    bar_labels(axes, [f"{shorten(one.item_id, 22)} at {shorten(one.location_id, 12)}" for one in rows.itertuples()], 40)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    size = rows["error_size"].to_numpy()
    high = rows["forecast"] > rows["actual"]
    colors = np.where(high, LOSS, ACCENT)
    axes.barh(range(len(rows)), size, color=colors, height=0.62)
    for place, row in enumerate(rows.itertuples()):
        text = f"{_amount(row.error_size, currency)} · {_worst_words(row)}"
        axes.text(row.error_size + 0.012 * size.max(), place, text, va="center", size=8.5)
    axes.set_xlim(0, float(size.max()) * 2.15)
    return describe(figure, "; ".join(f"{row.item_id} at {row.location_id}: {row.reason}" for row in rows.itertuples()))


def _worst_title(rows: pd.DataFrame, currency: str) -> str:
    held, total = percent(rows["error_share"].sum()), _amount(rows["error_size"].sum(), currency)
    high = int((rows["forecast"] > rows["actual"]).sum())
    low = int((rows["forecast"] < rows["actual"]).sum())
    if len(rows) == 1:
        return f"One forecast was off by {total}, {held} of all error: {rows['reason'].iloc[0]}"
    head = f"The {plain_number(len(rows))} worst forecasts were off by {total}, {held} of all error"
    return f"{head}; {low} too low in sum, {high} too high"


def _worst_words(row: object) -> str:
    reason, bias = str(row.reason), row.bias  # type: ignore[attr-defined]
    if reason == "mostly one period":
        return f"{reason} ({row.worst_period:%Y-%m-%d})"  # type: ignore[attr-defined]
    return reason if pd.isna(bias) else f"{reason} ({_signed(bias)})"


def _amount(size: float, currency: str) -> str:
    return in_unit(size, "currency", currency) if currency else f"{short_number(round(size, 1))} units"
