"""A workspace that extends a shipped mapping: whether it fits the file, what is missing, what else it can read."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from segkit.core.columns import input_tables
from segkit.core.errors import DataError, SettingsError, UsageError, list_problems
from segkit.core.propose.draft import Draft, seen_from, write_toml
from segkit.core.propose.missing import assume_stock_terms, has_cost, has_money, margin_assumed, name_missing
from segkit.core.propose.settings_text import ASSUMED_MARGIN, draft_layout
from segkit.core.propose.sniff import FileLook, sniff_file
from segkit.core.propose.trial import try_mapping
from segkit.core.settings import FILE_NAME, MAPPINGS, Settings, check_settings, mapping_names
from segkit.core.source_settings import Source
from segkit.core.sources.expressions import evaluate
from segkit.core.sources.origins import find_origins
from segkit.core.sources.wide import PERIOD, period_columns

_OTHERWISE = (
    "Take another mapping, or none: then segkit new looks at the file itself.\n"
    "--force writes the workspace all the same."
)


def extend_mapping(
    mapping: str, orders: Path, file: str, workspace: Path, *, force: bool = False
) -> tuple[str, str, str]:
    """Return segkit.toml that extends a shipped mapping, what to print, and what is still to mend.

    Parameters
    ----------
    mapping : str
        Name of the mapping.
    orders : Path
        The file that is to be read by it.
    file : str
        The file, as seen from the workspace.
    workspace : Path
        Folder of the workspace, which need not be there yet.
    force : bool, optional
        Let a file pass that the mapping does not fit.

    Raises
    ------
    UsageError
        No mapping has that name.
    DataError
        The file lacks columns that the mapping names.
    """
    if mapping not in mapping_names():
        raise UsageError(f"no mapping is named {mapping}; known: {', '.join(mapping_names())}")
    look, text = sniff_file(orders), (MAPPINGS / f"{mapping}.toml").read_text("utf-8")
    shipped = tomllib.loads(text)
    main = "orders" if "orders" in shipped["sources"] else "sales"
    draft = Draft(assumed=_paragraphs(text, "ASSUMED: "))
    draft_layout(draft, look, f"sources.{main}", file)
    day = look.columns.get(shipped["sources"][main].get("columns", {}).get("order_date", ""))
    if day and day.dates and day.dates.format:
        draft.add(f"sources.{main}", "date_format", day.dates.format, f"reads {day.name}")
    settings = check_settings({"extends": mapping, **tomllib.loads(write_toml(draft, {}))}, FILE_NAME)
    problem = _describe_misfits(mapping, _misfits(settings, main, look), look)
    if problem and not force:
        raise DataError(f"{problem}\n{_OTHERWISE}")
    periods = _periods(settings.sources[main], look)
    problem = problem or try_mapping(main, look, settings, workspace, periods=len(periods))[1]
    _draft_gaps(draft, settings, main, look)
    further = _further_files(text, shipped["sources"], main, orders, workspace)
    written = f'extends = "{mapping}"\n\n{write_toml(draft, {})}{_as_comment(further)}'
    return written, _describe(mapping, look, draft, further), problem


def _misfits(settings: Settings, main: str, look: FileLook) -> list[str]:
    """Return the columns that the mapping names and the file does not have."""
    absent: dict[str, list[str]] = {}
    others = []
    for table, source in _of_this_file(settings, main).items():
        names = _names(source, look)
        origins = find_origins(names, input_tables()[table], source)
        needed = {name: origins.get(name, name) for name in (*input_tables()[table].required, *origins)}
        for name, origin in needed.items():
            if origin and origin not in names:
                absent.setdefault(origin, []).append(f"{table}.{name}")
        if source.wide and not _periods(source, look):
            others.append(f"no column is named as periods are: {source.wide.match}")
        others += _unknown_in_expressions(table, source, look, set(absent))
    return [
        *(f"{origin} is no column; {' and '.join(columns)} would come from it" for origin, columns in absent.items()),
        *others,
    ]


def _unknown_in_expressions(table: str, source: Source, look: FileLook, told: set[str]) -> list[str]:
    try:
        evaluate(look.rows.head(1).rename(columns=str), source, table)
    except SettingsError as error:
        line = str(error).splitlines()[0].partition("; ")[0]
        return [] if any(f" {name} is no column" in line for name in told) else [line]
    return []


def _of_this_file(settings: Settings, main: str) -> dict[str, Source]:
    """Return the tables that come from the file given."""
    return {name: source for name, source in settings.sources.items() if main in (name, source.same_file_as)}


def _names(source: Source, look: FileLook) -> list[str]:
    """Return the columns that there are once the period columns have become rows."""
    names = [str(name) for name in look.rows.columns]
    if not source.wide:
        return names
    periods = set(_periods(source, look))
    return [*(name for name in names if name not in periods), PERIOD, source.wide.value]


def _periods(source: Source, look: FileLook) -> list[str]:
    return period_columns(source.wide, [str(name) for name in look.rows.columns]) if source.wide else []


def _describe_misfits(mapping: str, misfits: list[str], look: FileLook) -> str:
    """Return what a file lacks that a mapping names, and what it has; blank if nothing is lacking."""
    names = [str(name) for name in look.rows.columns]
    shown = ", ".join(names[:40]) + (f" … ({len(names):,} columns)" if len(names) > 40 else "")
    subject = f"{look.path} does not fit the mapping {mapping}"
    return list_problems(subject, misfits, [f"The file has: {shown}"]) if misfits else ""


def _draft_gaps(draft: Draft, settings: Settings, main: str, look: FileLook) -> None:
    """Add what is missing, and the assumptions that this forces."""
    here = {
        f"{table}.{name}"
        for table, source in _of_this_file(settings, main).items()
        for name in find_origins(_names(source, look), input_tables()[table], source)
    }

    def has(column: str) -> bool:
        return (column if "." in column else f"{main}.{column}") in here

    draft.missing += name_missing(main, has)
    if main == "sales" and not has_money(has) and settings.segments.measure != "quantity":
        draft.add("segments", "measure", "quantity", "no price in the file")
    if has_money(has) and not has_cost(has):
        margin = settings.assume.gross_margin
        if margin is None:
            draft.add("assume", "gross_margin", ASSUMED_MARGIN, "ASSUMED: the file holds no cost; put your own figure")
        draft.assumed.append(margin_assumed(margin or ASSUMED_MARGIN))
    timed = settings.forecasts.lead_time_days is not None or _names_lead_times(settings)
    held = settings.assume.holding_rate is not None
    assume_stock_terms(draft, costed=has_money(has) or bool(has_cost(has)), timed=timed, held=held)


def _names_lead_times(settings: Settings) -> bool:
    """Return whether a mapping reads lead times or receipts, from whichever file."""
    items = settings.sources.get("items")
    named = items is not None and "lead_time_days" in {**items.columns, **items.expressions}
    return named or "purchases" in settings.sources


def _further_files(text: str, sources: dict[str, Any], main: str, orders: Path, workspace: Path) -> list[str]:
    """Return the TOML lines that bring the further files which the head of a mapping names."""
    example = tomllib.loads("\n".join(re.findall(r"^# {3}(.*)$", text, re.MULTILINE)))["sources"]
    lines = []
    for label, join in example[main].get("joins", {}).items():
        brought = ", ".join(sources[main]["joins"][label]["bring"])
        lines += [f"[sources.{main}.joins.{label}]", _file_line(join["file"], orders, workspace, f"brings {brought}")]
    for table in (name for name in example if name != main):
        shared = [name for name, own in sources.items() if own.get("same_file_as") == table]
        brought = f"table{'s' if shared else ''} {', '.join([table, *shared])}"
        lines += [f"[sources.{table}]", _file_line(example[table]["file"], orders, workspace, brought)]
    return lines


def _file_line(name: str, orders: Path, workspace: Path, brought: str) -> str:
    """Return the line that names a further file, beside the orders; as it is called there, if it is."""
    found = next((path for path in (orders.with_name(name), orders.with_name(f"{name}.gz")) if path.is_file()), None)
    shown = json.dumps(seen_from(workspace, found or orders.with_name(name)), ensure_ascii=False)
    return f"file = {shown}  # {brought}{'' if found else '; put the name of your file'}"


def _as_comment(lines: list[str]) -> str:
    head = "\n# Further files that the mapping can read; take the '#' away for those you have.\n"
    return head + "".join(f"# {line}\n" for line in lines) if lines else ""


def _describe(mapping: str, look: FileLook, draft: Draft, further: list[str]) -> str:
    size = f"{look.total_rows:,} rows, {look.rows.shape[1]:,} columns"
    lines = [f"Mapping {mapping} (shipped with segkit) for {look.path.name}: {size}, {look.format}"]
    for title, entries in (
        ("Missing", draft.missing),
        ("ASSUMED (change in segkit.toml)", draft.assumed),
        ("It can also read further files (lines for segkit.toml, where they stand as comments)", further),
    ):
        if entries:
            lines += ["", f"{title}:", *(f"  {entry}" for entry in entries)]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str, mark: str) -> list[str]:
    """Return the paragraphs of a mapping's head that begin with a mark, each as one line, without it."""
    head = text.partition("\n\n")[0]
    blocks = [block.replace("\n# ", " ").removeprefix("# ") for block in head.split("\n#\n")]
    return [block.removeprefix(mark) for block in blocks if block.startswith(mark)]
