"""Every input table of a workspace, cleaned and cut at ``as_of``, with the count of what was used and set aside."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from segkit.core.cleaning import clean_orders, first_offenders, line_value, note_lines
from segkit.core.columns import empty_table, input_tables, nomenclature
from segkit.core.errors import DataError, SettingsError
from segkit.core.money import known_rates
from segkit.core.periods import default_as_of
from segkit.core.settings import Settings
from segkit.core.tables import MarkedTable, Note

CUT_BY = {
    "orders": "order_date",
    "sales": "period",
    "purchases": "ordered_date",
    "inventory": "date",
    "charges": "date",
    "activities": "period",
    "fx": "date",
    "indices": "date",
    "lanes": "valid_from",
    "duties": "valid_from",
}
_BLANKED = {
    "orders": ["shipped_date", "delivered_date"],
    "purchases": ["received_date"],
    "items": ["end_date"],
    "lanes": ["valid_to"],
    "duties": ["valid_to"],
}
_MONTH = 31
LATER = "later than as_of"
_SHOWN = ["order_id", "line_id", "order_date", "customer_id", "item_id", "quantity"]


@dataclass(frozen=True)
class Inputs:
    """What a plan knows: ``tables`` by name (used rows only), what was not used and why, and the facts of each read.

    ``facts`` gives per table rows, fingerprint of the source and the newest day.
    """

    tables: dict[str, pd.DataFrame]
    data_quality: pd.DataFrame
    set_aside: pd.DataFrame
    as_of: date
    facts: dict[str, dict]


def read_inputs(settings: Settings, workspace: Path, as_of: date | None = None) -> Inputs:
    """Read, clean and cut every source of a workspace.

    Parameters
    ----------
    settings : Settings
        The workspace's settings.
    workspace : Path
        Folder to which file names are relative.
    as_of : date, optional
        Last day known; the end of the last complete period where none is given.

    Returns
    -------
    Inputs
        Rows in = rows used + rows set aside, in every table.

    Raises
    ------
    DataError
        Sources cannot be read, or tables break their contract: all of them at once.
    """
    marked, facts = _read_sources(settings, workspace)
    days, step = _activity(marked, as_of)
    last = as_of or default_as_of(days, settings.periods, step_days=step)
    cut = {name: cut_at(table, last, step_days=step if name == "sales" else 1) for name, table in marked.items()}
    values = {name: _values(table, cut, settings) for name, table in cut.items()}
    if "orders" in cut:
        cut["orders"] = note_lines(cut["orders"], values["orders"])
    known = {name: replace(table, notes=table.notes + _strangers(table, cut)) for name, table in cut.items()}
    return Inputs(
        tables={name: _used(table) for name, table in known.items()},
        data_quality=count_rows(known, values),
        set_aside=_list_set_aside(known, values),
        as_of=last,
        facts=facts,
    )


def cut_at(table: MarkedTable, as_of: date, *, step_days: int = 1) -> MarkedTable:
    """Mark the rows that are later than ``as_of`` and blank what happened later to earlier rows.

    Parameters
    ----------
    table : MarkedTable
        Any input table.
    as_of : date
        Last day known.
    step_days : int
        Days that a row stands for, as `sales_step` gives them; a weekly total is known when its week is over.

    Returns
    -------
    MarkedTable
        All rows; what is blanked is noted. Being later is the reason that counts before any other. The state of a line
        that was shipped later goes back to open, of one that was delivered later to shipped.
    """
    frame, end = table.frame.copy(deep=False), pd.Timestamp(as_of)
    reason, notes = table.reason, list(table.notes)
    if (column := CUT_BY.get(table.name)) in frame:
        reason = reason.mask(_last_days(frame[column], step_days) > end, LATER)
    for column in _BLANKED.get(table.name, []):
        if column in frame and (late := (frame[column] > end) & (reason == "")).any():
            frame[column] = frame[column].mask(frame[column] > end)
            _undo(frame, column, late)
            why = f"{column} later than {as_of}, blanked"
            notes.append(Note(why, int(late.sum()), 0.0, first_offenders(frame[late]), "Not known on that day."))
    return replace(table, frame=frame, reason=reason, notes=tuple(notes))


def known_then(data_quality: pd.DataFrame) -> pd.DataFrame:
    """Return ``data_quality`` without the rows that came after as_of: nobody knew of them.

    Parameters
    ----------
    data_quality : DataFrame
        Table of that name.

    Returns
    -------
    DataFrame
        Rows and value ``in`` are those up to as_of; in = used + set aside still holds.
    """
    later = data_quality[(data_quality["action"] == "set_aside") & (data_quality["reason"] == LATER)]
    kept = data_quality.drop(later.index)
    figures = ["rows", "value", "rows_without_value"]
    taken = later.set_index("source_table")[figures].reindex(kept["source_table"]).set_axis(kept.index)
    taken = taken.where(kept["action"] == "in").fillna(0)
    less = {name: (kept[name] - taken[name]).astype(kept[name].dtype) for name in figures if len(later)}
    return kept.assign(**less).reset_index(drop=True)


def count_rows(tables: dict[str, MarkedTable], values: dict[str, pd.Series]) -> pd.DataFrame:
    """Return ``data_quality``: per table what came in, was used, was set aside by reason, and is worth knowing.

    Parameters
    ----------
    tables : dict of str to MarkedTable
        Every input table with all its rows.
    values : dict of str to Series
        Money of each row in the plan's currency; missing where it cannot be known.

    Returns
    -------
    DataFrame
        Rows and value ``in`` equal ``used`` plus the sum of ``set_aside``.
    """
    rows = [row for name, table in tables.items() for row in _count(table, values[name])]
    frame = pd.DataFrame(rows, columns=list(nomenclature()["data_quality"].columns))
    return frame.astype({"rows": "int64", "rows_without_value": "int64", "value": "float64"})


def _read_sources(settings: Settings, workspace: Path) -> tuple[dict[str, MarkedTable], dict[str, dict]]:
    from segkit.core.sources.mapping import read_table

    problems: list[str] = []
    tables: dict[str, MarkedTable] = {}
    facts: dict[str, dict] = {}
    if not {"orders", "sales"} & set(settings.sources):
        raise SettingsError(f"{workspace}: segkit.toml names neither sources.orders nor sources.sales")
    for name in (name for name in input_tables() if name in settings.sources):
        try:
            table = read_table(name, settings.sources[name], workspace)
            tables[name] = clean_orders(table, settings.orders) if name == "orders" else table
            facts[name] = _facts(tables[name])
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n\n".join(problems))
    return tables, facts


def _facts(table: MarkedTable) -> dict:
    column = CUT_BY.get(table.name)
    newest = table.frame.loc[table.reason == "", column].max() if column in table.frame else None
    day = None if newest is None or pd.isna(newest) else f"{newest:%Y-%m-%d}"
    return {"rows": len(table.frame), "fingerprint": table.fingerprint, "newest": day}


def _activity(marked: dict[str, MarkedTable], as_of: date | None) -> tuple[pd.Series, int]:
    """Return the days known on which there are orders (or sales), and how many days one row stands for."""
    name = "orders" if "orders" in marked else "sales"
    table = marked[name]
    days = table.frame.loc[table.reason == "", CUT_BY[name]].dropna()
    if days.empty:
        raise DataError(f"table '{name}' has no usable row: {len(table.frame):,} rows in, all set aside\nSee its data.")
    if as_of and not (days <= pd.Timestamp(as_of)).any():
        raise SettingsError(f"as_of {as_of}: the data begin on {days.min():%Y-%m-%d}\nChoose a later day.")
    days = days[days <= pd.Timestamp(as_of)] if as_of else days
    return days, 1 if name == "orders" else sales_step(days)


def sales_step(periods: pd.Series) -> int:
    """Return how many days one sales period stands for: the usual distance of two; 31 for months of any length.

    Examples
    --------
    >>> sales_step(pd.Series(pd.to_datetime(["2025-02-01", "2025-03-01", "2025-04-01"])))
    31
    """
    starts = np.unique(periods.to_numpy().astype("datetime64[D]"))
    step = int(np.median(np.diff(starts).astype(int))) if starts.size > 1 else 1
    return _MONTH if 28 <= step <= _MONTH else step


def _last_days(starts: pd.Series, step_days: int) -> pd.Series:
    """Return the last day for which each row stands."""
    step = pd.DateOffset(months=1) if step_days == _MONTH else pd.Timedelta(days=step_days)
    return starts + step - pd.Timedelta(days=1)


def _used(table: MarkedTable) -> pd.DataFrame:
    frame = table.frame[(table.reason == "").to_numpy()]
    date_column = CUT_BY.get(table.name)
    key = [str(name) for name in dict.fromkeys([date_column, *nomenclature()[table.name].key]) if name in frame]
    return frame.sort_values(key, kind="stable", ignore_index=True) if key else frame.reset_index(drop=True)


def _undo(frame: pd.DataFrame, column: str, late: pd.Series) -> None:
    """Take back what a later event left in other columns of the (already copied) frame."""
    if column in ("shipped_date", "delivered_date") and "status" in frame:
        gone = late & frame["status"].isin(["shipped", "delivered"])
        left = gone & frame["shipped_date"].notna() if "shipped_date" in frame else gone & False
        frame["status"] = frame["status"].mask(gone, "open").mask(left, "shipped")
    if column == "end_date" and "replaced_by" in frame:
        frame["replaced_by"] = frame["replaced_by"].mask(late)


def _strangers(table: MarkedTable, tables: dict[str, MarkedTable]) -> tuple[Note, ...]:
    """Note ids that their master table does not know."""
    notes = []
    for column, master in (("item_id", "items"), ("customer_id", "customers"), ("location_id", "locations")):
        if master == table.name or master not in tables or column not in table.frame:
            continue
        known = tables[master].frame[column].dropna().unique()
        stranger = (table.reason == "") & table.frame[column].notna() & ~table.frame[column].isin(known)
        stranger &= table.frame[column] != "(unknown)"
        if stranger.any():
            count = table.frame.loc[stranger, column].nunique()
            why = f"{count:,} {column} that table '{master}' does not know"
            fix = f"Their attributes stay blank; add them to '{master}'."
            notes.append(Note(why, int(stranger.sum()), first=first_offenders(table.frame[stranger]), fix=fix))
    return tuple(notes)


def _values(table: MarkedTable, tables: dict[str, MarkedTable], settings: Settings) -> pd.Series:
    """Return the money of each row in the plan's currency; zero in tables that hold no sales."""
    if table.name == "orders":
        return line_value(table.frame) * _rates(table.frame, tables, settings)
    if table.name == "sales" and "price" in table.frame:
        return table.frame["quantity"] * table.frame["price"]
    return pd.Series(0.0, index=table.frame.index)


def _rates(orders: pd.DataFrame, tables: dict[str, MarkedTable], settings: Settings) -> pd.Series:
    if "currency" not in orders:
        return pd.Series(1.0, index=orders.index)
    fx = _used(tables["fx"]) if "fx" in tables else empty_table("fx")
    to, days = settings.company.currency, orders["order_date"].fillna(pd.Timestamp(1900, 1, 1))
    return known_rates(orders["currency"], days, fx, to=to, rules=settings.fx)


def _count(table: MarkedTable, values: pd.Series) -> list[dict]:
    def row(action: str, reason: str, mask: pd.Series | slice, first: str = "", fix: str = "") -> dict:
        part = values[mask]
        figures = {"rows": len(part), "value": float(part.sum()), "rows_without_value": int(part.isna().sum())}
        return {"source_table": table.name, "action": action, "reason": reason, **figures, "first": first, "fix": fix}

    aside = [name for name in table.reason.unique() if name]
    counted = [row("in", "read from the source", slice(None)), row("used", "used", table.reason == "")]
    for name in sorted(aside):
        mask = table.reason == name
        counted.append(row("set_aside", name, mask, first_offenders(table.frame[mask])))
    for note in table.notes:
        figures = {"rows": note.rows, "value": note.value, "rows_without_value": 0}
        names = {"source_table": table.name, "action": "noted", "reason": note.reason}
        counted.append({**names, **figures, "first": note.first, "fix": note.fix})
    return counted


def _list_set_aside(tables: dict[str, MarkedTable], values: dict[str, pd.Series]) -> pd.DataFrame:
    parts = []
    for table in tables.values():
        rows = table.reason != ""
        part = table.frame.loc[rows, [name for name in _SHOWN if name in table.frame]]
        parts.append(part.assign(source_table=table.name, reason=table.reason[rows], value=values[table.name][rows]))
    columns = list(nomenclature()["set_aside"].columns)
    return pd.concat(parts, ignore_index=True).reindex(columns=columns) if parts else pd.DataFrame(columns=columns)
