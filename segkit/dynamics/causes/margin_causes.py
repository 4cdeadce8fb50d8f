"""Why a customer or an item earns what it earns: its net margin against the one its peers would leave, cause by cause.

Causes are found line by line, so that over any lines, of a customer, an item, both or a region, they add up exactly.
"""

import numpy as np
import pandas as pd

from segkit.core.cleaning import UNKNOWN_CUSTOMER
from segkit.core.columns import empty_table, nomenclature
from segkit.dynamics.causes.cause_names import CAUSES, LOW_PRICED
from segkit.dynamics.causes.peers import LineMoney, Norm, find_norm, take_money
from segkit.dynamics.causes.remedies import find_items_to_drop, find_remedies, measure_levers

_NOISE = 1e-12  # part of what was added that is rounding, not money


def explain_margins(lines: pd.DataFrame, activities: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the net margin of every order line as what is normal for it, and what made it more or less.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, or those of a window. Peers and what is normal come from the same lines.
    activities : DataFrame, optional
        Table ``activities``: tells which work goes by order or delivery. Without it that is fitted, see Notes.

    Returns
    -------
    DataFrame
        Same index: customer_id, item_id, channel, revenue, net_margin, normal_margin, mix_effect, price_effect,
        cost_effect, discount_effect, freight_effect, order_size_effect, returns_effect, service_effect,
        payment_effect [currency]. normal_margin and the effects add up to net_margin; all are blank where it is.

    Notes
    -----
    Peers are the customers that earn in the line's channel (all channels where fewer than five do); reference prices
    and costs are their means per unit of the item. ``normal_margin`` is the peers' net margin rate on the line's sales
    at reference prices. What goes with the size of goods (freight, work, orders) is measured against sales at reference
    prices, what goes with money (discount, payment, returns) against the line's own gross sales; ``price_effect``
    is the price above or below reference less its share of these. Work of the drivers order and delivery is as
    recorded in ``activities``; freight and all other work are modelled as a whatever the order's size and b with its
    sales (see `find_norm`), shared among the order's lines: freight by sales, work equally. Lines that come back
    count with all they cost; lines that cancel each other with what is left of them. Where a cost is assumed as a share
    of revenue it follows the price, so that its effect is in ``price_effect``. Goods free of charge are sold at
    reference price with a discount of 100 %. Over the customers of a norm every effect adds up to zero.

    References
    ----------
    Horngren, Datar and Rajan, Cost Accounting, 14th ed., ch. 14 (customer profitability and variances); the split is
    a flexible budget at the peers' rates.
    """
    money = take_money(lines, activities)
    names = ["customer_id", "item_id", "channel", "revenue", "net_margin"]
    return lines[names].assign(**_effects(money, find_norm(money)))


def list_margin_causes(
    lines: pd.DataFrame, activities: pd.DataFrame | None = None, *, currency: str = ""
) -> pd.DataFrame:
    """Return ``margin_causes``: why each named customer and each item earns what it earns; what would cure a loss.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, or those of a window.
    activities : DataFrame, optional
        Table ``activities``: tells which work goes by order or delivery, and so is saved by larger orders.
    currency : str
        Currency of the plan, for the words.

    Returns
    -------
    DataFrame
        One row per customer (unknown ones left out) and item. normal_margin and the effects add up to net_margin; all
        of them are blank where the cost of a line is not known. Loss makers have a ``remedy``: the least change of
        ``lever``, from lever_now to lever_needed, that alone brings their net margin to zero; where no such change
        ``is_realistic``, the remedy says so and names the two or three causes that would do together.

    Notes
    -----
    The lever is that of the main cause; where undoing that cause is not enough or not realistic (see `find_remedies`
    for the limits), it is the price, and the remedy says so. Mix: without its worst items a customer's margin is zero
    or above. Prices and discounts: refunds and payment costs go with what was paid. Order size: the same goods in fewer
    orders save the work of the drivers order and delivery, as recorded, and of the freight the part that the model of
    `find_norm` puts down to the order and not to its size; picking and other work stay. Without ``activities`` the
    work is modelled like the freight. Everything else stays as it was; demand too.
    """
    money = take_money(lines, activities)
    norm = find_norm(money)
    effects, levers = _effects(money, norm), measure_levers(money, norm)
    item, items = pd.factorize(lines["item_id"], sort=True)
    parts = []
    for entity in ("customer", "item"):
        codes, names = pd.factorize(lines[f"{entity}_id"], sort=True)
        sums = _roll_up(money, effects, codes, len(names))
        sums["main_cause"] = _main_causes(sums, LOW_PRICED if entity == "item" else "mix")
        mixed = (sums["main_cause"] == "mix") & (sums["net_margin"] < 0)
        worst = find_items_to_drop(codes, item, money.net, mixed.to_numpy())
        named = [items[int(code)] if code == code else "" for code in worst.pop("worst")]
        rolled = levers.roll_up(codes, len(names)).join(worst).assign(worst_item=named)
        cured = find_remedies(sums, rolled, entity=entity, currency=currency)
        table = pd.concat([sums, cured], axis=1)
        table.insert(0, "entity", pd.Series(entity, index=table.index, dtype="str"))
        table.insert(1, "entity_id", pd.Series(names, index=table.index, dtype="str"))
        parts.append(table[(table["entity_id"] != UNKNOWN_CUSTOMER).to_numpy(dtype=bool) | (entity == "item")])
    table = pd.concat(parts, ignore_index=True)[list(nomenclature()["margin_causes"].columns)]
    return table if len(table) else empty_table("margin_causes")


def list_losing_pairs(lines: pd.DataFrame, activities: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return ``losing_pairs``: which named customers lose us money on which items, and why.

    Parameters
    ----------
    lines : DataFrame
        Table ``order_lines``, or those of a window.
    activities : DataFrame, optional
        Table ``activities``, see `explain_margins`.

    Returns
    -------
    DataFrame
        One row per customer and item whose net margin is below zero; normal_margin and the effects add up to it.
    """
    money = take_money(lines, activities)
    customer, customers = pd.factorize(lines["customer_id"], sort=True)
    item, items = pd.factorize(lines["item_id"], sort=True)
    codes, pairs = pd.factorize(customer * max(len(items), 1) + item, sort=True)
    sums = _roll_up(money, _effects(money, find_norm(money)), codes, len(pairs))
    who, what = pairs // max(len(items), 1), pairs % max(len(items), 1)
    sums.insert(0, "customer_id", pd.Series(customers[who], dtype="str"))
    sums.insert(1, "item_id", pd.Series(items[what], dtype="str"))
    losing = sums[((sums["net_margin"] < 0) & (sums["customer_id"] != UNKNOWN_CUSTOMER)).to_numpy(dtype=bool)]
    losing = losing.assign(main_cause=_main_causes(losing, LOW_PRICED)).reset_index(drop=True)
    return losing[list(nomenclature()["losing_pairs"].columns)] if len(losing) else empty_table("losing_pairs")


def _effects(money: LineMoney, norm: Norm) -> dict[str, np.ndarray]:
    rate = {name: norm.rates[name].to_numpy()[norm.group] for name in norm.rates}
    sold, gross, sales = money.sold, norm.gross, norm.sales
    cost, freight, payment, by_order, other_work = (
        np.where(sold, part, 0.0)
        for part in (money.cost, money.freight, money.payment, money.order_work, money.work - money.order_work)
    )
    kept = 1 - rate["discount"] - rate["payment"] + rate["returns"]
    usual = (rate["freight_order"] + rate["work_order"]) * rate["orders"] + rate["by_order"]
    dearer = norm.cost - cost
    found = {
        "normal_margin": sales * (rate["margin"] + kept - 1 - usual - rate["freight_sales"] - rate["work_sales"]),
        "mix_effect": sales * (1 - rate["margin"]) - norm.cost,
        "price_effect": (gross - sales) * kept + np.where(money.assumed, dearer, 0.0),
        "cost_effect": np.where(money.assumed, 0.0, dearer),
        "discount_effect": np.where(sold, money.revenue, 0.0) - gross * (1 - rate["discount"]),
        "freight_effect": rate["freight_order"] * norm.share_of_order + rate["freight_sales"] * sales - freight,
        "order_size_effect": usual * sales
        - by_order
        - rate["freight_order"] * norm.share_of_order
        - rate["work_order"] * norm.share_of_lines,
        "returns_effect": np.where(sold, -rate["returns"] * gross, money.net),
        "service_effect": rate["work_order"] * norm.share_of_lines + rate["work_sales"] * sales - other_work,
        "payment_effect": rate["payment"] * gross - payment,
    }
    blank = np.isnan(money.net)
    return {name: np.where(blank, np.nan, part) for name, part in found.items()} if blank.any() else found


def _roll_up(money: LineMoney, effects: dict[str, np.ndarray], codes: np.ndarray, count: int) -> pd.DataFrame:
    """Return revenue, net margin and its parts by code; what is left where parts cancel out is no money."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(codes, weights=values, minlength=count).astype("float64")

    size = total(np.abs(money.revenue)) + total(np.abs(money.net))
    sums = {"revenue": total(money.revenue), "net_margin": total(money.net)}
    sums |= {name: total(part) for name, part in effects.items()}
    return pd.DataFrame({name: np.where(np.abs(part) <= _NOISE * size, 0.0, part) for name, part in sums.items()})


def _main_causes(sums: pd.DataFrame, of_mix: str) -> pd.Series:
    """Return in words which effect takes most; blank where none takes."""
    parts = np.nan_to_num(sums[list(CAUSES)].to_numpy())
    words = np.array([of_mix if word == "mix" else word for word in CAUSES.values()], dtype=object)
    worst = words[parts.argmin(axis=1)] if len(parts) else words[:0]
    return pd.Series(np.where(parts.min(axis=1, initial=0.0) < 0, worst, ""), index=sums.index, dtype="str")
