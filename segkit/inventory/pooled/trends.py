"""Trends that levels lag behind: lines through the last periods, as far as they would have helped at earlier ones."""

from dataclasses import dataclass

import numpy as np

from segkit.formulas.local_lines import LocalLines, damped_steps, local_lines
from segkit.formulas.pooled_smoothing import Panel
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel
from segkit.inventory.pooled.scatter import DAMPED

_CLEAR = 2.0  # slope over its standard error, below which there is no trend
_LEAST_SEEN = 8  # periods
_MOST_AHEAD = 8  # periods by which trends are judged
_CASES = 200_000
_HELPS = 0.02  # of squared errors, that a trend must save in later periods
_SEVERAL, _SURE = 5, 1.64  # series, from which it must be saved by more than so many standard errors
_MOST = 0.8  # of a level that a trend may take away, or add to it
_TINY = 1e-12


@dataclass(frozen=True)
class Trended:
    """Levels after every period and what they grow by a period, (series, periods); ``taken`` by pattern, 0 = none."""

    table: np.ndarray
    growth: np.ndarray | None
    taken: np.ndarray


def follow_trends(
    panel: DemandPanel, bare: Panel, factors: Factors, table: np.ndarray, patterns: np.ndarray, *, ahead: int, seed: int
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
    ahead : int
        Periods ahead that are wanted.
    seed : int
        Where the draw of series begins.

    Returns
    -------
    Trended

    Notes
    -----
    A line is drawn through the last periods of every series, older ones counting less. What of it is believed goes with
    how far its slope is from chance, and with how much of it came at earlier origins, by pattern (least squares). A
    pattern follows no trend where what the earlier half of the origins taught would not have saved a fiftieth of
    the squared errors of the later half, and more than chance.
    """
    lines = local_lines(bare.values, bare.observed, bare.start)
    keep = np.where(
        lines.seen >= _LEAST_SEEN, np.maximum(1.0 - (_CLEAR / np.maximum(lines.clear, _TINY)) ** 2, 0.0), 0.0
    )
    count = int(patterns.max(initial=0)) + 1
    if not keep.any():
        return Trended(table, None, np.zeros(count))
    off, growth = _believed(lines, keep, table)
    taken = _taken((panel, bare.observed, factors), table, (off, growth), patterns, min(ahead, _MOST_AHEAD), seed)
    if not taken.any():
        return Trended(table, None, taken)
    share = taken[patterns][:, None]
    return Trended(table + share * off, share * growth, taken)


def _believed(lines: LocalLines, keep: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far levels are off their line, and its slope, within what a level can bear."""
    off = np.clip(keep * (lines.level - table), -_MOST / 2 * table, _MOST / 2 * table)
    most = _MOST / 2 * table * (1.0 - DAMPED) / DAMPED
    return off, np.clip(keep * lines.slope, -most, most)


def _taken(
    known: tuple[DemandPanel, np.ndarray, Factors],
    table: np.ndarray,
    trend: tuple[np.ndarray, np.ndarray],
    patterns: np.ndarray,
    ahead: int,
    seed: int,
) -> np.ndarray:
    """Return what part of the trends came at earlier origins, by pattern; none where it would not have helped."""
    panel, observed, factors = known
    periods = table.shape[1]
    ahead = max(min(ahead, periods // 4), 1)
    origins = np.arange(periods - ahead, max(_LEAST_SEEN, periods // 3) - 1, -max(ahead // 2, 1))[::-1]
    count = int(patterns.max(initial=0)) + 1
    if len(origins) < 2:
        return np.zeros(count)
    part = np.flatnonzero((panel.rank + seed) % max(-(-len(table) * len(origins) // _CASES), 1) == 0)
    seen = observed[part]

    def over(values: np.ndarray) -> np.ndarray:
        sums = np.cumsum(np.pad(np.where(seen, values, 0.0), ((0, 0), (1, 0))), axis=1)
        return sums[:, origins + ahead] - sums[:, origins]

    came = over(panel.values[part]) / np.maximum(over(factors.of(0, periods)[part]), 1e-9)
    off, growth = (of[part][:, origins - 1] for of in trend)
    level = table[part][:, origins - 1]
    said = off + growth * damped_steps(DAMPED, ahead).mean()
    told = (2 * over(np.ones(1)) > ahead) & (said != 0.0) & (level > 0)
    weight = np.where(told, 1.0 / np.where(level > 0, level, 1.0), 0.0)
    missed = came - level
    halves = np.arange(len(origins)) < (len(origins) + 1) // 2
    mine = patterns[part]

    def by_series(values: np.ndarray, when: np.ndarray) -> np.ndarray:
        return (weight * values)[:, when].sum(axis=1)

    def share(when: np.ndarray) -> np.ndarray:
        top, square = (np.bincount(mine, by_series(said * of, when), count) for of in (missed, said))
        return np.clip(np.divide(top, square, out=np.zeros(count), where=square > 0), 0.0, 1.0)

    early = share(halves)
    before = by_series(missed**2, ~halves)
    saved = before - by_series((missed - early[mine][:, None] * said) ** 2, ~halves)
    return np.where(_helps(saved, before, mine, count), share(halves | True), 0.0)


def _helps(saved: np.ndarray, before: np.ndarray, mine: np.ndarray, count: int) -> np.ndarray:
    """Return the patterns in which enough was saved of what was lost before, by more than chance between series."""
    told = before > 0
    number, total, lost, square = (
        np.bincount(mine[told], of[told], count) for of in (np.ones(len(mine)), saved, before, saved**2)
    )
    chance = np.sqrt(np.maximum(square - total**2 / np.maximum(number, 1), 0.0))
    return (total > _HELPS * lost) & (total > np.where(number >= _SEVERAL, _SURE * chance, 0.0))
