"""Why a line fares as it does in a backorder run, in words: its strategy, who gave to it and who took from it."""

from typing import Any

import numpy as np
import pandas as pd

from segkit.formulas.backorders import STRATEGIES, BackorderConfirmations

_FREE, _GONE = -1, -2


def tell_reasons(lines: pd.DataFrame, made: BackorderConfirmations) -> pd.Series:
    """Return a sentence per line.

    Parameters
    ----------
    lines : DataFrame
        order_id, line_id, segment, strategy and quantity, as numbered in the run.
    made : BackorderConfirmations
        The run.

    Returns
    -------
    Series of str
        What its strategy came to; what it takes and gives, from and to whom most.
    """
    from pyarrow import array, large_string, scalar
    from pyarrow.compute import binary_join_element_wise

    parts = [*_opening(lines, made), *_dealings(lines, made)]
    words = [array(lines["strategy"], type=large_string()), *(part for part in parts if part is not None)]
    return pd.Series(
        binary_join_element_wise(*words, scalar("", type=large_string()), null_handling="skip").to_pandas(), dtype="str"
    )


def _opening(lines: pd.DataFrame, made: BackorderConfirmations) -> list[Any]:
    """Return what the strategy of each line came to."""
    strategy, count = lines["strategy"], len(lines)
    win, skip = ((strategy == name).to_numpy(dtype=bool) for name in ("win", "skip"))
    short = np.maximum(lines["quantity"].to_numpy(dtype=float) - made.after[:, 0], 0.0)
    lost = made.taker == _GONE
    gone = np.bincount(made.giver[lost], made.moved[lost], count)
    sent = np.flatnonzero(made.exception & ~skip)
    treated = pd.Series(STRATEGIES, dtype="str").take(made.treated[sent])
    return [
        _amounts(": ", np.where(win & made.exception, short, 0.0), " short on the requested day"),
        _amounts(": the supply of ", np.where(win, 0.0, gone), " that it held is gone"),
        _scattered(", so treated as " + treated, sent, count),
    ]


def _dealings(lines: pd.DataFrame, made: BackorderConfirmations) -> list[Any]:
    """Return with how much, and with whom most, each line deals."""
    takes, gives = (made.taker, made.giver), (made.giver, made.taker)
    parts = [
        _with_partner(verb, lines, sides, made.moved)
        for verb, sides in ((("; takes ", " from "), takes), (("; gives ", " to "), gives))
    ]
    for before, after, (own, other) in (
        ("; takes ", " held by nobody", takes),
        ("; leaves ", " to nobody", gives),
    ):
        alone = (other == _FREE) & (own >= 0)
        parts.append(_amounts(before, np.bincount(own[alone], made.moved[alone], len(lines)), after))
    return parts


def _with_partner(
    verb: tuple[str, str], lines: pd.DataFrame, sides: tuple[np.ndarray, np.ndarray], moved: np.ndarray
) -> Any:
    own, other = sides
    real = (own >= 0) & (other >= 0)
    if not real.any():
        return None
    pairs, row = np.unique(own[real] * len(lines) + other[real], return_inverse=True)
    amount = np.bincount(row, moved[real])
    line, partner = pairs // len(lines), pairs % len(lines)
    order = np.lexsort([partner, -amount, line])
    line, partner, amount = line[order], partner[order], amount[order]
    first = np.flatnonzero(np.r_[True, np.diff(line) > 0])
    others = np.diff(np.r_[first, len(line)]) - 1
    most = lines[["order_id", "line_id", "segment"]].take(partner[first]).reset_index(drop=True)
    name = most["order_id"].astype("str") + "/" + most["line_id"].astype("str") + " (" + most["segment"] + ")"
    more = pd.Series(np.where(others > 0, others, -1)).astype("str").replace("-1", "")
    more = more.where(others == 0, " and " + more + " more")
    told = verb[0] + write_amounts(np.add.reduceat(amount, first)) + verb[1] + name + more
    return _scattered(told, line[first], len(lines))


def _amounts(before: str, amount: np.ndarray, after: str) -> Any:
    rows = np.flatnonzero(amount > 0)
    return _scattered(before + write_amounts(amount[rows]) + after, rows, len(amount))


def _scattered(told: pd.Series, rows: np.ndarray, count: int) -> Any:
    """Return the texts at their rows, and nothing at the others; None where there are none."""
    from pyarrow import array, large_string

    if not len(rows):
        return None
    place = np.full(count, -1)
    place[rows] = np.arange(len(rows))
    return array(told.reset_index(drop=True), type=large_string()).take(array(place, mask=place < 0))


def write_amounts(amount: np.ndarray) -> pd.Series:
    """Return amounts as text, whole ones without a point.

    Examples
    --------
    >>> write_amounts(np.array([4.0, 2.5, 1e6])).tolist()
    ['4', '2.5', '1000000']
    """
    near = np.round(amount)
    if (np.abs(amount - near) <= 1e-6).all():
        return pd.Series(near.astype("int64")).astype("str")
    return pd.Series([f"{value:.6f}".rstrip("0").rstrip(".") for value in amount], dtype="str")
