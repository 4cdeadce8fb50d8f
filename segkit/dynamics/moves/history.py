"""Classes month by month, each made by the plan's own functions from what was known at the end of its month."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table, nomenclature
from segkit.core.masters import look_up
from segkit.core.settings import Settings
from segkit.dynamics.classes.customer_bands import band_service, join_band
from segkit.dynamics.classes.item_segments import customer_measure, segment_items
from segkit.dynamics.classes.stock_ranks import add_cost_criterion
from segkit.dynamics.classes.value_classes import classify_by_settings
from segkit.dynamics.demand.panel import follow_successors
from segkit.dynamics.moves.known import Records
from segkit.dynamics.moves.month_sums import sum_by_month, window_noise
from segkit.dynamics.moves.past_profiles import PastDemand
from segkit.dynamics.moves.stability import add_stable_classes
from segkit.formulas.sums import clean_sums

_ITEM_SUMS = ["quantity", "revenue", "cost", "gross_margin", "net_margin"]
_FIGURES = ["entity_id", "measure_value", "cumulative_share", "abc", "xyz", "segment"]


def track_segments(records: Records, *, settings: Settings) -> pd.DataFrame:
    """Return ``segment_history``: classes of items and named customers at the end of every month.

    Parameters
    ----------
    records : Records
        Order lines, items, activities and the days on which something was sold.
    settings : Settings
        Those of the plan.

    Returns
    -------
    DataFrame
        From the first month with a complete period on, in weekly plans at the last week that ended in the month. A
        row of month t is what a plan as of t says, before overrides by a person. stable_abc starts as abc.

    Notes
    -----
    The first months rest on a window that is still filling up. XYZ is by CV whatever ``segments.xyz_by`` says, as
    forecast errors bear no date and seasons need years. Customers have rows while they have lines in the window.
    """
    members: dict[str, _Customers | _Items] = {
        "customer": _Customers.of(records, settings),
        "item": _Items.of(records, settings),
    }
    parts: dict[str, list[pd.DataFrame]] = {entity: [] for entity in members}
    for day, window in records.windows(settings.periods, settings.segments.window_months):
        for entity, kind in members.items():
            parts[entity].append(kind.classes(window, day).assign(entity=entity, known_on=day))
    tables = [add_stable_classes(pd.concat(found), settings=settings) for found in parts.values() if found]
    if not any(len(table) for table in tables):
        return empty_table("segment_history")
    table = pd.concat(tables).sort_values(["entity", "entity_id", "known_on"], ignore_index=True)
    kinds = {"entity": "str", "entity_id": "str", "known_on": "datetime64[us]"}
    return table[list(nomenclature()["segment_history"].columns)].astype(kinds)


@dataclass(frozen=True)
class _Customers:
    """Customers, in the order of their ids."""

    ids: pd.Index
    settings: Settings

    @classmethod
    def of(cls, records: Records, settings: Settings) -> "_Customers":
        return cls(pd.Index(records.lines["customer_id"].unique()).sort_values(), settings)

    def classes(self, window: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
        """Return the classes of the named customers in a window."""
        rules, size = self.settings.segments, len(self.ids)
        measure = customer_measure(rules)
        code = self.ids.get_indexer(window["customer_id"])
        there = np.flatnonzero((np.bincount(code, minlength=size) > 0) & (self.ids != UNKNOWN_CUSTOMER))
        names = dict.fromkeys([measure, "revenue", "cost_to_serve"])
        sums = {name: clean_sums(code, window[name].to_numpy(), size)[there] for name in names}
        values = pd.DataFrame({"customer_id": self.ids[there], **sums})
        table = classify_by_settings(values, measure=measure, rules=rules, limits=rules.abc_customer_limits)
        band = band_service(table, self.settings.customer_bands)
        table = table.assign(xyz=pd.Series("", index=table.index, dtype="str"), segment=join_band(table["abc"], band))
        by_month = sum_by_month(window, code, size, measure=measure, end=day.date(), months=rules.window_months)
        table = table.rename(columns={"customer_id": "entity_id"})[_FIGURES]
        return table.assign(noise=window_noise(by_month)[there], group="")


@dataclass(frozen=True)
class _Items:
    """Items in the order of their ids, their groups, and their demand by period."""

    master: pd.DataFrame
    demand: PastDemand
    records: Records
    settings: Settings

    @classmethod
    def of(cls, records: Records, settings: Settings) -> "_Items":
        lines, items = records.lines, records.items
        heirs = follow_successors(lines[["item_id"]], items, rules=settings.items)
        ids = pd.Index(pd.concat([lines["item_id"], heirs["item_id"]]).unique()).sort_values()
        master = pd.DataFrame({"item_id": pd.Series(ids, dtype="str")})
        for name in ("category", "supplier_id"):
            master[name] = look_up(master["item_id"], items, name)
        starts = records.periods(settings.periods, records.as_of)["period"].to_numpy()
        return cls(master, PastDemand.of(lines, items, ids, starts), records, settings)

    def classes(self, window: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
        """Return the classes of the items known on a day."""
        rules, ids = self.settings.segments, self.demand.ids
        code = ids.get_indexer(window["item_id"])
        count = np.bincount(code, minlength=len(ids))
        sums = {name: clean_sums(code, window[name].to_numpy(), len(ids)) for name in _ITEM_SUMS}
        value = self.master.assign(**sums, lines=count, customers=count)[count > 0]
        periods = self.records.periods(self.settings.periods, day)
        profile = self.demand.profile(periods, day, settings=self.settings)
        value = add_cost_criterion(value, profile, settings=self.settings)
        table = segment_items(value, profile, rules=rules.model_copy(update={"xyz_by": "cv"}))
        return table.rename(columns={"item_id": "entity_id"})[_FIGURES].assign(
            noise=self._noise(window, code, day, table["item_id"]),
            group=look_up(table["item_id"], self.master, rules.within).fillna("") if rules.within else "",
        )

    def _noise(self, window: pd.DataFrame, code: np.ndarray, day: pd.Timestamp, items: pd.Series) -> np.ndarray:
        rules, ids = self.settings.segments, self.demand.ids
        if rules.measure not in window:
            return np.full(len(items), np.nan)
        measure, months = rules.measure, rules.window_months
        by_month = sum_by_month(window, code, len(ids), measure=measure, end=day.date(), months=months)
        return window_noise(by_month)[ids.get_indexer(items)]
