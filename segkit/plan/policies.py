"""Step 2, policies: which stock policy every item-location gets, and why."""

import pandas as pd

from segkit.core.shelf import table
from segkit.dynamics.demand import patterns
from segkit.inventory.policies import places, policy_rules
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

    def _places(self) -> pd.DataFrame:
        """Return every item-location with what the rules of policies may name."""
        by_class = bool(self.settings.demand.demand_class)
        profile = self._profile_of_places() if by_class else self.demand_profile
        facts = places.PlaceFacts(self.items, self.item_value, self.item_segments, profile, self.locations)
        return places.join_places(profile, facts)

    def _profile_of_places(self) -> pd.DataFrame:
        summed = patterns.total_by_place(self.demand)
        return patterns.profile_demand(summed, self.items, rules=self._profile_rules())
