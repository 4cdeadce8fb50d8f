"""What is known of every item-location: the columns that the rules of policies may name."""

from dataclasses import dataclass

import pandas as pd

from segkit.core.columns import empty_table, nomenclature

PLACE = ["item_id", "location_id"]
_BY_ITEM = ("items", "item_value", "item_segments")
_OWN = "demand_profile"


@dataclass(frozen=True)
class PlaceFacts:
    """Tables of the plan from which rules choose.

    ``profile`` is ``demand_profile`` with one row per item-location, its demand classes together.
    """

    items: pd.DataFrame
    item_value: pd.DataFrame
    item_segments: pd.DataFrame
    profile: pd.DataFrame
    locations: pd.DataFrame


def join_places(places: pd.DataFrame, facts: PlaceFacts) -> pd.DataFrame:
    """Return one row per item-location, with what is known of item, location and of its own demand.

    Parameters
    ----------
    places : DataFrame
        item_id and location_id, one row each.
    facts : PlaceFacts
        What is joined.

    Returns
    -------
    DataFrame
        Sorted by item and location. Of equal names the later counts where it is filled, in the order item master,
        item_value, item_segments. What item and item-location both have (pattern, life_cycle, adi, cv2) is that of
        the item-location; that of the item is in item_pattern, item_life_cycle, ... What item and location both have
        is that of the item; that of the location is in location_lead_time_days, ...

    Examples
    --------
    >>> tables = (empty_table(name) for name in ("item_value", "item_segments", "demand_profile", "locations"))
    >>> facts = PlaceFacts(pd.DataFrame({"item_id": ["a"], "category": ["valves"]}), *tables)
    >>> join_places(pd.DataFrame({"item_id": ["a"], "location_id": ["north"]}), facts)["category"].tolist()
    ['valves']
    """
    keys = places[PLACE].sort_values(PLACE, ignore_index=True)
    columns = {name: keys[name] for name in PLACE}
    own = _names(_OWN)
    for name, cells in _facts_of_items(keys["item_id"], facts).items():
        columns[f"item_{name}" if name in own else name] = cells
    taken = {name for table in _BY_ITEM for name in _names(table)}
    for name, cells in _looked_up(keys["location_id"], facts.locations).items():
        columns[f"location_{name}" if name in taken else name] = cells
    profile = facts.profile.drop(columns="demand_class", errors="ignore").set_index(PLACE)
    found = profile.reindex(pd.MultiIndex.from_frame(keys))
    return pd.DataFrame({**columns, **{name: found[name].array for name in profile}})


def empty_places() -> pd.DataFrame:
    """Return the columns that rules may name whatever the company brings, and no rows."""
    tables = (empty_table(name) for name in (*_BY_ITEM, _OWN, "locations"))
    return join_places(pd.DataFrame({name: pd.Series(dtype="str") for name in PLACE}), PlaceFacts(*tables))


def _names(table: str) -> set[str]:
    return set(nomenclature()[table].columns) - {*PLACE, "demand_class"}


def _facts_of_items(ids: pd.Series, facts: PlaceFacts) -> dict[str, pd.Series]:
    columns: dict[str, pd.Series] = {}
    for table in (getattr(facts, name) for name in _BY_ITEM):
        for name, cells in _looked_up(ids, table).items():
            columns[name] = cells.where(cells.notna(), columns[name]) if name in columns else cells
    return columns


def _looked_up(ids: pd.Series, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return every further column of a table for ids that are its key; what it does not know is missing."""
    found = table.set_index(ids.name).reindex(pd.Index(ids.array))
    return {str(name): pd.Series(found[name].array, index=ids.index) for name in found}
