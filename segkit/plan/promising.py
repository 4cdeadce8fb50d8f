"""Step 4: what can be promised to whom and when, from scarce stock."""

import pandas as pd

from segkit.core.shelf import table
from segkit.plan.shared_stock import SharedStock
from segkit.promising import supply


class Promising(SharedStock):
    """Step 4: what can be promised to whom and when, from scarce stock."""

    @table
    def supply(self) -> pd.DataFrame:
        """What each item-location has on hand, what is due, and what the policies would order now."""
        rules, day = self.settings.promising, self.as_of
        planned = supply.plan_orders(self.policies, self.stock_position, self.items, as_of=day)
        counted = supply.ReceiptRules(rules.overdue_limit_days)
        return supply.gather_supply(self.inventory, self.purchases, planned, as_of=day, rules=counted)
