"""Numbers as people read them: thousands separators, short money, percentages, dates.

Blanks are an en dash, minus is the real minus sign, and the space before a unit does not break.
"""

import math
from datetime import date, datetime
from typing import Any

import pandas as pd

BLANK = "\u2013"
MINUS = "\u2212"
SPACE = "\u00a0"
STEPS = ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))


def plain_number(value: Any, decimals: int = 0) -> str:
    """Return a number with thousands separators.

    Parameters
    ----------
    value : number
        May be missing.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        An en dash for a missing value.

    Examples
    --------
    >>> plain_number(541909), plain_number(1234.5, 2), plain_number(None) == BLANK
    ('541,909', '1,234.50', True)
    """
    if _missing(value):
        return BLANK
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else MINUS + text[1:]
    return text


def short_number(value: Any, digits: int = 3) -> str:
    r"""Return a number in few digits, with k, M, bn or T.

    Parameters
    ----------
    value : number
        May be missing.
    digits : int
        Significant digits kept.

    Returns
    -------
    str
        An en dash for a missing value.

    Examples
    --------
    >>> short_number(9747747.93).replace("\u00a0", " "), short_number(812), short_number(-1250, 2)[1:4]
    ('9.75 M', '812', '1.2')
    """
    if _missing(value) or math.isinf(value):
        return plain_number(value)
    size = abs(float(f"{value:.{digits}g}"))
    step, mark = next(((s, m) for s, m in STEPS if size >= s), (1.0, ""))
    scaled = value / step
    if mark == "" and float(value).is_integer():
        return plain_number(value)
    whole = len(str(int(float(f"{abs(scaled):.{digits}g}"))))
    text = plain_number(scaled, max(digits - whole, 0))
    return f"{text}{SPACE}{mark}" if mark else text


def tick_number(value: float) -> str:
    r"""Return a number for an axis: short, without zeros at its end.

    Parameters
    ----------
    value : float
        Place of the tick.

    Returns
    -------
    str
        For example ``20 k``.

    Examples
    --------
    >>> tick_number(20000).replace("\u00a0", " "), tick_number(0.5)
    ('20 k', '0.5')
    """
    text, mark, unit = short_number(value, 4).partition(SPACE)
    return (text.rstrip("0").rstrip(".") if "." in text else text) + mark + unit


def short_money(value: Any, currency: str = "") -> str:
    r"""Return money in three digits with its currency code.

    Parameters
    ----------
    value : number
        Money [currency].
    currency : str
        ISO 4217 code; left out where blank.

    Returns
    -------
    str
        An en dash for a missing value.

    Examples
    --------
    >>> short_money(9747747.93, "GBP").replace("\u00a0", " ")
    'GBP 9.75 M'
    """
    text = short_number(value)
    return f"{currency}{SPACE}{text}" if currency and text != BLANK else text


def percent(value: Any, decimals: int | None = None) -> str:
    """Return a fraction as percent; what is not 0 but rounds to it is ≈0%.

    Parameters
    ----------
    value : number
        Fraction; 1 = 100%.
    decimals : int, optional
        Digits after the point; where not given as many as tell the figure from 0 and from 100.

    Returns
    -------
    str
        An en dash for a missing value.

    Examples
    --------
    >>> [percent(x) for x in (0.5, 0.978, 0.99991, 0, 0.00001)]
    ['50%', '97.8%', '99.99%', '0%', '≈0%']
    """
    if _missing(value) or math.isinf(value):
        return plain_number(value)
    shown = 100 * float(value)
    if decimals is None:
        edge = min(abs(shown), abs(100 - shown))
        near = 0 if edge < 1e-9 or (abs(shown - round(shown)) < 1e-9) else 2 if edge < 0.1 else 1
        decimals = 0 if abs(shown) >= 1000 else near
    if shown and not round(shown, decimals):
        return "≈0%"
    return f"{plain_number(shown, decimals)}%"


def in_unit(value: Any, unit: str, currency: str = "") -> str:
    r"""Return a figure in words by its unit: money short and with its currency, shares as percent, counts in full.

    Parameters
    ----------
    value : number
        May be missing.
    unit : str
        ``currency`` (or a currency code), ``share``, or what is counted.
    currency : str
        ISO 4217 code that stands for ``currency``.

    Returns
    -------
    str
        An en dash for a missing value.

    Examples
    --------
    >>> [in_unit(v, u, "EUR").replace("\u00a0", " ") for v, u in ((2.4e6, "currency"), (0.41, "share"), (9, "items"))]
    ['EUR 2.40 M', '41%', '9 items']
    """
    if _missing(value):
        return BLANK
    if unit == "currency" or (currency and unit == currency):
        return short_money(value, currency)
    if unit.startswith(("share", "fraction")):
        return percent(value)
    text = plain_number(value) if float(value).is_integer() else short_number(value)
    return f"{text}{SPACE}{unit}" if unit else text


def iso_date(value: Any) -> str:
    """Return a day as ISO 8601, or an en dash where it is missing.

    Parameters
    ----------
    value : date, datetime or Timestamp
        May be missing.

    Returns
    -------
    str
        For example ``2025-12-31``.

    Examples
    --------
    >>> iso_date(pd.Timestamp("2025-12-31")), iso_date(pd.NaT) == BLANK
    ('2025-12-31', True)
    """
    if _missing(value):
        return BLANK
    return value.strftime("%Y-%m-%d") if isinstance(value, date | datetime) else str(value)


def decimals_for(values: pd.Series) -> int:
    """Return how many decimals a column of numbers needs: 0 for whole or large ones, at most 3 for small ones.

    Parameters
    ----------
    values : Series of numbers
        Blanks do not count.

    Returns
    -------
    int
        0 to 3.

    Examples
    --------
    >>> decimals_for(pd.Series([1.0, 20.0])), decimals_for(pd.Series([0.12, 0.5])), decimals_for(pd.Series([12.5, 3.1]))
    (0, 3, 2)
    """
    sizes = pd.to_numeric(values, errors="coerce").dropna().abs()
    sizes = sizes[sizes < math.inf]
    if sizes.empty or bool((sizes == sizes.round()).all()):
        return 0
    typical = float(sizes[sizes > 0].median())
    return 0 if typical >= 1000 else 1 if typical >= 100 else 2 if typical >= 1 else 3


def plural(noun: str) -> str:
    """Return the plural of a noun of the nomenclature.

    Parameters
    ----------
    noun : str
        For example category.

    Returns
    -------
    str
        For example categories.

    Examples
    --------
    >>> plural("category"), plural("channel"), plural("value class")
    ('categories', 'channels', 'value classes')
    """
    if noun.endswith("ss"):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def shorten(text: Any, width: int = 28) -> str:
    """Return a name cut to ``width`` characters, on one line.

    Parameters
    ----------
    text : str
        Name of any length; may be missing.
    width : int
        Characters kept, the ellipsis included.

    Returns
    -------
    str
        The name, with an ellipsis where it was cut.

    Examples
    --------
    >>> shorten("white hanging heart t-light holder", 12)
    'white hangi…'
    """
    if _missing(text):
        return BLANK
    line = " ".join(str(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _missing(value: Any) -> bool:
    """Tell whether a scalar is None, NaN, NaT or NA."""
    return value is None or bool(pd.isna(value))
