"""What kind of line each order line is: sale, return, correction, free, one-off bulk."""

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import nomenclature
from segkit.core.masters import column_or_missing, look_up, text_or
from segkit.core.periods import period_start
from segkit.core.settings import Settings

ALL = "(all)"

_SAME_PRICE = 0.01


def mark_lines(valued: pd.DataFrame, customers: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return ``order_lines``: valued lines with period, demand class and what kind of line each is.

    Parameters
    ----------
    valued : DataFrame
        From `value_lines`.
    customers : DataFrame
        Table ``customers``, for the demand class and for a channel that the line does not name.
    settings : Settings
        ``periods``, ``demand``, ``orders.reversal_days`` and ``orders.bulk_factor``.

    Returns
    -------
    DataFrame
        ``order_lines`` of the nomenclature, in order of date.
    """
    reversed_on = days_of_reversal(valued, days=settings.orders.reversal_days)
    reversed_lines = reversed_on.notna()
    lines = valued.assign(
        order_id=column_or_missing(valued, "order_id", "str"),
        line_id=column_or_missing(valued, "line_id", "str"),
        location_id=text_or(valued, "location_id", ALL),
        channel=_attribute(valued, customers, "channel"),
        period=period_start(valued["order_date"], settings.periods),
        is_return=valued["quantity"] < 0,
        is_free=valued["revenue"] == 0,
        shipped_date=column_or_missing(valued, "shipped_date", "datetime64[us]"),
        is_reversed=reversed_lines,
        reversed_on=reversed_on,
        is_bulk=find_bulk(valued.assign(is_reversed=reversed_lines), factor=settings.orders.bulk_factor),
    )
    wanted = settings.demand.demand_class
    lines["demand_class"] = _attribute(lines, customers, wanted) if wanted else ALL
    lines["demand_class"] = lines["demand_class"].astype("str")
    columns = list(nomenclature()["order_lines"].columns)
    return lines[columns].sort_values("order_date", kind="stable", ignore_index=True)


def lines_until(lines: pd.DataFrame, last: pd.Timestamp, *, factor: float) -> pd.DataFrame:
    """Return the lines up to a day, with what was bulk by these alone.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines`` of a later day, of lines that nothing changed since.
    last : Timestamp
        The last day.
    factor : float
        As `find_bulk` takes it.

    Returns
    -------
    DataFrame
        ``order_lines`` as known then.
    """
    kept = until(lines, last)
    return kept.assign(is_bulk=find_bulk(kept, factor=factor))


def until(lines: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """Return the lines up to a day, of lines in order of date, marked as they are: a slice, no copy."""
    return lines.iloc[: int(lines["order_date"].searchsorted(last, side="right"))]


def with_categories(lines: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return lines with some of their texts as categories, in order."""
    coded = {}
    for name in names:
        codes, ids = pd.factorize(lines[name], sort=True)
        coded[name] = pd.Categorical.from_codes(codes, categories=pd.Index(ids))
    return lines.assign(**coded)


def order_codes(lines: pd.DataFrame) -> np.ndarray:
    """Return a number per order: order_id, or customer and day where a line has none.

    Parameters
    ----------
    lines : DataFrame
        order_id, customer_id and order_date.

    Returns
    -------
    ndarray of int
        Lines of one order share a number.
    """
    named = lines["order_id"].notna().to_numpy()
    code = pd.factorize(lines["order_id"], use_na_sentinel=False)[0]
    if named.all():
        return code
    day = lines["order_date"].to_numpy().astype("datetime64[D]").astype("int64")
    customers = pd.factorize(lines["customer_id"])[0]
    other = pd.factorize(customers * (day.max() - day.min() + 1) + day - day.min())[0]
    return np.where(named, code, code.max() + 1 + other)


def find_reversals(lines: pd.DataFrame, *, days: int) -> pd.Series:
    """Return which lines cancel each other: a return that exactly undoes a sale of at most ``days`` before.

    Parameters
    ----------
    lines : DataFrame
        customer_id, item_id, order_date, quantity, revenue and, where there is one, location_id, order_id, line_id.
        Lines of an unknown customer are never paired, nor lines whose price differs by more than 1 %.
    days : int
        Longest time between the sale and its return. [days]

    Returns
    -------
    Series of bool
        True for both lines of a pair; every line is in one pair at most: of the same location first, then of the
        nearest price, then the latest sale.
    """
    return days_of_reversal(lines, days=days).notna()


def days_of_reversal(lines: pd.DataFrame, *, days: int) -> pd.Series:
    """Return for both lines of the pairs of `find_reversals` the day of the return, from which on it is known.

    Parameters
    ----------
    lines, days
        As for `find_reversals`.

    Returns
    -------
    Series of datetime64
        Same index; missing where a line is not reversed.
    """
    flagged = pd.Series(pd.NaT, index=lines.index, dtype="datetime64[us]")
    named = (lines["customer_id"] != UNKNOWN_CUSTOMER).to_numpy()
    back = _candidates(lines[named & (lines["quantity"] < 0).to_numpy()])
    sold = lines[named & (lines["quantity"] > 0).to_numpy()]
    sold = _candidates(sold[_same_pairs(sold, back)])
    pairs = back.merge(sold, on=["customer_id", "item_id", "size"], suffixes=("", "_sale"))
    pairs["gap"] = (pairs["order_date"] - pairs["order_date_sale"]).dt.days
    pairs["elsewhere"] = pairs["location_id"] != pairs["location_id_sale"]
    pairs["off"] = (pairs["price"] - pairs["price_sale"]).abs()
    same_price = ~(pairs["off"] > _SAME_PRICE * pairs["price_sale"].abs())
    pairs = pairs[pairs["gap"].between(0, days) & same_price]
    pairs = pairs.sort_values(["order_date", "place", "elsewhere", "off", "gap", "place_sale"])
    while len(pairs):
        best, earliest = pairs.drop_duplicates("row"), pairs.drop_duplicates("row_sale")
        chosen = best[best.index.isin(earliest.index)]  # so that a later return takes no sale from an earlier one
        flagged[chosen["row"]] = chosen["order_date"].to_numpy()
        flagged[chosen["row_sale"]] = chosen["order_date"].to_numpy()
        pairs = pairs[~pairs["row"].isin(chosen["row"]) & ~pairs["row_sale"].isin(chosen["row_sale"])]
    return flagged


def _same_pairs(lines: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Return which lines are of a customer and item that the others hold together."""
    codes = []
    for name in ("customer_id", "item_id"):
        ids = pd.Index(others[name].unique())
        codes.append((ids.get_indexer(lines[name]), ids.get_indexer(others[name]), len(ids)))
    (customer, known_customer, _), (item, known_item, size) = codes
    pairs = np.where((customer >= 0) & (item >= 0), customer * size + item, -1)
    return np.isin(pairs, np.unique(known_customer * size + known_item))


def _candidates(lines: pd.DataFrame) -> pd.DataFrame:
    """Return what decides a pair, each row with its place by content, which does not depend on the order of rows."""
    table = lines[["customer_id", "item_id", "order_date"]].assign(
        size=lines["quantity"].abs(),
        price=column_or_missing(lines, "revenue") / lines["quantity"],
        location_id=column_or_missing(lines, "location_id", "str").fillna(ALL),
        order_id=column_or_missing(lines, "order_id", "str").fillna(""),
        line_id=column_or_missing(lines, "line_id", "str").fillna(""),
        row=lines.index,
    )
    content = ["order_date", "order_id", "line_id", "location_id", "price", "customer_id", "item_id"]
    return table.sort_values(content, kind="stable").assign(place=np.arange(len(table)))


def find_bulk(lines: pd.DataFrame, *, factor: float, min_lines: int = 20) -> pd.Series:
    """Return which lines are one-off bulk: above ``factor`` times the item's 95th percentile line quantity.

    Parameters
    ----------
    lines : DataFrame
        item_id, quantity, is_reversed.
    factor : float
        Times the 95th percentile.
    min_lines : int
        Items with fewer lines have no bulk lines: nothing is usual about them.

    Returns
    -------
    Series of bool
        Same index.
    """
    sold = lines.loc[((lines["quantity"] > 0) & ~lines["is_reversed"]).to_numpy(), ["item_id", "quantity"]]
    codes, ids = pd.factorize(sold["item_id"])
    quantity = sold["quantity"].to_numpy()
    order = _by_size(codes, quantity)
    counts = np.bincount(codes, minlength=len(ids))
    starts = np.cumsum(counts) - counts
    limit = np.full(len(ids), np.inf)
    enough = counts >= min_lines
    limit[enough] = factor * quantity[order][starts[enough] + np.ceil(0.95 * counts[enough]).astype(int) - 1]
    return pd.Series(quantity > limit[codes], index=sold.index).reindex(lines.index, fill_value=False)


def _by_size(codes: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """Return rows in order of code, then quantity; small whole numbers are sorted by their digits, which is quicker."""
    small = np.iinfo("uint16").max
    whole = len(codes) and codes.min() >= 0 and codes.max() <= small and 0 <= quantity.min() <= quantity.max() <= small
    if not whole or (quantity != np.floor(quantity)).any():
        return np.lexsort((quantity, codes))
    order = np.argsort(quantity.astype("uint16"), kind="stable")
    return order[np.argsort(codes.astype("uint16")[order], kind="stable")]


def _attribute(lines: pd.DataFrame, customers: pd.DataFrame, name: str) -> pd.Series:
    if name not in lines and name not in customers:
        return text_or(lines, name, ALL)
    own = column_or_missing(lines, name, "str")
    return own.fillna(look_up(lines["customer_id"], customers, name)).fillna(ALL)
