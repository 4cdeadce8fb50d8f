"""One score from several criteria, for value classes by more than one figure."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd


def score_items(
    values: pd.DataFrame, *, criteria: Sequence[str], score: Callable[[np.ndarray], np.ndarray]
) -> pd.DataFrame:
    """Score rows by several criteria together.

    Parameters
    ----------
    values : DataFrame
        One row per thing to score, for example ``item_value``.
    criteria : sequence of str
        Columns, more is better in each; the most important first.
    score : callable
        From a matrix of items x criteria to a score per item, for example `segkit.formulas.multicriteria.ng_score`.

    Returns
    -------
    DataFrame
        ``values`` in the same order with score: missing where a criterion is. It can be classed, for example
        ``classify_abc_by_count(scored, measure="score")``.

    Examples
    --------
    >>> from segkit.formulas.multicriteria import ng_score
    >>> frame = pd.DataFrame({"net_margin": [10.0, 30.0, 20.0, None], "lines": [4, 9, 9, 1]})
    >>> score_items(frame, criteria=["net_margin", "lines"], score=ng_score)["score"].tolist()
    [0.0, 1.0, 0.75, nan]
    """
    figures = values[list(criteria)].to_numpy(dtype=float)
    known = ~np.isnan(figures).any(axis=1)
    scores = np.full(len(values), np.nan)
    if known.any():
        scores[known] = score(figures[known])
    return values.assign(score=scores)
