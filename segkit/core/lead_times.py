"""Lead times from what really happened lately, with what the master data plan beside them."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import nomenclature
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.given_days import no_dates, read_dates, read_written_days, time_zones
from segkit.core.offenders import first_offenders
from segkit.core.settings import LeadTimes
from segkit.core.stopped_deliveries import as_before_stop, count_waiting, list_stopped
from segkit.core.tables import present_key, repeated_rows

_KEY = ["item_id", "supplier_id", "location_id"]
_DATES = ["ordered_date", "expected_date", "received_date"]
_DAY_FIX = "Turn them into dates of one calendar first, such as .dt.tz_convert(zone).dt.tz_localize(None)."
_KEY_FIX = "Give every line once, or leave out line_id where lines cannot be told apart."


def is_receipt(purchases: pd.DataFrame) -> pd.Series:
    """Return which purchase lines tell a lead time: goods bought, and not received before they were ordered."""
    told = pd.Series(True, index=purchases.index)
    if "quantity" in purchases:
        told &= purchases["quantity"] > 0
    if "received_date" in purchases:
        told &= ~(purchases["received_date"] < purchases["ordered_date"])
    return told


def measure_lead_times(
    purchases: pd.DataFrame, items: pd.DataFrame, *, rules: LeadTimes, as_of: date | None = None
) -> pd.DataFrame:
    """Return the lead time of every item, supplier and location that was bought, as it was lately.

    Parameters
    ----------
    purchases : DataFrame
        Table ``purchases``; a blank received_date is an open order. Lines sent back to the supplier and lines received
        before they were ordered tell nothing and are left out. Dates with a time zone count as the day there.
    items : DataFrame
        Table ``items``, for the planned lead time.
    rules : LeadTimes
        window_days, in which lines that count were ordered, and how many receipts a figure needs: where fewer lie in
        the window, the latest as many count. With fewer in all, receipts of the supplier stand in, if they are enough
        or the master plans with nothing; else the master.
    as_of : date, optional
        Last day known: lines ordered later are not there yet, those received later are still open. Without one the
        last that the purchases tell.

    Returns
    -------
    DataFrame
        ``lead_times`` of the nomenclature, in days; ``lead_time_source`` says where a row's figures come from.

    Raises
    ------
    DataError
        Lines repeat their po_id and line_id, cells are no dates, or dates are of several time zones: all at once.

    Notes
    -----
    Lines without po_id or line_id that are alike are lines of their own, as in every table; `data_quality` counts them.
    What was ordered lately and has come already is what came soon. Lines still open count as what they are: longer than
    they have been open (the estimate of Kaplan and Meier; what lies beyond the longest receipt counts as that one). A
    line open for longer than any receipt, though one ordered later has come, is taken as forgotten. Where nothing that
    was ordered in the window has come, though a line in it has been open for half as long again as any delivery took,
    the supplier seems to have stopped: figures are those of the window before the last order that came, and the mean
    (with the quantiles) is longer by what the longest open line of the window has waited beyond it. That it comes is
    assumed.

    References
    ----------
    Kaplan & Meier (1958), Nonparametric estimation from incomplete observations, JASA 53(282).
    """
    lines = _dated(purchases, as_of)
    supplier = _figures(lines, ["supplier_id"], rules).drop(columns=["open_receipts", "recent_receipts"])
    table = _figures(lines, _KEY, rules).merge(supplier, on="supplier_id", how="left", suffixes=("", "_of_supplier"))
    planned = items.reindex(columns=["item_id", "lead_time_days"])
    table = table.merge(planned.rename(columns={"lead_time_days": "planned_days"}), on="item_id", how="left")
    few = table["receipts"] < rules.min_receipts
    pooled = (table["receipts_of_supplier"] >= rules.min_receipts) | table["planned_days"].isna()
    table["lead_time_source"] = "receipts"
    for column in ("lead_time_mean", "lead_time_sd", "lead_time_p50", "lead_time_p90", "late_share"):
        table[column] = table[column].where(~few, table[f"{column}_of_supplier"].where(pooled))
    table.loc[few, "lead_time_source"] = "supplier receipts"
    blank = table["lead_time_mean"].isna()
    table.loc[blank, "lead_time_source"] = "master"
    table["lead_time_mean"] = table["lead_time_mean"].fillna(table["planned_days"]).astype("float64")
    table.loc[table["lead_time_mean"].isna(), "lead_time_source"] = "missing"
    order = [*_KEY, "receipts", "recent_receipts", "open_receipts", "lead_time_mean", "lead_time_sd", "lead_time_p50"]
    order += ["lead_time_p90", "late_share", "planned_days", "lead_time_source"]
    return table[order].sort_values(_KEY, ignore_index=True)


def find_stopped_suppliers(purchases: pd.DataFrame, *, rules: LeadTimes, as_of: date | None = None) -> pd.DataFrame:
    """Return suppliers from which nothing comes any more, of all items or some; see `list_stopped`.

    Parameters
    ----------
    purchases, rules, as_of
        As `measure_lead_times` takes them.
    """
    return list_stopped(_dated(purchases, as_of), rules)


def _dated(purchases: pd.DataFrame, as_of: date | None) -> pd.DataFrame:
    """Return lines with the days they took, and for how long they were open; which are open, and which forgotten."""
    lines = _known_lines(purchases, as_of).reindex(columns=[*_KEY, *_DATES])
    lines[["supplier_id", "location_id"]] = lines[["supplier_id", "location_id"]].astype("str").fillna("(all)")
    ordered, expected, received = (pd.to_datetime(lines[name]) for name in _DATES)
    last = pd.Timestamp(as_of) if as_of is not None else max(ordered.max(), received.max(), key=_known)
    lines["age"] = (last - ordered).dt.days.astype("float64")
    lines["days"] = (received - ordered).dt.days.astype("float64")
    lines["late"] = (received > expected).astype("float64").where(received.notna() & expected.notna())
    lines["open"] = received.isna()
    groups = lines.assign(came=lines["age"].where(~lines["open"])).groupby(_KEY, observed=True)
    overtaken = lines["age"] > groups["came"].transform("min")
    lines["forgotten"] = lines["open"] & overtaken & (lines["age"] > groups["days"].transform("max"))
    return lines


def _known_lines(purchases: pd.DataFrame, as_of: date | None) -> pd.DataFrame:
    """Return the lines that tell a lead time, with plain days, as they were known on a day."""
    days = {name: _plain_days(purchases[name]) for name in _DATES if name in purchases}
    _require_purchases(purchases, days)
    lines = purchases.assign(**days)
    if as_of is not None:
        last = pd.Timestamp(as_of)
        lines = lines[~(lines["ordered_date"] > last).to_numpy(dtype=bool)]
        if "received_date" in lines:
            lines = lines.assign(received_date=lines["received_date"].mask(lines["received_date"] > last))
    return lines[is_receipt(lines).to_numpy(dtype=bool)]


def _plain_days(cells: pd.Series) -> pd.Series | None:
    """Return days without time and time zone; None where cells are no dates, or of several time zones."""
    if no_dates(cells).any():
        days = read_written_days(cells)
    else:
        days = read_dates(cells) if len(time_zones(cells)) == 1 else None
    return None if days is None else days.dt.normalize()


def _require_purchases(purchases: pd.DataFrame, days: dict[str, pd.Series | None]) -> None:
    """Raise a DataError where dates cannot be read, or lines repeat their key."""
    problems = [(_unread(purchases, name), _DAY_FIX) for name in days if days[name] is None]
    filled = [purchases[name] for name in days if days[name] is not None and purchases[name].notna().any()]
    if len(zones := set().union(*(time_zones(cells) for cells in filled))) > 1:
        problems.append((f"dates are of several time zones: {', '.join(sorted(zones))}", _DAY_FIX))
    key = present_key(purchases, nomenclature()["purchases"])
    if (again := repeated_rows(purchases, key)).any():
        told = f"line key ({', '.join(key)}) repeats {in_rows(int(again.sum()))}"
        problems.append((f"{told}, first: {first_offenders(purchases[again])}", _KEY_FIX))
    if problems:
        raise DataError(list_problems("lead times cannot be measured", *zip(*problems, strict=True)))


def _unread(purchases: pd.DataFrame, name: str) -> str:
    """Return what is wrong with a column of dates."""
    if (wrong := no_dates(purchases[name])).any():
        return f"{name} is no date {in_rows(int(wrong.sum()))}, first: {purchases[name][wrong].iloc[0]!r}"
    return f"{name} has dates of several time zones: {', '.join(sorted(time_zones(purchases[name])))}"


def _known(day: pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp.min if pd.isna(day) else day


def _figures(lines: pd.DataFrame, by: list[str], rules: LeadTimes) -> pd.DataFrame:
    """Return what lines that count tell of every group: the mean, deviation and quantiles of what they took."""
    still = lines.groupby(by, observed=True)["open"].sum().rename("open_receipts")
    lines, waiting = as_before_stop(lines, by, rules)
    counted = _weighted(_lately(lines[~lines["forgotten"]], by, rules), by)
    came = counted[~counted["open"]].sort_values([*by, "seen"], kind="stable")
    groups = came.groupby(by, observed=True)
    figures = groups.agg(receipts=("days", "size"), late_share=("late", "mean"))
    code, count = groups.ngroup().to_numpy(), figures["receipts"].to_numpy()
    days, weight = came["days"].to_numpy(), came["weight"].to_numpy()

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(code, values, len(count))

    mean = total(days * weight)
    variance = total(weight * (days - mean[code]) ** 2) * count / np.where(count > 1, count - 1.0, np.nan)
    figures["recent_receipts"] = total((came["age"] < rules.window_days).to_numpy(dtype=float))
    figures["lead_time_mean"], figures["lead_time_sd"] = mean.round(9), np.sqrt(variance).round(9)
    before = groups["weight"].cumsum().to_numpy() - (weight + groups["weight"].transform("first").to_numpy()) / 2.0
    whole = before[np.cumsum(count) - 1][code]
    place = np.divide(before, whole, out=np.zeros(len(before)), where=whole > 0)
    for name, share in (("lead_time_p50", 0.5), ("lead_time_p90", 0.9)):
        figures[name] = _quantiles(days, place, count, total((place <= share).astype(float)), share)
    figures = count_waiting(figures, waiting, by)
    table = still.to_frame().join(figures).reset_index()
    return table.assign(**{name: table[name].fillna(0).astype("int64") for name in ("receipts", "recent_receipts")})


def _quantiles(days: np.ndarray, place: np.ndarray, count: np.ndarray, below: np.ndarray, share: float) -> np.ndarray:
    """Return a quantile of each group of sorted days, between the two nearest places [0-1]."""
    end = np.cumsum(count) - 1
    low = np.clip(end - count + below.astype(int), 0, None)
    high = np.minimum(low + 1, end)
    apart = place[high] - place[low]
    part = np.where(apart > 0, (share - place[low]) / np.where(apart > 0, apart, 1.0), 0.0)
    return days[low] + part * (days[high] - days[low])


def _lately(lines: pd.DataFrame, by: list[str], rules: LeadTimes) -> pd.DataFrame:
    """Return lines ordered in the window, or since the latest receipts that a figure needs were ordered."""
    came = lines[~lines["open"]].sort_values("age", kind="stable")
    place = came.groupby(by, observed=True).cumcount()
    needed = came[(place == rules.min_receipts - 1).to_numpy()].set_index(by)["age"].rename("needed")
    few = lines[by].join(needed, on=by)["needed"].fillna(np.inf)
    return lines[(lines["age"] < few.clip(lower=rules.window_days - 0.5) + 0.5).to_numpy()]


def _weighted(lines: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return lines, shorter ones first, with the chance of each; lines still open give theirs to longer ones."""
    seen = lines["days"].fillna(lines["age"])
    lines = lines.assign(seen=seen).sort_values(["seen", "open"], kind="stable", ignore_index=True)
    keys = [lines[name] for name in by]
    groups = lines.groupby(by, observed=True)
    at_risk = groups["open"].transform("size") - groups.cumcount()
    left = (1.0 - (~lines["open"]) / at_risk).groupby(keys).cumprod()
    before = left.groupby(keys).shift(fill_value=1.0)
    lines["weight"] = (before / at_risk).where(~lines["open"], 0.0)
    rest = 1.0 - lines["weight"].groupby(keys).transform("sum")
    longest = ~lines["open"] & ~lines[~lines["open"]].duplicated(by, keep="last").reindex(lines.index, fill_value=True)
    lines["weight"] += rest.where(longest, 0.0)
    return lines
