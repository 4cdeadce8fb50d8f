"""What segkit.toml states of quotas, contracts, hierarchy and capacity, as the tables that rules take."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from segkit.core.allocation_settings import Commitment
from segkit.core.errors import SettingsError, list_problems, nearest_name
from segkit.core.promising_settings import Promising

PLACE = ["item_id", "location_id"]
_OTHERS = "(all others)"
_OWED = [*PLACE, "demand_class", "period", "from_each"]


def stated_quotas(rules: Promising, supply: pd.DataFrame) -> pd.DataFrame:
    """Return the quotas of the settings that meet supply, as `allocate_by_number` takes them.

    Parameters
    ----------
    rules : Promising
        quotas.
    supply : DataFrame
        item_id and location_id of what is shared out.

    Examples
    --------
    >>> entry = {"demand_class": "gold", "share": 0.2}
    >>> place = pd.DataFrame({"item_id": ["SKU-1"], "location_id": ["A"]})
    >>> stated_quotas(Promising(rule="by_share", quotas={"scarce": entry}), place)["share"].tolist()
    [0.2]
    """
    rows = [quota.model_dump() for quota in rules.quotas.values()]
    table = pd.DataFrame(rows, columns=["demand_class", "number", "share", "ratio", "kind", *PLACE])
    return table[[_meets(supply, item, place) for item, place in table[PLACE].itertuples(index=False)]]


def owed_by_contract(
    rules: Promising, supply: pd.DataFrame, later: pd.DataFrame | None = None, *, as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return what contracts owe at every place with supply that they are about, as `allocate_commitments` takes it.

    Parameters
    ----------
    rules : Promising
        commitments.
    supply : DataFrame
        item_id, location_id and available_date of what is shared out.
    later : DataFrame, optional
        Supply that comes after it: what is owed on a day can be owed from it too.
    as_of : Timestamp, optional
        Last day known: what was owed before it is over, and owed no more.

    Notes
    -----
    Several contracts of a class at a place and day are added up; what is owed without a day is owed from each supply
    that is shared out, of that alone (from_each).
    """
    days = supply[[*PLACE, "available_date"]].drop_duplicates(ignore_index=True)
    every = days if later is None else pd.concat([days, later[days.columns]]).drop_duplicates(ignore_index=True)
    parts = [
        _owed_days(_meant(every if one.period else days, one), one)
        for one in rules.commitments.values()
        if not _is_over(one, as_of)
    ]
    if not parts:
        return (
            days.iloc[:0]
            .drop(columns="available_date")
            .assign(demand_class="", period=pd.NaT, from_each=False, mean=0.0)
        )
    return pd.concat(parts, ignore_index=True).groupby(_OWED, as_index=False)["mean"].sum()


def hierarchy_table(rules: Promising) -> pd.DataFrame:
    """Return the hierarchy of the settings as `allocate_down_by_rank` takes it.

    Examples
    --------
    >>> nodes = {"all": {"share": 1.0}, "gold": {"parent": "all", "share": 0.4}}
    >>> hierarchy_table(Promising(rule="hierarchy", hierarchy=nodes))["parent"].tolist()
    ['', 'all']
    """
    rows = [{"node": name, **node.model_dump()} for name, node in rules.hierarchy.items()]
    return pd.DataFrame(rows, columns=["node", "parent", "share", "rank"])


def limit_capacity(capable: pd.DataFrame, rules: Promising, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return what can be made to order with its time fence and capacity, as `PromiseTerms` takes it.

    Parameters
    ----------
    capable : DataFrame
        item_id, location_id and lead_time_days.
    rules : Promising
        capacities and fence_days.
    as_of : Timestamp
        Last day known.
    """
    made = capable
    if rules.fence_days is not None:
        made = made.assign(from_date=as_of.normalize() + pd.Timedelta(days=rules.fence_days))
    if not rules.capacities:
        return made
    entries = sorted(rules.capacities.values(), key=lambda one: (one.item_id != "", one.location_id != ""))
    capacity = pd.Series(float("nan"), index=made.index)
    days = capacity.copy()
    for one in entries:
        meant = pd.Series(True, index=made.index)
        for name in PLACE:
            meant &= (made[name] == getattr(one, name)) | (getattr(one, name) == "")
        capacity, days = capacity.mask(meant, one.units), days.mask(meant, one.period_days)
    return made.assign(capacity=capacity, period_days=days)


def classes_stated(rules: Promising) -> dict[str, list[str]]:
    """Return the classes that settings of allocation name, by the name of the setting."""
    above = {node.parent for node in rules.hierarchy.values()}
    return {
        "quotas": [one.demand_class for one in rules.quotas.values() if one.demand_class != _OTHERS],
        "commitments": [one.demand_class for one in rules.commitments.values()],
        "hierarchy": [name for name in rules.hierarchy if name not in above],
        "entitlements": list(rules.entitlements),
    }


def idle_terms(rules: Promising, supply: pd.DataFrame, *, as_of: pd.Timestamp | None = None) -> list[str]:
    """Return the quotas and contracts, by name, that count for nothing: of places without supply, or of a day before.

    Parameters
    ----------
    rules : Promising
        quotas and commitments.
    supply : DataFrame
        item_id and location_id of the supply that is counted on.
    as_of : Timestamp, optional
        Last day known: contracts of a day before it are over.

    Examples
    --------
    >>> owed = {"frame": {"demand_class": "gold", "quantity": 5, "item_id": "SKU-9"}}
    >>> idle_terms(Promising(commitments=owed), pd.DataFrame({"item_id": ["SKU-1"], "location_id": ["A"]}))
    ['commitments.frame']
    """
    entries = [(f"quotas.{name}", one.item_id, one.location_id) for name, one in rules.quotas.items()]
    entries += [(f"commitments.{name}", one.item_id, one.location_id) for name, one in rules.commitments.items()]
    over = {f"commitments.{name}" for name, one in rules.commitments.items() if _is_over(one, as_of)}
    return [name for name, item, place in entries if name in over or not _meets(supply, item, place)]


def require_known_places(
    rules: Promising,
    items: Iterable[str],
    locations: Iterable[str],
    *,
    stated: Promising | None = None,
    files: Mapping[str, str] | None = None,
) -> None:
    """Raise a SettingsError where quotas, contracts or capacities name items or locations that the company has not.

    Parameters
    ----------
    rules : Promising
        quotas, commitments, capacities.
    items, locations : iterable of str
        Those of orders, stock, purchases and masters.
    stated : Promising, optional
        What segkit.toml states: other quotas and contracts are told as rows of a table. Default: all are stated.
    files : mapping, optional
        File of the tables quotas and commitments.

    Examples
    --------
    >>> require_known_places(Promising(), [], [])
    """
    known = {"item_id": sorted(set(items)), "location_id": sorted(set(locations))}
    own = stated or rules
    problems = [
        f"{_where(setting, name, own, files or {})}: {column} {word!r} is not known{nearest_name(word, known[column])}"
        for setting in ("quotas", "commitments", "capacities")
        for name, entry in getattr(rules, setting).items()
        for column in PLACE
        if (word := getattr(entry, column)) and word not in known[column]
    ]
    if problems:
        fix = "Items and locations are those of orders, stock, purchases and masters; blank = all."
        raise SettingsError(list_problems("terms of allocation name what is not there", problems, [fix]))


def _where(setting: str, name: str, stated: Promising, files: Mapping[str, str]) -> str:
    """Return where an entry is told: in segkit.toml, or in a table, its row by contract or by class and place."""
    if name in getattr(stated, setting):
        return f"promising.{setting}.{name}"
    file = f" ({files[setting]})" if files.get(setting) else ""
    return f"table '{setting}'{file}, row {name!r}"


def _owed_days(days: pd.DataFrame, owed: Commitment) -> pd.DataFrame:
    """Return what is owed at places with supply: on its day, or from each supply."""
    when = pd.Timestamp(owed.period) if owed.period else days["available_date"]
    rows = days.assign(demand_class=owed.demand_class, period=when, from_each=owed.period is None, mean=owed.quantity)
    return rows[[*_OWED, "mean"]].drop_duplicates(ignore_index=True)


def _meant(days: pd.DataFrame, owed: Commitment) -> pd.DataFrame:
    """Return the days of supply at the places that a contract is about."""
    meant = np.ones(len(days), dtype=bool)
    for name in PLACE:
        if wanted := getattr(owed, name):
            meant &= (days[name] == wanted).to_numpy(dtype=bool, na_value=False)
    return days[meant]


def _is_over(owed: Commitment, today: pd.Timestamp | None) -> bool:
    return owed.period is not None and today is not None and pd.Timestamp(owed.period) < today.normalize()


def _meets(supply: pd.DataFrame, item: str, place: str) -> bool:
    items, places = supply["item_id"], supply["location_id"]
    return bool((((items == item) | (item == "")) & ((places == place) | (place == ""))).any())
