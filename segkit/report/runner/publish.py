"""Put a finished report in its place: staging folder, atomic rename, ``latest``, retention, leftovers."""

import contextlib
import ctypes
import json
import os
import shutil
import sys
from pathlib import Path

LATEST = "latest"
STAGING = ".staging"
RUN_FILE = "run.json"
_REPLACED, _TRASH, _FAILED = ".replaced-", ".trash-", "failed-"
_UNPUBLISHED = ("inputs", "logs")
_EXCHANGE, _AT_CURRENT_FOLDER = 2, -100


def open_staging(folder: Path) -> Path:
    """Make the staging folder of a run, with the folders that kernels write to.

    Parameters
    ----------
    folder : Path
        The workspace's folder in the reports; its lock must be held.

    Returns
    -------
    Path
        Absolute. Anyone may read it once it is published.
    """
    staging = folder.resolve() / STAGING
    for path in (staging, *(staging / name for name in ("executed", "tables", "figures", "inputs", "logs"))):
        path.mkdir()
    return staging


def name_staging(staging: Path, run_id: str) -> Path:
    """Give the staging folder the name of its run, by which a later run finds what a killed one left."""
    named = staging.with_name(f"{STAGING}-{run_id}")
    staging.rename(named)
    return named


def clear_leftovers(folder: Path) -> None:
    """Clear what a killed run left; its executed notebooks stay under ``failed-<run_id>``.

    Only for the holder of the lock.
    """
    for path in folder.glob(f"{_REPLACED}*"):
        target = folder / path.name.removeprefix(_REPLACED)
        if target.exists():
            discard(path)
        else:
            path.rename(target)
    for path in [*folder.glob(f"{_TRASH}*"), *folder.glob(f".{LATEST}-*")]:
        discard(path)
    for path in folder.glob(f"{STAGING}*"):
        keep_failed(path)


def keep_failed(staging: Path) -> Path | None:
    """Keep the executed notebooks of a run that did not succeed, and clear the rest of its staging folder.

    Parameters
    ----------
    staging : Path
        Staging folder of the run.

    Returns
    -------
    Path or None
        ``failed-<run_id>``, the only one of the workspace; None where no notebook had begun.
    """
    run_id = staging.name.removeprefix(STAGING).lstrip("-")
    if not run_id or not any((staging / "executed").glob("*.ipynb")):
        discard(staging)
        return None
    for earlier in staging.parent.glob(f"{_FAILED}*"):
        discard(earlier)
    kept = staging.with_name(f"{_FAILED}{run_id}")
    for path in staging.iterdir():
        if path.name not in ("executed", "logs", RUN_FILE):
            discard(path)
    _open_to_readers(staging)
    staging.rename(kept)
    return kept


def publish(staging: Path, target: Path) -> None:
    """Make the staging folder the report ``target``, in one step; a report that was there is replaced.

    Parameters
    ----------
    staging : Path
        A complete run. Inputs and logs are taken out of it.
    target : Path
        ``<as_of>-<run_id>`` beside it.
    """
    for name in _UNPUBLISHED:
        discard(staging / name)
    for path in (staging / "figures", staging / "tables"):
        with contextlib.suppress(OSError):
            path.rmdir()  # only if nothing is in it
    _open_to_readers(staging)
    _flush_to_disk(staging)
    if not target.exists():
        staging.rename(target)
    elif _exchange(staging, target):
        discard(staging)
    else:
        replaced = target.with_name(_REPLACED + target.name)
        target.rename(replaced)
        staging.rename(target)
        discard(replaced)


def point_latest(target: Path) -> None:
    """Point ``latest`` to a report, in one step."""
    link = target.with_name(f".{LATEST}-{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(target.with_name(LATEST))


def latest_report(folder: Path) -> Path | None:
    """Return the report that ``latest`` points to, or None."""
    report = folder / LATEST
    return report.resolve() if (report / RUN_FILE).is_file() else None


def drop_old_reports(folder: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` reports; never what ``latest`` points to."""
    finished = {
        path.parent: json.loads(path.read_text("utf-8"))["finished"] for path in folder.glob(f"[!.]*/{RUN_FILE}")
    }
    reports = [path for path in finished if not path.is_symlink() and not path.name.startswith(_FAILED)]
    newest_first = sorted(reports, key=lambda path: (finished[path], path.name), reverse=True)
    latest = latest_report(folder)
    for path in newest_first[keep:]:
        if path.resolve() != latest:
            discard(path)


def discard(path: Path) -> None:
    """Remove a file or folder; a folder goes out of sight first, so that no reader meets half of it."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        hidden = path if path.name.startswith(".") else path.with_name(_TRASH + path.name)
        if hidden != path:
            path.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)


def _open_to_readers(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _flush_to_disk(folder: Path) -> None:
    """Make sure that the content is on disk before its name is: after a power cut there is no empty report."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot."""
    if sys.platform != "linux":
        return False
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if swap is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    return swap(_AT_CURRENT_FOLDER, names[0], _AT_CURRENT_FOLDER, names[1], _EXCHANGE) == 0
