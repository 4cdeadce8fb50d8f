"""In what lots items are sold: whole units, dozens of them, hundredths of a kilogram."""

import numpy as np

from segkit.formulas.panel_kernels import whole_lot

SOLD = 1e-9
_NEAR = 1e-6
_MOST, _MOST_PARTS = 1e15, 1e10  # units, and parts of one, that are told apart
_TOLD = 50  # quantities that must share a lot above one, before it is believed
_SURE = 8  # quantities of an item that are not whole by chance
_PARTS = (12, 10, 100, 1_000)  # into which a unit is divided: the pieces of a dozen, then decimals


def smallest_lots(values: np.ndarray, observed: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Return the lot of every series: all demand of its item comes in whole numbers of it; zero = any amount.

    Items in whole units share one lot, those in twelfths another, and so on: what one item is counted in says nothing
    of others. Only where most items come in parts of a unit are few whole quantities of another taken for chance: the
    unit may be a dozen. Items that never sold come in the lots of most others.
    """
    count, lot = whole_lot(values, observed, SOLD, _NEAR, _MOST)
    if not count or lot:
        return np.full(len(values), float(lot) if count >= _TOLD else 1.0)
    there = (values > SOLD) & observed
    sold = values[there]
    of = item[np.nonzero(there)[0]]
    count = np.bincount(of, minlength=int(item.max()) + 1)
    whole = _all_whole(sold, of, count, _MOST)
    parted = (count > 0) & ~whole
    sure = whole & ((count >= _SURE) | (2 * parted.sum() <= (count > 0).sum()))
    lots = np.full(len(count), np.nan)
    lots[sure] = _shared_lot(sold[sure[of]], 1)
    for parts in _PARTS if parted.any() else ():
        fitting = parted & np.isnan(lots) & _all_whole(sold * parts, of, count, _MOST_PARTS)
        lots[fitting] = _shared_lot(sold[fitting[of]], parts)
    lots[parted & np.isnan(lots)] = 0.0
    known, often = np.unique(lots[~np.isnan(lots)], return_counts=True)
    return np.where(np.isnan(lots), known[often.argmax()], lots)[item]


def _all_whole(sold: np.ndarray, of: np.ndarray, count: np.ndarray, most: float) -> np.ndarray:
    """Return of which items all quantities are whole numbers."""
    return (count > 0) & (np.bincount(of[~_is_whole(sold, most)], minlength=len(count)) == 0)


def _is_whole(sold: np.ndarray, most: float) -> np.ndarray:
    nearest = np.round(sold)
    return (np.abs(sold - nearest) <= _NEAR + 1e-14 * sold) & (sold < most) & (nearest != 0)


def _shared_lot(sold: np.ndarray, parts: int) -> float:
    """Return the greatest lot of which all quantities are multiples; few of them show none above one unit."""
    if not len(sold):
        return np.nan
    common = float(np.gcd.reduce(np.round(sold * parts).astype("int64"))) / parts
    return common if len(sold) >= _TOLD else min(common, 1.0)
