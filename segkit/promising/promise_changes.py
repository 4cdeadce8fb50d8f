"""What would have improved a promise: changes of one kind at a time, each tried by promising the book again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from segkit.promising.orders import Promises, promise_orders
from segkit.promising.promise_terms import OTHERS, PromiseTerms


@dataclass(frozen=True)
class Question:
    """A line, and the tables that it was promised from: lines up to it, of places that it has to do with."""

    orders: pd.DataFrame
    supply: pd.DataFrame
    allocations: pd.DataFrame | None
    alternatives: pd.DataFrame | None
    terms: PromiseTerms
    line: tuple[str, str]

    @property
    def rows(self) -> np.ndarray:
        """Return which row of the orders is the line."""
        return ((self.orders["order_id"] == self.line[0]) & (self.orders["line_id"] == self.line[1])).to_numpy()

    def with_line(self, **values: object) -> "Question":
        """Return the question with other values of the line."""
        changed = self.orders.copy()
        for name, value in values.items():
            if name not in changed:
                changed[name] = None
            cells = changed[name].astype(object)
            cells[self.rows] = value
            changed[name] = cells.infer_objects()
        return replace(self, orders=changed)

    def ask(self) -> "Answer":
        """Promise the book, and return what the line gets."""
        made = promise_orders(
            self.orders, self.supply, allocations=self.allocations, alternatives=self.alternatives, terms=self.terms
        )
        line = _of(made.lines, self.line)
        used = _of(made.trace, self.line)
        timely = float(used.loc[used["promised_date"] <= _due(line.iloc[0]), "quantity"].sum())
        return Answer(line.iloc[0], used, timely, made)


@dataclass(frozen=True)
class Answer:
    """What a line gets: its row of `Promises.lines`, what it used, and how much of it is promised in time."""

    line: pd.Series
    used: pd.DataFrame
    timely: float
    made: Promises

    @property
    def worth(self) -> tuple[float, float, float]:
        """Return what makes one answer better than another: units in time, units at all, days late."""
        late = self.line["late_days"]
        return self.timely, float(self.line["promised_quantity"]), -float(late) if pd.notna(late) else -np.inf

    @property
    def is_full(self) -> bool:
        """Return whether all of the line is promised in time."""
        return self.timely >= self.line["quantity"] * (1 - 1e-9)


@dataclass(frozen=True)
class Change:
    """A change of one ``kind``, in words, its ``amount`` (units, days or money; blank = none), and what it gives."""

    kind: str
    words: str
    amount: float
    answer: Answer


def find_changes(question: Question, now: Answer) -> Iterator[Change]:
    """Yield the least change of every kind that improves the promise of a line."""
    if now.is_full:
        return
    for find in (_release, _more_supply, _class, _delivery, _elsewhere, _lateness, _limit, _margin):
        yield from find(question, now)


def _of(table: pd.DataFrame, line: tuple[str, str]) -> pd.DataFrame:
    return table[(table["order_id"] == line[0]) & (table["line_id"] == line[1])].reset_index(drop=True)


def _better(question: Question, now: Answer) -> Answer | None:
    found = question.ask()
    return found if found.worth > now.worth else None


def _due(line: pd.Series) -> pd.Timestamp:
    return max(line["requested_date"], line["order_date"].floor("D"))


def _here(table: pd.DataFrame, now: Answer) -> pd.Series:
    """Return which rows are of the place asked for, and there in time."""
    here = (table["available_date"] <= _due(now.line)) & (table["item_id"].astype("str") == now.line["item_id"])
    if "location_id" in table:
        here &= table["location_id"].astype("str") == now.line["location_id"]
    return here


def _release(question: Question, now: Answer) -> Iterator[Change]:
    """Release quotas that held units in time for others, one class after the other, on the day the line arrives."""
    held, arrival = question.allocations, now.line["order_date"].floor("D")
    if held is None or now.line["reserved_quantity"] <= 0:
        return
    kept = _here(held, now) & held["kind"].isin(["reservation", "both"])
    for name in reversed([*question.terms.classes, OTHERS]):
        rows = kept & (held["demand_class"] == name)
        if name == now.line["demand_class"] or not rows.any():
            continue
        released = held.get("released_date", pd.Series(pd.NaT, index=held.index))
        changed = held.assign(released_date=released.mask(rows & ~(released <= arrival), arrival))
        if found := _better(replace(question, allocations=changed), now):
            yield Change("release", f"quota of {name} released by {arrival:%Y-%m-%d}", np.nan, found)


def _more_supply(question: Question, now: Answer) -> Iterator[Change]:
    """Find the least whole quantity that, put into the last bucket in time, gets all of the line promised in time."""
    here = question.supply[_here(question.supply, now)]
    day = here["available_date"].max() if len(here) else _due(now.line)

    def ask(units: int) -> Answer:
        row = {"item_id": now.line["item_id"], "location_id": now.line["location_id"], "available_date": day}
        more = pd.DataFrame([{**row, "quantity": float(units)}]).reindex(columns=question.supply.columns)
        return replace(question, supply=pd.concat([question.supply, more], ignore_index=True)).ask()

    most = int(np.ceil(now.made.lines["quantity"].sum()))
    units, found = _least(ask, 0, most)
    if found is not None:
        words = f"{units:,} more {'unit' if units == 1 else 'units'} in the supply of {day:%Y-%m-%d}"
        yield Change("supply", words, units, found)


def _least(ask: Callable[[int], Answer], low: int, high: int) -> tuple[int, Answer | None]:
    """Return the least number above ``low`` with which all is promised in time, by halving."""
    best = ask(high)
    if not best.is_full:
        return high, None
    while high - low > 1:
        middle = (low + high) // 2
        found = ask(middle)
        if found.is_full:
            high, best = middle, found
        else:
            low = middle
    return high, best


def _class(question: Question, now: Answer) -> Iterator[Change]:
    """Raise the line's class step by step, until that helps."""
    classes = question.terms.classes
    if "demand_class" not in question.orders or now.line["demand_class"] not in classes:
        return
    for name in reversed(classes[: classes.index(now.line["demand_class"])]):
        if found := _better(question.with_line(demand_class=name), now):
            yield Change("class", f"served as {name}", np.nan, found)
            return


def _delivery(question: Question, now: Answer) -> Iterator[Change]:
    found = _better(question.with_line(delivery="partial"), now)
    if found:
        yield Change("delivery", "any part delivered when it is there", np.nan, found)


def _elsewhere(question: Question, now: Answer) -> Iterator[Change]:
    """Ask for the same item at other locations; the one that gives most."""
    if "location_id" not in question.orders:
        return
    same = question.supply[question.supply["item_id"].astype("str") == now.line["item_id"]]
    others = sorted({*same["location_id"].astype("str")} - {now.line["location_id"]})
    tried = [(name, _better(question.with_line(location_id=name), now)) for name in others]
    helped = [(name, found) for name, found in tried if found is not None]
    if helped:
        name, found = max(helped, key=lambda pair: pair[1].worth)
        yield Change("location", f"delivered from {name}", np.nan, found)


def _lateness(question: Question, now: Answer) -> Iterator[Change]:
    """Allow as many days late as all that can be had at all needs, and no more."""
    short = now.line["promised_quantity"] < now.line["quantity"] * (1 - 1e-9)
    if not short:
        return
    any_day = replace(question, terms=replace(question.terms, max_lateness_days=None))
    found = any_day.with_line(max_lateness_days=np.nan).ask()
    if found.worth > now.worth and pd.notna(found.line["late_days"]):
        days = max(0.0, float(found.line["late_days"]))
        if helped := _better(question.with_line(max_lateness_days=days), now):
            yield Change("lateness", f"{days:g} days late accepted", days, helped)


def _limit(question: Question, now: Answer) -> Iterator[Change]:
    held = question.allocations
    if held is None:
        return
    rows = held["demand_class"].isin([now.line["demand_class"], OTHERS]) & held["kind"].isin(["limit", "both"])
    kinds = (
        held["kind"]
        .mask(rows & (held["kind"] == "both"), "reservation")
        .mask(rows & (held["kind"] == "limit"), "neutral")
    )
    if rows.any() and (found := _better(replace(question, allocations=held.assign(kind=kinds)), now)):
        yield Change("limit", f"no limit for {now.line['demand_class']}", np.nan, found)


def _margin(question: Question, now: Answer) -> Iterator[Change]:
    """Raise the margin to the lowest bid price with which the line gets more."""
    told = (question.supply, question.allocations, question.terms.capable)
    tables = [table for table in told if table is not None and "bid_price" in table]
    prices = sorted({price for table in tables for price in table["bid_price"].dropna()})
    if "unit_margin" not in question.orders:
        return
    margin = question.orders["unit_margin"][question.rows].iloc[0]
    for price in prices:
        if price > margin and (found := _better(question.with_line(unit_margin=price), now)):
            yield Change("margin", f"margin of {price:g} a unit", float(price - margin), found)
            return
