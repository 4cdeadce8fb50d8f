"""Revenue, cost and margin of every order line."""

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.errors import DataError
from segkit.core.masters import as_text, column_or_missing, look_up, text_or
from segkit.core.money import exchange_rates
from segkit.core.settings import Settings
from segkit.core.units import to_base_units


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
    names = [name for name in sales if name != "in_stock"]
    sold = sales.loc[(sales["quantity"] != 0).to_numpy(), names]
    sold = sold.rename(columns={"period": "order_date", "price": "unit_price"})
    ids = {name: as_text(sold[name]) for name in ("item_id", "location_id") if name in sold}
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
    recorded = column_or_missing(orders, "cost").notna() | column_or_missing(orders, "unit_cost").notna()
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
        The same rows with revenue, discount, currency (the plan's where blank), fx_rate, cost, cost_source,
        gross_margin, freight_out, cost_to_serve (so far the freight; `charge_lines` adds the rest) and net_margin
        [currency].

    Notes
    -----
    Cost is, in this order: recorded on the line (cost, else unit_cost x quantity), the item's unit_cost x quantity
    x assume.item_cost_factor (at the exchange rate of the order day), revenue x (1 - assume.gross_margin), missing.
    Each line says which in ``cost_source``.
    Goods that come back bring their cost back: a cost recorded without its sign on a return line counts below zero.
    """
    lines = to_base_units(orders, items)
    rate = _rate(lines, lines["order_date"], fx, settings)
    revenue = _revenue(lines) * rate
    recorded = signed_cost(lines).fillna(column_or_missing(lines, "unit_cost") * lines["quantity"]) * rate
    master = _item_costs(lines[recorded.isna().to_numpy()], items, fx, settings).reindex(lines.index)
    master = master * lines["quantity"] * settings.assume.item_cost_factor
    share = settings.assume.gross_margin
    assumed = revenue * (np.nan if share is None else 1 - share)
    cost = recorded.fillna(master).fillna(assumed)
    named = np.select([recorded.notna(), master.notna(), assumed.notna()], [0, 1, 2], default=3)
    words = pd.array(["recorded", "item", "assumed", "missing"], dtype="str")
    freight = column_or_missing(lines, "freight_out").fillna(0.0) * rate
    return lines.assign(
        revenue=revenue,
        discount=np.sign(lines["quantity"]) * column_or_missing(lines, "discount").abs().fillna(0.0) * rate,
        currency=text_or(lines, "currency", settings.company.currency),
        fx_rate=rate,
        cost=cost,
        cost_source=pd.Series(words.take(named), index=lines.index),
        gross_margin=revenue - cost,
        freight_out=freight,
        activity_cost=0.0,
        payment_cost=0.0,
        cost_to_serve=freight,
        net_margin=revenue - cost - freight,
    )


def signed_cost(orders: pd.DataFrame) -> pd.Series:
    """Return the recorded cost of each line, below zero where goods come back; missing where none is recorded."""
    cost = column_or_missing(orders, "cost")
    return cost.mask((orders["quantity"] < 0) & (cost > 0), -cost)


def _revenue(lines: pd.DataFrame) -> pd.Series:
    worked = lines["quantity"] * column_or_missing(lines, "unit_price")
    worked = worked - np.sign(lines["quantity"]) * column_or_missing(lines, "discount").fillna(0.0)
    free = column_or_missing(lines, "status", "str") == "free"
    revenue = column_or_missing(lines, "amount").fillna(worked)
    return revenue.mask(free & revenue.isna(), 0.0)


def _rate(lines: pd.DataFrame, dates: pd.Series, fx: pd.DataFrame, settings: Settings) -> pd.Series:
    if "currency" not in lines:
        return pd.Series(1.0, index=lines.index)
    return exchange_rates(lines["currency"], dates, fx, to=settings.company.currency, rules=settings.fx)


def _item_costs(lines: pd.DataFrame, items: pd.DataFrame, fx: pd.DataFrame, settings: Settings) -> pd.Series:
    """Return each line's unit_cost by the item master, in the plan's currency at the rate of the order day."""
    costs = look_up(lines["item_id"], items, "unit_cost")
    priced = costs[costs.notna().to_numpy()]
    if "currency" not in items or priced.empty:
        return costs
    rows = lines.loc[priced.index]
    named = pd.DataFrame({"currency": look_up(rows["item_id"], items, "currency")})
    try:
        return costs.mul(_rate(named, rows["order_date"], fx, settings))
    except DataError as error:
        raise DataError(f"items.unit_cost cannot be converted: {error}") from None
