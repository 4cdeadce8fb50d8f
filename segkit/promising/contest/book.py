"""An order book and its supply as the contest reads them: places, cycles between receipts, lines by arrival."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.formulas.rule_contest import ContestBook
from segkit.promising.contest.terms import ContestTerms

PLACE = ["item_id", "location_id"]
_ORDERS = ["order_id", "order_date", *PLACE, "demand_class", "quantity", "unit_margin"]
_SUPPLY = [*PLACE, "available_date", "quantity"]
_COSTS = {"lost_cost": "lost_goodwill", "late_cost": "late_goodwill"}
_DAY = pd.Timedelta(days=1)
_WEEK = 7.0


@dataclass(frozen=True)
class ReadBook:
    """What is replayed, and what was known before.

    ``contest`` holds the lines that arrive from the first receipt on, the rows ``lines`` of the orders given.
    ``past`` has the lines before it: place, cycle (-1 = the last before the first receipt), rank, quantity, worth.
    ``places`` are the item-locations, ``cycles`` the first days of the cycles, ``classes`` the best first.
    """

    contest: ContestBook
    places: pd.DataFrame
    cycles: pd.DatetimeIndex
    classes: tuple[str, ...]
    past: pd.DataFrame
    lines: pd.DataFrame


def read_book(
    orders: pd.DataFrame, supply: pd.DataFrame, *, classes: Sequence[str], terms: ContestTerms
) -> ReadBook | None:
    """Return an order book and its supply, checked and in order; None where there is nothing to replay.

    Parameters
    ----------
    orders, supply
        As `contest_rules` takes them.
    classes : sequence of str
        Classes, the best first.
    terms : ContestTerms
        Maximum lateness.

    Raises
    ------
    DataError
        As `contest_rules` says.
    """
    _require(orders, supply, classes)
    if orders.empty or supply.empty:
        return None
    cycles = pd.DatetimeIndex(np.sort(supply["available_date"].unique()))
    step = float(np.median(np.diff(cycles) / _DAY)) if len(cycles) > 1 else _WEEK
    table = _in_order_of_arrival(orders, classes)
    places = table[PLACE].drop_duplicates().sort_values(PLACE, ignore_index=True)
    number = pd.MultiIndex.from_frame(places)
    table["place"] = number.get_indexer(pd.MultiIndex.from_frame(table[PLACE]))
    table = table.sort_values("place", kind="stable", ignore_index=True)
    table["arrival"] = ((table["order_date"] - cycles[0]) / _DAY).to_numpy()
    table["requested"] = ((table["requested_date"] - cycles[0]) / _DAY).to_numpy()
    before = (table["order_date"] < cycles[0]).to_numpy()
    lines, past = table[~before].reset_index(drop=True), table[before].reset_index(drop=True)
    if lines.empty:
        return None
    days = ((cycles - cycles[0]) / _DAY).to_numpy(dtype=float)
    end = max(days[-1] + step, np.floor(lines["arrival"].max()) + 1.0)
    figures = {name: lines[name].to_numpy(dtype=float) for name in ("arrival", "requested", "quantity")}
    figures |= {"margin": lines["unit_margin"].to_numpy(dtype=float)}
    figures |= {name: lines[column].to_numpy(dtype=float) for name, column in _COSTS.items()}
    contest = ContestBook(
        begin=np.searchsorted(lines["place"], np.arange(len(places) + 1)),
        rank=lines["rank"].to_numpy(dtype=np.int64),
        supply=_receipts(supply, number, cycles),
        bucket_day=np.append(days, end),
        max_lateness_days=terms.max_lateness_days,
        **figures,
    )
    earlier = past.assign(
        cycle=np.floor(past["arrival"] / step).astype(int), worth=past["unit_margin"] + past["lost_goodwill"]
    )
    return ReadBook(
        contest, places, cycles, tuple(classes), earlier[["place", "cycle", "rank", "quantity", "worth"]], lines
    )


def _in_order_of_arrival(orders: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the columns that the contest reads, by arrival; at equal times by order and line."""
    names = [name for name in (*_ORDERS, "line_id", *_COSTS.values()) if name in orders]
    table = orders[names].reset_index(drop=True)
    table["rank"] = table["demand_class"].map({name: rank for rank, name in enumerate(classes)}).astype("int64")
    asked = orders["requested_date"] if "requested_date" in orders else orders["order_date"]
    day = pd.to_datetime(asked).dt.normalize().reset_index(drop=True)
    table["requested_date"] = day.fillna(table["order_date"].dt.normalize())
    for name in _COSTS.values():
        table[name] = table[name] if name in table else 0.0
    ids = [name for name in ("order_id", "line_id") if name in table]
    figures = [*PLACE, "rank", "quantity", "unit_margin", *_COSTS.values(), "requested_date"]
    return table.sort_values(["order_date", *ids, *figures], kind="stable", ignore_index=True)


def _receipts(supply: pd.DataFrame, number: pd.MultiIndex, cycles: pd.DatetimeIndex) -> np.ndarray:
    place = number.get_indexer(pd.MultiIndex.from_frame(supply[PLACE]))
    bucket = cycles.get_indexer(pd.DatetimeIndex(supply["available_date"]))
    there = np.zeros((len(number), len(cycles)))
    asked = place >= 0
    np.add.at(there, (place[asked], bucket[asked]), supply["quantity"].to_numpy(dtype=float)[asked])
    return there


def _require(orders: pd.DataFrame, supply: pd.DataFrame, classes: Sequence[str]) -> None:
    problems = [
        f"{subject} lack {', '.join(missing)}"
        for subject, table, names in (("orders", orders, _ORDERS), ("supply", supply, _SUPPLY))
        if (missing := [name for name in names if name not in table])
    ]
    if not problems:
        problems = [*_wrong_figures(orders, supply), *_wrong_classes(orders, classes)]
    if problems:
        fixes = [
            "Give every line a known class, a date, a quantity above 0 and a unit_margin; supply is never below 0."
        ]
        raise DataError(list_problems("the contest of rules cannot be held", problems, fixes))


def _wrong_figures(orders: pd.DataFrame, supply: pd.DataFrame) -> list[str]:
    costs = [name for name in _COSTS.values() if name in orders]
    wrong = {
        "quantity of orders is missing, infinite or not above 0": orders[
            ~((orders["quantity"] > 0) & np.isfinite(orders["quantity"].astype("float64")))
        ],
        "unit_margin of orders is missing": orders[orders["unit_margin"].isna()],
        "order_date of orders is missing": orders[orders["order_date"].isna()],
        "quantity of supply is missing or below 0": supply[~(supply["quantity"] >= 0)],
        "available_date of supply is missing": supply[supply["available_date"].isna()],
        **{f"{name} of orders is missing or below 0": orders[~(orders[name] >= 0)] for name in costs},
    }
    return [f"{what} {in_rows(len(rows))}, first: {first_offenders(rows)}" for what, rows in wrong.items() if len(rows)]


def _wrong_classes(orders: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    problems = ["the list of classes names one twice"] if len(set(classes)) < len(classes) else []
    unknown = orders.loc[~orders["demand_class"].isin(classes), "demand_class"].astype("str").fillna("(blank)")
    named = unknown.value_counts().sort_index()
    return problems + [f"class {name!r} of {count:,} order lines is not in the list" for name, count in named.items()]
