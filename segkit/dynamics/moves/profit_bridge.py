"""Why net margin changed from one span of time to another, for the company and its parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table, nomenclature
from segkit.core.errors import SettingsError
from segkit.core.periods import parse_day
from segkit.dynamics.lines.line_kinds import ALL
from segkit.dynamics.moves.bridge import CELL, EFFECTS, STATUSES, Cells, align_cells, cell_effects, sum_cells

GROUPS = ("channel", "category", "region", "country")
SOLD = tuple(EFFECTS[:-2])
WHO = tuple(f"{status}s" for status in STATUSES[1:])
CAUSES = (*SOLD, *WHO)
NEARLY = 0.9  # of a window; thirteen blocks of four weeks are no full year
LEFT_OUT = {"net_margin": (), "gross_margin": ("service",), "revenue": ("cost", "service")}


@dataclass(frozen=True)
class Span:
    """A span of whole days: its first and its last."""

    begin: pd.Timestamp
    end: pd.Timestamp

    def holds(self, days: pd.Series) -> np.ndarray:
        """Return which of the days lie in the span."""
        return days.between(self.begin, self.end).to_numpy()

    def window(self, first: pd.Timestamp) -> "Span":
        """Return the span with what came before it, from a day on."""
        return Span(min(first, self.begin), self.end)


Days = tuple[str | date, str | date]


def bridge_profit(
    lines: pd.DataFrame,
    before: Days,
    after: Days,
    *,
    groups: Sequence[str] = (),
    measure: str = "net_margin",
    window_months: int = 12,
) -> pd.DataFrame:
    """Return why net margin changed from one span of time to another, with no residual.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``; earlier lines than those of the spans tell who was there already.
    before, after : tuple of two days
        First and last day of the earlier and of the later span (YYYY-MM-DD or dates).
    groups : sequence of str
        Columns of the lines by which the change is explained besides: channel, or what else the lines name.
    measure : str
        ``net_margin``, ``gross_margin`` or ``revenue`` (where no cost is known).
    window_months : int
        New is what nothing was sold of (or to) in so many months up to the end of the earlier span, lost what nothing
        was sold of in so many up to the end of the later one; but in no more than half of the history, nor in less
        than the span itself. Spans whose ends are less apart than that have no new and no lost: what was not bought
        for a month may well be bought again, so all of it is volume and mix. [months]

    Returns
    -------
    DataFrame
        ``profit_bridge`` of the nomenclature; start + effects = end in every entity. Every effect of the groups adds
        up to that of the company, but for volume and mix, which do so together: each group has its own volume, and
        what moves from one group to another is mix of the company and volume of the groups.

    Raises
    ------
    SettingsError
        A day cannot be read, or the spans overlap.

    Notes
    -----
    See `bridge_cells` for how each effect is defined. Prices are after discount. FX is exchange rates on selling
    prices; what rates do to costs is in cost. The order in which the factors changed has no say: each effect is its
    Shapley value (Owen's, where volume and mix are parts of the quantity). A line whose measure is not known counts
    nothing.
    """
    spans = _span(before, "before"), _span(after, "after")
    if spans[0].begin <= spans[1].end and spans[1].begin <= spans[0].end:
        raise SettingsError(f"the spans overlap: {_words(spans[0])} and {_words(spans[1])}\nName spans that are apart.")
    if lines.empty:
        return empty_table("profit_bridge")
    return _sorted(
        [_compare("chosen", lines=lines, spans=spans, groups=groups, measure=measure, window_months=window_months)]
    )


def make_profit_bridge(lines: pd.DataFrame, periods: pd.DataFrame, *, window_months: int) -> pd.DataFrame:
    """Return ``profit_bridge``: the last year against the one before, the last month against two others.

    Parameters
    ----------
    lines : DataFrame
        From `label_lines`.
    periods : DataFrame
        Table ``periods``.
    window_months : int
        As `bridge_profit` takes it. [months]

    Returns
    -------
    DataFrame
        Comparisons of calendar months that the data cover in full: ``year`` (the last 12 with the 12 before; with
        less history ``half``: the later half with the earlier one, seasons and all), ``month`` (the last with the one
        before) and ``month_year`` (the last with the same month a year ago). Of weekly rows a month is four weeks.
        Empty where no price is known, or where less than two spans are complete. The bridge is of revenue where the
        cost of some line is not known. ``month`` tells of nobody new or lost once four months of history are known.
    """
    measure = bridged_measure(lines)
    if not measure:
        return empty_table("profit_bridge")
    groups = [name for name in GROUPS if set(lines[name].unique()) - {ALL}]
    ids = [name for name in dict.fromkeys([*CELL, *groups]) if name in lines]
    lines = lines.astype(dict.fromkeys(ids, "category"))  # so that no comparison looks ids up anew
    compare = partial(_compare, lines=lines, groups=groups, measure=measure, window_months=window_months)
    return _sorted([compare(name, spans=spans) for name, spans in _comparisons(lines, periods)])


def bridged_measure(lines: pd.DataFrame) -> str:
    """Return what can be bridged: net_margin where it is known of every line, else revenue; blank without prices.

    Parameters
    ----------
    lines : DataFrame
        net_margin and revenue.

    Returns
    -------
    str
        Name of a column.
    """
    if lines.empty or lines["revenue"].isna().all():
        return ""
    priced = lines["revenue"].notna()
    return "revenue" if lines["net_margin"][priced].isna().any() else "net_margin"


def _compare(
    comparison: str,
    *,
    lines: pd.DataFrame,
    spans: tuple[Span, Span],
    groups: Sequence[str],
    measure: str,
    window_months: int,
) -> pd.DataFrame:
    by = (*CELL, *dict.fromkeys(groups))
    windows = _windows(spans, lines["order_date"].min(), window_months)
    first, last = min(span.begin for span in windows or spans), max(span.end for span in spans)
    near = lines[lines["order_date"].between(first, last).to_numpy()]
    near = near.assign(**{name: near[name].astype("str").fillna(ALL) for name in groups if near[name].isna().any()})
    sums = [sum_cells(near[span.holds(near["order_date"])], by=by, measure=measure) for span in spans]
    known = [sum_cells(near[window.holds(near["order_date"])], measure=measure) for window in windows]
    everybody = pd.concat(sums, ignore_index=True)
    cells = align_cells(*sums, by=by, known=(known[0], known[1]) if known else (everybody, everybody))
    told = (*(name for name in SOLD if name not in LEFT_OUT[measure]), *(WHO if known else ()))
    tables = [_effect_rows(cells, name, told) for name in ("", *groups)]
    table = pd.concat(tables, ignore_index=True)
    days = {"from_begin": spans[0].begin, "from_end": spans[0].end, "to_begin": spans[1].begin, "to_end": spans[1].end}
    return table.assign(
        comparison=comparison, measure=measure, **{name: day.as_unit("us") for name, day in days.items()}
    )


def _effect_rows(cells: Cells, group: str, told: Sequence[str]) -> pd.DataFrame:
    """Return a row per value of a group and effect that is told."""
    effects = cell_effects(cells, within=group)
    margin = cells.sold_margin()
    change = margin[1] - margin[0]
    effects |= {name: np.where(cells.status == place, change, 0.0) for place, name in enumerate(WHO, start=1)}
    amounts = {"start": cells.ends()[0]} | {name: effects[name] for name in told} | {"end": cells.ends()[1]}
    code, names = pd.factorize(cells.keys[group], sort=True) if group else (np.zeros(len(cells.keys), dtype=int), [ALL])
    sums = {name: np.bincount(code, weights=values, minlength=len(names)) for name, values in amounts.items()}
    wide = pd.DataFrame(sums, index=pd.Index(np.asarray(names, dtype=object), name="entity_id"), dtype="float64")
    long = wide.reset_index().melt("entity_id", var_name="effect", value_name="amount")
    return long.assign(entity=group.removesuffix("_id") or "all")


def _windows(spans: tuple[Span, Span], known_from: pd.Timestamp, months: int) -> tuple[Span, ...]:
    """Return the windows by which it is judged who is new and who is lost, equally long and apart; none = nobody."""
    ends = [span.end + pd.Timedelta(days=1) for span in spans]
    last, apart = max(ends), abs(ends[1] - ends[0])
    history = 12 * (last.year - known_from.year) + last.month - known_from.month - (last.day < known_from.day)
    window = last - (last - pd.DateOffset(months=min(months, history // 2)))
    if apart < NEARLY * window:
        return ()
    return tuple(span.window(end - min(apart, window)) for span, end in zip(spans, ends, strict=True))


def _comparisons(lines: pd.DataFrame, periods: pd.DataFrame) -> Iterator[tuple[str, tuple[Span, Span]]]:
    """Yield the comparisons for which the data suffice."""
    months, year = _full_months(lines, periods)
    whole = periods[periods["complete"].to_numpy(dtype=bool)]
    units = (
        months if len(months) > 1 else [Span(*both) for both in zip(whole["period"], whole["period_end"], strict=True)]
    )
    half = year if len(months) >= 2 * year else len(units) // 2
    if half and (half > 1 or units is not months):
        yield "year" if half == year else "half", (_join(units[-2 * half : -half]), _join(units[-half:]))
    if len(months) > 1:
        yield "month", (months[-2], months[-1])
    if len(months) > year:
        yield "month_year", (months[-1 - year], months[-1])


def _full_months(lines: pd.DataFrame, periods: pd.DataFrame) -> tuple[list[Span], int]:
    """Return the months that the data cover in full, and how many make a year; of weekly rows, blocks of four weeks."""
    if periods.empty:
        return [], 12
    periods = periods.sort_values("period", ignore_index=True)
    first, last = periods.iloc[0], periods.iloc[-1]
    begin = first["period"] if len(periods) == 1 else first["period_end"] - pd.Timedelta(days=first["days"] - 1)
    end = last["period"] + pd.Timedelta(days=last["days"] - 1)
    weekly = (last["period_end"] - last["period"]).days == 6 and (lines["order_date"] == lines["period"]).all()
    if weekly:
        whole = periods[periods["complete"].to_numpy(dtype=bool)]
        firsts, lasts = whole["period"].iloc[-4::-4][::-1], whole["period_end"].iloc[::-4][::-1]
        return [Span(*both) for both in zip(firsts, lasts[-len(firsts) :] if len(firsts) else [], strict=True)], 13
    months = [Span(one, one + pd.offsets.MonthEnd(0)) for one in pd.date_range(begin, end, freq="MS")]
    return [month for month in months if month.end <= end], 12


def _join(spans: list[Span]) -> Span:
    return Span(pd.Timestamp(spans[0].begin), pd.Timestamp(spans[-1].end))


def _span(days: Days, name: str) -> Span:
    begin, end = (parse_day(day, name) for day in days)
    if begin is None or end is None or begin > end:
        raise SettingsError(f"{name}: a first and a last day are needed, in this order; got {days!r}")
    return Span(pd.Timestamp(begin), pd.Timestamp(end))


def _words(span: Span) -> str:
    return f"{span.begin:%Y-%m-%d} to {span.end:%Y-%m-%d}"


def _sorted(tables: list[pd.DataFrame]) -> pd.DataFrame:
    spec, empty = nomenclature()["profit_bridge"], empty_table("profit_bridge")
    if not any(len(table) for table in tables):
        return empty
    made = pd.concat(tables, ignore_index=True).astype({name: empty[name].dtype for name in spec.columns})
    return made[list(spec.columns)].sort_values(list(spec.key), ignore_index=True)
