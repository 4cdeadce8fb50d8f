"""The forecasts that went wrong most, and what they did."""

import numpy as np
import pandas as pd

from segkit.core.columns import column_dtype
from segkit.core.errors import DataError, list_problems
from segkit.formulas.point_accuracy import scaled
from segkit.inventory.forecasting import is_number
from segkit.inventory.judged import NAIVE, is_benchmark, judge_forecasts, quantile_columns, series_key

_ONE_SIDED = 0.6
_ONE_PERIOD = 0.5
_FEW = 4
_DTYPES = {
    "rank": "int64",
    "error_size": "float64",
    "error_share": "float64",
    "actual": "float64",
    "forecast": "float64",
    "wape": "float64",
    "bias": "float64",
    "judged_periods": "int64",
    "misses": "float64",
    "expected_misses": "float64",
    "worst_period": "datetime64[us]",
    "worst_error": "float64",
    "reason": "str",
}


def list_worst_forecasts(
    forecasts: pd.DataFrame, actuals: pd.DataFrame, *, weight: str = "", most: int = 20
) -> pd.DataFrame:
    """List the series whose forecasts were farthest off altogether, worst first, and what they did.

    Parameters
    ----------
    forecasts : DataFrame
        item_id, location_id (and demand_class), origin (last period known), period, mean; method where several are
        compared (``naive`` is left out of the periods that others forecast too); quantile columns such as q95; the
        column of ``weight``.
    actuals : DataFrame
        item_id, location_id, period, quantity [units]; in_stock false = not judged, as are periods without a row.
    weight : str
        Column of ``forecasts`` with what a unit counts, for example unit_cost [currency/unit]; blank = units.
    most : int
        Series listed; for each method, where several forecast the same periods.

    Returns
    -------
    DataFrame
        Sorted by rank among all series, or by method and rank where several methods forecast the same periods (else
        ``method`` is the one that forecast a series last): the series; error_size = sum of |forecast - actual| [units,
        or weighed], error_share = its share of all; actual, forecast (sums) [units, or weighed]; wape, bias
        (relative to what came); judged_periods; misses = periods in which more came than the highest quantile, and
        expected_misses; worst_period with its worst_error = forecast - actual [units, or weighed]; reason: no demand
        came, mostly one period, always (mostly) too high, always (mostly) too low, too high and too low by turns.

    Raises
    ------
    DataError
        Columns are missing, a forecast is there twice, or is for a period that its origin knew.

    Examples
    --------
    >>> week = pd.Timestamp("2025-01-13").as_unit("us")
    >>> came = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "location_id": "NORTH", "period": week})
    >>> said = came.assign(mean=[4.0, 9.0], origin=week - pd.Timedelta(7, "D"))
    >>> list_worst_forecasts(said, came.assign(quantity=[3.0, 0.0]))[["item_id", "reason"]].values.tolist()
    [['SKU-0002', 'no demand came'], ['SKU-0001', 'always too high']]
    """
    if not is_number(most) or not most >= 0:
        raise DataError(list_problems("most cannot be used", [f"it is {most!r}"], ["Give a number of series."]))
    rows = judge_forecasts(forecasts, actuals, weight=weight, needed=["mean"])
    series = series_key(forecasts, actuals)
    rows = rows[~is_benchmark(rows, series) | (rows["method"] == NAIVE).all()]
    key = ["method", *series]
    rivals = bool(rows.duplicated([*series, "origin", "period"]).any())
    if not rivals:
        rows = rows.assign(method=_last_method(rows, series))
    summed = _sum_series(_weighed(rows), key).assign(list=lambda table: table["method"] if rivals else "")
    ranked = summed.sort_values(["list", "error_size", *key], ascending=[True, False, *[True] * len(key)])
    of_list = ranked.groupby("list")
    ranked["rank"] = of_list.cumcount() + 1
    ranked["error_share"] = scaled(ranked["error_size"], of_list["error_size"].transform("sum"))
    listed = ranked[(ranked["rank"] <= most) & (ranked["error_size"] > 0)]
    listed = listed.assign(reason=_reasons(listed))[["method", "rank", *key[1:], *list(_DTYPES)[1:]]]
    return listed.astype({**dict.fromkeys(key, column_dtype("item_id")), **_DTYPES}).reset_index(drop=True)


def _last_method(rows: pd.DataFrame, series: list[str]) -> pd.Series:
    """Return for every row the method by which its series was forecast last."""
    return rows.sort_values("origin", kind="stable").groupby(series)["method"].transform("last")


def _weighed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the judged rows with demand, forecast and error in the weight, and whether more came than the quantile."""
    levels = quantile_columns(rows)
    rows = rows.assign(error=(rows["mean"].astype("float64") - rows["actual"]) * rows["worth"])
    rows = rows[rows["error"].notna()]
    highest = list(levels)[-1] if levels else ""
    missed = (rows["actual"] > rows[highest]).astype("float64").where(rows[highest].notna()) if highest else np.nan
    return rows.assign(
        size=rows["error"].abs(),
        came=rows["actual"] * rows["worth"],
        came_size=rows["actual"].abs() * rows["worth"],
        said=rows["mean"] * rows["worth"],
        missed=missed,
        expected=missed * 0 + 1 - levels.get(highest, 1.0),
    )


def _sum_series(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return one row per method and series, with its worst period."""
    grouped = rows.groupby(key, sort=True)
    sums = grouped[["came", "came_size", "said", "size", "error"]].sum()
    worst = rows.sort_values("size", ascending=False, kind="stable").drop_duplicates(key).set_index(key)
    made = sums.assign(
        judged_periods=grouped.size(),
        misses=grouped["missed"].sum(min_count=1),
        expected_misses=grouped["expected"].sum(min_count=1),
        worst_period=worst["period"],
        worst_error=worst["error"],
        wape=scaled(sums["size"], sums["came_size"]),
        bias=scaled(sums["error"], sums["came_size"]),
    )
    return made.rename(columns={"came": "actual", "said": "forecast", "size": "error_size"}).reset_index()


def _reasons(listed: pd.DataFrame) -> np.ndarray:
    """Return in words what each forecast did."""
    size, tilt = listed["error_size"], scaled(listed["error"], listed["error_size"])
    told = {
        "no demand came": listed["actual"] == 0,
        "mostly one period": (listed["judged_periods"] >= _FEW) & (listed["worst_error"].abs() >= _ONE_PERIOD * size),
        "always too high": tilt >= 1 - 1e-9,
        "always too low": tilt <= -1 + 1e-9,
        "mostly too high": tilt >= _ONE_SIDED,
        "mostly too low": tilt <= -_ONE_SIDED,
    }
    return np.select(list(told.values()), list(told), "too high and too low by turns")
