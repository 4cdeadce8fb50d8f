"""What of the demand contracts cover: the rest is what a rule shares supply out for."""

import numpy as np
import pandas as pd

from segkit.promising.allocation.faults import Faults
from segkit.promising.allocation.supply_buckets import BUCKET, PLACE, SupplyBuckets, day_numbers, read_supply
from segkit.promising.given_tables import id_texts
from segkit.promising.promise_terms import committed_units

_OF = ["place", "cls"]


def demand_left(demand: pd.DataFrame, supply: pd.DataFrame, allocations: pd.DataFrame) -> pd.DataFrame:
    """Return demand with what of it contracts cover, so that no supply is kept for it a second time.

    Parameters
    ----------
    demand : DataFrame
        As `allocate_by_rank` or `allocate_nested` takes it.
    supply : DataFrame
        As `allocate_by_number` takes it: all of it, before contracts.
    allocations : DataFrame
        Table of that name, of `allocate_commitments`.

    Returns
    -------
    DataFrame
        Demand with ``committed``, what contracts cover of each row [units]: what a bucket keeps for a class covers what
        the class asks of it and of later ones, the earliest first. Rules share supply out for the rest: the mean
        less it, and where they ask for a distribution max(demand - committed, 0). What is more than all of the mean
        stands in the last row. Without periods, a row for each bucket (dated by it) where a place with contracts
        has several: `allocate_by_margin` needs periods there.

    Raises
    ------
    DataError
        Where columns lack.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("gold", "silver")])
    >>> owed = supply.assign(demand_class="silver", quantity=20.0, kind="reservation", committed=20.0)
    >>> demand_left(demand, supply, owed)["committed"].tolist()
    [0.0, 20.0]
    """
    buckets = read_supply(supply)
    Faults(demand, "demand").needs([*PLACE, "demand_class", "mean"])
    Faults(allocations, "allocations").needs([*BUCKET, "demand_class", "quantity", "kind"])
    units = committed_units(allocations)
    kept, units = allocations[units > 0], units[units > 0]
    at = buckets.places_of(kept)
    if "period" not in demand and (np.bincount(buckets.place)[at] > 1).any():
        demand = _of_every_bucket(demand, buckets)
    place = buckets.places_of(demand)
    known = np.flatnonzero(place >= 0)
    covered = np.zeros(len(demand))
    if len(known) and len(kept):
        rows = demand.iloc[known]
        asked = _moves(rows, place[known], "period", _amounts(rows), buckets).assign(row=known)
        owed = _moves(kept, at, "available_date", -units, buckets).assign(row=-1)
        found = _cover(pd.concat([owed, asked]))
        covered[found.index] = found
    return demand.assign(committed=covered)


def _amounts(demand: pd.DataFrame) -> np.ndarray:
    return np.maximum(pd.to_numeric(demand["mean"], errors="coerce").fillna(0.0).to_numpy(dtype=float), 0.0)


def _moves(
    table: pd.DataFrame, place: np.ndarray, date: str, units: np.ndarray, buckets: SupplyBuckets
) -> pd.DataFrame:
    """Return rows as what is asked (above 0) or kept (below 0) of a bucket, by place and class."""
    day = buckets.day[np.searchsorted(buckets.place, place)]
    if date in table:
        day = day_numbers(Faults(table, "demand").days(date).fillna(pd.Timestamp(0)))
    told = {"place": place, "cls": id_texts(table["demand_class"]).to_numpy(), "bucket": buckets.bucket_of(place, day)}
    return pd.DataFrame({**told, "day": day, "units": units})


def _cover(moves: pd.DataFrame) -> pd.Series:
    """Return by row what is covered: asked less the rise of the most by which what is asked exceeds what is kept."""
    moves = moves.assign(asks=moves["units"] > 0)
    moves = moves.sort_values([*_OF, "bucket", "asks", "day"], kind="stable", ignore_index=True)
    gap = moves.groupby(_OF)["units"].cumsum()
    short = gap.clip(lower=0.0).groupby([moves[name] for name in _OF]).cummax()
    rise = short.groupby([moves[name] for name in _OF]).diff().fillna(short)
    covered = (moves["units"] - rise).clip(lower=0.0)
    last = moves["asks"] & ~moves[moves["asks"]].duplicated(_OF, keep="last").reindex(moves.index, fill_value=True)
    covered += (short - gap).where(last, 0.0).clip(lower=0.0)
    rows = moves["asks"].to_numpy()
    return pd.Series(covered.to_numpy()[rows], index=moves["row"].to_numpy()[rows])


def _of_every_bucket(demand: pd.DataFrame, buckets: SupplyBuckets) -> pd.DataFrame:
    """Return demand as often as its place has buckets, dated by them; as it is where there is no supply."""
    days = buckets.table.rename(columns={"available_date": "period"})
    named = demand.assign(**{name: id_texts(demand[name]) for name in PLACE})
    made = named.merge(days, "left", PLACE)
    return made.fillna({"period": buckets.table["available_date"].min()})
