"""Series with hardly any history lean on the same item elsewhere, or on their group, each at the size of its place."""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from segkit.formulas.panel_kernels import one_step_errors
from segkit.inventory.pooled.factors import Factors
from segkit.inventory.pooled.panel import KEYS, DemandPanel

FEW = 4  # observed periods, from which a series stands on its own
_MIXED = 0.5  # relative variance of what an item sells in a place of known size
_TURNS = 20
_LEAST = 1e-9
_APART, _SAME = 4.0, 0.1  # relative variance between those of a group: most and least
_ROUGH = 0.5  # excess where no earlier error tells it: weekly groceries have .14 to .35, wholesale 1, spare parts 4
_SKEWED = 0.75  # relative variance of a sample, from which that of what it stands for grows no further
_WATCHED = 52  # periods whose errors tell it
_EXCESSES = np.append(0.0, np.geomspace(1e-3, 50.0, 60))
_DEVIATION = 1.25  # standard deviation over mean |error|, of a normal variable


@dataclass(frozen=True)
class Lent:
    """Levels after every period, the method in words, and the relative variance of the levels that few periods tell."""

    table: np.ndarray
    method: np.ndarray
    doubt: np.ndarray


def lend(
    panel: DemandPanel, factors: Factors, table: np.ndarray, method: np.ndarray, groups: dict[str, np.ndarray]
) -> Lent:
    """Return levels in which series with few observed periods lean on others.

    Parameters
    ----------
    panel : DemandPanel
        Demand.
    factors : Factors
        Season and calendar.
    table : array
        Levels after every period, (series, periods). [units per period]
    method : array of str
        By series.
    groups : dict of str to array
        Ways to group series, a code per series; those of items come first, then attributes.

    Returns
    -------
    Lent
        Only the last level is another.

    Notes
    -----
    A level is taken as item times place, both found over all series; what an item sells in places of which much is
    known gives its level in one of which hardly anything is. It counts as that many periods of the series' own as the
    relative variance of one period holds of that between places (Bühlmann's credibility), and what is left of both is
    the doubt of the level.

    References
    ----------
    Bühlmann, H. & Gisler, A. (2005). A Course in Credibility Theory and its Applications. Springer, section 3.1.
    """
    listed = np.arange(panel.values.shape[1])[None, :] >= panel.start[:, None]
    seen = (panel.observed & listed).sum(axis=1)
    never = ~panel.observed.any(axis=1)
    short = ((seen < FEW) & (seen > 0)) | never
    method = np.where(never, "nothing known", method).astype(object)
    doubt = np.zeros(len(short))
    if not short.any():
        return Lent(table, method, doubt)
    table, periods = table.copy(), np.where(never, 0, seen).astype(float)
    last, lots = table[:, -1].copy(), np.maximum(panel.counted, _LEAST)
    told_by = seen >= FEW  # what never sold says nothing of what others will
    excess = _excess(panel, factors, table, np.flatnonzero(told_by))
    alone = short & (periods > 0)
    chance = _noise(last, lots, excess)[alone] / periods[alone]
    if not told_by.any():  # no earlier error says how low a sample of a high level can be
        chance /= 1.0 - np.minimum(chance, _SKEWED)
    doubt[alone] = np.minimum(chance, _APART)
    size = _place_sizes(last, np.minimum(periods, FEW), lots, groups)
    lent = np.zeros(len(short), dtype=bool)
    for name in _by(groups):
        expected, known = _expected(last, size, groups[name], told_by)
        told = short & known & ~lent
        if not told.any():
            continue
        apart = _apart(last, expected, groups[name], told_by)
        held = _noise(expected, lots, excess)[told] / apart
        share = periods[told] / (periods[told] + held)
        table[told, -1] = share * last[told] + (1.0 - share) * expected[told]
        doubt[told] = apart * (1.0 - share)
        method[told] = f"analogue: {name}"
        lent |= told
    return Lent(table, method, doubt)


def _by(groups: dict[str, np.ndarray]) -> list[str]:
    """Return the names of groups by which series may lean on each other, the nearest first."""
    return [
        *(name for name in ("item_id",) if name in groups),
        *(name for name in groups if name not in (*KEYS, "all")),
    ]


def _noise(level: np.ndarray, lots: np.ndarray, excess: float) -> np.ndarray:
    """Return the variance of a period relative to the square of its level."""
    return lots / np.maximum(level, _LEAST) + excess


def _excess(panel: DemandPanel, factors: Factors, table: np.ndarray, rows: np.ndarray) -> float:
    """Return by how much the demand of some series scattered more than Poisson's around one-step forecasts.

    By mean absolute errors, which no bulk order decides.
    """
    first = max(table.shape[1] - _WATCHED, 1)
    known = panel.values, panel.observed, table, factors.table, factors.group
    error, said, number = one_step_errors(*known, rows, first)
    lots = np.maximum(panel.counted[rows], _LEAST)
    error, mean = error / lots, said / np.maximum(number, 1) / lots
    if not number.any():
        return _ROUGH
    wanted, square = _DEVIATION * error.sum(), mean**2

    def told(place: int) -> float:
        return float((number * np.sqrt(mean + _EXCESSES[place] * square)).sum())

    last = len(_EXCESSES) - 1
    high = min(bisect_left(range(last), wanted, key=told), last)  # the more excess, the larger the errors
    near = [max(high - 1, 0), high]
    return float(np.interp(wanted, [told(place) for place in near], _EXCESSES[near]))


def _place_sizes(last: np.ndarray, weight: np.ndarray, lots: np.ndarray, groups: dict[str, np.ndarray]) -> np.ndarray:
    """Return how much is sold in the place of every series, other things equal: 1 = as in others.

    Levels are taken as item times place. A series votes by how much it sold, up to what the variety of items in a place
    leaves of it, so that no best seller decides alone. Places whose sizes differ by chance count as alike (the between
    variance of Bühlmann & Straub).
    """
    item = groups.get("item_id", groups["all"])
    place = np.zeros(len(last), dtype=int)
    for name in KEYS[1:]:
        if name in groups:
            place = np.unique(place * (groups[name].max(initial=0) + 1) + groups[name], return_inverse=True)[1]
    size = np.ones(place.max(initial=0) + 1)
    if len(size) == 1:
        return size[place]
    sold = weight * last / lots
    vote = (weight > 0).astype(float)
    for _ in range(_TURNS):
        size_here = size[place]
        top, bottom = (np.bincount(item, vote * of) for of in (last / size_here, np.ones(len(last))))
        rate = top / np.maximum(bottom, _LEAST)
        expected = np.maximum(weight * rate[item] * size_here / lots, _LEAST)
        vote = expected / (1.0 + _MIXED * expected)
        votes = np.bincount(place, vote) + _LEAST
        size = (np.bincount(place, vote * sold / expected * size_here) + _LEAST) / votes
    return _believed(size, votes)[place]


def _believed(size: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Return sizes of places as far as they differ by more than chance: towards their mean by what each vote counts."""
    mean = (votes * size).sum() / votes.sum()
    free = max(votes.sum() - (votes**2).sum() / votes.sum(), _LEAST)
    chance = (len(size) - 1) * mean**2
    between = max(((votes * (size - mean) ** 2).sum() - chance) / free, 0.0) / mean**2
    return mean + (size - mean) * between / (between + 1.0 / votes)


def _expected(last: np.ndarray, size: np.ndarray, code: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a series sells as one of its group in a place of its size, and where the group tells that."""
    count = code.max(initial=0) + 1
    sizes = np.bincount(code[rows], size[rows], count)
    rate = np.bincount(code[rows], last[rows], count) / np.maximum(sizes, _LEAST)
    return rate[code] * size, sizes[code] > 0


def _apart(last: np.ndarray, expected: np.ndarray, code: np.ndarray, rows: np.ndarray) -> float:
    """Return the relative variance of the levels of a group around what is expected of them."""
    held = np.bincount(code[rows], minlength=code.max(initial=0) + 1)[code[rows]]
    free = ((1.0 - 1.0 / held) * expected[rows] ** 2).sum()
    off = ((last[rows] - expected[rows]) ** 2).sum()
    return float(np.clip(off / free, _SAME, _APART)) if free > 0 else 1.0
