"""What order lines hold of no supply of their own place: made to order, or from another item or location."""

import numpy as np
import pandas as pd

from segkit.core.tables import row_codes

PLACE = ["item_id", "location_id"]
_SOURCE = ["supply_item_id", "supply_location_id"]


def bring_home(
    lines: pd.DataFrame, held: pd.DataFrame, line: np.ndarray, supply: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what lines hold and the supply, as if all of it were at the place of the line on the day it is promised.

    Parameters
    ----------
    lines : DataFrame
        Order lines with their place.
    held : DataFrame
        What they hold: available_date (blank = made to order) and, where it comes from elsewhere, supply_item_id and
        supply_location_id; then promised_date is the day it is at the place of the line.
    line : ndarray
        Place in ``lines`` of each row held.
    supply : DataFrame
        item_id, location_id, available_date, quantity.

    Returns
    -------
    DataFrame, DataFrame
        The same, with available_date of such rows set to promised_date. What is made to order is added to the supply
        of that day; what comes from elsewhere goes there from the supply of its own place, as far as that is there.

    Examples
    --------
    >>> day = pd.Timestamp("2025-06-02")
    >>> lines = pd.DataFrame({"item_id": ["SKU-1"], "location_id": ["DC"]})
    >>> held = pd.DataFrame({"available_date": [pd.NaT], "promised_date": [day], "quantity": [3.0]})
    >>> none = pd.DataFrame({"item_id": [], "location_id": [], "available_date": [], "quantity": []})
    >>> bring_home(lines, held, np.array([0]), none)[1]["quantity"].tolist()
    [3.0]
    """
    made = held["available_date"].isna().to_numpy(dtype=bool)
    source = [name if name in held else None for name in _SOURCE]
    other = np.zeros(len(held), dtype=bool)
    for name, own in zip(source, PLACE, strict=True):
        if name is not None:
            from_here = held[name].isna() | (held[name].astype("str").array == lines[own].astype("str").array[line])
            other |= ~from_here.to_numpy(dtype=bool)
    other &= ~made
    if not (made | other).any():
        return held, supply
    at_home = lines[PLACE].take(line).reset_index(drop=True)
    come = held.reset_index(drop=True).assign(**{name: at_home[name] for name in PLACE})
    given = {own: come[name].fillna(come[own]) for name, own in zip(source, PLACE, strict=True) if name is not None}
    there = come.assign(**given)[other]
    there = there.assign(quantity=_as_far_as_there(there, supply))
    home = come.assign(available_date=come["promised_date"])
    home.loc[other, "quantity"] = there["quantity"]
    added = pd.concat([home[made | other], there.assign(quantity=-there["quantity"])])
    days = come["available_date"].where(~(made | other), come["promised_date"])
    columns = [*PLACE, "available_date", "quantity"]
    return held.assign(available_date=days.to_numpy()), pd.concat([supply[columns], added[columns]], ignore_index=True)


def _as_far_as_there(there: pd.DataFrame, supply: pd.DataFrame) -> pd.Series:
    """Return what of each row the supply of its place and day covers, the first rows first."""
    key = [*PLACE, "available_date"]
    codes, _ = row_codes(pd.concat([supply[key], there[key]], ignore_index=True), key)
    bucket, names = pd.factorize(codes)
    sums = np.bincount(bucket[: len(supply)], supply["quantity"].to_numpy(dtype=float), len(names))
    own, wanted = bucket[len(supply) :], there["quantity"]
    before = (wanted.groupby(own).cumsum() - wanted).to_numpy()
    return pd.Series(np.clip(sums[own] - before, 0.0, wanted.to_numpy()), there.index)
