"""Lead times and reviews in whole periods: how they are replayed, and sized, where sales are known by period only."""

import numpy as np
import pandas as pd

_FIXED = 1e-3  # periods: lead times that vary more are drawn anew for every order, and keep their mean
_SAME = 0.02  # of lead time and review: what is nearer than this need not be told


def round_intervals(intervals: pd.DataFrame) -> pd.DataFrame:
    """Return the intervals that a replay by period really has: fixed lead times and reviews in whole periods.

    Parameters
    ----------
    intervals : DataFrame
        From `cover_intervals`.

    Examples
    --------
    >>> week = pd.DataFrame({"mean_periods": [10 / 7], "sd_periods": [0.0], "review_periods": [0.2]})
    >>> round_intervals(week)[["mean_periods", "review_periods"]].to_numpy().tolist()
    [[1.0, 1.0]]
    """
    fixed = intervals["sd_periods"] <= _FIXED
    lead = intervals["mean_periods"].where(~fixed, intervals["mean_periods"].round())
    return intervals.assign(mean_periods=lead, review_periods=intervals["review_periods"].round().clip(lower=1.0))


def round_reviews(policy_rules: pd.DataFrame, period_days: float) -> pd.DataFrame:
    """Return rules with reviews every whole number of periods.

    Parameters
    ----------
    policy_rules : DataFrame
        Table of that name: review_days.
    period_days : float
        Days of a period.
    """
    periods = (policy_rules["review_days"] / period_days).round().clip(lower=1.0)
    return policy_rules.assign(review_days=periods * period_days)


def tell_rounding(intervals: pd.DataFrame, unit: str, period_days: float) -> str:
    """Return in words what rounding does to lead time and review; blank where it does next to nothing.

    Parameters
    ----------
    intervals : DataFrame
        From `cover_intervals`.
    unit : str
        What a period is called.
    period_days : float
        Days of a period.
    """
    if intervals.empty:
        return ""
    whole = round_intervals(intervals)
    told, made = (float(np.median(some["mean_periods"] + some["review_periods"])) for some in (intervals, whole))
    if abs(made - told) <= _SAME * told:
        return ""
    return (
        f"Sales are known by the {unit} only: the replay assumes lead times and reviews of whole {unit}s, together "
        f"{made * period_days:.0f} days where {told * period_days:.0f} are known (median), and sizes all for these."
    )


def tell_whole_days(lead_time_days: np.ndarray, lead_time_sd: np.ndarray, review_days: np.ndarray) -> str:
    """Return in words that a replay by day has times in whole days; blank where that does next to nothing to any place.

    Parameters
    ----------
    lead_time_days, lead_time_sd, review_days : array
        Of every place, as policies are sized for them. [days]

    Examples
    --------
    >>> tell_whole_days(np.array([2.4, 7.0]), np.zeros(2), np.ones(2)).split(", ")[-1]
    'at most 3 days where 3.4 are known.'
    """
    lead = np.where(lead_time_sd <= _FIXED, np.round(lead_time_days), lead_time_days)
    told, made = lead_time_days + review_days, lead + np.maximum(np.round(review_days), 1.0)
    off = np.abs(made - told) > _SAME * np.maximum(told, _FIXED)
    if not off.any():
        return ""
    worst = int(np.where(off, np.abs(made - told) / np.maximum(told, _FIXED), -1.0).argmax())
    return (
        f"The replay takes lead times and reviews in whole days: at {int(off.sum()):,} of {len(told):,} item-locations "
        f"they are others than levels are sized for, at most {made[worst]:.0f} days where {told[worst]:.1f} are known."
    )
