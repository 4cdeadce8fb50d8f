"""Quotas of a supply by number, by share and by ratio, in whole units that add up exactly."""

import numpy as np
from numpy.typing import ArrayLike

from segkit.formulas.split_units import split_by_weight

_ROUNDING = 1e-9


def quotas_by_number(supply: ArrayLike, numbers: ArrayLike) -> np.ndarray:
    """Return the number asked for each class, served in the order of classes as far as the supply goes.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    numbers : array_like
        What each class is to have, best class first, shape (..., classes). [units]

    Returns
    -------
    ndarray
        Shape (..., classes). What nobody asked for stays with the pool. [units]

    References
    ----------
    Oracle Global Order Promising, User's Guide, allocation rules (quantity).

    Examples
    --------
    >>> quotas_by_number(800, [500, 200, 300]).tolist()
    [500.0, 200.0, 100.0]
    """
    asked = _amounts("numbers", numbers)
    before = np.cumsum(asked, axis=-1) - asked
    return np.clip(_amounts("supply", supply)[..., None] - before, 0.0, asked)


def quotas_by_share(supply: ArrayLike, shares: ArrayLike, *, unit: ArrayLike = 1.0) -> np.ndarray:
    """Return a share of the supply for each class; what the shares leave stays with the pool.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    shares : array_like
        From 0 to 1, together at most 1, shape (..., classes).
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (..., classes). The pool takes part in the rounding as one more class. [units]

    Raises
    ------
    ValueError
        Where shares together are above 1.

    References
    ----------
    Oracle Global Order Promising, User's Guide, allocation rules (percentage).

    Examples
    --------
    >>> quotas_by_share(1000, [0.2, 0.5]).tolist()
    [200.0, 500.0]
    """
    share = _amounts("shares", shares)
    kept = 1.0 - share.sum(-1, keepdims=True)
    if (kept < -_ROUNDING).any():
        raise ValueError("shares of a supply are together at most 1")
    weights = np.concatenate([share, np.where(kept > _ROUNDING, kept, 0.0)], axis=-1)
    return split_by_weight(supply, weights, unit=unit)[..., :-1]


def quotas_by_ratio(supply: ArrayLike, ratios: ArrayLike, *, unit: ArrayLike = 1.0) -> np.ndarray:
    """Return the whole supply split among classes in the ratio given.

    Parameters
    ----------
    supply : array_like
        At least 0, shape (...). [units]
    ratios : array_like
        At least 0, shape (..., classes), for example 3 : 1.
    unit : array_like
        Smallest piece, shape (...); 0 = any amount. [units]

    Returns
    -------
    ndarray
        Shape (..., classes); adds up to the supply. [units]

    Raises
    ------
    ValueError
        Where all ratios of a row are 0.

    References
    ----------
    Oracle Global Order Promising, User's Guide, allocation rules (ratio).

    Examples
    --------
    >>> quotas_by_ratio(2000, [3, 1]).tolist()
    [1500.0, 500.0]
    """
    ratio = _amounts("ratios", ratios)
    if ratio.size and not (ratio.sum(-1) > 0).all():
        raise ValueError("a ratio needs a number above 0")
    return split_by_weight(supply, ratio, unit=unit)


def open_to_classes(
    left: ArrayLike, quotas: ArrayLike, taken: ArrayLike, *, caps: ArrayLike, reserves: ArrayLike
) -> np.ndarray:
    """Return what each class may take now of a supply, by its quota and those of the others.

    Parameters
    ----------
    left : array_like
        What nobody has taken yet, shape (...). [units]
    quotas, taken : array_like
        Quota of each class, and what it has taken so far, shape (..., classes). [units]
    caps : array_like of bool
        Whether a quota is a limit on its class, shape (..., classes).
    reserves : array_like of bool
        Whether it is kept from the others, shape (..., classes); neither = it is only counted.

    Returns
    -------
    ndarray
        Shape (..., classes), at least 0; a class beyond its own reservation draws on what nobody reserved. [units]

    References
    ----------
    SAP SCM APO, product allocation: a quota is a limit and a reservation where the quotas share all of a capacity.

    Examples
    --------
    >>> open_to_classes(1000, [400, 300], [0, 0], caps=[True, False], reserves=[True, False]).tolist()
    [400.0, 600.0]
    """
    unused = np.maximum(_amounts("quotas", quotas) - _amounts("taken", taken), 0.0)
    kept = np.where(reserves, unused, 0.0)
    free = _amounts("left", left)[..., None] - (kept.sum(-1, keepdims=True) - kept)
    return np.maximum(np.where(caps, np.minimum(free, unused), free), 0.0)


def _amounts(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(f"{name} must be finite and at least 0")
    return array
