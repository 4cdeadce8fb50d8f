"""Which item of the sample company is stocked where, and how each such place is supplied."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.sample.facts import facts, number_of

PLANT, NORTH, SOUTH = 0, 1, 2
IN_REGIONS = 105
IN_SOUTH = 250
COVER_DAYS = {"region": 9, "from plant": 12, "plant": 25, "road": 40, "air": 40, "sea": 45}


@dataclass
class Network:
    """Stocked places (an item at a location), as arrays with one entry each.

    ``parent`` is the place above (-1 = none), ``supplier`` the supplier's position (-1 = we make it or move it).
    """

    item: np.ndarray
    location: np.ndarray
    echelon: np.ndarray
    parent: np.ndarray
    supplier: np.ndarray
    lead_days: np.ndarray
    review_days: np.ndarray
    review_offset: np.ndarray
    cover_days: np.ndarray
    multiple: np.ndarray
    least_order: np.ndarray
    place_of_lines: np.ndarray

    @property
    def size(self) -> int:
        """Number of stocked places."""
        return len(self.item)

    @property
    def buys(self) -> np.ndarray:
        """Whether a place is supplied from outside."""
        return self.supplier >= 0

    @property
    def makes(self) -> np.ndarray:
        """Whether a place is where we make the item."""
        return (self.supplier < 0) & (self.parent < 0)

    def reviewed_on(self, day: int) -> np.ndarray:
        """Return which places may order on a day.

        Parameters
        ----------
        day : int
            Days since the start of the simulation.

        Returns
        -------
        array of bool
            One entry per place.
        """
        return (day - self.review_offset) % self.review_days == 0

    def with_downstream(self, amounts: np.ndarray) -> np.ndarray:
        """Return amounts (places x anything) with those of all places below added.

        Parameters
        ----------
        amounts : array
            One row per place.

        Returns
        -------
        array
            Amounts of each place and of all places it supplies.
        """
        total = amounts.astype(float)
        for echelon in (1, 2):
            below = (self.echelon == echelon) & (self.parent >= 0)
            np.add.at(total, self.parent[below], total[below])
        return total

    def lump_size(self, lines: pd.DataFrame) -> np.ndarray:
        """Return the mean square of an item's line sizes over their mean [units], for each place.

        Parameters
        ----------
        lines : DataFrame
            Order lines, one row each.

        Returns
        -------
        array
            Units, one entry per place.
        """
        grouped = lines.assign(square=lines["quantity"] ** 2).groupby("item")[["quantity", "square"]].sum()
        ratio = (grouped["square"] / grouped["quantity"]).reindex(range(self.item.max() + 1)).fillna(1.0)
        return ratio.to_numpy()[self.item]


def draw_network(items: pd.DataFrame, lines: pd.DataFrame, customers: pd.DataFrame) -> Network:
    """Decide what is stocked where: everything in the north, most in the south, the best in the regions.

    Parameters
    ----------
    items : DataFrame
        As ``make_items`` gives them.
    lines : DataFrame
        Order lines, one row each.
    customers : DataFrame
        As ``make_customers`` gives them.

    Returns
    -------
    Network
        Every stocked place, and the place that serves each line.
    """
    stocked = _stocked(items)
    item, location = np.nonzero(stocked)
    place = np.full(stocked.shape, -1)
    place[item, location] = np.arange(len(item))
    echelon = np.array([entry["echelon"] for entry in facts()["location"]])
    names = [entry["id"] for entry in facts()["location"]]
    above = np.array(
        [names.index(entry["supplied_by"]) if entry["supplied_by"] else -1 for entry in facts()["location"]]
    )
    made = items["made"].to_numpy()[item]
    over = above[location]
    parent = np.where((over >= 0) & (made | (echelon[location] == 1)), place[item, over], -1)
    supplier = np.where(parent >= 0, -1, _supplier_numbers(items)[item])
    return Network(
        item=item,
        location=location,
        echelon=echelon[location],
        parent=parent,
        supplier=supplier,
        place_of_lines=_places_of_lines(place, lines, customers),
        **_supply(items, item, location, parent, supplier),
    )


def _stocked(items: pd.DataFrame) -> np.ndarray:
    spare, big = (items["code"] == "SP").to_numpy(), (items["code"] == "BS").to_numpy()
    order = items["rate"].rank(ascending=False, method="first").to_numpy()
    order = np.where(items["role"].isin(["superseded", "successor", "stock_out", "promotion"]), 1, order)
    stocked = np.zeros((len(items), len(facts()["location"])), dtype=bool)
    stocked[:, PLANT] = items["made"]
    stocked[:, NORTH] = True
    stocked[:, SOUTH] = ~spare & (order <= IN_SOUTH)
    stocked[:, SOUTH + 1 :] = (~spare & ~big & (order <= IN_REGIONS))[:, None]
    return stocked


def _supplier_numbers(items: pd.DataFrame) -> np.ndarray:
    return np.array([number_of("supplier", name) if name else -1 for name in items["supplier_id"]])


def _supply(
    items: pd.DataFrame, item: np.ndarray, location: np.ndarray, parent: np.ndarray, supplier: np.ndarray
) -> dict[str, np.ndarray]:
    """Return how each place is supplied: how long it takes, how often one may order, how much at once."""
    outside = supplier >= 0
    suppliers = facts()["supplier"]
    mode = np.array([entry["mode"] for entry in suppliers])[supplier]
    weekday = np.array([["mon", "tue", "wed", "thu", "fri"].index(entry["order_days"]) for entry in suppliers])
    moves = np.array([entry["lead_days"] for entry in facts()["location"]])[location]
    bought = np.array([entry["lead_days"] for entry in suppliers])[supplier]
    region = location > SOUTH
    kind = np.where(outside, mode, np.where(parent < 0, "plant", np.where(region, "region", "from plant")))
    pack = items["pack"].to_numpy()[item]
    dear = items["base_cost"].to_numpy()[item]
    return {
        "lead_days": np.where(outside, bought, np.where(parent < 0, 15, moves)),
        "review_days": np.where(kind == "sea", 14, 7),
        "review_offset": np.where(outside, weekday[supplier], np.where(region, 3, 1)),
        "cover_days": np.array([COVER_DAYS[name] for name in kind]),
        "multiple": np.where(outside, pack, 1),
        "least_order": np.where(outside, np.ceil(np.where(kind == "sea", 400, 150) / dear / pack) * pack, 1),
    }


def _places_of_lines(place: np.ndarray, lines: pd.DataFrame, customers: pd.DataFrame) -> np.ndarray:
    """Serve each line from the customer's regional stock, else from the centre behind it, else from the north."""
    names = [entry["id"] for entry in facts()["location"]]
    near = np.array([names.index(name) for name in customers["location_id"]])[lines["customer"]]
    centre = np.where(np.isin(near, [names.index("LYO"), names.index("MIL"), SOUTH]), SOUTH, NORTH)
    near = np.where(lines["channel"] == "online", centre, near)
    item = lines["item"].to_numpy()
    first, second = place[item, near], place[item, centre]
    return np.where(first >= 0, first, np.where(second >= 0, second, place[item, NORTH]))
