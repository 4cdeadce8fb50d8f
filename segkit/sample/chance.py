"""Chance for the sample company: every draw is made from uniform numbers by inversion, so it is the same everywhere.

Only ``Generator.random`` is used of numpy; its other distributions may change their streams between versions.
"""

import zlib

import numpy as np
from scipy.special import ndtri


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one part of the company; changing one part leaves the others as they are.

    Parameters
    ----------
    seed : int
        Seed of the company.
    name : str
        Name of the part.

    Returns
    -------
    Generator
        Uniform numbers of this part.
    """
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))


def poisson(random: np.random.Generator, mean: np.ndarray) -> np.ndarray:
    """Return Poisson counts, one for each mean [events] (means up to about 100).

    Parameters
    ----------
    random : Generator
        As ``stream`` gives it.
    mean : array
        Expected counts [events]; above 0.

    Returns
    -------
    array of int
        Counts, of the shape of ``mean``.
    """
    uniform = random.random(mean.shape)
    count = np.zeros(mean.shape, dtype=np.int64)
    term = np.exp(-mean)
    reached = term.copy()
    while True:
        beyond = (uniform > reached) & (term > 1e-15)
        if not beyond.any():
            return count
        count[beyond] += 1
        term = np.where(beyond, term * mean / np.maximum(count, 1), term)
        reached = np.where(beyond, reached + term, reached)


def normal(random: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
    """Return standard normal numbers.

    Parameters
    ----------
    random : Generator
        As ``stream`` gives it.
    size : int or tuple
        Shape.

    Returns
    -------
    array
        Mean 0, standard deviation 1.
    """
    return ndtri(np.maximum(random.random(size), 1e-12))


def gamma_two(random: np.random.Generator, size: int) -> np.ndarray:
    """Return gamma numbers of shape 2 and mean 1.

    Parameters
    ----------
    random : Generator
        As ``stream`` gives it.
    size : int
        How many.

    Returns
    -------
    array
        Shape 2, mean 1 (CV 0.71).
    """
    return -(np.log1p(-random.random(size)) + np.log1p(-random.random(size))) / 2


def exponential(random: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
    """Return exponential numbers of mean 1.

    Parameters
    ----------
    random : Generator
        As ``stream`` gives it.
    size : int or tuple
        Shape.

    Returns
    -------
    array
        Mean 1.
    """
    return -np.log1p(-random.random(size))


def pick(random: np.random.Generator, values: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` different ones of ``values``, in their order.

    Parameters
    ----------
    random : Generator
        As ``stream`` gives it.
    values : array
        What to choose from.
    count : int
        How many.

    Returns
    -------
    array
        The chosen ones, in the order of ``values``.
    """
    chosen = np.argsort(random.random(len(values)), kind="stable")[:count]
    return np.asarray(values)[np.sort(chosen)]


def weighted(random: np.random.Generator, weights: np.ndarray, size: int) -> np.ndarray:
    """Return positions drawn with the given weights, with replacement.

    Parameters
    ----------
    random : Generator
        As ``stream`` gives it.
    weights : array
        Weight of each position; need not sum to 1.
    size : int
        How many.

    Returns
    -------
    array of int
        Positions, with repetition.
    """
    bounds = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(bounds, random.random(size), side="right"), len(weights) - 1)
