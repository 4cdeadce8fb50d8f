"""What policies are sized from: rules, costs, covered demand, and the formulas and limits that hold."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.formulas.lost_sales import (
    economic_reorder_point_of_lost_sales,
    expected_service_of_lost_sales,
    reorder_point_for_fill_rate_of_lost_sales,
    work_out_lost_sales,
)
from segkit.formulas.policy_levels import (
    ExpectedService,
    economic_reorder_point,
    expected_service,
    reorder_point_for_fill_rate_by_curve,
    work_out_parts,
)
from segkit.inventory.policies.covered import CoveredPlaces
from segkit.inventory.policies.places import PLACE

_YEAR = 365.25
NONE = "to_order"


@dataclass(frozen=True)
class Limit:
    """What stock of several item-locations together must not exceed: a setting's name, use of a unit, group, limits.

    ``use`` is what a unit takes (its cost, its room), ``group`` the number of the limit that each row is under, or -1,
    and ``most`` the limits.
    """

    name: str
    use: np.ndarray
    group: np.ndarray
    most: np.ndarray


class Formulas(NamedTuple):
    """What levels give, and which give a fill_rate (P2) or cost least; all take demand, arrays, and packs.

    ``prepare`` works out once for all what the others would work out for each part of the demand.
    """

    prepare: Callable[..., None]
    service: Callable[..., ExpectedService]
    for_fill_rate: Callable[..., np.ndarray]
    economic: Callable[..., np.ndarray]


WAITING = Formulas(work_out_parts, expected_service, reorder_point_for_fill_rate_by_curve, economic_reorder_point)
LOST = Formulas(
    work_out_lost_sales,
    expected_service_of_lost_sales,
    reorder_point_for_fill_rate_of_lost_sales,
    economic_reorder_point_of_lost_sales,
)


@dataclass(frozen=True)
class Sizing:
    """What policies are sized from: rules, costs and covered demand of the same item-locations, row by row.

    ``limits`` hold for the policies (see `size_within_limits`); ``unmet`` tells what becomes of short demand: lost or
    backorder. ``untimed`` are item-locations with a rule and no lead time: they cannot be sized.
    """

    rules: pd.DataFrame
    costs: pd.DataFrame
    covered: CoveredPlaces
    period_days: float
    order_cost: float | None
    limits: tuple[Limit, ...] = ()
    unmet: str = "backorder"
    untimed: pd.DataFrame = field(default_factory=lambda: empty_table("policies")[PLACE])

    @property
    def formulas(self) -> "Formulas":
        """Return the formulas that hold for what becomes of short demand."""
        return LOST if self.unmet == "lost" else WAITING

    @property
    def demand_year(self) -> np.ndarray:
        """Return expected demand by item-location. [units/year]."""
        return self.covered.places["demand_mean"].to_numpy() * _YEAR / self.period_days

    def of(self, rows: np.ndarray) -> "Sizing":
        """Return the same of some of the item-locations; without limits, which hold for all together."""
        covered = self.covered
        some = CoveredPlaces(
            covered.places.iloc[rows].reset_index(drop=True), covered.demand.of(rows), covered.lots[rows]
        )
        rules, costs = (table.iloc[rows].reset_index(drop=True) for table in (self.rules, self.costs))
        return replace(self, rules=rules, costs=costs, covered=some, limits=())

    def under(self, **rules: object) -> "Sizing":
        """Return the same under other rules for all that is stocked: columns of ``policy_rules``."""
        given = {**rules, "reorder_point": np.nan, "order_up_to": np.nan, "order_quantity": np.nan}
        given |= {"safety_stock": np.nan, "max_cover_days": np.nan, "min_stock": np.nan, "max_stock": np.nan}
        stocked = (self.rules["policy"] != NONE).to_numpy()
        changed = {name: self.rules[name].where(~stocked, value) for name, value in given.items()}  # type: ignore[call-overload]
        return replace(self, rules=self.rules.assign(**changed))


def gather_sizing(
    rules: pd.DataFrame, costs: pd.DataFrame, covered: CoveredPlaces, *, period_days: float, order_cost: float | None
) -> Sizing:
    """Return rules, costs and covered demand of the item-locations that have all three.

    Parameters
    ----------
    rules : DataFrame
        Table ``policy_rules``.
    costs : DataFrame
        From `cost_places`, of the same item-locations.
    covered : CoveredPlaces
        Demand to cover; item-locations without a lead time are not in it.
    period_days : float
        Days of a planning period.
    order_cost : float, optional
        Cost of an order line. [currency]
    """
    keys = pd.MultiIndex.from_frame(covered.places[PLACE])
    place = pd.MultiIndex.from_frame(rules[PLACE]).get_indexer(keys)
    rows = np.flatnonzero(place >= 0)
    kept = CoveredPlaces(covered.places.iloc[rows].reset_index(drop=True), covered.demand.of(rows), covered.lots[rows])
    own, worth = (table.iloc[place[rows]].reset_index(drop=True) for table in (rules, costs))
    bare = ~np.isin(np.arange(len(rules)), place[rows])
    untimed = rules.loc[bare, PLACE].reset_index(drop=True)
    return Sizing(own, worth, kept, period_days, order_cost, untimed=untimed)
