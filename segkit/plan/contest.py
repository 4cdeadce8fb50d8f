"""Step 4, the contest: which rule of sharing a short supply earns what on the company's own order book."""

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.shelf import table
from segkit.inventory.policies import class_demand
from segkit.plan.promising import Promising
from segkit.promising import order_book
from segkit.promising.contest import contest, curves, planned


class Contest(Promising):
    """Step 4, the contest: which rule of sharing a short supply earns what on the company's own order book."""

    @table
    def rule_contest(self) -> pd.DataFrame:
        """What every rule earns on the last months' orders under a stated shortage, by class, beside hindsight."""
        if not self.has_input("orders"):
            return empty_table("rule_contest")
        held, classes = self._contest()
        return contest.contest_rules(held.orders, held.supply, classes=classes, terms=held.terms)

    @table
    def contest_curve(self) -> pd.DataFrame:
        """What the number of classes, and the error of forecasts by class, do to every rule."""
        if not self.has_input("orders"):
            return empty_table("contest_curve")
        held, classes = self._contest()
        by_count = curves.vary_class_count(held.orders, held.supply, terms=held.terms)
        by_error = curves.vary_forecast_error(held.orders, held.supply, classes=classes, terms=held.terms)
        return pd.concat([by_count, by_error], ignore_index=True)

    def _contest(self) -> tuple[planned.PlannedContest, list[str]]:
        """Return what is contested, and its classes in the order that was known before; those that came later last."""
        rules, day, by = self.settings.promising, self.as_of, self._class_by()
        first = planned.first_contested_day(day, rules=rules)
        customers = self._segments_before(first) if by == "abc" else self.customers
        labelled = class_demand.label_demand_classes(self.order_lines, customers, by=by)
        dated = order_book.date_lines(labelled, self.orders)
        held = planned.plan_contest(dated, as_of=day, rules=rules, seed=self.settings.forecasts.seed)
        met = set(held.orders["demand_class"])
        known = [name for name in self._in_order(dated[(dated["order_date"] < first).to_numpy()]) if name in met]
        return held, [*known, *sorted(met - set(known))]
