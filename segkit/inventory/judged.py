"""Forecasts laid beside what came: which periods are judged, and the quantile columns of a forecast."""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems, nearest_name
from segkit.core.offenders import first_offenders
from segkit.core.tables import repeated_rows, row_codes, sort_rows

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
        Columns are missing, a forecast is there twice, or is for a period that its origin knew.
    """
    asked = [*needed, *by, *([weight] if weight else []), *(["origin"] if history is None else [])]
    series = series_key(forecasts, actuals)
    _require_columns({"forecasts": forecasts, "actuals": actuals, "history": history}, series, asked)
    origin = history["period"].max() if history is not None and len(history) else None
    said = forecasts.assign(
        origin=forecasts["origin"] if "origin" in forecasts else pd.Series(origin, forecasts.index, "datetime64[us]"),
        method=forecasts["method"].astype("str") if "method" in forecasts else "forecast",
    )
    key = [*series, "method", "origin", "period"]
    _require_rows(said, actuals, key)
    came = actuals[[*series, "period"]].assign(actual=observed_quantity(actuals))
    rows = sort_rows(said.drop(columns="actual", errors="ignore").merge(came, "left", [*series, "period"]), key)
    worth = rows[weight].astype("float64") if weight else pd.Series(1.0, index=rows.index)
    return rows.assign(worth=worth, actual=rows["actual"].where(worth.notna()))


def number_series(rows: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return one whole number per row, the same where all the columns are, rising in the order of the rows."""
    codes, _ = row_codes(rows, columns)
    return pd.factorize(codes)[0]


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


def _require_columns(tables: dict[str, pd.DataFrame | None], series: list[str], asked: list[str]) -> None:
    problems = [
        f"{table} has no column {name!r}{nearest_name(name, [str(one) for one in frame.columns])}"
        for table, frame in tables.items()
        if frame is not None
        for name in dict.fromkeys([*series, "period", *(asked if table == "forecasts" else ["quantity"])])
        if name not in frame
    ]
    if problems:
        raise DataError(list_problems("forecasts cannot be judged", problems, ["Rename or add the columns."]))


def _require_rows(said: pd.DataFrame, actuals: pd.DataFrame, key: list[str]) -> None:
    problems = []
    for table, frame in (("forecasts", said), ("actuals", actuals)):
        names = [name for name in key if table == "forecasts" or name not in ("method", "origin")]
        problems += _told(frame, repeated_rows(frame, names), f"{table} repeats its key ({', '.join(names)})")
    known = (said["origin"].isna() | ~(said["period"] > said["origin"])).to_numpy()
    problems += _told(said, known, "forecasts has no origin before its period")
    if problems:
        fix = (
            "Give each forecast once per origin and method, for periods after the origin; sum actuals to one row each."
        )
        raise DataError(list_problems("forecasts cannot be judged", problems, [fix]))


def _told(frame: pd.DataFrame, broken: np.ndarray, problem: str) -> list[str]:
    count = int(broken.sum())
    return [f"{problem} {in_rows(count)}, first: {first_offenders(frame[broken])}"] if count else []
