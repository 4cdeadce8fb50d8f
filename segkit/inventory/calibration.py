"""Whether quantile forecasts keep their word: how often demand stays below each, per group and method."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.formulas.interval_accuracy import pinball_loss, pit_below, probability_range
from segkit.formulas.point_accuracy import scaled
from segkit.inventory.judged import judge_forecasts, number_series, quantile_columns, series_key
from segkit.inventory.judged_tables import require_tables
from segkit.inventory.pooled.frames import column_names

_MEASURES = {
    "series": "int64",
    "origins": "int64",
    "judged_periods": "int64",
    "frequency": "float64",
    "deviation": "float64",
    "series_error": "float64",
    "origin_error": "float64",
    "coverage": "float64",
    "pinball": "float64",
}


def check_calibration(
    forecasts: pd.DataFrame, actuals: pd.DataFrame, *, by: Sequence[str] = (), weight: str = ""
) -> pd.DataFrame:
    """Check how often demand stayed below each quantile, one row per group, method and quantile.

    Parameters
    ----------
    forecasts : DataFrame
        item_id, location_id (and demand_class), origin (last period known), period, quantile columns such as q50, q95;
        method where several are compared; the columns of ``by`` and ``weight``. Sums over the protection interval
        are checked in the same way, if ``actuals`` holds the same sums.
    actuals : DataFrame
        item_id, location_id, period, quantity [units]; in_stock false = not judged, as are periods without a row.
    by : sequence of str
        Columns of ``forecasts`` that part the groups; none = one group.
    weight : str
        Column of ``forecasts`` with what a unit counts in the pinball loss [currency/unit]; blank = units.

    Returns
    -------
    DataFrame
        Sorted by ``by``, method and quantile (level, 0-1): series, origins, judged_periods; frequency = share of
        periods in which the randomised PIT is at or below the level; deviation = frequency - level, so that negative
        means that quantiles are too low; series_error, origin_error = its standard error; coverage = plain share of
        demand at or below the quantile (of counts more than the level, rightly); pinball = twice the mean pinball
        loss relative to what came.

    Raises
    ------
    DataError
        Columns are missing, a forecast is there twice, or is for a period that its origin knew.

    Notes
    -----
    The frequency is the mean over all draws of the randomised PIT, so that it needs no seed and depends on no order.
    Periods are not independent: steps and origins of a series share its level, series of an origin share the weather.
    Both errors are block-bootstrap standard errors (in closed form). ``series_error`` draws series whole, with all
    their origins and steps: there are many, so it is well known, but it is blind to what moved all series at once.
    ``origin_error`` draws origins whole, with all their series: it sees that, but needs many origins to be known
    itself; NaN where there is one.

    References
    ----------
    Czado, Gneiting & Held (2009). Predictive model assessment for count data. Biometrics 65, 1254-1261.

    Examples
    --------
    >>> week = pd.Timestamp("2025-01-13").as_unit("us")
    >>> came = pd.DataFrame({"item_id": ["SKU-0001", "SKU-0002"], "location_id": "NORTH", "period": week})
    >>> said = came.assign(q50=4.0, q90=9.0, origin=week - pd.Timedelta(7, "D"))
    >>> check_calibration(said, came.assign(quantity=[3.0, 7.0]))[["quantile", "frequency"]].values.tolist()
    [[0.5, 0.5], [0.9, 1.0]]
    """
    require_tables({"forecasts": forecasts, "actuals": actuals})
    by, levels = [name for name in column_names(by) if name != "method"], quantile_columns(forecasts)
    rows = judge_forecasts(forecasts, actuals, by=by, weight=weight, needed=list(levels) or ["q50"])
    group, series = [*by, "method"], series_key(forecasts, actuals)
    rows = rows[rows["actual"].notna() & rows[list(levels)].notna().all(axis=1)]
    said = rows[list(levels)].to_numpy(dtype=float)
    below, upto = probability_range(rows["actual"], said, list(levels.values()))
    tables = [
        _check_level(rows, rows[name].astype("float64"), level, pit_below(below, upto, level), group, series)
        for name, level in levels.items()
    ]
    made = pd.concat(tables).reset_index()[[*group, "quantile", *_MEASURES]].astype(_MEASURES)
    return made.sort_values([*group, "quantile"], ignore_index=True)


def _check_level(
    rows: pd.DataFrame, said: pd.Series, level: float, share: np.ndarray, group: list[str], series: list[str]
) -> pd.DataFrame:
    """Return the row of one quantile for each group."""
    loss = pd.Series(pinball_loss(rows["actual"], said, level), index=rows.index)
    parts = rows[group].assign(
        one=number_series(rows, series),
        origin=rows["origin"],
        share=share,
        covered=(rows["actual"] <= said).astype("float64"),
        loss=loss * rows["worth"],
        came=rows["actual"].abs() * rows["worth"],
    )
    grouped = parts.groupby(group, sort=True, dropna=False)
    means, sums = grouped[["share", "covered"]].mean(), grouped[["loss", "came"]].sum()
    return means.assign(
        quantile=level,
        series=grouped["one"].nunique(),
        origins=grouped["origin"].nunique(),
        judged_periods=grouped.size(),
        frequency=means["share"],
        deviation=means["share"] - level,
        series_error=_block_errors(parts, group, "one", means["share"]),
        origin_error=_block_errors(parts, group, "origin", means["share"]),
        coverage=means["covered"],
        pinball=2 * scaled(sums["loss"], sums["came"]),
    )


def _block_errors(parts: pd.DataFrame, group: list[str], block: str, mean: pd.Series) -> pd.Series:
    """Return `interval_accuracy.block_error` of every group at once."""
    blocks = parts.groupby([*group, block], sort=True, dropna=False)["share"].agg(["sum", "size"]).droplevel(block)
    off = (blocks["sum"] - mean.reindex(blocks.index) * blocks["size"]) ** 2
    grouped = pd.DataFrame({"off": off, "size": blocks["size"]}).groupby(level=group, sort=True, dropna=False)
    sums, count = grouped.sum(), grouped.size()
    few = scaled(count, (count - 1).where(count > 1))
    return np.sqrt(few * sums["off"]) / sums["size"]
