"""What a late or a lost unit costs beyond its margin, by class of customers: stated, since no book tells it."""

import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders

_SHARES = ["lost_share", "late_share_day"]


def price_goodwill(orders: pd.DataFrame, goodwill: pd.DataFrame) -> pd.DataFrame:
    """Return order lines with the goodwill that a unit late or lost costs.

    Parameters
    ----------
    orders : DataFrame
        demand_class, unit_price [currency/unit].
    goodwill : DataFrame
        demand_class, lost_share: goodwill of a lost unit as a share of its price, late_share_day: the same of a unit
        late by a day [share/day]; a row per class.

    Returns
    -------
    DataFrame
        Same rows with lost_goodwill [currency/unit] and late_goodwill [currency/unit and day].

    Raises
    ------
    DataError
        Where columns or figures lack, a class repeats or has no row, or a share is below 0.

    Examples
    --------
    >>> orders = pd.DataFrame({"demand_class": ["A"], "unit_price": [10.0]})
    >>> shares = pd.DataFrame({"demand_class": ["A"], "lost_share": [0.5], "late_share_day": [0.01]})
    >>> price_goodwill(orders, shares)[["lost_goodwill", "late_goodwill"]].iloc[0].tolist()
    [5.0, 0.1]
    """
    _require(orders, goodwill)
    known = goodwill.set_index("demand_class")[_SHARES].astype("float64")
    lost, late = (orders["demand_class"].map(known[name]).astype("float64") for name in _SHARES)
    return orders.assign(lost_goodwill=lost * orders["unit_price"], late_goodwill=late * orders["unit_price"])


def _require(orders: pd.DataFrame, goodwill: pd.DataFrame) -> None:
    wanted = {"orders": (orders, ["demand_class", "unit_price"]), "goodwill": (goodwill, ["demand_class", *_SHARES])}
    problems = [
        f"{subject} lack {', '.join(missing)}"
        for subject, (table, names) in wanted.items()
        if (missing := [name for name in names if name not in table])
    ]
    if not problems:
        if twice := int(goodwill["demand_class"].duplicated().sum()):
            problems.append(f"goodwill repeats a class {in_rows(twice)}")
        problems += [
            f"{name} is missing or below 0 {in_rows(wrong)}"
            for name in _SHARES
            if (wrong := int((~(goodwill[name] >= 0)).sum()))
        ]
        bare = orders[~orders["demand_class"].isin(goodwill["demand_class"])]
        problems += [
            f"no goodwill is stated for class {name!r}, {count:,} order lines"
            for name, count in bare["demand_class"].value_counts().sort_index().items()
        ]
        unpriced = orders[~(orders["unit_price"] >= 0)]
        if len(unpriced):
            problems.append(
                f"unit_price is missing or below 0 {in_rows(len(unpriced))}, first: {first_offenders(unpriced)}"
            )
    if problems:
        raise DataError(list_problems("goodwill cannot be priced", problems, ["Give every class one row of shares."]))
