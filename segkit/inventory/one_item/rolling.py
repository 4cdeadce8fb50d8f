"""How good the models of one item were: one step ahead in the span, and over the horizon from rolling origins."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from segkit.inventory.one_item.fitted import Fitted, Outlook
from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.one_item.series import Span

FIT_COLUMNS = [
    "model", "form", "parameters", "periods", "aicc", "mae", "rmse", "bias", "rolling_origins", "rolling_horizon",
    "rolling_mae", "rolling_rmse", "rolling_bias", "naive_rmse", "value_added",
]  # fmt: skip
Fit = Callable[[Span, Outlook, Remarks], Fitted | None]
_MOST_ORIGINS = 6
_SHARE_AHEAD = 5  # the horizon judged is at most a fifth of the span
_FEWEST = 6


def list_origins(length: int, horizon: int) -> tuple[list[int], int]:
    """Return how many periods are known at each rolling origin, and how far ahead each is judged.

    Examples
    --------
    >>> list_origins(36, 12)
    ([19, 21, 23, 25, 27, 29], 7)
    >>> list_origins(6, 12)
    ([], 1)
    """
    ahead = min(horizon, max(length // _SHARE_AHEAD, 1))
    step = max(ahead // 3, 1)
    fewest = max(_FEWEST, -(-length // 2))
    origins = [length - ahead - step * back for back in range(_MOST_ORIGINS)]
    return sorted(origin for origin in origins if origin >= fewest), ahead


def judge_models(
    span: Span, fits: dict[str, Fit], fitted: list[Fitted], horizon: int, remarks: Remarks
) -> pd.DataFrame:
    """Return one row per model: its form, AICc, errors one step ahead, and errors from rolling origins beside naive.

    At each origin every model chooses its form and parameters anew from what was known then. Naive is judged at the
    same origins as the model beside it. Value added goes by squared errors, which a mean forecast should keep small:
    absolute ones praise forecasts of zero where most periods are without demand.
    """
    origins, ahead = list_origins(len(span.values), horizon)
    errors = {model: _roll(model, fit, span, origins, ahead, remarks) for model, fit in fits.items()}
    naive = errors["naive"]
    if fitted and not origins:
        text = f"No rolling origins: periods since listed ({len(span.values)}) are too few to judge a forecast."
        remarks.add("fit", "reason", text)
    rows = [{**_describe(each, span), **_judge(errors[each.model], naive, ahead)} for each in fitted]
    table = pd.DataFrame(rows, columns=FIT_COLUMNS)
    whole = dict.fromkeys(("parameters", "periods", "rolling_origins", "rolling_horizon"), "int64")
    numbers = {name: "float64" for name in FIT_COLUMNS[4:] if name not in whole}
    return table.astype({"model": "str", "form": "str", **whole, **numbers})


def _roll(model: str, fit: Fit, span: Span, origins: list[int], ahead: int, remarks: Remarks) -> np.ndarray:
    """Return forecast - actual by origin and step; NaN where demand is not known or there is no forecast."""
    errors = np.full((len(origins), ahead), np.nan)
    for row, origin in enumerate(origins):
        heard = Remarks()
        past = span.until(origin, ahead)
        made = fit(past, Outlook(ahead), heard) if past.known.any() else None
        if made is not None:
            errors[row] = made.mean - span.values[origin : origin + ahead]
        for text in heard.table().query("kind == 'warning'")["note"]:
            remarks.add(f"{model}, rolling origins", "warning", text)
    return errors


def _describe(fitted: Fitted, span: Span) -> dict:
    error = fitted.one_step - span.values
    error = error[np.isfinite(error)]
    return {
        "model": fitted.model,
        "form": fitted.form,
        "parameters": fitted.parameters,
        "periods": int(span.known.sum()),
        "aicc": fitted.aicc,
        "mae": _mean(np.abs(error)),
        "rmse": np.sqrt(_mean(error**2)),
        "bias": _mean(error),
    }


def _judge(error: np.ndarray, naive: np.ndarray, ahead: int) -> dict:
    both = np.isfinite(error) & np.isfinite(naive)
    own, beside = error[both], np.sqrt(_mean(naive[both] ** 2))
    rmse = np.sqrt(_mean(own**2))
    return {
        "rolling_origins": int(both.any(axis=1).sum()),
        "rolling_horizon": ahead,
        "rolling_mae": _mean(np.abs(own)),
        "rolling_rmse": rmse,
        "rolling_bias": _mean(own),
        "naive_rmse": beside,
        "value_added": 1 - rmse / beside if beside > 0 else np.nan,
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan
