"""From an edited workbook back into the workspace: what a person set, checked before anything is written."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from segkit.core.columns import empty_table, input_tables
from segkit.core.errors import DataError, SettingsError, list_problems
from segkit.core.inputs import Inputs, read_inputs
from segkit.core.settings import FILE_NAME, Settings, check_settings, read_settings, workspace_folder
from segkit.core.source_settings import Source
from segkit.report.override_kinds import KINDS, OverrideKind
from segkit.report.override_sheet import has_sheet, read_override_sheet, with_types

_SHOWN = 10


@dataclass(frozen=True)
class Changes:
    """What differs between the overrides that were there and those of the workbook."""

    added: pd.DataFrame
    changed: pd.DataFrame
    removed: pd.DataFrame

    @property
    def any(self) -> bool:
        """Return whether anything differs."""
        return any(len(part) for part in (self.added, self.changed, self.removed))


@dataclass(frozen=True)
class Taken:
    """What one sheet of the workbook says, beside what the workspace has."""

    kind: OverrideKind
    target: Path
    new: pd.DataFrame
    changes: Changes
    problems: tuple[str, ...]


def take_overrides(workspace: str | Path, workbook: str | Path) -> str:
    """Write what a person typed into the sheets ``class_overrides`` and ``policy_overrides`` into a workspace.

    Parameters
    ----------
    workspace : str or Path
        Folder with segkit.toml; gets ``class_overrides.csv`` and ``policy_overrides.csv``, and in segkit.toml the
        source of that name where there is none: nothing else of that file changes.
    workbook : str or Path
        A run's workbook, edited. A sheet that is not there changes nothing; one of the two must be.

    Returns
    -------
    str
        What was added, changed and removed, and which have expired.

    Raises
    ------
    DataError
        A sheet cannot be used: every problem of both at once, and nothing is written.
    SettingsError
        The workspace takes its overrides from elsewhere and they differ, or segkit.toml cannot be added to.
    """
    folder, path = workspace_folder(workspace), Path(workbook)
    if not path.is_file():
        raise DataError(f"{path}: no such workbook\nGive the segkit.xlsx of a run, edited and saved.")
    settings = read_settings(folder)
    kinds = [kind for kind in KINDS if has_sheet(path, kind.sheet)]
    if not kinds:
        names = " or ".join(f"'{kind.sheet}'" for kind in KINDS)
        raise DataError(f"{path}: no sheet is named {names}\nGive the segkit.xlsx of a run, edited and saved.")
    inputs = read_inputs(_without_overrides(settings), folder)
    taken = [_take(kind, path, settings, folder, inputs) for kind in kinds]
    wrong = [list_problems(f"sheet '{one.kind.sheet}' cannot be used", one.problems) for one in taken if one.problems]
    if wrong:
        raise DataError("\n".join([*wrong, "Mend the cells and save again."]))
    _write_all([one for one in taken if one.changes.any], settings, folder)
    told = [one for one in taken if len(one.new) or one.changes.any] or taken[:1]
    return "\n".join(_tell(one, inputs) for one in told)


def _take(kind: OverrideKind, path: Path, settings: Settings, folder: Path, inputs: Inputs) -> Taken:
    """Read a sheet, and compare and check what it says."""
    sheet = read_override_sheet(path, kind.sheet)
    changes = _compare(_present(kind, settings, folder), sheet.frame, kind)
    target = _target(kind, settings, folder, changes)
    fresh = pd.concat([changes.added, changes.changed], ignore_index=True)
    problems = [*sheet.problems, *kind.problems(sheet.readable, settings), *kind.unknown(fresh, inputs)]
    return Taken(kind, target, sheet.frame, changes, tuple(problems))


def _target(kind: OverrideKind, settings: Settings, folder: Path, changes: Changes) -> Path:
    """Return the CSV file that holds the overrides of a workspace; raise if they come from elsewhere and differ."""
    source = settings.sources.get(kind.sheet)
    if source is None:
        return folder / kind.file
    if source != Source(file=source.file) or not source.file.endswith(".csv") or "*" in source.file:
        where = source.file or "a database"
        if changes.any:
            raise SettingsError(
                f"sources.{kind.sheet} is {where}, read in a way of its own\nChange the overrides there."
            )
    return folder / source.file


def _present(kind: OverrideKind, settings: Settings, folder: Path) -> pd.DataFrame:
    """Return the overrides that the workspace has now."""
    from segkit.core.sources.mapping import read_table

    source = settings.sources.get(kind.sheet)
    if source is None or (source.file.endswith(".csv") and not (folder / source.file).is_file()):
        return empty_table(kind.sheet)
    return with_types(read_table(kind.sheet, source, folder).frame, kind.sheet)


def _without_overrides(settings: Settings) -> Settings:
    names = {kind.sheet for kind in KINDS}
    kept = {name: source for name, source in settings.sources.items() if name not in names}
    return settings.model_copy(update={"sources": kept})


def _compare(old: pd.DataFrame, new: pd.DataFrame, kind: OverrideKind) -> Changes:
    key, columns = list(input_tables()[kind.sheet].key), list(input_tables()[kind.sheet].columns)
    both = new.merge(old, on=key, how="outer", suffixes=("", "_old"), indicator="side")
    others = [name for name in columns if name not in key]
    same = pd.Series(True, index=both.index)
    for name in others:
        left, right = both[name], both[f"{name}_old"]
        same &= left.eq(right).fillna(False).astype(bool) | (left.isna() & right.isna())
    kept = (both["side"] == "both").to_numpy()
    gone = both[(both["side"] == "right_only").to_numpy()]
    removed = gone.assign(**{name: gone[f"{name}_old"] for name in others})
    added, changed = both[(both["side"] == "left_only").to_numpy()], both[kept & ~same.to_numpy()]
    return Changes(*(part[columns].reset_index(drop=True) for part in (added, changed, removed)))


def _write_all(taken: list[Taken], settings: Settings, folder: Path) -> None:
    """Write the overrides that differ, and the sources that segkit.toml does not name yet."""
    fresh = [one.kind for one in taken if one.kind.sheet not in settings.sources]
    text = _with_sources(folder / FILE_NAME, fresh) if fresh else None
    for one in taken:
        _write(one.target, _as_csv(one))
    if text is not None:
        _write(folder / FILE_NAME, text)


def _with_sources(path: Path, kinds: list[OverrideKind]) -> bytes:
    """Return the bytes of segkit.toml with sources of overrides at its end, everything before unchanged."""
    old = path.read_bytes()
    line = b"\r\n" if b"\r\n" in old else b"\n"
    gap = b"" if old.endswith(b"\n") or not old else line
    parts = [(f"[sources.{kind.sheet}]", f'file = "{kind.file}"') for kind in kinds]
    new = old + gap + b"".join(line + line.join(one.encode() for one in lines) + line for lines in parts)
    try:
        before, after = tomllib.loads(old.decode("utf-8")), tomllib.loads(new.decode("utf-8"))
        own = {kind.sheet: {"file": kind.file} for kind in kinds}
        expected: dict[str, Any] = {**before, "sources": {**before.get("sources", {}), **own}}
        if after == expected and check_settings(after, str(path)):
            return new
    except tomllib.TOMLDecodeError:
        pass
    names = " and ".join(f"sources.{kind.sheet}" for kind in kinds)
    by_hand = " ".join(" ".join(lines) for lines in parts)
    raise SettingsError(f"{path}: {names} cannot be added at its end\nAdd by hand: {by_hand}")


def _as_csv(taken: Taken) -> bytes:
    ordered = taken.new.sort_values(list(input_tables()[taken.kind.sheet].key))
    return ordered.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d").encode("utf-8")


def _write(path: Path, content: bytes) -> None:
    """Write a file under a temporary name first, so that it is never half there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def _tell(taken: Taken, inputs: Inputs) -> str:
    new, changes, kind = taken.new, taken.changes, taken.kind
    expired = new[(new["valid_to"] < pd.Timestamp(inputs.as_of)).to_numpy(dtype=bool)]
    parts = {"added": changes.added, "changed": changes.changed, "removed": changes.removed}
    lines = [line for word, rows in parts.items() for line in _list(word, rows, kind)]
    head = f"{taken.target.name}: {len(new):,} override{'' if len(new) == 1 else 's'}"
    if not lines:
        head += ", none changed"
    return "\n".join([head, *lines, *_list(f"expired on {inputs.as_of}, not applied", expired, kind)])


def _list(word: str, rows: pd.DataFrame, kind: OverrideKind) -> list[str]:
    """Return a line with the count and then one per override, the first ten."""
    if rows.empty:
        return []
    shown = [
        f"    {kind.told(row)} until {row['valid_to']:%Y-%m-%d}, {row['reason']}"
        for row in rows.head(_SHOWN).to_dict("records")
    ]
    more = [f"    and {len(rows) - _SHOWN:,} more"] if len(rows) > _SHOWN else []
    return [f"  {len(rows):,} {word}", *shown, *more]
