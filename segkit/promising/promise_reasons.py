"""Why a line was not promised earlier, in words: each sentence is written once, and told of lines by its number."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segkit.core.blocks import blocks
from segkit.formulas.promising import Promised
from segkit.formulas.promising_arrays import LIMITED, PROTECTED, SEVERAL, TOO_SMALL, UNPROFITABLE
from segkit.promising.promise_inputs import PromiseInputs
from segkit.promising.promise_terms import CONTRACT, UNPRICED
from segkit.promising.repeated_words import repeated_words

_BEFORE = "asked for a day before it was ordered"
_BLOCK = 2**18  # lines at a time: the working arrays of a block are used again for the next
_MOST_KEYS = 2**62


def tell_reasons(inputs: PromiseInputs, made: Promised) -> pd.Categorical:
    """Return why a line is not promised earlier, and where no bid price could be applied; else blank."""
    unpriced, first = _takes_unpriced(inputs, made), _first_days(inputs)
    words = [pa.array(["", UNPRICED, _BEFORE, f"{_BEFORE}; {UNPRICED}"], pa.large_string())]
    known, which = len(words[0]), np.empty(len(made.promised), dtype=np.int32)
    for part in blocks(len(which), _BLOCK):
        rows, fields, before = _late_lines(inputs, made, part, first)
        fields = (*fields, unpriced[part][rows])
        code, ones = _kinds(fields)
        words.append(_sentences(inputs, tuple(values[ones] for values in fields)))
        which[part] = 2 * before + unpriced[part]
        which[part][rows] = known + code
        known += len(ones)
    return repeated_words(pd.array(pa.concat_arrays(words), dtype="str"), which)


def _takes_unpriced(inputs: PromiseInputs, made: Promised) -> np.ndarray:
    """Return which lines, of a margin that is not known, take what only a margin of a bid price may have."""
    book, rules = inputs.book, inputs.rules
    priced = np.zeros(len(made.promised), dtype=np.bool_)
    if rules.bid_price is None and rules.made_bid_price is None:
        return priced
    place, rank = np.asarray(book.place)[made.line], np.asarray(book.rank)[made.line]
    bid, known = np.full(len(made.line), -np.inf), made.bucket >= 0
    if rules.bid_price is not None:
        bid[known] = np.asarray(rules.bid_price)[made.bucket[known], rank[known]]
    if rules.made_bid_price is not None:
        ordered = ~inputs.from_stock(made.bucket)
        place[known] = inputs.place[made.bucket[known]]
        bid[ordered] = np.maximum(bid, np.asarray(rules.made_bid_price)[place])[ordered]
    priced[made.line[np.isfinite(bid)]] = True
    return priced & np.isposinf(np.asarray(book.margin, dtype=float))


def _first_days(inputs: PromiseInputs) -> np.ndarray:
    """Return the day on which a place first has any supply, taken or not."""
    begin, day = (np.asarray(values) for values in (inputs.supply.begin, inputs.supply.day))
    far = np.iinfo(np.int64).max
    return np.where(begin[:-1] < begin[1:], np.append(day, far)[begin[:-1]], far)


def _late_lines(
    inputs: PromiseInputs, made: Promised, part: slice, first: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray]:
    """Return which lines of a block are late or short, what their reasons depend on, and which were ordered late."""
    book = inputs.book
    place, requested, quantity = (np.asarray(values)[part] for values in (book.place, book.requested, book.quantity))
    last, promised = made.last_day[part], made.promised[part]
    short = quantity - promised > 1e-9 * quantity
    due = np.maximum(requested, np.floor(np.asarray(book.arrival)[part]))
    rows = np.flatnonzero(short | (last > due))
    place, rank = place[rows], np.asarray(book.rank)[part][rows]
    own = inputs.own[place if len(inputs.own) > 1 else np.zeros(len(rows), int), rank]
    late = np.asarray(book.lateness)
    late = late[part][rows] if late.ndim and len(late) > 1 else np.full(len(rows), late.reshape(-1)[0])
    fields = (
        made.on_time[part][rows], quantity[rows], own, made.why[part][rows], first[place] <= due[rows],
        made.reserved_column[part][rows], made.reserved_until[part][rows], made.reserved[part][rows], rank,
        short[rows], late,
    )  # fmt: skip
    return rows, fields, ~short & (last > requested)


def _kinds(fields: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return a number per row, equal where all fields are, and the first row of each number."""
    keys, size = np.zeros(len(fields[0]), dtype=np.int64), 1
    for values in fields:
        code, count = _codes(values)
        if size * count > _MOST_KEYS:
            keys, found = pd.factorize(keys)
            size = len(found)
        keys = keys * count + code
        size *= count
    code, found = pd.factorize(keys)
    ones = np.empty(len(found), dtype=np.int64)
    ones[code[::-1]] = np.arange(len(code) - 1, -1, -1)
    return code, ones


def _codes(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Return whole numbers from 0 that are equal where values are, and how many there can be."""
    if values.dtype.kind in "iub" and len(values):
        whole = values.astype(np.int64)
        low, high = int(whole.min()), int(whole.max())
        if high - low < 2**20:
            return whole - low, high - low + 1
    code, found = pd.factorize(values)
    return code, max(len(found), 1)


def _sentences(inputs: PromiseInputs, fields: tuple[np.ndarray, ...]) -> pa.Array:
    """Return why lines are late or short, of what `_late_lines` tells and whether no bid price was applied."""
    found, wanted, own, why, comes, column, until, amount, rank, short, late, unpriced = fields
    parts = [
        _told((found, wanted), _in_time),
        _told((own, why, comes), _own_quota(inputs)),
        _told((column, until, amount, why), _reserved(inputs)),
        _told((why, rank), _held_back(inputs)),
        _told((short, late), _short),
        _told((unpriced,), lambda told: UNPRICED if told else None),
    ]
    return pc.binary_join_element_wise(*parts, "; ", null_handling="skip").cast(pa.large_string())


def _told(fields: tuple[np.ndarray, ...], say: Callable[..., str | None]) -> pa.Array:
    """Return what is said of every row, saying it once for equal rows."""
    which, ones = _kinds(fields)
    rows = zip(*(values[ones].tolist() for values in fields), strict=True)
    return pa.array([say(*row) for row in rows], pa.string()).take(pa.array(which))


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
        return f"quota of {inputs.columns[own].removesuffix(CONTRACT)} used up, pool empty"

    return say


def _reserved(inputs: PromiseInputs) -> Callable[..., str | None]:
    def say(column: int, until: int, amount: float, why: int) -> str | None:
        if column < 0:
            return None
        name = f"{inputs.columns[column]}{' and others' if why & SEVERAL and _of_several(inputs.columns) else ''}"
        end = f" until {np.datetime64(int(until), 'D')}" if until >= 0 else ""
        return f"{'1 unit is' if amount == 1 else f'{amount:g} units are'} reserved for {name}{end}"

    return say


def _of_several(columns: tuple[str, ...]) -> bool:
    """Return whether quotas are of more than one class: a contract and the quota beside it are of one."""
    return len({name.removesuffix(CONTRACT) for name in columns[:-1]}) > 1


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
