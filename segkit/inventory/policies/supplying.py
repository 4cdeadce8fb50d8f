"""Stock that other locations are supplied from: what their levels, of own customers alone, cannot judge."""

import pandas as pd

from segkit.inventory.policies.places import PLACE


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
