"""Supply-chain micro-segmentation: differentiated policies from a company's own history, and what they are worth.

``import segkit as sk``, then ``plan = sk.open_plan("data/sample")`` and ``plan.item_segments``; see ``segkit/plan/``.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "segkit.plan": ["open_plan", "Plan"],
    "segkit.core.errors": [
        "SegkitError",
        "DataError",
        "SettingsError",
        "CoverageError",
        "InfeasibleError",
        "RunError",
    ],
    "segkit.core.periods": ["list_periods"],
    "segkit.core.lead_times": ["measure_lead_times"],
    "segkit.dynamics.demand.panel": ["make_demand", "flag_stockouts"],
    "segkit.dynamics.demand.patterns": ["profile_demand"],
    "segkit.dynamics.lines.profitability": ["value_lines"],
    "segkit.dynamics.lines.line_kinds": ["mark_lines", "find_reversals", "find_bulk"],
    "segkit.dynamics.classes.micro": [
        "mark_segments",
        "map_micro_segments",
        "assign_micro_segments",
        "value_micro_segments",
    ],
    "segkit.dynamics.moves.profit_bridge": ["bridge_profit"],
    "segkit.dynamics.moves.level_changes": ["find_change_points"],
    "segkit.dynamics.moves.segment_trends": ["follow_segments"],
    "segkit.dynamics.lines.values": ["value_items", "value_customers", "value_groups"],
    "segkit.dynamics.lines.cost_to_serve": ["charge_lines", "count_activity_costs"],
    "segkit.dynamics.classes.value_classes": [
        "classify_abc",
        "classify_abc_by_count",
        "classify_abc_by_limits",
        "classify_abc_by_breaks",
        "AbcRule",
        "AbcLimits",
    ],
    "segkit.dynamics.classes.variability_classes": ["classify_xyz"],
    "segkit.dynamics.causes.margin_causes": ["explain_margins", "list_margin_causes", "list_losing_pairs"],
    "segkit.dynamics.classes.scores": ["score_items"],
    "segkit.dynamics.demand.seasonality": ["measure_seasonality"],
    "segkit.dynamics.classes.item_segments": ["segment_items"],
    "segkit.dynamics.classes.customer_bands": ["segment_customers"],
    "segkit.dynamics.classes.overrides": ["apply_overrides"],
    "segkit.dynamics.classes.whale": ["make_whale_curve"],
    "segkit.dynamics.moves.known": ["known_at"],
    "segkit.dynamics.moves.migration_matrix": ["count_migration"],
    "segkit.inventory.accuracy": ["measure_accuracy"],
    "segkit.inventory.calibration": ["check_calibration"],
    "segkit.inventory.worst_forecasts": ["list_worst_forecasts"],
    "segkit.inventory.inspection": ["inspect_forecast", "ForecastInspection"],
    "segkit.inventory.censoring": ["recover_demand"],
    "segkit.inventory.forecasting": ["forecast_demand"],
    "segkit.inventory.totals": ["forecast_totals"],
    "segkit.inventory.protection": ["protection_demand"],
    "segkit.inventory.next_orders": ["next_orders"],
    "segkit.inventory.policies.class_stock": ["share_stock_by_class"],
    "segkit.promising.contest.contest": ["contest_rules"],
    "segkit.promising.contest.curves": ["vary_class_count", "vary_forecast_error"],
    "segkit.promising.contest.goodwill": ["price_goodwill"],
    "segkit.promising.contest.short_supply": ["cut_supply"],
    "segkit.promising.contest.terms": ["ContestTerms"],
    "segkit.inventory.exchange": ["trade_stock_for_service", "price_segmentation"],
    "segkit.promising.allocation.stated_quotas": ["allocate_by_number", "allocate_by_share", "allocate_by_ratio"],
    "segkit.promising.allocation.fair_quotas": [
        "allocate_by_rank",
        "allocate_per_committed",
        "allocate_fair_share",
    ],
    "segkit.promising.allocation.demand_left": ["demand_left"],
    "segkit.promising.allocation.commitments": ["allocate_commitments", "supply_left", "join_allocations"],
    "segkit.promising.allocation.nested_quotas": ["allocate_nested"],
    "segkit.promising.allocation.margin_quotas": ["allocate_by_margin", "LateDelivery"],
    "segkit.promising.allocation.hierarchy_quotas": [
        "allocate_down_by_rank",
        "allocate_down_per_committed",
        "allocate_down_by_share",
    ],
    "segkit.promising.reliability.dates": ["promise_dates"],
    "segkit.promising.reliability.keeping": ["check_promises"],
    "segkit.promising.otif": ["measure_otif"],
    "segkit.promising.orders": ["promise_orders", "Promises"],
    "segkit.promising.explain_promise": ["explain_promise", "PromiseExplanation"],
    "segkit.promising.promise_terms": ["PromiseTerms"],
    "segkit.promising.backorders": ["run_backorders", "BackorderRun"],
    "segkit.promising.backorder_segments": ["BackorderSegment"],
    "segkit.promising.release": ["release_deliveries"],
    "segkit.report.present": ["show_figure", "show_table", "show_row_counts", "show_headline", "show_provenance"],
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "formulas":
        return import_module("segkit.formulas")
    if name not in _HOME:
        raise AttributeError(f"module 'segkit' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "formulas"])
