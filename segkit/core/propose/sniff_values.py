"""What a column of unknown meaning holds: numbers (which decimal mark), dates (which format), codes or words."""

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from segkit.core.propose.sniff_dates import DateLook, look_at_dates

MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"))
SYMBOLS = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "zł": "PLN",
    "EUR": "EUR",
    "USD": "USD",
    "GBP": "GBP",
    "CHF": "CHF",
}
_SYMBOL = re.compile(r"^\s*(€|\$|£|¥|EUR|USD|GBP|CHF)\s*|\s*(€|\$|£|¥|zł|EUR|USD|GBP|CHF)\s*$")


class Marks(NamedTuple):
    """Decimal and thousands mark of the numbers in a file."""

    decimal: str
    thousands: str


@dataclass(frozen=True)
class ColumnLook:
    """One column, as far as its values tell.

    Shares are of the filled cells, ``filled`` is of all rows looked at, and ``words`` are cells that are neither number
    nor date in a column of numbers or dates.
    """

    name: str
    filled: float
    distinct: int
    rows: int
    number_share: float = 0.0
    whole_share: float = 0.0
    negative_share: float = 0.0
    text_length: float = 0.0
    leading_zeros: bool = False
    symbol: str = ""
    odd_signs: bool = False
    dates: DateLook | None = None
    examples: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    codes: pd.Series = field(default_factory=lambda: pd.Series(dtype="str"), repr=False)
    numbers: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"), repr=False)

    @property
    def date_share(self) -> float:
        """Share of the filled cells that are dates."""
        return self.dates.share if self.dates else 0.0

    @property
    def unique_share(self) -> float:
        """Distinct values per filled cell."""
        return self.distinct / max(self.rows * self.filled, 1)


def find_marks(sample: pd.DataFrame, delimiter: str = ",") -> Marks:
    """Return the decimal and thousands marks that read most numbers of a file.

    Parameters
    ----------
    sample : DataFrame
        Rows of the file; only text columns are looked at.
    delimiter : str, optional
        What separates columns: with ``;`` a lone ``1,234`` is a decimal comma, with ``,`` a thousands comma.

    Examples
    --------
    >>> find_marks(pd.DataFrame({"Preis": ["1.234,50", "2,25"]}, dtype="str"))
    Marks(decimal=',', thousands='.')
    """
    marked = []
    for name in sample.columns[:300]:
        if pd.api.types.is_string_dtype(sample[name]):
            values = pd.Series(sample[name].dropna().unique()[:3_000], dtype="str").str.strip()
            values = values.str.replace(_SYMBOL, "", regex=True)
            numeric = values[values.str.fullmatch(r"[-+(]?\d[\d.,' \u00a0\u202f]*[-)]?").fillna(False)]
            if len(numeric) > 0.6 * len(values):
                marked.append(numeric[numeric.str.contains(r"[.,' \u00a0\u202f]", regex=True)])
    cells = pd.concat(marked) if marked else pd.Series(dtype="str")
    if cells.empty:
        return Marks(".", "")
    order = sorted(MARKS, key=lambda mark: mark[0] != ",") if delimiter == ";" else MARKS
    read = {Marks(*mark): int(_is_number(cells, Marks(*mark)).sum()) for mark in order}
    return max(read, key=lambda mark: read[mark])


def read_numbers(values: pd.Series, marks: Marks) -> pd.Series:
    """Return texts as numbers with the marks given; what is none becomes NaN. Currency signs are passed over.

    Examples
    --------
    >>> read_numbers(pd.Series(["1.234,50 €", "(3)", "12-", "x"]), Marks(",", ".")).tolist()
    [1234.5, -3.0, -12.0, nan]
    """
    text = values.str.strip().str.replace(_SYMBOL, "", regex=True)
    text = text.where(_is_number(text, marks))
    negative = text.str.contains(r"^\(|^-|-$", regex=True).fillna(False).astype(bool)
    text = text.str.replace(r"[()\-+\u00a0\u202f ]", "", regex=True)
    if marks.thousands.strip():
        text = text.str.replace(marks.thousands, "", regex=False)
    number = pd.to_numeric(text.str.replace(marks.decimal, ".", regex=False), errors="coerce").astype("float64")
    return number.where(~negative, -number)


def _is_number(values: pd.Series, marks: Marks) -> pd.Series:
    point = re.escape(marks.decimal)
    gap = r"[ \u00a0\u202f]" if marks.thousands == " " else re.escape(marks.thousands)
    grouped = rf"\d{{1,3}}(?:{gap}\d{{3}})+(?:{point}\d+)?|" if gap else ""
    pattern = rf"[-+(]?(?:{grouped}\d+(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d{{1,2}})?[-)]?"
    return values.str.fullmatch(pattern).fillna(False).astype(bool)


def look_at_column(name: str, cells: pd.Series, marks: Marks) -> ColumnLook:
    """Return what a column holds.

    Parameters
    ----------
    name : str
        Its name in the file.
    cells : Series
        Sampled cells, as text or typed.
    marks : Marks
        Decimal and thousands marks of the file.

    Examples
    --------
    >>> look = look_at_column("Menge", pd.Series(["1", "2", "-3", None], dtype="str"), Marks(",", "."))
    >>> look.filled, look.number_share, look.distinct
    (0.75, 1.0, 3)
    """
    cells = cells.reset_index(drop=True)
    if cells.dtype == object:
        cells = _settle(cells)
    filled = cells.dropna()
    if filled.empty:
        return ColumnLook(name, 0.0, 0, len(cells))
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _typed_dates(name, cells)
    if pd.api.types.is_bool_dtype(filled):
        cells = cells.map({True: "true", False: "false"}).astype("str")
    if pd.api.types.is_numeric_dtype(cells):
        return _typed_numbers(name, cells.astype("float64"))
    return _texts(name, cells.astype("str"), marks)


def _settle(cells: pd.Series) -> pd.Series:
    """Python dates, decimals and mixtures as one type."""
    filled = cells.dropna()
    if not filled.empty and hasattr(filled.iloc[0], "year"):
        return pd.to_datetime(cells, errors="coerce")
    if not filled.empty and all(
        isinstance(cell, int | float) or hasattr(cell, "as_tuple") for cell in filled.head(100)
    ):
        return pd.to_numeric(cells, errors="coerce")
    return cells.where(cells.isna(), cells.map(str)).astype("str")


def _typed_dates(name: str, cells: pd.Series) -> ColumnLook:
    cells = cells.dt.tz_localize(None) if getattr(cells.dt, "tz", None) is not None else cells
    filled = cells.dropna()
    look = DateLook("", 1.0, cells.dt.normalize(), False, typed=True)
    shown = tuple(str(value)[:10] for value in filled.unique()[:3])
    return ColumnLook(
        name,
        len(filled) / len(cells),
        filled.nunique(),
        len(cells),
        dates=look,
        examples=shown,
        codes=cells.astype("str"),
    )


def _typed_numbers(name: str, numbers: pd.Series) -> ColumnLook:
    filled = numbers.dropna()
    whole = bool((filled % 1 == 0).all())
    codes = filled.astype("int64").astype("str").reindex(numbers.index) if whole and filled.abs().max() < 1e18 else None
    codes = numbers.astype("str").where(numbers.notna()) if codes is None else codes
    look = _numeric_look(name, numbers, codes)
    if whole and filled.between(19_000_101, 21_001_231).all():
        dates = look_at_dates(codes)
        return replace(look, dates=dates)
    return look


def _texts(name: str, cells: pd.Series, marks: Marks) -> ColumnLook:
    unique = pd.Series(cells.dropna().unique(), dtype="str")
    table = read_numbers(unique, marks)
    numbers = cells.map(dict(zip(unique, table, strict=True))).astype("float64")
    zeros = bool(unique.str.fullmatch(r"0\d+").any())
    dates = look_at_dates(cells)
    symbols = unique.head(500).str.extract(r"(€|\$|£|¥|zł|EUR|USD|GBP|CHF)")[0].dropna()
    look = _numeric_look(name, numbers, cells)
    symbol = SYMBOLS[symbols.iloc[0]] if look.number_share > 0.5 and len(symbols) else ""
    signs = (
        bool(unique.head(2_000).str.fullmatch(r"\s*(\([\d.,' ]+\)|[\d.,' ]+-)\s*").any()) and look.number_share > 0.5
    )
    odd = cells[cells.notna() & numbers.isna()] if look.number_share > 0.5 else pd.Series(dtype="str")
    odd = cells[cells.notna() & dates.days.isna()] if dates else odd
    words = tuple(str(word) for word in odd.value_counts().head(4).index)
    return replace(look, dates=dates, leading_zeros=zeros, symbol=symbol, odd_signs=signs, words=words)


def _numeric_look(name: str, numbers: pd.Series, codes: pd.Series) -> ColumnLook:
    filled = codes.dropna()
    read = numbers.dropna()
    count = max(len(read), 1)
    return ColumnLook(
        name=name,
        filled=len(filled) / len(codes),
        distinct=filled.nunique(),
        rows=len(codes),
        number_share=len(read) / max(len(filled), 1),
        whole_share=float((read % 1 == 0).sum()) / count,
        negative_share=float((read < 0).sum()) / count,
        text_length=float(np.mean([len(value) for value in filled.head(500)])) if len(filled) else 0.0,
        examples=tuple(str(value)[:40] for value in filled.unique()[:3]),
        codes=codes,
        numbers=numbers,
    )
