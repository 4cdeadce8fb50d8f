"""How long past deliveries count and what the group above is worth, chosen by promises made on past days."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segkit.formulas.censored_quantiles import shrunk_steps
from segkit.promising.reliability.history import DeliveryHistory

HALF_LIVES = (np.inf, 1461.0, 730.0, 365.0, 180.0, 90.0, 45.0)
WORTHS = (300.0, 100.0, 30.0, 10.0, 3.0)
HORIZONS = (30, 90, 365)
SCORED = np.array([0.8, 0.9, 0.95])  # what is promised; the median told settings apart that do not matter there
GRID = np.round(np.arange(0.02, 1.0, 0.02), 2)
_ENDS = np.concatenate([[0.0], GRID, [1.0]])
ORIGINS = 16
_MOST_JUDGED = 20_000
FEW = 100
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
class Judged:
    """Deliveries that began after an origin: row of the history, branch and horizon as one number, and what came.

    ``came`` is days from start to delivery, ``seen`` those until the last known day, from which on it is open. [days]
    """

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


def choose_memory(history: DeliveryHistory, judged: list[Judged]) -> Memory:
    """Choose half-life and worth per branch and horizon on promises from past days; levels are those asked for.

    Parameters
    ----------
    history : DeliveryHistory
        Deliveries known on a day.
    judged : list of Judged
        From `past_promises`.

    Returns
    -------
    Memory
        Every pair is judged by the pinball loss at 80, 90 and 95 % of deliveries that began after each of 16 past days,
        censored on the last known day. Of those within 1 % of the best the longest memory and the largest worth is
        taken. A branch with fewer than 100 judged deliveries takes what all together chose.
    """
    branch_of = branches(history)
    shape = (int(branch_of.max(initial=0)) + 1, len(HORIZONS) + 1)
    losses, counts = _losses(history, judged, shape)
    picked = _pick(losses, counts)
    half_life = np.array(HALF_LIVES)[picked // len(WORTHS)]
    worth = np.array(WORTHS)[picked % len(WORTHS)]
    return Memory(branch_of, half_life, worth, np.broadcast_to(GRID, (*shape, len(GRID))).copy())


def branches(history: DeliveryHistory) -> np.ndarray:
    """Return the branch of every group: the group of the first column that it lies in, 0 = all."""
    return np.cumsum(history.depth == 1) * (history.depth > 0)


def past_promises(history: DeliveryHistory) -> list[Judged]:
    """Return what is judged from days spread over the second half of the history, earlier days first."""
    branch_of, horizons = branches(history), len(HORIZONS) + 1
    back = (history.as_of - int(history.start.min(initial=history.as_of))) / 2
    origins = np.unique(np.round(history.as_of - back * (np.arange(1, ORIGINS + 1) / ORIGINS) ** 1.5)).astype("int64")
    made = []
    for origin in origins.tolist():
        rows = np.flatnonzero((history.start > origin) & (history.start < history.as_of))
        if not (history.start <= origin).any() or not len(rows):
            continue
        rows = _drawn(history, rows)
        cell = branch_of[history.group[rows]] * horizons + horizon_of(history.start[rows] - origin)
        seen = history.as_of + 1 - history.start[rows]
        made.append(Judged(origin, rows, cell, np.minimum(history.end[rows] - history.start[rows], seen), seen))
    return made


def _drawn(history: DeliveryHistory, rows: np.ndarray) -> np.ndarray:
    """Return every n-th row of each group, so many that enough are left: the same ones whatever groups are called.

    Rows of a group stand in the order of their days; where the count begins is told by these days.
    """
    step = -(-len(rows) // _MOST_JUDGED)
    group, known = history.group[rows], history.end[rows]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    size = np.diff(np.append(first, len(rows)))
    begin = np.add.reduceat(history.start[rows] + known, first)
    turn = np.arange(len(rows)) - np.repeat(first, size) + np.repeat(begin, size)
    return rows[turn % step == 0]


def _losses(history: DeliveryHistory, judged: list[Judged], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return summed pinball loss of every pair by origin, branch and horizon, and how many deliveries were judged."""
    cells, pairs = shape[0] * shape[1], len(HALF_LIVES) * len(WORTHS)
    losses, counts = np.zeros((len(judged), pairs, cells)), np.zeros((len(judged), cells))
    days, mixings = np.append(history.support, 0), np.tile(WORTHS, (history.depth.max() + 1, 1)).T.copy()
    for number, part in enumerate(judged):
        tree, age = history.known_on(part.origin)
        if tree.is_open.all():
            continue
        groups = history.group[part.row]
        counts[number] = np.bincount(part.cell, minlength=cells)
        asked = groups, np.zeros(len(groups), np.int64)
        for place, half_life in enumerate(HALF_LIVES):
            found = shrunk_steps(tree, recency(age, half_life), mixings, asked, SCORED)
            for pair, step in enumerate(found, place * len(WORTHS)):
                said = np.where(step < tree.steps, days[step], part.seen[:, None])
                loss = censored_pinball(part.came, said, part.seen)
                losses[number, pair] = np.bincount(part.cell, loss, minlength=cells)
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
    if counts.sum() < FEW or (counts > 0).sum() < _LEAST_ORIGINS:
        return otherwise
    loss = losses.sum(axis=0)
    return int(np.argmax(loss <= loss.min() * (1 + _LIKE)))
