"""What to order now, item by item, so that holding and lost sales together cost least."""

from typing import Any

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.ids import id_texts

_KEYS = ["item_id", "location_id"]
_SUBJECT = "orders cannot be decided"
_AFTER = 17  # periods after the arrival of an order, at least, over which stock is followed: what is not sold is held


def next_orders(
    history: pd.DataFrame,
    state: pd.DataFrame,
    pipeline: pd.DataFrame | None,
    *,
    attributes: pd.DataFrame | None = None,
    calendar: pd.DataFrame | None = None,
    lead_time_periods: float | str,
    holding_cost: float | str,
    shortage_cost: float | str,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what to order at the end of the last period, where demand that is not met is lost.

    Parameters
    ----------
    history : DataFrame
        As `forecast_demand` takes it, up to the end of the period in which is ordered.
    state : DataFrame
        item_id, location_id, on_hand [units] at the end of that period; a row per series of the history.
    pipeline : DataFrame
        item_id, location_id, arrives_in_periods (1 = at the start of the next period), quantity [units]; what is not
        named has nothing under way; None = nothing at all.
    attributes, calendar
        As `forecast_demand` takes them.
    lead_time_periods : int or str
        Whole periods L between the end of the ordering period and the start of that in which the order can be sold; a
        number for all, or the name of a column of ``attributes``. An order now arrives in L + 1 periods.
    holding_cost, shortage_cost : float or str
        Cost of a unit left at the end of a period, and of a unit of demand lost, above zero [currency]; a number for
        all, or the name of a column of ``attributes``.
    seed : int
        Which earlier forecasts are drawn, and which paths of demand.

    Returns
    -------
    DataFrame
        item_id, location_id, order_quantity [units], and what decided: on_hand, on_order [units], mean_demand of the
        period in which the order arrives [units], projected_stock expected then without the order [units],
        stock_target to which it is raised [units], cycle_service (P1) that the order gives in that period, by the
        share of demand's distribution below the target [0-1], expected_cost a period [currency], and method of the
        forecast. Sorted by key.

    Raises
    ------
    DataError
        As `forecast_demand`; where state, pipeline, costs or lead times lack, repeat, are negative or no numbers.

    Notes
    -----
    Stock is projected over the lead time with lost sales, not assumed sold, and raised to the target that costs least
    when the same rule goes on (see `segkit.formulas.projected_stock`). A unit that nobody buys is held, and costs,
    until somebody does. Orders come in the lots in which demand does. A series that never sold gets no order.

    References
    ----------
    van Jaarsveld, W. & Arts, J. (2024). Projected inventory-level policies for lost sales inventory systems. Operations
    Research 72, 1790-1805.

    Examples
    --------
    >>> weeks = pd.date_range("2025-01-06", periods=30, freq="7D")
    >>> key = {"item_id": "SKU-1", "location_id": "A"}
    >>> history = pd.DataFrame({**key, "period": weeks, "quantity": [4.0] * 30})
    >>> state = pd.DataFrame([{**key, "on_hand": 0.0}])
    >>> under_way = pd.DataFrame([{**key, "arrives_in_periods": 1, "quantity": 4.0}])
    >>> costs = {"holding_cost": 0.2, "shortage_cost": 1.0}
    >>> float(next_orders(history, state, under_way, lead_time_periods=1, **costs)["order_quantity"].iloc[0])
    4.0
    """
    from segkit.formulas.projected_stock import CHANCES, Costs, projected_stock_order
    from segkit.inventory.forecasting import require_seed
    from segkit.inventory.order_outlook import look_ahead
    from segkit.inventory.pooled.calendars import read_calendar
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.frames import read_attributes, require_frame
    from segkit.inventory.pooled.panel import read_panel

    seed = require_seed(seed)
    pipeline = pd.DataFrame() if pipeline is None else pipeline
    require_frame(history, "history cannot be forecast")
    for name, table in {"state": state, "pipeline": pipeline, "attributes": attributes}.items():
        if table is not None or name == "state":
            require_frame(table, f"{_SUBJECT}: {name} cannot be used")
    history, state, pipeline = (_with_texts(table) for table in (history, state, pipeline))
    attributes = None if attributes is None else _with_texts(attributes)
    panel = read_panel(_of_all_classes(history))
    keys = panel.keys
    given = {"lead_time_periods": lead_time_periods, "holding_cost": holding_cost, "shortage_cost": shortage_cost}
    values = {name: _take(name, value, keys, attributes) for name, value in given.items()}
    lead = _whole_lead(values["lead_time_periods"])
    longest = int(lead.max(initial=0))
    periods = longest + 1 + max(_AFTER, 2 * longest)
    stock, (arrivals, on_order) = _take_stock(state, keys), _take_pipeline(pipeline, keys, periods)
    if not len(keys):
        return _result(keys, np.zeros((0, 7)), np.zeros(0, dtype=object))
    calendar = read_calendar(calendar, panel, ahead=longest + 1)
    grouping = _without(attributes, [name for name in given.values() if isinstance(name, str)])
    grouping = read_attributes(grouping, keys)
    fit = fit_demand(panel, grouping, calendar, ahead=periods, seed=seed)
    outlook = look_ahead(fit, periods, covered=int(np.median(lead)) + 1, seed=seed)
    costs = Costs(values["holding_cost"], values["shortage_cost"])
    made = projected_stock_order(stock, arrivals, lead, panel.counted, outlook=outlook, costs=costs, seed=seed)
    rows = np.arange(len(keys))
    curve = outlook.curves[rows, np.minimum(lead, outlook.curves.shape[1] - 1)]
    there = np.maximum(made.projected + made.order, made.target)
    reached = CHANCES[np.minimum((curve <= there[:, None] + 1e-9).sum(axis=1), len(CHANCES)) - 1]
    service = np.where(there >= curve[:, 0] - 1e-9, reached, 0.0)
    mean = outlook.means[rows, lead]
    figures = [made.order, stock, on_order, mean, made.projected, made.target, service, made.cost]
    return _result(keys, np.stack(figures, axis=1), fit.method)


def _result(keys: pd.DataFrame, figures: np.ndarray, method: np.ndarray) -> pd.DataFrame:
    names = ["order_quantity", "on_hand", "on_order", "mean_demand", "projected_stock", "stock_target"]
    names += ["cycle_service", "expected_cost"]
    table = keys[_KEYS].copy()
    for place, name in enumerate(names):
        table[name] = figures[:, place] if len(table) else pd.Series(dtype="float64")
    return table.assign(method=pd.Series(method, dtype="str"))


def _with_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its ids as text, however they are given: 3 and 3.0 are one."""
    return table.assign(**{name: id_texts(table[name]) for name in _KEYS if name in table})


def _of_all_classes(history: pd.DataFrame) -> pd.DataFrame:
    """Return demand of all classes together: they share the stock."""
    if "demand_class" not in history or not {*_KEYS, "period", "quantity"} <= set(history.columns):
        return history
    how = {"quantity": "sum"} | ({"in_stock": "all"} if "in_stock" in history else {})
    return history.groupby([*_KEYS, "period"], as_index=False).agg(how)


def _without(attributes: pd.DataFrame | None, names: list[str]) -> pd.DataFrame | None:
    """Return attributes by which series may be grouped: costs and lead times are none."""
    return None if attributes is None else attributes.drop(columns=names, errors="ignore")


def _take(name: str, value: Any, keys: pd.DataFrame, attributes: pd.DataFrame | None) -> np.ndarray:
    """Return a number per series: one for all, or a column of attributes; raises where it cannot be used."""
    if isinstance(value, str):
        found = _column(name, value, keys, attributes)
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        found = np.full(len(keys), float(value))
    else:
        raise DataError(list_problems(_SUBJECT, [f"{name} is {value!r}"], ["Give a number, or a column's name."]))
    least = 0.0 if name == "lead_time_periods" else np.nextafter(0.0, 1.0)
    wrong = ~(np.isfinite(found) & (found >= least))
    if wrong.any():
        told = f"{found[wrong][0]:g} at {_first(keys[wrong])}"
        word = "at least 0" if name == "lead_time_periods" else "above 0"
        problem = f"{name} must be {word}; it is not {in_rows(int(wrong.sum()))}, first: {told}"
        raise DataError(list_problems(_SUBJECT, [problem], [f"Give {name} for every item and location."]))
    return found


def _column(name: str, column: str, keys: pd.DataFrame, attributes: pd.DataFrame | None) -> np.ndarray:
    if attributes is None or column not in attributes:
        known = "there are none" if attributes is None else f"they have {', '.join(map(str, attributes.columns))}"
        problem = f"{name} = {column!r} is no column of attributes: {known}"
        raise DataError(list_problems(_SUBJECT, [problem], ["Name a column of attributes, or give a number."]))
    by = [key for key in _KEYS if key in attributes]
    given = attributes[[*by, column]]
    if not by or given.duplicated(by).any():
        problem = f"attributes need one row per {' and '.join(by) or 'item_id'} to tell {column}"
        raise DataError(list_problems(_SUBJECT, [problem], ["Give one row per item, or per item and location."]))
    return pd.to_numeric(keys.merge(given, "left", by)[column], errors="coerce").to_numpy(dtype=float)


def _whole_lead(lead: np.ndarray) -> np.ndarray:
    if (lead != np.floor(lead)).any():
        problem = f"lead_time_periods must be whole periods; it is {lead[lead != np.floor(lead)][0]:g}"
        raise DataError(list_problems(_SUBJECT, [problem], ["Round lead times up to whole periods."]))
    return lead.astype("int64")


def _take_stock(state: pd.DataFrame, keys: pd.DataFrame) -> np.ndarray:
    _require(state, "state", ["on_hand"])
    given = state[[*_KEYS, "on_hand"]]
    problems = []
    again = given.duplicated(_KEYS)
    if again.any():
        problems.append(
            f"state repeats an item and location {in_rows(int(again.sum()))}, first: {_first(given[again])}"
        )
    given = given.drop_duplicates(_KEYS)
    joined = keys[_KEYS].merge(given, "left", _KEYS, indicator=True)
    lacking = (joined["_merge"] == "left_only").to_numpy()
    if lacking.any():
        count = f"{int(lacking.sum()):,} of {len(keys):,} series of the history"
        problems.append(f"state lacks {count}, first: {_first(joined[lacking])}")
    problems += _strangers(given, keys, "state")
    on_hand = pd.to_numeric(joined["on_hand"], errors="coerce").to_numpy(dtype=float)
    wrong = ~lacking & ~(np.isfinite(on_hand) & (on_hand >= 0))
    if wrong.any():
        problems.append(f"on_hand is no amount {in_rows(int(wrong.sum()))}, first: {_first(joined[wrong])}")
    if problems:
        fix = "Give one row with on_hand, 0 or more, for every item and location of the history, and for no other."
        raise DataError(list_problems(_SUBJECT, problems, [fix]))
    return on_hand


def _take_pipeline(pipeline: pd.DataFrame, keys: pd.DataFrame, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what arrives, by series and period of the next so many, and all that is under way, later too."""
    if not len(pipeline) and not len(pipeline.columns):
        pipeline = pd.DataFrame(columns=[*_KEYS, "arrives_in_periods", "quantity"])
    _require(pipeline, "pipeline", ["arrives_in_periods", "quantity"])
    given = pipeline[[*_KEYS, "arrives_in_periods", "quantity"]]
    problems = _strangers(given, keys, "pipeline")
    arrives, quantity = (
        pd.to_numeric(given[name], errors="coerce").to_numpy(dtype=float) for name in ("arrives_in_periods", "quantity")
    )
    whole = np.isfinite(arrives) & (arrives >= 1) & (arrives == np.floor(arrives))
    for name, wrong in (
        ("arrives_in_periods is no whole number from 1 on", ~whole),
        ("quantity of the pipeline is no amount", ~(np.isfinite(quantity) & (quantity >= 0))),
    ):
        if wrong.any():
            problems.append(f"{name} {in_rows(int(wrong.sum()))}, first: {_first(given[wrong])}")
    if problems:
        fix = "Give what is under way as item_id, location_id, arrives_in_periods (1 = next period) and quantity."
        raise DataError(list_problems(_SUBJECT, problems, [fix]))
    place = pd.MultiIndex.from_frame(keys[_KEYS]).get_indexer(pd.MultiIndex.from_frame(given[_KEYS]))
    soon = arrives <= periods
    cell = place[soon] * periods + arrives[soon].astype("int64") - 1
    sums = np.bincount(cell, quantity[soon], len(keys) * periods)
    return sums.reshape(len(keys), periods), np.bincount(place, quantity, len(keys))


def _require(table: pd.DataFrame, name: str, columns: list[str]) -> None:
    lacking = [column for column in (*_KEYS, *columns) if column not in table]
    if lacking:
        problem = f"{name} has no {', '.join(lacking)}"
        fix = f"Give {', '.join((*_KEYS, *columns))}; it has {', '.join(map(str, table.columns)) or 'no columns'}."
        raise DataError(list_problems(_SUBJECT, [problem], [fix]))


def _strangers(given: pd.DataFrame, keys: pd.DataFrame, name: str) -> list[str]:
    known = pd.MultiIndex.from_frame(keys[_KEYS])
    there = pd.MultiIndex.from_frame(given[_KEYS]).isin(known)
    if there.all():
        return []
    count = int((~there).sum())
    return [f"{name} names items and locations without a history {in_rows(count)}, first: {_first(given[~there])}"]


def _first(table: pd.DataFrame) -> str:
    return ", ".join(table[_KEYS].astype(str).iloc[0])
