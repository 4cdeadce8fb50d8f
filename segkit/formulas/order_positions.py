"""Where the inventory position lies below its order-up-to level S, right after reviews.

Every review takes its demand off the position. At s = S - Q or below, as many whole packs P are ordered as keep the
position at S or below. With P = Q that is (R,s,nQ): the position lies anywhere among the Q lots above s, evenly. With
smaller packs it is (R,s,S): each order fills up to S, less what is missing to a pack, whatever the undershoot of s, so
that the position lies higher: how often it is at each depth is the renewal function of demand per review.
"""

import numpy as np
from scipy.special import betainc, gammainc, gammaincc

CELLS = 48  # into which Q is parted, where it has more lots
COARSE = 4.0  # parts of Q within which demand of a review stays: then the position is met as often all over
_LARGE = 2.0  # times what a review's demand hardly exceeds: lots that forget where the order before them ended
_UNDERSHOOTS = 48  # amounts by which demand may pass s
_FAR_SDS = 5.0  # demand of a review hardly lies farther above its mean
_LEAST = 1e-12
_HALVINGS, _NEAR = 30, 1e-9
_POISSON = 1e-6  # more variance than the mean, from which on it is told
_STEADY = 0.8  # variance over mean below which demand does not come by single orders


def position_depths(lot: np.ndarray, pack: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return how often positions lie at each depth below S after reviews.

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
    array
        Shape (items, CELLS): how often each of up to CELLS even parts of Q is met, the first at S, above
        zero; zero behind the last part, and all zero where the position lies anywhere among the lots above s.

    Notes
    -----
    Where demand of a review is small beside a part, the renewal function has no say within it: all depths that an order
    leaves open are met alike.

    References
    ----------
    Silver, E. A., Pyke, D. F. & Thomas, D. J. (2017). Inventory and Production Management in Supply Chains, 4e, ch. 7
    (undershoot); Tijms, H. C. (2003). A First Course in Stochastic Models, ch. 2 and 8 (renewal function, excess).

    Examples
    --------
    >>> two = np.ones(2) * 2
    >>> often = position_depths(2 * two, np.array([4.0, 1.0]), two, two)
    >>> often[:, :5].round(2).tolist()
    [[0.0, 0.0, 0.0, 0.0, 0.0], [0.46, 0.14, 0.19, 0.2, 0.0]]
    """
    size = np.maximum(np.asarray(lot, dtype=float), 1.0)
    packs = np.minimum(np.asarray(pack, dtype=float), size)
    often = np.zeros((len(size), CELLS))
    apart = (size >= 2.0) & (packs < size) & (mean > 0)
    coarse = apart & (size > CELLS) & (reach_of(mean, variance) <= COARSE * size / CELLS)
    rows = np.flatnonzero(coarse)
    if len(rows):
        often[rows] = _left_open(size[rows], packs[rows], mean[rows], variance[rows])
    filled = np.flatnonzero(apart & ~coarse)
    for cells in np.unique(np.minimum(np.floor(size[filled]), CELLS).astype(int)):
        rows = filled[np.minimum(np.floor(size[filled]), CELLS) == cells]
        cdf = _below(cells, size[rows], mean[rows], variance[rows])
        after = _after_order(cdf, packs[rows] / size[rows] * cells, mean[rows] / size[rows])
        often[rows, :cells] = _renewed(cdf, after)
    often[apart, 0] = np.maximum(often[apart, 0], _LEAST)
    return often


def reach_of(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return what demand of a review hardly exceeds, one lot or more. [lots].

    Examples
    --------
    >>> reach_of(np.array([10.0]), np.array([4.0])).tolist()
    [20.0]
    """
    return np.maximum(mean + _FAR_SDS * np.sqrt(variance), 1.0)


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
    size = np.maximum(np.asarray(lot, dtype=float), 1.0)
    packs = np.minimum(np.asarray(pack, dtype=float), size)
    told = np.zeros(len(size))
    large = (packs < size) & (mean > 0) & (size > CELLS) & (size >= _LARGE * reach_of(mean, variance))
    rows = np.flatnonzero(large)
    if len(rows):
        own = size[rows], packs[rows], mean[rows], variance[rows]
        passed, chance, left = _undershoot(*own)
        told[rows] = mean[rows] / (size[rows] + (chance * (passed - left)).sum(axis=1))
    rows = np.flatnonzero(~large & (mean > 0))
    told[rows] = _reached(size[rows], packs[rows], mean[rows], variance[rows])
    return told


def _reached(size: np.ndarray, pack: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return how often demand reaches s from where positions lie."""
    often = position_depths(size, pack, mean, variance)
    depths = np.arange(CELLS)[None, :] * (size / np.minimum(np.floor(size), CELLS))[:, None]
    missing = np.maximum(size[:, None] - depths - 0.5, 0.0)
    reached = 1.0 - chance_up_to(missing, mean[:, None], variance[:, None])
    even = expected_up_to(size, mean, variance) / size  # anywhere among the lots: each unit of demand reaches s once
    return np.where(often.any(axis=1), (often * reached).sum(axis=1), even)


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
    shape, smooth = count_shape(mean, variance), told**2 / np.maximum(variance, _LEAST)
    passed = amount * smooth / told
    whole, told, shape, smooth = np.broadcast_arrays(whole, told, shape, smooth)
    single, steady = np.isinf(shape), ~(shape > 0)
    counted = ~(single | steady)
    spread, found = shape[counted], np.empty(whole.shape)
    found[single] = gammaincc(whole[single] + 1.0, told[single])
    found[counted] = betainc(spread, whole[counted] + 1.0, spread / (spread + told[counted]))
    found[steady] = gammainc(smooth[steady], passed[steady])
    return found


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


def _undershoot(
    size: np.ndarray, pack: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return amounts by which demand passes s, their chances, and what an order leaves below S then: (items, amounts).

    They are those of the excess of a renewal process in equilibrium. An order leaves what is missing to a whole pack;
    of packs smaller than the steps between the amounts, anything alike.
    """
    steps = np.maximum(reach_of(mean, variance) / _UNDERSHOOTS, 1.0)[:, None]
    counted = (count_shape(mean, variance) > 0)[:, None]
    begin = np.arange(_UNDERSHOOTS)[None, :] * steps
    passed = begin + np.where(counted, (steps - 1.0) / 2.0, steps / 2.0)
    chance = 1.0 - chance_up_to(passed, mean[:, None], variance[:, None])
    chance = chance / np.maximum(chance.sum(axis=1, keepdims=True), _LEAST)
    spread, whole = pack[:, None] < steps, np.maximum(pack, 1.0)[:, None]
    return passed, chance, np.where(spread, (whole - 1.0) / 2.0, (size[:, None] + passed + _LEAST) % whole)


def _left_open(size: np.ndarray, pack: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return how often each part of Q is met where all depths are alike that the order before left open."""
    _, chance, left = _undershoot(size, pack, mean, variance)
    depths = np.arange(CELLS)[None, :] * (size / CELLS)[:, None]
    often = np.stack([(chance * (left <= depth[:, None])).sum(axis=1) for depth in depths.T], axis=1)
    often[:, 0] /= 2.0  # half a part: the first lies around S
    return often / np.maximum(often.sum(axis=1, keepdims=True), _LEAST)


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
