"""The parts of segkit.toml that state quotas, contracts, a hierarchy of classes, and capacity."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segkit.core.source_settings import Section

Units = Annotated[float, Field(ge=0)]
_EVERY = "blank = every one; the most exact entry counts."


class StatedQuota(Section):
    """What a class has of every supply: one of number, share and ratio, as promising.rule asks for it."""

    demand_class: str = Field(description='Class of customers; "(all others)" = those without an entry.')
    number: Units | None = Field(None, description="Units of each supply, with promising.rule by_number.")
    share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Share of each supply [0-1], with promising.rule by_share."
    )
    ratio: Units | None = Field(
        None, description="Part of each supply beside the others, with promising.rule by_ratio."
    )
    kind: Literal["reservation", "limit", "both", "neutral"] = Field(
        "reservation",
        description="reservation = kept from others; limit = the class gets no more, nothing is kept; both; neutral = "
        "only counted.",
    )
    item_id: str = Field("", description=f"Item; {_EVERY}")
    location_id: str = Field("", description=f"Location; {_EVERY}")


class Commitment(Section):
    """What a class is owed by contract, before any rule shares the rest; it is never released."""

    demand_class: str = Field(description="Class of customers.")
    quantity: Annotated[float, Field(gt=0)] = Field(
        description="Least quantity of each supply it is owed from [units]."
    )
    item_id: str = Field("", description="Item; blank = every one.")
    location_id: str = Field("", description="Location; blank = every one.")
    period: date | None = Field(
        None,
        description="Day on which it is owed: from the last supply by then and, what that lacks, from earlier ones; "
        "blank = from every supply.",
    )


class ClassNode(Section):
    """A node of the hierarchy down which rule hierarchy splits supply; nodes without others below are classes."""

    parent: str = Field("", description="Node above; blank = a top.")
    share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Share of what the parent has (a top: of the supply), with hierarchy_by by_share."
    )
    rank: Units | None = Field(None, description="1 = first among the nodes of a parent, with hierarchy_by by_rank.")


class Capacity(Section):
    """How much can be made or bought beyond the supply that is known; without an entry any amount, in lead time."""

    units: Annotated[float, Field(gt=0)] = Field(description="Units in each period.")
    period_days: Annotated[float, Field(ge=1)] = Field(7.0, description="Days of a period.")
    item_id: str = Field("", description=f"Item; {_EVERY}")
    location_id: str = Field("", description=f"Location; {_EVERY}")


class AllocationSettings(Section):
    """What the rules of allocation need beside their name."""

    protection: Literal["optimal", "emsr_b", "emsr_a"] = Field(
        "optimal",
        description="How rule nested sizes what is kept: optimal = exact; emsr_b, emsr_a = rules of thumb of revenue "
        "management (expected marginal seat revenue).",
    )
    quotas: dict[str, StatedQuota] = Field(
        {}, description="Quotas of rules by_number, by_share and by_ratio, by a name of your choice."
    )
    commitments: dict[str, Commitment] = Field(
        {}, description="What contracts owe, by a name of your choice: served before any rule."
    )
    hierarchy: dict[str, ClassNode] = Field({}, description="Nodes of rule hierarchy by name.")
    hierarchy_by: Literal["by_share", "by_rank", "by_forecast"] = Field(
        "by_share",
        description="How a node splits what it has among those below: by_share = fixed shares; by_rank = the best rank "
        "has its forecast first; by_forecast = in proportion to expected demand.",
    )
    entitlements: dict[str, Annotated[float, Field(gt=0)]] = Field(
        {}, description="Weights of rule fair_share by class, for example {gold = 2}; classes not named: 1."
    )
    capacities: dict[str, Capacity] = Field(
        {}, description="Limits of what can be made or bought to order, by a name of your choice."
    )
    fence_days: int | None = Field(
        None,
        ge=0,
        description="Time fence: nothing is made or bought to order before so many days from as_of; blank = before the "
        "last supply that is known of the place.",
    )

    @model_validator(mode="after")
    def _stated_for_the_rule(self) -> Self:
        problems = list(_unfit(self, getattr(self, "rule", "")))
        if problems:
            raise ValueError("; ".join(problems))
        return self


def quota_amount(rule: str) -> str | None:
    """Return which amount of a quota a rule asks for; None where it takes no quotas.

    Examples
    --------
    >>> quota_amount("by_share"), quota_amount("nested")
    ('share', None)
    """
    return {"by_number": "number", "by_share": "share", "by_ratio": "ratio"}.get(rule)


def _unfit(rules: AllocationSettings, rule: str) -> list[str]:
    """Return what is stated and would count for nothing, and what is needed and not stated."""
    wanted = quota_amount(rule)
    problems = []
    if wanted is None and rules.quotas:
        problems.append(f"quotas are stated, but rule is {rule}: quotas count with by_number, by_share or by_ratio")
    if wanted is not None:
        for name, quota in rules.quotas.items():
            told = [one for one in ("number", "share", "ratio") if getattr(quota, one) is not None]
            if told != [wanted]:
                problems.append(f"quotas.{name} tells {' and '.join(told) or 'no amount'}; rule {rule} needs {wanted}")
    if (rule == "hierarchy") != bool(rules.hierarchy):
        fix = "[promising.hierarchy.NODE] with parent" if rule == "hierarchy" else 'rule = "hierarchy"'
        problems.append(f"hierarchy and rule {rule} do not go together: give {fix}")
    for name, node in rules.hierarchy.items():
        if rules.hierarchy_by == "by_share" and node.share is None:
            problems.append(f"hierarchy.{name} has no share; hierarchy_by is by_share")
        if rules.hierarchy_by == "by_rank" and node.rank is None:
            problems.append(f"hierarchy.{name} has no rank; hierarchy_by is by_rank")
    if rules.entitlements and rule != "fair_share":
        problems.append(f"entitlements are stated, but rule is {rule}: they count with fair_share")
    if rules.protection != "optimal" and rule != "nested":
        problems.append(f"protection is {rules.protection}, but rule is {rule}: it counts with nested")
    return problems
