"""A total split by weights so that the parts are whole units and add up to it exactly: the largest remainders win."""

import numpy as np
from numpy.typing import ArrayLike

_ROUNDING = 1e-9  # of a unit: what float noise may take from a whole unit


def split_by_weight(total: ArrayLike, weights: ArrayLike, *, unit: ArrayLike = 1.0) -> np.ndarray:
    """Return parts in proportion to weights, in whole units by the largest remainder; they add up to the total.

    Parameters
    ----------
    total : array_like
        At least 0, shape (...). [units]
    weights : array_like
        At least 0, shape (..., parts); all 0 = equal.
    unit : array_like
        Smallest piece that can be given away, shape (...); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (..., parts). What the total has beyond whole pieces goes to the part next in turn. Among equal
        remainders the first part comes first. [units]

    Raises
    ------
    ValueError
        Where a total, a weight or a unit is negative or not finite.

    References
    ----------
    Balinski & Young, Fair Representation, 2e, app. A (Hamilton's method).

    Examples
    --------
    >>> split_by_weight(2000, [3, 1]).tolist()
    [1500.0, 500.0]
    >>> split_by_weight(10, [1, 1, 1]).tolist()
    [4.0, 3.0, 3.0]
    """
    whole, weight, piece = _checked(total, weights, unit)
    sums = weight.sum(-1, keepdims=True)
    weight = np.where(sums > 0, weight, 1.0)
    exact = whole[..., None] * (weight / weight.sum(-1, keepdims=True))
    size = np.where(piece > 0, piece, 1.0)[..., None]
    pieces = np.floor(exact / size + _ROUNDING)
    ranked = np.argsort(-np.round(exact / size - pieces, 9), axis=-1, kind="stable")
    place = np.empty_like(ranked)
    np.put_along_axis(place, ranked, np.broadcast_to(np.arange(weight.shape[-1]), ranked.shape), axis=-1)
    left = np.floor(whole / size[..., 0] + _ROUNDING) - pieces.sum(-1)
    parts = (pieces + (place < left[..., None])) * size
    odd = np.where(piece > 0, whole - parts.sum(-1), 0.0)
    odd = np.where(np.abs(odd) <= _ROUNDING * size[..., 0], 0.0, odd)
    parts = parts + odd[..., None] * (place == np.maximum(left, 0)[..., None] % weight.shape[-1])
    return np.where(piece[..., None] > 0, parts, exact)


def split_up_to(total: ArrayLike, weights: ArrayLike, caps: ArrayLike, *, unit: ArrayLike = 1.0) -> np.ndarray:
    """Return parts in proportion to weights, none above its cap; what capped parts leave goes to the others.

    Parameters
    ----------
    total : array_like
        At least 0, shape (...). [units]
    weights : array_like
        At least 0, shape (..., parts); a part of weight 0 gets nothing.
    caps : array_like
        At least 0, shape (..., parts); infinite = none. [units]
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. A cap counts by its whole pieces. [units]

    Returns
    -------
    ndarray
        Shape (..., parts); adds up to the total, or to the caps where these are less. [units]

    Raises
    ------
    ValueError
        Where an input is negative or not finite.

    Examples
    --------
    >>> split_up_to(12, [1, 1, 1], [2, 8, 8]).tolist()
    [2.0, 5.0, 5.0]
    """
    whole, weight, piece = _checked(total, weights, unit)
    cap = np.broadcast_to(np.asarray(caps, dtype=float), weight.shape)
    if not (cap >= 0).all():
        raise ValueError("caps must be at least 0")
    size = np.where(piece > 0, piece, 1.0)[..., None]
    cap = np.where(piece[..., None] > 0, np.floor(cap / size + _ROUNDING) * size, cap)
    cap = np.where(weight > 0, np.minimum(cap, whole[..., None]), 0.0)
    whole = np.where(piece > 0, np.floor(whole / size[..., 0] + _ROUNDING) * size[..., 0], whole)
    level = _level(np.minimum(whole, cap.sum(-1)), weight, cap)
    exact = np.minimum(cap, level[..., None] * weight)
    pieces = np.where(piece[..., None] > 0, np.floor(exact / size + _ROUNDING) * size, exact)
    room = np.where(cap - pieces > size * _ROUNDING, exact - pieces, -1.0)
    ranked = np.argsort(-np.round(room / size, 9), axis=-1, kind="stable")
    place = np.empty_like(ranked)
    np.put_along_axis(place, ranked, np.broadcast_to(np.arange(weight.shape[-1]), ranked.shape), axis=-1)
    left = np.round((np.minimum(whole, cap.sum(-1)) - pieces.sum(-1)) / size[..., 0])
    return np.where(piece[..., None] > 0, pieces + (place < left[..., None]) * size, exact)


def _level(total: np.ndarray, weight: np.ndarray, cap: np.ndarray) -> np.ndarray:
    """Return the height h at which Σ min(cap, h·weight) is the total."""
    full = np.divide(cap, weight, out=np.zeros_like(cap), where=weight > 0)
    order = np.argsort(full, axis=-1, kind="stable")
    heights, weights, caps = (np.take_along_axis(one, order, axis=-1) for one in (full, weight, cap))
    below = np.cumsum(caps, axis=-1) - caps
    rising = np.cumsum(weights[..., ::-1], axis=-1)[..., ::-1]
    reached = below + heights * rising
    at = np.minimum((reached < total[..., None] - 1e-12 * np.abs(total[..., None])).sum(-1), weight.shape[-1] - 1)
    base, slope = (np.take_along_axis(one, at[..., None], axis=-1)[..., 0] for one in (below, rising))
    return np.divide(total - base, slope, out=np.zeros_like(total), where=slope > 0)


def _checked(total: ArrayLike, weights: ArrayLike, unit: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    weight = np.atleast_1d(np.asarray(weights, dtype=float))
    whole, piece = np.asarray(total, dtype=float), np.asarray(unit, dtype=float)
    shape = np.broadcast_shapes(whole.shape, piece.shape, weight.shape[:-1])
    for name, array in (("total", whole), ("weights", weight), ("unit", piece)):
        if not (np.isfinite(array) & (array >= 0)).all():
            raise ValueError(f"{name} must be finite and at least 0")
    return (
        np.broadcast_to(whole, shape),
        np.broadcast_to(weight, (*shape, weight.shape[-1])),
        np.broadcast_to(piece, shape),
    )
