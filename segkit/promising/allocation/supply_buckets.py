"""The supply of item-locations as buckets: one for each day on which something becomes available."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import SettingsError
from segkit.core.ids import id_texts
from segkit.promising.allocation.faults import Faults

PLACE = ["item_id", "location_id"]
BUCKET = [*PLACE, "available_date"]
_FAR = 10_000_000  # days between the keys of two places


@dataclass(frozen=True)
class SupplyBuckets:
    """Buckets sorted by place and day: ``table`` with the key, ``supply`` [units], ``place`` numbers, ``day`` numbers.

    ``expires``: last day on which a bucket may be used, NaT = never. ``places``: item_id and location_id by number.
    """

    table: pd.DataFrame
    supply: np.ndarray
    place: np.ndarray
    day: np.ndarray
    expires: pd.Series
    places: pd.MultiIndex

    def bucket_of(self, place: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the latest bucket of a place not after a day, its first where all are after it: what is asked waits.

        `comes_late` tells where that is so.
        """
        key = self.place * _FAR + self.day
        found = np.searchsorted(key, place * _FAR + day, side="right") - 1
        return np.maximum(found, np.searchsorted(self.place, place, side="left"))

    def comes_late(self, place: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return where the first bucket of a place comes after a day."""
        return self.day[self.bucket_of(place, day)] > day

    def places_of(self, table: pd.DataFrame) -> np.ndarray:
        """Return the number of the place of each row, -1 where it has no supply."""
        if not len(self.places):
            return np.full(len(table), -1)
        return self.places.get_indexer(pd.MultiIndex.from_frame(table[PLACE].apply(id_texts)))


def read_supply(supply: pd.DataFrame, unit: float = 1.0) -> SupplyBuckets:
    """Return supply by place and day; rows that say why they are left out are; raises where it cannot be used.

    ``unit`` is the smallest piece in which it is to be shared out.
    """
    if not (np.isfinite(unit) and unit >= 0):
        raise SettingsError(f"unit is {unit}: give the smallest piece, in units, or 0 for any amount")
    faults = Faults(supply, "supply")
    faults.needs([*BUCKET, "quantity"])
    if "left_out" in supply:
        supply = supply[(supply["left_out"].fillna("") == "").to_numpy()]
        faults.table = supply
    quantity = faults.amounts("quantity")
    dates = faults.days("available_date")
    faults.add("available_date is no date", dates.isna().to_numpy())
    faults.add("item_id or location_id is blank", supply[PLACE].isna().any(axis=1).to_numpy())
    expires = faults.days("expiry_date") if "expiry_date" in supply else pd.Series(pd.NaT, supply.index)
    if "expiry_date" in supply:
        faults.add("expiry_date is no date", (expires.isna() & supply["expiry_date"].notna()).to_numpy())
    faults.add("expiry_date is before available_date", (expires < dates).to_numpy())
    faults.stop("Give item_id, location_id, available_date and a quantity of 0 or more in every row.")
    rows = (
        supply[PLACE]
        .apply(id_texts)
        .assign(
            available_date=dates.dt.normalize().astype("datetime64[us]"),
            supply=quantity,
            expires=expires.astype("datetime64[us]").fillna(pd.Timestamp.max.floor("D").as_unit("us")),
        )
    )
    merged = rows.groupby(BUCKET, as_index=False).agg(supply=("supply", "sum"), expires=("expires", "min"))
    pairs = pd.MultiIndex.from_frame(merged[PLACE])
    places = pairs.drop_duplicates()
    place = places.get_indexer(pairs) if len(places) else np.zeros(0, dtype=np.int64)
    return SupplyBuckets(
        merged[BUCKET], merged["supply"].to_numpy(dtype=float), place, day_numbers(merged["available_date"]),
        merged["expires"], places,
    )  # fmt: skip


def day_numbers(dates: pd.Series) -> np.ndarray:
    """Return dates as days since 1970."""
    return dates.to_numpy(dtype="datetime64[D]").astype(np.int64)
