"""A supply split where each unit is expected to earn most: the next unit goes where it likely brings most.

Expected margin of a quota is concave: unit q of class k earns its value times P(D ≥ q). Here one supply is split;
`margin_program` does it for several supplies and the classes of several periods.
"""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.demand_distributions import Demand

_ROUNDING = 1e-9
_HALVINGS = 36  # of the bid price
_SURE = 1.0 - 1e-6  # demand above this quantile is not planned for


def best_split(
    values: ArrayLike, demand: Demand, supply: ArrayLike, *, unit: ArrayLike = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the quotas with the highest expected margin, and what a unit more of supply would earn (bid price).

    Parameters
    ----------
    values : array_like
        Of a unit of each class, at least 0, shape (..., classes). [currency/unit]
    demand : Demand
        Of each class, parameters of shape (..., classes).
    supply : array_like
        At least 0, shape (...). [units]
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. [units]

    Returns
    -------
    quotas, bid_price : ndarray
        Shapes (..., classes) [units] and (...) [currency/unit]. Supply that almost surely nobody asks for is not given
        away.

    Notes
    -----
    By halving the bid price λ: each class gets its quantile at 1 - λ / value.

    References
    ----------
    Fox (1966), Discrete optimization via marginal analysis, Management Science 13(3).

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> quotas, bid = best_split([10.0, 5.0], Poisson([4.0, 9.0]), 8)
    >>> quotas.tolist(), float(bid.round(2))
    ([4.0, 4.0], 4.73)
    """
    value = np.asarray(values, dtype=float)
    stock, piece = np.asarray(supply, dtype=float), np.asarray(unit, dtype=float)
    if not (np.isfinite(value) & (value >= 0)).all():
        raise ValueError("values of a unit must be finite and at least 0")
    shape = np.broadcast_shapes(stock.shape, piece.shape, value.shape[:-1], demand.mean.shape[:-1])
    value = np.broadcast_to(value, (*shape, value.shape[-1]))
    stock, piece = np.broadcast_to(stock, shape), np.broadcast_to(piece, shape)
    low, high = np.zeros(shape), value.max(-1, initial=0.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        fits = _wanted(value, demand, middle, piece).sum(-1) <= stock
        low, high = np.where(fits, low, middle), np.where(fits, middle, high)
    quotas = _wanted(value, demand, high, piece)
    quotas = _fill(quotas, _wanted(value, demand, low, piece), stock, piece)
    bid = (value * (1.0 - demand.at_most(quotas + _ROUNDING * piece[..., None]))).max(-1, initial=0.0)
    return quotas, np.where(quotas.sum(-1) < stock - np.maximum(piece, 1e-9 * stock), 0.0, bid)


def demand_steps(demand: Demand, most: int, *, unit: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return demand as steps: how wide each is, and how likely its units are asked for; likeliest first.

    Parameters
    ----------
    demand : Demand
        Parameters of shape (n,).
    most : int
        Steps of each, at most.
    unit : float
        Steps are multiples of it; 0 = any width. [units]

    Returns
    -------
    width, chance : ndarray
        Shape (n, most). Chances fall along a row; up to the edge of each step, sums of width times chance are the
        expected sales exactly. [units], [share]

    Examples
    --------
    >>> from segkit.formulas.demand_distributions import Poisson
    >>> width, chance = demand_steps(Poisson([3.0]), 3)
    >>> width.tolist(), chance.round(3).tolist()
    ([[2.0, 2.0, 10.0]], [[0.876, 0.465, 0.032]])
    """
    shares = np.append(np.arange(1, most) / most, _SURE)
    edges = np.maximum(np.stack([demand.quantile(np.full(demand.mean.shape, share)) for share in shares], -1), 0.0)
    if unit > 0:
        edges = np.ceil(edges / unit - 1e-9) * unit
    edges = np.concatenate([np.zeros_like(edges[..., :1]), np.maximum.accumulate(edges, axis=-1)], axis=-1)
    sold = demand.mean[..., None] - np.stack([demand.losses(edges[..., k])[1] for k in range(most + 1)], axis=-1)
    width = np.diff(edges, axis=-1)
    chance = np.divide(np.diff(sold, axis=-1), width, out=np.zeros_like(width), where=width > 0)
    return width, np.clip(chance, 0.0, 1.0)


def _wanted(value: np.ndarray, demand: Demand, price: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Return the quotas of which each unit earns at least a price."""
    share = 1.0 - np.divide(price[..., None], value, out=np.ones_like(value), where=value > 0)
    found = np.maximum(demand.quantile(np.clip(share, 1e-12, _SURE)), 0.0)
    found = np.where(share > 1e-12, found, 0.0)
    size = np.where(piece > 0, piece, 1.0)[..., None]
    return np.where(piece[..., None] > 0, np.ceil(found / size - 1e-9) * size, found)


def _fill(quotas: np.ndarray, more: np.ndarray, stock: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Return quotas with what is left of the stock given to those that would take more at the same price."""
    size = np.where(piece > 0, piece, 1.0)
    left = np.maximum(stock - quotas.sum(-1), 0.0)
    left = np.where(piece > 0, np.floor(left / size + 1e-9) * size, left)
    room = np.maximum(more - quotas, 0.0)
    before = np.cumsum(room, axis=-1) - room
    return quotas + np.clip(left[..., None] - before, 0.0, room)
