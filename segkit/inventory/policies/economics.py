"""What stock costs and what a shortage costs at every item-location, and in what lots it comes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.masters import look_up

_YEAR = 365.25


@dataclass(frozen=True)
class CostRules:
    """What holding costs a year as a share of unit cost, an order line in currency, a unit short times its margin.

    None = not known. ``margin`` as in settings ``policies``.
    """

    holding_rate: float | None
    order_cost: float | None
    shortage_cost_factor: float
    margin: str = "contribution"


def cost_places(
    places: pd.DataFrame, items: pd.DataFrame, item_value: pd.DataFrame, *, rules: CostRules, currency: str
) -> pd.DataFrame:
    """Return the costs and lots of item-locations.

    Parameters
    ----------
    places : DataFrame
        item_id, location_id, one row each.
    items : DataFrame
        Table ``items``: moq, order_multiple, shelf_life_days; unit_cost where nothing was sold.
    item_value : DataFrame
        Table of that name: cost and net margin of what was sold.
    rules : CostRules
        Named assumptions.
    currency : str
        Currency of the plan; a master's cost in another one is not taken.

    Returns
    -------
    DataFrame
        unit_cost, unit_price, unit_margin [currency/unit] (blank = not known), units_sold [units] (blank = nothing
        sold), holding_cost [currency/unit/year] and shortage_cost [currency/unit] (blank = not known), moq,
        order_multiple [units], shelf_life_days. A row per place, in the order of the places.
    """
    ids = places["item_id"]
    sold = look_up(ids, item_value, "quantity").where(lambda cells: cells > 0)
    cost, revenue = (look_up(ids, item_value, name) / sold for name in ("cost", "revenue"))
    margin = (
        ids.map(_with_margin(item_value, rules.margin).set_index("item_id")["margin_taken"]).astype("float64") / sold
    )
    planned = look_up(ids, items, "unit_cost")
    if "currency" in items:
        planned = planned.where(look_up(ids, items, "currency").fillna(currency) == currency)
    unit_cost = cost.where(cost > 0, planned)
    table = places[["item_id", "location_id"]].assign(
        unit_cost=unit_cost, unit_price=revenue, unit_margin=margin, units_sold=sold
    )
    held = np.nan if rules.holding_rate is None else rules.holding_rate
    table["holding_cost"] = unit_cost * held
    table["shortage_cost"] = margin.clip(lower=0.0) * rules.shortage_cost_factor
    for name in ("moq", "order_multiple", "shelf_life_days"):
        table[name] = look_up(ids, items, name).to_numpy(dtype=float)
    return table


def _with_margin(item_value: pd.DataFrame, margin: str) -> pd.DataFrame:
    if margin == "net_margin":
        return item_value.assign(margin_taken=item_value["net_margin"])
    spent = item_value[["freight_out", "payment_cost"]].fillna(0.0).sum(axis=1)
    return item_value.assign(margin_taken=item_value["gross_margin"] - spent)


def order_lots(
    costs: pd.DataFrame,
    demand_year: np.ndarray,
    review_days: np.ndarray,
    policy: pd.Series,
    *,
    order_cost: float | None,
) -> np.ndarray:
    """Return how many units an order has at least: in what lots the policy moves stock.

    Parameters
    ----------
    costs : DataFrame
        From `cost_places`.
    demand_year, review_days : array
        Expected demand [units/year], and days between reviews.
    policy : Series
        order_up_to orders what is missing, in no larger lots than it must; min_max and reorder_quantity order economic
        lots, where the cost of an order is known, else demand of a review.
    order_cost : float, optional
        Cost of an order line. [currency]

    Returns
    -------
    array
        Whole multiples of order_multiple, no fewer than moq. [units]
    """
    multiple = costs["order_multiple"].fillna(0.0).to_numpy()
    multiple = np.where(multiple > 0, multiple, 1.0)
    wanted = np.zeros(len(costs))
    lots = policy.isin(["min_max", "reorder_quantity"]).to_numpy()
    wanted[lots] = (demand_year * review_days / _YEAR)[lots]
    if order_cost is not None:
        holding = costs["holding_cost"].to_numpy()
        known = lots & (holding > 0)
        wanted[known] = np.maximum(wanted, np.sqrt(2 * order_cost * demand_year / np.where(known, holding, 1.0)))[known]
    least = np.maximum(wanted, costs["moq"].fillna(0.0).to_numpy())
    return np.maximum(np.ceil(least / multiple - 1e-9), 1.0) * multiple
