"""Price indices from what was sold: Fisher's between any two periods, and one line of them without drift."""

import numpy as np


def fisher_indices(
    period: np.ndarray, item: np.ndarray, quantity: np.ndarray, revenue: np.ndarray, *, periods: int
) -> np.ndarray:
    """Return Fisher's price index between any two periods, over the items sold in both.

    Parameters
    ----------
    period, item : array of int
        Place of the period and of the item of each cell, from 0; a pair occurs once.
    quantity : array
        Units sold, above zero; in any unit, the same for an item in all periods. [units]
    revenue : array
        What they brought; cells without revenue are left out. [currency]
    periods : int
        Number of periods.

    Returns
    -------
    array
        Shape (periods, periods): prices of the second period against those of the first, the geometric mean of the
        index at the volumes of the first (Laspeyres) and of the second (Paasche). NaN where no item was sold in both.

    References
    ----------
    Fisher, I. (1922). The Making of Index Numbers. Houghton Mifflin.

    Examples
    --------
    >>> cells = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> float(fisher_indices(*cells, np.array([1.0, 1, 1, 1]), np.array([2.0, 4, 3, 6]), periods=2)[0, 1])
    1.5
    """
    from scipy.sparse import csr_array

    real = np.flatnonzero((quantity > 0) & (revenue > 0))
    real = real[np.argsort(period[real], kind="stable")]
    starts = np.searchsorted(period[real], np.arange(periods + 1))
    shape = (periods, int(item.max()) + 1 if item.size else 1)
    figures = (quantity[real], revenue[real], revenue[real] / quantity[real], np.ones(len(real)))
    units, money, prices, sold = (csr_array((values, item[real], starts), shape=shape) for values in figures)
    own, crossed = (money @ sold.T).toarray(), (units @ prices.T).toarray()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(crossed / own * (own.T / crossed.T))


def price_index(fisher: np.ndarray, *, base: int = 0) -> np.ndarray:
    """Return prices against a base period: the mean over all ways through a period that was known by then.

    Chained indices drift where prices bounce; an index against the base alone loses the items that came later. The
    geometric mean of the direct way and of those through every other period has neither fault (GEKS).

    Parameters
    ----------
    fisher : array
        From `fisher_indices`, periods in order of time.
    base : int
        Place of the period that is 1.

    Returns
    -------
    array
        One figure per period; that of a period does not change when later ones come (but for those before the base).
        NaN where no way leads to it.

    References
    ----------
    Ivancic, L., Diewert, W. E. & Fox, K. J. (2011). Scanner data, time aggregation and the construction of price
    indexes. Journal of Econometrics 161, 24-35, eq. 7; here over the periods up to each one.

    Examples
    --------
    >>> price_index(np.array([[1.0, 1.1, 1.21], [1 / 1.1, 1.0, 1.1], [1 / 1.21, 1 / 1.1, 1.0]])).round(2).tolist()
    [1.0, 1.1, 1.21]
    """
    count = len(fisher)
    with np.errstate(divide="ignore"):
        logs = np.log(fisher)
    ways = logs[base][:, None] + logs
    known = np.arange(count)[:, None] <= np.maximum(np.arange(count), base)[None, :]
    usable = known & np.isfinite(ways)
    means = np.where(usable, ways, 0.0).sum(axis=0) / np.maximum(usable.sum(axis=0), 1)
    return np.where(usable.any(axis=0), np.exp(means), np.nan)
