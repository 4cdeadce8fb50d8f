"""Lasting changes of level in short series: where they are, how large, and how sure it is that they are no chance."""

from dataclasses import dataclass, replace

import numpy as np

_NOTHING = 1e-18
_GRID = 0.1
_MOST_MEMORY = 0.8
_ALIKE = 1e-6
_TRIED = 40
_POSITIVE = 2.0  # difference of BIC from which evidence is positive (Kass & Raftery 1995)


@dataclass(frozen=True)
class LevelChange:
    """One lasting change of level.

    Attributes
    ----------
    place : int
        First place of the new level.
    before, after : float
        Level before and from there on, the season taken out.
    chance : float
        Share of histories without any change that seem to have one as clear (p-value).
    """

    place: int
    before: float
    after: float
    chance: float


def find_level_changes(
    series: list[np.ndarray],
    *,
    cycle: int = 0,
    shortest: int = 3,
    most: int = 2,
    false_share: float = 0.05,
    draws: int = 9999,
    seed: int = 20,
) -> list[list[LevelChange]]:
    """Return the lasting changes of level of many series, with one budget of false alarms for all of them.

    In every series that step is sought which explains most of what level and season leave, and set against the same
    search in histories without a change. Those that stay below the budget are kept, and the search goes on beside them.

    Parameters
    ----------
    series : list of arrays
        Values in order of time, without gaps; of any lengths.
    cycle : int
        Periods of a season, which is taken out of series of at least two cycles; 0 = there is none.
    shortest : int
        Periods that a level must have lasted to be one. [periods]
    most : int
        Rounds of the search; each takes one step, or two that hide each other when looked at one by one.
    false_share : float
        Share of the changes found that may be false alarms (Benjamini-Hochberg over all series).
    draws, seed : int
        Histories without a change, and the seed of their noise.

    Returns
    -------
    list of lists of LevelChange
        By series, in order of time.

    Notes
    -----
    The histories without a change are normal noise of the same length, with the same season taken out and the same
    memory from one period to the next: half the series' own, half the median of all, since one short series tells
    little. A step must be clearer than a straight line (by BIC), else it is a trend and not kept.

    References
    ----------
    Andrews, D. W. K. (1993). Tests for parameter instability and structural change with unknown change point.
    Econometrica 61, 821-856. Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the
    Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> values = np.array([10.0, 11, 9, 10, 11, 10, 9, 20, 21, 19, 20, 21, 20, 19])
    >>> [(change.place, round(change.after)) for change in find_level_changes([values])[0]]
    [(7, 20)]
    """
    searches = [_Search(values.astype(float), cycle, shortest) for values in series]
    for search in searches:
        search.seek()
    chance, going = _Chance(draws, seed), searches
    memories = chance.memories(searches)
    for _ in range(most):
        judged = [chance.judge(search, memory) for search, memory in zip(going, memories, strict=True)]
        kept = np.flatnonzero(below_budget(np.array([p_value for p_value, _ in judged]), false_share))
        memories, going = [memories[place] for place in kept], [going[place] for place in kept]
        for search, place in zip(going, kept, strict=True):
            search.keep(judged[place][1], judged[place][0])
            search.seek()
    return [search.changes() for search in searches]


def below_budget(chances: np.ndarray, false_share: float) -> np.ndarray:
    """Return which of many tests are kept so that no more than a share of those kept is false (Benjamini-Hochberg).

    Parameters
    ----------
    chances : array
        p-values.
    false_share : float
        Share of false ones among those kept, on average.

    Returns
    -------
    array of bool
        Same order.

    Examples
    --------
    >>> below_budget(np.array([0.03, 0.001, 0.02, 0.8]), 0.05).tolist()
    [True, True, True, False]
    """
    order = np.argsort(chances, kind="stable")
    good = chances[order] <= false_share * np.arange(1, len(chances) + 1) / max(len(chances), 1)
    kept = np.zeros(len(chances), dtype=bool)
    kept[order[: int(np.flatnonzero(good).max()) + 1 if good.any() else 0]] = True
    return kept


class _Search:
    """The search in one series: what is fitted so far, and the clearest step in what is left."""

    def __init__(self, values: np.ndarray, cycle: int, shortest: int) -> None:
        self.values = values
        self.design = _Design(len(values), cycle if cycle > 1 and len(values) >= 2 * cycle else 0, shortest, ())
        self.chances: dict[int, float] = {}
        self.shares, self.memory = (0.0, 0.0), 0.0
        self.offers: tuple[tuple[int, ...], ...] = ((), ())

    def seek(self) -> None:
        """Find the clearest step and the clearest pair of steps; none where a straight line tells as much."""
        self.offers, basis = ((), ()), _Basis.of(self.design)
        rest = basis.rest(self.values[None, :])
        left = (rest**2).sum()
        if not basis.places.size or left <= _NOTHING * (self.values**2).sum():
            return
        found = basis.clearest(rest), basis.clearest_pair(rest)
        self.shares = float(found[0][0][0]), float(basis.clearest_pair(rest, each=basis.coarse())[0][0])
        self.memory = float(basis.memory(rest, found[1][1])[0])
        line = ((rest @ basis.line) ** 2).sum() / left
        count, offers = len(self.values), (found[0][1][:, None], found[1][1])
        gains = [count * np.log((1 - line) / max(1 - share, _NOTHING)) for share in self.shares]
        needed = [(2 * steps - 1) * np.log(count) + _POSITIVE for steps in (1, 2)]
        self.offers = tuple(
            tuple(int(place) for place in basis.places[offer[0]]) if gain > need and share > 0 else ()
            for offer, gain, need, share in zip(offers, gains, needed, self.shares, strict=True)
        )

    def keep(self, places: tuple[int, ...], chance: float) -> None:
        """Take steps that were found into what is fitted."""
        self.chances |= dict.fromkeys(places, chance)
        self.design = replace(self.design, kept=(*self.design.kept, *places))

    def changes(self) -> list[LevelChange]:
        """Return the steps kept, with the levels between them."""
        columns = self.design.columns()
        found = np.linalg.lstsq(columns, self.values, rcond=None)[0]
        split = columns.shape[1] - len(self.design.kept)
        level, changes = float(found[:split].mean()), []
        for place, step in sorted(zip(self.design.kept, found[split:], strict=True)):
            changes.append(LevelChange(place, level, level + float(step), self.chances[place]))
            level += float(step)
        return changes


@dataclass(frozen=True)
class _Design:
    """What is fitted to a series: its season or level, and the steps kept so far."""

    count: int
    cycle: int
    shortest: int
    kept: tuple[int, ...]

    def columns(self) -> np.ndarray:
        place = np.arange(self.count)[:, None]
        level = (place % self.cycle == np.arange(self.cycle)) if self.cycle else place >= 0
        return np.hstack([level, place >= np.array(self.kept, dtype=int)[None, :]]).astype(float)

    def places(self) -> np.ndarray:
        """Return where a further step may be: no level is shorter than the shortest."""
        every = np.arange(self.shortest, self.count - self.shortest + 1)
        edges = np.array([0, self.count, *self.kept])
        return every[(np.abs(every[:, None] - edges[None, :]) >= self.shortest).all(axis=1)]


@dataclass(frozen=True)
class _Basis:
    """Columns of length one: of what is fitted and, free of that, of every further step and of a straight line."""

    fitted: np.ndarray
    places: np.ndarray
    steps: np.ndarray
    line: np.ndarray
    shortest: int

    @classmethod
    def of(cls, design: _Design) -> "_Basis":
        fitted, places = np.linalg.qr(design.columns())[0], design.places()
        time = np.arange(design.count)[:, None]
        steps, line = (_free((time >= places[None, :]).astype(float), fitted), _free(time.astype(float), fitted))
        told = (steps**2).sum(axis=0) > 0
        return cls(fitted, places[told], steps[:, told], line, design.shortest)

    def rest(self, rows: np.ndarray) -> np.ndarray:
        """Return what is left of each row."""
        return rows - rows @ self.fitted @ self.fitted.T

    def clearest(self, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of what is left that the clearest step explains, and which it is, by row."""
        explained = (rest @ self.steps) ** 2
        return explained.max(axis=1) / (rest**2).sum(axis=1), explained.argmax(axis=1)

    def clearest_pair(self, rest: np.ndarray, *, each: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return the share that the clearest pair of each so many places explains, and which two they are, by row."""
        told, likeness = rest @ self.steps, self.steps.T @ self.steps
        most, best = np.zeros(len(rest)), np.zeros((len(rest), 2), dtype=int)
        tried = np.arange(0, len(self.places), each)
        for first in tried:
            later = tried[self.places[tried] - self.places[first] >= self.shortest]
            later = later[1 - likeness[first, later] ** 2 > _ALIKE]
            if later.size:
                one, two, like = told[:, [first]], told[:, later], likeness[first, later]
                explained = (one**2 - 2 * like * one * two + two**2) / (1 - like**2)
                place = explained.argmax(axis=1)
                better = explained[np.arange(len(rest)), place] > most
                most[better] = explained[np.arange(len(rest)), place][better]
                best[better] = np.column_stack([np.full(len(rest), first), later[place]])[better]
        return most / (rest**2).sum(axis=1), best

    def coarse(self) -> int:
        """Return how many places a search for pairs may step over, so that long series do not take long."""
        return -(-len(self.places) // _TRIED)

    def memory(self, rest: np.ndarray, pair: np.ndarray) -> np.ndarray:
        """Return the correlation of each period with the next, once the clearest pair of steps is taken out."""
        first, second = self.steps[:, pair[:, 0]].T, self.steps[:, pair[:, 1]].T
        like = (first * second).sum(axis=1, keepdims=True)
        second = (second - like * first) / np.sqrt(np.maximum(1 - like**2, _ALIKE))
        free = rest - sum(step * (rest * step).sum(axis=1, keepdims=True) for step in (first, second))
        size = np.maximum((free**2).sum(axis=1), np.finfo(float).tiny)
        return (free[:, 1:] * free[:, :-1]).sum(axis=1) / size


def _free(columns: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Return columns without what is fitted, of length one; of those fitted in full, zeros."""
    free = columns - fitted @ (fitted.T @ columns)
    size = np.sqrt((free**2).sum(axis=0))
    return free / np.where(size > 1e-6, size, np.inf)


@dataclass(frozen=True)
class _Quiet:
    """What a search finds in noise without a change: shares explained by one step and by two, in order; the memory."""

    shares: tuple[np.ndarray, np.ndarray]
    memory: float


class _Chance:
    """How clear a step looks in series that have none, of the same length, season and memory."""

    def __init__(self, draws: int, seed: int) -> None:
        self.draws, self.seed = draws, seed
        self.made: dict[tuple[_Design, float], _Quiet] = {}

    def of(self, design: _Design, memory: float) -> _Quiet:
        """Return what the search finds in noise of a memory."""
        if (design, memory) not in self.made:
            random = np.random.default_rng([self.seed, design.count])
            rows = random.standard_normal((self.draws, design.count))
            for place in range(1, design.count):
                rows[:, place] = memory * rows[:, place - 1] + np.sqrt(1 - memory**2) * rows[:, place]
            basis = _Basis.of(design)
            rest = basis.rest(rows)
            one, (two, pairs) = basis.clearest(rest)[0], basis.clearest_pair(rest, each=basis.coarse())
            measured = float(np.median(basis.memory(rest, pairs)))
            self.made[design, memory] = _Quiet((np.sort(one), np.sort(two)), measured)
        return self.made[design, memory]

    def memories(self, searches: list[_Search]) -> list[float]:
        """Return the memory of each series: half its own, half that of all, freed of what searching takes from it."""
        own = np.array([self._freed(one) if one.shares[0] else 0.0 for one in searches])
        mixed = (own + np.median(own)) / 2 if len(own) else own
        return list(np.clip(np.ceil(mixed / _GRID) * _GRID, 0.0, _MOST_MEMORY))

    def _freed(self, search: _Search) -> float:
        """Return the memory of noise in which so much is measured after the search."""
        none, half = (self.of(search.design, memory).memory for memory in (0.0, 0.5))
        return 0.5 * (search.memory - none) / max(half - none, 0.1)

    def judge(self, search: _Search, memory: float) -> tuple[float, tuple[int, ...]]:
        """Return how often chance shows steps as clear, and which: one step, or two where those are less by chance."""
        if not any(search.offers):
            return 1.0, ()
        quiet = self.of(search.design, memory)
        chances = [
            (1 + self.draws - np.searchsorted(shares, share - 1e-12)) / (1 + self.draws) if offer else 1.0
            for shares, share, offer in zip(quiet.shares, search.shares, search.offers, strict=True)
        ]
        better = int(chances[1] < chances[0])
        return min(2 * float(chances[better]), 1.0), search.offers[better]
