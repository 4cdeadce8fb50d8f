"""Step 4: what can be promised to whom and when, from scarce stock."""

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising as Rules
from segkit.core.shelf import table
from segkit.inventory.policies import class_demand
from segkit.plan.shared_stock import SharedStock
from segkit.promising import order_book, plan_terms, supply
from segkit.promising.allocation.class_outlook import expect_class_demand
from segkit.promising.allocation.rule_of_plan import allocate_by_rule
from segkit.promising.allocation.stated_terms import require_known_places
from segkit.promising.allocation.tabled_terms import add_tables
from segkit.promising.reliability import outlook


class Promising(SharedStock):
    """Step 4: what can be promised to whom and when, from scarce stock."""

    @table
    def supply(self) -> pd.DataFrame:
        """What each item-location has on hand, what is due, and what the policies would order now."""
        rules, day = self.settings.promising, self.as_of
        planned = supply.plan_orders(self._through_network(self.policies), self.stock_position, self.items, as_of=day)
        delays = outlook.supplier_delays(self.purchases, as_of=day, reliability=rules.receipt_reliability)
        counted = supply.SupplyRules(rules.overdue_limit_days, delay_days=delays, transit_days=self._transit_days())
        gathered = supply.gather_supply(self.inventory, self.purchases, planned, as_of=day, rules=counted)
        return gathered.assign(bid_price=plan_terms.bid_prices_of(gathered, self._agreed().bid_prices, rules=rules))

    @table
    def open_orders(self) -> pd.DataFrame:
        """What is ordered and not shipped, with the class of its customer and what it is worth."""
        if not self.has_input("orders"):
            return empty_table("open_orders")
        rules = self.settings.promising
        settled = plan_terms.settle_terms(self._dated_lines(), self.customers, rules=rules)
        return order_book.list_open_orders(settled, as_of=self.as_of, rules=rules)

    @table
    def allocations(self) -> pd.DataFrame:
        """Who may have how much of each supply, by the rule of promising.rule, and the numbers that decided."""
        if not self.has_input("orders"):
            return empty_table("allocations")
        rules = self._stated_rules()
        demand = expect_class_demand(self._dated_lines(), self.forecast, as_of=self.as_of, rules=rules)
        return allocate_by_rule(supply.counted_on(self.supply), demand, classes=self._classes(), rules=rules)

    def _transit_days(self) -> dict[str, float]:
        return supply.measure_transit(self._dated_lines()) if self.has_input("orders") else {}

    def require_promising(self) -> None:
        """Raise where the classes of promising, or what was agreed for it, cannot be used."""
        if not self.has_input("orders"):
            return
        self._require_class_attribute()
        self._require_stated_places()
        if any(len(rows) for rows in vars(self._tables_agreed()).values()):
            self._agreed()

    def _tables_agreed(self) -> plan_terms.Agreements:
        return plan_terms.Agreements(self.alternatives, self.critical_levels, self.bid_prices)

    def _agreed(self) -> plan_terms.Agreements:
        """Return the tables of what was agreed, checked against what the company has."""
        agreed, rules = self._tables_agreed(), self.settings.promising
        if any(len(rows) for rows in vars(agreed).values()):
            classes = self._class_names() if len(agreed.critical_levels) else []
            plan_terms.require_agreements(agreed, self._known_places(), classes=classes, rules=rules)
        return agreed

    def _known_places(self) -> pd.DataFrame:
        """Return item_id and location_id of every table that tells them."""
        tables = [self.items, self.locations, self.inventory, self.purchases]
        tables += [self.order_lines] if self.has_input("orders") else []
        known = [table.reindex(columns=plan_terms.PLACE).drop_duplicates() for table in tables]
        return pd.concat(known, ignore_index=True).astype("str")

    def _stated_rules(self) -> Rules:
        """Return the settings of promising, with the quotas and contracts that come as tables."""
        return self.once(
            "stated_rules", lambda plan: add_tables(plan.settings.promising, plan.quotas, plan.commitments)
        )

    def _require_stated_places(self) -> None:
        rules = self._stated_rules()
        if rules.quotas or rules.commitments or rules.capacities:
            known = self._known_places()
            items, places = known["item_id"].dropna(), known["location_id"].dropna()
            files = {name: source.file for name, source in self.settings.sources.items()}
            require_known_places(rules, items, places, stated=self.settings.promising, files=files)

    def _require_class_attribute(self) -> None:
        own = self.settings.promising.class_by
        setting = "promising.class_by" if own else "policies.class_by"
        order_book.require_class_attribute(self.customers, self.orders, by=self._class_by(), setting=setting)

    def _dated_lines(self) -> pd.DataFrame:
        by = self._class_by()
        customers = self.customer_segments if by == "abc" else self.customers
        return order_book.date_lines(class_demand.label_demand_classes(self.order_lines, customers, by=by), self.orders)

    def _class_by(self) -> str:
        return self.settings.promising.class_by or self.settings.policies.class_by or "abc"

    def _classes(self) -> list[str]:
        """Return the classes of customers, best first; none where there are no orders to tell."""
        if not self.has_input("orders"):
            return []
        self._require_class_attribute()
        order_book.require_known_classes(self._class_names(), rules=self._stated_rules())
        self._require_stated_places()
        return self._in_order(self._dated_lines())

    def _class_names(self) -> list[str]:
        """Return the classes that order lines or customers have."""
        by = self._class_by()
        customers = self.customer_segments if by == "abc" else self.customers
        labels = [self._dated_lines()["demand_class"], *([customers[by]] if by in customers else [])]
        return [str(name) for name in pd.concat(labels).dropna().unique() if str(name).strip()]

    def _in_order(self, dated: pd.DataFrame) -> list[str]:
        """Return the classes of customers, best first, as far as these lines tell."""
        rules, policies = self.settings.promising, self.settings.policies
        known = list(policies.classes_in_order) if policies.class_by == self._class_by() else []
        if not known and self._class_by() == "abc":
            known = sorted(set(dated["demand_class"]))
        return order_book.order_classes(dated, rules=rules, known=known)
