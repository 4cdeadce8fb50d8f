"""The part of segkit.toml that says which stock policy, target, review and caps every item-location gets."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from segkit.core.source_settings import Section

MOST_TARGET = 0.9999  # beyond, no history tells what demand must be covered
_UNKNOWN = "(unknown)"
Target = Annotated[float, Field(gt=0, le=MOST_TARGET)]
Units = Annotated[float, Field(ge=0)]
Days = Annotated[float, Field(gt=0)]
PolicyWord = Literal["order_up_to", "min_max", "reorder_quantity", "to_order"]


class PolicyRule(Section):
    """What the item-locations get that meet a condition, and that no earlier rule has met."""

    where: str = Field(
        description="SQL condition over what is known of an item-location: item master, item_value, item_segments, "
        "its own demand profile, location master. `true` = all."
    )
    policy: PolicyWord = Field(
        "order_up_to",
        description="order_up_to (R,S): fill up at every review; min_max (R,s,S): fill up when at or below s, both in "
        "as many whole packs as stay at or below the level; reorder_quantity (s,Q): order Q when at or below s; "
        "to_order: not stocked.",
    )
    cycle_service: Target | None = Field(
        None, description="Target P1: chance that a replenishment cycle ends without a stock-out [0-1]."
    )
    fill_rate: Target | None = Field(None, description="Target P2: share of the units met from stock [0-1].")
    economic: bool | None = Field(
        None,
        description="The next unit is stocked while its expected return exceeds its expected holding cost: what holds "
        "where no other target is given.",
    )
    review_days: Annotated[float, Field(ge=0)] | None = Field(
        None, description="Days between two looks at the stock; blank = forecasts.review_days."
    )
    max_cover_days: Days | None = Field(
        None, description="Cap: stock on hand covers no more days of demand than this, right after an order comes."
    )
    min_stock: Units | None = Field(
        None, description="The order-up-to level (stock on hand plus on order) is no lower [units]."
    )
    max_stock: Units | None = Field(
        None, description="Cap: the order-up-to level (stock on hand plus on order) is no higher [units]."
    )
    rank: float | None = Field(
        None, description="Place in the order in which rules are tried; blank = after those before it in segkit.toml."
    )

    @property
    def service_measure(self) -> str:
        """Return by what the policy is sized: cycle_service, fill_rate or economic; blank where nothing is stocked."""
        if self.policy == "to_order":
            return ""
        return next((name for name in ("cycle_service", "fill_rate") if getattr(self, name) is not None), "economic")

    @property
    def target(self) -> float | None:
        """Return the share that the service measure is to reach; None where the level is economic."""
        return self.cycle_service if self.cycle_service is not None else self.fill_rate

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        given = [
            name for name in ("cycle_service", "fill_rate", "economic") if getattr(self, name) not in (None, False)
        ]
        if len(given) > 1:
            raise ValueError(f"give one target, not {' and '.join(given)}")
        if not given and self.economic is False and self.policy != "to_order":
            raise ValueError("economic = false needs a cycle_service or a fill_rate")
        caps = [name for name in ("max_cover_days", "min_stock", "max_stock") if getattr(self, name) is not None]
        if self.policy == "to_order" and given + caps:
            raise ValueError(f"policy to_order keeps no stock: leave out {', '.join(given + caps)}")
        if None not in (self.min_stock, self.max_stock) and self.min_stock > self.max_stock:  # type: ignore[operator]
            raise ValueError("min_stock must not be above max_stock")
        return self


DEFAULT_RULES = {
    "ended": PolicyRule(where="life_cycle IN ('superseded', 'phased_out', 'dormant')", policy="to_order", rank=1),
    "one_off": PolicyRule(
        where="demand_periods <= 1 AND life_cycle NOT IN ('new', 'planned')", policy="to_order", rank=2
    ),
    "all_others": PolicyRule(where="true", rank=3),
}


class Policies(Section):
    """Which stock policy every item-location gets, and what a shortage costs."""

    rules: dict[str, PolicyRule] = Field(
        {},
        description="Rules by name, tried in their order: the first that an item-location meets decides. None = what "
        "has ended or sold once only is not stocked (to_order), all else is stocked up to the economic level.",
    )
    unmet: Literal["lost", "backorder"] = Field(
        "lost", description="What becomes of demand that stock does not meet: lost, or delivered later."
    )
    shortage_cost_factor: float = Field(
        1.0,
        gt=0,
        description="Cost of a unit short, as a multiple of its unit margin: 1 = the lost margin, more = goodwill "
        "besides, less = part of the demand comes back.",
    )
    margin: Literal["contribution", "net_margin"] = Field(
        "contribution",
        description="Margin that a lost sale takes away: contribution = gross margin less freight and payment terms, "
        "since activities go on without it; net_margin = less all cost-to-serve, where their capacity shrinks too.",
    )
    service_weight: Literal["margin", "revenue", "lines", "units"] = Field(
        "margin", description="What service is weighted by when items are added up and traded against each other."
    )
    class_by: Literal["", "tier", "channel", "region", "country", "abc"] = Field(
        "",
        description="What parts customers into classes that share a stock with critical levels: an attribute of "
        "theirs, or their segment abc as known before the held-out months; blank = no classes.",
    )
    class_targets: dict[str, Target] = Field(
        {},
        description="Fill rate P2 by class, for example {gold = 0.98, silver = 0.92}: the higher, the better the "
        'class. Customers of whom the class is not known are the class "(unknown)".',
    )
    class_items: int = Field(
        200, ge=1, description="At most so many item-locations get critical levels by simulation, most revenue first."
    )
    class_holdout_months: int = Field(
        6, ge=1, description="Last months of the history: shared stock is sized without them and judged on them."
    )

    @property
    def classes_in_order(self) -> dict[str, float]:
        """Return the targets of the classes of customers, best first; of equal targets by name, (unknown) last."""
        return dict(sorted(self.class_targets.items(), key=lambda entry: (-entry[1], entry[0] == _UNKNOWN, entry[0])))

    stock_budget: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="Mean stock of all item-locations together is worth no more [plan currency]; blank = any.",
    )
    within_capacity: bool = Field(
        False, description="Mean stock of a location takes no more room than locations.capacity_m3."
    )
    phase_periods: int | None = Field(
        None,
        ge=0,
        description="Coming periods for which levels are told one by one, as season and calendar move the forecast; "
        "blank = forecasts.horizon_periods, 0 = none.",
    )
    replay_days: int = Field(
        182, ge=28, description="Last days of the history on which policies are replayed and judged."
    )
    reset_days: int = Field(
        28,
        ge=1,
        description="Days after which policies are set anew in the replay, rounded to whole planning periods, from "
        "what was known then; rules warm up for as many such spans as lead time and review take.",
    )
    thumb_cover_days: float = Field(
        30, ge=0, description="Days of demand above lead time and review that the rule of thumb keeps, for comparison."
    )

    @property
    def rules_in_order(self) -> dict[str, PolicyRule]:
        """Return the rules in the order in which they are tried; the default ones where segkit.toml gives none."""
        rules = self.rules or DEFAULT_RULES
        return dict(sorted(rules.items(), key=lambda entry: (entry[1].rank or 0.0, entry[0])))

    @field_validator("rules", mode="before")
    @classmethod
    def _ranked(cls, rules: Any) -> Any:
        """Write down the order of the file: what is stored, hashed or merged with more rules does not keep it."""
        if not isinstance(rules, dict):
            return rules
        made, last = {}, 0.0
        for name, rule in rules.items():
            rank = rule.get("rank") if isinstance(rule, dict) else getattr(rule, "rank", None)
            if rank is None:
                rank = last + 1
                rule = {**rule, "rank": rank} if isinstance(rule, dict) else _with_rank(rule, rank)
            made[name] = rule
            last = max(last, rank) if isinstance(rank, int | float) else last
        return made

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        seen: dict[float | None, str] = {}
        for name, rule in self.rules.items():
            if rule.rank in seen:
                raise ValueError(f"rules {seen[rule.rank]} and {name} have the same rank {rule.rank:g}")
            seen[rule.rank] = name
        return self

    @model_validator(mode="after")
    def _classes_have_targets(self) -> Self:
        if self.class_by and not self.class_targets:
            raise ValueError(f"class_by {self.class_by} needs class_targets: a fill rate (P2) for every class")
        return self


def _with_rank(rule: Any, rank: float) -> Any:
    return rule.model_copy(update={"rank": rank}) if isinstance(rule, PolicyRule) else rule
