"""What a director reads first: headlines, assumptions and their effects, what wants a decision."""

from typing import Any

import pandas as pd

from segkit.core.periods import last_days
from segkit.core.shelf import table
from segkit.dynamics.demand import panel
from segkit.dynamics.story import assumptions, change_headlines, headlines, watch
from segkit.inventory.policies.policy_overrides import describe_override
from segkit.plan.promises import OrderPromises


class Story(OrderPromises):
    """What a director reads first: headlines, assumptions and their effects, what wants a decision."""

    @table
    def assumptions(self) -> pd.DataFrame:
        """What was assumed because data were missing."""
        stocked = panel.stocked_places(self.inventory, self.sales)
        untimed = self._untimed(self.order_lines)
        return assumptions.list_assumptions(self.order_lines, self._sold(), stocked, untimed, settings=self.settings)

    @table
    def headlines(self) -> pd.DataFrame:
        """The headline figures of the report, as sentences and as numbers."""
        return headlines.in_order(self.data_headlines, self.profit_headlines, self.change_headlines)

    @table
    def data_headlines(self) -> pd.DataFrame:
        """The headlines of the data check."""
        days, step = self.read_activity()
        newest = last_days(days, step).max()
        told = headlines.tell_data(self.data_quality, self.assumptions, currency=self.currency, newest=newest)
        books = headlines.tell_books(self.reconciliation, currency=self.currency)
        return pd.concat([told, books], ignore_index=True) if len(books) else told

    @table
    def profit_headlines(self) -> pd.DataFrame:
        """The headlines of step 1."""
        tables = headlines.ProfitTables(
            self.item_value, self.customer_value, self.item_segments, self._window(), self.as_of
        )
        return headlines.tell_profit(tables, rules=self.settings.segments, currency=self.currency)

    @table
    def change_headlines(self) -> pd.DataFrame:
        """The headlines of what moved, and why."""
        made = self.profit_bridge, self.margin_causes, self.migration, self.micro_segments, self.order_lines
        tables, months = change_headlines.ChangeTables(*made), self.settings.segments.window_months
        return change_headlines.tell_change(tables, currency=self.currency, window_months=months)

    @table
    def assumption_effects(self) -> pd.DataFrame:
        """What the headlines would be if each assumption were 20 % lower or higher."""
        return assumptions.vary_assumptions(self.assumptions, self.profit_headlines, self._headlines_if)

    @table
    def watch_list(self) -> pd.DataFrame:
        """What moved and wants a decision, most money first."""
        tables = {name: getattr(self, name) for name in watch.NAMES}
        by_hand = tables["policy_overrides"]
        sets = pd.Series(map(describe_override, by_hand.to_dict("records")), by_hand.index, dtype="str")
        made = watch.WatchTables(**tables | {"policy_overrides": by_hand.assign(sets=sets)})
        return watch.make_watch_list(made, rules=watch.rules_of(self.settings, self.as_of))

    def _headlines_if(self, **changes: Any) -> pd.DataFrame:
        return self.what_if(**changes).profit_headlines
