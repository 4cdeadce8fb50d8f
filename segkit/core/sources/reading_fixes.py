"""Which setting would read the cells that could not be read: found by trying, never applied."""

import pandas as pd

from segkit.core.sources.cells import Reading, clean_text, read_cells

_MARKS = [(",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"), (".", "")]
_FORMATS = [
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y%m%d", "%m-%d-%Y", "%Y-%m"),
]
_TIMES = ["", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p"]
_TRIED = 2000


def propose_reading(raw: pd.Series, kind: str, reading: Reading, where: str) -> str:
    """Return the sentence that names the setting under which every cell of a column can be read; blank if none does.

    Parameters
    ----------
    raw : Series
        Cells as the source gives them.
    kind : str
        Kind of the column in the nomenclature.
    reading : Reading
        The settings under which they could not all be read.
    where : str
        Place of the source in segkit.toml.

    Returns
    -------
    str
        One sentence for the end of a message.

    Examples
    --------
    >>> propose_reading(pd.Series(["1,5", "2,25"]), "number", Reading(), "sources.orders")
    'Set sources.orders.decimal = ",": every cell can be read so.'
    """
    if not isinstance(raw.dtype, pd.StringDtype) and raw.dtype != object:
        return ""
    words = pd.Series(clean_text(raw, reading).dropna().unique(), dtype="str")
    if kind == "date":
        return _propose_format(words, reading, where)
    return _propose_marks(words, reading, where) if kind in ("number", "money", "share", "whole") else ""


def _propose_marks(words: pd.Series, reading: Reading, where: str) -> str:
    for decimal, thousands in _MARKS:
        tried = Reading(decimal, thousands, reading.date_format, reading.missing)
        if not read_cells(words, "number", tried).unreadable.any():
            settings = f'{where}.decimal = "{decimal}"' if decimal != reading.decimal else ""
            if thousands != reading.thousands:
                settings += f'{" and " if settings else ""}{where}.thousands = "{thousands}"'
            return f"Set {settings}: every cell can be read so."
    return ""


def _propose_format(words: pd.Series, reading: Reading, where: str) -> str:
    formats = ["", *(day + time for day in _FORMATS for time in _TIMES)]
    few = words.iloc[:: max(len(words) // _TRIED, 1)]
    fitting = [form for form in formats if form != reading.date_format and _reads(few, form, reading)]
    fitting = [form for form in fitting if _reads(words, form, reading)]
    if not fitting:
        return ""
    doubt = f' ("{fitting[1]}" reads them as well: choose)' if len(fitting) > 1 else ""
    return f'Set {where}.date_format = "{fitting[0]}": every cell can be read so{doubt}.'


def _reads(words: pd.Series, form: str, reading: Reading) -> bool:
    tried = Reading(reading.decimal, reading.thousands, form, reading.missing)
    return not read_cells(words.head(5), "date", tried).unreadable.any() and not (
        read_cells(words, "date", tried).unreadable.any()
    )
