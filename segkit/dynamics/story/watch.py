"""The watch list: what moved and wants a decision, most money first, each in a sentence that a director understands."""

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.periods import periods_per_year
from segkit.core.segment_settings import Watch
from segkit.core.settings import Settings
from segkit.dynamics.story import watch_events as events
from segkit.dynamics.story.watch_words import Told
from segkit.dynamics.story.windows import full_from, months_before


@dataclass(frozen=True)
class WatchTables:
    """The tables of the plan from which the watch list is made; each may be empty.

    ``policy_overrides`` has ``sets`` too: what each row sets, in words.
    """

    items: pd.DataFrame
    customers: pd.DataFrame
    order_lines: pd.DataFrame
    activity_costs: pd.DataFrame
    item_value: pd.DataFrame
    margin_causes: pd.DataFrame
    item_segments: pd.DataFrame
    customer_segments: pd.DataFrame
    segment_history: pd.DataFrame
    segment_confidence: pd.DataFrame
    migration: pd.DataFrame
    segment_dynamics: pd.DataFrame
    change_points: pd.DataFrame
    class_overrides: pd.DataFrame
    policy_overrides: pd.DataFrame


@dataclass(frozen=True)
class WatchRules:
    """When something is watched: limits, the last day known, the window, periods in a year, the currency's code."""

    limits: Watch
    as_of: date
    window_months: int = 12
    periods_a_year: float = 12.0
    currency: str = ""


NAMES = tuple(field.name for field in fields(WatchTables))


def rules_of(settings: Settings, as_of: date) -> WatchRules:
    """Return the rules that the settings of a plan give, as of a day."""
    per_year, window = periods_per_year(settings.periods), settings.segments.window_months
    return WatchRules(settings.watch, as_of, window, per_year, settings.company.currency)


def make_watch_list(tables: WatchTables, *, rules: WatchRules) -> pd.DataFrame:
    """Return ``watch_list``: loss makers, moves of class, customers gone quiet and whatever else wants a decision.

    Parameters
    ----------
    tables : WatchTables
        Tables of the plan.
    rules : WatchRules
        Limits, last day known, months of the window of the segments, currency.

    Returns
    -------
    DataFrame
        Ranked by ``stake``, the net margin [currency] of a year that the event is about: what is lost, what a customer
        earned us in the year up to the last order, how much less a declining item earns than the year before, by how
        much a move changed what the class is made by (between windows that are both full). A change of level that may
        be season counts for the time since it only. A thing is listed at most once per kind; what earns nothing and
        loses nothing is left out, what has no known margin comes last.

    Notes
    -----
    Kinds: loss maker, class move (confirmed), overdue customer, lost customer, declining item, dormant item, uncertain
    class, change of level, override ends (of a class), policy override ends, unused capacity.
    """
    day, limits = pd.Timestamp(rules.as_of), rules.limits
    begin = months_before(day, rules.window_months)
    span = _span(tables.order_lines, begin, day, rules)
    told = Told(_names(tables), _measures(tables), rules.currency, span, rules.window_months)
    comparable = full_from(tables.order_lines, rules.window_months)
    worth = tables.margin_causes.set_index(["entity", "entity_id"])["net_margin"]
    found = [
        events.find_loss_makers(tables.margin_causes, tables.segment_history, told),
        events.find_class_moves(
            tables.segment_history[(tables.segment_history["known_on"] >= comparable).to_numpy(dtype=bool)],
            tables.migration,
            worth,
            told,
            since=months_before(day, limits.move_months),
        ),
        events.find_quiet_customers(tables.customer_segments, tables.order_lines, told),
        events.find_fading_items(tables.item_segments, tables.item_value, tables.order_lines, told, day=day),
        events.find_uncertain_classes(tables.segment_confidence, worth, told, limit=limits.uncertain),
        events.find_changes(
            tables.change_points[
                (tables.change_points["period"] >= months_before(day, limits.change_months)).to_numpy()
            ],
            tables.segment_dynamics,
            told,
            day=day,
            periods=_months_or_weeks(rules.periods_a_year),
        ),
        events.find_ending_overrides(
            _ending(tables.class_overrides, day, limits.override_days), _classes(tables), worth, told
        ),
        events.find_ending_policies(_ending(tables.policy_overrides, day, limits.override_days), worth, told),
        events.find_unused_capacity(
            tables.activity_costs[(tables.activity_costs["period_end"] >= begin).to_numpy()],
            told,
            share=limits.unused_share,
        ),
    ]
    table = pd.concat([part for part in found if len(part)] or [found[0]], ignore_index=True)
    return _ranked(table, told)


def _ranked(table: pd.DataFrame, told: Told) -> pd.DataFrame:
    kept = table[~(table["stake"] <= 0).to_numpy(dtype=bool)].drop_duplicates(["kind", "entity", "entity_id"])
    if kept.empty:
        return empty_table("watch_list")
    cents = kept["stake"].round(2)
    order = kept.assign(cents=-cents).sort_values(["cents", "kind", "entity", "entity_id"], na_position="last")
    made = order.assign(rank=np.arange(1, len(order) + 1), name=told.names_of(order)).reset_index(drop=True)
    made["since"] = made["since"].astype("datetime64[us]")
    text = ["kind", "entity", "entity_id", "name", "sentence"]
    return made[list(nomenclature()["watch_list"].columns)].astype(dict.fromkeys(text, "str"))


def _names(tables: WatchTables) -> dict[str, pd.Series]:
    """Return names by id of items and customers."""
    parts = {"item": (tables.items, "description"), "customer": (tables.customers, "name")}
    return {
        entity: master.drop_duplicates(f"{entity}_id").set_index(f"{entity}_id")[column].astype("object").fillna("")
        for entity, (master, column) in parts.items()
        if column in master
    }


def _measures(tables: WatchTables) -> dict[str, str]:
    """Return by what items and customers are classed."""
    parts = {"item": tables.item_segments, "customer": tables.customer_segments}
    return {entity: table["measure"].iloc[0] for entity, table in parts.items() if len(table)}


def _classes(tables: WatchTables) -> pd.Series:
    """Return the class by the data, by entity and id."""
    parts = [
        table.rename(columns={f"{entity}_id": "entity_id"})[["entity_id", "abc_by_data"]].assign(entity=entity)
        for entity, table in (("item", tables.item_segments), ("customer", tables.customer_segments))
    ]
    return pd.concat(parts).set_index(["entity", "entity_id"])["abc_by_data"]


def _months_or_weeks(periods: float) -> float:
    """Return in how many periods a year levels are told: of daily plans in months."""
    return periods if periods < 100 else 12.0


def _ending(table: pd.DataFrame, day: pd.Timestamp, days: int) -> pd.DataFrame:
    begun = table["valid_from"].isna() | (table["valid_from"] <= day) if "valid_from" in table else True
    soon = table["valid_to"].between(day, day + pd.Timedelta(days=days))
    return table[(begun & soon).to_numpy(dtype=bool)]


def _span(lines: pd.DataFrame, begin: pd.Timestamp, day: pd.Timestamp, rules: WatchRules) -> str:
    """Return the window in words: its months, or the days known where the data begin later."""
    first = lines["order_date"].min()
    if not pd.isna(first) and first >= begin + pd.DateOffset(months=1):
        known = (day - first).days + 1
        return f"in the {known:,} days known" if known > 1 else "on the one day known"
    return f"in the last {rules.window_months} months" if rules.window_months != 1 else "in the last month"
