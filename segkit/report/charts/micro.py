"""Heat maps of the micro-segments and of customers by value and cost-to-serve: where the money is made and lost."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LINE,
    LOSS,
    MUTED,
    WASH,
    describe,
    empty_figure,
    start_figure,
    styled,
)
from segkit.report.numbers import BLANK, percent, plain_number, short_money, short_number, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CHANNELS = 6
MOST_CELLS = 360  # more would be a wall of figures: then over channels
LOSS_CLASS = "L"
BANDS = {"low": 0, "normal": 1, "high": 2}
ALONE = ("cell", "channels")  # levels at which a cell, or the thin channels of a pair, are acted on
_AXES = ["customer_segment", "item_segment", "channel"]


@styled
def plot_micro_segments(micro_map: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw the net margin of customer segments (down) by item segments (across), channel by channel.

    Parameters
    ----------
    micro_map : DataFrame
        Table ``micro_map``.
    currency : str
        ISO 4217 code of net_margin.

    Returns
    -------
    Figure
        All channels first, then each of up to six; colour and text are the net margin, the small figure its share of
        revenue. Hatched cells are too thin to act on and were merged. Revenue, where no margin is known.
    """
    known = micro_map[micro_map["micro_segment"].notna().to_numpy()]
    if known.empty:
        return empty_figure("micro_segments", "No order line lies in the window of the segments.")
    measure = "net_margin" if known["net_margin"].notna().any() else "revenue"
    cells = known.assign(amount=known[measure].astype(float).fillna(0.0), thin=~known["level"].isin(ALONE))
    cells[_AXES] = cells[_AXES].astype("object")
    rows, columns = (_in_order(cells[name]) for name in _AXES[:2])
    panels = _panels(cells, len(rows) * len(columns))
    across = max(1, min(len(panels), 3, round(15 / len(columns))))
    down = -(-len(panels) // across)
    height = down * (0.36 + len(rows) * (0.33 if across > 1 else 0.37))
    figure = start_figure("micro_segments", *_titles(cells, measure, len(panels), currency), height=height)
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    top = max(float(panel["amount"].abs().max()) for _, panel in panels)
    for axes, (name, panel) in zip(grid.flat, panels, strict=False):
        _draw_boxes(axes, panel, (rows, columns), top)
        _write_amounts(axes, panel, (rows, columns), top, detail=len(columns) * across <= 15)
        if len(panels) > 1:
            axes.set_title(name, loc="left", size=9, weight="bold", color=INK, pad=16)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    return describe(figure, _alt(cells))


@styled
def plot_customer_grid(
    customer_segments: pd.DataFrame, customer_value: pd.DataFrame, *, currency: str = ""
) -> "Figure":
    """Draw customers by value class (down) and cost-to-serve band (across): how many, revenue, net margin.

    Parameters
    ----------
    customer_segments : DataFrame
        Table ``customer_segments``: customer_id, abc, service_band.
    customer_value : DataFrame
        Table ``customer_value``: customer_id, revenue, net_margin.
    currency : str
        ISO 4217 code of the money.

    Returns
    -------
    Figure
        A heat map: colour is the net margin.
    """
    both = customer_segments.merge(customer_value[["customer_id", "revenue", "net_margin"]], on="customer_id")
    both = both[(both["abc"].astype("object").fillna("") != "") & (both["customer_id"] != UNKNOWN_CUSTOMER)]
    if both.empty:
        return empty_figure("customer_grid", "No customer has a class.")
    band = both["service_band"].astype("object").fillna("").replace("", BLANK)
    cells = both.assign(customer_segment=both["abc"].astype("object"), item_segment=band)
    grouped = cells.groupby(["customer_segment", "item_segment"])
    table = grouped.agg(
        amount=("net_margin", "sum"), revenue=("revenue", "sum"), members=("customer_id", "size")
    ).reset_index()
    table = table.assign(thin=False, amount=table["amount"].astype(float))
    rows = _in_order(table["customer_segment"])
    columns = sorted(set(table["item_segment"]), key=lambda name: (BANDS.get(name, len(BANDS)), name))
    figure = start_figure("customer_grid", *_grid_titles(table, currency), height=0.4 + 0.62 * len(rows))
    axes = figure.subplots()
    top = float(table["amount"].abs().max())
    _draw_boxes(axes, table, (rows, columns), top)
    for cell in table.itertuples():
        place = columns.index(cell.item_segment) + 0.5, rows.index(cell.customer_segment)
        _write_customers(axes, place, cell, _inks(_color(cell.amount, top)))
    axes.set_xticklabels([f"{name} cost to serve" if name in BANDS else "unknown" for name in columns], size=9)
    listed = [
        f"{cell.customer_segment} {cell.item_segment}: {plain_number(cell.members)} customers, "
        f"{short_money(cell.amount, currency)}"
        for cell in table.itertuples()
    ]
    return describe(figure, "; ".join(listed))


def _in_order(names: pd.Series) -> list[str]:
    """Return segments with the best class first: low cost before high, loss makers and nameless ones last."""

    def place(name: str) -> tuple:
        value, _, band = name.rpartition("-") if name.rpartition("-")[2] in BANDS else (name, "", "")
        return name.startswith("("), value.startswith(LOSS_CLASS), value, BANDS.get(band, len(BANDS)), name

    return sorted(set(names), key=place)


def _panels(cells: pd.DataFrame, size: int) -> list[tuple[str, pd.DataFrame]]:
    """Return the heat maps to draw: all channels together, and each where they are few."""
    sums = {
        "amount": ("amount", "sum"),
        "revenue": ("revenue", "sum"),
        "lines": ("lines", "sum"),
        "thin": ("thin", "min"),
    }
    whole = cells.groupby(_AXES[:2]).agg(**sums).reset_index()
    channels = cells.groupby("channel")["revenue"].sum().sort_values(ascending=False, kind="stable").index
    if not 1 < len(channels) <= MOST_CHANNELS or size * (len(channels) + 1) > MOST_CELLS:
        return [("all channels", whole)]
    own = cells.assign(thin=cells["level"] != "cell")
    parts = [(_words(str(name)), own[own["channel"] == name]) for name in sorted(channels, key=str)]
    return [("all channels", whole), *parts]


def _draw_boxes(axes: "Axes", cells: pd.DataFrame, names: tuple[list[str], list[str]], top: float) -> None:
    from matplotlib.patches import Rectangle

    rows, columns = names
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    for cell in cells.sort_values(_AXES[:2]).itertuples():
        column, row = columns.index(cell.item_segment), rows.index(cell.customer_segment)
        color = WASH if cell.thin else _color(cell.amount, top)
        box = Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, facecolor=color, edgecolor=LINE, linewidth=0)
        if cell.thin:
            box.set_hatch("////")
        axes.add_patch(box)
    axes.set_xticks(np.arange(len(columns)) + 0.5, [shorten(name, 12) for name in columns])
    axes.set_yticks(np.arange(len(rows)) + 0.5, [shorten(name, 14) for name in rows])
    axes.xaxis.tick_top()
    axes.tick_params(axis="both", labelsize=8.5, colors=INK, rotation=0, pad=2)
    for side in axes.spines.values():
        side.set_visible(False)


def _color(amount: float, top: float) -> str:
    """Return the shade of an amount by its square root, so that small ones are told apart too."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    shades = ["#f7e3d7", "#e3a684", LOSS] if amount < 0 else ["#e9f0f4", "#b0cadb", ACCENT]
    return to_hex(LinearSegmentedColormap.from_list("money", shades)(np.sqrt(abs(amount) / top) if top else 0.0))


def _inks(color: str) -> tuple[str, str]:
    """Return the colours of the large and the small text that can be read on a colour."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    light = 0.3 * red + 0.59 * green + 0.11 * blue
    return ("white", "white") if light < 0.55 else (INK, INK if light < 0.75 else MUTED)


def _write_amounts(
    axes: "Axes", cells: pd.DataFrame, names: tuple[list[str], list[str]], top: float, *, detail: bool
) -> None:
    for cell in cells.sort_values(_AXES[:2]).itertuples():
        column, row = names[1].index(cell.item_segment) + 0.5, names[0].index(cell.customer_segment)
        first, second = (MUTED, MUTED) if cell.thin else _inks(_color(cell.amount, top))
        share = detail and not cell.thin and cell.revenue > 0
        style: dict[str, Any] = {"ha": "center", "va": "center"}
        text, weight = short_number(cell.amount, 3 if detail else 2), "normal" if cell.thin else "bold"
        axes.text(column, row + (0.36 if share else 0.5), text, size=7.2, color=first, weight=weight, **style)
        if share:
            axes.text(column, row + 0.72, percent(cell.amount / cell.revenue, 0), size=6.2, color=second, **style)


def _write_customers(axes: "Axes", place: tuple[float, float], cell: "pd.Series", inks: tuple[str, str]) -> None:
    first, second = inks
    noun = "customer" if cell.members == 1 else "customers"
    texts = [
        (0.26, short_number(cell.amount), 11, "bold", first),
        (0.54, f"{plain_number(cell.members)} {noun}", 8.5, "normal", second),
        (0.77, f"revenue {short_number(cell.revenue)}", 7.5, "normal", second),
    ]
    for down, text, size, weight, color in texts:
        axes.text(place[0], place[1] + down, text, size=size, weight=weight, color=color, ha="center", va="center")


def _titles(cells: pd.DataFrame, measure: str, panels: int, currency: str) -> tuple[str, str]:
    micro = cells.groupby("micro_segment")["amount"].sum().sort_values(ascending=False, kind="stable")
    total, word = float(micro.sum()), measure.replace("_", " ")
    own = cells[cells["level"] == "cell"]
    best = own.loc[own["amount"].idxmax()] if len(own) else None
    start = f"{len(micro)} micro-segment{'s' * (len(micro) != 1)} bring {short_money(total, currency)} of {word}"
    if best is not None and total > 0 and best["amount"] > 0:
        where = "" if panels == 1 else f" in {_words(best['channel'])}"
        pair = f"Customers {best['customer_segment']} with items {best['item_segment']}{where}"
        start = f"{pair} earn {percent(best['amount'] / total, 0)} of {word}"
    lost = micro[micro < 0]
    end = (
        f"{len(lost)} of {len(micro)} micro-segments lose{'s' * (len(lost) == 1)} {short_money(-lost.sum(), currency)}"
        if len(lost)
        else ""
    )
    hatched = (
        "; hatched = too thin to act on, merged" if cells["thin"].any() or (cells["level"] != "cell").any() else ""
    )
    unit = f" [{currency}]" if currency else ""
    note = f"Net margin{unit} and its share of revenue; down: segment of the customer, across: of the item{hatched}"
    note = note if measure == "net_margin" else note.replace("Net margin", "Revenue (costs unknown)")
    return f"{start}{'; ' * bool(end)}{end}", note


def _grid_titles(table: pd.DataFrame, currency: str) -> tuple[str, str]:
    whole, revenue = table["amount"].sum(), table["revenue"].sum()
    dear, total = table[table["item_segment"] == "high"], short_money(whole, currency)
    unit = f" [{currency}]" if currency else ""
    note = f"Net margin{unit}, customers and revenue; down: value class, across: cost-to-serve band"
    if not table["item_segment"].isin(BANDS).any():
        return f"What customers cost to serve is unknown; all together leave {total}", note
    if dear.empty:
        return f"No customer is costly to serve; all together leave {total}", note
    count, kept = dear["members"].sum(), short_money(dear["amount"].sum(), currency)
    who = f"{plain_number(count)} customer{'s that are' if count != 1 else ' that is'} costly to serve"
    verbs = ("buy", "leave") if count != 1 else ("buys", "leaves")
    share = percent(dear["revenue"].sum() / revenue, 0) if revenue > 0 else BLANK
    return f"{who} {verbs[0]} {share} of revenue and {verbs[1]} {kept} of {total} net margin", note


def _words(channel: str) -> str:
    return shorten(channel.replace("_", " "), 26)


def _alt(cells: pd.DataFrame) -> str:
    micro = cells.groupby("micro_segment")["amount"].sum().sort_values(ascending=False, kind="stable")
    listed = [f"{name}: {short_number(amount)}" for name, amount in micro.items()]
    more = f"; and {len(listed) - 12} more" if len(listed) > 12 else ""
    return "; ".join(listed[:12]) + more
