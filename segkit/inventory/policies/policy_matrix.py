"""The policy matrix: what policies come to, by item segment and policy."""

import pandas as pd

from segkit.core.columns import empty_table, nomenclature

_SUMS = ["stock_value", "holding_cost", "lost_margin"]
_USUAL = ["review_days", "lead_time_days"]
_KEY = ["segment", "policy"]


def sum_by_segment(policies: pd.DataFrame, item_segments: pd.DataFrame) -> pd.DataFrame:
    """Return ``policy_matrix``: item-locations, stock and lost margin of every item segment and policy.

    Parameters
    ----------
    policies : DataFrame
        Table of that name.
    item_segments : DataFrame
        Table of that name: segment of every item; items without one stand under (none).

    Returns
    -------
    DataFrame
        segment, policy, places, stock_value, holding_cost, lost_margin (sums; blank where none is known), review_days
        and lead_time_days (medians).
    """
    known = item_segments.drop_duplicates("item_id").set_index("item_id")["segment"].astype("str")
    segment = policies["item_id"].map(known).astype("str").fillna("").replace("", "(none)")
    cells = policies.assign(segment=segment).groupby(_KEY, observed=True)
    parts = [cells.size().rename("places"), cells[_SUMS].sum(min_count=1), cells[_USUAL].median()]
    table = pd.concat(parts, axis=1).reset_index().sort_values(_KEY, ignore_index=True)
    kinds = empty_table("policy_matrix").dtypes
    return table[list(nomenclature()["policy_matrix"].columns)].astype(kinds.to_dict())
