"""How far two classifications of the same things agree, chance taken out: arrays in, one figure out."""

import numpy as np
from numpy.typing import ArrayLike


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Return Cohen's κ: agreement beyond chance, where both use the same class names.

    Parameters
    ----------
    first, second : array_like
        Class of each thing in either classification.

    Returns
    -------
    float
        (pₒ - pₑ) / (1 - pₑ): 1 = the same, 0 = as by chance; missing where all are in one class.

    References
    ----------
    Cohen (1960), "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20(1).

    Examples
    --------
    >>> cohen_kappa(["A", "A", "B", "B"], ["A", "B", "B", "B"])
    0.5
    """
    names, codes = np.unique(np.concatenate([np.asarray(first), np.asarray(second)]), return_inverse=True)
    half = len(codes) // 2
    table = _cross_table(codes[:half], codes[half:], len(names), len(names))
    total = table.sum()
    by_chance = float(table.sum(axis=0) @ table.sum(axis=1)) / total**2 if total else 1.0
    return float((np.trace(table) / total - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


def adjusted_rand_index(first: ArrayLike, second: ArrayLike) -> float:
    """Return the adjusted Rand index: agreement on which pairs belong together, whatever the classes are called.

    Parameters
    ----------
    first, second : array_like
        Class of each thing in either classification.

    Returns
    -------
    float
        1 = the same groups, 0 = as by chance; below 0 = less than by chance. 1 where both are trivial.

    References
    ----------
    Hubert & Arabie (1985), "Comparing partitions", Journal of Classification 2(1), equation 5.

    Examples
    --------
    >>> round(adjusted_rand_index(["A", "A", "B", "C"], [1, 1, 2, 2]), 4)
    0.5714
    """
    rows, columns = (np.unique(np.asarray(labels), return_inverse=True) for labels in (first, second))
    table = _cross_table(rows[1], columns[1], len(rows[0]), len(columns[0]))
    together, in_rows, in_columns = (_pairs(counts) for counts in (table, table.sum(axis=1), table.sum(axis=0)))
    total = _pairs(np.array([table.sum()]))
    by_chance = in_rows * in_columns / total if total else 0.0
    most = (in_rows + in_columns) / 2
    return (together - by_chance) / (most - by_chance) if most != by_chance else 1.0


def _cross_table(first: np.ndarray, second: np.ndarray, rows: int, columns: int) -> np.ndarray:
    counts = np.bincount(first * columns + second, minlength=rows * columns)
    return counts.reshape(rows, columns).astype(float)


def _pairs(counts: np.ndarray) -> float:
    return float((counts * (counts - 1) / 2).sum())
