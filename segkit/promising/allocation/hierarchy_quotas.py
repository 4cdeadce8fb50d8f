"""Supply handed down a hierarchy of customers, from the top to the groups that order."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segkit.core.ids import id_texts
from segkit.formulas.hierarchy_split import (
    hand_down_by_rank,
    hand_down_by_share,
    hand_down_per_committed,
    nodes_in_circles,
)
from segkit.promising.allocation.class_demand import demand_of_buckets, read_demand, whole_pieces
from segkit.promising.allocation.faults import Faults
from segkit.promising.allocation.quota_rows import Figures, allocation_rows
from segkit.promising.allocation.supply_buckets import SupplyBuckets, read_supply


def allocate_down_by_rank(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    hierarchy: pd.DataFrame,
    *,
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas down a customer hierarchy where, under each node, the best rank is served its forecast first.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    demand : DataFrame
        As `allocate_by_rank` takes it; demand_class = a node without nodes below it.
    hierarchy : DataFrame
        node, parent (blank = top), rank (1 = first among the nodes of a parent; ties by name).
    unit : float
        Smallest piece; forecasts are rounded up to it; 0 = any amount. [units]
    release_days : float, optional
        A quota is released so many days before the next bucket of the place arrives; default never. [days]

    Returns
    -------
    DataFrame
        Table ``allocations``: reservations of the nodes that order; of those above a neutral row with all that came
        to them; what they did not hand down is for all. `promise_orders` needs only the reservations.

    Raises
    ------
    DataError
        Negative figures; nodes in a circle, told twice, under an unknown parent; demand of an inner or unknown node.

    References
    ----------
    Kilger & Meyr, Demand Fulfilment and ATP, in Stadtler, Kilger & Meyr (eds), Supply Chain Management and Advanced
    Planning, 5e, sec. 9.4.4.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("north", "south")])
    >>> tree = pd.DataFrame({"node": ["all", "north", "south"], "parent": ["", "all", "all"], "rank": [1, 2, 1]})
    >>> made = allocate_down_by_rank(supply, demand, tree)
    >>> dict(zip(made["demand_class"], made["quantity"]))
    {'all': 60.0, 'north': 10.0, 'south': 50.0}
    """
    buckets, tree = read_supply(supply, unit), _Tree(hierarchy, "rank")
    asked = _asked(demand, buckets, tree, unit)
    got = hand_down_by_rank(_pieces(buckets, unit), tree.parent, asked, tree.amount)
    return _rows(buckets, tree, got, "hierarchy by rank", release_days)


def allocate_down_per_committed(
    supply: pd.DataFrame,
    demand: pd.DataFrame,
    hierarchy: pd.DataFrame,
    *,
    unit: float = 1.0,
    release_days: float | None = None,
) -> pd.DataFrame:
    """Return quotas down a customer hierarchy where the nodes below a node share by what is forecast for them.

    Parameters
    ----------
    supply, demand
        As `allocate_down_by_rank` takes them.
    hierarchy : DataFrame
        node, parent (blank = top).
    unit, release_days
        As `allocate_down_by_rank` takes them.

    Returns
    -------
    DataFrame
        As `allocate_down_by_rank`.

    Raises
    ------
    DataError
        As `allocate_down_by_rank`.

    References
    ----------
    Kilger & Meyr (as `allocate_down_by_rank`), sec. 9.4.4.

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> demand = pd.DataFrame([{**place, "demand_class": one, "mean": 50.0} for one in ("north", "south")])
    >>> tree = pd.DataFrame({"node": ["all", "north", "south"], "parent": ["", "all", "all"]})
    >>> allocate_down_per_committed(supply, demand, tree)["quantity"].tolist()
    [60.0, 30.0, 30.0]
    """
    buckets, tree = read_supply(supply, unit), _Tree(hierarchy, None)
    asked = _asked(demand, buckets, tree, unit)
    piece = np.full(len(asked), float(unit))
    got = hand_down_per_committed(buckets.supply, tree.parent, asked, unit=piece)
    return _rows(buckets, tree, got, "hierarchy per committed", release_days)


def allocate_down_by_share(
    supply: pd.DataFrame, hierarchy: pd.DataFrame, *, unit: float = 1.0, release_days: float | None = None
) -> pd.DataFrame:
    """Return quotas down a customer hierarchy where each node has a fixed share of what its parent has.

    Parameters
    ----------
    supply : DataFrame
        As `allocate_by_number` takes it.
    hierarchy : DataFrame
        node, parent (blank = top), share (0 to 1; of tops: in the supply).
    unit, release_days
        As `allocate_down_by_rank` takes them.

    Returns
    -------
    DataFrame
        As `allocate_down_by_rank`.

    Raises
    ------
    DataError
        As `allocate_down_by_rank`; where shares under a node are above 100 %.

    References
    ----------
    Kilger & Meyr (as `allocate_down_by_rank`), sec. 9.4.4 (fixed split).

    Examples
    --------
    >>> place = {"item_id": "SKU-1", "location_id": "A"}
    >>> supply = pd.DataFrame([{**place, "available_date": pd.Timestamp("2025-06-02"), "quantity": 60.0}])
    >>> tree = pd.DataFrame({"node": ["all", "north"], "parent": ["", "all"], "share": [1.0, 0.4]})
    >>> allocate_down_by_share(supply, tree)["quantity"].tolist()
    [60.0, 24.0]
    """
    buckets, tree = read_supply(supply, unit), _Tree(hierarchy, "share")
    piece = np.full(len(buckets.supply), float(unit))
    got = hand_down_by_share(buckets.supply, tree.parent, tree.amount, unit=piece)
    return _rows(buckets, tree, got, "hierarchy by share", release_days)


class _Tree:
    """The nodes by name, the place of each one's parent (-1 = top), and their ranks or shares."""

    def __init__(self, hierarchy: pd.DataFrame, column: str | None) -> None:
        faults = Faults(hierarchy, "hierarchy")
        faults.needs(["node", "parent", *([column] if column else [])])
        named = {name: id_texts(hierarchy[name]).fillna("") for name in ("node", "parent")}
        table = hierarchy.assign(**named).sort_values("node", ignore_index=True)
        faults.table = table
        self.nodes = tuple(table["node"])
        above = table["parent"].to_numpy(dtype=object)
        faults.add("node is blank", (table["node"] == "").to_numpy())
        faults.add("the node is told again", table["node"].duplicated().to_numpy())
        known = pd.Index(table["node"].drop_duplicates())
        self.parent = np.where(above == "", -1, known.get_indexer(above))
        faults.add("the parent is no node", (self.parent < 0) & (above != ""))
        circle = np.zeros(len(table), dtype=bool)
        if len(known) == len(table):
            circle[nodes_in_circles(self.parent)] = True
            faults.add("the node is above itself", circle)
        self.amount = faults.amounts(column) if column else np.zeros(len(table))
        self.inner = np.isin(np.arange(len(table)), self.parent)
        if column == "share":
            self._shares(faults)
        faults.stop("Give each node once, with the node above it (blank for a top).")

    def _shares(self, faults: Faults) -> None:
        total = np.bincount(self.parent + 1, self.amount, len(self.nodes) + 1)
        faults.add("shares beside it are together above 100 %", total[self.parent + 1] > 1 + 1e-9)


def _asked(demand: pd.DataFrame, buckets: SupplyBuckets, tree: _Tree, unit: float) -> np.ndarray:
    rows = read_demand(demand, buckets, tree.nodes, worth=False)
    faults = Faults(demand, "demand")
    inner = [node for node, is_inner in zip(tree.nodes, tree.inner, strict=True) if is_inner]
    faults.add("demand_class has nodes below it", id_texts(demand["demand_class"]).isin(inner).to_numpy())
    faults.stop("Give demand of nodes without others below them; it is added up.")
    return whole_pieces(demand_of_buckets(rows, buckets, len(tree.nodes)).mean, unit)


def _pieces(buckets: SupplyBuckets, unit: float) -> np.ndarray:
    return np.floor(buckets.supply / unit + 1e-9) * unit if unit > 0 else buckets.supply


def _rows(buckets: SupplyBuckets, tree: _Tree, got: np.ndarray, rule: str, release_days: float | None) -> pd.DataFrame:
    kind = np.broadcast_to(np.where(tree.inner, "neutral", "reservation").astype(object), got.shape)
    nodes: Sequence[str] = tree.nodes
    figures: Figures = {"quantity": got, "kind": kind, "rule": rule}
    return allocation_rows(buckets, nodes, figures, release_days=release_days)
