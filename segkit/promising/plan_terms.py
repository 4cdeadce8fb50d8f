"""On what terms a plan promises: delivery by line, what can stand in, stock kept from classes, the least margin."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, SettingsError, in_rows, list_problems, nearest_name
from segkit.core.masters import look_up
from segkit.core.offenders import first_offenders
from segkit.core.promising_settings import Promising

PLACE = ["item_id", "location_id"]
_KNOWN = "Correct these rows: items, locations and classes are those of orders, stock, purchases and masters."
_OTHER = ["alternative_item_id", "alternative_location_id"]


@dataclass(frozen=True)
class Agreements:
    """Input tables of what a company agreed on beside its orders."""

    alternatives: pd.DataFrame
    critical_levels: pd.DataFrame
    bid_prices: pd.DataFrame


def settle_terms(lines: pd.DataFrame, customers: pd.DataFrame, *, rules: Promising) -> pd.DataFrame:
    """Return order lines with their terms of delivery: their own, else the customer's, else those of the settings.

    Parameters
    ----------
    lines : DataFrame
        customer_id and, where known, delivery, split_minimum [units], max_lateness_days.
    customers : DataFrame
        Table of that name.
    rules : Promising
        delivery, split_minimum, max_lateness_days.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2"]})
    >>> customers = pd.DataFrame({"customer_id": ["CUST-1"], "delivery": ["complete"]})
    >>> settle_terms(lines, customers, rules=Promising())["delivery"].tolist()
    ['complete', 'partial']
    """
    usual = {"delivery": rules.delivery, "split_minimum": rules.split_minimum}
    settled = {}
    for name, blank in {**usual, "max_lateness_days": float(rules.max_lateness_days)}.items():
        theirs = look_up(lines["customer_id"], customers, name)
        own = lines[name].astype(theirs.dtype).fillna(theirs) if name in lines else theirs
        settled[name] = own.fillna(blank)
    return lines.assign(**settled)


def require_agreements(
    agreed: Agreements, known: pd.DataFrame, *, classes: Iterable[str] = (), rules: Promising
) -> None:
    """Raise where rows of the tables would count for nothing, or lack what is needed: all of them at once.

    Parameters
    ----------
    agreed : Agreements
        The tables.
    known : DataFrame
        item_id and location_id that the company has; blank where only the other is known.
    classes : iterable of str
        Classes of customers.
    rules : Promising
        class_by and late_cost.
    """
    known_words = {
        "item_id": set(known["item_id"].dropna()),
        "location_id": set(known["location_id"].dropna()),
        "demand_class": set(classes),
    }
    problems = [told for name, rows in vars(agreed).items() for told in _unknown_words(name, rows, known_words)]
    fixes = [_KNOWN] if problems else []
    if len(alone := agreed.alternatives[_stands_in_for_itself(agreed.alternatives)]):
        problems.append(f"alternatives: rows stand in for themselves {_at(alone)}")
        fixes.append("Give another item in alternative_item_id, or another place in alternative_location_id.")
    if problems:
        raise DataError(list_problems("what was agreed for promising cannot be used", problems, fixes))
    _require_late_cost(agreed.alternatives, rules)


def spread_over_places(table: pd.DataFrame, places: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return rows without a location_id once for every place of their item; a row for one place wins over these.

    Parameters
    ----------
    table : DataFrame
        item_id and, where it is told, location_id.
    places : DataFrame
        item_id and location_id, a row each.
    key : list of str
        Columns that tell rows of a place apart.

    Examples
    --------
    >>> table = pd.DataFrame({"item_id": ["SKU-1"] * 2, "location_id": ["DC", None], "bid_price": [2.0, 1.0]})
    >>> places = pd.DataFrame({"item_id": ["SKU-1"] * 2, "location_id": ["DC", "HUB"]})
    >>> spread_over_places(table, places, ["item_id", "location_id"])["bid_price"].tolist()
    [2.0, 1.0]
    """
    located = table if "location_id" in table else table.assign(location_id=pd.Series(pd.NA, table.index, dtype="str"))
    blank = located["location_id"].isna().to_numpy()
    wide = located[blank].drop(columns="location_id").merge(places[PLACE].drop_duplicates(), on="item_id")
    return pd.concat([located[~blank], wide], ignore_index=True).drop_duplicates(key, ignore_index=True)


def place_alternatives(alternatives: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame | None:
    """Return alternatives by place as `promise_orders` takes them; None where there are none."""
    if alternatives.empty:
        return None
    spread = spread_over_places(alternatives, places, [*PLACE, *(name for name in _OTHER if name in alternatives)])
    other = spread[_OTHER[1]].fillna(spread["location_id"]) if _OTHER[1] in spread else spread["location_id"]
    amounts = {name: spread[name].fillna(0.0) if name in spread else 0.0 for name in ("unit_cost", "transit_days")}
    placed = spread[[*PLACE, _OTHER[0]]].assign(alternative_location_id=other, **amounts)
    away = (placed["item_id"] != placed[_OTHER[0]]) | (placed["location_id"] != other)
    return placed[away.to_numpy(dtype=bool)].reset_index(drop=True)


def bid_prices_of(places: pd.DataFrame, bid_prices: pd.DataFrame, *, rules: Promising) -> pd.Series:
    """Return the margin that an order line must bring at each place [currency/unit]; missing where any will do.

    Parameters
    ----------
    places : DataFrame
        item_id and location_id.
    bid_prices : DataFrame
        Table of that name.
    rules : Promising
        bid_price, of places that the table does not tell of.
    """
    price = pd.Series(np.nan, index=places.index)
    if len(bid_prices):
        spread = spread_over_places(bid_prices, places, PLACE)
        told = spread.set_index(PLACE)["bid_price"].reindex(pd.MultiIndex.from_frame(places[PLACE]))
        price = pd.Series(told.to_numpy(dtype=float), index=places.index)
    return price if rules.bid_price is None else price.fillna(rules.bid_price)


def levels_of_classes(
    stated: pd.DataFrame, class_stock: pd.DataFrame, places: pd.DataFrame, *, classes: Sequence[str]
) -> pd.DataFrame | None:
    """Return critical levels by place and class: those stated, else those of ``class_stock``; None where none is known.

    Parameters
    ----------
    stated : DataFrame
        Table ``critical_levels``.
    class_stock : DataFrame
        Table of that name, or none of its rows where its levels do not hold.
    places : DataFrame
        item_id and location_id that have orders or supply.
    classes : sequence of str
        Classes that are promised to, best first; levels of others are left out. One for which nothing is told at a
        place has the highest level of those above it: what is kept from a class is kept from those below.
    """
    key = [*PLACE, "demand_class"]
    sized = class_stock[(class_stock["left_out"] == "").to_numpy()][[*key, "critical_level"]]
    own = spread_over_places(stated, places, key)[[*key, "critical_level"]] if len(stated) else sized[:0]
    both = pd.concat([own, sized], ignore_index=True).drop_duplicates(key, ignore_index=True)
    here = pd.MultiIndex.from_frame(both[PLACE]).isin(pd.MultiIndex.from_frame(places[PLACE]))
    here &= both["demand_class"].isin(classes).to_numpy()
    both = both[here & both["critical_level"].notna().to_numpy()].reset_index(drop=True)
    return _with_those_below(both, classes) if len(both) else None


def _with_those_below(levels: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return levels with those of classes for which none is told: the highest of the classes above, 0 without any."""
    table = levels.pivot(index=PLACE, columns="demand_class", values="critical_level").reindex(columns=list(classes))
    filled = table.fillna(table.cummax(axis=1).ffill(axis=1)).fillna(0.0)
    return filled.rename_axis(columns="demand_class").stack().rename("critical_level").reset_index()


def require_levels(levels: pd.DataFrame | None, *, class_by: str, rules: Promising) -> None:
    """Raise a SettingsError where the rule is critical_levels and no level is known."""
    if levels is None and rules.rule == "critical_levels":
        problem = f"neither table critical_levels nor class_stock tells a level of a class of {class_by}"
        fix = f'Set policies.class_by = "{class_by}" with policies.class_targets, or give [sources.critical_levels].'
        raise SettingsError(list_problems("promising.rule is critical_levels", [problem], [fix]))


def tell_stand_ins(trace: pd.DataFrame) -> pd.DataFrame:
    """Return in words what is delivered of another item or place than asked for: a row per order line that has such.

    Parameters
    ----------
    trace : DataFrame
        Table ``promises``.

    Returns
    -------
    DataFrame
        order_id, line_id, stands_in.
    """
    other = (trace["supply_item_id"] != trace["item_id"]) | (trace["supply_location_id"] != trace["location_id"])
    key = ["order_id", "line_id"]
    units = (
        trace[other.to_numpy()]
        .groupby([*key, "supply_item_id", "supply_location_id"], as_index=False)["quantity"]
        .sum()
    )
    words = [
        f"{quantity:g} of {item} from {place}"
        for item, place, quantity in units[["supply_item_id", "supply_location_id", "quantity"]].itertuples(index=False)
    ]
    told = units.assign(stands_in=pd.Series(words, index=units.index, dtype="str"))
    return told.groupby(key, as_index=False)["stands_in"].agg("; ".join)


def _unknown_words(table: str, rows: pd.DataFrame, known: dict[str, set[str]]) -> Iterator[str]:
    for column in (*known, *_OTHER):
        there = known[column.removeprefix("alternative_")]
        strange = rows[rows[column].notna() & ~rows[column].isin(there)] if column in rows else rows[:0]
        if len(strange):
            word = str(strange[column].iloc[0])
            yield f"{table}: {column} {word!r} is not known {_at(strange)}{nearest_name(word, sorted(there))}"


def _require_late_cost(alternatives: pd.DataFrame, rules: Promising) -> None:
    if rules.late_cost is not None or "unit_cost" not in alternatives:
        return
    rows = alternatives[(alternatives["unit_cost"] > 0).to_numpy(bool, na_value=False)]
    if len(rows):
        problem = f"unit_cost of alternatives is above 0 {_at(rows)}, and what a unit late by a day costs is not said"
        fix = "Set promising.late_cost in segkit.toml (0: waiting is free, and no alternative that costs is used)."
        raise SettingsError(list_problems("alternatives cannot be weighed against waiting", [problem], [fix]))


def _at(rows: pd.DataFrame) -> str:
    return f"{in_rows(len(rows))}, first: {first_offenders(rows)}"


def _stands_in_for_itself(alternatives: pd.DataFrame) -> np.ndarray:
    if alternatives.empty:
        return np.zeros(len(alternatives), dtype=bool)
    same_item = (alternatives["item_id"] == alternatives[_OTHER[0]]).to_numpy(bool, na_value=False)
    if _OTHER[1] not in alternatives:
        return same_item
    other = alternatives[_OTHER[1]]
    own = alternatives["location_id"] if "location_id" in alternatives else pd.Series(pd.NA, alternatives.index)
    same_place = other.isna() | (other == own).fillna(False)
    return same_item & same_place.to_numpy(dtype=bool)
