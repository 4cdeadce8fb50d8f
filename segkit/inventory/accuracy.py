"""How far forecasts were from what came, per group and method, and what they add over the naive forecast."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.formulas.point_accuracy import scaled
from segkit.inventory.judged import is_benchmark, judge_forecasts, number_series, quantile_columns, series_key
from segkit.inventory.judged_tables import in_one_make
from segkit.inventory.pooled.frames import column_names
from segkit.inventory.scales import origin_scales

_MEASURES = {
    "series": "int64",
    "origins": "int64",
    "judged_periods": "int64",
    "unjudged_periods": "int64",
    "unscaled_series": "int64",
    "actual": "float64",
    "forecast": "float64",
    "wape": "float64",
    "sum_wape": "float64",
    "bias": "float64",
    "rmsse": "float64",
    "mase": "float64",
    "value_added": "float64",
    "pinball": "float64",
    "scaled_pinball": "float64",
}


def measure_accuracy(
    forecasts: pd.DataFrame,
    actuals: pd.DataFrame,
    history: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    weight: str = "",
) -> pd.DataFrame:
    """Measure how far forecasts were from what came, one row per group and method.

    Parameters
    ----------
    forecasts : DataFrame
        item_id, location_id (and demand_class), period, mean; origin = last period known when the forecast was made
        (without it: the last period of ``history``); method where several are compared (``naive`` = the forecast to
        beat, of the periods that others forecast too); quantile columns such as q50, q95; the columns of ``by`` and
        ``weight``.
    actuals : DataFrame
        item_id, location_id, period, quantity [units]; in_stock false = not judged, as are periods without a row.
    history : DataFrame
        item_id, location_id, period, quantity, optionally in_stock: regular periods, from which the scales of RMSSE,
        MASE and scaled pinball loss come. Of each origin only what came before it is used; may reach beyond.
    by : sequence of str
        Columns of ``forecasts`` that part the groups; none = one group.
    weight : str
        Column of ``forecasts`` with what a unit counts, for example unit_cost [currency/unit], so that the unit of
        counting does not matter where items are added up; blank = units.

    Returns
    -------
    DataFrame
        Sorted by ``by`` and method: series, origins, judged_periods, unjudged_periods; actual, forecast (sums,
        [units] or weighed); wape, sum_wape, bias (forecast - actual), all relative to what came, from sums over the
        group, never means of percentages; rmsse, mase, scaled_pinball: means over series and origins, of which
        unscaled_series have no scale; value_added = 1 - wape / wape of naive on the same periods; pinball = twice
        the mean pinball loss of all levels relative to what came. NaN where something is missing.

    Raises
    ------
    DataError
        Columns are missing, a forecast is there twice, or is for a period that its origin knew.

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=3, freq="7D", unit="us")
    >>> demand = pd.DataFrame({"item_id": "SKU-0001", "location_id": "NORTH", "period": weeks, "quantity": [4, 6, 8]})
    >>> said = demand[2:].assign(mean=6.0, origin=weeks[1]).drop(columns="quantity")
    >>> measure_accuracy(said, demand, demand)[["method", "wape", "bias", "rmsse"]].values.tolist()
    [['forecast', 0.25, -0.25, 1.0]]
    """
    by = [name for name in column_names(by) if name != "method"]
    rows = judge_forecasts(forecasts, actuals, by=by, weight=weight, needed=["mean"], history=history)
    group, series = [*by, "method"], series_key(forecasts, actuals)
    rows = _with_errors(rows, series)
    cells = _measure_cells(rows, group, series)
    cells = cells.join(origin_scales(cells[[*series, "origin"]], in_one_make("history", history)))
    made = _sum_rows(rows, group).join(_sum_cells(cells, group, series)).reset_index()
    made = made.fillna(dict.fromkeys(("series", "origins", "unscaled_series"), 0))
    return made[[*group, *_MEASURES]].astype(_MEASURES).sort_values(group, ignore_index=True)


def _with_errors(rows: pd.DataFrame, series: list[str]) -> pd.DataFrame:
    """Return the rows with error, the size of naive's error in the same period, and the pinball loss."""
    error = rows["mean"].astype("float64") - rows["actual"]
    place, naive = number_series(rows, [*series, "origin", "period"]), is_benchmark(rows, series)
    found = np.full(len(rows), np.nan)
    found[place[naive]] = error.abs().to_numpy()[naive]
    naive_error = pd.Series(found[place], index=rows.index).where(error.notna())
    return rows.assign(error=error, size=error.abs(), square=error**2, naive_error=naive_error, loss=_pinball(rows))


def _pinball(rows: pd.DataFrame) -> pd.Series:
    """Return the mean pinball loss over the quantiles; NaN where there are none."""
    from segkit.formulas.interval_accuracy import pinball_loss

    levels = quantile_columns(rows)
    if not levels:
        return pd.Series(np.nan, index=rows.index)
    said = rows[list(levels)].to_numpy(dtype=float)
    loss = pinball_loss(rows["actual"].to_numpy()[:, None], said, np.array(list(levels.values())))
    return pd.Series(loss.mean(axis=1), index=rows.index)


def _sum_rows(rows: pd.DataFrame, group: list[str]) -> pd.DataFrame:
    """Return the measures of a group that come from sums over its periods."""
    judged, worth = rows["error"].notna(), rows["worth"]
    met = rows["size"].where(rows["naive_error"].notna())
    with_loss = rows["loss"].notna()
    parts = {
        "judged_periods": judged.astype("int64"),
        "unjudged_periods": (~judged).astype("int64"),
        "actual": (rows["actual"] * worth).where(judged),
        "forecast": (rows["mean"].astype("float64") * worth).where(judged),
        "came": (rows["actual"].abs() * worth).where(judged),
        "size": rows["size"] * worth,
        "gap": rows["error"] * worth,
        "met": met * worth,
        "naive": rows["naive_error"] * worth,
        "loss": rows["loss"] * worth,
        "lossy": (rows["actual"].abs() * worth).where(with_loss),
    }
    summed = pd.DataFrame(parts).groupby([rows[name] for name in group], sort=True, dropna=False).sum()
    return summed.assign(
        wape=scaled(summed["size"], summed["came"]),
        bias=scaled(summed["gap"], summed["came"]),
        value_added=1 - scaled(summed["met"], summed["naive"]),
        pinball=2 * scaled(summed["loss"], summed["lossy"]),
    )


def _measure_cells(rows: pd.DataFrame, group: list[str], series: list[str]) -> pd.DataFrame:
    """Return one row per group, method, series and origin with a judged period: sums, and means to be scaled."""
    names = [*group, *(name for name in [*series, "origin"] if name not in group)]
    known = rows[rows["error"].notna()]
    figures = known[["size", "square", "loss"]].assign(
        gap=known["error"] * known["worth"], came=known["actual"] * known["worth"]
    )
    cells = figures.groupby([known[name] for name in names], sort=True, dropna=False)
    sums = cells[["gap", "came"]].sum().abs()
    return cells[["size", "square", "loss"]].mean().join(sums).reset_index()


def _sum_cells(cells: pd.DataFrame, group: list[str], series: list[str]) -> pd.DataFrame:
    """Return the measures of a group that come from its series at origins."""
    made = cells.assign(
        rmsse=np.sqrt(scaled(cells["square"], cells["squared_scale"])),
        mase=scaled(cells["size"], cells["absolute_scale"]),
        scaled_pinball=scaled(cells["loss"], cells["absolute_scale"]),
        one=number_series(cells, series),
    )
    made["unscaled"] = made["one"].where(made["mase"].isna())
    grouped = made.groupby(group, sort=True, dropna=False)
    sums = grouped[["gap", "came"]].sum()
    return (
        grouped[["rmsse", "mase", "scaled_pinball"]]
        .mean()
        .assign(
            series=grouped["one"].nunique(),
            origins=grouped["origin"].nunique(),
            unscaled_series=grouped["unscaled"].nunique(),
            sum_wape=scaled(sums["gap"], sums["came"]),
        )
    )
