"""Where the inventory position lies below its order-up-to level S, right after reviews.

Every review takes its demand off the position. At s = S - Q or below, as many whole packs P are ordered as keep the
position at S or below. With P = Q that is (R,s,nQ): the position lies anywhere among the Q lots above s, evenly. With
smaller packs it is (R,s,S): each order fills up to S, less what is missing to a pack, whatever the undershoot of s, so
that the position lies higher: how often it is at each depth is the renewal function of demand per review.
"""

import numpy as np
from scipy.special import betainc, gammainc, gammaincc

POINTS = 12  # depths at which stock and shortages are worked out
CELLS = 48  # into which Q is parted, where it has more lots
_LEAST = 1e-12
_HALVINGS, _NEAR = 30, 1e-9
_POISSON = 1e-6  # more variance than the mean, from which on it is told
_STEADY = 0.8  # variance over mean below which demand does not come by single orders


def position_depths(
    lot: np.ndarray, pack: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how deep below S positions lie after reviews, and how often each depth is met.

    Parameters
    ----------
    lot : array
        Q, whole, 1 or more. [lots]
    pack : array
        P: in what an order comes, no more than Q. [lots]
    mean, variance : array
        Of the demand of a review, distributed as `chance_up_to` has it. [lots]

    Returns
    -------
    depths : array
        Shape (items, POINTS): S less the position. [lots]
    weights : array
        Same shape: how often each is met; those of an item add up to 1.
    finely : array
        Shape (items, CELLS): how often each of up to CELLS even parts of Q is met, the first at S; zero behind the
        last part, and all zero where the position lies anywhere among the lots above s.

    References
    ----------
    Silver, E. A., Pyke, D. F. & Thomas, D. J. (2017). Inventory and Production Management in Supply Chains, 4e, ch. 7
    (undershoot); Tijms, H. C. (2003). A First Course in Stochastic Models, ch. 2 and 8 (renewal function, excess).

    Examples
    --------
    >>> two = np.ones(2) * 2
    >>> depths, weights, _ = position_depths(2 * two, np.array([4.0, 1.0]), two, two)
    >>> (depths * weights).sum(axis=1).round(2).tolist()
    [1.5, 1.13]
    """
    size = np.maximum(np.asarray(lot, dtype=float), 1.0)
    depths, weights = _even(size)
    finely = np.zeros((len(size), CELLS))
    filled = np.flatnonzero((size >= 2.0) & (np.minimum(pack, size) < size) & (mean > 0))
    for cells in np.unique(np.minimum(np.floor(size[filled]), CELLS).astype(int)):
        rows = filled[np.minimum(np.floor(size[filled]), CELLS) == cells]
        cdf = _below(cells, size[rows], mean[rows], variance[rows])
        often = _renewed(cdf, _after_order(cdf, np.asarray(pack)[rows] / size[rows] * cells, mean[rows] / size[rows]))
        depths[rows], weights[rows] = _gathered(often, size[rows] / cells)
        finely[rows, :cells] = often
    return depths, weights, finely


def order_chance(lot: np.ndarray, pack: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the chance that a review places an order: its demand takes the position to S - Q or below.

    Parameters
    ----------
    lot, pack, mean, variance
        As `position_depths` takes them.

    Examples
    --------
    >>> order_chance(np.array([20.0]), np.array([20.0]), np.array([4.0]), np.array([4.0])).round(2).tolist()
    [0.2]
    """
    _, _, finely = position_depths(lot, pack, mean, variance)
    size = np.maximum(np.asarray(lot, dtype=float), 1.0)
    known = finely.any(axis=1)
    depths = np.arange(CELLS)[None, :] * (size / np.minimum(np.floor(size), CELLS))[:, None]
    missing = np.maximum(size[:, None] - depths - 0.5, 0.0)
    reached = 1.0 - chance_up_to(missing, mean[:, None], variance[:, None])
    even = expected_up_to(size, mean, variance) / size  # anywhere among the lots: each unit of demand reaches s once
    return np.where(mean > 0, np.where(known, (finely * reached).sum(axis=1), even), 0.0)


def count_shape(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the shape r of a negative binomial with a mean and a variance; infinite = Poisson.

    Parameters
    ----------
    mean, variance : array
        [units]

    Returns
    -------
    array
        r = mean² / (variance - mean); zero where demand is steadier than single orders by chance are.

    Examples
    --------
    >>> count_shape(np.array([2.0, 2.0, 2.0]), np.array([4.0, 2.0, 0.5])).tolist()
    [2.0, inf, 0.0]
    """
    beyond = variance - mean * (1.0 + _POISSON)
    spread = np.divide(mean**2, variance - mean, out=np.full(np.shape(mean), np.inf), where=beyond > 0)
    return np.where(variance >= _STEADY * mean, spread, 0.0)


def chance_up_to(amount: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the chance that demand is at most an amount; in whole units unless it is steadier than Poisson's.

    Parameters
    ----------
    amount : array
        [units]
    mean, variance : array
        Of the demand, negative binomial, Poisson, or gamma distributed, see `count_shape`. [units]

    Examples
    --------
    >>> chance_up_to(np.array([0.5]), np.array([0.1]), np.array([0.1])).round(4).tolist()
    [0.9048]
    """
    whole, told = np.floor(np.maximum(amount, 0.0)), np.maximum(mean, _LEAST)
    shape = count_shape(mean, variance)
    found = np.where(np.isinf(shape), gammaincc(whole + 1.0, told), 0.0)
    spread = np.where(np.isfinite(shape) & (shape > 0), shape, 1.0)
    found = np.where(np.isfinite(shape) & (shape > 0), betainc(spread, whole + 1.0, spread / (spread + told)), found)
    smooth = told**2 / np.maximum(variance, _LEAST)
    return np.where(shape > 0, found, gammainc(smooth, amount * smooth / told))


def expected_up_to(amount: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the mean of demand or a whole amount, whichever is less.

    Parameters
    ----------
    amount, mean, variance : array
        As `chance_up_to` takes them. [units]

    Examples
    --------
    >>> expected_up_to(np.array([1.0]), np.array([0.1]), np.array([0.1])).round(4).tolist()
    [0.0952]
    """
    told = np.maximum(mean, _LEAST)
    shape = count_shape(mean, variance)
    spread = np.where(np.isfinite(shape) & (shape > 0), shape, 1.0)
    upto = np.where(
        shape > 0,
        np.where(
            np.isinf(shape),
            np.where(amount >= 1.0, gammaincc(np.maximum(amount, 1.0), told), 0.0),
            betainc(spread + 1.0, np.maximum(amount, 1.0), spread / (spread + told)),
        ),
        gammainc(told**2 / np.maximum(variance, _LEAST) + 1.0, amount * told / np.maximum(variance, _LEAST)),
    )  # of demand that is no more than the amount
    return told * upto + amount * (1.0 - chance_up_to(amount, mean, variance))


def chance_of_any(asked: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return with what chance demand may come, so that it comes as often as is known and scatters as it does.

    Demand in lumps comes less often than `chance_up_to` tells of one with as much scatter. With the chance found, and
    then with the mean and the variance that this leaves to it, it is above zero as often as ``asked`` tells.

    Parameters
    ----------
    asked : array
        Chance of any demand. [0-1]
    mean, variance : array
        As `chance_up_to` takes them, of all demand. [units]

    Returns
    -------
    array
        1 where the distribution is above zero no more often than that. [0-1]

    Examples
    --------
    >>> chance_of_any(np.array([0.5, 1.0]), np.array([10.0, 10.0]), np.array([110.0, 110.0])).round(3).tolist()
    [0.5, 1.0]
    """
    found, nothing = np.ones(len(mean)), np.zeros(len(mean))
    rows = np.flatnonzero((mean > 0) & (asked > 0) & (asked < 1.0 - chance_up_to(nothing, mean, variance)))
    wanted, each, square = asked[rows], mean[rows], variance[rows] + mean[rows] ** 2
    steady = each**2 / np.maximum(square - _STEADY * each, _LEAST)  # below it what comes is never nothing
    low, high = np.clip(steady * (1.0 + _NEAR), wanted, 1.0), np.ones(len(rows))
    never = _often(low, each, square) > wanted
    for _ in range(_HALVINGS if len(rows) else 0):
        middle = (low + high) / 2.0
        more = _often(middle, each, square) > wanted
        low, high = np.where(more, low, middle), np.where(more, middle, high)
    found[rows] = np.where(never, wanted, high)
    return found


def _often(chance: np.ndarray, mean: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Return how often demand is above zero that comes with a chance, of which the mean and its square's are known."""
    each = mean / chance
    return chance * (1.0 - chance_up_to(np.zeros(len(mean)), each, np.maximum(square / chance - each**2, _LEAST)))


def _even(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return depths spread evenly over the lots of an order, from the deepest on."""
    count = np.clip(np.floor(size + 0.5), 1, POINTS)[:, None]
    place = np.arange(POINTS)[None, :]
    wide = size[:, None] - 0.5 - size[:, None] * (place + 0.5) / count
    depths = np.where(count < size[:, None], wide, size[:, None] - 1.0 - place)
    used = place < count
    return np.where(used, depths, 0.0), used / count


def _below(cells: int, size: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the chance that demand of a review ends in a cell of Q or before it, (items, cells)."""
    upto = (np.arange(cells) + 0.5)[None, :] * (size / cells)[:, None]
    return chance_up_to(upto, mean[:, None], variance[:, None])


def _after_order(cdf: np.ndarray, pack: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return where the position lies right after an order: S less what the undershoot leaves of a pack, (items, cells).

    The undershoot is taken as the excess of a renewal process in equilibrium.
    """
    count, cells = cdf.shape
    over = np.concatenate([1.0 - cdf, np.zeros((count, 1))], axis=1)
    over[:, -1] = np.maximum(mean * cells - over.sum(axis=1), 0.0)  # farther than Q: anywhere within a pack
    start = np.zeros((count, cells))
    whole = np.maximum(pack, 1.0)
    passed = cells + np.arange(cells)[None, :] + 1e-9  # of S: Q and the undershoot
    place = np.minimum((passed % whole[:, None]).astype(int), cells - 1)
    np.add.at(start, (np.arange(count)[:, None], place), over[:, :-1])
    within = np.arange(cells)[None, :] < np.ceil(whole - 1e-9)[:, None]
    start += within * (over[:, -1:] / within.sum(axis=1, keepdims=True))
    return start / np.maximum(start.sum(axis=1, keepdims=True), _LEAST)


def _renewed(cdf: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return how often each cell is met until Q is passed, adding up to 1."""
    each = np.diff(cdf, axis=1, prepend=0.0)
    moves = np.maximum(1.0 - each[:, :1], _LEAST)
    often = np.zeros_like(start)
    for cell in range(start.shape[1]):
        come = (often[:, :cell] * each[:, cell:0:-1]).sum(axis=1)
        often[:, cell] = (start[:, cell] + come) / moves[:, 0]
    return often / often.sum(axis=1, keepdims=True)


def _gathered(often: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return depths and weights of the first cell, and of the others in groups."""
    count, cells = often.shape
    depths, weights = np.zeros((2, count, POINTS))
    groups = [np.array([0]), *np.array_split(np.arange(1, cells), min(POINTS - 1, cells - 1))]
    for place, group in enumerate(groups):
        weights[:, place] = often[:, group].sum(axis=1)
        middle = (often[:, group] * group).sum(axis=1) / np.maximum(weights[:, place], _LEAST)
        depths[:, place] = middle * width
    return depths, weights
