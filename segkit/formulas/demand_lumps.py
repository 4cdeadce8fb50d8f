"""Demand that comes in lumps: how many of them, how large, and what part of a few of them falls into a review."""

from functools import lru_cache

import numpy as np
from scipy.special import betainc

from segkit.formulas.order_positions import count_shape

STEPS = 33  # shares at which the expected part of the review is held
_LEAST = 1e-12
_ALWAYS = 1.0 - 1e-9
_MOST, _RARER = 16.0, 0.85  # lumps of lead time and review; of how often demand comes that falls together by chance
_SHAPES = (0.1, 400.0)  # of sizes
_SHARES = np.concatenate([[1e-4, 0.003, 0.01], np.linspace(0.025, 0.975, 39), [0.99, 0.997, 1.0 - 1e-4]])
_TOGETHER = np.array([1.0, 0.8, 0.6, 0.45, 0.34, 0.25, 0.17, 0.1, 0.05, 0.02])


def lumps_of(mean: np.ndarray, variance: np.ndarray, asked: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return how many lumps demand comes in, their mean size, and the shape of their sizes, (item-locations, 3).

    Parameters
    ----------
    mean, variance : array
        Of the demand over lead time and review. [lots]
    asked : array
        Chance that a review has any demand. [0-1]
    share : array
        Of lead time and review that is review. [0-1]

    Notes
    -----
    Lumps come independently (Poisson), as often as is known that a review has demand, in gamma distributed sizes with
    as much scatter as the whole leaves them. None = zero: they are many, or come about as often as `count_shape` tells
    of units that fall together by chance.

    Examples
    --------
    >>> one = np.ones(1)
    >>> lumps_of(6.0 * one, 90.0 * one, (1 - np.exp(-0.25)) * one, 0.5 * one).round(2).tolist()
    [[0.5, 12.0, 4.0]]
    """
    often = -np.log1p(-np.minimum(asked, _ALWAYS)) / share
    single = count_shape(mean, variance)
    counted = np.where(np.isinf(single), 0.0, single)
    by_units = np.where(np.isinf(single), mean, counted * np.log1p(mean / np.maximum(counted, _LEAST)))
    lumpy = (often > 0) & (often <= _MOST) & (mean > 0) & ((often < _RARER * by_units) | (single <= 0))
    size = mean / np.maximum(often, _LEAST)
    uneven = variance / np.maximum(often * size**2, _LEAST) - 1.0
    shape = np.clip(1.0 / np.maximum(uneven, _LEAST), *_SHAPES)
    return np.ascontiguousarray(np.stack([np.where(lumpy, often, 0.0), size, shape], axis=1))


@lru_cache(maxsize=1)
def parts_in_review() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return E[min(t, B)] by the review's share, how much falls together, and t at squares of even steps; and both.

    B is the part of the review, beta distributed with the share as its mean, and a variance that is so many times that
    of a single lump, share x (1 - share): 1 for one lump, half for two of a size.
    """
    share, at = _SHARES[:, None, None], (np.linspace(0.0, 1.0, STEPS) ** 2)[None, None, :]
    shape = np.maximum(1.0 / _TOGETHER - 1.0, 1e-6)[None, :, None]
    below = betainc(shape * share, shape * (1.0 - share), at)
    found = at * (1.0 - below) + share * betainc(shape * share + 1.0, shape * (1.0 - share), at)
    found[:, 0] = share[:, 0] * at[:, 0]  # one lump: all or nothing
    return found, _SHARES, _TOGETHER
