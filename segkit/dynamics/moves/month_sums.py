"""Sums of a window by month: the blocks of time of which its chance variation is judged."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.formulas.sums import clean_sums


def sum_by_month(
    window: pd.DataFrame, members: np.ndarray, count: int, *, measure: str, end: date, months: int
) -> np.ndarray:
    """Return the measure of every member in every month of a window.

    Parameters
    ----------
    window : DataFrame
        Order lines of the window: order_date and the measure.
    members : ndarray of int
        Member (item or customer) of each line, from 0.
    count : int
        Number of members.
    measure : str
        Column that is added up.
    end : date
        Last day of the window; months count back from it.
    months : int
        Months of the window; those before its first line are left out.

    Returns
    -------
    ndarray of float
        Shape (count, months), oldest first.
    """
    after = pd.Timestamp(end) + pd.Timedelta(days=1)
    begins = pd.DatetimeIndex([after - pd.DateOffset(months=back) for back in range(months, 0, -1)])
    month = np.maximum(begins.searchsorted(window["order_date"], side="right") - 1, 0)
    first = int(month.min()) if len(month) else months
    shown = months - first
    cell = members * shown + month - first
    return clean_sums(cell, window[measure].to_numpy(), count * shown).reshape(count, shown)


def window_noise(by_month: np.ndarray) -> np.ndarray:
    """Return the standard deviation of a window's sum by chance, taken from its months as independent draws.

    Parameters
    ----------
    by_month : ndarray of float
        Shape (members, months), from `sum_by_month`.

    Returns
    -------
    ndarray of float
        One per member, in the unit of the sums; missing with a single month. A season counts as noise here, so that
        it is rather too high than too low.
    """
    months = by_month.shape[1]
    if months < 2:
        return np.full(len(by_month), np.nan)
    return np.sqrt(months) * by_month.std(axis=1, ddof=1)
