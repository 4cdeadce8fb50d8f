"""Demand as it came, day by day or period by period: what policies are replayed on."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from segkit.inventory.policies.places import PLACE


@dataclass(frozen=True)
class CameDemand:
    """Demand of item-locations in steps of ``step_days``: ``places`` a row each, ``starts`` first days of the steps.

    ``quantity`` (places, steps) [units]; ``known`` tells where demand is not hidden by a stock-out. ``found`` keeps the
    rows of tables of places that were asked for, beside the tables themselves.
    """

    places: pd.DataFrame
    starts: pd.DatetimeIndex
    step_days: float
    quantity: np.ndarray
    known: np.ndarray
    found: dict[int, tuple[pd.DataFrame, np.ndarray]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def steps_a_year(self) -> float:
        """How many steps a year has."""
        return 365.25 / self.step_days

    def of(self, rows: np.ndarray) -> "CameDemand":
        """Return the demand of some of the places."""
        places = self.places.iloc[rows].reset_index(drop=True)
        return replace(self, places=places, quantity=self.quantity[rows], known=self.known[rows], found={})

    def taken(self, unit: np.ndarray) -> np.ndarray:
        """Return what is taken out of stocks step by step, also where demand is hidden, in whole ``unit`` by place.

        There it is what was sold, and at least the mean of the steps of the place that are known: a stock that nothing
        is taken from would be held, and serve the steps after it, as no real one does.

        Examples
        --------
        >>> place = pd.DataFrame({"item_id": ["A"], "location_id": ["L"]})
        >>> known = np.array([[True, False, False, True]])
        >>> weeks = pd.date_range("2024-01-01", periods=4, freq="W-MON")
        >>> came = CameDemand(place, weeks, 7.0, np.array([[2.0, 0.0, 3.0, 1.0]]), known)
        >>> came.taken(np.ones(1)).tolist()
        [[2.0, 2.0, 3.0, 1.0]]
        """
        if self.known.all():
            return self.quantity
        seen = self.known.sum(axis=1)
        mean = (self.quantity * self.known).sum(axis=1) / np.maximum(seen, 1) / unit
        upto = np.floor(np.cumsum(mean[:, None] * ~self.known, axis=1) + 0.5)
        hidden = np.diff(upto, axis=1, prepend=0.0) * unit[:, None]
        return np.where(self.known, self.quantity, np.maximum(self.quantity, hidden))

    def place_of(self, places: pd.DataFrame) -> np.ndarray:
        """Return the row of each place; -1 where it has none."""
        if id(places) not in self.found:
            own = pd.MultiIndex.from_frame(self.places[PLACE])
            self.found[id(places)] = places, own.get_indexer(pd.MultiIndex.from_frame(places[PLACE]))
        return self.found[id(places)][1]


def demand_by_day(lines: pd.DataFrame, places: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp) -> CameDemand:
    """Return what was ordered of every place on every day.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``; item_id as demand is planned. Returns and reversed lines are no demand.
    places : DataFrame
        item_id, location_id, one row each, sorted.
    first, last : Timestamp
        First and last day.
    """
    days = pd.date_range(first, last, freq="D")
    meant = (lines["quantity"] > 0).to_numpy() & ~lines["is_reversed"].to_numpy(dtype=bool)
    meant &= lines["order_date"].between(first, last).to_numpy()
    asked = lines[meant]
    row = pd.MultiIndex.from_frame(places[PLACE]).get_indexer(pd.MultiIndex.from_frame(asked[PLACE]))
    day = (
        asked["order_date"].to_numpy().astype("datetime64[D]") - days[0].to_datetime64().astype("datetime64[D]")
    ).astype(int)
    there = row >= 0
    cells = row[there] * len(days) + day[there]
    total = np.bincount(cells, asked["quantity"].to_numpy()[there], len(places) * len(days))
    quantity = total.reshape(len(places), len(days))
    return CameDemand(places[PLACE].reset_index(drop=True), days, 1.0, quantity, np.ones(quantity.shape, dtype=bool))


def demand_by_period(
    demand: pd.DataFrame, places: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp, period_days: float
) -> CameDemand:
    """Return what was sold of every place in every period; where stock was out, demand is not known.

    Parameters
    ----------
    demand : DataFrame
        Table ``demand``.
    places : DataFrame
        item_id, location_id, one row each, sorted.
    first, last : Timestamp
        Days between which periods begin.
    period_days : float
        Days of a period.
    """
    some = demand[demand["period"].between(first, last).to_numpy() & demand["complete"].to_numpy(dtype=bool)]
    starts = pd.DatetimeIndex(np.sort(some["period"].unique()))
    row = pd.MultiIndex.from_frame(places[PLACE]).get_indexer(pd.MultiIndex.from_frame(some[PLACE]))
    column = starts.get_indexer(pd.DatetimeIndex(some["period"]))
    there = row >= 0
    cells = row[there] * len(starts) + column[there]
    shape = (len(places), len(starts))
    size = shape[0] * shape[1]
    quantity = np.bincount(cells, some["quantity"].to_numpy()[there], size).reshape(shape)
    cut = np.bincount(cells, some["censored"].to_numpy(dtype=float)[there], size).reshape(shape) > 0
    return CameDemand(places[PLACE].reset_index(drop=True), starts, period_days, quantity, ~cut)
