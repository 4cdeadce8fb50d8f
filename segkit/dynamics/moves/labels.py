"""Order lines under the names by which change is followed: category, region, country, successor of an item."""

import numpy as np
import pandas as pd

from segkit.core.settings import Items
from segkit.dynamics.demand.panel import follow_successors
from segkit.dynamics.lines.line_kinds import ALL
from segkit.dynamics.lines.successors import find_unit_changes

OTHER = "(other)"
MOST = 30


def label_lines(lines: pd.DataFrame, items: pd.DataFrame, customers: pd.DataFrame, *, rules: Items) -> pd.DataFrame:
    """Return order lines with category, region and country; a superseded item goes under its successor.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    items, customers : DataFrame
        Tables of those names; what they leave blank is (all).
    rules : Items
        ``superseded``: whether demand follows the successor. A model change is then one item whose price and cost
        changed; else, or where the successor sells at so different a unit price that it will be counted in another
        unit (`find_unit_changes`), it is one lost item and one new one.

    Returns
    -------
    DataFrame
        Same rows; item_id, customer_id, channel, currency, category, region and country are categories in the order
        of their names. Of the last three the 30 names with the most revenue stay; the others are (other).
    """
    same = items
    if "replaced_by" in items:
        same = items.assign(replaced_by=items["replaced_by"].mask(find_unit_changes(items, lines)))
    followed = follow_successors(lines, same, rules=rules)
    names = [name for name in ("item_id", "customer_id", "channel", "currency") if name in followed]
    ids = {name: _category(followed[name]) for name in names}
    labels = {"category": _label(ids["item_id"], items, "item_id", "category")}
    labels |= {name: _label(ids["customer_id"], customers, "customer_id", name) for name in ("region", "country")}
    labels = {name: _keep_largest(column, followed["revenue"]) for name, column in labels.items()}
    return followed.assign(**ids, **labels)


def _category(ids: pd.Series) -> pd.Series:
    codes, names = pd.factorize(ids, sort=True)
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(names, dtype="str")), index=ids.index)


def _label(ids: pd.Series, master: pd.DataFrame, key: str, name: str) -> pd.Series:
    """Return a column of a master table by the ids of the lines, as categories."""
    known = master.drop_duplicates(key).set_index(key) if name in master else pd.DataFrame({name: []}, dtype="str")
    labels = known[name].astype("str").reindex(ids.cat.categories).replace("", None).fillna(ALL)
    codes, names = pd.factorize(labels, sort=True)
    return pd.Series(pd.Categorical.from_codes(codes[ids.cat.codes], pd.Index(names, dtype="str")), index=ids.index)


def _keep_largest(labels: pd.Series, revenue: pd.Series) -> pd.Series:
    """Return labels of which all but the largest are called (other)."""
    names = labels.cat.categories
    if len(names) <= MOST:
        return labels
    sums = np.bincount(labels.cat.codes, weights=revenue.fillna(0.0), minlength=len(names))
    largest = np.sort(np.lexsort((np.arange(len(names)), -sums.round(2)))[:MOST])
    place = np.full(len(names), MOST)
    place[largest] = np.arange(MOST)
    kept = pd.Index([*names[largest], OTHER], dtype="str")
    return pd.Series(pd.Categorical.from_codes(place[labels.cat.codes], kept), index=labels.index)
