"""Levels that changed lately, by what their own series shows, or all of them; as far as such changes lasted before."""

from dataclasses import dataclass, replace

import numpy as np

from segkit.formulas.level_shifts import LENGTHS, LevelShifts, level_shifts, look_for_shifts, no_shifts
from segkit.formulas.pooled_smoothing import Panel
from segkit.formulas.whole_kernels import expected_of_some, sales_beside_usual
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import DemandPanel
from segkit.inventory.pooled.wholes import sum_of_all

_AHEAD = 4  # periods by which changes are judged, however many are asked for: so sums of periods fit together
_FIRST = 12  # periods known, before a change is looked for
_CELLS = 600_000  # series times periods, about, from which it is read how far changes last
_SILENT = 0.2  # of a level is left, below which it went silent: those that come back do so at once
_TOLD = 0.5  # chance of a change, above which the method says so
_SEEN = 0.02  # least chance by which changes are judged
_RARER = np.array([1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0])  # times the odds of a change
_LOATH = 0.3  # log likelihood by which each of these must be better than the one before
_KINDS = 3
_EARLY = 8  # periods, before a tilt is told
_ASKED = 2_000  # series, about, that tell whether all moved
_MOST_OF = 0.5  # of series more than usual went the same way, beyond which they moved together
_CLOSED = 0.05  # of what is usual, below which a period in which many items are sold sold next to nothing: closed
_ITEMS, _UNITS = 10, 30  # series and lots usually sold in a period, beyond which that is no chance
_LEAST = 1e-12


@dataclass(frozen=True)
class Shifted:
    """Levels after every period; ``doubt`` their relative variance now where they changed; ``changed`` where and when.

    ``rarer`` is how many times as likely silences, falls and rises last as it seems; ``together`` by what all levels
    were multiplied after every period, as all of them changed.
    """

    table: np.ndarray
    doubt: np.ndarray
    changed: np.ndarray | None
    rarer: np.ndarray
    together: np.ndarray


def follow_shifts(panel: DemandPanel, bare: Panel, factors: Factors, table: np.ndarray, *, seed: int) -> Shifted:
    """Return levels moved where a series, or all together, changed for good, as far as such changes lasted before.

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
    seed : int
        Where the draw of series begins.

    Returns
    -------
    Shifted

    Notes
    -----
    `level_shifts` says by how much a level is off since its last change, where that is beyond its own scatter. How much
    rarer such changes are than it takes them to be is read from what came after them at earlier periods, apart for
    series that went silent, fell and rose. So weak signs count for less where they misled, clear ones hardly do; what
    changed lately for the first time is told by itself. The same is asked of the sum of all series before; all levels
    move by it where most series went the same way, so that a few large ones that changed do not move the others.
    """
    periods = table.shape[1]
    none = Shifted(table, np.zeros(len(table)), None, np.ones(_KINDS), np.ones(periods))
    if periods < _FIRST:
        return none
    closed = _closed(bare, factors, panel.counted, table)
    if closed.any():
        bare = Panel(bare.values, bare.observed & ~closed, bare.start)
    together = _moves_of_all(bare, factors, panel.counted, table)
    moved = table * together if (together != 1.0).any() else table
    part = np.flatnonzero((panel.rank + seed) % max(-(-table.size // _CELLS), 1) == 0)
    some = Panel(bare.values[part], bare.observed[part], bare.start[part])
    few = level_shifts(*_as_given(some), moved[part], panel.counted[part])
    rarer = _learn(few, some, replace(factors, group=factors.group[part]), moved[part])
    if not rarer.any():
        return Shifted(moved, none.doubt, None, rarer, together)
    found = few if len(part) == len(table) else _of_all(few, part, bare, moved, panel.counted)
    made, doubt, changed = _believed(found, moved, rarer)
    return Shifted(made, doubt, changed, rarer, together)


def _of_all(few: LevelShifts, part: np.ndarray, bare: Panel, table: np.ndarray, unit: np.ndarray) -> LevelShifts:
    """Return what is found of all series, where that of some is known."""
    found = no_shifts(table)
    for whole, known in ((found.level, few.level), (found.chance, few.chance), (found.doubt, few.doubt)):
        whole[part] = known
    look_for_shifts(found, *_as_given(bare), unit, np.delete(np.arange(len(table)), part))
    return found


def _closed(bare: Panel, factors: Factors, unit: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return in which periods a company of many items sold next to nothing: it was closed, no level changed."""
    beside = sales_beside_usual(bare.values, bare.observed, table, factors.table, factors.group, unit)
    sold, usual, lots, number = beside
    return (lots > _UNITS) & (number > _ITEMS) & (sold < _CLOSED * usual)


def _as_given(bare: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return bare.values, bare.observed, bare.start


@dataclass(frozen=True)
class _Signs:
    """Where a level seems to be off: series, period, chance, level, by how much, and 0 silent, 1 fallen, 2 risen."""

    one: np.ndarray
    last: np.ndarray
    chance: np.ndarray
    level: np.ndarray
    move: np.ndarray
    kind: np.ndarray


def _signs(found: LevelShifts, table: np.ndarray, least: float) -> _Signs:
    one, last = np.nonzero(found.chance > least)
    chance, level = found.chance[one, last], table[one, last]
    move = (found.level[one, last] - level) / chance
    kind = np.where(move > 0, 2, np.where(move < (_SILENT - 1.0) * level, 0, 1))
    return _Signs(one, last, chance, level, move, kind)


def _believed(
    found: LevelShifts, table: np.ndarray, rarer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return levels moved as far as it is likely that they changed, their doubt now, and where they did."""
    signs, made, doubt = _signs(found, table, 0.0), found.level, np.zeros(len(table))
    if not len(signs.one):
        return made, doubt, None
    share = _rare(signs.chance, rarer[signs.kind])
    made[signs.one, signs.last] = signs.level + share * signs.move
    changed = np.zeros(table.shape, dtype=bool)
    changed[signs.one, signs.last] = share > _TOLD
    now = signs.last == table.shape[1] - 1
    one, share, move = signs.one[now], share[now], signs.move[now]
    whether = share * (1.0 - share) * (move / np.maximum(made[one, -1], _LEAST)) ** 2
    doubt[one] = share / signs.chance[now] * found.doubt[one, -1] + np.minimum(whether, 1.0)
    return made, doubt, changed


def _rare(chance: np.ndarray, rarer: np.ndarray | float) -> np.ndarray:
    """Return chances of which the odds are so many times as large."""
    return rarer * chance / (rarer * chance + np.maximum(1.0 - chance, _LEAST))


def _learn(found: LevelShifts, bare: Panel, factors: Factors, table: np.ndarray) -> np.ndarray:
    """Return by how much the odds of changes are smaller than they seem, by kind: what came is then likeliest."""
    signs, made = _signs(found, table, _SEEN), np.ones(_KINDS)
    came = _came(bare, factors, signs.one, signs.last)
    for kind in range(_KINDS):
        mine = (signs.kind == kind) & np.isfinite(came)
        if mine.any():
            chance, level, move = signs.chance[mine], signs.level[mine], signs.move[mine]
            missed, weight = came[mine] - level, 1.0 / np.maximum(level + np.maximum(move, 0.0), _LEAST)
            losses = np.array([(weight * (missed - _rare(chance, rarer) * move) ** 2).sum() for rarer in _RARER])
            usual = max(losses.min() / mine.sum(), _LEAST)
            made[kind] = _RARER[np.argmin(losses / (2.0 * usual) + _LOATH * np.arange(len(_RARER)))]
    return made


def _came(bare: Panel, factors: Factors, one: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the mean demand of the next few periods, without season; not known where most are not, or still to come.

    Every other period is judged, as the next few of neighbours are nearly the same ones.
    """
    periods = bare.values.shape[1]
    ahead = max(min(_AHEAD, periods // 4), 1)
    came = np.full(len(one), np.nan)
    judged = (last + 1 >= _FIRST) & (last + ahead < periods) & ((periods - 1 - last) % max(ahead // 2, 1) == 0)
    one, last = one[judged], last[judged]
    sold, usual, count = np.zeros((3, len(one)))
    for step in range(1, ahead + 1):
        seen, factor = bare.observed[one, last + step], factors.table[factors.group[one], last + step]
        sold += np.where(seen, bare.values[one, last + step] * factor, 0.0)
        usual += np.where(seen, factor, 0.0)
        count += seen
    told = (2 * count > ahead) & (usual > 0)
    came[judged] = np.where(told, sold / np.where(told, usual, 1.0), np.nan)
    return came


def _moves_of_all(bare: Panel, factors: Factors, unit: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return by what the levels of all series are to be multiplied after every period, as their sum changed."""
    still, whole = np.ones(table.shape[1]), sum_of_all(bare, table)
    if whole is None:
        return still
    rows, level = whole.rows, whole.level
    weights = np.maximum(level, _LEAST)
    usual = expected_of_some(table, factors.table, factors.group, rows) / weights
    lot = np.array([(unit[rows] * table[rows, -1]).sum() / level[0, -1]])
    found = level_shifts(*_as_given(whole.panel), level, lot)
    usual = np.maximum(usual, _LEAST)
    of_all = Factors(usual, np.zeros(1, dtype=int), (), usual)
    made, _, changed = _believed(found, level, _learn(found, whole.panel, of_all, level))
    if changed is None:
        return still
    moves = np.divide(made[0], level[0], out=still, where=level[0] > 0)
    moved = np.flatnonzero(moves != 1.0)
    tilt = _tilt(bare, rows[:: -(-len(rows) // _ASKED)])[:, moved]
    moves[moved] = np.where((np.sign(moves[moved] - 1.0) * tilt > _MOST_OF).any(axis=0), moves[moved], 1.0)
    return moves


def _tilt(bare: Panel, rows: np.ndarray) -> np.ndarray:
    """Return by how many more series than usual the last periods sold more than those before, (lengths, periods).

    From -1 (all sold less) to 1; a few that changed much tilt it little.
    """
    seen = bare.observed[rows] & (np.arange(bare.values.shape[1])[None, :] >= bare.start[rows][:, None])
    sold, count = (np.cumsum(np.where(seen, of, 0.0), axis=1) for of in (bare.values[rows], 1.0))
    tilts = np.zeros((len(LENGTHS), sold.shape[1]))
    for tilt, length in zip(tilts, LENGTHS, strict=True):
        if length + _EARLY >= len(tilt):
            break
        before, known = sold[:, :-length], count[:, :-length]
        sides = np.sign((sold[:, length:] - before) * known - before * (count[:, length:] - known))
        told = ((known > 0) & (count[:, length:] > known)).sum(axis=0)
        share = sides.sum(axis=0) / np.maximum(told, 1)
        past = np.cumsum(share[_EARLY:]) / np.arange(1, len(share) - _EARLY + 1)
        usual = np.zeros(len(share))
        usual[_EARLY + length :] = past[: max(len(share) - _EARLY - length, 0)]
        tilt[length:] = share - usual
    return tilts
