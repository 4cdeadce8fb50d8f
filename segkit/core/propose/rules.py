"""What else an unknown file of order lines tells: returns, codes that are no goods, the currency, odd dates."""

import re

import pandas as pd

from segkit.core.propose.column_names import plain_letters
from segkit.core.propose.fit import named_currency
from segkit.core.propose.proposal import Proposal

FEE_WORDS = re.compile(
    r"\b(?:postage|post|porto|versand\w*|fracht\w*|freight|shipping|carriage|delivery|fees?|charges?|gebuehr\w*|gebühr\w*|"
    r"commission|discount|rabatt|remise|frais|manual|adjust\w*|samples?|bad debt|vouchers?|gutschein\w*|deposit|pfand|"
    r"service|rounding|rundung\w*|surcharge|zuschlag|insurance|bank|tip|donation|gastos|envio|portes|spese|handling)\b",
    re.IGNORECASE,
)

_CURRENCIES = {
    country: code
    for code, countries in {
        "EUR": "germany,deutschland,de,france,fr,italy,italia,it,spain,espana,es,austria,osterreich,at,netherlands,"
        "nederland,nl,belgium,be,portugal,pt,ireland,ie,finland,fi,greece,gr",
        "GBP": "united kingdom,uk,gb,great britain,england",
        "USD": "united states,united states of america,usa,us",
        "CHF": "switzerland,schweiz,suisse,ch",
        "PLN": "poland,polska,pl",
        "SEK": "sweden,sverige,se",
        "NOK": "norway,norge,no",
        "DKK": "denmark,danmark,dk",
        "CZK": "czech republic,czechia,cz",
        "CAD": "canada,ca",
        "AUD": "australia,au",
        "JPY": "japan,jp",
        "CNY": "china,cn",
        "INR": "india,in",
        "BRL": "brazil,brasil,br",
        "MXN": "mexico,mx",
        "TRY": "turkey,turkiye,tr",
    }.items()
    for country in countries.split(",")
}


def find_return_letters(proposal: Proposal) -> tuple[str, str]:
    """Return the letters before order numbers that go with returned quantities, and what was counted; blank if none.

    Parameters
    ----------
    proposal : Proposal
        Orders with an order number and a quantity.
    """
    order, quantity = proposal.source("order_id"), proposal.source("quantity")
    if not order or not quantity:
        return "", ""
    rows = proposal.look.rows[[order, quantity]]
    codes = rows[order].astype("str")
    letters = codes.str.extract(r"^([A-Za-z]{1,3})\d+$")[0]
    if not 0 < letters.notna().mean() < 0.3:
        return "", ""
    numbers = pd.to_numeric(rows[quantity], errors="coerce")
    below = (numbers < 0).groupby(letters).mean().to_dict()
    count = letters.value_counts().to_dict()
    marked = [str(letter) for letter in count if below[letter] > 0.9 and count[letter] >= 5]
    if not marked:
        return "", ""
    letter = marked[0]
    return letter, f"{count[letter]:,} rows of orders {letter}…, {below[letter]:.0%} with a quantity below zero"


def find_non_products(proposal: Proposal) -> list[tuple[str, str]]:
    """Return item codes that look unlike the rest and speak of fees, each with its description.

    Parameters
    ----------
    proposal : Proposal
        Orders with an item.
    """
    item, words = proposal.source("item_id"), proposal.source("items.description")
    if not item or item == words:
        return []
    kept = [item, words] if words else [item]
    pairs = proposal.look.rows[kept].dropna(subset=[item]).drop_duplicates()
    codes = pairs[item].astype("str")
    shapes = codes.str.replace(r"\d+", "9", regex=True).str.replace(r"[A-Za-z]+", "A", regex=True)
    count = codes.drop_duplicates().groupby(shapes).size()
    rare = shapes.map(count).fillna(0) < min(max(0.02 * codes.nunique(), 4), 0.3 * codes.nunique())
    texts = pairs[words].fillna("").astype("str") if words else pd.Series("", index=pairs.index)
    fee = texts.str.contains(FEE_WORDS, regex=True) | codes.str.contains(FEE_WORDS, regex=True)
    found = pd.DataFrame({"code": codes, "words": texts})[rare & fee]
    return [(str(code), str(group["words"].iloc[0])) for code, group in found.groupby("code")]


def find_currency(proposal: Proposal) -> tuple[str, str]:
    """Return the currency in which the file counts money and where it was seen; blanks if nowhere."""
    column = proposal.source("currency")
    if column:
        codes = proposal.look.rows[column].dropna().astype("str").str.upper().str.strip()
        signs = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "RMB": "CNY"}
        most = str(codes.mode().iloc[0]) if len(codes) else ""
        most = signs.get(most, most)
        if re.fullmatch(r"[A-Z]{3}", most):
            return most, f"{(codes == most).mean():.0%} of the rows in {column}"
    seen = [(look.symbol, f"sign in {name}") for name, look in proposal.look.columns.items() if look.symbol]
    seen += [(named_currency(name), f"name of {name}") for name in proposal.look.columns if named_currency(name)]
    return seen[0] if seen else ("", "")


def country_currency(proposal: Proposal) -> tuple[str, str]:
    """Return the currency of the country that four in five rows name, and that country; blanks else."""
    column = proposal.source("customers.country")
    if not column:
        return "", ""
    shares = proposal.look.rows[column].astype("str").value_counts(normalize=True, dropna=True)
    country = str(shares.index[0]) if len(shares) and shares.iloc[0] >= 0.8 else ""
    return _CURRENCIES.get(plain_letters(country), ""), country


def count_repeats(proposal: Proposal) -> int:
    """Return how many rows repeat an earlier one's order and line number."""
    key = [name for name in (proposal.source("order_id"), proposal.source("line_id")) if name]
    return int(proposal.look.rows.duplicated(key).sum()) if proposal.source("line_id") else 0


def find_free_lines(proposal: Proposal) -> tuple[bool, str]:
    """Return whether lines at price zero look like bookings of stock rather than sales, and what was counted.

    They do where four in five of them name no customer. Blank where there are none.
    """
    price, customer = proposal.source("unit_price"), proposal.source("customer_id")
    if not price or not pd.api.types.is_numeric_dtype(proposal.look.rows[price]):
        return False, ""
    free = proposal.look.rows[proposal.look.rows[price] == 0]
    if free.empty:
        return False, ""
    nameless = float(free[customer].isna().mean()) if customer else 0.0
    words = f"{len(free):,} lines at price zero, {nameless:.0%} of them without a customer"
    return nameless >= 0.8, words


def find_period_unit(proposal: Proposal) -> tuple[str, str]:
    """Return ``week`` and why, where months would be too coarse; blanks else."""
    wide = proposal.wide
    if wide and (wide.step_days in (1, 7) or wide.evidence.endswith(("weeks", "days"))):
        return "week", wide.evidence
    dates = (
        proposal.look.columns[proposal.source("order_date") or proposal.source("period")].dates if not wide else None
    )
    if dates is None:
        return "", ""
    span = (dates.days.max() - dates.days.min()).days
    return ("week", f"{span} days are too few months") if 42 <= span < 270 else ("", "")
