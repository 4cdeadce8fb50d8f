"""An order book and its supply as the contest reads them: places, cycles between receipts, lines by arrival."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segkit.core.errors import DataError, SettingsError, in_rows, list_problems
from segkit.core.offenders import first_offenders
from segkit.formulas.rule_contest import ContestBook
from segkit.promising.contest.terms import ContestTerms
from segkit.promising.given_tables import plain_tables

PLACE = ["item_id", "location_id"]
_ORDERS = ["order_id", "order_date", *PLACE, "demand_class", "quantity", "unit_margin"]
_SUPPLY = [*PLACE, "available_date", "quantity"]
_COSTS = {"lost_cost": "lost_goodwill", "late_cost": "late_goodwill"}
_NUMBERS = ("quantity", "unit_margin", *_COSTS.values())
_SUBJECT = "the contest of rules cannot be held"
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
    _require_terms(terms)
    orders, supply = plain_book(orders, supply)
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


def plain_book(orders: pd.DataFrame, supply: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return orders and supply as `plain_tables` has them."""
    plain = plain_tables(_SUBJECT, {"orders": orders, "supply": supply}, numbers=_NUMBERS)
    return plain["orders"], plain["supply"]


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
        raise DataError(list_problems(_SUBJECT, problems, fixes))


def _require_terms(terms: ContestTerms) -> None:
    problems = []
    if not (np.isfinite(terms.max_lateness_days) and terms.max_lateness_days >= 0):
        problems.append(f"max_lateness_days is {terms.max_lateness_days}, no number of days of 0 or more")
    if terms.trailing < 0 or terms.trailing != int(terms.trailing):
        problems.append(f"trailing is {terms.trailing}, no number of cycles")
    if not 0 <= terms.carried_share <= 1:
        problems.append(f"carried_share is {terms.carried_share}, not between 0 and 1")
    if problems:
        raise SettingsError(list_problems("terms of the contest cannot be used", problems))


def _wrong_figures(orders: pd.DataFrame, supply: pd.DataFrame) -> list[str]:
    costs = [name for name in _COSTS.values() if name in orders]
    wrong = {
        "quantity of orders is missing, infinite or not above 0": orders[
            ~((orders["quantity"] > 0) & np.isfinite(orders["quantity"].astype("float64")))
        ],
        "order_id, item_id or location_id of orders is blank": orders[orders[["order_id", *PLACE]].isna().any(axis=1)],
        "item_id or location_id of supply is blank": supply[supply[PLACE].isna().any(axis=1)],
        "unit_margin of orders is missing or endless": orders[~np.isfinite(orders["unit_margin"].astype("float64"))],
        "order_date of orders is missing": orders[orders["order_date"].isna()],
        "quantity of supply is missing or below 0, or endless": supply[
            ~((supply["quantity"] >= 0) & np.isfinite(supply["quantity"].astype("float64")))
        ],
        "available_date of supply is missing": supply[supply["available_date"].isna()],
        **{
            f"{name} of orders is missing or below 0, or endless": orders[
                ~((orders[name] >= 0) & np.isfinite(orders[name].astype("float64")))
            ]
            for name in costs
        },
    }
    return [f"{what} {in_rows(len(rows))}, first: {first_offenders(rows)}" for what, rows in wrong.items() if len(rows)]


def _wrong_classes(orders: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    if isinstance(classes, str):
        return [f"classes is the text {classes!r}: give a list, best first"]
    problems = ["the list of classes names one twice"] if len(set(classes)) < len(classes) else []
    unknown = orders.loc[~orders["demand_class"].isin(classes), "demand_class"].astype("str").fillna("(blank)")
    named = unknown.value_counts().sort_index()
    return problems + [f"class {name!r} of {count:,} order lines is not in the list" for name, count in named.items()]
