"""Regression on calendar, price and harmonics with ARIMA errors, by statsmodels' SARIMAX."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from segkit.inventory.one_item.fitted import (
    EFFECT_COLUMNS,
    Candidate,
    Fitted,
    Outlook,
    best_candidate,
    corrected_aic,
    in_units,
    normal_quantiles,
)
from segkit.inventory.one_item.regressors import Regressors, choose_regressors, harmonics
from segkit.inventory.one_item.remarks import FIT_ERRORS, Remarks
from segkit.inventory.one_item.series import Span

MODEL = "sarimax"
_LEVEL = ((0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), (2, 0, 0))
_MOVING = ((0, 1, 0), (0, 1, 1), (1, 1, 0), (1, 1, 1))
_MOST_WAVES = 6
_ENOUGH = 10  # known periods from which a unit root can be looked for
_ROOM = 2
_MAXITER = 200
_KPSS_LIMIT = 0.463  # Kwiatkowski, Phillips, Schmidt & Shin (1992), Table 1, steady level, 5 %


@dataclass(frozen=True)
class _Design:
    """Columns that explain demand: regressors, season, and 1 for the level where demand has one."""

    regressors: Regressors
    past: np.ndarray
    future: np.ndarray
    waves: int
    has_level: bool

    @property
    def width(self) -> int:
        return self.past.shape[1]


def fit_sarimax(span: Span, outlook: Outlook, remarks: Remarks) -> Fitted | None:
    """Return the ARIMA errors with the smallest AICc around a regression; None, with the reason, without any.

    Differenced once where the KPSS test rejects a steady level at 5 %, after regression. A season enters as pairs of
    sine and cosine, as many as the AICc of least squares wants, where two full cycles are there.

    References
    ----------
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3e, sections 9.7, 10.2 and 10.5.
    """
    demand = span.values / span.scale
    known = int(span.known.sum())
    with remarks.listen(MODEL):
        design = _design(demand, span, choose_regressors(span, remarks), outlook.horizon)
    orders = [order for order in (_LEVEL if design.has_level else _MOVING) if _fits(order, design, known)]
    tried, results = [], []
    for order in orders:
        with remarks.listen(MODEL):
            candidate, result = _try_order(demand, order, design, span)
        tried.append(candidate)
        results.append((order, result))
    best = best_candidate(tried)
    if best < 0:
        remarks.add(MODEL, "reason", "No order could be fitted: too few known periods.")
        return None
    order, result = results[best]
    if design.regressors.names and outlook.quantiles:
        tried.append(_without_regressors(demand, order, design, span, tried[best], remarks))
    with remarks.listen(MODEL):
        told = result.model.smooth(result.params, cov_type="approx")
        return _as_fitted(order, told, design, span, outlook, tried, tried[best])


def _design(demand: np.ndarray, span: Span, regressors: Regressors, horizon: int) -> _Design:
    count = len(demand)
    waves = _count_waves(demand, span.cycle, regressors.past)
    season = harmonics(np.arange(count + horizon), span.cycle, waves)
    past = np.column_stack([regressors.past, season[:count]])
    future = np.column_stack([regressors.future, season[count:]])
    has_level = not _has_unit_root(demand, past)
    if has_level:
        past, future = np.column_stack([past, np.ones(count)]), np.column_stack([future, np.ones(horizon)])
    return _Design(regressors, past, future, season.shape[1], has_level)


def _count_waves(demand: np.ndarray, cycle: int, past: np.ndarray) -> int:
    """Return how many harmonics the AICc of least squares wants, beside regressors and a straight line."""
    count, known = len(demand), ~np.isnan(demand)
    if count < 2 * cycle:
        return 0
    places, criteria = np.arange(count), []
    for waves in range(min(_MOST_WAVES, cycle // 2) + 1):
        columns = np.column_stack([np.ones(count), places / count, past, harmonics(places, cycle, waves)])[known]
        rest = demand[known] - columns @ np.linalg.lstsq(columns, demand[known], rcond=None)[0]
        likelihood = -known.sum() / 2 * np.log(max(float(np.mean(rest**2)), np.finfo(float).tiny))
        criteria.append(corrected_aic(likelihood, columns.shape[1] + 1, int(known.sum())))
    return int(np.argmin(np.round(criteria, 9)))


def _has_unit_root(demand: np.ndarray, past: np.ndarray) -> bool:
    """Return whether the KPSS test rejects a steady level at 5 %, after regression."""
    from statsmodels.tsa.stattools import kpss

    known = ~np.isnan(demand)
    if known.sum() < max(_ENOUGH, past.shape[1] + 4):
        return False
    columns = np.column_stack([np.ones(len(demand)), past])[known]
    rest = demand[known] - columns @ np.linalg.lstsq(columns, demand[known], rcond=None)[0]
    if np.ptp(rest) < np.finfo(float).eps * 100:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the p value, which is not read, and of the type that is returned
        statistic = next(iter(kpss(rest, regression="c", nlags="auto")))
    return float(statistic) > _KPSS_LIMIT


def _fits(order: tuple[int, int, int], design: _Design, known: int) -> bool:
    return known - order[1] >= sum(order) - order[1] + design.width + 2 + _ROOM


def _try_order(demand: np.ndarray, order: tuple[int, int, int], design: _Design, span: Span) -> tuple[Candidate, Any]:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    form, parameters = _name(order, design), order[0] + order[2] + design.width + 1
    try:
        asked = SARIMAX(demand, exog=design.past if design.width else None, order=order)
        result = asked.fit(disp=0, maxiter=_MAXITER, cov_type="none")
    except FIT_ERRORS as error:
        return Candidate(form, parameters, np.nan, f"statsmodels: {error}"), None
    observations = int(span.known.sum()) - order[1]
    criterion = in_units(corrected_aic(float(result.llf), parameters, observations), span, order[1])
    return Candidate(form, parameters, criterion, "" if np.isfinite(criterion) else "it has no likelihood"), result


def _without_regressors(
    demand: np.ndarray, order: tuple[int, int, int], design: _Design, span: Span, chosen: Candidate, remarks: Remarks
) -> Candidate:
    """Return the chosen order without calendar and price, for comparison; say so where that is the better one."""
    count = len(design.regressors.names)
    nothing = Regressors((), design.regressors.past[:, :0], design.regressors.future[:, :0])
    bare = replace(design, regressors=nothing, past=design.past[:, count:], future=design.future[:, count:])
    with remarks.listen(MODEL):
        candidate, _ = _try_order(demand, order, bare, span)
    if candidate.aicc < chosen.aicc:
        remarks.add(
            MODEL, "finding", "The aicc is smaller without regressors: they explain too little for their number."
        )
    return replace(candidate, reason=candidate.reason or "for comparison: the same order without regressors")


def _name(order: tuple[int, int, int], design: _Design) -> str:
    count = len(design.regressors.names)
    parts = [f"{count} regressor{'s' * (count != 1)}"] if count else []
    parts += [f"{(design.waves + 1) // 2} harmonic{'s' * (design.waves > 2)}"] if design.waves else []
    return f"ARIMA({order[0]},{order[1]},{order[2]})" + (f" with {' and '.join(parts)}" if parts else "")


def _as_fitted(
    order: tuple[int, int, int], result: Any, design: _Design, span: Span, outlook: Outlook, tried: list[Candidate],
    chosen: Candidate,
) -> Fitted:  # fmt: skip
    ahead = result.get_forecast(outlook.horizon, exog=design.future if design.width else None)
    mean, spread = np.asarray(ahead.predicted_mean) * span.scale, np.asarray(ahead.se_mean) * span.scale
    one_step = np.asarray(result.fittedvalues) * span.scale
    residual = np.asarray(result.standardized_forecasts_error[0], dtype=float)
    one_step[: order[1]], residual[: order[1]] = np.nan, np.nan
    weight = np.asarray(result.params)[: design.width] * span.scale
    count = len(design.regressors.names)
    parts = {}
    if count:
        moved = design.past[:, :count] @ weight[:count]
        parts["regressors"] = moved - moved[span.known].mean()
    if design.waves:
        parts["season"] = design.past[:, count : count + design.waves] @ weight[count : count + design.waves]
    parts["rest"] = span.values - sum(parts.values(), np.zeros(len(span.values)))
    return Fitted(
        MODEL, chosen.form, chosen.parameters, chosen.aicc, one_step, residual, mean,
        normal_quantiles(mean, spread, outlook.quantiles), parts, order[0] + order[2], tuple(tried),
        _effects(result, design, span),
    )  # fmt: skip


def _effects(result: Any, design: _Design, span: Span) -> pd.DataFrame:
    """Return what one unit more of each regressor does to demand of a period, and how sure that is."""
    names = design.regressors.names
    weight, error = (np.asarray(each)[: len(names)] * span.scale for each in (result.params, result.bse))
    seen = design.regressors.past[span.known]
    table = pd.DataFrame(
        {
            "regressor": pd.Series(names, dtype="str"),
            "effect": weight,
            "standard_error": error,
            "lower_95": weight - 1.959963984540054 * error,
            "upper_95": weight + 1.959963984540054 * error,
            "p_value": np.asarray(result.pvalues)[: len(names)],
            "periods": (seen != 0).sum(axis=0),
        }
    )
    table["reading"] = [_read(row) for row in table.itertuples()]
    return table.astype({"reading": "str", "periods": "int64"})[EFFECT_COLUMNS]


def _read(row: Any) -> str:
    if not np.isfinite(row.standard_error):
        return "how sure it is cannot be told"
    if row.lower_95 <= 0 <= row.upper_95:
        return "no effect beyond chance"
    return "raises demand" if row.effect > 0 else "lowers demand"
