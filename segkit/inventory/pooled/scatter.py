"""How demand over coming periods scatters around its forecast, from how it did after earlier periods."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from segkit.formulas.demand_spread import (
    Spread,
    by_size,
    fit_sized,
    fit_spread,
    log_size,
    size_edges,
    spread_quantiles,
)
from segkit.formulas.local_lines import damped_steps
from segkit.formulas.pooled_smoothing import Panel
from segkit.formulas.scatter_kernels import count_by_size, error_sums, habit_widths
from segkit.formulas.seen_limits import SeenSums, seen_sums
from segkit.inventory.pooled.contest import PATTERNS, patterns_after
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel

_CASES = 40_000
_UNSOLD = 5_000  # cases of series that had never sold; they are all alike
_LEAST = 1e-6
_ORIGINS = 52
_SEEN = 4
_SHRUNK = 3.0
_LENT, _ROUGH = 100.0, 0.12
_WIDTHS = (0.2, 5.0)
DAMPED = 0.95  # of a trend is left a period later
_JUDGED = np.array([0.5, 0.8, 0.9, 0.95])


@dataclass(frozen=True)
class Levels:
    """Levels as known after each period (series, periods), and the factors by which periods differ.

    ``habit`` tells how wide each series scatters; none = as wide as its class. ``pattern`` is the demand pattern of
    each series now; where it is told, earlier forecasts count for the pattern that was known then. ``doubt`` is the
    relative variance of levels that hardly any period tells, which no earlier error shows; ``growth`` is what levels
    grow by a period, of which `DAMPED` is left a period later (none = no trend).
    """

    panel: DemandPanel
    table: np.ndarray
    factors: Factors
    habit: "Habit | None" = None
    pattern: np.ndarray | None = None
    doubt: np.ndarray | None = None
    growth: np.ndarray | None = None

    def ahead(self, first: int, last: int) -> np.ndarray:
        """Return the forecast of the sum over periods ``first`` to ``last`` after the history, by series."""
        now = self.panel.values.shape[1]
        factors = self.factors.of(now + first - 1, now + last)
        usual = self.table[:, -1] * factors.sum(axis=1)
        if self.growth is None:
            return usual
        return usual + self.growth[:, -1] * (factors @ damped_steps(DAMPED, last)[first - 1 :][: factors.shape[1]])

    def one_ahead(self, *, apart: bool = False) -> np.ndarray:
        """Return the forecast of every period as made one before it, (series, periods); zero for the first.

        ``apart``: by the season that other cycles tell.
        """
        table = self.table[:, :-1] if self.growth is None else self.table[:, :-1] + DAMPED * self.growth[:, :-1]
        factors = self.factors.apart if apart else self.factors.table
        return np.pad(table, ((0, 0), (1, 0))) * factors[self.factors.group, : self.panel.values.shape[1]]

    def width(self, series: np.ndarray, origin: np.ndarray, shift: np.ndarray | int = 0) -> np.ndarray:
        """Return by how much wider than usual series scattered, as known then; ``shift`` as `Cases` has it."""
        return np.ones(len(series)) if self.habit is None else self.habit.width(self, series, origin, shift)

    def doubts(self) -> np.ndarray:
        """Return the relative variance of the level of every series, beside what earlier errors show."""
        return np.zeros(len(self.table)) if self.doubt is None else self.doubt

    def seen(self, length: np.ndarray | int) -> SeenSums:
        """Return what demand was over so many periods, by series."""
        panel = self.panel
        lengths = np.broadcast_to(np.asarray(length, dtype=np.int64), len(panel.values))
        return seen_sums(panel.values, panel.observed, panel.start, lengths)

    def width_now(self) -> np.ndarray:
        """Return the same of all series, as known at the end of the history."""
        return self._width_now

    @cached_property
    def seen_of_one(self) -> SeenSums:
        """What demand was in single periods."""
        return self.seen(1)

    @cached_property
    def _width_now(self) -> np.ndarray:
        count, periods = self.panel.values.shape
        return self.width(np.arange(count), np.full(count, periods))


@dataclass(frozen=True)
class Habit:
    """How far one-step forecasts of every series were off: sum of |error| [smallest lots] and number, by period.

    Where a level fell, the number is that of errors usual at the level since. ``usual`` is the mean |error| of the
    class at a size of the forecast, ``sizes`` the log of those.
    """

    error: np.ndarray
    number: np.ndarray
    classes: np.ndarray
    sizes: np.ndarray
    usual: np.ndarray

    def width(self, levels: Levels, series: np.ndarray, origin: np.ndarray, shift: np.ndarray | int = 0) -> np.ndarray:
        """Return the error of series over the usual one at their level, shrunk as if `_SHRUNK` errors were usual."""
        last = origin - 1  # errors are those of all periods, so no season of one of them plays a part
        columns = levels.panel.part_columns
        level = levels.table[series, last] / columns[series, last if columns.shape[1] > 1 else 0]
        told = self.error[series, last], self.number[series, last], self.classes[series] + shift
        return np.clip(habit_widths(level, *told, self.sizes, self.usual, _SHRUNK, _ROUGH, _LEAST), *_WIDTHS)


def watch_habits(levels: Levels, cases: "Cases", classes: np.ndarray, changed: np.ndarray | None = None) -> Habit:
    """Return how far one-step forecasts of every series were off so far; ``cases`` tell what is usual.

    ``changed``, where given, tells after which periods the level of a series is known to have changed: errors before it
    fell were of more demand, and count as many usual ones.
    """
    panel, factors = levels.panel, levels.factors
    growth = np.zeros((0, 0)) if levels.growth is None else levels.growth
    known = panel.values, panel.observed, panel.start, panel.part_columns
    sums, number = error_sums(*known, levels.table, growth, DAMPED, factors.apart, factors.group)
    sizes, usual = _usual_errors(cases, classes)
    if changed is not None:
        count_by_size(number, changed, *known[1:], levels.table, classes, sizes, usual, _ROUGH, _LEAST)
    return Habit(sums, number, classes, sizes, usual)


def _usual_errors(cases: "Cases", classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes (log) and, by class and size, the log of the mean |error|; a class with few leans on all."""
    of_cases = cases.classes(classes)
    count = _number_of(cases, classes)
    if not len(cases.mean):
        return np.zeros(1), np.zeros((count, 1))
    size = log_size(np.maximum(cases.mean, _LEAST))
    bins = np.unique(np.searchsorted(size_edges(size), size), return_inverse=True)[1]
    width = int(bins.max()) + 1
    cell, off = of_cases * width + bins, np.abs(cases.actual - cases.mean)
    figures = (off, _rough(cases.mean), None)
    sums, rough, number = (np.bincount(cell, one, count * width).reshape(count, width) for one in figures)
    lent = _LENT / number.sum(axis=0)
    usual = (sums + lent * sums.sum(axis=0)) / (rough + lent * rough.sum(axis=0))
    usual = np.maximum(usual, 1e-3)
    return np.bincount(bins, size, width) / np.bincount(bins, minlength=width), np.log(usual)


def _rough(mean: np.ndarray) -> np.ndarray:
    """Return a rough deviation of counts, to hold usual errors against: it carries on beyond the sizes seen."""
    mean = np.maximum(mean, _LEAST)
    return np.sqrt(mean + _ROUGH * mean**2)


@dataclass(frozen=True)
class Cases:
    """Earlier forecasts and what came of them: series, origin, forecast and actual [smallest lots], own width.

    ``shift`` is by how much the class of a series was another then, as its demand pattern was: who looks back knows
    which series fell asleep later, who looks ahead does not.
    """

    series: np.ndarray
    origin: np.ndarray
    mean: np.ndarray
    actual: np.ndarray
    width: np.ndarray
    shift: np.ndarray | None = None

    def classes(self, classes: np.ndarray) -> np.ndarray:
        """Return the class of every case from those of all series now."""
        return classes[self.series] if self.shift is None else classes[self.series] + self.shift

    def where(self, rows: np.ndarray) -> "Cases":
        """Return some of the cases."""
        shift = None if self.shift is None else self.shift[rows]
        return Cases(self.series[rows], self.origin[rows], self.mean[rows], self.actual[rows], self.width[rows], shift)

    def watched(self, levels: Levels) -> "Cases":
        """Return the same with the widths that are told by the habits of levels."""
        return replace(self, width=levels.width(self.series, self.origin, 0 if self.shift is None else self.shift))


def past_cases(levels: Levels, first: int, last: int, *, seed: int) -> Cases:
    """Return earlier forecasts of the sum over the periods ``first`` to ``last`` after an origin.

    Parameters
    ----------
    levels : Levels
        What was known when.
    first, last : int
        Periods after the origin, from 1.
    seed : int
        Where the draw begins.

    Returns
    -------
    Cases
        Of the last origins at which all these periods were observed afterwards; of many, a regular draw by size.
        Series that had never sold then count where something was expected of them.
    """
    panel = levels.panel
    periods = panel.values.shape[1]
    low = max(min(8, periods // 3), periods - last - _ORIGINS + 1, 1)
    origins = np.arange(low, periods - last + 1)
    if not len(origins) or not len(panel.values):
        none = np.zeros(0, dtype=int)
        return Cases(none, none, np.zeros(0), np.zeros(0), np.zeros(0))
    part, rank = _rows_drawn(panel, len(origins), seed)

    def over(table: np.ndarray) -> np.ndarray:
        sums = np.cumsum(np.pad(table, ((0, 0), (1, 0))), axis=1)
        return sums[:, origins + last] - sums[:, origins + first - 1]

    actual = over(panel.values[part])
    usual = over(levels.factors.apart)[levels.factors.group[part]] * levels.table[part][:, origins - 1]
    if levels.growth is not None:
        every, steps = levels.factors.apart, damped_steps(DAMPED, last)
        grown = sum(steps[step - 1] * every[:, origins + step - 1] for step in range(first, last + 1))
        usual += grown[levels.factors.group[part]] * levels.growth[part][:, origins - 1]
    listed = np.arange(periods)[None, :] >= panel.start[part][:, None]
    known = np.cumsum(panel.observed[part] & listed, axis=1)[:, origins - 1]
    never = origins[None, :] <= panel.start[part][:, None]
    seen = never | (known >= min(_SEEN, periods // 3))
    whole = over((~panel.observed[part]).astype("int64")) == 0
    lots = panel.parts[part][:, origins - 1]
    mean = usual / lots
    there = seen & whole & (mean > _LEAST)
    one, place = np.nonzero(there)
    unsold = never[one, place]
    count = unsold.sum()
    step = np.where(unsold, -(-count // _UNSOLD), -(-(len(one) - count) // _CASES))
    drawn = (rank[one] + place + seed) % np.maximum(step, 1) == 0
    one, place = one[drawn], place[drawn]
    counted = actual[one, place] / lots[one, place]
    shift = None
    if levels.pattern is not None:
        usual = levels.factors.table[levels.factors.group[part], :periods]
        bare = Panel(panel.values[part] / usual, panel.observed[part], panel.start[part])
        shift = patterns_after(bare)[one, origins[place] - 1] - levels.pattern[part[one]]
    cases = Cases(part[one], origins[place], mean[one, place], counted, np.ones(len(one)), shift)
    return cases.watched(levels)


def _rows_drawn(panel: DemandPanel, origins: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return series, not many more than are needed, and their ranks by size among these."""
    count = len(panel.values)
    rank = panel.rank
    step = max(count * origins // (2 * _CASES), 1)
    part = np.flatnonzero((rank + seed) % step == 0)
    return part, rank[part] // step


def scatter_of(cases: Cases, classes: np.ndarray) -> Spread:
    """Return the spread of the classes of all series, fitted to cases."""
    mine = cases.classes(classes)
    count = _number_of(cases, classes)
    return fit_spread(cases.actual, cases.mean, mine, cases.width, count=count)


def _number_of(cases: Cases, classes: np.ndarray) -> int:
    """Return the number of classes, those a series may have had then included."""
    last = int(classes.max(initial=0))
    return last + 1 if cases.shift is None else (last // len(PATTERNS) + 1) * len(PATTERNS)


def best_classes(cases: Cases, choices: dict[str, np.ndarray]) -> str:
    """Return by which classes earlier scatter told best what came later: the least pinball loss on the last third.

    Parameters
    ----------
    cases : Cases
        Earlier forecasts.
    choices : dict of str to array
        Ways to class series.
    """
    if len(choices) == 1 or len(cases.mean) < 300:
        return next(iter(choices))
    cut = np.quantile(cases.origin, 2 / 3)
    early, late = (cases.where(np.flatnonzero(rows)) for rows in (cases.origin <= cut, cases.origin > cut))
    sized = by_size(early.actual, early.mean, early.width)
    weight = 1.0 / np.sqrt(late.mean + 1.0)[:, None]
    losses = {}
    for name, classes in choices.items():
        spread = fit_sized(sized, early.classes(classes), count=_number_of(early, classes))
        mine = late.classes(classes)
        told = spread_quantiles(spread, late.mean, mine, late.width, _JUDGED)
        off = late.actual[:, None] - told
        losses[name] = float((weight * np.maximum(_JUDGED * off, (_JUDGED - 1) * off)).sum())
    return min(losses, key=lambda name: losses[name])


def quantiles_ahead(
    levels: Levels, spread: Spread, mean: np.ndarray, classes: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Return quantiles [units] of demand of a period with given forecasts [units]."""
    lots = levels.panel.counted
    width = levels.width_now()
    found = spread_quantiles(spread, mean / lots, classes, width, wanted, doubt=levels.doubts())
    return np.minimum(found, whole_limits(levels.seen_of_one, mean, wanted, lots)) * lots[:, None]


def whole_limits(seen: SeenSums, mean: np.ndarray, wanted: np.ndarray, lots: np.ndarray) -> np.ndarray:
    """Return the quantiles that demand does not exceed by what was seen of it, in whole lots."""
    return np.ceil(seen.limits(mean, wanted) / lots[:, None] - _LEAST)
