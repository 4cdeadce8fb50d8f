"""Promised dates of a plan: what its deliveries say of open orders, and whether such dates were kept on hold-out."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError, list_problems, nearest_name
from segkit.core.promising_settings import Promising
from segkit.promising.reliability.dates import promise_dates
from segkit.promising.reliability.keeping import check_promises

_KEY = ["order_id", "line_id"]
_DAY = pd.Timedelta(days=1)


def list_deliveries(dated: pd.DataFrame, customers: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return order lines as deliveries: when each was scheduled, when it came, and all that may tell them apart.

    Parameters
    ----------
    dated : DataFrame
        Order lines with their dates, from `date_lines`.
    customers, items : DataFrame
        Tables of these names; their columns are added where the lines have none of that name.

    Returns
    -------
    DataFrame
        The lines that were sold with start_date: the promised day, where there is none the requested one.
    """
    sold = dated[((dated["quantity"] > 0) & ~dated["is_reversed"].astype(bool)).to_numpy()].reset_index(drop=True)
    for table, key in ((customers, "customer_id"), (items, "item_id")):
        new = [name for name in table.columns if name not in sold]
        if key in table and new:
            sold = sold.merge(table.drop_duplicates(key)[[key, *new]], on=key, how="left")
    start = sold["promised_date"].fillna(sold["requested_date"])
    return sold.assign(start_date=start.dt.normalize())


def require_columns(deliveries: pd.DataFrame, *, rules: Promising) -> list[str]:
    """Return the columns of ``promising.reliability_by``; raise a SettingsError that names those that are unknown."""
    wanted = list(rules.reliability_by)
    if missing := [name for name in wanted if name not in deliveries]:
        named = [f"{name!r}{nearest_name(name, [str(column) for column in deliveries])}" for name in missing]
        subject = "promising.reliability_by names no column of orders, customers or items"
        raise SettingsError(list_problems(subject, named))
    return wanted


def judge_promises(deliveries: pd.DataFrame, *, as_of: date, rules: Promising) -> pd.DataFrame:
    """Return ``promise_reliability``: how often dates promised month by month on hold-out were kept.

    Parameters
    ----------
    deliveries : DataFrame
        From `list_deliveries`.
    as_of : date
        Last day known.
    rules : Promising
        reliability, reliability_by and holdout_months.

    Returns
    -------
    DataFrame
        By entity: all, demand_class, and each column of reliability_by. Each month's lines were promised from what was
        known on the last day before it.
    """
    by = require_columns(deliveries, rules=rules)
    end = pd.Timestamp(as_of)
    first = end + _DAY - pd.DateOffset(months=rules.holdout_months)
    parts = []
    for month in range(rules.holdout_months):
        begin, until = first + pd.DateOffset(months=month), first + pd.DateOffset(months=month + 1)
        ordered = deliveries["order_date"].between(begin, until, inclusive="left").to_numpy()
        known = deliveries[(deliveries["order_date"] < begin).to_numpy()]
        if not ordered.any() or not (known["delivered_date"] < begin).any():
            continue
        lines = deliveries.loc[ordered].drop(columns="delivered_date").reset_index(drop=True)
        made = _promise(known, lines, by, begin - _DAY, rules.reliability)
        parts.append(made.assign(delivered_date=deliveries.loc[ordered, "delivered_date"].to_numpy()))
    if not parts:
        return empty_table("promise_reliability")
    made = pd.concat(parts, ignore_index=True)
    entities = [name for name in dict.fromkeys(["demand_class", *by]) if name in made]
    tables = [check_promises(made, as_of=end).assign(entity="all", entity_id="(all)")]
    for name in entities:
        table = check_promises(made, by=[name], as_of=end)
        tables.append(table.assign(entity=name, entity_id=table[name].astype("str").fillna("(none)")))
    kinds = empty_table("promise_reliability").dtypes
    whole = pd.concat(tables, ignore_index=True)[list(kinds.index)].astype(kinds.to_dict())
    return whole.sort_values(["entity", "entity_id", "promised_reliability"], ignore_index=True)


def date_promises(
    deliveries: pd.DataFrame, promise_lines: pd.DataFrame, *, as_of: date, rules: Promising
) -> pd.DataFrame:
    """Return ``dated_promises``: by when open orders are there, with each reliability.

    Parameters
    ----------
    deliveries : DataFrame
        From `list_deliveries`, of all lines, open ones included.
    promise_lines : DataFrame
        Table of that name: the day that supply allows.
    as_of : date
        Last day known.
    rules : Promising
        reliability and reliability_by.

    Returns
    -------
    DataFrame
        A row per open line and reliability: the day by which it is there, and whose deliveries say so.
    """
    kinds = empty_table("dated_promises").dtypes
    given = promise_lines[promise_lines["promised_date"].notna().to_numpy()]
    if given.empty or deliveries["delivered_date"].isna().all():
        return empty_table("dated_promises")
    by, end = require_columns(deliveries, rules=rules), pd.Timestamp(as_of)
    facts = deliveries[[*_KEY, *(name for name in by if name not in _KEY)]].drop_duplicates(_KEY)
    kept = given[[*_KEY, "item_id", "location_id", "requested_date", "promised_date", "promised_quantity"]]
    lines = kept.merge(facts.drop(columns=[name for name in facts if name in kept and name not in _KEY]), on=_KEY)
    lines = lines.assign(start_date=lines["promised_date"].clip(lower=end + _DAY)).rename(
        columns={"promised_date": "supply_date"}
    )
    made = _promise(deliveries, lines, by, end, rules.reliability)
    tables = []
    for level in rules.reliability:
        day = made[f"promised_p{_percent(level)}"]
        late = (day - made["requested_date"].dt.normalize()).dt.days
        tables.append(made.assign(promised_reliability=level, promised_date=day, late_days=late))
    whole = pd.concat(tables, ignore_index=True)[list(kinds.index)].astype(kinds.to_dict())
    return whole.sort_values([*_KEY, "promised_reliability"], ignore_index=True)


def supplier_delays(purchases: pd.DataFrame, *, as_of: date, reliability: float) -> dict[str, float]:
    """Return how many days after the expected one a purchase of each supplier is there, with a stated reliability.

    Parameters
    ----------
    purchases : DataFrame
        Table of that name; a blank received_date is an open line.
    as_of : date
        Last day known.
    reliability : float
        Share of purchases that are there by then [0-1].

    Returns
    -------
    dict of str to float
        By supplier, of all in "(all)" [days]; empty where nothing was received.
    """
    needed = {"expected_date", "received_date", "supplier_id"}
    if not needed <= set(purchases) or purchases["received_date"].isna().all():
        return {}
    lines = purchases[purchases["expected_date"].notna().to_numpy()].rename(
        columns={"expected_date": "start_date", "received_date": "delivered_date"}
    )
    names = [*sorted(lines["supplier_id"].dropna().unique()), None]
    day = pd.Timestamp(as_of) + _DAY
    asked = pd.DataFrame({"supplier_id": pd.Series(names, dtype="str"), "start_date": day})
    known = lines[["supplier_id", "start_date", "delivered_date"]]
    made = _promise(known, asked, ["supplier_id"], pd.Timestamp(as_of), [reliability])
    late = (made[f"promised_p{_percent(reliability)}"] - day).dt.days.fillna(0.0)
    return {"(all)" if name is None else str(name): float(days) for name, days in zip(names, late, strict=True)}


def _promise(
    known: pd.DataFrame, lines: pd.DataFrame, by: Sequence[str], day: pd.Timestamp, reliability: Sequence[float]
) -> pd.DataFrame:
    columns = list(dict.fromkeys(["start_date", "delivered_date", *by]))
    return promise_dates(known[columns], lines, by=list(by), as_of=day, reliability=list(reliability))


def _percent(level: float) -> str:
    return f"{np.round(100 * level, 6):g}"
