"""Why a line fares as it does in a backorder run, in words: its strategy, who gave to it and who took from it."""

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
    short = np.maximum(lines["quantity"].to_numpy(dtype=float) - made.after[:, 0], 0.0)
    lost = made.taker == _GONE
    gone = np.bincount(made.giver[lost], made.moved[lost], len(lines))
    words = _opening(lines["strategy"], made, short, gone)
    labels = lines["order_id"].astype("str") + "/" + lines["line_id"].astype("str") + " (" + lines["segment"] + ")"
    for verb, to, own, other in (
        ("takes", " from ", made.taker, made.giver),
        ("gives", " to ", made.giver, made.taker),
    ):
        words = _with_partner(words, (verb, to), labels, (own, other, made.moved))
    free = (made.giver == _FREE) & (made.taker >= 0)
    words = _with_amount(
        words, "; takes {} held by nobody", np.bincount(made.taker[free], made.moved[free], len(lines))
    )
    left = (made.taker == _FREE) & (made.giver >= 0)
    words = _with_amount(words, "; leaves {} to nobody", np.bincount(made.giver[left], made.moved[left], len(lines)))
    return words


def _opening(strategy: pd.Series, made: BackorderConfirmations, short: np.ndarray, gone: np.ndarray) -> pd.Series:
    """Return the strategy of each line and what it came to."""
    words = strategy.astype("str").reset_index(drop=True)
    win, skip = (words == "win").to_numpy(dtype=bool), (words == "skip").to_numpy(dtype=bool)
    words = _with_amount(words, ": {} short on the requested day", np.where(win & made.exception, short, 0.0))
    words = _with_amount(words, ": the supply of {} that it held is gone", np.where(~win, gone, 0.0))
    treated = pd.Series(np.array(STRATEGIES, dtype=object)[made.treated], dtype="str")
    sent = made.exception & ~skip
    words[sent] = words[sent] + ", so treated as " + treated[sent]
    return words


def _with_partner(
    words: pd.Series, verb: tuple[str, str], labels: pd.Series, moved: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> pd.Series:
    """Add with how much, and with whom most, each line deals."""
    own, other, units = moved
    real = (own >= 0) & (other >= 0)
    if not real.any():
        return words
    pairs, row = np.unique(own[real] * len(labels) + other[real], return_inverse=True)
    amount = np.bincount(row, units[real])
    line, partner = pairs // len(labels), pairs % len(labels)
    order = np.lexsort([partner, -amount, line])
    line, partner, amount = line[order], partner[order], amount[order]
    first = np.flatnonzero(np.r_[True, np.diff(line) > 0])
    others = np.diff(np.r_[first, len(line)]) - 1
    total = write_amounts(np.add.reduceat(amount, first))
    told = "; " + verb[0] + " " + total + verb[1] + labels.take(partner[first]).reset_index(drop=True)
    more = pd.Series(others).astype("str")
    told = told.where(others == 0, told + " and " + more + " more")
    words = words.copy()
    words.iloc[line[first]] = words.iloc[line[first]].to_numpy() + told.to_numpy()
    return words


def _with_amount(words: pd.Series, text: str, amount: np.ndarray) -> pd.Series:
    rows = np.flatnonzero(amount > 0)
    before, _, after = text.partition("{}")
    told = before + write_amounts(amount[rows]) + after
    words = words.copy()
    words.iloc[rows] = words.iloc[rows].to_numpy() + told.to_numpy()
    return words


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
