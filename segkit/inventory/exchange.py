"""Stock against service: the exchange curve with where the company stands, and the price of its segmentation."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr

from segkit.core.errors import DataError, list_problems
from segkit.formulas.aggregate_optimum import optimum_for_service
from segkit.formulas.class_boundaries import BoundaryGain, best_cuts, boundary_gains
from segkit.formulas.price_of_segmentation import ClassRule, class_frontier, class_rule, price_of
from segkit.formulas.stock_choices import Choice
from segkit.inventory.exchange_items import ExchangeItems, read_exchange_items

TARGETS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)
EVERY = "(all)"
OPTIMUM, ONE, BY_SEGMENT, NOW = "item by item", "one target", "by segment", "now"
_WORTH = 1e-3  # share of the cost below which moving a boundary is not worth a word


def trade_stock_for_service(
    items: pd.DataFrame, *, weight: str = "margin", segment: str = "segment", targets: Sequence[float] = TARGETS
) -> pd.DataFrame:
    """Return ``exchange_curve``: what each fill_rate (P2) of all items together costs in stock, rule by rule.

    Parameters
    ----------
    items : DataFrame
        As `price_segmentation` takes it.
    weight : str
        Column that says what serving an item's demand of a year is worth: margin, revenue, lines or demand (units).
    segment : str
        Column of segments, which have one target each under the rule "by segment"; left out where it is not there.
    targets : sequence of float
        Weighted fill_rates for which a point is computed; those out of reach are left out. [0 to 1]

    Returns
    -------
    DataFrame
        A row per rule (item by item, one target, by segment, now), segment ("(all)" for all items together) and point:
        fill_rate (P2, under the weight), stock_value [currency] (what is left before an arrival, and cycle_stock),
        holding_cost [currency/year] (of what is left: the figure that is made least) and shadow_price (holding cost of
        one more unit of weight served; missing for now) and weight (its column). Sorted by rule, segment and fill_rate.

    Raises
    ------
    DataError
        As `price_segmentation`.

    Examples
    --------
    >>> table = pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "location_id": "A", "unit_cost": [1.0, 9.0], "mean": 20.0})
    >>> table = table.assign(holding_cost=table["unit_cost"] / 4, demand=120.0, order_quantity=10.0, sd=8.0)
    >>> curve = trade_stock_for_service(table, weight="demand", targets=[0.95])
    >>> curve[["rule", "stock_value"]].round(0).values.tolist()
    [['item by item', 150.0], ['one target', 174.0]]
    """
    wanted = _require_targets(targets)
    by = [segment] if segment in items else []
    trade = read_exchange_items(items, weight=weight, classes=by)
    if not len(trade.frame):
        return _curve_table([], weight)
    labels = trade.labels(segment) if by else pd.Series(EVERY, index=trade.frame.index)
    rows: list[dict] = []
    for target in wanted:
        found = optimum_for_service(trade.items, target)
        if found.service >= target - 1e-9:
            rows += _points(trade, OPTIMUM, labels, found.choice, found.multiplier)
    rules = {ONE: np.zeros(len(labels), dtype=int)}
    if by:
        rules[BY_SEGMENT] = np.unique(labels, return_inverse=True)[1]
    for rule, classes in rules.items():
        for reached, target in zip(class_frontier(trade.items, classes, wanted), wanted, strict=True):
            if reached.service >= target - 1e-9:
                rows += _points(trade, rule, labels, reached.choice, reached.multiplier)
    if (now := trade.now) is not None:
        rows += _points(trade, NOW, labels, now, float("nan"))
    return _curve_table(rows, weight)


def price_segmentation(
    items: pd.DataFrame,
    *,
    target: float = 0.97,
    weight: str = "margin",
    segments: Sequence[str] = ("segment",),
    classes: int = 3,
) -> pd.DataFrame:
    """Return ``segmentation_price``: what class rules cost over items chosen one by one, at equal service.

    Parameters
    ----------
    items : DataFrame
        A row per item_id and location_id: unit_cost [currency/unit], holding_cost [currency/unit/year], demand
        [units/year], order_quantity (units served per cycle: the lot, or demand of a review where that is more), the
        column of the weight, and the demand that stock must cover (lead time and review), either as quantiles (q50,
        q95, ...; close together near q100) or as mean and sd (taken as gamma). stock_target [units] is what the company
        aims at now, if known; cycle_stock [units] is what lies there on average besides what is left before an arrival,
        by default half of order_quantity. margin, revenue and lines are read where they are there.
    target : float
        fill_rate (P2) of all items together under the weight. [0 to 1]
    weight : str
        Column that says what serving an item's demand of a year is worth: margin, revenue, lines or demand (units).
        Loss makers weigh nothing.
    segments : sequence of str
        Columns of classes; each becomes a rule.
    classes : int
        For how many classes the best cuts are sought.

    Returns
    -------
    DataFrame
        A row per rule: one target, each class column, best cuts by the cost criterion, item by item, and now. Columns:
        rule, classes, sizes (items per class), targets (cycle_service, P1, per class), cost [currency/year], price
        (cost over the least possible at the same fill_rate, 1 or more), stock_value [currency], fill_rate, one
        fill_rate_… per weight the table has, advice (which boundary to move first), advice_saving [currency/year] and
        weight (its column).

    Raises
    ------
    DataError
        Where columns are missing, or figures are missing or out of range.

    Notes
    -----
    A class rule gives all items of a class one cycle_service (P1); the targets are the cheapest that meet the fill_rate
    together. Cost is that of what is left before an arrival; cycle stock is the same under every rule. Best cuts are
    sought among 128 places in the order of weight / (h·Q), and boundaries of a class column among items in that order
    within the classes.

    References
    ----------
    Teunter, Babai & Syntetos (2010), "ABC classification: service levels and inventory costs", Production and
    Operations Management 19(3).

    Examples
    --------
    >>> table = pd.DataFrame({"item_id": ["SKU-1", "SKU-2"], "location_id": "A", "unit_cost": [1.0, 9.0], "mean": 20.0})
    >>> table = table.assign(holding_cost=table["unit_cost"] / 4, demand=120.0, order_quantity=10.0, sd=8.0)
    >>> priced = price_segmentation(table, target=0.95, weight="demand", segments=[])
    >>> priced["rule"].tolist()
    ['one target', 'best 2 classes', 'item by item']
    """
    _require_targets([target])
    if not isinstance(classes, int | np.integer) or classes < 1:
        raise DataError(
            list_problems("classes cannot be used", [f"it is {classes}"], ["Give a whole number, 1 or more."])
        )
    trade = read_exchange_items(items, weight=weight, classes=list(segments))
    if not len(trade.frame):
        return _price_table([], trade)
    rows = [_rule_row(trade, ONE, pd.Series(EVERY, index=trade.frame.index), target)[0]]
    for column in segments:
        row, rule = _rule_row(trade, column, trade.labels(column), target)
        rows.append({**row, **_advice(trade, column, target, rule)})
    cut = pd.Series(best_cuts(trade.items, trade.score, int(classes), target) + 1).astype(str)
    rows.append(_rule_row(trade, f"best {cut.nunique()} classes", cut, target)[0])
    rows.append(_row(trade, OPTIMUM, optimum_for_service(trade.items, target).choice))
    if (now := trade.now) is not None:
        rows.append(_row(trade, NOW, now))
    return _price_table(rows, trade)


def _require_targets(targets: Sequence[float]) -> list[float]:
    wrong = [target for target in targets if not 0 < target < 1]
    if wrong:
        problem = f"{', '.join(map(str, wrong))} lie outside 0 to 1"
        raise DataError(list_problems("targets cannot be used", [problem], ["Give fill_rates such as 0.97."]))
    return sorted({float(target) for target in targets})


def _points(trade: ExchangeItems, rule: str, labels: pd.Series, choice: Choice, price: float) -> Iterator[dict]:
    """Yield a point for all items and for each segment."""
    of_item = pd.DataFrame(
        {
            "segment": labels,
            "served": trade.items.weight * (1 - choice.short),
            "weight": trade.items.weight,
            "stock_value": trade.stock_values(choice),
            "holding_cost": choice.cost,
        }
    )
    sums = of_item.groupby("segment").sum()
    if labels.iloc[0] != EVERY:
        sums.loc[EVERY] = of_item.drop(columns="segment").sum()
    for segment, row in sums.iterrows():
        fill = row["served"] / row["weight"] if row["weight"] > 0 else np.nan
        told = {"stock_value": row["stock_value"], "holding_cost": row["holding_cost"], "shadow_price": price}
        yield {"rule": rule, "segment": segment, "fill_rate": fill, **told}


def _curve_table(rows: list[dict], weight: str) -> pd.DataFrame:
    figures = ["fill_rate", "stock_value", "holding_cost", "shadow_price"]
    table = pd.DataFrame(rows, columns=["rule", "segment", *figures])
    table = table.astype({"rule": "str", "segment": "str", **dict.fromkeys(figures, "float64")})
    table["weight"] = pd.Series(weight, index=table.index, dtype="str")
    return table.sort_values(["rule", "segment", "fill_rate"], ignore_index=True)


def _rule_row(trade: ExchangeItems, rule: str, labels: pd.Series, target: float) -> tuple[dict, ClassRule]:
    """Return the row of a class rule with its cheapest targets, and the rule."""
    names, codes = np.unique(labels, return_inverse=True)
    found = class_rule(trade.items, codes, target)
    sizes = np.bincount(codes)
    services = "P1: " + ", ".join(f"{name} {ndtr(k):.1%}" for name, k in zip(names, found.factors, strict=True))
    counts = ", ".join(f"{name} {size:,}" for name, size in zip(names, sizes, strict=True))
    return {**_row(trade, rule, found.choice), "classes": len(names), "sizes": counts, "targets": services}, found


def _row(trade: ExchangeItems, rule: str, choice: Choice) -> dict:
    fills = {f"fill_rate_{name}": trade.fill_rate(choice, name) for name in trade.weights}
    return {
        "rule": rule,
        "classes": 0,
        "sizes": "",
        "targets": "",
        "cost": float(choice.cost.sum()),
        "price_ratio": price_of(trade.items, choice),
        "stock_value": float(trade.stock_values(choice).sum()),
        "fill_rate": trade.fill_rate(choice, trade.weight),
        **fills,
        "advice": "",
        "advice_saving": np.nan,
    }


def _advice(trade: ExchangeItems, column: str, target: float, now: ClassRule) -> dict:
    """Return in words which boundary of a class column to move first, and what that saves."""
    labels, score = trade.labels(column), pd.Series(trade.score)
    if labels.nunique() < 2:
        return {}
    middle = score.groupby(labels).median()
    ranked = sorted(middle.index, key=lambda name: (-middle[name], name))
    place = labels.map({name: number for number, name in enumerate(ranked)}).to_numpy()
    order = np.lexsort((-score.to_numpy(), place))
    starts = np.searchsorted(place[order], np.arange(1, len(ranked)))
    gains = boundary_gains(trade.items, order, starts, target, now=now)
    first = int(np.argmin([gain.cost for gain in gains]))
    return {"advice": _advice_words(ranked, first, gains[first], now), "advice_saving": now.cost - gains[first].cost}


def _advice_words(ranked: list[str], number: int, gain: BoundaryGain, now: ClassRule) -> str:
    saving, moved = now.cost - gain.cost, abs(gain.better - gain.start)
    if saving <= _WORTH * now.cost:
        return "No boundary is worth moving by itself."
    upper, lower = ranked[number], ranked[number + 1]
    some = "item-location" if moved == 1 else f"{moved:,} item-locations"
    which = f"the {some} of {lower} that deserve stock most into {upper}"
    if gain.better < gain.start:
        which = f"the {some} of {upper} that deserve stock least into {lower}"
    share = saving / now.cost
    return f"Move {which} first: saves {share:.1%} of the cost of stock at the same fill rate, targets set anew."


def _price_table(rows: list[dict], trade: ExchangeItems) -> pd.DataFrame:
    fills = ["fill_rate", *(f"fill_rate_{name}" for name in trade.weights)]
    figures = ["cost", "price_ratio", "stock_value", *fills, "advice_saving"]
    columns = [
        "rule",
        "classes",
        "sizes",
        "targets",
        "cost",
        "price_ratio",
        "stock_value",
        *fills,
        "advice",
        "advice_saving",
    ]
    kinds = {**dict.fromkeys(("rule", "sizes", "targets", "advice"), "str"), **dict.fromkeys(figures, "float64")}
    table = pd.DataFrame(rows, columns=columns).astype({**kinds, "classes": "int64"})
    table["weight"] = pd.Series(trade.weight, index=table.index, dtype="str")
    return table
