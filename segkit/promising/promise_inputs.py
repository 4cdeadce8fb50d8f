"""What order promising is told, as arrays: supply buckets with their quotas, the order book, rules and alternatives."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from segkit.core.tables import sort_rows
from segkit.formulas.promising import (
    Elsewhere,
    OrderBook,
    PromiseRules,
    SupplyBuckets,
)
from segkit.formulas.promising_arrays import stable_order
from segkit.promising.promise_book import GivenBook
from segkit.promising.promise_capable import Buckets, read_capable
from segkit.promising.promise_terms import CONTRACT, ONE_CLASS, PromiseTerms, committed_units, kept_units
from segkit.promising.quota_columns import quota_order, read_quota_columns

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class PromiseInputs:
    """The arrays, and what their numbers stand for.

    ``ids``: order_id and line_id in the order of the book; ``moment``: when each line arrived [microseconds];
    ``places``: item_id and location_id; ``place`` of each bucket; ``classes`` best first; ``columns`` by name, the pool
    last; ``own`` column of each place and class.
    """

    book: OrderBook
    supply: SupplyBuckets
    rules: PromiseRules
    elsewhere: Elsewhere | None
    ids: dict[str, ExtensionArray]
    moment: np.ndarray
    places: pd.DataFrame
    place: np.ndarray
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    own: np.ndarray

    def from_stock(self, bucket: np.ndarray) -> np.ndarray:
        """Return which buckets (-1 = made without limit) are known supply, not capacity."""
        known = bucket >= 0
        if self.rules.capacity_from is None:
            return known
        return known & (bucket < np.asarray(self.rules.capacity_from)[np.append(self.place, 0)][bucket])


@dataclass(frozen=True)
class _Places:
    """Items at locations, numbered in the order of their names."""

    table: pd.DataFrame
    codes: dict[str, np.ndarray]


def read_promise_inputs(given: GivenBook, terms: PromiseTerms) -> PromiseInputs:
    """Return tables that have been checked as arrays."""
    orders, supply, allocations, alternatives = given.orders, given.supply, given.allocations, given.alternatives
    tables = {"orders": orders, "supply": supply, "allocations": allocations, "alternatives": alternatives}
    tables |= {"capable": terms.capable, "levels": terms.critical_levels, "other": _other_places(alternatives)}
    places = _number_places({name: table for name, table in tables.items() if table is not None})
    classes = terms.classes or tuple(sorted(_classes_of(orders).unique()))
    ids, moment, order = _by_arrival(orders)
    book = _book(orders, order, moment, places.codes["orders"], classes, terms)
    day, quantity, place = _sum_supply(supply, places.codes["supply"])
    columns, own, also = read_quota_columns(allocations, places.codes.get("allocations"), len(places.table), classes)
    elsewhere = _elsewhere(alternatives, places)
    known = Buckets(place, day, quantity)
    capable = read_capable(terms.capable, places.codes.get("capable"), known, book, elsewhere, len(places.table))
    place, day, quantity = capable.buckets
    begin = np.searchsorted(place, np.arange(len(places.table) + 1))
    left, caps, release = _split(allocations, places, begin, day, quantity, columns)
    rules = PromiseRules(
        sources=quota_order(own, also, columns, nested=terms.nested),
        caps=caps,
        release_day=release,
        levels=_levels(terms.critical_levels, places, classes),
        bid_price=_bids(supply, allocations, places, begin, day, classes),
        fence=capable.fence,
        lead_time=capable.lead,
        capacity_from=capable.capacity_from,
        made_bid_price=capable.bid,
        latest_first=terms.latest_first,
        late_cost=terms.late_cost,
    )
    return PromiseInputs(
        book, SupplyBuckets(begin, day, left), rules, elsewhere, ids, moment, places.table, place, classes, columns, own
    )


def _other_places(alternatives: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return item and location that can stand in; the same location where none is named."""
    if alternatives is None:
        return None
    other = alternatives[["alternative_item_id"]].rename(columns={"alternative_item_id": "item_id"})
    if "location_id" not in alternatives:
        return other
    if "alternative_location_id" not in alternatives:
        return other.assign(location_id=alternatives["location_id"].array)
    named = alternatives["alternative_location_id"]
    return other.assign(location_id=named.where(named.notna(), alternatives["location_id"]).array)


def _number_places(tables: dict[str, pd.DataFrame]) -> _Places:
    codes, names = {}, {}
    for column in ("item_id", "location_id"):
        parts = {name: pd.factorize(_ids(table, column)) for name, table in tables.items()}
        known = pd.Index(sorted({word for _, words in parts.values() for word in words}), dtype="str")
        codes[column] = {name: known.get_indexer(words)[code] for name, (code, words) in parts.items()}
        names[column] = known
    width = max(len(names["location_id"]), 1)
    keys = {name: codes["item_id"][name] * width + codes["location_id"][name] for name in tables}
    used = np.unique(np.concatenate([pd.unique(key) for key in keys.values()])).astype(np.int64)
    table = pd.DataFrame(
        {"item_id": names["item_id"][used // width], "location_id": names["location_id"][used % width]}
    )
    return _Places(table, {name: _place_of(used, key) for name, key in keys.items()})


def _place_of(used: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the place of each key among the sorted keys, by a table where that is not much longer than the keys."""
    if not len(used) or used[-1] >= 4 * len(key) + 1_000:
        return np.searchsorted(used, key).astype(np.int32)
    place = np.zeros(int(used[-1]) + 1, dtype=np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return place[key]


def _ids(table: pd.DataFrame, column: str) -> pd.Series:
    """Return ids as text; one location for all where a table has none."""
    return table[column].astype("str") if column in table else pd.Series(ONE_CLASS, index=table.index, dtype="str")


def _classes_of(table: pd.DataFrame) -> pd.Series:
    return _ids(table, "demand_class")


def _days(dates: pd.Series) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def _book(
    orders: pd.DataFrame,
    order: np.ndarray | None,
    moment: np.ndarray,
    place: np.ndarray,
    classes: tuple[str, ...],
    terms: PromiseTerms,
) -> OrderBook:
    """Return the lines in order of arrival."""
    code, words = pd.factorize(_classes_of(orders))
    rank = pd.Index(classes).get_indexer(words).astype(np.int16)[code] if len(orders) else np.zeros(0, np.int16)
    requested = _days(orders["requested_date"] if "requested_date" in orders else orders["order_date"])
    options = (_minimum(orders, terms), _lateness(orders, terms), _option(orders, "unit_margin", np.inf))
    return OrderBook(
        _taken(place, order),
        moment / _DAY_US,
        _taken(requested.astype(np.int32), order),
        _taken(rank, order),
        _taken(orders["quantity"].to_numpy(dtype=float, copy=order is None), order),
        *(values if len(values) == 1 else _taken(values, order) for values in options),
    )


def _taken(values: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    return values if order is None else values[order]


def _by_arrival(orders: pd.DataFrame) -> tuple[dict[str, ExtensionArray], np.ndarray, np.ndarray | None]:
    """Return ids and moments in order of arrival, equal moments by ids, and the rows of lines (None = as given)."""
    moment = orders["order_date"].to_numpy().astype("datetime64[us]", copy=False).view(np.int64)
    ids = {name: orders[name].astype("str").array.copy() for name in ("order_id", "line_id")}
    rising = bool((moment[1:] > moment[:-1]).all())
    if rising:
        return ids, moment.copy(), None
    order = stable_order(moment)
    moment = moment[order]
    same = np.zeros(len(order), dtype=bool)
    same[1:] = moment[1:] == moment[:-1]
    tied = np.flatnonzero(same | np.append(same[1:], False))
    if len(tied):
        rows = order[tied]
        ties = pd.DataFrame({"moment": moment[tied], "row": rows})
        for name, cells in ids.items():
            ties[name] = cells.take(rows)
        order[tied] = sort_rows(ties, ["moment", "order_id", "line_id"])["row"].to_numpy()
    return {name: cells.take(order) for name, cells in ids.items()}, moment, order


def _minimum(orders: pd.DataFrame, terms: PromiseTerms) -> np.ndarray:
    usual = {"partial": 0.0, "complete": np.inf, "split": terms.split_minimum}
    if "delivery" not in orders and "split_minimum" not in orders:
        return np.array([usual[terms.delivery]])
    delivery = _ids(orders, "delivery").fillna(terms.delivery) if "delivery" in orders else None
    kinds = np.full(len(orders), terms.delivery) if delivery is None else delivery.to_numpy()
    least = _option(orders, "split_minimum", terms.split_minimum)
    return np.select([kinds == "complete", kinds == "split"], [np.inf, np.broadcast_to(least, len(orders))], 0.0)


def _lateness(orders: pd.DataFrame, terms: PromiseTerms) -> np.ndarray:
    usual = np.inf if terms.max_lateness_days is None else float(terms.max_lateness_days)
    days = _option(orders, "max_lateness_days", usual)
    return np.where(np.isfinite(days), days, -1.0).astype(np.int64)


def _option(orders: pd.DataFrame, name: str, blank: float) -> np.ndarray:
    if name not in orders:
        return np.array([blank])
    return orders[name].astype("float64").fillna(blank).to_numpy()


def _sum_supply(supply: pd.DataFrame, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return day, quantity and place of every bucket, by place and day."""
    if not len(supply):
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
    days = _days(supply["available_date"])
    first, span = days.min(), days.max() - days.min() + 1
    key, code = np.unique(place * span + days - first, return_inverse=True)
    return key % span + first, np.bincount(code, supply["quantity"].to_numpy(dtype=float)), key // span


def _find(begin: np.ndarray, day: np.ndarray, at: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the bucket of a place and day, -1 where there is none."""
    if not len(day):
        return np.full(len(at), -1)
    low, span = min(day.min(), wanted.min(initial=day.min())), 1 + max(day.max(), wanted.max(initial=day.max()))
    place = np.repeat(np.arange(len(begin) - 1), np.diff(begin))
    keys, sought = place * (span - low) + day - low, at * (span - low) + wanted - low
    found = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
    return np.where(keys[found] == sought, found, -1)


def _split(
    allocations: pd.DataFrame | None,
    places: _Places,
    begin: np.ndarray,
    day: np.ndarray,
    quantity: np.ndarray,
    columns: tuple[str, ...],
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return supply by bucket and column, and where there are any, limits and the days on which quotas are released."""
    left = np.zeros((len(day), len(columns)))
    left[:, -1] = quantity
    if allocations is None or allocations.empty:
        return left, None, None
    bucket = _find(begin, day, places.codes["allocations"], _days(allocations["available_date"]))
    column = pd.Index(columns).get_indexer(allocations["demand_class"])
    amount, kind = allocations["quantity"].to_numpy(dtype=float), allocations["kind"].to_numpy()
    contract = pd.Index(columns).get_indexer(allocations["demand_class"] + CONTRACT)  # -1 = no column of its own
    contract = np.where(contract < 0, column, contract)
    units = kept_units(allocations)
    owed, kept = np.where(contract == column, 0.0, np.minimum(committed_units(allocations), units)), units > 0
    left[bucket[kept], column[kept]] = units[kept] - owed[kept]
    left[bucket[owed > 0], contract[owed > 0]] = owed[owed > 0]
    left[:, -1] = np.maximum(quantity - left[:, :-1].sum(axis=1), 0.0)
    capped, caps = np.isin(kind, ("limit", "both")), None
    if capped.any():
        caps = np.full(left.shape, np.inf)
        for own in (column, contract):
            caps[bucket[capped], own[capped]] = amount[capped]
    release = None
    if "released_date" in allocations and (known := allocations["released_date"].notna().to_numpy() & kept).any():
        release = np.full(left.shape, np.inf)
        release[bucket[known], column[known]] = _days(allocations["released_date"][known])
    return left, caps, release


def _levels(table: pd.DataFrame | None, places: _Places, classes: tuple[str, ...]) -> np.ndarray | None:
    if table is None or table.empty:
        return None
    levels = np.zeros((len(places.table), len(classes)))
    rank = pd.Index(classes).get_indexer(table["demand_class"])
    known = rank >= 0
    levels[places.codes["levels"][known], rank[known]] = table["critical_level"].to_numpy(dtype=float)[known]
    return levels


def _bids(
    supply: pd.DataFrame,
    allocations: pd.DataFrame | None,
    places: _Places,
    begin: np.ndarray,
    day: np.ndarray,
    classes: tuple[str, ...],
) -> np.ndarray | None:
    """Return the highest bid price that supply or allocations tell of a bucket and class."""
    told = [(name, table) for name, table in (("supply", supply), ("allocations", allocations)) if table is not None]
    told = [(name, table) for name, table in told if "bid_price" in table and table["bid_price"].notna().any()]
    if not told:
        return None
    bids = np.full((len(day), len(classes)), -np.inf)
    for name, table in told:
        bucket = _find(begin, day, places.codes[name], _days(table["available_date"]))
        price = table["bid_price"].astype("float64").fillna(-np.inf).to_numpy()
        if name == "supply":
            every = np.full(len(day), -np.inf)
            np.maximum.at(every, bucket, price)
            bids = np.maximum(bids, every[:, None])
        else:
            rank = pd.Index(classes).get_indexer(table["demand_class"])
            known = rank >= 0
            np.maximum.at(bids, (bucket[known], rank[known]), price[known])
    return bids


def _elsewhere(alternatives: pd.DataFrame | None, places: _Places) -> Elsewhere | None:
    if alternatives is None or alternatives.empty:
        return None
    asked, other = places.codes["alternatives"], places.codes["other"]
    cost, days = (_option(alternatives, name, 0.0) for name in ("unit_cost", "transit_days"))
    cost, days = (np.broadcast_to(values, len(asked)) for values in (cost, days))
    order = np.lexsort((days, other, cost, asked))
    order = order[asked[order] != other[order]]
    return Elsewhere(asked[order], other[order], cost[order], np.ceil(days[order]))
