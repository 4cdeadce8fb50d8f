"""THE MAP: every table of a planning run, in reading order; each is computed on first use and kept.

``plan = open_plan("data/sample")``, then ``plan.item_segments``. A table is one property that calls one function of
the library. What it was made from is noted while it is made (see ``core/lineage``), so that ``what_if`` plans share
every table that a change does not touch, and a notebook reads what an earlier notebook of the same run has written.
"""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.core.errors import SettingsError
from segkit.core.lead_times import measure_lead_times
from segkit.core.periods import last_days, list_periods, parse_day
from segkit.core.settings import read_settings, workspace_folder
from segkit.core.shelf import Shelf, source, table
from segkit.core.store import InputStore
from segkit.dynamics import (
    assumptions,
    causes,
    confidence,
    cost_to_serve,
    customer_bands,
    demand,
    headlines,
    history,
    known,
    labels,
    level_changes,
    line_kinds,
    micro,
    migration,
    migration_matrix,
    overrides,
    patterns,
    profit_bridge,
    profitability,
    recognised,
    reconciliation,
    rules,
    seasonality,
    segment_checks,
    segment_trends,
    segments,
    stock_ranks,
    supplier_risk,
    values,
    watch,
    whale,
)
from segkit.explain import Explanation, explain


class Plan(Shelf):
    """One planning run of one company, as known at ``as_of``.

    Opened by `open_plan`. ``what_if`` and ``write_tables`` come from the shelf that keeps the tables.
    """

    # -------------------------------------------------------------- what a company brings
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
    activities = source("activities")
    profit_and_loss = source("profit_and_loss")
    lanes = source("lanes")
    duties = source("duties")
    forecast_errors = source("forecast_errors")
    fx = source("fx")
    indices = source("indices")

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
        return pd.concat([read, noted, told], ignore_index=True)

    @table
    def set_aside(self) -> pd.DataFrame:
        """Every input row that was not used, with its reason."""
        return self.read_report("set_aside")

    # -------------------------------------------------------------- step 1: demand and profitability
    @table
    def periods(self) -> pd.DataFrame:
        """Planning periods, and which of them the data cover in full."""
        days, step = self.read_activity()
        return list_periods(days, self.settings.periods, as_of=self.as_of, step_days=step)

    @table
    def order_lines(self) -> pd.DataFrame:
        """Order lines with margin and cost-to-serve, and what kind of line each is."""
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
        lines = demand.follow_successors(self.order_lines, self.items, rules=self.settings.items)
        absences = demand.days_without_stock(*self._stock(), periods=self.settings.periods)
        return demand.flag_stockouts(demand.make_demand(lines, self.periods, self.items), absences)

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
        return values.value_items(self._window(), self.items)

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
        return causes.list_margin_causes(self._window(), currency=self.currency)

    @table
    def losing_pairs(self) -> pd.DataFrame:
        """Customers and items that lose money together, with causes."""
        return causes.list_losing_pairs(self._window())

    @table
    def seasonality(self) -> pd.DataFrame:
        """Which items and categories have a season or a trend, and what stays uncertain after the season."""
        return seasonality.measure_seasonality(self.demand, self.items, periods=self.settings.periods)

    @table
    def item_segments(self) -> pd.DataFrame:
        """Items by value, variability, velocity, pattern and life cycle."""
        valued = stock_ranks.add_cost_criterion(self.item_value, self.item_profile, settings=self.settings)
        made = segments.segment_items(valued, self.item_profile, self._errors(), rules=self.settings.segments)
        return self._overridden(made)

    @table
    def customer_segments(self) -> pd.DataFrame:
        """Customers of the history by value, cost-to-serve and recency."""
        made = customer_bands.segment_customers(
            self.customer_value, self.order_lines, settings=self.settings, as_of=self.as_of
        )
        return self._overridden(made)

    @table
    def supplier_segments(self) -> pd.DataFrame:
        """Suppliers by profit impact, supply risk and reliability."""
        bought = supplier_risk.value_purchases(self.purchases, self.fx, settings=self.settings)
        base = supplier_risk.SupplyBase(self.item_value, bought, self.suppliers, self.locations)
        return supplier_risk.segment_suppliers(base, settings=self.settings, as_of=self.as_of)

    @table
    def rule_segments(self) -> pd.DataFrame:
        """What meets each rule of segkit.toml now."""
        return rules.match_rules(self._choices(), rules=self.settings.rules)

    @table
    def rule_counts(self) -> pd.DataFrame:
        """How many meet each rule now, and what they are worth."""
        return rules.count_rules(self.rule_segments, self._choices(), rules=self.settings.rules)

    @table
    def segment_checks(self) -> pd.DataFrame:
        """Whether segments cover everything once, what has no class, and which rules overlap."""
        made = segment_checks.Segmented(self.item_segments, self.customer_segments, self.supplier_segments)
        return segment_checks.check_segments(self._window(), made, self.rule_segments, self.rule_counts)

    @table
    def segment_history(self) -> pd.DataFrame:
        """Classes of items and customers at the end of every month, from what was known then."""
        return history.track_segments(self._records(), settings=self.settings)

    @table
    def segment_confidence(self) -> pd.DataFrame:
        """How sure every class is: how often it comes out again when the months are redrawn."""
        classed = confidence.Classed(self.item_segments, self.customer_segments, self.items)
        return confidence.rate_classes(self._window(), self.demand, classed, as_of=self.as_of, settings=self.settings)

    @table
    def migration(self) -> pd.DataFrame:
        """Every move of a value class from one month to the next, whether it stands, and its cause."""
        return migration.explain_moves(self.segment_history, self._records(), settings=self.settings)

    @table
    def migration_matrix(self) -> pd.DataFrame:
        """From which class to which items and customers went within a year."""
        return migration_matrix.count_migration(self.segment_history, months=self.settings.segments.window_months)

    @table
    def reconciliation(self) -> pd.DataFrame:
        """Every sum of the plan beside the one it must agree with: source, roll-ups, activities, the client's books."""
        roll_ups = {name: getattr(self, name) for name in ("item_value", "customer_value", "group_value")}
        sums = reconciliation.Sums(self.order_lines, self._window(), roll_ups, self.activity_costs, self.data_quality)
        return reconciliation.reconcile(sums, self.profit_and_loss, self.fx, settings=self.settings)

    @table
    def micro_map(self) -> pd.DataFrame:
        """Cells of the grid of customer segment, item segment and channel, and the micro-segment each is in."""
        return micro.map_micro_segments(self._marked(), rules=self.settings.micro_segments)

    @table
    def micro_segments(self) -> pd.DataFrame:
        """What every micro-segment bought, cost to serve and earned."""
        return micro.value_micro_segments(self._marked(), self.micro_map)

    @table
    def profit_bridge(self) -> pd.DataFrame:
        """Why net margin changed: volume, mix, price, FX, cost, cost-to-serve, returns, new and lost."""
        months = self.settings.customer_bands.lost_months
        return profit_bridge.make_profit_bridge(self._labelled(), self.periods, window_months=months)

    @table
    def segment_dynamics(self) -> pd.DataFrame:
        """Volume, prices, margin and share of every segment, period by period."""
        return segment_trends.follow_segments(self._labelled_segments(), self.periods)

    @table
    def change_points(self) -> pd.DataFrame:
        """When the demand or net margin of a segment changed its level to stay."""
        return level_changes.find_change_points(self.segment_dynamics, periods=self.settings.periods)

    @table
    def watch_list(self) -> pd.DataFrame:
        """What moved and wants a decision, most money first."""
        made = watch.WatchTables(**{name: getattr(self, name) for name in watch.NAMES})
        return watch.make_watch_list(made, rules=watch.rules_of(self.settings, self.as_of))

    # -------------------------------------------------------------- supply
    @table
    def lead_times(self) -> pd.DataFrame:
        """Lead times as they were, with what the master data plan."""
        return measure_lead_times(self.purchases, self.items, rules=self.settings.lead_times)

    # -------------------------------------------------------------- what a director reads first
    @table
    def assumptions(self) -> pd.DataFrame:
        """What was assumed because data were missing."""
        stocked = demand.stocked_places(self.inventory, self.sales)
        return assumptions.list_assumptions(self.order_lines, self._sold(), stocked, settings=self.settings)

    @table
    def headlines(self) -> pd.DataFrame:
        """The headline figures of the report, as sentences and as numbers."""
        return pd.concat([self.data_headlines, self.profit_headlines], ignore_index=True)

    @table
    def data_headlines(self) -> pd.DataFrame:
        """The headlines of the data check."""
        days, step = self.read_activity()
        newest = last_days(days, step).max()
        return headlines.tell_data(self.data_quality, self.assumptions, currency=self.currency, newest=newest)

    @table
    def profit_headlines(self) -> pd.DataFrame:
        """The headlines of step 1."""
        tables = headlines.ProfitTables(
            self.item_value, self.customer_value, self.item_segments, self._window(), self.as_of
        )
        return headlines.tell_profit(tables, rules=self.settings.segments, currency=self.currency)

    @table
    def assumption_effects(self) -> pd.DataFrame:
        """What the headlines would be if each assumption were 20 % lower or higher."""
        return assumptions.vary_assumptions(self.assumptions, self.headlines, self._headlines_if)

    # -------------------------------------------------------------- one item or customer under the eye
    def explain(
        self, item_id: str | None = None, location_id: str | None = None, customer_id: str | None = None
    ) -> Explanation:
        """Return the way of one item, or of one customer, from its order lines to every result so far.

        Parameters
        ----------
        item_id, customer_id : str, optional
            The item, the customer, or both: the item's way, narrowed to the customer where a table tells them apart.
        location_id : str, optional
            Show only this location's rows, where a table tells them apart.

        Returns
        -------
        Explanation
            Steps, each with a sentence and the rows behind it; prints as text and shows as HTML in a notebook.

        Raises
        ------
        UsageError
            Neither an item nor a customer is named.
        """
        return explain(self, item_id, location_id, customer_id)

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

    def _sold(self) -> pd.DataFrame:
        return self.orders if self.has_input("orders") else profitability.sales_as_orders(self.sales)

    def _stock(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        rules, both = self.settings.items, ((self.inventory, "date"), (self.sales, "period"))
        stock, sales = (
            demand.follow_successors_in_stock(table, self.items, rules=rules, day=day) for table, day in both
        )
        return stock, sales

    def _profile_rules(self) -> patterns.ProfileRules:
        return patterns.ProfileRules(self.settings.patterns, self.settings.life_cycle)

    def _absences(self) -> pd.DataFrame:
        return demand.days_without_stock(self.inventory, self.sales, periods=self.settings.periods)

    def _errors(self) -> pd.DataFrame | None:
        names = {"seasonal_error": "seasonality", "forecast_error": "forecast_errors"}
        name = names.get(self.settings.segments.xyz_by)
        return getattr(self, name) if name else None

    def _records(self) -> known.Records:
        tables = self.order_lines, self.items, self.activities
        return known.Records(*tables, *self.read_activity(), pd.Timestamp(self.as_of))

    def _window(self) -> pd.DataFrame:
        return values.last_months(self.order_lines, self.as_of, self.settings.segments.window_months)

    def _marked(self) -> pd.DataFrame:
        rules = self.settings.micro_segments
        return micro.mark_segments(self._window(), self.customer_segments, self.item_segments, rules=rules)

    def _overridden(self, made: pd.DataFrame) -> pd.DataFrame:
        labels = self.settings.segments.abc_labels
        return overrides.apply_overrides(made, self.class_overrides, labels=labels, as_of=self.as_of)

    def _masters(self) -> rules.Choices:
        return rules.Choices(self.items, self.customers, self.suppliers)

    def _choices(self) -> rules.Choices:
        names = [name for made in rules.MADE.values() for name in made]
        return rules.join_choices(self._masters(), {name: getattr(self, name) for name in names})

    def _labelled(self) -> pd.DataFrame:
        return labels.label_lines(self.order_lines, self.items, self.customers, rules=self.settings.items)

    def _labelled_segments(self) -> pd.DataFrame:
        segments, rules = (self.customer_segments, self.item_segments), self.settings.micro_segments
        return micro.assign_micro_segments(
            micro.mark_segments(self._labelled(), *segments, rules=rules), self.micro_map
        )

    def _headlines_if(self, **changes: Any) -> pd.DataFrame:
        return self.what_if(**changes).profit_headlines


def open_plan(
    workspace: str | Path,
    *,
    as_of: str | date | None = None,
    run_dir: str | Path | None = None,
    overrides: dict[str, Any] | None = None,
) -> Plan:
    """Open the plan of a workspace; nothing is read before a table is asked for.

    Parameters
    ----------
    workspace : str or Path
        Folder with segkit.toml; a relative one is looked for in the current folder and in those above it.
    as_of : str or date, optional
        Last day known (YYYY-MM-DD); blank = the end of the last complete period in the data.
    run_dir : str or Path, optional
        Folder of a run: settings and inputs are then those of the run. Blank = none.
    overrides : dict, optional
        Nested settings that win over segkit.toml.

    Returns
    -------
    Plan
        With every table as a property.

    Raises
    ------
    SettingsError
        The workspace does not exist, or a value has the wrong type.
    """
    for name, value, kinds in (("workspace", workspace, (str, Path)), ("run_dir", run_dir, (str, Path, type(None)))):
        if not isinstance(value, kinds):
            raise SettingsError(f"{name}: a folder is needed, got {value!r}")
    folder, day = workspace_folder(workspace), parse_day(as_of, "as_of")
    run = Path(run_dir) if run_dir else None
    if run and (run / "settings.json").is_file():
        inputs = InputStore.of_run(run, folder)
        if day and day != inputs.as_of:
            raise SettingsError(
                f"as_of {day} differs from the run's {inputs.as_of}\nLeave as_of blank, or start a new run."
            )
        return Plan(inputs.settings, inputs, run_dir=run)
    settings = read_settings(folder, overrides)
    return Plan(settings, InputStore(settings, folder, day), run_dir=run)
