"""What a person sets of the stock policy of an item: for some time, with a reason, and checked before it counts."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.policy_settings import MOST_TARGET
from segkit.core.validity import first_days, holds_on, overlapping
from segkit.inventory.policies.places import PLACE

NAME, ALL = "policy_overrides", "(all)"
TARGETS = ("cycle_service", "fill_rate")
LEVELS = ("reorder_point", "order_up_to", "order_quantity", "safety_stock")
CAPS = ("min_stock", "max_stock")
FIGURES = (*TARGETS, *LEVELS, *CAPS)
SETTABLE = ("policy", *FIGURES)
UNUSED = {
    "order_up_to": ("reorder_point", "order_quantity"),
    "min_max": ("order_quantity",),
    "reorder_quantity": ("order_up_to",),
    "to_order": FIGURES,
}
_SHOWN = 3


def complete_overrides(policy_overrides: pd.DataFrame) -> pd.DataFrame:
    """Return overrides with every column of the table, typed; a location that is blank or (all) is missing."""
    typed = empty_table(NAME).dtypes
    whole = policy_overrides.reindex(columns=list(typed.index)).astype(typed.to_dict()).reset_index(drop=True)
    return whole.assign(location_id=whole["location_id"].where(~whole["location_id"].isin(["", ALL])))


def require_policy_overrides(policy_overrides: pd.DataFrame) -> None:
    """Raise a DataError that lists every override which cannot hold (see `list_policy_override_problems`).

    Parameters
    ----------
    policy_overrides : DataFrame
        Table of that name.
    """
    if problems := list_policy_override_problems(policy_overrides):
        fix = f"Mend table {NAME}: one row at a time for each item and location, with figures that go together."
        raise DataError(list_problems(f"table '{NAME}' cannot be used", problems, [fix]))


def list_policy_override_problems(policy_overrides: pd.DataFrame) -> list[str]:
    """Return what is wrong with overrides: nothing set, figures that exclude each other, ends, reasons, overlaps.

    Parameters
    ----------
    policy_overrides : DataFrame
        Table of that name; cells may be missing, which is a matter of its contract.

    Returns
    -------
    list of str
        One sentence a problem, with the number of rows and the first of them.
    """
    if policy_overrides.empty:
        return []
    table = complete_overrides(policy_overrides)
    there = table[list(SETTABLE)].notna()
    both_set = table["reorder_point"] + table["order_quantity"]
    level = both_set.fillna(table["reorder_point"])
    both = there["order_up_to"] & there["order_quantity"] & table["policy"].isna()
    found = [
        ("set nothing", ~there.any(axis=1)),
        ("set both cycle_service and fill_rate", there["cycle_service"] & there["fill_rate"]),
        (f"set a target of 0, or above {MOST_TARGET}, which no stock can be sized for", _beyond(table)),
        ("set both safety_stock and a target", there["safety_stock"] & there[list(TARGETS)].any(axis=1)),
        ("set both order_up_to and order_quantity: name the policy and drop one", both),
        *((f"set what policy {word} does not use", _unused(table, there, word)) for word in UNUSED),
        ("have a min_stock above max_stock", table["min_stock"] > table["max_stock"]),
        ("have a reorder_point above order_up_to", table["reorder_point"] > table["order_up_to"]),
        ("have an order_up_to above max_stock", table["order_up_to"] > table["max_stock"]),
        ("have an order_up_to below min_stock", table["order_up_to"] < table["min_stock"]),
        ("have a reorder_point above max_stock, alone or with order_quantity", level > table["max_stock"]),
        ("have a reorder_point with order_quantity below min_stock", both_set < table["min_stock"]),
        ("end before they begin: valid_to is before valid_from", table["valid_to"] < first_days(table)),
        ("give no reason", table["reason"].str.strip() == ""),
        ("overlap another override of the same item and location", overlapping(table, PLACE)),
    ]
    told = [(text, table[rows.fillna(False).to_numpy(dtype=bool)]) for text, rows in found]
    return [f"overrides {text} {in_rows(len(rows))}, first: {_first(rows)}" for text, rows in told if len(rows)]


def note_policy_overrides(
    policy_overrides: pd.DataFrame, known: Sequence[pd.DataFrame], *, as_of: date
) -> pd.DataFrame:
    """Return what is worth knowing of overrides as further rows of ``data_quality``.

    Parameters
    ----------
    policy_overrides : DataFrame
        Table of that name.
    known : sequence of DataFrame
        Tables whose item_id and location_id the data know: order lines and masters.
    as_of : date
        Day on which they are judged.

    Returns
    -------
    DataFrame
        Rows with action ``noted``: overrides that hold, that give way to one for a place, that have expired, that
        begin later, of ids nobody knows, of item-locations without demand.
    """
    if policy_overrides.empty:
        return empty_table("data_quality")
    table, day = complete_overrides(policy_overrides), pd.Timestamp(as_of)
    strange = ~(_is_known(table, known, "item_id") & (_is_known(table, known, "location_id") | _for_all(table)))
    over = (table["valid_to"] < day).to_numpy(dtype=bool)
    idle = ~strange & ~over & ~_is_asked_for(table, known)
    holds = holds_on(table, as_of) & ~strange & ~idle
    wide = holds & _for_all(table)
    beaten = wide & table["item_id"].isin(table.loc[holds & ~wide, "item_id"]).to_numpy(dtype=bool)
    found = [
        ("set by a person", holds, "They win over the rules of policies."),
        ("for all locations, where one for a place wins", beaten, "Each holds at the other locations only."),
        ("expired", over, "Ignored: give a new last day, or remove them."),
        ("not yet begun", (first_days(table) > day).to_numpy(dtype=bool), "Not applied yet."),
        ("of ids that the data do not know", strange, "Without effect: mend the id."),
        ("of an item at a place where nobody asked for it", idle, "Without effect: mend the ids, or remove them."),
    ]
    rows = [_note(reason, table[chosen], fix) for reason, chosen, fix in found if chosen.any()]
    empty = empty_table("data_quality")
    return pd.DataFrame(rows, columns=list(empty.columns)).astype(empty.dtypes.to_dict())


def held_overrides(places: pd.DataFrame, policy_overrides: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """Return for every item-location the override that holds there on a day.

    Parameters
    ----------
    places : DataFrame
        item_id and location_id, one row each.
    policy_overrides : DataFrame
        Table of that name, without problems.
    as_of : date
        Day on which an override must hold.

    Returns
    -------
    DataFrame
        One row per place, in their order: its keys, the further columns of ``policy_overrides`` (missing where none
        holds), and ``beats``, true where one for the place wins over one for all locations.
    """
    table = complete_overrides(policy_overrides)
    held = table[holds_on(table, as_of)]
    keys, everywhere = places[PLACE].reset_index(drop=True), held["location_id"].isna()
    if held.empty:
        return keys.join(held.drop(columns=PLACE).reindex(keys.index)).assign(beats=False)
    own = keys.merge(held[~everywhere], on=PLACE, how="left")
    wide = keys.merge(held[everywhere].drop(columns="location_id"), on="item_id", how="left")
    has_own, has_wide = own["valid_to"].notna(), wide["valid_to"].notna()
    return own.where(has_own, wide[list(own.columns)]).assign(beats=has_own & has_wide)


def describe_override(row: dict) -> str:
    """Return what a row of overrides sets, in words.

    Examples
    --------
    >>> describe_override({"policy": "min_max", "reorder_point": 20.0, "order_up_to": float("nan")})
    'min_max, reorder_point 20'
    """
    filled = {name: row[name] for name in SETTABLE if name in row and not pd.isna(row[name])}
    return ", ".join(value if name == "policy" else f"{name} {value:g}" for name, value in filled.items())


def _beyond(table: pd.DataFrame) -> pd.Series:
    targets = table[list(TARGETS)]
    return ((targets <= 0) | (targets > MOST_TARGET)).any(axis=1)


def _unused(table: pd.DataFrame, there: pd.DataFrame, word: str) -> pd.Series:
    return (table["policy"] == word) & there[list(UNUSED[word])].any(axis=1)


def _for_all(table: pd.DataFrame) -> np.ndarray:
    return table["location_id"].isna().to_numpy(dtype=bool)


def _is_known(table: pd.DataFrame, known: Sequence[pd.DataFrame], key: str) -> np.ndarray:
    found = np.zeros(len(table), dtype=bool)
    for other in known:
        if key in other:
            found |= table[key].isin(other[key]).to_numpy(dtype=bool) & table[key].notna().to_numpy(dtype=bool)
    return found


def _is_asked_for(table: pd.DataFrame, known: Sequence[pd.DataFrame]) -> np.ndarray:
    """Return which overrides reach an item-location of the tables that tell both ids; all where none does."""
    both = [other[PLACE] for other in known if set(PLACE) <= set(other)]
    return reaches_a_place(table, pd.concat(both)) if both else np.ones(len(table), dtype=bool)


def reaches_a_place(policy_overrides: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Return which overrides reach one of the item-locations.

    Parameters
    ----------
    policy_overrides : DataFrame
        Table of that name.
    places : DataFrame
        item_id, location_id.
    """
    table = complete_overrides(policy_overrides)
    here = pd.MultiIndex.from_frame(table[PLACE]).isin(pd.MultiIndex.from_frame(places[PLACE]))
    return here | (_for_all(table) & table["item_id"].isin(places["item_id"]).to_numpy(dtype=bool))


def _first(rows: pd.DataFrame) -> str:
    shown = rows.sort_values([*PLACE, "valid_to"], na_position="first").head(_SHOWN)
    ends = shown["valid_to"].dt.strftime("%Y-%m-%d").fillna("no readable day")
    where = shown["location_id"].fillna("all locations")
    return "; ".join(
        f"{item} at {place} until {end}" for item, place, end in zip(shown["item_id"], where, ends, strict=True)
    )


def _note(reason: str, rows: pd.DataFrame, fix: str) -> dict:
    figures = {"rows": len(rows), "value": 0.0, "rows_without_value": 0}
    names = {"source_table": NAME, "action": "noted", "reason": reason}
    return {**names, **figures, "first": _first(rows), "fix": fix}
