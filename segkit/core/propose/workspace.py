"""``segkit new``: look at an unknown file, propose its mapping, and write a workspace that says what it rests on."""

import os
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

from segkit.core.columns import input_tables
from segkit.core.errors import SegkitError, SettingsError
from segkit.core.propose.draft import Draft, write_toml
from segkit.core.propose.proposal import Proposal, propose_mapping
from segkit.core.propose.settings_text import draft_layout, draft_settings
from segkit.core.propose.sniff import FileLook, count_values, sniff_file
from segkit.core.settings import FILE_NAME, MAPPINGS, Settings, check_settings, mapping_names, read_settings
from segkit.core.sources.mapping import map_table, read_table
from segkit.core.tables import MarkedTable

CHECKED_CELLS = 12_000_000
CHECKED_PERIODS = 1_500_000


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
        Replace a segkit.toml that is there.

    Returns
    -------
    str
        What to print: each column with its source, how sure, and why; what is missing; what was assumed; what is next.

    Raises
    ------
    SettingsError
        The workspace is there already, or no mapping has that name.
    DataError
        The file cannot be read, or holds no order lines.
    """
    workspace = (folder or Path.cwd()) / name
    target = workspace / FILE_NAME
    if target.exists() and not force:
        raise SettingsError(f"{target} is there already\nTake another name, or replace it with --force.")
    file = _path_from(workspace, orders)
    to_mend = ""
    if mapping:
        text, report = _from_mapping(mapping, file, orders)
    else:
        proposal = propose_mapping(sniff_file(orders))
        draft = draft_settings(proposal, file, name)
        settings = check_settings(tomllib.loads(write_toml(draft, {})), str(target))
        table, problem = _try_out(proposal, settings, workspace)
        facts = _describe_columns(proposal, table)
        text = _head(orders) + write_toml(draft, facts)
        report = describe_proposal(proposal, draft, facts)
        to_mend = f"\nStill to mend before a run:\n  {problem.replace(chr(10), chr(10) + '  ')}\n" if problem else ""
    workspace.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    read_settings(workspace)
    return f"{report}{to_mend}\nWrote {target}: read it, and change what is wrong.\nNext: segkit check {name}\n"


def _from_mapping(mapping: str, file: str, orders: Path) -> tuple[str, str]:
    """Return segkit.toml that extends a shipped mapping, and what to print."""
    if mapping not in mapping_names():
        raise SettingsError(f"no mapping is named {mapping}; known: {', '.join(mapping_names())}")
    look = sniff_file(orders)
    shipped = tomllib.loads((MAPPINGS / f"{mapping}.toml").read_text("utf-8"))["sources"]
    main = "orders" if "orders" in shipped else "sales"
    draft = Draft()
    draft_layout(draft, look, f"sources.{main}", file)
    day = look.columns.get(shipped[main].get("columns", {}).get("order_date", ""))
    if day and day.dates and day.dates.format:
        draft.add(f"sources.{main}", "date_format", day.dates.format, f"reads {day.name}")
    joins = shipped[main].get("joins", {})
    others = [f"sources.{main}.joins.{name}" for name in joins if "file" not in joins[name]]
    others += [f"sources.{name}" for name, own in shipped.items() if name != main and "same_file_as" not in own]
    more = f"\nIt can also read, if you add their file: {', '.join(others)}" if others else ""
    text = f'extends = "{mapping}"\n\n{write_toml(draft, {})}'
    return text, f"Mapping {mapping} (shipped with segkit) for {orders.name}.{more}\n"


def _path_from(workspace: Path, file: Path) -> str:
    """Name the file as seen from the workspace; absolute where it lies far away."""
    relative = os.path.relpath(file.resolve(), workspace.resolve())
    return Path(relative).as_posix() if relative.count("..") <= 5 else file.resolve().as_posix()


def _head(orders: Path) -> str:
    return (
        f"# Proposed by segkit new from {orders.name}. Each line says why; a line that begins with '# ?' is a doubt,\n"
        "# a line that is commented out came second. Change what is wrong, then run: segkit check\n\n"
    )


def _try_out(proposal: Proposal, settings: Settings, workspace: Path) -> tuple[MarkedTable | None, str]:
    """Map the file (or the sample of a large one) as a run would; returns the table if it is whole, and the problem."""
    source = settings.sources[proposal.table]
    look = proposal.look
    source = source.model_copy(update={"file": str(look.path.resolve())}) if source.file else source
    periods = len(proposal.wide.names) if proposal.wide else 0
    small = look.total_rows * periods <= CHECKED_PERIODS if periods else look.rows.size <= CHECKED_CELLS
    try:
        if look.complete and small:
            return read_table(proposal.table, source, workspace), ""
        few = max(CHECKED_PERIODS // max(periods, 1) // 4, 10)
        map_table(proposal.table, look.sample.head(few) if periods else look.sample, source)
        return None, ""
    except SegkitError as error:
        return None, str(error)


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
