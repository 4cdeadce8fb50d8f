"""SQL that reads odd cells: mixed dates, Excel's day numbers, currency signs, brackets, discounts as shares."""

from segkit.core.propose.fit import is_serial, speaks_of, status_of
from segkit.core.propose.proposal import Proposal
from segkit.core.propose.sniff_values import ColumnLook

FULL = 0.99


def quoted(name: str) -> str:
    """Return a column name as SQL writes it.

    Examples
    --------
    >>> print(quoted('PRICE (£)'))
    "PRICE (£)"
    """
    return '"' + name.replace('"', '""') + '"'


def date_expression(look: ColumnLook, format_of_source: str) -> str:
    """Return the SQL that reads a date column which the source's format does not read, blank where it does."""
    if is_serial(look) and look.dates is None:
        return f"DATE '1899-12-30' + CAST(number({quoted(look.name)}) AS INTEGER)"
    if look.dates is None or look.dates.typed:
        return ""
    if look.dates.format == format_of_source and not look.dates.also:
        return ""
    return _read_dates(look)


def _read_dates(look: ColumnLook) -> str:
    """Return SQL for any date column, typed or text."""
    if look.dates is None or look.dates.typed:
        return quoted(look.name)
    forms = [look.dates.format or look.dates.iso, *([look.dates.also] if look.dates.also else [])]
    texts = ", ".join("'" + form.replace("'", "''") + "'" for form in forms)
    return f"TRY_STRPTIME(trim(CAST({quoted(look.name)} AS VARCHAR)), [{texts}])"


def fill_order_date(proposal: Proposal) -> tuple[str, str]:
    """Return the SQL that takes the next full date where the order date is blank, and what to say of it.

    Parameters
    ----------
    proposal : Proposal
        Orders whose order date may have gaps.
    """
    source = proposal.source("order_date")
    if not source:
        return "", ""
    look = proposal.look.columns[source]
    if look.dates is None:
        return "", ""
    known = look.filled * look.date_share
    others = {
        name: seen
        for name, seen in proposal.look.columns.items()
        if name != source and seen.dates and seen.filled * seen.date_share >= FULL
    }
    if known >= FULL or not others:
        return "", ""
    roles = [proposal.source(role) for role in ("requested_date", "promised_date", "shipped_date", "delivered_date")]
    next_one = next((name for name in [*roles, *others] if name in others), "")
    words = f"{1 - known:.0%} of the rows have no {source}: they take {next_one}"
    return f"COALESCE({_read_dates(look)}, {_read_dates(others[next_one])})", words


def number_expression(look: ColumnLook) -> str:
    """Return the SQL that reads numbers with currency signs, brackets or a minus behind; blank for plain ones."""
    if not look.symbol and not look.odd_signs:
        return ""
    name = quoted(look.name)
    plain = f"number(regexp_replace({name}, '[^0-9.,'' ]', '', 'g'))"
    if look.negative_share == 0:
        return plain
    return f"CASE WHEN regexp_matches(trim({name}), '^\\(|^-|-$') THEN -1 ELSE 1 END * {plain}"


def discount_expression(proposal: Proposal) -> tuple[str, str]:
    """Return the SQL of a discount that is a share or a percentage, in money; blanks where it is money already."""
    name = proposal.source("discount")
    quantity, price = proposal.source("quantity"), proposal.source("unit_price")
    look = proposal.look.columns.get(name)
    if look is None:
        return "", ""
    high = float(look.numbers.abs().max())
    if look.negative_share > 0.5 and high > 1:
        return f"abs(number({quoted(name)}))", f"{name} is written below zero"
    percent = speaks_of(name, "percent") or "%" in name
    if not (high <= 1 and look.whole_share < 0.95) and not (percent and high <= 100):
        return "", ""
    reason = f"{name} is a share of the price (0 to {high:g})"
    if not quantity or not price:
        return "CAST(NULL AS DOUBLE)", f"{reason}, taken off {proposal.source('amount')} already"
    scale = "" if high <= 1 else " / 100"
    return f"number({quoted(name)}){scale} * number({quoted(quantity)}) * number({quoted(price)})", reason


def cost_from_profit(proposal: Proposal) -> tuple[str, str]:
    """Return the SQL of the cost where a profit is given beside the amount; blanks else."""
    amount = proposal.source("amount")
    if not amount or proposal.source("cost") or proposal.source("unit_cost"):
        return "", ""
    sold = proposal.look.columns[amount].numbers
    for name, look in proposal.look.columns.items():
        whole = speaks_of(name, "profit") and not speaks_of(name, "percent") and look.number_share > 0.9
        if (
            whole
            and name in proposal.unused
            and float((look.numbers <= sold).mean()) > 0.95
            and look.numbers.abs().max() > 1
        ):
            return f"number({quoted(amount)}) - number({quoted(name)})", f"{amount} less {name}"
    return "", ""


def translate_status(words: list[str]) -> dict[str, str]:
    """Return for each status of the source segkit's word, blank where none is known.

    Examples
    --------
    >>> translate_status(["Shipped", "Storniert", "?"])
    {'Shipped': 'shipped', 'Storniert': 'cancelled', '?': ''}
    """
    return {word: status_of(word) for word in words}
