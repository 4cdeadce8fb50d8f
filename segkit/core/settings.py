"""``segkit.toml``: every setting, typed and documented. An unknown key is an error that names the nearest known one.

Settings are TOML, so that ``00123`` stays text and ``NO`` stays Norway. ``extends = "online_retail"`` starts from a
mapping that is shipped with segkit (see ``segkit/core/mappings``); what the file says itself wins.
"""

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from segkit.core.allocation_settings import quota_amount
from segkit.core.columns import input_tables
from segkit.core.errors import SettingsError, UsageError, list_problems, nearest_name
from segkit.core.forecast_settings import Forecasts
from segkit.core.policy_settings import Policies
from segkit.core.promising_settings import Promising
from segkit.core.segment_settings import (
    CustomerBands,
    LifeCycle,
    MicroSegments,
    Patterns,
    RuleSegment,
    Segments,
    Stability,
    SupplierBands,
    Watch,
)
from segkit.core.source_settings import Rule, Section, Source, share_file

FILE_NAME = "segkit.toml"
MAPPINGS = Path(__file__).parent / "mappings"

Share = Annotated[float, Field(ge=0, le=1)]


class Company(Section):
    """Whose plan this is, as it appears on the report."""

    name: str = Field("", description="Name on the report; the folder's name where blank.")
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="ISO 4217 code in which the plan counts money.")
    logo: str = Field("", description="Image file (SVG or PNG) for the report's head, relative to the workspace.")
    prepared_by: str = Field("", description="Who made the report, in its foot.")


class Orders(Section):
    """What to do with order lines that are not plain sales."""

    missing_price: Literal["fail", "set_aside"] = Field("fail", description="Neither unit_price nor amount is given.")
    missing_customer: Literal["fail", "keep", "set_aside"] = Field(
        "keep", description="keep = under the customer (unknown), reported."
    )
    missing_item: Rule = Field("set_aside", description="A line that names no item.")
    negative_price: Rule = Field("set_aside", description="A price below zero (accounting entries).")
    free_lines: Literal["keep", "set_aside"] = Field("keep", description="Lines at price zero.")
    returned_positive: Literal["flip", "fail"] = Field(
        "flip", description="Lines with status returned and a quantity above zero; flip = they become returns."
    )
    far_dates: Literal["set_aside", "fail"] = Field(
        "set_aside",
        description="Order dates (and sales periods) far from all others: more than a year, and 20 usual pauses, away "
        "from the days that hold over 99 % of the rows.",
    )
    cancelled: Literal["set_aside", "keep"] = Field("set_aside", description="Lines with status cancelled.")
    non_product_items: list[str] = Field([], description="Item codes that are no goods (postage, fees); `*` allowed.")
    reversal_days: int = Field(
        7, ge=0, description="A return that exactly undoes a line of so many days before is a correction, not demand."
    )
    bulk_factor: float = Field(
        10, gt=1, description="A line above this many times the item's 95th percentile line is one-off bulk."
    )


class Items(Section):
    """What to do with items that took another's place."""

    superseded: Literal["inherit", "separate"] = Field(
        "inherit", description="Whether the successor inherits the history of demand."
    )


class Periods(Section):
    """The planning period."""

    unit: Literal["month", "week", "day"] = Field("month", description="Length of a planning period.")
    week_start: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field("mon", description="First weekday.")


class Demand(Section):
    """How demand is cut."""

    demand_class: Literal["", "tier", "channel", "region", "country"] = Field(
        "", description="Customer attribute by which demand is planned apart; blank = all together."
    )


class Assume(Section):
    """Named assumptions for what the data do not say. None is made unless it is written here; each is reported."""

    gross_margin: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="Gross margin as a share of revenue [0-1], for lines whose cost is unknown."
    )
    item_cost_factor: float = Field(
        1.0,
        gt=0,
        description="Times the item's unit_cost, where it stands in for a cost that the line does not record.",
    )
    capital_rate: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="Cost of capital a year [0-1], for the wait until customers pay (customers.payment_days)."
    )
    order_cost: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Cost of placing and receiving one replenishment order line [plan currency]."
    )
    holding_rate: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Cost of holding stock for a year, as a share of its unit cost."
    )


class LeadTimes(Section):
    """How lead times are taken from purchases."""

    min_receipts: int = Field(5, ge=2, description="Fewer receipts fall back to the supplier's, then the master's.")
    window_days: int = Field(365, ge=1, description="Orders of so many days count; of few the latest min_receipts.")


class Fx(Section):
    """How exchange rates are looked up."""

    max_age_days: int = Field(31, ge=0, description="A rate older than this counts as missing.")


class Run(Section):
    """How scheduled runs behave."""

    reports_dir: str = Field("", description="Folder for reports; `reports` in the current folder where blank.")
    max_age_days: int | None = Field(None, ge=0, description="Refuse when the newest order is older than this.")
    max_shrink: Share = Field(0.1, description="Refuse when an input lost more than this share of its rows.")
    keep: int = Field(20, ge=1, description="Reports kept per workspace; `latest` is never removed.")
    deadline_minutes: float = Field(60, gt=0, description="The whole run ends after this time.")


class Settings(Section):
    """The whole of segkit.toml."""

    extends: str = Field("", description="Shipped mapping to start from, for example online_retail.")
    company: Company = Company()
    sources: dict[str, Source] = Field({}, description="One entry per input table.")
    orders: Orders = Orders()
    items: Items = Items()
    periods: Periods = Periods()
    demand: Demand = Demand()
    assume: Assume = Assume()
    life_cycle: LifeCycle = LifeCycle()
    patterns: Patterns = Patterns()
    segments: Segments = Segments()
    customer_bands: CustomerBands = CustomerBands()
    supplier_bands: SupplierBands = SupplierBands()
    rules: dict[str, RuleSegment] = Field({}, description="Rule segments by name.")
    micro_segments: MicroSegments = MicroSegments()
    stability: Stability = Stability()
    watch: Watch = Watch()
    lead_times: LeadTimes = LeadTimes()
    forecasts: Forecasts = Forecasts()
    policies: Policies = Policies()
    promising: Promising = Promising()
    fx: Fx = Fx()
    run: Run = Run()

    @model_validator(mode="after")
    def _classes_have_their_figures(self) -> Self:
        problems = []
        if self.segments.measure == "cost_criterion" and None in (self.assume.order_cost, self.assume.holding_rate):
            problems.append("segments.measure cost_criterion needs assume.order_cost and assume.holding_rate")
        if self.segments.xyz_by == "forecast_error" and "forecast_errors" not in self.sources:
            problems.append("segments.xyz_by forecast_error needs a table: name its file in sources.forecast_errors")
        rule, stated = self.promising.rule, bool(self.promising.quotas) or "quotas" in self.sources
        if (wanted := quota_amount(rule)) and not stated:
            fix = f"[promising.quotas.NAME] with demand_class and {wanted}, or a table of them, named in sources.quotas"
            problems.append(f"promising: rule {rule} needs quotas: {fix}")
        if not wanted and "quotas" in self.sources:
            told = "quotas count with by_number, by_share or by_ratio"
            problems.append(f"sources.quotas is given, but promising.rule is {rule}: {told}")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @field_validator("sources", mode="before")
    @classmethod
    def _shared_files(cls, sources: Any) -> Any:
        """Give a source that names another's file the way to that file."""
        if not isinstance(sources, dict) or not all(isinstance(source, dict) for source in sources.values()):
            return sources
        return {name: share_file(name, source, sources) for name, source in sources.items()}

    @field_validator("sources", mode="before")
    @classmethod
    def _known_tables(cls, sources: Any) -> Any:
        known = list(input_tables())
        unknown = [name for name in sources if name not in known]
        if unknown:
            raise ValueError("; ".join(f"no table is named {name}{nearest_name(name, known)}" for name in unknown))
        return sources


def read_settings(workspace: Path, overrides: dict[str, Any] | None = None) -> Settings:
    """Read ``segkit.toml`` of a workspace.

    Parameters
    ----------
    workspace : Path
        Folder that holds ``segkit.toml``.
    overrides : dict, optional
        Nested values that win over the file, as ``--set`` and ``what_if`` give them.

    Returns
    -------
    Settings
        Checked and frozen.

    Raises
    ------
    SettingsError
        The file is missing, is no TOML, or holds unknown keys or values of the wrong kind: all of them at once.
    UsageError
        The file is sound and the overrides are not.
    """
    path = workspace / FILE_NAME
    if not path.is_file():
        raise SettingsError(f"no {FILE_NAME} in {workspace}\nMake a workspace with: segkit new NAME --orders FILE")
    own = _read_toml(path)
    if not overrides:
        return check_settings(own, str(path))
    try:
        return check_settings(merge_settings(own, overrides), f"--set {' --set '.join(_as_typed(overrides))}")
    except SettingsError as error:
        check_settings(own, str(path))
        raise UsageError(str(error)) from None


def workspace_folder(workspace: str | Path) -> Path:
    """Return the folder of a workspace; a relative name is looked for here and in every folder above.

    Raises
    ------
    SettingsError
        No such folder holds segkit.toml; the folders that were tried are named.
    """
    path = Path(workspace)
    tried = [path] if path.is_absolute() else [folder / path for folder in (Path.cwd(), *Path.cwd().parents)]
    for folder in tried:
        if (folder / FILE_NAME).is_file():
            return folder.resolve()
    raise SettingsError(
        f"no workspace {workspace}: no {FILE_NAME} in {tried[0]}"
        + (" nor in the folders above" if len(tried) > 1 else "")
        + "\nMake one with: segkit new NAME --orders FILE"
    )


def check_settings(values: dict[str, Any], where: str) -> Settings:
    """Return nested values as Settings, or raise a SettingsError that lists every problem in them."""
    if name := values.get("extends"):
        values = _without_files_not_named(merge_settings(_read_toml(_mapping(name)), values))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors()]
        raise SettingsError(list_problems(where, problems)) from None


def _without_files_not_named(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out the tables of a mapping whose file the user has not named; orders and sales stay, to be asked for."""
    sources = values.get("sources", {})
    named = {
        name: source
        for name, source in sources.items()
        if name in ("orders", "sales") or any(source.get(key) for key in ("file", "url", "same_file_as"))
    }
    with_file = {name for name in named if not named[name].get("same_file_as") or named[name]["same_file_as"] in named}
    return {**values, "sources": {name: source for name, source in named.items() if name in with_file}}


def merge_settings(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``top`` laid over it, table by table; neither is changed.

    Examples
    --------
    >>> merge_settings({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge_settings(merged[key], value) if both else value
    return merged


def parse_override(text: str) -> dict[str, Any]:
    """Return ``--set section.key=value`` as nested values; the value is read as TOML, else as text.

    Examples
    --------
    >>> parse_override("assume.gross_margin=0.4")
    {'assume': {'gross_margin': 0.4}}
    """
    key, sign, raw = text.partition("=")
    if not sign or not key.strip():
        raise UsageError(f"--set {text}: write it as section.key=value")
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw
    for part in reversed(key.strip().split(".")):
        value = {part: value}
    return value


def _as_typed(overrides: dict[str, Any], section: str = "") -> list[str]:
    """Return overrides as they are typed after ``--set``; of a database's URL only the key, as it may hold a secret."""
    typed = []
    for key, value in overrides.items():
        name = f"{section}{key}"
        if isinstance(value, dict) and value:
            typed += _as_typed(value, f"{name}.")
        else:
            shown = value if isinstance(value, str) else json.dumps(value, default=str)
            typed.append(name if key == "url" else f"{name}={shown}")
    return typed


def fill_environment(text: str) -> str:
    """Return ``text`` with every ``${NAME}`` replaced from the environment; a missing one is a SettingsError."""
    missing = [name for name in re.findall(r"\$\{(\w+)\}", text) if name not in os.environ]
    if missing:
        raise SettingsError(f"environment variable {', '.join(missing)} is not set\nSet it before the run.")
    return re.sub(r"\$\{(\w+)\}", lambda found: os.environ[found.group(1)], text)


def mapping_names() -> list[str]:
    """Return the names of the shipped mappings."""
    return sorted(path.stem for path in MAPPINGS.glob("*.toml"))


def _mapping(name: str) -> Path:
    if name not in mapping_names():
        raise SettingsError(f"extends = {name!r}: no such mapping{nearest_name(name, mapping_names())}")
    return MAPPINGS / f"{name}.toml"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key{nearest_name(str(error['loc'][-1]), _known_keys(error['loc'][:-1]))}"
    given = "" if error["type"] in ("missing", "value_error") else f", got {error['input']!r}"
    text = error["msg"].removeprefix("Value error, ")
    return f"{where}: {text}{given}" if where else text


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    model: Any = Settings
    for part in location:
        fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
        if part in fields:
            model = fields[part].annotation
        models = [kind for kind in (model, *get_args(model)) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        model = models[0] if models else model
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
