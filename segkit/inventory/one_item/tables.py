"""The tables of an inspection, made of fitted models: long, typed, without rows where there are no models."""

from dataclasses import replace

import numpy as np
import pandas as pd

from segkit.inventory.one_item.fitted import EFFECT_COLUMNS, Fitted, Outlook
from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.one_item.residuals import ACF_COLUMNS, DIAGNOSTIC_COLUMNS, diagnose
from segkit.inventory.one_item.series import Span

_CANDIDATES = {
    "model": "str", "form": "str", "parameters": "int64", "aicc": "float64", "chosen": "bool", "reason": "str"
}  # fmt: skip
_COMPONENTS = {"model": "str", "period": "datetime64[us]", "component": "str", "value": "float64"}
_EFFECTS = {"regressor": "str", "periods": "int64", "reading": "str"}
_DIAGNOSTICS = {"model": "str", "test": "str", "reading": "str"}
_ACF = {"model": "str", "lag": "int64", "beyond_chance": "bool"}


def quantile_name(quantile: float) -> str:
    """Return the column of a quantile.

    Examples
    --------
    >>> quantile_name(0.05), quantile_name(0.9), quantile_name(0.995)
    ('q05', 'q90', 'q99.5')
    """
    percent = round(100 * quantile, 6)
    return f"q{percent:02.0f}" if percent.is_integer() else f"q{percent:g}"


def forecast_table(fitted: list[Fitted], span: Span, outlook: Outlook) -> pd.DataFrame:
    """Return model, form, period, mean and quantiles of every model, period by period."""
    names = [quantile_name(each) for each in outlook.quantiles]
    parts = [
        pd.DataFrame({"model": each.model, "form": each.form, "period": span.ahead, "mean": each.mean}).assign(
            **{name: each.quantiles[:, place] for place, name in enumerate(names)}
        )
        for each in fitted
    ]
    types = {"model": "str", "form": "str", "period": "datetime64[us]", **dict.fromkeys(["mean", *names], "float64")}
    return _stack(parts, types)


def component_table(fitted: list[Fitted], span: Span) -> pd.DataFrame:
    """Return model, period, component and value."""
    parts = [
        pd.DataFrame({"model": each.model, "period": span.periods, "component": name, "value": values})
        for each in fitted
        for name, values in each.parts.items()
    ]
    return _stack(parts, _COMPONENTS)


def candidate_table(fitted: list[Fitted]) -> pd.DataFrame:
    """Return every form that was tried, the best first."""
    rows = [
        [each.model, one.form, one.parameters, one.aicc, each.form.endswith(one.form), one.reason]
        for each in fitted
        for one in sorted(each.candidates, key=lambda one: (np.nan_to_num(one.aicc, nan=np.inf), one.form))
    ]
    return pd.DataFrame(rows, columns=list(_CANDIDATES)).astype(_CANDIDATES)


def effect_table(fitted: list[Fitted]) -> pd.DataFrame:
    """Return what regressors do, by model."""
    types = {name: _EFFECTS.get(name, "float64") for name in EFFECT_COLUMNS}
    parts = [each.effects.assign(model=each.model) for each in fitted if len(each.effects)]
    return _stack(parts, {"model": "str", **types})


def diagnose_all(fitted: list[Fitted], span: Span, remarks: Remarks) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tests of the errors of every model, and their autocorrelations."""
    made = [diagnose(each, span, remarks) for each in fitted]
    tests = {name: _DIAGNOSTICS.get(name, "float64") for name in DIAGNOSTIC_COLUMNS}
    links = {name: _ACF.get(name, "float64") for name in ACF_COLUMNS}
    return _stack([one for one, _ in made], tests), _stack([two for _, two in made if len(two)], links)


def without_negatives(fitted: Fitted, remarks: Remarks) -> Fitted:
    """Return a forecast whose figures below zero are zero, with a note where there were any."""
    if not ((fitted.mean < 0).any() or (fitted.quantiles < 0).any()):
        return fitted
    remarks.add(fitted.model, "assumption", "Figures below zero are shown as zero: demand was never below.")
    return replace(fitted, mean=np.maximum(fitted.mean, 0.0), quantiles=np.maximum(fitted.quantiles, 0.0))


def _stack(parts: list[pd.DataFrame], types: dict[str, str]) -> pd.DataFrame:
    columns = list(types)
    table = pd.concat([part[columns] for part in parts], ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return table.astype(types)
