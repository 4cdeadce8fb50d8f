"""Step 2, shared stock: critical levels for classes of customers who share the stock of an item-location."""

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.lead_times import measure_lead_times
from segkit.core.shelf import table
from segkit.dynamics.demand import panel
from segkit.inventory import cover
from segkit.inventory.policies import class_demand, class_stock
from segkit.plan.policies import Policies


class SharedStock(Policies):
    """Step 2, shared stock: critical levels for classes of customers who share the stock of an item-location."""

    @table
    def class_stock(self) -> pd.DataFrame:
        """Stock shared by classes of customers with critical levels, beside separate stocks and one level for all."""
        rules = self.settings.policies
        if not rules.class_by:
            return empty_table("class_stock")
        lines, seed = self._lines_by_class(rules.class_by), self.settings.forecasts.seed
        return class_stock.share_stock_by_class(
            lines, self._places_of_classes(lines), rules=rules, as_of=self.as_of, seed=seed
        )

    def _lines_by_class(self, by: str) -> pd.DataFrame:
        lines = panel.follow_successors(self.order_lines, self.items, rules=self.settings.items)
        customers = self._segments_before(self._first_held_out_day()) if by == "abc" else self.customers
        return class_demand.label_demand_classes(lines, customers, by=by)

    def _places_of_classes(self, lines: pd.DataFrame) -> pd.DataFrame:
        """Return the stocked item-locations with their lead times as known before the held-out months."""
        day = self._first_held_out_day()
        last = (day - pd.Timedelta(days=1)).date()
        lead_times = measure_lead_times(self.purchases, self.items, rules=self.settings.lead_times, as_of=last)
        rules = self.settings.forecasts
        known = lead_times, self.items, self.locations
        intervals = cover.cover_intervals(lines, *known, rules=rules, period_days=1.0, stocking=self._stocking())
        return class_demand.list_class_places(intervals, self.policy_rules, self.items)

    def _segments_before(self, day: pd.Timestamp) -> pd.DataFrame:
        """Return the value class of every customer as the last month before a day knew it."""
        told = self.segment_history
        known = (told["entity"] == "customer") & (told["known_on"] < day)
        last = told[known].sort_values("known_on").drop_duplicates("entity_id", keep="last")
        return last[["entity_id", "abc"]].rename(columns={"entity_id": "customer_id"})

    def _first_held_out_day(self) -> pd.Timestamp:
        return class_demand.first_held_out_day(self.as_of, self.settings.policies)
