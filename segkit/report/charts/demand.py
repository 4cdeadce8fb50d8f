"""Charts of demand: how it runs over time, which patterns it shows, where items stand in their life."""

from typing import TYPE_CHECKING

import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MIDDLE,
    MOST_DOTS,
    MUTED,
    SOFT,
    bar_labels,
    describe,
    draw_hexagons,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, short_money, short_number, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

YEAR = {"month": 12, "week": 52, "day": 365}
PATTERNS = ("smooth", "erratic", "intermittent", "lumpy")
STATES = ("planned", "new", "active", "declining", "dormant", "phased_out", "superseded")
FLOOR = 0.01


@styled
def plot_demand(demand: pd.DataFrame, periods: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw revenue and units per period, and the share of stocked items that ran out.

    Parameters
    ----------
    demand : DataFrame
        Table ``demand``.
    periods : DataFrame
        Table ``periods``: which periods are complete.
    currency : str
        ISO 4217 code of revenue.

    Returns
    -------
    Figure
        Incomplete periods are light and hatched; panels without data are left out.
    """
    totals = _by_period(demand, periods)
    if totals.empty:
        return empty_figure("demand", "No demand in any period.")
    unit = _period_unit(totals)
    money = bool(totals["revenue"].abs().sum() > 0)
    panels = (
        [
            (
                "revenue",
                f"value of orders, before returns [{currency}]" if currency else "value of orders, before returns",
            )
        ]
        if money
        else []
    )
    panels.append(("quantity", "units ordered"))
    if totals["censored"].sum() > 0:
        panels.append(("censored", "out of stock, share of item-locations"))
    note = f"Per {unit}" + ("" if totals["complete"].all() else "; hatched: the data do not cover the whole " + unit)
    heights = [0.62 if column == "censored" else 1.35 for column, _ in panels]
    figure = start_figure(
        "demand", _demand_title(totals, panels[0][0], unit, currency), note, height=sum(heights) + 0.35
    )
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axes, (column, head) in zip(rows, panels, strict=True):
        _draw_periods(axes, totals, column, head, unit)
    _date_axis(rows[-1])
    return describe(figure, f"{len(totals):,} periods from {totals.index[0]:%Y-%m-%d} to {totals.index[-1]:%Y-%m-%d}")


def _by_period(demand: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Return quantity, revenue, share censored and whether it is complete, per period, gaps filled from ``periods``."""
    if demand.empty:
        return pd.DataFrame()
    grouped = demand.assign(censored=demand["censored"].fillna(False).astype(float)).groupby("period")
    totals = grouped.agg(quantity=("quantity", "sum"), revenue=("revenue", "sum"), censored=("censored", "mean"))
    known = periods.set_index("period")["complete"].astype(bool)
    span = known.index[(known.index >= totals.index.min()) & (known.index <= totals.index.max())]
    totals = totals.reindex(totals.index.union(span)).astype(float).fillna(0.0)
    return totals.assign(complete=known.reindex(totals.index).fillna(False).to_numpy(dtype=bool))


def _period_unit(totals: pd.DataFrame) -> str:
    days = pd.Series(totals.index).diff().dt.days.median() if len(totals) > 1 else 30
    return "day" if days < 2 else "week" if days < 15 else "month"


def _demand_title(totals: pd.DataFrame, column: str, unit: str, currency: str) -> str:
    year, whole = YEAR[unit], totals.loc[totals["complete"], column]
    now, before = whole.iloc[-year:].sum(), whole.iloc[-2 * year : -year]
    amount = short_money(now, currency) if column == "revenue" else f"{short_number(now)} units"
    if len(before) < year or before.sum() <= 0:
        spans = f"{len(whole.iloc[-year:])} complete {unit}{'s' * (len(whole) != 1)}"
        return f"Customers ordered {amount} in the last {spans}"
    change = now / before.sum() - 1
    if abs(change) < 0.005:
        return f"Customers ordered {amount} in the last {year} {unit}s, as much as before"
    more = f"{percent(abs(change))} {'more' if change > 0 else 'less'} than in the {year} before"
    return f"Customers ordered {amount} in the last {year} {unit}s, {more}"


def _draw_periods(axes: "Axes", totals: pd.DataFrame, column: str, head: str, unit: str) -> None:
    from matplotlib.dates import date2num

    values, whole = totals[column].to_numpy(), totals["complete"].to_numpy()
    color = {"revenue": ACCENT, "quantity": MIDDLE, "censored": LOSS}[column]
    if len(totals) > 160:
        axes.fill_between(totals.index, values, step="post", color=color, alpha=0.35, linewidth=0)
        axes.plot(totals.index, values, drawstyle="steps-post", color=color, linewidth=1)
    else:
        wide = {"month": 24, "week": 5.6, "day": 0.8}[unit]
        middle = date2num(totals.index) + {"month": 15, "week": 3.5, "day": 0.5}[unit]
        axes.bar(middle[whole], values[whole], width=wide, color=color, linewidth=0)
        axes.bar(
            middle[~whole], values[~whole], width=wide, facecolor="white", edgecolor=color, hatch="/////", linewidth=0.6
        )
    only_baseline(axes, grid="y")
    axes.locator_params(axis="y", nbins=3 if column == "censored" else 4)
    format_axis(axes.yaxis, percent if column == "censored" else tick_number)
    axes.text(0, 1.03, head, transform=axes.transAxes, size=8.5, color=MUTED, va="bottom")
    low = min(float(values.min()), 0.0)
    axes.set_ylim(low * 1.08, max(float(values.max()), 1e-9) * 1.08)


def _date_axis(axes: "Axes") -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=10)
    formats = ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%S"]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, formats=formats, zero_formats=["", "%Y", "%b", "", "", ""], show_offset=False)
    )
    axes.margins(x=0.005)


@styled
def plot_patterns(demand_profile: pd.DataFrame, *, adi_limit: float = 1.32, cv2_limit: float = 0.49) -> "Figure":
    """Draw items by how often (ADI) and how unevenly (CV²) they are asked for, with the four demand patterns.

    Parameters
    ----------
    demand_profile : DataFrame
        Table ``demand_profile``.
    adi_limit : float
        Average demand interval that parts smooth from intermittent [periods].
    cv2_limit : float
        Squared coefficient of variation that parts smooth from erratic.

    Returns
    -------
    Figure
        Dots for up to 800 rows, else a density of hexagons; each quadrant with its count.
    """
    known = demand_profile[demand_profile["pattern"].isin(PATTERNS)].dropna(subset=["adi", "cv2"])
    known = known.sort_values(["adi", "cv2"])
    if known.empty:
        return empty_figure("patterns", "No item has enough history for a demand pattern.")
    counts = known["pattern"].value_counts().reindex(PATTERNS, fill_value=0)
    leading = str(counts.idxmax())
    title = f"{percent(counts[leading] / len(known))} of demand series are {leading}"
    short = len(demand_profile) - len(known)
    note = f"{plain_number(len(known))} items at locations, log scales"
    note += f"; {plain_number(short)} with too little history not shown" if short else ""
    figure = start_figure("patterns", title, note, height=3.7)
    axes = figure.subplots()
    x, y = known["adi"].clip(lower=1.0).astype(float), known["cv2"].clip(lower=FLOOR).astype(float)
    axes.set(xscale="log", yscale="log")
    right, top = max(float(x.max()) * 1.25, adi_limit * 3), max(float(y.max()) * 3.2, cv2_limit * 8)
    axes.set(xlim=(0.93, right), ylim=(FLOOR * 0.33, top))
    if len(known) > MOST_DOTS:
        draw_hexagons(axes, x, y, x_log=True, y_log=True)
    else:
        axes.scatter(x, y, s=16, color=ACCENT, alpha=0.55, linewidth=0)
    _quadrants(axes, counts, (adi_limit, cv2_limit))
    return describe(figure, "; ".join(f"{name}: {plain_number(count)}" for name, count in counts.items()))


def _quadrants(axes: "Axes", counts: pd.Series, limits: tuple[float, float]) -> None:
    axes.axvline(limits[0], color=MUTED, linewidth=0.9)
    axes.axhline(limits[1], color=MUTED, linewidth=0.9)
    only_baseline(axes)
    for axis, ticks, write in (
        (axes.xaxis, (1, 1.32, 2, 3, 5, 10, 20, 50, 100, 300), lambda v: f"{v:g}"),
        (axes.yaxis, (0.01, 0.03, 0.1, 0.49, 1, 3, 10, 30, 100), lambda v: "≤ 0.01" if v <= FLOOR else f"{v:g}"),
    ):
        low, high = axis.get_view_interval()
        axis.set_ticks([tick for tick in ticks if low <= tick <= high])
        axis.set_ticks([], minor=True)
        format_axis(axis, write)
    axes.set_xlabel("average demand interval [periods]")
    axes.set_ylabel("CV² of demand sizes")
    total = counts.sum()
    corners = {"erratic": (0.012, 0.975, "left", "top"), "smooth": (0.012, 0.03, "left", "bottom"),
               "lumpy": (0.988, 0.975, "right", "top"), "intermittent": (0.988, 0.03, "right", "bottom")}  # fmt: skip
    for name, (x, y, side, edge) in corners.items():
        lower = y if edge == "bottom" else y - 0.06
        text = f"{plain_number(counts[name])} · {percent(counts[name] / total)}"
        for height, line, weight in ((lower + 0.06, name, "bold"), (lower, text, "normal")):
            box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}
            axes.text(
                x, height, line, transform=axes.transAxes, ha=side, va=edge, size=9, color=INK, weight=weight, bbox=box
            )


@styled
def plot_life_cycle(demand_profile: pd.DataFrame) -> "Figure":
    """Draw how many items (or items at locations) stand in each state of their life.

    Parameters
    ----------
    demand_profile : DataFrame
        Table ``item_profile`` or ``demand_profile``.

    Returns
    -------
    Figure
        One bar per state, in the order of a life.
    """
    states = demand_profile["life_cycle"].astype("object").fillna("")
    counts = states[states != ""].value_counts()
    names = [name for name in STATES if name in counts] + sorted(set(counts.index) - set(STATES))
    if not names:
        return empty_figure("life_cycle", "No item has a life-cycle state.")
    counts, total = counts.reindex(names), int(counts.sum())
    lively = int(counts.reindex(["new", "active"]).fillna(0).sum())
    noun = "items" if demand_profile["item_id"].is_unique else "items at locations"
    title = f"{percent(lively / total)} of {noun} are new or active"
    waning = int(counts.reindex(["declining", "dormant"]).fillna(0).sum())
    title += f"; {percent(waning / total)} are declining or dormant" if waning else ""
    figure = start_figure(
        "life_cycle", title, f"{plain_number(total)} {noun} by life-cycle state", 0.3 + 0.3 * len(names)
    )
    axes = figure.subplots()
    bar_labels(axes, [name.replace("_", " ") for name in names])
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    colors = [ACCENT if name in ("new", "active") else SOFT for name in names]
    axes.barh(range(len(names)), counts, color=colors, height=0.62)
    axes.set_xlim(0, float(counts.max()) * 1.2)
    for place, count in enumerate(counts):
        text = f"{plain_number(count)} · {percent(count / total)}"
        axes.text(count + 0.01 * float(counts.max()), place, text, va="center", size=8.5)
    return describe(figure, "; ".join(f"{name}: {plain_number(counts[name])}" for name in names))
