"""Turn a proposal into the sections of segkit.toml, each line with its reason."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from segkit.core.columns import input_tables
from segkit.core.propose import Guess, Proposal
from segkit.core.propose_fit import days_per_unit
from segkit.core.propose_rules import (
    date_expression,
    find_currency,
    find_non_products,
    find_return_letters,
    money_expression,
    quoted,
)
from segkit.core.settings import Source

ASSUMED_MARGIN = 0.35
EMPTY_SIGNS = (
    "-",
    "--",
    "?",
    ".",
    "NA",
    "N/A",
    "n/a",
    "n.a.",
    "k.A.",
    "None",
    "none",
    "unknown",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
)


@dataclass(frozen=True)
class Line:
    """One line of segkit.toml and its reason; ``active`` false writes it as a comment."""

    key: str
    value: Any
    reason: str = ""
    active: bool = True


@dataclass
class Draft:
    """A segkit.toml in the making: lines by section, what is missing (and what follows), and what was assumed."""

    sections: dict[str, list[Line]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add(self, section: str, key: str, value: Any, reason: str = "", *, active: bool = True) -> None:
        """Add a line to a section."""
        self.sections.setdefault(section, []).append(Line(key, value, reason, active))

    def values(self) -> dict[str, Any]:
        """Return the active lines as nested values, as the file will read."""
        nested: dict[str, Any] = {}
        for section, lines in self.sections.items():
            place = nested
            for part in section.split(".") if section else []:
                place = place.setdefault(part, {})
            place.update({line.key: line.value for line in lines if line.active})
        return nested


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
    """
    draft = Draft(doubts=list(proposal.doubts))
    currency, seen = find_currency(proposal)
    draft.add("company", "name", name, "as it appears on the report")
    draft.add("company", "currency", currency or "EUR", seen or "ASSUMED: the file names no currency")
    if not currency:
        draft.assumed.append("company.currency = EUR: the file names no currency; set the ISO code of its money")
    _draft_main(draft, proposal, file)
    for table in ("items", "customers"):
        _draft_attributes(draft, proposal, table)
    _draft_rules(draft, proposal)
    _draft_assumptions(draft, proposal)
    return draft


def _draft_source(draft: Draft, proposal: Proposal, file: str, section: str) -> None:
    """Write where the rows are and how they are read."""
    options = dict(proposal.look.options)
    if "url" in options:
        draft.add(section, "url", options.pop("url"), "an SQLite file")
    else:
        draft.add(section, "file", file, f"{proposal.look.total_rows:,} rows, {proposal.look.rows.shape[1]:,} columns")
    usual = {"encoding": "utf-8", "delimiter": ",", "header_row": 1, "decimal": ".", "thousands": ""}
    reasons = {
        "encoding": "reads every letter",
        "header_row": "the line with the column names",
        "decimal": "decimal mark of the numbers",
        "thousands": "thousands mark of the numbers",
    }
    for key, value in options.items():
        if value != usual.get(key):
            draft.add(section, key, value, reasons.get(key, ""))


def _draft_main(draft: Draft, proposal: Proposal, file: str) -> None:
    section = f"sources.{proposal.table}"
    _draft_source(draft, proposal, file, section)
    guesses = [guess for guess in proposal.guesses.values() if guess.table == proposal.table]
    _draft_missing_words(draft, proposal, section)
    form = _source_format(draft, proposal, guesses, section)
    _draft_unreadable(draft, proposal, guesses, section)
    _draft_wide(draft, proposal, section)
    _draft_columns(draft, proposal, guesses, section, form)
    if proposal.table == "orders" and not proposal.source("customer_id"):
        draft.add(f"{section}.expressions", "customer_id", "'(unknown)'", "ASSUMED: the file names no customer")
        draft.assumed.append("customer_id = (unknown): the file names no customer, so there are no customer segments")


def _source_format(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str) -> str:
    """Write the date format of the first date column that is text; others get expressions."""
    kinds = input_tables()[proposal.table].columns
    for guess in guesses:
        dates = proposal.look.columns[guess.source].dates
        if kinds[guess.short].kind == "date" and dates and not dates.typed:
            if dates.format:
                draft.add(
                    section, "date_format", dates.format, f"{guess.source}: {dates.evidence or 'reads all of them'}"
                )
            if dates.doubtful:
                draft.add(section, "date_format", dates.runner_up, f"? {dates.evidence}", active=False)
                draft.doubts.append(
                    f"dates of {guess.source}, such as {proposal.look.columns[guess.source].examples[0]}, are read as "
                    f"{dates.format}; {dates.runner_up} would read them as well"
                )
            return dates.format
    return ""


def _draft_missing_words(draft: Draft, proposal: Proposal, section: str) -> None:
    """Signs such as - or N/A that stand for an empty number or date."""
    usual = Source.model_fields["missing"].default
    seen = {
        word: guess.source
        for guess in proposal.guesses.values()
        for word in proposal.look.columns[guess.source].words
        if word in EMPTY_SIGNS and word not in usual
    }
    if seen:
        shown = ", ".join(f"{word} in {name}" for word, name in seen.items())
        draft.add(section, "missing", [*usual, *seen], f"stand for an empty cell: {shown}")


def _draft_unreadable(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str) -> None:
    spec = input_tables()[proposal.table]
    needed = {*spec.required, *(name for group in spec.one_of for name in group)} - {"customer_id", "item_id"}
    bad = []
    for guess in guesses:
        look = proposal.look.columns[guess.source]
        share = look.date_share if spec.columns[guess.short].kind == "date" else look.number_share
        lost = 1 - look.filled * (share or 1)
        if guess.short in needed and lost > 1e-9 and spec.columns[guess.short].kind not in ("id", "text"):
            bad.append(f"{guess.source} {lost:.1%}")
    if bad:
        reason = f"cells that are no date or number: {', '.join(bad)} of the rows looked at; they are counted"
        draft.add(section, "unreadable", "set_aside", reason)
        draft.doubts.append(f"{reason[0].upper()}{reason[1:]} and set aside")


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
        draft.missing.append(f"the day of the first period column {wide.names[0]}: [{section}.wide] start")
        draft.assumed.append(f"{wide.names[0]} begins on {wide.start}, each further column {wide.step_days} days later")


def _draft_columns(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str, form: str) -> None:
    kinds = input_tables()[section.split(".")[1]].columns
    for guess in guesses:
        look = proposal.look.columns[guess.source]
        kind = kinds[guess.short].kind
        expression = date_expression(look, form) if kind == "date" else ""
        expression = money_expression(look) if kind in ("money", "number") else expression
        if guess.short == "lead_time_days" and days_per_unit(guess.source) != 1:
            expression = f"number({quoted(guess.source)}) * {days_per_unit(guess.source):g}"
        part = "expressions" if expression else "columns"
        draft.add(f"{section}.{part}", guess.short, expression or guess.source, f"@{guess.column}")
        if guess.runner_up and guess.confidence == "doubtful":
            draft.add(f"{section}.columns", guess.short, guess.runner_up, "? came second", active=False)
    _blank_namesakes(draft, proposal, guesses, section)


def _blank_namesakes(draft: Draft, proposal: Proposal, guesses: list[Guess], section: str) -> None:
    """Columns that bear a name of segkit and are something else must not be taken for it."""
    spec = input_tables()[section.split(".")[1]]
    placed = {guess.short for guess in guesses}
    for name in proposal.look.columns:
        if name in spec.columns and name not in placed:
            draft.add(f"{section}.columns", name, "", "the column of this name is something else, or not constant")


def _draft_attributes(draft: Draft, proposal: Proposal, table: str) -> None:
    """Attributes that are the same in all rows of an item or customer make a table of their own."""
    key = {"items": "item_id", "customers": "customer_id"}[table]
    guesses = [guess for guess in proposal.guesses.values() if guess.table == table]
    source = proposal.source(key)
    if not guesses or not source:
        return
    section = f"sources.{table}"
    draft.add(section, "same_file_as", proposal.table, f"columns that are the same in all rows of one {source}")
    draft.add(section, "one_row_per_key", True, f"{proposal.look.columns[source].name} repeats")
    if proposal.look.rows[source].isna().any():
        draft.add(section, "where", f"{quoted(source)} IS NOT NULL", f"rows without {source} describe nothing")
    owner = Guess(f"{table}.{key}", source, 1.0, "sure", "")
    _draft_columns(draft, proposal, [owner, *guesses], section, "")


def _draft_rules(draft: Draft, proposal: Proposal) -> None:
    if proposal.table != "orders":
        return
    letter, counted = find_return_letters(proposal)
    if letter and not proposal.source("status"):
        order = quoted(proposal.source("order_id"))
        expression = f"CASE WHEN CAST({order} AS VARCHAR) LIKE '{letter}%' THEN 'returned' END"
        draft.add("sources.orders.expressions", "status", expression, counted)
    codes = find_non_products(proposal)
    if codes:
        shown = "; ".join(f"{code} = {words[:30]}" for code, words in codes[:6])
        draft.add("orders", "non_product_items", [code for code, _ in codes], f"unlike the other codes: {shown}")


def _draft_assumptions(draft: Draft, proposal: Proposal) -> None:
    has = proposal.source
    if proposal.table == "orders":
        if not has("unit_price") and not has("amount"):
            draft.add("sources.orders.columns", "unit_price", "?", "MISSING: name the column", active=False)
            draft.missing.append(
                "unit_price or amount: order lines need one; add the column, or a price list by item as an expression"
            )
        if not has("order_id"):
            draft.missing.append("order_id: lines of one customer and one day count as one order")
    elif not has("price"):
        draft.missing.append("price: no money can be counted, so classes are made by quantity")
        draft.add("segments", "measure", "quantity", "no price in the file")
    if not any(has(name) for name in ("unit_cost", "cost", "items.unit_cost")) and (
        has("unit_price") or has("amount") or has("price")
    ):
        draft.missing.append("unit_cost: without it every margin rests on one assumption")
        draft.add("assume", "gross_margin", ASSUMED_MARGIN, "ASSUMED: the file holds no cost. Put your own figure here")
        draft.assumed.append(
            f"assume.gross_margin = {ASSUMED_MARGIN}: the file holds no cost; every margin in the report rests on it"
        )
    wanted = {"items.category": "classes within product groups", "items.supplier_id": "supplier segments"}
    if proposal.table == "orders":
        wanted |= {"promised_date": "on-time measures", "delivered_date": "delivery reliability"}
    for column, what in wanted.items():
        if not has(column):
            draft.missing.append(f"{column}: {what} are left out")


def write_toml(draft: Draft, facts: dict[str, str]) -> str:
    """Return the text of segkit.toml; ``facts`` are sentences on the columns, by table and column.

    Examples
    --------
    >>> draft = Draft()
    >>> draft.add("company", "currency", "EUR", "seen")
    >>> print(write_toml(draft, {}))
    [company]
    currency = "EUR"  # seen
    <BLANKLINE>
    """
    parts = []
    for section, lines in draft.sections.items():
        shown = [f"[{section}]"] if section else []
        for line in lines:
            reason = facts.get(line.reason[1:], "") if line.reason.startswith("@") else line.reason
            text = f"{line.key} = {_toml_value(line.value)}"
            text = text if line.active else f"# {text}"
            shown.append(f"{text}  # {_one_line(reason)}" if reason else text)
        parts.append("\n".join(shown))
    return "\n\n".join(parts) + "\n"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()


def _toml_value(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
