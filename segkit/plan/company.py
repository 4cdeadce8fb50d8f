"""What a company brings: its input tables, what was read of them, periods and lead times."""

import pandas as pd

from segkit.core.lead_times import measure_lead_times
from segkit.core.money import exchange_rates
from segkit.core.periods import list_periods
from segkit.core.shelf import Shelf, source, table
from segkit.dynamics.classes import overrides, rules
from segkit.dynamics.demand import panel
from segkit.dynamics.lines import profitability
from segkit.inventory.policies import policy_overrides, policy_rules


class Company(Shelf):
    """What a company brings: its input tables, what was read of them, periods and lead times."""

    orders = source("orders")
    sales = source("sales")
    items = source("items")
    customers = source("customers")
    locations = source("locations")
    inventory = source("inventory")
    purchases = source("purchases")
    charges = source("charges")
    suppliers = source("suppliers")
    class_overrides = source("class_overrides")
    policy_overrides = source("policy_overrides")
    activities = source("activities")
    profit_and_loss = source("profit_and_loss")
    lanes = source("lanes")
    duties = source("duties")
    forecast_errors = source("forecast_errors")
    calendar = source("calendar")
    fx = source("fx")
    indices = source("indices")
    alternatives = source("alternatives")
    critical_levels = source("critical_levels")
    bid_prices = source("bid_prices")
    quotas = source("quotas")
    commitments = source("commitments")

    @table
    def set_aside(self) -> pd.DataFrame:
        """Every input row that was not used, with its reason."""
        return self.read_report("set_aside")

    @table
    def periods(self) -> pd.DataFrame:
        """Planning periods, and which of them the data cover in full."""
        days, step = self.read_activity()
        return list_periods(days, self.settings.periods, as_of=self.as_of, step_days=step)

    @table
    def lead_times(self) -> pd.DataFrame:
        """Lead times as they were, with what the master data plan."""
        return measure_lead_times(self.purchases, self.items, rules=self.settings.lead_times, as_of=self.as_of)

    @property
    def currency(self) -> str:
        """Currency of every money column."""
        return self.settings.company.currency

    def require_costs(self) -> None:
        """Raise a DataError if classes are made by margin and some cost is neither given nor assumed."""
        profitability.require_costs(self._sold(), self.items, settings=self.settings)

    def require_classes(self) -> None:
        """Raise where classes set by a person, or rules of segkit.toml, cannot be used."""
        overrides.require_overrides(self.class_overrides, labels=self.settings.segments.abc_labels)
        rules.require_rules(self._masters(), rules=self.settings.rules)

    def require_policies(self) -> None:
        """Raise where the rules of policies, or what a person set of them, cannot be used."""
        policy_overrides.require_policy_overrides(self.policy_overrides)
        policy_rules.require_policy_rules(self.settings.policies)

    def require_books(self) -> None:
        """Raise a DataError if the client's profit and loss cannot be counted in the plan's currency."""
        books, fx = self.profit_and_loss, self.fx
        if "currency" in books:
            to = self.settings.company.currency
            exchange_rates(books["currency"], books["period"], fx, to=to, rules=self.settings.fx)

    def _sold(self) -> pd.DataFrame:
        return self.orders if self.has_input("orders") else profitability.sales_as_orders(self.sales)

    def _masters(self) -> rules.Choices:
        return rules.Choices(self.items, self.customers, self.suppliers)

    def _absences(self) -> pd.DataFrame:
        return panel.days_without_stock(self.inventory, self.sales, periods=self.settings.periods)
