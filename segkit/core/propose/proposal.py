"""Guess which columns of an unknown file are segkit's: by names, by values, by what they say of each other."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from segkit.core.columns import input_tables
from segkit.core.errors import DataError
from segkit.core.propose.column_names import known_columns, name_score, speaks_against
from segkit.core.propose.fit import is_day_counter, speaks_of, value_fit
from segkit.core.propose.relations import (
    Evidence,
    constant_within,
    weigh_costs,
    weigh_dates,
    weigh_money,
    weigh_orders,
)
from segkit.core.propose.sniff import FileLook
from segkit.core.propose.sniff_values import ColumnLook
from segkit.core.propose.wide_files import WideLook, find_periods

ACCEPTED = 0.4
REPEATS = 0.02
Scores = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Guess:
    """One column of segkit and the source column taken for it: score 0 to about 2, why, and what came second."""

    column: str
    source: str
    score: float
    confidence: str
    evidence: str
    runner_up: str = ""

    @property
    def table(self) -> str:
        """Table of the column."""
        return self.column.split(".")[0]

    @property
    def short(self) -> str:
        """Column without its table."""
        return self.column.split(".")[1]


@dataclass(frozen=True)
class Proposal:
    """What a file is taken for: ``orders`` or ``sales``, its columns, period columns, and the columns left over."""

    table: str
    look: FileLook
    guesses: dict[str, Guess]
    wide: WideLook | None = None
    unused: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    def source(self, column: str) -> str:
        """Return the source column taken for a column (``items.unit_cost``, or of the main table), blank if none."""
        guess = self.guesses.get(column if "." in column else f"{self.table}.{column}")
        return guess.source if guess else ""


def propose_mapping(look: FileLook) -> Proposal:
    """Propose what the columns of a file are.

    Parameters
    ----------
    look : FileLook
        The file, as `sniff_file` saw it.

    Returns
    -------
    Proposal
        Of each column of segkit the likeliest source column, if one is likely enough, and why.

    Raises
    ------
    DataError
        No item, no quantity or no date could be found: the file holds no order lines and no sales.
    """
    wide = find_periods([str(name) for name in look.rows.columns])
    columns = {name: seen for name, seen in look.columns.items() if not wide or name not in wide.names}
    targets = _targets(wide is not None)
    scores = {(t, c): _score(t, seen) for t in targets for c, seen in columns.items()}
    first = _assign(targets, scores, list(columns))
    evidence = _weigh(columns, first) if not wide else Evidence()
    scores = {pair: _total(pair, score, evidence, columns) for pair, score in scores.items()}
    found = _assign(targets, scores, list(columns))
    found = _fill_required(found, columns)
    _require_parts(look, found, wide)
    table = _main_table(look, found, wide)
    found, doubts = _settle(table, found, columns, wide)
    found, doubt = _without_pack_size(found, evidence)
    doubts += doubt
    guesses = {column: _guess(column, source, scores, found, evidence, columns) for column, source in found.items()}
    order = [f"{name}.{column}" for name, spec in input_tables().items() for column in spec.columns]
    guesses = {column: guesses[column] for column in sorted(guesses, key=order.index)}
    return Proposal(table, look, guesses, wide, _unused(columns, found), tuple(doubts))


def _targets(wide: bool) -> list[str]:
    attributes = [f"items.{name}" for name in known_columns("items")]
    if wide:
        return ["orders.item_id", "orders.location_id", "sales.price", *attributes]
    attributes = [name for name in attributes if name != "items.unit_cost"]
    return [f"orders.{name}" for name in known_columns("orders")] + [
        *attributes,
        *(f"customers.{name}" for name in known_columns("customers")),
        "sales.in_stock",
    ]


def _score(target: str, look: ColumnLook) -> float:
    name = name_score(target, look.name)
    if target == "orders.order_date":
        name = max(name, name_score("sales.period", look.name) - 0.05)
    fit = value_fit(target, look, name)
    return fit * (name + 0.05) if name else 0.05 * fit


def _assign(targets: list[str], scores: Scores, sources: list[str]) -> dict[str, str]:
    """Give every target at most one source and the other way round, at the best total score."""
    from scipy.optimize import linear_sum_assignment

    table = np.array([[max(scores[t, s] - ACCEPTED, 0.0) for s in sources] for t in targets])
    rows, places = linear_sum_assignment(table, maximize=True)
    return {targets[r]: sources[c] for r, c in zip(rows, places, strict=True) if table[r, c] > 0}


def _weigh(columns: dict[str, ColumnLook], first: dict[str, str]) -> Evidence:
    evidence = Evidence()
    item, day = first.get("orders.item_id"), first.get("orders.order_date")
    taken = {first.get(f"orders.{name}") for name in ("item_id", "customer_id", "order_id", "order_date", "line_id")}
    aside = ("weight", "late", "lead", "lasting", "tax", "fixed", "volumetric")
    numeric = {
        name: seen
        for name, seen in columns.items()
        if seen.number_share > 0.9
        and seen.distinct > 1
        and not seen.leading_zeros
        and name not in taken
        and not speaks_of(name, "code", "location", "region", *aside)
        and not (speaks_of(name, "category") and not speaks_of(name, "amount", "quantity", "price"))
    }
    if len(numeric) >= 2:
        ordered = dict(sorted(numeric.items(), key=lambda entry: -_money_name(entry[0]))[:18])
        weigh_money(
            {**ordered, **({item: columns[item]} if item else {})},
            item,
            {name: name_score("orders.quantity", name) for name in ordered},
            evidence,
        )
        _weigh_cost(ordered, evidence)
    ids = [name for name, seen in columns.items() if name_score("orders.order_id", name) >= 0.3 and seen.distinct > 1]
    weigh_orders(columns, ids, day, evidence)
    weigh_dates(columns, evidence)
    for name, seen in columns.items():
        if seen.distinct <= 12 and value_fit("orders.currency", seen, 0) >= 0.98:
            evidence.add("currency", name, 0.5, "all are currency codes")
    return evidence


_MONEY = ("quantity", "unit_price", "amount", "unit_cost", "cost", "discount")


def _money_name(name: str) -> float:
    return max(name_score(f"orders.{c}", name) for c in _MONEY)


def _weigh_cost(numeric: dict[str, ColumnLook], evidence: Evidence) -> None:
    """Find the price first; what moves below it may be its cost."""
    said = {name: evidence.points.get(("amount", name), 0) > 0 for name in numeric}
    prices = [
        name for name in numeric if speaks_of(name, "price", "amount") and not speaks_of(name, "cost", "discount")
    ]
    prices = [name for name in prices if evidence.points.get(("quantity", name), 0) <= 0]
    if prices:
        price = max(prices, key=_money_name)
        other = ("price", "amount", "quantity", "discount", "percent", "profit", "freight")
        free = {n: seen for n, seen in numeric.items() if n == price or not speaks_of(n, *other)}
        weigh_costs(free, price, said[price], evidence)


def _total(pair: tuple[str, str], score: float, evidence: Evidence, columns: dict[str, ColumnLook]) -> float:
    target, source = pair
    if not target.startswith("orders."):
        return score
    points = evidence.points.get((target.removeprefix("orders."), source), 0.0)
    if points > 0 and speaks_against(target, source):
        return score
    return score + points * min(value_fit(target, columns[source], 1.0), 1.0)


def _fill_required(found: dict[str, str], columns: dict[str, ColumnLook]) -> dict[str, str]:
    """Where no name speaks of an item or a date: the description, the code within which prices vary least, any date."""
    found = dict(found)
    words = found.get("items.description", "")
    if "orders.item_id" not in found and words and name_score("items.description", words) >= 0.8:
        found["orders.item_id"] = found.pop("items.description")
    free = {name: seen for name, seen in columns.items() if name not in found.values()}
    dated = [name for name, seen in free.items() if seen.date_share * seen.filled > 0.9]
    if "orders.order_date" not in found:
        roles = [f"orders.{role}_date" for role in ("requested", "promised", "shipped", "delivered")]
        taken = [found.pop(role) for role in roles if role in found][:1]
        counted = [name for name, seen in free.items() if is_day_counter(seen)]
        for name in [*dated, *taken, *counted][:1]:
            found["orders.order_date"] = name
            free.pop(name, None)
    price = found.get("orders.unit_price")
    if "orders.item_id" not in found and price and "orders.quantity" in found:
        codes = [name for name, seen in free.items() if seen.distinct >= 5 and seen.unique_share < 0.9]
        steady = {name: _spread_within(columns[name].codes, columns[price].numbers) for name in codes}
        if steady:
            found["orders.item_id"] = min(steady, key=lambda name: steady[name])
    return found


def _spread_within(codes: pd.Series, prices: pd.Series) -> float:
    """Return the standard deviation of log prices within the rows of one code."""
    logs = np.log(prices.where(prices > 0))
    return float((logs - logs.groupby(codes).transform("mean")).std())


def _require_parts(look: FileLook, found: dict[str, str], wide: WideLook | None) -> None:
    needed = {"item": "orders.item_id"}
    if not wide:
        needed["date"] = "orders.order_date"
        if "orders.unit_price" not in found and "orders.amount" not in found:
            needed["quantity"] = "orders.quantity"
    absent = [word for word, target in needed.items() if target not in found]
    if absent:
        names = ", ".join(map(str, look.rows.columns[:30]))
        raise DataError(
            f"{look.path} holds no column that looks like the {' and the '.join(absent)} of an order line\n"
            f"  its columns: {names}{' …' if look.rows.shape[1] > 30 else ''}\n"
            "Order lines need a date, an item, a quantity and a price or amount; give another file, or write "
            "segkit.toml by hand (data/README.md lists the columns)."
        )


def _main_table(look: FileLook, found: dict[str, str], wide: WideLook | None) -> str:
    """Orders, unless periods are columns or rows are totals: no customer or order, one row per item, place, day."""
    if wide:
        return "sales"
    if "orders.customer_id" in found or "orders.order_id" in found:
        return "orders"
    key = [found[f"orders.{name}"] for name in ("item_id", "location_id", "order_date") if f"orders.{name}" in found]
    totals = "orders.quantity" in found and look.rows.duplicated(key).mean() <= 0.001
    return "sales" if totals else "orders"


def _settle(
    table: str, found: dict[str, str], columns: dict[str, ColumnLook], wide: WideLook | None
) -> tuple[dict[str, str], list[str]]:
    """Keep what holds: attributes that are constant per item or customer, line ids that are unique, one price only."""
    doubts: list[str] = []
    found = dict(found)
    if table == "sales":
        found = _as_sales(found, wide)
    keys = {"items": found.get(f"{table}.item_id"), "customers": found.get(f"{table}.customer_id")}
    for target, source in list(found.items()):
        owner = target.split(".")[0]
        if owner not in keys:
            continue
        key = keys[owner]
        share = constant_within(columns[key].codes, columns[source].codes) if key else 0.0
        if share < 0.9:
            del found[target]
            if key:
                doubts.append(f"{source} would be {target}, but is not the same in all rows of one {key} ({share:.0%})")
    line, order = found.get("orders.line_id"), found.get("orders.order_id")
    if line:
        codes = columns[line].codes
        repeats = (columns[order].codes + "\0" + codes if order else codes).duplicated().mean()
        if repeats > REPEATS:
            del found["orders.line_id"]
            doubts.append(f"{line} would be orders.line_id, but repeats within an order")
    return found, doubts


def _without_pack_size(found: dict[str, str], evidence: Evidence) -> tuple[dict[str, str], list[str]]:
    """Drop the size of a pack as order multiple where quantity x price of a pack is the amount: packs are counted."""
    price, size = found.get("orders.unit_price", ""), found.get("items.order_multiple", "")
    product = next((text for text in evidence.reasons.get(("unit_price", price), []) if f" x {price} = " in text), "")
    if not (product and size and speaks_of(price, "pack") and speaks_of(size, "pack")):
        return found, []
    doubt = f"{size} is not taken as items.order_multiple: {product}, so that the quantity counts packs already"
    return {column: source for column, source in found.items() if column != "items.order_multiple"}, [doubt]


def _as_sales(found: dict[str, str], wide: WideLook | None) -> dict[str, str]:
    renamed = {"item_id": "item_id", "location_id": "location_id"}
    if not wide:
        renamed |= {"order_date": "period", "quantity": "quantity", "unit_price": "price"}
    kept = {target: source for target, source in found.items() if not target.startswith(("orders.", "customers."))}
    moved = {f"sales.{new}": found[f"orders.{old}"] for old, new in renamed.items() if f"orders.{old}" in found}
    return {**moved, **kept}


def _guess(
    column: str,
    source: str,
    scores: Scores,
    found: dict[str, str],
    evidence: Evidence,
    columns: dict[str, ColumnLook],
) -> Guess:
    scored = column if (column, source) in scores else f"orders.{_ORDER_NAMES.get(column, column.split('.')[1])}"
    score = scores[scored, source]
    others = {s: value for (t, s), value in scores.items() if t == scored and s != source and value >= 0.3}
    taken = {s: t for t, s in found.items()}
    rivals = {s: value for s, value in others.items() if s not in taken or value >= score}
    rival = max(rivals, key=lambda name: rivals[name], default="")
    margin = score - rivals.get(rival, 0.0)
    confidence = (
        "sure" if score >= 0.8 and margin >= 0.2 else "likely" if score >= 0.6 and margin >= 0.05 else "doubtful"
    )
    if columns[source].dates and columns[source].dates.doubtful and scored.endswith("_date"):  # type: ignore[union-attr]
        confidence = "doubtful"
    reasons = evidence.reasons.get((scored.removeprefix("orders."), source), [])
    second = max(others, key=lambda name: others[name], default="")
    return Guess(column, source, score, confidence, "; ".join(reasons[:2]), second if confidence != "sure" else "")


_ORDER_NAMES = {"sales.period": "order_date", "sales.price": "unit_price"}


def _unused(columns: dict[str, ColumnLook], found: dict[str, str]) -> dict[str, str]:
    """Columns without a place, and what could be said of them."""
    customer = next((source for target, source in found.items() if target.endswith(".customer_id")), "")
    remarks: dict[str, str] = {}
    for name, seen in columns.items():
        if name in found.values():
            continue
        remarks[name] = "empty" if seen.filled == 0 else ""
        if customer and seen.filled and 1 < seen.distinct < columns[customer].distinct:
            share = constant_within(columns[customer].codes, seen.codes)
            if share > 0.97:
                remarks[name] = "the same in all rows of a customer: could serve as tier, region or channel"
    return remarks


def better(guess: Guess, evidence: str) -> Guess:
    """Return the guess with a sentence more."""
    return replace(guess, evidence="; ".join(part for part in (evidence, guess.evidence) if part))
