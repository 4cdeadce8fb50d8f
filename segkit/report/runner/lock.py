"""One run per workspace at a time: a file lock that dies with the process that holds it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from segkit.core.errors import RunError

LOCK_FILE = ".lock"


class LockedError(RunError):
    """Another run of the same workspace is under way."""

    exit_code = 75


@contextmanager
def lock_workspace(folder: Path) -> Iterator[None]:
    """Hold the workspace's lock for as long as the block runs.

    The lock belongs to the open file, not to its existence: a process that is killed leaves the file but no lock.

    Parameters
    ----------
    folder : Path
        The workspace's folder in the reports; made if needed.

    Raises
    ------
    LockedError
        Another process holds it. There is no waiting.
    RunError
        Nothing can be written into the folder.
    """
    with _open_lock(folder) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(_refusal(folder, handle)) from None
        handle.truncate(0)
        json.dump({"process": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds")}, handle)
        handle.flush()
        yield


def _open_lock(folder: Path) -> TextIO:
    """Open the lock file, and make its folder if needed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return open(folder / LOCK_FILE, "a+", encoding="utf-8")
    except OSError as error:
        reason = f"no reports can be written into {folder}: {error.strerror}"
        raise RunError(f"{reason}\nGive another folder with --reports (or run.reports_dir).") from error


def is_locked(folder: Path) -> bool:
    """Return whether a run of the workspace is under way."""
    try:
        with open(folder / LOCK_FILE, "a+", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _refusal(folder: Path, handle) -> str:
    handle.seek(0)
    try:
        holder = json.loads(handle.read())
        who = f"process {holder['process']}, since {holder['started']}"
    except (ValueError, KeyError, TypeError):
        who = "it has just started"
    return (
        f"another run of {folder.name} is under way ({who})\nWait for it, or end that process; its lock ends with it."
    )
