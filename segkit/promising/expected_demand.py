"""What each class of customers is expected to ask for ahead, and what a unit for it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.promising_settings import Promising

PLACE = ["item_id", "location_id"]
_CLASS = [*PLACE, "demand_class"]
_WEEK = 7
_BEYOND = 1.6448536269514722  # of a standard deviation: what the quantile .95 of a normal is above its mean
_LEND = 20.0  # lines: a place's own shares of classes weigh n / (n + this), the shares of all places the rest


@dataclass(frozen=True)
class Ahead:
    """How far ahead demand is told: ``days`` after ``as_of``, from periods of ``period_days``; goodwill from rules."""

    as_of: date
    days: int
    period_days: float
    rules: Promising


def expect_by_class(
    forecast: pd.DataFrame, dated: pd.DataFrame, open_orders: pd.DataFrame, *, classes: Sequence[str], ahead: Ahead
) -> pd.DataFrame:
    """Return the demand expected of every class in each week ahead.

    Parameters
    ----------
    forecast : DataFrame
        item_id, location_id, period, mean and q95 of the periods ahead. [units]
    dated : DataFrame
        Order lines of the time from which shares and margins are told: demand_class, quantity, gross_margin and
        freight_out.
    open_orders : DataFrame
        Table of that name: what is ordered already counts in the first week, for certain.
    classes : sequence of str
        All classes, best first.
    ahead : Ahead
        How far, and goodwill.

    Returns
    -------
    DataFrame
        item_id, location_id, period (first day of the week), demand_class, mean, sd [units], unit_margin, goodwill_cost
        [currency/unit].

    Notes
    -----
    Classes order independently of each other: each has its share of mean and variance. Shares of a place lean on those
    of all, the more the fewer lines it has.
    """
    sold = dated[(dated["quantity"] > 0).to_numpy()]
    rates = _daily(forecast, ahead.period_days)
    share = _shares(sold, rates[PLACE], classes)
    weeks = pd.DataFrame({"week": np.arange(max(int(np.ceil(ahead.days / _WEEK)), 1))})
    rows = rates.merge(share, on=PLACE).merge(weeks, how="cross")
    length = np.minimum(_WEEK, ahead.days - rows["week"] * _WEEK)
    mean, variance = rows["mean"] * rows["share"] * length, rows["variance"] * rows["share"] * length
    known = _ordered(open_orders, rows)
    worth = _worth(sold, rows)
    begins = pd.Timestamp(ahead.as_of) + pd.Timedelta(days=1)
    made = rows[PLACE].assign(
        period=begins + pd.to_timedelta(rows["week"] * _WEEK, unit="D"),
        demand_class=rows["demand_class"],
        mean=mean + known,
        sd=np.sqrt(variance),
        unit_margin=worth,
        goodwill_cost=worth.clip(lower=0.0) * rows["demand_class"].map(ahead.rules.goodwill).fillna(0.0).astype(float),
    )
    return made.sort_values([*PLACE, "period", "demand_class"], ignore_index=True)


def _daily(forecast: pd.DataFrame, period_days: float) -> pd.DataFrame:
    """Return mean and variance of a day's demand by place: of all classes, all periods ahead together."""
    above = ((forecast["q95"] - forecast["mean"]) / _BEYOND).clip(lower=0.0)
    sums = forecast[PLACE].assign(mean=forecast["mean"], variance=above**2, periods=1.0)
    sums = sums.assign(period=forecast["period"]).groupby(PLACE, as_index=False, sort=True)
    found = sums.agg(mean=("mean", "sum"), variance=("variance", "sum"), periods=("period", "nunique"))
    days = found["periods"] * period_days
    found["variance"] = found[["mean", "variance"]].max(axis=1)  # counts vary by their mean at least
    return found[PLACE].assign(mean=found["mean"] / days, variance=found["variance"] / days)


def _shares(sold: pd.DataFrame, places: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the share of every class in the demand of every place."""
    every = places[PLACE].merge(pd.DataFrame({"demand_class": list(classes)}), how="cross")
    whole = sold.groupby("demand_class")["quantity"].sum().reindex(list(classes)).fillna(0.0)
    whole = whole / whole.sum() if whole.sum() > 0 else whole + 1.0 / max(len(whole), 1)
    own = sold.groupby(_CLASS)["quantity"].sum().rename("units").reset_index()
    every = every.merge(own, on=_CLASS, how="left").fillna({"units": 0.0})
    totals = sold.groupby(PLACE)["quantity"].agg(["sum", "size"]).reset_index()
    every = every.merge(totals, on=PLACE, how="left").fillna({"sum": 0.0, "size": 0.0})
    weight = every["size"] / (every["size"] + _LEND)
    mine = np.divide(every["units"], every["sum"], out=np.zeros(len(every)), where=(every["sum"] > 0).to_numpy())
    return every[_CLASS].assign(share=weight * mine + (1 - weight) * every["demand_class"].map(whole))


def _ordered(open_orders: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return what is ordered already, in the first week."""
    known = open_orders[(open_orders["left_out"] == "").to_numpy()].groupby(_CLASS)["quantity"].sum().rename("ordered")
    found = rows[_CLASS].merge(known.reset_index(), on=_CLASS, how="left")["ordered"].fillna(0.0).to_numpy()
    return np.where(rows["week"] == 0, found, 0.0)


def _worth(sold: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Return the margin of a unit: of the class at the place, else of the item, else 0."""
    margin = sold.assign(margin=sold["gross_margin"] - sold["freight_out"]).dropna(subset=["margin"])
    found = pd.Series(np.nan, index=rows.index)
    for key in (_CLASS, ["item_id", "demand_class"], ["item_id"]):
        sums = margin.groupby(key)[["margin", "quantity"]].sum()
        unit = (sums["margin"] / sums["quantity"].where(sums["quantity"] > 0)).rename("worth").reset_index()
        found = found.fillna(rows[key].merge(unit, on=key, how="left")["worth"])
    return found.fillna(0.0)
