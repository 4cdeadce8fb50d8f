"""How the last attempt to run a workspace stands, whether or not it got to a report."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segkit.core.errors import SegkitError, UsageError
from segkit.core.settings import FILE_NAME
from segkit.report.runner.record import read_json, write_json
from segkit.report.runner.redact import Secrets

ATTEMPT_FILE = "last_attempt.json"


@contextmanager
def noted_attempt(folder: Path, workspace: Path, secrets: Secrets) -> Iterator[dict[str, Any]]:
    """Note that a run is under way, and at the end of the block how it ended.

    A mistyped command is no attempt: the note that was there stays.

    Parameters
    ----------
    folder : Path
        The workspace's folder in the reports.
    workspace : Path
        Folder with ``segkit.toml``.
    secrets : Secrets
        Taken out of the message of whatever is raised, for all who read it.

    Yields
    ------
    dict
        Takes facts to note on success.
    """
    earlier = read_json(folder / ATTEMPT_FILE)
    note_attempt(folder, workspace, "running")
    facts: dict[str, Any] = {}
    try:
        yield facts
    except UsageError:
        _put_back(folder, earlier)
        raise
    except BaseException as error:
        if (text := str(error)) != (hidden := secrets.hide(text)):
            error.args = (hidden,)
        note_attempt(folder, workspace, "failed", reason=_reason(error), exit_code=getattr(error, "exit_code", 1))
        raise
    note_attempt(folder, workspace, "done", **facts)


def note_attempt(folder: Path, workspace: Path, state: str, **facts: Any) -> None:
    """Write down how the workspace's last attempt stands: running, done or failed.

    A full disk or a missing right must not hide the reason itself, so that failing to write is no error.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"state": state, "time": now, "process": os.getpid(), "workspace": str(workspace), **facts}
    try:
        write_json(folder / ATTEMPT_FILE, entry)
    except OSError:
        return


def foreign_owner(folder: Path, workspace: Path) -> str:
    """Return the workspace that a reports folder belongs to if it is another one that still exists, else blank."""
    owner = read_json(folder / ATTEMPT_FILE).get("workspace", "")
    is_foreign = owner and Path(owner, FILE_NAME).is_file() and not workspace.samefile(owner)
    return owner if is_foreign else ""


def one_line(reason: str, workspace: str | Path) -> str:
    r"""Return a reason of several lines in one, without the folder of the workspace.

    Examples
    --------
    >>> one_line("/srv/acme/segkit.toml in 2 ways\n  run.keep: 0 is too small\n  run.kep: unknown", "/srv/acme")
    'segkit.toml in 2 ways: run.keep: 0 is too small; run.kep: unknown'
    """
    head, *rest = [
        line.strip() for line in reason.replace(f"{workspace}{os.sep}", "").splitlines() if line.strip()
    ] or [""]
    if rest and (head.endswith(":") or re.search(r" in \d+ ways$", head)):
        head, rest = f"{head.removesuffix(':')}: {rest[0]}", rest[1:]
    return "; ".join([head, *rest])


def _put_back(folder: Path, earlier: dict[str, Any]) -> None:
    with suppress(OSError):
        if earlier:
            write_json(folder / ATTEMPT_FILE, earlier)
        else:
            (folder / ATTEMPT_FILE).unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, SegkitError):
        return str(error)
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "interrupted"
    return f"{type(error).__name__}: {error}"
