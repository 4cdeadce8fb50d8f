"""Sales of one item and what demand was where stock ran out."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segkit.inventory.censoring import AS_SOLD, NOT_LISTED, NOTHING
from segkit.report.charts.forecast_fan import MOST_PERIODS, date_axis, of_series, period_unit
from segkit.report.charts.frame import (
    INK,
    LINE,
    LOSS,
    describe,
    empty_figure,
    format_axis,
    only_baseline,
    start_figure,
    styled,
)
from segkit.report.numbers import percent, plain_number, short_number, shorten, tick_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def plot_recovered_demand(recovered: pd.DataFrame, *, item_id: str, location_id: str) -> "Figure":
    """Draw what one item sold at one location, and its demand where stock ran out.

    Parameters
    ----------
    recovered : DataFrame
        From ``recover_demand``: item_id, location_id, period, quantity [units], recovered [units], method.
    item_id, location_id : str
        The series.

    Returns
    -------
    Figure
        Sales as a line, broken where nothing could be sold; full dots where demand lies above sales, hollow ones where
        it is the forecast made before; at most the last 104 periods.
    """
    what = f"{shorten(item_id, 30)} at {shorten(location_id, 20)}"
    rows = of_series(_together(recovered), item_id, location_id).tail(MOST_PERIODS)
    if rows.empty:
        return empty_figure("recovered_demand", f"There is no demand of {what}.")
    unit = period_unit(rows["period"])
    out = ~rows["method"].isin([AS_SOLD, NOT_LISTED]).to_numpy()
    figure = start_figure("recovered_demand", _title(what, rows, out, unit), _note(out, unit), height=2.8)
    axes = figure.subplots()
    _draw(axes, rows, out)
    only_baseline(axes, grid="y")
    axes.set_ylim(bottom=0)
    format_axis(axes.yaxis, tick_number)
    date_axis(axes)
    missed = rows[out]
    shown = "; ".join(
        f"{row.period:%Y-%m-%d}: {short_number(row.quantity)} sold, {short_number(round(row.recovered, 2))} expected"
        for row in missed.head(12).itertuples(index=False)
    )
    more = f"; and {len(missed) - 12} more" if len(missed) > 12 else ""
    return describe(figure, f"Out of stock: {shown}{more}") if shown else figure


def _together(recovered: pd.DataFrame) -> pd.DataFrame:
    """Return demand of all classes together; where one was out of stock, all count as recovered."""
    if "demand_class" not in recovered:
        return recovered
    keys = ["item_id", "location_id", "period"]
    told = recovered.assign(last=recovered["method"].isin([AS_SOLD, NOT_LISTED]))
    rows = told.sort_values([*keys, "last", "demand_class"]).groupby(keys, as_index=False)
    return rows.agg(quantity=("quantity", "sum"), recovered=("recovered", "sum"), method=("method", "first"))


def _title(what: str, rows: pd.DataFrame, out: np.ndarray, unit: str) -> str:
    if not out.any():
        return f"{what}: never out of stock, sales are demand"
    lost = float((rows["recovered"] - rows["quantity"].fillna(0.0))[out].sum())
    share = lost / max(float(rows["recovered"].sum()), 1e-12)
    span = f"{plain_number(int(out.sum()))} of {plain_number(len(rows))} {unit}s"
    return f"{what}: out of stock in {span}, {percent(share)} of demand missed"


def _note(out: np.ndarray, unit: str) -> str:
    if not out.any():
        return f"Units sold per {unit}"
    return (
        f"Units per {unit}: sales (line) and expected demand where out of stock (shaded); "
        "full dots: above sales, hollow ones: nothing to go by but the forecast"
    )


def _draw(axes: "Axes", rows: pd.DataFrame, out: np.ndarray) -> None:
    periods = rows["period"]
    width = periods.diff().median() if len(rows) > 1 else pd.Timedelta(7, "D")
    for begin in periods[out]:
        axes.axvspan(begin - width / 2, begin + width / 2, color=LINE, alpha=0.55, linewidth=0)
    nothing = rows["method"].eq(NOTHING).to_numpy()
    sold = rows["quantity"].mask(nothing)
    axes.plot(periods, sold, color=INK, linewidth=1.1, marker="o", markersize=2.2, markeredgewidth=0)
    above = out & (rows["recovered"] > rows["quantity"].fillna(0.0)).to_numpy()
    for mine, face in ((above & ~nothing, LOSS), (above & nothing, "white")):
        low = rows["quantity"].fillna(0.0)[mine]
        axes.vlines(periods[mine], low, rows["recovered"][mine], color=LOSS, linewidth=0.9)
        marks: Any = {"markersize": 4.2, "markerfacecolor": face, "markeredgecolor": LOSS, "markeredgewidth": 1.0}
        axes.plot(periods[mine], rows["recovered"][mine], linestyle="none", marker="o", **marks)
