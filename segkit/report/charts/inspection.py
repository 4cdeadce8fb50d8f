"""The chart of one item under the analyst's eye: history, what each model expects, its parts, links between errors."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MIDDLE,
    MUTED,
    PALE,
    SOFT,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, plural, short_number, shorten, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from segkit.inventory.inspection import ForecastInspection

NAMES = {"ets": "ETS", "stl_ets": "STL + ETS", "sarimax": "SARIMAX", "naive": "naive", "pooled": "pooled"}
MODELS = ("ets", "stl_ets", "sarimax")
PARTS = ("level", "trend", "season", "regressors", "rest")
BEFORE = 3  # horizons of history beside a fan
FEWEST_BEFORE = 12
MOST_MARKS = 160


@dataclass(frozen=True)
class _Fan:
    """A forecast as it is drawn: its name, mean and quantile columns by period, and what stands above it."""

    name: str
    rows: pd.DataFrame
    head: str

    @property
    def total(self) -> float:
        return float(self.rows["mean"].sum())


@styled
def plot_inspection(inspection: "ForecastInspection", pooled: pd.DataFrame | None = None) -> "Figure":
    """Draw one item: its history, the fan of each model and of the pooled forecast, the parts, and links of errors.

    Parameters
    ----------
    inspection : ForecastInspection
        From ``inspect_forecast``.
    pooled : DataFrame, optional
        Rows of ``forecast_demand``; those of the item are drawn: period, mean and quantiles.

    Returns
    -------
    Figure
        Fans reach from the lowest to the highest quantile column between the 5th and the 95th percentile, in steps.
        Parts and links of errors are those of the model that is closest from rolling origins. Naive is drawn where
        there is no model.
    """
    history = inspection.history
    if history.empty or history["quantity"].isna().all():
        reasons = inspection.notes.loc[inspection.notes["kind"] == "reason", "note"]
        return empty_figure("inspection", reasons.iloc[0] if len(reasons) else "No demand is known.")
    fans, best = _list_fans(inspection, pooled), _closest(inspection)
    owner, parts = _list_parts(inspection, best)
    links = inspection.residual_acf[inspection.residual_acf["model"] == best]
    heights = [1.3, *([1.5] if fans else []), *([max(0.72 * len(parts), 1.3)] if parts or len(links) else [])]
    figure = start_figure("inspection", _title(inspection, fans, best), _note(inspection, fans), sum(heights) + 0.5)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    _draw_history(figure.add_subplot(grid[0, 0]), inspection)
    if fans:
        _draw_fans(figure, grid[1, 0], history, fans)
    if parts or len(links):
        _draw_below(figure, grid[len(heights) - 1, 0], (owner, parts), (best, links))
    told = inspection.diagnostics[inspection.diagnostics["model"] == best].sort_values("test")
    return describe(figure, "; ".join(f"{row.test}: {row.reading}" for row in told.itertuples()))


def _list_fans(inspection: "ForecastInspection", pooled: pd.DataFrame | None) -> list[_Fan]:
    """Return the forecasts to draw, in the order of their names, the pooled one last."""
    forecast, fit = inspection.forecast, inspection.fit.set_index("model")
    there = [model for model in MODELS if (forecast["model"] == model).any()]
    there = there or [model for model in ("naive",) if (forecast["model"] == model).any()]
    fans = []
    for model in there:
        rows = forecast[forecast["model"] == model].sort_values("period")
        fans.append(_Fan(model, rows, _judged(fit.loc[model])))
    rows = _pooled_rows(inspection, pooled) if pooled is not None else forecast.iloc[:0]
    if len(rows):
        fans.append(_Fan("pooled", rows, shorten(rows["method"].iloc[0], 26) if "method" in rows else ""))
    return fans


def _pooled_rows(inspection: "ForecastInspection", pooled: pd.DataFrame) -> pd.DataFrame:
    """Return the item's rows of a pooled forecast; of demand classes the means add up, the quantiles do not."""
    of_item = pooled["item_id"].astype("str") == inspection.item_id
    rows = pooled[of_item & (pooled["location_id"].astype("str") == inspection.location_id)].sort_values("period")
    if not rows["period"].duplicated().any():
        return rows
    return rows.groupby("period", as_index=False)["mean"].sum().assign(method="sum of demand classes")


def _judged(row: Any) -> str:
    if np.isnan(row["rolling_rmse"]):
        return "not judged"
    return f"error {short_number(row['rolling_rmse'])}, naive {short_number(row['naive_rmse'])}"


def _closest(inspection: "ForecastInspection") -> str:
    """Return the model with the smallest error from the most rolling origins, else the first there is."""
    fit = inspection.fit[inspection.fit["model"].isin(MODELS)]
    ranked = fit.sort_values(["rolling_origins", "rolling_rmse", "model"], ascending=[False, True, True])
    return str(ranked["model"].iloc[0]) if len(ranked) else "naive"


def _list_parts(inspection: "ForecastInspection", best: str) -> tuple[str, dict[str, pd.Series]]:
    """Return whose parts are drawn, and them by period: of the closest model, else of one that has more than a rest."""
    table = inspection.components
    by_model = {str(model): rows for model, rows in table.groupby("model") if rows["component"].nunique() > 1}
    owner = next((model for model in (best, "stl_ets", "ets") if model in by_model), "")
    rows = by_model.get(owner, table.iloc[:0])
    parts = {name: rows[rows["component"] == name].set_index("period")["value"].sort_index() for name in PARTS}
    return owner, {name: values for name, values in parts.items() if len(values)}


def _title(inspection: "ForecastInspection", fans: list[_Fan], best: str) -> str:
    name = f"{shorten(inspection.item_id, 24)} at {shorten(inspection.location_id, 16)}"
    if not fans:
        return f"{name}: nothing to forecast from"
    first = next((fan for fan in fans if fan.name == best), fans[0])
    count = len(first.rows)
    span = f"the next {plain_number(count)} {plural(inspection.unit)}" if count > 1 else f"the next {inspection.unit}"
    title = f"{name}: {NAMES[first.name]} expects {short_number(_rounded(first.total))} units over {span}"
    pooled = next((fan for fan in fans if fan.name == "pooled"), None)
    if pooled and pooled is not first and pooled.rows["period"].tolist() == first.rows["period"].tolist():
        title += f", the pooled forecast {short_number(_rounded(pooled.total))}"
    value = inspection.fit.set_index("model")["value_added"].get(best, np.nan)
    if best == "naive" or np.isnan(value):
        return title
    return title + (
        "; no model beats naive" if value <= 0 else f"; {NAMES[best]} errs {percent(value, 0)} less than naive"
    )


def _rounded(total: float) -> float:
    return float(round(total)) if total >= 10 else round(total, 1)


def _note(inspection: "ForecastInspection", fans: list[_Fan]) -> str:
    text = f"Units a {inspection.unit}"
    if fans:
        text += "; lines: mean; shaded: quantiles between 5 and 95%; error: root mean square from rolling origins"
    if any(fan.name == "pooled" and "q50" in dict(_bands(fan.rows)) for fan in fans):
        text += "; pooled: from the median up"
    missing = inspection.history["status"].isin(["out of stock", "not known"])
    return text + ("; marks: out of stock or not known, not used" if missing.any() else "")


def _draw_history(axes: "Axes", inspection: "ForecastInspection") -> None:
    history = inspection.history
    used = history["quantity"].where(history["status"] == "used")
    dot = "o" if len(history) <= MOST_MARKS else ""
    axes.plot(history["period"], used, color=ACCENT, linewidth=1, marker=dot, markersize=2.2)
    missing = history[history["status"].isin(["out of stock", "not known"])]
    if len(missing):
        axes.plot(missing["period"], np.zeros(len(missing)), "x", color=LOSS, markersize=4, clip_on=False)
    early = history[history["status"] == "not yet listed"]
    if len(early):
        axes.plot(early["period"].iloc[[0, -1]], [0, 0], color=PALE, linewidth=4, solid_capstyle="butt")
        place = axes.get_xaxis_transform()
        axes.text(early["period"].iloc[0], 0.06, "not yet listed", size=8, color=MUTED, transform=place)
    _finish(axes, "demand")
    axes.set_ylim(bottom=0)


def _draw_fans(figure: "Figure", cell: Any, history: pd.DataFrame, fans: list[_Fan]) -> None:
    cells, first = cell.subgridspec(1, len(fans)), None
    used = history.assign(quantity=history["quantity"].where(history["status"] == "used"))
    before = used.tail(max(BEFORE * len(fans[0].rows), FEWEST_BEFORE))
    for place, fan in enumerate(fans):
        axes = figure.add_subplot(cells[0, place], sharey=first)
        _draw_fan(axes, before, fan)
        if first is None:
            first = axes
        else:
            axes.tick_params(axis="y", labelleft=False)
    if first is not None:
        first.set_ylim(bottom=0)


def _draw_fan(axes: "Axes", before: pd.DataFrame, fan: _Fan) -> None:
    color = LOSS if fan.name == "pooled" else ACCENT
    axes.plot(before["period"], before["quantity"], color=SOFT, linewidth=1)
    for low, high in _bands(fan.rows):
        axes.fill_between(fan.rows["period"], fan.rows[low], fan.rows[high], color=color, alpha=0.17, linewidth=0)
    axes.plot(fan.rows["period"], fan.rows["mean"], color=color, linewidth=1.5)
    _finish(axes, NAMES[fan.name], fan.head)


def _bands(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return pairs of quantile columns between 5 and 95 %, widest first; from the median where none is below."""
    levels = {str(name): float(str(name)[1:]) for name in rows if str(name)[:1] == "q" and str(name)[1:].isdigit()}
    names = sorted((name for name, level in levels.items() if 5 <= level <= 95), key=levels.__getitem__)
    lows = [name for name in names if levels[name] < 50] or [name for name in names if levels[name] == 50]
    highs = [name for name in names if levels[name] > 50][::-1]
    pairs = [(lows[min(place, len(lows) - 1)], high) for place, high in enumerate(highs[: max(len(lows), 2)])]
    return pairs if lows else []


def _draw_below(
    figure: "Figure", cell: Any, split: tuple[str, dict[str, pd.Series]], errors: tuple[str, pd.DataFrame]
) -> None:
    (owner, parts), (best, links) = split, errors
    both = bool(parts) and len(links) > 0
    halves = cell.subgridspec(1, 2, width_ratios=(5, 3)) if both else cell.subgridspec(1, 1)
    if parts:
        rows, first = halves[0, 0].subgridspec(len(parts), 1), None
        for place, (name, values) in enumerate(parts.items()):
            axes = figure.add_subplot(rows[place, 0], sharex=first)
            axes.plot(values.index, values, color=MIDDLE, linewidth=1)
            if name in ("rest", "regressors"):
                axes.axhline(0, color=MUTED, linewidth=0.6)
            _finish(axes, name if place else f"{NAMES[owner]}: {name}", ticks=2)
            first = first or axes
            if place + 1 < len(parts):
                axes.tick_params(axis="x", labelbottom=False)
    if len(links):
        _draw_links(figure.add_subplot(halves[0, -1]), links, best)


def _draw_links(axes: "Axes", links: pd.DataFrame, best: str) -> None:
    beyond = links["beyond_chance"].to_numpy(dtype=bool)
    limit = float(links["limit"].iloc[0])
    axes.axhspan(-limit, limit, color=PALE, alpha=0.6, linewidth=0)
    axes.axhline(0, color=MUTED, linewidth=0.6)
    for which, color in ((~beyond, MIDDLE), (beyond, LOSS)):
        axes.bar(links["lag"][which], links["autocorrelation"][which], width=0.5, color=color)
    top = max(float(links["autocorrelation"].abs().max()), limit) * 1.15
    axes.set_ylim(-top, top)
    _finish(axes, "links between errors", f"{NAMES.get(best, best)}, by lag; shaded: chance", dates=False)
    axes.locator_params(axis="x", integer=True, nbins=6)


def _finish(axes: "Axes", head: str, more: str = "", *, dates: bool = True, ticks: int = 4) -> None:
    """Write the head of a panel in one or two lines, and quiet its axes."""
    only_baseline(axes, grid="y")
    axes.locator_params(axis="y", nbins=ticks)
    format_axis(axes.yaxis, tick_number)
    lines = [(more, 8, MUTED), (head, 8.5, INK)] if more else [(head, 8.5, INK)]
    for place, (text, size, color) in enumerate(lines):
        axes.annotate(
            text, (0, 1), xycoords="axes fraction", xytext=(0, 3 + 11 * place), textcoords="offset points", size=size,
            color=color,
        )  # fmt: skip
    if dates:
        _date_axis(axes)


def _date_axis(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    wide = axes.get_subplotspec().get_position(axes.get_figure()).width > 0.5  # type: ignore[union-attr,arg-type]
    locator = AutoDateLocator(minticks=2, maxticks=10 if wide else 6)
    formats = ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%S"]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, formats=formats, zero_formats=["", "%Y", "%b", "", "", ""], show_offset=False)
    )
    axes.margins(x=0.005)
