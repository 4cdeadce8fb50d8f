"""What a director reads of the forecasts: sentences, each with the one figure it stands on, computed from the data."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.forecast_settings import Forecasts

STEP = "2_inventory_policies"
_TOLERANCE = 0.015
_ERRORS = 2  # standard errors within which a frequency may lie from its level
_LEVEL = 0.95
_SOURCES = {
    "receipts": "from receipts of the item",
    "location": "from the location that supplies it",
    "supplier receipts": "from receipts of its supplier",
    "master": "as the master data plan it",
    "assumed": "assumed",
}


@dataclass(frozen=True)
class Judged:
    """The tables behind the headlines: history, forecast_accuracy, forecast_calibration and the intervals of cover."""

    history: pd.DataFrame
    accuracy: pd.DataFrame
    calibration: pd.DataFrame
    intervals: pd.DataFrame


def tell_forecasts(judged: Judged, *, rules: Forecasts, unit: str) -> pd.DataFrame:
    """Return the headlines of step 2: how good forecasts are, where they are worst, and what stock must cover.

    Parameters
    ----------
    judged : Judged
        What was judged on periods that the forecasts did not know.
    rules : Forecasts
        Horizon and origins, for the words.
    unit : str
        Name of a period, for the words.

    Returns
    -------
    DataFrame
        ``forecast_headlines``; no rows where there is no history.
    """
    if judged.history.empty:
        return empty_table("forecast_headlines")
    told = [
        _tell_accuracy(judged.accuracy, rules, unit),
        _tell_quantiles(judged.calibration),
        _tell_lead_times(judged),
        _tell_worst(judged.accuracy),
        _tell_stockouts(judged.history, rules, unit),
    ]
    rows = [(STEP, *row) for row in told if row]
    return pd.DataFrame(rows, columns=["step", "headline", "sentence", "value", "unit"]).astype({"value": "float64"})


def _tell_accuracy(accuracy: pd.DataFrame, rules: Forecasts, unit: str) -> tuple:
    whole = accuracy[(accuracy["entity"] == "all") & (accuracy["judged_periods"] > 0)].set_index("method")
    if "pooled" not in whole.index or pd.isna(whole.loc["pooled", "wape"]):
        why = "no earlier origins are asked for" if rules.origins == 0 else "the history is too short"
        return "forecast_error", f"How good the forecasts are is not known: {why}.", np.nan, "share"
    own = whole.loc["pooled"]
    span = f"the {rules.horizon_periods} {unit}s" if rules.horizon_periods > 1 else f"the {unit}"
    times = f"{own['origins']:,} earlier times" if own["origins"] > 1 else "an earlier time"
    total = f" (of the sum over them: {own['sum_wape']:.0%})" if rules.horizon_periods > 1 else ""
    sentence = (
        f"Forecasts of {own['series']:,} item-locations for {span} ahead, made at {times}, missed by {own['wape']:.0%} "
        f"of demand{total}"
    )
    added = own["value_added"]
    if pd.notna(added):
        base = whole.loc["naive", "wape"] if "naive" in whole.index else np.nan
        gain = f"takes {added:.0%} off the error" if added >= 0 else f"adds {-added:.0%} to the error"
        sentence += f"; the last known demand missed by {base:.0%}, so forecasting {gain}"
    return "forecast_error", f"{sentence}.", own["wape"], "share"


def _tell_worst(accuracy: pd.DataFrame) -> tuple | None:
    own = accuracy[(accuracy["entity"] == "pattern") & (accuracy["method"] == "pooled") & accuracy["wape"].notna()]
    own = own[own["entity_id"] != "(unknown)"]
    if len(own) < 2:
        return None
    worst, best = own.loc[own["wape"].idxmax()], own.loc[own["wape"].idxmin()]
    share = worst["actual"] / own["actual"].sum() if own["actual"].sum() > 0 else 0.0
    sentence = (
        f"Hardest to forecast is {worst['entity_id']} demand ({share:.0%} of units): missed by {worst['wape']:.0%}, "
        f"{best['entity_id']} demand by {best['wape']:.0%}."
    )
    return "hardest_pattern", sentence, worst["wape"], "share"


def _tell_quantiles(calibration: pd.DataFrame) -> tuple | None:
    rows = calibration[(calibration["entity"] == "all") & calibration["frequency"].notna()]
    if rows.empty:
        return None
    row = rows.loc[(rows["quantile"] - _LEVEL).abs().idxmin()]
    error = row[["series_error", "origin_error"]].astype("float64").max()
    off, chance = row["deviation"], _ERRORS * (0.0 if np.isnan(error) else error)
    verdict = "less often than it should: stock planned so would run short"
    if off > 0:
        verdict = "more often than it should: stock planned so would be more than needed"
    if abs(off) <= chance:
        verdict += "; so few origins may show that by chance"
    if abs(off) <= _TOLERANCE:
        verdict = "as it should"
    sentence = (
        f"Demand stayed within the {row['quantile']:.0%} quantile of its forecast in {row['frequency']:.1%} of "
        f"{row['judged_periods']:,} periods judged, {verdict}."
    )
    return "quantile_held", sentence, row["frequency"], "share"


def _tell_lead_times(judged: Judged) -> tuple:
    count = len(judged.history[["item_id", "location_id"]].drop_duplicates())
    by = judged.intervals["lead_time_source"].value_counts()
    known = int(by.drop("assumed", errors="ignore").sum())
    told = ", ".join(f"{by[name]:,} {words}" for name, words in _SOURCES.items() if name in by)
    missing = count - int(by.sum())
    if not len(by):
        fix = "give purchases, items.lead_time_days or forecasts.lead_time_days"
        sentence = f"The lead time is known for none of {count:,} item-locations, so no stock can be planned: {fix}."
    else:
        left = f"; it is missing for {missing:,}, which are left out" if missing else ""
        sentence = f"Lead times of {count:,} item-locations: {told}{left}."
    return "lead_times_known", sentence, known / count, "share"


def _tell_stockouts(history: pd.DataFrame, rules: Forecasts, unit: str) -> tuple | None:
    cut = ~history["in_stock"].to_numpy(dtype=bool)
    if not cut.any():
        return None
    sold = history["quantity"].to_numpy()
    share = sold[cut].sum() / sold.sum() if sold.sum() > 0 else 0.0
    sentence = (
        f"In {cut.mean():.1%} of the {unit}s of item-locations stock was out for "
        f"{rules.stockout_share:.0%} of the days or more ({share:.1%} of units): "
        "what was sold then is not taken for what was asked."
    )
    return "stockout_periods", sentence, float(cut.mean()), "share"
