"""Exponential smoothing by likelihood: the recursions of statsmodels, and a likelihood that is never below its own."""

import warnings

import numpy as np
import pandas as pd
import pytest

from segkit.formulas.innovations import ADDED, NONE, TIMES, fit_states, told_demand

CYCLE = 4
WORDS = {"N": None, "A": "add", "M": "mul"}
SEASONS = {"N": NONE, "A": ADDED, "M": TIMES}
FORMS = [error + trend + season for error in "AM" for trend in "NAD" for season in "NAM" if error + season != "AM"]


def demand(seed=1, count=48):
    rng = np.random.default_rng(seed)
    place = np.arange(count)
    return (1 + 0.01 * place) * (1 + 0.3 * np.sin(2 * np.pi * place / CYCLE)) + rng.normal(0, 0.08, count)


def statsmodels_fit(values, form):
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    error, trend, season = form
    words = {"error": WORDS[error], "trend": None if trend == "N" else "add", "damped_trend": trend == "D"}
    season = {"seasonal": WORDS[season], "seasonal_periods": CYCLE} if season != "N" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ETSModel(pd.Series(values), **words, **season)
        return model, model.fit(disp=False, pgtol=1e-8, factr=100.0)


def states(named, form):
    """Return parameters by name in the order of `fit_states`."""
    alpha = named["smoothing_level"]
    gamma = named.get("smoothing_seasonal", 0.0) / (1 - alpha)
    first = [alpha, named.get("smoothing_trend", 0.0) / alpha, gamma, named.get("damping_trend", 1.0)]
    first += [named["initial_level"], named.get("initial_trend", 0.0)]
    lags = range(CYCLE if form[2] != "N" else 0)
    return np.array(first + [named[f"initial_seasonal.{lag}"] for lag in lags])


def likelihood(values, told, form):
    error = (values - told) / (told if form[0] == "M" else 1.0)
    scale = np.log(np.abs(told)).sum() if form[0] == "M" else 0.0
    return -len(values) / 2 * (np.log(2 * np.pi * np.mean(error**2)) + 1) - scale


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("alpha", [0.15, 0.6])
def test_what_is_told_is_what_statsmodels_tells(form, alpha):
    values = demand()
    model, _ = statsmodels_fit(values, form)
    usual = {"smoothing_level": alpha, "smoothing_trend": 0.1, "smoothing_seasonal": 0.35, "damping_trend": 0.9}
    named = {name: usual.get(name, start) for name, start in zip(model.param_names, model.start_params, strict=True)}
    result = model.smooth(np.array(list(named.values())))
    told = told_demand(states(named, form), values, SEASONS[form[2]], CYCLE if form[2] != "N" else 1)
    np.testing.assert_allclose(told, result.fittedvalues, rtol=1e-12)
    assert likelihood(values, told, form) == pytest.approx(result.llf, rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_the_likelihood_is_that_of_statsmodels_or_a_better_one(form):
    values = demand(2)
    model, fit = statsmodels_fit(values, form)
    start = states(dict(zip(model.param_names, model.start_params, strict=True)), form)
    free = np.ones(len(start), dtype=bool)
    free[[1, 5]], free[2], free[3] = form[1] != "N", form[2] != "N", form[1] == "D"
    if form[2] != "N":
        free[-1], start[-1] = False, float(form[2] == "M")
    limits = [(1e-4, 1 - 1e-4)] * 3 + [(0.8, 0.98)] + [(-np.inf, np.inf)] * (len(start) - 4)
    cycle = CYCLE if form[2] != "N" else 1
    best, _ = fit_states(
        values, start, free, [limits[place] for place in np.flatnonzero(free)], season=SEASONS[form[2]], cycle=cycle,
        times_error=form[0] == "M", tolerances=(2.2e-14, 1e-8),
    )  # fmt: skip
    assert likelihood(values, told_demand(best, values, SEASONS[form[2]], cycle), form) >= fit.llf - 1e-5
    assert (best[~free] == start[~free]).all()
