"""What would bring a loss maker to zero: the least change of one lever, and whether that alone can do it.

Every figure can be checked on the order lines: change the lever by so much, add the net margins up again, get zero.
What nobody would do is no remedy: the limits of what can be asked stand below.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.dynamics.causes.cause_names import CAUSES
from segkit.dynamics.causes.peers import LineMoney, Norm
from segkit.dynamics.causes.remedy_words import write_remedy

HIGHEST_RISE = 0.5  # of prices: customers who are asked for more buy elsewhere
LARGEST_CUT = 1 - 1 / (1 + HIGHEST_RISE)  # of unit costs: leaves the same margin as the highest rise
MOST_DROPPED = 0.5  # of a customer's items: with more of them gone it is another customer
MOST_RETURNED = 1.0  # of sales: who sends back as much as he buys has bought nothing
FEWEST_ORDERS = 4  # a year: goods for longer than a quarter are seldom taken at once

_ROUNDING = 1e-9
_LEVER_OF = {
    "price": "price",
    "mix": "mix",
    "price against cost": "price",
    "": "price",
    "cost": "cost",
    "discount": "discount",
    "freight": "freight",
    "order size": "order size",
    "returns": "returns",
    "service": "service",
    "payment terms": "payment terms",
}


@dataclass(frozen=True)
class Levers:
    """What each lever moves, line by line [currency]; ``order`` and ``sold`` tell how many orders there are.

    ``by_order`` is what a line costs because of its order or delivery, ``mergeable`` the part of it that is saved when
    its customer orders no more often than is realistic.
    """

    money: dict[str, np.ndarray]
    order: np.ndarray
    sold: np.ndarray

    def roll_up(self, codes: np.ndarray, count: int) -> pd.DataFrame:
        """Return the sums by code, with the number of orders."""
        sums = {name: np.bincount(codes, weights=part, minlength=count) for name, part in self.money.items()}
        return pd.DataFrame(sums, dtype="float64").assign(orders=_count_orders(self, codes, count))


def measure_levers(money: LineMoney, norm: Norm) -> Levers:
    """Return what each lever moves.

    Parameters
    ----------
    money : LineMoney
        Figures of order lines.
    norm : Norm
        What is normal for them.

    Returns
    -------
    Levers
        To be rolled up by customer or item.
    """
    sold, back = money.sold, ~money.sold
    levers = Levers(
        {
            "revenue": money.revenue,
            "payment": money.payment,
            "cost": money.cost,
            "gross": norm.gross,
            "sold": np.where(sold, money.revenue, 0.0),
            "freight": np.where(sold, money.freight, 0.0),
            "work": np.where(sold, money.work, 0.0),
            "returned": np.where(back, -money.revenue, 0.0),
            "back": np.where(back, money.net, 0.0),
            "by_order": _by_order(money, norm),
        },
        money.order,
        sold,
    )
    count = int(money.customer.max(initial=-1)) + 1
    orders = _count_orders(levers, money.customer, count)
    fewest = max(1.0, FEWEST_ORDERS * money.years)
    gone = np.maximum(1 - fewest / np.maximum(orders, 1), 0.0)
    levers.money["mergeable"] = levers.money["by_order"] * (gone[money.customer] if count else 0.0)
    return levers


def find_items_to_drop(customer: np.ndarray, item: np.ndarray, net: np.ndarray, loses: np.ndarray) -> pd.DataFrame:
    """Return how few of its items a loss maker would have to do without for the rest to earn, the worst first.

    Parameters
    ----------
    customer, item : ndarray of int
        Codes of each line.
    net : ndarray
        Net margin of each line [currency].
    loses : ndarray of bool
        By customer code: which customers are asked about.

    Returns
    -------
    DataFrame
        One row per customer code: items, how many there are; drop, how many must go; worst, the code of the first.
        Blank for customers who were not asked about.
    """
    found = pd.DataFrame(np.nan, index=range(len(loses)), columns=["items", "drop", "worst"])
    if not loses.any():
        return found
    rows, count = loses[customer], int(item.max()) + 1
    codes, pairs = pd.factorize(customer[rows] * count + item[rows])
    sums = np.bincount(codes, weights=net[rows])
    order = np.lexsort((pairs % count, sums.astype("float32"), pairs // count))  # float32: noise must not break ties
    who, what, sums = pairs[order] // count, pairs[order] % count, sums[order]
    first = np.flatnonzero(np.diff(who, prepend=-1))
    each = np.diff(np.append(first, len(who)))
    kept = np.repeat(np.add.reduceat(sums, first), each) - _running(sums, first, each)
    place = np.arange(len(who)) - np.repeat(first, each) + 1.0
    fewest = np.minimum.reduceat(np.where(kept >= 0, place, np.inf), first)
    found.loc[who[first], ["items", "drop", "worst"]] = np.column_stack([each, fewest, what[first]])
    return found


def find_remedies(sums: pd.DataFrame, levers: pd.DataFrame, *, entity: str, currency: str = "") -> pd.DataFrame:
    """Return what alone would bring the net margin of each loss maker to zero.

    Parameters
    ----------
    sums : DataFrame
        net_margin and main_cause, one row per customer or item.
    levers : DataFrame
        From `Levers.roll_up`, same rows, with items, drop (see `find_items_to_drop`) and worst_item, the item's name.
    entity : str
        customer or item, for the words.
    currency : str
        Currency of the plan, for the words.

    Returns
    -------
    DataFrame
        Same index: lever, lever_now, lever_needed, is_realistic and remedy; blank where nothing is lost.

    Notes
    -----
    Realistic are prices at most 50 % and unit costs at most a third off, half of a customer's items dropped, returns
    below what is sold, and orders no fewer than four a year. The first of these is taken: the lever of the main cause
    within its limit; the price within its limit; then, as no remedy, what is enough by arithmetic. Two
    causes or three do together where being as peers in all of them is within the limits, and enough.
    """
    loss = -sums["net_margin"].where(sums["net_margin"] < 0)
    asked = sums["main_cause"].map(_LEVER_OF).where(loss.notna(), "")
    figures = _figures(loss, levers)
    left, fits = _chosen(figures, asked, "left"), _chosen(figures, asked, "fits") == 1
    enough, price = left <= 0, figures["price"]
    by_price = (price["left"] <= 0) & loss.notna()
    good, price_fits = enough & fits, by_price & (price["fits"] == 1)
    lever = asked.where(good | (enough & ~price_fits), np.where(by_price, "price", ""))
    now, needed = (_chosen(figures, lever, name) for name in ("now", "needed"))
    realistic = good | price_fits
    made = pd.DataFrame({"lever": lever, "lever_now": now, "lever_needed": needed, "is_realistic": realistic})
    alone = {f"asked_{name}": _chosen(figures, asked, name) for name in ("now", "needed")}
    rows = levers.assign(
        **made, **alone, asked=asked, enough=enough, left=left, together=_together(sums, levers, entity), entity=entity
    )[loss.notna()]
    texts = [write_remedy(row, FEWEST_ORDERS, currency) for row in rows.to_dict("records")]
    texts = pd.Series(texts, index=rows.index, dtype="str").reindex(sums.index, fill_value="")
    return made.astype({"lever": "str"}).assign(remedy=texts)


def _count_orders(levers: Levers, codes: np.ndarray, count: int) -> np.ndarray:
    pairs = pd.unique(codes[levers.sold] + max(count, 1) * levers.order[levers.sold])
    return np.bincount(pairs % max(count, 1), minlength=count)


def _by_order(money: LineMoney, norm: Norm) -> np.ndarray:
    """Return what a sold line costs by order or delivery: work as recorded, freight and unknown drivers as modelled."""
    rate = {name: norm.rates[name].to_numpy()[norm.group] for name in norm.rates}
    rest = np.zeros(len(money.work)) if money.drivers_known else money.work
    found = money.order_work.copy()
    for cost, name, share in ((money.freight, "freight", norm.share_of_order), (rest, "work", norm.share_of_lines)):
        whole = norm.share_of_order * rate[f"{name}_order"] + norm.sales * rate[f"{name}_sales"]
        found += np.divide(cost * rate[f"{name}_order"] * share, whole, out=np.zeros(len(cost)), where=whole > 0)
    return np.where(money.sold, found, 0.0)


def _together(sums: pd.DataFrame, of: pd.DataFrame, entity: str) -> pd.Series:
    """Return in words the fewest largest causes, two or three, that would do if the customer or item were as peers."""
    effects = sums[list(CAUSES)].fillna(0.0).to_numpy()
    most = {
        "price_effect": HIGHEST_RISE * of["sold"],
        "cost_effect": LARGEST_CUT * of["cost"],
        "order_size_effect": of["mergeable"],
        "mix_effect": pd.Series(np.inf if entity == "customer" else -1.0, index=sums.index),  # an item has no mix
    }
    size = np.column_stack([most.get(name, pd.Series(np.inf, index=sums.index)) for name in CAUSES])
    within = (effects < 0) & (-effects <= size)
    order, row = np.argsort(effects, axis=1, kind="stable")[:, :3], np.arange(len(sums))[:, None]
    after = sums["net_margin"].to_numpy()[:, None] - effects[row, order].cumsum(axis=1)
    does = (after >= 0) & np.logical_and.accumulate(within[row, order], axis=1)
    words = np.array(list(CAUSES.values()), dtype=object)[order]
    two, three = words[:, 0] + " and " + words[:, 1], words[:, 0] + ", " + words[:, 1] + " and " + words[:, 2]
    told = np.select([after[:, 0] >= 0, does[:, 1], does[:, 2]], ["", two, three], "")
    return pd.Series(told, index=sums.index)


def _figures(loss: pd.Series, of: pd.DataFrame) -> dict[str, dict[str, pd.Series]]:
    """Return for every lever what it is, must be, if that fits its limit, and the loss left when used to the full."""
    one, sold = pd.Series(1.0, index=loss.index), of["sold"].where(of["sold"] > 0)
    paid = (of["revenue"] - of["payment"]).where(of["sold"] > 0)
    rise = loss / paid.where(paid > 0)
    discount, gross = of["gross"] - of["sold"], of["gross"].where(of["gross"] > 0)
    saved = of["by_order"].where(of["by_order"] > 0)
    returned = 1 - loss / -of["back"].where(of["back"] < 0)
    wait = 1 - loss / of["payment"].where(of["payment"] > 0)
    cheaper = 1 - loss / of["cost"].where(of["cost"] > 0)
    parts = {
        "price": (one, 1 + rise, loss.where(rise.isna(), 0.0)),
        "mix": (of["items"], of["items"] - of["drop"], loss.where(~(of["drop"] < of["items"]), 0.0)),
        "cost": (one, cheaper, loss - of["cost"]),
        "discount": (
            discount / gross,
            (discount - rise * of["sold"]) / gross,
            loss - (discount / sold * paid).fillna(0.0),
        ),
        "freight": (of["freight"] / sold, (of["freight"] - loss) / sold, loss - of["freight"]),
        "service": (of["work"] / sold, (of["work"] - loss) / sold, loss - of["work"]),
        "order size": (one, saved / (saved - loss), loss - of["mergeable"]),
        "returns": (
            of["returned"] / sold,
            returned * of["returned"] / sold,
            (loss + of["back"]).where(of["returned"] > 0, loss),
        ),
        "payment terms": (one, wait, loss - of["payment"]),
    }
    fits = {
        "price": rise <= HIGHEST_RISE + _ROUNDING,
        "mix": of["drop"] <= MOST_DROPPED * of["items"],
        "cost": cheaper >= 1 - LARGEST_CUT - _ROUNDING,
        "returns": returned * of["returned"] / sold < MOST_RETURNED - _ROUNDING,
    }
    return {
        name: {
            "now": now,
            "needed": needed,
            "left": left.where(sold.notna(), loss),
            "fits": fits.get(name, one == 1).astype(float),
        }
        for name, (now, needed, left) in parts.items()
    }


def _running(values: np.ndarray, first: np.ndarray, each: np.ndarray) -> np.ndarray:
    total = values.cumsum()
    return total - np.repeat(total[first] - values[first], each)


def _chosen(figures: dict[str, dict[str, pd.Series]], lever: pd.Series, name: str) -> pd.Series:
    made = pd.Series(np.nan, index=lever.index)
    for which, figure in figures.items():
        made = made.mask(lever == which, figure[name])
    return made
