"""Turn a proposal into the sections of segkit.toml, each line with its reason."""

from segkit.core.columns import input_tables
from segkit.core.propose.cells import (
    cost_from_profit,
    date_expression,
    discount_expression,
    fill_order_date,
    number_expression,
    quoted,
    translate_status,
)
from segkit.core.propose.draft import Draft
from segkit.core.propose.fit import days_per_unit, is_day_counter
from segkit.core.propose.missing import assume_stock_terms, has_cost, has_money, margin_assumed, name_missing
from segkit.core.propose.proposal import Guess, Proposal
from segkit.core.propose.rules import (
    count_repeats,
    country_currency,
    find_currency,
    find_free_lines,
    find_non_products,
    find_period_unit,
    find_return_letters,
)
from segkit.core.propose.sniff import FileLook
from segkit.core.settings import Source

ASSUMED_MARGIN = 0.35
COUNTED_FROM = "2024-01-01"
EMPTY_SIGNS = set("- -- ? . NA N/A n/a n.a. k.A. None none unknown #REF! #VALUE! #DIV/0!".split())
_USUAL = {"encoding": "utf-8", "delimiter": ",", "header_row": 1, "decimal": ".", "thousands": ""}
_WHY = {
    "encoding": "reads every letter",
    "header_row": "the line with the column names",
    "decimal": "decimal mark of the numbers",
    "thousands": "thousands mark of the numbers",
}


def draft_settings(proposal: Proposal, file: str, name: str) -> Draft:
    """Return segkit.toml for a proposal.

    Parameters
    ----------
    proposal : Proposal
        What the columns of the file are taken for.
    file : str
        The file, as seen from the workspace.
    name : str
        Name of the workspace.

    Returns
    -------
    Draft
        Lines with reasons; what is in doubt, what is missing and what follows, what was assumed.
    """
    draft = Draft(doubts=list(proposal.doubts))
    draft.add("company", "name", name, "as it appears on the report")
    _draft_currency(draft, proposal)
    _draft_main(draft, proposal, file)
    for table in ("items", "customers"):
        _draft_attributes(draft, proposal, table)
    unit, why = find_period_unit(proposal)
    if unit:
        draft.add("periods", "unit", unit, why)
    if proposal.table == "orders":
        _draft_goods(draft, proposal)
    _draft_missing(draft, proposal)
    return draft


def _draft_currency(draft: Draft, proposal: Proposal) -> None:
    currency, seen = find_currency(proposal)
    if currency:
        draft.add("company", "currency", currency, seen)
        column = proposal.source("currency")
        others = sorted(set(proposal.look.rows[column].dropna().astype("str")) - {currency}) if column else []
        if others:
            draft.missing.append(f"sources.fx: exchange rates of {', '.join(others[:8])}")
        return
    likely, country = country_currency(proposal)
    reason = f"the file names no currency{f'; most rows are of {country}' if likely else ''}"
    draft.add("company", "currency", likely or "EUR", f"ASSUMED: {reason}")
    draft.assumed.append(f"company.currency = {likely or 'EUR'}: {reason}; set the ISO code of its money")


def draft_layout(draft: Draft, look: FileLook, section: str, file: str) -> None:
    """Add where the rows of a source are and how they are read.

    Parameters
    ----------
    draft : Draft
        Lines are added to it.
    look : FileLook
        The file.
    section : str
        For example ``sources.orders``.
    file : str
        The file, as seen from the workspace.
    """
    options = dict(look.options)
    size = f"{look.total_rows:,} rows, {look.rows.shape[1]:,} columns"
    draft.add(section, "url" if "url" in options else "file", options.pop("url", file), size)
    for key, value in options.items():
        if value != _USUAL.get(key):
            draft.add(section, key, value, _WHY.get(key, ""))


def _draft_main(draft: Draft, proposal: Proposal, file: str) -> None:
    section = f"sources.{proposal.table}"
    draft_layout(draft, proposal.look, section, file)
    guesses = [guess for guess in proposal.guesses.values() if guess.table == proposal.table]
    computed = _computed(draft, proposal) if proposal.table == "orders" else {}
    plain = [guess for guess in guesses if guess.short not in computed]
    if repeats := count_repeats(proposal):
        draft.add(section, "duplicates", "set_aside", f"{repeats:,} rows repeat an order and line number")
        draft.doubts.append(f"{repeats:,} rows repeat an order and line number; the first of each is used")
    form = _draft_date_format(draft, proposal, plain, section)
    _draft_empty_signs(draft, proposal, section)
    _draft_unreadable(draft, proposal, plain, section)
    _draft_columns(draft, proposal, plain, section, form)
    for short, (expression, reason) in computed.items():
        draft.add(f"{section}.expressions", short, expression, reason)
    _draft_wide(draft, proposal, section)


def _computed(draft: Draft, proposal: Proposal) -> dict[str, tuple[str, str]]:
    """Columns that are worked out from others: expression and reason by column."""
    found: dict[str, tuple[str, str]] = {}
    if not proposal.source("customer_id"):
        found["customer_id"] = ("'(unknown)'", "ASSUMED: the file names no customer")
        draft.assumed.append("customer_id = (unknown): the file names no customer; there are no customer segments")
    if not proposal.source("quantity"):
        found["quantity"] = ("1", "ASSUMED: the file names no quantity, so each row is one piece")
        draft.assumed.append("quantity = 1: the file names no quantity, so each row is one piece")
    day = proposal.look.columns[proposal.source("order_date")]
    if is_day_counter(day):
        counted = f"DATE '{COUNTED_FROM}' + CAST(number({quoted(day.name)}) AS INTEGER)"
        found["order_date"] = (counted, f"ASSUMED: {day.name} counts days from no known day")
        draft.assumed.append(f"order_date: {day.name} counts days; day 0 is taken as {COUNTED_FROM}")
    expression, reason = fill_order_date(proposal)
    if expression:
        found["order_date"] = (expression, f"? {reason}")
        draft.assumed.append(f"order_date: {reason}")
    expression, reason = cost_from_profit(proposal)
    if expression:
        found["cost"] = (expression, reason)
    expression, reason = discount_expression(proposal)
    if expression:
        found["discount"] = (expression, reason)
    letter, counted = find_return_letters(proposal)
    if letter and not proposal.source("status"):
        order = quoted(proposal.source("order_id"))
        found["status"] = (f"CASE WHEN CAST({order} AS VARCHAR) LIKE '{letter}%' THEN 'returned' END", counted)
    return found


def _draft_date_format(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str) -> str:
    """Write the format of the first date column that is text and return it; columns in others get expressions."""
    kinds = input_tables()[proposal.table].columns
    for guess in guesses:
        look = proposal.look.columns[guess.source]
        if kinds[guess.short].kind != "date" or not look.dates or look.dates.typed:
            continue
        dates = look.dates
        if dates.format:
            draft.add(section, "date_format", dates.format, f"{guess.source}: {dates.evidence or 'reads them'}")
        if dates.doubtful:
            draft.add(section, "date_format", dates.runner_up, f"? {dates.evidence}", active=False)
            draft.doubts.append(
                f"dates of {guess.source}, such as {look.examples[0]}, are read as {dates.format}; "
                f"{dates.runner_up} would read them as well"
            )
        return dates.format
    return ""


def _draft_empty_signs(draft: Draft, proposal: Proposal, section: str) -> None:
    """Signs such as - or N/A that stand for an empty number or date."""
    usual = Source.model_fields["missing"].default
    seen = {
        word: guess.source
        for guess in proposal.guesses.values()
        for word in proposal.look.columns[guess.source].words
        if word in EMPTY_SIGNS - set(usual)
    }
    if seen:
        shown = ", ".join(f"{word} in {name}" for word, name in seen.items())
        draft.add(section, "missing", [*usual, *seen], f"stand for an empty cell: {shown}")


def _draft_unreadable(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str) -> None:
    spec = input_tables()[proposal.table]
    needed = {*spec.required, *(name for group in spec.one_of for name in group)}
    bad = []
    for guess in guesses:
        look, kind = proposal.look.columns[guess.source], spec.columns[guess.short].kind
        lost = 1 - look.filled * (look.date_share if kind == "date" else look.number_share)
        if guess.short in needed and kind not in ("id", "text") and lost > 1e-9:
            bad.append(f"{guess.source} {lost:.2%}" + (f" ({', '.join(look.words[:2])})" if look.words else ""))
    if bad and not _one_price_left(guesses, bad):
        reason = f"empty cells, or no date or number: {', '.join(bad)} of the rows looked at"
        draft.add(section, "unreadable", "set_aside", reason)
        draft.doubts.append(f"{reason}; these rows are set aside and counted")


def _one_price_left(guesses: list[Guess], bad: list[str]) -> bool:
    """Whether only one of price and amount has gaps, so that the other stands in."""
    money = [guess.source for guess in guesses if guess.short in ("unit_price", "amount")]
    return len(bad) == 1 and len(money) == 2 and any(bad[0].startswith(name) for name in money)


def _draft_columns(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str, form: str) -> None:
    kinds = input_tables()[section.split(".")[1]].columns
    for guess in guesses:
        look = proposal.look.columns[guess.source]
        expression = _expression(look.name, guess.short, kinds[guess.short].kind, proposal, form)
        part = "expressions" if expression else "columns"
        draft.add(f"{section}.{part}", guess.short, expression or guess.source, about=guess.column)
        if guess.runner_up and guess.confidence == "doubtful":
            draft.add(f"{section}.columns", guess.short, guess.runner_up, "? came second", active=False)
        if guess.short == "status":
            _draft_status(draft, proposal, guess, section)
    placed = {guess.short for guess in guesses}
    for name in proposal.look.columns:
        if name in kinds and name not in placed:
            draft.add(f"{section}.columns", name, "", "the column of this name is something else, or of another table")


def _expression(source: str, short: str, kind: str, proposal: Proposal, form: str) -> str:
    look = proposal.look.columns[source]
    if kind == "date":
        return date_expression(look, form)
    if short == "lead_time_days" and days_per_unit(source) != 1:
        return f"number({quoted(source)}) * {days_per_unit(source):g}"
    return number_expression(look) if kind in ("money", "number") else ""


def _draft_status(draft: Draft, proposal: Proposal, guess: Guess, section: str) -> None:
    words = sorted(map(str, proposal.look.rows[guess.source].dropna().unique()))[:40]
    known = {word: status for word, status in translate_status(words).items() if word.lower() != status}
    if not known:
        return
    draft.add(f"{section}.values", "status", known, "translated by their words; blank = no state known")
    if unknown := [word for word, status in known.items() if not status]:
        draft.doubts.append(f"words of {guess.source} without a known meaning: {', '.join(unknown[:8])}")


def _draft_wide(draft: Draft, proposal: Proposal, section: str) -> None:
    wide = proposal.wide
    if not wide:
        return
    draft.add(f"{section}.wide", "match", wide.match, wide.evidence)
    if wide.period_from:
        draft.add(f"{section}.wide", "period_from", wide.period_from, f"reads {wide.names[0]}")
        return
    reason = wide.evidence if wide.dated else "ASSUMED: the names of the period columns hold no dates"
    draft.add(f"{section}.wide", "start", wide.start, reason)
    draft.add(f"{section}.wide", "step_days", wide.step_days, "days from one period column to the next")
    if not wide.dated:
        draft.missing.append(f"the day on which {wide.names[0]} begins: [{section}.wide] start")
        draft.assumed.append(f"{wide.names[0]} begins on {wide.start}, each further column {wide.step_days} days later")


def _draft_attributes(draft: Draft, proposal: Proposal, table: str) -> None:
    """Attributes that are the same in all rows of an item or customer make a table of their own."""
    key = {"items": "item_id", "customers": "customer_id"}[table]
    guesses = [guess for guess in proposal.guesses.values() if guess.table == table]
    source = proposal.source(key)
    if not guesses or not source:
        return
    section = f"sources.{table}"
    draft.add(section, "same_file_as", proposal.table, f"columns that are the same in all rows of one {source}")
    if proposal.look.rows[source].duplicated().any():
        draft.add(section, "one_row_per_key", True, f"{source} stands in many rows")
    if proposal.look.rows[source].isna().any():
        draft.add(section, "where", f"{quoted(source)} IS NOT NULL", f"rows without {source} describe nothing")
    _draft_columns(draft, proposal, [Guess(f"{table}.{key}", source, 1.0, "sure", ""), *guesses], section, "")


def _draft_goods(draft: Draft, proposal: Proposal) -> None:
    codes = find_non_products(proposal)
    if codes:
        shown = "; ".join(f"{code} = {words[:30]}" if words else code for code, words in codes[:6])
        draft.add("orders", "non_product_items", [code for code, _ in codes], f"unlike the other codes: {shown}")
    bookings, counted = find_free_lines(proposal)
    if counted:
        draft.add("orders", "free_lines", "set_aside", counted, active=bookings)
        if bookings:
            draft.doubts.append(f"{counted}: taken for bookings of stock, set aside and counted")


def _draft_missing(draft: Draft, proposal: Proposal) -> None:
    has = proposal.source
    money = has_money(has)
    if proposal.table == "orders" and not money:
        draft.add("sources.orders.columns", "unit_price", "?", "MISSING: name the column", active=False)
    if proposal.table == "sales" and not money:
        draft.add("segments", "measure", "quantity", "no price in the file")
    known = has_cost(has) or bool(cost_from_profit(proposal)[0])
    if proposal.table == "sales" and money and not known and has("items.lead_time_days"):
        draft.add("sources.items.columns", "unit_cost", has("price"), "? if it is what you pay", active=False)
        draft.doubts.append(f"{has('price')} is taken as what customers pay; if you pay it, it is items.unit_cost")
    if money and not known:
        draft.add("assume", "gross_margin", ASSUMED_MARGIN, "ASSUMED: the file holds no cost; put your own figure")
        draft.assumed.append(margin_assumed(ASSUMED_MARGIN))
    assume_stock_terms(draft, costed=money or known, timed=bool(has("items.lead_time_days")), held=False)
    draft.missing += name_missing(proposal.table, has, cost_known=known)
