"""Trends that levels lag behind: lines through the last periods, as far as they would have helped at earlier ones."""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.local_lines import damped_steps, local_lines
from segkit.formulas.pooled_smoothing import Panel
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel
from segkit.inventory.pooled.scatter import DAMPED
from segkit.inventory.pooled.shifts import Shifted
from segkit.inventory.pooled.wholes import sum_of_all

_CLEAR = 2.0  # slope over its standard error, below which there is no trend
_LEAST_SEEN = 8  # periods
_AHEAD = 8  # periods by which trends are judged, however many are asked for: so sums of periods fit together
_CASES = 50_000
_HELPS = 0.02  # of squared errors, that a trend must save in later periods
_SEVERAL, _SURE = 5, 2.33  # series, from which it must be saved by more than so many standard errors
_ASKED = 2_000  # series, about, that tell whether most go the same way
_MOST_OF = 0.3  # of series more must go that way than the other
_MOST = 0.8  # of a level that a trend may take away, or add to it


@dataclass(frozen=True)
class Trended:
    """Levels after every period and what they grow by a period, (series, periods); ``taken`` by pattern, 0 = none."""

    table: np.ndarray
    growth: np.ndarray | None
    taken: np.ndarray


def follow_trends(
    panel: DemandPanel,
    bare: Panel,
    factors: Factors,
    table: np.ndarray,
    patterns: np.ndarray,
    *,
    seed: int,
    shifted: Shifted | None = None,
) -> Trended:
    """Return levels on their trends, where those are clear and would have helped.

    Parameters
    ----------
    panel : DemandPanel
        Demand.
    bare : Panel
        The same without season and calendar.
    factors : Factors
        Season and calendar.
    table : array
        Levels after every period, (series, periods). [units per period]
    patterns : array of int
        Demand pattern of every series.
    seed : int
        Where the draw of series begins.
    shifted : Shifted, optional
        Where levels changed at once: a step is no trend.

    Returns
    -------
    Trended

    Notes
    -----
    First the trend of the sum of all series, which each has in proportion to its level: what many noisy series have in
    common none of them shows clearly. Then what a series does beyond it. A line is drawn through the last periods,
    older ones counting less. What of it is believed goes with how far its slope is from chance, and with how much of it
    came at earlier origins, by pattern (least squares). A pattern follows no trend where what the earlier half of the
    origins taught would not have saved a fiftieth of the squared errors of the later half, and more than chance.
    """
    periods, count = table.shape[1], int(patterns.max(initial=0)) + 1
    ahead = max(min(_AHEAD, periods // 4), 1)
    origins = np.arange(periods - ahead, max(_LEAST_SEEN, periods // 3) - 1, -max(ahead // 2, 1))[::-1]
    if len(origins) < 2:
        return Trended(table, None, np.zeros(count))
    part = np.flatnonzero((panel.rank + seed) % max(-(-len(table) * len(origins) // _CASES), 1) == 0)
    some = Panel(bare.values[part], bare.observed[part], bare.start[part])
    factor, steps = factors.of(0, periods)[part], None if shifted is None else shifted.changed

    def believed(trend: Trend) -> np.ndarray:
        past = _past_trends(panel.values[part], factor, some.observed, trend, origins, ahead)
        return _taken(past, patterns[part], count)

    common = _common_trend(bare, table, shifted)
    lent = np.zeros(count) if common is None else believed(common.of(part))
    base = None
    if common is not None and lent.any():
        share = lent[patterns][:, None]
        table, base = table + share * common.off, share * common.growth
    taken = believed(_own_trend(some, table[part], _some(base, part), _some(steps, part)))
    if not taken.any():
        return Trended(table, base, lent)
    own, share = _own_trend(bare, table, base, steps), taken[patterns][:, None]
    grown = share * own.growth
    return Trended(table + share * own.off, grown if base is None else base + grown, np.maximum(taken, lent))


@dataclass(frozen=True)
class Trend:
    """Levels, how far they are off their lines, what they grow by a period, and what of that is told already."""

    level: np.ndarray
    off: np.ndarray
    growth: np.ndarray
    base: np.ndarray | None = None

    def of(self, rows: np.ndarray) -> "Trend":
        """Return that of some series."""
        return Trend(self.level[rows], self.off[rows], self.growth[rows], _some(self.base, rows))


def _some(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def _common_trend(bare: Panel, table: np.ndarray, shifted: Shifted | None) -> Trend | None:
    """Return the trend of the sum of all series as that of each, in proportion to its level; None where there is none.

    It has none where levels, its own or all, changed at once, nor where not most series go that way: a few large ones
    say nothing of the others.
    """
    whole = sum_of_all(bare, table)
    if whole is None:
        return None
    found = _own_trend(whole.panel, whole.level, None, None)
    share = np.divide(1.0, whole.level, out=np.zeros_like(whole.level), where=whole.level > 0)
    if shifted is not None:
        share = np.where(shifted.together == 1.0, share, 0.0)
    some = whole.rows[:: -(-len(whole.rows) // _ASKED)]
    slopes = np.sign(local_lines(bare.values[some], bare.observed[some], bare.start[some]).slope)
    share = np.where(slopes.mean(axis=0) * np.sign(found.growth) > _MOST_OF, share, 0.0)
    off, growth = (found.off * share)[0], (found.growth * share)[0]
    if not off.any() and not growth.any():
        return None
    level = table if shifted is None or shifted.changed is None else np.where(shifted.changed, 0.0, table)
    return Trend(table, level * off, level * growth)


def _own_trend(bare: Panel, table: np.ndarray, base: np.ndarray | None, steps: np.ndarray | None) -> Trend:
    """Return how levels are off their lines, and what they grow by beyond ``base``: as far as clear, and they bear."""
    lines = local_lines(bare.values, bare.observed, bare.start)
    chance = (_CLEAR / np.maximum(lines.clear, _CLEAR)) ** 2
    keep = np.where(lines.seen >= _LEAST_SEEN, 1.0 - chance, 0.0)
    if steps is not None:
        keep = np.where(steps, 0.0, keep)
    most = _MOST / 2 * table
    off = np.clip(keep * (lines.level - table), -most, most)
    most *= (1.0 - DAMPED) / DAMPED
    if base is None:
        return Trend(table, off, np.clip(keep * lines.slope, -most, most))
    return Trend(table, off, np.clip(base + keep * (lines.slope - base), -most, most) - base, base)


@dataclass(frozen=True)
class PastTrends:
    """What trends said at earlier origins, and what levels missed, (series, origins); ``weight`` 0 = not judged."""

    said: np.ndarray
    missed: np.ndarray
    weight: np.ndarray


def _past_trends(
    demand: np.ndarray,
    factor: np.ndarray,
    observed: np.ndarray,
    trend: Trend,
    origins: np.ndarray,
    ahead: int,
) -> PastTrends:
    """Return what trends said of the mean of the next periods at earlier origins, beside levels alone."""

    def over(values: np.ndarray) -> np.ndarray:
        sums = np.cumsum(np.pad(np.where(observed, values, 0.0), ((0, 0), (1, 0))), axis=1)
        return sums[:, origins + ahead] - sums[:, origins]

    level, off, growth = (of[:, origins - 1] for of in (trend.level, trend.off, trend.growth))
    steps = damped_steps(DAMPED, ahead).mean()
    said = off + growth * steps
    told_before = level if trend.base is None else level + trend.base[:, origins - 1] * steps
    told = (2 * over(np.ones(1)) > ahead) & (said != 0.0) & (level > 0)
    came = over(demand) / np.maximum(over(factor), 1e-9)
    return PastTrends(said, came - told_before, np.where(told, 1.0 / np.where(level > 0, level, 1.0), 0.0))


def _taken(past: PastTrends, mine: np.ndarray, count: int) -> np.ndarray:
    """Return what part of the trends came at earlier origins, by pattern; none where it would not have helped."""
    places = np.arange(past.said.shape[1])
    half = places < (len(places) + 1) // 2

    def by_series(values: np.ndarray, when: np.ndarray) -> np.ndarray:
        return (past.weight * values)[:, when].sum(axis=1)

    def share(when: np.ndarray) -> np.ndarray:
        top, square = (np.bincount(mine, by_series(past.said * of, when), count) for of in (past.missed, past.said))
        return np.clip(np.divide(top, square, out=np.zeros(count), where=square > 0), 0.0, 1.0)

    before = by_series(past.missed**2, ~half)
    saved = before - by_series((past.missed - share(half)[mine][:, None] * past.said) ** 2, ~half)
    return np.where(_helps(saved, before, mine, count), share(places >= 0), 0.0)


def _helps(saved: np.ndarray, before: np.ndarray, mine: np.ndarray, count: int) -> np.ndarray:
    """Return the patterns in which enough was saved of what was lost before, by more than chance between series."""
    told = before > 0
    number, total, lost, square = (
        np.bincount(mine[told], of[told], count) for of in (np.ones(len(mine)), saved, before, saved**2)
    )
    chance = np.sqrt(np.maximum(square - total**2 / np.maximum(number, 1), 0.0))
    return (total > _HELPS * lost) & (total > np.where(number >= _SEVERAL, _SURE * chance, 0.0))
