"""What each factor of a product did to its change: Shapley's fair split, without residual and without an order."""

from collections.abc import Sequence
from functools import reduce
from math import comb

import numpy as np


def shapley_effects(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> np.ndarray:
    """Return the part of the change of a product that is due to each of its factors.

    The effect of a factor is what its change adds to the product, averaged over every order in which the factors may
    have changed. A factor that did not change has none.

    Parameters
    ----------
    before, after : sequence of arrays
        The k factors in both states, one array each, of one shape (or such that they broadcast).

    Returns
    -------
    array
        Shape (k, ...): the effects, which add up to the product after less the product before. Swapped states give
        the same effects with the other sign.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games II, 307-317: the weight
    of a set S of factors that changed earlier is |S|! (k - |S| - 1)! / k!.

    Examples
    --------
    >>> shapley_effects([np.array(10.0), np.array(5.0)], [np.array(12.0), np.array(4.0)]).tolist()
    [9.0, -11.0]
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} factors before, {len(after)} after")
    factors = len(before)
    products = _products(before, after)
    effects = np.zeros((factors, *products[-1].shape))
    for place in range(factors):
        for changed in range(2**factors):
            if not changed >> place & 1:
                share = 1 / (factors * comb(factors - 1, changed.bit_count()))
                effects[place] += share * (products[changed | 1 << place] - products[changed])
    return effects


def owen_effects(before: Sequence[np.ndarray], after: Sequence[np.ndarray], *, parts: int) -> np.ndarray:
    """Return the part of the change of a product due to each factor, where the first few make up one factor.

    As `shapley_effects`, but the first ``parts`` factors change one right after the other. So neither the other
    effects nor the sum of these hang on how that one factor is taken apart.

    Parameters
    ----------
    before, after : sequence of arrays
        The k factors in both states, one array each, of one shape (or such that they broadcast).
    parts : int
        How many of the first factors are the parts of one.

    Returns
    -------
    array
        Shape (k, ...): the effects, which add up to the product after less the product before.

    References
    ----------
    Owen, G. (1977). Values of games with a priori unions. Mathematical Economics and Game Theory, 76-88.

    Examples
    --------
    >>> owen_effects([np.array(2.0), np.array(5.0), np.array(1.0)], [np.array(3.0), np.array(4.0), np.array(3.0)],
    ...              parts=2).tolist()
    [9.0, -5.0, 22.0]
    """
    inner = shapley_effects(before[:parts], after[:parts])
    whole = [reduce(np.multiply, state[:parts]) for state in (before, after)]
    outer = shapley_effects([whole[0], *before[parts:]], [whole[1], *after[parts:]])[1:]
    worth = shapley_effects([np.zeros(()), *before[parts:]], [np.ones(()), *after[parts:]])[0]
    return np.concatenate([inner * worth, outer])


def _products(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the product for every set of changed factors; bit j of a set's place = factor j has changed."""
    products = [np.asarray(1.0)]
    for old, new in zip(before, after, strict=True):
        products = [product * old for product in products] + [product * new for product in products]
    return products
