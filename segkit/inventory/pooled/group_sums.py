"""Demand of groups of series, and which way of grouping tells best what it has not seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

Fit = Callable[["Sums"], tuple[np.ndarray, np.ndarray, np.ndarray]]
_GAIN = 0.005  # share of the error that must be gained before a season or calendar is used
_CROSSED = 4  # times the groups of the largest grouping


@dataclass(frozen=True)
class Sums:
    """Demand by group and period: of the series that are ``known``, and of ``all``, the others at their mean.

    ``part`` is what part of a group is known, by the means of its series.
    """

    known: np.ndarray
    all: np.ndarray
    part: np.ndarray

    @classmethod
    def of(cls, demand: np.ndarray, part: np.ndarray, mean: np.ndarray, code: np.ndarray) -> "Sums":
        """Return sums by group; ``part`` holds the mean of a series where its demand is known, else zero."""
        known, there, whole = _total(demand, code), _total(part, code), np.bincount(code, mean)[:, None]
        return cls(known, known + np.maximum(whole - there, 0.0), np.minimum(_over(there, whole), 1.0))


@dataclass(frozen=True)
class Groups:
    """Demand by grouping, and that of the finer groups by which groupings are judged."""

    sums: dict[str, Sums]
    share: dict[str, csr_array]
    judged: Sums

    @classmethod
    def of(cls, demand: np.ndarray, known: np.ndarray, groupings: dict[str, np.ndarray]) -> "Groups":
        """Return the sums of all groupings; demand that is not ``known`` plays no part."""
        demand = np.where(known, demand, 0.0)
        mean = demand.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        part = np.where(known, mean[:, None], 0.0)
        finest = _crossed(groupings)
        share = {name: _shares(finest, code, mean) for name, code in groupings.items()}
        added, first = (_total(demand, finest), _total(part, finest), np.bincount(finest, mean)), _firsts(finest)
        sums = {
            name: Sums.of(*added, code[first]) if _nested(finest, code, first) else Sums.of(demand, part, mean, code)
            for name, code in groupings.items()
        }
        return cls(sums, share, Sums.of(*added, np.arange(len(first))))

    def choose(self, fit: Fit) -> tuple[str, np.ndarray] | None:
        """Return the grouping that predicts best what it has not seen, with its factors; None where none helps."""
        fits = {name: fit(sums) for name, sums in self.sums.items()}
        _, unseen, usual = fit(self.judged)
        own, usual = self.judged.known, usual * self.judged.part
        judged = np.isfinite(unseen).all(axis=0) & np.isfinite(usual).all(axis=0)
        if not judged.any():
            return None
        own, usual = own[:, judged], usual[:, judged]
        mean = usual.mean(axis=1, keepdims=True)
        weight = _over(np.ones_like(mean), mean)
        best, least = None, float((weight * (own - usual) ** 2).sum()) * (1 - _GAIN)
        for name in sorted(fits, key=lambda name: (len(self.sums[name].all), name)):
            table, unseen, _ = fits[name]
            error = float((weight * (own - usual * (self.share[name] @ unseen[:, judged])) ** 2).sum())
            if error < least * (1 - 1e-9):
                best, least = (name, table), error
        return best


def _crossed(groupings: dict[str, np.ndarray]) -> np.ndarray:
    """Return the groups that all groupings make together; where they are too many, those of the largest one."""
    largest = max(sorted(groupings), key=lambda name: groupings[name].max())
    code = groupings[largest]
    for other in groupings.values():
        code = np.unique(code * (other.max() + 1) + other, return_inverse=True)[1]
    return code if code.max() < _CROSSED * (groupings[largest].max() + 1) else groupings[largest]


def _firsts(code: np.ndarray) -> np.ndarray:
    """Return a member of every group."""
    first = np.zeros(code.max() + 1, dtype=int)
    first[code] = np.arange(len(code))
    return first


def _nested(finest: np.ndarray, code: np.ndarray, first: np.ndarray) -> bool:
    """Return whether a grouping keeps the finest groups whole, so that their sums add up to its own."""
    return bool((code[first][finest] == code).all())


def _shares(code: np.ndarray, parent: np.ndarray, size: np.ndarray) -> csr_array:
    """Return what part of the demand of each group lies in each group of another grouping."""
    both = csr_array((size, (code, parent)), shape=(code.max() + 1, parent.max() + 1))
    total = np.bincount(code, size)
    return diags_array(_over(np.ones_like(total), total)) @ both


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def _total(demand: np.ndarray, code: np.ndarray) -> np.ndarray:
    order = np.argsort(code, kind="stable")
    return np.add.reduceat(demand[order], np.searchsorted(code[order], np.arange(code.max() + 1)), axis=0)
