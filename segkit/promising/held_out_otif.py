"""On time, in full in the held-out months of a plan, under every definition."""

from datetime import date

import pandas as pd

from segkit.core.columns import empty_table
from segkit.core.promising_settings import Promising
from segkit.promising.otif import measure_otif


def first_held_out_day(as_of: date, *, rules: Promising) -> pd.Timestamp:
    """Return the first day of the months on which promises are judged.

    Examples
    --------
    >>> first_held_out_day(date(2025, 12, 31), rules=Promising(holdout_months=6))
    Timestamp('2025-07-01 00:00:00')
    """
    return pd.Timestamp(as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=rules.holdout_months)


def grid_otif(dated: pd.DataFrame, *, as_of: date, rules: Promising) -> pd.DataFrame:
    """Return ``otif``: all order lines of the held-out months under every definition, together and by class.

    Parameters
    ----------
    dated : DataFrame
        Order lines with their dates and demand_class, from `date_lines`.
    as_of : date
        Last day known.
    rules : Promising
        holdout_months.

    Returns
    -------
    DataFrame
        By entity all and demand_class.
    """
    kinds = empty_table("otif").dtypes
    first = first_held_out_day(as_of, rules=rules)
    lines = dated[((dated["order_date"] >= first) & ~dated["is_reversed"].astype(bool)).to_numpy()]
    known = [name for name in ("requested_date", "promised_date") if lines[name].notna().any()]
    if lines.empty or not known or lines["delivered_date"].isna().all():
        return empty_table("otif")
    kept = lines[["order_id", "quantity", "delivered_date", "demand_class", *known]].reset_index(drop=True)
    whole = measure_otif(kept, as_of=pd.Timestamp(as_of)).assign(entity="all", entity_id="(all)")
    parts = measure_otif(kept, by=["demand_class"], as_of=pd.Timestamp(as_of)).assign(entity="demand_class")
    parts = parts.rename(columns={"demand_class": "entity_id"})
    return pd.concat([whole, parts], ignore_index=True)[list(kinds.index)].astype(kinds.to_dict())
