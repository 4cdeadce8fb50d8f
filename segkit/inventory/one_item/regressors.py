"""What may explain demand besides its own past: events of the calendar, and the price."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.inventory.one_item.remarks import Remarks
from segkit.inventory.one_item.series import Span
from segkit.inventory.pooled.calendars import PRICE, read_calendar
from segkit.inventory.pooled.panel import DemandPanel

_PERIODS_PER_REGRESSOR = 5
_FEWEST_TIMES = 2  # what happened once cannot be told from chance
_SAME = 1e-9
_NAMED = 6


@dataclass(frozen=True)
class Regressors:
    """A column per regressor: what it was in each known period of a span, and what it will be over the horizon."""

    names: tuple[str, ...]
    past: np.ndarray
    future: np.ndarray


def calendar_numbers(calendar: pd.DataFrame | None, panel: DemandPanel, horizon: int, remarks: Remarks) -> pd.DataFrame:
    """Return a calendar by period with numbers only: a column of names becomes a flag for each name."""
    read = read_calendar(calendar, panel, ahead=horizon)
    if read is None:
        return pd.DataFrame(index=pd.DatetimeIndex([]))
    table = read.set_index("period").sort_index()
    if before := len(panel.periods.difference(table.index)):
        remarks.add("calendar", "assumption", f"Periods of the history that it does not have ({before:,}) count as 0.")
    return _as_numbers(table)


def choose_regressors(span: Span, remarks: Remarks) -> Regressors:
    """Return calendar columns and price that vary more than once where demand is known, none that tells the same twice.

    The price of the horizon is that of the last known period, unless the calendar has a column ``price``.
    """
    count = len(span.values)
    table = span.calendar.reset_index(drop=True).astype("float64")
    past, future = table.iloc[:count], table.iloc[count:]
    if PRICE not in table and np.ptp(span.price[~np.isnan(span.price)] if (~np.isnan(span.price)).any() else [0.0]):
        prices = pd.Series(span.price).ffill().bfill()
        past = past.assign(price=prices.to_numpy())
        future = future.assign(price=float(prices.iloc[-1]))
        remarks.add("price", "assumption", "The last price is taken to hold over the horizon.")
    past, future = past.fillna(0.0), future.fillna(0.0)
    names = _varying(past, span.known, remarks)
    names = _affordable(past, names, span.known, remarks)
    names = _independent(past, names, span.known, remarks)
    return Regressors(tuple(names), past[names].to_numpy(), future[names].to_numpy())


def harmonics(places: np.ndarray, cycle: int, pairs: int) -> np.ndarray:
    """Return sine and cosine columns of a season, without the sine that is zero throughout."""
    waves = [wave(2 * np.pi * k * places / cycle) for k in range(1, pairs + 1) for wave in (np.cos, np.sin)]
    if 2 * pairs == cycle:
        waves.pop()
    return np.column_stack(waves) if waves else np.empty((len(places), 0))


def _as_numbers(table: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for name in sorted(table.columns, key=str):
        cells = table[name]
        if pd.api.types.is_bool_dtype(cells.dtype) or pd.api.types.is_numeric_dtype(cells.dtype):
            columns[str(name)] = cells.astype("float64")
            continue
        words = cells.dropna().astype("str")
        for word in sorted(set(words) - {""}):
            columns[f"{name}: {word}"] = (cells.astype("str") == word).astype("float64")
    return pd.DataFrame(columns, index=table.index)


def _varying(past: pd.DataFrame, known: np.ndarray, remarks: Remarks) -> list[str]:
    seen = past[known]
    other = {name: len(seen) - int(seen[name].value_counts().iloc[0]) if len(seen) else 0 for name in past}
    constant = [name for name in past if other[name] == 0]
    once = [name for name in past if 0 < other[name] < _FEWEST_TIMES]
    _leave_out(constant, "the same in every known period, so what it does cannot be told", remarks)
    _leave_out(once, "seen in one known period only, so what it does cannot be told from chance", remarks)
    return [name for name in past if other[name] >= _FEWEST_TIMES]


def _affordable(past: pd.DataFrame, names: list[str], known: np.ndarray, remarks: Remarks) -> list[str]:
    """Return at most one regressor per five known periods: those that differ from their usual value most often."""
    room = int(known.sum()) // _PERIODS_PER_REGRESSOR
    seen = past.loc[known, names]
    often = {name: int((seen[name] != seen[name].mode().iloc[0]).sum()) for name in names}
    ranked = sorted(names, key=lambda name: (-often[name], name))
    _leave_out(sorted(ranked[room:]), "the known periods are too few for so many regressors", remarks)
    return sorted(ranked[:room])


def _independent(past: pd.DataFrame, names: list[str], known: np.ndarray, remarks: Remarks) -> list[str]:
    kept: list[str] = []
    columns = [np.ones(int(known.sum()))]
    for name in names:
        column = past.loc[known, name].to_numpy()
        design = np.column_stack(columns)
        rest = column - design @ np.linalg.lstsq(design, column, rcond=None)[0]
        if np.abs(rest).max() > _SAME * np.abs(column).max():
            kept.append(name)
            columns.append(column)
        else:
            _leave_out([name], f"it tells nothing beyond {', '.join(kept)}", remarks)
    return kept


def _leave_out(names: list[str], why: str, remarks: Remarks) -> None:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        remarks.add("regressors", "reason", f"Left out: {', '.join(names[:_NAMED])}{more} ({why}).")
