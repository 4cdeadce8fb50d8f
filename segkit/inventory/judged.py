"""Forecasts laid beside what came: which periods are judged, and the quantile columns of a forecast."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from segkit.core.tables import row_codes, sort_rows
from segkit.inventory.judged_tables import read_judged, require_rows, require_tables

NAIVE = "naive"
_QUANTILE = re.compile(r"q(\d{1,2}(?:[._]\d+)?)")


def quantile_columns(table: pd.DataFrame) -> dict[str, float]:
    """Return the quantile columns of a forecast and their levels, rising.

    Examples
    --------
    >>> quantile_columns(pd.DataFrame(columns=["item_id", "q95", "q50", "q97.5"]))
    {'q50': 0.5, 'q95': 0.95, 'q97.5': 0.975}
    """
    found = {str(name): _QUANTILE.fullmatch(str(name)) for name in table.columns}
    levels = {name: float(match[1].replace("_", ".")) / 100 for name, match in found.items() if match}
    return dict(sorted(levels.items(), key=lambda pair: pair[1]))


def series_key(*tables: pd.DataFrame) -> list[str]:
    """Return the columns that name a series: item, location and, where every table has it, the demand class."""
    return ["item_id", "location_id"] + ["demand_class"] * all("demand_class" in table for table in tables)


def judge_forecasts(
    forecasts: pd.DataFrame,
    actuals: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    weight: str = "",
    needed: Sequence[str] = (),
    history: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return forecasts beside what came in their periods, sorted by series, method, origin and period.

    Parameters
    ----------
    forecasts : DataFrame
        item_id, location_id, period and what is forecast; origin (last period known when it was made) and method
        where there are several; the columns of ``by`` and ``weight``.
    actuals : DataFrame
        item_id, location_id, period, quantity, optionally in_stock.
    by : sequence of str
        Columns of ``forecasts`` that part groups.
    weight : str
        Column of ``forecasts`` with what a unit counts, for example unit_cost [currency/unit]; blank = units.
    needed : sequence of str
        Columns of ``forecasts`` that are judged.
    history : DataFrame, optional
        Demand by series and period; its last period is the origin of forecasts without that column.

    Returns
    -------
    DataFrame
        Columns of ``forecasts``, ``worth`` (the weight of a unit, else 1) and ``actual`` [units]: NaN where the period
        is not judged because the item was out of stock, no row says what came, or the weight is missing.

    Raises
    ------
    DataError
        Columns are missing or of the wrong kind, a row is there twice, or a forecast is for a period that its origin
        knew.
    """
    tables = {"forecasts": forecasts, "actuals": actuals, "history": history}
    require_tables(tables)
    asked = [*needed, *by, *([weight] if weight else []), *(["origin"] if history is None else [])]
    series = series_key(forecasts, actuals)
    figures = [*needed, *quantile_columns(forecasts), *([weight] if weight else [])]
    forecasts, actuals, *others = read_judged(tables, series, asked, figures)
    origin = others[0]["period"].max() if others and len(others[0]) else None
    said = forecasts.assign(
        origin=forecasts["origin"] if "origin" in forecasts else pd.Series(origin, forecasts.index, "datetime64[us]"),
        method=forecasts["method"].astype("str") if "method" in forecasts else "forecast",
    )
    key = [*series, "method", "origin", "period"]
    known = {} if history is None or history is tables["actuals"] else {"history": others[0]}
    require_rows(said, {"actuals": actuals, **known}, key)
    came = actuals[[*series, "period"]].assign(actual=observed_quantity(actuals))
    rows = sort_rows(said.drop(columns="actual", errors="ignore").merge(came, "left", [*series, "period"]), key)
    worth = rows[weight].astype("float64") if weight else pd.Series(1.0, index=rows.index)
    return rows.assign(worth=worth, actual=rows["actual"].where(worth.notna()))


def number_series(rows: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return one whole number per row, the same where all the columns are, rising in the order of the rows."""
    codes, _ = row_codes(rows, columns)
    return pd.factorize(codes)[0]


def is_benchmark(rows: pd.DataFrame, series: list[str]) -> np.ndarray:
    """Return which rows are forecasts to beat: those of naive where another method forecasts the same, or all do so.

    Where `forecast_demand` found naive to be best for a series, that is its forecast and no benchmark.
    """
    naive = (rows["method"] == NAIVE).to_numpy()
    if naive.all():
        return naive
    place = number_series(rows, [*series, "origin", "period"])
    rivalled = np.zeros(len(rows), dtype=bool)
    rivalled[place[~naive]] = True
    return naive & rivalled[place]


def measure_entities(measure: Callable[[list[str]], pd.DataFrame], entities: Sequence[str]) -> pd.DataFrame:
    """Return a measure by several groupings in one table, with the columns entity and entity_id.

    Parameters
    ----------
    measure : callable
        Takes columns to group by, for example ``lambda by: measure_accuracy(forecasts, actuals, history, by=by)``.
    entities : sequence of str
        Columns of the forecasts; ``all`` = everything together, with the entity_id ``(all)``.

    Returns
    -------
    DataFrame
        In the order of the entities.
    """
    tables = []
    for entity in entities:
        made = measure([]) if entity == "all" else measure([entity])
        ids = made.pop(entity).astype("str") if entity in made else pd.Series("(all)", index=made.index, dtype="str")
        made.insert(0, "entity_id", ids)
        made.insert(0, "entity", pd.Series(entity, index=made.index, dtype="str"))
        tables.append(made)
    return pd.concat(tables, ignore_index=True)


def observed_quantity(actuals: pd.DataFrame) -> pd.Series:
    """Return the quantity of each row; NaN where the item was out of stock."""
    quantity = actuals["quantity"].astype("float64")
    if "in_stock" not in actuals:
        return quantity
    return quantity.where(actuals["in_stock"].astype("boolean").fillna(True).to_numpy(dtype=bool))
