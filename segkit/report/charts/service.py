"""Charts of what serving costs: from sales at list price down to the net margin, and capacity used and unused."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from segkit.report.charts.frame import (
    ACCENT,
    INK,
    LOSS,
    MUTED,
    PALE,
    SOFT,
    bar_labels,
    describe,
    empty_figure,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, short_money, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TAKEN = {
    "discount": "discounts",
    "returned_value": "goods taken back",
    "cost": "cost of the goods",
    "freight_out": "freight to customers",
    "activity_cost": "work to serve",
    "payment_cost": "waiting for payment",
}
_SUMS_AFTER = {"returned_value": "revenue", "cost": "gross margin", "payment_cost": "net margin"}


@styled
def plot_margin_steps(values: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw the way from sales at list price to the net margin, step by step.

    Parameters
    ----------
    values : DataFrame
        Table ``customer_value`` or ``item_value``: its rows are added up; rows of unknown cost are left out.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Bars from above to below: what is there, and what each step takes; without steps that take nothing.
    """
    known = values[values["net_margin"].notna()]
    sums = known[["revenue", "net_margin", *_TAKEN]].sum()
    gross = float(sums["revenue"] + sums["discount"] + sums["returned_value"])
    if known.empty or gross <= 0:
        return empty_figure("margin_steps", "No revenue with a known cost.")
    steps = _steps(sums, gross)
    taken = steps[steps["taken"]]
    largest = taken.loc[taken.drop(index="cost", errors="ignore")["size"].idxmax()] if len(taken) > 1 else None
    left = percent(sums["net_margin"] / gross)
    most = f"; after the goods, most goes into {largest['name']}" if largest is not None else ""
    title = f"Of sales at list price {left} are left{most}"
    unit = f" [{currency}]" if currency else ""
    figure = start_figure(
        "margin_steps", title, f"Money{unit} and share of sales at list price", 0.5 + 0.32 * len(steps)
    )
    _draw_steps(figure.subplots(), steps, gross)
    return describe(
        figure, "; ".join(f"{row.name}: {percent(row.size / gross)}" for row in steps.itertuples(index=False))
    )


def _steps(sums: pd.Series, gross: float) -> pd.DataFrame:
    """Return name, size, start and whether it takes, per bar."""
    rows, level = [("", "sales at list price", gross, 0.0, False)], gross
    for column, word in _TAKEN.items():
        size = float(sums[column])
        if size:
            level -= size
            rows.append((column, word, size, level, True))
        if (word := _SUMS_AFTER.get(column, "")) and (rows[-1][4] or column == "payment_cost"):
            rows.append((f"after {column}", word, level, 0.0, False))
    return pd.DataFrame(rows, columns=["column", "name", "size", "start", "taken"]).set_index("column")


def _draw_steps(axes: "Axes", steps: pd.DataFrame, gross: float) -> None:
    bar_labels(axes, steps["name"].tolist())
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    colors = np.where(steps["taken"], LOSS, ACCENT)
    axes.barh(range(len(steps)), steps["size"], left=steps["start"], color=colors, height=0.6)
    low = min(float((steps["start"] + steps["size"].clip(upper=0)).min()), 0.0)
    axes.set_xlim(low, gross * 1.28)
    axes.set_xticks([])
    edge = axes.get_yaxis_transform()
    for place, row in enumerate(steps.itertuples(index=False)):
        end = max(row.start, row.start + row.size)
        axes.text(end + 0.012 * gross, place, short_number(row.size), va="center", size=8.5, color=MUTED)
        weight = "normal" if row.taken else "bold"
        axes.text(
            1,
            place,
            percent(row.size / gross),
            va="center",
            ha="right",
            size=9,
            color=INK,
            weight=weight,
            transform=edge,
        )


@styled
def plot_capacity(activity_costs: pd.DataFrame, *, currency: str = "") -> "Figure":
    """Draw, per activity, the cost of the capacity that was used and of that which nobody used.

    Parameters
    ----------
    activity_costs : DataFrame
        Table ``activity_costs``; of the spans given, usually those of the last year.
    currency : str
        ISO 4217 code.

    Returns
    -------
    Figure
        Used cost is charged to order lines; unused cost is charged to nobody.
    """
    known = activity_costs[activity_costs["unused_cost"].notna()]
    if known.empty:
        return empty_figure("capacity", "No activities with a period are given.")
    sums = known.groupby("activity")[["used_cost", "unused_cost"]].sum()
    sums = sums.sort_values("used_cost", ascending=False, kind="stable")
    unused, cost = sums["unused_cost"].clip(lower=0).sum(), sums.sum(axis=1).sum()
    idle = f"{percent(unused / cost)} of the cost of work, {short_money(unused, currency)},"
    title = f"{idle} is capacity that nobody used"
    if over := [str(name).replace("_", " ") for name, left in sums["unused_cost"].items() if left < 0]:
        beyond = -sums["unused_cost"].clip(upper=0).sum()
        title = f"{short_money(beyond, currency)} more work is charged than was paid for: check {', '.join(over[:3])}"
    unit = f" [{currency}]" if currency else ""
    note = f"Cost of capacity{unit}: used (dark, charged to order lines) and unused (light, charged to nobody)"
    figure = start_figure("capacity", title, note, height=0.4 + 0.34 * len(sums))
    axes = figure.subplots()
    bar_labels(axes, [name.replace("_", " ") for name in sums.index])
    only_baseline(axes)
    axes.spines["bottom"].set_visible(False)
    places = np.arange(len(sums))
    axes.barh(places, sums["used_cost"], color=ACCENT, height=0.6)
    axes.barh(places, sums["unused_cost"].clip(lower=0), left=sums["used_cost"], color=PALE, edgecolor=SOFT, height=0.6)
    most = float(sums.clip(lower=0).sum(axis=1).max())
    axes.set_xlim(0, most * 1.2)
    axes.set_xticks([])
    for place, (used, left) in enumerate(sums.to_numpy()):
        text = f"{percent(used / (used + left))} used" if used + left > 0 else ""
        axes.text(used + max(left, 0) + 0.01 * most, place, text, va="center", size=8.5, color=MUTED)
    shares = (sums["used_cost"] / sums.sum(axis=1)).items()
    return describe(figure, "used: " + "; ".join(f"{name} {percent(share)}" for name, share in shares))
