"""Demand of groups of series, and which way of grouping tells best what it has not seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segkit.formulas.panel_kernels import mean_demand, sums_by_code
from segkit.inventory.pooled.codes import dense_codes
from segkit.inventory.pooled.panel import DemandPanel

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
    def of(cls, known: np.ndarray, there: np.ndarray, whole: np.ndarray) -> "Sums":
        """Return sums from what is known, the means of the series of which it is known ``there``, and of ``whole``."""
        every = whole[:, None]
        return cls(known, known + np.maximum(every - there, 0.0), np.minimum(_over(there, every), 1.0))

    @classmethod
    def added(cls, known: np.ndarray, there: np.ndarray, whole: np.ndarray, code: np.ndarray) -> "Sums":
        """Return sums of groups from those of finer ones."""
        return cls.of(_total(known, code), _total(there, code), np.bincount(code, whole))


@dataclass(frozen=True)
class Groups:
    """Demand by grouping, and that of the finer groups by which groupings are judged."""

    sums: dict[str, Sums]
    share: dict[str, "Shares"]
    judged: Sums

    @classmethod
    def of(
        cls, panel: DemandPanel, factor: np.ndarray, group: np.ndarray, groupings: dict[str, np.ndarray]
    ) -> "Groups":
        """Return the sums of all groupings of demand over factors, known since the first sale where it was observed."""
        known = panel.values, panel.observed, panel.start, factor, group
        mean = mean_demand(*known)

        def summed(code: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            return *sums_by_code(*known, mean, code, int(code.max()) + 1), np.bincount(code, mean)

        finest = _crossed(groupings)
        share = {name: Shares.of(finest, code, mean) for name, code in groupings.items()}
        fine, first = summed(finest), _firsts(finest)
        sums = {
            name: Sums.added(*fine, code[first]) if _nested(finest, code, first) else Sums.of(*summed(code))
            for name, code in groupings.items()
        }
        return cls(sums, share, Sums.of(*fine))

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
            error = float((weight * (own - usual * (self.share[name].mean(unseen[:, judged]))) ** 2).sum())
            if error < least * (1 - 1e-9):
                best, least = (name, table), error
        return best


def _crossed(groupings: dict[str, np.ndarray]) -> np.ndarray:
    """Return the groups that all groupings make together; where they are too many, those of the largest one."""
    largest = max(sorted(groupings), key=lambda name: groupings[name].max())
    code = groupings[largest]
    for other in groupings.values():
        code = dense_codes(code * (other.max() + 1) + other)[1]
    return code if code.max() < _CROSSED * (groupings[largest].max() + 1) else groupings[largest]


def _firsts(code: np.ndarray) -> np.ndarray:
    """Return a member of every group."""
    first = np.zeros(code.max() + 1, dtype=int)
    first[code] = np.arange(len(code))
    return first


def _nested(finest: np.ndarray, code: np.ndarray, first: np.ndarray) -> bool:
    """Return whether a grouping keeps the finest groups whole, so that their sums add up to its own."""
    return bool((code[first][finest] == code).all())


@dataclass(frozen=True)
class Shares:
    """What part of the demand of each group lies in each group of another grouping; pairs of them, by the first."""

    begin: np.ndarray
    parent: np.ndarray
    part: np.ndarray

    @classmethod
    def of(cls, code: np.ndarray, parent: np.ndarray, size: np.ndarray) -> "Shares":
        """Return the parts of every group by the size of its series."""
        count = int(parent.max()) + 1
        pairs, place = dense_codes(code * count + parent)
        group, sums, total = pairs // count, np.bincount(place, size), np.bincount(code, size)
        begin = np.searchsorted(group, np.arange(len(total)))
        return cls(begin, pairs % count, _over(sums, total[group]))

    def mean(self, table: np.ndarray) -> np.ndarray:
        """Return the mean of rows of the other grouping for every group."""
        return np.add.reduceat(self.part[:, None] * table[self.parent], self.begin, axis=0)


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def _total(demand: np.ndarray, code: np.ndarray) -> np.ndarray:
    order = np.argsort(code, kind="stable")
    return np.add.reduceat(demand[order], np.searchsorted(code[order], np.arange(code.max() + 1)), axis=0)
