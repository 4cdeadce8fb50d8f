"""Stock that other locations are supplied from: what their levels, of own customers alone, cannot judge."""

import pandas as pd

from segkit.inventory.policies.places import PLACE

OWN_ONLY = "supplies other locations: levels count only customers of its own"


def list_supplying(places: pd.DataFrame, locations: pd.DataFrame) -> pd.DataFrame:
    """Return item-locations from which others get the item, through however many locations.

    Parameters
    ----------
    places : DataFrame
        item_id, location_id that somebody asked for.
    locations : DataFrame
        Table ``locations``: supplied_by.

    Returns
    -------
    DataFrame
        item_id, location_id, sorted.

    Examples
    --------
    >>> places = pd.DataFrame({"item_id": ["SKU-1"], "location_id": ["SHOP"]})
    >>> network = pd.DataFrame({"location_id": ["SHOP", "DC"], "supplied_by": ["DC", "PLANT"]})
    >>> list_supplying(places, network)["location_id"].tolist()
    ['DC', 'PLANT']
    """
    found = places[PLACE].head(0)
    if "supplied_by" not in locations or places.empty:
        return found
    links = locations[["location_id", "supplied_by"]].dropna()
    links = links[(links["supplied_by"].astype("str") != "").to_numpy()].drop_duplicates("location_id")
    below = places[PLACE].drop_duplicates()
    for _ in range(len(links)):  # a circle of locations ends too
        above = below.merge(links, on="location_id")[["item_id", "supplied_by"]]
        below = above.rename(columns={"supplied_by": "location_id"}).drop_duplicates()
        if below.empty:
            break
        found = pd.concat([found, below], ignore_index=True)
    return found.drop_duplicates().sort_values(PLACE, ignore_index=True)


def are_among(places: pd.DataFrame, others: pd.DataFrame | None) -> pd.Series:
    """Return row by row which item-locations are among others."""
    if others is None:
        return pd.Series(False, index=places.index)
    among = pd.MultiIndex.from_frame(places[PLACE]).isin(pd.MultiIndex.from_frame(others[PLACE]))
    return pd.Series(among, index=places.index)


def mark_supplying(policies: pd.DataFrame, supplying: pd.DataFrame) -> pd.DataFrame:
    """Return policies, or their phases, with ``supplies_others``; the reason of levels says whom they leave out.

    Parameters
    ----------
    policies : DataFrame
        item_id, location_id, order_up_to (blank = no levels, whose reason stays), reason, supplies_others: what is
        marked already stays.
    supplying : DataFrame
        From `list_supplying`.
    """
    supplies = are_among(policies, supplying)
    reason = policies["reason"].where(policies["reason"] == "", policies["reason"] + "; ") + OWN_ONLY
    told = policies["reason"].where(~supplies | policies["supplies_others"] | policies["order_up_to"].isna(), reason)
    return policies.assign(supplies_others=supplies.to_numpy(dtype=bool), reason=told.astype("str"))
