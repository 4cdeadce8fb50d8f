"""What a bucket lacks of the contracts that are owed by its day is kept of earlier buckets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.formulas.fair_share import proportional_share
from segkit.promising.allocation.class_demand import whole_pieces
from segkit.promising.allocation.fair_quotas import read_asked
from segkit.promising.allocation.supply_buckets import SupplyBuckets


@dataclass(frozen=True)
class Owed:
    """What contracts owe by bucket and class [units]: from ``each`` bucket alone, by a day (``dated``), and stated."""

    each: np.ndarray
    dated: np.ndarray
    mean: np.ndarray


def read_owed(
    supply: pd.DataFrame, commitments: pd.DataFrame, classes: Sequence[str], unit: float
) -> tuple[SupplyBuckets, Owed]:
    """Return buckets and what contracts owe of them; raises where a table cannot be used."""
    if "period" not in commitments:
        buckets, stated, each = read_asked(supply, commitments, classes, unit)
        return buckets, Owed(each, np.zeros_like(each), stated.mean)
    alone = np.zeros(len(commitments), dtype=bool)
    if "from_each" in commitments:
        alone = commitments["from_each"].fillna(False).to_numpy(dtype=bool)
    buckets, stated, each = read_asked(supply, commitments[alone], classes, unit)
    _, more, dated = read_asked(supply, commitments[~alone], classes, unit)
    return buckets, Owed(each, dated, stated.mean + more.mean)


def keep_of_earlier(buckets: SupplyBuckets, owed: Owed, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what is kept of each bucket for each class if supply allows, and a note where it is for a later day.

    What is owed by a day and lacks in its bucket moves to earlier ones of the place, the latest first, as far as they
    have more than they owe; buckets are gone through by day, as an early one has fewer to move to.
    """
    kept, note = owed.each + owed.dated, np.full(owed.each.shape, "", dtype=object)
    stock = np.floor(buckets.supply / unit + 1e-9) * unit if unit > 0 else buckets.supply
    for late in np.flatnonzero((kept.sum(axis=1) > stock + 1e-9) & (owed.dated.sum(axis=1) > 0)):
        left = owed.dated[late].copy()
        for early in range(late - 1, np.searchsorted(buckets.place, buckets.place[late]) - 1, -1):
            lacks, free = kept[late].sum() - stock[late], stock[early] - kept[early].sum()
            units = min(lacks, free, left.sum())
            if units <= 1e-9 or buckets.expires.iloc[early] < buckets.table["available_date"].iloc[late]:
                continue
            moved = proportional_share(whole_pieces(np.array(units), unit), left, unit=float(unit))
            left, kept[late], kept[early] = left - moved, kept[late] - moved, kept[early] + moved
            for cls in np.flatnonzero(moved > 0):
                told = f"{moved[cls]:g} of it for what is owed of {np.datetime64(int(buckets.day[late]), 'D')}"
                note[early, cls] = "; ".join(part for part in (note[early, cls], told) if part)
    return np.maximum(kept, 0.0), note
