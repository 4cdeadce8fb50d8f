"""Units of measure: every quantity in the item's base unit."""

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, list_problems
from segkit.core.masters import look_up


def to_base_units(lines: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return order or purchase lines with quantity, unit_price and unit_cost per base unit of the item.

    Parameters
    ----------
    lines : DataFrame
        item_id, quantity and, where lines count in other units, ``unit``; unit_price, unit_cost where there are any.
    items : DataFrame
        item_id, ``unit`` (the base unit) and ``conversions`` such as ``case:12;pallet:480``.

    Returns
    -------
    DataFrame
        The same rows; money of a line is unchanged. Upper and lower case count as equal. An item that names no base
        unit counts in the only unit of its lines that has no factor.

    Raises
    ------
    DataError
        A line counts in a unit that the item does not know: every such pair with its number of rows.

    Examples
    --------
    >>> lines = pd.DataFrame({"item_id": ["SKU-1"], "quantity": [2.0], "unit": ["case"], "unit_price": [24.0]})
    >>> items = pd.DataFrame({"item_id": ["SKU-1"], "unit": ["each"], "conversions": ["case:12"]})
    >>> to_base_units(lines, items)[["quantity", "unit_price"]].values.tolist()
    [[24.0, 2.0]]
    """
    if "unit" not in lines or lines["unit"].isna().all():
        return lines
    own = look_up(lines["item_id"], items, "unit")
    other = lines["unit"].notna() & (lines["unit"].str.lower() != own.str.lower())
    if not other.any():
        return lines
    factor = pd.Series(1.0, index=lines.index)
    factor[other] = _factors(lines[other], items)
    changed = {"quantity": lines["quantity"] * factor, "unit": lines["unit"].mask(other & own.notna(), own)}
    per_unit = {name: lines[name] / factor for name in ("unit_price", "unit_cost") if name in lines}
    return lines.assign(**changed, **per_unit)


def _factors(lines: pd.DataFrame, items: pd.DataFrame) -> np.ndarray:
    pairs = lines[["item_id", "unit"]].value_counts().reset_index(name="rows")
    known = look_up(pairs["item_id"], items, "conversions").map(_conversions)
    pairs["factor"] = [named.get(unit.lower(), np.nan) for named, unit in zip(known, pairs["unit"], strict=True)]
    pairs["factor"] = pairs["factor"].mask(_is_base(pairs, items), 1.0)
    bad = pairs[pairs["factor"].isna()]
    if len(bad):
        problems = [f"{row.item_id} in {row.unit!r}: {row.rows} rows" for row in bad.head(5).itertuples()]
        subject = f"{len(bad)} units of measure have no conversion, {bad['rows'].sum()} rows"
        fix = "Give the factor in items.conversions, for example case:12;pallet:480."
        raise DataError(list_problems(subject, problems, [fix]))
    return lines.merge(pairs, on=["item_id", "unit"], how="left")["factor"].to_numpy()


def _is_base(pairs: pd.DataFrame, items: pd.DataFrame) -> pd.Series:
    """Return which units must be the base unit: the only one without a factor, of an item that names none."""
    unnamed = look_up(pairs["item_id"], items, "unit").isna() & pairs["factor"].isna()
    words = pairs["unit"].str.lower().where(unnamed).groupby(pairs["item_id"]).transform("nunique")
    return unnamed & (words == 1)


def _conversions(text: object) -> dict[str, float]:
    if not isinstance(text, str) or not text.strip():
        return {}
    parts = [part.partition(":") for part in text.split(";") if part.strip()]
    try:
        factors = {unit.strip().lower(): float(factor) for unit, _, factor in parts}
    except ValueError:
        factors = {"": np.nan}
    if not all(0 < factor < np.inf for factor in factors.values()):
        raise DataError(f"items.conversions {text!r} cannot be read\nWrite it as case:12;pallet:480.")
    return factors
