"""Charts for a board paper: each ``plot_`` function takes a table of the plan and returns a matplotlib Figure.

The title is the takeaway, computed from the table; the subtitle names the units; the figure's label is the alt text.
"""

from segkit.report.charts.backorders import plot_backorders
from segkit.report.charts.bridge import plot_bridge
from segkit.report.charts.calibration import plot_calibration
from segkit.report.charts.causes import plot_cause_totals, plot_loss_causes
from segkit.report.charts.class_stock import plot_class_stock
from segkit.report.charts.classes import plot_abc
from segkit.report.charts.demand import plot_demand, plot_life_cycle, plot_patterns
from segkit.report.charts.exchange import plot_exchange_curve, plot_segmentation_price
from segkit.report.charts.forecast_fan import plot_forecast_fan
from segkit.report.charts.forecasts import plot_forecast_accuracy, plot_worst_forecasts
from segkit.report.charts.frame import figure_svg
from segkit.report.charts.inspection import plot_inspection
from segkit.report.charts.margins import plot_margin_by
from segkit.report.charts.matrix import plot_abc_xyz
from segkit.report.charts.micro import plot_customer_grid, plot_micro_segments
from segkit.report.charts.migration import plot_class_history, plot_migration
from segkit.report.charts.profit import plot_customers, plot_whale_curve
from segkit.report.charts.promises import plot_otif, plot_promise_reliability
from segkit.report.charts.quality import plot_data_quality
from segkit.report.charts.recovered import plot_recovered_demand
from segkit.report.charts.replay import plot_replay, plot_service_held
from segkit.report.charts.rule_contest import plot_contest_curves, plot_rule_contest
from segkit.report.charts.safety_stock import plot_policy_phases, plot_safety_stock_causes
from segkit.report.charts.seasons import plot_seasonality
from segkit.report.charts.service import plot_capacity, plot_margin_steps
from segkit.report.charts.suppliers import plot_suppliers
from segkit.report.charts.trends import plot_dynamics

__all__ = [
    "figure_svg",
    "plot_abc",
    "plot_abc_xyz",
    "plot_backorders",
    "plot_bridge",
    "plot_calibration",
    "plot_capacity",
    "plot_cause_totals",
    "plot_class_history",
    "plot_class_stock",
    "plot_contest_curves",
    "plot_customer_grid",
    "plot_customers",
    "plot_data_quality",
    "plot_demand",
    "plot_dynamics",
    "plot_exchange_curve",
    "plot_forecast_accuracy",
    "plot_forecast_fan",
    "plot_inspection",
    "plot_life_cycle",
    "plot_loss_causes",
    "plot_margin_by",
    "plot_margin_steps",
    "plot_micro_segments",
    "plot_migration",
    "plot_otif",
    "plot_patterns",
    "plot_policy_phases",
    "plot_promise_reliability",
    "plot_recovered_demand",
    "plot_replay",
    "plot_rule_contest",
    "plot_safety_stock_causes",
    "plot_seasonality",
    "plot_segmentation_price",
    "plot_service_held",
    "plot_suppliers",
    "plot_whale_curve",
    "plot_worst_forecasts",
]
