"""Step 2, policies: which stock policy every item-location gets, and why."""

import pandas as pd

from segkit.core.periods import periods_per_year
from segkit.core.shelf import table
from segkit.dynamics.demand import patterns
from segkit.inventory import cover, events
from segkit.inventory.policies import covered, economics, places, policy_rules, sizing
from segkit.plan.forecasts import Forecasts


class Policies(Forecasts):
    """Step 2, policies: which stock policy every item-location gets, and why."""

    @table
    def policy_rules(self) -> pd.DataFrame:
        """Which policy, target, review and caps every item-location gets: by which rule, or set by a person."""
        rules, days = self.settings.policies, self.settings.forecasts.review_days
        overrides = self.policy_overrides
        return policy_rules.match_policies(
            self._places(), overrides, policies=rules, review_days=days, as_of=self.as_of
        )

    @table
    def policy_checks(self) -> pd.DataFrame:
        """How many item-locations each rule of policies meets, and whether it can fire."""
        return policy_rules.check_policy_rules(self._places(), policies=self.settings.policies)

    @table
    def policies(self) -> pd.DataFrame:
        """What every item-location keeps and orders, and the service and stock that gives."""
        return sizing.size_policies(self.sizing())

    def sizing(self) -> sizing.Sizing:
        """Return what policies are sized from: rules, costs and the demand that stock must cover."""
        rules, assume, days = self.policy_rules, self.settings.assume, 365.25 / periods_per_year(self.settings.periods)
        known = economics.CostRules(assume.holding_rate, assume.order_cost, self.settings.policies.shortage_cost_factor)
        costs = economics.cost_places(rules, self.items, self.item_value, rules=known, currency=self.currency)
        history = self._history()
        intervals = cover.reviewed(self._covered(history), rules, period_days=days)
        ahead = events.events_by_period(self.calendar, history, ahead=cover.longest_interval(intervals))
        seed = self.settings.forecasts.seed
        demand = covered.cover_places(history, self.items, ahead, intervals, seed=seed)
        return sizing.gather_sizing(rules, costs, demand, period_days=days, order_cost=assume.order_cost)

    def _places(self) -> pd.DataFrame:
        """Return every item-location with what the rules of policies may name."""
        by_class = bool(self.settings.demand.demand_class)
        profile = self._profile_of_places() if by_class else self.demand_profile
        facts = places.PlaceFacts(self.items, self.item_value, self.item_segments, profile, self.locations)
        return places.join_places(profile, facts)

    def _profile_of_places(self) -> pd.DataFrame:
        summed = patterns.total_by_place(self.demand)
        return patterns.profile_demand(summed, self.items, rules=self._profile_rules())
