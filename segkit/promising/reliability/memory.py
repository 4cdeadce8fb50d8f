"""How long past deliveries count and what the group above is worth, chosen by promises made on past days."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from segkit.formulas.censored_quantiles import shrunk_probabilities, shrunk_quantiles
from segkit.formulas.interval_accuracy import pit_below
from segkit.promising.reliability.history import DeliveryHistory

HALF_LIVES = (np.inf, 1461.0, 730.0, 365.0, 180.0, 90.0, 45.0)
WORTHS = (300.0, 100.0, 30.0, 10.0, 3.0)
HORIZONS = (30, 90, 365)
SCORED = np.array([0.5, 0.8, 0.9, 0.95])
GRID = np.round(np.arange(0.02, 1.0, 0.02), 2)
_ENDS = np.concatenate([[0.0], GRID, [1.0]])
ORIGINS = 16
_MOST_JUDGED = 20_000
_FEW = 100
_LIKE = 0.01
_LEAST_ORIGINS = 4
_START = 3


@dataclass(frozen=True)
class Memory:
    """What was chosen, by branch (group of the first column; 0 = all) and horizon.

    Attributes
    ----------
    branch_of : ndarray, shape (groups,)
        Branch of every group.
    half_life, worth : ndarray, shape (branches, horizons)
        Days after which a delivery counts half; deliveries that the group above is worth.
    levels : ndarray, shape (branches, horizons, grid)
        Level to be asked for, so that past promises would have been kept as often as ``GRID`` says.
    """

    branch_of: np.ndarray
    half_life: np.ndarray
    worth: np.ndarray
    levels: np.ndarray

    def parts(self, cell: np.ndarray) -> Iterator[tuple[float, float, np.ndarray]]:
        """Return half-life, worth and rows of all that share them; ``cell`` is branch and horizon as one number."""
        pairs = np.column_stack([self.half_life.ravel(), self.worth.ravel()])
        known, number = np.unique(pairs, axis=0, return_inverse=True)
        of_row = number.ravel()[cell]
        for place in np.unique(of_row):
            yield float(known[place, 0]), float(known[place, 1]), np.flatnonzero(of_row == place)

    def asked_levels(self, shares: np.ndarray) -> np.ndarray:
        """Return for every branch and horizon the levels that reliabilities stand for."""
        levels = self.levels.reshape(-1, len(GRID))
        return np.array([np.interp(shares, _ENDS, np.concatenate([[0.0], one, [1.0]])) for one in levels])

    def stated(self, cell: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Return the chances that shares of the distribution stand for."""
        made = np.full(len(share), np.nan)
        for place in np.unique(cell):
            own = cell == place
            levels = self.levels.reshape(-1, len(GRID))[place]
            made[own] = np.interp(share[own], np.concatenate([[0.0], levels, [1.0]]), _ENDS)
        return made


@dataclass(frozen=True)
class _Judged:
    """Deliveries that began after an origin: what was known then, and what came."""

    origin: int
    row: np.ndarray
    cell: np.ndarray
    came: np.ndarray
    seen: np.ndarray


def horizon_of(ahead: np.ndarray) -> np.ndarray:
    """Return the class of horizon of days ahead: up to 30, 90, 365, and beyond.

    Examples
    --------
    >>> horizon_of(np.array([-4, 30, 31, 400])).tolist()
    [0, 0, 1, 3]
    """
    return np.searchsorted(HORIZONS, ahead, side="left")


def choose_memory(history: DeliveryHistory) -> Memory:
    """Choose half-life and worth per branch and horizon on promises from past days, and calibrate them.

    Parameters
    ----------
    history : DeliveryHistory
        Deliveries known on a day.

    Returns
    -------
    Memory
        Every pair is judged by the pinball loss of deliveries that began after each of 12 past days, censored on
        the last known day. Of those within 1 % of the best the longest memory and the largest worth is taken. A branch
        with fewer than 100 judged deliveries takes what all together chose.
    """
    branch_of = np.cumsum(history.depth == 1) * (history.depth > 0)
    shape = (int(branch_of.max(initial=0)) + 1, len(HORIZONS) + 1)
    judged = _past_promises(history, branch_of, shape[1])
    losses, counts = _losses(history, judged, shape)
    picked = _pick(losses, counts)
    half_life = np.array(HALF_LIVES)[picked // len(WORTHS)]
    worth = np.array(WORTHS)[picked % len(WORTHS)]
    made = Memory(branch_of, half_life, worth, np.broadcast_to(GRID, (*shape, len(GRID))).copy())
    _calibrate(history, judged, made)
    return made


def _past_promises(history: DeliveryHistory, branch_of: np.ndarray, horizons: int) -> list[_Judged]:
    """Return what is judged from days spread over the second half of the history."""
    back = (history.as_of - int(history.start.min(initial=history.as_of))) / 2
    origins = np.unique(np.round(history.as_of - back * (np.arange(1, ORIGINS + 1) / ORIGINS) ** 1.5)).astype("int64")
    made = []
    for origin in origins.tolist():
        rows = np.flatnonzero((history.start > origin) & (history.start < history.as_of))
        if not (history.start <= origin).any() or not len(rows):
            continue
        rows = rows[:: -(-len(rows) // _MOST_JUDGED)]
        cell = branch_of[history.group[rows]] * horizons + horizon_of(history.start[rows] - origin)
        seen = history.as_of + 1 - history.start[rows]
        made.append(_Judged(origin, rows, cell, np.minimum(history.end[rows] - history.start[rows], seen), seen))
    return made


def _losses(history: DeliveryHistory, judged: list[_Judged], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return summed pinball loss of every pair by origin, branch and horizon, and how many deliveries were judged."""
    cells, pairs = shape[0] * shape[1], len(HALF_LIVES) * len(WORTHS)
    losses, counts = np.zeros((len(judged), pairs, cells)), np.zeros((len(judged), cells))
    days = np.append(history.support, 0)
    for number, part in enumerate(judged):
        tree, age = history.known_on(part.origin)
        if tree.is_open.all():
            continue
        groups = history.group[part.row]
        counts[number] = np.bincount(part.cell, minlength=cells)
        for place, (half_life, worth) in enumerate(product(HALF_LIVES, WORTHS)):
            mixing = np.full(history.depth.max() + 1, worth)
            asked = groups, np.zeros(len(groups), np.int64)
            step = shrunk_quantiles(tree, recency(age, half_life), mixing, asked, SCORED)[0]
            said = np.where(step < tree.steps, days[step], part.seen[:, None])
            loss = censored_pinball(part.came, said, part.seen)
            losses[number, place] = np.bincount(part.cell, loss, minlength=cells)
    return losses.reshape(len(judged), pairs, *shape), counts.reshape(len(judged), *shape)


def censored_pinball(came: np.ndarray, said: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return the mean pinball loss over the scored levels of what can be seen until the last known day."""
    off = (came[:, None] - np.minimum(said, seen[:, None])).astype("float64")
    return np.maximum(SCORED * off, (SCORED - 1) * off).mean(axis=1)


def recency(age: np.ndarray, half_life: float) -> np.ndarray:
    """Return what a delivery of an age counts: 1 today, a half after the half-life."""
    return np.ones(len(age)) if np.isinf(half_life) else np.exp2(-age / half_life)


def _pick(losses: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the pair that each branch takes for each horizon."""
    everything = _steadiest(losses.sum(axis=(2, 3)), counts.sum(axis=(1, 2)), _START)
    branches, horizons = counts.shape[1:]
    picked = np.empty((branches, horizons), dtype=np.int64)
    for horizon in range(horizons):
        shared = _steadiest(losses[..., horizon].sum(axis=2), counts[..., horizon].sum(axis=1), everything)
        for branch in range(branches):
            picked[branch, horizon] = _steadiest(losses[:, :, branch, horizon], counts[:, branch, horizon], shared)
    return picked


def _steadiest(losses: np.ndarray, counts: np.ndarray, otherwise: int) -> int:
    """Return the first pair, longest memory first, that is at most 1 % worse than the best."""
    if counts.sum() < _FEW or (counts > 0).sum() < _LEAST_ORIGINS:
        return otherwise
    loss = losses.sum(axis=0)
    return int(np.argmax(loss <= loss.min() * (1 + _LIKE)))


def _calibrate(history: DeliveryHistory, judged: list[_Judged], memory: Memory) -> None:
    """Move the levels to those that past promises would have needed, as far as that stands out of the noise."""
    horizons = memory.half_life.shape[1]
    sums = np.zeros((len(judged), memory.half_life.size, len(GRID)))
    counts = np.zeros((len(judged), memory.half_life.size))
    for number, part in enumerate(judged):
        before, until = _probabilities(history, part, memory)
        known = (part.came < part.seen) & ~np.isnan(before)
        for place, level in enumerate(GRID):
            share = pit_below(before[known], until[known], level)
            sums[number, :, place] = np.bincount(part.cell[known], share, minlength=counts.shape[1])
        counts[number] = np.bincount(part.cell[known], minlength=counts.shape[1])
    for cell in range(counts.shape[1]):
        used = np.flatnonzero(counts[:, cell])
        days = [judged[one].origin for one in used]
        wide = np.diff((0, *HORIZONS, 730))[cell % horizons]
        apart = min(1.0, (days[-1] - days[0]) / (len(days) - 1) / wide) if len(days) > 1 else 1.0
        levels = calibrated_levels(sums[used, cell], counts[used, cell], apart * len(days))
        memory.levels[cell // horizons, cell % horizons] = levels


def _probabilities(history: DeliveryHistory, part: _Judged, memory: Memory) -> tuple[np.ndarray, np.ndarray]:
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
        Origins that do not overlap: what the error of the mean rests on.

    Returns
    -------
    ndarray, shape (grid,)
        Level at which past promises were kept as often as wanted, moved from the wanted one by d² / (d² + e²) of the
        way, with d what was missed and e its standard error (origins drawn whole).
    """
    if len(counts) < 4 or counts.sum() < _FEW or independent <= 1:
        return GRID.copy()
    kept = sums.sum(axis=0) / counts.sum()
    off = sums - kept * counts[:, None]
    error = len(counts) / (independent - 1) * (off**2).sum(axis=0) / counts.sum() ** 2
    missed = kept - GRID
    ends = np.concatenate([[0.0], np.maximum.accumulate(kept), [1.0]])
    needed = np.interp(GRID, ends, np.concatenate([[0.0], GRID, [1.0]]))
    sure = missed**2 / np.maximum(missed**2 + error, 1e-12)
    return np.maximum.accumulate(GRID + sure * (needed - GRID))
