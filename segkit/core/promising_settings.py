"""The part of segkit.toml that says how scarce stock is allocated, and what dates are promised."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from segkit.core.allocation_settings import AllocationSettings
from segkit.core.source_settings import Section

Cost = Annotated[float, Field(ge=0)]
Rule = Literal[
    "first_come", "by_number", "by_share", "by_ratio", "by_rank", "by_forecast", "fair_share", "hierarchy", "nested",
    "by_margin", "critical_levels",
]  # fmt: skip


class BackorderRule(Section):
    """Open order lines that a backorder run treats alike."""

    where: str = Field(
        "true",
        description="SQL condition over open_orders and confirmed_before, such as demand_class = 'gold'; a line "
        "belongs to the first segment whose condition it meets.",
    )
    strategy: Literal["win", "gain", "improve", "redistribute", "fill", "lose", "skip"] = Field(
        description="win = fully on the requested day, gain and improve = never worse, redistribute = better or worse "
        "in the order of sort, fill = never better, lose = loses all, skip = untouched."
    )
    sort: list[str] = Field([], description='Columns that tell who comes first, such as "unit_margin desc".')
    fallback: Literal["improve", "redistribute", "fill", "lose"] = Field(
        "improve", description="What happens to a line of win or gain that has an exception."
    )
    rank: float | None = Field(None, description="Place in the order of the run; blank = as in the file.")


class Promising(AllocationSettings):
    """How scarce stock is allocated to classes of customers, and what dates are promised."""

    class_by: Literal["", "tier", "channel", "region", "country", "abc"] = Field(
        "",
        description="What parts customers into classes: an attribute of theirs, or their value class abc; blank = "
        "policies.class_by, else abc.",
    )
    classes: list[str] = Field(
        [],
        description="Classes in their order, best first; blank = by policies.class_targets, abc by its own order, "
        "others by the share of revenue that they leave as margin. Classes not named come last.",
    )
    rule: Rule = Field(
        "nested",
        description="How supply is allocated: first_come = not at all; by_number, by_share, by_ratio = by quotas; "
        "by_rank = the best class its expected demand first; by_forecast = in proportion to expected demand; "
        "fair_share = all alike until expected demand is met, by entitlements; hierarchy = down its nodes; "
        "nested = kept for a class while it is worth more than serving the next one now; by_margin = the reservations "
        "of the highest expected margin over the periods of each supply; critical_levels = a class is served only "
        "while more than its level of class_stock (policies.class_by) or of table critical_levels is left.",
    )
    horizon_days: int = Field(28, ge=1, description="Days ahead for which supply is kept for classes.")
    release_days: int = Field(
        2, ge=0, description="Days before the end of a period on which quotas not used fall to everybody."
    )
    goodwill: dict[str, Cost] = Field(
        {},
        description="Cost of a unit that is not delivered when asked for, by class, as a multiple of its margin, "
        "beside the margin itself, for example {platinum = 2.0}; classes not named: 0.",
    )
    backorders: dict[str, BackorderRule] = Field(
        {},
        description="Segments of the backorder run by name; none = the best class wins, the last is redistributed, "
        "those between improve, each by margin.",
    )
    max_lateness_days: int = Field(60, ge=0, description="Days after the requested day from which nobody waits.")
    delivery: Literal["partial", "complete", "split"] = Field(
        "partial",
        description="How an order line may be delivered where neither it nor its customer says: in any parts, complete "
        "only, or split into deliveries of at least split_minimum (with a minimum of 0 as partial).",
    )
    split_minimum: float = Field(
        0.0,
        ge=0,
        description="Least delivery of a line that is split, in units; what completes it may be less; 0 = any.",
    )
    latest_first: bool = Field(
        True,
        description="Of the supply that is there in time the latest goes first, so that what is there early stays for "
        "orders that ask for an early day; false = the earliest first.",
    )
    bid_price: float | None = Field(
        None,
        description="Margin a unit, in the company's currency, below which an order line is refused (0 = no line that "
        "loses money); table bid_prices says it by item and place; blank = none is refused for it.",
    )
    late_cost: float | None = Field(
        None,
        ge=0,
        description="Cost of a unit late by a day, weighed against what items and places of table alternatives cost "
        "more; needed where an alternative costs something.",
    )
    release_by: list[str] = Field(
        ["class_rank", "requested_date"],
        description="Columns of open_orders, or class_rank, in whose order stock on hand is released for delivery, "
        'such as "unit_margin desc".',
    )
    contest_supply: float = Field(
        0.85, ge=0, le=1, description="Share of the demand of each week that is supplied in the contest of rules."
    )
    reliability: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        [0.8, 0.9, 0.95], min_length=1, description="Reliabilities for which dates are promised."
    )
    reliability_by: list[str] = Field(
        ["channel", "location_id"],
        description="Columns of orders, customers or items that tell deliveries apart, most general first.",
    )
    holdout_months: int = Field(
        6, ge=1, description="Last months of the history on which promised dates and rules are judged."
    )
    receipt_reliability: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.8, description="Reliability with which an open purchase is taken to have arrived, from its supplier's past."
    )
    overdue_limit_days: int = Field(
        60, ge=0, description="An open purchase that is overdue by more days is not counted on."
    )

    stale_order_days: int = Field(
        180, ge=0, description="An open order line that was asked for longer ago is not promised to."
    )

    @property
    def backorders_in_order(self) -> dict[str, BackorderRule]:
        """Return the segments in the order of the run."""
        return dict(sorted(self.backorders.items(), key=lambda entry: (entry[1].rank or 0.0, entry[0])))

    @field_validator("backorders", mode="before")
    @classmethod
    def _ranked(cls, segments: Any) -> Any:
        """Write down the order of the file: what is stored or hashed does not keep it."""
        if not isinstance(segments, dict):
            return segments
        return {
            name: {**segment, "rank": number} if isinstance(segment, dict) and segment.get("rank") is None else segment
            for number, (name, segment) in enumerate(segments.items(), start=1)
        }

    @model_validator(mode="after")
    def _classes_once(self) -> Self:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names a class twice")
        return self
