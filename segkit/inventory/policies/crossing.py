"""Where orders may overtake each other: levels take them to arrive in the order in which they were placed."""

import numpy as np
import pandas as pd

from segkit.inventory.policies.gathered import NONE
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.policy_checks import add_check

NAME = "(orders in turn)"
_YEAR = 365.25
_SHOWN = 3


def find_crossing(policies: pd.DataFrame, intervals: pd.DataFrame, *, period_days: float) -> pd.DataFrame:
    """Return stocked item-locations where orders follow each other faster than their lead times scatter.

    Parameters
    ----------
    policies : DataFrame
        Table of that name.
    intervals : DataFrame
        From `cover_intervals`: sd_periods by item-location.
    period_days : float
        Days of a period.

    Returns
    -------
    DataFrame
        item_id, location_id, apart (days from order to order: the review, or for how long the least order lasts, if
        that is longer) and scatter (standard deviation of the lead time, days), those most likely to cross first.
    """
    known = policies.merge(intervals[[*PLACE, "sd_periods"]], on=PLACE)
    lasts = known["order_quantity"].fillna(0.0) / known["demand_year"].where(known["demand_year"] > 0) * _YEAR
    table = known[PLACE].assign(
        apart=np.maximum(known["review_days"], lasts.fillna(np.inf)), scatter=known["sd_periods"] * period_days
    )
    stocked = (known["policy"] != NONE) & known["order_up_to"].notna()
    table = table[(stocked & (table["apart"] < table["scatter"])).to_numpy(dtype=bool)]
    order = (table["scatter"] - table["apart"]).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def check_crossing(policy_checks: pd.DataFrame, crossing: pd.DataFrame, *, places: int) -> pd.DataFrame:
    """Return ``policy_checks`` with a last row for the assumption that orders do not overtake, where it is a bold one.

    Parameters
    ----------
    policy_checks : DataFrame
        Of the rules.
    crossing : DataFrame
        From `find_crossing`.
    places : int
        Item-locations that were looked at.
    """
    if crossing.empty:
        return policy_checks
    named = crossing.head(_SHOWN).itertuples(index=False)
    first = "; ".join(f"{item} at {place} {apart:.3g} and {scatter:.3g} days" for item, place, apart, scatter in named)
    problem = (
        "assumed: orders arrive in the order in which they were placed. Where they follow each other faster than their "
        f"lead times scatter, as at {len(crossing):,} item-location{'' if len(crossing) == 1 else 's'}, first {first}, "
        "and suppliers let later ones overtake, more service comes than is told, from more stock than it takes."
    )
    return add_check(policy_checks, NAME, problem, matched=places)
