"""What an inspection says in plain words."""

import numpy as np
import pandas as pd

from segkit.inventory.one_item.remarks import Remarks

_RARE = 0.3  # share of periods without demand from which normal errors are a poor picture
_SAME = 0.005
_BENCHMARKS = ("naive", "seasonal_naive")


def tell_findings(series: pd.DataFrame, fit: pd.DataFrame, diagnostics: pd.DataFrame, remarks: Remarks) -> None:
    """Add what the analyst should read first: the state of the history, who forecasts best, what the errors hide."""
    _tell_history(series, remarks)
    models = fit[~fit["model"].isin(_BENCHMARKS)]
    judged = models.dropna(subset=["value_added"])
    judged = judged[judged["rolling_origins"] == judged["rolling_origins"].max()].sort_values(["rolling_rmse", "model"])
    if len(judged):
        best = judged.iloc[0]
        text = f"{best['form']} is closest from {best['rolling_origins']} rolling origins: "
        text += _beside_naive(float(best["value_added"]))
        remarks.add(best["model"], "finding", text)
    if len(models) > 1:
        remarks.add("fit", "finding", "The aicc compares forms of one model; compare models by their rolling errors.")
    for row in diagnostics[~diagnostics["model"].isin(_BENCHMARKS) & (diagnostics["p_value"] < 0.05)].itertuples():
        remarks.add(str(row.model), "finding", f"{row.test}: {row.reading}.")


def _beside_naive(value_added: float) -> str:
    if abs(value_added) < _SAME:
        return "as much error as naive."
    if value_added > 0:
        return f"{value_added:.0%} less error than naive."
    return f"{-value_added:.0%} more error than naive: no model beats it."


def _tell_history(series: pd.DataFrame, remarks: Remarks) -> None:
    status = series["status"]
    used = series.loc[status == "used", "quantity"].to_numpy()
    for name in ("out of stock", "not known"):
        count = int((status == name).sum())
        if count:
            text = f"{count:,} period{'s' * (count != 1)} {name}: missing for the models, not counted as no demand."
            remarks.add("history", "finding", text)
    early = int((status == "not yet listed").sum())
    if early and used.size:
        text = f"{early:,} period{'s' * (early != 1)} before the first sale: not yet listed, left out."
        remarks.add("history", "finding", text)
    if used.size and np.mean(used == 0) >= _RARE:
        text = f"{np.mean(used == 0):.0%} of known periods are without demand: models with normal errors give poor "
        remarks.add("history", "finding", text + "quantiles here; trust the pooled ones.")
