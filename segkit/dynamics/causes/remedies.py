"""What would bring a loss maker to zero: the least change of one lever, and whether that alone can do it.

Every figure can be checked on the order lines: change the lever by so much, add the net margins up again, get zero.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.dynamics.causes.peers import LineMoney, Norm

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
    """What each lever moves, line by line [currency]; ``order`` and ``sold`` tell how many orders there are."""

    money: dict[str, np.ndarray]
    order: np.ndarray
    sold: np.ndarray

    def roll_up(self, codes: np.ndarray, count: int) -> pd.DataFrame:
        """Return the sums by code, with the number of orders and what of freight and work goes by order."""
        sums = pd.DataFrame(
            {name: np.bincount(codes, weights=part, minlength=count) for name, part in self.money.items()},
            dtype="float64",
        )
        pairs = pd.unique(codes[self.sold] + count * self.order[self.sold])
        sums["orders"] = np.bincount(pairs % max(count, 1), minlength=count)
        by_order = pd.Series(0.0, index=sums.index)
        for name in ("freight", "work"):
            usual = sums[f"{name}_order"] + sums[f"{name}_sales"]
            by_order += (sums[name] * sums[f"{name}_order"] / usual.where(usual > 0)).fillna(0.0)
        return sums.assign(by_order=by_order)


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
    rate = {name: norm.rates[name].to_numpy()[norm.group] for name in norm.rates}
    sold, back = money.sold, ~money.sold
    return Levers(
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
            "freight_order": rate["freight_order"] * norm.share_of_order,
            "freight_sales": rate["freight_sales"] * norm.sales,
            "work_order": rate["work_order"] * norm.share_of_lines,
            "work_sales": rate["work_sales"] * norm.sales,
        },
        money.order,
        sold,
    )


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
        Same index: lever, lever_now, lever_needed and remedy; blank where nothing is lost.
    """
    loss = -sums["net_margin"].where(sums["net_margin"] < 0)
    asked = sums["main_cause"].map(_LEVER_OF).where(loss.notna(), "")
    figures = _figures(loss, levers)
    enough = pd.Series(False, index=sums.index)
    for name, figure in figures.items():
        enough |= (asked == name) & (figure["left"] <= 0)
    by_price = figures["price"]["left"] <= 0
    lever = asked.where(enough, np.where(by_price & loss.notna(), "price", ""))
    now, needed = (_chosen(figures, lever, name) for name in ("now", "needed"))
    left = _chosen(figures, asked, "left")
    made = pd.DataFrame({"lever": lever, "lever_now": now, "lever_needed": needed}).astype({"lever": "str"})
    rows = levers.assign(asked=asked, lever=lever, now=now, needed=needed, left=left, entity=entity)[loss.notna()]
    texts = [_sentence(row, currency) for row in rows.to_dict("records")]
    return made.assign(remedy=pd.Series(texts, index=rows.index, dtype="str").reindex(sums.index, fill_value=""))


def _figures(loss: pd.Series, of: pd.DataFrame) -> dict[str, dict[str, pd.Series]]:
    """Return for every lever what it is, what it must be, and the loss that is left when it is used to the full."""
    one, sold = pd.Series(1.0, index=loss.index), of["sold"].where(of["sold"] > 0)
    paid = (of["revenue"] - of["payment"]).where(of["sold"] > 0)
    rise = loss / paid.where(paid > 0)
    discount, gross = of["gross"] - of["sold"], of["gross"].where(of["gross"] > 0)
    orders = of["orders"].where(of["orders"] > 0)
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
        "order size": (one, saved / (saved - loss), loss - (saved * (1 - 1 / orders)).fillna(0.0)),
        "returns": (of["returned"] / sold, returned * of["returned"] / sold, loss + of["back"]),
        "payment terms": (one, wait, loss - of["payment"]),
    }
    return {
        name: {"now": now, "needed": needed, "left": left.where(sold.notna(), loss)}
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


def _sentence(row: dict, currency: str) -> str:
    if row["sold"] <= 0:
        return "none: nothing was paid for, only goods taken back or given away"
    if row["lever"] == row["asked"]:
        return _words(row, currency)
    if row["asked"] == "mix":
        return f"not by mix: every item loses; {_words(row, currency)}"
    alone = f"not by {_NAMES[row['asked']]} alone: {_money(row['left'], currency, up=False)} would still be lost"
    if not row["lever"]:
        return f"{alone}, and so little was kept that no price would do"
    return f"{alone}; {_words(row, currency)}"


_NAMES = {
    "price": "price",
    "mix": "mix",
    "cost": "cost of the goods",
    "discount": "discount",
    "freight": "freight",
    "service": "work to serve",
    "order size": "order size",
    "returns": "returns",
    "payment terms": "payment terms",
}


def _words(row: dict, currency: str) -> str:
    """Return a remedy in words, its figure rounded to the side on which it suffices."""
    lever, now, needed = row["lever"], row["now"], row["needed"]
    if lever == "price":
        return f"prices {_percent(needed - 1, up=True)} higher"
    if lever == "mix":
        gone = "the worst item" if now - needed == 1 else f"the {now - needed:,.0f} worst items"
        return f"without {gone} of {now:,.0f} (first {row['worst_item']})"
    if lever == "cost":
        return f"unit costs {_percent(1 - needed, up=True)} lower"
    if lever == "payment terms":
        return f"payment in at most {_percent(needed)} of today's days"
    if lever == "order size" and row["entity"] == "item":
        return f"orders {math.ceil(needed * 10 - 1e-9) / 10:,.1f} times as large"
    if lever == "order size":
        mean = row["sold"] / row["orders"]
        return f"orders of at least {_money(mean * needed, currency)} on average (now {_money(mean, currency)})"
    if lever == "freight" and row["entity"] == "customer":
        each = (now - needed) * row["sold"] / row["orders"]
        paid = now * row["sold"] / row["orders"]
        return f"freight charged: {_money(each, currency)} an order (of {_money(paid, currency)} that it costs)"
    base = "gross sales" if lever == "discount" else "sales"
    return f"{_NAMES[lever]} of at most {_percent(needed)} of {base} (now {now:.1%})"


def _percent(share: float, *, up: bool = False) -> str:
    """Return a share in percent with one decimal, rounded up or down."""
    scaled = share * 1000
    return f"{(math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)) / 1000:.1%}"


def _money(amount: float, currency: str, *, up: bool = True) -> str:
    """Return money in whole units, small sums with cents, rounded up where it must suffice."""
    scale = 1 if abs(amount) >= 20 else 100
    rounded = (math.ceil(amount * scale - 1e-6) if up else round(amount * scale)) / scale
    return f"{currency} {rounded:,.{0 if scale == 1 else 2}f}".strip()
