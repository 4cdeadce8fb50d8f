"""Step 1, values: order lines with margin and cost-to-serve, demand, what items and customers earn and why."""

import pandas as pd

from segkit.core.shelf import table
from segkit.dynamics.causes import margin_causes
from segkit.dynamics.classes import overrides, whale
from segkit.dynamics.demand import panel, patterns
from segkit.dynamics.lines import cost_to_serve, line_kinds, profitability, recognised, reconciliation, values
from segkit.inventory.policies import policy_overrides
from segkit.plan.company import Company


class Values(Company):
    """Step 1, values: order lines with margin and cost-to-serve, demand, what items and customers earn and why."""

    @table
    def order_lines(self) -> pd.DataFrame:
        """Order lines with margin and cost-to-serve, and what kind of line each is."""
        if (later := self.read_later("order_lines") if self._lines_stay() else None) is not None:
            last, factor = self.sales["period"].max(), self.settings.orders.bulk_factor
            return line_kinds.lines_until(later, last, factor=factor)
        valued = profitability.value_lines(self._sold(), self.items, self.fx, settings=self.settings)
        marked = line_kinds.mark_lines(valued, self.customers, settings=self.settings)
        return cost_to_serve.charge_lines(marked, self.activities, self.customers, settings=self.settings)

    @table
    def activity_costs(self) -> pd.DataFrame:
        """What activities cost, what order lines used of them, and the capacity that nobody used."""
        return cost_to_serve.count_activity_costs(self.order_lines, self.activities, as_of=self.as_of)

    @table
    def demand(self) -> pd.DataFrame:
        """Demand by item, location, demand class and period, from the first demand on, with stock-outs flagged."""
        absences = panel.days_without_stock(*self._stock(), periods=self.settings.periods)
        if (known := self._demand_of_later()) is None:
            lines = panel.follow_successors(self.order_lines, self.items, rules=self.settings.items)
            known = panel.make_demand(lines, self.periods, self.items)
        return panel.flag_stockouts(known, absences)

    @table
    def demand_profile(self) -> pd.DataFrame:
        """Level, variability, pattern and life cycle of every item, location and demand class."""
        return patterns.profile_demand(self.demand, self.items, rules=self._profile_rules())

    @table
    def item_profile(self) -> pd.DataFrame:
        """Level, variability, pattern and life cycle of every item."""
        return patterns.profile_demand(patterns.total_by_item(self.demand), self.items, rules=self._profile_rules())

    @table
    def item_value(self) -> pd.DataFrame:
        """What every item sold and earned in the window of the segments."""
        return values.value_items(self._in_window(self._lines_as_sold()), self.items)

    @table
    def customer_value(self) -> pd.DataFrame:
        """What every customer bought and earned us in the window of the segments."""
        return values.value_customers(self._window(), self.customers)

    @table
    def group_value(self) -> pd.DataFrame:
        """What channels, suppliers, regions and other groups bought and earned in the window."""
        return values.value_groups(self._window(), self.items, self.customers)

    @table
    def whale_curve(self) -> pd.DataFrame:
        """Cumulative net margin over items and over customers, best first."""
        return whale.make_whale_curve(self.item_value, self.customer_value)

    @table
    def margin_causes(self) -> pd.DataFrame:
        """Why every customer and item earns what it earns, against peers that earn; what would cure each loss."""
        return margin_causes.list_margin_causes(self._window(), self.activities, currency=self.currency)

    @table
    def losing_pairs(self) -> pd.DataFrame:
        """Customers and items that lose money together, with causes."""
        return margin_causes.list_losing_pairs(self._window(), self.activities)

    @table
    def reconciliation(self) -> pd.DataFrame:
        """Every sum of the plan beside the one it must agree with: source, roll-ups, activities, the client's books."""
        roll_ups = {name: getattr(self, name) for name in ("item_value", "customer_value", "group_value")}
        sums = reconciliation.Sums(self.order_lines, self._window(), roll_ups, self.activity_costs, self.data_quality)
        return reconciliation.reconcile(sums, self.profit_and_loss, self.fx, settings=self.settings)

    @table
    def data_quality(self) -> pd.DataFrame:
        """Rows and value in = used + set aside by reason, and what is worth knowing, per input table."""
        read = self.read_report("data_quality")
        found = recognised.Recognised(
            *(self._sold(), self.order_lines, self.periods, self.items, self.purchases, self._absences()),
            *(self.customers, self.activity_costs),
        )
        sold = "orders" if "orders" in self.inputs.names() else "sales"
        noted = recognised.note_recognised(found, sold, settings=self.settings)
        known = (self.order_lines, self.items, self.customers)
        told = overrides.note_overrides(self.class_overrides, known, as_of=self.as_of)
        known = (self.order_lines, self.items, self.locations)
        also = policy_overrides.note_policy_overrides(self.policy_overrides, known, as_of=self.as_of)
        return pd.concat([read, noted, told, also], ignore_index=True)

    def _lines_stay(self) -> bool:
        """Return whether nothing later changes a line: totals of periods are not returned, shipped or charged."""
        return not any(self.has_input(name) for name in ("orders", "fx", "activities"))

    def _stock(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        rules, both = self.settings.items, ((self.inventory, "date"), (self.sales, "period"))
        stock, sales = (
            panel.follow_successors_in_stock(table, self.items, rules=rules, day=day) for table, day in both
        )
        return stock, sales

    def _profile_rules(self) -> patterns.ProfileRules:
        return patterns.ProfileRules(self.settings.patterns, self.settings.life_cycle)

    def _demand_of_later(self) -> pd.DataFrame | None:
        """Return the demand of the plan that was cut, up to the day; None where it could tell what came later."""
        if not self._lines_stay() or (items := self.read_later("items")) is None or panel.moves_demand(items):
            return None
        sales, periods = self.read_later("sales"), self.periods
        if sales is None or periods.empty or not panel.ends_whole(sales["period"], self.sales["period"], periods):
            return None
        later = self.read_later("demand")
        return None if later is None else panel.demand_until(later, periods)

    def _lines_as_sold(self) -> pd.DataFrame:
        """Return the order lines without regard to what was bulk among them, which takes a look at every line."""
        if not self._lines_stay():
            return self.order_lines
        later = self.read_later("_lines_by_item")
        return self._lines_by_item if later is None else line_kinds.until(later, self.sales["period"].max())

    @property
    def _lines_by_item(self) -> pd.DataFrame:
        """Order lines with items as categories, which earlier days need not number again."""
        return self.once("_lines_by_item", lambda plan: line_kinds.with_categories(plan.order_lines, ["item_id"]))

    def _window(self) -> pd.DataFrame:
        return self._in_window(self.order_lines)

    def _in_window(self, lines: pd.DataFrame) -> pd.DataFrame:
        return values.last_months(lines, self.as_of, self.settings.segments.window_months)
