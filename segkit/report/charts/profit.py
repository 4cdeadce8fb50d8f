"""Charts of profitability: who earns the margin, and who takes it back."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.report.charts.frame import (
    ACCENT,
    LOSS,
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
from segkit.report.numbers import percent, plain_number, short_money, shorten, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 400
LEAST_REVENUE = 0.005  # money; less is what rounding leaves
SAME = 0.0005  # shares of revenue closer than this count as equal


@styled
def plot_whale_curve(whale_curve: pd.DataFrame, entity: str = "customer", *, currency: str = "") -> "Figure":
    """Draw the cumulative net margin from the best customer (or item) to the worst.

    Parameters
    ----------
    whale_curve : DataFrame
        Table ``whale_curve``.
    entity : str
        ``customer`` or ``item``.
    currency : str
        ISO 4217 code of net_margin.

    Returns
    -------
    Figure
        Shares of the total net margin; money where the total is not above zero.
    """
    curve = whale_curve[whale_curve["entity"] == entity].sort_values("rank", kind="stable")
    name = f"whale_curve_{entity}"
    if curve.empty:
        return empty_figure(name, f"No {entity} has a net margin.")
    margins = curve["net_margin"].astype(float).fillna(0.0).to_numpy()
    total, summed = margins.sum(), np.concatenate([[0.0], margins.cumsum()])
    in_shares = total > 0
    height = summed / total if in_shares else summed
    peak = int(np.argmax(height))
    losing = int((margins < 0).sum())
    title = (
        _whale_title(height, peak, losing, entity)
        if in_shares
        else _loss_title(total, losing, len(curve), entity, currency)
    )
    unit = (
        f"share of the total net margin of {short_money(total, currency)}" if in_shares else f"net margin [{currency}]"
    )
    figure = start_figure(name, title, f"Cumulative net margin, best {entity} first; {unit}", height=3.2)
    axes = figure.subplots()
    _draw_whale(axes, height, peak, in_shares)
    axes.set_xlabel(f"share of {entity}s")
    return describe(
        figure,
        f"The curve rises to its peak at {percent(peak / len(curve))} of {entity}s, then {losing:,} loss makers follow",
    )


def _whale_title(height: np.ndarray, peak: int, losing: int, entity: str) -> str:
    fifth = height[max(round((len(height) - 1) * 0.2), 1)]
    start = f"The best 20% of {entity}s earn {percent(fifth)} of net margin"
    if not losing:
        return f"{start}; none loses money"
    back = percent(height[peak] - height[-1])
    return f"{start}; {plain_number(losing)} loss maker{'s' * (losing != 1)} take{'s' * (losing == 1)} {back} back"


def _loss_title(total: float, losing: int, count: int, entity: str, currency: str) -> str:
    lost = f"{plain_number(losing)} of {plain_number(count)} lose money"
    return f"All {entity}s together earn {short_money(total, currency)}: {lost}"


def _draw_whale(axes: "Axes", height: np.ndarray, peak: int, in_shares: bool) -> None:
    write = percent if in_shares else tick_number
    place = np.linspace(0, 1, len(height))
    kept = np.unique(
        np.concatenate([np.linspace(0, len(height) - 1, min(len(height), MOST_POINTS)).astype(int), [peak]])
    )
    gain, loss = kept[kept <= peak], kept[kept >= peak]
    axes.fill_between(place[kept], height[kept], color=SOFT, alpha=0.4, linewidth=0)
    axes.plot(place[gain], height[gain], color=ACCENT, linewidth=2)
    if peak < len(height) - 1:
        axes.fill_between(place[loss], height[loss], height[peak], color=LOSS, alpha=0.3, linewidth=0)
        axes.plot(place[loss], height[loss], color=LOSS, linewidth=2, linestyle=(0, (4, 1.2)))
        axes.plot([place[peak]], [height[peak]], "o", color=ACCENT, markersize=5)
        left = place[peak] > 0.6
        text = f"peak {write(height[peak])} at {percent(place[peak])}"
        axes.annotate(
            text, (place[peak], height[peak]), (4 if left else -4, 9), textcoords="offset points",
            ha="right" if left else "left", va="bottom", size=9, weight="bold", color=ACCENT,
        )  # fmt: skip
    if in_shares:
        axes.axhline(1, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    low, high = min(float(height.min()), 0.0), max(float(height.max()), 0.0)
    axes.set(xlim=(0, 1.005), ylim=(low * 1.08, high + 0.16 * ((high - low) or 1)))
    only_baseline(axes, grid="y")
    format_axis(axes.xaxis, percent)
    format_axis(axes.yaxis, write)


@styled
def plot_customers(customer_value: pd.DataFrame, customer_segments: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw every customer by revenue and net margin share; those that lose money are marked.

    Parameters
    ----------
    customer_value : DataFrame
        Table ``customer_value``; lines without a customer are nobody's and not shown.
    customer_segments : DataFrame
        Table ``customer_segments``, for the class.
    currency : str
        ISO 4217 code of revenue.

    Returns
    -------
    Figure
        Dots for up to 800 customers, else a density of hexagons.
    """
    classes = customer_segments[["customer_id", "abc"]]
    named = customer_value[customer_value["customer_id"] != UNKNOWN_CUSTOMER]
    joined = named.merge(classes, on="customer_id", how="left")
    has_revenue = (joined["revenue"] > LEAST_REVENUE) & joined["margin_share"].notna()
    shown = joined[has_revenue].sort_values(["revenue", "customer_id"])
    if shown.empty:
        return empty_figure("customers", "No customer has revenue.")
    shares = shown["margin_share"]
    if len(shown) > 1 and float(shares.max() - shares.min()) < SAME:
        return _plot_revenues(shown, currency)
    losing = shown[shown["net_margin"] < 0]
    title = _customer_title(shown, losing, currency)
    hidden = len(joined) - len(shown)
    note = (
        f"Revenue [{currency}] and net margin as a share of it"
        if currency
        else "Revenue, and net margin as a share of it"
    )
    note += f"; {plain_number(hidden)} without revenue not shown" if hidden else ""
    figure = start_figure("customers", title, note, height=3.5)
    axes = figure.subplots()
    _draw_customers(axes, shown.assign(margin_share=shown["margin_share"].clip(-1, 1)), _best_class(customer_segments))
    axes.set_xlabel(f"revenue [{currency}], log scale" if currency else "revenue, log scale")
    axes.set_ylabel("net margin share of revenue")
    return figure


def _best_class(segments: pd.DataFrame) -> str:
    """Return the class of the highest value; blank where there are no classes."""
    known = segments.dropna(subset=["abc", "measure_value"])
    return str(known.loc[known["measure_value"].idxmax(), "abc"]) if len(known) else ""


def _customer_title(shown: pd.DataFrame, losing: pd.DataFrame, currency: str) -> str:
    count = plain_number(len(shown))
    if losing.empty:
        return f"Every one of {count} customers earns money"
    share = percent(losing["revenue"].sum() / shown["revenue"].sum())
    lost = short_money(-losing["net_margin"].sum(), currency)
    verb = "loses" if len(losing) == 1 else "lose"
    return f"{plain_number(len(losing))} of {count} customers, with {share} of revenue, {verb} {lost} of net margin"


def _plot_revenues(shown: pd.DataFrame, currency: str) -> "Figure":
    """Draw how many customers have which revenue, where all have the same margin share (it was assumed)."""
    unit = f"Revenue [{currency}]" if currency else "Revenue"
    same = percent(shown["margin_share"].median())
    title = f"Every customer earns {same} of revenue, as assumed: they differ by revenue alone"
    figure = start_figure("customers", title, f"{unit} and number of customers; dark = above the mean", height=2.6)
    axes = figure.subplots()
    logs = np.log10(shown["revenue"].to_numpy(dtype=float))
    counts, edges = np.histogram(logs, bins=min(40, max(8, len(shown) // 20)))
    above = edges[:-1] >= np.log10(shown["revenue"].mean())
    axes.set_xscale("log")
    colors = [ACCENT if high else SOFT for high in above]
    axes.bar(10 ** edges[:-1], counts, width=np.diff(10**edges) * 0.94, align="edge", color=colors, linewidth=0)
    only_baseline(axes, grid="y")
    format_axis(axes.xaxis, tick_number)
    format_axis(axes.yaxis, tick_number)
    axes.set_xlabel(f"revenue [{currency}], log scale" if currency else "revenue, log scale")
    axes.set_ylabel("customers")
    return describe(
        figure,
        f"{plain_number(len(shown))} customers, median revenue {short_money(shown['revenue'].median(), currency)}",
    )


def _draw_customers(axes: "Axes", shown: pd.DataFrame, top: str) -> None:
    low, high = float(shown["margin_share"].min()), float(shown["margin_share"].max())
    least, most = float(shown["revenue"].min()), float(shown["revenue"].max())
    axes.set(xscale="log", xlim=(least / 1.3, most * 1.6), ylim=(min(low * 1.12, -0.03), min(high * 1.15 + 0.02, 1.08)))
    axes.axhline(0, color=MUTED, linewidth=0.9)
    only_baseline(axes, grid="y")
    axes.spines["bottom"].set_visible(False)
    if len(shown) > MOST_DOTS:
        draw_hexagons(axes, shown["revenue"], shown["margin_share"], x_log=True)
    else:
        _draw_dots(axes, shown, top)
    format_axis(axes.xaxis, tick_number)
    format_axis(axes.yaxis, percent)


def _draw_dots(axes: "Axes", shown: pd.DataFrame, top: str) -> None:
    gains, losses = shown[shown["net_margin"] >= 0], shown[shown["net_margin"] < 0]
    best = gains["abc"] == top
    axes.scatter(gains["revenue"][~best], gains["margin_share"][~best], s=20, color=SOFT, linewidth=0, label="others")
    if best.any():
        name = f"class {top}"
        axes.scatter(gains["revenue"][best], gains["margin_share"][best], s=26, color=ACCENT, linewidth=0, label=name)
    places = (losses["revenue"], losses["margin_share"])
    axes.scatter(*places, s=30, color=LOSS, marker="v", linewidth=0, label="lose money")
    for handle in axes.collections:
        handle.set_alpha(0.9)
    axes.legend(
        loc="upper left", bbox_to_anchor=(0, 1.1), ncols=3, frameon=False, fontsize=8.5, handletextpad=0.1, borderpad=0
    )
    _name_worst(axes, losses)


def _name_worst(axes: "Axes", losses: pd.DataFrame) -> None:
    """Write the names of the three largest losses beside their marks; a name that finds no room is left out."""
    ordered = losses.sort_values(["net_margin", "customer_id"])
    names = ordered["name"].where(ordered["name"].fillna("") != "", ordered["customer_id"]).head(3)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across = (np.log(ordered["revenue"] / left) / np.log(right / left)).to_numpy()
    up = ((ordered["margin_share"] - bottom) / (top - bottom)).to_numpy()
    taken = [(x - 0.01, x + 0.01, y) for x, y in zip(across, up, strict=True)]
    for name, x, y in zip(names, across, up, strict=False):
        text = shorten(name, 24)
        room = 0.0095 * len(text)
        for start, edge, side in ((x + 0.014, x + 0.014, "left"), (x - 0.014 - room, x - 0.014, "right")):
            if 0 <= start <= 1 - room and _is_free(taken, start, start + room, y):
                taken.append((start, start + room, y))
                axes.text(edge, y, text, transform=axes.transAxes, size=8.5, color=LOSS, ha=side, va="center")
                break


def _is_free(taken: list[tuple[float, float, float]], start: float, end: float, height: float) -> bool:
    return not any(begin < end and start < stop and abs(at - height) < 0.05 for begin, stop, at in taken)
