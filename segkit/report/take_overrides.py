"""From an edited workbook back into the workspace: classes that a person set, checked before anything is written."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.core.columns import empty_table, input_tables
from segkit.core.errors import DataError, SettingsError, list_problems, nearest_name
from segkit.core.inputs import Inputs, read_inputs
from segkit.core.settings import FILE_NAME, Settings, check_settings, read_settings, workspace_folder
from segkit.core.source_settings import Source
from segkit.dynamics.classes.overrides import ENTITIES, list_override_problems
from segkit.report.override_sheet import SHEET, read_override_sheet, with_types

CSV_NAME = f"{SHEET}.csv"
_KEY = ["entity", "entity_id", "valid_from"]
_SHOWN = 10


@dataclass(frozen=True)
class Changes:
    """What differs between the overrides that were there and those of the workbook."""

    added: pd.DataFrame
    changed: pd.DataFrame
    removed: pd.DataFrame


def take_overrides(workspace: str | Path, workbook: str | Path) -> str:
    """Write the classes of a workbook's sheet ``class_overrides`` into a workspace.

    Parameters
    ----------
    workspace : str or Path
        Folder with segkit.toml; gets ``class_overrides.csv``, and in segkit.toml the source of that name where there
        is none: nothing else of that file changes.
    workbook : str or Path
        A run's workbook, edited.

    Returns
    -------
    str
        What was added, changed and removed, and which have expired.

    Raises
    ------
    DataError
        The sheet cannot be used: every problem at once, and nothing is written.
    SettingsError
        The workspace takes its overrides from elsewhere, or segkit.toml cannot be added to.
    """
    folder, path = workspace_folder(workspace), Path(workbook)
    if not path.is_file():
        raise DataError(f"{path}: no such workbook\nGive the segkit.xlsx of a run, edited and saved.")
    settings = read_settings(folder)
    target = _target(settings, folder)
    sheet, inputs = read_override_sheet(path), read_inputs(_without_overrides(settings), folder)
    new, changes = sheet.frame, _compare(_present(settings, folder), sheet.frame)
    wrong = [*sheet.problems, *list_override_problems(new, labels=settings.segments.abc_labels)]
    if wrong := [*wrong, *_unknown(pd.concat([changes.added, changes.changed], ignore_index=True), inputs)]:
        raise DataError(list_problems(f"sheet '{SHEET}' cannot be used", wrong, ["Mend the cells and save again."]))
    if any(len(part) for part in (changes.added, changes.changed, changes.removed)):
        text = None if SHEET in settings.sources else _with_source(folder / FILE_NAME)
        _write(target, _as_csv(new))
        if text is not None:
            _write(folder / FILE_NAME, text)
    return _tell(changes, new, inputs, target)


def _target(settings: Settings, folder: Path) -> Path:
    """Return the CSV file that holds the overrides of a workspace; raise if they come from elsewhere."""
    source = settings.sources.get(SHEET)
    if source is None:
        return folder / CSV_NAME
    if source != Source(file=source.file) or not source.file.endswith(".csv") or "*" in source.file:
        where = source.file or "a database"
        raise SettingsError(f"sources.{SHEET} is {where}, read in a way of its own\nChange the overrides there.")
    return folder / source.file


def _present(settings: Settings, folder: Path) -> pd.DataFrame:
    """Return the overrides that the workspace has now."""
    from segkit.core.sources.mapping import read_table

    source = settings.sources.get(SHEET)
    if source is None or not (folder / source.file).is_file():
        return empty_table(SHEET)
    return with_types(read_table(SHEET, source, folder).frame)


def _without_overrides(settings: Settings) -> Settings:
    kept = {name: source for name, source in settings.sources.items() if name != SHEET}
    return settings.model_copy(update={"sources": kept})


def _compare(old: pd.DataFrame, new: pd.DataFrame) -> Changes:
    columns = list(input_tables()[SHEET].columns)
    both = new.merge(old, on=_KEY, how="outer", suffixes=("", "_old"), indicator="side")
    others = [name for name in columns if name not in _KEY]
    same = pd.Series(True, index=both.index)
    for name in others:
        same &= both[name].eq(both[f"{name}_old"]).fillna(False).astype(bool)
    kept = (both["side"] == "both").to_numpy()
    gone = both[(both["side"] == "right_only").to_numpy()]
    removed = gone.assign(**{name: gone[f"{name}_old"] for name in others})
    added, changed = both[(both["side"] == "left_only").to_numpy()], both[kept & ~same.to_numpy()]
    return Changes(*(part[columns].reset_index(drop=True) for part in (added, changed, removed)))


def _unknown(rows: pd.DataFrame, inputs: Inputs) -> list[str]:
    """Return which new rows name items or customers that the data do not know: nothing would come of them."""
    problems = []
    for entity in ENTITIES:
        ids = rows.loc[(rows["entity"] == entity).to_numpy(dtype=bool), "entity_id"].dropna()
        known = _known_ids(inputs, entity) if len(ids) else set()
        strange = sorted(set(ids) - known)
        named = sorted(known) if strange else []
        problems += [f"{entity} {one} is not known{_nearest(one, named)}" for one in strange]
    return problems


def _nearest(word: str, known: list[str]) -> str:
    said = nearest_name(word, known)
    return said if "did you mean" in said else ""


def _known_ids(inputs: Inputs, entity: str) -> set[str]:
    key = f"{entity}_id"
    tables = [table for name, table in inputs.tables.items() if name in ("orders", "sales", f"{entity}s")]
    return {str(one) for table in tables if key in table for one in table[key].dropna().unique()}


def _with_source(path: Path) -> bytes:
    """Return the bytes of segkit.toml with the source of the overrides at its end, everything before unchanged."""
    old = path.read_bytes()
    line = b"\r\n" if b"\r\n" in old else b"\n"
    gap = b"" if old.endswith(b"\n") or not old else line
    lines = (f"[sources.{SHEET}]", f'file = "{CSV_NAME}"')
    new = old + gap + line + line.join(one.encode() for one in lines) + line
    try:
        before, after = tomllib.loads(old.decode("utf-8")), tomllib.loads(new.decode("utf-8"))
        expected: dict[str, Any] = {**before, "sources": {**before.get("sources", {}), SHEET: {"file": CSV_NAME}}}
        if after == expected and check_settings(after, str(path)):
            return new
    except tomllib.TOMLDecodeError:
        pass
    raise SettingsError(f"{path}: sources.{SHEET} cannot be added at its end\nAdd by hand: {' '.join(lines)}")


def _as_csv(overrides: pd.DataFrame) -> bytes:
    text = overrides.sort_values(_KEY).to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return text.encode("utf-8")


def _write(path: Path, content: bytes) -> None:
    """Write a file under a temporary name first, so that it is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def _tell(changes: Changes, new: pd.DataFrame, inputs: Inputs, target: Path) -> str:
    expired = new[(new["valid_to"] < pd.Timestamp(inputs.as_of)).to_numpy(dtype=bool)]
    parts = {"added": changes.added, "changed": changes.changed, "removed": changes.removed}
    lines = [line for word, rows in parts.items() for line in _list(word, rows)]
    head = f"{target.name}: {len(new):,} override{'' if len(new) == 1 else 's'}"
    if not lines:
        head += ", none changed"
    return "\n".join([head, *lines, *_list(f"expired on {inputs.as_of}, not applied", expired)])


def _list(word: str, rows: pd.DataFrame) -> list[str]:
    """Return a line with the count and then one per override, the first ten."""
    if rows.empty:
        return []
    shown = [
        f"    {row.entity} {row.entity_id}: {row.abc} until {row.valid_to:%Y-%m-%d}, {row.reason}"
        for row in rows.head(_SHOWN).itertuples()
    ]
    more = [f"    and {len(rows) - _SHOWN:,} more"] if len(rows) > _SHOWN else []
    return [f"  {len(rows):,} {word}", *shown, *more]
