"""Step 4, promises: what open orders are promised, a backorder run, by when they are there, how often that held."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table
from segkit.core.shelf import table
from segkit.inventory.policies import class_demand
from segkit.plan.contest import Contest
from segkit.promising import new_orders, plan_release, plan_terms, promise_headlines, supply
from segkit.promising.allocation.stated_terms import idle_terms, limit_capacity
from segkit.promising.atp_table import tell_available
from segkit.promising.backorder_segments import TOML
from segkit.promising.backorders import BackorderRun, confirm_anew
from segkit.promising.explain_promise import PromiseExplanation
from segkit.promising.held_out_otif import first_held_out_day, grid_otif
from segkit.promising.open_promises import PromisedFrom, explain_open_order, promise_open_orders
from segkit.promising.orders import Promises
from segkit.promising.plan_segments import plan_segments
from segkit.promising.reliability import outlook

_KEY = ["order_id", "line_id"]
_PLACE = ["item_id", "location_id"]


@dataclass(frozen=True)
class MorePromises:
    """What new order lines are promised.

    ``lines`` as table promise_lines, ``trace`` as table promises, ``dates`` as table dated_promises.
    """

    lines: pd.DataFrame
    trace: pd.DataFrame
    dates: pd.DataFrame


class OrderPromises(Contest):
    """Step 4, promises: what open orders are promised, a backorder run, by when they are there, how often that held."""

    @table
    def promise_lines(self) -> pd.DataFrame:
        """What every open order line is promised against the allocations, and why not earlier."""
        return self._promised().lines

    @table
    def promises(self) -> pd.DataFrame:
        """From which supply and whose quota every promised unit comes."""
        return self._promised().trace

    @table
    def available_to_promise(self) -> pd.DataFrame:
        """What is left of supply after what is promised, by item, location and week: discrete and cumulative ATP."""
        return tell_available(self.supply, self.promises, self.allocations, as_of=self.as_of)

    @table
    def backorder_run(self) -> pd.DataFrame:
        """What open orders would hold if they were confirmed anew by segment, beside first come; a dry run."""
        return self._confirmed_anew().lines

    @table
    def backorder_segments(self) -> pd.DataFrame:
        """The segments of the backorder run, before and after."""
        return self._confirmed_anew().segments

    @table
    def backorder_transfers(self) -> pd.DataFrame:
        """Who would give what to whom."""
        return self._confirmed_anew().transfers

    @table
    def delivery_release(self) -> pd.DataFrame:
        """What of the promises is due to leave, and released from the stock on hand, by promising.release_by."""
        lines = plan_release.block_unpaid(self.open_orders, self.customers)
        return plan_release.release_open_orders(
            lines,
            self.promises,
            self.supply,
            classes=self._classes(),
            transit_days=self._transit_days(),
            as_of=self.as_of,
            rules=self.settings.promising,
        )

    @table
    def dated_promises(self) -> pd.DataFrame:
        """By when open orders are there, with each reliability, from the company's own deliveries."""
        rules = self.settings.promising
        known = self._deliveries()
        return outlook.date_promises(known, self.promise_lines, known, as_of=self.as_of, rules=rules)

    @table
    def promise_reliability(self) -> pd.DataFrame:
        """How often dates promised month by month were kept on hold-out."""
        if not self.has_input("orders"):
            return empty_table("promise_reliability")
        return outlook.judge_promises(self._deliveries(), as_of=self.as_of, rules=self.settings.promising)

    @table
    def otif(self) -> pd.DataFrame:
        """What on time, in full comes to under every definition, in the held-out months."""
        if not self.has_input("orders"):
            return empty_table("otif")
        return grid_otif(self._dated_lines(), as_of=self.as_of, rules=self.settings.promising)

    @table
    def promise_headlines(self) -> pd.DataFrame:
        """The headlines of allocation and promising."""
        names = ("open_orders", "promise_lines", "backorder_run", "promise_reliability", "otif", "rule_contest")
        made: dict[str, Any] = {name: getattr(self, name) for name in names}
        idle = idle_terms(self._stated_rules(), supply.counted_on(self.supply), as_of=pd.Timestamp(self.as_of))
        tables = promise_headlines.PromiseTables(**made, undone_lines=self._undone_lines(), idle_terms=idle)
        return promise_headlines.tell_promises(tables, currency=self.currency, rules=self.settings.promising)

    def explain_promise(self, order_id: str = "", line_id: str = "") -> PromiseExplanation:
        """Return what one open order line used, and the least change of each kind that would have improved it.

        Parameters
        ----------
        order_id, line_id : str, optional
            The line; blank = the one that is promised latest.

        Returns
        -------
        PromiseExplanation
            Tables line, used and changes: see `segkit.explain_promise`.
        """
        rules, line = self.settings.promising, (str(order_id), str(line_id))
        if not order_id:
            latest = self.promise_lines.sort_values(["late_days", *_KEY], ascending=[False, True, True])
            line = next(latest[_KEY].itertuples(index=False, name=None), line)
        given = self._promised_from(self.allocations, self.open_orders)
        return explain_open_order(self.open_orders, given, line, classes=self._classes(), rules=rules)

    def promise_more(self, new: pd.DataFrame) -> MorePromises:
        """Return what new order lines are promised behind the open ones, and by when they are there.

        Parameters
        ----------
        new : DataFrame
            order_id, line_id, order_date, customer_id, item_id, location_id, quantity and, where known, requested_date,
            channel, unit_margin [currency/unit] (blank: no bid price refuses the line), delivery, split_minimum,
            max_lateness_days.

        Returns
        -------
        MorePromises
            Tables ``promise_lines``, ``promises`` and ``dated_promises`` of the new lines.

        Raises
        ------
        DataError
            New lines are open already, or name no location where there are several.
        """
        by, rules, day = self._class_by(), self.settings.promising, self.as_of
        customers = self.customer_segments if by == "abc" else self.customers
        labelled = class_demand.label_demand_classes(new, customers, by=by)
        known = [name if name in self._classes() else UNKNOWN_CUSTOMER for name in labelled["demand_class"]]
        settled = plan_terms.settle_terms(labelled.assign(demand_class=known), self.customers, rules=rules)
        book = new_orders.join_book(self.open_orders, settled, locations=self._locations(), as_of=day)
        made = self._promise(self.allocations, book)
        new_keys = labelled[_KEY].astype("str")
        lines, trace = made.lines.merge(new_keys, on=_KEY), made.trace.merge(new_keys, on=_KEY)
        lines = lines.assign(order_date=new_orders.shown_arrival(lines["order_date"]))
        facts = outlook.list_deliveries(outlook.as_dated(labelled), self.customers, self.items)
        dates = outlook.date_promises(self._deliveries(), lines, facts, as_of=day, rules=rules)
        return MorePromises(lines, trace, dates)

    def new_order_problems(self, new: pd.DataFrame) -> list[str]:
        """Return why new order lines cannot join the open ones: open already, no place, or a day that is over."""
        return new_orders.join_problems(self.open_orders, new, locations=self._locations(), as_of=self.as_of)

    def _locations(self) -> list[str]:
        """Return the locations of order lines and supply."""
        tables = [self.supply, *([self.order_lines] if self.has_input("orders") else [])]
        return sorted({str(name) for table in tables for name in table["location_id"].dropna().unique()})

    def _undone_lines(self) -> int:
        if not self.has_input("orders"):
            return 0
        first = first_held_out_day(self.as_of, rules=self.settings.promising)
        lines = self.order_lines
        return int(((lines["order_date"] >= first) & (lines["quantity"] > 0) & lines["is_reversed"].astype(bool)).sum())

    def _promised(self) -> Promises:
        return self.once("promised", lambda plan: plan._promise(plan.allocations, plan.open_orders))

    def _first_come(self) -> Promises:
        """Return what open orders hold now: promised as they came, without quotas."""
        return self.once("first_come", lambda plan: plan._promise(None, plan.open_orders))

    def _promise(self, allocations: pd.DataFrame | None, book: pd.DataFrame) -> Promises:
        known = self._classes()
        classes = [*known, *sorted(set(book["demand_class"]) - set(known))]
        given = self._promised_from(allocations, book)
        return promise_open_orders(book, given, classes=classes, rules=self.settings.promising)

    def _promised_from(self, allocations: pd.DataFrame | None, book: pd.DataFrame) -> PromisedFrom:
        rules, agreed, counted = self.settings.promising, self._agreed(), supply.counted_on(self.supply)
        places = pd.concat([book[_PLACE], counted[_PLACE]]).drop_duplicates()
        capable = self._through_network(self.policies)[[*_PLACE, "lead_time_days"]].dropna().reset_index(drop=True)
        capable["bid_price"] = plan_terms.bid_prices_of(capable, agreed.bid_prices, rules=rules)
        capable = limit_capacity(capable, rules, as_of=pd.Timestamp(self.as_of))
        alternatives = plan_terms.place_alternatives(agreed.alternatives, places)
        known = self._classes()
        classes = [*known, *sorted(set(book["demand_class"]) - set(known))]
        return PromisedFrom(counted, allocations, capable, alternatives, self._levels(places, classes))

    def _levels(self, places: pd.DataFrame, classes: list[str] | None = None) -> pd.DataFrame | None:
        """Return critical levels: those agreed on, and by rule critical_levels those of class_stock."""
        rules, by = self.settings.promising, self._class_by()
        sized = empty_table("class_stock")
        if rules.rule == "critical_levels" and by == self.settings.policies.class_by:
            sized = self.class_stock
        levels = plan_terms.levels_of_classes(
            self._agreed().critical_levels, sized, places, classes=classes or self._classes()
        )
        plan_terms.require_levels(levels, class_by=by, rules=rules)
        return levels

    def _confirmed_anew(self) -> BackorderRun:
        return self.once("backorders", OrderPromises._run_backorders)

    def _run_backorders(self) -> BackorderRun:
        rules, opened = self.settings.promising, self.open_orders
        lines = opened[(opened["left_out"] == "").to_numpy()].reset_index(drop=True)
        floor = plan_terms.bid_prices_of(lines, self._agreed().bid_prices, rules=rules)
        lines = lines[~(lines["unit_margin"] < floor).to_numpy()].reset_index(drop=True)
        segments = plan_segments(self._classes(), rules=rules)
        return confirm_anew(lines, self._first_come().trace, supply.counted_on(self.supply), segments, TOML)

    def _deliveries(self) -> pd.DataFrame:
        if not self.has_input("orders"):
            return pd.DataFrame({"delivered_date": pd.Series(dtype="datetime64[us]")})
        return self.once(
            "deliveries", lambda plan: outlook.list_deliveries(plan._dated_lines(), plan.customers, plan.items)
        )
