"""What is normal: prices, costs, discounts, freight, work and returns of the customers that earn.

Peers of a line are the customers of its channel that earn; of all channels where a channel has fewer than five;
all customers where nobody earns (or nobody is named). A customer who loses money is never the measure of another.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.masters import column_or_missing
from segkit.dynamics.lines.cost_to_serve import charge_work
from segkit.dynamics.lines.line_kinds import order_codes

FEWEST_PEERS = 5
ORDER_DRIVERS = ("order", "delivery")
_NOISE = 1e-12  # part of what was added that is rounding, not money


@dataclass(frozen=True)
class LineMoney:
    """The figures of order lines as arrays, one cell a line [currency]; blanks of parts not recorded are 0.

    ``order_work`` is the part of ``work`` that goes by order or delivery: 0 where the drivers are not known.
    """

    item: np.ndarray
    customer: np.ndarray
    channel: np.ndarray
    order: np.ndarray
    earner: np.ndarray
    sold: np.ndarray
    free: np.ndarray
    assumed: np.ndarray
    quantity: np.ndarray
    revenue: np.ndarray
    gross: np.ndarray
    cost: np.ndarray
    freight: np.ndarray
    work: np.ndarray
    order_work: np.ndarray
    payment: np.ndarray
    net: np.ndarray
    years: float
    drivers_known: bool


@dataclass(frozen=True)
class Norm:
    """What peers would have made of every line, and their rates by group of peers.

    Attributes
    ----------
    group : ndarray of int
        Row of ``rates`` for each line: a channel, or the last one, all channels.
    gross : ndarray
        Gross sales of each sold line [currency]; goods free of charge count at the peers' price.
    sales, cost : ndarray
        What gross sales and cost of each sold line would be at the peers' prices and costs [currency].
    share_of_order, share_of_lines : ndarray
        What part of its order a sold line is, by sales and by number of lines.
    rates : DataFrame
        As shares of the peers' gross sales: margin, discount, payment, returns (below zero), work recorded by order or
        delivery (by_order); orders per gross sales; freight and other work of an order whatever its size
        (freight_order, work_order); freight and other work that go with its sales (freight_sales, work_sales).
    """

    group: np.ndarray
    gross: np.ndarray
    sales: np.ndarray
    cost: np.ndarray
    share_of_order: np.ndarray
    share_of_lines: np.ndarray
    rates: pd.DataFrame


def take_money(lines: pd.DataFrame, activities: pd.DataFrame | None = None) -> LineMoney:
    """Return the figures of order lines as arrays.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``; discount, activity_cost and payment_cost count as 0 where there are none.
    activities : DataFrame, optional
        Table ``activities``, for the work that goes by order or delivery.

    Returns
    -------
    LineMoney
        Gross sales are revenue and discount of sold lines; for lines free of charge see `find_norm`.
    """
    sold = ~(lines["is_return"] | lines["is_reversed"]).to_numpy(dtype=bool)
    customer, names = pd.factorize(lines["customer_id"])
    net = lines["net_margin"].to_numpy(dtype=float)
    earns = _total(customer, net, len(names)) >= -_NOISE * _total(customer, np.abs(net), len(names))
    earns &= np.asarray(names != UNKNOWN_CUSTOMER, dtype=bool)
    revenue, discount = lines["revenue"].to_numpy(dtype=float), _money(lines, "discount")
    work, days = _money(lines, "activity_cost"), lines["order_date"].max() - lines["order_date"].min()
    return LineMoney(
        item=pd.factorize(lines["item_id"])[0],
        customer=customer,
        channel=pd.factorize(lines["channel"], use_na_sentinel=False)[0],
        order=order_codes(lines) if len(lines) else np.zeros(0, dtype=int),
        earner=np.where(earns[customer], customer, -1) if len(lines) else customer,
        sold=sold,
        free=sold & (revenue == 0),
        assumed=(lines["cost_source"] == "assumed").to_numpy(dtype=bool),
        quantity=np.where(sold, lines["quantity"].to_numpy(dtype=float), 0.0),
        revenue=revenue,
        gross=np.where(sold, revenue + discount, 0.0),
        cost=lines["cost"].to_numpy(dtype=float),
        freight=_money(lines, "freight_out"),
        work=work,
        order_work=np.minimum(_order_work(lines, activities), work),
        payment=_money(lines, "payment_cost"),
        net=net,
        years=(days / pd.Timedelta(days=365.25)) if len(lines) else 0.0,
        drivers_known=activities is not None and not activities.empty,
    )


def find_norm(money: LineMoney) -> Norm:
    """Return what is normal for every line.

    Parameters
    ----------
    money : LineMoney
        From `take_money`.

    Returns
    -------
    Norm
        Lines that sold nothing have zeros.

    Notes
    -----
    The reference price and cost of an item are the mean over the units that peers bought; where they bought none, those
    of earning customers of all channels, then of all lines, then the line's own. Free goods tell no price. Freight
    of an order, and its work other than that recorded by order or delivery, are a + b x its sales, by least squares
    over the peers' orders, neither below zero.
    """
    channels = int(money.channel.max(initial=-1)) + 1
    group = _groups(money, channels)
    peer = money.sold & (money.earner >= 0)
    known = money.sold & ~np.isnan(money.net)
    peer = peer if peer.any() else known
    sales, cost = _at_peers_prices(money, group, peer, known, channels)
    gross = np.where(money.free, sales, money.gross)
    order = pd.factorize(money.order * max(channels, 1) + money.channel)[0]
    by_sales, by_lines = _share_of(order, sales), _share_of(order, money.sold.astype(float))
    by_sales = np.where(_total(order, sales)[order] > 0, by_sales, by_lines) if len(order) else by_sales
    rates = _rates(money, gross, peer, channels)
    orders = _order_costs(money, sales, order, peer, channels)
    orders["orders"] /= rates.pop("gross").to_numpy()
    return Norm(group, gross, sales, cost, by_sales, by_lines, pd.concat([rates, orders], axis=1).fillna(0.0))


def _order_work(lines: pd.DataFrame, activities: pd.DataFrame | None) -> np.ndarray:
    """Return what the work of each line costs that goes by order or delivery; 0 where the drivers are not known."""
    if activities is None:
        return np.zeros(len(lines))
    return charge_work(lines, activities[activities["driver"].isin(ORDER_DRIVERS)]).to_numpy()


def _money(lines: pd.DataFrame, name: str) -> np.ndarray:
    return column_or_missing(lines, name).fillna(0.0).to_numpy(dtype=float)


def _total(code: np.ndarray, values: np.ndarray, size: int = 0) -> np.ndarray:
    return np.bincount(code, weights=values, minlength=size)


def _share_of(code: np.ndarray, values: np.ndarray) -> np.ndarray:
    whole = _total(code, values)[code]
    return np.divide(values, whole, out=np.zeros(len(values)), where=whole > 0)


def _groups(money: LineMoney, channels: int) -> np.ndarray:
    """Return each line's group of peers: its channel where enough customers earn in it, else all."""
    buys = money.sold & (money.earner >= 0)
    pairs = pd.unique(money.channel[buys] + max(channels, 1) * money.earner[buys]) % max(channels, 1)
    enough = np.bincount(pairs, minlength=channels) >= FEWEST_PEERS
    return np.where(enough[money.channel], money.channel, channels)


def _at_peers_prices(
    money: LineMoney, group: np.ndarray, peer: np.ndarray, known: np.ndarray, channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return gross sales and cost of every sold line at the peers' prices and costs."""
    items = int(money.item.max(initial=-1)) + 1
    within = pd.factorize(money.channel * max(items, 1) + money.item)[0]
    levels = [(within, peer, group < channels), (money.item, peer, True), (money.item, known, True)]
    sales, cost = np.full(len(group), np.nan), np.full(len(group), np.nan)
    for code, asked, fits in levels:
        price = _mean_per_unit(code, money.gross, money.quantity, asked & ~money.free)
        each = _mean_per_unit(code, money.cost, money.quantity, asked)
        sales = np.where(np.isnan(sales) & fits, money.quantity * price, sales)
        cost = np.where(np.isnan(cost) & fits, money.quantity * each, cost)
    own = np.where(money.sold, money.cost, 0.0)
    sold = money.sold & (money.quantity > 0)
    return np.where(np.isnan(sales) | ~sold, money.gross, sales), np.where(np.isnan(cost) | ~sold, own, cost)


def _mean_per_unit(code: np.ndarray, value: np.ndarray, quantity: np.ndarray, asked: np.ndarray) -> np.ndarray:
    units = _total(code, np.where(asked, quantity, 0.0))
    total = _total(code, np.where(asked, value, 0.0))
    return np.divide(total, units, out=np.full(len(units), np.nan), where=units > 0)[code]


def _rates(money: LineMoney, gross: np.ndarray, peer: np.ndarray, channels: int) -> pd.DataFrame:
    """Return the peers' rates by channel, and over all channels last, as shares of their gross sales."""
    back = ~money.sold & (money.earner >= 0 if (money.earner >= 0).any() else ~np.isnan(money.net))
    parts = {
        "gross": np.where(peer, gross, 0.0),
        "margin": np.where(peer, gross - money.cost, 0.0),
        "discount": np.where(peer, gross - money.revenue, 0.0),
        "payment": np.where(peer, money.payment, 0.0),
        "returns": np.where(back, money.net, 0.0),
        "by_order": np.where(peer, money.order_work, 0.0),
    }
    sums = pd.DataFrame({name: _with_all(_total(money.channel, part, channels)) for name, part in parts.items()})
    rates = sums.div(sums["gross"].where(sums["gross"] > 0), axis=0)
    return rates.assign(gross=sums["gross"].where(sums["gross"] > 0))


def _order_costs(
    money: LineMoney, sales: np.ndarray, order: np.ndarray, peer: np.ndarray, channels: int
) -> pd.DataFrame:
    """Return by channel, and over all last, how many orders peers placed, and what freight and work an order takes."""
    size, first = int(order.max(initial=-1)) + 1, np.unique(order, return_index=True)[1]
    counts = np.bincount(order[peer], minlength=size) > 0
    channel = money.channel[first][counts]
    sold = [np.where(peer, part, 0.0) for part in (sales, money.freight, money.work - money.order_work)]
    of_order, freight, work = (_total(order, part, size)[counts] for part in sold)

    def total(values: np.ndarray) -> np.ndarray:
        return _with_all(_total(channel, values, channels))

    number, mean = total(np.ones(len(channel))), total(of_order)
    found = {"orders": number}
    for name, cost in (("freight", freight), ("work", work)):
        spread = number * total(of_order**2) - mean**2
        slope = np.divide(
            number * total(of_order * cost) - mean * total(cost), spread, out=np.zeros(len(number)), where=spread > 0
        )
        most = np.divide(total(cost), mean, out=np.zeros(len(number)), where=mean > 0)
        slope = np.clip(slope, 0.0, most)
        found[f"{name}_sales"] = slope
        found[f"{name}_order"] = np.divide(
            total(cost) - slope * mean, number, out=np.zeros(len(number)), where=number > 0
        )
    return pd.DataFrame(found)


def _with_all(by_channel: np.ndarray) -> np.ndarray:
    return np.append(by_channel, by_channel.sum())
