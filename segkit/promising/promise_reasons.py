"""Why a line was not promised earlier, in words: whole columns at once, each sentence written once."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segkit.formulas.promising import Promised
from segkit.formulas.promising_arrays import LIMITED, PROTECTED, SEVERAL, TOO_SMALL, UNPROFITABLE
from segkit.promising.named_cells import named_cells
from segkit.promising.promise_inputs import PromiseInputs
from segkit.promising.promise_terms import UNPRICED

_BEFORE = "asked for a day before it was ordered"


def tell_reasons(inputs: PromiseInputs, made: Promised) -> pd.Series:
    """Return why a line is not promised earlier, and where no bid price could be applied; else blank."""
    told, unpriced = _why_not_earlier(inputs, made), _takes_unpriced(inputs, made)
    if unpriced.any():
        told = told.where(~unpriced | (told == ""), told + "; ")
        told = told.where(~unpriced, told + UNPRICED)
    return told


def _takes_unpriced(inputs: PromiseInputs, made: Promised) -> np.ndarray:
    """Return which lines, of a margin that is not known, take what only a margin of a bid price may have."""
    book, rules = inputs.book, inputs.rules
    place, rank = np.asarray(book.place)[made.line], np.asarray(book.rank)[made.line]
    bid, known = np.full(len(made.line), -np.inf), made.bucket >= 0
    if rules.bid_price is not None:
        bid[known] = np.asarray(rules.bid_price)[made.bucket[known], rank[known]]
    if rules.made_bid_price is not None:
        ordered = ~inputs.from_stock(made.bucket)
        place[known] = inputs.place[made.bucket[known]]
        bid[ordered] = np.maximum(bid, np.asarray(rules.made_bid_price)[place])[ordered]
    priced = np.zeros(len(made.promised), dtype=np.bool_)
    priced[made.line[np.isfinite(bid)]] = True
    return priced & np.isposinf(np.asarray(book.margin, dtype=float))


def _why_not_earlier(inputs: PromiseInputs, made: Promised) -> pd.Series:
    """Return a reason per line of the book; blank where all of it is promised for the day asked for."""
    book = inputs.book
    quantity, requested = np.asarray(book.quantity), np.asarray(book.requested)
    short = quantity - made.promised > 1e-9 * quantity
    due = np.maximum(requested, np.floor(book.arrival))
    rows = np.flatnonzero(short | (made.last_day > due))
    which = np.where(~short & (made.last_day > requested), -1, -2)
    if not len(rows):
        return pd.Series(named_cells(["", _BEFORE], which + 2), dtype="str")
    rank, late = np.asarray(book.rank)[rows], np.broadcast_to(np.asarray(book.lateness), quantity.shape)[rows]
    own = inputs.own[np.asarray(book.place)[rows] if len(inputs.own) > 1 else np.zeros(len(rows), int), rank]
    parts = [
        _told((made.on_time[rows], quantity[rows]), _in_time),
        _told((own, made.why[rows], _comes_by(inputs, rows, due[rows])), _own_quota(inputs)),
        _told(
            (made.reserved_column[rows], made.reserved_until[rows], made.reserved[rows], made.why[rows]),
            _reserved(inputs),
        ),
        _told((made.why[rows], rank), _held_back(inputs)),
        _told((short[rows], late), _short),
    ]
    words = pc.binary_join_element_wise(*parts, "; ", null_handling="skip").cast(pa.large_string())
    which[rows] = np.arange(len(rows))
    which[which < 0] += len(rows) + 2
    every = pa.concat_arrays([words, pa.array(["", _BEFORE], pa.large_string())]).take(pa.array(which))
    return pd.Series(pd.array(every, dtype="str"))


def _comes_by(inputs: PromiseInputs, rows: np.ndarray, due: np.ndarray) -> np.ndarray:
    """Return whether a line's place has any supply by the day it is due, taken or not."""
    begin, day = (np.asarray(values) for values in (inputs.supply.begin, inputs.supply.day))
    first = np.append(day, np.iinfo(np.int64).max)[begin[:-1]]
    first = np.where(begin[:-1] < begin[1:], first, np.iinfo(np.int64).max)
    return first[np.asarray(inputs.book.place)[rows]] <= due


def _told(fields: tuple[np.ndarray, ...], say: Callable[..., str | None]) -> pa.Array:
    """Return what is said of every row, saying it once for equal rows."""
    codes = np.zeros(len(fields[0]), dtype=np.int64)
    uniques = []
    for values in fields:
        code, found = pd.factorize(values)
        codes = codes * len(found) + code
        uniques.append(found)
    which, keys = pd.factorize(codes)
    words = []
    for key in keys:
        row = []
        for found in reversed(uniques):
            key, place = divmod(int(key), len(found))
            row.append(found[place])
        words.append(say(*reversed(row)))
    return pa.array(words, pa.string()).take(pa.array(which))


def _in_time(found: float, wanted: float) -> str:
    if found <= 0:
        return f"none of {wanted:g} there in time"
    return f"{found:g} of {wanted:g} there in time"


def _own_quota(inputs: PromiseInputs) -> Callable[..., str | None]:
    def say(own: int, why: int, comes: bool) -> str | None:
        if why & (LIMITED | PROTECTED | UNPROFITABLE | TOO_SMALL):
            return None
        pool = len(inputs.columns) - 1
        if not comes and pool > 0:
            return "no supply comes by then"
        if own == pool:
            return "no supply left by then" if pool == 0 else "pool empty"
        return f"quota of {inputs.columns[own]} used up, pool empty"

    return say


def _reserved(inputs: PromiseInputs) -> Callable[..., str | None]:
    def say(column: int, until: int, amount: float, why: int) -> str | None:
        if column < 0:
            return None
        name = f"{inputs.columns[column]}{' and others' if why & SEVERAL else ''}"
        end = f" until {np.datetime64(int(until), 'D')}" if until >= 0 else ""
        return f"{'1 unit is' if amount == 1 else f'{amount:g} units are'} reserved for {name}{end}"

    return say


def _held_back(inputs: PromiseInputs) -> Callable[..., str | None]:
    def say(why: int, rank: int) -> str | None:
        name = inputs.classes[rank]
        words = [
            f"limit of {name} reached" if why & LIMITED else "",
            f"what is left is kept for classes above {name}" if why & PROTECTED else "",
            "margin below the bid price" if why & UNPROFITABLE else "",
            "too few in time for a delivery" if why & TOO_SMALL else "",
        ]
        return "; ".join(word for word in words if word) or None

    return say


def _short(short: bool, late: int) -> str | None:
    if not short:
        return None
    return "nothing more comes" if late < 0 else f"nothing more comes within {late} days"
