"""Exponential smoothing by statsmodels' ETSModel: the form with the smallest AICc, with prediction intervals."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segkit.formulas.innovations import ADDED, NONE, TIMES, fit_states, told_demand
from segkit.inventory.one_item.fitted import (
    Candidate,
    Fitted,
    Outlook,
    best_candidate,
    corrected_aic,
    in_units,
    normal_quantiles,
)
from segkit.inventory.one_item.remarks import FIT_ERRORS, Remarks
from segkit.inventory.one_item.series import Span

LONGEST_CYCLE = 24  # a season of more states is left to STL and to harmonics, as in R's ets
_ROOM = 2  # known periods that must be left over when all parameters are taken
_PATHS = 2000
_ROUNDS = 12
_ROUNDS_COMPARED = 2
_CLOSE = 1e-4
_TRENDS = {"N": (None, False), "A": ("add", False), "Ad": ("add", True)}
_WORDS = {"N": None, "A": "add", "M": "mul"}
_SEASONS = {"N": NONE, "A": ADDED, "M": TIMES}
_TOLERANCES = (2.2e-14, 1e-8)  # with those of statsmodels AICc is off by up to 1.5
_CONSTANT, _DAMPING, _ANY = (1e-4, 1 - 1e-4), (0.8, 0.98), (-np.inf, np.inf)  # the bounds of statsmodels


@dataclass(frozen=True)
class _Form:
    """Error, trend and season of an exponential smoothing model, as in ETS(A,Ad,N)."""

    error: str
    trend: str
    season: str
    cycle: int

    @property
    def name(self) -> str:
        return f"ETS({self.error},{self.trend},{self.season})"

    @property
    def parameters(self) -> int:
        """Smoothing constants, initial states and the variance."""
        return 3 + {"N": 0, "A": 2, "Ad": 3}[self.trend] + (self.cycle + 1 if self.season != "N" else 0)

    @property
    def places(self) -> dict[str, int]:
        """Where the parameters of statsmodels stand among those of `fit_states`."""
        names = {"smoothing_level": 0, "initial_level": 4}
        names |= {"smoothing_trend": 1, "initial_trend": 5} if self.trend != "N" else {}
        names |= {"damping_trend": 3} if self.trend == "Ad" else {}
        if self.season != "N":
            names |= {"smoothing_seasonal": 2, **{f"initial_seasonal.{lag}": 6 + lag for lag in range(self.cycle)}}
        return names

    @property
    def is_linear(self) -> bool:
        return self.error == "A" and self.season != "M"


def fit_ets(
    span: Span, outlook: Outlook, remarks: Remarks, *, model: str = "ets", seasons: bool = True
) -> Fitted | None:
    """Return the exponential smoothing model with the smallest AICc; None, with the reason, where there is none.

    Multiplicative errors and seasons are tried where demand is above zero throughout, seasons where two full cycles
    of at most 24 periods are known. Periods that are not known carry no error: they are filled with what the fit says
    of them until both agree (of forms that are only compared, once more after a straight line).
    """
    demand = span.values / span.scale
    tried, fits = [], []
    for form in _list_forms(demand, span.cycle if seasons else 0):
        with remarks.listen(model):
            candidate, fit = _try_form(demand, form, span, _ROUNDS_COMPARED)
        tried.append(candidate)
        fits.append((form, fit))
    best = best_candidate(tried)
    if best < 0:
        remarks.add(model, "reason", "No form could be fitted: too few known periods.")
        return None
    form, fit = fits[best]
    if np.isnan(demand).any():
        with remarks.listen(model):
            tried[best], fit = _try_form(demand, form, span, _ROUNDS)
    if fit is None:
        remarks.add(model, "reason", f"{form.name} could not be fitted around the periods that are not known.")
        return None
    with remarks.listen(model):
        return _as_fitted(model, form, fit.result(form), span, outlook, tried)


def _list_forms(demand: np.ndarray, cycle: int) -> list[_Form]:
    known = demand[~np.isnan(demand)]
    positive = bool((known > 0).all())
    seasonal = 1 < cycle <= LONGEST_CYCLE and len(demand) >= max(2 * cycle, 10 + 2 * (cycle // 2))
    forms = [
        _Form(error, trend, season, cycle)
        for error in ("AM" if positive else "A")
        for trend in _TRENDS
        for season in ("NAM" if positive and seasonal else "NA" if seasonal else "N")
        if (error, season) != ("A", "M")
    ]
    return [form for form in forms if known.size >= form.parameters + 1 + _ROOM]


@dataclass(frozen=True)
class _Fit:
    """Demand without gaps, the parameters of statsmodels that are likeliest, and what they say of every period."""

    filled: np.ndarray
    parameters: np.ndarray
    told: np.ndarray

    def result(self, form: _Form) -> Any:
        """Return what statsmodels makes of them."""
        return _model(self.filled, form).smooth(self.parameters)


def _try_form(demand: np.ndarray, form: _Form, span: Span, rounds: int) -> tuple[Candidate, _Fit | None]:
    try:
        fit = _fit(demand, form, rounds)
    except FIT_ERRORS as error:
        return Candidate(form.name, form.parameters, np.nan, f"statsmodels: {error}"), None
    likelihood = _log_likelihood(demand, form, fit.told)
    known = int(np.isfinite(demand).sum())
    criterion = in_units(corrected_aic(likelihood, form.parameters, known), span)
    reason = "" if np.isfinite(criterion) else "it leaves no error, or has no likelihood"
    return Candidate(form.name, form.parameters, criterion, reason), fit


def _model(demand: np.ndarray, form: _Form) -> Any:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    trend, damped = _TRENDS[form.trend]
    words: dict[str, Any] = {"error": _WORDS[form.error], "trend": trend, "damped_trend": damped}
    if form.season != "N":
        words |= {"seasonal": _WORDS[form.season], "seasonal_periods": form.cycle}
    return ETSModel(pd.Series(demand), **words)


def _fit(demand: np.ndarray, form: _Form, rounds: int) -> _Fit:
    """Return the fit; periods not known are filled with what it says of them, until both agree."""
    gaps = np.isnan(demand)
    filled = pd.Series(demand).interpolate(limit_direction="both").to_numpy()
    model = _model(filled, form)
    states = _states(dict(zip(model.param_names, np.asarray(model.start_params), strict=True)), form)
    for _ in range(rounds if gaps.any() else 1):
        states, told = _likeliest(states, filled, form)
        used, filled = filled, np.where(gaps, told, filled)
        if not np.abs(filled - used).max() > _CLOSE:
            break
    named = dict(zip(form.places, states[list(form.places.values())], strict=True))
    alpha = named["smoothing_level"]
    named |= {"smoothing_trend": states[1] * alpha} if form.trend != "N" else {}
    named |= {"smoothing_seasonal": states[2] * (1.0 - alpha)} if form.season != "N" else {}
    return _Fit(used, np.array([named[name] for name in model.param_names]), told)


def _states(named: dict[str, float], form: _Form) -> np.ndarray:
    """Return parameters of statsmodels as `fit_states` takes them; the season of the first period is given there."""
    states = np.zeros(6 + (form.cycle if form.season != "N" else 0))
    states[3] = 1.0
    for name, place in form.places.items():
        states[place] = named[name]
    alpha = np.clip(states[0], *_CONSTANT)
    states[:3] = alpha, states[1] / alpha, states[2] / (1.0 - alpha)
    if form.season != "N":
        states[-1] = 1.0 if form.season == "M" else 0.0
    return states


def _likeliest(states: np.ndarray, demand: np.ndarray, form: _Form) -> tuple[np.ndarray, np.ndarray]:
    """Return the likeliest states, and what they say of every period."""
    free = np.zeros(len(states), dtype=bool)
    free[list(form.places.values())] = True
    if form.season != "N":
        free[-1] = False
    bounds = [_CONSTANT if place < 3 else _DAMPING if place == 3 else _ANY for place in np.flatnonzero(free)]
    season, cycle = _SEASONS[form.season], form.cycle if form.season != "N" else 1
    found, ended = fit_states(
        demand, states, free, bounds, season=season, cycle=cycle, times_error=form.error == "M", tolerances=_TOLERANCES
    )
    if not ended:
        warnings.warn(f"{form.name}: the likeliest constants were not found for certain.", stacklevel=2)
    return found, told_demand(found, np.asarray(demand, dtype=float), season, cycle)


def _log_likelihood(demand: np.ndarray, form: _Form, told: np.ndarray) -> float:
    """Return the likelihood over the known periods at the best variance (Hyndman et al. 2008, eq. 5.3)."""
    known = np.isfinite(demand)
    error = (demand - told)[known]
    scaling = np.zeros(error.size)
    if form.error == "M":
        error, scaling = error / told[known], np.log(np.abs(told[known]))
    return float(-error.size / 2 * (np.log(2 * np.pi * np.mean(error**2)) + 1) - scaling.sum())


def _as_fitted(model: str, form: _Form, result: Any, span: Span, outlook: Outlook, tried: list[Candidate]) -> Fitted:
    told = np.asarray(result.fittedvalues)
    error = span.values / span.scale - told
    error = error / told if form.error == "M" else error
    sigma = float(np.sqrt(np.nanmean(error**2)))
    mean, quantiles = _look_ahead(form, result, sigma, outlook, known=float(np.isfinite(error).mean()))
    parts = {"level": np.asarray(result.level) * span.scale}
    if form.trend != "N":
        parts["trend"] = np.asarray(result.slope) * span.scale
    if form.season != "N":
        parts["season"] = np.asarray(result.season) * (1.0 if form.season == "M" else span.scale)
    parts["rest"] = span.values - told * span.scale
    chosen = tried[[each.form for each in tried].index(form.name)]
    return Fitted(
        model, form.name, form.parameters, chosen.aicc, told * span.scale, error / sigma, mean * span.scale,
        quantiles * span.scale, parts, 0, tuple(tried),
    )  # fmt: skip


def _look_ahead(
    form: _Form, result: Any, sigma: float, outlook: Outlook, known: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and quantiles ahead: in closed form for linear models, else from simulated paths."""
    if form.is_linear:
        count = len(result.fittedvalues)
        ahead = result.get_prediction(start=count, end=count + outlook.horizon - 1)
        mean, spread = np.asarray(ahead.predicted_mean), np.sqrt(np.asarray(ahead.forecast_variance) / known)
        return mean, normal_quantiles(mean, spread, outlook.quantiles)
    mean = np.asarray(result.forecast(outlook.horizon))
    if not outlook.quantiles:
        return mean, np.empty((outlook.horizon, 0))
    drawn = np.random.default_rng(outlook.seed).normal(size=(outlook.horizon, _PATHS)) * sigma
    paths = result.simulate(outlook.horizon, anchor="end", repetitions=_PATHS, random_errors=drawn)
    return mean, np.quantile(np.asarray(paths), outlook.quantiles, axis=1).T
