"""The contest of a plan: its rules replayed on the last days of its history, set anew from what was known then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.policy_settings import Policies
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.sizing import Sizing
from segkit.inventory.replay.beside import work_beside
from segkit.inventory.replay.days import CameDemand
from segkit.inventory.replay.gap import Held, expected_of
from segkit.inventory.replay.rules import RuleLevels, set_levels
from segkit.inventory.replay.runs import ReplayTerms, RuleReplay, replay_rules
from segkit.inventory.replay.steps import Worth

_KNOWN_PERIODS = 8
TOO_SLOW = "lead time and review last longer than the history that is known before the judged days"


@dataclass(frozen=True)
class Resets:
    """On which ``days`` levels are set, rising, and the first day that is ``judged``; no days = nothing to replay."""

    days: list[date]
    judged: date

    @property
    def warm_days(self) -> int:
        """Days replayed before the first that is judged."""
        return (self.judged - self.days[0]).days - 1 if self.days else 0


def plan_resets(
    period_ends: Sequence[pd.Timestamp],
    as_of: date,
    *,
    policies: Policies,
    period_days: float,
    arrival_days: float = 0.0,
) -> Resets:
    """Return when levels are set: at ends of periods, before the judged days until what they ordered has come.

    Parameters
    ----------
    period_ends : sequence of Timestamp
        Last days of the planning periods that are known in full, rising.
    as_of : date
        Last day of the history.
    policies : Policies
        replay_days and reset_days, which is rounded to whole periods: between their ends nothing new is known.
    period_days : float
        Days of a planning period.
    arrival_days : float
        Longest lead time and review: stock with which rules start is judged with them unless they warm up as long.

    Returns
    -------
    Resets
        As many resets before the judged days as that takes, or as the history has room for (eight periods at least are
        needed to set levels from); without days where it has none for one.

    Examples
    --------
    >>> ends = pd.date_range("2024-01-31", "2025-12-31", freq="ME")
    >>> rules = Policies(replay_days=61, reset_days=28)
    >>> made = plan_resets(ends, date(2025, 12, 31), policies=rules, period_days=30.4, arrival_days=45)
    >>> [f"{day:%m-%d}" for day in made.days], str(made.judged), made.warm_days
    (['08-31', '09-30', '10-31', '11-30'], '2025-11-01', 61)
    """
    begin, apart = (
        pd.Timestamp(as_of) - pd.Timedelta(days=policies.replay_days),
        round(policies.reset_days / period_days),
    )
    ends, apart = pd.DatetimeIndex(period_ends), max(apart, 1)
    judged, last = (begin + pd.Timedelta(days=1)).date(), int(ends.searchsorted(begin, side="right")) - 1
    warm = range(last - apart, _KNOWN_PERIODS - 2, -apart)
    if not len(warm):
        return Resets([], judged)
    enough = [place for place in warm if (begin - ends[place]).days >= arrival_days]
    days = ends[enough[0] if enough else warm[-1] :: apart]
    return Resets([day.date() for day in days[days < pd.Timestamp(as_of)]], judged)


def tell_too_short(
    period_ends: Sequence[pd.Timestamp],
    as_of: date,
    *,
    policies: Policies,
    period_days: float,
    arrival_days: float,
    unit: str,
) -> str:
    """Return why a history has no room for a replay, and what would give it one; blank where it has.

    Parameters
    ----------
    period_ends, as_of, policies, period_days, arrival_days
        As of `plan_resets`.
    unit : str
        Planning period, for the words.

    Examples
    --------
    >>> ends, rules = pd.date_range("2024-12-31", "2025-11-30", freq="ME"), Policies(replay_days=182)
    >>> tell_too_short(ends, date(2025, 11, 30), policies=rules, period_days=30.4, arrival_days=35, unit="month")
    'the history of 12 months is too short to replay 182 days after the 8 months that levels are first set from and \
the 35 days until what they order has come: set policies.replay_days to 61 or less, or plan by weeks (periods.unit)'
    """
    if plan_resets(period_ends, as_of, policies=policies, period_days=period_days).days:
        return ""
    ends, apart = pd.DatetimeIndex(period_ends), max(round(policies.reset_days / period_days), 1)
    later = ends[_KNOWN_PERIODS - 1 + apart :]
    later = later[(later - ends[min(len(ends), _KNOWN_PERIODS) - 1]).days >= arrival_days]
    room = (pd.Timestamp(as_of) - later[0]).days if len(later) else 0
    fixes = [f"set policies.replay_days to {room} or less"] if room >= period_days else []
    fixes += ["plan by weeks (periods.unit)"] if unit == "month" else []
    why = (
        f"the history of {len(ends)} {unit}s is too short to replay {policies.replay_days} days after the "
        f"{_KNOWN_PERIODS} {unit}s that levels are first set from and the {np.ceil(arrival_days):.0f} days until what "
        "they order has come"
    )
    return f"{why}: {', or '.join(fixes)}" if fixes else why


def hold_replay(
    demand: CameDemand,
    resets: Resets,
    sized_on: Callable[[date], Sizing],
    terms: ReplayTerms,
    *,
    policies: Policies,
    seed: int,
) -> tuple[RuleReplay, Held, pd.DataFrame]:
    """Return what every rule gave on the judged days, what was replayed, and ``replay_left_out``.

    Parameters
    ----------
    demand : CameDemand
        From the first reset on.
    resets : Resets
        From `plan_resets`.
    sized_on : callable
        What policies are sized from, as known on a day.
    terms : ReplayTerms
        How orders and shortages go.
    policies : Policies
        thumb_cover_days.
    seed : int
        Of the lead times.

    Notes
    -----
    An item-location that could not be sized at one of the resets is stocked by no rule then: what is short there says
    nothing of any of them. It is left out whole, and listed with the demand that came; so is one of which lead time and
    review last longer than rules warm up, where the stock they start with would be judged in their place. Resets count
    from the last one that lies a lead time and a review before the judged days.
    """
    days, judged = resets.days, pd.Timestamp(resets.judged)
    levels = _set_on(days, sized_on, policies.thumb_cover_days)
    out = _left_out(demand, levels, terms, resets)
    rows = np.setdiff1d(np.arange(len(demand.places)), demand.place_of(out))
    demand, terms = demand.of(rows), terms.of(rows)
    held = Held(demand, levels, terms, judged, seed)
    return replay_rules(demand, levels, terms, judged=judged, seed=seed), held, out


def _set_on(days: list[date], sized_on: Callable[[date], Sizing], cover_days: float) -> list[RuleLevels]:
    """Return the levels of every reset, two at a time: while one reads tables, the other works out levels."""

    def levels_on(day: date) -> RuleLevels:
        return set_levels(sized_on(day), pd.Timestamp(day), cover_days=cover_days)

    return work_beside(levels_on, days)


def _left_out(demand: CameDemand, levels: list[RuleLevels], terms: ReplayTerms, resets: Resets) -> pd.DataFrame:
    """Return places that rules cannot be judged at, the last reason of each, and what was asked for there."""
    reason = np.full(len(demand.places), "", dtype=object)
    judged, needed = pd.Timestamp(resets.judged), terms.arrival_days
    ends = [*(later.day for later in levels[1:]), judged]
    for one, end in zip(levels, ends, strict=True):
        place, told = demand.place_of(one.unsized), one.unsized["reason"].to_numpy(dtype=object)
        place, told = place[place >= 0], told[place >= 0]
        counts = (judged - end).days - 1 < needed[place]
        reason[place[counts]] = told[counts]
    slow = np.flatnonzero((needed > resets.warm_days) & (reason == ""))
    reason[slow] = [f"{TOO_SLOW} ({resets.warm_days} days)"] * len(slow)
    rows = np.flatnonzero(reason != "")
    known = (demand.quantity * demand.known)[:, demand.starts >= judged]
    kinds = empty_table("replay_left_out").dtypes
    told = demand.places.iloc[rows].assign(demand=known.sum(axis=1)[rows], reason=reason[rows])
    return told[list(kinds.index)].astype(kinds.to_dict()).sort_values(PLACE, ignore_index=True)


def value_replay(
    run: RuleReplay,
    levels: list[RuleLevels],
    costs: pd.DataFrame,
    segments: pd.DataFrame,
    value: pd.DataFrame,
    *,
    policies: Policies,
    order_cost: float | None,
) -> Worth:
    """Return what units are worth at the places of a replay, and the segments by which it is told.

    Parameters
    ----------
    run : RuleReplay
        From `hold_replay`.
    levels : list of RuleLevels
        Of which those that held on judged days tell what was expected.
    costs : DataFrame
        From `cost_places`, row by row as the places.
    segments : DataFrame
        Table ``item_segments``.
    value : DataFrame
        Table ``item_value``: units per order line.
    policies : Policies
        service_weight.
    order_cost : float, optional
        Cost of an order line. [currency]
    """
    places = run.demand.places
    known = segments.drop_duplicates("item_id").set_index("item_id")
    named: dict[str, Any] = {"all": np.full(len(places), "(all)", dtype=object)}
    for name in ("abc", "xyz", "segment"):
        named[name] = (
            places["item_id"].map(known[name]).astype("str").fillna("").replace("", "(none)").to_numpy(dtype=object)
        )
    named["location_id"] = places["location_id"].to_numpy(dtype=object)
    margin = costs["unit_margin"].fillna(0.0).clip(lower=0.0).to_numpy()
    price = costs["unit_price"].fillna(0.0).clip(lower=0.0).to_numpy()
    units = value.set_index("item_id")
    line = (
        places["item_id"]
        .map(units["quantity"] / units["lines"])
        .astype("float64")
        .fillna(1.0)
        .clip(lower=1e-9)
        .to_numpy()
    )
    weights = {"margin": margin, "revenue": price, "lines": 1.0 / line, "units": np.ones(len(places))}
    return Worth(
        costs["unit_cost"].fillna(0.0).to_numpy(),
        margin,
        costs["shortage_cost"].fillna(0.0).to_numpy(),
        costs["holding_cost"].fillna(0.0).to_numpy(),
        weights[policies.service_weight],
        order_cost or 0.0,
        pd.DataFrame(named),
        expected_of(run.demand, levels, "fill_rate"),
        expected_of(run.demand, levels, "cycle_service"),
    )
