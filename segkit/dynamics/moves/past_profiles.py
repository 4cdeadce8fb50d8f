"""Demand by item and period as it was known on past days, and the profile that follows from it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.masters import are_among, look_up
from segkit.core.settings import Settings
from segkit.dynamics.demand.panel import find_successors
from segkit.dynamics.demand.patterns import ProfileRules, profile_demand
from segkit.dynamics.moves.known import items_known_at

_NEVER = pd.Timestamp(2200, 1, 1)


@dataclass(frozen=True)
class PastDemand:
    """Units and lines sold by item (a row) and period (a column); what was cancelled out later counts until then.

    ``first`` is the first period with a line, ``born`` that of the launch; ``undone`` are the lines cancelled out.
    """

    ids: pd.Index
    items: pd.DataFrame
    starts: np.ndarray
    sold: np.ndarray
    lines: np.ndarray
    first: np.ndarray
    born: np.ndarray
    undone: pd.DataFrame

    @classmethod
    def of(cls, lines: pd.DataFrame, items: pd.DataFrame, ids: pd.Index, starts: np.ndarray) -> "PastDemand":
        """Add up the lines of the items ``ids`` by the periods that begin at ``starts``."""
        item, period = ids.get_indexer(lines["item_id"]), np.searchsorted(starts, lines["period"].to_numpy())
        quantity = np.maximum(lines["quantity"].to_numpy(), 0.0)
        gone = lines["is_reversed"].to_numpy(dtype=bool)
        shape = (len(ids), len(starts))
        cell = (item * shape[1] + period)[~gone]
        sold = np.bincount(cell, weights=quantity[~gone], minlength=shape[0] * shape[1]).astype("float64")
        count = np.bincount(cell[quantity[~gone] > 0], minlength=len(sold))
        first = np.full(len(ids), len(starts))
        np.minimum.at(first, item[~gone], period[~gone])
        launch = look_up(pd.Series(ids, name="item_id"), items, "launch_date").fillna(_NEVER).to_numpy()
        born = np.maximum(np.searchsorted(starts, launch, side="right") - 1, 0)
        undone = lines.loc[gone, ["order_date", "reversed_on"]]
        undone = undone.assign(item=item[gone], period=period[gone], sold=quantity[gone])
        master = items[are_among(items["item_id"], ids)]
        return cls(ids, master, starts, sold.reshape(shape), count.reshape(shape), first, born, undone)

    def profile(self, periods: pd.DataFrame, day: pd.Timestamp, *, settings: Settings) -> pd.DataFrame:
        """Return ``item_profile`` as known on a day, by the periods known then."""
        known = self._known_on(day, settings)
        count = len(periods)
        begin = np.where(known.first < count, np.minimum(known.first, known.born), count)
        item, period = np.nonzero(np.arange(count) >= begin[:, None])
        panel = pd.DataFrame({"item_id": item, "location_id": 0, "demand_class": 0, "period": self.starts[period]})
        complete = periods["complete"].to_numpy()[period]
        panel = panel.assign(quantity=known.sold[item, period], lines=known.lines[item, period], complete=complete)
        master = known.items.assign(item_id=self.ids.get_indexer(known.items["item_id"]))
        rules = ProfileRules(settings.patterns, settings.life_cycle)
        profile = profile_demand(panel, master, rules=rules)
        return profile.assign(item_id=pd.Series(self.ids.take(profile["item_id"].astype("int64")), dtype="str"))

    def _known_on(self, day: pd.Timestamp, settings: Settings) -> "PastDemand":
        """Return the demand with what was not yet cancelled out, and under the successors that were known."""
        items = items_known_at(self.items, day)
        undone = self.undone[((self.undone["order_date"] <= day) & (self.undone["reversed_on"] > day)).to_numpy()]
        heirs = find_successors(items) if settings.items.superseded == "inherit" else pd.Series(dtype="str")
        heirs = heirs[heirs.index.isin(self.ids)]
        sold, lines, first = self.sold.copy(), self.lines.copy(), self.first.copy()
        np.add.at(sold, (undone["item"], undone["period"]), undone["sold"])
        np.add.at(lines, (undone["item"], undone["period"]), undone["sold"] > 0)
        np.minimum.at(first, undone["item"], undone["period"])
        old, new = self.ids.get_indexer(heirs.index), self.ids.get_indexer(heirs)
        for table in (sold, lines):
            np.add.at(table, new, table[old])
        np.minimum.at(first, new, first[old])
        first[old] = len(self.starts)
        return PastDemand(self.ids, items, self.starts, sold, lines, first, self.born, undone)
