"""The order book of a plan as the contest takes it: the last months under a stated shortage and stated goodwill."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.promising_settings import Promising
from segkit.promising.contest.short_supply import cut_supply
from segkit.promising.contest.terms import ContestTerms

_WEEK = 7
_LINE = ["order_id", "line_id", "order_date", "requested_date", "item_id", "location_id", "demand_class", "quantity"]
_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class PlannedContest:
    """What is contested: orders and supply as `contest_rules` takes them, and the terms."""

    orders: pd.DataFrame
    supply: pd.DataFrame
    terms: ContestTerms


def first_contested_day(as_of: date, *, rules: Promising) -> pd.Timestamp:
    """Return the day of the first receipt: whole weeks before the end, over the held-out months.

    Examples
    --------
    >>> first_contested_day(date(2025, 12, 31), rules=Promising(holdout_months=6))
    Timestamp('2025-07-03 00:00:00')
    """
    end = pd.Timestamp(as_of) + _DAY
    held = (end - (end - pd.DateOffset(months=rules.holdout_months))).days
    return end - pd.Timedelta(days=held // _WEEK * _WEEK)


def plan_contest(dated: pd.DataFrame, *, as_of: date, rules: Promising, seed: int) -> PlannedContest:
    """Return the contest of a plan.

    Parameters
    ----------
    dated : DataFrame
        From `date_lines`, with the class of each line as it was known before `first_contested_day`.
    as_of : date
        Last day known.
    rules : Promising
        supply_share, goodwill, max_lateness_days, holdout_months.
    seed : int
        Of intervals and noise.

    Notes
    -----
    Goodwill of a lost unit is the stated multiple of its margin; that of a late one grows evenly to it until nobody
    waits any more. Returns, and lines that a return undid, are no demand.
    """
    lines = dated[_is_demand(dated, as_of)]
    margin = (lines["gross_margin"] - lines["freight_out"]) / lines["quantity"]
    lost = lines["demand_class"].map(rules.goodwill).astype("float64").fillna(0.0) * margin.clip(lower=0.0)
    late = lost / rules.max_lateness_days if rules.max_lateness_days else 0.0 * lost
    lines = lines.assign(location_id=lines["location_id"].fillna("(all)"))
    orders = lines[_LINE].assign(unit_margin=margin, lost_goodwill=lost, late_goodwill=late).reset_index(drop=True)
    supply = cut_supply(orders, start=first_contested_day(as_of, rules=rules).date(), share=rules.contest_supply)
    return PlannedContest(orders, supply, ContestTerms(float(rules.max_lateness_days), seed=seed))


def _is_demand(dated: pd.DataFrame, as_of: date) -> np.ndarray:
    sold = (dated["quantity"] > 0) & ~dated["is_return"].astype(bool) & ~dated["is_reversed"].astype(bool)
    known = (dated["order_date"] < pd.Timestamp(as_of) + _DAY) & dated["gross_margin"].notna()
    return (sold & known).to_numpy(dtype=bool)
