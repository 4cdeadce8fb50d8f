"""The chart of a bridge: from the net margin of one span of time to that of another, effect by effect."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    LOSS,
    MUTED,
    bar_labels,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import MINUS, iso_date, percent, short_money, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORDS = {
    "volume": "volume",
    "mix": "mix",
    "price": "prices after discount",
    "fx": "exchange rates",
    "cost": "cost of the goods",
    "service": "cost to serve",
    "returns": "returns",
    "new_customers": "new customers",
    "lost_customers": "lost customers",
    "new_items": "new items",
    "lost_items": "lost items",
}
MEANT = {"fx": " (on selling prices)"}
COMPARISONS = ("chosen", "year", "half", "month_year", "month")
SAME = 0.0005  # change as a part of the start; less is none
NOTHING = 1e-9
WORTH_TELLING = 0.1  # of the largest effect


@styled
def plot_bridge(
    profit_bridge: pd.DataFrame,
    comparison: str = "",
    *,
    entity: str = "all",
    entity_id: str = "(all)",
    currency: str = "",
) -> "Figure":
    """Draw why net margin changed between two spans of time.

    Parameters
    ----------
    profit_bridge : DataFrame
        Table ``profit_bridge``, or from `bridge_profit`.
    comparison : str
        ``year``, ``half``, ``month``, ``month_year`` or ``chosen``; blank = the longest there is.
    entity, entity_id : str
        Which channel, category or region; not given = the whole company.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        A floating bar per effect, losses hatched, from the level of the earlier span to that of the later one.
    """
    chosen = comparison or next((name for name in COMPARISONS if (profit_bridge["comparison"] == name).any()), "")
    name = f"bridge_{chosen or 'none'}" + ("" if entity == "all" else f"_{entity}")
    rows = profit_bridge[
        (profit_bridge["comparison"] == chosen)
        & (profit_bridge["entity"] == entity)
        & (profit_bridge["entity_id"] == entity_id)
    ]
    if rows.empty or not {"start", "end"} <= set(rows["effect"]):
        return empty_figure(name, "No two complete spans of time with prices can be compared.")
    amounts = rows.set_index("effect")["amount"].astype(float)
    size = abs(amounts).max() or 1.0
    effects = amounts.reindex([effect for effect in WORDS if effect in amounts])
    effects = effects[effects.abs() > NOTHING * size]
    spans = rows.iloc[0]
    measure = "Net margin" if pd.isna(spans["measure"]) else str(spans["measure"]).replace("_", " ").capitalize()
    who = measure if entity == "all" else f"{measure} of {shorten(entity_id, 24)}"
    note = (
        f"{iso_date(spans['to_begin'])} to {iso_date(spans['to_end'])} against {iso_date(spans['from_begin'])} to "
        f"{iso_date(spans['from_end'])}; {measure.lower()}" + (f" [{currency}]" if currency else "")
    )
    note += "; exchange rates: on selling prices" if "fx" in effects else ""
    figure = start_figure(name, _title(who, amounts, effects, currency), note, height=0.45 + 0.29 * (len(effects) + 2))
    _draw(figure.subplots(), amounts, effects)
    told = [f"{WORDS[effect]}{MEANT.get(effect, '')}: {_signed(amount)}" for effect, amount in effects.items()]
    ends = [f"before: {short_number(amounts['start'])}", *told, f"after: {short_number(amounts['end'])}"]
    return describe(figure, "; ".join(ends))


def _title(who: str, amounts: pd.Series, effects: pd.Series, currency: str) -> str:
    change = amounts["end"] - amounts["start"]
    share = f" ({percent(abs(change) / amounts['start'])})" if amounts["start"] > 0 else ""
    flat = abs(change) <= SAME * abs(amounts["start"])
    moved = (
        "stayed as it was"
        if flat
        else f"{'rose' if change > 0 else 'fell'} by {short_money(abs(change), currency)}{share}"
    )
    up, down = effects[effects > 0].sort_values(), effects[effects < 0].sort_values(ascending=False)
    with_it, against = (up, down) if change >= 0 else (down, up)
    text = f"{who} {moved}"
    if len(with_it):
        text += f", most through {_told(with_it)}"
    if len(against) and abs(against.iloc[-1]) >= WORTH_TELLING * effects.abs().max():
        text += f"{'; ' if len(with_it) else ', '}{_told(against)} {'took most back' if change >= 0 else 'helped most'}"
    return text


def _told(effects: pd.Series) -> str:
    return f"{WORDS[effects.index[-1]]} ({_signed(effects.iloc[-1])})"


def _signed(amount: Any) -> str:
    text = short_number(amount)
    return text if text.startswith(MINUS) else f"+{text}"


def _draw(axes: "Axes", amounts: pd.Series, effects: pd.Series) -> None:
    names = ["before", *(WORDS[effect] for effect in effects.index), "after"]
    bar_labels(axes, names)
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    levels = [float(amounts["start"]), *(float(amounts["start"]) + effects.cumsum())]
    low, high = min(levels), max(levels)
    span = (high - low) or abs(high) or 1.0
    axes.set_xlim(low - 0.16 * span, high + 0.16 * span)
    for place, (level, amount) in enumerate(zip(levels[:-1], effects, strict=True), start=1):
        style: Any = {"color": ACCENT} if amount > 0 else {"color": LOSS, "hatch": "////", "edgecolor": "white"}
        axes.barh(place, amount, left=level, height=0.6, linewidth=0, **style)
        side = max(level, level + amount) + 0.012 * span
        axes.text(side, place, _signed(amount), va="center", size=8.5, color=INK)
    for place, level in enumerate(levels):
        axes.plot([level, level], [place - 0.3, place + 1.3], color=LINE, linewidth=0.8, zorder=0)
    for place, end in ((0, "start"), (len(names) - 1, "end")):
        level = float(amounts[end])
        axes.plot([level], [place], marker="D", color=INK, markersize=5)
        axes.text(level + 0.02 * span, place, short_number(level), va="center", size=9, weight="bold", color=INK)
    axes.axhline(0.5, color=LINE, linewidth=0.6)
    axes.axhline(len(names) - 1.5, color=LINE, linewidth=0.6)
    if low < 0 < high:
        axes.axvline(0, color=MUTED, linewidth=0.8)
