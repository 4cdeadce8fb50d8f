"""Charts of stock against service: the exchange curve with where the company stands, and the price of segmentation."""

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
from segkit.report.numbers import percent, plain_number, short_money, shorten, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EVERY, OPTIMUM, NOW = "(all)", "item by item", "now"
_LINES = {"one target": (SOFT, 3.6, "one target for all"), "by segment": (MIDDLE, 1.6, "one target per segment")}
_WORDS = {"demand": "units", "lines": "order lines"}
_LOWEST = 0.8
_MOST_SEGMENTS = 12
_GAIN = 1e-3  # of stock or fill below which today's stock counts as the best


@styled
def plot_exchange_curve(exchange_curve: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw the fill rate (P2) that each stock value gives under each rule, and where the company stands.

    Parameters
    ----------
    exchange_curve : DataFrame
        From `segkit.inventory.exchange.trade_stock_for_service`.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Curves of all items together; beside them each segment now, and at the same stock in all chosen item by item.
    """
    best = _points(exchange_curve, OPTIMUM)
    if best.empty:
        return empty_figure("exchange_curve", "No item has a stock and a service to trade.")
    now = _points(exchange_curve, NOW)
    weight = _weight_words(exchange_curve)
    unit = f" [{currency}]" if currency else ""
    note = f"Fill rate (P2, share of {weight} served from stock) by average stock at cost{unit}"
    moves = _moves(exchange_curve)
    if len(moves):
        note += "; beside: each segment now (open) and with the same stock in all chosen item by item (full)"
    figure = start_figure("exchange_curve", _curve_title(exchange_curve, weight, currency), note, height=3.4)
    if len(moves):
        left, right = figure.subplots(1, 2, width_ratios=[1.9, 1])
        _draw_moves(right, moves)
    else:
        left = figure.subplots()
    _draw_curves(left, exchange_curve, now)
    told = [f"{row.segment} {percent(row.now)} now, {percent(row.best)} item by item" for row in moves.itertuples()]
    return describe(figure, "; ".join(told) if told else "")


@styled
def plot_segmentation_price(segmentation_price: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw what every rule costs above the least possible at the same fill rate.

    Parameters
    ----------
    segmentation_price : DataFrame
        From `segkit.inventory.exchange.price_segmentation`.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Bars of the surcharge; the advice on boundaries, where there is any, is the alt text's last sentence.
    """
    known = segmentation_price[segmentation_price["price_ratio"].notna()]
    if known.empty:
        return empty_figure("segmentation_price", "No rule has a price.")
    known = known.assign(surcharge=(known["price_ratio"] - 1).clip(lower=0)).sort_values(
        ["surcharge", "rule"], ascending=[False, True], ignore_index=True
    )
    weight = _weight_words(known)
    unit = f" [{currency}/year]" if currency else ""
    note = f"Holding cost{unit} above the least that gives the same fill rate (P2) of {weight}, item by item"
    figure = start_figure("segmentation_price", _price_title(known), note, height=0.4 + 0.36 * len(known))
    _draw_prices(figure.subplots(), known, currency)
    told = [f"{row.rule}: +{percent(row.surcharge)} at {percent(row.fill_rate)}" for row in known.itertuples()]
    advised = known[known["advice"].astype("object").fillna("") != ""]
    words = [f"{row.rule}: {row.advice}" for row in advised.itertuples()]
    return describe(describe(figure, "; ".join(told)), " ".join(words))


def _points(curve: pd.DataFrame, rule: str, segment: str = EVERY) -> pd.DataFrame:
    found = curve[(curve["rule"] == rule) & (curve["segment"] == segment)].dropna(subset=["fill_rate", "stock_value"])
    return found.sort_values("fill_rate", ignore_index=True)


def _weight_words(table: pd.DataFrame) -> str:
    weight = str(table["weight"].iloc[0])
    return _WORDS.get(weight, weight.replace("_", " "))


def _curve_title(curve: pd.DataFrame, weight: str, currency: str) -> str:
    best, now = _points(curve, OPTIMUM), _points(curve, NOW)
    if now.empty or len(best) < 2:
        top = best.iloc[-1]
        return f"{percent(top['fill_rate'])} of {weight} takes {short_money(top['stock_value'], currency)} of stock"
    fill, stock = now["fill_rate"].item(), now["stock_value"].item()
    lowest, highest = best["fill_rate"].iloc[[0, -1]]
    here = f"{short_money(stock, currency)} of stock gives {percent(fill)} of {weight}"
    if not lowest <= fill <= highest:
        return here
    less = 1 - float(np.interp(fill, best["fill_rate"], best["stock_value"])) / stock
    if less <= _GAIN:
        return f"{here}: no other choice of items needs less"
    more = float(np.interp(stock, best["stock_value"], best["fill_rate"]))
    instead = f"chosen item by item {percent(less)} less would do"
    if more - fill <= _GAIN or stock > best["stock_value"].iloc[-1]:
        return f"{here}; {instead}"
    return f"{here}; {instead}, or the same stock would give {percent(more)}"


def _moves(curve: pd.DataFrame) -> pd.DataFrame:
    """Return per segment its fill rate now and with the same stock in all chosen item by item."""
    now, best = _points(curve, NOW), _points(curve, OPTIMUM)
    parts = curve[(curve["segment"] != EVERY) & (curve["rule"] == NOW)].dropna(subset=["fill_rate"])
    if now.empty or len(best) < 2 or not 2 <= len(parts) <= _MOST_SEGMENTS:
        return pd.DataFrame(columns=["segment", "now", "best"])
    price = np.interp(now["stock_value"].item(), best["stock_value"], best["shadow_price"])
    rows = []
    for row in parts.sort_values("segment").itertuples():
        own = curve[(curve["rule"] == OPTIMUM) & (curve["segment"] == row.segment)].sort_values("shadow_price")
        at = np.interp(price, own["shadow_price"], own["fill_rate"]) if len(own) else np.nan
        rows.append((row.segment, row.fill_rate, at))
    return pd.DataFrame(rows, columns=["segment", "now", "best"])


def _draw_curves(axes: "Axes", curve: pd.DataFrame, now: pd.DataFrame) -> None:
    only_baseline(axes, grid="y")
    best = _points(curve, OPTIMUM)
    lowest = min([_LOWEST, *(now["fill_rate"] - 0.02)]) if len(best) > 1 else 0.0
    drawn = {rule: _points(curve, rule) for rule in _LINES}
    for rule, (color, width, words) in _LINES.items():
        if len(drawn[rule]):
            axes.plot(drawn[rule]["stock_value"], drawn[rule]["fill_rate"], color=color, linewidth=width, label=words)
    axes.plot(best["stock_value"], best["fill_rate"], color=ACCENT, linewidth=2.2, label=OPTIMUM)
    every = pd.concat([best, now, *drawn.values()])
    shown = every[every["fill_rate"] >= lowest]
    left, right = shown["stock_value"].min(), shown["stock_value"].max()
    room = 0.04 * (right - left or right or 1.0)
    axes.set(xlim=(left - room, right + room), ylim=(lowest, 1.005))
    if len(now):
        here = now["stock_value"].item(), now["fill_rate"].item()
        axes.plot(*here, "o", color=LOSS, markersize=8, zorder=5)
        axes.annotate(
            f"you are here\n{percent(here[1])}", here, (12, -9), textcoords="offset points",
            color=LOSS, size=9, weight="bold", va="top",
        )  # fmt: skip
    format_axis(axes.xaxis, tick_number)
    format_axis(axes.yaxis, percent)
    axes.set_xlabel("average stock at cost")
    axes.legend(frameon=False, loc="lower right", fontsize=8.5, labelcolor=INK)


def _draw_moves(axes: "Axes", moves: pd.DataFrame) -> None:
    bar_labels(axes, moves["segment"].tolist(), width=14)
    only_baseline(axes, grid="x")
    for place, row in enumerate(moves.itertuples()):
        axes.plot([row.now, row.best], [place, place], color=PALE, linewidth=3, zorder=1)
        axes.plot(row.best, place, "o", color=ACCENT, markersize=7)
        axes.plot(row.now, place, "o", color="white", markeredgecolor=LOSS, markeredgewidth=1.6, markersize=7)
    ends = moves[["now", "best"]].to_numpy(dtype=float)
    low, high = np.nanmin(ends), np.nanmax(ends)
    room = max(0.12 * (high - low), 0.005)
    axes.set_xlim(low - room, high + room)
    axes.xaxis.set_major_locator(_few_ticks())
    format_axis(axes.xaxis, percent)
    axes.set_xlabel("fill rate (P2)")


def _few_ticks():  # type: ignore[no-untyped-def]
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _price_title(known: pd.DataFrame) -> str:
    """Return what the dearest rule and the classes cost, in words."""
    by_rule = known.set_index("rule")["surcharge"]
    classes = known[(known["classes"] > 1) & ~known["rule"].str.startswith("best ")]
    words = []
    if "one target" in by_rule:
        words.append(f"One target for all costs {percent(by_rule['one target'])} more than needed")
    if len(classes):
        cheapest = classes.sort_values(["surcharge", "rule"]).iloc[0]
        name = "segments" if cheapest["rule"] == "segment" else f"classes by {cheapest['rule'].replace('_', ' ')}"
        words.append(f"{name} {percent(cheapest['surcharge'])}")
    cut = known[known["rule"].str.startswith("best ") & (known["classes"] > 1)]
    if len(cut):
        words.append(f"the best {plain_number(cut['classes'].iloc[0])} classes {percent(cut['surcharge'].iloc[0])}")
    if not words:
        first = known.iloc[0]
        words.append(f"{shorten(first['rule'])} costs {percent(first['surcharge'])} more than needed")
    text = ", ".join(words)
    return text[0].upper() + text[1:]


def _draw_prices(axes: "Axes", known: pd.DataFrame, currency: str) -> None:
    bar_labels(axes, [_rule_words(row) for row in known.itertuples()], width=34)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.barh(range(len(known)), known["surcharge"], color=[_color(row) for row in known.itertuples()], height=0.6)
    most = float(known["surcharge"].max()) or 1.0
    axes.set_xlim(0, most * 1.45)
    edge = axes.get_yaxis_transform()
    for place, row in enumerate(known.itertuples()):
        text = "least possible" if row.rule == OPTIMUM else f"+{percent(row.surcharge)}"
        axes.text(row.surcharge + 0.012 * most, place, text, va="center", size=9, color=INK, weight="bold")
        axes.text(
            1, place, short_money(row.cost, currency), va="center", ha="right", size=8.5, color=MUTED, transform=edge
        )


def _rule_words(row) -> str:  # type: ignore[no-untyped-def]
    if row.rule == NOW:
        return f"now, at {percent(row.fill_rate)}"
    if row.rule == "one target":
        return "one target for all"
    if row.rule == OPTIMUM or row.rule.startswith("best "):
        return row.rule
    return f"{row.classes} classes by {row.rule.replace('_', ' ')}"


def _color(row) -> str:  # type: ignore[no-untyped-def]
    if row.rule == NOW:
        return LOSS
    return SOFT if row.rule == "one target" else MIDDLE if row.rule.startswith("best ") else ACCENT
