"""How well the values of a column fit what one of segkit's columns holds, whatever the column is called."""

import re

import numpy as np

from segkit.core.columns import input_tables
from segkit.core.propose.column_names import name_ideas, plain_letters
from segkit.core.propose.sniff_values import ColumnLook

ISO_CODES = frozenset(
    "EUR USD GBP CHF JPY CNY RMB SEK NOK DKK PLN CZK HUF RON TRY RUB INR BRL MXN CAD AUD NZD SGD HKD KRW TWD ZAR THB "
    "IDR MYR PHP VND AED SAR ILS CLP COP PEN ARS EGP NGN KES UAH BGN".split()
)
STATUS_WORDS = {
    "cancelled": "cancel storni annul voided void abgebrochen rejected refused geannuleerd fraud failed declined",
    "returned": "return retour refund gutschrift reso devol credit",
    "delivered": "deliver complete closed geliefert zugestellt livre entregad consegnat done fulfilled finished "
    "received erledigt paid invoiced bezahlt",
    "shipped": "ship dispatch versand versendet expedi spedit sent transit",
    "open": "open offen pending process hold new created wait partial backorder review ouvert abiert apert prepar "
    "authorized placed",
    "free": "free gratis sample promo kostenlos",
}
_FEW = {"status": 15, "unit": 40, "currency": 40, "tier": 200, "channel": 60, "country": 260, "region": 5_000}


def value_fit(column: str, look: ColumnLook, name: float) -> float:
    """Return how well the cells of a column fit a column of segkit, 0 to 1.

    Parameters
    ----------
    column : str
        Table and column, for example ``orders.quantity``.
    look : ColumnLook
        What the cells hold.
    name : float
        How much the name speaks for it, 0 to 1: odd values are believed where the name is plain.
    """
    table, short = column.split(".")
    if look.filled == 0 or look.rows == 0:
        return 0.0
    kind = input_tables()[table].columns[short].kind
    if kind == "date":
        return _fits_date(look, name)
    if kind in ("number", "money", "whole", "share"):
        return _fits_number(look)
    if kind == "flag":
        return 1.0 if look.distinct <= 2 else 0.0
    return _fits_id(short, look, name) if kind == "id" else _fits_text(short, look)


def is_serial(look: ColumnLook) -> bool:
    """Whether whole numbers could be the days that Excel counts from 1899-12-30 (1982 to 2064)."""
    numbers = look.numbers.dropna()
    return look.number_share > 0.95 and look.date_share == 0 and bool(numbers.between(30_000, 60_000).all())


def is_day_counter(look: ColumnLook) -> bool:
    """Whether whole numbers from about 1 up could count days: many of them, and the name speaks of days."""
    numbers = look.numbers.dropna()
    whole = look.number_share > 0.99 and look.whole_share == 1 and look.distinct > 5 and not look.leading_zeros
    return whole and speaks_of(look.name, "date") and bool(numbers.between(0, 5_000).all())


def _fits_date(look: ColumnLook, name: float) -> float:
    if look.date_share == 0:
        return 0.8 if name >= 0.5 and is_serial(look) else 0.0
    return look.date_share * (0.4 + 0.6 * look.filled)


def _fits_number(look: ColumnLook) -> float:
    if look.number_share < 0.5 or look.leading_zeros or look.date_share > 0.9:
        return 0.0
    return (
        look.number_share * (0.6 if look.distinct == 1 else 1.0) * (0.6 if look.distinct <= 2 < look.rows / 20 else 1.0)
    )


def _fits_id(short: str, look: ColumnLook, name: float) -> float:
    if look.date_share > 0.8:
        return 0.0 if name < 0.8 else 0.3
    fractional = look.number_share > 0.9 and look.whole_share < 0.9
    if fractional:
        return 0.7 if name >= 0.9 and look.unique_share > 0.9 else 0.2
    if short in ("item_id", "customer_id") and look.distinct < 2:
        return 0.3
    if short == "channel":
        return 1.0 if look.distinct <= _FEW["channel"] else 0.2
    if short == "line_id":
        return 1.0 if look.whole_share > 0.99 or look.unique_share > 0.99 else 0.3
    if short == "item_id" and look.distinct < 10 and look.rows > 1_000:
        return 0.5
    return (0.5 if look.text_length > 40 else 1.0) * (0.5 + 0.5 * look.filled)


def _fits_text(short: str, look: ColumnLook) -> float:
    if look.date_share > 0.8:
        return 0.0
    if short == "currency":
        codes = look.codes.dropna().str.upper()
        return float((codes.isin(ISO_CODES) | codes.isin(["€", "$", "£", "¥"])).mean())
    if short in _FEW and look.distinct > _FEW[short]:
        return 0.0
    words = look.number_share < 0.5
    if short == "status":
        states = look.codes.dropna().unique()
        return float(np.mean([bool(status_of(str(word))) for word in states])) if words and len(states) else 0.0
    if short in ("description", "name"):
        return 1.0 if words and look.text_length > 3 else 0.2
    if short in ("country", "unit"):
        return 1.0 if words else 0.1
    if short == "category" and look.unique_share > 0.7 and look.rows > 50:
        return 0.3
    return 1.0


def days_per_unit(name: str) -> float:
    """Return how many days one unit of a duration column is, by its name.

    Examples
    --------
    >>> days_per_unit("lead_time_weeks"), days_per_unit("Lieferzeit (Monate)"), days_per_unit("lead_time")
    (7.0, 30.4375, 1.0)
    """
    from segkit.core.propose.column_names import name_words

    words = " ".join(name_words(name))
    if any(word in words for word in ("week", "woche", "semaine", "semana", "settiman")):
        return 7.0
    return 30.4375 if any(word in words for word in ("month", "monat", "mois", "mes", "mese")) else 1.0


def named_currency(name: str) -> str:
    """Return the currency that a column name speaks of, blank if none.

    Examples
    --------
    >>> named_currency("PRICE (£)"), named_currency("Freight Cost (USD)"), named_currency("price")
    ('GBP', 'USD', '')
    """
    from segkit.core.propose.column_names import name_words

    signs = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
    named = [code for sign, code in signs.items() if sign in name]
    named += [word.upper() for word in name_words(name) if word.upper() in ISO_CODES - {"TRY", "ALL", "PEN"}]
    return named[0] if named else ""


def speaks_of(name: str, *ideas: str) -> bool:
    """Return whether a column name holds one of some ideas (see synonyms.toml)."""
    return bool(name_ideas(name)[0] & set(ideas))


def status_of(word: str) -> str:
    """Return segkit's status for a word of the source, blank where none is known.

    Examples
    --------
    >>> status_of("Storniert"), status_of("SHIPPED"), status_of("Texas")
    ('cancelled', 'shipped', '')
    """
    plain = plain_letters(word).replace("_", " ")
    for status, stems in STATUS_WORDS.items():
        if any(re.search(rf"\b{stem}", plain) for stem in stems.split()):
            return status
    return ""
