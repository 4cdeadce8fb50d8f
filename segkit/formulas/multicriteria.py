"""Scores from several criteria at once: one row per item, one column per criterion, more is better in every column.

A criterion where less is better is given with the opposite sign (weights and EDAS) or as its inverse.
"""

import numpy as np
from numpy.typing import ArrayLike


def weighted_score(values: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Return the weighted mean of criteria, each scaled from 0 (the lowest item) to 1 (the highest).

    Parameters
    ----------
    values : array_like of shape (items, criteria)
        Figures in their own units.
    weights : array_like of shape (criteria,)
        Not below zero; only their proportions count.

    Returns
    -------
    ndarray of shape (items,)
        From 0 to 1.

    Examples
    --------
    >>> weighted_score([[10, 1], [20, 3], [30, 2]], [3, 1]).tolist()
    [0.0, 0.625, 0.875]
    """
    return _from_0_to_1(values) @ _proportions(weights)


def edas_score(values: ArrayLike, weights: ArrayLike) -> np.ndarray:
    """Return the EDAS score: how far items lie above and below the average of every criterion.

    Parameters
    ----------
    values : array_like of shape (items, criteria)
        Figures in their own units, with an average above zero.
    weights : array_like of shape (criteria,)
        Not below zero; only their proportions count.

    Returns
    -------
    ndarray of shape (items,)
        Appraisal score AS from 0 to 1: the mean of the normalised distances above (more is better) and below (less is
        better).

    References
    ----------
    Keshavarz Ghorabaee, Zavadskas, Olfat & Turskis (2015), "Multi-criteria inventory classification using a new method
    of evaluation based on distance from average solution (EDAS)", Informatica 26(3).

    Examples
    --------
    >>> edas_score([[10, 1], [20, 3], [30, 2]], [1, 1]).round(4).tolist()
    [0.0, 1.0, 1.0]
    """
    figures, shares = np.asarray(values, dtype=float), _proportions(weights)
    average = figures.mean(axis=0)
    distance = np.divide(figures - average, average, out=np.zeros(figures.shape), where=average != 0)
    above, below = np.maximum(distance, 0) @ shares, np.maximum(-distance, 0) @ shares
    return (_of_largest(above) + 1 - _of_largest(below)) / 2


def ng_score(values: ArrayLike) -> np.ndarray:
    """Return Ng's score: the best weighted mean that keeps the stated order of importance of the criteria.

    Parameters
    ----------
    values : array_like of shape (items, criteria)
        Figures in their own units, the most important criterion first.

    Returns
    -------
    ndarray of shape (items,)
        From 0 to 1: the largest mean of the first one, two, … scaled criteria, which is what the linear programme
        max Σwⱼyⱼ, w₁ ≥ w₂ ≥ … ≥ 0, Σwⱼ = 1 gives.

    References
    ----------
    Ng (2007), "A simple classifier for multiple criteria ABC analysis", EJOR 177(1).

    Examples
    --------
    >>> ng_score([[10, 3], [20, 1], [30, 2]]).tolist()
    [0.5, 0.5, 1.0]
    """
    scaled = _from_0_to_1(values)
    return (np.cumsum(scaled, axis=1) / np.arange(1, scaled.shape[1] + 1)).max(axis=1, initial=0.0)


def ramanathan_score(values: ArrayLike) -> np.ndarray:
    """Return the R-model's score: each item under the weights that flatter it most, as long as no item passes 1.

    Parameters
    ----------
    values : array_like of shape (items, criteria)
        Figures in their own units, none below zero.

    Returns
    -------
    ndarray of shape (items,)
        max Σwⱼxᵢⱼ subject to Σwⱼxₖⱼ ≤ 1 for every item k and w ≥ 0, from 0 to 1; 0 where nothing is above zero.

    Raises
    ------
    ValueError
        A figure is below zero.

    Notes
    -----
    All items share one set of allowed weights, and the best of a linear programme lies in a corner of it. So the
    corners are found once (Qhull) instead of one programme per item.

    References
    ----------
    Ramanathan (2006), "ABC inventory classification with multiple-criteria using weighted linear optimization",
    Computers & Operations Research 33(3).

    Examples
    --------
    >>> ramanathan_score([[10, 1], [20, 3], [30, 2], [15, 1]]).round(4).tolist()
    [0.4, 1.0, 1.0, 0.5]
    """
    from scipy.spatial import HalfspaceIntersection

    figures = np.asarray(values, dtype=float)
    if (figures < 0).any():
        raise ValueError("the R-model needs figures of zero or more")
    scale = figures.max(axis=0, initial=0.0)
    scaled = figures[:, scale > 0] / scale[scale > 0]
    if scaled.shape[1] < 2:
        return scaled.sum(axis=1)
    count = scaled.shape[1]
    rows = np.unique(scaled, axis=0)
    within = np.column_stack([rows, np.full(len(rows), -1.0)])
    positive = np.column_stack([-np.eye(count), np.zeros(count)])
    corners = HalfspaceIntersection(np.vstack([within, positive]), np.full(count, 0.5 / count)).intersections
    corners = corners[np.isfinite(corners).all(axis=1)]
    return np.minimum((scaled @ corners.T).max(axis=1), 1.0)


def _from_0_to_1(values: ArrayLike) -> np.ndarray:
    figures = np.asarray(values, dtype=float)
    if not len(figures):
        return figures
    low, span = figures.min(axis=0), np.ptp(figures, axis=0)
    return np.divide(figures - low, span, out=np.zeros(figures.shape), where=span > 0)


def _proportions(weights: ArrayLike) -> np.ndarray:
    given = np.asarray(weights, dtype=float)
    return given / given.sum()


def _of_largest(figures: np.ndarray) -> np.ndarray:
    largest = figures.max(initial=0.0)
    return figures / largest if largest > 0 else figures
