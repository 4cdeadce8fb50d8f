"""What of the open orders of a plan can leave today: promises that are due, from the stock on hand now."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.errors import SettingsError, list_problems
from segkit.core.promising_settings import Promising
from segkit.promising.backorder_segments import sort_problems
from segkit.promising.release import release_deliveries
from segkit.promising.supply import days_by_name

_KEY, PLACE = ["order_id", "line_id"], ["item_id", "location_id"]
_RANK = "class_rank"


def block_unpaid(lines: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return order lines with credit_block: whether nothing is released to their customer.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["CUST-1", "CUST-2"]})
    >>> customers = pd.DataFrame({"customer_id": ["CUST-1"], "credit_block": [True]})
    >>> block_unpaid(lines, customers)["credit_block"].tolist()
    [True, False]
    """
    if "credit_block" not in customers:
        return lines.assign(credit_block=False)
    blocked = customers["credit_block"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    return lines.assign(credit_block=lines["customer_id"].isin(customers.loc[blocked, "customer_id"]))


def release_open_orders(
    opened: pd.DataFrame,
    trace: pd.DataFrame,
    supply: pd.DataFrame,
    *,
    classes: Sequence[str],
    transit_days: dict[str, float],
    as_of: date,
    rules: Promising,
) -> pd.DataFrame:
    """Return ``delivery_release``: what of the promises of open orders is released on a day, line after line.

    Parameters
    ----------
    opened : DataFrame
        Table ``open_orders`` with credit_block.
    trace : DataFrame
        Table ``promises``.
    supply : DataFrame
        Table ``supply``; its stock on hand is given out.
    classes : sequence of str
        Classes of customers, best first: class_rank 1, 2, ...
    transit_days : dict of str to float
        Days from leaving a location to the customer, as `measure_transit` gives them.
    as_of : date
        Day of the release.
    rules : Promising
        release_by.

    Returns
    -------
    DataFrame
        A row per open line that is promised to.

    Raises
    ------
    SettingsError
        ``promising.release_by`` names columns that open orders do not have.

    Notes
    -----
    What has to be with the customer on a day is due to leave its days of transit before. What another item or place
    delivers, or is made to order, is not due from the stock of the place asked for.
    """
    ranks = {name: float(rank) for rank, name in enumerate(classes, start=1)}
    lines = opened[(opened["left_out"] == "").to_numpy()].reset_index(drop=True)
    lines = lines.assign(**{_RANK: lines["demand_class"].map(ranks).astype(float)})
    if unknown := sort_problems(tuple(rules.release_by), list(lines.columns)):
        raise SettingsError(list_problems("promising.release_by cannot be used", unknown))
    if lines.empty:
        return empty_table("delivery_release")
    own = (trace["supply_item_id"] == trace["item_id"]) & (trace["supply_location_id"] == trace["location_id"])
    held = trace[(own & trace["available_date"].notna()).to_numpy()].reset_index(drop=True)
    held = held.assign(available_date=held["available_date"] - days_by_name(held["location_id"], transit_days))
    leaves = lines["requested_date"] - days_by_name(lines["location_id"], transit_days)
    stock = supply[(supply["kind"] == "on_hand").to_numpy()].groupby(PLACE, as_index=False)["quantity"].sum()
    made = release_deliveries(
        lines.assign(requested_date=leaves),
        held[[*_KEY, "available_date", "quantity"]],
        stock.rename(columns={"quantity": "on_hand"}),
        day=as_of,
        sort=rules.release_by,
    )
    asked = lines[[*_KEY, "requested_date"]].astype({"requested_date": made["requested_date"].dtype})
    return made.drop(columns="requested_date").merge(asked, on=_KEY, how="left")[list(made.columns)]
