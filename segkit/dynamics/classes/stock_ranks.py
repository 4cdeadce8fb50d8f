"""The cost criterion of items: which of them deserve stock first."""

import numpy as np
import pandas as pd

from segkit.core.masters import look_up
from segkit.core.periods import periods_per_year
from segkit.core.settings import Settings
from segkit.formulas.inventory_criteria import cost_criterion, economic_order_quantity


def add_cost_criterion(item_value: pd.DataFrame, item_profile: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return items with the cost criterion margin·D / (h·Q), Q being the economic lot on mean demand.

    Parameters
    ----------
    item_value : DataFrame
        Table ``item_value``: margin and cost per unit are those of the window.
    item_profile : DataFrame
        Table ``item_profile``: mean_demand [units/period].
    settings : Settings
        ``assume.order_cost`` (K), ``assume.holding_rate`` (h = rate x unit cost) and the length of a period.

    Returns
    -------
    DataFrame
        ``item_value`` with cost_criterion [1/year]: missing where order_cost or holding_rate is not set, where an item
        has no known cost, no net sales in the window, or no demand.
    """
    assume = settings.assume
    if assume.order_cost is None or assume.holding_rate is None:
        return item_value.assign(cost_criterion=np.nan)
    sold = item_value["quantity"].where(item_value["quantity"] > 0)
    demand = look_up(item_value["item_id"], item_profile, "mean_demand") * periods_per_year(settings.periods)
    holding = assume.holding_rate * item_value["cost"] / sold
    lot = economic_order_quantity(demand, assume.order_cost, holding.where(holding > 0))
    return item_value.assign(cost_criterion=cost_criterion(item_value["net_margin"] / sold, demand, holding, lot))
