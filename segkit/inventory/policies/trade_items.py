"""Items between which stock and service are traded, from what policies are sized from."""

import numpy as np
import pandas as pd

from segkit.inventory.forecasting import quantile_name
from segkit.inventory.policies.gathered import NONE, Sizing
from segkit.inventory.policies.places import PLACE

_YEAR = 365.25
_LEAST_SHORT, _MOST = 1e-3, 20.0
WEIGHTS = {"margin": "margin", "revenue": "revenue", "lines": "lines", "units": "demand"}


def list_trade_items(
    sizing: Sizing, policies: pd.DataFrame, segments: pd.DataFrame, value: pd.DataFrame
) -> pd.DataFrame:
    """Return the item-locations that rules stock, as `trade_stock_for_service` and `price_segmentation` take them.

    Parameters
    ----------
    sizing : Sizing
        What policies are sized from.
    policies : DataFrame
        Table of that name, of the same item-locations: their levels are where the company stands.
    segments : DataFrame
        Table ``item_segments``: abc, xyz, segment.
    value : DataFrame
        Table ``item_value``: units per order line.

    Returns
    -------
    DataFrame
        Those with demand, unit cost, holding cost and margin, of a year, as lost sales would take it away.
        cycle_stock makes the stock at the policies' own levels what they expect.
    """
    costs, demand, lots = sizing.costs, sizing.covered.demand, sizing.covered.lots
    year, review = sizing.demand_year, sizing.rules["review_days"].clip(lower=1.0).to_numpy()
    lot = policies["order_quantity"].fillna(pd.Series(lots)).to_numpy()
    single = lot <= lots * (1 + 1e-9)  # whatever is missing is ordered; else stock runs down to the reorder point
    level = np.where(single, policies["order_up_to"], policies["reorder_point"])
    over = _over(sizing, level)
    frame = sizing.rules[PLACE].assign(
        unit_cost=costs["unit_cost"].to_numpy(),
        holding_cost=costs["holding_cost"].to_numpy(),
        demand=year,
        order_quantity=_served_per_cycle(policies, np.maximum(lot, year * review / _YEAR), over),
        margin=year * costs["unit_margin"].clip(lower=0.0).to_numpy(),
        revenue=year * costs["unit_price"].clip(lower=0.0).to_numpy(),
        stock_target=level,
        cycle_stock=_on_top(sizing, policies, level + over, lot),
    )
    line = value.set_index("item_id")["quantity"] / value.set_index("item_id")["lines"]
    frame["lines"] = frame["demand"] / frame["item_id"].map(line).astype("float64").clip(lower=1e-9)
    for place, chance in enumerate(demand.chances):
        frame[quantile_name(chance)] = demand.whole[:, place] * lots
    known = segments.drop_duplicates("item_id").set_index("item_id")
    for name in ("abc", "xyz", "segment"):
        told = frame["item_id"].map(known[name]).astype("str")
        frame[name] = told.fillna("").replace("", "(none)").to_numpy(dtype=object)
    stocked = (sizing.rules["policy"] != NONE).to_numpy() & (frame["demand"] > 0).to_numpy()
    figures = frame[["unit_cost", "holding_cost", "margin", "revenue", "lines", "stock_target"]]
    there = np.isfinite(figures.to_numpy(dtype=float)).all(axis=1) & (frame["holding_cost"] > 0).to_numpy()
    return frame[stocked & there].reset_index(drop=True)


def distinct_points(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the points of an exchange curve, once each; segments that weigh nothing have none.

    Parameters
    ----------
    curve : DataFrame
        From `trade_stock_for_service`.
    """
    known = curve[curve["fill_rate"].notna().to_numpy()]
    return known.drop_duplicates(["rule", "segment", "fill_rate"], ignore_index=True)


def _over(sizing: Sizing, level: np.ndarray) -> np.ndarray:
    """Return by how much demand that stock must cover exceeds the levels on average. [units]."""
    from segkit.formulas.demand_curves import expected_shortage

    demand, lots = sizing.covered.demand, sizing.covered.lots
    return expected_shortage(demand.whole, demand.chances, np.nan_to_num(level) / lots) * lots


def _served_per_cycle(policies: pd.DataFrame, lot: np.ndarray, over: np.ndarray) -> np.ndarray:
    """Return the units served per cycle at which what is short per cycle gives the fill_rate that policies have.

    The exchange counts all that exceeds stock in a cycle as short in it; policies know that a part was short before.
    """
    short = 1.0 - policies["fill_rate"].to_numpy()
    told = (short > _LEAST_SHORT) & (over > 0)
    served = over / np.where(told, short, 1.0)
    return np.where(told, np.clip(served, lot / _MOST, _MOST * lot), lot)


def _on_top(sizing: Sizing, policies: pd.DataFrame, reach: np.ndarray, lot: np.ndarray) -> np.ndarray:
    """Return what lies there besides what is left of the level, half a lot where the policy tells none. [units]."""
    left = reach - sizing.covered.demand.moments[0] * sizing.covered.lots
    stock = policies["stock"].to_numpy(dtype=float)
    return np.where(np.isfinite(stock), np.maximum(stock - left, 0.0), lot / 2)


def served_weight(items: pd.DataFrame, policies: pd.DataFrame, weight: str) -> float:
    """Return the fill_rate (P2) that policies are expected to give all items together, under a weight. [0-1].

    Parameters
    ----------
    items : DataFrame
        From `list_trade_items`.
    policies : DataFrame
        Table of that name.
    weight : str
        Column of the items.
    """
    both = items[[*PLACE, weight]].merge(policies[[*PLACE, "fill_rate"]], on=PLACE)
    whole = both[weight].sum()
    return float((both[weight] * both["fill_rate"]).sum() / whole) if whole > 0 else np.nan
