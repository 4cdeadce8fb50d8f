"""Step 4, promises: what open orders are promised, a backorder run, by when they are there, how often that held."""

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.shelf import table
from segkit.plan.contest import Contest
from segkit.promising import promise_headlines, supply
from segkit.promising.backorders import BackorderRun, run_backorders
from segkit.promising.held_out_otif import grid_otif
from segkit.promising.open_promises import Promises, promise_open_orders
from segkit.promising.plan_segments import plan_segments
from segkit.promising.reliability import outlook


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
    def dated_promises(self) -> pd.DataFrame:
        """By when open orders are there, with each reliability, from the company's own deliveries."""
        rules = self.settings.promising
        return outlook.date_promises(self._deliveries(), self.promise_lines, as_of=self.as_of, rules=rules)

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
        tables = promise_headlines.PromiseTables(*(getattr(self, name) for name in names))
        return promise_headlines.tell_promises(tables, currency=self.currency, rules=self.settings.promising)

    def _promised(self) -> Promises:
        return self.once("promised", lambda plan: plan._promise(plan.allocations))

    def _first_come(self) -> Promises:
        """Return what open orders hold now: promised as they came, without quotas."""
        return self.once("first_come", lambda plan: plan._promise(None))

    def _promise(self, allocations: pd.DataFrame | None) -> Promises:
        capable = self.policies[["item_id", "location_id", "lead_time_days"]].dropna()
        counted = supply.counted_on(self.supply)
        return promise_open_orders(
            (self.open_orders, counted, allocations), capable, classes=self._classes(), rules=self.settings.promising
        )

    def _confirmed_anew(self) -> BackorderRun:
        return self.once("backorders", OrderPromises._run_backorders)

    def _run_backorders(self) -> BackorderRun:
        rules, opened = self.settings.promising, self.open_orders
        lines = opened[(opened["left_out"] == "").to_numpy()].reset_index(drop=True)
        segments = plan_segments(self._classes(), rules=rules)
        return run_backorders(lines, self._first_come().trace, supply.counted_on(self.supply), segments=segments)

    def _deliveries(self) -> pd.DataFrame:
        if not self.has_input("orders"):
            return pd.DataFrame({"delivered_date": pd.Series(dtype="datetime64[us]")})
        return self.once(
            "deliveries", lambda plan: outlook.list_deliveries(plan._dated_lines(), plan.customers, plan.items)
        )
