"""The part of segkit.toml that says how segments are made, kept steady and watched."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segkit.core.source_settings import Section

Share = Annotated[float, Field(ge=0, le=1)]


class LifeCycle(Section):
    """When an item is new, declining, dormant."""

    new_months: int = Field(6, ge=1, description="New: launch, or first demand, in the last so many months.")
    dormant_months: int = Field(
        6,
        ge=1,
        description="Dormant: no demand in the last so many months, and for longer than the item's own gaps make "
        "likely.",
    )
    decline_share: Share = Field(
        0.5,
        description="Declining: last half year below this share of the same half year before, and lines fall by more "
        "than chance.",
    )


class Patterns(Section):
    """Limits of the Syntetos-Boylan-Croston demand patterns."""

    adi_limit: float = Field(1.32, gt=1, description="Average demand interval above which demand is intermittent.")
    cv2_limit: float = Field(0.49, gt=0, description="Squared CV of sizes above which demand is erratic or lumpy.")
    min_demand_periods: int = Field(3, ge=2, description="Fewer periods with demand give no pattern.")


class Segments(Section):
    """How items and customers are classed."""

    measure: Literal["net_margin", "gross_margin", "revenue", "quantity", "cost_criterion"] = Field(
        "net_margin",
        description="What value classes are made by; cost_criterion (for stock decisions) needs assume.order_cost and "
        "assume.holding_rate.",
    )
    abc_by: Literal["value_share", "item_share", "limits", "breaks"] = Field(
        "value_share",
        description="Where a class ends: at a share of the value (abc_shares) or of the number of rows "
        "(abc_item_shares), at fixed limits of the measure (abc_limits), or at natural breaks.",
    )
    abc_shares: list[Share] = Field([0.8, 0.95], description="Cumulative share of the value at which a class ends.")
    abc_item_shares: list[Share] = Field(
        [0.2, 0.5],
        description="With abc_by = item_share: cumulative share of the number of items (and of customers) at which a "
        "class ends; what is worth nothing is in the last class all the same.",
    )
    abc_labels: list[str] = Field(
        ["A", "B", "C"], description="One more than abc_shares (abc_item_shares, abc_limits)."
    )
    abc_limits: list[Annotated[float, Field(gt=0)]] = Field(
        [], description="With abc_by = limits: least value of an item of each class but the last, falling."
    )
    abc_customer_limits: list[Annotated[float, Field(gt=0)]] = Field(
        [], description="The same for customers; blank = customers are classed by share of value."
    )
    within: Literal["", "category", "supplier_id"] = Field("", description="Class items within these groups.")
    xyz_by: Literal["cv", "seasonal_error", "forecast_error"] = Field(
        "cv",
        description="What variability is: the CV of demand per period; for items with a season what the season leaves; "
        "or the forecast error of table forecast_errors.",
    )
    xyz_limits: list[Annotated[float, Field(gt=0)]] = Field(
        [0.5, 1.0], min_length=1, max_length=2, description="Variability at which X ends, and Y."
    )
    xyz_min_periods: int = Field(6, ge=2, description="Fewer complete periods give no XYZ class.")
    velocity_by: Literal["lines", "customers"] = Field("lines", description="What makes an item fast or slow.")
    velocity_shares: list[Share] = Field(
        [0.8, 0.95], min_length=2, max_length=2, description="Cumulative share at which fast and medium end."
    )
    window_months: int = Field(12, ge=1, description="Months up to as_of from which segments are made.")

    @model_validator(mode="after")
    def _one_label_more(self) -> Self:
        by_value = self.abc_by == "value_share" or (self.abc_by == "limits" and not self.abc_customer_limits)
        for by, name in ((by_value, "abc_shares"), (self.abc_by == "item_share", "abc_item_shares")):
            if by and len(self.abc_labels) != len(getattr(self, name)) + 1:
                raise ValueError(f"abc_labels must be one more than {name}")
        if len(set(self.abc_labels)) < len(self.abc_labels) or not all(self.abc_labels) or "L" in self.abc_labels:
            raise ValueError("abc_labels must differ, none of them blank or L (loss makers)")
        for name in ("abc_shares", "abc_item_shares", "xyz_limits", "velocity_shares"):
            if sorted(getattr(self, name)) != getattr(self, name):
                raise ValueError(f"{name} must rise")
        return self

    @model_validator(mode="after")
    def _limits_fall(self) -> Self:
        if self.abc_by == "limits" and not self.abc_limits:
            raise ValueError("abc_by limits needs abc_limits")
        for limits in filter(None, (self.abc_limits, self.abc_customer_limits)):
            if len(self.abc_labels) != len(limits) + 1 or sorted(set(limits), reverse=True) != limits:
                raise ValueError("abc_limits and abc_customer_limits must fall and be one fewer than abc_labels")
        return self


class CustomerBands(Section):
    """How customers are banded by what it costs to serve them, and by when they last bought."""

    service_limits: list[float] = Field(
        [0.8, 1.25],
        description="Cost-to-serve as a share of revenue, against that of all customers together: at which multiple "
        "the band low ends, and high begins.",
    )
    overdue_factor: float = Field(
        6.0,
        gt=1,
        description="Overdue: silent for so many times the customer's usual (median) gap between order days. Who "
        "orders at random is silent for f usual gaps with a chance of 1 in 2^f: 6 gives one false alarm in 64.",
    )
    lost_months: int = Field(
        12,
        ge=1,
        description="Lost: no order in the last so many months. The profit bridge judges who and what is new or lost "
        "by as many, customers and items.",
    )
    new_months: int = Field(6, ge=1, description="New: first order in the last so many months.")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if len(self.service_limits) != 2 or not 0 < self.service_limits[0] <= self.service_limits[1]:
            raise ValueError("service_limits must be two rising figures above 0")
        return self


class SupplierBands(Section):
    """Where Kraljic's quadrants and the reliability classes of suppliers begin."""

    impact_share: Share = Field(0.8, description="Suppliers that hold this share of the profit impact are of weight.")
    risk_limit: Share = Field(0.5, description="supply_risk above it counts as high.")
    late_limit: Share = Field(0.2, description="Share of late receipts above which a supplier is late.")
    unsteady_cv: float = Field(0.5, gt=0, description="Lead time CV above which a supplier is unsteady.")


class RuleSegment(Section):
    """A segment that a rule makes: all items, customers or suppliers whose attributes meet a condition."""

    of: Literal["items", "customers", "suppliers"] = Field(description="What the rule chooses from.")
    where: str = Field(description="SQL condition over the attributes and the figures of the value tables.")


class MicroSegments(Section):
    """The grid of customer segment, item segment and channel, and when a cell is too thin to act on."""

    customers_by: Literal["segment", "abc"] = Field("segment", description="Column of customer_segments.")
    items_by: Literal["segment", "abc"] = Field("abc", description="Column of item_segments.")
    min_lines: int = Field(100, ge=1, description="A cell with fewer order lines in the window is merged upward.")
    min_customers: int = Field(2, ge=1, description="A cell with fewer customers is merged upward.")


class Stability(Section):
    """How sure a class must be before a move counts."""

    draws: int = Field(200, ge=20, description="Draws of the block bootstrap.")
    block_months: int = Field(3, ge=1, description="Length of a block of months, drawn jointly over all items.")
    seed: int = Field(20, ge=0, description="Seed of the draws.")
    dwell_months: int = Field(
        3,
        ge=1,
        description="A move is confirmed when it has held for so many months in a row and is clear of the limit, or "
        "when it has held for a whole window.",
    )
    clear_noise: float = Field(
        0.5,
        ge=0,
        description="Clear of the limit: beyond it by more than so many times the value's own month-to-month noise.",
    )


class Watch(Section):
    """What the watch list holds, and for how long."""

    move_months: int = Field(3, ge=1, description="Confirmed moves of class of the last so many months.")
    change_months: int = Field(6, ge=1, description="Lasting changes of level in the last so many months.")
    uncertain: Share = Field(0.6, description="A class with less confidence than this counts as uncertain.")
    override_days: int = Field(60, ge=0, description="Classes set by a person that end in the next so many days.")
    unused_share: Share = Field(0.2, description="A pool counts as unused when this share of its cost is.")
