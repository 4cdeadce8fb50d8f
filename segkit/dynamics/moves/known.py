"""What was known on a day: order lines and master data without anything that happened later."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.periods import list_periods
from segkit.core.settings import Periods
from segkit.dynamics.lines.cost_to_serve import charge_work
from segkit.dynamics.lines.line_kinds import order_codes
from segkit.dynamics.lines.values import last_months

_UNUSED = ("line_id", "period", "demand_class", "discount", "cost_source", "is_free", "is_bulk")
_ALSO_UNUSED = (*_UNUSED, "order_id", "location_id")  # where no work is charged


@dataclass(frozen=True)
class Records:
    """What a history is made from, as known on its last day.

    ``lines``, ``items`` and ``activities`` are the tables order_lines, items and activities; ``selling_days`` are the
    days on which something was sold, one a row, and ``step_days`` the days for which a row stands.
    """

    lines: pd.DataFrame
    items: pd.DataFrame
    activities: pd.DataFrame
    selling_days: pd.Series
    step_days: int
    as_of: pd.Timestamp

    def periods(self, rules: Periods, day: pd.Timestamp) -> pd.DataFrame:
        """Return the table ``periods`` as of a day."""
        once = self.selling_days.drop_duplicates().sort_values(ignore_index=True)
        return list_periods(once, rules, as_of=day.date(), step_days=self.step_days)

    def months(self, rules: Periods) -> list[pd.Timestamp]:
        """Return the last day of the last complete period of every month."""
        table = self.periods(rules, self.as_of)
        ends = table.loc[table["complete"], "period_end"]
        return list(ends.groupby(ends.dt.to_period("M")).max())

    def windows(self, rules: Periods, months: int) -> Iterator[tuple[pd.Timestamp, pd.DataFrame]]:
        """Yield the end of every month, and the lines of the last ``months`` months as they were known then."""
        needed = [name for name in self.lines if name not in (_UNUSED if len(self.activities) else _ALSO_UNUSED)]
        ids = [name for name in ("order_id", "customer_id", "item_id", "channel", "currency") if name in needed]
        lines = self.lines[needed].astype(dict.fromkeys(ids, "category"))
        if not lines["order_date"].is_monotonic_increasing:
            lines = lines.sort_values("order_date", kind="stable")
        for day in self.months(rules):
            yield day, last_months(known_at(lines, self.activities, day), day.date(), months)


def known_at(lines: pd.DataFrame, activities: pd.DataFrame, day: date | pd.Timestamp) -> pd.DataFrame:
    """Return order lines as a plan of that day would have them.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, of any later day.
    activities : DataFrame
        Table ``activities``: work is charged anew where it hangs on what happened later.
    day : date
        Last day known.

    Returns
    -------
    DataFrame
        The lines ordered by then. What was shipped or cancelled out later is still open. The work of an order (or of
        a customer's month) of which a part came later is split over the part that was there.

    Notes
    -----
    Prices, costs and exchange rates stand on the lines as recorded. An item cost from the master data, and ``is_bulk``,
    are as known today: master data bear no date.
    """
    last = pd.Timestamp(day)
    dates = lines["order_date"]
    there = (dates <= last).to_numpy()
    count = int(there.sum())
    known = lines.iloc[:count] if there[:count].all() else lines[there]
    undone = (known["reversed_on"] <= last).to_numpy()
    shipped = (known["shipped_date"] > last).to_numpy()
    changes: dict[str, object] = {}
    if (known["is_reversed"].to_numpy() != undone).any():
        changes |= {"is_reversed": undone, "reversed_on": known["reversed_on"].where(undone)}
    if shipped.any():
        changes["shipped_date"] = known["shipped_date"].mask(shipped)
    known = known.assign(**changes)
    if len(activities):
        again, needed = _open_work(lines, there, last)
        known = _charge_again(known, again, needed, activities)
    return known.reset_index(drop=True)


def items_known_at(items: pd.DataFrame, day: date | pd.Timestamp) -> pd.DataFrame:
    """Return the items' master data without an end, and a successor, that came later.

    Parameters
    ----------
    items : DataFrame
        Table ``items``, of any later day.
    day : date
        Last day known.

    Returns
    -------
    DataFrame
        Same rows.
    """
    if "end_date" not in items:
        return items
    late = items["end_date"] > pd.Timestamp(day)
    changed = {name: items[name].mask(late) for name in ("end_date", "replaced_by") if name in items}
    return items.assign(**changed)


def _open_work(lines: pd.DataFrame, there: np.ndarray, last: pd.Timestamp) -> tuple[np.ndarray, np.ndarray]:
    """Return of the known lines whose work was not settled by the day, and which lines it is shared with."""
    order = order_codes(lines)
    months = lines["order_date"].to_numpy().astype("datetime64[M]").astype("int64")
    customer = pd.factorize(lines["customer_id"])[0]
    served = customer * (months.max(initial=0) + 1) + months
    same_month = months == np.datetime64(last, "M").astype("int64")
    later = ~there | (lines["shipped_date"] > last).to_numpy()
    open_order = _any_in(order, later)[there]
    open_month = (_any_in(customer, ~there & same_month) & same_month)[there]
    again = open_order | open_month
    needed = _any_in(order[there], again) | np.isin(served[there], np.unique(served[there][again]))
    return again, needed


def _any_in(code: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return which rows share a code with any of the rows given."""
    hit = np.zeros(code.max(initial=0) + 1, dtype=bool)
    hit[code[rows]] = True
    return hit[code]


def _charge_again(known: pd.DataFrame, again: np.ndarray, needed: np.ndarray, activities: pd.DataFrame) -> pd.DataFrame:
    """Return known lines with the work of some of them charged anew, among those that share it."""
    if not again.any():
        return known
    work = known["activity_cost"].to_numpy(copy=True)
    work[again] = charge_work(known[needed], activities).to_numpy()[again[needed]]
    cost_to_serve = known["freight_out"] + work + known["payment_cost"]
    return known.assign(
        activity_cost=work, cost_to_serve=cost_to_serve, net_margin=known["gross_margin"] - cost_to_serve
    )
