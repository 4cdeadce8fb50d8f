"""Charts of the contest of rules: what each earns beside hindsight, whom it serves, and what wears its gain down."""

from typing import TYPE_CHECKING

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
    bar_labels,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, short_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ALL, FIRST, NEW, BEST = "(all)", "first come", "new orders first", "perfect hindsight"
_RULES = (
    "first come",
    "new orders first",
    "fixed quotas",
    "margin quotas",
    "nested protection",
    "critical levels",
    "bid prices",
)
_COLORS = dict(zip(_RULES[1:], (MUTED, LOSS, "#c58bb4", ACCENT, MIDDLE, "#8a6d1d"), strict=True))
_MARKS = dict(zip(_RULES[1:], ("x", "D", "v", "o", "s", "^"), strict=True))
_MOST_CLASSES = 8
_FEW = 0.01  # share of the demand below which a class is not drawn
_CLASSES = "classes"
_NOISE = "noise"


@styled
def plot_rule_contest(rule_contest: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw what every rule of sharing a short supply gains on first come, and whom it serves on time.

    Parameters
    ----------
    rule_contest : DataFrame
        Table ``rule_contest``.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Gain with its 90 % interval, beside what perfect hindsight gains; and the fill rate (P2) of every class.
    """
    whole = rule_contest[(rule_contest["demand_class"] == ALL).to_numpy(dtype=bool)].set_index("rule")
    names = [name for name in (*_RULES, BEST) if name in whole.index]
    if FIRST not in names or BEST not in names:
        return empty_figure("rule_contest", "No order book was contested.")
    whole = whole.loc[names]
    fills = _fills(rule_contest, names)
    unit = f" [{currency}]" if currency else ""
    note = (
        f"Left: margin less goodwill cost of what was late or lost, beyond first come{unit}; bar = 90 % interval. "
        f"Right: fill rate (P2, delivered on time) by class. One order book, {percent(_supplied(whole))} of it supplied"
    )
    figure = start_figure("rule_contest", _title(whole, currency), note, height=0.8 + 0.4 * len(names))
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _draw_gains(left, whole, currency)
    _draw_fills(right, fills)
    return describe(figure, _alt(whole, fills, currency))


def _fills(rule_contest: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return fill rates by rule and class, the classes with most demand, as perfect hindsight would rank them."""
    parts = rule_contest[(rule_contest["demand_class"] != ALL).to_numpy(dtype=bool)]
    table = parts.pivot(index="rule", columns="demand_class", values="fill_rate").loc[names]
    most = parts[parts["rule"] == FIRST].set_index("demand_class")["demand"].sort_index()
    most = most[most >= _FEW * most.sum()]
    kept = most.sort_values(ascending=False, kind="stable").index[:_MOST_CLASSES]
    order = table.loc[BEST, kept].sort_values(ascending=False, kind="stable").index
    return table[order]


def _supplied(whole: pd.DataFrame) -> float:
    return float(whole.loc[FIRST, "delivered_share"])


def _title(whole: pd.DataFrame, currency: str) -> str:
    """Return which rule earns most, how sure that is, and how much of it needs no classes."""
    told = whole.drop(index=[FIRST, BEST])
    if told.empty or not whole.loc[BEST, "gain"] > 0:
        return "No rule could earn more than first come, first served: supply is not short where it matters"
    by_class = told.drop(index=NEW, errors="ignore")
    best = by_class["gain"].idxmax()
    row = by_class.loc[best]
    if row["gain"] <= 0:
        return "No rule by class earns more than first come, first served on this order book"
    share = "" if pd.isna(row["gain_share"]) else f", {percent(row['gain_share'])} of what hindsight would"
    head = f"Most is earned by {best}: {short_money(row['gain'], currency)} more than first come{share}"
    if not row["gain_low"] > 0:
        head += "; the interval holds zero"
    if NEW in told.index and told.loc[NEW, "gain"] > 0:
        head += f"; new orders first, without any classes, earn {short_money(told.loc[NEW, 'gain'], currency)} more"
    return head


def _draw_gains(axes: "Axes", whole: pd.DataFrame, currency: str) -> None:
    bar_labels(axes, list(whole.index))
    only_baseline(axes, grid="x")
    colors = [PALE if name == BEST else SOFT if name in (FIRST, NEW) else ACCENT for name in whole.index]
    places = np.arange(len(whole))
    axes.barh(places, whole["gain"], color=colors, height=0.6)
    for place, row in zip(places, whole.itertuples(), strict=True):
        if row.Index != FIRST and np.isfinite(row.gain_low):
            axes.plot([row.gain_low, row.gain_high], [place, place], color=INK, linewidth=1.4)
    axes.axvline(0.0, color=MUTED, linewidth=0.9)
    axes.axvline(float(whole.loc[BEST, "gain"]), color=LOSS, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.locator_params(axis="x", nbins=5)
    format_axis(axes.xaxis, lambda value: short_money(value))
    axes.set_xlabel(f"gain on first come{f' [{currency}]' if currency else ''}; dashed = perfect hindsight", size=8.5)


def _draw_fills(axes: "Axes", fills: pd.DataFrame) -> None:
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    values = fills.to_numpy(dtype=float)
    axes.imshow(values, aspect="auto", cmap=_blues(), vmin=0.0, vmax=1.0)
    axes.set_xticks(range(len(fills.columns)), [_short(name) for name in fills.columns])
    axes.tick_params(axis="x", labeltop=True, labelbottom=False, length=0, colors=INK)
    axes.set_yticks([])
    axes.set_ylim(len(fills) - 0.45, -0.55)
    for row, column in np.ndindex(values.shape):
        share = values[row, column]
        if np.isfinite(share):
            color = "white" if share > 0.75 else INK
            axes.text(column, row, percent(share), ha="center", va="center", size=8.5, color=color)


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 10 else text[:9] + "…"


def _blues():  # type: ignore[no-untyped-def]
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("fills", ["#ffffff", SOFT, ACCENT])


def _alt(whole: pd.DataFrame, fills: pd.DataFrame, currency: str) -> str:
    parts = []
    for row in whole.itertuples():
        by_class = ", ".join(f"{name} {percent(share)}" for name, share in fills.loc[row.Index].items())
        ends = f" ({short_money(row.gain_low)} to {short_money(row.gain_high)})" if row.Index != FIRST else ""
        parts.append(f"{row.Index}: gain {short_money(row.gain, currency)}{ends}; on time {by_class}")
    return "; ".join(parts)


@styled
def plot_contest_curves(contest_curve: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw what the number of classes, and the error of forecasts by class, do to the gain of every rule.

    Parameters
    ----------
    contest_curve : DataFrame
        Table ``contest_curve``.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Left: gain on first come by the number of classes; right: by the WAPE of stated noise, with the real forecasts
        as marks of their own.
    """
    rows = contest_curve[contest_curve["rule"] != FIRST]
    if rows.empty:
        return empty_figure("contest_curve", "No order book was contested.")
    unit = f" [{currency}]" if currency else ""
    note = (
        f"Gain on first come{unit}: margin less goodwill cost. Left: bands of worth, forecast by trailing means. "
        "Right: demand by class with stated noise (line) and as it is forecast (marks)"
    )
    figure = start_figure("contest_curve", _curve_title(rows, currency), note, height=3.3)
    axes = figure.subplots(1, 2, sharey=True)
    by_count = rows[rows["study"] == _CLASSES].sort_values(["rule", "classes"])
    by_error = rows[rows["study"] != _CLASSES].sort_values(["rule", "forecast_wape"])
    noisy = by_error["forecast_source"].str.startswith(_NOISE)
    for name, color in _COLORS.items():
        mark = {"color": color, "marker": _MARKS[name], "markersize": 4.5, "linewidth": 1.5}
        one = by_count[by_count["rule"] == name]
        axes[0].plot(one["classes"], one["gain"], label=name, **mark)
        one = by_error[noisy & (by_error["rule"] == name)]
        axes[1].plot(one["forecast_wape"], one["gain"], **mark)
        real = by_error[~noisy & (by_error["rule"] == name)]
        axes[1].plot(real["forecast_wape"], real["gain"], **(mark | {"linestyle": "none", "markersize": 8}))
    _finish_curves(figure, axes, by_count, currency)
    return describe(figure, "; ".join(_curve_words(rows, currency)))


def _finish_curves(figure: "Figure", axes: np.ndarray, by_count: pd.DataFrame, currency: str) -> None:
    for one in axes:
        only_baseline(one, grid="y")
        one.axhline(0.0, color=MUTED, linewidth=0.9)
    format_axis(axes[0].yaxis, lambda value: short_money(value))
    axes[0].set_ylabel(f"gain on first come{f' [{currency}]' if currency else ''}")
    axes[0].set_xticks(sorted(set(by_count["classes"])))
    axes[0].set_xlabel("number of classes")
    format_axis(axes[1].xaxis, percent)
    axes[1].set_xlabel("WAPE of what is expected, by item, class and cycle")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8)


def _curve_title(rows: pd.DataFrame, currency: str) -> str:
    """Return how many classes bring nine tenths of the highest gain, and what forecast error costs."""
    parts = []
    by_class = rows[~rows["rule"].isin([NEW, "bid prices"])]
    counts = by_class[by_class["study"] == _CLASSES]
    if len(counts) and counts["gain"].max() > 0:
        best = counts.loc[counts["gain"].idxmax(), "rule"]
        mine = counts[counts["rule"] == best].sort_values("classes")
        enough = mine.loc[mine["gain"] >= 0.9 * mine["gain"].max(), "classes"].iloc[0]
        if enough < mine["classes"].max():
            parts.append(f"{enough} classes bring nine tenths of what {best} can gain")
        else:
            parts.append(f"the gain still rises at {enough} classes ({best})")
    errors = by_class[by_class["study"] != _CLASSES]
    real = errors[~errors["forecast_source"].str.startswith(_NOISE)]
    if len(real) and real["gain"].max() > 0:
        row = real.loc[real["gain"].idxmax()]
        known = errors[(errors["rule"] == row["rule"]) & errors["forecast_source"].str.startswith(_NOISE)]
        if len(known):
            first = known.sort_values("forecast_wape")["gain"].iloc[0]
            parts.append(
                f"the gain is {short_money(row['gain'], currency)} with real forecasts ({row['rule']}), "
                f"{short_money(first, currency)} if demand by class were known"
            )
    return "; ".join(parts)[:1].upper() + "; ".join(parts)[1:] if parts else "Classes earn nothing on this order book"


def _curve_words(rows: pd.DataFrame, currency: str) -> list[str]:
    return [
        f"{row.rule}, {row.classes} classes, {row.forecast_source}: {short_money(row.gain, currency)}"
        for row in rows.sort_values(["study", "rule", "classes", "forecast_wape"]).itertuples()
    ]
