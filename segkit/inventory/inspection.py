"""One item under the analyst's eye: what statsmodels makes of its history, with all that speaks for and against it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import SettingsError, list_problems
from segkit.inventory.forecasting import is_number
from segkit.inventory.one_item.arima import fit_sarimax
from segkit.inventory.one_item.ets import fit_ets
from segkit.inventory.one_item.findings import tell_findings
from segkit.inventory.one_item.fitted import Fitted, Outlook
from segkit.inventory.one_item.naive import fit_naive, fit_seasonal_naive
from segkit.inventory.one_item.regressors import calendar_numbers
from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.one_item.rolling import Fit, judge_models
from segkit.inventory.one_item.season import fit_stl_ets
from segkit.inventory.one_item.series import Span, describe_series, make_span
from segkit.inventory.one_item.tables import (
    candidate_table,
    component_table,
    diagnose_all,
    effect_table,
    forecast_table,
    without_negatives,
)
from segkit.inventory.pooled.panel import read_panel

FEWEST_KNOWN = 6
_BENCHMARKS: dict[str, Fit] = {"naive": fit_naive, "seasonal_naive": fit_seasonal_naive}
_MODELS: dict[str, Fit] = {"ets": fit_ets, "stl_ets": fit_stl_ets, "sarimax": fit_sarimax}


@dataclass(frozen=True)
class ForecastInspection:
    """What `inspect_forecast` found, as tables; without rows where there is nothing to tell, with the reason in notes.

    Attributes
    ----------
    item_id, location_id : str
        Whose demand it is.
    unit : str
        day, week, month, quarter, year, or so many days.
    history : DataFrame
        period, quantity [units], price, status: used, out of stock, not known, not yet listed.
    forecast : DataFrame
        model, form, period, mean and a column per quantile (q05, …) [units a period].
    components : DataFrame
        model, period, component (level, trend, season, regressors, rest), value
        [units; a season of ETS(·,·,M) is a multiple].
    fit : DataFrame
        A row per model: form, parameters, periods known, aicc, mae, rmse and bias one step ahead in the history, and
        the same from rolling origins; naive_rmse at the same origins; value_added = 1 - rolling_rmse / naive_rmse.
        Error = forecast - actual, so that a positive bias is too much [units a period].
    candidates : DataFrame
        model, form, parameters, aicc of every form that was tried, chosen, and the reason where there is no aicc.
    effects : DataFrame
        model, regressor, effect [units a period, for one more of the regressor], standard_error, lower_95, upper_95,
        p_value, periods in which it was not zero, reading.
    diagnostics : DataFrame
        model, test, statistic, p_value, reading in words.
    residual_acf : DataFrame
        model, lag, autocorrelation, limit (of chance, 19 times of 20), beyond_chance.
    notes : DataFrame
        subject, kind (reason, finding, assumption, warning of statsmodels), note, times.
    """

    item_id: str
    location_id: str
    unit: str
    history: pd.DataFrame
    forecast: pd.DataFrame
    components: pd.DataFrame
    fit: pd.DataFrame
    candidates: pd.DataFrame
    effects: pd.DataFrame
    diagnostics: pd.DataFrame
    residual_acf: pd.DataFrame
    notes: pd.DataFrame


def inspect_forecast(
    history: pd.DataFrame,
    item_id: str,
    location_id: str,
    *,
    horizon: int = 12,
    calendar: pd.DataFrame | None = None,
    quantiles: Sequence[float] = (0.05, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99),
    seed: int = 0,
) -> ForecastInspection:
    """Return what exponential smoothing, STL and SARIMAX make of the history of one item at one location.

    Parameters
    ----------
    history : DataFrame
        item_id, location_id, period (its first day, or the last of a month; regular), quantity [units] and optionally
        in_stock (bool), price (a regressor of SARIMAX) and demand_class (classes are added up). Of any items; the grid
        of periods is that of all rows.
    item_id, location_id : str
        Whose demand to look at.
    horizon : int
        Periods ahead, counted from the last period of the whole history.
    calendar : DataFrame, optional
        period and columns of numbers, flags or names of events, one row for each period of the history (missing ones
        count as 0) and of the horizon. A column ``price`` there is the price, also of the periods ahead.
    quantiles : sequence of float
        Quantiles of demand of each period ahead, between 0 and 1.
    seed : int
        Of the paths from which quantiles of models with multiplicative errors are drawn.

    Returns
    -------
    ForecastInspection
        Named tables: history, forecast, components, fit, candidates, effects, diagnostics, residual_acf, notes.

    Raises
    ------
    DataError
        history or calendar breaks its contract; all problems at once.
    SettingsError
        horizon, quantiles or seed cannot be used.

    Notes
    -----
    Periods before the first sale are not yet listed. Periods out of stock, or with a blank quantity, are missing for
    the models; periods without a row, after the first, are no demand. AICc compares the forms of one model, not models
    with each other: for that there are the rolling origins, at each of which everything is chosen anew. Where no
    quantity is below zero, no forecast is. What statsmodels warns of stands in notes.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, chapters 3, 5, 8 to 10; Hyndman, Koehler, Ord &
    Snyder (2008), Forecasting with Exponential Smoothing.

    Examples
    --------
    >>> months = pd.date_range("2025-01-01", periods=3, freq="MS")
    >>> rows = pd.DataFrame({"item_id": "SKU-1", "location_id": "N", "period": months, "quantity": [0, 4, 6]})
    >>> inspect_forecast(rows, "SKU-1", "N", horizon=1).forecast[["model", "mean"]].values.tolist()
    [['naive', 6.0]]
    """
    wanted = _require_options(horizon, quantiles, seed)
    item_id, location_id = str(item_id), str(location_id)
    outlook, remarks = Outlook(horizon, wanted, seed), Remarks()
    panel = read_panel(history)
    events = calendar_numbers(calendar, panel, horizon, remarks)
    series = describe_series(panel, history, item_id, location_id, remarks)
    span = make_span(series, panel, events, horizon)
    if len(panel.periods) == 1:
        remarks.add("history", "assumption", "One period does not show how long periods are: taken as a month.")
    fits = {**_BENCHMARKS, **_models_for(span, series, remarks)}
    with _one_thread():
        fitted = _fit_all(fits, span, outlook, remarks) if span.known.any() else []
        judged = judge_models(span, fits, fitted, horizon, remarks)
        diagnostics, acf = diagnose_all(fitted, span, remarks)
    fitted = [without_negatives(each, remarks) for each in fitted]
    tell_findings(series, judged, diagnostics, remarks)
    return ForecastInspection(
        item_id=item_id,
        location_id=location_id,
        unit=span.unit,
        history=series,
        forecast=forecast_table(fitted, span, outlook),
        components=component_table(fitted, span),
        fit=judged,
        candidates=candidate_table(fitted),
        effects=effect_table(fitted),
        diagnostics=diagnostics,
        residual_acf=acf,
        notes=remarks.table(),
    )


def _require_options(horizon: int, quantiles: Sequence[float], seed: int) -> tuple[float, ...]:
    """Return the quantiles in rising order; raises SettingsError with all that cannot be used."""
    problems = []
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        problems.append(f"horizon: a whole number of periods above 0 is needed, got {horizon!r}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        problems.append(f"seed: a whole number from 0 is needed, got {seed!r}")
    given = list(quantiles) if isinstance(quantiles, Iterable) else [quantiles]
    wrong = [each for each in given if not is_number(each) or not 0 < each < 1]
    if wrong or not given:
        problems.append(f"quantiles: each lies between 0 and 1, got {wrong}")
    if problems:
        raise SettingsError(list_problems("inspect_forecast cannot be called so", problems))
    return tuple(sorted(set(map(float, given))))


def _models_for(span: Span, series: pd.DataFrame, remarks: Remarks) -> dict[str, Fit]:
    """Return the models that a span is long and lively enough for; none, with the reason, for others."""
    known = span.values[span.known]
    reason = ""
    if not known.size and len(series) and series["quantity"].notna().any():
        reason = "No demand in any known period: it was never listed, or never asked for."
    elif not known.size:
        reason = "No period is known: nothing can be forecast."
    elif known.size < FEWEST_KNOWN:
        reason = (
            f"Only {known.size} known of the periods since listed, fewer than {FEWEST_KNOWN}: naive forecasts alone."
        )
    elif np.ptp(known) == 0:
        reason = "Demand is the same in every known period: naive forecasts alone."
    if reason:
        remarks.add("history", "reason", reason)
        return {}
    return {name: fit for name, fit in _MODELS.items() if span.cycle > 1 or name != "stl_ets"}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread: on matrices this small more of them wait for each other, ten times as long."""
    import statsmodels.tsa.statespace.sarimax  # noqa: F401  (what is not loaded yet cannot be limited)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def _fit_all(fits: dict[str, Fit], span: Span, outlook: Outlook, remarks: Remarks) -> list[Fitted]:
    made = (fit(span, outlook, remarks) for fit in fits.values())
    return [each for each in made if each is not None]
