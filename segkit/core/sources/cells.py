"""Cells into the types of the nomenclature. What cannot be read is marked, never guessed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

LARGEST = 1e15
FIRST_DAY, LAST_DAY = pd.Timestamp("1900-01-01"), pd.Timestamp("2100-12-31")
_TRUE, _FALSE = ["true", "1", "yes", "y"], ["false", "0", "no", "n"]
_SPACES = "\u00a0\u202f"


class LostCell(str):
    """What stands in a cell of a workbook whose value is lost: an error, or a formula that was never calculated."""

    __slots__ = ()


@dataclass(frozen=True)
class Reading:
    """How cells that are text are to be read."""

    decimal: str = "."
    thousands: str = ""
    date_format: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cells:
    """Cells of one column after reading: the values, and which cells hold something that could not be read."""

    values: pd.Series
    unreadable: np.ndarray


def read_cells(raw: pd.Series, kind: str, reading: Reading) -> Cells:
    """Return one column in the type that its kind of the nomenclature has.

    Parameters
    ----------
    raw : Series
        Cells as the source gives them: text, numbers, dates, flags or a mixture.
    kind : str
        id, text, date, number, money, share, whole or flag.
    reading : Reading
        Marks and format of cells that are text.

    Returns
    -------
    Cells
        Values (missing where the cell is blank or unreadable) and the mask of the unreadable.

    Examples
    --------
    >>> cells = read_cells(pd.Series(["1.234,50", "12 EUR", ""]), "money", Reading(decimal=",", thousands="."))
    >>> cells.values.tolist(), cells.unreadable.tolist()
    ([1234.5, nan, nan], [False, True, False])
    """
    if isinstance(raw.dtype, pd.CategoricalDtype):
        return _read_categories(raw, kind, reading)
    return _READERS[kind](raw.reset_index(drop=True), reading)


def clean_text(raw: pd.Series, reading: Reading = Reading()) -> pd.Series:
    """Return cells as text without surrounding white space; blanks and the words for missing become missing.

    Examples
    --------
    >>> clean_text(pd.Series([17850.0, 5e13])).tolist()
    ['17850', '50000000000000']
    """
    text = pc.utf8_trim_whitespace(_as_text(raw))
    blank = pc.is_in(text, value_set=pa.array(["", *reading.missing], pa.large_string()))
    return pc.if_else(blank, pa.scalar(None, pa.large_string()), text).to_pandas()


def _read_categories(raw: pd.Series, kind: str, reading: Reading) -> Cells:
    """Read each category once and spread the result."""
    codes = raw.cat.codes.to_numpy()
    read = read_cells(raw.cat.categories.to_series(), kind, reading)
    unreadable = np.append(read.unreadable, False)[codes]
    if kind in ("id", "text"):
        return Cells(_as_category(codes, read.values), unreadable)
    return Cells(pd.Series(read.values.array.take(codes, allow_fill=True)), unreadable)


def _as_category(codes: np.ndarray, words: pd.Series) -> pd.Series:
    """Return category cells; sources whose texts become equal share one category."""
    merged, categories = pd.factorize(words)
    spread = merged if merged.min(initial=0) >= 0 and len(categories) == len(words) else np.append(merged, -1)
    codes = codes if spread is merged else spread[codes]
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype="str")))


def _text(raw: pd.Series, reading: Reading) -> Cells:
    if raw.dtype != object:
        return Cells(clean_text(raw, reading), np.zeros(len(raw), dtype=bool))
    lost = np.array([isinstance(cell, LostCell) for cell in raw], dtype=bool)
    return Cells(clean_text(raw.mask(lost), reading), lost)


def _number(raw: pd.Series, reading: Reading) -> Cells:
    if pd.api.types.is_bool_dtype(raw) or pd.api.types.is_datetime64_any_dtype(raw):
        return Cells(pd.Series(np.full(len(raw), np.nan)), raw.notna().to_numpy())
    if pd.api.types.is_numeric_dtype(raw):
        numbers = raw.to_numpy(dtype="float64", na_value=np.nan)
        return _in_range(numbers, ~np.isnan(numbers))
    if raw.dtype == object:
        return _mixed(raw, (int, float, Decimal, np.number), _number_of_text, reading)
    return _number_of_text(raw, reading)


def _number_of_text(raw: pd.Series, reading: Reading) -> Cells:
    text = clean_text(raw, reading)
    filled = text.notna().to_numpy()
    arrow = _arrow(text)
    if reading.decimal == "." and not reading.thousands:
        try:
            return _in_range(_floats(pc.cast(arrow, pa.float64())), filled)
        except pa.ArrowInvalid:
            pass
    plain = _plain_number(arrow, reading)
    return _in_range(_floats(pc.cast(plain, pa.float64())), filled)


def _plain_number(arrow: Any, reading: Reading) -> Any:
    """Return texts that are numbers under the marks as 1234.5, and null for all others."""
    if reading.thousands == " ":
        arrow = pc.replace_substring_regex(arrow, f"[{_SPACES}]", " ")
    mark, comma = re.escape(reading.thousands), re.escape(reading.decimal)
    whole = rf"(\d+|\d{{1,3}}({mark}\d{{3}})+)" if mark else r"\d+"
    pattern = rf"^[+-]?({whole}({comma}\d*)?|{comma}\d+)([eE][+-]?\d+)?$"
    plain = pc.if_else(pc.match_substring_regex(arrow, pattern), arrow, pa.scalar(None, arrow.type))
    plain = pc.utf8_ltrim(plain, "+")
    plain = pc.replace_substring(plain, reading.thousands, "") if mark else plain
    return pc.replace_substring(plain, reading.decimal, ".")


def _in_range(numbers: np.ndarray, filled: np.ndarray) -> Cells:
    """Mark what is no finite number of a size that business data have."""
    with np.errstate(invalid="ignore"):
        good = np.abs(numbers) <= LARGEST
    return Cells(pd.Series(np.where(good, numbers, np.nan)), filled & ~good)


def _whole(raw: pd.Series, reading: Reading) -> Cells:
    numbers = _number(raw, reading)
    odd = (numbers.values.notna() & (numbers.values != numbers.values.round())).to_numpy()
    return Cells(numbers.values.mask(odd).astype("Int64"), numbers.unreadable | odd)


def _date(raw: pd.Series, reading: Reading) -> Cells:
    if pd.api.types.is_datetime64_any_dtype(raw):
        return _in_calendar(raw.dt.tz_localize(None).astype("datetime64[us]"), raw.notna().to_numpy())
    if raw.dtype == object:
        return _mixed(raw, (date,), _date_of_text, reading)
    if pd.api.types.is_bool_dtype(raw):
        return Cells(pd.Series(pd.NaT, index=raw.index, dtype="datetime64[us]"), raw.notna().to_numpy())
    return _date_of_text(raw, reading)


def _date_of_text(raw: pd.Series, reading: Reading) -> Cells:
    text = clean_text(raw, reading)
    codes, words = pd.factorize(text)
    parsed = pd.Series(_parse_dates(words, reading.date_format), dtype="datetime64[us]")
    return _in_calendar(parsed.reindex(codes).reset_index(drop=True), text.notna().to_numpy())


def _parse_dates(words: Any, date_format: str) -> Any:
    """Return naive dates; what cannot be read becomes NaT. A time zone is dropped: the day is the day in that zone."""
    if date_format and "%z" not in date_format.lower():
        return pd.to_datetime(pd.Series(words, dtype="str"), format=date_format, errors="coerce").astype(
            "datetime64[us]"
        )
    read = (lambda word: datetime.strptime(word, date_format)) if date_format else datetime.fromisoformat
    return np.array([_parse_date(word, read) for word in words], dtype="datetime64[us]")


def _parse_date(word: str, read: Callable[[str], datetime]) -> Any:
    try:
        return np.datetime64(read(word).replace(tzinfo=None), "us")
    except ValueError:
        return np.datetime64("NaT", "us")


def _in_calendar(dates: pd.Series, filled: np.ndarray) -> Cells:
    days = dates.dt.normalize()
    good = ((days >= FIRST_DAY) & (days <= LAST_DAY)).to_numpy()
    return Cells(days.where(good), filled & ~good)


def _flag(raw: pd.Series, reading: Reading) -> Cells:
    if pd.api.types.is_bool_dtype(raw):
        return Cells(raw.astype("boolean"), np.zeros(len(raw), dtype=bool))
    text = clean_text(raw, reading)
    words = text.str.lower()
    flags = words.isin(_TRUE).astype("boolean").where(words.isin(_TRUE + _FALSE))
    return Cells(flags, (text.notna() & flags.isna()).to_numpy())


_READERS: dict[str, Callable[[pd.Series, Reading], Cells]] = {
    **dict.fromkeys(("id", "text"), _text),
    **dict.fromkeys(("number", "money", "share"), _number),
    "whole": _whole,
    "date": _date,
    "flag": _flag,
}


def _mixed(
    raw: pd.Series, kinds: tuple[type, ...], of_text: Callable[[pd.Series, Reading], Cells], reading: Reading
) -> Cells:
    """Read a column in which text and other cells stand side by side, as in spreadsheets."""
    typed = np.array([isinstance(cell, kinds) and not isinstance(cell, bool) for cell in raw], dtype=bool)
    typed &= raw.notna().to_numpy()
    cells = of_text(raw.mask(typed).astype(object), reading)
    if not typed.any():
        return cells
    other = pd.Series([_comparable(cell) for cell in raw[typed]], index=np.flatnonzero(typed))
    read = _READERS["date" if kinds == (date,) else "number"](other, reading)
    values, unreadable = cells.values.copy(), cells.unreadable.copy()
    values[typed], unreadable[typed] = read.values.to_numpy(), read.unreadable
    return Cells(values, unreadable)


def _comparable(cell: Any) -> Any:
    if isinstance(cell, date):
        return pd.Timestamp(cell).tz_localize(None).as_unit("us")
    return float(cell)


def _arrow(raw: pd.Series) -> Any:
    array = pa.array(raw, from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _as_text(raw: pd.Series) -> Any:
    """Return cells as Arrow text: whole floats without .0, big numbers without exponent, dates as ISO."""
    if pd.api.types.is_float_dtype(raw) and _all_whole(raw):
        raw = raw.astype("Int64")
    if raw.dtype == object or pd.api.types.is_float_dtype(raw) or pd.api.types.is_datetime64_any_dtype(raw):
        return pa.array([write_cell(cell) for cell in raw.astype(object)], pa.large_string())
    return pc.cast(_arrow(raw), pa.large_string())


def _all_whole(raw: pd.Series) -> bool:
    numbers = raw.to_numpy(dtype="float64", na_value=0.0)
    return bool(np.all(np.abs(numbers) <= 2**53) and np.all(numbers == np.floor(numbers)))


def write_cell(cell: Any) -> str | None:
    """Return a cell as people write it: whole numbers without .0 or exponent, days as ISO; None where it is blank.

    Examples
    --------
    >>> write_cell(17850.0), write_cell(datetime(2025, 1, 2))
    ('17850', '2025-01-02')
    """
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, float | np.floating | Decimal) and np.isfinite(float(cell)) and cell == int(cell):
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat() if (cell.hour, cell.minute, cell.second) != (0, 0, 0) else cell.date().isoformat()
    return str(cell)


def _floats(array: Any) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False)
