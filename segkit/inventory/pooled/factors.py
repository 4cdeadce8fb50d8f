"""What season and calendar do to demand, found for groups of series: one alone is too noisy to tell.

The total of a group over its moving average shows season and events without the level. How groups are formed (all, by
an attribute, by location, by both) is decided by how well each predicts what it has not seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.inventory.pooled.codes import dense_codes
from segkit.inventory.pooled.group_sums import Groups, Sums
from segkit.inventory.pooled.panel import DemandPanel, read_days

_NEAR = 9  # periods of the moving average against which events are seen
_FOLDS = 5
_RIDGE = 5.0
_MOST = 40  # regressors
_CYCLES = 2  # of a season, before it is looked for
_MOSTLY = 0.5  # of a cycle, that must have been seen so often
_FLOOR = 0.01  # least factor


@dataclass(frozen=True)
class Factors:
    """Multipliers of the level: ``table`` (group, period, with those ahead), ``group`` of each series; 1 = as usual.

    ``apart`` is the same, but each cycle's season is told by the other cycles only: errors of the past are found by it,
    since a season that was fitted to them makes them too small.
    """

    table: np.ndarray
    group: np.ndarray
    told: tuple[str, ...]
    apart: np.ndarray

    def of(self, first: int, last: int) -> np.ndarray:
        """Return the multipliers of every series in a span of periods."""
        return self.table[self.group, first:last]


def no_factors(
    panel: DemandPanel,
    groupings: dict[str, np.ndarray],  # noqa: ARG001
    calendar: pd.DataFrame | None,  # noqa: ARG001
    *,
    ahead: int,
) -> Factors:
    """Return factors of one; parameters as `find_factors` takes them."""
    series, periods = panel.values.shape
    ones = np.ones((1, periods + ahead))
    return Factors(ones, np.zeros(series, dtype=int), (), ones)


def find_factors(
    panel: DemandPanel, groupings: dict[str, np.ndarray], calendar: pd.DataFrame | None, *, ahead: int
) -> Factors:
    """Return season and calendar factors, up to ``ahead`` periods after the history.

    Parameters
    ----------
    panel : DemandPanel
        Demand.
    groupings : dict of str to array
        Ways to group series: a code per series, from 0.
    calendar : DataFrame, optional
        period and event columns: numbers, flags, or names of events; a period without a row has none.
    ahead : int
        Periods ahead.

    Returns
    -------
    Factors
        ``told`` says what was found, by which grouping.

    Raises
    ------
    DataError
        A calendar whose periods are not those of the history, or repeat.
    """
    every = np.append(panel.periods, panel.next_periods(ahead)) if len(panel.periods) else panel.periods
    dates = pd.DatetimeIndex(every)
    series, periods = panel.values.shape
    flat = no_factors(panel, groupings, calendar, ahead=len(dates) - periods)
    if not series or periods < 8:
        return flat
    factor, apart, group, told = flat.table, flat.table, flat.group, list(flat.told)
    for name, places, cycle in _seasons(dates, panel.step):
        if periods < _CYCLES * cycle:
            continue
        sums = Groups.of(panel, factor, group, groupings)
        best = sums.choose(partial(_season_fit, places=places, cycle=cycle))
        if best:
            way, table = best
            others = _told_by_others(sums.sums[way], table, places=places, cycle=cycle)
            apart, _ = _joined(apart, group, others, groupings[way])
            factor, group = _joined(factor, group, table, groupings[way])
            told.append(f"{name} by {way}")
    columns = _regressors(calendar, dates, periods)
    if columns.shape[1]:
        sums = Groups.of(panel, factor, group, groupings)
        best = sums.choose(partial(_calendar_fit, columns=columns))
        if best:
            way, table = best
            apart, _ = _joined(apart, group, table, groupings[way])
            factor, group = _joined(factor, group, table, groupings[way])
            told.append(f"calendar by {way}")
    return Factors(factor, group, tuple(told), apart)


def _joined(
    factor: np.ndarray, group: np.ndarray, table: np.ndarray, code: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the product of two sets of factors, by pairs of their groups."""
    pairs, joined = dense_codes(group * len(table) + code)
    return factor[pairs // len(table)] * table[pairs % len(table)], joined


def _seasons(dates: pd.DatetimeIndex, step: pd.DateOffset) -> Iterable[tuple[str, np.ndarray, int]]:
    """Yield the cycles that a calendar of this step can show: name, place of every period in it, periods of a cycle."""
    days, months = step.kwds.get("days", 0), step.kwds.get("months", 0)
    if days == 1:
        yield "weekday", dates.day_of_week.to_numpy(), 7
        yield "month", dates.month.to_numpy() - 1, 365
    elif days == 7:
        middle = dates + pd.Timedelta(days=3)  # whose week of the year is that of ISO 8601, a 53rd one beside the 52nd
        yield "week of the year", np.minimum((middle.day_of_year.to_numpy() - 1) // 7, 51), 52
        yield "month", middle.month.to_numpy() - 1, 52
    elif days in (14, 28):
        yield "part of the year", np.arange(len(dates)) % (364 // days), 364 // days
    elif months in (1, 2, 3, 4, 6):
        yield "quarter" if months == 3 else "month", (dates.month.to_numpy() - 1) // months, 12 // months


def _moving_mean(total: np.ndarray, width: int) -> np.ndarray:
    """Return the centred moving average; missing where the window is not whole."""
    half = width // 2
    weights = np.ones(2 * half + 1)
    if width % 2 == 0:
        weights[[0, -1]] = 0.5
    weights /= weights.sum()
    out = np.full(total.shape, np.nan)
    if total.shape[1] >= len(weights):
        sums = np.cumsum(np.pad(total, ((0, 0), (1, 0))), axis=1)
        span = len(weights)
        inner = sums[:, span:] - sums[:, :-span]
        if width % 2 == 0:
            inner = inner - 0.5 * total[:, : total.shape[1] - span + 1] - 0.5 * total[:, span - 1 :]
        out[:, half : total.shape[1] - half] = inner / width
    return out


def _level(total: np.ndarray, cycle: int) -> np.ndarray:
    """Return the moving average over a cycle; of hardly more than two cycles carried on to both ends along their slope.

    Else half a cycle would be lost at either end, and one turn alone cannot tell season from noise.
    """
    usual, periods = _moving_mean(total, cycle), total.shape[1]
    known = np.flatnonzero(np.isfinite(usual).all(axis=0))
    if not len(known) or len(known) >= _CYCLES * cycle or periods < _CYCLES * cycle:
        return usual
    slope = (total[:, -cycle:].mean(axis=1) - total[:, :cycle].mean(axis=1)) / (periods - cycle)
    place = np.arange(periods)
    near = np.clip(place, known[0], known[-1])
    carried = usual[:, near] + slope[:, None] * (place - near)
    return np.maximum(carried, _FLOOR * usual[:, near])


def _season_fit(sums: Sums, *, places: np.ndarray, cycle: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return factors of all periods, those from the other cycles only, and the moving average."""
    total = sums.all
    usual = _level(total, cycle)
    turns = _turns(sums, usual, places, cycle)
    if len(turns.top) < _CYCLES:
        return np.ones((len(total), len(places))), np.full(total.shape, np.nan), usual
    table = np.where(turns.twice[:, None], _shrunk(turns.top, turns.bottom)[:, places], 1.0)
    unseen = np.full(total.shape, np.nan)
    for one in range(len(turns.top)):
        others, mine = np.arange(len(turns.top)) != one, turns.of == one
        if mine.any():
            unseen[:, mine] = _shrunk(turns.top[others], turns.bottom[others])[:, turns.place[mine]]
    return table, unseen, usual


@dataclass(frozen=True)
class Turns:
    """Demand and level of every cycle by place in it, (cycles, groups, places); ``of`` the cycle of a period, or -1."""

    top: np.ndarray
    bottom: np.ndarray
    of: np.ndarray
    place: np.ndarray

    @property
    def twice(self) -> np.ndarray:
        """Of which groups most of a cycle was seen in two of them: else one says all there is."""
        return ((self.bottom > 0).sum(axis=0) >= _CYCLES).mean(axis=1) > _MOSTLY


def _turns(sums: Sums, usual: np.ndarray, places: np.ndarray, cycle: int) -> Turns:
    """Return what the cycles of a history sold, beside their level."""
    groups, periods = sums.all.shape
    known = np.isfinite(usual).all(axis=0)
    turn = np.arange(periods) // cycle
    turn = np.where(known, turn - (turn[known].min() if known.any() else 0), -1)
    shape = (int(turn.max(initial=-1)) + 1, groups, int(places.max()) + 1)
    top, bottom = np.zeros(shape), np.zeros(shape)
    for period in np.flatnonzero(known):
        top[turn[period], :, places[period]] += sums.known[:, period]
        bottom[turn[period], :, places[period]] += usual[:, period] * sums.part[:, period]
    return Turns(top, bottom, turn, places[:periods])


def _told_by_others(sums: Sums, table: np.ndarray, *, places: np.ndarray, cycle: int) -> np.ndarray:
    """Return season factors of which those of each cycle of the history come from the other cycles."""
    turns = _turns(sums, _level(sums.all, cycle), places, cycle)
    keep, apart = _kept(turns.top, turns.bottom), table.copy()
    for one in range(len(turns.top)):
        others, mine = np.arange(len(turns.top)) != one, np.flatnonzero(turns.of == one)
        told = _of_index(_index(turns.top[others], turns.bottom[others]), keep)[:, turns.place[mine]]
        seen = (turns.bottom[others].sum(axis=0) > 0)[:, turns.place[mine]] & turns.twice[:, None]
        apart[:, mine] = np.where(seen, told, table[:, mine])
    return apart


def _shrunk(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return season factors by group and place in the cycle, shrunk to 1 by how much of them is noise."""
    return _of_index(_index(top, bottom), _kept(top, bottom))


def _index(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    total, base = top.sum(axis=0), bottom.sum(axis=0)
    return np.divide(total, base, out=np.ones_like(total), where=base > 0)


def _kept(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return by group how much of a season is no noise."""
    index = _index(top, bottom)
    apart = np.divide(top, bottom, out=np.ones_like(top), where=bottom > 0)
    count = (bottom > 0).sum(axis=0)
    several = count >= 2
    noise = np.where(bottom > 0, (apart - index) ** 2, 0.0).sum(axis=0) / np.maximum(count - 1, 1)
    noise = (noise * several).sum(axis=1) / np.maximum(several.sum(axis=1), 1) / np.maximum(count.mean(axis=1), 1)
    if not several.any():
        noise = np.full(len(index), (index - 1).var() / 2)
    spread = ((index - 1) ** 2).mean(axis=1)
    return np.clip(1 - noise / np.maximum(spread, 1e-12), 0.0, 1.0)


def _of_index(index: np.ndarray, keep: np.ndarray) -> np.ndarray:
    factor = 1 + keep[:, None] * (index - 1)
    mean = factor.mean(axis=1, keepdims=True)
    return np.maximum(factor / np.where(mean > 0, mean, 1.0), _FLOOR)


def _regressors(calendar: pd.DataFrame | None, dates: pd.DatetimeIndex, periods: int) -> np.ndarray:
    """Return the calendar as numbers by period; names of events as flags, those never seen so far left out."""
    if calendar is None or calendar.empty:
        return np.zeros((len(dates), 0))
    table = _by_period(calendar, dates).reindex(dates)
    columns = []
    for name in sorted(table.columns, key=str):
        cells = table[name]
        if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
            numbers = cells.to_numpy(dtype="float64", na_value=np.nan)
            columns.append(np.where(np.isnan(numbers), 0.0, numbers))
        else:
            words = cells.astype("str").where(cells.notna(), "")
            columns += [(words == word).to_numpy(dtype=float) for word in sorted(set(words[:periods]) - {"", "nan"})]
    kept = [column for column in columns if np.ptp(column[:periods]) > 0]
    return np.stack(kept[:_MOST], axis=1) if kept else np.zeros((len(dates), 0))


def _by_period(calendar: pd.DataFrame, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a calendar by its periods; raises DataError where they are not those of the history, or repeat."""
    subject, fix = "calendar cannot be used", "Give one row per period, by the first days of the history's periods."
    if "period" not in calendar:
        raise DataError(list_problems(subject, ["period is not there"], [fix]))
    days = pd.DatetimeIndex(read_days(calendar["period"], subject).astype("datetime64[D]").astype("datetime64[us]"))
    between = (days >= dates[0]) & (days <= dates[-1]) & ~days.isin(dates)
    marks = (("period is none of the history's", between), ("period repeats", days.duplicated()))
    problems = [
        f"{problem} {in_rows(int(wrong.sum()))}, first: {days[wrong].min():%Y-%m-%d}"
        for problem, wrong in marks
        if wrong.any()
    ]
    if problems:
        raise DataError(list_problems(subject, problems, [fix]))
    return calendar.drop(columns="period").set_axis(days, axis=0)


def _near(values: np.ndarray) -> np.ndarray:
    """Return a moving average over the periods around each one, over fewer at the ends."""
    span = values.shape[-1]
    sums = np.cumsum(np.concatenate([np.zeros((*values.shape[:-1], 1)), values], axis=-1), axis=-1)
    low = np.maximum(np.arange(span) - _NEAR // 2, 0)
    high = np.minimum(np.arange(span) + _NEAR // 2 + 1, span)
    return (sums[..., high] - sums[..., low]) / (high - low)


def _calendar_fit(sums: Sums, *, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return calendar factors of all periods, those fitted without the fold of each period, and the level around."""
    total = sums.all
    periods, usual = total.shape[1], _near(total)
    off = np.where(usual > 0, total / np.where(usual > 0, usual, 1.0) - 1.0, 0.0)
    past = columns[:periods]
    scale = past.std(axis=0)
    around = past.mean(axis=0)
    moved = ((past - _near(past.T).T) / scale).T
    fold = np.arange(periods) * _FOLDS // periods
    weight = total.sum(axis=1)

    def effects(kept: np.ndarray) -> np.ndarray:
        x, y = moved[:, kept], off[:, kept]
        square = x @ x.T
        ridge = _RIDGE * np.eye(len(x))
        everyone = np.linalg.solve(square + ridge, x @ (weight @ y) / max(weight.sum(), 1e-12))
        return np.linalg.solve(square + ridge, x @ y.T + (ridge @ everyone)[:, None]).T

    unseen = np.ones(total.shape)
    for one in range(_FOLDS):
        unseen[:, fold == one] = 1.0 + effects(fold != one) @ moved[:, fold == one]
    table = np.maximum(1.0 + effects(fold >= 0) @ ((columns - around) / scale).T, _FLOOR)
    return table, unseen, usual
