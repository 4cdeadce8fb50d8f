"""What order lines hold of no supply of their own place: made to order, or from another item or location."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from segkit.core.tables import row_codes

PLACE = ["item_id", "location_id"]
_SOURCE = ["supply_item_id", "supply_location_id"]
_FROM = {"source_item_id": "item_id", "source_location_id": "location_id", "source_date": "available_date"}


class BroughtHome(NamedTuple):
    """What lines hold and the supply at their places; ``lent`` = what came from elsewhere, with its source and day."""

    held: pd.DataFrame
    supply: pd.DataFrame
    lent: pd.DataFrame


def bring_home(lines: pd.DataFrame, held: pd.DataFrame, line: np.ndarray, supply: pd.DataFrame) -> BroughtHome:
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
    BroughtHome
        The same, with available_date of such rows set to promised_date. What is made to order is added to the supply
        of that day; what comes from elsewhere goes there from the supply of its own place, as far as that is there.
        ``lent``: item_id, location_id, available_date (at the place of the line), source_item_id, source_location_id,
        source_date, quantity.

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
        return BroughtHome(held, supply, _lent(held.iloc[:0].assign(**dict.fromkeys(PLACE, "")), held.iloc[:0]))
    at_home = lines[PLACE].take(line).reset_index(drop=True)
    come = held.reset_index(drop=True).assign(**{name: at_home[name] for name in PLACE})
    given = {own: come[name].fillna(come[own]) for name, own in zip(source, PLACE, strict=True) if name is not None}
    there = come.assign(**given)[other]
    there = there.assign(quantity=_as_far_as_there(there.assign(line=line[other]), supply))
    home = come.assign(available_date=come["promised_date"])
    home.loc[other, "quantity"] = there["quantity"]
    added = pd.concat([home[made | other], there.assign(quantity=-there["quantity"])])
    days = come["available_date"].where(~(made | other), come["promised_date"])
    columns = [*PLACE, "available_date", "quantity"]
    moved = pd.concat([supply[columns], added[columns]], ignore_index=True)
    return BroughtHome(held.assign(available_date=days.to_numpy()), moved, _lent(home[other], there))


def _lent(home: pd.DataFrame, there: pd.DataFrame) -> pd.DataFrame:
    """Return what went from its source to the place of a line."""
    from_there = {name: there[own].to_numpy() if own in there else "" for name, own in _FROM.items()}
    rows = home[[*PLACE, "available_date", "quantity"]].assign(**from_there)
    return rows[(rows["quantity"] > 0).to_numpy()].reset_index(drop=True)


def give_back(lent: pd.DataFrame, freed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of what came from elsewhere that no line at its place uses any more: it goes back to its source.

    Parameters
    ----------
    lent : DataFrame
        As `bring_home` returns it.
    freed : DataFrame
        item_id, location_id, available_date, quantity that is used no more. [units]

    Returns
    -------
    DataFrame
        As ``lent``, with the quantity that goes back; sources first by name and day go before others. What is freed at
        a place that gets some back itself stays there for now, as its lines decide anew, unless only such places are
        left.

    Examples
    --------
    >>> day = pd.Timestamp("2025-06-02")
    >>> key = {"item_id": "SKU-1", "location_id": "DC", "available_date": [day], "quantity": [4.0]}
    >>> source = {"source_item_id": "SKU-1", "source_location_id": "HUB", "source_date": day}
    >>> back = give_back(pd.DataFrame(key | source), pd.DataFrame(key | {"quantity": [3.0]}))
    >>> back["quantity"].tolist(), move_back(back)[["location_id", "quantity"]].values.tolist()
    ([3.0], [['HUB', 3.0], ['DC', -3.0]])
    """
    key = [*PLACE, "available_date"]
    both = lent.merge(freed[key].assign(freed=freed["quantity"]), on=key)
    both = both.sort_values([*key, *_FROM, "quantity"])
    before = both.groupby(key)["quantity"].cumsum() - both["quantity"]
    both["quantity"] = np.clip(both["freed"] - before, 0.0, both["quantity"])
    both = both.loc[(both["quantity"] > 0).to_numpy(), [*key, *_FROM, "quantity"]]
    gets = pd.MultiIndex.from_frame(both[list(_FROM)[:2]])
    waits = pd.MultiIndex.from_frame(both[PLACE]).isin(gets)
    return (both if waits.all() else both[~waits]).reset_index(drop=True)


def move_back(back: pd.DataFrame) -> pd.DataFrame:
    """Return what goes back as supply: more at its source, less at the place that it had come to."""
    there = back[[*_FROM, "quantity"]].rename(columns=_FROM)
    here = back[[*_FROM.values(), "quantity"]]
    return pd.concat([there, here.assign(quantity=-here["quantity"])], ignore_index=True)


def still_lent(lent: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """Return what came from elsewhere without what has gone back."""
    rows = pd.concat([lent, back.assign(quantity=-back["quantity"])], ignore_index=True)
    left = rows.groupby([*_FROM.values(), *_FROM], as_index=False)["quantity"].sum()
    return left[(left["quantity"] > 1e-9).to_numpy()].reset_index(drop=True)


def _as_far_as_there(there: pd.DataFrame, supply: pd.DataFrame) -> pd.Series:
    """Return what of each row the supply of its place and day covers, the first lines first however rows stand."""
    key = [*PLACE, "available_date"]
    codes, _ = row_codes(pd.concat([supply[key], there[key]], ignore_index=True), key)
    bucket, names = pd.factorize(codes)
    sums = np.bincount(bucket[: len(supply)], supply["quantity"].to_numpy(dtype=float), len(names))
    queue = there.assign(bucket=bucket[len(supply) :]).sort_values(["line", *key, "promised_date", "quantity"])
    before = queue.groupby("bucket")["quantity"].cumsum() - queue["quantity"]
    covered = np.clip(sums[queue["bucket"]] - before, 0.0, queue["quantity"])
    return covered.reindex(there.index)
