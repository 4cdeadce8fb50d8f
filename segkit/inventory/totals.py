"""Forecasts of totals that agree with those of their parts: means add up, quantiles are the totals' own."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.inventory.forecasting import (
    QUANTILES,
    forecast_steps,
    quantile_name,
    require_quantiles,
    require_seed,
    require_whole,
)
from segkit.inventory.pooled.calendars import read_calendar
from segkit.inventory.pooled.fitting import FittedDemand, fit_demand, group_columns
from segkit.inventory.pooled.frames import column_names, read_attributes
from segkit.inventory.pooled.panel import DemandPanel, read_panel

ALL = "all"


def forecast_totals(
    history: pd.DataFrame,
    *,
    horizon: int,
    by: Sequence[str] = ("item_id",),
    attributes: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    quantiles: Sequence[float] = QUANTILES,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the distribution of the demand of items, categories, locations and all together in the next periods.

    Parameters
    ----------
    history : DataFrame
        As `forecast_demand` takes it.
    horizon : int
        Periods ahead, h. [periods]
    by : sequence of str
        Columns of the history's key or of attributes, or one of them; a total for each of their values. All together
        always come last.
    attributes, calendar, quantiles, seed
        As `forecast_demand` takes them.

    Returns
    -------
    DataFrame
        entity (a column of ``by``, or ``all``), entity_id (its value, blank where attributes tell none), period, mean
        [units], a column per quantile [units] and method (of the total's own scatter). In the order of ``by``, then by
        entity_id and period.

    Raises
    ------
    DataError
        As `forecast_demand`; where ``by`` names a column that is not there.

    Notes
    -----
    The mean of a total is the sum of the means of `forecast_demand` (bottom-up), so totals of any kind add up to each
    other. Quantiles do not add up: parts are seldom all high at once. Those of a total come from the earlier errors of
    its own summed history, around the mean of the sum. A part that was not observed in a period counts in that history
    as forecast then, off by as much as it was in one of its own periods (drawn).

    References
    ----------
    Athanasopoulos, G., Hyndman, R. J., Kourentzes, N. & Panagiotelis, A. (2024). Forecast reconciliation: a review. IJF
    40, 430-456, §2 (coherence, bottom-up).

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=6, freq="7D")
    >>> one = pd.DataFrame({"item_id": "SKU-1", "location_id": "A", "period": weeks, "quantity": 4.0})
    >>> both = pd.concat([one, one.assign(location_id="B")])
    >>> forecast_totals(both, horizon=1)[["entity", "mean"]].round(6).to_numpy().tolist()
    [['item_id', 8.0], ['all', 8.0]]
    """
    wanted, horizon, seed = require_quantiles(quantiles), require_whole("horizon", horizon), require_seed(seed)
    panel = read_panel(history)
    calendar = read_calendar(calendar, panel, ahead=horizon)
    groups = read_attributes(attributes, panel.keys)
    ids = _entities(panel, attributes, by)
    if not len(panel.keys):
        figures = {name: pd.Series(dtype="float64") for name in ("mean", *map(quantile_name, wanted))}
        texts = {name: pd.Series(dtype="str") for name in ("entity", "entity_id")}
        table = pd.DataFrame(texts | {"period": pd.Series(dtype="datetime64[us]")} | figures)
        return table.assign(method=pd.Series(dtype="str"))
    fit = fit_demand(panel, groups, calendar, ahead=horizon, seed=seed)
    parts = np.stack([fit.levels.ahead(step, step) for step in range(1, horizon + 1)], axis=1)
    demand, tables = _whole_demand(fit, seed), []
    for name, of in ids.items():
        code, values = pd.factorize(of, sort=True)
        means = np.stack([np.bincount(code, part, len(values)) for part in parts.T], axis=1)
        added = _add_up(fit.demand, demand, code, values)
        own = fit_demand(added, None, calendar, ahead=horizon, seed=seed)
        table = forecast_steps(own, horizon, wanted, seed=seed, means=means)
        table = table.rename(columns={"item_id": "entity_id"}).drop(columns="location_id")
        table.insert(0, "entity", pd.Series([name] * len(table), dtype="str"))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _entities(panel: DemandPanel, attributes: pd.DataFrame | None, by: Sequence[str]) -> dict[str, pd.Series]:
    """Return the value of every series in each column asked for, and in all together."""
    columns = group_columns(panel, attributes)
    by = column_names(by)
    lacking = [name for name in by if name not in columns or name == ALL]
    if lacking:
        fix = f"Totals can be made by {', '.join(columns)}."
        raise DataError(list_problems("by cannot be used", [f"{', '.join(lacking)} not there"], [fix]))
    return {name: columns[name] for name in by} | {ALL: pd.Series([ALL] * len(panel.keys), dtype="str")}


def _whole_demand(fit: FittedDemand, seed: int) -> np.ndarray:
    """Return demand of every series and period; where it was not observed, a draw around what was forecast then.

    The draw is off its forecast by as much as the series was in one of its own periods, for a total made of forecasts
    would hardly scatter, and comes in the lots of the series.
    """
    panel, before = fit.demand, fit.levels.one_ahead()
    listed = np.arange(before.shape[1])[None, :] >= panel.start[:, None]
    told = panel.observed & listed & (before > 0)
    ratio = np.divide(panel.values, before, out=np.ones_like(before), where=told)
    count = told.sum(axis=1, keepdims=True)
    order = np.argsort(~told, axis=1, kind="stable")
    shares = np.random.default_rng(seed).random(before.shape)[panel.rank]
    drawn = np.take_along_axis(order, (shares * count).astype(int), axis=1)
    around = before * np.where(count > 0, np.take_along_axis(ratio, drawn, axis=1), 1.0)
    lots = panel.counted[:, None]
    whole = np.floor(around / lots + np.random.default_rng(seed + 1).random(before.shape)[panel.rank]) * lots
    return np.where(panel.observed, panel.values, whole)


def _add_up(panel: DemandPanel, demand: np.ndarray, code: np.ndarray, ids: pd.Index) -> DemandPanel:
    """Return the panel of totals, each as an item of its own; observed where one of its parts was."""
    shape = (len(ids), demand.shape[1])
    values, seen = np.zeros(shape), np.zeros(shape, dtype=bool)
    np.add.at(values, code, demand)
    np.logical_or.at(seen, code, panel.observed)
    sold = values > 0
    start = np.where(sold.any(axis=1), sold.argmax(axis=1), shape[1])
    keys = pd.DataFrame({"item_id": pd.Series(ids, dtype="str"), "location_id": "(all)"}).astype("str")
    return DemandPanel(keys, panel.periods, values, seen, start)
