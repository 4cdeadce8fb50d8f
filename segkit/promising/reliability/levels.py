"""Levels to be asked for so that promises are kept as often as they say: as far as past promises gained by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from segkit.formulas.censored_quantiles import shrunk_probabilities, shrunk_quantiles
from segkit.formulas.interval_accuracy import pit_below
from segkit.promising.reliability.history import DeliveryHistory
from segkit.promising.reliability.memory import (
    FEW,
    GRID,
    HORIZONS,
    SCORED,
    Judged,
    Memory,
    censored_pinball,
    recency,
)

_WAYS = (0.0, 0.5, 1.0)  # how far levels are moved, that compete
_AFTER = 730  # days that the last horizon counts as wide
_FEW_INDEPENDENT = 1.5  # origins, of which a spread is no more than a guess


@dataclass(frozen=True)
class _Kept:
    """Judged deliveries of an origin that came: branch and horizon, first day, and the share at or below each level."""

    cell: np.ndarray
    start: np.ndarray
    share: np.ndarray


def calibrate_levels(history: DeliveryHistory, judged: list[Judged], memory: Memory) -> Memory:
    """Return the memory with levels moved to those that past promises would have needed, where that would have paid.

    Parameters
    ----------
    history : DeliveryHistory
        Deliveries known on a day.
    judged : list of Judged
        From `past_promises`.
    memory : Memory
        From `choose_memory`.

    Returns
    -------
    Memory
        By branch and horizon, levels are left, moved half or moved whole (`calibrated_levels`): whichever had the least
        pinball loss when at every past day they had been moved by what was known of the promises before it.
    """
    cells = memory.half_life.size
    kept = [_kept_of(history, part, memory) for part in judged]
    loss = np.zeros((len(_WAYS), cells))
    needed = np.tile(GRID, (cells, 1))
    for number, (sums, counts) in enumerate(_growing(kept, judged, cells)):
        needed = _needed(sums[:number], counts[:number], judged[:number], memory.half_life.shape[1])
        if number < len(judged):
            loss += _losses_at(history, judged[number], [_moved(memory, needed, way) for way in _WAYS])
    return _moved(memory, needed, np.array(_WAYS)[loss.argmin(axis=0)][:, None])


def _moved(memory: Memory, needed: np.ndarray, way: float | np.ndarray) -> Memory:
    """Return a memory with levels moved part of the way to those needed."""
    return replace(memory, levels=(GRID + way * (needed - GRID)).reshape(memory.levels.shape))


def _kept_of(history: DeliveryHistory, part: Judged, memory: Memory) -> _Kept:
    """Return what share of the promised distribution lies at or below each level, ties spread evenly."""
    before, until = _probabilities(history, part, memory)
    known = (part.came < part.seen) & ~np.isnan(before)
    share = np.stack([pit_below(before[known], until[known], level) for level in GRID], axis=1)
    return _Kept(part.cell[known], history.start[part.row[known]], share)


def _growing(kept: list[_Kept], judged: list[Judged], cells: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield sums and counts by origin and cell of what had begun by each judged day, and in the end of all."""
    sums, counts = np.zeros((len(kept), cells, len(GRID))), np.zeros((len(kept), cells))
    days = [part.origin for part in judged]
    turn = [np.searchsorted(days, one.start) for one in kept]
    for place in range(len(kept) + 1):
        for number, one in enumerate(kept):
            new = turn[number] == place
            if new.any():
                member = csr_array((np.ones(new.sum()), (one.cell[new], np.arange(new.sum()))), (cells, new.sum()))
                sums[number] += member @ one.share[new]
                counts[number] += np.bincount(one.cell[new], minlength=cells)
        yield sums, counts


def _needed(sums: np.ndarray, counts: np.ndarray, judged: list[Judged], horizons: int) -> np.ndarray:
    """Return for every branch and horizon the levels that past promises would have needed."""
    levels = np.tile(GRID, (counts.shape[1], 1))
    for cell in np.flatnonzero(counts.sum(axis=0) >= FEW):
        used = np.flatnonzero(counts[:, cell])
        days = [judged[one].origin for one in used]
        wide = np.diff((0, *HORIZONS, _AFTER))[cell % horizons]
        apart = min(1.0, (days[-1] - days[0]) / (len(days) - 1) / wide) if len(days) > 1 else 1.0
        levels[cell] = calibrated_levels(sums[used, cell], counts[used, cell], apart * len(days))
    return levels


def _losses_at(history: DeliveryHistory, part: Judged, ways: list[Memory]) -> np.ndarray:
    """Return the summed pinball loss, (ways, branches and horizons), of promises made on a past day."""
    tree, age = history.known_on(part.origin)
    loss = np.zeros((len(ways), len(part.row)))
    if not tree.is_open.all():
        days, wanted = np.append(history.support, 0), np.concatenate([way.asked_levels(SCORED) for way in ways], axis=1)
        for half_life, worth, own in ways[0].parts(part.cell):
            mixing = np.full(history.depth.max() + 1, worth)
            asked = history.group[part.row[own]], np.zeros(len(own), np.int64)
            step = shrunk_quantiles(tree, recency(age, half_life), mixing, asked, wanted[part.cell[own]])[0]
            said = np.where(step < tree.steps, days[step], part.seen[own][:, None])
            for place, one in enumerate(np.split(said, len(ways), axis=1)):
                loss[place, own] = censored_pinball(part.came[own], one, part.seen[own])
    return np.array([np.bincount(part.cell, one, minlength=ways[0].half_life.size) for one in loss])


def _probabilities(history: DeliveryHistory, part: Judged, memory: Memory) -> tuple[np.ndarray, np.ndarray]:
    """Return the share promised before and until the day on which each judged delivery came."""
    tree, age = history.known_on(part.origin)
    before, until = np.full(len(part.row), np.nan), np.full(len(part.row), np.nan)
    step = np.searchsorted(history.support, part.came).clip(max=len(history.support) - 1)
    if tree.is_open.all():
        return before, until
    for half_life, worth, own in memory.parts(part.cell):
        mixing = np.full(history.depth.max() + 1, worth)
        asked = history.group[part.row[own]], step[own]
        before[own], until[own] = shrunk_probabilities(tree, recency(age, half_life), mixing, asked)
    return before, until


def calibrated_levels(sums: np.ndarray, counts: np.ndarray, independent: float) -> np.ndarray:
    """Return for each level of the grid the one to ask for.

    Parameters
    ----------
    sums : ndarray, shape (origins, grid)
        Sum over the judged deliveries of the share that lies at or below each level.
    counts : ndarray, shape (origins,)
        Judged deliveries of each origin.
    independent : float
        Origins that do not overlap: what the error of the mean rests on; up to 1.5 of them tell
        no error, and nothing is moved.

    Returns
    -------
    ndarray, shape (grid,)
        Level at which past promises were kept as often as wanted, moved from the wanted one by d² / (d² + e²) of the
        way, with d what was missed and e its standard error (origins drawn whole).
    """
    if len(counts) < 4 or counts.sum() < FEW or independent <= _FEW_INDEPENDENT:
        return GRID.copy()
    kept = sums.sum(axis=0) / counts.sum()
    off = sums - kept * counts[:, None]
    error = len(counts) / (independent - 1) * (off**2).sum(axis=0) / counts.sum() ** 2
    missed = kept - GRID
    ends = np.concatenate([[0.0], np.maximum.accumulate(kept), [1.0]])
    needed = np.interp(GRID, ends, np.concatenate([[0.0], GRID, [1.0]]))
    sure = missed**2 / np.maximum(missed**2 + error, 1e-12)
    return np.maximum.accumulate(GRID + sure * (needed - GRID))
