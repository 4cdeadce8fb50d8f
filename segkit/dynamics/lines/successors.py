"""Items whose successor is sold in another counting unit, as far as prices tell."""

import pandas as pd

MOST = 3.0  # times the unit price; a successor that is another version of the item costs about the same


def find_unit_changes(items: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
    """Return which superseded items have a successor that sells at a very different price per unit.

    Parameters
    ----------
    items : DataFrame
        Table ``items`` with replaced_by.
    lines : DataFrame
        Table ``order_lines``.

    Returns
    -------
    Series of bool
        Index of ``items``: whether the prices of a unit, revenue / quantity of all that was sold, differ more than
        threefold. An item or successor without a price is not flagged.

    Examples
    --------
    >>> items = pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "replaced_by": ["SKU-2", None]})
    >>> lines = pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "quantity": [10.0, 2.0], "revenue": [50.0, 120.0]})
    >>> find_unit_changes(items, lines.assign(is_reversed=False)).tolist()
    [True, False]
    """
    if "replaced_by" not in items or items["replaced_by"].isna().all():
        return pd.Series(False, index=items.index)
    concerned = pd.concat([items.loc[items["replaced_by"].notna(), "item_id"], items["replaced_by"].dropna()])
    counted = (lines["quantity"] > 0) & (lines["revenue"] > 0) & ~lines["is_reversed"]
    sold = lines[counted.to_numpy(dtype=bool) & lines["item_id"].isin(concerned).to_numpy()]
    sums = sold.groupby(sold["item_id"].astype("str"))[["quantity", "revenue"]].sum()
    price = sums["revenue"] / sums["quantity"]
    ratio = items["replaced_by"].map(price) / items["item_id"].map(price)
    return (ratio > MOST) | (ratio < 1 / MOST)
