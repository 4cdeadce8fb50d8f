"""Forecasts of a plan: from its demand table to the tables of step 2 that tell what is to come, and how well."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.forecast_settings import Forecasts
from segkit.core.masters import look_up
from segkit.inventory.accuracy import measure_accuracy
from segkit.inventory.calibration import check_calibration
from segkit.inventory.forecasting import forecast_demand
from segkit.inventory.judged import measure_entities
from segkit.inventory.worst_forecasts import list_worst_forecasts

SERIES = ["item_id", "location_id", "demand_class"]
POOLED, NAIVE = "pooled", "naive"
ENTITIES = ("all", "pattern", "abc", "xyz", "category", "location_id")
_LEAST = 6  # periods that must be known at an origin


def take_history(demand: pd.DataFrame, periods: pd.DataFrame, *, rules: Forecasts) -> pd.DataFrame:
    """Return the history of complete periods as `forecast_demand` takes it.

    Parameters
    ----------
    demand : DataFrame
        Table ``demand``.
    periods : DataFrame
        Table ``periods``: how many days each has.
    rules : Forecasts
        stockout_share: a day without stock in a month tells nothing against its sales.

    Returns
    -------
    DataFrame
        item_id, location_id, demand_class, period, quantity [units] and in_stock: false where stock was out for so much
        of the period that sales were cut short.
    """
    complete = demand["complete"].to_numpy(dtype=bool)
    known = demand[[*SERIES, "period", "quantity", "censored", "out_of_stock_days"]]
    known = known if complete.all() else known[complete]
    out = known["censored"].to_numpy(dtype=bool)
    if out.any():
        days = look_up(known["period"], periods, "days").to_numpy(dtype=float)
        out = out & (known["out_of_stock_days"].to_numpy() >= rules.stockout_share * days)
    return known[[*SERIES, "period", "quantity"]].assign(in_stock=~out).reset_index(drop=True)


def group_attributes(history: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return the columns by which the series of a history may be grouped: their category.

    Parameters
    ----------
    history : DataFrame
        From `take_history`.
    items : DataFrame
        Table ``items``.

    Returns
    -------
    DataFrame
        item_id and, where the master data tell one, category.
    """
    ids = pd.DataFrame({"item_id": pd.unique(history["item_id"])}).astype("str")
    if "category" not in items or items["category"].isna().all():
        return ids
    known = items.drop_duplicates("item_id")[["item_id", "category"]]
    return ids.merge(known, on="item_id", how="left")


def make_forecast(
    history: pd.DataFrame, items: pd.DataFrame, events: pd.DataFrame, *, rules: Forecasts
) -> pd.DataFrame:
    """Return ``forecast``: the distribution of demand in each of the next periods.

    Parameters
    ----------
    history : DataFrame
        From `take_history`.
    items : DataFrame
        Table ``items``.
    events : DataFrame
        From `events_by_period`.
    rules : Forecasts
        Horizon and seed.

    Returns
    -------
    DataFrame
        A row per series and period ahead.
    """
    if history.empty:
        return empty_table("forecast")
    table = forecast_demand(
        history,
        horizon=rules.horizon_periods,
        attributes=group_attributes(history, items),
        calendar=events if len(events.columns) > 1 else None,
        seed=rules.seed,
    )
    return table[list(nomenclature()["forecast"].columns)]


def make_contest(history: pd.DataFrame, items: pd.DataFrame, events: pd.DataFrame, *, rules: Forecasts) -> pd.DataFrame:
    """Return ``forecast_contest``: how methods did by demand pattern on earlier periods, and which was chosen.

    Parameters
    ----------
    history, items, events, rules
        As `make_forecast` takes them.

    Returns
    -------
    DataFrame
        A row per pattern and method, the cheapest first.
    """
    from segkit.inventory.pooled.fitting import fit_demand
    from segkit.inventory.pooled.panel import read_panel

    if history.empty:
        return empty_table("forecast_contest")
    calendar = events if len(events.columns) > 1 else None
    panel, attributes = read_panel(history), group_attributes(history, items)
    fit = fit_demand(panel, attributes, calendar, ahead=rules.horizon_periods, seed=rules.seed)
    table = fit.contest.rename(columns={"score": "relative_error", "chosen": "is_chosen"})
    table["cost_rank"] = table.groupby("pattern").cumcount() + 1
    return table[list(nomenclature()["forecast_contest"].columns)]


def backtest_forecasts(
    history: pd.DataFrame, items: pd.DataFrame, events: pd.DataFrame, *, rules: Forecasts
) -> pd.DataFrame:
    """Return ``backtest``: what would have been forecast at earlier origins, from what was known then only.

    Parameters
    ----------
    history, items, events, rules
        As `make_forecast` takes them; ``origins`` of the rules, a horizon apart, the last one a horizon before the end.

    Returns
    -------
    DataFrame
        A row per series, origin, method (pooled, naive) and period; origin is the last period known.
    """
    made = [
        table for origin in _origins(history, rules) for table in _forecast_at(history, items, events, origin, rules)
    ]
    if not made:
        return empty_table("backtest")
    table = pd.concat(made, ignore_index=True)
    columns = nomenclature()["backtest"]
    return table.sort_values(list(columns.key), ignore_index=True)[list(columns.columns)]


def _origins(history: pd.DataFrame, rules: Forecasts) -> Iterator[pd.Timestamp]:
    periods = np.sort(history["period"].unique())
    for back in range(rules.origins, 0, -1):
        place = len(periods) - back * rules.horizon_periods
        if place >= _LEAST:
            yield pd.Timestamp(periods[place - 1])


def _forecast_at(
    history: pd.DataFrame, items: pd.DataFrame, events: pd.DataFrame, origin: pd.Timestamp, rules: Forecasts
) -> Iterator[pd.DataFrame]:
    past = history[(history["period"] <= origin).to_numpy()]
    pooled = make_forecast(past, items, events, rules=rules)
    yield pooled.assign(origin=origin, method=POOLED)
    observed = past[past["in_stock"].to_numpy(dtype=bool)].sort_values("period", kind="stable")
    last = observed.drop_duplicates(SERIES, keep="last").set_index(SERIES)["quantity"]
    keys = pd.MultiIndex.from_frame(pooled[SERIES])
    naive = pooled[[*SERIES, "period"]].assign(mean=last.reindex(keys).fillna(0.0).to_numpy())
    yield naive.assign(origin=origin, method=NAIVE)


def mark_entities(
    backtest: pd.DataFrame,
    profile: pd.DataFrame,
    segments: pd.DataFrame,
    value: pd.DataFrame,
    items: pd.DataFrame,
) -> pd.DataFrame:
    """Return backtest rows with the segments by which they are judged.

    Parameters
    ----------
    backtest : DataFrame
        Table ``backtest``.
    profile : DataFrame
        Table ``demand_profile``.
    segments : DataFrame
        Table ``item_segments``.
    value : DataFrame
        Table ``item_value``.
    items : DataFrame
        Table ``items``.

    Returns
    -------
    DataFrame
        With pattern, abc, xyz, category (blank = ``(unknown)``) and unit_price, what a unit brought. [currency/unit]
    """
    marked = backtest.merge(profile[[*SERIES, "pattern"]], on=SERIES, how="left")
    marked = marked.merge(segments[["item_id", "abc", "xyz"]], on="item_id", how="left")
    marked["category"] = look_up(marked["item_id"], items, "category")
    for name in ("pattern", "abc", "xyz", "category"):
        marked[name] = marked[name].astype("str").fillna("").replace("", "(unknown)")
    revenue, quantity = (look_up(marked["item_id"], value, name) for name in ("revenue", "quantity"))
    return marked.assign(unit_price=(revenue / quantity).where((quantity > 0) & (revenue > 0)))


def judge_backtest(marked: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return ``forecast_accuracy`` of pooled and naive forecasts by segment.

    Parameters
    ----------
    marked : DataFrame
        From `mark_entities`.
    history : DataFrame
        From `take_history`: what came.
    """
    if marked.empty:
        return empty_table("forecast_accuracy")
    parting = _parting(marked)
    table = measure_entities(lambda by: measure_accuracy(marked, history, history, by=by), parting)
    return table[list(nomenclature()["forecast_accuracy"].columns)]


def calibrate_backtest(marked: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return ``forecast_calibration`` of pooled forecasts by segment; parameters as `judge_backtest` takes them."""
    own = marked[(marked["method"] == POOLED).to_numpy()]
    if own.empty:
        return empty_table("forecast_calibration")
    table = measure_entities(lambda by: check_calibration(own, history, by=by), _parting(own))
    return table[list(nomenclature()["forecast_calibration"].columns)]


def _parting(marked: pd.DataFrame) -> list[str]:
    """Return the entities of which there are several."""
    return [name for name in ENTITIES if name == "all" or marked[name].nunique() > 1]


def list_offenders(marked: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return ``worst_forecasts`` of pooled forecasts by money where prices are known, else by units."""
    own = marked[(marked["method"] == POOLED).to_numpy()]
    if own.empty:
        return empty_table("worst_forecasts")
    weight = "unit_price" if own["unit_price"].notna().any() else ""
    table = list_worst_forecasts(own, history, weight=weight)
    return table[list(nomenclature()["worst_forecasts"].columns)]
