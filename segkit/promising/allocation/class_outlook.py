"""What each class of customers will ask of an item at a location, by week, from the forecast of all together."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.promising_settings import Promising
from segkit.promising.allocation.supply_buckets import PLACE

_DAYS = 7  # of a period ahead
_MEMORY_DAYS = 365  # of order lines from which shares and margins of classes are taken
_PRIOR = 20.0  # units of the location's shares that an item's own are weighed against
_Z90 = 1.2815515655446004  # quantile of the standard normal at 90 %


def expect_class_demand(dated: pd.DataFrame, forecast: pd.DataFrame, *, as_of: date, rules: Promising) -> pd.DataFrame:
    """Return demand of each class in each week ahead, with what a unit for it brings.

    Parameters
    ----------
    dated : DataFrame
        Order lines with their class, from ``date_lines`` of ``segkit.promising.order_book``.
    forecast : DataFrame
        Table of that name; classes of demand in it are added up.
    as_of : date
        Last day known; the first week begins the day after.
    rules : Promising
        horizon_days and goodwill.

    Returns
    -------
    DataFrame
        item_id, location_id, demand_class, period, mean, sd [units], unit_margin, goodwill_cost [currency/unit]: what
        `allocate_nested` takes. Items without a sale in the last year have no margin, and no rows.

    Notes
    -----
    A class has the share of demand that it had of the last year's units, weighed against its share at the location (20
    units). Mean and variance of a week are those of the forecast's period pro rata; the variance of a class is as if
    each unit came from a class by chance. Spread is read from the forecast's quantiles (q90 against q50).
    """
    day = pd.Timestamp(as_of)
    sold = dated[(dated["quantity"] > 0) & ~dated["is_reversed"].astype(bool) & (dated["order_date"] <= day)]
    sold = sold[sold["order_date"] > day - pd.Timedelta(days=_MEMORY_DAYS)]
    rates = _rates(forecast, day, rules.horizon_days)
    table = rates.merge(_shares(sold), on=PLACE).merge(_margins(sold), "left", ["item_id", "demand_class"])
    table["unit_margin"] = table["unit_margin"].fillna(table["item_margin"])
    part, mean = table["part"], table["rate_mean"]
    extra = (table["rate_variance"] - mean).clip(lower=0.0)
    table["sd"] = np.sqrt(part**2 * extra + part * mean)
    table["mean"] = part * mean
    multiple = table["demand_class"].map(rules.goodwill).astype(float).fillna(0.0)
    table["goodwill_cost"] = multiple * table["unit_margin"].clip(lower=0.0)
    table = table[(table["mean"] > 0) & table["unit_margin"].notna()]
    key = [*PLACE, "demand_class", "period"]
    return table[[*key, "mean", "sd", "unit_margin", "goodwill_cost"]].sort_values(key, ignore_index=True)


def _rates(forecast: pd.DataFrame, day: pd.Timestamp, horizon: int) -> pd.DataFrame:
    """Return mean and variance of all classes together for each week ahead."""
    spread = ((forecast["q90"] - forecast["q50"]).clip(lower=0.0) / _Z90) ** 2
    rows = forecast.assign(variance=np.maximum(spread, forecast["mean"]))
    sums = rows.groupby([*PLACE, "period"], as_index=False)[["mean", "variance"]].sum()
    weeks = day + pd.Timedelta(days=1) + pd.to_timedelta(np.arange(0, horizon, _DAYS), unit="D")
    starts = np.sort(sums["period"].unique())
    if not len(starts):
        return sums[PLACE].assign(period=pd.NaT, rate_mean=0.0, rate_variance=0.0)
    known = pd.Series(starts).diff().shift(-1).dt.days.ffill().fillna(30.0).to_numpy()
    at = np.maximum(np.searchsorted(starts, weeks.to_numpy(dtype=starts.dtype), side="right") - 1, 0)
    length = np.minimum(_DAYS, horizon - np.arange(0, horizon, _DAYS))
    plan = pd.DataFrame({"week": weeks, "period": starts[at], "part": length / known[at]})
    both = sums.merge(plan, on="period")
    return both[PLACE].assign(
        period=both["week"], rate_mean=both["mean"] * both["part"], rate_variance=both["variance"] * both["part"]
    )


def _shares(sold: pd.DataFrame) -> pd.DataFrame:
    """Return the part of each class in the demand of an item and location, told by both and by the location alone."""
    units = sold.groupby([*PLACE, "demand_class"])["quantity"].sum()
    local = sold.groupby(["location_id", "demand_class"])["quantity"].sum()
    prior = (local / local.groupby("location_id").transform("sum")).rename("prior").reset_index()
    places = sold[PLACE].drop_duplicates().merge(prior, on="location_id")
    table = places.merge(units.rename("own").reset_index(), "left", [*PLACE, "demand_class"]).fillna({"own": 0.0})
    total = table.groupby(PLACE)["own"].transform("sum")
    table["part"] = (table["own"] + _PRIOR * table["prior"]) / (total + _PRIOR)
    items = sold.groupby("item_id")[["gross_margin", "freight_out", "quantity"]].sum()
    item = ((items["gross_margin"] - items["freight_out"]) / items["quantity"]).rename("item_margin").reset_index()
    return table[[*PLACE, "demand_class", "part"]].merge(item, "left", "item_id")


def _margins(sold: pd.DataFrame) -> pd.DataFrame:
    sums = sold.groupby(["item_id", "demand_class"])[["gross_margin", "freight_out", "quantity"]].sum()
    margin = (sums["gross_margin"] - sums["freight_out"]) / sums["quantity"]
    return margin.rename("unit_margin").reset_index()
