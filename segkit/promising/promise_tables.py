"""The tables that promises are told in: a row per order line, and on demand a row per line and supply used."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from segkit.core.blocks import blocks
from segkit.core.columns import column_dtype, nomenclature
from segkit.formulas.promising import Promised
from segkit.promising.promise_inputs import PromiseInputs
from segkit.promising.promise_reasons import tell_reasons
from segkit.promising.promise_terms import MADE, PLACE
from segkit.promising.repeated_words import texts_of_words

_KEY = ("order_id", "line_id")
_DAY_US, _BLANK = 86_400_000_000, np.iinfo(np.int64).min


@dataclass(frozen=True)
class TraceArrays:
    """What the trace is written from: ids and places by line, and of each row line, supply, quota, units and day.

    ``columns`` are the quotas by name, the last being what is made to order; ``stock`` tells which buckets are known
    supply, not capacity.
    """

    ids: dict[str, ExtensionArray]
    places: pd.DataFrame
    place: np.ndarray
    requested: np.ndarray
    bucket_place: np.ndarray
    bucket_day: np.ndarray
    stock: np.ndarray
    columns: tuple[str, ...]
    line: np.ndarray
    bucket: np.ndarray
    column: np.ndarray
    quantity: np.ndarray
    day: np.ndarray


def write_lines(inputs: PromiseInputs, made: Promised) -> pd.DataFrame:
    """Return a row per line of the book, in the order of the book."""
    from segkit.formulas.trace_kernels import sum_up_trace

    book, place = inputs.book, np.asarray(inputs.book.place)
    requested, lines = np.asarray(book.requested), len(place)
    some = made.last_day >= 0
    names = (*inputs.columns, MADE)
    first = np.full(lines, np.iinfo(np.int32).max, dtype=np.int32)
    used = np.zeros(lines, dtype=np.uint8 if len(names) <= 8 else np.int64)
    sum_up_trace(made.line, made.bucket, made.column, made.day, _stock(inputs), len(names) - 1, first, used)
    late = np.subtract(made.last_day, requested, dtype=float)
    late[~some] = np.nan
    told = {
        **inputs.ids,
        "item_id": texts_of_words(inputs.places["item_id"].array, place),
        "location_id": texts_of_words(inputs.places["location_id"].array, place),
        "demand_class": texts_of_words(inputs.classes, np.asarray(book.rank)),
        "order_date": inputs.moment.view("datetime64[us]"),
        "requested_date": _dates(requested),
        "quantity": np.asarray(book.quantity),
        "promised_quantity": made.promised,
        "first_date": _dates(first, some),
        "promised_date": _dates(made.last_day, some),
        "late_days": late,
        "quota": _quotas(names, used),
        "reserved_quantity": made.reserved,
        "reserved_for": texts_of_words((*inputs.columns, ""), made.reserved_column),
        "reason": tell_reasons(inputs, made),
    }
    return _typed(told, "promise_lines")


def trace_arrays(inputs: PromiseInputs, made: Promised) -> TraceArrays:
    """Return what `write_trace` needs, which is a fifth of the table."""
    return TraceArrays(
        {name: cells.copy() for name, cells in inputs.ids.items()},
        inputs.places, np.asarray(inputs.book.place), np.asarray(inputs.book.requested),
        inputs.place, np.asarray(inputs.supply.day), _stock(inputs), (*inputs.columns, MADE),
        made.line, made.bucket, made.column, made.quantity, made.day,
    )  # fmt: skip


def write_trace(told: TraceArrays) -> pd.DataFrame:
    """Return a row per line and supply used, lines in the order of the book."""
    known = told.bucket >= 0
    stock = known & np.append(told.stock, False)[told.bucket]
    own, column = told.place[told.line], told.column.copy()
    column[~stock] = len(told.columns) - 1
    source = np.where(known, np.append(told.bucket_place, 0)[told.bucket].astype(own.dtype), own)
    texts = {name: texts_of_words(told.places[name].array, own) for name in PLACE}
    same = np.array_equal(own, source)
    for name in PLACE:
        of = texts[name].copy() if same else texts_of_words(told.places[name].array, source)
        texts[f"supply_{name}"] = of
    table = {
        **{name: cells.take(told.line) for name, cells in told.ids.items()},
        **texts,
        "available_date": _dates(np.append(told.bucket_day, 0)[told.bucket], stock),
        "promised_date": _dates(told.day),
        "quota": texts_of_words(told.columns, column),
        "quantity": told.quantity,
        "late_days": np.subtract(told.day, told.requested[told.line], dtype=float),
    }
    return _typed(table, "promises")


def _stock(inputs: PromiseInputs) -> np.ndarray:
    return inputs.from_stock(np.arange(len(inputs.place)))


def _dates(days: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """Return days as dates, blank where they are not known."""
    cells = np.empty(len(days), dtype=np.int64)
    for part in blocks(len(days)):
        np.multiply(days[part], _DAY_US, out=cells[part], dtype=np.int64)
        if known is not None:
            cells[part][~known[part]] = _BLANK
    return cells.view("datetime64[us]")


def _quotas(names: tuple[str, ...], used: np.ndarray) -> ExtensionArray:
    """Return the quotas that each line used, by name: a bit of ``used`` each."""
    which, kinds = pd.factorize(used)
    words = ["; ".join(name for place, name in enumerate(names) if int(kind) >> place & 1) for kind in kinds]
    return texts_of_words(words, which)


def _typed(told: dict, name: str) -> pd.DataFrame:
    """Return columns as a table of the nomenclature, reasons being a categorical."""
    table = pd.DataFrame({column: told[column] for column in nomenclature()[name].columns}, copy=False)
    kinds = {column: column_dtype(column) for column, kind in table.dtypes.items() if kind.kind != "O"}
    other = {column: kind for column, kind in kinds.items() if table[column].dtype != kind}
    return table.astype(other) if other else table
