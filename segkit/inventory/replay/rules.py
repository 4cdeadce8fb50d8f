"""The rules that are replayed beside each other: the company's own, one target for all, and a rule of thumb."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.inventory.policies.limits import size_within_limits
from segkit.inventory.policies.places import PLACE
from segkit.inventory.policies.sizing import NO_LEAD_TIME, NONE, Sizing, packs_of, size_targets

OWN, THUMB = "differentiated", "rule of thumb"
ONE_TARGETS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)
_LEVELS = ["reorder_point", "order_up_to", "order_quantity"]
_EXPECTED = ["fill_rate", "cycle_service"]


def one_target_name(target: float) -> str:
    """Return the name of the rule that gives all the same cycle_service (P1).

    Examples
    --------
    >>> one_target_name(0.95)
    'one target P1 95 %'
    """
    return f"one target P1 {100 * target:g} %"


@dataclass(frozen=True)
class RuleLevels:
    """Levels of item-locations under every rule, as set on one day: tables by rule, row by row as ``places``.

    ``unsized`` tells which item-locations no level can be set for on that day, and the reason.
    """

    day: pd.Timestamp
    places: pd.DataFrame
    by_rule: dict[str, pd.DataFrame]
    unsized: pd.DataFrame = field(default_factory=lambda: empty_table("replay_left_out")[[*PLACE, "reason"]])


def set_levels(sizing: Sizing, day: pd.Timestamp, *, cover_days: float) -> RuleLevels:
    """Return the levels that every rule sets on a day.

    Parameters
    ----------
    sizing : Sizing
        As known on that day.
    day : Timestamp
        The day.
    cover_days : float
        Days of demand that the rule of thumb keeps above lead time and review, the same for all.

    Returns
    -------
    RuleLevels
        What the own rules do not stock (to_order by rule), or could not size, no rule stocks; what they leave out
        because no stock pays, one size for all does stock.
    """
    own = size_within_limits(sizing)
    unsized = own["order_up_to"].isna().to_numpy()
    made = {OWN: _levels(own).assign(**_without_lots(sizing, own))}
    same = sizing.under(service_measure="cycle_service", policy="order_up_to", source="rule")
    waiting = replace(same, unmet="backorder")  # P1 is sized so whatever becomes of short demand
    for target, table in zip(ONE_TARGETS, size_targets(waiting, ONE_TARGETS), strict=True):
        made[one_target_name(target)] = _levels(table)
    made[THUMB] = _thumb(sizing, cover_days)
    made = {name: _without(levels, unsized) for name, levels in made.items()}
    kept = [*PLACE, "lead_time_days", "review_days", "demand_year"]
    sd = sizing.covered.places["sd_periods"].to_numpy() * sizing.period_days
    bare = [own.loc[unsized, [*PLACE, "reason"]], sizing.untimed.assign(reason=NO_LEAD_TIME)]
    return RuleLevels(
        day, own[kept].assign(lead_time_sd=sd, unit=sizing.covered.lots), made, pd.concat(bare, ignore_index=True)
    )


def _without_lots(sizing: Sizing, own: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return stock as expected, and what the same order-up-to levels were to give if just what lacks were ordered."""
    lots, stocked = sizing.covered.lots, (own["order_up_to"] > 0).to_numpy()
    point = np.where(stocked, own["order_up_to"].to_numpy() / lots, 0.0) - 1.0
    given = sizing.formulas.service(sizing.covered.demand, point, np.ones(len(own)))
    free = {"fill_rate_free": given.fill_rate, "stock_free": given.on_hand * lots}
    told = {name: np.where(stocked, values, 0.0) for name, values in free.items()}
    return told | {"stock": own["stock"].to_numpy(), "unit": lots}


def _levels(policies: pd.DataFrame) -> pd.DataFrame:
    levels = policies[[*_LEVELS, *(name for name in _EXPECTED if name in policies)]].copy()
    bare = (policies["policy"] == NONE).to_numpy() | ~(levels["order_up_to"] > 0).to_numpy()
    levels = _without(levels, bare)
    lots = ((policies["policy"] == "reorder_quantity") & ~bare).to_numpy()
    levels["lot"] = np.where(lots, levels["order_quantity"].fillna(0.0), 0.0)
    return levels


def _without(levels: pd.DataFrame, bare: np.ndarray) -> pd.DataFrame:
    """Return levels under which some of the item-locations are not stocked."""
    return levels.assign(**{name: levels[name].where(~bare, -1.0) for name in ("reorder_point", "order_up_to")})


def _thumb(sizing: Sizing, cover_days: float) -> pd.DataFrame:
    """Return levels of so many days of recent demand above lead time and review."""
    rules, places = sizing.rules, sizing.covered.places
    days = places["mean_periods"].to_numpy() * sizing.period_days + rules["review_days"].to_numpy() + cover_days
    lots = sizing.covered.lots
    level = np.ceil(places["recent_mean"].to_numpy() / sizing.period_days * days / lots - 1e-9) * lots
    level = np.where((rules["policy"] == NONE).to_numpy() | (level <= 0), -1.0, level)
    packs = packs_of(sizing)
    least = np.ceil(np.maximum(sizing.costs["moq"].fillna(0.0).to_numpy(), packs) / packs - 1e-9) * packs
    return pd.DataFrame(
        {"reorder_point": np.where(level > 0, np.maximum(level - least, 0.0), -1.0), "order_up_to": level}
    ).assign(order_quantity=least, lot=0.0)
