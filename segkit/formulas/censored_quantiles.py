"""Quantiles of delivery times by groups of a tree: what few deliveries show is mixed with what the group above shows.

Deliveries that are still open count as long as they were seen to be open (Kaplan-Meier). A group with n deliveries
keeps the share n / (n + k) of its own and takes the rest from the group above.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

_TIE = 1e-9


@dataclass(frozen=True)
class DeliveryTree:
    """Deliveries in the order of a tree of groups, as `shrunk_quantiles` takes them.

    Attributes
    ----------
    depth, first, last : ndarray, shape (groups,)
        Groups in preorder (a group before those below it, group 0 holds all): depth, and the deliveries from ``first``
        to before ``last`` that it holds.
    step : ndarray, shape (deliveries,)
        Place of the delivery time among the ``steps`` possible ones, rising; of an open delivery the last step through
        which it was seen to be open, -1 = none.
    is_open : ndarray of bool, shape (deliveries,)
        Not delivered yet.
    steps : int
        Possible delivery times.
    """

    depth: np.ndarray
    first: np.ndarray
    last: np.ndarray
    step: np.ndarray
    is_open: np.ndarray
    steps: int


def survival_curve(events: ArrayLike, at_risk: ArrayLike) -> np.ndarray:
    """Return the share that is not yet delivered after each step: the product-limit estimate.

    Parameters
    ----------
    events, at_risk : array_like
        Per step, rising: deliveries (or their weights), and those that were not delivered before it.

    Returns
    -------
    ndarray
        S = prod (1 - d / Y) [0-1].

    References
    ----------
    Kaplan, E. L. & Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457-481.

    Examples
    --------
    >>> survival_curve([1, 1, 0], [4, 2, 1]).tolist()
    [0.75, 0.375, 0.375]
    """
    came, left = np.asarray(events, dtype=float), np.asarray(at_risk, dtype=float)
    return np.cumprod(1 - np.divide(came, left, out=np.zeros(len(came)), where=left > 0))


def shrunk_curves(tree: DeliveryTree, weight: np.ndarray, mixing: np.ndarray) -> np.ndarray:
    """Return the share not yet delivered after each step for every group; for small trees, and to look at.

    Parameters
    ----------
    tree : DeliveryTree
        Deliveries and groups.
    weight : ndarray, shape (deliveries,)
        What each delivery counts, 1 = full.
    mixing : ndarray, shape (depths,)
        Deliveries that the group above is worth, k, by depth; that of depth 0 is not used.

    Returns
    -------
    ndarray, shape (groups, steps)
        Share not yet delivered [0-1].

    Notes
    -----
    1 - S(t) / S(t-) = (k f0(t) + d(t)) / (k S0(t-) + Y(t)) with f0, S0 of the group above, d deliveries at t and Y
    those at risk: the mean of a Dirichlet process with precision k around the group above. Without open deliveries
    that is the mixture (n F + k F0) / (n + k).

    References
    ----------
    Susarla, V. & Van Ryzin, J. (1976). Nonparametric Bayesian estimation of survival curves from incomplete
    observations. JASA 71, 897-902.

    Examples
    --------
    >>> tree = DeliveryTree(*(np.array(part) for part in ([0, 1], [0, 0], [4, 1], [1, 0, 0, 0], [False] * 4)), steps=2)
    >>> shrunk_curves(tree, np.ones(4), np.array([0.0, 3.0])).tolist()
    [[0.25, 0.0], [0.4375, 0.0]]
    """
    from segkit.formulas import censored_kernels as kernels

    curves = np.empty((len(tree.depth), tree.steps))
    kernels.fill_curves(tree.depth, tree.first, tree.last, tree.step, tree.is_open, weight, mixing, curves)
    return curves


def shrunk_quantiles(
    tree: DeliveryTree, weight: np.ndarray, mixing: np.ndarray, asked: tuple[np.ndarray, np.ndarray], levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return quantiles for lines that ask: the first step at which the share delivered reaches a level.

    Parameters
    ----------
    tree : DeliveryTree
        Deliveries and groups.
    weight, mixing
        As `shrunk_curves` takes them.
    asked : (ndarray, ndarray)
        Per line, sorted by group: its group, and its first possible step (0 = any; later for a line that is known to be
        open until then).
    levels : ndarray, shape (levels,) or (lines, levels)
        Levels [0-1], for all lines or each its own.

    Returns
    -------
    step, before, until : ndarray, shape (lines, levels)
        Step (``steps`` where the level is not reached), and the share that is delivered before it and until its end
        [0-1], given the first possible step.
    """
    from segkit.formulas import censored_kernels as kernels

    group, start = asked
    wanted = np.ascontiguousarray(np.broadcast_to(levels, (len(group), np.shape(levels)[-1])), dtype=np.float64)
    step = np.empty(wanted.shape, dtype=np.int64)
    before, until = np.empty(wanted.shape), np.empty(wanted.shape)
    begin = np.searchsorted(group, np.arange(len(tree.depth) + 1)).astype(np.int64)
    kernels.find_quantiles(
        tree.depth, tree.first, tree.last, tree.step, tree.is_open, weight, mixing, tree.steps,
        begin, np.asarray(start, dtype=np.int64), wanted, step, before, until,
    )  # fmt: skip
    return step, before, until


def shrunk_steps(
    tree: DeliveryTree,
    weight: np.ndarray,
    mixings: np.ndarray,
    asked: tuple[np.ndarray, np.ndarray],
    levels: np.ndarray,
) -> np.ndarray:
    """Return the steps of `shrunk_quantiles` for several mixings; deliveries are counted once for all of them.

    Parameters
    ----------
    tree : DeliveryTree
        Deliveries and groups.
    weight
        As `shrunk_curves` takes it.
    mixings : ndarray, shape (mixings, depths)
        What `shrunk_curves` takes as mixing, one after the other.
    asked : (ndarray, ndarray)
        As `shrunk_quantiles` takes it.
    levels : ndarray, shape (levels,)
        Levels [0-1].

    Returns
    -------
    ndarray of int, shape (mixings, lines, levels)
        First step at which the level is reached, ``steps`` where it is not.
    """
    from segkit.formulas import censored_kernels as kernels

    group, start = asked
    found = np.empty((len(mixings), len(group), len(levels)), dtype=np.int64)
    begin = np.searchsorted(group, np.arange(len(tree.depth) + 1)).astype(np.int64)
    kernels.find_steps(
        tree.depth, tree.first, tree.last, tree.step, tree.is_open, weight, mixings, tree.steps,
        begin, np.asarray(start, dtype=np.int64), levels, found,
    )  # fmt: skip
    return found


def shrunk_probabilities(
    tree: DeliveryTree, weight: np.ndarray, mixing: np.ndarray, asked: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share delivered before a step and until its end, for lines that ask.

    Parameters
    ----------
    tree : DeliveryTree
        Deliveries and groups.
    weight, mixing
        As `shrunk_curves` takes them.
    asked : (ndarray, ndarray)
        Per line, sorted by group: its group, and its step.

    Returns
    -------
    before, until : ndarray, shape (lines,)
        Shares [0-1].
    """
    from segkit.formulas import censored_kernels as kernels

    group, step = asked
    before, until = np.empty(len(group)), np.empty(len(group))
    begin = np.searchsorted(group, np.arange(len(tree.depth) + 1)).astype(np.int64)
    kernels.find_probabilities(
        tree.depth, tree.first, tree.last, tree.step, tree.is_open, weight, mixing, tree.steps,
        begin, np.asarray(step, dtype=np.int64), before, until,
    )  # fmt: skip
    return before, until
