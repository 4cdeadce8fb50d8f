"""Every input table of a workspace, cleaned and cut at ``as_of``, with the count of what was used and set aside."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from segkit.core.cleaning import clean_orders, line_value
from segkit.core.columns import empty_table, input_tables, nomenclature
from segkit.core.data_quality import LATER, count_rows, list_set_aside
from segkit.core.errors import DataError, SettingsError
from segkit.core.far_dates import FAR, counted_span, note_pauses, set_far_dates_aside
from segkit.core.line_notes import note_lines, note_spellings
from segkit.core.money import known_rates
from segkit.core.offenders import first_offenders
from segkit.core.periods import (
    MONTH,
    count_days,
    default_as_of,
    last_days,
    next_period,
    period_start,
    require_step,
)
from segkit.core.settings import Periods, Settings
from segkit.core.source_settings import Source
from segkit.core.sources.known_rows import KnownRows
from segkit.core.tables import MarkedTable, Note, sort_rows

CUT_BY = {
    "orders": "order_date",
    "sales": "period",
    "purchases": "ordered_date",
    "inventory": "date",
    "charges": "date",
    "activities": "period",
    "profit_and_loss": "period",
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


_REGULAR = 0.8
_USED = "is used"


@dataclass(frozen=True)
class Inputs:
    """What a plan knows: ``tables`` by name (used rows only), what was not used and why, and the facts of each read.

    ``facts`` gives per table rows, fingerprint of the source and the newest day, ``unread`` the columns of its source
    that nothing reads.
    """

    tables: dict[str, pd.DataFrame]
    data_quality: pd.DataFrame
    set_aside: pd.DataFrame
    as_of: date
    facts: dict[str, dict]
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)


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
    marked, last = _read_sources(settings, workspace, as_of)
    steps = {name: _step(table, last) for name, table in marked.items()}
    cut = {name: cut_at(table, last, step_days=steps[name]) for name, table in marked.items()}
    rates = {name: _rates(table.frame, marked, settings) for name, table in cut.items() if name == "orders"}
    values = {name: _values(table, rates) for name, table in cut.items()}
    if "orders" in cut:
        cut["orders"] = note_lines(cut["orders"], rates["orders"])
    for name in FAR.keys() & cut.keys():
        spelled = note_spellings(cut[name], settings.sources[name].columns)
        cut[name] = note_pauses(spelled, last, step_days=steps[name])
    known = {name: replace(table, notes=table.notes + _strangers(table, cut)) for name, table in cut.items()}
    return Inputs(
        tables={name: _used(table) for name, table in known.items()},
        data_quality=count_rows(known, values),
        set_aside=list_set_aside(known, values),
        as_of=last,
        facts={name: _facts(table) for name, table in marked.items()},
        unread={name: table.unread for name, table in marked.items()},
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
        All rows; what is blanked is noted. Being later is the reason that counts before any other but a day far from
        all others. The state of a line that was shipped later goes back to open, of one that was delivered later to
        shipped.
    """
    frame, reason = table.frame, table.reason
    if (column := CUT_BY.get(table.name)) in frame:
        late = (last_days(frame[column], step_days) > pd.Timestamp(as_of)).to_numpy(dtype=bool)
        if late.any():
            reason = reason.mask(late & (reason != FAR.get(table.name, LATER)), LATER)
    frame, notes = _blank_later(table.name, frame, (reason == "").to_numpy(), as_of)
    return replace(table, frame=frame, reason=reason, notes=(*table.notes, *notes))


def cut_inputs(inputs: Inputs, day: date) -> Inputs:
    """Return inputs as they were known on an earlier day.

    Parameters
    ----------
    inputs : Inputs
        Used rows, as known later.
    day : date
        Last day known.

    Returns
    -------
    Inputs
        Their rows up to that day, with events of later days blanked; the reports of what was read stay as they are.
    """
    tables = {name: _cut_used(name, frame, day) for name, frame in inputs.tables.items()}
    return replace(inputs, tables=tables, as_of=day)


def _cut_used(name: str, frame: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return used rows as known on a day. They are in order of date already, so that what is kept is no copy."""
    if (column := CUT_BY.get(name)) in frame:
        step = sales_step(frame["period"]) if name == "sales" else 1
        late = (last_days(frame[column], step) > pd.Timestamp(day)).to_numpy(dtype=bool)
        rows = len(late) - int(late.sum())
        dated = late[rows:].all()  # rows without a day stand last and are kept
        frame = frame.iloc[:rows] if dated else frame[~late].reset_index(drop=True)
    return _blank_later(name, frame, np.ones(len(frame), dtype=bool), day)[0]


def _blank_later(name: str, frame: pd.DataFrame, used: np.ndarray, as_of: date) -> tuple[pd.DataFrame, list[Note]]:
    """Return a table with what happened later to its rows blanked, and a note of each column of used rows."""
    frame, end, notes = frame.copy(deep=False), pd.Timestamp(as_of), []
    for column in _BLANKED.get(name, []):
        if column in frame and (late := (frame[column] > end) & used).any():
            frame[column] = frame[column].mask(frame[column] > end)
            _undo(frame, column, late)
            why = f"{column} later than {as_of}, blanked"
            notes.append(Note(why, int(late.sum()), 0.0, first_offenders(frame[late]), "Not known on that day."))
    return frame, notes


def _read_sources(settings: Settings, workspace: Path, as_of: date | None) -> tuple[dict[str, MarkedTable], date]:
    """Return every table with its unusable rows marked, and the last day known: orders (or sales) say which it is."""
    names = [name for name in input_tables() if name in settings.sources]
    if not {"orders", "sales"} & set(names):
        raise SettingsError(f"{workspace}: segkit.toml names neither sources.orders nor sources.sales")
    from segkit.core.sources.mapping import read_table

    first, last = "orders" if "orders" in names else "sales", as_of
    problems: list[DataError | SettingsError] = []
    tables: dict[str, MarkedTable] = {}
    for name in sorted(names, key=lambda name: name != first):
        try:
            known = _known_rows(settings, name, first, tables, last)
            table = read_table(name, settings.sources[name], workspace, known=known)
            table = clean_orders(table, settings.orders) if name == "orders" else table
            last = _last_day(table, settings, as_of) if name == first else last
            if name in FAR and last:
                table = set_far_dates_aside(table, last, rule=settings.orders.far_dates)
            tables[name] = table
        except (DataError, SettingsError) as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems or last is None:
        raise DataError("\n\n".join(map(str, problems)))
    return {name: tables[name] for name in names}, last


def _known_rows(
    settings: Settings, name: str, first: str, tables: dict[str, MarkedTable], last: date | None
) -> KnownRows | None:
    """Return up to when the rows of a file are known from which a master table is made as well."""
    source, dated = settings.sources[name], settings.sources[first]
    if first not in tables or last is None or not source.one_row_per_key or dated.wide or not _same_file(source, dated):
        return None
    return KnownRows(first, CUT_BY[first], dated, last, _step(tables[first], last))


def _same_file(source: Source, other: Source) -> bool:
    return all(getattr(source, part) == getattr(other, part) for part in ("file", "url", "query", "sheet"))


def _step(table: MarkedTable, last: date) -> int:
    """Return how many days a row of the table stands for; later rows have no say."""
    if table.name != "sales":
        return 1
    known, _ = _days_used(table)
    return sales_step(pd.Series(known[known <= np.datetime64(last)]))


def _days_used(table: MarkedTable) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct days of the used rows, in order, and the rows of each."""
    days = table.frame[CUT_BY[table.name]]
    return count_days(days[table.used & days.notna().to_numpy()])


def _facts(table: MarkedTable) -> dict:
    column = CUT_BY.get(table.name)
    newest = table.frame[column][table.used].max() if column in table.frame else None
    day = None if newest is None or pd.isna(newest) else f"{newest:%Y-%m-%d}"
    return {"rows": len(table.frame), "fingerprint": table.fingerprint, "newest": day}


def _last_day(table: MarkedTable, settings: Settings, as_of: date | None) -> date:
    """Return ``as_of``, else the end of the last complete period with orders (or sales)."""
    known, rows = _days_used(table)
    if not known.size:
        raise DataError(_no_rows(table, settings.sources[table.name]))
    if as_of and not (known <= np.datetime64(as_of)).any():
        raise SettingsError(f"as_of {as_of}: the data begin on {known[0]}\nChoose a later day.")
    span = counted_span(known, rows) if as_of is None else (known[0], as_of)
    kept = (known >= np.datetime64(span[0])) & (known <= np.datetime64(span[1]))
    days = pd.Series(known[kept].astype("datetime64[us]"))
    step = sales_step(days) if table.name == "sales" else 1
    require_step(step, settings.periods)
    if as_of:
        _require_orders_near(as_of, known[kept], rows[kept], settings.periods)
    return as_of or default_as_of(days, settings.periods, step_days=step)


def _require_orders_near(as_of: date, known: np.ndarray, rows: np.ndarray, periods: Periods) -> None:
    """Raise if a whole planning period up to as_of has no order, and the history knows no pause as long."""
    first, newest = map(np.datetime64, counted_span(known, rows))
    known = known[(known >= first) & (known <= newest)]
    last = pd.Timestamp(known[-1])
    following = next_period(period_start(pd.Series([last]), periods).to_numpy(), periods)
    silent = pd.Timestamp(next_period(following, periods)[0]) - pd.Timedelta(days=1) <= pd.Timestamp(as_of)
    longest = int(np.diff(known).astype(int).max(initial=0))
    if silent and (pd.Timestamp(as_of) - last).days > longest:
        raise SettingsError(
            f"as_of {as_of}: the data end on {last:%Y-%m-%d}, a whole {periods.unit} without orders before that day\n"
            "Leave as_of blank, choose an earlier day, or bring newer data."
        )


def _no_rows(table: MarkedTable, source: Source) -> str:
    if len(table.frame):
        return f"table '{table.name}' has no usable row: {len(table.frame):,} rows in, all set aside\nSee its data."
    if source.query:
        where = f"Run sources.{table.name}.query by hand, and check its conditions and the database."
        return f"table '{table.name}' has no rows: the query returned none\n{where}"
    return f"table '{table.name}' has no rows: {source.file} holds column names only\nExport it again, with data."


def sales_step(periods: pd.Series) -> int:
    """Return how many days one sales period stands for: the usual distance of two; 31 for months of any length.

    Days that keep no distance are days on which something was sold: 1.

    Examples
    --------
    >>> sales_step(pd.Series(pd.to_datetime(["2025-02-01", "2025-03-01", "2025-04-01"])))
    31
    """
    starts, _ = count_days(periods.dropna())
    gaps = np.diff(starts).astype(int)
    if not gaps.size:
        return 1
    step = int(np.median(gaps))
    days_of_month = starts - starts.astype("datetime64[M]")
    if step >= 28 and (np.unique(days_of_month).size == 1 or (step <= MONTH and (gaps % 28).any())):
        return MONTH if step <= MONTH else step
    return step if (gaps % step == 0).mean() >= _REGULAR else 1


def _used(table: MarkedTable) -> pd.DataFrame:
    used, date_column = table.used, CUT_BY.get(table.name)
    key = [str(name) for name in dict.fromkeys([date_column, *nomenclature()[table.name].key]) if name in table.frame]
    if not key:
        return table.frame[used].reset_index(drop=True)
    frame = sort_rows(table.frame.assign(**{_USED: used}), key)
    used, frame = frame[_USED].to_numpy(), frame.drop(columns=_USED)
    count = int(used.sum())
    return frame.iloc[:count] if used[:count].all() else frame[used].reset_index(drop=True)


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
        ids = table.frame[column]
        stranger = table.used & ids.notna().to_numpy() & ~ids.isin([*known, "(unknown)"]).to_numpy(dtype=bool)
        if stranger.any():
            count = table.frame.loc[stranger, column].nunique()
            why = f"{count:,} {column} that table '{master}' does not know"
            fix = f"Their attributes stay blank; add them to '{master}'."
            notes.append(Note(why, int(stranger.sum()), first=first_offenders(table.frame[stranger]), fix=fix))
    return tuple(notes)


def _values(table: MarkedTable, rates: dict[str, pd.Series]) -> pd.Series:
    """Return the money of each row in the plan's currency; zero in tables that hold no sales."""
    if table.name == "orders":
        return line_value(table.frame) * rates["orders"]
    if table.name == "sales":
        price = table.frame["price"] if "price" in table.frame else np.nan
        return table.frame["quantity"] * price
    return pd.Series(0.0, index=table.frame.index)


def _rates(orders: pd.DataFrame, tables: dict[str, MarkedTable], settings: Settings) -> pd.Series:
    if "currency" not in orders:
        return pd.Series(1.0, index=orders.index)
    fx = _used(tables["fx"]) if "fx" in tables else empty_table("fx")
    to, days = settings.company.currency, orders["order_date"].fillna(pd.Timestamp(1900, 1, 1))
    return known_rates(orders["currency"], days, fx, to=to, rules=settings.fx)
