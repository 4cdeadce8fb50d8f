"""Step 1, segments and their dynamics: classes, micro-segments, history, moves, bridges, change points."""

import pandas as pd

from segkit.core.shelf import table
from segkit.dynamics.classes import (
    customer_bands,
    item_segments,
    micro,
    overrides,
    rules,
    segment_checks,
    stock_ranks,
    supplier_risk,
)
from segkit.dynamics.demand import seasonality
from segkit.dynamics.moves import (
    confidence,
    history,
    known,
    labels,
    level_changes,
    migration,
    migration_matrix,
    profit_bridge,
    segment_trends,
)
from segkit.plan.values import Values


class Segments(Values):
    """Step 1, segments and their dynamics: classes, micro-segments, history, moves, bridges, change points."""

    @table
    def seasonality(self) -> pd.DataFrame:
        """Which items and categories have a season or a trend, and what stays uncertain after the season."""
        return seasonality.measure_seasonality(self.demand, self.items, periods=self.settings.periods)

    @table
    def item_segments(self) -> pd.DataFrame:
        """Items by value, variability, velocity, pattern and life cycle."""
        valued = stock_ranks.add_cost_criterion(self.item_value, self.item_profile, settings=self.settings)
        made = item_segments.segment_items(valued, self.item_profile, self._errors(), rules=self.settings.segments)
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

    def _errors(self) -> pd.DataFrame | None:
        names = {"seasonal_error": "seasonality", "forecast_error": "forecast_errors"}
        name = names.get(self.settings.segments.xyz_by)
        return getattr(self, name) if name else None

    def _records(self) -> known.Records:
        tables = self.order_lines, self.items, self.activities
        return known.Records(*tables, *self.read_activity(), pd.Timestamp(self.as_of))

    def _marked(self) -> pd.DataFrame:
        rules = self.settings.micro_segments
        return micro.mark_segments(self._window(), self.customer_segments, self.item_segments, rules=rules)

    def _overridden(self, made: pd.DataFrame) -> pd.DataFrame:
        labels = self.settings.segments.abc_labels
        return overrides.apply_overrides(made, self.class_overrides, labels=labels, as_of=self.as_of)

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
