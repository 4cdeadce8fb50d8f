"""The whale curve: cumulative net margin over items and over customers, best first."""

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER


def make_whale_curve(item_value: pd.DataFrame, customer_value: pd.DataFrame) -> pd.DataFrame:
    """Return cumulative net margin over items and over customers, best first.

    Parameters
    ----------
    item_value, customer_value : DataFrame
        Tables of those names.

    Returns
    -------
    DataFrame
        ``whale_curve`` of the nomenclature; its last cumulative_margin per entity is the total net margin. The curve
        lies above 1 exactly where loss makers follow.
    """
    named = customer_value[customer_value["customer_id"] != UNKNOWN_CUSTOMER]
    return pd.concat([_whale("customer", named), _whale("item", item_value)], ignore_index=True)


def _whale(entity: str, values: pd.DataFrame) -> pd.DataFrame:
    known = values.rename(columns={f"{entity}_id": "entity_id"})[["entity_id", "net_margin"]].dropna()
    quantum = max(known["net_margin"].abs().sum() * 1e-12, np.finfo(float).tiny)
    tied = (known["net_margin"] / quantum).round() * quantum
    curve = known.assign(tied=tied).sort_values(["tied", "entity_id"], ascending=[False, True], ignore_index=True)
    curve = curve.drop(columns="tied")
    total, count = curve["net_margin"].sum(), np.arange(1, len(curve) + 1)
    cumulative = curve["net_margin"].cumsum()
    share = cumulative / total if total > 0 else pd.Series(np.nan, index=curve.index)
    table = curve.assign(entity=pd.Series(entity, index=curve.index, dtype="str"), rank=count)
    table["entity_share"] = count / max(len(curve), 1)
    table["cumulative_margin"], table["cumulative_margin_share"] = cumulative, share
    order = [
        "entity",
        "rank",
        "entity_id",
        "net_margin",
        "entity_share",
        "cumulative_margin",
        "cumulative_margin_share",
    ]
    return table[order]
