"""Margin per order line, and what items and customers earn."""

from datetime import date

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.errors import DataError
from segkit.core.masters import look_up
from segkit.core.money import exchange_rates
from segkit.core.periods import period_start
from segkit.core.settings import Settings
from segkit.core.units import to_base_units

ALL = "(all)"

_NOISE = 1e-12  # a sum below this part of what was added is rounding, not money
_SAME_PRICE = 0.01
_MONEY = ["revenue", "cost", "freight_out", "gross_margin", "net_margin"]


def sales_as_orders(sales: pd.DataFrame) -> pd.DataFrame:
    """Return item-location-period totals as order lines of an unknown customer, one a row with quantity.

    Parameters
    ----------
    sales : DataFrame
        Table ``sales``.

    Returns
    -------
    DataFrame
        order_date = first day of the sales period; unit_price = price (missing where sales give none).
    """
    sold = sales[(sales["quantity"] != 0).to_numpy()].rename(columns={"period": "order_date", "price": "unit_price"})
    sold = sold.drop(columns=[name for name in ("in_stock",) if name in sold])
    ids = {name: sold[name].astype("str") for name in ("item_id", "location_id") if name in sold}
    return sold.assign(**ids, customer_id=pd.Series(UNKNOWN_CUSTOMER, index=sold.index, dtype="str")).reset_index(
        drop=True
    )


def require_costs(orders: pd.DataFrame, items: pd.DataFrame, *, settings: Settings) -> None:
    """Raise a DataError if classes are made by margin and the cost of some lines is neither given nor assumed.

    Parameters
    ----------
    orders, items : DataFrame
        Tables of those names (or `sales_as_orders`).
    settings : Settings
        ``segments.measure`` and ``assume.gross_margin``.
    """
    if settings.assume.gross_margin is not None or "margin" not in settings.segments.measure:
        return
    recorded = _column(orders, "cost").notna() | _column(orders, "unit_cost").notna()
    blank = orders[(~recorded & look_up(orders["item_id"], items, "unit_cost").isna()).to_numpy()]
    if len(blank):
        names = blank["item_id"].drop_duplicates()
        raise DataError(
            f"the cost of {len(blank):,} of {len(orders):,} order lines is not known, {len(names):,} items, first: "
            f"{', '.join(names.head(3))}\n"
            "Give orders.cost or unit_cost, or items.unit_cost; or set assume.gross_margin (it is reported), "
            "or segments.measure = 'revenue' in segkit.toml."
        )


def value_lines(orders: pd.DataFrame, items: pd.DataFrame, fx: pd.DataFrame, *, settings: Settings) -> pd.DataFrame:
    """Return orders in base units, with revenue, cost and freight_out in the plan's currency.

    Parameters
    ----------
    orders : DataFrame
        Table ``orders``, used rows.
    items : DataFrame
        Table ``items``; its unit_cost serves lines that record none.
    fx : DataFrame
        Table ``fx``; needed where orders or items name another currency.
    settings : Settings
        ``company.currency``, ``assume.gross_margin`` and ``fx``.

    Returns
    -------
    DataFrame
        The same rows with revenue, cost, cost_source, freight_out, gross_margin, net_margin [currency].

    Notes
    -----
    Cost is, in this order: recorded on the line (cost, else unit_cost x quantity), the item's unit_cost x quantity
    x assume.item_cost_factor, revenue x (1 - assume.gross_margin), missing. Each line says which in ``cost_source``.
    Goods that come back bring their cost back: a cost recorded without its sign on a return line counts below zero.
    """
    lines = to_base_units(orders, items)
    rate = _rate(lines, lines["order_date"], fx, settings)
    revenue = _revenue(lines) * rate
    recorded = signed_cost(lines).fillna(_column(lines, "unit_cost") * lines["quantity"]) * rate
    without = items[items["item_id"].isin(lines.loc[recorded.isna(), "item_id"].unique())]
    costs = _item_costs(without, lines["order_date"].max(), fx, settings)
    master = look_up(lines["item_id"], costs, "unit_cost") * lines["quantity"] * settings.assume.item_cost_factor
    share = settings.assume.gross_margin
    assumed = revenue * (np.nan if share is None else 1 - share)
    cost = recorded.fillna(master).fillna(assumed)
    named = np.select(
        [recorded.notna(), master.notna(), assumed.notna()], ["recorded", "item", "assumed"], default="missing"
    )
    freight = _column(lines, "freight_out").fillna(0.0) * rate
    return lines.assign(
        revenue=revenue,
        cost=cost,
        cost_source=pd.Series(named, index=lines.index, dtype="str"),
        freight_out=freight,
        gross_margin=revenue - cost,
        net_margin=revenue - cost - freight,
    )


def signed_cost(orders: pd.DataFrame) -> pd.Series:
    """Return the recorded cost of each line, below zero where goods come back; missing where none is recorded."""
    cost = _column(orders, "cost")
    return cost.mask((orders["quantity"] < 0) & (cost > 0), -cost)


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
    reversed_lines = find_reversals(valued, days=settings.orders.reversal_days)
    lines = valued.assign(
        order_id=_column(valued, "order_id", "str"),
        line_id=_column(valued, "line_id", "str"),
        location_id=_column(valued, "location_id", "str").fillna(ALL),
        channel=_attribute(valued, customers, "channel"),
        period=period_start(valued["order_date"], settings.periods),
        is_return=valued["quantity"] < 0,
        is_free=valued["revenue"] == 0,
        is_reversed=reversed_lines,
        is_bulk=find_bulk(valued.assign(is_reversed=reversed_lines), factor=settings.orders.bulk_factor),
    )
    wanted = settings.demand.demand_class
    lines["demand_class"] = _attribute(lines, customers, wanted) if wanted else ALL
    order = ["order_id", "line_id", "order_date", "period", "customer_id", "item_id", "location_id", "channel"]
    kinds = ["is_return", "is_free", "is_reversed", "is_bulk"]
    money = ["revenue", "cost", "cost_source", "freight_out", "gross_margin", "net_margin"]
    lines["demand_class"] = lines["demand_class"].astype("str")
    columns = [*order, "demand_class", "quantity", *money, *kinds]
    return lines[columns].sort_values("order_date", kind="stable", ignore_index=True)


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
    flagged = pd.Series(False, index=lines.index)
    named = (lines["customer_id"] != UNKNOWN_CUSTOMER).to_numpy()
    back = _candidates(lines[named & (lines["quantity"] < 0).to_numpy()])
    sold = lines[named & (lines["quantity"] > 0).to_numpy()]
    sold = _candidates(sold[sold["item_id"].isin(back["item_id"].unique())])
    pairs = back.merge(sold, on=["customer_id", "item_id", "size"], suffixes=("", "_sale"))
    pairs["gap"] = (pairs["order_date"] - pairs["order_date_sale"]).dt.days
    pairs["elsewhere"] = pairs["location_id"] != pairs["location_id_sale"]
    pairs["off"] = (pairs["price"] - pairs["price_sale"]).abs()
    same_price = ~(pairs["off"] > _SAME_PRICE * pairs["price_sale"].abs())
    pairs = pairs[pairs["gap"].between(0, days) & same_price]
    pairs = pairs.sort_values(["order_date", "place", "elsewhere", "off", "gap", "place_sale"])
    while len(pairs):
        chosen = pairs.drop_duplicates("row").drop_duplicates("row_sale")
        flagged[chosen["row"]] = True
        flagged[chosen["row_sale"]] = True
        pairs = pairs[~pairs["row"].isin(chosen["row"]) & ~pairs["row_sale"].isin(chosen["row_sale"])]
    return flagged


def _candidates(lines: pd.DataFrame) -> pd.DataFrame:
    """Return what decides a pair, each row with its place by content, which does not depend on the order of rows."""
    table = lines[["customer_id", "item_id", "order_date"]].assign(
        size=lines["quantity"].abs(),
        price=_column(lines, "revenue") / lines["quantity"],
        location_id=_column(lines, "location_id", "str").fillna(ALL),
        order_id=_column(lines, "order_id", "str").fillna(""),
        line_id=_column(lines, "line_id", "str").fillna(""),
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
    order = np.lexsort((quantity, codes))
    counts = np.bincount(codes, minlength=len(ids))
    starts = np.cumsum(counts) - counts
    limit = np.full(len(ids), np.inf)
    enough = counts >= min_lines
    limit[enough] = factor * quantity[order][starts[enough] + np.ceil(0.95 * counts[enough]).astype(int) - 1]
    return pd.Series(quantity > limit[codes], index=sold.index).reindex(lines.index, fill_value=False)


def last_months(lines: pd.DataFrame, as_of: date, months: int) -> pd.DataFrame:
    """Return the order lines of the last ``months`` months up to and with ``as_of``."""
    begin = pd.Timestamp(as_of) + pd.Timedelta(days=1) - pd.DateOffset(months=months)
    return lines[(lines["order_date"] >= begin).to_numpy()]


def value_items(lines: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return ``item_value``: what every item sold and earned over the lines given.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    items : DataFrame
        Table ``items``, for the attributes.

    Returns
    -------
    DataFrame
        One row per item that has lines; sums over items equal the sums over lines.
    """
    table = _totals(lines, "item_id", {"customers": "customer_id"})
    return _order(_join(table, items, "item_id", ["description", "category", "supplier_id"]), "item_value")


def value_customers(lines: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return ``customer_value``: what every customer bought and earned us over the lines given.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``.
    customers : DataFrame
        Table ``customers``, for the attributes.

    Returns
    -------
    DataFrame
        One row per customer that has lines, (unknown) included; sums over customers equal the sums over lines.
    """
    table = _totals(lines, "customer_id", {"items": "item_id"})
    dated = lines["order_id"].fillna(
        lines["order_date"].dt.strftime("%Y-%m-%d") if lines["order_id"].isna().any() else ""
    )
    orders = pd.DataFrame({"customer_id": lines["customer_id"], "order": dated})[_bought(lines)].drop_duplicates()
    table["orders"] = table["customer_id"].map(orders["customer_id"].value_counts()).fillna(0).astype("int64")
    table = _join(table, customers, "customer_id", ["name", "region", "tier", "channel"])
    table["channel"] = table["channel"].fillna(table["customer_id"].map(_usual_channels(lines))).astype("str")
    return _order(table, "customer_value")


def _usual_channels(lines: pd.DataFrame) -> pd.Series:
    """Return the channel of most lines by customer_id; of equal ones the first by name."""
    counts = lines.groupby(["customer_id", "channel"], observed=True).size().reset_index(name="lines")
    best = counts.sort_values(["customer_id", "lines", "channel"], ascending=[True, False, True])
    return best.drop_duplicates("customer_id").set_index("customer_id")["channel"]


def _bought(lines: pd.DataFrame) -> np.ndarray:
    """Return which lines are demand: neither goods taken back nor lines that cancel each other."""
    return ~(lines["is_return"] | lines["is_reversed"]).to_numpy(dtype=bool)


def _totals(lines: pd.DataFrame, key: str, distinct: dict[str, str]) -> pd.DataFrame:
    codes, ids = pd.factorize(lines[key], sort=True)
    back = lines["is_return"].to_numpy(dtype=bool)
    sold = _bought(lines)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(codes, weights=values, minlength=len(ids)).astype("float64")

    table = pd.DataFrame({key: pd.Series(ids, dtype="str")})
    table["quantity"] = total(lines["quantity"].to_numpy())
    for name in _MONEY:
        values = lines[name].to_numpy()
        summed = total(values)
        table[name] = np.where(np.abs(summed) <= _NOISE * total(np.abs(values)), 0.0, summed)
    table["margin_share"] = (table["net_margin"] / table["revenue"]).where(table["revenue"] > 0)
    table["returned_value"] = -total(np.where(back, lines["revenue"].to_numpy(), 0.0)) + 0.0
    table["lines"] = np.bincount(codes[sold], minlength=len(ids))
    for name, column in distinct.items():
        counted = sold & (lines[column] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool)
        others, known = pd.factorize(lines[column])
        pairs = pd.unique(codes[counted] * len(known) + others[counted]) // max(len(known), 1)
        table[name] = np.bincount(pairs, minlength=len(ids))
    table["last_order_date"] = lines["order_date"].where(sold).groupby(codes).max().to_numpy()
    return table


def _join(table: pd.DataFrame, master: pd.DataFrame, key: str, names: list[str]) -> pd.DataFrame:
    joined = table.merge(master.reindex(columns=[key, *names]).drop_duplicates(key), on=key, how="left")
    return joined.astype(dict.fromkeys(names, "str"))


def _order(table: pd.DataFrame, name: str) -> pd.DataFrame:
    from segkit.core.columns import nomenclature

    return table[list(nomenclature()[name].columns)]


def _revenue(lines: pd.DataFrame) -> pd.Series:
    worked = lines["quantity"] * _column(lines, "unit_price")
    worked = worked - np.sign(lines["quantity"]) * _column(lines, "discount").fillna(0.0)
    free = _column(lines, "status", "str") == "free"
    revenue = _column(lines, "amount").fillna(worked)
    return revenue.mask(free & revenue.isna(), 0.0)


def _rate(lines: pd.DataFrame, dates: pd.Series, fx: pd.DataFrame, settings: Settings) -> pd.Series:
    if "currency" not in lines:
        return pd.Series(1.0, index=lines.index)
    return exchange_rates(lines["currency"], dates, fx, to=settings.company.currency, rules=settings.fx)


def _item_costs(items: pd.DataFrame, day: pd.Timestamp, fx: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return item_id and unit_cost in the plan's currency, at the rate of the last order day."""
    if "unit_cost" not in items or pd.isna(day):
        return items.iloc[:0]
    priced = items[items["unit_cost"].notna().to_numpy()]
    try:
        rate = _rate(priced, pd.Series(day, index=priced.index), fx, settings)
    except DataError as error:
        raise DataError(f"items.unit_cost cannot be converted: {error}") from None
    return priced[["item_id"]].assign(unit_cost=priced["unit_cost"] * rate)


def _attribute(lines: pd.DataFrame, customers: pd.DataFrame, name: str) -> pd.Series:
    own = _column(lines, name, "str")
    return own.fillna(look_up(lines["customer_id"], customers, name)).fillna(ALL)


def _column(lines: pd.DataFrame, name: str, dtype: str = "float64") -> pd.Series:
    return lines[name].astype(dtype) if name in lines else pd.Series(None, index=lines.index, dtype=dtype)
