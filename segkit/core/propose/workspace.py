"""``segkit new``: look at an unknown file, propose its mapping, and write a workspace that says what it rests on."""

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

from segkit.core.columns import input_tables
from segkit.core.errors import SettingsError
from segkit.core.propose.draft import Draft, seen_from, write_toml
from segkit.core.propose.proposal import Proposal, propose_mapping
from segkit.core.propose.settings_text import draft_settings
from segkit.core.propose.shipped import extend_mapping
from segkit.core.propose.sniff import FileLook, count_values, sniff_file
from segkit.core.propose.trial import try_mapping
from segkit.core.settings import FILE_NAME, check_settings, read_settings
from segkit.core.tables import MarkedTable


def new_workspace(
    name: str, *, orders: Path, mapping: str | None = None, folder: Path | None = None, force: bool = False
) -> str:
    """Write a workspace for a file of order lines (or sales totals) and say what was found.

    Parameters
    ----------
    name : str
        Name of the workspace: a folder of this name is made.
    orders : Path
        CSV, Excel, Parquet, DuckDB or SQLite file, as the company has it.
    mapping : str, optional
        Shipped mapping to use instead of a proposal, for example ``online_retail``.
    folder : Path, optional
        Where the workspace is made; the current folder by default.
    force : bool, optional
        Replace a segkit.toml that is there, and write one whose mapping does not fit the file.

    Returns
    -------
    str
        What to print: each column with its source, how sure, and why; what is missing; what was assumed; what is next.

    Raises
    ------
    SettingsError
        The workspace is there already, or no mapping has that name.
    DataError
        The file cannot be read, holds no order lines, or lacks columns that the mapping names.
    """
    workspace = (folder or Path.cwd()) / name
    target = workspace / FILE_NAME
    if target.exists() and not force:
        raise SettingsError(f"{target} is there already\nTake another name, or replace it with --force.")
    file = seen_from(workspace, orders)
    if mapping:
        text, report, problem = extend_mapping(mapping, orders, file, workspace, force=force)
    else:
        proposal = propose_mapping(sniff_file(orders))
        draft = draft_settings(proposal, file, name)
        settings = check_settings(tomllib.loads(write_toml(draft, {})), str(target))
        periods = len(proposal.wide.names) if proposal.wide else 0
        table, problem = try_mapping(proposal.table, proposal.look, settings, workspace, periods=periods)
        facts = _describe_columns(proposal, table)
        text = _head(orders) + write_toml(draft, facts)
        report = describe_proposal(proposal, draft, facts)
    to_mend = f"\nStill to mend before a run:\n  {problem.replace(chr(10), chr(10) + '  ')}\n" if problem else ""
    workspace.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    read_settings(workspace)
    return f"{report}{to_mend}\nWrote {target}: read it, and change what is wrong.\nNext: segkit check {name}\n"


def _head(orders: Path) -> str:
    return (
        f"# Proposed by segkit new from {orders.name}. Each line says why; a line that begins with '# ?' is a doubt,\n"
        "# a line that is commented out came second. Change what is wrong, then run: segkit check\n\n"
    )


def _describe_columns(proposal: Proposal, table: MarkedTable | None) -> dict[str, str]:
    """Say what each column was seen to hold, of the whole file where it was read whole."""
    facts = {}
    for column, guess in proposal.guesses.items():
        if table is not None and guess.table == proposal.table and guess.short in table.frame:
            fact = _fact(table.frame[guess.short], guess.table, guess.short)
        else:
            fact = _raw_fact(proposal, guess.source)
        doubt = "? doubtful" if guess.confidence == "doubtful" else ""
        second = f"second {guess.runner_up}" if doubt and guess.runner_up else ""
        facts[column] = "; ".join(part for part in (doubt, second, fact, guess.evidence) if part)
    return facts


def _raw_fact(proposal: Proposal, source: str) -> str:
    look, column = proposal.look, proposal.look.columns[source]
    values = count_values(look, source)
    count = (
        f"{values:,} value{'' if values == 1 else 's'}"
        if values
        else f"at least {look.rows[source].nunique():,} values"
    )
    return f"{count}, such as {', '.join(column.examples)}" if column.examples else count


def _fact(cells: pd.Series, table: str, short: str) -> str:
    kind = input_tables()[table].columns[short].kind
    missing = int(cells.isna().sum())
    gaps = f"; {missing:,} rows without" if missing else ""
    filled = cells.dropna()
    if filled.empty:
        return "no value can be read"
    if kind == "date":
        return f"{len(filled):,} dates {filled.min():%Y-%m-%d} to {filled.max():%Y-%m-%d}{gaps}"
    if kind in ("number", "money", "share", "whole"):
        numbers = filled.to_numpy(dtype="float64")
        below, zero = int((numbers < 0).sum()), int((numbers == 0).sum())
        signs = (f"; {below:,} below zero" if below else "") + (f"; {zero:,} zero" if zero else "")
        return f"{numbers.min():,.10g} to {numbers.max():,.10g}, median {np.median(numbers):,.10g}{signs}{gaps}"
    return f"{filled.nunique():,} values{gaps}"


def describe_proposal(proposal: Proposal, draft: Draft, facts: dict[str, str]) -> str:
    """Return the proposal as text: file, columns with confidence and evidence, rest, what is missing and assumed.

    Parameters
    ----------
    proposal : Proposal
        What the columns are taken for.
    draft : Draft
        The settings drawn from it.
    facts : dict of str to str
        A sentence per column.
    """
    lines = [_describe_file(proposal.look, proposal), ""]
    lines += _column_table(proposal, facts)
    if proposal.wide:
        lines += ["", f"Periods: {proposal.wide.evidence}"]
    rules = [
        f"{section}.{line.key} = {line.value}  ({line.reason})"
        for section, line in draft.lines("non_product_items", "status", "cost", "discount", "order_date")
        if line.reason and line.active and not line.about
    ]
    unused = [f"{name} ({remark})" if remark else name for name, remark in proposal.unused.items()]
    for title, entries in (
        ("Also proposed", rules),
        ("Not used", unused),
        ("In doubt", draft.doubts),
        ("Missing", draft.missing),
        ("ASSUMED (change in segkit.toml)", draft.assumed),
    ):
        if entries:
            lines += ["", f"{title}:", *(f"  {entry}" for entry in entries[:40])]
    return "\n".join(lines) + "\n"


def _column_table(proposal: Proposal, facts: dict[str, str]) -> list[str]:
    rows = [("segkit column", "source column", "how sure", "what it rests on")]
    for guess in proposal.guesses.values():
        fact = facts.get(guess.column, "").removeprefix("? doubtful").lstrip(";, ")
        rows.append((guess.column, guess.source, guess.confidence, fact[:150]))
    widths = [max(len(row[part]) for row in rows) for part in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows]


def _describe_file(look: FileLook, proposal: Proposal) -> str:
    options = ", ".join(f"{key} {value!r}" for key, value in look.options.items() if key != "url" and value != "")
    notes = "".join(f"\n  {note}" for note in look.notes)
    what = {"orders": "order lines", "sales": "sales totals by item and period"}[proposal.table]
    return (
        f"{look.path.name}: {look.total_rows:,} rows, {look.rows.shape[1]:,} columns, {look.format}"
        f"{f' ({options})' if options else ''}; taken as {what}{notes}"
    )
